//! A plan: what of it is this person's to answer, what is done together, and all other sections, folded.

use chrono::NaiveDate;
use maud::{Markup, html};
use plan::{Answer, Entry, Offer, Page, Question, Role, Standing};

use super::waits;
use crate::{
    kit::{self, Task},
    model::{Plan, people, small},
    presence,
    region::Regions,
    request::{Leaf, Outcome, Request},
    sections::{blocks, group, is_of_this_child, is_within, owner, page_name, section_href, title_on},
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

/// The block of the meeting, which has a page of its own.
pub const MEETING: &str = "meeting";
/// The block of the signatures, which has a page of its own.
pub const SIGN_OFF: &str = "signoff";

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

/// Shows the plan. `offer`: what this person's signature waits for, where their role signs.
pub fn overview(request: &Request, plan: &Plan, offer: Option<&Offer>, new: &[Entry]) -> Outcome {
    let regions = regions(plan, offer, new);
    let own = all(plan).iter().any(Line::is_mine);
    let main = html! {
        @if request.query.get("saved").is_some() { (kit::done("Saved on this device")) }
        @if request.query.get("filed").is_some() { (kit::done("Put right, for everybody on the team")) }
        (super::new::started(request, plan))
        span class="govuk-caption-xl" { (plan.sitting()) }
        h1 class="govuk-heading-xl" { (plan.name) "’s plan" }
        (super::filing::notes(plan))
        div class="govuk-grid-row" {
            div class="govuk-grid-column-two-thirds" {
                (regions.show("new"))
                (regions.show("sections"))
                (regions.show("together"))
                h2 class="govuk-heading-m" { "The other sections" }
                (kit::details("Show the other sections, page by page", !own, regions.show("others")))
            }
            div class="govuk-grid-column-one-third" {
                (beside(plan, &regions))
            }
        }
    };
    let leaf = Leaf::new(format!("{}’s plan", plan.name), "Children", main);
    Outcome::page(leaf.back(plan.base.to("/children"), "Back to children"))
}

/// The regions of the page: this person's own sections, what is done together, the other sections; who is here, and how far what this
/// person wrote has come.
pub fn regions(plan: &Plan, offer: Option<&Offer>, new: &[Entry]) -> Regions {
    let lines = all(plan);
    Regions::default()
        .with("sections", own(plan, &lines))
        .with("together", together(plan, &lines, offer))
        .with("others", others(plan, &lines))
        .with("new", super::news::line(plan, new))
        .with("present", presence::in_plan(plan))
        .with("far", presence::mine(plan))
}

/// A section, and how far it is.
struct Line<'a> {
    /// The page it is on; of what has a page of its own beside the process's, the first.
    page: &'a Page,
    block: &'static str,
    far: Far,
    /// Questions that must be answered still, and those of them that are for this person.
    missing: usize,
    mine: usize,
    /// Whether there are two answers in it between which this person may choose.
    chooses: bool,
    /// Whether this person answers for its page.
    owns: bool,
}

impl Line<'_> {
    fn is_mine(&self) -> bool {
        let begun = matches!(self.far, Far::NotStarted | Far::InProgress);
        self.mine > 0 || self.chooses || (self.owns && begun && self.missing == 0)
    }

    /// Whether it stands among the sections: the meeting and the signatures have pages of their own.
    fn is_section(&self) -> bool {
        self.block != MEETING && self.block != SIGN_OFF
    }
}

/// Every section that this child has, in the plan's order; the meeting and the signatures once each, wherever the process asks for them.
fn all(plan: &Plan) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for page in &plan.pep.process().pages {
        for block in blocks(page) {
            let once = block == MEETING || block == SIGN_OFF;
            if once && lines.iter().any(|line| line.block == block) {
                continue;
            }
            let questions = if once { everywhere(plan, block) } else { group(page, block) };
            lines.extend(line(plan, page, block, &questions));
        }
    }
    lines
}

/// The questions of a block on all pages.
fn everywhere(plan: &Plan, block: &str) -> Vec<&'static Question> {
    plan.pep.process().pages.iter().flat_map(|page| group(page, block)).collect()
}

/// A section; `None` where it is none of this child's, and nothing was ever entered in it.
fn line<'a>(plan: &Plan, page: &'a Page, block: &'static str, questions: &[&'static Question]) -> Option<Line<'a>> {
    let theirs = questions.iter().any(|question| is_of_this_child(plan, question));
    if !theirs && !questions.iter().any(|question| is_answered(plan, question)) {
        return None;
    }
    let writer = plan.writer();
    let gaps = || plan.view.gaps.iter().filter(|gap| questions.iter().any(|question| question.id == gap.question));
    Some(Line {
        page,
        block,
        far: far(plan, questions),
        missing: gaps().count(),
        mine: gaps().filter(|gap| gap.is_for(&writer, plan.pep.process())).count(),
        owns: plan.role.counts_as(owner(plan, page)),
        chooses: questions.iter().any(|question| is_disputed(plan, question) && plan.may_write(question)),
    })
}

/// The sections of a block, each on its page, for a page that the block has beside them.
pub fn asked_on(plan: &Plan, block: &'static str) -> Vec<Task> {
    let on = |page| line(plan, page, block, &group(page, block));
    let lines = plan.pep.process().pages.iter().filter_map(on).filter(|line| line.far != Far::NotAsked);
    lines
        .map(|line| Task {
            title: format!("{}: {}", page_name(line.page), line.page.title),
            hint: hint(plan, &line, false),
            ..task(plan, &line)
        })
        .collect()
}

