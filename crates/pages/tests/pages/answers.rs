//! Answers, rows and targets as people give them by a form and in a live box: wrong, old, sent twice, and by whose they are not; and
//! every page of every process.

use crate::prelude::*;

#[test]
fn every_link_of_every_page_leads_somewhere_in_every_process_for_everybody_at_every_age() {
    let ages = ["Nursery", "3", "10", "12"];
    let roles =
        [Role::DesignatedTeacher, Role::SocialWorker, Role::VirtualSchoolOfficer, Role::YoungPerson, Role::Carer];
    for (process, role) in plan::Processes::built_in().iter().zip(roles) {
        let device = Device::of(role);
        let mut plans = Vec::new();
        for age in ages {
            let pep = device.plan(device.child(&format!("A child in {age}")), &process.id);
            device.edit(&pep, Edit::Choose { question: "setting.yearGroup".into(), value: Value::Choice(age.into()) });
            plans.push(pep);
        }
        let pages = device.every_page();
        for pep in &plans {
            // Every question is on its section's page: asked, or with the reason why it is not. Of sections that are not asked
            // at all there is no page to come to.
            let shown = |question: &&plan::Question| {
                let label = maud::html! { (question.label) }.into_string();
                pages.get(&section(pep, &question.id)).is_some_and(|html| html.contains(&label))
            };
            let asked = device.view(pep).asked;
            let missing = pep.process().questions().filter(|q| asked.contains(q.id.as_str()) && !shown(q));
            assert_eq!(missing.map(|question| question.id.as_str()).collect::<Vec<_>>(), Vec::<&str>::new());
        }
        assert!(pages.values().all(|html| html.matches("<h1").count() == 1));
        // The one script is a file of ours, and nothing on a page is one.
        let ours = format!("<script src=\"{}\" defer></script>", pages::assets::address(&Default::default(), "app.js"));
        let scripts = |html: &str| html.matches("<script").count() - html.matches(&ours).count();
        assert!(pages.values().all(|html| scripts(html) == 0 && !html.contains(" style=")));
    }
}

#[test]
fn a_section_in_which_nothing_must_be_answered_is_optional_and_not_counted() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    device.set(&pep, "child.dob", "2010-11-02");
    let page = device.page(&at(&pep, ""));
    let line = |title: &str| page.split(title).nth(1).unwrap().split("</li>").next().unwrap().to_owned();
    assert!(line("Attainment (primary)").contains("Optional"));
    assert!(line("Attainment (secondary)").contains("Not started"));
}

#[test]
fn a_form_is_saved_and_its_page_says_so_and_what_was_untouched_stays() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let here = section(&pep, "progress.goingWell");
    let stamp = device.stamp(&here);
    let to = device.send(&here, &stamp, &[("progress.goingWell", "Maths,\r\nand cooking."), ("go", "here")]);
    assert_eq!(to, format!("{here}?saved=1"));
    assert_eq!(device.text(&pep, "progress.goingWell"), "Maths,\nand cooking.");
    // Sent again as the browser shows it, nothing changes.
    let before = device.view(&pep).heads;
    let same = [("progress.goingWell", "Maths,\r\nand cooking."), ("go", "plan")];
    assert_eq!(device.send(&here, &device.stamp(&here), &same), at(&pep, "?saved=1"));
    assert_eq!(device.view(&pep).heads, before);
}

