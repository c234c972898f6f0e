//! One test for each thing the gate refuses, by hand-made bytes or a hand-altered change, rightly signed unless said.

use std::io::Write;

use automerge::legacy::{ElementId, Key, MarkData, ObjectId, OpType};
use automerge::transaction::Transactable;
use automerge::{ActorId, Change, ChangeHash, ExpandedChange, ObjType, ROOT, ReadDoc, ScalarValue};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use gate::limits::*;
use gate::{Envelope, Id, Index, Refusal};

use crate::world::*;

// ---- authors

#[test]
fn a_device_that_is_not_on_the_roster_is_refused() {
    let (mut odile, lorcan) = (Participant::new(1), Participant::new(2));
    let envelope = odile.say(|tx| tx.put(ROOT, "transfer", true));
    check(&lorcan, "device", &envelope, &roster(&[&lorcan.device]));
}

#[test]
fn a_device_under_another_ones_key_is_refused() {
    let (mut odile, lorcan) = (Participant::new(1), Participant::new(2));
    let envelope = odile.say(|tx| tx.put(ROOT, "transfer", true));
    let mut roster = roster(&[&odile.device]);
    roster.authors.insert(odile.device.id(), lorcan.device.author());
    check(&lorcan, "device", &envelope, &roster);
}

#[test]
fn a_signature_over_anything_else_is_refused() {
    let mut odile = Participant::new(1);
    let lorcan = Participant::new(2);
    let first = odile.say(|tx| tx.put(ROOT, "transfer", true));
    let second = odile.say(|tx| tx.put(ROOT, "transfer", false));
    let flipped = Envelope { sig: first.sig.map(|byte| byte ^ 1), ..first.clone() };
    let of_another_change = Envelope { sig: second.sig, ..first.clone() };
    let for_another_document = Envelope { doc: [0xdd; 16], ..first.clone() };
    let by_another_device = Envelope { sig: lorcan.device.sign(first.seq, &first.hash), ..first.clone() };
    for envelope in [flipped, of_another_change, for_another_document, by_another_device] {
        check(&lorcan, "signature", &envelope, &roster(&[&odile.device, &lorcan.device]));
    }
}

#[test]
fn changes_of_an_actor_that_is_not_the_devices_own_are_refused() {
    let (mut odile, lorcan) = (Participant::new(1), Participant::new(2));
    odile.document.set_actor(ActorId::from([0xab; 16]));
    odile.write(|tx| tx.put(ROOT, "transfer", true));
    let change = odile.unsent[0].clone();
    let mut envelope = odile.device.seal(std::slice::from_ref(&change));
    envelope.actor = [0xab; 16];
    resign(&odile.device, &mut envelope);
    check(&lorcan, "actor", &envelope, &roster(&[&odile.device]));
}

#[test]
fn an_actor_stays_with_the_device_it_was_first_seen_with() {
    let (mut odile, mut lorcan) = (Participant::new(1), Participant::new(2));
    let roster = roster(&[&odile.device, &lorcan.device]);
    let first = odile.say(|tx| tx.put(ROOT, "transfer", true));
    lorcan.take(&first, &roster).unwrap();
    let mut second = odile.say(|tx| tx.put(ROOT, "transfer", false));
    second.device = lorcan.device.id();
    resign(&lorcan.device, &mut second);
    check(&lorcan, "actor", &second, &roster);
}

#[test]
fn a_number_beyond_the_last_is_refused_and_the_last_is_not() {
    for (number, fine) in [(NUMBERS_MAX - 1, true), (NUMBERS_MAX, false)] {
        let (mut odile, mut lorcan) = (Participant::new(1), Participant::new(2));
        odile.device.number = Some(number);
        odile.document.set_actor(ActorId::from(odile.device.actor()));
        let envelope = odile.say(|tx| tx.put(ROOT, "transfer", true));
        let roster = roster(&[&odile.device]);
        match fine {
            true => assert!(!lorcan.take(&envelope, &roster).unwrap().is_known()),
            false => check(&lorcan, "actor", &envelope, &roster),
        }
    }
}

#[test]
fn an_actor_holds_to_the_one_incarnation_it_is_worked_out_from() {
    let other = [7; 16];
    for known in [false, true] {
        let (mut odile, mut lorcan) = (Participant::new(1), Participant::new(2));
        let roster = roster(&[&odile.device, &lorcan.device]);
        if known {
            let first = odile.say(|tx| tx.put(ROOT, "n", 1));
            lorcan.take(&first, &roster).unwrap();
        }
        let said = odile.say(|tx| tx.put(ROOT, "n", 2));
        assert_eq!(said.incarnation, Some([0; 16]));
        // Nothing of this is in the signature, so each of them is rightly signed.
        for incarnation in [Some(other), None] {
            check(&lorcan, "actor", &Envelope { incarnation, ..said.clone() }, &roster);
        }
        assert!(!lorcan.take(&said, &roster).unwrap().is_known());
    }
}

#[test]
fn an_incarnation_of_one_device_is_nothing_to_another() {
    let (mut odile, lorcan) = (Participant::new(1), Participant::new(2));
    let roster = roster(&[&odile.device, &lorcan.device]);
    let said = odile.say(|tx| tx.put(ROOT, "n", 1));
    let mut swapped = Envelope { device: lorcan.device.id(), ..said.clone() };
    resign(&lorcan.device, &mut swapped);
    check(&lorcan, "actor", &swapped, &roster);
    // Nor in another document.
    let mut elsewhere = Envelope { doc: [0xdd; 16], ..said };
    resign(&odile.device, &mut elsewhere);
    check(&lorcan, "actor", &elsewhere, &roster);
}

