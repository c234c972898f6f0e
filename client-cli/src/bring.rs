//! Writing many answers at once that come from elsewhere: a file, or the last PEP. What a document refuses is left out and said,
//! and the rest is on the disk when this returns.

use plan::{Brought, Cells, DocumentKind, Edit, Value, View, Writer};
use replica::Trouble;

use crate::{
    clock,
    context::{Context, Mine},
    core::Core,
    error::CommandError,
};

/// Characters written with one change: well under what one change may hold, for the operations beside the characters.
const PORTION: usize = 12_000;

/// What became of it.
#[derive(Debug, Default)]
pub struct Done {
    /// The questions that were written, each once, in the order they were written.
    pub questions: Vec<String>,
    /// What was left out, and why.
    pub left_out: Vec<(String, String)>,
    /// Whether anything changed.
    pub changed: bool,
}

/// Writes what fits into the documents of a PEP.
pub fn write(context: &mut Context, mine: &Mine, brought: Brought) -> Result<Done, CommandError> {
    let Mine { pep, role } = mine.clone();
    let person = uuid::Uuid::from_bytes(context.me()?.person);
    context.with(move |core| {
        let writer = Writer { person, role };
        let papers = core.papers(&pep, role)?;
        let mut brought = brought;
        for (kind, document) in papers.held() {
            brought = brought.fitting(document, &pep, kind, &writer);
        }
        let mut done = Done { left_out: std::mem::take(&mut brought.left_out), ..Done::default() };
        for (kind, _) in papers.held() {
            for portion in portions(brought.of(kind)) {
                done.write(core, &Mine { pep: pep.clone(), role }, kind, &portion)?;
            }
        }
        Ok::<_, Trouble>(done)
    })
}

impl Done {
    fn write(&mut self, core: &mut Core, mine: &Mine, kind: DocumentKind, edits: &[Edit]) -> Result<(), Trouble> {
        match core.edit(&mine.pep, kind, mine.role, edits, clock::now())? {
            Ok(applied) => {
                self.changed |= applied.change.is_some();
                for edit in edits {
                    let question = edit.place().split('/').next().unwrap_or_default().to_owned();
                    if !self.questions.contains(&question) {
                        self.questions.push(question);
                    }
                }
            }
            Err(refused) => self.left_out.extend(edits.iter().map(|edit| (edit.place(), refused.to_string()))),
        }
        Ok(())
    }
}

/// Edits as changes that each hold what one change may.
fn portions(edits: Vec<Edit>) -> Vec<Vec<Edit>> {
    let mut portions: Vec<Vec<Edit>> = Vec::new();
    let mut room = 0;
    for edit in edits {
        let weight = weight(&edit);
        match portions.last_mut() {
            Some(portion) if weight <= room => {
                room -= weight;
                portion.push(edit);
            }
            _ => {
                room = PORTION.saturating_sub(weight);
                portions.push(vec![edit]);
            }
        }
    }
    portions
}

/// About how many operations an edit takes.
fn weight(edit: &Edit) -> usize {
    let cells = |cells: &Cells| -> usize {
        let length = |value: &Option<Value>| if let Some(Value::Text(text)) = value { text.len() } else { 0 };
        cells.values().map(|value| 2 + length(value)).sum()
    };
    8 + match edit {
        Edit::Rewrite { text, .. } => text.len(),
        Edit::PutRow { cells: row, .. } | Edit::PutTarget { fields: row, .. } => cells(row),
        _ => 0,
    }
}

/// The file read and said: what was left out, a line each.
pub fn say_left_out(context: &mut Context, done: &Done) {
    if !done.left_out.is_empty() {
        context.talk("Left out:");
    }
    for (place, why) in &done.left_out {
        context.talk(format!("  {}: {why}", label(place)));
    }
}

/// `[{"field", "why"}]`.
pub fn left_out_json(done: &Done) -> serde_json::Value {
    done.left_out.iter().map(|(place, why)| serde_json::json!({ "field": place, "why": why })).collect()
}

/// A place in words: the question's label and the place.
fn label(place: &str) -> String {
    let id = place.split('/').next().unwrap_or_default();
    plan::bank().question(id).map_or(place.to_owned(), |question| format!("{} [{place}]", question.label))
}

/// Whether nobody writes in a plan any more: it is signed off.
pub fn is_closed(view: &View) -> bool {
    view.signed_off()
}
