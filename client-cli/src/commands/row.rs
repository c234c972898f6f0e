//! `pep row`.

use plan::{Applied, Cells, parse_value};

use crate::{
    clock,
    context::Context,
    json::edits::{Added, Written},
};
use participant::{
    Device, Mine, Now,
    error::{Error, Kind},
    rows,
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
            let (mine, cells) = (context.mine(&pep)?, parse(&field, &cells)?);
            changed(context, &mine.clone(), move |device, now| rows::change(device, &mine, &field, &key, cells, now))
        }
        Verb::Withdraw { pep, field, key } => {
            let mine = context.mine(&pep)?;
            changed(context, &mine.clone(), move |device, now| rows::withdraw(device, &mine, &field, &key, now))
        }
    }
}

/// Adds a row to a table and prints its key.
pub fn add(context: &mut Context, pep: &str, field: &str, key: Option<String>, cells: &[String]) -> Result<(), Error> {
    let (mine, field, cells) = (context.mine(pep)?, field.to_owned(), parse(field, cells)?);
    let (key, applied) =
        context.turn(move |device, now| rows::add(device, &mine, &field, key, cells, &mut clock::fresh_id, now))?;
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
        if parsed.insert(column.to_string(), value).is_some() {
            return Err(Error::new(Kind::Usage, format!("{column} is there twice; give it once.")));
        }
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

/// Changes a row, and says so.
fn changed(
    context: &mut Context,
    mine: &Mine,
    change: impl FnOnce(&mut Device, &Now) -> Result<(String, Applied), Error> + Send + 'static,
) -> Result<(), Error> {
    let (table, applied) = context.turn(change)?;
    if context.global.json {
        let (pep, changed) = (mine.pep.id(), applied.change.is_some());
        context.json(&Written { pep, field: table.to_owned(), changed });
    }
    context.saved(&applied)
}
