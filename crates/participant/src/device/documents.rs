//! The documents that this device holds, to be read, and who stands behind what is written in them.

use std::{collections::BTreeMap, sync::Arc};

use chrono::NaiveDate;
use gate::{Author, Hash, Id};
use plan::{Automerge, DocumentKind, Documents, Pep, Person, Role, View, Who};
use replica::Trouble;
use sync::roster::Member;
use uuid::Uuid;

use super::{
    Device,
    views::{Version, Work},
};
use crate::summary::Summary;

/// Copies of a PEP's documents, and who stands behind their actors.
#[derive(Default)]
pub struct PlanDocuments {
    documents: BTreeMap<DocumentKind, Automerge>,
    who: BTreeMap<Id, Who>,
}

impl PlanDocuments {
    /// Whether this person alone stands behind everything in them.
    pub fn are_all_of(&self, person: &Uuid) -> bool {
        self.who.values().all(|who| who.person == *person)
    }

    /// The documents to read; `None` where the plan itself is not held.
    pub fn documents(&self) -> Option<Documents<'_>> {
        Documents::lent(|kind| self.documents.get(&kind))
    }

    /// The documents held, in the order of their kinds.
    pub fn held(&self) -> impl Iterator<Item = (DocumentKind, &Automerge)> {
        self.documents.iter().map(|(kind, document)| (*kind, document))
    }

    /// Who stands behind an actor.
    pub fn author(&self, actor: &[u8]) -> Option<Who> {
        self.who.get(actor).cloned()
    }
}

impl Device {
    /// The documents of a PEP that a role reads and this device holds, and who stands behind them. Copies: the device goes on
    /// writing meanwhile.
    pub fn plan_documents(&mut self, pep: &Pep, role: Role) -> Result<PlanDocuments, Trouble> {
        self.copies(pep, |device, kind| device.holds(pep, kind, role))
    }

    /// The documents of a generation that are here and wanted.
    pub(super) fn copies(
        &mut self,
        pep: &Pep,
        wanted: impl Fn(&Device, DocumentKind) -> bool,
    ) -> Result<PlanDocuments, Trouble> {
        let mut copies = PlanDocuments::default();
        for kind in DocumentKind::ALL {
            let doc = *pep.document(*kind).as_bytes();
            if wanted(self, *kind) && self.replica.has(&doc)? {
                copies.documents.insert(*kind, self.replica.read(&doc, Clone::clone)?);
                for (actor, person) in self.authors(&doc)? {
                    copies.who.extend(self.who(&pep.began_for(), &person).map(|who| (actor, who)));
                }
            }
        }
        Ok(copies)
    }

    /// A PEP as it is now, as far as a role reads it. Made once for each state of it.
    pub fn view(&mut self, pep: &Pep, role: Role) -> Result<Arc<View>, Trouble> {
        let pep = &self.as_it_is(pep);
        let (id, version) = (pep.id(), self.version(pep, role));
        if let Some(view) = self.views.view(&id, &version) {
            return Ok(view);
        }
        let copies = self.plan_documents(pep, role)?;
        let documents = copies.documents().ok_or(Trouble::Unknown)?;
        let documents = Documents { known: self.views.known(&id), ..documents };
        let view = Arc::new(plan::read(documents, pep, &|actor| copies.author(actor)));
        self.views.keep_view(id, version, view.clone());
        Ok(view)
    }

