use crate::*;
use chrono::NaiveDate;
use plan::{Around, Finding, Letter, Severity, TargetPolicy, check, shortfalls, tuition_misfits};

const ESSAY: Uuid = Uuid::from_u128(0xE55A);
const RATIO: Uuid = Uuid::from_u128(0x2A710);
const PASS: Uuid = Uuid::from_u128(0x9A55);

/// Idris's first target of the spring (PEP.md 8.2), as good as a machine can tell.
const WHOLE: [(&str, &str); 12] = [
    ("category", "academic"),
    ("area", "English"),
    ("statement", "By 22 May I will write three PEEL paragraphs in 30 minutes scoring 12/20 or more, twice"),
    ("purpose", "He wants to catch up in English before he moves."),
    ("baseline", "8/20"),
    ("measure", "12/20, twice"),
    ("baselineValue", "8"),
    ("targetValue", "12"),
    ("unit", "marks out of 20"),
    ("dueDate", "2026-05-22"),
    ("responsible", "Ottoline Greaves-Penn"),
    ("status", "agreed"),
];

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn whole(device: &mut Device, key: Uuid) {
    device.set("setting.yearGroup", "10");
    device.target(key, &WHOLE);
    device.target(key, &[("linksTo", "voice.secTargets")]);
    let cells = [("what", "1:1 tuition"), ("who", "Fabian Rookhurst"), ("howOften", "weekly")];
    device.edit(Edit::PutRow {
        question: format!("targets.list/{key}/interventions"),
        key: Uuid::from_u128(0x1).to_string(),
        cells: cells_of("targets.list/interventions", &cells),
    });
}

fn prepared() -> Device {
    let mut ottoline = Device::of("Ottoline");
    whole(&mut ottoline, ESSAY);
    ottoline.set("meeting.nextDate", "2026-06-04");
    let mut idris = Device::of("Idris");
    idris.receive(&ottoline);
    idris.rewrite("voice.secTargets", "catch up in English before I move");
    ottoline.receive(&idris);
    ottoline
}

fn around<'a>() -> Around<'a> {
    Around { today: day("2026-02-26"), previous: None, others: &[] }
}

fn of_target(view: &View, key: Uuid, around: Around<'_>) -> Vec<Finding> {
    let all = check(view, &idris(), around).into_iter();
    all.filter(|finding| finding.target.as_deref() == Some(key.to_string().as_str())).collect()
}

/// The letters and sentences about the essay after these fields were changed.
fn after(fields: &[(&str, &str)]) -> Vec<(Option<Letter>, Severity, String)> {
    let mut ottoline = prepared();
    ottoline.target(ESSAY, fields);
    let found = of_target(&ottoline.view(), ESSAY, around()).into_iter();
    found.map(|finding| (finding.letter, finding.severity, finding.says)).collect()
}

#[track_caller]
fn doubted(fields: &[(&str, &str)], letter: Letter, words: &str) {
    let found = after(fields);
    let hit = found.iter().any(|(found, severity, says)| {
        *found == Some(letter) && *severity == Severity::Doubtful && says.contains(words)
    });
    assert!(hit, "{fields:?}: {found:?}");
}

#[test]
fn a_target_the_machine_finds_nothing_in_is_not_called_anything() {
    assert_eq!(after(&[]), []);
}

#[test]
fn r003_23_and_4_4_each_letter_has_its_findings() {
    doubted(&[("statement", "I will do better")], Letter::S, "What exactly will change?");
    doubted(&[("statement", "Three PEEL paragraphs in 30 minutes, 12/20")], Letter::S, "neither the child");
    doubted(&[("measure", "8/20")], Letter::M, "where the child is now");
    doubted(&[("targetValue", "8")], Letter::M, "where the child is now");
    doubted(&[("measure", "12/25")], Letter::M, "out of the same number");
    doubted(&[("baselineValue", "")], Letter::M, "Only one of the two numbers");
    doubted(&[("unit", "")], Letter::M, "what the numbers count");
    let vague = [
        ("statement", "I will improve my confidence in written English lessons"),
        ("measure", "teacher's view"),
        ("baselineValue", ""),
        ("targetValue", ""),
    ];
    doubted(&vague, Letter::M, "no end without a number");
    doubted(&[("linksTo", "")], Letter::R, "Link this to something in the PEP");
    doubted(&[("linksTo", "progress.barriers")], Letter::R, "nobody has answered");
    doubted(&[("dueDate", "2026-06-05")], Letter::T, "Due after the next meeting");
    doubted(&[("dueDate", "2026-02-26")], Letter::T, "has passed");
    // On the day of the meeting it can be reviewed.
    assert_eq!(after(&[("dueDate", "2026-06-04")]), []);
}

