//! Who changed what, in sentences.
//!
//! Told from what each change did, not from how documents differ: a comparison for every change of a long plan costs minutes.

use std::collections::{BTreeMap, BTreeSet};

use automerge::legacy::{ElementId, Key, ObjectId, Op, OpId, OpType};
use automerge::{
    ActorId, Automerge, Change, ChangeHash, ObjId, Patch, PatchAction, Prop, ReadDoc, ScalarValue, ScalarValueRef,
    ValueRef,
};

use uuid::Uuid;

use crate::bank::{Column, Kind, Question, RowKey, bank};
use crate::document::{Sheet, WITHDRAWN};
use crate::excuse::NoAnswer;
use crate::quality::RETURNED;
use crate::signoff::is_seen;
use crate::value::{Value, withhold};
use crate::view::{Authors, Who, carried_text};

/// What one device did with no longer pause than this, in seconds, is one entry: typing makes many changes.
const SITTING: i64 = 15 * 60;
/// The same where one question is looked at closely: people look for a version to have it back.
const PAUSE: i64 = 2 * 60;
/// A change that takes so many characters away begins an entry there: what stood before it is most often what is wanted back.
const TAKEN_AWAY: usize = 40;

/// What one person did at a stretch.
#[derive(Clone)]
pub struct Entry {
    /// When it began, by the author's clock, in seconds since 1970.
    pub began: i64,
    /// When it ended, likewise.
    pub at: i64,
    /// Who, if the roster knows them.
    pub by: Option<Who>,
    /// What, in the order it was done; the same at the same place only once.
    pub deeds: Vec<Deed>,
    /// The last change of it: the document as it was then is what this change and all before it say.
    pub change: ChangeHash,
    /// What its first change rests on.
    before: Vec<ChangeHash>,
    actor: ActorId,
}

/// One thing somebody did.
#[derive(Clone)]
pub struct Deed {
    /// The question it is about.
    pub question: &'static str,
    /// The place, as `Edit` takes it. It holds row keys, and these may hold names: not for logs.
    pub place: String,
    /// A sentence without its subject: `wrote in “What is going well”`.
    pub sentence: String,
    /// What of it everybody looks for.
    pub mark: Option<Mark>,
    /// The text that was written in, and the characters that were taken from it.
    text: Option<(ObjId, BTreeSet<(u64, ActorId)>)>,
}

/// What stands out in the history of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Somebody said that the meeting has been held.
    MeetingHeld,
    /// Somebody said that their part is complete.
    Completed,
    /// The young person or the carer has seen the plan.
    Seen,
    /// The Virtual School sent it back.
    SentBack,
    /// The Virtual School signed it off.
    SignedOff,
}

withhold!(Entry, Deed);

impl Entry {
    /// The text that a deed wrote in, before and after, in the light of this author alone: what others put in meanwhile stands
    /// in both, and what others took away in neither. `None` where the deed is about no text.
    pub fn wrote(&self, document: &Automerge, deed: &Deed) -> Option<(String, String)> {
        let (text, gone) = deed.text.as_ref()?;
        let letters = |heads: &[ChangeHash]| -> Vec<((u64, ActorId), String)> {
            let items = document.list_range_at(text, .., heads);
            let letter = |item: automerge::iter::ListRangeItem<'_>| match (item.id(), &item.value) {
                (ObjId::Id(counter, actor, _), ValueRef::Scalar(ScalarValueRef::Str(letter))) => {
                    Some(((counter, actor), letter.to_string()))
                }
                _ => None,
            };
            items.filter_map(letter).collect()
        };
        let (old, new) = (letters(&self.before), letters(&[self.change]));
        let question = bank().question(deed.question)?;
        if let (true, Some(carried)) = (old.is_empty(), carried_text(&Sheet::at(document, &self.before), question)) {
            // It stood beside the answer until it was edited.
            return Some((carried, new.into_iter().map(|(_, letter)| letter).collect()));
        }
        let known: BTreeSet<&(u64, ActorId)> = old.iter().map(|(id, _)| id).collect();
        let stays: BTreeSet<&(u64, ActorId)> = new.iter().map(|(id, _)| id).filter(|id| known.contains(id)).collect();
        let (mut before, mut after) = (String::new(), String::new());
        let mut new = new.iter().peekable();
        let mut put_in = |before: &mut String, after: &mut String| {
            while let Some((id, letter)) = new.next_if(|(id, _)| !known.contains(id)) {
                after.push_str(letter);
                if id.1 != self.actor {
                    before.push_str(letter);
                }
            }
            new.next();
        };
        for (id, letter) in &old {
            if stays.contains(id) {
                put_in(&mut before, &mut after);
                before.push_str(letter);
                after.push_str(letter);
            } else if gone.contains(id) {
                before.push_str(letter);
            }
        }
        put_in(&mut before, &mut after);
        Some((before, after))
    }
}

