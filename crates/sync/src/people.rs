//! Who works with whom, as a device knows it: made of the relay's sheets, or of a roster, and asked by everything else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gate::{Author, Hash, Id, Rules, Team};

use crate::{
    act::Contact,
    directory::{Correction, Delegation, Given, Joined, OnTeam, Sheet, changes},
    roster::{Child, Device, Member, Person, Roster},
};

/// People, children and teams. Every question takes the time of a search, however many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct People {
    version: u64,
    organisation: String,
    processes: BTreeMap<String, Vec<String>>,
    calendars: Vec<Given>,
    every_child: Vec<OnTeam>,
    children: BTreeMap<Id, Child>,
    restricted: BTreeMap<Id, BTreeMap<String, String>>,
    teams: BTreeMap<Id, Vec<Member>>,
    /// Memberships that a sheet of an earlier epoch named: who wrote then keeps being known while the relay is not settled.
    earlier: BTreeMap<Id, Vec<Member>>,
    delegations: BTreeMap<Id, Vec<Delegation>>,
    /// The same of an earlier epoch.
    delegated_earlier: BTreeMap<Id, Vec<Delegation>>,
    corrections: BTreeMap<Id, Vec<Correction>>,
    joined: BTreeMap<Id, Joined>,
    people: BTreeMap<Id, Person>,
    contacts: BTreeMap<Id, Contact>,
    devices: BTreeMap<Id, Vec<Device>>,
    accepted: BTreeMap<Id, BTreeSet<Hash>>,
    left: BTreeMap<Id, Member>,
}

impl People {
    /// What a roster says.
    pub fn of(roster: &Roster) -> People {
        let mut people = People {
            version: roster.version,
            organisation: roster.organisation.clone(),
            children: roster.children.iter().map(|child| (child.id, child.clone())).collect(),
            people: roster.people.iter().map(|person| (person.id, person.clone())).collect(),
            contacts: roster.contacts.iter().map(|said| (said.person, said.contact.clone())).collect(),
            left: roster.left.iter().map(|member| (member.child, member.clone())).collect(),
            ..People::default()
        };
        for member in &roster.teams {
            people.teams.entry(member.child).or_default().push(member.clone());
        }
        for device in &roster.devices {
            people.devices.entry(device.person).or_default().push(device.clone());
        }
        for accepted in &roster.accepted {
            people.accepted.entry(accepted.doc).or_default().insert(accepted.change);
        }
        people
    }

    /// What a sheet says, in place of what the one before it said. `reader`: whose device this is. Gives children that are not this
    /// person's any more by it.
    pub fn take(&mut self, sheet: Sheet, reader: &Id) -> Vec<Id> {
        match sheet {
            Sheet::Council(council) => {
                self.organisation = council.organisation;
                self.processes = council.processes;
                self.calendars = council.calendars;
                self.every_child = council.every_child;
            }
            Sheet::Child(sheet) => {
                let id = sheet.child.id;
                let team: Vec<Member> = sheet.team.into_iter().map(|one| one.in_team(id)).collect();
                self.teams.insert(id, team);
                self.delegations.remove(&id);
                if !sheet.delegations.is_empty() {
                    self.delegations.insert(id, sheet.delegations);
                }
                self.corrections.remove(&id);
                if !sheet.corrections.is_empty() {
                    self.corrections.insert(id, sheet.corrections);
                }
                self.joined.remove(&id);
                self.joined.extend(sheet.joined.map(|joined| (id, joined)));
                self.left.remove(&id);
                self.children.insert(id, sheet.child);
            }
            Sheet::Restricted(sheet) => drop(self.restricted.insert(sheet.child, sheet.facts)),
            Sheet::Accepted(sheet) => drop(self.accepted.insert(sheet.doc, changes(&sheet).collect())),
            Sheet::Person(sheet) => {
                let id = sheet.person.id;
                self.devices.insert(id, sheet.devices.into_iter().map(|device| device.of_person(id)).collect());
                self.contacts.remove(&id);
                if !sheet.contact.is_empty() {
                    self.contacts.insert(id, sheet.contact);
                }
                self.people.insert(id, sheet.person);
            }
            Sheet::Left(member) if member.person == *reader => {
                let child = member.child;
                self.left.insert(child, member);
                self.forget(&child);
                return vec![child];
            }
            // Nobody is told of others' ends by a sheet of its own.
            Sheet::Left(_) => {}
        }
        Vec::new()
    }

