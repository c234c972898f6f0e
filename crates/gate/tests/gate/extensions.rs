//! A change that carries the document's beginning on: by the genesis's own actor, told by its hash alone, signed by somebody who may.

use automerge::transaction::Transactable;
use automerge::{ActorId, Automerge, Change, ObjType, ROOT};
use gate::{Envelope, Index, Refusal, Team, Tip, admit_snapshot, reindex, statement};

use crate::world::*;

/// The changes that carry the genesis on, one after the other: each says a version and makes a text.
fn extensions() -> Vec<Change> {
    let mut document = new_document().with_actor(ActorId::from(GENESIS_ACTOR));
    document.apply_changes([Change::try_from(genesis().as_slice()).unwrap()]).unwrap();
    let mut changes = Vec::new();
    for version in 2..4_u64 {
        commit(&mut document, |tx| {
            tx.put(ROOT, "version", version)?;
            tx.put_object(ROOT, format!("new-{version}"), ObjType::Text)
        });
        changes.push(document.get_last_local_change().unwrap());
    }
    changes
}

/// Odile (1) may carry the beginning on, Lorcan (2) may not; only the first of the changes is one of this version.
fn team() -> Team {
    let (odile, lorcan) = (Device::new(1), Device::new(2));
    let first = extensions()[0].hash().0;
    Team {
        extensions: [first].into(),
        extenders: ["1".to_owned()].into(),
        ..ruled(&[&odile, &lorcan], "note value everyone\nnew-2 text everyone\nversion value everyone")
    }
}

/// Changes of the genesis's actor in an envelope that a device signs.
fn sealed(device: &Device, changes: &[Change]) -> Envelope {
    let last = changes.last().unwrap();
    let (seq, hash) = (last.seq(), last.hash().0);
    let sig = device.sign_statement(&statement(&DOC, &GENESIS_ACTOR, seq, &hash));
    let chunks = changes.iter().flat_map(|change| change.clone().bytes().to_vec()).collect();
    Envelope { doc: DOC, actor: GENESIS_ACTOR, incarnation: None, seq, hash, device: device.id(), sig, chunks }
}

fn index() -> Index {
    Index::new(&genesis()).unwrap()
}

#[test]
fn exactly_the_change_that_is_expected_is_admitted_from_whoever_may_make_it() {
    let (odile, lorcan) = (Device::new(1), Device::new(2));
    let all = extensions();
    let mut index = index();
    let before = index.clone();
    let mut refuse = |code: &str, envelope: &Envelope| {
        assert_eq!(index.admit(envelope, &team()).expect_err(code).code(), code);
        assert!(index == before, "and nothing of it stays");
    };
    refuse("actor", &sealed(&lorcan, &all[..1]));
    // A future version: the change after it is not expected yet, alone or with the first.
    refuse("actor", &sealed(&odile, &all));
    refuse("actor", &sealed(&odile, &all[1..]));
    // Something else under the same number.
    let mut other = all[0].decode();
    other.message = Some("other".into());
    refuse("actor", &sealed(&odile, &[Change::from(other)]));
    let mut forged = sealed(&odile, &all[..1]);
    forged.sig[5] ^= 1;
    refuse("signature", &forged);

    let admitted = index.admit(&sealed(&odile, &all[..1]), &team()).unwrap();
    assert_eq!((admitted.changes().len(), index.extensions()), (1, 1));
    assert_eq!(index.tip(&GENESIS_ACTOR), Some((2, all[0].hash().0)));
    assert_eq!(index.author(&GENESIS_ACTOR), Some(odile.author()), "it is known who made it");
    // Twice: also from somebody who might not have made it.
    for device in [&odile, &lorcan] {
        assert!(index.admit(&sealed(device, &all[..1]), &team()).unwrap().is_known());
    }
    assert_eq!(index.author(&GENESIS_ACTOR), Some(odile.author()));
}

