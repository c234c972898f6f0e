//! `pep new`.

use plan::{AcademicYear, NotATerm, Pep, PepType, ProcessRef, Role, State, Term, UnknownProcess, parse_term};
use replica::Trouble;
use serde_json::json;
use uuid::Uuid;

use crate::{bring, context::Context};
use participant::{Mine, error::Error, words};

/// Start a child's PEP for a term, or open the one that exists
///
/// Works without a connection. Two people who start the same PEP start one plan, not two: it is known by the child, the
/// term and the type. What you answer for begins as the last PEP left it, as far as the process says and this device holds it;
/// whoever runs the same command brings theirs.
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
    /// Bring nothing from the last PEP
    #[arg(long)]
    blank: bool,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let child = context.child(&args.child)?;
    let (year, term) = args.term;
    let pep = Pep { child: Uuid::from_bytes(child.id), year, term, kind: args.kind, process: args.process };
    let role = context.role_for(pep.child)?;
    for doubt in doubts(context, &pep, role, &child.dob)? {
        context.talk(doubt);
    }
    if let Some(known) = known(context, &pep)?.filter(|known| known.process != pep.process) {
        context.talk(format!(
            "This PEP began under {} version {}, and keeps it.",
            known.process.id(),
            known.process.version()
        ));
        return answer(context, Mine { pep: known, role }, false, args.blank);
    }
    let started = pep.clone();
    let created = context.with(move |device| device.start_pep(&started, role))?;
    answer(context, Mine { pep, role }, created, args.blank)
}

/// The PEP of this child, term and type that is there already.
pub fn known(context: &Context, pep: &Pep) -> Result<Option<Pep>, Error> {
    let id = pep.id();
    context.with(move |device| Ok::<_, Trouble>(device.pep(&id).cloned()))
}

/// What speaks against this PEP: said, and never a bar.
pub fn doubts(context: &Context, pep: &Pep, role: Role, born: &str) -> Result<Vec<String>, Error> {
    let mut doubts = Vec::new();
    let process = pep.process();
    let begins = process.calendar.term_begins(pep.year, pep.term);
    if let (Ok(born), Some(begins)) = (born.parse(), begins)
        && let Some(doubt) = process.practice.eligibility.doubt(born, pep.year, begins)
    {
        doubts.push(doubt);
    }
    let this = pep.clone();
    let closed = context.with(move |device| {
        let closing =
            |other: &&Pep| other.child == this.child && other.kind == PepType::Closing && other.id() != this.id();
        let closing: Vec<Pep> = device.peps().filter(closing).cloned().collect();
        for pep in closing {
            if device.view(&pep, role)?.state == State::Closed {
                return Ok(Some(pep));
            }
        }
        Ok::<_, Trouble>(None)
    })?;
    if let Some(closed) = closed {
        doubts.push(format!(
            "This child's PEPs came to their end with {}, which is signed off and sealed. Start another only if the child is looked after again.",
            words::sitting(&closed)
        ));
    }
    Ok(doubts)
}

fn answer(context: &mut Context, mine: Mine, created: bool, blank: bool) -> Result<(), Error> {
    let pep = &mine.pep;
    let last = if blank { None } else { bring::from_last(context, &mine)? };
    if context.global.json {
        let brought = last.as_ref().map_or(&[][..], |came| &came.done.questions);
        let view = context.view(&mine)?;
        let to_confirm: Vec<&str> = view.to_confirm.iter().copied().collect();
        context.json(&json!({ "pep": pep.id(), "created": created, "brought": brought, "toConfirm": to_confirm }));
    } else {
        context.data(pep.id());
    }
    let sitting = words::sitting(pep);
    context.talk(match created {
        true => format!("Started: {sitting}. Saved on this device; shared at the next `pep sync`."),
        false => format!("It exists already: {sitting}."),
    });
    if let Some(came) = last {
        context.talk(came.said());
    }
    Ok(())
}

fn term(text: &str) -> Result<(AcademicYear, Term), NotATerm> {
    parse_term(text)
}

fn process(id: &str) -> Result<ProcessRef, UnknownProcess> {
    ProcessRef::latest(id)
}
