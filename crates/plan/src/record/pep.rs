//! Which PEP this is: the child, the sitting, the process, and the documents and ids that follow from them.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use automerge::transaction::{CommitOptions, Transactable, Transaction};
use automerge::{ActorId, Automerge, AutomergeError, Change, LoadOptions, ObjId, ObjType, ROOT, ReadDoc, TextEncoding};
use chrono::{Datelike, NaiveDate};
use uuid::Uuid;

use crate::bank::{KeptAs, Question, bank};
use crate::process::Process;
use crate::processes::ProcessRef;

/// The newest shape of a document (`about.schemaVersion`) that this version makes and reads. A process file says which one its PEPs
/// have, and a PEP keeps the one it began with. Raised only when an older program could misread a document.
pub const SCHEMA_NEWEST: i64 = 2;

/// The actor of a document's first change, and of those that move it to a newer version of its process: nobody's device.
pub const BEGINNING: [u8; 16] = [0; 16];

/// A closed list of words: an enum whose members have a slug (for files, commands and documents) and a label (for people).
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$member_doc:meta])* $member:ident = $slug:literal, $label:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$member_doc])* $member,)+ }

        impl $name {
            /// Every member, in the order people expect.
            pub const ALL: &'static [$name] = &[$($name::$member,)+];

            /// The word used in files, commands and documents.
            pub fn slug(self) -> &'static str {
                match self { $($name::$member => $slug,)+ }
            }

            /// The words people read.
            pub fn label(self) -> &'static str {
                match self { $($name::$member => $label,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.slug())
            }
        }

        impl FromStr for $name {
            type Err = NotAWord;
            fn from_str(text: &str) -> Result<Self, NotAWord> {
                $name::ALL.iter().copied().find(|member| member.slug() == text)
                    .ok_or(NotAWord { what: $what, known: &[$($slug,)+] })
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.slug())
            }
        }
    };
}

pub(crate) use words;

words! {
    /// What somebody is to one child. Slugs as in CONTRACT.md.
    Role, "role" {
        /// The child's social worker.
        SocialWorker = "social-worker", "Social worker";
        /// The designated teacher, practitioner (early years) or person (post-16).
        DesignatedTeacher = "designated-teacher", "Designated teacher";
        /// An officer of the Virtual School.
        VirtualSchoolOfficer = "virtual-school-officer", "Virtual School officer";
        /// The head of the Virtual School.
        VirtualSchoolHead = "virtual-school-head", "Virtual School head";
        /// Foster, kinship or residential carer.
        Carer = "carer", "Carer";
        /// The child or young person whose plan it is.
        YoungPerson = "young-person", "Young person";
        /// The independent reviewing officer.
        IndependentReviewingOfficer = "independent-reviewing-officer", "Independent reviewing officer";
        /// Somebody invited: an educational psychologist, a mentor, …
        Professional = "professional", "Invited professional";
    }
}

impl Role {
    /// True for the officers and the head of the Virtual School ("VS").
    pub fn is_virtual_school(self) -> bool {
        matches!(self, Role::VirtualSchoolOfficer | Role::VirtualSchoolHead)
    }

    /// True if what `owner` owns is this role's too: the head may do what an officer may, and an officer does not decide for
    /// the head (R002-23).
    pub fn counts_as(self, owner: Role) -> bool {
        self == owner || (self == Role::VirtualSchoolHead && owner == Role::VirtualSchoolOfficer)
    }
}

words! {
    /// One of the three terms of an academic year.
    Term, "term" {
        /// September to December.
        Autumn = "autumn", "Autumn";
        /// January to Easter.
        Spring = "spring", "Spring";
        /// Easter to July.
        Summer = "summer", "Summer";
    }
}

words! {
    /// Why this PEP is held.
    PepType, "PEP type" {
        /// The first after coming into care.
        Initial = "initial", "Initial";
        /// The termly review.
        Review = "review", "Termly review";
        /// Because the child changes school.
        SchoolMove = "school-move", "School move";
        /// Between terms.
        Interim = "interim", "Interim (holiday)";
        /// Because the duty ends.
        Closing = "closing", "Closing";
    }
}

