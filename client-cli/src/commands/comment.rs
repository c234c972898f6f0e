//! `pep comment`.

use plan::Edit;

use crate::{clock, commands::row, context::Context};
use participant::error::Error;

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
    let key = clock::fresh_id().to_string();
    let edit = Edit::Comment { key: key.clone(), question: question.id.clone(), text: args.text };
    let applied = context.edit(&mine, question, vec![edit])?;
    if context.global.json {
        row::print_key(context, &key);
    }
    context.saved(&applied)
}
