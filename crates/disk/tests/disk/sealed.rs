//! Nothing on the disk can be read without the folder's key; nothing of an erased document with it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use automerge::ReadDoc;
use gate::Id;
use replica::{KeyError, Mode, Notice, Replica, Trouble};
use ring::digest::{SHA256, digest};

use crate::world::*;

const WORDS: &str = "Idris would rather talk in the kitchen. ";
const OTHER: Id = [8; 16];

/// Files below `dir` that hold `bytes`.
fn holding(dir: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, bytes));
        } else if fs::read(&path).unwrap().windows(bytes.len()).any(|part| part == bytes) {
            found.push(path);
        }
    }
    found
}

fn key_file(dir: &Path, doc: &Id) -> PathBuf {
    dir.join("keys").join(hex::encode(doc))
}

/// Puts `part` of one folder in place of another's.
fn put(part: &str, from: &Path, to: &Path, name: &str) {
    let to = to.join(name);
    let _ = fs::remove_dir_all(&to);
    copy_dir(&from.join(part), &to);
}

#[test]
fn what_is_written_cannot_be_found_on_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let mut replica = begin(dir.path(), 1);
    for _ in 0..70 {
        say(&mut replica, WORDS);
    }
    replica.set_fact(b"who", Some(b"Odile Marrowfield"));
    let hash = replica.standing(&DOC).unwrap().heads[0];
    replica.hold(&DOC, &hash, b"a reason in words").unwrap();
    replica.commit().unwrap();
    replica.flush().unwrap();
    for secret in [WORDS.as_bytes(), b"Odile Marrowfield", b"a reason in words", &hash] {
        assert_eq!(holding(dir.path(), secret), [] as [PathBuf; 0]);
    }
    // The search finds what is there.
    assert!(!holding(dir.path(), &DOC).is_empty());
    let plain = dir.path().join("plain");
    fs::write(&plain, replica.read(&DOC, |doc| doc.text(object(doc, "story")).unwrap()).unwrap()).unwrap();
    assert_eq!(holding(dir.path(), WORDS.as_bytes()), [plain]);
}

#[test]
fn another_key_opens_nothing_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut replica = begin(dir.path(), 1);
    say(&mut replica, WORDS);
    drop(replica);
    let other = Arc::new(disk::key_from_bytes(&[6; 32]).unwrap());
    let refused = disk::open_replica(dir.path(), Mode::Participant, &other).map(drop).unwrap_err();
    let Trouble::Key(KeyError::Wrong { needs, given }) = &refused else { panic!("{refused}") };
    assert_eq!((needs.as_str(), given.as_str()), (home_key().name().as_str(), other.name().as_str()));
    assert_eq!(said(&mut open(dir.path(), 1).0), WORDS);
}

