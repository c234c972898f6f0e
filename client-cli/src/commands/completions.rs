//! `pep completions`.

use clap_complete::Shell;

use crate::{context::Context, json::device::Completions};
use participant::error::Error;

/// Print completions for your shell
///
/// For example: pep completions bash > ~/.local/share/bash-completion/completions/pep
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Your shell
    shell: Shell,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args, mut command: clap::Command) -> Result<(), Error> {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut command, "pep", &mut out);
    if context.global.json {
        context.json(&Completions { completions: String::from_utf8_lossy(&out).into_owned() });
    } else {
        context.raw(&out);
    }
    Ok(())
}
