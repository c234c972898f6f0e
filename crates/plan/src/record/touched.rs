//! What each change of a document did in which text, gathered once: a reading looks only at what is new.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use automerge::legacy::{ElementId, Key, ObjectId, OpType};
use automerge::{ActorId, Automerge, Change, ChangeHash, ObjId, ReadDoc, ScalarValue};

use crate::bank::{Question, bank};
use crate::document::{Choices, Put, Sheet};
use crate::pep::DocumentKind;
use crate::value::Value;

/// Most changes that took the same character away which are compared; a team is about so many people.
const DELETERS_MAX: usize = 8;
/// What comes and goes within one change, one operation after the other, where somebody settles how a text is to read.
pub(crate) const SETTLES: &str = " ";

/// What is known of the documents of one PEP, kept from one reading to the next (`Documents::known`). It is only quicker with it:
/// what is read is the same.
#[derive(Default)]
pub struct Known {
    documents: RefCell<BTreeMap<DocumentKind, Touched>>,
}

impl Known {
    /// What is known of a document, brought up to what it holds now.
    pub(crate) fn with<T>(
        &self,
        kind: DocumentKind,
        document: &Automerge,
        read: impl FnOnce(&mut Touched) -> T,
    ) -> Option<T> {
        let mut documents = self.documents.try_borrow_mut().ok()?;
        let known = documents.entry(kind).or_default();
        // An older version of the document is another document: what is kept stays for the newest.
        if !known.heads.iter().all(|head| document.get_change_meta_by_hash(head).is_some()) {
            return None;
        }
        known.update(document);
        Some(read(known))
    }
}

/// The name of a character, a text or a map: the operation that made it.
pub(crate) type Id = (u64, ActorId);

/// Where something was done.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Object {
    /// In this text or map.
    At(Id),
    /// Beside an answer: a text of the last PEP stands there until it is edited, and who edits it takes it away.
    Beside(String),
}

/// A change, as far as it matters here.
pub(crate) struct Node {
    pub(crate) hash: ChangeHash,
    /// Whose, by number.
    pub(crate) actor: usize,
    /// The how-manieth of that actor's, from 1.
    pub(crate) ordinal: u32,
    pub(crate) at: i64,
    deps: Vec<usize>,
    /// Of each actor, how many changes it rests on, itself included.
    seen: Vec<u32>,
}

/// What a change did in one place.
#[derive(Clone, Copy)]
pub(crate) struct Touch {
    pub(crate) change: usize,
    /// It put something in.
    pub(crate) inserted: bool,
    /// It says how this is to read, in the knowledge of all that it rests on.
    pub(crate) settles: bool,
}

/// Somebody's entry in a place that is the young person's, as one change made it.
#[derive(Clone)]
struct Entry {
    question: &'static Question,
    /// The operation: how many the document had seen, by its author.
    op: ObjId,
    /// Nothing where it was taken away.
    value: Option<Value>,
}

/// Everything that was done in one place.
#[derive(Default)]
pub(crate) struct Place {
    pub(crate) touches: Vec<Touch>,
    gone: BTreeMap<Id, Vec<usize>>,
    /// What two changes took away: who has seen a character go cannot take it away again, so they were made apart.
    pub(crate) twice: Vec<(usize, usize, Id)>,
}

/// What is known of one document.
#[derive(Default)]
pub(crate) struct Touched {
    pub(crate) nodes: Vec<Node>,
    pub(crate) actors: Vec<ActorId>,
    numbers: BTreeMap<ChangeHash, usize>,
    by_actor: BTreeMap<ActorId, (usize, u32)>,
    heads: Vec<ChangeHash>,
    /// From which change on it is known what they did; none where nobody ever wrote without having seen all the others.
    from: Option<usize>,
    pub(crate) places: BTreeMap<Object, Place>,
    /// Whether what two branches replaced is more than a few words, worked out once.
    pub(crate) much: BTreeMap<(ChangeHash, ChangeHash, usize), bool>,
    /// What changes of young people entered about their own part, by change; of those of others it is not known.
    entered: BTreeMap<usize, Vec<Entry>>,
}

impl Touched {
    /// Of a document that nothing is known of.
    pub(crate) fn of(document: &Automerge) -> Touched {
        let mut touched = Touched::default();
        touched.update(document);
        touched
    }

