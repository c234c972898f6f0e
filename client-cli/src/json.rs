//! What every command prints with `--json`: a struct each, in the order of the rooms they tell of.
//!
//! Names and meanings are promises to other programs. `client-cli/schemas` holds a JSON schema of each, made from these structs by
//! `OPENPEP_GOLDEN=write cargo test -p client-cli schemas`; one that is out of date fails that test, and `tests/cli/schemas.rs` holds
//! what the commands print against them. The keys of an object are printed in the order of the alphabet.

pub mod acts;
pub mod basics;
pub mod checks;
pub mod demo;
pub mod device;
pub mod directory;
pub mod due;
pub mod edits;
pub mod failed;
pub mod held;
pub mod history;
pub mod meeting;
pub mod plan;
#[cfg(test)]
mod schemas;
pub mod tasks;
