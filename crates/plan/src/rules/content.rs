//! What a signature covers, as one text: the same bytes wherever the same plan is held, so that a hash says whether what was
//! signed still stands (PEP.md 4.7). The README beside this crate describes the text for whoever wants to work it out again.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use crate::TARGETS;
use crate::bank::{Column, Question, bank};
use crate::pep::{DocumentKind, Pep, Role};
use crate::process::Process;
use crate::quality::RETURNED;
use crate::value::{Value, withhold};
use crate::view::{Answer, Cell, Claim, Row, Target, View, Voice, Why};

/// What a change of never asks anybody to sign again, in every process (PEP.md 4.7). Remarks and "seen" are no answers and are
/// never covered.
const NEVER_MATERIAL: [&str; 8] = [
    "meeting.nextDate",
    "meeting.nextTime",
    "meeting.nextDateSource",
    "meeting.actions/status",
    "meeting.actions/outcome",
    "funding.payment",
    "targets.list/midTermNotes",
    "targets.list/evidence",
];

/// Whose signature covers a question, beside the Virtual School's, which covers them all: of the designated teacher and the
/// social worker whoever answers for it; of what is on the page of somebody who signs nothing, the page's alternate owner, or
/// who takes the page over while the child is on no school's roll.
pub(crate) fn signer_of(process: &Process, question: &Question, not_on_roll: bool) -> Option<Role> {
    let signs = |role: &Role| matches!(role, Role::DesignatedTeacher | Role::SocialWorker);
    if question.is_sign_off() {
        return None;
    }
    let owner = process.accountable_now(question, not_on_roll)?;
    let others = owner.is_virtual_school() || question.reserved;
    let alternate = || {
        let page = process.page(&question.id)?;
        let takes_over = page.owner_when_not_on_roll.iter().copied().find(signs).filter(|_| not_on_roll);
        takes_over.or(page.alternate_owner.filter(signs))
    };
    Some(owner).filter(signs).or_else(|| if others { None } else { alternate() })
}

/// What one signature covers.
#[derive(Clone, PartialEq)]
pub(crate) struct Content {
    /// The sign-off question.
    covers: &'static str,
    pep: String,
    process: String,
    answers: BTreeMap<&'static str, Json>,
    none: BTreeMap<&'static str, Json>,
    targets: Option<Map<String, Json>>,
    /// Covered questions that must be answered and are not.
    pub(crate) missing: BTreeSet<&'static str>,
    /// Rows of `qa.returnedFor` addressed to the signer, by key.
    pub(crate) returned: Map<String, Json>,
}

withhold!(Content);

impl Content {
    /// What a signature at the sign-off question `covers` covers of a plan. From the main document alone: not everybody holds
    /// the annexes, and everybody has to come to the same hash.
    pub(crate) fn of(view: &View, pep: &Pep, covers: &'static str) -> Content {
        let process = pep.process();
        let whose = match covers {
            "signoff.dt" => Some(Role::DesignatedTeacher),
            "signoff.sw" => Some(Role::SocialWorker),
            _ => None,
        };
        let covered = |question: &&Question| {
            let main = question.document() == DocumentKind::Main && !question.computed && !question.is_sign_off();
            // An overall grade that a person gave is an answer, though a grade can also be worked out.
            let main = main || (question.is_overridable() && whose.is_none());
            main && is_material(process, &question.id, None)
                && whose.is_none_or(|role| signer_of(process, question, view.not_on_roll) == Some(role))
        };
        let mut content = Content {
            covers,
            pep: pep.id().to_string(),
            process: format!("{} {}", pep.process.id(), pep.process.version()),
            answers: BTreeMap::new(),
            none: BTreeMap::new(),
            targets: None,
            missing: BTreeSet::new(),
            returned: Map::new(),
        };
        for question in bank().questions().iter().filter(covered) {
            let id = question.id.as_str();
            if id == TARGETS {
                let targets = view.targets.iter();
                let json = |t: &Target| (t.row.key.clone(), target(process, question, t, view));
                content.targets = Some(targets.map(json).collect());
            } else if let Some(json) = view.answers.get(id).and_then(|found| answer(process, question, found)) {
                content.answers.insert(id, merged(view, id).unwrap_or(json));
            }
            let said: BTreeSet<String> = view
                .excuses
                .get(id)
                .into_iter()
                .flatten()
                .map(|e| match e.reason.as_str() {
                    "" => e.why.to_string(),
                    reason => format!("{}: {reason}", e.why),
                })
                .collect();
            if !said.is_empty() {
                content.none.insert(id, said.into_iter().collect());
            }
            if view.gaps.iter().any(|gap| gap.question == id && gap.why == Why::Missing) {
                content.missing.insert(id);
            }
        }
        if let (Some(role), Some(question), Some(Answer::Table(rows))) =
            (whose, bank().question(RETURNED), view.answers.get(RETURNED))
        {
            let addressed = rows.iter().filter(|row| crate::quality::addressed_to(row) == Some(role));
            content.returned =
                addressed.map(|r| (r.key.clone(), row(process, RETURNED, &question.columns, r))).collect();
        }
        content
    }

