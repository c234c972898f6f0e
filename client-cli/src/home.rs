//! The folder for this person's plans: where it is, and whose it is while a program has it open.

use std::{
    io,
    path::{Path, PathBuf},
};

use disk::Claim;
use participant::error::{Error, Kind};

use crate::global::Global;

/// Claims the folder for this process, or finds the one that has it open.
pub fn claimed(home: &Path) -> Result<Claim, Error> {
    match disk::claim(home) {
        Ok(claim) => Ok(claim),
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
            Err(Error::new(Kind::Store, "Another program has this folder open and does not answer.")
                .hint("Close the other pep that uses the same --home, then try again."))
        }
        Err(e) => Err(Error::new(Kind::Failed, format!("The folder for your plans could not be opened ({e})."))
            .hint("Look whether you may write to the folder that --home names, and whether the disk is full.")),
    }
}

/// The folder for this person's plans.
pub fn home(global: &Global) -> Result<PathBuf, Error> {
    if let Some(home) = &global.home {
        return Ok(home.clone());
    }
    let from = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let base = if cfg!(windows) {
        from("APPDATA")
    } else if cfg!(target_os = "macos") {
        from("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        from("XDG_DATA_HOME").or_else(|| from("HOME").map(|home| home.join(".local/share")))
    };
    base.map(|base| base.join("openpep")).ok_or_else(|| {
        Error::new(Kind::Usage, "This system does not say where your data belongs.")
            .hint("Name a folder with --home DIR.")
    })
}
