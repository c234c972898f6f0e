//! A small world in one thread: real participants and a real relay, a network that loses, repeats and exchanges frames and cuts
//! lines, restarts and power cuts, copied and restored disks; all from one seed. The disks are in memory ([`Ground::Memory`]) or
//! real folders.
//!
//! What must hold, whatever happened: once the network heals, everyone holds the same heads as the relay and shows the same
//! plan, and every word that a device was told is saved is there, unless every copy of it was destroyed (a device restored
//! from before it wrote the word, which had reached nobody).

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    path::{Path, PathBuf},
};

use disk::FileDisk;
use participant::{
    Now, Zone,
    device::{Device as Participant, Me},
    take_over,
};
use plan::{Documents, Edit, Pep, Role, Value};
use replica::{
    Mode, Replica,
    disk::Disk,
    memory::{Left, Memory},
};
use sync_server::relay::Relay;
use tokio::sync::mpsc::Receiver;

use crate::{
    joined::{Chance, IDRIS, folder_key, idris, joins, key, memory, open_relay},
    world::copy_folder,
};

/// What the peers of a world are kept on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Disks in memory. `cut`: a peer that is restarted lost its power, and of its rows chance says what is left; otherwise it was
    /// closed in peace, as on files.
    Memory {
        /// Whether it lost its power.
        cut: bool,
    },
    /// Folders of this machine, in memory where there is such a place.
    Files,
}

/// The moment at which the world begins, in Unix seconds: 24 February 2026, noon.
const NOON: i64 = 1_771_934_400;
/// A text that all three roles may write.
const NOTES: &str = "meeting.notes";
/// Steps of trouble before the network heals.
const STEPS: usize = 60;
/// Rounds within which everyone must be in step once the network has healed.
const ROUNDS_MAX: usize = 400;

const PEOPLE: [(&str, Role); 3] = [
    ("Odile Marrowfield", Role::SocialWorker),
    ("Ottoline Greaves-Penn", Role::DesignatedTeacher),
    ("Lorcan Tidewell", Role::VirtualSchoolOfficer),
];

/// What came of one seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// A fingerprint of everything that happened, in order: the same seed gives the same one.
    pub trace: u64,
    /// What happened how often.
    pub counts: BTreeMap<&'static str, u64>,
}

/// Plays one seed. `Err` says what did not hold.
pub fn play(seed: u64, ground: Ground) -> Result<Outcome, String> {
    let folder = match ground {
        Ground::Memory { .. } => None,
        Ground::Files => {
            let folder = tempfile::Builder::new().prefix("sim-").tempdir_in(quick_folder());
            Some(folder.map_err(|e| e.to_string())?)
        }
    };
    let mut world = World::begin(seed, folder.as_ref().map(|folder| folder.path()), ground)?;
    for step in 0..STEPS {
        world.step().map_err(|e| format!("step {step}: {e}"))?;
    }
    world.heal()?;
    world.check()?;
    Ok(Outcome { trace: world.trace, counts: world.counts })
}

/// A folder in memory where there is one: a simulation on files is about what they hold, not about how fast it is written.
fn quick_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() }
}

/// What one peer is kept on.
enum Kept {
    Memory(Memory),
    Folder(PathBuf),
}

impl Kept {
    fn open(&self, mode: Mode) -> Result<Replica, String> {
        let disk: Box<dyn Disk> = match self {
            Kept::Memory(memory) => Box::new(memory.open().map_err(|e| e.to_string())?),
            Kept::Folder(folder) => Box::new(FileDisk::open(folder, &folder_key()).map_err(|e| e.to_string())?),
        };
        Replica::open(disk, mode).map(|(replica, _)| replica).map_err(|e| e.to_string())
    }

    /// As it is on the disk at this moment; whoever has it open goes on.
    fn copy(&self, name: &str) -> Kept {
        match self {
            Kept::Memory(memory) => Kept::Memory(memory.copy()),
            Kept::Folder(folder) => {
                let copy = folder.with_extension(name);
                copy_folder(folder, &copy);
                Kept::Folder(copy)
            }
        }
    }

    fn lose(self) {
        if let Kept::Folder(folder) = self {
            let _ = fs::remove_dir_all(folder);
        }
    }

    /// Writes once in a copy without saying that it is one: from then on it looks like what was written last.
    fn hide_that_it_is_a_copy(&self, mode: Mode) -> Result<(), String> {
        let mut replica = self.open(mode)?;
        replica.set_fact(b"hidden", Some(b"copy"));
        replica.commit().map_err(|e| e.to_string())
    }
}

