//! A process: how one Virtual School runs its PEPs. Data, not code: it places, owns and requires the bank's questions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use chrono::{Days, NaiveDate};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::bank::{BadFile, Column, KeptAs, Kind, Question, bank};
use crate::clock::{DayKind, is_weekend};
use crate::document::WITHDRAWN;
use crate::expr::Expr;
use crate::pep::{AcademicYear, DocumentKind, NotAWord, Phase, Role, SCHEMA_NEWEST, Term, words};
use crate::policy::{FundingFile, FundingPolicy, TargetPolicy};
use crate::practice::{Carry, Practice};

/// One version of a process.
#[derive(Debug)]
pub struct Process {
    /// Its id: `sections`.
    pub id: String,
    /// Its version, from 1. What a PEP began under never changes beneath it (R001-01).
    pub version: u32,
    /// Its code among the five seed systems: `T-001`.
    pub code: String,
    /// Its name, for people.
    pub name: String,
    /// Which form of file it came in: see [`FORM`].
    pub form: u32,
    /// The version of the bank it was written for: questions that joined later are not in it.
    pub bank: u32,
    /// The shape of the documents of the PEPs that begin under it (`about.schemaVersion`).
    pub schema: i64,
    /// SHA-256 of what the file says, whatever its white space; `None` before form 2. It tells one *generation* of a PEP from
    /// another: from form 2 on it is in the first change and in the ids of documents.
    pub hash: Option<[u8; 32]>,
    /// New PEPs begin under it from this day (R001-01).
    pub effective_from: NaiveDate,
    /// Its pages, in order. Every question of the bank is on exactly one.
    pub pages: Vec<Page>,
    /// Roles that write a question here beside the bank's owners and the page's.
    pub writers: BTreeMap<String, Vec<Role>>,
    /// Questions asked here only under a further condition; what the law asks for is never among them.
    pub visible_if: BTreeMap<String, Expr>,
    /// The form a Reception child gets (PEP.md 3.1).
    pub reception_uses: Phase,
    /// What a set of targets must have.
    pub targets: TargetPolicy,
    /// Money.
    pub funding: FundingPolicy,
    /// Term dates and deadlines.
    pub calendar: Calendar,
    /// How this Virtual School works otherwise.
    pub practice: Practice,
}

/// One page of a process.
#[derive(Debug)]
pub struct Page {
    /// Its id: `A`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The role accountable for its completeness (PEP.md 3.1).
    pub owner: Role,
    /// A role that may fill it in instead, or jointly.
    pub alternate_owner: Option<Role>,
    /// Who answers for it while the child is on no roll (2.15); empty: its owner still.
    pub owner_when_not_on_roll: Vec<Role>,
    /// By when it is filled in (2.18); `None`: with the rest.
    pub due: Option<PageDue>,
    /// What becomes of all its answers in the next PEP, whatever their blocks say (R001-14); `None`: as their blocks say.
    pub carry_forward: Option<Carry>,
    /// Its questions, in order.
    pub questions: Vec<&'static Question>,
}

/// By when a page is filled in, seen from the meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PageDue {
    /// How many days; the day of the meeting is day 0.
    pub days: NonZeroU16,
    /// Which days count.
    pub day_kind: DayKind,
    /// Before or after the meeting.
    pub side: DueSide,
}

/// Before or after the meeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DueSide {
    /// Before.
    Before,
    /// After.
    After,
}

/// Term dates, deadlines and bank holidays: what a date rule needs.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Calendar {
    /// The terms, earliest first.
    pub terms: Vec<TermDates>,
    /// Bank holidays in England, of whole years from the first listed to the last: outside them working days are not counted.
    pub bank_holidays: BTreeSet<NaiveDate>,
    /// Days within the terms on which the schools are shut: first and last day of each closure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closures: Vec<(NaiveDate, NaiveDate)>,
    /// Which calendar it is, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// When one term is open.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TermDates {
    /// The academic year.
    pub year: AcademicYear,
    /// The term.
    pub term: Term,
    /// First and last day of each half, both included, earliest first.
    pub open: Vec<(NaiveDate, NaiveDate)>,
    /// PEPs of this term are complete by this day (R003-06).
    pub complete_by: NaiveDate,
}

