//! What a meeting speaks of, one thing after another: the agenda of the plan's process with what each of its points is about, as
//! the page to run it from and the wall show it. A review without a meeting goes through the same without an agenda.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use maud::{Markup, html};
use plan::{AgendaPoint, Answer, Cell, DocumentKind, MeetingView, Question, ReviewKind, Who};

use crate::{kit, model::Plan};
use participant::words;

/// Something that a meeting looks at or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Who is here, who chairs and who takes notes.
    People,
    /// The child's words.
    Voice,
    /// The carer's words.
    Carer,
    /// The targets of the last PEP.
    Review,
    /// Ideas and agreed targets.
    Targets,
    /// The money.
    Funding,
    /// Who does what by when.
    Actions,
    /// The next PEP.
    Next,
    /// Who gets a copy.
    Copies,
}

/// One point.
pub struct Stop<'a> {
    /// Its name.
    pub label: String,
    /// The point of the agenda; `None` of what the agenda leaves out, and without an agenda.
    pub point: Option<&'a AgendaPoint>,
    /// What it shows.
    pub parts: Vec<Part>,
    /// Other blocks and questions that it is about.
    pub also: Vec<&'a str>,
}

impl Part {
    /// All of them, in the order in which a review without an agenda takes them.
    pub const ALL: [Part; 9] = [
        Part::People,
        Part::Voice,
        Part::Carer,
        Part::Review,
        Part::Targets,
        Part::Funding,
        Part::Actions,
        Part::Next,
        Part::Copies,
    ];

    /// What a name in an agenda stands for: a block or a question of the bank. `None`: a section, which has a page of its own.
    pub fn of(name: &str) -> Option<Part> {
        Some(match name {
            "meeting" | "meeting.attendees" | "meeting.chair" | "meeting.noteTaker" => Part::People,
            "voice" => Part::Voice,
            "carer" => Part::Carer,
            "targets.review" => Part::Review,
            "targets" | "targets.list" => Part::Targets,
            "funding" | "funding.requested" | "funding.overReason" => Part::Funding,
            "meeting.actions" => Part::Actions,
            "meeting.nextDate" | "meeting.nextTime" => Part::Next,
            "meeting.copies" => Part::Copies,
            _ => return None,
        })
    }

    fn label(self) -> &'static str {
        match self {
            Part::People => "People",
            Part::Voice => "The child’s words",
            Part::Carer => "The carer’s words",
            Part::Review => "Last term’s targets",
            Part::Targets => "New targets",
            Part::Funding => "Funding",
            Part::Actions => "Actions",
            Part::Next => "The next PEP",
            Part::Copies => "Copies",
        }
    }
}

/// The points of a meeting, each part at the first that is about it; then what the agenda leaves out.
pub fn stops(meeting: &MeetingView) -> Vec<Stop<'_>> {
    let agenda = if meeting.kind == Some(ReviewKind::Desk) { &[][..] } else { &meeting.agenda };
    let mut taken = BTreeSet::new();
    let mut stops: Vec<Stop<'_>> = Vec::new();
    for point in agenda {
        let (mut parts, mut also) = (Vec::new(), Vec::new());
        for name in &point.opens {
            match Part::of(name) {
                Some(part) if taken.insert(part) => parts.push(part),
                Some(_) => {}
                None => also.push(name.as_str()),
            }
        }
        stops.push(Stop { label: point.label.clone(), point: Some(point), parts, also });
    }
    let left = Part::ALL.into_iter().filter(|part| !taken.contains(part));
    stops.extend(left.map(|part| Stop {
        label: part.label().to_owned(),
        point: None,
        parts: vec![part],
        also: Vec::new(),
    }));
    stops
}

/// `3:15pm to 3:17pm`, or for how long where nobody knows when.
pub fn when(point: &AgendaPoint) -> String {
    match point.at {
        Some(at) => {
            let until = at.overflowing_add_signed(TimeDelta::minutes(point.minutes.into())).0;
            format!("{} to {}", words::time(at), words::time(until))
        }
        None => minutes(point.minutes.into()),
    }
}

/// `1 minute`, `6 minutes`.
pub fn minutes(n: i64) -> String {
    format!("{n} {}", if n == 1 { "minute" } else { "minutes" })
}

/// What people said in their own words in a block, question by question; never what only some may read. `naming` says whose
/// words they are.
pub fn said(plan: &Plan, block: &str, naming: &dyn Fn(&Option<Who>) -> String) -> Vec<(&'static Question, Markup)> {
    let own = |question: &&&Question| {
        let asked = plan.view.asked.contains(question.id.as_str());
        asked && question.block == block && question.voice && question.document() == DocumentKind::Main
    };
    let questions = plan.pep.process().pages.iter().flat_map(|page| &page.questions);
    let mut said = Vec::new();
    for question in questions.filter(own) {
        match plan.answer(&question.id) {
            Answer::Voices(voices) => {
                for voice in voices.iter().filter(|voice| !voice.text.trim().is_empty()) {
                    let words = html! { (kit::typed(&voice.text)) p class="govuk-hint" { (naming(&voice.by)) } };
                    said.push((*question, words));
                }
            }
            Answer::Table(rows) => {
                let rows: Vec<String> = rows.iter().filter(|row| row.counts()).map(|row| line(question, row)).collect();
                if !rows.is_empty() {
                    said.push((
                        *question,
                        html! { ul class="govuk-list" { @for row in &rows { li { (kit::typed(row)) } } } },
                    ));
                }
            }
            _ => {}
        }
    }
    said
}

/// A row in one line: `Lessons, 5`.
fn line(question: &Question, row: &plan::Row) -> String {
    let cell = |column: &plan::Column| match row.cells.get(column.id.as_str())? {
        Cell::Value(value) | Cell::Computed(value) => Some(words::cell(column, value)),
        Cell::Text { text } => Some(text.trim().to_owned()),
        Cell::Voices(_) | Cell::Disputed(_) => None,
    };
    question.columns.iter().filter_map(cell).collect::<Vec<_>>().join(", ")
}