/// What happened in a document, by when it ended, the oldest first; with `question`, only what concerns that one, in smaller
/// pieces.
pub fn history(document: &Automerge, authors: Authors<'_>, question: Option<&str>) -> Vec<Entry> {
    entries(document, authors, question, &|_| true)
}

/// What others than `person` did in a document that does not rest on these heads, by when it ended, the oldest first. Heads that it
/// does not have are left out of account. Where they did nothing no change is decoded.
pub fn news(document: &Automerge, authors: Authors<'_>, seen: &[ChangeHash], person: Option<Uuid>) -> Vec<Entry> {
    let known: Vec<ChangeHash> =
        seen.iter().copied().filter(|head| document.get_change_meta_by_hash(head).is_some()).collect();
    // A document has many changes and few authors.
    let mut own: BTreeMap<ActorId, bool> = BTreeMap::new();
    let mut is_own = |actor: &ActorId| {
        let of = || authors(actor.to_bytes()).is_some_and(|who| Some(who.person) == person);
        *own.entry(actor.clone()).or_insert_with(of)
    };
    let new = document.get_changes_meta(&known).into_iter();
    let new: BTreeSet<ChangeHash> = new.filter(|change| !is_own(&change.actor)).map(|change| change.hash).collect();
    if new.is_empty() {
        return Vec::new();
    }
    entries(document, authors, None, &|hash| new.contains(hash))
}

/// What one change did; `None` where it is not in the document, or says nothing to people.
pub fn told_of(document: &Automerge, authors: Authors<'_>, change: &ChangeHash) -> Option<Entry> {
    entries(document, authors, None, &|hash| hash == change).pop()
}

fn entries(
    document: &Automerge,
    authors: Authors<'_>,
    question: Option<&str>,
    wanted: &dyn Fn(&ChangeHash) -> bool,
) -> Vec<Entry> {
    let pause = if question.is_some() { PAUSE } else { SITTING };
    let mut entries: Vec<Entry> = Vec::new();
    let mut last: BTreeMap<ActorId, usize> = BTreeMap::new();
    let mut known = Known::default();
    for change in document.get_changes(&[]) {
        let deeds = known.deeds(&change, question);
        if deeds.is_empty() || !wanted(&change.hash()) {
            continue;
        }
        let (actor, at) = (change.actor_id(), change.timestamp());
        let taken = |deed: &Deed| deed.text.as_ref().map_or(0, |(_, gone)| gone.len());
        let much = question.is_some() && deeds.iter().any(|deed| taken(deed) >= TAKEN_AWAY);
        let open = last.get(actor).and_then(|number| entries.get_mut(*number));
        match open.filter(|open| !much && at.saturating_sub(open.at) <= pause) {
            Some(open) => {
                open.at = at.max(open.at);
                open.change = change.hash();
                deeds.into_iter().for_each(|deed| open.take(deed));
            }
            None => {
                last.insert(actor.clone(), entries.len());
                entries.push(Entry {
                    began: at,
                    at,
                    by: authors(actor.to_bytes()),
                    deeds,
                    change: change.hash(),
                    before: change.deps().to_vec(),
                    actor: actor.clone(),
                });
            }
        }
    }
    entries.sort_by_key(|entry| entry.at);
    entries
}

