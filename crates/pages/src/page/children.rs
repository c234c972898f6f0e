//! The children of this person's teams, and how far each one's plan is.

use maud::{Markup, html};
use plan::State;

use crate::{
    kit,
    model::{ChildLine, Digest, Site},
    page::duty,
    request::{Leaf, Outcome, Request},
};
use participant::words::{self, counted};

/// What may be listed: the word in the address, and the words on the page.
const FILTERS: [(&str, &str); 5] = [
    ("all", "All children"),
    ("mine", "Something is mine to do"),
    ("due", "Due soon or overdue"),
    ("coming", "Up-coming"),
    ("none", "No plan yet"),
];
/// How the list may be ordered.
const ORDERS: [(&str, &str); 3] = [("name", "Name"), ("due", "What is due first"), ("next", "Date of the next PEP")];

/// Shows the children. `joins`: this person joins entries of a child that was entered twice.
pub fn children(request: &Request, site: &Site, mut children: Vec<ChildLine>, joins: bool) -> Outcome {
    let chosen = |name: &str, known: &[(&'static str, &str)]| {
        let asked = request.query.get(name);
        known.iter().find(|(word, _)| Some(*word) == asked).or(known.first()).map_or("", |(word, _)| word)
    };
    let (show, order) = (chosen("show", &FILTERS), chosen("order", &ORDERS));
    let all = children.len();
    children.retain(|child| match show {
        "mine" => {
            newest(child).is_some_and(|plan| plan.line.tasks(site.today).next().is_some())
                || child.due.as_ref().is_some_and(|of| !of.tasks(of.role, site.today).is_empty())
        }
        "due" => {
            child.due.as_ref().is_some_and(|of| of.is_due(site.today))
                || newest(child).is_some_and(|plan| plan.is_due(site.today))
        }
        "coming" => duty::next(child).is_some(),
        "none" => !child.plans.iter().any(|plan| plan.pep.counts()),
        _ => true,
    });
    // What has no date comes last.
    let dated = |date: Option<chrono::NaiveDate>| (date.is_none(), date);
    match order {
        "due" => children.sort_by_cached_key(|child| child.urgency(site.today)),
        "next" => children.sort_by_key(|child| dated(newest(child).and_then(|p| p.next_date).map(|(day, _)| day))),
        _ => children.sort_by_cached_key(|child| child.name.to_lowercase()),
    }
    let main = html! {
        @if request.query.get("joined").is_some() { (kit::done("Put right, for everybody who works with the child")) }
        h1 class="govuk-heading-xl" { "Children" }
        form method="get" action=(site.href("/children")) class="pep-filter" {
            (select("show", "Show", &FILTERS, show))
            (select("order", "In order of", &ORDERS, order))
            (kit::second_button("Update the list"))
        }
        p class="govuk-body" {
            @if children.len() == all { (counted(all, "child").replace("childs", "children")) }
            @else { (children.len()) " of " (counted(all, "child").replace("childs", "children")) }
        }
        @if children.is_empty() {
            p class="govuk-body" {
                @if all == 0 { "The children you work with will be here when the Virtual School has put you on their teams." }
                @else { "No child is in this list." }
            }
        } @else {
            (kit::table("Children and their plans", &["Child", "Plan", "How far", "Due by", "Up-coming PEP"], &children.iter().map(|child| line(site, child, joins)).collect::<Vec<_>>()))
        }
    };
    Outcome::page(Leaf::new("Children", "Children", main))
}

fn line(site: &Site, child: &ChildLine, joins: bool) -> Vec<Markup> {
    let Some(plan) = newest(child) else {
        let none = html! { span class="pep-muted" { "None" } };
        return vec![
            html! { (child.name) (duty::lacks(child)) },
            html! { "No plan yet" (ways(site, child, joins)) },
            html! {},
            due(site, child),
            none,
        ];
    };
    let earlier: Vec<&Digest> = child.plans.iter().skip(1).collect();
    vec![
        html! { a class="govuk-link" href=(site.plan_href(&plan.pep, "")) { (child.name) } (duty::lacks(child)) },
        html! {
            (words::sitting(&plan.pep))
            (ways(site, child, joins))
            @if !earlier.is_empty() {
                details class="govuk-details pep-earlier" {
                    summary class="govuk-details__summary" { span class="govuk-details__summary-text" { "Earlier plans" span class="govuk-visually-hidden" { " of " (child.name) } } }
                    div class="govuk-details__text" {
                        ul class="govuk-list" {
                            @for plan in earlier { li { a class="govuk-link" href=(site.plan_href(&plan.pep, "")) { (words::sitting(&plan.pep)) } } }
                        }
                    }
                }
            }
        },
        far(plan),
        due(site, child),
        html! {
            @match plan.next_date {
                Some((day, provisional)) => { (words::date(day)) @if provisional { " (provisional)" } }
                None => span class="pep-muted" { "None" },
            }
        },
    ]
}

/// Whether there is a current PEP, and what is due first.
fn due(site: &Site, child: &ChildLine) -> Markup {
    html! {
        @match &child.due {
            Some(of) => { (duty::currency(of, site.today)) br; (duty::first(of, newest(child), site.today)) }
            None => span class="pep-muted" { "None" },
        }
    }
}

fn ways(site: &Site, child: &ChildLine, joins: bool) -> Markup {
    html! {
        br;
        a class="govuk-link" href=(site.href(&format!("/children/{}/new", child.child))) {
            "Start a PEP" span class="govuk-visually-hidden" { " for " (child.name) }
        }
        @if joins {
            br;
            a class="govuk-link" href=(site.href(&format!("/children/{}/join", child.child))) {
                "Entered twice?" span class="govuk-visually-hidden" { " " (child.name) }
            }
        }
    }
}

fn far(plan: &Digest) -> Markup {
    let state = match plan.state {
        _ if plan.signed_off && plan.changed_since > 0 => html! {
            "Signed off" br; (kit::tag("yellow", "Changed since"))
        },
        _ if plan.signed_off => html! { "Signed off" },
        State::NotStarted => kit::tag("blue", "Not started"),
        State::Drafting => kit::tag("teal", "In progress"),
        State::SignedOff | State::Superseded | State::Closed => html! { (plan.state.label()) },
        State::Returned => kit::tag("red", plan.state.label()),
        state => kit::tag("purple", state.label()),
    };
    html! {
        (state)
        @if plan.choices > 0 { br; (counted(plan.choices, "choice")) " to make" }
        @if plan.mine() > 0 { br; (plan.mine()) " for you to answer" }
    }
}

fn newest(child: &ChildLine) -> Option<&Digest> {
    child.plans.first()
}

fn select(name: &str, label: &str, known: &[(&str, &str)], on: &str) -> Markup {
    html! {
        div class="govuk-form-group" {
            label class="govuk-label" for=(name) { (label) }
            select class="govuk-select" id=(name) name=(name) {
                @for (word, words) in known { option value=(word) selected[*word == on] { (words) } }
            }
        }
    }
}
