//! Who stands behind an actor: how far it is looked for, and that what was kept of it is not looked for again.

use automerge::transaction::Transactable;
use automerge::{ActorId, ROOT};
use gate::limits::INCARNATIONS_MAX;
use gate::{Id, Index, actor_id, authors_of, incarnation_of, statement};

use crate::world::*;

fn actor(device: &Device, incarnation: u32) -> Id {
    actor_id(&DOC, &device.key(), &device.person, incarnation)
}

#[test]
fn an_author_is_found_as_far_as_the_gate_looks_and_no_further() {
    let (odile, lorcan, stranger) = (Device::new(1), Device::new(2), Device::new(3));
    let team = [odile.author(), lorcan.author()];
    let (first, last) = (actor(&odile, 0), actor(&lorcan, INCARNATIONS_MAX - 1));
    let found = authors_of(&DOC, [first, last], &team);
    assert_eq!(found, [(first, odile.author()), (last, lorcan.author())].into());
    assert_eq!(incarnation_of(&DOC, &last, &lorcan.author()), Some(INCARNATIONS_MAX - 1));

    let nobodys = [actor(&lorcan, INCARNATIONS_MAX), actor(&stranger, 0), GENESIS_ACTOR];
    assert!(authors_of(&DOC, nobodys, &team).is_empty());
    assert_eq!(incarnation_of(&DOC, &first, &lorcan.author()), None);
    assert!(authors_of(&[1; 16], [first], &team).is_empty(), "an actor is one document's");
}

#[test]
fn the_author_of_an_actor_is_known_from_an_admission_and_can_be_given_back() {
    let (mut odile, lorcan) = (Participant::new(1), Participant::new(2));
    let roster = roster(&[&odile.device, &lorcan.device]);
    // One that no search would find: whoever looked for it again would refuse it.
    odile.device.incarnation = INCARNATIONS_MAX;
    odile.document.set_actor(ActorId::from(odile.device.actor()));
    let (first, second) = (odile.say(|tx| tx.put(ROOT, "n", 1)), odile.say(|tx| tx.put(ROOT, "n", 2)));
    let mut index = Index::new(&genesis()).unwrap();
    index.remember(&first.actor, odile.device.author());
    assert_eq!(index.author(&first.actor), None, "nobody has written yet");
    index.readmit(&first).unwrap();
    assert_eq!(index.author(&first.actor), None);
    assert_eq!(index.admit(&second, &roster).unwrap_err().code(), "actor");

    index.remember(&first.actor, odile.device.author());
    index.admit(&second, &roster).unwrap();
    let mut third = odile.say(|tx| tx.put(ROOT, "n", 3));
    third.device = lorcan.device.id();
    third.sig = lorcan.device.sign_statement(&statement(&DOC, &third.actor, third.seq, &third.hash));
    assert_eq!(index.admit(&third, &roster).unwrap_err().code(), "actor", "it is Odile's");

    let mut ondine = Participant::new(4);
    let said = ondine.say(|tx| tx.put(ROOT, "n", 4));
    index.admit(&said, &crate::world::roster(&[&ondine.device])).unwrap();
    assert_eq!(index.author(&said.actor), Some(ondine.device.author()));
}
