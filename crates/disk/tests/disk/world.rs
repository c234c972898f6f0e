//! Devices and documents of these tests.

use std::{
    fs,
    path::Path,
    sync::{Arc, LazyLock},
};

use automerge::{
    ActorId, Automerge, AutomergeError, ObjId, ObjType, ROOT, ReadDoc, TextEncoding,
    transaction::{CommitOptions, Transactable, Transaction},
};
use gate::{Author, Authority, Hash, Id, Rules};
use replica::{Key, Mode, Notice, Replica, Signer};
use ring::signature::Ed25519KeyPair;
use sync::Cursor;

pub const DOC: Id = [7; 16];
pub const EPOCH: Id = [9; 16];
pub const START: Option<Cursor> = Some(Cursor::new(EPOCH, 1));

pub fn home_key() -> Arc<Key> {
    Arc::new(disk::key_from_bytes(&[5; 32]).unwrap())
}

pub fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

pub fn signer(seed: u8, incarnation: Id) -> Signer {
    let key = key(seed);
    let device = gate::device_id(&replica::public_key(&key));
    Signer { key, device, person: [seed; 16], incarnation }
}

/// Everybody of these tests.
pub struct Everyone;
impl Authority for Everyone {
    fn author(&self, device: &Id) -> Option<Author> {
        (1..=4)
            .map(|seed| (replica::public_key(&key(seed)), [seed; 16]))
            .find(|(key, _)| gate::device_id(key) == *device)
            .map(|(key, person)| Author { key, person })
    }

    fn groups(&self, _: &Id) -> Vec<&str> {
        vec!["everyone"]
    }

    fn rules(&self) -> &Rules {
        static RULES: LazyLock<Rules> = LazyLock::new(|| "* free everyone".parse().unwrap());
        &RULES
    }

    fn accepted(&self, _: &Hash) -> bool {
        false
    }

    fn extends(&self, _: &Id, _: &Hash) -> bool {
        false
    }
}

pub fn change(
    doc: &mut Automerge,
    time: i64,
    f: impl FnOnce(&mut Transaction<'_>) -> Result<(), AutomergeError>,
) -> Result<(), AutomergeError> {
    doc.transact_with(|_| CommitOptions::default().with_time(time), f).map(|_| ()).map_err(|e| e.error)
}

pub fn genesis() -> Vec<u8> {
    let mut doc = Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit).with_actor(ActorId::from([0; 16]));
    change(&mut doc, 0, |tx| {
        tx.put_object(ROOT, "story", ObjType::Text)?;
        tx.put_object(ROOT, "answers", ObjType::Map)?;
        Ok(())
    })
    .unwrap();
    doc.get_changes(&[])[0].raw_bytes().to_vec()
}

pub fn object(doc: &Automerge, name: &str) -> ObjId {
    doc.get(ROOT, name).unwrap().unwrap().1
}

pub fn story(doc: &Automerge) -> String {
    doc.text(object(doc, "story")).unwrap()
}

pub fn open(dir: &Path, seed: u8) -> (Replica, Vec<Notice>) {
    let (mut replica, notices) = disk::open_replica(dir, Mode::Participant, &home_key()).unwrap();
    replica.set_signer(signer(seed, [0; 16]));
    (replica, notices)
}

/// A folder with a document, started.
pub fn begin(dir: &Path, seed: u8) -> Replica {
    let (mut replica, _) = open(dir, seed);
    assert!(replica.start(&DOC, &genesis()).unwrap());
    replica
}

pub fn say_in(replica: &mut Replica, doc: &Id, words: &str) {
    let done = replica.write(doc, &Everyone, |d| {
        let text = object(d, "story");
        change(d, 1_780_000_000, |tx| {
            let end = tx.length(&text);
            tx.splice_text(&text, end, 0, words)
        })
    });
    done.unwrap().unwrap();
}

pub fn say(replica: &mut Replica, words: &str) {
    say_in(replica, &DOC, words);
}

/// As a program before incarnations were named writes: an envelope of version 1, under this number.
pub fn say_numbered(replica: &mut Replica, seed: u8, number: u32, words: &str) {
    let author = Author { key: replica::public_key(&key(seed)), person: [seed; 16] };
    let actor = gate::numbered_actor(&DOC, &author, number);
    let mut document = replica.read(&DOC, Clone::clone).unwrap().with_actor(ActorId::from(actor));
    let text = object(&document, "story");
    change(&mut document, 1_780_000_000, |tx| tx.splice_text(&text, 0, 0, words)).unwrap();
    let mut change = document.get_last_local_change().unwrap();
    let (seq, hash, chunks) = (change.seq(), change.hash().0, change.bytes().to_vec());
    let envelope = sync::sign(&key(seed), gate::device_id(&author.key), DOC, actor, seq, hash, chunks);
    assert_eq!(replica.offer(&DOC, &[envelope], &Everyone, None).unwrap().1, None);
    replica.commit().unwrap();
}

pub fn said(replica: &mut Replica) -> String {
    replica.read(&DOC, story).unwrap()
}

/// Everything that `from` holds goes to `to`.
pub fn pass(from: &mut Replica, to: &mut Replica, cursor: Option<Cursor>) {
    let envelopes = from.log(&DOC, 0, usize::MAX).unwrap();
    let (_, refused) = to.offer(&DOC, &envelopes, &Everyone, cursor).unwrap();
    assert_eq!(refused, None);
    to.commit().unwrap();
}

pub fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
