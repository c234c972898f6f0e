//! What the relay does with a change it refuses: keeps it, tells its author until the author has heard, lets the Virtual School
//! decide, and never says a word twice.

use gate::{Envelope, Hash};
use plan::{DocumentKind::Main, Pep};
use sync::{Frame, Roster, frame::Cursor};
use sync_server::{directory::Refused, error::Error, relay};

use crate::world::*;

/// Idris's spring plan: Petra was his social worker until yesterday, Odile is, Ottoline teaches him, Lorcan decides.
struct Story {
    relay: Relay,
    pep: Pep,
    petra: Device,
    odile: Device,
    ottoline: Device,
    lorcan: Device,
    before: Vec<Envelope>,
}

const DAY: i64 = 24 * 60 * 60;

impl Story {
    fn after_the_hand_over() -> Story {
        let mut relay = Relay::new();
        let idris = relay.idris;
        let mut petra = relay.joins(1, "Petra Lanternby", "social-worker", &[idris]);
        let odile = relay.joins(2, "Odile Marrowfield", "social-worker", &[]);
        let ottoline = relay.joins(3, "Ottoline Greaves-Penn", "designated-teacher", &[idris]);
        let lorcan = relay.joins(4, "Lorcan Tidewell", "virtual-school-officer", &[idris]);
        let pep = pep(idris);
        let mut line = relay.connects(&petra);
        relay.asks(&mut line, &Frame::Start { start: start(&pep) });
        let before = petra.writes(&pep, Main, &["Hers before."]);
        relay.asks(&mut line, &push(document(&pep, Main), &before));
        let change = |inner: &mut relay::Relay| {
            inner
                .administer(|d| d.hand_over(&idris, &petra.person, &odile.person, "2026-02-25", None, NOW))
                .expect("a hand-over")
        };
        change(&mut relay.inner);
        relay.inner.disconnect(line.number);
        relay.now += DAY;
        relay.settles();
        Story { relay, pep, petra, odile, ottoline, lorcan, before }
    }

    fn doc(&self) -> gate::Id {
        document(&self.pep, Main)
    }

    /// What she writes after the day, pushed by her own device: the line, and what it was told.
    fn petra_is_late(&mut self, words: &[&str]) -> (Line, Vec<Envelope>, Vec<Frame>) {
        let late = self.petra.writes(&self.pep, Main, words);
        let mut line = self.relay.connects(&self.petra);
        let doc = self.doc();
        let told = self.relay.asks(&mut line, &push(doc, &late));
        (line, late, told)
    }

    fn log(&self) -> Vec<Envelope> {
        self.relay.inner.replica().log(&self.doc(), 0, usize::MAX).expect("a log")
    }

    fn decide(&mut self, by: Option<gate::Id>, hash: &Hash, accept: bool) -> Result<Vec<Hash>, Refused> {
        let (doc, now) = (self.doc(), self.relay.now);
        match self.relay.inner.decide(by, &doc, hash, accept, now) {
            Ok(done) => Ok(done),
            Err(Error::Refused(refused)) => Err(refused),
            Err(other) => panic!("{other}"),
        }
    }

    fn audited(&self, did: &str) -> usize {
        let entries = self.relay.inner.replica().facts(b"audit/").expect("facts");
        entries.iter().filter(|(_, value)| String::from_utf8_lossy(value).contains(did)).count()
    }
}

fn hashes(envelopes: &[Envelope]) -> Vec<Hash> {
    envelopes.iter().map(|e| e.hash).collect()
}

/// `held` frames: code, all hashes, those that follow.
fn held(frames: &[Frame]) -> Vec<(String, Vec<Hash>, Vec<Hash>)> {
    let plain = |hashes: &[serde_bytes::ByteArray<32>]| hashes.iter().map(|h| h.into_array()).collect();
    let of = |frame: &Frame| match frame {
        Frame::Held { hashes, follows, code, .. } => Some((code.clone(), plain(hashes), plain(follows))),
        _ => None,
    };
    frames.iter().filter_map(of).collect()
}

fn released(frames: &[Frame]) -> Vec<Hash> {
    let of = |frame: &Frame| match frame {
        Frame::Released { hashes, .. } => Some(hashes.iter().map(|h| h.into_array()).collect::<Vec<Hash>>()),
        _ => None,
    };
    frames.iter().filter_map(of).flatten().collect()
}

fn undecided(frames: &[Frame]) -> Option<u64> {
    frames.iter().rev().find_map(|f| if let Frame::Undecided { changes, .. } = f { Some(*changes) } else { None })
}

