//! A meeting that is being held: what is ticked, agreed, decided and set from one page, and what the wall of the room shows.

use crate::{prelude::*, together::put_row};

/// Idris's meeting, arranged for a day that has passed: no clock runs in it.
fn arranged(role: Role, process: &str) -> (Device, Pep) {
    let device = Device::of(role);
    let pep = device.plan(device.child("Idris Fennimoor"), process);
    device.set(&pep, "meeting.kind", "meeting");
    (device, pep)
}

/// Writes an answer as programs did that did not refuse it yet.
fn written_before(device: &Device, pep: &Pep, question: &'static str, word: &'static str) {
    use automerge::{ROOT, ReadDoc, transaction::Transactable};
    let doc = *pep.document(DocumentKind::Main).as_bytes();
    let done = device.with(move |device| {
        let team = device.authority(&doc);
        device.replica().write(&doc, &team, |document| {
            let mut tx = document.transaction();
            let (_, answers) = tx.get(ROOT, "answers").unwrap().unwrap();
            tx.put(&answers, question, word).unwrap();
            tx.commit();
            Ok::<_, plan::Refused>(())
        })
    });
    done.unwrap().unwrap();
}

/// The autumn's PEP, with what was agreed then.
fn autumn(device: &Device, spring: &Pep) -> String {
    let before = Pep { term: Term::Autumn, ..spring.clone() };
    let (started, role) = (before.clone(), device.role);
    device.with(move |device| device.start_pep(&started, role).unwrap());
    let agreed = [
        ("area", "Essays"),
        ("statement", "A four-paragraph essay"),
        ("measure", "4 paragraphs, twice"),
        ("status", "agreed"),
    ];
    target(device, &before, &agreed)
}

fn target(device: &Device, pep: &Pep, said: &[(&str, &str)]) -> String {
    let cell = |(column, text): &(&str, &str)| {
        ((*column).to_owned(), Some(plan::parse_value(&format!("targets.list/{column}"), text).unwrap()))
    };
    let (fields, key) = (said.iter().map(cell).collect(), fresh().to_string());
    assert!(device.edit(pep, Edit::PutTarget { key: key.clone(), fields }));
    key
}

fn fund(device: &Device, pep: &Pep, key: &str, cost: &str, pay_to: &str) {
    let table = format!("targets.list/{key}/funds");
    let cells = [("item", "Tuition"), ("unitCost", cost), ("quantity", "8"), ("payTo", pay_to)];
    let cell = |(column, text): (&str, &str)| {
        (column.to_owned(), Some(plan::parse_value(&format!("targets.list/funds/{column}"), text).unwrap()))
    };
    let cells = cells.into_iter().map(cell).collect();
    assert!(device.edit(pep, Edit::PutRow { question: table, key: fresh().to_string(), cells }));
}

fn rows(device: &Device, pep: &Pep, table: &str) -> Vec<BTreeMap<&'static str, String>> {
    let view = device.view(pep);
    let cell = |(column, cell): (&&'static str, &plan::Cell)| match cell {
        plan::Cell::Value(value) => Some((*column, value.to_string())),
        _ => None,
    };
    let rows = pages::model::Plan::rows(&view, table);
    rows.iter().filter(|row| row.counts()).map(|row| row.cells.iter().filter_map(cell).collect()).collect()
}

/// The value of a tick box beside this name.
fn tick(html: &str, name: &str) -> String {
    let label = html.split(&format!(">{name}</label>")).next().unwrap();
    label.rsplit("name=\"here\" value=\"").next().unwrap().split('"').next().unwrap().to_owned()
}

