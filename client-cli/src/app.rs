//! One process over one home folder: the thread that owns the documents, and the line to the relay while one is wanted.

use participant::error::{Error, Kind};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use disk::{DocumentThread, FileDisk, Owner, Reply, Request, destroy, read_kept, write_kept};
use replica::{Key, Mode, Notice, Replica, Secret, Trouble};
use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
use sync::act::Sentence;
use tokio::{
    runtime::Runtime,
    sync::{Notify, watch},
    task::JoinHandle as Task,
    time::Instant,
};

use zeroize::Zeroizing;

use crate::{
    clock,
    dial::{self, DialError, Http, Kept},
    erase,
    json::failed,
    unlock::{self, Guard, LockError},
};
use participant::{
    device::{Device, Line, Traffic},
    idle::Idle,
    settings::Settings,
    take_over,
};

/// The device's key, sealed with the home's: files in the home folder beside the replica's own.
pub const KEY_FILE: &str = "device.sealed";
/// The same as a version before encryption kept it, in the clear.
const PLAIN_KEY_FILE: &str = "device.key";
/// The place that the device's key is sealed for.
const KEY_PLACE: &[u8] = b"openpep/file/1/device";
/// How long a line may take to end before it is cut.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long nothing may move once the relay has refused something, before waiting for the rest is given up.
const STUCK: Duration = Duration::from_secs(1);

/// An opened home folder.
pub struct App {
    home: PathBuf,
    home_key: Arc<Key>,
    /// Held while a passphrase is tried or set.
    passphrases: Mutex<()>,
    idle: Mutex<Idle>,
    /// Moves whenever the pages lock.
    locks: watch::Sender<()>,
    room: Option<DocumentThread<Device>>,
    thread: Option<JoinHandle<Device>>,
    runtime: Runtime,
    http: Arc<Http>,
    wake: Arc<Notify>,
    changes: watch::Receiver<u64>,
    line: Mutex<Option<Standing>>,
    /// The person asked to work offline.
    offline: AtomicBool,
    pages: Mutex<Option<Box<dyn Served>>>,
    owner: Owner,
}

/// The pages, while they are served.
pub trait Served: Send {
    /// A link that lets one browser in, once. `None` where this computer has no randomness to give.
    fn link(&self) -> Option<String>;
    /// Ends: what is being answered is answered first, and what was typed is written.
    fn end(self: Box<Self>, runtime: &Runtime);
}

/// A line that is kept up.
struct Standing {
    task: Task<()>,
    stop: Arc<Notify>,
    again: Arc<Notify>,
    attempts: watch::Receiver<Kept>,
}

/// Why a home folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The replica's reason.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// A file beside the store.
    #[error("A file in this program's folder could not be read or written ({0}).")]
    Io(#[from] io::Error),
    /// The device's key is no key, not this device's, or gone.
    #[error(
        "This device's key file is damaged. Ask the Virtual School for a new invitation link and join again with another --home; what was shared comes back."
    )]
    Key,
}

impl App {
    /// Opens the home folder that `owner` has claimed, with its key (`unlock`), and says what a person should hear of.
    pub fn open(owner: Owner, home_key: Arc<Key>) -> Result<(App, Vec<Notice>), OpenError> {
        let home = owner.dir().to_path_buf();
        let key = read_key(&home, &home_key)?;
        let id = key.as_ref().map(|k| gate::device_id(&replica::public_key(k)));
        let disk = FileDisk::open(&home, &home_key)?.with_keys_beside(&erase::KEYS);
        let (replica, notices) = Replica::open(Box::new(disk), Mode::Participant)?;
        let device = Device::open(replica, plan::Processes::built_in().clone(), key, clock::random()?)?;
        if device.me().is_some_and(|me| Some(me.device) != id) {
            return Err(OpenError::Key);
        }
        let settings = Settings::of(&device)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let wake = Arc::new(Notify::new());
        let (tell, changes) = watch::channel(0);
        let woken = wake.clone();
        let (room, thread) = DocumentThread::spawn("documents", device, move |device: &mut Device| {
            // A failed write is told to whoever asks next: the replica then refuses everything.
            let now = clock::now();
            let _ = device.settle(now.unix());
            if take_over::what_waits(device, &now).unwrap_or(false) {
                let _ = device.settle(now.unix());
            }
            // Only where there is something to do: asking is work too, and would wake itself for ever.
            if device.wants_line() {
                woken.notify_one();
            }
            tell.send_if_modified(|at| std::mem::replace(at, device.changed()) != device.changed());
        })?;
        let (room, thread) = (Some(room), Some(thread));
        let (line, pages) = (Mutex::new(None), Mutex::new(None));
        let offline = AtomicBool::new(false);
        let guarded = matches!(unlock::guard(&home), Ok(Guard::Passphrase { .. }));
        let idle = Mutex::new(Idle::new(guarded, settings.idle_minutes, clock::now().ms));
        let app = App {
            home,
            home_key,
            passphrases: Mutex::new(()),
            idle,
            locks: watch::Sender::new(()),
            room,
            thread,
            runtime,
            http: Arc::default(),
            wake,
            changes,
            line,
            offline,
            pages,
            owner,
        };
        Ok((app, notices))
    }