/// Who may write what at one place of a document, for the gate. `Display` gives the line of the gate's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteRule {
    /// The keys from the root of the document, with `/` between them: a word is that key, `*` any key, `@` one that is or
    /// ends in `+` and the writer's own person id, `WORD@` one that is `WORD+` and that id.
    pub place: String,
    /// What may be written there.
    pub what: Written,
    /// The roles that may.
    pub roles: Vec<Role>,
}

words! {
    /// What is written at a place; the words are the gate's.
    Written, "kind of writing" {
        /// A plain value, to set, replace and take away.
        Value = "value", "A value";
        /// A plain value that comes with the map it is in and never alters.
        Sealed = "sealed", "A value that stays";
        /// A map that is made and stays.
        Map = "map", "A map";
        /// A text, and the characters in it.
        Text = "text", "A text";
    }
}

impl fmt::Display for WriteRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.what)?;
        self.roles.iter().try_for_each(|role| write!(f, " {role}"))
    }
}

impl Process {
    /// Who chooses the type of a PEP: whoever answers for the page that holds that and nothing else that people answer (R001-02). `None`
    /// where whoever begins it does.
    pub fn type_chosen_by(&self) -> Option<Role> {
        let chooses = |page: &&Page| {
            page.questions.iter().any(|question| question.id == "meta.pepType")
                && page.questions.iter().all(|question| question.computed)
        };
        self.pages.iter().find(chooses).map(|page| page.owner)
    }

    /// Reads and checks a process; `pep process check` shows the error. A file of a newer program is refused: [`Process::read`]
    /// tells it from a bad one.
    pub fn parse(text: &str) -> Result<Process, BadFile> {
        match Process::read(text)? {
            FromFile::Process(process) => Ok(*process),
            FromFile::Newer(newer) => Err(BadFile::at(text, newer.word, newer.to_string())),
        }
    }

    /// Reads a file: a process, or one that a newer version of this program understands.
    pub fn read(text: &str) -> Result<FromFile, BadFile> {
        let label: Label = serde_json::from_str(text).map_err(|error| BadFile::json(&error))?;
        if let Some(newer) = label.newer() {
            return match is_slug(&newer.id) && newer.version > 0 {
                true => Ok(FromFile::Newer(newer)),
                false => Err(BadFile::at(text, "id", "a process has an id and a version".to_owned())),
            };
        }
        if let Some((word, reason)) = label.fault() {
            return Err(BadFile::at(text, word, reason.to_owned()));
        }
        let process = match label.form {
            None => ProcessFile::<Calendar>::read(text)?.checked(text, Some)?,
            Some(_) => ProcessFile::<String>::read(text)?.checked(text, |id| Calendar::built_in(&id))?,
        };
        Ok(FromFile::Process(Box::new(process)))
    }

    /// A further condition under which a question is asked here.
    pub(crate) fn condition(&self, question: &str) -> &Expr {
        self.visible_if.get(question).unwrap_or(&Expr::Always)
    }

