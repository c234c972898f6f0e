//! How one Virtual School works: the parameters in which its process differs from another's (PEP.md section 2). Local practice,
//! never the law.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::{NonZeroU8, NonZeroU16};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::agenda::Agenda;
use crate::bank::bank;
use crate::clock::DayKind;
use crate::pep::{DocumentKind, NotAWord, PepType, Phase, Role, Term, words};

/// Everything a process says beside its pages, its calendar, its targets and its money.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Practice {
    /// What this Virtual School should be told about the file, in a sentence or two: what is its own and what was inferred.
    pub note: String,
    /// The words people use here (2.19).
    pub labels: Labels,
    /// Which children have a PEP (2.8).
    pub eligibility: Eligibility,
    /// Who begins a PEP and who tells whom (2.1, 2.2).
    pub initiation: Initiation,
    /// By when the first PEP reaches each step (2.9 to 2.11).
    pub first_pep: Vec<Milestone>,
    /// How often, how, and when besides (2.12, 2.13).
    pub review: Review,
    /// For how many weeks a part-time timetable may go on before somebody is asked about it; `None`: six.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_time_weeks: Option<NonZeroU8>,
    /// By when a PEP follows a change of school (2.14); `None`: no clock of its own.
    pub school_move: Option<Milestone>,
    /// When the form is filled in (2.18).
    pub editing: Editing,
    /// The meeting (2.3 to 2.6, 2.28).
    pub meeting: Meeting,
    /// The child's views (2.7, 2.16).
    pub voice: VoicePractice,
    /// Who says "complete", and after whom (2.24).
    pub completion: Completion,
    /// What signatures cover.
    pub sign_off: SignOffPractice,
    /// The quality check (2.25).
    pub qa: QualityCheck,
    /// What the next PEP begins with, by block of the bank (2.26).
    pub carry_forward: BTreeMap<String, Carry>,
    /// The next PEP's date (2.27).
    pub next_date: NextDateRule,
    /// What ends the PEPs of a child (2.29).
    pub closing: Vec<ClosingEvent>,
    /// What happens when the social worker changes (2.30).
    pub case_transfer: CaseTransfer,
    /// Who has an account of their own (2.17).
    pub access: Access,
}

/// The words people use; one kind of data, whatever it is called.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Labels {
    /// What one target is called.
    pub target: String,
    /// What the longer aim is called.
    pub outcome: String,
}

/// Which children have a PEP here.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Eligibility {
    /// From when.
    pub from: EligibleFrom,
    /// Below five only where the child goes to a setting.
    pub requires_provision_under_five: bool,
    /// Until when.
    pub until: EligibleUntil,
    /// Children placed for adoption too, until the order (R000-02, R000-03).
    pub placed_for_adoption: bool,
    /// Young people in no education, employment or training too (R002-05).
    pub not_in_education: bool,
    /// Phases in which the young person chooses whether to have one.
    pub by_choice: Vec<Phase>,
}

/// The beginning of the age range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EligibleFrom {
    /// From this birthday.
    Age(NonZeroU8),
    /// From the academic year in which this birthday falls.
    AcademicYearOfBirthday(NonZeroU8),
}

/// The end of the age range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EligibleUntil {
    /// Until this birthday.
    Age(NonZeroU8),
    /// Until the end of Year 13.
    EndOfYear13,
}

/// Who begins a PEP, and who tells whom.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Initiation {
    /// Any of these.
    pub by: Vec<Role>,
    /// Who tells whom.
    pub notify: Vec<Notice>,
}

/// One role tells others.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Notice {
    /// Who tells.
    pub from: Role,
    /// Who is told.
    pub to: Vec<Role>,
}

/// A step that has to be reached some days after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Milestone {
    /// The step.
    pub event: Step,
    /// How many days; the day of the event is day 0.
    pub days: NonZeroU16,
    /// Which days count.
    pub day_kind: DayKind,
    /// What starts the clock.
    pub from: Since,
    /// How many days instead, if the child was placed in an emergency (R000-19).
    pub when_emergency: Option<NonZeroU16>,
}

