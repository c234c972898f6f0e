//! The relay driven by hand: no socket, no clock, no chance.

use gate::{Envelope, Id};
use plan::DocumentKind::{Main, Quality};
use sync::{
    Frame,
    frame::{Cursor, Doing, Presence, code},
};
use sync_server::directory::Refused;

use crate::world::*;

fn receipts(frames: &[Frame]) -> Vec<u64> {
    let seq = |f: &Frame| if let Frame::Receipt { seq, .. } = f { Some(*seq) } else { None };
    frames.iter().filter_map(seq).collect()
}

fn logged(frames: &[Frame]) -> Vec<Envelope> {
    let mut expected = None;
    let mut envelopes = Vec::new();
    for frame in frames {
        if let Frame::Log { from, envelopes: some, .. } = frame {
            assert_eq!(*from, *expected.get_or_insert(*from), "a log has no gaps");
            expected = Some(from + some.len() as u64);
            envelopes.extend(some.iter().map(|w| w.0.clone()));
        }
    }
    envelopes
}

fn error_code(frames: &[Frame]) -> Option<String> {
    frames.iter().find_map(|f| if let Frame::Error { code, .. } = f { Some(code.clone()) } else { None })
}

fn listed(frames: &[Frame]) -> Option<Vec<String>> {
    let kinds = |f: &Frame| match f {
        Frame::Documents { list } => Some(list.iter().map(|l| l.kind.clone()).collect()),
        _ => None,
    };
    frames.iter().rev().find_map(kinds)
}

#[test]
fn a_receipt_comes_only_when_the_change_is_on_disk() {
    let mut relay = Relay::new();
    let mut odile = relay.joins(1, "Odile Marrowfield", "social-worker", &[relay.idris]);
    let pep = pep(relay.idris);
    let mut line = relay.connects(&odile);
    relay.asks(&mut line, &Frame::Start { start: start(&pep) });
    let doc = document(&pep, Main);
    let written = odile.writes(&pep, Main, &["Settled in."]);
    relay.says(&line, &push(doc, &written));
    assert_eq!(line.heard(), [], "nothing is said before it is settled");
    let last = relay.inner.replica().last(&doc).expect("a document");
    assert_eq!(last, 0, "nothing is on disk");
    relay.settles();
    assert_eq!(receipts(&line.heard()), [1]);
    assert_eq!(relay.inner.replica().last(&doc).expect("a document"), 1);
    let (number, idris) = (relay.inner.epoch(), relay.idris);
    drop(relay.inner);
    let again = open_relay(&relay.dir, NOW);
    assert_eq!(again.replica().log(&doc, 0, 1_000_000).expect("a log"), written);
    assert_eq!(again.epoch(), number, "the same folder goes on in the same epoch");
    assert_eq!(again.directory().team(&idris).len(), 1);
}

#[test]
fn what_one_writes_the_others_are_sent_and_the_writer_is_not() {
    let mut relay = Relay::new();
    let mut odile = relay.joins(1, "Odile Marrowfield", "social-worker", &[relay.idris]);
    let ottoline = relay.joins(2, "Ottoline Greaves-Penn", "designated-teacher", &[relay.idris]);
    let pep = pep(relay.idris);
    let doc = document(&pep, Main);
    let (mut hers, mut theirs) = (relay.connects(&odile), relay.connects(&ottoline));
    relay.asks(&mut hers, &Frame::Start { start: start(&pep) });
    assert_eq!(
        listed(&theirs.heard()).map(|l| l.len()),
        Some(4),
        "she is told of it: all but the Virtual School's own"
    );
    for line in [&mut hers, &mut theirs] {
        let opened = relay.asks(line, &open(doc, None));
        let [Frame::Snapshot { seq: 0, heads, bytes, .. }] = opened.as_slice() else { panic!("{opened:?}") };
        assert_eq!((heads.len(), bytes.as_slice()), (1, pep.genesis(Main).as_slice()), "nothing is written yet");
    }
    let written = odile.writes(&pep, Main, &["One.", "Two."]);
    let answer = relay.asks(&mut hers, &push(doc, &written));
    assert_eq!((receipts(&answer), logged(&answer)), (vec![1, 2], vec![]));
    assert_eq!(logged(&theirs.heard()), written);
    // Sent twice, stored once.
    assert_eq!(receipts(&relay.asks(&mut hers, &push(doc, &written))), [1, 2]);
    assert_eq!(theirs.heard(), []);
    // Who is where is passed on, with what the relay knows of the connection.
    let here =
        Presence { doc, person: [9; 16], device: [9; 16], field: None, caret: None, heads: None, state: Doing::Here };
    relay.asks(&mut hers, &Frame::Presence(here));
    let heard = theirs.heard();
    let [Frame::Presence(presence)] = heard.as_slice() else { panic!("{heard:?}") };
    assert_eq!((presence.person, presence.device), (odile.person, odile.id));
    relay.inner.disconnect(hers.number);
    relay.settles();
    let heard = theirs.heard();
    assert!(matches!(heard.as_slice(), [Frame::Presence(p)] if p.state == Doing::Left), "{heard:?}");
}

