//! The working store: what the journal says, laid out for reading. The only file that names sled.
//!
//! Everything here can be built again from the journal, so a store that is damaged, lost or older than the journal is
//! replaced without asking. Written after the journal, never instead of it.
//!
//! Values are sealed for their place, with the key of their document or, where they belong to none, with the key for everything
//! else; keys, and what is marked with °, are in the clear.
//!
//! | tree | key | value |
//! |---|---|---|
//! | `meta-1` | name | ° schema version; how far the journal has been read in |
//! | `documents-2` | document | [`Document`] |
//! | `numbers-2` | document ‖ number (u64, big endian) | hash of the envelope's last change |
//! | `log-2` | document ‖ number | the envelope |
//! | `waiting-1` | document ‖ number | ° nothing: the relay has not said it has it |
//! | `held-2` | document ‖ mark of the hash | hash of the refused envelope ‖ why it was refused |
//! | `facts-2` | the fact's key | its value |
//! | `blobs-2` | kind ‖ document | genesis change, snapshot |
//! | `parts-2` | tree ‖ key ‖ part (u16, big endian) | ° a piece of what is longer than [`VALUE_BYTES_MAX`] when sealed |

use std::{
    fs, io,
    ops::Bound,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use gate::{Hash, Id};
use serde::{Deserialize, Serialize};
use sync::Cursor;

use crate::{
    cbor::{self, from_cbor, to_cbor},
    journal::Position,
    seal::{Key, KeyError, Keys},
};

/// Raised when a layout changes; a store of a higher number was written by a newer version and is refused. 1: nothing was
/// encrypted.
pub const SCHEMA: u32 = 2;
/// Facts that belong to a document, and are erased with it: its id follows.
pub const OF_DOCUMENT: &[u8] = b"parked/";
/// sled writes longer values to files of their own and never syncs those.
const VALUE_BYTES_MAX: usize = 4_000;
/// Bytes of memory that sled may use for pages: a client with 200 plans must stay small.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;

/// How often, and how long between, an open waits for sled to let go of files that it has closed: 5 seconds.
const LOCK_TRIES: u32 = 500;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// What is known of one document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Number of the newest envelope.
    pub last: u64,
    /// How far the relay's log has been read.
    pub cursor: Option<Cursor>,
    /// Where there is a stored snapshot: the number of the newest envelope in it (0 for one that came from a relay before
    /// any envelope did).
    pub snapshot: Option<u64>,
}

/// An open store.
pub struct Store {
    keys: Arc<Keys>,
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
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<cbor::Unreadable> for StoreError {
    fn from(_: cbor::Unreadable) -> StoreError {
        StoreError::Damaged
    }
}

type Result<T> = std::result::Result<T, StoreError>;

/// What a blob is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blob {
    /// A document's genesis change.
    Genesis = 1,
    /// The document as this peer last saved it.
    Snapshot = 2,
}

