//! Duties: which PEP a child needs by when (PEP.md 4.1, 4.2), from what the directory knows and the PEPs there are, also where there
//! is none. The clocks of one plan (`dues`) ask the same rules.

use std::fmt;
use std::num::NonZeroU16;

use chrono::{Datelike, Months, NaiveDate};
use uuid::Uuid;

use crate::clock::{CannotCompute, Currency, DayKind, Standing, birthday, end_of_year_13};
use crate::pep::{AcademicYear, PepType, Phase, Role, Term};
use crate::practice::{ClosingEvent, EligibleFrom, EligibleUntil, Milestone, Practice, Since, Step};
use crate::process::{Calendar, Process, TermDates};

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// A step of the first PEP, by the process.
    FirstPep(Step),
    /// A step of the first PEP, by the national reading: where the process has no clock of its own for it.
    National(Step),
    /// A step of the PEP after a change of school.
    SchoolMove(Step),
    /// A term's PEP, complete.
    Term,
    /// A page, by its number in the process from 0.
    Page(usize),
    /// A closing PEP, because of this event.
    Closing(ClosingEvent),
    /// The next PEP begun, by the day that people agreed or, where they have not, by the provisional one.
    Next {
        /// Nobody has set it.
        provisional: bool,
    },
    /// A signed PEP, ready for the next review of the care plan.
    CareReview,
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
    /// When that was, where it is known.
    pub on: Option<NaiveDate>,
}

/// The next PEP's date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextDate {
    /// The day.
    pub date: NaiveDate,
    /// Worked out by rule, because no person has set one (R003-33).
    pub provisional: bool,
}

/// How a duty stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DutyState {
    /// It is not done yet: how that stands to today is `Calendar::standing`.
    Running,
    /// It was done by its day.
    InTime,
    /// It was done so many days after its day.
    Late(i64),
}

/// One PEP of a child, as far as it matters for what is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sitting {
    /// Which PEP.
    pub pep: Uuid,
    /// The academic year.
    pub year: AcademicYear,
    /// The term.
    pub term: Term,
    /// Why it is held.
    pub kind: PepType,
    /// When somebody first wrote in it.
    pub begun: Option<NaiveDate>,
    /// The day of its meeting.
    pub meeting: Option<NaiveDate>,
    /// Whether the meeting has been held.
    pub held: bool,
    /// When the last of those who complete it did.
    pub completed: Option<NaiveDate>,
    /// When the Virtual School signed it off, where that stands.
    pub signed: Option<NaiveDate>,
    /// The next PEP's date.
    pub next: Option<NextDate>,
    /// The next review of the care plan, as it says.
    pub care_review: Option<NaiveDate>,
    /// What it says ended or ends the child's being looked after; only for those who hold the family's part.
    pub ended: Option<(ClosingEvent, NaiveDate)>,
    /// Since when the child is looked after, as it says.
    pub in_care_since: Option<NaiveDate>,
    /// Whether it says that the child was placed in an emergency.
    pub emergency: bool,
    /// It is not the term's: it was begun by mistake and withdrawn, or is one more in its term.
    pub uncounted: bool,
}

/// A child, as the directory knows them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChildFacts {
    /// Date of birth.
    pub born: Option<NaiveDate>,
    /// Looked after since.
    pub in_care_since: Option<NaiveDate>,
    /// Placed in an emergency.
    pub emergency: bool,
    /// From when on no PEP is due any more, and why; nobody is told why who does not read the family's part.
    pub left: Option<(NaiveDate, Option<ClosingEvent>)>,
    /// Whether the directory names a school or setting.
    pub at_setting: bool,
    /// Since when the child has been at the present school.
    pub school_since: Option<NaiveDate>,
}

