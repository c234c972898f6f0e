//! A file that leaves this device for whoever is told its passphrase.
//!
//! Its bytes, in order: `OpenPEP sealed file 1` and a line feed; what a guess costs (memory in KiB, passes, lanes: 4 bytes each, the
//! highest first); 16 bytes of salt; nothing, sealed; the content, sealed. The key is Argon2id of the passphrase and the salt; both are
//! sealed ([`replica::Key`]) for a place that holds all of what stands before them, so that an altered beginning opens nothing. The
//! sealed nothing tells a wrong passphrase from damage. All of a file is sealed at once, so a part of it opens neither.

use std::{fs::File, io::Read, path::Path};

use replica::{SEAL_BYTES, Secret};
use zeroize::Zeroizing;

use crate::{
    clock,
    unlock::{self, LockError},
};
use participant::{
    error::{Error, Kind},
    stretch::{COST, Cost},
};

/// Every version's beginning; then comes the version, and a line feed.
const BEGINNING: &[u8] = b"OpenPEP sealed file ";
const VERSION: &[u8] = b"1\n";
const SALT_BYTES: usize = 16;
const HEAD_BYTES: usize = BEGINNING.len() + VERSION.len() + 3 * 4 + SALT_BYTES;
/// The largest file, in bytes: a plan with its whole history is a few million, and all of it is in memory at once.
pub const SEALED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why a sealed file stays closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// It does not begin as one.
    #[error("That is not a file that pep has sealed.")]
    NotOne,
    /// A newer version made it, or it asks for more than this one gives.
    #[error("That file was sealed by a newer version of pep, or its beginning was altered.")]
    Newer,
    /// Another passphrase.
    #[error("That is not the passphrase of the file, or its beginning was altered.")]
    Wrong,
    /// Cut short or altered. Usual cause: a copy that was not finished.
    #[error("The passphrase is right, but the file is not whole: it was cut short or altered.")]
    Damaged,
    /// More than [`SEALED_BYTES_MAX`].
    #[error("That file is larger than any that pep seals.")]
    TooLarge,
}

/// Seals content with a passphrase.
pub fn seal(content: &[u8], passphrase: &Secret) -> Result<Vec<u8>, Error> {
    unlock::fit(passphrase)?;
    if content.len() > SEALED_BYTES_MAX - HEAD_BYTES - 2 * SEAL_BYTES {
        return Err(Error::new(Kind::Failed, "That is too much for one sealed file."));
    }
    Ok(seal_at(COST, content, passphrase)?)
}

fn seal_at(cost: Cost, content: &[u8], passphrase: &Secret) -> Result<Vec<u8>, LockError> {
    let salt = clock::random::<SALT_BYTES>()?;
    let mut file = [BEGINNING, VERSION].concat();
    for number in [cost.memory_kib, cost.passes, cost.lanes] {
        file.extend(number.to_be_bytes());
    }
    file.extend(salt);
    let key = unlock::stretch(passphrase, &salt, cost)?;
    let (check, sealed) = (key.seal(&place("check", &file), b"")?, key.seal(&place("content", &file), content)?);
    file.extend(check);
    file.extend(sealed);
    Ok(file)
}

/// What a file holds.
pub fn open(file: &[u8], passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, Closed> {
    if file.len() > SEALED_BYTES_MAX {
        return Err(Closed::TooLarge);
    }
    let rest = file.strip_prefix(BEGINNING).ok_or(Closed::NotOne)?;
    let rest = rest.strip_prefix(VERSION).ok_or(Closed::Newer)?;
    let (costs, rest) = rest.split_first_chunk::<12>().ok_or(Closed::Damaged)?;
    let (salt, rest) = rest.split_first_chunk::<SALT_BYTES>().ok_or(Closed::Damaged)?;
    let (check, sealed) = rest.split_at_checked(SEAL_BYTES).ok_or(Closed::Damaged)?;
    let key = unlock::stretch(passphrase, salt, cost(costs).ok_or(Closed::Newer)?).map_err(|_| Closed::Newer)?;
    let head = file.get(..HEAD_BYTES).ok_or(Closed::Damaged)?;
    let opened = |what: &str, sealed: &[u8]| -> Option<Zeroizing<Vec<u8>>> {
        key.open(&place(what, head), sealed).map(Zeroizing::new)
    };
    opened("check", check).ok_or(Closed::Wrong)?;
    opened("content", sealed).ok_or(Closed::Damaged)
}

/// Whether bytes begin as a sealed file does, of whatever version.
pub fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(BEGINNING)
}

