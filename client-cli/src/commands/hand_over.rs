//! `pep hand-over`.

use chrono::NaiveDate;

use crate::context::Context;
use crate::given;
use participant::{act, error::Error};

/// Hand a child's case over to a colleague (needs the relay now)
///
/// Your membership of the team ends on the day before, theirs begins, in the same role. What you wrote stays yours. The Virtual School
/// hands over for others.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The child's id, its beginning (4 characters or more), or the exact name
    child: String,
    /// Who takes over: a name or id; of somebody you do not work with yet, the whole id
    #[arg(long, value_name = "PERSON")]
    to: String,
    /// Who hands over [default: you; for the Virtual School the child's social worker]
    #[arg(long, value_name = "PERSON")]
    from: Option<String>,
    /// Their first day [default: today]
    #[arg(long, value_parser = given::day, value_name = "DATE")]
    on: Option<NaiveDate>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let Args { child, to, from, on, reason } = args;
    let said =
        context.turn(move |device, now| act::hand_over(device, &child, (from.as_deref(), &to), on, reason, now))?;
    context.has_done(said, "Handed over.")
}
