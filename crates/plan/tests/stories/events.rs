use crate::*;
use plan::{Around, Due, Finding, Processes, Severity, check, days_not_on_roll};

fn found(device: &Device) -> Vec<Finding> {
    let today = "2026-02-26".parse().unwrap();
    check(&device.view(), &idris(), Around { today, previous: None, others: &[] })
}

fn says(device: &Device, field: &str) -> Vec<(Severity, String)> {
    let about = |finding: &Finding| finding.field.as_deref().is_some_and(|found| found.starts_with(field));
    found(device).into_iter().filter(about).map(|finding| (finding.severity, finding.says)).collect()
}

/// A closing PEP of Idris, as the one who writes holds it.
fn closing_pep() -> Pep {
    Pep { kind: PepType::Closing, ..idris() }
}

#[test]
fn on_no_schools_roll_the_pages_of_the_school_are_somebody_elses() {
    let (mut odile, mut lorcan) = (Device::of("Odile"), Device::of("Lorcan"));
    let barriers = || Edit::Rewrite { question: "progress.barriers".into(), text: "No place yet.".into() };
    assert!(matches!(odile.try_edit(&[barriers()]), Err(Refused::NotYours { .. })));
    let owner = |view: &View| view.gaps.iter().find(|gap| gap.question == "progress.barriers").map(|gap| gap.owner);
    assert_eq!(owner(&odile.view()), Some(Role::DesignatedTeacher));
    lorcan.set("setting.rollStatus", "not_on_roll");
    odile.receive(&lorcan);
    assert_eq!(owner(&odile.view()), Some(Role::SocialWorker));
    odile.edit(barriers());
    assert!(odile.view().not_on_roll && owner(&odile.view()).is_none());
    // What stands in place meanwhile must be said then, and what a school alone could answer is not asked.
    let missing = |id: &str| odile.view().gaps.iter().any(|gap| gap.question == id);
    assert!(missing("setting.interimEducation") && missing("setting.notOnRollSince"));
    assert!(!missing("setting.name") && !missing("settingPeople.designatedTeacher"));
    // Reserved questions stay with their owners, and back on a roll the school answers again.
    let agreed = Edit::Choose { question: "funding.tuition".into(), value: Value::Choice("not_needed".into()) };
    assert!(!matches!(odile.try_edit(&[agreed]), Err(Refused::NotYours { .. })));
    lorcan.set("setting.rollStatus", "single");
    odile.receive(&lorcan);
    assert!(matches!(odile.try_edit(&[barriers()]), Err(Refused::NotYours { .. })));
}

#[test]
fn the_days_on_no_roll_are_school_days_where_the_term_dates_reach() {
    let mut lorcan = Device::of("Lorcan");
    let count = |device: &Device, today: &str| days_not_on_roll(&device.view(), &idris(), today.parse().unwrap());
    lorcan.set("setting.rollStatus", "not_on_roll");
    assert!(count(&lorcan, "2026-02-26").is_none());
    lorcan.set("setting.notOnRollSince", "2026-02-12");
    // Friday 13 February, half-term, then four days.
    assert_eq!(count(&lorcan, "2026-02-26").unwrap().ok(), Some(5));
    assert!(count(&lorcan, "2036-02-26").unwrap().is_err());
    assert!(says(&lorcan, "setting.notOnRollSince")[0].1.contains("5 school days"));
}

#[test]
fn r002_05_neet_is_no_reason_to_stop_and_no_setting_is_asked_for() {
    let (mut odile, mut lorcan) = (Device::of("Odile"), Device::of("Lorcan"));
    odile.set("child.dob", "2009-01-23");
    lorcan.set("setting.rollStatus", "not_on_roll");
    odile.receive(&lorcan);
    odile.set("p16.status", "neet_available");
    let view = odile.view();
    assert!(view.dues.iter().any(|due| due.duty == Duty::Term));
    assert!(!view.gaps.iter().any(|gap| gap.question == "setting.name"));
}

#[test]
fn a_move_in_key_stage_4_has_no_start_date_before_the_nominated_officers_approval() {
    let mut odile = Device::of("Odile");
    odile.set("child.dob", "2010-11-02");
    odile.set("transfer.needed", "yes");
    let start = "transfer.application/00000000-0000-0000-0000-000000000001/start";
    let key = Uuid::from_u128(1).to_string();
    let cells = cells_of("transfer.application", &[("start", "2026-04-13")]);
    odile.edit(Edit::PutRow { question: "transfer.application".into(), key, cells });
    let (severity, sentence) = says(&odile, start).remove(0);
    assert!(severity == Severity::Blocks && sentence.contains("Regulation 10"), "{sentence}");
    let consulted = says(&odile, "transfer.consulted");
    assert_eq!(
        consulted
            .iter()
            .filter(|(severity, says)| *severity == Severity::Blocks && says.contains("Regulation 10"))
            .count(),
        2
    );
    odile.set("transfer.ks4Approval", "Ignatius Farthingale");
    for who in ["virtual_school", "designated_teacher", "iro", "child", "carer"] {
        odile.row("transfer.consulted", &[("who", who), ("date", "2026-02-20")]);
    }
    assert!(says(&odile, start).is_empty() && says(&odile, "transfer.consulted").is_empty());
}

