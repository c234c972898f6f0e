//! Challenges and session tokens. Each carries its own end and the relay's mark, so that nothing is kept of what was given out, a relay
//! that was started again knows those it gave before, and so does every other relay with the same signing key. What is kept, in memory
//! and bounded, is which challenges were answered here: one is good once. No clock, no chance.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use gate::Id;
use ring::{hmac, signature::Ed25519KeyPair};
use sync::identity::Secret;

/// Seconds in which a challenge must be answered.
pub const CHALLENGE_SECONDS: i64 = 60;
/// Seconds for which a session token opens connections: a working day and its evening.
pub const TOKEN_SECONDS: i64 = 12 * 60 * 60;
/// Bytes of a token: its device, its end, chance, and the mark.
pub const TOKEN_BYTES: usize = 16 + 8 + 8 + 32;
/// Answered challenges that are remembered at once, a minute each; beyond it nobody is let in until some have ended: ten thousand
/// devices that come back together, twice over.
pub const ANSWERED_MAX: usize = 20_000;
/// Requests to join or for a session that one address may make at once: a school's staff behind one address, coming back
/// together after an outage, twice over.
pub const BURST: u32 = 1_000;
/// Requests a second by which one address gains again.
pub const REFILL: u32 = 50;
/// Addresses watched at once; beyond it all begin anew.
pub const ADDRESSES_MAX: usize = 10_000;

/// What only whoever has the relay's signing key can work out.
pub struct Marks(hmac::Key);

impl Marks {
    /// Of a relay with this signing key. Its signature over these words is the same each time, and is given to nobody.
    pub fn of(key: &Ed25519KeyPair) -> Marks {
        Marks(hmac::Key::new(hmac::HMAC_SHA256, key.sign(b"openpep/session-marks/1").as_ref()))
    }
}

/// The sessions.
pub struct Sessions {
    marks: Marks,
    /// Challenges that were answered, by their end.
    answered: BTreeSet<(i64, Secret)>,
    buckets: BTreeMap<IpAddr, Bucket>,
}

struct Bucket {
    left: u32,
    at: i64,
}

impl Sessions {
    /// Of a relay with these marks. Nothing was answered yet.
    pub fn new(marks: Marks) -> Sessions {
        Sessions { marks, answered: BTreeSet::new(), buckets: BTreeMap::new() }
    }

    /// A challenge for a device: eight bytes of its end, eight of chance, and sixteen of the mark.
    pub fn challenge(&self, device: &Id, chance: [u8; 8], now: i64) -> Secret {
        let mut challenge = [0; 32];
        challenge[..8].copy_from_slice(&(now + CHALLENGE_SECONDS).to_be_bytes());
        challenge[8..16].copy_from_slice(&chance);
        let mark = self.challenge_mark(&challenge, device);
        challenge[16..].copy_from_slice(&mark);
        challenge
    }

    /// Whether a challenge was given to this device and is still good. It is good once.
    pub fn answer(&mut self, challenge: &Secret, device: &Id, now: i64) -> bool {
        self.answered = self.answered.split_off(&(now, [0; 32]));
        let end = end_of(&challenge[..8]);
        // Nobody gains by guessing a mark: a challenge has to be signed by its device all the same. An end further off than any that is
        // given out is that of a clock that was put back.
        self.challenge_mark(challenge, device) == challenge[16..]
            && (now..=now + CHALLENGE_SECONDS).contains(&end)
            && now < end
            && self.answered.len() < ANSWERED_MAX
            && self.answered.insert((end, *challenge))
    }

    /// A token for a device, and when it ends, in Unix seconds.
    pub fn open(&self, device: &Id, chance: [u8; 8], now: i64) -> ([u8; TOKEN_BYTES], i64) {
        let end = now + TOKEN_SECONDS;
        let mut token = [0; TOKEN_BYTES];
        token[..16].copy_from_slice(device);
        token[16..24].copy_from_slice(&end.to_be_bytes());
        token[24..32].copy_from_slice(&chance);
        let mark = hmac::sign(&self.marks.0, &statement(b"openpep/token/1", &token[..32]));
        token[32..].copy_from_slice(mark.as_ref());
        (token, end)
    }

    /// The device behind a token. Whether it may still connect is the directory's to say.
    pub fn device(&self, token: &[u8], now: i64) -> Option<Id> {
        let (said, mark) = token.split_first_chunk::<32>()?;
        hmac::verify(&self.marks.0, &statement(b"openpep/token/1", said), mark).ok()?;
        let end = end_of(&said[16..24]);
        (now < end && end <= now + TOKEN_SECONDS).then(|| *said.first_chunk::<16>().unwrap_or(&[0; 16]))
    }