#[test]
fn a_bit_turned_anywhere_in_it_is_refused() {
    let odile = Device::new(1);
    let good = sealed(&odile, &extensions()[..1]);
    for at in 0..good.chunks.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad.chunks[at] ^= 1 << bit;
            let mut index = index();
            assert!(index.admit(&bad, &team()).is_err(), "byte {at}, bit {bit}");
            assert_eq!(index.extensions(), 0);
        }
    }
}

#[test]
fn what_it_makes_is_kept_and_written_in_as_the_rules_say() {
    let odile = Participant::new(1);
    let mut lorcan = Participant::new(2);
    let carried = sealed(&odile.device, &extensions()[..1]);
    lorcan.take(&carried, &team()).unwrap();
    let mut relay = index();
    relay.admit(&carried, &team()).unwrap();
    let text = automerge::ReadDoc::get(&lorcan.document, ROOT, "new-2").unwrap().unwrap().1;
    let said = lorcan.say(|tx| tx.splice_text(&text, 0, 0, "Rang on Sunday."));
    relay.admit(&said, &team()).unwrap();
    lorcan.write(|tx| tx.put_object(ROOT, "new-2", ObjType::Text));
    let replaced = lorcan.device.seal(&lorcan.unsent);
    assert_eq!(relay.admit(&replaced, &team()).unwrap_err().code(), "genesis");
    // Its words stand on it: without it they have no past.
    assert!(index().admit(&said, &team()).unwrap_err().is_missing());
}

#[test]
fn one_that_fails_halfway_leaves_nothing() {
    let odile = Device::new(1);
    let [first, second] = &extensions()[..] else { unreachable!() };
    // The second builds on the genesis alone: a chain it breaks, though somebody should expect it.
    let mut broken = second.decode();
    broken.deps = first.deps().to_vec();
    let broken = Change::from(broken);
    let mut team = team();
    team.extensions.insert(broken.hash().0);
    let mut index = index();
    let before = index.clone();
    assert!(index.admit(&sealed(&odile, &[first.clone(), broken]), &team).is_err());
    assert!(index == before);
}

#[test]
fn a_snapshot_carries_it_with_the_signature_of_whoever_made_it() {
    let odile = Participant::new(1);
    let mut lorcan = Participant::new(2);
    let carried = sealed(&odile.device, &extensions()[..1]);
    lorcan.take(&carried, &team()).unwrap();
    lorcan.say(|tx| tx.put(ROOT, "note", "after it"));
    let tip_of = |envelope: &Envelope| Tip {
        actor: envelope.actor,
        incarnation: envelope.incarnation,
        seq: envelope.seq,
        hash: envelope.hash,
        device: envelope.device,
        sig: envelope.sig,
    };
    let (seq, hash) = lorcan.index.tip(&lorcan.device.actor()).unwrap();
    let own = Tip {
        actor: lorcan.device.actor(),
        incarnation: lorcan.device.named(),
        seq,
        hash,
        device: lorcan.device.id(),
        sig: lorcan.device.sign(seq, &hash),
    };
    let admit = |tips: &[Tip]| -> Result<(Index, Automerge), Refusal> {
        let bytes = lorcan.document.save();
        admit_snapshot(&DOC, &bytes, &genesis(), tips, &team())
            .map(|(index, document)| (index, document.into_document()))
    };
    let (index, document) = admit(&[own.clone(), tip_of(&carried)]).unwrap();
    assert_eq!((index.extensions(), index.author(&GENESIS_ACTOR)), (1, Some(odile.device.author())));
    assert_eq!(reindex(&document, &genesis()).unwrap().extensions(), 1, "and one's own store gives it back");
    assert_eq!(admit(std::slice::from_ref(&own)).unwrap_err().code(), "tip", "nobody stands behind it");
    let by_lorcan = tip_of(&sealed(&lorcan.device, &extensions()[..1]));
    assert_eq!(admit(&[own, by_lorcan]).unwrap_err().code(), "actor", "somebody who may not");
}
