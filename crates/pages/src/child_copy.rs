//! The first sheet of the copy that a child gets: what went well, what was agreed, who does what, when they meet next and who helps
//! them, in few words. What else they may read follows it as in any copy, their own words first.

use maud::{Markup, html};
use plan::{Answer, Cell, Row, Target, Value, View};

use crate::{kit, model::cell_value};
use participant::words;

/// The questions that name who helps the child, and what each is called.
const PEOPLE: [(&str, &str); 4] = [
    ("people.socialWorker", "Your social worker"),
    ("settingPeople.designatedTeacher", "Your designated teacher"),
    ("settingPeople.keyAdult", "Your key adult"),
    ("people.virtualSchool", "At the Virtual School"),
];

/// The sheet, of what `holds` says that the copy holds; nothing where there is nothing to say.
pub fn first_sheet(view: &View, holds: &dyn Fn(&str) -> bool) -> Markup {
    let rows = |table: &str| match view.answers.get(table) {
        Some(Answer::Table(rows)) if holds(table) => rows.iter().filter(|row| row.counts()).collect(),
        _ => Vec::<&Row>::new(),
    };
    let well: Vec<String> = rows("progress.achievements").into_iter().filter_map(|row| said(row, "what")).collect();
    let agreed: Vec<&Target> = match holds("targets.list") {
        true => view.targets.iter().filter(|target| target.row.counts() && target.is_agreed()).collect(),
        false => Vec::new(),
    };
    let open = |row: &&Row| !matches!(said(row, "status").as_deref(), Some("done" | "not_done"));
    let actions: Vec<&Row> = rows("meeting.actions").into_iter().filter(open).collect();
    let next = view.next_date.filter(|_| holds("meeting.nextDate"));
    let people: Vec<(&str, String)> = PEOPLE
        .into_iter()
        .filter(|(question, _)| holds(question))
        .filter_map(|(question, label)| match view.answers.get(question)? {
            Answer::Value(value) => Some((label, value.to_string())),
            _ => None,
        })
        .collect();
    if well.is_empty() && agreed.is_empty() && actions.is_empty() && next.is_none() && people.is_empty() {
        return html! {};
    }
    html! {
        section class="pep-copy__page" {
            @if !well.is_empty() { h2 { "What went well" } ul { @for one in &well { li { (kit::typed(one)) } } } }
            @if !agreed.is_empty() { h2 { "What we agreed" } ul { @for target in agreed { li { (agreement(target)) } } } }
            @if !actions.is_empty() { h2 { "Who does what" } ul { @for row in actions { li { (action(row)) } } } }
            @if let Some(next) = next {
                h2 { "When we meet next" }
                p { (words::date(next.date)) @if next.provisional { ". This day is not fixed yet." } }
            }
            @if !people.is_empty() { h2 { "Who helps you" } ul { @for (label, name) in &people { li { (label) ": " (kit::typed(name)) } } } }
        }
    }
}

fn agreement(target: &Target) -> Markup {
    html! {
        (kit::typed(&said(&target.row, "statement").unwrap_or_default()))
        @if let Some(day) = day(&target.row, "dueDate") { " By " (day) "." }
        @if let Some(who) = said(&target.row, "helpers").or_else(|| said(&target.row, "responsible")) { " Who helps: " (kit::typed(&who)) "." }
    }
}

fn action(row: &Row) -> Markup {
    html! {
        @if let Some(who) = said(row, "person") { (kit::typed(&who)) ": " }
        (kit::typed(&said(row, "action").unwrap_or_default()))
        @if let Some(day) = day(row, "byWhen") { ", by " (day) }
    }
}

fn said(row: &Row, column: &str) -> Option<String> {
    let words = match row.cells.get(column)? {
        Cell::Text { text } => text.trim().to_owned(),
        cell => cell_value(Some(cell))?.to_string(),
    };
    (!words.is_empty()).then_some(words)
}

fn day(row: &Row, column: &str) -> Option<String> {
    match cell_value(row.cells.get(column))? {
        Value::Date(day) => Some(words::date(*day)),
        _ => None,
    }
}
