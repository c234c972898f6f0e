//! The quality check: grades by area, what follows from them, what is returned to whom, and which PEPs are checked (PEP.md 4.6).
//! Areas and grades are those of the process.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::bank::Question;
use crate::checks::{Finding, Severity};
use crate::pep::{Pep, Role};
use crate::practice::Sampling;
use crate::process::Process;
use crate::refused::Refused;
use crate::value::{Value, withhold};
use crate::view::{Answer, Cell, Row, View};

/// What is returned: a table of the Virtual School's.
pub(crate) const RETURNED: &str = "qa.returnedFor";
/// The overall grade: worked out, unless the Virtual School gives another with a reason.
pub(crate) const OVERALL: &str = "qa.overall";
/// Why the overall grade is another than the areas make it.
pub(crate) const REASON: &str = "qa.overrideReason";
/// The grades by area.
pub(crate) const AREAS: &str = "qa.areas";

/// The quality check of a PEP as it stands.
#[derive(Clone, PartialEq)]
pub struct Quality {
    /// Every area of the process, in its order; empty where nothing is graded.
    pub areas: Vec<Graded>,
    /// The overall grade; `None` while it cannot be told, or two people gave different ones.
    pub overall: Option<String>,
    /// What the process's rules make of the areas; `None` where it has none, or an area that counts has no grade.
    pub worked_out: Option<String>,
    /// A PEP with this overall grade is not signed off.
    pub blocks: bool,
    /// Feedback to the designated teacher and the social worker.
    pub feedback: Option<String>,
}

withhold!(Quality);

/// One area of the quality check.
#[derive(Clone, PartialEq)]
pub struct Graded {
    /// Its id.
    pub area: String,
    /// Its name.
    pub label: String,
    /// Its grade; `None` while there is none, or two people gave different ones.
    pub grade: Option<String>,
    /// What was said with it.
    pub comment: Option<String>,
    /// It counts for the overall grade.
    pub counts: bool,
}

withhold!(Graded);

/// A PEP that may be in the sample.
#[derive(Clone)]
pub struct Candidate<'a> {
    /// The PEP.
    pub pep: &'a Pep,
    /// The school or setting, as people wrote it; `None` where nobody has.
    pub setting: Option<&'a str>,
}

/// The quality check of a PEP as it stands.
pub fn quality(view: &View, pep: &Pep) -> Quality {
    let practice = &pep.process().practice.qa;
    let rows: &[Row] = match view.answers.get(AREAS) {
        Some(Answer::Table(rows)) => rows,
        _ => &[],
    };
    let text = |row: &Row, column: &str| match row.cells.get(column) {
        Some(Cell::Value(value)) => Some(value.to_string()),
        _ => None,
    };
    let areas: Vec<Graded> = practice
        .areas
        .iter()
        .map(|area| {
            let row = rows.iter().find(|row| row.counts() && text(row, "area").as_ref() == Some(&area.id));
            Graded {
                area: area.id.clone(),
                label: area.label.clone(),
                grade: row.and_then(|row| text(row, "grade")),
                comment: row.and_then(|row| text(row, "comment")),
                counts: area.counts_towards_overall,
            }
        })
        .collect();
    let graded: BTreeMap<String, String> =
        areas.iter().filter_map(|area| Some((area.area.clone(), area.grade.clone()?))).collect();
    let overall = overall(view);
    Quality {
        areas,
        blocks: overall.as_ref().is_some_and(|grade| practice.blocks_signoff_at.contains(grade)),
        overall,
        worked_out: practice.overall(&graded).map(str::to_owned),
        feedback: match view.answers.get("qa.feedback") {
            Some(Answer::Text { text }) => Some(text.clone()),
            _ => None,
        },
    }
}

/// What keeps a PEP that is checked from having its grades. `check` looks at every PEP where the process checks every one; of a
/// sample, whoever holds the list asks this.
pub fn ungraded(view: &View, pep: &Pep) -> Vec<Finding> {
    let quality = quality(view, pep);
    let without: Vec<&str> =
        quality.areas.iter().filter(|area| area.grade.is_none()).map(|area| area.label.as_str()).collect();
    let mut found = Vec::new();
    let mut add = |field: &str, says: String| {
        let owner = Role::VirtualSchoolOfficer;
        let field = Some(field.to_owned());
        found.push(Finding {
            severity: Severity::Blocks,
            field,
            target: None,
            letter: None,
            owner,
            says,
            confirm: None,
        });
    };
    if !without.is_empty() {
        add(AREAS, format!("No grade yet, or two: {}.", without.join(", ")));
    } else if !quality.areas.is_empty() && quality.overall.is_none() {
        add(OVERALL, "There is no overall grade yet: in this process it is the Virtual School's judgement.".to_owned());
    }
    found
}