    /// Its questions, page by page.
    pub fn questions(&self) -> impl Iterator<Item = &'static Question> {
        self.pages.iter().flat_map(|page| page.questions.iter().copied())
    }

    /// True if it asks this question: every one that was in the bank it was written for.
    pub fn places(&self, question: &Question) -> bool {
        question.since <= self.bank
    }

    /// The page a question is on.
    pub fn page(&self, question: &str) -> Option<&Page> {
        self.pages.iter().find(|page| page.questions.iter().any(|placed| placed.id == question))
    }

    /// What the next PEP begins with at a question.
    pub fn carry_of(&self, question: &Question) -> Carry {
        let page = self.page(&question.id).and_then(|page| page.carry_forward);
        let block = || self.practice.carry_forward.get(&question.block).copied();
        page.or_else(block).unwrap_or(Carry::Blank)
    }

    /// Who answers for a question: the page's owner, where that role holds the document it is in, or else the first of the bank's
    /// owners; of a reserved question its own owner; of a computed one nobody.
    pub fn accountable(&self, question: &Question) -> Option<Role> {
        match () {
            () if question.is_overridable() => Some(Role::VirtualSchoolOfficer),
            () if question.computed => None,
            () if question.reserved => question.owners.first().copied(),
            () => {
                let owner = self.page(&question.id)?.owner;
                if question.document().readers().contains(&owner) {
                    Some(owner)
                } else {
                    question.owners.first().copied()
                }
            }
        }
    }

    /// Who answers for a question now: while the child is on no school's roll, the first of those who take the page over then.
    pub fn accountable_now(&self, question: &Question, not_on_roll: bool) -> Option<Role> {
        let accountable = self.accountable(question)?;
        let page = self.page(&question.id).filter(|_| not_on_roll && !question.reserved);
        let takes_over = page.and_then(|page| page.owner_when_not_on_roll.first().copied());
        takes_over.filter(|role| question.document().readers().contains(role)).or(Some(accountable))
    }

    /// The roles that may write a question, whatever stands in the plan: those of `writers_on_roll`, and whoever takes the page
    /// over while the child is on no school's roll. The gate sees no answers and lets all of them; `apply` looks at the plan.
    pub fn writers_of(&self, question: &Question) -> Vec<Role> {
        let on_roll = self.writers_on_roll(question);
        let page = self.page(&question.id).filter(|_| !question.reserved && !question.computed && !on_roll.is_empty());
        let others = page.map_or(&[][..], |page| page.owner_when_not_on_roll.as_slice());
        let reads = |role: &Role| question.document().readers().contains(role);
        let takes_over = |role: &Role| reads(role) && others.iter().any(|owner| role.counts_as(*owner));
        Role::ALL.iter().copied().filter(|role| on_roll.contains(role) || takes_over(role)).collect()
    }

    /// The roles that may write a question while the child is on a school's roll, in the order of `Role::ALL`: the
    /// bank's owners, the page's owner and alternate, the process's own writers, of these whoever reads it. Reserved questions keep to the bank's owners;
    /// sign-off and computed ones have no writer.
    pub fn writers_on_roll(&self, question: &Question) -> Vec<Role> {
        if question.is_overridable() {
            return Role::ALL.iter().copied().filter(|role| role.is_virtual_school()).collect();
        }
        let Some(page) = self.page(&question.id) else { return Vec::new() };
        if question.computed || question.is_sign_off() {
            return Vec::new();
        }
        let mut owners: BTreeSet<Role> = question.owners.iter().copied().collect();
        if !question.reserved {
            owners.insert(page.owner);
            owners.extend(page.alternate_owner);
            owners.extend(self.writers.get(&question.id).into_iter().flatten());
        }
        let reads = |role: &Role| question.document().readers().contains(role);
        let owns = |role: &Role| owners.iter().any(|owner| role.counts_as(*owner));
        Role::ALL.iter().copied().filter(|role| reads(role) && owns(role)).collect()
    }

    /// The roles that write a field of a target: whoever writes the target, and whose words it holds.
    pub fn writers_within(&self, question: &Question, column: &Column) -> Vec<Role> {
        let writers = self.writers_of(question);
        let whose = |role: &Role| column.voice_of.is_some_and(|owner| role.counts_as(owner));
        Role::ALL.iter().copied().filter(|role| writers.contains(role) || whose(role)).collect()
    }

    /// Who may write where in the documents of one kind. Places that are not listed are nobody's: `about` is the genesis's,
    /// and what is worked out is written by nobody.
    pub fn write_rules(&self, kind: DocumentKind) -> Vec<WriteRule> {
        self.write_rules_in(kind, self.schema)
    }

    /// The same of documents that began in another shape.
    fn write_rules_in(&self, kind: DocumentKind, schema: i64) -> Vec<WriteRule> {
        let mut rules = Vec::new();
        for question in self.questions().filter(|question| question.document() == kind) {
            self.answer_rules(question, schema, &mut rules);
        }
        for question in self.questions().filter(|question| question.is_sign_off() && question.document() == kind) {
            let roles = self.signers_of(question);
            let all = format!("signOffs/{}", question.id);
            rules.push(WriteRule { place: all.clone(), what: Written::Map, roles: roles.clone() });
            entry_rules(&format!("{all}/@"), &["hash", "process", "on", "role", "comment"], &roles, &mut rules);
        }
        let holders: Vec<Role> = Role::ALL.iter().copied().filter(|role| kind.may_be_held_by(*role)).collect();
        entry_rules("comments/*", &["question", "text"], &holders, &mut rules);
        rules
    }

    /// The same as the text that `gate::Rules` reads.
    pub fn write_table(&self, kind: DocumentKind) -> String {
        self.write_table_in(kind, self.schema)
    }

    /// The same of documents that began in another shape.
    pub(crate) fn write_table_in(&self, kind: DocumentKind, schema: i64) -> String {
        self.write_rules_in(kind, schema).iter().map(|rule| format!("{rule}\n")).collect()
    }

    /// Who may write where in the answer to one question, and beside it.
    pub(crate) fn answer_rules(&self, question: &Question, schema: i64, rules: &mut Vec<WriteRule>) {
        let roles = self.writers_of(question);
        if roles.is_empty() {
            return;
        }
        let mut add = |place: String, what| rules.push(WriteRule { place, what, roles: roles.clone() });
        let beside = |key: &str| format!("answers/{key}");
        if question.may_be_excused() {
            add(beside(&question.excuse_key), Written::Value);
        }
        if question.may_be_carried() {
            add(beside(&question.ask_key), Written::Value);
            if question.is_shared_text() && !question.is_fact(schema) {
                add(beside(&question.carried_key), Written::Value);
            }
        }
        let answer = beside(&question.id);
        match question.kept_as(schema) {
            _ if question.id == crate::TARGETS => self.target_rules(question, rules),
            KeptAs::Value => add(answer, Written::Value),
            KeptAs::OwnTexts => add(format!("{answer}/@"), Written::Text),
            KeptAs::Text => add(answer, Written::Text),
            KeptAs::Rows => {
                let key = if question.voice { "@" } else { "*" };
                row_rules(&format!("{answer}/{key}"), &question.columns, &mut add);
            }
            KeptAs::Ticks if question.open => add(format!("{answer}/*"), Written::Value),
            KeptAs::Ticks => {
                question.options.iter().for_each(|option| add(format!("{answer}/{}", option.value), Written::Value));
            }
        }
    }

    /// Targets have a place of their own at the root, and texts and tables in them.
    fn target_rules(&self, question: &Question, rules: &mut Vec<WriteRule>) {
        let roles = self.writers_of(question);
        let mut values = Vec::new();
        for column in &question.columns {
            let place = format!("targets/*/{}", column.id);
            let mut add = |place: String, what| rules.push(WriteRule { place, what, roles: roles.clone() });
            match column.kind {
                Kind::LongText if column.voice_of.is_some() => {
                    let roles = self.writers_within(question, column);
                    rules.push(WriteRule { place: format!("{place}@"), what: Written::Text, roles });
                }
                Kind::LongText => add(place, Written::Text),
                Kind::Table => {
                    add(place.clone(), Written::Map);
                    row_rules(&format!("{place}/*"), &column.columns, &mut add);
                }
                _ => values.push(column),
            }
        }
        let add = |place: String, what| rules.push(WriteRule { place, what, roles: roles.clone() });
        row_rules("targets/*", values, add);
    }
}

