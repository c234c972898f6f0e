//! The line to the relay as it stands, and what is known of the one connection there is.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gate::{Hash, Id};
use sync::{Frame, frame::Listed, participant::Session};

/// The state of the line to the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// No connection now.
    Offline,
    /// The relay has welcomed this device.
    Connected,
    /// The relay does not let this device in; why, in its words.
    Refused(String),
}

/// What passed over one connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Envelopes of this device that the relay has said it has.
    pub sent: u64,
    /// Envelopes that came.
    pub received: u64,
}

impl Traffic {
    /// What passed since `before`; all of it where another connection has taken the place of that one.
    pub fn since(self, before: Traffic) -> Traffic {
        let less = |now: u64, then: u64| now.checked_sub(then).unwrap_or(now);
        Traffic { sent: less(self.sent, before.sent), received: less(self.received, before.received) }
    }
}

/// One connection to the relay, from its first frame to its end.
pub(in crate::device) struct Connection {
    pub(in crate::device) session: Session,
    pub(in crate::device) out: VecDeque<Frame>,
    pub(in crate::device) listed: Option<BTreeMap<Id, Listed>>,
    /// How far each open document's log has been read: asked after every frame, so kept here.
    pub(in crate::device) read: BTreeMap<Id, u64>,
    pub(in crate::device) announced: BTreeSet<Id>,
    pub(in crate::device) gone: BTreeSet<Id>,
    /// Documents whose log was closed until a newer roster comes, and the version of the one that was not enough.
    pub(in crate::device) doubted: BTreeMap<Id, u64>,
    /// Documents whose log this device could not take; they are left alone until the next connection.
    pub(in crate::device) stuck: BTreeSet<Id>,
    /// How often each document's log has been read again from its start on this connection.
    pub(in crate::device) again: BTreeMap<Id, u32>,
    /// How often each document has been set right after a refusal on this connection.
    pub(in crate::device) rebased: BTreeMap<Id, u32>,
    /// What is to be said to have been heard, once it is on the disk.
    pub(in crate::device) heard: Vec<(Id, Vec<Hash>)>,
    /// Children and PEPs that the relay did not take in.
    pub(in crate::device) refused: u32,
    /// The person was told that this relay cannot read what is written here.
    pub(in crate::device) told_older: bool,
    /// Documents of children that the roster held here does not name: without it nobody's changes in them can be believed.
    pub(in crate::device) wants_roster: bool,
    pub(in crate::device) traffic: Traffic,
    pub(in crate::device) close: bool,
    /// The relay says that this device was revoked.
    pub(in crate::device) revoked: bool,
    pub(in crate::device) retry_after_ms: u64,
}
