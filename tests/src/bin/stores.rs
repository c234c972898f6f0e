//! Makes a fixture of what the built programs write to disks and say on the line: `fixtures/stores/make` calls it.

use std::{path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("Name the folder: stores FOLDER");
        return ExitCode::from(2);
    };
    match harness::layouts::make::make(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::FAILURE
        }
    }
}
