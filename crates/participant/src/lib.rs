//! One device: what it holds ([`Device`]), what its person may do, and every use case as a function of the device, who asks
//! ([`Mine`]) and the moment ([`Now`]). Commands and pages are two ways to ask for the same.
//!
//! No socket, clock, screen, file or thread: what happens outside comes in as an argument, and what is to happen outside goes
//! out as a value. English for people stands in [`words`] and [`error`], and in the sentences of a use case's own refusals.

#![warn(clippy::unwrap_used, clippy::expect_used)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod act;
pub mod answers;
pub mod bring;
pub mod calendar;
pub mod check;
pub mod comments;
pub mod conflicts;
pub mod decisions;
pub mod device;
pub mod directory;
pub mod duties;
pub mod error;
pub mod filed;
pub mod give_back;
pub mod idle;
pub mod import;
pub mod lists;
pub mod meeting;
pub mod mine;
pub mod move_version;
pub mod news;
pub mod now;
pub mod pieces;
pub mod quality;
pub mod rows;
pub mod select;
pub mod settings;
pub mod sign;
pub mod start;
pub mod stretch;
pub mod summary;
pub mod take_over;
pub mod targets;
pub mod tasks;
pub mod typing;
pub mod words;

pub use device::Device;
pub use error::{Error, Kind};
pub use mine::Mine;
pub use now::{Now, Zone};

/// The hash of a change.
pub use gate::Hash;
/// Why a device cannot do what it was asked to, and words that must not stay in memory.
pub use replica::{Secret, Trouble};
/// What a device says to the relay to have something done.
pub use sync::act::Sentence;
