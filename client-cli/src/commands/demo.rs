//! `pep demo`.

mod children;
mod hour;
mod stage;
mod story;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use plan::SAMPLES;

use crate::{
    context::Context,
    json::demo::{Demo, Played, Step},
};
use participant::error::{Error, Kind};

use stage::Stage;
use story::Story;

/// Try the program on this computer alone, with people who do not exist
///
/// Starts a relay, and the PEP meeting of one child, Idris Fennimoor: it prints an address for each of three people, a social
/// worker, a designated teacher and an officer of the Virtual School, and says what to try. More children come while you look;
/// ctrl-c ends it. With --check, and no browser, three people write offline in one plan, come back and share; it shows what
/// merged and the one answer that somebody has to choose, and ends with 0 only if everybody holds the same and no word is
/// missing. With --child it loads the whole plans of a sample child instead, with everybody who wrote them, from the first
/// invitation to the sign-off.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Load the plans of a sample child, or of all of them, instead of the story
    #[arg(long, value_name = "NAME", value_parser = names())]
    child: Option<String>,
    /// Play the story, or load the child, check how it ends, and stop
    #[arg(long)]
    check: bool,
    /// Where to keep the files [default: a temporary folder, removed at the end]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let (dir, temporary) = place(context, args.dir)?;
    let stage = Stage::set(&dir)?;
    let result = match (&args.child, args.check) {
        (Some(child), check) => children::run(context, stage, child, check),
        (None, true) => check(context, stage),
        (None, false) => hour::run(context, stage),
    };
    match (result, temporary) {
        (Err(e), Some(temporary)) => {
            let kept = temporary.keep();
            Err(Error { hint: Some(format!("The files are kept in {}.", kept.display())), ..e })
        }
        (result, _) => result,
    }
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(SAMPLES.iter().map(|(name, _)| *name).chain([children::ALL]))
}

fn check(context: &mut Context, stage: Stage) -> Result<(), Error> {
    let mut story = Story::begin(context, stage)?;
    story.play()?;
    let steps = story.end();
    if context.global.json {
        let steps = steps
            .into_iter()
            .map(|(step, ms)| Step { step: step.into(), ms: u64::try_from(ms).unwrap_or(u64::MAX) })
            .collect();
        context.json(&Demo::Played(Played { ok: true, steps }));
    } else {
        context.data("\nEverybody holds the same, the relay too, and every word is there.");
    }
    Ok(())
}

fn place(context: &Context, dir: Option<PathBuf>) -> Result<(PathBuf, Option<tempfile::TempDir>), Error> {
    let failed = |e: std::io::Error| {
        Error::new(Kind::Failed, format!("The folder for the demonstration could not be made ({e})."))
    };
    let Some(dir) = dir else {
        let temporary = tempfile::Builder::new().prefix("pep-demo-").tempdir().map_err(failed)?;
        return Ok((temporary.path().to_path_buf(), Some(temporary)));
    };
    let dir = context.path(&dir);
    std::fs::create_dir_all(&dir).map_err(failed)?;
    if std::fs::read_dir(&dir).map_err(failed)?.next().is_some() {
        return Err(Error::new(Kind::Failed, format!("The folder {} is not empty.", dir.display()))
            .hint("Name a new folder: the demonstration begins from nothing."));
    }
    Ok((dir, None))
}