impl Entry {
    fn take(&mut self, deed: Deed) {
        let same = |known: &&mut Deed| known.place == deed.place && known.sentence == deed.sentence;
        match (self.deeds.iter_mut().find(same), deed.text) {
            (Some(known), Some((_, gone))) => {
                known.text.iter_mut().for_each(|(_, all)| all.extend(gone.iter().cloned()));
            }
            (Some(_), None) => {}
            (None, text) => self.deeds.push(Deed { text, ..deed }),
        }
    }
}

/// What is known of a document up to a change.
#[derive(Default)]
struct Known {
    /// Where each object stands.
    paths: BTreeMap<(u64, ActorId), Vec<String>>,
    /// The subjects of targets, by which people know them.
    areas: BTreeMap<String, String>,
    /// The cells by which people know a row: by table and key, in the order of the table's columns.
    rows: BTreeMap<(String, String), BTreeMap<usize, String>>,
}

impl Known {
    /// Remembers what people know a target or a row by.
    fn names(&mut self, path: &[String], act: &Act) {
        let Act::Put(value) = act else { return };
        match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["targets", key, "area"] => {
                let area = Value::read(Kind::Text, value).map_or_else(String::new, |area| area.to_string());
                self.areas.insert((*key).to_owned(), area);
            }
            ["answers", table, row, column] => {
                let cell = bank().question(table).and_then(|table| names_row(table, column, value));
                if let Some((place, said)) = cell {
                    self.rows.entry(((*table).to_owned(), (*row).to_owned())).or_default().insert(place, said);
                }
            }
            _ => {}
        }
    }

    /// What a change did, and what it makes known.
    fn deeds(&mut self, change: &Change, question: Option<&str>) -> Vec<Deed> {
        let actor = change.actor_id();
        let mut told = Vec::new();
        let mut added: Vec<Vec<String>> = Vec::new();
        for (op, counter) in change.decode().operations.into_iter().zip(change.start_op().get()..) {
            let object = match &op.obj {
                ObjectId::Root => None,
                ObjectId::Id(id) => Some((id.counter(), id.actor().clone())),
            };
            let Some(mut path) = object.as_ref().map_or(Some(Vec::new()), |id| self.paths.get(id).cloned()) else {
                continue;
            };
            if let Key::Map(key) = &op.key {
                path.push(key.to_string());
            }
            let act = Act::of(&op);
            if act == Act::Made {
                self.paths.insert((counter, actor.clone()), path.clone());
                added.extend(is_row(&path).then(|| path.clone()));
            }
            self.names(&path, &act);
            told.push((path, act, object, removed(&op)));
        }
        choices(&mut told);
        // The genesis has no author and says nothing.
        if change.deps().is_empty() {
            return Vec::new();
        }
        let target = |key: &str| target_name(self.areas.get(key).map(String::as_str));
        let row = |table: &Question, key: &str| {
            let cells = self.rows.get(&(table.id.clone(), key.to_owned()));
            cells.map_or_else(|| row_name(key), |cells| quoted(cells.values().map(String::as_str)))
        };
        let name = Names { target: &target, row: &row };
        let mut deeds: Vec<Deed> = Vec::new();
        for (path, act, object, gone) in told {
            // The cells of a row that is new go without saying.
            if added.iter().any(|row| path.len() > row.len() && path.starts_with(row)) {
                continue;
            }
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let Some((about, sentence)) = sentence(&name, &path, &act) else { continue };
            if question.is_some_and(|wanted| wanted != about) {
                continue;
            }
            let place = place(&path);
            let text = match (&act, object) {
                (Act::Wrote, Some((counter, actor))) => Some((ObjId::Id(counter, actor, 0), BTreeSet::new())),
                _ => None,
            };
            let at = deeds.iter().position(|deed| deed.place == place && deed.sentence == sentence);
            let at = at.unwrap_or_else(|| {
                let mark = mark(&path, &act);
                deeds.push(Deed { question: about, place, sentence, mark, text });
                deeds.len() - 1
            });
            if let (Some((_, all)), Some(gone)) = (deeds.get_mut(at).and_then(|deed| deed.text.as_mut()), gone) {
                all.insert(gone);
            }
        }
        deeds
    }
}

