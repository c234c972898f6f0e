//! Reading what is in a document, whatever is in it: nothing here fails, and nothing here trusts the shape.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use automerge::transaction::Transaction;
use automerge::{Automerge, ChangeHash, ObjId, ObjType, ROOT, ReadDoc, ScalarValue};

use crate::bank::{Column, Kind};
use crate::value::Value;

/// The key that marks a row or target as withdrawn.
pub(crate) const WITHDRAWN: &str = "withdrawn";

/// A document as it is now, or as it was at some heads. `R` is a document or a transaction in one.
pub(crate) struct Sheet<'a, R> {
    document: &'a R,
    at: Option<&'a [ChangeHash]>,
    kept: Option<&'a Kept>,
    /// What the young person chose, where somebody else put something in its place.
    childs: Option<&'a Choices>,
}

/// A document, or a transaction in one, that can tell which change made an operation.
pub(crate) trait Source: ReadDoc {
    /// The change; `None` of one that is not finished.
    fn change_of(&self, op: &ObjId) -> Option<ChangeHash>;
}

impl Source for Automerge {
    fn change_of(&self, op: &ObjId) -> Option<ChangeHash> {
        self.hash_for_opid(op)
    }
}

impl Source for Transaction<'_> {
    fn change_of(&self, op: &ObjId) -> Option<ChangeHash> {
        self.hash_for_opid(op)
    }
}

/// What has been read of one document as it stands, map by map: looking up key by key costs a search each. For one reading; a
/// document that changes needs another.
#[derive(Default)]
pub(crate) struct Kept {
    maps: RefCell<BTreeMap<ObjId, Rc<Entries>>>,
}

