//! The relay's keys: one that everything in its folder is sealed with; one that signs rosters, and one for TLS, which are sealed
//! with it. Made at the first start.

use std::{
    env, fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use disk::{destroy, key_needed, read_kept, write_kept, write_private};
use gate::{Id, PublicKey};
use replica::{Key, Secret};
use ring::{
    rand::{SecureRandom, SystemRandom},
    signature::Ed25519KeyPair,
};
use rustls::{
    ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    version::{TLS12, TLS13},
};

use crate::{
    config::{Settings, Tls},
    directory::sha256,
    error::Error,
};

/// Signs rosters; its public half is what participants know the relay by. Sealed.
pub const RELAY_KEY: &str = "relay.sealed";
/// The key that takes its place, while that is changed. Sealed.
const NEXT_KEY: &str = "relay.next.sealed";
/// Private key of the relay's own certificate, PEM, sealed.
pub const TLS_KEY: &str = "tls.sealed";
/// The relay's own certificate, PEM.
pub const TLS_CERTIFICATE: &str = "tls.crt";
/// The key for everything in the folder, where none is configured elsewhere: hexadecimal digits.
pub const STORE_KEY: &str = "store.key";
/// Where that key was last, in words: so that a restored folder can say which key it needs.
pub const STORE_KEY_PLACE: &str = "store.key.place";
/// [`RELAY_KEY`] and [`TLS_KEY`] as versions before encryption kept them, in the clear.
pub const PLAIN: [(&str, &str); 2] = [("relay.key", RELAY_KEY), ("tls.key", TLS_KEY)];
/// Files of keys in the folder: what a backup takes along, the store's key only where it is there.
pub const FILES: [&str; 5] = [RELAY_KEY, TLS_KEY, TLS_CERTIFICATE, STORE_KEY, STORE_KEY_PLACE];
/// Holds the store's key.
const KEY_VARIABLE: &str = "PEP_RELAY_KEY";
/// Names its file.
const KEY_FILE_VARIABLE: &str = "PEP_RELAY_KEY_FILE";

/// The store's key, and where it is.
pub struct StoreKey {
    /// The key.
    pub key: Arc<Key>,
    /// Where it came from.
    pub place: Place,
}

/// Where the store's key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the environment.
    Environment,
    /// In a file that the environment or the configuration names.
    File(PathBuf),
    /// In the data folder, beside what it opens.
    Data(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Environment => f.write_str(KEY_VARIABLE),
            Place::File(file) | Place::Data(file) => write!(f, "{}", file.display()),
        }
    }
}

