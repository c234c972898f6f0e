//! `pep history`.

use plan::Entry;
use replica::Trouble;

use crate::{context::Context, json::history::Stretch};
use participant::{Mine, error::Error, words};

/// Show who changed what and when, oldest first
///
/// What one person did at a stretch stands together. With --field one question is looked at closely.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// Only one question, such as funding.tuition
    #[arg(long)]
    field: Option<String>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    let field = match &args.field {
        Some(field) => {
            let question = context.question(field)?;
            context.may_read(&mine, question)?;
            Some(question.id.as_str())
        }
        None => None,
    };
    let entries = entries(context, &mine, field)?;
    if context.global.json {
        context.json(&entries.iter().map(Stretch::of).collect::<Vec<_>>());
        return Ok(());
    }
    for entry in &entries {
        context.data(format!("{} - {}", words::stretch(entry.began, entry.at, context.zone()), words::name(&entry.by)));
        for deed in &entry.deeds {
            context.data(format!("  {}", deed.sentence));
        }
    }
    if entries.is_empty() {
        context.talk("Nobody has written anything there yet.");
    }
    Ok(())
}

fn entries(context: &Context, mine: &Mine, field: Option<&'static str>) -> Result<Vec<Entry>, Error> {
    let Mine { pep, role }: Mine = mine.clone();
    context.with(move |device| {
        let copies = device.plan_documents(&pep, role)?;
        let mut entries: Vec<Entry> = copies
            .held()
            .flat_map(|(_, document)| plan::history(document, &|actor| copies.author(actor), field))
            .collect();
        entries.sort_by_key(|entry| entry.at);
        Ok::<_, Trouble>(entries)
    })
}
