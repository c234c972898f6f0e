//! The sheets of the directory: what stands on each, which number it has, and whom it concerns.
//!
//! A change writes one or two sheets, whoever reads them. A sheet that was never written since relays count has number 1, of version 1:
//! nothing is written, and nothing signed, for what is only read at the start.

use std::collections::{BTreeMap, BTreeSet};

use gate::Id;
use replica::{Replica, Trouble};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use sync::directory::{
    AcceptedSheet, CALENDARS_MAX, ChildSheet, Council, Given, OfPerson, OnTeam, PersonSheet, Reached, Restricted,
    Sheet, Subject,
};

use super::{ADDRESSES, CALENDARS, Directory, OFFERED, Refused, Result, day, day_before, from_cbor, key, named, text};
use crate::pep;

/// Prefix of the facts that say who has every child.
pub(super) const EVERY: &str = "every/";
/// Prefix of the facts that say what not everybody on a team may know.
const RESTRICTED: &str = "restricted/";
/// Prefix of the facts that say which number a sheet has.
const AT: &[u8] = b"at/";
/// Restricted facts of one child at the most: there are a handful.
pub const FACTS_MAX: usize = 32;

/// What has a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    /// A sheet.
    Sheet(Subject),
    /// That a person is, or is not any more, on a child's team.
    Member {
        /// The child.
        child: Id,
        /// The person.
        person: Id,
    },
    /// That a person has every child, or has not any more.
    Every(Id),
    /// The list of a child's documents. Not kept: a connection begins with the whole list.
    Documents(Id),
}

/// Which one of its kind, and when in the directory's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    /// Rises by one with every change.
    pub number: u64,
    /// The directory's version then.
    pub at: u64,
}

impl About {
    /// The name of the fact that keeps its version.
    fn fact(&self) -> Option<Vec<u8>> {
        let (kind, id) = match self {
            About::Sheet(subject) => (subject.kind(), subject.id()),
            About::Member { child, person } => ("member", [*child, *person].concat()),
            About::Every(person) => ("every", person.to_vec()),
            About::Documents(_) => return None,
        };
        Some([AT, kind.as_bytes(), b"/", &id].concat())
    }

    fn of_fact(key: &[u8]) -> Option<About> {
        let rest = key.strip_prefix(AT)?;
        let kind = rest.split(|byte| *byte == b'/').next()?;
        let id = rest.get(kind.len() + 1..)?;
        match std::str::from_utf8(kind).ok()? {
            "member" => {
                let (child, person) = id.split_first_chunk::<16>()?;
                Some(About::Member { child: *child, person: person.try_into().ok()? })
            }
            "every" => Some(About::Every(id.try_into().ok()?)),
            kind => Subject::of(kind, id).map(About::Sheet),
        }
    }
}

impl Directory {
    pub(super) fn read_sheets(&mut self, replica: &Replica) -> std::result::Result<(), Trouble> {
        for (key, value) in replica.facts(AT)? {
            // One of a kind that a newer relay keeps says nothing here.
            if let Some(about) = About::of_fact(&key) {
                self.versions.insert(about, from_cbor(&value)?);
            }
        }
        for (key, value) in replica.facts(RESTRICTED.as_bytes())? {
            let child = key.get(RESTRICTED.len()..).and_then(|id| id.try_into().ok()).ok_or(Trouble::Damaged)?;
            self.restricted.insert(child, from_cbor(&value)?);
        }
        Ok(())
    }

    /// A sheet is otherwise: the directory has changed.
    pub(super) fn changes(&mut self, subject: Subject) {
        self.rise();
        self.write(About::Sheet(subject));
    }

    /// Something is otherwise from this version on.
    pub(super) fn write(&mut self, about: About) {
        let version = Version { number: self.version_of(&about).number.saturating_add(1), at: self.version };
        self.versions.insert(about, version);
        self.changed.insert(about);
        if let Some(fact) = about.fact() {
            self.stage(fact, &version);
        }
    }

    /// Which number a sheet has.
    pub(crate) fn version_of(&self, about: &About) -> Version {
        let about = match about {
            // That somebody left is said when their membership changes.
            About::Sheet(Subject::Left { child, person }) => About::Member { child: *child, person: *person },
            about => *about,
        };
        self.versions.get(&about).copied().unwrap_or(Version { number: 1, at: 1 })
    }

    /// What has changed since this was asked last.
    pub(crate) fn take_changed(&mut self) -> BTreeSet<About> {
        std::mem::take(&mut self.changed)
    }

