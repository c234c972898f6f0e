//! What a peer was told it has, it has: after a kill, a lost or damaged store, a damaged journal, a copied folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use automerge::{ObjType, ReadDoc, transaction::Transactable};
use disk::FileDisk;
use gate::Id;
use replica::{
    Damage, Mode, Notice, Offered, Trouble,
    disk::{Disk, Record},
    event::{MAY_PASS, may_pass},
};
use sync::Cursor;

use crate::world::*;

#[test]
fn what_was_written_is_there_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let mut replica = begin(dir.path(), 1);
    for n in 0..10 {
        say(&mut replica, &format!("{n} "));
    }
    // As after SIGKILL: what is on the disk now, with nothing flushed and no destructor run.
    let copy = tempfile::tempdir().unwrap();
    copy_dir(dir.path(), copy.path());
    let (mut again, _) = open(copy.path(), 1);
    assert_eq!(said(&mut again), "0 1 2 3 4 5 6 7 8 9 ");
    assert_eq!(again.standing(&DOC).unwrap().waiting, 10);
}

#[test]
fn a_deleted_store_comes_back_whole_from_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let mut replica = begin(dir.path(), 1);
    for n in 0..200 {
        say(&mut replica, &format!("{n} "));
    }
    replica.set_fact(b"who", Some(b"Odile"));
    replica.commit().unwrap();
    let (words, standing) = (said(&mut replica), replica.standing(&DOC).unwrap());
    drop(replica);
    fs::remove_dir_all(dir.path().join("sled")).unwrap();
    let (mut again, notices) = open(dir.path(), 1);
    assert_eq!(notices, [Notice::Rebuilt { aside: None }]);
    assert_eq!(said(&mut again), words);
    assert_eq!(again.standing(&DOC).unwrap(), standing);
    assert_eq!(again.fact(b"who").unwrap().as_deref(), Some(b"Odile".as_slice()));
}

#[test]
fn a_damaged_store_is_put_aside_and_built_again() {
    for damage in ["flip", "cut", "zero", "generating"] {
        let dir = tempfile::tempdir().unwrap();
        let mut replica = begin(dir.path(), 1);
        for n in 0..100 {
            say(&mut replica, &format!("{n} "));
        }
        let words = said(&mut replica);
        replica.flush().unwrap();
        drop(replica);
        let db = dir.path().join("sled/db");
        let mut bytes = fs::read(&db).unwrap();
        match damage {
            "flip" => bytes.iter_mut().step_by(997).for_each(|b| *b ^= 0x10),
            "cut" => bytes.truncate(bytes.len() / 3),
            "zero" => bytes.iter_mut().skip(2_000).take(8_192).for_each(|b| *b = 0),
            _ => fs::write(dir.path().join("sled/snap.FFFFFFFFFFFFFFF0.generating"), b"partial").unwrap(),
        }
        fs::write(&db, bytes).unwrap();
        let (mut again, _) = open(dir.path(), 1);
        assert_eq!(said(&mut again), words, "{damage}");
    }
}

#[test]
fn a_torn_tail_is_cut_and_kept_beside() {
    let dir = tempfile::tempdir().unwrap();
    let mut replica = begin(dir.path(), 1);
    say(&mut replica, "kept");
    drop(replica);
    let journal = dir.path().join("journal");
    let segment = journal.join("00000001.seg");
    let whole = fs::read(&segment).unwrap();
    for torn in [&[1u8, 2, 3][..], &[0; 50], &[0xff; 5_000]] {
        fs::write(&segment, [whole.as_slice(), torn].concat()).unwrap();
        let (mut again, notices) = open(dir.path(), 1);
        assert_eq!(notices, [Notice::Journal(Damage::TornTail { bytes: torn.len() as u64 })]);
        assert_eq!(said(&mut again), "kept");
        drop(again);
        let cut = journal.join(format!("cut-00000001-{}.bin", whole.len()));
        assert_eq!(fs::read(&cut).unwrap(), torn);
        assert_eq!(fs::read(&segment).unwrap(), whole);
    }
}