fn own(plan: &Plan, lines: &[Line<'_>]) -> Markup {
    let asked: Vec<&Line<'_>> = lines.iter().filter(|line| !line.far.counts_for_nothing()).collect();
    let complete = asked.iter().filter(|line| line.far == Far::Completed).count();
    let disputes = plan::conflicts(&plan.view, &plan.pep);
    let mine: Vec<Task> =
        lines.iter().filter(|line| line.is_section() && line.is_mine()).map(|line| task(plan, line)).collect();
    html! {
        p class="govuk-body-l" { (complete) " of " (asked.len()) " sections are complete" }
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
        h2 class="govuk-heading-m" id="yours" { "Yours to answer" }
        @if mine.is_empty() { p class="govuk-body" { "No section waits for you." } }
        @else { (kit::tasks("yours", &mine)) }
    }
}

/// Every section that is not this person's to answer, page by page.
fn others(plan: &Plan, lines: &[Line<'_>]) -> Markup {
    html! {
        @for page in &plan.pep.process().pages {
            @let here: Vec<Task> = lines.iter()
                .filter(|line| line.page.id == page.id && line.is_section() && !line.is_mine())
                .map(|line| Task { hint: hint(plan, line, false), ..task(plan, line) })
                .collect();
            @if !here.is_empty() {
                h3 class="govuk-heading-s" id={ "page-" (page.id) } { (page_name(page)) ": " (page.title) }
                p class="govuk-body-s" { (owner_line(plan, page)) }
                (kit::tasks(&format!("page-{}", page.id), &here))
            }
        }
    }
}

fn task(plan: &Plan, line: &Line<'_>) -> Task {
    let title = title_on(plan, line.page, line.block);
    let href = (line.far != Far::NotShared).then(|| section_href(plan, line.page, line.block));
    Task { href, title, hint: hint(plan, line, true), status: status(line.far) }
}

/// What is said beneath a section: `numbered`, on which page it is, what is to be answered, and who is there.
fn hint(plan: &Plan, line: &Line<'_>, numbered: bool) -> String {
    let here = presence::at(plan, |field| is_within(line.page, line.block, field));
    let number = if numbered { page_name(line.page) } else { String::new() };
    let (to_answer, here) = match line.far {
        Far::NotAsked | Far::NotShared => (String::new(), String::new()),
        _ => (to_answer(line), here.unwrap_or_default()),
    };
    [number, to_answer, here].into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(". ")
}

fn to_answer(line: &Line<'_>) -> String {
    match (line.missing, line.mine) {
        (0, _) => String::new(),
        (all, 0) => format!("{} to answer", counted(all, "question")),
        (all, mine) if all == mine => format!("{} for you to answer", counted(all, "question")),
        (all, mine) => format!("{} to answer, {mine} of them by you", counted(all, "question")),
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
                @if plan.role == Role::YoungPerson { li { "This plan is yours." } }
                @else { li { "You are the " (small(plan.role)) " for " (plan.name) "." } }
                li { (state(plan)) }
                li { "It follows the process “" (plan.pep.process().name) "”, version " (plan.pep.process().version) "." }
                (super::move_version::line(plan))
                li { (kit::link(&plan.href("/filing"), "Wrong type, or begun by mistake?")) }
                (super::aside::line(plan))
            }
        }
    }
}

/// What is done of a plan as a whole.
fn together(plan: &Plan, lines: &[Line<'_>], offer: Option<&Offer>) -> Markup {
    let day = match plan.answer("meeting.date") {
        Answer::Value(plan::Value::Date(day)) => words::date(*day),
        _ => "No day yet".to_owned(),
    };
    let asked = |block: &str| lines.iter().find(|line| line.block == block);
    let to_answer = asked(MEETING).map(to_answer).filter(|words| !words.is_empty());
    let meeting = Task {
        href: Some(plan.href("/meeting")),
        title: "The meeting".to_owned(),
        hint: to_answer
            .unwrap_or_else(|| "When and where, who is asked, the agenda, and who does what by when".to_owned()),
        status: html! { span class="pep-muted" { (day) } },
    };
    let graded = plan.view.gaps.iter().any(|gap| gap.question.starts_with("qa.") && plan.role.counts_as(gap.owner));
    let quality = graded.then(|| Task {
        href: Some(plan.href("/quality")),
        title: "Quality check".to_owned(),
        hint: "The Virtual School’s grades and what it asks to be put right".to_owned(),
        status: kit::tag("blue", "Not started"),
    });
    let signed = Task {
        href: Some(plan.href("/sign-off")),
        title: "Sign-off".to_owned(),
        hint: waits::waits_for(plan, offer),
        status: waits::standing(plan, offer),
    };
    let all: Vec<Task> = [Some(meeting), quality, Some(signed)].into_iter().flatten().collect();
    html! {
        h2 class="govuk-heading-m" { "Together" }
        (kit::tasks("together", &all))
    }
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
    let answered = shown().any(|question| is_answered(plan, question));
    match (answered, gaps().next().is_none()) {
        (true, true) => Far::Completed,
        (false, true) if shown().all(|question| question.is_sign_off()) => Far::AtTheEnd,
        (false, true) if shown().all(|question| question.computed || question.is_sign_off()) => Far::Completed,
        (false, true) if !shown().any(|question| question.mandatory) => Far::Optional,
        (true, false) => Far::InProgress,
        (false, _) => Far::NotStarted,
    }
}

fn is_answered(plan: &Plan, question: &Question) -> bool {
    let answer = plan.answer(&question.id);
    let said = !matches!(answer, Answer::Missing | Answer::Elsewhere | Answer::Computed(_));
    said || plan.view.excuses.contains_key(question.id.as_str())
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
                None if plan.pep.counts() => li { "The next PEP has no date yet" },
                None => li { "Nothing of it is due" },
            }
            @if !calendar.name.is_empty() { li class="pep-muted" { "Days are counted by the calendar: " (calendar.name) } }
        }
    }
}
