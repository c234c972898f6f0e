//! Who changed what: `pep history`, `pep diff`.

use plan::Entry;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::basics::{Digest, Moment, at, by};

/// What one person did at a stretch: `pep history`.
#[derive(Serialize, JsonSchema)]
pub struct Stretch {
    /// When it began, by their clock.
    pub at: Option<Moment>,
    /// When it ended.
    pub until: Option<Moment>,
    /// Who; null where this device cannot name them.
    pub by: Option<String>,
    /// What they did, a sentence each.
    pub what: Vec<String>,
    /// The last change of it.
    pub change: Digest,
}

/// What is new in one plan: `pep news`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct News {
    /// The PEP's id.
    pub pep: Uuid,
    /// The child's id.
    pub child: Uuid,
    /// The child's name; null where this device does not know it.
    pub child_name: Option<String>,
    /// What others did, the oldest first.
    pub news: Vec<Stretch>,
}

impl News {
    /// Of one plan.
    pub fn of(one: &participant::news::News) -> News {
        News {
            pep: one.mine.pep.id(),
            child: one.mine.pep.child,
            child_name: one.name.clone(),
            news: one.entries.iter().map(Stretch::of).collect(),
        }
    }
}

/// What changed between two versions: `pep diff`.
#[derive(Serialize, JsonSchema)]
pub struct Difference {
    /// What people did, a sentence each.
    pub what: Vec<String>,
    /// Questions that are asked now and were not, a sentence each.
    pub appeared: Vec<String>,
}

impl Stretch {
    /// One entry of the history.
    pub fn of(entry: &Entry) -> Stretch {
        Stretch {
            at: at(entry.began),
            until: at(entry.at),
            by: by(&entry.by),
            what: entry.deeds.iter().map(|deed| deed.sentence.clone()).collect(),
            change: Digest::of(entry.change.0),
        }
    }
}
