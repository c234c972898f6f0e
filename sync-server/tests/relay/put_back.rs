//! A relay that was put back finds that out by what it sees itself, or has signed; and what it takes back then, it takes for a while.

use gate::{Envelope, Id};
use plan::DocumentKind::Main;
use plan::Pep;
use replica::Mode;
use sync::{
    Cursor, Features, Frame, Mark,
    feature::MARKS,
    frame::{Hello, Welcome, code},
};
use sync_server::relay::RESTORING_SECONDS_MAX;

use crate::world::*;

/// Idris's plan, with Odile his social worker until yesterday and Ottoline his teacher, whose tablet was revoked.
struct Story {
    relay: Relay,
    pep: Pep,
    odile: Device,
    ottoline: Device,
    tablet: Device,
}

impl Story {
    fn begin() -> Story {
        let mut relay = Relay::new();
        let idris = relay.idris;
        let mut odile = relay.joins(1, "Odile Marrowfield", "social-worker", &[idris]);
        let ottoline = relay.joins(2, "Ottoline Greaves-Penn", "designated-teacher", &[idris]);
        let tablet = relay.joins(3, "Ottoline Greaves-Penn", "designated-teacher", &[idris]);
        let pep = pep(idris);
        let mut line = relay.connects(&odile);
        relay.asks(&mut line, &Frame::Start { start: start(&pep) });
        let first = odile.writes(&pep, Main, &["One."]);
        relay.asks(&mut line, &push(document(&pep, Main), &first));
        relay.inner.disconnect(line.number);
        Story { relay, pep, odile, ottoline, tablet }
    }

    fn doc(&self) -> Id {
        document(&self.pep, Main)
    }

    /// Odile leaves, and the tablet is revoked; the day after that begins.
    fn parts(&mut self) {
        let (idris, odile, tablet, now) = (self.relay.idris, self.odile.person, self.tablet.id, self.relay.now);
        self.relay.inner.administer(|d| d.end_member(&idris, &odile, "2026-02-24", None, now)).expect("an end");
        self.relay.inner.administer(|d| d.revoke(&tablet, now)).expect("a revocation");
        self.relay.now += 2 * 24 * 60 * 60;
        self.relay.settles();
    }

    /// The machine is rolled back to `copy`: nothing on its disk shows it.
    fn rolled_back(&mut self, copy: &std::path::Path) {
        let (mut hidden, _) = disk::open_replica(copy, Mode::Relay, &store_key()).expect("a replica");
        hidden.set_fact(b"hidden", Some(b"copy"));
        hidden.commit().expect("a disk");
        drop(hidden);
        // The relays of these tests draw their chance from the moment.
        self.relay.now += 3_600;
        self.relay.inner = open_relay(copy, self.relay.now);
    }

    fn connects_with(&mut self, device: &Device, mark: Option<Mark>) -> (Line, Welcome) {
        let mut line = self.relay.dials(device);
        let hello = Hello {
            version: 1,
            program: "story".into(),
            device_id: device.id,
            features: Features::of(&[MARKS]),
            mark,
            ..Hello::default()
        };
        let heard = self.relay.asks(&mut line, &Frame::Hello(hello));
        let Some(Frame::Welcome(welcome)) = heard.into_iter().next() else { panic!("a welcome") };
        (line, welcome)
    }

    /// What somebody else brings: whether it got receipts, or was held.
    fn brings(&mut self, line: &mut Line, envelopes: &[Envelope]) -> (usize, usize) {
        let doc = self.doc();
        let told = self.relay.asks(line, &push(doc, envelopes));
        let receipts = told.iter().filter(|frame| matches!(frame, Frame::Receipt { .. })).count();
        let held = told.iter().map(|frame| if let Frame::Held { hashes, .. } = frame { hashes.len() } else { 0 });
        (receipts, held.sum())
    }

    fn audited(&self, did: &str) -> usize {
        let facts = self.relay.inner.replica().facts(b"audit/").expect("facts");
        let entry = |value: &[u8]| ciborium::from_reader::<sync_server::directory::Entry, _>(value).expect("an entry");
        facts.iter().filter(|(_, value)| entry(value).did == did).count()
    }
}

