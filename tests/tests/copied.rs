//! A device whose folder is copied or brought back, again and again: what its person signs stands, here and on the others' devices, and
//! no two copies write under one incarnation.

use std::{
    fs,
    path::{Path, PathBuf},
};

use gate::Id;
use harness::{
    joined::{IDRIS, RELAY_KEY, folder_key, idris, in_memory, joins, key, open_relay},
    world::copy_folder,
};
use participant::{Device as Client, device::Me};
use plan::{Around, DocumentKind, Edit, Pep, PepType, Processes, Role, SignOff, Signing, Stale, check};
use replica::{Mode, Trouble};
use sync_server::relay::{Relay, queue};
use tempfile::TempDir;
use tokio::sync::mpsc::Receiver;
use uuid::Uuid;

/// Tuesday, 24 February 2026, at nine.
const NOW: i64 = 1_771_923_600;
const DAY: &str = "2026-02-24";
const SEEN: &str = "signoff.carer";
const ODILE: usize = 0;
const CARYS: usize = 2;
const PEOPLE: [(&str, Role); 3] = [
    ("Odile Marrowfield", Role::SocialWorker),
    ("Ottoline Greaves-Penn", Role::DesignatedTeacher),
    ("Carys Wexcombe", Role::Carer),
];

struct Device {
    role: Role,
    me: Me,
    seed: u8,
    home: PathBuf,
    client: Option<Client>,
    conn: u64,
    queue: Receiver<Vec<u8>>,
}

impl Device {
    fn client(&mut self) -> &mut Client {
        self.client.as_mut().expect("it is running")
    }
}

/// A relay with Idris's plan, and the devices round him; frames go from one to the other by hand.
struct House {
    relay: Relay,
    devices: Vec<Device>,
    pep: Pep,
    folder: TempDir,
    lines: u64,
}

impl House {
    fn new() -> House {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.expect("a folder");
        let mut relay = open_relay(in_memory(Mode::Relay, 6).expect("a disk"), 7, NOW).expect("a relay");
        relay.administer(|d| d.add_child(&idris(), None, NOW)).expect("a child");
        let (year, term) = plan::parse_term("2025/26-spring").expect("a term");
        let process = Processes::built_in().latest("sections").expect("a process");
        let pep = Pep { child: IDRIS, year, term, kind: PepType::Review, process, filed: plan::Filed::default() };
        let mut house = House { relay, devices: Vec::new(), pep, folder, lines: 0 };
        for (seed, (name, role)) in (1..).zip(PEOPLE) {
            let home = house.folder.path().join(format!("device-{seed}"));
            let secret = house.relay.new_secret();
            let (replica, _) = disk::open_replica(&home, Mode::Participant, &folder_key()).expect("a folder");
            let joined = joins(&mut house.relay, &secret, seed, (name, role), &[*IDRIS.as_bytes()], replica, NOW);
            let (client, me) = joined.expect("a device");
            house.devices.push(Device { role, me, seed, home, client: Some(client), conn: 0, queue: queue().1 });
            house.connect(usize::from(seed) - 1);
        }
        let pep = house.pep.clone();
        house.devices[ODILE].client().start_pep(&pep, Role::SocialWorker).expect("a disk");
        house.carry();
        house
    }

    fn connect(&mut self, at: usize) {
        let (out, queue) = queue();
        self.lines += 1;
        let device = &mut self.devices[at];
        self.relay.connect(self.lines, device.me.device, out).expect("a place");
        device.client().connect().expect("it has joined");
        (device.conn, device.queue) = (self.lines, queue);
    }

    fn stop(&mut self, at: usize) {
        self.relay.disconnect(self.devices[at].conn);
        self.devices[at].client = None;
    }

    /// Starts the program on a device's folder as it is now, without a line.
    fn start(&mut self, at: usize, chance: u64) {
        let chance = u128::from(chance).to_be_bytes();
        let device = &mut self.devices[at];
        let (replica, _) = disk::open_replica(&device.home, Mode::Participant, &folder_key()).expect("a folder");
        let opened = Client::open(replica, plan::Processes::built_in().clone(), Some(key(device.seed)), chance);
        device.client = Some(opened.expect("a folder"));
    }