fn said_heard(story: &mut Story, line: &mut Line, hashes: &[Hash]) {
    let hashes = hashes.iter().map(|h| serde_bytes::ByteArray::new(*h)).collect();
    let doc = story.doc();
    story.relay.asks(line, &Frame::Heard { doc, hashes });
}

#[test]
fn r003_34_what_she_writes_after_she_left_is_held_and_she_gets_nothing_new_of_the_child() {
    let mut story = Story::after_the_hand_over();
    let doc = story.doc();
    let mut lorcan = story.relay.connects(&story.lorcan);
    let (mut line, late, told) = story.petra_is_late(&["Late.", "Later."]);
    assert_eq!(held(&told), [("left".to_string(), hashes(&late), vec![])]);
    assert_eq!(story.log(), story.before, "nothing of it is in the log");
    assert_eq!(undecided(&lorcan.heard()), Some(2));
    // She is on the list of nobody's documents any more, and asks in vain.
    for cursor in [None, Some(Cursor::new(story.relay.inner.epoch(), 0))] {
        assert_eq!(story.relay.asks(&mut line, &open(doc, cursor)), [Frame::Gone { doc }]);
    }
    let mut odile = story.relay.connects(&story.odile);
    story.relay.asks(&mut odile, &open(doc, None));
    let hers = story.odile.writes(&story.pep, Main, &["Odile's."]);
    story.relay.asks(&mut odile, &push(doc, &hers));
    let here = sync::frame::Presence {
        doc,
        person: [0; 16],
        device: [0; 16],
        field: None,
        caret: None,
        heads: None,
        state: sync::frame::Doing::Here,
    };
    story.relay.asks(&mut odile, &Frame::Presence(here.clone()));
    assert_eq!(line.heard(), [], "no log, no presence");
    story.relay.asks(&mut line, &Frame::Presence(here));
    assert_eq!(odile.heard(), [], "nor is hers passed on");
    // Her roster names what she left, and nothing of the child.
    let roster = story.relay.inner.signed_roster(&story.petra.person).verify(&story.relay.inner.key()).expect("signed");
    let Roster { children, left, teams, .. } = roster;
    assert_eq!((children.len(), teams.len(), left.len()), (0, 0, 1));
    assert_eq!((left[0].child, left[0].to.as_deref()), (story.relay.idris, Some("2026-02-24")));
    // What she wrote before the day, and the relay has, she is told it has.
    let before = story.before.clone();
    let again = story.relay.asks(&mut line, &push(doc, &before));
    assert!(matches!(again.as_slice(), [Frame::Receipt { seq: 1, .. }]), "{again:?}");
    // A stranger to the child is told nothing at all.
    let marguerite = story.relay.joins(9, "Marguerite Oakhollow", "social-worker", &[]);
    let mut strange = story.relay.connects(&marguerite);
    assert_eq!(story.relay.asks(&mut strange, &push(doc, &late)), [Frame::Gone { doc }]);
}

#[test]
fn its_author_is_told_at_every_connection_until_she_has_heard_also_where_a_colleague_brought_it() {
    let mut story = Story::after_the_hand_over();
    let doc = story.doc();
    let late = story.petra.writes(&story.pep, Main, &["Late."]);
    let mut ottoline = story.relay.connects(&story.ottoline);
    let told = story.relay.asks(&mut ottoline, &push(doc, &late));
    assert_eq!(held(&told).len(), 1, "whoever brought it is told, so that it is not offered again");
    // Hearing is its author's alone.
    said_heard(&mut story, &mut ottoline, &hashes(&late));
    assert_eq!(story.decide(None, &late[0].hash, false), Err(Refused::HeldUntold));
    for _ in 0..2 {
        let mut dialled = story.relay.dials(&story.petra);
        let told = story.relay.asks(&mut dialled, &story.petra.hello());
        assert_eq!(held(&told), [("left".to_string(), hashes(&late), vec![])]);
        story.relay.inner.disconnect(dialled.number);
    }
    // A relay that was restarted in between still knows.
    let now = story.relay.now;
    let (dir, old) = (
        story.relay.dir.clone(),
        std::mem::replace(&mut story.relay.inner, {
            let other = tempfile::tempdir().expect("a folder");
            open_relay(&other.path().join("other"), now)
        }),
    );
    drop(old);
    story.relay.inner = open_relay(&dir, now);
    let mut line = story.relay.dials(&story.petra);
    let told = story.relay.asks(&mut line, &story.petra.hello());
    assert_eq!(held(&told).len(), 1);
    said_heard(&mut story, &mut line, &hashes(&late));
    story.relay.inner.disconnect(line.number);
    let mut line = story.relay.dials(&story.petra);
    let told = story.relay.asks(&mut line, &story.petra.hello());
    assert_eq!(held(&told), [], "once is enough after that");
    assert_eq!(story.decide(None, &late[0].hash, false), Ok(hashes(&late)));
    assert_eq!(story.audited("heard"), 1);
}

