//! A fact is one value: of two that people enter apart both are shown, and what nobody entered never appears.

use crate::*;

/// Three devices of a social worker.
fn team() -> [Device; 3] {
    [0, 1, 2].map(|number| Device::holding("Odile", DocumentKind::Main, number))
}

fn claimed_values(view: &View, question: &str) -> Vec<String> {
    let mut values: Vec<String> = claimed(&view.answers[question]).into_iter().map(|(value, _)| value).collect();
    values.sort();
    values
}

#[test]
fn facts_entered_apart_are_both_shown_in_every_order_and_on_three_devices() {
    for (question, before, first, second) in [
        ("child.socialCareId", "HM-1001", "HM-2002", "HM-1313"),
        ("child.legalName", "Idris Fenimore", "Idris Fennimoor", "Idris Fennimore-Penn"),
        ("child.firstLanguage", "Welsh", "English", "Polish"),
        ("meeting.time", "", "10:00", "15:15"),
        ("meeting.place", "Larkrise", "https://meet.example.org/1", "https://meet.example.org/2"),
    ] {
        let mut team = team();
        team[0].set("meeting.kind", "meeting");
        if !before.is_empty() {
            team[0].rewrite(question, before);
        }
        let began = team[0].clone();
        for device in &mut team {
            device.receive(&began);
        }
        team[0].rewrite(question, first);
        team[1].set(question, second);
        let orders = [[0, 1, 2], [1, 0, 2], [2, 1, 0], [2, 0, 1]].map(|order: [usize; 3]| {
            let mut all = Device::holding("Odile", DocumentKind::Main, 9);
            order.iter().for_each(|at| all.receive(&team[*at]));
            all
        });
        let mut both = vec![first.to_owned(), second.to_owned()];
        both.sort();
        for all in &orders {
            assert_eq!(claimed_values(&all.view(), question), both, "{question}");
            assert!(all.view() == orders[0].view());
        }
        let [mut all, ..] = orders;
        assert_eq!(conflicts(&all.view(), &all.pep).len(), 1);
        all.edit(Edit::Resolve { question: question.into(), take: Value::Text(second.into()) });
        assert_eq!(text(&meet(&mut all, &mut team[2]), question), second);
        // Both enter the same: that is one value.
        team[0].receive(&all);
        team[1].receive(&all);
        team[0].rewrite(question, first);
        team[1].rewrite(question, &format!(" {first} "));
        let [one, two, _] = &mut team;
        assert_eq!(text(&meet(one, two), question), first);
    }
}

#[test]
fn a_fact_is_taken_as_a_whole_added_to_and_taken_away_as_any_value() {
    let mut odile = Device::of("Odile");
    odile.rewrite("child.legalName", "Idris");
    let piece = splice(&odile, "child.legalName", 0, 1, "E");
    assert!(matches!(odile.try_edit(&[piece]), Err(Refused::WrongType { .. })));
    odile.edit(Edit::Append { question: "child.legalName".into(), text: "Fennimoor".into() });
    assert_eq!(text(&odile.view(), "child.legalName"), "Idris\nFennimoor");
    assert_eq!(plan::text_at(&odile.document, "child.legalName", &odile.writer).unwrap(), "Idris\nFennimoor");
    let long = Edit::Rewrite { question: "child.legalName".into(), text: "I".repeat(15_001) };
    assert!(matches!(odile.try_edit(&[long]), Err(Refused::TooLong { limit: 15_000, .. })));
    odile.rewrite("child.legalName", "  ");
    assert!(odile.view().answers["child.legalName"] == Answer::Missing);
    let (mut one, mut other) = (odile.clone(), Device::holding("Odile", DocumentKind::Main, 1));
    other.receive(&one);
    one.rewrite("child.legalName", "Idris");
    other.rewrite("child.legalName", "Iris");
    meet(&mut one, &mut other);
    let more = Edit::Append { question: "child.legalName".into(), text: "Fennimoor".into() };
    assert!(matches!(one.try_edit(&[more]), Err(Refused::WrongType { .. })), "nobody knows to which");
    let told = history(&one.document, &authors, Some("child.legalName"));
    let told: Vec<&str> = told.iter().flat_map(|entry| &entry.deeds).map(|deed| deed.sentence.as_str()).collect();
    assert!(told.iter().any(|said| said.starts_with("answered “") && said.ends_with(": Iris")), "{told:?}");
}

#[test]
fn a_fact_carried_over_by_two_devices_is_one_and_beside_a_new_one_both_are_shown() {
    let carry = |text: &str| Edit::Carry { question: "child.legalName".into(), text: Some(text.into()), ask: true };
    let (mut one, mut other) = (Device::of("Odile"), Device::holding("Odile", DocumentKind::Main, 1));
    one.edit(carry("Idris Fennimoor"));
    other.edit(carry("Idris Fennimoor"));
    let view = meet(&mut one, &mut other);
    assert_eq!(text(&view, "child.legalName"), "Idris Fennimoor");
    assert!(view.to_confirm.contains("child.legalName"));
    let mut late = Device::holding("Odile", DocumentKind::Main, 2);
    late.rewrite("child.legalName", "Idris Oakhollow");
    assert_eq!(claimed_values(&meet(&mut one, &mut late), "child.legalName"), ["Idris Fennimoor", "Idris Oakhollow"]);
    // Where there is an answer already, nothing is carried over it.
    let before = other.changes();
    other.rewrite("child.legalName", "Idris Oakhollow");
    other.edit(carry("Idris Fennimoor"));
    assert_eq!((other.changes(), text(&other.view(), "child.legalName")), (before + 1, "Idris Oakhollow".to_owned()));
}

