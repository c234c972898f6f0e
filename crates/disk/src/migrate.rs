//! Bringing a folder of an earlier layout up to this one: a function for each. Cut short at any moment, the next start goes on.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use replica::{
    Damage, Trouble,
    cbor::from_cbor,
    disk::KeyStore,
    event::{Event, PLAIN, sealed, sealed_fact_key, sift},
    tables::Tables,
};

use crate::{
    files::destroy,
    journal::{self, Journal},
    keys::Keys,
    store::{Store, copy_from_1},
};

/// Layout 1 to 2: nothing was encrypted. A sealed journal and store are made beside the plain ones and take their places; then the
/// plain ones are destroyed. `None` where there was nothing to do; otherwise damaged plain files that were set aside earlier, which
/// stay as they are.
pub fn seal_what_is_plain(dir: &Path, keys: &Keys) -> Result<Option<Vec<PathBuf>>, Trouble> {
    let (journal_dir, sled_dir) = (dir.join("journal"), dir.join("sled"));
    let (plain, new_sled) = (dir.join("journal.plain"), dir.join("sled.new"));
    if journal::first_kind(&journal_dir)? == Some(PLAIN) {
        let opened = Journal::open(&journal_dir, None)?;
        if opened.records.iter().any(|record| record.kind != PLAIN) {
            return Ok(None);
        }
        let events = opened.records.iter().map(|record| from_cbor::<Event>(&record.payload));
        let mut events = events.collect::<Result<Vec<_>, _>>()?;
        for doc in events.iter().filter_map(Event::document) {
            keys.make(&doc)?;
        }
        for event in &mut events {
            if let Event::Fact { key, .. } = event {
                *key = sealed_fact_key(keys, key)?;
            }
        }
        let damaged = opened.damage.iter().any(|d| matches!(d, Damage::Inside { .. }));
        if damaged {
            events = sift(keys, events)?;
        }
        // The store as it is, and what the journal has beyond it; all of the journal where the store is not to be had.
        remove(&new_sled)?;
        let mut store = Store::create(&new_sled)?;
        let known = if sled_dir.exists() && !damaged {
            copy_from_1(&sled_dir, &Tables { keys, rows: &store }).ok().flatten()
        } else {
            None
        };
        let known = match known {
            Some(known) if journal::holds(&journal_dir, known)? => usize::try_from(known.records).ok(),
            _ => None,
        };
        if known.is_none() {
            drop(store);
            remove(&new_sled)?;
            store = Store::create(&new_sled)?;
        }
        for event in events.iter().skip(known.unwrap_or(0)) {
            Tables { keys, rows: &store }.bring(event)?;
        }
        let records = sealed(keys, &events, 0)?;
        let made = journal::rewrite(&journal_dir, &records, &plain, opened.continuous)?;
        store.set_checkpoint(&made.position())?;
        store.flush()?;
    } else if !plain.exists() {
        remove(&new_sled)?;
        return Ok(None);
    }
    if new_sled.exists() {
        destroy_all(&sled_dir)?;
        fs::rename(&new_sled, &sled_dir)?;
    }
    destroy_all(&plain)?;
    let left = fs::read_dir(dir)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    let set_aside = |path: &PathBuf| path.extension().is_some_and(|e| e.to_string_lossy().starts_with("damaged-"));
    Ok(Some(left.into_iter().filter(set_aside).collect()))
}

fn remove(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// Overwrites every file in a folder, and takes it away.
fn destroy_all(dir: &Path) -> io::Result<()> {
    if !dir.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() { destroy_all(&path)? } else { destroy(&path)? }
    }
    remove(dir)
}
