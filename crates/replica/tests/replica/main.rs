//! A replica in memory.

mod conformance;
mod rebase;
mod records;
