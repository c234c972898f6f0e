//! `pep return`.

use chrono::NaiveDate;
use plan::{Cells, Edit, Role, Value};
use serde_json::json;

use crate::{clock, commands::row, context::Context};
use participant::error::{Error, Kind};

const RETURNED: &str = "qa.returnedFor";

/// Return a plan to the designated teacher or the social worker, with what to put right: the Virtual School
///
/// Only theirs is asked to say “complete” again; what the other signed stands.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// Who puts it right: designated-teacher or social-worker
    #[arg(long, value_name = "ROLE")]
    to: Role,
    /// What must be put right
    #[arg(long, value_name = "T")]
    reason: String,
    /// The page it is on, such as 10
    #[arg(long, value_name = "P")]
    page: Option<String>,
    /// By when
    #[arg(long, value_name = "DATE")]
    by: Option<NaiveDate>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    if args.reason.trim().is_empty() {
        return Err(Error::new(Kind::Usage, "Say what must be put right: --reason \"…\""));
    }
    if context.view(&mine)?.signed_off() {
        return Err(Error::new(Kind::Failed, "This plan is signed off, so nothing of it is returned.")
            .hint("What is written now is the living plan and goes into the next PEP; `pep comment` says what you would change."));
    }
    let page = match &args.page {
        Some(wanted) => {
            let pages = &mine.pep.process().pages;
            let known: Vec<&str> = pages.iter().map(|page| page.id.as_str()).collect();
            let page = pages.iter().find(|page| page.id.eq_ignore_ascii_case(wanted));
            Some(page.map(|page| page.id.clone()).ok_or_else(|| {
                Error::new(Kind::Failed, "This plan has no such page.")
                    .hint(format!("Its pages: {}.", known.join(", ")))
            })?)
        }
        None => None,
    };
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let mut cells =
        Cells::from([("owner".to_owned(), text(args.to.slug())), ("what".to_owned(), text(args.reason.trim()))]);
    cells.extend(page.map(|page| ("section".to_owned(), text(&page))));
    cells.extend(args.by.map(|by| ("byWhen".to_owned(), Some(Value::Date(by)))));
    let (question, key) = (context.question(RETURNED)?, clock::fresh_id().to_string());
    let edit = Edit::PutRow { question: RETURNED.into(), key: key.clone(), cells };
    let applied = context.edit(&mine, question, vec![edit])?;
    if context.global.json {
        context.json(&json!({ "pep": mine.pep.id(), "key": key }));
    } else {
        row::print_key(context, &key);
    }
    context.talk(format!("Returned to the {}.", args.to.label().to_lowercase()));
    context.saved(&applied)
}