/// A row, its cells, and the mark that withdraws it. What is worked out is nobody's.
fn row_rules<'a>(row: &str, columns: impl IntoIterator<Item = &'a Column>, mut add: impl FnMut(String, Written)) {
    add(row.to_owned(), Written::Map);
    for column in columns.into_iter().filter(|column| !column.calculated) {
        add(format!("{row}/{}", column.id), Written::Value);
    }
    add(format!("{row}/{WITHDRAWN}"), Written::Value);
}

/// An entry that is written once and stays.
fn entry_rules(entry: &str, fields: &[&str], roles: &[Role], rules: &mut Vec<WriteRule>) {
    let mut add = |place: String, what| rules.push(WriteRule { place, what, roles: roles.to_vec() });
    add(entry.to_owned(), Written::Map);
    fields.iter().for_each(|field| add(format!("{entry}/{field}"), Written::Sealed));
}

impl Process {
    fn next_date_fault(&self) -> Option<(&'static str, String)> {
        let rule = &self.practice.next_date;
        let page = self.page("meeting.nextDate")?;
        if rule.recorded_on_page != page.id {
            let reason = format!("the next date is on page {}, not on {}", page.id, rule.recorded_on_page);
            return Some(("recordedOnPage", reason));
        }
        let writers = self.writers_of(bank().question("meeting.nextDate")?);
        let cannot = rule.set_by.iter().find(|role| !writers.contains(role))?;
        Some(("setBy", format!("{cannot} cannot write meeting.nextDate; `writers` can let them")))
    }
}

impl Calendar {
    /// Ids of the calendars this program was built with.
    pub const IDS: [&str; 1] = ["england-2025"];