#[test]
fn r001_24_every_process_s_agenda_is_gone_through_in_its_order_and_nothing_is_left_out() {
    for process in plan::Processes::built_in().iter() {
        for (age, kind) in
            [("nursery", "meeting"), ("4", "meeting"), ("10", "meeting"), ("12", "meeting"), ("10", "desk_review")]
        {
            let (device, pep) = arranged(Role::DesignatedTeacher, &process.id);
            if kind == "desk_review" {
                written_before(&device, &pep, "meeting.kind", kind);
            }
            device.set(&pep, "setting.yearGroup", age);
            let html = device.page(&at(&pep, "/meeting/live"));
            let of_phase = plan::meeting(
                &device.view(&pep),
                &pep,
                &[],
                plan::Around { today: Default::default(), previous: None, others: &[] },
            );
            let mut place = 0;
            for (number, point) in of_phase.agenda.iter().enumerate().filter(|_| kind == "meeting") {
                let heading = maud::html! { (number + 1) ". " (point.label) "</h2>" }
                    .into_string()
                    .replace("&lt;/h2&gt;", "</h2>");
                let at = html.find(&heading).unwrap_or_else(|| panic!("{} {age}: no {heading}", process.id));
                assert!(at > place, "{}: {heading}", process.id);
                place = at;
            }
            let parts = ["here", "voice", "carer", "targets", "funding", "actions", "next", "copies"]
                .map(|part| format!("{part}-now"));
            for region in parts.iter().map(String::as_str).chain(["clock", "money", "missing", "present"]) {
                let id = format!("id=\"{region}\" data-region=");
                assert_eq!(html.matches(&id).count(), 1, "{} {age} {kind}: {region}", process.id);
            }
            let ids: Vec<&str> = html.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
            assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "an id is there twice");
            assert_eq!(html.contains("reviewed without a meeting"), kind == "desk_review");
        }
    }
}

#[test]
fn a_first_pep_has_nothing_to_review_and_off_roll_somebody_else_writes_the_targets() {
    let device = Device::of(Role::SocialWorker);
    let review = device.plan(device.child("Wren Tapplestone"), "ten-page");
    let first = Pep { kind: PepType::Initial, ..review.clone() };
    let started = first.clone();
    device.with(move |device| device.start_pep(&started, Role::SocialWorker).unwrap());
    for (pep, says) in [(&first, "This is the first PEP"), (&review, "No target of the last PEP is on this device.")] {
        device.set(pep, "meeting.kind", "meeting");
        let html = device.page(&at(pep, "/meeting/live"));
        assert!(html.contains(says) && !html.contains("Add an idea"), "{html}");
    }
    device.set(&review, "setting.rollStatus", "not_on_roll");
    let html = device.page(&at(&review, "/meeting/live"));
    assert!(html.contains("Add an idea"), "{html}");
    let idea = [("do", "idea"), ("statement", "By May I will read for ten minutes a day")];
    device.send(&at(&review, "/meeting/live"), &hidden(&html, "made-from"), &idea);
    assert_eq!(device.view(&review).targets.len(), 1);
}

#[test]
fn who_came_is_ticked_and_each_tick_is_a_choice_of_its_own() {
    let (device, pep) = arranged(Role::SocialWorker, "ten-page");
    let here = at(&pep, "/meeting/live");
    for (name, role) in [("Carys Wexcombe", "Foster carer"), ("Imelda Thackwray", "SENCO")] {
        put_row(&device, &pep, "meeting.attendees", &[("person", name), ("role", role), ("invited", "yes")]);
    }
    let html = device.page(&here);
    let (stamp, carys, imelda) =
        (hidden(&html, "made-from"), tick(&html, "Carys Wexcombe"), tick(&html, "Imelda Thackwray"));
    // The device's own person is on the team and not invited: a tick is enough.
    let me = tick(&html, "Ottoline Greaves-Penn");
    let listed = [("listed", carys.as_str()), ("listed", imelda.as_str())];
    let ticked = |ticks: Vec<String>| {
        let mut form = vec![("do".to_owned(), "here".to_owned())];
        form.extend(listed.iter().map(|(name, word)| ((*name).to_owned(), (*word).to_owned())));
        form.extend(ticks.into_iter().map(|tick| ("here".to_owned(), tick)));
        form
    };
    let send = |stamp: &str, ticks: &[&String]| {
        let form = ticked(ticks.iter().map(|tick| (*tick).clone()).collect());
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        device.send(&here, stamp, &form)
    };
    assert_eq!(send(&stamp, &[&carys, &me]), format!("{here}?saved=meeting.attendees"));
    // Somebody else ticks from a page as old as the first.
    send(&stamp, &[&imelda]);
    let came = |name: &str| {
        let rows = rows(&device, &pep, "meeting.attendees");
        rows.iter().find(|row| row["person"] == name).and_then(|row| row.get("attended").cloned())
    };
    for name in ["Carys Wexcombe", "Imelda Thackwray", "Ottoline Greaves-Penn"] {
        assert_eq!(came(name).as_deref(), Some("all"), "{name}");
    }
    let html = device.page(&format!("{here}?saved=meeting.attendees"));
    assert!(html.contains("Saved on this device") && html.matches("<strong>Here</strong>").count() == 3, "{html}");
    // A tick is taken back; whoever was there for a part stays so.
    put_row(&device, &pep, "meeting.attendees", &[("person", "Imelda Thackwray"), ("attended", "part")]);
    send(&device.stamp(&here), &[&imelda]);
    assert_eq!((came("Carys Wexcombe"), came("Imelda Thackwray").as_deref()), (None, Some("part")));
}

