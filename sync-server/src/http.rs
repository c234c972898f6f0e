//! What the relay answers over HTTP: joining, sessions, the roster, the WebSocket, and whether it is well.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Extension, Json, Router,
    body::Bytes,
    extract::{
        DefaultBodyLimit, Request, State,
        rejection::JsonRejection,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, StatusCode, header},
    middleware::{Next, from_fn},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use disk::DocumentThread;
use gate::{Id, Signature};
use serde::Deserialize;
use serde_json::json;
use sync::{
    frame::{FRAME_BYTES_MAX, SUBPROTOCOL, code},
    identity::{self, Secret},
};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::{
    directory::{Joining, Refused, text, to_cbor},
    error::Error,
    keys, now,
    pace::Paces,
    relay::Relay,
    sessions::Sessions,
    socket,
};

/// Largest body of a request, in bytes: ours have some hundreds.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// How long a request may take, its body included: a slow line should not hold a connection for ever.
const REQUEST: Duration = Duration::from_secs(20);
/// Bytes that wait for one WebSocket's line before writing to it fails: the largest frame, twice.
const WRITE_BYTES_MAX: usize = 2 * FRAME_BYTES_MAX;

/// What the routes share.
pub(crate) struct App {
    /// The relay.
    pub room: DocumentThread<Relay>,
    /// What the relay is known by.
    pub keys: Keys,
    /// Challenges, tokens, limits.
    pub sessions: Mutex<Sessions>,
    /// Numbers connections.
    pub connections: AtomicU64,
    /// Places for WebSockets.
    pub lines: Arc<Semaphore>,
    /// Places for connections that are being welcomed.
    pub welcomes: Semaphore,
    /// How fast each device brings work.
    pub paces: Mutex<Paces>,
    /// What those times count from.
    pub began: Instant,
}

/// What the relay is known by, as answers say it. Its key is not changed while it serves.
pub(crate) struct Keys {
    /// The key that it signs with.
    key: String,
    /// Each key for the next, oldest first.
    vouchers: Vec<String>,
}

impl Keys {
    /// Those of a relay.
    pub fn of(relay: &Relay) -> Keys {
        let vouchers = relay.vouchers().iter().map(|voucher| BASE64.encode(voucher.encode()));
        Keys { key: BASE64.encode(relay.key()), vouchers: vouchers.collect() }
    }
}

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub IpAddr);

/// A refusal, as HTTP says it.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

type Answer = Result<Response, Refusal>;

/// The routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/version", get(version))
        .route("/metrics", get(metrics))
        .route("/join", get(join_page))
        .route("/v1/join", post(join))
        .route("/v1/session", post(session))
        .route("/v1/roster", get(roster))
        .route("/v1/held", get(held).post(decide))
        .route("/sync", get(sync_socket))
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(in_time))
        .with_state(app)
}

async fn in_time(request: Request, next: Next) -> Response {
    // What is announced as too long need not be waited for.
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > BODY_BYTES_MAX as u64) {
        let said = format!("A request may have {BODY_BYTES_MAX} bytes. Ask whoever keeps your device to update pep.");
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "form", &said).into_response();
    }
    match tokio::time::timeout(REQUEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) => busy("That took too long. Try again.").into_response(),
    }
}

async fn nothing_here() -> Response {
    refusal(StatusCode::NOT_FOUND, "path", "There is nothing here. This is a relay for the pep program.")
        .into_response()
}

async fn healthz(State(app): State<Arc<App>>) -> Answer {
    app.room.call(|_| ()).await?;
    Ok(Json(json!({ "healthy": true })).into_response())
}

async fn readyz(State(app): State<Arc<App>>) -> Answer {
    match app.room.call(|relay| relay.is_ready()).await? {
        true => Ok(Json(json!({ "ready": true })).into_response()),
        false => Err(busy("The relay is stopping, or its disk has failed. Whoever keeps it finds more in its log.")),
    }
}