    /// The same; `None` of one that is announced and has not arrived whole.
    pub fn view_if_here(&mut self, pep: &Pep, role: Role) -> Result<Option<Arc<View>>, Trouble> {
        match self.view(pep, role) {
            Ok(view) => Ok(Some(view)),
            Err(Trouble::Unknown) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// What lists need of a PEP; `None` of one that has not arrived whole. Made once for each state of it.
    pub fn summary(&mut self, pep: &Pep, role: Role) -> Result<Option<Arc<Summary>>, Trouble> {
        let pep = &self.as_it_is(pep);
        let (id, version) = (pep.id(), self.version(pep, role));
        if let Some(summary) = self.views.summary(&id, &version) {
            return Ok(Some(summary));
        }
        let Some(view) = self.view_if_here(pep, role)? else { return Ok(None) };
        let writer = self.writer(pep, role)?;
        let name = self.me.as_ref().map_or("", |me| me.name.as_str());
        let person = Person { writer: &writer, name, today: self.day.parse().unwrap_or_default() };
        let mut summary = Summary::of(pep, &person, &view);
        if self.waits_for(pep).is_some_and(|whose| role.counts_as(whose)) {
            summary.waits_for_a_yes();
        }
        let summary = Arc::new(summary);
        self.views.keep_summary(id, version, summary.clone());
        Ok(Some(summary))
    }

    /// What `work_out` makes of the PEP before and this one: how many answers of this role's could be brought; none where one of the
    /// two has not arrived whole. Worked out once for each state of the two.
    pub fn could_bring(
        &mut self,
        pep: &Pep,
        role: Role,
        before: &Pep,
        work_out: impl FnOnce(&View, &View) -> usize,
    ) -> Result<usize, Trouble> {
        let (id, versions) = (pep.id(), [self.version(pep, role), self.version(before, role)]);
        if let Some(known) = self.views.could_bring(&id, &versions) {
            return Ok(known);
        }
        let Some(last) = self.view_if_here(before, role)? else { return Ok(0) };
        let Some(view) = self.view_if_here(pep, role)? else { return Ok(0) };
        let could = work_out(&last, &view);
        self.views.keep_could_bring(id, versions, could);
        Ok(could)
    }

    /// What was done since this device was opened: for tests and measurements to count.
    pub fn work(&self) -> Work {
        let replica::Work { opened, admitted, signatures, syncs } = self.replica.work();
        Work { documents: opened, admitted, signatures, syncs, ..self.views.work }
    }

    /// Tells this state of a PEP, as a role reads it, from every other.
    fn version(&self, pep: &Pep, role: Role) -> Version {
        let mut documents = [0; DocumentKind::ALL.len()];
        for (slot, kind) in documents.iter_mut().zip(DocumentKind::ALL) {
            if self.holds(pep, *kind, role) {
                *slot = self.replica.version(pep.document(*kind).as_bytes()) + 1;
            }
        }
        Version { role, delegated: self.delegated(pep), people: self.people, documents }
    }

    /// Reads one document as it is now.
    pub fn read<T>(&mut self, doc: &Id, f: impl FnOnce(&Automerge) -> T) -> Result<T, Trouble> {
        self.replica.read(doc, f)
    }

    /// The heads of one document.
    pub fn heads(&mut self, doc: &Id) -> Result<Vec<Hash>, Trouble> {
        Ok(self.replica.standing(doc)?.heads)
    }

    /// Which PEP and which of its documents an id stands for.
    pub fn document(&self, doc: &Id) -> Option<(&Pep, DocumentKind)> {
        let (pep, kind) = self.documents.get(doc)?;
        Some((self.peps.get(pep)?, *kind))
    }

    /// Who stands behind each actor of a document: actor to person. Kept from the moment their changes were let in; of what an
    /// earlier version let in, the team's devices are tried once.
    pub fn authors(&mut self, doc: &Id) -> Result<BTreeMap<Id, Id>, Trouble> {
        if !self.replica.unnamed(doc)?.is_empty() {
            let devices: Vec<Author> = self.authority(doc).authors.into_values().collect();
            self.replica.find_authors(doc, &devices)?;
        }
        Ok(self.replica.authors(doc)?.into_iter().map(|(actor, author)| (actor, author.person)).collect())
    }

    /// A person of a child's team.
    pub(super) fn who(&self, child: &Uuid, person: &Id) -> Option<Who> {
        let known = self.roster.person(person).map(|p| (p.name.clone(), p.role.clone()));
        let me = self.me.as_ref().filter(|me| me.person == *person).map(|me| (me.name.clone(), me.role.clone()));
        let (name, main_role) = known.or(me)?;
        // The newest membership: what somebody wrote keeps its author after they left.
        let of_child = self.roster.team(child.as_bytes()).iter().filter(|m| m.person == *person);
        let newest = of_child.max_by(|a, b| a.from.cmp(&b.from));
        let role = newest.map_or(main_role, |m| m.role.clone());
        let until = newest.and_then(|m| last_day(self.roster.team(child.as_bytes()), m));
        Some(Who { person: Uuid::from_bytes(*person), name, role: role.parse().ok()?, until })
    }

    /// What this device writes a document as.
    pub(super) fn actor(&self, doc: &Id) -> Option<Id> {
        Some(self.replica.signer()?.actor(doc))
    }

    pub(super) fn know(&mut self, pep: Pep) {
        let id = *pep.id().as_bytes();
        for kind in DocumentKind::ALL {
            let doc = *pep.document(*kind).as_bytes();
            if self.replica.has(&doc).unwrap_or(false) && !self.readers.is_lost(&doc) {
                self.documents.insert(doc, (id, *kind));
            }
        }
        self.put_pep(id, pep);
    }
}

/// The last day on which somebody had their part in a team. On the day that a case is handed over it is theirs until then, and
/// somebody else's afterwards: what they signed that morning stands.
fn last_day(team: &[Member], member: &Member) -> Option<NaiveDate> {
    let last: NaiveDate = member.to.as_ref()?.parse().ok()?;
    let next = last.succ_opt()?;
    let handed_over =
        |other: &Member| other.person != member.person && other.role == member.role && other.on(&next.to_string());
    Some(if team.iter().any(handed_over) { next } else { last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_of_a_hand_over_is_the_last_of_whoever_had_the_case() {
        let member = |person: u8, role: &str, from: &str, to: Option<&str>| Member {
            child: [1; 16],
            person: [person; 16],
            role: role.into(),
            from: from.into(),
            to: to.map(str::to_owned),
        };
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        let gone = member(1, "social-worker", "2025-09-01", Some("2026-02-28"));
        let teacher = member(2, "designated-teacher", "2026-03-01", None);
        assert_eq!(last_day(&[gone.clone(), teacher.clone()], &gone), day("2026-02-28"), "an end is an end");
        let next = member(3, "social-worker", "2026-03-01", None);
        assert_eq!(last_day(&[gone.clone(), next.clone()], &gone), day("2026-03-01"));
        assert_eq!(last_day(&[gone, next.clone()], &next), None);
        // Had for a morning.
        let morning = member(4, "social-worker", "2026-03-01", Some("2026-02-28"));
        assert_eq!(last_day(&[morning.clone(), next], &morning), day("2026-03-01"));
    }
}
