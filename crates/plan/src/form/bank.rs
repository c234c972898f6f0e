//! The question bank: every question any process may place, once, with its type, its owners and when it is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::expr::{Expr, Reference};
use crate::pep::{DocumentKind, Phase, Role};
use crate::process::circle;

/// The bank this program was built with.
pub fn bank() -> &'static Bank {
    static BANK: OnceLock<Bank> = OnceLock::new();
    BANK.get_or_init(|| Bank::parse(include_str!("../../bank.json")).expect("bank.json is part of this program"))
}

/// All questions, in the order of the bank.
#[derive(Debug)]
pub struct Bank {
    version: u32,
    questions: Vec<Question>,
    places: BTreeMap<String, usize>,
    blocks: Vec<(String, String)>,
}

/// One question.
#[derive(Debug)]
pub struct Question {
    /// Its id, the same in every process: `care.story`.
    pub id: String,
    /// The block it belongs to, such as `care`; `Bank::blocks` has the titles.
    pub block: String,
    /// The version of the bank it came with: a process that was written for an earlier one does not place it.
    pub since: u32,
    /// What the form asks.
    pub label: String,
    /// What kind of answer it takes.
    pub kind: Kind,
    /// The roles that write it in every process; a process may add its own. Empty where it is computed.
    pub owners: Vec<Role>,
    /// Worked out from other answers or from the PEP itself; nobody types it.
    pub computed: bool,
    /// Must be answered while it is visible.
    pub mandatory: bool,
    /// When it is asked.
    pub visible_if: Expr,
    /// The phases it is asked in; empty means all.
    pub phases: Vec<Phase>,
    /// Help for the person who answers; may be empty.
    pub help: String,
    /// Written by its owners only, never by proxy, whatever the process says (PEP.md 3.1).
    pub reserved: bool,
    /// The annex its answer lives in; `None`: the main document.
    pub annex: Option<DocumentKind>,
    /// The words of the child or the carer: an entry for each author, never one shared text (PEP.md 4.11).
    pub voice: bool,
    /// The choices, for `Choice` and `MultiChoice`.
    pub options: Vec<Choice>,
    /// Free text is allowed beside the choices, because the list is kept elsewhere.
    pub open: bool,
    /// The columns, for `Table` and `TargetList`.
    pub columns: Vec<Column>,
    /// What makes two rows the same row, for `Table` and `TargetList`.
    pub row_key: RowKey,
    /// The key in `answers` where it is said why there is no answer: `ID~none`.
    pub excuse_key: String,
    /// The key in `answers` where a text carried over from the last PEP stands until it is edited: `ID~carried`.
    pub carried_key: String,
    /// The key in `answers` that says what was carried over is to be confirmed: `ID~ask`.
    pub ask_key: String,
}

/// One column of a table, or one field of a target.
#[derive(Debug)]
pub struct Column {
    /// Its id within the table.
    pub id: String,
    /// Its heading.
    pub label: String,
    /// What kind of value a cell takes; `Table` only within a target.
    pub kind: Kind,
    /// The choices, for `Choice`.
    pub options: Vec<Choice>,
    /// Free text is allowed beside the choices.
    pub open: bool,
    /// Worked out from other cells.
    pub calculated: bool,
    /// A row is incomplete without it.
    pub mandatory: bool,
    /// Within a target: the words of somebody in this role, who may write them though the target is not theirs. An entry for
    /// each author, at `COLUMN+PERSON`.
    pub voice_of: Option<Role>,
    /// The columns of a table within a target.
    pub columns: Vec<Column>,
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The word kept in documents.
    pub value: String,
    /// The words people read.
    pub label: String,
}

/// The kinds of answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A line of text: one value; merged by character in documents of schema 1, and in somebody's own words.
    Text,
    /// Several lines of text, merged by character.
    LongText,
    /// A day.
    Date,
    /// One of a list.
    Choice,
    /// Any of a list.
    MultiChoice,
    /// A number with at most two decimals.
    Number,
    /// Integer pence.
    Money,
    /// Yes or no.
    YesNo,
    /// Rows of cells.
    Table,
    /// Targets.
    TargetList,
    /// Somebody's name.
    Person,
    /// The name of a file or a plan kept elsewhere.
    Attachment,
    /// A picture that the plan itself holds.
    Picture,
}

/// What makes two rows the same row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowKey {
    /// These columns: two people who enter the same term or subject apart meet in one row.
    Natural(Vec<String>),
    /// Nothing in the row; its key is random.
    Random,
}

