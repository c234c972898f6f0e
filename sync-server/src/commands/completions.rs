use clap::{Args, CommandFactory};

use super::{Cli, Output};
use crate::json;

/// Print completions for a shell
#[derive(Args)]
pub(super) struct Completions {
    /// The shell
    shell: clap_complete::Shell,
}

impl Completions {
    pub fn run(self) -> Output {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "pep-relay", &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        Output::new(script.clone(), &json::Completions { completions: script })
    }
}
