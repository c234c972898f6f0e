use crate::*;
use plan::{ANSWERS_BYTES_MAX, AnswersFile, NotAnswers, answers_file};
use serde_json::json;

const ESSAY: Uuid = Uuid::from_u128(0xE55A);

/// What Ottoline knows of Idris this spring (PEP.md 8.2).
fn school() -> Device {
    let mut ottoline = Device::of("Ottoline");
    ottoline.set("setting.yearGroup", "10");
    ottoline.set("setting.hoursOffered", "23.5");
    ottoline.set("setting.fullTime", "yes");
    ottoline.set("sec.examAccess", "extra_time, reader");
    ottoline.rewrite("progress.goingWell", "Maths and food.\nHe asks for help now.");
    ottoline.row("attendance.terms", &[("term", "Autumn 2025"), ("possible", "148"), ("attended", "121")]);
    let excuse = Some((plan::NoAnswer::NotKnown, "New to the school.".to_owned()));
    ottoline.edit(Edit::Excuse { question: "progress.barriers".into(), excuse });
    ottoline
        .target(ESSAY, &[("area", "English"), ("statement", "I will write three paragraphs"), ("status", "agreed")]);
    ottoline.fund(ESSAY, Uuid::from_u128(3), &[("item", "Tuition"), ("unitCost", "38.00"), ("quantity", "8")]);
    ottoline
}

fn file(view: &View) -> String {
    answers_file(view, &idris(), None, |_| true)
}

/// Brings a file into a device's plan as `pep import` does, and says what was left out.
fn import(device: &mut Device, file: &str) -> Vec<(String, String)> {
    let brought = AnswersFile::read(file).unwrap().bring(&idris(), &device.writer);
    let brought = brought.unanswered(&device.view(), &device.writer);
    let brought = brought.fitting(&device.document, &idris(), device.kind, &device.writer);
    device.try_edit(&brought.of(device.kind)).unwrap();
    brought.left_out
}

fn with_answers(answers: serde_json::Value) -> String {
    json!({ "format": "openpep-answers/1", "answers": answers }).to_string()
}

#[test]
fn r001_14_what_is_taken_out_and_brought_into_an_empty_plan_is_the_same() {
    let school = school();
    let kept = file(&school.view());
    let mut empty = Device::holding("Ottoline", DocumentKind::Main, 9);
    assert_eq!(import(&mut empty, &kept), []);
    assert_eq!(file(&empty.view()), kept);
    // Once more changes nothing, and says nothing.
    let changes = empty.changes();
    assert_eq!(import(&mut empty, &kept), []);
    assert_eq!(empty.changes(), changes);
}

#[test]
fn r001_14_one_page_is_one_section_and_names_where_it_comes_from() {
    let idris = idris();
    let page = idris.process().pages.iter().find(|page| page.id == "D").unwrap();
    let wanted = |id: &str| page.questions.iter().any(|question| question.id == id);
    let kept = answers_file(&school().view(), &idris, Some("D"), wanted);
    let read: serde_json::Value = serde_json::from_str(&kept).unwrap();
    assert_eq!((&read["format"], &read["section"]), (&"openpep-answers/1".into(), &"D".into()));
    assert_eq!(read["from"]["pep"], idris.id().to_string());
    assert!(read["answers"].as_object().unwrap().keys().all(|id| wanted(id)));
    assert_eq!(AnswersFile::read(&kept).unwrap().from.unwrap().child, idris.child);
}

#[test]
fn what_a_person_may_not_write_is_left_out_and_said_and_the_rest_is_brought() {
    let mut odile = Device::of("Odile");
    let left = import(
        &mut odile,
        &with_answers(json!({
            "transfer.needed": true,
            "transfer.reason": "Travel and belonging.",
            "qa.feedback": "Well done.",
            "funding.requested": "520.00",
            "signoff.dt": "Ottoline",
            "care.storey": "?",
            "child.dob": "2 November 2010",
            "child.sex": null,
        })),
    );
    let view = odile.view();
    assert_eq!(shown(&view, "transfer.needed"), true);
    assert_eq!(text(&view, "transfer.reason"), "Travel and belonging.");
    let why = |place: &str| left.iter().find(|(question, _)| question == place).map(|(_, why)| why.as_str());
    assert!(why("qa.feedback").unwrap().contains("Virtual School"));
    assert!(why("funding.requested").unwrap().contains("worked out"));
    assert!(why("signoff.dt").unwrap().contains("sign-off"));
    assert!(why("care.storey").unwrap().contains("care.story"));
    assert!(why("child.dob").unwrap().contains("written as 2026-06-04"));
    assert_eq!(left.len(), 5);
}

#[test]
fn what_the_plan_does_not_ask_is_left_out_with_the_reason() {
    let mut odile = Device::of("Odile");
    let left = import(&mut odile, &with_answers(json!({ "transfer.needed": false, "transfer.reason": "Travel." })));
    assert!(left[0].0 == "transfer.reason" && left[0].1.contains("not asked"), "{left:?}");
}