#[test]
fn r001_19_r001_20_with_one_button_each_people_say_who_chairs_and_who_takes_notes() {
    let (device, pep) = arranged(Role::DesignatedTeacher, "sections");
    let here = at(&pep, "/meeting/live");
    for (does, question) in [("chair", "meeting.chair"), ("notes", "meeting.noteTaker")] {
        let html = device.page(&here);
        device.send(&here, &hidden(&html, "made-from"), &[("do", does)]);
        assert!(
            matches!(&device.view(&pep).answers[question], Answer::Value(Value::Text(name)) if name == "Ottoline Greaves-Penn")
        );
    }
    let html = device.page(&here);
    assert!(!html.contains("I am the chair") && html.contains("Chair: <span class=\"pep-typed\">Ottoline"), "{html}");
}

#[test]
fn r003_16_last_term_s_targets_are_reviewed_one_by_one_and_an_old_page_is_told() {
    let (device, pep) = arranged(Role::DesignatedTeacher, "ten-page");
    let key = autumn(&device, &pep);
    let here = at(&pep, "/meeting/live");
    let html = device.page(&here);
    assert!(
        html.contains("A four-paragraph essay")
            && html.contains("4 paragraphs, twice")
            && html.contains("Not reviewed yet")
    );
    let word = hidden(&html, "target");
    let name = |column: &str| format!("{column}~{word}");
    let stamp = hidden(&html, "made-from");
    let (result, evidence, then) = (name("result"), name("evidence"), name("nextStep"));
    let say = |how, shown| {
        [
            ("do", "review"),
            ("target", word.as_str()),
            (result.as_str(), how),
            (evidence.as_str(), shown),
            (then.as_str(), "carry_forward"),
        ]
    };
    device.send(&here, &stamp, &say("partly", "3 paragraphs"));
    let row = &rows(&device, &pep, "targets.review")[0];
    assert_eq!(
        (row["target"].as_str(), row["result"].as_str(), row["evidence"].as_str()),
        (key.as_str(), "partly", "3 paragraphs")
    );
    let html = device.page(&here);
    assert!(
        html.contains("<strong>Partly</strong>: <span class=\"pep-typed\">3 paragraphs</span>. Then: carry forward"),
        "{html}"
    );
    // From a page that was open since before somebody reviewed it.
    let html = device.wrong(&here, &stamp, &say("achieved", "all of it"));
    let errors = errors(&html);
    assert!(errors.len() == 2 && errors[0].contains("was changed to “Partly” while"), "{errors:?}");
    assert!(
        html.contains("value=\"all of it\"")
            && html.contains(&format!("href=\"#{result}\""))
            && html.contains("<details class=\"govuk-details\" open>")
    );
    let first = pages::model::Plan::rows(&device.view(&pep), "targets.review").len();
    assert_eq!(first, 1);
}

