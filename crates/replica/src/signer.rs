//! Who writes here, and how what they wrote is signed.

use automerge::Change;
use gate::{Author, Envelope, Id};
use ring::signature::Ed25519KeyPair;
use sync::identity::public_key;

/// Who writes here, and with what.
pub struct Signer {
    /// The device's key.
    pub key: Ed25519KeyPair,
    /// The device.
    pub device: Id,
    /// Whose it is.
    pub person: Id,
    /// Moves on whenever the store cannot prove that it holds the last change this device made.
    pub incarnation: Id,
}

impl Signer {
    /// The device's public key and its person.
    pub fn author(&self) -> Author {
        Author { key: public_key(&self.key), person: self.person }
    }

    /// What it writes a document as.
    pub fn actor(&self, doc: &Id) -> Id {
        gate::actor_of(doc, &self.author(), &self.incarnation)
    }

    /// A change that it wrote, signed.
    pub(crate) fn seal(&self, doc: &Id, change: &mut Change) -> Envelope {
        let (seq, hash, chunks) = (change.seq(), change.hash().0, change.bytes().to_vec());
        let envelope = sync::sign(&self.key, self.device, *doc, self.actor(doc), seq, hash, chunks);
        Envelope { incarnation: Some(self.incarnation), ..envelope }
    }
}
