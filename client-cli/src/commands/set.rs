//! `pep set`.

use std::{fs, path::Path};

use plan::{NoAnswer, NotAPicture, PICTURE_BYTES_MAX, Picture, Question, Value};

use crate::{context::Context, json::edits::Written};
use participant::{
    answers::{self, Given},
    error::{Error, Kind},
    words,
};

/// Answer a question: a choice, a date, a number, yes or no, a name, a short text
///
/// Dates are written as 2026-02-26, money as 520.00, several choices with commas between; for a picture name its file, a JPEG,
/// PNG or WebP of at most 45 kB. For longer texts there is `pep write`, for tables `pep row`, for targets `pep target`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// The question, such as transfer.needed
    field: String,
    /// The answer
    #[arg(required_unless_present_any = ["clear", "none"], conflicts_with_all = ["clear", "none"], allow_hyphen_values = true)]
    value: Option<String>,
    /// Take the answer away
    #[arg(long)]
    clear: bool,
    /// Say why there is no answer: nothing-to-record (of a table), not-known or not-applicable
    #[arg(long, value_name = "WHY", conflicts_with = "clear")]
    none: Option<NoAnswer>,
    /// The reason, for not-known and not-applicable
    #[arg(long, value_name = "TEXT", requires = "none", conflicts_with_all = ["value", "clear"])]
    reason: Option<String>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    let question = context.question(&args.field)?;
    if let Some(other) = words::other_command(question, &args.pep)
        && !args.clear
        && args.none.is_none()
        && !question.computed
    {
        return Err(Error::new(Kind::Usage, format!("{} is not answered with pep set.", question.id)).hint(other));
    }
    let given = match (args.value, args.none) {
        (Some(text), _) => value(context, question, &text)?,
        (None, Some(why)) => Given::NoAnswer(why, args.reason.unwrap_or_default()),
        (None, None) => Given::Nothing,
    };
    let asked = mine.clone();
    let applied = context.turn(move |device, now| answers::give(device, &asked, question, given, now))?;
    if context.global.json {
        let (pep, changed) = (mine.pep.id(), applied.change.is_some());
        context.json(&Written { pep, field: question.id.clone(), changed });
    }
    context.saved(&applied)
}

/// The value; of a picture the file of this name.
fn value(context: &Context, question: &Question, text: &str) -> Result<Given, Error> {
    if question.kind != plan::Kind::Picture {
        return Ok(Given::said(question, text)?);
    }
    let path = context.path(Path::new(text));
    let unreadable = |e: std::io::Error| {
        let message = format!("The file {} could not be read ({e}). Nothing was changed.", path.display());
        Error::new(Kind::Failed, message)
    };
    // Looked at before it is read: a file of any size may be given by mistake.
    let size = usize::try_from(fs::metadata(&path).map_err(unreadable)?.len()).unwrap_or(usize::MAX);
    let picture = match size > PICTURE_BYTES_MAX {
        true => Err(NotAPicture::TooLarge { bytes: size }),
        false => Picture::of_file(&fs::read(&path).map_err(unreadable)?),
    };
    picture
        .map(|picture| Given::Value(Value::Picture(picture)))
        .map_err(|no| Error::new(Kind::Failed, format!("{no} Nothing was changed.")))
}