#[test]
fn r000_26_an_idea_is_not_counted_until_it_is_agreed_and_agreeing_is_one_button() {
    let (device, pep) = arranged(Role::DesignatedTeacher, "ten-page");
    device.set(&pep, "setting.yearGroup", "10");
    let here = at(&pep, "/meeting/live");
    let html = device.page(&here);
    let (stamp, fresh) = (hidden(&html, "made-from"), fresh().to_string());
    let idea = [
        ("do", "idea"),
        ("fresh", fresh.as_str()),
        ("statement", "By 22 May I will write three paragraphs"),
        ("category", "academic"),
        ("area", "English"),
    ];
    for _ in 0..2 {
        assert_eq!(device.send(&here, &stamp, &idea), format!("{here}?saved=targets.list"));
    }
    fund(&device, &pep, &fresh, "38.00", "retained_by_vs");
    let html = device.page(&here);
    assert!(
        html.contains("Agreed, it would add £304: £216 would be left.") && html.contains("£520 left of the £520"),
        "{html}"
    );
    assert!(device.view(&pep).targets.len() == 1 && !device.view(&pep).targets[0].is_agreed());
    let agree = [("do", "agree"), ("target", fresh.as_str())];
    let stamp = hidden(&html, "made-from");
    device.send(&here, &stamp, &agree);
    let html = device.page(&here);
    assert!(
        device.view(&pep).targets[0].is_agreed()
            && html.contains("£216 left of the £520")
            && !html.contains("Agree this target")
    );
    // Another brings it over: nothing is refused, how much and why is said.
    let more =
        target(&device, &pep, &[("area", "Maths"), ("statement", "By 22 May I will score 15/20"), ("status", "idea")]);
    fund(&device, &pep, &more, "30.00", "school");
    let html = device.page(&here);
    assert!(html.contains("Agreed, it would add £240: £24 over."));
    device.send(&here, &hidden(&html, "made-from"), &[("do", "agree"), ("target", &more)]);
    let html = device.page(&here);
    assert!(html.contains("<strong>£24 over</strong> the £520") && html.contains("Nobody has said why yet"), "{html}");
    device.write(&pep, "funding.overReason", "An exam in June.");
    assert!(device.page(&here).contains("An exam in June."));
    // An idea without words is asked for them, and what was typed stays.
    let html = device.wrong(
        &here,
        &device.stamp(&here),
        &[("do", "idea"), ("statement", ""), ("category", "eet"), ("area", "Kitchens")],
    );
    assert_eq!(errors(&html), ["Enter what the child will do, and by when"]);
    assert!(html.contains("value=\"Kitchens\"") && html.contains("value=\"eet\" selected"), "{html}");
}

#[test]
fn r004_31_an_action_has_somebody_and_a_day_and_is_done_with_one_button() {
    let (device, pep) = arranged(Role::SocialWorker, "ten-page");
    put_row(
        &device,
        &pep,
        "meeting.attendees",
        &[("person", "Carys Wexcombe"), ("role", "Foster carer"), ("invited", "yes")],
    );
    let here = at(&pep, "/meeting/live");
    let html = device.page(&here);
    let (stamp, fresh) = (hidden(&html, "made-from"), fresh().to_string());
    let day = [("byWhen-day", "5"), ("byWhen-month", "3"), ("byWhen-year", "2025")];
    let say = |other| {
        [
            &[
                ("do", "action"),
                ("fresh", fresh.as_str()),
                ("action", "Ask for a quiet room"),
                ("person", "Carys Wexcombe"),
                ("person-other", other),
            ][..],
            &day,
        ]
        .concat()
    };
    for _ in 0..2 {
        device.send(&here, &stamp, &say(""));
    }
    let only = |device: &Device| {
        let rows = rows(device, &pep, "meeting.actions");
        assert_eq!(rows.len(), 1);
        rows[0].clone()
    };
    let row = only(&device);
    assert_eq!(
        (row["person"].as_str(), row["byWhen"].as_str(), row["status"].as_str()),
        ("Carys Wexcombe", "2025-03-05", "open")
    );
    let html = device.page(&here);
    assert!(html.contains("by 5 March 2025. <strong class=\"govuk-tag govuk-tag--red\">Overdue"), "{html}");
    let row = hidden(&html, "row");
    device.send(&here, &hidden(&html, "made-from"), &[("do", "done"), ("row", &row)]);
    assert_eq!(only(&device)["status"], "done");
    // A name that is on no list wins over the one that is chosen; a day that is none keeps what was typed.
    let html = device.wrong(
        &here,
        &device.stamp(&here),
        &[
            ("do", "action"),
            ("action", "Ring the bus office"),
            ("person-other", "Pol"),
            ("byWhen-day", "31"),
            ("byWhen-month", "2"),
            ("byWhen-year", "2026"),
        ],
    );
    assert!(
        errors(&html)[0].contains("must be a real date")
            && html.contains("value=\"Ring the bus office\"")
            && html.contains("value=\"Pol\"")
    );
    let html = device.wrong(&here, &device.stamp(&here), &[("do", "action"), ("action", " ")]);
    assert_eq!(errors(&html), ["Enter what will be done"]);
}