    /// A child is not this person's any more.
    pub fn forget(&mut self, child: &Id) {
        self.children.remove(child);
        self.restricted.remove(child);
        self.teams.remove(child);
        self.earlier.remove(child);
        self.delegations.remove(child);
        self.delegated_earlier.remove(child);
        self.corrections.remove(child);
        self.joined.remove(child);
    }

    /// This person is not told any more what not everybody on the child's team may know.
    pub fn forget_restricted(&mut self, child: &Id) {
        self.restricted.remove(child);
    }

    /// Whether a person has every child on `day`.
    pub fn has_every_child(&self, person: &Id, day: &str) -> bool {
        self.every_child.iter().any(|every| every.person == *person && every.on(day))
    }

    /// Who has every child on `day` and is no head: the officers whom the relay's settings name.
    pub fn officers_of_every_child(&self, day: &str) -> impl Iterator<Item = &Id> {
        let on = move |every: &&OnTeam| every.on(day) && every.role != "virtual-school-head";
        self.every_child.iter().filter(on).map(|every| &every.person)
    }

    /// Who wrote while a sheet of an earlier epoch stood is known on: to be said after that sheet was taken, and before one of the
    /// present epoch is.
    pub fn remember(&mut self) {
        self.earlier.clone_from(&self.teams);
        self.delegated_earlier.clone_from(&self.delegations);
    }

    /// People whom no team names: nothing here needs them any more.
    pub fn strangers(&self, reader: &Id) -> Vec<Id> {
        let members = self.teams.values().chain(self.earlier.values()).flatten().map(|member| member.person);
        let every = self.every_child.iter().map(|every| every.person);
        let needed: BTreeSet<Id> = members.chain(every).chain([*reader]).collect();
        self.people.keys().filter(|person| !needed.contains(*person)).copied().collect()
    }

    /// Forgets a person.
    pub fn forget_person(&mut self, person: &Id) {
        self.people.remove(person);
        self.contacts.remove(person);
        self.devices.remove(person);
    }

    /// Version of the directory that it is complete up to.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// It is complete up to here.
    pub fn set_version(&mut self, version: u64) {
        self.version = version;
    }

    /// The Virtual School's name.
    pub fn organisation(&self) -> &str {
        &self.organisation
    }

    /// The processes under which new PEPs begin, for children of a phase; none where any may be chosen.
    pub fn processes(&self, phase: &str) -> &[String] {
        self.processes.get(phase).map_or(&[], Vec::as_slice)
    }

    /// The council's term dates.
    pub fn calendars(&self) -> &[Given] {
        &self.calendars
    }

    /// The children, in the order of their ids.
    pub fn children(&self) -> impl Iterator<Item = &Child> {
        self.children.values()
    }

    /// The child of that id.
    pub fn child(&self, id: &Id) -> Option<&Child> {
        self.children.get(id)
    }

    /// What not everybody on the child's team may know, and this person may.
    pub fn restricted(&self, child: &Id) -> Option<&BTreeMap<String, String>> {
        self.restricted.get(child).filter(|facts| !facts.is_empty())
    }

    /// The person of that id.
    pub fn person(&self, id: &Id) -> Option<&Person> {
        self.people.get(id)
    }

    /// How somebody can be reached, as far as they said it.
    pub fn contact(&self, person: &Id) -> Contact {
        self.contacts.get(person).cloned().unwrap_or_default()
    }

