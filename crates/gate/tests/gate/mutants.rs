//! Whatever the gate admits does no harm: genuine histories with one change altered at random. Most alterations are
//! refused; those that are not must apply in any order, one by one and in a batch, save, load, and converge.

use std::cell::Cell;

use automerge::transaction::Transactable;
use automerge::{ActorId, Automerge, Change, ROOT};
use gate::{Envelope, Index};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::alter::{Material, Picks, alter};
use crate::histories::{Team, config, deeds, load, shown};
use crate::world::*;

#[test]
fn an_altered_change_is_refused_or_harmless() {
    let picks = || proptest::collection::vec(any::<u32>(), 8);
    search(100, picks(), |team, at, picks| {
        let original = &team.material.changes[at];
        let mut altered = original.decode();
        let mut picks = Picks(picks.into_iter());
        for _ in 0..1 + picks.below(2) {
            alter(&mut altered, &team.material, &mut picks);
        }
        // Some alterations cannot be written down as bytes at all.
        let change = std::panic::catch_unwind(|| Change::from(altered)).ok()?;
        let device = team.device(original);
        Some(Envelope { actor: original.actor_id().to_bytes().try_into().unwrap(), ..device.seal(&[change]) })
    });
}

#[test]
fn a_change_with_altered_bytes_is_refused_or_harmless() {
    let edits = || proptest::collection::vec((any::<u16>(), any::<u8>(), 0..4u8), 1..4);
    search(100, edits(), |team, at, edits| {
        let original = &team.material.changes[at];
        let mut inside = body(original.raw_bytes()).to_vec();
        for (place, byte, how) in edits {
            let place = usize::from(place) % inside.len();
            match how {
                0 => inside[place] = byte,
                1 => inside[place] ^= 1 << (byte % 8),
                2 => inside.insert(place, byte),
                _ => drop(inside.remove(place)),
            }
        }
        let (bytes, hash) = chunk(1, &inside);
        Some(team.device(original).seal_bytes(original.seq(), hash, bytes))
    });
}

/// A genuine history, and what alterations draw on.
struct History {
    team: Team,
    material: Material,
    /// Each of the changes by itself.
    envelopes: Vec<Envelope>,
}

impl History {
    fn device(&self, change: &Change) -> &Device {
        let of = |person: &&Participant| ActorId::from(person.device.actor()) == *change.actor_id();
        &self.team.people.iter().find(of).unwrap().device
    }
}

/// Plays genuine histories, alters a change of each in several ways, and checks what is admitted.
fn search<E: Strategy>(cases: u32, edits: E, alter: impl Fn(&History, usize, E::Value) -> Option<Envelope>) {
    let (admitted, refused) = (Cell::new(0), Cell::new(0));
    let strategy = (deeds(30), proptest::collection::vec((any::<u16>(), edits), 12));
    let outcome = TestRunner::new(config(cases)).run(&strategy, |(deeds, edits)| {
        let mut team = Team::new();
        team.play(&deeds);
        team.meet();
        let changes = team.people[0].document.get_changes(&[]).split_off(1);
        let ids = (1..=GENESIS_OPS).map(|counter| id(counter, GENESIS_ACTOR)).collect();
        let mut history = History { team, material: Material::of(changes, ids), envelopes: vec![] };
        let changes = history.material.changes.iter();
        let sealed = changes.map(|change| history.device(change).seal(std::slice::from_ref(change)));
        history.envelopes = sealed.collect();
        for (at, edit) in edits {
            let Some(at) = usize::from(at).checked_rem(history.material.changes.len()) else { continue };
            let Some(envelope) = alter(&history, at, edit) else { continue };
            match outlive(&history, at, &envelope) {
                true => admitted.set(admitted.get() + 1),
                false => refused.set(refused.get() + 1),
            }
        }
        Ok(())
    });
    outcome.unwrap();
    // Both ways must have been tried, or the search searched nothing.
    assert!(admitted.get() > 0 && refused.get() > 0, "{} admitted, {} refused", admitted.get(), refused.get());
}

/// Takes the altered change in place of the one at `at`; if it is admitted, every order of arrival ends alike.
fn outlive(history: &History, at: usize, altered: &Envelope) -> bool {
    let roster = &history.team.roster;
    let mut index = Index::new(&genesis()).unwrap();
    let mut known = vec![Change::try_from(genesis().as_slice()).unwrap()];
    for envelope in &history.envelopes[..at] {
        known.extend_from_slice(index.readmit(envelope).unwrap().changes());
    }
    let before = index.clone();
    let altered = match index.admit(altered, roster) {
        Ok(admitted) => admitted.changes().to_vec(),
        Err(_) => {
            assert!(index == before, "a refusal changed the index");
            return false;
        }
    };
    // What the others wrote meanwhile, and whatever else still has all it builds on.
    let mut later = Vec::new();
    for envelope in &history.envelopes[at..] {
        if let Ok(admitted) = index.readmit(envelope) {
            later.extend_from_slice(admitted.changes());
        }
    }

    let mut one_by_one = new_document();
    for change in known.iter().chain(&altered).chain(&later) {
        one_by_one.apply_changes([change.clone()]).unwrap();
    }
    let mut altered_last = load(&applied(known.iter()));
    for change in later.iter().chain(&altered) {
        altered_last.apply_changes([change.clone()]).unwrap();
    }
    let at_once = applied(later.iter().chain(&altered).chain(&known));
    let heads = index.heads();
    for mut document in [one_by_one, altered_last, at_once] {
        assert_eq!(document.get_heads().iter().map(|head| head.0).collect::<Vec<_>>(), heads);
        assert_eq!(shown(&document), shown(&applied(known.iter().chain(&altered).chain(&later))));
        let mut loaded = load(&document);
        assert_eq!(shown(&loaded), shown(&document));
        // And it goes on being written.
        for document in [&mut document, &mut loaded] {
            document.set_actor(ActorId::from([0xee; 16]));
            commit(document, |tx| tx.put(ROOT, "later", 1));
        }
        assert_eq!(load(&document).get_heads(), loaded.get_heads());
    }
    true
}

fn applied<'a>(changes: impl Iterator<Item = &'a Change> + Clone) -> Automerge {
    let mut document = new_document();
    document.apply_changes(changes.cloned()).unwrap();
    document
}