#[test]
fn whoever_opens_a_plan_is_told_at_once_who_is_there_and_nothing_of_it_is_kept() {
    let mut relay = Relay::new();
    let odile = relay.joins(1, "Odile Marrowfield", "social-worker", &[relay.idris]);
    let ottoline = relay.joins(2, "Ottoline Greaves-Penn", "designated-teacher", &[relay.idris]);
    let pep = pep(relay.idris);
    let (main, contact) = (document(&pep, Main), document(&pep, plan::DocumentKind::Contact));
    let says = |doc, field: &str, state| {
        let field = Some(field.to_string()).filter(|field| !field.is_empty());
        Frame::Presence(Presence { doc, person: [9; 16], device: [9; 16], field, caret: None, heads: None, state })
    };
    let told = |frames: &[Frame]| -> Vec<(Id, Option<String>, Doing)> {
        let of = |frame: &Frame| match frame {
            Frame::Presence(p) => Some((p.doc, p.field.clone(), p.state)),
            _ => None,
        };
        frames.iter().filter_map(of).collect()
    };
    let mut hers = relay.connects(&odile);
    relay.asks(&mut hers, &Frame::Start { start: start(&pep) });
    for doc in [main, contact] {
        relay.asks(&mut hers, &open(doc, None));
        relay.asks(&mut hers, &says(doc, "", Doing::Here));
    }
    relay.asks(&mut hers, &says(main, "care.story", Doing::Editing));
    let mut theirs = relay.connects(&ottoline);
    let heard = relay.asks(&mut theirs, &open(main, None));
    assert_eq!(
        told(&heard),
        [(main, Some("care.story".into()), Doing::Editing)],
        "the last thing said, of this document"
    );
    // Nobody is told of themselves, nor of what is too long to be a question of ours.
    assert_eq!(told(&relay.asks(&mut hers, &says(main, &"x".repeat(600), Doing::Editing))), []);
    assert_eq!(told(&theirs.heard()), []);
    // The same device comes again before its old line is known to have broken: it is there still.
    let mut again = relay.connects(&odile);
    relay.asks(&mut again, &open(main, None));
    relay.asks(&mut again, &says(main, "care.story", Doing::Editing));
    theirs.heard();
    relay.inner.disconnect(hers.number);
    relay.settles();
    assert_eq!(told(&theirs.heard()), []);
    // A flood is cut to what a person does, and does not end the line.
    for _ in 0..200 {
        relay.says(&again, &says(main, "care.story", Doing::Here));
    }
    relay.settles();
    let heard = told(&theirs.heard());
    assert!((1..=sync_server::relay::PRESENCE_PER_SECOND_MAX as usize).contains(&heard.len()), "{}", heard.len());
    relay.inner.disconnect(again.number);
    relay.settles();
    assert_eq!(told(&theirs.heard()).last(), Some(&(main, None, Doing::Left)));
    // Who has said nothing does not leave, and a newcomer is told of nobody.
    let mut fresh = relay.connects(&odile);
    assert_eq!(told(&relay.asks(&mut fresh, &open(main, None))), []);
    relay.inner.disconnect(fresh.number);
    relay.settles();
    assert_eq!(told(&theirs.heard()), []);
    let _ = relay.asks(&mut theirs, &says(main, "care.story", Doing::Here));
    let (dir, known) = (relay.dir, relay.inner.replica().facts(b"").expect("facts").len());
    drop(relay.inner);
    let again = open_relay(&dir, NOW);
    assert_eq!(again.replica().facts(b"").expect("facts").len(), known, "presence is on no disk");
}