/// What one operation did: where, what, to which object, and which character it took away.
type Told = (Vec<String>, Act, Option<(u64, ActorId)>, Option<(u64, ActorId)>);

/// A choice between what people entered apart takes all of it away and puts a value that replaces nothing: one deed, not two.
fn choices(told: &mut Vec<Told>) {
    let removed: BTreeSet<Vec<String>> =
        told.iter().filter(|(_, act, ..)| *act == Act::Removed).map(|(path, ..)| path.clone()).collect();
    let mut chosen: BTreeSet<Vec<String>> = BTreeSet::new();
    for (path, act, ..) in told.iter_mut() {
        if let Act::Put(value) = act
            && removed.contains(path)
        {
            *act = Act::Chose(value.clone());
            chosen.insert(path.clone());
        }
    }
    told.retain(|(path, act, ..)| *act != Act::Removed || !chosen.contains(path));
    // Confirming what came from the last PEP says it anew: that is one deed, too.
    let mut confirmed: BTreeMap<Vec<String>, ScalarValue> = BTreeMap::new();
    told.retain(|(path, act, ..)| {
        let ask = path.split_last().map(|(last, rest)| [rest, &[format!("{last}~ask")]].concat());
        match (act, ask.filter(|ask| removed.contains(ask))) {
            (Act::Chose(value), Some(ask)) => {
                confirmed.insert(ask, value.clone());
                false
            }
            _ => true,
        }
    });
    for (path, act, ..) in told.iter_mut() {
        if let Some(value) = confirmed.remove(path) {
            *act = Act::Chose(value);
        }
    }
}

/// What an operation, or a difference, does at its place.
#[derive(PartialEq)]
enum Act {
    Put(ScalarValue),
    /// One of the values that people entered apart, or another in their place, by somebody who saw them.
    Chose(ScalarValue),
    /// A map or a text came to be.
    Made,
    /// What stood there is gone.
    Removed,
    /// A text was changed.
    Wrote,
    Nothing,
}

impl Act {
    fn of(op: &Op) -> Act {
        match (&op.key, &op.action) {
            (Key::Map(_), OpType::Put(value)) => Act::Put(value.clone()),
            (Key::Map(_), OpType::Make(_)) => Act::Made,
            (Key::Map(_), OpType::Delete) => Act::Removed,
            (Key::Seq(_), OpType::Put(_) | OpType::Delete) => Act::Wrote,
            _ => Act::Nothing,
        }
    }

    fn between(patch: &PatchAction) -> Act {
        match patch {
            PatchAction::PutMap { value: (automerge::Value::Scalar(value), _), .. } => Act::Put(value.as_ref().clone()),
            PatchAction::PutMap { value: (automerge::Value::Object(_), _), .. } => Act::Made,
            PatchAction::DeleteMap { .. } => Act::Removed,
            PatchAction::SpliceText { .. } | PatchAction::DeleteSeq { .. } => Act::Wrote,
            _ => Act::Nothing,
        }
    }
}

/// The character that an operation takes out of a text.
fn removed(op: &Op) -> Option<(u64, ActorId)> {
    match (&op.key, &op.action) {
        (Key::Seq(ElementId::Id(OpId(counter, actor))), OpType::Delete) => Some((*counter, actor.clone())),
        _ => None,
    }
}

/// A path as `Edit` names the place.
fn place(path: &[&str]) -> String {
    match *path {
        // Beside an answer: why there is none, or what the last plan said.
        ["answers", id] => id.split('~').next().unwrap_or(id).to_owned(),
        // An entry in somebody's own words is its author's.
        ["answers", id, _] if bank().question(id).is_some_and(|question| question.columns.is_empty()) => id.to_owned(),
        ["signOffs", id, ..] => id.to_owned(),
        // Of somebody's own words within a target the key also names the author.
        ["targets", key, column] => [crate::TARGETS, key, column.split('+').next().unwrap_or(column)].join("/"),
        ["targets", ref rest @ ..] => [&[crate::TARGETS], rest].concat().join("/"),
        ["answers", ref rest @ ..] => rest.join("/"),
        ref path => path.join("/"),
    }
}

