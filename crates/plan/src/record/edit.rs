//! Writing: every way a person can change a plan, and the one function that does it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{Automerge, AutomergeError, ChangeHash, ObjId, ObjType, ReadDoc};
use uuid::Uuid;

use crate::TARGETS;
use crate::bank::{Column, Kind, Question, RowKey};
use crate::crossing::{self, Moved};
use crate::delegation::{DELEGATES, Delegated};
use crate::document::{Sheet, WITHDRAWN, joined_text};
use crate::events::follows_birth;
use crate::excuse::NoAnswer;
use crate::facts::{Asked, Facts};
use crate::hunks::{Hunk, hunks, least};
use crate::pep::{DocumentKind, Pep, PepType, Role};
use crate::plausible;
use crate::process::Process;
use crate::quality;
use crate::refused::Refused;
use crate::rewritten;
use crate::touched::SETTLES;
use crate::value::{CELL_MAX, Shape, TEXT_MAX, Value, find_column, find_question, utf16_len, withhold};
use crate::view::carried_text;

/// Most rows in a table, withdrawn ones included: a view is drawn whole.
pub const ROWS_MAX: usize = 1_000;
/// Longest row key, in bytes. The gate takes map keys of up to 256.
pub const ROW_KEY_MAX: usize = 200;
/// Longest text that is carried over, in UTF-16 units: it stands in one operation until somebody edits it, and is then written
/// out within one change.
pub const CARRIED_MAX: usize = 15_000;
/// Most operations in one change; the gate takes 20,000. A character added or taken away is one.
pub const OPERATIONS_MAX: usize = 20_000;

/// What a mark says to a program that takes it for a remark.
const MARKED: &str = "This has changed. Those who may see it find it in the plan.";
/// Between two keys in a place: two rows that look like one.
pub(crate) const SAME: &str = "same";

/// Whether there is a meeting, or a review without one.
pub(crate) const MEETING_KIND: &str = "meeting.kind";
/// The answer to it that says: without one.
pub(crate) const ON_PAPER: &str = "desk_review";

/// Who writes. Recorded by the actor of the document, not in it, save where an entry is kept for each author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writer {
    /// The person's id in the directory.
    pub person: Uuid,
    /// What they are to this child.
    pub role: Role,
    /// What they answer for the designated teacher.
    pub delegated: Delegated,
}

impl Writer {
    /// Somebody to whom nothing was delegated.
    pub fn new(person: Uuid, role: Role) -> Writer {
        Writer { person, role, delegated: Delegated::NOTHING }
    }

    /// Whether they are among those who write a question: by their role, or for the designated teacher.
    pub fn is_among(&self, writers: &[Role], process: &Process, question: &Question) -> bool {
        let deputises = || writers.contains(&DELEGATES) && self.delegated.holds(process, question);
        writers.contains(&self.role) || deputises()
    }
}

/// Cells of a row or fields of a target, by column; `None` empties one.
pub type Cells = BTreeMap<String, Option<Value>>;

/// Everything a person can do to a plan.
///
/// `question` is a question id; for a value or a text inside a table or a target it is a place within it:
/// `attendance.terms/ROW/attended`, `targets.list/TARGET/statement`, `targets.list/TARGET/funds/ROW/unitCost`.
/// A table within a target is the place `targets.list/TARGET/funds`.
#[derive(Clone, PartialEq)]
pub enum Edit {
    /// Answers with a value: a choice, a date, a set of choices, … `Value::Text` rewrites a text.
    Choose {
        /// The place.
        question: String,
        /// The answer.
        value: Value,
    },
    /// Takes an answer away.
    Clear {
        /// The place.
        question: String,
    },
    /// Replaces a text, by the difference: what somebody else typed meanwhile stays.
    Rewrite {
        /// The place.
        question: String,
        /// The whole text as it should be.
        text: String,
    },
    /// Changes a piece of a text as a page saw it. Offsets count UTF-16 units in the text as it was at `seen`; of one text,
    /// it is the first edit of its `apply`.
    Splice {
        /// The place.
        question: String,
        /// Where, in UTF-16 units.
        at: usize,
        /// How many UTF-16 units to take away.
        delete: usize,
        /// What to put in.
        insert: String,
        /// The heads of the document as the page saw it; empty: as it is now.
        seen: Vec<ChangeHash>,
    },
    /// Adds to a text, on a line of its own.
    Append {
        /// The place.
        question: String,
        /// What to add.
        text: String,
    },
    /// Makes a row, or changes cells of one; brings a withdrawn row back. `row_key` gives a new row its key.
    PutRow {
        /// The table.
        question: String,
        /// The row.
        key: String,
        /// The cells to set or empty; others stay.
        cells: Cells,
    },
    /// Marks a row as withdrawn. It stays in the document, and an edit made meanwhile survives.
    WithdrawRow {
        /// The table.
        question: String,
        /// The row.
        key: String,
    },
    /// Makes a target, or changes fields of one; brings a withdrawn target back.
    PutTarget {
        /// The target: a UUID.
        key: String,
        /// The fields to set or empty; others stay. Tables within the target are rows: `PutRow`.
        fields: Cells,
    },
    /// Says how a target of the last PEP went: a row of `targets.review`.
    ReviewTarget {
        /// The target reviewed.
        key: String,
        /// Cells of `targets.review`, without `target`.
        cells: Cells,
    },
    /// Marks a target as withdrawn.
    WithdrawTarget {
        /// The target.
        key: String,
    },
    /// Says why a question has no answer, or takes that back. An answer given later takes its place.
    Excuse {
        /// The question.
        question: String,
        /// Why, and the reason in a few words; `None` takes it back.
        excuse: Option<(NoAnswer, String)>,
    },
    /// Begins a question with what the last PEP said (PEP.md 4.8). A value or rows are edits of their own, made before it.
    Carry {
        /// The question.
        question: String,
        /// The text of a question that is one. It stands as the answer until somebody edits it, and nowhere twice, also where
        /// two people bring it apart. Where there is a text already, nothing is done.
        text: Option<String>,
        /// Somebody has to confirm it: until then it counts as missing. Any edit of the answer confirms it.
        ask: bool,
    },
    /// Confirms what was carried over, as it stands.
    Confirm {
        /// The question.
        question: String,
    },
    /// A remark beside an answer; stays as it is. Written again with the same key it changes nothing.
    Comment {
        /// The comment's own key: a UUID.
        key: String,
        /// The question it is about.
        question: String,
        /// The remark.
        text: String,
    },
    /// Says in the plan itself that an answer in the annex of contact restrictions has changed, and nothing of what it says: not
    /// everybody holds that annex, and everybody has to know which signatures it makes stale.
    Mark {
        /// The mark's own key: a UUID.
        key: String,
        /// The question in the annex.
        question: String,
    },
    /// Chooses between values people entered apart. At `…/withdrawn`, `yes` withdraws and `no` keeps.
    Resolve {
        /// The place, as a `Dispute` names it.
        question: String,
        /// One of the values.
        take: Value,
    },
}

/// What an edit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The change that was made; `None` if everything was so already.
    pub change: Option<ChangeHash>,
    /// The keys of rows, targets and comments that are new.
    pub made: Vec<String>,
}

withhold!(Edit);

/// Makes the edits in one transaction: one change by the actor the document has, at the present heads, or none at all.
/// `kind` is what `document` is, `now` the time in seconds since 1970. On a refusal the document is as it was.
pub fn apply(
    document: &mut Automerge,
    pep: &Pep,
    kind: DocumentKind,
    writer: &Writer,
    edits: &[Edit],
    now: i64,
) -> Result<Applied, Refused> {
    apply_within(document, pep, kind, writer, edits, now, OPERATIONS_MAX)
}

