//! What is written in the journal, and what follows from it: shared by every disk.
//!
//! An [`Event`] becomes a [`Record`] by being sealed, and [`rows_of`] says which rows follow from it. Nothing here touches a disk;
//! so the working store of every disk can be built again from its journal, and comes out the same.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Hash, Id};
use serde::{Deserialize, Serialize};
use sync::{Cursor, Ledger, Wire};

use crate::{
    Key, KeyError, Result, Trouble,
    cbor::{from_cbor, to_cbor},
    disk::{KeyStore, Record, Unread},
};

/// Kinds of records, none of which a flipped bit or two makes into another. An [`Event`] in the clear: layout 1.
pub const PLAIN: u8 = 0b0001;
/// An event of a document: its id, the record's number, and the event sealed with the document's key. Layout 2.
const SEALED_2: u8 = 0b0110;
/// Any other event: the record's number, and the event sealed with the key for everything else. Layout 2.
const SEALED_REST_2: u8 = 0b1010;
/// The same since layout 3, in which envelopes and tips may name their incarnation: a program that cannot read those refuses the kind
/// instead of passing over what somebody wrote. Everything is written so.
const SEALED: u8 = 0b0111_0110;
/// Likewise.
const SEALED_REST: u8 = 0b0011_1011;
/// All kinds but [`PLAIN`], each with whether it is of a document.
const KINDS: [(u8, bool); 4] = [(SEALED_2, true), (SEALED_REST_2, false), (SEALED, true), (SEALED_REST, false)];
/// Set in the kind of a record that need not be understood: who does not know it keeps it where it stands and passes over it. A kind
/// without it that is not known is refused ([`Trouble::Newer`]).
pub const MAY_PASS: u8 = 0b1000_0000;
/// Facts that belong to a document, and are erased with it: its id follows. They are envelopes whose past a damaged journal lost: their hash's mark follows the document.
pub const PARKED: &[u8] = b"parked/";
/// The number of the layout of records and rows; a folder of a higher one was written by a newer version and is refused. 1: nothing
/// was encrypted. 2: no envelope named its incarnation.
pub const LAYOUT: u32 = 3;
/// In place of the hash of an envelope that was set aside: no change has this one.
pub const SET_ASIDE: Hash = [0; 32];

