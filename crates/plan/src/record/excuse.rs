//! Why a question that must be answered has no answer: "nothing to record", "not known", "not applicable" (PEP.md 3.1).
//!
//! One word and its reason are one value beside the answer, so they merge as one and an answer given meanwhile is kept.

use std::fmt;
use std::str::FromStr;

use crate::bank::{Kind, Question};
use crate::pep::NotAWord;
use crate::refused::Refused;
use crate::value::{CELL_MAX, utf16_len, withhold};
use crate::view::Who;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoAnswer {
    /// The table would be empty.
    NothingToRecord,
    /// Nobody knows; with a reason.
    NotKnown,
    /// It does not apply to this child; with a reason.
    NotApplicable,
}

/// Somebody's statement that a question has no answer.
#[derive(Clone, PartialEq)]
pub struct Excuse {
    /// Why.
    pub why: NoAnswer,
    /// In their words; empty where there is nothing to record.
    pub reason: String,
    /// Who said so, if the roster knows them.
    pub by: Option<Who>,
    /// When, by the author's clock, in seconds since 1970; 0 if not known.
    pub at: i64,
}

withhold!(Excuse);

impl NoAnswer {
    /// Every one of them.
    pub const ALL: [NoAnswer; 3] = [NoAnswer::NothingToRecord, NoAnswer::NotKnown, NoAnswer::NotApplicable];

    /// The words people read.
    pub fn label(self) -> &'static str {
        match self {
            NoAnswer::NothingToRecord => "Nothing to record",
            NoAnswer::NotKnown => "Not known",
            NoAnswer::NotApplicable => "Not applicable",
        }
    }

    /// As a document keeps it, or why it cannot be.
    pub(crate) fn kept(self, question: &Question, reason: &str) -> Result<String, Refused> {
        let bad =
            |expected: &str| Err(Refused::BadValue { question: question.id.clone(), expected: expected.to_owned() });
        let (reason, table) = (reason.trim(), matches!(question.kind, Kind::Table | Kind::TargetList));
        match self {
            _ if !question.may_be_excused() && question.voice => {
                bad("the child's own words, or voice.declined with a note of how else we know what they think")
            }
            _ if !question.may_be_excused() => bad("an answer, or none: it need not be said why there is none"),
            _ if utf16_len(reason) > CELL_MAX => {
                Err(Refused::TooLong { question: question.id.clone(), limit: CELL_MAX })
            }
            NoAnswer::NothingToRecord if !table => bad("an answer, or not-known or not-applicable with a reason"),
            NoAnswer::NotKnown | NoAnswer::NotApplicable if reason.is_empty() => bad("a reason of a few words"),
            NoAnswer::NothingToRecord => Ok(self.to_string()),
            NoAnswer::NotKnown | NoAnswer::NotApplicable => Ok(format!("{self}: {reason}")),
        }
    }

    /// From a document; anything else is nothing.
    pub(crate) fn read(kept: &str) -> Option<(NoAnswer, String)> {
        let (word, reason) = kept.split_once(": ").unwrap_or((kept, ""));
        let why = word.parse().ok()?;
        (why == NoAnswer::NothingToRecord || !reason.trim().is_empty()).then(|| (why, reason.trim().to_owned()))
    }
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            NoAnswer::NothingToRecord => "nothing-to-record",
            NoAnswer::NotKnown => "not-known",
            NoAnswer::NotApplicable => "not-applicable",
        })
    }
}

impl FromStr for NoAnswer {
    type Err = NotAWord;
    fn from_str(text: &str) -> Result<Self, NotAWord> {
        const KNOWN: &[&str] = &["nothing-to-record", "not-known", "not-applicable"];
        let found = NoAnswer::ALL.into_iter().find(|why| why.to_string() == text);
        found.ok_or(NotAWord { what: "reason for no answer", known: KNOWN })
    }
}
