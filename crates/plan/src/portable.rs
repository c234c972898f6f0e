//! Answers as a file: what one person takes out of a plan, keeps, carries or is sent, and brings into another. The format
//! `openpep-answers/1` is described in the README beside this crate.
//!
//! Taking a file in is ordinary writing: every entry becomes an edit of the person who brings it, and what they may not write,
//! what is worked out and what is no question is left out and said, one by one. Nothing here is signed and nothing is believed.

use std::collections::{BTreeMap, BTreeSet};

use automerge::Automerge;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::TARGETS;
use crate::bank::{Column, Kind, Question, RowKey, bank};
use crate::edit::{Cells, Edit, Writer, apply_within, permitted, row_key};
use crate::excuse::NoAnswer;
use crate::expr::Expr;
use crate::pep::{DocumentKind, Pep, parse_term};
use crate::practice::Carry;
use crate::refused::Refused;
use crate::value::{Shape, Value, find_column, find_question, withhold};
use crate::view::{Answer, Cell, Row, Target, View, Voice};

/// The word that such a file begins with.
pub const ANSWERS_FORMAT: &str = "openpep-answers/1";
/// Largest file of answers that is taken in, in bytes: a whole plan with every text at its longest does not come near it.
pub const ANSWERS_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The PEP that answers were taken out of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Its id.
    pub pep: Uuid,
    /// The child's id.
    pub child: Uuid,
    /// The academic year and the term, as `2025/26-spring`.
    pub term: String,
    /// Why it was held, as `review`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The process it was written under.
    pub process: OriginProcess,
}

/// A process, which this program need not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginProcess {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u32,
}

/// A file of answers that has been read, before anybody brings it anywhere.
#[derive(Clone)]
pub struct AnswersFile {
    /// Where its answers come from, if it says so.
    pub from: Option<Origin>,
    /// The page they were taken from, if it was one page.
    pub section: Option<String>,
    answers: Map<String, Json>,
    none: Map<String, Json>,
    targets: Vec<Json>,
}

/// What of a file can be written.
#[derive(Clone)]
pub struct Brought {
    /// The edits, in an order in which they can be made: what makes a question be asked stands before its answer.
    pub edits: Vec<Edit>,
    /// What is not brought: the question or the place in it, and why, in a sentence. A place may hold row keys: not for logs.
    pub left_out: Vec<(String, String)>,
}

withhold!(AnswersFile, Brought);

