//! The line out to the relay: TLS with the pinned key, the few requests of joining and of a session, and the WebSocket.
//! The only part of the client that opens a connection to elsewhere.

use participant::error::{Error, Kind};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use disk::DocumentThread;
use futures_util::{SinkExt, StreamExt};
use gate::Id;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    HeaderMap, Request, StatusCode,
    body::Bytes,
    client::conn::http1::{self, Parts, SendRequest},
    header,
    http::request,
};
use hyper_util::rt::TokioIo;
use ring::{digest, signature::Ed25519KeyPair};
use rustls::{
    DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sync::{
    SignedRoster, backoff,
    cbor::from_cbor,
    frame::{FRAME_BYTES_MAX, SUBPROTOCOL},
    held::{Change, List},
    identity,
    link::Link,
    voucher::{VOUCHERS_MAX, Voucher},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::{Notify, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest, protocol::WebSocketConfig},
};
use uuid::Uuid;

use participant::device::{Device, Me, Relay};

use crate::{clock, erase};

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(15);
/// How long an answer to a request may take.
const ANSWER: Duration = Duration::from_secs(30);
/// How often the line is tried while nothing is said on it.
const PING: Duration = Duration::from_secs(20);
/// Silence after which the line counts as cut.
const SILENCE: Duration = Duration::from_secs(60);
/// Largest answer to a request, in bytes: a roster of a whole council.
const ANSWER_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Frames written before the thread of the documents is asked again.
const FRAMES_AT_ONCE: usize = 16;

/// Why there is no line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// Nobody answers there. Usual cause: no network, or the relay is down.
    #[error("The relay at {0} does not answer.")]
    Unreachable(String),
    /// It is not the relay this device joined. Usual cause: a changed certificate, or somebody in between.
    #[error(
        "The relay at {0} is not the one this device joined: its key is another. Nothing was sent. Ask the Virtual School for a new link if it has changed its relay."
    )]
    WrongKey(String),
    /// The relay signs with a key that it had before: it was put back from a backup older than the change.
    #[error(
        "The relay at {0} signs with a key that it has changed since: it was put back from an older backup. Nothing was sent; what you wrote is safe here. Whoever keeps the relay brings back a backup that was made after `pep-relay keys change`, or sends new links."
    )]
    OlderKey(String),
    /// The relay does not let this device in, in its own words.
    #[error("{detail}")]
    Refused {
        /// Its code.
        code: String,
        /// Its words.
        detail: String,
        /// What it signed with them, if anything.
        sig: Option<String>,
    },
    /// The relay, with its own signature, says that this device was revoked. What that came to, in words.
    #[error("{0}")]
    Revoked(String),
    /// A plain line to another machine.
    #[error("A relay on another machine must be reached by wss:// (https:// in a link). Nothing was sent.")]
    Plain,
    /// An address that is none.
    #[error("{0} is not the address of a relay.")]
    Address(String),
    /// The relay answered something else than this program expects.
    #[error(
        "The relay gave an answer this program does not understand. It may be a newer version: ask whoever keeps your device to update pep."
    )]
    Answer,
    /// The disk, while frames were taken in.
    #[error("{0}")]
    Disk(String),
}

/// Where a relay is and what it must show.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    host: String,
    port: u16,
    tls: Option<[u8; 32]>,
    url: String,
}

/// What a line runs over: TCP, or TLS on it.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

impl Address {
    fn parse(url: &str, tls: Option<[u8; 32]>) -> Result<Address, DialError> {
        let bad = || DialError::Address(url.to_string());
        let uri: hyper::Uri = url.parse().map_err(|_| bad())?;
        let host = uri.host().ok_or_else(bad)?.to_string();
        let port = uri.port_u16().unwrap_or(443);
        match uri.scheme_str() {
            Some("wss") if tls.is_some() => {}
            Some("ws") if is_loopback(&host) => {}
            Some("ws") => return Err(DialError::Plain),
            _ => return Err(bad()),
        }
        let tls = tls.filter(|_| uri.scheme_str() == Some("wss"));
        Ok(Address { host, port, tls, url: url.to_string() })
    }