#[test]
fn what_an_agreed_target_must_have_blocks_and_an_idea_may_lack_it() {
    let found = after(&[("measure", ""), ("responsible", "")]);
    assert!(found.contains(&(Some(Letter::M), Severity::Blocks, "How will you know?".into())), "{found:?}");
    assert!(found.iter().any(|(letter, severity, _)| *letter == Some(Letter::A) && *severity == Severity::Blocks));
    let idea = after(&[("measure", ""), ("status", "idea")]);
    assert!(!idea.is_empty() && idea.iter().all(|(_, severity, _)| *severity == Severity::Doubtful), "{idea:?}");
}

#[test]
fn somebody_is_named_to_help_and_how_often() {
    let mut ottoline = prepared();
    let place = format!("targets.list/{ESSAY}/interventions/{}/howOften", Uuid::from_u128(1));
    ottoline.edit(Edit::Clear { question: place });
    let found = of_target(&ottoline.view(), ESSAY, around());
    assert!(found.len() == 1 && found[0].letter == Some(Letter::A), "{found:?}");
    assert_eq!(found[0].field, Some(format!("targets.list/{ESSAY}/interventions")));
    assert_eq!(found[0].owner, Role::DesignatedTeacher);
}

#[test]
fn findings_repeat_nothing_that_anybody_wrote() {
    let mut ottoline = prepared();
    ottoline.target(ESSAY, &[("statement", "Biscuit"), ("measure", "Biscuit"), ("linksTo", "Biscuit")]);
    for finding in check(&ottoline.view(), &idris(), around()) {
        assert!(!finding.says.contains("Biscuit"), "{}", finding.says);
        assert!(!finding.says.to_lowercase().contains("is smart"), "{}", finding.says);
    }
}

#[test]
fn a_target_that_was_not_met_is_not_repeated_word_for_word() {
    let autumn = prepared();
    let mut spring = Device::of("Ottoline");
    whole(&mut spring, RATIO);
    let (before, others) = (autumn.view(), vec![WHOLE[2].1.to_uppercase()]);
    let with = Around { previous: Some(&before), ..around() };
    let says = |device: &Device, with: Around<'_>| {
        of_target(&device.view(), RATIO, with).into_iter().map(|finding| finding.says).collect::<Vec<_>>().join(" ")
    };
    assert!(says(&spring, with).contains("word for word a target of the last PEP"));
    let cells =
        cells_of("targets.review", &[("result", "not_yet"), ("evidence", "3.1 a week"), ("nextStep", "replace")]);
    spring.edit(Edit::ReviewTarget { key: ESSAY.to_string(), cells });
    assert!(says(&spring, with).contains("Break it down into a smaller step"));
    spring.target(RATIO, &[("statement", "I will write one PEEL paragraph in 15 minutes, twice a week")]);
    assert!(!says(&spring, with).contains("word for word"));
    // Nor are another child's words this child's.
    let copied = Around { others: &others, ..around() };
    assert!(says(&autumn, copied).is_empty());
    let found = of_target(&autumn.view(), ESSAY, copied);
    assert!(found.len() == 1 && found[0].says.contains("another child's plan"), "{found:?}");
}

