//! The thread that owns documents, journal and store: work is sent to it, one piece after another.

use std::{io, thread::JoinHandle};

use tokio::sync::{mpsc, oneshot};

/// Pieces of work that may wait; whoever sends more waits for room.
const WAITING_MAX: usize = 1_024;
/// Pieces of work done before what they wrote is put on disk together.
const TOGETHER_MAX: usize = 512;

type Work<C> = Box<dyn FnOnce(&mut C) + Send>;

/// A way to the thread that owns a `C`. The thread ends, dropping the `C`, when the last of these is dropped.
pub struct DocumentThread<C> {
    work: mpsc::Sender<Work<C>>,
}

impl<C> Clone for DocumentThread<C> {
    fn clone(&self) -> DocumentThread<C> {
        DocumentThread { work: self.work.clone() }
    }
}

/// The owner's thread has ended; nothing can be done with its documents any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the part of the program that keeps the documents has stopped")]
pub struct Ended;

impl<C: Send + 'static> DocumentThread<C> {
    /// Moves `owner` to a thread of its own. After each lot of work `settle` is called, to write down and to tell.
    pub fn spawn(
        name: &str,
        owner: C,
        settle: impl Fn(&mut C) + Send + 'static,
    ) -> io::Result<(DocumentThread<C>, JoinHandle<C>)> {
        let (work, mut waiting) = mpsc::channel::<Work<C>>(WAITING_MAX);
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
            let mut owner = owner;
            while let Some(first) = waiting.blocking_recv() {
                first(&mut owner);
                for _ in 1..TOGETHER_MAX {
                    let Ok(next) = waiting.try_recv() else { break };
                    next(&mut owner);
                }
                settle(&mut owner);
            }
            owner
        })?;
        Ok((DocumentThread { work }, thread))
    }

    /// Has `f` done and waits for what it returns; for async callers.
    pub async fn call<T: Send + 'static>(&self, f: impl FnOnce(&mut C) -> T + Send + 'static) -> Result<T, Ended> {
        let (tell, told) = oneshot::channel();
        self.work.send(Box::new(move |c| drop(tell.send(f(c))))).await.map_err(|_| Ended)?;
        told.await.map_err(|_| Ended)
    }

    /// The same for callers on a thread of their own (never inside the async runtime).
    pub fn call_blocking<T: Send + 'static>(&self, f: impl FnOnce(&mut C) -> T + Send + 'static) -> Result<T, Ended> {
        let (tell, told) = oneshot::channel();
        self.work.blocking_send(Box::new(move |c| drop(tell.send(f(c))))).map_err(|_| Ended)?;
        told.blocking_recv().map_err(|_| Ended)
    }

    /// Sends work without waiting for it to be done; waits only while too much of it waits already.
    pub async fn post(&self, f: impl FnOnce(&mut C) + Send + 'static) -> Result<(), Ended> {
        self.work.send(Box::new(f)).await.map_err(|_| Ended)
    }
}