    async fn connect(&self) -> Result<Box<dyn Io>, DialError> {
        let unreachable = || DialError::Unreachable(self.url.clone());
        let bare = self.host.trim_matches(['[', ']']);
        let tcp = timeout(CONNECT, TcpStream::connect((bare, self.port)))
            .await
            .map_err(|_| unreachable())?
            .map_err(|_| unreachable())?;
        let _ = tcp.set_nodelay(true);
        let Some(pin) = self.tls else { return Ok(Box::new(tcp)) };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|_| DialError::Answer)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pinned { pin, provider }))
            .with_no_client_auth();
        let name = ServerName::try_from(bare.to_string()).map_err(|_| DialError::Address(self.url.clone()))?;
        let tls = timeout(CONNECT, tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, tcp))
            .await
            .map_err(|_| unreachable())?
            .map_err(|e| {
                let wrong = e.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>());
                match wrong {
                    Some(rustls::Error::InvalidCertificate(_)) => DialError::WrongKey(self.url.clone()),
                    _ => unreachable(),
                }
            })?;
        Ok(Box::new(tls))
    }
}

/// The requests of one process. Those to one relay follow each other on one connection while it stands, and the WebSocket takes that
/// connection over: a handshake costs more than most of what is asked. The relay ends one on which nothing is asked for a while.
#[derive(Default)]
pub struct Http {
    /// The connection that nothing is being asked on.
    idle: Mutex<Option<Connection>>,
}

/// A connection to a relay on which one request is made after the other.
struct Connection {
    address: Address,
    sender: SendRequest<Full<Bytes>>,
    /// Moves its bytes, and gives the stream back where the sender is dropped.
    driver: Driver,
}

/// The stream of a connection that has ended, and what came on it that nobody has read.
type Left = Parts<TokioIo<Box<dyn Io>>>;

/// Ends with the connection that it moves the bytes of.
struct Driver(JoinHandle<hyper::Result<Left>>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Connection {
    async fn open(address: &Address) -> Result<Connection, DialError> {
        let io = TokioIo::new(address.connect().await?);
        let (sender, connection) =
            http1::handshake(io).await.map_err(|_| DialError::Unreachable(address.url.clone()))?;
        let driver = Driver(tokio::spawn(connection.without_shutdown()));
        Ok(Connection { address: address.clone(), sender, driver })
    }

    /// The stream, where nothing has come on it that nobody has read.
    async fn stream(self) -> Option<Box<dyn Io>> {
        let Connection { sender, mut driver, .. } = self;
        drop(sender);
        let parts = (&mut driver.0).await.ok()?.ok()?;
        parts.read_buf.is_empty().then(|| parts.io.into_inner())
    }
}

impl Http {
    /// One request with a JSON body, one JSON answer.
    async fn post<T: DeserializeOwned>(&self, to: &Address, path: &str, body: &Value) -> Result<T, DialError> {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        let (_, bytes) = self.exchange(to, request, body.to_string()).await?;
        serde_json::from_slice(&bytes).map_err(|_| DialError::Answer)
    }

    /// The same with a session's token.
    async fn post_with(&self, to: &Address, path: &str, token: &str, body: &Value) -> Result<(), DialError> {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.exchange(to, request, body.to_string()).await.map(drop)
    }

    /// One request without a body.
    async fn get(&self, to: &Address, path: &str, token: Option<&str>) -> Result<(HeaderMap, Bytes), DialError> {
        let mut request = Request::get(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        self.exchange(to, request, String::new()).await
    }

    async fn exchange(
        &self,
        to: &Address,
        request: request::Builder,
        body: String,
    ) -> Result<(HeaderMap, Bytes), DialError> {
        let unreachable = || DialError::Unreachable(to.url.clone());
        let request = request
            .header(header::HOST, format!("{}:{}", to.host, to.port))
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| DialError::Answer)?;
        let kept = match self.idle(to) {
            // The relay may have ended it meanwhile.
            Some(mut kept) => {
                timeout(ANSWER, kept.sender.ready()).await.is_ok_and(|ready| ready.is_ok()).then_some(kept)
            }
            None => None,
        };
        let mut connection = match kept {
            Some(kept) => kept,
            None => Connection::open(to).await?,
        };
        let exchange = async {
            let response = match connection.sender.try_send_request(request).await {
                Ok(response) => response,
                // What was not sent was not done: it is asked on another connection.
                Err(mut e) => {
                    let request = e.take_message().ok_or_else(unreachable)?;
                    connection = Connection::open(to).await?;
                    connection.sender.send_request(request).await.map_err(|_| unreachable())?
                }
            };
            let (head, body) = response.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(|_| DialError::Answer)?;
            Ok::<_, DialError>((head, body.to_bytes()))
        };
        let (head, bytes) = timeout(ANSWER, exchange).await.map_err(|_| unreachable())??;
        *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        if head.status == StatusCode::OK {
            return Ok((head.headers, bytes));
        }
        #[derive(Deserialize)]
        struct Refusal {
            code: String,
            detail: String,
            sig: Option<String>,
        }
        match serde_json::from_slice::<Refusal>(&bytes) {
            Ok(r) => Err(DialError::Refused { code: r.code, detail: r.detail, sig: r.sig }),
            Err(_) => Err(DialError::Answer),
        }
    }

    /// A stream to the relay: the one that the last request was made on, where it still stands.
    async fn stream(&self, to: &Address) -> Result<Box<dyn Io>, DialError> {
        let kept = match self.idle(to).filter(|kept| !kept.sender.is_closed()) {
            Some(kept) => timeout(ANSWER, kept.stream()).await.ok().flatten(),
            None => None,
        };
        match kept {
            Some(stream) => Ok(stream),
            None => to.connect().await,
        }
    }

    /// The connection to this relay that nothing is being asked on.
    fn idle(&self, to: &Address) -> Option<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        idle.filter(|kept| kept.address == *to)
    }
}

