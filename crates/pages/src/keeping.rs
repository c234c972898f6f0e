//! Forms that save themselves. Where `assets/app.js` runs, each field is sent by itself when it is left or has rested: the form as it
//! is, with this field alone, taken in as any form is. What cannot be taken is kept by this device as a draft, and stands in the form
//! again when its page is opened; the same holds for a whole form whose thing does not exist yet, such as a row or a comment.

use maud::{Markup, html};
use participant::device::DraftPlace;
use uuid::Uuid;

use crate::{
    forms::{self, STAMP},
    model::Plan,
    request::{Leaf, Pairs, Request},
};

/// In a form that keeps what cannot be taken.
const KEEPS: &str = "~keeps";
/// Names the one field that was sent; empty for a whole form that is sent as its page is left.
const ONE: &str = "~one";
/// In a form that is only to be kept.
const ONLY: &str = "~draft";
/// In a form that does something, such as signing: it is done by its own button, and by no way off its page.
const ACT: &str = "~act";
use crate::kit::ELSEWHERE;
pub use crate::kit::{FORM, GO};
/// What of a form is not what somebody entered.
const AROUND: [&str; 6] = [STAMP, KEEPS, ONE, ONLY, GO, ACT];
/// What a form says by itself, beside what somebody entered.
const HELD: [&str; 13] = [
    "row", "target", "fresh", "comment", "do", "listed", "draft", "met", "key", "on-day", "on-month", "on-year",
    "process",
];
/// What a form is made from that is of no plan.
const OF_NO_PLAN: &str = "none";
/// The parts of a field that has several inputs.
const PARTS: [&str; 4] = ["-day", "-month", "-year", "-other"];

/// How a form is saved where the script runs.
#[derive(Clone, Copy)]
pub enum Saves {
    /// Field by field: what it is about exists.
    Fields,
    /// As a whole, by its button or as the page is left: what it makes does not exist yet.
    Whole,
    /// As a whole and by its button alone: it is an act, such as a comment that cannot be changed afterwards.
    Act,
}

impl Saves {
    /// Of the form of a row or a target: one that is withdrawn is brought back by its button alone.
    pub fn of(exists: bool, withdrawn: bool) -> Saves {
        match (exists, withdrawn) {
            (_, true) => Saves::Act,
            (true, false) => Saves::Fields,
            (false, false) => Saves::Whole,
        }
    }

    /// As the page says it to its script.
    pub fn word(self) -> &'static str {
        match self {
            Saves::Fields => "fields",
            Saves::Whole => "whole",
            Saves::Act => "act",
        }
    }
}

/// What every form begins with that saves itself.
pub fn stamp(plan: &Plan) -> Markup {
    html! { (forms::stamp(plan)) input type="hidden" name=(KEEPS) value="1"; }
}

/// What a form begins with that does something and keeps what was entered until then.
pub fn act_stamp(plan: &Plan) -> Markup {
    html! { (stamp(plan)) (act()) }
}

/// The same of a form whose page shows the plan as it is now.
pub fn act_stamp_now(plan: &Plan) -> Markup {
    html! { (forms::stamp_now(plan)) input type="hidden" name=(KEEPS) value="1"; (act()) }
}

fn act() -> Markup {
    html! { input type="hidden" name=(ACT) value="1"; }
}

/// What a form begins with that is of no plan and keeps what was entered. `does`: it is an act.
pub fn stamp_of_no_plan(does: bool) -> Markup {
    html! {
        input type="hidden" name=(STAMP) value=(OF_NO_PLAN);
        input type="hidden" name=(KEEPS) value="1";
        @if does { (act()) }
    }
}

/// Whether a form does something, and no way off its page does it.
pub fn is_act(request: &Request) -> bool {
    request.form.get(ACT).is_some()
}

/// A link away from a form that saves itself; where no script runs it is a button of that form, which saves what can be saved and then
/// goes there. `about`: what is said to screen readers beside its words.
pub fn way(plan: &Plan, href: &str, words: &str, about: &str) -> Markup {
    way_as("govuk-link", plan, href, words, about)
}

/// The same of a class of its own.
pub fn way_as(class: &str, plan: &Plan, href: &str, words: &str, about: &str) -> Markup {
    let inside = html! { (words) @if !about.is_empty() { span class="govuk-visually-hidden" { (about) } } };
    let to = href.strip_prefix(plan.href("").as_str()).filter(|to| !to.starts_with('?'));
    html! {
        a class=(class) href=(href) data-way[to.is_some()] { (inside) }
        @if let Some(to) = to {
            noscript { button type="submit" class="pep-way-button" form=(FORM) name=(GO) value=(if to.is_empty() { "/" } else { to }) { (inside) } }
        }
    }
}

/// A page whose back link is a way off its form.
pub fn back(leaf: Leaf, plan: &Plan, href: impl Into<String>, words: &str) -> Leaf {
    let href = href.into();
    let way = way_as("govuk-back-link", plan, &href, words, "");
    Leaf { way_back: Some(way), ways: true, ..leaf.back(href, words) }
}

