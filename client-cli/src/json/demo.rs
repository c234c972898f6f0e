//! The demonstration: `pep demo`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

/// What the demonstration did, or opened: `pep demo`.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Demo {
    /// The story was played: `--check`.
    Played(Played),
    /// A sample child was loaded: `--child`.
    Loaded(Vec<Loaded>),
    /// The meeting is open.
    Meeting(Meeting),
}

/// The story, played.
#[derive(Serialize, JsonSchema)]
pub struct Played {
    /// True: everybody holds the same, and no word is missing.
    pub ok: bool,
    /// What was done, in order.
    pub steps: Vec<Step>,
}

/// One step of the story.
#[derive(Serialize, JsonSchema)]
pub struct Step {
    /// What it was.
    pub step: String,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// A plan that was loaded.
#[derive(Serialize, JsonSchema)]
pub struct Loaded {
    /// The child and the term.
    pub child: String,
    /// The PEP's id.
    pub pep: String,
    /// How far it has come.
    pub state: String,
}

/// The meeting that is open.
#[derive(Serialize, JsonSchema)]
pub struct Meeting {
    /// The PEP's id.
    pub pep: String,
    /// The relay's address.
    pub relay: String,
    /// Each person's own pages.
    pub pages: Vec<Page>,
}

/// One person's own pages.
#[derive(Serialize, JsonSchema)]
pub struct Page {
    /// The folder of their device.
    pub home: PathBuf,
    /// Who it is.
    pub name: String,
    /// The address; it lets one browser in, once.
    pub url: String,
}
