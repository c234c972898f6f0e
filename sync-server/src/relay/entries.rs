//! The directory on the line: what a connection is sent of it, signed once for everybody, and of the list of documents what has changed.

use std::collections::BTreeSet;

use gate::Id;
use replica::Trouble;
use sync::{
    directory::{Entry, Subject},
    frame::{Complete, Listed},
};

use super::Relay;
use crate::{directory::About, error::Error};

/// Signed entries that are kept in memory: every child and person of a council several times, in some tens of megabytes. Beyond it
/// all are forgotten, and signed again when they are next sent.
const SIGNED_MAX: usize = 50_000;

impl Relay {
    /// Entries that a person's device lacks which is complete up to there.
    pub(super) fn entries_after(&mut self, person: &Id, complete: Option<Complete>) -> Vec<Entry> {
        let version = self.directory.version();
        let after = complete.filter(|of| of.epoch == self.epoch && of.version <= version).map_or(0, |of| of.version);
        let subjects = self.directory.concerning(person, after, &self.today);
        self.entries(&subjects)
    }

    /// Whom a change concerns is sent the entries of it, and the documents that have come with it.
    pub(super) fn tell_entries(
        &mut self,
        conn: u64,
        person: &Id,
        changed: &BTreeSet<About>,
        again: Option<&BTreeSet<Id>>,
    ) {
        let version = self.directory.version();
        // Who was welcomed since has it already.
        let newer =
            self.lines.get_mut(&conn).is_some_and(|line| std::mem::replace(&mut line.roster, version) < version);
        let subjects = if newer { self.directory.concerning_of(person, changed, &self.today) } else { BTreeSet::new() };
        let entries = self.entries(&subjects);
        let mut children = self.directory.relisted(person, changed);
        children.extend(again.into_iter().flatten());
        let every = changed.contains(&About::Every(*person));
        let list = if every { self.listing(person) } else { self.listing_of(person, &children) }.unwrap_or_default();
        let nothing = entries.is_empty() && list.is_empty() && !every;
        let Some(line) = self.lines.get_mut(&conn).filter(|_| !nothing) else { return };
        if !entries.is_empty() {
            line.session.entries(version, &entries);
        }
        if every || !list.is_empty() {
            line.session.listing(every, &list);
        }
        self.ready.insert(conn);
    }

    /// Entries of those subjects. Each is signed when it is first sent after it was written, after a start or in another epoch: so a
    /// start signs nothing, however many children there are.
    fn entries(&mut self, subjects: &BTreeSet<Subject>) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(subjects.len());
        for subject in subjects {
            let version = self.directory.version_of(&About::Sheet(*subject));
            let kept = self.signed.get(subject);
            let kept = kept.filter(|entry| (entry.epoch, entry.number) == (self.epoch, version.number));
            let entry = match kept {
                Some(entry) => entry.clone(),
                None => {
                    let Some(sheet) = self.directory.sheet(subject, &self.organisation) else { continue };
                    let entry = Entry::sign(&self.key, &self.id, self.epoch, version.number, version.at, &sheet);
                    self.counts.entries_signed += 1;
                    if self.signed.len() >= SIGNED_MAX {
                        self.signed.clear();
                    }
                    self.signed.insert(*subject, entry.clone());
                    entry
                }
            };
            entries.push(entry);
        }
        self.counts.entries_sent += entries.len() as u64;
        entries
    }

    /// Every document that a person may open.
    pub(super) fn listing(&self, person: &Id) -> Result<Vec<Listed>, Trouble> {
        self.directory.readable(person, &self.today).into_iter().map(|one| self.one_listed(one)).collect()
    }

    /// Those of some children.
    fn listing_of(&self, person: &Id, children: &BTreeSet<Id>) -> Result<Vec<Listed>, Trouble> {
        let of = children.iter().flat_map(|child| self.directory.readable_of(child, person, &self.today));
        of.map(|one| self.one_listed(one)).collect()
    }

    /// Those named have every child, the heads too, and nobody else any more. On the disk when this returns.
    pub fn name_every_child(&mut self, names: &[String], now: i64) -> Result<(), Error> {
        self.administer(|directory| directory.name_every_child(names, now))
    }
}
