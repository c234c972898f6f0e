//! The socket: 127.0.0.1 and nothing else. Every request passes the [`Guard`]; what it asks is done on a thread that may wait.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{
        FromRequestParts, State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts},
};
use futures_util::{SinkExt, StreamExt};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::TcpStream,
    runtime::Runtime,
    sync::{Notify, OwnedSemaphorePermit, Semaphore, watch},
    task::JoinHandle,
    time::{Instant, interval, sleep, sleep_until},
};

use pages::{
    address::{Base, HOME, LINE, RETURN, UNLOCK},
    assets,
    env::Found,
    kit,
    reply::Reply,
    request,
    tab::{Event, Tab},
};

use crate::{
    app::{App, Served},
    clock,
    host::{Ask, Host},
    resume,
};

pub mod guard;
pub mod multipart;

use guard::{Back, Came, ENTER, Guard, Turned};

/// Under which name the port is kept.
const PORT: &str = "pages/port";
/// The longest answer of such a page, in bytes.
const BACK_BYTES_MAX: usize = 1_024;
/// Largest form, in bytes. The longest text (200,000 UTF-16 units) is at most 1.8 MB as forms are written; a section holds a few.
const FORM_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long a form may take to come.
const FORM_COMES: Duration = Duration::from_secs(30);
/// Connections at once; further ones wait. A browser opens six, and one for each tab while its socket begins.
const CONNECTIONS_MAX: u32 = 128;
/// How long a connection may take to say what it asks, and how long it may ask nothing.
const HEAD_COMES: Duration = Duration::from_secs(30);
/// How long nothing is accepted after that failed: most likely too many files are open.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// Requests answered at once; further ones wait.
const REQUESTS_MAX: usize = 16;
/// Tabs that may be live at once; in further ones the forms work.
const TABS_MAX: u32 = 64;
/// The longest message of a tab, in bytes.
const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// How often a tab is asked whether it is still there; one that says nothing for three times as long is not.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long requests that are being answered may take when the pages end.
const GOODBYE: Duration = Duration::from_secs(4);

/// A form that waited for the passphrase comes with it, its names a little longer.
const UNLOCKING_BYTES_MAX: usize = FORM_BYTES_MAX + 64 * 1024;
/// What a tab is told when the pages lock, or when it comes while they are locked.
const LOCKED: &str = r#"{"t":"lock"}"#;
/// What it is told first where they are not.
const OPEN: &str = r#"{"t":"open"}"#;

/// Said where something else was sent than a form.
const NO_FORM: (&str, &str) = (
    "That is no form of these pages",
    "Nothing was saved. Go back to the page you were on, reload it, and send it again.",
);

/// On everything that is sent. `same-origin` and not `no-referrer`: under the latter browsers send forms with the origin `null`,
/// and the guard could not tell ours from anybody's; either way no other site learns an address of these pages.
const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-frame-options", "DENY"),
];

/// The pages, while they are served.
pub struct Serving {
    base: Base,
    guard: Arc<Mutex<Guard>>,
    stop: Arc<Notify>,
    tabs: Arc<Semaphore>,
    ending: watch::Sender<bool>,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    // Serving must not keep the home folder open.
    app: Weak<App>,
    guard: Arc<Mutex<Guard>>,
    host: Arc<Host>,
    turns: Arc<Semaphore>,
    tabs: Arc<Semaphore>,
    ending: watch::Receiver<bool>,
}