impl Store {
    /// Opens the store in `dir`, replacing one that cannot be read.
    pub fn open(dir: &Path, keys: &Arc<Keys>) -> Result<(Store, Found)> {
        remove_unfinished(dir)?;
        match Store::open_patiently(dir, keys).and_then(|store| Ok((store.schema()?, store))) {
            Ok((schema, _)) if schema > SCHEMA => return Err(StoreError::Newer(schema)),
            Ok((SCHEMA, store)) => return Ok((store, Found::Whole)),
            Ok((_, store)) => {
                drop(store);
                fs::remove_dir_all(dir)?;
                return Ok((Store::create(dir, keys)?, Found::Older));
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
        Ok((Store::create(dir, keys)?, Found::Replaced(aside)))
    }

    /// An empty store in place of this one, which is put aside.
    pub fn replace(self, dir: &Path) -> Result<(Store, PathBuf)> {
        let keys = self.keys.clone();
        drop(self);
        let aside = crate::journal::free_name(dir, "damaged");
        fs::rename(dir, &aside)?;
        Ok((Store::create(dir, &keys)?, aside))
    }

    /// An empty one, where nothing is.
    pub fn create(dir: &Path, keys: &Arc<Keys>) -> Result<Store> {
        let store = Store::try_open(dir, keys)?;
        store.schema()?;
        Ok(store)
    }

    /// sled lets go of its files a moment after it was closed. Whoever calls has the folder to itself, so a lock can only
    /// be that.
    fn open_patiently(dir: &Path, keys: &Arc<Keys>) -> Result<Store> {
        for _ in 0..LOCK_TRIES {
            match Store::try_open(dir, keys) {
                // sled gives this one no kind of its own.
                Err(StoreError::Sled(sled::Error::Io(e))) if e.to_string().contains("could not acquire lock") => {
                    std::thread::sleep(LOCK_PAUSE);
                }
                other => return other,
            }
        }
        Store::try_open(dir, keys)
    }

    fn try_open(dir: &Path, keys: &Arc<Keys>) -> Result<Store> {
        crate::files::create_private_dir(dir)?;
        // sled panics on some damage; here that is an error like any other.
        catch_unwind(AssertUnwindSafe(|| {
            let db = database(dir)?;
            let tree = |name: &str| db.open_tree(name);
            Ok(Store {
                keys: keys.clone(),
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

    /// Ids of all documents, in order.
    pub fn documents(&self) -> Result<Vec<Id>> {
        self.documents.iter().keys().map(|k| k?.as_ref().try_into().map_err(|_| StoreError::Damaged)).collect()
    }

    /// What is known of a document.
    pub fn document(&self, doc: &Id) -> Result<Option<Document>> {
        self.documents.get(doc)?.map(|v| Ok(from_cbor(&self.open_row(b'd', doc, &v)?)?)).transpose()
    }

    /// Sets what is known of a document.
    pub fn set_document(&self, doc: &Id, document: &Document) -> Result<()> {
        self.documents.insert(doc, self.seal_row(b'd', doc, &to_cbor(document))?)?;
        Ok(())
    }

    /// Puts an envelope under its number.
    pub fn put_envelope(&self, doc: &Id, number: u64, hash: &Hash, bytes: &[u8]) -> Result<()> {
        let key = numbered(doc, number);
        self.numbers.insert(key, self.seal_row(b'n', &key, hash)?)?;
        self.put(&self.log, b'l', &key, bytes)
    }

    /// Marks an envelope as set aside, by a hash that stands for that. It stays where it is.
    pub fn set_aside(&self, doc: &Id, number: u64, mark: &Hash) -> Result<()> {
        let key = numbered(doc, number);
        self.numbers.insert(key, self.seal_row(b'n', &key, mark)?)?;
        self.set_waiting(doc, number, false)
    }

    /// The envelope under that number.
    pub fn envelope(&self, doc: &Id, number: u64) -> Result<Option<Vec<u8>>> {
        self.get(&self.log, b'l', &numbered(doc, number))
    }

    /// Numbers above `after` and their hashes, in order. A gap in them is damage.
    pub fn numbers(&self, doc: &Id, after: u64, last: u64) -> Result<Vec<Hash>> {
        let mut hashes = Vec::new();
        for item in self.numbers.range(numbered(doc, after + 1)..=numbered(doc, last)) {
            let (key, hash) = item?;
            if key.as_ref() != numbered(doc, after + 1 + hashes.len() as u64) {
                return Err(StoreError::Damaged);
            }
            let hash = self.open_row(b'n', &key, &hash)?;
            hashes.push(hash.as_slice().try_into().map_err(|_| StoreError::Damaged)?);
        }
        if hashes.len() as u64 != last.saturating_sub(after) {
            return Err(StoreError::Damaged);
        }
        Ok(hashes)
    }

    /// Numbers of the first `most` envelopes that the relay has not said it has.
    pub fn waiting(&self, doc: &Id, most: usize) -> Result<Vec<u64>> {
        self.waiting
            .scan_prefix(doc)
            .keys()
            .take(most)
            .map(|k| Ok(u64::from_be_bytes(k?[16..].try_into().map_err(|_| StoreError::Damaged)?)))
            .collect()
    }

    /// Documents with envelopes that wait, in order. Takes a step for each document, not for each envelope.
    pub fn all_waiting(&self) -> Result<Vec<Id>> {
        let mut docs: Vec<Id> = Vec::new();
        let mut next = self.waiting.iter().next();
        while let Some(item) = next {
            let doc: Id = item?.0.get(..16).and_then(|d| d.try_into().ok()).ok_or(StoreError::Damaged)?;
            docs.push(doc);
            next = self.waiting.range((Bound::Excluded(numbered(&doc, u64::MAX)), Bound::Unbounded)).next();
        }
        Ok(docs)
    }

    /// Says whether an envelope waits.
    pub fn set_waiting(&self, doc: &Id, number: u64, waits: bool) -> Result<()> {
        let key = numbered(doc, number);
        if waits {
            self.waiting.insert(key, &[])?;
        } else {
            self.waiting.remove(key)?;
        }
        Ok(())
    }

    /// Refused envelopes of a document: newest hash, and why.
    pub fn held(&self, doc: &Id) -> Result<Vec<(Hash, Vec<u8>)>> {
        let keys: Vec<_> = self.held.scan_prefix(doc).keys().collect::<std::result::Result<_, _>>()?;
        keys.into_iter()
            .map(|key| {
                let kept = self.get(&self.held, b'h', &key)?.ok_or(StoreError::Damaged)?;
                let (hash, why) = kept.split_first_chunk::<32>().ok_or(StoreError::Damaged)?;
                Ok((*hash, why.to_vec()))
            })
            .collect()
    }

    /// How many of them there are.
    pub fn held_count(&self, doc: &Id) -> Result<usize> {
        Ok(self.held.scan_prefix(doc).keys().try_fold(0, |count, key| key.map(|_| count + 1))?)
    }

    /// Why one envelope was refused.
    pub fn why_held(&self, doc: &Id, hash: &Hash) -> Result<Option<Vec<u8>>> {
        let kept = self.get(&self.held, b'h', &[doc.as_slice(), &self.mark(doc, hash)?].concat())?;
        let why =
            |kept: Vec<u8>| kept.split_first_chunk::<32>().map(|(_, why)| why.to_vec()).ok_or(StoreError::Damaged);
        kept.map(why).transpose()
    }

    /// Keeps or forgets why an envelope was refused.
    pub fn set_held(&self, doc: &Id, hash: &Hash, why: Option<&[u8]>) -> Result<()> {
        let key = [doc.as_slice(), &self.mark(doc, hash)?].concat();
        match why {
            Some(why) => self.put(&self.held, b'h', &key, &[hash.as_slice(), why].concat()),
            None => self.delete(&self.held, b'h', &key),
        }
    }

    /// The value of a fact.
    pub fn fact(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.get(&self.facts, b'f', key)
    }

    /// All facts whose key begins with `prefix`, in order of their keys.
    pub fn facts(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let keys: Vec<_> = self.facts.scan_prefix(prefix).keys().collect::<std::result::Result<_, _>>()?;
        keys.into_iter()
            .map(|k| Ok((k.to_vec(), self.get(&self.facts, b'f', &k)?.ok_or(StoreError::Damaged)?)))
            .collect()
    }

    /// The greatest key of a fact that begins with `prefix`.
    pub fn last_fact(&self, prefix: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.facts.scan_prefix(prefix).keys().next_back().transpose()?.map(|k| k.to_vec()))
    }

    /// Sets or forgets a fact.
    pub fn set_fact(&self, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        match value {
            Some(value) => self.put(&self.facts, b'f', key, value),
            None => self.delete(&self.facts, b'f', key),
        }
    }

    /// A blob of a document.
    pub fn blob(&self, kind: Blob, doc: &Id) -> Result<Option<Vec<u8>>> {
        self.get(&self.blobs, b'b', &[&[kind as u8], doc.as_slice()].concat())
    }

    /// Sets a blob of a document.
    pub fn set_blob(&self, kind: Blob, doc: &Id, bytes: &[u8]) -> Result<()> {
        self.put(&self.blobs, b'b', &[&[kind as u8], doc.as_slice()].concat(), bytes)
    }

    /// Stands for a hash where it would be in the clear, and only with the document's key can be told to: a hash shows whether a
    /// guess at what it is of is right.
    pub fn mark(&self, doc: &Id, hash: &Hash) -> Result<[u8; 16]> {
        Ok(self.keys.of(doc)?.ok_or(StoreError::Damaged)?.mark(hash))
    }

    /// Takes every row of a document away.
    pub fn forget(&self, doc: &Id) -> Result<()> {
        let parked = [OF_DOCUMENT, doc].concat();
        let of = |tree: &sled::Tree, prefix: &[u8]| -> Result<()> {
            for key in tree.scan_prefix(prefix).keys() {
                tree.remove(key?)?;
            }
            Ok(())
        };
        for (tree, tag) in [(&self.log, b'l'), (&self.held, b'h')] {
            of(tree, doc)?;
            of(&self.parts, &[&[tag], doc.as_slice()].concat())?;
        }
        of(&self.facts, &parked)?;
        of(&self.parts, &[b"f".as_slice(), &parked].concat())?;
        for kind in [Blob::Genesis, Blob::Snapshot] {
            let key = [&[kind as u8], doc.as_slice()].concat();
            of(&self.blobs, &key)?;
            of(&self.parts, &[b"b".as_slice(), &key].concat())?;
        }
        for tree in [&self.numbers, &self.waiting, &self.documents] {
            of(tree, doc)?;
        }
        Ok(())
    }

    fn put(&self, tree: &sled::Tree, tag: u8, key: &[u8], bytes: &[u8]) -> Result<()> {
        let before = tree.get(key)?.and_then(|v| parts_of(&v));
        let sealed = self.seal_row(tag, key, bytes)?;
        if sealed.len() < VALUE_BYTES_MAX {
            tree.insert(key, [&[0], sealed.as_slice()].concat())?;
            return self.delete_parts(tag, key, 0, before.unwrap_or(0));
        }
        let parts = sealed.chunks(VALUE_BYTES_MAX);
        let count = u16::try_from(parts.len()).map_err(|_| StoreError::Damaged)?;
        for (n, part) in parts.enumerate() {
            self.parts.insert(part_key(tag, key, n as u16), part)?;
        }
        tree.insert(key, [&[1], count.to_be_bytes().as_slice()].concat())?;
        self.delete_parts(tag, key, count, before.unwrap_or(0))
    }

    fn get(&self, tree: &sled::Tree, tag: u8, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(value) = tree.get(key)? else { return Ok(None) };
        match value.split_first() {
            Some((0, sealed)) => self.open_row(tag, key, sealed).map(Some),
            Some((1, _)) => {
                let count = parts_of(&value).ok_or(StoreError::Damaged)?;
                let mut sealed = Vec::with_capacity(usize::from(count) * VALUE_BYTES_MAX);
                for n in 0..count {
                    sealed.extend(self.parts.get(part_key(tag, key, n))?.ok_or(StoreError::Damaged)?.as_ref());
                }
                self.open_row(tag, key, &sealed).map(Some)
            }
            _ => Err(StoreError::Damaged),
        }
    }

    fn delete(&self, tree: &sled::Tree, tag: u8, key: &[u8]) -> Result<()> {
        let before = tree.remove(key)?.and_then(|v| parts_of(&v));
        self.delete_parts(tag, key, 0, before.unwrap_or(0))
    }

    fn delete_parts(&self, tag: u8, key: &[u8], from: u16, to: u16) -> Result<()> {
        for n in from..to {
            self.parts.remove(part_key(tag, key, n))?;
        }
        Ok(())
    }

    fn seal_row(&self, tag: u8, key: &[u8], bytes: &[u8]) -> Result<Vec<u8>> {
        Ok(self.with_key(tag, key, |with| with.seal(&row(tag, key), bytes))??)
    }

    fn open_row(&self, tag: u8, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
        self.with_key(tag, key, |with| with.open(&row(tag, key), sealed))?.ok_or(StoreError::Damaged)
    }

    /// Lends the key that rows under this key are sealed with.
    fn with_key<T>(&self, tag: u8, key: &[u8], f: impl FnOnce(&Key) -> T) -> Result<T> {
        let document = |bytes: &[u8]| bytes.first_chunk::<16>().copied().ok_or(StoreError::Damaged);
        let doc = match tag {
            b'f' => match document_of_fact(key) {
                None => return Ok(f(self.keys.rest())),
                Some(doc) => doc,
            },
            b'b' => document(key.get(1..).unwrap_or_default())?,
            _ => document(key)?,
        };
        Ok(f(&*self.keys.of(&doc)?.ok_or(StoreError::Damaged)?))
    }
}

/// The document that a fact belongs to, where it belongs to one.
pub fn document_of_fact(key: &[u8]) -> Option<Id> {
    key.strip_prefix(OF_DOCUMENT)?.first_chunk().copied()
}

fn database(dir: &Path) -> Result<sled::Db> {
    // The flusher must run: sled's collector works there.
    Ok(sled::Config::new().path(dir).cache_capacity(CACHE_BYTES).flush_every_ms(Some(500)).open()?)
}

/// The place that a row is sealed for.
fn row(tag: u8, key: &[u8]) -> Vec<u8> {
    [b"openpep/row/2/".as_slice(), &[tag], key].concat()
}

/// Brings the rows of a store of layout 1, in which nothing was encrypted, into `new`, but for documents without a key. Returns
/// how far the journal had been read in.
pub fn copy_from_1(dir: &Path, new: &Store) -> Result<Option<Position>> {
    catch_unwind(AssertUnwindSafe(|| {
        let old = database(dir)?;
        let parts = old.open_tree("parts-1")?;
        let whole = |tag: u8, key: &[u8], value: &[u8]| match value.split_first() {
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
        };
        let each = |tree: &str, copy: Copy<'_>| {
            old.open_tree(tree)?
                .iter()
                .try_for_each(|row| row.map_err(StoreError::from).and_then(|(k, v)| copy(&k, &v)))
        };
        let known = new.keys.all()?;
        let of = |key: &[u8]| key.first_chunk::<16>().copied().filter(|doc| known.contains(doc));
        let number = |key: &[u8]| {
            let digits = key.get(16..).and_then(|digits| digits.try_into().ok()).ok_or(StoreError::Damaged)?;
            Ok::<_, StoreError>(u64::from_be_bytes(digits))
        };
        let hash = |key: &[u8]| key.get(16..).and_then(|hash| Hash::try_from(hash).ok()).ok_or(StoreError::Damaged);
        each("documents-1", &mut |key, value| match of(key) {
            Some(doc) => new.set_document(&doc, &from_cbor(value)?),
            None => Ok(()),
        })?;
        each("numbers-1", &mut |key, value| {
            if of(key).is_some() {
                new.numbers.insert(key, new.seal_row(b'n', key, value)?)?;
            }
            Ok(())
        })?;
        each("log-1", &mut |key, value| match of(key) {
            Some(_) => new.put(&new.log, b'l', key, &whole(b'l', key, value)?),
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
            let renamed = crate::sealed_fact_key(&new.keys, key)?;
            new.set_fact(&renamed, Some(&whole(b'f', key, value)?))
        })?;
        each("blobs-1", &mut |key, value| match of(key.get(1..).unwrap_or_default()) {
            Some(_) => new.put(&new.blobs, b'b', key, &whole(b'b', key, value)?),
            None => Ok(()),
        })?;
        old.open_tree("meta-1")?.get("checkpoint")?.map(|v| Ok(from_cbor(&v)?)).transpose()
    }))
    .unwrap_or(Err(StoreError::Damaged))
}

type Copy<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<()>;

fn numbered(doc: &Id, number: u64) -> [u8; 24] {
    let mut key = [0; 24];
    key[..16].copy_from_slice(doc);
    key[16..].copy_from_slice(&number.to_be_bytes());
    key
}

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