#[test]
fn a_number_is_no_incarnation_and_an_incarnation_no_number() {
    let (mut odile, lorcan) = (Participant::new(1), Participant::new(2));
    let roster = roster(&[&odile.device]);
    odile.device.number = Some(5);
    odile.document.set_actor(ActorId::from(odile.device.actor()));
    let numbered = odile.say(|tx| tx.put(ROOT, "n", 1));
    let mut as_bytes = [0; 16];
    as_bytes[12..].copy_from_slice(&5u32.to_be_bytes());
    for incarnation in [[0; 16], as_bytes] {
        check(&lorcan, "actor", &Envelope { incarnation: Some(incarnation), ..numbered.clone() }, &roster);
    }
    let mut named = Participant::new(1);
    let named = named.say(|tx| tx.put(ROOT, "n", 1));
    check(&lorcan, "actor", &Envelope { incarnation: None, ..named }, &roster);
}

// ---- size and outline

#[test]
fn an_envelope_over_its_size_is_refused() {
    let odile = Device::new(1);
    refuse("size", &odile.seal_bytes(1, [0; 32], vec![0; ENVELOPE_BYTES_MAX + 1]));
}

#[test]
fn an_envelope_of_too_many_changes_is_refused() {
    let mut odile = Participant::new(1);
    for n in 0..=ENVELOPE_CHANGES_MAX as i64 {
        odile.write(|tx| tx.put(ROOT, "n", n));
    }
    refuse("size", &odile.device.seal(&odile.unsent));
    let mut lorcan = Participant::new(2);
    let roster = roster(&[&odile.device]);
    let (fits, rest) = odile.unsent.split_at(ENVELOPE_CHANGES_MAX);
    lorcan.take(&odile.device.seal(fits), &roster).unwrap();
    lorcan.take(&odile.device.seal(rest), &roster).unwrap();
    assert_eq!(lorcan.index.changes(), ENVELOPE_CHANGES_MAX + 1);
}

#[test]
fn a_change_over_its_size_is_refused_before_it_is_read() {
    let (bytes, hash) = chunk(1, &vec![0; CHUNK_BYTES_MAX + 1]);
    refuse("size", &Device::new(1).seal_bytes(1, hash, bytes));
}

#[test]
fn an_envelope_without_changes_is_refused() {
    refuse("form", &Device::new(1).seal_bytes(1, [0; 32], vec![]));
}

#[test]
fn documents_bundles_and_unknown_chunks_are_refused() {
    let mut odile = Participant::new(1);
    odile.write(|tx| tx.put(ROOT, "transfer", true));
    let inside = body(odile.unsent[0].raw_bytes()).to_vec();
    for kind in [0, 3, 4, 255] {
        let (bytes, hash) = chunk(kind, &inside);
        refuse("form", &odile.device.seal_bytes(1, hash, bytes));
    }
    let saved = odile.document.save();
    refuse("form", &odile.device.seal_bytes(1, [0; 32], saved));
}

#[test]
fn every_cut_of_a_change_is_refused() {
    let odile = Participant::new(1);
    let bytes = altered(&odile, |_| {}).chunks;
    for length in 0..bytes.len() {
        refuse("form", &odile.device.seal_bytes(1, [0; 32], bytes[..length].to_vec()));
    }
    let inside = body(&bytes);
    for length in 0..inside.len() {
        refuse("form", &from_body(&inside[..length]));
    }
}

#[test]
fn a_wrong_checksum_is_refused() {
    let mut envelope = altered(&Participant::new(1), |_| {});
    envelope.chunks[5] ^= 1;
    refuse("checksum", &envelope);
}

#[test]
fn a_change_that_inflates_beyond_its_bound_is_refused() {
    let bomb = deflate(&vec![0; 100 * INFLATED_BYTES_MAX as usize]);
    assert!(bomb.len() < CHUNK_BYTES_MAX);
    refuse("size", &Device::new(1).seal_bytes(1, [0; 32], chunk(2, &bomb).0));
}

#[test]
fn changes_that_are_too_much_together_are_refused() {
    let mut odile = Participant::new(1);
    let long = "s".repeat(60_000);
    let mut bytes = 0;
    while bytes < ENVELOPE_INFLATED_BYTES_MAX {
        odile.write(|tx| (0..16).try_for_each(|n| tx.put(ROOT, format!("key {n}"), long.as_str())));
        odile.write(|tx| (0..16).try_for_each(|n| tx.delete(ROOT, format!("key {n}"))));
        bytes += odile.unsent.iter().rev().take(2).map(|change| change.raw_bytes().len() as u64).sum::<u64>();
    }
    let whole = odile.device.seal(&odile.unsent);
    assert!(whole.chunks.len() < ENVELOPE_BYTES_MAX);
    refuse("size", &whole);
    let (fits, _) = odile.unsent.split_at(odile.unsent.len() - 2);
    Participant::new(2).take(&odile.device.seal(fits), &roster(&[&odile.device])).unwrap();
}

#[test]
fn operations_that_are_too_many_together_are_refused() {
    let odile = Participant::new(1);
    let mut changes: Vec<Change> = Vec::new();
    let mut next = odile.draft();
    next.operations = vec![on_key(ObjectId::Root, "n", put(1), vec![]); CHANGE_OPS_MAX as usize];
    for _ in 0..=ENVELOPE_OPS_MAX / CHANGE_OPS_MAX {
        let change = Change::from(next.clone());
        next.deps = vec![change.hash()];
        next.seq += 1;
        next.start_op = next.start_op.saturating_add(CHANGE_OPS_MAX);
        changes.push(change);
    }
    refuse("size", &odile.device.seal(&changes));
}

#[test]
fn bytes_after_deflated_data_are_refused() {
    let odile = Participant::new(1);
    let change = Change::try_from(altered(&odile, |_| {}).chunks.as_slice()).unwrap();
    let mut deflated = deflate(body(change.raw_bytes()));
    let with_checksum = |deflated: &[u8]| {
        let mut bytes = chunk(2, deflated).0;
        bytes[4..8].copy_from_slice(&change.hash().0[..4]);
        odile.device.seal_bytes(1, change.hash().0, bytes)
    };
    let mut lorcan = Participant::new(2);
    lorcan.take(&with_checksum(&deflated), &roster(&[&odile.device])).unwrap();
    deflated.extend(b"hidden");
    refuse("form", &with_checksum(&deflated));
}

