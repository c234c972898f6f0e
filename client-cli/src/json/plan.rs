//! A plan: `pep show`, `pep list`, `pep new`, `pep export --format json`, and what people gave different answers to.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use plan::{Dispute, Pep, View};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use uuid::Uuid;

use super::basics::{Currency, Digest, Moment, NoAnswer, PepType, Role, State, at, by};
use participant::{
    act::Deputy,
    conflicts, duties,
    filed::{self, PutRight},
    lists,
};

/// What every output about one PEP begins with.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// The PEP's id.
    pub pep: Uuid,
    /// The child's id.
    pub child: Uuid,
    /// The process it follows.
    pub process: Process,
    /// Academic year and term, such as `2025/26-spring`.
    pub term: String,
    /// What kind of PEP it is.
    pub r#type: PepType,
}

/// The process that a PEP follows.
#[derive(Serialize, JsonSchema)]
pub struct Process {
    /// Its id, such as `sections`.
    pub id: String,
    /// Its version, from 1.
    pub version: u32,
}

/// A plan: `pep show`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Which PEP.
    #[serde(flatten)]
    pub about: About,
    /// How far it has come.
    pub state: State,
    /// The next PEP's date; null while it is neither set nor worked out.
    pub next_date: Option<NaiveDate>,
    /// Whether that date is worked out, and nobody has agreed it.
    pub next_date_provisional: bool,
    /// What has been answered, by question.
    pub answers: BTreeMap<&'static str, Answer>,
    /// Questions whose answers came from the last PEP and wait to be confirmed.
    pub to_confirm: Vec<&'static str>,
    /// Where an answer comes from, by question: `directory` where it is what the Virtual School's directory says.
    pub provenance: BTreeMap<&'static str, Provenance>,
    /// Where the plan says something else than the directory.
    pub directory_differs: Vec<Differs>,
    /// Why questions have no answer, by question.
    pub no_answers: BTreeMap<&'static str, Vec<Excuse>>,
    /// What others entered in the place of what the young person chose, by question; the answer is the young person's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub beside: BTreeMap<&'static str, Vec<Claim>>,
    /// The targets, withdrawn ones included.
    pub targets: Vec<Target>,
    /// Remarks, oldest first.
    pub comments: Vec<Comment>,
    /// Signatures, oldest first, those of earlier versions included.
    pub sign_offs: Vec<SignOff>,
    /// Questions that have changed since the Virtual School signed.
    pub changed_since_sign_off: Vec<&'static str>,
    /// Mandatory questions that are asked, by the role that answers for them.
    pub completeness: BTreeMap<Role, Completeness>,
    /// What is missing or undecided.
    pub gaps: Vec<Gap>,
    /// What colleagues answer for the designated teacher, now or later.
    pub delegations: Vec<Delegation>,
    /// How it is filed, where there is more to say than which PEP it is.
    #[serde(flatten)]
    pub filed: Filed,
    /// The newest changes of the plan's main document, sorted.
    pub heads: Vec<Digest>,
    /// The id of the child's PEP before this one; null where this device does not hold one.
    pub previous_pep: Option<Uuid>,
    /// What was said last term, where one question of the child's own words is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_term: Option<Answer>,
}

/// How a PEP is filed, beside its child, term and type.
#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Filed {
    /// Why it is one more in its term; null where it is the term's.
    pub extra: Option<Extra>,
    /// The type it was begun as, and who put that right; null where it is of that type.
    pub amended: Option<Amended>,
    /// Who withdrew it; null where it counts.
    pub withdrawn: Option<SaidBy>,
    /// The role whose yes its type waits for; null where it waits for nobody's.
    pub waits_for: Option<Role>,
    /// Other PEPs of the same child, term and type: one is one too many.
    pub twins: Vec<Uuid>,
}

/// Why a PEP is one more in its term.
#[derive(Serialize, JsonSchema)]
pub struct Extra {
    /// Why.
    pub reason: String,
    /// The day on which it was begun.
    pub day: NaiveDate,
}

/// The type that a PEP was begun as, and who put it right.
#[derive(Serialize, JsonSchema)]
pub struct Amended {
    /// The type it was begun as.
    pub was: PepType,
    /// Who, and why.
    #[serde(flatten)]
    pub said: SaidBy,
}

