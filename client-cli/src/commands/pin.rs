//! `pep pin`.

use crate::{clock, context::Context, json};
use participant::{
    error::{Error, Kind},
    settings::Pin,
};

/// The PIN that takes this device back from a child
///
/// A child can answer questions on your device in pages of their own (`pep open`, a plan, "The child's views"). Leaving them
/// takes this PIN.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Set the PIN, also where another was set and is forgotten: type 4 to 8 digits and press Enter, or pipe them in
    Set,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let Verb::Set = args.verb;
    context.me()?;
    let salt = clock::random().map_err(|e| Error::new(Kind::Failed, format!("The PIN was not set: {e}.")))?;
    let pin = Pin::new(context.input()?.trim(), salt).map_err(|why| {
        Error::new(Kind::Usage, format!("{why}.")).hint("Nothing was changed. Run `pep pin set` again.")
    })?;
    context.with(move |device| pin.keep(device))?;
    if context.global.json {
        context.json(&json::device::Pin { pin: "set" });
    }
    context.talk("The PIN is set on this device.");
    Ok(())
}
