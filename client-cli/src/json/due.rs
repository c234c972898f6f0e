//! What is due of each child: `pep due`.

use chrono::NaiveDate;
use participant::{duties, words};
use plan::{ChildDue, Duty, DutyState, Needs};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::basics::PepType;

/// A child, and what is due.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfChild {
    /// The child's id.
    pub child: Uuid,
    /// The child's name.
    pub child_name: String,
    /// Whether there is a current PEP; `current` where none is needed.
    pub currency: Currency,
    /// Since when none is needed any more, or from when one is; left out where one is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_needed: Option<NotNeeded>,
    /// What is due, done or not, the earliest first.
    pub duties: Vec<OneDuty>,
    /// The calendar by which the days are counted.
    pub calendar: String,
    /// What to look at besides, in sentences.
    pub notes: Vec<String>,
    /// Whom the team lacks, in sentences; told to the Virtual School alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<String>,
}

/// Whether a child has a current PEP.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Currency {
    /// There is one.
    Current,
    /// There is one, and in 15 working days or fewer there is none.
    DueSoon,
    /// There was one.
    Overdue,
    /// None has ever been signed off.
    Never,
}

/// That no PEP is needed.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotNeeded {
    /// In words.
    pub says: String,
    /// Since when none is needed any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<NaiveDate>,
    /// From when one is needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
}

/// Something that is due.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OneDuty {
    /// In words.
    pub what: String,
    /// As a word: `first-pep`, `national`, `school-move`, `term`, `closing`, `next`, `care-review`; with the step or the event after a
    /// slash, where there is one.
    pub kind: String,
    /// By the end of which day; null where that cannot be worked out.
    pub by: Option<NaiveDate>,
    /// Why it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How it stands.
    pub state: State,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done_on: Option<NaiveDate>,
    /// By how many days it was done late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_late: Option<i64>,
    /// Academic year and term of the PEP that it is about, such as `2025/26-spring`.
    pub term: String,
    /// As what that PEP is begun.
    pub r#type: PepType,
    /// That PEP, where somebody has begun it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pep: Option<Uuid>,
}

/// How a duty stands.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It is not done yet.
    Running,
    /// It was done by its day.
    InTime,
    /// It was done after its day.
    Late,
}

impl OfChild {
    /// Of a child.
    pub fn of(of: &duties::OfChild) -> OfChild {
        let (since, until) = match of.duties.needs {
            Needs::Now | Needs::NotUnlessAsked => (None, None),
            Needs::From(day) => (None, Some(day)),
            Needs::NotSince(day, _) => (Some(day), None),
        };
        let not_needed = || NotNeeded { says: words::currency(&of.duties), since, until };
        OfChild {
            child: of.id(),
            child_name: of.child.name.clone(),
            currency: match of.duties.currency {
                Some(plan::Currency::Current) | None => Currency::Current,
                Some(plan::Currency::DueSoon) => Currency::DueSoon,
                Some(plan::Currency::Overdue) => Currency::Overdue,
                Some(plan::Currency::Never) => Currency::Never,
            },
            not_needed: of.duties.currency.is_none().then(not_needed),
            duties: of.duties.dues.iter().map(|one| OneDuty::of(one, of)).collect(),
            calendar: of.calendar().name.clone(),
            notes: of.duties.notes.iter().map(ToString::to_string).collect(),
            lacks: of.lacks.iter().map(ToString::to_string).collect(),
        }
    }
}

impl OneDuty {
    fn of(one: &ChildDue, of: &duties::OfChild) -> OneDuty {
        let state = one.due.state();
        OneDuty {
            what: words::what(one.due.duty, (Some(one.year), one.term), of.process.process()),
            kind: kind(one.due.duty),
            by: one.due.by.ok(),
            why: one.due.by.err().map(|why| why.to_string()),
            state: match state {
                DutyState::Running => State::Running,
                DutyState::InTime => State::InTime,
                DutyState::Late(_) => State::Late,
            },
            done_on: one.due.on,
            days_late: if let DutyState::Late(days) = state { Some(days) } else { None },
            term: format!("{}-{}", one.year, one.term),
            r#type: one.kind.into(),
            pep: one.pep,
        }
    }
}

fn kind(duty: Duty) -> String {
    match duty {
        Duty::FirstPep(step) => format!("first-pep/{step}"),
        Duty::National(step) => format!("national/{step}"),
        Duty::SchoolMove(step) => format!("school-move/{step}"),
        Duty::Term => "term".to_owned(),
        Duty::Page(_) => "page".to_owned(),
        Duty::Closing(event) => format!("closing/{event}"),
        Duty::Next { .. } => "next".to_owned(),
        Duty::CareReview => "care-review".to_owned(),
    }
}
