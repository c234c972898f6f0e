//! A replica as its callers use it.

mod authors;
mod durable;
mod sealed;
mod world;