    /// The calendar of this id, of those this program was built with.
    pub fn built_in(id: &str) -> Option<Calendar> {
        let text = match id {
            "england-2025" => include_str!("../../calendars/england-2025.json"),
            _ => return None,
        };
        let calendar: Calendar = serde_json::from_str(text).ok()?;
        Some(Calendar { name: id.to_owned(), ..calendar })
    }

    /// The first day of a term; where its dates are not known, the first day of the month it begins in everywhere.
    pub fn term_begins(&self, year: AcademicYear, term: Term) -> Option<NaiveDate> {
        let listed = self.terms.iter().find(|dates| dates.year == year && dates.term == term);
        let first = listed.and_then(|dates| dates.open.first()).map(|(first, _)| *first);
        let (after, month) = match term {
            Term::Autumn => (0, 9),
            Term::Spring => (1, 1),
            Term::Summer => (1, 4),
        };
        first.or_else(|| NaiveDate::from_ymd_opt(i32::from(year.0) + after, month, 1))
    }

    /// True on a day the schools are open: inside a term, Monday to Friday, no bank holiday.
    pub fn is_school_day(&self, day: NaiveDate) -> bool {
        let open = |term: &TermDates| term.open.iter().any(|(first, last)| (*first..=*last).contains(&day));
        let shut = |(first, last): &(NaiveDate, NaiveDate)| (*first..=*last).contains(&day);
        !is_weekend(day)
            && !self.bank_holidays.contains(&day)
            && self.terms.iter().any(open)
            && !self.closures.iter().any(shut)
    }
}

/// Questions that answer what the law says a PEP holds (Schedule 1 paragraph 2 of the 2010 Regulations; PEP.md 1.5), as blocks
/// (`send.`) or ids. A process may ask more, never less.
pub const SCHEDULE_1: [(&str, &[&str]); 5] = [
    (
        "2(1) educational history",
        &[
            "setting.history",
            "attendance.terms",
            "behaviour.suspensions",
            "ey.areas",
            "pri.subjects",
            "sec.subjects",
            "p16.courses",
            "progress.achievements",
            "send.",
        ],
    ),
    ("2(2) present arrangements", &["setting.", "send.provision", "progress.catchUp", "setting.alternativeProvision"]),
    ("2(3) planned changes", &["care.plannedMove", "care.plannedMoveImpact", "transition.", "transfer."]),
    ("2(4) leisure interests", &["activities.leisure"]),
    ("2(5) the carer's part", &["carer.homeLearning", "activities.leisure"]),
];

/// True of a question the law asks for.
pub(crate) fn is_schedule_1(question: &str) -> bool {
    let named = |name: &&str| *name == question || (name.ends_with('.') && question.starts_with(name));
    SCHEDULE_1.iter().any(|(_, names)| names.iter().any(named))
}

/// Reads the conditions of a process, and refuses those that lead in a circle.
fn conditions(text: &str, written: &BTreeMap<String, String>) -> Result<BTreeMap<String, Expr>, BadFile> {
    let mut conditions = BTreeMap::new();
    for (id, condition) in written {
        let at = |reason: String| BadFile::at(text, id, reason);
        let question = bank().question(id).ok_or_else(|| at(format!("{id} is not a question of the bank")))?;
        if is_schedule_1(id) {
            return Err(at(format!("{id} is part of what the law says a PEP holds, so it cannot be asked less often")));
        }
        let expr = Expr::parse(condition).map_err(at)?;
        bank().check_references(id, &expr).map_err(at)?;
        conditions.insert(question.id.clone(), expr);
    }
    let of = |question: &Question| -> Vec<String> {
        let own = conditions.get(&question.id).into_iter().flat_map(Expr::references);
        own.chain(question.visible_if.references()).map(|reference| reference.question.clone()).collect()
    };
    match circle(bank().questions(), &of) {
        Some(id) => Err(BadFile::at(text, id, format!("whether {id} is asked depends on itself"))),
        None => Ok(conditions),
    }
}

/// A question whose condition leads back to itself.
pub(crate) fn circle<'a>(questions: &'a [Question], of: &dyn Fn(&Question) -> Vec<String>) -> Option<&'a str> {
    let edges: BTreeMap<&str, Vec<String>> =
        questions.iter().map(|question| (question.id.as_str(), of(question))).collect();
    let returns = |start: &&str| {
        let mut seen = BTreeSet::new();
        let mut next: Vec<&str> = vec![start];
        while let Some(id) = next.pop() {
            for other in edges.get(id).into_iter().flatten() {
                if other == start {
                    return true;
                }
                if seen.insert(other.as_str()) {
                    next.push(other);
                }
            }
        }
        false
    };
    edges.keys().copied().find(returns)
}

