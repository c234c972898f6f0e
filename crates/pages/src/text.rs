//! The text of an answer, in words: for comparing two versions of a plan, and wherever there is no room for a table.

use plan::{Answer, Cell, Column, Pep, Question, Row, Target, Value, View};
use uuid::Uuid;

use super::field::Ask;
use participant::words;

/// What stands at a question; empty where there is no answer.
pub fn of_answer(pep: &Pep, view: &View, question: &'static Question) -> String {
    let ask = Ask::question(question);
    let mut lines: Vec<String> = match view.answers.get(question.id.as_str()) {
        None | Some(Answer::Missing | Answer::Elsewhere) => Vec::new(),
        Some(Answer::Value(value) | Answer::Computed(value)) => vec![of_question(pep, &ask, value)],
        Some(Answer::Disputed(claims)) => {
            let each = claims.iter().map(|claim| of_question(pep, &ask, &claim.value));
            vec![each.collect::<Vec<_>>().join(", or ")]
        }
        Some(Answer::Text { text }) => vec![text.clone()],
        Some(Answer::Voices(voices)) => {
            voices.iter().map(|voice| format!("{}: {}", words::name(&voice.by), voice.text)).collect()
        }
        Some(Answer::Set(ticked)) => {
            vec![ticked.iter().map(|word| question.label_of(word)).collect::<Vec<_>>().join(", ")]
        }
        Some(Answer::Table(rows)) => {
            rows.iter().filter(|row| row.counts()).map(|r| row(pep, view, &question.columns, r)).collect()
        }
        Some(Answer::Targets { .. }) => view
            .targets
            .iter()
            .filter(|target| target.row.counts())
            .map(|one| target(pep, view, &question.columns, one))
            .collect(),
    };
    for excuse in view.excuses.get(question.id.as_str()).into_iter().flatten() {
        let why = excuse.why.label();
        lines.push(if excuse.reason.is_empty() { why.to_owned() } else { format!("{why}: {}", excuse.reason) });
    }
    lines.join("\n")
}

/// A value that answers a question; an overall grade as the process calls it.
pub fn of_question(pep: &Pep, ask: &Ask, value: &Value) -> String {
    let grade = match (ask.name.as_str(), value) {
        ("qa.overall", Value::Choice(id)) => pep.process().practice.qa.grades.iter().find(|grade| grade.id == *id),
        _ => None,
    };
    grade.map_or_else(|| ask.shown(value), |grade| grade.label.clone())
}

/// What stands in a cell.
pub fn cell(pep: &Pep, view: &View, column: &'static Column, cell: &Cell) -> String {
    let ask = Ask::column("", column);
    let shown = |value: &Value| by_name(pep, view, column, value).unwrap_or_else(|| ask.shown(value));
    match cell {
        Cell::Value(value) | Cell::Computed(value) => shown(value),
        Cell::Disputed(claims) => claims.iter().map(|claim| shown(&claim.value)).collect::<Vec<_>>().join(", or "),
        Cell::Text { text } => text.clone(),
        Cell::Voices(voices) => {
            let each = voices.iter().map(|voice| format!("{}: {}", words::name(&voice.by), voice.text));
            each.collect::<Vec<_>>().join("\n")
        }
    }
}

/// What a value names that people know by another name: a target by its key, a question by its id, an area or a grade of the quality
/// check as the process calls it.
pub fn by_name(pep: &Pep, view: &View, column: &Column, value: &Value) -> Option<String> {
    let (Value::Text(key) | Value::Choice(key)) = value else { return None };
    let areas = plan::bank().question("qa.areas");
    if areas.and_then(|areas| areas.column(&column.id)).is_some_and(|own| std::ptr::eq(own, column)) {
        let practice = &pep.process().practice.qa;
        let area = practice.areas.iter().find(|area| area.id == *key).map(|area| &area.label);
        return area.or(practice.grades.iter().find(|grade| grade.id == *key).map(|grade| &grade.label)).cloned();
    }
    if let Some(question) = plan::bank().question(key) {
        return Some(question.label.clone());
    }
    key.parse::<Uuid>().ok()?;
    let Some(target) = view.targets.iter().find(|target| target.row.key == *key) else {
        return Some("A target of the last PEP".to_owned());
    };
    let area = match target.row.cells.get("area") {
        Some(Cell::Value(area)) => format!(": {area}"),
        _ => String::new(),
    };
    Some(format!("Target {}{area}", target.number))
}

fn row(pep: &Pep, view: &View, columns: &'static [Column], row: &Row) -> String {
    let each = columns.iter().filter_map(|column| {
        let found = row.cells.get(column.id.as_str())?;
        Some(format!("{}: {}", column.label, cell(pep, view, column, found)))
    });
    each.collect::<Vec<_>>().join("; ")
}

fn target(pep: &Pep, view: &View, columns: &'static [Column], target: &Target) -> String {
    let mut lines = vec![row(pep, view, columns, &target.row)];
    for column in columns {
        let rows = target.tables.get(column.id.as_str()).into_iter().flatten().filter(|row| row.counts());
        lines.extend(rows.map(|one| format!("{}: {}", column.label, row(pep, view, &column.columns, one))));
    }
    lines.join("\n")
}

/// Why the plan refused something, as pages say it: questions by what they are called, not by their ids.
pub fn refused(refused: &plan::Refused) -> String {
    let words = refused.to_string();
    let called: Vec<String> = words.split(' ').map(called).collect();
    called.join(" ")
}

/// A word of a sentence; where it is a question's or a column's place, what that is called.
fn called(word: &str) -> String {
    let place = word.trim_end_matches([',', ';', ':', '.', '?']);
    let rest = word.get(place.len()..).unwrap_or_default();
    let (id, column) = place.split_once('/').map_or((place, None), |(id, rest)| (id, rest.rsplit('/').next()));
    let Some(question) = plan::bank().question(id) else { return word.to_owned() };
    let label = column.and_then(|column| question.column(column)).map_or(&question.label, |column| &column.label);
    format!("“{label}”{rest}")
}
