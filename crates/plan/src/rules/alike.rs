//! Rows and targets that look like one: the same term written otherwise, one attendee twice, a target that two people added apart.
//! Nothing is joined by itself: a person says that they are one, and which of the two stands, or that they are two.

use std::collections::{BTreeMap, BTreeSet};

use crate::TARGETS;
use crate::bank::{Column, Kind, Question, RowKey, bank};
use crate::edit::SAME;
use crate::pep::Pep;
use crate::value::Value;
use crate::view::{Answer, Cell, Claim, Dispute, Row, View};

/// Words that make no other term, subject or person.
const FILLING: [&str; 11] = ["term", "the", "of", "and", "a", "mr", "mrs", "ms", "miss", "dr", "qualification"];

/// Rows and targets that look like one, in the order of the process: the last claim says that they are two, those before it that they
/// are one, with what it says then. For `Edit::Resolve`, by `alike_take`.
pub fn alike(view: &View, pep: &Pep) -> Vec<Dispute> {
    let mut found = Vec::new();
    for question in pep.process().questions().filter(|question| !question.voice && !question.computed) {
        match view.answers.get(question.id.as_str()) {
            Some(Answer::Targets { .. }) => {
                let rows: Vec<&Row> = view.targets.iter().map(|target| &target.row).collect();
                pairs(question, &rows, &|row| Some(words(row.cells.get("statement")?)), &mut found);
            }
            Some(Answer::Table(rows)) => {
                let rows: Vec<&Row> = rows.iter().collect();
                pairs(question, &rows, &|row| known_by(question, row), &mut found);
            }
            _ => {}
        }
    }
    found
}

/// What choosing a claim of such a dispute takes: the key of the row that stands, or that they are two. `None` of any other dispute.
pub fn alike_take(dispute: &Dispute, claim: &Claim) -> Option<Value> {
    let place: Vec<&str> = dispute.place.split('/').collect();
    let [_, one, SAME, other] = *place.as_slice() else { return None };
    let at = dispute.claims.iter().position(|known| known.value == claim.value)?;
    match (at + 1 == dispute.claims.len(), at) {
        (true, _) => Some(Value::YesNo(false)),
        (false, 0) => Some(Value::Choice(one.to_owned())),
        (false, _) => Some(Value::Choice(other.to_owned())),
    }
}

fn pairs(
    question: &'static Question,
    rows: &[&Row],
    known_by: &dyn Fn(&Row) -> Option<Vec<String>>,
    found: &mut Vec<Dispute>,
) {
    let mut by: BTreeMap<Vec<String>, Vec<&Row>> = BTreeMap::new();
    for row in rows.iter().filter(|row| !row.withdrawn) {
        if let Some(words) = known_by(row).filter(|words| !words.is_empty()) {
            by.entry(words).or_default().push(row);
        }
    }
    for same in by.values() {
        for (at, one) in same.iter().enumerate() {
            // Two at a time: three that are one are joined one after the other.
            let Some(other) = same.get(at + 1) else { continue };
            let random = question.row_key == RowKey::Random && question.id != TARGETS;
            if (one.kept && other.kept) || (random && differs(question, one, other)) {
                continue;
            }
            let mut claims = vec![said(question, one)];
            if differs(question, one, other) {
                claims.push(said(question, other));
            }
            claims.push("They are two, and both stand".to_owned());
            let claim = |words| Claim { value: Value::Text(words), by: None, at: 0 };
            found.push(Dispute {
                place: format!("{}/{}/{SAME}/{}", question.id, one.key, other.key),
                question: question.id.as_str(),
                claims: claims.into_iter().map(claim).collect(),
            });
        }
    }
}

/// The words by which a row is known: of those with a natural key its columns, of others the first that says something.
fn known_by(question: &Question, row: &Row) -> Option<Vec<String>> {
    match &question.row_key {
        RowKey::Natural(columns) => {
            let mut all = Vec::new();
            for column in columns {
                let mut words = words(row.cells.get(column.as_str())?);
                words.sort();
                all.extend(words);
                all.push("|".to_owned());
            }
            Some(all)
        }
        RowKey::Random => entered(question).find_map(|column| Some(words(row.cells.get(column.id.as_str())?))),
    }
}

fn words(cell: &Cell) -> Vec<String> {
    let text = match cell {
        Cell::Value(value) => value.to_string(),
        Cell::Text { text } => text.clone(),
        Cell::Computed(_) | Cell::Disputed(_) | Cell::Voices(_) => return Vec::new(),
    };
    let text = text.to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty() && !FILLING.contains(word));
    words.map(str::to_owned).collect()
}

/// True if two rows say something else in a cell in which both say something.
fn differs(question: &Question, one: &Row, other: &Row) -> bool {
    let natural: BTreeSet<&str> = match &question.row_key {
        RowKey::Natural(columns) => columns.iter().map(String::as_str).collect(),
        RowKey::Random => BTreeSet::new(),
    };
    entered(question).filter(|column| !natural.contains(column.id.as_str())).any(|column| {
        let cells = [one, other].map(|row| row.cells.get(column.id.as_str()));
        matches!(cells, [Some(a), Some(b)] if words(a) != words(b))
    })
}

fn entered(question: &Question) -> impl Iterator<Item = &Column> {
    let plain = |column: &&Column| !column.calculated && column.kind != Kind::Table && column.voice_of.is_none();
    question.columns.iter().filter(plain)
}

fn said(question: &Question, row: &Row) -> String {
    let cell = |column: &Column| match row.cells.get(column.id.as_str())? {
        Cell::Value(Value::Choice(word)) => Some(format!("{}: {}", column.label, column.label_of(word))),
        Cell::Value(value) => Some(format!("{}: {value}", column.label)),
        Cell::Text { text } => Some(format!("{}: {text}", column.label)),
        Cell::Computed(_) | Cell::Disputed(_) | Cell::Voices(_) => None,
    };
    let cells: Vec<String> = entered(question).filter_map(cell).collect();
    format!("They are one. {}", cells.join("; "))
}

/// The question of a place, if the place is of two rows that look like one.
pub fn is_alike(place: &str) -> bool {
    let place: Vec<&str> = place.split('/').collect();
    matches!(place.as_slice(), [question, _, SAME, _] if bank().question(question).is_some())
}
