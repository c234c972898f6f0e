//! The relay's keys: one that signs rosters, one for TLS. Made at the first start, read by their owner only.

use std::{fs, io, path::Path, sync::Arc};

use gate::{Id, PublicKey};
use replica::write_private;
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

/// Signs rosters; its public half is what participants know the relay by.
pub const RELAY_KEY: &str = "relay.key";
/// Private key of the relay's own certificate, PEM.
pub const TLS_KEY: &str = "tls.key";
/// The relay's own certificate, PEM.
pub const TLS_CERTIFICATE: &str = "tls.crt";

/// What encrypts the line.
pub struct TlsKeys {
    /// For the acceptor.
    pub config: Arc<ServerConfig>,
    /// SHA-256 of the certificate's SubjectPublicKeyInfo: what an invitation link pins.
    pub pin: [u8; 32],
}

/// The key that signs rosters, made where there is none.
pub fn relay_key(dir: &Path) -> Result<Ed25519KeyPair, Error> {
    let path = dir.join(RELAY_KEY);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| no_randomness())?;
            write_private(&path, made.as_ref()).map_err(Error::file("The relay's key"))?;
            made.as_ref().to_vec()
        }
        Err(e) => return Err(Error::file("The relay's key")(e)),
    };
    Ed25519KeyPair::from_pkcs8(&bytes).map_err(|_| {
        Error::Keys("The relay's key (relay.key) is damaged. Bring it back from a backup with `pep-relay restore`: participants know this relay by it.".into())
    })
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
pub fn tls(dir: &Path, settings: &Settings) -> Result<Option<TlsKeys>, Error> {
    if settings.tls == Tls::Off {
        return Ok(None);
    }
    let own = (dir.join(TLS_CERTIFICATE), dir.join(TLS_KEY));
    let given = (settings.certificate.clone(), settings.private_key.clone());
    let (certificate, key) = if given.0.as_os_str().is_empty() { own } else { given };
    if settings.certificate.as_os_str().is_empty() && !(certificate.exists() && key.exists()) {
        make_certificate(&certificate, &key, &settings.public_address)?;
    }
    let wrong = |what: &str| {
        Error::Keys(format!(
            "The TLS {what} cannot be used. It must be a PEM file that this user may read, and certificate and key must belong together; whoever keeps the relay can put that right."
        ))
    };
    let chain = fs::read(&certificate).map_err(|_| wrong("certificate"))?;
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&chain).collect::<Result<_, _>>().map_err(|_| wrong("certificate"))?;
    let key = fs::read(&key).map_err(|_| wrong("key"))?;
    let key = PrivateKeyDer::from_pem_slice(&key).map_err(|_| wrong("key"))?;
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

fn make_certificate(certificate: &Path, key: &Path, public_address: &str) -> Result<(), Error> {
    let failed =
        |_| Error::Keys("A certificate could not be made for that public_address. Write it as HOST:PORT.".into());
    let mut names = vec!["localhost".to_string(), "127.0.0.1".into(), "::1".into()];
    let host = public_address.rsplit_once(':').map_or(public_address, |(host, _)| host).trim_matches(['[', ']']);
    if !host.is_empty() && !names.iter().any(|n| n == host) {
        names.push(host.to_string());
    }
    // A key that is there is kept: devices pin it, so a certificate can be made anew by taking the old one away.
    let pair = match fs::read_to_string(key) {
        Ok(pem) => rcgen::KeyPair::from_pem(&pem).map_err(failed)?,
        Err(_) => {
            let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(failed)?;
            write_private(key, pair.serialize_pem().as_bytes()).map_err(Error::file("The TLS key"))?;
            pair
        }
    };
    let made = rcgen::CertificateParams::new(names).and_then(|p| p.self_signed(&pair)).map_err(failed)?;
    write_private(certificate, made.pem().as_bytes()).map_err(Error::file("The TLS certificate"))
}

fn no_randomness() -> Error {
    Error::Keys("This machine gives no randomness, so no key can be made. Whoever keeps it has to look.".into())
}
