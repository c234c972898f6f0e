//! History: who did what, in sentences, newest first.

use maud::html;

use super::plan as overview;
use crate::{
    web::{
        kit,
        lent::{Past, Plan},
        request::{Leaf, Outcome, Request},
    },
    words,
};

/// Entries on one page.
pub const PAGE: usize = 50;

/// How many entries to leave out, as a request asks.
pub fn skipped(request: &Request) -> usize {
    request.query.get("skip").and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Shows the history of a plan, or of one question.
pub fn history(request: &Request, plan: &Plan, question: Option<&str>, past: &Past) -> Outcome {
    let about = question.and_then(|id| plan::bank().question(id));
    let skip = skipped(request);
    let here = question.map_or_else(|| plan.href("/history"), |id| plan.href(&format!("/history/{id}")));
    let title = about.map_or_else(|| "History".to_owned(), |question| format!("History of “{}”", question.label));
    let main = html! {
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { (title) }
        @if past.all == 0 { p class="govuk-body" { "Nobody has written anything here yet." } }
        @if !past.entries.is_empty() {
            ol class="pep-timeline" {
                @for entry in &past.entries {
                    li class="pep-timeline__item" {
                        h2 class="govuk-heading-s" { (super::section::upper(words::name(&entry.by))) }
                        p class="govuk-hint" { (words::moment(entry.at)) }
                        ul class="govuk-list govuk-list--bullet" {
                            @for sentence in &entry.sentences { li { (kit::typed(&super::section::upper(sentence))) } }
                        }
                    }
                }
            }
            p class="govuk-body" { "Shown: " (skip + 1) " to " (skip + past.entries.len()) " of " (past.all) }
        }
        nav aria-label="More of the history" {
            @if skip > 0 { p class="govuk-body" { (kit::link(&format!("{here}?skip={}", skip.saturating_sub(PAGE)), "Newer")) } }
            @if skip + past.entries.len() < past.all { p class="govuk-body" { (kit::link(&format!("{here}?skip={}", skip + PAGE), "Older")) } }
        }
    };
    let back = match about {
        Some(question) => (overview::question_href(plan, &question.id), "Back to the question"),
        None => (plan.href(""), "Back to the plan"),
    };
    Outcome::page(Leaf::new(format!("{title}, {}", plan.name), "Children", main).back(back.0, back.1))
}