words! {
    /// The documents of one PEP. Whoever syncs a document holds all of it, so what a role must not read is another document.
    DocumentKind, "kind of document" {
        /// The plan itself: everybody on the team.
        Main = "main", "The plan";
        /// Contact restrictions, and who may collect the child: carers need it.
        Contact = "contact", "Contact and collection";
        /// Parental responsibility, the family's view, adoption: not for the carer or the young person (PEP.md 4.12).
        Family = "family", "Parents and family";
        /// What the child wants only some people to see.
        PrivateVoice = "private-voice", "Only for some people";
        /// Working notes of the Virtual School.
        Quality = "quality", "Virtual School working notes";
    }
}

impl DocumentKind {
    /// The roles that hold this document; of one whose readers the child chooses, those that do while nobody has chosen.
    pub fn readers(self) -> &'static [Role] {
        match self {
            DocumentKind::Main => Role::ALL,
            DocumentKind::Contact => &[
                Role::SocialWorker,
                Role::DesignatedTeacher,
                Role::VirtualSchoolOfficer,
                Role::VirtualSchoolHead,
                Role::Carer,
            ],
            DocumentKind::Family => {
                &[Role::SocialWorker, Role::DesignatedTeacher, Role::VirtualSchoolOfficer, Role::VirtualSchoolHead]
            }
            DocumentKind::PrivateVoice => &[
                Role::SocialWorker,
                Role::DesignatedTeacher,
                Role::VirtualSchoolOfficer,
                Role::VirtualSchoolHead,
                Role::YoungPerson,
            ],
            DocumentKind::Quality => &[Role::VirtualSchoolOfficer, Role::VirtualSchoolHead],
        }
    }

    /// The roles among which the child chooses who holds this document; none where nobody chooses.
    pub fn choices(self) -> &'static [Role] {
        match self {
            DocumentKind::PrivateVoice => &[
                Role::SocialWorker,
                Role::DesignatedTeacher,
                Role::VirtualSchoolOfficer,
                Role::VirtualSchoolHead,
                Role::Carer,
                Role::IndependentReviewingOfficer,
            ],
            DocumentKind::Main | DocumentKind::Contact | DocumentKind::Family | DocumentKind::Quality => &[],
        }
    }

    /// True if somebody in this role may come to hold this document.
    pub fn may_be_held_by(self, role: Role) -> bool {
        self.readers().contains(&role) || self.choices().contains(&role)
    }

    /// Who holds this document when the child chose these roles: the young person always does, and the head of the Virtual School
    /// where its officers do. At least one adult is chosen, so that nobody is left alone with what the child wrote.
    pub fn chosen(self, roles: &[Role]) -> Result<Vec<Role>, NotAChoice> {
        if self.choices().is_empty() {
            return Err(NotAChoice::Nowhere);
        }
        let adults: Vec<Role> = roles.iter().copied().filter(|role| *role != Role::YoungPerson).collect();
        match adults.iter().find(|role| !self.choices().contains(role)) {
            Some(role) => return Err(NotAChoice::NotOffered { role: *role, offered: self.choices() }),
            None if adults.is_empty() => return Err(NotAChoice::Nobody),
            None => {}
        }
        let holds = |role: &Role| *role == Role::YoungPerson || adults.iter().any(|chosen| role.counts_as(*chosen));
        Ok(Role::ALL.iter().copied().filter(holds).collect())
    }

    /// The roles that move a document to a newer version of its process: of the plan itself the Virtual School, and who may begin
    /// one; of an annex, which follows the plan, whoever may hold it.
    pub fn movers(self) -> Vec<Role> {
        let moves = |role: &Role| match self {
            DocumentKind::Main => {
                role.is_virtual_school() || matches!(role, Role::SocialWorker | Role::DesignatedTeacher)
            }
            annex => annex.may_be_held_by(*role),
        };
        Role::ALL.iter().copied().filter(moves).collect()
    }

    /// True if the answer to this question lives in documents of this kind. Of questions the bank does not know: false.
    pub fn holds(self, question: &str) -> bool {
        bank().question(question).is_some_and(|question| question.document() == self)
    }
}

/// Roles that are no choice of who holds a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAChoice {
    /// The child does not choose about this document.
    #[error("Who sees this part of the plan is not chosen: the law and the process say it.")]
    Nowhere,
    /// A role among which the child does not choose.
    #[error("The child's private words cannot be shown to the {}. Choose among: {}.", role.label().to_lowercase(), labels(offered))]
    NotOffered {
        /// The role.
        role: Role,
        /// Among which the child does.
        offered: &'static [Role],
    },
    /// Nobody but the young person.
    #[error("Choose at least one adult who sees the child's private words, so that somebody can help with them.")]
    Nobody,
}

