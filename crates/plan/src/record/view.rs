//! Reading: a plan as people see it, from the documents a device holds. Never fails: the worst document gives a view with
//! gaps.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use automerge::{Automerge, ChangeHash, ObjId, ObjType, ReadDoc};
use chrono::NaiveDate;
use uuid::Uuid;

use crate::TARGETS;
use crate::bank::{Column, Kind, Question, bank};
use crate::childs::{beside, replaced};
use crate::decision;
use crate::document::{Choices, Kept, Put, Sheet, WITHDRAWN, joined_text, word_entries};
use crate::dues::dues;
use crate::duty::{Due, NextDate};
use crate::edit::is_marked;
use crate::excuse::{Excuse, NoAnswer};
use crate::facts::{Asked, Facts, Funding, calculated, target_cost};
use crate::meeting;
use crate::pep::{DocumentKind, NotAWord, Pep, Phase, Role, words};
use crate::quality;
use crate::rewritten::{Apart, Version, in_document};
use crate::signoff::{SignOff, judge};
use crate::touched::{Known, Touched};
use crate::value::{Value, withhold};

/// The documents of one PEP that a device holds. What its person may not read is not here.
#[derive(Clone, Copy)]
pub struct Documents<'a> {
    /// The plan.
    pub main: &'a Automerge,
    /// Contact and collection.
    pub contact: Option<&'a Automerge>,
    /// Parents and family.
    pub family: Option<&'a Automerge>,
    /// What the child wants only some people to see.
    pub private_voice: Option<&'a Automerge>,
    /// Working notes of the Virtual School.
    pub quality: Option<&'a Automerge>,
    /// What was found out about them by earlier readings; without it the same is read, more slowly.
    pub known: Option<&'a Known>,
}

impl<'a> Documents<'a> {
    /// The plan without annexes.
    pub fn main(main: &'a Automerge) -> Documents<'a> {
        Documents { main, contact: None, family: None, private_voice: None, quality: None, known: None }
    }

    /// Those that `of` lends; `None` where the plan itself is not among them.
    pub fn lent(of: impl Fn(DocumentKind) -> Option<&'a Automerge>) -> Option<Documents<'a>> {
        Some(Documents {
            main: of(DocumentKind::Main)?,
            contact: of(DocumentKind::Contact),
            family: of(DocumentKind::Family),
            private_voice: of(DocumentKind::PrivateVoice),
            quality: of(DocumentKind::Quality),
            known: None,
        })
    }

    /// The document of this kind, if it is held.
    pub fn get(&self, kind: DocumentKind) -> Option<&'a Automerge> {
        match kind {
            DocumentKind::Main => Some(self.main),
            DocumentKind::Contact => self.contact,
            DocumentKind::Family => self.family,
            DocumentKind::PrivateVoice => self.private_voice,
            DocumentKind::Quality => self.quality,
        }
    }
}

/// A person, as the directory knows them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who {
    /// Their id.
    pub person: Uuid,
    /// Their name.
    pub name: String,
    /// What they are to this child.
    pub role: Role,
    /// Their last day in that role, where it has ended or will.
    pub until: Option<NaiveDate>,
}

/// Who stands behind an actor id, as the roster says; `None` for an actor nobody knows.
pub type Authors<'a> = &'a dyn Fn(&[u8]) -> Option<Who>;

/// A plan as it is now.
#[derive(Clone, PartialEq)]
pub struct View {
    /// Every question of the bank, answered or not, asked or not: what is hidden is kept.
    pub answers: BTreeMap<&'static str, Answer>,
    /// Why questions have no answer, as people said; an answer given apart stands beside it and counts.
    pub excuses: BTreeMap<&'static str, Vec<Excuse>>,
    /// The child is on no school's roll, and nobody disagrees: who answers for some pages is somebody else (PEP.md 4.10).
    pub not_on_roll: bool,
    /// The texts that stand as the last PEP had them: nobody has edited them in this one.
    pub carried: BTreeSet<&'static str>,
    /// The answers carried over from the last PEP that somebody has to confirm.
    pub to_confirm: BTreeSet<&'static str>,
    /// The questions that are asked, in whatever state.
    pub asked: BTreeSet<&'static str>,
    /// The questions that are not, each with the question whose answer hides it.
    pub hidden: BTreeMap<&'static str, &'static str>,
    /// Texts and choices that two branches rewrote apart, in the order of the process.
    pub rewritten: Vec<Rewritten>,
    /// What the young person chose themselves about their own part; nobody else's answer counts there (PEP.md 4.11).
    pub own: BTreeSet<&'static str>,
    /// What others entered in the place of what the young person chose about their own part, by question.
    pub beside: BTreeMap<&'static str, Vec<Claim>>,
    /// The targets by number, withdrawn ones included.
    pub targets: Vec<Target>,
    /// Remarks of all held documents, oldest first.
    pub comments: Vec<Comment>,
    /// Signatures, oldest first, those that cover an earlier version included.
    pub sign_offs: Vec<SignOff>,
    /// Entries among the signatures that are none which this version knows, by sign-off question: how many.
    pub unread_sign_offs: BTreeMap<&'static str, usize>,
    /// Questions that have changed since the newest sign-off of the Virtual School that stands: the living plan.
    pub changed_since_sign_off: Vec<&'static str>,
    /// What the Virtual School has returned and nobody has signed for since, by whom it is addressed to: keys of rows of
    /// `qa.returnedFor`.
    pub open_returns: BTreeMap<Role, Vec<String>>,
    /// Decisions about money that was asked for differently then: keys of rows of `funding.decision`.
    pub reopened: BTreeSet<String>,
    /// Mandatory questions that are asked, by the role that answers for them (PEP.md 4.3).
    pub completeness: BTreeMap<Role, Completeness>,
    /// What is still missing or undecided, in the order of the process.
    pub gaps: Vec<Gap>,
    /// How far the PEP has come.
    pub state: State,
    /// The heads of all held documents, sorted.
    pub heads: Vec<ChangeHash>,
    /// The form in use; `None` until the year group or the date of birth is known.
    pub phase: Option<Phase>,
    /// The money.
    pub funding: Funding,
    /// The next PEP's date, set or provisional.
    pub next_date: Option<NextDate>,
    /// When somebody first wrote in it, by their clock, in seconds since 1970; `None` where nobody has.
    pub begun: Option<i64>,
    /// What is due of it, earliest first. How that stands to today is for whoever shows it (`Calendar::standing`).
    pub dues: Vec<Due>,
}

