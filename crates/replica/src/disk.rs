//! What a replica is kept on.
//!
//! [`Disk`] is all that this room asks of a machine: synchronous, object-safe, and blind. It holds *records* (the journal, which is
//! the truth) and *rows* (the working store, which follows from them and can be built again), both of them sealed before it gets
//! them, and the *keys* that they are sealed with, one for each document, so that a document can be destroyed by destroying its key.
//! Nothing here knows what a record or a row means; [`crate::event`] does, once for every disk.
//!
//! Who implements it: files (the crate `disk`), [`crate::memory`], and whatever keeps bytes elsewhere. [`crate::conformance`] is
//! what each of them has to pass.

use std::{collections::BTreeSet, ops::Bound, sync::Arc};

pub use gate::{Hash, Id};

use crate::{Key, KeyError, Notice, Trouble};

/// One thing worth keeping: an event, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is; [`crate::event`] says.
    pub kind: u8,
    /// The content.
    pub payload: Vec<u8>,
}

/// What is kept: records, rows, keys.
///
/// **Order.** A replica appends records, then puts the rows that follow from them, then says [`Disk::caught_up`]. Where that is cut
/// short, the next opening finds the records in [`Disk::unread`] and puts the rows again; putting them twice is harmless.
///
/// **Failure.** After [`Disk::append`] has failed once, nothing more is accepted before the next opening: what is durable is then
/// unknown, and trying again could claim a record that is not there.
pub trait Disk: Send {
    /// The keys.
    fn keys(&self) -> &dyn KeyStore;

    /// The rows.
    fn rows(&self) -> &dyn RowStore;

    /// Asked first, once: the records that the rows may lack, and what a person should hear of.
    fn unread(&mut self) -> Result<Unread, Trouble>;

    /// Asked where `unread` held something that cannot be right: all records, from the first. The rows are empty afterwards.
    fn reread(&mut self) -> Result<Unread, Trouble>;

    /// How many records there are, so that the next has this number.
    fn records(&self) -> u64;

    /// Puts records behind those that are there, and returns when all of them are durable. Where it fails, or the power does
    /// meanwhile, the next opening finds a beginning of them: the first so many, each of them whole, most often none. Nobody was told
    /// of those; what must be kept together is one record.
    fn append(&mut self, records: &[Record]) -> Result<(), Trouble>;

    /// The same, and the next opening does not find itself continuous unless something else was appended meanwhile.
    fn append_unproven(&mut self, records: &[Record]) -> Result<(), Trouble>;

    /// These records take the place of those that are there, which are kept beside where there is room for that. The next opening
    /// does not find itself continuous.
    fn rewrite(&mut self, records: &[Record]) -> Result<(), Trouble>;

    /// The rows hold everything that follows from the records.
    fn caught_up(&mut self) -> Result<(), Trouble>;

    /// Whether this is surely where it stopped last time: not new, not a copy, nothing put back from an earlier day.
    fn is_continuous(&self) -> bool;

    /// Asks that rows be written down which are held in memory so far. Nothing depends on it.
    fn flush(&self) -> Result<(), Trouble>;

    /// Destroys the keys, then everything else, for good. `last_words` stay, where whoever opens this place next finds them, and are
    /// there before the first key goes; a wipe that is cut short can be ended by them. Afterwards nothing is here, and nothing more
    /// is accepted.
    fn wipe(&mut self, last_words: &[u8]) -> Result<(), Trouble>;
}

/// What opening found in the journal.
#[derive(Debug, Default)]
pub struct Unread {
    /// Records, in order.
    pub records: Vec<Record>,
    /// Number of the first of them.
    pub first: u64,
    /// Whether they are all there are, so that the rows are built from nothing.
    pub from_start: bool,
    /// Whether a record inside was lost, so that their numbers have gaps.
    pub damaged: bool,
    /// What a person should hear of.
    pub notices: Vec<Notice>,
}

/// The keys that everything is sealed with.
pub trait KeyStore {
    /// The key for everything that belongs to no document.
    fn rest(&self) -> &Key;

