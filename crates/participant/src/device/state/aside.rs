//! Generations of PEPs that do not stand, as they are kept.

use std::collections::BTreeMap;

use gate::Id;
use replica::{Replica, Trouble};
use serde::{Deserialize, Serialize};
use sync::frame::Start;

use crate::device::facts::from_cbor;

/// Facts: what was put aside of a PEP, by its id.
pub(in crate::device) const ASIDE: &[u8] = b"aside/";

/// A generation that does not stand.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::device) struct SetAside {
    /// As what it was started.
    pub start: Start,
    /// What this person wrote in it is in the standing one.
    pub done: bool,
}

/// Generations that do not stand, by PEP.
pub(in crate::device) type Asides = BTreeMap<Id, Vec<SetAside>>;

pub(in crate::device) fn asides(replica: &Replica) -> Result<Asides, Trouble> {
    let facts = replica.facts(ASIDE)?.into_iter();
    let read = |(key, value): (Vec<u8>, Vec<u8>)| {
        Some((key.get(ASIDE.len()..)?.try_into().ok()?, from_cbor::<Vec<SetAside>>(&value)?))
    };
    Ok(facts.filter_map(read).collect())
}
