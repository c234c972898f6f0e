//! The running relay: the socket it listens on, TLS, the worker that makes snapshots, and an orderly end.

use std::{
    convert::Infallible,
    io::Write,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, atomic::AtomicU64},
    time::{Duration, Instant},
};

use axum::{Router, body::Body, http::Request};
use disk::{DocumentThread, Ended};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use replica::snapshot_of;
use serde_bytes::ByteArray;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{interval, timeout},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    config::Settings,
    error::Error,
    http::{App, Keys, Peer, router},
    keys::TlsKeys,
    now,
    pace::Sockets,
    relay::{Address, CONNECTIONS_MAX, Relay},
    sessions::Sessions,
};

/// How long TLS may take to stand, and the head of a request to come.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Sockets that are not WebSockets (yet), at once: every participant coming back in the same moment.
const SOCKETS_MAX: usize = CONNECTIONS_MAX;
/// Connections that are being welcomed at once: each costs a signed list of people and a list of documents.
const WELCOMES_MAX: usize = 4;
/// How long connections have, at the end, to be told and to go.
const DRAIN: Duration = Duration::from_secs(3);
/// How long to wait after the system refused to accept a connection (too many open files): others must end first.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// How often the relay looks whether a snapshot is due and whether the day has changed.
const TICK: Duration = Duration::from_secs(1);
/// Bytes of a log that the relay lends to the snapshot worker at a time, so that others are served in between.
const LEND_BYTES: usize = 256 * 1024;

/// A socket that is bound, so that the port is known before anything else is done.
pub(crate) struct Bound {
    listener: std::net::TcpListener,
    local: SocketAddr,
}

/// Binds the address of the settings.
pub(crate) fn bind(settings: &Settings) -> Result<Bound, Error> {
    let failed = |reason| Error::Listen { address: settings.listen.clone(), reason };
    let address = settings.listen.to_socket_addrs().map_err(failed)?.next();
    let address = address.ok_or_else(|| failed(std::io::ErrorKind::AddrNotAvailable.into()))?;
    if settings.tls == crate::config::Tls::Off && !address.ip().is_loopback() {
        return Err(Error::Config(
            "tls = \"off\" is for this machine alone: others could read and change what is sent. Turn it on, or listen on 127.0.0.1.".into(),
        ));
    }
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    Ok(Bound { listener, local })
}

impl Bound {
    /// `HOST:PORT` by which a program on this machine reaches it.
    pub fn reachable(&self) -> String {
        let ip = match self.local.ip() {
            ip if !ip.is_unspecified() => ip,
            IpAddr::V4(_) => IpAddr::from([127, 0, 0, 1]),
            IpAddr::V6(_) => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        };
        SocketAddr::new(ip, self.local.port()).to_string()
    }

    /// What invitation links name.
    pub fn address(&self, settings: &Settings, tls: Option<&TlsKeys>) -> Address {
        let public = settings.public_address.clone();
        Address {
            lasting: !public.is_empty() || !settings.listen.ends_with(":0"),
            authority: if public.is_empty() { self.reachable() } else { public },
            pin: tls.map(|tls| ByteArray::new(tls.pin)),
        }
    }
}

/// Serves until the process is asked to stop.
pub(crate) fn serve(room: &DocumentThread<Relay>, bound: Bound, tls: Option<TlsKeys>) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Error::file("The runtime of the network"))?;
    let served = runtime.block_on(run(room.clone(), bound, tls));
    runtime.shutdown_timeout(DRAIN);
    served?;
    room.call_blocking(|relay| relay.finish())??;
    Ok(())
}