    /// What stands on a sheet. `None` where there is no such sheet.
    pub(crate) fn sheet(&self, subject: &Subject, organisation: &str) -> Option<Sheet> {
        Some(match subject {
            Subject::Council => {
                let (every_child, addresses) = (self.every.clone(), self.addresses.clone());
                let (organisation, processes) = (organisation.to_owned(), self.offered.clone());
                let calendars = self.calendars.clone();
                Sheet::Council(Council { organisation, every_child, addresses, processes, calendars })
            }
            Subject::Child(id) => {
                let team = self.team(id).iter().map(OnTeam::of).collect();
                Sheet::Child(ChildSheet {
                    child: self.children.get(id)?.clone(),
                    team,
                    delegations: self.delegations(id).to_vec(),
                    corrections: self.corrections(id).to_vec(),
                    joined: self.joined(id).cloned(),
                })
            }
            Subject::Restricted(child) => {
                Sheet::Restricted(Restricted { child: *child, facts: self.restricted.get(child)?.clone() })
            }
            Subject::Accepted(doc) => {
                let child = self.document(doc)?.0.start.child;
                let changes = self.accepted_in(doc).map(|one| ByteArray::new(one.change)).collect();
                Sheet::Accepted(AcceptedSheet { child, doc: *doc, changes })
            }
            Subject::Person(id) => {
                let devices = self.devices_of.get(id).into_iter().flatten().filter_map(|id| self.devices.get(id));
                Sheet::Person(PersonSheet {
                    person: self.people.get(id)?.clone(),
                    contact: self.contact(id),
                    devices: devices.map(OfPerson::of).collect(),
                })
            }
            Subject::Left { child, person } => {
                let theirs = self.team(child).iter().filter(|m| m.person == *person);
                Sheet::Left(theirs.max_by(|a, b| a.to.cmp(&b.to)).cloned()?)
            }
        })
    }

    // Whom it concerns.

    /// That a person has every child on a day.
    pub(crate) fn every_child(&self, person: &Id, day: &str) -> Option<&OnTeam> {
        self.every.iter().find(|every| every.person == *person && every.on(day))
    }

    /// Children that are a person's today.
    pub(super) fn visible(&self, person: &Id, today: &str) -> Vec<&Id> {
        if self.every_child(person, today).is_some() {
            return self.children.keys().collect();
        }
        let of = self.children_of.get(person).into_iter().flatten();
        of.filter(|child| self.role(child, person, today).is_some()).collect()
    }

    /// Sheets that concern a person today and are newer than `after`, or have come to concern them since, whatever their age.
    pub(crate) fn concerning(&self, person: &Id, after: u64, today: &str) -> BTreeSet<Subject> {
        let newer = |about: About, after: u64| self.version_of(&about).at > after;
        let every = self.every_child(person, today).is_some() && newer(About::Every(*person), after);
        let after = if every { 0 } else { after };
        let mut found = BTreeSet::new();
        let sheets = [Subject::Council, Subject::Person(*person)];
        found.extend(sheets.into_iter().filter(|subject| newer(About::Sheet(*subject), after)));
        for one in &self.every {
            if newer(About::Every(one.person), after) || newer(About::Sheet(Subject::Person(one.person)), after) {
                found.insert(Subject::Person(one.person));
            }
        }
        let visible = self.visible(person, today);
        for child in &visible {
            let came = newer(About::Member { child: **child, person: *person }, after);
            self.child_concerns(child, person, if came { 0 } else { after }, today, &mut found);
        }
        for doc in self.accepted.iter().map(|one| one.doc).collect::<BTreeSet<_>>() {
            let Some((pep, _)) = self.document(&doc).filter(|_| self.may_open(person, &doc, today)) else { continue };
            let came = newer(About::Member { child: pep.start.child, person: *person }, after);
            if came || newer(About::Sheet(Subject::Accepted(doc)), after) {
                found.insert(Subject::Accepted(doc));
            }
        }
        let left = self.left(person, today).into_iter().map(|m| Subject::Left { child: m.child, person: *person });
        found.extend(left.filter(|subject| newer(About::Sheet(*subject), after)));
        found
    }

