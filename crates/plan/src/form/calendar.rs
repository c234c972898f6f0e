//! Term dates, deadlines, closures and bank holidays as a council gives them: a file, checked, that takes the place of what the
//! program was built with for the terms it names.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::bank::BadFile;
use crate::pep::{AcademicYear, Term};
use crate::process::{Calendar, TermDates};

/// Bank holidays England has in every year.
const BANK_HOLIDAYS_A_YEAR: usize = 8;
/// Longest calendar file, in bytes: ten years of terms are a few kB.
pub const CALENDAR_BYTES_MAX: usize = 64 * 1024;

/// A calendar as a file: `pep-relay calendar import`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CalendarFile {
    /// What it is called.
    #[serde(default)]
    pub name: String,
    /// The schools that it is for, by their names in the directory; none: for every child.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schools: Vec<String>,
    /// The terms, earliest first.
    pub terms: Vec<TermDates>,
    /// Bank holidays of the years that the terms are in; left out: those that the program knows.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub bank_holidays: BTreeSet<NaiveDate>,
    /// Days within the terms on which the schools are shut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closures: Vec<(NaiveDate, NaiveDate)>,
}

impl CalendarFile {
    /// Reads and checks one; a bad one is refused with line and reason.
    pub fn parse(text: &str) -> Result<CalendarFile, BadFile> {
        if text.len() > CALENDAR_BYTES_MAX {
            return Err(BadFile::at(text, "", format!("a calendar has at most {CALENDAR_BYTES_MAX} bytes")));
        }
        let file: CalendarFile = serde_json::from_str(text).map_err(|error| BadFile::json(&error))?;
        let fault = file.gap().or_else(|| file.shut()).or_else(|| file.over(&Calendar::newest()).fault());
        match fault {
            Some((word, reason)) => Err(BadFile::at(text, &word, reason)),
            None => Ok(file),
        }
    }

    /// These days in the place of those that a calendar has for the same terms and years.
    pub fn over(&self, before: &Calendar) -> Calendar {
        let named = |dates: &&TermDates| self.terms.iter().any(|own| (own.year, own.term) == (dates.year, dates.term));
        let first = self.terms.first().map(|own| (own.year, own.term));
        // What comes later than the first of these and is not among them is of another calendar.
        let kept = |dates: &&TermDates| !named(dates) && first.is_none_or(|first| (dates.year, dates.term) < first);
        let mut terms: Vec<TermDates> = before.terms.iter().filter(kept).chain(&self.terms).cloned().collect();
        terms.sort_by_key(|dates| (dates.year, dates.term));
        let years: BTreeSet<i32> = self.bank_holidays.iter().map(Datelike::year).collect();
        let others = before.bank_holidays.iter().filter(|day| !years.contains(&day.year()));
        Calendar {
            terms,
            bank_holidays: others.chain(&self.bank_holidays).copied().collect(),
            closures: self.closures.clone(),
            name: self.name.clone(),
        }
    }

    fn gap(&self) -> Option<(String, String)> {
        let next = |dates: &TermDates| match dates.term {
            Term::Autumn => (dates.year, Term::Spring),
            Term::Spring => (dates.year, Term::Summer),
            Term::Summer => (AcademicYear(dates.year.0.saturating_add(1)), Term::Autumn),
        };
        let apart = |pair: &&[TermDates]| matches!(pair, [one, other] if next(one) != (other.year, other.term));
        if self.terms.is_empty() {
            return Some(("terms".to_owned(), "the calendar has no terms".to_owned()));
        }
        let [one, other] = self.terms.windows(2).find(apart)? else { return None };
        let first = other.open.first().map_or_else(|| other.year.to_string(), |(first, _)| first.to_string());
        let reason = format!("there is a gap, or a term out of order: {} comes after {}", name(other), name(one));
        Some((first, reason))
    }

    fn shut(&self) -> Option<(String, String)> {
        let (first, _) = self.closures.iter().find(|(first, last)| first > last)?;
        Some((first.to_string(), "a closure ends before it begins".to_owned()))
    }
}

impl Calendar {
    /// The newest one that this program was built with.
    pub fn newest() -> Calendar {
        let built_in = Calendar::IDS.last().and_then(|id| Calendar::built_in(id));
        built_in.unwrap_or_else(|| Calendar {
            terms: Vec::new(),
            bank_holidays: BTreeSet::new(),
            closures: Vec::new(),
            name: String::new(),
        })
    }

    /// What is wrong: a word of the file, and the reason.
    pub(crate) fn fault(&self) -> Option<(String, String)> {
        let at = |day: NaiveDate, reason: String| Some((day.to_string(), reason));
        if self.terms.is_empty() || self.bank_holidays.is_empty() {
            return Some(("calendar".to_owned(), "the calendar has no terms or no bank holidays".to_owned()));
        }
        if let Some(term) = self.terms.iter().find(|term| term.open.is_empty()) {
            return Some((term.year.to_string(), format!("the {} term has no dates", name(term))));
        }
        let halves: Vec<(&TermDates, NaiveDate, NaiveDate)> = self
            .terms
            .iter()
            .flat_map(|term| term.open.iter().map(move |(first, last)| (term, *first, *last)))
            .collect();
        if let Some((term, first, _)) = halves.iter().find(|(_, first, last)| first > last) {
            return at(*first, format!("a half of the {} term ends before it begins", name(term)));
        }
        let overlap = |pair: &&[(&TermDates, NaiveDate, NaiveDate)]| matches!(pair, [(_, _, last), (_, first, _)] if last >= first);
        if let Some([(one, ..), (other, first, _)]) = halves.windows(2).find(overlap) {
            let reason = format!("the terms are not in order, or overlap: {} and {}", name(one), name(other));
            return at(*first, reason);
        }
        let outside = |term: &&TermDates| {
            let first = term.open.first().is_none_or(|(first, _)| term.complete_by < *first);
            first || term.open.last().is_none_or(|(_, last)| term.complete_by > *last)
        };
        if let Some(term) = self.terms.iter().find(outside) {
            return at(term.complete_by, format!("the deadline of {} is not in that term", name(term)));
        }
        let year = |(term, first, _): &&(&TermDates, NaiveDate, NaiveDate)| {
            // A term may begin in the last days of August.
            let start = i32::from(term.year.0);
            !(first.year() == start && first.month() >= 8 || first.year() == start + 1 && first.month() <= 8)
        };
        if let Some((term, first, _)) = halves.iter().find(year) {
            return at(*first, format!("{first} is not in the academic year of the {} term", name(term)));
        }
        self.few_bank_holidays()
    }

    fn few_bank_holidays(&self) -> Option<(String, String)> {
        let years = self.terms.iter().flat_map(|term| &term.open).map(|(_, last)| last.year());
        let listed = self.bank_holidays.iter().map(Datelike::year);
        let last = years.max().into_iter().chain(listed.clone().max()).max()?;
        let of = |year: i32| self.bank_holidays.iter().filter(|day| day.year() == year).count();
        let short = (listed.min()?..=last).find(|year| of(*year) < BANK_HOLIDAYS_A_YEAR)?;
        let reason =
            format!("{short} has fewer than {BANK_HOLIDAYS_A_YEAR} bank holidays, so working days would be miscounted");
        Some(("bankHolidays".to_owned(), reason))
    }
}

/// `autumn 2025/26`.
fn name(term: &TermDates) -> String {
    format!("{} {}", term.term.label().to_lowercase(), term.year)
}
