//! Forms that save themselves: a field that comes by itself, what cannot be taken and is kept, and what stands on its page again.

use crate::prelude::*;

const DAY: [&str; 3] = ["child.dob-day", "child.dob-month", "child.dob-year"];

impl Device {
    /// A field as the script sends it by itself; the status of the answer, and the answer.
    fn alone(&self, target: &str, stamp: &str, field: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let all = [&[("~keeps", "1"), ("~one", field)][..], fields].concat();
        match self.ask(target, Some(&form(stamp, &all))) {
            Sent::Page { status, html } => (status, html),
            _ => panic!("{target}: a field by itself led somewhere"),
        }
    }

    fn says_not_saved(&self) -> bool {
        self.page("/sync").contains("Not saved: 1 answer needs looking at.")
    }
}

fn dob(day: &str, month: &str, year: &str) -> [(&'static str, String); 3] {
    [(DAY[0], day.to_owned()), (DAY[1], month.to_owned()), (DAY[2], year.to_owned())]
}

fn lent<'a>(fields: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[test]
fn a_field_that_comes_by_itself_is_one_change_and_leaves_the_rest_alone() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = section(&pep, "child.dob");
    let old = device.stamp(&here);
    // Somebody answers another field of the page meanwhile; its own stamp is old, and it says nothing of that field.
    device.set(&pep, "child.sex", "male");
    let (status, html) = device.alone(&here, &old, "child.dob", &lent(&dob("2", "11", "2010")));
    assert_eq!(status, 200);
    let view = device.view(&pep);
    assert!(view.answers["child.dob"] == Answer::Value(plan::parse_value("child.dob", "2010-11-02").unwrap()));
    assert!(view.answers["child.sex"] == Answer::Value(Value::Choice("male".into())));
    // From what it is told it goes on, without asking whether somebody else had changed it.
    let stamp = hidden(&html, "made-from");
    let before = device.view(&pep).heads.clone();
    assert_eq!(device.alone(&here, &stamp, "child.dob", &lent(&dob("3", "11", "2010"))).0, 200);
    let after = device.view(&pep).heads.clone();
    assert!(before != after);
    // The same once more writes nothing.
    assert_eq!(device.alone(&here, &stamp, "child.dob", &lent(&dob("3", "11", "2010"))).0, 200);
    assert!(device.view(&pep).heads == after);
}

#[test]
fn what_is_no_value_is_a_draft_that_stands_on_its_page_until_it_is_put_right_or_emptied() {
    for emptied in [false, true] {
        let (device, pep) = Device::idris(Role::SocialWorker);
        let here = section(&pep, "child.dob");
        let (status, html) = device.alone(&here, &device.stamp(&here), "child.dob", &lent(&dob("31", "2", "2010")));
        assert_eq!(status, 422);
        assert!(html.contains("must be a real date"));
        // It keeps nothing else from being saved, and is said wherever it is said that something is saved.
        assert_eq!(
            device.alone(&here, &device.stamp(&here), "child.preferredName", &[("child.preferredName", "Idris")]).0,
            200
        );
        assert_eq!(device.text(&pep, "child.preferredName"), "Idris");
        assert!(device.says_not_saved());
        assert!(!device.page("/sync").contains("Everything is saved"));
        let again = device.page(&here);
        assert!(
            again.contains("value=\"31\"") && again.contains("must be a real date") && !again.contains("Error: Who")
        );
        let fields = if emptied { dob("", "", "") } else { dob("28", "2", "2010") };
        assert_eq!(device.alone(&here, &device.stamp(&here), "child.dob", &lent(&fields)).0, 200);
        assert!(!device.says_not_saved());
        assert!(!device.page(&here).contains("must be a real date"));
        assert_eq!(device.view(&pep).answers["child.dob"] == Answer::Missing, emptied);
    }
}

