//! View models: what a page shows, of the person's own plans as they are now and around them. Plain values; nothing in here can
//! reach a disk or a network.

use participant::Now;
use std::{collections::BTreeMap, ops::Deref, sync::Arc};

use participant::lists::Listed;

use chrono::{NaiveDate, NaiveDateTime};
use plan::{
    Answer, Cell, ChangeHash, Comment, Deed, Delegated, DirectoryFacts, DocumentKind, Entry, Finding, Mark,
    MeetingView, Offer, Page, Pep, PepType, Processes, Question, Refused, Role, Row, Target, Value, View, Voice, Who,
    Writer,
};
use uuid::Uuid;

use crate::address::Base;
use participant::{
    act::Deputy,
    device::{Draft, Held, Line, Present, Waits},
    duties::{self, OfChild},
    filed::PutRight,
    settings::Settings,
    words::{self, counted},
};

/// What every page says around itself.
#[derive(Clone)]
pub struct Site {
    /// What every address begins with.
    pub base: Base,
    /// The council or Virtual School, as it calls itself.
    pub council: String,
    /// Its colour, `#33475b`.
    pub colour: String,
    /// Who uses this device.
    pub name: String,
    /// The line to the relay.
    pub line: Line,
    /// When this device was last in step, in Unix seconds.
    pub last_sync: Option<i64>,
    /// Answers that are not shared yet.
    pub waiting: usize,
    /// What was entered on this device and is saved in no plan.
    pub drafts: usize,
    /// Refused changes of others that wait for this person's decision.
    pub undecided: u64,
    /// What a newer version made and this one does not show, in a sentence.
    pub newer: Option<String>,
    /// How this person wants the pages of this device.
    pub settings: Settings,
    /// Whether a passphrase guards this device.
    pub guarded: bool,
    /// By which a page comes back after the program was killed and started again.
    pub pass: Option<String>,
    /// Whether everybody in it is invented: this is the demonstration.
    pub demo: bool,
    /// The processes this device knows.
    pub processes: Processes,
    /// The moment at which the page is made.
    pub now: Now,
    /// Today.
    pub today: NaiveDate,
}

/// One plan in a list: its summary, what the child is called, and who is there.
#[derive(Clone)]
pub struct Digest {
    /// What the child is called.
    pub name: String,
    /// Who else has it on their screen.
    pub here: Vec<String>,
    /// The rest.
    pub line: Listed,
}

impl Deref for Digest {
    type Target = Listed;

    fn deref(&self) -> &Listed {
        &self.line
    }
}

/// A child in the list of children.
#[derive(Clone)]
pub struct ChildLine {
    /// The child's id.
    pub child: Uuid,
    /// What the child is called.
    pub name: String,
    /// Their plans on this device, newest first.
    pub plans: Vec<Digest>,
    /// What is due, with or without a plan; `None` of a child whose team this person is not on today.
    pub due: Option<Arc<OfChild>>,
}

impl ChildLine {
    /// What puts one child before another: the more pressing first; of nothing is known last.
    pub fn urgency(&self, today: NaiveDate) -> (u8, Option<NaiveDate>, String) {
        let last = || (u8::MAX, None, self.name.to_lowercase());
        self.due.as_ref().map_or_else(last, |of| duties::urgency(of, today))
    }
}