#[test]
fn accepted_it_flows_under_her_name_and_she_is_told_until_she_has_heard() {
    let mut story = Story::after_the_hand_over();
    let doc = story.doc();
    let (mut line, late, _) = story.petra_is_late(&["One.", "Two.", "Three."]);
    let list = story.relay.inner.undecided(Some(&story.lorcan.id)).expect("a list");
    assert!(list.changes.iter().all(|c| c.acceptable && !c.follows && c.person == story.petra.person && !c.heard));
    assert_eq!(list.changes[2].with.len(), 2, "it builds on the two before it");
    assert_eq!(
        story.relay.inner.undecided(Some(&story.odile.id)).expect("a list").changes,
        [],
        "a social worker's list is empty"
    );
    assert_eq!(story.decide(Some(story.odile.id), &late[1].hash, true), Err(Refused::HeldNotYours));
    assert_eq!(story.decide(Some(story.petra.id), &late[1].hash, true), Err(Refused::HeldNotYours));
    let mut ottoline = story.relay.connects(&story.ottoline);
    story.relay.asks(&mut ottoline, &open(doc, None));
    ottoline.heard();
    let mut lorcan = story.relay.connects(&story.lorcan);
    // The second, and so the first before it.
    assert_eq!(story.decide(Some(story.lorcan.id), &late[1].hash, true), Ok(hashes(&late[..2])));
    story.relay.settles();
    assert_eq!(story.log(), [story.before.clone(), late[..2].to_vec()].concat(), "as she signed it");
    let sent: Vec<Envelope> = ottoline
        .heard()
        .into_iter()
        .filter_map(|f| if let Frame::Log { envelopes, .. } = f { Some(envelopes) } else { None })
        .flatten()
        .map(|w| w.0)
        .collect();
    assert_eq!(sent, late[..2]);
    assert_eq!(undecided(&lorcan.heard()), Some(1));
    let mut told = released(&line.heard());
    told.sort_unstable();
    let mut expected = hashes(&late[..2]);
    expected.sort_unstable();
    assert_eq!(told, expected);
    // Told again until she has heard.
    story.relay.inner.disconnect(line.number);
    line = story.relay.dials(&story.petra);
    let again = story.relay.asks(&mut line, &story.petra.hello());
    assert_eq!((released(&again).len(), held(&again).len()), (2, 1));
    said_heard(&mut story, &mut line, &hashes(&late));
    story.relay.inner.disconnect(line.number);
    line = story.relay.dials(&story.petra);
    let again = story.relay.asks(&mut line, &story.petra.hello());
    assert_eq!((released(&again).len(), held(&again).len()), (0, 0));
    // Decided is decided; the rest can still be.
    assert_eq!(story.decide(None, &late[0].hash, true), Err(Refused::HeldUnknown));
    assert_eq!(story.decide(None, &late[2].hash, true), Ok(hashes(&late[2..])));
    assert_eq!((story.audited("accepted"), story.audited("handed over")), (3, 1));
}

#[test]
fn discarded_it_stays_out_is_not_kept_anew_and_what_builds_on_it_stays_out_too() {
    let mut story = Story::after_the_hand_over();
    let doc = story.doc();
    let (mut line, late, _) = story.petra_is_late(&["One.", "Two."]);
    said_heard(&mut story, &mut line, &hashes(&late));
    assert_eq!(story.decide(Some(story.lorcan.id), &late[0].hash, false), Ok(hashes(&late[..1])));
    story.relay.settles();
    assert_eq!(held(&line.heard()), [("discarded".to_string(), hashes(&late[..1]), vec![])], "and she is told");
    assert_eq!(story.decide(None, &late[1].hash, true), Err(Refused::HeldForGood));
    let open = |story: &mut Story| story.relay.inner.undecided(None).expect("a list").changes.len();
    assert_eq!(open(&mut story), 1);
    let again = story.relay.asks(&mut line, &push(doc, &late[..1]));
    assert_eq!(held(&again), [("discarded".to_string(), hashes(&late[..1]), vec![])]);
    assert_eq!(open(&mut story), 1, "it is not shown as waiting again");
    said_heard(&mut story, &mut line, &hashes(&late[..1]));
    assert_eq!(story.decide(None, &late[1].hash, false), Ok(hashes(&late[1..])));
    assert_eq!((open(&mut story), story.log()), (0, story.before.clone()));
}

