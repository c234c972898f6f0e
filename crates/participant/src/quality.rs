//! The Virtual School's quality check of a plan: grades, and which plans are in the sample that is graded.

use plan::{Applied, Candidate, Cells, Edit, Finding, Process, Refused, Sampling, Value, View, Writer};

use crate::{Device, Error, Kind, Mine, Now, mine, words};

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
    now: &Now,
) -> Result<Applied, Error> {
    let mut edits = match grade {
        Some(Grade::Overall { grade, reason }) => overall_given(device, mine, &grade, reason)?,
        Some(Grade::Area { area, grade, comment }) => {
            vec![area_given(&area, &grade, comment, &mine.writer(device, now)?)?]
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
    let all: Vec<plan::Pep> = device.peps().filter(|pep| pep.counts()).cloned().collect();
    let mut listed = Vec::new();
    for other in all {
        let Some(role) = device.role_in(&other, &day) else { continue };
        // What has not arrived whole stays on the list, with a school of its own.
        let setting = device.summary(&other, role)?.and_then(|summary| summary.setting.clone());
        listed.push((other, setting));
    }
    let candidates: Vec<Candidate<'_>> =
        listed.iter().map(|(pep, setting)| Candidate { pep, setting: setting.as_deref() }).collect();
    Ok(plan::sample(&candidates).contains(&mine.pep.id()))
}

/// The edit that gives the overall grade. `worked_out` is what the areas make it: no grade of one's own stands beside that.
pub fn overall(process: &Process, grade: Value, worked_out: Option<&str>) -> Edit {
    let question = OVERALL.to_owned();
    let by_rules = !process.practice.qa.aggregate.is_empty();
    match by_rules && worked_out == Some(grade.to_string().as_str()) {
        true => Edit::Clear { question },
        false => Edit::Choose { question, value: grade },
    }
}

/// The edit that grades an area: its grade, and what is said with it.
pub fn area(area: &str, mut cells: Cells, writer: &Writer) -> Result<Edit, Refused> {
    cells.insert("area".to_owned(), Some(Value::Choice(area.to_owned())));
    // The key follows from the area: no chance is drawn.
    let key = plan::row_key(AREAS, &cells, writer, &mut || [0; 16])?;
    Ok(Edit::PutRow { question: AREAS.into(), key, cells })
}

fn overall_given(device: &mut Device, mine: &Mine, grade: &str, reason: Option<String>) -> Result<Vec<Edit>, Error> {
    let process = mine.pep.process();
    if process.practice.qa.aggregate.is_empty() && reason.is_some() {
        return Err(Error::new(
            Kind::Usage,
            "In this process the overall grade is the Virtual School's judgement, and needs no reason of its own.",
        )
        .hint("What the designated teacher and the social worker should know: --feedback \"…\""));
    }
    let worked_out = plan::quality(&*mine.view(device)?, &mine.pep).worked_out;
    let grade = overall(process, Value::Choice(grade.to_owned()), worked_out.as_deref());
    // That another grade needs a reason the plan says.
    let reason = reason.filter(|_| matches!(grade, Edit::Choose { .. }));
    let reason = reason.map(|text| Edit::Rewrite { question: "qa.overrideReason".into(), text });
    Ok([grade].into_iter().chain(reason).collect())
}

fn area_given(id: &str, grade: &str, comment: Option<String>, writer: &Writer) -> Result<Edit, Error> {
    let mut cells = Cells::from([("grade".to_owned(), Some(Value::Choice(grade.to_owned())))]);
    cells.extend(comment.map(|comment| ("comment".to_owned(), Some(Value::Text(comment)))));
    Ok(area(id, cells, writer)?)
}

/// What the child and their carer say that has no answer yet, in sentences: whoever checks the plan sees it before they grade.
pub fn unheard(view: &View) -> Vec<String> {
    let disagreed =
        plan::disagreed(view).then(|| "The young person says that the targets were not agreed with them.".to_owned());
    let remarks = plan::unanswered(view).into_iter().map(|comment| {
        let at = plan::bank().question(&comment.question).map_or(comment.question.as_str(), |q| q.label.as_str());
        format!("{} commented at “{at}”, and nobody has answered: “{}”", words::name(&comment.by), comment.text)
    });
    disagreed.into_iter().chain(remarks).collect()
}
