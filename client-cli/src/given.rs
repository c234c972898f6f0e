//! Passphrases that a command was given, as values.

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
