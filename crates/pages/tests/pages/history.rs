//! Looking back: who wrote what, what changed, and having it back as it was.

use crate::prelude::*;

/// Nine in the morning of the day on which the stories write.
const DAY: i64 = 1_772_096_400;

impl Device {
    fn at(&self, pep: &Pep, at: i64, edit: Edit) {
        let kind = edit.document().unwrap();
        let (pep, role) = (pep.clone(), self.role);
        let done = self.with(move |device| matches!(device.edit(&pep, kind, role, &[edit], at), Ok(Ok(_))));
        assert!(done);
    }

    /// Writes a text at a moment.
    pub fn wrote(&self, pep: &Pep, at: i64, question: &str, text: &str) {
        self.at(pep, at, Edit::Rewrite { question: question.into(), text: text.into() });
    }
}

/// The links of a page that bring something back, newest first.
fn restores(html: &str) -> Vec<String> {
    links(html).into_iter().filter(|link| link.matches('/').count() == 6 && link.contains("/history/")).collect()
}

#[test]
fn the_words_that_changed_are_shown_and_said_and_an_earlier_version_comes_back_as_an_edit() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    device.wrote(&pep, DAY, "care.story", "He cooks on Sundays.");
    device.wrote(&pep, DAY + 3_600, "care.story", "He cooks on Mondays.");
    let whole = device.page(&at(&pep, "/history"));
    assert!(
        whole.contains("Removed: </span>Sundays</del>") && whole.contains("Added: </span>Mondays</ins>"),
        "{whole}"
    );
    let here = at(&pep, "/history/care.story");
    let page = device.page(&here);
    let back = restores(&page);
    assert_eq!(back.len(), 1, "of the newest version there is nothing to restore");
    let page = device.page(&back[0]);
    for words in
        ["As it is now", "He cooks on Mondays.", "As it was", "He cooks on Sundays.", "It becomes a change of yours"]
    {
        assert!(page.contains(words), "{words}");
    }
    let stamp = hidden(&page, "made-from");
    // Somebody else writes on meanwhile: that stays.
    device.wrote(&pep, DAY + 7_200, "care.story", "He cooks on Mondays. And he sings.");
    assert_eq!(device.send(&back[0], &stamp, &[]), format!("{here}?restored=1"));
    assert_eq!(device.text(&pep, "care.story"), "He cooks on Sundays. And he sings.");
    assert!(device.page(&format!("{here}?restored=1")).contains("It is as it was"));
    // Nothing is rewritten: all of it is in the history, and what was restored can be restored from.
    let page = device.page(&here);
    assert_eq!(page.matches("pep-timeline__item").count(), 4);
    assert_eq!(restores(&page).len(), 3);
}

#[test]
fn values_rows_and_targets_come_back_too_and_what_is_not_theirs_does_not() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let choose = |at: i64, question: &str, text: &str| {
        let value = plan::parse_value(question, text).unwrap();
        device.at(&pep, at, Edit::Choose { question: question.into(), value });
    };
    choose(DAY, "setting.hoursOffered", "20");
    choose(DAY + 600, "setting.hoursOffered", "25");
    let cells = |possible: &str| {
        let cell = |(column, text): (&str, &str)| {
            (column.to_owned(), Some(plan::parse_value(&format!("attendance.terms/{column}"), text).unwrap()))
        };
        [("term", "Autumn 2025"), ("possible", possible)].into_iter().map(cell).collect::<plan::Cells>()
    };
    let row = |at: i64, possible: &str| {
        let edit =
            Edit::PutRow { question: "attendance.terms".into(), key: "autumn-2025".into(), cells: cells(possible) };
        device.at(&pep, at, edit);
    };
    row(DAY, "148");
    row(DAY + 600, "150");
    row(DAY + 1_200, "152");
    let target = fresh().to_string();
    let statement = |at: i64, text: &str| {
        device.at(&pep, at, Edit::Rewrite { question: format!("targets.list/{target}/statement"), text: text.into() });
    };
    let area = plan::Cells::from([("area".to_owned(), Some(Value::Text("Maths".into())))]);
    device.at(&pep, DAY, Edit::PutTarget { key: target.clone(), fields: area });
    statement(DAY + 600, "15 of 20");
    statement(DAY + 1_200, "18 of 20");
    let restore = |question: &str, n: usize| {
        let page = device.page(&at(&pep, &format!("/history/{question}")));
        let back = restores(&page)[n].clone();
        device.send(&back, &device.stamp(&back), &[]);
    };
    restore("setting.hoursOffered", 0);
    assert_eq!(device.view(&pep).answers["setting.hoursOffered"].to_json(), 20);
    restore("attendance.terms", 0);
    assert_eq!(device.view(&pep).answers["attendance.terms"].to_json()[0]["possible"], 150);
    restore("targets.list", 0);
    assert_eq!(device.view(&pep).targets[0].to_json()["statement"], "15 of 20");
    // A value that somebody changed while the page was open is asked again.
    let page = device.page(&at(&pep, "/history/setting.hoursOffered"));
    let back = restores(&page).remove(0);
    let stamp = device.stamp(&back);
    choose(DAY + 9_000, "setting.hoursOffered", "22");
    let html = device.wrong(&back, &stamp, &[]);
    assert!(errors(&html)[0].contains("changed while you had this page open"), "{:?}", errors(&html));
    for nowhere in ["/history/setting.hoursOffered/00/00", "/history/care.story/xx/yy", "/history/no.question/00/00"] {
        assert_eq!(device.get(&at(&pep, nowhere)).0, 404, "{nowhere}");
    }
    // Who reads the history of an answer that is not theirs is offered no way to change it, and takes none.
    let (carer, pep) = Device::idris(Role::Carer);
    let edit = |text: &str| Edit::Rewrite { question: "care.story".into(), text: text.into() };
    let (started, second) = (pep.clone(), edit("He cooks and sings."));
    let first = edit("He cooks.");
    let written = carer.with(move |device| {
        let sw = Role::SocialWorker;
        let first = device.edit(&started, DocumentKind::Main, sw, &[first], DAY).is_ok_and(|done| done.is_ok());
        first && device.edit(&started, DocumentKind::Main, sw, &[second], DAY + 900).is_ok_and(|done| done.is_ok())
    });
    assert!(written);
    assert_eq!(restores(&carer.page(&at(&pep, "/history/care.story"))), Vec::<String>::new());
}

