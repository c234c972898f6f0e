//! The incarnations that this device writes under: another where it is no longer proved that it holds what it wrote last.

use replica::Trouble;

use super::Device;

impl Device {
    /// From now on this device writes with new actors.
    pub(super) fn move_on(&mut self) -> Result<(), Trouble> {
        let fresh = self.chance.draw();
        self.replica.move_on(fresh)
    }
}

/// Refusals that mean: this device once wrote something that this copy of its files does not have.
pub(super) fn is_own_past(code: &str) -> bool {
    matches!(code, "equivocation" | "sequence" | "chain")
}
