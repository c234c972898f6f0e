//! Everything that can go wrong in this room, in words, and the exit code that says so to a program.

use std::io;

use disk::Ended;
use replica::Trouble;

use crate::directory::Refused;

/// Why the relay, or one of its commands, did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory's own rules.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// The disk or the store.
    #[error("{0}")]
    Trouble(#[from] Trouble),
    /// Another process has the folder. Usual cause: the relay is serving already.
    #[error(
        "A relay is already serving from this folder, or another command has it open. Stop that one first, or give another folder with --data."
    )]
    Locked,
    /// The thread that owns the documents has ended. A fault of this program.
    #[error("{0}; start the relay again, and tell whoever looks after it if this comes back")]
    Ended(#[from] Ended),
    /// An argument that stands for nothing, or for more than one thing.
    #[error("{0}")]
    Find(String),
    /// Arguments that make no sense together.
    #[error("{0}")]
    Usage(String),
    /// The configuration file. Usual cause: a misspelt key.
    #[error("The configuration cannot be used: {0}\n`pep-relay config` prints one that can, with every key explained.")]
    Config(String),
    /// Nothing can listen there. Usual cause: another program has the port.
    #[error(
        "The relay cannot listen on {address} ({reason}). Stop the program that uses it, or choose another with --listen."
    )]
    Listen {
        /// As configured.
        address: String,
        /// The system's words.
        reason: io::Error,
    },
    /// A key or certificate that cannot be used.
    #[error("{0}")]
    Keys(String),
    /// The key that opens the folder is not there, or is another one.
    #[error("{0}")]
    StoreKey(String),
    /// A file of a backup.
    #[error("{0}")]
    Backup(String),
    /// A file or folder could not be read or written.
    #[error("{what} could not be read or written ({reason}). Check the rights on it, and that the disk has room.")]
    File {
        /// Which one, in words.
        what: &'static str,
        /// The system's words.
        reason: io::Error,
    },
}

impl Error {
    /// The exit code of the contract.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Usage(_) | Error::Config(_) => 2,
            Error::Trouble(Trouble::Disk(e)) | Error::File { reason: e, .. } | Error::Listen { reason: e, .. }
                if e.kind() == io::ErrorKind::PermissionDenied =>
            {
                3
            }
            Error::Locked | Error::Ended(_) | Error::StoreKey(_) => 7,
            Error::Trouble(Trouble::Newer | Trouble::Stopped | Trouble::Damaged | Trouble::Key(_)) => 7,
            Error::Refused(_)
            | Error::Trouble(_)
            | Error::Find(_)
            | Error::Listen { .. }
            | Error::Keys(_)
            | Error::Backup(_)
            | Error::File { .. } => 1,
        }
    }

    /// For `map_err`: a file, said in words.
    pub(crate) fn file(what: &'static str) -> impl Fn(io::Error) -> Error {
        move |reason| Error::File { what, reason }
    }
}
