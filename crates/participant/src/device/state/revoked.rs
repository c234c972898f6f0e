//! That a device was revoked, and the words for it. Nothing here names a child.

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Kind},
    now::Zone,
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