#[test]
fn a_field_that_somebody_else_changed_meanwhile_is_told_and_both_are_there() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = section(&pep, "child.sex");
    let old = device.stamp(&here);
    device.set(&pep, "child.sex", "male");
    let (status, html) = device.alone(&here, &old, "child.sex", &[("child.sex", "female")]);
    assert_eq!(status, 422);
    assert!(html.contains("was changed to “Male” while you had this page open"), "{html}");
    let stands = || device.view(&pep).answers["child.sex"].clone();
    assert!(stands() == Answer::Value(Value::Choice("male".into())));
    // The page opened again shows mine, and what the plan says; it is saved only where somebody says so.
    let again = device.page(&here);
    assert!(again.contains("is not saved: the plan says “Male”"), "{again}");
    let saw = ("child.sex~saw", &*hidden(&again, "child.sex~saw"));
    assert_eq!(device.alone(&here, &old, "child.sex", &[("child.sex", "female"), saw]).0, 200);
    assert!(stands() == Answer::Value(Value::Choice("female".into())));
    assert!(!device.says_not_saved());
}

#[test]
fn a_row_that_does_not_exist_yet_is_kept_as_it_is_typed_and_added_once() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let new = at(&pep, "/table/attendance.terms/new");
    let stamp = device.stamp(&new);
    let half = [("possible", "110"), ("attended", "96")];
    let only = [&half[..], &[("~draft", "1"), ("row", "4f6d0f5e-5a0b-4b7c-8a67-4d0c5f1c0001")]].concat();
    assert_eq!(device.alone(&new, &stamp, "", &only).0, 200);
    assert!(plan_rows(&device, &pep).is_empty());
    assert!(device.says_not_saved() && device.page(&new).contains("value=\"96\""));
    // Left without its term it cannot be added, and stays.
    assert_eq!(device.alone(&new, &stamp, "", &half).0, 422);
    assert!(device.page(&new).contains("value=\"96\"") && plan_rows(&device, &pep).is_empty());
    let whole = [&half[..], &[("term", "Autumn 2026")]].concat();
    assert_eq!(device.alone(&new, &stamp, "", &whole).0, 200);
    assert_eq!(plan_rows(&device, &pep).len(), 1);
    assert!(!device.says_not_saved() && !device.page(&new).contains("value=\"96\""));
}

fn plan_rows(device: &Device, pep: &Pep) -> Vec<String> {
    match device.view(pep).answers.get("attendance.terms") {
        Some(Answer::Table(rows)) => rows.iter().map(|row| row.key.clone()).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn a_comment_that_is_not_sent_waits_on_its_page_and_is_no_comment() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = at(&pep, "/comments/care.story");
    let draft = [("text", "Ask his carer first."), ("~draft", "1")];
    assert_eq!(device.alone(&here, &device.stamp(&here), "", &draft).0, 200);
    assert!(device.view(&pep).comments.is_empty() && device.page(&here).contains("Ask his carer first."));
    let listed = device.page("/sync");
    assert!(listed.contains("A comment on “") && !listed.contains("Ask his carer first."));
    let discard = listed.split("name=\"discard\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let Sent::Go(_) = device.ask(&to("/sync"), Some(&format!("discard={discard}"))) else { panic!("not discarded") };
    assert!(!device.page(&here).contains("Ask his carer first.") && !device.says_not_saved());
}

#[test]
fn a_button_that_leaves_a_form_saves_what_can_be_saved_keeps_the_rest_and_goes() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = section(&pep, "child.dob");
    let day = dob("31", "2", "2010");
    let mut fields = lent(&day);
    fields.extend([("~keeps", "1"), ("child.preferredName", "Idris"), ("go", "/comments/child.dob")]);
    let Sent::Go(to) = device.ask(&here, Some(&form(&device.stamp(&here), &fields))) else { panic!("it stayed") };
    assert_eq!(to, at(&pep, "/comments/child.dob"));
    assert_eq!(device.text(&pep, "child.preferredName"), "Idris");
    assert!(device.says_not_saved() && device.page(&here).contains("value=\"31\""));
    // Nowhere outside the plan.
    for bad in ["//elsewhere.example/", "/<b>", "https://elsewhere.example/"] {
        let sent = [("~keeps", "1"), ("child.preferredName", "Idris"), ("go", bad)];
        let Sent::Go(to) = device.ask(&here, Some(&form(&device.stamp(&here), &sent))) else { panic!("it stayed") };
        assert!(to.starts_with(&at(&pep, "")), "{bad} leads to {to}");
    }
}

#[test]
fn drafts_are_bounded_and_what_is_too_long_is_not_kept_silently() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = at(&pep, "/comments/care.story");
    let long = "x".repeat(300_000);
    let (status, html) = device.alone(&here, &device.stamp(&here), "", &[("text", &long), ("~draft", "1")]);
    assert_eq!(status, 413);
    assert!(html.contains("too much at once") && !device.says_not_saved());
    let place = |n: usize| participant::device::DraftPlace {
        pep: pep.id(),
        page: format!("p{n}"),
        form: String::new(),
        field: String::new(),
    };
    for n in 0..300 {
        let draft = participant::device::Draft { place: place(n), said: "a=1".into(), at: i64::try_from(n).unwrap() };
        assert!(device.with(|device| device.keep_draft(&draft)).unwrap());
    }
    let kept = device.with(|device| device.drafts()).unwrap();
    assert_eq!(kept.len(), 256);
    assert!(kept[0].place == place(44), "the oldest go first");
}