/// As `apply`, with another limit on operations.
pub(crate) fn apply_within(
    document: &mut Automerge,
    pep: &Pep,
    kind: DocumentKind,
    writer: &Writer,
    edits: &[Edit],
    now: i64,
    limit: usize,
) -> Result<Applied, Refused> {
    let mut moves = Vec::new();
    let mut versions = BTreeMap::new();
    for edit in edits {
        moves.push(match edit {
            Edit::Splice { question, seen, .. } => moved_since(document, question, writer, seen)?,
            _ => Vec::new(),
        });
        if let Edit::Resolve { question, .. } = edit {
            versions.insert(question.clone(), rewritten_at(document, question, writer)?);
        }
    }
    let mut work = Work { tx: document.transaction(), pep, kind, writer: *writer, made: Vec::new(), versions };
    let done = right_document(&work.sheet(), pep, kind)
        .and_then(|()| work.not_sealed())
        .and_then(|()| edits.iter().zip(&moves).try_for_each(|(edit, moves)| work.edit(edit, moves)))
        .and_then(|()| work.reasoned(edits))
        .and_then(|()| plausible::possible(&work.sheet(), pep, edits));
    let done = done.and_then(|()| match work.tx.pending_ops() {
        operations if operations > limit => Err(Refused::TooMuchAtOnce { limit }),
        operations => Ok(operations),
    });
    let Work { tx, made, .. } = work;
    match done {
        Ok(1..) => {
            let (change, _) = tx.commit_with(CommitOptions::default().with_time(now));
            Ok(Applied { change, made })
        }
        Ok(0) => {
            tx.rollback();
            Ok(Applied { change: None, made })
        }
        Err(refused) => {
            tx.rollback();
            Err(refused)
        }
    }
}

impl Edit {
    /// The place it is about: a question, or something in its table or target. It may hold row keys: not for logs.
    pub fn place(&self) -> String {
        match self {
            Edit::Choose { question, .. }
            | Edit::Clear { question }
            | Edit::Rewrite { question, .. }
            | Edit::Splice { question, .. }
            | Edit::Append { question, .. }
            | Edit::Excuse { question, .. }
            | Edit::Carry { question, .. }
            | Edit::Confirm { question }
            | Edit::Comment { question, .. }
            | Edit::Mark { question, .. }
            | Edit::Resolve { question, .. } => question.clone(),
            Edit::PutRow { question, key, .. } | Edit::WithdrawRow { question, key } => format!("{question}/{key}"),
            Edit::PutTarget { key, .. } | Edit::WithdrawTarget { key } => format!("{TARGETS}/{key}"),
            Edit::ReviewTarget { key, .. } => format!("{}/{key}", crate::REVIEW),
        }
    }

    /// The document its answer is kept in; `None` of a question the bank does not know. A comment may stand elsewhere, a mark does.
    pub fn document(&self) -> Option<DocumentKind> {
        find_question(self.place().split('/').next().unwrap_or_default()).ok().map(Question::document)
    }
}

/// The key of a new row, for `Edit::PutRow`: from its cells where the bank says what makes two rows the same, so that two
/// people who enter it apart meet; else from `random`. Where rows are an author's own words, the author is part of it.
pub fn row_key(
    table: &str,
    cells: &Cells,
    writer: &Writer,
    random: &mut dyn FnMut() -> [u8; 16],
) -> Result<String, Refused> {
    let place = Place::parse(table)?;
    let (_, row_key) = place.table()?;
    let own = own_suffix(place.question, writer);
    let key = match row_key {
        RowKey::Random => uuid::Builder::from_random_bytes(random()).into_uuid().to_string(),
        RowKey::Natural(columns) => {
            let cell = |column: &String| cells.get(column).cloned().flatten();
            natural_key(&place.question.id, columns, cell)?
        }
    };
    Ok(key + &own)
}

/// Refuses what this person may not write, whatever stands in the plan: a question, or a field of a target that holds
/// somebody's own words.
pub(crate) fn permitted(
    pep: &Pep,
    writer: &Writer,
    question: &Question,
    own_words: Option<&Column>,
) -> Result<(), Refused> {
    let id = || question.id.clone();
    if question.is_sign_off() {
        return Err(Refused::SignOff { question: id() });
    }
    if question.computed && !question.is_overridable() {
        return Err(Refused::Computed { question: id() });
    }
    let process = pep.process();
    if !process.places(question) {
        return Err(Refused::NotInThisVersion { question: id(), version: process.version });
    }
    let owners = match own_words {
        Some(column) => process.writers_within(question, column),
        None => process.writers_of(question),
    };
    match writer.is_among(&owners, process, question) {
        true => Ok(()),
        false if question.reserved => {
            let owners = if question.owners.is_empty() { owners } else { question.owners.clone() };
            Err(Refused::Reserved { question: id(), owners })
        }
        false => Err(Refused::NotYours { question: id(), owners }),
    }
}

/// A place in a document: a question, or something in its table or target.
pub(crate) struct Place<'a> {
    pub(crate) question: &'static Question,
    path: Vec<&'a str>,
}

impl<'a> Place<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Place<'a>, Refused> {
        let mut parts = text.split('/');
        let question = find_question(parts.next().unwrap_or_default())?;
        Ok(Place { question, path: parts.collect() })
    }

    /// What stands at this place.
    fn spot(&self) -> Result<Spot<'a>, Refused> {
        let question = self.question;
        let is_targets = question.id == TARGETS;
        let column = |columns: &'static [Column], id: &str| find_column(&question.id, columns, id);
        match *self.path.as_slice() {
            [] => Ok(Spot::Answer),
            [row, WITHDRAWN] => Ok(Spot::Withdrawal { row, within: None }),
            [target, table, row, WITHDRAWN] if is_targets => {
                column(&question.columns, table)?;
                Ok(Spot::Withdrawal { row, within: Some((target, table)) })
            }
            [target, table, row, cell] if is_targets => {
                let cell = column(&column(&question.columns, table)?.columns, cell)?;
                Ok(Spot::Cell { row, column: cell, within: Some((target, table)) })
            }
            [row, SAME, other] => Ok(Spot::Same { row, other }),
            [row, cell] => {
                let cell = column(&question.columns, cell)?;
                Ok(Spot::Cell { row, column: cell, within: None })
            }
            _ => Err(Refused::UnknownRow { question: question.id.clone() }),
        }
    }

    /// The columns of the table at this place and what makes its keys.
    fn table(&self) -> Result<(&'static [Column], &'static RowKey), Refused> {
        match *self.path.as_slice() {
            [] if self.question.kind == Kind::Table || self.question.id == crate::REVIEW => {
                Ok((&self.question.columns, &self.question.row_key))
            }
            [_, table] if self.question.id == TARGETS => {
                let column = find_column(&self.question.id, &self.question.columns, table)?;
                match column.kind {
                    Kind::Table => Ok((&column.columns, &RowKey::Random)),
                    _ => Err(self.wrong_type("a value")),
                }
            }
            _ if self.question.id == TARGETS => Err(self.wrong_type("targets")),
            _ => Err(self.wrong_type(expected(self.question))),
        }
    }

    fn wrong_type(&self, expected: &'static str) -> Refused {
        Refused::WrongType { question: self.question.id.clone(), expected }
    }
}

/// What a place turns out to be. `within`: the target and its table.
enum Spot<'a> {
    Answer,
    Cell {
        row: &'a str,
        column: &'static Column,
        within: Option<(&'a str, &'a str)>,
    },
    Withdrawal {
        row: &'a str,
        within: Option<(&'a str, &'a str)>,
    },
    /// Two rows that look like one.
    Same {
        row: &'a str,
        other: &'a str,
    },
}

/// One transaction in progress.
struct Work<'a> {
    tx: Transaction<'a>,
    pep: &'a Pep,
    kind: DocumentKind,
    writer: Writer,
    made: Vec<String>,
    /// Of each text that is to be settled the versions there are to choose from; none elsewhere.
    versions: BTreeMap<String, Vec<Value>>,
}

/// Automerge refuses only what this file never asks, unless the document is not shaped like one of ours.
fn damaged(question: &Question) -> impl Fn(AutomergeError) -> Refused + '_ {
    |_| Refused::Damaged { question: question.id.clone() }
}

