//! `pep comment`.

use crate::{clock, commands::row, context::Context};
use participant::{comments, error::Error};

/// Put a remark beside an answer, also one that is not yours to write
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// The question, such as care.story
    field: String,
    /// The remark
    text: String,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    let question = context.question(&args.field)?;
    let key = clock::fresh_id();
    let applied = context.turn(move |device, now| comments::leave(device, &mine, question, key, &args.text, now))?;
    if context.global.json {
        row::print_key(context, &key.to_string());
    }
    context.saved(&applied)
}
