//! `pep tasks`.

use participant::{
    error::Error,
    tasks::{self, ToDo},
    words,
};

use crate::{context::Context, json::tasks as json};

/// What waits for you, the most urgent first
///
/// What was sent back, what wants an answer, a choice, a confirmation or your signature, what you said you would do. The Virtual
/// School sees with --all who owes what.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What waits for anybody on the teams of your plans, with whose it is, as far as you may read it
    #[arg(long)]
    all: bool,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    context.me()?;
    let all = args.all;
    let found = context.turn(move |device, now| match all {
        true => tasks::everybodys(device, now),
        false => tasks::mine(device, now),
    })?;
    if context.global.json {
        let all: Vec<json::Task> = found.iter().map(json::Task::of).collect();
        context.json(&all);
        return Ok(());
    }
    for one in &found {
        print(context, one);
    }
    if found.is_empty() {
        context.talk("Nothing waits for you. `pep list` shows your plans.");
    }
    Ok(())
}

fn print(context: &mut Context, one: &ToDo) {
    let name = one.name.as_deref().unwrap_or("A child");
    let sitting = one.pep.as_ref().map_or(String::new(), |pep| format!(", {}", words::sitting(pep)));
    let when = tasks::when(one).map_or(String::new(), |when| format!(" ({when})"));
    let who = one.who.as_ref().map_or(String::new(), |who| format!("{}: ", who.name));
    let pep = one.pep.as_ref().map_or(String::new(), |pep| format!("  pep show {}", pep.id()));
    context.data(format!("{who}{}{when}", tasks::said(&one.task, one.role)));
    context.data(format!("    {name}{sitting}{pep}"));
}
