//! `pep confirm`.

use crate::{context::Context, json::edits::Confirmed};
use participant::{
    answers::{self, Confirm},
    error::Error,
    words::counted,
};

/// Confirm answers as they stand: those that came from the last PEP, and figures that are unlikely
///
/// What came from the last PEP counts as missing until somebody confirms it; any change of the answer confirms it too. `pep show PEP`
/// says which they are. What is unlikely, `pep check PEP` asks about once; that it is right is kept as a remark beside the answer, with
/// your name, and holds for these figures: others are asked about again.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// The questions, or places in them as `pep check` names them, such as care.legalStatus or attendance.terms/spring-2026/late
    #[arg(value_name = "FIELD", required_unless_present = "page", conflicts_with = "page")]
    fields: Vec<String>,
    /// Everything on one page that is yours to confirm, such as C
    #[arg(long, value_name = "P")]
    page: Option<String>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    let what = match args.page {
        Some(page) => Confirm::Page(page),
        None => Confirm::Fields(args.fields),
    };
    let asked = mine.clone();
    let done = context.turn(move |device, now| answers::confirm(device, &asked, what, now))?;
    if context.global.json {
        context.json(&Confirmed { pep: mine.pep.id(), confirmed: done.fields });
    } else if !done.fields.is_empty() {
        context.talk(format!("Confirmed: {}.", counted(done.fields.len(), "answer")));
    }
    match done.applied {
        Some(applied) => context.saved(&applied),
        None => {
            context.talk("Nothing there waits for you to confirm it.");
            Ok(())
        }
    }
}
