//! `pep unseal`.

use std::{fs, io, path::PathBuf};

use disk::write_private;

use crate::{
    ask,
    context::Context,
    json::device::Unsealed,
    sealed::{self, Closed, SEALED_BYTES_MAX},
};
use participant::error::{Error, Kind};

/// Open a file that `pep export --seal` wrote
///
/// It needs the file's own passphrase and nothing else: you need not have joined. What it writes can be read by you alone.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The sealed file
    file: PathBuf,
    /// The file to write, or - for standard output
    #[arg(long, short, value_name = "F")]
    output: PathBuf,
    /// A file that holds its passphrase [default: it is asked for at the terminal]
    #[arg(long, value_name = "F")]
    seal_passphrase_file: Option<PathBuf>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let unreadable =
        |e: io::Error| Error::new(Kind::Failed, format!("The file {} could not be read ({e}).", args.file.display()));
    let path = context.path(&args.file);
    if fs::metadata(&path).map_err(unreadable)?.len() > SEALED_BYTES_MAX as u64 {
        return Err(Closed::TooLarge.into());
    }
    let bytes = fs::read(&path).map_err(unreadable)?;
    if !sealed::is_one(&bytes) {
        return Err(Closed::NotOne.into());
    }
    let passphrase = match &args.seal_passphrase_file {
        Some(file) => Some(ask::from_file(file)?),
        None => ask::passphrase("The passphrase of the file: "),
    };
    let content = sealed::open(&bytes, &passphrase.ok_or_else(sealed::no_passphrase)?)?;
    if args.output.as_os_str() == "-" {
        context.raw(&content);
        return Ok(());
    }
    write_private(&context.path(&args.output), &content).map_err(|e| {
        Error::new(Kind::Failed, format!("The file {} could not be written ({e}).", args.output.display()))
            .hint("Look whether the folder exists, whether you may write there, and whether the disk is full.")
    })?;
    if context.global.json {
        context.json(&Unsealed { bytes: content.len() });
    }
    context.talk(format!("Written: {} ({} bytes). It is not sealed.", args.output.display(), content.len()));
    Ok(())
}
