//! Refused changes: what of this device's was not accepted, with the words beside it, and what waits for this person's decision.

use std::collections::BTreeMap;

use gate::{Hash, Id};
use plan::{DocumentKind, Pep, Processes};
use replica::Trouble;
use serde::{Deserialize, Serialize};
use sync::{frame::Start, held::Change};

use crate::device::facts::{from_cbor, pep_of};

/// Facts: refused changes of this person, by number. A hash is never a part of a key: keys are not sealed, and a hash shows
/// whether a guess at what it is of is right.
const REFUSED: &[u8] = b"refused/";

/// A refused change of this person, as this device keeps it: the words are not in the plan any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The document it was made in.
    #[serde(with = "serde_bytes")]
    pub doc: Id,
    /// Its hash.
    #[serde(with = "serde_bytes")]
    pub hash: Hash,
    /// In which order they came.
    pub number: u64,
    /// What the PEP was started as, to be named also when it is not on this device any more.
    pub start: Option<Start>,
    /// What the child is called.
    pub child: String,
    /// Why.
    pub why: Why,
    /// What it did.
    pub said: Vec<Said>,
    /// The PEP, where its process is known; follows from `start` and is not kept.
    #[serde(skip)]
    pub pep: Option<Pep>,
}

/// Why a change is held, as this device keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// The refusal's code.
    pub code: String,
    /// The relay's words.
    pub detail: String,
    /// When this device heard of it, in Unix seconds.
    pub at: i64,
}

/// One thing that a change did, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The question.
    pub question: String,
    /// A sentence without its subject: `wrote in “What is going well”`.
    pub sentence: String,
    /// What stood there before, and after, where that can be shown.
    pub words: Option<(String, String)>,
}

/// A refused change of somebody else that waits for this person's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What the relay says of it.
    pub change: Change,
    /// The PEP.
    pub pep: Option<Pep>,
    /// Its author's name and role, where the roster has them, and their last day in that role.
    pub author: String,
    /// What it did; empty where this device cannot tell.
    pub said: Vec<Said>,
}

impl Held {
    /// With the PEP it was made in, as far as these processes know it.
    pub(in crate::device) fn among(self, processes: &Processes) -> Held {
        Held { pep: self.start.as_ref().and_then(|start| pep_of(start, processes)), ..self }
    }

    /// Which of its documents.
    pub fn document(&self) -> Option<DocumentKind> {
        let pep = self.pep.as_ref()?;
        DocumentKind::ALL.iter().copied().find(|kind| *pep.document(*kind).as_bytes() == self.doc)
    }
}

/// The name of the fact that a refused change is kept as.
pub(in crate::device) fn fact(number: u64) -> Vec<u8> {
    [REFUSED, &number.to_be_bytes()].concat()
}

/// The refused changes that a replica holds, by number.
pub(in crate::device) fn kept(replica: &replica::Replica) -> Result<BTreeMap<u64, Held>, Trouble> {
    let kept = replica.facts(REFUSED)?;
    let held = kept.iter().filter_map(|(_, value)| from_cbor::<Held>(value));
    Ok(held.map(|held| (held.number, held)).collect())
}