#[test]
fn deflated_data_that_are_none_are_refused() {
    refuse("form", &Device::new(1).seal_bytes(1, [0; 32], chunk(2, &[0xff; 64]).0));
}

#[test]
fn a_label_that_does_not_describe_the_changes_is_refused() {
    let mut odile = Participant::new(1);
    for n in 0..3 {
        odile.write(|tx| tx.put(ROOT, "n", n));
    }
    let [one, two, three] = odile.unsent.as_slice() else { unreachable!() };
    let device = &odile.device;
    let whole = device.seal(&odile.unsent);
    refuse("form", &device.seal_bytes(2, whole.hash, whole.chunks.clone()));
    refuse("form", &device.seal_bytes(4, whole.hash, whole.chunks.clone()));
    refuse("form", &device.seal_bytes(0, whole.hash, whole.chunks.clone()));
    refuse("form", &device.seal_bytes(3, two.hash().0, whole.chunks.clone()));
    refuse("form", &device.seal(&[one.clone(), three.clone()]));
    refuse("form", &device.seal(&[two.clone(), one.clone(), three.clone()]));
    refuse("form", &device.seal(&[one.clone(), one.clone()]));
    let of_someone_else = Envelope { actor: Device::new(2).actor(), ..whole };
    refuse("form", &of_someone_else);
}

#[test]
fn run_lengths_that_claim_more_rows_than_anyone_writes_are_refused() {
    for rows in [CHANGE_OPS_MAX + 1, 1_000_000, 1 << 40, i64::MAX as u64] {
        let mut run = Vec::new();
        leb(rows, &mut run);
        if run.last().unwrap() & 0x40 != 0 {
            // A signed number: the top bit of the last byte would make it negative.
            *run.last_mut().unwrap() |= 0x80;
            run.push(0);
        }
        let key = [&run[..], &[1, b'x']].concat();
        let action = [&run[..], &[1]].concat();
        let meta = [&run[..], &[0]].concat();
        let mut insert = Vec::new();
        leb(rows, &mut insert);
        let columns = [(0x15, key), (0x34, insert), (0x42, action), (0x56, meta.clone()), (0x70, meta)];
        refuse("size", &from_body(&hand_made(&columns)));
    }
}

