//! A line that is listened to: what a device and its relay say to one another passes through here, and the frames of it are kept.
//! TLS ends here with the relay's own key, so that the device meets the relay that it joined.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::ring::default_provider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use sync_server::{config::Settings, keys};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// How a request for the WebSocket begins.
const UPGRADE: &[u8] = b"GET /sync ";
/// Opcode of a WebSocket message that is bytes.
const BINARY: u8 = 2;

/// Who spoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The device.
    Device,
    /// The relay.
    Relay,
}

/// Bytes, and who said them.
pub type Said = (Speaker, Vec<u8>);

/// What passed, in order, of every connection.
type Heard = Arc<Mutex<Vec<Vec<Said>>>>;

/// A place to connect to instead of the relay.
pub struct Tap {
    /// `127.0.0.1:port`.
    pub address: String,
    heard: Heard,
    /// Ends with it.
    _runtime: Runtime,
}

impl Tap {
    /// Listens in front of the relay that serves `data` at `relay`.
    pub fn place(data: &Path, relay: &str) -> Result<Tap, String> {
        let settings = Settings::default();
        let key = keys::store_key(data, &settings).map_err(|e| e.to_string())?.key;
        let tls = keys::tls(data, &settings, &key).map_err(|e| e.to_string())?.ok_or("the relay has no TLS")?;
        let relay: SocketAddr = relay.parse().map_err(|_| "the relay's address is none")?;
        let runtime = Runtime::new().map_err(|e| e.to_string())?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).map_err(|e| e.to_string())?;
        let address = listener.local_addr().map_err(|e| e.to_string())?.to_string();
        let heard = Heard::default();
        let acceptor = TlsAcceptor::from(tls.config);
        let (connector, all) = (connector()?, heard.clone());
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let one = {
                    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                    all.push(Vec::new());
                    all.len() - 1
                };
                tokio::spawn(pass(stream, relay, acceptor.clone(), connector.clone(), all.clone(), one));
            }
        });
        Ok(Tap { address, heard, _runtime: runtime })
    }

    /// The frames that passed, connection by connection.
    pub fn sessions(&self) -> Result<Vec<Vec<Said>>, String> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        // Requests that were answered before it passed on the same connection.
        let upgraded = |passed: &Vec<Said>| passed.iter().position(|(_, bytes)| bytes.starts_with(UPGRADE));
        let sessions = heard.iter().filter_map(|passed| passed.get(upgraded(passed)?..));
        sessions.map(messages).collect()
    }
}

async fn pass(
    stream: TcpStream,
    relay: SocketAddr,
    acceptor: TlsAcceptor,
    connector: TlsConnector,
    heard: Heard,
    one: usize,
) -> Option<()> {
    let device = acceptor.accept(stream).await.ok()?;
    let name = ServerName::try_from("localhost").ok()?;
    let relay = connector.connect(name, TcpStream::connect(relay).await.ok()?).await.ok()?;
    let (from_device, to_device) = tokio::io::split(device);
    let (from_relay, to_relay) = tokio::io::split(relay);
    let one_way = carry(from_device, to_relay, Speaker::Device, heard.clone(), one);
    let other_way = carry(from_relay, to_device, Speaker::Relay, heard, one);
    tokio::join!(one_way, other_way);
    Some(())
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    who: Speaker,
    heard: Heard,
    one: usize,
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        if let Some(passed) = heard.lock().unwrap_or_else(PoisonError::into_inner).get_mut(one) {
            passed.push((who, bytes[..read].to_vec()));
        }
        if to.write_all(&bytes[..read]).await.is_err() || to.flush().await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}

/// The binary messages of an upgraded connection, each when its last byte has come.
fn messages(passed: &[Said]) -> Result<Vec<Said>, String> {
    let (mut device, mut relay) = (Vec::new(), Vec::new());
    let (mut upgraded, mut found) = ([false; 2], Vec::new());
    for (who, bytes) in passed {
        let (rest, upgraded) = match who {
            Speaker::Device => (&mut device, &mut upgraded[0]),
            Speaker::Relay => (&mut relay, &mut upgraded[1]),
        };
        rest.extend(bytes);
        if !*upgraded {
            let Some(end) = rest.windows(4).position(|part| part == b"\r\n\r\n") else { continue };
            rest.drain(..end + 4);
            *upgraded = true;
        }
        while let Some((first, content, len)) = message(rest) {
            if first & 0x80 == 0 {
                return Err("a message came in pieces".into());
            }
            if first & 0x0f == BINARY {
                found.push((*who, content));
            }
            rest.drain(..len);
        }
    }
    Ok(found)
}

/// First byte, content and length of the WebSocket message at the front.
fn message(bytes: &[u8]) -> Option<(u8, Vec<u8>, usize)> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let (len, mut at) = match second & 0x7f {
        126 => (usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?, 10),
        len => (usize::from(len), 2),
    };
    let mask = if second & 0x80 != 0 { bytes.get(at..at + 4)? } else { &[0; 4] };
    at += if second & 0x80 != 0 { 4 } else { 0 };
    let content = bytes.get(at..at + len)?.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    Some((first, content.collect(), at + len))
}

fn connector() -> Result<TlsConnector, String> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Takes any certificate: whoever listens here has the relay's own key.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}
