use crate::*;
use plan::{Contribution, NoAnswer, appeared, contributions, unheard};

fn excuse(question: &str, why: NoAnswer, reason: &str) -> Edit {
    Edit::Excuse { question: question.into(), excuse: Some((why, reason.into())) }
}

fn missing(view: &View, question: &str) -> bool {
    view.gaps.iter().any(|gap| gap.question == question)
}

fn said(view: &View, question: &str) -> Vec<(NoAnswer, String)> {
    let all = view.excuses.get(question).into_iter().flatten();
    all.map(|excuse| (excuse.why, excuse.reason.clone())).collect()
}

#[test]
fn a_table_may_say_that_there_is_nothing_to_record() {
    let mut ottoline = Device::of("Ottoline");
    assert!(missing(&ottoline.view(), "meeting.actions") && missing(&ottoline.view(), "attendance.terms"));
    ottoline.edit(excuse("attendance.terms", NoAnswer::NothingToRecord, ""));
    let view = ottoline.view();
    assert!(!missing(&view, "attendance.terms"));
    assert_eq!(view.excuses["attendance.terms"][0].by.as_ref().unwrap().name, "Ottoline Greaves-Penn");
    let sentences = history(&ottoline.document, &authors, Some("attendance.terms"));
    assert!(sentences[0].deeds[0].sentence.contains("nothing to record"), "{}", sentences[0].deeds[0].sentence);
    ottoline.edit(Edit::Excuse { question: "attendance.terms".into(), excuse: None });
    assert!(missing(&ottoline.view(), "attendance.terms"));
}

#[test]
fn what_is_not_known_or_does_not_apply_has_a_reason() {
    let mut odile = Device::of("Odile");
    odile.edit(excuse("people.iro", NoAnswer::NotKnown, "To be named in March."));
    assert_eq!(said(&odile.view(), "people.iro"), [(NoAnswer::NotKnown, "To be named in March.".into())]);
    let refused = |device: &mut Device, edit: Edit| device.try_edit(&[edit]).unwrap_err().to_string();
    assert!(refused(&mut odile, excuse("child.dob", NoAnswer::NotKnown, " ")).contains("a reason"));
    assert!(refused(&mut odile, excuse("child.dob", NoAnswer::NothingToRecord, "")).contains("not-known"));
    assert!(
        refused(&mut odile, excuse("child.dob", NoAnswer::NotKnown, &"b".repeat(plan::CELL_MAX + 1))).contains("long")
    );
    let mut ottoline = Device::of("Ottoline");
    let targets = excuse("targets.list", NoAnswer::NotApplicable, "None.");
    assert!(matches!(ottoline.try_edit(&[targets]), Err(Refused::BadValue { .. })));
    let theirs = excuse("care.legalStatus", NoAnswer::NotKnown, "Ask Odile.");
    assert!(matches!(ottoline.try_edit(&[theirs]), Err(Refused::NotYours { .. })));
}

#[test]
fn the_childs_words_are_never_excused() {
    let mut ottoline = Device::of("Ottoline");
    ottoline.set("setting.yearGroup", "10");
    let excused = ottoline.try_edit(&[excuse("voice.secWell", NoAnswer::NotKnown, "Was away.")]);
    assert!(excused.unwrap_err().to_string().contains("voice.declined"));
    assert!(missing(&ottoline.view(), "voice.secWell"));
}

#[test]
fn an_answer_takes_the_place_of_the_reason_why_there_was_none() {
    let mut ottoline = Device::of("Ottoline");
    ottoline.edit(excuse("attendance.terms", NoAnswer::NothingToRecord, ""));
    ottoline.row("attendance.terms", &[("term", "Autumn 2025"), ("possible", "148")]);
    assert!(said(&ottoline.view(), "attendance.terms").is_empty());
}

#[test]
fn an_answer_and_a_reason_for_none_given_apart_are_both_kept_and_the_answer_counts() {
    let (mut ottoline, mut sunniva) = (Device::of("Ottoline"), Device::of("Sunniva"));
    ottoline.edit(excuse("attendance.terms", NoAnswer::NothingToRecord, ""));
    let key = sunniva.row("attendance.terms", &[("term", "Autumn 2025"), ("possible", "148")]);
    let view = meet(&mut ottoline, &mut sunniva);
    assert_eq!(row(&view, "attendance.terms", &key).to_json()["possible"], 148);
    assert_eq!(said(&view, "attendance.terms").len(), 1);
    assert!(!missing(&view, "attendance.terms"));
    let around = plan::Around { today: "2026-02-26".parse().unwrap(), previous: None, others: &[] };
    let found = plan::check(&view, &idris(), around);
    assert!(found.iter().any(|finding| finding.says.contains("another gave one")));
}

