//! What the system's keyring remembers for this user: on Linux the kernel's, which forgets at every start of the computer; on macOS
//! the keychain; on Windows the credential store. Never the only way to a home's key: a keyring that is lost loses nothing.

use std::path::Path;

use keyring::Entry;
use replica::{Key, Secret};
use ring::digest::{SHA256, digest};

const SERVICE: &str = "openpep";

/// Keeps a key for a home. `false` where this system has no keyring to give, or this user may not use it.
pub fn keep(home: &Path, key: &Key) -> bool {
    entry(home).is_some_and(|entry| entry.set_secret(key.bytes()).is_ok())
}

/// The key that was kept for a home.
pub fn recall(home: &Path) -> Option<Key> {
    let secret = Secret::new(entry(home)?.get_secret().ok()?);
    disk::key_from_bytes(secret.bytes().try_into().ok()?).ok()
}

/// Keeps none any more.
pub fn forget(home: &Path) {
    // Where there was none, or the system gives none, that is what was wanted.
    let _ = entry(home).map(|entry| entry.delete_credential());
}

/// Each home has its own, whatever the path of it says.
fn entry(home: &Path) -> Option<Entry> {
    let home = home.canonicalize().ok()?;
    let hash = digest(&SHA256, home.as_os_str().as_encoded_bytes());
    let (name, _) = hash.as_ref().split_at(16);
    Entry::new(SERVICE, &hex::encode(name)).ok()
}
