//! What the host knows at the moment of a request and a page may need; and what the host alone can do and a page may ask of it.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use participant::{
    Error, Now, Secret, Sentence,
    decisions::{Change, List},
    settings::{KeptPin, Pin},
};
use serde::Deserialize;
use uuid::Uuid;

use crate::address::Base;

/// Forms remembered: a browser sends one again within seconds, or after going back a few pages.
const WRITTEN_MAX: usize = 256;

/// The moment, chance, and the state of the host.
pub struct Env<'a> {
    /// The moment at which the request is answered.
    pub now: Now,
    /// Gives ids that are nobody's yet.
    pub fresh: fn() -> Uuid,
    /// What every address of the pages begins with.
    pub base: Base,
    /// What the council sets for its pages.
    pub council: Council,
    /// Whether the pages ask for the passphrase before anything else.
    pub locked: bool,
    /// Whether a passphrase guards this device.
    pub guarded: bool,
    /// Whether the person asked to work offline.
    pub offline: bool,
    /// By which a page comes back after the program was killed and started again.
    pub pass: Option<String>,
    /// Why sharing was last tried in vain: the sentence and what to do.
    pub failed: Option<(String, Option<String>)>,
    /// What the host found out or did since this request was answered with an [`Intent`].
    pub found: Found,
    /// What is kept from one request to the next.
    pub memory: &'a Memory,
}

impl<'a> Env<'a> {
    /// For whoever makes something of the pages' without being asked by a browser.
    pub fn plain(now: Now, fresh: fn() -> Uuid, council: Council, memory: &'a Memory) -> Env<'a> {
        Env {
            now,
            fresh,
            base: Base::default(),
            council,
            locked: false,
            guarded: false,
            offline: false,
            pass: None,
            failed: None,
            found: Found::default(),
            memory,
        }
    }
}

/// What the council sets for its pages, in a file beside the home.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Council {
    /// What it calls itself.
    pub name: Option<String>,
    /// Its colour, `#33475b`.
    pub colour: Option<String>,
    /// `pep demo` says so of the people it makes.
    pub demo: bool,
}

/// What only the host can do. It does it, and asks the page again with what came of it in [`Found`], unless it is said otherwise.
pub enum Intent {
    /// Share now, and then go to the page about it.
    Share,
    /// Let the line to the relay go, or take it up again; then go to the page about sharing.
    WorkOffline(bool),
    /// Lock the pages; then go to the first page.
    Lock,
    /// Try this passphrase.
    Unlock(Secret),
    /// From now on lock after so many minutes without a person; then go to that address.
    LockAfter(u16, String),
    /// Fetch the refused changes that wait for this person's decision.
    FetchHeld,
    /// Decide about one of them.
    Decide {
        /// Which.
        change: Box<Change>,
        /// Whether it is taken in.
        accept: bool,
    },
    /// Have the relay do what this person's device says.
    Act(Box<Sentence>),
    /// Find out whether these digits are the PIN; it takes some tenths of a second.
    CheckPin(KeptPin, String),
}

/// What the host found out or did.
#[derive(Default)]
pub struct Found {
    /// Refused changes that wait for this person's decision, or why they could not be fetched.
    pub held: Option<Result<List, Error>>,
    /// Whether the decision was carried out.
    pub decided: Option<Result<(), Error>>,
    /// Whether the relay did what was said; else why not.
    pub acted: Option<Result<(), Error>>,
    /// Whether the passphrase was right; else what to say at the field.
    pub unlocked: Option<Result<(), String>>,
    /// Whether the digits were the PIN.
    pub pin: Option<bool>,
    /// The same PIN in today's form, where the digits were right and it was kept in an old one.
    pub renewed: Option<Pin>,
}

/// What is kept from one request to the next, as long as the program runs: forms that were written lately, and where they led, so
/// that a form that comes twice is written once.
#[derive(Default)]
pub struct Memory {
    written: Mutex<VecDeque<(Uuid, String)>>,
}

impl Memory {
    /// Where a form led that was written already.
    pub fn written(&self, form: &Uuid) -> Option<String> {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.iter().find(|(known, _)| known == form).map(|(_, then)| then.clone())
    }

    /// Remembers a form that was written, and where it led.
    pub fn was_written(&self, form: Uuid, then: &str) {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if written.len() >= WRITTEN_MAX {
            written.pop_front();
        }
        written.push_back((form, then.to_owned()));
    }
}
