//! What others did in a plan since this person was here.

use maud::{Markup, html};
use plan::Entry;

use crate::{
    forms::{refusal, stamp},
    kit,
    model::Plan,
    request::{Leaf, Outcome, Request},
    sections,
};
use participant::{
    news,
    words::{self, counted},
};

/// Things done at a stretch that are shown at once; the rest opens.
const DEEDS_SHOWN: usize = 12;

/// Shows it, the newest first.
pub fn news(request: &Request, plan: &Plan, entries: &[Entry]) -> Outcome {
    let errors = if request.post { refusal(plan, "main-content") } else { Vec::new() };
    let main = html! {
        (kit::error_summary(&errors))
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { "New since you were here" }
        @if entries.is_empty() { p class="govuk-body" { "Nothing is new." } }
        @else {
            p class="govuk-body" { "What others wrote, also what came late. Times are those of the device on which it was written." }
            ol class="pep-timeline" { @for entry in entries.iter().rev() { (stretch(plan, entry)) } }
            form method="post" action=(plan.href("/news")) novalidate {
                (stamp(plan))
                (kit::button("I have seen this"))
            }
        }
    };
    let leaf = Leaf::new(format!("New in {}’s plan", plan.name), "Children", main);
    Outcome::page(leaf.back(plan.href(""), "Back to the plan").error(!errors.is_empty()))
}

fn stretch(plan: &Plan, entry: &Entry) -> Markup {
    let deed = |deed: &plan::Deed| {
        html! { li { (kit::link(&sections::question_href(plan, deed.question), &kit::upper(&deed.sentence))) } }
    };
    let deeds: Vec<Markup> = entry.deeds.iter().map(deed).collect();
    let (first, rest) = deeds.split_at(deeds.len().min(DEEDS_SHOWN));
    html! {
        li class="pep-timeline__item" {
            h2 class="govuk-heading-s" { (kit::upper(words::name(&entry.by))) }
            p class="govuk-hint" {
                @if let Some(who) = &entry.by { (who.role.label()) ", " }
                (words::stretch(entry.began, entry.at, plan.now.zone))
            }
            ul class="govuk-list govuk-list--bullet" { @for deed in first { (deed) } }
            @if !rest.is_empty() {
                (kit::details(&format!("{} more", rest.len()), false, html! { ul class="govuk-list govuk-list--bullet" { @for deed in rest { (deed) } } }))
            }
        }
    }
}

/// The line of it on the plan's own page; nothing where nothing is new.
pub fn line(plan: &Plan, entries: &[Entry]) -> Markup {
    let things: usize = entries.iter().map(|entry| entry.deeds.len()).sum();
    let names = news::who(entries);
    let who = match names.as_slice() {
        [] => return html! {},
        [one] => (*one).to_owned(),
        [one, other] => format!("{one} and {other}"),
        [one, rest @ ..] => format!("{one} and {} others", rest.len()),
    };
    kit::inset(html! {
        p class="govuk-body" {
            "New since you were here: " (counted(things, "change")) " by " (who) ". "
            (kit::link(&plan.href("/news"), "See what is new"))
        }
    })
}
