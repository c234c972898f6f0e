//! A child that was entered twice: joined to the entry as which the child is to be known, or taken apart again.

use maud::{Markup, html};
use participant::{Error, filed::Entry};
use uuid::Uuid;

use crate::{
    kit,
    model::{ChildLine, Site},
    request::{Leaf, Outcome, Request},
};

/// What a form asks for: the entry that is one too many, the one as which the child is known, whether they are taken apart, and why.
pub fn wanted(request: &Request, child: &ChildLine) -> Option<(Uuid, Uuid, bool, String)> {
    let id = |name: &str| request.form.get(name)?.parse::<Uuid>().ok();
    let why = request.form.get("reason").unwrap_or_default().trim().to_owned();
    match id("apart") {
        Some(entry) => Some((entry, child.child, true, why)),
        None => Some((child.child, id("into")?, false, why)),
    }
}

/// The page. `others`: the children as whom this one may be known; `joined`: entries that were joined to this one.
pub fn join(
    request: &Request,
    site: &Site,
    child: &ChildLine,
    (others, joined): (&[Entry], &[Entry]),
    wrong: Option<&Error>,
) -> Outcome {
    let apart = request.form.get("apart").is_some();
    let told = |e: &Error| e.hint.as_ref().map_or(e.message.clone(), |hint| format!("{} {hint}", e.message));
    let errors: Vec<(String, String)> =
        wrong.map(|e| (if apart { "" } else { "into" }.to_owned(), told(e))).into_iter().collect();
    let here = site.href(&format!("/children/{}/join", child.child));
    let chosen = request.form.get("into").unwrap_or_default();
    let choices: Vec<(String, String)> = others.iter().map(|one| (one.id.to_string(), one.words.clone())).collect();
    let error = errors.iter().find(|(at, _)| at == "into").map(|(_, words)| words.as_str());
    let main = html! {
        (kit::error_summary(&errors))
        span class="govuk-caption-l" { (child.name) }
        h1 class="govuk-heading-l" { "Was this child entered twice?" }
        p class="govuk-body" { "Both entries keep their plans, and everything written and signed in them. From then on they are one child’s, by the name and the dates of the entry that stays, and who works with the one works with the other. It needs a connection." }
        @if others.is_empty() {
            p class="govuk-body" { "There is no other child on this device." }
        } @else {
            form method="post" action=(here) novalidate {
                (kit::radios("into", "As which entry is this child to be known?", error, &choices, chosen))
                (reason(request))
                (kit::button("Join the two"))
            }
        }
        @for one in joined {
            h2 class="govuk-heading-m" { "Joined: " (one.words) }
            form method="post" action=(here) novalidate {
                input type="hidden" name="apart" value=(one.id);
                div class="govuk-form-group" {
                    label class="govuk-label" for={ "apart-" (one.id) } { "Why are they two children after all?" }
                    input class="govuk-input" id={ "apart-" (one.id) } name="reason" type="text";
                }
                (kit::second_button("Take the two apart"))
            }
        }
    };
    let leaf = Leaf::new(format!("Entered twice, {}", child.name), "Children", main);
    Outcome::page(leaf.back(site.href("/children"), "Back to children").error(!errors.is_empty()))
}

fn reason(request: &Request) -> Markup {
    let said = request.form.get("reason").unwrap_or_default();
    html! {
        div class="govuk-form-group" {
            label class="govuk-label" for="reason" { "What shows that the two are one child?" }
            input class="govuk-input" id="reason" name="reason" type="text" value=(said);
        }
    }
}
