//! Generations: one PEP that people began apart, under two processes or two versions. One stands, the one that the relay has; a device
//! that began the other puts it aside, readable, and writes into the standing one what its person entered (`take_over`).

use std::collections::BTreeSet;

use gate::Id;
use plan::{DocumentKind, Pep, Role};
use replica::Trouble;
use sync::frame::Start;
use uuid::Uuid;

use super::{
    Device, PlanDocuments,
    facts::{cbor, key, pep_of, start_of},
    state::{ASIDE, SetAside},
};
use crate::words::told;

impl Device {
    /// The relay has another generation of this PEP: that one stands. Ours is put aside, and that something of it is to be written
    /// again is on the disk with it, so that a power cut in between loses nothing. `false` where both would have the same documents
    /// (plans of version 1 of two processes): nothing is done.
    pub(super) fn gives_way(&mut self, standing: &Pep, start: &Start) -> Result<bool, Trouble> {
        let id = *standing.id().as_bytes();
        let Some(ours) = self.peps.get(&id).cloned() else { return Ok(false) };
        if DocumentKind::ALL.iter().any(|kind| ours.document(*kind) == standing.document(*kind)) {
            return Ok(false);
        }
        let aside = self.aside.entry(id).or_default();
        // Put back: what was aside once stands again.
        aside.retain(|one| one.start != *start);
        aside.push(SetAside { start: start_of(&ours), done: false });
        self.replica.set_fact(&key(ASIDE, &id), Some(&cbor(aside)));
        self.replica.set_fact(&key(b"pep/", &id), Some(&cbor(start)));
        for kind in DocumentKind::ALL {
            self.documents.remove(ours.document(*kind).as_bytes());
        }
        self.put_pep(id, standing.clone());
        self.words.push(told::gives_way(&ours, standing));
        Ok(true)
    }

    /// Generations whose words are to be written again, each with the one that stands, where all of that has arrived.
    pub fn to_take_over(&self) -> Vec<(Pep, Pep)> {
        let open = self.aside.iter().flat_map(|(id, all)| all.iter().filter(|one| !one.done).map(move |one| (id, one)));
        // What the relay lists is gone through only where something waits: this is asked at every turn.
        let arrived = open.filter(|(id, _)| self.has_arrived(id));
        let pair = |id: &Id, one: &SetAside| Some((self.peps.get(id)?.clone(), pep_of(&one.start, &self.processes)?));
        arrived.filter_map(|(id, one)| pair(id, one)).collect()
    }

    /// The documents of generations whose words stand in the other by now.
    pub(super) fn documents_taken_over(&self) -> BTreeSet<Id> {
        let done = self.aside.values().flatten().filter(|one| one.done);
        let peps = done.filter_map(|one| pep_of(&one.start, &self.processes));
        let documents = peps.flat_map(|pep| DocumentKind::ALL.iter().map(move |kind| *pep.document(*kind).as_bytes()));
        documents.filter(|doc| !self.documents.contains_key(doc)).collect()
    }

    /// Whether something is to be written again.
    pub(super) fn has_to_take_over(&self) -> bool {
        let known = |one: &SetAside| pep_of(&one.start, &self.processes).is_some();
        self.aside.values().flatten().any(|one| !one.done && known(one))
    }

    /// It was.
    pub fn took_over(&mut self, aside: &Pep, words: String) -> Result<(), Trouble> {
        let id = *aside.id().as_bytes();
        let start = start_of(aside);
        if let Some(all) = self.aside.get_mut(&id) {
            all.iter_mut().filter(|one| one.start == start).for_each(|one| one.done = true);
            self.replica.set_fact(&key(ASIDE, &id), Some(&cbor(all)));
        }
        self.words.push(words);
        self.replica.commit()?;
        self.touch();
        Ok(())
    }

    /// The generation of a PEP that was put aside last, to be read.
    pub fn put_aside(&self, pep: &Uuid) -> Option<Pep> {
        let all = self.aside.get(pep.as_bytes())?;
        all.iter().rev().find_map(|one| pep_of(&one.start, &self.processes))
    }

    /// The documents of a generation that does not stand, as far as a role reads them.
    pub fn documents_aside(&mut self, aside: &Pep, role: Role) -> Result<PlanDocuments, Trouble> {
        self.copies(aside, |device, kind| device.reads(aside, kind, role))
    }

    /// Forgets what was put aside of a PEP, for good: the child's team was left.
    pub(super) fn forget_aside(&mut self, pep: &Id) -> Result<(), Trouble> {
        for one in self.aside.remove(pep).unwrap_or_default() {
            let Some(pep) = pep_of(&one.start, &self.processes) else { continue };
            DocumentKind::ALL.iter().try_for_each(|kind| self.replica.erase(pep.document(*kind).as_bytes()))?;
        }
        self.replica.set_fact(&key(ASIDE, pep), None);
        Ok(())
    }

    /// Whether everything that the relay lists of a PEP is here.
    fn has_arrived(&self, pep: &Id) -> bool {
        let Some(connection) = &self.connection else { return false };
        let mut listed =
            connection.listed.iter().flat_map(|listed| listed.values()).filter(|one| one.pep == *pep).peekable();
        listed.peek().is_some() && listed.all(|one| connection.read.get(&one.doc).is_some_and(|read| *read >= one.seq))
    }
}