#[test]
fn whoever_may_add_the_picture_has_a_way_to_add_one_on_its_page() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    device.grows(&pep, "10");
    let here = section(&pep, "voice.picture");
    let page = device.page(&here);
    assert!(page.contains("Add a picture"), "{page}");
    let add = at(&pep, "/picture");
    let photo = crate::child::photo(10);
    let saw = hidden(&device.page(&add), "saw");
    device.send(&add, &device.stamp(&add), &[("saw", &saw), ("file", &photo)]);
    assert!(device.page(&here).contains("Change the picture"));
    assert!(matches!(device.ask(&at(&pep, "/views/picture"), None), Sent::Picture(_)));
    let wrong =
        device.wrong(&add, &device.stamp(&add), &[("saw", &hidden(&device.page(&add), "saw")), ("file", "bm8=")]);
    assert!(wrong.contains("That is not a picture that can be kept"));
    device.send(&add, &device.stamp(&add), &[("saw", &hidden(&device.page(&add), "saw")), ("go", "clear")]);
    assert!(device.page(&here).contains("Add a picture"));
}

#[test]
fn a_target_keeps_its_number_whatever_is_added_withdrawn_or_renamed() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let target = |key: u8, area: &str| Edit::PutTarget {
        key: Uuid::from_bytes([key; 16]).to_string(),
        fields: [("area".to_owned(), Some(Value::Text(area.into())))].into(),
    };
    let numbers = || -> Vec<(usize, String)> {
        let view = device.view(&pep);
        let area = |target: &plan::Target| match target.row.cells.get("area") {
            Some(plan::Cell::Value(area)) => area.to_string(),
            _ => String::new(),
        };
        view.targets.iter().map(|target| (target.number, area(target))).collect()
    };
    // Keys and subjects in the other order than that of being made.
    device.edit(&pep, target(9, "English"));
    device.edit(&pep, target(5, "Calm"));
    device.edit(&pep, target(1, "Attendance"));
    let three = || [(1, "English".to_owned()), (2, "Calm".to_owned()), (3, "Attendance".to_owned())];
    assert_eq!(numbers(), three());
    device.edit(&pep, Edit::WithdrawTarget { key: Uuid::from_bytes([9; 16]).to_string() });
    assert_eq!(numbers(), three());
    device.edit(&pep, target(5, "Being calm"));
    assert_eq!(numbers()[1], (2, "Being calm".to_owned()));
    let page = device.page(&at(&pep, "/targets"));
    assert!(page.contains("Target 2: Being calm") && page.contains("Target 3: Attendance"));
}

