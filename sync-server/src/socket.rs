//! One participant's WebSocket: bytes to the relay, bytes from its queue, and when to give up on a line.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::ws::{Message, WebSocket},
};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use gate::Id;
use sync::frame::QUEUE_FRAMES_MAX;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc::Receiver},
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use crate::{directory::text, http::App, now, pace::Turn, relay};

/// How long the first frame may take: a connection that says nothing costs a place.
const FIRST_FRAME: Duration = Duration::from_secs(10);
/// How often a quiet line is tried: below the minute after which routers forget it.
const PING: Duration = Duration::from_secs(30);
/// Silence after which a line counts as cut: three pings.
const SILENCE: Duration = Duration::from_secs(90);
/// How long one frame may take to be written: a reader slower than that comes back and goes on from its cursor.
const WRITE: Duration = Duration::from_secs(60);
/// How long the other side may take to say farewell too.
const FAREWELL: Duration = Duration::from_secs(2);

/// Serves one connection to its end, and only then gives its place back.
pub(crate) async fn serve(app: Arc<App>, conn: u64, device: Id, socket: WebSocket, _place: OwnedSemaphorePermit) {
    let (out, queue) = relay::queue();
    let Ok(connected) = app.room.call(move |relay| relay.connect(conn, device, out)).await else { return };
    if connected.is_err() {
        return;
    }
    tracing::debug!(conn, device = text(&device), "connected");
    let (sink, stream) = socket.split();
    let mut reading = tokio::spawn(read(app.clone(), conn, device, stream));
    let mut writing = tokio::spawn(write(app.clone(), conn, sink, queue));
    tokio::select! {
        _ = &mut reading => {}
        _ = &mut writing => {
            // It has said farewell; what the other side still says is not wanted.
            let _ = timeout(FAREWELL, &mut reading).await;
        }
    }
    reading.abort();
    writing.abort();
    let _ = app.room.call(move |relay| relay.disconnect(conn)).await;
    tracing::debug!(conn, "disconnected");
}

async fn read(app: Arc<App>, conn: u64, device: Id, mut stream: SplitStream<WebSocket>) {
    let mut patience = FIRST_FRAME;
    let mut welcomed = false;
    while let Ok(Some(Ok(message))) = timeout(patience, stream.next()).await {
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            // A text is never a frame: no text begins with the byte of a CBOR map, so the relay says so in words.
            Message::Text(text) => Bytes::from(text),
            Message::Ping(_) | Message::Pong(_) => continue,
            Message::Close(_) => return,
        };
        patience = SILENCE;
        // Reconnecting all at once, they are welcomed in the order they came, and those who work already are served in between.
        let _welcome = if welcomed { None } else { app.welcomes.acquire().await.ok() };
        welcomed = true;
        for turn in Turn::all(&bytes) {
            let wait = app.charge(&device, turn.units());
            if !wait.is_zero() {
                sleep(wait).await;
            }
            // Waited for, so that one connection has one turn in the relay's queue and the rest waits in its own line.
            if app.room.call(move |relay| relay.take(conn, turn, now())).await.is_err() {
                return;
            }
        }
    }
}

async fn write(app: Arc<App>, conn: u64, mut sink: SplitSink<WebSocket, Message>, mut queue: Receiver<Vec<u8>>) {
    let mut ping = interval(PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut written = 0;
    loop {
        let message = tokio::select! {
            frame = queue.recv() => match frame {
                Some(bytes) => Message::Binary(bytes.into()),
                None => break,
            },
            _ = ping.tick() => Message::Ping(Bytes::new()),
        };
        let frame = matches!(message, Message::Binary(_));
        if !matches!(timeout(WRITE, sink.send(message)).await, Ok(Ok(()))) {
            return;
        }
        written += usize::from(frame);
        // A full queue is emptied past this count at least once, so the relay always hears that there is room.
        if written >= QUEUE_FRAMES_MAX / 2 {
            written = 0;
            if app.room.post(move |relay| relay.drained(conn)).await.is_err() {
                return;
            }
        }
    }
    let _ = timeout(FAREWELL, sink.send(Message::Close(None))).await;
}