/// That somebody said so.
#[derive(Serialize, JsonSchema)]
pub struct SaidBy {
    /// Their name.
    pub by: String,
    /// On which day.
    pub on: String,
    /// Why; null where nothing was said.
    pub reason: Option<String>,
}

impl Filed {
    /// As the device knows it.
    pub fn of(pep: &Pep, known: PutRight) -> Filed {
        let said = |by: filed::SaidBy| SaidBy { by: by.name, on: by.on, reason: by.why };
        Filed {
            extra: pep.filed.extra.as_ref().map(|e| Extra { reason: e.reason().to_owned(), day: e.day() }),
            amended: known.amended.map(|(was, by)| Amended { was: was.into(), said: said(by) }),
            withdrawn: known.withdrawn.map(said),
            waits_for: known.waits_for.map(Role::from),
            twins: known.twins,
        }
    }
}

/// Where an answer comes from.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Provenance {
    /// The Virtual School's directory says the same.
    Directory,
}

/// A fact at which the plan and the directory differ.
#[derive(Serialize, JsonSchema)]
pub struct Differs {
    /// The question.
    pub field: &'static str,
    /// What the plan says.
    pub plan: Value,
    /// What the directory says.
    pub directory: Value,
}

/// Pages of a plan that a colleague answers for the designated teacher.
#[derive(Serialize, JsonSchema)]
pub struct Delegation {
    /// Who.
    pub person: Uuid,
    /// Their name.
    pub name: String,
    /// The pages, by id.
    pub sections: Vec<String>,
    /// First day.
    pub from: String,
    /// Last day.
    pub until: String,
}

impl Delegation {
    /// As the device knows it.
    pub fn of(deputy: &Deputy) -> Delegation {
        let Deputy { person, name, sections, from, until } = deputy.clone();
        Delegation { person, name, sections, from, until }
    }
}

/// What stands at a question: a value; text; the words that were chosen; entries and rows as lists; how many targets there are; what
/// people entered apart; null where nothing does.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Answer {
    /// Nothing, or it is kept in a document that this device does not hold.
    Missing,
    /// One value.
    Value(Value),
    /// Values that people entered apart.
    Disputed(Disputed),
    /// Text that everybody writes in.
    Text(String),
    /// The words that were chosen.
    Words(Vec<String>),
    /// An entry for each author.
    Voices(Vec<Voice>),
    /// Rows, withdrawn ones included.
    Table(Vec<Row>),
    /// How many targets count.
    Targets(usize),
}

/// A value: yes or no as true and false, numbers as numbers, several words as a list, a picture as an object, everything else as text
/// (days as `2026-02-26`, money as `520.00`).
#[derive(Serialize)]
#[serde(transparent)]
pub struct Value(serde_json::Value);

/// Values that people entered apart; somebody has to choose.
#[derive(Serialize, JsonSchema)]
pub struct Disputed {
    /// Each of them.
    pub disputed: Vec<Claim>,
}

/// A value that somebody entered.
#[derive(Serialize, JsonSchema)]
pub struct Claim {
    /// The value.
    pub value: Value,
    /// Who; null where this device cannot name them.
    pub by: Option<String>,
    /// When, by their clock.
    pub at: Option<Moment>,
}

/// Somebody's own words.
#[derive(Serialize, JsonSchema)]
pub struct Voice {
    /// Whose; null where this device cannot name them.
    pub by: Option<String>,
    /// The person's id.
    pub person: Uuid,
    /// What they said.
    pub text: String,
}

/// A row of a table: its key, and its cells by column.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Its key.
    pub key: String,
    /// Its cells by column.
    #[serde(flatten)]
    pub cells: BTreeMap<&'static str, Cell>,
    /// It was withdrawn; what it said is kept.
    #[serde(skip_serializing_if = "is_false")]
    pub withdrawn: bool,
    /// Some withdrew it, and others went on with it.
    #[serde(skip_serializing_if = "is_false")]
    pub withdrawal_disputed: bool,
}

