//! Under which number this device writes. Each incarnation is another actor in every document, so a device that cannot prove that it
//! holds the last change it made takes another, and no number of an actor's changes is ever used twice.
//!
//! There are [`INCARNATIONS_MAX`]. One that nothing was written under can be had again; of those that a copy of this folder has used
//! this one hears with the copy's changes. So a number is used up by writing, not by starting.

use gate::{Author, Id, limits::INCARNATIONS_MAX};

use crate::{
    Replica, Result, Trouble,
    cbor::{from_cbor, to_cbor},
    public_key,
};

/// Fact: the number written under.
const NUMBER: &[u8] = b"incarnation";
/// Fact: a bit for each number that something is known to be written under, the lowest first.
const USED: &[u8] = b"incarnations-used";
/// Of how many free numbers one is taken, by chance: so seldom two copies of one folder, which know nothing of each other, take the
/// same. The lowest are taken, for the gate finds these soonest.
const CHOICE: usize = 1_024;

impl Replica {
    /// The number that this device writes under: the one it had, or another, chosen by `chance`, where this folder is not provably
    /// the one it wrote last. On the disk when this returns. [`INCARNATIONS_MAX`] where none is left.
    pub fn incarnation(&mut self, chance: u64) -> Result<u32> {
        let kept = self.kept_incarnation()?;
        if self.is_continuous() { Ok(kept) } else { self.take_another(kept, chance) }
    }

    /// The number that this device had, staged ones included: the first where it had none.
    pub fn kept_incarnation(&self) -> Result<u32> {
        Ok(self.kept_number()?.unwrap_or(0))
    }

    /// Stages the first number of a device that has not written yet.
    pub fn begin_incarnations(&mut self) {
        self.set_fact(NUMBER, Some(&to_cbor(&0u32)));
        self.set_fact(USED, Some(&[]));
    }

    /// From now on this device writes with new actors, under a number chosen by `chance`. On the disk when this returns. Where none is
    /// left it can write nothing more ([`Replica::may_write`]).
    pub fn move_on(&mut self, chance: u64) -> Result<()> {
        let now = match &self.signer {
            Some(signer) => signer.incarnation,
            None => self.kept_incarnation()?,
        };
        let next = self.take_another(now, chance)?;
        self.set_incarnation(next);
        Ok(())
    }

    /// Whether this device has a number to write under.
    pub fn may_write(&self) -> bool {
        self.signer.as_ref().is_some_and(|signer| signer.incarnation < INCARNATIONS_MAX)
    }

    /// Refuses to write where there is no number left.
    pub(crate) fn can_write(&self) -> Result<()> {
        match &self.signer {
            None => Err(Trouble::Unknown),
            Some(_) if self.may_write() => Ok(()),
            Some(_) => Err(Trouble::UsedUp),
        }
    }

    /// Stages that the number of this actor is used, if it is one of this device: by itself, or by a copy of its folder.
    pub(crate) fn use_own(&mut self, doc: &Id, actor: &Id, author: &Author) -> Result<()> {
        let Some(signer) = &self.signer else { return Ok(()) };
        if author.key != public_key(&signer.key) || author.person != signer.person {
            return Ok(());
        }
        let now = signer.incarnation;
        let is_now = gate::actor_id(doc, &author.key, &author.person, now) == *actor;
        let number = if is_now { Some(now) } else { gate::incarnation_of(doc, actor, author) };
        let mut used = self.used()?;
        if number.is_some_and(|number| used.add(number)) {
            self.set_fact(USED, Some(&used.0));
        }
        Ok(())
    }

    fn kept_number(&self) -> Result<Option<u32>> {
        Ok(self.fact(NUMBER)?.map(|kept| from_cbor(&kept)).transpose()?)
    }

    fn used(&self) -> Result<Used> {
        Ok(match (self.fact(USED)?, self.kept_number()?) {
            (Some(kept), _) => Used(kept),
            // A version that only ever went up: everything below may be used.
            (None, Some(number)) => Used::up_to(number),
            (None, None) => Used::default(),
        })
    }

    fn take_another(&mut self, now: u32, chance: u64) -> Result<u32> {
        let used = self.used()?;
        let next = used.free(now, chance).unwrap_or(INCARNATIONS_MAX);
        self.set_fact(NUMBER, Some(&to_cbor(&next)));
        self.set_fact(USED, Some(&used.0));
        self.commit()?;
        Ok(next)
    }
}

/// Numbers that something is known to be written under.
#[derive(Debug, Default, PartialEq, Eq)]
struct Used(Vec<u8>);

impl Used {
    fn up_to(last: u32) -> Used {
        let mut used = Used::default();
        for number in 0..=last.min(INCARNATIONS_MAX - 1) {
            used.add(number);
        }
        used
    }

    fn has(&self, number: u32) -> bool {
        self.0.get(number as usize / 8).is_some_and(|byte| byte & (1 << (number % 8)) != 0)
    }

    /// `false` where it is there already, or is none.
    fn add(&mut self, number: u32) -> bool {
        if self.has(number) || number >= INCARNATIONS_MAX {
            return false;
        }
        let at = number as usize / 8;
        if self.0.len() <= at {
            self.0.resize(at + 1, 0);
        }
        self.0.get_mut(at).into_iter().for_each(|byte| *byte |= 1 << (number % 8));
        true
    }

    /// One of the lowest free numbers, and not `now`, which a copy of this folder may be writing under.
    fn free(&self, now: u32, chance: u64) -> Option<u32> {
        let free = (0..INCARNATIONS_MAX).filter(|number| !self.has(*number) && *number != now);
        let free: Vec<u32> = free.take(CHOICE).collect();
        free.get(usize::try_from(chance % free.len().max(1) as u64).ok()?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_used_is_never_taken_and_every_other_can_be() {
        let mut used = Used::default();
        assert!(used.add(3) && !used.add(3) && used.has(3) && !used.has(4));
        let taken: Vec<Option<u32>> = (0..4).map(|chance| used.free(0, chance)).collect();
        assert_eq!(taken, [Some(1), Some(2), Some(4), Some(5)]);
        assert_eq!(used.free(0, CHOICE as u64), Some(1), "chance chooses among {CHOICE}");
        assert_eq!(used.free(0, CHOICE as u64 - 1), Some(CHOICE as u32 + 1));

        let mut used = Used::up_to(INCARNATIONS_MAX - 3);
        assert_eq!((used.free(0, 0), used.free(0, 1)), (Some(INCARNATIONS_MAX - 2), Some(INCARNATIONS_MAX - 1)));
        assert!(used.add(INCARNATIONS_MAX - 1) && !used.add(INCARNATIONS_MAX));
        assert_eq!(used.free(INCARNATIONS_MAX - 2, 7), None);
        assert_eq!(Used::up_to(u32::MAX).free(0, 0), None);
        assert_eq!(Used::up_to(u32::MAX).0.len(), INCARNATIONS_MAX as usize / 8, "so large, and no larger");
    }
}
