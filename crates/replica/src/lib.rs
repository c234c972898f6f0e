//! Documents, disk and time: what a peer holds, journalled before anyone is told of it. The same on the laptop and in the
//! relay; the only room that knows sled.
//!
//! [`Replica`] is plain, blocking code for one thread (`disk::DocumentThread` gives it one). Writing is in two steps: verbs change what
//! is in memory and *stage* what must be kept; [`Replica::commit`] puts all of that in the journal with one sync to the
//! disk, then in the store. Nobody may be told of anything staged before `commit` has returned. After a failed commit the
//! replica refuses everything: what the disk holds is then unknown until the next start has looked.
//!
//! Everything on the disk is sealed with keys that the caller's home key opens ([`seal`]); [`Replica::erase`] destroys one
//! document's.

#![warn(clippy::unwrap_used, clippy::expect_used)]

mod again;
pub mod cbor;
pub mod files;
mod journal;
mod migrate;
pub mod seal;
mod store;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use automerge::{ActorId, Automerge, LoadOptions, TextEncoding};
use gate::{Authority, Envelope, Hash, Id, Refusal, Tip};
use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize};
use sync::{Cursor, Ledger, Taken, Wire};

pub use again::Rebased;
pub use journal::{Damage, verify};
pub use seal::{Key, KeyError, SEAL_BYTES, Secret, key_needed};
pub use store::SCHEMA;

use cbor::{from_cbor, to_cbor};
use files::create_private_dir;
use journal::{Journal, Position, Record};
use seal::Keys;
use store::{Blob, Document, Found, OF_DOCUMENT, Store, StoreError, document_of_fact};

/// Documents held in memory at once: a plan takes about a megabyte, and a device with 300 plans must stay small.
const OPEN_MAX: usize = 64;
/// Envelopes after which a participant saves the document as a snapshot, so that opening it stays quick.
const TAIL_MAX: u64 = 64;
/// Bytes kept back on the disk, so that a store can still be opened (and emptied) when the disk is full.
const BALLAST_BYTES: usize = 4 * 1024 * 1024;
/// Refused envelopes kept for one document.
pub const HELD_MAX: usize = 1_000;
/// Kinds of records, none of which a flipped bit or two makes into another. An [`Event`] in the clear: layout 1.
const PLAIN: u8 = 0b0001;
/// An event of a document: its id, the record's number, and the event sealed with the document's key.
const SEALED: u8 = 0b0110;
/// Any other event: the record's number, and the event sealed with the key for everything else.
const SEALED_REST: u8 = 0b1010;
/// Facts that are envelopes whose past a damaged journal lost.
const PARKED: &[u8] = OF_DOCUMENT;

/// Which peer this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Reads and writes documents.
    Participant,
    /// Keeps their logs and never opens them.
    Relay,
}

/// Who writes here, and with what.
pub struct Signer {
    /// The device's key.
    pub key: Ed25519KeyPair,
    /// The device.
    pub device: Id,
    /// Whose it is.
    pub person: Id,
    /// Moves on whenever the store cannot prove that it holds the last change this device made.
    pub incarnation: u32,
}

/// What is written in the journal.
#[derive(Debug, Serialize, Deserialize)]
enum Event {
    Start {
        #[serde(with = "serde_bytes")]
        doc: Id,
        #[serde(with = "serde_bytes")]
        genesis: Vec<u8>,
    },
    Envelope {
        #[serde(with = "serde_bytes")]
        doc: Id,
        number: u64,
        /// The relay's number of it, where it came from its log.
        cursor: Option<Cursor>,
        /// Whether the relay is still to be given it.
        waits: bool,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    Snapshot {
        #[serde(with = "serde_bytes")]
        doc: Id,
        cursor: Cursor,
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
        tips: Vec<sync::frame::WireTip>,
    },
    Fact {
        #[serde(with = "serde_bytes")]
        key: Vec<u8>,
        value: Option<serde_bytes::ByteBuf>,
    },
    Held {
        #[serde(with = "serde_bytes")]
        doc: Id,
        #[serde(with = "serde_bytes")]
        hash: Hash,
        why: Option<serde_bytes::ByteBuf>,
    },
    /// Envelopes taken out of the document, and others in their place: in one record, so that no crash comes between.
    Aside {
        #[serde(with = "serde_bytes")]
        doc: Id,
        numbers: Vec<u64>,
        /// The document without them, where the kept snapshot holds some of them.
        #[serde(default)]
        rest: Option<serde_bytes::ByteBuf>,
        /// Number of the first of `again`.
        #[serde(default)]
        from: u64,
        #[serde(default)]
        again: Vec<serde_bytes::ByteBuf>,
    },
    /// The document was given up.
    Erased {
        #[serde(with = "serde_bytes")]
        doc: Id,
    },
}

impl Event {
    /// The document with whose key it is sealed.
    fn document(&self) -> Option<Id> {
        match self {
            Event::Start { doc, .. }
            | Event::Envelope { doc, .. }
            | Event::Snapshot { doc, .. }
            | Event::Held { doc, .. }
            | Event::Aside { doc, .. } => Some(*doc),
            Event::Fact { key, .. } => document_of_fact(key),
            // Read when the document's key is gone.
            Event::Erased { .. } => None,
        }
    }
}

/// In place of the hash of an envelope that was set aside: no change has this one.
const SET_ASIDE: Hash = [0; 32];

/// Something found at opening that a person should hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The working store was lost, damaged or behind, and was built again from the journal.
    Rebuilt {
        /// Where the old one was put, if there was one.
        aside: Option<PathBuf>,
    },
    /// See [`Damage`].
    Journal(Damage),
    /// Records that are whole, and that no key of this folder opens: somebody else wrote them, or exchanged them.
    Unopened {
        /// How many.
        records: u64,
    },
    /// Documents whose key is damaged or gone, so that nothing of them can be read here any more.
    KeysLost {
        /// How many.
        documents: usize,
    },
    /// What an earlier version had left unencrypted is encrypted now.
    Sealed {
        /// Damaged files that it had set aside: they are as they were.
        plain: Vec<PathBuf>,
    },
    /// The disk is full: the bytes kept back for this were given up.
    DiskFull,
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Notice::Rebuilt { aside: Some(_) } => {
                f.write_str("The working store could not be read. It was built again from the journal; nothing is lost, and the old one is kept beside it.")
            }
            Notice::Rebuilt { aside: None } => f.write_str("The working store was built again from the journal; nothing is lost."),
            Notice::Journal(Damage::TornTail { bytes }) => {
                write!(f, "The last {bytes} bytes of the journal were never finished, and nobody had been told of them. They are kept in a file beside it.")
            }
            Notice::Journal(Damage::Inside { segment, offset }) => {
                write!(f, "The disk has damaged the journal (file {segment}, at byte {offset}). What could be read was kept; the rest comes back from the relay at the next connection. The damaged files are kept beside it.")
            }
            Notice::Unopened { records } => {
                write!(f, "{records} records of the journal are not what this program wrote there. They were left out; the rest comes back from the relay at the next connection. The files are kept beside it.")
            }
            Notice::KeysLost { documents } => {
                write!(f, "The disk has lost the keys of {documents} documents, and what was here of them cannot be read without. What was shared comes back from the relay at the next connection.")
            }
            Notice::Sealed { plain } if plain.is_empty() => {
                f.write_str("Everything in this program's folder is encrypted from now on. What the disk itself keeps of the files as they were before is out of this program's reach.")
            }
            Notice::Sealed { plain } => {
                write!(f, "Everything in this program's folder is encrypted from now on, but for damaged files that were set aside earlier ({}). Delete them when you no longer need them.", plain.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "))
            }
            Notice::DiskFull => f.write_str("This disk is full. Make room before you go on: nothing new can be saved."),
        }
    }
}

