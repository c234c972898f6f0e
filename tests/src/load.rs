//! Meetings of people who type at once: real participants (a device, a journal and a line each) in this process, against any
//! relay. What is measured is when a change can be read in the others' documents, by the one clock of this process.

pub mod echo;
pub mod flood;
pub mod process;

use std::{
    fmt::Display,
    mem,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use automerge::{ROOT, ReadDoc};
use client_cli::{
    clock,
    dial::{self, Http, Kept},
};
use disk::DocumentThread;
use futures_util::future::try_join_all;
use gate::Id;
use participant::{
    device::{Device, Me},
    typing::{Splice, Typing},
};
use plan::{Automerge, ChangeHash, DocumentKind, Edit, Pep, PepType, Processes, Role, bank};
use replica::{Mode, Trouble};
use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
use sync::{Frame, Wire, link::Link};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};
use uuid::Uuid;

/// How long nothing may move before waiting is given up.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Texts in which people write together; each person writes in the first that their role may write.
const QUESTIONS: [&str; 2] = ["meeting.notes", "wellbeing.whatHelps"];
/// What people type, over and over.
const WORDS: &str = "Maths and food go well; English is too much writing, and the taxi takes too long. ";
/// Bytes of a log that are read at once: more than any round writes.
const LOG_BYTES: usize = 256 * 1024 * 1024;

/// Somebody with a device, in this process.
pub struct Participant {
    room: DocumentThread<Device>,
    me: Me,
    changes: watch::Receiver<u64>,
    desk: Arc<Desk>,
    line: JoinHandle<()>,
    stop: Arc<Notify>,
}

impl Participant {
    /// Joins with an invitation link, in an empty folder, and keeps a line up from now on.
    pub async fn join(home: &Path, link: &str) -> Result<Participant, String> {
        let link: Link = link.parse().map_err(error)?;
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(error)?;
        let key = || Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(error);
        let me = dial::join(&Http::default(), &link, &key()?, "load").await.map_err(error)?;
        let home_key = Arc::new(disk::generate_key().map_err(error)?);
        let (replica, _) = disk::open_replica(home, Mode::Participant, &home_key).map_err(error)?;
        let mut device = Device::open(replica, Processes::built_in().clone(), None, [0; 16]).map_err(error)?;
        device.join(me.clone(), key()?, None).map_err(error)?;
        let (wake, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (tell, changes) = watch::channel(0);
        let desk = Arc::new(Desk::default());
        let (woken, looking) = (wake.clone(), desk.clone());
        let (room, _) = DocumentThread::spawn("participant", device, move |device: &mut Device| {
            looking.keep(device.settle(clock::now().unix()));
            if device.wants_line() {
                woken.notify_one();
            }
            if tell.send_if_modified(|at| mem::replace(at, device.changed()) != device.changed()) {
                looking.keep(looking.look(device));
            }
        })
        .map_err(error)?;
        let (tell, _) = watch::channel(Kept::default());
        let again = Arc::new(Notify::new());
        let line =
            tokio::spawn(dial::keep(room.clone(), Arc::default(), Arc::new(key()?), wake, stop.clone(), again, tell));
        Ok(Participant { room, me, changes, desk, line, stop })
    }

    /// Has `f` done by the thread that owns this participant's documents.
    pub async fn with<T: Send + 'static>(
        &self,
        f: impl FnOnce(&mut Device) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, String> {
        self.room.call(f).await.map_err(error)?.map_err(error)
    }

    /// Waits until `ready` says something; fails where nothing has moved for [`PATIENCE`].
    pub async fn until<T: Send + 'static>(
        &self,
        ready: impl Fn(&mut Device) -> Result<Option<T>, Trouble> + Clone + Send + 'static,
    ) -> Result<T, String> {
        let mut changes = self.changes.clone();
        loop {
            changes.mark_unchanged();
            if let Some(found) = self.with(ready.clone()).await? {
                return Ok(found);
            }
            self.desk.trouble()?;
            if timeout(PATIENCE, changes.changed()).await.is_err() {
                return Err(format!("{} waited in vain for the relay.", self.me.name));
            }
        }
    }

