//! Why an edit is refused: each says who can put it right, and none repeats what anybody wrote.

use crate::pep::{DocumentKind, Role};

/// An edit that was not made. The document is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No question has this id.
    #[error("There is no question of that name.{}", hint(nearest))]
    UnknownQuestion {
        /// Ids that look like it, nearest first.
        nearest: Vec<String>,
    },
    /// The version of the process that the plan follows does not ask this; a newer one does.
    #[error(
        "{question} is not asked in version {version} of this plan's process. It may be in a newer one: `pep move` says what that brings."
    )]
    NotInThisVersion {
        /// The question.
        question: String,
        /// The version.
        version: u32,
    },
    /// The table or target has no such column.
    #[error("{question} has no such column; it has: {}.", known.join(", "))]
    UnknownColumn {
        /// The question.
        question: String,
        /// The columns it has.
        known: Vec<String>,
    },
    /// This kind of edit does not fit this kind of question.
    #[error("{question} takes {expected}; please enter that instead.")]
    WrongType {
        /// The question.
        question: String,
        /// What it takes, in words.
        expected: &'static str,
    },
    /// The value is not one this question takes.
    #[error("{question} takes {expected}; please enter it again.")]
    BadValue {
        /// The question, and the column where it is a table.
        question: String,
        /// What it takes, in words.
        expected: String,
    },
    /// The role may not write this question.
    #[error("{question} is not yours to write; ask the {}, or leave a comment.", people(owners))]
    NotYours {
        /// The question.
        question: String,
        /// The roles that may.
        owners: Vec<Role>,
    },
    /// A day before the child was born.
    #[error("{question} is a day after the child was born; please look at it, and at the date of birth.")]
    BeforeBirth {
        /// The question, and the column where it is a table.
        question: String,
    },
    /// A figure that cannot be, by itself or beside others.
    #[error("{question} {says}; please look at it again.")]
    Impossible {
        /// The question, and the column where it is a table.
        question: String,
        /// What it is that cannot be, with the bound.
        says: &'static str,
    },
    /// A signature under a meeting that was not held.
    #[error(
        "{question} cannot be signed: the meeting has not been held. Once it was, whoever answers for meeting.held says so; where the process allows it, the plan is reviewed without one."
    )]
    NotHeld {
        /// The sign-off question.
        question: String,
    },
    /// A review on paper, where the process holds one in a meeting.
    #[error(
        "This process reviews this PEP in a meeting, not on paper; the Virtual School decides where a review without a meeting will do."
    )]
    NoDeskReview,
    /// An overall grade other than the areas make it, without a reason.
    #[error("The overall grade is another than the areas make it. Say why with it.")]
    NoReason,
    /// The closing PEP has been signed off.
    #[error(
        "This child's PEPs have come to their end: the closing PEP is signed off and sealed, and nothing is written in it any more. The Virtual School can say where notes go now."
    )]
    Sealed,
    /// The PEP was withdrawn.
    #[error(
        "This PEP was withdrawn, so nothing is written in it. The social worker or the Virtual School can bring it back."
    )]
    Withdrawn,
    /// Only its owners write this question, never somebody on their behalf.
    #[error("{question} is written by the {} alone, never for them; please ask them.", people(owners))]
    Reserved {
        /// The question.
        question: String,
        /// The roles that may.
        owners: Vec<Role>,
    },
    /// The entry belongs to its author.
    #[error("These are somebody else's own words in {question}; add your own entry or leave a comment.")]
    OthersWords {
        /// The question.
        question: String,
    },
    /// The answer is worked out.
    #[error("{question} is worked out from other answers; put those right and it follows.")]
    Computed {
        /// The question.
        question: String,
    },
    /// Sign-off is an act of its own.
    #[error("{question} is a sign-off, not an answer; whoever signs uses the completion steps.")]
    SignOff {
        /// The question.
        question: String,
    },
    /// A signature that covers questions without an answer.
    #[error("{question} cannot be signed yet: no answer to {}. `pep check` says who can give it.", missing.join(", "))]
    Incomplete {
        /// The sign-off question.
        question: String,
        /// The questions.
        missing: Vec<String>,
    },
    /// A signature that covers what people disagree about.
    #[error("{question} cannot be signed while there are two answers to {}. `pep conflicts` shows them; somebody has to choose.", places.join(", "))]
    Undecided {
        /// The sign-off question.
        question: String,
        /// The questions.
        places: Vec<String>,
    },
    /// The question is not asked at present.
    #[error("{question} is not asked at present, because of the answer to {because}; whoever owns that can change it.")]
    Hidden {
        /// The question.
        question: String,
        /// The question whose answer hides it.
        because: String,
    },
    /// The answer is kept in another document of this PEP.
    #[error("{question} is kept in another document of this plan ({kind}); your program should write it there.")]
    OtherDocument {
        /// The question.
        question: String,
        /// Where it is kept.
        kind: DocumentKind,
    },
    /// The document is not the one the edit is for.
    #[error("This document belongs to another plan; nothing was written. Please open the plan again.")]
    OtherPlan,
    /// There is no such row or target.
    #[error("{question} has no such row; look at the list again, it may be under another name.")]
    UnknownRow {
        /// The question.
        question: String,
    },
    /// The key does not belong to the row.
    #[error("The row of {question} is known by {}; fill these in, and to change them withdraw the row and add another.", columns.join(" and "))]
    RowKey {
        /// The question.
        question: String,
        /// The columns that make the key.
        columns: Vec<String>,
    },
    /// A text or a cell over its limit.
    #[error("That is too long for {question}: at most {limit} characters. Please shorten it or attach it as a file.")]
    TooLong {
        /// The question.
        question: String,
        /// The limit, in UTF-16 units.
        limit: usize,
    },
    /// A table is full.
    #[error("{question} is full: at most {limit} rows. Please use a row that is there.")]
    TooManyRows {
        /// The question.
        question: String,
        /// The limit, in rows, withdrawn ones included.
        limit: usize,
    },
    /// More than fits in one change.
    #[error("That is too much at once; please save it in parts of at most {limit} characters.")]
    TooMuchAtOnce {
        /// The limit, in characters added or taken away.
        limit: usize,
    },
    /// The place in the text is outside the text.
    #[error("{question} has changed beneath this page; please reload the page and type it again.")]
    OutOfText {
        /// The question.
        question: String,
    },
    /// The page has seen changes that are not on this device.
    #[error("This page shows changes to {question} that are not on this device; please reload the page.")]
    UnknownHeads {
        /// The question.
        question: String,
    },
    /// There is nothing to choose between.
    #[error("Nobody disagrees about {question} at present; look at it again, or enter a new value.")]
    NotDisputed {
        /// The question.
        question: String,
    },
    /// The document lacks what every document has.
    #[error("This copy of the plan is damaged at {question}; `pep doctor` fetches it again.")]
    Damaged {
        /// The question.
        question: String,
    },
}

fn hint(nearest: &[String]) -> String {
    match nearest {
        [] => " `pep show` lists them.".to_owned(),
        near => format!(" Did you mean {}?", near.join(" or ")),
    }
}

fn people(roles: &[Role]) -> String {
    let labels: Vec<String> = roles.iter().map(|role| role.label().to_lowercase()).collect();
    labels.join(" or the ").replace("virtual school", "Virtual School")
}
