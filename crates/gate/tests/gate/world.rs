//! A document, the people who write it, and their devices; fiction throughout.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use automerge::legacy::{ElementId, Key, ObjectId, Op, OpId, OpType};
use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ActorId, Automerge, AutomergeError, Change, ExpandedChange, ObjType, ROOT, ScalarValue, TextEncoding};
use gate::{
    Admitted, Author, Envelope, Hash, Id, Index, PublicKey, Refusal, Team, actor_of, device_id, numbered_actor,
    statement,
};
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair};

pub const DOC: Id = [0xd0; 16];
/// Tuesday 24 February 2026, 09:00.
pub const NOW: i64 = 1_771_923_600;
pub const GENESIS_ACTOR: Id = [0x9e; 16];

/// Operation counters of the genesis, for hand-made references.
pub const ANSWERS: u64 = 1;
pub const STORY: u64 = 2;
pub const TARGETS: u64 = 3;
pub const VERSION: u64 = 4;
pub const VISITS: u64 = 5;
pub const FIRST_LETTER: u64 = 6;
pub const FIRST_TARGET: u64 = 7;
pub const GENESIS_OPS: u64 = 7;

/// The beginning of the document: answers (map), answers/story (text "W"), answers/targets (list of one), version
/// (number) and visits (counter).
pub fn genesis() -> Vec<u8> {
    static GENESIS: LazyLock<Vec<u8>> = LazyLock::new(make_genesis);
    GENESIS.clone()
}

fn make_genesis() -> Vec<u8> {
    let mut document = new_document().with_actor(ActorId::from(GENESIS_ACTOR));
    commit(&mut document, |tx| {
        let answers = tx.put_object(ROOT, "answers", ObjType::Map)?;
        let story = tx.put_object(&answers, "story", ObjType::Text)?;
        let targets = tx.put_object(&answers, "targets", ObjType::List)?;
        tx.put(ROOT, "version", 1)?;
        tx.put(ROOT, "visits", ScalarValue::counter(0))?;
        tx.splice_text(&story, 0, 0, "W")?;
        tx.insert(&targets, 0, "read aloud")
    });
    document.get_changes(&[])[0].raw_bytes().to_vec()
}

pub fn new_document() -> Automerge {
    Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit)
}

