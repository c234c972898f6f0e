//! How a home folder's key is come by.
//!
//! The home key is random and wrapped in *slots*, any of which opens it: a passphrase through Argon2id; what the system's keyring
//! remembers of it; or, where nobody gave a passphrase, a private file beside it, and then the computer's own protection is all that
//! guards it. The slots lie in the file `unlock`, with the cost of the passphrase's slot, so that it can rise later.

use participant::{
    error::{Error, JOIN_AGAIN, Kind},
    stretch::{self, COST, Cost},
};
use std::{io, path::Path, sync::Arc, time::Duration};

use disk::{destroy, read_kept, write_kept};
use replica::{Key, Secret};
use serde::{Deserialize, Serialize};
use sync::cbor::{from_cbor, to_cbor};

use crate::{clock, remember};

/// The slots.
pub const SLOTS: &str = "unlock";
/// The key of the slot for whoever can read this user's files.
pub const FILE_KEY: &str = "home.key";
/// How often a wrong passphrase was given.
const TRIES: &str = "unlock.tries";
/// Version of the slots' file.
const VERSION: u32 = 1;
/// Characters of a passphrase: fewer are soon guessed, whatever a guess costs; more come from a file taken by mistake.
pub const PASSPHRASE_CHARS_MIN: usize = 10;
const PASSPHRASE_CHARS_MAX: usize = 1_000;
/// Wrong passphrases before each further one has to wait: people mistype.
const FREE_TRIES: u32 = 3;
/// The longest wait after a wrong passphrase, in seconds: it slows down whoever guesses at the keyboard, and never locks anybody out.
const WAIT_SECONDS_MAX: i64 = 30;

/// What guards a home's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Whoever can read this user's files can read the plans.
    Computer,
    /// A passphrase.
    Passphrase {
        /// Whether the system's keyring remembers it for this user.
        remembered: bool,
    },
}

/// Why a home stays locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// A passphrase guards it, and none was given.
    #[error("These plans are locked with a passphrase.")]
    Locked,
    /// Another one was given.
    #[error("That is not the passphrase of these plans. Nothing was changed.")]
    Wrong,
    /// Too many wrong ones, too fast.
    #[error("The passphrase was wrong several times. Wait {seconds} seconds, then try again.")]
    Wait {
        /// How long.
        seconds: i64,
    },
    /// A passphrase that cannot be one.
    #[error(
        "A passphrase has {PASSPHRASE_CHARS_MIN} characters or more, and at most {PASSPHRASE_CHARS_MAX}. Three words that do not belong together are good."
    )]
    Unfit,
    /// A file without which the home cannot be opened. Usual cause: a damaged disk, or a folder that was not copied whole.
    #[error(
        "The file {0} in this program's folder is missing or damaged, and the plans in it cannot be read without it."
    )]
    Lost(&'static str),
    /// Written by a newer version.
    #[error(
        "This folder was written by a newer version of the program. Install that version again; nothing was changed."
    )]
    Newer,
    /// The disk, or a computer without randomness.
    #[error("A file in this program's folder could not be read or written ({0}).")]
    Io(#[from] io::Error),
}

#[derive(Serialize, Deserialize)]
struct Slots {
    version: u32,
    slots: Vec<Slot>,
}

/// A way to the home key; `wrapped` is the home key, sealed.
#[derive(Serialize, Deserialize)]
enum Slot {
    Passphrase {
        cost: Cost,
        #[serde(with = "serde_bytes")]
        salt: Vec<u8>,
        #[serde(with = "serde_bytes")]
        wrapped: Vec<u8>,
    },
    Keyring {
        #[serde(with = "serde_bytes")]
        wrapped: Vec<u8>,
    },
    File {
        #[serde(with = "serde_bytes")]
        wrapped: Vec<u8>,
    },
}

#[derive(Default, Serialize, Deserialize)]
struct Tries {
    wrong: u32,
    /// When the last one was, in Unix seconds.
    at: i64,
}

