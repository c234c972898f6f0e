//! How a relay changes the key that it is known by: the old key vouches for the new one, and devices follow.

use gate::{Id, PublicKey, Signature};
use ring::signature::Ed25519KeyPair;

use crate::identity::{public_key, sign, verify};

/// Bytes of a voucher: the old key, the new one, and both signatures.
pub const VOUCHER_BYTES: usize = 32 + 32 + 64 + 64;
/// Changes of its key that one relay makes, and that a device follows at once: a key is changed for a reason, not by habit.
pub const VOUCHERS_MAX: usize = 100;

/// That one key of a relay is followed by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voucher {
    /// The key that devices know.
    pub old: PublicKey,
    /// The key that signs from now on.
    pub new: PublicKey,
    /// By the old key, over [`statement`].
    by_old: Signature,
    /// By the new key, over the same: nobody can be made to follow to a key that the relay does not hold.
    by_new: Signature,
}

/// What both keys sign: `"openpep/relay-key/1" ‖ relay id ‖ old key ‖ new key`.
fn statement(relay: &Id, old: &PublicKey, new: &PublicKey) -> Vec<u8> {
    [b"openpep/relay-key/1".as_slice(), relay, old, new].concat()
}

impl Voucher {
    /// By both keys of the relay of this id.
    pub fn sign(relay: &Id, old: &Ed25519KeyPair, new: &Ed25519KeyPair) -> Voucher {
        let (old_key, new_key) = (public_key(old), public_key(new));
        let statement = statement(relay, &old_key, &new_key);
        Voucher { old: old_key, new: new_key, by_old: sign(old, &statement), by_new: sign(new, &statement) }
    }

    /// Whether both keys signed it for the relay of this id.
    pub fn holds(&self, relay: &Id) -> bool {
        let statement = statement(relay, &self.old, &self.new);
        verify(&self.old, &statement, &self.by_old) && verify(&self.new, &statement, &self.by_new)
    }

    /// As it is kept and sent.
    pub fn encode(&self) -> Vec<u8> {
        [&self.old[..], &self.new, &self.by_old, &self.by_new].concat()
    }

    /// Reads what [`Voucher::encode`] wrote. `None` where it is no voucher; whether it holds is asked apart.
    pub fn decode(bytes: &[u8]) -> Option<Voucher> {
        let (old, rest) = bytes.split_first_chunk::<32>()?;
        let (new, rest) = rest.split_first_chunk::<32>()?;
        let (by_old, by_new) = rest.split_first_chunk::<64>()?;
        Some(Voucher { old: *old, new: *new, by_old: *by_old, by_new: by_new.try_into().ok()? })
    }
}

/// The keys that follow after the one that is known, each vouched for by the one before it, oldest first. None where the relay still has
/// the known one, or where nothing vouches for what it has.
pub fn followed(relay: &Id, known: &PublicKey, vouchers: &[Voucher]) -> Vec<PublicKey> {
    let mut keys = vec![];
    for voucher in vouchers.iter().take(VOUCHERS_MAX) {
        let last = keys.last().unwrap_or(known);
        if voucher.old == *last && voucher.holds(relay) {
            keys.push(voucher.new);
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELAY: Id = [5; 16];

    fn pair(seed: u8) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
    }

    fn voucher(old: u8, new: u8) -> Voucher {
        Voucher::sign(&RELAY, &pair(old), &pair(new))
    }

    #[test]
    fn keys_are_followed_from_the_one_that_is_known_and_no_further_than_they_are_vouched_for() {
        let chain = [voucher(1, 2), voucher(2, 3), voucher(3, 4)];
        let from = |seed: u8| followed(&RELAY, &public_key(&pair(seed)), &chain);
        assert_eq!(from(1), [2, 3, 4].map(|n| public_key(&pair(n))));
        assert_eq!(from(3), [public_key(&pair(4))]);
        assert!(from(4).is_empty() && from(9).is_empty());
        // One is missing, or two have changed places.
        assert_eq!(followed(&RELAY, &public_key(&pair(1)), &[chain[0], chain[2]]).len(), 1);
        assert_eq!(followed(&RELAY, &public_key(&pair(1)), &[chain[1], chain[0]]).len(), 1);
        assert!(followed(&[6; 16], &public_key(&pair(1)), &chain).is_empty(), "another relay's");
    }

    #[test]
    fn no_byte_of_a_voucher_can_be_another() {
        let whole = voucher(1, 2).encode();
        assert_eq!(whole.len(), VOUCHER_BYTES);
        assert!(Voucher::decode(&whole).unwrap().holds(&RELAY));
        for at in 0..whole.len() {
            let mut altered = whole.clone();
            altered[at] ^= 1;
            assert!(!Voucher::decode(&altered).unwrap().holds(&RELAY), "byte {at}");
        }
        assert!(Voucher::decode(&whole[1..]).is_none() && Voucher::decode(&[&whole[..], &[0]].concat()).is_none());
        assert!(Voucher::decode(&[]).is_none());
    }

    #[test]
    fn a_chain_without_end_is_followed_so_far() {
        let chain = [voucher(1, 2), voucher(2, 1)].repeat(VOUCHERS_MAX);
        assert_eq!(followed(&RELAY, &public_key(&pair(1)), &chain).len(), VOUCHERS_MAX);
    }
}
