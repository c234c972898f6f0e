//! Who stands behind an actor is kept when it is proved, and goes when its document goes.

use std::{collections::BTreeMap, fs, path::Path};

use gate::{Author, Id, Tip};
use replica::{Mode, Replica, snapshot_of};
use sync::Cursor;

use crate::world::*;

/// Where facts of documents stand.
const OF_DOCUMENT: &[u8] = b"parked/";

fn author(seed: u8) -> Author {
    Author { key: replica::public_key(&key(seed)), person: [seed; 16] }
}

fn actor(seed: u8, incarnation: u8) -> Id {
    gate::actor_of(&DOC, &author(seed), &[incarnation; 16])
}

/// Two people's, each under an incarnation of theirs.
fn both() -> BTreeMap<Id, Author> {
    [(actor(1, 0), author(1)), (actor(2, 5), author(2))].into()
}

/// The second person's folder: the first one's words are here, and own ones.
fn written(dir: &Path) -> Replica {
    let mut first = begin(&dir.join("first"), 1);
    say(&mut first, "first ");
    let mut second = begin(&dir.join("second"), 2);
    pass(&mut first, &mut second, START);
    second.begin_incarnation([5; 16]);
    say(&mut second, "second ");
    second
}

/// As a version of this program leaves it that kept no authors.
fn without_authors(mut replica: Replica, home: &Path) -> Replica {
    for (key, _) in replica.facts(OF_DOCUMENT).unwrap() {
        replica.set_fact(&key, None);
    }
    replica.commit().unwrap();
    drop(replica);
    let mut again = open(home, 2).0;
    assert!(again.authors(&DOC).unwrap().is_empty());
    again
}

#[test]
fn authors_are_kept_from_the_gate_on_and_are_there_after_a_restart_and_without_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let mut second = written(dir.path());
    assert_eq!(second.authors(&DOC).unwrap(), both());
    drop(second);
    let home = dir.path().join("second");
    for without_store in [false, true] {
        if without_store {
            fs::remove_dir_all(home.join("sled")).unwrap();
        }
        let (mut again, _) = open(&home, 2);
        assert_eq!(again.authors(&DOC).unwrap(), both());
        assert!(again.unnamed(&DOC).unwrap().is_empty());
        // The gate has them too, and searches for nobody.
        for (actor, author) in both() {
            assert_eq!(again.ledger_of(&DOC).unwrap().index().author(&actor), Some(author));
        }
        assert_eq!(again.ledger_of(&DOC).unwrap().index().incarnation(&actor(2, 5)), Some([5; 16]));
    }
}

#[test]
fn a_relay_keeps_them_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut second = written(dir.path());
    let mut relay = disk::open_replica(&dir.path().join("relay"), Mode::Relay, &home_key()).unwrap().0;
    relay.start(&DOC, &genesis()).unwrap();
    pass(&mut second, &mut relay, None);
    drop(relay);
    let mut relay = disk::open_replica(&dir.path().join("relay"), Mode::Relay, &home_key()).unwrap().0;
    assert_eq!(relay.ledger_of(&DOC).unwrap().index().author(&actor(2, 5)), Some(author(2)));
    assert_eq!(relay.authors(&DOC).unwrap(), both());
}

#[test]
fn a_snapshot_brings_its_authors() {
    let dir = tempfile::tempdir().unwrap();
    let second = written(dir.path());
    let made = snapshot_of(&genesis(), &second.log(&DOC, 0, usize::MAX).unwrap()).unwrap();
    let tips: Vec<Tip> = made.tips.iter().map(Tip::from).collect();
    let home = dir.path().join("third");
    let mut third = begin(&home, 3);
    third.take_snapshot(&DOC, Cursor::new(EPOCH, made.seq), made.bytes, &tips, &Everyone).unwrap().unwrap();
    third.commit().unwrap();
    assert_eq!(third.authors(&DOC).unwrap(), both());
    drop(third);
    fs::remove_dir_all(home.join("sled")).unwrap();
    assert_eq!(open(&home, 3).0.authors(&DOC).unwrap(), both());
}

#[test]
fn they_go_when_their_document_goes() {
    let dir = tempfile::tempdir().unwrap();
    let mut second = written(dir.path());
    assert_eq!(second.facts(OF_DOCUMENT).unwrap().len(), 2);
    second.erase(&DOC).unwrap();
    assert_eq!(second.facts(OF_DOCUMENT).unwrap(), []);
    drop(second);
    let home = dir.path().join("second");
    fs::remove_dir_all(home.join("sled")).unwrap();
    let (mut again, _) = open(&home, 2);
    assert_eq!(again.facts(OF_DOCUMENT).unwrap(), []);
    again.begin_incarnation([6; 16]);
    again.start(&DOC, &genesis()).unwrap();
    assert!(again.authors(&DOC).unwrap().is_empty());
}

