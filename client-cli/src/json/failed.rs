//! Why a command was not done.

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

    /// Of words that make no command.
    pub fn usage(words: &str) -> Failed {
        Failed::of(&Error::new(Kind::Usage, words.trim()))
    }

    /// The document, as it is printed.
    pub fn line(&self) -> Vec<u8> {
        format!("{}\n", serde_json::to_value(self).unwrap_or_default()).into_bytes()
    }
}