/// The key for everything in the folder: from the environment, else from the file that the environment or the configuration
/// names, else from the data folder. Made where the folder is new.
pub fn store_key(dir: &Path, settings: &Settings) -> Result<StoreKey, Error> {
    let said = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(value) = said(KEY_VARIABLE) {
        let text = Secret::new(value.into_encoded_bytes());
        let key = std::str::from_utf8(text.bytes()).ok().and_then(disk::key_from_text);
        let key = key.ok_or_else(|| unreadable_key(KEY_VARIABLE))?;
        return kept(dir, StoreKey { key: Arc::new(key), place: Place::Environment });
    }
    let named = said(KEY_FILE_VARIABLE).map(PathBuf::from);
    let configured = Some(settings.store_key_file.clone()).filter(|file| !file.as_os_str().is_empty());
    // A command beside the relay may not know the configuration that it serves with.
    let last = Some(last_place(dir)).filter(|place| !["", STORE_KEY, KEY_VARIABLE].contains(&place.as_str()));
    let place = match named.or(configured).or(last.map(PathBuf::from)) {
        Some(file) => Place::File(file),
        None => Place::Data(dir.join(STORE_KEY)),
    };
    let (Place::File(file) | Place::Data(file)) = &place else { return Err(no_randomness()) };
    let key = match fs::read(file) {
        Ok(bytes) => {
            let text = Secret::new(bytes);
            let key = std::str::from_utf8(text.bytes()).ok().and_then(disk::key_from_text);
            key.ok_or_else(|| unreadable_key(&file.display().to_string()))?
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => match key_needed(dir) {
            Some(needs) => {
                let missing = format!("There is no key in {}. {}", file.display(), needed(dir, &needs));
                return Err(Error::StoreKey(missing));
            }
            None => {
                let made = disk::generate_key().map_err(|_| no_randomness())?;
                write_private(file, format!("{}\n", *made.to_text()).as_bytes())
                    .map_err(Error::file("The store's key"))?;
                made
            }
        },
        Err(e) => return Err(Error::file("The store's key")(e)),
    };
    kept(dir, StoreKey { key: Arc::new(key), place })
}

/// Looks that it is the folder's key, and writes down where it was, for the day somebody looks for it.
fn kept(dir: &Path, store_key: StoreKey) -> Result<StoreKey, Error> {
    let given = store_key.key.name();
    if let Some(needs) = key_needed(dir).filter(|needs| *needs != given) {
        let another = format!("The key in {} is {given}, another one. {}", store_key.place, needed(dir, &needs));
        return Err(Error::StoreKey(another));
    }
    let path = dir.join(STORE_KEY_PLACE);
    let place = match &store_key.place {
        // Wherever the folder is.
        Place::Data(_) => format!("{STORE_KEY}\n"),
        place => format!("{place}\n"),
    };
    if fs::read(&path).ok().as_deref() != Some(place.as_bytes()) {
        write_private(&path, place.as_bytes()).map_err(Error::file("The data folder"))?;
    }
    Ok(store_key)
}

/// Whether the key lies in the folder that it opens.
pub fn store_key_is_inside(dir: &Path) -> bool {
    last_place(dir) == STORE_KEY
}

/// What its keeper should do about where the key is; `None` where it is apart from the data.
pub fn advice(dir: &Path) -> Option<String> {
    store_key_is_inside(dir).then(|| {
        format!(
            "The key that opens this data lies beside it, in {}: whoever takes the folder takes both. Move that file to another disk and name it in the configuration (store_key_file) or in {KEY_FILE_VARIABLE}.",
            dir.join(STORE_KEY).display()
        )
    })
}

/// Which key a folder needs, and where it was.
pub fn needed(dir: &Path, name: &str) -> String {
    let was = match last_place(dir).as_str() {
        "" => String::new(),
        place => format!(", which was in {place}"),
    };
    format!(
        "This data can be read only with the key {name}{was}. Bring that back, and name its file in the configuration (store_key_file) or in {KEY_FILE_VARIABLE}, or give the key itself in {KEY_VARIABLE}."
    )
}

fn last_place(dir: &Path) -> String {
    fs::read_to_string(dir.join(STORE_KEY_PLACE)).unwrap_or_default().trim().to_string()
}

fn unreadable_key(place: &str) -> Error {
    Error::Keys(format!(
        "What stands in {place} is no key for the store: that is 64 hexadecimal digits, such as `openssl rand -hex 32` prints. Nothing was changed."
    ))
}

/// A file of the folder that is sealed with the store's key. `None` where there is none. One that a version before encryption left
/// in the clear is sealed first.
fn sealed(dir: &Path, name: &str, store_key: &Key) -> Result<Option<Secret>, Error> {
    let failed = Error::file("A key of the relay");
    let path = dir.join(name);
    let plain = PLAIN.iter().find(|(_, sealed)| *sealed == name).map(|(plain, _)| dir.join(plain));
    match read_kept(&path) {
        Ok(bytes) => {
            let opened = store_key.open(&place(name), &bytes).map(Secret::new).ok_or_else(|| damaged(name))?;
            // Left where sealing it was cut short.
            plain.map_or(Ok(()), |plain| destroy(&plain)).map_err(failed)?;
            Ok(Some(opened))
        }
        Err(e) if e.kind() == io::ErrorKind::InvalidData => Err(damaged(name)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let Some(plain) = plain else { return Ok(None) };
            match fs::read(&plain) {
                Ok(bytes) => {
                    let bytes = Secret::new(bytes);
                    seal(dir, name, store_key, bytes.bytes())?;
                    destroy(&plain).map_err(failed)?;
                    Ok(Some(bytes))
                }
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(e) => Err(failed(e)),
            }
        }
        Err(e) => Err(failed(e)),
    }
}

fn seal(dir: &Path, name: &str, store_key: &Key, bytes: &[u8]) -> Result<(), Error> {
    let sealed = store_key.seal(&place(name), bytes);
    sealed.and_then(|sealed| write_kept(&dir.join(name), &sealed)).map_err(Error::file("A key of the relay"))
}

fn place(name: &str) -> Vec<u8> {
    [b"openpep/file/1/".as_slice(), name.as_bytes()].concat()
}

fn damaged(name: &str) -> Error {
    Error::Keys(format!(
        "The file {name} of the relay is damaged, or was sealed with another key. Bring it back from a backup with `pep-relay restore`."
    ))
}

/// What encrypts the line.
pub struct TlsKeys {
    /// For the acceptor.
    pub config: Arc<ServerConfig>,
    /// SHA-256 of the certificate's SubjectPublicKeyInfo: what an invitation link pins.
    pub pin: [u8; 32],
}

/// Seals the keys that a version before encryption left in the clear.
pub fn seal_plain(dir: &Path, store_key: &Key) -> Result<(), Error> {
    for (_, name) in PLAIN.iter().filter(|(plain, _)| dir.join(plain).exists()) {
        sealed(dir, name, store_key)?;
    }
    Ok(())
}

/// The key that signs rosters, made where there is none.
pub fn relay_key(dir: &Path, store_key: &Key) -> Result<Ed25519KeyPair, Error> {
    let bytes = match sealed(dir, RELAY_KEY, store_key)? {
        Some(bytes) => bytes,
        None => {
            let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| no_randomness())?;
            seal(dir, RELAY_KEY, store_key, made.as_ref())?;
            Secret::new(made.as_ref().to_vec())
        }
    };
    Ed25519KeyPair::from_pkcs8(bytes.bytes()).map_err(|_| {
        Error::Keys("The relay's key (relay.sealed) is damaged. Bring it back from a backup with `pep-relay restore`: participants know this relay by it.".into())
    })
}