    /// Everybody, in the order of their ids.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.values()
    }

    /// Everybody's devices.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.devices.values().flatten()
    }

    /// Whether a person has joined: some device of theirs has not been revoked.
    pub fn has_joined(&self, person: &Id) -> bool {
        self.devices.get(person).is_some_and(|theirs| theirs.iter().any(|device| device.revoked.is_none()))
    }

    /// Who is, was or will be on the child's team.
    pub fn team(&self, child: &Id) -> &[Member] {
        self.teams.get(child).map_or(&[], Vec::as_slice)
    }

    /// What of a child's plans is, was or will be answered for the designated teacher.
    pub fn delegations(&self, child: &Id) -> &[Delegation] {
        self.delegations.get(child).map_or(&[], Vec::as_slice)
    }

    /// What was put right about a PEP that was started for that child.
    pub fn correction(&self, child: &Id, pep: &Id) -> Option<&Correction> {
        self.corrections.get(child)?.iter().find(|one| one.pep == *pep)
    }

    /// That a child's entry is another of the same child, of which this device knows.
    pub fn joined(&self, child: &Id) -> Option<&Joined> {
        self.joined.get(child).filter(|joined| self.children.contains_key(&joined.into))
    }

    /// The entry as which a child is known: their own, or the one that it was joined to.
    pub fn known_as(&self, child: &Id) -> Id {
        self.joined(child).map_or(*child, |joined| joined.into)
    }

    /// The reader's own memberships that have ended.
    pub fn left(&self) -> impl ExactSizeIterator<Item = &Member> {
        self.left.values()
    }

    /// Whether the reader's membership of that child's team has ended.
    pub fn has_left(&self, child: &Id) -> bool {
        self.left.contains_key(child)
    }

    /// Changes of a document that were let in.
    pub fn accepted(&self, doc: &Id) -> impl Iterator<Item = &Hash> {
        self.accepted.get(doc).into_iter().flatten()
    }

    /// The role of `person` for `child` on `day` (`YYYY-MM-DD`): that in the team, or, of somebody who has every child, that.
    pub fn role(&self, child: &Id, person: &Id, day: &str) -> Option<&str> {
        let on_team = self.team(child).iter().find(|m| m.person == *person && m.on(day)).map(|m| m.role.as_str());
        let every = || self.every_child.iter().find(|e| e.person == *person && e.on(day)).map(|e| e.role.as_str());
        on_team.or_else(|| every().filter(|_| self.children.contains_key(child)))
    }

    /// To whom pages of a PEP of that child were ever delegated, with those pages.
    pub fn deputies(&self, child: &Id, pep: &Id) -> impl Iterator<Item = (&Id, &str)> {
        let earlier = self.delegated_earlier.get(child).into_iter().flatten();
        let of_pep = self.delegations(child).iter().chain(earlier).filter(|one| one.pep == *pep);
        of_pep.flat_map(|one| one.sections.iter().map(|section| (&one.person, section.as_str())))
    }

    /// Who may stand behind a change in `doc`, a document of `child` with these rules: the devices of everyone who is or
    /// ever was on the team or has every child, in every role they ever had there. A reader cannot know when a change was written;
    /// the relay, which took it in, judged by the role of that moment.
    pub fn authority(&self, child: &Id, doc: &Id, rules: Arc<Rules>) -> Team {
        let mut groups: BTreeMap<Id, BTreeSet<String>> = BTreeMap::new();
        let earlier = self.earlier.get(child).into_iter().flatten();
        let members = self.team(child).iter().chain(earlier).map(|m| (m.person, &m.role));
        for (person, role) in members.chain(self.every_child.iter().map(|every| (every.person, &every.role))) {
            groups.entry(person).or_default().insert(role.clone());
        }
        let of_team = groups.keys().flat_map(|person| self.devices.get(person).into_iter().flatten());
        let authors = of_team.map(|d| (d.id, Author { key: d.key, person: d.person })).collect();
        Team { authors, groups, rules, accepted: self.accepted(doc).copied().collect(), ..Team::default() }
    }
}