#[test]
fn r001_34_the_next_date_is_agreed_as_worked_out_or_set_and_the_meeting_is_said_to_be_held() {
    let (mut device, pep) = arranged(Role::DesignatedTeacher, "ten-page");
    let here = at(&pep, "/meeting/live");
    // The day is for the social worker to set.
    device.role = Role::SocialWorker;
    device.set(&pep, "meeting.date", "2026-02-26");
    device.role = Role::DesignatedTeacher;
    let html = device.page(&here);
    device.send(&here, &hidden(&html, "made-from"), &[("do", "next-as-worked-out")]);
    assert!(device.page(&here).contains("<strong>4 June 2026</strong>"));
    let set = [
        ("do", "next"),
        ("meeting.nextDate-day", "11"),
        ("meeting.nextDate-month", "6"),
        ("meeting.nextDate-year", "2026"),
        ("meeting.nextTime", "14:30, online"),
    ];
    device.send(&here, &device.stamp(&here), &set);
    assert!(
        device.page(&here).contains("<strong>11 June 2026</strong>, <span class=\"pep-typed\">2:30pm, online</span>")
    );
    let held = [("do", "held"), ("meeting.childPart", "part")];
    assert_eq!(device.send(&here, &device.stamp(&here), &held), format!("{here}?saved=meeting.held"));
    let view = device.view(&pep);
    assert!(
        view.answers["meeting.held"] == Answer::Value(Value::YesNo(true))
            && view.answers["meeting.childPart"] == Answer::Value(Value::Choice("part".into()))
    );
    assert!(device.page(&here).contains("Idris Fennimoor took part: Part."));
}

#[test]
fn who_may_not_write_the_meeting_sees_all_of_it_and_changes_nothing() {
    let (device, pep) = Device::idris(Role::Carer);
    let here = at(&pep, "/meeting/live");
    let html = device.page(&here);
    assert!(!html.contains("<form") && !html.contains("/table/"), "{html}");
    let stamp = device.stamp(&at(&pep, "/comments/care.story"));
    let heads = device.view(&pep).heads;
    for does in
        ["here", "chair", "notes", "review", "agree", "idea", "action", "done", "next", "next-as-worked-out", "held"]
    {
        let Sent::Page { status, html } =
            device.ask(&here, Some(&form(&stamp, &[("do", does), ("statement", "x"), ("action", "x")])))
        else {
            panic!("{does} was taken")
        };
        assert!(status == 403 && html.contains("You cannot change this"), "{does}");
    }
    for does in ["", "nothing", "<b>"] {
        let html = device.wrong(&here, &stamp, &[("do", does)]);
        assert!(errors(&html)[0].contains("Nothing was changed") && !html.contains("<b>"));
    }
    assert_eq!(device.view(&pep).heads, heads);
}

