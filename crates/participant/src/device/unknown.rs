//! What a device has met that a newer version made, as it is kept.

use std::collections::BTreeMap;

use gate::Id;
use plan::{DocumentKind, PepType, Processes};
use replica::{Replica, Trouble};
use sync::frame::{self, Listed};

use super::facts::{from_cbor, pep_of};

/// Facts: documents that the relay lists, by their ids.
pub(super) const DOCUMENTS: &[u8] = b"newer/document/";
/// Facts: kinds of messages that came, by their words, and how often.
pub(super) const MESSAGES: &[u8] = b"newer/message/";

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
    /// Entries of the directory.
    Entries,
}

impl Made {
    /// One of them.
    pub const fn singular(self) -> &'static str {
        match self {
            Made::Documents => "document",
            Made::Messages => "message",
            Made::Entries => "entry",
        }
    }
}

/// What a device knows of it.
#[derive(Default)]
pub(super) struct Unknown {
    pub documents: BTreeMap<Id, Listed>,
    pub messages: BTreeMap<String, u64>,
    /// Whether one came on this connection.
    pub heard: bool,
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

/// What this version does not know of a listed document; `None` where it knows everything.
pub(super) fn word_of(listed: &Listed, processes: &Processes) -> Option<String> {
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
    // Another file may call itself by a name and version that are known here.
    (pep_of(start, processes).is_none())
        .then(|| ["process", &start.process, &start.process_version.to_string()].join(" "))
}
