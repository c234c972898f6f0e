//! A replica as its callers use it.

mod durable;
mod sealed;
mod world;
