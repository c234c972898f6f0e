//! What `pep tasks` prints.

use chrono::NaiveDate;
use participant::tasks::ToDo;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::basics::Role;

/// Something that somebody is waited for.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// What: answer, confirm, sign, returned, choose, reply, disagreed, feedback, arrange, attend, invite, account, action, copies,
    /// approve, arrange-tuition, quality, decide-money, decide-held, review, no-pep, extra-pep or correct.
    pub kind: &'static str,
    /// The child's id.
    pub child: Uuid,
    /// The child's name; null where this device does not know it.
    pub child_name: Option<String>,
    /// The PEP's id, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pep: Option<Uuid>,
    /// The question it is about, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<&'static str>,
    /// Of how many things.
    pub count: usize,
    /// By when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<NaiveDate>,
    /// Its day has passed.
    pub late: bool,
    /// More of it: what was sent back, what was agreed, why a signature does not stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Whose it is, with --all.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub whose: Option<Whose>,
}

/// Whose it is.
#[derive(Serialize, JsonSchema)]
pub struct Whose {
    /// Their id.
    pub person: Uuid,
    /// Their name.
    pub name: String,
    /// Their role for the child.
    pub role: Role,
}

impl Task {
    /// As it is waited for.
    pub fn of(one: &ToDo) -> Task {
        let whose = one.who.as_ref();
        Task {
            kind: one.task.kind.slug(),
            child: one.child,
            child_name: one.name.clone(),
            pep: one.pep.as_ref().map(plan::Pep::id),
            question: one.task.question,
            count: one.task.count,
            due: one.task.due,
            late: one.late,
            reason: one.task.reason.clone(),
            by: one.task.by.clone(),
            whose: whose.map(|who| Whose { person: who.person, name: who.name.clone(), role: who.role.into() }),
        }
    }
}