/// A duty of a child: what is due, and the PEP that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChildDue {
    /// What is due, by when, and whether it is done.
    pub due: Due,
    /// The academic year of that PEP.
    pub year: AcademicYear,
    /// Its term.
    pub term: Term,
    /// As what it is begun where there is none.
    pub kind: PepType,
    /// The PEP, where somebody has begun it.
    pub pep: Option<Uuid>,
}

/// Whether a child needs PEPs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Yes.
    Now,
    /// Not before this day.
    From(NaiveDate),
    /// Not since this day; why, where this person may know it.
    NotSince(NaiveDate, Option<ClosingEvent>),
    /// Not while nobody names a setting, or without the young person's wish.
    NotUnlessAsked,
}

/// What people should look at beside the days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DutyNote {
    /// The term dates end on this day: within a year, or already.
    CalendarEnds(NaiveDate),
    /// Born on 29 February: when that makes them 18.
    LeapDay(NaiveDate),
    /// The next review of the care plan was to be on this day, which has passed.
    CareReviewPassed(NaiveDate),
}

impl fmt::Display for DutyNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |day: &NaiveDate| day.format("%-d %B %Y").to_string();
        match self {
            DutyNote::CalendarEnds(last) => write!(
                f,
                "The term dates end on {}: later days cannot be worked out. The Virtual School can bring in the next years'.",
                day(last)
            ),
            DutyNote::LeapDay(eighteen) => write!(
                f,
                "Born on 29 February: counted as 18 on {}. Check that day before you rely on it.",
                day(eighteen)
            ),
            DutyNote::CareReviewPassed(review) => {
                write!(f, "The day of the care review, {}, has passed. When is the one after it?", day(review))
            }
        }
    }
}

/// Everything that is due of a child.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duties {
    /// Whether the child needs PEPs.
    pub needs: Needs,
    /// Whether there is a current PEP (PEP.md 4.2); `None` where none is needed.
    pub currency: Option<Currency>,
    /// What is due, done or not, the earliest first.
    pub dues: Vec<ChildDue>,
    /// What to look at besides.
    pub notes: Vec<DutyNote>,
}

impl Due {
    /// How it stands: done late is late.
    pub fn state(&self) -> DutyState {
        match (self.done, self.on, self.by) {
            (false, ..) => DutyState::Running,
            (true, Some(on), Ok(by)) if on > by => DutyState::Late((on - by).num_days()),
            (true, ..) => DutyState::InTime,
        }
    }
}

impl ChildFacts {
    /// Their eighteenth birthday.
    fn eighteen(&self) -> Option<NaiveDate> {
        birthday(self.born?, 18)
    }
}

impl Duties {
    /// What is not done yet, the earliest first; of what cannot be dated nobody can say that it has time, so that comes first.
    pub fn undone(&self) -> impl Iterator<Item = &ChildDue> {
        self.dues.iter().filter(|one| !one.due.done)
    }

    /// The day of what is due first.
    pub fn first(&self) -> Option<NaiveDate> {
        self.undone().filter_map(|one| one.due.by.ok()).min()
    }

    /// How pressing the child is today; `None` where nothing is due. What nobody can date is due soon: somebody has to look.
    pub fn standing(&self, calendar: &Calendar, today: NaiveDate) -> Option<Standing> {
        let of = |one: &ChildDue| one.due.by.map_or(Standing::Soon, |by| calendar.standing(today, by));
        let pressing = |standing: &Standing| match standing {
            Standing::Overdue => 0,
            Standing::Soon => 1,
            Standing::Ahead => 2,
        };
        let by_currency = match self.currency {
            Some(Currency::Overdue) => Some(Standing::Overdue),
            Some(Currency::DueSoon) => Some(Standing::Soon),
            Some(Currency::Current | Currency::Never) | None => None,
        };
        self.undone().map(of).chain(by_currency).min_by_key(pressing)
    }
}