#[test]
fn what_was_opened_from_the_meeting_leads_back_to_the_meeting() {
    let (device, pep) = arranged(Role::DesignatedTeacher, "ten-page");
    let key =
        target(&device, &pep, &[("area", "Maths"), ("statement", "By 22 May I will score 15/20"), ("status", "idea")]);
    put_row(&device, &pep, "meeting.actions", &[("action", "Ask for a quiet room"), ("status", "open")]);
    for (page, from) in [("/meeting/live", "live"), ("/meeting", "meeting")] {
        let meeting = at(&pep, page);
        let html = device.page(&meeting);
        let back = format!("?back={from}");
        let ways: Vec<String> = links(&html).into_iter().filter(|link| link.contains(&back)).collect();
        assert!(ways.iter().any(|way| way.contains("/table/meeting.actions/")), "{page}: {ways:?}");
        for way in &ways {
            let opened = device.page(way.split('#').next().unwrap());
            assert!(
                opened.contains(&format!("class=\"govuk-back-link\" href=\"{meeting}\"")),
                "{way} does not lead back to {page}"
            );
        }
        let row = ways.iter().find(|way| way.contains("/table/meeting.actions/") && !way.contains("/new")).unwrap();
        let stamp = device.stamp(row);
        assert_eq!(device.send(row, &stamp, &[("outcome", from)]), format!("{meeting}?saved=meeting.actions"));
        let withdraw = links(&device.page(row)).into_iter().find(|link| link.contains("/withdraw")).unwrap();
        assert!(withdraw.ends_with(&back) && device.page(&withdraw).contains(&format!("href=\"{meeting}\">Keep it")));
    }
    let own = at(&pep, &format!("/targets/{key}?back=live"));
    assert_eq!(
        device.send(&own, &device.stamp(&own), &[("measure", "15/20")]),
        at(&pep, "/meeting/live?saved=targets.list")
    );
    let fund = at(&pep, &format!("/targets/{key}/funds/new?back=live"));
    let cost = [("item", "Quiz book"), ("unitCost", "12"), ("row", &fresh().to_string())];
    assert_eq!(device.send(&fund, &device.stamp(&fund), &cost), at(&pep, "/meeting/live?saved=funding.requested"));
    let of = format!("{}?back=live", section(&pep, "progress.goingWell"));
    let going = [("progress.goingWell", "Maths"), ("go", "back")];
    assert_eq!(device.send(&of, &device.stamp(&of), &going), at(&pep, "/meeting/live?saved=progress"));
    // A word that is no page of ours leads to where the page belongs.
    assert!(
        device
            .page(&at(&pep, "/targets/new?back=//evil.example"))
            .contains(&format!("href=\"{}\"", at(&pep, "/targets")))
    );
}

#[test]
fn the_wall_shows_the_point_in_hand_and_leads_to_the_next() {
    let (mut device, pep) = arranged(Role::DesignatedTeacher, "ten-page");
    device.role = Role::SocialWorker;
    put_row(
        &device,
        &pep,
        "meeting.attendees",
        &[("person", "Carys Wexcombe"), ("role", "Foster carer"), ("attended", "all")],
    );
    put_row(
        &device,
        &pep,
        "meeting.attendees",
        &[("person", "Imelda Thackwray"), ("role", "SENCO"), ("invited", "yes")],
    );
    for (action, person) in [
        ("Find a desk", "Carys Wexcombe"),
        ("Write to the board", "Imelda Thackwray"),
        ("Ring the bus office", "Pol Esterhaz"),
    ] {
        put_row(
            &device,
            &pep,
            "meeting.actions",
            &[("action", action), ("person", person), ("byWhen", "2026-03-05"), ("status", "open")],
        );
    }
    let wall = |point: usize| device.page(&at(&pep, &format!("/meeting/wall?point={point}")));
    let all: String = (1..=12).map(wall).collect();
    assert!(wall(1).contains("Welcome; note taker, length</h1>") && !wall(1).contains("govuk-service-navigation"));
    assert!(
        wall(1).contains(&format!("href=\"{}\" data-key=\"F8\"", at(&pep, "/meeting/wall?point=2")))
            && !wall(1).contains(">Back<")
    );
    assert!(all.contains("Find a desk</span>: Carys Wexcombe, by 5 March 2026"), "{all}");
    assert!(all.contains("Ring the bus office</span>: somebody who is not here"));
    assert!(!all.contains("Imelda") && !all.contains("Pol Esterhaz"));
    // Beyond the last is the last; what is no number is the first. Each page has a pass of its own, above its head.
    let shown = |point: &str| {
        let page = device.page(&at(&pep, &format!("/meeting/wall?point={point}")));
        page.split_once("<head>").unwrap().1.to_owned()
    };
    assert_eq!(shown("99"), shown("18446744073709551615"));
    assert_eq!(shown("1"), shown("%3Cb%3E"));
}