/// What stands in a cell.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Cell {
    /// One value.
    Value(Value),
    /// Values that people entered apart.
    Disputed(Disputed),
    /// Text that everybody writes in.
    Text(String),
    /// An entry for each author.
    Voices(Vec<Voice>),
}

/// A target: its key, its fields, its tables, and what it costs.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Its key.
    pub key: String,
    /// Its fields by name, and its tables (`interventions`, `funds`) as lists of rows.
    #[serde(flatten)]
    pub fields: BTreeMap<&'static str, Field>,
    /// It was withdrawn; what it said is kept.
    #[serde(skip_serializing_if = "is_false")]
    pub withdrawn: bool,
    /// Some withdrew it, and others went on with it.
    #[serde(skip_serializing_if = "is_false")]
    pub withdrawal_disputed: bool,
    /// What is asked for, in pounds: `520.00`.
    pub requested: Value,
    /// What of it the Virtual School keeps and pays itself, in pounds.
    pub retained: Value,
}

/// What stands in a field of a target.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Field {
    /// As in a cell.
    Cell(Cell),
    /// A table of the target.
    Rows(Vec<Row>),
}

/// Why a question has no answer, as somebody said.
#[derive(Serialize, JsonSchema)]
pub struct Excuse {
    /// Which reason.
    pub why: NoAnswer,
    /// The same in their words.
    pub reason: String,
    /// Who said so; null where this device cannot name them.
    pub by: Option<String>,
    /// When, by their clock.
    pub at: Option<Moment>,
}

/// A remark beside an answer.
#[derive(Serialize, JsonSchema)]
pub struct Comment {
    /// Its key.
    pub key: String,
    /// The question it stands beside.
    pub field: String,
    /// The remark.
    pub text: String,
    /// Who made it; null where this device cannot name them.
    pub by: Option<String>,
    /// When, by their clock.
    pub at: Option<Moment>,
}

/// A signature.
#[derive(Serialize, JsonSchema)]
pub struct SignOff {
    /// Its key.
    pub key: String,
    /// The sign-off question, such as `signoff.dt`.
    pub question: &'static str,
    /// The id of who made it; null where this device cannot name them.
    pub person: Option<Uuid>,
    /// Their name, likewise.
    pub by: Option<String>,
    /// As what they signed.
    pub role: Role,
    /// The day they said.
    pub on: NaiveDate,
    /// When, by their clock.
    pub at: Option<Moment>,
    /// SHA-256 of what it covers, in lower-case hex.
    pub hash: String,
    /// The process it was made under, such as `ten-page 1`.
    pub process: String,
    /// What it covers is as it was.
    pub stands: bool,
    /// Why it does not stand, a sentence each.
    pub why: Vec<String>,
    /// What the young person or the carer said with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// How much of what a role must answer is answered.
#[derive(Serialize, JsonSchema)]
pub struct Completeness {
    /// Questions that are answered.
    pub answered: usize,
    /// Questions that must be.
    pub mandatory: usize,
}

/// A question that must be answered and is not.
#[derive(Serialize, JsonSchema)]
pub struct Gap {
    /// The question.
    pub field: &'static str,
    /// Who answers for it.
    pub owner: Role,
    /// What is the matter.
    pub why: String,
}

/// A plan in a list: `pep list`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// Which PEP.
    #[serde(flatten)]
    pub about: About,
    /// The child's name; null where this device does not know it.
    pub child_name: Option<String>,
    /// How far it has come, in the light of the child's other PEPs.
    pub state: State,
    /// The next PEP's date.
    pub next_date: Option<NaiveDate>,
    /// The first day by which something of it is due.
    pub due: Option<NaiveDate>,
    /// Whether the child has a current PEP; null where none is needed, or not any more.
    pub currency: Option<Currency>,
    /// How many questions each role has still to answer.
    pub outstanding: BTreeMap<Role, usize>,
    /// How many answers have changed since the sign-off that stands.
    pub changed_since_sign_off: usize,
    /// How it is filed, where there is more to say than which PEP it is.
    #[serde(flatten)]
    pub filed: Filed,
}

