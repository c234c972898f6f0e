//! Who changed what, in sentences.

use std::collections::BTreeSet;

use automerge::{Automerge, ChangeHash, ObjId, Patch, PatchAction, Prop};

use crate::bank::{Column, Kind, Question, bank};
use crate::document::{Sheet, WITHDRAWN};
use crate::excuse::NoAnswer;
use crate::value::{Value, withhold};
use crate::view::{Authors, Who};

/// Changes of one person that say the same and are no further apart than this, in seconds, are one entry: typing makes many.
const ENTRY_SPAN: i64 = 15 * 60;

/// Something one person did.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, by the author's clock, in seconds since 1970.
    pub at: i64,
    /// Who, if the roster knows them.
    pub by: Option<Who>,
    /// What, each a sentence without its subject: `wrote in “What is going well”`.
    pub sentences: Vec<String>,
    /// The last change of it: the document as it was then is what this change and all before it say.
    pub change: ChangeHash,
}

withhold!(Entry);

/// What happened in a document, oldest first; with `question`, only what concerns that one.
pub fn history(document: &Automerge, authors: Authors<'_>, question: Option<&str>) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for change in document.get_changes_meta(&[]) {
        // The genesis has no author and says nothing.
        if change.deps.is_empty() {
            continue;
        }
        let sentences = sentences(document, &change.deps, &[change.hash], question);
        if sentences.is_empty() {
            continue;
        }
        let by = authors(change.actor.to_bytes());
        match entries.last_mut() {
            Some(last)
                if last.by == by
                    && last.by.is_some()
                    && last.sentences == sentences
                    && change.timestamp.saturating_sub(last.at) <= ENTRY_SPAN =>
            {
                last.change = change.hash;
            }
            _ => entries.push(Entry { at: change.timestamp, by, sentences, change: change.hash }),
        }
    }
    entries
}

/// What differs between two versions of a document, in sentences. `to: None` is now. `None` if a head is not in the document.
pub fn difference(document: &Automerge, from: &[ChangeHash], to: Option<&[ChangeHash]>) -> Option<Vec<String>> {
    let present = document.get_heads();
    let to = to.unwrap_or(&present);
    let known = |hash: &ChangeHash| document.get_change_meta_by_hash(hash).is_some();
    (from.iter().all(known) && to.iter().all(known)).then(|| sentences(document, from, to, None))
}

/// The heads of a document as it was at a time (seconds since 1970), by its authors' clocks: every change made by then whose
/// predecessors were.
pub fn heads_at(document: &Automerge, at: i64) -> Vec<ChangeHash> {
    let mut made = BTreeSet::new();
    let mut heads = BTreeSet::new();
    for change in document.get_changes_meta(&[]) {
        if change.timestamp <= at && change.deps.iter().all(|dep| made.contains(dep)) {
            made.insert(change.hash);
            heads.retain(|head| !change.deps.contains(head));
            heads.insert(change.hash);
        }
    }
    heads.into_iter().collect()
}

fn sentences(document: &Automerge, from: &[ChangeHash], to: &[ChangeHash], question: Option<&str>) -> Vec<String> {
    let sheet = Sheet::at(document, to);
    let patches = document.diff(from, to);
    let added: Vec<Vec<String>> = patches.iter().filter_map(added_row).collect();
    let mut sentences: Vec<String> = Vec::new();
    for patch in &patches {
        let path = path_of(patch);
        // The cells of a row that is new go without saying.
        let within_new = added.iter().any(|row| path.len() > row.len() && path.starts_with(row));
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let Some((about, sentence)) = (if within_new { None } else { sentence(&sheet, &path, &patch.action) }) else {
            continue;
        };
        if question.is_none_or(|wanted| wanted == about) && !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    sentences
}

/// The path of a patch from the root, its own key included.
fn path_of(patch: &Patch) -> Vec<String> {
    let mut path: Vec<String> = patch
        .path
        .iter()
        .filter_map(|(_, prop)| match prop {
            Prop::Map(key) => Some(key.clone()),
            Prop::Seq(_) => None,
        })
        .collect();
    if let PatchAction::PutMap { key, .. } | PatchAction::DeleteMap { key } = &patch.action {
        path.push(key.clone());
    }
    path
}

/// The path of a row or target that a patch makes.
fn added_row(patch: &Patch) -> Option<Vec<String>> {
    let path = path_of(patch);
    let made = matches!(&patch.action, PatchAction::PutMap { value: (automerge::Value::Object(_), _), .. });
    let is_row = match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        // An entry in somebody's own words is no row: what was written in it is the news.
        ["answers", id, _] => bank().question(id).is_some_and(|question| !question.columns.is_empty()),
        ["targets", _] | ["targets", _, _, _] => true,
        _ => false,
    };
    (made && is_row).then_some(path)
}