/// Why the replica cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Written by a newer version. Usual cause: the program was replaced by an older one.
    #[error(
        "This folder was written by a newer version of the program. Install that version again; nothing was changed."
    )]
    Newer,
    /// Usual cause: the disk is full.
    #[error("The disk is full. What you had before is safe; this was not saved. Make room on the disk and try again.")]
    Full,
    /// The disk failed. Usual cause: a failing disk, missing rights on the folder.
    #[error("The disk could not be read or written ({0}). What was saved before is safe; this was not saved.")]
    Disk(io::Error),
    /// An earlier write failed; what the disk holds is unknown until the next start.
    #[error(
        "An earlier write to the disk failed, so nothing more is accepted. Put the disk right and start again; what was saved before is safe."
    )]
    Stopped,
    /// A document that is not held here.
    #[error("That plan is not on this device.")]
    Unknown,
    /// The store holds something that cannot be right. The next start builds it again.
    #[error(
        "The working store could not be read. Start again: it will be built anew from the journal, and nothing is lost."
    )]
    Damaged,
    /// The key of this folder is another one, or a key in it is lost.
    #[error(transparent)]
    Key(KeyError),
    /// One's own change was not admitted by the gate. A fault of this program; nothing was saved.
    #[error(
        "This change could not be written in a form that others accept ({0}). Nothing was saved. Please tell whoever looks after this program."
    )]
    OwnRefused(Refusal),
}

impl From<io::Error> for Trouble {
    fn from(e: io::Error) -> Trouble {
        match e.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Trouble::Full,
            _ => Trouble::Disk(e),
        }
    }
}

impl From<KeyError> for Trouble {
    fn from(e: KeyError) -> Trouble {
        match e {
            KeyError::Io(e) => e.into(),
            e => Trouble::Key(e),
        }
    }
}

impl From<cbor::Unreadable> for Trouble {
    fn from(_: cbor::Unreadable) -> Trouble {
        Trouble::Damaged
    }
}

impl From<StoreError> for Trouble {
    fn from(e: StoreError) -> Trouble {
        match e {
            StoreError::Newer(_) => Trouble::Newer,
            StoreError::Damaged => Trouble::Damaged,
            // Put aside by now, so that the next start finds that it is gone.
            StoreError::Key(KeyError::Lost(_)) => Trouble::Damaged,
            StoreError::Key(e) => e.into(),
            StoreError::Io(e) | StoreError::Sled(sled::Error::Io(e)) => e.into(),
            StoreError::Sled(_) => Trouble::Damaged,
        }
    }
}

type Result<T> = std::result::Result<T, Trouble>;

/// What became of an offered envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// It was here already, under this number; 0 where its changes came inside others' envelopes or a snapshot, so that no
    /// place in the log stands for it.
    Known(u64),
    /// It is staged under this number.
    New(u64),
}

/// How far a document is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Heads of the document.
    pub heads: Vec<Hash>,
    /// Envelopes that the relay has not said it has.
    pub waiting: usize,
    /// Refused ones.
    pub held: usize,
    /// Number of the newest envelope.
    pub last: u64,
    /// How far the relay's log has been read.
    pub cursor: Option<Cursor>,
}

struct Open {
    ledger: Ledger,
    document: Option<Automerge>,
    used: u64,
}

/// Everything one peer holds.
pub struct Replica {
    dir: PathBuf,
    mode: Mode,
    keys: Arc<Keys>,
    journal: Journal,
    store: Store,
    signer: Option<Signer>,
    staged: Vec<Event>,
    open: BTreeMap<Id, Open>,
    turn: u64,
    continuous: bool,
    /// Documents whose cursor has moved without a new envelope.
    moved: BTreeSet<Id>,
    /// Envelopes whose past a damaged journal lost; it comes back from the relay.
    parked: BTreeMap<Id, Vec<Envelope>>,
}

impl Replica {
    /// Opens what `dir` holds, making it where there is nothing, and says what a person should hear of. `home`: the key that wraps
    /// the folder's.
    pub fn open(dir: &Path, mode: Mode, home: &Arc<Key>) -> Result<(Replica, Vec<Notice>)> {
        create_private_dir(dir)?;
        let (sled_dir, journal_dir) = (dir.join("sled"), dir.join("journal"));
        let mut notices = Vec::new();
        let new = !journal_dir.exists() || journal::first_kind(&journal_dir)?.is_none_or(|kind| kind == PLAIN);
        let keys = Arc::new(Keys::open(&dir.join(seal::KEYS), home.clone(), new)?);
        if let Some(plain) = migrate::seal_what_is_plain(dir, &keys)? {
            notices.push(Notice::Sealed { plain });
        }
        let had_store = sled_dir.exists();
        let (mut store, found) = match Store::open(&sled_dir, &keys).map_err(Trouble::from) {
            Err(Trouble::Full) => {
                // The ballast is what was kept back for this moment.
                let _ = fs::remove_file(dir.join("ballast"));
                notices.push(Notice::DiskFull);
                Store::open(&sled_dir, &keys)?
            }
            other => other?,
        };
        let mut aside = match found {
            Found::Whole | Found::Older => None,
            Found::Replaced(aside) => Some(aside),
        };
        let known = store.checkpoint().unwrap_or(None);
        let mut opened = Journal::open(&journal_dir, known)?;
        let mut read = read_in(&keys, &opened)?;
        if read.unopened > 0 && !opened.from_start {
            opened = Journal::open(&journal_dir, None)?;
            read = read_in(&keys, &opened)?;
        }
        notices.extend(opened.damage.iter().cloned().map(Notice::Journal));
        if read.unopened > 0 {
            notices.push(Notice::Unopened { records: read.unopened });
        }
        let damaged = read.unopened > 0 || opened.damage.iter().any(|d| matches!(d, Damage::Inside { .. }));
        if damaged {
            // What can be read is written anew, so that the journal is whole again; the damaged one stays beside.
            read.events = sift(&keys, std::mem::take(&mut read.events))?;
            let records = sealed(&keys, &read.events, 0)?;
            opened.journal =
                journal::rewrite(&journal_dir, &records, &journal::free_name(&journal_dir, "damaged"), false)?;
        }
        if opened.from_start && known.is_some() {
            // The store remembers a journal that is not this one: a folder put together from two, or a damaged one.
            let (fresh, old) = store.replace(&sled_dir)?;
            (store, aside) = (fresh, Some(old));
        }
        if aside.is_some() || (opened.from_start && !opened.records.is_empty() && !damaged && !had_store) {
            notices.push(Notice::Rebuilt { aside });
        }
        let last: BTreeMap<Id, usize> =
            (0..).zip(&read.events).filter_map(|(at, event)| Some((event.document()?, at))).collect();
        for (at, event) in read.events.iter().enumerate() {
            match event {
                // A document that is held again since has another key.
                Event::Erased { doc } if last.get(doc).is_some_and(|last| *last > at) => store.forget(doc)?,
                event => apply(&keys, &store, event)?,
            }
        }
        if !read.events.is_empty() || damaged {
            store.set_checkpoint(&opened.journal.position())?;
        }
        let mut replica = Replica {
            dir: dir.to_path_buf(),
            mode,
            keys,
            journal: opened.journal,
            store,
            signer: None,
            staged: Vec::new(),
            open: BTreeMap::new(),
            turn: 0,
            moved: BTreeSet::new(),
            parked: BTreeMap::new(),
            continuous: opened.continuous && !damaged,
        };
        replica.keep_ballast();
        replica.give_up_lost(read.lost, &mut notices)?;
        for (_, bytes) in replica.store.facts(PARKED)? {
            if let Some(Wire(envelope)) = Wire::decode(&bytes) {
                replica.parked.entry(envelope.doc).or_default().push(envelope);
            }
        }
        Ok((replica, notices))
    }

