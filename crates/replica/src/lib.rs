//! Documents and their logs: what a peer holds, journalled before anyone is told of it. The same on the laptop and in the relay.
//!
//! [`Replica`] is plain, blocking code for one thread, over whatever is a [`disk::Disk`]. Writing is in two steps: verbs change what
//! is in memory and *stage* what must be kept; [`Replica::commit`] appends all of that to the journal, durably and at once, then puts
//! the rows that follow from it. Nobody may be told of anything staged before `commit` has returned. After a failed commit the
//! replica refuses everything: what is durable is then unknown until the next opening has looked.
//!
//! Everything is sealed before a disk gets it ([`seal`]); [`Replica::erase`] destroys one document's key, and with it the document.
//!
//! | file | what it is |
//! |---|---|
//! | `disk` | what this room asks of a machine: the trait |
//! | `memory` | a disk in memory |
//! | `conformance` | what every disk must do, as tests |
//! | `event` | what is written in the journal, and which rows follow from it |
//! | `tables` | the rows by meaning |
//! | `seal` | encryption |
//! | `again` | writing again what was refused in parts |

#![warn(clippy::unwrap_used, clippy::expect_used)]

mod again;
mod authors;
mod beside;
pub mod conformance;
pub mod disk;
pub mod event;
mod incarnation;
pub mod memory;
pub mod seal;
mod signer;
pub mod tables;
mod trouble;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use automerge::{ActorId, Automerge, LoadOptions, TextEncoding};
use gate::{Authority, Envelope, Hash, Id, Refusal, Tip};
use serde::{Deserialize, Serialize};
use sync::{Cursor, Ledger, Taken, Wire};

pub use again::Rebased;
pub use seal::{Key, KeyError, SEAL_BYTES, Secret};
pub use signer::Signer;
/// How what is kept is written. For the disk, which knows no peers.
pub use sync::cbor;
pub use sync::identity::public_key;
pub use trouble::{Damage, Notice, Trouble};
pub use work::Work;

use beside::Beside;
use cbor::{from_cbor, to_cbor};
use disk::Disk;
use event::{Blob, Document, Event, SET_ASIDE, parked_key, read_in, sealed, sift};
use tables::Tables;
use trouble::Result;
use work::Counting;

/// Documents held in memory at once: a plan takes about a megabyte, and a device with 300 plans must stay small.
const OPEN_MAX: usize = 64;
/// Envelopes after which a participant saves the document as a snapshot, so that opening it stays quick.
const TAIL_MAX: u64 = 64;
/// Refused envelopes kept for one document.
pub const HELD_MAX: usize = 1_000;
/// Which peer this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Reads and writes documents.
    Participant,
    /// Keeps their logs and never opens them.
    Relay,
}

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
    beside: Beside,
    used: u64,
}

/// Everything one peer holds.
pub struct Replica {
    disk: Box<dyn Disk>,
    mode: Mode,
    signer: Option<Signer>,
    staged: Vec<Event>,
    open: BTreeMap<Id, Open>,
    turn: u64,
    continuous: bool,
    /// Whether an earlier write failed, so that nothing more is accepted.
    stopped: bool,
    /// Documents whose cursor has moved without a new envelope.
    moved: BTreeSet<Id>,
    /// How often each document has changed since this replica was opened.
    versions: BTreeMap<Id, u64>,
    /// What was done since then.
    work: Work,
}

