//! A [`Disk`] in memory: for tests, the simulation, and whatever need not outlive its process.
//!
//! [`Memory`] is what outlives a process in them: the plates of a disk. [`Memory::open`] is a process that opens it, and the end of
//! the one that had it open. [`Memory::cut`] is a power cut: what had been appended is there afterwards, and of the rows whatever
//! [`Left`] says.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use zeroize::Zeroizing;

use crate::{
    Damage, Key, KeyError, Notice, Result, Trouble,
    disk::{Disk, Id, KeyStore, KeyValue, Record, RowStore, Span, Table, Unread},
    seal::SALT_BYTES,
};

/// Fills with randomness. Where it is not the system's, what is sealed is a secret from nobody.
pub type Random = Box<dyn FnMut(&mut [u8]) + Send>;

/// What of the rows is there after a power cut. None of them is promised before that; a replica must come out the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// All of them.
    Rows,
    /// All of them, and that they had caught up was not written down the last time.
    RowsAhead,
    /// None.
    Nothing,
}

/// What a disk in memory holds. Clones are the same one.
#[derive(Clone)]
pub struct Memory(Arc<Mutex<Plates>>);

struct Plates {
    random: Arc<Mutex<Random>>,
    /// Tells these from a copy of them.
    place: u64,
    /// `None` before the first opening, and after a wipe.
    rest: Option<Zeroizing<[u8; 32]>>,
    keys: BTreeMap<Id, Zeroizing<[u8; 32]>>,
    records: Vec<Record>,
    /// Number of a record that the disk has damaged, and what stands there cannot be read.
    damaged: Option<usize>,
    rows: BTreeMap<Table, BTreeMap<Vec<u8>, Vec<u8>>>,
    /// How many records the rows are known to follow from, and how many before that was said last.
    read_to: (u64, u64),
    /// Where, and behind how many records, something was appended last.
    proof: Option<(u64, u64)>,
    /// Which opening has it.
    opening: u64,
    /// The next append fails, when so many of its records are written.
    fails: Option<usize>,
    appended: u64,
    last_words: Option<Vec<u8>>,
}

impl Memory {
    /// An empty one.
    pub fn new(random: Random) -> Memory {
        let random = Arc::new(Mutex::new(random));
        Memory(Arc::new(Mutex::new(Plates {
            place: u64::from_be_bytes(draw(&random)),
            random,
            rest: None,
            keys: BTreeMap::new(),
            records: Vec::new(),
            damaged: None,
            rows: BTreeMap::new(),
            read_to: (0, 0),
            proof: None,
            opening: 0,
            fails: None,
            appended: 0,
            last_words: None,
        })))
    }

    /// Opens it, and ends whoever had it open: that one reads and writes nothing more.
    pub fn open(&self) -> Result<MemoryDisk> {
        let mut plates = self.plates();
        plates.opening += 1;
        let drawn = Zeroizing::new(draw(&plates.random));
        let rest = plates.rest.get_or_insert(drawn).clone();
        let rest = Key::new(&rest, draw::<SALT_BYTES>(&plates.random))?;
        let continuous =
            plates.proof.is_some_and(|(place, at)| place == plates.place && at <= plates.records.len() as u64);
        Ok(MemoryDisk {
            plates: self.clone(),
            opening: plates.opening,
            rest,
            keys: Mutex::default(),
            continuous,
            stopped: false,
        })
    }

    /// The power is cut now, whoever has it open.
    pub fn cut(&self, left: Left) {
        let mut plates = self.plates();
        plates.opening += 1;
        match left {
            Left::Rows => {}
            Left::RowsAhead => plates.read_to.0 = plates.read_to.1,
            Left::Nothing => plates.lose_rows(),
        }
    }

    /// The rows are lost.
    pub fn lose_rows(&self) {
        self.plates().lose_rows();
    }

    /// The record of that number is damaged.
    pub fn damage(&self, number: usize) {
        self.plates().damaged = Some(number);
    }

    /// The key of a document is lost.
    pub fn lose_key(&self, doc: &Id) {
        self.plates().keys.remove(doc);
    }