    /// Waits until this participant and the relay hold the same.
    pub async fn in_step(&self) -> Result<(), String> {
        self.until(|device| Ok(device.in_step()?.then_some(()))).await
    }

    /// This person's role for a child today.
    pub async fn role_for(&self, child: Uuid) -> Result<Role, String> {
        let role = self.with(move |device| Ok(device.role_for(&child, &clock::now().today()))).await?;
        role.ok_or_else(|| format!("{} is not on the child's team.", self.me.name))
    }

    /// Holds a PEP, starting it where nobody has.
    pub async fn start(&self, pep: &Pep, role: Role) -> Result<(), String> {
        let pep = pep.clone();
        self.with(move |device| device.start_pep(&pep, role).map(drop)).await
    }

    /// Makes one change; it is on this participant's disk when this returns.
    pub async fn edit(&self, pep: &Pep, role: Role, edits: Vec<Edit>) -> Result<(), String> {
        let pep = pep.clone();
        let done =
            self.with(move |device| device.edit(&pep, DocumentKind::Main, role, &edits, clock::now().unix())).await?;
        done.map(drop).map_err(error)
    }

    /// Hangs up and lets the folder go.
    pub async fn end(self) {
        self.stop.notify_one();
        let _ = timeout(PATIENCE, self.line).await;
    }
}

/// The spring review of a child, under the process that the examples use.
pub fn spring_review(child: Uuid) -> Result<Pep, String> {
    let (year, term) = plan::parse_term("2025/26-spring").map_err(error)?;
    Ok(Pep {
        child,
        year,
        term,
        kind: PepType::Review,
        process: Processes::built_in().latest("sections").map_err(error)?,
        filed: plan::Filed::default(),
    })
}

/// How people type.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Characters a second.
    pub rate: f64,
    /// For how long.
    pub time: Duration,
    /// A change for every keystroke, instead of gathering them as the program does while others have the question open.
    pub each_key: bool,
}

/// What passed in a round.
#[derive(Debug, Clone, Default)]
pub struct Passed {
    /// Changes made.
    pub edits: usize,
    /// For each delivery to one other person: milliseconds from the change's first keystroke.
    pub from_key: Vec<f64>,
    /// The same from the moment the change was closed and given to the author's documents.
    pub from_close: Vec<f64>,
    /// Bytes of the frame that carries one change, on average.
    pub bytes: usize,
}

impl Passed {
    /// Adds another meeting's.
    fn add(&mut self, other: Passed) {
        let edits = (self.edits + other.edits).max(1);
        self.bytes = (self.bytes * self.edits + other.bytes * other.edits) / edits;
        self.edits += other.edits;
        self.from_key.extend(other.from_key);
        self.from_close.extend(other.from_close);
    }
}

/// People who write one plan together.
pub struct Meeting {
    pep: Pep,
    people: Vec<Typist>,
}

struct Typist {
    participant: Participant,
    role: Role,
    question: &'static str,
    /// What this person's line in the text begins with.
    label: String,
    typed: usize,
}

impl Meeting {
    /// Joins one person for each link, starts (or opens) the plan of the child that all of them know, and writes the
    /// beginning of everyone's line.
    pub async fn gather(links: &[String], homes: &Path) -> Result<Meeting, String> {
        let mut participants = Vec::new();
        for (n, link) in links.iter().enumerate() {
            participants.push(Participant::join(&homes.join(n.to_string()), link).await?);
        }
        let mut common: Option<Vec<Id>> = None;
        for participant in &participants {
            participant.in_step().await?;
            let own =
                participant.with(|device| Ok(device.children()?.iter().map(|child| child.id).collect::<Vec<_>>()));
            let own = own.await?;
            common = Some(match common {
                Some(common) => common.into_iter().filter(|child| own.contains(child)).collect(),
                None => own,
            });
        }
        let child = common.unwrap_or_default().pop().ok_or("The people of a meeting have no child in common.")?;
        let pep = spring_review(Uuid::from_bytes(child))?;
        let mut people = Vec::new();
        for (n, participant) in participants.into_iter().enumerate() {
            let role = participant.role_for(pep.child).await?;
            let question = question_of(&pep, role)?;
            participant.start(&pep, role).await?;
            people.push(Typist { participant, role, question, label: format!("{n}: "), typed: 0 });
        }
        for person in &people {
            let text = format!("{}\n", person.label);
            person
                .participant
                .edit(&pep, person.role, vec![Edit::Append { question: person.question.into(), text }])
                .await?;
        }
        let meeting = Meeting { pep, people };
        meeting.agree().await?;
        Ok(meeting)
    }