/// A data file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}. Whoever wrote the file can put it right.")]
pub struct BadFile {
    /// The line the reason is about, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl Bank {
    /// Reads and checks a bank.
    pub fn parse(text: &str) -> Result<Bank, BadFile> {
        let file: BankFile = serde_json::from_str(text).map_err(|error| BadFile::json(&error))?;
        if file.schema != 1 {
            return Err(BadFile { line: 1, reason: format!("this program reads schema 1, not {}", file.schema) });
        }
        let blocks: Vec<(String, String)> = file.blocks.into_iter().map(|block| (block.id, block.title)).collect();
        if file.bank == 0 {
            return Err(BadFile::at(text, "bank", "versions of the bank begin with 1".to_owned()));
        }
        let mut bank = Bank { version: file.bank, questions: Vec::new(), places: BTreeMap::new(), blocks };
        for question in file.questions {
            let id = question.id.clone();
            let at = |reason: String| BadFile::at(text, &id, reason);
            let question = question.checked().map_err(at)?;
            if !bank.blocks.iter().any(|(block, _)| *block == question.block) {
                return Err(at(format!("{id} is in a block that is not listed")));
            }
            if !(1..=bank.version).contains(&question.since) {
                return Err(at(format!("{id} is since version {}, and the bank is {}", question.since, bank.version)));
            }
            if bank.places.insert(id.clone(), bank.questions.len()).is_some() {
                return Err(at(format!("{id} is listed twice")));
            }
            bank.questions.push(question);
        }
        for question in &bank.questions {
            bank.check_references(&question.id, &question.visible_if)
                .map_err(|reason| BadFile::at(text, &question.id, reason))?;
        }
        let of = |question: &Question| {
            question.visible_if.references().iter().map(|reference| reference.question.clone()).collect()
        };
        if let Some(id) = circle(&bank.questions, &of) {
            return Err(BadFile::at(text, id, format!("whether {id} is asked depends on itself")));
        }
        Ok(bank)
    }

    /// Refuses a condition of the question `id` that refers to what is not in the bank.
    pub(crate) fn check_references(&self, id: &str, condition: &Expr) -> Result<(), String> {
        let known = |reference: &Reference| {
            let target = self.question(&reference.question)?;
            reference.column.as_ref().is_none_or(|column| target.column(column).is_some()).then_some(())
        };
        match condition.references().into_iter().find(|reference| known(reference).is_none()) {
            Some(reference) => Err(format!("{id} depends on {}, which is not in the bank", reference.question)),
            None => Ok(()),
        }
    }

    /// The question of this id.
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.places.get(id).and_then(|&place| self.questions.get(place))
    }

    /// All questions, in the order of the bank.
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// Which version of the bank this is, from 1: it rises whenever questions join.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The blocks and their titles, in order.
    pub fn blocks(&self) -> &[(String, String)] {
        &self.blocks
    }

    /// Up to three ids that look like this one, nearest first: a hint for whoever mistyped.
    pub fn nearest(&self, id: &str) -> Vec<&str> {
        // A long input is no mistyped id, and the comparison is quadratic.
        if id.len() > 64 {
            return Vec::new();
        }
        let mut near: Vec<(usize, &str)> =
            self.questions.iter().map(|question| (distance(id, &question.id), question.id.as_str())).collect();
        near.sort();
        near.into_iter().take_while(|(far, _)| *far <= 6).take(3).map(|(_, id)| id).collect()
    }
}

/// How an answer stands in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeptAs {
    /// One plain value.
    Value,
    /// A text that everybody writes in.
    Text,
    /// A text for each author.
    OwnTexts,
    /// A map of choices.
    Ticks,
    /// A map of rows.
    Rows,
}

impl Question {
    /// The document its answer lives in.
    pub fn document(&self) -> DocumentKind {
        self.annex.unwrap_or(DocumentKind::Main)
    }

    /// Whether every child's plan asks it and waits for its answer, whatever else is answered.
    pub fn is_asked_of_every_child(&self) -> bool {
        self.mandatory && self.phases.is_empty() && self.visible_if == Expr::Always
    }

    /// True if a reason may stand instead of an answer (PEP.md 3.1): of what must be answered, save what is worked out, signed or
    /// graded, the targets, and the child's own words, for which there is `voice.declined` with a note.
    pub fn may_be_excused(&self) -> bool {
        let own_words = self.voice && self.block == "voice";
        let given = self.mandatory && !self.computed && !self.is_sign_off() && !own_words;
        given && self.id != crate::TARGETS && self.id != crate::quality::AREAS
    }

