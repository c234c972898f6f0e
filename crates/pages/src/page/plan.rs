//! A plan: its sections, who answers for each, and how far each is.

use chrono::NaiveDate;
use maud::{Markup, html};
use plan::{Answer, Page, Question, Standing};

use crate::{
    kit::{self, Task},
    model::{Plan, people, small},
    presence,
    region::Regions,
    request::{Leaf, Outcome, Request},
    sections::{block_title, blocks, group, is_within, owner, section_href},
};
use participant::words::{self, counted};

/// How far a section is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Far {
    NotAsked,
    NotShared,
    NotStarted,
    InProgress,
    NeedsChoice,
    AtTheEnd,
    Optional,
    Completed,
}

impl Far {
    /// Nobody has to complete it.
    fn counts_for_nothing(&self) -> bool {
        matches!(self, Far::NotAsked | Far::NotShared | Far::AtTheEnd | Far::Optional)
    }
}

/// The parts of every plan, beside its sections: address and words.
const PARTS: [(&str, &str); 7] = [
    ("/targets", "Targets and funding"),
    ("/views", "The child’s views"),
    ("/checks", "Checks"),
    ("/choose", "Questions with two answers"),
    ("/comments", "Comments"),
    ("/history", "History"),
    ("/print", "Print or share"),
];

/// Shows the plan.
pub fn overview(request: &Request, plan: &Plan) -> Outcome {
    let regions = regions(plan);
    let main = html! {
        @if request.query.get("saved").is_some() { (kit::done("Saved on this device")) }
        (super::new::started(request, plan))
        span class="govuk-caption-xl" { (plan.sitting()) }
        h1 class="govuk-heading-xl" { (plan.name) "’s plan" }
        div class="govuk-grid-row" {
            div class="govuk-grid-column-two-thirds" {
                (regions.show("sections"))
                h2 class="govuk-heading-m" { "Together" }
                (kit::tasks("together", &together(plan)))
            }
            div class="govuk-grid-column-one-third" {
                (beside(plan, &regions))
            }
        }
    };
    let leaf = Leaf::new(format!("{}’s plan", plan.name), "Children", main);
    Outcome::page(leaf.back(plan.base.to("/children"), "Back to children"))
}

/// The regions of the page: the sections and how far each is, who is here, and how far what this person wrote has come.
pub fn regions(plan: &Plan) -> Regions {
    Regions::default()
        .with("sections", sections(plan))
        .with("present", presence::in_plan(plan))
        .with("far", presence::mine(plan))
}

fn sections(plan: &Plan) -> Markup {
    let process = plan.pep.process();
    let groups = || process.pages.iter().flat_map(|page| blocks(page).into_iter().map(move |block| (page, block)));
    let states: Vec<Far> = groups().map(|(page, block)| far(plan, &group(page, block))).collect();
    let asked = states.iter().filter(|state| !state.counts_for_nothing()).count();
    let complete = states.iter().filter(|state| **state == Far::Completed).count();
    let disputes = plan::conflicts(&plan.view, &plan.pep);
    html! {
        p class="govuk-body-l" { (complete) " of " (asked) " sections are complete" }
        @if !disputes.is_empty() {
            (kit::inset(html! {
                p class="govuk-body" {
                    @if disputes.len() == 1 { "One question has two answers." } @else { (disputes.len()) " questions have two answers." }
                    " Nobody’s answer is lost. "
                    (kit::link(&plan.href("/choose"), "Choose which is right"))
                }
            }))
        }
        (changed_since(plan))
        @for page in &process.pages {
            h2 class="govuk-heading-m" id={ "page-" (page.id) } { (page.title) }
            p class="govuk-body-s" { (owner_line(plan, page)) }
            (kit::tasks(&format!("page-{}", page.id), &lines(plan, page)))
        }
    }
}

