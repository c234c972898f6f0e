//! What waits to be shared, counted in answers: a sentence that was typed is many changes and one answer.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Hash, Id};
use plan::{Answered, ChangeHash, DocumentKind, Pep};
use replica::Trouble;

use super::Device;

/// Answers that the relay is not known to have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waits {
    /// Which, in the order of their places; never fewer than one where a change waits.
    pub answers: Vec<String>,
    /// Since when, in Unix seconds, by this device's clock.
    pub since: Option<i64>,
}

/// The same for documents, kept as long as nothing is written there or shared.
#[derive(Default)]
pub(super) struct Counted(BTreeMap<Id, ((u64, usize), Waits)>);

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

    /// How many answers of all PEPs wait to be shared.
    pub fn answers_waiting(&mut self) -> Result<usize, Trouble> {
        let waiting = self.replica.waiting()?;
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
                answers.push("An answer that is as it was before".to_owned());
            }
            let made = |hash: &Hash| document.get_change_meta_by_hash(&ChangeHash(*hash)).map(|meta| meta.timestamp);
            Waits { answers, since: waiting.iter().filter_map(made).min() }
        })?;
        self.counted.0.insert(*doc, (version, waits.clone()));
        Ok(waits)
    }
}
