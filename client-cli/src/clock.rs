//! The moment and chance: read here, handed on as arguments.

use std::time::{SystemTime, UNIX_EPOCH};

use ring::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

/// Now, in Unix seconds, as this device believes.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
}

/// Today, `YYYY-MM-DD`, by this device's clock and time zone.
pub fn today() -> String {
    chrono::Local::now().format("%Y-%m-%d").to_string()
}

/// An evenly spread number.
pub fn chance() -> u64 {
    let mut bytes = [0; 8];
    // Without randomness a wait is not spread; everything that must be secret asks for itself and fails.
    let _ = SystemRandom::new().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// A fresh id for a child, a target, a row or a comment.
pub fn fresh_id() -> Uuid {
    Uuid::new_v4()
}
