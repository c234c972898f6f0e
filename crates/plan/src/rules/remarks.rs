//! What the child and their carer say that somebody has to answer: remarks, and a target that was not agreed with them.

use crate::bank::bank;
use crate::pep::{Pep, Role};
use crate::value::Value;
use crate::view::{Answer, Comment, View};

/// The question by which the young person says whether the targets were agreed with them.
pub const AGREED: &str = "targets.agreedWithChild";

/// Remarks of the young person and the carer that nobody has answered: a remark of somebody else at the same question, later, is the
/// answer.
pub fn unanswered(view: &View) -> Vec<&Comment> {
    let asks =
        |comment: &&Comment| comment.by.as_ref().is_some_and(|who| matches!(who.role, Role::YoungPerson | Role::Carer));
    let answered = |asked: &Comment| {
        let after = view.comments.iter().skip_while(|other| other.key != asked.key).skip(1);
        let mut after = after.filter(|other| other.question == asked.question);
        after.any(|other| other.by.as_ref().is_some_and(|who| asked.by.as_ref().is_some_and(|by| by.role != who.role)))
    };
    view.comments.iter().filter(asks).filter(|comment| !answered(comment)).collect()
}

/// Whether the young person says that the targets were not agreed with them.
pub fn disagreed(view: &View) -> bool {
    view.answers.get(AGREED) == Some(&Answer::Value(Value::YesNo(false)))
}

/// Who answers what the child or their carer says at a question: whoever answers for it, or the designated teacher where that is one
/// of these two.
pub(crate) fn owner(view: &View, pep: &Pep, id: &str) -> Role {
    let owner = bank().question(id).and_then(|question| pep.process().accountable_now(question, view.not_on_roll));
    owner.filter(|owner| !matches!(owner, Role::YoungPerson | Role::Carer)).unwrap_or(Role::DesignatedTeacher)
}
