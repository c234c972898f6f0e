//! `pep restore`.

use std::{
    fs::{self, File},
    io,
    path::PathBuf,
};

use disk::{archive, create_private_dir};

use crate::{
    commands::backup,
    context::Context,
    home,
    json::device::Restored,
    unlock::{self, Guard},
};
use participant::error::{Error, Kind};

/// Bring a backup back, into a folder that is empty or not there
///
/// This device then goes on where the backup stopped, and `pep sync` brings what was shared since. Where the same device still writes
/// somewhere else, neither takes the other's place: both go on, and what each writes is kept.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file that `pep backup` wrote
    file: PathBuf,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let home = home::home(&context.global)?;
    if fs::read_dir(&home).is_ok_and(|mut entries| entries.next().is_some()) {
        let message = format!("The folder {} is not empty. Nothing was restored.", home.display());
        return Err(Error::new(Kind::Failed, message)
            .hint("Give a new one: pep --home DIR restore F. A restore never mixes with what is there."));
    }
    let failed = |e: io::Error| match e.kind() {
        io::ErrorKind::InvalidData => backup::not_one(),
        _ => Error::new(
            Kind::Failed,
            format!("The backup could not be read, or the folder not written ({e}). Nothing was restored."),
        )
        .hint("Look whether the file is there, whether you may write to the folder, and whether the disk has room."),
    };
    let file = File::open(context.path(&args.file)).map_err(failed)?;
    create_private_dir(&home).map_err(failed)?;
    let files = archive::unpack(file, &home, &backup::FILES, &[unlock::SLOTS]).map_err(failed)?;
    let damaged = disk::verify(&home.join("journal")).map_err(failed)?.damage.len();
    let guard = unlock::guard(&home)?;
    if context.global.json {
        context.json(&Restored { files, guard: guard.into(), damaged });
    }
    context.talk(match guard {
        Guard::Passphrase { .. } => "Restored. It opens with the passphrase that it had when the backup was written. Run `pep sync` to bring what was shared since.",
        Guard::Computer => "Restored. Run `pep sync` to bring what was shared since.",
    });
    if damaged > 0 {
        return Err(Error::new(Kind::Findings, "The backup is damaged: what can be read in it was restored.").hint(
            "`pep sync` brings back what was shared. Where something was not, try an older backup, in another folder.",
        ));
    }
    Ok(())
}
