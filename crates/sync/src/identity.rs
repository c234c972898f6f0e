//! What is signed to prove who one is: at joining, and at the start of every session.

use gate::{Id, PublicKey, Signature};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

/// A one-time secret or challenge.
pub type Secret = [u8; 32];

/// What a new device signs to join: it shows that the device holds the key, and binds the invitation to this relay.
pub fn join_statement(relay_key: &PublicKey, invitation: &[u8], device_key: &PublicKey) -> Vec<u8> {
    [b"openpep/join/1".as_slice(), relay_key, invitation, device_key].concat()
}

/// What a device signs to open a session.
pub fn session_statement(relay_key: &PublicKey, challenge: &Secret, device: &Id) -> Vec<u8> {
    [b"openpep/session/1".as_slice(), relay_key, challenge, device].concat()
}

/// What the relay signs to tell a device that it was revoked: over the device's own challenge, so that it is said now and to
/// nobody else. A device erases its plans for nothing less.
pub fn revoked_statement(relay_key: &PublicKey, challenge: &Secret, device: &Id) -> Vec<u8> {
    [b"openpep/revoked/1".as_slice(), relay_key, challenge, device].concat()
}

/// Whether `key` signed `statement`.
pub fn verify(key: &PublicKey, statement: &[u8], sig: &Signature) -> bool {
    UnparsedPublicKey::new(&ED25519, key).verify(statement, sig).is_ok()
}

/// The signature of `key` under `statement`.
pub fn sign(key: &Ed25519KeyPair, statement: &[u8]) -> Signature {
    let mut sig = [0; 64];
    // An Ed25519 signature has 64 bytes by definition.
    sig.copy_from_slice(key.sign(statement).as_ref());
    sig
}

/// Public half of a key.
pub fn public_key(key: &Ed25519KeyPair) -> PublicKey {
    let mut public = [0; 32];
    // An Ed25519 public key has 32 bytes by definition.
    public.copy_from_slice(key.public_key().as_ref());
    public
}
