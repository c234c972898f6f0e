//! What the relay is compared with: a server that passes each frame on to the others of the meeting and does nothing else,
//! on the same stack (axum, hyper, rustls), and clients that send and receive frames of the same sizes at the same rate.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{
        Path, State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    routing::get,
};
use futures_util::{SinkExt, StreamExt, future::try_join_all};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc},
    time::{Instant, sleep_until, timeout},
};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_tungstenite::tungstenite;

use super::{PATIENCE, Passed, error, process};

/// Frames that wait for one reader, as in the relay.
const QUEUE: usize = 256;
/// Bytes of a frame that say who sent it and when: the least a frame can be.
const STAMP: usize = 8;

/// What is sent: as the participants of a round sent it.
#[derive(Debug, Clone, Copy)]
pub struct Traffic {
    /// Meetings.
    pub meetings: usize,
    /// People in each.
    pub people: usize,
    /// Frames that each sends.
    pub frames: usize,
    /// Over how long.
    pub time: Duration,
    /// Bytes of a frame.
    pub bytes: usize,
}

/// An echo server in a process of its own. Killed when dropped.
pub struct Echo {
    child: Child,
    port: u16,
    connector: TlsConnector,
}

impl Echo {
    /// Starts it: this program again, with `word`, which calls [`serve`].
    pub fn start(word: &str) -> Result<Echo, String> {
        let program = std::env::current_exe().map_err(error)?;
        let mut child =
            Command::new(program).arg(word).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(error)?;
        let line = process::ready(&mut child)?;
        let (port, certificate) = line.split_once(' ').ok_or("The echo server did not say where it listens.")?;
        let certificate =
            CertificateDer::from(hex::decode(certificate).map_err(|_| "The echo server's certificate is not whole.")?);
        let mut roots = RootCertStore::empty();
        roots.add(certificate).map_err(error)?;
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(error)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Echo { child, port: port.parse().map_err(error)?, connector: TlsConnector::from(Arc::new(config)) })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Connects everyone, and has them send. What passed, and the CPU seconds of the server meanwhile.
    pub async fn pass(&self, traffic: Traffic) -> Result<(Passed, Option<f64>), String> {
        let began = Instant::now();
        let got = Arc::new(Got::default());
        let mut senders = Vec::new();
        for meeting in 0..traffic.meetings {
            for _ in 0..traffic.people {
                senders.push(self.connect(meeting, began, got.clone()).await?);
            }
        }
        let before = process::cpu_seconds(self.pid());
        let each = traffic.time.div_f64(traffic.frames.max(1) as f64);
        let all = senders.len().max(1) as f64;
        let start = Instant::now();
        let sending = senders.into_iter().enumerate().map(|(n, mut sink)| async move {
            for frame in 0..traffic.frames {
                let due = start + each.mul_f64(frame as f64 + n as f64 / all);
                sleep_until(due).await;
                let mut bytes = vec![0; traffic.bytes.max(STAMP)];
                bytes[..STAMP].copy_from_slice(&micros(due - began).to_be_bytes());
                sink.send(tungstenite::Message::binary(bytes)).await.map_err(error)?;
            }
            Ok::<_, String>(sink)
        });
        let sinks = try_join_all(sending).await?;
        let edits = traffic.frames * traffic.people * traffic.meetings;
        let wanted = edits * traffic.people.saturating_sub(1);
        while got.count.load(Ordering::Relaxed) < wanted {
            timeout(PATIENCE, got.came.notified()).await.map_err(|_| "Frames of the plain echo were lost.")?;
        }
        let cpu = before.and_then(|before| Some(process::cpu_seconds(self.pid())? - before));
        drop(sinks);
        let ms = std::mem::take(&mut *got.ms.lock().unwrap_or_else(PoisonError::into_inner));
        Ok((Passed { edits, from_key: ms.clone(), from_close: ms, bytes: traffic.bytes }, cpu))
    }

