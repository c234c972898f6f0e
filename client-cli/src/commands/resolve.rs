//! `pep resolve`.

use plan::{Dispute, Edit, Refused};
use serde_json::json;

use crate::{commands::conflicts, context::Context};
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
    let question = context.question(args.field.split('/').next().unwrap_or(&args.field))?;
    context.may_read(&mine, question)?;
    let disputes: Vec<Dispute> =
        conflicts::disputes(context, &mine)?.into_iter().filter(|d| is_at(&d.place, &args.field)).collect();
    let (dispute, take) = match (disputes.as_slice(), args.take) {
        ([], _) => return Err(Refused::NotDisputed { question: question.id.clone() }.into()),
        ([dispute], Some(take)) => (dispute, take),
        (several, _) => {
            for dispute in several {
                conflicts::print(context, &mine.pep, dispute);
            }
            return Err(Error::new(
                Kind::Choose,
                "Somebody has to choose first: see the answers and their numbers above.",
            )
            .hint("pep resolve PEP FIELD --take N, with the place in [brackets] as FIELD."));
        }
    };
    let Some(claim) = take.checked_sub(1).and_then(|i| dispute.claims.get(i)) else {
        return Err(Error::new(
            Kind::Usage,
            format!("There is no answer number {take} there; there are {}.", dispute.claims.len()),
        )
        .hint("`pep conflicts PEP` shows them with their numbers."));
    };
    let edit = Edit::Resolve { question: dispute.place.clone(), take: claim.value.clone() };
    let applied = context.edit(&mine, question, vec![edit])?;
    if context.global.json {
        context.json(&json!({ "pep": mine.pep.id(), "field": dispute.place, "value": claim.value.to_json() }));
    }
    context.saved(&applied)
}

/// Whether a person who says `said` means `place`: the place itself with keys cut short, or all of a question.
fn is_at(place: &str, said: &str) -> bool {
    let (place, said): (Vec<&str>, Vec<&str>) = (place.split('/').collect(), said.split('/').collect());
    let alike = |(place, said): (&&str, &&str)| place == said || (said.len() >= 4 && place.starts_with(said));
    place.first() == said.first() && said.len() <= place.len() && place.iter().zip(&said).all(alike)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_whole_or_by_its_beginning() {
        let place = "targets.list/8a41f00d/measure";
        assert!(is_at(place, place) && is_at(place, "targets.list/8a41/measure") && is_at(place, "targets.list"));
        assert!(!is_at(place, "targets.list/8a4/measure") && !is_at(place, "targets.list/8a41/dueDate"));
        assert!(
            !is_at("funding.tuition", "funding.tuitionDetail") && !is_at("funding.tuitionDetail", "funding.tuition")
        );
    }
}
