//! What is due of one plan, by what it says and its process: the same rules as for a child (`duty`), and its pages.

use chrono::{DateTime, Months, NaiveDate};

use crate::clock::CannotCompute;
use crate::duty::{Due, Duty, Sitting, clock_of, closing_by, earliest, first_clocks};
use crate::events;
use crate::pep::{Pep, PepType, Role};
use crate::practice::Since;
use crate::process::{Calendar, DueSide, Process};
use crate::signoff;
use crate::value::Value;
use crate::view::{Answer, View};

impl Sitting {
    /// Of a plan, as its reader sees it.
    pub fn of(pep: &Pep, view: &View) -> Sitting {
        let signed = view.signed_off().then(|| {
            let by_school = view.sign_offs.iter().filter(|made| made.question == signoff::VIRTUAL_SCHOOL);
            by_school.map(|made| made.on).min()
        });
        let signed = signed.flatten();
        let only = |days: Vec<NaiveDate>| days.into_iter().min();
        Sitting {
            pep: pep.id(),
            year: pep.year,
            term: pep.term,
            kind: pep.kind,
            begun: view.begun.and_then(|at| DateTime::from_timestamp(at, 0)).map(|at| at.date_naive()),
            meeting: only(dates(view, "meeting.date")),
            held: says_yes(view, "meeting.held"),
            completed: signoff::completed_on(view, pep).or(signed),
            signed,
            next: view.next_date,
            care_review: only(dates(view, "care.nextCareReview")),
            ended: events::ended(view),
            in_care_since: only(dates(view, "care.lookedAfterSince")),
            emergency: says_yes(view, "care.emergency"),
            uncounted: !pep.counts() || pep.filed.extra.is_some(),
        }
    }
}

/// What is due of this PEP, by its documents and its process. Where people disagree about a date the earliest deadline counts
/// until they have chosen.
pub(crate) fn dues(view: &View, pep: &Pep) -> Vec<Due> {
    if !pep.counts() {
        return Vec::new();
    }
    let process = pep.process();
    let (practice, calendar) = (&process.practice, pep.process.calendar());
    let sitting = Sitting::of(pep, view);
    let mut dues = Vec::new();
    let mut add = |duty: Duty, owner: Option<Role>, by, reached: Option<NaiveDate>| {
        dues.push(Due { duty, owner, by, done: reached.is_some(), on: reached });
    };
    let since = |from: Since| dates(view, from.question());
    let begins = calendar.term_begins(pep.year, pep.term);
    let new_to_care = || {
        // Between terms it stands for the first PEP of a child who came then; of any other child it is one more.
        let near = begins.and_then(|begins| begins.checked_sub_months(Months::new(3)));
        sitting.in_care_since.zip(near).is_some_and(|(since, near)| since >= near)
    };
    let mut own_clock = false;
    if pep.kind == PepType::Initial || (pep.kind == PepType::Interim && new_to_care()) {
        for (duty, step, by) in first_clocks(practice, calendar, &since, sitting.emergency) {
            own_clock |= by.is_ok();
            add(duty, None, by, sitting.reached(step));
        }
    }
    if let (PepType::SchoolMove, Some(clock)) = (pep.kind, &practice.school_move) {
        let by = earliest(since(clock.from).iter().map(|event| clock_of(clock, calendar, *event, sitting.emergency)));
        by.into_iter().for_each(|by| add(Duty::SchoolMove(clock.event), None, by, sitting.reached(clock.event)));
    }
    // One more in a term is not the term's: that one's clock is its own.
    if pep.kind != PepType::Closing && pep.filed.extra.is_none() {
        let deadline = calendar.dates_of(pep.year, pep.term).map(|term| term.complete_by).filter(|_| !own_clock);
        let meetings = dates(view, "meeting.date");
        let window = practice.completion.window;
        let windows = window
            .iter()
            .flat_map(|window| meetings.iter().map(|held| calendar.after(*held, window.days, window.day_kind)));
        let by = earliest(deadline.map(Ok).into_iter().chain(windows));
        // No clock runs before the child was in care, or after the duty ended.
        let counts = |by: &Result<NaiveDate, CannotCompute>| {
            let within = |by: NaiveDate| {
                sitting.in_care_since.is_none_or(|since| since <= by) && sitting.ended.is_none_or(|(_, end)| by < end)
            };
            by.is_ok_and(within) || by.is_err()
        };
        by.into_iter().filter(counts).for_each(|by| add(Duty::Term, None, by, sitting.completed));
    }
    if let Some((event, day)) = events::closing(view, pep) {
        let by = match pep.kind {
            PepType::Closing => Some(day),
            _ => begins.and_then(|begins| closing_by(event, day, calendar, begins)),
        };
        let signed = sitting.signed.filter(|_| pep.kind == PepType::Closing);
        by.into_iter().for_each(|by| add(Duty::Closing(event), None, Ok(by), signed));
    }
    dues.extend(pages(view, process, calendar));
    // What can be dated first, earliest first.
    dues.sort_by_key(|due| (due.by.is_err(), due.by, due.duty));
    dues
}

/// Pages that are filled in by a day, seen from the meeting.
fn pages<'a>(view: &'a View, process: &'a Process, calendar: &'a Calendar) -> impl Iterator<Item = Due> + 'a {
    let meetings = dates(view, "meeting.date");
    process.pages.iter().enumerate().filter_map(move |(number, page)| {
        let due = page.due.as_ref()?;
        let by = earliest(meetings.iter().map(|meeting| match due.side {
            DueSide::Before => calendar.before(*meeting, due.days, due.day_kind),
            DueSide::After => calendar.after(*meeting, due.days, due.day_kind),
        }))?;
        let done = !view.gaps.iter().any(|gap| page.questions.iter().any(|question| question.id == gap.question));
        Some(Due { duty: Duty::Page(number), owner: Some(page.owner), by, done, on: None })
    })
}

fn values(view: &View, question: &str) -> Vec<Value> {
    match view.answers.get(question) {
        Some(Answer::Value(value)) => vec![value.clone()],
        Some(Answer::Disputed(claims)) => claims.iter().map(|claim| claim.value.clone()).collect(),
        _ => Vec::new(),
    }
}

fn dates(view: &View, question: &str) -> Vec<NaiveDate> {
    let day = |value: Value| if let Value::Date(day) = value { Some(day) } else { None };
    values(view, question).into_iter().filter_map(day).collect()
}

fn says_yes(view: &View, question: &str) -> bool {
    values(view, question).contains(&Value::YesNo(true))
}