    /// Everything that anybody has to say goes where it belongs, until nobody has.
    fn carry(&mut self) {
        loop {
            let mut quiet = true;
            for device in &mut self.devices {
                let Some(client) = device.client.as_mut() else { continue };
                client.settle(NOW).expect("a disk");
                for frame in client.take_frames(64).expect("a disk") {
                    quiet = false;
                    self.relay.receive(device.conn, &frame, NOW);
                }
            }
            self.relay.settle(NOW);
            for device in &mut self.devices {
                let Some(client) = device.client.as_mut() else { continue };
                while let Ok(frame) = device.queue.try_recv() {
                    quiet = false;
                    client.receive(&frame, NOW).expect("a disk");
                }
                self.relay.drained(device.conn);
            }
            if quiet {
                return;
            }
        }
    }

    fn doc(&self) -> Id {
        self.pep.document(DocumentKind::Main).into_bytes()
    }

    fn sees_it(&mut self, number: u128) -> Result<(), Trouble> {
        let pep = self.pep.clone();
        let on = DAY.parse().expect("a day");
        let signing = Signing { question: SEEN, key: Uuid::from_u128(number), on, comment: "I have read it." };
        let carys = self.devices[CARYS].client();
        carys.sign(&pep, Role::Carer, signing, NOW).map(|signed| drop(signed.expect("it is hers to sign")))
    }

    fn comments(&mut self, at: usize, number: u128, text: &str) {
        let (pep, role) = (self.pep.clone(), self.devices[at].role);
        let key = Uuid::from_u128(number).to_string();
        let edit = Edit::Comment { key, question: "meeting.notes".into(), text: text.into() };
        let done = self.devices[at].client().edit(&pep, DocumentKind::Main, role, &[edit], NOW);
        done.expect("a disk").expect("it is hers to write");
    }

    /// What a device lists of the carer's signatures.
    fn seen(&mut self, at: usize) -> Vec<SignOff> {
        let (pep, role) = (self.pep.clone(), self.devices[at].role);
        let view = self.devices[at].client().view(&pep, role).expect("a plan");
        view.sign_offs.iter().filter(|made| made.question == SEEN).cloned().collect()
    }

    fn stands_everywhere(&mut self, signatures: usize) {
        for (at, (name, _)) in PEOPLE.iter().enumerate() {
            let made = self.seen(at);
            let by: Vec<_> =
                made.iter().map(|made| (made.by.as_ref().map(|who| who.name.as_str()), made.stands)).collect();
            assert_eq!(by, vec![(Some("Carys Wexcombe"), true); signatures], "on the device of {name}");
        }
    }

    /// As a version leaves a folder that numbered its incarnations, and had come to this number.
    fn counted_to(&mut self, at: usize, number: u16) {
        let replica = self.devices[at].client().replica();
        let [high, low] = number.to_be_bytes();
        replica.set_fact(b"incarnation", Some(&[0x19, high, low]));
        replica.set_fact(b"incarnation-2", None);
        replica.commit().expect("a disk");
    }

    /// As a version leaves a folder that kept no authors.
    fn forget_authors(&mut self, at: usize) {
        let replica = self.devices[at].client().replica();
        for (key, _) in replica.facts(b"parked/").expect("a disk") {
            replica.set_fact(&key, None);
        }
        replica.commit().expect("a disk");
    }

    fn unnamed(&mut self, at: usize) -> usize {
        let doc = self.doc();
        self.devices[at].client().replica().unnamed(&doc).expect("a document").len()
    }
}

/// The journal in place of itself, as a backup that is brought back leaves it: the same bytes, another file.
fn bring_back(home: &Path) {
    let (journal, copy) = (home.join("journal"), home.join("journal.copy"));
    copy_folder(&journal, &copy);
    fs::remove_dir_all(&journal).expect("a folder");
    fs::rename(&copy, &journal).expect("a folder");
}