async fn run(room: DocumentThread<Relay>, bound: Bound, tls: Option<TlsKeys>) -> Result<(), Error> {
    let failed = |reason| Error::Listen { address: bound.local.to_string(), reason };
    let mut ending = std::pin::pin!(asked_to_stop()?);
    let listener = TcpListener::from_std(bound.listener.try_clone().map_err(failed)?).map_err(failed)?;
    let (marks, keys) = room.call(|relay| (relay.marks(), Keys::of(relay))).await?;
    let app = Arc::new(App {
        room: room.clone(),
        keys,
        sessions: Mutex::new(Sessions::new(marks)),
        connections: AtomicU64::new(1),
        lines: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
        welcomes: Semaphore::new(WELCOMES_MAX),
        paces: Mutex::default(),
        began: Instant::now(),
    });
    let router = router(app.clone());
    let sockets = Arc::new(Semaphore::new(SOCKETS_MAX));
    let by_address = Sockets::default();
    let (stop, stopping) = watch::channel(());
    let mut ticking = tokio::spawn(tick(room.clone()));
    let scheme = if tls.is_some() { "wss" } else { "ws" };
    let acceptor = tls.map(|tls| TlsAcceptor::from(tls.config));
    // The one line on standard output. Nobody need be listening to it.
    let _ = writeln!(std::io::stdout(), "ready {scheme}://{}", bound.reachable());
    tracing::info!(address = %bound.local, "serving");
    loop {
        let permit = tokio::select! {
            () = &mut ending => break,
            permit = sockets.clone().acquire_owned() => permit,
        };
        let accepted = tokio::select! {
            () = &mut ending => break,
            _ = &mut ticking => return Err(Error::Ended(Ended)),
            accepted = listener.accept() => accepted,
        };
        let (Ok(permit), Ok((tcp, peer))) = (permit, accepted) else {
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        let Some(place) = by_address.take(peer.ip()) else {
            // It comes back after a pause, as after any line that breaks.
            tracing::debug!("an address holds too many sockets");
            continue;
        };
        let (router, acceptor, stopping) = (router.clone(), acceptor.clone(), stopping.clone());
        tokio::spawn(async move {
            connection(tcp, peer.ip(), acceptor, router, stopping).await;
            drop((permit, place));
        });
    }
    tracing::info!("stopping");
    drop(listener);
    ticking.abort();
    // WebSockets end with a farewell from the relay, requests when they are answered.
    room.call(Relay::stop).await?;
    let _ = stop.send(());
    for (places, most) in [(&app.lines, CONNECTIONS_MAX), (&sockets, SOCKETS_MAX)] {
        let all = u32::try_from(most).unwrap_or(u32::MAX);
        let _ = timeout(DRAIN, places.acquire_many(all)).await;
    }
    Ok(())
}

async fn connection(
    tcp: TcpStream,
    peer: IpAddr,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    stopping: watch::Receiver<()>,
) {
    // Small frames should not wait for one another.
    let _ = tcp.set_nodelay(true);
    match acceptor {
        None => requests(tcp, peer, router, stopping).await,
        Some(acceptor) => {
            if let Ok(Ok(tls)) = timeout(HANDSHAKE, acceptor.accept(tcp)).await {
                requests(tls, peer, router, stopping).await;
            }
        }
    }
}

async fn requests<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: IpAddr,
    router: Router,
    mut stopping: watch::Receiver<()>,
) {
    let router = TowerToHyperService::new(router);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        let router = router.clone();
        async move { Ok::<_, Infallible>(answer(router, request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HANDSHAKE);
    let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // A line that breaks is everyday.
        _ = connection.as_mut() => return,
        _ = stopping.changed() => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(DRAIN, connection).await;
}

async fn answer(router: TowerToHyperService<Router>, request: Request<Body>) -> axum::response::Response {
    match hyper::service::Service::call(&router, request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Ends only when the relay has. Once a second: a lot of work for the relay, so that it sees the day change; and one snapshot where one is due.
async fn tick(room: DocumentThread<Relay>) {
    let mut ticks = interval(TICK);
    loop {
        ticks.tick().await;
        let Ok(due) = room.call(|relay| relay.snapshot_due(now())).await else { return };
        let Some((doc, last)) = due else { continue };
        let worker = room.clone();
        let made = tokio::task::spawn_blocking(move || make_snapshot(&worker, doc, last)).await.ok().flatten();
        if room.call(move |relay| relay.keep_snapshot(&doc, last, made.as_ref())).await.is_err() {
            return;
        }
    }
}

fn make_snapshot(room: &DocumentThread<Relay>, doc: gate::Id, last: u64) -> Option<sync::relay::Snapshot> {
    let genesis = room.call_blocking(move |relay| relay.replica().genesis(&doc)).ok()?.ok()?;
    let envelopes = log(room, doc, last)?;
    // Automerge on content from outside: the gate has admitted all of it, and this is for the day it was wrong.
    catch_unwind(AssertUnwindSafe(|| snapshot_of(&genesis, &envelopes))).ok().flatten()
}

/// The first `last` envelopes of a document, read a page at a time.
pub(crate) fn log(room: &DocumentThread<Relay>, doc: gate::Id, last: u64) -> Option<Vec<gate::Envelope>> {
    let mut envelopes = Vec::new();
    while (envelopes.len() as u64) < last {
        let after = envelopes.len() as u64;
        let page = room.call_blocking(move |relay| relay.replica().log(&doc, after, LEND_BYTES)).ok()?.ok()?;
        if page.is_empty() {
            return None;
        }
        envelopes.extend(page);
    }
    envelopes.truncate(usize::try_from(last).ok()?);
    Some(envelopes)
}

/// Ends when the process is asked to stop.
fn asked_to_stop() -> Result<impl Future<Output = ()>, Error> {
    #[cfg(unix)]
    let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .map_err(Error::file("The signal that ends the relay"))?;
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = term.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    })
}
