//! A replica on files, as its callers use it.

mod durable;
mod sealed;
mod world;