    /// Everybody types at this pace, and waits until everybody else can read all of it.
    pub async fn type_together(&mut self, pace: Pace) -> Result<Passed, String> {
        let doc = *self.pep.document(DocumentKind::Main).as_bytes();
        let before = self.first()?.with(move |device| device.replica().last(&doc)).await?;
        let desks: Vec<Arc<Desk>> = self.people.iter().map(|person| person.participant.desk.clone()).collect();
        let all = desks.len().max(1) as f64;
        let pep = self.pep.clone();
        let start = Instant::now();
        let typing = self.people.iter_mut().enumerate().map(|(n, person)| {
            let others =
                desks.iter().enumerate().filter(|(other, _)| *other != n).map(|(_, desk)| desk.clone()).collect();
            // People do not strike their keys together.
            let start = start + Duration::from_secs_f64(n as f64 / all / pace.rate);
            person.type_away(&pep, pace, start, others)
        });
        try_join_all(typing).await?;
        // What was given to the documents without waiting has been done when they answer.
        for person in &self.people {
            person.participant.with(|_| Ok(())).await?;
        }
        let mut passed = Passed::default();
        for (person, desk) in self.people.iter().zip(&desks) {
            let waits = desk.clone();
            person.participant.until(move |_| Ok(waits.expected().is_empty().then_some(()))).await?;
        }
        for desk in &desks {
            desk.trouble()?;
            passed.edits += desk.edits.swap(0, Ordering::Relaxed);
            for delivery in mem::take(&mut *lock(&desk.arrived)) {
                passed.from_key.push(delivery.from_key);
                passed.from_close.push(delivery.from_close);
            }
        }
        let frames = self.first()?.with(move |device| device.replica().log(&doc, before, LOG_BYTES)).await?;
        let bytes: usize =
            frames.iter().map(|e| Frame::Push { doc, envelopes: vec![Wire(e.clone())] }.encode().len()).sum();
        passed.bytes = bytes / frames.len().max(1);
        Ok(passed)
    }

    /// Waits until everybody is in step, and looks that all hold the same, and every character that was typed.
    pub async fn agree(&self) -> Result<(), String> {
        let doc = *self.pep.document(DocumentKind::Main).as_bytes();
        let everyone = self.people.len();
        let wanted: Vec<(&'static str, String)> = self.people.iter().map(|p| (p.question, p.line())).collect();
        for person in &self.people {
            person.participant.in_step().await?;
        }
        let mut heads = Vec::new();
        for person in &self.people {
            let wanted = wanted.clone();
            // In step means: with what the relay has said it has. Others' last words may still be on their way.
            person
                .participant
                .until(move |device| {
                    device.replica().read(&doc, |document| {
                        let whole = |(question, line): &(&str, String)| {
                            text(document, question).lines().any(|have| have == line)
                        };
                        wanted.iter().all(whole).then_some(())
                    })
                })
                .await
                .map_err(|e| format!("Words are missing at one of {everyone} people. {e}"))?;
            heads.push(person.participant.with(move |device| Ok(device.replica().standing(&doc)?.heads)).await?);
        }
        heads.dedup();
        if heads.len() > 1 {
            return Err("People who hold every word hold different heads.".into());
        }
        Ok(())
    }

    /// The plan.
    pub fn pep(&self) -> &Pep {
        &self.pep
    }

    fn first(&self) -> Result<&Participant, String> {
        self.people.first().map(|p| &p.participant).ok_or_else(|| "A meeting without people.".to_string())
    }
}

/// All meetings type at once.
pub async fn type_everywhere(meetings: &mut [Meeting], pace: Pace) -> Result<Passed, String> {
    let mut all = Passed::default();
    for passed in try_join_all(meetings.iter_mut().map(|meeting| meeting.type_together(pace))).await? {
        all.add(passed);
    }
    Ok(all)
}

impl Typist {
    /// The line as everybody must have it.
    fn line(&self) -> String {
        self.label.chars().chain(WORDS.chars().cycle().take(self.typed)).collect()
    }