    /// One client: its sending half; what it receives is counted.
    async fn connect(
        &self,
        meeting: usize,
        began: Instant,
        got: Arc<Got>,
    ) -> Result<impl SinkExt<tungstenite::Message, Error = tungstenite::Error> + Unpin + use<>, String> {
        let tcp = TcpStream::connect(("127.0.0.1", self.port)).await.map_err(error)?;
        tcp.set_nodelay(true).map_err(error)?;
        let name = ServerName::try_from("localhost").map_err(error)?;
        let tls = self.connector.connect(name, tcp).await.map_err(error)?;
        let url = format!("wss://localhost/{meeting}");
        let (socket, _) = tokio_tungstenite::client_async(url, tls).await.map_err(error)?;
        let (sink, mut stream) = socket.split();
        tokio::spawn(async move {
            while let Some(Ok(tungstenite::Message::Binary(bytes))) = stream.next().await {
                let stamp = bytes.first_chunk::<STAMP>().map_or(0, |stamp| u64::from_be_bytes(*stamp));
                let ms = micros(began.elapsed()).saturating_sub(stamp) as f64 / 1_000.0;
                got.ms.lock().unwrap_or_else(PoisonError::into_inner).push(ms);
                got.count.fetch_add(1, Ordering::Relaxed);
                got.came.notify_one();
            }
        });
        Ok(sink)
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        process::end(&mut self.child);
    }
}

/// What the clients have received.
#[derive(Default)]
struct Got {
    ms: Mutex<Vec<f64>>,
    count: AtomicUsize,
    came: Notify,
}

type Meetings = Arc<Mutex<BTreeMap<String, BTreeMap<u64, mpsc::Sender<Bytes>>>>>;

#[derive(Clone, Default)]
struct Hub {
    meetings: Meetings,
    next: Arc<AtomicU64>,
}

/// Serves until standard input closes. Prints `ready PORT CERTIFICATE`, the certificate in hex.
pub fn serve() -> Result<(), String> {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(error)?;
    runtime.block_on(async {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).map_err(error)?;
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(error)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .map_err(error)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let router = Router::new().route("/{meeting}", get(join)).with_state(Hub::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(error)?;
        let port = listener.local_addr().map_err(error)?.port();
        let hex: String = hex::encode(certificate);
        writeln!(std::io::stdout(), "ready {port} {hex}").map_err(error)?;
        loop {
            let (tcp, _) = listener.accept().await.map_err(error)?;
            let (acceptor, router) = (acceptor.clone(), router.clone());
            tokio::spawn(async move {
                let _ = tcp.set_nodelay(true);
                if let Ok(tls) = acceptor.accept(tcp).await {
                    let service = TowerToHyperService::new(router);
                    let connection = http1::Builder::new().serve_connection(TokioIo::new(tls), service);
                    let _ = connection.with_upgrades().await;
                }
            });
        }
    })
}

async fn join(
    State(hub): State<Hub>,
    Path(meeting): Path<String>,
    upgrade: WebSocketUpgrade,
) -> axum::response::Response {
    upgrade.on_upgrade(move |socket| echo(hub, meeting, socket))
}

async fn echo(hub: Hub, meeting: String, socket: WebSocket) {
    let (out, mut queue) = mpsc::channel::<Bytes>(QUEUE);
    let own = hub.next.fetch_add(1, Ordering::Relaxed);
    let meetings = || hub.meetings.lock().unwrap_or_else(PoisonError::into_inner);
    meetings().entry(meeting.clone()).or_default().insert(own, out);
    let (mut sink, mut stream) = socket.split();
    let writing = tokio::spawn(async move {
        while let Some(bytes) = queue.recv().await {
            if sink.send(Message::Binary(bytes)).await.is_err() {
                return;
            }
        }
    });
    while let Some(Ok(message)) = stream.next().await {
        if let Message::Binary(bytes) = message {
            let meetings = meetings();
            let others = meetings.get(&meeting).into_iter().flatten().filter(|(who, _)| **who != own);
            others.for_each(|(_, out)| drop(out.try_send(bytes.clone())));
        }
    }
    if let Some(there) = meetings().get_mut(&meeting) {
        there.remove(&own);
    }
    writing.abort();
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
