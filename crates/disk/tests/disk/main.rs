//! A replica on files, as its callers use it.

mod backup;
mod conformance;
mod durable;
mod sealed;
mod world;