/// Makes the key that follows, beside the one that is in use. One that an earlier change left there is written over: it was never used.
pub fn make_next(dir: &Path, store_key: &Key) -> Result<Ed25519KeyPair, Error> {
    let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| no_randomness())?;
    seal(dir, NEXT_KEY, store_key, made.as_ref())?;
    Ed25519KeyPair::from_pkcs8(made.as_ref()).map_err(|_| no_randomness())
}

/// Puts the key that follows in the place of the one before.
pub fn take_next(dir: &Path, store_key: &Key) -> Result<(), Error> {
    let next = sealed(dir, NEXT_KEY, store_key)?.ok_or_else(|| damaged(NEXT_KEY))?;
    seal(dir, RELAY_KEY, store_key, next.bytes())?;
    destroy(&dir.join(NEXT_KEY)).map_err(Error::file("A key of the relay"))
}

/// The key that the relay's data was last signed with: the one in use, or, where a change was cut short after it was written down, the
/// one that follows, which then is.
pub fn relay_key_of(dir: &Path, store_key: &Key, newest: Option<PublicKey>) -> Result<Ed25519KeyPair, Error> {
    let key = relay_key(dir, store_key)?;
    let Some(newest) = newest.filter(|newest| *newest != replica::public_key(&key)) else { return Ok(key) };
    let next = sealed(dir, NEXT_KEY, store_key)?.and_then(|bytes| Ed25519KeyPair::from_pkcs8(bytes.bytes()).ok());
    match next.filter(|next| replica::public_key(next) == newest) {
        Some(next) => take_next(dir, store_key).map(|()| next),
        None => Err(Error::Keys(
            "The key in relay.sealed is older than this data: its signing key was changed since. Bring the newer file back from a backup made after `pep-relay keys change`.".into(),
        )),
    }
}

