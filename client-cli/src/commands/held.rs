//! `pep held`.

use plan::Pep;
use replica::Trouble;
use serde_json::json;

use crate::{context::Context, core::Held, error::CommandError, json, words};

/// Show changes of yours that could not be accepted, and why
///
/// Their text is kept on this device. The Virtual School sees them, too.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Carries it out.
pub fn run(context: &mut Context, _: Args) -> Result<(), CommandError> {
    context.me()?;
    let held: Vec<(Pep, Held)> = context.with(|core| {
        let peps: Vec<Pep> = core.peps().cloned().collect();
        let mut all = Vec::new();
        for pep in peps {
            all.extend(core.held(&pep)?.into_iter().map(|held| (pep.clone(), held)));
        }
        Ok::<_, Trouble>(all)
    })?;
    if context.global.json {
        let held = held.iter().map(|(pep, held)| {
            json!({
                "pep": pep.id(),
                "document": held.document.to_string(),
                "change": json::hex(&held.hash),
                "code": held.why.code,
                "detail": held.why.detail,
                "at": json::at(held.why.at),
            })
        });
        context.json(&held.collect());
        return Ok(());
    }
    for (pep, held) in &held {
        context.data(format!("{} - {} [{}]", words::moment(held.why.at), context.title(pep)?, json::hex(&held.hash)));
        context.data(format!("  {}", held.why.detail));
    }
    if held.is_empty() {
        context.talk("Nothing of yours was refused.");
    }
    Ok(())
}