#[test]
fn every_kind_of_answer_can_be_given_changed_and_taken_away() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let give = |fields: &[(&str, &str)]| {
        let here = section(&pep, fields[0].0.split('-').next().unwrap());
        device.send(&here, &device.stamp(&here), fields);
    };
    let shown = |id: &str| match &device.view(&pep).answers[id] {
        Answer::Value(value) => value.to_string(),
        Answer::Set(words) => words.iter().cloned().collect::<Vec<_>>().join(" "),
        Answer::Text { text } => text.clone(),
        _ => "nothing".to_owned(),
    };
    give(&[("child.dob-day", "2"), ("child.dob-month", "11"), ("child.dob-year", "2010")]);
    give(&[("child.sex", "~other"), ("child.sex-other", "Prefers not to say")]);
    give(&[("child.interpreterNeeded", "no"), ("child.preferredName", "Idris F")]);
    give(&[("people.socialWorker", "Odile Marrowfield")]);
    give(&[("care.placementCount", "3")]);
    for (id, value) in [
        ("child.dob", "2010-11-02"),
        ("child.sex", "Prefers not to say"),
        ("child.interpreterNeeded", "no"),
        ("child.preferredName", "Idris F"),
        ("people.socialWorker", "Odile Marrowfield"),
        ("care.placementCount", "3"),
    ] {
        assert_eq!(shown(id), value, "{id}");
    }
    // From now on that is what the child is called.
    assert!(device.page("/").contains(">Idris F<") && !device.page("/children").contains("Fennimoor"));
    give(&[("child.dob-day", ""), ("child.dob-month", ""), ("child.dob-year", "")]);
    give(&[("child.sex", "~none")]);
    give(&[("people.socialWorker", "")]);
    for id in ["child.dob", "child.sex", "people.socialWorker"] {
        assert_eq!(shown(id), "nothing", "{id}");
    }
    let several =
        plan::bank().questions().iter().find(|q| q.kind == Kind::MultiChoice && q.id == "voice.method").unwrap();
    let words: Vec<&str> = several.options.iter().map(|choice| choice.value.as_str()).collect();
    give(&[(&several.id, ""), (&several.id, words[0]), (&several.id, words[2])]);
    assert_eq!(shown(&several.id).split(' ').collect::<BTreeSet<_>>(), BTreeSet::from([words[0], words[2]]));
    give(&[(&several.id, "")]);
    assert_eq!(shown(&several.id), "nothing");
}

#[test]
fn a_text_longer_than_one_change_may_hold_arrives_whole_beside_what_others_wrote_meanwhile() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = section(&pep, "care.story");
    let long = "He cooks on Sundays, and Carys eats it. ".repeat(600);
    // Nobody wrote meanwhile: typed into an empty box, then something else in its place.
    device.send(&here, &device.stamp(&here), &[("care.story", long.trim())]);
    assert_eq!(device.text(&pep, "care.story"), long.trim());
    let other = long.to_uppercase();
    device.send(&here, &device.stamp(&here), &[("care.story", other.trim())]);
    assert_eq!(device.text(&pep, "care.story"), other.trim());
    // Somebody else wrote meanwhile at both ends of a text into which much is pasted.
    device.write(&pep, "care.story", "It began.\n\nIt goes on.");
    let stamp = device.stamp(&here);
    device.write(&pep, "care.story", "Then: It began.\n\nIt goes on. And on.");
    device.send(&here, &stamp, &[("care.story", &format!("It began.\n{}\nIt goes on.", long.trim()))]);
    assert_eq!(device.text(&pep, "care.story"), format!("Then: It began.\n{}\nIt goes on. And on.", long.trim()));
}

#[test]
fn a_form_with_several_long_texts_is_saved_whole_or_not_at_all() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let here = section(&pep, "progress.goingWell");
    let long = |words: &str| words.repeat(15_000 / words.len());
    let (well, barriers) = (long("Maths goes well. "), long("The taxi takes long. "));
    let fields = [("progress.goingWell", well.trim()), ("progress.barriers", barriers.trim())];
    device.send(&here, &device.stamp(&here), &fields);
    for (question, text) in fields {
        assert_eq!(device.text(&pep, question), text, "{question}");
    }
    // One is this person's to write and one is not: neither is written.
    let before = device.view(&pep).heads.clone();
    let edits = [("progress.goingWell", &barriers), ("care.story", &well)]
        .map(|(question, text)| Edit::Rewrite { question: question.into(), text: text.clone() });
    let written = device.with(|device| device.edit(&pep, DocumentKind::Main, Role::DesignatedTeacher, &edits, WROTE));
    assert!(written.unwrap().is_err());
    assert_eq!(device.view(&pep).heads, before);
}

