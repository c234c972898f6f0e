//! A plan that began under version 1 of its process, and is moved to version 2 while people work on it: by whom, together and apart,
//! through the relay, by snapshot, after a restart; and what becomes of a program that does not know version 2.

use std::path::PathBuf;

use harness::joined::{Chance, IDRIS, folder_key, idris, in_memory, joins, key};
use participant::{Device as Client, Error, Kind, Mine, Now, Zone, device::Me, move_version};
use plan::{Answer, DocumentKind, Edit, Pep, PepType, Processes, Role, Signing};
use replica::Mode;
use sync_server::relay::{Relay, queue};
use tempfile::TempDir;
use tokio::sync::mpsc::Receiver;
use uuid::Uuid;

/// Tuesday, 24 February 2026, at nine.
const NOW: i64 = 1_771_923_600;
/// The question that came with version 2.
const NEW: &str = "meeting.carerTold";
const PEOPLE: [(&str, Role); 4] = [
    ("Odile Marrowfield", Role::SocialWorker),
    ("Ottoline Greaves-Penn", Role::DesignatedTeacher),
    ("Carys Wexcombe", Role::Carer),
    ("Lorcan Tidewell", Role::VirtualSchoolOfficer),
];
const ODILE: usize = 0;
const OTTOLINE: usize = 1;
const CARYS: usize = 2;
const LORCAN: usize = 3;

struct Device {
    role: Role,
    me: Me,
    home: PathBuf,
    client: Client,
    /// Its line; `None` while it is offline.
    line: Option<(u64, Receiver<Vec<u8>>)>,
}

/// A relay with Idris's plan, and the devices round him; frames go from one to the other by hand.
struct House {
    relay: Relay,
    devices: Vec<Device>,
    pep: Pep,
    folder: TempDir,
    lines: u64,
}

/// What a program of before knows.
fn version_1() -> Processes {
    Processes::read(&[include_str!("../../crates/plan/processes/sections.json")]).expect("a process")
}

fn now() -> Now {
    Now::at(NOW, Zone::Europe__London)
}

impl House {
    /// The relay knows these processes; everybody's device knows all of them.
    fn new(relay: &Processes) -> House {
        let folder = tempfile::tempdir().expect("a folder");
        let mut chance = Chance(7);
        let random = Box::new(move |bytes: &mut [u8]| bytes.iter_mut().for_each(|b| *b = chance.draw() as u8));
        let disk = disk::open_replica(&folder.path().join("relay"), Mode::Relay, &folder_key()).expect("a folder").0;
        let mut relay = Relay::open(disk, relay.clone(), key(200), "Harrowmere", random, NOW).expect("a relay");
        relay.administer(|d| d.add_child(&idris(), None, NOW)).expect("a child");
        let (year, term) = plan::parse_term("2025/26-spring").expect("a term");
        let process = Processes::built_in().get("sections", 1).expect("a process");
        let pep = Pep { child: IDRIS, year, term, kind: PepType::Review, process, filed: plan::Filed::default() };
        let mut house = House { relay, devices: Vec::new(), pep, folder, lines: 0 };
        for (name, role) in PEOPLE {
            house.join(name, role);
        }
        let pep = house.pep.clone();
        house.devices[ODILE].client.start_pep(&pep, Role::SocialWorker).expect("a disk");
        house.carry();
        house.writes(
            ODILE,
            Edit::Choose { question: "meeting.kind".into(), value: plan::Value::Choice("meeting".into()) },
        );
        house.carry();
        house
    }

    fn join(&mut self, name: &str, role: Role) -> usize {
        let seed = self.devices.len() as u8 + 1;
        let home = self.folder.path().join(format!("device-{seed}"));
        let secret = self.relay.new_secret();
        let (replica, _) = disk::open_replica(&home, Mode::Participant, &folder_key()).expect("a folder");
        let joined = joins(&mut self.relay, &secret, seed, (name, role), &[*IDRIS.as_bytes()], replica, NOW);
        let (client, me) = joined.expect("a device");
        self.devices.push(Device { role, me, home, client, line: None });
        self.connect(usize::from(seed) - 1);
        usize::from(seed) - 1
    }

    fn connect(&mut self, at: usize) {
        let (out, queue) = queue();
        self.lines += 1;
        let device = &mut self.devices[at];
        self.relay.connect(self.lines, device.me.device, out).expect("a place");
        device.client.connect().expect("it has joined");
        device.line = Some((self.lines, queue));
    }