/// One plan, as far as this person reads it.
pub struct Plan {
    /// What every address begins with.
    pub base: Base,
    /// Which.
    pub pep: Pep,
    /// This person's role for the child.
    pub role: Role,
    /// This person.
    pub person: Uuid,
    /// What this person answers for the designated teacher.
    pub delegated: Delegated,
    /// What colleagues answer for the designated teacher, today or later.
    pub deputies: Vec<Deputy>,
    /// How it is filed.
    pub put_right: PutRight,
    /// What the child is called.
    pub name: String,
    /// What the directory says of the child.
    pub directory: DirectoryFacts,
    /// The plan as it is.
    pub view: Arc<View>,
    /// Its heads, document by document.
    pub heads: BTreeMap<DocumentKind, Vec<ChangeHash>>,
    /// The plan as the page saw it that a form was sent from, and the heads of that. `None`: as it is now.
    pub seen: Option<(View, BTreeMap<DocumentKind, Vec<ChangeHash>>)>,
    /// Who else has it on their screen.
    pub present: Vec<Present>,
    /// What this person wrote in it: how many answers wait to be shared, and who is shown all of it. `None` where they wrote nothing.
    pub mine: Option<(usize, Vec<Present>)>,
    /// Who sees the child's private words; empty where this person does not.
    pub private_readers: Vec<Role>,
    /// Whether that was chosen here and the relay does not know it yet.
    pub private_wait: bool,
    /// Why the plan did not take what a form asked for.
    pub refused: Option<Refused>,
    /// Whether a copy of it that does not stand is kept here.
    pub has_aside: bool,
    /// What is due of the child, with all their PEPs in view, where no PEP of theirs is of a later term.
    pub of_child: Option<Arc<OfChild>>,
    /// The newest version of its process, where it follows an older one.
    pub newer: Option<u32>,
    /// An id that is nobody's yet, for whatever a form makes.
    pub fresh: Uuid,
    /// The moment at which this was made.
    pub now: Now,
    /// Today.
    pub today: NaiveDate,
}

/// What a meeting is run from, beside its plan.
pub struct Gathering {
    /// The meeting as it stands.
    pub meeting: MeetingView,
    /// Who works with the child today.
    pub team: Vec<Who>,
    /// What this person's signature waits for, where their role signs.
    pub offer: Option<Offer>,
    /// Day and time, by this device's clock.
    pub now: NaiveDateTime,
}

/// A plan in the hands of the child whose it is.
pub struct Given {
    /// The plan.
    pub plan: Plan,
    /// Who works with the child today.
    pub team: Vec<Who>,
    /// Whose device it is.
    pub owner: String,
}

/// How far sharing has come.
pub struct Sharing {
    /// The relay's name and address.
    pub relay: (String, String),
    /// Plans with answers that wait, which, and since when.
    pub waiting: Vec<(String, Waits)>,
    /// This person's changes that were refused.
    pub held: Vec<Held>,
    /// Whether this person decides about refused changes of others.
    pub decides: bool,
    /// Children whose teams this person has left.
    pub left: usize,
    /// What was entered on this device and is saved in no plan, with what its plan is called.
    pub drafts: Vec<(String, Draft)>,
    /// Why the last attempt failed, and what to do.
    pub failed: Option<(String, Option<String>)>,
    /// The person asked to work offline.
    pub offline: bool,
}

/// Which part of a plan's past is looked at.
#[derive(Clone, Default)]
pub struct HistoryFilter {
    /// Only one question, and closely.
    pub question: Option<&'static str>,
    /// Only what this person did.
    pub person: Option<Uuid>,
    /// Only one section: a page of the process and a block on it.
    pub section: Option<(String, String)>,
    /// Only from this day on.
    pub from: Option<NaiveDate>,
    /// Only up to this day.
    pub to: Option<NaiveDate>,
    /// Entries to leave out at the beginning.
    pub skip: usize,
}

/// What happened in a plan, newest first.
pub struct History {
    /// The entries to show.
    pub entries: Vec<HistoryEntry>,
    /// How many there are that fit what is looked at.
    pub all: usize,
    /// Whether only part of it is looked at.
    pub is_filtered: bool,
    /// Everybody who wrote in the plan, by name.
    pub people: Vec<(Uuid, String)>,
    /// What stands out in all of it and is no signature.
    pub landmarks: Vec<Landmark>,
}

/// An entry of the history.
pub struct HistoryEntry {
    /// Who did what.
    pub entry: Entry,
    /// Of each deed in a text, the text before and after.
    pub wrote: Vec<Option<(String, String)>>,
    /// Of each deed, whether nothing was done later at its place.
    pub newest: Vec<bool>,
}

/// Something in the history that stands out.
pub struct Landmark {
    /// When, in Unix seconds.
    pub at: i64,
    /// Who, if the roster knows them.
    pub by: Option<Who>,
    /// What.
    pub mark: Mark,
}