/// What has changed since the sign-off that stands, each with the way to it.
pub fn changed_since(plan: &Plan) -> Markup {
    let changed = &plan.view.changed_since_sign_off;
    html! {
        @if !changed.is_empty() {
            (kit::inset(html! {
                p class="govuk-body" { "Changed since it was signed off:" }
                ul class="govuk-list govuk-list--bullet" {
                    @for question in changed.iter().filter_map(|id| plan::bank().question(id)) {
                        li { (kit::link(&crate::sections::question_href(plan, &question.id), &question.label)) }
                    }
                }
            }))
        }
    }
}

/// What stands beside the sections: who is here, how far what this person wrote has come, the plan's other parts, and what it is.
fn beside(plan: &Plan, regions: &Regions) -> Markup {
    html! {
        section aria-labelledby="who" {
            h2 class="govuk-heading-s" id="who" { "Who is here" }
            (regions.show("present"))
        }
        section aria-labelledby="mine" {
            h2 class="govuk-heading-s" id="mine" { "What you wrote" }
            (regions.show("far"))
        }
        nav class="pep-parts" aria-label="Parts of this plan" {
            h2 class="govuk-heading-s" { "Also in this plan" }
            ul class="govuk-list" {
                @for (href, name) in PARTS { li { (kit::link(&plan.href(href), name)) } }
            }
        }
        section aria-labelledby="when" {
            h2 class="govuk-heading-s" id="when" { "By when" }
            (when(plan))
        }
        section aria-labelledby="about" {
            h2 class="govuk-heading-s" id="about" { "About this plan" }
            ul class="govuk-list govuk-body-s" {
                li { "You are the " (small(plan.role)) " for " (plan.name) "." }
                li { (state(plan)) }
                li { "It follows the process “" (plan.pep.process().name) "”, version " (plan.pep.process().version) "." }
                (super::move_version::line(plan))
                (super::aside::line(plan))
            }
        }
    }
}

fn lines(plan: &Plan, page: &Page) -> Vec<Task> {
    let writer = plan.writer();
    let line = |block: &'static str| {
        let questions = group(page, block);
        let state = far(plan, &questions);
        let open = !matches!(state, Far::NotAsked | Far::NotShared);
        let missing = |mine: bool| {
            let theirs = plan.view.gaps.iter().filter(|gap| questions.iter().any(|q| q.id == gap.question));
            theirs.filter(|gap| !mine || gap.is_for(&writer, plan.pep.process())).count()
        };
        let to_answer = match (missing(false), missing(true)) {
            (0, _) => String::new(),
            (all, 0) => format!("{} to answer", counted(all, "question")),
            (all, mine) if all == mine => format!("{} for you to answer", counted(all, "question")),
            (all, mine) => format!("{} to answer, {mine} of them by you", counted(all, "question")),
        };
        let here = presence::at(plan, |field| is_within(page, block, field));
        let hints = [to_answer, here.unwrap_or_default()].into_iter().filter(|words| open && !words.is_empty());
        Task {
            href: open.then(|| section_href(plan, page, block)),
            title: block_title(block).to_owned(),
            hint: hints.collect::<Vec<_>>().join(". "),
            status: status(state),
        }
    };
    blocks(page).into_iter().map(line).collect()
}

/// What is done of a plan as a whole.
fn together(plan: &Plan) -> Vec<Task> {
    let stands = |made: &&plan::SignOff| made.stands && plan::sign_off_of(plan.role) == Some(made.question);
    let status = match (plan.view.signed_off(), plan.view.sign_offs.iter().any(|made| stands(&made))) {
        (true, _) => html! { "Signed off" },
        (false, true) => html! { "You have signed" },
        (false, false) => html! { span class="pep-muted" { "Signed at the end" } },
    };
    let hint = "What it waits for, and who has signed what".to_owned();
    let day = match plan.answer("meeting.date") {
        Answer::Value(plan::Value::Date(day)) => words::date(*day),
        _ => "No day yet".to_owned(),
    };
    let meeting = Task {
        href: Some(plan.href("/meeting")),
        title: "The meeting".to_owned(),
        hint: "When and where, who is asked, the agenda, and who does what by when".to_owned(),
        status: html! { span class="pep-muted" { (day) } },
    };
    vec![meeting, Task { href: Some(plan.href("/sign-off")), title: "Sign-off".to_owned(), hint, status }]
}

