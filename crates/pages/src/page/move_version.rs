//! Moving a plan to a newer version of its process: what that changes, and the button.

use maud::{Markup, html};
use participant::move_version::Move;
use plan::{DifferenceKind, DocumentKind};

use crate::{
    forms::stamp,
    kit,
    model::{Plan, people},
    request::{Leaf, Outcome, Request},
};

/// The page, or the move that its form asks for. `ahead`: to the newest version; `None` where the plan follows it already.
pub fn move_version(request: &Request, plan: &Plan, ahead: Option<&Move>) -> Option<Outcome> {
    let then = plan.href("");
    let Some(ahead) = ahead else {
        // Somebody has moved it meanwhile: there is nothing left to ask.
        return Some(Outcome::Go(then));
    };
    let version = ahead.to.process().version;
    let may = DocumentKind::Main.movers().contains(&plan.role);
    // A form that was made when another version was the newest shows what has changed since.
    if request.post && request.form.get("version").and_then(|said| said.parse().ok()) == Some(version) {
        return Some(Outcome::Move { version, then });
    }
    let said = |kind: DifferenceKind| -> Vec<&str> {
        ahead.changes.iter().filter(|one| one.kind == kind).map(|one| one.says.as_str()).collect()
    };
    let movers = people(&DocumentKind::Main.movers());
    let main = html! {
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { "Move this plan to version " (version) " of “" (ahead.to.process().name) "”" }
        p class="govuk-body" { "It follows version " (plan.pep.process().version) " now. What has been answered stays, and what has been signed stays signed as it was." }
        (list("What appears", &said(DifferenceKind::Appears)))
        (list("What disappears", &said(DifferenceKind::Disappears)))
        (list("What changes", &said(DifferenceKind::Changes)))
        p class="govuk-body" { "Everybody who works on the plan goes on in version " (version) "; their programs must know it. It cannot be moved back." }
        @if may {
            form method="post" action=(plan.href("/move")) novalidate {
                (stamp(plan))
                input type="hidden" name="version" value=(version);
                (kit::button(&format!("Move to version {version}")))
            }
        } @else {
            p class="govuk-body" { "The plan can be moved by " (movers) "." }
        }
    };
    let title = format!("Move to version {version}, {}", plan.name);
    Some(Outcome::page(Leaf::new(title, "Children", main).back(plan.href(""), "Back to the plan")))
}

/// The way to it; nothing where the plan follows the newest version.
pub fn line(plan: &Plan) -> Markup {
    html! {
        @if let Some(newer) = plan.newer {
            li { "There is a version " (newer) " of it: " (kit::link(&plan.href("/move"), "see what it changes")) "." }
        }
    }
}

fn list(title: &str, said: &[&str]) -> Markup {
    html! {
        h2 class="govuk-heading-m" { (title) }
        @if said.is_empty() { p class="govuk-body" { "Nothing." } } @else {
            ul class="govuk-list govuk-list--bullet" { @for says in said { li { (says) } } }
        }
    }
}
