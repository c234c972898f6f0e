//! Who works with whom, entry by entry: what came is kept as it was signed, what it says is put in place of what was said before, and
//! nothing else is made anew.

use gate::Id;
use plan::{DocumentKind, Filed, Pep, PepType, Role};
use replica::Trouble;
use sync::{
    People, SignedRoster,
    directory::{Entry, Sheet, Subject},
    feature::ENTRIES,
    frame::Complete,
};
use uuid::Uuid;

use super::{
    Device, Me,
    facts::{cbor, key},
    state::{COMPLETE, Directory, ROSTER, SHEETS},
};
use crate::words::told;

impl Device {
    /// Whether the relay sends the directory as entries.
    pub(super) fn has_entries(&self) -> bool {
        self.connection.as_ref().is_some_and(|c| c.session.has(ENTRIES))
    }

    /// The relay has welcomed this device in that epoch.
    pub(super) fn welcomed_in(&mut self, epoch: Id, unsettled: bool) -> Result<(), Trouble> {
        self.directory.unsettled = unsettled;
        if !self.has_entries() || self.directory.complete.is_some_and(|complete| complete.epoch == epoch) {
            return self.settle_entries();
        }
        // Another life of the relay's log counts anew. What was signed in the one before stands beside it.
        self.directory.beside |= !self.directory.numbers.is_empty();
        self.directory.numbers.clear();
        self.directory.newer.clear();
        self.roster.remember();
        self.set_complete(Complete { epoch, version: 0 });
        Ok(())
    }

    fn set_complete(&mut self, complete: Complete) {
        self.directory.complete = Some(complete);
        self.replica.set_fact(COMPLETE, Some(&cbor(&complete)));
    }

    /// Keeps entries that came, if the relay's own key signed them in this epoch and each is newer than what is held. `complete`: with
    /// them everything up to that version is here.
    pub(super) fn take_entries(&mut self, entries: Vec<Entry>, complete: Option<u64>) -> Result<(), Trouble> {
        let Some((me, held)) = self.me.clone().zip(self.directory.complete) else { return Ok(()) };
        let mut sound = true;
        for entry in entries {
            if entry.epoch != held.epoch || !entry.is_of(&me.relay.id, &me.relay.key) {
                sound = false;
                continue;
            }
            let name = entry.name();
            if self.directory.numbers.get(&name).is_none_or(|number| *number < entry.number) {
                self.keep_entry(&entry, &name, &me)?;
            }
        }
        if !sound {
            self.words.push(told::ROSTER_NOT_SIGNED.to_owned());
            return Ok(());
        }
        if let Some(version) = complete {
            self.set_complete(Complete { version, ..held });
            self.roster.set_version(version);
            if self.directory.from_roster {
                self.replica.set_fact(ROSTER, None);
                self.replica.commit()?;
                (self.directory, self.roster) = {
                    let (read, people) = self.read_directory()?;
                    (Directory { unsettled: self.directory.unsettled, ..read }, people)
                };
            }
            self.settle_entries()?;
        }
        self.people_changed();
        self.forget_known_children()?;
        self.touch();
        self.open_listed()
    }

    fn keep_entry(&mut self, entry: &Entry, name: &[u8], me: &Me) -> Result<(), Trouble> {
        self.replica.set_fact(&fact(&entry.epoch, name), Some(&cbor(entry)));
        self.directory.numbers.insert(name.to_vec(), entry.number);
        self.directory.newer.remove(name);
        let Some(sheet) = entry.sheet() else {
            self.directory.newer.insert(name.to_vec(), entry.kind.clone());
            return Ok(());
        };
        if self.directory.from_roster {
            return Ok(());
        }
        self.views.work.entries += 1;
        if let Sheet::Council(council) = &sheet
            && council.addresses != me.relay.addresses
            && let Some(me) = self.me.as_mut()
        {
            me.relay.addresses.clone_from(&council.addresses);
            self.replica.set_fact(b"me", Some(&cbor(me)));
        }
        let subject = sheet.subject();
        let mut lost = self.roster.take(sheet, &me.person);
        match subject {
            // Back in the team: that it was left counts no more.
            Subject::Child(child) => {
                self.forget_sheet(Subject::Left { child, person: me.person });
                let told = self.role_for(&Uuid::from_bytes(child), &self.day).is_some_and(is_told);
                if !told {
                    self.forget_sheet(Subject::Restricted(child));
                    self.roster.forget_restricted(&child);
                }
            }
            Subject::Council if !self.roster.has_every_child(&me.person, &self.day) => {
                let never = |child: &Id| self.roster.team(child).iter().all(|member| member.person != me.person);
                lost.extend(self.roster.children().map(|child| child.id).filter(never).collect::<Vec<_>>());
            }
            _ => {}
        }
        lost.iter().for_each(|child| self.forget_child(child));
        if !lost.is_empty() {
            for person in self.roster.strangers(&me.person) {
                self.forget_sheet(Subject::Person(person));
                self.roster.forget_person(&person);
            }
        }
        Ok(())
    }