    async fn type_away(&mut self, pep: &Pep, pace: Pace, start: Instant, others: Vec<Arc<Desk>>) -> Result<(), String> {
        let keys = (pace.rate * pace.time.as_secs_f64()).round() as usize;
        let ms = |at: Instant| u64::try_from((at - start).as_millis()).unwrap_or(u64::MAX);
        let mut typing = Typing::default();
        let mut opened = start;
        for n in 0..keys {
            let struck = start + Duration::from_secs_f64(n as f64 / pace.rate);
            if let Some(closes) =
                typing.closes_at(true).map(|ms| start + Duration::from_millis(ms)).filter(|c| *c <= struck)
            {
                sleep_until(closes).await;
                if let Some(splice) = typing.due(ms(closes), true) {
                    self.write(pep, splice, opened, closes, &others).await?;
                }
            }
            sleep_until(struck).await;
            let letter = WORDS.chars().cycle().nth(self.typed % WORDS.len()).into_iter().collect();
            let key = Splice { at: self.typed, delete: 0, insert: letter };
            self.typed += 1;
            if pace.each_key {
                self.write(pep, key, struck, struck, &others).await?;
                continue;
            }
            let fresh = typing.closes_at(true).is_none();
            if let Some(full) = typing.typed(key, ms(struck)) {
                self.write(pep, full, opened, struck, &others).await?;
                opened = struck;
            } else if fresh {
                opened = struck;
            }
        }
        match typing.leave() {
            Some(last) => self.write(pep, last, opened, Instant::now(), &others).await,
            None => Ok(()),
        }
    }

    /// Gives a change to this person's documents, without waiting for it: a person goes on typing.
    async fn write(
        &self,
        pep: &Pep,
        splice: Splice,
        struck: Instant,
        closed: Instant,
        others: &[Arc<Desk>],
    ) -> Result<(), String> {
        let (pep, role, question, label) = (pep.clone(), self.role, self.question, self.label.clone());
        let (desk, others) = (self.participant.desk.clone(), others.to_vec());
        let work = move |device: &mut Device| match write(device, &pep, role, question, &label, &splice) {
            Ok((doc, hash)) => {
                desk.edits.fetch_add(1, Ordering::Relaxed);
                // Said before the change can leave: this thread sends nothing until this work is done.
                others.iter().for_each(|other| other.expected().push(Expected { doc, hash, struck, closed }));
            }
            Err(e) => desk.keep(Err(e)),
        };
        self.participant.room.post(work).await.map_err(error)
    }
}

/// What one participant waits for and has seen.
#[derive(Default)]
struct Desk {
    expected: Mutex<Vec<Expected>>,
    arrived: Mutex<Vec<Delivery>>,
    edits: AtomicUsize,
    trouble: Mutex<Option<String>>,
}

struct Expected {
    doc: Id,
    hash: ChangeHash,
    struck: Instant,
    closed: Instant,
}

struct Delivery {
    from_key: f64,
    from_close: f64,
}

impl Desk {
    fn expected(&self) -> MutexGuard<'_, Vec<Expected>> {
        lock(&self.expected)
    }

