//! Encryption at rest: AES-256-GCM, under *data keys*: one for each document, and one for everything else.
//!
//! Where the keys lie, and what wraps them, is the disk's ([`crate::disk::KeyStore`]); outside the journal in any case, so that one
//! can be destroyed: the document's records and rows then stay unreadable for ever, wherever copies of them are.
//!
//! Every ciphertext is bound to its place (record, row or file), so that none can be put in place of another. In the clear stay:
//! ids, numbers, kinds, lengths, checksums, and the names of facts.
//!
//! **No nonce comes twice under one key.** A key is never used as it is. Each [`Key`] value is given 16 random bytes when it is
//! made, derives from them (HKDF-SHA256) a key that only it writes with, and counts: the count is the nonce. What it writes
//! begins with those bytes and the count. So a copied or restored folder that goes on in two places writes with two keys in each
//! of its sittings, and no counter has to be kept.

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest, hkdf, hmac,
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

/// Bytes by which what is sealed is longer: where the key comes from, the count, the tag.
pub const SEAL_BYTES: usize = SALT_BYTES + COUNT_BYTES + 16;
/// Random bytes that each value of a key begins with.
pub const SALT_BYTES: usize = 16;
const COUNT_BYTES: usize = 8;
/// Bytes of a key's name.
pub const NAME_BYTES: usize = 4;
/// Random bytes that no other value of the same key has.
pub type Salt = [u8; SALT_BYTES];

/// Bytes that nobody else may see: overwritten when dropped, and not shown by `Debug`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(#[serde(with = "serde_bytes")] Vec<u8>);

impl Secret {
    /// Takes the bytes in.
    pub fn new(bytes: Vec<u8>) -> Secret {
        Secret(bytes)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A key of 32 bytes. It seals and opens; it is overwritten when dropped, and `Debug` says no more than its name.
pub struct Key {
    bytes: Zeroizing<[u8; 32]>,
    salt: Salt,
    writes: LessSafeKey,
    count: AtomicU64,
    /// The derived key that something was read with last: what one sitting wrote lies together.
    reads: Mutex<Option<(Salt, Arc<LessSafeKey>)>>,
}

impl Key {
    /// The key of these bytes. `salt`: drawn for this value alone; whoever gives one twice has two values write alike, and what
    /// they write can be read by anybody.
    pub fn new(bytes: &[u8; 32], salt: Salt) -> io::Result<Key> {
        let bytes = Zeroizing::new(*bytes);
        let writes = derive(&bytes, &salt).ok_or_else(failed)?;
        Ok(Key { bytes, salt, writes, count: AtomicU64::new(0), reads: Mutex::new(None) })
    }

    /// Its bytes, to be wrapped by another.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Eight characters that tell it from others and give nothing of it away.
    pub fn name(&self) -> String {
        text(&self.name_bytes())
    }

    /// Those characters as bytes.
    pub fn name_bytes(&self) -> [u8; NAME_BYTES] {
        let hash = digest::digest(&digest::SHA256, &[b"openpep/key-name/1".as_slice(), self.bytes.as_slice()].concat());
        let mut name = [0; NAME_BYTES];
        name.copy_from_slice(&hash.as_ref()[..NAME_BYTES]);
        name
    }

    /// The key as 64 hexadecimal digits.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(text(self.bytes.as_slice()))
    }

    /// Seals `content` for one place: it opens nowhere else. [`SEAL_BYTES`] longer.
    pub fn seal(&self, place: &[u8], content: &[u8]) -> io::Result<Vec<u8>> {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mut sealed = Vec::with_capacity(content.len() + SEAL_BYTES);
        sealed.extend(self.salt);
        sealed.extend(count.to_be_bytes());
        sealed.extend(content);
        let inside = &mut sealed[SALT_BYTES + COUNT_BYTES..];
        let tag =
            self.writes.seal_in_place_separate_tag(nonce(count), Aad::from(place), inside).map_err(|_| failed())?;
        sealed.extend(tag.as_ref());
        Ok(sealed)
    }

    /// Opens what was sealed for this place. `None` where it was not, or not with this key, or is damaged.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, rest) = sealed.split_first_chunk::<SALT_BYTES>()?;
        let (count, rest) = rest.split_first_chunk::<COUNT_BYTES>()?;
        let mut inside = rest.to_vec();
        let count = u64::from_be_bytes(*count);
        let opened = if *salt == self.salt {
            self.writes.open_in_place(nonce(count), Aad::from(place), &mut inside).map(|plain| plain.len())
        } else {
            self.reads(salt)?.open_in_place(nonce(count), Aad::from(place), &mut inside).map(|plain| plain.len())
        };
        inside.truncate(opened.ok()?);
        Some(inside)
    }

    /// Sixteen bytes that stand for `content`: the same for the same, and nobody without the key can tell what they stand for.
    pub fn mark(&self, content: &[u8]) -> [u8; 16] {
        let tag = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, self.bytes.as_slice()),
            &[b"openpep/mark/1/".as_slice(), content].concat(),
        );
        let mut mark = [0; 16];
        mark.copy_from_slice(&tag.as_ref()[..16]);
        mark
    }

    fn reads(&self, salt: &Salt) -> Option<Arc<LessSafeKey>> {
        let mut last = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref() {
            Some((known, key)) if known == salt => Some(key.clone()),
            _ => {
                let key = Arc::new(derive(&self.bytes, salt)?);
                *last = Some((*salt, key.clone()));
                Some(key)
            }
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key {}", self.name())
    }
}

fn derive(bytes: &[u8; 32], salt: &Salt) -> Option<LessSafeKey> {
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(bytes);
    let derived = extracted.expand(&[b"openpep/seal/1"], &AES_256_GCM).ok()?;
    Some(LessSafeKey::new(UnboundKey::from(derived)))
}

fn nonce(count: u64) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce[NONCE_LEN - COUNT_BYTES..].copy_from_slice(&count.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

fn failed() -> io::Error {
    io::Error::other("nothing could be encrypted")
}

fn text(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

/// Why keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The home key is another one. Usual cause: the wrong key file.
    #[error(
        "What is in this folder was encrypted with the key {needs}; the key given is {given}. Give the right one; nothing was changed."
    )]
    Wrong {
        /// Name of the key that wraps this folder's.
        needs: String,
        /// Name of the one that was given.
        given: String,
    },
    /// A key is damaged or gone, and what it opened with it.
    #[error(
        "A key of this folder (keys/{0}) is missing or damaged, and what it opens cannot be read without it. Bring it back from a backup."
    )]
    Lost(String),
    /// The disk.
    #[error(transparent)]
    Io(#[from] io::Error),
}