/// Uses an invitation: enrols `key` (this device, called `name`) with the relay of the link.
pub async fn join(http: &Http, link: &Link, key: &Ed25519KeyPair, name: &str) -> Result<Me, DialError> {
    let address = Address::parse(&link.url(), link.tls)?;
    let public = replica::public_key(key);
    let statement = identity::join_statement(&link.relay_key, &link.secret, &public);
    let body = json!({
        "invitation": BASE64_URL_SAFE_NO_PAD.encode(link.secret),
        "key": BASE64_URL_SAFE_NO_PAD.encode(public),
        "device": name,
        "sig": BASE64_URL_SAFE_NO_PAD.encode(key.sign(&statement)),
    });
    #[derive(Deserialize)]
    struct Answer {
        person: Uuid,
        name: String,
        organisation: Option<String>,
        role: String,
        relay: AnswerRelay,
        #[serde(default)]
        keys: Vec<String>,
    }
    #[derive(Deserialize)]
    struct AnswerRelay {
        id: Uuid,
        key: String,
        name: String,
    }
    let answer: Answer = http.post(&address, "/v1/join", &body).await?;
    let relay = Relay {
        url: link.url(),
        id: *answer.relay.id.as_bytes(),
        key: link.relay_key,
        former: Vec::new(),
        addresses: Vec::new(),
        tls: link.tls.map(serde_bytes::ByteArray::new),
        name: answer.relay.name,
    };
    let relay = relay.followed(&vouchers(&answer.keys));
    if BASE64_URL_SAFE_NO_PAD.decode(&answer.relay.key).ok().as_deref() != Some(relay.key.as_slice()) {
        return Err(DialError::WrongKey(address.url));
    }
    Ok(Me {
        person: *answer.person.as_bytes(),
        name: answer.name,
        organisation: answer.organisation,
        role: answer.role,
        device: gate::device_id(&public),
        relay,
    })
}

/// A session that is open.
pub struct Opened {
    /// What opens the WebSocket.
    token: String,
    /// The relay as it is known from now on: its key may be another, which the old one vouches for.
    relay: Relay,
}

