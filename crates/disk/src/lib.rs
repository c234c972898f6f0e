//! Storage on a machine's files: the [`replica::disk::Disk`] of a laptop and of the relay.
//!
//! A folder belongs to one process ([`claim`]), and what it holds to one thread ([`DocumentThread`]). [`FileDisk`] is
//!
//! | in the folder | what it is | file |
//! |---|---|---|
//! | `journal/` | the records, in append-only segments, synced before anybody is told: the truth | `journal.rs` |
//! | `sled/` | the rows, which can be built again from the records | `store.rs` |
//! | `keys/` | the keys, a file each, wrapped by a key that the caller brings | `keys.rs` |
//! | `ballast` | bytes kept back for the day the disk is full | `folder.rs` |
//! | `lock`, `door` | whose folder it is, and how others speak to that process | `claim.rs` |
//!
//! The only room that names sled, and the only library that touches files. What the records and rows mean is the replica's.

#![warn(clippy::unwrap_used, clippy::expect_used)]

pub mod archive;
mod claim;
mod files;
mod folder;
mod journal;
mod keys;
mod migrate;
mod panics;
mod store;
mod thread;

pub use claim::{Claim, Door, Owner, Reply, Request, claim};
pub use files::{create_private_dir, destroy, read_kept, write_kept, write_private};
pub use folder::{FileDisk, forget_last_words, last_words, open_replica, sweep};
pub use journal::{Verified, verify};
pub use keys::{generate_key, key_from_bytes, key_from_text, key_needed};
pub use panics::keep_panics_short;
pub use store::SCHEMA;
pub use thread::{DocumentThread, Ended};