    /// The home folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Has `f` done by the thread that owns the documents.
    pub fn with<T: Send + 'static>(&self, f: impl FnOnce(&mut Device) -> T + Send + 'static) -> Result<T, Trouble> {
        self.room.as_ref().ok_or(Trouble::Stopped)?.call_blocking(f).map_err(|_| Trouble::Stopped)
    }

    /// The way to that thread, for async callers.
    pub fn room(&self) -> Option<&DocumentThread<Device>> {
        self.room.as_ref()
    }

    /// The async part, for what must wait for the network.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The requests of this process to its relay.
    pub fn http(&self) -> &Arc<Http> {
        &self.http
    }

    /// Rises with every change that a person may see.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }

    /// Carries out, on a thread each, the commands that other processes bring to this folder while this one has it.
    pub fn listen(
        self: &Arc<App>,
        answer: impl Fn(&Arc<App>, Request) -> Reply + Send + Sync + 'static,
    ) -> io::Result<()> {
        // The door outlives the last command of this process by a moment; it must not keep the folder open.
        let app = Arc::downgrade(self);
        self.owner.listen(move |request| match app.upgrade() {
            Some(app) => answer(&app, request),
            None => ending(&request),
        })
    }

    /// The home's key.
    pub fn home_key(&self) -> &Arc<Key> {
        &self.home_key
    }

    /// Whether a command that another process brings is let in: while the pages are locked, only who could open the folder without
    /// them. `Err` says why not. It does not unlock the pages: a command may be run by the clock.
    pub fn admit(&self, passphrase: Option<&Secret>) -> Result<(), LockError> {
        if !self.idle().is_locked(clock::now().ms) {
            return Ok(());
        }
        let _turn = self.passphrases.lock().unwrap_or_else(PoisonError::into_inner);
        unlock::admit(&self.home, passphrase, clock::now().unix())
    }

    /// Whether this is the passphrase of the home. Never waits.
    pub fn check_passphrase(&self, passphrase: &Secret) -> Result<(), LockError> {
        // One at a time, so that tries are counted right.
        let _turn = self.passphrases.lock().unwrap_or_else(PoisonError::into_inner);
        unlock::check(&self.home, passphrase, clock::now().unix())
    }

    /// Whether the pages are locked, and when they lock.
    pub fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the pages now, where there is a passphrase.
    pub fn lock(&self) {
        self.idle().lock();
        self.locks.send_replace(());
    }

    /// Unlocks the pages. Never waits.
    pub fn unlock(&self, passphrase: &Secret) -> Result<(), LockError> {
        self.check_passphrase(passphrase)?;
        self.idle().unlock(clock::now().ms);
        Ok(())
    }

    /// Moves whenever a person locks the pages.
    pub fn locks(&self) -> watch::Receiver<()> {
        self.locks.subscribe()
    }

    /// Sets the passphrase of the home, or has it go without. `Ok(false)` where the system's keyring was to remember it, and cannot.
    pub fn set_passphrase(&self, passphrase: Option<&Secret>, remembered: bool) -> Result<bool, LockError> {
        let _turn = self.passphrases.lock().unwrap_or_else(PoisonError::into_inner);
        let done = match passphrase {
            Some(passphrase) => unlock::set_passphrase(&self.home, &self.home_key, passphrase, remembered)?,
            None => unlock::remove_passphrase(&self.home, &self.home_key).map(|()| true)?,
        };
        self.idle().guard(passphrase.is_some(), clock::now().ms);
        Ok(done)
    }

    /// This device's key, made where there is none. Kept in a file, sealed.
    pub fn key(&self) -> Result<Ed25519KeyPair, OpenError> {
        if let Some(key) = read_key(&self.home, &self.home_key)? {
            return Ok(key);
        }
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| OpenError::Key)?;
        write_kept(&self.home.join(KEY_FILE), &self.home_key.seal(KEY_PLACE, pkcs8.as_ref())?)?;
        Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(|_| OpenError::Key)
    }

    /// Keeps a line to the relay up from now on.
    pub fn keep_line(&self) -> Result<(), OpenError> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        self.offline.store(false, Ordering::Relaxed);
        if line.is_some() {
            return Ok(());
        }
        let key = Arc::new(self.key()?);
        let (stop, again) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (tell, attempts) = watch::channel(Kept::default());
        let Some(room) = self.room.clone() else { return Ok(()) };
        let kept = dial::keep(room, self.http.clone(), key, self.wake.clone(), stop.clone(), again.clone(), tell);
        *line = Some(Standing { task: self.runtime.spawn(kept), stop, again, attempts });
        Ok(())
    }

    /// Lets the line to the relay go until [`App::keep_line`] is asked for again.
    pub fn work_offline(&self) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        self.offline.store(true, Ordering::Relaxed);
        if let Some(line) = line.take() {
            self.let_go(line);
        }
        // A line that was cut has not said so itself.
        let _ = self.with(|device| device.disconnect(None));
    }

    /// Whether the person asked to work offline.
    pub fn is_offline(&self) -> bool {
        self.offline.load(Ordering::Relaxed)
    }

    /// Ends a line, or cuts it where that takes too long.
    fn let_go(&self, line: Standing) {
        line.stop.notify_one();
        let cut = line.task.abort_handle();
        if self.runtime.block_on(async { tokio::time::timeout(GOODBYE, line.task).await }).is_err() {
            cut.abort();
        }
    }

    /// Serves this person's pages from now on, where they are not served yet. A link that lets one browser in, once; `None` where
    /// this computer has no randomness to give.
    pub fn open_pages<S: Served + 'static>(
        self: &Arc<App>,
        start: impl FnOnce(&Arc<App>) -> io::Result<S>,
    ) -> io::Result<Option<String>> {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let served = match pages.take() {
            Some(served) => served,
            None => Box::new(start(self)?),
        };
        Ok(pages.insert(served).link())
    }

    /// Whether this person's pages are served.
    pub fn serves_pages(&self) -> bool {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Ends the pages: what is being answered is answered first.
    pub fn close_pages(&self) {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(pages) = pages {
            pages.end(&self.runtime);
        }
    }

    /// Connects once, or uses the line that is kept up, and waits until this device and the relay hold the same. Gives up
    /// where nothing has moved for `patience`.
    pub fn sync_once(&self, patience: Duration) -> Result<Synced, SyncError> {
        // A kept line has counted since it stands; what passed before this call is not its doing.
        let before = self.with(|device| device.traffic()).map_err(SyncError::Trouble)?;
        let synced = self.online(|room, changes| settled(room, changes, patience))?;
        Ok(Synced { traffic: synced.traffic.since(before), ..synced })
    }

    /// Has the relay do what was said: sent on a line made for it, or on the one that is kept up, and answered. Where a line ends
    /// between, it is asked once more under the same number, so that it is done once.
    pub fn act(&self, said: Sentence) -> Result<(), Error> {
        participant::act::is_short(&said)?;
        let id = self.with(move |device| device.ask(&said))??;
        let mut ended = self.online(|room, changes| answered(room, changes, id));
        if matches!(ended, Err(SyncError::Cut { .. })) {
            ended = self.online(|room, changes| answered(room, changes, id));
        }
        let (became, open) = self.with(move |device| (device.became(&id), device.drop_asked(&id)))?;
        match ended {
            // The relay, the folder or the revoked device says why.
            Err(why) if became.is_none() && !open => Err(match Error::from(why) {
                e if e.kind == Kind::Unreachable => e.hint(participant::act::NOTHING_WAITS),
                e => e,
            }),
            _ => participant::act::answered(became, open),
        }
    }

    /// Has a line to the relay while `wait` waits for something: one of its own, or the one that is kept up.
    fn online<T, F: Future<Output = Result<T, SyncError>>>(
        &self,
        wait: impl FnOnce(DocumentThread<Device>, watch::Receiver<u64>) -> F,
    ) -> Result<T, SyncError> {
        let Some(room) = self.room.clone() else { return Err(SyncError::Trouble(Trouble::Stopped)) };
        let kept = {
            let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
            line.as_ref().map(|line| (line.again.clone(), line.attempts.clone()))
        };
        let (wake, changes, http) = (self.wake.clone(), self.changes.clone(), self.http.clone());
        let key = self.key().map_err(SyncError::Open)?;
        let alone = kept.is_none();
        self.runtime.block_on(async move {
            let stop = Notify::new();
            let ended = async {
                match kept {
                    Some((again, attempts)) => SyncError::Dial(failure(&room, &again, attempts).await),
                    None => match dial::once(&room, &http, &key, &wake, &stop).await {
                        Ok(_) => SyncError::Cut { words: room.call(Device::take_words).await.unwrap_or_default() },
                        Err(e) => SyncError::Dial(e),
                    },
                }
            };
            let mut ended = std::pin::pin!(ended);
            let result = tokio::select! {
                ended = &mut ended => Err(ended),
                waited = wait(room.clone(), changes) => waited,
            };
            if alone {
                if result.is_ok() {
                    // What was taken to be sent last is on its way: the line ends behind it.
                    stop.notify_one();
                    let _ = tokio::time::timeout(GOODBYE, ended).await;
                }
                let _ = room.call(|c| c.disconnect(None)).await;
            }
            result
        })
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.close_pages();
        let line = self.line.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // The task holds a way to the documents' thread, which would wait for it below.
        if let Some(line) = line {
            self.let_go(line);
        }
        // The thread ends when nobody can send it work any more; joining it lets the store write what it holds.
        self.room = None;
        if let Some(thread) = self.thread.take()
            && let Ok(mut device) = thread.join()
        {
            let _ = device.replica().flush();
            if device.is_revoked().is_some() {
                drop(device);
                // Files that were still open are gone now, too; the next start looks once more.
                let _ = erase::sweep(&self.home);
            }
        }
    }
}

