//! The working store on sled: rows by table and key. The only file that names sled.
//!
//! Everything here can be built again from the journal, so a store that is damaged, lost or older than the journal is
//! replaced without asking. Written after the journal, never instead of it.
//!
//! What stands in the rows is said in [`replica::tables`]; here is how they lie. Marked with °: in the clear.
//!
//! | tree | rows of | layout of a value |
//! |---|---|---|
//! | `meta-1` | | ° schema version; how far the journal has been read in |
//! | `documents-2` | `Documents` | as it is |
//! | `numbers-2` | `Numbers` | as it is |
//! | `log-2` | `Log` | cut |
//! | `waiting-1` | `Waiting` | ° nothing |
//! | `held-2` | `Held` | cut |
//! | `facts-2` | `Facts` | cut |
//! | `blobs-2` | `Blobs` | cut |
//! | `parts-2` | | tag of the table ‖ key ‖ part (u16, big endian) → a piece of what is longer than [`VALUE_BYTES_MAX`] |
//!
//! A cut value is 0 and the value, or 1 and the number of its parts (u16, big endian).

use std::{
    fs, io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::Duration,
};

use replica::{
    Trouble,
    cbor::{self, from_cbor, to_cbor},
    disk::{Hash, KeyValue, RowStore, Span, Table},
    event::{LAYOUT, sealed_fact_key},
    tables::Tables,
};

use crate::{files::create_private_dir, journal::Position};

/// Raised when a layout changes; a store of a higher number was written by a newer version and is refused. 1: nothing was
/// encrypted.
pub const SCHEMA: u32 = LAYOUT;
/// The layout before, whose rows lie as those of [`SCHEMA`] do: only the records of the journal have other kinds.
const LIES_ALIKE: u32 = 2;
/// sled writes longer values to files of their own and never syncs those.
const VALUE_BYTES_MAX: usize = 4_000;
/// Bytes of memory that sled may use for pages: a client with 200 plans must stay small.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;

/// How often, and how long between, an open waits for sled to let go of files that it has closed: 5 seconds.
const LOCK_TRIES: u32 = 500;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// An open store.
pub struct Store {
    db: sled::Db,
    meta: sled::Tree,
    documents: sled::Tree,
    numbers: sled::Tree,
    log: sled::Tree,
    waiting: sled::Tree,
    held: sled::Tree,
    facts: sled::Tree,
    blobs: sled::Tree,
    parts: sled::Tree,
}