/// Each key of the relay for the next, as an answer says them. What is no voucher is passed over: nothing is followed for it.
fn vouchers(said: &[String]) -> Vec<Voucher> {
    let each = said.iter().take(VOUCHERS_MAX);
    each.filter_map(|one| Voucher::decode(&BASE64_URL_SAFE_NO_PAD.decode(one).ok()?)).collect()
}

/// Opens a session.
async fn session(
    http: &Http,
    address: &Address,
    relay: &Relay,
    device: &Id,
    key: &Ed25519KeyPair,
) -> Result<Opened, DialError> {
    #[derive(Deserialize)]
    struct Challenge {
        challenge: String,
        /// What it signs with. A relay that cannot change its key does not say it.
        key: Option<String>,
        #[serde(default)]
        keys: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Token {
        token: String,
    }
    let device_text = Uuid::from_bytes(*device).to_string();
    let asked: Challenge = http.post(address, "/v1/session", &json!({ "device": device_text })).await?;
    let relay = relay.clone().followed(&vouchers(&asked.keys));
    let has = asked.key.and_then(|key| BASE64_URL_SAFE_NO_PAD.decode(key).ok());
    match has.filter(|has| *has != relay.key) {
        Some(has) if relay.former.iter().any(|former| **former == *has) => {
            return Err(DialError::OlderKey(address.url.clone()));
        }
        Some(_) => return Err(DialError::WrongKey(address.url.clone())),
        None => {}
    }
    let challenge: identity::Secret = BASE64_URL_SAFE_NO_PAD
        .decode(&asked.challenge)
        .ok()
        .and_then(|c| c.try_into().ok())
        .ok_or(DialError::Answer)?;
    let sig = key.sign(&identity::session_statement(&relay.key, &challenge, device));
    let body = json!({
        "device": device_text,
        "challenge": asked.challenge,
        "sig": BASE64_URL_SAFE_NO_PAD.encode(sig),
    });
    match http.post::<Token>(address, "/v1/session", &body).await {
        Ok(opened) => Ok(Opened { token: opened.token, relay }),
        Err(DialError::Refused { code, detail, sig: Some(sig) }) if code == sync::frame::code::REVOKED => {
            let statement = identity::revoked_statement(&relay.key, &challenge, device);
            let sig = BASE64_URL_SAFE_NO_PAD.decode(&sig).ok().and_then(|sig| sig.try_into().ok());
            match sig.is_some_and(|sig| identity::verify(&relay.key, &statement, &sig)) {
                true => Err(DialError::Revoked(detail)),
                false => Err(DialError::Refused { code, detail, sig: None }),
            }
        }
        Err(other) => Err(other),
    }
}

/// Opens a session at the first address where the relay answers. What has its place by now, or nobody, is passed by.
async fn reach(http: &Http, me: &Me, key: &Ed25519KeyPair) -> Result<(Address, Opened), DialError> {
    let mut first = None;
    for reached in me.relay.reached() {
        let address = Address::parse(&reached.url, reached.tls.map(|tls| tls.into_array()))?;
        match session(http, &address, &me.relay, &me.device, key).await {
            Ok(opened) => return Ok((address, opened)),
            Err(e @ (DialError::Unreachable(_) | DialError::WrongKey(_))) => drop(first.get_or_insert(e)),
            Err(e) => return Err(e),
        }
    }
    Err(first.unwrap_or(DialError::Answer))
}

/// The relay of this device as a link names it: at another address, which it answers at. Nothing of the invitation is used.
pub async fn moved(http: &Http, link: &Link, me: &Me, key: &Ed25519KeyPair) -> Result<Relay, DialError> {
    let address = Address::parse(&link.url(), link.tls)?;
    let Opened { relay, .. } = session(http, &address, &me.relay, &me.device, key).await?;
    Ok(Relay { url: link.url(), tls: link.tls.map(serde_bytes::ByteArray::new), ..relay })
}

/// How a line ended that the other side ended. That the device was revoked is said on the line, and then once more with the
/// relay's signature: nothing is erased for less.
async fn cut(
    room: &DocumentThread<Device>,
    http: &Http,
    address: &Address,
    me: &Me,
    key: &Ed25519KeyPair,
    least: u64,
) -> Result<Ended, DialError> {
    if room.call(|c| c.hears_revoked()).await.unwrap_or(false)
        && let Err(DialError::Revoked(_)) = session(http, address, &me.relay, &me.device, key).await
    {
        return Err(shut_out(room).await);
    }
    Ok(Ended::Cut(least))
}

/// The relay has revoked this device: its plans are erased, and what is said of that is the error.
async fn shut_out(room: &DocumentThread<Device>) -> DialError {
    let erased = |device: &mut Device| {
        let now = clock::now();
        let revoked = device.revoke(&now);
        erase::erase(device, &revoked).map(|()| revoked.sentence(now.zone))
    };
    match room.call(erased).await {
        Ok(Ok(words)) => DialError::Revoked(words),
        Ok(Err(e)) => DialError::Disk(format!(
            "This device was revoked, and its plans could not be erased ({e}). Start the program again: it goes on where it stopped."
        )),
        Err(_) => DialError::Disk("The part of the program that keeps the documents has stopped.".into()),
    }
}

/// Fetches the refused changes that this device's person decides about.
pub async fn held(
    room: Option<&DocumentThread<Device>>,
    http: &Http,
    me: &Me,
    key: &Ed25519KeyPair,
) -> Result<List, DialError> {
    let (address, Opened { token, .. }) = match (reach(http, me, key).await, room) {
        (Err(DialError::Revoked(_)), Some(room)) => return Err(shut_out(room).await),
        (other, _) => other?,
    };
    let (_, bytes) = http.get(&address, "/v1/held", Some(&token)).await?;
    from_cbor(&bytes).map_err(|_| DialError::Answer)
}

/// Decides about one of them: takes it into the plan, with those it builds on, or leaves it out.
pub async fn decide(
    http: &Http,
    me: &Me,
    key: &Ed25519KeyPair,
    change: &Change,
    accept: bool,
) -> Result<(), DialError> {
    let (address, Opened { token, .. }) = reach(http, me, key).await?;
    let decision = if accept { "accept" } else { "discard" };
    let (doc, hash) = (Uuid::from_bytes(change.doc), hex::encode(change.hash));
    http.post_with(&address, "/v1/held", &token, &json!({ "doc": doc, "change": hash, "decision": decision })).await
}

/// How a line ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to.
    Stopped,
    /// The relay or the network ended it; when to come back at the earliest, in milliseconds.
    Cut(u64),
}