impl Listed {
    /// Of a plan, and its child's name.
    pub fn of(one: &lists::Listed, child_name: Option<String>) -> Listed {
        Listed {
            about: About::of(&one.pep),
            child_name,
            state: one.state.into(),
            next_date: one.next_date.map(|(day, _)| day),
            due: one.due(),
            currency: one.of_child.duties.currency.map(Into::into),
            outstanding: one.gaps.iter().map(|(role, n)| ((*role).into(), *n)).collect(),
            changed_since_sign_off: one.changed_since,
            filed: Filed::of(&one.pep, one.put_right.clone()),
        }
    }
}

/// A plan, or a child without one: `pep list`.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub enum InList {
    /// A plan.
    Plan(Box<Listed>),
    /// A child of whom something is due and nobody has begun a plan; only with `--due`.
    Child(WithoutPlan),
}

/// A child without a plan: `pep list --due`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WithoutPlan {
    /// There is none: null.
    pub pep: Option<Uuid>,
    /// The child's id.
    pub child: Uuid,
    /// The child's name.
    pub child_name: Option<String>,
    /// The process under which it would begin.
    pub process: Process,
    /// Academic year and term of the PEP that is due first.
    pub term: String,
    /// As what it is begun.
    pub r#type: PepType,
    /// The first day by which something is due; null where that cannot be worked out.
    pub due: Option<NaiveDate>,
    /// Whether the child has a current PEP.
    pub currency: Option<Currency>,
}

impl WithoutPlan {
    /// Of a child; `None` where nothing is due.
    pub fn of(of: &duties::OfChild) -> Option<WithoutPlan> {
        let first = of.duties.undone().next()?;
        let process = of.process.process();
        Some(WithoutPlan {
            pep: None,
            child: of.id(),
            child_name: Some(of.child.name.clone()),
            process: Process { id: process.id.clone(), version: process.version },
            term: format!("{}-{}", first.year, first.term),
            r#type: first.kind.into(),
            due: of.duties.first(),
            currency: of.duties.currency.map(Into::into),
        })
    }
}

/// A plan was begun, or was there: `pep new`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct New {
    /// The PEP's id.
    pub pep: Uuid,
    /// Whether it was begun now.
    pub created: bool,
    /// Questions that begin as the last PEP left them.
    pub brought: Vec<String>,
    /// Questions whose answers came from the last PEP and wait to be confirmed.
    pub to_confirm: Vec<&'static str>,
    /// Questions that were filled in from the directory.
    pub filled_in: Vec<String>,
}

/// Something that people gave different answers to: `pep conflicts`.
#[derive(Serialize, JsonSchema)]
pub struct Conflict {
    /// The question.
    pub field: &'static str,
    /// The row, where it is in a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// The column, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The place, as `pep resolve` takes it.
    pub place: String,
    /// What can be taken.
    pub values: Vec<Choice>,
}

/// One of several answers.
#[derive(Serialize, JsonSchema)]
pub struct Choice {
    /// The number that `pep resolve --take` takes, from 1.
    pub take: usize,
    /// The answer, and whose it is.
    #[serde(flatten)]
    pub claim: Claim,
    /// True of a text as it is now, in which all that people wrote stands.
    #[serde(skip_serializing_if = "is_false")]
    pub now: bool,
}

impl About {
    /// Which PEP it is.
    pub fn of(pep: &Pep) -> About {
        About {
            pep: pep.id(),
            child: pep.child,
            process: Process { id: pep.process.id().to_owned(), version: pep.process.version() },
            term: format!("{}-{}", pep.year, pep.term),
            r#type: pep.kind.into(),
        }
    }
}

