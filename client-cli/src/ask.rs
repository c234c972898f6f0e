//! Passphrases that a person gives: in a file, in the environment, or at the terminal, where nothing of them is shown.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::Path,
};

use replica::Secret;

use crate::{
    cli::{Cli, Command, Seals},
    unlock::{self, Guard},
};
use participant::error::{Error, Kind};

/// Holds a passphrase.
const VARIABLE: &str = "PEP_PASSPHRASE";
/// The longest file that holds a passphrase, in bytes: a longer one was named by mistake.
const FILE_BYTES_MAX: u64 = 8 * 1024;

/// What a command was given to open with, and to close with.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The passphrase of the home.
    pub passphrase: Option<Secret>,
    /// One to be set.
    pub new: Option<Secret>,
    /// That of a file which is read or written.
    pub file: Option<Secret>,
}

impl Given {
    /// What the words and the environment give, and, where a command sets a passphrase, what is asked for at the terminal.
    pub fn read(cli: &Cli, home: &Path) -> Result<Given, Error> {
        let passphrase = match &cli.global.passphrase_file {
            Some(file) => Some(from_file(file)?),
            None => std::env::var_os(VARIABLE).filter(|v| !v.is_empty()).map(|v| Secret::new(v.into_encoded_bytes())),
        };
        let unguarded = !matches!(unlock::guard(home), Ok(Guard::Passphrase { .. }));
        let new = match &cli.command {
            Command::Join(_) if unguarded && passphrase.is_some() => passphrase.clone(),
            Command::Join(_) if unguarded && terminal() => {
                new("Choose a passphrase for the plans on this device, or press Enter to go without: ", true)?
            }
            Command::Passphrase(args) if args.sets() && unguarded && passphrase.is_some() => passphrase.clone(),
            Command::Passphrase(args) if args.asks() && terminal() => new("Choose the new passphrase: ", false)?,
            _ => None,
        };
        let file = match cli.command.seals() {
            Some(Seals { file: Some(file), .. }) => Some(from_file(file)?),
            Some(Seals { new: true, file: None }) if terminal() => {
                self::new("Choose a passphrase for this file: ", false)?
            }
            Some(Seals { new: false, file: None }) => self::passphrase("The passphrase of the file: "),
            _ => None,
        };
        Ok(Given { passphrase, new, file })
    }
}

/// Asks for the passphrase of a home; `None` where there is nobody to ask.
pub fn passphrase(words: &str) -> Option<Secret> {
    if !terminal() {
        return None;
    }
    let typed = rpassword::prompt_password(words).ok()?;
    Some(Secret::new(typed.into_bytes()))
}

/// Says on the terminal that there is a wait.
pub fn wait(seconds: i64) {
    let _ = writeln!(
        io::stderr(),
        "The passphrase was wrong several times. Waiting {seconds} seconds before the next try."
    );
}

/// A passphrase as a file holds it, without the end of its line.
pub fn from_file(file: &Path) -> Result<Secret, Error> {
    let failed = |e: io::Error| {
        Error::new(Kind::Failed, format!("The file {} could not be read ({e}).", file.display()))
            .hint("It holds the passphrase and nothing else.")
    };
    if fs::metadata(file).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(failed(io::ErrorKind::InvalidData.into()));
    }
    let mut bytes = fs::read(file).map_err(failed)?;
    while matches!(bytes.last(), Some(b'\n' | b'\r')) {
        bytes.pop();
    }
    Ok(Secret::new(bytes))
}

fn new(words: &str, may_be_none: bool) -> Result<Option<Secret>, Error> {
    loop {
        let Some(first) = passphrase(words) else { return Ok(None) };
        if may_be_none && first.bytes().is_empty() {
            return Ok(None);
        }
        if let Err(e) = unlock::fit(&first) {
            let _ = writeln!(io::stderr(), "{e}");
            continue;
        }
        match passphrase("And once more: ") {
            Some(second) if second == first => return Ok(Some(first)),
            Some(_) => drop(writeln!(io::stderr(), "They differ. Try again.")),
            None => return Ok(None),
        }
    }
}

fn terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