    /// True of an answer about the young person's own part that they give as one value: how they take part, who speaks for them, whether
    /// they wanted to answer, whether a target was agreed with them. What they chose stands, whatever others enter later
    /// (PEP.md 4.11).
    pub fn is_childs_choice(&self) -> bool {
        let own = self.owners == [Role::YoungPerson] || self.kind == Kind::YesNo;
        own && self.owners.contains(&Role::YoungPerson)
            && matches!(self.kind, Kind::Choice | Kind::Person | Kind::YesNo)
    }

    /// True if the last PEP's answer may be the beginning of this one's: not what is worked out, signed or decided, not the
    /// targets, and never somebody's own words or picture, which are asked for anew (PEP.md 4.8).
    pub fn may_be_carried(&self) -> bool {
        let listed = [crate::TARGETS, crate::REVIEW].contains(&self.id.as_str());
        !self.computed && !self.is_sign_off() && !self.reserved && !self.voice && self.kind != Kind::Picture && !listed
    }

    /// True of a text that everybody writes in.
    pub(crate) fn is_shared_text(&self) -> bool {
        !self.voice && matches!(self.kind, Kind::Text | Kind::LongText)
    }

    /// True of an answer that is one value in documents of this schema: of two that people enter apart both are shown, and what
    /// nobody entered never appears. In schema 1 a line of text was merged by character, and choices one by one.
    pub fn is_fact(&self, schema: i64) -> bool {
        self.kept_as(schema) == KeptAs::Value
    }

    /// How its answer stands in documents of this schema.
    pub(crate) fn kept_as(&self, schema: i64) -> KeptAs {
        match self.kind {
            Kind::Text | Kind::LongText if self.voice => KeptAs::OwnTexts,
            Kind::Text if schema <= 1 => KeptAs::Text,
            Kind::LongText => KeptAs::Text,
            Kind::MultiChoice if schema <= 1 => KeptAs::Ticks,
            Kind::Table | Kind::TargetList => KeptAs::Rows,
            Kind::Text
            | Kind::MultiChoice
            | Kind::Choice
            | Kind::Date
            | Kind::Number
            | Kind::Money
            | Kind::YesNo
            | Kind::Person
            | Kind::Attachment
            | Kind::Picture => KeptAs::Value,
        }
    }

    /// True of `signoff.*`: an act of its own, not an answer.
    pub fn is_sign_off(&self) -> bool {
        self.id.starts_with("signoff.")
    }

    /// True of the overall grade: worked out, unless somebody gives another.
    pub fn is_overridable(&self) -> bool {
        self.id == crate::quality::OVERALL
    }

    /// The column of this id.
    pub fn column(&self, id: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.id == id)
    }

    /// The words for a choice as people read them; the value itself where the list is open.
    pub fn label_of<'a>(&'a self, value: &'a str) -> &'a str {
        label_of(&self.options, value)
    }
}

impl Column {
    /// The column of this id, in a table within a target.
    pub fn column(&self, id: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.id == id)
    }

    /// The words for a choice as people read them; the value itself where the list is open.
    pub fn label_of<'a>(&'a self, value: &'a str) -> &'a str {
        label_of(&self.options, value)
    }
}

impl BadFile {
    /// A reason about the entry of this id: its line is where the id first stands as an `id`, or else anywhere.
    pub(crate) fn at(text: &str, id: &str, reason: String) -> BadFile {
        let quoted = format!("\"{id}\"");
        let line = text.lines().position(|line| line.contains(&quoted)).map_or(1, |index| index + 1);
        BadFile { line, reason }
    }

