//! Strings that were meant to be something else than text, in every kind of field, and every page that shows them: as a browser
//! reads it, a page has no element and no attribute that it would not have with harmless words.

use std::rc::Rc;

use html5ever::{parse_document, tendril::TendrilSink};
use markup5ever_rcdom::{Node, NodeData, RcDom};

use crate::prelude::*;

/// What an element is called and what it has: `a href`, `a class`.
type Parts = BTreeSet<String>;

/// A hundred strings, each meant to break something else.
fn strings() -> Vec<String> {
    let strings: Vec<String> = serde_json::from_str(include_str!("../../../../fixtures/hostile/strings.json")).unwrap();
    assert_eq!(strings.iter().collect::<BTreeSet<_>>().len(), 100);
    strings
}

/// Words of the same length, so that a page is laid out alike.
fn harmless(strings: &[String]) -> Vec<String> {
    let alike = |c: char| if c == ' ' { ' ' } else { 'a' };
    strings.iter().map(|string| string.chars().map(alike).collect()).collect()
}

/// A plan with these strings in every field that this role may write, and every page, by its address.
fn filled(role: Role, strings: &[String]) -> BTreeMap<String, String> {
    let device = Device::of(role);
    let pep = device.plan(device.child(&strings[1]), "portal");
    device.edit(&pep, Edit::Choose { question: "setting.yearGroup".into(), value: Value::Choice("10".into()) });
    let mut next = strings.iter().cycle();
    let mut text = || next.next().unwrap().clone();
    let writer = Writer::new(Uuid::from_bytes(device.person), role);
    let cells = |table: &str, columns: &'static [plan::Column], text: &mut dyn FnMut() -> String| {
        let cell = |column: &'static plan::Column| {
            let value = match column.kind {
                Kind::Text | Kind::LongText | Kind::Person | Kind::Attachment => Value::Text(text()),
                Kind::Choice if column.open => Value::Choice(text()),
                Kind::Choice => Value::Choice(column.options.first()?.value.clone()),
                Kind::Date => plan::parse_value(&format!("{table}/{}", column.id), "2026-02-26").ok()?,
                _ => return None,
            };
            (!column.calculated).then(|| (column.id.clone(), Some(value)))
        };
        columns.iter().filter_map(cell).collect::<plan::Cells>()
    };
    // Twice, so that there is a history to look back on and to restore.
    for question in pep.process().questions().chain(pep.process().questions()) {
        let id = question.id.clone();
        match question.kind {
            Kind::Text | Kind::LongText => {
                device.edit(&pep, Edit::Rewrite { question: id, text: text() });
            }
            Kind::Person | Kind::Attachment => {
                device.edit(&pep, Edit::Choose { question: id, value: Value::Text(text()) });
            }
            Kind::Choice if question.open => {
                device.edit(&pep, Edit::Choose { question: id, value: Value::Choice(text()) });
            }
            Kind::Table | Kind::TargetList if question.id != "targets.list" => {
                let cells = cells(&id, &question.columns, &mut text);
                let key = plan::row_key(&id, &cells, &writer, &mut || *fresh().as_bytes()).unwrap_or_default();
                device.edit(&pep, Edit::PutRow { question: id, key, cells });
            }
            _ => {}
        }
        let comment = Edit::Comment { key: fresh().to_string(), question: question.id.clone(), text: text() };
        device.edit(&pep, comment);
    }
    let excuse = Some((plan::NoAnswer::NotKnown, text()));
    device.edit(&pep, Edit::Excuse { question: "setting.hoursOffered".into(), excuse });
    let targets = plan::bank().question("targets.list").unwrap();
    let key = fresh().to_string();
    let fields = cells("targets.list", &targets.columns, &mut text);
    device.edit(&pep, Edit::PutTarget { key: key.clone(), fields });
    for table in targets.columns.iter().filter(|column| column.kind == Kind::Table) {
        let place = format!("targets.list/{key}/{}", table.id);
        let cells = cells(&format!("targets.list/{}", table.id), &table.columns, &mut text);
        device.edit(&pep, Edit::PutRow { question: place, key: fresh().to_string(), cells });
    }
    device.council.borrow_mut().name = Some(strings[7].clone());

    let mut pages = device.every_page();
    // What links with a question in them lead to, and files.
    let parts = device.parts(&pep);
    for reader in ["me", "child"] {
        let query = format!("reader={reader}&gaps=1&{parts}");
        let copy = at(&pep, &format!("/print/copy?{query}"));
        pages.insert(copy.clone(), device.page(&copy));
        pages.insert(format!("file {reader}"), device.file(&at(&pep, &format!("/print/file?{query}"))).2);
    }
    // What a form sends back when it is not taken is shown again.
    let new = at(&pep, "/targets/new");
    if device.get(&new).0 == 200 {
        for (n, string) in strings.iter().enumerate() {
            let fields = [
                ("area", string.as_str()),
                ("statement", string),
                ("category", "~other"),
                ("dueDate-day", string),
                ("dueDate-month", string),
                ("dueDate-year", string),
            ];
            pages.insert(format!("wrong {n}"), device.wrong(&new, &device.stamp(&new), &fields));
        }
    }
    pages
}

