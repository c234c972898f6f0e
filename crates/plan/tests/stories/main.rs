//! What a plan does when people who cannot see each other write in it. The people are invented (PEP.md section 8).

use std::collections::{BTreeMap, BTreeSet};

use automerge::transaction::Transactable;
use automerge::{ActorId, Automerge, Change, ObjType, ROOT, ReadDoc};
use plan::{
    Account, Answer, Applied, Attendance, Bank, Carry, Cells, DocumentKind, Documents, DueSide, Duty, Edit, Editing,
    Page, Pep, PepType, Phase, PostMode, Process, Processes, Question, Refused, ReviewKind, Role, SCHEDULE_1, State,
    Step, Term, Trigger, Value, View, Who, Why, Writer, apply, bank, conflicts, difference, from_genesis, heads_at,
    history, load, parse_term, parse_value, read, row_key,
};
use proptest::prelude::*;
use uuid::Uuid;

mod beginning;
mod calendars;
mod carrying;
mod checks;
mod choosing;
mod completeness;
mod convergence;
mod directory;
mod dues;
mod duplicates;
mod duty;
mod events;
mod every;
mod facts;
mod golden;
mod meetings;
mod money;
mod pictures;
mod plausible;
mod portable;
mod processes;
mod quality;
mod reading;
mod refusals;
mod rewrites;
mod samples;
mod signing;
mod storyboard;
mod tables;
mod targets;
mod tasks;
mod together;
mod unnamed;
mod versions;
mod whose_words;

/// 24 February 2026, in seconds.
const TUESDAY: i64 = 1_771_891_200;

/// The team round Idris. The first byte of a person's actors is their place in this list.
const TEAM: [(&str, Role); 9] = [
    ("Odile Marrowfield", Role::SocialWorker),
    ("Ottoline Greaves-Penn", Role::DesignatedTeacher),
    ("Lorcan Tidewell", Role::VirtualSchoolOfficer),
    ("Marguerite Oakhollow", Role::VirtualSchoolHead),
    ("Carys Wexcombe", Role::Carer),
    ("Idris Fennimoor", Role::YoungPerson),
    ("Quentin Saltmarsh", Role::IndependentReviewingOfficer),
    ("Pol Esterhaz", Role::Professional),
    ("Sunniva Dray", Role::DesignatedTeacher),
];