impl Serving {
    /// Begins to serve on a port of 127.0.0.1; 0: whichever is free.
    pub fn start(app: &Arc<App>, port: u16) -> io::Result<Serving> {
        let bind = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        // The port of the last time, where nobody else has it now: pages that are still open come back to it.
        let before = app.with(|device| device.kept::<u16>(PORT)).ok().and_then(Result::ok).flatten();
        let listener = match before.filter(|_| port == 0) {
            Some(before) => bind(before).or_else(|_| bind(0))?,
            None => bind(port)?,
        };
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let key = app.with(move |device| {
            if before != Some(port) {
                device.keep(PORT, Some(&port))?;
            }
            resume::key(device)
        });
        // Without it pages need a link to come back, and that is all.
        let key = key.ok().and_then(Result::ok).flatten();
        let guard = Arc::new(Mutex::new(Guard::new(port, key)));
        let host = Arc::new(Host::new(key));
        let base = host.base().clone();
        let (ending, ended) = watch::channel(false);
        let tabs = Arc::new(Semaphore::new(TABS_MAX as usize));
        let shared = Shared {
            app: Arc::downgrade(app),
            guard: guard.clone(),
            host,
            turns: Arc::new(Semaphore::new(REQUESTS_MAX)),
            tabs: tabs.clone(),
            ending: ended,
        };
        let stop = Arc::new(Notify::new());
        let stopped = stop.clone();
        let _inside = app.runtime().enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let router = Router::new().fallback(take).with_state(shared);
        let task = tokio::spawn(accept(listener, router, stopped));
        Ok(Serving { base, guard, stop, tabs, ending, task })
    }
}

impl Served for Serving {
    fn link(&self) -> Option<String> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner).link(&self.base)
    }

    fn end(self: Box<Self>, runtime: &Runtime) {
        runtime.block_on(async {
            self.ending.send_replace(true);
            let _ = tokio::time::timeout(GOODBYE, self.tabs.acquire_many(TABS_MAX)).await;
            self.stop.notify_one();
            let cut = self.task.abort_handle();
            if tokio::time::timeout(GOODBYE, self.task).await.is_err() {
                cut.abort();
            }
        });
    }
}

/// Takes connections in until it is told to stop, and ends when what was asked is answered.
async fn accept(listener: tokio::net::TcpListener, router: Router, stop: Arc<Notify>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX as usize));
    let (ending, ended) = watch::channel(());
    loop {
        let accepted = tokio::select! {
            () = stop.notified() => break,
            accepted = async { Some((places.clone().acquire_owned().await.ok()?, listener.accept().await.ok()?.0)) } => accepted,
        };
        match accepted {
            Some((place, tcp)) => drop(tokio::spawn(connection(tcp, router.clone(), ended.clone(), place))),
            None => sleep(ACCEPT_AGAIN).await,
        }
    }
    drop(listener);
    ending.send_replace(());
    let _ = places.acquire_many(CONNECTIONS_MAX).await;
}

/// Answers what a connection asks. It speaks HTTP/1 and says soon what it wants, or is closed.
async fn connection(tcp: TcpStream, router: Router, mut ended: watch::Receiver<()>, _place: OwnedSemaphorePermit) {
    // Small frames should not wait for one another.
    let _ = tcp.set_nodelay(true);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_COMES);
    let connection = http.serve_connection(TokioIo::new(tcp), TowerToHyperService::new(router)).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // Browsers let connections go whenever they like.
        _ = connection.as_mut() => return,
        _ = ended.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