#[test]
fn documents_of_another_child_answer_like_ones_that_do_not_exist() {
    let mut relay = Relay::new();
    let wren = relay.inner.new_id();
    relay.inner.administer(|d| d.add_child(&child(wren, "Wren Tapplestone"), None, NOW)).expect("a child");
    let odile = relay.joins(1, "Odile Marrowfield", "social-worker", &[relay.idris]);
    let mut callum = relay.joins(2, "Callum Brightwater-Finch", "designated-teacher", &[wren]);
    let (idris_pep, wren_pep) = (pep(relay.idris), pep(wren));
    let mut hers = relay.connects(&odile);
    relay.asks(&mut hers, &Frame::Start { start: start(&idris_pep) });
    let mut his = relay.connects(&callum);
    relay.asks(&mut his, &Frame::Start { start: start(&wren_pep) });
    let real = document(&idris_pep, Main);
    let invented = [7; 16];
    for doc in [real, invented] {
        assert_eq!(relay.asks(&mut his, &open(doc, None)), [Frame::Gone { doc }]);
        let cursor = Some(Cursor::new(relay.inner.epoch(), 0));
        assert_eq!(relay.asks(&mut his, &open(doc, cursor)), [Frame::Gone { doc }]);
    }
    let written = callum.writes(&idris_pep, Main, &["Not his to write."]);
    assert_eq!(relay.asks(&mut his, &push(real, &written)), [Frame::Gone { doc: real }]);
    // An annex is as closed to a colleague whose role does not read it.
    let quality = document(&wren_pep, Quality);
    let roster = relay.inner.signed_roster(&callum.person).verify(&relay.inner.key()).expect("signed by the relay");
    let names: Vec<&str> = roster.people.iter().map(|p| p.name.as_str()).collect();
    assert_eq!((roster.children.len(), names), (1, vec!["Callum Brightwater-Finch"]), "nor does he learn who they are");
    assert_eq!(relay.asks(&mut his, &open(quality, None)), [Frame::Gone { doc: quality }]);
    // Nor can a PEP be started for a child of another team, known or not.
    for id in [relay.idris, [8; 16]] {
        let answer = relay.asks(&mut his, &Frame::Start { start: start(&pep(id)) });
        assert_eq!(error_code(&answer).as_deref(), Some(code::REFUSED));
    }
}

#[test]
fn a_pep_started_twice_is_one_and_stays_under_its_process() {
    let mut relay = Relay::new();
    let odile = relay.joins(1, "Odile Marrowfield", "social-worker", &[relay.idris]);
    let ottoline = relay.joins(2, "Ottoline Greaves-Penn", "designated-teacher", &[relay.idris]);
    let pep = pep(relay.idris);
    let (mut hers, mut theirs) = (relay.connects(&odile), relay.connects(&ottoline));
    relay.asks(&mut hers, &Frame::Start { start: start(&pep) });
    theirs.heard();
    let again = relay.asks(&mut theirs, &Frame::Start { start: start(&pep) });
    assert_eq!((error_code(&again), listed(&again).map(|l| l.len())), (None, Some(4)));
    assert_eq!(relay.inner.counts().documents, 5);
    let other = sync::frame::Start { process: "portal".into(), ..start(&pep) };
    let answer = relay.asks(&mut theirs, &Frame::Start { start: other });
    assert_eq!(error_code(&answer).as_deref(), Some(code::PROCESS));
    // What does not follow from child, term and type is not believed, nor a process that does not exist.
    let forged = sync::frame::Start { kind: "interim".into(), ..start(&pep) };
    let forged = sync::frame::Start { pep: [5; 16], ..forged };
    assert_eq!(error_code(&relay.asks(&mut theirs, &Frame::Start { start: forged })).as_deref(), Some(code::REFUSED));
    let unknown = sync::frame::Start { pep: [6; 16], process: "none".into(), ..start(&pep) };
    assert_eq!(error_code(&relay.asks(&mut theirs, &Frame::Start { start: unknown })).as_deref(), Some(code::REFUSED));
    assert_eq!(relay.inner.counts().documents, 5);
}