    /// The key of a document. `None` where there is none: it was never held, or was erased.
    fn of(&self, doc: &Id) -> Result<Option<Arc<Key>>, KeyError>;

    /// The key of a document, made where there is none. Durable when this returns.
    fn make(&self, doc: &Id) -> Result<Arc<Key>, KeyError>;

    /// Destroys the key of a document: from here on nobody can read what it sealed. Durable when this returns.
    fn destroy(&self, doc: &Id) -> Result<(), KeyError>;

    /// Documents that have a key.
    fn all(&self) -> Result<BTreeSet<Id>, KeyError>;
}

/// A kind of rows. Keys are in the clear, and so are the values of `Waiting`; all other values are sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Document → how far it is.
    Documents,
    /// Document ‖ number → hash.
    Numbers,
    /// Document ‖ number → envelope.
    Log,
    /// Document ‖ number → nothing.
    Waiting,
    /// Document ‖ mark of a hash → why it was refused.
    Held,
    /// A fact's key → its value.
    Facts,
    /// Kind ‖ document → genesis change, snapshot.
    Blobs,
}

impl Table {
    /// All of them.
    pub const ALL: [Table; 7] =
        [Table::Documents, Table::Numbers, Table::Log, Table::Waiting, Table::Held, Table::Facts, Table::Blobs];

    /// Whether its values may be longer than some hundred bytes.
    pub fn is_long(self) -> bool {
        matches!(self, Table::Log | Table::Held | Table::Facts | Table::Blobs)
    }
}

/// Key and value.
pub type KeyValue = (Vec<u8>, Vec<u8>);

/// Rows by table and key, in the order of their keys' bytes. What was put is read at once, and durable some time later.
pub trait RowStore {
    /// The value of a row.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble>;

    /// Keys of the rows within a span.
    fn keys(&self, table: Table, span: &Span) -> Result<Vec<Vec<u8>>, Trouble>;

    /// The rows within a span.
    fn rows(&self, table: Table, span: &Span) -> Result<Vec<KeyValue>, Trouble>;

    /// Puts a row, in place of one that is there.
    fn put(&self, table: Table, key: &[u8], value: &[u8]) -> Result<(), Trouble>;

    /// Takes a row away, where there is one.
    fn remove(&self, table: Table, key: &[u8]) -> Result<(), Trouble>;

    /// Takes away every row whose key begins so.
    fn remove_all(&self, table: Table, prefix: &[u8]) -> Result<(), Trouble>;
}

/// Which rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The least key.
    pub from: Vec<u8>,
    /// The least key that is too great; `None` where none is.
    pub until: Option<Vec<u8>>,
    /// So many rows at the most.
    pub most: usize,
    /// The greatest first.
    pub descending: bool,
}

impl Span {
    /// All rows.
    pub fn all() -> Span {
        Span { from: Vec::new(), until: None, most: usize::MAX, descending: false }
    }

    /// Rows from this key on.
    pub fn from(key: &[u8]) -> Span {
        Span { from: key.to_vec(), ..Span::all() }
    }

    /// Rows whose key begins so.
    pub fn prefix(prefix: &[u8]) -> Span {
        let mut until = prefix.to_vec();
        // The next prefix of that length; there is none behind 0xff….
        while until.pop_if(|last| *last == u8::MAX).is_some() {}
        let until = until.pop().map(|last| {
            until.push(last + 1);
            until
        });
        Span { from: prefix.to_vec(), until, ..Span::all() }
    }

    /// The first so many of them.
    pub fn first(self, most: usize) -> Span {
        Span { most, ..self }
    }

    /// The last so many of them, the greatest first.
    pub fn last(self, most: usize) -> Span {
        Span { most, descending: true, ..self }
    }

    /// Whether no key lies within it.
    pub fn is_empty(&self) -> bool {
        self.most == 0 || self.until.as_ref().is_some_and(|until| *until <= self.from)
    }

    /// Its two ends, for a map's `range`; not to be asked of one that is empty.
    pub fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        let until = self.until.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        (Bound::Included(self.from.as_slice()), until)
    }
}
