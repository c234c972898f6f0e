//! Nobody writes what they may not, and a device that signs two different changes under one number is locked. Those who write
//! here have changed their programs: they ask nobody what they may.

use gate::{Authority, Envelope, Hash};
use plan::DocumentKind::Main;
use plan::Pep;
use sync::{
    Cursor, Frame,
    feature::{self, Features},
    frame::{Hello, code},
};
use sync_server::relay::INCARNATIONS_PER_DAY_MAX;

use crate::world::*;

/// Idris's spring plan, with Odile his social worker, Ottoline his teacher and Lorcan of the Virtual School.
struct Story {
    relay: Relay,
    pep: Pep,
    odile: Device,
    ottoline: Device,
    lorcan: Device,
}

impl Story {
    fn begin() -> Story {
        let mut relay = Relay::new();
        let idris = relay.idris;
        let odile = relay.joins(1, "Odile Marrowfield", "social-worker", &[idris]);
        let ottoline = relay.joins(2, "Ottoline Greaves-Penn", "designated-teacher", &[idris]);
        let lorcan = relay.joins(3, "Lorcan Tidewell", "virtual-school-officer", &[idris]);
        let pep = pep(idris);
        let mut line = relay.connects(&odile);
        relay.asks(&mut line, &Frame::Start { start: start(&pep) });
        relay.inner.disconnect(line.number);
        Story { relay, pep, odile, ottoline, lorcan }
    }

    fn doc(&self) -> gate::Id {
        document(&self.pep, Main)
    }

    fn asks(&mut self, line: &mut Line, envelopes: &[Envelope]) -> Vec<Frame> {
        let doc = self.doc();
        self.relay.asks(line, &push(doc, envelopes))
    }

    fn audited(&self, did: &str) -> usize {
        let facts = self.relay.inner.replica().facts(b"audit/").expect("facts");
        let entry = |value: &[u8]| ciborium::from_reader::<sync_server::directory::Entry, _>(value).expect("an entry");
        facts.iter().filter(|(_, value)| entry(value).did == did).count()
    }

    fn log(&self) -> Vec<Hash> {
        let log = self.relay.inner.replica().log(&self.doc(), 0, usize::MAX).expect("a log");
        log.iter().map(|envelope| envelope.hash).collect()
    }
}

fn receipts(frames: &[Frame]) -> usize {
    frames.iter().filter(|frame| matches!(frame, Frame::Receipt { .. })).count()
}

/// Code and words of what was held.
fn held(frames: &[Frame]) -> Vec<(&str, &str)> {
    let mut said = Vec::new();
    for frame in frames {
        if let Frame::Held { code, detail, .. } = frame {
            said.push((code.as_str(), detail.as_str()));
        }
    }
    said
}

#[test]
fn the_forged_section_is_held_nobody_is_sent_it_and_everybody_elses_work_goes_on() {
    let mut story = Story::begin();
    let doc = story.doc();
    let (mut hers, mut theirs) = (story.relay.connects(&story.odile), story.relay.connects(&story.ottoline));
    story.relay.asks(&mut theirs, &open(doc, None));
    let forged = story.odile.forges(&story.pep, Main, "qa.feedback", "Nothing to improve.");
    let told = story.asks(&mut hers, std::slice::from_ref(&forged));
    assert_eq!(held(&told), [("right", "Your role does not write qa.feedback in this plan.")]);
    assert_eq!(theirs.heard(), [], "nobody else is told of it");
    // In whoever's hands it comes.
    assert_eq!(held(&story.asks(&mut theirs, std::slice::from_ref(&forged))).len(), 1);
    let honest = story.ottoline.writes(&story.pep, Main, &["He has begun to cook."]);
    assert_eq!(receipts(&story.asks(&mut theirs, &honest)), 1);
    assert_eq!(story.log(), [honest[0].hash]);
    // Her signature stands, so a copy of her key can do no more than she may.
    assert!(story.relay.inner.directory().record(&doc, 0).author(&story.odile.id).is_some());
}

