//! Sample children: invented people with whole plans, for tests, the demonstration and measurements. Their files stand in
//! `fixtures/children`; this reads one. Nothing here is a form of its own: what somebody writes is `openpep-answers/1`.

use std::collections::BTreeMap;

use automerge::{ActorId, Automerge};
use chrono::{NaiveDate, NaiveTime};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::bank::BadFile;
use crate::edit::{Writer, apply};
use crate::pep::{AcademicYear, DocumentKind, Filed, Pep, PepType, Role, Term, from_genesis, parse_term};
use crate::portable::{ANSWERS_FORMAT, AnswersFile};
use crate::processes::{ProcessRef, Processes};
use crate::refused::Refused;
use crate::signoff::{Signing, sign, sign_off_of};
use crate::value::withhold;
use crate::view::{Documents, View, Who, read};

/// The files this program comes with, by the child's short name.
pub const SAMPLES: [(&str, &str); 6] = [
    ("wren", include_str!("../../../fixtures/children/wren.json")),
    ("idris", include_str!("../../../fixtures/children/idris.json")),
    ("amari", include_str!("../../../fixtures/children/amari.json")),
    ("bram", include_str!("../../../fixtures/children/bram.json")),
    ("sorrel", include_str!("../../../fixtures/children/sorrel.json")),
    ("linnet", include_str!("../../../fixtures/children/linnet.json")),
];

/// A child, the people round them, and how their plans came to be.
#[derive(Clone)]
pub struct Sample {
    /// The child.
    pub child: SampleChild,
    /// Everybody who writes, by the short name that steps use.
    pub people: BTreeMap<String, SamplePerson>,
    /// The plans, earliest first.
    pub peps: Vec<SamplePep>,
}

/// The child, as the directory knows them.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SampleChild {
    /// Their name.
    pub name: String,
    /// Their date of birth.
    pub born: NaiveDate,
    /// Since when they have been looked after.
    pub looked_after_since: NaiveDate,
    /// They came into care in an emergency.
    pub emergency: bool,
}

/// Somebody on the child's team.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplePerson {
    /// Their name.
    pub name: String,
    /// What they are to the child.
    pub role: Role,
    /// Where they work, live or learn.
    pub organisation: String,
    /// On the team from this day; `None`: from the beginning.
    pub from: Option<NaiveDate>,
    /// On the team until this day, included; `None`: still.
    pub until: Option<NaiveDate>,
}

/// One plan.
#[derive(Clone)]
pub struct SamplePep {
    /// The academic year.
    pub year: AcademicYear,
    /// The term.
    pub term: Term,
    /// Why it is held.
    pub kind: PepType,
    /// The process, in its newest version.
    pub process: ProcessRef,
    /// Who did what, in order.
    pub steps: Vec<SampleStep>,
}

/// What one person did on one day: first they wrote, then they acted.
#[derive(Clone)]
pub struct SampleStep {
    /// Their short name.
    pub by: String,
    /// The day.
    pub on: NaiveDate,
    /// What they wrote: an `openpep-answers/1` file; `None`: nothing.
    pub answers: Option<String>,
    /// What they did then, in order.
    pub acts: Vec<Act>,
}

/// Something that is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Their part is complete.
    Complete,
    /// They sign: the Virtual School this version; a young person or a carer that they have seen it.
    SignOff,
}

withhold!(Sample, SampleChild, SamplePerson, SamplePep, SampleStep);

impl Sample {
    /// Reads a file; the error says what is wrong and, where it can, in which line.
    pub fn parse(text: &str, processes: &Processes) -> Result<Sample, BadFile> {
        let file: SampleFile = serde_json::from_str(text).map_err(|error| BadFile::json(&error))?;
        if !file.notice.starts_with("FICTIONAL") {
            let reason = "a sample begins its notice with FICTIONAL, so that nobody takes it for a real child";
            return Err(BadFile::at(text, "notice", reason.to_owned()));
        }
        let mut peps = Vec::new();
        for pep in file.peps {
            let at = |word: &str, reason: String| BadFile::at(text, word, reason);
            let (year, term) = parse_term(&pep.term).map_err(|error| at(&pep.term, error.to_string()))?;
            let process = processes.latest(&pep.process).map_err(|error| at(&pep.process, error.to_string()))?;
            let mut steps = Vec::new();
            for step in pep.steps {
                if !file.people.contains_key(&step.by) {
                    return Err(at(&step.by, format!("{} is not among the people of this file", step.by)));
                }
                steps.push(step.step());
            }
            peps.push(SamplePep { year, term, kind: pep.kind, process, steps });
        }
        Ok(Sample { child: file.child, people: file.people, peps })
    }
}