/// The next PEP's date where no person has set one (PEP.md 4.2, R003-33): the first date at least 91 days after the meeting
/// that is the same weekday, a school day and in the next term; past that term's deadline, the last school day before it.
/// `None` where the calendar does not reach that far. A function of its arguments, so replicas agree without a word.
pub fn provisional_next_date(meeting: NaiveDate, calendar: &Calendar) -> Option<NaiveDate> {
    let start = |term: &TermDates| term.open.first().map(|(first, _)| *first);
    let next = calendar.terms.iter().find(|term| start(term).is_some_and(|start| start > meeting))?;
    let in_term = |day: NaiveDate| next.open.iter().any(|(first, last)| (*first..=*last).contains(&day));
    let school_day = |day: &NaiveDate| in_term(*day) && calendar.is_school_day(*day);
    let earliest = meeting.checked_add_days(Days::new(91))?;
    let weekly = (0..).map_while(|week| earliest.checked_add_days(Days::new(7 * week)));
    let same_weekday = weekly.take_while(|day| *day <= next.complete_by).find(school_day);
    same_weekday.or_else(|| {
        let days = start(next)?.iter_days().take_while(|day| *day <= next.complete_by);
        days.filter(school_day).last()
    })
}

/// The newest form of process file that this version reads. Form 1 holds its calendar and places every question there was then;
/// form 2 says which bank it was written for, which schema its documents have, and names its calendar.
pub const FORM: u32 = 2;

/// What a file held.
#[derive(Debug)]
pub enum FromFile {
    /// A process.
    Process(Box<Process>),
    /// A process of a newer version of this program.
    Newer(Newer),
}

/// A process that a newer version of this program understands: known by name, and kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{id} version {version} was made for a newer version of this program. Update the program to use it.")]
pub struct Newer {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// Its name, for people.
    pub name: String,
    /// The word of the file that says so.
    word: &'static str,
}

/// As much of a file as says whether this version reads the rest.
#[derive(Deserialize)]
struct Label {
    #[serde(default)]
    id: String,
    #[serde(default)]
    version: u32,
    #[serde(default)]
    name: String,
    form: Option<u32>,
    bank: Option<u32>,
    schema: Option<i64>,
}

impl Label {
    fn fault(&self) -> Option<(&'static str, &'static str)> {
        match (self.form, self.bank, self.schema) {
            (None, None, None) | (Some(2..), Some(1..), Some(1..)) => None,
            (Some(2..), None | Some(0), _) => {
                Some(("form", "`bank` says for which version of the bank it was written"))
            }
            (Some(2..), _, _) => Some(("form", "`schema` says which shape its documents have")),
            (Some(_), _, _) => Some(("form", "a file of form 1 does not say its form")),
            (None, Some(_), _) => Some(("bank", "a file that says its `bank` says its `form` too")),
            (None, None, Some(_)) => Some(("schema", "a file that says its `schema` says its `form` too")),
        }
    }

    fn newer(&self) -> Option<Newer> {
        let word = match () {
            () if self.form > Some(FORM) => "form",
            () if self.bank > Some(bank().version()) => "bank",
            () if self.schema > Some(SCHEMA_NEWEST) => "schema",
            () => return None,
        };
        Some(Newer { id: self.id.clone(), version: self.version, name: self.name.clone(), word })
    }
}

/// `C`: how the file gives its calendar.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ProcessFile<C> {
    id: String,
    version: u32,
    form: Option<u32>,
    bank: Option<u32>,
    schema: Option<i64>,
    code: String,
    name: String,
    effective_from: NaiveDate,
    reception_uses: Phase,
    writers: BTreeMap<String, Vec<Role>>,
    #[serde(default)]
    visible_if: BTreeMap<String, String>,
    #[serde(default)]
    targets: TargetPolicy,
    funding: FundingFile,
    practice: Practice,
    calendar: C,
    pages: Vec<PageFile>,
}

impl<C: DeserializeOwned> ProcessFile<C> {
    fn read(text: &str) -> Result<ProcessFile<C>, BadFile> {
        serde_json::from_str(text).map_err(|error| BadFile::json(&error))
    }

