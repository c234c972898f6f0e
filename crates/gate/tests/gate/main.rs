//! The gate from outside: hostile bytes, hostile changes, genuine work, mutants of it, snapshots.

mod alter;
mod authors;
mod extensions;
mod histories;
mod mutants;
mod refusals;
mod rights;
mod snapshots;
mod world;
