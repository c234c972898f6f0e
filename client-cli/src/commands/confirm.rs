//! `pep confirm`.

use plan::{DocumentKind, Edit, View};

use crate::{context::Context, json::edits::Confirmed};
use participant::{
    Mine,
    error::{Error, Kind},
    select,
    words::counted,
};

/// Confirm answers that came from the last PEP, as they stand
///
/// What is to be confirmed counts as missing until somebody does; any change of the answer confirms it too. `pep show PEP`
/// says which they are.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// The questions, such as care.legalStatus
    #[arg(value_name = "FIELD", required_unless_present = "page", conflicts_with = "page")]
    fields: Vec<String>,
    /// Everything on one page that is yours to confirm, such as C
    #[arg(long, value_name = "P")]
    page: Option<String>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    let view = context.view(&mine)?;
    let fields = match &args.page {
        Some(page) => on_page(&mine, &view, page)?,
        None => args.fields.clone(),
    };
    // Whether all of them may be is found out before any is.
    for field in &fields {
        let question = context.question(field)?;
        context.may_read(&mine, question)?;
        if !mine.pep.process().writers_of(question).contains(&mine.role) {
            let owners = mine.pep.process().writers_of(question);
            return Err(plan::Refused::NotYours { question: field.clone(), owners }.into());
        }
    }
    let mut confirmed = Vec::new();
    let mut last = None;
    for kind in DocumentKind::ALL {
        let here = fields.iter().filter(|field| kind.holds(field));
        let edits: Vec<Edit> = here.clone().map(|field| Edit::Confirm { question: field.clone() }).collect();
        let Some(question) = here.clone().next() else { continue };
        let question = context.question(question)?;
        let applied = context.edit(&mine, question, edits)?;
        confirmed.extend(here.filter(|field| view.to_confirm.contains(field.as_str())).cloned());
        if last.is_none() || applied.change.is_some() {
            last = Some(applied);
        }
    }
    if context.global.json {
        context.json(&Confirmed { pep: mine.pep.id(), confirmed });
    } else if !confirmed.is_empty() {
        context.talk(format!("Confirmed: {}.", counted(confirmed.len(), "answer")));
    }
    match last {
        Some(applied) => context.saved(&applied),
        None => {
            context.talk("Nothing there waits for you to confirm it.");
            Ok(())
        }
    }
}

fn on_page(mine: &Mine, view: &View, page: &str) -> Result<Vec<String>, Error> {
    let page = select::page(mine, page)?;
    let waiting = page.questions.iter().filter(|question| view.to_confirm.contains(question.id.as_str()));
    let mut fields = Vec::new();
    let mut others = false;
    for question in waiting {
        match mine.pep.process().writers_of(question).contains(&mine.role) {
            true => fields.push(question.id.clone()),
            false => others = true,
        }
    }
    if fields.is_empty() && others {
        let message = format!("What waits on page {} is not yours to confirm.", page.id);
        return Err(Error::new(Kind::NotPermitted, message)
            .hint(format!("The {} answers for it.", page.owner.label().to_lowercase())));
    }
    Ok(fields)
}
