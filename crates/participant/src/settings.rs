//! What this person has chosen for this device: how the pages behave, whether a child has it now, and the PIN that takes it back.
//! Kept as facts of the home folder, not in a cookie: they hold for every browser, and outlive it and the program.

use std::num::NonZeroU32;

use replica::Trouble;
use ring::pbkdf2::{self, PBKDF2_HMAC_SHA256};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    device::Device,
    idle::IDLE_MINUTES,
    stretch::{COST, Cost, Unusable, stretch},
};

const SETTINGS: &str = "settings";
/// The PIN.
const PIN: &str = "pin/argon2";
/// The PIN as versions before Argon2 kept it.
const OLD_PIN: &str = "pin";
const TRIES: &str = "pin/tries";
const GIVEN: &str = "given";

/// Digits of a PIN: a child remembers fewer than four by watching, and an adult does not remember more than eight.
const PIN_DIGITS: std::ops::RangeInclusive<usize> = 4..=8;
/// Wrong PINs that cost no wait: people mistype.
const FREE_TRIES: u32 = 3;
/// The wait after the next wrong PIN, in seconds; each further one doubles it.
const FIRST_WAIT: i64 = 15;
/// The longest wait, in seconds: who has the right PIN at last must not be kept out of a meeting.
const LONGEST_WAIT: i64 = 15 * 60;

/// How the pages behave on this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Whether a screen reader is told what others do while one writes.
    pub announce: bool,
    /// Whether other people's changes wait while one writes, until one says otherwise on the page.
    pub pause: bool,
    /// How large the text is.
    pub text: TextSize,
    /// Minutes without a request from a person after which the pages lock, where a passphrase guards the device.
    pub idle_minutes: u16,
}

/// How large the text of the pages is. The browser's own zoom works beside it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TextSize {
    /// As GOV.UK has it.
    #[default]
    Usual,
    /// A quarter larger.
    Large,
    /// Half as large again.
    Larger,
}

/// A PIN, as it is kept: nobody can read it back, and a guess at it costs what one at a passphrase does. It keeps a child out of the
/// pages; what keeps a thief out of the folder is the device's own encryption.
#[derive(Clone, Serialize, Deserialize)]
pub struct Pin {
    cost: Cost,
    salt: [u8; 16],
    hash: [u8; 32],
}

/// A PIN as versions before Argon2 kept it: through rounds of PBKDF2 with SHA-256. It opens still, and then is kept anew.
#[derive(Clone, Serialize, Deserialize)]
pub struct OldPin {
    salt: [u8; 16],
    rounds: NonZeroU32,
    hash: [u8; 32],
}

/// The PIN of a device, in the form that it has there.
#[derive(Clone)]
pub enum KeptPin {
    /// As it is kept today.
    Pin(Pin),
    /// As it was kept once.
    Old(OldPin),
}

/// Wrong PINs since the last right one.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Tries {
    wrong: u32,
    /// When the last of them was counted, in Unix seconds.
    last: i64,
}

/// Why a PIN does not become the device's PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPin {
    /// Not 4 to 8 digits.
    #[error("The PIN must be 4 to 8 digits")]
    Digits,
    /// What anybody tries first.
    #[error("Choose a PIN that is harder to guess than 1234 or 0000")]
    Guessable,
    /// Nothing could be made of it. A fault of this program.
    #[error("The PIN could not be kept")]
    Unusable,
}

/// Why a PIN that was entered is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotThePin {
    /// None has been set.
    #[error("No PIN has been set on this device")]
    None,
    /// It is another one. `wait`: seconds until the next can be tried.
    #[error("That is not the PIN{}", then(*wait))]
    Wrong {
        /// In seconds.
        wait: i64,
    },
    /// Too many were wrong: this one was not looked at.
    #[error("The PIN was wrong too often{}", then(*wait))]
    TooSoon {
        /// In seconds.
        wait: i64,
    },
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { announce: true, pause: false, text: TextSize::Usual, idle_minutes: IDLE_MINUTES }
    }
}

impl Settings {
    /// Those of this device.
    pub fn of(device: &Device) -> Result<Settings, Trouble> {
        Ok(device.kept(SETTINGS)?.unwrap_or_default())
    }

