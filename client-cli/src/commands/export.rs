//! `pep export`.

use std::path::PathBuf;

use clap::ValueEnum;
use disk::write_private;
use plan::{ChangeHash, DocumentKind, SignOff, answers_file};
use replica::Trouble;
use uuid::Uuid;

use crate::{clock, commands::show, context::Context, global::Seals, host, json::edits::Exported, sealed};
use pages::{
    copy::{self, Copy, Reader, Version},
    env::{Env, Memory},
    turn::Turn,
};
use participant::{
    Mine,
    error::{Error, Kind},
    select,
};

/// Write a copy of a plan to keep or carry
///
/// html: a copy to read, print or send, in one file that needs nothing else; --for says who it is for, and it leaves out what
/// they may not have. pdf: see there how. json: what pep show --json prints. automerge: the plan with its whole history, without the parts that only some may
/// read. With --section: one page; as json its answers, to keep or to hand to a new school, which `pep import` brings into another
/// plan. With --signed: what the Virtual School signed last; as json and automerge exactly that, the same bytes on every device,
/// and the SHA-256 of the json file is the hash in the signature. The file can be read by you alone; whoever you give it to can
/// read all of it. With --seal only who has its passphrase can.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// What kind of copy
    #[arg(long)]
    format: Format,
    /// Only one page, such as D (json, html)
    #[arg(long, value_name = "S")]
    section: Option<String>,
    /// Who the copy is for (html)
    #[arg(long = "for", value_enum, default_value_t = For::Me)]
    reader: For,
    /// The version that the Virtual School signed last
    #[arg(long)]
    signed: bool,
    /// The file to write, or - for standard output
    #[arg(long, short, value_name = "F")]
    output: PathBuf,
    /// Encrypt the file with a passphrase of its own: `pep unseal` opens it for whoever has that, `pep import` reads it
    #[arg(long)]
    seal: bool,
    /// A file that holds this passphrase [default: it is asked for at the terminal]
    #[arg(long, value_name = "F", requires = "seal")]
    seal_passphrase_file: Option<PathBuf>,
}

