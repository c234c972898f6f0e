//! Children and processes: `pep child`, `pep process`.

use chrono::NaiveDate;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use uuid::Uuid;

use super::basics::Role;

/// A child was made known: `pep child add`.
#[derive(Serialize, JsonSchema)]
pub struct Added {
    /// The child's id.
    pub child: Uuid,
}

/// A child: `pep child list`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Child {
    /// The child's id.
    pub child: Uuid,
    /// Their name.
    pub name: String,
    /// Date of birth, `YYYY-MM-DD`.
    pub dob: String,
    /// Looked after since, `YYYY-MM-DD`.
    pub looked_after_since: Option<String>,
    /// Placed in an emergency.
    pub emergency: bool,
    /// From which day on no PEP is due any more, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_care: Option<String>,
    /// The school or setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub school: Option<String>,
    /// The first day there, `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub school_from: Option<String>,
}

/// A child and who works with them: `pep child show`.
#[derive(Serialize, JsonSchema)]
pub struct ChildAndTeam {
    /// The child.
    #[serde(flatten)]
    pub child: Child,
    /// Who works with them today.
    pub team: Vec<Member>,
    /// What not everybody on the team may know, and this person may: facts by their names.
    pub facts: std::collections::BTreeMap<String, String>,
}

/// Somebody who works with a child.
#[derive(Serialize, JsonSchema)]
pub struct Member {
    /// The person's id.
    pub person: Uuid,
    /// Their name.
    pub name: String,
    /// School, council or agency.
    pub organisation: Option<String>,
    /// Their role for this child.
    pub role: String,
    /// Their first day, `YYYY-MM-DD`.
    pub from: String,
    /// Their last day, `YYYY-MM-DD`; null while none is known.
    pub to: Option<String>,
}

/// A process: `pep process list`, `pep process check`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    /// Its id.
    pub id: String,
    /// Its version, from 1.
    pub version: u32,
    /// Its code among the five seed systems, such as `T-001`.
    pub code: String,
    /// Its name.
    pub name: String,
    /// New PEPs begin under it from this day.
    pub effective_from: NaiveDate,
}

/// A process whole: `pep process show`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WholeProcess {
    /// Which it is.
    #[serde(flatten)]
    pub process: Process,
    /// Its pages, in order.
    pub pages: Vec<Page>,
    /// The form that a Reception child gets.
    pub reception_uses: &'static str,
    /// How this Virtual School works.
    pub practice: AsFiled,
    /// What a set of targets must have.
    pub targets: AsFiled,
    /// Money.
    pub funding: AsFiled,
    /// Term dates and deadlines.
    pub calendar: AsFiled,
}

/// One page of a process.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// Its id, such as `A`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Who answers for it.
    pub owner: Role,
    /// Who may fill it in instead, or jointly.
    pub alternate_owner: Option<Role>,
    /// Who answers for it while the child is on no roll; empty: its owner still.
    pub owner_when_not_on_roll: Vec<Role>,
    /// By when it is filled in, seen from the meeting; null: with the rest.
    pub due: Option<AsFiled>,
    /// Its questions, in order.
    pub questions: Vec<String>,
}

/// A part of a process, with the names that its file has. `crates/plan/README.md` says what they mean.
#[derive(Serialize)]
#[serde(transparent)]
pub struct AsFiled(serde_json::Value);

impl AsFiled {
    /// A part of a process.
    pub fn of(part: &impl Serialize) -> AsFiled {
        AsFiled(serde_json::to_value(part).unwrap_or_default())
    }
}

impl JsonSchema for AsFiled {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AsFiled".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "A part of a process, with the names that its file has.", "type": "object" })
    }
}

impl Process {
    /// A process.
    pub fn of(process: &plan::Process) -> Process {
        Process {
            id: process.id.clone(),
            version: process.version,
            code: process.code.clone(),
            name: process.name.clone(),
            effective_from: process.effective_from,
        }
    }
}

impl WholeProcess {
    /// A process whole.
    pub fn of(process: &plan::Process) -> WholeProcess {
        let page = |page: &plan::Page| Page {
            id: page.id.clone(),
            title: page.title.clone(),
            owner: page.owner.into(),
            alternate_owner: page.alternate_owner.map(Into::into),
            owner_when_not_on_roll: page.owner_when_not_on_roll.iter().copied().map(Into::into).collect(),
            due: page.due.as_ref().map(AsFiled::of),
            questions: page.questions.iter().map(|question| question.id.clone()).collect(),
        };
        WholeProcess {
            process: Process::of(process),
            pages: process.pages.iter().map(page).collect(),
            reception_uses: process.reception_uses.slug(),
            practice: AsFiled::of(&process.practice),
            targets: AsFiled::of(&process.targets),
            funding: AsFiled::of(&process.funding),
            calendar: AsFiled::of(&process.calendar),
        }
    }
}
