//! The quality check: grades by area, what follows from them, and what is returned to whom (PEP.md 4.6).

use crate::pep::Role;
use crate::value::Value;
use crate::view::{Answer, Cell, Row, View};

/// What is returned: a table of the Virtual School's.
pub(crate) const RETURNED: &str = "qa.returnedFor";
/// The overall grade: worked out, unless the Virtual School gives another with a reason.
pub(crate) const OVERALL: &str = "qa.overall";
const AREAS: &str = "qa.areas";

/// The overall grade of a PEP, given or worked out; nothing while it is disputed or cannot be told.
pub(crate) fn overall(view: &View) -> Option<String> {
    match view.answers.get(OVERALL)? {
        Answer::Value(grade) | Answer::Computed(grade) => Some(grade.to_string()),
        _ => None,
    }
}

/// True once the Virtual School has graded or said anything.
pub(crate) fn has_begun(view: &View) -> bool {
    let graded = matches!(view.answers.get(AREAS), Some(Answer::Table(rows)) if rows.iter().any(Row::counts));
    let said = matches!(view.answers.get("qa.feedback"), Some(Answer::Text { .. }));
    graded || said || matches!(view.answers.get(OVERALL), Some(Answer::Value(_) | Answer::Disputed(_)))
}

/// To whom a row of `qa.returnedFor` is addressed.
pub(crate) fn addressed_to(row: &Row) -> Option<Role> {
    match row.cells.get("owner") {
        Some(Cell::Value(Value::Text(owner))) => owner.parse().ok(),
        _ => None,
    }
}
