//! The moment, the time zone and chance: read here, once for each turn, and handed on as arguments.

use std::{
    io,
    sync::OnceLock,
    time::{SystemTime, UNIX_EPOCH},
};

use participant::{Now, Zone};
use ring::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

/// The moment, as this device believes, and the zone in which its person reads it.
pub fn now() -> Now {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now { ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX), zone: zone() }
}

/// The zone that TZ names, else the computer's; England's where neither is one that the table knows.
fn zone() -> Zone {
    static ZONE: OnceLock<Zone> = OnceLock::new();
    *ZONE.get_or_init(|| {
        let named = std::env::var("TZ").ok().and_then(|name| name.trim_start_matches(':').parse().ok());
        let system = || iana_time_zone::get_timezone().ok().and_then(|name| name.parse().ok());
        named.or_else(system).unwrap_or(Zone::Europe__London)
    })
}

/// Bytes from the system's randomness: everything that this program draws comes from here.
pub fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| io::Error::other("this computer gives no random numbers"))?;
    Ok(bytes)
}

/// An evenly spread number.
pub fn chance() -> u64 {
    // Without randomness a wait is not spread; everything that must be secret asks for itself and fails.
    u64::from_le_bytes(random().unwrap_or_default())
}

/// A fresh id for a child, a target, a row or a comment.
pub fn fresh_id() -> Uuid {
    // One that is not random could be somebody else's: rather none, and nothing written.
    let bytes = random().unwrap_or_else(|e| panic!("{e}"));
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