#[test]
fn a_journal_damaged_anywhere_inside_gives_what_is_left_and_takes_the_rest_from_a_peer() {
    let full = tempfile::tempdir().unwrap();
    let mut author = begin(full.path(), 1);
    for n in 0..20 {
        say(&mut author, &format!("{n} "));
    }
    let held = tempfile::tempdir().unwrap();
    let mut reader = begin(held.path(), 2);
    pass(&mut author, &mut reader, START);
    say(&mut reader, "and mine");
    let all = said(&mut reader);
    drop(reader);
    let whole = fs::read(held.path().join("journal/00000001.seg")).unwrap();
    // Not in the last record: damage there cannot be told from a torn tail.
    for at in (48..whole.len() - 600).step_by(whole.len() / 23) {
        let dir = tempfile::tempdir().unwrap();
        copy_dir(held.path(), dir.path());
        let mut bytes = whole.clone();
        bytes[at] ^= 0x04;
        fs::write(dir.path().join("journal/00000001.seg"), bytes).unwrap();
        fs::remove_dir_all(dir.path().join("sled")).unwrap();
        let (mut again, notices) = open(dir.path(), 2);
        assert!(notices.iter().any(|n| matches!(n, Notice::Journal(Damage::Inside { .. }))), "{at}: {notices:?}");
        assert!(!again.is_continuous());
        again.start(&DOC, &genesis()).unwrap();
        pass(&mut author, &mut again, START);
        assert_eq!(said(&mut again), all, "{at}");
        drop(again);
        // And it is whole from now on.
        assert_eq!(disk::verify(&dir.path().join("journal")).unwrap().damage, []);
        assert_eq!(said(&mut open(dir.path(), 2).0), all, "{at}, opened again");
        fs::remove_dir_all(dir.path().join("sled")).unwrap();
        assert_eq!(said(&mut open(dir.path(), 2).0), all, "{at}, opened again without the store");
    }
}

#[test]
fn a_copied_or_restored_folder_knows_that_it_is_not_the_one_written_last() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let mut replica = begin(&home, 1);
    say(&mut replica, "one");
    drop(replica);
    let (replica, _) = open(&home, 1);
    assert!(replica.is_continuous(), "as it was left");
    drop(replica);
    // Moving the folder changes nothing that was written.
    let (moved, copy) = (dir.path().join("moved"), dir.path().join("copy"));
    fs::rename(&home, &moved).unwrap();
    let (replica, _) = open(&moved, 1);
    assert!(replica.is_continuous(), "moved");
    drop(replica);
    copy_dir(&moved, &copy);
    let (replica, _) = open(&copy, 1);
    assert!(!replica.is_continuous(), "copied");
    drop(replica);
    // Until something has been written down about it, it stays so.
    let (mut replica, _) = open(&copy, 1);
    assert!(!replica.is_continuous(), "copied, opened again");
    say(&mut replica, "two");
    drop(replica);
    assert!(open(&copy, 1).0.is_continuous(), "copied, and written down");
    // The same file, with an earlier content written over it.
    let segment = moved.join("journal/00000001.seg");
    let before = fs::read(&segment).unwrap();
    let (mut replica, _) = open(&moved, 1);
    say(&mut replica, "three");
    drop(replica);
    fs::write(&segment, before).unwrap();
    assert!(!open(&moved, 1).0.is_continuous(), "restored in place");
}