impl Plan {
    /// A plan with these heads. `wanted` chooses the questions.
    pub fn of(
        pep: &Pep,
        view: &View,
        heads: Vec<Digest>,
        previous_pep: Option<Uuid>,
        wanted: impl Fn(&str) -> bool,
    ) -> Plan {
        let kept = |answer: &plan::Answer| {
            !matches!(answer, plan::Answer::Missing | plan::Answer::Elsewhere | plan::Answer::Targets { .. })
        };
        let answers = view.answers.iter().filter(|(id, answer)| wanted(id) && kept(answer));
        let excuses = view.excuses.iter().filter(|(id, _)| wanted(id));
        let beside = view.beside.iter().filter(|(id, _)| wanted(id));
        let waiting = view.to_confirm.iter().filter(|id| wanted(id) && view.asked.contains(*id));
        let targets = view.targets.iter().filter(|_| wanted("targets.list"));
        let counts = view.completeness.iter();
        Plan {
            about: About::of(pep),
            state: view.state.into(),
            next_date: view.next_date.map(|next| next.date),
            next_date_provisional: view.next_date.is_some_and(|next| next.provisional),
            answers: answers.map(|(id, answer)| (*id, Answer::of(answer))).collect(),
            to_confirm: waiting.copied().collect(),
            no_answers: excuses.map(|(id, said)| (*id, said.iter().map(Excuse::of).collect())).collect(),
            beside: beside.map(|(id, claims)| (*id, claims.iter().map(Claim::of).collect())).collect(),
            targets: targets.map(Target::of).collect(),
            comments: view.comments.iter().filter(|c| wanted(&c.question)).map(Comment::of).collect(),
            sign_offs: view.sign_offs.iter().map(SignOff::of).collect(),
            changed_since_sign_off: view.changed_since_sign_off.clone(),
            completeness: counts
                .map(|(role, c)| ((*role).into(), Completeness { answered: c.answered, mandatory: c.mandatory }))
                .collect(),
            gaps: view.gaps.iter().filter(|gap| wanted(gap.question)).map(Gap::of).collect(),
            delegations: Vec::new(),
            filed: Filed::default(),
            heads,
            previous_pep,
            last_term: None,
            provenance: BTreeMap::new(),
            directory_differs: Vec::new(),
        }
    }

    /// With what the directory says of the child.
    pub fn beside(self, facts: &plan::DirectoryFacts, view: &View) -> Plan {
        let said = self.answers.keys().filter(|id| facts.is_said(view, id));
        let provenance = said.map(|id| (*id, Provenance::Directory)).collect();
        let differs = plan::differs(facts, view).into_iter().filter(|one| self.answers.contains_key(one.question));
        Plan { provenance, directory_differs: differs.map(|one| Differs::of(&one)).collect(), ..self }
    }
}

impl Differs {
    /// As the plan and the directory say it.
    pub fn of(differs: &plan::Differs) -> Differs {
        Differs { field: differs.question, plan: Value::of(&differs.plan), directory: Value::of(&differs.directory) }
    }
}

impl Answer {
    /// What stands at a question.
    pub fn of(answer: &plan::Answer) -> Answer {
        match answer {
            plan::Answer::Missing | plan::Answer::Elsewhere => Answer::Missing,
            plan::Answer::Value(value) | plan::Answer::Computed(value) => Answer::Value(Value::of(value)),
            plan::Answer::Disputed(claims) => Answer::Disputed(Disputed::of(claims)),
            plan::Answer::Text { text } => Answer::Text(text.clone()),
            plan::Answer::Voices(voices) => Answer::Voices(voices.iter().map(Voice::of).collect()),
            plan::Answer::Table(rows) => Answer::Table(rows.iter().map(Row::of).collect()),
            plan::Answer::Set(words) => Answer::Words(words.iter().map(ToString::to_string).collect()),
            plan::Answer::Targets { live } => Answer::Targets(*live),
        }
    }
}

impl Value {
    /// A value as it is shown.
    pub fn of(value: &plan::Value) -> Value {
        Value(value.to_json())
    }
}

impl JsonSchema for Value {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A value: yes or no as true and false, numbers as numbers, several words as a list, a picture as an object, everything else as text (days as 2026-02-26, money as 520.00).",
            "anyOf": [
                { "type": "boolean" },
                { "type": "number" },
                { "type": "string" },
                { "type": "array", "items": { "type": "string" } },
                {
                    "type": "object",
                    "properties": {
                        "mediaType": { "description": "Such as image/jpeg.", "type": "string" },
                        "bytes": { "description": "Its size.", "type": "integer", "minimum": 0 },
                        "base64": { "description": "The picture.", "type": "string" },
                    },
                    "required": ["mediaType", "bytes", "base64"],
                },
            ],
        })
    }
}