    /// Documents whose key is gone are not held any more: what they were sealed with cannot be had back.
    fn give_up_lost(&mut self, mut lost: BTreeSet<Id>, notices: &mut Vec<Notice>) -> Result<()> {
        let keys = self.keys.all()?;
        lost.extend(self.store.documents()?.into_iter().filter(|doc| !keys.contains(doc)));
        if lost.is_empty() {
            return Ok(());
        }
        notices.push(Notice::KeysLost { documents: lost.len() });
        // What this device wrote there last is not known any more.
        self.continuous = false;
        let events: Vec<Event> = lost.into_iter().map(|doc| Event::Erased { doc }).collect();
        let records = sealed(&self.keys, &events, self.journal.position().records)?;
        let position = self.journal.append_unproven(&records)?;
        self.catch_up(&events, &position)
    }

    /// Whether this folder is provably the one this program wrote last. Where it is not (restored, copied, or new), a
    /// device must move its incarnation on before it writes, and a relay must begin a new epoch.
    pub fn is_continuous(&self) -> bool {
        self.continuous
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Sets who writes here.
    pub fn set_signer(&mut self, signer: Signer) {
        self.signer = Some(signer);
    }

    /// Who writes here.
    pub fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// From now on this device writes with new actors.
    pub fn set_incarnation(&mut self, incarnation: u32) {
        if let Some(signer) = &mut self.signer {
            signer.incarnation = incarnation;
        }
    }

    // Facts: anything small that is known by a key.

    /// The value of a fact, staged ones included.
    pub fn fact(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let staged = self.staged.iter().rev().find_map(|e| match e {
            Event::Fact { key: k, value } if k == key => Some(value.as_ref().map(|v| v.to_vec())),
            _ => None,
        });
        match staged {
            Some(value) => Ok(value),
            None => Ok(self.store.fact(key)?),
        }
    }

    /// All committed facts whose key begins with `prefix`, in order of their keys.
    pub fn facts(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        Ok(self.store.facts(prefix)?)
    }

    /// The greatest key of a committed fact that begins with `prefix`: where a numbered list goes on.
    pub fn last_fact(&self, prefix: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.store.last_fact(prefix)?)
    }

    /// Stages a fact; `None` forgets it.
    pub fn set_fact(&mut self, key: &[u8], value: Option<&[u8]>) {
        self.staged.push(Event::Fact { key: key.to_vec(), value: value.map(serde_bytes::ByteBuf::from) });
    }

    // Documents.

    /// Ids of all documents held here.
    pub fn documents(&self) -> Result<Vec<Id>> {
        Ok(self.store.documents()?)
    }

    /// Whether the document is held here.
    pub fn has(&self, doc: &Id) -> Result<bool> {
        Ok(self.open.contains_key(doc) || self.store.document(doc)?.is_some())
    }

    /// Begins to hold a document, from its genesis change. `false` where it was held already. Committed at once: the
    /// verbs below need it.
    pub fn start(&mut self, doc: &Id, genesis: &[u8]) -> Result<bool> {
        if self.has(doc)? {
            return Ok(false);
        }
        gate::Index::new(genesis).map_err(Trouble::OwnRefused)?;
        self.staged.push(Event::Start { doc: *doc, genesis: genesis.to_vec() });
        self.commit()?;
        Ok(true)
    }

    /// Erases a document: its key is destroyed, then its rows; afterwards it is as if it had never been held. Its records stay in
    /// the journal, and nobody can read them. Durable when this returns; cut short at any moment, the next start ends it. What
    /// this device wrote in it is no longer known here: before it writes in it again, it must move its incarnation on.
    pub fn erase(&mut self, doc: &Id) -> Result<()> {
        // What is staged may be sealed with the key that goes.
        self.commit()?;
        if !self.has(doc)? && !self.parked.contains_key(doc) && self.keys.of(doc)?.is_none() {
            return Ok(());
        }
        self.open.remove(doc);
        self.parked.remove(doc);
        self.staged.push(Event::Erased { doc: *doc });
        self.commit()
    }

    /// Lends the document to `f` for reading.
    pub fn read<T>(&mut self, doc: &Id, f: impl FnOnce(&Automerge) -> T) -> Result<T> {
        let open = self.document(doc)?;
        match &open.document {
            Some(document) => Ok(f(document)),
            None => Err(Trouble::Unknown),
        }
    }

    /// Lends the document to `f` for writing, as this device's own actor at the present heads. What `f` adds is signed,
    /// journalled and on the disk when this returns. Where `f` fails, or adds nothing, nothing is kept. `authority`: what
    /// this device's person may write; that the device is theirs need not be in it.
    pub fn write<T, E>(
        &mut self,
        doc: &Id,
        authority: &dyn Authority,
        f: impl FnOnce(&mut Automerge) -> std::result::Result<T, E>,
    ) -> Result<std::result::Result<T, E>> {
        let result = self.stage_write(doc, authority, f)?;
        self.commit_writes(doc)?;
        Ok(result)
    }

