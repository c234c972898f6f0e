//! What the directory of a whole council costs: on the line, in signatures and in time, for a device that begins anew and for one change
//! to one child. The relay and one real device, in one process, without sockets.

use std::time::Instant;

use gate::Id;
use participant::Device;
use plan::Role;
use replica::Mode;
use serde_json::{Value, json};
use sync::{
    Features, Frame,
    feature::{ENTRIES, ENVELOPE_2},
    frame::{Hello, NewChild},
    identity,
};
use sync_server::{
    directory::{Invite, Joining},
    relay::{Relay, queue},
};
use tokio::sync::mpsc::Receiver;

use crate::joined::{Chance, in_memory, joins, open_relay};

/// 24 February 2026, noon, in Unix seconds.
const NOW: i64 = 1_771_934_400;
const TODAY: &str = "2026-02-24";
/// Names as long as people's are.
const FIRST: [&str; 8] = ["Amari", "Bram", "Carys", "Idris", "Linnet", "Odile", "Petra", "Wren"];
const LAST: [&str; 8] =
    ["Dunmore", "Fennimoor", "Greaves-Penn", "Lanternby", "Marrowfield", "Tapplestone", "Tidewell", "Wexcombe"];
/// Children of one social worker, and of one officer.
const CHILDREN_OF: [usize; 2] = [10, 165];

/// A council: a head, a social worker for every ten children, an officer for every 165, a teacher and a carer for each.
pub struct Council {
    relay: Relay,
    children: Vec<Id>,
    head: Seat,
    workers: Vec<Seat>,
    teachers: Vec<Seat>,
    /// Somebody of the council with a device that takes in what comes.
    device: Device,
    lines: u64,
}

#[derive(Clone, Copy)]
struct Seat {
    person: Id,
    device: Id,
}

/// One connection: what it was sent, and by how many bytes.
struct Line {
    number: u64,
    queue: Receiver<Vec<u8>>,
}

impl Line {
    fn heard(&mut self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.queue.try_recv().ok()).collect()
    }
}

/// Bytes of what was sent of the directory, and of all of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sent {
    /// Of entries.
    pub entries: usize,
    /// Of everything.
    pub all: usize,
}

impl Sent {
    fn of(frames: &[Vec<u8>]) -> Sent {
        let is_entries = |frame: &&Vec<u8>| matches!(Frame::decode(frame), Ok(Frame::Entries { .. }));
        Sent { entries: frames.iter().filter(is_entries).map(Vec::len).sum(), all: frames.iter().map(Vec::len).sum() }
    }
}

impl Council {
    /// Of so many children, and so many people at least.
    pub fn new(children: usize, people: usize) -> Result<Council, String> {
        let mut chance = Chance(7);
        let mut relay = open_relay(in_memory(Mode::Relay, 1)?, 2, NOW)?;
        let made: Vec<Id> = (0..children).map(|_| relay.new_id()).collect();
        relay
            .administer(|directory| {
                made.iter().try_for_each(|child| {
                    let name = format!("{} {}", chance.of(&FIRST), chance.of(&LAST));
                    let dob = format!("20{:02}-0{}-1{}", 8 + chance.below(10), 1 + chance.below(9), chance.below(9));
                    let new = NewChild { child: *child, name, dob, looked_after_since: None, emergency: false };
                    directory.add_child(&new, None, NOW).map(drop)
                })
            })
            .map_err(|e| e.to_string())?;
        let mut council = Council {
            device: joins(
                &mut relay,
                &[250; 32],
                1,
                ("Odile Marrowfield", Role::SocialWorker),
                &made[..1],
                in_memory(Mode::Participant, 3)?,
                NOW,
            )?
            .0,
            relay,
            children: made.clone(),
            head: Seat { person: [0; 16], device: [0; 16] },
            workers: Vec::new(),
            teachers: Vec::new(),
            lines: 0,
        };
        council.head = council.joins("virtual-school-head", &[])?;
        for some in made.chunks(CHILDREN_OF[0]) {
            let seat = council.joins("social-worker", some)?;
            council.workers.push(seat);
        }
        // Somebody to hand a case to, however few there are.
        let other = council.joins("social-worker", &[])?;
        council.workers.push(other);
        for some in made.chunks(CHILDREN_OF[1]) {
            council.joins("virtual-school-officer", some)?;
        }
        for child in &made {
            council.joins("carer", &[*child])?;
        }
        let rest = people.saturating_sub(council.relay.directory().people().count()).max(1);
        for some in made.chunks(made.len().div_ceil(rest)) {
            let seat = council.joins("designated-teacher", some)?;
            council.teachers.push(seat);
        }
        while council.relay.directory().people().count() < people {
            let child = *chance.of(&made);
            council.joins("professional", &[child])?;
        }
        council.relay.settle(NOW);
        Ok(council)
    }