impl View {
    /// True once the Virtual School has signed it off, and that stands.
    pub fn signed_off(&self) -> bool {
        self.sign_offs.iter().any(|sign_off| sign_off.question == "signoff.vs" && sign_off.stands)
    }

    /// The same, where what the young person chose stands in place of what others put there.
    fn choosing(self, documents: Documents<'_>, pep: &Pep, authors: Authors<'_>, choices: &Choices) -> View {
        let View { sign_offs, unread_sign_offs, changed_since_sign_off, open_returns, state, .. } = self;
        let theirs = assemble_with(documents, pep, authors, None, Some(choices));
        View { sign_offs, unread_sign_offs, changed_since_sign_off, open_returns, state, ..theirs }
    }
}

/// What stands at one question.
#[derive(Clone, PartialEq)]
pub enum Answer {
    /// Nothing yet.
    Missing,
    /// In a document this device does not hold.
    Elsewhere,
    /// One value.
    Value(Value),
    /// Worked out, not typed; a provisional date too.
    Computed(Value),
    /// Values people entered apart; a person who may write it has to choose.
    Disputed(Vec<Claim>),
    /// Text everybody writes in, or a line of text that stands as one value (`Pep::is_fact`).
    Text {
        /// The whole text.
        text: String,
    },
    /// An entry for each author, by person id.
    Voices(Vec<Voice>),
    /// Rows by key, withdrawn ones included.
    Table(Vec<Row>),
    /// Ticked choices.
    Set(BTreeSet<String>),
    /// See `View::targets`; this many are not withdrawn.
    Targets {
        /// How many.
        live: usize,
    },
}

/// A value somebody entered.
#[derive(Clone, PartialEq)]
pub struct Claim {
    /// The value.
    pub value: Value,
    /// Who entered it, if the roster knows them.
    pub by: Option<Who>,
    /// When, by the author's clock, in seconds since 1970; 0 if not known.
    pub at: i64,
}

/// A text, or several choices, that two branches rewrote apart and nobody has settled since.
#[derive(Clone, PartialEq)]
pub struct Rewritten {
    /// As each branch left it, and last as it is now, without an author, where that is something else.
    pub dispute: Dispute,
    /// Somebody has to choose: the answer is disputed. Otherwise it is a few words, and a remark.
    pub open: bool,
    /// Somebody's own words: each version is among them.
    pub own: bool,
    /// As it is now, merged.
    pub now: Value,
}

/// One author's words.
#[derive(Clone, PartialEq)]
pub struct Voice {
    /// Whose entry it is.
    pub person: Uuid,
    /// Who began it, if the roster knows them.
    pub by: Option<Who>,
    /// The words.
    pub text: String,
}

/// One row of a table.
#[derive(Clone, PartialEq)]
pub struct Row {
    /// Its key.
    pub key: String,
    /// Who began it, if the roster knows them.
    pub by: Option<Who>,
    /// Its cells by column; empty ones are not here.
    pub cells: BTreeMap<&'static str, Cell>,
    /// Somebody withdrew it. It is shown, and counts for nothing.
    pub withdrawn: bool,
    /// Somebody edited it who did not know it was withdrawn: a person has to choose.
    pub withdrawal_disputed: bool,
    /// Somebody chose that it stands: against a withdrawal, or beside another that looks like it.
    pub kept: bool,
}

/// What stands in one cell, or one field of a target.
#[derive(Clone, PartialEq)]
pub enum Cell {
    /// One value.
    Value(Value),
    /// Worked out from other cells.
    Computed(Value),
    /// Values people entered apart.
    Disputed(Vec<Claim>),
    /// Text everybody writes in.
    Text {
        /// The whole text.
        text: String,
    },
    /// An entry for each author, by person id.
    Voices(Vec<Voice>),
}

/// One target (PEP.md 3.2).
#[derive(Clone, PartialEq)]
pub struct Target {
    /// Its number, by which people speak of it: the place in the order in which the targets were made, withdrawn ones included, from
    /// 1. What is added, withdrawn or given another subject later leaves it as it is.
    pub number: usize,
    /// Its fields as a row: key, cells, withdrawal.
    pub row: Row,
    /// Its tables by column: `interventions`, `funds`, `midTermNotes`.
    pub tables: BTreeMap<&'static str, Vec<Row>>,
    /// What its funding rows come to, in pence, whatever its stage; withdrawn money stays visible here.
    pub requested: i64,
    /// What of its funding rows the Virtual School keeps, in pence.
    pub retained: i64,
}

/// A remark beside an answer.
#[derive(Clone, PartialEq)]
pub struct Comment {
    /// Its key.
    pub key: String,
    /// The document it is in.
    pub document: DocumentKind,
    /// The question it is about.
    pub question: String,
    /// The remark.
    pub text: String,
    /// Who made it.
    pub by: Option<Who>,
    /// When, in seconds since 1970.
    pub at: i64,
}

