//! Who may write where: each kind of operation at each kind of place, and the same judgement by another way of finding it.

use std::cell::Cell;
use std::sync::Arc;

use automerge::legacy::{ElementId, Key, ObjectId, Op, OpId, OpType};
use automerge::transaction::{Transactable, Transaction};
use automerge::{
    ActorId, Automerge, AutomergeError, Change, ExpandedChange, ObjId, ObjType, ROOT, ReadDoc, ScalarValue,
};
use gate::{Envelope, Index, Refusal, Team, Tip, admit_snapshot};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::histories::{self, config, deeds};
use crate::refusals::check;
use crate::world::*;

/// What device 1 may write: `everyone` and `1` are its groups.
const RULES: &str = "
    answers/story             text    1 7
    answers/targets           list    1
    answers/due               value   1
    answers/rows              map     1
    answers/rows/*            map     everyone
    answers/rows/*/day        value   1
    answers/rows/*/remark     text    1
    answers/rows/*/words@     text    1
    answers/said              map     everyone
    answers/said/@            text    everyone
    answers/theirs            value   7
    remarks                   map     everyone
    remarks/*                 map     everyone
    remarks/*/say             sealed  everyone
    signed                    map     1
    signed/@                  map     1
    signed/@/hash             sealed  1
    visits                    value   1
    notes                     free    1
";