#[test]
fn two_reasons_given_apart_are_both_kept_and_either_completes() {
    let (mut ottoline, mut sunniva) = (Device::of("Ottoline"), Device::of("Sunniva"));
    ottoline.edit(excuse("progress.barriers", NoAnswer::NotKnown, "New to the school."));
    sunniva.edit(excuse("progress.barriers", NoAnswer::NotApplicable, "No barriers seen."));
    let view = meet(&mut ottoline, &mut sunniva);
    assert_eq!(said(&view, "progress.barriers").len(), 2);
    assert!(!missing(&view, "progress.barriers"));
}

#[test]
fn the_gates_table_has_a_place_for_every_reason_that_may_be_given() {
    for kind in DocumentKind::ALL {
        let rules = idris().process().write_rules(*kind);
        for question in bank().questions().iter().filter(|question| question.document() == *kind) {
            let at = |key: &str| may_write(&rules, &format!("answers/{key}"));
            let (reason, answer) = (at(&question.excuse_key), at(&question.id));
            assert_eq!(reason, answer.filter(|_| question.may_be_excused()), "{}", question.id);
        }
    }
}

#[test]
fn storyboard_1_new_questions_appear_and_it_is_said_because_of_what() {
    let mut odile = Device::of("Odile");
    odile.set("child.dob", "2010-11-02");
    let before = odile.view();
    odile.set("transfer.needed", "yes");
    let found = appeared(&before, &odile.view());
    assert_eq!((found.len(), found[0].because), (1, Some("transfer.needed")));
    assert!(found[0].questions.contains(&"transfer.reason"));
    let count = found[0].questions.len();
    let sentence = format!("{count} new questions appeared because “Is an in-year school transfer needed?” changed.");
    assert_eq!(found[0].sentence(), sentence);
    assert!(appeared(&odile.view(), &before).is_empty(), "what goes does not appear");
    let form = appeared(&Device::of("Odile").view(), &before);
    assert!(form.iter().any(|found| found.because == Some("meta.phase") && found.questions.contains(&"sec.subjects")));
}

#[test]
fn r000_29_everybody_has_input_and_who_has_none_is_named() {
    let mut ottoline = Device::of("Ottoline");
    let meter = |device: &Device| contributions(Documents::main(&device.document), &authors);
    let silent = |device: &Device| unheard(&meter(device)).into_iter().map(|found| found.owner).collect::<Vec<_>>();
    let before = meter(&ottoline);
    assert_eq!(before.len(), 5);
    assert!(before.values().all(|count| *count == Contribution::default()), "the genesis is nobody's say");
    ottoline.set("setting.yearGroup", "10");
    // What the teacher wrote down for the child is the child's say; a teacher's own answer is not.
    assert_eq!(silent(&ottoline).len(), 4);
    ottoline.rewrite("voice.secWell", "maths and food");
    assert_eq!(meter(&ottoline)[&Role::YoungPerson], Contribution { own: 0, recorded: 1 });
    let [mut carys, mut lorcan, mut odile] = ["Carys", "Lorcan", "Odile"].map(|name| {
        let mut device = Device::of(name);
        device.receive(&ottoline);
        device
    });
    carys.rewrite("carer.goingWell", "Settled quickly.");
    lorcan.target(Uuid::from_u128(4), &[("area", "English")]);
    odile.rewrite("meeting.notes", "Met.");
    for other in [&carys, &lorcan] {
        ottoline.receive(other);
    }
    assert_eq!(silent(&ottoline), [Role::SocialWorker]);
    // Somebody who adds to another's text has a say in it; words that are gone again are none.
    ottoline.receive(&odile);
    assert!(silent(&ottoline).is_empty());
    odile.rewrite("meeting.notes", "");
    ottoline.receive(&odile);
    assert_eq!(silent(&ottoline), [Role::SocialWorker]);
    // A remark is no answer.
    odile.edit(Edit::Comment {
        key: Uuid::from_u128(9).to_string(),
        question: "meeting.notes".into(),
        text: "Well?".into(),
    });
    ottoline.receive(&odile);
    assert_eq!(silent(&ottoline), [Role::SocialWorker]);
}
