//! What a guess costs: a passphrase or a PIN becomes bytes through Argon2id, at a price that is kept beside what comes of it, so that it
//! can rise later.

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What one guess costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// How often it is gone through.
    pub passes: u32,
    /// Threads that could go through it at once.
    pub lanes: u32,
}

/// What a guess at a passphrase or a PIN costs: 64 MiB of memory for a fifth of a second or so of one device, so that guessing needs
/// whole machines, and a laptop of a school still opens its plans before its owner wonders.
pub const COST: Cost = Cost { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
/// What a file or a record may ask for at the most, as a stranger may have made it: four times the memory and passes of [`COST`].
pub const COST_MAX: Cost = Cost { memory_kib: 4 * COST.memory_kib, passes: 4 * COST.passes, lanes: 4 };

/// A cost that is none, or above [`COST_MAX`]. Usual cause: a damaged file, or a newer program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what a guess is said to cost cannot be used")]
pub struct Unusable;

impl Cost {
    /// Whether it is within [`COST_MAX`].
    pub fn is_bearable(self) -> bool {
        self.memory_kib <= COST_MAX.memory_kib && self.passes <= COST_MAX.passes && self.lanes <= COST_MAX.lanes
    }
}

/// The 32 bytes that a secret is worth with this salt. Takes as long as it costs.
pub fn stretch(secret: &[u8], salt: &[u8], cost: Cost) -> Result<Zeroizing<[u8; 32]>, Unusable> {
    if !cost.is_bearable() {
        return Err(Unusable);
    }
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).map_err(|_| Unusable)?;
    let mut bytes = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(secret, salt, bytes.as_mut_slice())
        .map_err(|_| Unusable)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_and_a_salt_always_come_to_the_same_and_others_to_something_else() {
        let cheap = Cost { memory_kib: 8, passes: 1, lanes: 1 };
        let worth = |secret: &[u8], salt: u8, cost| *stretch(secret, &[salt; 16], cost).unwrap();
        let one = worth(b"8305", 1, cheap);
        assert_eq!(one, worth(b"8305", 1, cheap));
        for other in
            [worth(b"8306", 1, cheap), worth(b"8305", 2, cheap), worth(b"8305", 1, Cost { passes: 2, ..cheap })]
        {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_cost_that_would_take_the_machine_is_refused_before_anything_is_spent() {
        for cost in [
            Cost { memory_kib: u32::MAX, ..COST },
            Cost { passes: u32::MAX, ..COST },
            Cost { lanes: u32::MAX, ..COST },
            Cost { memory_kib: 0, passes: 0, lanes: 0 },
        ] {
            assert_eq!(stretch(b"8305", &[1; 16], cost).err(), Some(Unusable), "{cost:?}");
        }
    }
}
