//! `pep move`.

use participant::{error::Error, move_version};
use plan::DifferenceKind;

use crate::{context::Context, json::edits::Moved};

/// Move a plan to a newer version of its process: shows first what appears and what disappears
///
/// Nothing is moved before you say --yes. What was answered stays, what was signed stays signed as it was, and everybody who works on
/// the plan goes on in the newer version; their programs must know it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// Which version; `pep show PEP` says which one it follows
    #[arg(long, value_name = "V")]
    to_version: u32,
    /// Move it now
    #[arg(long)]
    yes: bool,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    let Args { to_version, yes, .. } = args;
    let asked = mine.clone();
    let found = context.turn(move |device, now| match yes {
        true => move_version::move_version(device, &asked, to_version, now),
        false => move_version::ahead(device, &asked.pep, Some(to_version)),
    })?;
    let changes = found.map(|found| found.changes);
    if context.global.json {
        context.json(&Moved::of(
            &mine.pep,
            to_version,
            yes && changes.is_some(),
            changes.as_deref().unwrap_or_default(),
        ));
    }
    let Some(changes) = changes else {
        context.talk(format!("This plan follows version {to_version} already."));
        return Ok(());
    };
    if !context.global.json {
        for (kind, title) in [
            (DifferenceKind::Appears, "Appears"),
            (DifferenceKind::Disappears, "Disappears"),
            (DifferenceKind::Changes, "Changes"),
        ] {
            for difference in changes.iter().filter(|difference| difference.kind == kind) {
                context.data(format!("{title}: {}", difference.says));
            }
        }
    }
    match yes {
        true => context.talk(format!("Moved to version {to_version}. Saved on this device.")),
        false => context.talk("Nothing has been moved yet. To move it, say so with --yes."),
    }
    Ok(())
}
