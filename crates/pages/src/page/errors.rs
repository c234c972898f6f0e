//! Pages for when something cannot be shown: what happened, who can put it right, and that nothing is lost.

use maud::{Markup, html};
use plan::Question;

use crate::{
    address::Base,
    kit,
    model::Plan,
    request::{Leaf, Outcome, Pairs},
};
use participant::error::{Error, Kind};

/// There is no such page.
pub fn not_found(base: &Base) -> Leaf {
    problem(
        404,
        "Page not found",
        html! {
            p class="govuk-body" { "If you typed the address, check that it is right. The page may also have been about something that is not on this device." }
            p class="govuk-body" { (kit::link(&base.to("/"), "Go to your tasks")) }
        },
    )
}

/// The plan is not on this device.
pub fn no_such_plan(base: &Base) -> Leaf {
    problem(
        404,
        "This plan is not on this device",
        html! {
            p class="govuk-body" { "Plans come to this device when it is connected. If you are on the child’s team, " (kit::link(&base.to("/sync"), "share now")) " and look again." }
            p class="govuk-body" { "If you are not on the team, ask the Virtual School to add you." }
        },
    )
}

/// What a command would have said, with what was typed in the form that it came from.
pub fn failed(base: &Base, error: &Error, form: &Pairs) -> Leaf {
    let (status, title) = match error.kind {
        Kind::Usage => (409, "This page is too old"),
        Kind::NotPermitted => (403, "You cannot see this plan"),
        Kind::Store => (500, "The plans on this device cannot be read"),
        _ => (500, "Something went wrong"),
    };
    problem(
        status,
        title,
        html! {
            p class="govuk-body" { (error.message) }
            @if let Some(hint) = &error.hint { p class="govuk-body" { (hint) } }
            (typed(form))
            p class="govuk-body" { "What you had saved is safe. " (kit::link(&base.to("/"), "Go to your tasks")) }
        },
    )
}

/// A form was larger than any form of ours.
pub fn too_large() -> Leaf {
    problem(
        413,
        "That is too much at once",
        html! { p class="govuk-body" { "Nothing was saved. Go back: what you typed should still be there. Save it in parts, or shorten it." } },
    )
}

/// The plan went on changing while the form was taken in.
pub fn too_busy() -> Leaf {
    problem(
        503,
        "The plan is changing at this moment",
        html! { p class="govuk-body" { "Nothing was saved. Go back and save again: what you typed should still be there." } },
    )
}

/// A page that changes what this person may not.
pub fn not_yours(plan: &Plan, question: &Question) -> Outcome {
    let main = html! {
        h1 class="govuk-heading-l" { "You cannot change this" }
        p class="govuk-body" {
            @if plan.view.hidden.contains_key(question.id.as_str()) { "“" (question.label) "” is not asked at present." }
            @else { "“" (question.label) "” is for " (plan.writers(question)) " to write." }
        }
        p class="govuk-body" { "You can " (kit::link(&plan.href(&format!("/comments/{}", question.id)), "leave a comment")) "." }
    };
    let leaf = Leaf::new("You cannot change this", "Children", main).back(plan.href(""), "Back to the plan");
    Outcome::page(leaf.status(403))
}

/// The texts of a form that could not be taken in, to be copied.
pub fn typed(form: &Pairs) -> Markup {
    let label = |name: &str| match plan::bank().question(name) {
        _ if name == "text" => Some("Your comment"),
        Some(question) => is_words(question.kind).then_some(question.label.as_str()),
        None => {
            let column = plan::bank().question("targets.list")?.column(name)?;
            is_words(column.kind).then_some(column.label.as_str())
        }
    };
    let words = |(name, text)| Some((label(name)?, Some(text).filter(|text: &&str| !text.trim().is_empty())?));
    let texts: Vec<(&str, &str)> = form.each().filter_map(words).collect();
    html! {
        @if !texts.is_empty() {
            h2 class="govuk-heading-m" { "What you typed" }
            p class="govuk-body" { "This form was not saved. Your text is kept here until you leave this page: copy what you need." }
            @for (label, text) in texts {
                h3 class="govuk-heading-s" { (label) }
                p class="govuk-body" { (kit::typed(text)) }
            }
        }
    }
}

fn is_words(kind: plan::Kind) -> bool {
    matches!(kind, plan::Kind::Text | plan::Kind::LongText)
}

fn problem(status: u16, title: &str, words: Markup) -> Leaf {
    let main = html! { h1 class="govuk-heading-l" { (title) } (words) };
    Leaf::new(title, "", main).status(status)
}
