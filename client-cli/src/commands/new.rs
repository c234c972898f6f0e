//! `pep new`.

use plan::{AcademicYear, NotATerm, Pep, PepType, ProcessRef, Term, UnknownProcess, parse_term};
use replica::Trouble;
use serde_json::json;
use uuid::Uuid;

use crate::{context::Context, error::CommandError, select, words};

/// Start a child's PEP for a term, or open the one that exists
///
/// Works without a connection. Two people who start the same PEP start one plan, not two: it is known by the child, the
/// term and the type.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The child's id, its beginning (4 characters or more), or the exact name
    child: String,
    /// Academic year and term, as 2025/26-spring
    #[arg(long, value_parser = term)]
    term: (AcademicYear, Term),
    /// initial, review, school-move, interim or closing
    #[arg(long = "type", value_name = "TYPE", value_parser = str::parse::<PepType>)]
    kind: PepType,
    /// Which process it follows; `pep process list` shows them
    #[arg(long, value_name = "ID", default_value = "sections", value_parser = process)]
    process: ProcessRef,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), CommandError> {
    let child = select::child(context, &args.child)?;
    let (year, term) = args.term;
    let pep = Pep { child: Uuid::from_bytes(child.id), year, term, kind: args.kind, process: args.process };
    let role = context.role_for(pep.child)?;
    let id = pep.id();
    if let Some(known) = context.with(move |core| Ok::<_, Trouble>(core.pep(&id).cloned()))?
        && known.process != pep.process
    {
        context.talk(format!(
            "This PEP began under {} version {}, and keeps it.",
            known.process.id(),
            known.process.version()
        ));
        return answer(context, &known, false);
    }
    let started = pep.clone();
    let created = context.with(move |core| core.start_pep(&started, role))?;
    answer(context, &pep, created)
}

fn answer(context: &mut Context, pep: &Pep, created: bool) -> Result<(), CommandError> {
    if context.global.json {
        context.json(&json!({ "pep": pep.id(), "created": created }));
    } else {
        context.data(pep.id());
    }
    let sitting = words::sitting(pep);
    context.talk(match created {
        true => format!("Started: {sitting}. Saved on this device; shared at the next `pep sync`."),
        false => format!("It exists already: {sitting}."),
    });
    Ok(())
}

fn term(text: &str) -> Result<(AcademicYear, Term), NotATerm> {
    parse_term(text)
}

fn process(id: &str) -> Result<ProcessRef, UnknownProcess> {
    ProcessRef::latest(id)
}