impl<'t> Work<'t> {
    fn edit(&mut self, edit: &Edit, moves: &[Moved]) -> Result<(), Refused> {
        match edit {
            Edit::Excuse { question, excuse } => {
                let place = self.writable(question)?;
                let kept = excuse.as_ref().map(|(why, reason)| why.kept(place.question, reason)).transpose()?;
                if !matches!(place.spot()?, Spot::Answer) {
                    return Err(place.wrong_type("an answer; say it of the whole question"));
                }
                let answers = self.answers(place.question)?;
                let kept = kept.map(Value::Text);
                self.confirmed(place.question)?;
                return self.put(place.question, &[answers], &place.question.excuse_key, Kind::Text, kept.as_ref());
            }
            Edit::Choose { question, .. }
            | Edit::Rewrite { question, .. }
            | Edit::Splice { question, .. }
            | Edit::Append { question, .. }
            | Edit::PutRow { question, .. } => self.no_excuse(&self.writable(question)?)?,
            Edit::ReviewTarget { .. } => self.no_excuse(&self.writable(crate::REVIEW)?)?,
            _ => {}
        }
        match edit {
            Edit::Choose { question, .. }
            | Edit::Clear { question }
            | Edit::Rewrite { question, .. }
            | Edit::Splice { question, .. }
            | Edit::Append { question, .. }
            | Edit::PutRow { question, .. }
            | Edit::WithdrawRow { question, .. }
            | Edit::Resolve { question, .. } => self.confirmed(Place::parse(question)?.question)?,
            _ => {}
        }
        match edit {
            Edit::Excuse { .. } => Ok(()),
            Edit::Confirm { question } => self.writable(question).and_then(|place| self.confirm(place.question)),
            Edit::Carry { question, text, ask } => self.carry(&self.writable(question)?, text.as_deref(), *ask),
            Edit::Choose { question, value } => self.choose(&self.writable(question)?, value),
            Edit::Clear { question } => self.clear(&self.writable(question)?),
            Edit::Rewrite { question, text } => self.rewrite(&self.writable(question)?, text),
            Edit::Splice { question, at, delete, insert, seen } => {
                self.splice(&self.writable(question)?, *at..at.saturating_add(*delete), insert, seen, moves)
            }
            Edit::Append { question, text } => self.append(&self.writable(question)?, text),
            Edit::PutRow { question, key, cells } => self.put_row(&self.writable(question)?, key, cells),
            Edit::WithdrawRow { question, key } => {
                let place = self.writable(question)?;
                place.table()?;
                self.own_row(place.question, key)?;
                let rows = self.row(&place, key)?;
                self.withdraw(place.question, &rows)
            }
            Edit::PutTarget { key, fields } => {
                let places: Vec<String> = fields.keys().map(|field| format!("{TARGETS}/{key}/{field}")).collect();
                // Somebody whose words a field holds may write there, and nowhere else in the target.
                let words_only = !places.is_empty() && places.iter().all(|place| own_words(place).is_some());
                match words_only {
                    true => places.iter().try_for_each(|place| self.writable(place).map(drop))?,
                    false => drop(self.writable(TARGETS)?),
                }
                self.put_target(&Place::parse(TARGETS)?, key, fields)
            }
            Edit::ReviewTarget { key, cells } => {
                let place = self.writable(crate::REVIEW)?;
                let mut cells = cells.clone();
                cells.insert("target".to_owned(), Some(Value::Text(key.clone())));
                self.put_row(&place, key, &cells)
            }
            Edit::WithdrawTarget { key } => {
                let place = self.writable(TARGETS)?;
                let target = self.target(place.question, key)?;
                self.withdraw(place.question, &target)
            }
            Edit::Comment { key, question, text } => self.comment(key, question, text),
            Edit::Mark { key, question } => self.mark(key, question),
            Edit::Resolve { question, take } => {
                let place = self.writable(question)?;
                match self.versions.remove(question).filter(|versions| !versions.is_empty()) {
                    Some(versions) if place.question.kind == Kind::MultiChoice => {
                        self.resolve_set(place.question, take, &versions)
                    }
                    Some(versions) => self.resolve_text(&place, take, &versions),
                    None => self.resolve(&place, take),
                }
            }
        }
    }

    /// An answer takes the place of the reason why there was none.
    fn no_excuse(&mut self, place: &Place<'_>) -> Result<(), Refused> {
        let answers = self.answers(place.question)?;
        let key = place.question.excuse_key.as_str();
        match self.sheet().all(&answers, key).is_empty() {
            true => Ok(()),
            false => self.tx.delete(&answers, key).map_err(damaged(place.question)),
        }
    }

    /// Refuses a day before the child was born; of two dates of birth the earlier counts until a person has chosen.
    fn after_birth(&self, question: &Question, column: Option<&str>, value: Option<&Value>) -> Result<(), Refused> {
        let Some(Value::Date(day)) = value.filter(|_| follows_birth(&question.id)) else { return Ok(()) };
        let born = self.sheet().plain("child.dob", Kind::Date).into_iter().map(|put| put.value).min();
        match born {
            Some(Value::Date(born)) if *day < born => {
                let place = column.map_or(question.id.clone(), |column| format!("{}/{column}", question.id));
                Err(Refused::BeforeBirth { question: place })
            }
            _ => Ok(()),
        }
    }

    /// Refuses a review on paper where the process holds one in a meeting.
    fn in_a_meeting(&self, question: &Question, value: &Value) -> Result<(), Refused> {
        if question.id != MEETING_KIND || *value != Value::Choice(ON_PAPER.to_owned()) {
            return Ok(());
        }
        let phase = Facts::new(self.pep, Some(self.sheet())).phases().first().copied();
        match self.pep.process().practice.review.on_paper(self.pep.kind, phase, self.pep.term) {
            true => Ok(()),
            false => Err(Refused::NoDeskReview),
        }
    }

    /// Refuses an overall grade that is given with these edits, is another than the areas make it, and has no reason. A reason that is
    /// taken away later is asked for again, and not refused: whoever writes it anew in a live box has it empty for a moment.
    fn reasoned(&self, edits: &[Edit]) -> Result<(), Refused> {
        let gives = |edit: &Edit| matches!(edit, Edit::Choose { question, .. } if question == quality::OVERALL);
        if !edits.iter().any(gives) {
            return Ok(());
        }
        let reason = find_question(quality::REASON)?;
        let why = shared_text(&self.sheet(), reason);
        // The reason is asked for exactly where the grade is another.
        let asked = Facts::new(self.pep, Some(self.sheet())).asked(reason) == Asked::Yes;
        match asked && why.is_none_or(|why| why.trim().is_empty()) {
            true => Err(Refused::NoReason),
            false => Ok(()),
        }
    }

    /// Refuses everything of a PEP that was withdrawn, and once the closing PEP is signed off (PEP.md 4.10). An annex cannot tell the
    /// latter; the plan itself can.
    fn not_sealed(&self) -> Result<(), Refused> {
        if !self.pep.counts() {
            return Err(Refused::Withdrawn);
        }
        let signed = || {
            let root = self.sheet().root("signOffs")?;
            let all = self.sheet().objects(&root, "signoff.vs", ObjType::Map);
            all.iter().any(|all| !self.sheet().keys(all).is_empty()).then_some(())
        };
        if self.pep.kind == PepType::Closing && signed().is_some() { Err(Refused::Sealed) } else { Ok(()) }
    }

    /// What is edited or confirmed need not be confirmed any more.
    fn confirmed(&mut self, question: &Question) -> Result<(), Refused> {
        self.take_away(question, &question.ask_key)
    }

    /// Confirming what came from the last PEP says it anew: beside what somebody else made of it meanwhile both are shown. Texts and
    /// rows stand as they are.
    fn confirm(&mut self, question: &Question) -> Result<(), Refused> {
        let answers = self.answers(question)?;
        let asked = !self.sheet().all(&answers, &question.ask_key).is_empty();
        if asked && self.pep.is_fact(question) {
            let answers = [answers];
            if let [only] = self.sheet().puts(&answers, &question.id, question.kind).as_slice() {
                self.empty(question, &answers, &question.id)?;
                let [map] = &answers;
                self.tx.put(map, question.id.as_str(), only.value.scalar()).map_err(damaged(question))?;
            }
        }
        self.confirmed(question)
    }

    fn take_away(&mut self, question: &Question, key: &str) -> Result<(), Refused> {
        let answers = self.answers(question)?;
        match self.sheet().all(&answers, key).is_empty() {
            true => Ok(()),
            false => self.tx.delete(&answers, key).map_err(damaged(question)),
        }
    }

