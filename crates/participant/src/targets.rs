//! Targets: added, begun from one of the last PEP, changed, agreed, withdrawn, and those of the last PEP reviewed.

use plan::{Applied, Cells, Edit, Refused, Value, View, Writer};
use uuid::Uuid;

use crate::{Device, Error, Kind, Mine, Now, bring, mine, rows::NotAdded, select};

const TARGETS: &str = "targets.list";
const REVIEW: &str = "targets.review";

/// The edit that adds a target; `key` is nobody's yet. One of which nothing is said is none.
pub fn added(key: Uuid, fields: Cells) -> Result<Edit, NotAdded> {
    match fields.values().all(Option::is_none) {
        true => Err(NotAdded::Empty),
        false => Ok(changed(&key.to_string(), fields)),
    }
}

/// The edit that changes fields of a target; it brings a withdrawn one back.
pub fn changed(key: &str, fields: Cells) -> Edit {
    Edit::PutTarget { key: key.to_owned(), fields }
}

/// The edit that agrees a target.
pub fn agreed(key: &str) -> Edit {
    changed(key, Cells::from([("status".to_owned(), Some(Value::Choice("agreed".to_owned())))]))
}

/// The edit that withdraws a target; what it said is kept.
pub fn withdrawn(key: &str) -> Edit {
    Edit::WithdrawTarget { key: key.to_owned() }
}

/// The edit that says how a target of the last PEP went, and the key of its row. `target` is that target's key, or what somebody
/// calls it.
pub fn reviewed(target: &str, cells: Cells, writer: &Writer) -> Result<(String, Edit), Refused> {
    let named = Cells::from([("target".to_owned(), Some(Value::Text(target.to_owned())))]);
    // The key follows from the target: no chance is drawn.
    let key = plan::row_key(REVIEW, &named, writer, &mut || [0; 16])?;
    let cells = named.into_iter().chain(cells).collect();
    Ok((key.clone(), Edit::PutRow { question: REVIEW.to_owned(), key, cells }))
}

/// Adds a target with these fields; `from` a target of the last PEP, by its key or the beginning of it, it goes on from that one. On
/// the disk when this returns.
pub fn add(
    device: &mut Device,
    mine: &Mine,
    key: Uuid,
    fields: Cells,
    from: Option<&str>,
    now: &Now,
) -> Result<Applied, Error> {
    let mut all = match from {
        Some(from) => begun(device, mine, from)?,
        None => Cells::new(),
    };
    all.extend(fields);
    let edit = added(key, all).map_err(|no| no.error(TARGETS))?;
    mine.edit(device, mine::question(TARGETS)?, &[edit], now)
}

/// Changes fields of a target, by its key or the beginning of it; gives the whole key. On the disk when this returns.
pub fn change(
    device: &mut Device,
    mine: &Mine,
    target: &str,
    fields: Cells,
    now: &Now,
) -> Result<(String, Applied), Error> {
    let key = find(&*mine.view(device)?, target)?;
    let applied = mine.edit(device, mine::question(TARGETS)?, &[changed(&key, fields)], now)?;
    Ok((key, applied))
}

/// Withdraws a target, by its key or the beginning of it; gives the whole key. On the disk when this returns.
pub fn withdraw(device: &mut Device, mine: &Mine, target: &str, now: &Now) -> Result<(String, Applied), Error> {
    let key = find(&*mine.view(device)?, target)?;
    let applied = mine.edit(device, mine::question(TARGETS)?, &[withdrawn(&key)], now)?;
    Ok((key, applied))
}

/// Says how a target of the last PEP went, by its key, its words or its subject; gives the key of the review. On the disk when
/// this returns.
pub fn review(
    device: &mut Device,
    mine: &Mine,
    target: &str,
    cells: Cells,
    now: &Now,
) -> Result<(String, Applied), Error> {
    let target = bring::last_target(&bring::last(device, mine)?, target).unwrap_or_else(|| target.to_owned());
    let (key, edit) = reviewed(&target, cells, &mine.writer(device, now)?)?;
    let applied = mine.edit(device, mine::question(REVIEW)?, &[edit], now)?;
    Ok((key, applied))
}

/// The fields of a target that goes on from one of the last PEP.
fn begun(device: &mut Device, mine: &Mine, from: &str) -> Result<Cells, Error> {
    let Some((_, before)) = bring::last(device, mine)? else {
        return Err(Error::new(Kind::Failed, "The last PEP of this child is not on this device.").hint(
            "`pep sync` fetches the plans of your teams. Without it, write the target anew: pep target add PEP FIELD=VALUE …",
        ));
    };
    let key = select::key("target of the last PEP", from, before.targets.iter().map(|t| t.row.key.as_str()))?;
    Ok(plan::target_from(&before, &*mine.view(device)?, &key)?)
}

fn find(view: &View, target: &str) -> Result<String, Error> {
    select::key("target", target, view.targets.iter().map(|t| t.row.key.as_str()))
}
