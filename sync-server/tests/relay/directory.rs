//! The directory as entries: a change writes and signs one or two, sends them to those whom they concern, and nothing to anybody else.

use std::collections::BTreeMap;

use gate::Id;
use plan::DocumentKind::Main;
use sync::{
    Features, Frame, People,
    directory::{Entry, Sheet, Subject},
    feature::ENTRIES,
    frame::{Complete, Hello, Listed},
    packed::unpack,
};
use sync_server::directory::Refused;

use crate::world::*;

/// What one connection was sent of the directory.
#[derive(Default)]
struct Sent {
    bytes: usize,
    entries: Vec<Entry>,
    complete: Option<u64>,
    listed: Vec<Listed>,
    gone: Vec<Id>,
    unsettled: bool,
}

impl Sent {
    fn of(frames: Vec<Frame>) -> Sent {
        let mut sent = Sent::default();
        for frame in frames {
            sent.bytes += frame.encode().len();
            match frame {
                Frame::Entries { version, bytes, .. } => {
                    sent.entries.extend(unpack::<Entry>(&bytes).expect("entries"));
                    sent.complete = Some(version);
                }
                Frame::Listing { bytes, .. } => sent.listed.extend(unpack::<Listed>(&bytes).expect("a list")),
                Frame::Gone { doc } => sent.gone.push(doc),
                Frame::Welcome(welcome) => {
                    assert!(welcome.roster.is_none());
                    sent.unsettled = welcome.unsettled;
                }
                Frame::Roster(_) | Frame::Documents { .. } => panic!("{frame:?}: to a program that knows entries"),
                _ => {}
            }
        }
        sent
    }

    fn subjects(&self) -> Vec<Subject> {
        self.entries.iter().map(|entry| entry.sheet().expect("a sheet").subject()).collect()
    }
}

impl Relay {
    fn reads(&mut self, device: &Device, complete: Option<Complete>) -> (Line, Sent) {
        let mut line = self.dials(device);
        let hello = Hello {
            version: 1,
            program: "story".into(),
            device_id: device.id,
            features: Features::of(&[ENTRIES]),
            directory: complete,
            ..Hello::default()
        };
        let frames = self.asks(&mut line, &Frame::Hello(hello));
        (line, Sent::of(frames))
    }

    fn complete(&self, version: u64) -> Option<Complete> {
        Some(Complete { epoch: self.inner.epoch(), version })
    }
}

/// A council with so many children, each with a social worker, a teacher and a carer: ten children to a social worker.
struct County {
    relay: Relay,
    children: Vec<Id>,
    workers: Vec<Device>,
    teachers: Vec<Device>,
}

impl County {
    fn of(children: usize) -> County {
        let mut relay = Relay::new();
        let mut made = vec![relay.idris];
        for n in 1..children {
            let id = relay.inner.new_id();
            let now = relay.now;
            relay.inner.administer(|d| d.add_child(&child(id, &format!("Child {n}")), None, now)).expect("a child");
            made.push(id);
        }
        let mut county = County { relay, children: made.clone(), workers: Vec::new(), teachers: Vec::new() };
        for (n, some) in (1..).zip(made.chunks(10)) {
            county.workers.push(county.relay.joins(n, &format!("Worker {n}"), "social-worker", some));
        }
        for (n, some) in (100..).zip(made.chunks(50)) {
            county.teachers.push(county.relay.joins(n, &format!("Teacher {n}"), "designated-teacher", some));
        }
        county
    }
}