    fn carry(&mut self, place: &Place<'_>, text: Option<&str>, ask: bool) -> Result<(), Refused> {
        let question = place.question;
        if !question.may_be_carried() || !matches!(place.spot()?, Spot::Answer) {
            return Err(place.wrong_type("an answer of its own in every PEP"));
        }
        let answers = self.answers(question)?;
        if let Some(text) = text {
            if !question.is_shared_text() {
                return Err(place.wrong_type(expected(question)));
            }
            if self.pep.is_fact(question) {
                return self.carry_fact(question, &answers, text, ask);
            }
            if utf16_len(text) > CARRIED_MAX {
                return Err(Refused::TooLong { question: question.id.clone(), limit: CARRIED_MAX });
            }
            let there = self.sheet().answer(&question.id, ObjType::Text).map(|there| self.sheet().text(&there));
            if there.is_some_and(|there| !there.is_empty()) {
                return Ok(());
            }
            let text = Value::Text(text.to_owned());
            self.put(question, std::slice::from_ref(&answers), &question.carried_key, Kind::Text, Some(&text))?;
        }
        match ask {
            true => self.put(question, &[answers], &question.ask_key, Kind::YesNo, Some(&Value::YesNo(true))),
            false => Ok(()),
        }
    }

    /// A line of text that is one value begins as any value does.
    fn carry_fact(&mut self, question: &Question, answers: &ObjId, text: &str, ask: bool) -> Result<(), Refused> {
        if !self.sheet().all(answers, &question.id).is_empty() {
            return Ok(());
        }
        self.put_line(question, text)?;
        let ask = ask.then_some(Value::YesNo(true));
        self.put(question, std::slice::from_ref(answers), &question.ask_key, Kind::YesNo, ask.as_ref())
    }

    /// Before a text is edited: what was carried over becomes its beginning, so that everything is edited in one place.
    fn write_out(&mut self, place: &Place<'_>) -> Result<(), Refused> {
        let question = place.question;
        if !matches!(place.spot()?, Spot::Answer) || !question.is_shared_text() || self.pep.is_fact(question) {
            return Ok(());
        }
        if let Some(carried) = carried_text(&self.sheet(), question) {
            let text = self.text_to_write(place)?;
            self.tx.splice_text(&text, 0, 0, &carried).map_err(damaged(question))?;
        }
        self.take_away(question, &question.carried_key)
    }

    fn sheet(&self) -> Sheet<'_, Transaction<'t>> {
        Sheet::now(&self.tx)
    }

