//! Under which incarnation a device writes: never under one that a copy of its folder has, and under a named one once a program writes
//! that names it.

use std::{collections::BTreeSet, fs, path::Path};

use gate::Id;
use replica::{Mode, Replica};

use crate::world::*;

/// The folder as a program finds it that starts; the incarnation it writes under.
fn start(dir: &Path, fresh: Id) -> (Replica, Id) {
    let (mut replica, _) = disk::open_replica(dir, Mode::Participant, &home_key()).unwrap();
    let incarnation = replica.incarnation(fresh).unwrap();
    replica.set_signer(signer(1, incarnation));
    (replica, incarnation)
}

/// A folder whose device has joined.
fn joined(dir: &Path) -> Replica {
    let mut replica = begin(dir, 1);
    replica.begin_incarnation([1; 16]);
    replica.commit().unwrap();
    replica
}

/// The journal in place of itself, as a backup that is brought back leaves it: the same bytes, another file.
fn bring_back(home: &Path) {
    let (journal, copy) = (home.join("journal"), home.join("journal.copy"));
    copy_dir(&journal, &copy);
    fs::remove_dir_all(&journal).unwrap();
    fs::rename(&copy, &journal).unwrap();
}

fn actors(replica: &mut Replica) -> BTreeSet<Id> {
    replica.ledger_of(&DOC).unwrap().index().actors().copied().collect()
}

#[test]
fn a_folder_that_goes_on_keeps_its_incarnation_and_a_copy_takes_another() {
    let dir = tempfile::tempdir().unwrap();
    let (home, copy) = (dir.path().join("home"), dir.path().join("copy"));
    drop(joined(&home));
    copy_dir(&home, &copy);
    assert_eq!(start(&home, [7; 16]).1, [1; 16]);
    let (replica, incarnation) = start(&copy, [8; 16]);
    assert_eq!(incarnation, [8; 16]);
    drop(replica);
    assert_eq!(start(&copy, [9; 16]).1, [8; 16], "it goes on by itself");
    bring_back(&copy);
    assert_eq!(start(&copy, [10; 16]).1, [10; 16]);
}

#[test]
fn a_folder_that_is_brought_back_however_often_writes_each_time_as_another() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let mut replica = joined(&home);
    let mut incarnation = 1;
    for _ in 0..5 {
        say(&mut replica, "more ");
        drop(replica);
        bring_back(&home);
        incarnation += 1;
        replica = start(&home, [incarnation; 16]).0;
    }
    assert_eq!(actors(&mut replica).len(), 5);
    let named: BTreeSet<Option<Id>> =
        replica.log(&DOC, 0, usize::MAX).unwrap().iter().map(|envelope| envelope.incarnation).collect();
    assert_eq!(named, (1..=5).map(|n| Some([n; 16])).collect());
}

#[test]
fn a_device_that_moves_on_writes_as_another_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let mut replica = joined(&home);
    say(&mut replica, "first ");
    replica.move_on([2; 16]).unwrap();
    say(&mut replica, "second ");
    drop(replica);
    let (mut replica, incarnation) = start(&home, [3; 16]);
    assert_eq!((incarnation, actors(&mut replica).len()), ([2; 16], 2));
}

#[test]
fn a_device_whose_program_counted_takes_an_incarnation_at_the_first_start_and_no_number_again() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let mut old = begin(&home, 1);
    let (number, used) = (replica::cbor::to_cbor(&4_100u32), [0xff; 513]);
    old.set_fact(b"incarnation", Some(&number));
    old.set_fact(b"incarnations-used", Some(&used));
    old.commit().unwrap();
    say_numbered(&mut old, 1, 4_100, "of old ");
    drop(old);
    let (mut replica, incarnation) = start(&home, [5; 16]);
    assert_eq!(incarnation, [5; 16]);
    say(&mut replica, "and new ");
    assert_eq!(said(&mut replica), "of old and new ");
    let named: Vec<_> = replica.log(&DOC, 0, usize::MAX).unwrap().iter().map(|e| e.incarnation).collect();
    assert_eq!(named, [None, Some([5; 16])]);
    drop(replica);
    assert_eq!(start(&home, [6; 16]).1, [5; 16]);
    // What counted is left as it is.
    let (replica, _) = open(&home, 1);
    assert_eq!(replica.fact(b"incarnation").unwrap(), Some(number));
    assert_eq!(replica.fact(b"incarnations-used").unwrap().map(|kept| kept.len()), Some(used.len()));
}
