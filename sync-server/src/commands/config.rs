use clap::Args;
use serde_json::json;

use super::Output;
use crate::config::EXAMPLE;

/// Print the documented example configuration
#[derive(Args)]
pub(super) struct Config;

impl Config {
    pub fn run(self) -> Output {
        Output::new(EXAMPLE.to_string(), json!({ "config": EXAMPLE }))
    }
}