fn mark(path: &[&str], act: &Act) -> Option<Mark> {
    match (path, act) {
        (
            ["answers", "meeting.held"],
            Act::Put(ScalarValue::Boolean(true)) | Act::Chose(ScalarValue::Boolean(true)),
        ) => Some(Mark::MeetingHeld),
        (["answers", RETURNED, _], Act::Made) => Some(Mark::SentBack),
        (["signOffs", "signoff.vs", _], Act::Made) => Some(Mark::SignedOff),
        (["signOffs", id, _], Act::Made) if is_seen(id) => Some(Mark::Seen),
        (["signOffs", _, _], Act::Made) => Some(Mark::Completed),
        _ => None,
    }
}

/// What differs between two versions of a document, in sentences. `to: None` is now. `None` if a head is not in the document.
pub fn difference(document: &Automerge, from: &[ChangeHash], to: Option<&[ChangeHash]>) -> Option<Vec<String>> {
    let present = document.get_heads();
    let to = to.unwrap_or(&present);
    let known = |hash: &ChangeHash| document.get_change_meta_by_hash(hash).is_some();
    (from.iter().all(known) && to.iter().all(known)).then(|| sentences(document, from, to))
}

/// An answer that differs between two versions of a document.
#[derive(Clone, PartialEq, Eq)]
pub struct Answered {
    /// The question; of a target `targets.list`.
    pub question: &'static str,
    /// What people know it by: the question's label, or the target.
    pub name: String,
}

withhold!(Answered);

/// The answers that differ between a version and now, in the order of their places: a question once, however many of its rows,
/// and each target.
pub fn answers_between(document: &Automerge, from: &[ChangeHash]) -> Vec<Answered> {
    let to = document.get_heads();
    let sheet = Sheet::at(document, &to);
    let mut found: BTreeMap<String, Answered> = BTreeMap::new();
    for patch in document.diff(from, &to) {
        let path = path_of(&patch);
        let (key, id, target) = match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["answers", id, ..] => (id.split('~').next().unwrap_or(id).to_owned(), *id, None),
            ["signOffs", id, ..] => ((*id).to_owned(), *id, None),
            ["targets", key, ..] => (format!("{}/{key}", crate::TARGETS), crate::TARGETS, Some(*key)),
            ["comments", key, "question"] => match Act::between(&patch.action) {
                Act::Put(ScalarValue::Str(id)) => {
                    if let Some(question) = bank().question(id.as_str()) {
                        let name = format!("Comment on “{}”", question.label);
                        found.insert(format!("~{key}"), Answered { question: question.id.as_str(), name });
                    }
                    continue;
                }
                _ => continue,
            },
            _ => continue,
        };
        let Some(question) = bank().question(id.split('~').next().unwrap_or(id)) else { continue };
        let name = match target {
            None => question.label.clone(),
            Some(key) => area(&sheet, key).map_or_else(|| "A target".to_owned(), |area| format!("Target “{area}”")),
        };
        found.entry(key).or_insert(Answered { question: question.id.as_str(), name });
    }
    found.into_values().collect()
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

