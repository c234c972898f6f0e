//! What happens to a child between two PEPs, and what it does to a PEP (PEP.md 4.10): no school's roll, a change of school,
//! placement for adoption, the end of the duty, and an age outside the process's range.

use chrono::{Datelike, NaiveDate};

use crate::bank::{Kind, bank};
use crate::checks::{Around, Finding, Severity, agreed_targets, dates, finding, words};
use crate::clock::{CannotCompute, birthday, end_of_year_13};
use crate::pep::{AcademicYear, Pep, PepType, Role};
use crate::practice::{ClosingEvent, Eligibility, EligibleFrom, EligibleUntil};
use crate::process::Calendar;
use crate::value::{Value, pounds};
use crate::view::{Answer, Row, View};

/// Dates that may lie before the child's birth: the birth itself, and since when somebody else has had a post.
const BEFORE_BIRTH: [&str; 2] = ["child.dob", "settingPeople.delegates"];

/// True of a question whose dates cannot lie before the child's birth.
pub(crate) fn follows_birth(question: &str) -> bool {
    !BEFORE_BIRTH.contains(&question)
}

/// For how many school days the child has been on no school's roll, the first day not counted; `None` where they are on one, or
/// nobody has said since when.
pub fn days_not_on_roll(view: &View, pep: &Pep, today: NaiveDate) -> Option<Result<usize, CannotCompute>> {
    if !view.not_on_roll {
        return None;
    }
    let since = days(view, "setting.notOnRollSince").into_iter().min()?;
    Some(pep.process.calendar().school_days_between(since, today))
}

/// When the process's PEPs of this child come to their end, and by which event, as far as this PEP tells: the day of an order, the
/// eighteenth birthday, the end of Year 13, or what a closing PEP says.
pub fn closing(view: &View, pep: &Pep) -> Option<(ClosingEvent, NaiveDate)> {
    let practice = &pep.process().practice;
    let born = days(view, "child.dob").into_iter().max();
    let birthday = born.and_then(|born| birthday(born, 18)).map(|day| (ClosingEvent::Eighteen, day));
    let leaves = born.and_then(end_of_year_13).map(|day| (ClosingEvent::EndOfYear13, day));
    let by_age = [birthday, leaves].into_iter().flatten().filter(|(event, _)| practice.closing.contains(event));
    // A process that goes on to the end of Year 13 does not end with a birthday before it.
    let by_age = by_age.max_by_key(|(_, day)| *day);
    let known = ended(view).into_iter().filter(|(event, _)| practice.closing.contains(event));
    known.chain(by_age).min_by_key(|(_, day)| *day)
}

/// What this PEP says ended the child's being looked after, or will: an order, a return home, an age.
pub(crate) fn ended(view: &View) -> Option<(ClosingEvent, NaiveDate)> {
    let said = match chosen(view, "care.endReason") {
        Some("return_home") => Some(ClosingEvent::ReturnHome),
        Some("adoption") => Some(ClosingEvent::AdoptionOrder),
        Some("sgo") => Some(ClosingEvent::SpecialGuardianship),
        Some("cao") => Some(ClosingEvent::ChildArrangements),
        Some("turned_18") => Some(ClosingEvent::Eighteen),
        _ => None,
    };
    let ended = said.zip(days(view, "care.endDate").into_iter().min());
    let ordered = days(view, "care.adoptionOrderDate").into_iter().min().map(|day| (ClosingEvent::AdoptionOrder, day));
    ended.into_iter().chain(ordered).min_by_key(|(_, day)| *day)
}

impl Eligibility {
    /// What to say of a PEP that begins on `begins` for a child born on `born`, where the process's age range does not hold it.
    /// Never a bar: the duty follows from the child's being looked after, not from a table.
    pub fn doubt(&self, born: NaiveDate, year: AcademicYear, begins: NaiveDate) -> Option<String> {
        let (young, from) = match self.from {
            EligibleFrom::Age(age) => {
                (birthday(born, age.get()).is_some_and(|day| begins < day), format!("from the age of {age}"))
            }
            EligibleFrom::AcademicYearOfBirthday(age) => {
                let first = birthday(born, age.get()).map(AcademicYear::of);
                (
                    first.is_some_and(|first| year < first),
                    format!("from the academic year of the birthday number {age}"),
                )
            }
        };
        let (old, until) = match self.until {
            EligibleUntil::Age(age) => {
                (birthday(born, age.get()).is_some_and(|day| begins >= day), format!("until the age of {age}"))
            }
            EligibleUntil::EndOfYear13 => (year.group_of(born) > 13, "until the end of Year 13".to_owned()),
        };
        let (said, who) = match (young, old) {
            (true, _) => (from, "younger"),
            (_, true) => (until, "older"),
            _ => return None,
        };
        Some(format!("This process holds PEPs {said}, and this child is {who}. The PEP is started all the same."))
    }
}