async fn take(State(shared): State<Shared>, request: Request<Body>) -> Response<Body> {
    let Ok(_turn) = shared.turns.clone().acquire_owned().await else { return plain(StatusCode::SERVICE_UNAVAILABLE) };
    let mut response = judged(&shared, request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    // Whatever names no other rule is a page that may hold what somebody wrote.
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn judged(shared: &Shared, request: Request<Body>) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    let post = match parts.method {
        Method::GET | Method::HEAD => false,
        Method::POST => true,
        _ => return plain(StatusCode::METHOD_NOT_ALLOWED),
    };
    let came = came(&parts.headers);
    // An address that names a host itself goes before the header.
    let named = parts.uri.authority().map(axum::http::uri::Authority::as_str);
    let came =
        Came { host: if named.is_some_and(|named| Some(named) != came.host) { None } else { came.host }, ..came };
    let base = shared.host.base();
    // What lies outside is no address of ours, whatever it is called.
    let path = base.below(parts.uri.path()).unwrap_or_default();
    let known;
    {
        let mut guard = shared.guard.lock().unwrap_or_else(PoisonError::into_inner);
        // A browser lets a page of anybody open a socket to here, so a socket must show where it comes from, as a form must.
        if let Err(turned) = guard.came_right(came, post || path == LINE) {
            return turned_away(base, turned);
        }
        if let Some(asset) = path.strip_prefix(assets::FOLDER) {
            return file(asset);
        }
        if path == ENTER && parts.method == Method::GET {
            let query = request::Pairs::read(parts.uri.query().unwrap_or_default().as_bytes());
            // A link may lead on to one of our own pages, such as a meeting.
            let is_plans = |to: &&str| base.below(to).is_some_and(|to| to.starts_with("/pep/"));
            let to =
                query.get("to").filter(is_plans).filter(|to| request::Request::new(base, false, to, b"").is_some());
            let to = to.map_or_else(|| base.to("/"), str::to_owned);
            return match guard.enter(query.get("key").unwrap_or_default()) {
                Ok(cookie) => with(go(&to), header::SET_COOKIE, &cookie),
                // Whoever is in already and goes back to the link stays in.
                Err(_) if guard.knows(came).is_ok() => go(&to),
                Err(turned) => turned_away(base, turned),
            };
        }
        known = guard.knows(came);
    }
    if path == RETURN && post {
        return come_back(shared, known.is_ok(), body).await;
    }
    if let Err(turned) = known {
        return turned_away(base, turned);
    }
    if path == LINE {
        return live(shared, &mut parts).await;
    }
    let no_form = || html_page(415, kit::bare(base, NO_FORM.0, NO_FORM.1).into_string());
    let Some(kind) = form_kind(&parts.headers).filter(|_| post).or((!post).then(String::new)) else {
        return no_form();
    };
    let target = parts.uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str).to_owned();
    let most = if path == UNLOCK { UNLOCKING_BYTES_MAX } else { FORM_BYTES_MAX };
    let form = match post {
        false => Ok(Vec::new()),
        true => match tokio::time::timeout(FORM_COMES, to_bytes(body, most)).await {
            Ok(Ok(form)) if !kind.starts_with(multipart::KIND) => Ok(form.to_vec()),
            Ok(Ok(form)) => match multipart::as_form(&kind, form).await {
                Some(form) => Ok(form),
                None => return no_form(),
            },
            Ok(Err(_)) => Err(()),
            Err(_) => return plain(StatusCode::REQUEST_TIMEOUT),
        },
    };
    let ask = match form.map(|form| request::Request::new(base, post, &target, &form)) {
        Ok(Some(request)) => Ask::Request(request),
        Ok(None) => Ask::Nowhere,
        Err(()) => Ask::TooLarge,
    };
    let asked = shared.clone();
    let answered = tokio::task::spawn_blocking(move || asked.host.answer(&asked.app.upgrade()?, &ask)).await;
    match answered {
        Ok(Some(Reply::Page { status, html })) => html_page(status, html),
        Ok(Some(Reply::Go(address))) => go(&address),
        Ok(Some(Reply::Picture(picture))) => {
            let response = Response::new(Body::from(picture.bytes()));
            with(response, header::CONTENT_TYPE, picture.media_type())
        }
        Ok(Some(Reply::File { name, kind, bytes })) => {
            let kept = format!("attachment; filename=\"{name}\"");
            let response = with(Response::new(Body::from(bytes)), header::CONTENT_TYPE, kind);
            with(response, header::CONTENT_DISPOSITION, &kept)
        }
        // Nor may going back show a page that the browser has kept.
        Ok(Some(Reply::Given)) => with(go(&base.to(HOME)), HeaderName::from_static("clear-site-data"), "\"cache\""),
        // The program is ending, or a page failed in a way that nobody foresaw.
        Ok(None | Some(Reply::Host(_))) | Err(_) => {
            let (title, words) = ("The pages have stopped", "What you had saved is safe. Run pep open again.");
            html_page(503, kit::bare(base, title, words).into_string())
        }
    }
}