#[test]
fn neither_their_keys_nor_what_an_older_program_takes_them_for_says_anything() {
    let dir = tempfile::tempdir().unwrap();
    let second = written(dir.path());
    for (key, value) in second.facts(OF_DOCUMENT).unwrap() {
        // It looks for envelopes there, and leaves alone what is none.
        assert!(sync::Wire::decode(&value).is_none());
        let behind = &key[OF_DOCUMENT.len() + DOC.len()..];
        assert!(![16, 32].contains(&behind.len()), "the mark of an envelope, and its hash of old, are so long");
        for (actor, author) in both() {
            assert!(!key.windows(16).any(|bytes| bytes == actor || bytes == author.person));
        }
    }
}

#[test]
fn what_is_written_again_after_a_refusal_has_its_author() {
    let dir = tempfile::tempdir().unwrap();
    let mut second = written(dir.path());
    let refused = second.ledger_of(&DOC).unwrap().waiting().map(|(_, hash)| *hash).collect();
    second.begin_incarnation([9; 16]);
    let rebased = second.rebase(&DOC, &refused, &[].into(), &Everyone).unwrap().unwrap();
    assert_eq!(rebased.written, 1);
    drop(second);
    let (mut again, _) = open(&dir.path().join("second"), 2);
    assert_eq!(again.authors(&DOC).unwrap().get(&actor(2, 9)), Some(&author(2)));
    assert!(again.unnamed(&DOC).unwrap().is_empty());
}

#[test]
fn a_store_that_has_no_authors_finds_them_once_and_keeps_them() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("second");
    let mut old = without_authors(written(dir.path()), &home);
    assert_eq!(old.unnamed(&DOC).unwrap(), both().into_keys().collect());
    old.find_authors(&DOC, &[author(1), author(2), author(3)]).unwrap();
    assert_eq!(old.authors(&DOC).unwrap(), both());
    old.commit().unwrap();
    drop(old);
    assert_eq!(open(&home, 2).0.authors(&DOC).unwrap(), both());
}

#[test]
fn what_an_old_store_does_not_find_is_looked_for_again_only_among_others() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("second");
    let mut old = without_authors(written(dir.path()), &home);
    let of_second: BTreeMap<Id, Author> = [(actor(2, 5), author(2))].into();
    old.find_authors(&DOC, &[author(2), author(3)]).unwrap();
    assert_eq!(old.authors(&DOC).unwrap(), of_second);
    old.commit().unwrap();
    drop(old);
    let (mut again, _) = open(&home, 2);
    let kept = again.facts(OF_DOCUMENT).unwrap();
    // The same search, in another order: nothing is looked for, and nothing written.
    again.find_authors(&DOC, &[author(3), author(2)]).unwrap();
    again.commit().unwrap();
    assert_eq!(again.facts(OF_DOCUMENT).unwrap(), kept);
    assert_eq!(again.unnamed(&DOC).unwrap(), [actor(1, 0)].into());
    again.find_authors(&DOC, &[author(1), author(2), author(3)]).unwrap();
    assert_eq!(again.authors(&DOC).unwrap(), both());
}

#[test]
fn a_log_that_is_read_again_proves_authors_that_an_old_store_lacks() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("second");
    let written = written(dir.path());
    let log = written.log(&DOC, 0, usize::MAX).unwrap();
    let mut old = without_authors(written, &home);
    old.new_epoch(&DOC, EPOCH).unwrap();
    old.offer(&DOC, &log, &Everyone, START).unwrap();
    old.commit().unwrap();
    drop(old);
    assert_eq!(open(&home, 2).0.authors(&DOC).unwrap(), both());
}

#[test]
fn authors_of_envelopes_that_name_no_incarnation_are_sought_and_kept_likewise() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("second");
    let mut second = begin(&home, 2);
    say_numbered(&mut second, 1, 3, "first ");
    say_numbered(&mut second, 2, 4_100, "second ");
    say(&mut second, "third ");
    let numbered = [(1, 3), (2, 4_100)].map(|(seed, number)| {
        let author = author(seed);
        (gate::numbered_actor(&DOC, &author, number), author)
    });
    let all: BTreeMap<Id, Author> = numbered.into_iter().chain([(actor(2, 0), author(2))]).collect();
    assert_eq!(second.authors(&DOC).unwrap(), all);
    let mut old = without_authors(second, &home);
    old.find_authors(&DOC, &[author(1), author(2), author(3)]).unwrap();
    old.commit().unwrap();
    assert_eq!(old.authors(&DOC).unwrap(), all);
    drop(old);
    let (mut again, _) = open(&home, 2);
    assert_eq!(again.authors(&DOC).unwrap(), all);
    // They go on as what they are.
    say_numbered(&mut again, 2, 4_100, "more ");
    say(&mut again, "and more ");
    assert_eq!(again.authors(&DOC).unwrap(), all);
}