/// A WebSocket on which the relay waits for `hello`, the session it was opened with, and where.
pub async fn line(
    http: &Http,
    me: &Me,
    key: &Ed25519KeyPair,
) -> Result<(WebSocketStream<Box<dyn Io>>, Opened, Address), DialError> {
    let (address, opened) = reach(http, me, key).await?;
    let token = &opened.token;
    let mut request =
        format!("{}/sync", address.url).into_client_request().map_err(|_| DialError::Address(address.url.clone()))?;
    let value = |text: &str| text.parse().map_err(|_| DialError::Answer);
    request.headers_mut().insert(header::AUTHORIZATION, value(&format!("Bearer {token}"))?);
    request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, value(SUBPROTOCOL)?);
    let config = WebSocketConfig::default()
        .max_message_size(Some(FRAME_BYTES_MAX))
        .max_frame_size(Some(FRAME_BYTES_MAX))
        .max_write_buffer_size(4 * FRAME_BYTES_MAX);
    let stream = http.stream(&address).await?;
    let upgrade = tokio_tungstenite::client_async_with_config(request, stream, Some(config));
    let (socket, _) = timeout(CONNECT, upgrade)
        .await
        .map_err(|_| DialError::Unreachable(address.url.clone()))?
        .map_err(|_| DialError::Unreachable(address.url.clone()))?;
    Ok((socket, opened, address))
}