    fn disconnect(&mut self, at: usize) {
        if let Some((conn, _)) = self.devices[at].line.take() {
            self.relay.disconnect(conn);
            self.devices[at].client.disconnect(None);
        }
    }

    /// Ends a device's program and starts another, which knows these processes, on the same folder.
    fn restart(&mut self, at: usize, processes: &Processes) {
        self.disconnect(at);
        let device = &mut self.devices[at];
        device.client =
            Client::open(in_memory(Mode::Participant, 3).unwrap(), Processes::default(), None, [0; 16]).unwrap();
        let (replica, _) = disk::open_replica(&device.home, Mode::Participant, &folder_key()).expect("a folder");
        device.client = Client::open(replica, processes.clone(), Some(key(at as u8 + 1)), [5; 16]).expect("a folder");
    }

    /// Everything that anybody has to say goes where it belongs, until nobody has.
    fn carry(&mut self) {
        loop {
            let mut quiet = true;
            for device in &mut self.devices {
                device.client.settle(NOW).expect("a disk");
                let Some((conn, _)) = device.line.as_ref() else { continue };
                for frame in device.client.take_frames(64).expect("a disk") {
                    quiet = false;
                    self.relay.receive(*conn, &frame, NOW);
                }
            }
            self.relay.settle(NOW);
            for device in &mut self.devices {
                let Some((conn, queue)) = device.line.as_mut() else { continue };
                while let Ok(frame) = queue.try_recv() {
                    quiet = false;
                    device.client.receive(&frame, NOW).expect("a disk");
                }
                self.relay.drained(*conn);
            }
            if quiet {
                return;
            }
        }
    }

    fn mine(&self, at: usize) -> Mine {
        let pep = self.devices[at].client.pep(&self.pep.id()).expect("it holds the plan").clone();
        Mine { pep, role: self.devices[at].role }
    }

    fn writes(&mut self, at: usize, edit: Edit) {
        let (mine, device) = (self.mine(at), &mut self.devices[at]);
        let kind = DocumentKind::Main;
        device.client.edit(&mine.pep, kind, mine.role, &[edit], NOW).expect("a disk").expect("it is theirs");
    }

    fn says(&mut self, at: usize, question: &str, text: &str) {
        self.writes(at, Edit::Append { question: question.into(), text: text.into() });
    }

    fn moves(&mut self, at: usize) -> Result<Option<move_version::Move>, Error> {
        let mine = self.mine(at);
        move_version::move_version(&mut self.devices[at].client, &mine, 2, &now())
    }

    fn text(&mut self, at: usize, question: &str) -> Option<String> {
        let mine = self.mine(at);
        let view = self.devices[at].client.view(&mine.pep, mine.role).expect("it holds the plan");
        match view.answers.get(question)? {
            Answer::Text { text } => Some(text.clone()),
            _ => Some(String::new()),
        }
    }

    fn version(&self, at: usize) -> u32 {
        self.mine(at).pep.process().version
    }

    fn alike(&mut self, devices: &[usize]) {
        let doc = self.pep.document(DocumentKind::Main).into_bytes();
        let heads: Vec<_> =
            devices.iter().map(|at| self.devices[*at].client.heads(&doc).expect("it holds the plan")).collect();
        assert!(heads.windows(2).all(|pair| pair[0] == pair[1]), "{heads:?}");
        for at in devices {
            assert!(self.devices[*at].client.in_step().expect("a disk"), "{at} is in step");
        }
    }
}