#[test]
fn a_mistake_is_named_at_its_field_and_nothing_typed_is_lost() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = section(&pep, "child.dob");
    let fields = [
        ("child.dob-day", "31"),
        ("child.dob-month", "2"),
        ("child.dob-year", "2010"),
        ("child.preferredName", "Idris"),
    ];
    let kept = [&fields[..], &[("~keeps", "1")]].concat();
    let html = device.wrong(&here, &device.stamp(&here), &kept);
    assert_eq!(errors(&html), ["“Date of birth” must be a real date, for example 4 6 2026"]);
    assert!(
        html.contains("<title>Error: ") && html.contains("href=\"#child.dob-day\"") && html.contains("value=\"31\"")
    );
    assert!(html.contains("id=\"child.dob-error\"") && html.contains("value=\"Idris\"") && html.contains("autofocus"));
    // What could be taken is saved; the rest stands on the page again, and in no plan.
    assert_eq!(device.text(&pep, "child.preferredName"), "Idris");
    assert!(device.page(&here).contains("value=\"31\"") && device.view(&pep).answers["child.dob"] == Answer::Missing);
    let right = [("child.dob-day", "28"), fields[1], fields[2], fields[3]];
    device.send(&here, &hidden(&html, "made-from"), &right);
    assert_eq!(device.text(&pep, "child.preferredName"), "Idris");
}

#[test]
fn an_old_page_adds_to_a_text_and_overwrites_nobody() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = section(&pep, "care.story");
    device.write(&pep, "care.story", "He cooks. He reads.");
    device.set(&pep, "care.placedOutOfArea", "no");
    let stamp = device.stamp(&here);
    // Meanwhile, elsewhere:
    device.write(&pep, "care.story", "On Sundays he cooks. He reads.");
    device.set(&pep, "care.placedOutOfArea", "yes");
    let sent = [("care.story", "He cooks well. He reads much."), ("care.placedOutOfArea", "no")];
    device.send(&here, &stamp, &sent);
    let text = device.text(&pep, "care.story");
    for words in ["On Sundays he cooks", "cooks well.", "He reads much."] {
        assert!(text.contains(words), "{words} is lost: {text}");
    }
    assert!(device.view(&pep).answers["care.placedOutOfArea"] == Answer::Value(Value::YesNo(true)));
}

#[test]
fn a_form_takes_from_a_live_box_only_what_was_not_said_to_be_saved() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = section(&pep, "care.story");
    device.write(&pep, "care.story", "He cooks.");
    let stamp = device.stamp(&here);
    // Typed live, then somebody else wrote, then the tab lost its line and the person typed on.
    device.write(&pep, "care.story", "He cooks on Sundays.");
    device.write(&pep, "care.story", "Idris cooks on Sundays.");
    let sent = [("care.story", "He cooks on Sundays.\r\nHe sings."), ("care.story~kept", "He cooks on Sundays.")];
    device.send(&here, &stamp, &sent);
    assert_eq!(device.text(&pep, "care.story"), "Idris cooks on Sundays.\nHe sings.");
    // A box that is left out is as it is, and one that says nothing new changes nothing.
    device.send(&here, &stamp, &[("care.placedOutOfArea", "no")]);
    device.send(&here, &stamp, &[("care.story", "He cooks."), ("care.story~kept", "He cooks.")]);
    assert_eq!(device.text(&pep, "care.story"), "Idris cooks on Sundays.\nHe sings.");
}

