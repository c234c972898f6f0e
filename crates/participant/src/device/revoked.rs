//! Being revoked: what is left of a device when the relay has shut it out. What it held may be in a stranger's hands, so the host
//! erases all of it; what was never shared goes with it, and how much that was is said. Nothing here names a child.

use sync::People;

use super::{
    Device,
    state::{Line, Revoked},
};
use crate::now::Now;

impl Device {
    /// The relay has revoked this device: nothing of it is shown or written any more. What is to be kept of it; the host erases the
    /// rest from the disk in the same turn.
    pub fn revoke(&mut self, now: &Now) -> Revoked {
        let relay = self.me.as_ref().map_or_else(String::new, |me| me.relay.name.clone());
        let unshared = self.waiting().unwrap_or(0);
        let revoked = Revoked { relay, at: now.unix(), unshared };
        self.me = None;
        self.roster = People::default();
        self.people += 1;
        self.peps.clear();
        self.documents.clear();
        self.refused.clear();
        self.connection = None;
        self.line = Line::Refused(revoked.sentence(now.zone));
        self.revoked = Some(revoked.clone());
        self.touch();
        revoked
    }

    /// Whether this device was revoked.
    pub fn is_revoked(&self) -> Option<&Revoked> {
        self.revoked.as_ref()
    }

    /// Whether the relay said on the line that this device was revoked.
    pub fn hears_revoked(&self) -> bool {
        self.connection.as_ref().is_some_and(|c| c.revoked)
    }
}
