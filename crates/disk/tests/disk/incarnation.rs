//! Under which number a device writes: never under one that a copy of its folder has used, and in words where there is none left.

use std::{collections::BTreeSet, fs, path::Path};

use gate::{Id, limits::INCARNATIONS_MAX};
use replica::{Mode, Replica, Trouble};

use crate::world::*;

/// The folder as a program finds it that starts; the number it writes under.
fn start(dir: &Path, chance: u64) -> (Replica, u32) {
    let (mut replica, _) = disk::open_replica(dir, Mode::Participant, &home_key()).unwrap();
    let number = replica.incarnation(chance).unwrap();
    replica.set_signer(signer(1, number));
    (replica, number)
}

/// A folder whose device has joined.
fn joined(dir: &Path) -> Replica {
    let mut replica = begin(dir, 1);
    replica.begin_incarnations();
    replica.commit().unwrap();
    replica
}

/// A folder whose device joined with a version that only counted up, and had come so far.
fn of_old(dir: &Path, number: u32) {
    let mut replica = begin(dir, 1);
    replica.set_fact(b"incarnation", Some(&replica::cbor::to_cbor(&number)));
    replica.commit().unwrap();
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
fn a_folder_that_goes_on_keeps_its_number_and_a_copy_takes_another() {
    let dir = tempfile::tempdir().unwrap();
    let (home, copy) = (dir.path().join("home"), dir.path().join("copy"));
    drop(joined(&home));
    copy_dir(&home, &copy);
    assert_eq!(start(&home, 7).1, 0);
    for chance in [0, 1, 1_023, 1_024, u64::MAX] {
        let of = dir.path().join(chance.to_string());
        copy_dir(&copy, &of);
        let (replica, number) = start(&of, chance);
        assert!((1..=1_024).contains(&number), "{number}");
        drop(replica);
        assert_eq!(start(&of, 99).1, number, "it goes on by itself");
    }
}

#[test]
fn starting_uses_no_number_up_and_writing_does() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let mut replica = joined(&home);
    say(&mut replica, "first ");
    drop(replica);
    let mut highest = 0;
    for chance in 0..12u64 {
        bring_back(&home);
        highest = highest.max(start(&home, chance.wrapping_mul(0x9e37_79b9_7f4a_7c15)).1);
    }
    assert!(highest <= 1_025, "{highest}");
    // One after another the lowest, each written under: none comes twice.
    for n in 1..5 {
        bring_back(&home);
        let (mut replica, number) = start(&home, 0);
        assert_eq!(number, n);
        say(&mut replica, "more ");
        assert_eq!(actors(&mut replica).len(), n as usize + 1);
        drop(replica);
    }
}

#[test]
fn a_number_under_which_a_copy_has_written_is_not_taken() {
    let dir = tempfile::tempdir().unwrap();
    let (home, copy) = (dir.path().join("home"), dir.path().join("copy"));
    let mut replica = joined(&home);
    say(&mut replica, "first ");
    copy_dir(&home, &copy);
    let (mut other, number) = start(&copy, 0);
    assert_eq!(number, 1);
    say(&mut other, "by the copy ");
    // The copy's words come by the relay.
    pass(&mut other, &mut replica, START);
    replica.move_on(0).unwrap();
    assert_eq!(replica.signer().unwrap().incarnation, 2);
    say(&mut replica, "by the first ");
    pass(&mut replica, &mut other, START);
    assert_eq!((actors(&mut replica).len(), said(&mut other)), (3, said(&mut replica)));
}

#[test]
fn a_device_that_only_counted_up_goes_on_above_what_it_may_have_used() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    of_old(&home, 4_100);
    assert_eq!(start(&home, 5).1, 4_100);
    for chance in 0..5 {
        bring_back(&home);
        let number = start(&home, chance).1;
        assert!((4_101..=4_101 + 6).contains(&number), "{number}");
    }
}

#[test]
fn where_no_number_is_left_nothing_is_written_and_that_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    of_old(&home, INCARNATIONS_MAX - 2);
    bring_back(&home);
    let (mut last, number) = start(&home, 9);
    assert_eq!(number, INCARNATIONS_MAX - 1);
    assert!(last.may_write());
    say(&mut last, "the last ");
    let mut other = begin(&dir.path().join("other"), 2);
    pass(&mut last, &mut other, START);
    assert_eq!(said(&mut other), "the last ");
    assert_eq!(other.authors(&DOC).unwrap().into_values().map(|author| author.person).collect::<Vec<_>>(), [[1; 16]]);

    last.move_on(3).unwrap();
    for restarted in [false, true] {
        if restarted {
            drop(last);
            last = start(&home, 4).0;
        }
        assert!(!last.may_write());
        let refused = last.write(&DOC, &Everyone, |_| Ok::<_, ()>(())).unwrap_err();
        assert!(matches!(refused, Trouble::UsedUp), "{refused}");
        assert!(refused.to_string().contains("invitation link"), "{refused}");
        let waiting = last.ledger_of(&DOC).unwrap().waiting().map(|(_, hash)| *hash).collect();
        assert!(matches!(last.rebase(&DOC, &waiting, &[].into(), &Everyone), Err(Trouble::UsedUp)));
        // What was written before is there, and still to be shared.
        assert_eq!((said(&mut last).as_str(), last.standing(&DOC).unwrap().waiting), ("the last ", 1));
    }
    // And what others write is taken in.
    say(&mut other, "others go on ");
    pass(&mut other, &mut last, START);
    assert_eq!(said(&mut last), "the last others go on ");
}