#[test]
fn what_the_virtual_school_lets_in_flows_and_every_device_is_told_that_it_was() {
    let mut story = Story::begin();
    let doc = story.doc();
    let mut hers = story.relay.connects(&story.odile);
    let forged = story.odile.forges(&story.pep, Main, "qa.feedback", "As Lorcan said on the telephone: clear targets.");
    assert_eq!(held(&story.asks(&mut hers, std::slice::from_ref(&forged))).len(), 1);
    let mut theirs = story.relay.connects(&story.ottoline);
    story.relay.asks(&mut theirs, &open(doc, None));
    let now = story.relay.now;
    let refused = story.relay.inner.decide(Some(story.ottoline.id), &doc, &forged.hash, true, now);
    assert!(refused.is_err(), "it is the Virtual School's to decide");
    let decided = story.relay.inner.decide(Some(story.lorcan.id), &doc, &forged.hash, true, now).expect("a decision");
    assert_eq!(decided, [forged.hash]);
    story.relay.settles();
    let heard = theirs.heard();
    let roster = heard.iter().find_map(|frame| match frame {
        Frame::Roster(roster) => roster.verify(&story.relay.inner.key()),
        _ => None,
    });
    let roster = roster.expect("a roster that names it");
    assert_eq!(roster.accepted, [sync::roster::Accepted { doc, change: forged.hash }]);
    let logged = heard.iter().position(|frame| matches!(frame, Frame::Log { .. }));
    assert!(heard.iter().position(|frame| matches!(frame, Frame::Roster(_))) < logged, "before it flows");
    assert_eq!(story.log(), [forged.hash]);
    // It stays so after a start, and the log passes as it is.
    let log = story.relay.inner.replica().log(&doc, 0, usize::MAX).expect("a log");
    let (dir, genesis) = (story.relay.dir.clone(), story.pep.genesis(Main));
    drop(story.relay.inner);
    let again = open_relay(&dir, NOW);
    let record = again.directory().record(&doc, 0);
    assert!(record.accepted(&forged.hash));
    replica::check_log(&genesis, &log, &record).expect("a log as it was taken in");
    let record = gate::Team { accepted: Default::default(), ..record };
    assert_eq!(replica::check_log(&genesis, &log, &record).expect_err("without that").code(), "right");
}

#[test]
fn who_has_left_and_what_was_revoked_write_nothing_more_and_the_day_has_a_days_grace_before_it() {
    let mut story = Story::begin();
    let (doc, idris, now) = (story.doc(), story.relay.idris, story.relay.now);
    let authority = |story: &Story, device: &Device, day: &str| {
        let authority = story.relay.inner.directory().authority(&doc, 0, day).expect("a document");
        authority.groups(&device.id).len()
    };
    story
        .relay
        .inner
        .administer(|d| d.hand_over(&idris, &story.odile.person, &story.lorcan.person, "2026-03-01", None, now))
        .expect_err("he is on the team in another role");
    story
        .relay
        .inner
        .administer(|d| d.end_member(&idris, &story.odile.person, "2026-03-01", None, now))
        .expect("an end");
    assert_eq!(["2026-02-24", "2026-03-01", "2026-03-02"].map(|day| authority(&story, &story.odile, day)), [1, 1, 0]);
    let petra = story.relay.joins(4, "Petra Lanternby", "social-worker", &[]);
    story
        .relay
        .inner
        .administer(|d| d.add_member(&idris, &petra.person, "social-worker", "2026-03-02", now))
        .expect("a membership");
    assert_eq!(["2026-02-28", "2026-03-01", "2026-03-02"].map(|day| authority(&story, &petra, day)), [0, 1, 1]);
    story.relay.inner.administer(|d| d.revoke(&petra.id, now)).expect("a device");
    assert_eq!(authority(&story, &petra, "2026-03-02"), 0);
    // What they wrote while they could stays theirs: that is another question.
    let record = story.relay.inner.directory().record(&doc, 0);
    assert_eq!([&story.odile, &petra].map(|device| record.groups(&device.id)), [["social-worker"]; 2]);
}

