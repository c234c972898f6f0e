//! Makes a fixture of what the built programs write to disks and say on the line: `fixtures/stores/make` and `fixtures/transcripts/make`
//! call it.

use std::{path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    let made = match (words.next(), words.next().map(PathBuf::from)) {
        (Some(what), Some(folder)) if what == "store" => harness::layouts::make::make(&folder),
        (Some(what), Some(folder)) if what == "transcript" => harness::layouts::transcript::make(&folder),
        _ => {
            eprintln!("Say what to make, and name the folder: stores store|transcript FOLDER");
            return ExitCode::from(2);
        }
    };
    match made {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}