#[test]
fn r000_02_a_child_placed_for_adoption_keeps_a_pep_and_nobody_learns_from_it_where_they_are() {
    let mut odile = Device::of("Odile");
    odile.set("child.dob", "2018-05-30");
    odile.row("people.carers", &[("person", "Jan Puddlecote")]);
    odile.rewrite("care.story", "They live at 4 Larch Row, PE1 9ZZ.");
    assert!(says(&odile, "people.carers").is_empty());
    odile.set("care.placementType", "placed_for_adoption");
    assert!(says(&odile, "people.carers").iter().any(|(severity, _)| *severity == Severity::Doubtful));
    assert!(says(&odile, "care.story").iter().any(|(_, says)| says.contains("address")));
    assert!(odile.view().dues.iter().any(|due| due.duty == Duty::Term));
}

#[test]
fn r000_03_an_adoption_order_and_an_eighteenth_birthday_ask_for_a_closing_pep() {
    let closing = |view: &View| view.dues.iter().find(|due| matches!(due.duty, Duty::Closing(_))).copied();
    let mut odile = Device::of("Odile");
    odile.set("child.dob", "2018-05-30");
    odile.set("care.placementType", "placed_for_adoption");
    let mut family = Device::holding("Odile", DocumentKind::Family, 0);
    family.set("care.placedForAdoption", "yes");
    let whole = |odile: &Device, family: &Device| {
        let documents = Documents { family: Some(&family.document), ..Documents::main(&odile.document) };
        read(documents, &idris(), &authors)
    };
    assert!(closing(&whole(&odile, &family)).is_none());
    family.set("care.adoptionOrderDate", "2026-07-14");
    let Some(Due { duty: Duty::Closing(event), by, .. }) = closing(&whole(&odile, &family)) else {
        panic!("no closing PEP is due")
    };
    assert!(closing(&odile.view()).is_none(), "who does not hold the family's part learns of no order");
    assert_eq!((event, by), (plan::ClosingEvent::AdoptionOrder, Ok("2026-07-14".parse().unwrap())));
    let mut amari = Device::of("Odile");
    amari.set("child.dob", "2009-01-23");
    let due = closing(&amari.view()).unwrap();
    assert_eq!(due.duty, Duty::Closing(plan::ClosingEvent::Eighteen));
    assert!(due.by.is_ok_and(|by| by < "2027-01-23".parse().unwrap()), "{due:?}");
    let mut young = Device::of("Odile");
    young.set("child.dob", "2010-11-02");
    assert!(closing(&young.view()).is_none());
}

#[test]
fn a_closing_pep_that_is_signed_off_is_sealed() {
    let (index, writer) = person("Odile");
    let mut document = from_genesis(&closing_pep(), DocumentKind::Main, ActorId::from(&[index; 16][..]));
    let edit = [Edit::Rewrite { question: "care.story".into(), text: "It went well.".into() }];
    apply(&mut document, &closing_pep(), DocumentKind::Main, &writer, &edit, TUESDAY).unwrap();
    // What signing leaves in a document.
    let mut tx = document.transaction();
    let (_, signed) = tx.get(ROOT, "signOffs").unwrap().unwrap();
    let all = tx.put_object(&signed, "signoff.vs", ObjType::Map).unwrap();
    tx.put_object(&all, "entry", ObjType::Map).unwrap();
    tx.commit();
    let heads = document.get_heads();
    let refused = apply(&mut document, &closing_pep(), DocumentKind::Main, &writer, &edit, TUESDAY);
    assert_eq!(refused, Err(Refused::Sealed));
    assert_eq!(document.get_heads(), heads);
}

#[test]
fn a_day_before_the_childs_birth_is_refused_and_one_that_came_by_a_merge_is_found() {
    let (mut odile, mut other) = (Device::of("Odile"), Device::holding("Odile", DocumentKind::Main, 4));
    odile.set("child.dob", "2010-11-02");
    let early = parse_value("care.lookedAfterSince", "2009-06-18").unwrap();
    let early = Edit::Choose { question: "care.lookedAfterSince".into(), value: early };
    let refused = odile.try_edit(std::slice::from_ref(&early));
    assert_eq!(refused, Err(Refused::BeforeBirth { question: "care.lookedAfterSince".into() }));
    let cells = cells_of("transition.newSetting", &[("setting", "Pellworth Vale"), ("start", "2006-09-01")]);
    odile.set("transition.coming", "in_year_move");
    let row = Edit::PutRow { question: "transition.newSetting".into(), key: "pellworth-vale".into(), cells };
    let refused = odile.try_edit(&[row]);
    assert!(matches!(refused, Err(Refused::BeforeBirth { question }) if question == "transition.newSetting/start"));
    other.edit(early);
    odile.receive(&other);
    assert!(says(&odile, "care.lookedAfterSince").iter().any(|(severity, _)| *severity == Severity::Blocks));
}

#[test]
fn r000_01_an_age_outside_the_process_is_said_and_never_a_bar() {
    let begins = "2026-01-05".parse().unwrap();
    let year = idris().year;
    let doubt = |id: &str, born: &str| {
        let eligibility = &Processes::built_in().iter().find(|process| process.id == id).unwrap().practice.eligibility;
        eligibility.doubt(born.parse().unwrap(), year, begins)
    };
    assert!(doubt("sections", "2010-11-02").is_none() && doubt("portal", "2016-03-14").is_none());
    assert!(doubt("portal", "2022-05-30").unwrap().contains("from the age of 5"));
    assert!(doubt("portal", "2009-01-23").unwrap().contains("until the age of 16"));
    assert!(doubt("sections", "2024-05-30").unwrap().contains("younger"));
    assert!(doubt("web", "2009-01-23").is_none() && doubt("sections", "2007-01-23").unwrap().contains("older"));
}
