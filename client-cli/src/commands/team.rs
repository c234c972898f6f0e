//! `pep team`.

use chrono::NaiveDate;

use crate::context::Context;
use crate::given;
use participant::{act, error::Error};

/// Who works with a child
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// End somebody's membership of a child's team (needs the relay now); what they wrote stays theirs
    End {
        /// The child's id, its beginning (4 characters or more), or the exact name
        child: String,
        /// The person's name or id
        person: String,
        /// Their last day [default: today]
        #[arg(long, value_parser = given::day, value_name = "DATE")]
        on: Option<NaiveDate>,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let Verb::End { child, person, on, reason } = args.verb;
    let said = context.turn(move |device, now| act::end_membership(device, (&child, &person), on, reason, now))?;
    context.has_done(said, "Ended.")
}
