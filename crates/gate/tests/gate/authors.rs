//! Who stands behind an actor: how far it is looked for, and that what was kept of it is not looked for again.

use automerge::transaction::Transactable;
use automerge::{ActorId, ROOT};
use gate::limits::{NUMBERS_AFTER_VAIN_MAX, NUMBERS_MAX};
use gate::{Envelope, Id, Index, authors_of, numbered_actor, statement};

use crate::world::*;

fn actor(device: &Device, number: u32) -> Id {
    numbered_actor(&DOC, &device.author(), number)
}

/// A participant who writes envelopes of version 1 under this number.
fn numbered(seed: u8, number: u32) -> Participant {
    let mut participant = Participant::new(seed);
    participant.device.number = Some(number);
    participant.document.set_actor(ActorId::from(participant.device.actor()));
    participant
}

#[test]
fn an_author_is_found_as_far_as_the_gate_looks_and_no_further() {
    let (odile, lorcan, stranger) = (Device::new(1), Device::new(2), Device::new(3));
    let team = [odile.author(), lorcan.author()];
    let (first, last) = (actor(&odile, 0), actor(&lorcan, NUMBERS_MAX - 1));
    let found = authors_of(&DOC, [first, last], &team);
    assert_eq!(found, [(first, odile.author()), (last, lorcan.author())].into());

    let nobodys = [actor(&lorcan, NUMBERS_MAX), actor(&stranger, 0), GENESIS_ACTOR];
    assert!(authors_of(&DOC, nobodys, &team).is_empty());
    assert!(authors_of(&[1; 16], [first], &team).is_empty(), "an actor is one document's");
}

#[test]
fn whoever_was_sought_once_in_vain_is_not_sought_so_far_again() {
    let mut lorcan = Participant::new(2);
    let (mut near, mut far) = (numbered(1, NUMBERS_AFTER_VAIN_MAX - 1), numbered(1, NUMBERS_AFTER_VAIN_MAX));
    let roster = roster(&[&near.device, &lorcan.device]);
    let (far, near) = (far.say(|tx| tx.put(ROOT, "n", 1)), near.say(|tx| tx.put(ROOT, "n", 2)));
    let nobodys = numbered(1, NUMBERS_MAX).say(|tx| tx.put(ROOT, "n", 3));
    // One index has never been made to search for nothing; in the other a change of nobody's was refused.
    let mut other = Participant::new(2);
    assert_eq!(other.take(&nobodys, &roster).unwrap_err().code(), "actor");
    assert_eq!(other.take(&far, &roster).unwrap_err().code(), "actor", "no program of ours comes to this");
    other.take(&near, &roster).unwrap();
    lorcan.take(&far, &roster).unwrap();
    // It says nothing of other authors.
    let mut ondine = numbered(4, NUMBERS_MAX - 1);
    let said = ondine.say(|tx| tx.put(ROOT, "n", 4));
    other.take(&said, &crate::world::roster(&[&ondine.device])).unwrap();
}

#[test]
fn what_was_found_once_is_not_sought_again_where_the_change_was_refused() {
    let mut lorcan = Participant::new(2);
    let mut odile = numbered(1, NUMBERS_MAX - 1);
    let roster = roster(&[&odile.device]);
    let (first, second) = (odile.say(|tx| tx.put(ROOT, "n", 1)), odile.say(|tx| tx.put(ROOT, "n", 2)));
    assert!(lorcan.take(&second, &roster).unwrap_err().is_missing());
    // After that a search that ends early would not find it.
    let nobodys = numbered(1, NUMBERS_MAX).say(|tx| tx.put(ROOT, "n", 3));
    assert_eq!(lorcan.take(&nobodys, &roster).unwrap_err().code(), "actor");
    lorcan.take(&first, &roster).unwrap();
    lorcan.take(&second, &roster).unwrap();
}

#[test]
fn the_author_of_an_actor_is_known_from_an_admission_and_can_be_given_back() {
    let lorcan = Participant::new(2);
    // One that no search would find: whoever looked for it again would refuse it.
    let mut odile = numbered(1, NUMBERS_MAX);
    let roster = roster(&[&odile.device, &lorcan.device]);
    let (first, second) = (odile.say(|tx| tx.put(ROOT, "n", 1)), odile.say(|tx| tx.put(ROOT, "n", 2)));
    let mut index = Index::new(&genesis()).unwrap();
    index.remember(&first.actor, odile.device.author(), None);
    assert_eq!(index.author(&first.actor), None, "nobody has written yet");
    index.readmit(&first).unwrap();
    assert_eq!(index.author(&first.actor), None);
    assert_eq!(index.admit(&second, &roster).unwrap_err().code(), "actor");

    index.remember(&first.actor, odile.device.author(), None);
    index.admit(&second, &roster).unwrap();
    let mut third = odile.say(|tx| tx.put(ROOT, "n", 3));
    third.device = lorcan.device.id();
    third.sig = lorcan.device.sign_statement(&statement(&DOC, &third.actor, third.seq, &third.hash));
    assert_eq!(index.admit(&third, &roster).unwrap_err().code(), "actor", "it is Odile's");

    let mut ondine = Participant::new(4);
    let said = ondine.say(|tx| tx.put(ROOT, "n", 4));
    index.admit(&said, &crate::world::roster(&[&ondine.device])).unwrap();
    assert_eq!(index.author(&said.actor), Some(ondine.device.author()));
    assert_eq!((index.incarnation(&said.actor), index.incarnation(&first.actor)), (Some([0; 16]), None));
}

#[test]
fn an_incarnation_is_known_from_an_admission_and_can_be_given_back() {
    let mut odile = Participant::new(1);
    let roster = roster(&[&odile.device]);
    let (first, second) = (odile.say(|tx| tx.put(ROOT, "n", 1)), odile.say(|tx| tx.put(ROOT, "n", 2)));
    let other = |envelope: &Envelope| Envelope { incarnation: Some([9; 16]), ..envelope.clone() };
    for given_back in [false, true] {
        let mut index = Index::new(&genesis()).unwrap();
        index.readmit(&first).unwrap();
        assert_eq!(index.incarnation(&first.actor), Some([0; 16]), "one's own journal names it");
        if given_back {
            index.remember(&first.actor, odile.device.author(), Some([0; 16]));
        }
        assert_eq!(index.admit(&other(&second), &roster).unwrap_err().code(), "actor");
        index.admit(&second, &roster).unwrap();
    }
}
