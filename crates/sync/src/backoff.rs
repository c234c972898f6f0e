//! When to try again: full jitter, so that a town's laptops do not come back in the same second.

/// Shortest ceiling of a wait, in milliseconds.
pub const FIRST_MS: u64 = 500;
/// Longest wait, in milliseconds: a school that gets its line back should not wait longer than a minute.
pub const LONGEST_MS: u64 = 60_000;

/// Milliseconds to wait before attempt `attempt` (from 0): evenly spread between 0 and a ceiling that doubles.
/// `chance` is any evenly spread number; `at_least` is what the relay asked for.
pub fn wait_ms(attempt: u32, chance: u64, at_least: u64) -> u64 {
    let ceiling = FIRST_MS.saturating_mul(1 << attempt.min(16)).min(LONGEST_MS);
    at_least.min(10 * LONGEST_MS) + chance % (ceiling + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_spread_over_the_whole_ceiling_and_never_pass_it() {
        for attempt in 0..40 {
            let waits: Vec<u64> = (0..1_000u64).map(|i| wait_ms(attempt, i * 7_919, 0)).collect();
            let ceiling = (FIRST_MS << attempt.min(16)).min(LONGEST_MS);
            assert!(waits.iter().all(|w| *w <= ceiling));
            assert!(waits.iter().any(|w| *w < ceiling / 4) && waits.iter().any(|w| *w > ceiling / 4 * 3));
        }
    }

    #[test]
    fn a_relay_that_asks_for_time_gets_it() {
        assert!(wait_ms(0, 0, 2_000) >= 2_000);
        assert!(wait_ms(3, u64::MAX, u64::MAX) <= 11 * LONGEST_MS);
    }
}
