//! Clocks: by when something is due, and whether a child has a current PEP (PEP.md 4.2). Day 0 is the day of the event, day 1
//! the next day that counts; due is the end of day N. Dates are those people typed; `today` is an argument, only for display.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use chrono::{Datelike, Months, NaiveDate, Weekday};

use crate::events;
use crate::pep::{AcademicYear, NotAWord, Pep, PepType, Role, Term, words};
use crate::practice::{ClosingEvent, Milestone, Step};
use crate::process::{Calendar, DueSide, TermDates};
use crate::value::Value;
use crate::view::{Answer, View};

words! {
    /// Which days count.
    DayKind, "kind of day" {
        /// Monday to Friday without bank holidays.
        Working = "working", "working days";
        /// Days the schools are open, by the process's term dates.
        School = "school", "school days";
        /// All days.
        Calendar = "calendar", "calendar days";
    }
}

/// A date that cannot be worked out: the days in question are not in the process's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum CannotCompute {
    /// School days outside the term dates.
    #[error("it cannot be worked out, because the process has no term dates for those days")]
    NoTermDates,
    /// Working days in a year whose bank holidays are not listed.
    #[error("it cannot be worked out, because the process lists no bank holidays for those days")]
    NoBankHolidays,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// A step of the first PEP.
    FirstPep(Step),
    /// A step of the PEP after a change of school.
    SchoolMove(Step),
    /// This term's PEP, complete.
    Term,
    /// A page, by its number in the process from 0.
    Page(usize),
    /// A closing PEP, because of this event.
    Closing(ClosingEvent),
}

/// Something that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// What.
    pub duty: Duty,
    /// Who answers for it; `None`: everybody.
    pub owner: Option<Role>,
    /// By the end of which day.
    pub by: Result<NaiveDate, CannotCompute>,
    /// It has been done.
    pub done: bool,
}

/// How a day stands to a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// More than 15 working days are left.
    Ahead,
    /// 15 working days or fewer are left.
    Soon,
    /// It has passed.
    Overdue,
}

words! {
    /// Whether a child has a current PEP (R000-28, R004-03).
    Currency, "currency" {
        /// There is one.
        Current = "current", "current";
        /// There is one, and in 15 working days or fewer there is none.
        DueSoon = "due_soon", "due soon";
        /// There was one.
        Overdue = "overdue", "overdue";
        /// None has ever been signed off.
        Never = "never", "never signed off";
    }
}

/// Working days before a deadline from which a PEP is due soon.
pub const SOON_WORKING_DAYS: u16 = 15;

/// One PEP of a child, as far as it matters for currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sitting {
    /// The academic year.
    pub year: AcademicYear,
    /// The term.
    pub term: Term,
    /// The Virtual School has signed it off.
    pub signed_off: bool,
    /// When it is due, where that is earlier than the term's deadline.
    pub due: Option<NaiveDate>,
}

impl Calendar {
    /// True from Monday to Friday, except bank holidays; an error in years whose bank holidays are not listed.
    pub fn is_working_day(&self, day: NaiveDate) -> Result<bool, CannotCompute> {
        let years = self.bank_holidays.first().zip(self.bank_holidays.last());
        match years {
            Some((first, last)) if (first.year()..=last.year()).contains(&day.year()) => {
                Ok(!is_weekend(day) && !self.bank_holidays.contains(&day))
            }
            _ => Err(CannotCompute::NoBankHolidays),
        }
    }

    /// The end of day `days` after an event, which is day 0.
    pub fn after(&self, event: NaiveDate, days: NonZeroU16, kind: DayKind) -> Result<NaiveDate, CannotCompute> {
        self.count(event, days, kind, NaiveDate::succ_opt)
    }

    /// The day that lies so many days before an event, which is day 0.
    pub fn before(&self, event: NaiveDate, days: NonZeroU16, kind: DayKind) -> Result<NaiveDate, CannotCompute> {
        self.count(event, days, kind, NaiveDate::pred_opt)
    }

    /// How a day stands to a deadline.
    pub fn standing(&self, today: NaiveDate, by: NaiveDate) -> Standing {
        let soon = NonZeroU16::new(SOON_WORKING_DAYS).and_then(|days| self.after(today, days, DayKind::Working).ok());
        match () {
            () if today > by => Standing::Overdue,
            () if soon.is_some_and(|soon| by <= soon) => Standing::Soon,
            // Without bank holidays, three weeks: it is only for display, and early is safer than late.
            () if soon.is_none() && (by - today).num_days() <= 21 => Standing::Soon,
            () => Standing::Ahead,
        }
    }

