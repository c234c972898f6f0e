//! Whole documents: taken only when every change and every actor's newest signature hold.

use automerge::transaction::Transactable;
use automerge::{Change, ExpandedChange, ObjType, ROOT, ReadDoc};
use gate::limits::*;
use gate::{AdmittedDocument, Index, Refusal, Tip, admit_snapshot, reindex};

use crate::histories::{shown, story};
use crate::world::*;

/// Odile and Lorcan have written, and each has the other's work.
fn written() -> (Participant, Participant) {
    let (mut odile, mut lorcan) = (Participant::new(1), Participant::new(2));
    let roster = roster(&[&odile.device, &lorcan.device]);
    let text = story(&odile.document);
    let mut envelopes = vec![
        odile.say(|tx| tx.splice_text(&text, 1, 0, "ren reads 62 words a minute. ".repeat(30).as_str())),
        odile.say(|tx| tx.put(ROOT, "due", "2025-12-05")),
        lorcan.say(|tx| tx.put_object(ROOT, "rows", ObjType::Map)),
        lorcan.say(|tx| tx.put(ROOT, "due", "2025-12-09")),
    ];
    for envelope in &envelopes {
        odile.take(envelope, &roster).unwrap();
    }
    envelopes.push(odile.say(|tx| tx.splice_text(&text, 3, 4, "")));
    for envelope in &envelopes {
        lorcan.take(envelope, &roster).unwrap();
    }
    (odile, lorcan)
}

fn tip(person: &Participant) -> Tip {
    let device = &person.device;
    let (seq, hash) = person.index.tip(&device.actor()).unwrap();
    Tip {
        actor: device.actor(),
        incarnation: device.named(),
        seq,
        hash,
        device: device.id(),
        sig: device.sign(seq, &hash),
    }
}

fn admit(bytes: &[u8], tips: &[Tip]) -> Result<(Index, AdmittedDocument), Refusal> {
    admit_snapshot(&DOC, bytes, &genesis(), tips, &roster(&[&Device::new(1), &Device::new(2)]))
}

fn refuse(code: &str, bytes: &[u8], tips: &[Tip]) {
    assert_eq!(admit(bytes, tips).expect_err(code).code(), code);
}

#[test]
fn a_snapshot_gives_the_document_and_an_index_that_goes_on() {
    let (mut odile, lorcan) = written();
    for bytes in [odile.document.save(), odile.document.save_nocompress(), lorcan.document.save()] {
        let (index, document) = admit(&bytes, &[tip(&odile), tip(&lorcan)]).unwrap();
        assert_eq!(document.heads(), odile.index.heads());
        assert_eq!(index.heads(), odile.index.heads());
        assert_eq!(index.changes(), 5);
        assert_eq!(index.tip(&lorcan.device.actor()), lorcan.index.tip(&lorcan.device.actor()));
        assert_eq!(shown(&document.into_document()), shown(&odile.document));
    }
    let saved = odile.document.save();
    let next = odile.say(|tx| tx.put(ROOT, "due", "2025-12-12"));
    let tips = [tip(&written().0), tip(&lorcan)];
    let (mut index, document) = admit(&saved, &tips).unwrap();
    let roster = roster(&[&odile.device, &lorcan.device]);
    let mut document = document.into_document();
    document.apply_changes(index.admit(&next, &roster).unwrap().changes().iter().cloned()).unwrap();
    assert_eq!(shown(&document), shown(&odile.document));
    assert_eq!(document.text_encoding(), automerge::TextEncoding::Utf16CodeUnit);
}

#[test]
fn the_snapshot_of_an_untouched_document_is_its_genesis() {
    let untouched = Participant::new(1);
    let mut change = Change::try_from(genesis().as_slice()).unwrap();
    for bytes in [genesis(), change.bytes().to_vec(), untouched.document.save()] {
        let (index, document) = admit(&bytes, &[]).unwrap();
        assert_eq!(index, Index::new(&genesis()).unwrap());
        assert_eq!(document.heads(), [index.genesis()]);
        assert_eq!(shown(&document.into_document()), shown(&untouched.document));
    }
}

#[test]
fn another_beginning_is_refused() {
    let mut other = Change::try_from(genesis().as_slice()).unwrap().decode();
    other.time += 1;
    let other = Change::from(other);
    refuse("genesis", other.raw_bytes(), &[]);
    let mut document = new_document();
    document.apply_changes([other]).unwrap();
    refuse("genesis", &document.save(), &[]);
    refuse("genesis", Change::from(Participant::new(1).draft()).raw_bytes(), &[]);
    refuse("genesis", &new_document().save(), &[]);
}