    /// Puts on the disk what [`Replica::stage_write`] and [`Replica::set_fact`] staged, in their order, with one sync.
    pub fn commit_writes(&mut self, doc: &Id) -> Result<()> {
        self.commit()?;
        self.compact(doc)
    }

    /// As [`Replica::write`], but only staged: several that belong together go to the disk with one [`Replica::commit_writes`].
    pub fn stage_write<T, E>(
        &mut self,
        doc: &Id,
        authority: &dyn Authority,
        f: impl FnOnce(&mut Automerge) -> std::result::Result<T, E>,
    ) -> Result<std::result::Result<T, E>> {
        self.running()?;
        let signer = self.signer.as_ref().ok_or(Trouble::Unknown)?;
        let actor = gate::actor_id(doc, &public_key(&signer.key), &signer.person, signer.incarnation);
        let open = self.document(doc)?;
        let Some(document) = open.document.as_mut() else { return Err(Trouble::Unknown) };
        document.set_actor(ActorId::from(actor));
        let before = document.get_heads();
        let result = f(document);
        let changes = document.get_changes(&before);
        if changes.is_empty() {
            return Ok(result);
        }
        if result.is_err() {
            self.open.remove(doc);
            return Ok(result);
        }
        // An envelope each, so that one that is refused takes no other with it.
        let staged = self.staged.len();
        for mut change in changes {
            let (seq, hash, chunks) = (change.seq(), change.hash().0, change.bytes().to_vec());
            let envelope = match &self.signer {
                Some(s) => sync::sign(&s.key, s.device, *doc, actor, seq, hash, chunks),
                None => return Err(Trouble::Unknown),
            };
            let Some(open) = self.open.get_mut(doc) else { return Err(Trouble::Unknown) };
            // One's own change goes through the same door: what others would refuse is never kept.
            let own = Own { signer: self.signer.as_ref(), authority };
            match open.ledger.offer(&envelope, &own) {
                Ok(Taken::New(number, _)) => {
                    open.ledger.wait_for(number, hash);
                    self.stage_envelope(*doc, number, None, true, &envelope);
                }
                Ok(Taken::Known(_)) => {}
                Err(refusal) => {
                    self.open.remove(doc);
                    self.staged.truncate(staged);
                    return Err(Trouble::OwnRefused(refusal));
                }
            }
        }
        Ok(result)
    }

    /// Passes envelopes from elsewhere through the gate and stages those that are new, in order, up to the first that is
    /// refused: that one's place and why. `from`: the relay's cursor of the first, where they come from its log.
    pub fn offer(
        &mut self,
        doc: &Id,
        envelopes: &[Envelope],
        authority: &dyn Authority,
        from: Option<Cursor>,
    ) -> Result<(Vec<Offered>, Option<Refusal>)> {
        self.running()?;
        let participant = self.mode == Mode::Participant;
        let open = self.ledger(doc)?;
        let mut offered = Vec::with_capacity(envelopes.len());
        let mut new = Vec::new();
        let mut changes = Vec::new();
        let mut shared = Vec::new();
        let mut refused = None;
        for (i, envelope) in envelopes.iter().enumerate() {
            let cursor = from.map(|c| Cursor::at(c.epoch, c.seq + i as u64, envelope.hash));
            match open.ledger.offer(envelope, authority) {
                Ok(Taken::Known(number)) => {
                    if cursor.is_some() {
                        shared.extend(open.ledger.shared(&envelope.hash));
                    }
                    offered.push(Offered::Known(number.unwrap_or(0)));
                }
                Ok(Taken::New(number, admitted)) => {
                    changes.extend_from_slice(admitted.changes());
                    let waits = participant && cursor.is_none();
                    if waits {
                        open.ledger.wait_for(number, envelope.hash);
                    }
                    new.push((number, cursor, waits, i));
                    offered.push(Offered::New(number));
                }
                Err(refusal) => {
                    refused = Some(refusal);
                    break;
                }
            }
            if let Some(cursor) = cursor {
                open.ledger.read_to(cursor);
            }
        }
        if let Some(document) = open.document.as_mut()
            && !changes.is_empty()
            && document.apply_changes(changes).is_err()
        {
            // The gate admitted it, so this is a fault of ours; the document is read again from what is stored.
            open.document = None;
        }
        let only_moved = new.is_empty() && !offered.is_empty() && from.is_some();
        for (number, cursor, waits, i) in new {
            self.stage_envelope(*doc, number, cursor, waits, &envelopes[i]);
        }
        for number in shared {
            self.store.set_waiting(doc, number, false)?;
        }
        if only_moved {
            self.moved.insert(*doc);
        }
        self.unpark(doc)?;
        Ok((offered, refused))
    }

    /// A copy of the document as it would be with these envelopes, as far as the gate admits them: to look at. Nothing is kept.
    pub fn with_held(&mut self, doc: &Id, envelopes: &[Envelope], authority: &dyn Authority) -> Result<Automerge> {
        let mut document = self.read(doc, Clone::clone)?;
        let mut index = self.ledger(doc)?.ledger.index().clone();
        let mut changes = Vec::new();
        for envelope in envelopes {
            if let Ok(admitted) = index.admit(envelope, authority) {
                changes.extend_from_slice(admitted.changes());
            }
        }
        document.apply_changes(changes).map_err(|_| Trouble::Damaged)?;
        Ok(document)
    }