    /// What of a child that is theirs concerns a person, and is newer than that.
    fn child_concerns(&self, child: &Id, person: &Id, after: u64, today: &str, found: &mut BTreeSet<Subject>) {
        let newer = |about: About| self.version_of(&about).at > after;
        let subjects = [Subject::Child(*child), Subject::Restricted(*child)].into_iter();
        let theirs = |subject: &Subject| match subject {
            Subject::Restricted(child) => self.is_told(child, person, today),
            _ => true,
        };
        found.extend(subjects.filter(theirs).filter(|subject| newer(About::Sheet(*subject))));
        for member in self.team(child) {
            let on_team = About::Member { child: *child, person: member.person };
            if newer(on_team) || newer(About::Sheet(Subject::Person(member.person))) {
                found.insert(Subject::Person(member.person));
            }
        }
    }

    /// Whether there is something of a child that not everybody may know, and this person may.
    fn is_told(&self, child: &Id, person: &Id, today: &str) -> bool {
        let role = self.role(child, person, today);
        self.restricted.contains_key(child) && role.is_some_and(|role| pep::may_read(pep::FAMILY, role))
    }

    /// Sheets that concern a person who had everything up to now, of what has changed.
    pub(crate) fn concerning_of(&self, person: &Id, changed: &BTreeSet<About>, today: &str) -> BTreeSet<Subject> {
        let sees = |child: &Id| self.role(child, person, today).is_some();
        let mut found = BTreeSet::new();
        for about in changed {
            match about {
                About::Sheet(Subject::Council) => drop(found.insert(Subject::Council)),
                About::Sheet(Subject::Child(child)) if sees(child) => drop(found.insert(Subject::Child(*child))),
                About::Sheet(Subject::Restricted(child)) if self.is_told(child, person, today) => {
                    found.insert(Subject::Restricted(*child));
                }
                About::Sheet(Subject::Accepted(doc)) if self.may_open(person, doc, today) => {
                    found.insert(Subject::Accepted(*doc));
                }
                About::Sheet(Subject::Person(other)) if self.works_with(person, other, today) => {
                    found.insert(Subject::Person(*other));
                }
                About::Member { child, person: own } if own == person && sees(child) => {
                    self.child_concerns(child, person, 0, today, &mut found);
                }
                About::Member { child, person: own } if own == person => {
                    let ended = self.left(person, today).iter().any(|member| member.child == *child);
                    found.extend(ended.then_some(Subject::Left { child: *child, person: *person }));
                }
                About::Member { child, person: other } if sees(child) => drop(found.insert(Subject::Person(*other))),
                About::Every(own) if own == person => found.extend(self.concerning(person, 0, today)),
                About::Every(other) => drop(found.insert(Subject::Person(*other))),
                About::Sheet(_) | About::Member { .. } | About::Documents(_) => {}
            }
        }
        found
    }

    /// Whether a person is told of another: they are the same, share a team, or one of them has every child.
    fn works_with(&self, person: &Id, other: &Id, today: &str) -> bool {
        let of_other = || self.children_of.get(other).into_iter().flatten();
        person == other
            || self.every.iter().any(|every| every.person == *other)
            || of_other().any(|child| self.role(child, person, today).is_some())
    }

    /// Children of whose documents a person is to be told, of what has changed.
    pub(crate) fn relisted(&self, person: &Id, changed: &BTreeSet<About>) -> BTreeSet<Id> {
        let of = |about: &About| match about {
            About::Documents(child) => Some(*child),
            About::Member { child, person: own } if own == person => Some(*child),
            _ => None,
        };
        changed.iter().filter_map(of).collect()
    }

    // What changes it.

    /// The head of the Virtual School has every child.
    pub fn heads_have_every_child(&mut self, now: i64) {
        let heads = self.people.values().filter(|person| pep::is_head(&person.role)).map(|person| person.id);
        let today = day(now);
        let new: Vec<Id> = heads.filter(|head| self.every_child(head, &today).is_none()).collect();
        new.into_iter().for_each(|head| self.begin_every_child(head, &today, now));
    }

    /// Those named have every child, the heads too, and nobody else any more. Names are ids or whole names.
    pub fn name_every_child(&mut self, names: &[String], now: i64) -> Result<()> {
        let today = day(now);
        let mut named = BTreeSet::new();
        for name in names {
            let found = |person: &&super::Person| text(&person.id) == *name || person.name == *name;
            let person = self.people.values().find(found).ok_or(Refused::PersonUnknown)?;
            if !pep::is_virtual_school(&person.role) {
                return Err(Refused::NotOfTheVirtualSchool);
            }
            named.insert(person.id);
        }
        self.heads_have_every_child(now);
        for person in &named {
            if self.every_child(person, &today).is_none() {
                self.begin_every_child(*person, &today, now);
            }
        }
        let is_head = |person: &Id| self.people.get(person).is_some_and(|person| pep::is_head(&person.role));
        let stays = |every: &OnTeam| named.contains(&every.person) || is_head(&every.person);
        let ends: Vec<OnTeam> = self.every.iter().filter(|e| e.to.is_none() && !stays(e)).cloned().collect();
        for every in ends {
            let to = Some(day_before(&today)?);
            self.audit(now, None, "ended every child", &[("person", text(&every.person))]);
            self.put_every_child(OnTeam { to, ..every });
        }
        Ok(())
    }