    /// Looks which of the expected changes can be read now.
    fn look(&self, device: &mut Device) -> Result<(), Trouble> {
        let mut expected = self.expected();
        let Some(doc) = expected.first().map(|e| e.doc) else { return Ok(()) };
        let there: Vec<bool> = device.replica().read(&doc, |document| {
            expected.iter().map(|e| document.get_change_meta_by_hash(&e.hash).is_some()).collect()
        })?;
        let now = Instant::now();
        let ms = |since: Instant| (now - since).as_secs_f64() * 1_000.0;
        let mut there = there.into_iter();
        let mut arrived = lock(&self.arrived);
        expected.retain(|e| {
            let is_there = there.next().unwrap_or(false);
            if is_there {
                arrived.push(Delivery { from_key: ms(e.struck), from_close: ms(e.closed) });
            }
            !is_there
        });
        Ok(())
    }

    fn keep<E: Display>(&self, done: Result<(), E>) {
        if let Err(e) = done {
            lock(&self.trouble).get_or_insert(e.to_string());
        }
    }

    fn trouble(&self) -> Result<(), String> {
        lock(&self.trouble).clone().map_or(Ok(()), Err)
    }
}

/// Puts a piece of typing in its author's line: where it is now, whatever others have written above it.
fn write(
    device: &mut Device,
    pep: &Pep,
    role: Role,
    question: &str,
    label: &str,
    splice: &Splice,
) -> Result<(Id, ChangeHash), String> {
    let doc = *pep.document(DocumentKind::Main).as_bytes();
    let line = device.replica().read(&doc, |document| line_start(&text(document, question), label)).map_err(error)?;
    let at = line.ok_or("Somebody's line has vanished from the text.")? + splice.at;
    let edit = Edit::Splice {
        question: question.into(),
        at,
        delete: splice.delete,
        insert: splice.insert.clone(),
        seen: Vec::new(),
    };
    let done =
        device.edit(pep, DocumentKind::Main, role, &[edit], clock::now().unix()).map_err(error)?.map_err(error)?;
    Ok((doc, done.change.ok_or("A keystroke changed nothing.")?))
}

/// Where, in UTF-16 units, what follows `label` at the beginning of a line begins.
fn line_start(text: &str, label: &str) -> Option<usize> {
    let mut units = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with(label) {
            return Some(units + label.encode_utf16().count());
        }
        units += line.encode_utf16().count();
    }
    None
}

/// A text as it stands; reading one answer instead of the whole plan keeps the load program's own share small.
fn text(document: &Automerge, question: &str) -> String {
    let at = |object, key: &str| Some(document.get(object, key).ok()??.1);
    let found = at(ROOT, "answers").and_then(|answers| at(answers, question));
    found.and_then(|found| document.text(found).ok()).unwrap_or_default()
}

fn question_of(pep: &Pep, role: Role) -> Result<&'static str, String> {
    let writes = |id: &&str| bank().question(id).is_some_and(|q| pep.process().writers_on_roll(q).contains(&role));
    QUESTIONS
        .into_iter()
        .find(writes)
        .ok_or_else(|| format!("A person in the role {role} writes in none of the texts that are typed in."))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn error(e: impl Display) -> String {
    e.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_line_is_found_whatever_stands_above_it() {
        let text = "Taxi 🚕\n0: Odile\n\n11: Lorcan\n1: Ottoline\n";
        assert_eq!(line_start(text, "0: "), Some(11));
        assert_eq!(line_start(text, "1: "), Some(11 + 5 + 2 + 11 + 3));
        assert_eq!(line_start(text, "2: "), None);
    }

    #[test]
    fn everyone_of_a_meeting_has_a_text_to_write_in() {
        let pep = spring_review(Uuid::nil()).unwrap();
        let of = |role| question_of(&pep, role);
        assert_eq!(of(Role::SocialWorker).unwrap(), "meeting.notes");
        assert_eq!(of(Role::Carer).unwrap(), "wellbeing.whatHelps");
        assert!(of(Role::Professional).unwrap_err().contains("professional"));
    }
}