    /// Takes a document in as a relay's snapshot, where nothing of it is held yet.
    pub fn take_snapshot(
        &mut self,
        doc: &Id,
        cursor: Cursor,
        bytes: Vec<u8>,
        tips: &[Tip],
        authority: &dyn Authority,
    ) -> Result<std::result::Result<(), Refusal>> {
        self.running()?;
        let genesis = self.genesis(doc)?;
        let open = self.ledger(doc)?;
        if open.ledger.last() > 0 {
            return Ok(Ok(()));
        }
        let (index, document) = match gate::admit_snapshot(doc, &bytes, &genesis, tips, authority) {
            Ok(admitted) => admitted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut ledger = Ledger::new(index);
        ledger.read_to(cursor);
        open.ledger = ledger;
        open.document = Some(document.into_document());
        let tips = tips
            .iter()
            .map(|t| sync::frame::WireTip { actor: t.actor, seq: t.seq, hash: t.hash, device_id: t.device, sig: t.sig })
            .collect();
        self.staged.push(Event::Snapshot { doc: *doc, cursor, bytes, tips });
        self.unpark(doc)?;
        Ok(Ok(()))
    }

    /// The relay has this envelope; `cursor` where that also moves how far its log has been read. Not journalled: after a
    /// crash it is asked again.
    pub fn receipt(&mut self, doc: &Id, hash: &Hash, cursor: Option<Cursor>) -> Result<()> {
        let open = self.ledger(doc)?;
        let number = open.ledger.shared(hash);
        if let Some(cursor) = cursor {
            open.ledger.read_to(cursor);
        }
        if let Some(number) = number {
            self.store.set_waiting(doc, number, false)?;
        }
        if cursor.is_some() {
            self.moved.insert(*doc);
        }
        Ok(())
    }

    /// The relay's log began another life: everything is offered again.
    pub fn new_epoch(&mut self, doc: &Id, epoch: Id) -> Result<()> {
        let open = self.ledger(doc)?;
        open.ledger.new_epoch(epoch);
        let waiting: Vec<u64> = open.ledger.waiting().map(|(n, _)| n).collect();
        for number in waiting {
            self.store.set_waiting(doc, number, true)?;
        }
        self.store_cursor(doc)
    }

    /// Keeps why an envelope was refused (stages it). It is not offered again, nor what follows it in its author's chain.
    pub fn hold(&mut self, doc: &Id, hash: &Hash, why: &[u8]) -> Result<()> {
        if self.store.held_count(doc)? >= HELD_MAX {
            return Ok(());
        }
        let later = self.chain_after(doc, hash)?;
        let open = self.ledger(doc)?;
        let numbers: Vec<u64> =
            open.ledger.waiting().filter(|(_, h)| *h == hash || later.contains(h)).map(|(n, _)| n).collect();
        open.ledger.hold(*hash, later);
        for number in numbers {
            self.store.set_waiting(doc, number, false)?;
        }
        self.staged.push(Event::Held { doc: *doc, hash: *hash, why: Some(serde_bytes::ByteBuf::from(why)) });
        Ok(())
    }

    /// A refused envelope was accepted after all: stages forgetting the refusal.
    pub fn release(&mut self, doc: &Id, hash: &Hash) {
        if let Some(open) = self.open.get_mut(doc) {
            open.ledger.release(hash);
        }
        self.staged.push(Event::Held { doc: *doc, hash: *hash, why: None });
    }

    /// Refused envelopes of a document: newest hash, and why.
    pub fn held(&self, doc: &Id) -> Result<Vec<(Hash, Vec<u8>)>> {
        Ok(self.store.held(doc)?)
    }

    /// Waiting envelopes of the same actor that come after `hash`.
    fn chain_after(&mut self, doc: &Id, hash: &Hash) -> Result<Vec<Hash>> {
        let waiting: Vec<(u64, Hash)> = self.ledger(doc)?.ledger.waiting().map(|(n, h)| (n, *h)).collect();
        let envelopes = self.envelopes(doc, &waiting.iter().map(|(n, _)| *n).collect::<Vec<_>>())?;
        let Some(first) = envelopes.iter().find(|e| e.hash == *hash).cloned() else { return Ok(Vec::new()) };
        Ok(envelopes.iter().filter(|e| e.actor == first.actor && e.seq > first.seq).map(|e| e.hash).collect())
    }

    /// Why one envelope was refused, staged or not; `None` where it was not, or was released.
    pub fn why_held(&self, doc: &Id, hash: &Hash) -> Result<Option<Vec<u8>>> {
        let staged = self.staged.iter().rev().find_map(|event| match event {
            Event::Held { doc: d, hash: h, why } if d == doc && h == hash => Some(why.as_ref().map(|why| why.to_vec())),
            _ => None,
        });
        match staged {
            Some(why) => Ok(why),
            None => Ok(self.store.why_held(doc, hash)?),
        }
    }

    /// Heads and standing of a document.
    pub fn standing(&mut self, doc: &Id) -> Result<Standing> {
        let held = self.store.held(doc)?.len();
        let ledger = &self.ledger(doc)?.ledger;
        Ok(Standing {
            heads: ledger.index().heads(),
            waiting: ledger.waiting().count(),
            held,
            last: ledger.last(),
            cursor: ledger.cursor(),
        })
    }

    /// Documents with envelopes that wait for the relay.
    pub fn waiting(&self) -> Result<Vec<Id>> {
        Ok(self.store.all_waiting()?)
    }

    /// The first `most` envelopes of a document that wait, by number. From the store: the document need not be in memory.
    pub fn waiting_in(&self, doc: &Id, most: usize) -> Result<Vec<(u64, Hash)>> {
        let numbers = self.store.waiting(doc, most)?;
        numbers.into_iter().map(|n| Ok((n, self.hash(doc, n)?.ok_or(Trouble::Damaged)?))).collect()
    }

    /// The ledger of a document, to ask it what to do.
    pub fn ledger_of(&mut self, doc: &Id) -> Result<&Ledger> {
        Ok(&self.ledger(doc)?.ledger)
    }

    /// Envelopes by number.
    pub fn envelopes(&self, doc: &Id, numbers: &[u64]) -> Result<Vec<Envelope>> {
        numbers.iter().map(|n| self.envelope(doc, *n)).collect()
    }

    /// Number of the newest committed envelope of a document. Cheap: the document's index is not needed.
    pub fn last(&self, doc: &Id) -> Result<u64> {
        Ok(self.store.document(doc)?.ok_or(Trouble::Unknown)?.last)
    }

    /// Hash of the committed envelope of that number.
    pub fn hash(&self, doc: &Id, number: u64) -> Result<Option<Hash>> {
        Ok(self.store.numbers(doc, number.saturating_sub(1), number).ok().and_then(|h| h.first().copied()))
    }

    /// Committed envelopes numbered above `after`, in order, up to about `bytes` of them, at least one where there is one.
    pub fn log(&self, doc: &Id, after: u64, bytes: usize) -> Result<Vec<Envelope>> {
        let last = self.last(doc)?;
        let mut found = Vec::new();
        let mut weight = 0;
        for number in after + 1..=last {
            // A relay sets nothing aside, so its log has no gaps.
            let envelope = self.envelope(doc, number)?;
            weight += envelope.chunks.len() + 192;
            if !found.is_empty() && (weight > bytes || found.len() >= sync::frame::PAGE_ENVELOPES) {
                break;
            }
            found.push(envelope);
        }
        Ok(found)
    }

    fn envelope(&self, doc: &Id, number: u64) -> Result<Envelope> {
        // Staged ones are not lent out: nobody may be told of them yet.
        let bytes = self.store.envelope(doc, number)?.ok_or(Trouble::Damaged)?;
        Ok(Wire::decode(&bytes).ok_or(Trouble::Damaged)?.0)
    }

    /// The genesis change of a document.
    pub fn genesis(&self, doc: &Id) -> Result<Vec<u8>> {
        self.store.blob(Blob::Genesis, doc)?.ok_or(Trouble::Unknown)
    }

    /// A relay's snapshot of a document, as CBOR of what [`snapshot_of`] made.
    pub fn relay_snapshot(&self, doc: &Id) -> Result<Option<sync::relay::Snapshot>> {
        let Some(bytes) = self.store.blob(Blob::Snapshot, doc)? else { return Ok(None) };
        let kept: KeptSnapshot = from_cbor(&bytes)?;
        Ok(Some(sync::relay::Snapshot {
            seq: kept.seq,
            heads: kept.heads.iter().map(|h| h.into_array()).collect(),
            bytes: kept.bytes,
            tips: kept.tips,
        }))
    }

    /// Keeps a relay's snapshot. A cache: not journalled.
    pub fn keep_relay_snapshot(&mut self, doc: &Id, snapshot: &sync::relay::Snapshot) -> Result<()> {
        let kept = KeptSnapshot {
            seq: snapshot.seq,
            heads: snapshot.heads.iter().map(|h| serde_bytes::ByteArray::new(*h)).collect(),
            bytes: snapshot.bytes.clone(),
            tips: snapshot.tips.clone(),
        };
        self.store.set_blob(Blob::Snapshot, doc, &to_cbor(&kept))?;
        Ok(())
    }

    /// Puts everything staged in the journal, waits until it is on the disk, then brings the store up to it.
    pub fn commit(&mut self) -> Result<()> {
        self.running()?;
        if !self.staged.is_empty() {
            self.commit_staged()?;
        }
        // Cursors move in the store only after what they passed over is in the journal: after a crash the log is read
        // again from an earlier place, never from a later one.
        for doc in std::mem::take(&mut self.moved) {
            self.store_cursor(&doc)?;
        }
        Ok(())
    }

    fn commit_staged(&mut self) -> Result<()> {
        let events = std::mem::take(&mut self.staged);
        let records = sealed(&self.keys, &events, self.journal.position().records)?;
        let position = self.journal.append(&records)?;
        self.catch_up(&events, &position)
    }

    /// Brings the store up to what the journal holds.
    fn catch_up(&self, events: &[Event], position: &Position) -> Result<()> {
        for event in events {
            apply(&self.keys, &self.store, event)?;
        }
        Ok(self.store.set_checkpoint(position)?)
    }

    /// Whether an earlier write failed, so that nothing more is accepted.
    pub fn is_stopped(&self) -> bool {
        self.journal.is_stopped()
    }

    /// The journal's files and how much of each belongs to it: what a backup copies.
    pub fn journal_files(&self) -> Result<Vec<(PathBuf, u64)>> {
        Ok(self.journal.files()?)
    }

    /// Writes to the store's files what sled holds in memory.
    pub fn flush(&self) -> Result<()> {
        Ok(self.store.flush()?)
    }

    fn running(&self) -> Result<()> {
        if self.journal.is_stopped() { Err(Trouble::Stopped) } else { Ok(()) }
    }

    fn stage_envelope(&mut self, doc: Id, number: u64, cursor: Option<Cursor>, waits: bool, envelope: &Envelope) {
        let bytes = Wire(envelope.clone()).encode();
        self.staged.push(Event::Envelope { doc, number, cursor, waits, bytes });
    }

    fn store_cursor(&mut self, doc: &Id) -> Result<()> {
        let cursor = self.ledger(doc)?.ledger.cursor();
        if let Some(known) = self.store.document(doc)? {
            self.store.set_document(doc, &Document { cursor, ..known })?;
        }
        Ok(())
    }

    fn document(&mut self, doc: &Id) -> Result<&mut Open> {
        if !self.open.contains_key(doc) {
            let open = self.load_ledger(doc, true)?;
            self.open.insert(*doc, open);
            self.make_room(doc);
        } else if self.ledger(doc)?.document.is_none() {
            let document = self.load(doc)?;
            self.ledger(doc)?.document = Some(document);
        }
        self.ledger(doc)
    }

    fn ledger(&mut self, doc: &Id) -> Result<&mut Open> {
        self.turn += 1;
        let turn = self.turn;
        if !self.open.contains_key(doc) {
            let open = self.load_ledger(doc, false)?;
            self.open.insert(*doc, open);
            self.make_room(doc);
        }
        let open = self.open.get_mut(doc).ok_or(Trouble::Unknown)?;
        open.used = turn;
        Ok(open)
    }

    /// Forgets what was used longest ago. Staged envelopes are in the ledger only, so nothing is forgotten while there are
    /// any.
    fn make_room(&mut self, keep: &Id) {
        if !self.staged.is_empty() {
            return;
        }
        while self.open.len() > OPEN_MAX {
            let others = self.open.iter().filter(|(id, _)| *id != keep);
            let Some(oldest) = others.min_by_key(|(_, o)| o.used).map(|(id, _)| *id) else { return };
            self.open.remove(&oldest);
        }
    }

    /// The ledger, and in the same pass the document where it is wanted (or comes anyway, inside a snapshot).
    fn load_ledger(&self, doc: &Id, with_document: bool) -> Result<Open> {
        let known = self.store.document(doc)?.ok_or(Trouble::Unknown)?;
        let genesis = self.genesis(doc)?;
        let (index, mut document, covered) = match known.snapshot.filter(|_| self.mode == Mode::Participant) {
            Some(number) => {
                let loaded = self.load_snapshot(doc)?;
                let index = gate::reindex(&loaded, &genesis).map_err(|_| Trouble::Damaged)?;
                (index, Some(loaded), number)
            }
            None => {
                let document = with_document.then(|| load_document(&genesis)).transpose()?;
                (gate::Index::new(&genesis).map_err(|_| Trouble::Damaged)?, document, 0)
            }
        };
        let mut ledger = Ledger::new(index);
        let hashes = self.store.numbers(doc, 0, known.last)?;
        let mut changes = Vec::new();
        for (number, hash) in (1..).zip(&hashes) {
            if *hash == SET_ASIDE {
                ledger.skip(number);
                continue;
            }
            if number <= covered {
                ledger.remember(number, *hash);
                continue;
            }
            let envelope = self.envelope(doc, number)?;
            let admitted = ledger.restore(number, &envelope).map_err(|_| Trouble::Damaged)?;
            if document.is_some()
                && let Some(admitted) = admitted
            {
                changes.extend_from_slice(admitted.changes());
            }
        }
        if let Some(document) = document.as_mut() {
            document.apply_changes(changes).map_err(|_| Trouble::Damaged)?;
        }
        for (hash, _) in self.store.held(doc)? {
            ledger.hold(hash, []);
        }
        if let Some(cursor) = known.cursor {
            ledger.read_to(cursor);
        }
        for number in self.store.waiting(doc, usize::MAX)? {
            let hash = hashes.get(number.saturating_sub(1) as usize).ok_or(Trouble::Damaged)?;
            ledger.wait_for(number, *hash);
        }
        Ok(Open { ledger, document, used: 0 })
    }

    fn load(&self, doc: &Id) -> Result<Automerge> {
        let known = self.store.document(doc)?.ok_or(Trouble::Unknown)?;
        let (mut document, covered) = match known.snapshot {
            Some(number) => (self.load_snapshot(doc)?, number),
            None => (load_document(&self.genesis(doc)?)?, 0),
        };
        let mut changes = Vec::new();
        let mut index = gate::reindex(&document, &self.genesis(doc)?).map_err(|_| Trouble::Damaged)?;
        let hashes = self.store.numbers(doc, covered, known.last)?;
        for (number, _) in (covered + 1..).zip(hashes).filter(|(_, hash)| *hash != SET_ASIDE) {
            let envelope = self.envelope(doc, number)?;
            let admitted = index.readmit(&envelope).map_err(|_| Trouble::Damaged)?;
            changes.extend_from_slice(admitted.changes());
        }
        document.apply_changes(changes).map_err(|_| Trouble::Damaged)?;
        Ok(document)
    }

    fn load_snapshot(&self, doc: &Id) -> Result<Automerge> {
        load_document(&self.store.blob(Blob::Snapshot, doc)?.ok_or(Trouble::Damaged)?)
    }

    /// Saves the document as a snapshot where many envelopes have come since the last one.
    fn compact(&mut self, doc: &Id) -> Result<()> {
        let Some(known) = self.store.document(doc)? else { return Ok(()) };
        if known.last.saturating_sub(known.snapshot.unwrap_or(0)) < TAIL_MAX {
            return Ok(());
        }
        let saved = self.read(doc, |document| (document.save(), document.get_heads()))?;
        // Not trusted before it has been read again: a document that cannot be loaded must not replace one that can.
        if load_document(&saved.0).is_ok_and(|again| again.get_heads() == saved.1) {
            self.store.set_blob(Blob::Snapshot, doc, &saved.0)?;
            self.store.set_document(doc, &Document { snapshot: Some(known.last), ..known })?;
        }
        Ok(())
    }

    /// Envelopes that a damaged journal left without what they build on are tried again, now that more has come.
    fn unpark(&mut self, doc: &Id) -> Result<()> {
        let Some(mut parked) = self.parked.remove(doc) else { return Ok(()) };
        let mut again = true;
        while again {
            again = false;
            for envelope in std::mem::take(&mut parked) {
                let waits = self.mode == Mode::Participant;
                let open = self.ledger(doc)?;
                match open.ledger.offer_parked(&envelope) {
                    Ok(Taken::New(number, admitted)) => {
                        if waits {
                            open.ledger.wait_for(number, envelope.hash);
                        }
                        if let Some(document) = open.document.as_mut()
                            && document.apply_changes(admitted.changes().to_vec()).is_err()
                        {
                            open.document = None;
                        }
                        self.stage_envelope(*doc, number, None, waits, &envelope);
                        self.set_fact(&parked_key(&self.keys, doc, &envelope.hash)?, None);
                        again = true;
                    }
                    Ok(Taken::Known(_)) => {
                        self.set_fact(&parked_key(&self.keys, doc, &envelope.hash)?, None);
                    }
                    Err(_) => parked.push(envelope),
                }
            }
        }
        if !parked.is_empty() {
            self.parked.insert(*doc, parked);
        }
        Ok(())
    }

    fn keep_ballast(&self) {
        let path = self.dir.join("ballast");
        if fs::metadata(&path).is_ok_and(|m| m.len() == BALLAST_BYTES as u64) {
            return;
        }
        if fs::write(&path, vec![0; BALLAST_BYTES]).is_err() {
            let _ = fs::remove_file(&path);
        }
    }
}

#[derive(Serialize, Deserialize)]
struct KeptSnapshot {
    seq: u64,
    heads: Vec<serde_bytes::ByteArray<32>>,
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
    tips: Vec<sync::frame::WireTip>,
}

/// Makes a relay's snapshot from its log: loads the changes, saves the document, loads it again and compares heads. Heavy
/// (milliseconds for each hundred changes): for a worker, not for the thread that serves. `None` where it does not come
/// out the same, which leaves the log as the only way.
pub fn snapshot_of(genesis: &[u8], envelopes: &[Envelope]) -> Option<sync::relay::Snapshot> {
    let mut index = gate::Index::new(genesis).ok()?;
    let mut changes = Vec::new();
    let mut tips: BTreeMap<Id, sync::frame::WireTip> = BTreeMap::new();
    for envelope in envelopes {
        changes.extend_from_slice(index.readmit(envelope).ok()?.changes());
        tips.insert(envelope.actor, envelope.into());
    }
    let mut document = load_document(genesis).ok()?;
    document.apply_changes(changes).ok()?;
    let bytes = document.save();
    let again = load_document(&bytes).ok()?;
    let heads = index.heads();
    let mut found: Vec<Hash> = again.get_heads().iter().map(|h| h.0).collect();
    found.sort_unstable();
    (found == heads).then_some(sync::relay::Snapshot {
        seq: envelopes.len() as u64,
        heads,
        bytes,
        tips: tips.into_values().collect(),
    })
}

/// Passes a document's whole log through the gate again, signatures and rights too, and gives its heads: what a relay's
/// `check` does. The authority is one for what was written long ago: it has every role that people ever had.
pub fn check_log(
    genesis: &[u8],
    envelopes: &[Envelope],
    authority: &dyn Authority,
) -> std::result::Result<Vec<Hash>, Refusal> {
    let mut index = gate::Index::new(genesis)?;
    for envelope in envelopes {
        index.admit(envelope, authority)?;
    }
    Ok(index.heads())
}

/// One of our own documents from its bytes. Text counts in UTF-16 code units, as the browser does: set at every load.
fn load_document(bytes: &[u8]) -> Result<Automerge> {
    let options = LoadOptions::new().text_encoding(TextEncoding::Utf16CodeUnit);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| Automerge::load_with_options(bytes, options)))
        .ok()
        .and_then(std::result::Result::ok)
        .ok_or(Trouble::Damaged)
}