#[test]
fn of_an_erased_document_nothing_is_left_even_with_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let mut replica = begin(dir.path(), 1);
    replica.start(&OTHER, &genesis()).unwrap();
    say(&mut replica, WORDS);
    say_in(&mut replica, &OTHER, "of another child");
    let hash = replica.standing(&DOC).unwrap().heads[0];
    replica.hold(&DOC, &hash, b"why").unwrap();
    replica.commit().unwrap();
    let journal = fs::read(dir.path().join("journal/00000001.seg")).unwrap();
    replica.erase(&DOC).unwrap();
    let gone = |replica: &mut Replica| {
        assert!(!replica.has(&DOC).unwrap());
        assert!(matches!(replica.read(&DOC, story), Err(Trouble::Unknown)));
        assert_eq!(replica.documents().unwrap(), [OTHER]);
        assert_eq!(replica.waiting().unwrap(), [OTHER]);
        assert_eq!(replica.held(&DOC).unwrap(), []);
        assert_eq!(replica.read(&OTHER, story).unwrap(), "of another child");
    };
    gone(&mut replica);
    drop(replica);
    assert!(!key_file(dir.path(), &DOC).exists());
    // The records are where they were; nobody opens them.
    assert!(fs::read(dir.path().join("journal/00000001.seg")).unwrap().starts_with(&journal));
    let (mut again, notices) = open(dir.path(), 1);
    assert_eq!(notices, []);
    gone(&mut again);
    drop(again);
    fs::remove_dir_all(dir.path().join("sled")).unwrap();
    let (mut again, notices) = open(dir.path(), 1);
    assert_eq!(notices, [Notice::Rebuilt { aside: None }]);
    gone(&mut again);
    // Erased twice, and what was never held, is no trouble.
    again.erase(&DOC).unwrap();
    again.erase(&[99; 16]).unwrap();

    // Held again it is another one, under another key, whatever the journal said before.
    again.begin_incarnation([1; 16]);
    assert!(again.start(&DOC, &genesis()).unwrap());
    say(&mut again, "anew");
    drop(again);
    for without_store in [false, true] {
        if without_store {
            fs::remove_dir_all(dir.path().join("sled")).unwrap();
        }
        let (mut again, _) = open(dir.path(), 1);
        assert_eq!(said(&mut again), "anew");
        assert_eq!(again.last(&DOC).unwrap(), 1);
    }
}

#[test]
fn an_erasure_that_was_cut_short_is_ended_by_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let (before, after) = (dir.path().join("before"), dir.path().join("after"));
    let mut replica = begin(&before, 1);
    replica.start(&OTHER, &genesis()).unwrap();
    say(&mut replica, WORDS);
    drop(replica);
    copy_dir(&before, &after);
    open(&after, 1).0.erase(&DOC).unwrap();
    // Killed when the journal had it; when the key was gone; with a store that had lost its newest rows, or all of them.
    for (what, keys, sled) in [
        ("journal", &before, Some(&before)),
        ("key", &after, Some(&before)),
        ("rows", &before, Some(&after)),
        ("store", &before, None),
    ] {
        let cut = dir.path().join(what);
        put("journal", &after, &cut, "journal");
        put("keys", keys, &cut, "keys");
        if let Some(sled) = sled {
            put("sled", sled, &cut, "sled");
        }
        let (replica, _) = open(&cut, 1);
        assert_eq!(replica.documents().unwrap(), [OTHER], "{what}");
        assert!(what == "rows" || !key_file(&cut, &DOC).exists(), "{what}");
    }
}

#[test]
fn a_lost_key_loses_its_document_alone_and_a_few_damaged_bytes_lose_no_key() {
    let dir = tempfile::tempdir().unwrap();
    let mut replica = begin(dir.path(), 1);
    replica.start(&OTHER, &genesis()).unwrap();
    say(&mut replica, WORDS);
    drop(replica);
    for file in [key_file(dir.path(), &DOC), dir.path().join("keys/rest")] {
        let whole = fs::read(&file).unwrap();
        for at in [0, 20, whole.len() - 1] {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&file, damaged).unwrap();
            assert_eq!(said(&mut open(dir.path(), 1).0), WORDS);
        }
        fs::write(&file, whole).unwrap();
    }
    // Both copies damaged: found when it is used, told of at the next start.
    let file = key_file(dir.path(), &DOC);
    fs::write(&file, vec![7; fs::metadata(&file).unwrap().len() as usize]).unwrap();
    let (mut replica, notices) = open(dir.path(), 1);
    assert_eq!(notices, []);
    assert!(matches!(replica.read(&DOC, story), Err(Trouble::Damaged)));
    drop(replica);
    let (replica, notices) = open(dir.path(), 1);
    assert_eq!(notices, [Notice::KeysLost { documents: 1 }]);
    assert_eq!(replica.documents().unwrap(), [OTHER]);
    assert!(!replica.is_continuous(), "what it wrote last in that document is not known");
    drop(replica);
    let (mut replica, notices) = open(dir.path(), 1);
    assert_eq!(notices, []);
    assert!(!replica.is_continuous(), "until something has been written down about it");
    replica.begin_incarnation([1; 16]);
    replica.start(&DOC, &genesis()).unwrap();
    say(&mut replica, "anew");
    drop(replica);
    fs::remove_dir_all(dir.path().join("sled")).unwrap();
    assert_eq!(said(&mut open(dir.path(), 1).0), "anew");
    // Without the key for everything else nothing is opened, and nothing is made in its place.
    fs::remove_file(dir.path().join("keys/rest")).unwrap();
    let refused = disk::open_replica(dir.path(), Mode::Participant, &home_key()).map(drop).unwrap_err();
    assert!(matches!(&refused, Trouble::Key(KeyError::Lost(name)) if name == "rest"), "{refused}");
    assert!(!dir.path().join("keys/rest").exists());
}