    pub(crate) fn json(error: &serde_json::Error) -> BadFile {
        BadFile { line: error.line(), reason: error.to_string() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BankFile {
    schema: u32,
    bank: u32,
    blocks: Vec<BlockFile>,
    questions: Vec<QuestionFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BlockFile {
    id: String,
    title: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct QuestionFile {
    id: String,
    block: String,
    #[serde(default = "first")]
    since: u32,
    label: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    money: bool,
    owners: Vec<Role>,
    #[serde(default)]
    computed: bool,
    mandatory: bool,
    visible_if: String,
    phases: PhasesFile,
    #[serde(default)]
    help: String,
    #[serde(default)]
    reserved: bool,
    annex: Option<DocumentKind>,
    #[serde(default)]
    voice: bool,
    #[serde(default)]
    options: Vec<Choice>,
    #[serde(default)]
    open: bool,
    row_key: Option<RowKeyFile>,
    #[serde(default)]
    columns: Vec<ColumnFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ColumnFile {
    id: String,
    label: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    money: bool,
    #[serde(default)]
    options: Vec<Choice>,
    #[serde(default)]
    open: bool,
    #[serde(default)]
    calculated: bool,
    #[serde(default)]
    mandatory: bool,
    voice_of: Option<Role>,
    row_key: Option<RowKeyFile>,
    #[serde(default)]
    columns: Vec<ColumnFile>,
}

fn first() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(untagged)]
enum PhasesFile {
    Word(String),
    List(Vec<Phase>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RowKeyFile {
    Word(String),
    Columns(Vec<String>),
}

impl QuestionFile {
    fn checked(self) -> Result<Question, String> {
        let id = self.id;
        let kind = kind(&self.kind, self.money)?;
        let phases = match self.phases {
            PhasesFile::Word(word) if word == "all" => Vec::new(),
            PhasesFile::Word(word) => return Err(format!("phases of {id}: write \"all\" or a list, not {word:?}")),
            PhasesFile::List(list) => list,
        };
        if self.computed != self.owners.is_empty() {
            return Err(format!("{id} must have owners or be computed, and not both"));
        }
        if self.annex == Some(DocumentKind::Main) {
            return Err(format!("{id}: the main document is no annex"));
        }
        if self.voice && !matches!(kind, Kind::Text | Kind::LongText | Kind::Table) {
            return Err(format!("{id}: only texts and tables can be an entry for each author"));
        }
        check_options(&id, kind, &self.options, self.open)?;
        let columns = columns(&id, kind, self.columns, kind == Kind::TargetList)?;
        let row_key = row_key(&id, &columns, self.row_key)?;
        let visible_if = Expr::parse(&self.visible_if).map_err(|reason| format!("visibleIf of {id}: {reason}"))?;
        Ok(Question {
            excuse_key: format!("{id}~none"),
            carried_key: format!("{id}~carried"),
            ask_key: format!("{id}~ask"),
            id,
            block: self.block,
            since: self.since,
            label: self.label,
            kind,
            owners: self.owners,
            computed: self.computed,
            mandatory: self.mandatory,
            visible_if,
            phases,
            help: self.help,
            reserved: self.reserved,
            annex: self.annex,
            voice: self.voice,
            options: self.options,
            open: self.open,
            columns,
            row_key,
        })
    }
}

fn columns(id: &str, kind: Kind, files: Vec<ColumnFile>, may_nest: bool) -> Result<Vec<Column>, String> {
    if matches!(kind, Kind::Table | Kind::TargetList) == files.is_empty() {
        return Err(format!("{id}: a table has columns, and nothing else has"));
    }
    let mut seen = BTreeSet::new();
    let mut columns = Vec::new();
    for file in files {
        let path = format!("{id}/{}", file.id);
        if !seen.insert(file.id.clone()) || file.id == "withdrawn" {
            return Err(format!("{path} is taken"));
        }
        let kind = self::kind(&file.kind, file.money)?;
        let fits = match kind {
            Kind::Table | Kind::LongText => may_nest,
            Kind::TargetList | Kind::MultiChoice | Kind::Picture => false,
            Kind::Text | Kind::Date | Kind::Choice | Kind::Number | Kind::Money => true,
            Kind::YesNo | Kind::Person | Kind::Attachment => true,
        };
        if !fits {
            return Err(format!("{path}: a cell holds a single value"));
        }
        if file.voice_of.is_some() && kind != Kind::LongText {
            return Err(format!("{path}: only a long text is an entry for each author"));
        }
        check_options(&path, kind, &file.options, file.open)?;
        let inner = self::columns(&path, kind, file.columns, false)?;
        if row_key(&path, &inner, file.row_key)? != RowKey::Random {
            return Err(format!("{path}: rows within a target have random keys"));
        }
        columns.push(Column {
            id: file.id,
            label: file.label,
            kind,
            options: file.options,
            open: file.open,
            calculated: file.calculated,
            mandatory: file.mandatory,
            voice_of: file.voice_of,
            columns: inner,
        });
    }
    Ok(columns)
}

fn row_key(id: &str, columns: &[Column], file: Option<RowKeyFile>) -> Result<RowKey, String> {
    match file {
        None if columns.is_empty() => Ok(RowKey::Random),
        Some(RowKeyFile::Word(word)) if word == "random" => Ok(RowKey::Random),
        Some(RowKeyFile::Columns(natural)) if !natural.is_empty() => {
            match natural.iter().find(|name| !columns.iter().any(|column| column.id == **name)) {
                Some(name) => Err(format!("rowKey of {id}: there is no column {name}")),
                None => Ok(RowKey::Natural(natural)),
            }
        }
        Some(_) | None => Err(format!("rowKey of {id}: write \"random\" or a list of columns")),
    }
}

fn check_options(id: &str, kind: Kind, options: &[Choice], open: bool) -> Result<(), String> {
    let chooses = matches!(kind, Kind::Choice | Kind::MultiChoice);
    let distinct: BTreeSet<&str> = options.iter().map(|choice| choice.value.as_str()).collect();
    match () {
        () if !chooses && (open || !options.is_empty()) => Err(format!("{id} is no choice, yet has options")),
        () if chooses && options.is_empty() && !open => Err(format!("{id} has nothing to choose from")),
        () if distinct.len() < options.len() => Err(format!("{id} offers a choice twice")),
        () => Ok(()),
    }
}

fn kind(word: &str, money: bool) -> Result<Kind, String> {
    Ok(match (word, money) {
        ("number", true) => Kind::Money,
        (_, true) => return Err(format!("{word} cannot be money")),
        ("text", _) => Kind::Text,
        ("long_text", _) => Kind::LongText,
        ("date", _) => Kind::Date,
        ("choice", _) => Kind::Choice,
        ("multi_choice", _) => Kind::MultiChoice,
        ("number", _) => Kind::Number,
        ("yes_no", _) => Kind::YesNo,
        ("table", _) => Kind::Table,
        ("target_list", _) => Kind::TargetList,
        ("person", _) => Kind::Person,
        ("attachment_ref", _) => Kind::Attachment,
        ("picture", _) => Kind::Picture,
        (other, _) => return Err(format!("{other:?} is not a type of question")),
    })
}

fn label_of<'a>(options: &'a [Choice], value: &'a str) -> &'a str {
    options.iter().find(|choice| choice.value == value).map_or(value, |choice| choice.label.as_str())
}

/// Edit distance, ignoring case.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.to_lowercase().chars().enumerate() {
        let mut next = vec![i + 1];
        for ((b, above), diagonal) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or(0);
            next.push((above + 1).min(left + 1).min(diagonal + usize::from(a != *b)));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bank_has_229_questions_in_the_blocks_it_lists() {
        assert_eq!((bank().questions().len(), bank().version()), (230, 2));
        assert_eq!(bank().questions().iter().filter(|question| question.since == 1).count(), 229);
        assert!(bank().questions().iter().all(|question| bank().blocks().iter().any(|(id, _)| *id == question.block)));
    }

    #[test]
    fn what_not_everybody_may_read_is_in_an_annex() {
        let annexed: Vec<&str> = bank()
            .questions()
            .iter()
            .filter(|question| question.annex.is_some())
            .map(|question| question.id.as_str())
            .collect();
        assert_eq!(
            annexed,
            [
                "care.placedForAdoption",
                "care.adoptionOrderDate",
                "care.collectAndContact",
                "people.parentalResponsibility",
                "voice.inviteSomeone",
                "voice.keepPrivate",
                "voice.picture",
                "voice.pictureWords",
                "carer.parentView",
                "carer.parentViewStatus"
            ]
        );
    }

    #[test]
    fn no_condition_of_a_question_rests_on_an_annex() {
        for question in bank().questions() {
            for reference in question.visible_if.references() {
                let target = bank().question(&reference.question);
                assert!(target.is_some_and(|target| target.annex.is_none()), "{} rests on an annex", question.id);
            }
        }
    }

    #[test]
    fn a_mistyped_id_finds_its_neighbours() {
        assert_eq!(bank().nearest("care.storey").first(), Some(&"care.story"));
        assert_eq!(bank().nearest("nothing like an id at all"), Vec::<&str>::new());
    }

    #[test]
    fn a_bad_bank_is_refused_with_line_and_reason() {
        let good = include_str!("../../bank.json");
        let check = |from: &str, to: &str, reason: &str| {
            let error = Bank::parse(&good.replacen(from, to, 1)).expect_err(reason);
            assert!(error.reason.contains(reason), "{error} does not say {reason}");
            assert!(error.line > 1, "{error} names no line");
        };
        check("\"visibleIf\": \"child.uasc = yes\"", "\"visibleIf\": \"child.uasc is yes\"", "visibleIf");
        check("\"visibleIf\": \"child.uasc = yes\"", "\"visibleIf\": \"child.gone = yes\"", "not in the bank");
        check("\"rowKey\": [\"term\"]", "\"rowKey\": [\"month\"]", "no column month");
        check("\"id\": \"child.dob\"", "\"id\": \"child.sex\"", "listed twice");
        check("\"type\": \"yes_no\"", "\"type\": \"maybe\"", "not a type");
        check("\"owners\": [\"social-worker\"]", "\"owners\": [\"headteacher\"]", "not a role");
        check("\"mandatory\": true, ", "", "mandatory");
    }
}