/// What is written in the journal.
///
/// **A new variant is a new record kind.** Nothing is added to these variants, nor to their fields. A program that people have
/// already does not refuse what it does not know here: a record of a known kind whose variant it cannot read counts as one that
/// somebody else wrote, and is left out. The person is told so ([`Notice::Unopened`](crate::Notice::Unopened)), the journal is written anew without it,
/// and what it said stands from there on in the one that was set aside alone. A field that it does not know it passes over
/// without a word. A record *kind* that it does not know it refuses ([`Trouble::Newer`]) wherever it reads one, and leaves the
/// journal as it is. It reads what stands after its store's checkpoint, which a newer program may have moved past the record: so
/// [`LAYOUT`] rises together with the first new kind, and a folder of a higher one is refused at every opening. `tests/replica/records.rs` pins
/// what there is.
///
/// A kind with the bit [`MAY_PASS`] is one that need not be understood. LAYOUT does not rise with it: a program that does not know it
/// keeps its record as it is, also where a damaged journal is written anew and every other record gets another number. So what it
/// says is sealed for its kind alone and not for its number ([`may_pass`]; what belongs to a document is sealed within that with the
/// document's key), and its rows can be had from the journal at any time: a program that did not know it has moved its checkpoint
/// past it.
#[derive(Debug, Serialize, Deserialize)]
pub enum Event {
    /// A document begins to be held.
    Start {
        /// The document.
        #[serde(with = "serde_bytes")]
        doc: Id,
        /// Its genesis change.
        #[serde(with = "serde_bytes")]
        genesis: Vec<u8>,
    },
    /// An envelope that the gate admitted.
    Envelope {
        /// The document.
        #[serde(with = "serde_bytes")]
        doc: Id,
        /// Its number here.
        number: u64,
        /// The relay's number of it, where it came from its log.
        cursor: Option<Cursor>,
        /// Whether the relay is still to be given it.
        waits: bool,
        /// As it is on the wire.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// A relay's snapshot, in place of the envelopes up to its cursor.
    Snapshot {
        /// The document.
        #[serde(with = "serde_bytes")]
        doc: Id,
        /// How far it goes.
        cursor: Cursor,
        /// The document's bytes.
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
        /// The newest change of each actor in it, with its signature.
        tips: Vec<sync::frame::WireTip>,
    },
    /// Anything small that is known by a key.
    Fact {
        /// The key.
        #[serde(with = "serde_bytes")]
        key: Vec<u8>,
        /// The value; `None` where it is forgotten.
        value: Option<serde_bytes::ByteBuf>,
    },
    /// An envelope was refused, or is not any more.
    Held {
        /// The document.
        #[serde(with = "serde_bytes")]
        doc: Id,
        /// The envelope's last change.
        #[serde(with = "serde_bytes")]
        hash: Hash,
        /// Why; `None` where it was accepted after all.
        why: Option<serde_bytes::ByteBuf>,
    },
    /// Envelopes taken out of the document, and others in their place: in one record, so that no crash comes between.
    Aside {
        /// The document.
        #[serde(with = "serde_bytes")]
        doc: Id,
        /// Numbers of those taken out.
        numbers: Vec<u64>,
        /// The document without them, where the kept snapshot holds some of them.
        #[serde(default)]
        rest: Option<serde_bytes::ByteBuf>,
        /// Number of the first of `again`.
        #[serde(default)]
        from: u64,
        /// The others.
        #[serde(default)]
        again: Vec<serde_bytes::ByteBuf>,
    },
    /// The document was given up.
    Erased {
        /// The document.
        #[serde(with = "serde_bytes")]
        doc: Id,
    },
    /// A record of a newer program that need not be understood, as it stands. No variant of what is written: it *is* a record.
    #[serde(skip)]
    Passed(Record),
}

/// A record that need not be understood, of a kind with the bit [`MAY_PASS`].
pub fn may_pass(keys: &dyn KeyStore, kind: u8, content: &[u8]) -> Result<Record> {
    let kind = kind | MAY_PASS;
    Ok(Record { kind, payload: keys.rest().seal(&passing(kind), content)? })
}

/// What such a record's content is sealed for.
fn passing(kind: u8) -> Vec<u8> {
    [b"openpep/record/passing/".as_slice(), &[kind]].concat()
}

/// Whether a record is one that a newer program wrote, and that need not be understood here.
pub fn is_passed(kind: u8) -> bool {
    kind & MAY_PASS != 0
}

impl Event {
    /// The document with whose key it is sealed.
    pub fn document(&self) -> Option<Id> {
        match self {
            Event::Start { doc, .. }
            | Event::Envelope { doc, .. }
            | Event::Snapshot { doc, .. }
            | Event::Held { doc, .. }
            | Event::Aside { doc, .. } => Some(*doc),
            Event::Fact { key, .. } => document_of_fact(key),
            // Read when the document's key is gone.
            Event::Erased { .. } => None,
            Event::Passed(_) => None,
        }
    }
}

/// The document that a fact belongs to, where it belongs to one.
pub fn document_of_fact(key: &[u8]) -> Option<Id> {
    key.strip_prefix(PARKED)?.first_chunk().copied()
}

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

/// What a blob is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blob {
    /// A document's genesis change.
    Genesis = 1,
    /// The document as this peer last saved it.
    Snapshot = 2,
}