/// Mandatory questions of one role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Completeness {
    /// Answered.
    pub answered: usize,
    /// Asked.
    pub mandatory: usize,
}

/// Something that keeps a PEP from being complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The question.
    pub question: &'static str,
    /// Who answers for it.
    pub owner: Role,
    /// What is the matter.
    pub why: Why,
}

/// What is the matter with a mandatory question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nothing has been entered.
    Missing,
    /// Two answers; a person has to choose.
    Disputed,
    /// Carried over from the last PEP; somebody has to confirm it.
    ToConfirm,
    /// The child's words were written down by somebody else, and it is not said by whom, when and how (PEP.md 4.3).
    NotSaidWhoWrote,
    /// The meeting has not been held: there is nothing to complete yet (PEP.md 4.7).
    NotHeld,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Missing => "not answered yet",
            Why::Disputed => "two answers; somebody has to choose",
            Why::ToConfirm => "carried over from the last PEP; somebody has to confirm it",
            Why::NotSaidWhoWrote => "the child's words, but not who wrote them down, when, and how they were gathered",
            Why::NotHeld => "the meeting has not been held",
        })
    }
}

words! {
    /// How far a PEP has come (PEP.md 4.7).
    State, "state" {
        /// Nobody has written in it.
        NotStarted = "not-started", "Not started";
        /// Being written.
        Drafting = "drafting", "Being written";
        /// The meeting has been held.
        MeetingHeld = "meeting-held", "The meeting has been held";
        /// The designated teacher has said "complete", and it stands.
        DtComplete = "dt-complete", "The designated teacher's part is complete";
        /// The social worker has, too, or alone where nobody has to wait.
        SwComplete = "sw-complete", "The social worker's part is complete";
        /// Both have, and the Virtual School is checking it.
        InQa = "in-qa", "With the Virtual School";
        /// The Virtual School has returned it, and whoever is to put it right has not said "complete" again.
        Returned = "returned", "Returned";
        /// The Virtual School has signed it off. Later edits are the living plan.
        SignedOff = "signed-off", "Signed off";
        /// Signed off, and a later PEP of this child is signed off too. Only whoever holds both can tell (`superseded`).
        Superseded = "superseded", "Signed off; a later PEP is in force";
        /// The closing PEP, signed off.
        Closed = "closed", "Closed";
        /// Begun by mistake, and withdrawn: kept, and counted nowhere.
        Withdrawn = "withdrawn", "Withdrawn";
    }
}

impl State {
    /// The state in the light of whether a later PEP of the same child is signed off.
    pub fn superseded(self, later_signed_off: bool) -> State {
        if self == State::SignedOff && later_signed_off { State::Superseded } else { self }
    }
}

/// A place where people entered different things apart, for `Edit::Resolve`.
#[derive(Clone, PartialEq)]
pub struct Dispute {
    /// The place, as `Edit::Resolve` takes it. It holds row keys, and these may hold names: not for logs.
    pub place: String,
    /// The question it belongs to.
    pub question: &'static str,
    /// What people entered, in the same order everywhere. At `…/withdrawn`: yes (withdraw) and no (keep).
    pub claims: Vec<Claim>,
}

withhold!(Who, View, Answer, Claim, Voice, Row, Cell, Target, Comment, Dispute, Rewritten);

/// A plan as it is now, from the documents held. Two replicas that hold the same changes get the same view.
pub fn read(documents: Documents<'_>, pep: &Pep, authors: Authors<'_>) -> View {
    let mut view = assemble(documents, pep, authors, None);
    judge(&mut view, documents, pep, authors);
    // After the signatures: what these cover does not depend on who is known here.
    let is_child = |actor: &[u8]| authors(actor).is_some_and(|who| who.role == Role::YoungPerson);
    let choices = touched(documents, DocumentKind::Main, |document, known| known.entered_by(document, &is_child));
    let choices = choices.unwrap_or_default();
    let own: BTreeSet<&'static str> = choices.keys().copied().collect();
    let choices = replaced(documents.main, choices);
    if !choices.is_empty() {
        view = view.choosing(documents, pep, authors, &choices);
    }
    view.own = own;
    view.reopened = decision::reopened(documents.main, &view);
    view.begun = begun(documents.main);
    view.dues = dues(&view, pep);
    view
}

/// A plan without its signatures; with `at` the plan itself as it was at these heads.
pub(crate) fn assemble(documents: Documents<'_>, pep: &Pep, authors: Authors<'_>, at: Option<&[ChangeHash]>) -> View {
    assemble_with(documents, pep, authors, at, None)
}

