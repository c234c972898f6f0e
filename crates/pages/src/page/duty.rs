//! What is due of a child, wherever one is listed: with a plan or without.

use chrono::NaiveDate;
use maud::{Markup, html};
use participant::{duties::OfChild, words};
use plan::{Currency, Duty, Role, Standing};

use crate::{
    kit::{self, Task},
    model::{ChildLine, Digest, Site},
};

/// Whether a child has a current PEP, as tags: one of current, due soon, overdue and never, and that something is overdue.
pub fn currency(of: &OfChild, today: NaiveDate) -> Markup {
    let colour = match of.duties.currency {
        Some(Currency::Current) => "green",
        Some(Currency::DueSoon) => "yellow",
        Some(Currency::Overdue) => "red",
        Some(Currency::Never) => "blue",
        None => "grey",
    };
    let overdue = of.standing(today) == Some(Standing::Overdue) && of.duties.currency != Some(Currency::Overdue);
    html! {
        @if overdue { (kit::tag("red", "Overdue")) " " }
        (kit::tag(colour, &kit::upper(&words::currency(&of.duties))))
    }
}

/// By when what is due first is due, and what that is: of the child, or earlier of the newest plan itself.
pub fn first(of: &OfChild, newest: Option<&Digest>, today: NaiveDate) -> Markup {
    let first = of.duties.undone().next();
    let before = |by: NaiveDate| of.duties.first().is_none_or(|first| by < first);
    let own = newest.and_then(|plan| Some((plan, plan.undone().find(|due| due.by.is_ok_and(before))?)));
    html! {
        @match first {
            _ if own.is_some() => @if let Some((plan, due)) = own {
                @if let Ok(by) = due.by {
                    @if by < today && of.standing(today) != Some(Standing::Overdue) { (kit::tag("red", "Overdue")) br; }
                    (words::date(by)) br;
                }
                span class="govuk-hint" { (kit::upper(&words::what(due.duty, (None, plan.pep.term), plan.pep.process()))) }
            },
            None => span class="pep-muted" { "None" },
            Some(one) => {
                @match one.due.by {
                    Ok(by) => (words::date(by)),
                    Err(_) => "No day can be told",
                }
                br;
                span class="govuk-hint" { (kit::upper(&words::what(one.due.duty, (Some(one.year), one.term), of.process.process()))) }
            }
        }
    }
}

/// Whom the child's team lacks, for the Virtual School.
pub fn lacks(child: &ChildLine) -> Markup {
    html! {
        @for lack in child.due.iter().flat_map(|of| &of.lacks) { br; span class="govuk-hint" { (lack) } }
    }
}

/// Everything that is due of a child, a line each.
pub fn lines(of: &OfChild, today: NaiveDate) -> Markup {
    html! {
        @for one in of.duties.undone() {
            li { (kit::upper(&words::duty(one, of.process.process(), of.calendar(), today))) }
        }
        @for note in &of.duties.notes { li { (note) } }
    }
}

/// The next reviews of care plans with their days, for the reviewing officer, the earliest first.
pub fn care_reviews(site: &Site, children: &[ChildLine]) -> Markup {
    let reviews_plans =
        |child: &&ChildLine| child.due.as_ref().is_some_and(|of| of.role == Role::IndependentReviewingOfficer);
    let reviewed = children.iter().filter(reviews_plans);
    let mut reviews: Vec<(Option<NaiveDate>, &ChildLine, &Digest)> = reviewed
        .filter_map(|child| {
            let newest = child.plans.first()?;
            let day = child.plans.iter().find_map(|plan| plan.sitting.care_review);
            Some((day, child, newest))
        })
        .collect();
    reviews.sort_by_key(|(day, child, _)| (day.is_none(), *day, child.name.to_lowercase()));
    let line = |(day, child, newest): &(Option<NaiveDate>, &ChildLine, &Digest)| {
        let ready = child.due.as_ref().and_then(|of| {
            let due = of.duties.dues.iter().find(|one| one.due.duty == Duty::CareReview)?;
            Some(kit::upper(&words::duty(due, of.process.process(), of.calendar(), site.today)))
        });
        let status = html! {
            @match day {
                Some(day) if *day < site.today => { (words::date(*day)) br; (kit::tag("yellow", "This day has passed")) }
                Some(day) => (words::date(*day)),
                None => span class="pep-muted" { "No day yet" },
            }
        };
        let hint = ready.unwrap_or_else(|| words::sitting(&newest.pep));
        Task { href: Some(site.plan_href(&newest.pep, "/print")), title: child.name.clone(), hint, status }
    };
    html! {
        @if !reviews.is_empty() {
            h2 class="govuk-heading-m" { "Reviews of care plans" }
            (kit::tasks("reviews", &reviews.iter().map(line).collect::<Vec<_>>()))
        }
    }
}

/// Under *Up-coming* from sign-off until the next PEP is begun: the signed plan, the next date, and whether it is provisional.
pub fn next(child: &ChildLine) -> Option<(&Digest, NaiveDate, bool)> {
    let of = child.due.as_ref()?;
    of.duties.undone().find_map(|one| match (one.due.duty, one.due.by) {
        (Duty::Next { provisional }, Ok(day)) => {
            let signed = child.plans.iter().find(|plan| plan.signed_off)?;
            Some((signed, day, provisional))
        }
        _ => None,
    })
}