async fn version() -> Response {
    Json(json!({ "name": "pep-relay", "version": env!("CARGO_PKG_VERSION"), "protocol": SUBPROTOCOL })).into_response()
}

async fn metrics(State(app): State<Arc<App>>) -> Answer {
    let (counts, restoring) = app.room.call(|relay| (relay.counts(), relay.restoring().is_some())).await?;
    let gauge = |name: &str, help: &str, value: u64| metric(name, "gauge", help, value);
    let counter = |name: &str, help: &str, value: u64| metric(name, "counter", help, value);
    let text = [
        gauge("connections", "Connections of participants.", counts.connections),
        gauge("documents", "Documents kept.", counts.documents),
        gauge("restoring", "1 while what was lost is taken back: the relay was put back.", u64::from(restoring)),
        counter("envelopes_accepted_total", "Envelopes that were new.", counts.accepted),
        counter("envelopes_known_total", "Envelopes that were here already.", counts.known),
        counter("envelopes_refused_total", "Envelopes refused and kept.", counts.refused),
        counter("envelopes_sent_total", "Envelopes sent to participants.", counts.sent),
        counter("commits_total", "Lots written to the disk.", counts.commits),
        counter("directory_entries_signed_total", "Entries of the directory that were signed.", counts.entries_signed),
        counter("directory_entries_sent_total", "Entries of the directory that were sent.", counts.entries_sent),
        counter("received_bytes_total", "Bytes of frames received.", counts.bytes_in),
        counter("sent_bytes_total", "Bytes of frames sent.", counts.bytes_out),
    ]
    .concat();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

fn metric(name: &str, kind: &str, help: &str, value: u64) -> String {
    format!("# HELP pep_relay_{name} {help}\n# TYPE pep_relay_{name} {kind}\npep_relay_{name} {value}\n")
}

/// What a person sees who opens an invitation link in a browser. The secret stays behind `#`: it never comes here.
async fn join_page() -> Response {
    let page = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>An invitation for pep</title>\
        <h1>This link is for the pep program</h1><p>Copy the whole link from the address bar, and run this on the device \
        that you want to use:</p><p><code>pep join LINK</code></p><p>If you do not have the program, ask the Virtual School \
        that sent you the link.</p></html>";
    let policy = [(header::CONTENT_SECURITY_POLICY, "default-src 'none'"), (header::REFERRER_POLICY, "no-referrer")];
    (policy, Html(page)).into_response()
}

#[derive(Deserialize)]
struct JoinBody {
    invitation: String,
    key: String,
    device: String,
    sig: String,
}

async fn join(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    body: Result<Json<JoinBody>, JsonRejection>,
) -> Answer {
    app.allow(peer)?;
    let Json(body) = body?;
    let joining = Joining {
        secret: fixed(&body.invitation)?,
        key: fixed(&body.key)?,
        name: body.device,
        sig: fixed::<64>(&body.sig)?,
    };
    let at = now();
    let joined = app
        .room
        .call(move |relay| {
            let (person, device) = relay.join(&joining, at)?;
            Ok::<_, Error>((person, device, relay.id(), relay.organisation().to_string()))
        })
        .await?;
    let (person, device, id, name) = joined?;
    tracing::info!(device = text(&device), "joined");
    Ok(Json(json!({
        "person": text(&person.id),
        "name": person.name,
        "organisation": person.organisation,
        "role": person.role,
        "device": text(&device),
        "relay": { "id": text(&id), "key": app.keys.key, "name": name },
        "keys": app.keys.vouchers,
    }))
    .into_response())
}

#[derive(Deserialize)]
struct SessionBody {
    device: Uuid,
    challenge: Option<String>,
    sig: Option<String>,
}

async fn session(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    body: Result<Json<SessionBody>, JsonRejection>,
) -> Answer {
    app.allow(peer)?;
    let Json(body) = body?;
    let device = body.device.into_bytes();
    let at = now();
    let (Some(challenge), Some(sig)) = (body.challenge, body.sig) else {
        // Given to whoever asks: only who has the key can answer it.
        let challenge = app.sessions().challenge(&device, chance()?, at);
        let Keys { key, vouchers } = &app.keys;
        let body = json!({ "challenge": BASE64.encode(challenge), "key": key, "keys": vouchers });
        return Ok(Json(body).into_response());
    };
    let challenge: Secret = fixed(&challenge)?;
    let sig: Signature = fixed(&sig)?;
    if !app.sessions().answer(&challenge, &device, at) {
        return Err(refusal(
            StatusCode::FORBIDDEN,
            "challenge",
            "That challenge has ended or was used. Ask for another.",
        ));
    }
    let (relay, known) = app
        .room
        .call(move |relay| {
            let known = relay.directory().known_device(&device).map(|d| (d.key, d.revoked.is_some()));
            let known = known.map(|(key, revoked)| (key, revoked.then(|| relay.sign_revoked(&challenge, &device))));
            (relay.key(), known)
        })
        .await?;
    let (key, revoked) = known.ok_or(Refused::DeviceUnknown)?;
    if !identity::verify(&key, &identity::session_statement(&relay, &challenge, &device), &sig) {
        return Err(Refused::Signature.into());
    }
    if let Some(sig) = revoked {
        // Signed by the relay, for it asks the device to erase what it holds.
        let refused = Refused::DeviceRevoked;
        let body = json!({ "code": refused.code(), "detail": refused.to_string(), "sig": BASE64.encode(sig) });
        return Ok((StatusCode::FORBIDDEN, Json(body)).into_response());
    }
    let (token, expires) = app.sessions().open(&device, chance()?, at);
    Ok(Json(json!({ "token": BASE64.encode(token), "expires": expires })).into_response())
}

async fn roster(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let device = app.device(&headers)?;
    let roster = app
        .room
        .call(move |relay| {
            let person = relay.directory().device(&device)?.person;
            Ok::<_, Refused>(relay.signed_roster(&person))
        })
        .await?;
    Ok(([(header::CONTENT_TYPE, "application/cbor")], Bytes::from(to_cbor(&roster?))).into_response())
}

/// Refused changes that this person decides about.
async fn held(State(app): State<Arc<App>>, headers: HeaderMap) -> Answer {
    let device = app.device(&headers)?;
    let list = app.room.call(move |relay| relay.undecided(Some(&device))).await??;
    Ok(([(header::CONTENT_TYPE, "application/cbor")], Bytes::from(to_cbor(&list))).into_response())
}

#[derive(Deserialize)]
struct DecideBody {
    doc: Uuid,
    change: String,
    decision: Decision,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Decision {
    Accept,
    Discard,
}

async fn decide(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Json<DecideBody>, JsonRejection>,
) -> Answer {
    let device = app.device(&headers)?;
    let Json(body) = body?;
    let hash = hash(&body.change).ok_or(Refused::HeldUnknown)?;
    let (doc, accept, at) = (body.doc.into_bytes(), matches!(body.decision, Decision::Accept), now());
    let decided = app.room.call(move |relay| relay.decide(Some(device), &doc, &hash, accept, at)).await??;
    let changes: Vec<String> = decided.iter().map(hex::encode).collect();
    Ok(Json(json!({ "changes": changes })).into_response())
}

fn hash(text: &str) -> Option<gate::Hash> {
    let mut hash = gate::Hash::default();
    hex::decode_to_slice(text, &mut hash).ok().map(|()| hash)
}

async fn sync_socket(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer {
    let device = app.device(&headers)?;
    let may = app.room.call(move |relay| relay.directory().device(&device).map(drop)).await?;
    may?;
    let said = "This path is a WebSocket of subprotocol openpep.v1. Use the pep program.";
    let upgrade = upgrade.map_err(|e| refusal(e.into_response().status(), "upgrade", said))?.protocols([SUBPROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        return Err(refusal(StatusCode::BAD_REQUEST, "upgrade", said));
    }
    let place = app.lines.clone().try_acquire_owned();
    let place = place.map_err(|_| busy("This relay has as many connections as it can serve. Try again in a while."))?;
    let conn = app.connections.fetch_add(1, Ordering::Relaxed);
    Ok(upgrade
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX)
        .max_write_buffer_size(WRITE_BYTES_MAX)
        .on_upgrade(move |socket| socket::serve(app, conn, device, socket, place)))
}

impl App {
    /// The sessions. Nothing that holds them can panic half-way, so a poisoned lock is as good as another.
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Charges a device for a turn: how long it has to wait before the turn is done.
    pub fn charge(&self, device: &Id, units: u64) -> Duration {
        let now_ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.paces.lock().unwrap_or_else(PoisonError::into_inner).charge(device, units, now_ms)
    }

    fn allow(&self, peer: Peer) -> Result<(), Refusal> {
        if self.sessions().allow(peer.0, now()) {
            return Ok(());
        }
        Err(refusal(
            StatusCode::TOO_MANY_REQUESTS,
            code::BUSY,
            "Too many requests came from this address. Try again in a moment.",
        ))
    }

    fn device(&self, headers: &HeaderMap) -> Result<Id, Refusal> {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        let token = bearer.and_then(|v| v.strip_prefix("Bearer ")).and_then(|t| BASE64.decode(t).ok());
        token.and_then(|token| self.sessions().device(&token, now())).ok_or_else(|| {
            refusal(
                StatusCode::UNAUTHORIZED,
                "token",
                "This needs a session's token, and it has ended or was never given. Open a session again.",
            )
        })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(json!({ "code": self.code, "detail": self.detail }));
        let mut response = (self.status, body).into_response();
        if matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Refusal {
        refusal(StatusCode::FORBIDDEN, refused.code(), &refused.to_string())
    }
}

impl From<JsonRejection> for Refusal {
    fn from(rejection: JsonRejection) -> Refusal {
        // The library's own words may quote what was sent.
        refusal(
            rejection.status(),
            "form",
            "That request is not in the form this relay expects. Ask whoever keeps your device to update pep.",
        )
    }
}

impl From<disk::Ended> for Refusal {
    fn from(_: disk::Ended) -> Refusal {
        busy("The relay has stopped taking in. Whoever keeps it finds more in its log.")
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        match error {
            Error::Refused(refused) => refused.into(),
            other => {
                tracing::error!(error = %other, "a request failed");
                busy(
                    "The relay could not write this down. Try again later; if it goes on, tell whoever keeps the relay.",
                )
            }
        }
    }
}

fn refusal(status: StatusCode, code: &'static str, detail: &str) -> Refusal {
    Refusal { status, code, detail: detail.to_string() }
}

fn busy(detail: &str) -> Refusal {
    refusal(StatusCode::SERVICE_UNAVAILABLE, code::BUSY, detail)
}

/// Bytes of a known number from base64url without padding.
fn fixed<const N: usize>(text: &str) -> Result<[u8; N], Refusal> {
    let bytes = BASE64.decode(text).ok().and_then(|b| b.try_into().ok());
    bytes.ok_or_else(|| {
        refusal(
            StatusCode::BAD_REQUEST,
            "form",
            "A key, secret or signature is not complete. Copy the whole invitation link again.",
        )
    })
}

fn chance() -> Result<[u8; 8], Refusal> {
    let mut bytes = [0; 8];
    keys::random(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_64_digits_and_a_sign_is_none() {
        assert_eq!(hash(&"01".repeat(32)), Some([1; 32]));
        assert_eq!(hash(&"Ff".repeat(32)), Some([255; 32]));
        for wrong in ["+1".repeat(32), "01".repeat(31), "01".repeat(33), "0".repeat(63), "é".repeat(32), String::new()]
        {
            assert_eq!(hash(&wrong), None, "{wrong}");
        }
    }
}
