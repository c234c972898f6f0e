//! `pep row`.

use std::sync::Arc;

use plan::{Cells, Edit, View, parse_value};

use crate::{
    clock,
    context::Context,
    json::edits::{Added, Written},
};
use participant::{
    Mine,
    error::{Error, Kind},
    rows, select,
};

/// Rows of a table: attendance, subjects, actions …
///
/// Some rows are known by what is in them, such as attendance by its term: two people who add the same term write in one
/// row. The others are known by a key, which `pep row add` prints. A withdrawn row is kept and shown as withdrawn.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Add a row; prints its key
    Add {
        /// The PEP's id, or its beginning (4 characters or more)
        pep: String,
        /// The table, such as attendance.terms; in a target: targets.list/TARGET/interventions
        field: String,
        /// The row's key, where you know it, then column=value …
        #[arg(required = true, value_name = "KEY or COLUMN=VALUE")]
        cells: Vec<String>,
    },
    /// Change cells of a row; an empty value empties a cell
    Set {
        /// The PEP's id, or its beginning (4 characters or more)
        pep: String,
        /// The table
        field: String,
        /// The row's key, or its beginning (4 characters or more)
        key: String,
        /// column=value …
        #[arg(required = true, value_name = "COLUMN=VALUE")]
        cells: Vec<String>,
    },
    /// Withdraw a row; what it said is kept
    Withdraw {
        /// The PEP's id, or its beginning (4 characters or more)
        pep: String,
        /// The table
        field: String,
        /// The row's key, or its beginning (4 characters or more)
        key: String,
    },
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    match args.verb {
        Verb::Add { pep, field, mut cells } => {
            let key = cells.first().is_some_and(|first| !first.contains('=')).then(|| cells.remove(0));
            add(context, &pep, &field, key, &cells)
        }
        Verb::Set { pep, field, key, cells } => {
            let (mine, view, table) = find(context, &pep, &field)?;
            let key = select::key("row", &key, rows::rows(&view, &table).iter().map(|row| row.key.as_str()))?;
            let cells = parse(&table, &cells)?;
            apply(context, &mine, &table, Edit::PutRow { question: table.clone(), key, cells })
        }
        Verb::Withdraw { pep, field, key } => {
            let (mine, view, table) = find(context, &pep, &field)?;
            let key = select::key("row", &key, rows::rows(&view, &table).iter().map(|row| row.key.as_str()))?;
            apply(context, &mine, &table, Edit::WithdrawRow { question: table.clone(), key })
        }
    }
}

/// Adds a row to a table and prints its key.
pub fn add(context: &mut Context, pep: &str, field: &str, key: Option<String>, cells: &[String]) -> Result<(), Error> {
    let (mine, _, table) = find(context, pep, field)?;
    let cells = parse(&table, cells)?;
    let (key, applied) =
        context.turn(move |device, now| rows::add(device, &mine, &table, key, cells, &mut clock::fresh_id, now))?;
    print_key(context, &key);
    context.saved(&applied)
}

/// `column=value …` as cells of the table at `place`; an empty value empties the cell.
pub fn parse(place: &str, cells: &[String]) -> Result<Cells, Error> {
    // Within a target the place holds the target's key, which names no column.
    let parts: Vec<&str> = place.split('/').collect();
    let columns = match parts.as_slice() {
        [question, _, table] => format!("{question}/{table}"),
        _ => place.to_string(),
    };
    let mut parsed = Cells::new();
    for cell in cells {
        let Some((column, value)) = cell.split_once('=') else {
            return Err(Error::new(Kind::Usage, "A cell is written as column=value.")
                .hint("Put it in quotation marks where the value has spaces: \"term=Autumn 2025\""));
        };
        let place = format!("{columns}/{column}");
        let value = if value.is_empty() { None } else { Some(parse_value(&place, value)?) };
        parsed.insert(column.to_string(), value);
    }
    Ok(parsed)
}

/// Prints the key of what was added.
pub fn print_key(context: &mut Context, key: &str) {
    if context.global.json {
        context.json(&Added { key: key.to_owned() });
    } else {
        context.data(key);
    }
}

/// The plan, its view, and the table's place with the whole key of the target it is in.
fn find(context: &Context, pep: &str, field: &str) -> Result<(Mine, Arc<View>, String), Error> {
    let mine = context.mine(pep)?;
    let question = context.question(id_of(field))?;
    context.may_read(&mine, question)?;
    let view = context.view(&mine)?;
    let parts: Vec<&str> = field.split('/').collect();
    let table = match parts.as_slice() {
        [question, target, table] => {
            let target = select::key("target", target, view.targets.iter().map(|t| t.row.key.as_str()))?;
            format!("{question}/{target}/{table}")
        }
        _ => field.to_string(),
    };
    Ok((mine, view, table))
}

fn apply(context: &mut Context, mine: &Mine, table: &str, edit: Edit) -> Result<(), Error> {
    let question = context.question(id_of(table))?;
    let applied = context.edit(mine, question, vec![edit])?;
    if context.global.json {
        let (pep, changed) = (mine.pep.id(), applied.change.is_some());
        context.json(&Written { pep, field: table.to_owned(), changed });
    }
    context.saved(&applied)
}

fn id_of(place: &str) -> &str {
    place.split('/').next().unwrap_or(place)
}
