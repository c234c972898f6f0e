//! The participant's program: commands (a file each), the link out, and the pages of `pep open`.
//!
//! [`participant::Device`] is what one device holds, without socket and clock; [`app::App`] puts it on a thread and on the line;
//! [`commands`] are thin functions over it, which answer in the same words whether they run in their own process or, through
//! the door, in the one that has the folder open.

#![warn(clippy::unwrap_used, clippy::expect_used)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod app;
pub mod ask;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod context;
pub mod decide;
pub mod dial;
pub mod door;
pub mod erase;
pub mod given;
pub mod global;
pub mod home;
pub mod host;
pub mod json;
pub mod left_out;
pub mod remember;
pub mod resume;
pub mod sealed;
pub mod serve;
pub mod unlock;

use std::{ffi::OsString, io::Read, process::ExitCode};

/// Runs `pep` with these words, the program's own name first.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    disk::keep_panics_short();
    let mut args: Vec<OsString> = args.into_iter().collect();
    // Two inner words, which `pep demo` uses to start its parts; they are not offered to people. `tied WORDS` does what WORDS
    // say and ends when its standard input closes, so that nothing outlives the demonstration. `relay WORDS` is `pep-relay`.
    if args.get(1).is_some_and(|word| word == "tied") {
        args.remove(1);
        end_with_stdin();
    }
    if args.get(1).is_some_and(|word| word == "relay") {
        args.remove(1);
        return sync_server::main(args);
    }
    door::run(args)
}

fn end_with_stdin() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        // What was said to be saved is on the disk, so there is nothing to wait for.
        std::process::exit(0);
    });
}
