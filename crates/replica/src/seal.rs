//! What keeps a folder from whoever takes it: AES-256-GCM under keys that wrap one another.
//!
//! A folder's *home key* comes from whoever opens it; this room does not know from where. It wraps the folder's *data keys*:
//! one for each document, and one for everything else. Each data key lies in a small file of its own in `keys/`, outside the
//! journal, so that it can be destroyed: the document's records and rows then stay unreadable for ever, wherever copies of them
//! are.
//!
//! Every ciphertext is bound to its place (record, row or file), so that none can be put in place of another. In the clear stay:
//! ids, numbers, kinds, lengths, checksums, and the names of facts.
//!
//! **No nonce comes twice under one key.** A key is never used as it is. Each [`Key`] value draws 16 random bytes when it is
//! made, derives from them (HKDF-SHA256) a key that only it writes with, and counts: the count is the nonce. What it writes
//! begins with those bytes and the count. So a copied or restored folder that goes on in two places writes with two keys in each
//! of its sittings, and no counter has to be kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use gate::Id;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest, hkdf, hmac,
    rand::{SecureRandom, SystemRandom},
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::files::{create_private_dir, destroy, read_kept, write_kept};

/// Bytes by which what is sealed is longer: where the key comes from, the count, the tag.
pub const SEAL_BYTES: usize = SALT_BYTES + COUNT_BYTES + 16;
const SALT_BYTES: usize = 16;
const COUNT_BYTES: usize = 8;
/// Keys of documents kept unwrapped at once, about a kilobyte each: as many as one sitting uses.
const KEYS_MAX: usize = 1_024;
/// Bytes of a key's name.
const NAME_BYTES: usize = 4;
/// The folder of the data keys, in a replica's.
pub const KEYS: &str = "keys";
/// The file of the key for everything that belongs to no document.
const REST: &str = "rest";