/// The key of a home; made, with its first slot, where there is none. `passphrase`: what was given, if anything was. Where one is
/// needed and none was given, what the system's keyring remembers; then `ask` is called, until it gives none or the right one. Before
/// a wait, `wait` is called with its seconds.
pub fn open(
    home: &Path,
    passphrase: Option<&Secret>,
    wait: impl Fn(i64),
    mut ask: impl FnMut() -> Option<Secret>,
) -> Result<Arc<Key>, LockError> {
    let slots = match read_slots(home)? {
        Some(slots) => slots,
        None => return begin(home, passphrase, COST),
    };
    if let Some(wrapped) = slots.iter().find_map(Slot::file) {
        return file_key(home)?.and_then(|with| unwrap(&with, "file", wrapped)).ok_or(LockError::Lost(FILE_KEY));
    }
    // Left where setting a passphrase was cut short.
    destroy(&home.join(FILE_KEY))?;
    if let Some(given) = passphrase {
        return try_passphrase(home, &slots, given, clock::now().unix(), Some(&wait));
    }
    if let Some(key) = recall(home, &slots) {
        return Ok(key);
    }
    let remembered = slots.iter().find_map(Slot::keyring);
    let mut asked = ask().ok_or(LockError::Locked)?;
    loop {
        match try_passphrase(home, &slots, &asked, clock::now().unix(), Some(&wait)) {
            Err(LockError::Wrong) => asked = ask().ok_or(LockError::Wrong)?,
            Err(e) => return Err(e),
            Ok(key) => {
                if remembered.is_some() {
                    // The system forgets, some at every start; whoever wished to be remembered still does.
                    write_slots(home, &remembering(home, &key, slots)?)?;
                }
                return Ok(key);
            }
        }
    }
}

/// Whether this is the home's passphrase; `now` in Unix seconds. Says at once that there is a wait, and does not wait.
pub fn check(home: &Path, passphrase: &Secret, now: i64) -> Result<(), LockError> {
    let slots = read_slots(home)?.ok_or(LockError::Lost(SLOTS))?;
    try_passphrase(home, &slots, passphrase, now, None).map(drop)
}

/// Whether whoever comes could open the home by themselves: with this passphrase, or where the system's keyring remembers one.
pub fn admit(home: &Path, passphrase: Option<&Secret>, now: i64) -> Result<(), LockError> {
    if let Some(passphrase) = passphrase {
        return check(home, passphrase, now);
    }
    let slots = read_slots(home)?.ok_or(LockError::Lost(SLOTS))?;
    recall(home, &slots).map(drop).ok_or(LockError::Locked)
}

/// The key by what the system's keyring remembers.
fn recall(home: &Path, slots: &[Slot]) -> Option<Arc<Key>> {
    let wrapped = slots.iter().find_map(Slot::keyring)?;
    unwrap(&remember::recall(home)?, "keyring", wrapped)
}

/// What guards a home.
pub fn guard(home: &Path) -> Result<Guard, LockError> {
    let slots = read_slots(home)?.ok_or(LockError::Lost(SLOTS))?;
    Ok(match slots.iter().any(|slot| matches!(slot, Slot::File { .. })) {
        true => Guard::Computer,
        false => Guard::Passphrase { remembered: slots.iter().any(|slot| matches!(slot, Slot::Keyring { .. })) },
    })
}

/// From now on this passphrase guards the home, and nothing else does. `remembered`: the system's keyring opens it too, for this
/// user; `Ok(false)` where that was wished and the system has none to give.
pub fn set_passphrase(home: &Path, key: &Arc<Key>, passphrase: &Secret, remembered: bool) -> Result<bool, LockError> {
    let mut slots = vec![passphrase_slot(key, passphrase, COST)?];
    if remembered {
        slots = remembering(home, key, slots)?;
    }
    let done = !remembered || slots.len() > 1;
    write_slots(home, &slots)?;
    destroy(&home.join(FILE_KEY))?;
    if slots.len() == 1 {
        remember::forget(home);
    }
    Ok(done)
}

/// From now on the computer's own protection is all that guards the home.
pub fn remove_passphrase(home: &Path, key: &Arc<Key>) -> Result<(), LockError> {
    let slot = file_slot(home, key)?;
    write_slots(home, &[slot])?;
    remember::forget(home);
    Ok(())
}

fn begin(home: &Path, passphrase: Option<&Secret>, cost: Cost) -> Result<Arc<Key>, LockError> {
    // Whatever is sealed here was sealed with a key that is not to be had any more; a new one would only hide that.
    if home.join("keys").exists() {
        return Err(LockError::Lost(SLOTS));
    }
    let key = Arc::new(disk::generate_key()?);
    let slot = match passphrase {
        Some(passphrase) => passphrase_slot(&key, passphrase, cost)?,
        None => file_slot(home, &key)?,
    };
    write_slots(home, &[slot])?;
    Ok(key)
}

