//! Rows of tables, also of those within a target.

use plan::{Answer, Applied, Cells, Edit, Row, View};

use crate::{Device, Error, Kind, Mine, Now, mine, now::Fresh};

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

/// Adds a row to a table, and gives its key: the one that `key` says, or what its cells make of it. On the disk when this returns.
pub fn add(
    device: &mut Device,
    mine: &Mine,
    table: &str,
    key: Option<String>,
    cells: Cells,
    fresh: Fresh<'_>,
    now: &Now,
) -> Result<(String, Applied), Error> {
    let question = mine::question(table.split('/').next().unwrap_or(table))?;
    let key = match key {
        Some(key) => key,
        None => plan::row_key(table, &cells, &mine.writer(device, now)?, &mut || *fresh().as_bytes())?,
    };
    if taken(&*mine.view(device)?, table, &key).is_some() {
        return Err(Error::new(Kind::Failed, "There is a row for that already. Nothing was changed.").hint(format!(
            "To change it: pep row set PEP {table} {key} COLUMN=VALUE. `pep show PEP --field FIELD` shows it."
        )));
    }
    let edit = Edit::PutRow { question: table.to_owned(), key: key.clone(), cells };
    let applied = mine.edit(device, question, &[edit], now)?;
    Ok((key, applied))
}
