//! What a device knows from one call to the next, apart from what it does with it: plain types, none of which names the device.

mod aside;
mod asked;
mod chance;
mod connection;
mod directory;
mod held;
mod presence;
mod readers;
mod revoked;
mod unshared;

pub use asked::Became;
pub use connection::{Line, Traffic};
pub use held::{Held, Said, Waiting, Why};
pub use presence::{Present, Spot};
pub use readers::{NotChosen, Unshared};
pub use revoked::Revoked;
pub use unshared::Waits;

pub(super) use aside::{ASIDE, Asides, SetAside, asides};
pub(super) use asked::Asked;
pub(super) use chance::Chance;
pub(super) use connection::Connection;
pub(super) use directory::{COMPLETE, Directory, ROSTER, SHEETS};
pub(super) use held::{fact, kept};
pub(super) use presence::Here;
pub(super) use readers::{Choice, Readers};
pub(super) use unshared::Counted;
