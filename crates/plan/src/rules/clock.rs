//! Clocks: counting days to a deadline (PEP.md 4.2). Day 0 is the day of the event, day 1 the next day that counts; due is the end
//! of day N. Dates are those people typed; `today` is an argument, only for display.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use chrono::{Datelike, Months, NaiveDate, Weekday};

use crate::pep::{NotAWord, words};
use crate::process::{Calendar, TermDates};

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
    /// The day on which the child came into care, which starts the clock.
    #[error("it cannot be worked out, because nobody has said since when the child is looked after")]
    NoCareDate,
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

pub(crate) fn is_weekend(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// A birthday; of somebody born on 29 February 1 March in other years, as England usually takes it.
pub(crate) fn birthday(born: NaiveDate, age: u8) -> Option<NaiveDate> {
    let years = i32::from(age);
    let day = NaiveDate::from_ymd_opt(born.year() + years, born.month(), born.day());
    day.or_else(|| NaiveDate::from_ymd_opt(born.year() + years, 3, 1))
}

/// The last day of Year 13, by the national cut-off.
pub(crate) fn end_of_year_13(born: NaiveDate) -> Option<NaiveDate> {
    let cohort = if born.month() >= 9 { born.year() } else { born.year() - 1 };
    NaiveDate::from_ymd_opt(cohort + 5 + 13 + 1, 7, 31)
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
}
