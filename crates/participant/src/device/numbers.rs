//! The numbers (incarnations) that this device writes under: another where it is no longer proved that it holds what it wrote last,
//! and what is said and done where there is none left.

use std::collections::BTreeSet;

use gate::{Hash, Id};
use replica::Trouble;

use super::{Device, facts::cbor, state::Why};

impl Device {
    /// From now on this device writes with new actors. `false` where no number is left to write under.
    pub(super) fn move_on(&mut self) -> Result<bool, Trouble> {
        let chance = self.draw();
        self.replica.move_on(chance)?;
        Ok(self.replica.may_write())
    }

    /// A document's own changes have to be written again, and cannot be: they stay where they are, said and not offered again.
    pub(super) fn hold_where_it_is(
        &mut self,
        doc: &Id,
        own: &BTreeSet<Hash>,
        (code, detail): (&str, &str),
        now: i64,
    ) -> Result<(), Trouble> {
        let why = cbor(&Why { code: code.into(), detail: detail.into(), at: now });
        for hash in own {
            self.replica.hold(doc, hash, &why)?;
        }
        self.used_up(doc);
        Ok(())
    }

    /// Says that no number is left, and leaves the document alone on this connection.
    pub(super) fn used_up(&mut self, doc: &Id) {
        self.words.push(Trouble::UsedUp.to_string());
        self.leave_alone(*doc);
    }

    /// An evenly spread number that follows from the one given at the start: SplitMix64.
    fn draw(&mut self) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.chance ^ (self.chance >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Refusals that mean: this device once wrote something that this copy of its files does not have.
pub(super) fn is_own_past(code: &str) -> bool {
    matches!(code, "equivocation" | "sequence" | "chain")
}
