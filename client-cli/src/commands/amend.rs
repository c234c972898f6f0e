//! `pep amend`.

use plan::PepType;

use crate::context::Context;
use participant::{act, error::Error};

/// Put the type of a PEP right, such as initial that should be review (social worker, Virtual School; needs the relay now)
///
/// The plan stays where it is, with all that was written and signed; from then on everybody is asked what that type asks. A PEP that was
/// begun by somebody who does not choose its type waits for the yes of whoever does: the same type is the yes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// initial, review, school-move, interim or closing
    #[arg(long = "type", value_name = "TYPE", value_parser = str::parse::<PepType>)]
    kind: PepType,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let Args { pep, kind, reason } = args;
    let said = context.turn(move |device, now| act::amend(device, &pep, kind, reason, now))?;
    context.has_done(said, &format!("It is of that type now: {}.", kind.label().to_lowercase()))
}