fn assemble_with(
    documents: Documents<'_>,
    pep: &Pep,
    authors: Authors<'_>,
    at: Option<&[ChangeHash]>,
    childs: Option<&Choices>,
) -> View {
    let kept: BTreeMap<DocumentKind, Kept> = DocumentKind::ALL.iter().map(|kind| (*kind, Kept::default())).collect();
    let apart: BTreeMap<DocumentKind, Vec<Apart>> = DocumentKind::ALL
        .iter()
        .filter_map(|kind| Some((*kind, apart(documents, *kind, at.filter(|_| *kind == DocumentKind::Main))?)))
        .collect();
    let reader = |kind: DocumentKind| {
        let document = documents.get(kind)?;
        let sheet = match at.filter(|_| kind == DocumentKind::Main) {
            Some(heads) => Sheet::at(document, heads),
            None => Sheet::now(document),
        };
        let sheet = sheet.keeping(kept.get(&kind)?).choosing(childs.filter(|_| kind == DocumentKind::Main));
        Some(Reader { document, sheet, authors, apart: apart.get(&kind)? })
    };
    let main = reader(DocumentKind::Main);
    let facts = Facts::new(pep, main.map(|main| main.sheet));
    let mut answers = BTreeMap::new();
    let mut asked = BTreeSet::new();
    let mut hidden = BTreeMap::new();
    let mut excuses = BTreeMap::new();
    let (mut carried, mut to_confirm) = (BTreeSet::new(), BTreeSet::new());
    for question in bank().questions().iter().filter(|question| pep.process().places(question)) {
        let reader = reader(question.document());
        if let Some(sheet) = reader.map(|reader| reader.sheet).filter(|_| question.may_be_carried()) {
            if carried_text(&sheet, question).is_some() {
                carried.insert(question.id.as_str());
            }
            if !sheet.plain(&question.ask_key, Kind::YesNo).is_empty() {
                to_confirm.insert(question.id.as_str());
            }
        }
        let said = reader.map_or_else(Vec::new, |reader| reader.excuses(question));
        if !said.is_empty() {
            excuses.insert(question.id.as_str(), said);
        }
        let answer = reader.map_or(Answer::Elsewhere, |reader| reader.answer(question, &facts));
        if answer == Answer::Missing && !excuses.contains_key(question.id.as_str()) {
            to_confirm.remove(question.id.as_str());
        }
        answers.insert(question.id.as_str(), answer);
        match facts.asked(question) {
            Asked::Yes => drop(asked.insert(question.id.as_str())),
            Asked::No(because) => drop(hidden.insert(question.id.as_str(), because)),
            Asked::Unknown => {}
        }
    }
    let held: Vec<(DocumentKind, Reader<'_>)> =
        DocumentKind::ALL.iter().filter_map(|kind| Some((*kind, reader(*kind)?))).collect();
    let mut heads: Vec<ChangeHash> = held.iter().flat_map(|(_, reader)| reader.document.get_heads()).collect();
    heads.sort();
    heads.dedup();
    let mut comments: Vec<Comment> = held.iter().flat_map(|(kind, reader)| reader.comments(*kind)).collect();
    comments.retain(|comment| !is_mark(comment.document, &comment.question));
    comments.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
    let mut view = View {
        answers,
        excuses,
        not_on_roll: facts.not_on_roll() == Some(true),
        carried,
        to_confirm,
        asked,
        hidden,
        rewritten: rewritten(&apart, pep, authors),
        own: BTreeSet::new(),
        beside: main.zip(childs).map_or_else(BTreeMap::new, |(main, childs)| main.beside(childs)),
        targets: main.map_or_else(Vec::new, |main| main.targets()),
        comments,
        sign_offs: Vec::new(),
        unread_sign_offs: BTreeMap::new(),
        changed_since_sign_off: Vec::new(),
        open_returns: BTreeMap::new(),
        reopened: BTreeSet::new(),
        completeness: BTreeMap::new(),
        gaps: Vec::new(),
        state: main.map_or(State::NotStarted, |main| main.state()),
        heads,
        phase: facts.phases().first().copied(),
        funding: facts.funding(),
        next_date: facts.next_date(),
        begun: None,
        dues: Vec::new(),
    };
    complete(&mut view, pep);
    view
}

/// Every place where people entered different things apart, in the order of the process.
pub fn conflicts(view: &View, pep: &Pep) -> Vec<Dispute> {
    let mut disputes = Vec::new();
    for question in pep.process().questions() {
        let id = question.id.as_str();
        match view.answers.get(id) {
            Some(Answer::Disputed(claims)) => {
                disputes.push(Dispute { place: id.to_owned(), question: id, claims: claims.clone() });
            }
            Some(Answer::Voices(_)) => {
                let own = view.rewritten.iter().filter(|one| one.open && one.dispute.place == id);
                disputes.extend(own.map(|one| one.dispute.clone()));
            }
            Some(Answer::Table(rows)) => rows.iter().for_each(|row| dispute_row(&mut disputes, id, id, row)),
            Some(Answer::Targets { .. }) => {
                for target in &view.targets {
                    dispute_row(&mut disputes, id, id, &target.row);
                    let within = format!("{id}/{}/", target.row.key);
                    let own = view.rewritten.iter().filter(|one| one.open && one.own);
                    let own = own.filter(|one| one.dispute.place.starts_with(&within));
                    disputes.extend(own.map(|one| one.dispute.clone()));
                    for (table, rows) in &target.tables {
                        let place = format!("{id}/{}/{table}", target.row.key);
                        rows.iter().for_each(|row| dispute_row(&mut disputes, id, &place, row));
                    }
                }
            }
            _ => {}
        }
    }
    for dispute in &mut disputes {
        if let Some(claims) = versions(view, &dispute.place) {
            dispute.claims.clone_from(claims);
        }
    }
    disputes
}

/// Of what two branches rewrote apart, what there is to choose from: as each left it, and as it is now.
fn versions<'a>(view: &'a View, place: &str) -> Option<&'a Vec<Claim>> {
    let found = view.rewritten.iter().find(|one| one.open && one.dispute.place == place)?;
    Some(&found.dispute.claims)
}

/// What two branches of a document rewrote apart.
fn apart(documents: Documents<'_>, kind: DocumentKind, at: Option<&[ChangeHash]>) -> Option<Vec<Apart>> {
    touched(documents, kind, |document, known| in_document(document, known, at))
}

