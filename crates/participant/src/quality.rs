//! The Virtual School's quality check of a plan: grades, and which plans are in the sample that is graded.

use crate::{Device, Error, Kind, Mine, Now, mine, now::Fresh};
use plan::{Applied, Candidate, Cells, Edit, Finding, Sampling, Value, Writer};

const AREAS: &str = "qa.areas";
const OVERALL: &str = "qa.overall";

/// A grade that somebody gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grade {
    /// Of the whole plan.
    Overall {
        /// Its word.
        grade: String,
        /// Why it is another than the areas make it, where the process has rules for that.
        reason: Option<String>,
    },
    /// Of one area.
    Area {
        /// The area.
        area: String,
        /// Its word.
        grade: String,
        /// What is said with it.
        comment: Option<String>,
    },
}

/// Gives a grade, and feedback to the designated teacher and the social worker, as one change. On the disk when this returns.
pub fn grade(
    device: &mut Device,
    mine: &Mine,
    grade: Option<Grade>,
    feedback: Option<String>,
    fresh: Fresh<'_>,
    now: &Now,
) -> Result<Applied, Error> {
    let mut edits = match grade {
        Some(Grade::Overall { grade, reason }) => overall(device, mine, &grade, reason.as_deref())?,
        Some(Grade::Area { area, grade, comment }) => {
            vec![area_graded(&mine.writer(device, now)?, &area, &grade, comment, fresh)?]
        }
        None => Vec::new(),
    };
    edits.extend(feedback.map(|text| Edit::Rewrite { question: "qa.feedback".into(), text }));
    mine.edit(device, mine::question(AREAS)?, &edits, now)
}

/// What keeps this plan from having its grades, where it is in the sample that its process checks.
pub fn of_sample(device: &mut Device, mine: &Mine, now: &Now) -> Result<Vec<Finding>, Error> {
    if mine.pep.process().practice.qa.sampling == Sampling::All || !is_sampled(device, mine, now)? {
        return Ok(Vec::new());
    }
    Ok(plan::ungraded(&*mine.view(device)?, &mine.pep))
}

/// Whether this plan is checked, by the list of the plans that this device holds.
pub fn is_sampled(device: &mut Device, mine: &Mine, now: &Now) -> Result<bool, Error> {
    if mine.pep.process().practice.qa.sampling == Sampling::All {
        return Ok(true);
    }
    let day = now.today();
    let all: Vec<plan::Pep> = device.peps().cloned().collect();
    let mut listed = Vec::new();
    for other in all {
        let Some(role) = device.role_for(&other.child, &day) else { continue };
        // What has not arrived whole stays on the list, with a school of its own.
        let setting = device.summary(&other, role)?.and_then(|summary| summary.setting.clone());
        listed.push((other, setting));
    }
    let candidates: Vec<Candidate<'_>> =
        listed.iter().map(|(pep, setting)| Candidate { pep, setting: setting.as_deref() }).collect();
    Ok(plan::sample(&candidates).contains(&mine.pep.id()))
}

fn overall(device: &mut Device, mine: &Mine, grade: &str, reason: Option<&str>) -> Result<Vec<Edit>, Error> {
    let grade = Edit::Choose { question: OVERALL.into(), value: Value::Choice(grade.to_owned()) };
    let reason = reason.map(|text| Edit::Rewrite { question: "qa.overrideReason".into(), text: text.to_owned() });
    let quality = plan::quality(&*mine.view(device)?, &mine.pep);
    let given =
        matches!(&grade, Edit::Choose { value, .. } if quality.worked_out.as_deref() == Some(&value.to_string()));
    match (mine.pep.process().practice.qa.aggregate.is_empty(), given, reason) {
        // What the rules say anyway: no grade of one's own stands beside it.
        (false, true, _) => Ok(vec![Edit::Clear { question: OVERALL.into() }]),
        (false, false, None) => Err(Error::new(Kind::Usage, "Another overall grade needs a reason.")
            .hint("pep quality PEP overall GRADE --reason \"…\"")),
        (false, false, Some(reason)) => Ok(vec![grade, reason]),
        (true, _, None) => Ok(vec![grade]),
        (true, _, Some(_)) => Err(Error::new(
            Kind::Usage,
            "In this process the overall grade is the Virtual School's judgement, and needs no reason of its own.",
        )
        .hint("What the designated teacher and the social worker should know: --feedback \"…\"")),
    }
}

fn area_graded(
    writer: &Writer,
    area: &str,
    grade: &str,
    comment: Option<String>,
    fresh: Fresh<'_>,
) -> Result<Edit, Error> {
    let value = |text: &str| Some(Value::Choice(text.to_owned()));
    let mut cells = Cells::from([("area".to_owned(), value(area)), ("grade".to_owned(), value(grade))]);
    cells.extend(comment.map(|comment| ("comment".to_owned(), Some(Value::Text(comment)))));
    let key = plan::row_key(AREAS, &cells, writer, &mut || *fresh().as_bytes())?;
    Ok(Edit::PutRow { question: AREAS.into(), key, cells })
}