/// An answer as it was after somebody had written there, and the plan of that time.
pub struct EarlierAnswer {
    /// What they did.
    pub deed: Deed,
    /// The change with which it was so.
    pub change: ChangeHash,
    /// Who, if the roster knows them.
    pub by: Option<Who>,
    /// When, in Unix seconds.
    pub at: i64,
    /// The plan as it was then, as far as the same document goes.
    pub view: View,
}

impl History {
    /// Entries on one page.
    pub const PAGE: usize = 50;
}

/// What the checks found.
pub type Findings = Vec<Finding>;

impl Site {
    /// How far what is here is shared, in a sentence or two.
    pub fn sync_words(&self) -> String {
        let saved = match self.drafts {
            0 => saved_words(self.waiting),
            n => unsaved_words(n, self.waiting),
        };
        let (saved, last) = (saved, self.last_sync.map(|at| words::lately(at, &self.now)));
        let last = last.map_or(String::new(), |at| format!(" Last shared {at}."));
        match (&self.line, self.waiting) {
            (Line::Connected, _) => saved,
            (Line::Offline, 0) => format!("You are working offline. {saved}{last}"),
            (Line::Offline, n) if self.drafts == 0 => format!(
                "You are working offline. Everything is saved on this device. {} will be shared when there is a connection.{last}",
                counted(n, "answer")
            ),
            (Line::Offline, _) => format!("You are working offline. {saved}{last}"),
            (Line::Refused(_), _) => format!("Sharing has stopped. {saved}{last}"),
        }
    }
}

/// The same where something was entered that no plan has taken.
fn unsaved_words(drafts: usize, waiting: usize) -> String {
    let needs = if drafts == 1 { "needs" } else { "need" };
    let not = format!("Not saved: {} {needs} looking at.", counted(drafts, "answer"));
    match waiting {
        0 => not,
        n => format!(
            "{not} {} not shared yet.",
            if n == 1 { "1 other is".to_owned() } else { format!("{n} others are") }
        ),
    }
}

/// How far it has come where so many answers wait to be shared.
pub fn saved_words(waiting: usize) -> String {
    match waiting {
        0 => "Everything is saved on this device and shared.".to_owned(),
        1 => "Everything is saved on this device. 1 answer is not shared yet.".to_owned(),
        n => format!("Everything is saved on this device. {n} answers are not shared yet."),
    }
}

impl Site {
    /// An address of the pages, by the one within them.
    pub fn href(&self, within: &str) -> String {
        self.base.to(within)
    }

    /// A page of a plan: `""` is its own.
    pub fn plan_href(&self, pep: &Pep, rest: &str) -> String {
        pep_href(&self.base, &pep.id(), rest)
    }
}

/// A page of a plan: `""` is its own.
pub fn pep_href(base: &Base, pep: &Uuid, rest: &str) -> String {
    base.to(&format!("/pep/{pep}{rest}"))
}

/// Plans, newest first; those that were withdrawn last.
pub fn newest_first(plans: &mut [Digest]) {
    plans.sort_by_key(|plan| std::cmp::Reverse((plan.pep.counts(), plan.pep.year, plan.pep.term, plan.pep.kind)));
}

impl Given {
    /// An address of the pages, by the one within them.
    pub fn href(&self, within: &str) -> String {
        self.plan.base.to(within)
    }

    /// Whether the device is the child's own: then nobody else's PIN is asked for.
    pub fn is_own(&self) -> bool {
        self.plan.role == Role::YoungPerson
    }

    /// Who writes, as the plan is told: the child, and on whose device.
    pub fn recorder(&self) -> String {
        if self.is_own() { self.owner.clone() } else { format!("{}{ON_THE_DEVICE}{}", self.plan.name, self.owner) }
    }