#[test]
fn the_equivocating_device_is_locked_its_owner_hears_why_and_nobody_else_is_kept_from_working() {
    let mut story = Story::begin();
    let doc = story.doc();
    let mut other = Device::new(1, story.odile.person);
    let (mut hers, mut theirs) = (story.relay.connects(&story.odile), story.relay.connects(&story.ottoline));
    let first = story.odile.writes(&story.pep, Main, &["He may go on the trip."]);
    assert_eq!(receipts(&story.asks(&mut hers, &first)), 1);
    // The same number, signed with the same key, says something else.
    let second = other.writes(&story.pep, Main, &["He may not go on the trip."]);
    let told = story.asks(&mut hers, &second);
    let said = held(&told);
    let [("locked", words)] = said.as_slice() else { panic!("{told:?}") };
    assert!(words.contains("two different changes under one number") && words.contains("new invitation"), "{words}");
    let device = story.relay.inner.directory().known_device(&story.odile.id).cloned().expect("a device");
    assert_eq!((device.locked, story.audited("locked")), (Some(story.relay.now), 1));
    // Nothing more of it comes in, under whatever actor; what is there stays.
    let more = story.odile.writes(&story.pep, Main, &["And more."]);
    let anew = Device::of(1, story.odile.person, [1; 16]).writes(&story.pep, Main, &["Under another actor."]);
    for envelopes in [&more, &anew] {
        let told = story.asks(&mut hers, envelopes);
        assert!(matches!(held(&told).as_slice(), [("locked", _)]), "{told:?}");
    }
    let honest = story.ottoline.writes(&story.pep, Main, &["He is looking forward to it."]);
    assert_eq!(receipts(&story.asks(&mut theirs, &honest)), 1);
    assert_eq!(story.log(), [first[0].hash, honest[0].hash]);
    assert_eq!(story.audited("locked"), 1, "said once");
    // She may read on; and on another device she writes.
    let opened = story.relay.asks(&mut hers, &open(doc, None));
    assert!(matches!(opened.first(), Some(Frame::Snapshot { .. })), "{opened:?}");
    let mut tablet = story.relay.joins(9, "Odile Marrowfield", "social-worker", &[]);
    let mut line = story.relay.connects(&tablet);
    let again = tablet.writes(&story.pep, Main, &["He may go."]);
    assert_eq!(receipts(&story.asks(&mut line, &again)), 1);
    let (dir, id) = (story.relay.dir.clone(), story.odile.id);
    drop(story.relay.inner);
    let again = open_relay(&dir, NOW);
    assert!(again.directory().known_device(&id).is_some_and(|device| device.locked.is_some()), "after a start, too");
}

#[test]
fn two_copies_of_a_disk_that_meet_on_their_lines_are_not_locked_and_go_on_apart() {
    let mut story = Story::begin();
    let mut copy = Device::new(1, story.odile.person);
    let (mut one, mut other) = (story.relay.connects(&story.odile), story.relay.connects(&story.odile));
    let first = story.odile.writes(&story.pep, Main, &["On the one."]);
    assert_eq!(receipts(&story.asks(&mut one, &first)), 1);
    // Written before it could read that.
    let crossed = copy.writes(&story.pep, Main, &["On the other."]);
    assert!(matches!(held(&story.asks(&mut other, &crossed)).as_slice(), [("equivocation", _)]));
    // Told so, it goes on under another actor.
    let anew = Device::of(1, story.odile.person, [1; 16]).writes(&story.pep, Main, &["On the other."]);
    assert_eq!(receipts(&story.asks(&mut other, &anew)), 1);
    assert_eq!(story.audited("locked"), 0);
    // On a line that stood only after the number had been used, the same is no accident.
    story.relay.inner.disconnect(other.number);
    let mut later = story.relay.connects(&story.odile);
    let third = Device::new(1, story.odile.person).writes(&story.pep, Main, &["On a third."]);
    assert!(matches!(held(&story.asks(&mut later, &third)).as_slice(), [("locked", _)]));
}