    fn update(&mut self, document: &Automerge) {
        let heads = document.get_heads();
        if heads == self.heads {
            return;
        }
        let (before, old_heads) = (self.nodes.len(), std::mem::replace(&mut self.heads, heads));
        for change in document.get_changes_meta(&old_heads) {
            self.add(change.hash, &change.actor, change.timestamp, &change.deps);
        }
        let Some(first) = self.first_apart() else { return };
        match self.from.filter(|from| *from <= first) {
            Some(_) => self.decode(document.get_changes(&old_heads), before),
            None => {
                // Everything before the first change that was made apart is behind all the others: one head stands for it.
                let last = first.checked_sub(1).and_then(|last| self.nodes.get(last));
                let behind: Vec<ChangeHash> = last.map(|node| node.hash).into_iter().collect();
                self.places.clear();
                self.from = Some(first);
                self.decode(document.get_changes(&behind), first);
            }
        }
    }

    fn add(&mut self, hash: ChangeHash, actor: &ActorId, at: i64, deps: &[ChangeHash]) {
        let number = self.nodes.len();
        if self.numbers.insert(hash, number).is_some() {
            return;
        }
        let actors = &mut self.actors;
        let (actor, ordinal) = self.by_actor.entry(actor.clone()).or_insert_with(|| {
            actors.push(actor.clone());
            (actors.len() - 1, 0)
        });
        *ordinal += 1;
        let (actor, ordinal) = (*actor, *ordinal);
        let deps: Vec<usize> = deps.iter().filter_map(|dep| self.numbers.get(dep)).copied().collect();
        let mut seen = vec![0; self.actors.len()];
        for dep in deps.iter().filter_map(|dep| self.nodes.get(*dep)) {
            seen.iter_mut().zip(&dep.seen).for_each(|(all, one)| *all = (*all).max(*one));
        }
        if let Some(own) = seen.get_mut(actor) {
            *own = ordinal;
        }
        self.nodes.push(Node { hash, actor, ordinal, at, deps, seen });
    }

    /// The first change that was made without some other: whoever writes alone, or in turn, is never looked at further.
    fn first_apart(&self) -> Option<usize> {
        // From the end, what nothing rests on yet. A change is behind all the later ones where it is the only one of these.
        let mut roots: BTreeSet<usize> = BTreeSet::new();
        let mut rested: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (number, node) in self.nodes.iter().enumerate() {
            node.deps.iter().for_each(|dep| rested.get_mut(*dep).into_iter().for_each(|all| all.push(number)));
        }
        let mut first = None;
        for (number, children) in rested.iter().enumerate().rev() {
            for child in children {
                roots.remove(child);
            }
            roots.insert(number);
            if roots.len() > 1 {
                first = Some(number);
            }
        }
        first
    }

    fn decode(&mut self, changes: Vec<Change>, from: usize) {
        for change in changes {
            let Some(number) = self.numbers.get(&change.hash()).copied().filter(|number| *number >= from) else {
                continue;
            };
            self.note(number, &change);
        }
    }

    fn note(&mut self, number: usize, change: &Change) {
        let actor = change.actor_id();
        let mut put_in: Option<(Id, bool)> = None;
        let mut emptied: BTreeSet<(Id, String)> = BTreeSet::new();
        for (op, counter) in change.decode().operations.into_iter().zip(change.start_op().get()..) {
            let ObjectId::Id(object) = &op.obj else { continue };
            let (object, before) = ((object.0, object.1.clone()), put_in.take());
            let deletes = op.action == OpType::Delete;
            let mut touch = Touch { change: number, inserted: op.insert, settles: false };
            let mut gone: Vec<Id> = Vec::new();
            let place = match &op.key {
                Key::Seq(element) => {
                    if let (true, ElementId::Id(element)) = (deletes, element) {
                        let element = (element.0, element.1.clone());
                        touch.settles = before.as_ref().is_some_and(|(last, space)| *last == element && *space);
                        gone.push(element);
                    }
                    let space = matches!(&op.action, OpType::Put(ScalarValue::Str(letter)) if letter == SETTLES);
                    put_in = op.insert.then(|| ((counter, actor.clone()), space));
                    Object::At(object)
                }
                Key::Map(key) if deletes && key.ends_with("~carried") => {
                    gone.extend(op.pred.iter().map(|pred| (pred.0, pred.1.clone())));
                    Object::Beside(key.to_string())
                }
                // A choice that is taken away and put again within one change is chosen anew.
                Key::Map(key) => {
                    touch.inserted = true;
                    let key = (object.clone(), key.to_string());
                    touch.settles = !deletes && op.pred.is_empty() && emptied.contains(&key);
                    if deletes {
                        emptied.insert(key);
                    }
                    Object::At(object)
                }
            };
            self.places.entry(place).or_default().take(touch, gone);
        }
    }