    /// Makes them this device's. On the disk when this returns.
    pub fn keep(self, device: &mut Device) -> Result<(), Trouble> {
        device.keep(SETTINGS, Some(&self))
    }
}

impl TextSize {
    /// All of them, the smallest first.
    pub const ALL: [TextSize; 3] = [TextSize::Usual, TextSize::Large, TextSize::Larger];

    /// Its word in forms and in the class of a page.
    pub fn word(self) -> &'static str {
        match self {
            TextSize::Usual => "usual",
            TextSize::Large => "large",
            TextSize::Larger => "larger",
        }
    }
}

/// Child mode: the device is with a child, and the pages show that child's own questions and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildMode {
    /// The plan whose questions they are.
    pub pep: Uuid,
}

impl ChildMode {
    /// To which child's plan the device was given; `None` where it is with its owner.
    pub fn of(device: &Device) -> Result<Option<ChildMode>, Trouble> {
        // What cannot be read is no way out.
        let given = device.is_kept(GIVEN)?.then(|| device.kept(GIVEN)).transpose()?;
        Ok(given.map(|kept| kept.unwrap_or(ChildMode { pep: Uuid::nil() })))
    }

    /// Gives the device to the child, or takes it back. On the disk when this returns.
    pub fn keep(device: &mut Device, child_mode: Option<ChildMode>) -> Result<(), Trouble> {
        device.keep(GIVEN, child_mode.as_ref())
    }
}

impl Pin {
    /// Makes a PIN of what was entered. `salt`: random, for this PIN alone. Takes some tenths of a second.
    pub fn new(digits: &str, salt: [u8; 16]) -> Result<Pin, BadPin> {
        if !PIN_DIGITS.contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(BadPin::Digits);
        }
        let steps: Vec<i16> =
            digits.as_bytes().windows(2).map(|pair| i16::from(pair[1]) - i16::from(pair[0])).collect();
        if [-1, 0, 1].iter().any(|step| steps.iter().all(|other| other == step)) {
            return Err(BadPin::Guessable);
        }
        Pin::made(digits, salt).map_err(|_| BadPin::Unusable)
    }

    fn made(digits: &str, salt: [u8; 16]) -> Result<Pin, Unusable> {
        Ok(Pin { cost: COST, salt, hash: *stretch(digits.as_bytes(), &salt, COST)? })
    }

    /// Whether this is the PIN. Takes some tenths of a second, whether it is or not.
    pub fn is(&self, digits: &str) -> bool {
        let made = stretch(digits.as_bytes(), &self.salt, self.cost);
        // In a time that does not tell how much was right.
        made.is_ok_and(|made| made.iter().zip(&self.hash).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0)
    }

    /// Whether this device has one.
    pub fn is_set(device: &Device) -> Result<bool, Trouble> {
        Ok(KeptPin::of(device)?.is_some())
    }

    /// Makes it this device's; wrong ones are forgotten. On the disk when this returns.
    pub fn keep(&self, device: &mut Device) -> Result<(), Trouble> {
        device.keep(PIN, Some(self))?;
        // Only once the new one is on the disk: between the two, both open.
        if device.is_kept(OLD_PIN)? {
            device.keep::<OldPin>(OLD_PIN, None)?;
        }
        Pin::was_right(device)
    }

    /// Puts it in the place of the same PIN in its old form, which was entered; where another has been set meanwhile, that stays.
    pub fn renew(&self, device: &mut Device) -> Result<(), Trouble> {
        match KeptPin::of(device)? {
            Some(KeptPin::Old(_)) => self.keep(device),
            Some(KeptPin::Pin(_)) | None => Pin::was_right(device),
        }
    }

    /// Counts a try before anybody knows whether it is right, so that neither ending the program nor asking many times at once
    /// gives tries away. The PIN to compare with. `now` in Unix seconds.
    pub fn count_try(device: &mut Device, now: i64) -> Result<Result<KeptPin, NotThePin>, Trouble> {
        let Some(pin) = KeptPin::of(device)? else { return Ok(Err(NotThePin::None)) };
        let mut tries: Tries = device.kept(TRIES)?.unwrap_or_default();
        let wait = tries.wait(now);
        if wait > 0 {
            return Ok(Err(NotThePin::TooSoon { wait }));
        }
        tries = Tries { wrong: tries.wrong.saturating_add(1), last: now };
        device.keep(TRIES, Some(&tries))?;
        Ok(Ok(pin))
    }

    /// The try that was counted last was right.
    pub fn was_right(device: &mut Device) -> Result<(), Trouble> {
        device.keep::<Tries>(TRIES, None)
    }

    /// Why the try that was counted last was not taken.
    pub fn was_wrong(device: &Device) -> Result<NotThePin, Trouble> {
        let tries: Tries = device.kept(TRIES)?.unwrap_or_default();
        Ok(NotThePin::Wrong { wait: tries.wait(tries.last) })
    }
}