#[test]
fn one_hand_over_among_two_hundred_children_signs_a_few_entries_and_is_sent_to_those_whom_it_concerns() {
    let mut county = County::of(200);
    let child = county.children[7];
    let pep = pep(child);
    let relay = &mut county.relay;
    let devices: Vec<&Device> = county.workers.iter().chain(&county.teachers).collect();
    let mut lines: Vec<(Line, Sent)> = devices.iter().map(|device| relay.reads(device, None)).collect();
    relay.asks(&mut lines[0].0, &Frame::Start { start: start(&pep) });
    relay.settles();
    for (line, _) in &mut lines {
        line.heard();
    }
    let doc = document(&pep, Main);
    relay.asks(&mut lines[0].0, &open(doc, None));

    let before = relay.inner.counts();
    let (from, to, now) = (county.workers[0].person, county.workers[13].person, relay.now);
    relay.inner.administer(|d| d.hand_over(&child, &from, &to, "2026-02-24", None, now)).expect("a hand-over");
    relay.settles();
    let counts = relay.inner.counts();
    // The child's sheet, that the first has left, and the sheets of two people whom the second did not know.
    assert!(counts.entries_signed - before.entries_signed <= 2, "{}", counts.entries_signed - before.entries_signed);
    let mut touched = 0;
    for (at, (line, _)) in lines.iter_mut().enumerate() {
        let sent = Sent::of(line.heard());
        touched += usize::from(sent.bytes > 0);
        assert!(sent.bytes < 4 * 1024, "{at}: {} bytes", sent.bytes);
        let subjects = sent.subjects();
        match at {
            // Who hands over loses it.
            0 => {
                assert_eq!(subjects, [Subject::Left { child, person: from }]);
                assert_eq!((sent.gone, sent.listed.len()), (vec![doc], 0));
            }
            // Who takes it over has the child, its people and its plans.
            13 => {
                let teacher = county.teachers[0].person;
                let mut all = vec![Subject::Child(child)];
                all.extend([from, to, teacher].map(Subject::Person));
                all.sort();
                assert_eq!(subjects, all);
                assert!(sent.listed.iter().all(|one| one.pep == pep.id().into_bytes()) && sent.listed.len() > 3);
            }
            // The child's teacher sees who it is now, and knows nothing yet of that worker.
            at if at == county.workers.len() => {
                assert_eq!(subjects, [Subject::Child(child), Subject::Person(from), Subject::Person(to)]);
            }
            _ => assert_eq!(sent.bytes, 0, "{at}: {subjects:?}"),
        }
    }
    assert_eq!(touched, 3);
    assert_eq!(counts.entries_sent - before.entries_sent, 1 + 4 + 3);
}

#[test]
fn a_device_asks_for_what_is_newer_and_gets_what_has_come_to_concern_it_whatever_its_age() {
    let mut county = County::of(30);
    let relay = &mut county.relay;
    // The day after everybody came to their teams.
    relay.now += 86_400;
    let worker = &county.workers[0];
    let (line, sent) = relay.reads(worker, None);
    // The council, ten children, its own sheet, the teacher's; nothing of twenty other children.
    assert_eq!(sent.entries.len(), 1 + 10 + 2, "{:?}", sent.subjects());
    assert!(sent.entries.iter().all(|entry| entry.is_of(&relay.inner.id(), &relay.inner.key())));
    relay.inner.disconnect(line.number);
    let complete = relay.complete(sent.complete.expect("complete"));
    let signed = relay.inner.counts().entries_signed;
    let (line, again) = relay.reads(worker, complete);
    assert_eq!((again.entries.len(), relay.inner.counts().entries_signed), (0, signed), "nothing is newer");
    relay.inner.disconnect(line.number);

    // While it is away: an old child comes to it, a colleague there gets another device, one child is ended.
    let (own, now) = (worker.person, relay.now);
    let (came, goes) = (county.children[25], county.children[3]);
    relay.inner.administer(|d| d.add_member(&came, &own, "social-worker", "2026-02-24", now)).expect("a member");
    relay.inner.administer(|d| d.end_member(&goes, &own, "2026-02-24", None, now)).expect("an end");
    let (line, newer) = relay.reads(worker, complete);
    let (petra, teacher) = (county.workers[2].person, county.teachers[0].person);
    let mut all = vec![Subject::Child(came), Subject::Person(petra), Subject::Person(own), Subject::Person(teacher)];
    all.push(Subject::Left { child: goes, person: own });
    all.sort();
    assert_eq!(newer.subjects(), all);
    relay.inner.disconnect(line.number);
    // Put together they are what somebody has who begins anew.
    let people = |sent: &[&Sent]| {
        let mut people = People::default();
        let sheets = sent.iter().flat_map(|sent| &sent.entries).map(|entry| entry.sheet().expect("a sheet"));
        sheets.for_each(|sheet| drop(people.take(sheet, &own)));
        people
    };
    let (_, fresh) = relay.reads(worker, None);
    assert_eq!(people(&[&sent, &again, &newer]), people(&[&fresh]));
    // A version that this relay has not reached, or one of another epoch, is worth nothing.
    for complete in [relay.complete(u64::MAX), Some(Complete { epoch: [9; 16], version: 1 })] {
        assert_eq!(relay.reads(worker, complete).1.entries.len(), fresh.entries.len());
    }
}

