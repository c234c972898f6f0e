//! A replica on files, as its callers use it.

mod authors;
mod backup;
mod conformance;
mod durable;
mod incarnation;
mod sealed;
mod world;