/// A row that follows from an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row<'a> {
    /// What is known of a document.
    Document(Id, Document),
    /// An envelope under its number, and its hash.
    Envelope(Id, u64, Hash, &'a [u8]),
    /// The envelope of that number stays where it is, and counts no more.
    SetAside(Id, u64),
    /// Whether the envelope of that number waits for the relay.
    Waiting(Id, u64, bool),
    /// Why an envelope was refused, or that it was not.
    Held(Id, Hash, Option<&'a [u8]>),
    /// A fact's value, or that there is none.
    Fact(&'a [u8], Option<&'a [u8]>),
    /// Bytes of a document.
    Blob(Blob, Id, &'a [u8]),
    /// Every row of the document goes.
    Forget(Id),
}

/// The rows that follow from an event. `known`: what the rows say of its document so far. Putting them twice is harmless.
pub fn rows_of(event: &Event, known: Option<Document>) -> Result<Vec<Row<'_>>> {
    let first = known.is_none();
    let known = known.unwrap_or_default();
    Ok(match event {
        Event::Start { doc, genesis } => {
            let mut rows = vec![Row::Blob(Blob::Genesis, *doc, genesis)];
            if first {
                rows.push(Row::Document(*doc, known));
            }
            rows
        }
        Event::Envelope { doc, number, cursor, waits, bytes } => {
            let wire = Wire::decode(bytes).ok_or(Trouble::Damaged)?;
            let cursor = cursor.or(known.cursor);
            vec![
                Row::Envelope(*doc, *number, wire.0.hash, bytes),
                Row::Waiting(*doc, *number, *waits),
                Row::Document(*doc, Document { last: known.last.max(*number), cursor, ..known }),
            ]
        }
        Event::Snapshot { doc, cursor, bytes, .. } => {
            let document = Document { cursor: Some(*cursor), snapshot: Some(known.last), ..known };
            vec![Row::Blob(Blob::Snapshot, *doc, bytes), Row::Document(*doc, document)]
        }
        Event::Fact { key, value } => vec![Row::Fact(key, value.as_ref().map(|value| value.as_slice()))],
        Event::Aside { doc, numbers, rest, from, again } => {
            let mut rows: Vec<Row<'_>> = numbers.iter().map(|number| Row::SetAside(*doc, *number)).collect();
            let snapshot = match rest {
                Some(rest) => {
                    rows.push(Row::Blob(Blob::Snapshot, *doc, rest));
                    Some(from.saturating_sub(1))
                }
                None => known.snapshot.filter(|covered| numbers.iter().all(|number| number > covered)),
            };
            let mut last = known.last;
            for (number, bytes) in (*from..).zip(again) {
                let wire = Wire::decode(bytes).ok_or(Trouble::Damaged)?;
                rows.push(Row::Envelope(*doc, number, wire.0.hash, bytes));
                rows.push(Row::Waiting(*doc, number, true));
                last = last.max(number);
            }
            rows.push(Row::Document(*doc, Document { snapshot, last, ..known }));
            rows
        }
        Event::Held { doc, hash, why } => vec![Row::Held(*doc, *hash, why.as_ref().map(|why| why.as_slice()))],
        Event::Erased { doc } => vec![Row::Forget(*doc)],
        Event::Passed(_) => Vec::new(),
    })
}

/// The key of the fact that keeps an envelope whose past was lost.
pub fn parked_key(keys: &dyn KeyStore, doc: &Id, hash: &Hash) -> Result<Vec<u8>> {
    Ok([PARKED, doc, &keys.make(doc)?.mark(hash)].concat())
}

/// A fact's key of layout 1 as it is now: hashes of changes do not stand in the clear.
pub fn sealed_fact_key(keys: &dyn KeyStore, key: &[u8]) -> Result<Vec<u8>> {
    let hash = |doc: &Id| key.strip_prefix(PARKED)?.strip_prefix(doc)?.try_into().ok();
    match document_of_fact(key).and_then(|doc| Some((doc, hash(&doc)?))) {
        Some((doc, hash)) => parked_key(keys, &doc, &hash),
        None => Ok(key.to_vec()),
    }
}

/// Events as records, the first of which will have this number.
pub fn sealed(keys: &dyn KeyStore, events: &[Event], first: u64) -> Result<Vec<Record>> {
    (first..).zip(events).map(|(number, event)| seal_event(keys, event, number)).collect()
}

fn seal_event(keys: &dyn KeyStore, event: &Event, number: u64) -> Result<Record> {
    if let Event::Passed(record) = event {
        return Ok(record.clone());
    }
    let content = to_cbor(event);
    let Some(doc) = event.document() else {
        let sealed = keys.rest().seal(&record_place(SEALED_REST, number), &content)?;
        return Ok(Record { kind: SEALED_REST, payload: [number.to_be_bytes().as_slice(), &sealed].concat() });
    };
    let key = match event {
        Event::Start { .. } => keys.make(&doc)?,
        _ => keys.of(&doc)?.ok_or(Trouble::Unknown)?,
    };
    let sealed = key.seal(&record_place(SEALED, number), &content)?;
    Ok(Record { kind: SEALED, payload: [doc.as_slice(), &number.to_be_bytes(), &sealed].concat() })
}

/// What a record's content is sealed for: its kind and number. Its document is in its key.
fn record_place(kind: u8, number: u64) -> Vec<u8> {
    [b"openpep/record/2/".as_slice(), &[kind], &number.to_be_bytes()].concat()
}

/// What a journal says.
#[derive(Default)]
pub(crate) struct ReadIn {
    pub(crate) events: Vec<Event>,
    /// Records that no key opens at their place.
    pub(crate) unopened: u64,
    /// Documents with records, and without the key for them.
    pub(crate) lost: BTreeSet<Id>,
}

pub(crate) fn read_in(keys: &dyn KeyStore, unread: &Unread) -> Result<ReadIn> {
    let known = |kind| kind == PLAIN || KINDS.iter().any(|(one, _)| *one == kind);
    if unread.records.iter().any(|r| !known(r.kind) && !is_passed(r.kind)) {
        return Err(Trouble::Newer);
    }
    // Where something is missing, numbers have gaps; they still rise.
    let (whole, first) = (!unread.damaged, unread.first);
    let mut next = 0;
    let mut at_its_place = |at: usize, number: u64| {
        let right = if whole { number == first + at as u64 } else { number >= next };
        next = next.max(number.saturating_add(1));
        right
    };
    let mut read = ReadIn::default();
    // What was said of a document before it was erased was sealed with a key that is gone.
    let mut erased: BTreeMap<Id, usize> = BTreeMap::new();
    let mut found: Vec<Option<Event>> = Vec::with_capacity(unread.records.len());
    let mut of_documents = Vec::new();
    for (at, record) in unread.records.iter().enumerate() {
        let mut event = None;
        match parts(record) {
            // That it was written here is seen without understanding it: nobody makes another record pass by changing its kind.
            _ if is_passed(record.kind) => {
                let ours = keys.rest().open(&passing(record.kind), &record.payload).is_some();
                event = ours.then(|| Event::Passed(record.clone()));
                read.unopened += u64::from(!ours);
            }
            Some((doc, number, sealed)) if at_its_place(at, number) => match doc {
                Some(doc) => of_documents.push((at, doc, record.kind, number, sealed)),
                None => {
                    event = open_event(keys.rest(), record.kind, number, sealed);
                    read.unopened += u64::from(event.is_none());
                }
            },
            _ => read.unopened += 1,
        }
        if let Some(Event::Erased { doc }) = &event {
            erased.insert(*doc, at);
        }
        found.push(event);
    }
    for (at, doc, kind, number, sealed) in of_documents {
        if erased.get(&doc).is_some_and(|erased| at < *erased) {
            continue;
        }
        let key = match keys.of(&doc) {
            Err(KeyError::Lost(_)) => None,
            found => found?,
        };
        match key {
            None => drop(read.lost.insert(doc)),
            Some(key) => {
                found[at] = open_event(&key, kind, number, sealed).filter(|event| event.document() == Some(doc));
                read.unopened += u64::from(found[at].is_none());
            }
        }
    }
    read.events = found.into_iter().flatten().collect();
    Ok(read)
}

/// Document, number and sealed content of a record.
fn parts(record: &Record) -> Option<(Option<Id>, u64, &[u8])> {
    let (_, of_document) = KINDS.iter().find(|(kind, _)| *kind == record.kind)?;
    let (doc, rest) = match of_document {
        true => record.payload.split_first_chunk::<16>().map(|(doc, rest)| (Some(*doc), rest))?,
        false => (None, record.payload.as_slice()),
    };
    let (number, sealed) = rest.split_first_chunk::<8>()?;
    Some((doc, u64::from_be_bytes(*number), sealed))
}

fn open_event(key: &Key, kind: u8, number: u64, sealed: &[u8]) -> Option<Event> {
    from_cbor(&key.open(&record_place(kind, number), sealed)?).ok()
}

/// What to keep, and do with, the events of a damaged journal: envelopes whose past is missing are parked until it comes
/// back from the relay, the rest is numbered anew, and every log is to be read again from its start.
pub fn sift(keys: &dyn KeyStore, events: Vec<Event>) -> Result<Vec<Event>> {
    let mut sieve = Sieve { keys, ledgers: BTreeMap::new(), kept: Vec::new(), places: BTreeMap::new() };
    for event in events {
        match event {
            Event::Start { doc, genesis } => {
                if let Ok(index) = gate::Index::new(&genesis) {
                    sieve.ledgers.insert(doc, Ledger::new(index));
                    sieve.kept.push(Event::Start { doc, genesis });
                }
            }
            Event::Envelope { doc, number, bytes, .. } => sieve.envelope(doc, number, bytes)?,
            Event::Aside { doc, numbers, from, again, .. } => {
                sieve.aside(doc, &numbers)?;
                for (number, bytes) in (from..).zip(again) {
                    sieve.envelope(doc, number, bytes.into_vec())?;
                }
            }
            Event::Erased { doc } => {
                sieve.ledgers.remove(&doc);
                sieve.kept.push(Event::Erased { doc });
            }
            Event::Snapshot { .. } => {}
            other => sieve.kept.push(other),
        }
    }
    Ok(sieve.kept)
}

/// What [`sift`] has seen so far.
struct Sieve<'a> {
    keys: &'a dyn KeyStore,
    ledgers: BTreeMap<Id, Ledger>,
    kept: Vec<Event>,
    /// Under what number, if any, each envelope is kept that had another before.
    places: BTreeMap<(Id, u64), (Hash, Option<u64>)>,
}

