//! The key that participants know the relay by, and how it is changed: the old key vouches for the new one, and the chain of vouchers
//! is told to every device that asks for a session.

use gate::{Id, PublicKey};
use replica::{Replica, Trouble};
use ring::signature::Ed25519KeyPair;
use sync::voucher::{VOUCHERS_MAX, Voucher};

use super::Relay;
use crate::{directory::Refused, error::Error, keys};

/// Fact: a voucher, under its number.
const VOUCHER: &[u8] = b"relay/key/";

/// The vouchers that a relay's replica holds, oldest first.
pub(super) fn read(replica: &Replica) -> Result<Vec<Voucher>, Trouble> {
    let facts = replica.facts(VOUCHER)?;
    facts.iter().map(|(_, value)| Voucher::decode(value).ok_or(Trouble::Damaged)).collect()
}

/// The key that a relay's replica was last signed with, where it was ever changed.
pub fn newest(replica: &Replica) -> Result<Option<PublicKey>, Trouble> {
    Ok(read(replica)?.last().map(|voucher| voucher.new))
}

/// The relay's id: that of the first key it had.
pub(super) fn id(key: &Ed25519KeyPair, vouchers: &[Voucher]) -> Id {
    let first = vouchers.first().map_or_else(|| replica::public_key(key), |voucher| voucher.old);
    keys::relay_id(&first)
}

impl Relay {
    /// Each key of this relay for the next, oldest first. None where it has its first key still.
    pub fn vouchers(&self) -> &[Voucher] {
        &self.vouchers
    }

    /// Every key that this relay had, the present one last.
    pub fn keys(&self) -> Vec<PublicKey> {
        self.vouchers.iter().map(|voucher| voucher.old).chain([self.key()]).collect()
    }

    /// From now on this relay signs with `next`, and the old key vouches for it. On the disk when this returns.
    pub fn change_key(&mut self, next: Ed25519KeyPair, reason: &str, now: i64) -> Result<(), Error> {
        if self.vouchers.len() >= VOUCHERS_MAX {
            return Err(Refused::TooMany { what: "changes of the relay's key", limit: VOUCHERS_MAX }.into());
        }
        let voucher = Voucher::sign(&self.id, &self.key, &next);
        let number = self.vouchers.len() as u64;
        self.replica.set_fact(&[VOUCHER, &number.to_be_bytes()].concat(), Some(&voucher.encode()));
        self.directory.renew_rosters(now);
        self.signed.clear();
        self.directory.audit(now, None, "changed key", &[("key", hex::encode(voucher.new)), ("reason", reason.into())]);
        self.vouchers.push(voucher);
        self.key = next;
        Ok(self.keep()?)
    }
}
