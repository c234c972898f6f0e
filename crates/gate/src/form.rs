use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::Change;
use automerge::legacy::Op;

use crate::Refusal;
use crate::scan::Outline;

/// Decodes a scanned change and refuses any encoding but Automerge's own.
///
/// Automerge stores operations, not bytes: a change in another encoding comes back from disk under another hash, and
/// with it every later change of the document is lost. So what is decoded is encoded again and the hashes compared.
pub(crate) fn decode(outline: &Outline) -> Result<(Change, Vec<Op>), Refusal> {
    let (change, ops, again) = calmly(|| {
        let change = Change::try_from(outline.chunk.as_slice()).ok()?;
        let expanded = change.decode();
        let ops = expanded.operations.clone();
        Some((change, ops, Change::from(expanded).hash()))
    })
    .flatten()
    .ok_or(Refusal::Decode)?;
    if change.hash().0 != outline.hash || change.len() as u64 != outline.ops || ops.len() != change.len() {
        return Err(Refusal::Decode);
    }
    match again.0 == outline.hash {
        true => Ok((change, ops)),
        false => Err(Refusal::Canonical),
    }
}

/// Calls Automerge; nothing if it panics. What it worked on is dropped then, so no broken state survives.
pub(crate) fn calmly<T>(call: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}
