//! What proves to a relay that it was put back: how much it once had on its disk, in its own words.

use gate::{Id, PublicKey, Signature};
use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize};

use crate::identity;

/// That a relay's journal had so many records in an epoch of its log. Every device keeps the newest that it heard and hands it back;
/// one that says more than the relay has proves that its disk was put back, with nobody's word needed but its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The life of the relay's log.
    #[serde(with = "serde_bytes")]
    pub epoch: Id,
    /// Records that were on its disk, at least.
    pub records: u64,
    /// Ed25519 by the relay's key over `"openpep/mark/1" ‖ relay id ‖ epoch ‖ records (u64, big endian)`.
    #[serde(with = "serde_bytes")]
    pub sig: Signature,
}

impl Mark {
    /// Says it, as the relay of that id.
    pub fn sign(key: &Ed25519KeyPair, relay: &Id, epoch: Id, records: u64) -> Mark {
        Mark { epoch, records, sig: identity::sign(key, &statement(relay, &epoch, records)) }
    }

    /// Whether the relay of that id, whose key this is, said so.
    pub fn is_of(&self, relay: &Id, key: &PublicKey) -> bool {
        identity::verify(key, &statement(relay, &self.epoch, self.records), &self.sig)
    }

    /// Whether this one is to be kept in place of `other`, which was heard earlier: it says more, or is of another epoch.
    pub fn follows(&self, other: &Mark) -> bool {
        self.epoch != other.epoch || self.records > other.records
    }
}

fn statement(relay: &Id, epoch: &Id, records: u64) -> Vec<u8> {
    [b"openpep/mark/1".as_slice(), relay, epoch, &records.to_be_bytes()].concat()
}