/// A file that holds no answers this program can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnswers {
    /// Over [`ANSWERS_BYTES_MAX`].
    #[error("The file is too large to be answers of a plan (at most {} MB). Please look whether it is the right one.", ANSWERS_BYTES_MAX / 1_048_576)]
    TooLarge,
    /// Not JSON.
    #[error(
        "The file is not JSON (line {line}), so it is none that `pep export --format json` wrote. Please ask whoever gave it to you for it again."
    )]
    NotJson {
        /// Where reading stopped, from 1.
        line: usize,
    },
    /// JSON, but something else.
    #[error(
        "The file does not say that it holds answers of a plan (`\"format\": \"{ANSWERS_FORMAT}\"`). Please choose one that `pep export --section` wrote."
    )]
    OtherFormat,
    /// Ours, but not of this shape.
    #[error("`{part}` in the file is not {expected}. Whoever wrote the file can put it right.")]
    Shape {
        /// The key.
        part: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

/// The answers of some questions as a file: pretty JSON with a new line at its end, the same bytes wherever the same view is
/// written. `section`: the page, where it is one. What is worked out, signed or withdrawn is not in it.
pub fn answers_file(view: &View, pep: &Pep, section: Option<&str>, wanted: impl Fn(&str) -> bool) -> String {
    let mut answers = Map::new();
    let mut none = Map::new();
    for question in pep.process().questions().filter(|question| wanted(&question.id)) {
        let id = question.id.as_str();
        if question.computed || question.is_sign_off() || id == TARGETS {
            continue;
        }
        let json = match view.answers.get(id) {
            Some(Answer::Missing | Answer::Elsewhere | Answer::Computed(_)) | None => Json::Null,
            Some(Answer::Table(rows)) => rows_json(&question.columns, rows),
            Some(answer) => answer.to_json(),
        };
        let empty = json.is_null() || json.as_array().is_some_and(Vec::is_empty);
        match view.excuses.get(id).map(Vec::as_slice) {
            Some([only]) if empty => {
                let said = serde_json::json!({ "why": only.why.to_string(), "reason": only.reason });
                none.insert(id.to_owned(), said);
            }
            _ if empty => {}
            _ => drop(answers.insert(id.to_owned(), json)),
        }
    }
    let targets = view.targets.iter().filter(|target| wanted(TARGETS) && target.row.counts()).map(target_json);
    let mut file = Map::new();
    file.insert("format".to_owned(), ANSWERS_FORMAT.into());
    file.insert("from".to_owned(), serde_json::to_value(Origin::of(pep)).unwrap_or_default());
    if let Some(section) = section {
        file.insert("section".to_owned(), section.into());
    }
    file.insert("answers".to_owned(), answers.into());
    file.insert("none".to_owned(), none.into());
    file.insert("targets".to_owned(), targets.collect());
    format!("{:#}\n", Json::from(file))
}

impl Origin {
    /// As files made from this PEP say it.
    pub fn of(pep: &Pep) -> Origin {
        Origin {
            pep: pep.id(),
            child: pep.child,
            term: format!("{}-{}", pep.year, pep.term),
            kind: pep.kind.to_string(),
            process: OriginProcess { id: pep.process.id().to_owned(), version: pep.process.version() },
        }
    }
}

impl Origin {
    /// True where it was held before this one: in an earlier term, or of the same child in the same term for another reason. What
    /// was agreed there is not what is agreed here.
    fn is_before(&self, pep: &Pep) -> bool {
        let held = parse_term(&self.term).ok();
        let same_term = self.pep != pep.id() && self.child == pep.child;
        held.is_some_and(|held| held < (pep.year, pep.term) || (held == (pep.year, pep.term) && same_term))
    }
}

impl AnswersFile {
    /// Reads a file.
    pub fn read(text: &str) -> Result<AnswersFile, NotAnswers> {
        if text.len() > ANSWERS_BYTES_MAX {
            return Err(NotAnswers::TooLarge);
        }
        let json: Json = serde_json::from_str(text).map_err(|error| NotAnswers::NotJson { line: error.line() })?;
        let Json::Object(mut file) = json else { return Err(NotAnswers::OtherFormat) };
        if file.get("format").and_then(Json::as_str) != Some(ANSWERS_FORMAT) {
            return Err(NotAnswers::OtherFormat);
        }
        let mut object = |part: &'static str| match file.remove(part) {
            None | Some(Json::Null) => Ok(Map::new()),
            Some(Json::Object(entries)) => Ok(entries),
            Some(_) => Err(NotAnswers::Shape { part, expected: "an object with a key for each question" }),
        };
        let (answers, none) = (object("answers")?, object("none")?);
        let from = match file.remove("from") {
            None | Some(Json::Null) => None,
            Some(from) => {
                let expected = "an object with pep, child, term, type and process";
                Some(serde_json::from_value(from).map_err(|_| NotAnswers::Shape { part: "from", expected })?)
            }
        };
        let targets = match file.remove("targets") {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Array(targets)) => targets,
            Some(_) => return Err(NotAnswers::Shape { part: "targets", expected: "a list of targets" }),
        };
        let section = file.get("section").and_then(Json::as_str).map(str::to_owned);
        Ok(AnswersFile { from, section, answers, none, targets })
    }

    /// What of it this person may write in a PEP. Rows and targets without a key get one that follows from the child and what
    /// they say, so that the same file brought twice makes nothing twice. What the PEP does not ask, and what is answered there
    /// already, is for [`Brought::fitting`] and [`Brought::unanswered`] to leave out.
    pub fn bring(&self, pep: &Pep, writer: &Writer) -> Brought {
        let mut bringing = Bringing { pep, writer, edits: BTreeMap::new(), left_out: Vec::new() };
        let earlier = self.from.as_ref().is_some_and(|from| from.is_before(pep));
        for (id, json) in &self.answers {
            match find_question(id) {
                Ok(question) if earlier && is_of_its_own(question) => bringing.leave(id, AFRESH),
                Ok(question) => bringing.answer(question, json),
                Err(unknown) => bringing.leave(&short(id), unknown),
            }
        }
        for (id, json) in &self.none {
            match find_question(id) {
                Ok(_) if self.answers.get(id).is_some_and(|answer| !answer.is_null()) => {
                    bringing.leave(id, "The file gives an answer as well as a reason for none; the answer is taken.");
                }
                Ok(question) => bringing.excuse(question, json),
                Err(unknown) => bringing.leave(&short(id), unknown),
            }
        }
        if let Some(question) = bank().question(TARGETS) {
            match earlier {
                true => self.targets.iter().for_each(|target| bringing.earlier_target(question, target)),
                false => self.targets.iter().for_each(|target| bringing.target(question, target)),
            }
        }
        Brought { edits: bringing.edits.into_values().flatten().collect(), left_out: bringing.left_out }
    }
}