impl Sitting {
    /// On which day a step was reached; `None` where it has not been. A meeting counts by its own day: one that is arranged for a day
    /// after the deadline is late.
    pub(crate) fn reached(&self, step: Step) -> Option<NaiveDate> {
        match step {
            Step::Initiated => self.begun,
            Step::Arranged => self.meeting,
            Step::Held => self.meeting.filter(|_| self.held),
            Step::Completed => self.completed,
            Step::AvailableForReview => self.signed,
        }
    }

    fn when(&self) -> (AcademicYear, Term) {
        (self.year, self.term)
    }
}

/// Working days of the national clocks (PEP.md 4.2): a first PEP begun after an emergency, and ready for the review of the care plan.
const NATIONAL_EMERGENCY: NonZeroU16 = days(10);
const NATIONAL_FIRST: NonZeroU16 = days(20);
/// Working days before a review of the care plan at which its reviewing officer sees the signed PEP (the IRO Handbook).
const BEFORE_CARE_REVIEW: NonZeroU16 = days(3);
/// Months before it within which a closing PEP's event is in sight, and the end of the calendar is said.
const IN_SIGHT_MONTHS: u32 = 12;
/// Nobody is looked after, or has PEPs, beyond this birthday without a process that says so.
const UNTIL_BY_LAW: u8 = 18;

const fn days(number: u16) -> NonZeroU16 {
    match NonZeroU16::new(number) {
        Some(days) => days,
        None => NonZeroU16::MIN,
    }
}

/// The clocks of a first PEP, of a child who came into care on one of these days: where people disagree the earlier counts, and an
/// emergency that anybody reports is one. The process's own, and the national ones where it has none of that step.
pub(crate) fn first_clocks(
    practice: &Practice,
    calendar: &Calendar,
    since: &dyn Fn(Since) -> Vec<NaiveDate>,
    emergency: bool,
) -> Vec<(Duty, Step, Result<NaiveDate, CannotCompute>)> {
    let mut clocks = Vec::new();
    let mut clock = |duty: Duty, step: Step, days: NonZeroU16, kind: DayKind, from: Since| {
        let by = earliest(since(from).iter().map(|event| calendar.after(*event, days, kind)));
        clocks.extend(by.map(|by| (duty, step, by)));
    };
    let own = &practice.first_pep;
    for one in own {
        let days = one.when_emergency.filter(|_| emergency).unwrap_or(one.days);
        clock(Duty::FirstPep(one.event), one.event, days, one.day_kind, one.from);
    }
    let national = |step: Step| Duty::National(step);
    if emergency && own.iter().all(|one| one.when_emergency.is_none()) {
        clock(national(Step::Initiated), Step::Initiated, NATIONAL_EMERGENCY, DayKind::Working, Since::CameIntoCare);
    }
    if own.iter().all(|one| one.event != Step::AvailableForReview) {
        let ready = Step::AvailableForReview;
        clock(national(ready), ready, NATIONAL_FIRST, DayKind::Working, Since::CameIntoCare);
    }
    clocks
}

/// Everything that is due of a child, seen from a day. `sittings`: the PEPs there are, in any order.
pub fn duties(
    child: &ChildFacts,
    process: &Process,
    calendar: &Calendar,
    sittings: &[Sitting],
    today: NaiveDate,
) -> Duties {
    let mut all: Vec<&Sitting> = sittings.iter().filter(|one| !one.uncounted).collect();
    all.sort_by_key(|one| (one.year, one.term, one.signed, one.pep));
    let said = all.iter().filter_map(|one| one.in_care_since).min();
    let since = child.in_care_since.or(said);
    // What was signed before the child came into care again was of another time.
    all.retain(|one| one.signed.is_none_or(|signed| since.is_none_or(|since| signed >= since)));
    let asked = Asked { child, process, calendar, all, since, today };
    let needs = asked.needs();
    let mut dues = Vec::new();
    match needs {
        Needs::Now => {
            dues.extend(asked.regular());
            dues.extend(asked.school_move());
            dues.extend(asked.care_review());
            dues.extend(asked.closing());
        }
        Needs::NotSince(..) => dues.extend(asked.closing()),
        Needs::From(_) | Needs::NotUnlessAsked => {}
    }
    if let Some((end, _)) = asked.end() {
        let before = |one: &ChildDue| one.due.by.is_err() || one.due.by < Ok(end);
        dues.retain(|one| one.due.done || matches!(one.due.duty, Duty::Closing(_)) || before(one));
    }
    // What cannot be dated last, as in a plan.
    dues.sort_by_key(|one| (one.due.by.is_err(), one.due.by, one.due.duty, one.year, one.term));
    let currency = (needs == Needs::Now).then(|| currency(&asked.all, process, calendar, today));
    Duties { needs, currency, dues, notes: asked.notes(needs) }
}

