//! What lists, and checks of other plans, need of a plan: small enough to be kept for every plan of a council, so that no list opens
//! a document that has not changed.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use plan::{Answer, Cell, Due, Gap, Pep, Person, Role, Sitting, State, Task, TaskKind, Value, View};

/// A plan, as far as lists need it.
#[derive(Debug, Clone)]
pub struct Summary {
    /// The plan.
    pub pep: Pep,
    /// This person's role for the child.
    pub role: Role,
    /// What the child likes to be called, where that is known.
    pub called: Option<String>,
    /// The school, as the plan says it.
    pub setting: Option<String>,
    /// Questions that still want an answer, by whoever answers for them.
    pub gaps: BTreeMap<Role, usize>,
    /// How many of them are the designated teacher's, who delegated them to this person.
    pub delegated: usize,
    /// Answers that people gave differently and this person may choose between.
    pub choices: usize,
    /// How far it is, by itself; [`crate::lists::plans`] sees it beside the child's other PEPs.
    pub state: State,
    /// Whether the Virtual School has signed it off.
    pub signed_off: bool,
    /// The day of the Virtual School's last signature, whether it stands or not.
    pub signed_on: Option<NaiveDate>,
    /// How many answers have changed since the sign-off that stands.
    pub changed_since: usize,
    /// The next PEP, and whether that date is only worked out.
    pub next_date: Option<(NaiveDate, bool)>,
    /// The day of its meeting.
    pub meeting: Option<NaiveDate>,
    /// Whether somebody said that the meeting has been held.
    pub held: bool,
    /// Whether it is reviewed without a meeting.
    pub on_paper: bool,
    /// What is due, done or not, the earliest first.
    pub dues: Vec<Due>,
    /// What of it counts for what is due of the child.
    pub sitting: Sitting,
    /// What its targets say, for the checks of other plans.
    pub statements: Vec<String>,
    /// What it says to the questions that the directory answers as well.
    pub stated: Vec<(&'static str, Value)>,
    /// What waits for this person in it.
    pub tasks: Vec<Task>,
}

impl Summary {
    /// Of a plan as this person's role reads it.
    pub fn of(pep: &Pep, person: &Person<'_>, view: &View) -> Summary {
        let writer = person.writer;
        let (role, process) = (writer.role, pep.process());
        // Of what is withdrawn nothing waits for anybody.
        let open = if pep.counts() { view.gaps.as_slice() } else { &[] };
        let mut gaps = BTreeMap::new();
        for gap in open {
            *gaps.entry(gap.owner).or_default() += 1;
        }
        let question = |id: &str| plan::bank().question(id);
        let writes = |id: &str| question(id).is_some_and(|q| writer.is_among(&process.writers_of(q), process, q));
        let deputises = |gap: &&Gap| !role.counts_as(gap.owner) && gap.is_for(writer, process);
        Summary {
            pep: pep.clone(),
            role,
            called: called(view),
            setting: text(view, "setting.name"),
            gaps,
            delegated: open.iter().filter(deputises).count(),
            choices: match pep.counts() {
                true => plan::conflicts(view, pep).iter().filter(|dispute| writes(dispute.question)).count(),
                false => 0,
            },
            state: view.state,
            signed_off: view.signed_off(),
            signed_on: view.sign_offs.iter().filter(|made| made.question == "signoff.vs").map(|made| made.on).max(),
            changed_since: view.changed_since_sign_off.len(),
            dues: view.dues.clone(),
            next_date: view.next_date.map(|next| (next.date, next.provisional)),
            meeting: match view.answers.get("meeting.date") {
                Some(Answer::Value(Value::Date(day))) => Some(*day),
                _ => None,
            },
            held: says(view, "meeting.held", &Value::YesNo(true)),
            on_paper: says(view, "meeting.kind", &Value::Choice("desk_review".to_owned())),
            sitting: Sitting::of(pep, view),
            statements: statements(view).collect(),
            stated: plan::stated(view),
            tasks: plan::tasks(view, pep, person),
        }
    }

    /// This person is waited for to say of what type it is.
    pub fn waits_for_a_yes(&mut self) {
        let kind = self.pep.kind.label().to_lowercase();
        let reason = Some(format!("is this PEP of the type “{kind}”"));
        let question = plan::bank().question("meta.pepType").map(|question| question.id.as_str());
        let (place, from, due, by) = (None, None, None, None);
        self.tasks.push(Task { kind: TaskKind::Approve, question, place, from, due, count: 1, reason, by });
    }

    /// How many questions still want an answer of this person.
    pub fn mine(&self) -> usize {
        let own = self.gaps.iter().filter(|(owner, _)| self.role.counts_as(**owner)).map(|(_, n)| n);
        own.sum::<usize>() + self.delegated
    }
}

/// What the targets of a plan say, for the checks of other plans.
pub fn statements(view: &View) -> impl Iterator<Item = String> + '_ {
    view.targets.iter().filter(|target| target.row.counts()).filter_map(|target| {
        match target.row.cells.get("statement") {
            Some(Cell::Text { text }) => Some(text.clone()),
            _ => None,
        }
    })
}

fn says(view: &View, question: &str, value: &Value) -> bool {
    matches!(view.answers.get(question), Some(Answer::Value(said)) if said == value)
}

fn text(view: &View, question: &str) -> Option<String> {
    match view.answers.get(question) {
        Some(Answer::Text { text }) => Some(text.clone()),
        Some(Answer::Value(value)) => Some(value.to_string()),
        _ => None,
    }
}

/// What the child likes to be called, on one line.
pub fn called(view: &View) -> Option<String> {
    let liked = match view.answers.get("child.preferredName") {
        Some(Answer::Text { text }) => Some(text.as_str()),
        Some(Answer::Value(Value::Text(text))) => Some(text.as_str()),
        _ => None,
    };
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    liked.map(one_line).filter(|text| !text.is_empty())
}