#[test]
fn two_tabs_write_in_one_answer_and_what_is_not_theirs_is_not_live() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    device.write(&pep, "care.story", "He cooks.");
    let host = &device;
    let (mut one, mut two) = (Tab::new(1), Tab::new(2));
    let say = |tab: &mut Tab, event: Event, at: u64| {
        let told = host.on(tab, event, at).unwrap().into_iter();
        told.map(|text| serde_json::from_str(&text).unwrap()).collect::<Vec<serde_json::Value>>()
    };
    let page = section(&pep, "care.story");
    let hello = || {
        let fields = r#"{"care.story":0,"a.such":0,"signoff.vs":0}"#;
        Event::Message(format!(r#"{{"t":"hello","tab":"{}","page":"{page}","fields":{fields}}}"#, fresh()))
    };
    let told = say(&mut one, hello(), 0);
    let kinds: Vec<&str> = told.iter().map(|told| told["t"].as_str().unwrap()).collect();
    assert_eq!((kinds, told[1]["text"].as_str()), (vec!["locked", "init", "locked"], Some("He cooks.")));
    let (n, s) = (told[1]["n"].as_u64().unwrap() + 1, told[1]["s"].as_u64().unwrap());
    say(&mut two, hello(), 0);
    let edit = |n: u64, at: usize| {
        let said = format!(r#"{{"t":"edit","f":"care.story","n":{n},"s":{s},"d":[[{at},0," 🍲"]],"g":true}}"#);
        Event::Message(said)
    };
    // Kept, and not said to be saved before it is.
    assert_eq!(say(&mut one, edit(n, 8), 0), Vec::<serde_json::Value>::new());
    assert_eq!((device.text(&pep, "care.story").as_str(), one.wakes_at(0)), ("He cooks.", Some(1_500)));
    let told = say(&mut one, Event::Time, 1_500);
    assert_eq!((told[0]["t"].as_str(), told[0]["n"].as_u64()), (Some("saved"), Some(n)));
    assert_eq!(device.text(&pep, "care.story"), "He cooks 🍲.");
    let told = say(&mut two, Event::Changed, 1_500);
    assert_eq!((told[0]["t"].as_str(), told[0]["d"].to_string().as_str()), (Some("patch"), r#"[[8,0," 🍲"]]"#));
    // An edit that cuts the picture in two, or lies outside, is answered with the text anew.
    for at in [10, 99] {
        let told = say(&mut one, edit(n + 1, at), 1_600);
        assert!(told[0]["t"] == "init" && told[0]["text"] == "He cooks 🍲.");
        let told = say(&mut one, edit(n + 1, 0), 1_600);
        assert!(told.is_empty(), "what was on its way then is old");
        one = Tab::new(1);
        say(&mut one, hello(), 1_600);
    }
    // What is left is written; words that are no message end the tab.
    say(&mut one, edit(n, 0), 1_700);
    say(&mut one, Event::End, 1_800);
    assert_eq!(device.text(&pep, "care.story"), " 🍲He cooks 🍲.");
    assert!(host.on(&mut two, Event::Message("{}".into()), 0).is_none());
}

#[test]
fn a_form_that_comes_twice_is_taken_once_whatever_others_wrote_in_between() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = section(&pep, "care.story");
    let stamp = device.stamp(&here);
    let to = device.send(&here, &stamp, &[("care.story", "He cooks.")]);
    assert_eq!(device.send(&here, &stamp, &[("care.story", "He cooks.")]), to);
    assert_eq!(device.text(&pep, "care.story"), "He cooks.");
    device.write(&pep, "care.story", "On Sundays: He cooks.");
    device.send(&here, &stamp, &[("care.story", "He cooks.")]);
    assert_eq!(device.text(&pep, "care.story"), "On Sundays: He cooks.");
    // Whoever goes back and types something else is heard.
    device.send(&here, &stamp, &[("care.story", "He sings.")]);
    assert!(device.text(&pep, "care.story").contains("sings"));
}

#[test]
fn an_old_page_that_answers_differently_is_told_and_asked_again() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = section(&pep, "care.placementCount");
    device.set(&pep, "care.placementCount", "2");
    let stamp = device.stamp(&here);
    device.set(&pep, "care.placementCount", "3");
    let html = device.wrong(&here, &stamp, &[("care.placementCount", "4"), ("care.story", "He cooks.")]);
    assert!(errors(&html)[0].contains("was changed to “3” while you had this page open"), "{:?}", errors(&html));
    assert!(html.contains("value=\"4\"") && html.contains("He cooks."));
    assert!(
        device.view(&pep).answers["care.placementCount"]
            == Answer::Value(plan::parse_value("care.placementCount", "3").unwrap())
    );
    let (stamp, saw) = (hidden(&html, "made-from"), hidden(&html, "care.placementCount~saw"));
    let again = [("care.placementCount", "4"), ("care.placementCount~saw", saw.as_str()), ("care.story", "He cooks.")];
    device.send(&here, &stamp, &again);
    assert!(
        device.view(&pep).answers["care.placementCount"]
            == Answer::Value(plan::parse_value("care.placementCount", "4").unwrap())
    );
    assert_eq!(device.text(&pep, "care.story"), "He cooks.");
}

#[test]
fn a_page_made_from_what_this_device_does_not_know_writes_nothing() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = section(&pep, "care.story");
    for stamp in ["", "nonsense", &"ab".repeat(32), &format!("{} {}", device.stamp(&here), "cd".repeat(32))] {
        let html = device.wrong(&here, stamp, &[("care.story", "He cooks.")]);
        assert!(html.contains("Nothing was saved"), "{stamp}");
    }
    assert_eq!(device.text(&pep, "care.story"), "");
}

#[test]
fn why_there_is_no_answer_is_said_on_the_page_and_an_answer_takes_its_place() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let here = section(&pep, "progress.barriers");
    let why = ("progress.barriers~why", "not-known");
    let html = device.wrong(&here, &device.stamp(&here), &[why, ("progress.barriers~reason", "")]);
    assert_eq!(errors(&html), ["Enter the reason why there is no answer to “Needs and barriers to learning”"]);
    let reason = ("progress.barriers~reason", "New to the school.");
    let both = [why, reason, ("progress.barriers", "Spelling")];
    assert!(errors(&device.wrong(&here, &device.stamp(&here), &both))[0].contains("but not both"));
    device.send(&here, &device.stamp(&here), &[why, reason]);
    assert!(device.view(&pep).excuses.contains_key("progress.barriers"));
    device.send(&here, &device.stamp(&here), &[why, reason, ("progress.barriers", "Spelling")]);
    assert!(!device.view(&pep).excuses.contains_key("progress.barriers"));
    let table = section(&pep, "attendance.terms");
    device.send(&table, &device.stamp(&table), &[("attendance.terms~why", "nothing-to-record")]);
    assert!(device.view(&pep).excuses.contains_key("attendance.terms"));
}