/// Whether a child has a current PEP today: one that is signed off and of the present term, or of the term before while this
/// term's deadline has not passed.
fn currency(all: &[&Sitting], process: &Process, calendar: &Calendar, today: NaiveDate) -> Currency {
    let has =
        |(year, term): (AcademicYear, Term)| all.iter().any(|one| one.signed.is_some() && one.when() == (year, term));
    if all.iter().all(|one| one.signed.is_none()) {
        return Currency::Never;
    }
    let present = calendar.term_of(today);
    if has(present) {
        return Currency::Current;
    }
    let had = has(before(present));
    let own = all.iter().filter(|one| one.when() == present);
    let window = process.practice.completion.window;
    let own = own.filter_map(|one| calendar.after(one.meeting?, window?.days, window?.day_kind).ok()).min();
    let deadline = calendar.dates_of(present.0, present.1).map(|dates| dates.complete_by);
    let standing = match deadline.into_iter().chain(own).min() {
        Some(deadline) => calendar.standing(today, deadline),
        // Nobody can tell how long there is time: early is safer than late.
        None => Standing::Soon,
    };
    match standing {
        Standing::Ahead if had => Currency::Current,
        Standing::Soon if had => Currency::DueSoon,
        Standing::Ahead | Standing::Soon | Standing::Overdue => Currency::Overdue,
    }
}

/// A child of whom it is asked what is due.
struct Asked<'a> {
    child: &'a ChildFacts,
    process: &'a Process,
    calendar: &'a Calendar,
    /// The PEPs that count, the earliest first.
    all: Vec<&'a Sitting>,
    since: Option<NaiveDate>,
    today: NaiveDate,
}

