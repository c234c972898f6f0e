//! The working store by meaning: what stands in which row, sealed for its place.
//!
//! | [`Table`] | key | value |
//! |---|---|---|
//! | `Documents` | document | [`Document`] |
//! | `Numbers` | document ‖ number (u64, big endian) | hash of the envelope's last change |
//! | `Log` | document ‖ number | the envelope |
//! | `Waiting` | document ‖ number | nothing, unsealed: the relay has not said it has it |
//! | `Held` | document ‖ mark of the hash | hash of the refused envelope ‖ why it was refused |
//! | `Facts` | the fact's key | its value |
//! | `Blobs` | kind ‖ document | genesis change, snapshot |
//!
//! Values are sealed with the key of their document or, where they belong to none, with the key for everything else.

use gate::{Hash, Id};

use crate::{
    Key, KeyError, Result, Trouble,
    cbor::{from_cbor, to_cbor},
    disk::{KeyStore, RowStore, Span, Table},
    event::{Blob, Document, Event, PARKED, Row, SET_ASIDE, document_of_fact, rows_of},
};

/// Rows, and the keys that open them.
#[derive(Clone, Copy)]
pub struct Tables<'a> {
    /// The keys.
    pub keys: &'a dyn KeyStore,
    /// The rows.
    pub rows: &'a dyn RowStore,
}