/// Whether a file does, as far as it can be read.
pub fn is_one_at(path: &Path) -> bool {
    let mut beginning = Vec::new();
    File::open(path).is_ok_and(|file| file.take(BEGINNING.len() as u64).read_to_end(&mut beginning).is_ok())
        && is_one(&beginning)
}

fn cost(bytes: &[u8; 12]) -> Option<Cost> {
    let number = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
    let cost = Cost { memory_kib: number(0)?, passes: number(4)?, lanes: number(8)? };
    cost.is_bearable().then_some(cost)
}

fn place(what: &str, head: &[u8]) -> Vec<u8> {
    [b"openpep/sealed-file/1/", what.as_bytes(), b"/", head].concat()
}

impl From<Closed> for Error {
    fn from(closed: Closed) -> Error {
        let error = Error::new(Kind::Failed, closed.to_string());
        match closed {
            Closed::Wrong => error.hint("Ask whoever sent the file. Without its passphrase nobody can open it."),
            Closed::Damaged => error.hint("Copy it again, or ask whoever sent it for another one."),
            Closed::Newer => error.hint("Install the newest version of pep, or ask for the file again."),
            Closed::NotOne | Closed::TooLarge => error,
        }
    }
}

/// Where a file is sealed and nobody has given its passphrase.
pub fn no_passphrase() -> Error {
    Error::new(Kind::Usage, "The file has a passphrase of its own, and it was not given.")
        .hint("Give it in a file (--seal-passphrase-file F), or run the command at a terminal, where it is asked for.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use participant::stretch::COST_MAX;

    const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

    fn right() -> Secret {
        Secret::new(b"paper lantern Sunday".to_vec())
    }

    #[test]
    fn what_is_sealed_opens_with_its_passphrase_alone_and_shows_nothing_of_it() {
        let file = seal(b"Idris draws maps.", &right()).unwrap();
        assert!(is_one(&file) && file.starts_with(b"OpenPEP sealed file 1\n"));
        assert!(!file.windows(5).any(|part| part == b"Idris"));
        assert_eq!(open(&file, &right()).unwrap().as_slice(), b"Idris draws maps.");
        assert_eq!(open(&file, &Secret::new(b"paper lantern Monday".to_vec())), Err(Closed::Wrong));
        assert_ne!(seal(b"Idris draws maps.", &right()).unwrap()[HEAD_BYTES..], file[HEAD_BYTES..]);
        assert_eq!(seal(b"", &Secret::new(b"short".to_vec())).unwrap_err().kind, Kind::Usage);
    }

    #[test]
    fn a_file_that_was_cut_lengthened_or_altered_anywhere_is_refused() {
        let file = seal_at(CHEAP, b"Idris draws maps.", &right()).unwrap();
        for end in 0..file.len() {
            let closed = open(&file[..end], &right()).unwrap_err();
            let expected = match end {
                0..20 => Closed::NotOne,
                20..22 => Closed::Newer,
                _ => Closed::Damaged,
            };
            assert_eq!(closed, expected, "cut at {end}");
        }
        assert_eq!(open(&[file.as_slice(), b"x"].concat(), &right()), Err(Closed::Damaged));
        let (check, content) = (HEAD_BYTES, HEAD_BYTES + SEAL_BYTES);
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut altered = file.clone();
                altered[at] ^= 1 << bit;
                let closed = open(&altered, &right()).unwrap_err();
                let expected: &[Closed] = match at {
                    0..20 => &[Closed::NotOne],
                    20..22 => &[Closed::Newer],
                    _ if at < check - SALT_BYTES => &[Closed::Newer, Closed::Wrong],
                    _ if at < content => &[Closed::Wrong],
                    _ => &[Closed::Damaged],
                };
                assert!(expected.contains(&closed), "bit {bit} of byte {at}: {closed:?}");
            }
        }
        // The parts of two files do not make a third.
        let other = seal_at(CHEAP, b"Idris draws ships", &right()).unwrap();
        assert_eq!(open(&[&file[..content], &other[content..]].concat(), &right()), Err(Closed::Damaged));
    }

    #[test]
    fn a_file_cannot_ask_for_more_than_a_computer_has() {
        let file = seal_at(CHEAP, b"", &right()).unwrap();
        for costs in [
            [u32::MAX, 1, 1],
            [8, u32::MAX, 1],
            [8, 1, u32::MAX],
            [0, 0, 0],
            [8, 1, 2],
            [COST_MAX.memory_kib + 1, 1, 1],
        ] {
            let mut altered = file.clone();
            for (at, number) in costs.iter().enumerate() {
                altered[22 + at * 4..26 + at * 4].copy_from_slice(&number.to_be_bytes());
            }
            assert_eq!(open(&altered, &right()), Err(Closed::Newer), "{costs:?}");
        }
    }
}
