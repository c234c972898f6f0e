//! News: what others did in a plan since this person was here, also what came late and was done before.

use plan::Entry;
use uuid::Uuid;

use crate::{Device, Error, Mine, Now, lists};

/// What is new in one plan.
#[derive(Clone)]
pub struct News {
    /// The plan.
    pub mine: Mine,
    /// The child's name, where this device knows it.
    pub name: Option<String>,
    /// What others did, by when it ended, the oldest first.
    pub entries: Vec<Entry>,
}

/// What others did in a plan since this person was here; with `since`, from that moment on (seconds since 1970, by the authors'
/// clocks), seen or not.
pub fn of(device: &mut Device, mine: &Mine, since: Option<i64>) -> Result<Vec<Entry>, Error> {
    let person = device.me().map(|me| Uuid::from_bytes(me.person));
    let seen = if since.is_some() { None } else { device.seen(&mine.pep.id())? }.unwrap_or_default();
    let copies = mine.plan_documents(device)?;
    let none = Vec::new();
    let mut entries: Vec<Entry> = copies
        .held()
        .flat_map(|(kind, document)| {
            let heads = seen.get(&kind.to_string()).unwrap_or(&none);
            plan::news(document, &|actor| copies.author(actor), heads, person)
        })
        .collect();
    entries.retain(|entry| since.is_none_or(|since| entry.at >= since));
    entries.sort_by_key(|entry| entry.at);
    Ok(entries)
}

/// What is new in any plan of this device, plans with nothing left out.
pub fn all(device: &mut Device, since: Option<i64>, now: &Now) -> Result<Vec<News>, Error> {
    let plans: Vec<Mine> =
        lists::summaries(device, now)?.iter().map(|s| Mine { pep: s.pep.clone(), role: s.role }).collect();
    let mut found = Vec::new();
    for mine in plans {
        let entries = of(device, &mine, since)?;
        if !entries.is_empty() {
            let name = device.child(&mine.pep.child)?.map(|child| child.name);
            found.push(News { mine, name, entries });
        }
    }
    Ok(found)
}

/// This person has seen what is here of a plan. On the disk when this returns.
pub fn seen(device: &mut Device, mine: &Mine) -> Result<(), Error> {
    Ok(device.mark_seen(&mine.pep, mine.role)?)
}

/// Who wrote, each once, in the order in which they first did.
pub fn who(entries: &[Entry]) -> Vec<&str> {
    let mut names = Vec::new();
    for entry in entries {
        let name = crate::words::name(&entry.by);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
