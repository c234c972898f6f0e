//! What an operation of a document is called in its index.

/// An operation: its actor by number, and its own number among the actor's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OpKey {
    pub(crate) actor: u32,
    pub(crate) counter: u32,
}