    fn checked(self, text: &str, calendar: impl FnOnce(C) -> Option<Calendar>) -> Result<Process, BadFile> {
        if let Some((word, reason)) = self.fault() {
            return Err(BadFile::at(text, &word, reason));
        }
        let (form, since) = (self.form.unwrap_or(1), self.bank.unwrap_or(1));
        let pages = pages(text, self.pages, since)?;
        let stranger = |id: &&String| {
            bank().question(id).is_none_or(|question| question.computed || question.reserved || question.since > since)
        };
        if let Some(id) = self.writers.keys().find(stranger) {
            let reason = format!("{id} cannot be given more writers: it is unknown, computed or reserved");
            return Err(BadFile::at(text, id, reason));
        }
        let at_calendar = |reason: String| BadFile::at(text, "calendar", reason);
        let unknown =
            || at_calendar(format!("no calendar of that id is known here; known: {}", Calendar::IDS.join(", ")));
        let calendar = calendar(self.calendar).ok_or_else(unknown)?;
        if let Some((_, reason)) = calendar.fault() {
            return Err(at_calendar(reason));
        }
        let targets = self.targets.checked(text)?;
        let funding = self.funding.checked(text, self.effective_from)?;
        let visible_if = conditions(text, &self.visible_if)?;
        let process = Process {
            id: self.id,
            version: self.version,
            code: self.code,
            name: self.name,
            form,
            bank: since,
            schema: self.schema.unwrap_or(1),
            hash: (form > 1).then(|| hash_of(text)).transpose()?,
            effective_from: self.effective_from,
            pages,
            writers: self.writers,
            visible_if,
            reception_uses: self.reception_uses,
            targets,
            funding,
            calendar,
            practice: self.practice,
        };
        match process.next_date_fault() {
            Some((word, reason)) => Err(BadFile::at(text, word, reason)),
            None => Ok(process),
        }
    }

    /// What can be said before the pages are read: the word of the file it is about, and the reason.
    fn fault(&self) -> Option<(String, String)> {
        let fault = |word: &str, reason: &str| Some((word.to_owned(), reason.to_owned()));
        if !is_slug(&self.id) {
            return fault("id", "the id of a process is written in lower-case letters, digits and hyphens");
        }
        if self.version == 0 {
            return fault("version", "versions begin with 1");
        }
        let mut ids = BTreeSet::new();
        if let Some(twice) = self.pages.iter().find(|page| !ids.insert(page.id.as_str())) {
            return fault(&twice.id, "two pages have the same id");
        }
        if let Some(page) = self.pages.iter().find(|page| page.alternate_owner == Some(page.owner)) {
            return fault(&page.title, "the alternate owner of a page is its owner");
        }
        self.practice.fault()
    }
}

fn is_slug(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// The pages with their questions, each question of that version of the bank on exactly one.
fn pages(text: &str, files: Vec<PageFile>, since: u32) -> Result<Vec<Page>, BadFile> {
    let mut pages = Vec::new();
    let mut placed = BTreeSet::new();
    for page in files {
        let mut questions = Vec::new();
        for id in page.questions {
            let bad = |reason: String| BadFile::at(text, &id, reason);
            let question = bank().question(&id).ok_or_else(|| bad(format!("{id} is not a question of the bank")))?;
            if question.since > since {
                return Err(bad(format!(
                    "{id} joined the bank with version {}, and the file is for {since}",
                    question.since
                )));
            }
            if !placed.insert(question.id.as_str()) {
                return Err(bad(format!("{id} is placed twice")));
            }
            questions.push(question);
        }
        pages.push(Page {
            id: page.id,
            title: page.title,
            owner: page.owner,
            alternate_owner: page.alternate_owner,
            owner_when_not_on_roll: page.owner_when_not_on_roll,
            due: page.due,
            carry_forward: page.carry_forward,
            questions,
        });
    }
    let missing = |question: &&Question| question.since <= since && !placed.contains(question.id.as_str());
    match bank().questions().iter().find(missing) {
        Some(missing) => Err(BadFile::at(text, "pages", format!("{} is on no page", missing.id))),
        None => Ok(pages),
    }
}

/// SHA-256 of what a file says: of its JSON without white space and with the keys of each object in order.
fn hash_of(text: &str) -> Result<[u8; 32], BadFile> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| BadFile::json(&error))?;
    let mut canonical = String::new();
    write_canonical(&value, &mut canonical);
    Ok(Sha256::digest(canonical).into())
}