/// What there is to know of a document from what each of its changes did.
fn touched<T>(documents: Documents<'_>, kind: DocumentKind, read: impl Fn(&Automerge, &mut Touched) -> T) -> Option<T> {
    let document = documents.get(kind)?;
    let known = documents.known.and_then(|known| known.with(kind, document, |known| read(document, known)));
    Some(known.unwrap_or_else(|| read(document, &mut Touched::of(document))))
}

/// The same as people see it, in the order of the process.
fn rewritten(apart: &BTreeMap<DocumentKind, Vec<Apart>>, pep: &Pep, authors: Authors<'_>) -> Vec<Rewritten> {
    let order: BTreeMap<&str, usize> =
        pep.process().questions().enumerate().map(|(number, question)| (question.id.as_str(), number)).collect();
    let mut all: Vec<Rewritten> = apart
        .values()
        .flatten()
        .filter(|one| order.contains_key(one.question.id.as_str()))
        .map(|one| {
            let mut claims = claims(one, authors);
            let blank = one.now.to_string().trim().is_empty();
            if !blank && !claims.iter().any(|claim| claim.value == one.now) {
                claims.push(Claim { value: one.now.clone(), by: None, at: 0 });
            }
            let dispute = Dispute { place: one.place.clone(), question: &one.question.id, claims };
            Rewritten { dispute, open: one.open, own: one.own, now: one.now.clone() }
        })
        .collect();
    all.sort_by_key(|one| (order.get(one.dispute.question).copied(), one.dispute.place.clone()));
    all
}

/// As each branch left it.
fn claims(apart: &Apart, authors: Authors<'_>) -> Vec<Claim> {
    let claim = |(value, actor, at): &Version| Claim { value: value.clone(), by: authors(actor), at: *at };
    apart.versions.iter().map(claim).collect()
}

impl Answer {
    /// As `pep show --json` has it: a value; text as text; `{"disputed": […]}`; entries and rows as lists; null if missing.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Answer::Missing | Answer::Elsewhere => serde_json::Value::Null,
            Answer::Value(value) | Answer::Computed(value) => value.to_json(),
            Answer::Disputed(claims) => claims_json(claims),
            Answer::Text { text } => text.as_str().into(),
            Answer::Voices(voices) => voices_json(voices),
            Answer::Table(rows) => rows.iter().map(Row::to_json).collect(),
            Answer::Set(words) => words.iter().cloned().collect(),
            Answer::Targets { live } => (*live).into(),
        }
    }
}

impl Row {
    /// As `--json` has it: `{"key", "withdrawn"?, "withdrawalDisputed"?, COLUMN: value}`.
    pub fn to_json(&self) -> serde_json::Value {
        let mut json = serde_json::Map::new();
        json.insert("key".to_owned(), self.key.as_str().into());
        for (column, cell) in &self.cells {
            json.insert((*column).to_owned(), cell.to_json());
        }
        if self.withdrawn {
            json.insert("withdrawn".to_owned(), true.into());
            json.insert("withdrawalDisputed".to_owned(), self.withdrawal_disputed.into());
        }
        json.into()
    }

    /// True unless it is withdrawn and nobody disagrees.
    pub fn counts(&self) -> bool {
        !self.withdrawn || self.withdrawal_disputed
    }
}

impl Cell {
    /// As `--json` has it.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Cell::Value(value) | Cell::Computed(value) => value.to_json(),
            Cell::Disputed(claims) => claims_json(claims),
            Cell::Text { text } => text.as_str().into(),
            Cell::Voices(voices) => voices_json(voices),
        }
    }
}

impl Target {
    /// True if it was agreed, nobody disagrees about that, and it counts.
    pub fn is_agreed(&self) -> bool {
        let agreed = |cell: &Cell| matches!(cell, Cell::Value(Value::Choice(word)) if word == "agreed");
        self.row.counts() && self.row.cells.get("status").is_some_and(agreed)
    }

    /// As `--json` has it: the row, its tables as lists, and what it costs.
    pub fn to_json(&self) -> serde_json::Value {
        let mut json = self.row.to_json();
        if let Some(fields) = json.as_object_mut() {
            for (table, rows) in &self.tables {
                fields.insert((*table).to_owned(), rows.iter().map(Row::to_json).collect());
            }
            fields.insert("requested".to_owned(), Value::Money(self.requested).to_json());
            fields.insert("retained".to_owned(), Value::Money(self.retained).to_json());
        }
        json
    }
}

/// One document and who is behind its actors.
#[derive(Clone, Copy)]
struct Reader<'a> {
    document: &'a Automerge,
    sheet: Sheet<'a, Automerge>,
    authors: Authors<'a>,
    apart: &'a [Apart],
}

