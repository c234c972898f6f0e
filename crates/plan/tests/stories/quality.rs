use crate::signing::*;
use crate::*;
use plan::{Candidate, Processes, Stale, quality, sample, ungraded};

/// An overall grade of one's own, with why.
fn override_with(device: &mut Device, grade: &str, why: &str) {
    let grade = Edit::Choose { question: "qa.overall".into(), value: Value::Choice(grade.into()) };
    let why = Edit::Rewrite { question: "qa.overrideReason".into(), text: why.into() };
    device.try_edit(&[grade, why]).unwrap();
}

fn give_back(device: &mut Device, number: u128, to: &str, what: &str) {
    let cells = cells_of("qa.returnedFor", &[("section", "10"), ("owner", to), ("what", what)]);
    let key = Uuid::from_u128(number).to_string();
    device.edit(Edit::PutRow { question: "qa.returnedFor".into(), key, cells });
}

#[test]
fn r003_26_to_31_idris_is_returned_to_the_social_worker_only_and_then_signed_off() {
    // PEP.md 8.2: complete 27 February and 2 March, amber, returned, complete again 6 March, signed 9 March.
    let mut devices = ready(&ten_page());
    assert_eq!(devices[LORCAN].view().state, State::MeetingHeld);
    both_sign(&mut devices);
    assert_eq!(devices[LORCAN].view().state, State::SwComplete);
    grade(&mut devices, &[("transition", "amber"), ("carer", "amber")]);
    share(&mut devices);
    let view = devices[ODILE].view();
    assert_eq!((view.state, quality(&view, &ten_page()).overall.as_deref()), (State::InQa, Some("amber")));
    assert!(view.answers["qa.overall"] == Answer::Computed(Value::Choice("amber".into())));
    give_back(&mut devices[LORCAN], 70, "social-worker", "The transfer approval is missing; the carer's part is thin.");
    share(&mut devices);
    let view = devices[ODILE].view();
    assert_eq!((view.state, view.open_returns.get(&Role::SocialWorker).map(Vec::len)), (State::Returned, Some(1)));
    assert_eq!(signature(&view, "signoff.sw").why, [Stale::Returned]);
    assert!(stands(&view, "signoff.dt"), "the designated teacher is not asked again");
    let waits = offered(&devices[LORCAN], Role::VirtualSchoolOfficer).waits;
    assert_eq!(waits.iter().map(|wait| wait.role).collect::<Vec<_>>(), [Role::SocialWorker]);
    devices[ODILE].rewrite("care.story", "Approved on 5 March.");
    put_name(&mut devices[ODILE], "signoff.sw", 12, "2026-03-06").unwrap();
    share(&mut devices);
    assert_eq!(devices[LORCAN].view().state, State::InQa);
    devices[LORCAN].rewrite("qa.feedback", "Next time more of the carer, please.");
    share(&mut devices);
    let offer = offered(&devices[LORCAN], Role::VirtualSchoolOfficer);
    assert!(offer.offered(), "amber signs off: {:?}", offer.findings.iter().map(|f| &f.says).collect::<Vec<_>>());
    put_name(&mut devices[LORCAN], "signoff.vs", 13, "2026-03-09").unwrap();
    share(&mut devices);
    let view = devices[OTTOLINE].view();
    assert_eq!((view.state, view.signed_off()), (State::SignedOff, true));
    assert_eq!(view.sign_offs.iter().filter(|made| made.question == "signoff.sw").count(), 2, "none is deleted");
}

#[test]
fn a_later_edit_of_what_was_returned_is_stale_and_no_second_return() {
    let mut devices = ready(&ten_page());
    both_sign(&mut devices);
    give_back(&mut devices[LORCAN], 70, "social-worker", "Please say more.");
    share(&mut devices);
    put_name(&mut devices[ODILE], "signoff.sw", 12, "2026-03-06").unwrap();
    devices[ODILE].rewrite("care.story", "More.");
    let view = devices[ODILE].view();
    assert_eq!((view.state, view.open_returns.len()), (State::DtComplete, 0));
}