    /// The place, if this person may write there now.
    fn writable<'p>(&self, text: &'p str) -> Result<Place<'p>, Refused> {
        let place = Place::parse(text)?;
        let question = place.question;
        let id = || question.id.clone();
        if question.document() != self.kind {
            return Err(Refused::OtherDocument { question: id(), kind: question.document() });
        }
        permitted(self.pep, &self.writer, question, own_words(text))?;
        let main = (self.kind == DocumentKind::Main).then(|| self.sheet());
        let facts = Facts::new(self.pep, main);
        let on_roll = self.pep.process().writers_on_roll(question);
        let own_words = own_words(text).is_some();
        if facts.not_on_roll() == Some(false)
            && !own_words
            && !self.writer.is_among(&on_roll, self.pep.process(), question)
        {
            return Err(Refused::NotYours { question: id(), owners: on_roll });
        }
        match facts.asked(question) {
            Asked::Yes | Asked::Unknown => Ok(place),
            Asked::No(because) => Err(Refused::Hidden { question: id(), because: because.to_owned() }),
        }
    }

    fn choose(&mut self, place: &Place<'_>, value: &Value) -> Result<(), Refused> {
        let question = place.question;
        match place.spot()? {
            Spot::Answer => match question.kind {
                Kind::Text | Kind::LongText => match value {
                    Value::Text(text) => self.rewrite(place, text),
                    _ => Err(Shape::of(question).bad(&question.id)),
                },
                Kind::Table | Kind::TargetList => Err(place.wrong_type(expected(question))),
                Kind::MultiChoice => {
                    Shape::of(question).check(&question.id, value)?;
                    let Value::Set(words) = value else { return Err(Shape::of(question).bad(&question.id)) };
                    if self.pep.is_fact(question) {
                        let answers = self.answers(question)?;
                        let value = (!words.is_empty()).then_some(value);
                        return self.put(question, &[answers], &question.id, question.kind, value);
                    }
                    self.tick(question, words)
                }
                Kind::Choice
                | Kind::Date
                | Kind::Number
                | Kind::Money
                | Kind::YesNo
                | Kind::Person
                | Kind::Attachment
                | Kind::Picture => {
                    Shape::of(question).check(&question.id, value)?;
                    self.after_birth(question, None, Some(value))?;
                    quality::fits(self.pep.process(), question, None, value)?;
                    self.in_a_meeting(question, value)?;
                    let answers = self.answers(question)?;
                    self.put(question, &[answers], &question.id, question.kind, Some(value))
                }
            },
            Spot::Cell { row, column, within } => self.put_cell_at(question, row, column, within, Some(value)),
            Spot::Withdrawal { .. } | Spot::Same { .. } => {
                Err(place.wrong_type("no value there; withdraw the row, or change it to bring it back"))
            }
        }
    }

    fn clear(&mut self, place: &Place<'_>) -> Result<(), Refused> {
        let question = place.question;
        match place.spot()? {
            Spot::Answer => match question.kind {
                Kind::Text | Kind::LongText => self.rewrite(place, ""),
                Kind::Table | Kind::TargetList => Err(place.wrong_type("rows; withdraw them one by one")),
                Kind::MultiChoice if !self.pep.is_fact(question) => self.tick(question, &BTreeSet::new()),
                Kind::Choice
                | Kind::MultiChoice
                | Kind::Date
                | Kind::Number
                | Kind::Money
                | Kind::YesNo
                | Kind::Person
                | Kind::Attachment
                | Kind::Picture => {
                    let answers = self.answers(question)?;
                    self.put(question, &[answers], &question.id, question.kind, None)
                }
            },
            Spot::Cell { row, column, within } => self.put_cell_at(question, row, column, within, None),
            Spot::Withdrawal { .. } | Spot::Same { .. } => {
                Err(place.wrong_type("no value there; change the row to bring it back"))
            }
        }
    }

    fn resolve(&mut self, place: &Place<'_>, take: &Value) -> Result<(), Refused> {
        let question = place.question;
        let undisputed = || Refused::NotDisputed { question: question.id.clone() };
        let (maps, key, kind) = match place.spot()? {
            Spot::Answer => (vec![self.answers(question)?], question.id.as_str(), question.kind),
            Spot::Cell { row, column, within } => {
                (self.row_at(question, row, within)?, column.id.as_str(), column.kind)
            }
            Spot::Same { row, other } => return self.same(question, row, other, take),
            Spot::Withdrawal { row, within } => {
                let maps = self.row_at(question, row, within)?;
                if self.sheet().withdrawals(&maps).is_empty() {
                    return Err(undisputed());
                }
                return match take {
                    Value::YesNo(withdrawn) => self.choose_withdrawal(question, &maps, *withdrawn),
                    _ => Err(place.wrong_type("yes (withdraw) or no (keep)")),
                };
            }
        };
        let puts = self.sheet().puts(&maps, key, kind);
        if puts.len() < 2 || !puts.iter().any(|put| put.value == *take) {
            return Err(undisputed());
        }
        self.in_a_meeting(question, take)?;
        self.put(question, &maps, key, kind, Some(take))
    }

    /// Two rows, or two targets, that look like one: joined in the one that stands, or kept as two. What the other says beside it is
    /// added, and the other is withdrawn; of two people who join them otherwise apart both are heard, for each keeps one on purpose.
    fn same(&mut self, question: &'static Question, one: &str, other: &str, take: &Value) -> Result<(), Refused> {
        let undisputed = || Refused::NotDisputed { question: question.id.clone() };
        let [first, second] = [one, other].map(|key| self.row_at(question, key, None));
        let (first, second) = (first?, second?);
        if one == other || [&first, &second].into_iter().any(|maps| !self.sheet().withdrawals(maps).is_empty()) {
            return Err(undisputed());
        }
        let (key, stays, goes) = match take {
            Value::YesNo(false) => {
                self.choose_withdrawal(question, &first, false)?;
                return self.choose_withdrawal(question, &second, false);
            }
            Value::Choice(key) if key == one => (one, first, second),
            Value::Choice(key) if key == other => (other, second, first),
            _ => return Err(undisputed()),
        };
        for column in question.columns.iter().filter(|column| !column.calculated && column.voice_of.is_none()) {
            match column.kind {
                Kind::Table => self.take_rows(question, key, column, &stays, &goes)?,
                Kind::LongText => {
                    let [there, new] = [&stays, &goes].map(|maps| joined_text(&self.sheet(), &column.id, maps));
                    if there.is_empty() && !new.is_empty() {
                        self.rewrite(&Place { question, path: vec![key, &column.id] }, &new)?;
                    }
                }
                kind => {
                    let [there, new] = [&stays, &goes].map(|maps| self.sheet().puts(maps, &column.id, kind));
                    if let ([], [new]) = (there.as_slice(), new.as_slice()) {
                        self.put(question, &stays, &column.id, kind, Some(&new.value))?;
                    }
                }
            }
        }
        self.choose_withdrawal(question, &stays, false)?;
        self.choose_withdrawal(question, &goes, true)
    }

    /// The rows within a target that the other of two has and this one lacks; under the same keys, so that two who join them apart
    /// meet. There they are withdrawn: money counts once.
    fn take_rows(
        &mut self,
        question: &'static Question,
        target: &str,
        column: &'static Column,
        stays: &[ObjId],
        goes: &[ObjId],
    ) -> Result<(), Refused> {
        let tables = |maps: &[ObjId]| -> Vec<ObjId> {
            maps.iter().flat_map(|map| self.sheet().objects(map, &column.id, ObjType::Map)).collect()
        };
        let [there, new] = [stays, goes].map(|maps| self.sheet().live_rows(&tables(maps)));
        let entered = || column.columns.iter().filter(|cell| !cell.calculated);
        let said = |sheet: &Sheet<'_, Transaction<'t>>, row: &[ObjId]| -> Vec<Vec<Value>> {
            entered()
                .map(|cell| sheet.puts(row, &cell.id, cell.kind).into_iter().map(|put| put.value).collect())
                .collect()
        };
        for (key, row) in new {
            let says = said(&self.sheet(), &row);
            if !there.values().any(|known| said(&self.sheet(), known) == says) && !there.contains_key(&key) {
                let table = self.table(&Place { question, path: vec![target, &column.id] })?;
                let made = self.make_row(question, &table, &key)?;
                for (cell, values) in entered().zip(&says) {
                    if let Some(value) = values.last() {
                        self.tx.put(&made, cell.id.as_str(), value.scalar()).map_err(damaged(question))?;
                    }
                }
            }
            self.choose_withdrawal(question, &row, true)?;
        }
        Ok(())
    }

    /// Makes a text that two people rewrote apart what one of them left, or keeps it as it is now.
    fn resolve_text(&mut self, place: &Place<'_>, take: &Value, versions: &[Value]) -> Result<(), Refused> {
        let (Value::Text(text), true) = (take, versions.contains(take)) else {
            return Err(Refused::NotDisputed { question: place.question.id.clone() });
        };
        self.check_length(place, text)?;
        if matches!(place.spot()?, Spot::Answer) && place.question.is_shared_text() {
            self.take_away(place.question, &place.question.carried_key)?;
        }
        let text_id = self.text_to_write(place)?;
        // What stands in both stays: of two people who choose the same apart each takes away the same, and neither puts it in twice.
        self.change_text(place.question, &text_id, least(&self.sheet().text(&text_id), text))?;
        // Somebody who has seen both says how it is to read. The text itself says so, by a character that comes and goes within this
        // one change: it needs no place of its own, and so it merges, and may be written, exactly where the text may.
        let end = self.tx.length(&text_id);
        self.tx.splice_text(&text_id, end, 0, SETTLES).map_err(damaged(place.question))?;
        self.tx.splice_text(&text_id, end, 1, "").map_err(damaged(place.question))
    }

    /// Chooses one of the sets that people ticked apart. A choice that is put again within one change says that it was chosen.
    fn resolve_set(&mut self, question: &Question, take: &Value, versions: &[Value]) -> Result<(), Refused> {
        let (Value::Set(chosen), true) = (take, versions.contains(take)) else {
            return Err(Refused::NotDisputed { question: question.id.clone() });
        };
        let map = self.sheet().answer(&question.id, ObjType::Map);
        let map = map.ok_or_else(|| Refused::Damaged { question: question.id.clone() })?;
        for word in self.sheet().ticked(&map).iter().chain(chosen) {
            self.empty(question, std::slice::from_ref(&map), word)?;
        }
        chosen.iter().try_for_each(|word| self.tx.put(&map, word.as_str(), true).map_err(damaged(question)))
    }

    /// Makes these pieces in a text, the last first.
    fn change_text(&mut self, question: &Question, text: &ObjId, pieces: Vec<Hunk>) -> Result<(), Refused> {
        for Hunk { at, delete, insert } in pieces {
            let delete = isize::try_from(delete).unwrap_or(isize::MAX);
            self.tx.splice_text(text, at, delete, &insert).map_err(damaged(question))?;
        }
        Ok(())
    }

    /// The question at a place, where its answer is a line of text that is one value.
    fn line(&self, place: &Place<'_>) -> Option<&'static Question> {
        let line = |question: &&'static Question| question.kind == Kind::Text && self.pep.is_fact(question);
        Some(place.question).filter(line).filter(|_| matches!(place.spot(), Ok(Spot::Answer)))
    }

    fn put_line(&mut self, question: &Question, text: &str) -> Result<(), Refused> {
        if utf16_len(text) > CARRIED_MAX {
            return Err(Refused::TooLong { question: question.id.clone(), limit: CARRIED_MAX });
        }
        let text = Some(text.trim()).filter(|text| !text.is_empty()).map(|text| Value::Text(text.to_owned()));
        let answers = self.answers(question)?;
        self.put(question, &[answers], &question.id, question.kind, text.as_ref())
    }

    fn rewrite(&mut self, place: &Place<'_>, text: &str) -> Result<(), Refused> {
        if let Some(question) = self.line(place) {
            return self.put_line(question, text);
        }
        self.check_length(place, text)?;
        if matches!(place.spot()?, Spot::Answer) && place.question.is_shared_text() {
            self.take_away(place.question, &place.question.carried_key)?;
        }
        let texts = texts(&self.sheet(), place, &self.writer)?;
        let Some((winner, others)) = texts.split_last() else {
            return match text {
                "" => Ok(()),
                text => {
                    let made = self.make_text(place)?;
                    self.tx.splice_text(&made, 0, 0, text).map_err(damaged(place.question))
                }
            };
        };
        self.change_text(place.question, winner, hunks(&self.sheet().text(winner), text))?;
        // One person's two devices each began an entry: what was just written is the whole of it.
        for other in others {
            let length = isize::try_from(self.tx.length(other)).unwrap_or(isize::MAX);
            if length > 0 {
                self.tx.splice_text(other, 0, length, "").map_err(damaged(place.question))?;
            }
        }
        Ok(())
    }

    fn append(&mut self, place: &Place<'_>, text: &str) -> Result<(), Refused> {
        if text.is_empty() {
            return Ok(());
        }
        if let Some(question) = self.line(place) {
            let there = self.sheet().plain(&question.id, question.kind);
            return match there.as_slice() {
                [] => self.put_line(question, text),
                [only] => self.put_line(question, &format!("{}\n{text}", only.value)),
                _ => Err(place.wrong_type("one of the answers that people gave apart; choose one, then add to it")),
            };
        }
        self.write_out(place)?;
        let target = self.text_to_write(place)?;
        let before = self.sheet().text(&target);
        let joint = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
        self.check_length(place, &format!("{before}{joint}{text}"))?;
        self.tx.splice_text(&target, utf16_len(&before), 0, &format!("{joint}{text}")).map_err(damaged(place.question))
    }

    fn splice(
        &mut self,
        place: &Place<'_>,
        range: Range<usize>,
        insert: &str,
        seen: &[ChangeHash],
        moves: &[Moved],
    ) -> Result<(), Refused> {
        if self.line(place).is_some() {
            return Err(place.wrong_type("an answer as a whole, and not piece by piece"));
        }
        let fault = damaged(place.question);
        let out_of_text = || Refused::OutOfText { question: place.question.id.clone() };
        let page_saw_carried = match (place.spot()?, seen) {
            (Spot::Answer, []) => carried_text(&self.sheet(), place.question),
            (Spot::Answer, seen) => carried_text(&Sheet::at(&self.tx, seen), place.question),
            _ => None,
        };
        self.write_out(place)?;
        let target = self.text_to_write(place)?;
        let shown = match (&page_saw_carried, seen) {
            (Some(carried), _) => carried.clone(),
            (None, []) => self.sheet().text(&target),
            (None, seen) => Sheet::at(&self.tx, seen).text(&target),
        };
        let mut range = crossing::whole_characters(&shown, range).ok_or_else(out_of_text)?;
        let mut moves = moves;
        if page_saw_carried.is_some() {
            // The page showed a text that was not in the document as one; somebody may have edited or taken it away meanwhile.
            let present = self.sheet().text(&target);
            let before = present.find(&shown).and_then(|at| present.get(..at)).map(utf16_len);
            range = match before {
                Some(before) => before + range.start..before + range.end,
                None if present.is_empty() => 0..0,
                None => return Err(out_of_text()),
            };
            moves = &[];
        }
        let start = moves.iter().fold(range.start, |point, moved| moved.point(point));
        let gone = moves.iter().fold(vec![range], |ranges, moved| moved.ranges(ranges));
        let deleted: usize = gone.iter().map(Range::len).sum();
        let width = utf16_len(insert);
        if (self.tx.length(&target) + width).saturating_sub(deleted) > TEXT_MAX {
            return Err(Refused::TooLong { question: place.question.id.clone(), limit: TEXT_MAX });
        }
        // What goes out stands at or after what comes in; from the back, so that no offset moves before it is used.
        for range in gone.into_iter().rev() {
            let count = isize::try_from(range.len()).unwrap_or(isize::MAX);
            self.tx.splice_text(&target, range.start, count, "").map_err(&fault)?;
        }
        match width {
            0 => Ok(()),
            _ => self.tx.splice_text(&target, start, 0, insert).map_err(&fault),
        }
    }

    fn put_row(&mut self, place: &Place<'_>, key: &str, cells: &Cells) -> Result<(), Refused> {
        let question = place.question;
        let (columns, row_key) = place.table()?;
        self.own_row(question, key)?;
        for (name, value) in cells {
            check_cell(question, find_column(&question.id, columns, name)?, value.as_ref())?;
            self.after_birth(question, Some(name), value.as_ref())?;
            value.as_ref().map_or(Ok(()), |value| quality::fits(self.pep.process(), question, Some(name), value))?;
        }
        let table = self.table(place)?;
        let existing = self.sheet().objects(&table, key, ObjType::Map);
        if let RowKey::Natural(natural) = row_key {
            let cell = |column: &String| match (cells.get(column), columns.iter().find(|found| found.id == *column)) {
                (Some(given), _) => given.clone(),
                (None, Some(found)) => self.sheet().puts(&existing, column, found.kind).pop().map(|put| put.value),
                (None, None) => None,
            };
            let wanted = natural_key(&question.id, natural, cell)? + &own_suffix(question, &self.writer);
            if wanted != key {
                return Err(Refused::RowKey { question: question.id.clone(), columns: natural.clone() });
            }
        } else if existing.is_empty() {
            new_key(question, key)?;
        }
        let maps = if existing.is_empty() { vec![self.make_row(question, &table, key)?] } else { existing };
        for (name, value) in cells {
            let column = find_column(&question.id, columns, name)?;
            self.put(question, &maps, &column.id, column.kind, value.as_ref())?;
        }
        self.bring_back(question, &maps)
    }

    fn put_target(&mut self, place: &Place<'_>, key: &str, fields: &Cells) -> Result<(), Refused> {
        let question = place.question;
        for (name, value) in fields {
            check_cell(question, find_column(&question.id, &question.columns, name)?, value.as_ref())?;
            self.after_birth(question, Some(name), value.as_ref())?;
        }
        let root = self.sheet().root("targets").ok_or_else(|| Refused::Damaged { question: question.id.clone() })?;
        let mut maps = self.sheet().objects(&root, key, ObjType::Map);
        if maps.is_empty() {
            new_key(question, key)?;
            let process = self.pep.process();
            if !self.writer.is_among(&process.writers_of(question), process, question) {
                return Err(Refused::UnknownRow { question: question.id.clone() });
            }
            let target = self.make_row(question, &root, key)?;
            // Texts and tables come with the target, so that people who add to them apart meet in the same ones.
            for column in &question.columns {
                let container = match column.kind {
                    Kind::LongText if column.voice_of.is_none() => ObjType::Text,
                    Kind::Table => ObjType::Map,
                    _ => continue,
                };
                self.tx.put_object(&target, column.id.as_str(), container).map_err(damaged(question))?;
            }
            maps.push(target);
        }
        for (name, value) in fields {
            let column = find_column(&question.id, &question.columns, name)?;
            self.put_field(question, key, &maps, column, value.as_ref())?;
        }
        // Somebody's own words say nothing about whether the target stands.
        let only_words = |name: &String| question.column(name).is_some_and(|column| column.voice_of.is_some());
        match !fields.is_empty() && fields.keys().all(only_words) {
            true => Ok(()),
            false => self.bring_back(question, &maps),
        }
    }

    fn comment(&mut self, key: &str, question: &str, text: &str) -> Result<(), Refused> {
        let question = find_question(question)?;
        let id = || question.id.clone();
        // Working notes of the Virtual School may be about anything; elsewhere a remark stays with what it is about.
        if question.document() != self.kind && self.kind != DocumentKind::Quality {
            return Err(Refused::OtherDocument { question: id(), kind: question.document() });
        }
        // Whoever writes here holds the document; who that is the child may have chosen.
        if !self.kind.may_be_held_by(self.writer.role) {
            return Err(Refused::NotYours { question: id(), owners: self.kind.readers().to_vec() });
        }
        if text.trim().is_empty() || key.parse::<Uuid>().is_err() {
            return Err(Refused::BadValue { question: id(), expected: "a comment of a few words".to_owned() });
        }
        if utf16_len(text) > CELL_MAX {
            return Err(Refused::TooLong { question: id(), limit: CELL_MAX });
        }
        self.remark(key, question, text)
    }

    /// A mark is a remark about a question of the annex that stands in the plan, where no other can be.
    fn mark(&mut self, key: &str, question: &str) -> Result<(), Refused> {
        let question = find_question(question)?;
        if self.kind != DocumentKind::Main || !is_marked(question) || key.parse::<Uuid>().is_err() {
            let kind = question.document();
            return Err(Refused::OtherDocument { question: question.id.clone(), kind });
        }
        permitted(self.pep, &self.writer, question, None)?;
        self.remark(key, question, MARKED)
    }

    fn remark(&mut self, key: &str, question: &Question, text: &str) -> Result<(), Refused> {
        let id = || question.id.clone();
        let comments = self.sheet().root("comments").ok_or_else(|| Refused::Damaged { question: id() })?;
        let known = self.sheet().keys(&comments);
        if known.iter().any(|known| known == key) {
            return Ok(());
        }
        let comment = self.tx.put_object(&comments, key, ObjType::Map).map_err(damaged(question))?;
        self.tx.put(&comment, "question", question.id.as_str()).map_err(damaged(question))?;
        self.tx.put(&comment, "text", text).map_err(damaged(question))?;
        self.made.push(key.to_owned());
        Ok(())
    }

    /// The answers map.
    fn answers(&self, question: &Question) -> Result<ObjId, Refused> {
        self.sheet().root("answers").ok_or_else(|| Refused::Damaged { question: question.id.clone() })
    }

    /// The table at a place.
    fn table(&self, place: &Place<'_>) -> Result<ObjId, Refused> {
        let question = place.question;
        let found = match *place.path.as_slice() {
            [target, table] => {
                let target = self.target(question, target)?;
                target.iter().flat_map(|map| self.sheet().objects(map, table, ObjType::Map)).last()
            }
            _ => self.sheet().answer(&question.id, ObjType::Map),
        };
        found.ok_or_else(|| Refused::Damaged { question: question.id.clone() })
    }

    /// The row of this key in the table at a place.
    fn row(&self, place: &Place<'_>, key: &str) -> Result<Vec<ObjId>, Refused> {
        let table = self.table(place)?;
        let row = self.sheet().objects(&table, key, ObjType::Map);
        if row.is_empty() { Err(Refused::UnknownRow { question: place.question.id.clone() }) } else { Ok(row) }
    }

    /// The row of a spot: of a table, of a table within a target, or the target itself.
    fn row_at(
        &self,
        question: &'static Question,
        row: &str,
        within: Option<(&str, &str)>,
    ) -> Result<Vec<ObjId>, Refused> {
        match within {
            Some((target, table)) => self.row(&Place { question, path: vec![target, table] }, row),
            None if question.id == TARGETS => self.target(question, row),
            None => {
                self.own_row(question, row)?;
                self.row(&Place { question, path: Vec::new() }, row)
            }
        }
    }

    fn target(&self, question: &Question, key: &str) -> Result<Vec<ObjId>, Refused> {
        target(&self.sheet(), question, key)
    }

    fn make_row(&mut self, question: &Question, table: &ObjId, key: &str) -> Result<ObjId, Refused> {
        if self.sheet().keys(table).len() >= ROWS_MAX {
            return Err(Refused::TooManyRows { question: question.id.clone(), limit: ROWS_MAX });
        }
        self.made.push(key.to_owned());
        self.tx.put_object(table, key, ObjType::Map).map_err(damaged(question))
    }

    fn put_cell_at(
        &mut self,
        question: &'static Question,
        row: &str,
        column: &'static Column,
        within: Option<(&str, &str)>,
        value: Option<&Value>,
    ) -> Result<(), Refused> {
        let cells = BTreeMap::from([(column.id.clone(), value.cloned())]);
        self.row_at(question, row, within)?;
        match within {
            Some((target, table)) => self.put_row(&Place { question, path: vec![target, table] }, row, &cells),
            None if question.id == TARGETS => self.put_target(&Place { question, path: Vec::new() }, row, &cells),
            None => self.put_row(&Place { question, path: Vec::new() }, row, &cells),
        }
    }

    fn put_field(
        &mut self,
        question: &'static Question,
        target: &str,
        maps: &[ObjId],
        column: &'static Column,
        value: Option<&Value>,
    ) -> Result<(), Refused> {
        match (column.kind, value) {
            (Kind::LongText, Some(Value::Text(text))) => {
                self.rewrite(&Place { question, path: vec![target, &column.id] }, text)
            }
            (Kind::LongText, _) => self.rewrite(&Place { question, path: vec![target, &column.id] }, ""),
            (kind, value) => self.put(question, maps, &column.id, kind, value),
        }
    }

    /// Writes a value where it differs from what is there, or where people disagree: in the winning map, and nowhere else.
    /// Where they disagree it is a value of its own, which replaces nothing: everything there goes first. Putting the value that
    /// wins once more would only take the others away, and of two people who choose apart one alone would be left.
    fn put(
        &mut self,
        question: &Question,
        maps: &[ObjId],
        key: &str,
        kind: Kind,
        value: Option<&Value>,
    ) -> Result<(), Refused> {
        let puts = self.sheet().puts(maps, key, kind);
        let same = match (puts.as_slice(), value) {
            ([only], Some(value)) => only.value == *value,
            _ => false,
        };
        let Some((winner, others)) = maps.split_last() else {
            return Err(Refused::Damaged { question: question.id.clone() });
        };
        if same {
            return Ok(());
        }
        let chosen = puts.len() > 1 || others.iter().any(|map| !self.sheet().all(map, key).is_empty());
        if chosen || value.is_none() {
            self.empty(question, maps, key)?;
        }
        match value {
            Some(value) => self.tx.put(winner, key, value.scalar()).map_err(damaged(question)),
            None => Ok(()),
        }
    }

    /// Takes away whatever stands at a key of these maps.
    fn empty(&mut self, question: &Question, maps: &[ObjId], key: &str) -> Result<(), Refused> {
        for map in maps {
            if !self.sheet().all(map, key).is_empty() {
                self.tx.delete(map, key).map_err(damaged(question))?;
            }
        }
        Ok(())
    }

    fn tick(&mut self, question: &Question, words: &BTreeSet<String>) -> Result<(), Refused> {
        let fault = || Refused::Damaged { question: question.id.clone() };
        let map = self.sheet().answer(&question.id, ObjType::Map).ok_or_else(fault)?;
        let ticked = self.sheet().ticked(&map);
        for word in ticked.iter().filter(|word| !words.contains(*word)) {
            self.tx.delete(&map, word.as_str()).map_err(damaged(question))?;
        }
        for word in words.iter().filter(|word| !ticked.contains(word)) {
            self.tx.put(&map, word.as_str(), true).map_err(damaged(question))?;
        }
        Ok(())
    }

    fn withdraw(&mut self, question: &Question, maps: &[ObjId]) -> Result<(), Refused> {
        // An equal value put over an old mark would be no operation; it takes a new mark to cover the edits seen now.
        match self.sheet().withdrawals(maps).is_empty() || self.sheet().kept_apart(maps) {
            true => self.choose_withdrawal(question, maps, true),
            false => Ok(()),
        }
    }

    fn bring_back(&mut self, question: &Question, maps: &[ObjId]) -> Result<(), Refused> {
        match self.sheet().withdrawals(maps).is_empty() {
            true => Ok(()),
            false => self.empty(question, maps, WITHDRAWN),
        }
    }

    /// A choice between withdrawing and keeping, made in the knowledge of both: a mark of its own either way, so that two people
    /// who choose apart are both heard.
    fn choose_withdrawal(&mut self, question: &Question, maps: &[ObjId], withdrawn: bool) -> Result<(), Refused> {
        self.empty(question, maps, WITHDRAWN)?;
        maps.iter().try_for_each(|map| self.tx.put(map, WITHDRAWN, withdrawn).map_err(damaged(question)))
    }

    fn text_to_write(&mut self, place: &Place<'_>) -> Result<ObjId, Refused> {
        match texts(&self.sheet(), place, &self.writer)?.pop() {
            Some(text) => Ok(text),
            None => self.make_text(place),
        }
    }

    fn make_text(&mut self, place: &Place<'_>) -> Result<ObjId, Refused> {
        let question = place.question;
        let (map, key) = match place.spot()? {
            Spot::Cell { row, column, .. } => (self.target(question, row)?.pop(), text_key(column, &self.writer)),
            Spot::Answer | Spot::Withdrawal { .. } | Spot::Same { .. } => {
                (self.sheet().answer(&question.id, ObjType::Map), self.writer.person.to_string())
            }
        };
        let map = map.ok_or_else(|| Refused::Damaged { question: question.id.clone() })?;
        self.tx.put_object(&map, key, ObjType::Text).map_err(damaged(question))
    }

    fn check_length(&self, place: &Place<'_>, text: &str) -> Result<(), Refused> {
        match utf16_len(text) > TEXT_MAX {
            true => Err(Refused::TooLong { question: place.question.id.clone(), limit: TEXT_MAX }),
            false => Ok(()),
        }
    }

    /// Refuses a row of somebody else's own words.
    fn own_row(&self, question: &Question, key: &str) -> Result<(), Refused> {
        match key.ends_with(&own_suffix(question, &self.writer)) {
            true => Ok(()),
            false => Err(Refused::OthersWords { question: question.id.clone() }),
        }
    }
}