/// A plan being played: its documents, on which everybody writes with an actor of their own.
pub struct Played {
    /// The PEP.
    pub pep: Pep,
    documents: BTreeMap<DocumentKind, Automerge>,
    people: Vec<(String, Who)>,
}

impl Played {
    /// A plan in which nobody has written. `child` is the id of the child, and what every other id follows from.
    pub fn begin(sample: &Sample, sitting: &SamplePep, child: Uuid) -> Played {
        let pep = sitting.pep(child);
        let documents = DocumentKind::ALL.iter().map(|kind| (*kind, from_genesis(&pep, *kind, actor(u8::MAX))));
        let who = |(short, person): (&String, &SamplePerson)| {
            let id = Uuid::new_v5(&child, short.as_bytes());
            (short.clone(), Who { person: id, name: person.name.clone(), role: person.role, until: person.until })
        };
        Played { documents: documents.collect(), people: sample.people.iter().map(who).collect(), pep }
    }

    /// Does what somebody did in a step; what of it was left out, and why.
    pub fn take(&mut self, step: &SampleStep) -> Result<Vec<(String, String)>, Refused> {
        let Some((number, writer)) = self.writer(&step.by) else { return Ok(Vec::new()) };
        let mut left_out = Vec::new();
        if let Some(answers) = &step.answers {
            let brought = match AnswersFile::read(answers) {
                Ok(file) => file.bring(&self.pep, &writer),
                Err(error) => return Ok(vec![(step.by.clone(), error.to_string())]),
            };
            for (kind, document) in &mut self.documents {
                document.set_actor(actor(number));
                apply(document, &self.pep, *kind, &writer, &brought.of(*kind), step.at())?;
            }
            left_out = brought.left_out;
        }
        for _ in &step.acts {
            self.sign(number, &writer, step)?;
        }
        Ok(left_out)
    }

    fn sign(&mut self, number: u8, writer: &Writer, step: &SampleStep) -> Result<(), Refused> {
        let main = self.documents.get_mut(&DocumentKind::Main);
        let (Some(main), Some(question)) = (main, sign_off_of(writer.role)) else { return Ok(()) };
        main.set_actor(actor(number));
        // A key of its own for each signature, and the same whenever the story is told.
        let key = Uuid::new_v5(&self.pep.id(), format!("{question} {} {}", step.by, step.on).as_bytes());
        let signing = Signing { question, key, on: step.on, comment: "" };
        sign(main, &self.pep, writer, signing, step.at()).map(drop)
    }

    /// Somebody by the short name of the file: their number among its people, and who writes.
    pub fn writer(&self, short: &str) -> Option<(u8, Writer)> {
        let number = self.people.iter().position(|(name, _)| name == short)?;
        let (_, who) = self.people.get(number)?;
        Some((u8::try_from(number).ok()?, Writer::new(who.person, who.role)))
    }

    /// The document of this kind.
    pub fn document(&mut self, kind: DocumentKind) -> Option<&mut Automerge> {
        self.documents.get_mut(&kind)
    }

    /// The plan as somebody sees it who holds every document.
    pub fn view(&self) -> Option<View> {
        let documents = Documents::lent(|kind| self.documents.get(&kind))?;
        Some(read(documents, &self.pep, &|actor| self.who(actor)))
    }

    /// Everybody, in the order of their numbers: the first byte of their actor.
    pub fn people(&self) -> impl Iterator<Item = &Who> {
        self.people.iter().map(|(_, who)| who)
    }