/// One connection from beginning to end. `stop` ends it.
pub async fn once(
    room: &DocumentThread<Device>,
    http: &Http,
    key: &Ed25519KeyPair,
    wake: &Notify,
    stop: &Notify,
) -> Result<Ended, DialError> {
    let gone = |_| DialError::Disk("The part of the program that keeps the documents has stopped.".into());
    let me = room.call(|c| c.me().cloned()).await.map_err(gone)?.ok_or(DialError::Answer)?;
    let (socket, Opened { token, relay }, address) = match line(http, &me, key).await {
        Err(DialError::Revoked(_)) => return Err(shut_out(room).await),
        other => other?,
    };
    if relay != me.relay {
        let known = room.call(|device| device.know_relay(relay)).await.map_err(gone)?;
        known.map_err(|e| DialError::Disk(e.to_string()))?;
    }
    let (mut sink, mut incoming) = socket.split();
    room.call(|c| c.connect()).await.map_err(gone)?;
    wake.notify_one();
    let mut ping = tokio::time::interval(PING);
    let mut heard = tokio::time::Instant::now();
    loop {
        tokio::select! {
            () = stop.notified() => {
                let _ = sink.close().await;
                return Ok(Ended::Stopped);
            }
            () = wake.notified() => {
                loop {
                    let (frames, close, wants_roster) = room
                        .call(|c| (c.take_frames(FRAMES_AT_ONCE), c.wants_to_close(), c.wants_roster()))
                        .await
                        .map_err(gone)?;
                    if wants_roster && let Some(signed) = roster(http, &address, &token).await? {
                        let taken = room.call(move |c| c.take_roster(&signed)).await.map_err(gone)?;
                        taken.map_err(|e| DialError::Disk(e.to_string()))?;
                    }
                    let frames = frames.map_err(|e| DialError::Disk(e.to_string()))?;
                    if close {
                        let _ = sink.close().await;
                        let least = room.call(|c| c.retry_after_ms()).await.map_err(gone)?;
                        return cut(room, http, &address, &me, key, least).await;
                    }
                    if frames.is_empty() {
                        break;
                    }
                    for frame in frames {
                        if sink.send(Message::binary(frame)).await.is_err() {
                            return Ok(Ended::Cut(0));
                        }
                    }
                }
            }
            message = incoming.next() => {
                heard = tokio::time::Instant::now();
                match message {
                    Some(Ok(Message::Binary(bytes))) => {
                        let now = crate::clock::now().unix();
                        let taken = room.call(move |c| c.receive(&bytes, now)).await.map_err(gone)?;
                        taken.map_err(|e| DialError::Disk(e.to_string()))?;
                    }
                    Some(Ok(Message::Close(_))) | None | Some(Err(_)) => return cut(room, http, &address, &me, key, 0).await,
                    Some(Ok(_)) => {}
                }
            }
            _ = ping.tick() => {
                if heard.elapsed() > SILENCE {
                    return Ok(Ended::Cut(0));
                }
                if sink.send(Message::Ping(Bytes::new())).await.is_err() {
                    return Ok(Ended::Cut(0));
                }
            }
        }
    }
}

/// How the attempts of a kept line go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Why the last one failed, where it did not come to stand.
    pub failed: Option<DialError>,
}

