//! `pep export`.

use std::path::PathBuf;

use clap::ValueEnum;
use plan::DocumentKind;
use replica::write_private;
use serde_json::json;

use crate::{
    commands::show,
    context::{Context, Mine},
    error::{CommandError, Kind},
    select,
};

/// Write a copy of a plan to keep or carry
///
/// json: what pep show --json prints. automerge: the plan with its whole history, without the parts that only some may
/// read. The file can be read by you alone; whoever you give it to can read all of it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// What kind of copy
    #[arg(long)]
    format: Format,
    /// The file to write, or - for standard output
    #[arg(long, short, value_name = "F")]
    output: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For other programs
    Json,
    /// The Automerge document
    Automerge,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), CommandError> {
    let mine = select::pep(context, &args.pep)?;
    let bytes = match args.format {
        Format::Json => format!("{:#}\n", serde_json::Value::from(show::plan(context, &mine, |_| true)?)).into_bytes(),
        Format::Automerge => {
            let Mine { pep, .. } = mine.clone();
            context.with(move |core| {
                core.replica().read(pep.document(DocumentKind::Main).as_bytes(), |document| document.save())
            })?
        }
    };
    if args.output.as_os_str() == "-" {
        context.raw(&bytes);
        return Ok(());
    }
    let path = context.path(&args.output);
    write_private(&path, &bytes).map_err(|e| {
        CommandError::new(Kind::Failed, format!("The file {} could not be written ({e}).", args.output.display()))
            .hint("Look whether the folder exists, whether you may write there, and whether the disk is full.")
    })?;
    if context.global.json {
        context.json(&json!({ "pep": mine.pep.id(), "bytes": bytes.len() }));
    }
    context.talk(format!("Written: {} ({} bytes).", args.output.display(), bytes.len()));
    Ok(())
}