    /// Who is behind an actor.
    pub fn who(&self, actor: &[u8]) -> Option<Who> {
        let (_, who) = self.people.get(usize::from(*actor.first()?))?;
        Some(who.clone())
    }
}

fn actor(number: u8) -> ActorId {
    ActorId::from([number; 16])
}

impl SamplePep {
    /// The PEP, of a child with this id.
    pub fn pep(&self, child: Uuid) -> Pep {
        Pep {
            child,
            year: self.year,
            term: self.term,
            kind: self.kind,
            process: self.process.clone(),
            filed: Filed::default(),
        }
    }
}

impl SampleStep {
    /// Noon of the day, in seconds since 1970.
    pub fn at(&self) -> i64 {
        self.on.and_time(NaiveTime::MIN).and_utc().timestamp() + 12 * 60 * 60
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleFile {
    notice: String,
    child: SampleChild,
    people: BTreeMap<String, SamplePerson>,
    peps: Vec<PepFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PepFile {
    term: String,
    #[serde(rename = "type")]
    kind: PepType,
    process: String,
    steps: Vec<StepFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct StepFile {
    by: String,
    on: NaiveDate,
    #[serde(default)]
    answers: Map<String, Json>,
    #[serde(default)]
    none: Map<String, Json>,
    #[serde(default)]
    targets: Vec<Json>,
    /// Grade by area.
    #[serde(default)]
    quality: BTreeMap<String, String>,
    /// The grade of the whole, where no rule gives it.
    overall: Option<String>,
    feedback: Option<String>,
    #[serde(rename = "return")]
    returned: Option<ReturnFile>,
    #[serde(default)]
    complete: bool,
    #[serde(default)]
    sign_off: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReturnFile {
    to: Role,
    reason: String,
    page: String,
    by: Option<NaiveDate>,
}

impl StepFile {
    fn step(self) -> SampleStep {
        let mut answers = self.answers;
        if !self.quality.is_empty() {
            let rows = self.quality.iter().map(|(area, grade)| json!({ "area": area, "grade": grade }));
            answers.insert("qa.areas".to_owned(), rows.collect());
        }
        if let Some(grade) = self.overall {
            answers.insert("qa.overall".to_owned(), grade.into());
        }
        if let Some(feedback) = self.feedback {
            answers.insert("qa.feedback".to_owned(), feedback.into());
        }
        if let Some(back) = self.returned {
            let row = json!({ "section": back.page, "owner": back.to, "what": back.reason, "byWhen": back.by });
            answers.insert("qa.returnedFor".to_owned(), json!([row]));
        }
        let written = !answers.is_empty() || !self.none.is_empty() || !self.targets.is_empty();
        let file = json!({ "format": ANSWERS_FORMAT, "answers": answers, "none": self.none, "targets": self.targets });
        let acts = [self.complete.then_some(Act::Complete), self.sign_off.then_some(Act::SignOff)];
        SampleStep {
            by: self.by,
            on: self.on,
            answers: written.then(|| file.to_string()),
            acts: acts.into_iter().flatten().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read() {
        for (name, text) in SAMPLES {
            let sample = Sample::parse(text, Processes::built_in()).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!sample.peps.is_empty(), "{name}");
        }
    }

    #[test]
    fn a_bad_file_is_refused_with_line_and_reason() {
        let good = SAMPLES[0].1;
        for (from, to, reason) in [
            ("FICTIONAL", "TRUE", "FICTIONAL"),
            ("\"by\": \"petra\"", "\"by\": \"nobody\"", "not among the people"),
            ("2025/26-autumn", "2025-autumn", "2025/26-spring"),
            ("\"process\": \"portal\"", "\"process\": \"gateway\"", "does not have that process"),
            ("\"answers\"", "\"answer\"", "answer"),
        ] {
            let error = Sample::parse(&good.replacen(from, to, 1), Processes::built_in()).expect_err(reason);
            assert!(error.to_string().contains(reason) && error.line > 0, "{error} does not say {reason}");
        }
    }
}