#[test]
fn what_is_answered_already_stays_and_is_said_and_gaps_in_a_row_are_filled() {
    let mut ottoline = school();
    let kept = with_answers(json!({
        "setting.hoursOffered": 25,
        "setting.fullTime": "yes",
        "progress.goingWell": "Nothing.",
        "attendance.terms": [{ "term": "Autumn 2025", "attended": 120, "late": 11, "percent": 81.8 }],
    }));
    let left = import(&mut ottoline, &kept);
    let places: Vec<&str> = left.iter().map(|(place, _)| place.as_str()).collect();
    let row = "attendance.terms/autumn-2025/attended";
    for place in ["attendance.terms/percent", "setting.hoursOffered", "progress.goingWell", row] {
        assert!(places.contains(&place), "{places:?} lacks {place}");
    }
    let view = ottoline.view();
    assert_eq!(shown(&view, "setting.hoursOffered"), 23.5);
    let terms = shown(&view, "attendance.terms")[0].clone();
    assert_eq!((&terms["attended"], &terms["late"]), (&121.into(), &11.into()));
}

#[test]
fn r001_04_own_words_are_brought_by_whoever_wrote_them() {
    let mut young = Device::of("Idris");
    let mut ottoline = Device::of("Ottoline");
    ottoline.set("setting.yearGroup", "10");
    young.receive(&ottoline);
    young.rewrite("voice.secWell", "maths and food");
    young.row("voice.secScales", &[("about", "lessons"), ("score", "5")]);
    let kept = file(&young.view());

    let mut again = Device::holding("Idris", DocumentKind::Main, 9);
    again.receive(&ottoline);
    import(&mut again, &kept);
    assert_eq!(shown(&again.view(), "voice.secWell"), shown(&young.view(), "voice.secWell"));
    assert_eq!(shown(&again.view(), "voice.secScales"), shown(&young.view(), "voice.secScales"));

    let left = import(&mut ottoline, &kept);
    for place in ["voice.secWell", "voice.secScales"] {
        assert!(left.iter().any(|(left, why)| left == place && why.contains("somebody else's")), "{left:?}");
    }
    assert!(ottoline.view().answers["voice.secWell"] == Answer::Missing);
    // Words without an author are those of whoever brings them.
    import(&mut young, &with_answers(json!({ "voice.secHard": "English, too much writing" })));
    assert_eq!(shown(&young.view(), "voice.secHard")[0]["by"], "Idris Fennimoor");
}

#[test]
fn rows_and_targets_without_a_key_get_one_that_is_the_same_each_time() {
    let kept = json!({
        "format": "openpep-answers/1",
        "answers": { "setting.yearGroup": 10, "meeting.actions": [{ "action": "Quiet place at lunch", "status": "open" }] },
        "targets": [
            { "key": "ratio", "area": "Ratio", "funds": [{ "item": "Group", "unitCost": "12.00", "quantity": 8 }] },
            { "area": "English", "dueDate": "2026-05-22" },
        ],
    });
    let (mut one, mut two) = (Device::of("Ottoline"), Device::of("Lorcan"));
    let left = import(&mut one, &kept.to_string());
    assert_eq!(left, []);
    import(&mut two, &kept.to_string());
    let view = meet(&mut one, &mut two);
    assert_eq!(view.targets.len(), 2);
    assert_eq!(view.targets.iter().map(|target| target.requested).sum::<i64>(), 9_600);
    assert_eq!(shown(&view, "meeting.actions").as_array().unwrap().len(), 1);
}

#[test]
fn a_value_that_cannot_be_is_left_out_with_what_is_expected() {
    let kept = json!({
        "format": "openpep-answers/1",
        "answers": { "setting.yearGroup": 10, "attendance.terms": [{ "term": "Autumn 2025", "marks": 3 }, 7] },
        "none": { "progress.barriers": { "why": "not-known" }, "attendance.codes": { "why": "never" } },
        "targets": [{ "area": "English", "funds": [{ "item": "Tuition", "unitCost": "38.005" }] }, "English"],
    });
    let left = import(&mut Device::of("Ottoline"), &kept.to_string());
    let all: String = left.iter().map(|(place, why)| format!("{place}: {why}\n")).collect();
    for words in ["no such column", "not an object", "a reason of a few words", "nothing-to-record", "such as 520.00"] {
        assert!(all.contains(words), "{all} lacks {words}");
    }
    assert_eq!(left.len(), 6, "{all}");
}

#[test]
fn a_file_that_is_none_of_ours_is_refused_in_a_sentence() {
    let check = |text: &str, expected: NotAnswers| assert_eq!(AnswersFile::read(text).map(|_| ()), Err(expected));
    check("PK\u{3}\u{4}", NotAnswers::NotJson { line: 1 });
    check("[]", NotAnswers::OtherFormat);
    check(r#"{"pep": "…"}"#, NotAnswers::OtherFormat);
    check(r#"{"format": "openpep-answers/2"}"#, NotAnswers::OtherFormat);
    check(&" ".repeat(ANSWERS_BYTES_MAX + 1), NotAnswers::TooLarge);
    let part = r#"{"format": "openpep-answers/1", "targets": {}}"#;
    check(part, NotAnswers::Shape { part: "targets", expected: "a list of targets" });
    let deep = "[".repeat(100_000);
    assert!(AnswersFile::read(&deep).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_json_at_all_is_brought_or_left_out_but_never_breaks(text in ".{0,40}", number in any::<i64>(), at in 0..228_usize) {
        let id = &bank().questions()[at].id;
        for value in [json!(text), json!(number), json!([text]), json!({ "disputed": [] }), json!([{ "key": text, "term": text, "person": text }]), json!(0.125)] {
            let kept = json!({ "format": "openpep-answers/1", "answers": { id.as_str(): value }, "none": { id.as_str(): value }, "targets": [value, { "statement": value, "funds": value }] });
            let mut lorcan = Device::of("Lorcan");
            import(&mut lorcan, &kept.to_string());
        }
    }
}
