//! Pages of a plan that a colleague answers for the designated teacher (R002-14; PEP.md 1.3, `settingPeople.delegates`): they write
//! there what the teacher may, and sign nothing; the teacher stays accountable.

use crate::bank::{Question, bank};
use crate::edit::Writer;
use crate::pep::{DocumentKind, Role};
use crate::process::{Page, Process};
use crate::processes::ProcessRef;
use crate::view::Gap;

/// Whose pages can be delegated.
pub const DELEGATES: Role = Role::DesignatedTeacher;
/// What the teacher says in their own name of how they answer.
const OWN: [&str; 2] = ["settingPeople.formConfirmed", "settingPeople.delegates"];
/// In front of a page's id, as the gate's table calls whom that page was delegated to.
const GROUP: &str = "delegate/";

/// Pages of a process that were delegated to one person, by their places in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Delegated(u64);

impl Delegated {
    /// None.
    pub const NOTHING: Delegated = Delegated(0);

    /// Those of these ids; ids of pages that this version of the process lacks say nothing.
    pub fn of<'a>(process: &Process, ids: impl IntoIterator<Item = &'a str>) -> Delegated {
        let bit = |id: &str| process.pages.iter().position(|page| page.id == id).map_or(0, bit);
        Delegated(ids.into_iter().fold(0, |pages, id| pages | bit(id)))
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self == Delegated::NOTHING
    }

    /// Whether a question is among what was delegated.
    pub fn holds(self, process: &Process, question: &Question) -> bool {
        let at = || process.pages.iter().position(|page| page.questions.iter().any(|placed| placed.id == question.id));
        !self.is_empty() && process.may_be_delegated(question) && at().is_some_and(|at| self.0 & bit(at) != 0)
    }
}

/// A process has a dozen pages; of more than 64 the later ones cannot be delegated.
fn bit(at: usize) -> u64 {
    u32::try_from(at).ok().and_then(|at| 1_u64.checked_shl(at)).unwrap_or(0)
}

impl Process {
    /// Whether somebody may answer a question for the designated teacher: what the teacher writes in the main document on pages that
    /// are theirs, but for what is reserved to its owners, and for what they confirm themselves.
    pub fn may_be_delegated(&self, question: &Question) -> bool {
        let theirs = |page: &Page| page.owner == DELEGATES || page.alternate_owner == Some(DELEGATES);
        question.document() == DocumentKind::Main
            && self.page(&question.id).is_some_and(theirs)
            && !question.reserved
            && !OWN.contains(&question.id.as_str())
            && self.writers_of(question).contains(&DELEGATES)
    }

    /// The pages of which anything can be delegated.
    pub fn delegable(&self) -> impl Iterator<Item = &Page> {
        let within = self.pages.iter().enumerate().filter(|(at, _)| bit(*at) != 0).map(|(_, page)| page);
        within.filter(|page| page.questions.iter().any(|question| self.may_be_delegated(question)))
    }

    fn delegate_lines(&self, kind: DocumentKind) -> Vec<String> {
        let mut lines = Vec::new();
        for page in self.delegable().filter(|_| kind == DocumentKind::Main) {
            let mut rules = Vec::new();
            for question in page.questions.iter().filter(|question| self.may_be_delegated(question)) {
                self.answer_rules(question, &mut rules);
            }
            let theirs = rules.iter().filter(|rule| rule.roles.contains(&DELEGATES));
            lines.extend(theirs.map(|rule| format!("{} {} {}", rule.place, rule.what, delegate_group(&page.id))));
        }
        lines
    }
}

impl ProcessRef {
    /// The gate's table of a document that has come as far, with what delegates may write: a group for each page.
    pub fn gate_table(&self, kind: DocumentKind) -> String {
        let lines: std::collections::BTreeSet<String> =
            self.path().flat_map(|process| process.delegate_lines(kind)).collect();
        lines.iter().fold(self.write_table(kind), |table, line| table + line + "\n")
    }
}

impl Gap {
    /// Whether it is for this person to answer: by their role, or for the designated teacher.
    pub fn is_for(&self, writer: &Writer, process: &Process) -> bool {
        let question = || bank().question(self.question);
        let deputises = || question().is_some_and(|question| writer.delegated.holds(process, question));
        writer.role.counts_as(self.owner) || (self.owner == DELEGATES && deputises())
    }
}

/// How the gate's table calls whom a page was delegated to.
pub fn delegate_group(page: &str) -> String {
    format!("{GROUP}{page}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processes::Processes;

    #[test]
    fn what_is_delegated_is_the_teachers_and_nothing_that_is_signed_or_reserved() {
        for process in Processes::built_in().iter() {
            assert!(process.delegable().next().is_some(), "{}", process.id);
            let all = Delegated::of(process, process.pages.iter().map(|page| page.id.as_str()));
            for question in bank().questions() {
                let teachers = process.writers_of(question).contains(&Role::DesignatedTeacher);
                let held = all.holds(process, question);
                assert!(!held || (teachers && !question.reserved && !question.is_sign_off()), "{}", question.id);
                assert_eq!(held, process.may_be_delegated(question), "{}", question.id);
                assert!(!Delegated::NOTHING.holds(process, question));
            }
        }
    }

    #[test]
    fn a_page_that_is_not_there_says_nothing() {
        let process = Processes::built_in().latest("ten-page").unwrap();
        let process = process.process();
        assert!(Delegated::of(process, ["nowhere", ""]).is_empty());
        let one = process.delegable().next().unwrap();
        assert_eq!(Delegated::of(process, [one.id.as_str(), "nowhere"]), Delegated::of(process, [one.id.as_str()]));
    }

    #[test]
    fn the_gates_table_is_the_golden_one_and_a_group_for_each_page() {
        let processes = Processes::built_in();
        for process in processes.iter() {
            let of = processes.get(&process.id, process.version).unwrap();
            for kind in DocumentKind::ALL {
                let table = of.gate_table(*kind);
                let more = table.strip_prefix(&of.write_table(*kind)).unwrap();
                assert_eq!(more.is_empty(), *kind != DocumentKind::Main, "{} {kind}", process.id);
                assert!(more.lines().all(|line| line.contains(" delegate/")), "{more}");
            }
        }
    }
}