#[test]
fn what_comes_from_the_last_plan_is_confirmed_with_a_tick_or_by_changing_it() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let carried =
        |question: &str| Edit::Carry { question: question.into(), text: Some("As before.".into()), ask: true };
    assert!(device.edit(&pep, carried("progress.barriers")) && device.edit(&pep, carried("progress.strategies")));
    let here = section(&pep, "progress.barriers");
    let html = device.page(&here);
    assert_eq!(html.matches("This is still right").count(), 2);
    assert_eq!(device.view(&pep).to_confirm.len(), 2);
    let shown = [("progress.barriers", "As before."), ("progress.strategies", "As before.")];
    device.send(&here, &device.stamp(&here), &shown);
    assert_eq!(device.view(&pep).to_confirm.len(), 2, "a form that says nothing of it confirms nothing");
    let said = [shown[0], ("progress.barriers~confirm", "yes"), ("progress.strategies", "As before, and quiet.")];
    device.send(&here, &device.stamp(&here), &said);
    assert!(device.view(&pep).to_confirm.is_empty());
    assert_eq!(device.text(&pep, "progress.barriers"), "As before.");
    assert_eq!(device.text(&pep, "progress.strategies"), "As before, and quiet.");
}

#[test]
fn rows_are_added_changed_withdrawn_and_brought_back_and_never_overwritten_by_another_of_the_same_name() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let new = at(&pep, "/table/attendance.terms/new");
    let html = device.wrong(&new, &device.stamp(&new), &[("possible", "148")]);
    assert!(errors(&html)[0].starts_with("Enter “Term”"), "{:?}", errors(&html));
    let row = [("term", "Autumn 2025"), ("possible", "148"), ("attended", "121")];
    device.send(&new, &device.stamp(&new), &row);
    let html = device.wrong(&new, &device.stamp(&new), &[("term", "autumn 2025"), ("possible", "1")]);
    assert!(errors(&html)[0].contains("There is a row for “Autumn 2025” already"), "{:?}", errors(&html));
    let section = section(&pep, "attendance.terms");
    let row_of = || {
        links(&device.page(&section))
            .into_iter()
            .find(|l| l.contains("/table/attendance.terms/") && !l.ends_with("/new"))
            .unwrap()
    };
    let row = row_of();
    assert!(!row.contains("utumn"), "an address holds no answer: {row}");
    let html = device.wrong(&row, &device.stamp(&row), &[("possible", "many"), ("attended", "120")]);
    assert!(errors(&html)[0].contains("must be a number") && html.contains("value=\"many\""));
    device.send(&row, &device.stamp(&row), &[("possible", "150"), ("attended", "")]);
    let cells = |key: &str| match &device.view(&pep).answers["attendance.terms"] {
        Answer::Table(rows) => rows[0].to_json()[key].clone(),
        _ => serde_json::Value::Null,
    };
    assert_eq!(
        (cells("possible"), cells("attended"), cells("term")),
        (150.into(), serde_json::Value::Null, "Autumn 2025".into())
    );
    let withdraw = format!("{row}/withdraw");
    device.send(&withdraw, &device.stamp(&withdraw), &[]);
    assert_eq!(cells("withdrawn"), true);
    assert!(device.page(&section).contains("Withdrawn rows (1)"));
    device.send(&row, &device.stamp(&row), &[]);
    assert_eq!(cells("withdrawn"), serde_json::Value::Null);
}

