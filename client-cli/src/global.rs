//! What every command takes, and the files with a passphrase of their own that some read or write.

use std::path::{Path, PathBuf};

use clap::Args;

/// What every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// The folder that holds your plans [default: your system's place for such data]
    #[arg(long, global = true, env = "PEP_HOME", value_name = "DIR", hide_env_values = true)]
    pub home: Option<PathBuf>,
    /// Print one JSON document and nothing else on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Print the answer only, without remarks
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Say more about what happens
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// A file that holds the passphrase of your plans [default: PEP_PASSPHRASE, the system's keyring, or it is asked for]
    #[arg(long, global = true, value_name = "F")]
    pub passphrase_file: Option<PathBuf>,
}

/// A file with a passphrase of its own that a command reads or writes.
pub struct Seals<'a> {
    /// Whether it is being written, and its passphrase chosen.
    pub new: bool,
    /// The file that holds the passphrase.
    pub file: Option<&'a Path>,
}