impl Replica {
    /// Opens what a disk holds, and says what a person should hear of.
    pub fn open(mut disk: Box<dyn Disk>, mode: Mode) -> Result<(Replica, Vec<Notice>)> {
        let mut unread = disk.unread()?;
        let mut notices = std::mem::take(&mut unread.notices);
        let mut read = read_in(disk.keys(), &unread)?;
        if read.unopened > 0 && !unread.from_start {
            unread = disk.reread()?;
            notices.append(&mut unread.notices);
            read = read_in(disk.keys(), &unread)?;
        }
        if read.unopened > 0 {
            notices.retain(|notice| *notice != Notice::Rebuilt { aside: None });
            notices.push(Notice::Unopened { records: read.unopened });
        }
        let damaged = read.unopened > 0 || unread.damaged;
        if damaged {
            // What can be read is written anew, so that the journal is whole again; the damaged one stays beside.
            read.events = sift(disk.keys(), read.events)?;
            let records = sealed(disk.keys(), &read.events, 0)?;
            disk.rewrite(&records)?;
        }
        let tables = Tables { keys: disk.keys(), rows: disk.rows() };
        let last: BTreeMap<Id, usize> =
            (0..).zip(&read.events).filter_map(|(at, event)| Some((event.document()?, at))).collect();
        for (at, event) in read.events.iter().enumerate() {
            match event {
                // A document that is held again since has another key.
                Event::Erased { doc } if last.get(doc).is_some_and(|last| *last > at) => tables.forget(doc)?,
                event => tables.bring(event)?,
            }
        }
        disk.caught_up()?;
        let continuous = disk.is_continuous() && !damaged;
        let mut replica = Replica {
            disk,
            mode,
            signer: None,
            staged: Vec::new(),
            open: BTreeMap::new(),
            turn: 0,
            continuous,
            stopped: false,
            moved: BTreeSet::new(),
            versions: BTreeMap::new(),
            work: Work::default(),
        };
        replica.give_up_lost(read.lost, &mut notices)?;
        Ok((replica, notices))
    }

    /// Documents whose key is gone are not held any more: what they were sealed with cannot be had back.
    fn give_up_lost(&mut self, mut lost: BTreeSet<Id>, notices: &mut Vec<Notice>) -> Result<()> {
        let keys = self.disk.keys().all()?;
        lost.extend(self.tables().documents()?.into_iter().filter(|doc| !keys.contains(doc)));
        if lost.is_empty() {
            return Ok(());
        }
        notices.push(Notice::KeysLost { documents: lost.len() });
        // What this device wrote there last is not known any more.
        self.continuous = false;
        let events: Vec<Event> = lost.into_iter().map(|doc| Event::Erased { doc }).collect();
        self.keep(&events, false)
    }

    /// Whether what it is kept on is provably what this program wrote last. Where it is not (restored, copied, or new), a device must move its incarnation on before it writes, and a relay must begin a new epoch.
    pub fn is_continuous(&self) -> bool {
        self.continuous
    }

    /// Records on the disk: it rises with whatever is committed, and falls only where what it is kept on is not continuous.
    pub fn records(&self) -> u64 {
        self.disk.records()
    }

    /// Sets who writes here.
    pub fn set_signer(&mut self, signer: Signer) {
        self.signer = Some(signer);
    }