impl Tables<'_> {
    /// Puts what follows from an event. Doing it twice is harmless.
    pub fn bring(&self, event: &Event) -> Result<()> {
        if let Event::Erased { doc } = event {
            // First, so that a wipe of rows that is cut short leaves nothing that can be read.
            self.keys.destroy(doc)?;
        }
        let known = match event {
            Event::Start { doc, .. }
            | Event::Envelope { doc, .. }
            | Event::Snapshot { doc, .. }
            | Event::Aside { doc, .. } => self.document(doc)?,
            Event::Fact { .. } | Event::Held { .. } | Event::Erased { .. } | Event::Passed(_) => None,
        };
        rows_of(event, known)?.iter().try_for_each(|row| self.put_row(row))
    }

    /// Puts one row.
    pub fn put_row(&self, row: &Row<'_>) -> Result<()> {
        match row {
            Row::Document(doc, document) => self.set_document(doc, document),
            Row::Envelope(doc, number, hash, bytes) => self.put_envelope(doc, *number, hash, bytes),
            Row::SetAside(doc, number) => {
                self.put(Table::Numbers, &numbered(doc, *number), &SET_ASIDE)?;
                self.set_waiting(doc, *number, false)
            }
            Row::Waiting(doc, number, waits) => self.set_waiting(doc, *number, *waits),
            Row::Held(doc, hash, why) => self.set_held(doc, hash, *why),
            Row::Fact(key, value) => self.set_fact(key, *value),
            Row::Blob(kind, doc, bytes) => self.set_blob(*kind, doc, bytes),
            Row::Forget(doc) => self.forget(doc),
        }
    }

    /// Ids of all documents, in order.
    pub fn documents(&self) -> Result<Vec<Id>> {
        let keys = self.rows.keys(Table::Documents, &Span::all())?;
        keys.iter().map(|key| key.as_slice().try_into().map_err(|_| Trouble::Damaged)).collect()
    }

    /// What is known of a document.
    pub fn document(&self, doc: &Id) -> Result<Option<Document>> {
        self.get(Table::Documents, doc)?.map(|content| Ok(from_cbor(&content)?)).transpose()
    }

    /// Sets what is known of a document.
    pub fn set_document(&self, doc: &Id, document: &Document) -> Result<()> {
        self.put(Table::Documents, doc, &to_cbor(document))
    }

    /// Puts an envelope under its number.
    pub fn put_envelope(&self, doc: &Id, number: u64, hash: &Hash, bytes: &[u8]) -> Result<()> {
        let key = numbered(doc, number);
        self.put(Table::Numbers, &key, hash)?;
        self.put(Table::Log, &key, bytes)
    }

    /// The envelope under that number.
    pub fn envelope(&self, doc: &Id, number: u64) -> Result<Option<Vec<u8>>> {
        self.get(Table::Log, &numbered(doc, number))
    }

    /// Hashes of the numbers above `after` up to `last`, in order. A gap in them is damage.
    pub fn numbers(&self, doc: &Id, after: u64, last: u64) -> Result<Vec<Hash>> {
        let until = [numbered(doc, last).as_slice(), &[0]].concat();
        let span = Span { until: Some(until), ..Span::from(&numbered(doc, after + 1)) };
        let mut hashes = Vec::new();
        for (key, sealed) in self.rows.rows(Table::Numbers, &span)? {
            if key != numbered(doc, after + 1 + hashes.len() as u64) {
                return Err(Trouble::Damaged);
            }
            let hash = self.open(Table::Numbers, &key, &sealed)?;
            hashes.push(hash.as_slice().try_into().map_err(|_| Trouble::Damaged)?);
        }
        if hashes.len() as u64 != last.saturating_sub(after) {
            return Err(Trouble::Damaged);
        }
        Ok(hashes)
    }

    /// Numbers of the first `most` envelopes that the relay has not said it has.
    pub fn waiting(&self, doc: &Id, most: usize) -> Result<Vec<u64>> {
        let keys = self.rows.keys(Table::Waiting, &Span::prefix(doc).first(most))?;
        let number = |key: &Vec<u8>| Some(u64::from_be_bytes(key.get(16..)?.try_into().ok()?));
        keys.iter().map(|key| number(key).ok_or(Trouble::Damaged)).collect()
    }

    /// Documents with envelopes that wait, in order. Takes a step for each document, not for each envelope.
    pub fn all_waiting(&self) -> Result<Vec<Id>> {
        let mut docs: Vec<Id> = Vec::new();
        let mut span = Span::all().first(1);
        while let Some(key) = self.rows.keys(Table::Waiting, &span)?.first() {
            let doc: Id = key.first_chunk().copied().ok_or(Trouble::Damaged)?;
            docs.push(doc);
            let Some(behind) = Span::prefix(&doc).until else { break };
            span.from = behind;
        }
        Ok(docs)
    }

    /// Says whether an envelope waits.
    pub fn set_waiting(&self, doc: &Id, number: u64, waits: bool) -> Result<()> {
        let key = numbered(doc, number);
        if waits { self.rows.put(Table::Waiting, &key, &[]) } else { self.rows.remove(Table::Waiting, &key) }
    }

    /// Refused envelopes of a document: newest hash, and why.
    pub fn held(&self, doc: &Id) -> Result<Vec<(Hash, Vec<u8>)>> {
        let rows = self.rows.rows(Table::Held, &Span::prefix(doc))?;
        rows.iter().map(|(key, sealed)| hash_and_why(&self.open(Table::Held, key, sealed)?)).collect()
    }

    /// How many of them there are.
    pub fn held_count(&self, doc: &Id) -> Result<usize> {
        Ok(self.rows.keys(Table::Held, &Span::prefix(doc))?.len())
    }

    /// Why one envelope was refused.
    pub fn why_held(&self, doc: &Id, hash: &Hash) -> Result<Option<Vec<u8>>> {
        let kept = self.get(Table::Held, &[doc.as_slice(), &self.mark(doc, hash)?].concat())?;
        kept.map(|kept| Ok(hash_and_why(&kept)?.1)).transpose()
    }

    /// Keeps or forgets why an envelope was refused.
    pub fn set_held(&self, doc: &Id, hash: &Hash, why: Option<&[u8]>) -> Result<()> {
        let key = [doc.as_slice(), &self.mark(doc, hash)?].concat();
        match why {
            Some(why) => self.put(Table::Held, &key, &[hash.as_slice(), why].concat()),
            None => self.rows.remove(Table::Held, &key),
        }
    }

    /// The value of a fact.
    pub fn fact(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.get(Table::Facts, key)
    }

    /// All facts whose key begins with `prefix`, in order of their keys.
    pub fn facts(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let rows = self.rows.rows(Table::Facts, &Span::prefix(prefix))?;
        let open = |(key, sealed): (Vec<u8>, Vec<u8>)| {
            let value = self.open(Table::Facts, &key, &sealed)?;
            Ok((key, value))
        };
        rows.into_iter().map(open).collect()
    }

    /// The greatest key of a fact that begins with `prefix`.
    pub fn last_fact(&self, prefix: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.rows.keys(Table::Facts, &Span::prefix(prefix).last(1))?.pop())
    }

    /// Sets or forgets a fact.
    pub fn set_fact(&self, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        match value {
            Some(value) => self.put(Table::Facts, key, value),
            None => self.rows.remove(Table::Facts, key),
        }
    }

    /// A blob of a document.
    pub fn blob(&self, kind: Blob, doc: &Id) -> Result<Option<Vec<u8>>> {
        self.get(Table::Blobs, &blob_key(kind, doc))
    }

    /// Sets a blob of a document.
    pub fn set_blob(&self, kind: Blob, doc: &Id, bytes: &[u8]) -> Result<()> {
        self.put(Table::Blobs, &blob_key(kind, doc), bytes)
    }

    /// Takes every row of a document away.
    pub fn forget(&self, doc: &Id) -> Result<()> {
        for table in [Table::Log, Table::Held] {
            self.rows.remove_all(table, doc)?;
        }
        self.rows.remove_all(Table::Facts, &[PARKED, doc].concat())?;
        for kind in [Blob::Genesis, Blob::Snapshot] {
            self.rows.remove_all(Table::Blobs, &blob_key(kind, doc))?;
        }
        for table in [Table::Numbers, Table::Waiting, Table::Documents] {
            self.rows.remove_all(table, doc)?;
        }
        Ok(())
    }

    /// Stands for a hash where it would be in the clear, and only with the document's key can be told to: a hash shows whether a
    /// guess at what it is of is right.
    fn mark(&self, doc: &Id, hash: &Hash) -> Result<[u8; 16]> {
        Ok(self.key(doc)?.mark(hash))
    }

    /// Seals a row's value and puts it.
    pub fn put(&self, table: Table, key: &[u8], content: &[u8]) -> Result<()> {
        let sealed = self.with_key(table, key, |with| with.seal(&place(table, key), content))??;
        self.rows.put(table, key, &sealed)
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.rows.get(table, key)?.map(|sealed| self.open(table, key, &sealed)).transpose()
    }

    fn open(&self, table: Table, key: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
        self.with_key(table, key, |with| with.open(&place(table, key), sealed))?.ok_or(Trouble::Damaged)
    }

    /// Lends the key that rows under this key are sealed with.
    fn with_key<T>(&self, table: Table, key: &[u8], f: impl FnOnce(&Key) -> T) -> Result<T> {
        let document = |bytes: &[u8]| bytes.first_chunk::<16>().copied().ok_or(Trouble::Damaged);
        let doc = match table {
            Table::Facts => match document_of_fact(key) {
                None => return Ok(f(self.keys.rest())),
                Some(doc) => doc,
            },
            Table::Blobs => document(key.get(1..).unwrap_or_default())?,
            Table::Documents | Table::Numbers | Table::Log | Table::Waiting | Table::Held => document(key)?,
        };
        Ok(f(&*self.key(&doc)?))
    }

    fn key(&self, doc: &Id) -> Result<std::sync::Arc<Key>> {
        match self.keys.of(doc) {
            Ok(Some(key)) => Ok(key),
            // Where one is lost, the next opening finds that it is gone.
            Ok(None) | Err(KeyError::Lost(_)) => Err(Trouble::Damaged),
            Err(e) => Err(e.into()),
        }
    }
}

/// The place that a row is sealed for.
fn place(table: Table, key: &[u8]) -> Vec<u8> {
    let tag = match table {
        Table::Documents => b'd',
        Table::Numbers => b'n',
        Table::Log => b'l',
        Table::Waiting => b'w',
        Table::Held => b'h',
        Table::Facts => b'f',
        Table::Blobs => b'b',
    };
    [b"openpep/row/2/".as_slice(), &[tag], key].concat()
}

fn numbered(doc: &Id, number: u64) -> [u8; 24] {
    let mut key = [0; 24];
    key[..16].copy_from_slice(doc);
    key[16..].copy_from_slice(&number.to_be_bytes());
    key
}

fn blob_key(kind: Blob, doc: &Id) -> Vec<u8> {
    [&[kind as u8], doc.as_slice()].concat()
}

fn hash_and_why(kept: &[u8]) -> Result<(Hash, Vec<u8>)> {
    let (hash, why) = kept.split_first_chunk::<32>().ok_or(Trouble::Damaged)?;
    Ok((*hash, why.to_vec()))
}