#[test]
fn what_only_follows_and_what_no_gate_admits_is_never_accepted() {
    let mut story = Story::after_the_hand_over();
    let doc = story.doc();
    let mut line = story.relay.connects(&story.ottoline);
    let mut hers = story.ottoline.writes(&story.pep, Main, &["One.", "Two.", "Three."]);
    hers[1].sig[0] ^= 1;
    let told = story.relay.asks(&mut line, &push(doc, &hers));
    assert_eq!(held(&told), [("signature".to_string(), hashes(&hers[1..]), vec![hers[2].hash])]);
    assert_eq!(story.decide(None, &hers[1].hash, true), Err(Refused::HeldForGood));
    assert_eq!(story.decide(None, &hers[2].hash, true), Err(Refused::HeldFollows));
    let list = story.relay.inner.undecided(None).expect("a list");
    assert!(list.changes.iter().all(|c| !c.acceptable));
    assert_eq!(story.decide(None, &hers[1].hash, false), Err(Refused::HeldUntold));
    said_heard(&mut story, &mut line, &hashes(&hers[1..]));
    // What followed is written again by its author's device, which has said so.
    let list = story.relay.inner.undecided(None).expect("a list");
    assert_eq!(list.changes.iter().map(|c| c.hash).collect::<Vec<_>>(), [hers[1].hash]);
    assert_eq!(story.decide(None, &hers[1].hash, false), Ok(vec![hers[1].hash]));
}

#[test]
fn a_late_change_that_somebody_forged_is_not_taken_for_hers() {
    let mut story = Story::after_the_hand_over();
    let doc = story.doc();
    let mut late = story.petra.writes(&story.pep, Main, &["Not hers."]);
    late[0].sig[7] ^= 1;
    let mut line = story.relay.connects(&story.ottoline);
    let told = story.relay.asks(&mut line, &push(doc, &late));
    assert_eq!(held(&told)[0].0, "signature");
    assert_eq!(story.decide(None, &late[0].hash, true), Err(Refused::HeldForGood));
}

#[test]
fn after_a_backup_was_restored_colleagues_bring_back_what_had_been_taken_in_before_she_left() {
    let mut story = Story::after_the_hand_over();
    let doc = story.doc();
    // The copy was made before her change came in, and after the hand-over was put right again.
    let copy = story.relay.copied();
    let now = story.relay.now;
    story.relay.inner = open_relay(&copy, now);
    let lost = story.petra.writes(&story.pep, Main, &["Taken in, and lost with the disk."]);
    let mut line = story.relay.connects(&story.ottoline);
    let told = story.relay.asks(&mut line, &push(doc, &lost));
    assert!(matches!(told.as_slice(), [Frame::Receipt { seq: 2, .. }]), "{told:?}");
    // Her own device brings nothing in by that.
    let later = story.petra.writes(&story.pep, Main, &["After."]);
    let mut hers = story.relay.connects(&story.petra);
    assert_eq!(held(&story.relay.asks(&mut hers, &push(doc, &later))).len(), 1);
}

#[test]
fn changes_of_a_device_that_was_revoked_are_told_to_its_owners_other_device() {
    let mut story = Story::after_the_hand_over();
    let (line, late, _) = story.petra_is_late(&["On the old laptop."]);
    story.relay.inner.disconnect(line.number);
    story.relay.inner.administer(|d| d.revoke(&story.petra.id, NOW)).expect("a device");
    let link = story.relay.invite("Petra Lanternby", "social-worker", &[], NOW + 10 * DAY);
    let joining = Device::new(20, [0; 16]).joining(&link);
    let now = story.relay.now;
    let (person, _) = story.relay.inner.join(&joining, now).expect("a device");
    let tablet = Device::new(20, person.id);
    let mut line = story.relay.dials(&tablet);
    let told = story.relay.asks(&mut line, &tablet.hello());
    assert_eq!(held(&told), [("left".to_string(), hashes(&late), vec![])]);
    said_heard(&mut story, &mut line, &hashes(&late));
    assert_eq!(story.decide(None, &late[0].hash, false), Ok(hashes(&late)));
}