    /// A copy of it as it is now, as a backup or a copied folder is one. Draws on the same randomness.
    pub fn copy(&self) -> Memory {
        let plates = self.plates();
        Memory(Arc::new(Mutex::new(Plates {
            random: plates.random.clone(),
            place: u64::from_be_bytes(draw(&plates.random)),
            rest: plates.rest.clone(),
            keys: plates.keys.clone(),
            records: plates.records.clone(),
            damaged: plates.damaged,
            rows: plates.rows.clone(),
            last_words: plates.last_words.clone(),
            ..*plates
        })))
    }

    /// The next append fails, when `written` of its records are on the disk.
    pub fn fail(&self, written: usize) {
        self.plates().fails = Some(written);
    }

    /// How often something was appended: what takes a disk its time.
    pub fn appended(&self) -> u64 {
        self.plates().appended
    }

    /// What was said when it was wiped ([`Disk::wipe`]).
    pub fn last_words(&self) -> Option<Vec<u8>> {
        self.plates().last_words.clone()
    }

    fn plates(&self) -> MutexGuard<'_, Plates> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Plates {
    /// Calls `f` with each row of a span.
    fn each(&self, table: Table, span: &Span, mut f: impl FnMut(&[u8], &[u8])) {
        let Some(rows) = self.rows.get(&table).filter(|_| !span.is_empty()) else { return };
        let rows = rows.range::<[u8], _>(span.bounds());
        if span.descending {
            rows.rev().take(span.most).for_each(|(key, value)| f(key, value));
        } else {
            rows.take(span.most).for_each(|(key, value)| f(key, value));
        }
    }

    fn lose_rows(&mut self) {
        self.rows.clear();
        self.read_to = (0, 0);
    }
}

fn draw<const N: usize>(random: &Mutex<Random>) -> [u8; N] {
    let mut drawn = [0; N];
    (random.lock().unwrap_or_else(PoisonError::into_inner))(&mut drawn);
    drawn
}

/// A [`Memory`] that is open.
pub struct MemoryDisk {
    plates: Memory,
    opening: u64,
    rest: Key,
    keys: Mutex<BTreeMap<Id, Arc<Key>>>,
    continuous: bool,
    stopped: bool,
}

impl MemoryDisk {
    fn plates(&self) -> Result<MutexGuard<'_, Plates>> {
        let plates = self.plates.plates();
        if plates.opening == self.opening { Ok(plates) } else { Err(Trouble::Stopped) }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Id, Arc<Key>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&mut self, from: u64) -> Result<Unread> {
        let plates = self.plates()?;
        let from_start = from == 0;
        let mut unread = Unread { first: from, from_start, ..Unread::default() };
        let no_rows = plates.rows.values().all(BTreeMap::is_empty);
        for (number, record) in (0..).zip(&plates.records).skip(usize::try_from(from).unwrap_or(usize::MAX)) {
            if plates.damaged == Some(number) {
                unread.damaged = true;
                unread.notices.push(Notice::Journal(Damage::Inside { segment: 1, offset: number as u64 }));
            } else {
                unread.records.push(record.clone());
            }
        }
        if from_start && no_rows && !unread.records.is_empty() && !unread.damaged {
            unread.notices.push(Notice::Rebuilt { aside: None });
        }
        Ok(unread)
    }

    fn take(&mut self, records: &[Record], proven: bool) -> Result<()> {
        if self.stopped {
            return Err(Trouble::Stopped);
        }
        let mut plates = self.plates()?;
        if let Some(written) = plates.fails.take() {
            plates.records.extend(records.iter().take(written).cloned());
            drop(plates);
            self.stopped = true;
            return Err(Trouble::Full);
        }
        plates.appended += 1;
        plates.records.extend_from_slice(records);
        plates.proof = proven.then_some((plates.place, plates.records.len() as u64));
        Ok(())
    }
}

impl Disk for MemoryDisk {
    fn keys(&self) -> &dyn KeyStore {
        self
    }

    fn rows(&self) -> &dyn RowStore {
        self
    }

    fn unread(&mut self) -> Result<Unread> {
        let read_to = self.plates()?.read_to.0;
        let unread = self.read(read_to)?;
        // Damage before that place is found when everything is read.
        if unread.damaged && !unread.from_start { self.reread() } else { Ok(unread) }
    }

    fn reread(&mut self) -> Result<Unread> {
        let mut unread = self.read(0)?;
        let mut plates = self.plates()?;
        if plates.read_to.0 > 0 {
            unread.notices.push(Notice::Rebuilt { aside: None });
        }
        plates.lose_rows();
        Ok(unread)
    }