fn labels(roles: &[Role]) -> String {
    roles.iter().map(|role| role.label().to_lowercase()).collect::<Vec<_>>().join(", ")
}

words! {
    /// Which form of the questions a child gets (PEP.md 3.5).
    Phase, "phase" {
        /// Before school.
        EarlyYears = "early_years", "Early years";
        /// Reception to Year 6.
        Primary = "primary", "Primary";
        /// Years 7 to 11.
        Secondary = "secondary", "Secondary";
        /// Years 12 and 13.
        Post16 = "post_16", "Post-16";
    }
}

/// A word that is not on its list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("That is not a {what} this program knows; write one of: {}.", known.join(", "))]
pub struct NotAWord {
    /// What was expected.
    pub what: &'static str,
    /// The words that would do.
    pub known: &'static [&'static str],
}

/// An academic year, by the calendar year in which it starts (September).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AcademicYear(pub u16);

impl AcademicYear {
    /// The year group of a child born on `born`, by the national cut-off of 31 August (PEP.md 4.1): 0 is Reception, -1 the
    /// nursery year before it. Only a default: children are taught out of cohort.
    pub fn group_of(self, born: NaiveDate) -> i32 {
        let cohort = if born.month() >= 9 { born.year() } else { born.year() - 1 };
        i32::from(self.0) - cohort - 5
    }

    /// The form of the questions that a child born on `born` gets this year, by that year group; `reception`: what a Reception child gets
    /// (PEP.md 3.1, 3.5).
    pub fn phase_of(self, born: NaiveDate, reception: Phase) -> Phase {
        match self.group_of(born) {
            ..0 => Phase::EarlyYears,
            0 => reception,
            1..=6 => Phase::Primary,
            7..=11 => Phase::Secondary,
            _ => Phase::Post16,
        }
    }
}

impl fmt::Display for AcademicYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:02}", self.0, (u32::from(self.0) + 1) % 100)
    }
}

/// A term that is not written as `2025/26-spring`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Write the academic year and the term like this: 2025/26-spring (autumn, spring or summer).")]
pub struct NotATerm;

impl FromStr for AcademicYear {
    type Err = NotATerm;
    /// Reads `2025/26`; the second half must follow the first.
    fn from_str(text: &str) -> Result<Self, NotATerm> {
        let year = text.get(..4).and_then(|start| start.parse().ok()).map(AcademicYear).ok_or(NotATerm)?;
        // Written again and compared, so that there is one spelling of a year and one id of a PEP.
        if year.0 < 1900 || year.to_string() != text { Err(NotATerm) } else { Ok(year) }
    }
}

impl serde::Serialize for AcademicYear {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for AcademicYear {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Reads a sitting as the command line writes it: `2025/26-spring`.
pub fn parse_term(text: &str) -> Result<(AcademicYear, Term), NotATerm> {
    let (year, term) = text.split_once('-').ok_or(NotATerm)?;
    Ok((year.parse()?, term.parse().map_err(|_| NotATerm)?))
}

/// One PEP: a child's plan for one sitting under one process. Everything else about it is in its documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pep {
    /// The child's id in the directory.
    pub child: Uuid,
    /// The academic year.
    pub year: AcademicYear,
    /// The term.
    pub term: Term,
    /// Why it is held.
    pub kind: PepType,
    /// The process it follows, and the version it began under.
    pub process: ProcessRef,
    /// How it is filed, where there is more to say.
    pub filed: Filed,
}

/// How a PEP is filed, beside its child, term and type: what its ids follow from where the directory has put one of these right since,
/// and whether it counts. Nothing of it is in the documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filed {
    /// It is one more in its term.
    pub extra: Option<Extra>,
    /// The child it was begun for, who turned out to be the one it is about.
    pub began_for: Option<Uuid>,
    /// The type it was begun as, which was put right.
    pub began_as: Option<PepType>,
    /// It was begun by mistake: it is kept and can be read, counts nowhere, and nobody writes in it.
    pub withdrawn: bool,
}

/// Longest reason for one more PEP in a term, in characters: a line of a list.
pub const EXTRA_CHARS_MAX: usize = 100;

/// Why there is one more PEP in a term, and the day on which it was begun: two people who begin it for the same reason on the same day
/// begin one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    reason: String,
    day: NaiveDate,
}

/// A reason for one more PEP that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "Say in a few words why there is one more PEP this term (at most {EXTRA_CHARS_MAX} characters), such as: concern."
)]
pub struct NotAReason;

