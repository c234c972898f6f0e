//! Your tasks: the plans that wait for this person, the most pressing first.

use maud::{Markup, html};
use plan::{Standing, Task, TaskKind};

use crate::{
    kit,
    model::{Digest, Site, small},
    presence,
    region::Regions,
    request::{Leaf, Outcome},
    sections,
};
use participant::{
    tasks,
    words::{self, counted},
};

/// Shows the tasks.
pub fn your_tasks(site: &Site, plans: &[Digest]) -> Outcome {
    let main = html! {
        h1 class="govuk-heading-xl" { "Your tasks" }
        (regions(site, plans).show("tasks"))
    };
    Outcome::page(Leaf::new("Your tasks", "Your tasks", main))
}

/// A plan in which something waits for this person, and how urgent that is.
type Waits<'a> = (&'a Digest, Vec<&'a Task>);

/// The region of the page: the lists.
pub fn regions(site: &Site, plans: &[Digest]) -> Regions {
    let mut mine: [(&str, Vec<Waits<'_>>); 3] =
        [("Overdue", Vec::new()), ("Due in 15 working days or fewer", Vec::new()), ("Later", Vec::new())];
    let (mut others, mut nothing) = (Vec::new(), Vec::new());
    for plan in plans.iter().filter(|plan| plan.pep.counts()) {
        let tasks: Vec<&Task> = plan.line.tasks(site.today).collect();
        let first = tasks.iter().filter_map(|task| task.due).min();
        let at = match first.map(|by| plan.pep.process().calendar.standing(site.today, by)) {
            _ if tasks.is_empty() && plan.gaps.is_empty() => {
                nothing.push(line(site, plan));
                continue;
            }
            _ if tasks.is_empty() => {
                others.push(line(site, plan));
                continue;
            }
            Some(Standing::Overdue) => 0,
            Some(Standing::Soon) => 1,
            _ => 2,
        };
        if let Some((_, group)) = mine.get_mut(at) {
            group.push((plan, tasks));
        }
    }
    for (_, group) in &mut mine {
        let urgent = |(_, tasks): &Waits<'_>| tasks.iter().filter_map(|task| task.due).min();
        group.sort_by_key(|waits| (urgent(waits).is_none(), urgent(waits)));
    }
    let lists = html! {
        @if let Some(newer) = &site.newer { (kit::inset(html! { p class="govuk-body" { (newer) } })) }
        @if site.undecided > 0 { (kit::inset(html! { (kit::link(&site.href("/held"), &undecided(site.undecided))) })) }
        @if plans.is_empty() {
            p class="govuk-body" { "Plans of the children you work with will be here." }
            p class="govuk-body" { "They come to this device when it is connected: " (kit::link(&site.href("/sync"), "share now")) "." }
        }
        @for (title, group) in &mine {
            @if !group.is_empty() {
                h2 class="govuk-heading-m" { (title) }
                @for (plan, tasks) in group { (of_plan(site, plan, tasks)) }
            }
        }
        @for (id, title, group) in [("others", "Waiting for others", &others), ("nothing", "Nothing left to do", &nothing)] {
            @if !group.is_empty() {
                h2 class="govuk-heading-m" { (title) }
                (kit::tasks(id, group))
            }
        }
    };
    Regions::default().with("tasks", lists)
}

/// What waits in one plan.
fn of_plan(site: &Site, plan: &Digest, tasks: &[&Task]) -> Markup {
    html! {
        div class="pep-todo" {
            h3 class="govuk-heading-s govuk-!-margin-bottom-1" { (kit::link(&site.plan_href(&plan.pep, ""), &plan.name)) }
            p class="govuk-hint govuk-!-margin-bottom-1" { (words::sitting(&plan.pep)) (here(plan)) }
            ul class="govuk-list govuk-list--bullet" {
                @for task in tasks {
                    li {
                        (kit::link(&place(site, plan, task), &tasks::said(task, plan.role)))
                        @if let Some(due) = task.due {
                            @if due < site.today { " " (kit::tag("red", &format!("Overdue since {}", words::date(due)))) }
                            @else { span class="pep-muted" { ", by " (words::date(due)) } }
                        }
                    }
                }
            }
        }
    }
}

/// Where it is done.
fn place(site: &Site, plan: &Digest, task: &Task) -> String {
    let rest = match task.kind {
        TaskKind::Choose => "/choose".to_owned(),
        TaskKind::Sign => "/sign-off".to_owned(),
        TaskKind::Quality => "/quality".to_owned(),
        // Whose yes the type waits for.
        TaskKind::Approve if task.question == Some("meta.pepType") => "/filing".to_owned(),
        TaskKind::Arrange | TaskKind::Invite | TaskKind::Attend | TaskKind::Copies => "/meeting".to_owned(),
        TaskKind::Action if task.question == Some("meeting.actions") => "/meeting".to_owned(),
        TaskKind::Answer | TaskKind::Confirm if task.question.is_none() => String::new(),
        _ => task.question.map_or_else(String::new, |id| sections::question_path(&plan.pep, id)),
    };
    site.plan_href(&plan.pep, &rest)
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
    let waiting = if others.is_empty() { String::new() } else { format!(". Waiting for: {}", others.join(", ")) };
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