#[test]
fn the_history_is_looked_at_by_person_section_and_day_and_what_stands_out_stands_first() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    device.wrote(&pep, DAY, "care.story", "He cooks.");
    device.wrote(&pep, DAY + 86_400, "meeting.notes", "It was short.");
    device.at(&pep, DAY + 2 * 86_400, Edit::Choose { question: "meeting.held".into(), value: Value::YesNo(true) });
    let here = at(&pep, "/history");
    let page = device.page(&here);
    assert!(page.find("What stands out").unwrap() < page.find("What happened, newest first").unwrap());
    assert_eq!(page.matches("Meeting held</strong>").count(), 2);
    let count = |query: &str| device.page(&format!("{here}?{query}")).matches("pep-timeline__item").count();
    let person = Uuid::from_bytes(device.person);
    assert_eq!((count(&format!("person={person}")), count(&format!("person={}", fresh()))), (3, 0));
    let section = section(&pep, "care.story");
    let section = section.rsplit("/page/").next().unwrap().replace('/', "%2F");
    assert_eq!((count(&format!("section={section}")), count("section=Z%2Fnothing")), (1, 3));
    let second = "from-day=27&from-month=2&from-year=2026";
    assert_eq!((count(second), count(&format!("{second}&to-day=27&to-month=2&to-year=2026"))), (2, 1));
    assert!(device.page(&format!("{here}?{second}&person=")).contains("Show everything"));
    for (query, words, at) in [
        ("from-day=31&from-month=2&from-year=2026", "“From” must be a real date", "from-day"),
        ("from-day=x&from-month=&from-year=", "“From” must include", "from-day"),
        (&format!("{second}&to-day=26&to-month=2&to-year=2026"), "“To” must be the same day", "to-day"),
    ] {
        let page = device.page(&format!("{here}?{query}"));
        assert!(page.contains("<title>Error: ") && errors(&page)[0].contains(words), "{query}: {:?}", errors(&page));
        assert!(
            page.contains(&format!("href=\"#{at}\""))
                && page.contains(&format!("id=\"{}-error\"", &at[..at.len() - 4]))
        );
    }
}

#[test]
fn what_changed_since_a_signature_is_shown_answer_by_answer() {
    let (device, pep) = Device::idris(Role::YoungPerson);
    let sign = |day: u32| {
        let (pep, on) = (pep.clone(), chrono::NaiveDate::from_ymd_opt(2026, 2, day).unwrap());
        let signing = plan::Signing { question: "signoff.yp", key: fresh(), on, comment: "" };
        device.with(move |device| device.sign(&pep, Role::YoungPerson, signing, DAY).is_ok_and(|done| done.is_ok()))
    };
    device.wrote(&pep, DAY - 600, "voice.secWell", "Cooking.");
    assert!(sign(26));
    let since = links(&device.page(&at(&pep, "/history"))).into_iter().find(|link| link.contains("/since/")).unwrap();
    assert!(device.page(&since).contains("Nothing has changed since."));
    assert_eq!(device.get(&at(&pep, "/since/00")).0, 404);
}
