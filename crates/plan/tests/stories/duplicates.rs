//! Rows and targets that look like one are offered as one, and count once as soon as a person says so.

use plan::{alike, alike_take};

use crate::*;

fn places(device: &Device) -> Vec<String> {
    alike(&device.view(), &device.pep).into_iter().map(|dispute| dispute.place).collect()
}

/// Takes the claim of this number, from 0.
fn take(device: &mut Device, number: usize) {
    let [dispute] = &alike(&device.view(), &device.pep)[..] else { panic!("one to choose") };
    let take = alike_take(dispute, &dispute.claims[number]).unwrap();
    device.edit(Edit::Resolve { question: dispute.place.clone(), take });
}

fn live(view: &View, table: &str) -> Vec<String> {
    let Answer::Table(rows) = &view.answers[table] else { panic!("rows") };
    rows.iter().filter(|row| row.counts()).map(|row| row.key.clone()).collect()
}

/// Two people enter the attendance of one term apart, each in their own words.
fn one_term_twice() -> (Device, Device) {
    let (mut ottoline, mut sunniva) = (Device::of("Ottoline"), Device::of("Sunniva"));
    ottoline.row("attendance.terms", &[("term", "Summer 2026"), ("possible", "68")]);
    sunniva.row("attendance.terms", &[("term", "Summer term 2026"), ("possible", "68"), ("attended", "61")]);
    meet(&mut ottoline, &mut sunniva);
    (ottoline, sunniva)
}

#[test]
fn one_term_under_two_names_is_counted_once_as_soon_as_somebody_says_so() {
    let (mut ottoline, mut sunniva) = one_term_twice();
    assert_eq!(places(&ottoline), ["attendance.terms/summer-2026/same/summer-term-2026"]);
    let [finding] = &plan::alike_findings(&ottoline.view(), &ottoline.pep)[..] else { panic!("one doubt") };
    assert_eq!(finding.severity, plan::Severity::Doubtful);
    take(&mut ottoline, 0);
    let view = meet(&mut ottoline, &mut sunniva);
    assert_eq!(live(&view, "attendance.terms"), ["summer-2026"]);
    let stands = row(&view, "attendance.terms", "summer-2026").to_json();
    assert_eq!((&stands["possible"], &stands["attended"]), (&68.into(), &61.into()), "what only one says is added");
    assert!(places(&sunniva).is_empty() && conflicts(&view, &ottoline.pep).is_empty());
    assert!(matches!(
        ottoline.try_edit(&[Edit::Resolve {
            question: "attendance.terms/summer-2026/same/summer-term-2026".into(),
            take: Value::YesNo(false),
        }]),
        Err(Refused::NotDisputed { .. })
    ));
}

#[test]
fn two_that_are_two_stay_two_and_are_not_offered_again() {
    let (mut ottoline, mut sunniva) = one_term_twice();
    take(&mut sunniva, 1);
    let view = meet(&mut ottoline, &mut sunniva);
    assert_eq!(live(&view, "attendance.terms").len(), 2);
    assert!(places(&ottoline).is_empty());
    ottoline.row("attendance.terms", &[("term", "Summer 2026"), ("attended", "60")]);
    assert!(places(&ottoline).is_empty());
    let told = history(&sunniva.document, &authors, Some("attendance.terms"));
    let told: Vec<&str> = told.iter().flat_map(|entry| &entry.deeds).map(|deed| deed.sentence.as_str()).collect();
    assert!(told.iter().any(|said| said.starts_with("kept “Summer 2026”")), "{told:?}");
}

#[test]
fn two_who_join_alike_apart_have_joined_and_two_who_keep_another_are_both_heard() {
    for other in [0, 1] {
        let (mut ottoline, mut sunniva) = (Device::of("Ottoline"), Device::of("Sunniva"));
        ottoline.row("attendance.terms", &[("term", "Summer 2026"), ("possible", "68"), ("attended", "60")]);
        sunniva.row("attendance.terms", &[("term", "Summer term 2026"), ("possible", "68"), ("attended", "61")]);
        meet(&mut ottoline, &mut sunniva);
        assert_eq!(alike(&ottoline.view(), &ottoline.pep)[0].claims.len(), 3, "they say something else: which stands?");
        take(&mut ottoline, 0);
        take(&mut sunniva, other);
        let mut third = Device::of("Lorcan");
        third.receive(&sunniva);
        third.receive(&ottoline);
        let view = meet(&mut ottoline, &mut sunniva);
        assert!(third.view() == view);
        let open = conflicts(&view, &ottoline.pep).len();
        match other {
            0 => assert_eq!((open, live(&view, "attendance.terms")), (0, vec!["summer-2026".to_owned()])),
            _ => assert_eq!((open, live(&view, "attendance.terms").len()), (2, 2), "nothing is lost between them"),
        }
    }
}