fn try_passphrase(
    home: &Path,
    slots: &[Slot],
    given: &Secret,
    now: i64,
    wait: Option<&dyn Fn(i64)>,
) -> Result<Arc<Key>, LockError> {
    let path = home.join(TRIES);
    let mut before: Tries = read_kept(&path).ok().and_then(|bytes| from_cbor(&bytes).ok()).unwrap_or_default();
    if before.at > now {
        // The clock was set back: the wait begins anew, and ends.
        before.at = now;
        write_kept(&path, &to_cbor(&before))?;
    }
    let seconds = (wait_seconds(before.wrong) - (now - before.at)).max(0);
    if seconds > 0 {
        wait.ok_or(LockError::Wait { seconds })?(seconds);
        std::thread::sleep(Duration::from_secs(seconds.unsigned_abs()));
    }
    // Counted before it is tried: whoever ends the program meanwhile has not saved a try.
    let tries = Tries { wrong: before.wrong.saturating_add(1), at: now + seconds };
    write_kept(&path, &to_cbor(&tries))?;
    let opened = slots.iter().find_map(|slot| match slot {
        Slot::Passphrase { cost, salt, wrapped } => unwrap(&stretch(given, salt, *cost).ok()?, "passphrase", wrapped),
        Slot::Keyring { .. } | Slot::File { .. } => None,
    });
    let key = opened.ok_or(LockError::Wrong)?;
    destroy(&path)?;
    Ok(key)
}

/// How long after the last of so many wrong ones the next may be tried.
fn wait_seconds(wrong: u32) -> i64 {
    match wrong.checked_sub(FREE_TRIES) {
        None => 0,
        Some(more) => 1i64
            .checked_shl(more)
            .map_or(WAIT_SECONDS_MAX, |s| if s > 0 { s.min(WAIT_SECONDS_MAX) } else { WAIT_SECONDS_MAX }),
    }
}

fn passphrase_slot(key: &Key, passphrase: &Secret, cost: Cost) -> Result<Slot, LockError> {
    fit(passphrase)?;
    let salt = clock::random::<16>()?.to_vec();
    let wrapped = wrap(&stretch(passphrase, &salt, cost)?, "passphrase", key)?;
    Ok(Slot::Passphrase { cost, salt, wrapped })
}

/// Whether it can be a passphrase.
pub fn fit(passphrase: &Secret) -> Result<(), LockError> {
    let chars = std::str::from_utf8(passphrase.bytes()).map_or(0, |text| text.chars().count());
    if (PASSPHRASE_CHARS_MIN..=PASSPHRASE_CHARS_MAX).contains(&chars) { Ok(()) } else { Err(LockError::Unfit) }
}

/// The key that a passphrase is worth.
pub fn stretch(passphrase: &Secret, salt: &[u8], cost: Cost) -> Result<Key, LockError> {
    let bytes = stretch::stretch(passphrase.bytes(), salt, cost).map_err(io::Error::other)?;
    Ok(disk::key_from_bytes(&bytes)?)
}

fn file_slot(home: &Path, key: &Key) -> Result<Slot, LockError> {
    let with = disk::generate_key()?;
    write_kept(&home.join(FILE_KEY), with.bytes())?;
    Ok(Slot::File { wrapped: wrap(&with, "file", key)? })
}

fn file_key(home: &Path) -> Result<Option<Key>, LockError> {
    match read_kept(&home.join(FILE_KEY)) {
        Ok(bytes) => Ok(bytes.as_slice().try_into().ok().map(disk::key_from_bytes).transpose()?),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// The slots with one for the system's keyring, where there is such a thing.
fn remembering(home: &Path, key: &Key, slots: Vec<Slot>) -> Result<Vec<Slot>, LockError> {
    let mut slots: Vec<Slot> = slots.into_iter().filter(|slot| slot.keyring().is_none()).collect();
    let with = disk::generate_key()?;
    if remember::keep(home, &with) {
        slots.push(Slot::Keyring { wrapped: wrap(&with, "keyring", key)? });
    }
    Ok(slots)
}

impl Slot {
    fn file(&self) -> Option<&[u8]> {
        match self {
            Slot::File { wrapped } => Some(wrapped),
            Slot::Passphrase { .. } | Slot::Keyring { .. } => None,
        }
    }

    fn keyring(&self) -> Option<&[u8]> {
        match self {
            Slot::Keyring { wrapped } => Some(wrapped),
            Slot::Passphrase { .. } | Slot::File { .. } => None,
        }
    }
}

fn wrap(with: &Key, slot: &str, key: &Key) -> io::Result<Vec<u8>> {
    with.seal(&place(slot), key.bytes())
}

fn unwrap(with: &Key, slot: &str, wrapped: &[u8]) -> Option<Arc<Key>> {
    let bytes = zeroize::Zeroizing::new(with.open(&place(slot), wrapped)?);
    disk::key_from_bytes(bytes.as_slice().try_into().ok()?).ok().map(Arc::new)
}

fn place(slot: &str) -> Vec<u8> {
    [b"openpep/home-key/1/".as_slice(), slot.as_bytes()].concat()
}

fn read_slots(home: &Path) -> Result<Option<Vec<Slot>>, LockError> {
    let bytes = match read_kept(&home.join(SLOTS)) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) if e.kind() == io::ErrorKind::InvalidData => return Err(LockError::Lost(SLOTS)),
        Err(e) => return Err(e.into()),
    };
    match from_cbor::<Slots>(&bytes) {
        Ok(slots) if slots.version <= VERSION => Ok(Some(slots.slots)),
        _ => Err(LockError::Newer),
    }
}