#[test]
fn numbers_rise_for_each_sheet_and_not_by_the_clock_and_another_epoch_signs_when_it_sends() {
    let mut county = County::of(20);
    let relay = &mut county.relay;
    let (_, sent) = relay.reads(&county.workers[0], None);
    let numbers: BTreeMap<Vec<u8>, u64> = sent.entries.iter().map(|entry| (entry.name(), entry.number)).collect();
    let version = relay.inner.directory().version();
    relay.now += 1_000_000;
    let (child, teacher, now) = (county.children[0], county.teachers[0].person, relay.now);
    relay.inner.administer(|d| d.end_member(&child, &teacher, "2027-02-23", None, now)).expect("an end");
    assert_eq!(relay.inner.directory().version(), version + 1);
    let (_, newer) = relay.reads(&county.workers[0], relay.complete(version));
    let changed = newer.entries.iter().find(|entry| entry.kind == "child").expect("the child");
    assert_eq!((Some(changed.number), changed.at), (numbers.get(&changed.name()).map(|n| n + 1), version + 1));
    // Restored from a copy: another epoch, in which nothing is signed before somebody asks.
    let copy = relay.copied();
    drop(std::mem::replace(&mut relay.inner, open_relay(&copy, relay.now + 60)));
    relay.now += 60;
    assert_eq!(relay.inner.counts().entries_signed, 0);
    let (_, anew) = relay.reads(&county.workers[1], Some(Complete { epoch: changed.epoch, version: version + 1 }));
    assert!(anew.unsettled, "what was signed in the epoch before stands beside");
    assert_eq!(relay.inner.counts().entries_signed, anew.entries.len() as u64);
    assert!(anew.entries.iter().all(|entry| entry.epoch == relay.inner.epoch()));
    // The next reader of the same sheets costs no signature for them.
    let signed = relay.inner.counts().entries_signed;
    let (_, same) = relay.reads(&county.workers[1], None);
    assert_eq!((same.entries, relay.inner.counts().entries_signed), (anew.entries, signed));
}