/// Who may write in the answer at `place`, as the gate's table says: there, or in what is below it.
fn may_write(rules: &[plan::WriteRule], place: &str) -> Option<Vec<Role>> {
    let within = |rule: &&plan::WriteRule| {
        rule.place.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut of = rules.iter().filter(within).map(|rule| &rule.roles);
    let first = of.next()?;
    assert!(of.all(|roles| roles == first), "{place} has parts with other writers");
    Some(first.clone())
}

fn person(name: &str) -> (u8, Writer) {
    let index = TEAM.iter().position(|(full, _)| full.starts_with(name)).unwrap();
    let index = u8::try_from(index).unwrap();
    (index, Writer::new(Uuid::from_u128(0x1000 + u128::from(index)), TEAM[usize::from(index)].1))
}

fn authors(actor: &[u8]) -> Option<Who> {
    let index = *actor.first()?;
    let (name, role) = *TEAM.get(usize::from(index))?;
    Some(Who { person: Uuid::from_u128(0x1000 + u128::from(index)), name: name.to_owned(), role, until: None })
}

fn idris() -> Pep {
    let (year, term) = parse_term("2025/26-spring").unwrap();
    let process = Processes::built_in().latest("sections").unwrap();
    Pep { child: Uuid::from_u128(0x1D2150), year, term, kind: PepType::Review, process, filed: plan::Filed::default() }
}

/// One person's device, with one document of Idris's PEP.
#[derive(Clone)]
struct Device {
    document: Automerge,
    pep: Pep,
    kind: DocumentKind,
    writer: Writer,
    clock: i64,
}

impl Device {
    fn of(name: &str) -> Device {
        Device::holding(name, DocumentKind::Main, 0)
    }

    fn holding(name: &str, kind: DocumentKind, number: u8) -> Device {
        Device::with(name, idris(), kind, number)
    }

    fn with(name: &str, pep: Pep, kind: DocumentKind, number: u8) -> Device {
        let (index, writer) = person(name);
        let mut actor = [number; 16];
        actor[0] = index;
        let document = from_genesis(&pep, kind, ActorId::from(&actor[..]));
        Device { document, pep, kind, writer, clock: TUESDAY }
    }

    fn try_edit(&mut self, edits: &[Edit]) -> Result<Applied, Refused> {
        self.clock += 1;
        apply(&mut self.document, &self.pep, self.kind, &self.writer, edits, self.clock)
    }

    fn edit(&mut self, edit: Edit) -> Applied {
        self.try_edit(&[edit]).unwrap()
    }

    /// Answers as the command line would.
    fn set(&mut self, question: &str, text: &str) -> Applied {
        let value = parse_value(question, text).unwrap();
        self.edit(Edit::Choose { question: question.into(), value })
    }

    fn rewrite(&mut self, question: &str, text: &str) -> Applied {
        self.edit(Edit::Rewrite { question: question.into(), text: text.into() })
    }

    /// Adds or changes a row with a natural key.
    fn row(&mut self, table: &str, cells: &[(&str, &str)]) -> String {
        let cells = cells_of(table, cells);
        let key = row_key(table, &cells, &self.writer, &mut || [7; 16]).unwrap();
        self.edit(Edit::PutRow { question: table.into(), key: key.clone(), cells });
        key
    }

    fn target(&mut self, key: Uuid, fields: &[(&str, &str)]) {
        let fields = cells_of("targets.list", fields);
        self.edit(Edit::PutTarget { key: key.to_string(), fields });
    }

    fn fund(&mut self, target: Uuid, row: Uuid, cells: &[(&str, &str)]) {
        let table = format!("targets.list/{target}/funds");
        let cells = cells_of("targets.list/funds", cells);
        self.edit(Edit::PutRow { question: table, key: row.to_string(), cells });
    }

    fn receive(&mut self, other: &Device) {
        self.document.merge(&mut other.document.clone()).unwrap();
    }

    fn view(&self) -> View {
        read(Documents::main(&self.document), &self.pep, &authors)
    }

    fn changes(&self) -> usize {
        self.document.get_changes_meta(&[]).len()
    }
}

/// Writes an answer as programs did that did not refuse it yet.
fn write_as_before(document: &mut Automerge, question: &str, word: &str) {
    let mut tx = document.transaction();
    let (_, answers) = tx.get(ROOT, "answers").unwrap().unwrap();
    tx.put(&answers, question, word).unwrap();
    tx.commit();
}

fn cells_of(table: &str, cells: &[(&str, &str)]) -> Cells {
    let parse = |(column, text): &(&str, &str)| {
        let value = (!text.is_empty()).then(|| parse_value(&format!("{table}/{column}"), text).unwrap());
        ((*column).to_owned(), value)
    };
    cells.iter().map(parse).collect()
}

/// Two people come back on line: both now hold the same, in whichever order it arrived.
fn meet(a: &mut Device, b: &mut Device) -> View {
    let before = a.clone();
    a.receive(b);
    b.receive(&before);
    assert!(a.view() == b.view(), "two devices with the same changes show different plans");
    a.view()
}

fn text(view: &View, question: &str) -> String {
    match &view.answers[question] {
        Answer::Text { text } => text.clone(),
        _ => panic!("{question} is no text"),
    }
}

fn shown(view: &View, question: &str) -> serde_json::Value {
    view.answers[question].to_json()
}

fn claimed(answer: &Answer) -> Vec<(String, String)> {
    match answer {
        Answer::Disputed(claims) => claims
            .iter()
            .map(|claim| (claim.value.to_string(), claim.by.as_ref().map_or(String::new(), |who| who.name.clone())))
            .collect(),
        _ => panic!("nobody disputes this"),
    }
}

fn row<'a>(view: &'a View, table: &str, key: &str) -> &'a plan::Row {
    match &view.answers[table] {
        Answer::Table(rows) => rows.iter().find(|row| row.key == key).unwrap(),
        _ => panic!("{table} has no rows"),
    }
}

fn splice(device: &Device, question: &str, at: usize, delete: usize, insert: &str) -> Edit {
    let seen = device.document.get_heads();
    Edit::Splice { question: question.into(), at, delete, insert: insert.into(), seen }
}