impl Extra {
    /// For this reason, begun on this day.
    pub fn new(reason: &str, day: NaiveDate) -> Result<Extra, NotAReason> {
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        let fits = (1..=EXTRA_CHARS_MAX).contains(&reason.chars().count()) && !reason.chars().any(char::is_control);
        if fits { Ok(Extra { reason, day }) } else { Err(NotAReason) }
    }

    /// Why.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The day on which it was begun.
    pub fn day(&self) -> NaiveDate {
        self.day
    }
}

impl Pep {
    /// The PEP's id: the same wherever it is started, so two people who start it offline start one PEP (PEP.md 4.8).
    pub fn id(&self) -> Uuid {
        let mut name = format!("{}/{}/{}", self.year, self.term, self.began_as());
        if let Some(extra) = &self.filed.extra {
            name.push_str(&format!("/{}/{}", extra.day, extra.reason.to_lowercase()));
        }
        Uuid::new_v5(&self.began_for(), name.as_bytes())
    }

    /// The child it was begun for: whose team writes in its documents.
    pub fn began_for(&self) -> Uuid {
        self.filed.began_for.unwrap_or(self.child)
    }

    /// The type it was begun as.
    pub fn began_as(&self) -> PepType {
        self.filed.began_as.unwrap_or(self.kind)
    }

    /// True if it is counted: among what is due, as the last PEP, for its term.
    pub fn counts(&self) -> bool {
        !self.filed.withdrawn
    }

    /// True of two that count for the same child, term and type, neither of which is one more: one too many.
    pub fn is_twin_of(&self, other: &Pep) -> bool {
        let sitting = |pep: &Pep| (pep.child, pep.year, pep.term, pep.kind);
        let ordinary = |pep: &Pep| pep.counts() && pep.filed.extra.is_none();
        ordinary(self) && ordinary(other) && sitting(self) == sitting(other) && self.id() != other.id()
    }

    /// The id of one of its documents. It follows from the process it began under, whatever it was moved to since: from form 2 on
    /// a PEP that two people began under two processes is two generations with documents of their own.
    pub fn document(&self, kind: DocumentKind) -> Uuid {
        let name = match self.process.began().hash {
            Some(hash) => format!("{kind}/{}", hex::encode(hash)),
            None => kind.to_string(),
        };
        Uuid::new_v5(&self.id(), name.as_bytes())
    }

    /// The first change of a document: one Automerge change chunk, a function of the process it began under, PEP id and kind
    /// alone. The gate accepts exactly these bytes as the root.
    pub fn genesis(&self, kind: DocumentKind) -> Vec<u8> {
        genesis_change(self, kind).raw_bytes().to_vec()
    }

    /// The *extension changes* of a document, one for each version it was moved to, in order: each a change of the same actor as
    /// the first, the next in its chain and depending on it alone. They say the version and make the containers of the questions
    /// that are new in it; everybody works them out alike, and the gate accepts exactly these bytes.
    pub fn extensions(&self, kind: DocumentKind) -> Vec<Vec<u8>> {
        extension_changes(self, kind).iter().map(|change| change.raw_bytes().to_vec()).collect()
    }

    /// The hashes of these, in the same order.
    pub fn extension_hashes(&self, kind: DocumentKind) -> Vec<[u8; 32]> {
        extension_changes(self, kind).iter().map(|change| change.hash().0).collect()
    }

    /// The shape of its documents: that of the version it began under, for good.
    pub fn schema(&self) -> i64 {
        self.process.began().schema
    }

    /// True of a question whose answer is one value in this PEP, and of which two that people enter apart are both shown.
    pub fn is_fact(&self, question: &Question) -> bool {
        question.is_fact(self.schema())
    }

    /// The process it follows: the version it began under, until somebody moves it.
    pub fn process(&self) -> &Process {
        self.process.process()
    }
}

/// A document of a PEP as it is before anybody has written in it, ready for `actor` to write.
pub fn from_genesis(pep: &Pep, kind: DocumentKind, actor: ActorId) -> Automerge {
    let mut document = Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit).with_actor(actor);
    document
        .apply_changes([genesis_change(pep, kind)])
        .expect("a change this program has just made, applied to nothing");
    document
}

/// Bytes that are not a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "This copy of the plan is damaged and cannot be opened. Your program will fetch it again from the relay; `pep doctor` says more."
)]
pub struct Unreadable;