#[test]
fn killed_between_the_journal_and_the_store_it_goes_on_as_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let mut replica = begin(dir.path(), 1);
    say(&mut replica, "one ");
    drop(replica);
    let (sled, before) = (dir.path().join("sled"), dir.path().join("sled-before"));
    copy_dir(&sled, &before);
    let proof = fs::read(dir.path().join("journal/proof")).unwrap();
    let (mut replica, _) = open(dir.path(), 1);
    say(&mut replica, "two");
    drop(replica);
    fs::remove_dir_all(&sled).unwrap();
    fs::rename(before, sled).unwrap();
    fs::write(dir.path().join("journal/proof"), proof).unwrap();
    let (mut again, notices) = open(dir.path(), 1);
    assert_eq!(notices, []);
    assert!(again.is_continuous());
    assert_eq!(said(&mut again), "one two");
}

#[test]
fn a_store_of_a_newer_version_is_refused_in_words_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(begin(dir.path(), 1));
    let db = sled::open(dir.path().join("sled")).unwrap();
    db.open_tree("meta-1").unwrap().insert("schema", &(disk::SCHEMA + 1).to_be_bytes()).unwrap();
    db.flush().unwrap();
    drop(db);
    assert!(matches!(disk::open_replica(dir.path(), Mode::Participant, &home_key()), Err(Trouble::Newer)));
    assert!(dir.path().join("sled").exists() && !dir.path().join("sled.damaged-1").exists());
}

#[test]
fn a_long_document_is_saved_as_a_snapshot_and_opens_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let mut replica = begin(dir.path(), 1);
    for n in 0..150 {
        say(&mut replica, &format!("{n} "));
    }
    let (words, standing) = (said(&mut replica), replica.standing(&DOC).unwrap());
    drop(replica);
    let (mut again, _) = open(dir.path(), 1);
    assert_eq!((said(&mut again), again.standing(&DOC).unwrap()), (words, standing));
    // Every envelope is still there by itself, to be given to a relay.
    let (mut n, mut after) = (0, 0);
    loop {
        let page = again.log(&DOC, after, 64 * 1024).unwrap();
        if page.is_empty() {
            break;
        }
        n += page.len();
        after += page.len() as u64;
    }
    assert_eq!(n, 150);
}

#[test]
fn receipts_empty_what_waits_and_a_new_epoch_fills_it_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut replica = begin(dir.path(), 1);
    for n in 0..5 {
        say(&mut replica, &format!("{n} "));
    }
    let hashes: Vec<_> = replica.ledger_of(&DOC).unwrap().waiting().map(|(_, h)| *h).collect();
    for (seq, hash) in (1..).zip(&hashes) {
        replica.receipt(&DOC, hash, Some(Cursor::new(EPOCH, seq))).unwrap();
    }
    replica.commit().unwrap();
    drop(replica);
    let (mut again, _) = open(dir.path(), 1);
    let standing = again.standing(&DOC).unwrap();
    assert_eq!((standing.waiting, standing.cursor), (0, Some(Cursor::new(EPOCH, 5))));
    again.new_epoch(&DOC, [1; 16]).unwrap();
    drop(again);
    let (mut again, _) = open(dir.path(), 1);
    let standing = again.standing(&DOC).unwrap();
    assert_eq!((standing.waiting, standing.cursor), (5, Some(Cursor::new([1; 16], 0))));
}

#[test]
fn a_relay_snapshot_is_taken_in_and_survives_the_loss_of_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let mut author = begin(&dir.path().join("author"), 1);
    for n in 0..30 {
        say(&mut author, &format!("{n} "));
    }
    let envelopes = author.log(&DOC, 0, usize::MAX).unwrap();
    let snapshot = replica::snapshot_of(&genesis(), &envelopes).unwrap();
    let tips: Vec<gate::Tip> = snapshot.tips.iter().map(gate::Tip::from).collect();
    let home = dir.path().join("reader");
    let mut reader = begin(&home, 2);
    let cursor = Cursor::new(EPOCH, snapshot.seq);
    reader.take_snapshot(&DOC, cursor, snapshot.bytes, &tips, &Everyone).unwrap().unwrap();
    reader.commit().unwrap();
    say(&mut reader, "and mine");
    let all = said(&mut reader);
    assert_eq!(all, said(&mut author) + "and mine");
    drop(reader);
    fs::remove_dir_all(home.join("sled")).unwrap();
    let (mut again, _) = open(&home, 2);
    assert_eq!(said(&mut again), all);
    assert_eq!(again.standing(&DOC).unwrap().cursor, Some(cursor));
    // What it adds reaches the author, who holds the rest as single changes.
    pass(&mut again, &mut author, None);
    assert_eq!(said(&mut author), all);
}

