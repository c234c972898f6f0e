//! The child's words, and the carer's: by the person who said or wrote them down, never mixed.

use std::collections::BTreeMap;

use maud::{Markup, html};
use plan::{Answer, Cell, Question, Row, Who};

use super::plan as overview;
use crate::{
    web::{
        kit,
        lent::{Plan, small},
        request::{Leaf, Outcome},
    },
    words,
};

/// A person's words, with the question each answers.
type Words<'a> = Vec<(&'static Question, Markup)>;

/// Shows the words, person by person.
pub fn voices(plan: &Plan) -> Outcome {
    let mut people: BTreeMap<(Option<Who>, String), Words<'_>> = BTreeMap::new();
    let questions = || plan.pep.process().questions().filter(|question| question.voice);
    for question in questions() {
        match plan.answer(&question.id) {
            Answer::Voices(voices) => {
                for voice in voices {
                    let words = html! { (kit::typed(&voice.text)) };
                    people.entry((voice.by.clone(), voice.person.to_string())).or_default().push((question, words));
                }
            }
            Answer::Table(rows) => {
                for row in rows.iter().filter(|row| row.counts()) {
                    let owner = row.key.rsplit_once('+').map_or_else(String::new, |(_, person)| person.to_owned());
                    people.entry((row.by.clone(), owner)).or_default().push((question, line(question, row)));
                }
            }
            _ => {}
        }
    }
    let empty: Vec<&Question> = questions()
        .filter(|question| {
            *plan.answer(&question.id) == Answer::Missing && plan.view.asked.contains(question.id.as_str())
        })
        .collect();
    let fact = |id: &str| {
        let question = plan::bank().question(id)?;
        match plan.answer(id) {
            Answer::Value(value) => Some((question.label.clone(), kit::typed(&words::value(question, value)))),
            _ => None,
        }
    };
    let facts: Vec<_> = ["voice.method", "voice.recordedBy", "voice.recordedOn"].into_iter().filter_map(fact).collect();
    let main = html! {
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { "The child’s words" }
        p class="govuk-body" { "What " (plan.name) " and the people at home say, in their own words. Each person’s words are kept apart, and nobody else can change them." }
        @if !facts.is_empty() { (kit::summary(&facts)) }
        @if people.is_empty() { p class="govuk-body" { "Nobody’s words are here yet." } }
        @for ((by, _), said) in &people {
            h2 class="govuk-heading-m" { (heading(by)) }
            dl class="govuk-summary-list" {
                @for (question, words) in said {
                    div class="govuk-summary-list__row govuk-summary-list__row--no-actions" {
                        dt class="govuk-summary-list__key" { (kit::link(&overview::question_href(plan, &question.id), &question.label)) }
                        dd class="govuk-summary-list__value" { (words) }
                    }
                }
            }
        }
        @if !empty.is_empty() {
            h2 class="govuk-heading-m" { "Not said yet" }
            ul class="govuk-list govuk-list--bullet" {
                @for question in empty { li { (kit::link(&overview::question_href(plan, &question.id), &question.label)) } }
            }
        }
    };
    Outcome::page(
        Leaf::new(format!("The child’s words, {}", plan.name), "Children", main)
            .back(plan.href(""), "Back to the plan"),
    )
}

fn heading(by: &Option<Who>) -> String {
    match by {
        Some(who) => format!("{} ({})", who.name, small(who.role)),
        None => super::section::upper(words::name(by)),
    }
}

/// A row in one line: its cells, each with its heading.
fn line(question: &Question, row: &Row) -> Markup {
    html! {
        @for column in &question.columns {
            @match row.cells.get(column.id.as_str()) {
                Some(Cell::Value(value) | Cell::Computed(value)) => p { (column.label) ": " (kit::typed(&words::cell(column, value))) },
                Some(Cell::Text { text }) => p { (column.label) ": " (kit::typed(text)) },
                _ => {}
            }
        }
    }
}