    fn records(&self) -> u64 {
        self.plates().map_or(0, |plates| plates.records.len() as u64)
    }

    fn append(&mut self, records: &[Record]) -> Result<()> {
        self.take(records, true)
    }

    fn append_unproven(&mut self, records: &[Record]) -> Result<()> {
        self.take(records, false)
    }

    fn rewrite(&mut self, records: &[Record]) -> Result<()> {
        self.continuous = false;
        let mut plates = self.plates()?;
        plates.records = records.to_vec();
        (plates.damaged, plates.proof) = (None, None);
        Ok(())
    }

    fn caught_up(&mut self) -> Result<()> {
        let mut plates = self.plates()?;
        plates.read_to = (plates.records.len() as u64, plates.read_to.0);
        Ok(())
    }

    fn is_continuous(&self) -> bool {
        self.continuous
    }

    fn flush(&self) -> Result<()> {
        Ok(())
    }

    fn wipe(&mut self, last_words: &[u8]) -> Result<()> {
        self.stopped = true;
        self.known().clear();
        let mut plates = self.plates()?;
        plates.last_words = Some(last_words.to_vec());
        plates.keys.clear();
        plates.rest = None;
        plates.records.clear();
        plates.lose_rows();
        plates.proof = None;
        Ok(())
    }
}

impl KeyStore for MemoryDisk {
    fn rest(&self) -> &Key {
        &self.rest
    }

    fn of(&self, doc: &Id) -> std::result::Result<Option<Arc<Key>>, KeyError> {
        if let Some(key) = self.known().get(doc) {
            return Ok(Some(key.clone()));
        }
        let plates = self.plates().map_err(io::Error::other)?;
        let Some(bytes) = plates.keys.get(doc) else { return Ok(None) };
        let key = Arc::new(Key::new(bytes, draw::<SALT_BYTES>(&plates.random))?);
        self.known().insert(*doc, key.clone());
        Ok(Some(key))
    }

    fn make(&self, doc: &Id) -> std::result::Result<Arc<Key>, KeyError> {
        if let Some(key) = self.of(doc)? {
            return Ok(key);
        }
        let mut plates = self.plates().map_err(io::Error::other)?;
        let bytes = Zeroizing::new(draw(&plates.random));
        let key = Arc::new(Key::new(&bytes, draw::<SALT_BYTES>(&plates.random))?);
        plates.keys.insert(*doc, bytes);
        self.known().insert(*doc, key.clone());
        Ok(key)
    }

    fn destroy(&self, doc: &Id) -> std::result::Result<(), KeyError> {
        self.known().remove(doc);
        self.plates().map_err(io::Error::other)?.keys.remove(doc);
        Ok(())
    }

    fn all(&self) -> std::result::Result<BTreeSet<Id>, KeyError> {
        Ok(self.plates().map_err(io::Error::other)?.keys.keys().copied().collect())
    }
}

impl RowStore for MemoryDisk {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.plates()?.rows.get(&table).and_then(|rows| rows.get(key)).cloned())
    }

    fn keys(&self, table: Table, span: &Span) -> Result<Vec<Vec<u8>>> {
        let mut keys = Vec::new();
        self.plates()?.each(table, span, |key, _| keys.push(key.to_vec()));
        Ok(keys)
    }

    fn rows(&self, table: Table, span: &Span) -> Result<Vec<KeyValue>> {
        let mut rows = Vec::new();
        self.plates()?.each(table, span, |key, value| rows.push((key.to_vec(), value.to_vec())));
        Ok(rows)
    }

    fn put(&self, table: Table, key: &[u8], value: &[u8]) -> Result<()> {
        self.plates()?.rows.entry(table).or_default().insert(key.to_vec(), value.to_vec());
        Ok(())
    }

    fn remove(&self, table: Table, key: &[u8]) -> Result<()> {
        self.plates()?.rows.entry(table).or_default().remove(key);
        Ok(())
    }

    fn remove_all(&self, table: Table, prefix: &[u8]) -> Result<()> {
        self.plates()?.rows.entry(table).or_default().retain(|key, _| !key.starts_with(prefix));
        Ok(())
    }
}