impl Brought {
    /// Leaves out, and says, whatever would take the place of an answer that is there. What is there and the same is passed over
    /// without a word; an empty cell of a row that is there is filled.
    pub fn unanswered(self, view: &View, writer: &Writer) -> Brought {
        let Brought { edits, mut left_out } = self;
        let edits = edits.into_iter().filter_map(|edit| fresh(edit, view, writer, &mut left_out)).collect();
        Brought { edits, left_out }
    }

    /// Tries the edits that belong in a document of this kind on a copy of it, and leaves out, and says, those that are refused
    /// there: what the plan does not ask at present, say. Edits of other documents stay as they are.
    pub fn fitting(self, document: &Automerge, pep: &Pep, kind: DocumentKind, writer: &Writer) -> Brought {
        let Brought { edits, mut left_out } = self;
        let mut copy = document.clone();
        let mut fits = |edit: &Edit| {
            if edit.document() != Some(kind) {
                return true;
            }
            // A text over the limit of one change is written in parts; here only whether it may be written matters.
            match apply_within(&mut copy, pep, kind, writer, std::slice::from_ref(edit), 0, usize::MAX) {
                Ok(_) => true,
                Err(refused) => {
                    left_out.push((edit.place(), refused.to_string()));
                    false
                }
            }
        };
        let edits = edits.into_iter().filter(|edit| fits(edit)).collect();
        Brought { edits, left_out }
    }

    /// The edits of one document.
    pub fn of(&self, kind: DocumentKind) -> Vec<Edit> {
        self.edits.iter().filter(|edit| edit.document() == Some(kind)).cloned().collect()
    }
}

/// A file on its way to be edits. The edits are kept by how far their questions depend on others, and then by question.
struct Bringing<'a> {
    pep: &'a Pep,
    writer: &'a Writer,
    edits: BTreeMap<(usize, &'static str), Vec<Edit>>,
    left_out: Vec<(String, String)>,
}