#[test]
fn a_cursor_that_does_not_fit_is_answered_and_changes_nothing() {
    let mut story = Story::begin();
    story.parts();
    let doc = story.doc();
    let epoch = story.relay.inner.epoch();
    let ottoline = Device::of(2, story.ottoline.person, [0; 16]);
    let (mut line, _) = story.connects_with(&ottoline, None);
    // As one that has read much more, and another log, than there is.
    for cursor in [Cursor::new(epoch, 1_000), Cursor::at(epoch, 1, [7; 32]), Cursor::new(epoch, u64::MAX)] {
        let told = story.relay.asks(&mut line, &open(doc, Some(cursor)));
        assert!(
            matches!(told.as_slice(), [Frame::Error { code, .. }] if code == code::MISSING),
            "{cursor:?}: {told:?}"
        );
    }
    assert_eq!((story.relay.inner.epoch(), story.relay.inner.restoring()), (epoch, None));
    // Whom the team has left behind writes nothing more by it, in whoever's hands it comes; neither does a revoked device.
    let late = story.odile.writes(&story.pep, Main, &["Written after she left."]);
    assert_eq!(story.brings(&mut line, &late), (0, 1));
    let stolen = story.tablet.writes(&story.pep, Main, &["Written by whoever has the tablet."]);
    assert_eq!(story.brings(&mut line, &stolen), (0, 1));
    // Nor after a start, and nor where a relay before this one has believed it.
    let dir = story.relay.dir.clone();
    drop(story.relay.inner);
    let (mut replica, _) = disk::open_replica(&dir, Mode::Relay, &store_key()).expect("a replica");
    replica.set_fact(b"relay/cut", Some(&[]));
    replica.commit().expect("a disk");
    drop(replica);
    story.relay.inner = open_relay(&dir, story.relay.now);
    assert_eq!((story.relay.inner.epoch(), story.relay.inner.restoring()), (epoch, None));
    assert_eq!(story.audited("ended restoring"), 1);
    let (mut line, _) = story.connects_with(&ottoline, None);
    let later = story.tablet.writes(&story.pep, Main, &["And more."]);
    assert_eq!(story.brings(&mut line, &later).0, 0);
}

#[test]
fn a_mark_beyond_its_own_end_proves_to_a_relay_that_it_was_put_back() {
    let mut story = Story::begin();
    let doc = story.doc();
    let copy = story.relay.copied();
    let before = story.relay.inner.epoch();
    let ottoline = Device::of(2, story.ottoline.person, [0; 16]);
    let odile = Device::of(1, story.odile.person, [0; 16]);
    // After the copy was made Odile writes, has her receipt, and hears with it how much there is.
    let (mut hers, welcome) = story.connects_with(&odile, None);
    let at_first = welcome.mark.expect("a mark");
    let lost = story.odile.writes(&story.pep, Main, &["and so on, "; 20]);
    let told = story.relay.asks(&mut hers, &push(doc, &lost));
    assert!(told.iter().all(|frame| !matches!(frame, Frame::Mark(_))), "not with every receipt: {told:?}");
    story.relay.now += 10;
    story.relay.settles();
    let told = hers.heard();
    let Some(Frame::Mark(mark)) = told.last().cloned() else { panic!("{told:?}") };
    assert!(mark.follows(&at_first) && mark.is_of(&story.relay.inner.id(), &story.relay.inner.key()));
    // Who does not say that they know marks hears of none.
    let mut plain = story.relay.connects(&ottoline);
    let his = story.ottoline.writes(&story.pep, Main, &["Three."]);
    let told = story.relay.asks(&mut plain, &push(doc, &his));
    assert!(told.iter().all(|frame| !matches!(frame, Frame::Mark(_))), "{told:?}");

    story.rolled_back(&copy);
    assert_eq!(story.relay.inner.epoch(), before, "nothing on the disk shows it");
    assert_eq!(story.relay.inner.restoring(), None);
    // What proves nothing: no mark, one that fits, one of another relay, a forged one.
    let id = story.relay.inner.id();
    let other = Mark::sign(&key(201), &id, before, u64::MAX);
    let fits = Mark::sign(&key(200), &id, before, 1);
    let forged = Mark { records: u64::MAX, ..mark.clone() };
    let elsewhere = Mark::sign(&key(200), &[9; 16], before, u64::MAX);
    for mark in [None, Some(other), Some(fits), Some(forged), Some(elsewhere)] {
        story.connects_with(&ottoline, mark.clone());
        assert_eq!((story.relay.inner.epoch(), story.relay.inner.restoring()), (before, None), "{mark:?}");
    }
    let (mut theirs, _) = story.connects_with(&ottoline, None);
    // Hers does.
    let (mut hers, welcome) = story.connects_with(&odile, Some(mark.clone()));
    assert_ne!(story.relay.inner.epoch(), before);
    assert_eq!(welcome.epoch, story.relay.inner.epoch());
    assert_eq!(story.audited("was put back"), 1);
    // Whoever was connected comes again, for the log is another.
    let told = theirs.heard();
    assert!(matches!(told.last(), Some(Frame::Error { code, .. }) if code == code::STOPPING), "{told:?}");
    assert!(theirs.is_closed());
    story.relay.asks(&mut hers, &open(doc, Some(Cursor::new(welcome.epoch, 0))));
    assert_eq!(story.brings(&mut hers, &lost), (20, 0));
    // Once is enough, also after a start.
    let epoch = story.relay.inner.epoch();
    story.connects_with(&odile, Some(mark.clone()));
    story.relay.inner = {
        drop(std::mem::replace(&mut story.relay.inner, open_relay(&story.relay.dir.with_extension("scratch"), NOW)));
        open_relay(&copy, story.relay.now)
    };
    story.connects_with(&odile, Some(mark));
    assert_eq!((story.relay.inner.epoch(), story.audited("was put back")), (epoch, 1));
}