fn sentences(document: &Automerge, from: &[ChangeHash], to: &[ChangeHash]) -> Vec<String> {
    let sheet = Sheet::at(document, to);
    let target = |key: &str| target_name(area(&sheet, key).as_deref());
    let row = |table: &Question, key: &str| row_of(&sheet, table, key).unwrap_or_else(|| row_name(key));
    let name = Names { target: &target, row: &row };
    let patches: Vec<(Vec<String>, Act)> =
        document.diff(from, to).iter().map(|patch| (path_of(patch), Act::between(&patch.action))).collect();
    let added: Vec<&Vec<String>> =
        patches.iter().filter(|(path, act)| *act == Act::Made && is_row(path)).map(|(path, _)| path).collect();
    let mut sentences: Vec<String> = Vec::new();
    for (path, act) in &patches {
        // The cells of a row that is new go without saying.
        let within_new = added.iter().any(|row| path.len() > row.len() && path.starts_with(row));
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let said = if within_new { None } else { sentence(&name, &path, act) };
        sentences.extend(said.map(|(_, sentence)| sentence).filter(|said| !sentences.contains(said)));
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

/// Whether what is made at a path is a row or a target.
fn is_row(path: &[String]) -> bool {
    match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        // An entry in somebody's own words is no row: what was written in it is the news.
        ["answers", id, _] => bank().question(id).is_some_and(|question| !question.columns.is_empty()),
        ["targets", _] | ["targets", _, _, _] => true,
        _ => false,
    }
}

/// How people know what has a key.
struct Names<'a> {
    /// A target.
    target: &'a dyn Fn(&str) -> String,
    /// A row of a table.
    row: &'a dyn Fn(&Question, &str) -> String,
}

/// The question that something was done about and what it says; nothing where it says nothing to people.
fn sentence(names: &Names<'_>, path: &[&str], act: &Act) -> Option<(&'static str, String)> {
    let (target_name, row_name) = (names.target, names.row);
    let value = |kind: Kind, options: &dyn Fn(&str) -> String| match act {
        Act::Put(scalar) | Act::Chose(scalar) => Some(match Value::read(kind, scalar)? {
            Value::Choice(word) => options(&word),
            Value::Set(words) => words.iter().map(|word| options(word)).collect::<Vec<_>>().join(", "),
            value => said(&value),
        }),
        _ => None,
    };
    let (wrote, removed, made) = (*act == Act::Wrote, *act == Act::Removed, *act == Act::Made);
    let chose = matches!(act, Act::Chose(_));
    let of = |question: &'static Question, sentence: String| Some((question.id.as_str(), sentence));
    let cell = |question: &'static Question, column: &Column, row: &str| {
        let place = format!("“{}” of {row} in “{}”", column.label, question.label);
        match value(column.kind, &|word| column.label_of(word).to_owned()) {
            Some(value) if chose => of(question, format!("chose {value} for {place}")),
            Some(value) => of(question, format!("changed {place} to {value}")),
            None if wrote => of(question, format!("wrote in {place}")),
            None if removed => of(question, format!("emptied {place}")),
            None => None,
        }
    };
    let kept = matches!(act, Act::Put(ScalarValue::Boolean(false)) | Act::Chose(ScalarValue::Boolean(false)));
    let withdrawal = |question: &'static Question, row: &str| match removed {
        _ if kept => of(question, format!("kept {row} in “{}”", question.label)),
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
                let said = value(question.kind, &|word| question.label_of(word).to_owned()).filter(|_| chose);
                return match said {
                    Some(value) => of(question, format!("confirmed “{}”: {value}", question.label)),
                    None if removed => of(question, format!("confirmed “{}”", question.label)),
                    None => None,
                };
            }
            let question = bank().question(id)?;
            if question.kind == Kind::Picture && !removed {
                return of(question, format!("added a picture to “{}”", question.label));
            }
            match value(question.kind, &|word| question.label_of(word).to_owned()) {
                Some(value) if chose => of(question, format!("chose {value} in “{}”", question.label)),
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
                    of(question, format!("added {} to “{}”", row_name(question, key), question.label))
                }
                _ if wrote => of(question, format!("wrote in “{}”", question.label)),
                _ => None,
            }
        }
        ["answers", id, row, WITHDRAWN] => {
            let question = bank().question(id)?;
            withdrawal(question, &row_name(question, row))
        }
        ["answers", id, row, column] => {
            let question = bank().question(id)?;
            cell(question, question.column(column)?, &row_name(question, row))
        }
        ["targets", key] if made => {
            let question = bank().question(crate::TARGETS)?;
            of(question, format!("added {} to “{}”", target_name(key), question.label))
        }
        ["targets", key, WITHDRAWN] => withdrawal(bank().question(crate::TARGETS)?, &target_name(key)),
        ["targets", key, column] => {
            let question = bank().question(crate::TARGETS)?;
            // Of somebody's own words the key also names the author.
            let column = column.split('+').next().unwrap_or(column);
            cell(question, question.column(column)?, &target_name(key))
        }
        ["targets", key, table, _] if made => {
            let question = bank().question(crate::TARGETS)?;
            let table = question.column(table)?;
            of(question, format!("added a row to “{}” of {}", table.label, target_name(key)))
        }
        ["targets", key, table, _, WITHDRAWN] => {
            let question = bank().question(crate::TARGETS)?;
            let table = question.column(table)?;
            withdrawal(question, &format!("a row of “{}” of {}", table.label, target_name(key)))
        }
        ["targets", key, table, _, column] => {
            let question = bank().question(crate::TARGETS)?;
            let column = question.column(table)?.column(column)?;
            cell(question, column, &target_name(key))
        }
        ["comments", _, "question"] => {
            let question = bank().question(&value(Kind::Text, &str::to_owned)?)?;
            of(question, format!("commented on “{}”", question.label))
        }
        ["signOffs", id, _] if made => {
            let question = bank().question(id).filter(|question| question.is_sign_off())?;
            of(question, format!("signed “{}”", question.label))
        }
        _ => None,
    }
}