/// The question a patch is about and what it says; nothing where it says nothing to people.
fn sentence(sheet: &Sheet<'_, Automerge>, path: &[&str], action: &PatchAction) -> Option<(String, String)> {
    let value = |kind: Kind, options: &dyn Fn(&str) -> String| match action {
        PatchAction::PutMap { value: (automerge::Value::Scalar(scalar), _), .. } => {
            Some(match Value::read(kind, scalar)? {
                Value::Choice(word) => options(&word),
                value => value.to_string(),
            })
        }
        _ => None,
    };
    let wrote = matches!(action, PatchAction::SpliceText { .. } | PatchAction::DeleteSeq { .. });
    let removed = matches!(action, PatchAction::DeleteMap { .. });
    let made = matches!(action, PatchAction::PutMap { value: (automerge::Value::Object(_), _), .. });
    let of = |question: &Question, sentence: String| Some((question.id.clone(), sentence));
    let cell = |question: &Question, column: &Column, row: &str| {
        let place = format!("“{}” of {row} in “{}”", column.label, question.label);
        match value(column.kind, &|word| column.label_of(word).to_owned()) {
            Some(value) => of(question, format!("changed {place} to {value}")),
            None if wrote => of(question, format!("wrote in {place}")),
            None if removed => of(question, format!("emptied {place}")),
            None => None,
        }
    };
    let withdrawal = |question: &Question, row: &str| match removed {
        true => of(question, format!("brought back {row} in “{}”", question.label)),
        false => of(question, format!("withdrew {row} in “{}”", question.label)),
    };
    match *path {
        ["answers", id] => {
            if let Some(question) = id.strip_suffix("~none").and_then(|id| bank().question(id)) {
                return match value(Kind::Text, &str::to_owned) {
                    Some(kept) => {
                        let (why, reason) = NoAnswer::read(&kept)?;
                        let said = [why.label().to_lowercase(), reason].join(": ");
                        of(question, format!("said of “{}”: {}", question.label, said.trim_end_matches(": ")))
                    }
                    None if removed => of(question, format!("took back why “{}” has no answer", question.label)),
                    None => None,
                };
            }
            if let Some(question) = id.strip_suffix("~carried").and_then(|id| bank().question(id)) {
                let brought = || of(question, format!("brought “{}” from the last PEP", question.label));
                return if removed { None } else { brought() };
            }
            if let Some(question) = id.strip_suffix("~ask").and_then(|id| bank().question(id)) {
                let confirmed = || of(question, format!("confirmed “{}”", question.label));
                return if removed { confirmed() } else { None };
            }
            let question = bank().question(id)?;
            if question.kind == Kind::Picture && !removed {
                return of(question, format!("added a picture to “{}”", question.label));
            }
            match value(question.kind, &|word| question.label_of(word).to_owned()) {
                Some(value) => of(question, format!("answered “{}”: {value}", question.label)),
                None if wrote => of(question, format!("wrote in “{}”", question.label)),
                None if removed => of(question, format!("cleared “{}”", question.label)),
                None => None,
            }
        }
        ["answers", id, key] => {
            let question = bank().question(id)?;
            match question.kind {
                Kind::MultiChoice if removed => {
                    of(question, format!("took back {} in “{}”", question.label_of(key), question.label))
                }
                Kind::MultiChoice => of(question, format!("chose {} in “{}”", question.label_of(key), question.label)),
                Kind::Table | Kind::TargetList if made => {
                    of(question, format!("added {} to “{}”", row_name(key), question.label))
                }
                _ if wrote => of(question, format!("wrote in “{}”", question.label)),
                _ => None,
            }
        }
        ["answers", id, row, WITHDRAWN] => withdrawal(bank().question(id)?, &row_name(row)),
        ["answers", id, row, column] => {
            let question = bank().question(id)?;
            cell(question, question.column(column)?, &row_name(row))
        }
        ["targets", key] if made => {
            let question = bank().question(crate::TARGETS)?;
            of(question, format!("added {} to “{}”", target_name(sheet, key), question.label))
        }
        ["targets", key, WITHDRAWN] => withdrawal(bank().question(crate::TARGETS)?, &target_name(sheet, key)),
        ["targets", key, column] => {
            let question = bank().question(crate::TARGETS)?;
            // Of somebody's own words the key also names the author.
            let column = column.split('+').next().unwrap_or(column);
            cell(question, question.column(column)?, &target_name(sheet, key))
        }
        ["targets", key, table, _] if made => {
            let question = bank().question(crate::TARGETS)?;
            let table = question.column(table)?;
            of(question, format!("added a row to “{}” of {}", table.label, target_name(sheet, key)))
        }
        ["targets", key, table, _, WITHDRAWN] => {
            let question = bank().question(crate::TARGETS)?;
            let table = question.column(table)?;
            withdrawal(question, &format!("a row of “{}” of {}", table.label, target_name(sheet, key)))
        }
        ["targets", key, table, _, column] => {
            let question = bank().question(crate::TARGETS)?;
            let column = question.column(table)?.column(column)?;
            cell(question, column, &target_name(sheet, key))
        }
        ["comments", _, "question"] => match action {
            PatchAction::PutMap { value: (automerge::Value::Scalar(scalar), _), .. } => {
                let question = bank().question(scalar.as_str()?)?;
                of(question, format!("commented on “{}”", question.label))
            }
            _ => None,
        },
        _ => None,
    }
}

/// A row as people know it: by its natural key, without the author that is part of some.
fn row_name(key: &str) -> String {
    let is_id = |part: &&str| part.parse::<uuid::Uuid>().is_ok();
    let parts: Vec<&str> = key.split('+').filter(|part| !is_id(part)).collect();
    if parts.is_empty() { "a row".to_owned() } else { format!("“{}”", parts.join(", ").replace('-', " ")) }
}

/// A target as people know it: by its subject.
fn target_name(sheet: &Sheet<'_, Automerge>, key: &str) -> String {
    let targets: Vec<ObjId> = sheet.root("targets").into_iter().collect();
    let area = sheet.rows(&targets).get(key).and_then(|maps| sheet.puts(maps, "area", Kind::Text).pop());
    area.map_or_else(|| "a target".to_owned(), |put| format!("the target “{}”", put.value))
}