    /// Who writes here.
    pub fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
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
            None => self.tables().fact(key),
        }
    }

    /// All committed facts whose key begins with `prefix`, in order of their keys.
    pub fn facts(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        self.tables().facts(prefix)
    }

    /// The greatest key of a committed fact that begins with `prefix`: where a numbered list goes on.
    pub fn last_fact(&self, prefix: &[u8]) -> Result<Option<Vec<u8>>> {
        self.tables().last_fact(prefix)
    }

    /// Stages a fact; `None` forgets it.
    pub fn set_fact(&mut self, key: &[u8], value: Option<&[u8]>) {
        self.stage(Event::Fact { key: key.to_vec(), value: value.map(serde_bytes::ByteBuf::from) });
    }

    // Documents.

    /// Ids of all documents held here.
    pub fn documents(&self) -> Result<Vec<Id>> {
        self.tables().documents()
    }

    /// Whether the document is held here.
    pub fn has(&self, doc: &Id) -> Result<bool> {
        Ok(self.open.contains_key(doc) || self.tables().document(doc)?.is_some())
    }

    /// Begins to hold a document, from its genesis change. `false` where it was held already. Committed at once: the
    /// verbs below need it.
    pub fn start(&mut self, doc: &Id, genesis: &[u8]) -> Result<bool> {
        if self.has(doc)? {
            return Ok(false);
        }
        gate::Index::new(genesis).map_err(Trouble::OwnRefused)?;
        self.stage(Event::Start { doc: *doc, genesis: genesis.to_vec() });
        self.commit()?;
        Ok(true)
    }

    /// Erases a document: its key is destroyed, then its rows; afterwards it is as if it had never been held. Its records stay in
    /// the journal, and nobody can read them. Durable when this returns; cut short at any moment, the next start ends it. What
    /// this device wrote in it is no longer known here: before it writes in it again, it must move its incarnation on.
    pub fn erase(&mut self, doc: &Id) -> Result<()> {
        // What is staged may be sealed with the key that goes.
        self.commit()?;
        if !self.has(doc)? && self.disk.keys().of(doc)?.is_none() {
            return Ok(());
        }
        self.open.remove(doc);
        self.stage(Event::Erased { doc: *doc });
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
        let actor = self.signer.as_ref().ok_or(Trouble::Unknown)?.actor(doc);
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
            let envelope = self.signer.as_ref().ok_or(Trouble::Unknown)?.seal(doc, &mut change);
            let Some(open) = self.open.get_mut(doc) else { return Err(Trouble::Unknown) };
            // One's own change goes through the same door: what others would refuse is never kept.
            let own = Own { signer: self.signer.as_ref(), authority };
            let own = Counting::of(&own);
            let taken = open.ledger.offer(&envelope, &own);
            self.work.signatures += own.signatures();
            match taken {
                Ok(Taken::New(number, _)) => {
                    self.work.admitted += 1;
                    open.ledger.wait_for(number, envelope.hash);
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
        self.keep_proved(doc, [actor])?;
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
        let authority = &Counting::of(authority);
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
        self.work.signatures += authority.signatures();
        self.work.admitted += new.len() as u64;
        let only_moved = new.is_empty() && !offered.is_empty() && from.is_some();
        for (number, cursor, waits, i) in new {
            self.stage_envelope(*doc, number, cursor, waits, &envelopes[i]);
        }
        for number in shared {
            self.tables().set_waiting(doc, number, false)?;
        }
        if only_moved {
            self.moved.insert(*doc);
        }
        self.keep_proved(doc, envelopes.iter().take(offered.len()).map(|envelope| envelope.actor))?;
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
        if self.ledger(doc)?.ledger.last() > 0 {
            return Ok(Ok(()));
        }
        let authority = Counting::of(authority);
        let admitted = gate::admit_snapshot(doc, &bytes, &genesis, tips, &authority);
        self.work.signatures += authority.signatures();
        let (index, document) = match admitted {
            Ok(admitted) => admitted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let open = self.ledger(doc)?;
        let mut ledger = Ledger::new(index);
        ledger.read_to(cursor);
        open.ledger = ledger;
        open.document = Some(document.into_document());
        let actors: Vec<Id> = open.ledger.index().actors().copied().collect();
        let tips = tips.iter().map(sync::frame::WireTip::from).collect();
        self.stage(Event::Snapshot { doc: *doc, cursor, bytes, tips });
        self.keep_proved(doc, actors)?;
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
            self.tables().set_waiting(doc, number, false)?;
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
            self.tables().set_waiting(doc, number, true)?;
        }
        self.store_cursor(doc)
    }

    /// Keeps why an envelope was refused (stages it). It is not offered again, nor what follows it in its author's chain.
    pub fn hold(&mut self, doc: &Id, hash: &Hash, why: &[u8]) -> Result<()> {
        if self.tables().held_count(doc)? >= HELD_MAX {
            return Ok(());
        }
        let later = self.chain_after(doc, hash)?;
        let open = self.ledger(doc)?;
        let numbers: Vec<u64> =
            open.ledger.waiting().filter(|(_, h)| *h == hash || later.contains(h)).map(|(n, _)| n).collect();
        open.ledger.hold(*hash, later);
        for number in numbers {
            self.tables().set_waiting(doc, number, false)?;
        }
        self.stage(Event::Held { doc: *doc, hash: *hash, why: Some(serde_bytes::ByteBuf::from(why)) });
        Ok(())
    }

    /// A refused envelope was accepted after all: stages forgetting the refusal.
    pub fn release(&mut self, doc: &Id, hash: &Hash) {
        if let Some(open) = self.open.get_mut(doc) {
            open.ledger.release(hash);
        }
        self.stage(Event::Held { doc: *doc, hash: *hash, why: None });
    }

    /// Refused envelopes of a document: newest hash, and why.
    pub fn held(&self, doc: &Id) -> Result<Vec<(Hash, Vec<u8>)>> {
        self.tables().held(doc)
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
            None => self.tables().why_held(doc, hash),
        }
    }

    /// Heads and standing of a document.
    pub fn standing(&mut self, doc: &Id) -> Result<Standing> {
        let held = self.tables().held(doc)?.len();
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
        self.tables().all_waiting()
    }

    /// The first `most` envelopes of a document that wait, by number. From the store: the document need not be in memory.
    pub fn waiting_in(&self, doc: &Id, most: usize) -> Result<Vec<(u64, Hash)>> {
        let numbers = self.tables().waiting(doc, most)?;
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
        Ok(self.tables().document(doc)?.ok_or(Trouble::Unknown)?.last)
    }

    /// Hash of the committed envelope of that number.
    pub fn hash(&self, doc: &Id, number: u64) -> Result<Option<Hash>> {
        Ok(self.tables().numbers(doc, number.saturating_sub(1), number).ok().and_then(|h| h.first().copied()))
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
        let bytes = self.tables().envelope(doc, number)?.ok_or(Trouble::Damaged)?;
        Ok(Wire::decode(&bytes).ok_or(Trouble::Damaged)?.0)
    }

    /// The genesis change of a document.
    pub fn genesis(&self, doc: &Id) -> Result<Vec<u8>> {
        self.tables().blob(Blob::Genesis, doc)?.ok_or(Trouble::Unknown)
    }

    /// A relay's snapshot of a document, as CBOR of what [`snapshot_of`] made.
    pub fn relay_snapshot(&self, doc: &Id) -> Result<Option<sync::relay::Snapshot>> {
        let Some(bytes) = self.tables().blob(Blob::Snapshot, doc)? else { return Ok(None) };
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
        self.tables().set_blob(Blob::Snapshot, doc, &to_cbor(&kept))?;
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
        self.keep(&events, true)
    }

    /// Appends events to the journal, durably, then brings the rows up to them. `proven`: the next opening may take this for where
    /// it stopped.
    fn keep(&mut self, events: &[Event], proven: bool) -> Result<()> {
        let records = sealed(self.disk.keys(), events, self.disk.records())?;
        let appended = if proven { self.disk.append(&records) } else { self.disk.append_unproven(&records) };
        self.work.syncs += 1;
        let kept = appended.and_then(|()| {
            let tables = self.tables();
            events.iter().try_for_each(|event| tables.bring(event))?;
            self.disk.caught_up()
        });
        // Also where the rows alone have failed: they lack what the journal has until the next opening.
        self.stopped = kept.is_err();
        kept
    }

    /// Rises whenever what a document holds may have changed, staged changes included; 0 where nothing has since this replica was
    /// opened. In memory alone: for whoever keeps what was made from a document.
    pub fn version(&self, doc: &Id) -> u64 {
        self.versions.get(doc).copied().unwrap_or(0)
    }

    /// What was done since this replica was opened.
    pub fn work(&self) -> Work {
        self.work
    }

    /// Will be written in the journal with the next [`Replica::commit`].
    fn stage(&mut self, event: Event) {
        if let Event::Erased { doc } = &event {
            *self.versions.entry(*doc).or_default() += 1;
        }
        if let Some(doc) = event.document() {
            *self.versions.entry(doc).or_default() += 1;
        }
        self.staged.push(event);
    }

    /// Whether an earlier write failed, so that nothing more is accepted.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Destroys everything for good, keys first. `last_words` stay behind ([`Disk::wipe`]); nothing is held here afterwards, and
    /// nothing more is kept.
    pub fn wipe(&mut self, last_words: &[u8]) -> Result<()> {
        self.signer = None;
        self.staged.clear();
        self.open.clear();
        self.moved.clear();
        self.disk.wipe(last_words)
    }

    /// Asks that what is held in memory so far be written down, where the disk holds anything back. Nothing depends on it.
    pub fn flush(&self) -> Result<()> {
        self.disk.flush()
    }

    fn tables(&self) -> Tables<'_> {
        Tables { keys: self.disk.keys(), rows: self.disk.rows() }
    }

    fn running(&self) -> Result<()> {
        if self.stopped { Err(Trouble::Stopped) } else { Ok(()) }
    }

    fn stage_envelope(&mut self, doc: Id, number: u64, cursor: Option<Cursor>, waits: bool, envelope: &Envelope) {
        let bytes = Wire(envelope.clone()).encode();
        self.stage(Event::Envelope { doc, number, cursor, waits, bytes });
    }

    fn store_cursor(&mut self, doc: &Id) -> Result<()> {
        let cursor = self.ledger(doc)?.ledger.cursor();
        if let Some(known) = self.tables().document(doc)? {
            self.tables().set_document(doc, &Document { cursor, ..known })?;
        }
        Ok(())
    }

    fn document(&mut self, doc: &Id) -> Result<&mut Open> {
        if !self.open.contains_key(doc) {
            let open = self.load_ledger(doc, true)?;
            self.work.opened += 1;
            self.open.insert(*doc, open);
            self.make_room(doc);
        } else if self.ledger(doc)?.document.is_none() {
            let document = self.load(doc)?;
            self.work.opened += 1;
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
        let known = self.tables().document(doc)?.ok_or(Trouble::Unknown)?;
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
        let hashes = self.tables().numbers(doc, 0, known.last)?;
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
        for (hash, _) in self.tables().held(doc)? {
            ledger.hold(hash, []);
        }
        if let Some(cursor) = known.cursor {
            ledger.read_to(cursor);
        }
        for number in self.tables().waiting(doc, usize::MAX)? {
            let hash = hashes.get(number.saturating_sub(1) as usize).ok_or(Trouble::Damaged)?;
            ledger.wait_for(number, *hash);
        }
        let beside = self.beside(doc)?;
        for (actor, (author, incarnation)) in &beside.authors {
            ledger.know_author(actor, *author, *incarnation);
        }
        Ok(Open { ledger, document, beside, used: 0 })
    }

    fn load(&self, doc: &Id) -> Result<Automerge> {
        let known = self.tables().document(doc)?.ok_or(Trouble::Unknown)?;
        let (mut document, covered) = match known.snapshot {
            Some(number) => (self.load_snapshot(doc)?, number),
            None => (load_document(&self.genesis(doc)?)?, 0),
        };
        let mut changes = Vec::new();
        let mut index = gate::reindex(&document, &self.genesis(doc)?).map_err(|_| Trouble::Damaged)?;
        let hashes = self.tables().numbers(doc, covered, known.last)?;
        for (number, _) in (covered + 1..).zip(hashes).filter(|(_, hash)| *hash != SET_ASIDE) {
            let envelope = self.envelope(doc, number)?;
            let admitted = index.readmit(&envelope).map_err(|_| Trouble::Damaged)?;
            changes.extend_from_slice(admitted.changes());
        }
        document.apply_changes(changes).map_err(|_| Trouble::Damaged)?;
        Ok(document)
    }

    fn load_snapshot(&self, doc: &Id) -> Result<Automerge> {
        load_document(&self.tables().blob(Blob::Snapshot, doc)?.ok_or(Trouble::Damaged)?)
    }

    /// Saves the document as a snapshot where many envelopes have come since the last one.
    fn compact(&mut self, doc: &Id) -> Result<()> {
        let Some(known) = self.tables().document(doc)? else { return Ok(()) };
        if known.last.saturating_sub(known.snapshot.unwrap_or(0)) < TAIL_MAX {
            return Ok(());
        }
        let saved = self.read(doc, |document| (document.save(), document.get_heads()))?;
        // Not trusted before it has been read again: a document that cannot be loaded must not replace one that can.
        if load_document(&saved.0).is_ok_and(|again| again.get_heads() == saved.1) {
            self.tables().set_blob(Blob::Snapshot, doc, &saved.0)?;
            self.tables().set_document(doc, &Document { snapshot: Some(known.last), ..known })?;
        }
        Ok(())
    }

    /// Envelopes that a damaged journal left without what they build on are tried again, now that more has come.
    fn unpark(&mut self, doc: &Id) -> Result<()> {
        let mut parked = self.open.get_mut(doc).map(|open| std::mem::take(&mut open.beside.parked)).unwrap_or_default();
        let mut again = !parked.is_empty();
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
                        self.set_fact(&parked_key(self.disk.keys(), doc, &envelope.hash)?, None);
                        again = true;
                    }
                    Ok(Taken::Known(_)) => {
                        self.set_fact(&parked_key(self.disk.keys(), doc, &envelope.hash)?, None);
                    }
                    Err(_) => parked.push(envelope),
                }
            }
        }
        if let Some(open) = self.open.get_mut(doc) {
            open.beside.parked = parked;
        }
        Ok(())
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

/// This device stands behind what it has just signed, even before any roster names it.
struct Own<'a> {
    signer: Option<&'a Signer>,
    authority: &'a dyn Authority,
}

impl Authority for Own<'_> {
    fn author(&self, device: &Id) -> Option<gate::Author> {
        self.signer.filter(|signer| signer.device == *device).map(Signer::author)
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

    fn extends(&self, device: &Id, change: &Hash) -> bool {
        self.authority.extends(device, change)
    }
}
