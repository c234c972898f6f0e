use std::sync::LazyLock;

use crate::*;
use plan::{
    Calendar, ChildDue, ChildFacts, ClosingEvent, Currency, Duties, DutyNote, DutyState, Needs, NextDate, Process,
    Sitting, Standing, duties,
};

const ALL: [&str; 5] = ["portal", "rolling", "sections", "ten-page", "web"];
static CALENDAR: LazyLock<Calendar> = LazyLock::new(|| Calendar::built_in("england-2025").unwrap());

fn day(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

/// A Year 5 child of 2026/27, in care since then.
fn child(since: &str) -> ChildFacts {
    let in_care_since = (!since.is_empty()).then(|| day(since));
    ChildFacts { born: Some(day("2017-03-14")), in_care_since, at_setting: true, ..ChildFacts::default() }
}

fn at_once(since: &str) -> ChildFacts {
    ChildFacts { emergency: true, ..child(since) }
}

/// A PEP in which nobody has written.
fn sitting(term: &str, kind: PepType) -> Sitting {
    let (year, term) = parse_term(term).unwrap();
    Sitting {
        pep: Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{year}{term}{kind}").as_bytes()),
        year,
        term,
        kind,
        begun: None,
        meeting: None,
        held: false,
        completed: None,
        signed: None,
        next: None,
        care_review: None,
        ended: None,
        in_care_since: None,
        emergency: false,
        uncounted: false,
    }
}

/// One that was begun, held, completed and signed off on that day.
fn signed(term: &str, kind: PepType, on: &str) -> Sitting {
    let on = Some(day(on));
    Sitting { begun: on, meeting: on, held: true, completed: on, signed: on, ..sitting(term, kind) }
}

fn asked(child: &ChildFacts, process: &str, sittings: &[Sitting], today: &str) -> Duties {
    let process = Processes::built_in().latest(process).unwrap();
    duties(child, process.process(), &CALENDAR, sittings, day(today))
}

/// What is due by when, and how it stands.
fn lines(duties: &Duties) -> Vec<(Duty, Option<chrono::NaiveDate>, DutyState)> {
    duties.dues.iter().map(|one| (one.due.duty, one.due.by.ok(), one.due.state())).collect()
}

const RUNNING: DutyState = DutyState::Running;

#[test]
fn r000_18_r000_19_a_child_without_any_pep_has_the_statutory_day() {
    // Ten working days after Friday 20 November, and twenty.
    let (ten, twenty) = (Some(day("2026-12-04")), Some(day("2026-12-18")));
    for process in ALL {
        let new = asked(&at_once("2026-11-20"), process, &[], "2026-12-01");
        assert_eq!((new.needs, new.currency), (Needs::Now, Some(Currency::Never)));
        assert_eq!(new.first(), ten, "{process}");
        assert_eq!(new.standing(&CALENDAR, day("2026-12-01")), Some(Standing::Soon));
        assert_eq!(new.standing(&CALENDAR, day("2026-12-05")), Some(Standing::Overdue));
        assert!(new.dues.iter().all(|one| one.kind == PepType::Initial && one.pep.is_none()));
        let calm = asked(&child("2026-11-20"), process, &[], "2026-12-01");
        assert!(calm.dues.iter().all(|one| one.due.by.ok() == twenty), "{process}: never by the term's deadline");
    }
    assert_eq!(
        lines(&asked(&at_once("2026-11-20"), "portal", &[], "2026-12-01")),
        [(Duty::FirstPep(Step::Arranged), ten, RUNNING), (Duty::National(Step::AvailableForReview), twenty, RUNNING)]
    );
    assert_eq!(
        lines(&asked(&at_once("2026-11-20"), "ten-page", &[], "2026-12-01")),
        [(Duty::National(Step::Initiated), ten, RUNNING), (Duty::National(Step::AvailableForReview), twenty, RUNNING)],
        "a process without a clock of its own shows the national ones"
    );
}

#[test]
fn until_the_first_pep_is_signed_its_own_clock_stands_alone_and_then_the_terms_follow() {
    let child = child("2026-11-20");
    let mut first = Sitting { begun: Some(day("2026-11-24")), ..sitting("2026/27-autumn", PepType::Initial) };
    let terms = |duties: &Duties| duties.dues.iter().filter(|one| one.due.duty == Duty::Term).count();
    assert_eq!(terms(&asked(&child, "sections", std::slice::from_ref(&first), "2026-12-01")), 0);
    first = signed("2026/27-autumn", PepType::Initial, "2026-12-10");
    let done = asked(&child, "sections", std::slice::from_ref(&first), "2026-12-11");
    assert_eq!(
        lines(&done),
        [
            (Duty::FirstPep(Step::AvailableForReview), Some(day("2026-12-18")), DutyState::InTime),
            (Duty::Term, Some(day("2027-03-19")), RUNNING)
        ]
    );
    assert_eq!((done.currency, done.dues[1].term), (Some(Currency::Current), Term::Spring));
    // Signed in the holidays under a process that has its own clock, likewise.
    let late = signed("2026/27-autumn", PepType::Initial, "2026-12-21");
    assert_eq!(lines(&asked(&child, "sections", &[late], "2026-12-22"))[0].2, DutyState::Late(3));
}

#[test]
fn done_late_is_late_with_the_days() {
    let since = child("2026-09-04");
    let begun = Sitting { begun: Some(day("2026-10-14")), ..sitting("2026/27-autumn", PepType::Initial) };
    let of = |process: &str, pep: &Sitting| lines(&asked(&since, process, std::slice::from_ref(pep), "2026-10-20"));
    assert_eq!(
        of("rolling", &begun)[0],
        (Duty::FirstPep(Step::Initiated), Some(day("2026-10-02")), DutyState::Late(12))
    );
    // Ten weeks on is no meeting arranged in twenty days.
    let far = Sitting { meeting: Some(day("2026-11-13")), ..begun.clone() };
    assert_eq!(of("portal", &far)[0].2, DutyState::Late(42));
    let near = Sitting { meeting: Some(day("2026-09-17")), ..begun };
    assert_eq!(of("portal", &near)[0].2, DutyState::InTime);
}

#[test]
fn no_clock_runs_before_the_child_was_in_care_or_before_the_age_of_the_process() {
    for process in ALL {
        let summer = asked(&child("2025-07-21"), process, &[], "2025-07-25");
        assert!(summer.dues.iter().all(|one| one.due.by.is_ok_and(|by| by >= day("2025-08-04"))), "{process}");
        assert!(
            summer.dues.iter().all(|one| one.kind == PepType::Interim),
            "in the long holidays it is an interim PEP"
        );
    }
    // Five on 30 May 2027: `portal` begins then.
    let young = ChildFacts { born: Some(day("2022-05-30")), ..child("2024-01-10") };
    let before = asked(&young, "portal", &[], "2027-05-01");
    assert_eq!((before.needs, before.currency), (Needs::From(day("2027-05-30")), None));
    assert!(before.dues.is_empty());
    let turned = asked(&young, "portal", &[], "2027-06-01");
    assert_eq!((turned.needs, turned.first()), (Needs::Now, Some(day("2027-06-28"))), "who turned school age");
    let nowhere = ChildFacts { at_setting: false, ..young };
    assert_eq!(asked(&nowhere, "sections", &[], "2026-12-01").needs, Needs::NotUnlessAsked);
    assert_eq!(asked(&young, "sections", &[], "2026-12-01").needs, Needs::Now);
}

#[test]
fn r000_20_a_missed_review_is_overdue_until_a_later_one_is_signed() {
    let child = child("2024-03-01");
    let autumn = signed("2025/26-autumn", PepType::Review, "2025-11-20");
    let of = |peps: &[Sitting], today: &str| asked(&child, "ten-page", peps, today);
    let seven_months = of(std::slice::from_ref(&autumn), "2026-07-01");
    let term = |by: &str, state| (Duty::Term, Some(day(by)), state);
    assert_eq!(lines(&seven_months), [term("2026-03-20", RUNNING), term("2026-06-26", RUNNING)]);
    assert_eq!(seven_months.currency, Some(Currency::Overdue));
    let summer = Sitting { begun: Some(day("2026-06-20")), ..signed("2026/27-autumn", PepType::Review, "2026-12-01") };
    let after = of(&[autumn.clone(), summer], "2026-12-02");
    assert_eq!(lines(&after), [term("2026-11-27", DutyState::Late(4)), term("2027-03-19", RUNNING)]);
    // Withdrawn ones count nowhere.
    let withdrawn = Sitting { uncounted: true, ..signed("2025/26-spring", PepType::Review, "2026-03-10") };
    assert_eq!(of(&[autumn, withdrawn], "2026-07-01"), seven_months);
}

#[test]
fn r003_32_the_next_date_is_due_until_that_terms_pep_begins() {
    let child = child("2024-03-01");
    let next = |date: &str, provisional| Some(NextDate { date: day(date), provisional });
    let spring = Sitting { next: next("2026-06-04", true), ..signed("2025/26-spring", PepType::Review, "2026-03-10") };
    let due = |duties: &Duties| duties.dues.iter().copied().find(|one| matches!(one.due.duty, Duty::Next { .. }));
    let passed = asked(&child, "ten-page", std::slice::from_ref(&spring), "2026-06-05");
    let one: ChildDue = due(&passed).unwrap();
    assert_eq!(
        (one.due.by, one.term, one.due.duty),
        (Ok(day("2026-06-04")), Term::Summer, Duty::Next { provisional: true })
    );
    assert_eq!(passed.standing(&CALENDAR, day("2026-06-05")), Some(Standing::Overdue));
    let summer = Sitting { begun: Some(day("2026-06-02")), ..sitting("2025/26-summer", PepType::Review) };
    assert!(due(&asked(&child, "ten-page", &[spring, summer], "2026-06-05")).is_none());
}

#[test]
fn r000_03_after_an_order_the_duty_ends_and_nobody_is_told_why_who_may_not_know() {
    let spring = signed("2025/26-spring", PepType::Review, "2026-03-10");
    let left = |why| ChildFacts { left: Some((day("2026-03-20"), why)), ..child("2024-03-01") };
    for process in ALL {
        let known =
            asked(&left(Some(ClosingEvent::AdoptionOrder)), process, std::slice::from_ref(&spring), "2026-05-01");
        assert_eq!(lines(&known), [(Duty::Closing(ClosingEvent::AdoptionOrder), Some(day("2026-03-20")), RUNNING)]);
        assert_eq!(known.currency, None);
        let untold = asked(&left(None), process, std::slice::from_ref(&spring), "2026-05-01");
        assert_eq!((untold.needs, untold.dues.len()), (Needs::NotSince(day("2026-03-20"), None), 0));
    }
    // The plan says so to whoever holds the family's part.
    let said = Sitting { ended: Some((ClosingEvent::AdoptionOrder, day("2026-03-20"))), ..spring.clone() };
    let by_plan = asked(&child("2024-03-01"), "portal", &[said], "2026-05-01");
    assert_eq!(by_plan.needs, Needs::NotSince(day("2026-03-20"), Some(ClosingEvent::AdoptionOrder)));
    // Looked after again: the old end and the old plans are of another time.
    let again = ChildFacts { in_care_since: Some(day("2026-11-20")), ..left(None) };
    let again = asked(&again, "portal", &[spring], "2026-12-01");
    assert_eq!(
        (again.needs, again.currency, again.first()),
        (Needs::Now, Some(Currency::Never), Some(day("2026-12-18")))
    );
}

#[test]
fn a_closing_pep_is_due_only_when_its_event_is_in_sight() {
    let closing = |duties: &Duties| {
        duties.dues.iter().find(|one| matches!(one.due.duty, Duty::Closing(_))).map(|one| (one.due.duty, one.due.by))
    };
    let reception = ChildFacts { born: Some(day("2021-11-02")), ..child("2024-03-01") };
    for process in ALL {
        assert_eq!(closing(&asked(&reception, process, &[], "2027-01-10")), None, "{process}");
    }
    // 18 on 23 January 2027: by the autumn's deadline. A process that goes on to the end of Year 13 ends in July.
    let amari = ChildFacts { born: Some(day("2009-01-23")), ..child("2024-08-04") };
    let eighteen = (Duty::Closing(ClosingEvent::Eighteen), Ok(day("2026-11-27")));
    assert_eq!(closing(&asked(&amari, "rolling", &[], "2026-03-02")), Some(eighteen));
    let year13 = (Duty::Closing(ClosingEvent::EndOfYear13), Ok(day("2027-06-25")));
    assert_eq!(closing(&asked(&amari, "web", &[], "2026-09-02")), Some(year13));
    assert_eq!(closing(&asked(&amari, "web", &[], "2026-03-02")), None);
    assert!(matches!(asked(&amari, "rolling", &[], "2027-01-23").needs, Needs::NotSince(..)));
    let autumn = signed("2026/27-autumn", PepType::Review, "2026-11-20");
    let last = asked(&amari, "rolling", &[autumn], "2026-12-10");
    assert!(last.undone().all(|one| matches!(one.due.duty, Duty::Closing(_))), "no term's PEP is due after that day");
    assert_eq!(asked(&amari, "portal", &[], "2026-03-02").needs, Needs::Now, "a form's range ends no duty of the law");
}

#[test]
fn who_was_born_on_29_february_is_18_on_1_march_and_that_is_said() {
    let leap = ChildFacts { born: Some(day("2008-02-29")), ..child("2024-08-04") };
    let near = asked(&leap, "rolling", &[], "2026-02-28");
    assert_eq!(near.needs, Needs::Now);
    let note = near.notes.iter().find(|note| matches!(note, DutyNote::LeapDay(_))).unwrap();
    assert_eq!(
        note.to_string(),
        "Born on 29 February: counted as 18 on 1 March 2026. Check that day before you rely on it."
    );
    let since = Needs::NotSince(day("2026-03-01"), Some(ClosingEvent::Eighteen));
    assert_eq!(asked(&leap, "rolling", &[], "2026-03-01").needs, since);
}

#[test]
fn the_calendars_end_is_said_a_year_before_it_comes_and_nothing_goes_silent_after_it() {
    let child = child("2024-03-01");
    let summer = signed("2026/27-summer", PepType::Review, "2027-06-10");
    let of = |today: &str| asked(&child, "ten-page", std::slice::from_ref(&summer), today);
    let ends = DutyNote::CalendarEnds(day("2027-07-21"));
    assert!(asked(&child, "ten-page", &[], "2026-07-20").notes.is_empty());
    assert!(asked(&child, "ten-page", &[], "2026-07-21").notes.contains(&ends));
    let after = of("2027-11-01");
    assert!(after.notes.contains(&ends));
    assert_eq!((lines(&after), after.currency), (vec![(Duty::Term, None, RUNNING)], Some(Currency::DueSoon)));
    assert_eq!((after.dues[0].term, after.dues[0].year), (Term::Autumn, plan::AcademicYear(2027)));
    assert_eq!(after.standing(&CALENDAR, day("2027-11-01")), Some(Standing::Soon));
    assert_eq!(of("2028-05-01").currency, Some(Currency::Overdue));
    // A first PEP whose days no calendar tells stands there, too.
    let new = asked(&super::duty::child("2027-12-20"), "sections", &[], "2027-12-21");
    assert_eq!(new.standing(&CALENDAR, day("2027-12-21")), Some(Standing::Soon));
}

#[test]
fn nobody_has_said_since_when_a_child_is_looked_after_and_that_is_a_duty_without_a_day() {
    let nobody = asked(&child(""), "sections", &[], "2026-12-01");
    assert_eq!((nobody.currency, nobody.dues.len()), (Some(Currency::Never), 1));
    assert!(nobody.dues[0].due.by.unwrap_err().to_string().contains("since when the child is looked after"));
    // What the plan says counts where the directory is silent.
    let said = Sitting { in_care_since: Some(day("2026-11-20")), ..sitting("2026/27-autumn", PepType::Initial) };
    assert_eq!(asked(&child(""), "sections", &[said], "2026-12-01").first(), Some(day("2026-12-18")));
    // Looked after since before the calendar: the terms.
    let long = asked(&child("2019-06-18"), "ten-page", &[], "2026-12-01");
    assert_eq!(lines(&long), [(Duty::Term, Some(day("2026-11-27")), RUNNING)]);
}

#[test]
fn the_next_care_review_is_a_clock_and_a_date_that_has_passed_is_asked_anew() {
    let child = child("2024-03-01");
    let review = |day: chrono::NaiveDate, pep: Sitting| Sitting { care_review: Some(day), ..pep };
    let care = |duties: &Duties| {
        duties.dues.iter().find(|one| one.due.duty == Duty::CareReview).map(|one| (one.due.by, one.due.state()))
    };
    let spring = signed("2025/26-spring", PepType::Review, "2026-03-18");
    let late = review(day("2026-03-20"), spring.clone());
    let by = Ok(day("2026-03-17"));
    assert_eq!(care(&asked(&child, "ten-page", &[late], "2026-03-19")), Some((by, DutyState::Late(1))));
    let waits = review(day("2026-10-01"), spring.clone());
    assert_eq!(care(&asked(&child, "ten-page", &[waits], "2026-09-10")), Some((Ok(day("2026-09-28")), RUNNING)));
    let passed = asked(&child, "ten-page", &[review(day("2026-03-20"), spring)], "2026-03-21");
    assert_eq!(care(&passed), None);
    assert!(passed.notes.iter().any(|note| note.to_string().contains("20 March 2026, has passed")));
}

#[test]
fn a_change_of_school_has_its_clock_where_the_process_gives_one() {
    let spring = signed("2025/26-autumn", PepType::Review, "2025-11-10");
    let moved = ChildFacts { school_since: Some(day("2026-01-05")), ..child("2024-03-01") };
    let school = |process: &str, peps: &[Sitting], child: &ChildFacts| {
        let all = asked(child, process, peps, "2026-02-10");
        all.dues.iter().find(|one| matches!(one.due.duty, Duty::SchoolMove(_))).map(|one| (one.due.by, one.due.state()))
    };
    let by = Ok(day("2026-02-02"));
    assert_eq!(school("web", std::slice::from_ref(&spring), &moved), Some((by, RUNNING)));
    assert_eq!(school("portal", std::slice::from_ref(&spring), &moved), None);
    assert_eq!(school("web", &[], &moved), None, "the first PEP's clock stands alone");
    let held =
        Sitting { meeting: Some(day("2026-02-04")), held: true, ..sitting("2025/26-spring", PepType::SchoolMove) };
    assert_eq!(school("web", &[spring, held], &moved), Some((by, DutyState::Late(2))));
}

#[test]
fn a_process_that_asks_for_two_a_year_misses_none_while_two_can_still_be_held() {
    let text = include_str!("../../processes/rolling.json").replacen("\"post_16\": 3", "\"post_16\": 2", 1);
    let twice = Process::parse(&text).unwrap();
    let child = ChildFacts { born: Some(day("2009-10-23")), ..child("2024-03-01") };
    let summer = signed("2025/26-summer", PepType::Review, "2026-06-10");
    let of = |process: &Process, today: &str| {
        let all = duties(&child, process, &CALENDAR, std::slice::from_ref(&summer), day(today));
        all.undone().find(|one| one.due.duty == Duty::Term).map(|one| one.term)
    };
    assert_eq!(of(&twice, "2026-11-20"), Some(Term::Spring));
    let thrice = Processes::built_in().latest("rolling").unwrap();
    assert_eq!(of(thrice.process(), "2026-11-20"), Some(Term::Autumn));
}

#[test]
fn r000_28_r004_03_a_current_pep_is_signed_off_and_of_this_term_or_the_last_until_the_deadline() {
    let at = |peps: &[Sitting], today: &str| asked(&child("2024-03-01"), "ten-page", peps, today).currency.unwrap();
    let autumn = [signed("2025/26-autumn", PepType::Review, "2025-11-20"), sitting("2025/26-spring", PepType::Review)];
    assert_eq!(at(&[], "2026-02-02"), Currency::Never);
    assert_eq!(at(&autumn[1..], "2026-02-02"), Currency::Never);
    assert_eq!(at(&autumn, "2025-12-01"), Currency::Current);
    assert_eq!(at(&autumn, "2026-02-02"), Currency::Current);
    assert_eq!(at(&autumn, "2026-02-27"), Currency::DueSoon);
    assert_eq!(at(&autumn, "2026-03-20"), Currency::DueSoon);
    assert_eq!(at(&autumn, "2026-03-21"), Currency::Overdue);
    let both = [autumn[0].clone(), signed("2025/26-spring", PepType::Review, "2026-03-19")];
    assert_eq!(at(&both, "2026-03-21"), Currency::Current);
    assert_eq!(at(&both, "2026-04-05"), Currency::Current, "the Easter holidays belong to the spring term");
    assert_eq!(at(&both, "2026-04-13"), Currency::Current, "until the summer term's deadline");
    assert_eq!(at(&both, "2026-06-27"), Currency::Overdue);
    assert_eq!(at(&autumn, "2026-05-01"), Currency::Overdue, "the autumn before last does not count");
    // `web` wants it ten working days after its meeting.
    let early = Sitting { meeting: Some(day("2026-01-23")), ..autumn[1].clone() };
    let web = asked(&child("2024-03-01"), "web", &[autumn[0].clone(), early], "2026-02-09");
    assert_eq!(web.currency, Some(Currency::Overdue));
}