    /// The term that a day belongs to, holidays after it included; `None` outside the term dates.
    pub fn term_at(&self, day: NaiveDate) -> Option<&TermDates> {
        let begun = |term: &&TermDates| term.open.first().is_some_and(|(first, _)| *first <= day);
        // A term's holidays end where the next begins; those after the last known term are not known to end.
        let last_day = self.terms.last()?.open.last()?.1;
        let grace = last_day.checked_add_months(Months::new(1)).unwrap_or(last_day);
        self.terms.iter().rfind(begun).filter(|_| day <= grace)
    }

    fn count(
        &self,
        event: NaiveDate,
        days: NonZeroU16,
        kind: DayKind,
        step: fn(&NaiveDate) -> Option<NaiveDate>,
    ) -> Result<NaiveDate, CannotCompute> {
        let outside = match kind {
            DayKind::School => CannotCompute::NoTermDates,
            DayKind::Working | DayKind::Calendar => CannotCompute::NoBankHolidays,
        };
        let mut left = days.get();
        let mut day = event;
        if kind == DayKind::School && !self.has_terms_at(event) {
            return Err(outside);
        }
        while left > 0 {
            day = step(&day).ok_or(outside)?;
            let counts = match kind {
                DayKind::Calendar => true,
                DayKind::Working => self.is_working_day(day)?,
                DayKind::School if self.has_terms_at(day) => self.is_school_day(day),
                DayKind::School => return Err(outside),
            };
            left -= u16::from(counts);
        }
        Ok(day)
    }

    /// Between the first and the last day of the term dates: there a day outside the terms is a holiday, not a gap.
    fn has_terms_at(&self, day: NaiveDate) -> bool {
        let first = self.terms.first().and_then(|term| term.open.first()).map(|(first, _)| *first);
        let last = self.terms.last().and_then(|term| term.open.last()).map(|(_, last)| *last);
        first.zip(last).is_some_and(|(first, last)| (first..=last).contains(&day))
    }
}

/// What is due of this PEP, by its documents and its process. Where people disagree about a date the earliest deadline counts
/// until they have chosen, and an emergency that anybody reports is one.
pub(crate) fn dues(view: &View, pep: &Pep) -> Vec<Due> {
    let process = pep.process();
    let practice = &process.practice;
    let mut dues = Vec::new();
    let mut milestone = |milestone: &Milestone, duty: Duty| {
        let days = match milestone.when_emergency {
            Some(days) if says_yes(view, "care.emergency") => days,
            _ => milestone.days,
        };
        let since = dates(view, milestone.from.question());
        let by = since.iter().map(|event| process.calendar.after(*event, days, milestone.day_kind));
        if let Some(by) = earliest(by) {
            dues.push(Due { duty, owner: None, by, done: reached(view, milestone.event) });
        }
    };
    match pep.kind {
        PepType::Initial => {
            practice.first_pep.iter().for_each(|step| milestone(step, Duty::FirstPep(step.event)));
        }
        PepType::SchoolMove => {
            practice.school_move.iter().for_each(|step| milestone(step, Duty::SchoolMove(step.event)));
        }
        PepType::Review | PepType::Interim | PepType::Closing => {}
    }
    let meetings = dates(view, "meeting.date");
    if !matches!(pep.kind, PepType::Interim | PepType::Closing) {
        let deadline = process.calendar.terms.iter().find(|term| term.year == pep.year && term.term == pep.term);
        let window = practice.completion.window.iter();
        let windows = window
            .flat_map(|window| meetings.iter().map(|held| process.calendar.after(*held, window.days, window.day_kind)));
        if let Some(by) = earliest(deadline.map(|term| Ok(term.complete_by)).into_iter().chain(windows)) {
            dues.push(Due { duty: Duty::Term, owner: None, by, done: reached(view, Step::Completed) });
        }
    }
    if let Some((event, day)) = events::closing(view, pep) {
        let by = match pep.kind {
            PepType::Closing => Some(day),
            _ => events::closing_due(event, day, pep),
        };
        let done = pep.kind == PepType::Closing && view.signed_off();
        dues.extend(by.map(|by| Due { duty: Duty::Closing(event), owner: None, by: Ok(by), done }));
    }
    for (number, page) in process.pages.iter().enumerate() {
        let Some(due) = &page.due else { continue };
        let by = meetings.iter().map(|meeting| match due.side {
            DueSide::Before => process.calendar.before(*meeting, due.days, due.day_kind),
            DueSide::After => process.calendar.after(*meeting, due.days, due.day_kind),
        });
        if let Some(by) = earliest(by) {
            let done = !view.gaps.iter().any(|gap| page.questions.iter().any(|question| question.id == gap.question));
            dues.push(Due { duty: Duty::Page(number), owner: Some(page.owner), by, done });
        }
    }
    // What can be dated first, earliest first.
    dues.sort_by_key(|due| (due.by.is_err(), due.by, due.duty));
    dues
}

