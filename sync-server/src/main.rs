//! `pep-relay`: see the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    sync_server::main(std::env::args_os())
}
