//! `pep withdraw`.

use crate::context::Context;
use participant::{act, error::Error};

/// Withdraw a PEP that was begun by mistake, or bring it back (social worker, Virtual School; needs the relay now)
///
/// It is kept and can be read, with who withdrew it and why. It counts nowhere: nothing of it is due, it is nobody's last PEP, and no
/// device that knows of it writes in it. What a device wrote before it knew is kept with the plan, too.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// Why
    #[arg(long, value_name = "TEXT", required_unless_present = "back")]
    reason: Option<String>,
    /// It counts again
    #[arg(long)]
    back: bool,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let Args { pep, reason, back } = args;
    if back {
        let said = context.turn(move |device, now| act::bring_back(device, &pep, reason, now))?;
        return context.has_done(said, "It counts again.");
    }
    let why = reason.unwrap_or_default();
    let said = context.turn(move |device, now| act::withdraw(device, &pep, &why, now))?;
    context.has_done(said, "Withdrawn. It is kept, and counts nowhere.")
}