impl AcademicYear {
    /// The academic year that a day is in.
    pub fn of(day: NaiveDate) -> AcademicYear {
        let start = if day.month() >= 9 { day.year() } else { day.year() - 1 };
        AcademicYear(u16::try_from(start).unwrap_or_default())
    }
}

impl Calendar {
    /// The school days after `from` up to and with `to`.
    fn school_days_between(&self, from: NaiveDate, to: NaiveDate) -> Result<usize, CannotCompute> {
        let known = |day: NaiveDate| {
            let first = self.terms.first().and_then(|term| term.open.first()).map(|(first, _)| *first);
            let last = self.terms.last().and_then(|term| term.open.last()).map(|(_, last)| *last);
            first.zip(last).is_some_and(|(first, last)| (first..=last).contains(&day))
        };
        match known(from) && known(to) {
            true => {
                Ok(from.iter_days().skip(1).take_while(|day| *day <= to).filter(|day| self.is_school_day(*day)).count())
            }
            false => Err(CannotCompute::NoTermDates),
        }
    }
}

/// What events leave to put right or to look at.
pub(crate) fn findings(view: &View, pep: &Pep, around: Around<'_>, owner: &dyn Fn(&str) -> Role) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut about = |field: &str, severity: Severity, says: &str| {
        let question = field.split('/').next().unwrap_or_default();
        found.push(Finding { field: Some(field.to_owned()), ..finding(severity, owner(question), says) });
    };
    transfer(view, &mut about);
    before_birth(view, &mut about);
    if placed_for_adoption(view) {
        let says = "The child is placed for adoption. This names the carers where everybody on the team reads it. Is that right?";
        if rows(view, "people.carers").next().is_some() {
            about("people.carers", Severity::Doubtful, says);
        }
        let says = "The child is placed for adoption, and this seems to hold an address where everybody on the team reads it. Is that right?";
        for (id, answer) in &view.answers {
            let open = bank().question(id).is_some_and(|question| question.annex.is_none());
            if open && matches!(answer, Answer::Text { text } if has_postcode(text)) {
                about(id, Severity::Doubtful, says);
            }
        }
    }
    let review = "care.nextCareReview";
    // Of a plan that is signed off it was a day to come.
    let passed = !view.signed_off() && days(view, review).iter().any(|day| *day < around.today);
    if passed && view.asked.contains(review) {
        about(review, Severity::Doubtful, "The day of the next care review has passed. When is the one after it?");
    }
    if let Some(days) = days_not_on_roll(view, pep, around.today) {
        let says = match days {
            Ok(days) => format!("The child has been on no school's roll for {days} school days."),
            Err(why) => format!("The child is on no school's roll; for how many school days cannot be said: {why}."),
        };
        about("setting.notOnRollSince", Severity::Doubtful, &says);
    }
    if pep.kind == PepType::SchoolMove {
        let targets = around.previous.map_or_else(Vec::new, agreed_targets);
        let sum: i64 = targets.iter().map(|target| target.requested.saturating_add(target.retained)).sum();
        if sum > 0 {
            let says = format!(
                "{} was asked for in the last PEP, before the change of school. The Virtual School decides what becomes of what is not spent.",
                pounds(sum)
            );
            let field = Some("funding.requested".to_owned());
            found.push(Finding { field, ..finding(Severity::Doubtful, Role::VirtualSchoolOfficer, &says) });
        }
    }
    found
}