/// True of a question whose changes are marked in the plan: contact restrictions, which signatures cover though not everybody holds
/// them (PEP.md 4.7).
pub fn is_marked(question: &Question) -> bool {
    question.annex == Some(DocumentKind::Contact)
}

/// Refuses a document that is not this one of this PEP.
pub(crate) fn right_document<R: ReadDoc>(sheet: &Sheet<'_, R>, pep: &Pep, kind: DocumentKind) -> Result<(), Refused> {
    let about = sheet.root("about").ok_or(Refused::OtherPlan)?;
    let says = |key: &str| sheet.puts(std::slice::from_ref(&about), key, Kind::Text).pop().map(|put| put.value);
    let right =
        says("pep") == Some(Value::Text(pep.id().to_string())) && says("kind") == Some(Value::Text(kind.to_string()));
    if right { Ok(()) } else { Err(Refused::OtherPlan) }
}

/// What stands as the text of a question that everybody writes: a text, or a line that is one value.
fn shared_text<R: ReadDoc>(sheet: &Sheet<'_, R>, question: &Question) -> Option<String> {
    match sheet.answer(&question.id, ObjType::Text) {
        Some(text) => Some(sheet.text(&text)),
        None => sheet.plain(&question.id, question.kind).pop().map(|put| put.value.to_string()),
    }
}

