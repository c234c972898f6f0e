//! What a newer version made and this one does not know: kept, said, and never taken for being in step.

use std::collections::BTreeMap;

use gate::Id;
use plan::{DocumentKind, PepType, Processes};
use replica::{Replica, Trouble};
use sync::frame::{self, Listed};

use super::{
    Device,
    facts::{cbor, from_cbor, key},
};
use crate::words::told;

/// Facts: documents that the relay lists, by their ids.
const DOCUMENTS: &[u8] = b"newer/document/";
/// Facts: kinds of messages that came, by their words, and how often.
const MESSAGES: &[u8] = b"newer/message/";
/// Kinds of messages that are remembered; of what is beyond it is only known that it came.
const MESSAGES_MAX: usize = 32;

/// Something that a newer version made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newer {
    /// What it is.
    pub what: Made,
    /// What this version does not know of it: a kind, a process and its version, a message's word.
    pub word: String,
    /// How many.
    pub count: u64,
}

/// What a newer version made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Made {
    /// Documents: they are at the relay.
    Documents,
    /// Messages of the relay: they came, and could not be read.
    Messages,
}

impl Made {
    /// One of them.
    pub const fn singular(self) -> &'static str {
        match self {
            Made::Documents => "document",
            Made::Messages => "message",
        }
    }
}

/// What a device knows of it.
#[derive(Default)]
pub(super) struct Unknown {
    documents: BTreeMap<Id, Listed>,
    messages: BTreeMap<String, u64>,
    /// Whether one came on this connection.
    heard: bool,
}

impl Unknown {
    /// Reads what stood there, and forgets what this version has come to know.
    pub(super) fn read(replica: &mut Replica, processes: &Processes) -> Result<Unknown, Trouble> {
        let mut unknown = Unknown::default();
        for (key, value) in replica.facts(DOCUMENTS)? {
            match from_cbor::<Listed>(&value).filter(|listed| word_of(listed, processes).is_some()) {
                Some(listed) => drop(unknown.documents.insert(listed.doc, listed)),
                None => replica.set_fact(&key, None),
            }
        }
        for (key, value) in replica.facts(MESSAGES)? {
            let word = key.get(MESSAGES.len()..).and_then(|word| std::str::from_utf8(word).ok());
            match word.filter(|word| !frame::is_known(word)).zip(from_cbor(&value)) {
                Some((word, count)) => drop(unknown.messages.insert(word.to_owned(), count)),
                None => replica.set_fact(&key, None),
            }
        }
        Ok(unknown)
    }

    /// Another connection begins.
    pub(super) fn cut(&mut self) {
        self.heard = false;
    }

    /// Whether device and relay cannot be in step for it.
    pub(super) fn parts(&self) -> bool {
        self.heard || !self.documents.is_empty()
    }
}

impl Device {
    /// What a newer version made and this one does not know, each sort once.
    pub fn newer(&self) -> Vec<Newer> {
        let mut documents: BTreeMap<String, u64> = BTreeMap::new();
        for word in self.unknown.documents.values().filter_map(|listed| word_of(listed, &self.processes)) {
            *documents.entry(word).or_default() += 1;
        }
        let made = |what| move |(word, count): (String, u64)| Newer { what, word, count };
        let messages = self.unknown.messages.clone().into_iter().map(made(Made::Messages));
        documents.into_iter().map(made(Made::Documents)).chain(messages).collect()
    }

    /// The same in a sentence; `None` where there is nothing.
    pub fn newer_in_words(&self) -> Option<String> {
        let newer = self.newer();
        told::newer(newer.iter().map(|one| (one.count, one.what.singular(), one.word.as_str())))
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

    /// What of the relay's list this version knows. The rest is kept, in place of what was kept before.
    pub(super) fn keep_newer(&mut self, list: Vec<Listed>) -> Vec<Listed> {
        let (newer, known) = list.into_iter().partition::<Vec<_>, _>(|one| word_of(one, &self.processes).is_some());
        let newer: BTreeMap<Id, Listed> = newer.into_iter().map(|listed| (listed.doc, listed)).collect();
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

/// What this version does not know of a listed document; `None` where it knows everything.
fn word_of(listed: &Listed, processes: &Processes) -> Option<String> {
    let start = &listed.start;
    if listed.kind.parse::<DocumentKind>().is_err() {
        return Some(format!("document {}", listed.kind));
    }
    if start.kind.parse::<PepType>().is_err() {
        return Some(format!("PEP {}", start.kind));
    }
    if plan::parse_term(&start.term).is_err() {
        return Some(format!("term {}", start.term));
    }
    let known = processes.get(&start.process, start.process_version).is_ok();
    (!known).then(|| format!("process {} {}", start.process, start.process_version))
}