/// A journal's records: kind and payload.
fn records(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut at = 48;
    let mut records = Vec::new();
    while at < bytes.len() {
        let len = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        records.push(bytes[at + 8..at + 8 + len].to_vec());
        at += 8 + len + 32;
    }
    records
}

/// The same records as a journal whose checksums and chain are right: what somebody makes who has the disk, and no key.
fn forge(header: &[u8], records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = header.to_vec();
    let mut chain = [0u8; 32];
    for body in records {
        chain = digest(&SHA256, &[chain.as_slice(), body].concat()).as_ref().try_into().unwrap();
        let sum = crc32c::crc32c_append(crc32c::crc32c(body), &chain);
        bytes.extend((body.len() as u32).to_le_bytes());
        bytes.extend(sum.to_le_bytes());
        bytes.extend(body);
        bytes.extend(chain);
    }
    bytes
}

#[test]
fn records_and_rows_cannot_take_one_another_s_place() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let mut replica = begin(&home, 1);
    replica.start(&OTHER, &genesis()).unwrap();
    say(&mut replica, "one ");
    say(&mut replica, "two ");
    say_in(&mut replica, &OTHER, "three ");
    replica.flush().unwrap();
    drop(replica);
    let bytes = fs::read(home.join("journal/00000001.seg")).unwrap();
    let whole = records(&bytes);
    assert_eq!(forge(&bytes[..48], &whole), bytes, "the forger writes as the program does");
    let mut exchanged = whole.clone();
    exchanged.swap(2, 3);
    // The second of them under the number of the first.
    let mut renumbered = exchanged.clone();
    let number = whole[2][17..25].to_vec();
    renumbered[2][17..25].copy_from_slice(&number);
    // One document's record for another's; a record in the clear; one that came before.
    let mut another = whole.clone();
    another[3][1..17].copy_from_slice(&OTHER);
    let mut plain = whole.clone();
    plain[3][0] = 1;
    let repeated = [whole.as_slice(), &whole[2..3]].concat();
    for (what, forged) in [
        ("exchanged", exchanged),
        ("renumbered", renumbered),
        ("another's", another),
        ("plain", plain),
        ("repeated", repeated),
    ] {
        let copy = dir.path().join(what);
        copy_dir(&home, &copy);
        fs::remove_dir_all(copy.join("sled")).unwrap();
        fs::write(copy.join("journal/00000001.seg"), forge(&bytes[..48], &forged)).unwrap();
        let (mut again, notices) = open(&copy, 1);
        assert!(
            notices.iter().any(|n| matches!(n, Notice::Unopened { records } if *records > 0)),
            "{what}: {notices:?}"
        );
        assert_eq!(again.read(&OTHER, story).unwrap(), "three ", "{what}");
        assert!(["one two ", "one ", ""].contains(&said(&mut again).as_str()), "{what}");
        assert!(!again.is_continuous());
        drop(again);
        assert_eq!(open(&copy, 1).1, [], "{what}, opened again");
    }
    // The same in the store.
    let db = sled::open(home.join("sled")).unwrap();
    let log = db.open_tree("log-2").unwrap();
    let keys: Vec<_> = log.iter().keys().map(Result::unwrap).collect();
    let (first, second) = (log.get(&keys[0]).unwrap().unwrap(), log.get(&keys[1]).unwrap().unwrap());
    log.insert(&keys[0], second).unwrap();
    log.insert(&keys[1], first).unwrap();
    db.flush().unwrap();
    drop((log, db));
    assert!(matches!(open(&home, 1).0.read(&DOC, story), Err(Trouble::Damaged)));
}