/// What a form that came by itself is told: it is saved, and made from this now.
pub fn kept(stamp: &str) -> Markup {
    html! { input type="hidden" name=(STAMP) value=(stamp); }
}

/// A form that keeps what cannot be taken, as it came.
pub struct Keeping {
    /// Where its drafts are.
    pub place: DraftPlace,
    /// Whether it came by itself, from a page that stays as it is: one field, or, of a page that is left, all of it.
    pub by_itself: bool,
    /// Whether it is only to be kept.
    pub only: bool,
}

impl Keeping {
    /// Of a form; `None` of one that keeps nothing.
    pub fn of(request: &Request, pep: &Uuid) -> Option<Keeping> {
        let form = &request.form;
        form.get(KEEPS).filter(|_| request.post)?;
        let field = form.get(ONE);
        let place = DraftPlace {
            pep: *pep,
            page: request.path.join("/"),
            form: form
                .get("do")
                .map(|does| format!("{does} {}", form.get("target").unwrap_or_default()))
                .unwrap_or_default(),
            field: field.unwrap_or_default().to_owned(),
        };
        Some(Keeping { place, by_itself: field.is_some(), only: form.get(ONLY).is_some() })
    }

    /// What is kept of the form at a field; empty where nothing was entered. An empty field stands for all of it.
    pub fn entered(&self, form: &Pairs, field: &str) -> String {
        let of_field = |name: &str| match field.strip_suffix("~why") {
            Some(question) => name == field || name.strip_suffix("~reason") == Some(question),
            None => name == field || name.strip_prefix(field).is_some_and(|part| PARTS.contains(&part)),
        };
        let theirs = |name: &str| !AROUND.contains(&name) && !name.ends_with("~saw") && !name.ends_with("~kept");
        let kept = form.only(|name| theirs(name) && (field.is_empty() || of_field(name) || HELD.contains(&name)));
        // A comment's form gives it its id under the name under which that of a signature has somebody's words.
        let held =
            |name: &str, value: &str| HELD.contains(&name) && (name != "comment" || value.parse::<Uuid>().is_ok());
        let entered = kept.iter().any(|(name, value)| !held(name, value) && !value.trim().is_empty());
        if entered { kept.write() } else { String::new() }
    }

    /// The same place at another field.
    pub fn at(&self, field: &str) -> DraftPlace {
        DraftPlace { field: field.to_owned(), ..self.place.clone() }
    }
}

/// What a form calls a draft.
pub fn word(place: &DraftPlace) -> String {
    let all = [place.page.as_str(), &place.form, &place.field].join("\u{0}");
    Uuid::new_v5(&place.pep, all.as_bytes()).simple().to_string()
}

/// What a draft is of, in words.
pub fn called(place: &DraftPlace) -> String {
    let label = |id: &str| plan::bank().question(id).map(|question| format!("“{}”", question.label));
    let field = place.field.split('~').next().unwrap_or_default();
    match place.page.split('/').collect::<Vec<_>>().as_slice() {
        ["settings"] => return "Settings".to_owned(),
        ["children", _, "new"] => return "A new PEP".to_owned(),
        _ => {}
    }
    let pieces: Vec<&str> = place.page.split('/').skip(2).collect();
    let column = |table: &str, column: &str| match plan::bank().question(table).and_then(|table| table.column(column)) {
        Some(found) if !field.is_empty() => format!("“{}”", found.label),
        _ => label(table).map_or_else(|| "A row".to_owned(), |label| format!("A row of {label}")),
    };
    match pieces.as_slice() {
        ["page", ..] => label(field).unwrap_or_else(|| "A section".to_owned()),
        ["comments", question] => {
            label(question).map_or_else(|| "A comment".to_owned(), |label| format!("A comment on {label}"))
        }
        ["table", table, _] => column(table, field),
        ["targets", "new"] => "A target".to_owned(),
        ["targets", _] => column("targets.list", field),
        ["targets", ..] => "A row of a target".to_owned(),
        ["meeting", ..] => "The meeting".to_owned(),
        ["quality"] => label(field).unwrap_or_else(|| "The quality check".to_owned()),
        ["sign-off"] => "What you say with your signature".to_owned(),
        ["choose", ..] => "A choice between two answers".to_owned(),
        ["send-back"] => "Sending the plan back".to_owned(),
        _ => "Something else".to_owned(),
    }
}

/// Where a button of a form leads that saves what can be saved and goes away from its page: within its plan, or, after a `~`, within
/// the pages.
pub fn leaves(request: &Request, plan: &Plan) -> Option<String> {
    match plain(request)? {
        "/" => Some(plan.href("")),
        to if to.starts_with('/') => Some(plan.href(to)),
        _ => leaves_pages(request),
    }
}

/// The same of a form that is of no plan.
pub fn leaves_pages(request: &Request) -> Option<String> {
    plain(request)?.strip_prefix(ELSEWHERE).filter(|to| to.starts_with('/')).map(|to| request.href(to))
}

fn plain(request: &Request) -> Option<&str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '?' | '=' | '&' | '#' | '~');
    request.form.get(GO).filter(|to| to.chars().all(plain) && !to.contains("//"))
}
