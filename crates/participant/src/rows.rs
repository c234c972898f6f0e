//! Rows of tables, also of those within a target.

use std::sync::Arc;

use plan::{Answer, Applied, Cell, Cells, Edit, Question, Refused, Row, Value, View, Writer};

use crate::{Device, Error, Kind, Mine, Now, mine, now::Fresh, select};

/// The rows of a table, by its place: `attendance.terms`, `targets.list/KEY/funds`.
pub fn rows<'a>(view: &'a View, table: &str) -> &'a [Row] {
    let parts: Vec<&str> = table.split('/').collect();
    match parts.as_slice() {
        [_, target, table] => {
            let target = view.targets.iter().find(|t| t.row.key == *target);
            let found = target.and_then(|t| t.tables.iter().find(|(id, _)| *id == table));
            found.map_or(&[], |(_, rows)| rows.as_slice())
        }
        _ => match view.answers.get(table) {
            Some(Answer::Table(rows)) => rows,
            _ => &[],
        },
    }
}

/// The row that a new one would write over: whoever adds a row must not change one that is there.
pub fn taken<'a>(view: &'a View, table: &str, key: &str) -> Option<&'a Row> {
    rows(view, table).iter().find(|row| row.key == key && row.counts())
}

/// What a form that makes a row or a target would write over: it stands already, otherwise than the form's page showed it.
#[derive(Debug)]
pub struct Met<'a> {
    /// The row, or the row of the target.
    pub row: &'a Row,
    /// It counts, and says exactly what the form says: most likely the form came twice.
    pub so: bool,
}

/// What the edit of a form that makes a row or a target meets. `now`: the plan as it is; `seen`: as the form's page showed it, where
/// the key is not the form's own. `None` where nothing has come there since.
pub fn met<'a>(seen: Option<&View>, now: &'a View, edit: &Edit) -> Option<Met<'a>> {
    let (there, before, cells) = match edit {
        Edit::PutRow { question, key, cells } => {
            (row(now, question, key), seen.and_then(|seen| row(seen, question, key)), cells)
        }
        Edit::PutTarget { key, fields } => (target(now, key), seen.and_then(|seen| target(seen, key)), fields),
        _ => return None,
    };
    let row = there.filter(|there| before != Some(*there))?;
    Some(Met { row, so: row.counts() && says(row, cells) })
}

/// Whether a row says exactly this.
fn says(row: &Row, cells: &Cells) -> bool {
    let stands = row.cells.iter().filter(|(_, cell)| !matches!(cell, Cell::Computed(_)));
    let said: Vec<(&str, &Value)> =
        cells.iter().filter_map(|(column, value)| Some((column.as_str(), value.as_ref()?))).collect();
    let so = |(column, value): &(&str, &Value)| match row.cells.get(column) {
        Some(Cell::Value(there)) => there == *value,
        Some(Cell::Text { text }) => matches!(value, Value::Text(said) if said == text),
        _ => false,
    };
    stands.count() == said.len() && said.iter().all(so)
}

fn row<'a>(view: &'a View, table: &str, key: &str) -> Option<&'a Row> {
    rows(view, table).iter().find(|row| row.key == key)
}

fn target<'a>(view: &'a View, key: &str) -> Option<&'a Row> {
    view.targets.iter().map(|target| &target.row).find(|row| row.key == key)
}

/// Why a row or a target is not added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAdded {
    /// Nothing is said in it.
    Empty,
    /// There is such a row already: its key.
    Taken(String),
    /// The plan's reason.
    Refused(Refused),
}

impl NotAdded {
    /// For who wants to add to the table, in words.
    pub fn error(self, table: &str) -> Error {
        match self {
            NotAdded::Empty => {
                Error::new(Kind::Usage, "Nothing is said in it, so there is nothing to add. Enter at least one thing.")
            }
            NotAdded::Taken(key) => Error::new(Kind::Failed, "There is a row for that already. Nothing was changed.")
                .hint(format!(
                    "To change it: pep row set PEP {table} {key} COLUMN=VALUE. `pep show PEP --field FIELD` shows it."
                )),
            NotAdded::Refused(refused) => refused.into(),
        }
    }
}

