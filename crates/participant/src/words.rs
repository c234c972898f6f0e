//! Words for people: dates, times, terms and answers as they are read aloud.

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Timelike, Utc};
use plan::{
    AcademicYear, Calendar, ChildDue, Due, Duties, Duty, DutyState, Kind, Needs, Pep, Process, Question, Role,
    Standing, Term, Value, Who,
};

use crate::now::{Now, Zone, local};

pub(crate) mod told;

/// `1 change`, `2 changes`.
pub fn counted(n: usize, what: &str) -> String {
    match (n, what) {
        (1, _) => format!("1 {what}"),
        (_, "child") => format!("{n} children"),
        (_, "entry") => format!("{n} entries"),
        _ => format!("{n} {what}s"),
    }
}

/// `26 February 2026`.
pub fn date(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

/// `£520`, `£38.50`, `£1,250`, from pence.
pub fn pounds(pence: i64) -> String {
    let said = plan::pounds(pence);
    said.strip_suffix(".00").map_or_else(|| said.clone(), str::to_owned)
}

/// `26 February 2026 at 2:05pm`, of a moment in Unix seconds.
pub fn moment(at: i64, zone: Zone) -> String {
    let here = local(at, zone);
    here.map_or_else(|| "an unknown time".to_owned(), |at| format!("{} at {}", date(at.date()), time(at.time())))
}

/// `at 2:05pm` where it is today, else `on 26 February 2026 at 2:05pm`.
pub fn lately(at: i64, now: &Now) -> String {
    match (day(at, now.zone), moment(at, now.zone).split_once(" at ")) {
        (Some(day), Some((_, time))) if day == now.day() => format!("at {time}"),
        _ => format!("on {}", moment(at, now.zone)),
    }
}

/// From one moment to another: `26 February 2026 at 2:05pm`, or `… at 2:05pm to 2:40pm`.
pub fn stretch(began: i64, ended: i64, zone: Zone) -> String {
    let (from, to) = (moment(began, zone), moment(ended, zone));
    match (from.split_once(" at "), to.split_once(" at ")) {
        _ if from == to => from,
        (Some((day, _)), Some((same, end))) if day == same => format!("{from} to {end}"),
        _ => format!("{from} to {to}"),
    }
}

/// The day of a moment.
pub fn day(at: i64, zone: Zone) -> Option<NaiveDate> {
    local(at, zone).map(|at| at.date())
}

/// `2:05pm`, `2pm`, `midday`.
pub fn time(time: NaiveTime) -> String {
    match (time.hour(), time.minute()) {
        (0, 0) => "midnight".to_owned(),
        (12, 0) => "midday".to_owned(),
        (_, 0) => time.format("%-I%P").to_string(),
        _ => time.format("%-I:%M%P").to_string(),
    }
}

/// RFC 3339 in UTC, for programs.
pub fn rfc3339(at: i64) -> String {
    DateTime::<Utc>::from_timestamp(at, 0).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `Spring 2025/26, termly review`; of one more in its term with why: `Spring 2025/26, termly review, extra: concern`.
pub fn sitting(pep: &Pep) -> String {
    let extra = pep.filed.extra.as_ref().map_or(String::new(), |extra| format!(", extra: {}", extra.reason()));
    format!("{} {}, {}{extra}", pep.term.label(), pep.year, pep.kind.label().to_lowercase())
}

/// A role in the middle of a sentence.
pub fn small(role: Role) -> String {
    role.label().to_lowercase().replace("virtual school", "Virtual School")
}

/// A person's name, or that this device cannot name them.
pub fn name(who: &Option<Who>) -> &str {
    who.as_ref().map_or("somebody this device cannot name", |who| who.name.as_str())
}

/// What is due of a PEP, by when, and how that stands to today.
pub fn due(pep: &Pep, due: &Due, today: Option<NaiveDate>) -> String {
    let process = pep.process();
    let what = what(due.duty, (None, pep.term), process);
    format!("{what}, {}", by_when(due, pep.process.calendar(), today, false))
}

/// What is due of a child, by when, and how that stands to today.
pub fn duty(one: &ChildDue, process: &Process, calendar: &Calendar, today: NaiveDate) -> String {
    let what = what(one.due.duty, (Some(one.year), one.term), process);
    format!("{what}, {}", by_when(&one.due, calendar, Some(today), true))
}

/// What a duty is about: `the autumn term's PEP, complete`. `year`: where more than one is spoken of.
pub fn what(duty: Duty, (year, term): (Option<AcademicYear>, Term), process: &Process) -> String {
    match duty {
        Duty::FirstPep(step) => format!("the first PEP: {}", step.label()),
        Duty::National(step) => format!("the first PEP: {} (the national clock)", step.label()),
        Duty::SchoolMove(step) => format!("the PEP after the change of school: {}", step.label()),
        Duty::Term => {
            let year = year.map_or(String::new(), |year| format!(" {year}"));
            format!("the {}{year} term's PEP, complete", term.label().to_lowercase())
        }
        Duty::Page(number) => match process.pages.get(number) {
            Some(page) => format!("page {}, {} ({})", page.id, page.title, page.owner.label().to_lowercase()),
            None => "a page".to_string(),
        },
        Duty::Closing(event) => format!("a closing PEP, because of {}", event.label()),
        Duty::Next { provisional: true } => "the next PEP begun (a provisional date)".to_owned(),
        Duty::Next { provisional: false } => "the next PEP begun".to_owned(),
        Duty::CareReview => "a signed PEP, for the review of the care plan".to_owned(),
    }
}

/// `by 27 November 2026 (overdue)`; `days`: and by how many days.
fn by_when(due: &Due, calendar: &Calendar, today: Option<NaiveDate>, days: bool) -> String {
    let by = match due.by {
        Err(why) => return format!("by a day nobody can tell: {why}"),
        Ok(by) => by,
    };
    let counted = |days: i64| counted(usize::try_from(days).unwrap_or_default(), "day");
    let on = due.on.filter(|_| days).map_or(String::new(), |on| format!(" on {}", date(on)));
    let standing = match (due.state(), today) {
        (DutyState::InTime, _) => format!(" (done{on})"),
        (DutyState::Late(late), _) => format!(" (done{on}, {} late)", counted(late)),
        (DutyState::Running, None) => String::new(),
        (DutyState::Running, Some(today)) => match calendar.standing(today, by) {
            Standing::Overdue if days => format!(" (overdue by {})", counted((today - by).num_days())),
            Standing::Overdue => " (overdue)".to_owned(),
            Standing::Soon => " (soon)".to_owned(),
            Standing::Ahead => String::new(),
        },
    };
    format!("by {}{standing}", date(by))
}

/// Whether a child has a current PEP, or why none is needed; nobody is told of a reason who may not know it.
pub fn currency(duties: &Duties) -> String {
    match (duties.currency, duties.needs) {
        (Some(currency), _) => currency.label().to_owned(),
        (None, Needs::From(day)) => format!("not due before {}", date(day)),
        (None, Needs::NotSince(day, None)) => format!("no longer due, since {}", date(day)),
        (None, Needs::NotSince(day, Some(event))) => {
            format!("no longer due, since {} ({})", date(day), event.label())
        }
        (None, Needs::NotUnlessAsked | Needs::Now) => "not due unless somebody asks for one".to_owned(),
    }
}

/// An answer to a question, as people read it: the label of a choice, a date in words, pounds.
pub fn value(question: &Question, value: &Value) -> String {
    spoken(value, &|word| question.label_of(word).to_string())
}

/// What stands in a cell, likewise.
pub fn cell(column: &plan::Column, value: &Value) -> String {
    spoken(value, &|word| column.label_of(word).to_string())
}

/// What a question takes and which command gives it, where `pep set` is not the one.
pub fn other_command(question: &Question, pep: &str) -> Option<String> {
    let id = &question.id;
    match question.kind {
        Kind::Table => Some(format!("It is a table: pep row add {pep} {id} column=value …")),
        Kind::TargetList if id == "targets.review" => {
            Some(format!("It reviews targets: pep target review {pep} TARGET result=…"))
        }
        Kind::TargetList => Some(format!("It is the list of targets: pep target add {pep} statement=…")),
        Kind::LongText => Some(format!(
            "It is a longer text: pep write {pep} {id} \"…\" (or --file F, or - to read what is piped in)."
        )),
        Kind::Text if question.voice => Some(format!("It is somebody's own words: pep write {pep} {id} \"…\".")),
        Kind::Text
        | Kind::Date
        | Kind::Choice
        | Kind::MultiChoice
        | Kind::Number
        | Kind::Money
        | Kind::YesNo
        | Kind::Person
        | Kind::Attachment
        | Kind::Picture => None,
    }
}

fn spoken(value: &Value, label: &dyn Fn(&str) -> String) -> String {
    match value {
        Value::Choice(word) => label(word),
        Value::Date(day) => date(*day),
        Value::Money(pence) => pounds(*pence),
        Value::Set(words) => words.iter().map(|word| label(word)).collect::<Vec<_>>().join(", "),
        Value::Text(_) | Value::Number(_) | Value::YesNo(_) | Value::Picture(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use chrono_tz::Europe::London;

    use super::*;

    #[test]
    fn money_has_pence_only_where_there_are_some() {
        for (pence, said) in [
            (52_000, "£520"),
            (3_850, "£38.50"),
            (1, "£0.01"),
            (0, "£0"),
            (-2_400, "-£24"),
            (125_000, "£1,250"),
            (123_456_789, "£1,234,567.89"),
        ] {
            assert_eq!(pounds(pence), said);
        }
    }

    #[test]
    fn dates_and_times_are_said_in_words_and_in_the_form_programs_read() {
        assert_eq!(date(NaiveDate::from_ymd_opt(2026, 2, 6).unwrap_or_default()), "6 February 2026");
        assert_eq!(rfc3339(1_772_114_700), "2026-02-26T14:05:00Z");
        assert_eq!(moment(i64::MAX, London), "an unknown time");
        let clock = |hour, minute| time(NaiveTime::from_hms_opt(hour, minute, 59).unwrap_or_default());
        assert_eq!(
            [(0, 0), (0, 5), (9, 0), (12, 0), (12, 30), (15, 15)].map(|(hour, minute)| clock(hour, minute)),
            ["midnight", "12:05am", "9am", "midday", "12:30pm", "3:15pm"]
        );
        let at = London.with_ymd_and_hms(2026, 2, 26, 15, 15, 0).single().map_or(0, |at| at.timestamp());
        assert_eq!(stretch(at, at + 59, London), "26 February 2026 at 3:15pm");
        assert_eq!(stretch(at, at + 1_500, London), "26 February 2026 at 3:15pm to 3:40pm");
        assert_eq!(stretch(at, at + 86_400, London), "26 February 2026 at 3:15pm to 27 February 2026 at 3:15pm");
        let today = NaiveDate::from_ymd_opt(2026, 2, 26);
        assert_eq!(day(at, London), today);
        assert_eq!(lately(at, &Now::at(at + 3_600, London)), "at 3:15pm");
        assert_eq!(lately(at, &Now::at(at + 86_400, London)), "on 26 February 2026 at 3:15pm");
    }
}
