//! Two people choose apart between what people entered apart: both choices stand, everywhere, until somebody chooses again.

use crate::*;

/// A team of three devices: two who choose apart, and one who hears of both.
fn team() -> [Device; 3] {
    team_of("Ottoline")
}

/// Three of whom each may write what this person may.
fn team_of(name: &str) -> [Device; 3] {
    [0, 1, 2].map(|number| Device::holding(name, DocumentKind::Main, number))
}

/// Everybody hears of everything, in both orders.
fn all_meet(team: &mut [Device; 3]) -> View {
    let [a, b, c] = team;
    meet(a, b);
    // The third hears of one and then of the other; a fourth the other way round.
    let (mut forwards, mut backwards) = (c.clone(), c.clone());
    forwards.receive(a);
    forwards.receive(c);
    backwards.receive(c);
    backwards.receive(b);
    assert!(forwards.view() == backwards.view());
    meet(a, c);
    meet(b, c)
}

fn places(view: &View) -> Vec<String> {
    conflicts(view, &idris()).into_iter().map(|dispute| dispute.place).collect()
}

fn values(view: &View, place: &str) -> Vec<String> {
    let disputes = conflicts(view, &idris());
    let dispute = disputes.iter().find(|dispute| dispute.place == place).unwrap_or_else(|| panic!("{place} is open"));
    let mut values: Vec<String> = dispute.claims.iter().map(|claim| claim.value.to_string()).collect();
    values.sort();
    values
}

/// What stands at a place is disputed; two choose apart, and both choices stand; one chooses again, and it is settled.
fn choose_apart(team: &mut [Device; 3], place: &str, first: Value, second: Value) {
    let both: Vec<String> = {
        let mut both = vec![first.to_string(), second.to_string()];
        both.sort();
        both
    };
    let resolve = |take: &Value| Edit::Resolve { question: place.into(), take: take.clone() };
    let disputed = all_meet(team);
    assert_eq!(values(&disputed, place), both, "{place}");
    team[0].edit(resolve(&first));
    team[1].edit(resolve(&second));
    assert!(
        !places(&team[0].view()).contains(&place.to_owned()) && !places(&team[1].view()).contains(&place.to_owned())
    );
    let again = all_meet(team);
    assert_eq!(values(&again, place), both, "{place}: one choice alone was left");
    // Who chose is said, and nobody is said to have taken anything away.
    let told: Vec<String> =
        history(&team[2].document, &authors, None).into_iter().flat_map(|e| e.deeds).map(|d| d.sentence).collect();
    assert!(!told.iter().any(|said| said.starts_with("cleared") || said.starts_with("emptied")), "{told:?}");
    // Both say the same: that is no dispute.
    team[0].edit(resolve(&second));
    team[2].edit(resolve(&second));
    assert!(!places(&all_meet(team)).contains(&place.to_owned()), "{place} is settled");
}

#[test]
fn r4_11_every_kind_of_answer_is_disputed_again_when_two_people_choose_apart() {
    for (name, question, one, other) in [
        ("Lorcan", "funding.tuition", "school_claims", "vs_retains"),
        ("Odile", "meeting.date", "2026-02-26", "2026-03-03"),
        ("Odile", "meeting.held", "yes", "no"),
        ("Odile", "meeting.chair", "Ottoline Greaves-Penn", "Odile Marrowfield"),
        ("Ottoline", "setting.hoursOffered", "25", "23.5"),
    ] {
        let Ok(first) = parse_value(question, one) else { panic!("{question}") };
        let second = parse_value(question, other).unwrap();
        for (first, second) in [(first.clone(), second.clone()), (second, first)] {
            let mut team = team_of(name);
            if matches!(question, "meeting.chair" | "meeting.date") {
                team[0].set("meeting.kind", "meeting");
                all_meet(&mut team);
            }
            team[0].set(question, one);
            team[1].set(question, other);
            choose_apart(&mut team, question, first, second);
        }
    }
}

