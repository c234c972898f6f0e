//! What the checks find in a plan, by whoever answers for it, each with the way to its question.

use maud::{Markup, html};
use plan::{Finding, Role, Severity};

use crate::{
    kit,
    model::{Findings, Plan, cell_value},
    request::{Leaf, Outcome},
    sections,
};
use participant::words::counted;

/// Shows what was found: this person's own first.
pub fn checks(plan: &Plan, findings: &Findings) -> Outcome {
    let mut owners: Vec<Role> = findings.iter().map(|finding| finding.owner).collect();
    owners.sort_unstable_by_key(|owner| (!plan.role.counts_as(*owner), *owner));
    owners.dedup();
    let blocking = findings.iter().filter(|finding| finding.severity == Severity::Blocks).count();
    let main = html! {
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
                    ul class="govuk-list govuk-list--bullet" { @for finding in theirs { li { (one(plan, finding)) } } }
                }
            }
        }
    };
    Outcome::page(Leaf::new(format!("Checks, {}", plan.name), "Children", main).back(plan.href(""), "Back to the plan"))
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