type Entries = BTreeMap<String, Vec<(automerge::Value<'static>, ObjId)>>;

// By hand, because deriving would ask the document itself to be `Copy`.
impl<R> Clone for Sheet<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Sheet<'_, R> {}

/// What somebody put in one place, and the operation that put it there.
#[derive(Clone)]
pub(crate) struct Put {
    pub(crate) value: Value,
    pub(crate) op: ObjId,
}

/// By question, what the young person chose about their own part: several values only where they did so on two devices apart.
pub(crate) type Choices = BTreeMap<&'static str, Vec<Put>>;

impl<'a, R: ReadDoc> Sheet<'a, R> {
    pub(crate) fn now(document: &'a R) -> Sheet<'a, R> {
        Sheet { document, at: None, kept: None, childs: None }
    }

    pub(crate) fn at(document: &'a R, heads: &'a [ChangeHash]) -> Sheet<'a, R> {
        Sheet { document, at: Some(heads), kept: None, childs: None }
    }

    /// The same, remembering what it has read.
    pub(crate) fn keeping(self, kept: &'a Kept) -> Sheet<'a, R> {
        Sheet { kept: Some(kept), ..self }
    }

    /// The same, where what the young person chose about their own part stands.
    pub(crate) fn choosing(self, childs: Option<&'a Choices>) -> Sheet<'a, R> {
        Sheet { childs, ..self }
    }

    /// The map at a key of the root.
    pub(crate) fn root(&self, key: &str) -> Option<ObjId> {
        self.objects(&ROOT, key, ObjType::Map).pop()
    }

    /// The objects of this type at a key: several where people made them apart; the one that wins is the last.
    pub(crate) fn objects(&self, map: &ObjId, key: &str, kind: ObjType) -> Vec<ObjId> {
        let all = self.all(map, key).into_iter();
        all.filter(|(value, _)| matches!(value, automerge::Value::Object(found) if *found == kind))
            .map(|(_, id)| id)
            .collect()
    }

    /// The container of an answer.
    pub(crate) fn answer(&self, question: &str, kind: ObjType) -> Option<ObjId> {
        self.objects(&self.root("answers")?, question, kind).pop()
    }

    /// The keys of a map, in order.
    pub(crate) fn keys(&self, map: &ObjId) -> Vec<String> {
        if let Some(kept) = self.kept {
            return self.entries(kept, map).keys().cloned().collect();
        }
        match self.at {
            Some(heads) => self.document.keys_at(map, heads).collect(),
            None => self.document.keys(map).collect(),
        }
    }

    pub(crate) fn text(&self, text: &ObjId) -> String {
        let found = match self.at {
            Some(heads) => self.document.text_at(text, heads),
            None => self.document.text(text),
        };
        found.unwrap_or_default()
    }

    /// The different values at a key of these maps, which are one map that people made apart. In the order of their
    /// operations, which is the same on every replica; of equal values the first.
    pub(crate) fn puts(&self, maps: &[ObjId], key: &str, kind: Kind) -> Vec<Put> {
        let mut puts: Vec<Put> = Vec::new();
        for (value, op) in maps.iter().flat_map(|map| self.all(map, key)) {
            let automerge::Value::Scalar(scalar) = value else { continue };
            let Some(value) = Value::read(kind, &scalar) else { continue };
            if !puts.iter().any(|put| put.value == value) {
                puts.push(Put { value, op });
            }
        }
        puts
    }

    /// The different values of an answer that is kept as a plain value.
    pub(crate) fn plain(&self, question: &str, kind: Kind) -> Vec<Put> {
        if let Some(chosen) = self.childs.and_then(|childs| childs.get(question)) {
            return chosen.clone();
        }
        self.root("answers").map_or_else(Vec::new, |answers| self.puts(&[answers], question, kind))
    }

    /// The rows of a table: for each key the row maps people made for it, the winning one last.
    pub(crate) fn rows(&self, tables: &[ObjId]) -> BTreeMap<String, Vec<ObjId>> {
        let mut rows: BTreeMap<String, Vec<ObjId>> = BTreeMap::new();
        for table in tables {
            for key in self.keys(table) {
                let maps = self.objects(table, &key, ObjType::Map);
                if !maps.is_empty() {
                    rows.entry(key).or_default().extend(maps);
                }
            }
        }
        rows
    }

    /// The rows of a table that are not withdrawn.
    pub(crate) fn live_rows(&self, tables: &[ObjId]) -> BTreeMap<String, Vec<ObjId>> {
        let mut rows = self.rows(tables);
        rows.retain(|_, maps| self.withdrawals(maps).is_empty());
        rows
    }

    /// The operations that withdrew a row or a target.
    pub(crate) fn withdrawals(&self, maps: &[ObjId]) -> Vec<ObjId> {
        let marks = maps.iter().flat_map(|map| self.all(map, WITHDRAWN));
        marks.filter(|(value, _)| is_true(value)).map(|(_, op)| op).collect()
    }

    /// True where somebody chose to keep a row or a target that somebody else withdrew, and neither knew of the other.
    pub(crate) fn kept_apart(&self, maps: &[ObjId]) -> bool {
        self.kept_on_purpose(maps) && !self.withdrawals(maps).is_empty()
    }

    /// True where somebody chose to keep a row or a target.
    pub(crate) fn kept_on_purpose(&self, maps: &[ObjId]) -> bool {
        let mut marks = maps.iter().flat_map(|map| self.all(map, WITHDRAWN));
        marks.any(|(value, _)| value.as_bool() == Some(false))
    }

    /// The keys of a map whose value is true: the ticked boxes of a multiple choice.
    pub(crate) fn ticked(&self, map: &ObjId) -> Vec<String> {
        let mut keys = self.keys(map);
        keys.retain(|key| self.all(map, key).iter().any(|(value, _)| is_true(value)));
        keys
    }

    /// Everything at a key, whatever it is.
    pub(crate) fn all(&self, map: &ObjId, key: &str) -> Vec<(automerge::Value<'a>, ObjId)> {
        match self.kept {
            Some(kept) => self.entries(kept, map).get(key).cloned().unwrap_or_default(),
            None => self.look_up(map, key),
        }
    }

    fn look_up(&self, map: &ObjId, key: &str) -> Vec<(automerge::Value<'a>, ObjId)> {
        let found = match self.at {
            Some(heads) => self.document.get_all_at(map, key, heads),
            None => self.document.get_all(map, key),
        };
        found.unwrap_or_default()
    }

    fn entries(&self, kept: &Kept, map: &ObjId) -> Rc<Entries> {
        if let Some(known) = kept.maps.borrow().get(map) {
            return Rc::clone(known);
        }
        let items = match self.at {
            Some(heads) => self.document.map_range_at(map, .., heads),
            None => self.document.map_range(map, ..),
        };
        let mut entries = Entries::new();
        for item in items {
            let key = item.key.to_string();
            // Only the value that wins is among the items.
            let values = match item.conflict {
                true => self.look_up(map, &key).into_iter().map(|(value, id)| (value.into_owned(), id)).collect(),
                false => vec![(item.value.clone().into_value(), item.id())],
            };
            entries.insert(key, values);
        }
        let entries = Rc::new(entries);
        kept.maps.borrow_mut().insert(map.clone(), Rc::clone(&entries));
        entries
    }
}

impl<R: Source> Sheet<'_, R> {
    /// True if a row was withdrawn, and what stands in it differs from what those who withdrew it saw, or somebody chose
    /// to keep it.
    pub(crate) fn withdrawal_disputed(&self, columns: &[Column], maps: &[ObjId]) -> bool {
        if self.kept_apart(maps) {
            return true;
        }
        let withdrawals = self.withdrawals(maps);
        let seen: Vec<ChangeHash> = withdrawals.iter().filter_map(|op| self.document.change_of(op)).collect();
        if seen.is_empty() {
            return false;
        }
        // What is withdrawn within it is no reason to keep it: withdrawing the money of a target that is withdrawn ends nothing anew.
        let mut gone = BTreeSet::new();
        for column in columns.iter().filter(|column| column.kind == Kind::Table) {
            let tables: Vec<ObjId> = maps.iter().flat_map(|map| self.objects(map, &column.id, ObjType::Map)).collect();
            let rows = self.rows(&tables).into_iter().filter(|(_, row)| !self.withdrawals(row).is_empty());
            gone.extend(rows.map(|(key, _)| (column.id.clone(), key)));
        }
        let then = Sheet::at(self.document, &seen);
        content(&then, columns, maps, &gone) != content(self, columns, maps, &gone)
    }
}

fn is_true(value: &automerge::Value<'_>) -> bool {
    matches!(value, automerge::Value::Scalar(scalar) if **scalar == ScalarValue::Boolean(true))
}

/// Everything in a row or a target that a person entered, for comparison; without those rows within it, by table and key.
fn content<R: ReadDoc>(
    sheet: &Sheet<'_, R>,
    columns: &[Column],
    maps: &[ObjId],
    without: &BTreeSet<(String, String)>,
) -> Vec<String> {
    let mut all = Vec::new();
    for column in columns.iter().filter(|column| !column.calculated) {
        match column.kind {
            Kind::LongText if column.voice_of.is_some() => {
                all.extend(word_entries(sheet, column, maps).iter().map(|(_, entry)| sheet.text(entry)));
            }
            Kind::LongText => all.push(joined_text(sheet, &column.id, maps)),
            Kind::Table => {
                let tables: Vec<ObjId> =
                    maps.iter().flat_map(|map| sheet.objects(map, &column.id, ObjType::Map)).collect();
                let rows = sheet.rows(&tables).into_iter();
                for (key, row) in rows.filter(|(key, _)| !without.contains(&(column.id.clone(), key.clone()))) {
                    all.push(key);
                    all.push(sheet.withdrawals(&row).len().min(1).to_string());
                    all.extend(content(sheet, &column.columns, &row, &BTreeSet::new()));
                }
            }
            kind => {
                all.extend(sheet.puts(maps, &column.id, kind).iter().map(|put| format!("{}={}", column.id, put.value)))
            }
        }
    }
    all
}

/// The entries of a field in somebody's own words, with the person's id; without one where an early version kept one text.
pub(crate) fn word_entries<R: ReadDoc>(sheet: &Sheet<'_, R>, column: &Column, maps: &[ObjId]) -> Vec<(String, ObjId)> {
    let mut entries = Vec::new();
    for map in maps {
        for key in sheet.keys(map) {
            let (field, person) = key.split_once('+').unwrap_or((&key, ""));
            if field == column.id {
                let texts = sheet.objects(map, &key, ObjType::Text).into_iter();
                entries.extend(texts.map(|text| (person.to_owned(), text)));
            }
        }
    }
    entries
}

/// The long texts at a key of these maps, one under the other.
pub(crate) fn joined_text<R: ReadDoc>(sheet: &Sheet<'_, R>, key: &str, maps: &[ObjId]) -> String {
    let texts = maps.iter().flat_map(|map| sheet.objects(map, key, ObjType::Text)).map(|text| sheet.text(&text));
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}
