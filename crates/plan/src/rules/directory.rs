//! What the Virtual School's directory knows of a child, beside what their plan says: what a plan is filled in with, what of it is as
//! the directory says, and where the two differ.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::bank::{Question, bank};
use crate::edit::{Cells, Edit, Writer, row_key};
use crate::pep::{Pep, Phase, Role};
use crate::portable::Brought;
use crate::value::{Value, withhold};
use crate::view::{Answer, Cell, Row, View, Who};

/// What the directory says of a child.
#[derive(Clone, Default, PartialEq)]
pub struct DirectoryFacts {
    /// The full name.
    pub name: Option<String>,
    /// Born on that day.
    pub born: Option<NaiveDate>,
    /// Looked after since that day, and whether it was an emergency.
    pub looked_after: Option<(NaiveDate, bool)>,
    /// Who works with the child today, by role.
    pub people: BTreeMap<Role, Vec<String>>,
}

withhold!(DirectoryFacts);

/// What it knows of the child by itself.
const FACTS: [&str; 4] = ["child.legalName", "child.dob", "care.lookedAfterSince", "care.emergency"];
/// Who of the team answers to a question for a person, where there is one alone.
const PEOPLE: [(&str, Role); 4] = [
    ("people.socialWorker", Role::SocialWorker),
    ("people.virtualSchool", Role::VirtualSchoolOfficer),
    ("people.iro", Role::IndependentReviewingOfficer),
    ("settingPeople.designatedTeacher", Role::DesignatedTeacher),
];
/// The table of who looks after the child.
const CARERS: &str = "people.carers";

/// A fact at which the plan and the directory differ.
#[derive(Clone, PartialEq)]
pub struct Differs {
    /// The question.
    pub question: &'static str,
    /// What the plan says.
    pub plan: Value,
    /// What the directory says.
    pub directory: Value,
}

withhold!(Differs);

