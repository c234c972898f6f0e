//! What a command can fail with: a sentence, a hint, and the exit code, all decided here.

use plan::Refused;
use replica::Trouble;
use sync::link::LinkError;

use crate::{
    app::{OpenError, SyncError},
    dial::DialError,
    unlock::LockError,
};

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
}

/// Why a command ends without having been done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CommandError {
    /// Which kind of failure.
    pub kind: Kind,
    /// What happened, in a sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl CommandError {
    /// A failure without a hint.
    pub fn new(kind: Kind, message: impl Into<String>) -> CommandError {
        CommandError { kind, message: message.into(), hint: None }
    }

    /// The same with a hint.
    pub fn hint(self, hint: impl Into<String>) -> CommandError {
        CommandError { hint: Some(hint.into()), ..self }
    }

    /// The words for standard error: message, empty line, hint.
    pub fn words(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}\n\nHint: {hint}\n", self.message),
            None => format!("{}\n", self.message),
        }
    }
}

impl From<Trouble> for CommandError {
    fn from(trouble: Trouble) -> CommandError {
        let kind = match &trouble {
            Trouble::Newer | Trouble::Damaged | Trouble::Stopped | Trouble::Key(_) => Kind::Store,
            Trouble::Full | Trouble::Disk(_) | Trouble::Unknown | Trouble::UsedUp | Trouble::OwnRefused(_) => {
                Kind::Failed
            }
        };
        let error = CommandError::new(kind, trouble.to_string());
        match trouble {
            Trouble::Damaged | Trouble::Stopped => error.hint("`pep doctor` looks at everything this device holds."),
            Trouble::Unknown => {
                error.hint("`pep list` shows the plans that are here; `pep sync` fetches those of your teams.")
            }
            Trouble::Key(_) => error.hint(JOIN_AGAIN),
            Trouble::UsedUp => error.hint(
                "pep --home DIR join LINK, with the new link, begins anew. Keep this folder until what you still need from it is written there; `pep show` and `pep export` go on working here.",
            ),
            Trouble::Newer | Trouble::Full | Trouble::Disk(_) | Trouble::OwnRefused(_) => error,
        }
    }
}

/// What is left to whoever cannot open a home any more.
const JOIN_AGAIN: &str = "Bring the folder back from a backup (`pep restore`). Without one, ask the Virtual School for a new invitation link, and join with another folder: pep --home DIR join LINK. What was shared comes back; what was not shared yet cannot be read by anybody.";

impl From<LockError> for CommandError {
    fn from(error: LockError) -> CommandError {
        let said = |kind| CommandError::new(kind, error.to_string());
        match error {
            LockError::Locked => said(Kind::Store).hint(
                "Give the passphrase in a file (--passphrase-file F) or in PEP_PASSPHRASE, or run the command at a terminal, where it is asked for.",
            ),
            LockError::Wrong => said(Kind::Store).hint(
                "Try again. If nobody knows it any more, ask the Virtual School for a new invitation link, and join with another folder: pep --home DIR join LINK. What was shared comes back; what was not shared yet cannot be read by anybody.",
            ),
            LockError::Lost(_) => said(Kind::Store).hint(JOIN_AGAIN),
            LockError::Wait { .. } | LockError::Newer => said(Kind::Store),
            LockError::Unfit => said(Kind::Usage),
            LockError::Io(_) => said(Kind::Failed)
                .hint("Look whether you may write to the folder that --home names, and whether the disk is full."),
        }
    }
}

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> CommandError {
        match error {
            OpenError::Trouble(trouble) => trouble.into(),
            OpenError::Io(_) => CommandError::new(Kind::Failed, error.to_string())
                .hint("Look whether you may write to the folder that --home names, and whether the disk is full."),
            OpenError::Key => CommandError::new(Kind::Store, error.to_string()),
        }
    }
}

impl From<DialError> for CommandError {
    fn from(error: DialError) -> CommandError {
        let kind = match &error {
            DialError::Unreachable(_) => Kind::Unreachable,
            DialError::Refused { code, .. } if code == sync::frame::code::BUSY => Kind::Unreachable,
            DialError::Refused { code, .. } if code == sync::frame::code::REVOKED => Kind::NotPermitted,
            DialError::Revoked(_) => Kind::NotPermitted,
            _ => Kind::Failed,
        };
        let message = error.to_string();
        match error {
            DialError::Unreachable(_) => CommandError::new(kind, message).hint(
                "What you wrote is safe on this device. Look at your connection and try again, or ask the Virtual School whether its relay is running.",
            ),
            DialError::Revoked(_) => CommandError::new(kind, message).hint(
                "If the device is yours and you have it, ask the Virtual School for a new invitation link, and run `pep join LINK`. What was shared comes back.",
            ),
            DialError::Refused { .. }
            | DialError::WrongKey(_)
            | DialError::Plain
            | DialError::Address(_)
            | DialError::Answer
            | DialError::Disk(_) => CommandError::new(kind, message),
        }
    }
}

impl From<SyncError> for CommandError {
    fn from(error: SyncError) -> CommandError {
        match error {
            SyncError::Dial(e) => e.into(),
            SyncError::Trouble(e) => e.into(),
            SyncError::Open(e) => e.into(),
            SyncError::Cut { ref words } => {
                let said = words.join(" ");
                let message = if said.is_empty() { error.to_string() } else { format!("{error} It said: {said}") };
                CommandError::new(Kind::Unreachable, message)
                    .hint("What you wrote is safe on this device. Try again in a moment.")
            }
        }
    }
}

impl From<LinkError> for CommandError {
    fn from(error: LinkError) -> CommandError {
        CommandError::new(Kind::Failed, error.to_string())
    }
}

impl From<Refused> for CommandError {
    fn from(refused: Refused) -> CommandError {
        let kind = match &refused {
            Refused::NotYours { .. }
            | Refused::Reserved { .. }
            | Refused::Sealed
            | Refused::OthersWords { .. }
            | Refused::SignOff { .. } => Kind::NotPermitted,
            Refused::Incomplete { .. } => Kind::Findings,
            Refused::Undecided { .. } => Kind::Choose,
            Refused::UnknownQuestion { .. }
            | Refused::UnknownColumn { .. }
            | Refused::WrongType { .. }
            | Refused::BadValue { .. }
            | Refused::BeforeBirth { .. }
            | Refused::Computed { .. }
            | Refused::Hidden { .. }
            | Refused::OtherDocument { .. }
            | Refused::OtherPlan
            | Refused::UnknownRow { .. }
            | Refused::RowKey { .. }
            | Refused::TooLong { .. }
            | Refused::TooManyRows { .. }
            | Refused::TooMuchAtOnce { .. }
            | Refused::OutOfText { .. }
            | Refused::UnknownHeads { .. }
            | Refused::NotDisputed { .. }
            | Refused::Damaged { .. } => Kind::Failed,
        };
        CommandError::new(kind, refused.to_string())
    }
}
