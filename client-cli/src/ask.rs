//! Passphrases that a person gives: in a file, in the environment, or at the terminal, where nothing of them is shown.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::Path,
};

use replica::Secret;

use participant::error::{Error, Kind};

use crate::unlock;

/// The longest file that holds a passphrase, in bytes: a longer one was named by mistake.
const FILE_BYTES_MAX: u64 = 8 * 1024;

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

/// Has a passphrase chosen, twice alike; `None` where there is nobody to ask, or none is wanted and may be.
pub fn new(words: &str, may_be_none: bool) -> Result<Option<Secret>, Error> {
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

/// Whether somebody sits at a terminal.
pub fn terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}