    /// Who reads what is kept in documents of a kind, in words for the child: `Ottoline Greaves-Penn (your designated teacher)`.
    pub fn readers(&self, kind: DocumentKind) -> Vec<String> {
        let readers = if kind.choices().is_empty() { kind.readers() } else { &self.plan.private_readers };
        let reads = |role: Role| readers.contains(&role) && role != Role::YoungPerson;
        let named = self.team.iter().filter(|who| reads(who.role) && !who.role.is_virtual_school());
        let mut readers: Vec<String> = named.map(|who| format!("{} (your {})", who.name, small(who.role))).collect();
        if readers.is_empty() {
            let roles = [Role::SocialWorker, Role::DesignatedTeacher, Role::Carer];
            readers =
                roles.into_iter().filter(|role| reads(*role)).map(|role| format!("your {}", small(role))).collect();
        }
        if reads(Role::VirtualSchoolOfficer) {
            readers.push("the Virtual School".to_owned());
        }
        readers
    }

    /// Whom a child can tell what worries them.
    pub fn to_tell(&self) -> String {
        match self.team.iter().find(|who| who.role == Role::SocialWorker) {
            Some(who) => format!("{}, your social worker", who.name),
            None => "your social worker".to_owned(),
        }
    }
}

/// Between a child's name and the name of whoever lent the device that the child wrote on.
const ON_THE_DEVICE: &str = ", on the device of ";

impl Plan {
    /// Whether words that stand under this person's name in a question are what the child typed on this person's device.
    pub fn typed_by_child(&self, question: &Question) -> bool {
        let typed = |value: &Value| matches!(value, Value::Text(by) if by.contains(ON_THE_DEVICE));
        self.role != Role::YoungPerson
            && question.owners.contains(&Role::YoungPerson)
            && matches!(self.answer(&question.id), Answer::Voices(voices) if voices.iter().any(|v| v.person == self.person))
            && matches!(self.answer("voice.recordedBy"), Answer::Value(value) if typed(value))
    }

    /// The address of a page of this plan. `rest` begins with `/`, or is empty.
    pub fn href(&self, rest: &str) -> String {
        pep_href(&self.base, &self.pep.id(), rest)
    }

    /// `Spring 2025/26, termly review`.
    pub fn sitting(&self) -> String {
        words::sitting(&self.pep)
    }

    /// This person as a writer.
    pub fn writer(&self) -> Writer {
        Writer { delegated: self.delegated, ..Writer::new(self.person, self.role) }
    }

    /// Who answers a page for the designated teacher, today or later, in sentences.
    pub fn delegated_to(&self, page: &Page) -> Vec<String> {
        // Whoever has become the teacher meanwhile helps nobody.
        let helps = |one: &&Deputy| one.person != self.person || self.role != plan::DELEGATES;
        let of_page = self.deputies.iter().filter(|one| one.sections.contains(&page.id)).filter(helps);
        let sentence = |one: &Deputy| {
            let day = |text: &str| text.parse().map_or_else(|_| text.to_owned(), words::date);
            let from =
                if one.from > self.today.to_string() { format!("from {} ", day(&one.from)) } else { String::new() };
            let other = || format!("{} helps", one.name);
            let who = if one.person == self.person { "You help".to_owned() } else { other() };
            format!("{who} the designated teacher with it {from}until {}.", day(&one.until))
        };
        of_page.map(sentence).collect()
    }

    /// Whether this person may write a question.
    pub fn may_write(&self, question: &Question) -> bool {
        !self.is_sealed()
            && self.writer().is_among(&self.may(question), self.pep.process(), question)
            && self.heads.contains_key(&question.document())
            && !self.view.hidden.contains_key(question.id.as_str())
    }

    /// The document of a question's text, or of a target's long text, that this person may type in: `care.story`,
    /// `targets.list/KEY/statement`. `None` where it is another kind of answer, not theirs, or to be chosen between.
    pub fn types_in(&self, field: &str) -> Option<DocumentKind> {
        let mut path = field.split('/');
        let question = plan::bank().question(path.next()?)?;
        let theirs = match (path.next(), path.next(), path.next()) {
            (None, ..) => is_prose(question) && self.may_write(question) && self.disputed(&question.id).is_none(),
            (Some(key), Some(column), None) => {
                let column = question.column(column).filter(|column| column.kind == plan::Kind::LongText)?;
                let target = Plan::target(&self.view, key)?;
                let process = self.pep.process();
                let may = self.writer().is_among(&process.writers_within(question, column), process, question);
                may && !self.is_sealed() && !target.row.withdrawn
            }
            _ => false,
        };
        (theirs && self.heads.contains_key(&question.document())).then(|| question.document())
    }