#[test]
fn a_mark_of_an_epoch_that_the_relay_knows_nothing_of_proves_it_too() {
    let mut story = Story::begin();
    let ottoline = Device::of(2, story.ottoline.person, [0; 16]);
    let first = story.relay.inner.epoch();
    let (id, later) = (story.relay.inner.id(), [8; 16]);
    let mark = Mark::sign(&key(200), &id, later, 3);
    story.connects_with(&ottoline, Some(mark.clone()));
    assert_ne!(story.relay.inner.epoch(), first);
    let second = story.relay.inner.epoch();
    // Both are known from here on.
    for epoch in [first, later] {
        story.connects_with(&ottoline, Some(Mark::sign(&key(200), &id, epoch, u64::MAX)));
        assert_eq!(story.relay.inner.epoch(), second);
    }
    // A relay that was restored a moment ago has begun another epoch for that: it need not begin one for each mark of that time.
    story.connects_with(&ottoline, Some(Mark::sign(&key(200), &id, [7; 16], 3)));
    assert_eq!((story.relay.inner.epoch(), story.audited("was put back")), (second, 1));
}

#[test]
fn a_relay_that_was_restored_believes_for_three_days_that_others_work_was_let_in_before() {
    let mut story = Story::begin();
    let ottoline = Device::of(2, story.ottoline.person, [0; 16]);
    let copy = story.relay.copied();
    let mut hers = story.relay.connects(&Device::of(1, story.odile.person, [0; 16]));
    let lost = story.odile.writes(&story.pep, Main, &["Two.", "Three."]);
    assert_eq!(story.brings(&mut hers, &lost), (2, 0));
    drop(std::mem::replace(&mut story.relay.inner, open_relay(&copy, NOW)));
    assert_eq!(story.relay.inner.restoring(), Some(NOW + RESTORING_SECONDS_MAX));
    story.parts();
    // Ottoline brings back what Odile, who has left since, had written before.
    let (mut line, _) = story.connects_with(&ottoline, None);
    assert_eq!(story.brings(&mut line, &lost[..1]), (1, 0));
    // It outlives a start, and ends.
    drop(std::mem::replace(&mut story.relay.inner, open_relay(&story.relay.dir.with_extension("scratch"), NOW)));
    story.relay.inner = open_relay(&copy, story.relay.now);
    assert_eq!(story.relay.inner.restoring(), Some(NOW + RESTORING_SECONDS_MAX));
    story.relay.now = NOW + RESTORING_SECONDS_MAX;
    let (mut line, _) = story.connects_with(&ottoline, None);
    assert_eq!(story.relay.inner.restoring(), None);
    assert_eq!(story.brings(&mut line, &lost), (1, 1), "one is here, the other waits for the Virtual School");
    assert_eq!((story.audited("was put back"), story.audited("ended restoring")), (1, 1));
}