#[test]
fn save_and_next_leads_to_the_next_section_that_is_ones_own() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let mut here = section(&pep, "child.dob");
    let mut seen = BTreeSet::from([here.clone()]);
    for _ in 0..3 {
        assert!(device.page(&here).contains("Save and go on to “"), "{here}");
        let to = device.send(&here, &device.stamp(&here), &[("go", "next")]);
        here = to.split('?').next().unwrap().to_owned();
        assert!(here.contains("/page/") && seen.insert(here.clone()), "{to}");
        assert!(device.page(&here).contains("name=\"go\""), "nothing to answer on {here}");
    }
}

#[test]
fn what_a_colleague_chooses_comes_to_pages_that_are_only_read_and_to_the_meeting() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    device.set(&pep, "meeting.kind", "meeting");
    let regions = |target: &str| -> BTreeMap<String, String> {
        device
            .turn(|turn| {
                let request = Request::new(&turn.env.base, false, target, b"").unwrap();
                pages::routes::regions(turn, &request)
            })
            .into_iter()
            .collect()
    };
    let live = at(&pep, "/meeting/live");
    assert!(regions(&live)["seats-now"].contains("Chair") && !regions(&live)["seats-now"].contains("Odile"));
    device.set(&pep, "meeting.chair", "Odile Marrowfield");
    assert!(regions(&live)["seats-now"].contains("Odile Marrowfield"));
    assert!(regions(&at(&pep, "/meeting"))["when"].contains("Odile Marrowfield"));
    let section = section(&pep, "child.sex");
    let before = regions(&section);
    device.set(&pep, "child.sex", "male");
    let after = regions(&section);
    assert!(after["read-child.sex"].contains("Male") && before["values"] != after["values"]);
}

#[test]
fn what_somebody_says_with_a_signature_waits_and_no_way_off_the_page_signs() {
    let (device, pep) = Device::idris(Role::Carer);
    let here = at(&pep, "/sign-off");
    let words = [("comment", "I would like more notice."), ("on-day", "26"), ("on-month", "2"), ("on-year", "2026")];
    let draft = [&words[..], &[("~draft", "1"), ("~act", "1")]].concat();
    assert_eq!(device.alone(&here, &device.stamp(&here), "", &draft).0, 200);
    let page = device.page(&here);
    assert!(page.contains("I would like more notice.") && page.contains("data-kept"), "{page}");
    let listed = device.page("/sync");
    assert!(listed.contains("What you say with your signature") && !listed.contains("more notice"));
    // Without a script the ways off are buttons of the form: they keep it, go where they say, and sign nothing.
    for (go, leads) in [("~/children", to("/children")), ("/", at(&pep, "")), ("~/settings", to("/settings"))] {
        assert!(page.contains(&format!("name=\"go\" value=\"{go}\"")), "{go}: {page}");
        let left = [&words[..], &[("~keeps", "1"), ("~act", "1"), ("go", go)]].concat();
        let Sent::Go(went) = device.ask(&here, Some(&form(&device.stamp(&here), &left))) else { panic!("{go} stayed") };
        assert_eq!(went, leads);
        assert!(device.view(&pep).sign_offs.is_empty() && device.page(&here).contains("more notice"));
    }
    // A day that the page itself filled in is nothing that somebody entered.
    let nothing = [&words[1..], &[("comment", ""), ("~keeps", "1"), ("~act", "1"), ("go", "/")]].concat();
    device.ask(&here, Some(&form(&device.stamp(&here), &nothing)));
    assert!(!device.says_not_saved());
    device.alone(&here, &device.stamp(&here), "", &draft);
    // Signed, it waits no more.
    let sign = [&words[..], &[("~keeps", "1"), ("~act", "1")]].concat();
    device.send(&here, &device.stamp(&here), &sign);
    assert_eq!(device.view(&pep).sign_offs.len(), 1);
    assert!(!device.says_not_saved());
}