/// Regulation 10 of the 2010 Regulations, and who is asked before a change of school.
fn transfer(view: &View, about: &mut dyn FnMut(&str, Severity, &str)) {
    if !says_yes(view, "transfer.needed") {
        return;
    }
    let approval = "transfer.ks4Approval";
    let key_stage_4 = view.asked.contains(approval);
    let approved = matches!(view.answers.get(approval), Some(Answer::Value(_)));
    for row in rows(view, "transfer.application").filter(|row| !dates(row, "start").is_empty()) {
        if key_stage_4 && !approved {
            let says = "A start date is set, and the nominated officer has not approved the move. Regulation 10 asks for approval before a move that disrupts key stage 4, save in an emergency.";
            about(&format!("transfer.application/{}/start", row.key), Severity::Blocks, says);
        }
    }
    let asked = |who: &str| {
        rows(view, "transfer.consulted").any(|row| words(row, "who") == who && !words(row, "date").is_empty())
    };
    for (who, label, by_law) in [
        ("virtual_school", "Virtual School", false),
        ("designated_teacher", "designated teacher", true),
        ("iro", "independent reviewing officer", true),
        ("child", "child", false),
        ("carer", "carer", false),
    ] {
        if !asked(who) {
            let (severity, because) = match by_law && key_stage_4 {
                true => (Severity::Blocks, " Regulation 10 asks for it in key stage 4."),
                false => (Severity::Doubtful, ""),
            };
            let says = format!("Nobody has said when the {label} was asked about the change of school.{because}");
            about("transfer.consulted", severity, &says);
        }
    }
}

/// Dates that came together by a merge, or stood before the date of birth was put right.
fn before_birth(view: &View, about: &mut dyn FnMut(&str, Severity, &str)) {
    let Some(born) = days(view, "child.dob").into_iter().min() else { return };
    let says = "This day is before the date of birth. One of the two is wrong.";
    for question in bank().questions().iter().filter(|question| follows_birth(&question.id)) {
        if question.kind == Kind::Date && days(view, &question.id).iter().any(|day| *day < born) {
            about(&question.id, Severity::Blocks, says);
        }
        for row in rows(view, &question.id) {
            for column in question.columns.iter().filter(|column| column.kind == Kind::Date) {
                if dates(row, &column.id).iter().any(|day| *day < born) {
                    about(&format!("{}/{}/{}", question.id, row.key, column.id), Severity::Blocks, says);
                }
            }
        }
    }
}

fn placed_for_adoption(view: &View) -> bool {
    let placed =
        says_yes(view, "care.placedForAdoption") || chosen(view, "care.placementType") == Some("placed_for_adoption");
    placed && days(view, "care.adoptionOrderDate").is_empty()
}

/// Two words one after the other such as `BD1 1HX`.
fn has_postcode(text: &str) -> bool {
    let parts: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    let outward = |part: &str| {
        let letters = part.bytes().take_while(u8::is_ascii_uppercase).count();
        let rest = part.get(letters..).unwrap_or_default();
        (1..=2).contains(&letters) && (1..=2).contains(&rest.len()) && rest.starts_with(|c: char| c.is_ascii_digit())
    };
    let inward = |part: &str| {
        let bytes = part.as_bytes();
        matches!(bytes, [digit, a, b] if digit.is_ascii_digit() && a.is_ascii_uppercase() && b.is_ascii_uppercase())
    };
    parts.windows(2).any(|pair| matches!(pair, [a, b] if outward(a) && inward(b)))
}

fn rows<'a>(view: &'a View, question: &str) -> impl Iterator<Item = &'a Row> {
    let rows = match view.answers.get(question) {
        Some(Answer::Table(rows)) => rows.as_slice(),
        _ => &[],
    };
    rows.iter().filter(|row| row.counts())
}

fn values<'a>(view: &'a View, question: &str) -> Vec<&'a Value> {
    match view.answers.get(question) {
        Some(Answer::Value(value)) => vec![value],
        Some(Answer::Disputed(claims)) => claims.iter().map(|claim| &claim.value).collect(),
        _ => Vec::new(),
    }
}

fn days(view: &View, question: &str) -> Vec<NaiveDate> {
    let day = |value: &Value| if let Value::Date(day) = value { Some(*day) } else { None };
    values(view, question).into_iter().filter_map(day).collect()
}

fn chosen<'a>(view: &'a View, question: &str) -> Option<&'a str> {
    match view.answers.get(question) {
        Some(Answer::Value(Value::Choice(word))) => Some(word),
        _ => None,
    }
}

fn says_yes(view: &View, question: &str) -> bool {
    values(view, question).contains(&&Value::YesNo(true))
}
