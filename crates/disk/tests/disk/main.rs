//! A replica on files, as its callers use it.

mod conformance;
mod durable;
mod sealed;
mod world;