#[test]
fn literal_runs_and_null_runs_are_bounded_too() {
    let most_negative = vec![0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f];
    refuse("size", &from_body(&hand_made(&[(0x42, most_negative)])));
    let nulls = vec![0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    refuse("size", &from_body(&hand_made(&[(0x42, nulls)])));
}

#[test]
fn predecessor_counts_beyond_their_bound_are_refused() {
    let many = vec![0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
    let mut columns = one_put();
    columns[4] = (0x70, many);
    refuse("size", &from_body(&hand_made(&columns)));
}

#[test]
fn columns_of_different_lengths_are_refused() {
    for column in 0..one_put().len() {
        if one_put()[column].0 == 0x42 {
            continue;
        }
        let mut columns = one_put();
        let longer = columns[column].1.clone();
        columns[column].1.extend(longer);
        refuse("form", &from_body(&hand_made(&columns)));
    }
}

#[test]
fn unknown_deflated_repeated_and_disordered_columns_are_refused() {
    let with = |spec, at: usize| {
        let mut columns = one_put();
        columns.insert(at, (spec, vec![0x7f, 0]));
        columns
    };
    for columns in [with(0xb2, 5), with(0x4a, 3), with(0x15, 1), with(0x02, 3)] {
        refuse("form", &from_body(&hand_made(&columns)));
    }
    let mut too_many = one_put();
    too_many.extend((0..20).map(|n| (0x102 + 16 * n, vec![])));
    refuse("size", &from_body(&hand_made(&too_many)));
}

#[test]
fn actions_and_actors_that_do_not_exist_are_refused() {
    for action in [6, 7, 8, 0x3f] {
        let mut columns = one_put();
        columns[2] = (0x42, vec![0x7f, action]);
        refuse("form", &from_body(&hand_made(&columns)));
    }
    let mut columns = one_put();
    columns.splice(0..0, [(0x01, vec![0x7f, 1]), (0x02, vec![0x7f, 1])]);
    refuse("form", &from_body(&hand_made(&columns)));
}

#[test]
fn a_key_that_is_not_utf8_is_refused() {
    let mut columns = one_put();
    columns[0] = (0x15, vec![0x7f, 1, 0xff]);
    refuse("form", &from_body(&hand_made(&columns)));
}

#[test]
fn a_change_without_operations_is_refused() {
    refuse("form", &altered(&Participant::new(1), |change| change.operations.clear()));
}

#[test]
fn too_many_operations_are_refused() {
    let many = |count: u64| {
        altered(&Participant::new(1), move |change| {
            change.operations = vec![on_key(ObjectId::Root, "n", put(1), vec![]); count as usize];
        })
    };
    refuse("size", &many(CHANGE_OPS_MAX + 1));
    Participant::new(2).take(&many(CHANGE_OPS_MAX), &roster(&[&Device::new(1)])).unwrap();
}

#[test]
fn numbers_that_start_at_nought_are_refused() {
    refuse("form", &Device::new(1).seal(&[Change::from(ExpandedChange { seq: 0, ..Participant::new(1).draft() })]));
}

#[test]
fn numbers_that_are_not_in_their_shortest_form_are_refused() {
    let inside = hand_made(&one_put());
    // The sequence number stands after one dependency and the actor.
    let at = 1 + 32 + 1 + 16;
    assert_eq!(inside[at], 1);
    let overlong = [&inside[..at], &[0x81, 0x00], &inside[at + 1..]].concat();
    refuse("form", &from_body(&overlong));
    let endless = [&inside[..at], &[0xff; 11], &inside[at + 1..]].concat();
    refuse("form", &from_body(&endless));
}

#[test]
fn bytes_behind_the_columns_and_author_footers_are_refused() {
    for extra in [vec![0], b"\x01\x05odile".to_vec()] {
        refuse("form", &altered(&Participant::new(1), |change| change.extra_bytes = extra));
    }
}

#[test]
fn times_outside_two_centuries_are_refused_and_a_wrong_clock_is_not() {
    for time in [-1, 1, TIME_MIN - 1, TIME_MAX + 1, i64::MIN, i64::MAX, NOW * 1000] {
        refuse("form", &altered(&Participant::new(1), |change| change.time = time));
    }
    for time in [0, TIME_MIN, TIME_MAX, NOW + 40 * 365 * 86_400] {
        let envelope = altered(&Participant::new(1), |change| change.time = time);
        Participant::new(2).take(&envelope, &roster(&[&Device::new(1)])).unwrap();
    }
}

#[test]
fn a_long_message_is_refused() {
    let said =
        |length: u64| altered(&Participant::new(1), move |change| change.message = Some("m".repeat(length as usize)));
    refuse("size", &said(MESSAGE_BYTES_MAX + 1));
    Participant::new(2).take(&said(MESSAGE_BYTES_MAX), &roster(&[&Device::new(1)])).unwrap();
}

#[test]
fn too_many_and_repeated_dependencies_are_refused() {
    refuse(
        "size",
        &altered(&Participant::new(1), |change| {
            change.deps = (0..=DEPENDENCIES_MAX as u8).map(|n| ChangeHash([n; 32])).collect();
        }),
    );
    refuse("form", &altered(&Participant::new(1), |change| change.deps.push(change.deps[0])));
}

#[test]
fn an_actor_id_of_another_length_is_refused() {
    for length in [0, 15, 17, 32] {
        refuse("form", &altered(&Participant::new(1), |change| change.actor_id = ActorId::from(vec![7; length])));
    }
}

#[test]
fn a_long_key_is_refused() {
    let keyed = |length: u64| {
        altered(&Participant::new(1), move |change| {
            change.operations = vec![on_key(ObjectId::Root, &"k".repeat(length as usize), put(1), vec![])];
        })
    };
    refuse("size", &keyed(KEY_BYTES_MAX + 1));
    Participant::new(2).take(&keyed(KEY_BYTES_MAX), &roster(&[&Device::new(1)])).unwrap();
}

// ---- form

#[test]
fn another_encoding_of_a_good_change_is_refused() {
    let mut lorcan = Participant::new(2);
    lorcan.take(&from_body(&hand_made(&one_put())), &roster(&[&Device::new(1)])).unwrap();
    let mut columns = one_put();
    assert_eq!(columns[0].1, [0x7f, 1, b'x']);
    columns[0].1[0] = 1; // a run of one where a literal of one is usual
    refuse("canonical", &from_body(&hand_made(&columns)));
    let mut columns = one_put();
    columns.splice(0..0, [(0x01, vec![0, 1]), (0x02, vec![0, 1])]); // a column of nulls that is usually left out
    refuse("canonical", &from_body(&hand_made(&columns)));
}

#[test]
fn values_that_are_not_what_their_type_says_are_refused() {
    let valued = |meta: u8, bytes: &[u8]| {
        let mut columns = one_put();
        columns[3] = (0x56, vec![0x7f, (bytes.len() as u8) << 4 | meta]);
        columns.insert(4, (0x57, bytes.to_vec()));
        from_body(&hand_made(&columns))
    };
    Participant::new(2).take(&valued(6, b"fine"), &roster(&[&Device::new(1)])).unwrap();
    refuse("decode", &valued(6, &[0xff, 0xff]));
    refuse("decode", &valued(5, &[0; 3]));
    refuse("decode", &valued(3, &[0x81, 0x00]));
    let mut made_with_a_value = one_put();
    made_with_a_value[2] = (0x42, vec![0x7f, 0]);
    made_with_a_value[3] = (0x56, vec![0x7f, 0x16]);
    made_with_a_value.insert(4, (0x57, b"x".to_vec()));
    refuse("canonical", &from_body(&hand_made(&made_with_a_value)));
}

// ---- causality

#[test]
fn more_actors_than_a_document_may_have_are_refused() {
    let mut index = Index::new(&genesis()).unwrap();
    let mut odile = Participant::new(1);
    let mut written = |incarnation: u64| {
        odile.device.incarnation = u128::from(incarnation).to_be_bytes();
        altered(&odile, |change| change.actor_id = ActorId::from(odile.device.actor()))
    };
    // The genesis has one.
    for incarnation in 1..ACTORS_MAX {
        index.readmit(&written(incarnation)).unwrap();
    }
    let full = index.clone();
    assert_eq!(index.readmit(&written(0)).unwrap_err().code(), "size");
    assert!(index == full);
}

#[test]
fn a_change_on_unknown_ones_waits_for_them() {
    let (mut odile, mut lorcan) = (Participant::new(1), Participant::new(2));
    let roster = roster(&[&odile.device]);
    let first = odile.say(|tx| tx.put(ROOT, "n", 1));
    let second = odile.say(|tx| tx.put(ROOT, "n", 2));
    let refusal = lorcan.take(&second, &roster).unwrap_err();
    assert!(refusal.is_missing());
    assert_eq!(refusal.missing(), [first.hash]);
    assert_eq!(lorcan.index, Index::new(&genesis()).unwrap());
    lorcan.take(&first, &roster).unwrap();
    lorcan.take(&second, &roster).unwrap();
    assert_eq!(lorcan.index.tip(&odile.device.actor()), Some((2, second.hash)));
}

#[test]
fn everything_an_envelope_lacks_is_named_at_once() {
    let (mut odile, mut lorcan, ottoline) = (Participant::new(1), Participant::new(2), Participant::new(3));
    let roster = roster(&[&odile.device, &lorcan.device]);
    let theirs = lorcan.say(|tx| tx.put(ROOT, "tuition", "VS retains"));
    let first = odile.say(|tx| tx.put(ROOT, "n", 1));
    odile.write(|tx| tx.put(ROOT, "n", 2));
    odile.take(&theirs, &roster).unwrap();
    odile.write(|tx| tx.put(ROOT, "n", 3));
    let both = odile.seal().unwrap();
    let mut wanted = [first.hash, theirs.hash];
    wanted.sort();
    let refusal = ottoline.index.clone().admit(&both, &roster).unwrap_err();
    assert_eq!(refusal.missing(), wanted);
}

#[test]
fn a_gap_in_the_authors_numbers_is_refused() {
    for seq in [2, 3, u64::MAX] {
        refuse("sequence", &altered(&Participant::new(1), |change| change.seq = seq));
    }
}

#[test]
fn another_change_under_a_used_number_is_refused() {
    let (mut odile, mut lorcan) = (Participant::new(1), Participant::new(2));
    let roster = roster(&[&odile.device]);
    let restored = altered(&odile, |_| {});
    lorcan.take(&odile.say(|tx| tx.put(ROOT, "n", 1)), &roster).unwrap();
    lorcan.take(&odile.say(|tx| tx.put(ROOT, "n", 2)), &roster).unwrap();
    check(&lorcan, "equivocation", &restored, &roster);
}

#[test]
fn a_change_that_does_not_build_on_its_authors_last_is_refused() {
    let (mut odile, mut lorcan) = (Participant::new(1), Participant::new(2));
    let roster = roster(&[&odile.device]);
    let beginning = odile.draft();
    lorcan.take(&odile.say(|tx| tx.put(ROOT, "n", 1)), &roster).unwrap();
    let beside = odile.device.seal(&[Change::from(ExpandedChange { seq: 2, ..beginning })]);
    check(&lorcan, "chain", &beside, &roster);
}

#[test]
fn a_second_beginning_is_refused() {
    refuse(
        "genesis",
        &altered(&Participant::new(1), |change| {
            change.deps.clear();
            change.start_op = 1.try_into().unwrap();
        }),
    );
}

#[test]
fn nobody_continues_the_numbering_of_the_genesis() {
    let odile = Participant::new(1);
    let mut draft = odile.draft();
    draft.actor_id = ActorId::from(GENESIS_ACTOR);
    draft.seq = 2;
    let mut envelope = odile.device.seal(&[Change::from(draft)]);
    envelope.actor = GENESIS_ACTOR;
    resign(&odile.device, &mut envelope);
    refuse("actor", &envelope);
}

#[test]
fn operation_numbers_that_do_not_follow_the_past_are_refused() {
    for start in [1, GENESIS_OPS, GENESIS_OPS + 2, 1 << 31, u64::from(u32::MAX)] {
        refuse("causality", &altered(&Participant::new(1), |change| change.start_op = start.try_into().unwrap()));
    }
    for start in [1 << 32, u64::MAX] {
        refuse("causality", &altered(&Participant::new(1), |change| change.start_op = start.try_into().unwrap()));
    }
}

#[test]
fn an_object_nobody_made_is_refused() {
    let stranger: Id = [0x77; 16];
    for object in [id(99, GENESIS_ACTOR), id(VERSION, GENESIS_ACTOR), id(ANSWERS, stranger)] {
        one_op("causality", on_key(ObjectId::Id(object), "x", put(1), vec![]));
    }
    one_op("canonical", on_key(ObjectId::Id(id(0, GENESIS_ACTOR)), "x", put(1), vec![]));
}

#[test]
fn an_object_of_a_concurrent_change_is_refused() {
    let (mut odile, mut lorcan) = (Participant::new(1), Participant::new(2));
    let roster = roster(&[&odile.device, &lorcan.device]);
    let made = lorcan.say(|tx| tx.put_object(ROOT, "rows", ObjType::Map));
    let unseen = id(GENESIS_OPS + 1, lorcan.device.actor());
    let change = altered(&odile, |change| {
        change.operations = vec![on_key(ObjectId::Id(unseen.clone()), "x", put(1), vec![])];
    });
    check(&lorcan, "causality", &change, &roster);
    // The same is fine once the author has seen it.
    odile.take(&made, &roster).unwrap();
    let change = altered(&odile, |change| {
        change.operations = vec![on_key(ObjectId::Id(unseen), "x", put(1), vec![])];
    });
    lorcan.take(&change, &roster).unwrap();
}

#[test]
fn an_object_made_later_in_the_same_change_is_refused() {
    let odile = Participant::new(1);
    let rows = |position: u64| ObjectId::Id(id(GENESIS_OPS + 1 + position, odile.device.actor()));
    let make = on_key(ObjectId::Root, "rows", OpType::Make(ObjType::Map), vec![]);
    for object in [rows(0), rows(1)] {
        let operations = vec![on_key(object, "x", put(1), vec![]), make.clone()];
        refuse("causality", &altered(&odile, |change| change.operations = operations));
    }
    let operations = vec![make.clone(), on_key(rows(0), "x", put(1), vec![])];
    Participant::new(2)
        .take(&altered(&odile, |change| change.operations = operations), &roster(&[&odile.device]))
        .unwrap();
}

#[test]
fn a_key_of_the_wrong_kind_is_refused() {
    one_op("causality", on_key(in_genesis(TARGETS), "x", put(1), vec![]));
    one_op("causality", on_key(in_genesis(STORY), "x", put("a"), vec![]));
    one_op("causality", on_element(in_genesis(ANSWERS), letter(), true, put(1), vec![]));
    one_op("causality", on_element(ObjectId::Root, letter(), false, put(1), vec![]));
    let mut inserted = on_key(in_genesis(ANSWERS), "x", put(1), vec![]);
    inserted.insert = true;
    one_op("causality", inserted);
    let mut head = on_element(in_genesis(TARGETS), letter(), false, put(1), vec![]);
    head.key = Key::Seq(ElementId::Head);
    one_op("causality", head);
}

#[test]
fn an_element_of_another_object_is_refused() {
    one_op("causality", on_element(in_genesis(TARGETS), letter(), true, put(1), vec![]));
    one_op("causality", on_element(in_genesis(STORY), target(), true, put("a"), vec![]));
    one_op("causality", on_element(in_genesis(STORY), target(), false, OpType::Delete, vec![target()]));
    one_op("causality", on_element(in_genesis(STORY), id(99, GENESIS_ACTOR), true, put("a"), vec![]));
    one_op("causality", on_element(in_genesis(STORY), id(VERSION, GENESIS_ACTOR), true, put("a"), vec![]));
}

#[test]
fn a_predecessor_in_another_place_is_refused() {
    let version = id(VERSION, GENESIS_ACTOR);
    one_op("causality", on_key(ObjectId::Root, "note", put(2), vec![version.clone()]));
    one_op("causality", on_key(in_genesis(ANSWERS), "version", put(2), vec![version.clone()]));
    one_op("causality", on_element(in_genesis(TARGETS), target(), false, put(2), vec![version.clone()]));
    one_op("causality", on_element(in_genesis(TARGETS), target(), false, put(2), vec![letter()]));
    one_op("causality", on_key(ObjectId::Root, "version", put(2), vec![target()]));
    admitted(on_key(ObjectId::Root, "version", put(2), vec![version]));
}

#[test]
fn a_predecessor_nobody_wrote_or_that_comes_later_is_refused() {
    let own = |position: u64| id(GENESIS_OPS + 1 + position, Device::new(1).actor());
    for pred in [id(99, GENESIS_ACTOR), id(VERSION, [0x77; 16]), own(0), own(1)] {
        one_op("causality", on_key(ObjectId::Root, "version", put(2), vec![pred]));
    }
    let beyond_32_bits = id((1 << 32) | VERSION, GENESIS_ACTOR);
    one_op("decode", on_key(ObjectId::Root, "version", put(2), vec![beyond_32_bits]));
}

#[test]
fn a_predecessor_named_twice_is_refused() {
    let version = id(VERSION, GENESIS_ACTOR);
    one_op("causality", on_key(ObjectId::Root, "version", put(2), vec![version.clone(), version]));
}

#[test]
fn an_insertion_that_does_something_else_is_refused() {
    one_op("causality", on_element(in_genesis(TARGETS), target(), true, put(1), vec![target()]));
    one_op("causality", on_element(in_genesis(TARGETS), target(), true, OpType::Delete, vec![target()]));
    one_op("causality", on_element(in_genesis(TARGETS), target(), true, OpType::Delete, vec![]));
    one_op("causality", on_element(in_genesis(TARGETS), target(), true, OpType::Increment(1), vec![]));
}

#[test]
fn a_delete_of_nothing_is_refused() {
    one_op("causality", on_key(ObjectId::Root, "version", OpType::Delete, vec![]));
    admitted(on_key(ObjectId::Root, "version", OpType::Delete, vec![id(VERSION, GENESIS_ACTOR)]));
}

#[test]
fn increments_elsewhere_than_on_a_counter_are_refused() {
    let visits = id(VISITS, GENESIS_ACTOR);
    one_op("causality", on_key(ObjectId::Root, "version", OpType::Increment(1), vec![id(VERSION, GENESIS_ACTOR)]));
    one_op("causality", on_key(ObjectId::Root, "visits", OpType::Increment(1), vec![]));
    admitted(on_key(ObjectId::Root, "visits", OpType::Increment(1), vec![visits]));
}

#[test]
fn counters_that_could_overflow_are_refused() {
    let visits = || vec![id(VISITS, GENESIS_ACTOR)];
    let most = COUNTER_MAGNITUDE_MAX as i64;
    for by in [most + 1, -most - 1, i64::MAX, i64::MIN] {
        one_op("causality", on_key(ObjectId::Root, "visits", OpType::Increment(by), visits()));
        one_op("causality", on_key(ObjectId::Root, "visits", put(ScalarValue::counter(by)), visits()));
    }
    admitted(on_key(ObjectId::Root, "visits", OpType::Increment(-most), visits()));
    admitted(on_key(ObjectId::Root, "visits", put(ScalarValue::counter(most)), visits()));
}

#[test]
fn marks_are_refused() {
    let begin = OpType::MarkBegin(MarkData { name: "bold".into(), value: true.into(), expand: false });
    one_op("form", on_element(in_genesis(STORY), letter(), true, begin, vec![]));
    one_op("form", on_element(in_genesis(STORY), letter(), true, OpType::MarkEnd(true), vec![]));
}

#[test]
fn tables_bytes_and_unknown_values_are_refused() {
    one_op("form", on_key(in_genesis(ANSWERS), "x", OpType::Make(ObjType::Table), vec![]));
    one_op("causality", on_key(in_genesis(ANSWERS), "x", put(ScalarValue::Bytes(vec![1])), vec![]));
    let unknown = ScalarValue::Unknown { type_code: 12, bytes: vec![1] };
    one_op("causality", on_key(in_genesis(ANSWERS), "x", put(unknown), vec![]));
}

#[test]
fn texts_hold_short_characters_only() {
    one_op("causality", on_element(in_genesis(STORY), letter(), true, OpType::Make(ObjType::Map), vec![]));
    one_op("causality", on_element(in_genesis(STORY), letter(), true, put(1), vec![]));
    one_op("causality", on_element(in_genesis(STORY), letter(), true, put(""), vec![]));
    let long = "a".repeat(TEXT_ELEMENT_BYTES_MAX + 1);
    one_op("causality", on_element(in_genesis(STORY), letter(), true, put(long.as_str()), vec![]));
    one_op("causality", on_element(in_genesis(STORY), letter(), false, put("a"), vec![letter()]));
    admitted(on_element(in_genesis(STORY), letter(), true, put("é"), vec![]));
    admitted(on_element(in_genesis(STORY), letter(), false, OpType::Delete, vec![letter()]));
}

#[test]
fn a_long_string_is_refused() {
    let long = "s".repeat(STRING_BYTES_MAX + 1);
    one_op("causality", on_key(in_genesis(ANSWERS), "x", put(long.as_str()), vec![]));
    admitted(on_key(in_genesis(ANSWERS), "x", put(&long[1..]), vec![]));
}

#[test]
fn objects_nested_too_deeply_are_refused() {
    let odile = Participant::new(1);
    let nested = |levels: u64| {
        altered(&odile, |change| {
            change.operations = (0..levels)
                .map(|level| {
                    let inside = id(GENESIS_OPS + level, odile.device.actor());
                    let inside = if level == 0 { ObjectId::Root } else { ObjectId::Id(inside) };
                    on_key(inside, "deeper", OpType::Make(ObjType::Map), vec![])
                })
                .collect();
        })
    };
    refuse("causality", &nested(u64::from(DEPTH_MAX) + 1));
    Participant::new(2).take(&nested(u64::from(DEPTH_MAX)), &roster(&[&odile.device])).unwrap();
}

#[test]
fn parts_of_the_genesis_are_not_replaced_or_deleted() {
    let answers = || vec![id(ANSWERS, GENESIS_ACTOR)];
    for action in [put(1), OpType::Delete, OpType::Make(ObjType::Map)] {
        one_op("genesis", on_key(ObjectId::Root, "answers", action.clone(), answers()));
        one_op("genesis", on_key(in_genesis(ANSWERS), "story", action, vec![id(STORY, GENESIS_ACTOR)]));
    }
    // Nor put beside, as if the author had not seen them.
    one_op("genesis", on_key(ObjectId::Root, "answers", put(1), vec![]));
    one_op("genesis", on_key(in_genesis(ANSWERS), "targets", OpType::Make(ObjType::List), vec![]));
}

#[test]
fn a_genesis_that_is_no_first_change_is_refused() {
    let odile = Participant::new(1);
    let later = Change::from(odile.draft());
    assert_eq!(Index::new(later.raw_bytes()).unwrap_err().code(), "genesis");
    let mut numbered = Change::try_from(genesis().as_slice()).unwrap().decode();
    numbered.seq = 2;
    assert_eq!(Index::new(Change::from(numbered).raw_bytes()).unwrap_err().code(), "genesis");
    assert_eq!(Index::new(&[]).unwrap_err().code(), "form");
    assert_eq!(Index::new(&odile.document.save()).unwrap_err().code(), "form");
    assert_eq!(Index::new(&[genesis(), genesis()].concat()).unwrap_err().code(), "form");
}

// ---- whole or not at all

#[test]
fn a_refused_envelope_leaves_no_trace_of_its_good_changes() {
    let (mut odile, mut lorcan) = (Participant::new(1), Participant::new(2));
    let roster = roster(&[&odile.device, &lorcan.device]);
    // Lorcan knows some of Odile's typing, so that the good changes extend runs that are there already.
    let story =
        odile.document.get(odile.document.get(ROOT, "answers").unwrap().unwrap().1, "story").unwrap().unwrap().1;
    for known in [false, true] {
        if known {
            lorcan.take(&odile.say(|tx| tx.splice_text(&story, 1, 0, "ren reads")), &roster).unwrap();
        }
        odile.write(|tx| tx.splice_text(&story, 1, 0, "ell, W"));
        odile.write(|tx| tx.put_object(ROOT, "a new key", ObjType::Map));
        let good = odile.unsent.clone();
        let mut bad = odile.draft();
        bad.operations.push(on_key(ObjectId::Root, "another new key", OpType::Delete, vec![]));
        let spoilt = [good.clone(), vec![Change::from(bad)]].concat();
        let before = lorcan.index.clone();
        check(&lorcan, "causality", &odile.device.seal(&spoilt), &roster);
        // The copy inside `check` was compared; here the same index goes on.
        assert_eq!(lorcan.index.admit(&odile.device.seal(&spoilt), &roster).unwrap_err().code(), "causality");
        assert_eq!(lorcan.index, before);
        assert_eq!(lorcan.index.heads(), before.heads());
        assert_eq!(lorcan.index.tip(&odile.device.actor()), before.tip(&odile.device.actor()));
        odile.unsent.clear();
        let envelope = odile.device.seal(&good);
        odile.index.readmit(&envelope).unwrap();
        assert_eq!(lorcan.take(&envelope, &roster).unwrap().changes().len(), 2);
        assert_eq!(lorcan.index.heads(), odile.index.heads());
    }
}

#[test]
fn what_is_known_is_skipped_and_what_is_new_is_handed_out() {
    let (mut odile, mut lorcan) = (Participant::new(1), Participant::new(2));
    let roster = roster(&[&odile.device]);
    for n in 0..4 {
        odile.write(|tx| tx.put(ROOT, "n", n));
    }
    let first_two = odile.device.seal(&odile.unsent[..2]);
    let overlapping = odile.device.seal(&odile.unsent[1..]);
    let admitted = lorcan.take(&first_two, &roster).unwrap();
    assert_eq!((admitted.changes().len(), admitted.is_known()), (2, false));
    let before = lorcan.index.clone();
    let again = lorcan.take(&first_two, &roster).unwrap();
    assert!(again.is_known() && again.changes().is_empty());
    assert_eq!(again.envelope(), &first_two);
    assert_eq!(lorcan.index, before);
    let admitted = lorcan.take(&overlapping, &roster).unwrap();
    assert_eq!(admitted.changes(), &odile.unsent[2..]);
    assert_eq!(lorcan.index.changes(), 4);
    assert_eq!(lorcan.index.heads(), [overlapping.hash]);
    assert!(lorcan.take(&odile.device.seal(&odile.unsent), &roster).unwrap().is_known());
}

#[test]
fn a_known_envelope_with_a_bad_signature_is_still_refused() {
    let (mut odile, mut lorcan) = (Participant::new(1), Participant::new(2));
    let roster = roster(&[&odile.device]);
    let envelope = odile.say(|tx| tx.put(ROOT, "n", 1));
    lorcan.take(&envelope, &roster).unwrap();
    check(&lorcan, "signature", &Envelope { sig: [0; 64], ..envelope }, &roster);
}

#[test]
fn ones_own_journal_is_read_again_without_a_roster() {
    let (mut odile, mut lorcan) = (Participant::new(1), Participant::new(2));
    let roster = roster(&[&odile.device]);
    let envelopes = [odile.say(|tx| tx.put(ROOT, "n", 1)), odile.say(|tx| tx.put(ROOT, "n", 2))];
    for envelope in &envelopes {
        lorcan.take(envelope, &roster).unwrap();
    }
    let mut index = Index::new(&genesis()).unwrap();
    for envelope in &envelopes {
        index.readmit(envelope).unwrap();
    }
    assert_eq!(index.heads(), lorcan.index.heads());
    assert_eq!(index.actors().collect::<Vec<_>>(), [&odile.device.actor()]);
    // The actor is bound again by the next envelope from outside.
    let next = odile.say(|tx| tx.put(ROOT, "n", 3));
    index.admit(&next, &roster).unwrap();
    lorcan.take(&next, &roster).unwrap();
    assert_eq!(index, lorcan.index);
}

#[test]
fn refusals_and_envelopes_show_no_content() {
    let mut odile = Participant::new(1);
    let envelope = odile.say(|tx| tx.put(ROOT, "secret-key", "secret-value"));
    let admitted = Index::new(&genesis()).unwrap().admit(&envelope, &roster(&[&odile.device])).unwrap();
    let refusal = altered(&odile, |change| change.operations[0].pred = vec![id(99, GENESIS_ACTOR)].into());
    let refusal = odile.index.clone().admit(&refusal, &roster(&[&odile.device])).unwrap_err();
    for shown in [format!("{envelope:?}{admitted:?}{:?}", odile.index), format!("{refusal:?} {refusal}")] {
        assert!(!shown.contains("secret") && !shown.contains("draft"), "{shown}");
        // Nor as numbers of bytes, as a list would be shown.
        assert!(!shown.contains("115, 101, 99"), "{shown}");
    }
}

// ---- helpers

/// The refusal has this code and leaves the index as it was.
pub fn check(at: &Participant, code: &str, envelope: &Envelope, roster: &gate::Team) {
    let mut index = at.index.clone();
    let refusal: Refusal = index.admit(envelope, roster).expect_err(code);
    assert_eq!(refusal.code(), code, "{refusal}");
    assert_eq!(refusal.is_missing(), code == "missing");
    assert!(index == at.index, "a refusal changed the index");
}

/// The same at a replica that knows only the genesis, for an envelope of device 1.
fn refuse(code: &str, envelope: &Envelope) {
    check(&Participant::new(2), code, envelope, &roster(&[&Device::new(1)]));
}

/// A change of this one operation is refused.
fn one_op(code: &str, op: automerge::legacy::Op) {
    refuse(code, &altered(&Participant::new(1), |change| change.operations = vec![op]));
}

/// A change of this one operation is admitted, applies, and its document loads again.
fn admitted(op: automerge::legacy::Op) {
    let envelope = altered(&Participant::new(1), |change| change.operations = vec![op]);
    let mut lorcan = Participant::new(2);
    lorcan.take(&envelope, &roster(&[&Device::new(1)])).unwrap();
    let loaded = automerge::Automerge::load(&lorcan.document.save()).unwrap();
    assert_eq!(loaded.get_heads(), lorcan.document.get_heads());
}

fn letter() -> automerge::legacy::OpId {
    id(FIRST_LETTER, GENESIS_ACTOR)
}

fn target() -> automerge::legacy::OpId {
    id(FIRST_TARGET, GENESIS_ACTOR)
}

fn resign(device: &Device, envelope: &mut Envelope) {
    *envelope = Envelope { sig: sign_for(device, envelope), ..envelope.clone() };
}

fn sign_for(device: &Device, envelope: &Envelope) -> gate::Signature {
    device.sign_statement(&gate::statement(&envelope.doc, &envelope.actor, envelope.seq, &envelope.hash))
}

pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A change of device 1 with this body, labelled as its first.
fn from_body(inside: &[u8]) -> Envelope {
    let (bytes, hash) = chunk(1, inside);
    Device::new(1).seal_bytes(1, hash, bytes)
}

/// The columns of `put(ROOT, "x", null)` as Automerge writes them.
fn one_put() -> Vec<(u64, Vec<u8>)> {
    vec![
        (0x15, vec![0x7f, 1, b'x']),
        (0x34, vec![1]),
        (0x42, vec![0x7f, 1]),
        (0x56, vec![0x7f, 0]),
        (0x70, vec![0x7f, 0]),
    ]
}

/// The body of device 1's first change on the genesis, with these columns.
fn hand_made(columns: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut out = vec![1];
    out.extend(Index::new(&genesis()).unwrap().genesis());
    out.push(16);
    out.extend(Device::new(1).actor());
    out.extend([1, GENESIS_OPS as u8 + 1, 0, 0, 0]);
    leb(columns.len() as u64, &mut out);
    for (spec, data) in columns {
        leb(*spec, &mut out);
        leb(data.len() as u64, &mut out);
    }
    columns.iter().for_each(|(_, data)| out.extend(data));
    out
}
