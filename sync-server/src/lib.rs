//! `pep-relay`: a Virtual School's relay, axum and rustls round a [`replica`].
//!
//! It keeps each document's log, gives out what others lack, and says who may: people, devices, children, teams and
//! invitations are its [`directory`]. It never opens a document but to make a snapshot, on a thread of its own.
//!
//! [`relay`] is all of that without a socket or a clock; [`main`] is the program: it serves, or hands a command to the relay
//! that does. CONTRACT.md says what others rely on.

#![warn(clippy::unwrap_used, clippy::expect_used)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod config;
pub mod directory;
pub mod error;
pub mod keys;
pub mod pace;
pub mod relay;
pub mod rights;
pub mod sessions;

mod commands;
mod http;
mod json;
mod pep;
mod serve;
mod socket;

use std::{
    ffi::OsString,
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

/// Runs the program with these arguments, the program's name first. Returns when it is done.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    disk::keep_panics_short();
    commands::main(args.into_iter().collect())
}

/// Unix seconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