/// The texts at a place, several only where one person began an entry on two devices; the winning one last.
fn texts<R: ReadDoc>(sheet: &Sheet<'_, R>, place: &Place<'_>, writer: &Writer) -> Result<Vec<ObjId>, Refused> {
    let question = place.question;
    let missing = || Refused::Damaged { question: question.id.clone() };
    match place.spot()? {
        Spot::Answer if question.voice && question.kind != Kind::Table => {
            let entries = sheet.answer(&question.id, ObjType::Map).ok_or_else(missing)?;
            Ok(sheet.objects(&entries, &writer.person.to_string(), ObjType::Text))
        }
        Spot::Answer if matches!(question.kind, Kind::Text | Kind::LongText) => {
            Ok(vec![sheet.answer(&question.id, ObjType::Text).ok_or_else(missing)?])
        }
        Spot::Cell { row, column, within: None } if column.kind == Kind::LongText => {
            let maps = target(sheet, question, row)?;
            Ok(maps.iter().flat_map(|map| sheet.objects(map, &text_key(column, writer), ObjType::Text)).collect())
        }
        Spot::Answer => Err(place.wrong_type(expected(question))),
        Spot::Cell { .. } | Spot::Withdrawal { .. } | Spot::Same { .. } => {
            Err(place.wrong_type("a value there, not a long text"))
        }
    }
}