impl Reader<'_> {
    fn answer(&self, question: &'static Question, facts: &Facts<'_, Automerge>) -> Answer {
        let map = || self.sheet.answer(&question.id, ObjType::Map);
        if question.computed {
            let given =
                if question.is_overridable() { self.sheet.plain(&question.id, question.kind) } else { Vec::new() };
            return match self.settle(given) {
                Some(Cell::Disputed(claims)) => Answer::Disputed(claims),
                Some(Cell::Value(value)) => Answer::Value(value),
                _ => facts.computed(question).map_or(Answer::Missing, Answer::Computed),
            };
        }
        match question.kind {
            Kind::Text | Kind::LongText if question.voice => {
                let voices = map().map_or_else(Vec::new, |entries| self.voices(&entries));
                if voices.is_empty() { Answer::Missing } else { Answer::Voices(voices) }
            }
            Kind::Text | Kind::LongText => {
                let Some(text) = self.sheet.answer(&question.id, ObjType::Text) else { return self.fact(question) };
                if let Some(claims) = self.versions(&text) {
                    return Answer::Disputed(claims);
                }
                let text = self.sheet.text(&text);
                let text = carried_text(&self.sheet, question).unwrap_or(text);
                if text.trim().is_empty() { Answer::Missing } else { Answer::Text { text } }
            }
            Kind::MultiChoice => {
                let Some(map) = map() else { return self.fact(question) };
                if let Some(claims) = self.versions(&map) {
                    return Answer::Disputed(claims);
                }
                let ticked: BTreeSet<String> = self.sheet.ticked(&map).into_iter().collect();
                if ticked.is_empty() { Answer::Missing } else { Answer::Set(ticked) }
            }
            Kind::TargetList if question.id == TARGETS => {
                let targets: Vec<ObjId> = self.sheet.root("targets").into_iter().collect();
                match self.sheet.rows(&targets).len() {
                    0 => Answer::Missing,
                    _ => Answer::Targets { live: self.sheet.live_rows(&targets).len() },
                }
            }
            Kind::Table | Kind::TargetList => {
                let table: Vec<ObjId> = map().into_iter().collect();
                let rows = self.rows(&question.id, &question.columns, &table);
                if rows.is_empty() { Answer::Missing } else { Answer::Table(rows) }
            }
            Kind::Choice
            | Kind::Date
            | Kind::Number
            | Kind::Money
            | Kind::YesNo
            | Kind::Person
            | Kind::Attachment
            | Kind::Picture => match self.settle(self.sheet.plain(&question.id, question.kind)) {
                Some(Cell::Disputed(claims)) => Answer::Disputed(claims),
                Some(Cell::Value(value)) => Answer::Value(value),
                _ if question.id == "meeting.nextDate" => {
                    facts.next_date().map_or(Answer::Missing, |next| Answer::Computed(Value::Date(next.date)))
                }
                _ => Answer::Missing,
            },
        }
    }

    /// As each branch left a text, or several choices, between which somebody has to choose.
    fn versions(&self, object: &ObjId) -> Option<Vec<Claim>> {
        let found = self.apart.iter().find(|one| one.open && one.object == *object)?;
        Some(claims(found, self.authors))
    }

    /// Somebody's own words: of their two devices that rewrote them apart each version.
    fn entry(&self, person: Uuid, entry: &ObjId) -> Vec<Voice> {
        let words = match self.versions(entry) {
            Some(claims) => claims.into_iter().map(|claim| (claim.by, claim.value.to_string())).collect(),
            None => vec![(self.who(entry), self.sheet.text(entry))],
        };
        let words = words.into_iter().filter(|(_, text)| !text.trim().is_empty());
        words.map(|(by, text)| Voice { person, by, text }).collect()
    }

    /// A line of text, or several choices, that stand as one value.
    fn fact(&self, question: &Question) -> Answer {
        if question.kind == Kind::LongText {
            return Answer::Missing;
        }
        match self.settle(self.sheet.plain(&question.id, question.kind)) {
            Some(Cell::Disputed(claims)) => Answer::Disputed(claims),
            Some(Cell::Value(Value::Set(words))) if !words.is_empty() => Answer::Set(words),
            Some(Cell::Value(Value::Text(text))) if !text.trim().is_empty() => Answer::Text { text },
            _ => Answer::Missing,
        }
    }

    fn excuses(&self, question: &Question) -> Vec<Excuse> {
        if !question.may_be_excused() {
            return Vec::new();
        }
        let said = |put: Put| {
            let (why, reason) = NoAnswer::read(&put.value.to_string())?;
            Some(Excuse { why, reason, by: self.who(&put.op), at: self.when(&put.op) })
        };
        self.sheet.plain(&question.excuse_key, Kind::Text).into_iter().filter_map(said).collect()
    }

    fn voices(&self, entries: &ObjId) -> Vec<Voice> {
        let mut voices = Vec::new();
        for key in self.sheet.keys(entries) {
            let Ok(person) = key.parse::<Uuid>() else { continue };
            // One person's two devices may each have begun an entry: both are shown.
            for entry in self.sheet.objects(entries, &key, ObjType::Text) {
                voices.extend(self.entry(person, &entry));
            }
        }
        voices
    }

    fn rows(&self, table: &str, columns: &'static [Column], tables: &[ObjId]) -> Vec<Row> {
        let rows = self.sheet.rows(tables).into_iter();
        rows.map(|(key, maps)| self.row(table, columns, key, &maps)).collect()
    }

    fn row(&self, table: &str, columns: &'static [Column], key: String, maps: &[ObjId]) -> Row {
        let mut cells = BTreeMap::new();
        for column in columns {
            if let Some(cell) = self.cell(table, column, maps) {
                cells.insert(column.id.as_str(), cell);
            }
        }
        let withdrawals = self.sheet.withdrawals(maps);
        Row {
            key,
            by: maps.first().and_then(|map| self.who(map)),
            cells,
            withdrawn: !withdrawals.is_empty(),
            withdrawal_disputed: self.sheet.withdrawal_disputed(columns, maps),
            kept: self.sheet.kept_on_purpose(maps),
        }
    }

    fn cell(&self, table: &str, column: &'static Column, maps: &[ObjId]) -> Option<Cell> {
        if column.calculated {
            return calculated(&self.sheet, table, &column.id, maps).map(Cell::Computed);
        }
        match column.kind {
            Kind::Table => None,
            Kind::LongText if column.voice_of.is_some() => {
                let voices = self.words_of(column, maps);
                (!voices.is_empty()).then_some(Cell::Voices(voices))
            }
            Kind::LongText => {
                let mut texts = maps.iter().flat_map(|map| self.sheet.objects(map, &column.id, ObjType::Text));
                if let Some(claims) = texts.find_map(|text| self.versions(&text)) {
                    return Some(Cell::Disputed(claims));
                }
                let text = joined_text(&self.sheet, &column.id, maps);
                (!text.is_empty()).then_some(Cell::Text { text })
            }
            kind => self.settle(self.sheet.puts(maps, &column.id, kind)),
        }
    }

    /// A field of a target in somebody's own words.
    fn words_of(&self, column: &Column, maps: &[ObjId]) -> Vec<Voice> {
        let mut voices = Vec::new();
        for (key, entry) in word_entries(&self.sheet, column, maps) {
            let person = key.parse().ok().or_else(|| self.who(&entry).map(|who| who.person));
            voices.extend(self.entry(person.unwrap_or_default(), &entry));
        }
        voices
    }

    /// One value, or several that people have to choose between.
    fn settle(&self, mut puts: Vec<Put>) -> Option<Cell> {
        let last = puts.pop()?;
        if puts.is_empty() {
            return Some(Cell::Value(last.value));
        }
        puts.push(last);
        Some(Cell::Disputed(puts.into_iter().map(|put| self.claim(put)).collect()))
    }

    fn claim(&self, put: Put) -> Claim {
        Claim { by: self.who(&put.op), at: self.when(&put.op), value: put.value }
    }

    /// What others entered in the place of what the young person chose.
    fn beside(&self, choices: &Choices) -> BTreeMap<&'static str, Vec<Claim>> {
        beside(self.document, choices, |put| self.claim(put))
    }

    fn targets(&self) -> Vec<Target> {
        let Some(question) = bank().question(TARGETS) else { return Vec::new() };
        let roots: Vec<ObjId> = self.sheet.root("targets").into_iter().collect();
        let mut targets = Vec::new();
        for (key, maps) in self.sheet.rows(&roots) {
            let tables = question.columns.iter().filter(|column| column.kind == Kind::Table).map(|column| {
                let tables: Vec<ObjId> =
                    maps.iter().flat_map(|map| self.sheet.objects(map, &column.id, ObjType::Map)).collect();
                (column.id.as_str(), self.rows(&column.id, &column.columns, &tables))
            });
            let tables = tables.collect();
            let cost = target_cost(&self.sheet, &maps);
            let made = maps.iter().map(counter).min();
            let row = self.row(TARGETS, &question.columns, key, &maps);
            targets.push((made, Target { number: 0, row, tables, requested: cost.requested, retained: cost.retained }));
        }
        // Of two that were made apart at the same count, the one of the smaller key, everywhere.
        targets.sort_by(|(made, one), (other, two)| (made, &one.row.key).cmp(&(other, &two.row.key)));
        let numbered = targets.into_iter().zip(1..);
        numbered.map(|((_, target), number)| Target { number, ..target }).collect()
    }

    /// Two of the same key are both somebody's words.
    fn comments(&self, document: DocumentKind) -> Vec<Comment> {
        let roots: Vec<ObjId> = self.sheet.root("comments").into_iter().collect();
        let rows = self.sheet.rows(&roots).into_iter();
        let entries = rows.flat_map(|(key, maps)| maps.into_iter().map(move |map| (key.clone(), map)));
        entries
            .map(|(key, entry)| Comment {
                document,
                question: self.words(&entry, "question"),
                text: self.words(&entry, "text"),
                by: self.who(&entry),
                at: self.when(&entry),
                key,
            })
            .collect()
    }

    fn state(&self) -> State {
        let held = self.sheet.plain("meeting.held", Kind::YesNo);
        let change = |head: &ChangeHash| self.document.get_change_meta_by_hash(head);
        // Only the genesis rests on nothing.
        let written = |head: &ChangeHash| change(head).is_some_and(|change| !change.deps.is_empty());
        match () {
            () if held.iter().any(|put| put.value == Value::YesNo(true)) => State::MeetingHeld,
            () if self.document.get_heads().iter().any(written) => State::Drafting,
            () => State::NotStarted,
        }
    }

    fn words(&self, map: &ObjId, key: &str) -> String {
        let put = self.sheet.puts(std::slice::from_ref(map), key, Kind::Text).pop();
        put.map_or_else(String::new, |put| put.value.to_string())
    }

    fn who(&self, op: &ObjId) -> Option<Who> {
        match op {
            ObjId::Id(_, actor, _) => (self.authors)(actor.to_bytes()),
            ObjId::Root => None,
        }
    }

    fn when(&self, op: &ObjId) -> i64 {
        let change = self.document.hash_for_opid(op).and_then(|hash| self.document.get_change_meta_by_hash(&hash));
        change.map_or(0, |change| change.timestamp)
    }
}