impl Bringing<'_> {
    fn leave(&mut self, place: &str, why: impl ToString) {
        let entry = (place.to_owned(), why.to_string());
        if !self.left_out.contains(&entry) {
            self.left_out.push(entry);
        }
    }

    fn add(&mut self, question: &'static Question, edit: Edit) {
        self.edits.entry((depth(self.pep, question), question.id.as_str())).or_default().push(edit);
    }

    /// Whether this person may write the question at all; said where they may not.
    fn may_write(&mut self, question: &'static Question) -> bool {
        let refused = match permitted(self.pep, self.writer, question, None) {
            Ok(()) if question.document().readers().contains(&self.writer.role) => return true,
            Ok(()) => "It is kept in a part of the plan that is not shared with you.".to_owned(),
            Err(refused) => refused.to_string(),
        };
        self.leave(&question.id, refused);
        false
    }

    fn answer(&mut self, question: &'static Question, json: &Json) {
        let id = question.id.clone();
        // `pep show --json` counts the targets there.
        let counts_targets = id == TARGETS && json.is_number();
        let empty = json.is_null() || json.as_str().is_some_and(str::is_empty);
        if empty || counts_targets || !self.may_write(question) {
            return;
        }
        if is_disputed(json) {
            return self.leave(&id, DISPUTED);
        }
        match question.kind {
            Kind::TargetList if id == TARGETS => {
                self.leave(&id, "Targets stand in the list `targets` of the file, not among its answers.");
            }
            Kind::Table | Kind::TargetList => self.rows(question, &id, &question.columns, &question.row_key, json),
            Kind::Text | Kind::LongText if question.voice => {
                if let Some(text) = self.own_words(&id, json) {
                    self.add(question, Edit::Rewrite { question: id, text });
                }
            }
            _ => match value(Shape::of(question), &id, json) {
                Ok(Value::Text(text)) if matches!(question.kind, Kind::Text | Kind::LongText) => {
                    self.add(question, Edit::Rewrite { question: id, text });
                }
                Ok(value) => self.add(question, Edit::Choose { question: id, value }),
                Err(refused) => self.leave(&id, refused),
            },
        }
    }

    fn excuse(&mut self, question: &'static Question, json: &Json) {
        let id = question.id.clone();
        if !self.may_write(question) {
            return;
        }
        let word = json.get("why").and_then(Json::as_str).unwrap_or_default();
        let reason = json.get("reason").and_then(Json::as_str).unwrap_or_default();
        let excuse = word.parse::<NoAnswer>().map_err(|error| error.to_string());
        let excuse = excuse.and_then(|why| why.kept(question, reason).map(|_| why).map_err(|error| error.to_string()));
        match excuse {
            Ok(why) => self.add(question, Edit::Excuse { question: id, excuse: Some((why, reason.to_owned())) }),
            Err(error) => self.leave(&id, error),
        }
    }

    /// The rows of a table: of a question, or within a target.
    fn rows(
        &mut self,
        question: &'static Question,
        table: &str,
        columns: &'static [Column],
        natural: &RowKey,
        json: &Json,
    ) {
        let Some(rows) = json.as_array() else {
            return self
                .leave(table, Refused::BadValue { question: question.id.clone(), expected: "a list of rows".into() });
        };
        for row in rows {
            let Some(fields) = row.as_object() else {
                self.leave(table, "A row is not an object with a key for each column.");
                continue;
            };
            if is_withdrawn(fields) {
                self.leave(table, "A row was withdrawn where it comes from.");
                continue;
            }
            let cells = self.cells(&question.id, table, columns, fields);
            if cells.is_empty() {
                continue;
            }
            let given = fields.get("key").and_then(Json::as_str).unwrap_or_default();
            let author = given.split_once('+').and_then(|(_, end)| end.rsplit('+').next()).and_then(|p| p.parse().ok());
            if question.voice && author.is_some_and(|author: Uuid| author != self.writer.person) {
                self.leave(table, OTHERS_WORDS);
                continue;
            }
            let key = match natural {
                RowKey::Natural(_) => row_key(table, &cells, self.writer, &mut || [0; 16]),
                RowKey::Random => Ok(made_key(self.pep, table, given, &cells)),
            };
            match key {
                Ok(key) => self.add(question, Edit::PutRow { question: table.to_owned(), key, cells }),
                Err(refused) => self.leave(table, refused),
            }
        }
    }

    /// The cells of a row, or the plain fields of a target.
    fn cells(&mut self, question: &str, place: &str, columns: &'static [Column], fields: &Map<String, Json>) -> Cells {
        let mut cells = Cells::new();
        for (name, json) in fields.iter().filter(|(name, json)| !OURS.contains(&name.as_str()) && !json.is_null()) {
            let at = format!("{place}/{}", short(name));
            let column = match find_column(question, columns, name) {
                Ok(column) => column,
                Err(unknown) => {
                    self.leave(&at, unknown);
                    continue;
                }
            };
            let outcome = match () {
                () if column.kind == Kind::Table => continue,
                () if column.calculated => Err(Refused::Computed { question: at.clone() }.to_string()),
                () if is_disputed(json) => Err(DISPUTED.to_owned()),
                () if column.voice_of.is_some() => Ok(self.own_words(&at, json).map(Value::Text)),
                () => value(Shape::of_column(column), &at, json).map(Some).map_err(|refused| refused.to_string()),
            };
            match outcome {
                Ok(Some(Value::Text(text))) if text.is_empty() => {}
                Ok(Some(value)) => drop(cells.insert(name.clone(), Some(value))),
                Ok(None) => {}
                Err(why) => self.leave(&at, why),
            }
        }
        cells
    }

    /// The writer's own entry among entries in somebody's own words; a plain text is theirs.
    fn own_words(&mut self, place: &str, json: &Json) -> Option<String> {
        let entries = match json {
            Json::String(text) => return Some(text.clone()),
            Json::Array(entries) => entries.as_slice(),
            _ => &[],
        };
        let own = self.writer.person.to_string();
        let is_own = |entry: &&Json| entry.get("person").and_then(Json::as_str).is_none_or(|person| person == own);
        let (mine, others): (Vec<&Json>, Vec<&Json>) = entries.iter().partition(is_own);
        if !others.is_empty() {
            self.leave(place, OTHERS_WORDS);
        }
        let texts: Vec<&str> = mine.iter().filter_map(|entry| entry.get("text").and_then(Json::as_str)).collect();
        if texts.len() < mine.len() || entries.is_empty() {
            let expected = "the writer's own words: a text, or a list of entries with `person` and `text`".to_owned();
            self.leave(place, Refused::BadValue { question: place.to_owned(), expected });
        }
        (!texts.is_empty()).then(|| texts.join("\n"))
    }

    /// A target that was agreed in the PEP before: it is to be reviewed in this one, and its money is not asked for again. It is named
    /// by its words, for whoever is handed a section by hand need not hold the last PEP; where the process brings the last targets
    /// by itself, by its key, as they are. What was only an idea there is one here.
    fn earlier_target(&mut self, question: &'static Question, json: &Json) {
        let (Some(review), Some(fields)) = (bank().question(crate::REVIEW), json.as_object()) else { return };
        let word = |name: &str| fields.get(name).and_then(Json::as_str).filter(|word| !word.trim().is_empty());
        if is_withdrawn(fields) || word("status") != Some("agreed") {
            return self.target(question, json);
        }
        if !self.may_write(review) {
            return;
        }
        let by_hand = self.pep.process().carry_of(review) == Carry::Manual;
        let names = if by_hand { ["statement", "area", "key"] } else { ["key", "statement", "area"] };
        let named = |name: &&str| {
            let cells = Cells::from([("target".to_owned(), Some(Value::Text(word(name)?.to_owned())))]);
            Some((row_key(crate::REVIEW, &cells, self.writer, &mut || [0; 16]).ok()?, cells))
        };
        let Some((key, cells)) = names.iter().find_map(named) else { return };
        self.add(review, Edit::PutRow { question: crate::REVIEW.to_owned(), key, cells });
        self.leave(
            TARGETS,
            "Targets of an earlier PEP are brought to be reviewed, and their money is not asked for again.",
        );
    }

    fn target(&mut self, question: &'static Question, json: &Json) {
        let Some(fields) = json.as_object() else {
            return self.leave(TARGETS, "A target is not an object with a key for each field.");
        };
        if is_withdrawn(fields) {
            return self.leave(TARGETS, "A target was withdrawn where it comes from.");
        }
        let mut cells = self.cells(TARGETS, TARGETS, &question.columns, fields);
        let tables = || question.columns.iter().filter(|column| column.kind == Kind::Table);
        if let Err(refused) = permitted(self.pep, self.writer, question, None) {
            let words_only = |name: &String| {
                question.column(name).is_some_and(|c| permitted(self.pep, self.writer, question, Some(c)).is_ok())
            };
            let all = cells.len();
            cells.retain(|name, _| words_only(name));
            if cells.len() < all || tables().any(|table| fields.contains_key(&table.id)) {
                self.leave(TARGETS, refused);
            }
        }
        if cells.is_empty() {
            return;
        }
        let given = fields.get("key").and_then(Json::as_str).unwrap_or_default();
        let key = made_key(self.pep, TARGETS, given, &cells);
        self.add(question, Edit::PutTarget { key: key.clone(), fields: cells });
        if permitted(self.pep, self.writer, question, None).is_err() {
            return;
        }
        for column in tables() {
            if let Some(rows) = fields.get(&column.id).filter(|rows| !rows.is_null()) {
                let table = format!("{TARGETS}/{key}/{}", column.id);
                self.rows(question, &table, &column.columns, &RowKey::Random, rows);
            }
        }
    }
}