/// A row to be added.
pub struct New<'a> {
    /// The table.
    pub table: &'a str,
    /// Its key, where somebody says it; else what its cells make of it.
    pub key: Option<String>,
    /// What it says.
    pub cells: Cells,
    /// The key under which the same may have come before, and then is there already.
    pub again: Option<&'a str>,
}

/// The edit that adds a row, and the row's key.
pub fn added(view: &View, new: New<'_>, writer: &Writer, fresh: Fresh<'_>) -> Result<(String, Edit), NotAdded> {
    let New { table, key, cells, again } = new;
    if cells.values().all(Option::is_none) {
        return Err(NotAdded::Empty);
    }
    let key = match key {
        Some(key) => key,
        None => plan::row_key(table, &cells, writer, &mut || *fresh().as_bytes()).map_err(NotAdded::Refused)?,
    };
    // The same form sent twice adds one row; `met` says what stands there then.
    let twice = |row: &Row| again.is_some_and(|again| row.key == again || says(row, &cells));
    match taken(view, table, &key).filter(|row| !twice(row)) {
        Some(_) => Err(NotAdded::Taken(key)),
        None => Ok((key.clone(), changed(table, &key, cells))),
    }
}

/// The edit that changes cells of a row; it brings a withdrawn one back.
pub fn changed(table: &str, key: &str, cells: Cells) -> Edit {
    Edit::PutRow { question: table.to_owned(), key: key.to_owned(), cells }
}

/// The edit that withdraws a row; what it said is kept.
pub fn withdrawn(table: &str, key: &str) -> Edit {
    Edit::WithdrawRow { question: table.to_owned(), key: key.to_owned() }
}

/// Adds a row to a table, and gives its key: the one that `key` says, or what its cells make of it. In `field` a target may be named
/// by the beginning of its key. On the disk when this returns.
pub fn add(
    device: &mut Device,
    mine: &Mine,
    field: &str,
    key: Option<String>,
    cells: Cells,
    fresh: Fresh<'_>,
    now: &Now,
) -> Result<(String, Applied), Error> {
    let (question, view, table) = find(device, mine, field)?;
    let new = New { table: &table, key, cells, again: None };
    let (key, edit) = added(&view, new, &mine.writer(device, now)?, fresh).map_err(|no| no.error(&table))?;
    let applied = mine.edit(device, question, &[edit], now)?;
    Ok((key, applied))
}

/// Changes cells of a row, by its key or the beginning of it; gives the table's place. On the disk when this returns.
pub fn change(
    device: &mut Device,
    mine: &Mine,
    field: &str,
    key: &str,
    cells: Cells,
    now: &Now,
) -> Result<(String, Applied), Error> {
    let (question, view, table) = find(device, mine, field)?;
    let key = select::key("row", key, rows(&view, &table).iter().map(|row| row.key.as_str()))?;
    let applied = mine.edit(device, question, &[changed(&table, &key, cells)], now)?;
    Ok((table, applied))
}

/// Withdraws a row, by its key or the beginning of it; gives the table's place. On the disk when this returns.
pub fn withdraw(
    device: &mut Device,
    mine: &Mine,
    field: &str,
    key: &str,
    now: &Now,
) -> Result<(String, Applied), Error> {
    let (question, view, table) = find(device, mine, field)?;
    let key = select::key("row", key, rows(&view, &table).iter().map(|row| row.key.as_str()))?;
    let applied = mine.edit(device, question, &[withdrawn(&table, &key)], now)?;
    Ok((table, applied))
}

/// The question, the plan, and the table's place with the whole key of the target it is in.
fn find(device: &mut Device, mine: &Mine, field: &str) -> Result<(&'static Question, Arc<View>, String), Error> {
    let question = mine::question(field.split('/').next().unwrap_or(field))?;
    mine.may_read(device, question)?;
    let view = mine.view(device)?;
    let table = match field.split('/').collect::<Vec<_>>().as_slice() {
        [question, target, table] => {
            let target = select::key("target", target, view.targets.iter().map(|t| t.row.key.as_str()))?;
            format!("{question}/{target}/{table}")
        }
        _ => field.to_owned(),
    };
    Ok((question, view, table))
}