impl Sieve<'_> {
    fn envelope(&mut self, doc: Id, number: u64, bytes: Vec<u8>) -> Result<()> {
        let Some(wire) = Wire::decode(&bytes) else { return Ok(()) };
        let restored = self.ledgers.get_mut(&doc).map(|ledger| {
            let number = ledger.last() + 1;
            (number, ledger.restore(number, &wire.0))
        });
        let now = match restored {
            Some((number, Ok(Some(_)))) => {
                self.kept.push(Event::Envelope { doc, number, cursor: None, waits: true, bytes });
                Some(number)
            }
            Some((_, Ok(None))) => None,
            Some((_, Err(_))) | None => {
                let value = Some(serde_bytes::ByteBuf::from(bytes));
                self.kept.push(Event::Fact { key: parked_key(self.keys, &doc, &wire.0.hash)?, value });
                None
            }
        };
        self.places.insert((doc, number), (wire.0.hash, now));
        Ok(())
    }

    fn aside(&mut self, doc: Id, numbers: &[u64]) -> Result<()> {
        let mut kept = Vec::new();
        for (hash, now) in numbers.iter().filter_map(|number| self.places.get(&(doc, *number))) {
            match now {
                Some(number) => kept.push(*number),
                // What was set aside must not come back by this door.
                None => {
                    let key = parked_key(self.keys, &doc, hash)?;
                    self.kept.push(Event::Fact { key, value: None });
                }
            }
        }
        self.kept.push(Event::Aside { doc, numbers: kept, rest: None, from: 0, again: Vec::new() });
        Ok(())
    }
}