#[test]
fn r4_11_cells_of_rows_and_fields_of_targets_too_also_of_rows_made_apart() {
    let possible = |number: i64| Value::Number(plan::Number::from_hundredths(number * 100));
    // A row that both made, and one that was there.
    for there_before in [false, true] {
        let mut team = team();
        let row = |device: &mut Device, number| {
            device.row("attendance.terms", &[("term", "Autumn 2025"), ("possible", number)])
        };
        if there_before {
            row(&mut team[0], "148");
            all_meet(&mut team);
        }
        row(&mut team[0], "130");
        row(&mut team[1], "132");
        choose_apart(&mut team, "attendance.terms/autumn-2025/possible", possible(132), possible(130));
    }
    let key = Uuid::from_u128(0xE55A);
    let mut team = team();
    team[0].target(key, &[("statement", "I will read a Year 3 passage aloud.")]);
    all_meet(&mut team);
    team[0].target(key, &[("category", "academic")]);
    team[1].target(key, &[("category", "social_skills")]);
    let choice = |word: &str| Value::Choice(word.into());
    choose_apart(&mut team, &format!("targets.list/{key}/category"), choice("academic"), choice("social_skills"));
}

#[test]
fn r4_11_a_value_entered_in_place_of_a_dispute_and_an_old_one_restored_are_choices_as_well() {
    let mut team = team_of("Odile");
    team[0].set("meeting.kind", "meeting");
    all_meet(&mut team);
    team[0].set("meeting.date", "2026-02-26");
    team[1].set("meeting.date", "2026-03-03");
    all_meet(&mut team);
    // One enters the day that wins anyway, one the other, by the form and not by choosing.
    team[0].set("meeting.date", "2026-02-26");
    team[1].set("meeting.date", "2026-03-03");
    assert_eq!(values(&all_meet(&mut team), "meeting.date"), ["2026-02-26", "2026-03-03"]);
    team[2].set("meeting.date", "2026-03-10");
    assert!(places(&all_meet(&mut team)).is_empty());
    // One has the older day back, the other sets a new one.
    team[0].set("meeting.date", "2026-03-03");
    team[1].set("meeting.date", "2026-03-17");
    assert_eq!(values(&all_meet(&mut team), "meeting.date"), ["2026-03-03", "2026-03-17"]);
}

#[test]
fn r4_11_whether_a_row_is_withdrawn_is_open_again_when_one_keeps_it_and_one_withdraws_it() {
    let mut team = team();
    let key = team[0].row("attendance.terms", &[("term", "Autumn 2025"), ("possible", "130")]);
    all_meet(&mut team);
    team[0].edit(Edit::WithdrawRow { question: "attendance.terms".into(), key: key.clone() });
    team[1].row("attendance.terms", &[("term", "Autumn 2025"), ("attended", "120")]);
    let place = format!("attendance.terms/{key}/withdrawn");
    choose_apart(&mut team, &place, Value::YesNo(true), Value::YesNo(false));
    let view = team[0].view();
    assert!(!row(&view, "attendance.terms", &key).withdrawn, "the last who chose kept it");
    team[1].edit(Edit::WithdrawRow { question: "attendance.terms".into(), key: key.clone() });
    let view = all_meet(&mut team);
    assert!(row(&view, "attendance.terms", &key).withdrawn && places(&view).is_empty());
}

#[test]
fn history_says_who_chose_what() {
    let mut team = team();
    team[0].set("funding.tuition", "school_claims");
    team[1].set("funding.tuition", "vs_retains");
    all_meet(&mut team);
    team[0].edit(Edit::Resolve { question: "funding.tuition".into(), take: Value::Choice("school_claims".into()) });
    let told = history(&team[0].document, &authors, Some("funding.tuition"));
    let chose: Vec<&str> =
        told.iter().flat_map(|e| &e.deeds).map(|d| d.sentence.as_str()).filter(|s| s.starts_with("chose")).collect();
    let label = bank().question("funding.tuition").unwrap().label_of("school_claims").to_owned();
    assert_eq!(chose.len(), 1);
    assert!(chose[0].contains(&label), "{chose:?}");
}