    fn joins(&mut self, role: &str, children: &[Id]) -> Result<Seat, String> {
        let number = self.relay.directory().people().count();
        let name = format!("{} {} {number}", FIRST[number % 8], LAST[number / 8 % 8]);
        let mut secret = [0; 32];
        secret[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(&secret).map_err(|e| e.to_string())?;
        let public = replica::public_key(&pair);
        let mut sig = [0; 64];
        sig.copy_from_slice(pair.sign(&identity::join_statement(&self.relay.key(), &secret, &public)).as_ref());
        let (fresh, keys) = (self.relay.new_id(), self.relay.keys());
        let organisation = Some("Harrowmere".to_owned());
        let invite =
            Invite { name, role: role.into(), organisation, children: children.to_vec(), expires: NOW + 1_000 };
        let joining = Joining { secret, key: public, name: "laptop".into(), sig };
        let (person, device) = self
            .relay
            .administer(|directory| {
                directory.invite(&invite, &secret, fresh, NOW)?;
                directory.join(&keys, &joining, NOW)
            })
            .map_err(|e| e.to_string())?;
        Ok(Seat { person: person.id, device })
    }

    fn connects(&mut self, seat: Seat) -> Result<(Line, Vec<Vec<u8>>), String> {
        let hello = Frame::Hello(Hello {
            version: 1,
            program: "measure".into(),
            device_id: seat.device,
            features: Features::of(&[ENTRIES, ENVELOPE_2]),
            ..Hello::default()
        });
        let mut line = self.dials(seat.device)?;
        self.relay.receive(line.number, &hello.encode(), NOW);
        let frames = self.carried(&mut line);
        Ok((line, frames))
    }

    fn dials(&mut self, device: Id) -> Result<Line, String> {
        self.lines += 1;
        let (out, queue) = queue();
        self.relay.connect(self.lines, device, out).map_err(|e| e.to_string())?;
        Ok(Line { number: self.lines, queue })
    }

    fn carried(&mut self, line: &mut Line) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        loop {
            self.relay.settle(NOW);
            let heard = line.heard();
            if heard.is_empty() {
                return frames;
            }
            frames.extend(heard);
            self.relay.drained(line.number);
        }
    }

    /// What a device of the head is sent that has nothing yet; how long the relay takes for it, in milliseconds: with everything still
    /// to sign, and again.
    pub fn fresh_head(&mut self) -> Result<(Sent, [f64; 2]), String> {
        let mut times = [0.0; 2];
        let mut sent = Sent::default();
        for time in &mut times {
            let begun = Instant::now();
            let (line, frames) = self.connects(self.head)?;
            *time = begun.elapsed().as_secs_f64() * 1_000.0;
            sent = Sent::of(&frames);
            self.relay.disconnect(line.number);
        }
        Ok((sent, times))
    }

