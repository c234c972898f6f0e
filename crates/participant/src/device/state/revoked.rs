//! That a device was revoked, and the words for it. Nothing here names a child.

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Kind},
    now::Zone,
    words::told,
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
        told::revoked(&self.relay, self.at, self.unshared, zone)
    }

    /// The same as the reason why nothing can be done.
    pub fn error(&self, zone: Zone) -> Error {
        Error::new(Kind::NotPermitted, self.sentence(zone)).hint(told::COME_BACK)
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