#[test]
fn a_missing_tip_is_refused_and_a_surplus_one_is_not() {
    let (odile, lorcan) = written();
    let saved = odile.document.save();
    refuse("tip", &saved, &[]);
    refuse("tip", &saved, &[tip(&odile)]);
    let older = Tip { seq: 1, ..tip(&lorcan) };
    refuse("tip", &saved, &[tip(&odile), older.clone()]);
    refuse("tip", &saved, &[tip(&odile), Tip { hash: tip(&odile).hash, ..tip(&lorcan) }]);
    admit(&saved, &[older, tip(&odile), tip(&lorcan)]).unwrap();
}

#[test]
fn a_tip_that_does_not_verify_is_refused() {
    let (odile, lorcan) = written();
    let saved = odile.document.save();
    refuse("signature", &saved, &[tip(&odile), Tip { sig: [0; 64], ..tip(&lorcan) }]);
    refuse("device", &saved, &[tip(&odile), Tip { device: [0; 16], ..tip(&lorcan) }]);
    let mut of_another_device = tip(&lorcan);
    let statement = gate::statement(&DOC, &of_another_device.actor, of_another_device.seq, &of_another_device.hash);
    of_another_device.device = odile.device.id();
    of_another_device.sig = odile.device.sign_statement(&statement);
    refuse("actor", &saved, &[tip(&odile), of_another_device]);
    let elsewhere = admit_snapshot(
        &[0xdd; 16],
        &saved,
        &genesis(),
        &[tip(&odile), tip(&lorcan)],
        &roster(&[&odile.device, &lorcan.device]),
    );
    assert_eq!(elsewhere.unwrap_err().code(), "signature");
}

#[test]
fn a_snapshot_with_a_change_that_would_be_refused_is_refused() {
    let (odile, lorcan) = written();
    let alterations: [fn(&mut ExpandedChange); 5] = [
        |change| change.time = 1,
        |change| change.extra_bytes = b"hidden".to_vec(),
        |change| change.message = Some("m".repeat(257)),
        |change| change.operations[0].action = put(automerge::ScalarValue::Bytes(vec![1])),
        |change| change.operations = vec![on_key(automerge::legacy::ObjectId::Root, "answers", put(1), vec![])],
    ];
    for alter in alterations {
        let mut draft = odile.draft();
        alter(&mut draft);
        let change = Change::from(draft);
        let mut document = odile.document.clone();
        document.apply_changes([change.clone()]).unwrap();
        let device = &odile.device;
        let (seq, hash) = (change.seq(), change.hash().0);
        let newest = Tip {
            actor: device.actor(),
            incarnation: device.named(),
            seq,
            hash,
            device: device.id(),
            sig: device.sign(seq, &hash),
        };
        let refusal = admit(&document.save(), &[newest, tip(&lorcan)]).unwrap_err();
        assert!(["form", "size", "causality", "genesis"].contains(&refusal.code()), "{refusal}");
    }
}

#[test]
fn every_cut_and_every_flipped_byte_of_a_snapshot_is_refused_or_gives_the_same_document() {
    let (odile, lorcan) = written();
    let tips = [tip(&odile), tip(&lorcan)];
    let saved = odile.document.save_nocompress();
    let inside = body(&saved).to_vec();
    let mut refused = 0;
    let mut check = |bytes: &[u8]| match admit(bytes, &tips) {
        Err(_) => refused += 1,
        // Some bytes carry nothing that a hash covers: the document is built from the changes all the same.
        Ok((index, document)) => {
            assert_eq!(index.heads(), odile.index.heads());
            assert_eq!(shown(&document.into_document()), shown(&odile.document));
        }
    };
    for place in 0..inside.len() {
        check(&saved[..place]);
        check(&chunk(0, &inside[..place]).0);
        for flip in [0x01, 0x40, 0x80, 0xff] {
            let mut altered = inside.clone();
            altered[place] ^= flip;
            check(&chunk(0, &altered).0);
        }
    }
    assert!(refused > 5 * inside.len(), "{refused} of {} refused", 6 * inside.len());
}

#[test]
fn a_snapshot_whose_checksum_is_wrong_or_with_bytes_behind_is_refused() {
    let (odile, lorcan) = written();
    let tips = [tip(&odile), tip(&lorcan)];
    let mut saved = odile.document.save();
    saved.push(0);
    refuse("form", &saved, &tips);
    saved.pop();
    saved[4] ^= 1;
    refuse("checksum", &saved, &tips);
    refuse("size", &vec![0; SNAPSHOT_BYTES_MAX + 1], &tips);
}

#[test]
fn columns_that_inflate_beyond_their_bound_are_refused() {
    let bomb = crate::refusals::deflate(&vec![0; SNAPSHOT_INFLATED_BYTES_MAX as usize + 1]);
    refuse("size", &snapshot(&[(0x01 | 8, bomb.clone())], &[]), &[]);
    refuse("size", &snapshot(&[], &[(0x57 | 8, bomb)]), &[]);
}