    fn challenge_mark(&self, challenge: &Secret, device: &Id) -> [u8; 16] {
        let said = [&challenge[..16], device].concat();
        let whole = hmac::sign(&self.marks.0, &statement(b"openpep/challenge/1", &said));
        let mut mark = [0; 16];
        mark.copy_from_slice(&whole.as_ref()[..16]);
        mark
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

fn statement(what: &[u8], said: &[u8]) -> Vec<u8> {
    [what, said].concat()
}

fn end_of(bytes: &[u8]) -> i64 {
    bytes.try_into().map_or(0, i64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTTOLINE: Id = [1; 16];
    const ODILE: Id = [2; 16];

    fn sessions(seed: u8) -> Sessions {
        Sessions::new(Marks::of(&Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()))
    }

    #[test]
    fn a_challenge_is_good_once_for_its_device_and_a_minute() {
        let mut sessions = sessions(1);
        let challenge = sessions.challenge(&OTTOLINE, [7; 8], 1_000);
        assert!(!sessions.answer(&challenge, &ODILE, 1_001), "it was another's");
        assert!(sessions.answer(&challenge, &OTTOLINE, 1_059));
        assert!(!sessions.answer(&challenge, &OTTOLINE, 1_059), "it was answered");
        let another = sessions.challenge(&OTTOLINE, [8; 8], 1_000);
        assert!(!sessions.answer(&another, &OTTOLINE, 1_060), "its minute is over");
        assert!(!sessions.answer(&another, &OTTOLINE, 900), "this clock was put back");
    }

    #[test]
    fn no_byte_of_a_challenge_or_a_token_can_be_another() {
        let mut sessions = sessions(1);
        let challenge = sessions.challenge(&OTTOLINE, [7; 8], 1_000);
        for at in 0..challenge.len() {
            let mut altered = challenge;
            altered[at] ^= 1;
            assert!(!sessions.answer(&altered, &OTTOLINE, 1_000), "byte {at}");
        }
        assert!(sessions.answer(&challenge, &OTTOLINE, 1_000));
        let (token, _) = sessions.open(&ODILE, [3; 8], 1_000);
        for at in 0..token.len() {
            let mut altered = token;
            altered[at] ^= 1;
            assert_eq!(sessions.device(&altered, 1_000), None, "byte {at}");
        }
        for length in [0, 1, 31, 32, 63] {
            assert_eq!(sessions.device(&token[..length], 1_000), None);
        }
        assert_eq!(sessions.device(&[&token[..], &[0]].concat(), 1_000), None);
    }

    #[test]
    fn a_token_ends_after_its_hours_and_holds_at_every_relay_with_the_same_key() {
        let (token, end) = sessions(1).open(&ODILE, [9; 8], 1_000);
        let started_again = sessions(1);
        assert_eq!(started_again.device(&token, end - 1), Some(ODILE));
        assert_eq!(started_again.device(&token, end), None);
        assert_eq!(sessions(2).device(&token, 1_000), None, "another relay gave it");
        let challenge = sessions(1).challenge(&ODILE, [7; 8], 1_000);
        assert!(sessions(1).answer(&challenge, &ODILE, 1_001) && !sessions(2).answer(&challenge, &ODILE, 1_001));
    }

    #[test]
    fn what_is_remembered_has_a_bound_and_ends() {
        let mut sessions = sessions(1);
        let mut answer = |n: u64, now: i64| {
            let challenge = sessions.challenge(&ODILE, n.to_be_bytes(), now);
            let answered = sessions.answer(&challenge, &ODILE, now);
            (answered, sessions.answered.len())
        };
        for n in 0..ANSWERED_MAX as u64 {
            assert!(answer(n, 0).0);
        }
        assert_eq!(answer(0, 0), (false, ANSWERED_MAX));
        assert_eq!(answer(1, CHALLENGE_SECONDS + 1), (true, 1), "what has ended is forgotten");
    }

    #[test]
    fn an_address_that_asks_too_often_waits_and_others_do_not() {
        let mut sessions = sessions(1);
        let (school, home) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        assert!((0..BURST).all(|_| sessions.allow(school, 0)));
        assert!(!sessions.allow(school, 0));
        assert!(sessions.allow(home, 0));
        assert!(sessions.allow(school, 1));
    }
}