/// Whether a child has a current PEP today: one that is signed off and of the present term, or of the term before while this
/// term's deadline has not passed.
pub fn currency(sittings: &[Sitting], calendar: &Calendar, today: NaiveDate) -> Currency {
    if !sittings.iter().any(|sitting| sitting.signed_off) {
        return Currency::Never;
    }
    let Some(present) = calendar.term_at(today) else { return Currency::Overdue };
    let is_of = |sitting: &&Sitting, term: &TermDates| sitting.year == term.year && sitting.term == term.term;
    let has = |term: &TermDates| sittings.iter().any(|sitting| sitting.signed_off && is_of(&sitting, term));
    if has(present) {
        return Currency::Current;
    }
    let own = sittings.iter().filter(|sitting| is_of(sitting, present)).filter_map(|sitting| sitting.due).min();
    let deadline = own.map_or(present.complete_by, |own| own.min(present.complete_by));
    let before = calendar.terms.windows(2).find(|pair| matches!(pair, [_, term] if std::ptr::eq(term, present)));
    let had = before.and_then(<[TermDates]>::first).is_some_and(has);
    match calendar.standing(today, deadline) {
        Standing::Ahead if had => Currency::Current,
        Standing::Soon if had => Currency::DueSoon,
        Standing::Ahead | Standing::Soon | Standing::Overdue => Currency::Overdue,
    }
}

pub(crate) fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The earliest day; what cannot be worked out only where nothing can.
fn earliest(days: impl Iterator<Item = Result<NaiveDate, CannotCompute>>) -> Option<Result<NaiveDate, CannotCompute>> {
    days.min_by_key(|day| (day.is_err(), *day))
}

