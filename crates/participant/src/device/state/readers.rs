//! Who sees the child's private words, as far as it is known at present.

use std::collections::BTreeMap;

use gate::Id;
use serde::{Deserialize, Serialize};
use sync::frame::Chosen;

use crate::device::facts::from_cbor;

/// What this device knows of one document's readers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::device) struct Choice {
    /// As the relay last said; `None`: nobody has chosen.
    pub(in crate::device) stands: Option<Chosen>,
    /// Chosen here, and not at the relay yet.
    pub(in crate::device) wanted: Option<Vec<String>>,
    /// It is not for this device's person any more: its copy went, and none is begun.
    pub(in crate::device) lost: bool,
}

/// What is known of all of them at present.
#[derive(Default)]
pub(in crate::device) struct Readers {
    pub(in crate::device) choices: BTreeMap<Id, Choice>,
    /// What this connection has asked for and has no answer to.
    pub(in crate::device) asked: BTreeMap<Id, Vec<String>>,
}

/// Why a choice was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotChosen {
    /// This person does not hold that part of the plan.
    #[error(
        "The young person chooses who sees their private words, or somebody who sees them records it. You do not see them."
    )]
    NotYours,
    /// The young person chose, and it is theirs.
    #[error(
        "The young person has chosen who sees their private words. Only they change that, on a device of their own. Nothing was changed."
    )]
    Theirs,
    /// The roles make no choice.
    #[error(transparent)]
    Roles(#[from] plan::NotAChoice),
}

/// Words of this device's person that could not be shared before the part they were written in went to others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unshared {
    /// The question.
    pub question: String,
    /// What they wrote.
    pub text: String,
}

impl Readers {
    /// Where the facts stand, each under the id of a document.
    pub(in crate::device) const FACTS: &'static [u8] = b"readers/";

    /// What the facts say.
    pub(in crate::device) fn read(facts: &[(Vec<u8>, Vec<u8>)]) -> Readers {
        let choice = |(name, value): &(Vec<u8>, Vec<u8>)| {
            Some((Id::try_from(name.get(Readers::FACTS.len()..)?).ok()?, from_cbor(value)?))
        };
        Readers { choices: facts.iter().filter_map(choice).collect(), asked: BTreeMap::new() }
    }

    /// The line stands anew: what was asked for is asked for again.
    pub(in crate::device) fn cut(&mut self) {
        self.asked.clear();
    }

    /// Whether a document is not for this device's person any more, by what was chosen.
    pub(in crate::device) fn is_lost(&self, doc: &Id) -> bool {
        self.choices.get(doc).is_some_and(|choice| choice.lost)
    }

    /// Whether a choice made here waits for the relay.
    pub(in crate::device) fn waits(&self) -> bool {
        self.choices.values().any(|choice| choice.wanted.is_some())
    }
}
