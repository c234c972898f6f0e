//! What the outputs of several commands are made of: moments, hashes, words from closed lists.

use std::borrow::Cow;

use plan::Who;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use participant::words;

/// A moment, RFC 3339.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("format" = "date-time"))]
pub struct Moment(String);

/// A moment; none where it is not known.
pub fn at(seconds: i64) -> Option<Moment> {
    (seconds != 0).then(|| Moment(words::rfc3339(seconds)))
}

/// A SHA-256 in lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
pub struct Digest(String);

impl Digest {
    /// The hash of a change.
    pub fn of(hash: impl AsRef<[u8]>) -> Digest {
        Digest(hex::encode(hash))
    }
}

/// Heads, sorted.
pub fn heads(heads: &[gate::Hash]) -> Vec<Digest> {
    let mut heads: Vec<Digest> = heads.iter().map(Digest::of).collect();
    heads.sort_unstable();
    heads
}

/// A person's name; none where the roster does not know them.
pub fn by(who: &Option<Who>) -> Option<String> {
    who.as_ref().map(|who| who.name.clone())
}

/// Words from a closed list of [`plan`], written as their slug; the schema lists them.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $of:ty, $all:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub $of);

        impl From<$of> for $name {
            fn from(word: $of) -> $name {
                $name(word)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let all: Vec<String> = $all.iter().map(ToString::to_string).collect();
                json_schema!({ "type": "string", "enum": all })
            }
        }
    )+};
}

words! {
    /// What somebody is to a child.
    Role = plan::Role, plan::Role::ALL;
    /// How far a plan has come.
    State = plan::State, plan::State::ALL;
    /// What kind of PEP it is.
    PepType = plan::PepType, plan::PepType::ALL;
    /// Which document of a PEP.
    DocumentKind = plan::DocumentKind, plan::DocumentKind::ALL;
    /// Whether a child has a current PEP.
    Currency = plan::Currency, plan::Currency::ALL;
    /// Why there is no answer.
    NoAnswer = plan::NoAnswer, plan::NoAnswer::ALL;
    /// How much a finding weighs.
    Severity = plan::Severity, [plan::Severity::Blocks, plan::Severity::Doubtful];
    /// How a review is held.
    ReviewKind = plan::ReviewKind, plan::ReviewKind::ALL;
    /// Where people meet.
    MeetingMode = plan::MeetingMode, plan::MeetingMode::ALL;
    /// How it is decided who does something in a meeting.
    PostMode = plan::PostMode, plan::PostMode::ALL;
    /// Whether a role comes to a meeting.
    Attendance = plan::Attendance, plan::Attendance::ALL;
}
