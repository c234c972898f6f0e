//! The processes that somebody knows, and the one that a plan follows.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use chrono::NaiveDate;

use crate::bank::BadFile;
use crate::pep::DocumentKind;
use crate::process::{Calendar, FromFile, Newer, Process};

/// The processes that somebody knows: a value, handed down from whoever holds it, so that one program can work for several councils.
/// Cheap to clone; none by default.
#[derive(Debug, Clone, Default)]
pub struct Processes {
    known: Arc<[Arc<Process>]>,
    newer: Arc<[Newer]>,
}

/// A process that is not among those known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "This program does not have that process or that version of it. It has: {known}. A newer program may know it: please update."
)]
pub struct UnknownProcess {
    /// Ids and versions known here, for people.
    pub known: String,
}

impl Processes {
    /// Those this program was built with: constants, so they are read once. Whoever begins something hands them down.
    pub fn built_in() -> &'static Processes {
        static READ: OnceLock<Processes> = OnceLock::new();
        let read = || {
            Processes::read(&[
                include_str!("../../processes/sections.json"),
                include_str!("../../processes/portal.json"),
                include_str!("../../processes/rolling.json"),
                include_str!("../../processes/ten-page.json"),
                include_str!("../../processes/web.json"),
                include_str!("../../processes/2/sections.json"),
                include_str!("../../processes/2/portal.json"),
                include_str!("../../processes/2/rolling.json"),
                include_str!("../../processes/2/ten-page.json"),
                include_str!("../../processes/2/web.json"),
                include_str!("../../processes/3/sections.json"),
                include_str!("../../processes/3/portal.json"),
                include_str!("../../processes/3/rolling.json"),
                include_str!("../../processes/3/ten-page.json"),
                include_str!("../../processes/3/web.json"),
            ])
            .expect("the processes are part of this program")
        };
        READ.get_or_init(read)
    }

    /// These files, in this order. What a newer program wrote is kept by its name; two that say to be one version of one process
    /// are refused.
    pub fn read(files: &[&str]) -> Result<Processes, BadFile> {
        let (mut known, mut newer): (Vec<Process>, Vec<Newer>) = (Vec::new(), Vec::new());
        for text in files {
            let read = Process::read(text)?;
            let (id, version) = match &read {
                FromFile::Process(process) => (&process.id, process.version),
                FromFile::Newer(newer) => (&newer.id, newer.version),
            };
            let twice = known.iter().any(|one| (&one.id, one.version) == (id, version))
                || newer.iter().any(|one| (&one.id, one.version) == (id, version));
            if twice {
                let reason = format!("there is another file of {id} version {version}; a change is a new version");
                return Err(BadFile::at(text, "version", reason));
            }
            match read {
                FromFile::Process(process) => known.push(*process),
                FromFile::Newer(one) => newer.push(one),
            }
        }
        Ok(Processes { newer: newer.into(), ..Processes::new(known) })
    }

    /// These and no others, in this order.
    pub fn new(processes: Vec<Process>) -> Processes {
        Processes { known: processes.into_iter().map(Arc::new).collect(), newer: Arc::default() }
    }

    /// All of them, every version, in the order they were given in.
    pub fn iter(&self) -> impl Iterator<Item = &Process> {
        self.known.iter().map(|process| &**process)
    }

    /// The newest version of each, in the order in which they were first given.
    pub fn newest(&self) -> impl Iterator<Item = &Process> {
        let is_first = |process: &&Process| {
            self.iter().find(|other| other.id == process.id).is_some_and(|first| std::ptr::eq(first, *process))
        };
        self.iter()
            .filter(is_first)
            .filter_map(|first| self.iter().filter(|one| one.id == first.id).max_by_key(|one| one.version))
    }

    /// Those that a newer version of this program understands.
    pub fn newer(&self) -> &[Newer] {
        &self.newer
    }

    /// The process of this id and version.
    pub fn get(&self, id: &str, version: u32) -> Result<ProcessRef, UnknownProcess> {
        self.find(|process| process.id == id && process.version == version)
    }

    /// The newest version of a process.
    pub fn latest(&self, id: &str) -> Result<ProcessRef, UnknownProcess> {
        let of_id = self.iter().filter(|process| process.id == id);
        self.get(id, of_id.map(|process| process.version).max().unwrap_or_default())
    }

    /// What a PEP that is begun on `day` follows: the newest version in force then (R001-01), or the first there is.
    pub fn in_force(&self, id: &str, day: NaiveDate) -> Result<ProcessRef, UnknownProcess> {
        let of_id = || self.iter().filter(|process| process.id == id).map(|one| (one.version, one.effective_from));
        let begun = of_id().filter(|(_, from)| *from <= day).map(|(version, _)| version).max();
        self.get(id, begun.or_else(|| of_id().map(|(version, _)| version).min()).unwrap_or_default())
    }

    /// The newer versions that a plan under this one may be moved to, one after the other: everybody who knows the same versions
    /// comes to the same steps.
    pub fn after(&self, from: &ProcessRef) -> Vec<ProcessRef> {
        let mut later: Vec<&Arc<Process>> =
            self.known.iter().filter(|one| one.id == from.id() && one.version > from.version()).collect();
        later.sort_by_key(|process| process.version);
        let mut reached = from.clone();
        let steps = later.into_iter().map(|next| {
            let before = std::mem::replace(&mut reached.process, Arc::clone(next));
            reached.before.push(before);
            reached.clone()
        });
        steps.collect()
    }

    /// Where a plan that began under `began` stands after that many steps; `None` where this program does not know so many.
    pub fn reached(&self, began: &ProcessRef, steps: usize) -> Option<ProcessRef> {
        match steps.checked_sub(1) {
            None => Some(began.clone()),
            Some(last) => self.after(began).into_iter().nth(last),
        }
    }

    fn find(&self, is: impl Fn(&Process) -> bool) -> Result<ProcessRef, UnknownProcess> {
        let found = self.known.iter().find(|process| is(process));
        found.map(|process| ProcessRef { process: process.clone(), before: Vec::new(), calendar: None }).ok_or_else(
            || {
                let known: Vec<String> =
                    self.iter().map(|process| format!("{} {}", process.id, process.version)).collect();
                UnknownProcess { known: known.join(", ") }
            },
        )
    }
}