pub fn commit<T>(document: &mut Automerge, write: impl FnOnce(&mut Transaction<'_>) -> Result<T, AutomergeError>) {
    document
        .transact_with(|_| CommitOptions::default().with_time(NOW), write)
        .map_err(|failure| failure.error)
        .unwrap();
}

pub struct Device {
    pair: Ed25519KeyPair,
    pub person: Id,
    pub incarnation: Id,
    /// It writes envelopes of version 1, under this number.
    pub number: Option<u32>,
}

impl Device {
    /// A device whose key and person are made from one small number.
    pub fn new(seed: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        Device { pair, person: [seed; 16], incarnation: [0; 16], number: None }
    }

    pub fn key(&self) -> PublicKey {
        self.pair.public_key().as_ref().try_into().unwrap()
    }

    pub fn id(&self) -> Id {
        device_id(&self.key())
    }

    pub fn actor(&self) -> Id {
        match self.number {
            Some(number) => numbered_actor(&DOC, &self.author(), number),
            None => actor_of(&DOC, &self.author(), &self.incarnation),
        }
    }

    /// What its envelopes and tips name.
    pub fn named(&self) -> Option<Id> {
        self.number.is_none().then_some(self.incarnation)
    }

    pub fn author(&self) -> Author {
        Author { key: self.key(), person: self.person }
    }

    pub fn sign(&self, seq: u64, hash: &Hash) -> gate::Signature {
        self.sign_statement(&statement(&DOC, &self.actor(), seq, hash))
    }

    pub fn sign_statement(&self, statement: &[u8]) -> gate::Signature {
        self.pair.sign(statement).as_ref().try_into().unwrap()
    }

    /// An envelope of these changes, labelled and signed as they are.
    pub fn seal(&self, changes: &[Change]) -> Envelope {
        let last = changes.last().unwrap();
        let chunks = changes.iter().flat_map(|change| change.clone().bytes().to_vec()).collect();
        self.seal_bytes(last.seq(), last.hash().0, chunks)
    }

    /// An envelope of any bytes under any label, properly signed.
    pub fn seal_bytes(&self, seq: u64, hash: Hash, chunks: Vec<u8>) -> Envelope {
        let sig = self.sign(seq, &hash);
        Envelope { doc: DOC, actor: self.actor(), incarnation: self.named(), seq, hash, device: self.id(), sig, chunks }
    }
}

/// Everybody may write everything.
pub fn roster(devices: &[&Device]) -> Team {
    ruled(devices, "* free everyone")
}

/// Everybody is in the group `everyone`, and in one that is called by their number.
pub fn ruled(devices: &[&Device], rules: &str) -> Team {
    let groups = |device: &&Device| BTreeSet::from(["everyone".to_owned(), device.person[0].to_string()]);
    Team {
        authors: devices.iter().map(|device| (device.id(), device.author())).collect(),
        groups: devices.iter().map(|device| (device.person, groups(device))).collect(),
        rules: Arc::new(rules.parse().unwrap()),
        accepted: BTreeSet::new(),
        ..Team::default()
    }
}

/// A device with the document on it.
pub struct Participant {
    pub device: Device,
    pub document: Automerge,
    pub index: Index,
    /// Written and not yet sealed.
    pub unsent: Vec<Change>,
}

impl Participant {
    pub fn new(seed: u8) -> Self {
        let device = Device::new(seed);
        let mut document = new_document().with_actor(ActorId::from(device.actor()));
        document.apply_changes([Change::try_from(genesis().as_slice()).unwrap()]).unwrap();
        Participant { device, document, index: Index::new(&genesis()).unwrap(), unsent: vec![] }
    }

    pub fn write<T>(&mut self, write: impl FnOnce(&mut Transaction<'_>) -> Result<T, AutomergeError>) {
        commit(&mut self.document, write);
        let newest = self.document.get_last_local_change();
        self.unsent
            .extend(newest.filter(|change| !self.unsent.contains(change) && !self.index.contains(&change.hash().0)));
    }

    /// One envelope of everything written since the last; nothing when there is nothing.
    pub fn seal(&mut self) -> Option<Envelope> {
        let changes = std::mem::take(&mut self.unsent);
        changes.last()?;
        let envelope = self.device.seal(&changes);
        self.index.readmit(&envelope).unwrap();
        Some(envelope)
    }

    /// Writes one change and seals it.
    pub fn say<T>(&mut self, write: impl FnOnce(&mut Transaction<'_>) -> Result<T, AutomergeError>) -> Envelope {
        self.write(write);
        self.seal().unwrap()
    }

    pub fn take(&mut self, envelope: &Envelope, roster: &Team) -> Result<Admitted, Refusal> {
        let admitted = self.index.admit(envelope, roster)?;
        self.document.apply_changes(admitted.changes().iter().cloned()).unwrap();
        Ok(admitted)
    }

    /// The next change of this participant, ready to be altered.
    pub fn draft(&self) -> ExpandedChange {
        let mut copy = self.document.clone();
        commit(&mut copy, |tx| tx.put(ROOT, "note", "draft"));
        copy.get_last_local_change().unwrap().decode()
    }
}

/// A change of this participant after an alteration, as one sealed envelope.
pub fn altered(participant: &Participant, alter: impl FnOnce(&mut ExpandedChange)) -> Envelope {
    let mut draft = participant.draft();
    alter(&mut draft);
    participant.device.seal(&[Change::from(draft)])
}

pub fn id(counter: u64, actor: Id) -> OpId {
    OpId(counter, ActorId::from(actor))
}

pub fn in_genesis(counter: u64) -> ObjectId {
    ObjectId::Id(id(counter, GENESIS_ACTOR))
}

/// An operation on a key of a map.
pub fn on_key(object: ObjectId, key: &str, action: OpType, pred: Vec<OpId>) -> Op {
    Op { action, obj: object, key: Key::Map(key.into()), pred: pred.into(), insert: false }
}

/// An operation on an element of a list or text, or an insertion after it.
pub fn on_element(object: ObjectId, element: OpId, insert: bool, action: OpType, pred: Vec<OpId>) -> Op {
    Op { action, obj: object, key: Key::Seq(ElementId::Id(element)), pred: pred.into(), insert }
}

pub fn put(value: impl Into<ScalarValue>) -> OpType {
    OpType::Put(value.into())
}

/// A chunk with a right checksum, and its hash.
pub fn chunk(kind: u8, body: &[u8]) -> (Vec<u8>, Hash) {
    let mut head = vec![kind];
    leb(body.len() as u64, &mut head);
    let hash: Hash = digest(&SHA256, &[&head, body].concat()).as_ref().try_into().unwrap();
    ([&[0x85, 0x6f, 0x4a, 0x83], &hash[..4], &head, body].concat(), hash)
}

pub fn leb(mut value: u64, out: &mut Vec<u8>) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The body of the chunk in `bytes`, which has a length of at most four bytes.
pub fn body(bytes: &[u8]) -> &[u8] {
    let length = bytes[9..].iter().position(|byte| byte & 0x80 == 0).unwrap() + 1;
    &bytes[9 + length..]
}
