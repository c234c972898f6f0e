//! `pep news`.

use chrono::NaiveDate;
use participant::{
    error::Error,
    news::{self, News},
    words,
};

use crate::{context::Context, json::history as json};

/// What others did since you were here: who wrote, commented, sent back or signed, also what came in late
///
/// What is shown counts as seen on this device. With --since it is only looked up, and stays as it was.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What was done on this day or later, seen or not
    #[arg(long, value_name = "DATE")]
    since: Option<NaiveDate>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    context.me()?;
    let since = args.since.map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp());
    let found = context.turn(move |device, now| news::all(device, since, now))?;
    if context.global.json {
        context.json(&found.iter().map(json::News::of).collect::<Vec<_>>());
    } else {
        found.iter().for_each(|one| print(context, one));
        if found.is_empty() {
            context.talk("Nothing is new.");
        }
    }
    if since.is_none() {
        let seen: Vec<_> = found.into_iter().map(|one| one.mine).collect();
        context.turn(move |device, _| seen.iter().try_for_each(|mine| news::seen(device, mine)))?;
    }
    Ok(())
}

fn print(context: &mut Context, one: &News) {
    let name = one.name.as_deref().unwrap_or("A child");
    context.data(format!("{name}, {}  pep show {}", words::sitting(&one.mine.pep), one.mine.pep.id()));
    for entry in &one.entries {
        let when = words::stretch(entry.began, entry.at, context.zone());
        context.data(format!("  {when} - {}", words::name(&entry.by)));
        for deed in &entry.deeds {
            context.data(format!("    {}", deed.sentence));
        }
    }
}