#[test]
fn what_only_some_may_read_is_on_no_wall_and_nor_is_a_comment_or_where_anybody_lives() {
    let roles =
        [Role::SocialWorker, Role::YoungPerson, Role::Carer, Role::DesignatedTeacher, Role::VirtualSchoolOfficer];
    for (process, role) in plan::Processes::built_in().iter().zip(roles) {
        let mut device = Device::of(role);
        let pep = device.plan(device.child("Idris Fennimoor"), &process.id);
        device.role = Role::DesignatedTeacher;
        device.set(&pep, "meeting.kind", "meeting");
        device.set(&pep, "setting.yearGroup", "10");
        let (mut planted, mut shown) = (0, 0);
        for question in pep.process().questions() {
            // What the child is called is what everybody calls them.
            let edit = if question.id == "child.preferredName" { None } else { plant(question) };
            let comment = Edit::Comment {
                key: fresh().to_string(),
                question: question.id.clone(),
                text: format!("planted comment on {}", question.id),
            };
            // By whoever may write it, so that every question holds something.
            for writer in Role::ALL {
                device.role = *writer;
                if edit.clone().is_some_and(|edit| device.edit(&pep, edit)) {
                    if is_open(question) {
                        shown += 1
                    } else {
                        planted += 1
                    }
                    break;
                }
            }
            device.edit(&pep, comment);
        }
        assert!(planted > 35 && shown > 7, "{} {role}: {planted} planted, {shown} to show", process.id);
        assert!(device.view(&pep).comments.len() > 150);
        device.role = role;
        let view = device.view(&pep);
        let restricted = pep.process().questions().filter(|question| {
            let read = question.document() != DocumentKind::Main && question.document().readers().contains(&role);
            read && matches!(
                view.answers[question.id.as_str()],
                Answer::Text { .. } | Answer::Voices(_) | Answer::Table(_)
            )
        });
        assert!(restricted.count() > 0, "{} {role}: nothing restricted is there to be shown", process.id);
        let mut seen = 0;
        for point in 1..=14 {
            let html = device.page(&at(&pep, &format!("/meeting/wall?point={point}")));
            let found = html.split("planted").nth(1);
            assert_eq!(found, None, "{} {role}, point {point}", process.id);
            seen += html.matches("spoken voice.").count() + html.matches("spoken carer.").count();
        }
        assert!(seen > 5, "{} {role}: {seen} of the child’s and the carer’s words are on the wall", process.id);
    }
}

/// What may be on the wall: the child's words and the carer's, where everybody reads them.
fn is_open(question: &plan::Question) -> bool {
    let own = question.voice && (question.block == "voice" || question.block == "carer");
    own && question.document() == DocumentKind::Main
}

/// Words at a question, whatever kind it is; nothing where it holds no words.
fn plant(question: &plan::Question) -> Option<Edit> {
    let words = format!("{} {}", if is_open(question) { "spoken" } else { "planted" }, question.id);
    let id = || question.id.clone();
    // What a meeting and its targets say is for the room, and what there is to celebrate.
    if matches!(question.block.as_str(), "meeting" | "targets" | "funding") || question.id == "progress.achievements" {
        return None;
    }
    match question.kind {
        Kind::Text | Kind::LongText => Some(Edit::Rewrite { question: id(), text: words }),
        Kind::Person => Some(Edit::Choose { question: id(), value: Value::Text(words) }),
        Kind::Table if !is_open(question) => {
            let texts =
                question.columns.iter().filter(|c| matches!(c.kind, Kind::Text | Kind::LongText | Kind::Person));
            let cells: plan::Cells = texts.map(|c| (c.id.clone(), Some(Value::Text(words.clone())))).collect();
            let writer = Writer::new(Uuid::nil(), Role::SocialWorker);
            let key = plan::row_key(&question.id, &cells, &writer, &mut || [7; 16]).ok()?;
            Some(Edit::PutRow { question: id(), key, cells })
        }
        _ => None,
    }
}