/// From now on a panic anywhere in the process says only where it was: its message could quote a plan. For programs, at
/// their start.
pub fn keep_panics_short() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |l| format!(" ({}:{})", l.file(), l.line()));
        #[allow(clippy::disallowed_macros, reason = "the last words of a program that has no other voice left")]
        {
            eprintln!("The program met something it did not expect{place}. What was saved is safe.");
        }
    }));
}

/// Public half of a device's key.
pub fn public_key(key: &Ed25519KeyPair) -> gate::PublicKey {
    use ring::signature::KeyPair;
    let mut public = [0; 32];
    // An Ed25519 public key has 32 bytes by definition.
    public.copy_from_slice(key.public_key().as_ref());
    public
}

/// This device stands behind what it has just signed, even before any roster names it.
struct Own<'a> {
    signer: Option<&'a Signer>,
    authority: &'a dyn Authority,
}

impl Authority for Own<'_> {
    fn author(&self, device: &Id) -> Option<gate::Author> {
        let signer = self.signer.filter(|s| s.device == *device)?;
        Some(gate::Author { key: public_key(&signer.key), person: signer.person })
    }

    fn groups(&self, device: &Id) -> Vec<&str> {
        self.authority.groups(device)
    }

    fn rules(&self) -> &gate::Rules {
        self.authority.rules()
    }

    fn accepted(&self, change: &Hash) -> bool {
        self.authority.accepted(change)
    }
}

