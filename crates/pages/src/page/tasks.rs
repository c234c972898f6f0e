//! Your tasks: the plans that wait for this person, the most pressing first.

use maud::html;
use plan::Standing;

use crate::{
    kit::{self, Task},
    model::{ChildLine, Digest, Site, small},
    page::duty,
    presence,
    region::Regions,
    request::{Leaf, Outcome},
};
use participant::words::{self, counted};

/// Shows the tasks.
pub fn tasks(site: &Site, children: &[ChildLine]) -> Outcome {
    let main = html! {
        h1 class="govuk-heading-xl" { "Your tasks" }
        (regions(site, children).show("tasks"))
    };
    Outcome::page(Leaf::new("Your tasks", "Your tasks", main))
}

/// The region of the page: the lists.
pub fn regions(site: &Site, children: &[ChildLine]) -> Regions {
    let mut plans: Vec<&Digest> = children.iter().flat_map(|child| &child.plans).collect();
    plans.sort_by_cached_key(|plan| (plan.due().is_none(), plan.due(), plan.name.to_lowercase()));
    let mut groups: [(&str, &str, Vec<&Digest>); 5] = [
        ("overdue", "Overdue", Vec::new()),
        ("soon", "Due in 15 working days or fewer", Vec::new()),
        ("later", "Later", Vec::new()),
        ("others", "Waiting for others", Vec::new()),
        ("nothing", "Nothing left to answer", Vec::new()),
    ];
    for plan in plans.iter().copied() {
        let mine = plan.mine() > 0 || plan.choices > 0;
        let standing = plan.due().map(|by| plan.pep.process.calendar().standing(site.today, by));
        let at = match (mine, standing) {
            (true, Some(Standing::Overdue)) => 0,
            (true, Some(Standing::Soon)) => 1,
            (true, _) => 2,
            (false, _) if !plan.gaps.is_empty() => 3,
            _ => 4,
        };
        if let Some((_, _, group)) = groups.get_mut(at) {
            group.push(plan);
        }
    }
    let lists = html! {
        @if let Some(newer) = &site.newer { (kit::inset(html! { p class="govuk-body" { (newer) } })) }
        @if site.undecided > 0 { (kit::inset(html! { (kit::link(&site.href("/held"), &undecided(site.undecided))) })) }
        (duty::unbegun(site, children))
        (duty::care_reviews(site, children))
        @if plans.is_empty() {
            p class="govuk-body" { "Plans of the children you work with will be here." }
            p class="govuk-body" { "They come to this device when it is connected: " (kit::link(&site.href("/sync"), "share now")) "." }
        }
        @for (id, title, group) in &groups {
            @if !group.is_empty() {
                h2 class="govuk-heading-m" { (title) }
                (kit::tasks(id, &group.iter().map(|plan| line(site, plan)).collect::<Vec<_>>()))
            }
        }
    };
    Regions::default().with("tasks", lists)
}

fn line(site: &Site, plan: &Digest) -> Task {
    let due = plan.due().map_or(String::new(), |by| format!(". Due by {}", words::date(by)));
    let others: Vec<String> =
        plan.gaps.keys().filter(|role| !plan.role.counts_as(**role)).map(|role| small(*role)).collect();
    let waiting = match (plan.mine(), others.is_empty()) {
        (0, false) => format!(". Waiting for: {}", others.join(", ")),
        _ => String::new(),
    };
    let here = match plan.here.as_slice() {
        [] => String::new(),
        [one] => format!(". {one} is here"),
        several => format!(". {} are here", presence::named(several)),
    };
    let status = match (plan.choices, plan.mine()) {
        (0, 0) if plan.gaps.is_empty() => html! { "Completed" },
        (0, 0) => html! { span class="pep-muted" { "Nothing for you" } },
        (0, mine) => kit::tag("teal", &format!("{mine} to answer")),
        (choices, _) => kit::tag("yellow", &format!("{} to make", counted(choices, "choice"))),
    };
    Task {
        href: Some(site.plan_href(&plan.pep, "")),
        title: plan.name.clone(),
        hint: format!("{}{due}{waiting}{here}", words::sitting(&plan.pep)),
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
