//! `pep write`.

use std::path::PathBuf;

use crate::{context::Context, json::edits::Written};
use participant::{
    answers,
    error::{Error, Kind},
};

/// Write a text
///
/// The text becomes what you give, letter by letter: what somebody else writes in it meanwhile is kept. With --append your
/// words are added at its end. A text in a target is named as targets.list/TARGET/statement.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("source").required(true).args(["text", "file"]))]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// The question, such as care.story
    field: String,
    /// The text, or - for what is piped in
    text: Option<String>,
    /// A file that holds the text, or - for what is piped in
    #[arg(long, value_name = "F")]
    file: Option<PathBuf>,
    /// Add to what is there
    #[arg(long)]
    append: bool,
}

impl Args {
    /// Whether the text is piped in.
    pub fn reads_input(&self) -> bool {
        self.text.as_deref() == Some("-") || self.file.as_ref().is_some_and(|f| f.as_os_str() == "-")
    }
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    // Whether a text is there is found out before one is read.
    answers::text_at(&args.field)?;
    let text = text(context, &args)?;
    let (asked, place) = (mine.clone(), args.field.clone());
    let applied = context.turn(move |device, now| answers::write(device, &asked, &place, text, args.append, now))?;
    if context.global.json {
        context.json(&Written { pep: mine.pep.id(), field: args.field, changed: applied.change.is_some() });
    }
    context.saved(&applied)
}

/// The text; one line end at the end of a file or of what is piped in belongs to the file, not to the answer.
fn text(context: &Context, args: &Args) -> Result<String, Error> {
    let text = match (&args.text, &args.file) {
        _ if args.reads_input() => context.input()?,
        (Some(text), _) => return Ok(text.clone()),
        (None, Some(file)) => {
            let bytes = std::fs::read(context.path(file)).map_err(|e| {
                Error::new(
                    Kind::Failed,
                    format!("The file {} could not be read ({e}). Nothing was changed.", file.display()),
                )
            })?;
            String::from_utf8(bytes).map_err(|_| {
                Error::new(
                    Kind::Failed,
                    format!("The file {} is not text (UTF-8). Nothing was changed.", file.display()),
                )
                .hint("Save it as plain text, not as a document of a word processor.")
            })?
        }
        (None, None) => String::new(),
    };
    let text = text.replace("\r\n", "\n");
    Ok(text.strip_suffix('\n').map(str::to_string).unwrap_or(text))
}