#[test]
fn run_lengths_beyond_any_document_are_refused() {
    let huge = [&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f][..], &[0]].concat();
    for spec in [0x01, 0x03, 0x13, 0x23, 0x40, 0x43, 0x56] {
        refuse("size", &snapshot(&[(spec, huge.clone())], &[]), &[]);
    }
    for spec in [0x01, 0x02, 0x11, 0x13, 0x21, 0x23, 0x42, 0x56, 0x80, 0x81, 0x83] {
        refuse("size", &snapshot(&[], &[(spec, huge.clone())]), &[]);
    }
    refuse("size", &snapshot(&[], &[(0x34, huge)]), &[]);
}

#[test]
fn changes_that_claim_more_operations_than_are_there_are_refused() {
    // One change of actor 0, number 1, whose newest operation is said to be number 2^30.
    let claims = |max_op: &[u8]| {
        let max_op = [&[0x7f][..], max_op].concat();
        snapshot(&[(0x01, vec![0x7f, 0]), (0x03, vec![0x7f, 1]), (0x13, max_op), (0x40, vec![0x7f, 0])], &[])
    };
    refuse("form", &claims(&[0x80, 0x80, 0x80, 0x80, 0x04]), &[]);
    refuse("form", &claims(&[0x7f]), &[]);
    // Dependencies that are not there, or on itself.
    let depends = |deps: Vec<u8>| {
        snapshot(&[(0x01, vec![0x7f, 0]), (0x13, vec![0x7f, 0]), (0x40, vec![0x7f, 1]), (0x43, deps)], &[])
    };
    for deps in [vec![], vec![0x7f, 0], vec![0x7f, 5], vec![0x7f, 0x7f]] {
        refuse("form", &depends(deps), &[]);
    }
}

#[test]
fn the_order_in_which_a_snapshot_lists_elements_is_not_believed() {
    // Two letters typed by two people at one place: a saved document lists them in the order readers see.
    let (mut odile, mut lorcan) = (Participant::new(1), Participant::new(2));
    let roster = roster(&[&odile.device, &lorcan.device]);
    let text = story(&odile.document);
    let a = odile.say(|tx| tx.splice_text(&text, 1, 0, "a"));
    let b = lorcan.say(|tx| tx.splice_text(&text, 1, 0, "b"));
    odile.take(&b, &roster).unwrap();
    lorcan.take(&a, &roster).unwrap();
    let genuine = odile.document.text(&text).unwrap();
    let mut inside = body(&odile.document.save_nocompress()).to_vec();
    // With the letters' values exchanged, and the actors of their ids too (somewhere among these exchanges), every
    // change and every hash is the same; only the order of the two rows is another.
    let values = inside.windows(genuine.len()).position(|bytes| bytes == genuine.as_bytes()).unwrap();
    inside.swap(values + 1, values + 2);
    let mut admitted = 0;
    for place in 0..inside.len() - 1 {
        let mut exchanged = inside.clone();
        exchanged.swap(place, place + 1);
        if let Ok((_, document)) = admit(&chunk(0, &exchanged).0, &[tip(&odile), tip(&lorcan)]) {
            assert_eq!(document.into_document().text(&text).unwrap(), genuine);
            admitted += 1;
        }
    }
    // Exchanging the values back gives the genuine snapshot.
    assert!(admitted >= 1);
}

#[test]
fn an_index_is_rebuilt_from_ones_own_document() {
    let (odile, lorcan) = written();
    let mut index = reindex(&odile.document, &genesis()).unwrap();
    assert_eq!(index.heads(), odile.index.heads());
    assert_eq!(index.tip(&lorcan.device.actor()), odile.index.tip(&lorcan.device.actor()));
    let mut lorcan = lorcan;
    index.admit(&lorcan.say(|tx| tx.put(ROOT, "n", 1)), &roster(&[&lorcan.device])).unwrap();
    assert_eq!(reindex(&new_document(), &genesis()).unwrap_err().code(), "genesis");
}

/// A document of one actor and no heads with these columns of changes and of operations.
fn snapshot(changes: &[(u64, Vec<u8>)], ops: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut out = vec![1, 16];
    out.extend([7; 16]);
    out.push(0);
    for columns in [changes, ops] {
        leb(columns.len() as u64, &mut out);
        for (spec, data) in columns {
            leb(*spec, &mut out);
            leb(data.len() as u64, &mut out);
        }
    }
    changes.iter().chain(ops).for_each(|(_, data)| out.extend(data));
    chunk(0, &out).0
}