fn parked_key(keys: &Keys, doc: &Id, hash: &Hash) -> Result<Vec<u8>> {
    Ok([PARKED, doc, &keys.make(doc)?.mark(hash)].concat())
}

/// A fact's key of layout 1 as it is now: hashes of changes do not stand in the clear.
fn sealed_fact_key(keys: &Keys, key: &[u8]) -> std::result::Result<Vec<u8>, StoreError> {
    let hash = |doc: &Id| key.strip_prefix(PARKED)?.strip_prefix(doc)?.try_into().ok();
    match document_of_fact(key).and_then(|doc| Some((doc, hash(&doc)?))) {
        Some((doc, hash)) => parked_key(keys, &doc, &hash).map_err(|_| StoreError::Damaged),
        None => Ok(key.to_vec()),
    }
}

/// Events as records, the first of which will have this number.
fn sealed(keys: &Keys, events: &[Event], first: u64) -> Result<Vec<Record>> {
    (first..).zip(events).map(|(number, event)| seal_event(keys, event, number)).collect()
}

fn seal_event(keys: &Keys, event: &Event, number: u64) -> Result<Record> {
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
struct ReadIn {
    events: Vec<Event>,
    /// Records that no key of this folder opens at their place.
    unopened: u64,
    /// Documents with records, and without the key for them.
    lost: BTreeSet<Id>,
}

fn read_in(keys: &Keys, opened: &journal::Opened) -> Result<ReadIn> {
    if opened.records.iter().any(|r| ![PLAIN, SEALED, SEALED_REST].contains(&r.kind)) {
        return Err(Trouble::Newer);
    }
    // Where something is missing, numbers have gaps; they still rise.
    let whole = !opened.damage.iter().any(|d| matches!(d, Damage::Inside { .. }));
    let first = if opened.from_start { 0 } else { opened.journal.position().records - opened.records.len() as u64 };
    let mut next = 0;
    let mut at_its_place = |at: usize, number: u64| {
        let right = if whole { number == first + at as u64 } else { number >= next };
        next = next.max(number.saturating_add(1));
        right
    };
    let mut read = ReadIn::default();
    // What was said of a document before it was erased was sealed with a key that is gone.
    let mut erased: BTreeMap<Id, usize> = BTreeMap::new();
    let mut found: Vec<Option<Event>> = Vec::with_capacity(opened.records.len());
    let mut of_documents = Vec::new();
    for (at, record) in opened.records.iter().enumerate() {
        let mut event = None;
        match parts(record) {
            Some((doc, number, sealed)) if at_its_place(at, number) => match doc {
                Some(doc) => of_documents.push((at, doc, number, sealed)),
                None => {
                    event = open_event(keys.rest(), SEALED_REST, number, sealed);
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
    for (at, doc, number, sealed) in of_documents {
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
                found[at] = open_event(&key, SEALED, number, sealed).filter(|event| event.document() == Some(doc));
                read.unopened += u64::from(found[at].is_none());
            }
        }
    }
    read.events = found.into_iter().flatten().collect();
    Ok(read)
}

/// Document, number and sealed content of a record.
fn parts(record: &Record) -> Option<(Option<Id>, u64, &[u8])> {
    let (doc, rest) = match record.kind {
        SEALED => record.payload.split_first_chunk::<16>().map(|(doc, rest)| (Some(*doc), rest))?,
        SEALED_REST => (None, record.payload.as_slice()),
        _ => return None,
    };
    let (number, sealed) = rest.split_first_chunk::<8>()?;
    Some((doc, u64::from_be_bytes(*number), sealed))
}

fn open_event(key: &Key, kind: u8, number: u64, sealed: &[u8]) -> Option<Event> {
    from_cbor(&key.open(&record_place(kind, number), sealed)?).ok()
}

/// Brings the store up to one event. Doing it twice is harmless.
fn apply(keys: &Keys, store: &Store, event: &Event) -> std::result::Result<(), StoreError> {
    match event {
        Event::Start { doc, genesis } => {
            store.set_blob(Blob::Genesis, doc, genesis)?;
            if store.document(doc)?.is_none() {
                store.set_document(doc, &Document::default())?;
            }
        }
        Event::Envelope { doc, number, cursor, waits, bytes } => {
            let wire = Wire::decode(bytes).ok_or(StoreError::Damaged)?;
            store.put_envelope(doc, *number, &wire.0.hash, bytes)?;
            store.set_waiting(doc, *number, *waits)?;
            let known = store.document(doc)?.unwrap_or_default();
            let cursor = cursor.or(known.cursor);
            store.set_document(doc, &Document { last: known.last.max(*number), cursor, ..known })?;
        }
        Event::Snapshot { doc, cursor, bytes, .. } => {
            store.set_blob(Blob::Snapshot, doc, bytes)?;
            let known = store.document(doc)?.unwrap_or_default();
            store.set_document(doc, &Document { cursor: Some(*cursor), snapshot: Some(known.last), ..known })?;
        }
        Event::Fact { key, value } => store.set_fact(key, value.as_ref().map(|v| v.as_slice()))?,
        Event::Aside { doc, numbers, rest, from, again } => {
            for number in numbers {
                store.set_aside(doc, *number, &SET_ASIDE)?;
            }
            let known = store.document(doc)?.unwrap_or_default();
            let snapshot = match rest {
                Some(rest) => {
                    store.set_blob(Blob::Snapshot, doc, rest)?;
                    Some(from.saturating_sub(1))
                }
                None => known.snapshot.filter(|covered| numbers.iter().all(|number| number > covered)),
            };
            let mut last = known.last;
            for (number, bytes) in (*from..).zip(again) {
                let wire = Wire::decode(bytes).ok_or(StoreError::Damaged)?;
                store.put_envelope(doc, number, &wire.0.hash, bytes)?;
                store.set_waiting(doc, number, true)?;
                last = last.max(number);
            }
            store.set_document(doc, &Document { snapshot, last, ..known })?;
        }
        Event::Held { doc, hash, why } => store.set_held(doc, hash, why.as_ref().map(|w| w.as_slice()))?,
        Event::Erased { doc } => {
            keys.destroy(doc)?;
            store.forget(doc)?;
        }
    }
    Ok(())
}

/// What to keep, and do with, the events of a damaged journal: envelopes whose past is missing are parked until it comes
/// back from the relay, the rest is numbered anew, and every log is to be read again from its start.
fn sift(keys: &Keys, events: Vec<Event>) -> Result<Vec<Event>> {
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
    keys: &'a Keys,
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