/// The field of a target at this place, where it holds somebody's own words.
fn own_words(place: &str) -> Option<&'static Column> {
    let path: Vec<&str> = place.split('/').collect();
    let [TARGETS, _, column] = *path.as_slice() else { return None };
    find_question(TARGETS).ok()?.column(column).filter(|column| column.voice_of.is_some())
}

/// Where the text of a field of a target is: of somebody's own words, an entry for each author.
fn text_key(column: &Column, writer: &Writer) -> String {
    match column.voice_of {
        Some(_) => format!("{}+{}", column.id, writer.person),
        None => column.id.clone(),
    }
}

fn target<R: ReadDoc>(sheet: &Sheet<'_, R>, question: &Question, key: &str) -> Result<Vec<ObjId>, Refused> {
    let targets = sheet.root("targets");
    let target = targets.map_or_else(Vec::new, |targets| sheet.objects(&targets, key, ObjType::Map));
    if target.is_empty() { Err(Refused::UnknownRow { question: question.id.clone() }) } else { Ok(target) }
}

/// What happened to the text at a place since `seen`.
fn moved_since(
    document: &Automerge,
    question: &str,
    writer: &Writer,
    seen: &[ChangeHash],
) -> Result<Vec<Moved>, Refused> {
    let place = Place::parse(question)?;
    // Automerge takes heads it does not know for the present, and the offsets would land anywhere.
    if seen.iter().any(|hash| document.get_change_meta_by_hash(hash).is_none()) {
        return Err(Refused::UnknownHeads { question: place.question.id.clone() });
    }
    let text = texts(&Sheet::now(document), &place, writer).ok().and_then(|mut texts| texts.pop());
    match text {
        Some(text) if !seen.is_empty() => crossing::since(document, &text, seen).map_err(damaged(place.question)),
        _ => Ok(Vec::new()),
    }
}

/// The text at a place as this person would go on writing it: of somebody's own words their entry, and what was carried over
/// while nobody has written. As it is, where an answer reads a text of spaces as none.
pub fn text_at(document: &Automerge, place: &str, writer: &Writer) -> Result<String, Refused> {
    let (place, sheet) = (Place::parse(place)?, Sheet::now(document));
    if let (Spot::Answer, Some(carried)) = (place.spot()?, carried_text(&sheet, place.question)) {
        return Ok(carried);
    }
    let shared = place.question.is_shared_text() && matches!(place.spot()?, Spot::Answer);
    if shared && sheet.answer(&place.question.id, ObjType::Text).is_none() {
        return Ok(shared_text(&sheet, place.question).unwrap_or_default());
    }
    Ok(texts(&sheet, &place, writer)?.pop().map_or_else(String::new, |text| sheet.text(&text)))
}

/// The versions of the text at a place that people rewrote apart; none where nobody did, or where no text is.
fn rewritten_at(document: &Automerge, question: &str, writer: &Writer) -> Result<Vec<Value>, Refused> {
    let (place, sheet) = (Place::parse(question)?, Sheet::now(document));
    let texts = match place.question.kind {
        Kind::MultiChoice => sheet.answer(&place.question.id, ObjType::Map).into_iter().collect(),
        _ => texts(&sheet, &place, writer).unwrap_or_default(),
    };
    Ok(if texts.is_empty() { Vec::new() } else { rewritten::versions(document, place.question, &texts) })
}

/// Refuses to make a row whose random key is none: it was mistyped, and meant for a row that is there.
fn new_key(question: &Question, key: &str) -> Result<(), Refused> {
    key.parse::<Uuid>().map(drop).map_err(|_| Refused::UnknownRow { question: question.id.clone() })
}

/// Where rows are an author's own words, the end of their keys.
fn own_suffix(question: &Question, writer: &Writer) -> String {
    if question.voice { format!("+{}", writer.person) } else { String::new() }
}

/// A key from cells: their letters and digits, so that `Maths GCSE` and `maths  gcse` are one row.
fn natural_key(question: &str, columns: &[String], cell: impl Fn(&String) -> Option<Value>) -> Result<String, Refused> {
    let refused = || Refused::RowKey { question: question.to_owned(), columns: columns.to_vec() };
    let mut parts = Vec::new();
    for column in columns {
        let text = cell(column).ok_or_else(refused)?.to_string().to_lowercase();
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        if words.is_empty() {
            return Err(refused());
        }
        parts.push(words.join("-"));
    }
    let key = parts.join("+");
    match key.len() > ROW_KEY_MAX {
        true => Err(Refused::TooLong { question: question.to_owned(), limit: ROW_KEY_MAX }),
        false => Ok(key),
    }
}

fn check_cell(question: &Question, column: &Column, value: Option<&Value>) -> Result<(), Refused> {
    let name = format!("{}/{}", question.id, column.id);
    match (column.calculated, column.kind, value) {
        (true, _, _) => Err(Refused::Computed { question: name }),
        (false, Kind::Table, _) => Err(Refused::WrongType { question: name, expected: "rows" }),
        (false, _, Some(value)) => Shape::of_column(column).check(&name, value),
        (false, _, None) => Ok(()),
    }
}

/// What a question takes, when somebody tried something else.
fn expected(question: &Question) -> &'static str {
    match question.kind {
        Kind::Table => "rows",
        Kind::TargetList if question.id == TARGETS => "targets",
        Kind::TargetList => "a review of each target",
        Kind::Text | Kind::LongText => "text",
        Kind::MultiChoice => "a set of choices",
        Kind::Choice | Kind::Date | Kind::Number | Kind::Money | Kind::YesNo | Kind::Person | Kind::Attachment => {
            "a single value"
        }
        Kind::Picture => "a picture",
    }
}