#[test]
fn r003_29_red_is_not_signed_off_and_a_grade_is_changed_with_a_reason_only() {
    let mut devices = ready(&ten_page());
    both_sign(&mut devices);
    checked(&mut devices);
    grade(&mut devices, &[("voice", "red")]);
    share(&mut devices);
    let offer = offered(&devices[LORCAN], Role::VirtualSchoolOfficer);
    assert_eq!((offer.blocked_by.as_deref(), offer.offered()), (Some("red"), false));
    let amber = Edit::Choose { question: "qa.overall".into(), value: Value::Choice("amber".into()) };
    let no_reason = Refused::NoReason;
    assert_eq!(devices[LORCAN].try_edit(std::slice::from_ref(&amber)), Err(no_reason.clone()));
    let blank = Edit::Rewrite { question: "qa.overrideReason".into(), text: "  ".into() };
    assert_eq!(devices[LORCAN].try_edit(&[amber, blank]), Err(no_reason));
    override_with(&mut devices[LORCAN], "amber", "His words came by letter.");
    // Taken away later, the reason is asked for again.
    devices[LORCAN].rewrite("qa.overrideReason", "");
    let view = devices[LORCAN].view();
    assert!(view.gaps.iter().any(|gap| gap.question == "qa.overrideReason"), "a reason is asked");
    assert_eq!(quality(&view, &ten_page()).worked_out.as_deref(), Some("red"));
    devices[LORCAN].rewrite("qa.overrideReason", "His words came by letter.");
    assert!(offered(&devices[LORCAN], Role::VirtualSchoolOfficer).offered());
    devices[LORCAN].set("qa.overall", "red");
    assert!(!devices[LORCAN].view().asked.contains("qa.overrideReason"), "that is no override");
    devices[LORCAN].edit(Edit::Clear { question: "qa.overall".into() });
    assert!(devices[LORCAN].view().answers["qa.overall"] == Answer::Computed(Value::Choice("red".into())));
}

#[test]
fn areas_and_grades_are_the_process_s() {
    let mut lorcan = Device::with("Lorcan", ten_page(), DocumentKind::Main, 0);
    let refused = |device: &mut Device, table: &str, cells: &[(&str, &str)]| {
        let cells = cells_of(table, cells);
        let key = row_key(table, &cells, &device.writer, &mut || [7; 16]).unwrap();
        device.try_edit(&[Edit::PutRow { question: table.into(), key, cells }]).unwrap_err().to_string()
    };
    assert!(refused(&mut lorcan, "qa.areas", &[("area", "childs_voice"), ("grade", "green")]).contains("voice, carer"));
    assert!(refused(&mut lorcan, "qa.areas", &[("area", "voice"), ("grade", "crimson")]).contains("gold, green"));
    assert!(refused(&mut lorcan, "qa.returnedFor", &[("owner", "carer")]).contains("social-worker"));
    let value = Value::Choice("crimson".into());
    let overall = Edit::Choose { question: "qa.overall".into(), value: value.clone() };
    assert!(matches!(lorcan.try_edit(std::slice::from_ref(&overall)), Err(Refused::BadValue { .. })));
    let mut odile = Device::with("Odile", ten_page(), DocumentKind::Main, 0);
    assert!(odile.try_edit(&[overall]).unwrap_err().to_string().contains("Virtual School officer"));
    // A process that grades nothing misses no grade.
    let sections = Device::of("Lorcan").view();
    assert!(!sections.gaps.iter().any(|gap| gap.question == "qa.areas" || gap.question == "qa.overall"));
    let mut sections = Device::of("Lorcan");
    assert!(refused(&mut sections, "qa.areas", &[("area", "voice"), ("grade", "green")]).contains("grades no PEPs"));
}

#[test]
fn two_officers_who_grade_apart_are_both_heard() {
    let mut devices = team(&ten_page());
    let mut marguerite = devices[3].clone();
    override_with(&mut devices[LORCAN], "green", "I have seen him at school.");
    override_with(&mut marguerite, "amber", "The carer was not asked.");
    let view = meet(&mut devices[LORCAN], &mut marguerite);
    assert_eq!(claimed(&view.answers["qa.overall"]).len(), 2);
    assert_eq!(quality(&view, &ten_page()).overall, None);
}

#[test]
fn where_no_rule_works_a_grade_out_it_is_the_virtual_schools_judgement() {
    let portal = Pep { process: Processes::built_in().latest("portal").unwrap(), ..idris() };
    let mut devices = team(&portal);
    grade(&mut devices, &[]);
    let view = devices[LORCAN].view();
    assert!(view.gaps.iter().any(|gap| gap.question == "qa.overall"));
    assert_eq!(ungraded(&view, &portal).len(), 1);
    devices[LORCAN].set("qa.overall", "amber");
    let view = devices[LORCAN].view();
    assert!(!view.asked.contains("qa.overrideReason") && ungraded(&view, &portal).is_empty());
}

