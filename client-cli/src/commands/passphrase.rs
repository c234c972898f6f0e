//! `pep passphrase`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::{
    ask,
    context::Context,
    json,
    unlock::{self, Guard},
};
use participant::error::{Error, Kind};

/// Lock the plans on this device with a passphrase, or go without
///
/// Your plans are always encrypted here. With a passphrase, whoever takes this computer cannot read them; without one, only the
/// computer's own protection guards them. Nobody can read a passphrase back: if you forget it, ask the Virtual School for a new link
/// and join again. What was shared comes back.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Set a passphrase, or change the one there is
    Set {
        /// A file that holds the new passphrase [default: it is asked for at the terminal]
        #[arg(long, value_name = "F")]
        new_passphrase_file: Option<PathBuf>,
        /// Have the system's keyring remember it for you: until this computer starts again, or for good where the system does that
        #[arg(long)]
        remember: bool,
    },
    /// Go without: only this computer's own protection guards your plans
    Remove,
}

impl Args {
    /// Whether it sets one.
    pub fn sets(&self) -> bool {
        matches!(self.what, What::Set { .. })
    }

    /// Whether the new one is to be asked for.
    pub fn asks(&self) -> bool {
        matches!(self.what, What::Set { new_passphrase_file: None, .. })
    }
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let app = context.app()?.clone();
    let before = unlock::guard(app.home())?;
    if matches!(before, Guard::Passphrase { .. }) {
        // Whoever finds an open computer does not get to lock its owner out.
        let given = context.given().passphrase.clone();
        let given =
            given.or_else(|| context.own_process().then(|| ask::passphrase("The passphrase so far: ")).flatten());
        let given = given.ok_or_else(|| {
            Error::new(Kind::Store, "To change the passphrase, give the one so far.")
                .hint("Give it with --passphrase-file F or in PEP_PASSPHRASE, or run this at a terminal.")
        })?;
        app.check_passphrase(&given)?;
    }
    let (words, remembered) = match args.what {
        What::Remove => {
            app.set_passphrase(None, false)?;
            ("Your plans have no passphrase now: only this computer's own protection guards them.", false)
        }
        What::Set { new_passphrase_file, remember } => {
            let new = match new_passphrase_file {
                Some(file) => Some(ask::from_file(&context.path(&file))?),
                None => context.given().new.clone(),
            };
            let new = new.ok_or_else(|| {
                Error::new(Kind::Usage, "The new passphrase is missing.").hint(
                    "Give it in a file (--new-passphrase-file F), or run this at a terminal, where it is asked for.",
                )
            })?;
            let remembered = app.set_passphrase(Some(&new), remember)?;
            if remember && !remembered {
                context
                    .talk("This system has no keyring that this program may use, so the passphrase is not remembered.");
            }
            let words = "Your plans are locked with the passphrase from now on. Nobody can read it back to you: keep it somewhere safe. If it is lost, ask the Virtual School for a new link and join again; what was shared comes back.";
            (words, remember && remembered)
        }
    };
    if context.global.json {
        let guard = unlock::guard(app.home())?.into();
        context.json(&json::device::Passphrase { guard, remembered });
    }
    context.talk(words);
    Ok(())
}

/// What a person should know where no passphrase guards the plans.
pub const ONLY_THE_COMPUTER: &str = "Only this computer's own protection guards your plans: whoever can read your files can read them. To lock them with a passphrase: pep passphrase set";