#[test]
fn the_head_and_those_whom_the_settings_name_have_every_child() {
    let mut county = County::of(30);
    let relay = &mut county.relay;
    let head = relay.joins(60, "Cressida Vane", "virtual-school-head", &[]);
    let lorcan = relay.joins(61, "Lorcan Tidewell", "virtual-school-officer", &[]);
    let pep = pep(county.children[4]);
    let mut line = relay.connects(&county.workers[0]);
    relay.asks(&mut line, &Frame::Start { start: start(&pep) });
    let doc = document(&pep, Main);
    let today = "2026-02-24";
    let (mut hers, sent) = relay.reads(&head, None);
    let children = |sent: &Sent| sent.entries.iter().filter(|entry| entry.kind == "child").count();
    assert_eq!((children(&sent), sent.listed.iter().any(|one| one.doc == doc)), (30, true));
    let (mut his, sent) = relay.reads(&lorcan, None);
    assert_eq!((children(&sent), sent.listed.len()), (0, 0));
    let opened = relay.asks(&mut hers, &open(doc, None));
    assert!(matches!(opened.as_slice(), [Frame::Snapshot { .. }]), "{opened:?}");
    // Named: every child at once, while he is connected.
    let now = relay.now;
    relay.inner.name_every_child(&["Lorcan Tidewell".into()], now).expect("known");
    relay.settles();
    let sent = Sent::of(his.heard());
    assert_eq!((children(&sent), sent.listed.iter().any(|one| one.doc == doc)), (30, true));
    assert_eq!(
        relay.inner.directory().role(&county.children[4], &lorcan.person, today),
        Some("virtual-school-officer")
    );
    // Whoever works with a child knows them from then on: what they write there has an author.
    let (_, sent) = relay.reads(&county.teachers[0], None);
    let people: Vec<Id> = sent
        .entries
        .iter()
        .filter_map(|entry| match entry.sheet() {
            Some(Sheet::Person(sheet)) => Some(sheet.person.id),
            _ => None,
        })
        .collect();
    assert!(people.contains(&head.person) && people.contains(&lorcan.person));
    let author = |device: &Device| relay.inner.directory().record(&doc, 0).authors.contains_key(&device.id);
    assert!(author(&head) && author(&lorcan));
    // A program that reads rosters finds them on the team.
    let roster = relay.inner.signed_roster(&county.workers[0].person).verify(&relay.inner.key()).expect("signed");
    assert_eq!(roster.role(&county.children[4], &head.person, today), Some("virtual-school-head"));
    // Named no longer: what he wrote keeps its author, and he reads no more. The head always does.
    relay.inner.name_every_child(&[], now).expect("nobody");
    relay.settles();
    let directory = relay.inner.directory();
    assert!(!directory.may_open(&lorcan.person, &doc, today) && directory.may_open(&head.person, &doc, today));
    assert!(directory.record(&doc, 0).authors.contains_key(&lorcan.id));
    // Somebody who is not known, or not of the Virtual School.
    for (name, refused) in [("Nobody", Refused::PersonUnknown), ("Worker 1", Refused::NotOfTheVirtualSchool)] {
        let said = relay.inner.name_every_child(&[name.into()], now);
        assert!(matches!(said, Err(sync_server::error::Error::Refused(ref why)) if *why == refused), "{said:?}");
    }
}

#[test]
fn what_not_everybody_may_know_is_given_to_those_roles_alone_that_read_the_familys_document() {
    let mut county = County::of(10);
    let first = county.children[0];
    let carer = county.relay.joins(70, "Carys Wexcombe", "carer", &[first]);
    let relay = &mut county.relay;
    let (idris, now) = (county.children[0], relay.now);
    let (mut worker, _) = relay.reads(&county.workers[0], None);
    let (mut hers, _) = relay.reads(&carer, None);
    relay.inner.administer(|d| d.restrict(&idris, "adoption", Some("placed"), now)).expect("a fact");
    relay.settles();
    let told = Sent::of(worker.heard());
    let Some(Sheet::Restricted(sheet)) = told.entries.first().and_then(Entry::sheet) else { panic!("a sheet") };
    assert_eq!(sheet.facts, BTreeMap::from([("adoption".into(), "placed".into())]));
    assert_eq!(hers.heard(), [], "nothing, not even that there is something");
    assert!(relay.reads(&carer, None).1.entries.iter().all(|entry| entry.kind != "restricted"));
    assert!(relay.reads(&county.workers[0], None).1.entries.iter().any(|entry| entry.kind == "restricted"));
}

#[test]
fn no_membership_ends_before_it_began() {
    let mut county = County::of(12);
    let relay = &mut county.relay;
    let (child, now) = (county.children[0], relay.now);
    let (own, colleague) = (county.workers[0].person, county.workers[1].person);
    relay.inner.administer(|d| d.end_member(&child, &own, "2019-01-01", None, now)).expect_err("before it began");
    relay
        .inner
        .administer(|d| d.hand_over(&child, &own, &colleague, "2019-01-01", None, now))
        .expect_err("before it began");
    let stands = relay.inner.directory().team(&child).iter().any(|member| member.person == own && member.to.is_none());
    assert!(stands, "it goes on");
}