/// Proves to a page that was cut off that this is the program it came from; asks for its pass, or lets it in.
async fn come_back(shared: &Shared, is_in: bool, body: Body) -> Response<Body> {
    let Ok(Ok(form)) = tokio::time::timeout(FORM_COMES, to_bytes(body, BACK_BYTES_MAX)).await else {
        return plain(StatusCode::BAD_REQUEST);
    };
    let form = request::Pairs::read(&form);
    let said = |name| form.get(name).unwrap_or_default();
    let mut guard = shared.guard.lock().unwrap_or_else(PoisonError::into_inner);
    let back = match form.get("answer") {
        Some(answer) => guard.back(said("id"), said("question"), answer),
        None => guard.proves(said("id"), said("ask"), is_in),
    };
    drop(guard);
    match back {
        Ok(Back::Asked(proof, question)) => {
            let words = [Some(proof), question].into_iter().flatten().collect::<Vec<_>>().join(" ");
            with(Response::new(Body::from(words)), header::CONTENT_TYPE, "text/plain")
        }
        Ok(Back::In(cookie)) => with(plain(StatusCode::NO_CONTENT), header::SET_COOKIE, &cookie),
        Err(turned) => turned_away(shared.host.base(), turned),
    }
}

/// Begins to keep a tab up to date.
async fn live(shared: &Shared, parts: &mut Parts) -> Response<Body> {
    // A device that is with a child has forms alone.
    let (app, host) = (shared.app.clone(), shared.host.clone());
    let with_owner = move || {
        host.turn(&app.upgrade()?, Found::default(), |turn| matches!(turn.child_mode(), Ok(None))).map(|done| done.0)
    };
    if !matches!(tokio::task::spawn_blocking(with_owner).await, Ok(Some(true))) {
        return plain(StatusCode::FORBIDDEN);
    }
    let Ok(place) = shared.tabs.clone().try_acquire_owned() else { return plain(StatusCode::SERVICE_UNAVAILABLE) };
    let Ok(upgrade) = WebSocketUpgrade::from_request_parts(parts, &()).await else {
        return plain(StatusCode::BAD_REQUEST);
    };
    let shared = shared.clone();
    upgrade.max_message_size(MESSAGE_BYTES_MAX).max_frame_size(MESSAGE_BYTES_MAX).on_upgrade(move |socket| async move {
        let tab = shared.host.next_tab();
        talk(shared.clone(), socket, Tab::new(tab), place).await;
        // However it ended: its person is not here any more.
        let gone = move || {
            let app = shared.app.upgrade()?;
            shared.host.turn(&app, Found::default(), move |turn| turn.stand(tab, None, turn.env.now.ms))
        };
        let _ = tokio::task::spawn_blocking(gone).await;
    })
}

/// Goes between a tab's socket and what is done for it, one thing after another.
async fn talk(mut shared: Shared, socket: WebSocket, mut tab: Tab, _place: OwnedSemaphorePermit) {
    let Some((mut changes, mut locks)) = shared.app.upgrade().map(|app| (app.changes(), app.locks())) else { return };
    let is_locked = |app: &Weak<App>| app.upgrade().is_some_and(|app| app.idle().is_locked(clock::now().ms));
    let (mut out, mut inbox) = socket.split();
    let at_first = is_locked(&shared.app);
    let first = if at_first { LOCKED } else { OPEN };
    if out.send(Message::Text(first.into())).await.is_err() || at_first {
        let _ = out.close().await;
        return;
    }
    // The same clock for all tabs, and one that only goes on.
    let (began, began_ms) = (Instant::now(), clock::now().ms);
    let now_ms = move || began_ms.saturating_add(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
    let (mut ping, mut heard) = (interval(PING_EVERY), Instant::now());
    loop {
        let wakes_at = tab.wakes_at(now_ms());
        let wakes = async {
            match wakes_at {
                Some(ms) => sleep_until(began + Duration::from_millis(ms.saturating_sub(began_ms))).await,
                None => std::future::pending().await,
            }
        };
        let event = tokio::select! {
            _ = shared.ending.changed() => Event::End,
            message = inbox.next() => {
                heard = Instant::now();
                match message {
                    Some(Ok(Message::Text(text))) => Event::Message(text.as_str().to_owned()),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Binary(_) | Message::Close(_)) | Err(_)) | None => Event::End,
                }
            }
            locked = locks.changed() => if locked.is_ok() { Event::Changed } else { Event::End },
            changed = changes.changed() => if changed.is_ok() { Event::Changed } else { Event::End },
            () = wakes => Event::Time,
            _ = ping.tick() => {
                let here = heard.elapsed() < PING_EVERY * 3 && out.send(Message::Ping(Default::default())).await.is_ok();
                if here && !is_locked(&shared.app) { continue } else { Event::End }
            }
        };
        let (app, host, at) = (shared.app.clone(), shared.host.clone(), now_ms());
        let done = tokio::task::spawn_blocking(move || {
            let app = app.upgrade()?;
            let turn = host.turn(&app, Found::default(), move |turn| {
                // What was typed is written; what others type is not for the child who has the device now.
                let given = !matches!(turn.child_mode(), Ok(None));
                let locked = turn.env.locked;
                let event = if given || locked { Event::End } else { event };
                let last = matches!(event, Event::End);
                let mut says = tab.on(turn, event, at)?;
                says.extend(locked.then(|| LOCKED.to_owned()));
                Some((tab, if given { Vec::new() } else { says }, last))
            });
            let (mut tab, says, last) = turn?.0?;
            if tab.take_came() {
                app.idle().came(clock::now().ms);
            }
            Some((tab, says, last))
        });
        let Ok(Some((back, says, last))) = done.await else { return };
        tab = back;
        for text in says {
            // A tab that does not hear it any more ends with the next message, and what was typed is written then.
            if out.send(Message::Text(text.into())).await.is_err() {
                break;
            }
        }
        if last {
            let _ = out.close().await;
            return;
        }
    }
}