impl Asked<'_> {
    fn needs(&self) -> Needs {
        if let Some((day, why)) = self.end().filter(|(day, _)| *day <= self.today) {
            return Needs::NotSince(day, why);
        }
        if let Some(from) = self.eligible_from().filter(|from| *from > self.today) {
            return Needs::From(from);
        }
        let eligibility = &self.process.practice.eligibility;
        let five = self.child.born.and_then(|born| birthday(born, 5));
        let unplaced = eligibility.requires_provision_under_five
            && !self.child.at_setting
            && five.is_some_and(|five| self.today < five);
        let unasked = self.phase().is_some_and(|phase| eligibility.by_choice.contains(&phase));
        if (unplaced || unasked) && self.all.is_empty() { Needs::NotUnlessAsked } else { Needs::Now }
    }

    /// When and by what the duty ends or has ended, as far as this person may know.
    fn end(&self) -> Option<(NaiveDate, Option<ClosingEvent>)> {
        // An end before the child came into care was that of an earlier time.
        let counts = |day: &NaiveDate| self.since.is_none_or(|since| *day >= since);
        let left = self.child.left.filter(|(day, _)| counts(day));
        let said = self.all.iter().filter_map(|one| one.ended).map(|(event, day)| (day, Some(event)));
        let said = said.filter(|(day, _)| counts(day));
        let closed = self.all.iter().filter(|one| one.kind == PepType::Closing).filter_map(|one| one.signed);
        let closed = closed.map(|day| (day, None));
        let by_age = self.by_age().map(|(event, day)| (day, Some(event)));
        let ends = left.into_iter().chain(said).chain(closed).chain(by_age);
        // Of two that name one day the one that says why.
        ends.min_by_key(|(day, why)| (*day, why.is_none()))
    }

    /// The eighteenth birthday, or the end of Year 13 where the process goes on to that.
    fn by_age(&self) -> Option<(ClosingEvent, NaiveDate)> {
        let eighteen = self.child.eighteen()?;
        let year13 = end_of_year_13(self.child.born?);
        match self.process.practice.eligibility.until {
            EligibleUntil::EndOfYear13 => {
                let last = year13.filter(|day| *day > eighteen).map(|day| (ClosingEvent::EndOfYear13, day));
                last.or(Some((ClosingEvent::Eighteen, eighteen)))
            }
            // Below 18 that is a form's own range: the law's duty goes on.
            EligibleUntil::Age(age) => {
                Some((ClosingEvent::Eighteen, birthday(self.child.born?, age.get().max(UNTIL_BY_LAW))?))
            }
        }
    }

    fn eligible_from(&self) -> Option<NaiveDate> {
        let born = self.child.born?;
        match self.process.practice.eligibility.from {
            EligibleFrom::Age(age) => birthday(born, age.get()),
            EligibleFrom::AcademicYearOfBirthday(age) => {
                let year = AcademicYear::of(birthday(born, age.get())?);
                NaiveDate::from_ymd_opt(i32::from(year.0), 9, 1)
            }
        }
    }

    fn phase(&self) -> Option<Phase> {
        let (year, _) = self.calendar.term_of(self.today);
        Some(year.phase_of(self.child.born?, self.process.reception_uses))
    }

    /// The clocks of the first PEP until that is signed; of those that follow, each term's, and the date that was agreed for the next.
    fn regular(&self) -> Vec<ChildDue> {
        let present = self.calendar.term_of(self.today);
        let signed = self.all.iter().rfind(|one| one.signed.is_some());
        let first: Vec<ChildDue> = self.first();
        match signed {
            None if first.iter().any(|one| one.due.by.is_ok()) => first,
            None if self.since.is_none() => match self.all.last() {
                Some(begun) => vec![self.term(begun.when())],
                None => vec![self.undated(present)],
            },
            // Looked after since before any calendar that is known here: the terms go on.
            None => vec![self.term(present)],
            Some(last) => {
                // The first one stays on the list for its term: done late is late.
                let firsts = first.into_iter().filter(|one| one.due.done && (one.year, one.term) == present);
                let mut dues: Vec<ChildDue> = firsts.collect();
                let fulfilled = dues.iter().any(|one| one.pep == Some(last.pep));
                dues.extend(self.terms(last).into_iter().filter(|one| !(fulfilled && one.pep == Some(last.pep))));
                dues.extend(self.next(last));
                dues
            }
        }
    }

    fn first(&self) -> Vec<ChildDue> {
        let emergency = self.child.emergency || self.all.iter().any(|one| one.emergency);
        let from = self.since.max(self.eligible_from().filter(|_| self.since.is_some()));
        let since = |_: Since| from.into_iter().collect();
        let counted = || self.all.iter().filter(|one| one.kind != PepType::Closing);
        let clocks = first_clocks(&self.process.practice, self.calendar, &since, emergency);
        let due = |(duty, step, by): (Duty, Step, Result<NaiveDate, CannotCompute>)| {
            let reached = counted().filter_map(|one| Some((one.reached(step)?, *one))).min_by_key(|(on, _)| *on);
            let of = reached.map(|(_, one)| one).or(self.all.iter().rfind(|one| one.signed.is_none()).copied());
            let on = reached.map(|(on, _)| on);
            let (year, term) = of.map_or(self.calendar.term_of(self.today), Sitting::when);
            let kind = of.map_or_else(|| self.first_kind(), |one| one.kind);
            let due = Due { duty, owner: None, by, done: on.is_some(), on };
            ChildDue { due, year, term, kind, pep: of.map(|one| one.pep) }
        };
        clocks.into_iter().map(due).collect()
    }

    /// As what a first PEP begins: in the summer holidays as an interim one, for no school can be met then.
    fn first_kind(&self) -> PepType {
        let (year, term) = self.calendar.term_of(self.today);
        let last = self.calendar.dates_of(year, term).and_then(|dates| dates.open.last());
        let holidays = term == Term::Summer && last.is_some_and(|(_, last)| self.today > *last);
        if holidays { PepType::Interim } else { PepType::Initial }
    }

    /// The first PEP of a child of whom nobody has said since when they are looked after.
    fn undated(&self, (year, term): (AcademicYear, Term)) -> ChildDue {
        let duty = Duty::National(Step::AvailableForReview);
        let due = Due { duty, owner: None, by: Err(CannotCompute::NoCareDate), done: false, on: None };
        ChildDue { due, year, term, kind: PepType::Initial, pep: None }
    }

    /// The terms' PEPs since the last one that is signed: of those that were missed the earliest, the present one, and, where that is
    /// signed, the next.
    fn terms(&self, last: &Sitting) -> Vec<ChildDue> {
        let present = self.calendar.term_of(self.today);
        let mut dues = Vec::new();
        let mut term = last.when();
        if term >= present {
            dues.push(self.term(term));
            let next = after(term);
            dues.extend(self.is_wanted(next).then(|| self.term(next)).filter(|one| one.due.by.is_ok()));
            return dues;
        }
        loop {
            term = after(term);
            let wanted = self.is_wanted(term);
            if wanted && (dues.is_empty() || term == present) {
                dues.push(self.term(term));
            }
            if term >= present {
                break;
            }
        }
        // In a term in which none is wanted the next one counts.
        if dues.is_empty() {
            dues.push(self.term(after(present)));
        }
        dues
    }

    /// Whether a PEP is held in a term: a process that asks for fewer than three a year asks for it in a term when there would be too
    /// few otherwise.
    fn is_wanted(&self, (year, term): (AcademicYear, Term)) -> bool {
        let per_year = self.phase().and_then(|phase| self.process.practice.review.per_year.get(&phase));
        let wanted = per_year.map_or(3, |n| usize::from(n.get()));
        let is_of = |one: &&&Sitting| one.year == year && one.term < term && one.signed.is_some();
        let signed = self.all.iter().filter(is_of).count();
        let left = Term::ALL.iter().filter(|later| **later > term).count();
        signed + left < wanted
    }

    /// A term's PEP, complete by the term's deadline or soon after its meeting.
    fn term(&self, (year, term): (AcademicYear, Term)) -> ChildDue {
        let of = |one: &&&Sitting| one.when() == (year, term) && one.kind != PepType::Closing;
        let done = self.all.iter().filter(of).filter(|one| one.completed.is_some()).min_by_key(|one| one.completed);
        let sitting = done.or(self.all.iter().rfind(|one| of(one)));
        let window = self.process.practice.completion.window.zip(sitting.and_then(|one| one.meeting));
        let window = window.map(|(window, held)| self.calendar.after(held, window.days, window.day_kind));
        let deadline = self.calendar.dates_of(year, term).map(|dates| Ok(dates.complete_by));
        let by = earliest(deadline.into_iter().chain(window)).unwrap_or(Err(CannotCompute::NoTermDates));
        let on = sitting.and_then(|one| one.completed);
        let due = Due { duty: Duty::Term, owner: None, by, done: on.is_some(), on };
        let kind = sitting.map_or(PepType::Review, |one| one.kind);
        ChildDue { due, year, term, kind, pep: sitting.map(|one| one.pep) }
    }

    /// The date of the PEP after the last one that is signed, until that is begun.
    fn next(&self, last: &Sitting) -> Option<ChildDue> {
        let next = last.next?;
        let (year, term) = self.calendar.term_of(next.date);
        let begun =
            self.all.iter().any(|one| one.when() > last.when() || (one.pep != last.pep && one.begun > last.signed));
        let open = !begun;
        let due = Due {
            duty: Duty::Next { provisional: next.provisional },
            owner: None,
            by: Ok(next.date),
            done: false,
            on: None,
        };
        open.then_some(ChildDue { due, year, term, kind: PepType::Review, pep: None })
    }

    fn school_move(&self) -> Option<ChildDue> {
        let clock = self.process.practice.school_move.as_ref()?;
        let since = self.child.school_since?;
        // A move is one from the school of a PEP that there was before.
        let (year, term) = self.calendar.term_of(since);
        let earlier =
            |one: &&Sitting| one.begun.or(one.signed).is_some_and(|day| day < since) || one.when() < (year, term);
        let moved = self.since.is_none_or(|care| care < since) && self.all.iter().copied().any(|one| earlier(&one));
        let recent = since.checked_add_months(Months::new(IN_SIGHT_MONTHS)).is_some_and(|end| self.today <= end);
        if !moved || !recent {
            return None;
        }
        let of = |one: &&&Sitting| one.kind == PepType::SchoolMove && one.when() >= before((year, term));
        let sitting = self.all.iter().rfind(of);
        let by = clock_of(clock, self.calendar, since, self.child.emergency);
        let on = sitting.and_then(|one| one.reached(clock.event));
        let due = Due { duty: Duty::SchoolMove(clock.event), owner: None, by, done: on.is_some(), on };
        let (year, term) = sitting.map_or((year, term), |one| one.when());
        Some(ChildDue { due, year, term, kind: PepType::SchoolMove, pep: sitting.map(|one| one.pep) })
    }

    /// A signed PEP three working days before the next review of the care plan.
    fn care_review(&self) -> Option<ChildDue> {
        let review = self.next_care_review().filter(|day| *day >= self.today)?;
        let present = self.calendar.term_of(review);
        let current = |one: &&&Sitting| one.when() == present || one.when() == before(present);
        let signed = self.all.iter().filter(current).filter(|one| one.signed.is_some()).min_by_key(|one| one.signed);
        let sitting = signed.or(self.all.iter().rfind(current));
        let by = self.calendar.before(review, BEFORE_CARE_REVIEW, DayKind::Working);
        let on = signed.and_then(|one| one.signed);
        let due = Due { duty: Duty::CareReview, owner: None, by, done: on.is_some(), on };
        let (year, term) = sitting.map_or(present, |one| one.when());
        let kind = sitting.map_or(PepType::Review, |one| one.kind);
        Some(ChildDue { due, year, term, kind, pep: sitting.map(|one| one.pep) })
    }

    fn next_care_review(&self) -> Option<NaiveDate> {
        self.all.iter().rev().find_map(|one| one.care_review)
    }

    /// A closing PEP, once its event is in sight.
    fn closing(&self) -> Option<ChildDue> {
        let (day, event) = match self.end() {
            Some((day, Some(event))) => (day, event),
            Some((_, None)) | None => return None,
        };
        if !self.process.practice.closing.contains(&event) {
            return None;
        }
        let by = closing_by(event, day, self.calendar, self.today)?;
        let sitting = self.all.iter().rfind(|one| one.kind == PepType::Closing);
        let on = sitting.and_then(|one| one.signed);
        let (year, term) = sitting.map_or_else(|| self.calendar.term_of(by), |one| one.when());
        let due = Due { duty: Duty::Closing(event), owner: None, by: Ok(by), done: on.is_some(), on };
        Some(ChildDue { due, year, term, kind: PepType::Closing, pep: sitting.map(|one| one.pep) })
    }

    fn notes(&self, needs: Needs) -> Vec<DutyNote> {
        let mut notes = Vec::new();
        if needs != Needs::Now {
            return notes;
        }
        notes.extend(self.calendar.ends_by(self.today).map(DutyNote::CalendarEnds));
        let leap = self.child.born.filter(|born| (born.month(), born.day()) == (2, 29));
        let eighteen = leap.and(self.child.eighteen());
        let near = |day: &NaiveDate| {
            self.today.checked_add_months(Months::new(2 * IN_SIGHT_MONTHS)).is_some_and(|far| *day <= far)
        };
        notes.extend(eighteen.filter(near).map(DutyNote::LeapDay));
        let passed = self.next_care_review().filter(|day| *day < self.today);
        notes.extend(passed.map(DutyNote::CareReviewPassed));
        notes
    }
}

