//! A replica as its callers use it.

mod authors;
mod durable;
mod incarnation;
mod sealed;
mod world;