/// A folder that a version before encryption wrote: 71 shared changes, comments of somebody else, one change not shared.
fn plain_home() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let packed = fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/stores/v1-home.tar.gz")).unwrap();
    tar::Archive::new(flate2::read::GzDecoder::new(packed)).unpack(dir.path()).unwrap();
    fs::rename(dir.path().join("odile"), dir.path().join("plain")).unwrap();
    dir
}

/// What a folder holds, to compare: of each document what it says and how far it is shared; and all facts.
fn content(dir: &Path) -> (Vec<String>, Vec<Notice>) {
    let (mut replica, notices) = disk::open_replica(dir, Mode::Participant, &home_key()).unwrap();
    let docs = replica.documents().unwrap();
    let mut said: Vec<String> = docs
        .iter()
        .map(|doc| {
            let standing = replica.standing(doc).unwrap();
            let saved = replica.read(doc, |document| document.save()).unwrap();
            format!("{doc:?} {standing:?} {:?}", digest(&SHA256, &saved))
        })
        .collect();
    said.extend(replica.facts(b"").unwrap().iter().map(|fact| format!("{fact:?}")));
    (said, notices)
}

const PLAIN_WORDS: &[u8] = b"agreed round the table";

#[test]
fn a_folder_of_the_version_before_encryption_is_sealed_and_holds_the_same() {
    let dir = plain_home();
    let plain = dir.path().join("plain");
    assert!(!holding(&plain, PLAIN_WORDS).is_empty(), "the fixture is in the clear");
    let (said, notices) = content(&plain);
    assert_eq!(notices, [Notice::Sealed { plain: Vec::new() }]);
    assert_eq!(holding(&plain, PLAIN_WORDS), [] as [PathBuf; 0]);
    assert_eq!(said.iter().filter(|line| line.contains("waiting: 1,")).count(), 1, "{said:?}");
    assert!(said.iter().any(|line| line.contains("last: 74")), "{said:?}");
    assert_eq!(content(&plain), (said.clone(), Vec::new()), "opened again");
    // Without its store it is the same but for receipts, which are asked for again.
    fs::remove_dir_all(plain.join("sled")).unwrap();
    let (mut replica, _) = disk::open_replica(&plain, Mode::Participant, &home_key()).unwrap();
    assert_eq!(replica.facts(b"").unwrap().len(), said.iter().filter(|line| line.starts_with('(')).count());
    for doc in replica.documents().unwrap() {
        replica.read(&doc, |_| ()).unwrap();
    }
}

