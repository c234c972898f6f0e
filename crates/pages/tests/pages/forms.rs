//! Every form that a page shows, sent as nobody means it: as it is, empty, full of nonsense, too large, twice, made from a plan that
//! never was, and by somebody whose it is not. No page fails, and nothing is written that the form does not say.

use std::rc::Rc;

use html5ever::{parse_document, tendril::TendrilSink};
use markup5ever_rcdom::{Node, NodeData, RcDom};

use crate::prelude::*;

/// A text longer than any answer takes.
const LONG: usize = 300 * 1024;
const NONSENSE: &str = "\u{0}\u{202e}💥 <b>x</b> 99/99/9999 -1e309 ../.. %00";

/// What can be filled in, beside what a form holds by itself.
#[derive(Clone, PartialEq)]
enum Input {
    /// A hidden field: what it holds stays.
    Held,
    /// Words.
    Words,
    /// One of several, or a box to tick; whether it is chosen.
    Choice(bool),
}

#[derive(Clone)]
struct Field {
    name: String,
    value: String,
    input: Input,
}

/// A form of a page.
struct Form {
    action: String,
    fields: Vec<Field>,
}

impl Form {
    /// As it is sent, each field by what `change` makes of it.
    fn sent(&self, change: impl Fn(&Field) -> Option<String>) -> String {
        let mut all = form_urlencoded::Serializer::new(String::new());
        for field in &self.fields {
            all.extend_pairs(change(field).map(|value| (&field.name, value)));
        }
        all.finish()
    }

    fn as_it_is(&self) -> String {
        self.sent(|field| (field.input != Input::Choice(false)).then(|| field.value.clone()))
    }
}

fn attribute(node: &Node, name: &str) -> Option<String> {
    let NodeData::Element { attrs, .. } = &node.data else { return None };
    attrs.borrow().iter().find(|attribute| &*attribute.name.local == name).map(|found| found.value.to_string())
}

fn text(node: &Rc<Node>) -> String {
    let own = if let NodeData::Text { contents } = &node.data { contents.borrow().to_string() } else { String::new() };
    node.children.borrow().iter().fold(own, |all, child| all + &text(child))
}

/// The elements of a tree, in order.
fn elements(node: &Rc<Node>, found: &mut Vec<(String, Rc<Node>)>) {
    if let NodeData::Element { name, .. } = &node.data {
        found.push((name.local.to_string(), node.clone()));
    }
    for child in node.children.borrow().iter() {
        elements(child, found);
    }
}

/// The forms of a page that write something, as a browser reads it.
fn forms(html: &str) -> Vec<Form> {
    let page = parse_document(RcDom::default(), Default::default()).one(html);
    let mut all = Vec::new();
    elements(&page.document, &mut all);
    let posts =
        all.iter().filter(|(name, node)| name == "form" && attribute(node, "method").as_deref() == Some("post"));
    posts.map(|(_, node)| Form { action: attribute(node, "action").unwrap(), fields: fields(node) }).collect()
}

fn fields(form: &Rc<Node>) -> Vec<Field> {
    let mut inside = Vec::new();
    elements(form, &mut inside);
    let mut fields: Vec<Field> = Vec::new();
    for (name, node) in &inside {
        let Some(field) = attribute(node, "name") else { continue };
        let value = attribute(node, "value").unwrap_or_default();
        let on = |name: &str| Input::Choice(attribute(node, name).is_some());
        let (value, input) = match (name.as_str(), attribute(node, "type").as_deref()) {
            ("input", Some("hidden")) => (value, Input::Held),
            ("input", Some("radio" | "checkbox")) => (value, on("checked")),
            ("input", _) => (value, Input::Words),
            ("textarea", _) => (text(node), Input::Words),
            // Of the buttons of a form one is pressed.
            ("button", _) if fields.iter().all(|other| other.name != field) => (value, Input::Held),
            ("select", _) => {
                let mut options = Vec::new();
                elements(node, &mut options);
                let options = options.iter().filter(|(name, _)| name == "option");
                let chosen = options.clone().find(|(_, option)| attribute(option, "selected").is_some());
                let chosen =
                    chosen.or_else(|| options.clone().next()).and_then(|(_, option)| attribute(option, "value"));
                (chosen.unwrap_or_default(), Input::Words)
            }
            _ => continue,
        };
        fields.push(Field { name: field, value, input });
    }
    fields
}

impl Device {
    /// Changes that this device has written and shared with nobody.
    fn written(&self) -> usize {
        self.with(|device| device.waiting().unwrap())
    }

    /// Sends a form; whether it was taken. Whatever it was, no page fails.
    fn sends(&self, what: &str, form: &Form, body: &str) -> bool {
        let taken = match self.ask(&form.action, Some(body)) {
            Sent::Page { status, html } => {
                assert!(status < 500, "{}: {what}: {status}", form.action);
                assert!(html.contains("<h1"), "{}: {what}: a page without words", form.action);
                false
            }
            _ => true,
        };
        // The device may be a child's now; it is taken back.
        self.turn(|turn| turn.hand(None)).unwrap();
        taken
    }

