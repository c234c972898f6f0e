//! What a person should hear of, and why something could not be done.

use std::{io, path::PathBuf};

use gate::Refusal;

use crate::{KeyError, cbor::Unreadable};

/// What is wrong with a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// Bytes at the very end that were never finished, and of which nobody had been told: cut, and kept beside.
    TornTail {
        /// How many bytes.
        bytes: u64,
    },
    /// A record inside could not be read: it was passed over, the damaged folder is kept beside.
    Inside {
        /// Number of the segment.
        segment: u64,
        /// Where in it, in bytes.
        offset: u64,
    },
}

/// Something found at opening that a person should hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The working store was lost, damaged or behind, and was built again from the journal.
    Rebuilt {
        /// Where the old one was put, if there was one.
        aside: Option<PathBuf>,
    },
    /// See [`Damage`].
    Journal(Damage),
    /// Records that are whole, and that no key of this folder opens: somebody else wrote them, or exchanged them.
    Unopened {
        /// How many.
        records: u64,
    },
    /// Documents whose key is damaged or gone, so that nothing of them can be read here any more.
    KeysLost {
        /// How many.
        documents: usize,
    },
    /// What an earlier version had left unencrypted is encrypted now.
    Sealed {
        /// Damaged files that it had set aside: they are as they were.
        plain: Vec<PathBuf>,
    },
    /// The disk is full: the bytes kept back for this were given up.
    DiskFull,
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Notice::Rebuilt { aside: Some(_) } => {
                f.write_str("The working store could not be read. It was built again from the journal; nothing is lost, and the old one is kept beside it.")
            }
            Notice::Rebuilt { aside: None } => f.write_str("The working store was built again from the journal; nothing is lost."),
            Notice::Journal(Damage::TornTail { bytes }) => {
                write!(f, "The last {bytes} bytes of the journal were never finished, and nobody had been told of them. They are kept in a file beside it.")
            }
            Notice::Journal(Damage::Inside { segment, offset }) => {
                write!(f, "The disk has damaged the journal (file {segment}, at byte {offset}). What could be read was kept; the rest comes back from the relay at the next connection. The damaged files are kept beside it.")
            }
            Notice::Unopened { records } => {
                write!(f, "{records} records of the journal are not what this program wrote there. They were left out; the rest comes back from the relay at the next connection. The files are kept beside it.")
            }
            Notice::KeysLost { documents } => {
                write!(f, "The disk has lost the keys of {documents} documents, and what was here of them cannot be read without. What was shared comes back from the relay at the next connection.")
            }
            Notice::Sealed { plain } if plain.is_empty() => {
                f.write_str("Everything in this program's folder is encrypted from now on. What the disk itself keeps of the files as they were before is out of this program's reach.")
            }
            Notice::Sealed { plain } => {
                write!(f, "Everything in this program's folder is encrypted from now on, but for damaged files that were set aside earlier ({}). Delete them when you no longer need them.", plain.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", "))
            }
            Notice::DiskFull => f.write_str("This disk is full. Make room before you go on: nothing new can be saved."),
        }
    }
}

/// Why the replica cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Written by a newer version. Usual cause: the program was replaced by an older one.
    #[error(
        "This folder was written by a newer version of the program. Install that version again; nothing was changed."
    )]
    Newer,
    /// Usual cause: the disk is full.
    #[error("The disk is full. What you had before is safe; this was not saved. Make room on the disk and try again.")]
    Full,
    /// The disk failed. Usual cause: a failing disk, missing rights on the folder.
    #[error("The disk could not be read or written ({0}). What was saved before is safe; this was not saved.")]
    Disk(io::Error),
    /// An earlier write failed; what the disk holds is unknown until the next start.
    #[error(
        "An earlier write to the disk failed, so nothing more is accepted. Put the disk right and start again; what was saved before is safe."
    )]
    Stopped,
    /// A document that is not held here.
    #[error("That plan is not on this device.")]
    Unknown,
    /// The store holds something that cannot be right. The next start builds it again.
    #[error(
        "The working store could not be read. Start again: it will be built anew from the journal, and nothing is lost."
    )]
    Damaged,
    /// The key of this folder is another one, or a key in it is lost.
    #[error(transparent)]
    Key(KeyError),
    /// One's own change was not admitted by the gate. A fault of this program; nothing was saved.
    #[error(
        "This change could not be written in a form that others accept ({0}). Nothing was saved. Please tell whoever looks after this program."
    )]
    OwnRefused(Refusal),
}

/// What this room comes to.
pub(crate) type Result<T> = std::result::Result<T, Trouble>;

impl From<io::Error> for Trouble {
    fn from(e: io::Error) -> Trouble {
        match e.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Trouble::Full,
            _ => Trouble::Disk(e),
        }
    }
}

impl From<KeyError> for Trouble {
    fn from(e: KeyError) -> Trouble {
        match e {
            KeyError::Io(e) => e.into(),
            e => Trouble::Key(e),
        }
    }
}

impl From<Unreadable> for Trouble {
    fn from(_: Unreadable) -> Trouble {
        Trouble::Damaged
    }
}
