//! What the checks find in a plan, by whoever answers for it, each with the way to its question; and that what is only unlikely is
//! right.

use maud::{Markup, html};
use plan::{Finding, Question, Role, Severity};

use crate::{
    forms::{Lots, refusal},
    kit,
    model::{Findings, Plan, cell_value},
    request::{Leaf, Outcome, Request},
    sections,
};
use participant::{answers, words::counted};

const CHANGED: &str =
    "What this is about was changed while you had this page open, and nothing was saved. Look at it again";

/// Shows what was found, this person's own first; or takes in that something unlikely is right.
pub fn checks(request: &Request, plan: &Plan, findings: &Findings) -> Outcome {
    let writer = plan.writer();
    let mut errors = refusal(plan, "main-content");
    if request.post && errors.is_empty() {
        let key = request.form.get("right").unwrap_or_default();
        let asked = findings.iter().find(|finding| finding.confirm.is_some_and(|confirm| confirm.to_string() == key));
        match asked.map(|finding| answers::sure(finding, &plan.pep, &writer)) {
            Some(Some((kind, edit))) => {
                let mut lots = Lots::default();
                lots.add(kind, edit);
                return lots.write(plan.href("/checks?saved=1"));
            }
            Some(None) => {
                errors.push(("main-content".to_owned(), "It is not yours to say that this is right".to_owned()))
            }
            None if plan.view.comments.iter().any(|comment| comment.key == key) => {
                return Outcome::Go(plan.href("/checks?saved=1"));
            }
            None => errors.push(("main-content".to_owned(), CHANGED.to_owned())),
        }
    }
    let may_say = |finding: &Finding| !plan.is_sealed() && answers::sure(finding, &plan.pep, &writer).is_some();
    let mut owners: Vec<Role> = findings.iter().map(|finding| finding.owner).collect();
    owners.sort_unstable_by_key(|owner| (!plan.role.counts_as(*owner), *owner));
    owners.dedup();
    let blocking = findings.iter().filter(|finding| finding.severity == Severity::Blocks).count();
    let main = html! {
        (kit::error_summary(&errors))
        @if request.query.get("saved").is_some() { (kit::done("Saved on this device, with your name")) }
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { "Checks" }
        @if blocking == 0 { p class="govuk-body" { "The checks found nothing that keeps this plan from being complete. Whether it is a good plan, people decide." } }
        @else { p class="govuk-body" { (counted(blocking, "thing")) " to put right before this plan is complete." } }
        @for owner in &owners {
            h2 class="govuk-heading-m" { (owner.label()) @if plan.role.counts_as(*owner) { " (you)" } }
            @for (severity, heading) in [(Severity::Blocks, "To put right"), (Severity::Doubtful, "To look at")] {
                @let theirs: Vec<&Finding> = findings.iter().filter(|f| f.owner == *owner && f.severity == severity).collect();
                @if !theirs.is_empty() {
                    h3 class="govuk-heading-s" { (heading) }
                    ul class="govuk-list govuk-list--bullet" {
                        @for finding in theirs { li {
                            (one(plan, finding))
                            @if may_say(finding) { (right(plan, finding)) }
                        } }
                    }
                }
            }
        }
    };
    let leaf = Leaf::new(format!("Checks, {}", plan.name), "Children", main).back(plan.href(""), "Back to the plan");
    Outcome::page(leaf.error(!errors.is_empty()))
}

/// What cannot be or is unlikely at a question, beside its answer, with the way to say that it is right.
pub fn asked_at(plan: &Plan, question: &Question) -> Markup {
    let at = |field: &str| field.split('/').next() == Some(question.id.as_str());
    let found = plan::figures(&plan.view, &plan.pep, plan.today);
    let here: Vec<&Finding> = found.iter().filter(|finding| finding.field.as_deref().is_some_and(at)).collect();
    html! {
        @if !here.is_empty() {
            (kit::inset(html! { @for finding in here {
                p class="govuk-body" {
                    (finding.says)
                    @if finding.confirm.is_some() && plan.may_write(question) {
                        " " (kit::link(&plan.href("/checks"), "Say that it is right"))
                    }
                }
            } }))
        }
    }
}

/// The button that says that something unlikely is right.
fn right(plan: &Plan, finding: &Finding) -> Markup {
    html! {
        form method="post" action=(plan.href("/checks")) novalidate {
            input type="hidden" name="right" value=[finding.confirm];
            button type="submit" class="govuk-button govuk-button--secondary pep-right" {
                "This is right" span class="govuk-visually-hidden" { ": " (finding.says) }
            }
        }
    }
}

/// A finding, with the way to what it is about.
pub fn one(plan: &Plan, finding: &Finding) -> Markup {
    let (href, about) = place(plan, finding);
    html! {
        @if let Some(about) = about { @match href {
            Some(href) => (kit::link(&href, &about)),
            None => (about),
        } ": " }
        (finding.says)
    }
}

/// Where a finding leads, and what it is about.
fn place(plan: &Plan, finding: &Finding) -> (Option<String>, Option<String>) {
    let field = finding.field.as_deref().unwrap_or_default();
    let pieces: Vec<&str> = field.split('/').collect();
    if let Some(key) = &finding.target
        && let Some(target) = Plan::target(&plan.view, key)
    {
        let area = cell_value(target.row.cells.get("area"));
        let area = area.map_or_else(String::new, |value| format!(" “{value}”"));
        let column = match pieces.as_slice() {
            [_, _, column, ..] => format!("#{column}"),
            _ => String::new(),
        };
        return (Some(plan.href(&format!("/targets/{key}{column}"))), Some(format!("Target {}{area}", target.number)));
    }
    let question = pieces.first().and_then(|id| plan::bank().question(id));
    match question {
        Some(question) if question.id == "targets.list" => (Some(plan.href("/targets")), Some(question.label.clone())),
        Some(question) => (Some(sections::question_href(plan, &question.id)), Some(question.label.clone())),
        None => (None, None),
    }
}
