//! `pep import`.

use crate::left_out;
use participant::import::{self, How};
use std::path::{Path, PathBuf};

use plan::{ANSWERS_BYTES_MAX, AnswersFile, NotAnswers};

use crate::{
    context::Context,
    global::Seals,
    json::edits::{Imported, LeftOut},
    sealed,
};
use participant::{
    error::{Error, Kind},
    words::counted,
};

/// Bytes by which a sealed file is longer, and some.
const SEALED_MORE: usize = 1024;
/// How every Automerge document begins.
const AUTOMERGE: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];

/// Bring the answers of a file into a plan
///
/// The file is one that `pep export PEP --section D --format json` wrote, sealed or not. Its answers are written by you, so what you may not
/// write is left out; what is answered already stays. What was left out is said, with the reason.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file
    file: PathBuf,
    /// The PEP to bring it into, by its id or its beginning [default: the newest of that child that is not signed off]
    #[arg(long, value_name = "PEP")]
    pep: Option<String>,
    /// Put the file's answers in the place of those that are there
    #[arg(long)]
    replace: bool,
    /// Take a file about another child; say so only if you are sure
    #[arg(long, requires = "pep")]
    from_another_child: bool,
    /// A file that holds the passphrase of a sealed one [default: it is asked for at the terminal]
    #[arg(long, value_name = "F")]
    seal_passphrase_file: Option<PathBuf>,
}

impl Args {
    /// The passphrase that it needs.
    pub fn seals(&self) -> Option<Seals<'_>> {
        sealed::is_one_at(&self.file).then_some(Seals { new: false, file: self.seal_passphrase_file.as_deref() })
    }
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let file = read(context, &args.file)?;
    let how = How { pep: args.pep, replace: args.replace, from_another_child: args.from_another_child };
    let (mine, done) = context.turn(move |device, now| import::import(device, &file, &how, now))?;
    if context.global.json {
        let left_out = done.left_out.iter().map(|(place, why)| LeftOut { field: place.clone(), why: why.to_string() });
        let (pep, brought, left_out) = (mine.pep.id(), done.questions.clone(), left_out.collect());
        context.json(&Imported { pep, brought, left_out });
    } else {
        context.data(mine.pep.id());
    }
    let title = context.title(&mine.pep)?;
    context.talk(match (done.changed, done.questions.len()) {
        (true, n) => format!("Brought into {title}: {}.", counted(n, "answer")),
        (false, _) => format!("Nothing in the file is new to {title}."),
    });
    left_out::say(context, &done);
    Ok(())
}

fn read(context: &Context, file: &Path) -> Result<AnswersFile, Error> {
    let path = context.path(file);
    let unreadable = |e: std::io::Error| {
        let message = format!("The file {} could not be read ({e}). Nothing was brought.", file.display());
        Error::new(Kind::Failed, message)
    };
    let none = |error: NotAnswers| Error::new(Kind::Failed, format!("{error} Nothing was brought."));
    // Looked at before it is read: a file of any size may be given by mistake.
    if std::fs::metadata(&path).map_err(unreadable)?.len() > (ANSWERS_BYTES_MAX + SEALED_MORE) as u64 {
        return Err(none(NotAnswers::TooLarge));
    }
    let mut bytes = std::fs::read(&path).map_err(unreadable)?;
    if sealed::is_one(&bytes) {
        let passphrase = context.given().file.as_ref().ok_or_else(sealed::no_passphrase)?;
        bytes = sealed::open(&bytes, passphrase)?.to_vec();
    }
    if bytes.len() > ANSWERS_BYTES_MAX {
        return Err(none(NotAnswers::TooLarge));
    }
    if bytes.starts_with(&AUTOMERGE) {
        let message = "This is a whole plan as an Automerge document. It says nothing of who wrote what that could be proved, so it is not brought into a plan.";
        return Err(Error::new(Kind::Failed, message).hint(
            "Any Automerge library opens it. To bring answers, ask for a file of `pep export PEP --section S --format json`.",
        ));
    }
    let text = String::from_utf8(bytes).map_err(|_| none(NotAnswers::NotJson { line: 1 }))?;
    AnswersFile::read(&text).map_err(none)
}
