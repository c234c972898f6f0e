use clap::Args;

use super::Output;
use crate::{config::EXAMPLE, json};

/// Print the documented example configuration
#[derive(Args)]
pub(super) struct Config;

impl Config {
    pub fn run(self) -> Output {
        Output::new(EXAMPLE.to_string(), &json::Config { config: EXAMPLE })
    }
}