    /// Whether nothing is written in it any more, no comment either.
    pub fn is_sealed(&self) -> bool {
        !self.pep.counts() || self.is_closed()
    }

    fn is_closed(&self) -> bool {
        let last = plan::sign_off_of(Role::VirtualSchoolOfficer);
        self.pep.kind == PepType::Closing && self.view.sign_offs.iter().any(|made| Some(made.question) == last)
    }

    /// Why this person cannot change an answer any more, and who can.
    pub fn why_not(&self, question: &Question) -> String {
        if !self.pep.counts() {
            Refused::Withdrawn.to_string()
        } else if self.is_closed() {
            Refused::Sealed.to_string()
        } else if self.view.hidden.contains_key(question.id.as_str()) {
            "This question is not asked any more, because of another answer. What was entered is kept.".to_owned()
        } else {
            format!("You cannot change this answer any more. It is for {} to write.", self.writers(question))
        }
    }

    /// Who writes a question, in words: `the social worker or the carer`.
    pub fn writers(&self, question: &Question) -> String {
        people(&self.may(question))
    }

    /// Who writes a question as the plan stands: some pages go to others while the child is on no school's roll.
    fn may(&self, question: &Question) -> Vec<Role> {
        let process = self.pep.process();
        if self.view.not_on_roll { process.writers_of(question) } else { process.writers_on_roll(question) }
    }

    /// What stands at a question now.
    pub fn answer(&self, question: &str) -> &Answer {
        self.view.answers.get::<str>(question).unwrap_or(&Answer::Missing)
    }

    /// What stood there when the page was made.
    pub fn seen_answer(&self, question: &str) -> &Answer {
        self.seen_view().answers.get::<str>(question).unwrap_or(&Answer::Missing)
    }

    /// The plan as the page saw it.
    pub fn seen_view(&self) -> &View {
        self.seen.as_ref().map_or(&self.view, |(view, _)| view)
    }

    /// The heads of one document as the page saw it; `None` where nothing has changed in it since.
    pub fn seen_heads(&self, kind: DocumentKind) -> Option<&[ChangeHash]> {
        let seen = self.seen.as_ref()?.1.get(&kind)?;
        (self.heads.get(&kind) != Some(seen)).then_some(seen.as_slice())
    }

    /// What a form says about what it was made from.
    pub fn stamp(&self) -> String {
        let heads = self.seen.as_ref().map_or(&self.heads, |(_, heads)| heads);
        words_of(heads)
    }

    /// What a form says whose page shows the plan as it is now, whatever the page before it showed.
    pub fn stamp_now(&self) -> String {
        words_of(&self.heads)
    }

