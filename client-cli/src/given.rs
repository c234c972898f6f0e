//! What a command was given, as values: days and passphrases.

use chrono::NaiveDate;
use replica::Secret;

/// What a command was given to open with, and to close with.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The passphrase of the home.
    pub passphrase: Option<Secret>,
    /// One to be set.
    pub new: Option<Secret>,
    /// That of a file which is read or written.
    pub file: Option<Secret>,
}

/// A day, as every command takes it.
pub fn day(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| "write a day such as 2026-02-26".to_owned())
}