words! {
    /// A step on the way to a PEP.
    Step, "step" {
        /// Somebody has begun it.
        Initiated = "initiated", "begun";
        /// The meeting has a date.
        Arranged = "arranged", "the meeting arranged";
        /// The meeting has been held.
        Held = "held", "the meeting held";
        /// Everything that must be answered is answered.
        Completed = "completed", "completed";
        /// Signed off, for the review of the care plan.
        AvailableForReview = "available-for-review", "signed off for the review of the care plan";
    }
}

words! {
    /// What starts a clock: a date somebody typed, never this device's.
    Since, "start of a clock" {
        /// `care.lookedAfterSince`
        CameIntoCare = "came-into-care", "coming into care";
        /// `care.placementSince`
        PlacementStarted = "placement-started", "the start of the placement";
        /// `setting.startDate`
        SchoolStarted = "school-started", "the start at the new school";
    }
}

impl Since {
    /// The question that holds the date.
    pub fn question(self) -> &'static str {
        match self {
            Since::CameIntoCare => "care.lookedAfterSince",
            Since::PlacementStarted => "care.placementSince",
            Since::SchoolStarted => "setting.startDate",
        }
    }
}

/// How often a PEP is reviewed.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Review {
    /// PEPs a year, by phase.
    pub per_year: BTreeMap<Phase, NonZeroU8>,
    /// How a review is held.
    pub kind: ReviewKind,
    /// Where it is held otherwise; the first that fits counts.
    pub exceptions: Vec<ReviewException>,
    /// What calls for a PEP besides.
    pub triggers: BTreeSet<Trigger>,
}

/// Reviews of one phase or term that are held otherwise.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ReviewException {
    /// The phase; `None`: all.
    pub phase: Option<Phase>,
    /// The term; `None`: all.
    pub term: Option<Term>,
    /// How.
    pub kind: ReviewKind,
}

words! {
    /// How a review is held.
    ReviewKind, "kind of review" {
        /// People meet.
        Meeting = "meeting", "meeting";
        /// On paper.
        Desk = "desk", "review without a meeting";
    }
}

words! {
    /// What calls for a PEP outside the term's.
    Trigger, "trigger" {
        /// A change of school.
        SchoolMove = "school-move", "a change of school";
        /// A suspension.
        Suspension = "suspension", "a suspension";
        /// A risk of exclusion.
        RiskOfExclusion = "risk-of-exclusion", "a risk of exclusion";
        /// A change of home.
        PlacementMove = "placement-move", "a change of home";
        /// A part-time timetable.
        PartTimeTimetable = "part-time-timetable", "a part-time timetable";
        /// Somebody is concerned.
        Concern = "concern", "a concern";
        /// Somebody asks.
        Request = "request", "somebody's request";
    }
}

words! {
    /// When the form is filled in.
    Editing, "way of filling in" {
        /// At any time.
        Rolling = "rolling", "at any time";
        /// Before, in and after the meeting.
        AroundMeeting = "around-meeting", "before, in and after the meeting";
    }
}

/// The meeting.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Meeting {
    /// Who chairs.
    pub chair: Post,
    /// Who takes notes.
    pub note_taker: Post,
    /// Where people meet.
    pub mode: MeetingMode,
    /// Who comes. Too few is a warning with a reason, never a bar (2.6).
    pub attendance: BTreeMap<Role, Attendance>,
    /// From more invitations than this on, people are asked to keep it small.
    pub small_up_to: Option<NonZeroU8>,
    /// What is spoken of, and for how long (4.9).
    pub agenda: Agenda,
}