impl KeptPin {
    /// That of this device.
    fn of(device: &Device) -> Result<Option<KeptPin>, Trouble> {
        Ok(match device.kept(PIN)? {
            Some(pin) => Some(KeptPin::Pin(pin)),
            None => device.kept(OLD_PIN)?.map(KeptPin::Old),
        })
    }

    /// Whether this is the PIN. Takes some tenths of a second, whether it is or not.
    pub fn is(&self, digits: &str) -> bool {
        match self {
            KeptPin::Pin(pin) => pin.is(digits),
            KeptPin::Old(OldPin { salt, rounds, hash }) => {
                pbkdf2::verify(PBKDF2_HMAC_SHA256, *rounds, salt, digits.as_bytes(), hash).is_ok()
            }
        }
    }

    /// The PIN in today's form, of the digits that were right; none where it has it already. `salt`: random, for this PIN alone.
    /// Takes some tenths of a second.
    pub fn renewed(&self, digits: &str, salt: [u8; 16]) -> Option<Pin> {
        match self {
            KeptPin::Pin(_) => None,
            KeptPin::Old(_) => Pin::made(digits, salt).ok(),
        }
    }
}

impl Tries {
    /// Seconds until another can be tried. A clock that was set back makes nobody wait longer than the longest wait.
    fn wait(self, now: i64) -> i64 {
        let doublings = match self.wrong.checked_sub(FREE_TRIES) {
            None => return 0,
            Some(doublings) => doublings.min(16),
        };
        let whole = (FIRST_WAIT << doublings).min(LONGEST_WAIT);
        (self.last.saturating_add(whole).saturating_sub(now)).clamp(0, whole)
    }
}

/// `. You can try again in 30 seconds`; nothing where there is no wait.
fn then(wait: i64) -> String {
    match wait {
        ..=0 => String::new(),
        1 => ". You can try again in 1 second".to_owned(),
        2..=90 => format!(". You can try again in {wait} seconds"),
        _ => format!(". You can try again in {} minutes", (wait + 59) / 60),
    }
}

#[cfg(test)]
mod tests {
    use replica::{Mode, Replica, memory::Memory};

    use super::*;

    #[test]
    fn a_pin_is_known_again_and_nothing_of_it_is_kept() {
        let pin = Pin::new("8305", [1; 16]).unwrap();
        assert!(pin.is("8305") && !pin.is("8306") && !pin.is("") && !pin.is("08305"));
        let kept = sync::cbor::to_cbor(&pin);
        assert!(!kept.windows(4).any(|bytes| bytes == b"8305"));
        assert_ne!(Pin::new("8305", [2; 16]).unwrap().hash, pin.hash);
    }

    #[test]
    fn a_pin_as_it_was_kept_once_opens_still_and_is_kept_anew_when_it_does() {
        let rounds = NonZeroU32::new(1_000).unwrap();
        let mut hash = [0; 32];
        pbkdf2::derive(PBKDF2_HMAC_SHA256, rounds, &[7; 16], b"8305", &mut hash);
        let old = KeptPin::Old(OldPin { salt: [7; 16], rounds, hash });
        assert!(old.is("8305") && !old.is("8306"));
        let new = old.renewed("8305", [1; 16]).unwrap();
        assert!(new.is("8305") && !new.is("8306") && new.cost == COST);
        assert!(KeptPin::Pin(new).renewed("8305", [2; 16]).is_none(), "once is enough");
    }

