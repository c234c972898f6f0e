//! `pep target`.

use plan::Applied;

use crate::{clock, commands::row, context::Context, json::edits::WrittenRow};
use participant::{Device, Mine, Now, error::Error, targets};

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
            let (mine, key, fields) = (context.mine(&pep)?, clock::fresh_id(), row::parse(TARGETS, &fields)?);
            let applied =
                context.turn(move |device, now| targets::add(device, &mine, key, fields, from.as_deref(), now))?;
            row::print_key(context, &key.to_string());
            context.saved(&applied)
        }
        Verb::Set { pep, target, fields } => {
            let (mine, fields) = (context.mine(&pep)?, row::parse(TARGETS, &fields)?);
            changed(context, &mine.clone(), move |device, now| targets::change(device, &mine, &target, fields, now))
        }
        Verb::Fund { pep, target, cells } => {
            row::add(context, &pep, &format!("{TARGETS}/{target}/funds"), None, &cells)
        }
        Verb::Review { pep, target, cells } => {
            let (mine, cells) = (context.mine(&pep)?, row::parse(REVIEW, &cells)?);
            changed(context, &mine.clone(), move |device, now| targets::review(device, &mine, &target, cells, now))
        }
        Verb::Withdraw { pep, target } => {
            let mine = context.mine(&pep)?;
            changed(context, &mine.clone(), move |device, now| targets::withdraw(device, &mine, &target, now))
        }
    }
}

/// Changes a target or its review, and says so.
fn changed(
    context: &mut Context,
    mine: &Mine,
    change: impl FnOnce(&mut Device, &Now) -> Result<(String, Applied), Error> + Send + 'static,
) -> Result<(), Error> {
    let (key, applied) = context.turn(change)?;
    if context.global.json {
        let (pep, changed) = (mine.pep.id(), applied.change.is_some());
        context.json(&WrittenRow { pep, key: key.to_owned(), changed });
    }
    context.saved(&applied)
}