#[test]
fn r003_16_every_target_of_the_last_pep_is_reviewed() {
    let mut autumn = prepared();
    autumn.fund(ESSAY, Uuid::from_u128(5), &[("item", "Books"), ("unitCost", "12.00")]);
    autumn.target(RATIO, &[("area", "Ratio"), ("status", "idea")]);
    let before = autumn.view();
    let with = Around { previous: Some(&before), ..around() };
    let mut ottoline = Device::of("Ottoline");
    let about = |device: &Device| of_target(&device.view(), ESSAY, with);
    let found = about(&ottoline);
    assert!(found.len() == 1 && found[0].says.contains("has not been reviewed"), "{found:?}");
    assert!(of_target(&ottoline.view(), RATIO, with).is_empty(), "an idea is no target to review");
    let cells = cells_of("targets.review", &[("result", "partly"), ("evidence", "3 paragraphs, 2 of 3 times")]);
    ottoline.edit(Edit::ReviewTarget { key: ESSAY.to_string(), cells });
    let fields: Vec<Option<String>> = about(&ottoline).into_iter().map(|finding| finding.field).collect();
    // R004-32: what the money changed is asked for, because there was money.
    let place = |column: &str| Some(format!("targets.review/{ESSAY}/{column}"));
    assert_eq!(fields, [place("nextStep"), place("fundingImpact")]);
    let cells = cells_of("targets.review", &[("nextStep", "replace"), ("fundingImpact", "He reads at home.")]);
    ottoline.edit(Edit::ReviewTarget { key: ESSAY.to_string(), cells });
    assert!(about(&ottoline).is_empty());
}

fn ten_page() -> TargetPolicy {
    serde_json::from_str(
        r#"{"minimums": [{"categories": ["academic"], "count": 2},
            {"categories": ["emotional_wellbeing", "social_skills"], "count": 1}], "minTotal": 3, "horizons": ["term"]}"#,
    )
    .unwrap()
}

#[test]
fn r003_18_three_targets_are_counted_after_the_merge_when_agreed_and_not_withdrawn() {
    let (mut ottoline, mut lorcan) = (prepared(), Device::of("Lorcan"));
    lorcan.receive(&ottoline);
    ottoline.target(RATIO, &[("category", "academic"), ("status", "agreed")]);
    lorcan.target(PASS, &[("category", "social_skills"), ("status", "agreed")]);
    // Each alone lacks what the other brings.
    assert_eq!(
        (shortfalls(&ottoline.view(), &ten_page()).len(), shortfalls(&lorcan.view(), &ten_page()).len()),
        (2, 2)
    );
    let view = meet(&mut ottoline, &mut lorcan);
    assert!(shortfalls(&view, &ten_page()).is_empty());
    lorcan.target(RATIO, &[("status", "idea")]);
    ottoline.edit(Edit::WithdrawTarget { key: PASS.to_string() });
    let view = meet(&mut ottoline, &mut lorcan);
    let short = shortfalls(&view, &ten_page());
    assert_eq!(short[0], "This process asks for 3 targets; 1 is agreed.");
    assert_eq!(short.len(), 3);
    // Seed 001 names no number.
    assert!(shortfalls(&Device::of("Ottoline").view(), &idris().process().targets).is_empty());
}

#[test]
fn r003_19_two_academic_and_one_of_wellbeing_or_social_skills() {
    let mut ottoline = prepared();
    ottoline.target(RATIO, &[("category", "emotional_wellbeing"), ("status", "agreed")]);
    ottoline.target(PASS, &[("category", "attendance"), ("status", "agreed")]);
    let short = shortfalls(&ottoline.view(), &ten_page());
    assert_eq!(short, ["This process asks for 2 targets of this kind: academic; 1 is agreed."]);
    ottoline.target(PASS, &[("category", "academic")]);
    assert!(shortfalls(&ottoline.view(), &ten_page()).is_empty());
}

#[test]
fn a_stage_that_two_people_disagree_about_is_not_agreed() {
    let (mut ottoline, mut lorcan) = (prepared(), Device::of("Lorcan"));
    lorcan.receive(&ottoline);
    ottoline.target(RATIO, &[("category", "academic"), ("status", "agreed")]);
    lorcan.receive(&ottoline);
    ottoline.target(RATIO, &[("status", "idea")]);
    lorcan.target(RATIO, &[("status", "")]);
    lorcan.target(RATIO, &[("status", "agreed")]);
    let view = meet(&mut ottoline, &mut lorcan);
    assert_eq!(shortfalls(&view, &ten_page())[0], "This process asks for 3 targets; 1 is agreed.");
    let blocks = check(&view, &idris(), around());
    let place = format!("targets.list/{RATIO}/status");
    assert!(
        blocks.iter().any(|finding| finding.field.as_ref() == Some(&place) && finding.severity == Severity::Blocks)
    );
}

