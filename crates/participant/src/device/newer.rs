//! What a newer version made and this one does not know: kept, said, and never taken for being in step.

use std::collections::{BTreeMap, BTreeSet};

use gate::Id;
use sync::frame::{Listed, Start};

use super::{
    Device,
    facts::{cbor, key},
    unknown::{DOCUMENTS, MESSAGES, Made, Newer, word_of},
};
use crate::words::told;

/// Kinds of messages that are remembered; of what is beyond it is only known that it came.
const MESSAGES_MAX: usize = 32;

impl Device {
    /// What a newer version made and this one does not know, each sort once.
    pub fn newer(&self) -> Vec<Newer> {
        let mut documents: BTreeMap<String, u64> = BTreeMap::new();
        for word in self.unknown.documents.values().filter_map(|listed| word_of(listed, &self.processes)) {
            *documents.entry(word).or_default() += 1;
        }
        let made = |what| move |(word, count): (String, u64)| Newer { what, word, count };
        let messages = self.unknown.messages.clone().into_iter().map(made(Made::Messages));
        let mut entries: BTreeMap<String, u64> = BTreeMap::new();
        for kind in self.directory.newer() {
            *entries.entry(kind.clone()).or_default() += 1;
        }
        let entries = entries.into_iter().map(made(Made::Entries));
        documents.into_iter().map(made(Made::Documents)).chain(messages).chain(entries).collect()
    }

    /// The same in a sentence; `None` where there is nothing.
    pub fn newer_in_words(&self) -> Option<String> {
        let newer = self.newer();
        told::newer(newer.iter().map(|one| (one.count, one.what.singular(), one.word.as_str())))
    }

    /// What those PEPs were started as that only a newer version of this program opens, each once.
    pub fn newer_plans(&self) -> Vec<Start> {
        let starts: BTreeSet<&Start> = self.unknown.documents.values().map(|listed| &listed.start).collect();
        let opened = |start: &&Start| self.peps.contains_key(&start.pep);
        starts.into_iter().filter(|start| !opened(start)).cloned().collect()
    }

    /// A message came that this version does not know.
    pub(super) fn heard_newer(&mut self, word: String) {
        self.unknown.heard = true;
        if self.unknown.messages.len() >= MESSAGES_MAX && !self.unknown.messages.contains_key(&word) {
            return;
        }
        let key = [MESSAGES, word.as_bytes()].concat();
        let count = self.unknown.messages.entry(word).or_default();
        *count += 1;
        // Not each of very many costs a record.
        if count.is_power_of_two() {
            self.replica.set_fact(&key, Some(&cbor(count)));
        }
        self.touch();
    }

    /// What of the relay's list this version knows. The rest is kept, where it is the `whole` list in place of what was kept before.
    pub(super) fn keep_newer(&mut self, list: Vec<Listed>, whole: bool) -> Vec<Listed> {
        let (newer, known): (Vec<_>, Vec<_>) =
            list.into_iter().partition(|one| word_of(one, &self.processes).is_some());
        let mut newer: BTreeMap<Id, Listed> = newer.into_iter().map(|listed| (listed.doc, listed)).collect();
        if !whole {
            let known: BTreeSet<Id> = known.iter().map(|listed| listed.doc).collect();
            let still = self.unknown.documents.iter().filter(|(doc, _)| !known.contains(*doc));
            for (doc, listed) in still {
                newer.entry(*doc).or_insert_with(|| listed.clone());
            }
        }
        for doc in self.unknown.documents.keys().filter(|doc| !newer.contains_key(*doc)) {
            self.replica.set_fact(&key(DOCUMENTS, doc), None);
        }
        for (doc, listed) in &newer {
            if self.unknown.documents.get(doc) != Some(listed) {
                self.replica.set_fact(&key(DOCUMENTS, doc), Some(&cbor(listed)));
            }
        }
        self.unknown.documents = newer;
        known
    }
}