impl DirectoryFacts {
    /// With who is on the team.
    pub fn with_team<'a>(mut self, team: impl IntoIterator<Item = &'a Who>) -> DirectoryFacts {
        for who in team {
            self.people.entry(who.role).or_default().push(who.name.clone());
        }
        self
    }

    /// The phase that the child is in while a PEP is made, by their date of birth.
    pub fn phase(&self, pep: &Pep) -> Option<Phase> {
        self.born.map(|born| pep.year.phase_of(born, pep.process().reception_uses))
    }

    /// What it says to a question that is no table; `None` where it does not know.
    pub fn says(&self, question: &str) -> Option<Value> {
        match question {
            "child.legalName" => self.name.clone().map(Value::Text),
            "child.dob" => self.born.map(Value::Date),
            "care.lookedAfterSince" => self.looked_after.map(|(since, _)| Value::Date(since)),
            "care.emergency" => self.looked_after.map(|(_, emergency)| Value::YesNo(emergency)),
            _ => {
                let (_, role) = PEOPLE.iter().find(|(asked, _)| *asked == question)?;
                match self.people.get(role).map(Vec::as_slice) {
                    Some([only]) => Some(Value::Text(only.clone())),
                    _ => None,
                }
            }
        }
    }

    /// Every question that it answers, with what it says.
    fn all(&self) -> impl Iterator<Item = (&'static Question, Value)> {
        let questions = FACTS.into_iter().chain(PEOPLE.iter().map(|(question, _)| *question));
        questions.filter_map(|id| Some((bank().question(id)?, self.says(id)?)))
    }

    /// Where it differs from what a plan says.
    pub fn differs_from(&self, stated: &[(&'static str, Value)]) -> Vec<Differs> {
        let differ = stated.iter().filter_map(|(question, plan)| {
            let directory = self.says(question)?;
            let person = PEOPLE.iter().any(|(id, _)| id == question);
            let agrees = same(plan, &directory) || (person && names(plan, &directory));
            (!agrees).then(|| Differs { question, plan: plan.clone(), directory })
        });
        differ.collect()
    }

    fn carers(&self) -> &[String] {
        self.people.get(&Role::Carer).map_or(&[], Vec::as_slice)
    }

    /// Whether the plan's answer is what the directory says.
    pub fn is_said(&self, view: &View, question: &str) -> bool {
        match (view.answers.get(question), self.says(question)) {
            (Some(answer), Some(says)) => stands(answer).is_some_and(|value| same(&value, &says)),
            (Some(Answer::Table(rows)), None) if question == CARERS => {
                let live: Vec<_> = rows.iter().filter(|row| row.counts()).collect();
                let named = |name: &String| live.iter().any(|row| person(row).is_some_and(|said| alike(said, name)));
                !live.is_empty() && live.len() == self.carers().len() && self.carers().iter().all(named)
            }
            _ => false,
        }
    }
}

/// What a role that answers for it can fill in of an empty plan: only what is asked, has no answer and no reason for having none. So a
/// second time fills in nothing.
pub fn fill_in(facts: &DirectoryFacts, view: &View, pep: &Pep, writer: &Writer) -> Brought {
    let process = pep.process();
    let open = |question: &Question| {
        let answers =
            process.accountable_now(question, view.not_on_roll).is_some_and(|owner| writer.role.counts_as(owner));
        let missing = match view.answers.get(question.id.as_str()) {
            Some(Answer::Missing) => true,
            Some(Answer::Table(rows)) => rows.is_empty(),
            _ => false,
        };
        answers
            && missing
            && view.asked.contains(question.id.as_str())
            && !view.excuses.contains_key(question.id.as_str())
    };
    let said = facts.all().filter(|(question, _)| open(question));
    let mut edits: Vec<Edit> =
        said.map(|(question, value)| Edit::Choose { question: question.id.clone(), value }).collect();
    if bank().question(CARERS).is_some_and(open) {
        edits.extend(facts.carers().iter().filter_map(|name| {
            let cells = Cells::from([("person".to_owned(), Some(Value::Text(name.clone())))]);
            let key = row_key(CARERS, &cells, writer, &mut || [0; 16]).ok()?;
            Some(Edit::PutRow { question: CARERS.to_owned(), key, cells })
        }));
    }
    Brought { edits, left_out: Vec::new() }
}

/// Where the plan says something else than the directory. Disputed answers are their own people's to settle first.
pub fn differs(facts: &DirectoryFacts, view: &View) -> Vec<Differs> {
    facts.differs_from(&stated(view))
}

/// What a plan says to the questions that the directory answers as well.
pub fn stated(view: &View) -> Vec<(&'static str, Value)> {
    let questions = FACTS.into_iter().chain(PEOPLE.iter().map(|(question, _)| *question));
    let asked = questions.filter(|id| view.asked.contains(id));
    asked.filter_map(|id| Some((id, stands(view.answers.get(id)?)?))).collect()
}

/// An answer that is one value; of a plan of the first form a short text is kept as letters.
fn stands(answer: &Answer) -> Option<Value> {
    match answer {
        Answer::Value(value) => Some(value.clone()),
        Answer::Text { text } if !text.trim().is_empty() => Some(Value::Text(text.trim().to_owned())),
        _ => None,
    }
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Text(one), Value::Text(other)) => alike(one, other),
        (one, other) => one == other,
    }
}

/// Whether what a plan says of a person holds the name, beside a team or a number.
fn names(plan: &Value, name: &Value) -> bool {
    let (said, name) = (plain(&plan.to_string()), plain(&name.to_string()));
    !name.is_empty() && said.windows(name.len()).any(|words| words == name)
}

/// Names are compared as people write them.
fn alike(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

fn plain(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

fn person(row: &Row) -> Option<&str> {
    match row.cells.get("person")? {
        Cell::Value(Value::Text(name)) | Cell::Text { text: name } => Some(name),
        _ => None,
    }
}
