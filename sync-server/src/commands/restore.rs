use std::{
    fs::{self, File},
    io,
    path::{Component, Path, PathBuf},
};

use clap::Args;
use serde_json::json;

use super::Output;
use crate::{config, error::Error, keys};

/// Bring a backup back, into a folder that is empty or not there
///
/// The relay then begins a new epoch: participants offer again what they have that the backup lacks, so nothing is lost
/// that anybody still has.
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
        // Unpacked into a folder inside (the data folder may be a mount) and moved up when it is whole, so that a restore
        // that was cut short is not taken for a relay.
        let unfinished = data.join("restoring");
        let restored = unpack(file, &unfinished).and_then(|files| {
            for name in [keys::RELAY_KEY, keys::TLS_KEY, keys::TLS_CERTIFICATE, config::FILE, "journal"] {
                if unfinished.join(name).exists() {
                    fs::rename(unfinished.join(name), data.join(name))?;
                }
            }
            fs::remove_dir(&unfinished)?;
            Ok(files)
        });
        let files = restored.map_err(|e| {
            let _ = fs::remove_dir_all(&unfinished);
            match e.kind() {
                io::ErrorKind::InvalidData => {
                    Error::Backup("That file is not a whole backup of a relay. Try an older one.".into())
                }
                _ => Error::file("The backup file or the data folder")(e),
            }
        })?;
        let said = format!(
            "Restored {files} files. Start the relay with `pep-relay serve`; `pep-relay check` looks them over.\n"
        );
        Ok(Output::new(said, json!({ "files": files })))
    }
}

fn unpack(file: File, folder: &Path) -> io::Result<usize> {
    let foreign = || io::Error::from(io::ErrorKind::InvalidData);
    replica::create_private_dir(&folder.join("journal"))?;
    let mut files = 0;
    let mut whole = (false, false);
    for entry in tar::Archive::new(file).entries()? {
        let mut entry = entry.map_err(|_| foreign())?;
        let path = entry.path()?.into_owned();
        let name = path.file_name().and_then(|n| n.to_str()).ok_or_else(foreign)?.to_string();
        let ours = match path.components().collect::<Vec<_>>().as_slice() {
            [Component::Normal(folder), Component::Normal(_)] => {
                whole.0 = true;
                *folder == "journal" && name.ends_with(".seg")
            }
            [Component::Normal(_)] => {
                whole.1 |= name == keys::RELAY_KEY;
                [keys::RELAY_KEY, keys::TLS_KEY, keys::TLS_CERTIFICATE, config::FILE].contains(&name.as_str())
            }
            _ => false,
        };
        if !ours || !entry.header().entry_type().is_file() {
            return Err(foreign());
        }
        let target = folder.join(&path);
        replica::write_private(&target, &[])?;
        let mut out = File::options().write(true).open(&target)?;
        let copied = io::copy(&mut entry, &mut out)?;
        if copied != entry.size() {
            return Err(foreign());
        }
        out.sync_all()?;
        files += 1;
    }
    if whole == (true, true) { Ok(files) } else { Err(foreign()) }
}