type Write = fn(&mut Transaction<'_>) -> Result<(), AutomergeError>;

fn odile() -> Participant {
    Participant::new(1)
}

/// Odile's envelope is admitted by the rules; gives what is admitted next a place to stand.
fn may(odile: &mut Participant, lorcan: &mut Participant, write: Write) {
    let team = ruled(&[&odile.device, &lorcan.device], RULES);
    let envelope = odile.say(write);
    lorcan.take(&envelope, &team).unwrap();
}

/// Odile's change is refused by the rules, which spell out this much of the place; without them it is admitted.
fn may_not(odile: &Participant, lorcan: &Participant, place: Option<&str>, write: Write) {
    let mut copy = odile.document.clone();
    commit(&mut copy, write);
    let envelope = odile.device.seal(&[copy.get_last_local_change().unwrap()]);
    let team = ruled(&[&odile.device, &lorcan.device], RULES);
    check(lorcan, "right", &envelope, &team);
    let refusal = lorcan.index.clone().admit(&envelope, &team).unwrap_err();
    assert!(refusal.rests_on_the_roster());
    assert!(matches!(&refusal, Refusal::Right { place: said, .. } if said.as_deref() == place), "{refusal}");
    lorcan.index.clone().admit(&envelope, &roster(&[&odile.device])).unwrap();
}

fn answers(tx: &Transaction<'_>) -> ObjId {
    at(tx, &["answers"])
}

fn at<D: ReadDoc>(document: &D, place: &[&str]) -> ObjId {
    place.iter().fold(ROOT, |object, key| document.get(&object, *key).unwrap().unwrap().1)
}

fn own() -> String {
    gate::own_key(&Device::new(1).person)
}

fn other() -> String {
    gate::own_key(&Device::new(2).person)
}

#[test]
fn a_value_is_set_replaced_and_taken_away_and_no_object_stands_there() {
    let (mut odile, mut lorcan) = (odile(), Participant::new(2));
    may(&mut odile, &mut lorcan, |tx| tx.put(answers(tx), "due", "2026-06-04"));
    may(&mut odile, &mut lorcan, |tx| tx.put(answers(tx), "due", "2026-06-05"));
    for kind in [ObjType::Map, ObjType::List, ObjType::Text] {
        let write: Write = match kind {
            ObjType::Map => |tx| tx.put_object(answers(tx), "due", ObjType::Map).map(drop),
            ObjType::List => |tx| tx.put_object(answers(tx), "due", ObjType::List).map(drop),
            _ => |tx| tx.put_object(answers(tx), "due", ObjType::Text).map(drop),
        };
        may_not(&odile, &lorcan, Some("answers/due"), write);
    }
    may(&mut odile, &mut lorcan, |tx| tx.delete(answers(tx), "due"));
    may(&mut odile, &mut lorcan, |tx| tx.put(answers(tx), "due", ScalarValue::counter(1)));
    may(&mut odile, &mut lorcan, |tx| tx.increment(answers(tx), "due", 2));
    may(&mut odile, &mut lorcan, |tx| tx.increment(ROOT, "visits", 1));
}

#[test]
fn what_is_somebody_elses_or_nobodys_is_refused_whatever_is_done_to_it() {
    let (odile, lorcan) = (odile(), Participant::new(2));
    may_not(&odile, &lorcan, Some("answers/theirs"), |tx| tx.put(answers(tx), "theirs", 1));
    may_not(&odile, &lorcan, Some("answers"), |tx| tx.put(answers(tx), "unheard of", 1));
    may_not(&odile, &lorcan, None, |tx| tx.put(ROOT, "unheard of", 1));
    may_not(&odile, &lorcan, None, |tx| tx.put(ROOT, "version", 2));
    may_not(&odile, &lorcan, None, |tx| tx.delete(ROOT, "version"));
    may_not(&odile, &lorcan, None, |tx| tx.put_object(ROOT, "unheard of", ObjType::Map).map(drop));
    may_not(&odile, &lorcan, Some("answers/theirs"), |tx| {
        let made = tx.put_object(answers(tx), "theirs", ObjType::Map)?;
        tx.put(&made, "in it", 1)
    });
}

#[test]
fn characters_come_and_go_in_a_text_and_nothing_else_does() {
    let (mut odile, mut lorcan) = (odile(), Participant::new(2));
    may(&mut odile, &mut lorcan, |tx| tx.splice_text(at(tx, &["answers", "story"]), 1, 0, "ren reads"));
    may(&mut odile, &mut lorcan, |tx| tx.splice_text(at(tx, &["answers", "story"]), 0, 3, ""));
    let mut theirs = Participant::new(2);
    let words = theirs.say(|tx| tx.splice_text(at(tx, &["answers", "story"]), 0, 0, "not hers"));
    check(&odile, "right", &words, &ruled(&[&theirs.device], RULES));
    let gone = theirs.say(|tx| tx.splice_text(at(tx, &["answers", "story"]), 0, 1, ""));
    let both = [words.chunks, gone.chunks].concat();
    check(&odile, "right", &theirs.device.seal_bytes(2, gone.hash, both), &ruled(&[&theirs.device], RULES));
}

#[test]
fn a_list_takes_values_and_no_objects() {
    let (mut odile, mut lorcan) = (odile(), Participant::new(2));
    may(&mut odile, &mut lorcan, |tx| tx.insert(at(tx, &["answers", "targets"]), 0, "spell"));
    may(&mut odile, &mut lorcan, |tx| tx.put(at(tx, &["answers", "targets"]), 0, "spell well"));
    may(&mut odile, &mut lorcan, |tx| tx.delete(at(tx, &["answers", "targets"]), 0));
    may_not(&odile, &lorcan, Some("answers/targets"), |tx| {
        tx.insert_object(at(tx, &["answers", "targets"]), 0, ObjType::Map).map(drop)
    });
    may_not(&odile, &lorcan, Some("answers/targets"), |tx| {
        let steps = tx.insert_object(at(tx, &["answers", "targets"]), 0, ObjType::List)?;
        tx.insert(&steps, 0, "step")
    });
}

#[test]
fn a_map_is_made_and_stays_and_what_is_in_it_has_places_of_its_own() {
    let (mut odile, mut lorcan) = (odile(), Participant::new(2));
    may(&mut odile, &mut lorcan, |tx| {
        let rows = tx.put_object(answers(tx), "rows", ObjType::Map)?;
        let row = tx.put_object(&rows, "monday", ObjType::Map)?;
        tx.put(&row, "day", 1)?;
        let remark = tx.put_object(&row, "remark", ObjType::Text)?;
        tx.splice_text(&remark, 0, 0, "on time")?;
        let words = tx.put_object(&row, format!("words+{}", own()), ObjType::Text)?;
        tx.splice_text(&words, 0, 0, "mine")
    });
    may(&mut odile, &mut lorcan, |tx| tx.put(at(tx, &["answers", "rows", "monday"]), "day", 2));
    may(&mut odile, &mut lorcan, |tx| tx.splice_text(at(tx, &["answers", "rows", "monday", "remark"]), 0, 2, "in"));
    let rows = Some("answers/rows");
    may_not(&odile, &lorcan, rows, |tx| tx.put(at(tx, &["answers", "rows", "monday"]), "hour", 2));
    may_not(&odile, &lorcan, rows, |tx| {
        tx.put_object(at(tx, &["answers", "rows", "monday"]), "day", ObjType::Map).map(drop)
    });
    may_not(&odile, &lorcan, rows, |tx| {
        tx.put_object(at(tx, &["answers", "rows", "monday"]), "words", ObjType::Text).map(drop)
    });
    may_not(&odile, &lorcan, rows, |tx| {
        let theirs = format!("words+{}", other());
        tx.put_object(at(tx, &["answers", "rows", "monday"]), theirs, ObjType::Text).map(drop)
    });
    // Nobody replaces it, empties its place, or puts a value there.
    may_not(&odile, &lorcan, rows, |tx| tx.put_object(at(tx, &["answers", "rows"]), "monday", ObjType::Map).map(drop));
    may_not(&odile, &lorcan, rows, |tx| tx.delete(at(tx, &["answers", "rows"]), "monday"));
    may_not(&odile, &lorcan, rows, |tx| tx.put(at(tx, &["answers", "rows"]), "tuesday", 1));
    may_not(&odile, &lorcan, rows, |tx| {
        tx.put_object(at(tx, &["answers", "rows"]), "tuesday", ObjType::Text).map(drop)
    });
    may_not(&odile, &lorcan, rows, |tx| tx.delete(answers(tx), "rows"));
    // A row of the same key made apart has the same place.
    let mut theirs = Participant::new(2);
    let row = theirs.say(|tx| {
        let rows = tx.put_object(answers(tx), "rows", ObjType::Map)?;
        tx.put_object(&rows, "monday", ObjType::Map).map(drop)
    });
    check(&odile, "right", &row, &ruled(&[&theirs.device], RULES));
}

#[test]
fn an_own_entry_is_its_authors_alone() {
    let (mut odile, mut lorcan) = (odile(), Participant::new(2));
    may(&mut odile, &mut lorcan, |tx| tx.put_object(answers(tx), "said", ObjType::Map).map(drop));
    may(&mut odile, &mut lorcan, |tx| {
        let mine = tx.put_object(at(tx, &["answers", "said"]), own(), ObjType::Text)?;
        tx.splice_text(&mine, 0, 0, "well")
    });
    let said = Some("answers/said");
    may_not(&odile, &lorcan, said, |tx| tx.put_object(at(tx, &["answers", "said"]), other(), ObjType::Text).map(drop));
    may_not(&odile, &lorcan, said, |tx| {
        tx.put_object(at(tx, &["answers", "said"]), "anybody", ObjType::Text).map(drop)
    });
    // Nor may another write in it.
    let team = ruled(&[&odile.device, &lorcan.device], RULES);
    let words = lorcan.say(|tx| tx.splice_text(at(tx, &["answers", "said", &own()]), 4, 0, " enough"));
    check(&odile, "right", &words, &team);
}

#[test]
fn a_sealed_value_comes_with_its_map_and_nothing_is_added_or_altered_later() {
    let (mut odile, mut lorcan) = (odile(), Participant::new(2));
    may(&mut odile, &mut lorcan, |tx| {
        let remarks = tx.put_object(ROOT, "remarks", ObjType::Map)?;
        let one = tx.put_object(&remarks, "one", ObjType::Map)?;
        tx.put(&one, "say", "read slowly")
    });
    let remarks = Some("remarks");
    may_not(&odile, &lorcan, remarks, |tx| tx.put(at(tx, &["remarks", "one"]), "say", "read fast"));
    may_not(&odile, &lorcan, remarks, |tx| tx.delete(at(tx, &["remarks", "one"]), "say"));
    may_not(&odile, &lorcan, remarks, |tx| tx.put(at(tx, &["remarks", "one"]), "more", 1));
    may_not(&odile, &lorcan, remarks, |tx| tx.delete(at(tx, &["remarks"]), "one"));
    may_not(&odile, &lorcan, remarks, |tx| tx.put_object(at(tx, &["remarks", "one"]), "say", ObjType::Map).map(drop));
    // Empty now, and not filled by a later change: who reads it knows that all of it is one person's at one moment.
    may(&mut odile, &mut lorcan, |tx| tx.put_object(at(tx, &["remarks"]), "two", ObjType::Map).map(drop));
    may_not(&odile, &lorcan, remarks, |tx| tx.put(at(tx, &["remarks", "two"]), "say", "late"));
    // An operation that claims to know of no value there is one more value: it is refused, too.
    let beside = |change: &mut ExpandedChange| {
        let one = OpType::Put("read fast".into());
        let ExpandedChange { operations, .. } = change;
        let object = ObjectId::Id(OpId(GENESIS_OPS + 2, ActorId::from(odile.device.actor())));
        *operations =
            vec![Op { action: one, obj: object, key: Key::Map("say".into()), pred: vec![].into(), insert: false }];
    };
    check(&lorcan, "right", &altered(&odile, beside), &ruled(&[&odile.device], RULES));
    may(&mut odile, &mut lorcan, |tx| {
        let signed = tx.put_object(ROOT, "signed", ObjType::Map)?;
        let entry = tx.put_object(&signed, format!("one+{}", own()), ObjType::Map)?;
        tx.put(&entry, "hash", "ab")
    });
}

#[test]
fn a_free_place_is_free_with_all_that_is_below_it() {
    let (mut odile, mut lorcan) = (odile(), Participant::new(2));
    may(&mut odile, &mut lorcan, |tx| {
        let notes = tx.put_object(ROOT, "notes", ObjType::List)?;
        let note = tx.insert_object(&notes, 0, ObjType::Map)?;
        let words = tx.put_object(&note, "words", ObjType::Text)?;
        tx.splice_text(&words, 0, 0, "free")
    });
    may(&mut odile, &mut lorcan, |tx| tx.delete(at(tx, &["notes"]), 0));
    may(&mut odile, &mut lorcan, |tx| tx.put(ROOT, "notes", 1));
}

#[test]
fn an_author_without_a_group_writes_nothing_and_what_is_known_stays_known() {
    let (mut odile, mut lorcan) = (odile(), Participant::new(2));
    let mut team = roster(&[&odile.device]);
    let first = odile.say(|tx| tx.put(ROOT, "due", 1));
    lorcan.take(&first, &team).unwrap();
    team.groups.clear();
    assert!(lorcan.take(&first, &team).unwrap().is_known());
    let second = odile.say(|tx| tx.put(ROOT, "due", 2));
    check(&lorcan, "right", &second, &team);
    team.rules = Default::default();
    team.groups = roster(&[&odile.device]).groups;
    check(&lorcan, "right", &second, &team);
}

#[test]
fn a_refused_change_takes_its_whole_envelope_with_it() {
    let (mut odile, lorcan) = (odile(), Participant::new(2));
    odile.write(|tx| tx.put(answers(tx), "due", 1));
    odile.write(|tx| tx.put_object(answers(tx), "rows", ObjType::Map).map(drop));
    odile.write(|tx| tx.put(answers(tx), "unheard of", 1));
    check(&lorcan, "right", &odile.device.seal(&odile.unsent), &ruled(&[&odile.device], RULES));
}

#[test]
fn what_a_person_let_in_passes_and_only_the_rules_are_waived_for_it() {
    let (mut odile, mut lorcan) = (odile(), Participant::new(2));
    let mut team = ruled(&[&odile.device, &lorcan.device], RULES);
    let first = odile.say(|tx| tx.put(answers(tx), "theirs", 1));
    let second = odile.say(|tx| tx.put(answers(tx), "theirs", 2));
    check(&lorcan, "right", &first, &team);
    team.accepted.insert(first.hash);
    check(&lorcan, "signature", &Envelope { sig: second.sig, ..first.clone() }, &team);
    let spoilt = altered(&Participant::new(1), |change| change.operations[0].key = Key::Seq(ElementId::Head));
    team.accepted.insert(spoilt.hash);
    check(&lorcan, "causality", &spoilt, &team);
    lorcan.take(&first, &team).unwrap();
    check(&lorcan, "right", &second, &team);
    // And in a snapshot.
    let saved = lorcan.document.save();
    let tip = |envelope: &Envelope| Tip {
        actor: envelope.actor,
        incarnation: envelope.incarnation,
        seq: envelope.seq,
        hash: envelope.hash,
        device: envelope.device,
        sig: envelope.sig,
    };
    admit_snapshot(&DOC, &saved, &genesis(), &[tip(&first)], &team).unwrap();
    team.accepted.clear();
    let refusal = admit_snapshot(&DOC, &saved, &genesis(), &[tip(&first)], &team).unwrap_err();
    assert_eq!(refusal, Refusal::Right { seq: 1, op: 0, place: Some("answers/theirs".into()) });
}

#[test]
fn the_genesiss_own_actor_goes_on_in_no_snapshot() {
    let mut document = new_document().with_actor(ActorId::from(GENESIS_ACTOR));
    document.apply_changes([Change::try_from(genesis().as_slice()).unwrap()]).unwrap();
    commit(&mut document, |tx| tx.put(ROOT, "due", 1));
    let lorcan = Device::new(2);
    let change = document.get_last_local_change().unwrap();
    assert_eq!(change.seq(), 2);
    let signed = Tip {
        actor: GENESIS_ACTOR,
        incarnation: lorcan.named(),
        seq: 2,
        hash: change.hash().0,
        device: lorcan.id(),
        sig: lorcan.sign_statement(&gate::statement(&DOC, &GENESIS_ACTOR, 2, &change.hash().0)),
    };
    for (tips, code) in [(vec![], "tip"), (vec![signed], "actor")] {
        let refusal = admit_snapshot(&DOC, &document.save(), &genesis(), &tips, &roster(&[&lorcan])).unwrap_err();
        assert_eq!(refusal.code(), code);
    }
}

// ---- The same judgement, found by asking the document where an operation's object is.

/// Rules for histories: place, what, and who (everybody below a number).
const RANDOM_RULES: [(&[&str], gate::Write, u8); 9] = [
    (&["answers", "story"], gate::Write::Text, 3),
    (&["answers", "targets"], gate::Write::List, 4),
    (&["answers", "key-0"], gate::Write::Value, 4),
    (&["answers", "key-1"], gate::Write::Value, 2),
    (&["answers", "row-0"], gate::Write::Map, 5),
    (&["answers", "row-1"], gate::Write::Map, 2),
    (&["answers", "*", "measure"], gate::Write::Value, 3),
    (&["answers", "row-0", "remark"], gate::Write::Text, 4),
    (&["visits"], gate::Write::Value, 4),
];

fn random_rules() -> String {
    let word = |what| match what {
        gate::Write::Value => "value",
        gate::Write::Map => "map",
        gate::Write::List => "list",
        _ => "text",
    };
    let line = |(place, what, below): &(&[&str], gate::Write, u8)| {
        let who: String = (1..*below).map(|person| format!(" {person}")).collect();
        format!("{} {}{who}\n", place.join("/"), word(*what))
    };
    RANDOM_RULES.iter().map(line).collect()
}

fn expected(person: u8, document: &Automerge, change: &ExpandedChange) -> bool {
    change.operations.iter().all(|op| {
        let object = match &op.obj {
            ObjectId::Root => ROOT,
            ObjectId::Id(id) => document.import(&id.to_string()).unwrap().0,
        };
        let parents = document.parents(&object).unwrap().collect::<Vec<_>>();
        let keys = parents.iter().rev().filter_map(|parent| match &parent.prop {
            automerge::Prop::Map(key) => Some(key.clone()),
            automerge::Prop::Seq(_) => None,
        });
        let mut place: Vec<String> = keys.collect();
        let in_list = document.object_type(&object).unwrap().is_sequence();
        if let Key::Map(key) = &op.key {
            place.push(key.to_string());
        }
        let what = match (&op.action, document.object_type(&object).unwrap()) {
            (OpType::Make(_), _) if in_list || !op.pred.is_empty() => return false,
            (OpType::Make(ObjType::Map), _) => gate::Write::Map,
            (OpType::Make(ObjType::List), _) | (_, ObjType::List) => gate::Write::List,
            (OpType::Make(_), _) | (_, ObjType::Text) => gate::Write::Text,
            _ => gate::Write::Value,
        };
        RANDOM_RULES.iter().any(|(rule, may, below)| {
            let fits = |(rule, key): (&&str, &String)| *rule == "*" || *rule == key.as_str();
            let here = rule.len() == place.len() && rule.iter().zip(&place).all(fits);
            here && *may == what && person < *below
        })
    })
}

#[test]
fn the_gate_lets_in_exactly_what_a_look_at_the_document_would() {
    let (admitted, refused) = (Cell::new(0), Cell::new(0));
    let outcome = TestRunner::new(config(80)).run(&deeds(40), |deeds| {
        let mut team = histories::Team::new();
        team.play(&deeds);
        team.meet();
        let document = &team.people[0].document;
        let strict = Team { rules: Arc::new(random_rules().parse().unwrap()), ..team.roster.clone() };
        let mut index = Index::new(&genesis()).unwrap();
        for change in document.get_changes(&[]).iter().skip(1) {
            let of = |person: &&Participant| *change.actor_id() == ActorId::from(person.device.actor());
            let author = &team.people.iter().find(of).unwrap().device;
            let may = expected(author.person[0], document, &change.decode());
            let envelope = author.seal(std::slice::from_ref(change));
            let mut trial = index.clone();
            match trial.admit(&envelope, &strict) {
                Ok(_) => prop_assert!(may),
                Err(refusal) => {
                    prop_assert_eq!(refusal.code(), "right");
                    prop_assert!(!may && trial == index, "{}", refusal);
                }
            }
            let count = if may { &admitted } else { &refused };
            count.set(count.get() + 1);
            index.admit(&envelope, &team.roster).unwrap();
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(admitted.get() > 100 && refused.get() > 100, "{} admitted, {} refused", admitted.get(), refused.get());
}