    /// One child is handed from one social worker to another, with the head, both of them and a teacher on the line.
    pub fn hand_over(&mut self) -> Result<Handed, String> {
        let (child, from, to) = (self.children[0], self.workers[0], self.workers[self.workers.len() - 1]);
        let seats = [from, to, self.head, self.teachers[0], self.teachers[self.teachers.len() - 1]];
        let mut lines = Vec::new();
        for seat in seats {
            lines.push(self.connects(seat)?.0);
        }
        let before = self.relay.counts();
        let begun = Instant::now();
        self.relay
            .administer(|directory| directory.hand_over(&child, &from.person, &to.person, TODAY, None, NOW))
            .map_err(|e| e.to_string())?;
        self.relay.settle(NOW);
        let ms = begun.elapsed().as_secs_f64() * 1_000.0;
        let signed = self.relay.counts().entries_signed - before.entries_signed;
        let sent = lines.iter_mut().map(|line| Sent::of(&line.heard()).all).collect();
        for line in lines {
            self.relay.disconnect(line.number);
        }
        self.relay
            .administer(|directory| directory.hand_over(&child, &to.person, &from.person, TODAY, None, NOW))
            .map_err(|e| e.to_string())?;
        self.relay.settle(NOW);
        Ok(Handed { sent, signed, ms })
    }

    /// How long a real device takes to put in place what it was sent anew, and then one change, in milliseconds; and how many entries
    /// it put in place for that.
    pub fn real_device(&mut self) -> Result<([f64; 2], u64), String> {
        let person = self.device.me().map(|me| me.person).unwrap_or_default();
        let name = self.relay.directory().person(&person).map(|person| person.name.clone()).unwrap_or_default();
        let (head, children) = (self.head.person, self.children.clone());
        let missing = |e: sync_server::error::Error| e.to_string();
        // On every team: what an officer of the whole council has, whoever else is on them.
        self.relay
            .administer(|directory| {
                let new = children.iter().skip(1);
                new.clone().try_for_each(|child| directory.add_member(child, &person, "social-worker", TODAY, NOW))
            })
            .map_err(missing)?;
        self.relay.settle(NOW);
        let device = self.device.me().map(|me| me.device).unwrap_or_default();
        let mut line = self.dials(device)?;
        self.device.connect().ok_or("the device has not joined")?;
        let failed = |e: replica::Trouble| e.to_string();
        let take = |council: &mut Council, line: &mut Line| -> Result<f64, String> {
            let mut ms = 0.0;
            for _ in 0..8 {
                for frame in council.device.take_frames(64).map_err(failed)? {
                    council.relay.receive(line.number, &frame, NOW);
                }
                let frames = council.carried(line);
                let begun = Instant::now();
                for frame in frames {
                    council.device.receive(&frame, NOW).map_err(failed)?;
                }
                council.device.settle(NOW).map_err(failed)?;
                ms += begun.elapsed().as_secs_f64() * 1_000.0;
            }
            Ok(ms)
        };
        let fresh = take(self, &mut line)?;
        if self.device.roster().children().count() != children.len() {
            return Err(format!("{name} has {} children", self.device.roster().children().count()));
        }
        let before = self.device.work();
        self.relay
            .administer(|directory| directory.add_member(&children[0], &head, "virtual-school-head", TODAY, NOW))
            .map_err(missing)?;
        let one = take(self, &mut line)?;
        let entries = self.device.work().since(before).entries;
        self.relay.disconnect(line.number);
        Ok(([fresh, one], entries))
    }
}

/// What one hand-over costs.
#[derive(Debug)]
pub struct Handed {
    /// Bytes sent to who hands over, who takes over, the head, the child's teacher, and somebody else's teacher.
    pub sent: Vec<usize>,
    /// Entries that were signed.
    pub signed: u64,
    /// Milliseconds of the relay.
    pub ms: f64,
}

/// All of that, as a report.
pub fn measure(children: usize, people: usize) -> Result<Value, String> {
    let mut council = Council::new(children, people)?;
    let (head, fresh) = council.fresh_head()?;
    let handed = council.hand_over()?;
    let ([taken, one], entries) = council.real_device()?;
    Ok(json!({
        "children": children,
        "people": council.relay.directory().people().count(),
        "freshHead": {"entriesKiB": head.entries as f64 / 1024.0, "allKiB": head.all as f64 / 1024.0, "signingMs": fresh[0], "againMs": fresh[1]},
        "handOver": {"bytes": handed.sent, "signed": handed.signed, "ms": handed.ms},
        "device": {"freshMs": taken, "oneChangeMs": one, "entriesOfIt": entries},
    }))
}
