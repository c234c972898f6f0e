#![doc = include_str!("../README.md")]

mod envelope;
mod form;
mod index;
mod judge;
pub mod limits;
mod op;
mod refusal;
mod rights;
mod scan;
mod snapshot;
mod sought;

pub use envelope::{Author, Authority, Envelope, Team, actor_of, authors_of, device_id, numbered_actor, statement};
pub use index::{Admitted, Index};
pub use refusal::Refusal;
pub use rights::{BadRule, Rules, Write, own_key};
pub use snapshot::{AdmittedDocument, Tip, admit_snapshot, reindex};

/// A document, an actor, a device or a person.
pub type Id = [u8; 16];
/// The SHA-256 of a change.
pub type Hash = [u8; 32];
/// An Ed25519 public key.
pub type PublicKey = [u8; 32];
/// An Ed25519 signature.
pub type Signature = [u8; 64];
