//! `pep target`.

use participant::bring;
use plan::Edit;

use crate::{clock, commands::row, context::Context, json::edits::WrittenRow};
use participant::{
    Mine,
    error::{Error, Kind},
    select,
};

const TARGETS: &str = "targets.list";
const REVIEW: &str = "targets.review";

/// Targets: what the child will be able to do, how you will know, and by when
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Add a target; prints its key
    ///
    /// Fields: category, area, childWords, statement, purpose, baseline, measure, dueDate, responsible, helpers,
    /// homeSupport, status … For example: pep target add 3f2c category=academic "statement=I will write three paragraphs"
    /// "measure=12/20, twice" dueDate=2026-05-22 status=agreed
    Add {
        /// The PEP's id, or its beginning (4 characters or more)
        pep: String,
        /// field=value …
        #[arg(required_unless_present = "from", value_name = "FIELD=VALUE")]
        fields: Vec<String>,
        /// Go on from a target of the last PEP, by its key or its beginning, once its review says carry_forward or replace
        #[arg(long, value_name = "KEY")]
        from: Option<String>,
    },
    /// Change fields of a target; an empty value empties a field
    Set {
        /// The PEP's id, or its beginning (4 characters or more)
        pep: String,
        /// The target's key, or its beginning (4 characters or more)
        target: String,
        /// field=value …
        #[arg(required = true, value_name = "FIELD=VALUE")]
        fields: Vec<String>,
    },
    /// Add a funding row to a target; prints the row's key
    ///
    /// For example: pep target fund 3f2c 8a41 item=tuition unitCost=38.00 quantity=8 payTo=retained_by_vs. To change one
    /// later: pep row set 3f2c targets.list/8a41/funds ROW unitCost=36.00
    Fund {
        /// The PEP's id, or its beginning (4 characters or more)
        pep: String,
        /// The target's key, or its beginning (4 characters or more)
        target: String,
        /// column=value …
        #[arg(required = true, value_name = "COLUMN=VALUE")]
        cells: Vec<String>,
    },
    /// Say how a target of the last PEP went
    ///
    /// For example: pep target review 3f2c "A four-paragraph essay" result=partly_achieved "evidence=3 paragraphs, 2 of 3 times"
    Review {
        /// The PEP's id, or its beginning (4 characters or more)
        pep: String,
        /// The target of the last PEP, by its key, its words or its subject
        target: String,
        /// column=value …
        #[arg(required = true, value_name = "COLUMN=VALUE")]
        cells: Vec<String>,
    },
    /// Withdraw a target; what it said is kept
    Withdraw {
        /// The PEP's id, or its beginning (4 characters or more)
        pep: String,
        /// The target's key, or its beginning (4 characters or more)
        target: String,
    },
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    match args.verb {
        Verb::Add { pep, fields, from } => {
            let mine = context.mine(&pep)?;
            let key = clock::fresh_id().to_string();
            let mut fields = row::parse(TARGETS, &fields)?;
            if let Some(from) = from {
                let mut begun = begun(context, &mine, &from)?;
                begun.append(&mut fields);
                fields = begun;
            }
            let question = context.question(TARGETS)?;
            let applied = context.edit(&mine, question, vec![Edit::PutTarget { key: key.clone(), fields }])?;
            row::print_key(context, &key);
            context.saved(&applied)
        }
        Verb::Set { pep, target, fields } => {
            let mine = context.mine(&pep)?;
            let key = find(context, &mine, &target)?;
            let fields = row::parse(TARGETS, &fields)?;
            apply(context, &mine, TARGETS, &key.clone(), Edit::PutTarget { key, fields })
        }
        Verb::Fund { pep, target, cells } => {
            row::add(context, &pep, &format!("{TARGETS}/{target}/funds"), None, &cells)
        }
        Verb::Review { pep, target, cells } => {
            let mine = context.mine(&pep)?;
            let cells = row::parse(REVIEW, &cells)?;
            let target = bring::last_target(&context.last(&mine)?, &target).unwrap_or(target);
            let named = plan::Cells::from([("target".to_string(), Some(plan::Value::Text(target)))]);
            let writer = plan::Writer { person: uuid::Uuid::from_bytes(context.me()?.person), role: mine.role };
            let key = plan::row_key(REVIEW, &named, &writer, &mut || *clock::fresh_id().as_bytes())?;
            let cells = named.into_iter().chain(cells).collect();
            apply(context, &mine, REVIEW, &key.clone(), Edit::PutRow { question: REVIEW.into(), key, cells })
        }
        Verb::Withdraw { pep, target } => {
            let mine = context.mine(&pep)?;
            let key = find(context, &mine, &target)?;
            apply(context, &mine, TARGETS, &key.clone(), Edit::WithdrawTarget { key })
        }
    }
}

/// The fields of a target that goes on from one of the last PEP.
fn begun(context: &Context, mine: &Mine, from: &str) -> Result<plan::Cells, Error> {
    let Some((_, before)) = context.last(mine)? else {
        return Err(Error::new(Kind::Failed, "The last PEP of this child is not on this device.")
            .hint("`pep sync` fetches the plans of your teams. Without it, write the target anew: pep target add PEP FIELD=VALUE …"));
    };
    let key = select::key("target of the last PEP", from, before.targets.iter().map(|t| t.row.key.as_str()))?;
    Ok(plan::target_from(&before, &*context.view(mine)?, &key)?)
}

fn find(context: &Context, mine: &Mine, target: &str) -> Result<String, Error> {
    let view = context.view(mine)?;
    select::key("target", target, view.targets.iter().map(|t| t.row.key.as_str()))
}

fn apply(context: &mut Context, mine: &Mine, question: &str, key: &str, edit: Edit) -> Result<(), Error> {
    let question = context.question(question)?;
    let applied = context.edit(mine, question, vec![edit])?;
    if context.global.json {
        let (pep, changed) = (mine.pep.id(), applied.change.is_some());
        context.json(&WrittenRow { pep, key: key.to_owned(), changed });
    }
    context.saved(&applied)
}
