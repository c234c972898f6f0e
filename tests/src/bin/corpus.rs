//! Writes a genuine input or two for every fuzz target into a folder: where searching begins. `fixtures/corpus` holds these and
//! what searching found worth keeping.

use std::{fs, path::PathBuf, process::ExitCode};

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("Name the folder: corpus FOLDER");
        return ExitCode::from(2);
    };
    for (target, name, bytes) in harness::fuzz::seeds() {
        let folder = folder.join(target);
        let written = fs::create_dir_all(&folder).and_then(|()| fs::write(folder.join(name), bytes));
        if let Err(e) = written {
            eprintln!("{} cannot be written ({e}).", folder.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