    /// A child is not this person's any more: what was known of them here goes; their plans go when nothing in them waits.
    fn forget_child(&mut self, child: &Id) {
        self.roster.forget(child);
        self.forget_sheet(Subject::Child(*child));
        self.forget_sheet(Subject::Restricted(*child));
        if let Some(listed) = self.connection.as_mut().and_then(|c| c.listed.as_mut()) {
            listed.retain(|_, one| one.start.child != *child);
        }
    }

    fn forget_sheet(&mut self, subject: Subject) {
        let name = [subject.kind().as_bytes(), b"/", &subject.id()].concat();
        if self.directory.numbers.remove(&name).is_some()
            && let Some(complete) = self.directory.complete
        {
            self.replica.set_fact(&fact(&complete.epoch, &name), None);
        }
    }

    /// Where the relay is settled and everything has come, what was signed in earlier epochs counts no more.
    fn settle_entries(&mut self) -> Result<(), Trouble> {
        let Some(complete) = self.directory.complete().filter(|_| self.directory.beside && !self.directory.unsettled)
        else {
            return Ok(());
        };
        for (name, _) in self.replica.facts(SHEETS)? {
            if !name.starts_with(&fact(&complete.epoch, b"")) {
                self.replica.set_fact(&name, None);
            }
        }
        self.replica.commit()?;
        (self.directory, self.roster) = self.read_directory()?;
        self.people_changed();
        self.touch();
        Ok(())
    }

    /// Another list of people: what was put right about PEPs stands on it, too.
    fn people_changed(&mut self) {
        self.people += 1;
        self.take_calendars();
        for (id, pep) in std::mem::take(&mut self.peps) {
            self.put_pep(id, pep);
        }
    }

    /// A PEP as the directory has it, as far as this device knows: of which child and type it counts, and whether it counts.
    pub(super) fn as_filed(&self, pep: Pep) -> Pep {
        let (child, kind) = (pep.began_for(), pep.began_as());
        let correction = self.roster.correction(child.as_bytes(), pep.id().as_bytes());
        let is = correction.and_then(|one| one.kind.as_deref()?.parse::<PepType>().ok()).filter(|is| *is != kind);
        let known_as = Uuid::from_bytes(self.roster.known_as(child.as_bytes()));
        let filed = Filed {
            extra: pep.filed.extra.clone(),
            began_for: (known_as != child).then_some(child),
            began_as: is.map(|_| kind),
            withdrawn: correction.is_some_and(|one| one.withdrawn.is_some()),
        };
        Pep { child: known_as, kind: is.unwrap_or(kind), filed, ..pep }
    }

    /// The role whose yes the type of a PEP waits for.
    pub fn waits_for(&self, pep: &Pep) -> Option<Role> {
        let correction = self.roster.correction(pep.began_for().as_bytes(), pep.id().as_bytes())?;
        correction.waits_for.as_deref()?.parse().ok().filter(|_| pep.counts())
    }

    /// Of the entries alone.
    fn read_directory(&self) -> Result<(Directory, People), Trouble> {
        Directory::read(&self.replica, self.me.as_ref().map(|me| &me.person), None)
    }

    /// A roster came: from a relay that knows no entries, or fetched.
    pub(super) fn show_roster(&mut self, signed: &SignedRoster, people: People) -> Result<(), Trouble> {
        self.roster = people;
        self.people_changed();
        // What entries said is told anew by whoever sends them.
        for (name, _) in self.replica.facts(SHEETS)? {
            self.replica.set_fact(&name, None);
        }
        self.directory = Directory { from_roster: true, ..Directory::default() };
        self.replica.set_fact(COMPLETE, None);
        self.replica.set_fact(ROSTER, Some(&cbor(signed)));
        Ok(())
    }

    /// Children that were added here and that the relay knows by now need not be kept apart.
    pub(super) fn forget_known_children(&mut self) -> Result<(), Trouble> {
        for child in self.new_children()? {
            if self.roster.child(&child.child).is_some() {
                self.replica.set_fact(&key(b"child/", &child.child), None);
            }
        }
        Ok(())
    }
}

/// Whether somebody in this role is told what not everybody on a team may know.
fn is_told(role: Role) -> bool {
    DocumentKind::Family.readers().contains(&role)
}

fn fact(epoch: &Id, name: &[u8]) -> Vec<u8> {
    [SHEETS, epoch, b"/", name].concat()
}
