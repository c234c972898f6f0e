//! What commands that write say: which answer, which key, what was brought along.

use plan::{Difference, DifferenceKind, Pep};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::plan::Value;

/// An answer was written: `pep set`, `pep write`, `pep row set`, `pep row withdraw`.
#[derive(Serialize, JsonSchema)]
pub struct Written {
    /// The PEP's id.
    pub pep: Uuid,
    /// The question, or the place within it.
    pub field: String,
    /// Whether anything changed: it may have been so already.
    pub changed: bool,
}

/// A target or a row of its review was written: `pep target set`, `pep target review`, `pep target withdraw`.
#[derive(Serialize, JsonSchema)]
pub struct WrittenRow {
    /// The PEP's id.
    pub pep: Uuid,
    /// The key of the target or row.
    pub key: String,
    /// Whether anything changed: it may have been so already.
    pub changed: bool,
}

/// Something was added: `pep row add`, `pep target add`, `pep target fund`, `pep comment`.
#[derive(Serialize, JsonSchema)]
pub struct Added {
    /// Its key.
    pub key: String,
}

/// A plan was returned: `pep return`.
#[derive(Serialize, JsonSchema)]
pub struct Returned {
    /// The PEP's id.
    pub pep: Uuid,
    /// The key of what is to be put right.
    pub key: String,
}

/// What another version of its process changes in a plan, and whether it was moved to it: `pep move`.
#[derive(Serialize, JsonSchema)]
pub struct Moved {
    /// The PEP's id.
    pub pep: Uuid,
    /// The version it followed before.
    pub from: u32,
    /// The version that was asked for.
    pub to: u32,
    /// Whether it was moved now.
    pub moved: bool,
    /// What is asked that was not asked before.
    pub appears: Vec<Different>,
    /// What is asked no more, or less often.
    pub disappears: Vec<Different>,
    /// What is done otherwise.
    pub changes: Vec<Different>,
}

/// One thing that is different.
#[derive(Serialize, JsonSchema)]
pub struct Different {
    /// The question it is about; null where it is about the process as a whole.
    pub field: Option<&'static str>,
    /// What is different, in a sentence.
    pub says: String,
}

impl Moved {
    /// Of a plan as it was before, and what the version asked for changes.
    pub fn of(before: &Pep, to: u32, moved: bool, differences: &[Difference]) -> Moved {
        let of = |kind: DifferenceKind| {
            let these = differences.iter().filter(|one| one.kind == kind);
            these.map(|one| Different { field: one.question, says: one.says.clone() }).collect()
        };
        Moved {
            pep: before.id(),
            from: before.process().version,
            to,
            moved,
            appears: of(DifferenceKind::Appears),
            disappears: of(DifferenceKind::Disappears),
            changes: of(DifferenceKind::Changes),
        }
    }
}

/// Answers from the last PEP were confirmed: `pep confirm`.
#[derive(Serialize, JsonSchema)]
pub struct Confirmed {
    /// The PEP's id.
    pub pep: Uuid,
    /// The questions that waited for it.
    pub confirmed: Vec<String>,
}

/// One of several answers was taken: `pep resolve`.
#[derive(Serialize, JsonSchema)]
pub struct Resolved {
    /// The PEP's id.
    pub pep: Uuid,
    /// The place, as `pep conflicts` names it.
    pub field: String,
    /// The answer that was taken; null where it was none.
    pub value: Option<Value>,
}

/// The answers of a file were brought into a plan: `pep import`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// The PEP's id.
    pub pep: Uuid,
    /// The questions that were brought.
    pub brought: Vec<String>,
    /// What was left out.
    pub left_out: Vec<LeftOut>,
}

/// Something that was not brought.
#[derive(Serialize, JsonSchema)]
pub struct LeftOut {
    /// The question, or the place within it.
    pub field: String,
    /// Why.
    pub why: String,
}

/// A copy of a plan was written: `pep export`. To standard output (`-o -`) the copy itself is written instead.
#[derive(Serialize, JsonSchema)]
pub struct Exported {
    /// The PEP's id.
    pub pep: Uuid,
    /// Bytes of the file.
    pub bytes: usize,
}