/// By when a closing PEP is due for an event, seen from a day: the last term's deadline before it, where the event can be planned
/// for, or the day itself; `None` while that is more than a year ahead.
pub(crate) fn closing_by(
    event: ClosingEvent,
    day: NaiveDate,
    calendar: &Calendar,
    from: NaiveDate,
) -> Option<NaiveDate> {
    let planned = matches!(event, ClosingEvent::Eighteen | ClosingEvent::EndOfYear13);
    let year_before = day.checked_sub_months(Months::new(IN_SIGHT_MONTHS))?;
    let deadlines = calendar.terms.iter().map(|term| term.complete_by).filter(|by| *by < day && *by > year_before);
    let by = if planned { deadlines.max().unwrap_or(day) } else { day };
    (by <= from.checked_add_months(Months::new(IN_SIGHT_MONTHS))?).then_some(by)
}

pub(crate) fn clock_of(
    clock: &Milestone,
    calendar: &Calendar,
    event: NaiveDate,
    emergency: bool,
) -> Result<NaiveDate, CannotCompute> {
    let days = clock.when_emergency.filter(|_| emergency).unwrap_or(clock.days);
    calendar.after(event, days, clock.day_kind)
}

impl Calendar {
    /// The dates of a term, where they are known.
    pub fn dates_of(&self, year: AcademicYear, term: Term) -> Option<&TermDates> {
        self.terms.iter().find(|dates| dates.year == year && dates.term == term)
    }

