//! A folder's keys, as files.
//!
//! The folder's *home key* comes from whoever opens it; this room does not know from where. It wraps the folder's data keys
//! ([`replica::seal`]), each of which lies in a small file of its own in `keys/`, so that it can be destroyed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use replica::{
    Key, KeyError,
    disk::{Id, KeyStore},
    seal::{NAME_BYTES, SALT_BYTES},
};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::files::{create_private_dir, destroy, read_kept, write_kept};

/// The folder of the data keys, in a replica's.
pub const KEYS: &str = "keys";
/// Keys of documents kept unwrapped at once, about a kilobyte each: as many as one sitting uses.
const KEYS_MAX: usize = 1_024;
/// The file of the key for everything that belongs to no document.
const REST: &str = "rest";

/// A new key, from the system's randomness.
pub fn generate_key() -> io::Result<Key> {
    let mut bytes = Zeroizing::new([0; 32]);
    random(bytes.as_mut_slice())?;
    key_from_bytes(&bytes)
}

/// The key of these bytes.
pub fn key_from_bytes(bytes: &[u8; 32]) -> io::Result<Key> {
    let mut salt = [0; SALT_BYTES];
    random(&mut salt)?;
    Key::new(bytes, salt)
}

/// The key that 64 hexadecimal digits stand for, white space around them or not.
pub fn key_from_text(text: &str) -> Option<Key> {
    key_from_bytes(&Zeroizing::new(from_hex(text.trim())?)).ok()
}

/// The name of the home key that opens a replica's folder. `None` where nothing in it is sealed yet, or that cannot be read.
pub fn key_needed(dir: &Path) -> Option<String> {
    let wrapped = read_kept(&dir.join(KEYS).join(REST)).ok()?;
    Some(text(wrapped.first_chunk::<NAME_BYTES>()?))
}

/// A folder's data keys.
pub struct Keys {
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
                let made = generate_key()?;
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

    /// Destroys every key: from here on nobody can read anything. On the disk when this returns.
    pub fn destroy_all(&self) -> io::Result<()> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner).clear();
        destroy_all(&self.dir)
    }
}

impl KeyStore for Keys {
    fn rest(&self) -> &Key {
        &self.rest
    }

    /// A damaged one is put aside, so that the next start finds that it is gone.
    fn of(&self, doc: &Id) -> Result<Option<Arc<Key>>, KeyError> {
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

    fn make(&self, doc: &Id) -> Result<Arc<Key>, KeyError> {
        if let Some(key) = self.of(doc)? {
            return Ok(key);
        }
        let key = Arc::new(generate_key()?);
        let name = text(doc);
        write_kept(&self.dir.join(&name), &wrap(&self.home, &name, &key)?)?;
        self.remember(doc, &key);
        Ok(key)
    }

    fn destroy(&self, doc: &Id) -> Result<(), KeyError> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner).remove(doc);
        let path = self.dir.join(text(doc));
        destroy(&damaged(&path))?;
        Ok(destroy(&path)?)
    }

    fn all(&self) -> Result<BTreeSet<Id>, KeyError> {
        let names = match fs::read_dir(&self.dir) {
            Ok(names) => names.map(|entry| Ok(entry?.file_name())),
            // Wiped.
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(e) => return Err(e.into()),
        };
        let names = names.collect::<io::Result<Vec<_>>>()?;
        Ok(names.iter().filter_map(|name| from_hex(name.to_str()?)).collect())
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
    Ok(key_from_bytes(bytes.as_slice().try_into().map_err(|_| lost())?)?)
}

fn wrapped_place(name: &str) -> Vec<u8> {
    [b"openpep/key/1/".as_slice(), name.as_bytes()].concat()
}

fn damaged(path: &Path) -> PathBuf {
    path.with_extension("damaged")
}

/// Destroys every file in the folder of keys.
pub fn destroy_all(keys: &Path) -> io::Result<()> {
    match fs::read_dir(keys) {
        Ok(keys) => keys.into_iter().try_for_each(|key| destroy(&key?.path())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}

/// Fills from the system's randomness.
pub(crate) fn random(bytes: &mut [u8]) -> io::Result<()> {
    SystemRandom::new().fill(bytes).map_err(|_| io::Error::other("this computer gives no random numbers"))
}

fn text(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

fn from_hex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    Some(bytes)
}