fn write_slots(home: &Path, slots: &[Slot]) -> io::Result<()> {
    #[derive(Serialize)]
    struct Said<'a> {
        version: u32,
        slots: &'a [Slot],
    }
    write_kept(&home.join(SLOTS), &to_cbor(&Said { version: VERSION, slots }))
}

impl From<LockError> for Error {
    fn from(error: LockError) -> Error {
        let said = |kind| Error::new(kind, error.to_string());
        match error {
            LockError::Locked => said(Kind::Store).hint(
                "Give the passphrase in a file (--passphrase-file F) or in PEP_PASSPHRASE, or run the command at a terminal, where it is asked for.",
            ),
            LockError::Wrong => said(Kind::Store).hint(
                "Try again. If nobody knows it any more, ask the Virtual School for a new invitation link, and join with another folder: pep --home DIR join LINK. What was shared comes back; what was not shared yet cannot be read by anybody.",
            ),
            LockError::Lost(_) => said(Kind::Store).hint(JOIN_AGAIN),
            LockError::Wait { .. } | LockError::Newer => said(Kind::Store),
            LockError::Unfit => said(Kind::Usage),
            LockError::Io(_) => said(Kind::Failed)
                .hint("Look whether you may write to the folder that --home names, and whether the disk is full."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What tests may cost.
    const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

    fn words(text: &str) -> Secret {
        Secret::new(text.as_bytes().to_vec())
    }

    fn again(home: &Path, passphrase: Option<&Secret>) -> Result<Arc<Key>, LockError> {
        open(home, passphrase, |_| panic!("no wait is due"), || None)
    }

    #[test]
    fn a_home_without_a_passphrase_opens_by_its_file_and_not_without_it() {
        let home = tempfile::tempdir().unwrap();
        let key = again(home.path(), None).unwrap();
        assert_eq!(guard(home.path()).unwrap(), Guard::Computer);
        assert_eq!(again(home.path(), Some(&words("whatever"))).unwrap().bytes(), key.bytes());
        // A few damaged bytes lose nothing; the file does.
        let file = home.path().join(FILE_KEY);
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[9] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(again(home.path(), None).unwrap().bytes(), key.bytes());
        std::fs::remove_file(&file).unwrap();
        assert!(matches!(again(home.path(), None), Err(LockError::Lost(FILE_KEY))));
        // Nor is another key made where something is sealed already.
        std::fs::remove_file(home.path().join(SLOTS)).unwrap();
        std::fs::create_dir(home.path().join("keys")).unwrap();
        assert!(matches!(again(home.path(), None), Err(LockError::Lost(SLOTS))));
    }

    #[test]
    fn a_passphrase_takes_the_place_of_the_file_and_gives_it_back() {
        let home = tempfile::tempdir().unwrap();
        let key = again(home.path(), None).unwrap();
        let passphrase = words("copper kettle Thursday");
        assert!(matches!(set_passphrase(home.path(), &key, &words("too short"), false), Err(LockError::Unfit)));
        assert!(set_passphrase(home.path(), &key, &passphrase, false).unwrap());
        assert!(!home.path().join(FILE_KEY).exists());
        assert_eq!(guard(home.path()).unwrap(), Guard::Passphrase { remembered: false });
        assert!(matches!(again(home.path(), None), Err(LockError::Locked)));
        assert_eq!(again(home.path(), Some(&passphrase)).unwrap().bytes(), key.bytes());
        let mut answers = ["copper kettle Friday", "copper kettle Thursday"].into_iter().map(words);
        assert_eq!(open(home.path(), None, |_| (), || answers.next()).unwrap().bytes(), key.bytes());
        remove_passphrase(home.path(), &key).unwrap();
        assert_eq!(again(home.path(), None).unwrap().bytes(), key.bytes());
    }

    #[test]
    fn a_passphrase_that_was_being_set_or_removed_leaves_no_way_in_that_should_be_gone() {
        let home = tempfile::tempdir().unwrap();
        let passphrase = words("copper kettle Thursday");
        let key = begin(home.path(), Some(&passphrase), CHEAP).unwrap();
        // Killed after the file was written, before the slots named it; or after they no longer did, before it was destroyed.
        file_slot(home.path(), &key).unwrap();
        assert!(matches!(again(home.path(), None), Err(LockError::Locked)));
        assert!(!home.path().join(FILE_KEY).exists());
        assert_eq!(again(home.path(), Some(&passphrase)).unwrap().bytes(), key.bytes());
    }

    #[test]
    fn wrong_passphrases_are_counted_whoever_ends_the_program_and_wait_longer_and_longer() {
        let home = tempfile::tempdir().unwrap();
        let right = words("copper kettle Thursday");
        begin(home.path(), Some(&right), CHEAP).unwrap();
        let (wrong, began) = (words("copper kettle Friday"), 1_772_114_700);
        let tried = |given: &Secret, now| match check(home.path(), given, now) {
            Ok(()) => None,
            Err(LockError::Wrong) => Some(0),
            Err(LockError::Wait { seconds }) => Some(seconds),
            Err(e) => panic!("{e}"),
        };
        for _ in 0..FREE_TRIES {
            assert_eq!(tried(&wrong, began), Some(0));
        }
        // The right one has to wait too, or the wait would tell. What is on the disk is all that counts: no program need stay.
        assert_eq!(
            (tried(&right, began), tried(&wrong, began + 1), tried(&right, began + 1)),
            (Some(1), Some(0), Some(2))
        );
        assert_eq!((tried(&wrong, began + 3), tried(&right, began + 4)), (Some(0), Some(3)));
        // A clock that was set back by a year makes nobody wait a year, and saves nobody the wait.
        let back = began - 365 * 86_400;
        assert_eq!((tried(&right, back), tried(&right, back + 3)), (Some(4), Some(1)));
        assert_eq!(tried(&right, back + 4), None);
        assert!(!home.path().join(TRIES).exists(), "forgotten once the right one came");
        for at in 0..60 {
            let _ = tried(&wrong, began + at * WAIT_SECONDS_MAX);
        }
        assert_eq!(tried(&right, began + 60 * WAIT_SECONDS_MAX - 1), Some(1), "never more than half a minute");
        assert_eq!(tried(&right, began + 60 * WAIT_SECONDS_MAX), None);
        let waits: Vec<i64> = (0..10).map(wait_seconds).collect();
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 30, 30]);
        assert_eq!((wait_seconds(66), wait_seconds(67), wait_seconds(u32::MAX)), (30, 30, 30));
    }

    #[test]
    fn slots_keep_what_a_guess_costs_and_a_newer_version_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let passphrase = words("copper kettle Thursday");
        let key = begin(home.path(), Some(&passphrase), CHEAP).unwrap();
        set_passphrase(home.path(), &key, &passphrase, false).unwrap();
        let slots = read_slots(home.path()).unwrap().unwrap();
        assert!(matches!(slots.as_slice(), [Slot::Passphrase { cost: COST, .. }]), "it rises with the next passphrase");
        let newer = Slots { version: VERSION + 1, slots };
        write_kept(&home.path().join(SLOTS), &to_cbor(&newer)).unwrap();
        assert!(matches!(again(home.path(), Some(&passphrase)), Err(LockError::Newer)));
    }

    #[test]
    fn nothing_of_key_or_passphrase_is_in_the_files() {
        let home = tempfile::tempdir().unwrap();
        let passphrase = words("copper kettle Thursday");
        let key = begin(home.path(), Some(&passphrase), CHEAP).unwrap();
        let _ = check(home.path(), &words("copper kettle Friday"), 0);
        for entry in std::fs::read_dir(home.path()).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            let holds = |secret: &[u8]| bytes.windows(secret.len()).any(|part| part == secret);
            assert!(!holds(key.bytes()) && !holds(passphrase.bytes()) && !holds(b"Friday"));
        }
        assert!(!format!("{passphrase:?}").contains("copper"));
    }
}