#[test]
fn a_target_sent_twice_is_one_target_and_its_money_counts_against_the_allocation() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    device.set(&pep, "setting.yearGroup", "10");
    let new = at(&pep, "/targets/new");
    let html = device.page(&new);
    let (stamp, fresh) = (hidden(&html, "made-from"), hidden(&html, "target"));
    let fields = [
        ("target", fresh.as_str()),
        ("category", "academic"),
        ("area", "Ratio"),
        ("statement", "15/20"),
        ("status", "agreed"),
    ];
    let to = device.send(&new, &stamp, &fields);
    device.send(&new, &stamp, &fields);
    assert_eq!(device.view(&pep).targets.len(), 1);
    let one = to.split('?').next().unwrap().to_owned();
    let fund = format!("{one}/funds/new");
    device.send(
        &fund,
        &device.stamp(&fund),
        &[("item", "Maths group"), ("unitCost", "520.01"), ("quantity", "1"), ("payTo", "school")],
    );
    // Two long texts of a target merge as those of a section do.
    let stamp = device.stamp(&one);
    device
        .edit(&pep, Edit::Rewrite { question: format!("targets.list/{fresh}/statement"), text: "By May 15/20".into() });
    device.send(&one, &stamp, &[("statement", "15/20 in two tests"), ("measure", "Two tests")]);
    let target = device.view(&pep).targets[0].to_json();
    assert_eq!((&target["statement"], &target["measure"]), (&"By May 15/20 in two tests".into(), &"Two tests".into()));
    let withdraw = format!("{one}/withdraw");
    device.send(&withdraw, &device.stamp(&withdraw), &[]);
    assert!(device.page(&at(&pep, "/targets")).contains("In withdrawn targets"));
    device.send(&one, &device.stamp(&one), &[]);
    assert!(!device.view(&pep).targets[0].row.withdrawn);
}

#[test]
fn what_is_not_theirs_people_read_and_are_told_whose_it_is_but_cannot_send() {
    let (device, pep) = Device::idris(Role::Carer);
    let here = section(&pep, "care.legalStatus");
    let stamp = device.stamp(&section(&pep, "carer.goingWell"));
    let html = device.wrong(&here, &stamp, &[("care.legalStatus", "C2"), ("signoff.sw", "me")]);
    assert_eq!(errors(&html), ["You cannot change this answer any more. It is for the social worker to write."]);
    assert!(html.contains("Not saved: Legal status"), "{html}");
    assert!(device.view(&pep).answers["care.legalStatus"] == Answer::Missing);
    for target in ["/table/attendance.terms/new", "/targets/new"] {
        assert_eq!(device.get(&at(&pep, target)).0, 403, "{target}");
    }
    // A carer's own words in a target are the carer's, though the target is not.
    let comments = at(&pep, "/comments/care.legalStatus");
    assert_eq!(errors(&device.wrong(&comments, &stamp, &[("text", " ")])), ["Enter a comment"]);
    device.send(&comments, &stamp, &[("text", "Is this still so?")]);
    assert_eq!(device.view(&pep).comments.len(), 1);
    // Working notes of the Virtual School are not on this device.
    let notes = plan::bank().questions().iter().find(|q| q.document() == DocumentKind::Quality);
    if let Some(notes) = notes {
        assert!(device.page(&section(&pep, &notes.id)).contains("not shared with you"));
    }
}

#[test]
fn what_is_not_there_is_said_in_words() {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let other = Pep { term: Term::Summer, ..pep.clone() };
    for (target, status, words) in [
        ("/nothing".to_owned(), 404, "Page not found"),
        ("/pep/7c1e".to_owned(), 404, "Page not found"),
        (at(&other, ""), 404, "This plan is not on this device"),
        (at(&pep, "/page/Z/voice"), 404, "Page not found"),
        (at(&pep, "/page/B/nothing"), 404, "Page not found"),
        (at(&pep, "/table/care.story/new"), 404, "Page not found"),
        (at(&pep, "/table/attendance.terms/0123"), 404, "Page not found"),
        (at(&pep, "/targets/0123"), 404, "Page not found"),
        (at(&pep, "/comments/no.question"), 404, "Page not found"),
        (at(&pep, "/history/no.question"), 404, "Page not found"),
        (at(&pep, "/choose/0123"), 404, "Page not found"),
    ] {
        let (got, html) = device.get(&target);
        assert_eq!(got, status, "{target}");
        assert!(html.contains(words), "{target}");
        assert!(!html.contains("Idris"), "{target} names a child");
    }
    // A form to a page that takes none changes nothing.
    assert!(device.wrong("/children", "", &[]).contains("Page not found"));
    // A plan of a child whose team one has left: the device still has it, and does not show it.
    let stranger = Pep { child: fresh(), ..pep };
    let started = stranger.clone();
    device.with(move |device| device.start_pep(&started, Role::DesignatedTeacher).unwrap());
    assert_eq!(device.get(&at(&stranger, "")).0, 403);
    assert!(!device.page("/").contains(&stranger.id().to_string()));
}

