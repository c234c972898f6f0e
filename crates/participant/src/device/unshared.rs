//! What waits to be shared, in changes and in answers: a sentence that was typed is many changes and one answer.

use std::collections::BTreeSet;

use gate::{Hash, Id};
use plan::{Answered, ChangeHash, DocumentKind, Pep};
use replica::Trouble;

use super::{Device, state::Waits};
use crate::words::told;

/// How far a PEP is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// Heads of its main document here.
    pub saved_heads: Vec<Hash>,
    /// Heads of what the relay is known to have of it.
    pub shared_heads: Vec<Hash>,
    /// Changes of all its documents that the relay has not said it has.
    pub waiting: usize,
    /// Changes of all its documents that were refused.
    pub held: usize,
}

impl Device {
    /// Answers of a PEP that wait to be shared.
    pub fn waits(&mut self, pep: &Pep) -> Result<Waits, Trouble> {
        let waiting: BTreeSet<Id> = self.replica.waiting()?.into_iter().collect();
        let mut all = Waits::default();
        for kind in DocumentKind::ALL {
            let doc = *pep.document(*kind).as_bytes();
            if waiting.contains(&doc) {
                let waits = self.waits_in(&doc)?;
                all.answers.extend(waits.answers);
                all.since = all.since.into_iter().chain(waits.since).min();
            }
        }
        Ok(all)
    }

    /// The PEPs of which something waits to be shared, in the order of their ids; the others are not looked at.
    pub fn plans_waiting(&self) -> Result<Vec<Pep>, Trouble> {
        let waiting = self.replica.waiting()?;
        let peps: BTreeSet<Id> =
            waiting.iter().filter_map(|doc| self.documents.get(doc).map(|(pep, _)| *pep)).collect();
        Ok(peps.iter().filter_map(|pep| self.peps.get(pep).cloned()).collect())
    }

    /// Documents of which something waits to be shared. What was written in a generation that does not stand, and stands in the other
    /// by now, waits for nothing.
    fn unshared_documents(&self) -> Result<Vec<Id>, Trouble> {
        let mut waiting = self.replica.waiting()?;
        if !waiting.is_empty() {
            let done = self.documents_taken_over();
            waiting.retain(|doc| !done.contains(doc));
        }
        Ok(waiting)
    }

    /// How many answers of all PEPs wait to be shared.
    pub fn answers_waiting(&mut self) -> Result<usize, Trouble> {
        let waiting = self.unshared_documents()?;
        self.counted.0.retain(|doc, _| waiting.contains(doc));
        let mut all = 0;
        for doc in waiting {
            all += self.waits_in(&doc)?.answers.len();
        }
        Ok(all)
    }

    fn waits_in(&mut self, doc: &Id) -> Result<Waits, Trouble> {
        let standing = self.replica.standing(doc)?;
        let version = (standing.last, standing.waiting);
        if let Some((_, waits)) = self.counted.0.get(doc).filter(|(known, _)| *known == version) {
            return Ok(waits.clone());
        }
        let waiting: BTreeSet<Hash> = self.replica.ledger_of(doc)?.waiting().map(|(_, hash)| *hash).collect();
        let shared: Vec<ChangeHash> = self.heads_without_waiting(doc)?.into_iter().map(ChangeHash).collect();
        let waits = self.replica.read(doc, |document| {
            let answered = plan::answers_between(document, &shared).into_iter().map(|Answered { name, .. }| name);
            let mut answers: Vec<String> = answered.collect();
            if answers.is_empty() && !waiting.is_empty() {
                // What was typed and taken away again.
                answers.push(told::AS_BEFORE.to_owned());
            }
            let made = |hash: &Hash| document.get_change_meta_by_hash(&ChangeHash(*hash)).map(|meta| meta.timestamp);
            Waits { answers, since: waiting.iter().filter_map(made).min() }
        })?;
        self.counted.0.insert(*doc, (version, waits.clone()));
        Ok(waits)
    }

    /// How far a PEP is shared.
    pub fn shared(&mut self, pep: &Pep) -> Result<Shared, Trouble> {
        let main = *pep.document(DocumentKind::Main).as_bytes();
        let mut shared = Shared { saved_heads: Vec::new(), shared_heads: Vec::new(), waiting: 0, held: 0 };
        for kind in DocumentKind::ALL {
            let doc = *pep.document(*kind).as_bytes();
            if !self.replica.has(&doc)? || self.readers.is_lost(&doc) {
                continue;
            }
            let standing = self.replica.standing(&doc)?;
            shared.waiting += standing.waiting;
            shared.held += self.refused_in(&doc);
            if doc == main {
                let waits = standing.waiting > 0;
                shared.shared_heads = if waits { self.heads_without_waiting(&doc)? } else { standing.heads.clone() };
                shared.saved_heads = standing.heads;
            }
        }
        Ok(shared)
    }

    /// Changes of all documents that the relay has not said it has.
    pub fn waiting(&mut self) -> Result<usize, Trouble> {
        let mut waiting = 0;
        for doc in self.unshared_documents()? {
            waiting += self.replica.standing(&doc)?.waiting;
        }
        Ok(waiting)
    }

    /// Heads of what is left of a document without the changes that wait. This program writes one change an envelope, so an
    /// envelope's hash stands for all of it.
    fn heads_without_waiting(&mut self, doc: &Id) -> Result<Vec<Hash>, Trouble> {
        let waiting: BTreeSet<Hash> = self.replica.ledger_of(doc)?.waiting().map(|(_, hash)| *hash).collect();
        self.replica.read(doc, |document| {
            let mut heads = BTreeSet::new();
            for change in document.get_changes_meta(&[]) {
                if !waiting.contains(&change.hash.0) {
                    for dep in &change.deps {
                        heads.remove(&dep.0);
                    }
                    heads.insert(change.hash.0);
                }
            }
            heads.into_iter().collect()
        })
    }
}