struct World {
    chance: Chance,
    /// What a power cut leaves, apart from everything else, so that it changes nothing of what happens on another ground.
    cuts: Option<Chance>,
    now: i64,
    /// As each device would start the PEP: in every fourth seed under two processes.
    starts: Vec<Pep>,
    relay: Option<Relay>,
    relay_disk: Kept,
    relay_copy: Option<Kept>,
    devices: Vec<Device>,
    lines: BTreeMap<usize, Line>,
    next_line: u64,
    copies: u32,
    words: BTreeMap<String, usize>,
    written: u64,
    trace: u64,
    counts: BTreeMap<&'static str, u64>,
}

struct Device {
    core: Option<Participant>,
    disk: Kept,
    me: Me,
    role: Role,
    key: u8,
    backup: Option<Kept>,
}

struct Line {
    conn: u64,
    from_relay: Receiver<Vec<u8>>,
    to_relay: VecDeque<Vec<u8>>,
    to_device: VecDeque<Vec<u8>>,
}

impl World {
    fn begin(seed: u64, folder: Option<&Path>, ground: Ground) -> Result<World, String> {
        let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5eed);
        let kept = |name: String, n: u64| match folder {
            Some(folder) => Kept::Folder(folder.join(name)),
            None => Kept::Memory(memory(seed ^ (n << 32))),
        };
        let relay_disk = kept("relay".into(), 1);
        let mut relay = open_relay(relay_disk.open(Mode::Relay)?, chance.draw(), NOON)?;
        let mut devices = Vec::new();
        for (n, (name, role)) in PEOPLE.iter().enumerate() {
            let seed = n as u8 + 1;
            let mut secret = [0; 32];
            secret[..8].copy_from_slice(&chance.draw().to_le_bytes());
            let disk = kept(format!("device-{n}"), 2 + n as u64);
            let (core, me) = joins(&mut relay, &secret, seed, (name, *role), &[], disk.open(Mode::Participant)?, NOON)?;
            devices.push(Device { core: Some(core), disk, me, role: *role, key: seed, backup: None });
        }
        relay.administer(|d| d.add_child(&idris(), None, NOON)).map_err(|e| e.to_string())?;
        for device in &devices {
            relay
                .administer(|d| {
                    d.add_member(IDRIS.as_bytes(), &device.me.person, &device.role.to_string(), "2026-01-01", NOON)
                })
                .map_err(|e| e.to_string())?;
        }
        let (year, term) = plan::parse_term("2025/26-spring").map_err(|e| e.to_string())?;
        let apart = seed % 4 == 3;
        let start = |who: usize| {
            let id = if apart && who % 2 == 1 { "portal" } else { "sections" };
            let process = plan::Processes::built_in().latest(id).map_err(|e| e.to_string())?;
            Ok::<_, String>(Pep {
                child: IDRIS,
                year,
                term,
                kind: plan::PepType::Review,
                process,
                filed: plan::Filed::default(),
            })
        };
        let starts = (0..devices.len()).map(start).collect::<Result<Vec<Pep>, String>>()?;
        let cut = ground == Ground::Memory { cut: true };
        Ok(World {
            chance,
            cuts: cut.then_some(Chance(seed ^ 0xc07)),
            now: NOON,
            starts,
            relay: Some(relay),
            relay_disk,
            relay_copy: None,
            devices,
            lines: BTreeMap::new(),
            next_line: 0,
            copies: 0,
            words: BTreeMap::new(),
            written: 0,
            trace: seed,
            counts: BTreeMap::new(),
        })
    }

    fn step(&mut self) -> Result<(), String> {
        self.now += 1 + self.chance.below(30) as i64;
        let who = self.chance.below(self.devices.len() as u64) as usize;
        match self.chance.below(100) {
            0..36 => self.write(who)?,
            36..48 => self.connect(who)?,
            48..56 => self.cut(who),
            56..88 => {
                for _ in 0..=self.chance.below(6) {
                    self.carry(who, true)?;
                }
            }
            88..93 => self.restart(who)?,
            93..95 => self.keep_copy(who)?,
            95..96 => self.restore(who, false)?,
            96..97 => self.restore(who, true)?,
            97..98 => self.restart_relay(false, false)?,
            98..99 => self.keep_relay_copy()?,
            _ => {
                let unnoticed = self.chance.below(2) == 0;
                self.restart_relay(true, unnoticed)?;
            }
        }
        Ok(())
    }

    fn note(&mut self, what: &'static str, with: u64) {
        *self.counts.entry(what).or_default() += 1;
        for byte in what.bytes().chain(with.to_le_bytes()) {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn core(&mut self, who: usize) -> Result<&mut Participant, String> {
        self.devices[who].core.as_mut().ok_or_else(|| "no such device".into())
    }

    /// The PEP as a device has it, or would start it.
    fn pep_of(&mut self, who: usize) -> Result<Pep, String> {
        let start = self.starts[who].clone();
        Ok(self.core(who)?.pep(&start.id()).cloned().unwrap_or(start))
    }

    /// Whether people started it under two processes.
    fn is_apart(&self) -> bool {
        self.starts.iter().any(|pep| pep.process != self.starts[0].process)
    }

    /// One device writes: a new word in the notes, a choice, or a row.
    fn write(&mut self, who: usize) -> Result<(), String> {
        self.written += 1;
        let n = self.written;
        let choice = self.chance.below(6);
        let at = self.chance.draw();
        let (pep, now, role) = (self.pep_of(who)?, self.now, self.devices[who].role);
        let word = format!("w{n:04}x{who}");
        let core = self.core(who)?;
        // Whoever comes first starts the PEP, connected or not.
        core.start_pep(&pep, role).map_err(|e| e.to_string())?;
        let kind = plan::DocumentKind::Main;
        let edit = match choice {
            0 => {
                let attended = if at.is_multiple_of(2) { "all" } else { "part" };
                let cells = [
                    ("person".to_owned(), Some(Value::Text("Carys Wexcombe".into()))),
                    ("attended".to_owned(), Some(Value::Choice(attended.into()))),
                ];
                Edit::PutRow { question: "meeting.attendees".into(), key: "carys-wexcombe".into(), cells: cells.into() }
            }
            1 => Edit::Choose {
                question: "meeting.nextDate".into(),
                value: plan::parse_value("meeting.nextDate", &format!("2026-06-{:02}", 1 + at % 20))
                    .map_err(|e| e.to_string())?,
            },
            2 => Edit::Append { question: NOTES.into(), text: word.clone() },
            _ => {
                let doc = *pep.document(kind).as_bytes();
                let text = core.replica().read(&doc, |document| text_of(document, &pep, NOTES));
                let units: Vec<u16> = text.map_err(|e| e.to_string())?.encode_utf16().collect();
                // Between words: a word is never split, so that it can be looked for.
                let places: Vec<usize> = (0..=units.len())
                    .filter(|i| *i == 0 || *i == units.len() || units.get(i - 1) == Some(&u16::from(b' ')))
                    .collect();
                let place = places[(at % places.len() as u64) as usize];
                Edit::Splice {
                    question: NOTES.into(),
                    at: place,
                    delete: 0,
                    insert: format!("{word} "),
                    seen: Vec::new(),
                }
            }
        };
        let done = core.edit(&pep, kind, role, &[edit], now);
        done.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        if choice >= 2 {
            self.words.insert(word, who);
        }
        self.note("written", who as u64);
        self.settle(who)
    }

    fn settle(&mut self, who: usize) -> Result<(), String> {
        let now = self.now;
        let core = self.core(who)?;
        core.settle(now).map_err(|e| e.to_string())?;
        let gave_way = take_over::what_waits(core, &Now::at(now, Zone::Europe__London)).map_err(|e| e.to_string())?;
        if gave_way {
            core.settle(now).map_err(|e| e.to_string())?;
        }
        let frames = core.take_frames(64).map_err(|e| e.to_string())?;
        let closes = core.wants_to_close();
        if let Some(line) = self.lines.get_mut(&who) {
            line.to_relay.extend(frames);
        }
        if gave_way {
            self.note("gave way", who as u64);
        }
        if closes && self.lines.get(&who).is_some_and(|l| l.to_relay.is_empty()) {
            self.note("closed by the device", who as u64);
            self.cut(who);
        }
        Ok(())
    }

    fn connect(&mut self, who: usize) -> Result<(), String> {
        if self.lines.contains_key(&who) {
            return Ok(());
        }
        let conn = self.next_line;
        let device = self.devices[who].me.device;
        let (out, from_relay) = sync_server::relay::queue();
        let Some(relay) = self.relay.as_mut() else { return Ok(()) };
        if relay.connect(conn, device, out).is_err() {
            return Ok(());
        }
        self.next_line += 1;
        self.lines.insert(who, Line { conn, from_relay, to_relay: VecDeque::new(), to_device: VecDeque::new() });
        self.core(who)?.connect();
        self.note("connected", who as u64);
        self.settle(who)
    }

    fn cut(&mut self, who: usize) {
        let Some(line) = self.lines.remove(&who) else { return };
        self.note("cut", (line.to_relay.len() + line.to_device.len()) as u64);
        if let Some(relay) = self.relay.as_mut() {
            relay.disconnect(line.conn);
            relay.settle(self.now);
        }
        if let Some(core) = self.devices[who].core.as_mut() {
            core.disconnect(None);
        }
    }

    /// Carries the oldest frame of one direction of a line; `rough`: it may be lost, repeated or exchanged with the next.
    fn carry(&mut self, who: usize, rough: bool) -> Result<(), String> {
        self.fetch(who);
        let up = self.chance.below(2) == 0;
        let fault = if rough { self.chance.below(60) } else { 60 };
        let Some(line) = self.lines.get_mut(&who) else { return Ok(()) };
        let queue = if up { &mut line.to_relay } else { &mut line.to_device };
        let Some(frame) = queue.pop_front() else { return Ok(()) };
        let conn = line.conn;
        match fault {
            0 => {
                return {
                    self.note("lost", up.into());
                    Ok(())
                };
            }
            1 => {
                queue.push_front(frame.clone());
                self.note("repeated", up.into())
            }
            2 if !queue.is_empty() => {
                queue.insert(1, frame);
                self.note("exchanged", up.into());
                return Ok(());
            }
            _ => {}
        }
        let size = frame.len() as u64;
        if up {
            let now = self.now;
            if let Some(relay) = self.relay.as_mut() {
                relay.receive(conn, &frame, now);
                relay.settle(now);
            }
            self.note("to the relay", size);
        } else {
            let now = self.now;
            self.core(who)?.receive(&frame, now).map_err(|e| e.to_string())?;
            self.note("to a device", size);
        }
        self.fetch(who);
        self.settle(who)
    }

    /// What the relay has queued for a line is on its way; a line that the relay ended is cut.
    fn fetch(&mut self, who: usize) {
        let Some(line) = self.lines.get_mut(&who) else { return };
        let mut ended = false;
        loop {
            match line.from_relay.try_recv() {
                Ok(frame) => line.to_device.push_back(frame),
                Err(tokio::sync::mpsc::error::TryRecvError::Empty) => break,
                Err(tokio::sync::mpsc::error::TryRecvError::Disconnected) => {
                    ended = line.to_device.is_empty();
                    break;
                }
            }
        }
        let conn = line.conn;
        if let Some(relay) = self.relay.as_mut() {
            relay.drained(conn);
            relay.settle(self.now);
        }
        if ended {
            self.note("closed by the relay", who as u64);
            self.cut(who);
        }
    }

    fn restart(&mut self, who: usize) -> Result<(), String> {
        self.cut(who);
        self.note("restarted", who as u64);
        self.devices[who].core = None;
        power_cut(&mut self.cuts, &self.devices[who].disk);
        self.reopen(who)
    }

    fn reopen(&mut self, who: usize) -> Result<(), String> {
        let chance = u128::from(self.chance.draw()).to_be_bytes();
        let device = &mut self.devices[who];
        let replica = device.disk.open(Mode::Participant)?;
        device.core = Some(
            Participant::open(replica, plan::Processes::built_in().clone(), Some(key(device.key)), chance)
                .map_err(|e| e.to_string())?,
        );
        Ok(())
    }

    /// Keeps a copy of a device's disk as it is at this moment (as a backup, or a kill, would find it).
    fn keep_copy(&mut self, who: usize) -> Result<(), String> {
        self.copies += 1;
        let device = &mut self.devices[who];
        let copy = device.disk.copy(&format!("copy-{}", self.copies));
        if let Some(old) = device.backup.replace(copy) {
            old.lose();
        }
        self.note("copied", who as u64);
        Ok(())
    }

    /// The device's disk is lost; its last copy takes its place. `unnoticed`: nothing about it shows it, as when a whole machine is
    /// rolled back.
    fn restore(&mut self, who: usize, unnoticed: bool) -> Result<(), String> {
        let Some(backup) = self.devices[who].backup.take() else { return Ok(()) };
        self.cut(who);
        self.devices[who].core = None;
        std::mem::replace(&mut self.devices[who].disk, backup).lose();
        if unnoticed {
            self.devices[who].disk.hide_that_it_is_a_copy(Mode::Participant)?;
        }
        self.note(if unnoticed { "rolled back" } else { "restored" }, who as u64);
        self.reopen(who)?;
        self.forget_what_is_nowhere()
    }

    fn restart_relay(&mut self, restored: bool, unnoticed: bool) -> Result<(), String> {
        if restored && self.relay_copy.is_none() {
            return Ok(());
        }
        for who in 0..self.devices.len() {
            self.cut(who);
        }
        self.relay = None;
        if let Some(copy) = self.relay_copy.as_ref().filter(|_| restored) {
            self.copies += 1;
            let live = copy.copy(&format!("live-{}", self.copies));
            std::mem::replace(&mut self.relay_disk, live).lose();
            if unnoticed {
                self.relay_disk.hide_that_it_is_a_copy(Mode::Relay)?;
            }
        } else {
            power_cut(&mut self.cuts, &self.relay_disk);
        }
        self.relay = Some(open_relay(self.relay_disk.open(Mode::Relay)?, self.chance.draw(), NOON)?);
        self.note(
            match (restored, unnoticed) {
                (true, true) => "relay rolled back",
                (true, false) => "relay restored",
                (false, _) => "relay restarted",
            },
            0,
        );
        if restored { self.forget_what_is_nowhere() } else { Ok(()) }
    }

    fn keep_relay_copy(&mut self) -> Result<(), String> {
        if let Some(old) = self.relay_copy.take() {
            old.lose();
        }
        self.relay_copy = Some(self.relay_disk.copy("copy"));
        self.note("relay copied", 0);
        Ok(())
    }

    /// After a disk was lost: words that stand nowhere any more cannot be asked for.
    fn forget_what_is_nowhere(&mut self) -> Result<(), String> {
        let mut there: BTreeSet<String> = BTreeSet::new();
        for who in 0..self.devices.len() {
            there.extend(self.notes(who)?.split_whitespace().map(str::to_string));
        }
        there.extend(self.relay_notes()?.split_whitespace().map(str::to_string));
        let before = self.words.len();
        self.words.retain(|word, _| there.contains(word));
        self.note("words destroyed", (before - self.words.len()) as u64);
        Ok(())
    }

    fn notes(&mut self, who: usize) -> Result<String, String> {
        let pep = self.pep_of(who)?;
        let doc = *pep.document(plan::DocumentKind::Main).as_bytes();
        let replica = self.core(who)?.replica();
        if !replica.has(&doc).map_err(|e| e.to_string())? {
            return Ok(String::new());
        }
        replica.read(&doc, |document| with_remarks(document, &pep, NOTES)).map_err(|e| e.to_string())
    }

    /// The notes as the relay's log has them.
    fn relay_notes(&mut self) -> Result<String, String> {
        let mut all = String::new();
        for pep in self.starts.clone() {
            all.push_str(&self.relay_notes_of(&pep)?);
            all.push(' ');
        }
        Ok(all)
    }

    fn relay_notes_of(&mut self, pep: &Pep) -> Result<String, String> {
        let kind = plan::DocumentKind::Main;
        let doc = *pep.document(kind).as_bytes();
        let Some(relay) = self.relay.as_mut() else { return Ok(String::new()) };
        if !relay.replica().has(&doc).map_err(|e| e.to_string())? {
            return Ok(String::new());
        }
        let last = relay.standing(&doc).map_err(|e| e.to_string())?.last;
        let envelopes = relay.replica().envelopes(&doc, &(1..=last).collect::<Vec<_>>()).map_err(|e| e.to_string())?;
        let made = replica::snapshot_of(&pep.genesis(kind), &envelopes).ok_or("the relay's log makes no document")?;
        let document = plan::load(&made.bytes).map_err(|e| e.to_string())?;
        Ok(with_remarks(&document, pep, NOTES))
    }

    /// The network is whole again: everyone connects, and within a bounded time everyone is in step.
    fn heal(&mut self) -> Result<(), String> {
        for who in 0..self.devices.len() {
            self.cut(who);
        }
        for round in 0..ROUNDS_MAX {
            self.now += 1;
            let mut all = true;
            for who in 0..self.devices.len() {
                self.connect(who)?;
                for _ in 0..8 {
                    self.carry(who, false)?;
                }
                let (now, connected) = (self.now, self.lines.contains_key(&who));
                let core = self.core(who)?;
                core.settle(now).map_err(|e| e.to_string())?;
                self.settle(who)?;
                let core = self.core(who)?;
                all &= connected && core.in_step().map_err(|e| e.to_string())?;
            }
            for who in 0..self.devices.len() {
                self.fetch(who);
            }
            if all && self.lines.values().all(|l| l.to_device.is_empty() && l.to_relay.is_empty()) {
                self.note("rounds to heal", round as u64);
                return Ok(());
            }
        }
        let mut words = Vec::new();
        for who in 0..self.devices.len() {
            words.extend(self.core(who)?.take_words());
        }
        Err(format!("not in step {ROUNDS_MAX} rounds after the network healed; said: {words:?}"))
    }

    fn check(&mut self) -> Result<(), String> {
        if self.words.is_empty() {
            return Ok(());
        }
        let (pep, apart) = (self.pep_of(0)?, self.is_apart());
        for who in 1..self.devices.len() {
            if !self.pep_of(who)?.process.began_alike(&pep.process) {
                return Err(format!("device {who} holds another generation"));
            }
        }
        let doc = *pep.document(plan::DocumentKind::Main).as_bytes();
        let expected = match self.relay.as_mut() {
            Some(relay) => relay.standing(&doc).map_err(|e| e.to_string())?.heads,
            None => return Err("no relay".into()),
        };
        if self.relay.as_ref().is_some_and(|relay| relay.directory().devices().any(|device| device.locked.is_some())) {
            return Err("an honest device was locked".into());
        }
        let mut views = BTreeSet::new();
        for who in 0..self.devices.len() {
            let notes = self.notes(who)?;
            let missing: Vec<&String> = self.words.keys().filter(|w| !notes.contains(w.as_str())).collect();
            if !missing.is_empty() {
                return Err(format!("device {who} lacks {missing:?}"));
            }
            for word in self.words.keys() {
                // What was written again beside another answer is quoted whole, by each who gave way.
                if !apart && notes.matches(word.as_str()).count() != 1 {
                    return Err(format!("device {who} has {word} more than once"));
                }
            }
            let standing = self.core(who)?.replica().standing(&doc).map_err(|e| e.to_string())?;
            if standing.heads != expected || standing.waiting + standing.held != 0 {
                return Err(format!(
                    "device {who} differs from the relay: {} waiting, {} held",
                    standing.waiting, standing.held
                ));
            }
            let unnamed = self.core(who)?.replica().unnamed(&doc).map_err(|e| e.to_string())?.len();
            if unnamed > 0 {
                return Err(format!("device {who} does not know who stands behind {unnamed} actors"));
            }
            let view = self
                .core(who)?
                .replica()
                .read(&doc, |document| format!("{:?}", plan::read(Documents::main(document), &pep, &|_| None).heads))
                .map_err(|e| e.to_string())?;
            views.insert(view);
        }
        if views.len() != 1 {
            return Err("devices with the same changes show different plans".into());
        }
        Ok(())
    }
}

/// A text, and after it the remarks beside it.
fn with_remarks(document: &plan::Automerge, pep: &Pep, question: &str) -> String {
    let view = plan::read(Documents::main(document), pep, &|_| None);
    let remarks = view.comments.iter().filter(|comment| comment.question == question);
    remarks.fold(text_of(document, pep, question), |all, remark| all + " " + &remark.text)
}

fn text_of(document: &plan::Automerge, pep: &Pep, question: &str) -> String {
    let view = plan::read(Documents::main(document), pep, &|_| None);
    match view.answers.get(question) {
        Some(plan::Answer::Text { text }) => text.clone(),
        // Rewritten apart: each one's is shown.
        Some(plan::Answer::Disputed(claims)) => claims.iter().map(|claim| claim.value.to_string()).collect(),
        _ => String::new(),
    }
}

/// Nobody has the disk open, and it was not closed in peace.
fn power_cut(cuts: &mut Option<Chance>, disk: &Kept) {
    if let (Some(cuts), Kept::Memory(memory)) = (cuts, disk) {
        memory.cut(*cuts.of(&[Left::Rows, Left::RowsAhead, Left::Nothing]));
    }
}