/// What an edit would add to what is there; `None`: nothing.
fn fresh(edit: Edit, view: &View, writer: &Writer, left_out: &mut Vec<(String, String)>) -> Option<Edit> {
    let place = edit.place();
    let mut answered = |place: String| left_out.push((place, ANSWERED.to_owned()));
    let answer = view.answers.get(place.split('/').next().unwrap_or_default());
    match edit {
        Edit::Choose { ref value, .. } => match answer {
            Some(Answer::Missing | Answer::Computed(_) | Answer::Elsewhere) | None => Some(edit),
            Some(Answer::Value(there)) if there == value => None,
            Some(Answer::Set(there)) if Value::Set(there.clone()) == *value => None,
            Some(_) => {
                answered(place);
                None
            }
        },
        Edit::Rewrite { ref text, .. } => {
            let there = match answer {
                Some(Answer::Text { text }) => Some(text.as_str()),
                Some(Answer::Voices(voices)) => own_entry(voices, writer),
                _ => None,
            };
            match there {
                None => Some(edit),
                Some(there) if there == text => None,
                Some(_) => {
                    answered(place);
                    None
                }
            }
        }
        Edit::PutRow { question, key, cells } => {
            let mut path = question.split('/').skip(1);
            let rows = match (path.next(), path.next(), answer) {
                (Some(target), Some(table), _) => {
                    let target = view.targets.iter().find(|found| found.row.key == target);
                    target.and_then(|target| target.tables.get(table)).map(Vec::as_slice)
                }
                (_, _, Some(Answer::Table(rows))) => Some(rows.as_slice()),
                _ => None,
            };
            let row = rows.into_iter().flatten().find(|row| row.key == key);
            let left = missing_cells(cells, row, writer, |name| answered(format!("{question}/{key}/{name}")))?;
            Some(Edit::PutRow { question, key, cells: left })
        }
        Edit::PutTarget { key, fields } => {
            let row = view.targets.iter().map(|target| &target.row).find(|row| row.key == key);
            let left = missing_cells(fields, row, writer, |name| answered(format!("{TARGETS}/{key}/{name}")))?;
            Some(Edit::PutTarget { key, fields: left })
        }
        Edit::Excuse { .. } => match (answer, view.excuses.get(place.as_str())) {
            (Some(Answer::Missing) | None, None) => Some(edit),
            (Some(Answer::Missing) | None, Some(_)) => None,
            _ => {
                answered(place);
                None
            }
        },
        _ => Some(edit),
    }
}

