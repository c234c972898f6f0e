//! Why a command was not done.

use disk::Reply;
use participant::error::{Error, Kind};
use schemars::JsonSchema;
use serde::Serialize;

/// What any command prints with `--json` where it fails before it has printed its own document.
#[derive(Serialize, JsonSchema)]
pub struct Failed {
    /// Why.
    pub error: Reason,
}

/// Why, for programs and for people.
#[derive(Serialize, JsonSchema)]
pub struct Reason {
    /// A word for each exit code: `failed`, `usage`, `not-permitted`, `unreachable`, `findings`, `choose` or `store`.
    pub kind: &'static str,
    /// What happened, in a sentence.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Failed {
    /// Of an error.
    pub fn of(error: &Error) -> Failed {
        let Error { kind, message, hint } = error.clone();
        Failed { error: Reason { kind: kind.slug(), message, hint } }
    }

    /// The document, as it is printed.
    fn line(&self) -> Vec<u8> {
        format!("{}\n", serde_json::to_value(self).unwrap_or_default()).into_bytes()
    }
}

/// All that a command says that was not begun: its words on standard error, and with `--json` the document on standard output.
pub fn reply(error: &Error, json: bool) -> Reply {
    let stdout = if json { Failed::of(error).line() } else { Vec::new() };
    Reply { code: error.kind.code(), stdout, stderr: error.words().into_bytes(), locked: false }
}

/// The same of words that make no command, in the words of whoever read them.
pub fn unread(words: &str, json: bool) -> Reply {
    Reply { stderr: words.into(), ..reply(&Error::new(Kind::Usage, words.trim()), json) }
}