    fn begin_every_child(&mut self, person: Id, today: &str, now: i64) {
        let Some(role) = self.people.get(&person).map(|person| person.role.clone()) else { return };
        self.audit(now, None, "began every child", &[("person", text(&person))]);
        self.put_every_child(OnTeam { person, role, from: today.to_owned(), to: None });
    }

    fn put_every_child(&mut self, every: OnTeam) {
        let fact = [key(EVERY, &every.person), b"/".to_vec(), every.from.as_bytes().to_vec()].concat();
        self.stage(fact, &every);
        let person = every.person;
        self.every.retain(|one| (one.person, &one.from) != (every.person, &every.from));
        self.every.push(every);
        self.rise();
        self.write(About::Every(person));
        self.write(About::Sheet(Subject::Council));
        self.touched.extend(self.people.keys());
    }

    /// Says something of a child that not everybody on the team may know; `None` takes it back.
    pub fn restrict(&mut self, child: &Id, name: &str, value: Option<&str>, now: i64) -> Result<()> {
        if !self.children.contains_key(child) {
            return Err(Refused::ChildUnknown);
        }
        let name = named(name)?;
        let value = value.map(named).transpose()?;
        let mut facts = self.restricted.get(child).cloned().unwrap_or_default();
        match value {
            Some(value) => drop(facts.insert(name.clone(), value)),
            None => drop(facts.remove(&name)),
        }
        if facts.len() > FACTS_MAX {
            return Err(Refused::TooMany { what: "facts about this child", limit: FACTS_MAX });
        }
        self.stage(key(RESTRICTED, child), &facts);
        self.restricted.insert(*child, facts);
        self.audit(now, None, "restricted fact", &[("child", text(child)), ("fact", name)]);
        self.changes(Subject::Restricted(*child));
        self.touch_team(child);
        Ok(())
    }

    /// What not everybody on a child's team may know.
    pub fn restricted(&self, child: &Id) -> impl Iterator<Item = (&String, &String)> {
        self.restricted.get(child).into_iter().flatten()
    }

    /// The relay is reached at these addresses: all devices are told.
    pub fn reached_under(&mut self, addresses: Vec<Reached>) {
        if self.addresses != addresses {
            self.stage(ADDRESSES.to_vec(), &addresses);
            self.addresses = addresses;
            self.changes(Subject::Council);
        }
    }

    /// New PEPs begin under these processes, by phase: from now on.
    pub fn offers(&mut self, processes: BTreeMap<String, Vec<String>>) {
        if self.offered != processes {
            self.stage(OFFERED.to_vec(), &processes);
            self.offered = processes;
            self.changes(Subject::Council);
        }
    }

    /// The council's term dates, in the place of those that were for the same schools; their number.
    pub fn give_calendar(&mut self, schools: Vec<String>, file: String, now: i64) -> Result<u64> {
        let number = self.calendars.iter().map(|given| given.number).max().unwrap_or_default() + 1;
        self.calendars.retain(|given| given.schools != schools);
        if self.calendars.len() >= CALENDARS_MAX {
            return Err(Refused::TooMany { what: "calendars", limit: CALENDARS_MAX });
        }
        self.calendars.push(Given { number, schools, file });
        self.stage(CALENDARS.to_vec(), &self.calendars.clone());
        self.audit(now, None, "gave calendar", &[("number", number.to_string())]);
        self.changes(Subject::Council);
        self.touched.extend(self.people.keys());
        Ok(number)
    }

    /// The council's term dates.
    pub fn calendars(&self) -> &[Given] {
        &self.calendars
    }

    /// The Virtual School is called that: its sheet is otherwise where it was called something else before.
    pub(crate) fn is_called(&mut self, before: Option<&str>, organisation: &str) -> bool {
        let other = before.is_some_and(|before| before != organisation);
        if other {
            self.changes(Subject::Council);
        }
        other
    }
}