#[test]
fn an_attendee_and_a_target_entered_twice_are_found_and_money_counts_once() {
    let mut odile = Device::of("Odile");
    odile.row("people.carers", &[("person", "Carys Wexcombe")]);
    odile.row("people.carers", &[("person", "Mrs Wexcombe, Carys")]);
    odile.row("people.carers", &[("person", "Jan Wexcombe")]);
    assert_eq!(places(&odile).len(), 1);

    let [one, two, other] = [1_u128, 2, 3].map(Uuid::from_u128);
    let (mut ottoline, mut sunniva) = (Device::of("Ottoline"), Device::of("Sunniva"));
    ottoline.target(one, &[("statement", "I will read a Year 3 passage aloud."), ("status", "agreed")]);
    ottoline.fund(one, Uuid::from_u128(0xF1), &[("item", "Books"), ("unitCost", "38.00")]);
    sunniva
        .target(two, &[("statement", "I will read a year 3 passage aloud"), ("area", "English"), ("status", "agreed")]);
    sunniva.fund(two, Uuid::from_u128(0xF2), &[("item", "Books"), ("unitCost", "38.00")]);
    sunniva.fund(two, Uuid::from_u128(0xF3), &[("item", "Tutor"), ("unitCost", "50.00")]);
    sunniva.target(other, &[("statement", "I will take two books home a week.")]);
    let view = meet(&mut ottoline, &mut sunniva);
    assert_eq!(view.funding.requested, 12_600);
    assert_eq!(places(&sunniva), [format!("targets.list/{one}/same/{two}")]);
    // Both say so apart.
    take(&mut ottoline, 0);
    take(&mut sunniva, 0);
    let view = meet(&mut ottoline, &mut sunniva);
    assert!(conflicts(&view, &idris()).is_empty() && places(&ottoline).is_empty());
    assert_eq!((view.funding.requested, view.funding.orphaned), (8_800, 0));
    let stands = view.targets.iter().find(|target| target.row.key == one.to_string()).unwrap();
    assert_eq!((stands.tables["funds"].len(), stands.row.to_json()["area"].as_str()), (2, Some("English")));
    let gone = view.targets.iter().find(|target| target.row.key == two.to_string()).unwrap();
    assert!(gone.row.withdrawn && !gone.row.counts());
}

#[test]
fn whoever_may_not_write_the_rows_joins_none_and_strange_places_are_refused() {
    let (ottoline, _) = one_term_twice();
    let mut carys = Device::of("Carys");
    carys.receive(&ottoline);
    let place = "attendance.terms/summer-2026/same/summer-term-2026";
    let resolve = |question: &str, take| Edit::Resolve { question: question.into(), take };
    let keep = || Value::Choice("summer-2026".into());
    assert!(matches!(carys.try_edit(&[resolve(place, keep())]), Err(Refused::NotYours { .. })));
    let mut ottoline = ottoline;
    for (question, take) in [
        (place, Value::Choice("autumn-2026".into())),
        (place, Value::YesNo(true)),
        ("attendance.terms/summer-2026/same/summer-2026", keep()),
    ] {
        assert!(matches!(ottoline.try_edit(&[resolve(question, take)]), Err(Refused::NotDisputed { .. })));
    }
    let nowhere = resolve("attendance.terms/summer-2026/same/never", keep());
    assert!(matches!(ottoline.try_edit(&[nowhere]), Err(Refused::UnknownRow { .. })));
    assert!(ottoline.try_edit(&[resolve("care.story/a/same/b", keep())]).is_err());
    let cell = Edit::Choose { question: place.into(), value: keep() };
    assert!(matches!(ottoline.try_edit(&[cell]), Err(Refused::WrongType { .. })));
}
