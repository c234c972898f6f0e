//! What the pages need of this computer: the moment, what the council set, whether they are locked; and what only this program can
//! do for them: share, lock and unlock, ask the relay. One request is one turn of the thread that owns the documents, and one more
//! for everything that it asks of the host.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use pages::{
    address::Base,
    env::{Council, Env, Found, Intent, Memory},
    reply::Reply,
    request::Request,
    routes,
    turn::Turn,
};
use participant::Error;

use crate::{
    app::App,
    clock, decide,
    resume::{self, Key},
    unlock::LockError,
};

/// The file in the home folder that holds what the council calls itself, and its colour.
pub const SETTINGS: &str = "pages.json";
/// How long nothing may move before sharing at a person's wish is given up.
const SYNC_PATIENCE: Duration = Duration::from_secs(10);
/// How often one request may ask something of the host: a form that waited for the passphrase may ask for two more things.
const INTENTS_MAX: usize = 4;

/// What is asked of the pages.
#[derive(Clone)]
pub enum Ask {
    /// An address of ours, perhaps with a form.
    Request(Request),
    /// An address that cannot be one of ours.
    Nowhere,
    /// A form that was larger than any form of ours.
    TooLarge,
}

/// The host of one home's pages.
pub struct Host {
    /// What every address of the pages begins with.
    base: Base,
    memory: Arc<Memory>,
    /// Tabs that have come so far.
    tabs: AtomicU64,
    /// Why sharing was last tried in vain.
    failed: Mutex<Option<(String, Option<String>)>>,
    /// From which pages get the pass that they come back by.
    key: Option<Key>,
}

impl Host {
    /// With the home's secret for passes, where there is one.
    pub fn new(key: Option<Key>) -> Host {
        Host { base: Base::default(), memory: Arc::default(), tabs: AtomicU64::new(0), failed: Mutex::new(None), key }
    }

    /// What every address of the pages begins with.
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// A number for a tab that no other has.
    pub fn next_tab(&self) -> u64 {
        self.tabs.fetch_add(1, Ordering::Relaxed)
    }

    /// Answers a request, and does what it asks of the host. May wait for the disk and for the relay. `None`: the pages have stopped.
    pub fn answer(&self, app: &Arc<App>, ask: &Ask) -> Option<Reply> {
        app.idle().came(clock::now().ms);
        let mut found = Found::default();
        for _ in 0..INTENTS_MAX {
            let asked = ask.clone();
            let (answer, back) = self.turn(app, found, move |turn| match &asked {
                Ask::Request(request) => routes::answer(turn, request),
                Ask::Nowhere => routes::nowhere(turn),
                Ask::TooLarge => routes::too_large(turn),
            })?;
            found = back;
            match answer {
                Reply::Host(intent) => {
                    if let Some(to) = self.carry_out(app, intent, &mut found) {
                        return Some(Reply::Go(to));
                    }
                }
                answer => return Some(answer),
            }
        }
        None
    }

    /// Has `f` done in one turn of the thread that owns the documents. What was found out goes in and comes back. `None` where that
    /// thread has ended, or `f` failed in a way that nobody foresaw: nothing of it reaches another turn.
    pub fn turn<T: Send + 'static>(
        &self,
        app: &Arc<App>,
        found: Found,
        f: impl FnOnce(&mut Turn<'_>) -> T + Send + 'static,
    ) -> Option<(T, Found)> {
        let now = clock::now();
        let (memory, base, council) = (self.memory.clone(), self.base.clone(), council(app.home()));
        let (locked, guarded) = {
            let mut idle = app.idle();
            (idle.is_locked(now.ms), idle.is_guarded())
        };
        let (offline, failed) = (app.is_offline(), self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let pass = self.key.as_ref().and_then(|key| resume::pass(key, now.unix()));
        let turn = move |device: &mut participant::Device| {
            let fresh = clock::fresh_id;
            let env = Env { now, fresh, base, council, locked, guarded, offline, pass, failed, found, memory: &memory };
            let done = catch_unwind(AssertUnwindSafe(|| f(&mut Turn::new(device, &env)))).ok()?;
            Some((done, env.found))
        };
        app.with(turn).ok().flatten()
    }

    /// Does what a page asks for; where to go then, unless the page is asked again.
    fn carry_out(&self, app: &Arc<App>, intent: Intent, found: &mut Found) -> Option<String> {
        match intent {
            Intent::Share => {
                self.share(app);
                Some(self.base.to("/sync?tried=1"))
            }
            Intent::WorkOffline(true) => {
                app.work_offline();
                Some(self.base.to("/sync"))
            }
            Intent::WorkOffline(false) => {
                let failed = app.keep_line().err().map(Error::from);
                self.keep_failed(failed.map(|e| (e.message, e.hint)));
                Some(self.base.to("/sync"))
            }
            Intent::Lock => {
                app.lock();
                Some(self.base.to("/"))
            }
            Intent::LockAfter(minutes, then) => {
                app.idle().after(minutes);
                Some(then)
            }
            Intent::Unlock(passphrase) => {
                found.unlocked = Some(app.unlock(&passphrase).map_err(|e| sentence(&e)));
                None
            }
            Intent::FetchHeld => {
                found.held = Some(decide::fetched(app));
                None
            }
            Intent::Decide { change, accept } => {
                found.decided = Some(decide::decided(app, &change, accept));
                None
            }
            Intent::Act(said) => {
                found.acted = Some(app.act(*said));
                None
            }
            Intent::CheckPin(pin, digits) => {
                let right = pin.is(&digits);
                found.pin = Some(right);
                found.renewed =
                    if right { clock::random().ok().and_then(|salt| pin.renewed(&digits, salt)) } else { None };
                None
            }
        }
    }

    /// Tries to share now, and keeps why it did not come about for the page that says so.
    fn share(&self, app: &Arc<App>) {
        self.keep_failed(match app.sync_once(SYNC_PATIENCE) {
            Ok(synced) if synced.in_step => None,
            Ok(_) => Some((
                "This device and the relay do not hold the same yet.".to_owned(),
                Some("Everything is safe on this device. Try again in a moment.".to_owned()),
            )),
            Err(e) => {
                let error = Error::from(e);
                Some((error.message, error.hint))
            }
        });
    }

    fn keep_failed(&self, failed: Option<(String, Option<String>)>) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
    }
}

/// What the council set for the pages of this home.
pub fn council(home: &Path) -> Council {
    // A file that cannot be read is as good as none: the pages come in neutral colours.
    let text = std::fs::read_to_string(home.join(SETTINGS)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// As the page says them at the field, where nothing ends with a full stop.
fn sentence(why: &LockError) -> String {
    match why {
        LockError::Wrong => "That is not your passphrase".to_owned(),
        LockError::Wait { seconds: 1 } => "The passphrase was wrong too often. Try again in 1 second".to_owned(),
        LockError::Wait { seconds } => format!("The passphrase was wrong too often. Try again in {seconds} seconds"),
        LockError::Locked | LockError::Unfit | LockError::Lost(_) | LockError::Newer | LockError::Io(_) => {
            why.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_council_s_that_cannot_be_read_is_as_good_as_none() {
        let home = tempfile::tempdir().unwrap();
        assert!(council(home.path()).name.is_none());
        for (text, colour) in
            [("{\"colour\": \"#00414A\"}", Some("#00414A")), ("{\"colour\": 7}", None), ("not JSON", None)]
        {
            std::fs::write(home.path().join(SETTINGS), text).unwrap();
            assert_eq!(council(home.path()).colour.as_deref(), colour, "{text}");
        }
    }
}