/// The point that is open on the page from which a meeting is run, and the lines of those that are folded.
fn discussed(html: &str) -> (String, Vec<String>) {
    let open = html.split("pep-stop--now").nth(1).map_or("", |rest| rest.split("</h2>").next().unwrap());
    let title = |part: &str| part.rsplit('>').next().unwrap().to_owned();
    let folded = html.split("<details class=\"pep-fold\"><summary>").skip(1);
    let line = |part: &str| {
        let words = part.split("</summary>").next().unwrap().split('<').map(title);
        words.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    (title(open), folded.map(line).collect())
}

#[test]
fn r001_24_what_is_under_discussion_is_open_and_everything_else_a_line_with_its_time() {
    let (mut device, pep) = arranged(Role::DesignatedTeacher, "ten-page");
    let here = at(&pep, "/meeting/live");
    // Without a day and a time it begins with the first.
    assert_eq!(discussed(&device.page(&here)).0, "1. Welcome; note taker, length");
    device.role = Role::SocialWorker;
    device.set(&pep, "meeting.date", "2026-02-26");
    device.write(&pep, "meeting.time", "14:55");
    device.role = Role::DesignatedTeacher;
    // It is three: two minutes for the welcome have gone.
    let html = device.page(&here);
    let (open, folded) = discussed(&html);
    assert_eq!(open, "3. School view: attainment, progress, attendance");
    assert!(
        folded.contains(&"4. The child&#39;s input and the carer&#39;s views 3:06pm to 3:12pm".replace("&#39;", "'")),
        "{folded:?}"
    );
    assert_eq!(folded.last().map(String::as_str), Some("When it is over"));
    // The notes come before what is only looked up.
    assert!(html.find("id=\"notes-title\"") < html.find("Before people can sign"));
    assert!(html.contains("href=\"#notes-title\""));

    // Moving on is a link, and a key that no letter is.
    let next = links(&html).into_iter().find(|link| link.contains("?point=4")).unwrap();
    assert!(html.contains(&format!("href=\"{next}\" data-key=\"F8\" aria-keyshortcuts=\"F8\"")), "{html}");
    let html = device.page(next.split('#').next().unwrap());
    assert!(discussed(&html).0.starts_with("4. The child"));
    assert!(html.contains("data-key=\"Shift+F8\"") && html.contains("By the agenda, now: "));

    // Where something was saved, or is wrong, is open again.
    let to =
        device.send(&here, &device.stamp(&here), &[("do", "idea"), ("statement", "By May I will cook for twelve")]);
    assert!(discussed(&device.page(&to)).0.ends_with("New targets and actions"), "{to}");
    let html = device.wrong(&here, &device.stamp(&here), &[("do", "idea"), ("area", "Kitchens")]);
    assert!(discussed(&html).0.ends_with("New targets and actions"));
    for (point, opened) in [
        ("99", "When it is over"),
        ("0", "1. Welcome; note taker, length"),
        ("x", "3. School view: attainment, progress, attendance"),
    ] {
        assert_eq!(discussed(&device.page(&format!("{here}?point={point}"))).0, opened);
    }
}

#[test]
fn at_the_child_s_point_the_wall_begins_with_what_went_well_and_shows_nothing_else() {
    let (mut device, pep) = arranged(Role::DesignatedTeacher, "sections");
    device.set(&pep, "setting.yearGroup", "10");
    let won = autumn(&device, &pep);
    let review = Edit::ReviewTarget {
        key: won,
        cells: plan::Cells::from([("result".to_owned(), Some(Value::Choice("achieved".into())))]),
    };
    assert!(device.edit(&pep, review));
    put_row(&device, &pep, "progress.achievements", &[("what", "Goalkeeper of the season")]);
    let new = [("area", "Maths"), ("statement", "By 22 May I will score 15/20"), ("status", "agreed")];
    let key = target(&device, &pep, &new);
    fund(&device, &pep, &key, "38.00", "school");
    device.write(&pep, "voice.secWell", "Cooking.");
    device.role = Role::Carer;
    device.write(&pep, "carer.goingWell", "He sleeps through.");
    let points: Vec<String> =
        (1..=10).map(|point| device.page(&at(&pep, &format!("/meeting/wall?point={point}")))).collect();
    let own = points.iter().position(|html| html.contains("What Idris Fennimoor says</h1>")).unwrap();
    let words: Vec<usize> =
        ["What went well", "Goalkeeper of the season", "Target reached: A four-paragraph essay", "Cooking."]
            .iter()
            .map(|words| points[own].find(words).unwrap_or_else(|| panic!("no {words}: {}", points[own])))
            .collect();
    assert!(words.is_sorted(), "{words:?}");
    for others in ["£", "He sleeps through.", "15/20", "Funding"] {
        assert!(!points[own].contains(others), "{others}");
    }
    // What the carer says is the next point.
    assert!(points[own + 1].contains("What the carer says</h1>") && points[own + 1].contains("He sleeps through."));
    assert!(points[own].contains("data-key=\"F8\""));
}