#[test]
fn a_plan_of_version_1_is_moved_written_in_and_signed_and_everybody_comes_to_the_same() {
    let mut house = House::new(Processes::built_in());
    let story = "progress.goingWell";
    house.says(OTTOLINE, story, "He cooks.");
    house.carry();
    house.disconnect(OTTOLINE);
    house.says(OTTOLINE, story, "Offline, before she heard of it.");
    let moved = house.moves(ODILE).unwrap().expect("a move");
    assert!(moved.changes.iter().any(|one| one.question == Some(NEW)), "{:?}", moved.changes);
    assert!(house.moves(ODILE).unwrap().is_none(), "it follows that version already");
    house.says(ODILE, NEW, "Rang on Sunday.");
    house.carry();
    assert_eq!([ODILE, OTTOLINE, CARYS, LORCAN].map(|at| house.version(at)), [2, 1, 2, 2]);
    // What was written under version 1, and comes after the move, is taken as it was written.
    house.connect(OTTOLINE);
    house.carry();
    house.alike(&[ODILE, OTTOLINE, CARYS, LORCAN]);
    for at in [ODILE, OTTOLINE, CARYS, LORCAN] {
        assert_eq!(house.version(at), 2);
        assert_eq!(house.text(at, NEW).as_deref(), Some("Rang on Sunday."));
        assert!(house.text(at, story).unwrap().contains("Offline, before she heard of it."));
    }
    // An annex follows with the first who writes in it.
    let moves = |house: &House, kind: DocumentKind| {
        let log = house.relay.replica().log(&house.pep.document(kind).into_bytes(), 0, usize::MAX).unwrap();
        log.iter().map(|envelope| envelope.actor == plan::BEGINNING).collect::<Vec<bool>>()
    };
    assert_eq!(moves(&house, DocumentKind::Family), [true], "the mover holds it, so it is moved with the plan");
    assert_eq!(
        moves(&house, DocumentKind::Quality),
        Vec::<bool>::new(),
        "she does not hold the Virtual School's notes"
    );
    let mine = house.mine(LORCAN);
    let key = Uuid::from_u128(9).to_string();
    let note = Edit::Comment { question: "qa.feedback".into(), key, text: "Ask again.".into() };
    let device = &mut house.devices[LORCAN].client;
    device.edit(&mine.pep, DocumentKind::Quality, mine.role, &[note], NOW).unwrap().unwrap();
    house.carry();
    assert_eq!(moves(&house, DocumentKind::Quality), [true, false]);
    // Signed under version 2, by a program that was started anew.
    house.restart(CARYS, Processes::built_in());
    house.connect(CARYS);
    let mine = house.mine(CARYS);
    let signing = Signing { question: "signoff.carer", key: Uuid::from_u128(1), on: now().day(), comment: "" };
    house.devices[CARYS].client.sign(&mine.pep, mine.role, signing, NOW).unwrap().unwrap();
    house.carry();
    house.alike(&[ODILE, OTTOLINE, CARYS, LORCAN]);
    for at in [ODILE, LORCAN] {
        let mine = house.mine(at);
        let view = house.devices[at].client.view(&mine.pep, mine.role).unwrap();
        let [signed] = &view.sign_offs[..] else { panic!("one signature") };
        assert!(signed.stands && signed.process == "sections 2", "{:?}", signed.why);
    }
    // Who joins later comes by the log or by a snapshot; either says the same.
    let late = house.join("Marguerite Oakhollow", Role::VirtualSchoolHead);
    house.carry();
    assert_eq!((house.version(late), house.text(late, NEW).as_deref()), (2, Some("Rang on Sunday.")));
    house.alike(&[ODILE, late]);
}

#[test]
fn a_snapshot_carries_the_move() {
    let mut house = House::new(Processes::built_in());
    house.moves(ODILE).unwrap();
    for number in 0..70 {
        house.says(ODILE, NEW, &format!("Rang {number} times."));
        house.carry();
    }
    let doc = house.pep.document(DocumentKind::Main).into_bytes();
    let log = house.relay.replica().log(&doc, 0, usize::MAX).unwrap();
    let snapshot = replica::snapshot_of(&house.relay.replica().genesis(&doc).unwrap(), &log).expect("a snapshot");
    assert!(snapshot.tips.iter().any(|tip| tip.actor == plan::BEGINNING), "the move is one of its tips");
    house.relay.keep_snapshot(&doc, log.len() as u64, Some(&snapshot));
    let late = house.join("Marguerite Oakhollow", Role::VirtualSchoolHead);
    house.carry();
    assert_eq!(house.version(late), 2);
    assert!(house.text(late, NEW).unwrap().contains("Rang 69 times."));
    house.says(late, "qa.feedback", "Well told.");
    house.carry();
    house.alike(&[ODILE, OTTOLINE, CARYS, LORCAN, late]);
    house.restart(late, Processes::built_in());
    assert_eq!(house.version(late), 2);
}

#[test]
fn two_people_who_move_a_plan_apart_make_one_move() {
    let mut house = House::new(Processes::built_in());
    let doc = house.pep.document(DocumentKind::Main).into_bytes();
    for at in [ODILE, LORCAN] {
        house.disconnect(at);
        house.moves(at).unwrap();
    }
    house.says(ODILE, NEW, "Rang on Sunday.");
    house.connect(LORCAN);
    house.carry();
    house.connect(ODILE);
    house.carry();
    house.alike(&[ODILE, OTTOLINE, CARYS, LORCAN]);
    assert_eq!(house.text(OTTOLINE, NEW).as_deref(), Some("Rang on Sunday."));
    let log = house.relay.replica().log(&doc, 0, usize::MAX).unwrap();
    assert_eq!(log.iter().filter(|envelope| envelope.actor == plan::BEGINNING).count(), 1, "stored once");
}

