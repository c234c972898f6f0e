//! When a device that a passphrase guards asks for it again: after some minutes in which no person asked its pages for anything.
//! Pure: the moment is an argument.

/// Minutes without a request from a person after which the pages lock, unless another number is chosen: longer than people read a
/// page or listen in a meeting without touching it, shorter than they are away when they leave a room.
pub const IDLE_MINUTES: u16 = 15;
/// What may be chosen, in minutes: a shorter time would lock while somebody reads, a longer one is none for a device in a school.
pub const IDLE_MINUTES_CHOICES: [u16; 4] = [5, IDLE_MINUTES, 30, 60];

const MINUTE_MS: u64 = 60_000;

/// Whether the pages are locked.
#[derive(Debug)]
pub struct Idle {
    /// Whether there is a passphrase that unlocks.
    guarded: bool,
    locked: bool,
    /// When a person last asked for something.
    last_ms: u64,
    after_ms: u64,
}

impl Idle {
    /// Unlocked at this moment, in Unix milliseconds.
    pub fn new(guarded: bool, minutes: u16, now_ms: u64) -> Idle {
        Idle { guarded, locked: false, last_ms: now_ms, after_ms: after_ms(minutes) }
    }

    /// A person asks for something: whether they may have it without the passphrase.
    pub fn came(&mut self, now_ms: u64) -> bool {
        let open = !self.is_locked(now_ms);
        if open {
            self.last_ms = now_ms;
        }
        open
    }

    /// Whether the passphrase is needed. Once it is, only [`Idle::unlock`] ends that.
    pub fn is_locked(&mut self, now_ms: u64) -> bool {
        // The clock goes on while a computer sleeps. One that was set back far does not show that nobody was away.
        self.locked |= self.guarded && now_ms.abs_diff(self.last_ms) >= self.after_ms;
        self.locked
    }

    /// Locks now, where there is a passphrase.
    pub fn lock(&mut self) {
        self.locked = self.guarded;
    }

    /// The passphrase was given.
    pub fn unlock(&mut self, now_ms: u64) {
        (self.locked, self.last_ms) = (false, now_ms);
    }

    /// There is a passphrase from now on, or none. Whoever changes that has given the one so far.
    pub fn guard(&mut self, guarded: bool, now_ms: u64) {
        self.guarded = guarded;
        self.unlock(now_ms);
    }

    /// Locks after so many minutes from now on; what may not be chosen stands for the nearest that may.
    pub fn after(&mut self, minutes: u16) {
        self.after_ms = after_ms(minutes);
    }

    /// Whether there is a passphrase that unlocks.
    pub fn is_guarded(&self) -> bool {
        self.guarded
    }
}

fn after_ms(minutes: u16) -> u64 {
    let [least, .., most] = IDLE_MINUTES_CHOICES;
    u64::from(minutes.clamp(least, most)) * MINUTE_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGAN: u64 = 1_772_114_700_000;

    fn at(minutes: u64) -> u64 {
        BEGAN + minutes * MINUTE_MS
    }

    #[test]
    fn pages_lock_after_a_quarter_of_an_hour_without_a_person_and_stay_locked_until_the_passphrase_comes() {
        let mut idle = Idle::new(true, IDLE_MINUTES, BEGAN);
        assert!(idle.came(at(14)) && idle.came(at(28)), "whoever works on is not asked");
        assert!(!idle.is_locked(at(43) - 1));
        assert!(idle.is_locked(at(43)));
        assert!(!idle.came(at(43)) && !idle.came(at(44)), "asking again opens nothing");
        idle.unlock(at(45));
        assert!(idle.came(at(59)) && !idle.came(at(74)));
    }

    #[test]
    fn a_request_that_comes_too_late_locks_by_itself_and_a_clock_set_back_opens_nothing() {
        let mut idle = Idle::new(true, IDLE_MINUTES, BEGAN);
        assert!(!idle.came(at(15)), "nobody looked meanwhile");
        assert!(idle.is_locked(BEGAN));
        let mut idle = Idle::new(true, IDLE_MINUTES, BEGAN);
        assert!(idle.came(BEGAN - MINUTE_MS) && !idle.came(BEGAN - 60 * MINUTE_MS));
    }

    #[test]
    fn without_a_passphrase_nothing_locks_and_with_one_a_person_can_lock_at_once() {
        let mut idle = Idle::new(false, IDLE_MINUTES, BEGAN);
        idle.lock();
        assert!(idle.came(at(600)));
        idle.guard(true, at(600));
        assert!(idle.came(at(614)));
        idle.lock();
        assert!(!idle.came(at(614)));
        idle.guard(false, at(615));
        assert!(idle.came(at(6_000)));
    }

    #[test]
    fn the_time_that_is_chosen_is_bounded() {
        for (chosen, minutes) in [(0, 5), (5, 5), (15, 15), (60, 60), (u16::MAX, 60)] {
            let mut idle = Idle::new(true, IDLE_MINUTES, BEGAN);
            idle.after(chosen);
            assert!(!idle.is_locked(at(minutes) - 1) && idle.is_locked(at(minutes)), "{chosen}");
        }
    }
}