#[test]
fn settings_and_a_new_pep_keep_what_was_entered_and_start_nothing_by_a_way_off() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let new = format!("/children/{}/new", pep.child);
    let chosen = [("term", "2026-spring"), ("type", "interim"), ("process", "sections")];
    let draft = [&chosen[..], &[("~draft", "1")]].concat();
    assert_eq!(device.alone(&new, "none", "", &draft).0, 200);
    assert!(device.page(&new).contains("value=\"interim\" checked"));
    assert!(device.page("/sync").contains("A new PEP"));
    let left = [&chosen[..], &[("~keeps", "1"), ("~act", "1"), ("go", "~/meetings")]].concat();
    let Sent::Go(went) = device.ask(&new, Some(&form("none", &left))) else { panic!("it stayed") };
    assert_eq!(went, to("/meetings"));
    assert_eq!(device.with(|device| device.peps().count()), 1, "nothing was started");
    // What is wrong stays, too; what is started is no draft any more.
    device.wrong(&new, "none", &[("~keeps", "1"), ("~act", "1"), ("type", "review")]);
    assert!(device.page(&new).contains("value=\"review\" checked"));
    device.send(
        &new,
        "none",
        &[("term", "2025/26-summer"), ("type", "review"), ("process", "sections"), ("~keeps", "1")],
    );
    assert_eq!(device.with(|device| device.peps().count()), 2);
    assert!(!device.page(&new).contains("value=\"review\" checked") && !device.says_not_saved());

    // Settings are saved as one leaves; before that they wait.
    let page = device.page("/settings");
    assert!(page.contains("name=\"go\" value=\"~/children\""), "{page}");
    assert_eq!(device.alone("/settings", "none", "", &[("text", "larger"), ("pause", "yes"), ("~draft", "1")]).0, 200);
    let page = device.page("/settings");
    assert!(page.contains("value=\"larger\" checked") && page.contains("data-kept"), "{page}");
    assert!(!page.contains("pep-text-larger"), "not before the button");
    let sent = [("text", "larger"), ("~keeps", "1"), ("go", "~/children")];
    let Sent::Go(went) = device.ask(&to("/settings"), Some(&form("none", &sent))) else { panic!("it stayed") };
    assert_eq!(went, to("/children"));
    assert!(device.page("/children").contains("pep-text-larger") && !device.says_not_saved());
}

#[test]
fn every_link_around_a_page_with_a_form_is_a_button_of_it_where_no_script_runs() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    for page in [section(&pep, "child.dob"), at(&pep, "/comments/care.story"), to("/settings")] {
        let html = device.page(&page);
        for address in ["/", "/children", "/meetings", "/sync", "/help", "/settings", "/accessibility", "/about"] {
            let button = format!("form=\"fields\" name=\"go\" value=\"~{address}\"");
            assert!(html.contains(&button), "{page}: {address}");
        }
    }
    // A page without one has links alone.
    assert!(!device.page(&at(&pep, "")).contains("value=\"~/"));
    let here = section(&pep, "child.dob");
    let sent = [("~keeps", "1"), ("child.preferredName", "Idris F"), ("go", "~/help")];
    let Sent::Go(went) = device.ask(&here, Some(&form(&device.stamp(&here), &sent))) else { panic!("it stayed") };
    assert_eq!((went, device.text(&pep, "child.preferredName")), (to("/help"), "Idris F".to_owned()));
    for bad in ["~//elsewhere.example/", "~https://elsewhere.example", "~"] {
        let sent = [("~keeps", "1"), ("go", bad)];
        let Sent::Go(went) = device.ask(&here, Some(&form(&device.stamp(&here), &sent))) else { panic!("it stayed") };
        assert!(went.starts_with(&at(&pep, "")), "{bad} leads to {went}");
    }
}
