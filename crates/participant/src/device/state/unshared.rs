//! What waits to be shared, as it was last counted.

use std::collections::BTreeMap;

use gate::Id;

/// Answers that the relay is not known to have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waits {
    /// Which, in the order of their places; never fewer than one where a change waits.
    pub answers: Vec<String>,
    /// Since when, in Unix seconds, by this device's clock.
    pub since: Option<i64>,
}

/// The same for documents, kept as long as nothing is written there or shared.
#[derive(Default)]
pub(in crate::device) struct Counted(pub(in crate::device) BTreeMap<Id, ((u64, usize), Waits)>);
