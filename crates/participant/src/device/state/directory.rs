//! Entries of the directory as they are kept.

use std::collections::BTreeMap;

use gate::Id;
use replica::{Replica, Trouble};
use sync::{People, Roster, directory::Entry, frame::Complete};

use crate::device::facts::{from_cbor, read_fact};

/// Facts: entries, by the epoch in which they were signed and their subjects.
pub(in crate::device) const SHEETS: &[u8] = b"sheet/";
/// A fact: how far those of the newest epoch are complete.
pub(in crate::device) const COMPLETE: &[u8] = b"directory";
/// A fact: the roster that a relay of the first kind sent.
pub(in crate::device) const ROSTER: &[u8] = b"roster";

/// What is known of the entries held here.
#[derive(Default)]
pub(in crate::device) struct Directory {
    /// How far those of the newest epoch are complete; version 0 until all of them have come.
    pub(in crate::device) complete: Option<Complete>,
    /// Number of each that is held, by its name, of the newest epoch.
    pub(in crate::device) numbers: BTreeMap<Vec<u8>, u64>,
    /// Entries of a kind, or with a content, that this version does not know.
    pub(in crate::device) newer: BTreeMap<Vec<u8>, String>,
    /// Whether entries of earlier epochs are held beside them.
    pub(in crate::device) beside: bool,
    /// Whether people are shown as a roster said, until the entries are complete.
    pub(in crate::device) from_roster: bool,
    /// Whether the relay takes back what it lost: then what it signed in an earlier epoch stands beside.
    pub(in crate::device) unsettled: bool,
}

impl Directory {
    /// Reads what is kept, and makes of it who works with whom. `reader`: this device's person, `roster`: the one that is kept, if there is one.
    pub(in crate::device) fn read(
        replica: &Replica,
        reader: Option<&Id>,
        roster: Option<Roster>,
    ) -> Result<(Directory, People), Trouble> {
        let Some(person) = reader else { return Ok((Directory::default(), People::default())) };
        let complete: Option<Complete> = read_fact(replica, COMPLETE)?;
        let mut directory = Directory { complete, ..Directory::default() };
        let (mut now, mut before) = (Vec::new(), Vec::new());
        for (name, value) in replica.facts(SHEETS)? {
            let Some(entry) = from_cbor::<Entry>(&value) else { continue };
            if complete.is_some_and(|complete| complete.epoch == entry.epoch) {
                directory.numbers.insert(entry.name(), entry.number);
                now.push(entry);
            } else if name.len() > SHEETS.len() {
                before.push(entry);
            }
        }
        directory.beside = !before.is_empty();
        let newer = now.iter().filter(|entry| entry.sheet().is_none());
        directory.newer = newer.map(|entry| (entry.name(), entry.kind.clone())).collect();
        if let Some(roster) = roster {
            directory.from_roster = true;
            return Ok((directory, People::of(&roster)));
        }
        let mut people = People::default();
        for sheet in before.iter().filter_map(Entry::sheet) {
            people.take(sheet, person);
        }
        if directory.beside {
            people.remember();
        }
        for sheet in now.iter().filter_map(Entry::sheet) {
            people.take(sheet, person);
        }
        people.set_version(complete.map_or(0, |complete| complete.version));
        Ok((directory, people))
    }

    /// What is said in `hello`.
    pub(in crate::device) fn complete(&self) -> Option<Complete> {
        self.complete.filter(|complete| complete.version > 0)
    }

    /// Kinds of entries that only a newer version knows.
    pub(in crate::device) fn newer(&self) -> impl Iterator<Item = &String> {
        self.newer.values()
    }
}
