use crate::*;

fn day(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

fn pep(process: &str, term: &str, kind: PepType) -> Pep {
    let (year, term) = parse_term(term).unwrap();
    Pep { year, term, kind, process: Processes::built_in().latest(process).unwrap(), ..idris() }
}

fn begin(pep: &Pep, actor: u8) -> Automerge {
    from_genesis(pep, DocumentKind::Main, ActorId::from(&[actor, 1][..]))
}

fn choose(document: &mut Automerge, pep: &Pep, name: &str, question: &str, value: &str) {
    if question == "meeting.date" {
        choose(document, pep, name, "meeting.kind", "meeting");
    }
    let value = parse_value(question, value).unwrap();
    let edit = Edit::Choose { question: question.into(), value };
    apply(document, pep, DocumentKind::Main, &person(name).1, &[edit], TUESDAY).unwrap();
}

/// What is due, by when, and whether it is done.
fn dues(document: &Automerge, pep: &Pep) -> Vec<(Duty, Option<chrono::NaiveDate>, bool)> {
    let view = read(Documents::main(document), pep, &authors);
    view.dues.iter().map(|due| (due.duty, due.by.ok(), due.done)).collect()
}

#[test]
fn r000_18_r000_19_the_first_meeting_is_arranged_in_twenty_days_or_in_ten_after_an_emergency() {
    let pep = pep("portal", "2025/26-autumn", PepType::Initial);
    let arranged = Duty::FirstPep(Step::Arranged);
    let mut plan = begin(&pep, 0);
    let term = (Duty::Term, Some(day("2025-11-28")), false);
    assert_eq!(dues(&plan, &pep), [term], "no clock before somebody says when the child came into care");
    choose(&mut plan, &pep, "Odile", "care.lookedAfterSince", "2025-09-05");
    let ready = (Duty::National(Step::AvailableForReview), Some(day("2025-10-03")), false);
    assert_eq!(
        dues(&plan, &pep),
        [(arranged, Some(day("2025-10-03")), false), ready],
        "and not by the term's deadline"
    );
    choose(&mut plan, &pep, "Odile", "care.emergency", "yes");
    assert_eq!(dues(&plan, &pep), [(arranged, Some(day("2025-09-19")), false), ready]);
    choose(&mut plan, &pep, "Odile", "meeting.date", "2025-09-17");
    assert!(dues(&plan, &pep).contains(&(arranged, Some(day("2025-09-19")), true)));
    assert!(dues(&plan, &pep).contains(&(Duty::Page(3), Some(day("2025-09-16")), false)), "a page before the meeting");
    // Arranged for a day ten weeks on is late, and by how much.
    choose(&mut plan, &pep, "Odile", "meeting.date", "2025-11-14");
    let late = read(Documents::main(&plan), &pep, &authors).dues.into_iter().find(|due| due.duty == arranged).unwrap();
    assert_eq!(late.state(), plan::DutyState::Late(56));
}

#[test]
fn no_clock_of_a_plan_runs_before_the_child_was_in_care_or_after_the_duty_ended() {
    for (process, kind) in [("portal", PepType::Initial), ("ten-page", PepType::Review), ("web", PepType::Interim)] {
        let pep = pep(process, "2024/25-summer", kind);
        let mut plan = begin(&pep, 0);
        choose(&mut plan, &pep, "Odile", "care.lookedAfterSince", "2025-07-21");
        let by = dues(&plan, &pep).into_iter().filter_map(|(_, by, _)| by).min();
        assert!(by.is_none_or(|by| by >= day("2025-08-04")), "{process}: {by:?}");
    }
    let pep = pep("ten-page", "2025/26-summer", PepType::Review);
    let plan = begin(&pep, 0);
    let mut family = from_genesis(&pep, DocumentKind::Family, ActorId::from(&[0, 1][..]));
    let edit = Edit::Choose {
        question: "care.adoptionOrderDate".into(),
        value: parse_value("care.adoptionOrderDate", "2026-03-02").unwrap(),
    };
    apply(&mut family, &pep, DocumentKind::Family, &person("Odile").1, &[edit], TUESDAY).unwrap();
    assert!(dues(&plan, &pep).iter().any(|(duty, ..)| *duty == Duty::Term));
    let view = read(Documents { family: Some(&family), ..Documents::main(&plan) }, &pep, &authors);
    assert!(view.dues.iter().all(|due| due.duty != Duty::Term), "after an adoption order the term's PEP is not due");
}

#[test]
fn while_two_people_disagree_about_the_date_the_earlier_deadline_counts_in_either_merge_order() {
    let pep = pep("portal", "2025/26-autumn", PepType::Initial);
    let (mut office, mut car) = (begin(&pep, 0), begin(&pep, 40));
    choose(&mut office, &pep, "Odile", "care.lookedAfterSince", "2025-09-05");
    choose(&mut car, &pep, "Odile", "care.lookedAfterSince", "2025-09-12");
    let mut other = car.clone();
    other.merge(&mut office).unwrap();
    office.merge(&mut car).unwrap();
    assert_eq!(dues(&office, &pep), dues(&other, &pep));
    assert_eq!(dues(&office, &pep)[0].1, Some(day("2025-10-03")));
}

#[test]
fn a_change_of_school_has_a_clock_only_where_the_process_gives_it_one() {
    let web = pep("web", "2025/26-spring", PepType::SchoolMove);
    let mut plan = begin(&web, 1);
    choose(&mut plan, &web, "Ottoline", "setting.startDate", "2026-01-05");
    assert_eq!(dues(&plan, &web)[0], (Duty::SchoolMove(Step::Held), Some(day("2026-02-02")), false));
    let portal = pep("portal", "2025/26-spring", PepType::SchoolMove);
    let mut plan = begin(&portal, 1);
    choose(&mut plan, &portal, "Ottoline", "setting.startDate", "2026-01-05");
    assert_eq!(dues(&plan, &portal), [(Duty::Term, Some(day("2026-03-20")), false)]);
}

#[test]
fn r003_06_a_term_s_pep_is_due_at_the_term_s_deadline_or_soon_after_the_meeting_if_that_is_earlier() {
    let web = pep("web", "2025/26-spring", PepType::Review);
    let mut plan = begin(&web, 0);
    assert_eq!(dues(&plan, &web), [(Duty::Term, Some(day("2026-03-20")), false)]);
    choose(&mut plan, &web, "Odile", "meeting.date", "2026-02-02");
    assert_eq!(dues(&plan, &web), [(Duty::Term, Some(day("2026-02-16")), false)]);
    choose(&mut plan, &web, "Odile", "meeting.date", "2026-03-16");
    assert_eq!(dues(&plan, &web), [(Duty::Term, Some(day("2026-03-20")), false)]);
    let interim = pep("web", "2025/26-spring", PepType::Interim);
    assert_eq!(dues(&begin(&interim, 0), &interim), [(Duty::Term, Some(day("2026-03-20")), false)]);
    // Between terms it is the first PEP of a child who came then.
    let summer = pep("web", "2024/25-summer", PepType::Interim);
    let mut plan = begin(&summer, 0);
    choose(&mut plan, &summer, "Odile", "care.lookedAfterSince", "2025-07-22");
    let ready = Duty::FirstPep(Step::AvailableForReview);
    assert_eq!(dues(&plan, &summer), [(ready, Some(day("2025-08-19")), false)]);
}

#[test]
fn a_child_who_came_into_care_before_the_calendar_begins_has_a_due_date_nobody_can_work_out() {
    let pep = pep("portal", "2025/26-autumn", PepType::Initial);
    let mut plan = begin(&pep, 0);
    choose(&mut plan, &pep, "Odile", "care.lookedAfterSince", "2019-06-18");
    let dues = read(Documents::main(&plan), &pep, &authors).dues;
    let due = dues.iter().find(|due| due.by.is_err()).unwrap();
    assert!(due.duty == Duty::FirstPep(Step::Arranged) && due.by.unwrap_err().to_string().contains("no bank holidays"));
}

#[test]
fn only_where_the_process_says_so_a_next_date_is_worked_out() {
    let dated = |process: &str| {
        let pep = pep(process, "2025/26-spring", PepType::Review);
        let mut plan = begin(&pep, 0);
        choose(&mut plan, &pep, "Odile", "meeting.date", "2026-02-26");
        read(Documents::main(&plan), &pep, &authors).next_date.map(|next| next.date)
    };
    assert_eq!(dated("ten-page"), Some(day("2026-06-04")), "r003_33");
    assert_eq!(dated("portal"), None, "r000_08: the Virtual School sets it");
}