/// Who does something in the meeting.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Post {
    /// How it is decided.
    pub mode: PostMode,
    /// Whose it is unless people decide otherwise; needed where it is fixed.
    pub default: Option<Role>,
    /// Who else, in this order.
    pub fallback: Vec<Role>,
}

words! {
    /// How it is decided who does something in the meeting.
    PostMode, "way of deciding" {
        /// By this process.
        Fixed = "fixed", "fixed";
        /// At the start of the meeting.
        Agreed = "agreed", "agreed at the start";
    }
}

words! {
    /// Where people meet.
    MeetingMode, "kind of meeting" {
        /// In one room.
        InPerson = "in-person", "in person";
        /// By video.
        Online = "online", "online";
        /// Either, or both at once.
        Hybrid = "hybrid", "in person or online";
    }
}

words! {
    /// Whether a role comes to the meeting.
    Attendance, "attendance" {
        /// The meeting needs them.
        Required = "required", "needed";
        /// They come unless they cannot.
        Expected = "expected", "expected";
        /// They come to a child's first PEP.
        WhenInitial = "when-initial", "expected at the first PEP";
        /// They come if asked and able.
        OnRequest = "on-request", "on request";
        /// They may come.
        Optional = "optional", "may come";
        /// They decide.
        ByChoice = "by-choice", "as they choose";
    }
}

/// The child's views. The child's own choice always wins over a default.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct VoicePractice {
    /// Who writes the child's words down, the first before the others.
    pub recorders: Vec<Role>,
    /// How a child may take part in the meeting: choices of `voice.meetingChoice`.
    pub meeting_options: Vec<String>,
    /// What is suggested, by phase.
    pub default_option: BTreeMap<Phase, String>,
}

/// Who says "complete".
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Completion {
    /// In this order.
    pub order: Vec<Role>,
    /// Who waits for whose mandatory questions.
    pub gates: Vec<Gate>,
    /// How long after the meeting everything is complete; `None`: the term's deadline only.
    pub window: Option<Period>,
}

/// One role waits for others.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Gate {
    /// Who waits.
    pub role: Role,
    /// Whose mandatory questions are answered first.
    pub requires: Vec<Role>,
}

/// What signatures cover.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SignOffPractice {
    /// Questions, and columns as `question/column`, a change of which asks nobody to sign again (PEP.md 4.7): corrections of
    /// contact details. What no process counts comes on top (see the README of this crate).
    pub non_material: Vec<String>,
}

/// A number of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Period {
    /// How many.
    pub days: NonZeroU16,
    /// Which days count.
    pub day_kind: DayKind,
}

/// The quality check.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct QualityCheck {
    /// What is looked at; empty: nothing is graded.
    pub areas: Vec<Area>,
    /// The grades, best first.
    pub grades: Vec<Grade>,
    /// How the overall grade follows: the first that fits. Empty: the Virtual School's judgement.
    pub aggregate: Vec<Aggregate>,
    /// Overall grades with which a PEP is not signed off.
    pub blocks_signoff_at: Vec<String>,
    /// Which PEPs are checked.
    pub sampling: Sampling,
}

/// An area of the quality check.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Area {
    /// Its id.
    pub id: String,
    /// Its name, for people.
    pub label: String,
    /// Its grade counts for the overall grade.
    pub counts_towards_overall: bool,
}

/// A grade.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Grade {
    /// The word kept in documents.
    pub id: String,
    /// The words people read.
    pub label: String,
}

/// An overall grade, and when it is given.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Aggregate {
    /// The overall grade.
    pub grade: String,
    /// All of these hold; none: always.
    pub when: Vec<Count>,
}

/// How many areas have a grade.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// The grade of the areas.
    pub of: String,
    /// How their number compares.
    pub op: Op,
    /// With what.
    pub n: Amount,
}

words! {
    /// A comparison.
    Op, "comparison" {
        /// This many or more.
        AtLeast = ">=", "at least";
        /// This many or fewer.
        AtMost = "<=", "at most";
        /// Exactly this many.
        Is = "=", "exactly";
    }
}