#[test]
fn what_a_carer_signs_on_a_folder_that_was_brought_back_two_hundred_times_stands_everywhere() {
    let mut house = House::new();
    house.comments(CARYS, 1, "He cooks on Sundays.");
    house.carry();
    house.stop(CARYS);
    for chance in 0..200u64 {
        bring_back(&house.devices[CARYS].home);
        house.start(CARYS, chance.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        house.devices[CARYS].client = None;
    }
    house.start(CARYS, 5);
    house.connect(CARYS);
    house.sees_it(2).expect("a disk");
    house.carry();
    house.stands_everywhere(1);
}

#[test]
fn a_folder_whose_program_counted_goes_on_under_an_incarnation_and_signs() {
    let mut house = House::new();
    house.comments(CARYS, 1, "He cooks on Sundays.");
    house.carry();
    for (number, signatures) in [(0, 1), (u16::MAX, 2)] {
        house.counted_to(CARYS, number);
        house.stop(CARYS);
        house.start(CARYS, 1);
        house.connect(CARYS);
        house.sees_it(signatures as u128).expect("a disk");
        house.carry();
        house.stands_everywhere(signatures);
    }
}

#[test]
fn two_copies_of_one_folder_write_apart_and_every_word_of_both_is_shared() {
    let mut house = House::new();
    house.comments(CARYS, 1, "Before the copy.");
    house.carry();
    house.stop(CARYS);
    let home = house.folder.path().join("copied");
    copy_folder(&house.devices[CARYS].home, &home);
    let (role, me, seed) = (Role::Carer, house.devices[CARYS].me.clone(), house.devices[CARYS].seed);
    house.devices.push(Device { role, me, seed, home, client: None, conn: 0, queue: queue().1 });
    let copy = house.devices.len() - 1;
    for (round, numbers) in [(0, [10, 11]), (1, [12, 13])] {
        // Both write before either hears of the other.
        for (at, number) in [CARYS, copy].into_iter().zip(numbers) {
            house.start(at, 10 * round + at as u64);
            house.comments(at, number, "Written on one of two.");
        }
        house.connect(CARYS);
        house.connect(copy);
        house.carry();
        for at in [CARYS, copy] {
            assert_eq!(house.devices[at].client().take_words(), Vec::<String>::new(), "nothing had to be put right");
            house.stop(at);
        }
    }
    let pep = house.pep.clone();
    let comments = house.devices[ODILE].client().view(&pep, Role::SocialWorker).expect("a plan").comments.clone();
    assert_eq!(comments.len(), 5);
    assert!(comments.iter().all(|comment| comment.by.as_ref().is_some_and(|who| who.name == "Carys Wexcombe")));
    assert!(house.relay.directory().devices().all(|device| device.locked.is_none()));
}

#[test]
fn a_signature_of_somebody_whom_the_list_of_people_lacks_is_listed_and_said_until_the_list_has_them() {
    for without_authors in [false, true] {
        let mut house = House::new();
        house.sees_it(1).expect("a disk");
        house.carry();
        house.stands_everywhere(1);
        let (carys, odile) = (house.devices[CARYS].me.clone(), house.devices[ODILE].me.clone());
        if without_authors {
            house.forget_authors(ODILE);
        }
        house.stop(ODILE);
        house.start(ODILE, 1);
        let whole = house.relay.signed_roster(&odile.person);
        let client = house.devices[ODILE].client();
        let mut roster = whole.verify(&house.relay.key()).expect("the relay's own");
        roster.people.retain(|person| person.id != carys.person);
        roster.devices.retain(|device| device.person != carys.person);
        roster.teams.retain(|member| member.person != carys.person);
        client.take_roster(&roster.sign(&key(RELAY_KEY))).expect("a disk");

        let made = house.seen(ODILE);
        assert_eq!(made.len(), 1, "it is never left out");
        assert_eq!((&made[0].by, made[0].stands, made[0].why.as_slice()), (&None, false, [Stale::Unnamed].as_slice()));
        let pep = house.pep.clone();
        let client = house.devices[ODILE].client();
        let view = client.view(&pep, Role::SocialWorker).expect("a plan");
        let around = Around { today: DAY.parse().expect("a day"), previous: None, others: &[] };
        let found = check(&view, &pep, around);
        assert_eq!(found.iter().filter(|found| found.field.as_deref() == Some(SEEN)).count(), 1);
        assert_eq!(
            house.unnamed(ODILE),
            usize::from(without_authors),
            "who it is is kept, though nobody says their name"
        );

        let whole = house.relay.signed_roster(&odile.person);
        house.devices[ODILE].client().take_roster(&whole).expect("a disk");
        house.stands_everywhere(1);
        assert_eq!(house.unnamed(ODILE), 0);
    }
}

#[test]
fn who_signed_is_known_after_a_restart_without_the_store_and_to_a_folder_that_kept_no_authors() {
    let mut house = House::new();
    house.sees_it(1).expect("a disk");
    house.carry();
    house.stop(ODILE);
    fs::remove_dir_all(house.devices[ODILE].home.join("sled")).expect("a store");
    house.start(ODILE, 1);
    assert_eq!(house.unnamed(ODILE), 0);
    house.stands_everywhere(1);

    house.forget_authors(ODILE);
    house.stop(ODILE);
    house.start(ODILE, 1);
    assert_eq!(house.unnamed(ODILE), 1);
    house.stands_everywhere(1);
    house.devices[ODILE].client().settle(NOW).expect("a disk");
    house.stop(ODILE);
    house.start(ODILE, 1);
    assert_eq!(house.unnamed(ODILE), 0, "it was found once, and kept");
    house.stands_everywhere(1);
}
