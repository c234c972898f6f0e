//! Changes that were refused: `pep held`.

use participant::device;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::basics::{Digest, DocumentKind, Moment, at};

/// A change that could not be accepted: one's own, or one that waits for the Virtual School.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Held {
    /// One's own, kept on this device.
    Own(Own),
    /// One that the relay keeps, for the Virtual School to decide about.
    Waiting(Box<Waiting>),
}

/// A refused change of one's own.
#[derive(Serialize, JsonSchema)]
pub struct Own {
    /// The PEP's id, where it can be told.
    pub pep: Option<Uuid>,
    /// Which document of the PEP, where it can be told.
    pub document: Option<DocumentKind>,
    /// The change's hash.
    pub change: Digest,
    /// Why it was refused, for programs.
    pub code: String,
    /// The same in a sentence.
    pub detail: String,
    /// When.
    pub at: Option<Moment>,
    /// True.
    pub mine: bool,
    /// What it did.
    pub what: Vec<Deed>,
}

/// A refused change that waits for a decision.
#[derive(Serialize, JsonSchema)]
pub struct Waiting {
    /// The PEP's id, where it is on this device.
    pub pep: Option<Uuid>,
    /// The change's hash.
    pub change: Digest,
    /// Why it was refused, for programs.
    pub code: String,
    /// The same in a sentence.
    pub detail: String,
    /// When it came.
    pub at: Option<Moment>,
    /// False.
    pub mine: bool,
    /// Whose it is, in words.
    pub by: String,
    /// Whether it is held only because it builds on another.
    pub follows: bool,
    /// Whether its author has been told.
    pub told: bool,
    /// Whether it can be accepted.
    pub acceptable: bool,
    /// The held changes it builds on: accepting it accepts them, too.
    pub with: Vec<Digest>,
    /// What it does.
    pub what: Vec<Deed>,
}

/// One thing that a change does.
#[derive(Serialize, JsonSchema)]
pub struct Deed {
    /// The question.
    pub field: String,
    /// What it does, in a sentence.
    pub what: String,
    /// A text as it was; null where it is none.
    pub before: Option<String>,
    /// The text as the change leaves it.
    pub after: Option<String>,
}

/// A decision about a held change: `pep held accept`, `pep held discard`.
#[derive(Serialize, JsonSchema)]
pub struct Decided {
    /// The change's hash.
    pub change: Digest,
    /// Whether it was accepted; else it was discarded.
    pub accepted: bool,
    /// The changes it builds on, which were accepted with it.
    pub with: Vec<Digest>,
}

impl Held {
    /// One's own.
    pub fn own(held: &device::Held) -> Held {
        Held::Own(Own {
            pep: held.pep.as_ref().map(plan::Pep::id),
            document: held.document().map(Into::into),
            change: Digest::of(held.hash),
            code: held.why.code.clone(),
            detail: held.why.detail.clone(),
            at: at(held.why.at),
            mine: true,
            what: deeds(&held.said),
        })
    }

    /// One that waits for the Virtual School.
    pub fn waiting(one: &device::Waiting) -> Held {
        let change = &one.change;
        Held::Waiting(Box::new(Waiting {
            pep: one.pep.as_ref().map(plan::Pep::id),
            change: Digest::of(change.hash),
            code: change.code.clone(),
            detail: change.detail.clone(),
            at: at(change.at),
            mine: false,
            by: one.author.clone(),
            follows: change.follows,
            told: change.heard,
            acceptable: change.acceptable,
            with: with(change),
            what: deeds(&one.said),
        }))
    }
}

/// The held changes that one builds on.
pub fn with(change: &participant::decisions::Change) -> Vec<Digest> {
    change.with.iter().map(|hash| Digest::of(hash.into_array())).collect()
}

fn deeds(said: &[device::Said]) -> Vec<Deed> {
    let one = |deed: &device::Said| {
        let (before, after) = deed.words.clone().unzip();
        Deed { field: deed.question.clone(), what: deed.sentence.clone(), before, after }
    };
    said.iter().map(one).collect()
}