#[test]
fn a_refused_chain_is_held_and_everyone_elses_work_goes_on() {
    let mut relay = Relay::new();
    let mut odile = relay.joins(1, "Odile Marrowfield", "social-worker", &[relay.idris]);
    let mut ottoline = relay.joins(2, "Ottoline Greaves-Penn", "designated-teacher", &[relay.idris]);
    let pep = pep(relay.idris);
    let doc = document(&pep, Main);
    let mut line = relay.connects(&odile);
    relay.asks(&mut line, &Frame::Start { start: start(&pep) });
    let hers = odile.writes(&pep, Main, &["One.", "Two.", "Three."]);
    let theirs = ottoline.writes(&pep, Main, &["Alpha.", "Beta."]);
    let mut spoiled = hers.clone();
    spoiled[1].sig[0] ^= 1;
    let mixed = [spoiled[0].clone(), spoiled[1].clone(), theirs[0].clone(), spoiled[2].clone(), theirs[1].clone()];
    let answer = relay.asks(&mut line, &push(doc, &mixed));
    assert_eq!(receipts(&answer), [1, 2, 3], "her first and both of Ottoline's");
    let held: Vec<_> = answer.iter().filter(|f| matches!(f, Frame::Held { .. })).collect();
    let [Frame::Held { hashes, code, follows, .. }] = held.as_slice() else { panic!("{answer:?}") };
    let hashes: Vec<_> = hashes.iter().map(|h| h.into_array()).collect();
    assert_eq!((hashes, code.as_str()), (vec![hers[1].hash, hers[2].hash], "signature"));
    assert_eq!(follows.iter().map(|h| h.into_array()).collect::<Vec<_>>(), [hers[2].hash]);
    assert_eq!(relay.inner.replica().held(&doc).expect("a store").len(), 2);
    // What builds on something held shares its fate; offered again, nothing is kept twice.
    let later = odile.writes(&pep, Main, &["Four."]);
    let answer = relay.asks(&mut line, &push(doc, &later));
    assert!(matches!(answer.as_slice(), [Frame::Held { code, .. }] if code == "signature"), "{answer:?}");
    relay.asks(&mut line, &push(doc, &spoiled[1..]));
    assert_eq!(relay.inner.replica().held(&doc).expect("a store").len(), 3);
    assert_eq!(relay.inner.counts().refused, 3);
    // What only lacks its past is not held: its author offers that first.
    let far = ottoline.writes(&pep, Main, &["Gamma.", "Delta."]);
    assert_eq!(error_code(&relay.asks(&mut line, &push(doc, &far[1..]))).as_deref(), Some(code::MISSING));
    assert_eq!(receipts(&relay.asks(&mut line, &push(doc, &far))), [4, 5]);
}

