//! Who may do what: this person's role for a child, and who may stand behind a change of a document and write where in it.

use std::sync::Arc;

use chrono::NaiveDate;
use gate::{Author, Id, Rules, Team};
use plan::{Delegated, DocumentKind, Pep, Role, Writer};
use replica::Trouble;
use uuid::Uuid;

use super::{Device, facts::key};

impl Device {
    /// This person's role for a child on `day` (`YYYY-MM-DD`). For a child added here and not yet known to the relay: the
    /// main role, which the relay will give.
    pub fn role_for(&self, child: &Uuid, day: &str) -> Option<Role> {
        let me = self.me.as_ref()?;
        if self.roster.child(child.as_bytes()).is_none() {
            let added = matches!(self.replica.fact(&key(b"child/", child.as_bytes())), Ok(Some(_)));
            return added.then(|| me.role.parse().ok()).flatten();
        }
        // A membership that begins tomorrow counts: the relay's day may have begun before this device's.
        let tomorrow = day.parse::<NaiveDate>().ok().and_then(|d| d.succ_opt()).map(|d| d.to_string());
        let on = |day: &str| self.roster.role(child.as_bytes(), &me.person, day);
        on(day).or_else(|| on(tomorrow.as_deref()?))?.parse().ok()
    }

    /// This person's role for a PEP on a day: that in the team of the child it was begun for.
    pub fn role_in(&self, pep: &Pep, day: &str) -> Option<Role> {
        self.role_for(&pep.began_for(), day)
    }

    /// What of a PEP this person answers for the designated teacher today.
    pub fn delegated(&self, pep: &Pep) -> Delegated {
        let Some(me) = self.me.as_ref() else { return Delegated::NOTHING };
        let of_pep = self.roster.delegations(pep.began_for().as_bytes()).iter();
        let mine = of_pep.filter(|one| one.person == me.person && one.pep == *pep.id().as_bytes() && one.on(&self.day));
        Delegated::of(pep.process(), mine.flat_map(|one| one.sections.iter().map(String::as_str)))
    }

    /// This person as a writer of a PEP, in a role.
    pub fn writer(&self, pep: &Pep, role: Role) -> Result<Writer, Trouble> {
        let person = self.me.as_ref().map(|me| Uuid::from_bytes(me.person)).ok_or(Trouble::Unknown)?;
        Ok(Writer { delegated: self.delegated(pep), ..Writer::new(person, role) })
    }

    /// Whether this person's role for the PEP's child reads documents of that kind.
    pub(super) fn is_ours(&self, pep: &Id, kind: DocumentKind) -> bool {
        let role = self.peps.get(pep).and_then(|pep| self.role_in(pep, &self.day));
        let pep = self.peps.get(pep);
        role.zip(pep).is_some_and(|(role, pep)| self.readers(pep, kind).contains(&role))
    }

    /// Who may stand behind a change of this document, and what each may write there: this device's person, too.
    pub fn authority(&mut self, doc: &Id) -> Team {
        self.authority_as(doc, None)
    }

    /// The same, with the role in which this device's person is writing now.
    pub(super) fn authority_as(&mut self, doc: &Id, role: Option<Role>) -> Team {
        let Some((pep, kind)) = self.document(doc).map(|(pep, kind)| (pep.clone(), kind)) else {
            return Team::default();
        };
        let steps = self.steps(doc);
        let rules = self.rules(&pep, kind, steps);
        let mut team = self.roster.authority(pep.began_for().as_bytes(), doc, rules);
        for (person, section) in self.roster.deputies(pep.began_for().as_bytes(), pep.id().as_bytes()) {
            team.groups.entry(*person).or_default().insert(plan::delegate_group(section));
        }
        let role = role.or_else(|| self.role_in(&pep, &self.day));
        if let Some(signer) = self.replica.signer() {
            let author = Author { key: replica::public_key(&signer.key), person: signer.person };
            team.authors.insert(signer.device, author);
            team.groups.entry(signer.person).or_default().extend(role.map(|role| role.to_string()));
        }
        team
    }

    /// The same, for what may carry the document's beginning on: moves to newer versions of its process.
    pub(super) fn authority_to_move(&mut self, doc: &Id, role: Option<Role>) -> Team {
        let mut team = self.authority_as(doc, role);
        if let Some((pep, kind)) = self.document(doc)
            && let Some(began) = self.processes.get(pep.process.id(), pep.process.began().version).ok()
            && let Some(process) = self.processes.after(&began).pop()
        {
            team.extensions = Pep { process, ..pep.clone() }.extension_hashes(kind).into_iter().collect();
            team.extenders = kind.movers().iter().map(Role::to_string).collect();
        }
        team
    }

    /// How often a document was moved to a newer version of its process.
    pub(super) fn steps(&mut self, doc: &Id) -> usize {
        let steps = self.replica.ledger_of(doc).map_or(0, |ledger| ledger.index().extensions());
        usize::try_from(steps).unwrap_or(usize::MAX)
    }

    /// Who may write where in a document of a PEP that was moved on so often.
    pub(super) fn rules(&mut self, pep: &Pep, kind: DocumentKind, steps: usize) -> Arc<Rules> {
        let began = self.processes.get(pep.process.id(), pep.process.began().version).ok();
        let Some(process) = began.and_then(|began| self.processes.reached(&began, steps)) else {
            return Arc::default();
        };
        let key = (process.id().to_string(), process.began().version, process.version(), kind);
        let read = || Arc::new(process.gate_table(kind).parse().unwrap_or_default());
        Arc::clone(self.rules.entry(key).or_insert_with(read))
    }
}