/// The cells that a row has not; `None` where nothing is left to write.
fn missing_cells(cells: Cells, row: Option<&Row>, writer: &Writer, mut answered: impl FnMut(&str)) -> Option<Cells> {
    let Some(row) = row else { return Some(cells) };
    let mut left = Cells::new();
    for (name, value) in cells {
        let there = match row.cells.get(name.as_str()) {
            Some(Cell::Value(there)) => Some(there.clone()),
            Some(Cell::Text { text }) => Some(Value::Text(text.clone())),
            Some(Cell::Voices(voices)) => own_entry(voices, writer).map(|text| Value::Text(text.to_owned())),
            Some(Cell::Computed(_) | Cell::Disputed(_)) => {
                answered(&name);
                continue;
            }
            None => None,
        };
        match there {
            None => drop(left.insert(name, value)),
            Some(there) if Some(&there) == value.as_ref() => {}
            Some(_) => answered(&name),
        }
    }
    (!left.is_empty()).then_some(left)
}

fn own_entry<'a>(voices: &'a [Voice], writer: &Writer) -> Option<&'a str> {
    voices.iter().find(|voice| voice.person == writer.person).map(|voice| voice.text.as_str())
}

/// True of what is asked afresh in every PEP, though the same question stands in the last one.
pub(crate) fn is_of_its_own(question: &Question) -> bool {
    matches!(question.id.as_str(), crate::REVIEW | "settingPeople.formConfirmed")
}