/// The process of a plan: the version it follows, and the one it began under (R001-01), which are the same until somebody moves it.
/// Whoever holds it has the process with it, so none is ever missing. Two are equal when they name the same versions.
#[derive(Clone)]
pub struct ProcessRef {
    process: Arc<Process>,
    /// The versions before, from the one it began under.
    before: Vec<Arc<Process>>,
    /// The council's term dates, where it has given some.
    calendar: Option<Arc<Calendar>>,
}

impl ProcessRef {
    /// The id, such as `sections`.
    pub fn id(&self) -> &str {
        &self.process.id
    }

    /// The version it follows, from 1.
    pub fn version(&self) -> u32 {
        self.process.version
    }

    /// The process it follows.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// The days by which it counts: the council's, or else the process's own. Nothing that is written or signed follows from them.
    pub fn calendar(&self) -> &Calendar {
        self.calendar.as_deref().unwrap_or(&self.process.calendar)
    }

    /// The same process by other days.
    pub fn by(self, calendar: Option<Arc<Calendar>>) -> ProcessRef {
        ProcessRef { calendar, ..self }
    }

    /// The version it began under: what its ids and its first changes follow from.
    pub fn began(&self) -> &Process {
        self.before.first().unwrap_or(&self.process)
    }

    /// The gate's table of a document that has come as far: what any of the versions it has followed let somebody write, they still
    /// may. So what was written before a move, and arrives after it, is judged as it was written; what the present version says
    /// beyond that, `apply` asks. The shape is that of the version it began under, whatever it was moved to.
    pub fn write_table(&self, kind: DocumentKind) -> String {
        let schema = self.began().schema;
        let tables: Vec<String> = self.path().map(|process| process.write_table_in(kind, schema)).collect();
        let mut seen = BTreeSet::new();
        let lines = tables.iter().flat_map(|table| table.lines()).filter(|line| seen.insert(*line));
        lines.fold(String::new(), |table, line| table + line + "\n")
    }

    /// Whether both began under the same version of the same process, whatever they were moved to: one generation of a PEP.
    pub fn began_alike(&self, other: &ProcessRef) -> bool {
        let began = |one: &ProcessRef| (one.began().id.clone(), one.began().version, one.began().hash);
        began(self) == began(other)
    }

    /// How often it was moved.
    pub fn steps(&self) -> usize {
        self.before.len()
    }

    /// The versions it has followed, from the one it began under to the one it follows.
    pub fn path(&self) -> impl Iterator<Item = &Process> {
        self.before.iter().chain([&self.process]).map(|process| &**process)
    }

    /// The same plan as far as it had been moved when it followed `version`; `None` where it never did.
    pub fn when(&self, version: u32) -> Option<ProcessRef> {
        let all: Vec<&Arc<Process>> = self.before.iter().chain([&self.process]).collect();
        let at = all.iter().position(|process| process.version == version)?;
        let before = all.iter().take(at).map(|process| Arc::clone(process)).collect();
        Some(ProcessRef { process: Arc::clone(all.get(at)?), before, calendar: self.calendar.clone() })
    }

    fn key(&self) -> (&str, u32, u32, Option<[u8; 32]>) {
        (self.id(), self.version(), self.began().version, self.process.hash)
    }
}

impl PartialEq for ProcessRef {
    fn eq(&self, other: &ProcessRef) -> bool {
        self.key() == other.key()
    }
}

impl Eq for ProcessRef {}

impl fmt::Debug for ProcessRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id(), self.version())
    }
}
