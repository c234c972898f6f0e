//! Challenges and session tokens, in memory only: they end with the process, and a device then asks again. No clock.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use gate::{Hash, Id};
use sync::identity::Secret;

use crate::directory::sha256;

/// Seconds in which a challenge must be answered.
pub const CHALLENGE_SECONDS: i64 = 60;
/// Seconds for which a session token opens connections: a working day and its evening.
pub const TOKEN_SECONDS: i64 = 12 * 60 * 60;
/// Challenges that wait at once; beyond it the one that ends first goes.
pub const CHALLENGES_MAX: usize = 20_000;
/// Tokens at once, four for each of ten thousand devices; beyond it the one that ends first goes.
pub const TOKENS_MAX: usize = 40_000;
/// Requests to join or for a session that one address may make at once: a school's staff behind one address, coming back
/// together after an outage, twice over.
pub const BURST: u32 = 1_000;
/// Requests a second by which one address gains again.
pub const REFILL: u32 = 50;
/// Addresses watched at once; beyond it all begin anew.
pub const ADDRESSES_MAX: usize = 10_000;

/// Things with an end, by key; bounded.
struct Expiring<V> {
    by_key: BTreeMap<Hash, (i64, V)>,
    by_end: BTreeSet<(i64, Hash)>,
    most: usize,
}

/// The sessions.
pub struct Sessions {
    challenges: Expiring<Id>,
    tokens: Expiring<Id>,
    buckets: BTreeMap<IpAddr, Bucket>,
}

struct Bucket {
    left: u32,
    at: i64,
}

impl Default for Sessions {
    fn default() -> Sessions {
        Sessions {
            challenges: Expiring::new(CHALLENGES_MAX),
            tokens: Expiring::new(TOKENS_MAX),
            buckets: BTreeMap::new(),
        }
    }
}

impl Sessions {
    /// Keeps a challenge given to a device.
    pub fn challenge(&mut self, challenge: &Secret, device: Id, now: i64) {
        self.challenges.put(sha256(challenge), now + CHALLENGE_SECONDS, device, now);
    }

    /// Takes a challenge back: whether it was given to this device and is still good. It is good once.
    pub fn answer(&mut self, challenge: &Secret, device: &Id, now: i64) -> bool {
        self.challenges.take(&sha256(challenge)).is_some_and(|(end, to)| to == *device && now < end)
    }

    /// Keeps a token for a device, as its hash. Returns when it ends, in Unix seconds.
    pub fn open(&mut self, token: &Secret, device: Id, now: i64) -> i64 {
        let end = now + TOKEN_SECONDS;
        self.tokens.put(sha256(token), end, device, now);
        end
    }

    /// The device behind a token. Whether it may still connect is the directory's to say.
    pub fn device(&self, token: &[u8], now: i64) -> Option<Id> {
        // Looked up by hash, so that the time taken says nothing about the token.
        self.tokens.by_key.get(&sha256(token)).filter(|(end, _)| now < *end).map(|(_, device)| *device)
    }

    /// Whether an address may make another request to join or for a session.
    pub fn allow(&mut self, address: IpAddr, now: i64) -> bool {
        if self.buckets.len() >= ADDRESSES_MAX && !self.buckets.contains_key(&address) {
            self.buckets.clear();
        }
        let bucket = self.buckets.entry(address).or_insert(Bucket { left: BURST, at: now });
        let gained = u64::try_from(now - bucket.at).unwrap_or(0) * u64::from(REFILL);
        bucket.left = u32::try_from(gained).unwrap_or(BURST).saturating_add(bucket.left).min(BURST);
        bucket.at = now;
        let allowed = bucket.left > 0;
        bucket.left = bucket.left.saturating_sub(1);
        allowed
    }
}

impl<V> Expiring<V> {
    fn new(most: usize) -> Expiring<V> {
        Expiring { by_key: BTreeMap::new(), by_end: BTreeSet::new(), most }
    }

    fn put(&mut self, key: Hash, end: i64, value: V, now: i64) {
        while let Some((first, hash)) = self.by_end.first().copied()
            && (first <= now || self.by_key.len() >= self.most)
        {
            self.take(&hash);
        }
        self.by_key.insert(key, (end, value));
        self.by_end.insert((end, key));
    }

    fn take(&mut self, key: &Hash) -> Option<(i64, V)> {
        let (end, value) = self.by_key.remove(key)?;
        self.by_end.remove(&(end, *key));
        Some((end, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTTOLINE: Id = [1; 16];
    const ODILE: Id = [2; 16];

    #[test]
    fn a_challenge_is_good_once_for_its_device_and_a_minute() {
        let mut sessions = Sessions::default();
        sessions.challenge(&[7; 32], OTTOLINE, 0);
        assert!(sessions.answer(&[7; 32], &OTTOLINE, 59));
        assert!(!sessions.answer(&[7; 32], &OTTOLINE, 59));
        sessions.challenge(&[7; 32], OTTOLINE, 0);
        assert!(!sessions.answer(&[7; 32], &ODILE, 1));
        sessions.challenge(&[7; 32], OTTOLINE, 0);
        assert!(!sessions.answer(&[7; 32], &OTTOLINE, 60));
    }

    #[test]
    fn a_token_ends_after_its_hours() {
        let mut sessions = Sessions::default();
        let end = sessions.open(&[9; 32], ODILE, 1_000);
        assert_eq!(sessions.device(&[9; 32], end - 1), Some(ODILE));
        assert_eq!(sessions.device(&[9; 32], end), None);
        assert_eq!(sessions.device(&[8; 32], 1_000), None);
    }

    #[test]
    fn what_is_kept_has_a_bound_and_the_oldest_goes_first() {
        let mut kept = Expiring::new(2);
        for (key, end) in [(1u8, 10), (2, 20), (3, 30)] {
            kept.put([key; 32], end, key, 0);
        }
        assert!(kept.take(&[1; 32]).is_none());
        assert_eq!(kept.take(&[3; 32]), Some((30, 3)));
        kept.put([4; 32], 50, 4, 40);
        assert!(kept.take(&[2; 32]).is_none(), "what has ended goes too");
    }

    #[test]
    fn an_address_that_asks_too_often_waits_and_others_do_not() {
        let mut sessions = Sessions::default();
        let (school, home) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        assert!((0..BURST).all(|_| sessions.allow(school, 0)));
        assert!(!sessions.allow(school, 0));
        assert!(sessions.allow(home, 0));
        assert!(sessions.allow(school, 1));
    }
}