/// What one synchronisation brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// Whether both sides hold the same.
    pub in_step: bool,
    /// What passed.
    pub traffic: Traffic,
    /// PEPs held here.
    pub peps: usize,
    /// What a person should hear of.
    pub words: Vec<String>,
}

/// How long a relay that is reached may take to answer an act.
const ANSWER: Duration = Duration::from_secs(30);

/// Why it did not come about.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The line.
    #[error(transparent)]
    Dial(DialError),
    /// The relay or the network ended the connection.
    #[error("The connection to the relay ended before everything was shared.")]
    Cut {
        /// What the relay said.
        words: Vec<String>,
    },
    /// The disk.
    #[error(transparent)]
    Trouble(Trouble),
    /// The home folder.
    #[error(transparent)]
    Open(OpenError),
}

/// Waits until the relay has answered an act, or has not for too long.
async fn answered(
    room: DocumentThread<Device>,
    mut changes: watch::Receiver<u64>,
    id: gate::Id,
) -> Result<(), SyncError> {
    let asked = Instant::now();
    while asked.elapsed() < ANSWER {
        let became = room.call(move |device| device.became(&id).is_some()).await;
        if became.map_err(|_| SyncError::Trouble(Trouble::Stopped))? {
            break;
        }
        let _ = tokio::time::timeout(Duration::from_millis(50), changes.changed()).await;
    }
    Ok(())
}

