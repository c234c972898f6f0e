//! CBOR, with one bound on how deep a value may nest.

use serde::{Serialize, de::DeserializeOwned};

/// How deep a value may nest: ours nest a few deep, and reading recurses.
const DEPTH_MAX: usize = 16;

/// Not CBOR of the type asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a value of that kind")]
pub struct Unreadable;

/// CBOR of a value.
pub fn to_cbor<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to a Vec cannot fail, and the types kept here all serialise.
    let _ = ciborium::into_writer(value, &mut out);
    out
}

/// A value from CBOR.
pub fn from_cbor<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    ciborium::de::from_reader_with_recursion_limit(bytes, DEPTH_MAX).map_err(|_| Unreadable)
}
