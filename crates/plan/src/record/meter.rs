//! Who has had a say: answers that stand in a plan, by the role of those who gave them (R000-29).

use std::collections::{BTreeMap, BTreeSet};

use automerge::{Automerge, ObjId, ObjType, ReadDoc};

use crate::TARGETS;
use crate::bank::{Question, bank};
use crate::checks::{Finding, Severity};
use crate::document::Sheet;
use crate::pep::Role;
use crate::view::{Authors, Documents};

/// The roles that are to have a say in every PEP.
const EVERYBODY: [Role; 5] =
    [Role::SocialWorker, Role::DesignatedTeacher, Role::Carer, Role::YoungPerson, Role::VirtualSchoolOfficer];

/// In how many questions something of a role stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contribution {
    /// Given by somebody in this role.
    pub own: usize,
    /// Their words, written down by others only: not everybody has a device.
    pub recorded: usize,
}

/// What each of the five roles has given, none left out: social worker, designated teacher, carer, young person and Virtual
/// School. Reads every character of every text, so it is for a check and not for every view.
pub fn contributions(documents: Documents<'_>, authors: Authors<'_>) -> BTreeMap<Role, Contribution> {
    let mut meter: BTreeMap<Role, Contribution> =
        EVERYBODY.into_iter().map(|role| (role, Contribution::default())).collect();
    for question in bank().questions().iter().filter(|question| !question.computed && !question.is_sign_off()) {
        let Some(document) = documents.get(question.document()) else { continue };
        let roles = roles_in(document, question, authors);
        for (role, count) in &mut meter {
            if roles.iter().any(|found| found.counts_as(*role)) {
                count.own += 1;
            } else if !roles.is_empty() && whose_words(question) == Some(*role) {
                count.recorded += 1;
            }
        }
    }
    meter
}

/// A doubt for each role that has had no say, so that somebody asks them.
pub fn unheard(meter: &BTreeMap<Role, Contribution>) -> Vec<Finding> {
    let silent = meter.iter().filter(|(_, count)| count.own + count.recorded == 0);
    let finding = |(role, _): (&Role, &Contribution)| Finding {
        severity: Severity::Doubtful,
        field: None,
        target: None,
        letter: None,
        confirm: None,
        owner: *role,
        says: "Nothing in this plan comes from this person yet. Everybody has a say in a good plan.".to_owned(),
    };
    silent.map(finding).collect()
}

fn whose_words(question: &Question) -> Option<Role> {
    let role = if question.block == "voice" { Role::YoungPerson } else { Role::Carer };
    (question.voice && question.owners.contains(&role)).then_some(role)
}

/// The roles of those whose values and characters stand at a question.
fn roles_in(document: &Automerge, question: &Question, authors: Authors<'_>) -> BTreeSet<Role> {
    let sheet = Sheet::now(document);
    let mut walk = Walk { document, authors, roles: BTreeSet::new() };
    match question.id == TARGETS {
        true => sheet.root("targets").iter().for_each(|targets| walk.map(targets)),
        false => sheet.root("answers").iter().for_each(|answers| walk.key(answers, &question.id)),
    }
    walk.roles
}

struct Walk<'a> {
    document: &'a Automerge,
    authors: Authors<'a>,
    roles: BTreeSet<Role>,
}

impl Walk<'_> {
    fn map(&mut self, map: &ObjId) {
        for key in Sheet::now(self.document).keys(map) {
            self.key(map, &key);
        }
    }

    fn key(&mut self, map: &ObjId, key: &str) {
        for (value, op) in Sheet::now(self.document).all(map, key) {
            match value {
                automerge::Value::Scalar(_) => self.author(&op),
                automerge::Value::Object(ObjType::Map) => self.map(&op),
                automerge::Value::Object(ObjType::Text) => self.text(&op),
                automerge::Value::Object(_) => {}
            }
        }
    }

    fn text(&mut self, text: &ObjId) {
        for unit in 0..self.document.length(text) {
            for (_, op) in self.document.get_all(text, unit).unwrap_or_default() {
                self.author(&op);
            }
        }
    }

    fn author(&mut self, op: &ObjId) {
        if let ObjId::Id(_, actor, _) = op {
            self.roles.extend((self.authors)(actor.to_bytes()).map(|who| who.role));
        }
    }
}
