//! A [`Disk`] in a folder: journal, working store, keys.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use replica::{
    Damage, Key, Mode, Notice, Replica, Trouble,
    disk::{Disk, KeyStore, KeyValue, Record, RowStore, Span, Table, Unread},
    event::PLAIN,
};

use crate::{
    files::{create_private_dir, destroy, read_kept, write_kept},
    journal::{self, Journal, Opened, Position},
    keys::{self, KEYS, Keys},
    migrate,
    store::{Found, Store},
};

/// Bytes kept back on the disk, so that a store can still be opened (and emptied) when the disk is full.
const BALLAST_BYTES: usize = 4 * 1024 * 1024;
const BALLAST: &str = "ballast";
const JOURNAL: &str = "journal";
const SLED: &str = "sled";
/// The file in which a wiped folder's last words stand.
const LAST_WORDS: &str = "shut-out";
/// What a folder holds, each also with an ending behind a dot. Nothing else in it is touched by a wipe: it may be one
/// that somebody keeps other things in.
const REST: [&str; 4] = [KEYS, JOURNAL, SLED, BALLAST];

/// What a folder of this machine holds.
pub struct FileDisk {
    dir: PathBuf,
    keys: Keys,
    journal: Journal,
    /// `None` once it was wiped.
    store: Option<Store>,
    continuous: bool,
    /// Nothing more is accepted: it was wiped, or a write failed.
    closed: bool,
    /// How far the rows are known to have been brought.
    read_to: Option<Position>,
    had_store: bool,
    /// Whether the ballast has been looked after.
    ballast: bool,
    /// What opening found, until it is asked for.
    opened: Opening,
    /// Names of files beside these that are keys, too.
    keys_beside: &'static [&'static str],
}

#[derive(Default)]
struct Opening {
    records: Vec<Record>,
    from_start: bool,
    damage: Vec<Damage>,
    notices: Vec<Notice>,
    /// Where the store was put that could not be used.
    aside: Option<PathBuf>,
}

impl FileDisk {
    /// Opens what `dir` holds, making it where there is nothing. `home`: the key that wraps the folder's.
    pub fn open(dir: &Path, home: &Arc<Key>) -> Result<FileDisk, Trouble> {
        create_private_dir(dir)?;
        let (sled_dir, journal_dir) = (dir.join(SLED), dir.join(JOURNAL));
        let mut opening = Opening::default();
        let new = !journal_dir.exists() || journal::first_kind(&journal_dir)?.is_none_or(|kind| kind == PLAIN);
        let keys = Keys::open(&dir.join(KEYS), home.clone(), new)?;
        if let Some(plain) = migrate::seal_what_is_plain(dir, &keys)? {
            opening.notices.push(Notice::Sealed { plain });
        }
        let had_store = sled_dir.exists();
        let (store, found) = match Store::open(&sled_dir).map_err(Trouble::from) {
            Err(Trouble::Full) => {
                // The ballast is what was kept back for this moment.
                let _ = fs::remove_file(dir.join(BALLAST));
                opening.notices.push(Notice::DiskFull);
                Store::open(&sled_dir)?
            }
            other => other?,
        };
        if let Found::Replaced(aside) = found {
            opening.aside = Some(aside);
        }
        let known = store.checkpoint().unwrap_or(None);
        let Opened { journal, records, from_start, damage, continuous } = Journal::open(&journal_dir, known)?;
        let mut disk = FileDisk {
            dir: dir.to_path_buf(),
            keys,
            journal,
            store: Some(store),
            continuous,
            closed: false,
            read_to: known,
            had_store,
            ballast: false,
            opened: Opening { records, from_start, damage, ..opening },
            keys_beside: &[],
        };
        disk.replace_store_of_another_journal()?;
        Ok(disk)
    }

    /// Names files beside this folder's own that are keys, too (each also with an ending behind a dot): a wipe destroys them first.
    pub fn with_keys_beside(self, keys_beside: &'static [&'static str]) -> FileDisk {
        FileDisk { keys_beside, ..self }
    }

    /// A store that remembers a journal which is not this one: a folder put together from two, or a damaged one.
    fn replace_store_of_another_journal(&mut self) -> Result<(), Trouble> {
        if self.opened.from_start
            && self.read_to.is_some()
            && let Some(store) = self.store.take()
        {
            let (fresh, old) = store.replace(&self.dir.join(SLED))?;
            (self.store, self.opened.aside, self.read_to) = (Some(fresh), Some(old), None);
        }
        Ok(())
    }

    fn keep(&mut self, append: impl FnOnce(&mut Journal) -> io::Result<Position>) -> Result<(), Trouble> {
        if self.closed {
            return Err(Trouble::Stopped);
        }
        let kept = append(&mut self.journal);
        self.closed = kept.is_err();
        Ok(kept.map(drop)?)
    }

    fn keep_ballast(&self) {
        let path = self.dir.join(BALLAST);
        if fs::metadata(&path).is_ok_and(|m| m.len() == BALLAST_BYTES as u64) {
            return;
        }
        if fs::write(&path, vec![0; BALLAST_BYTES]).is_err() {
            let _ = fs::remove_file(&path);
        }
    }
}

impl Disk for FileDisk {
    fn keys(&self) -> &dyn KeyStore {
        &self.keys
    }

