//! What is missing, who has signed, and what the quality check says: `pep check`, `pep complete`, `pep sign-off`, `pep quality`.

use plan::{Offer, Quality};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::{
    basics::{Role, Severity, State},
    plan::Gap,
};

/// What the checks found: `pep check`.
#[derive(Serialize, JsonSchema)]
pub struct Checked {
    /// Each finding, in the order of the process.
    pub findings: Vec<Finding>,
}

/// Something that the checks found.
#[derive(Serialize, JsonSchema)]
pub struct Finding {
    /// Whether the plan can be complete as it is.
    pub severity: Severity,
    /// The question, or the place in a table or a target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The target's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Which letter of SMART it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub letter: Option<String>,
    /// Who answers for it.
    pub owner: Role,
    /// What is the matter, in a sentence.
    pub says: String,
    /// It is only unlikely: `pep confirm PEP FIELD` says that it is right, and it is not asked about again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unlikely: bool,
}

/// A signature, or what it waits for: `pep complete`, `pep sign-off`.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Signature {
    /// It was given.
    Given(Given),
    /// It was not.
    Waiting(Waiting),
}

/// A signature that was given.
#[derive(Serialize, JsonSchema)]
pub struct Given {
    /// The PEP's id.
    pub pep: Uuid,
    /// The sign-off question, such as `signoff.dt`.
    pub question: &'static str,
    /// Whether it was given now; false where exactly this was signed before.
    pub signed: bool,
    /// How far the plan has come.
    pub state: State,
}

/// A signature that is not offered, and what comes first.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// The PEP's id.
    pub pep: Uuid,
    /// The sign-off question, such as `signoff.dt`.
    pub question: &'static str,
    /// False: nothing was signed.
    pub signed: bool,
    /// One's signature stands already; there is nothing to sign.
    pub stands: bool,
    /// Questions of one's own part that must be answered.
    pub missing: Vec<Gap>,
    /// Places where people entered different things, as `pep resolve` takes them.
    pub disputes: Vec<String>,
    /// What else the checks found there.
    pub findings: Vec<Finding>,
    /// Who signs first.
    pub waits: Vec<Wait>,
    /// Sign-off questions at which somebody has signed whom this device cannot name.
    pub unnamed: Vec<&'static str>,
    /// The overall grade with which nothing is signed off here, where the plan has it.
    pub blocked_by: Option<String>,
}

/// Somebody a signature waits for.
#[derive(Serialize, JsonSchema)]
pub struct Wait {
    /// Who.
    pub role: Role,
    /// What they have not answered; empty: they have only to sign.
    pub missing: Vec<Gap>,
}

/// The quality check of a plan: `pep quality`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Graded {
    /// The PEP's id.
    pub pep: Uuid,
    /// Every area of the process.
    pub areas: Vec<Area>,
    /// The overall grade.
    pub overall: Option<String>,
    /// What the process's rules make of the areas.
    pub worked_out: Option<String>,
    /// A plan with this grade is not signed off.
    pub blocks_sign_off: bool,
    /// Feedback to the designated teacher and the social worker.
    pub feedback: Option<String>,
    /// Whether the plan is in the sample that is checked; said where nothing is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampled: Option<bool>,
}

/// One area of the quality check.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Area {
    /// Its id.
    pub area: String,
    /// Its name.
    pub label: String,
    /// Its grade; null while there is none, or two people gave different ones.
    pub grade: Option<String>,
    /// What was said with it.
    pub comment: Option<String>,
    /// It counts for the overall grade.
    pub counts_towards_overall: bool,
}

impl Checked {
    /// What the checks found.
    pub fn of(findings: &[plan::Finding]) -> Checked {
        Checked { findings: findings.iter().map(Finding::of).collect() }
    }
}

impl Finding {
    fn of(finding: &plan::Finding) -> Finding {
        Finding {
            severity: finding.severity.into(),
            field: finding.field.clone(),
            target: finding.target.clone(),
            letter: finding.letter.map(|letter| letter.to_string()),
            owner: finding.owner.into(),
            says: finding.says.clone(),
            unlikely: finding.confirm.is_some(),
        }
    }
}

impl Waiting {
    /// What a signature waits for.
    pub fn of(pep: Uuid, offer: &Offer) -> Waiting {
        let gaps = |gaps: &[plan::Gap]| gaps.iter().map(Gap::of).collect();
        let wait = |wait: &plan::Wait| Wait { role: wait.role.into(), missing: gaps(&wait.missing) };
        Waiting {
            pep,
            question: offer.question,
            signed: false,
            stands: offer.stands,
            missing: gaps(&offer.missing),
            disputes: offer.disputes.clone(),
            findings: offer.findings.iter().map(Finding::of).collect(),
            waits: offer.waits.iter().map(wait).collect(),
            unnamed: offer.unnamed.clone(),
            blocked_by: offer.blocked_by.clone(),
        }
    }
}

impl Graded {
    /// The quality check of a plan; whether it is in the sample, where that was asked.
    pub fn of(pep: Uuid, quality: &Quality, sampled: Option<bool>) -> Graded {
        let area = |area: &plan::Graded| Area {
            area: area.area.clone(),
            label: area.label.clone(),
            grade: area.grade.clone(),
            comment: area.comment.clone(),
            counts_towards_overall: area.counts,
        };
        Graded {
            pep,
            areas: quality.areas.iter().map(area).collect(),
            overall: quality.overall.clone(),
            worked_out: quality.worked_out.clone(),
            blocks_sign_off: quality.blocks,
            feedback: quality.feedback.clone(),
            sampled,
        }
    }
}
