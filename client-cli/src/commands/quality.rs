//! `pep quality`.

use participant::quality::{self, Grade};

use crate::{context::Context, json::checks::Graded};
use participant::{
    Mine,
    error::{Error, Kind},
};

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
    let grade = match (args.area, args.grade) {
        (Some(area), Some(grade)) if area == "overall" => Some(Grade::Overall { grade, reason: args.reason }),
        (Some(_), Some(_)) if args.reason.is_some() => {
            return Err(Error::new(Kind::Usage, "--reason belongs to the overall grade.")
                .hint("What you want to say of an area: --comment \"…\""));
        }
        (Some(area), Some(grade)) => Some(Grade::Area { area, grade, comment: args.comment }),
        _ => None,
    };
    if grade.is_none() && args.feedback.is_none() {
        return show(context, &mine);
    }
    let (asked, feedback) = (mine.clone(), args.feedback);
    let applied = context.turn(move |device, now| quality::grade(device, &asked, grade, feedback, now))?;
    if context.global.json {
        let graded = plan::quality(&*context.view(&mine)?, &mine.pep);
        context.json(&Graded::of(mine.pep.id(), &graded, None));
    }
    context.saved(&applied)
}

fn show(context: &mut Context, mine: &Mine) -> Result<(), Error> {
    let view = context.view(mine)?;
    let quality = plan::quality(&view, &mine.pep);
    let asked = mine.clone();
    let sampled = context.turn(move |device, now| quality::is_sampled(device, &asked, now))?;
    if context.global.json {
        context.json(&Graded::of(mine.pep.id(), &quality, Some(sampled)));
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
    for sentence in quality::unheard(&view) {
        context.data(sentence);
    }
    if let Some(feedback) = &quality.feedback {
        context.data(format!("Feedback: {feedback}"));
    }
    Ok(())
}
