//! Being revoked: what is left of a device when the relay has shut it out. What it held may be in a stranger's hands, so the host
//! erases all of it; what was never shared goes with it, and how much that was is said. Nothing here names a child.

use serde::{Deserialize, Serialize};
use sync::Roster;

use super::{Device, Line};
use crate::{
    error::{Error, Kind},
    now::{Now, Zone},
    words::{self, counted},
};

/// That this device was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// What the relay calls itself.
    pub relay: String,
    /// When this device heard of it, in Unix seconds.
    pub at: i64,
    /// Changes that had never been shared.
    pub unshared: usize,
}

impl Revoked {
    /// What happened, and what to do, for people.
    pub fn sentence(&self, zone: Zone) -> String {
        let lost = match self.unshared {
            0 => "Everything on it had been shared, so nothing is lost.".to_string(),
            1 => "1 change had never been shared, and is gone with it.".to_string(),
            n => format!("{} had never been shared, and are gone with it.", counted(n, "change")),
        };
        format!(
            "This device was revoked by {}. On {} all plans were erased from it. {lost} A copy that was made before, such as a backup or an export, cannot be called back: remove it, too.",
            self.relay,
            words::moment(self.at, zone)
        )
    }

    /// The same as the reason why nothing can be done.
    pub fn error(&self, zone: Zone) -> Error {
        Error::new(Kind::NotPermitted, self.sentence(zone))
            .hint("If the device is yours and you have it, ask the Virtual School for a new invitation link, and run `pep join LINK`. What was shared comes back.")
    }
}

impl Device {
    /// The relay has revoked this device: nothing of it is shown or written any more. What is to be kept of it; the host erases the
    /// rest from the disk in the same turn.
    pub fn revoke(&mut self, now: &Now) -> Revoked {
        let relay = self.me.as_ref().map_or_else(String::new, |me| me.relay.name.clone());
        let unshared = self.waiting().unwrap_or(0);
        let revoked = Revoked { relay, at: now.unix(), unshared };
        self.me = None;
        self.roster = Roster::default();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_with_it_is_said() {
        let revoked = Revoked { relay: "Harrowmere".into(), at: 1_771_923_600, unshared: 2 };
        let said = revoked.sentence(Zone::Europe__London);
        assert!(said.contains("2 changes had never been shared, and are gone"), "{said}");
        assert!(said.contains("On 24 February 2026 at 9am"), "{said}");
    }
}