/// Opens a saved document. The only loader: text is counted in UTF-16 units, as browsers count, and that has to be said at
/// every load. Only for bytes that passed the gate or come from one's own store.
pub fn load(bytes: &[u8]) -> Result<Automerge, Unreadable> {
    let options = LoadOptions::new().text_encoding(TextEncoding::Utf16CodeUnit);
    Automerge::load_with_options(bytes, options).map_err(|_| Unreadable)
}

/// The version of the process that a document was moved to last, or began under, as its first changes say it.
pub fn version_of(document: &Automerge) -> Option<u32> {
    let (_, about) = document.get(ROOT, "about").ok().flatten()?;
    let (version, _) = document.get(about, "processVersion").ok().flatten()?;
    version.as_i64().and_then(|version| u32::try_from(version).ok())
}

/// The container the genesis makes for a question; `None` where the answer is a plain value.
pub(crate) fn container(question: &Question, schema: i64) -> Option<ObjType> {
    match question.kept_as(schema) {
        KeptAs::Value => None,
        KeptAs::Text => Some(ObjType::Text),
        KeptAs::OwnTexts | KeptAs::Rows | KeptAs::Ticks => Some(ObjType::Map),
    }
}

fn genesis_change(pep: &Pep, kind: DocumentKind) -> Change {
    let mut document = Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit).with_actor(ActorId::from(BEGINNING));
    beginning(&mut document, |tx| {
        let process = pep.process.began();
        let about = tx.put_object(ROOT, "about", ObjType::Map)?;
        tx.put(&about, "schemaVersion", process.schema)?;
        tx.put(&about, "process", process.id.as_str())?;
        say_version(tx, &about, process)?;
        tx.put(&about, "pep", pep.id().to_string())?;
        tx.put(&about, "kind", kind.slug())?;
        let answers = tx.put_object(ROOT, "answers", ObjType::Map)?;
        // In the order of the process: a question that joins the bank later changes no genesis of a process that does not place it.
        make_containers(tx, &answers, kind, process.schema, process.questions())?;
        for root in ["targets", "comments", "signOffs"] {
            tx.put_object(ROOT, root, ObjType::Map)?;
        }
        Ok(())
    })
}

fn extension_changes(pep: &Pep, kind: DocumentKind) -> Vec<Change> {
    if pep.process.steps() == 0 {
        return Vec::new();
    }
    let mut document = from_genesis(pep, kind, ActorId::from(BEGINNING));
    let object = |document: &Automerge, key: &str| document.get(ROOT, key).ok().flatten().map(|(_, id)| id);
    let roots = object(&document, "about").zip(object(&document, "answers"));
    let (about, answers) = roots.expect("the first change makes them");
    let mut placed: BTreeSet<&str> = pep.process.began().questions().map(|question| question.id.as_str()).collect();
    let schema = pep.schema();
    let mut extend = |to: &Process| {
        beginning(&mut document, |tx| {
            say_version(tx, &about, to)?;
            let new = to.questions().filter(|question| placed.insert(question.id.as_str()));
            make_containers(tx, &answers, kind, schema, new)
        })
    };
    pep.process.path().skip(1).map(&mut extend).collect()
}

/// A change that everybody makes alike: at no time, by the document's own actor.
fn beginning(
    document: &mut Automerge,
    write: impl FnOnce(&mut Transaction<'_>) -> Result<(), AutomergeError>,
) -> Change {
    document
        .transact_with::<_, _, AutomergeError, _>(|()| CommitOptions::default().with_time(0), write)
        .expect("writing what nobody else has written");
    document.get_last_local_change().expect("the change made above")
}

fn say_version(tx: &mut Transaction<'_>, about: &ObjId, process: &Process) -> Result<(), AutomergeError> {
    tx.put(about, "processVersion", i64::from(process.version))?;
    match process.hash {
        Some(hash) => tx.put(about, "processHash", hex::encode(hash)),
        None => Ok(()),
    }
}

fn make_containers(
    tx: &mut Transaction<'_>,
    answers: &ObjId,
    kind: DocumentKind,
    schema: i64,
    questions: impl Iterator<Item = &'static Question>,
) -> Result<(), AutomergeError> {
    // The targets have a place of their own at the root.
    for question in questions.filter(|question| question.document() == kind && question.id != crate::TARGETS) {
        if let Some(container) = container(question, schema) {
            tx.put_object(answers, question.id.as_str(), container)?;
        }
    }
    Ok(())
}