    #[test]
    fn the_right_entry_of_an_old_pin_puts_the_new_form_in_its_place_and_a_wrong_one_nothing() {
        let mut chance = 0_u8;
        let random = move |bytes: &mut [u8]| {
            bytes.iter_mut().for_each(|byte| {
                chance = chance.wrapping_mul(31).wrapping_add(7);
                *byte = chance;
            });
        };
        let disk = Memory::new(Box::new(random)).open().unwrap();
        let replica = Replica::open(Box::new(disk), Mode::Participant).unwrap().0;
        let mut device = Device::open(replica, plan::Processes::built_in().clone(), None, [1; 16]).unwrap();
        let old = |digits: &str| {
            let rounds = NonZeroU32::new(1_000).unwrap();
            let mut hash = [0; 32];
            pbkdf2::derive(PBKDF2_HMAC_SHA256, rounds, &[7; 16], digits.as_bytes(), &mut hash);
            OldPin { salt: [7; 16], rounds, hash }
        };
        // What a host does with the digits that somebody entered.
        let enter = |device: &mut Device, digits: &str, now: i64| {
            let pin = Pin::count_try(device, now).unwrap().unwrap();
            let right = pin.is(digits);
            match pin.renewed(digits, [1; 16]).filter(|_| right) {
                Some(new) => new.renew(device).unwrap(),
                None if right => Pin::was_right(device).unwrap(),
                None => {}
            }
            right
        };
        let forms = |device: &Device| (device.is_kept(OLD_PIN).unwrap(), device.is_kept(PIN).unwrap());
        device.keep(OLD_PIN, Some(&old("8305"))).unwrap();
        assert!(Pin::is_set(&device).unwrap() && !enter(&mut device, "8306", 100));
        assert_eq!(forms(&device), (true, false));
        assert!(enter(&mut device, "8305", 200));
        assert_eq!((forms(&device), device.is_kept(TRIES).unwrap()), ((false, true), false));
        assert!(!enter(&mut device, "8306", 300) && enter(&mut device, "8305", 400));
        // Another that was set meanwhile stays.
        let late = KeptPin::Old(old("8305")).renewed("8305", [2; 16]).unwrap();
        Pin::new("61730", [3; 16]).unwrap().keep(&mut device).unwrap();
        late.renew(&mut device).unwrap();
        assert!(!enter(&mut device, "8305", 500) && enter(&mut device, "61730", 600));
    }

    #[test]
    fn a_pin_that_is_said_to_cost_more_than_a_machine_has_opens_nothing() {
        let pin = Pin::new("8305", [1; 16]).unwrap();
        let cost = Cost { memory_kib: u32::MAX, ..COST };
        assert!(!Pin { cost, ..pin }.is("8305"));
    }

    #[test]
    fn what_is_no_pin_or_what_anybody_tries_first_is_refused() {
        for words in ["", "123", "123456789", "12 34", "１２３４", "abcd", "-123"] {
            assert_eq!(Pin::new(words, [0; 16]).err(), Some(BadPin::Digits), "{words}");
        }
        for words in ["0000", "1234", "4321", "99999999", "456789"] {
            assert_eq!(Pin::new(words, [0; 16]).err(), Some(BadPin::Guessable), "{words}");
        }
    }

    #[test]
    fn each_wrong_pin_makes_the_next_wait_longer_up_to_a_quarter_of_an_hour() {
        let wait = |wrong, passed: i64| Tries { wrong, last: 1_000 }.wait(1_000 + passed);
        assert_eq!([0, 1, 2, 3, 4, 5].map(|wrong| wait(wrong, 0)), [0, 0, 0, 15, 30, 60]);
        assert_eq!([8, 9, 10, 40, u32::MAX].map(|wrong| wait(wrong, 0)), [480, 900, 900, 900, 900]);
        assert_eq!((wait(3, 14), wait(3, 15), wait(3, -5_000)), (1, 0, 15));
        assert_eq!(then(900), ". You can try again in 15 minutes");
    }
}