/// A number of areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", untagged)]
pub enum Amount {
    /// This many.
    Number(u16),
    /// Depends on how many there are.
    Share(Share),
}

words! {
    /// A number that depends on how many areas count.
    Share, "share (or a whole number)" {
        /// All of them.
        All = "all", "all";
        /// All but one.
        AllButOne = "all-but-one", "all but one";
        /// More than half.
        Majority = "majority", "more than half";
    }
}

words! {
    /// Which PEPs are checked.
    Sampling, "sampling" {
        /// Every one.
        All = "all", "every PEP";
        /// One a school and term.
        PerSettingPerTerm = "per-setting-per-term", "one a school and term";
        /// One a child and year.
        Yearly = "yearly", "one a child and year";
    }
}

words! {
    /// What the next PEP begins with.
    Carry, "way of carrying forward" {
        /// The answers of the last one.
        Copy = "copy", "copied";
        /// The answers of the last one, to be confirmed.
        Ask = "ask", "copied, to be confirmed";
        /// Nothing.
        Blank = "blank", "begins blank";
        /// Nothing; people keep a copy themselves (R001-14).
        Manual = "manual", "kept by hand";
    }
}

/// The next PEP's date.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NextDateRule {
    /// Who sets it.
    pub set_by: Vec<Role>,
    /// The page it is on.
    pub recorded_on_page: String,
    /// A provisional date is worked out while nobody has set one (R003-33).
    pub auto_generate: bool,
}

words! {
    /// What ends the PEPs of a child.
    ClosingEvent, "event" {
        /// The adoption order is made.
        AdoptionOrder = "adoption-order", "an adoption order";
        /// A special guardianship order.
        SpecialGuardianship = "special-guardianship", "a special guardianship order";
        /// A child arrangements order.
        ChildArrangements = "child-arrangements", "a child arrangements order";
        /// The child returns home.
        ReturnHome = "return-home", "a return home";
        /// The eighteenth birthday.
        Eighteen = "eighteen", "the eighteenth birthday";
        /// The end of Year 13.
        EndOfYear13 = "end-of-year-13", "the end of Year 13";
    }
}

/// What happens when the social worker changes.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CaseTransfer {
    /// Who has to agree; `None`: nobody.
    pub approved_by: Option<Role>,
}

/// Who has an account of their own.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Access {
    /// The child or young person.
    pub young_person: Account,
    /// The carer.
    pub carer: Account,
}

words! {
    /// What somebody sees with an account of their own.
    Account, "kind of account" {
        /// They have none; others write down what they say.
        None = "none", "no account: others write down what they say";
        /// Their own views.
        VoiceOnly = "voice-only", "an account for their own views";
        /// The plan.
        Full = "full", "an account for the whole plan";
    }
}

impl QualityCheck {
    /// The overall grade of these grades by area: the first rule that fits. `None` where it is the Virtual School's judgement,
    /// or where an area that counts has no grade yet.
    pub fn overall(&self, graded: &BTreeMap<String, String>) -> Option<&str> {
        let counted = self.areas.iter().filter(|area| area.counts_towards_overall);
        let grades: Vec<&String> = counted.map(|area| graded.get(&area.id)).collect::<Option<_>>()?;
        let fits = |count: &Count| {
            let found = grades.iter().filter(|grade| **grade == &count.of).count();
            let wanted = match count.n {
                Amount::Number(number) => usize::from(number),
                Amount::Share(Share::All) => grades.len(),
                Amount::Share(Share::AllButOne) => grades.len().saturating_sub(1),
                Amount::Share(Share::Majority) => grades.len() / 2 + 1,
            };
            match count.op {
                Op::AtLeast => found >= wanted,
                Op::AtMost => found <= wanted,
                Op::Is => found == wanted,
            }
        };
        self.aggregate.iter().find(|rule| rule.when.iter().all(fits)).map(|rule| rule.grade.as_str())
    }
}