    /// The canonical text.
    pub(crate) fn text(&self) -> String {
        let mut all = json!({
            "format": "openpep-content/1",
            "covers": self.covers,
            "pep": self.pep,
            "process": self.process,
            "answers": self.answers,
            "none": self.none,
            "missing": self.missing,
        });
        if let Some(fields) = all.as_object_mut() {
            if let Some(targets) = &self.targets {
                fields.insert("targets".to_owned(), targets.clone().into());
            }
            if self.covers != "signoff.vs" {
                fields.insert("returned".to_owned(), self.returned.clone().into());
            }
        }
        let mut text = String::new();
        write(&all, &mut text);
        text
    }

    /// Its SHA-256, in lower-case hex.
    pub(crate) fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.text().as_bytes()))
    }

    /// The questions in which it differs from `before`, in the order of the bank.
    pub(crate) fn changed_since(&self, before: &Content) -> Vec<&'static str> {
        let changed = |id: &&str| {
            self.answers.get(id) != before.answers.get(id)
                || self.none.get(id) != before.none.get(id)
                || (*id == TARGETS && self.targets != before.targets)
        };
        bank().questions().iter().map(|question| question.id.as_str()).filter(changed).collect()
    }
}

impl Content {
    /// The same without what these people said in their own words: a child's or a carer's words ask nobody to sign again (PEP.md 4.7).
    /// They are in the text, and so in the hash, of what was signed all the same.
    pub(crate) fn without_words_of(mut self, people: &BTreeSet<String>) -> Content {
        let strip = |entries: &mut Map<String, Json>| {
            entries.retain(|key, _| !people.contains(key.rsplit_once('+').map_or(key.as_str(), |(_, person)| person)));
            entries.is_empty()
        };
        let own = |id: &str| bank().question(id).is_some_and(|question| question.voice);
        self.answers.retain(|id, json| !own(id) || json.as_object_mut().is_none_or(|entries| !strip(entries)));
        // What the young person chooses about their own part of the meeting is theirs as well, whoever wrote it down.
        let part = |id: &str| bank().question(id).is_some_and(|q| q.block == "voice" && q.is_childs_choice());
        self.answers.retain(|id, _| !part(id));
        let fields = bank().question(TARGETS).map_or(&[][..], |question| &question.columns);
        for target in self.targets.iter_mut().flat_map(|targets| targets.values_mut()).filter_map(Json::as_object_mut) {
            for field in fields.iter().filter(|field| field.voice_of.is_some()) {
                if target.get_mut(&field.id).and_then(Json::as_object_mut).is_some_and(strip) {
                    target.remove(&field.id);
                }
            }
        }
        self
    }
}

/// True of what a signature covers; `column` is a column of its table, or a field of a target.
pub(crate) fn is_material(process: &Process, question: &str, column: Option<&str>) -> bool {
    let listed = |word: &str| match (word.split_once('/'), column) {
        (None, None) => word == question,
        (Some((table, name)), Some(column)) => table == question && name == column,
        _ => false,
    };
    !NEVER_MATERIAL.iter().copied().chain(process.practice.sign_off.non_material.iter().map(String::as_str)).any(listed)
}