#[test]
fn three_hundred_children_are_listed_ordered_and_found() {
    let device = Device::of(Role::SocialWorker);
    let mut plans = Vec::new();
    for n in 0..300 {
        let child = device.child(&format!("Child {n:03}"));
        if n % 10 == 0 {
            plans.push(device.plan(child, "sections"));
        }
    }
    device.set(&plans[7], "meeting.kind", "meeting");
    device.set(&plans[7], "meeting.date", "2025-01-14");
    let html = device.page("/children");
    assert_eq!(html.matches("<th class=\"govuk-table__header\" scope=\"row\"").count(), 300);
    assert!(html.find("Child 001").unwrap() < html.find("Child 299").unwrap());
    assert_eq!(device.page("/children?show=none").matches("No plan yet<br>").count(), 270);
    let due = device.page("/children?show=due&order=due");
    assert!(due.contains("Child 070") && due.contains("Overdue"));
    assert!(device.page("/children?show=x&order=y").contains("300 children"));
    // What a list said is not said again once the plan has changed.
    let before = device.page("/children?show=all");
    device.write(&plans[3], "child.preferredName", "Wren");
    assert!(!before.contains(">Wren<") && device.page("/children?show=all").contains(">Wren<"));
}

#[test]
fn r003_32_after_sign_off_a_child_stands_under_up_coming_until_the_next_pep_is_begun() {
    let (device, pep) = crate::scenes::of_sample("idris", Role::VirtualSchoolOfficer);
    let meetings = device.page("/meetings");
    assert!(meetings.contains("Up-coming") && meetings.contains("4 June 2026"), "{meetings}");
    assert!(device.page("/children?show=coming").contains("4 June 2026"));
    let summer = plan::Pep { term: plan::Term::Summer, ..pep };
    device.starts(&summer);
    device.write(&summer, "meeting.notes", "Begun.");
    assert!(!device.page("/meetings").contains("Up-coming"));
    assert!(device.page("/children?show=coming").contains("No child is in this list"));
}

#[test]
fn the_history_is_newest_first_and_what_one_person_did_at_a_stretch_is_one_entry() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    device.write(&pep, "care.story", "He cooks.");
    device.set(&pep, "child.interpreterNeeded", "no");
    let html = device.page(&at(&pep, "/history"));
    let place = |words: &str| html.find(words).unwrap_or_else(|| panic!("no {words}"));
    assert!(place("Wrote in “What helps school understand my story”") < place("Answered “Interpreter needed?”"));
    assert_eq!(html.matches("pep-timeline__item").count(), 1);
    assert!(device.page(&at(&pep, "/news")).contains("Nothing is new"), "what one wrote oneself is no news");
    let of_one = device.page(&at(&pep, "/history/care.story"));
    assert!(of_one.contains("Wrote in") && !of_one.contains("Interpreter"));
    assert!(device.page(&at(&pep, "/history?skip=900")).contains("Newer"));
}

#[test]
fn the_council_sets_its_name_and_a_colour_that_carries_white_words() {
    let (device, _) = Device::idris(Role::DesignatedTeacher);
    let says = |settings: &str| {
        device.council.replace(serde_json::from_str(settings).unwrap());
        device.page("/help")
    };
    let html = says("{\"name\": \"Harrowmere & Sons\", \"colour\": \"#00414A\"}");
    assert!(html.contains("Harrowmere &amp; Sons</span>") && html.contains("/assets/00414a/colour.css"));
    for bad in ["{\"colour\": \"#ffdd00\"}", "{\"colour\": \"red\"}"] {
        assert!(says(bad).contains("/assets/33475b/colour.css"), "{bad}");
    }
}