    /// The term that a day belongs to, holidays after it included; outside the term dates by the month.
    pub fn term_of(&self, day: NaiveDate) -> (AcademicYear, Term) {
        if let Some(dates) = self.term_at(day) {
            return (dates.year, dates.term);
        }
        let term = match day.month() {
            9..=12 => Term::Autumn,
            1..=3 => Term::Spring,
            _ => Term::Summer,
        };
        (AcademicYear::of(day), term)
    }

    /// The last day of the term dates, where that is less than a year ahead of a day, or has passed.
    pub fn ends_by(&self, day: NaiveDate) -> Option<NaiveDate> {
        let last = self.terms.last()?.open.last()?.1;
        (last <= day.checked_add_months(Months::new(IN_SIGHT_MONTHS))?).then_some(last)
    }
}

fn after((year, term): (AcademicYear, Term)) -> (AcademicYear, Term) {
    match term {
        Term::Autumn => (year, Term::Spring),
        Term::Spring => (year, Term::Summer),
        Term::Summer => (AcademicYear(year.0.saturating_add(1)), Term::Autumn),
    }
}

fn before((year, term): (AcademicYear, Term)) -> (AcademicYear, Term) {
    match term {
        Term::Autumn => (AcademicYear(year.0.saturating_sub(1)), Term::Summer),
        Term::Spring => (year, Term::Autumn),
        Term::Summer => (year, Term::Spring),
    }
}

/// The earliest day; what cannot be worked out only where nothing can.
pub(crate) fn earliest(
    days: impl Iterator<Item = Result<NaiveDate, CannotCompute>>,
) -> Option<Result<NaiveDate, CannotCompute>> {
    days.min_by_key(|day| (day.is_err(), *day))
}
