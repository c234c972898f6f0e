//! `pep new`.

use participant::{
    directory,
    start::{self, Started},
};
use plan::{AcademicYear, Filed, NotATerm, Pep, PepType, Term, parse_term};
use uuid::Uuid;

use crate::{context::Context, json::plan::New};
use participant::{error::Error, words};

/// Start a child's PEP for a term, or open the one that exists
///
/// Works without a connection. Two people who start the same PEP start one plan, not two: it is known by the child, the
/// term and the type. What you answer for begins as the last PEP left it, as far as the process says and this device holds it, and
/// with what the directory knows of the child; whoever runs the same command brings theirs.
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
    /// Which process it follows, of those that the Virtual School offers [default: its first for a child of this age, or that of the
    /// last PEP]
    #[arg(long, value_name = "ID")]
    process: Option<String>,
    /// It is one more in that term, for this reason, such as concern; whoever begins it for the same reason today begins the same one
    #[arg(long, value_name = "REASON")]
    extra: Option<String>,
    /// Bring nothing from the last PEP
    #[arg(long)]
    blank: bool,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let child = context.child(&args.child)?;
    let (year, term) = args.term;
    let (of, id) = (child.clone(), args.process);
    let process = context.turn(move |device, now| start::process(device, &of, year, id.as_deref(), now))?;
    let extra = context.turn(move |_, now| start::extra(args.extra.as_deref(), now))?;
    let filed = Filed { extra, ..Filed::default() };
    let pep = Pep { child: Uuid::from_bytes(child.id), year, term, kind: args.kind, process, filed };
    let (asked, blank) = (pep.clone(), args.blank);
    let (doubts, started) = context.turn(move |device, now| {
        let doubts = start::doubts(device, &asked, now)?;
        Ok((doubts, start::start(device, asked, blank, now)?))
    })?;
    doubts.iter().for_each(|doubt| context.talk(doubt));
    if started.mine.pep.process != pep.process {
        let kept = &started.mine.pep.process;
        context.talk(format!("This PEP began under {} version {}, and keeps it.", kept.id(), kept.version()));
    }
    answer(context, started)
}

fn answer(context: &mut Context, started: Started) -> Result<(), Error> {
    let Started { mine, created, came: last, filled_in } = started;
    let pep = &mine.pep;
    if context.global.json {
        let brought = last.as_ref().map_or(Vec::new(), |came| came.done.questions.clone());
        let to_confirm = context.view(&mine)?.to_confirm.iter().copied().collect();
        context.json(&New { pep: pep.id(), created, brought, to_confirm, filled_in: filled_in.clone() });
    } else {
        context.data(pep.id());
    }
    let sitting = words::sitting(pep);
    context.talk(match created {
        true => format!("Started: {sitting}. Saved on this device; shared at the next `pep sync`."),
        false => format!("It exists already: {sitting}."),
    });
    if let Some(came) = last {
        context.talk(came.sentence());
    }
    directory::sentence(&filled_in).iter().for_each(|said| context.talk(said));
    Ok(())
}

fn term(text: &str) -> Result<(AcademicYear, Term), NotATerm> {
    parse_term(text)
}
