//! This device: who uses it, how far it is in step, its passphrase, its backups.

use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::basics::{Digest, Moment, Role};

/// Who has joined: `pep join`.
#[derive(Serialize, JsonSchema)]
pub struct Joined {
    /// The person's id.
    pub person: Uuid,
    /// Their name.
    pub name: String,
    /// Their role, such as `social-worker`.
    pub role: String,
    /// The device's id.
    pub device: Uuid,
}

/// Who uses this device: `pep whoami`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Whoami {
    /// The person's id.
    pub person: Uuid,
    /// Their name.
    pub name: String,
    /// Their role, such as `social-worker`.
    pub role: String,
    /// School, council or agency.
    pub organisation: Option<String>,
    /// The device's id.
    pub device: Uuid,
    /// Its relay.
    pub relay: Relay,
    /// When it was last in step; null: never.
    pub last_sync: Option<Moment>,
}

/// A relay.
#[derive(Serialize, JsonSchema)]
pub struct Relay {
    /// Its address.
    pub url: String,
    /// Its name.
    pub name: String,
}

/// What is saved, shared and waiting: `pep status`.
#[derive(Serialize, JsonSchema)]
pub struct Status {
    /// The device's id.
    pub device: Uuid,
    /// What guards the plans here.
    pub guard: Guard,
    /// The line to the relay.
    pub relay: Line,
    /// Every plan on this device.
    pub peps: Vec<Shared>,
    /// Changes of one's own that were refused.
    pub held: usize,
    /// Refused changes that wait for one's decision.
    pub undecided: u64,
    /// Children whose team one has left.
    pub left: usize,
    /// What a newer version made and this one does not know.
    pub newer: Vec<Newer>,
}

/// Something that a newer version made, and that this one keeps and cannot show.
#[derive(Serialize, JsonSchema)]
pub struct Newer {
    /// What it is.
    pub what: Made,
    /// What this version does not know of it, such as a process and its version.
    pub word: String,
    /// How many.
    pub count: u64,
}

/// What a newer version made.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Made {
    /// A document of a plan.
    Document,
    /// A message of the relay.
    Message,
    /// An entry of the directory.
    Entry,
}

impl From<participant::device::Newer> for Newer {
    fn from(newer: participant::device::Newer) -> Newer {
        let what = match newer.what {
            participant::device::Made::Documents => Made::Document,
            participant::device::Made::Messages => Made::Message,
            participant::device::Made::Entries => Made::Entry,
        };
        Newer { what, word: newer.word, count: newer.count }
    }
}

/// The line to the relay.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// The relay's address.
    pub url: String,
    /// Whether it stands.
    pub state: LineState,
    /// When the device was last in step; null: never.
    pub last_sync: Option<Moment>,
}

/// How the line to the relay stands.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LineState {
    /// No line at the moment.
    Offline,
    /// A line stands.
    Connected,
    /// The relay does not let this device in.
    Refused,
}

/// How far one plan is shared.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shared {
    /// The PEP's id.
    pub pep: Uuid,
    /// The child's id.
    pub child: Uuid,
    /// The newest changes that are saved here, sorted.
    pub saved_heads: Vec<Digest>,
    /// The newest changes that the relay has, sorted.
    pub shared_heads: Vec<Digest>,
    /// Changes that are not shared yet.
    pub waiting_changes: usize,
    /// Changes that were refused.
    pub held: usize,
}

/// What guards the plans on a device.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Guard {
    /// Only the computer's own protection.
    Computer,
    /// A passphrase.
    Passphrase,
}

impl From<crate::unlock::Guard> for Guard {
    fn from(guard: crate::unlock::Guard) -> Guard {
        match guard {
            crate::unlock::Guard::Computer => Guard::Computer,
            crate::unlock::Guard::Passphrase { .. } => Guard::Passphrase,
        }
    }
}

/// What came and went: `pep sync`. With --watch nothing is printed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Synced {
    /// Changes that were sent.
    pub sent: u64,
    /// Changes that came.
    pub received: u64,
    /// Plans on this device.
    pub peps: usize,
    /// Whether device and relay hold the same.
    pub in_step: bool,
    /// Changes that cannot be shared: one is not on that child's team any more.
    pub waiting: usize,
    /// What a newer version made and this one does not know; device and relay are not in step for it.
    pub newer: Vec<Newer>,
}

/// The passphrase was set or removed: `pep passphrase`.
#[derive(Serialize, JsonSchema)]
pub struct Passphrase {
    /// What guards the plans from now on.
    pub guard: Guard,
    /// Whether the system's keyring remembers it.
    pub remembered: bool,
}

/// The PIN of child mode was set: `pep pin set`.
#[derive(Serialize, JsonSchema)]
pub struct Pin {
    /// `set`.
    pub pin: &'static str,
}

/// A backup was written: `pep backup`.
#[derive(Serialize, JsonSchema)]
pub struct BackedUp {
    /// Bytes of the file.
    pub bytes: u64,
    /// What guards it.
    pub guard: Guard,
}

/// A backup was brought back: `pep restore`.
#[derive(Serialize, JsonSchema)]
pub struct Restored {
    /// Files that were written.
    pub files: usize,
    /// What guards the plans.
    pub guard: Guard,
    /// Places of the journal that are damaged.
    pub damaged: usize,
}

/// A sealed file was opened: `pep unseal`. To standard output (`-o -`) the content itself is written instead.
#[derive(Serialize, JsonSchema)]
pub struct Unsealed {
    /// Bytes of the content.
    pub bytes: usize,
}

/// What `pep doctor` looked at.
#[derive(Serialize, JsonSchema)]
pub struct Examined {
    /// Each check.
    pub checks: Vec<Check>,
    /// How many of them are not well.
    pub findings: usize,
}

/// One check of `pep doctor`.
#[derive(Serialize, JsonSchema)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// Whether there is nothing to do.
    pub ok: bool,
    /// What was found, and what to do.
    pub detail: String,
}

/// Where the pages are: `pep open`.
#[derive(Serialize, JsonSchema)]
pub struct Opened {
    /// The address; it lets one browser in, once.
    pub url: String,
}

/// Who reads the child's private words: `pep private`.
#[derive(Serialize, JsonSchema)]
pub struct Private {
    /// The PEP's id.
    pub pep: Uuid,
    /// Who reads them; empty where they are not shared with this person.
    pub readers: Vec<Role>,
    /// Whether the relay has still to hear of the choice.
    pub waits: bool,
    /// What was written and is not shared.
    pub unshared: Vec<Unshared>,
}

/// Words that are kept and not shared.
#[derive(Serialize, JsonSchema)]
pub struct Unshared {
    /// The question.
    pub field: String,
    /// The words.
    pub text: String,
}

/// Completions for a shell: `pep completions`.
#[derive(Serialize, JsonSchema)]
pub struct Completions {
    /// The script.
    pub completions: String,
}