/// Nothing where nothing has been entered.
fn answer(process: &Process, question: &Question, answer: &Answer) -> Option<Json> {
    match answer {
        Answer::Missing | Answer::Elsewhere | Answer::Computed(_) | Answer::Targets { .. } => None,
        Answer::Value(value) => Some(plain(value)),
        Answer::Disputed(claims) => Some(disputed(claims)),
        Answer::Text { text } => Some(text.as_str().into()),
        Answer::Voices(voices) => Some(entries(voices)),
        Answer::Set(words) => Some(words.iter().cloned().collect()),
        Answer::Table(rows) => {
            let rows = rows.iter().map(|r| (r.key.clone(), row(process, &question.id, &question.columns, r)));
            Some(Json::Object(rows.collect()))
        }
    }
}

/// A text, or several choices, that two branches rewrote apart: as they stand merged. What was signed while programs merged them
/// without a word stays signed.
fn merged(view: &View, place: &str) -> Option<Json> {
    let found = view.rewritten.iter().find(|one| one.open && !one.own && one.dispute.place == place)?;
    Some(plain(&found.now))
}

fn target(process: &Process, question: &Question, target: &Target, view: &View) -> Json {
    let mut json = row(process, TARGETS, &question.columns, &target.row);
    if let Some(fields) = json.as_object_mut() {
        for (column, field) in fields.iter_mut() {
            if let Some(merged) = merged(view, &format!("{TARGETS}/{}/{column}", target.row.key)) {
                *field = merged;
            }
        }
        for (table, rows) in target.tables.iter().filter(|(table, _)| is_material(process, TARGETS, Some(table))) {
            let columns = question.column(table).map_or(&[][..], |column| &column.columns);
            let rows: Map<String, Json> =
                rows.iter().map(|r| (r.key.clone(), row(process, table, columns, r))).collect();
            if !rows.is_empty() {
                fields.insert((*table).to_owned(), rows.into());
            }
        }
    }
    json
}

fn row(process: &Process, table: &str, columns: &[Column], row: &Row) -> Json {
    let entered = |id: &str| columns.iter().any(|column| column.id == id && !column.calculated);
    let mut json = Map::new();
    for (column, cell) in row.cells.iter().filter(|(id, _)| entered(id) && is_material(process, table, Some(id))) {
        json.insert(
            (*column).to_owned(),
            match cell {
                Cell::Value(value) | Cell::Computed(value) => plain(value),
                Cell::Disputed(claims) => disputed(claims),
                Cell::Text { text } => text.as_str().into(),
                Cell::Voices(voices) => entries(voices),
            },
        );
    }
    if row.withdrawn {
        json.insert("withdrawn".to_owned(), if row.withdrawal_disputed { "disputed".into() } else { true.into() });
    }
    json.into()
}

/// By person; of one person's two devices each entry.
fn entries(voices: &[Voice]) -> Json {
    let mut all: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for voice in voices {
        all.entry(voice.person.to_string()).or_default().insert(&voice.text);
    }
    json!(all)
}

fn disputed(claims: &[Claim]) -> Json {
    let values: BTreeSet<String> = claims.iter().map(|claim| claim.value.to_string()).collect();
    json!({ "disputed": values })
}

/// Yes and no as true and false, several choices as a sorted list, everything else as people write it: there is one way to
/// write it, and no number that two programs might print differently.
fn plain(value: &Value) -> Json {
    match value {
        Value::YesNo(yes) => (*yes).into(),
        Value::Set(words) => words.iter().cloned().collect(),
        Value::Picture(picture) => picture.base64().into(),
        value => value.to_string().into(),
    }
}

/// JSON with sorted keys and no blanks, whatever order the map at hand keeps.
fn write(json: &Json, out: &mut String) {
    match json {
        Json::Object(fields) => {
            let sorted: BTreeMap<&String, &Json> = fields.iter().collect();
            out.push('{');
            for (i, (key, value)) in sorted.into_iter().enumerate() {
                out.push_str(if i == 0 { "" } else { "," });
                out.push_str(&Json::from(key.as_str()).to_string());
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Json::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i == 0 { "" } else { "," });
                write(item, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}
