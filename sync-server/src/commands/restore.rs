use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use clap::Args;
use disk::{archive, key_needed};

use super::Output;
use crate::{config, error::Error, json::Restored, keys};

/// Bring a backup back, into a folder that is empty or not there
///
/// The relay then begins a new epoch: participants offer again what they have that the backup lacks, so nothing is lost
/// that anybody still has. Where the backup does not hold the key that opens it, this says which one is needed.
#[derive(Args)]
pub(super) struct Restore {
    /// The file that `pep-relay backup` wrote
    file: PathBuf,
}

impl Restore {
    pub fn run(self, data: &Path) -> Result<Output, Error> {
        if fs::read_dir(data).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(Error::Backup(
                "The data folder is not empty. Give a new one with --data: a restore never mixes with what is there."
                    .into(),
            ));
        }
        let file = File::open(self.file).map_err(Error::file("The backup file"))?;
        let plain = keys::PLAIN.map(|(plain, _)| plain);
        let beside: Vec<&str> = keys::FILES.into_iter().chain(plain).chain([config::FILE]).collect();
        let relay_key = [keys::RELAY_KEY, plain[0]];
        let files = archive::unpack(file, data, &beside, &relay_key).map_err(|e| match e.kind() {
            io::ErrorKind::InvalidData => {
                Error::Backup("That file is not a whole backup of a relay. Try an older one.".into())
            }
            _ => Error::file("The backup file or the data folder")(e),
        })?;
        let inside = data.join(keys::STORE_KEY).exists();
        let needs = key_needed(data).filter(|_| !inside);
        let mut said = format!("Restored {files} files. ");
        if let Some(needs) = &needs {
            said += &keys::needed(data, needs);
            said += " Then start";
        } else {
            said += "Start";
        }
        said += " the relay with `pep-relay serve`; `pep-relay check` looks them over.\n";
        Ok(Output::new(said, &Restored { files, needs_key: needs }))
    }
}