/// The relay's id: the first 16 bytes of SHA-256(`"openpep/relay/1" ‖ key`).
pub fn relay_id(key: &PublicKey) -> Id {
    let hash = sha256(&[b"openpep/relay/1".as_slice(), key].concat());
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    id
}

/// Key and certificate for TLS: those of the configuration, or the relay's own, made where there are none. `None` where
/// TLS is off.
pub fn tls(dir: &Path, settings: &Settings, store_key: &Key) -> Result<Option<TlsKeys>, Error> {
    if settings.tls == Tls::Off {
        return Ok(None);
    }
    let wrong = |what: &str| {
        Error::Keys(format!(
            "The TLS {what} cannot be used. It must be a PEM file that this user may read, and certificate and key must belong together; whoever keeps the relay can put that right."
        ))
    };
    let (certificate, key) = match settings.certificate.as_os_str().is_empty() {
        true => own_certificate(dir, settings, store_key)?,
        false => {
            let key = fs::read(&settings.private_key).map_err(|_| wrong("key"))?;
            (fs::read(&settings.certificate).map_err(|_| wrong("certificate"))?, Secret::new(key))
        }
    };
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&certificate).collect::<Result<_, _>>().map_err(|_| wrong("certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(key.bytes()).map_err(|_| wrong("key"))?;
    let provider = Arc::new(default_provider());
    let signing = provider.key_provider.load_private_key(key.clone_key()).map_err(|_| wrong("key"))?;
    let pin = sha256(signing.public_key().ok_or_else(|| wrong("key"))?.as_ref());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|_| wrong("key"))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|_| wrong("certificate"))?;
    Ok(Some(TlsKeys { config: Arc::new(config), pin }))
}

/// Fills from the system's randomness.
pub fn random(bytes: &mut [u8]) -> Result<(), Error> {
    SystemRandom::new().fill(bytes).map_err(|_| no_randomness())
}

/// The relay's own certificate and its key, PEM; made where there is none.
fn own_certificate(dir: &Path, settings: &Settings, store_key: &Key) -> Result<(Vec<u8>, Secret), Error> {
    let failed =
        |_| Error::Keys("A certificate could not be made for that public_address. Write it as HOST:PORT.".into());
    let path = dir.join(TLS_CERTIFICATE);
    let kept = sealed(dir, TLS_KEY, store_key)?;
    // A key that is there is kept: devices pin it, so a certificate can be made anew by taking the old one away.
    let pair = match &kept {
        Some(pem) => match fs::read(&path) {
            Ok(certificate) => return Ok((certificate, pem.clone())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let text = std::str::from_utf8(pem.bytes()).map_err(|_| damaged(TLS_KEY))?;
                rcgen::KeyPair::from_pem(text).map_err(|_| damaged(TLS_KEY))?
            }
            Err(e) => return Err(Error::file("The TLS certificate")(e)),
        },
        None => rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(failed)?,
    };
    let mut names = vec!["localhost".to_string(), "127.0.0.1".into(), "::1".into()];
    let address = &settings.public_address;
    let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host).trim_matches(['[', ']']);
    if !host.is_empty() && !names.iter().any(|n| n == host) {
        names.push(host.to_string());
    }
    let made = rcgen::CertificateParams::new(names).and_then(|p| p.self_signed(&pair)).map_err(failed)?;
    let pem = Secret::new(pair.serialize_pem().into_bytes());
    if kept.is_none() {
        seal(dir, TLS_KEY, store_key, pem.bytes())?;
    }
    write_private(&path, made.pem().as_bytes()).map_err(Error::file("The TLS certificate"))?;
    Ok((made.pem().into_bytes(), pem))
}

fn no_randomness() -> Error {
    Error::Keys("This machine gives no randomness, so no key can be made. Whoever keeps it has to look.".into())
}