fn reached(view: &View, step: Step) -> bool {
    match step {
        Step::Initiated => true,
        Step::Arranged => !dates(view, "meeting.date").is_empty(),
        Step::Held => says_yes(view, "meeting.held"),
        Step::Completed => view.gaps.is_empty(),
        Step::AvailableForReview => view.signed_off(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processes::Processes;

    fn calendar() -> Calendar {
        Processes::built_in().latest("portal").unwrap().process().calendar.clone()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn after(event: &str, days: u16, kind: DayKind) -> Result<NaiveDate, CannotCompute> {
        calendar().after(day(event), NonZeroU16::new(days).unwrap(), kind)
    }

    /// PEP.md 4.2: came into care; 10 working, 20 working, 20 calendar, 10 school, 20 school.
    const VECTORS: [(&str, &str, &str, &str, &str, &str); 6] = [
        ("2025-09-05", "2025-09-19", "2025-10-03", "2025-09-25", "2025-09-19", "2025-10-03"),
        ("2025-09-06", "2025-09-19", "2025-10-03", "2025-09-26", "", ""),
        ("2025-07-21", "2025-08-04", "2025-08-18", "2025-08-10", "2025-09-15", "2025-09-29"),
        ("2025-12-12", "2025-12-30", "2026-01-14", "2026-01-01", "2026-01-09", "2026-01-23"),
        ("2025-12-24", "2026-01-12", "2026-01-26", "2026-01-13", "", ""),
        ("2026-03-27", "2026-04-14", "2026-04-28", "2026-04-16", "", ""),
    ];

    #[test]
    fn r000_18_r002_06_twenty_working_days_skip_weekends_and_bank_holidays() {
        for (event, _, twenty, ..) in VECTORS {
            assert_eq!(after(event, 20, DayKind::Working), Ok(day(twenty)), "{event}");
        }
    }

    #[test]
    fn r000_19_ten_working_days_after_an_emergency() {
        for (event, ten, ..) in VECTORS {
            assert_eq!(after(event, 10, DayKind::Working), Ok(day(ten)), "{event}");
        }
    }

    #[test]
    fn r000_18_twenty_calendar_days_skip_nothing() {
        for (event, _, _, twenty, ..) in VECTORS {
            assert_eq!(after(event, 20, DayKind::Calendar), Ok(day(twenty)), "{event}");
        }
    }

    #[test]
    fn r000_18_school_days_skip_the_holidays_so_july_is_due_at_the_end_of_september() {
        for (event, .., ten, twenty) in VECTORS.iter().filter(|(.., ten, _)| !ten.is_empty()) {
            assert_eq!(after(event, 10, DayKind::School), Ok(day(ten)), "{event}");
            assert_eq!(after(event, 20, DayKind::School), Ok(day(twenty)), "{event}");
        }
    }

    #[test]
    fn days_that_no_calendar_tells_are_not_guessed() {
        assert_eq!(after("2019-06-18", 20, DayKind::School), Err(CannotCompute::NoTermDates));
        assert_eq!(after("2027-07-20", 5, DayKind::School), Err(CannotCompute::NoTermDates));
        assert_eq!(after("2019-06-18", 20, DayKind::Working), Err(CannotCompute::NoBankHolidays));
        assert_eq!(after("2027-12-30", 5, DayKind::Working), Err(CannotCompute::NoBankHolidays));
        assert_eq!(after("2019-06-18", 20, DayKind::Calendar), Ok(day("2019-07-08")));
        let end = calendar().after(NaiveDate::MAX, NonZeroU16::MIN, DayKind::Calendar);
        assert!(end.is_err());
    }

    #[test]
    fn r001_10_the_last_working_day_before_a_monday_meeting_is_friday() {
        let before = calendar().before(day("2026-04-13"), NonZeroU16::MIN, DayKind::Working);
        assert_eq!(before, Ok(day("2026-04-10")));
        // Over Easter: Thursday before Good Friday.
        let before = calendar().before(day("2026-04-07"), NonZeroU16::MIN, DayKind::Working);
        assert_eq!(before, Ok(day("2026-04-02")));
    }

    #[test]
    fn due_soon_is_fifteen_working_days_or_fewer() {
        let by = day("2026-03-20");
        assert_eq!(calendar().standing(day("2026-02-26"), by), Standing::Ahead);
        assert_eq!(calendar().standing(day("2026-02-27"), by), Standing::Soon);
        assert_eq!(calendar().standing(by, by), Standing::Soon, "due is the end of the day");
        assert_eq!(calendar().standing(day("2026-03-21"), by), Standing::Overdue);
    }

    #[test]
    fn r000_28_r004_03_a_current_pep_is_signed_off_and_of_this_term_or_the_last_until_the_deadline() {
        let sitting = |term: Term, signed_off: bool| Sitting { year: AcademicYear(2025), term, signed_off, due: None };
        let at = |sittings: &[Sitting], today: &str| currency(sittings, &calendar(), day(today));
        let autumn = [sitting(Term::Autumn, true), sitting(Term::Spring, false)];
        assert_eq!(at(&[], "2026-02-02"), Currency::Never);
        assert_eq!(at(&[sitting(Term::Spring, false)], "2026-02-02"), Currency::Never);
        assert_eq!(at(&autumn, "2025-12-01"), Currency::Current);
        assert_eq!(at(&autumn, "2026-02-02"), Currency::Current);
        assert_eq!(at(&autumn, "2026-02-27"), Currency::DueSoon);
        assert_eq!(at(&autumn, "2026-03-20"), Currency::DueSoon);
        assert_eq!(at(&autumn, "2026-03-21"), Currency::Overdue);
        let both = [sitting(Term::Autumn, true), sitting(Term::Spring, true)];
        assert_eq!(at(&both, "2026-03-21"), Currency::Current);
        assert_eq!(at(&both, "2026-04-05"), Currency::Current, "the Easter holidays belong to the spring term");
        assert_eq!(at(&both, "2026-04-13"), Currency::Current, "until the summer term's deadline");
        assert_eq!(at(&both, "2026-06-27"), Currency::Overdue);
        assert_eq!(at(&autumn, "2026-05-01"), Currency::Overdue, "the autumn before last does not count");
        // A PEP that its process wants earlier than the term does.
        let early = Sitting { due: Some(day("2026-02-06")), ..sitting(Term::Spring, false) };
        assert_eq!(at(&[sitting(Term::Autumn, true), early], "2026-02-09"), Currency::Overdue);
    }
}