type Salt = [u8; SALT_BYTES];

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
    /// A new one, from the system's randomness.
    pub fn generate() -> io::Result<Key> {
        let mut bytes = Zeroizing::new([0; 32]);
        random(bytes.as_mut_slice())?;
        Key::from_bytes(&bytes)
    }

    /// The key of these bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> io::Result<Key> {
        let mut salt = [0; SALT_BYTES];
        random(&mut salt)?;
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

    fn name_bytes(&self) -> [u8; NAME_BYTES] {
        let hash = digest::digest(&digest::SHA256, &[b"openpep/key-name/1".as_slice(), self.bytes.as_slice()].concat());
        let mut name = [0; NAME_BYTES];
        name.copy_from_slice(&hash.as_ref()[..NAME_BYTES]);
        name
    }

    /// The key that 64 hexadecimal digits stand for, white space around them or not.
    pub fn from_text(text: &str) -> Option<Key> {
        Key::from_bytes(&Zeroizing::new(from_hex(text.trim())?)).ok()
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

/// Fills from the system's randomness.
pub(crate) fn random(bytes: &mut [u8]) -> io::Result<()> {
    SystemRandom::new().fill(bytes).map_err(|_| io::Error::other("this computer gives no random numbers"))
}

fn failed() -> io::Error {
    io::Error::other("nothing could be encrypted")
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why a folder's keys cannot be had.
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

/// The name of the home key that opens a replica's folder. `None` where nothing in it is sealed yet, or that cannot be read.
pub fn key_needed(dir: &Path) -> Option<String> {
    let wrapped = read_kept(&dir.join(KEYS).join(REST)).ok()?;
    Some(text(wrapped.first_chunk::<NAME_BYTES>()?))
}

/// A folder's data keys.
pub(crate) struct Keys {
    dir: PathBuf,
    home: Arc<Key>,
    rest: Key,
    documents: Mutex<BTreeMap<Id, Arc<Key>>>,
}

impl Keys {
    /// Reads them from `dir`. `new`: the folder holds nothing yet, so that the key for everything else may be made.
    pub fn open(dir: &Path, home: Arc<Key>, new: bool) -> Result<Keys, KeyError> {
        create_private_dir(dir)?;
        let path = dir.join(REST);
        let rest = match read_kept(&path) {
            Ok(wrapped) => unwrap(&home, REST, &wrapped)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound && new => {
                let made = Key::generate()?;
                write_kept(&path, &wrap(&home, REST, &made)?)?;
                made
            }
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {
                return Err(KeyError::Lost(REST.into()));
            }
            Err(e) => return Err(e.into()),
        };
        Ok(Keys { dir: dir.to_path_buf(), home, rest, documents: Mutex::default() })
    }

    /// The key for everything that belongs to no document.
    pub fn rest(&self) -> &Key {
        &self.rest
    }

    /// The key of a document. `None` where there is none: it was never held, or was erased. A damaged one is put aside, so
    /// that the next start finds that it is gone.
    pub fn of(&self, doc: &Id) -> Result<Option<Arc<Key>>, KeyError> {
        if let Some(key) = self.known(doc) {
            return Ok(Some(key));
        }
        let name = text(doc);
        let path = self.dir.join(&name);
        let found = match read_kept(&path) {
            Ok(wrapped) => unwrap(&self.home, &name, &wrapped),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) if e.kind() == io::ErrorKind::InvalidData => Err(KeyError::Lost(name.clone())),
            Err(e) => return Err(e.into()),
        };
        if matches!(found, Err(KeyError::Lost(_))) {
            fs::rename(&path, damaged(&path))?;
        }
        let key = Arc::new(found?);
        self.remember(doc, &key);
        Ok(Some(key))
    }

    /// The key of a document, made where there is none. On the disk when this returns.
    pub fn make(&self, doc: &Id) -> Result<Arc<Key>, KeyError> {
        if let Some(key) = self.of(doc)? {
            return Ok(key);
        }
        let key = Arc::new(Key::generate()?);
        let name = text(doc);
        write_kept(&self.dir.join(&name), &wrap(&self.home, &name, &key)?)?;
        self.remember(doc, &key);
        Ok(key)
    }

    /// Destroys the key of a document: from here on nobody can read what it sealed. On the disk when this returns.
    pub fn destroy(&self, doc: &Id) -> io::Result<()> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner).remove(doc);
        let path = self.dir.join(text(doc));
        destroy(&damaged(&path))?;
        destroy(&path)
    }

    /// Documents that have a key.
    pub fn all(&self) -> io::Result<BTreeSet<Id>> {
        let names = fs::read_dir(&self.dir)?.map(|entry| Ok(entry?.file_name()));
        let names: Vec<_> = names.collect::<io::Result<_>>()?;
        Ok(names.iter().filter_map(|name| from_hex(name.to_str()?)).collect())
    }

    fn known(&self, doc: &Id) -> Option<Arc<Key>> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner).get(doc).cloned()
    }

    fn remember(&self, doc: &Id, key: &Arc<Key>) {
        let mut known = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KEYS_MAX {
            known.clear();
        }
        known.insert(*doc, key.clone());
    }
}

fn wrap(home: &Key, name: &str, key: &Key) -> io::Result<Vec<u8>> {
    Ok([home.name_bytes().as_slice(), &home.seal(&wrapped_place(name), key.bytes())?].concat())
}

fn unwrap(home: &Key, name: &str, wrapped: &[u8]) -> Result<Key, KeyError> {
    let lost = || KeyError::Lost(name.to_string());
    let (by, sealed) = wrapped.split_first_chunk::<NAME_BYTES>().ok_or_else(lost)?;
    if *by != home.name_bytes() {
        return Err(KeyError::Wrong { needs: text(by), given: home.name() });
    }
    let bytes = Zeroizing::new(home.open(&wrapped_place(name), sealed).ok_or_else(lost)?);
    Ok(Key::from_bytes(bytes.as_slice().try_into().map_err(|_| lost())?)?)
}

fn wrapped_place(name: &str) -> Vec<u8> {
    [b"openpep/key/1/".as_slice(), name.as_bytes()].concat()
}

fn damaged(path: &Path) -> PathBuf {
    path.with_extension("damaged")
}

fn from_hex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let digits = digits.as_bytes();
    // A sign is no digit, though it parses.
    if digits.len() != 2 * N || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, two) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()?;
    }
    Some(bytes)
}