#[test]
fn which_peps_are_checked_is_the_same_for_everybody_who_has_the_list() {
    let of = |process: &str, child: u128, term: &str| {
        let (year, term) = parse_term(term).unwrap();
        let process = Processes::built_in().latest(process).unwrap();
        Pep { child: Uuid::from_u128(child), year, term, process, ..idris() }
    };
    let peps: Vec<(Pep, Option<&str>)> = vec![
        (of("rolling", 1, "2025/26-spring"), Some("Thornfield Bridge  Academy")),
        (of("rolling", 2, "2025/26-spring"), Some("thornfield bridge academy")),
        (of("rolling", 3, "2025/26-spring"), Some("Pellworth College")),
        (of("rolling", 1, "2025/26-summer"), Some("Thornfield Bridge Academy")),
        (of("rolling", 4, "2025/26-spring"), None),
        (of("web", 5, "2025/26-autumn"), Some("Larkrise Primary")),
        (of("web", 5, "2025/26-spring"), Some("Larkrise Primary")),
        (of("ten-page", 6, "2025/26-spring"), None),
    ];
    let candidates: Vec<Candidate<'_>> =
        peps.iter().map(|(pep, setting)| Candidate { pep, setting: *setting }).collect();
    let chosen = sample(&candidates);
    let is_in = |index: usize| chosen.contains(&peps[index].0.id());
    assert!(is_in(0) != is_in(1), "one of two at the same school");
    assert!(is_in(2) && is_in(3) && is_in(4) && is_in(7));
    assert!(is_in(5) != is_in(6), "one of a child's two");
    let turned: Vec<Candidate<'_>> = candidates.iter().rev().cloned().collect();
    assert_eq!(sample(&turned), chosen);
    // Outside the sample, and inside it as far as the plan alone can tell, no grade is missed.
    let device = Device::with("Lorcan", peps[0].0.clone(), DocumentKind::Main, 0);
    assert!(!device.view().gaps.iter().any(|gap| gap.question == "qa.areas"));
    assert!(!ungraded(&device.view(), &peps[0].0).is_empty());
}

#[test]
fn r002_23_an_officer_signs_off_once_the_head_has_decided_about_the_money() {
    let mut devices = ready(&ten_page());
    let row = [("item", "Maths group"), ("unitCost", "96.00"), ("payTo", "school")];
    devices[OTTOLINE].fund(Uuid::from_u128(2), Uuid::from_u128(5), &row);
    both_sign(&mut devices);
    grade(&mut devices, &[]);
    devices[LORCAN].rewrite("qa.feedback", "Thank you.");
    share(&mut devices);
    let waiting = offered(&devices[LORCAN], Role::VirtualSchoolOfficer);
    let missing: Vec<(&str, Role)> = waiting.missing.iter().map(|gap| (gap.question, gap.owner)).collect();
    assert_eq!(missing, [("funding.decision", Role::VirtualSchoolHead)]);
    assert!(stands(&devices[OTTOLINE].view(), "signoff.dt"), "it is not hers to answer");
    let refused = put_name(&mut devices[LORCAN], "signoff.vs", 3, "2026-03-09");
    assert!(matches!(refused, Err(Refused::Incomplete { .. })), "{refused:?}");
    devices[3].row("funding.decision", &[("target", "Maths"), ("approved", "96.00"), ("date", "2026-03-08")]);
    share(&mut devices);
    assert!(offered(&devices[LORCAN], Role::VirtualSchoolOfficer).offered());
    // The designated teacher asks for more: her part, and the decision, are looked at again.
    devices[OTTOLINE].fund(Uuid::from_u128(2), Uuid::from_u128(5), &[("unitCost", "120.00")]);
    share(&mut devices);
    let again = offered(&devices[LORCAN], Role::VirtualSchoolOfficer);
    assert!(again.findings.iter().any(|finding| finding.says.contains("decide again")));
    assert_eq!(again.waits.iter().map(|wait| wait.role).collect::<Vec<_>>(), [Role::DesignatedTeacher]);
}