/// A value as people say it.
fn said(value: &Value) -> String {
    match value {
        Value::Date(day) => day.format("%-d %B %Y").to_string(),
        Value::Money(pence) => crate::value::pounds(*pence),
        value => value.to_string(),
    }
}

/// A cell that is part of what people know a row by: its place among the table's columns, and what it says.
fn names_row(table: &Question, column: &str, value: &ScalarValue) -> Option<(usize, String)> {
    let RowKey::Natural(columns) = &table.row_key else { return None };
    let column = table.column(column).filter(|column| columns.contains(&column.id))?;
    let place = table.columns.iter().position(|other| other.id == column.id)?;
    let words = match Value::read(column.kind, value)? {
        Value::Choice(word) => column.label_of(&word).to_owned(),
        value => said(&value),
    };
    (!words.trim().is_empty()).then_some((place, words))
}

/// A row as people know it, by its cells as they are.
fn row_of(sheet: &Sheet<'_, Automerge>, table: &Question, key: &str) -> Option<String> {
    let RowKey::Natural(columns) = &table.row_key else { return None };
    let tables: Vec<ObjId> = sheet.answer(&table.id, automerge::ObjType::Map).into_iter().collect();
    let rows = sheet.rows(&tables);
    let maps = rows.get(key)?;
    let words: Vec<String> = table
        .columns
        .iter()
        .filter(|column| columns.contains(&column.id))
        .filter_map(|column| {
            let put = sheet.puts(maps, &column.id, column.kind).pop()?;
            Some(match put.value {
                Value::Choice(word) => column.label_of(&word).to_owned(),
                value => said(&value),
            })
        })
        .collect();
    (!words.is_empty()).then(|| quoted(words.iter().map(String::as_str)))
}

fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    format!("“{}”", words.collect::<Vec<_>>().join(", "))
}

/// A row whose cells say nothing: by its natural key, without the author that is part of some.
fn row_name(key: &str) -> String {
    let is_id = |part: &&str| part.parse::<uuid::Uuid>().is_ok();
    let parts: Vec<&str> = key.split('+').filter(|part| !is_id(part)).collect();
    if parts.is_empty() { "a row".to_owned() } else { format!("“{}”", parts.join(", ").replace('-', " ")) }
}

/// What a target is about, where that is said.
fn area(sheet: &Sheet<'_, Automerge>, key: &str) -> Option<String> {
    let targets: Vec<ObjId> = sheet.root("targets").into_iter().collect();
    let put = sheet.rows(&targets).get(key).and_then(|maps| sheet.puts(maps, "area", Kind::Text).pop());
    put.map(|put| put.value.to_string()).filter(|area| !area.is_empty())
}

/// A target as people know it: by its subject.
fn target_name(area: Option<&str>) -> String {
    area.filter(|area| !area.is_empty()).map_or_else(|| "a target".to_owned(), |area| format!("the target “{area}”"))
}