/// The kind of page that an address is of: the same whatever ids and numbers are in it.
fn kind_of(target: &str) -> String {
    let piece = |piece: &str| {
        let is_id = piece.len() >= 32 && piece.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
        if is_id { "ID".to_owned() } else { piece.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned() }
    };
    target.split('?').next().unwrap().split('/').map(piece).collect::<Vec<_>>().join("/")
}

/// The elements of a page and their attributes, as a browser reads it; and what no page of ours may have.
fn parts_of(target: &str, html: &str) -> Parts {
    let document = parse_document(RcDom::default(), Default::default()).one(html);
    let mut parts = Parts::new();
    let mut left: Vec<Rc<Node>> = vec![document.document.clone()];
    while let Some(node) = left.pop() {
        left.extend(node.children.borrow().iter().cloned());
        let (name, attributes) = match &node.data {
            NodeData::Element { name, attrs, .. } => (name.local.to_string(), attrs.borrow()),
            NodeData::Comment { .. } | NodeData::ProcessingInstruction { .. } => panic!("{target} has a comment"),
            _ => continue,
        };
        parts.insert(name.clone());
        for attribute in attributes.iter() {
            let (of, value) = (attribute.name.local.to_string(), attribute.value.to_string());
            parts.insert(format!("{name} {of}"));
            assert!(!of.starts_with("on") && of != "style" && of != "srcdoc", "{target}: {name} {of}");
            if ["href", "src", "action", "formaction"].contains(&of.as_str()) {
                let inside = value.starts_with('#') || (value.starts_with('/') && !value.starts_with("//"));
                assert!(inside, "{target}: {name} {of} leads elsewhere");
            }
        }
        let script = attributes.iter().find(|attribute| &*attribute.name.local == "src");
        let ours = || script.is_some_and(|src| src.value.starts_with("/assets/")) && node.children.borrow().is_empty();
        assert!(name != "script" || ours(), "{target} has a script of somebody's");
    }
    parts
}

#[test]
fn a_hundred_hostile_strings_in_every_kind_of_field_are_text_on_every_page() {
    let (strings, mut seen) = (strings(), BTreeSet::new());
    for role in [Role::SocialWorker, Role::YoungPerson, Role::VirtualSchoolOfficer] {
        let mut usual: BTreeMap<String, Parts> = BTreeMap::new();
        // Which words of a text went and which came depends on the words.
        let marks = || Parts::from(["ins".to_owned(), "del".to_owned()]);
        for (target, html) in filled(role, &harmless(&strings)) {
            usual.entry(kind_of(&target)).or_insert_with(marks).extend(parts_of(&target, &html));
        }
        let pages = filled(role, &strings);
        assert!(pages.len() > 60, "{} pages", pages.len());
        for (target, html) in &pages {
            let known = usual.get(&kind_of(target)).unwrap_or_else(|| panic!("{target} is not there otherwise"));
            let found = parts_of(target, html);
            let more: Vec<&String> = found.difference(known).collect();
            assert!(more.is_empty(), "{target} has what it has not with harmless words: {more:?}");
            for string in &strings {
                let escaped = maud::html! { (string) }.into_string();
                // A single quote alone ends nothing: every attribute stands between double ones.
                let as_it_is = escaped != *string && html.contains(string.as_str());
                assert!(!as_it_is, "{target} shows a hostile string as it is: {string}");
                if html.contains(&escaped) {
                    seen.insert(string.clone());
                }
            }
            let address = target.split('?').next().unwrap();
            assert!(
                !["lert", "%3C", "evil"].iter().any(|word| address.contains(word)),
                "{address} holds what was written"
            );
        }
    }
    let unseen: Vec<&String> = strings.iter().filter(|string| !seen.contains(*string)).collect();
    assert!(unseen.is_empty(), "shown nowhere, so this story proves nothing about them: {unseen:?}");
}