#[test]
fn r003_20_more_than_the_allocation_blocks_until_there_is_a_reason() {
    let mut ottoline = prepared();
    ottoline.fund(ESSAY, Uuid::from_u128(5), &[("item", "Tuition"), ("unitCost", "520.01")]);
    let money = |device: &Device| {
        let all = check(&device.view(), &idris(), around()).into_iter();
        let all = all.filter(|finding| finding.says.contains("more than the allocation"));
        all.map(|finding| (finding.severity, finding.owner, finding.says)).collect::<Vec<_>>()
    };
    let [(severity, owner, says)] = &money(&ottoline)[..] else { panic!("one finding about the excess") };
    assert_eq!((*severity, *owner), (Severity::Blocks, Role::DesignatedTeacher));
    assert!(says.starts_with("The targets come to £520.01, £0.01 more than the allocation of £520.00."), "{says}");
    ottoline.rewrite("funding.overReason", "A school move.");
    let [(severity, owner, _)] = &money(&ottoline)[..] else { panic!("one finding about the excess") };
    assert_eq!((*severity, *owner), (Severity::Doubtful, Role::VirtualSchoolOfficer));
    ottoline.fund(ESSAY, Uuid::from_u128(5), &[("unitCost", "520.00")]);
    assert!(money(&ottoline).is_empty());
}

#[test]
fn r002_25_money_without_a_live_target_blocks() {
    let mut ottoline = prepared();
    ottoline.fund(ESSAY, Uuid::from_u128(5), &[("item", "Tuition"), ("unitCost", "304.00")]);
    assert!(of_target(&ottoline.view(), ESSAY, around()).is_empty());
    ottoline.edit(Edit::WithdrawTarget { key: ESSAY.to_string() });
    let found = of_target(&ottoline.view(), ESSAY, around());
    assert!(found.len() == 1 && found[0].severity == Severity::Blocks, "{found:?}");
    assert!(found[0].says.starts_with("£304.00 stands beside a target that is withdrawn"), "{}", found[0].says);
}

#[test]
fn r003_24_r003_25_rows_that_do_not_fit_the_choice_of_tuition_are_shown_and_not_flipped() {
    let (mut ottoline, mut lorcan) = (prepared(), Device::of("Lorcan"));
    ottoline.fund(ESSAY, Uuid::from_u128(5), &[("item", "1:1 tuition"), ("unitCost", "304.00"), ("payTo", "school")]);
    ottoline.fund(ESSAY, Uuid::from_u128(6), &[("item", "Maths group"), ("unitCost", "96.00"), ("payTo", "school")]);
    lorcan.receive(&ottoline);
    ottoline.set("funding.tuition", "school_claims");
    assert!(tuition_misfits(&ottoline.view()).is_empty());
    lorcan.set("funding.tuition", "vs_retains");
    let view = lorcan.view();
    let [misfit] = &tuition_misfits(&view)[..] else { panic!("one row does not fit") };
    assert_eq!((misfit.row.as_str(), misfit.fits), (Uuid::from_u128(5).to_string().as_str(), "retained_by_vs"));
    let rows = view.targets[0].tables["funds"].iter().map(|row| row.to_json()["payTo"].clone()).collect::<Vec<_>>();
    assert_eq!(rows, ["school", "school"], "a row was flipped");
    // Storyboard 4: opposite choices are a conflict, and nothing is concluded from either.
    let view = meet(&mut ottoline, &mut lorcan);
    assert!(tuition_misfits(&view).is_empty());
    let found = check(&view, &idris(), around());
    let disputed = found.iter().filter(|finding| finding.field.as_deref() == Some("funding.tuition"));
    assert_eq!(disputed.map(|finding| finding.severity).collect::<Vec<_>>(), [Severity::Blocks]);
    ottoline.edit(Edit::Resolve { question: "funding.tuition".into(), take: Value::Choice("vs_retains".into()) });
    lorcan.fund(ESSAY, Uuid::from_u128(5), &[("payTo", "retained_by_vs")]);
    let view = meet(&mut ottoline, &mut lorcan);
    assert!(tuition_misfits(&view).is_empty());
    ottoline.set("funding.tuition", "not_needed");
    assert_eq!(tuition_misfits(&ottoline.view())[0].fits, "school");
}