/// Of its own, because the order of keys in a `Value` is another with another build. As deep as the reader of JSON goes: 128.
fn write_canonical(value: &serde_json::Value, out: &mut String) {
    use serde_json::Value;
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            out.push('{');
            for (at, (key, value)) in sorted.into_iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                write_canonical(&Value::String(key.clone()), out);
                out.push(':');
                write_canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(list) => {
            out.push('[');
            for (at, value) in list.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                write_canonical(value, out);
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PageFile {
    id: String,
    title: String,
    owner: Role,
    alternate_owner: Option<Role>,
    #[serde(default)]
    owner_when_not_on_roll: Vec<Role>,
    due: Option<PageDue>,
    carry_forward: Option<Carry>,
    questions: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processes::{ProcessRef, Processes};

    fn sections() -> ProcessRef {
        Processes::built_in().latest("sections").unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn sections_places_every_question_once_on_five_pages() {
        assert_eq!(sections().process().questions().count(), 230);
        let sections = sections();
        let pages: Vec<&str> = sections.process().pages.iter().map(|page| page.id.as_str()).collect();
        assert_eq!(pages, ["A", "B", "C", "D", "E"]);
    }

    #[test]
    fn the_date_after_the_meeting_of_26_february_is_4_june_for_28_may_is_half_term() {
        assert_eq!(provisional_next_date(day("2026-02-26"), &sections().process().calendar), Some(day("2026-06-04")));
    }

    #[test]
    fn a_date_past_the_deadline_becomes_the_last_school_day_before_it() {
        // 91 days after 25 March is 24 June, and the deadline is Friday 26 June; a week later would be too late.
        assert_eq!(provisional_next_date(day("2026-03-25"), &sections().process().calendar), Some(day("2026-06-24")));
        assert_eq!(provisional_next_date(day("2026-04-01"), &sections().process().calendar), Some(day("2026-06-26")));
    }

    #[test]
    fn a_calendar_that_ends_too_soon_gives_no_date() {
        assert_eq!(provisional_next_date(day("2027-06-10"), &sections().process().calendar), None);
        assert_eq!(provisional_next_date(NaiveDate::MAX, &sections().process().calendar), None);
    }

    #[test]
    fn the_virtual_school_may_help_with_targets_and_tuition_and_its_head_counts_as_an_officer() {
        let writers = |id: &str| sections().process().writers_on_roll(bank().question(id).unwrap());
        let dt_and_vs = [Role::DesignatedTeacher, Role::VirtualSchoolOfficer, Role::VirtualSchoolHead];
        assert_eq!(writers("targets.list"), dt_and_vs);
        assert_eq!(writers("funding.tuition"), dt_and_vs);
        assert_eq!(writers("qa.feedback"), [Role::VirtualSchoolOfficer, Role::VirtualSchoolHead]);
        assert_eq!(writers("funding.decision"), [Role::VirtualSchoolHead], "r002_23");
        assert_eq!(writers("funding.requested"), []);
        assert_eq!(writers("signoff.dt"), []);
        assert_eq!(writers("voice.priBest"), [Role::SocialWorker, Role::DesignatedTeacher, Role::YoungPerson]);
    }

    #[test]
    fn a_bad_process_is_refused_with_line_and_reason() {
        let good = include_str!("../../processes/sections.json");
        let check = |from: &str, to: &str, reason: &str| {
            let error = Process::parse(&good.replacen(from, to, 1)).expect_err(reason);
            assert!(error.reason.contains(reason), "{error} does not say {reason}");
            assert!(error.line > 1, "{error} names no line");
        };
        check("\"child.dob\"", "\"child.birthday\"", "not a question");
        check("\"child.dob\"", "\"child.sex\"", "placed twice");
        check("\"child.dob\", ", "", "on no page");
        check("\"funding.tuition\": [", "\"funding.requested\": [", "more writers");
        check("\"owner\": \"social-worker\"", "\"owner\": \"head\"", "not a role");
        check("\"minimums\": []", "\"minimums\": [{\"categories\": [\"sport\"], \"count\": 1}]", "kind of target");
        check("52000", "-52000", "no amount of pence");
        check("[\"2025-09-02\", \"2025-10-24\"]", "[\"2025-10-24\", \"2025-09-02\"]", "ends before");
        check("\"effectiveFrom\": \"2022-02-09\"", "\"effectiveFrom\": \"9 February\"", "");
    }
}
