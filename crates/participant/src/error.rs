//! What a use case can fail with: a sentence, a hint, and the exit code, all decided here.

use plan::Refused;
use replica::Trouble;
use sync::link::LinkError;

/// Exit codes, as the contract promises them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It could not be done.
    Failed,
    /// The words do not make a command.
    Usage,
    /// This person may not.
    NotPermitted,
    /// The relay does not answer, and the command needs it now.
    Unreachable,
    /// Checks found something to put right.
    Findings,
    /// A person must choose first.
    Choose,
    /// The store is locked, damaged or newer.
    Store,
}

impl Kind {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::NotPermitted => 3,
            Kind::Unreachable => 4,
            Kind::Findings => 5,
            Kind::Choose => 6,
            Kind::Store => 7,
        }
    }

    /// Its word for programs, the same for one exit code always.
    pub fn slug(self) -> &'static str {
        match self {
            Kind::Failed => "failed",
            Kind::Usage => "usage",
            Kind::NotPermitted => "not-permitted",
            Kind::Unreachable => "unreachable",
            Kind::Findings => "findings",
            Kind::Choose => "choose",
            Kind::Store => "store",
        }
    }
}

/// Why a use case ends without having been done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Which kind of failure.
    pub kind: Kind,
    /// What happened, in a sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Error {
    /// A failure without a hint.
    pub fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error { kind, message: message.into(), hint: None }
    }

    /// The same with a hint.
    pub fn hint(self, hint: impl Into<String>) -> Error {
        Error { hint: Some(hint.into()), ..self }
    }

    /// The words for standard error: message, empty line, hint.
    pub fn words(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}\n\nHint: {hint}\n", self.message),
            None => format!("{}\n", self.message),
        }
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Error {
        let kind = match &trouble {
            Trouble::Newer | Trouble::Damaged | Trouble::Stopped | Trouble::Key(_) => Kind::Store,
            Trouble::Full | Trouble::Disk(_) | Trouble::Unknown | Trouble::OwnRefused(_) => Kind::Failed,
        };
        let error = Error::new(kind, trouble.to_string());
        match trouble {
            Trouble::Damaged | Trouble::Stopped => error.hint("`pep doctor` looks at everything this device holds."),
            Trouble::Unknown => {
                error.hint("`pep list` shows the plans that are here; `pep sync` fetches those of your teams.")
            }
            Trouble::Key(_) => error.hint(JOIN_AGAIN),
            Trouble::Newer | Trouble::Full | Trouble::Disk(_) | Trouble::OwnRefused(_) => error,
        }
    }
}

/// What is left to whoever cannot open a home any more.
pub const JOIN_AGAIN: &str = "Bring the folder back from a backup (`pep restore`). Without one, ask the Virtual School for a new invitation link, and join with another folder: pep --home DIR join LINK. What was shared comes back; what was not shared yet cannot be read by anybody.";

impl From<LinkError> for Error {
    fn from(error: LinkError) -> Error {
        Error::new(Kind::Failed, error.to_string())
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Error {
        let kind = match &refused {
            Refused::NotYours { .. }
            | Refused::Reserved { .. }
            | Refused::NoDeskReview
            | Refused::Sealed
            | Refused::Withdrawn
            | Refused::OthersWords { .. }
            | Refused::SignOff { .. } => Kind::NotPermitted,
            // A wrong value is not understood, whoever finds out.
            Refused::BadValue { .. }
            | Refused::BeforeBirth { .. }
            | Refused::Impossible { .. }
            | Refused::NoReason
            | Refused::WrongType { .. }
            | Refused::UnknownColumn { .. }
            | Refused::TooLong { .. } => Kind::Usage,
            Refused::Incomplete { .. } | Refused::NotHeld { .. } => Kind::Findings,
            Refused::Undecided { .. } => Kind::Choose,
            Refused::UnknownQuestion { .. }
            | Refused::Computed { .. }
            | Refused::Hidden { .. }
            | Refused::NotInThisVersion { .. }
            | Refused::OtherDocument { .. }
            | Refused::OtherPlan
            | Refused::UnknownRow { .. }
            | Refused::RowKey { .. }
            | Refused::TooManyRows { .. }
            | Refused::TooMuchAtOnce { .. }
            | Refused::OutOfText { .. }
            | Refused::UnknownHeads { .. }
            | Refused::NotDisputed { .. }
            | Refused::Damaged { .. } => Kind::Failed,
        };
        let error = Error::new(kind, refused.to_string());
        match refused {
            Refused::Withdrawn => error.hint("pep withdraw PEP --back"),
            Refused::NoReason => error.hint("pep quality PEP overall GRADE --reason \"…\""),
            _ => error,
        }
    }
}