#[test]
fn what_others_bring_of_a_device_that_forked_locks_nobody() {
    let mut story = Story::begin();
    let mut other = Device::new(1, story.odile.person);
    let (mut hers, mut theirs) = (story.relay.connects(&story.odile), story.relay.connects(&story.ottoline));
    let first = story.odile.writes(&story.pep, Main, &["One."]);
    let second = other.writes(&story.pep, Main, &["Another."]);
    assert_eq!(receipts(&story.asks(&mut hers, &first)), 1);
    assert!(matches!(held(&story.asks(&mut theirs, &second)).as_slice(), [("equivocation", _)]));
    assert_eq!(story.audited("locked"), 0, "she may have written it on a backup, and given it away before she knew");
}

#[test]
fn every_table_of_rules_is_read_by_the_gate() {
    for process in plan::Processes::built_in().iter() {
        for kind in plan::DocumentKind::ALL {
            let rules: gate::Rules =
                process.write_table(*kind).parse().unwrap_or_else(|e| panic!("{}: {e}", process.id));
            assert_ne!(rules, gate::Rules::default(), "{} {kind}", process.id);
        }
    }
}

#[test]
fn a_device_begins_anew_so_often_a_day_and_what_comes_after_waits_on_it_until_tomorrow() {
    let mut story = Story::begin();
    let mut line = story.relay.connects(&story.odile);
    let person = story.odile.person;
    let mut devices: Vec<Device> =
        (0..=INCARNATIONS_PER_DAY_MAX as u8).map(|n| Device::of(1, person, [n + 1; 16])).collect();
    let mut last = devices.pop().expect("the one too many");
    for device in &mut devices {
        let words = device.writes(&story.pep, Main, &["From a fresh copy."]);
        assert_eq!(receipts(&story.asks(&mut line, &words)), 1);
    }
    let over = last.writes(&story.pep, Main, &["From one more."]);
    let told = story.asks(&mut line, &over);
    let [Frame::Error { code, detail, doc, .. }] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((code.as_str(), doc.map(|doc| doc.into_array())), (code::INCARNATIONS, Some(story.doc())));
    assert!(detail.contains("shared tomorrow"), "{detail}");
    // It is not held, those who have begun go on, and nobody else waits.
    let more = devices[0].writes(&story.pep, Main, &["And more."]);
    assert_eq!(receipts(&story.asks(&mut line, &more)), 1);
    let theirs = story.ottoline.writes(&story.pep, Main, &["He is looking forward to it."]);
    let mut hers = story.relay.connects(&story.ottoline);
    assert_eq!(receipts(&story.asks(&mut hers, &theirs)), 1);
    story.relay.now += 24 * 60 * 60;
    story.relay.settles();
    assert_eq!(receipts(&story.asks(&mut line, &over)), 1);
}

#[test]
fn an_older_program_is_told_to_be_updated_where_a_log_names_incarnations_and_is_sent_nothing_it_cannot_read() {
    let mut story = Story::begin();
    let doc = story.doc();
    let mut hers = story.relay.connects(&story.odile);
    let words = story.odile.writes(&story.pep, Main, &["He may go on the trip."]);
    assert_eq!(receipts(&story.asks(&mut hers, &words)), 1);
    let mut line = story.relay.dials(&story.ottoline);
    let Frame::Hello(hello) = story.ottoline.hello() else { panic!("a hello") };
    let welcome = story.relay.asks(&mut line, &Frame::Hello(Hello { features: Features::default(), ..hello }));
    let Some(Frame::Welcome(welcome)) = welcome.first() else { panic!("{welcome:?}") };
    assert!(welcome.features.has(feature::ENVELOPE_2));
    for cursor in [Some(Cursor::new(story.relay.inner.epoch(), 0)), None] {
        let told = story.relay.asks(&mut line, &open(doc, cursor));
        let sent = |frame: &Frame| matches!(frame, Frame::Log { .. });
        assert!(!told.iter().any(sent), "{told:?}");
        assert!(told.iter().any(|frame| matches!(frame, Frame::Error { code, .. } if code == code::NEWER)), "{told:?}");
    }
}