#[test]
fn words_written_on_an_old_copy_are_written_again_as_another_actor() {
    let dir = tempfile::tempdir().unwrap();
    let (home, copy) = (dir.path().join("home"), dir.path().join("old"));
    let mut device = begin(&home, 1);
    say(&mut device, "shared ");
    drop(device);
    copy_dir(&home, &copy);
    let (mut device, _) = open(&home, 1);
    say(&mut device, "first ");
    let mut relay = disk::open_replica(&dir.path().join("relay"), Mode::Relay, &home_key()).unwrap().0;
    relay.start(&DOC, &genesis()).unwrap();
    pass(&mut device, &mut relay, None);
    // The old copy, as if nothing could tell it that it is one.
    let (mut old, _) = open(&copy, 1);
    say(&mut old, "second 😀 ");
    let added = old.write(&DOC, &Everyone, |doc| {
        let answers = object(doc, "answers");
        change(doc, 1_780_000_000, |tx| {
            let row = tx.put_object(&answers, "row", ObjType::Map)?;
            tx.put(&row, "cell", 4)?;
            let text = tx.put_object(&row, "note", ObjType::Text)?;
            tx.splice_text(&text, 0, 0, "kept")
        })
    });
    added.unwrap().unwrap();
    let envelopes = old.log(&DOC, 0, usize::MAX).unwrap();
    let (offered, refused) = relay.offer(&DOC, &envelopes, &Everyone, None).unwrap();
    assert_eq!(offered, [Offered::Known(1)]);
    assert_eq!(refused.unwrap().code(), "equivocation");
    let refused: BTreeSet<_> = envelopes[1..].iter().map(|e| e.hash).collect();
    old.begin_incarnation([1; 16]);
    let rebased = old.rebase(&DOC, &refused, &BTreeSet::new(), &Everyone).unwrap().unwrap();
    assert_eq!((rebased.aside.len(), rebased.written, rebased.stranded), (2, 2, vec![]));
    drop(old);
    let (mut old, _) = open(&copy, 1);
    let numbers: Vec<_> = old.ledger_of(&DOC).unwrap().waiting().map(|(n, _)| n).collect();
    let again = old.envelopes(&DOC, &numbers[1..]).unwrap();
    let (offered, refused) = relay.offer(&DOC, &again, &Everyone, None).unwrap();
    assert_eq!((offered.len(), refused), (2, None));
    relay.commit().unwrap();
    // Both have every word.
    pass(&mut relay, &mut old, START);
    pass(&mut relay, &mut device, START);
    let (a, b) = (said(&mut old), said(&mut device));
    assert_eq!(a, b);
    assert!(a.contains("shared ") && a.contains("first ") && a.contains("second 😀 "), "{a}");
    let note = device.read(&DOC, |doc| {
        let (_, row) = doc.get(object(doc, "answers"), "row").unwrap().unwrap();
        let (_, note) = doc.get(&row, "note").unwrap().unwrap();
        (doc.get(&row, "cell").unwrap().unwrap().0.as_i64(), doc.text(&note).unwrap())
    });
    assert_eq!(note.unwrap(), (Some(4), "kept".to_string()));
}

