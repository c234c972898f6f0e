use std::path::PathBuf;

use clap::Args;
use disk::{
    archive::{self, Packed},
    key_needed,
};

use super::{Desk, Output};
use crate::{config, error::Error, json::BackedUp, keys};

/// Copy the relay's data into one file, while it serves or not
///
/// What is in the file is encrypted as it is in the data folder, and needs the same key; `pep-relay restore` brings it back. Where
/// that key lies in the data folder it goes along, and the file must be kept as safe as the relay itself.
#[derive(Args)]
pub(super) struct Backup {
    /// The file to write
    file: PathBuf,
}

impl Backup {
    pub fn run(self, desk: &Desk) -> Result<Output, Error> {
        let text = desk.with(|relay| Ok(relay.config().map(String::from)))?;
        let folder = &desk.folder;
        let said: Vec<(&str, &[u8])> = text.iter().map(|text| (config::FILE, text.as_bytes())).collect();
        let inside = keys::store_key_is_inside(folder);
        let beside = keys::FILES.iter().chain([&config::FILE]).filter(|name| inside || **name != keys::STORE_KEY);
        let beside: Vec<PathBuf> = beside.map(PathBuf::from).collect();
        let file = desk.cwd.join(self.file);
        let Packed { bytes, segments } =
            archive::pack(&file, folder, &beside, &said).map_err(Error::file("The backup file"))?;
        let needs = key_needed(folder).unwrap_or_default();
        let words = if inside {
            "The key lies in the data folder, so it is in the backup too: whoever has the file can read everything. Keep it as safe as the relay itself, or move the key elsewhere (store_key_file in the configuration).".to_string()
        } else {
            format!(
                "It is encrypted, and can be read only with the key {needs}, which is not in it. Keep a copy of that key apart from the backups."
            )
        };
        let json = BackedUp { bytes, segments, key: needs, holds_key: inside };
        Ok(Output::new(format!("Backed up {bytes} bytes. {words}\n"), &json))
    }
}
