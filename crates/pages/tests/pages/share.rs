//! Copies to print and to hand on: what each reader gets, and what a copy says about itself.

use crate::{prelude::*, together::put_row};
use pages::copy::Reader;

/// One answer in each document that a role may write.
fn marked(device: &Device, pep: &Pep) -> Vec<(DocumentKind, String)> {
    let mut marks = Vec::new();
    for kind in DocumentKind::ALL {
        let texts = pep.process().questions().filter(|q| q.document() == *kind && q.kind == Kind::LongText);
        let mut texts = texts.map(|question| (question, format!("Marked {kind} words")));
        let written = |(question, text): &(&plan::Question, String)| {
            device.edit(pep, Edit::Rewrite { question: question.id.clone(), text: text.clone() })
        };
        marks.extend(texts.find(written).map(|(_, text)| (*kind, text)));
    }
    marks
}

#[test]
fn each_reader_s_copy_holds_what_that_reader_may_have_and_says_what_it_leaves_out() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let marks = marked(&device, &pep);
    let kinds: Vec<DocumentKind> = marks.iter().map(|(kind, _)| *kind).collect();
    assert!(kinds.contains(&DocumentKind::Main) && kinds.len() > 1, "{kinds:?}");
    let remark = Edit::Comment { key: fresh().to_string(), question: "care.story".into(), text: "A remark.".into() };
    assert!(device.edit(&pep, remark));
    let parts = device.parts(&pep);
    for reader in Reader::ALL {
        let query = format!("reader={}&{parts}", reader.word());
        let page = device.page(&at(&pep, &format!("/print/copy?{query}")));
        let (name, kind, file) = device.file(&at(&pep, &format!("/print/file?{query}")));
        assert_eq!((name, kind), (format!("pep-2025-26-spring-{}.html", reader.word()), "text/html; charset=utf-8"));
        for html in [&page, &file] {
            for (kind, words) in &marks {
                assert_eq!(html.contains(words), reader.may_have(*kind), "{words} for {}", reader.word());
            }
            let says = [reader.label(), &reader.leaves_out(), "As at", "Not yet", "with every change up to it"];
            for words in says {
                assert!(html.contains(words), "{}: {words}", reader.word());
            }
            assert!(!html.contains("A remark."));
        }
        // The file stands by itself: nothing in it leads, runs, loads or may.
        assert!(file.starts_with("<!DOCTYPE html>") && file.contains("default-src 'none'; style-src 'sha256-"));
        for door in ["<script", "<link", "<a ", " href=", " src=", "<form", " style=", "<img"] {
            assert!(!file.contains(door), "{door}");
        }
        assert_eq!((page.matches("<h1").count(), file.matches("<h1").count()), (1, 1));
    }
}

#[test]
fn a_copy_holds_the_sections_that_were_chosen_and_who_chooses_nothing_is_asked_again() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    device.write(&pep, "care.story", "He cooks for everybody.");
    device.write(&pep, "meeting.notes", "It was short.");
    let here = section(&pep, "care.story");
    let part = here.rsplit("/page/").next().unwrap();
    let copy = |query: &str| device.page(&at(&pep, &format!("/print/copy?{query}")));
    let html = copy(&format!("reader=carer&part={part}"));
    assert!(html.contains("He cooks for everybody.") && !html.contains("It was short."));
    assert!(!html.contains("No answer yet") && html.contains("no answer yet."));
    assert!(copy(&format!("reader=carer&gaps=1&part={part}")).contains("No answer yet"));
    for (query, words) in [
        (format!("part={part}"), "Choose who the copy is for"),
        (format!("reader=nobody&part={part}"), "Choose who the copy is for"),
        ("reader=carer".to_owned(), "Choose at least one section"),
        ("reader=carer&part=Z%2Fnothing".to_owned(), "Choose at least one section"),
    ] {
        let html = copy(&query);
        assert_eq!(errors(&html), [words], "{query}");
        let field = if words.contains("section") { "part" } else { "reader" };
        assert!(
            html.contains(&format!("href=\"#{field}\"")) && html.contains(&format!("id=\"{field}-error\"")),
            "{query}"
        );
    }
    // What was chosen is still chosen.
    let html = copy(&format!("part={part}"));
    assert_eq!(
        html.matches("name=\"part\"").count(),
        device.page(&at(&pep, "/print")).matches("name=\"part\"").count()
    );
    assert!(html.contains(&format!("value=\"{part}\" checked")) || html.matches(" checked").count() == 1, "{html}");
}

#[test]
fn a_child_s_copy_begins_with_what_went_well_and_was_agreed_and_with_their_own_words() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    device.set(&pep, "setting.yearGroup", "10");
    put_row(&device, &pep, "progress.achievements", &[("what", "Goalkeeper of the season")]);
    put_row(&device, &pep, "meeting.actions", &[("action", "Find a desk"), ("person", "Carys"), ("status", "open")]);
    for (key, words, status) in [(1, "I will cook for twelve", "agreed"), (2, "I will fly", "idea")] {
        let cell = |column: &str, text: &str| {
            (column.to_owned(), Some(plan::parse_value(&format!("targets.list/{column}"), text).unwrap()))
        };
        let fields = [cell("statement", words), cell("status", status), cell("dueDate", "2026-05-22")].into();
        assert!(device.edit(&pep, Edit::PutTarget { key: Uuid::from_u128(key).to_string(), fields }));
    }
    device.write(&pep, "voice.secWell", "Cooking.");
    let copy = |reader: &str, parts: &str| device.page(&at(&pep, &format!("/print/copy?reader={reader}&{parts}")));
    let parts = device.parts(&pep);
    let html = copy("child", &parts);
    let order = [
        "What went well",
        "Goalkeeper of the season",
        "What we agreed",
        "I will cook for twelve",
        "By 22 May 2026.",
        "Who does what",
        "Carys",
        "Find a desk",
        "Cooking.",
        "Progress, strengths and needs",
    ];
    let mut from = 0;
    for words in order {
        from += html[from..].find(words).unwrap_or_else(|| panic!("{words} does not come next: {html}"));
    }
    let sheet = html.split("When we meet next").next().unwrap().split("Cooking.").next().unwrap();
    assert!(!sheet.contains("I will fly") && !sheet.contains('£'));
    assert!(!copy("carer", &parts).contains("What went well"));
    // Only of the sections that were chosen.
    let voice = section(&pep, "voice.secWell");
    let html = copy("child", &format!("part={}", voice.rsplit("/page/").next().unwrap().replace('/', "%2F")));
    assert!(html.contains("Cooking.") && !html.contains("I will cook for twelve"));
}