impl Review {
    /// How the review of a phase and term is held.
    pub fn kind_of(&self, phase: Phase, term: Term) -> ReviewKind {
        let fits = |exception: &&ReviewException| {
            exception.phase.is_none_or(|only| only == phase) && exception.term.is_none_or(|only| only == term)
        };
        self.exceptions.iter().find(fits).map_or(self.kind, |exception| exception.kind)
    }

    /// Whether a PEP of this type is reviewed without a meeting; not while nobody knows the child's phase (2.12).
    pub fn on_paper(&self, pep: PepType, phase: Option<Phase>, term: Term) -> bool {
        pep == PepType::Review && phase.is_some_and(|phase| self.kind_of(phase, term) == ReviewKind::Desk)
    }
}

/// What is wrong: the word of the file it is about, and the reason.
pub(crate) type Fault = (String, String);

impl Practice {
    /// What the types cannot say.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let fault = |word: &str, reason: String| Some((word.to_owned(), reason));
        for (word, roles) in [
            ("by", &self.initiation.by),
            ("recorders", &self.voice.recorders),
            ("order", &self.completion.order),
            ("setBy", &self.next_date.set_by),
        ] {
            if roles.is_empty() {
                return fault(word, format!("`{word}` names nobody"));
            }
            if repeated(roles).is_some() {
                return fault(word, format!("`{word}` names a role twice"));
            }
        }
        if self.initiation.notify.iter().any(|notice| notice.to.is_empty() || notice.to.contains(&notice.from)) {
            return fault("notify", "somebody tells nobody, or themselves".to_owned());
        }
        for (word, post) in [("chair", &self.meeting.chair), ("noteTaker", &self.meeting.note_taker)] {
            if post.mode == PostMode::Fixed && post.default.is_none() {
                return fault(word, format!("`{word}` is fixed, but has no default"));
            }
        }
        if let Some(phase) = Phase::ALL.iter().find(|phase| !self.review.per_year.contains_key(phase)) {
            return fault("perYear", format!("how many reviews a year has no number for {phase}"));
        }
        if repeated(&self.first_pep.iter().map(|milestone| milestone.event).collect::<Vec<_>>()).is_some() {
            return fault("firstPep", "a step of the first PEP has two deadlines".to_owned());
        }
        self.voice
            .fault()
            .or_else(|| self.meeting.agenda.fault())
            .or_else(|| self.completion.fault())
            .or_else(|| self.sign_off.fault())
            .or_else(|| self.qa.fault())
            .or_else(|| self.carry_fault())
    }

    fn carry_fault(&self) -> Option<Fault> {
        let blocks: BTreeSet<&str> = bank().blocks().iter().map(|(id, _)| id.as_str()).collect();
        if let Some(unknown) = self.carry_forward.keys().find(|block| !blocks.contains(block.as_str())) {
            return Some((unknown.clone(), format!("{unknown} is not a block of the bank")));
        }
        let missing = blocks.iter().find(|block| !self.carry_forward.contains_key(**block))?;
        Some(("carryForward".to_owned(), format!("`carryForward` does not say what becomes of the block {missing}")))
    }
}

impl VoicePractice {
    fn fault(&self) -> Option<Fault> {
        let known = |word: &str| {
            let choice = bank().question("voice.meetingChoice")?;
            choice.options.iter().find(|option| option.value == word)
        };
        if let Some(word) = self.meeting_options.iter().find(|word| known(word).is_none()) {
            return Some((word.clone(), format!("{word} is not a choice of voice.meetingChoice")));
        }
        if self.meeting_options.is_empty() {
            return Some(("meetingOptions".to_owned(), "a child has no way to take part in the meeting".to_owned()));
        }
        let offered = |word: &&String| !self.meeting_options.contains(word);
        let word = self.default_option.values().find(offered)?;
        Some(("defaultOption".to_owned(), format!("the default {word} is not among `meetingOptions`")))
    }
}

