//! Storage on a machine's files: one folder, one process that owns it, one thread that owns the documents in it.

#![warn(clippy::unwrap_used, clippy::expect_used)]

pub mod archive;
mod claim;
mod thread;

use std::{io, path::Path, sync::Arc};

use replica::{Key, Mode, Notice, Replica, Trouble};

pub use claim::{Claim, Door, Owner, Reply, Request, claim};
pub use replica::{
    SCHEMA,
    files::{create_private_dir, destroy, read_kept, write_kept, write_private},
    keep_panics_short, key_needed, verify,
};
pub use thread::{DocumentThread, Ended};

/// Opens the replica that `dir` holds, making it where there is nothing, and says what a person should hear of. `home`: the key
/// that wraps the folder's.
pub fn open_replica(dir: &Path, mode: Mode, home: &Arc<Key>) -> Result<(Replica, Vec<Notice>), Trouble> {
    Replica::open(dir, mode, home)
}

/// A new key, from the system's randomness.
pub fn generate_key() -> io::Result<Key> {
    Key::generate()
}

/// The key of these bytes.
pub fn key_from_bytes(bytes: &[u8; 32]) -> io::Result<Key> {
    Key::from_bytes(bytes)
}

/// The key that 64 hexadecimal digits stand for, white space around them or not.
pub fn key_from_text(text: &str) -> Option<Key> {
    Key::from_text(text)
}