fn status(far: Far) -> Markup {
    match far {
        Far::NotAsked => html! { span class="pep-muted" { "Not asked at present" } },
        Far::NotShared => html! { span class="pep-muted" { "Not shared with you" } },
        Far::NotStarted => kit::tag("blue", "Not started"),
        Far::InProgress => kit::tag("teal", "In progress"),
        Far::NeedsChoice => kit::tag("yellow", "Needs a choice"),
        Far::AtTheEnd => html! { span class="pep-muted" { "Signed at the end" } },
        Far::Optional => html! { span class="pep-muted" { "Optional" } },
        Far::Completed => html! { "Completed" },
    }
}

fn far(plan: &Plan, questions: &[&'static Question]) -> Far {
    let shown = || questions.iter().filter(|question| !plan.view.hidden.contains_key(question.id.as_str()));
    if shown().next().is_none() {
        return Far::NotAsked;
    }
    if shown().all(|question| *plan.answer(&question.id) == Answer::Elsewhere) {
        return Far::NotShared;
    }
    let gaps = || plan.view.gaps.iter().filter(|gap| questions.iter().any(|question| question.id == gap.question));
    if gaps().any(|gap| gap.why == plan::Why::Disputed) || shown().any(|q| is_disputed(plan, q)) {
        return Far::NeedsChoice;
    }
    let answered = shown().any(|question| {
        let answer = plan.answer(&question.id);
        let said = !matches!(answer, Answer::Missing | Answer::Elsewhere | Answer::Computed(_));
        said || plan.view.excuses.contains_key(question.id.as_str())
    });
    match (answered, gaps().next().is_none()) {
        (true, true) => Far::Completed,
        (false, true) if shown().all(|question| question.is_sign_off()) => Far::AtTheEnd,
        (false, true) if shown().all(|question| question.computed || question.is_sign_off()) => Far::Completed,
        (false, true) if !shown().any(|question| question.mandatory) => Far::Optional,
        (true, false) => Far::InProgress,
        (false, _) => Far::NotStarted,
    }
}

fn is_disputed(plan: &Plan, question: &Question) -> bool {
    plan.disputed(&question.id).is_some()
}

fn owner_line(plan: &Plan, page: &Page) -> String {
    let owner = owner(plan, page);
    let mut line = format!("For {}", people(&[owner]));
    if let Some(instead) = page.alternate_owner {
        line.push_str(&format!(", or {} instead", people(&[instead])));
    }
    if plan.role.counts_as(owner) {
        line.push_str(": that is you");
    }
    for sentence in plan.delegated_to(page) {
        line.push_str(". ");
        line.push_str(sentence.trim_end_matches('.'));
    }
    line
}

fn state(plan: &Plan) -> String {
    match plan.view.state {
        plan::State::NotStarted => "Nobody has written in it yet.".to_owned(),
        plan::State::Drafting => "It is being written.".to_owned(),
        state => format!("{}.", state.label()),
    }
}

fn when(plan: &Plan) -> Markup {
    let dues = plan.view.dues.iter().filter(|due| !due.done);
    let calendar = plan.pep.process.calendar();
    let overdue = |by: NaiveDate| calendar.standing(plan.today, by) == Standing::Overdue;
    html! {
        @if let Some(of) = &plan.of_child { p class="govuk-body-s" { (super::duty::currency(of, plan.today)) } }
        ul class="govuk-list govuk-body-s" {
            @if let Some(of) = plan.of_child.as_ref().filter(|_| plan.view.signed_off()) { (super::duty::lines(of, plan.today)) }
            @for due in dues {
                li {
                    @if due.by.is_ok_and(overdue) { (kit::tag("red", "Overdue")) " " }
                    (kit::upper(&words::due(&plan.pep, due, None)))
                }
            }
            @match plan.view.next_date {
                Some(next) => li { "Next PEP: " (words::date(next.date)) @if next.provisional { " (provisional)" } },
                None => li { "The next PEP has no date yet" },
            }
            @if !calendar.name.is_empty() { li class="pep-muted" { "Days are counted by the calendar: " (calendar.name) } }
        }
    }
}
