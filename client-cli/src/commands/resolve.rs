//! `pep resolve`.

use participant::conflicts;

use crate::{
    context::Context,
    json::{edits::Resolved, plan::Value},
};
use participant::error::{Error, Kind};

/// Choose between answers that people gave differently
///
/// Without --take it shows them. Whoever may answer the question may choose; everybody sees the choice, and the history
/// keeps the other answers.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// The question, or the place within it, as `pep conflicts` names it
    field: String,
    /// The number of the answer to take
    #[arg(long, value_name = "N")]
    take: Option<usize>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    let (asked, field) = (mine.clone(), args.field.clone());
    let disputes = context.turn(move |device, _| conflicts::at(device, &asked, &field))?;
    let (dispute, take) = match (disputes.as_slice(), args.take) {
        ([dispute], Some(take)) => (dispute, take),
        (several, _) => {
            for dispute in several {
                super::conflicts::print(context, &mine.pep, dispute);
            }
            return Err(Error::new(
                Kind::Choose,
                "Somebody has to choose first: see the answers and their numbers above.",
            )
            .hint("pep resolve PEP FIELD --take N, with the place in [brackets] as FIELD."));
        }
    };
    let (asked, chosen) = (mine.clone(), dispute.clone());
    let applied = context.turn(move |device, now| conflicts::take(device, &asked, &chosen, take, now))?;
    if context.global.json {
        let value = take.checked_sub(1).and_then(|at| dispute.claims.get(at)).map(|claim| Value::of(&claim.value));
        context.json(&Resolved { pep: mine.pep.id(), field: dispute.place.clone(), value });
    }
    context.saved(&applied)
}
