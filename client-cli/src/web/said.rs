//! An answer in words, as one text: for comparing two versions of a plan, and wherever there is no room for a table.

use plan::{Answer, Cell, Column, Question, Row, Target, View};

use crate::words;

/// What stands at a question; empty where there is no answer.
pub fn said(view: &View, question: &Question) -> String {
    let mut lines: Vec<String> = match view.answers.get(question.id.as_str()) {
        None | Some(Answer::Missing | Answer::Elsewhere) => Vec::new(),
        Some(Answer::Value(value) | Answer::Computed(value)) => vec![words::value(question, value)],
        Some(Answer::Disputed(claims)) => {
            let each = claims.iter().map(|claim| words::value(question, &claim.value));
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
            rows.iter().filter(|row| row.counts()).map(|r| row(&question.columns, r)).collect()
        }
        Some(Answer::Targets { .. }) => {
            view.targets.iter().filter(|target| target.row.counts()).map(|one| target(&question.columns, one)).collect()
        }
    };
    for excuse in view.excuses.get(question.id.as_str()).into_iter().flatten() {
        let why = excuse.why.label();
        lines.push(if excuse.reason.is_empty() { why.to_owned() } else { format!("{why}: {}", excuse.reason) });
    }
    lines.join("\n")
}

/// What stands in a cell.
pub fn cell(column: &Column, cell: &Cell) -> String {
    match cell {
        Cell::Value(value) | Cell::Computed(value) => words::cell(column, value),
        Cell::Disputed(claims) => {
            claims.iter().map(|claim| words::cell(column, &claim.value)).collect::<Vec<_>>().join(", or ")
        }
        Cell::Text { text } => text.clone(),
        Cell::Voices(voices) => {
            let each = voices.iter().map(|voice| format!("{}: {}", words::name(&voice.by), voice.text));
            each.collect::<Vec<_>>().join("\n")
        }
    }
}

fn row(columns: &[Column], row: &Row) -> String {
    let each = columns.iter().filter_map(|column| {
        let found = row.cells.get(column.id.as_str())?;
        Some(format!("{}: {}", column.label, cell(column, found)))
    });
    each.collect::<Vec<_>>().join("; ")
}

fn target(columns: &[Column], target: &Target) -> String {
    let mut lines = vec![row(columns, &target.row)];
    for column in columns {
        let rows = target.tables.get(column.id.as_str()).into_iter().flatten().filter(|row| row.counts());
        lines.extend(rows.map(|one| format!("{}: {}", column.label, row(&column.columns, one))));
    }
    lines.join("\n")
}
