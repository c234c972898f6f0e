//! `pep export`.

use std::path::PathBuf;

use clap::ValueEnum;
use plan::{DocumentKind, answers_file};
use replica::{Trouble, write_private};
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
/// read. With --section, and json: the answers of one page, to keep or to hand to a new school; `pep import` brings them into
/// another plan. With --signed: exactly what the Virtual School signed last, the same bytes on every device; the SHA-256 of the
/// json file is the hash in the signature. The file can be read by you alone; whoever you give it to can read all of it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// What kind of copy
    #[arg(long)]
    format: Format,
    /// Only the answers of one page, such as D (json)
    #[arg(long, value_name = "S", conflicts_with = "signed")]
    section: Option<String>,
    /// The version that the Virtual School signed last
    #[arg(long)]
    signed: bool,
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
    let bytes = match (args.format, &args.section) {
        (format, _) if args.signed => signed(context, &mine, format)?,
        (Format::Json, Some(section)) => {
            let page = select::page(&mine, section)?;
            let wanted = |id: &str| page.questions.iter().any(|question| question.id == id);
            answers_file(&context.view(&mine)?, &mine.pep, Some(&page.id), wanted).into_bytes()
        }
        (Format::Automerge, Some(_)) => {
            let message = "One section is written as json; an Automerge document is a whole plan.";
            return Err(CommandError::new(Kind::Usage, message));
        }
        (Format::Json, None) => {
            format!("{:#}\n", serde_json::Value::from(show::plan(context, &mine, |_| true)?)).into_bytes()
        }
        (Format::Automerge, None) => {
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

fn signed(context: &Context, mine: &Mine, format: Format) -> Result<Vec<u8>, CommandError> {
    let Mine { pep, role } = mine.clone();
    let signed = context.with(move |core| {
        let papers = core.papers(&pep, role)?;
        let documents = papers.documents().ok_or(Trouble::Unknown)?;
        let view = plan::read(documents, &pep, &|actor| papers.author(actor));
        Ok::<_, Trouble>(plan::signed(documents.main, &view, &pep).map(|signed| match format {
            Format::Json => signed.content.into_bytes(),
            Format::Automerge => signed.document.save(),
        }))
    })?;
    signed.ok_or_else(|| {
        CommandError::new(Kind::Failed, "The Virtual School has not signed this plan off.")
            .hint("`pep show` says how far it is; without --signed it is written as it is now.")
    })
}