#[test]
fn sealing_a_plain_folder_may_be_cut_short_anywhere() {
    let dir = plain_home();
    let (plain, done) = (dir.path().join("plain"), dir.path().join("done"));
    copy_dir(&plain, &done);
    let (said, _) = content(&done);
    let cut = |name: &str, parts: &[(&str, &Path, &str)]| {
        let cut = dir.path().join(name);
        for (part, from, to) in parts {
            put(part, from, &cut, to);
        }
        let (found, _) = content(&cut);
        assert_eq!(found, said, "{name}");
        assert_eq!(holding(&cut, PLAIN_WORDS), [] as [PathBuf; 0], "{name}");
        let mut left: Vec<_> = fs::read_dir(&cut).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["ballast", "journal", "keys", "sled"], "{name}");
    };
    let (p, d) = (plain.as_path(), done.as_path());
    cut("nothing made", &[("journal", p, "journal"), ("sled", p, "sled"), ("keys", d, "keys")]);
    cut(
        "half made",
        &[
            ("journal", p, "journal"),
            ("sled", p, "sled"),
            ("keys", d, "keys"),
            ("journal", d, "journal.new"),
            ("sled", d, "sled.new"),
        ],
    );
    cut(
        "journal moved away",
        &[
            ("journal", p, "journal.plain"),
            ("journal", d, "journal.new"),
            ("sled", p, "sled"),
            ("sled", d, "sled.new"),
            ("keys", d, "keys"),
        ],
    );
    cut(
        "journals exchanged",
        &[
            ("journal", p, "journal.plain"),
            ("journal", d, "journal"),
            ("sled", p, "sled"),
            ("sled", d, "sled.new"),
            ("keys", d, "keys"),
        ],
    );
    cut(
        "old store gone",
        &[("journal", p, "journal.plain"), ("journal", d, "journal"), ("sled", d, "sled.new"), ("keys", d, "keys")],
    );
    cut(
        "plain journal left",
        &[("journal", p, "journal.plain"), ("journal", d, "journal"), ("sled", d, "sled"), ("keys", d, "keys")],
    );
}

#[cfg(unix)]
#[test]
fn a_plain_folder_that_was_the_one_written_last_still_is() {
    use std::os::unix::fs::MetadataExt;
    let dir = plain_home();
    let (copied, own) = (dir.path().join("copied"), dir.path().join("plain"));
    copy_dir(&own, &copied);
    // The proof as the version before would have written it here.
    let segment = fs::metadata(own.join("journal/00000001.seg")).unwrap();
    let mut proof = Vec::new();
    for number in [segment.dev(), segment.ino(), 1, segment.len(), segment.ctime() as u64, segment.ctime_nsec() as u64]
    {
        proof.extend(number.to_le_bytes());
    }
    fs::write(own.join("journal/proof"), proof).unwrap();
    for (dir, continuous) in [(&copied, false), (&own, true)] {
        for _ in 0..2 {
            let (replica, _) = disk::open_replica(dir, Mode::Participant, &home_key()).unwrap();
            assert_eq!(replica.is_continuous(), continuous);
        }
    }
}

#[test]
fn a_key_opens_only_what_it_sealed_for_that_place_and_never_seals_twice_alike() {
    let (one, same) = (disk::key_from_bytes(&[3; 32]).unwrap(), disk::key_from_bytes(&[3; 32]).unwrap());
    let other = disk::generate_key().unwrap();
    let sealed = one.seal(b"here", b"words").unwrap();
    assert_eq!(sealed.len(), 5 + replica::seal::SEAL_BYTES);
    assert_eq!(one.open(b"here", &sealed).as_deref(), Some(b"words".as_slice()));
    assert_eq!(same.open(b"here", &sealed).as_deref(), Some(b"words".as_slice()));
    assert_eq!(one.open(b"there", &sealed), None);
    assert_eq!(other.open(b"here", &sealed), None);
    for at in 0..sealed.len() {
        let mut damaged = sealed.clone();
        damaged[at] ^= 1;
        assert_eq!(one.open(b"here", &damaged), None, "{at}");
        assert_eq!(one.open(b"here", &sealed[..at]), None, "{at}");
    }
    // What comes before the content names the key derived for this value of the key, and the count: no two are alike.
    let mut seen = std::collections::BTreeSet::new();
    for key in [&one, &same, &other] {
        for _ in 0..100 {
            assert!(seen.insert(key.seal(b"here", b"words").unwrap()[..24].to_vec()));
        }
    }
    for shown in [format!("{one:?}"), format!("{:?}", replica::Secret::new(b"words".to_vec()))] {
        assert!(!shown.contains("words") && !shown.contains("3, 3") && !shown.contains("0303"), "{shown}");
    }
}
