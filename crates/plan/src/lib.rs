//! A PEP as a document: which questions it asks, who may write what, how it is read, and the rules it follows.
//!
//! Pure: no peer, disk, clock or screen. See the README beside this crate for the shape of a document.

mod form;
mod portable;
mod record;
mod rules;
mod sample;

use form::{agenda, bank, calendar, delegation, difference as differing, expr, policy, practice, process, processes};
pub use record::hunks;
use record::{
    appeared, bare, childs, crossing, document, edit, excuse, facts, history, meter, pep, picture, refused, rewritten,
    touched, value, view,
};
use rules::{
    alike, carry, checks, clock, content, decision, directory, dues, duty, events, meeting, plausible, quality,
    remarks, signoff, task, unnamed,
};

pub use automerge::{ActorId, Automerge, ChangeHash};

pub use agenda::{Agenda, AgendaItem};
pub use alike::{alike, alike_take, is_alike};
pub use appeared::{Appeared, appeared};
pub use bank::{BadFile, Bank, Choice, Column, Kind, Question, RowKey, bank};
pub use calendar::{CALENDAR_BYTES_MAX, CalendarFile};
pub use carry::{CarriedOver, carry, target_from};
pub use checks::{
    Around, Finding, Letter, Severity, TuitionMisfit, alike_findings, check, rewritten_findings, shortfalls,
    tuition_misfits,
};
pub use clock::{CannotCompute, Currency, DayKind, SOON_WORKING_DAYS, Standing};
pub use delegation::{DELEGATES, Delegated, delegate_group};
pub use differing::{Difference, DifferenceKind, differences};
pub use directory::{Differs, DirectoryFacts, differs, fill_in, stated};
pub use duty::{ChildDue, ChildFacts, Due, Duties, Duty, DutyNote, DutyState, Needs, NextDate, Sitting, duties};
pub use edit::{
    Applied, CARRIED_MAX, Cells, Edit, OPERATIONS_MAX, ROW_KEY_MAX, ROWS_MAX, Writer, apply, is_marked, row_key,
    text_at,
};
pub use events::{closing, days_not_on_roll};
pub use excuse::{Excuse, NoAnswer};
pub use expr::{Expr, Operand, Order, Reference};
pub use facts::{Asked, Funding};
pub use history::{Answered, Deed, Entry, Mark, answers_between, difference, heads_at, history, news, told_of};
pub use meeting::{
    Action, AgendaPoint, ChildPart, Invitee, MeetingView, Missing, Recipient, Reviewed, Running, Seat, agenda_edits,
    clock_in, held_on, length_in, meeting, with_time, with_time_said,
};
pub use meter::{Contribution, contributions, unheard};
pub use pep::{
    AcademicYear, BEGINNING, DocumentKind, EXTRA_CHARS_MAX, Extra, Filed, NotAChoice, NotAReason, NotATerm, NotAWord,
    Pep, PepType, Phase, Role, SCHEMA_NEWEST, Term, Unreadable, from_genesis, load, parse_term, version_of,
};
pub use picture::{NotAPicture, PICTURE_BYTES_MAX, Picture};
pub use plausible::figures;
pub use policy::{Allocation, FundingModel, FundingPolicy, Horizon, Minimum, TargetPolicy};
pub use portable::{
    ANSWERS_BYTES_MAX, ANSWERS_FORMAT, AnswersFile, Brought, NotAnswers, Origin, OriginProcess, answers_file,
};
pub use practice::{
    Access, Account, Aggregate, Amount, Area, Attendance, Carry, CaseTransfer, ClosingEvent, Completion, Count,
    Editing, Eligibility, EligibleFrom, EligibleUntil, Gate, Grade, Initiation, Labels, Meeting, MeetingMode,
    Milestone, NextDateRule, Notice, Op, Period, Post, PostMode, Practice, QualityCheck, Review, ReviewException,
    ReviewKind, Sampling, Share, SignOffPractice, Since, Step, Trigger, VoicePractice,
};
pub use process::{
    Calendar, DueSide, FORM, FromFile, Newer, Page, PageDue, Process, SCHEDULE_1, TermDates, WriteRule, Written,
    provisional_next_date,
};
pub use processes::{ProcessRef, Processes, UnknownProcess};
pub use quality::{Candidate, Graded, Quality, quality, sample, ungraded};
pub use refused::Refused;
pub use remarks::{AGREED, disagreed, unanswered};
pub use sample::{Act, Played, SAMPLES, Sample, SampleChild, SamplePep, SamplePerson, SampleStep};
pub use signoff::{
    Offer, SignOff, Signed, Signing, Stale, Wait, content, is_seen, offer, sign, sign_off_of, signed, version,
};
pub use task::{Person, Task, TaskKind, tasks};
pub use touched::Known;
pub use unnamed::unnamed;
pub use value::{CELL_MAX, LINE_MAX, Number, PENCE_MAX, TEXT_MAX, Value, parse_value, pounds};
pub use view::{
    Answer, Authors, Cell, Claim, Comment, Completeness, Dispute, Documents, Gap, Rewritten, Row, State, Target, View,
    Voice, Who, Why, begun, conflicts, read,
};

/// The question whose answer is the targets; they live at the root of the document.
pub(crate) const TARGETS: &str = "targets.list";
/// The question that reviews the targets of the last PEP: a table, by target.
pub(crate) const REVIEW: &str = "targets.review";
