//! Refused changes as the Virtual School's devices fetch them (`/v1/held`): the relay knows no plan, so what they say is
//! worked out where they are shown.

use gate::{Hash, Id};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;

use crate::envelope::Wire;

/// Bytes of envelopes that one list is filled to; what is left comes when these have been decided.
pub const LIST_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Changes in one list: judging what accepting each would come to takes about a millisecond.
pub const LIST_CHANGES_MAX: usize = 200;

/// What a device may be told of: oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// The changes.
    pub changes: Vec<Change>,
    /// Whether there are more than fit.
    pub more: bool,
}

/// One refused change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The document.
    #[serde(with = "serde_bytes")]
    pub doc: Id,
    /// Its hash.
    #[serde(with = "serde_bytes")]
    pub hash: Hash,
    /// Whose device signed it.
    #[serde(with = "serde_bytes")]
    pub person: Id,
    /// Why it was refused, for programs.
    pub code: String,
    /// The same in a sentence.
    pub detail: String,
    /// When it came, in Unix seconds.
    pub at: i64,
    /// Whether it is held only because it builds on another.
    pub follows: bool,
    /// Whether its author has been told.
    pub heard: bool,
    /// Whether it can be accepted.
    pub acceptable: bool,
    /// The held changes it builds on: accepting it accepts them, too.
    pub with: Vec<ByteArray<32>>,
    /// The change itself.
    pub envelope: Wire,
}

impl Change {
    /// Whether somebody has to decide about it: what only follows goes by itself.
    pub fn is_open(&self) -> bool {
        !self.follows
    }
}
