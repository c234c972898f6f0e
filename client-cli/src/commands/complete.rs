//! `pep complete`.

use chrono::NaiveDate;
use participant::sign::{self, Signed, Signing};
use plan::{Offer, Role, sign_off_of};

use crate::given;
use crate::{
    clock,
    context::Context,
    json::checks::{Given, Signature, Waiting},
};
use participant::{
    Mine,
    error::{Error, Kind},
    words::{self, counted},
};

/// Say that your part of a plan is complete: designated teacher and social worker
///
/// Says what is missing and whose it is, where something is; then nothing is signed and the command ends with 5. Your name, the
/// day and what your part says are kept. If your part changes later, the plan says so and asks you again.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// The day on which it is complete [default: today]
    #[arg(long, value_parser = given::day, value_name = "DATE")]
    on: Option<NaiveDate>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    match mine.role {
        Role::DesignatedTeacher | Role::SocialWorker => sign(context, &mine, args.on, ""),
        role => {
            let error = Error::new(
                Kind::NotPermitted,
                "The designated teacher and the social worker say that their parts are complete; you are on this team as something else.",
            );
            Err(match sign_off_of(role) {
                Some(_) => error.hint("Yours is: pep sign-off PEP"),
                None => error.hint("`pep comment` leaves a remark for them."),
            })
        }
    }
}

/// Signs what a role signs, where it is offered; else says what it waits for.
pub fn sign(context: &mut Context, mine: &Mine, on: Option<NaiveDate>, comment: &str) -> Result<(), Error> {
    let (asked, comment, key) = (mine.clone(), comment.to_owned(), clock::fresh_id());
    let (signed, on) = context.turn(move |device, now| {
        let on = on.unwrap_or(now.day());
        Ok((sign::sign(device, &asked, Signing { key, on, comment: &comment }, now)?, on))
    })?;
    let (question, applied) = match signed {
        Signed::NotOffered(offer) => return not_offered(context, mine, &offer),
        Signed::Done { question, applied } => (question, applied),
    };
    if context.global.json {
        let (pep, state, signed) = (mine.pep.id(), context.view(mine)?.state.into(), applied.change.is_some());
        context.json(&Signature::Given(Given { pep, question, signed, state }));
    }
    context.talk(match mine.role {
        _ if applied.change.is_none() => "You have signed exactly this already.".to_owned(),
        Role::YoungPerson | Role::Carer => format!("It is noted that you have seen this plan, on {}.", words::date(on)),
        role if role.is_virtual_school() => {
            format!("Signed off, on {}. Later edits are the living plan.", words::date(on))
        }
        _ => format!("Your part is complete, on {}.", words::date(on)),
    });
    context.saved(&applied)
}

/// What a signature waits for, a line each.
pub fn waits_for(offer: &Offer) -> Vec<String> {
    let label =
        |id: &str| plan::bank().question(id).map_or(String::new(), |question| format!("{} [{id}]", question.label));
    let gap = |gap: &plan::Gap| format!("{}: {} - {}", label(gap.question), gap.why, gap.owner.label().to_lowercase());
    let mut lines: Vec<String> = Vec::new();
    for wait in &offer.waits {
        let role = wait.role.label();
        lines.push(match wait.missing.len() {
            0 => format!("{role}: has not said “complete”, or something of theirs has changed since"),
            n => format!("{role}: {} to answer", counted(n, "question")),
        });
        lines.extend(wait.missing.iter().map(|missing| format!("  {}", gap(missing))));
    }
    lines.extend(offer.unnamed.iter().map(|question| {
        format!(
            "{}: signed by somebody this device cannot name, so it does not count here; `pep check` says what to do",
            label(question)
        )
    }));
    lines.extend(offer.missing.iter().map(gap));
    lines.extend(offer.disputes.iter().map(|place| {
        let id = place.split('/').next().unwrap_or_default();
        format!("{}: two answers; somebody has to choose", label(id))
    }));
    for finding in &offer.findings {
        let about = finding.field.as_deref().map_or(String::new(), |field| format!("[{field}] "));
        lines.push(format!("{about}{} - {}", finding.says, finding.owner.label().to_lowercase()));
    }
    if let Some(grade) = &offer.blocked_by {
        lines.push(format!("The overall grade is {grade}, and a PEP is not signed off with it here"));
    }
    lines
}

fn not_offered(context: &mut Context, mine: &Mine, offer: &Offer) -> Result<(), Error> {
    if context.global.json {
        context.json(&Signature::Waiting(Waiting::of(mine.pep.id(), offer)));
    }
    if offer.stands {
        context.talk(match mine.role.is_virtual_school() {
            true => "Already signed off. What was written since, if anything, is the living plan; `pep show` lists it.",
            false => "Already complete; nothing has changed since.",
        });
        return Ok(());
    }
    let lines = waits_for(offer);
    if !context.global.json {
        lines.iter().for_each(|line| context.data(line));
    }
    if !offer.disputes.is_empty() {
        return Err(Error::new(
            Kind::Choose,
            format!("Nothing was signed: {} to choose first.", counted(offer.disputes.len(), "answer")),
        )
        .hint("`pep conflicts PEP` shows them; `pep resolve PEP FIELD --take N` chooses."));
    }
    Err(Error::new(Kind::Findings, "Nothing was signed: this comes first.")
        .hint("Each line says whose it is. `pep check PEP` says more."))
}