#[test]
fn a_slow_reader_gets_everything_in_turn_from_a_bounded_queue() {
    let mut relay = Relay::new();
    let mut odile = relay.joins(1, "Odile Marrowfield", "social-worker", &[relay.idris]);
    let ottoline = relay.joins(2, "Ottoline Greaves-Penn", "designated-teacher", &[relay.idris]);
    let pep = pep(relay.idris);
    let doc = document(&pep, Main);
    let mut hers = relay.connects(&odile);
    relay.asks(&mut hers, &Frame::Start { start: start(&pep) });
    let mut slow = relay.connects(&ottoline);
    relay.asks(&mut slow, &open(doc, None));
    let most = sync::frame::QUEUE_FRAMES_MAX;
    let words: Vec<String> = (0..most + 40).map(|n| format!("Word {n}.")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let written = odile.writes(&pep, Main, &words);
    for envelope in &written {
        relay.asks(&mut hers, &push(doc, std::slice::from_ref(envelope)));
    }
    let first = slow.heard();
    assert_eq!(first.len(), most, "the queue is full and no longer");
    let mut got = logged(&first);
    relay.inner.drained(slow.number);
    relay.settles();
    let rest = slow.heard();
    assert_eq!(rest.len(), 1, "what waited comes in one page");
    got.extend(logged(&rest));
    assert_eq!(got, written);
}

#[test]
fn a_case_handed_over_is_hers_from_that_day_and_no_longer_petras() {
    let mut relay = Relay::new();
    let petra = relay.joins(1, "Petra Lanternby", "social-worker", &[relay.idris]);
    let odile = relay.joins(2, "Odile Marrowfield", "social-worker", &[]);
    let pep = pep(relay.idris);
    let doc = document(&pep, Main);
    let (mut old, mut new) = (relay.connects(&petra), relay.connects(&odile));
    relay.asks(&mut old, &Frame::Start { start: start(&pep) });
    relay.asks(&mut old, &open(doc, None));
    assert_eq!(relay.asks(&mut new, &open(doc, None)), [Frame::Gone { doc }]);
    let (idris, tomorrow) = (relay.idris, "2026-02-25");
    relay
        .inner
        .administer(|d| d.hand_over(&idris, &petra.person, &odile.person, tomorrow, None, NOW))
        .expect("a hand-over");
    relay.settles();
    assert_eq!(listed(&old.heard()).map(|l| l.len()), Some(4), "today it is still hers");
    assert_eq!(listed(&new.heard()).map(|l| l.len()), Some(0));
    relay.now += 24 * 60 * 60;
    relay.settles();
    let heard = old.heard();
    assert!(heard.contains(&Frame::Gone { doc }), "{heard:?}");
    assert_eq!(listed(&heard).map(|l| l.len()), Some(0));
    let heard = new.heard();
    assert_eq!(listed(&heard).map(|l| l.len()), Some(4));
    let roster = heard.iter().find_map(|f| if let Frame::Roster(r) = f { r.verify(&relay.inner.key()) } else { None });
    let roster = roster.expect("a roster that the relay signed");
    assert!(roster.person(&petra.person).is_some(), "what Petra wrote keeps its author");
    assert_eq!(roster.role(&idris, &odile.person, tomorrow), Some("social-worker"));
    assert_eq!(roster.role(&idris, &petra.person, tomorrow), None);
}

#[test]
fn a_revoked_device_is_sent_away_at_once_and_stays_out() {
    let mut relay = Relay::new();
    let mut odile = relay.joins(1, "Odile Marrowfield", "social-worker", &[relay.idris]);
    let ottoline = relay.joins(2, "Ottoline Greaves-Penn", "designated-teacher", &[relay.idris]);
    let pep = pep(relay.idris);
    let doc = document(&pep, Main);
    let (mut hers, mut theirs) = (relay.connects(&odile), relay.connects(&ottoline));
    relay.asks(&mut hers, &Frame::Start { start: start(&pep) });
    let written = odile.writes(&pep, Main, &["Before it was lost."]);
    assert!(relay.inner.administer(|d| d.revoke(&odile.id, NOW)).expect("a device"));
    relay.settles();
    assert_eq!(error_code(&hers.heard()).as_deref(), Some(code::REVOKED));
    assert!(hers.is_closed());
    let (out, _queue) = sync_server::relay::queue();
    assert_eq!(relay.inner.connect(99, odile.id, out), Err(Refused::DeviceRevoked));
    // Nobody can tell when it wrote what others bring of it from now on: a person has to look.
    theirs.heard();
    let answer = relay.asks(&mut theirs, &push(doc, &written));
    assert!(
        matches!(answer.as_slice(), [Frame::Held { code, detail, .. }] if code == "right" && detail.contains("revoked")),
        "{answer:?}"
    );
}

#[test]
fn a_child_is_made_known_by_a_social_worker_who_joins_the_team() {
    let mut relay = Relay::new();
    let odile = relay.joins(1, "Odile Marrowfield", "social-worker", &[]);
    let carys = relay.joins(2, "Carys Wexcombe", "carer", &[relay.idris]);
    let amari = child([4; 16], "Amari Stonewick");
    let (mut hers, mut theirs) = (relay.connects(&odile), relay.connects(&carys));
    let answer = relay.asks(&mut theirs, &Frame::Child { child: amari.clone() });
    assert_eq!(error_code(&answer).as_deref(), Some(code::REFUSED));
    for _ in 0..2 {
        let answer = relay.asks(&mut hers, &Frame::Child { child: amari.clone() });
        assert_eq!(error_code(&answer), None);
    }
    assert_eq!(relay.inner.directory().role(&amari.child, &odile.person, "2026-02-24"), Some("social-worker"));
    let answer = relay.asks(&mut theirs, &Frame::Child { child: amari.clone() });
    assert_eq!(error_code(&answer).as_deref(), Some(code::REFUSED), "nor does she learn that it is known");
    let answer = relay.asks(&mut hers, &Frame::Start { start: start(&pep(amari.child)) });
    assert_eq!(listed(&answer).map(|l| l.len()), Some(4));
    let nameless = child([5; 16], " \n");
    assert_eq!(error_code(&relay.asks(&mut hers, &Frame::Child { child: nameless })).as_deref(), Some(code::REFUSED));
}

#[test]
fn a_long_log_gets_a_snapshot_that_a_new_device_accepts() {
    let mut relay = Relay::new();
    let mut odile = relay.joins(1, "Odile Marrowfield", "social-worker", &[relay.idris]);
    let pep = pep(relay.idris);
    let doc = document(&pep, Main);
    let mut line = relay.connects(&odile);
    relay.asks(&mut line, &Frame::Start { start: start(&pep) });
    let words: Vec<String> = (0..70).map(|n| format!("Word {n}.")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let written = odile.writes(&pep, Main, &words);
    relay.asks(&mut line, &push(doc, &written));
    assert_eq!(relay.inner.snapshot_due(relay.now), None, "it is being written");
    let quiet = relay.now + 60;
    assert_eq!(relay.inner.snapshot_due(quiet), Some((doc, 70)));
    let made = replica::snapshot_of(&pep.genesis(Main), &written).expect("a snapshot");
    relay.inner.keep_snapshot(&doc, 70, Some(&made));
    assert_eq!(relay.inner.snapshot_due(quiet), None);
    let opened = relay.asks(&mut line, &open(doc, None));
    let [Frame::Snapshot { seq: 70, heads, bytes, tips, .. }] = opened.as_slice() else { panic!("{opened:?}") };
    assert_eq!(heads.iter().map(|h| h.into_array()).collect::<Vec<_>>(), [written[69].hash]);
    let tips: Vec<gate::Tip> = tips.iter().map(gate::Tip::from).collect();
    let team = relay.inner.directory().record(&doc, 0);
    gate::admit_snapshot(&doc, bytes, &pep.genesis(Main), &tips, &team).expect("signed and whole");
}

#[test]
fn an_invitation_is_good_once_until_it_expires() {
    let mut relay = Relay::new();
    let link = relay.invite("Ottoline Greaves-Penn", "designated-teacher", &[relay.idris], NOW + 60);
    let (laptop, tablet) = (Device::new(1, [0; 16]), Device::new(2, [0; 16]));
    let refused = |r: Result<_, sync_server::error::Error>| match r {
        Err(sync_server::error::Error::Refused(refused)) => refused,
        other => panic!("{:?}", other.map(|_: (sync::roster::Person, gate::Id)| ())),
    };
    let unknown = sync::link::Link { secret: [9; 32], ..link.clone() };
    assert_eq!(refused(relay.inner.join(&laptop.joining(&unknown), NOW)), Refused::InvitationUnknown);
    let mut altered = laptop.joining(&link);
    altered.key = tablet.joining(&link).key;
    assert_eq!(refused(relay.inner.join(&altered, NOW)), Refused::InvitationAltered);
    assert_eq!(refused(relay.inner.join(&laptop.joining(&link), NOW + 60)), Refused::InvitationExpired);
    let first = relay.inner.join(&laptop.joining(&link), NOW).expect("a device");
    assert_eq!(first.0.name, "Ottoline Greaves-Penn");
    assert_eq!(
        relay.inner.join(&laptop.joining(&link), NOW + 90).expect("the same device"),
        first,
        "its answer was lost"
    );
    assert_eq!(refused(relay.inner.join(&tablet.joining(&link), NOW)), Refused::InvitationUsed);
    // Another link for the same person enrols another device of hers.
    let another = relay.invite("Ottoline Greaves-Penn", "designated-teacher", &[relay.idris], NOW + 60);
    assert_eq!(refused(relay.inner.join(&laptop.joining(&another), NOW)), Refused::DeviceYours);
    let second = relay.inner.join(&tablet.joining(&another), NOW).expect("a device");
    assert_eq!(second.0, first.0);
    assert_eq!(relay.inner.directory().people().count(), 1);
}

#[test]
fn a_copied_folder_begins_a_new_epoch_and_older_cursors_read_from_the_start() {
    let mut relay = Relay::new();
    let mut odile = relay.joins(1, "Odile Marrowfield", "social-worker", &[relay.idris]);
    let pep = pep(relay.idris);
    let doc = document(&pep, Main);
    let mut line = relay.connects(&odile);
    relay.asks(&mut line, &Frame::Start { start: start(&pep) });
    let written = odile.writes(&pep, Main, &["One.", "Two."]);
    relay.asks(&mut line, &push(doc, &written[..1]));
    let (before, roster) = (relay.inner.epoch(), relay.inner.directory().version());
    // The copy is an hour old when the relay's disk dies.
    let copy = relay.copied();
    assert_eq!(receipts(&relay.asks(&mut line, &push(doc, &written[1..]))), [2]);
    let old = std::mem::replace(&mut relay.inner, open_relay(&copy, NOW + 3_600));
    drop(old);
    assert_ne!(relay.inner.epoch(), before);
    assert!(relay.inner.directory().version() > roster, "every roster is new");
    let mut line = relay.connects(&odile);
    let opened = relay.asks(&mut line, &open(doc, Some(Cursor::new(before, 2))));
    assert_eq!(logged(&opened), written[..1], "from the start, and no snapshot");
    // What the copy lacked is offered again, and nothing is lost.
    let answer = relay.asks(&mut line, &push(doc, &written));
    assert_eq!(receipts(&answer), [1, 2]);
}

#[test]
fn bytes_that_are_no_frame_close_the_connection_in_words() {
    let mut relay = Relay::new();
    let odile = relay.joins(1, "Odile Marrowfield", "social-worker", &[relay.idris]);
    for bytes in [b"hello".as_slice(), b"", &[0xa1, 0x61, 0x74], &vec![0; sync::frame::FRAME_BYTES_MAX + 1]] {
        let mut line = relay.connects(&odile);
        relay.inner.receive(line.number, bytes, NOW);
        relay.settles();
        assert_eq!(error_code(&line.heard()).as_deref(), Some(code::FRAME));
        assert!(line.is_closed());
    }
    // Before hello, and with another's name in it.
    let mut line = relay.dials(&odile);
    let hello = Frame::Hello(sync::frame::Hello {
        version: 1,
        program: "story".into(),
        device_id: [3; 16],
        last_roster: 0,
        ..Default::default()
    });
    assert_eq!(error_code(&relay.asks(&mut line, &hello)).as_deref(), Some(code::ORDER));
    // A kind that this version does not know is answered, and the connection goes on.
    let mut line = relay.connects(&odile);
    let unknown = [[0xa1, 0x61, 0x74].as_slice(), &[0x63], b"new"].concat();
    relay.inner.receive(line.number, &unknown, NOW);
    relay.settles();
    assert_eq!(error_code(&line.heard()).as_deref(), Some(code::UNKNOWN));
    assert!(!line.is_closed());
}

#[test]
fn a_device_that_comes_back_too_often_loses_its_oldest_line() {
    let mut relay = Relay::new();
    let odile = relay.joins(1, "Odile Marrowfield", "social-worker", &[relay.idris]);
    let mut lines: Vec<Line> = (0..5).map(|_| relay.connects(&odile)).collect();
    relay.settles();
    assert_eq!(error_code(&lines[0].heard()).as_deref(), Some(code::STOPPING));
    assert!(lines[0].is_closed());
    assert!(lines.iter_mut().skip(1).all(|line| !line.is_closed()));
    assert_eq!(relay.inner.counts().connections, 4);
}