#[test]
fn who_may_not_move_a_plan_is_told_and_nothing_moves() {
    let mut house = House::new(Processes::built_in());
    let error = house.moves(CARYS).unwrap_err();
    assert_eq!(error.kind, Kind::NotPermitted);
    for (version, words) in [(1, None), (9, Some("moved to a newer one only"))] {
        let ahead = move_version::ahead(&house.devices[ODILE].client, &house.pep, Some(version));
        match words {
            None => assert!(ahead.unwrap().is_none()),
            Some(words) => assert!(ahead.unwrap_err().message.contains(words)),
        }
    }
    // A program that asks nobody: its own gate refuses, and nothing is kept.
    let to = house.devices[CARYS].client.versions_after(&house.pep).pop().unwrap();
    assert!(house.devices[CARYS].client.move_to(&to, Role::Carer).unwrap().is_some());
    house.carry();
    assert_eq!([ODILE, CARYS].map(|at| house.version(at)), [1, 1]);
}

#[test]
fn a_program_that_does_not_know_the_version_keeps_what_it_holds_and_says_so_until_it_is_updated() {
    let mut house = House::new(Processes::built_in());
    house.says(OTTOLINE, "progress.goingWell", "He cooks.");
    house.carry();
    house.restart(OTTOLINE, &version_1());
    house.moves(ODILE).unwrap();
    house.says(ODILE, NEW, "Rang on Sunday.");
    house.carry();
    house.connect(OTTOLINE);
    house.carry();
    assert!(!house.devices[OTTOLINE].client.in_step().unwrap());
    let said = house.devices[OTTOLINE].client.take_words();
    assert!(said.iter().any(|words| words.contains("newer version of its process")), "{said:?}");
    assert_eq!(house.text(OTTOLINE, "progress.goingWell").as_deref(), Some("He cooks."));
    house.restart(OTTOLINE, Processes::built_in());
    house.connect(OTTOLINE);
    house.carry();
    house.alike(&[ODILE, OTTOLINE]);
    assert_eq!((house.version(OTTOLINE), house.text(OTTOLINE, NEW).as_deref()), (2, Some("Rang on Sunday.")));
}

#[test]
fn a_relay_that_does_not_know_the_version_refuses_the_move_and_no_words_are_lost() {
    let mut house = House::new(&version_1());
    house.disconnect(ODILE);
    house.moves(ODILE).unwrap();
    house.says(ODILE, "care.story", "He cooks on Sundays.");
    house.connect(ODILE);
    house.carry();
    assert_eq!(house.version(ODILE), 1, "the move is taken back");
    assert_eq!(house.text(ODILE, "care.story").as_deref(), Some("He cooks on Sundays."));
    assert_eq!(house.text(OTTOLINE, "care.story").as_deref(), Some("He cooks on Sundays."), "and flows");
}

#[test]
fn a_plan_of_a_process_that_a_program_does_not_know_is_listed_and_opens_once_it_is_updated() {
    let mut house = House::new(Processes::built_in());
    let summer = Pep {
        term: plan::Term::Summer,
        process: Processes::built_in().get("sections", 2).unwrap(),
        ..house.pep.clone()
    };
    house.restart(OTTOLINE, &version_1());
    house.devices[ODILE].client.start_pep(&summer, Role::SocialWorker).unwrap();
    house.carry();
    house.connect(OTTOLINE);
    house.carry();
    let listed = |house: &House| -> Vec<Uuid> {
        house.devices[OTTOLINE].client.newer_plans().iter().map(|start| Uuid::from_bytes(start.pep)).collect()
    };
    assert_eq!(listed(&house), [summer.id()]);
    let client = &mut house.devices[OTTOLINE].client;
    assert!(!client.in_step().unwrap() && client.is_stuck() && client.pep(&summer.id()).is_none());
    assert!(client.newer_in_words().is_some_and(|words| words.contains("process sections 2")));
    house.restart(OTTOLINE, &version_1());
    assert_eq!(listed(&house), [summer.id()], "it is kept");
    house.restart(OTTOLINE, Processes::built_in());
    assert!(listed(&house).is_empty());
    house.connect(OTTOLINE);
    house.carry();
    assert!(house.devices[OTTOLINE].client.in_step().unwrap());
    assert!(house.devices[OTTOLINE].client.view(&summer, Role::DesignatedTeacher).is_ok());
}