const AFRESH: &str = "This is asked afresh in every PEP.";
const OTHERS_WORDS: &str = "These are somebody else's own words; whoever's they are can bring them.";
const DISPUTED: &str = "People disagreed about this where it comes from, so there is no one answer to bring.";
const ANSWERED: &str = "It is answered here already, and that answer stays.";

/// What rows and targets say of themselves beside their columns.
const OURS: [&str; 5] = ["key", "withdrawn", "withdrawalDisputed", "requested", "retained"];

/// How many conditions lie between a question and one that is always asked.
pub(crate) fn depth(pep: &Pep, question: &Question) -> usize {
    // The year group is in no condition by name, and every phase rests on it.
    if matches!(question.id.as_str(), "child.dob" | "setting.yearGroup") {
        return 0;
    }
    let conditions = [&question.visible_if, pep.process().condition(&question.id)];
    let references = conditions.into_iter().flat_map(Expr::references);
    let of = |id: &str| bank().question(id).map_or(0, |other| depth(pep, other));
    1 + references.map(|reference| of(&reference.question)).max().unwrap_or(0)
}

fn value(shape: Shape<'_>, place: &str, json: &Json) -> Result<Value, Refused> {
    let value = shape.read_json(json).ok_or_else(|| shape.bad(place))?;
    shape.check(place, &value).map(|()| value)
}

/// The key of a row or a target that has no natural one: the given one where it is a UUID, else one that follows from the
/// child and from the given word, or from what the row says.
fn made_key(pep: &Pep, table: &str, given: &str, cells: &Cells) -> String {
    let said = |(name, value): (&String, &Option<Value>)| value.as_ref().map(|value| format!("{name}={value}"));
    match given.parse::<Uuid>() {
        Ok(key) => key.to_string(),
        Err(_) if !given.is_empty() => Uuid::new_v5(&pep.child, format!("{table}/{given}").as_bytes()).to_string(),
        Err(_) => {
            let all: Vec<String> = cells.iter().filter_map(said).collect();
            Uuid::new_v5(&pep.child, format!("{table}\n{}", all.join("\n")).as_bytes()).to_string()
        }
    }
}

fn rows_json(columns: &[Column], rows: &[Row]) -> Json {
    rows.iter().filter(|row| row.counts()).map(|row| Json::from(row_json(columns, row))).collect()
}

fn row_json(columns: &[Column], row: &Row) -> Map<String, Json> {
    let typed: BTreeSet<&str> = columns.iter().filter(|column| !column.calculated).map(|c| c.id.as_str()).collect();
    let cells = row.cells.iter().filter(|(name, _)| typed.contains(**name));
    let key = std::iter::once(("key".to_owned(), row.key.as_str().into()));
    key.chain(cells.map(|(name, cell)| ((*name).to_owned(), cell.to_json()))).collect()
}

fn target_json(target: &Target) -> Json {
    let Some(question) = bank().question(TARGETS) else { return Json::Null };
    let mut json = row_json(&question.columns, &target.row);
    for (table, rows) in &target.tables {
        if let Some(column) = question.column(table).filter(|_| rows.iter().any(Row::counts)) {
            json.insert((*table).to_owned(), rows_json(&column.columns, rows));
        }
    }
    json.into()
}

fn is_disputed(json: &Json) -> bool {
    json.get("disputed").is_some()
}

fn is_withdrawn(fields: &Map<String, Json>) -> bool {
    fields.get("withdrawn") == Some(&Json::Bool(true))
}

/// Enough of a name that is none to find it in the file.
fn short(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}
