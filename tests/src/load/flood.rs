//! One enrolled device whose program has been changed: it sends as fast as its line takes, and never stops by itself.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use client_cli::dial;
use futures_util::{SinkExt, StreamExt};
use gate::Envelope;
use plan::{DocumentKind, Pep};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use sync::{Frame, Wire, link::Link};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use super::error;

/// Envelopes in each push: as many as a frame may well hold.
const PUSHED: u64 = 512;

/// The flood, until it is ended.
pub struct Flood {
    sent: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

/// A device that is ready to flood.
pub struct Flooder {
    me: client_cli::core::Me,
    key: Ed25519KeyPair,
}

impl Flooder {
    /// Joins with an invitation link.
    pub async fn join(link: &str) -> Result<Flooder, String> {
        let link: Link = link.parse().map_err(error)?;
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(error)?;
        let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(error)?;
        let me = dial::join(&link, &key, "flood").await.map_err(error)?;
        Ok(Flooder { me, key })
    }

    /// Begins: pushes of envelopes that look right and are signed by nobody, into a plan that others write in.
    pub async fn begin(&self, pep: &Pep) -> Result<Flood, String> {
        let (socket, _) = dial::line(&self.me, &self.key).await.map_err(error)?;
        let (mut sink, mut stream) = socket.split();
        let doc = pep.document(DocumentKind::Main).into_bytes();
        let device_id = gate::device_id(&self.key.public_key().as_ref().try_into().map_err(error)?);
        let hello = Frame::Hello { version: 1, program: "flood".into(), device_id, last_roster: 0 };
        sink.send(Message::binary(hello.encode())).await.map_err(error)?;
        let sent = Arc::new(AtomicU64::new(0));
        let counted = sent.clone();
        let task = tokio::spawn(async move {
            let reading = async { while let Some(Ok(_)) = stream.next().await {} };
            let writing = async {
                for round in 0_u64.. {
                    let push = Frame::Push {
                        doc,
                        envelopes: (0..PUSHED).map(|n| forged(doc, device_id, round * PUSHED + n)).collect(),
                    };
                    if sink.send(Message::binary(push.encode())).await.is_err() {
                        return;
                    }
                    counted.fetch_add(PUSHED, Ordering::Relaxed);
                }
            };
            tokio::select! { () = reading => {} () = writing => {} }
        });
        Ok(Flood { sent, task })
    }
}

impl Flood {
    /// Ends it: how many envelopes its line took, and whether it still stood.
    pub fn end(self) -> (u64, bool) {
        let stood = !self.task.is_finished();
        self.task.abort();
        (self.sent.load(Ordering::Relaxed), stood)
    }
}

/// A well-formed change by an actor of its own, under a signature that is none: what costs the relay most to refuse.
fn forged(doc: gate::Id, device: gate::Id, n: u64) -> Wire {
    let mut actor = [7; 16];
    actor[..8].copy_from_slice(&n.to_be_bytes());
    let mut document = automerge::Automerge::new().with_actor(automerge::ActorId::from(actor));
    let put = document.transact::<_, _, automerge::AutomergeError>(|tx| {
        automerge::transaction::Transactable::put(tx, automerge::ROOT, "n", n)
    });
    let change = put.ok().and_then(|_| document.get_last_local_change());
    let (hash, chunks) = change.map_or(([0; 32], Vec::new()), |change| (change.hash().0, change.raw_bytes().to_vec()));
    Wire(Envelope { doc, actor, seq: 1, hash, device, sig: [1; 64], chunks })
}
