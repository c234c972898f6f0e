//! Refused changes: those that wait for the Virtual School's decision, and those of this person's own, with what they say.

use maud::{Markup, html};
use participant::Zone;
use participant::decisions;

use crate::{
    changed::changed,
    kit::{self, upper},
    request::{Leaf, Outcome, Request},
};
use participant::{
    device::{Held, Said, Waiting},
    words,
};

/// Letters of one change that are shown.
const LETTERS_MAX: usize = 4_000;

/// Shows what waits for a decision. `children`: what each plan's child is called, in the order of `waiting`. `failed`: why the
/// relay, which keeps them, could not be asked.
pub fn held(
    request: &Request,
    zone: Zone,
    waiting: &[(String, Waiting)],
    failed: Option<&(String, Option<String>)>,
    wrong: Option<&str>,
) -> Outcome {
    let errors: Vec<(String, String)> = wrong.map(|words| (String::new(), words.to_owned())).into_iter().collect();
    let done = match request.query.get("done") {
        Some("accepted") => Some("Accepted. It goes to everybody on the team under its author’s name"),
        Some("discarded") => Some("Discarded. It stays out of the plan, and its author is told"),
        _ => None,
    };
    let main = html! {
        (kit::error_summary(&errors))
        @if let Some(done) = done { (kit::done(done)) }
        h1 class="govuk-heading-xl" { "Changes that were refused" }
        p class="govuk-body" { "Somebody wrote these, and they were not taken into a plan. Nobody else has them. Read what they say, then accept or discard them." }
        @if let Some((why, hint)) = failed {
            (kit::inset(html! {
                p class="govuk-body" { strong { "They are kept by your relay, and it could not be asked. " } (why) }
                @if let Some(hint) = hint { p class="govuk-body" { (hint) } }
            }))
        } @else if waiting.is_empty() {
            p class="govuk-body" { "There are none." }
        }
        @for (child, one) in waiting { (undecided(request, child, one, zone)) }
    };
    let leaf = Leaf::new("Changes that were refused", "Sharing", main).back(request.href("/sync"), "Back to sharing");
    Outcome::page(leaf.error(!errors.is_empty()))
}

fn undecided(request: &Request, child: &str, one: &Waiting, zone: Zone) -> Markup {
    let change = &one.change;
    let (hash, when) = (hex::encode(change.hash), words::moment(change.at, zone));
    let sitting = one.pep.as_ref().map(|pep| format!(", {}", words::sitting(pep))).unwrap_or_default();
    let about = format!(" the change by {}, {when}", one.author);
    html! {
        section class="pep-held" {
            h2 class="govuk-heading-m" { (child) (sitting) }
            p class="govuk-body" { (upper(&one.author)) br; (when) }
            p class="govuk-body" { (decisions::reason(one)) }
            (deeds(&one.said))
            @if one.said.is_empty() { p class="govuk-body" { "What it says cannot be shown on this device." } }
            div class="govuk-button-group" {
                @if change.acceptable {
                    form method="post" action=(request.href(&format!("/held/{hash}/accept"))) {
                        button type="submit" class="govuk-button" { "Accept" span class="govuk-visually-hidden" { (about) } }
                    }
                }
                @if change.heard && !change.follows {
                    form method="post" action=(request.href(&format!("/held/{hash}/discard"))) {
                        button type="submit" class="govuk-button govuk-button--secondary" { "Discard" span class="govuk-visually-hidden" { (about) } }
                    }
                }
            }
        }
    }
}

/// A refused change of this person's own.
pub fn own(one: &Held, zone: Zone) -> Markup {
    let sitting = one.pep.as_ref().map(|pep| format!(", {}", words::sitting(pep))).unwrap_or_default();
    html! {
        h3 class="govuk-heading-s" { (one.child) (sitting) }
        p class="govuk-hint" { (words::moment(one.why.at, zone)) }
        p class="govuk-body" { (one.why.detail) }
        (deeds(&one.said))
    }
}

/// What a change did, with the words before and after.
fn deeds(said: &[Said]) -> Markup {
    html! {
        @if !said.is_empty() {
            ul class="govuk-list pep-deeds" {
                @for deed in said {
                    li {
                        (kit::typed(&upper(&deed.sentence)))
                        @if let Some((before, after)) = &deed.words { (changed(before, after, LETTERS_MAX)) }
                    }
                }
            }
        }
    }
}