    /// What whoever `is_child` is true of chose last about their own part, by question.
    pub(crate) fn entered_by(&mut self, document: &Automerge, is_child: &dyn Fn(&[u8]) -> bool) -> Choices {
        let actors: BTreeSet<usize> =
            self.actors.iter().enumerate().filter(|(_, actor)| is_child(actor.to_bytes())).map(|(n, _)| n).collect();
        if actors.is_empty() {
            return Choices::new();
        }
        let theirs = self.nodes.iter().enumerate().filter(|(_, node)| actors.contains(&node.actor));
        let theirs: Vec<(usize, ChangeHash)> = theirs.map(|(number, node)| (number, node.hash)).collect();
        let mut entries: Vec<(usize, Entry)> = Vec::new();
        for (number, hash) in theirs {
            let made = self.entered.entry(number).or_insert_with(|| entered(document, &hash));
            entries.extend(made.iter().map(|entry| (number, entry.clone())));
        }
        // In the order of their operations where neither rests on the other, which is the same on every replica.
        entries.sort_by_key(|(_, entry)| operation(&entry.op));
        let mut choices = Choices::new();
        for (place, (number, entry)) in entries.iter().enumerate() {
            let mut later = entries.iter().skip(place + 1).filter(|(_, other)| other.question.id == entry.question.id);
            let replaced = later.any(|(other, _)| self.sees(*other, *number));
            if let (Some(value), false) = (&entry.value, replaced) {
                let chosen = choices.entry(entry.question.id.as_str()).or_default();
                if !chosen.iter().any(|put| put.value == *value) {
                    chosen.push(Put { value: value.clone(), op: entry.op.clone() });
                }
            }
        }
        choices
    }

    /// True if a change rests on another, or is it.
    pub(crate) fn sees(&self, change: usize, other: usize) -> bool {
        let (Some(change), Some(other)) = (self.nodes.get(change), self.nodes.get(other)) else { return false };
        change.seen.get(other.actor).is_some_and(|seen| *seen >= other.ordinal)
    }

    /// Which changes these heads rest on; `None`: all.
    pub(crate) fn behind(&self, heads: Option<&[ChangeHash]>) -> Option<Vec<u32>> {
        let mut all: Vec<u32> = vec![0; self.actors.len()];
        for node in heads?.iter().filter_map(|head| self.nodes.get(*self.numbers.get(head)?)) {
            all.iter_mut().zip(&node.seen).for_each(|(all, one)| *all = (*all).max(*one));
        }
        Some(all)
    }

    /// What a change rests on.
    pub(crate) fn deps(&self, change: usize) -> Vec<ChangeHash> {
        let deps = self.nodes.get(change).map_or(&[][..], |node| &node.deps);
        deps.iter().filter_map(|dep| self.nodes.get(*dep)).map(|node| node.hash).collect()
    }
}

impl Place {
    /// What these changes took away.
    pub(crate) fn gone_by(&self, changes: &BTreeSet<usize>) -> BTreeSet<Id> {
        let by = |all: &Vec<usize>| all.iter().any(|change| changes.contains(change));
        self.gone.iter().filter(|(_, all)| by(all)).map(|(element, _)| element.clone()).collect()
    }

    fn take(&mut self, touch: Touch, gone: Vec<Id>) {
        match self.touches.last_mut().filter(|last| last.change == touch.change) {
            Some(last) => {
                last.inserted |= touch.inserted;
                last.settles |= touch.settles;
            }
            None => self.touches.push(touch),
        }
        for element in gone {
            let by = self.gone.entry(element.clone()).or_default();
            if by.len() < DELETERS_MAX && !by.contains(&touch.change) {
                self.twice.extend(by.iter().map(|other| (*other, touch.change, element.clone())));
                by.push(touch.change);
            }
        }
    }
}

fn operation(op: &ObjId) -> Option<Id> {
    match op {
        ObjId::Id(counter, actor, _) => Some((*counter, actor.clone())),
        ObjId::Root => None,
    }
}

/// What a change entered about the young person's own part, in its order.
fn entered(document: &Automerge, hash: &ChangeHash) -> Vec<Entry> {
    let Some(ObjId::Id(counter, actor, _)) = Sheet::now(document).root("answers") else { return Vec::new() };
    let Some(change) = document.get_change_by_hash(hash) else { return Vec::new() };
    let mut entries = Vec::new();
    for (op, number) in change.decode().operations.into_iter().zip(change.start_op().get()..) {
        let (ObjectId::Id(object), Key::Map(key)) = (&op.obj, &op.key) else { continue };
        if (object.0, &object.1) != (counter, &actor) {
            continue;
        }
        let Some(question) = bank().question(key.as_str()).filter(|question| question.is_childs_choice()) else {
            continue;
        };
        let value = match &op.action {
            OpType::Put(scalar) => Value::read(question.kind, scalar),
            OpType::Delete => None,
            _ => continue,
        };
        let op = ObjId::Id(number, change.actor_id().clone(), 0);
        entries.push(Entry { question, op, value });
    }
    entries
}