impl Completion {
    fn fault(&self) -> Option<Fault> {
        let place = |role: Role| self.order.iter().position(|other| *other == role);
        for gate in &self.gates {
            let Some(waits) = place(gate.role) else {
                return Some(("gates".to_owned(), format!("{} waits, but is not in `order`", gate.role)));
            };
            // Who waits only for those before them can wait for nobody who waits for them.
            if gate.requires.is_empty() || gate.requires.iter().any(|role| place(*role).is_none_or(|at| at >= waits)) {
                let reason = format!("{} has to wait for somebody before them in `order`", gate.role);
                return Some(("gates".to_owned(), reason));
            }
        }
        None
    }
}

impl SignOffPractice {
    fn fault(&self) -> Option<Fault> {
        let fault = |word: &str, reason: &str| Some((word.to_owned(), format!("{word} {reason}")));
        let words: Vec<&str> = self.non_material.iter().map(String::as_str).collect();
        if let Some(twice) = repeated(&words) {
            return fault(twice, "is listed twice in `nonMaterial`");
        }
        for word in words {
            let (id, column) = word.split_once('/').map_or((word, None), |(id, column)| (id, Some(column)));
            match bank().question(id) {
                None => return fault(word, "in `nonMaterial` is not a question of the bank"),
                Some(question) if column.is_some_and(|column| question.column(column).is_none()) => {
                    return fault(word, "in `nonMaterial` is not a column of that question");
                }
                Some(question) if question.document() != DocumentKind::Main || question.is_sign_off() => {
                    return fault(word, "in `nonMaterial` is covered by no signature");
                }
                Some(question) if question.id == crate::TARGETS && column.is_none() => {
                    return fault(word, "in `nonMaterial`: a signature always covers the targets");
                }
                Some(_) => {}
            }
        }
        None
    }
}

impl QualityCheck {
    fn fault(&self) -> Option<Fault> {
        let grades: Vec<&str> = self.grades.iter().map(|grade| grade.id.as_str()).collect();
        let areas: Vec<&str> = self.areas.iter().map(|area| area.id.as_str()).collect();
        for (word, ids) in [("grades", &grades), ("areas", &areas)] {
            if let Some(twice) = repeated(ids) {
                return Some((word.to_owned(), format!("{twice} is listed twice in `{word}`")));
            }
        }
        if areas.is_empty() != grades.is_empty() {
            return Some(("qa".to_owned(), "areas need grades, and grades need areas".to_owned()));
        }
        let named = self.aggregate.iter().flat_map(|rule| {
            std::iter::once((&rule.grade, "aggregate")).chain(rule.when.iter().map(|count| (&count.of, "aggregate")))
        });
        let blocking = self.blocks_signoff_at.iter().map(|grade| (grade, "blocksSignoffAt"));
        if let Some((unknown, word)) = named.chain(blocking).find(|(grade, _)| !grades.contains(&grade.as_str())) {
            return Some((unknown.clone(), format!("`{word}` names {unknown}, which is not among `grades`")));
        }
        match self.aggregate.split_last() {
            Some((last, _)) if !last.when.is_empty() => {
                let reason = "the last rule of `aggregate` has a condition, so some PEPs would have no grade";
                Some(("aggregate".to_owned(), reason.to_owned()))
            }
            Some((_, before)) if before.iter().any(|rule| rule.when.is_empty()) => {
                let reason = "a rule of `aggregate` without a condition is not the last, so those after it never count";
                Some(("aggregate".to_owned(), reason.to_owned()))
            }
            _ => None,
        }
    }
}

fn repeated<T: Ord + Copy>(list: &[T]) -> Option<T> {
    let mut seen = BTreeSet::new();
    list.iter().copied().find(|item| !seen.insert(*item))
}