/// Keeps a line up until `stop`: comes back after every cut, with full jitter, or at once when told `again`. `tell` hears of
/// the end of every attempt.
pub async fn keep(
    room: DocumentThread<Device>,
    http: Arc<Http>,
    key: Arc<Ed25519KeyPair>,
    wake: Arc<Notify>,
    stop: Arc<Notify>,
    again: Arc<Notify>,
    tell: watch::Sender<Kept>,
) {
    let mut attempt = 0;
    loop {
        let started = tokio::time::Instant::now();
        let ended = once(&room, &http, &key, &wake, &stop).await;
        let refused = match &ended {
            // A busy relay refuses nobody for good.
            Err(DialError::Refused { code, .. }) if code == sync::frame::code::BUSY => None,
            Err(
                e @ (DialError::Refused { .. }
                | DialError::WrongKey(_)
                | DialError::OlderKey(_)
                | DialError::Revoked(_)),
            ) => Some(e.to_string()),
            _ => None,
        };
        if room.call(move |c| c.disconnect(refused)).await.is_err() {
            return;
        }
        if ended == Ok(Ended::Stopped) {
            return;
        }
        let revoked = matches!(ended, Err(DialError::Revoked(_)));
        tell.send_replace(Kept { failed: ended.as_ref().err().cloned() });
        if revoked {
            return;
        }
        // A line that held for a while was a good one: begin again with short waits.
        attempt = if started.elapsed() > SILENCE { 0 } else { attempt + 1 };
        let least = if let Ok(Ended::Cut(ms)) = ended { ms } else { 0 };
        let wait = Duration::from_millis(backoff::wait_ms(attempt, crate::clock::chance(), least));
        tokio::select! {
            () = stop.notified() => return,
            () = again.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// What a relay shows to anybody who holds its pinned key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The version of its program.
    pub version: String,
    /// Its clock, in Unix seconds, where it says.
    pub clock: Option<i64>,
}

/// Looks whether the relay answers, and what it says of itself.
pub async fn look(http: &Http, relay: &Relay) -> Result<Seen, DialError> {
    #[derive(Deserialize)]
    struct Version {
        version: String,
    }
    let mut first = None;
    let mut found = None;
    for reached in relay.reached() {
        let address = Address::parse(&reached.url, reached.tls.map(|tls| tls.into_array()))?;
        match http.get(&address, "/version", None).await {
            Ok(answer) => {
                found = Some(answer);
                break;
            }
            Err(e) => drop(first.get_or_insert(e)),
        }
    }
    let (headers, bytes) = found.ok_or(first.unwrap_or(DialError::Answer))?;
    let Version { version } = serde_json::from_slice(&bytes).map_err(|_| DialError::Answer)?;
    let date = headers.get(header::DATE).and_then(|d| d.to_str().ok());
    let clock = date.and_then(|d| chrono::DateTime::parse_from_rfc2822(d).ok()).map(|d| d.timestamp());
    Ok(Seen { version, clock })
}

/// A roster fetched outside the WebSocket: one too large for a frame.
async fn roster(http: &Http, address: &Address, token: &str) -> Result<Option<SignedRoster>, DialError> {
    let (_, bytes) = http.get(address, "/v1/roster", Some(token)).await?;
    Ok(from_cbor(&bytes).ok())
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Accepts exactly the certificate whose public key the invitation named, whoever signed it.
#[derive(Debug)]
struct Pinned {
    pin: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let cert = rustls::server::ParsedCertificate::try_from(end_entity)?;
        let seen = digest::digest(&digest::SHA256, cert.subject_public_key_info().as_ref());
        if seen.as_ref() == self.pin {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::Error::InvalidCertificate(rustls::CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl From<DialError> for Error {
    fn from(error: DialError) -> Error {
        let kind = match &error {
            DialError::Unreachable(_) => Kind::Unreachable,
            DialError::Refused { code, .. } if code == sync::frame::code::BUSY => Kind::Unreachable,
            DialError::Refused { code, .. } if code == sync::frame::code::REVOKED => Kind::NotPermitted,
            DialError::Revoked(_) => Kind::NotPermitted,
            _ => Kind::Failed,
        };
        let message = error.to_string();
        match error {
            DialError::Unreachable(_) => Error::new(kind, message).hint(
                "What you wrote is safe on this device. Look at your connection and try again, or ask the Virtual School whether its relay is running.",
            ),
            DialError::Revoked(_) => Error::new(kind, message).hint(
                "If the device is yours and you have it, ask the Virtual School for a new invitation link, and run `pep join LINK`. What was shared comes back.",
            ),
            DialError::Refused { .. }
            | DialError::WrongKey(_)
            | DialError::OlderKey(_)
            | DialError::Plain
            | DialError::Address(_)
            | DialError::Answer
            | DialError::Disk(_) => Error::new(kind, message),
        }
    }
}