/// What kind of form was sent, as far as it says; empty where it does not. `None`: it is none.
fn form_kind(headers: &HeaderMap) -> Option<String> {
    let said = headers.get(header::CONTENT_TYPE).map_or("", |kind| kind.to_str().unwrap_or("unreadable"));
    let (kind, rest) = said.split_at(said.find(';').unwrap_or(said.len()));
    let kind = kind.trim().to_ascii_lowercase();
    let known = ["", "application/x-www-form-urlencoded", multipart::KIND].contains(&kind.as_str());
    // What follows holds the boundary, in which small and capital letters differ.
    known.then(|| format!("{kind}{rest}"))
}

fn came(headers: &HeaderMap) -> Came<'_> {
    // A header that comes twice is not taken for either.
    let only = |name: HeaderName| {
        let mut all = headers.get_all(name).iter();
        match (all.next(), all.next()) {
            (None, _) => None,
            (Some(one), None) => Some(one.to_str().unwrap_or_default()),
            (Some(_), Some(_)) => Some(""),
        }
    };
    Came {
        host: only(header::HOST),
        origin: only(header::ORIGIN),
        site: only(HeaderName::from_static("sec-fetch-site")),
        mode: only(HeaderName::from_static("sec-fetch-mode")),
        dest: only(HeaderName::from_static("sec-fetch-dest")),
        cookie: only(header::COOKIE),
    }
}

fn file(rest: &str) -> Response<Body> {
    let Some((hash, name)) = rest.split_once('/') else { return plain(StatusCode::NOT_FOUND) };
    let found = match (name, assets::colour_style(hash), assets::find(hash, name)) {
        ("colour.css", Some(style), _) => Some(("text/css; charset=utf-8", Body::from(style))),
        (_, _, Some(asset)) => Some((asset.kind, Body::from(asset.bytes))),
        _ => None,
    };
    let Some((kind, body)) = found else { return plain(StatusCode::NOT_FOUND) };
    let response = with(Response::new(body), header::CONTENT_TYPE, kind);
    with(response, header::CACHE_CONTROL, "public, max-age=31536000, immutable")
}

fn turned_away(base: &Base, turned: Turned) -> Response<Body> {
    let (title, words) = turned.words();
    html_page(turned.status(), kit::bare(base, title, words).into_string())
}

fn html_page(status: u16, html: String) -> Response<Body> {
    let mut response = with(Response::new(Body::from(html)), header::CONTENT_TYPE, "text/html; charset=utf-8");
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

fn go(address: &str) -> Response<Body> {
    let mut response = with(plain(StatusCode::SEE_OTHER), header::LOCATION, address);
    *response.status_mut() = StatusCode::SEE_OTHER;
    response
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A header more; one whose value cannot be a header's is left out.
fn with(mut response: Response<Body>, name: HeaderName, value: &str) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod stories;
