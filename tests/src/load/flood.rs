//! One enrolled device whose program has been changed: it sends as fast as its line takes, and never stops by itself.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use automerge::{ActorId, ROOT, ReadDoc, transaction::Transactable};
use client_cli::dial;
use futures_util::{SinkExt, StreamExt};
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
const PUSHED: usize = 512;
/// Different envelopes, made before it begins so that making them takes nothing from the others: more than a relay keeps of what
/// it refuses.
const MADE: u64 = 4 * 512;
/// A text that the flooder's role does not write.
const FORGED: &str = "qa.feedback";

/// The flood, until it is ended.
pub struct Flood {
    sent: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

/// A device that is ready to flood.
pub struct Flooder {
    me: participant::device::Me,
    key: Ed25519KeyPair,
}

impl Flooder {
    /// Joins with an invitation link.
    pub async fn join(link: &str) -> Result<Flooder, String> {
        let link: Link = link.parse().map_err(error)?;
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(error)?;
        let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(error)?;
        let me = dial::join(&dial::Http::default(), &link, &key, "flood").await.map_err(error)?;
        Ok(Flooder { me, key })
    }

    /// Begins: pushes of envelopes that look right, half of them signed by nobody and half signed and not the flooder's to write,
    /// into a plan that others write in.
    pub async fn begin(&self, pep: &Pep) -> Result<Flood, String> {
        let pushes = self.pushes(pep)?;
        let (socket, ..) = dial::line(&dial::Http::default(), &self.me, &self.key).await.map_err(error)?;
        let (mut sink, mut stream) = socket.split();
        let device_id = self.me.device;
        let hello = Frame::Hello(sync::frame::Hello {
            version: 1,
            program: "flood".into(),
            device_id,
            last_roster: 0,
            ..Default::default()
        });
        sink.send(Message::binary(hello.encode())).await.map_err(error)?;
        let sent = Arc::new(AtomicU64::new(0));
        let counted = sent.clone();
        let task = tokio::spawn(async move {
            let reading = async { while let Some(Ok(_)) = stream.next().await {} };
            let writing = async {
                for push in pushes.iter().cycle() {
                    if sink.send(Message::binary(push.clone())).await.is_err() {
                        return;
                    }
                    counted.fetch_add(PUSHED as u64, Ordering::Relaxed);
                }
            };
            tokio::select! { () = reading => {} () = writing => {} }
        });
        Ok(Flood { sent, task })
    }

    fn pushes(&self, pep: &Pep) -> Result<Vec<Vec<u8>>, String> {
        let doc = pep.document(DocumentKind::Main).into_bytes();
        let public = self.key.public_key().as_ref().try_into().map_err(error)?;
        let (author, incarnation) = (gate::Author { key: public, person: self.me.person }, [0; 16]);
        let actor = gate::actor_of(&doc, &author, &incarnation);
        let plan = plan::from_genesis(pep, DocumentKind::Main, ActorId::from(actor));
        let made = (0..MADE).map(|n| {
            let mut document = plan.clone();
            let answers = document.get(ROOT, "answers").map_err(error)?.ok_or("A plan has answers.")?.1;
            let text = document.get(&answers, FORGED).map_err(error)?.ok_or("The question is a text.")?.1;
            let wrote = document.transact(|tx| tx.splice_text(&text, 0, 0, &n.to_string()));
            wrote.map_err(|failed| error(failed.error))?;
            let change = document.get_last_local_change().ok_or("Nothing was written.")?;
            let (hash, chunks) = (change.hash().0, change.raw_bytes().to_vec());
            let mut envelope = sync::sign(&self.key, self.me.device, doc, actor, 1, hash, chunks);
            envelope.incarnation = Some(incarnation);
            if n % 2 == 0 {
                envelope.sig = [1; 64];
            }
            Ok(Wire(envelope))
        });
        let made = made.collect::<Result<Vec<_>, String>>()?;
        Ok(made.chunks(PUSHED).map(|part| Frame::Push { doc, envelopes: part.to_vec() }.encode()).collect())
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