/// Waits until both sides hold the same, or nothing moves any more.
async fn settled(
    room: DocumentThread<Device>,
    mut changes: watch::Receiver<u64>,
    patience: Duration,
) -> Result<Synced, SyncError> {
    let mut moved = Instant::now();
    loop {
        let (in_step, stuck) = room
            .call(|c| Ok::<_, Trouble>((c.in_step()?, c.is_stuck())))
            .await
            .map_err(|_| SyncError::Trouble(Trouble::Stopped))?
            .map_err(SyncError::Trouble)?;
        let given_up = moved.elapsed() > patience || (stuck && moved.elapsed() > STUCK);
        if in_step || given_up {
            return room
                .call(move |c| Synced { in_step, traffic: c.traffic(), peps: c.peps().count(), words: c.take_words() })
                .await
                .map_err(|_| SyncError::Trouble(Trouble::Stopped));
        }
        // Woken by every change; the tick covers what changes nothing, such as the last frame going out.
        if tokio::time::timeout(Duration::from_millis(50), changes.changed()).await.is_ok() {
            moved = Instant::now();
        }
    }
}

/// Has the kept line try again now, and waits for an attempt of it to fail.
async fn failure(room: &DocumentThread<Device>, again: &Notify, mut attempts: watch::Receiver<Kept>) -> DialError {
    attempts.mark_unchanged();
    if room.call(|c| *c.line() != Line::Connected).await.unwrap_or(true) {
        again.notify_one();
    }
    while attempts.changed().await.is_ok() {
        let failed = attempts.borrow_and_update().failed.clone();
        if let Some(failed) = failed {
            return failed;
        }
    }
    std::future::pending().await
}

