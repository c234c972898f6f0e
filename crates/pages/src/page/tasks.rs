//! Your tasks: the plans that wait for this person, the most pressing first.

use maud::{Markup, html};
use plan::TaskKind;
use uuid::Uuid;

use crate::{
    kit,
    model::{ChildLine, Digest, Site, small},
    page::duty,
    presence,
    region::Regions,
    request::{Leaf, Outcome},
    sections,
};
use participant::{
    tasks::{self, ToDo},
    words::{self, counted},
};

/// Shows the tasks.
pub fn your_tasks(site: &Site, children: &[ChildLine], waiting: &[ToDo]) -> Outcome {
    let main = html! {
        h1 class="govuk-heading-xl" { "Your tasks" }
        (regions(site, children, waiting).show("tasks"))
    };
    Outcome::page(Leaf::new("Your tasks", "Your tasks", main))
}

/// What waits for this person in one plan, or of one child without one.
type OfOne<'a> = Vec<&'a ToDo>;

/// The region of the page: the lists.
pub fn regions(site: &Site, children: &[ChildLine], waiting: &[ToDo]) -> Regions {
    let mut plans: Vec<&Digest> =
        children.iter().flat_map(|child| &child.plans).filter(|plan| plan.pep.counts()).collect();
    plans.sort_by_cached_key(|plan| (plan.due().is_none(), plan.due(), plan.name.to_lowercase()));
    let mut mine: [(&str, Vec<OfOne<'_>>); 3] =
        [("Overdue", Vec::new()), ("Due in 15 working days or fewer", Vec::new()), ("Later", Vec::new())];
    // The most urgent comes first in each and among them.
    let mut of: Vec<OfOne<'_>> = Vec::new();
    for one in waiting {
        let same = |other: &&mut OfOne<'_>| other.first().is_some_and(|other| about(other) == about(one));
        match of.iter_mut().find(same) {
            Some(found) => found.push(one),
            None => of.push(vec![one]),
        }
    }
    for one in of {
        let first = one.first();
        let at = match first.map(|first| (first.late, first.soon)) {
            Some((true, _)) => 0,
            Some((_, true)) => 1,
            _ => 2,
        };
        if let Some((_, group)) = mine.get_mut(at) {
            group.push(one);
        }
    }
    let others = plans.iter().copied().filter(|plan| !waiting.iter().any(|one| one.pep.as_ref() == Some(&plan.pep)));
    let (others, nothing): (Vec<&Digest>, Vec<&Digest>) = others.partition(|plan| !plan.gaps.is_empty());
    let others: Vec<kit::Task> = others.into_iter().map(|plan| line(site, plan)).collect();
    let nothing: Vec<kit::Task> = nothing.into_iter().map(|plan| line(site, plan)).collect();
    let lists = html! {
        @if let Some(newer) = &site.newer { (kit::inset(html! { p class="govuk-body" { (newer) } })) }
        // Of plans that are not here.
        @if site.undecided > 0 && !waiting.iter().any(|one| one.task.kind == TaskKind::DecideHeld) {
            (kit::inset(html! { (kit::link(&site.href("/held"), &undecided(site.undecided))) }))
        }
        (duty::care_reviews(site, children))
        @if plans.is_empty() && waiting.is_empty() {
            p class="govuk-body" { "Plans of the children you work with will be here." }
            p class="govuk-body" { "They come to this device when it is connected: " (kit::link(&site.href("/sync"), "share now")) "." }
        }
        @for (title, group) in &mine {
            @if !group.is_empty() {
                h2 class="govuk-heading-m" { (title) }
                @for one in group { (of_one(site, &plans, one)) }
            }
        }
        @for (id, title, group) in [("others", "ToDo for others", &others), ("nothing", "Nothing left to do", &nothing)] {
            @if !group.is_empty() {
                h2 class="govuk-heading-m" { (title) }
                (kit::tasks(id, group))
            }
        }
    };
    Regions::default().with("tasks", lists)
}

fn about(one: &ToDo) -> (Uuid, Option<Uuid>) {
    (one.child, one.pep.as_ref().map(plan::Pep::id))
}

fn of_one(site: &Site, plans: &[&Digest], tasks: &OfOne<'_>) -> Markup {
    let Some(first) = tasks.first() else { return html! {} };
    let plan = plans.iter().find(|plan| Some(&plan.pep) == first.pep.as_ref());
    let name = plan.map(|plan| plan.name.as_str()).or(first.name.as_deref()).unwrap_or("A child");
    html! {
        div class="pep-todo" {
            h3 class="govuk-heading-s govuk-!-margin-bottom-1" { (kit::link(&way(site, first, ""), name)) }
            @if let Some(plan) = plan { p class="govuk-hint govuk-!-margin-bottom-1" { (words::sitting(&plan.pep)) (here(plan)) } }
            ul class="govuk-list govuk-list--bullet" {
                @for one in tasks {
                    li {
                        (kit::link(&place(site, one), &tasks::said(&one.task, one.role)))
                        @if let Some(due) = one.task.due {
                            @if one.late { " " (kit::tag("red", "Overdue")) span class="pep-muted" { " since " (words::date(due)) } }
                            @else { span class="pep-muted" { ", by " (words::date(due)) } }
                        }
                    }
                }
            }
        }
    }
}

/// Where it is done.
fn place(site: &Site, one: &ToDo) -> String {
    let Some(pep) = &one.pep else { return way(site, one, "") };
    let rest = match one.task.kind {
        TaskKind::Choose => "/choose".to_owned(),
        TaskKind::Sign => "/sign-off".to_owned(),
        TaskKind::Quality => "/quality".to_owned(),
        TaskKind::DecideHeld => return site.href("/held"),
        // Whose yes the type waits for.
        TaskKind::Approve if one.task.question == Some("meta.pepType") => "/filing".to_owned(),
        TaskKind::Arrange | TaskKind::Invite | TaskKind::Attend | TaskKind::Copies => "/meeting".to_owned(),
        TaskKind::Action if one.task.question == Some("meeting.actions") => "/meeting".to_owned(),
        TaskKind::Answer | TaskKind::Confirm if one.task.question.is_none() => String::new(),
        _ => one.task.question.map_or_else(String::new, |id| sections::question_path(pep, id)),
    };
    way(site, one, &rest)
}

/// A page of its plan, or where one is begun.
fn way(site: &Site, one: &ToDo, rest: &str) -> String {
    match &one.pep {
        Some(pep) => site.plan_href(pep, rest),
        None => site.href(&format!("/children/{}/new", one.child)),
    }
}

fn here(plan: &Digest) -> String {
    match plan.here.as_slice() {
        [] => String::new(),
        [one] => format!(". {one} is here"),
        several => format!(". {} are here", presence::named(several)),
    }
}

/// A plan in which nothing waits for this person.
fn line(site: &Site, plan: &Digest) -> kit::Task {
    let due = plan.due().map_or(String::new(), |by| format!(". Due by {}", words::date(by)));
    let others: Vec<String> = plan.gaps.keys().map(|role| small(*role)).collect();
    let waiting = if others.is_empty() { String::new() } else { format!(". ToDo for: {}", others.join(", ")) };
    let status = match plan.gaps.is_empty() {
        true => html! { "Completed" },
        false => html! { span class="pep-muted" { "Nothing for you" } },
    };
    kit::Task {
        href: Some(site.plan_href(&plan.pep, "")),
        title: plan.name.clone(),
        hint: format!("{}{due}{waiting}{}", words::sitting(&plan.pep), here(plan)),
        status,
    }
}

/// That refused changes wait for a decision.
pub fn undecided(changes: u64) -> String {
    let wait = if changes == 1 { "waits" } else { "wait" };
    format!(
        "{} that {wait} for your decision",
        counted(usize::try_from(changes).unwrap_or(usize::MAX), "refused change")
    )
}
