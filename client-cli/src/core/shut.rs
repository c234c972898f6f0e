//! Being shut out: what is left of a device's core when the relay has revoked it.

use std::io;

use replica::Trouble;
use sync::Roster;

use super::{Core, Line};
use crate::shut_out::ShutOut;

impl Core {
    /// Erases everything this device holds: the relay has revoked it. What is said of it afterwards.
    pub fn shut_out(&mut self, now: i64) -> io::Result<String> {
        let relay = self.me.as_ref().map_or_else(String::new, |me| me.relay.name.clone());
        let unshared = self.waiting().unwrap_or(0);
        let shut = ShutOut { relay, at: now, unshared };
        let done = self.replica.wipe(&serde_json::to_vec(&shut)?);
        // Whatever the disk says: nothing of it is shown or written any more.
        self.me = None;
        self.roster = Roster::default();
        self.peps.clear();
        self.documents.clear();
        self.refused.clear();
        self.connection = None;
        self.line = Line::Refused(shut.said());
        let words = shut.said();
        self.shut = Some(shut);
        self.touch();
        match done {
            Ok(()) => Ok(words),
            Err(Trouble::Disk(e)) => Err(e),
            Err(e) => Err(io::Error::other(e)),
        }
    }

    /// Whether this device was shut out.
    pub fn is_shut_out(&self) -> Option<&ShutOut> {
        self.shut.as_ref()
    }

    /// Whether the relay said on the line that this device was revoked.
    pub fn hears_revoked(&self) -> bool {
        self.connection.as_ref().is_some_and(|c| c.revoked)
    }
}