/// When somebody first wrote in a plan, by their clock, in seconds since 1970; `None` where nobody has.
pub fn begun(document: &Automerge) -> Option<i64> {
    // Only the genesis rests on nothing.
    let written = |change: automerge::ChangeMetadata<'_>| (!change.deps.is_empty()).then_some(change.timestamp);
    document.get_changes_meta(&[]).into_iter().filter_map(written).filter(|at| *at > 0).min()
}

/// True of what stands among the remarks of the plan to say that an answer in an annex has changed.
fn is_mark(document: DocumentKind, question: &str) -> bool {
    document == DocumentKind::Main && bank().question(question).is_some_and(is_marked)
}

/// The questions of an annex that have changed, each with the change that says so in the plan.
pub(crate) fn marks(document: &Automerge) -> Vec<(&'static str, ChangeHash)> {
    let reader = Reader { document, sheet: Sheet::now(document), authors: &|_| None, apart: &[] };
    let roots: Vec<ObjId> = reader.sheet.root("comments").into_iter().collect();
    let entries = reader.sheet.rows(&roots).into_values().flatten();
    let mark = |entry: ObjId| {
        let question = bank().question(&reader.words(&entry, "question")).filter(|question| is_marked(question))?;
        Some((question.id.as_str(), document.hash_for_opid(&entry)?))
    };
    entries.filter_map(mark).collect()
}