/// How opening went.
#[derive(Debug)]
pub enum Found {
    /// As it was left.
    Whole,
    /// It could not be read and was put aside; this one is empty.
    Replaced(PathBuf),
    /// It was of an older layout, which is built again from the journal; this one is empty.
    Older,
}

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Written by a newer version. Usual cause: the program was replaced by an older one.
    #[error("written by a newer version of this program (layout {0}; this version knows {SCHEMA})")]
    Newer(u32),
    /// The disk.
    #[error("the store could not be read or written: {0}")]
    Io(#[from] io::Error),
    /// sled.
    #[error("the store could not be read or written: {0}")]
    Sled(#[from] sled::Error),
    /// A value that cannot be right: the store is to be built again.
    #[error("the store holds something that cannot be right")]
    Damaged,
}

impl From<cbor::Unreadable> for StoreError {
    fn from(_: cbor::Unreadable) -> StoreError {
        StoreError::Damaged
    }
}

type Result<T> = std::result::Result<T, StoreError>;

impl Store {
    /// Opens the store in `dir`, replacing one that cannot be read.
    pub fn open(dir: &Path) -> Result<(Store, Found)> {
        remove_unfinished(dir)?;
        match Store::open_patiently(dir).and_then(|store| Ok((store.schema()?, store))) {
            Ok((schema, _)) if schema > SCHEMA => return Err(StoreError::Newer(schema)),
            Ok((SCHEMA, store)) => return Ok((store, Found::Whole)),
            Ok((LIES_ALIKE, store)) => {
                // Before anything is put in it that an older program could not read.
                store.meta.insert("schema", &SCHEMA.to_be_bytes())?;
                return Ok((store, Found::Whole));
            }
            Ok((_, store)) => {
                drop(store);
                fs::remove_dir_all(dir)?;
                return Ok((Store::create(dir)?, Found::Older));
            }
            // A disk that is full or may not be read is not a damaged store.
            Err(StoreError::Sled(sled::Error::Io(e))) | Err(StoreError::Io(e))
                if !matches!(e.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) =>
            {
                return Err(e.into());
            }
            Err(_) => {}
        }
        let aside = crate::journal::free_name(dir, "damaged");
        fs::rename(dir, &aside)?;
        Ok((Store::create(dir)?, Found::Replaced(aside)))
    }

    /// An empty store in place of this one, which is put aside.
    pub fn replace(self, dir: &Path) -> Result<(Store, PathBuf)> {
        drop(self);
        let aside = crate::journal::free_name(dir, "damaged");
        fs::rename(dir, &aside)?;
        Ok((Store::create(dir)?, aside))
    }

    /// An empty one, where nothing is.
    pub fn create(dir: &Path) -> Result<Store> {
        let store = Store::try_open(dir)?;
        store.schema()?;
        Ok(store)
    }

    /// sled lets go of its files a moment after it was closed. Whoever calls has the folder to itself, so a lock can only
    /// be that.
    fn open_patiently(dir: &Path) -> Result<Store> {
        for _ in 0..LOCK_TRIES {
            match Store::try_open(dir) {
                // sled gives this one no kind of its own.
                Err(StoreError::Sled(sled::Error::Io(e))) if e.to_string().contains("could not acquire lock") => {
                    std::thread::sleep(LOCK_PAUSE);
                }
                other => return other,
            }
        }
        Store::try_open(dir)
    }

    fn try_open(dir: &Path) -> Result<Store> {
        create_private_dir(dir)?;
        // sled panics on some damage; here that is an error like any other.
        catch_unwind(AssertUnwindSafe(|| {
            let db = database(dir)?;
            let tree = |name: &str| db.open_tree(name);
            Ok(Store {
                meta: tree("meta-1")?,
                documents: tree("documents-2")?,
                numbers: tree("numbers-2")?,
                log: tree("log-2")?,
                waiting: tree("waiting-1")?,
                held: tree("held-2")?,
                facts: tree("facts-2")?,
                blobs: tree("blobs-2")?,
                parts: tree("parts-2")?,
                db,
            })
        }))
        .unwrap_or(Err(StoreError::Damaged))
    }

    fn schema(&self) -> Result<u32> {
        match self.meta.get("schema")? {
            Some(v) => Ok(u32::from_be_bytes(v.as_ref().try_into().map_err(|_| StoreError::Damaged)?)),
            None => {
                self.meta.insert("schema", &SCHEMA.to_be_bytes())?;
                Ok(SCHEMA)
            }
        }
    }

    /// How far the journal has been read in; `None` for an empty store.
    pub fn checkpoint(&self) -> Result<Option<Position>> {
        self.meta.get("checkpoint")?.map(|v| Ok(from_cbor(&v)?)).transpose()
    }

    /// Says how far the journal has been read in. Written last: sled keeps the order of writes.
    pub fn set_checkpoint(&self, position: &Position) -> Result<()> {
        self.meta.insert("checkpoint", to_cbor(position))?;
        Ok(())
    }

    /// Asks sled to write what it holds in memory.
    pub fn flush(&self) -> Result<()> {
        self.db.flush()?;
        Ok(())
    }

    fn tree(&self, table: Table) -> &sled::Tree {
        match table {
            Table::Documents => &self.documents,
            Table::Numbers => &self.numbers,
            Table::Log => &self.log,
            Table::Waiting => &self.waiting,
            Table::Held => &self.held,
            Table::Facts => &self.facts,
            Table::Blobs => &self.blobs,
        }
    }

    /// The value as it was put, from how it lies.
    fn whole(&self, table: Table, key: &[u8], value: &[u8]) -> Result<Vec<u8>> {
        let Some(tag) = cut(table) else { return Ok(value.to_vec()) };
        match value.split_first() {
            Some((0, whole)) => Ok(whole.to_vec()),
            Some((1, _)) => {
                let count = parts_of(value).ok_or(StoreError::Damaged)?;
                let mut whole = Vec::with_capacity(usize::from(count) * VALUE_BYTES_MAX);
                for n in 0..count {
                    whole.extend(self.parts.get(part_key(tag, key, n))?.ok_or(StoreError::Damaged)?.as_ref());
                }
                Ok(whole)
            }
            _ => Err(StoreError::Damaged),
        }
    }

    fn set(&self, table: Table, key: &[u8], value: &[u8]) -> Result<()> {
        let tree = self.tree(table);
        let Some(tag) = cut(table) else {
            tree.insert(key, value)?;
            return Ok(());
        };
        let before = tree.get(key)?.and_then(|v| parts_of(&v));
        if value.len() < VALUE_BYTES_MAX {
            tree.insert(key, [&[0], value].concat())?;
            return self.delete_parts(tag, key, 0, before.unwrap_or(0));
        }
        let parts = value.chunks(VALUE_BYTES_MAX);
        let count = u16::try_from(parts.len()).map_err(|_| StoreError::Damaged)?;
        for (n, part) in parts.enumerate() {
            self.parts.insert(part_key(tag, key, n as u16), part)?;
        }
        tree.insert(key, [&[1], count.to_be_bytes().as_slice()].concat())?;
        self.delete_parts(tag, key, count, before.unwrap_or(0))
    }

    fn delete(&self, table: Table, key: &[u8]) -> Result<()> {
        let before = self.tree(table).remove(key)?.and_then(|v| parts_of(&v));
        match cut(table) {
            Some(tag) => self.delete_parts(tag, key, 0, before.unwrap_or(0)),
            None => Ok(()),
        }
    }

    fn delete_parts(&self, tag: u8, key: &[u8], from: u16, to: u16) -> Result<()> {
        for n in from..to {
            self.parts.remove(part_key(tag, key, n))?;
        }
        Ok(())
    }

    fn delete_all(&self, table: Table, prefix: &[u8]) -> Result<()> {
        let of = |tree: &sled::Tree, prefix: &[u8]| -> Result<()> {
            for key in tree.scan_prefix(prefix).keys() {
                tree.remove(key?)?;
            }
            Ok(())
        };
        of(self.tree(table), prefix)?;
        match cut(table) {
            Some(tag) => of(&self.parts, &[&[tag], prefix].concat()),
            None => Ok(()),
        }
    }

    /// Calls `f` with each row of a span, as it lies.
    fn each(&self, table: Table, span: &Span, mut f: impl FnMut(&[u8], &[u8]) -> Result<()>) -> Result<()> {
        if span.is_empty() {
            return Ok(());
        }
        let mut f =
            |row: sled::Result<(sled::IVec, sled::IVec)>| row.map_err(StoreError::from).and_then(|(k, v)| f(&k, &v));
        let rows = self.tree(table).range::<&[u8], _>(span.bounds());
        if span.descending {
            rows.rev().take(span.most).try_for_each(&mut f)
        } else {
            rows.take(span.most).try_for_each(f)
        }
    }
}

impl RowStore for Store {
    fn get(&self, table: Table, key: &[u8]) -> std::result::Result<Option<Vec<u8>>, Trouble> {
        let value = self.tree(table).get(key).map_err(StoreError::from)?;
        Ok(value.map(|value| self.whole(table, key, &value)).transpose()?)
    }

    fn keys(&self, table: Table, span: &Span) -> std::result::Result<Vec<Vec<u8>>, Trouble> {
        let mut keys = Vec::new();
        self.each(table, span, |key, _| {
            keys.push(key.to_vec());
            Ok(())
        })?;
        Ok(keys)
    }

    fn rows(&self, table: Table, span: &Span) -> std::result::Result<Vec<KeyValue>, Trouble> {
        let mut rows = Vec::new();
        self.each(table, span, |key, value| {
            rows.push((key.to_vec(), self.whole(table, key, value)?));
            Ok(())
        })?;
        Ok(rows)
    }

    fn put(&self, table: Table, key: &[u8], value: &[u8]) -> std::result::Result<(), Trouble> {
        Ok(self.set(table, key, value)?)
    }

    fn remove(&self, table: Table, key: &[u8]) -> std::result::Result<(), Trouble> {
        Ok(self.delete(table, key)?)
    }

    fn remove_all(&self, table: Table, prefix: &[u8]) -> std::result::Result<(), Trouble> {
        Ok(self.delete_all(table, prefix)?)
    }
}

/// The tag under which the parts of a table's long values lie; `None` where its values are as they are.
fn cut(table: Table) -> Option<u8> {
    match table {
        Table::Log => Some(b'l'),
        Table::Held => Some(b'h'),
        Table::Facts => Some(b'f'),
        Table::Blobs => Some(b'b'),
        Table::Documents | Table::Numbers | Table::Waiting => None,
    }
}

impl From<StoreError> for Trouble {
    fn from(e: StoreError) -> Trouble {
        match e {
            StoreError::Newer(_) => Trouble::Newer,
            StoreError::Damaged => Trouble::Damaged,
            StoreError::Io(e) | StoreError::Sled(sled::Error::Io(e)) => e.into(),
            StoreError::Sled(_) => Trouble::Damaged,
        }
    }
}

fn database(dir: &Path) -> Result<sled::Db> {
    // The flusher must run: sled's collector works there.
    Ok(sled::Config::new().path(dir).cache_capacity(CACHE_BYTES).flush_every_ms(Some(500)).open()?)
}

/// Brings the rows of a store of layout 1, in which nothing was encrypted, into `new`, but for documents without a key. Returns
/// how far the journal had been read in.
pub fn copy_from_1(dir: &Path, new: &Tables<'_>) -> std::result::Result<Option<Position>, Trouble> {
    catch_unwind(AssertUnwindSafe(|| {
        let old = database(dir)?;
        let parts = old.open_tree("parts-1").map_err(StoreError::from)?;
        let whole = |tag: u8, key: &[u8], value: &[u8]| -> Result<Vec<u8>> {
            match value.split_first() {
                Some((0, bytes)) => Ok(bytes.to_vec()),
                Some((1, sums)) => {
                    let mut bytes = Vec::new();
                    for n in 0..parts_of(value).ok_or(StoreError::Damaged)? {
                        bytes.extend(parts.get(part_key(tag, key, n))?.ok_or(StoreError::Damaged)?.as_ref());
                    }
                    let same = sums.get(2..6) == Some(&crc32c::crc32c(&bytes).to_be_bytes());
                    if same { Ok(bytes) } else { Err(StoreError::Damaged) }
                }
                _ => Err(StoreError::Damaged),
            }
        };
        let each = |tree: &str, copy: Copy<'_>| {
            let tree = old.open_tree(tree).map_err(StoreError::from)?;
            tree.iter().try_for_each(|row| {
                let (key, value) = row.map_err(StoreError::from)?;
                copy(&key, &value)
            })
        };
        let known = new.keys.all()?;
        let of = |key: &[u8]| key.first_chunk::<16>().copied().filter(|doc| known.contains(doc));
        let number = |key: &[u8]| {
            let digits = key.get(16..).and_then(|digits| digits.try_into().ok()).ok_or(Trouble::Damaged)?;
            Ok::<_, Trouble>(u64::from_be_bytes(digits))
        };
        let hash = |key: &[u8]| key.get(16..).and_then(|hash| Hash::try_from(hash).ok()).ok_or(Trouble::Damaged);
        each("documents-1", &mut |key, value| match of(key) {
            Some(doc) => new.set_document(&doc, &from_cbor(value)?),
            None => Ok(()),
        })?;
        each("numbers-1", &mut |key, value| match of(key) {
            Some(_) => new.put(Table::Numbers, key, value),
            None => Ok(()),
        })?;
        each("log-1", &mut |key, value| match of(key) {
            Some(_) => new.put(Table::Log, key, &whole(b'l', key, value)?),
            None => Ok(()),
        })?;
        each("waiting-1", &mut |key, _| match of(key) {
            Some(doc) => new.set_waiting(&doc, number(key)?, true),
            None => Ok(()),
        })?;
        each("held-1", &mut |key, value| match of(key) {
            Some(doc) => new.set_held(&doc, &hash(key)?, Some(&whole(b'h', key, value)?)),
            None => Ok(()),
        })?;
        each("facts-1", &mut |key, value| {
            new.set_fact(&sealed_fact_key(new.keys, key)?, Some(&whole(b'f', key, value)?))
        })?;
        each("blobs-1", &mut |key, value| match of(key.get(1..).unwrap_or_default()) {
            Some(_) => new.put(Table::Blobs, key, &whole(b'b', key, value)?),
            None => Ok(()),
        })?;
        let meta = old.open_tree("meta-1").map_err(StoreError::from)?;
        let known = meta.get("checkpoint").map_err(StoreError::from)?;
        known.map(|known| Ok(from_cbor(&known)?)).transpose()
    }))
    .unwrap_or(Err(Trouble::Damaged))
}

type Copy<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> std::result::Result<(), Trouble>;

fn part_key(tag: u8, key: &[u8], n: u16) -> Vec<u8> {
    [&[tag], key, n.to_be_bytes().as_slice()].concat()
}

/// How many parts a value was cut into, if it was.
fn parts_of(value: &[u8]) -> Option<u16> {
    (value.first() == Some(&1)).then(|| Some(u16::from_be_bytes(value.get(1..3)?.try_into().ok()?))).flatten()
}

/// sled cannot open after a crash while it wrote its own snapshot, until the unfinished file is gone.
fn remove_unfinished(dir: &Path) -> io::Result<()> {
    if !dir.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "generating") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
