//! A use case has two doors: a command, and a form of a page. Each is tried through both on two plans that are alike, and comes to the
//! same: what the plan says afterwards, or why it was refused. What a page has open while another tab writes is tried beside it.
//!
//! The tables are complete, and a test says so: every edit, every function of `participant` that writes or makes an edit, every
//! command and every form stands in a row, or in the list of those that have one door only, with the reason.

mod device;
mod found;
mod rows;
mod tabs;
mod twice;

use std::collections::{BTreeMap, BTreeSet};

use device::{Came, Device};
use plan::{Pep, PepType, Role};
use rows::{Row, Then, rows};

#[test]
fn a_use_case_comes_to_the_same_by_a_command_and_by_a_form() {
    let mut devices: BTreeMap<Role, Device> = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in rows() {
        let device = devices.entry(row.role).or_insert_with(|| Device::of(row.role));
        wrong.extend(differs(device, &row).map(|how| format!("{}: {how}", row.name)));
    }
    assert!(wrong.is_empty(), "{} rows:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Tries a row through both doors; how they differ from each other, or from what the row says.
fn differs(device: &Device, row: &Row) -> Option<String> {
    let [by_command, by_form] = [(); 2].map(|()| {
        let pep = device.plan_of(row.process, row.version, row.kind);
        (row.given)(device, &pep);
        pep
    });
    let before = device.show(&by_command);
    if before != device.show(&by_form) {
        return Some("the two plans are not alike to begin with".to_owned());
    }
    let command = (row.command)(&by_command);
    let came = device.pep(&by_command, &command.iter().map(String::as_str).collect::<Vec<_>>());
    let (address, fields) = (row.form)(&by_form);
    let held = device.held(&by_form, &address);
    let sent = device.send(&address, &held, &fields);
    let (after, other) = (device.show(&by_command), device.show(&by_form));
    if after != other {
        return Some(format!("{command:?}: {came:?}\n{after}\n\n{address}: {sent:?}\n{other}"));
    }
    let changed = after != before;
    match (&row.then, &came, &sent) {
        (Then::Done, Came::Done, Came::Done) if changed => None,
        (Then::SoAlready, Came::Done, Came::Done) if !changed => None,
        (Then::Refused { code, command, page }, Came::Not(came, says), Came::Not(_, shows))
            if !changed && came == code && says.contains(command) && shows.contains(page) =>
        {
            None
        }
        _ => Some(format!("changed: {changed}\n{command:?}: {came:?}\n{address}: {sent:?}")),
    }
}

#[test]
fn nothing_of_another_tab_is_lost_silently_by_a_form_that_was_made_before_it_wrote() {
    let mut devices: BTreeMap<Role, Device> = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in tabs::rows() {
        let device = devices.entry(row.role).or_insert_with(|| Device::of(row.role));
        wrong.extend(tabs::lost(device, &row).map(|how| format!("{}: {how}", row.name)));
    }
    assert!(wrong.is_empty(), "{} rows:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn a_form_of_something_new_sent_twice_with_other_words_loses_none_of_them_and_writes_over_nobody() {
    let mut devices: BTreeMap<Role, Device> = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in twice::rows() {
        let device = devices.entry(row.role).or_insert_with(|| Device::of(row.role));
        wrong.extend(twice::lost(device, &row).map(|how| format!("{}: {how}", row.name)));
    }
    assert!(wrong.is_empty(), "{} rows:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn every_page_that_gives_something_new_its_key_is_tried_with_a_form_sent_twice() {
    let gives = |code: &str| code.lines().any(|line| line.contains("type=\"hidden\"") && line.contains("plan.fresh"));
    let pages = found::sources("crates/pages/src").into_iter().filter(|(_, code)| gives(code));
    let there: BTreeSet<String> =
        pages.map(|(path, _)| path.split("/page/").last().unwrap_or_default().to_owned()).collect();
    let tried: BTreeSet<String> = twice::rows().iter().map(|row| row.page.to_owned()).collect();
    assert_eq!(there, tried);
}

#[test]
fn every_edit_use_case_command_and_form_stands_in_the_table() {
    let mut there: BTreeSet<String> = found::edits();
    there.extend(found::use_cases());
    there.extend(found::commands());
    there.extend(found::forms());
    let mut named: BTreeSet<String> = rows().iter().flat_map(|row| row.covers).map(|name| (*name).to_owned()).collect();
    let one_door: BTreeSet<String> = rows::ONE_DOOR.iter().map(|(name, _)| (*name).to_owned()).collect();
    let both: Vec<_> = named.intersection(&one_door).collect();
    assert!(both.is_empty(), "in a row and among those with one door: {both:?}");
    named.extend(one_door);
    let missing: Vec<_> = there.difference(&named).collect();
    assert!(missing.is_empty(), "in no row: {missing:#?}");
    let gone: Vec<_> = named.difference(&there).collect();
    assert!(gone.is_empty(), "in a row, and not there: {gone:#?}");
    for (name, why) in rows::ONE_DOOR {
        assert!(why.len() > 10, "{name} has one door, and no reason");
    }
}

#[test]
fn every_form_is_tried_against_another_tab() {
    let there = found::forms();
    let mut named: BTreeSet<String> = tabs::rows().iter().map(|row| row.covers.to_owned()).collect();
    named.extend(tabs::NOBODY_ELSE_S.iter().map(|(name, _)| (*name).to_owned()));
    assert_eq!(there.difference(&named).collect::<Vec<_>>(), [] as [&String; 0], "in no row");
    assert_eq!(named.difference(&there).collect::<Vec<_>>(), [] as [&String; 0], "in a row, and not there");
}

#[test]
fn no_command_makes_an_edit_of_its_own() {
    for (path, code) in found::sources("client-cli/src/commands") {
        // `pep demo` plays people, each through the doors that people have.
        if !path.contains("/demo") {
            assert!(!code.contains("Edit::"), "{path} makes an edit: that is participant's");
        }
    }
}

#[test]
fn no_page_makes_an_edit_of_its_own_but_pieces_of_a_text_that_its_form_showed() {
    for (path, code) in found::sources("crates/pages/src") {
        let code = code.split("#[cfg(test)]\nmod ").next().unwrap();
        let pieces = if path.ends_with("/forms.rs") { ["Edit::Rewrite", "Edit::Splice"] } else { ["", ""] };
        let others = code
            .match_indices("Edit::")
            .filter(|(at, _)| !pieces.iter().any(|piece| !piece.is_empty() && code[*at..].starts_with(piece)));
        assert_eq!(others.count(), 0, "{path} makes an edit: that is participant's");
    }
}

/// A plan is started by both doors, for children who are alike.
#[test]
fn a_plan_is_started_alike_by_both_doors() {
    let device = Device::of(Role::SocialWorker);
    let [by_command, by_form] = [(); 2].map(|()| {
        let pep = device.plan("sections", PepType::Review);
        device.set(&pep, Role::SocialWorker, "care.legalStatus", "C2");
        device.write(&pep, Role::SocialWorker, "care.story", "He cooks on Sundays.");
        pep
    });
    let next = |pep: &Pep| Pep { term: plan::Term::Summer, ..pep.clone() };
    let child = by_command.child.to_string();
    let came = device.pep(&by_command, &["new", &child, "--term", "2025/26-summer", "--type", "review"]);
    let address = format!("/children/{}/new", by_form.child);
    let fields = [("term", "2025/26-summer"), ("type", "review"), ("process", "sections")];
    let fields: device::Fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let mut sent = device.send(&address, &[], &fields);
    if let Came::Not(200, says) = &sent {
        // What speaks against it is read once.
        let read = says.split("Warning: ").nth(1).and_then(|rest| rest.split(" Nothing has been started yet").next());
        let read = ("read".to_owned(), read.unwrap_or_default().to_owned());
        sent = device.send(&address, &[], &[fields.as_slice(), &[read]].concat());
    }
    assert_eq!((came, sent), (Came::Done, Came::Done));
    assert_eq!(device.show(&next(&by_command)), device.show(&next(&by_form)));
    assert!(device.show(&next(&by_form)).contains("He cooks on Sundays."));
    // What the directory knows is filled in by both.
    assert!(device.show(&next(&by_form)).contains("\"child.dob\":\"directory\""), "{}", device.show(&next(&by_form)));
}