#[test]
fn many_documents_come_and_go_in_memory_without_losing_anything() {
    let dir = tempfile::tempdir().unwrap();
    let (mut replica, _) = open(dir.path(), 1);
    let docs: Vec<Id> = (0..150u8).map(|n| [n; 16]).collect();
    let mut expected = BTreeMap::new();
    for doc in &docs {
        replica.start(doc, &genesis()).unwrap();
    }
    for round in 0..2 {
        for doc in &docs {
            let words = format!("{round}/{} ", doc[0]);
            say_in(&mut replica, doc, &words);
            *expected.entry(*doc).or_insert_with(String::new) += &words;
        }
    }
    for doc in &docs {
        assert_eq!(replica.read(doc, story).unwrap(), expected[doc]);
    }
    assert_eq!(replica.waiting().unwrap(), docs);
}

/// Records of a kind that only a newer version knows, behind what is in the journal.
fn newer_records(dir: &Path, records: &[Record]) {
    let mut disk = FileDisk::open(dir, &home_key()).unwrap();
    disk.unread().unwrap();
    disk.append(records).unwrap();
}

#[test]
fn a_newer_record_that_need_not_be_understood_stays_where_it_is_and_one_that_must_be_is_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let mut replica = begin(&home, 1);
    say(&mut replica, "one ");
    drop(replica);
    let record = {
        let disk = FileDisk::open(&home, &home_key()).unwrap();
        may_pass(disk.keys(), 0b0101, b"what a newer version says").unwrap()
    };
    newer_records(&home, std::slice::from_ref(&record));
    let passed = |home: &Path| {
        let scratch = tempfile::tempdir().unwrap();
        copy_dir(home, scratch.path());
        let _ = fs::remove_dir_all(scratch.path().join("sled"));
        let all = FileDisk::open(scratch.path(), &home_key()).unwrap().unread().unwrap().records;
        all.into_iter().enumerate().filter(|(_, found)| *found == record).map(|(at, _)| at).collect::<Vec<_>>()
    };
    let (mut replica, notices) = open(&home, 1);
    assert_eq!((notices, replica.is_continuous()), (Vec::new(), true));
    say(&mut replica, "two ");
    assert_eq!(said(&mut replica), "one two ");
    drop(replica);
    let at = passed(&home);
    assert_eq!(at.len(), 1);
    let found = disk::verify(&home.join("journal")).unwrap();
    assert_eq!((found.newer, found.damage), (1, Vec::new()));
    // Read again from its start, the journal says the same.
    fs::remove_dir_all(home.join("sled")).unwrap();
    assert_eq!(said(&mut open(&home, 1).0), "one two ");

    // Damaged in front of it, the journal is written anew, with it between what was around it.
    let segment = home.join("journal/00000001.seg");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[60] ^= 4;
    fs::write(&segment, bytes).unwrap();
    fs::remove_dir_all(home.join("sled")).unwrap();
    let (replica, notices) = open(&home, 1);
    assert!(notices.iter().any(|n| matches!(n, Notice::Journal(Damage::Inside { .. }))), "{notices:?}");
    drop(replica);
    let after = passed(&home);
    assert!(after.len() == 1 && after < at, "kept, behind fewer: {at:?} {after:?}");
    assert_eq!(disk::verify(&home.join("journal")).unwrap().newer, 1);

    // Somebody who has the disk and no key makes no other record pass by giving it such a kind.
    let forged = dir.path().join("forged");
    copy_dir(&home, &forged);
    newer_records(&forged, &[Record { kind: MAY_PASS | 0b0101, payload: b"not sealed here".to_vec() }]);
    let (_, notices) = open(&forged, 1);
    assert!(notices.contains(&Notice::Unopened { records: 1 }), "{notices:?}");
    assert_eq!(passed(&forged).len(), 1, "the genuine one is still there");

    // One without the bit must be understood.
    newer_records(&home, &[Record { kind: 0b0101, payload: record.payload.clone() }]);
    let refused = disk::open_replica(&home, Mode::Participant, &home_key()).map(drop).unwrap_err();
    assert!(matches!(refused, Trouble::Newer), "{refused}");
}
