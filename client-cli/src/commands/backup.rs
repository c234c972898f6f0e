//! `pep backup`.

use std::{io, path::PathBuf};

use disk::archive;

use crate::{
    app::KEY_FILE,
    context::Context,
    host::SETTINGS,
    json::device::BackedUp,
    unlock::{self, Guard},
};
use participant::error::{Error, Kind};

/// Copy everything that is on this device into one file
///
/// What is in the file is encrypted as it is here: with your passphrase, where you have one. `pep restore` brings it back into an empty
/// folder. It may run while your pages are open. An older backup of that name is replaced, once the new one is whole; any other file
/// is left alone.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to write
    file: PathBuf,
}

/// Files that a backup holds beside the journal and the keys.
pub const FILES: [&str; 4] = [unlock::SLOTS, unlock::FILE_KEY, KEY_FILE, SETTINGS];

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let app = context.app()?.clone();
    let guard = unlock::guard(app.home())?;
    let beside: Vec<PathBuf> = FILES.iter().map(PathBuf::from).collect();
    let path = context.path(&args.file);
    let bytes = archive::pack(&path, app.home(), &beside, &[])
        .map_err(|e| {
            let hint = match e.kind() {
                io::ErrorKind::StorageFull => "The disk is full: make room on it, or write the backup to another one.",
                io::ErrorKind::InvalidInput => "Give another name.",
                _ => "Look whether the folder of the file exists, and whether you may write there.",
            };
            Error::new(Kind::Failed, format!("The backup could not be written ({e}). Nothing was changed.")).hint(hint)
        })?
        .bytes;
    if context.global.json {
        context.json(&BackedUp { bytes, guard: guard.into() });
    }
    context.talk(format!("Written: {} ({bytes} bytes).", args.file.display()));
    context.talk(match guard {
        Guard::Passphrase { .. } => "It can be read with your passphrase alone.",
        Guard::Computer => "You have no passphrase, so whoever has this file can read everything in it. Set one first (pep passphrase set), or keep the file as safe as this computer.",
    });
    Ok(())
}

/// What a backup is not.
pub fn not_one() -> Error {
    Error::new(Kind::Failed, "That file is not a whole backup of a device. Nothing was restored.")
        .hint("Try an older one; `pep backup F` writes them.")
}