impl Disputed {
    fn of(claims: &[plan::Claim]) -> Disputed {
        Disputed { disputed: claims.iter().map(Claim::of).collect() }
    }
}

impl Claim {
    fn of(claim: &plan::Claim) -> Claim {
        Claim { value: Value::of(&claim.value), by: by(&claim.by), at: at(claim.at) }
    }
}

impl Voice {
    fn of(voice: &plan::Voice) -> Voice {
        Voice { by: by(&voice.by), person: voice.person, text: voice.text.clone() }
    }
}

impl Row {
    fn of(row: &plan::Row) -> Row {
        Row {
            key: row.key.clone(),
            cells: row.cells.iter().map(|(column, cell)| (*column, Cell::of(cell))).collect(),
            withdrawn: row.withdrawn,
            withdrawal_disputed: row.withdrawal_disputed,
        }
    }
}

impl Cell {
    fn of(cell: &plan::Cell) -> Cell {
        match cell {
            plan::Cell::Value(value) | plan::Cell::Computed(value) => Cell::Value(Value::of(value)),
            plan::Cell::Disputed(claims) => Cell::Disputed(Disputed::of(claims)),
            plan::Cell::Text { text } => Cell::Text(text.clone()),
            plan::Cell::Voices(voices) => Cell::Voices(voices.iter().map(Voice::of).collect()),
        }
    }
}

impl Target {
    fn of(target: &plan::Target) -> Target {
        let cells = target.row.cells.iter().map(|(field, cell)| (*field, Field::Cell(Cell::of(cell))));
        let tables =
            target.tables.iter().map(|(table, rows)| (*table, Field::Rows(rows.iter().map(Row::of).collect())));
        Target {
            key: target.row.key.clone(),
            fields: cells.chain(tables).collect(),
            withdrawn: target.row.withdrawn,
            withdrawal_disputed: target.row.withdrawal_disputed,
            requested: Value::of(&plan::Value::Money(target.requested)),
            retained: Value::of(&plan::Value::Money(target.retained)),
        }
    }
}

impl Excuse {
    fn of(excuse: &plan::Excuse) -> Excuse {
        Excuse { why: excuse.why.into(), reason: excuse.reason.clone(), by: by(&excuse.by), at: at(excuse.at) }
    }
}

impl Comment {
    fn of(comment: &plan::Comment) -> Comment {
        Comment {
            key: comment.key.clone(),
            field: comment.question.clone(),
            text: comment.text.clone(),
            by: by(&comment.by),
            at: at(comment.at),
        }
    }
}

impl SignOff {
    fn of(made: &plan::SignOff) -> SignOff {
        SignOff {
            key: made.key.clone(),
            question: made.question,
            person: made.by.as_ref().map(|who| who.person),
            by: by(&made.by),
            role: made.role.into(),
            on: made.on,
            at: at(made.at),
            hash: made.hash.clone(),
            process: made.process.clone(),
            stands: made.stands,
            why: made.why.iter().map(ToString::to_string).collect(),
            comment: made.comment.clone(),
        }
    }
}

impl Gap {
    /// One gap.
    pub fn of(gap: &plan::Gap) -> Gap {
        Gap { field: gap.question, owner: gap.owner.into(), why: gap.why.to_string() }
    }
}

impl Conflict {
    /// What people disagree about.
    pub fn of(dispute: &Dispute) -> Conflict {
        let alike = plan::is_alike(&dispute.place);
        let mut parts: Vec<&str> = dispute.place.split('/').skip(1).filter(|_| !alike).collect();
        let column = parts.pop();
        let text = conflicts::is_text(dispute);
        let choice = |(i, claim): (usize, &plan::Claim)| Choice {
            take: i + 1,
            claim: Claim::of(claim),
            now: text && claim.at == 0,
        };
        Conflict {
            field: dispute.question,
            row: column.map(|_| parts.join("/")),
            column: column.map(str::to_owned),
            place: dispute.place.clone(),
            values: dispute.claims.iter().enumerate().map(choice).collect(),
        }
    }
}

fn is_false(flag: &bool) -> bool {
    !flag
}