    /// Rows of a table: of a question, or of a target, `targets.list/KEY/funds`.
    pub fn rows<'a>(view: &'a View, place: &str) -> &'a [Row] {
        match place.split('/').collect::<Vec<_>>().as_slice() {
            [_, target, table] => {
                Plan::target(view, target).and_then(|target| target.tables.get::<str>(table)).map_or(&[], Vec::as_slice)
            }
            _ => match view.answers.get::<str>(place) {
                Some(Answer::Table(rows)) => rows,
                _ => &[],
            },
        }
    }

    /// The target of this key.
    pub fn target<'a>(view: &'a View, key: &str) -> Option<&'a Target> {
        view.targets.iter().find(|target| target.row.key == key)
    }

    /// A word for addresses that stands for a place whose own name could hold what somebody wrote.
    pub fn word_for(&self, place: &str) -> String {
        Uuid::new_v5(&self.pep.id(), place.as_bytes()).simple().to_string()
    }

    /// Remarks about a question.
    pub fn comments<'a>(&'a self, question: &'a str) -> impl Iterator<Item = &'a Comment> {
        self.view.comments.iter().filter(move |comment| comment.question == question)
    }

    /// This person's own entry among several.
    pub fn own<'a>(&self, voices: &'a [Voice]) -> &'a str {
        voices.iter().rfind(|voice| voice.person == self.person).map_or("", |voice| voice.text.as_str())
    }

    /// What this person, or whoever may write an answer, has to choose between there: what people entered apart, or of their own
    /// words what they wrote on two devices.
    pub fn disputed<'a>(&'a self, id: &'a str) -> Option<Vec<&'a plan::Claim>> {
        let by = |claim: &plan::Claim| claim.by.as_ref().map(|who| who.person);
        match self.answer(id) {
            Answer::Disputed(claims) => Some(claims.iter().collect()),
            Answer::Voices(_) => {
                let theirs = |one: &&plan::Rewritten| one.dispute.claims.iter().any(|c| by(c) == Some(self.person));
                let open = self.view.rewritten.iter().filter(|one| one.open && one.dispute.place == id);
                let found = open.filter(|one| one.own).find(theirs)?;
                Some(found.dispute.claims.iter().filter(|claim| claim.at != 0).collect())
            }
            _ => None,
        }
    }

    /// The text that this person writes at a question.
    pub fn own_text<'a>(&self, answer: &'a Answer) -> &'a str {
        match answer {
            Answer::Text { text } => text,
            Answer::Voices(voices) => self.own(voices),
            _ => "",
        }
    }

    /// The text that this person writes in a field of a target.
    pub fn own_cell<'a>(&self, cell: Option<&'a Cell>) -> &'a str {
        match cell {
            Some(Cell::Text { text }) => text,
            Some(Cell::Voices(voices)) => self.own(voices),
            _ => "",
        }
    }
}

fn words_of(heads: &BTreeMap<DocumentKind, Vec<ChangeHash>>) -> String {
    heads.values().flatten().map(|hash| hex::encode(hash.0)).collect::<Vec<_>>().join(" ")
}

/// `the social worker or the carer`; the head of the Virtual School goes with its officers.
pub fn people(roles: &[Role]) -> String {
    let officer = roles.contains(&Role::VirtualSchoolOfficer);
    let named = roles.iter().filter(|role| !(officer && **role == Role::VirtualSchoolHead));
    let mut named: Vec<String> = named.map(|role| format!("the {}", small(*role))).collect();
    match named.pop() {
        None => "nobody".to_owned(),
        Some(last) if named.is_empty() => last,
        Some(last) => format!("{} or {last}", named.join(", ")),
    }
}

pub use participant::words::small;

/// Whether a question's answer is prose, which several people write letter by letter and which merges so. A short text is a value.
pub fn is_prose(question: &Question) -> bool {
    question.kind == plan::Kind::LongText || (question.kind == plan::Kind::Text && question.voice)
}

/// What a field that is no prose stands for, so that it is seen when that changes.
pub fn stands(answer: &Answer) -> String {
    match answer {
        Answer::Value(value) => value.to_string(),
        Answer::Text { text } => text.clone(),
        Answer::Set(words) => words.iter().cloned().collect::<Vec<_>>().join(" "),
        Answer::Disputed(claims) => {
            claims.iter().map(|claim| claim.value.to_string()).collect::<Vec<_>>().join("\u{1}")
        }
        Answer::Missing
        | Answer::Elsewhere
        | Answer::Computed(_)
        | Answer::Voices(_)
        | Answer::Table(_)
        | Answer::Targets { .. } => String::new(),
    }
}

/// The same of the cells of a row that are no prose.
pub fn cells_stand(row: &Row) -> String {
    let each = row.cells.iter().map(|(column, cell)| match cell {
        Cell::Value(value) => format!("{column} {value}"),
        Cell::Disputed(claims) => format!("{column} {}", claims.len()),
        Cell::Computed(_) | Cell::Text { .. } | Cell::Voices(_) => String::new(),
    });
    each.chain([row.withdrawn.to_string()]).collect::<Vec<_>>().join("\u{1}")
}

/// The value of a cell, where there is one and only one.
pub fn cell_value(cell: Option<&Cell>) -> Option<&Value> {
    match cell {
        Some(Cell::Value(value) | Cell::Computed(value)) => Some(value),
        _ => None,
    }
}
