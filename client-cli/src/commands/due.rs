//! `pep due`.

use std::{collections::BTreeSet, sync::Arc};

use chrono::NaiveDate;
use participant::{duties::OfChild, error::Error, lists, select, words};

use crate::{context::Context, json::due as json};

/// Which child needs which PEP by when, with or without a plan, the most pressing first
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this child: the id, its beginning (4 characters or more), or the exact name
    child: Option<String>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    context.me()?;
    let (today, children) = context.turn(move |device, now| {
        let one = args.child.map(|text| select::child(device, &text, now)).transpose()?;
        let mut children = lists::children(device, now)?;
        children.retain(|of| one.as_ref().is_none_or(|child| child.id == of.child.id));
        Ok::<_, Error>((now.day(), children))
    })?;
    if context.global.json {
        context.json(&children.iter().map(|of| json::OfChild::of(of)).collect::<Vec<_>>());
        return Ok(());
    }
    for of in &children {
        print(context, of, today);
    }
    let calendars: BTreeSet<&str> = children.iter().map(|of| of.calendar().name.as_str()).collect();
    if !children.is_empty() {
        let calendars = calendars.into_iter().collect::<Vec<_>>().join("; ");
        context.talk(format!("Days are counted by the calendar: {calendars}"));
    }
    if children.is_empty() {
        context.talk("No child yet. The Virtual School puts you on a child's team; `pep sync` then brings it here.");
    }
    Ok(())
}

/// A child, for people: whether there is a current PEP, and what is due.
pub fn print(context: &mut Context, of: &Arc<OfChild>, today: NaiveDate) {
    context.data(format!("{}  {}: {}", of.id(), of.child.name, words::currency(&of.duties)));
    print_duties(context, of, today);
}

/// What is due of a child, and what to look at.
pub fn print_duties(context: &mut Context, of: &OfChild, today: NaiveDate) {
    for one in &of.duties.dues {
        context.data(format!("    {}", words::duty(one, of.process.process(), of.calendar(), today)));
    }
    for note in &of.duties.notes {
        context.data(format!("    {note}"));
    }
    print_lacks(context, of);
}

/// Whom the team lacks.
pub fn print_lacks(context: &mut Context, of: &OfChild) {
    for lack in &of.lacks {
        context.data(format!("    {lack}"));
    }
}