    /// A plan of a child that others know, too.
    fn shared_plan(&self, child: Uuid) -> Pep {
        self.knows(child, "Idris Fennimoor");
        self.plan(child, "ten-page")
    }
}

/// Where sending a form that was only looked at is an act of its own: it signs, starts, gives, withdraws, brings back or sets.
fn acts(action: &str) -> bool {
    [
        "/sign-off",
        "/new",
        "/give",
        "/withdraw",
        "/send-back",
        "/settings",
        "/sync",
        "/held",
        "/readers",
        "/meeting",
        "/move",
    ]
    .iter()
    .any(|part| action.contains(part))
}

#[test]
fn no_form_fails_or_writes_what_it_does_not_say_whoever_sends_whatever_in_it() {
    let child = fresh();
    let stranger = Device::of(Role::Professional);
    stranger.shared_plan(child);
    let (mut tried, mut refused) = (0, 0);
    for role in [Role::SocialWorker, Role::DesignatedTeacher, Role::VirtualSchoolOfficer] {
        let device = Device::of(role);
        let pep = device.shared_plan(child);
        device.edit(&pep, Edit::Choose { question: "setting.yearGroup".into(), value: Value::Choice("10".into()) });
        for question in ["meeting.notes", "care.story", "progress.goingWell"] {
            device.edit(&pep, Edit::Rewrite { question: question.into(), text: "Cooks on Sundays.".into() });
        }
        let target = Edit::PutTarget {
            key: "1d2150aa-0001-4000-8000-00000000a001".into(),
            fields: [("area".to_owned(), Some(Value::Text("Maths".into())))].into(),
        };
        device.edit(&pep, target);
        let mut seen = BTreeSet::new();
        for (target, html) in device.every_page() {
            for form in forms(&html).into_iter().filter(|form| seen.insert(form.action.clone())) {
                tried += 1;
                let before = device.written();
                device.sends("as it is", &form, &form.as_it_is());
                let after = device.written();
                assert!(
                    after == before || acts(&form.action),
                    "{target}: nothing was changed and something was written"
                );
                // Made from a plan that never was: a page says so, and nothing is written.
                let stale = form.sent(|field| match field.name.as_str() {
                    "made-from" => Some("0123456789abcdef".into()),
                    _ => Some(field.value.clone()),
                });
                // What is of no plan is made from none.
                if form.fields.iter().any(|field| field.name == "made-from" && field.value != "none") {
                    let before = device.written();
                    assert!(!device.sends("stale", &form, &stale), "{target}: taken, from a plan that never was");
                    assert_eq!(device.written(), before, "{target}: written, from a plan that never was");
                }
                device.sends("empty", &form, "");
                let emptied = form.sent(|field| (field.input == Input::Held).then(|| field.value.clone()));
                device.sends("emptied", &form, &emptied);
                let odd = |words: &str| {
                    form.sent(|field| match field.input {
                        Input::Held if field.name == "made-from" => Some(field.value.clone()),
                        _ => Some(words.to_owned()),
                    })
                };
                device.sends("nonsense", &form, &odd(NONSENSE));
                let long = form.sent(|field| match field.input {
                    Input::Held => Some(field.value.clone()),
                    Input::Words => Some("x".repeat(LONG)),
                    Input::Choice(on) => on.then(|| field.value.clone()),
                });
                // Where there is nothing to type in nothing is too long.
                if form.fields.iter().any(|field| field.input == Input::Words)
                    && !device.sends("too long", &form, &long)
                {
                    refused += 1;
                }
                // Twice, as after a lost answer: the second time adds nothing.
                let page = device.ask(&target, None);
                let Sent::Page { html, .. } = page else { continue };
                let Some(form) = forms(&html).into_iter().find(|again| again.action == form.action) else { continue };
                let typed = form.sent(|field| match field.input {
                    Input::Words => Some("12".into()),
                    Input::Held => Some(field.value.clone()),
                    Input::Choice(on) => on.then(|| field.value.clone()),
                });
                device.sends("once", &form, &typed);
                let once = device.written();
                device.sends("twice", &form, &typed);
                assert_eq!(device.written(), once, "{target}: sent twice, written twice");
                // By somebody who writes nothing of it. The same plan has the same address on each device.
                if form.action.starts_with("/pep/") && !form.action.contains("/comments/") {
                    let before = stranger.written();
                    stranger.sends("a stranger's", &form, &typed);
                    assert_eq!(stranger.written(), before, "{target}: a stranger wrote");
                }
            }
        }
    }
    assert!(tried > 60 && refused > 20, "{tried} forms, {refused} too long");
}
