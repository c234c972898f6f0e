//! The moment and chance: read here, handed on as arguments.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{NaiveDate, NaiveDateTime};
use ring::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

/// Now, in Unix seconds, as this device believes.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
}

/// The same in milliseconds.
pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

/// Day and time, by this device's clock and time zone.
pub fn local() -> NaiveDateTime {
    chrono::Local::now().naive_local()
}

/// Today, by this device's clock and time zone.
pub fn day() -> NaiveDate {
    local().date()
}

/// Today, `YYYY-MM-DD`, as the roster writes days.
pub fn today() -> String {
    day().format("%Y-%m-%d").to_string()
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