/// To a command that came while this program ends. With `--json` it is said in the one document, too.
fn ending(request: &Request) -> Reply {
    let e = Error::new(Kind::Store, "The program that had this folder open is ending. Try again.");
    failed::reply(&e, request.args.iter().any(|arg| arg == "--json"))
}

fn read_key(home: &Path, home_key: &Key) -> Result<Option<Ed25519KeyPair>, OpenError> {
    let sealed = match read_kept(&home.join(KEY_FILE)) {
        Ok(sealed) => sealed,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return seal_plain_key(home, home_key),
        Err(e) if e.kind() == io::ErrorKind::InvalidData => return Err(OpenError::Key),
        Err(e) => return Err(e.into()),
    };
    let bytes = Zeroizing::new(home_key.open(KEY_PLACE, &sealed).ok_or(OpenError::Key)?);
    let key = Ed25519KeyPair::from_pkcs8(&bytes).map_err(|_| OpenError::Key)?;
    // Left where sealing it was cut short.
    destroy(&home.join(PLAIN_KEY_FILE))?;
    Ok(Some(key))
}

/// Layout 1 to 2 of the device's key.
fn seal_plain_key(home: &Path, home_key: &Key) -> Result<Option<Ed25519KeyPair>, OpenError> {
    let plain = home.join(PLAIN_KEY_FILE);
    let bytes = match std::fs::read(&plain) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e.into()),
    };
    let key = Ed25519KeyPair::from_pkcs8(&bytes).map_err(|_| OpenError::Key)?;
    write_kept(&home.join(KEY_FILE), &home_key.seal(KEY_PLACE, &bytes)?)?;
    destroy(&plain)?;
    Ok(Some(key))
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Error {
        match error {
            OpenError::Trouble(trouble) => trouble.into(),
            OpenError::Io(_) => Error::new(Kind::Failed, error.to_string())
                .hint("Look whether you may write to the folder that --home names, and whether the disk is full."),
            OpenError::Key => Error::new(Kind::Store, error.to_string()),
        }
    }
}

impl From<SyncError> for Error {
    fn from(error: SyncError) -> Error {
        match error {
            SyncError::Dial(e) => e.into(),
            SyncError::Trouble(e) => e.into(),
            SyncError::Open(e) => e.into(),
            SyncError::Cut { ref words } => {
                let said = words.join(" ");
                let message = if said.is_empty() { error.to_string() } else { format!("{error} It said: {said}") };
                Error::new(Kind::Unreachable, message)
                    .hint("What you wrote is safe on this device. Try again in a moment.")
            }
        }
    }
}