    fn rows(&self) -> &dyn RowStore {
        self.store.as_ref().map_or(&Nothing, |store| store as &dyn RowStore)
    }

    fn unread(&mut self) -> Result<Unread, Trouble> {
        let Opening { records, from_start, damage, mut notices, aside } = std::mem::take(&mut self.opened);
        let damaged = damage.iter().any(|d| matches!(d, Damage::Inside { .. }));
        notices.extend(damage.into_iter().map(Notice::Journal));
        if aside.is_some() || (from_start && !records.is_empty() && !damaged && !self.had_store) {
            notices.push(Notice::Rebuilt { aside });
        }
        let first = if from_start { 0 } else { self.records() - records.len() as u64 };
        Ok(Unread { records, first, from_start, damaged, notices })
    }

    fn reread(&mut self) -> Result<Unread, Trouble> {
        let Opened { journal, records, from_start, damage, continuous } = Journal::open(&self.dir.join(JOURNAL), None)?;
        (self.journal, self.continuous) = (journal, continuous);
        self.opened = Opening { records, from_start, damage, ..Opening::default() };
        self.replace_store_of_another_journal()?;
        self.unread()
    }

    fn records(&self) -> u64 {
        self.journal.position().records
    }

    fn append(&mut self, records: &[Record]) -> Result<(), Trouble> {
        self.keep(|journal| journal.append(records))
    }

    fn append_unproven(&mut self, records: &[Record]) -> Result<(), Trouble> {
        self.keep(|journal| journal.append_unproven(records))
    }

    fn rewrite(&mut self, records: &[Record]) -> Result<(), Trouble> {
        let dir = self.dir.join(JOURNAL);
        self.journal = journal::rewrite(&dir, records, &journal::free_name(&dir, "damaged"), false)?;
        self.continuous = false;
        Ok(())
    }

    fn caught_up(&mut self) -> Result<(), Trouble> {
        let at = self.journal.position();
        if let Some(store) = &self.store
            && at.records > 0
            && self.read_to != Some(at)
        {
            store.set_checkpoint(&at)?;
            self.read_to = Some(at);
        }
        if !self.ballast {
            // Not before the rows have had their room.
            self.ballast = true;
            self.keep_ballast();
        }
        Ok(())
    }

    fn is_continuous(&self) -> bool {
        self.continuous
    }

    fn flush(&self) -> Result<(), Trouble> {
        self.store.as_ref().map_or(Ok(()), |store| Ok(store.flush()?))
    }

    fn wipe(&mut self, last_words: &[u8]) -> Result<(), Trouble> {
        self.closed = true;
        write_kept(&self.dir.join(LAST_WORDS), last_words)?;
        for name in self.keys_beside {
            each(&self.dir, name, destroy)?;
        }
        self.keys.destroy_all()?;
        // Closed before its files go, so that nothing is written again behind them.
        self.store = None;
        Ok(sweep(&self.dir, self.keys_beside)?)
    }
}

/// Opens the replica that `dir` holds, making it where there is nothing, and says what a person should hear of. `home`: the key
/// that wraps the folder's.
pub fn open_replica(dir: &Path, mode: Mode, home: &Arc<Key>) -> Result<(Replica, Vec<Notice>), Trouble> {
    Replica::open(Box::new(FileDisk::open(dir, home)?), mode)
}

/// The last words of a folder that was wiped ([`Disk::wipe`]).
pub fn last_words(dir: &Path) -> Option<Vec<u8>> {
    read_kept(&dir.join(LAST_WORDS)).ok()
}

/// The folder begins anew: its last words are forgotten.
pub fn forget_last_words(dir: &Path) -> io::Result<()> {
    destroy(&dir.join(LAST_WORDS))
}

/// Ends a wipe that was cut short. Harmless where there is nothing left. `keys_beside` as for [`FileDisk::with_keys_beside`].
pub fn sweep(dir: &Path, keys_beside: &[&str]) -> io::Result<()> {
    for name in keys_beside {
        each(dir, name, destroy)?;
    }
    keys::destroy_all(&dir.join(KEYS))?;
    for name in REST {
        each(dir, name, |path| if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) })?;
    }
    Ok(())
}

/// Everything in the folder of that name, or of that name with an ending.
fn each(dir: &Path, name: &str, f: impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let found = path.file_name().and_then(|found| found.to_str()).unwrap_or_default();
        if found.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
            f(&path)?;
        }
    }
    Ok(())
}

/// The rows of a folder that was wiped.
struct Nothing;

impl RowStore for Nothing {
    fn get(&self, _: Table, _: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        Ok(None)
    }

    fn keys(&self, _: Table, _: &Span) -> Result<Vec<Vec<u8>>, Trouble> {
        Ok(Vec::new())
    }

    fn rows(&self, _: Table, _: &Span) -> Result<Vec<KeyValue>, Trouble> {
        Ok(Vec::new())
    }

    fn put(&self, _: Table, _: &[u8], _: &[u8]) -> Result<(), Trouble> {
        Err(Trouble::Stopped)
    }

    fn remove(&self, _: Table, _: &[u8]) -> Result<(), Trouble> {
        Ok(())
    }

    fn remove_all(&self, _: Table, _: &[u8]) -> Result<(), Trouble> {
        Ok(())
    }
}
