//! `pep write`.

use std::path::PathBuf;

use plan::{Edit, Kind as Type};

use crate::{context::Context, json::edits::Written};
use participant::error::{Error, Kind};

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
    let (id, inside) = args.field.split_once('/').map_or((args.field.as_str(), false), |(id, _)| (id, true));
    let question = context.question(id)?;
    if !inside && !question.computed && !matches!(question.kind, Type::Text | Type::LongText) {
        return Err(Error::new(Kind::Usage, format!("{} is not a text.", question.id)).hint(format!(
            "For one answer there is pep set {} {} VALUE; for tables pep row, for targets pep target.",
            args.pep, question.id
        )));
    }
    let text = text(context, &args)?;
    let place = args.field.clone();
    let edit =
        if args.append { Edit::Append { question: place, text } } else { Edit::Rewrite { question: place, text } };
    let applied = context.edit(&mine, question, vec![edit])?;
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
