//! What another version of a process changes, in sentences: for whoever moves a plan to it, and for whoever compares two files.

use std::fmt::Debug;

use serde::Serialize;

use crate::bank::{Question, bank};
use crate::pep::Role;
use crate::process::Process;

/// One thing that is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What kind of difference.
    pub kind: DifferenceKind,
    /// The question it is about; `None` where it is about the process as a whole.
    pub question: Option<&'static str>,
    /// A sentence.
    pub says: String,
}

/// What kind of difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DifferenceKind {
    /// Something is asked that was not.
    Appears,
    /// Something is asked no more, or less often.
    Disappears,
    /// Something is done otherwise.
    Changes,
}

/// What is different under `to`: what appears, what disappears, what changes; in the order of the bank.
pub fn differences(from: &Process, to: &Process) -> Vec<Difference> {
    let mut all: Vec<Difference> =
        bank().questions().iter().filter_map(|question| of_question(from, to, question)).collect();
    all.extend(of_pages(from, to));
    all.extend(of_practice(from, to));
    all.sort_by_key(|difference| difference.kind);
    all
}

fn of_question(from: &Process, to: &Process, question: &'static Question) -> Option<Difference> {
    let label = &question.label;
    let (kind, says) = match (from.page(&question.id), to.page(&question.id)) {
        (None, None) => return None,
        (None, Some(page)) => {
            let must = if question.mandatory { "" } else { " It need not be answered." };
            (DifferenceKind::Appears, format!("“{label}” is asked, on page {}.{must}", page.id))
        }
        (Some(_), None) => (
            DifferenceKind::Disappears,
            format!("“{label}” is asked no more; what was answered stays in the plan's history."),
        ),
        (Some(_), Some(page)) => {
            let condition =
                |process: &Process| process.visible_if.get(&question.id).map(|condition| format!("{condition:?}"));
            let (before, after) = (from.page(&question.id)?, page);
            let (were, are) = (from.writers_of(question), to.writers_of(question));
            match () {
                () if condition(from) != condition(to) && condition(to).is_some() => {
                    (DifferenceKind::Disappears, format!("“{label}” is asked under another condition than before."))
                }
                () if condition(from) != condition(to) => {
                    (DifferenceKind::Appears, format!("“{label}” is asked whenever the bank of questions asks it."))
                }
                () if were != are => (DifferenceKind::Changes, format!("“{label}” is written by: {}.", people(&are))),
                () if before.id != after.id => (
                    DifferenceKind::Changes,
                    format!("“{label}” is on page {}, and was on page {}.", after.id, before.id),
                ),
                () => return None,
            }
        }
    };
    Some(Difference { kind, question: Some(&question.id), says })
}

fn of_pages(from: &Process, to: &Process) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut changes = |says: String| all.push(Difference { kind: DifferenceKind::Changes, question: None, says });
    for page in &to.pages {
        let Some(before) = from.pages.iter().find(|before| before.id == page.id) else { continue };
        if before.owner != page.owner {
            changes(format!("Page {} is answered for by the {}.", page.id, page.owner.label().to_lowercase()));
        }
        if before.title != page.title {
            changes(format!("Page {} is called “{}”.", page.id, page.title));
        }
        if before.due != page.due {
            changes(format!("Page {} is due by another day.", page.id));
        }
    }
    all
}

fn of_practice(from: &Process, to: &Process) -> Vec<Difference> {
    let (was, is) = (&from.practice, &to.practice);
    // All of them are plain data, so what they look like written out tells whether they are equal.
    let differs = |a: &dyn Debug, b: &dyn Debug| format!("{a:?}") != format!("{b:?}");
    let parts = [
        ("what a set of targets must have", differs(&from.targets, &to.targets)),
        ("money", differs(&from.funding, &to.funding)),
        ("term dates and deadlines", differs(&from.calendar, &to.calendar)),
        ("who begins a PEP and who is told", differs(&was.initiation, &is.initiation)),
        ("which children have a PEP", differs(&was.eligibility, &is.eligibility)),
        ("the clock of the first PEP", differs(&was.first_pep, &is.first_pep)),
        ("the clock after a change of school", differs(&was.school_move, &is.school_move)),
        ("how often a PEP is reviewed", differs(&was.review, &is.review)),
        ("the meeting", differs(&was.meeting, &is.meeting)),
        ("how the child's views are heard", differs(&was.voice, &is.voice)),
        ("who says that their part is complete, and when", differs(&was.completion, &is.completion)),
        ("what a signature covers", differs(&was.sign_off, &is.sign_off)),
        ("the quality check", differs(&was.qa, &is.qa)),
        ("what the next PEP begins with", differs(&was.carry_forward, &is.carry_forward)),
        ("the next PEP's date", differs(&was.next_date, &is.next_date)),
        ("what ends a child's PEPs", differs(&was.closing, &is.closing)),
        ("what happens when the social worker changes", differs(&was.case_transfer, &is.case_transfer)),
        ("who has an account", differs(&was.access, &is.access)),
    ];
    let changed = parts.into_iter().filter(|(_, differs)| *differs);
    changed
        .map(|(part, _)| Difference {
            kind: DifferenceKind::Changes,
            question: None,
            says: format!("The rules for {part} are others."),
        })
        .collect()
}

fn people(roles: &[Role]) -> String {
    match roles {
        [] => "nobody".to_owned(),
        roles => roles.iter().map(|role| role.label().to_lowercase()).collect::<Vec<_>>().join(", "),
    }
}