/// Which PEPs of a list are checked: all; one a school and term; one a child and year. By a hash of their ids, so that everybody
/// who holds the list comes to the same ones and nobody chooses. Where nobody has said which school it is, it is checked.
pub fn sample(candidates: &[Candidate<'_>]) -> BTreeSet<Uuid> {
    let mut groups: BTreeMap<String, BTreeSet<(Vec<u8>, Uuid)>> = BTreeMap::new();
    for Candidate { pep, setting } in candidates {
        let id = pep.id();
        let named = setting.map(|name| name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase());
        let group = match (pep.process().practice.qa.sampling, named.filter(|name| !name.is_empty())) {
            (Sampling::PerSettingPerTerm, Some(name)) => {
                format!("{} {} {} {name}", pep.process.id(), pep.year, pep.term)
            }
            (Sampling::Yearly, _) => format!("{} {} {}", pep.process.id(), pep.year, pep.child),
            (Sampling::All | Sampling::PerSettingPerTerm, _) => id.to_string(),
        };
        let lot = Sha256::digest([b"openpep-sample/1", id.as_bytes().as_slice()].concat()).to_vec();
        groups.entry(group).or_default().insert((lot, id));
    }
    groups.into_values().filter_map(|group| group.first().map(|(_, id)| *id)).collect()
}

/// True of a question that is asked of every PEP of this process: grades are, where it grades, and checks every PEP.
pub(crate) fn is_wanted(process: &Process, question: &str) -> bool {
    let qa = &process.practice.qa;
    !matches!(question, AREAS | OVERALL) || (!qa.areas.is_empty() && qa.sampling == Sampling::All)
}

/// The overall grade of a PEP, given or worked out; nothing while it is disputed or cannot be told.
pub(crate) fn overall(view: &View) -> Option<String> {
    match view.answers.get(OVERALL)? {
        Answer::Value(grade) | Answer::Computed(grade) => Some(grade.to_string()),
        _ => None,
    }
}

/// True once the Virtual School has graded or said anything.
pub(crate) fn has_begun(view: &View) -> bool {
    let graded = matches!(view.answers.get(AREAS), Some(Answer::Table(rows)) if rows.iter().any(Row::counts));
    let said = matches!(view.answers.get("qa.feedback"), Some(Answer::Text { .. }));
    graded || said || matches!(view.answers.get(OVERALL), Some(Answer::Value(_) | Answer::Disputed(_)))
}

/// To whom a row of `qa.returnedFor` is addressed: somebody who can say "complete" again.
pub(crate) fn addressed_to(row: &Row) -> Option<Role> {
    match row.cells.get("owner") {
        Some(Cell::Value(Value::Text(owner))) => owner.parse().ok().filter(|role| PUT_RIGHT.contains(role)),
        _ => None,
    }
}

const PUT_RIGHT: [Role; 2] = [Role::DesignatedTeacher, Role::SocialWorker];

/// Refuses an area or a grade that this process does not have, and a return to somebody who signs nothing.
pub(crate) fn fits(process: &Process, question: &Question, column: Option<&str>, value: &Value) -> Result<(), Refused> {
    let qa = &process.practice.qa;
    let known: Vec<&str> = match (question.id.as_str(), column) {
        (AREAS, Some("area")) => qa.areas.iter().map(|area| area.id.as_str()).collect(),
        (AREAS, Some("grade")) | (OVERALL, None) => qa.grades.iter().map(|grade| grade.id.as_str()).collect(),
        (RETURNED, Some("owner")) => PUT_RIGHT.iter().map(|role| role.slug()).collect(),
        _ => return Ok(()),
    };
    if known.contains(&value.to_string().as_str()) {
        return Ok(());
    }
    let expected = match known.is_empty() {
        true => "nothing: this process grades no PEPs".to_owned(),
        false => format!("one of: {}", known.join(", ")),
    };
    Err(Refused::BadValue {
        question: column.map_or(question.id.clone(), |column| format!("{}/{column}", question.id)),
        expected,
    })
}
