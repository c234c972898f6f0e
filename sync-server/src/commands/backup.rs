use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::json;

use super::{Desk, Output};
use crate::{config, error::Error, keys};

/// Copy the relay's data into one file, while it serves or not
///
/// The file holds everything, keys too: keep it as safe as the relay itself. `pep-relay restore` brings it back.
#[derive(Args)]
pub(super) struct Backup {
    /// The file to write
    file: PathBuf,
}

impl Backup {
    pub fn run(self, desk: &Desk) -> Result<Output, Error> {
        // The journal only grows, so what stands up to here can be copied while more is written.
        let (journal, folder, text) = desk.with(|core| {
            let replica = core.replica();
            Ok((replica.journal_files()?, replica.dir().to_path_buf(), core.config().map(String::from)))
        })?;
        let file = desk.cwd.join(self.file);
        let unfinished = file.with_extension("unfinished");
        let written = write(&unfinished, &journal, &folder, text.as_deref());
        let bytes = written.and_then(|bytes| fs::rename(&unfinished, &file).map(|()| bytes)).map_err(|e| {
            let _ = fs::remove_file(&unfinished);
            Error::file("The backup file")(e)
        })?;
        let segments = journal.len();
        let said = format!("Backed up {bytes} bytes. Keep the file safe: it holds the relay's keys.\n");
        Ok(Output::new(said, json!({ "bytes": bytes, "segments": segments })))
    }
}

fn write(file: &Path, journal: &[(PathBuf, u64)], folder: &Path, config: Option<&str>) -> io::Result<u64> {
    // Made so that nobody else can read it, before anything is in it.
    replica::write_private(file, &[])?;
    let mut tar = tar::Builder::new(File::options().write(true).open(file)?);
    for (path, len) in journal {
        let name = path.file_name().map(|n| Path::new("journal").join(n)).unwrap_or_default();
        add(&mut tar, &name, *len, File::open(path)?)?;
    }
    for name in [keys::RELAY_KEY, keys::TLS_KEY, keys::TLS_CERTIFICATE, config::FILE] {
        match (File::open(folder.join(name)), config) {
            (_, Some(text)) if name == config::FILE => {
                add(&mut tar, Path::new(name), text.len() as u64, text.as_bytes())?
            }
            (Ok(found), _) => add(&mut tar, Path::new(name), found.metadata()?.len(), found)?,
            (Err(e), _) if e.kind() == io::ErrorKind::NotFound => {}
            (Err(e), _) => return Err(e),
        }
    }
    let file = tar.into_inner()?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

fn add(tar: &mut tar::Builder<File>, name: &Path, len: u64, content: impl Read) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(len);
    header.set_mode(0o600);
    tar.append_data(&mut header, name, content.take(len))
}