#[test]
fn a_plan_keeps_the_shape_it_began_in_whatever_it_is_moved_to() {
    let begun = Pep { process: Processes::built_in().get("sections", 2).unwrap(), ..idris() };
    let moved = Pep { process: Processes::built_in().after(&begun.process).pop().unwrap(), ..begun.clone() };
    assert_eq!((moved.process().version, moved.process().schema, moved.schema()), (3, 2, 1));
    let name = bank().question("child.legalName").unwrap();
    assert!(!moved.is_fact(name) && idris().is_fact(name));
    let table = |pep: &Pep| pep.process.write_table(DocumentKind::Main);
    assert_eq!(table(&moved), table(&begun), "what may be written where is as it was");
    assert!(table(&moved).contains("answers/child.legalName text ") && !table(&moved).contains("legalName value"));
    assert!(table(&idris()).contains("answers/child.legalName value "));
    // Its lines are texts before the move and after it.
    let mut odile = Device::with("Odile", begun, DocumentKind::Main, 1);
    odile.rewrite("child.legalName", "Idris");
    let changes = moved.extensions(DocumentKind::Main).into_iter().map(|bytes| Change::from_bytes(bytes).unwrap());
    odile.document.apply_changes(changes).unwrap();
    odile.pep = moved;
    odile.edit(splice(&odile, "child.legalName", 5, 0, " Fennimoor"));
    assert_eq!(text(&odile.view(), "child.legalName"), "Idris Fennimoor");
    odile.set("voice.method", "drawing, photos");
    assert_eq!(shown(&odile.view(), "voice.method"), serde_json::json!(["drawing", "photos"]));
}

/// A plan that began in the shape in which a line of text and several choices were merged.
fn begun_before() -> Pep {
    Pep { process: Processes::built_in().get("sections", 2).unwrap(), ..idris() }
}

fn team_before() -> [Device; 3] {
    [1, 2, 3].map(|number| Device::with("Odile", begun_before(), DocumentKind::Main, number))
}

#[test]
fn a_plan_of_the_old_shape_flags_a_fact_that_two_branches_wrote() {
    let [mut one, mut other, mut third] = team_before();
    one.rewrite("child.socialCareId", "HM-1001");
    meet(&mut one, &mut other);
    one.rewrite("child.socialCareId", "HM-2002");
    other.rewrite("child.socialCareId", "HM-1313");
    third.receive(&other);
    third.receive(&one);
    let view = meet(&mut one, &mut other);
    assert!(third.view() == view);
    assert_eq!(claimed_values(&view, "child.socialCareId"), ["HM-1313", "HM-2002"]);
    let [dispute] = &conflicts(&view, &one.pep)[..] else { panic!("one dispute") };
    assert!(dispute.claims.iter().any(|claim| claim.by.is_none()), "and what it is merged can be seen there");
    // Whoever types next has not settled it. Two settle it apart, and are both shown; then one does.
    one.edit(Edit::Append { question: "child.socialCareId".into(), text: "?".into() });
    assert!(matches!(one.view().answers["child.socialCareId"], Answer::Disputed(_)));
    let take = |id: &str| Edit::Resolve { question: "child.socialCareId".into(), take: Value::Text(id.into()) };
    other.edit(take("HM-1313"));
    third.edit(take("HM-2002"));
    assert_eq!(claimed_values(&meet(&mut other, &mut third), "child.socialCareId"), ["HM-1313", "HM-2002"]);
    other.edit(take("HM-1313"));
    let view = meet(&mut other, &mut third);
    assert_eq!(text(&view, "child.socialCareId"), "HM-1313");
    assert!(conflicts(&view, &other.pep).is_empty());
    // One after the other is no dispute.
    third.rewrite("child.socialCareId", "HM-9009");
    assert_eq!(text(&meet(&mut other, &mut third), "child.socialCareId"), "HM-9009");
}

#[test]
fn a_plan_of_the_old_shape_shows_each_persons_choices_where_two_ticked_apart() {
    let set = |words: &[&str]| Value::Set(words.iter().map(|word| (*word).to_owned()).collect());
    let take = |words: &[&str]| Edit::Resolve { question: "voice.method".into(), take: set(words) };
    let [mut one, mut other, mut third] = team_before();
    one.set("voice.method", "drawing");
    other.set("voice.method", "told_someone, photos");
    let both = ["drawing", "photos, told_someone"];
    assert_eq!(claimed_values(&meet(&mut one, &mut other), "voice.method"), both);
    third.receive(&one);
    one.edit(take(&["drawing"]));
    other.edit(take(&["told_someone", "photos"]));
    assert_eq!(shown(&one.view(), "voice.method"), serde_json::json!(["drawing"]));
    third.receive(&other);
    third.receive(&one);
    let view = meet(&mut one, &mut other);
    assert!(third.view() == view);
    assert_eq!(claimed_values(&view, "voice.method"), both);
    // All of it can be chosen too.
    third.edit(take(&["drawing", "photos", "told_someone"]));
    let view = meet(&mut third, &mut one);
    assert_eq!(shown(&view, "voice.method"), serde_json::json!(["drawing", "photos", "told_someone"]));
    assert!(conflicts(&view, &one.pep).is_empty());
    let told = history(&one.document, &authors, Some("voice.method"));
    let told: Vec<&str> = told.iter().flat_map(|entry| &entry.deeds).map(|deed| deed.sentence.as_str()).collect();
    assert!(told.contains(&"chose Drawing in “How my views were gathered”"), "{told:?}");
}
