//! How a PEP is filed: its type put right, one that was begun by mistake withdrawn, or brought back.

use maud::{Markup, html};
use participant::Error;
use plan::{PepType, Role};

use crate::{
    keeping::stamp,
    kit,
    model::Plan,
    request::{Leaf, Outcome, Request},
};

/// What a form asks the relay for.
pub enum Wanted {
    /// That the PEP is of this type, and why.
    Amend(PepType, String),
    /// That it was begun by mistake: why.
    Withdraw(String),
    /// That it counts again.
    Back,
}

/// What the form asks for; `None` where that cannot be told.
pub fn wanted(request: &Request) -> Option<Wanted> {
    let said = |name: &str| request.form.get(name).unwrap_or_default().trim().to_owned();
    match request.form.get("do")? {
        "amend" => Some(Wanted::Amend(said("type").parse().ok()?, said("why"))),
        "withdraw" => Some(Wanted::Withdraw(said("reason"))),
        "back" => Some(Wanted::Back),
        _ => None,
    }
}

/// The page; `wrong`: why what its form asked for was not done.
pub fn filing(request: &Request, plan: &Plan, wrong: Option<&Error>) -> Outcome {
    let at = match request.form.get("do") {
        Some("amend") => "type",
        Some("withdraw") => "reason",
        _ => "",
    };
    let told = |e: &Error| e.hint.as_ref().map_or(e.message.clone(), |hint| format!("{} {hint}", e.message));
    let errors: Vec<(String, String)> = wrong.map(|e| (at.to_owned(), told(e))).into_iter().collect();
    let may = plan.role == Role::SocialWorker || plan.role.is_virtual_school();
    let error = |name: &str| errors.iter().find(|(at, _)| at == name).map(|(_, words)| words.as_str());
    let main = html! {
        (kit::error_summary(&errors))
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { "Put right how this PEP is filed" }
        (notes(plan))
        p class="govuk-body" { "Nothing that was written or signed in the plan is changed by it. It needs a connection, and holds for everybody on the team." }
        @if !may {
            p class="govuk-body" { "The social worker or the Virtual School can do this. Ask them, and say what is wrong." }
        } @else if plan.pep.counts() {
            (amend(request, plan, error("type")))
            (withdraw(request, plan, error("reason")))
        } @else {
            form method="post" action=(plan.href("/filing")) novalidate {
                (stamp(plan))
                input type="hidden" name="do" value="back";
                (kit::button("Bring this PEP back"))
            }
        }
    };
    let leaf = Leaf::new(format!("How this PEP is filed, {}", plan.name), "Children", main);
    Outcome::page(leaf.back(plan.href(""), "Back to the plan").error(!errors.is_empty()))
}

/// What stands about it, at the head of the plan.
pub fn notes(plan: &Plan) -> Markup {
    let said = plan.put_right.sentences(&plan.pep);
    html! {
        @if !said.is_empty() { (kit::inset(html! { @for words in said { p class="govuk-body" { (words) } } })) }
    }
}

fn amend(request: &Request, plan: &Plan, error: Option<&str>) -> Markup {
    let types: Vec<(String, String)> =
        PepType::ALL.iter().map(|kind| (kind.to_string(), kind.label().to_owned())).collect();
    let chosen = request.form.get("type").map_or_else(|| plan.pep.kind.to_string(), str::to_owned);
    let button = if plan.put_right.waits_for.is_some() { "Say that it is of this type" } else { "Put the type right" };
    html! {
        form method="post" action=(plan.href("/filing")) novalidate {
            (stamp(plan))
            input type="hidden" name="do" value="amend";
            (kit::radios("type", "What kind of PEP is it?", error, &types, &chosen))
            div class="govuk-form-group" {
                label class="govuk-label" for="why" { "Why (optional)" }
                input class="govuk-input" id="why" name="why" type="text" value=(request.form.get("why").unwrap_or_default());
            }
            (kit::button(button))
        }
    }
}

fn withdraw(request: &Request, plan: &Plan, error: Option<&str>) -> Markup {
    let group = if error.is_some() { "govuk-form-group govuk-form-group--error" } else { "govuk-form-group" };
    html! {
        h2 class="govuk-heading-m" { "Was it begun by mistake?" }
        p class="govuk-body" { "It is kept, with who withdrew it and why, and can be read and brought back. It counts nowhere, and nothing is written in it." }
        form method="post" action=(plan.href("/filing")) novalidate {
            (stamp(plan))
            input type="hidden" name="do" value="withdraw";
            div class=(group) {
                label class="govuk-label" for="reason" { "Why is it withdrawn?" }
                @if let Some(error) = error {
                    p class="govuk-error-message" id="reason-error" { span class="govuk-visually-hidden" { "Error: " } (error) }
                }
                input class="govuk-input" id="reason" name="reason" type="text" value=(request.form.get("reason").unwrap_or_default()) aria-describedby=[error.map(|_| "reason-error")];
            }
            (kit::warning_button("Withdraw this PEP"))
        }
    }
}
