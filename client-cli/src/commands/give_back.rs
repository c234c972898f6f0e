//! `pep return`.

use chrono::NaiveDate;
use participant::give_back::{self, Return};
use plan::Role;

use crate::given;
use crate::{clock, commands::row, context::Context, json::edits::Returned};
use participant::error::Error;

/// Return a plan to the designated teacher or the social worker, with what to put right: the Virtual School
///
/// Only theirs is asked to say “complete” again; what the other signed stands.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// Who puts it right: designated-teacher or social-worker
    #[arg(long, value_name = "ROLE")]
    to: Role,
    /// What must be put right
    #[arg(long, value_name = "T")]
    reason: String,
    /// The page it is on, such as 10
    #[arg(long, value_name = "P")]
    page: Option<String>,
    /// By when
    #[arg(long, value_parser = given::day, value_name = "DATE")]
    by: Option<NaiveDate>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    let asked = mine.clone();
    let back = Return { to: args.to, what: args.reason, page: args.page, by: args.by, key: clock::fresh_id() };
    let key = back.key.to_string();
    let applied = context.turn(move |device, now| give_back::give_back(device, &asked, back, now))?;
    if context.global.json {
        context.json(&Returned { pep: mine.pep.id(), key });
    } else {
        row::print_key(context, &key);
    }
    context.talk(format!("Returned to the {}.", args.to.label().to_lowercase()));
    context.saved(&applied)
}
