//! `pep quality`.

use plan::{Candidate, Cells, Edit, Finding, Quality, Value, Writer};
use replica::Trouble;
use serde_json::json;
use uuid::Uuid;

use crate::{clock, context::Context};
use participant::{
    Mine,
    error::{Error, Kind},
};

const AREAS: &str = "qa.areas";
const OVERALL: &str = "qa.overall";

/// The quality check of a plan: what it is, area by area; or a grade, by the Virtual School
///
/// pep quality PEP shows it. pep quality PEP voice green grades an area; areas and grades are those of the plan's process. The
/// overall grade follows by the process's rules, where it has some; pep quality PEP overall amber --reason "…" gives another.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// The area, or overall
    #[arg(requires = "grade")]
    area: Option<String>,
    /// The grade
    grade: Option<String>,
    /// What to say with the grade of an area
    #[arg(long, value_name = "T", requires = "area")]
    comment: Option<String>,
    /// Why the overall grade is another than the rules make it
    #[arg(long, value_name = "T", requires = "area")]
    reason: Option<String>,
    /// Feedback to the designated teacher and the social worker
    #[arg(long, value_name = "T")]
    feedback: Option<String>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    let mut edits = Vec::new();
    match (args.area.as_deref(), args.grade.as_deref()) {
        (Some("overall"), Some(grade)) => edits.extend(overall(context, &mine, grade, args.reason.as_deref())?),
        (Some(_), Some(_)) if args.reason.is_some() => {
            return Err(Error::new(Kind::Usage, "--reason belongs to the overall grade.")
                .hint("What you want to say of an area: --comment \"…\""));
        }
        (Some(area), Some(grade)) => edits.push(area_graded(context, &mine, area, grade, args.comment)?),
        _ => {}
    }
    if let Some(text) = args.feedback {
        edits.push(Edit::Rewrite { question: "qa.feedback".into(), text });
    }
    if edits.is_empty() {
        return show(context, &mine);
    }
    let question = context.question(AREAS)?;
    let applied = context.edit(&mine, question, edits)?;
    if context.global.json {
        let quality = plan::quality(&context.view(&mine)?, &mine.pep);
        context.json(&as_json(&mine, &quality));
    }
    context.saved(&applied)
}

/// What keeps this plan from having its grades, where it is in the sample that its process checks.
pub fn of_sample(context: &Context, mine: &Mine) -> Result<Vec<Finding>, Error> {
    if mine.pep.process().practice.qa.sampling == plan::Sampling::All || !is_sampled(context, mine)? {
        return Ok(Vec::new());
    }
    Ok(plan::ungraded(&context.view(mine)?, &mine.pep))
}

fn overall(context: &Context, mine: &Mine, grade: &str, reason: Option<&str>) -> Result<Vec<Edit>, Error> {
    let grade = Edit::Choose { question: OVERALL.into(), value: Value::Choice(grade.to_owned()) };
    let reason = reason.map(|text| Edit::Rewrite { question: "qa.overrideReason".into(), text: text.to_owned() });
    let quality = plan::quality(&context.view(mine)?, &mine.pep);
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
    context: &Context,
    mine: &Mine,
    area: &str,
    grade: &str,
    comment: Option<String>,
) -> Result<Edit, Error> {
    let value = |text: &str| Some(Value::Choice(text.to_owned()));
    let mut cells = Cells::from([("area".to_owned(), value(area)), ("grade".to_owned(), value(grade))]);
    cells.extend(comment.map(|comment| ("comment".to_owned(), Some(Value::Text(comment)))));
    let writer = Writer { person: Uuid::from_bytes(context.me()?.person), role: mine.role };
    let key = plan::row_key(AREAS, &cells, &writer, &mut || *clock::fresh_id().as_bytes())?;
    Ok(Edit::PutRow { question: AREAS.into(), key, cells })
}

fn show(context: &mut Context, mine: &Mine) -> Result<(), Error> {
    let view = context.view(mine)?;
    let quality = plan::quality(&view, &mine.pep);
    let sampled = is_sampled(context, mine)?;
    if context.global.json {
        let mut json = as_json(mine, &quality);
        json["sampled"] = sampled.into();
        context.json(&json);
        return Ok(());
    }
    let grades = &mine.pep.process().practice.qa.grades;
    let label =
        |id: &str| grades.iter().find(|grade| grade.id == id).map_or(id.to_owned(), |grade| grade.label.clone());
    let shown = |grade: &Option<String>| grade.as_deref().map_or("no grade yet".to_owned(), label);
    if quality.areas.is_empty() {
        context.data("This process grades no plans.");
    } else {
        if !sampled {
            context.data("This plan is not in the sample that is checked, as far as this device holds the others.");
        }
        for area in &quality.areas {
            let comment = area.comment.as_ref().map_or(String::new(), |comment| format!(" - {comment}"));
            let aside = if area.counts { "" } else { " (not part of the overall grade)" };
            context.data(format!("{} [{}]: {}{comment}{aside}", area.label, area.area, shown(&area.grade)));
        }
        let note = match (&quality.overall, &quality.worked_out) {
            (Some(overall), Some(rules)) if overall != rules => format!(" (the areas come to {})", label(rules)),
            _ => String::new(),
        };
        let blocks = if quality.blocks { "; a plan is not signed off with it" } else { "" };
        context.data(format!("Overall: {}{note}{blocks}", shown(&quality.overall)));
    }
    if let Some(feedback) = &quality.feedback {
        context.data(format!("Feedback: {feedback}"));
    }
    Ok(())
}

/// Whether this plan is checked, by the list of the plans that this device holds.
pub fn is_sampled(context: &Context, mine: &Mine) -> Result<bool, Error> {
    let Mine { pep, .. } = mine.clone();
    if pep.process().practice.qa.sampling == plan::Sampling::All {
        return Ok(true);
    }
    let day = clock::now().today();
    context.with(move |device| {
        let all: Vec<plan::Pep> = device.peps().cloned().collect();
        let mut listed = Vec::new();
        for other in all {
            let Some(role) = device.role_for(&other.child, &day) else { continue };
            // What has not arrived whole stays on the list, with a school of its own.
            let setting = match device.view(&other, role) {
                Ok(view) => match view.answers.get("setting.name") {
                    Some(plan::Answer::Text { text }) => Some(text.clone()),
                    Some(plan::Answer::Value(value)) => Some(value.to_string()),
                    _ => None,
                },
                Err(Trouble::Unknown) => None,
                Err(trouble) => return Err(trouble),
            };
            listed.push((other, setting));
        }
        let candidates: Vec<Candidate<'_>> =
            listed.iter().map(|(pep, setting)| Candidate { pep, setting: setting.as_deref() }).collect();
        Ok::<_, Trouble>(plan::sample(&candidates).contains(&pep.id()))
    })
}

fn as_json(mine: &Mine, quality: &Quality) -> serde_json::Value {
    let areas: Vec<serde_json::Value> = quality
        .areas
        .iter()
        .map(|area| {
            json!({
                "area": area.area,
                "label": area.label,
                "grade": area.grade,
                "comment": area.comment,
                "countsTowardsOverall": area.counts,
            })
        })
        .collect();
    json!({
        "pep": mine.pep.id(),
        "areas": areas,
        "overall": quality.overall,
        "workedOut": quality.worked_out,
        "blocksSignOff": quality.blocks,
        "feedback": quality.feedback,
    })
}