#[test]
fn a_signed_version_is_copied_as_it_was_signed() {
    let (device, pep) = Device::idris(Role::YoungPerson);
    device.write(&pep, "voice.secWell", "Cooking.");
    let on = chrono::NaiveDate::from_ymd_opt(2026, 2, 26).unwrap();
    let signed = {
        let pep = pep.clone();
        let signing = plan::Signing { question: "signoff.yp", key: fresh(), on, comment: "Good." };
        device.with(move |device| device.sign(&pep, Role::YoungPerson, signing, 1_772_100_000).unwrap().is_ok())
    };
    assert!(signed);
    device.write(&pep, "voice.secWell", "Cooking and singing.");
    let history = device.page(&at(&pep, "/history"));
    let choose = links(&history).into_iter().find(|link| link.contains("/print?as=")).unwrap();
    let word = choose.rsplit('=').next().unwrap();
    assert!(device.page(&choose).contains(&format!("name=\"as\" value=\"{word}\"")));
    let query = format!("as={word}&reader=child&{}", device.parts(&pep));
    let html = device.page(&at(&pep, &format!("/print/copy?{query}")));
    assert!(html.contains(">Cooking.<") && !html.contains("singing") && html.contains("signed it on 26 February 2026"));
    let now = device.page(&at(&pep, &format!("/print/copy?{}", query.split_once('&').unwrap().1)));
    assert!(now.contains("Cooking and singing.") && now.contains("(of an earlier version)"));
    assert_eq!(device.get(&at(&pep, "/print/copy?as=00&reader=child&part=x")).0, 404);
}

#[test]
fn a_table_is_a_sheet_without_formulas() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let cells = |cells: &[(&str, &str)]| {
        let cell = |(column, text): &(&str, &str)| {
            ((*column).to_owned(), Some(plan::parse_value(&format!("attendance.terms/{column}"), text).unwrap()))
        };
        cells.iter().map(cell).collect::<plan::Cells>()
    };
    let writer = Writer::new(Uuid::from_bytes(device.person), device.role);
    for row in [
        vec![("term", "Autumn 2025"), ("possible", "148"), ("attended", "121")],
        vec![("term", "=HYPERLINK(\"http://evil.example\",\"a\")"), ("possible", "1")],
    ] {
        let (question, cells) = ("attendance.terms".to_owned(), cells(&row));
        let key = plan::row_key(&question, &cells, &writer, &mut || [7; 16]).unwrap();
        let edit = Edit::PutRow { question, key, cells };
        assert!(device.edit(&pep, edit));
    }
    let link = links(&device.page(&at(&pep, "/print"))).into_iter().find(|link| link.ends_with(".csv")).unwrap();
    let (name, kind, sheet) = device.file(&link);
    assert_eq!((name.as_str(), kind), ("attendance.terms.csv", "text/csv; charset=utf-8"));
    assert!(sheet.starts_with("\u{feff}Term,") && sheet.contains("Autumn 2025,") && sheet.contains("121"), "{sheet}");
    assert!(sheet.contains("\"'=HYPERLINK(\"\"http") && sheet.matches("\r\n").count() == 3, "{sheet}");
    for nowhere in ["care.story.csv", "attendance.terms", "behaviour.suspensions.csv", "no.csv"] {
        assert_eq!(device.get(&at(&pep, &format!("/print/table/{nowhere}"))).0, 404, "{nowhere}");
    }
}

#[test]
fn r000_25_a_blank_form_is_printed_by_process_and_phase_whole_or_a_page_of_it() {
    let (device, _) = Device::idris(Role::SocialWorker);
    let whole = "/blank-form?show=1&process=sections&phase=primary";
    let voice = links(&device.page(whole)).into_iter().find(|link| link.ends_with("page=B")).unwrap();
    let (whole, voice) = (device.page(whole), device.page(&voice.replace("&amp;", "&")));
    let parts = |html: &str| html.matches("pep-copy__page").count();
    assert!(parts(&whole) > 3 && parts(&voice) == 1);
    assert_eq!(errors(&device.page("/blank-form?show=1&process=nobody")), ["Choose the process", "Choose the age"]);
    for process in plan::Processes::built_in().iter() {
        for phase in plan::Phase::ALL {
            let html = device.page(&format!("/blank-form?show=1&process={}&phase={phase}", process.id));
            assert!(!html.contains("Idris") && !html.contains("<form") && html.matches("<h1").count() == 1);
            for question in process.questions() {
                let label = maud::html! { h4 { (question.label) } }.into_string();
                let asked = question.phases.is_empty() || question.phases.contains(phase);
                let wanted = asked && !question.computed && question.document() != DocumentKind::Quality;
                // Some labels are asked of several ages by questions of their own.
                assert!(!wanted || html.contains(&label), "{} {phase} {}", process.id, question.id);
            }
        }
    }
}