impl Args {
    /// The passphrase that it needs.
    pub fn seals(&self) -> Option<Seals<'_>> {
        self.seal.then_some(Seals { new: true, file: self.seal_passphrase_file.as_deref() })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A copy to read, print or send, in one file
    Html,
    /// Made by printing
    Pdf,
    /// For other programs
    Json,
    /// The Automerge document
    Automerge,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum For {
    /// Everyone at the meeting
    Meeting,
    /// The carer
    Carer,
    /// The child or young person
    Child,
    /// A school that takes the child on
    School,
    /// Yourself: everything you may read
    Me,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    let bytes = match (args.format, &args.section) {
        (Format::Pdf, _) => return Err(no_pdf()),
        (Format::Html, section) => {
            let page = section.as_deref().map(|section| select::page(&mine, section)).transpose()?;
            copied(context, &mine, page, args.reader, args.signed)?
        }
        (_, Some(_)) if args.signed => {
            let message = "What was signed is a whole plan; one section of it is written as html only.";
            return Err(Error::new(Kind::Usage, message));
        }
        (format, _) if args.signed => signed(context, &mine, format)?,
        (Format::Json, Some(section)) => {
            let page = select::page(&mine, section)?;
            let wanted = |id: &str| page.questions.iter().any(|question| question.id == id);
            answers_file(&*context.view(&mine)?, &mine.pep, Some(&page.id), wanted).into_bytes()
        }
        (Format::Automerge, Some(_)) => {
            let message = "One section is written as json; an Automerge document is a whole plan.";
            return Err(Error::new(Kind::Usage, message));
        }
        (Format::Json, None) => {
            // By way of a value, so that the keys stand in the order of the alphabet, as everywhere.
            let plan = serde_json::to_value(show::plan(context, &mine, |_| true)?).unwrap_or_default();
            format!("{plan:#}\n").into_bytes()
        }
        (Format::Automerge, None) => {
            let Mine { pep, .. } = mine.clone();
            context.with(move |device| {
                device.replica().read(pep.document(DocumentKind::Main).as_bytes(), |document| document.save())
            })?
        }
    };
    let bytes = match (args.seal, &context.given().file) {
        (false, _) => bytes,
        (true, Some(passphrase)) => sealed::seal(&bytes, passphrase)?,
        (true, None) => return Err(sealed::no_passphrase()),
    };
    if args.output.as_os_str() == "-" {
        context.raw(&bytes);
        return Ok(());
    }
    let path = context.path(&args.output);
    write_private(&path, &bytes).map_err(|e| {
        Error::new(Kind::Failed, format!("The file {} could not be written ({e}).", args.output.display()))
            .hint("Look whether the folder exists, whether you may write there, and whether the disk is full.")
    })?;
    if context.global.json {
        context.json(&Exported { pep: mine.pep.id(), bytes: bytes.len() });
    }
    context.talk(format!("Written: {} ({} bytes).", args.output.display(), bytes.len()));
    if args.seal {
        context.talk("It opens with its passphrase alone. Tell that to whoever gets the file by another way than the file goes, such as the telephone.");
    }
    Ok(())
}

/// A copy for one reader, as the pages make it.
fn copied(
    context: &Context,
    mine: &Mine,
    page: Option<&plan::Page>,
    reader: For,
    signed: bool,
) -> Result<Vec<u8>, Error> {
    let reader = match reader {
        For::Meeting => Reader::Meeting,
        For::Carer => Reader::Carer,
        For::Child => Reader::Child,
        For::School => Reader::School,
        For::Me => Reader::Myself,
    };
    let council = host::council(context.app()?.home());
    let (pep, page) = (mine.pep.id(), page.map(|page| page.id.clone()));
    context.turn(move |device, now| {
        let memory = Memory::default();
        let env = Env::plain(*now, clock::fresh_id, council, &memory);
        made(&mut Turn::new(device, &env), &pep, page.as_deref(), reader, signed)
    })
}

fn made(turn: &mut Turn<'_>, pep: &Uuid, page: Option<&str>, reader: Reader, signed: bool) -> Result<Vec<u8>, Error> {
    let Some(plan) = turn.plan(pep, None, None)? else { return Err(Trouble::Unknown.into()) };
    let sound = |made: &&SignOff| made.question == "signoff.vs" && made.is_sound();
    let then = match plan.view.sign_offs.iter().rfind(sound).filter(|_| signed) {
        Some(made) => turn.version(&plan, made.change)?.map(|then| (made, then)),
        None => None,
    };
    let held = plan.heads.iter().filter(|(kind, _)| reader.may_have(**kind));
    let heads: Vec<ChangeHash> = held.flat_map(|(_, heads)| heads.iter().copied()).collect();
    let (view, version) = match &then {
        None if signed => return Err(not_signed()),
        Some((made, view)) => (view, Version::Signed(made)),
        None => (&*plan.view, Version::Now { at: turn.env.now.unix(), heads: &heads }),
    };
    let page = page.and_then(|page| plan.pep.process().pages.iter().find(|known| known.id == page));
    let parts = page.into_iter().flat_map(|page| page.questions.iter().map(|q| (page.id.clone(), q.block.clone())));
    let copy = Copy {
        pep: &plan.pep,
        name: &plan.name,
        council: &turn.site()?.council,
        view,
        version,
        reader,
        parts: &parts.collect(),
        with_gaps: false,
        zone: turn.env.now.zone,
    };
    Ok(copy::file(&copy).into_bytes())
}

fn no_pdf() -> Error {
    Error::new(Kind::Failed, "pep writes no PDF by itself; a browser makes one of a copy.").hint(
        "Write the copy with --format html, open it in a browser, press Ctrl and P and choose “Save as PDF”. Chromium, Chrome \
         and Edge keep its headings and tables in the PDF for those who use screen readers. In the pages of `pep open` it is “Print or share”.",
    )
}

fn signed(context: &Context, mine: &Mine, format: Format) -> Result<Vec<u8>, Error> {
    let Mine { pep, role } = mine.clone();
    let signed = context.with(move |device| {
        let copies = device.plan_documents(&pep, role)?;
        let documents = copies.documents().ok_or(Trouble::Unknown)?;
        let view = plan::read(documents, &pep, &|actor| copies.author(actor));
        Ok::<_, Trouble>(plan::signed(documents.main, &view, &pep).map(|signed| match format {
            Format::Automerge => signed.document.save(),
            Format::Json | Format::Html | Format::Pdf => signed.content.into_bytes(),
        }))
    })?;
    signed.ok_or_else(not_signed)
}

fn not_signed() -> Error {
    Error::new(Kind::Failed, "The Virtual School has not signed this plan off.")
        .hint("`pep show` says how far it is; without --signed it is written as it is now.")
}
