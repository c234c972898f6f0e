//! What commands that write say: which answer, which key, what was brought along.

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