/// How many operations the document had seen where an object was made: what was made knowing of another counts higher.
fn counter(object: &ObjId) -> u64 {
    match object {
        ObjId::Id(counter, ..) => *counter,
        ObjId::Root => 0,
    }
}

/// The text carried over from the last PEP, while nobody has written in this one's. Where two devices carried different ones
/// over, the same one everywhere; the last PEP has both.
pub(crate) fn carried_text<R: ReadDoc>(sheet: &Sheet<'_, R>, question: &Question) -> Option<String> {
    if !question.is_shared_text() {
        return None;
    }
    let carried = sheet.plain(&question.carried_key, Kind::Text).pop()?.value.to_string();
    let written = sheet.answer(&question.id, ObjType::Text).map_or_else(String::new, |text| sheet.text(&text));
    written.is_empty().then_some(carried)
}

/// Counts what is answered of what is asked (PEP.md 4.3), and lists what is not.
fn complete(view: &mut View, pep: &Pep) {
    let answered = |id: &str| view.answers.get(id).is_some_and(|answer| fault(answer).is_none());
    let declined = view.answers.get("voice.declined") == Some(&Answer::Value(Value::YesNo(true)))
        && answered("voice.declinedNote");
    // How the views were gathered tells the child's own or observed words from what a professional thinks.
    let said_who_wrote = ["voice.recordedBy", "voice.recordedOn", "voice.method"].into_iter().all(answered);
    for question in pep.process().questions() {
        let (id, answer) = (question.id.as_str(), view.answers.get(question.id.as_str()));
        let counts = question.mandatory && !question.is_sign_off() && view.asked.contains(id);
        let counts = counts && quality::is_wanted(pep.process(), id);
        let (true, Some(owner), Some(answer)) =
            (counts, pep.process().accountable_now(question, view.not_on_roll), answer)
        else {
            continue;
        };
        if *answer == Answer::Elsewhere {
            continue;
        }
        let childs_words = question.block == "voice" && question.voice;
        let apart = view.rewritten.iter().any(|one| one.open && one.own && one.dispute.place == id);
        let why = match fault(answer) {
            _ if apart => Some(Why::Disputed),
            Some(Why::Missing) if childs_words && declined => None,
            // Worked out is given, unless somebody gives another.
            Some(Why::Missing) if question.is_overridable() && matches!(answer, Answer::Computed(_)) => None,
            Some(Why::Missing) | None if view.to_confirm.contains(id) => Some(Why::ToConfirm),
            Some(Why::Missing) if view.excuses.contains_key(id) => None,
            None if id == meeting::HELD && meeting::is_not_held(view) => Some(Why::NotHeld),
            None if childs_words && !said_who_wrote && !by_the_child(answer) => Some(Why::NotSaidWhoWrote),
            why => why,
        };
        let count = view.completeness.entry(owner).or_default();
        count.mandatory += 1;
        match why {
            None => count.answered += 1,
            Some(why) => view.gaps.push(Gap { question: id, owner, why }),
        }
    }
}

fn fault(answer: &Answer) -> Option<Why> {
    match answer {
        Answer::Missing | Answer::Elsewhere | Answer::Computed(_) | Answer::Targets { live: 0 } => Some(Why::Missing),
        Answer::Disputed(_) => Some(Why::Disputed),
        Answer::Table(rows) if !rows.iter().any(Row::counts) => Some(Why::Missing),
        Answer::Value(_) | Answer::Text { .. } | Answer::Voices(_) | Answer::Table(_) | Answer::Set(_) => None,
        Answer::Targets { .. } => None,
    }
}

fn by_the_child(answer: &Answer) -> bool {
    let child = |by: &Option<Who>| by.as_ref().is_some_and(|who| who.role == Role::YoungPerson);
    match answer {
        Answer::Voices(voices) => voices.iter().any(|voice| child(&voice.by)),
        Answer::Table(rows) => rows.iter().any(|row| row.counts() && child(&row.by)),
        _ => false,
    }
}

fn dispute_row(disputes: &mut Vec<Dispute>, question: &'static str, table: &str, row: &Row) {
    for (column, cell) in &row.cells {
        if let Cell::Disputed(claims) = cell {
            disputes.push(Dispute { place: format!("{table}/{}/{column}", row.key), question, claims: claims.clone() });
        }
    }
    if row.withdrawal_disputed {
        let claim = |withdraw| Claim { value: Value::YesNo(withdraw), by: None, at: 0 };
        let place = format!("{table}/{}/{WITHDRAWN}", row.key);
        disputes.push(Dispute { place, question, claims: vec![claim(true), claim(false)] });
    }
}

fn voices_json(voices: &[Voice]) -> serde_json::Value {
    let voice = |voice: &Voice| serde_json::json!({ "person": voice.person.to_string(), "by": name(&voice.by), "text": voice.text });
    voices.iter().map(voice).collect()
}

fn claims_json(claims: &[Claim]) -> serde_json::Value {
    let claims: Vec<serde_json::Value> = claims
        .iter()
        .map(|claim| serde_json::json!({ "value": claim.value.to_json(), "by": name(&claim.by), "at": claim.at }))
        .collect();
    serde_json::json!({ "disputed": claims })
}

fn name(who: &Option<Who>) -> Option<&str> {
    who.as_ref().map(|who| who.name.as_str())
}
