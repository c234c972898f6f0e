//! `pep held`.

use plan::Pep;
use replica::Trouble;

use crate::{
    context::Context,
    decide,
    json::{
        basics::Digest,
        held::{self, Decided},
    },
};
use participant::decisions;
use participant::{
    device::{Held, Said, Waiting},
    error::{Error, Kind},
    words::{self, counted},
};

/// Characters of a change's hash that are enough to name it, where no other begins so.
const PREFIX_MIN: usize = 4;

/// Show changes that could not be accepted, why, and what they say
///
/// Those of yours are kept on this device with their words. For the Virtual School it also shows those of everybody who works with
/// your children, as the relay has them now: who, when, which question, before and after.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Show one of them whole
    Show {
        /// The change: its hash, or 4 or more characters of its beginning
        change: String,
    },
    /// For the Virtual School: take one into the plan under its author's name, with those it builds on
    Accept {
        /// The change: its hash, or 4 or more characters of its beginning
        change: String,
    },
    /// For the Virtual School: decide that one stays out; only once its author has been told
    Discard {
        /// The change: its hash, or 4 or more characters of its beginning
        change: String,
    },
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    context.me()?;
    match args.command {
        None => list(context),
        Some(Command::Show { change }) => show(context, &change),
        Some(Command::Accept { change }) => decide(context, &change, true),
        Some(Command::Discard { change }) => decide(context, &change, false),
    }
}

fn list(context: &mut Context) -> Result<(), Error> {
    let own = context.with(|device| Ok::<_, Trouble>(device.refused()))?;
    // One's own are shown also where the relay does not answer.
    let (waiting, failed) = match fetched(context) {
        Ok(waiting) => (waiting, None),
        Err(e) => (Vec::new(), Some(e)),
    };
    if context.global.json {
        if failed.is_none() {
            let all: Vec<held::Held> =
                own.iter().map(held::Held::own).chain(waiting.iter().map(held::Held::waiting)).collect();
            context.json(&all);
        }
    } else {
        own.iter().for_each(|held| print_own(context, held, false));
        for one in &waiting {
            print_waiting(context, one, false)?;
        }
        if own.is_empty() && waiting.is_empty() && failed.is_none() {
            context.talk("Nothing of yours was refused, and nothing waits for your decision.");
        }
    }
    failed.map_or(Ok(()), Err)
}

fn show(context: &mut Context, change: &str) -> Result<(), Error> {
    let own = context.with(|device| Ok::<_, Trouble>(device.refused()))?;
    let wanted = change.to_lowercase();
    let mine: Vec<&Held> = own.iter().filter(|held| hex::encode(held.hash).starts_with(&wanted)).collect();
    if let ([held], true) = (mine.as_slice(), wanted.len() >= PREFIX_MIN) {
        if context.global.json {
            context.json(&held::Held::own(held));
        } else {
            print_own(context, held, true);
        }
        return Ok(());
    }
    let waiting = fetched(context)?;
    let one = find(&waiting, change)?;
    if context.global.json {
        context.json(&held::Held::waiting(one));
        return Ok(());
    }
    print_waiting(context, one, true)
}

fn decide(context: &mut Context, change: &str, accept: bool) -> Result<(), Error> {
    if !context.turn(|device, now| decisions::decides(device, now))? {
        return Err(Error::new(Kind::NotPermitted, "The Virtual School decides about changes that were refused.")
            .hint("`pep held` shows yours. Ask an officer of the child’s Virtual School."));
    }
    let waiting = fetched(context)?;
    let one = find(&waiting, change)?;
    let with = one.change.with.len();
    decide::decided(context.app()?, &one.change, accept)?;
    if context.global.json {
        let with = if accept { held::with(&one.change) } else { Vec::new() };
        context.json(&Decided { change: Digest::of(one.change.hash), accepted: accept, with });
    }
    context.talk(match (accept, with) {
        (true, 0) => "Accepted. It goes to everybody on the team under its author’s name.".to_string(),
        (true, n) => format!(
            "Accepted, with {} that it builds on. They go to everybody on the team under their author’s name.",
            counted(n, "change")
        ),
        (false, _) => "Discarded. It stays out of the plan; its author keeps the text and is told.".to_string(),
    });
    Ok(())
}

/// What waits for this person's decision, asked of the relay now. Nothing for those who decide about nothing.
fn fetched(context: &Context) -> Result<Vec<Waiting>, Error> {
    if !context.turn(|device, now| decisions::decides(device, now))? {
        return Ok(Vec::new());
    }
    let list = decide::fetched(context.app()?)?;
    context.with(move |device| device.waiting_for_me(list))
}

fn find<'a>(waiting: &'a [Waiting], change: &str) -> Result<&'a Waiting, Error> {
    let wanted = change.to_lowercase();
    let found: Vec<&Waiting> = waiting.iter().filter(|one| hex::encode(one.change.hash).starts_with(&wanted)).collect();
    match found.as_slice() {
        [one] if wanted.len() >= PREFIX_MIN => Ok(one),
        [] => Err(Error::new(Kind::Failed, "No held change has that hash.").hint("`pep held` shows them.")),
        _ => Err(Error::new(Kind::Usage, "That could be more than one held change.")
            .hint("Give more characters of its hash; `pep held` shows them.")),
    }
}

fn title(child: &str, pep: Option<&Pep>) -> String {
    pep.map_or_else(|| child.to_string(), |pep| format!("{child}, {}", words::sitting(pep)))
}

fn print_own(context: &mut Context, held: &Held, whole: bool) {
    let title = title(&held.child, held.pep.as_ref());
    context.data(format!("{} - {title} [{}]", words::moment(held.why.at, context.zone()), hex::encode(held.hash)));
    context.data(format!("  {}", held.why.detail));
    print_said(context, &held.said, whole);
}

fn print_waiting(context: &mut Context, one: &Waiting, whole: bool) -> Result<(), Error> {
    let title = match &one.pep {
        Some(pep) => context.title(pep)?,
        None => "A plan that is not on this device".to_string(),
    };
    context.data(format!(
        "{} - {title} [{}]",
        words::moment(one.change.at, context.zone()),
        hex::encode(one.change.hash)
    ));
    context.data(format!("  {}", one.author));
    context.data(format!("  {}", decisions::reason(one)));
    print_said(context, &one.said, whole);
    if one.said.is_empty() {
        context.data("  What it says cannot be shown on this device.");
    }
    Ok(())
}

fn print_said(context: &mut Context, said: &[Said], whole: bool) {
    for deed in said {
        context.data(format!("  {} [{}]", deed.sentence, deed.question));
        let Some((before, after)) = &deed.words else { continue };
        for (name, text) in [("before", before), ("after", after)] {
            let shown = if whole { text.clone() } else { shortened(text) };
            if shown.is_empty() {
                context.data(format!("    {name}: (nothing)"));
            }
            for (number, line) in shown.lines().enumerate() {
                let mark = if number == 0 { format!("{name}: ") } else { " ".repeat(name.len() + 2) };
                context.data(format!("    {mark}{line}"));
            }
        }
    }
}

/// As much of a text as a list shows.
fn shortened(text: &str) -> String {
    const LETTERS: usize = 300;
    let all = text.chars().count();
    if all <= LETTERS {
        return text.to_string();
    }
    let beginning: String = text.chars().take(LETTERS).collect();
    format!("{beginning}… and {} more letters (pep held show)", all - LETTERS)
}
