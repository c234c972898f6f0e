//! The meeting: `pep meeting`.

use chrono::{NaiveDate, NaiveTime};
use plan::MeetingView;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::basics::{Attendance, MeetingMode, PostMode, ReviewKind, Role};

/// The meeting, or, with options, what they did: `pep meeting`.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Meeting {
    /// The meeting as it stands.
    Shown(Box<Shown>),
    /// What the options did.
    Done(Done),
}

/// What the options of `pep meeting` did.
#[derive(Default, Serialize, JsonSchema)]
pub struct Done {
    /// The PEP's id.
    pub pep: Uuid,
    /// Whether the plan was changed, where something was to be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<bool>,
    /// The key of the action that was added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Bytes of the calendar file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
}

/// A time of the day, such as `15:15`.
#[derive(Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("pattern" = "^[0-2][0-9]:[0-5][0-9]$"))]
pub struct Time(String);

/// The meeting as it stands.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// The PEP's id.
    pub pep: Uuid,
    /// A meeting, or a review without one; null while nobody has said, or people disagree.
    pub kind: Option<ReviewKind>,
    /// This process reviews this PEP without a meeting.
    pub desk_review_allowed: bool,
    /// The day.
    pub date: Option<NaiveDate>,
    /// When it begins, where people have said so.
    pub starts: Option<Time>,
    /// How long it takes, in minutes.
    pub minutes: u16,
    /// The length was agreed; else it is what the agenda comes to.
    pub length_agreed: bool,
    /// What people wrote about time and length.
    pub time: Option<String>,
    /// Where, or the link.
    pub place: Option<String>,
    /// How people meet in this process.
    pub mode: MeetingMode,
    /// Somebody said that it has been held.
    pub held: bool,
    /// Who chairs.
    pub chair: Seat,
    /// Who takes notes.
    pub note_taker: Seat,
    /// What is spoken of, in order.
    pub agenda: Vec<AgendaPoint>,
    /// The agenda stands in the plan; else it is the process's.
    pub agenda_written: bool,
    /// Who was asked, came, or sent their views.
    pub invitees: Vec<Invitee>,
    /// Whom the process wants there and nobody has invited.
    pub missing: Vec<Missing>,
    /// Roles the process needs that are not coming. It stops nothing.
    pub below_quorum: Vec<Role>,
    /// From more invitations than this on, people are asked to keep it small.
    pub small_up_to: Option<u8>,
    /// The child's part.
    pub child: ChildPart,
    /// The targets to review.
    pub review: Vec<Reviewed>,
    /// Who does what by when.
    pub actions: Vec<Action>,
    /// The next PEP's date.
    pub next_date: Option<NaiveDate>,
    /// That date is worked out, and nobody has agreed it.
    pub next_date_provisional: bool,
    /// The next PEP's time and place.
    pub next_time: Option<String>,
    /// Who sets the next date here.
    pub next_date_set_by: Vec<Role>,
    /// Who gets a copy.
    pub copies: Vec<Recipient>,
    /// Places of the meeting about which people disagree, as `pep resolve` takes them.
    pub disputed: Vec<String>,
}

/// Who does something in the meeting.
#[derive(Serialize, JsonSchema)]
pub struct Seat {
    /// The person named in the plan.
    pub named: Option<String>,
    /// How the process decides it.
    pub mode: PostMode,
    /// Whose it is while nobody is named.
    pub role: Option<Role>,
    /// Who on the team that is.
    pub people: Vec<String>,
}

/// Something that is spoken of.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgendaPoint {
    /// The process's id of it; null of what people added.
    pub id: Option<String>,
    /// Its name.
    pub label: String,
    /// For how long, in minutes.
    pub minutes: u16,
    /// So many minutes after the beginning.
    pub after: u16,
    /// When, where the time of the meeting is known.
    pub at: Option<Time>,
    /// Who begins, as named in the plan.
    pub lead: Option<String>,
    /// Whose it is to begin, by process.
    pub lead_role: Option<Role>,
    /// Blocks and questions it is about.
    pub opens: Vec<String>,
}

/// Somebody who was asked, came, or sent their views.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invitee {
    /// The key of the row.
    pub key: String,
    /// Their name.
    pub person: String,
    /// What the plan calls their role.
    pub called: String,
    /// Their role, where these words name one.
    pub role: Option<Role>,
    /// Whether the process wants somebody in this role there.
    pub wanted: Option<Attendance>,
    /// They were asked.
    pub invited: bool,
    /// `all`, `part` or `no`, once somebody said so.
    pub attended: Option<String>,
    /// They sent apologies.
    pub apologies: bool,
    /// They sent their views.
    pub views_sent: bool,
}

/// Somebody the process wants there and nobody has invited.
#[derive(Serialize, JsonSchema)]
pub struct Missing {
    /// The role.
    pub role: Role,
    /// How much the process wants them.
    pub wanted: Attendance,
    /// Who on the team that is.
    pub people: Vec<String>,
}

/// How the child takes part.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChildPart {
    /// The child's own choice.
    pub choice: Option<String>,
    /// What the process suggests while they have not chosen.
    pub suggested: Option<String>,
    /// Who speaks for them, if somebody does.
    pub proxy: Option<String>,
    /// They join so many minutes after the beginning; null if they do not come, or nobody knows.
    pub joins_after: Option<u16>,
    /// How they took part in the end.
    pub took: Option<String>,
}

/// A target of the last PEP.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reviewed {
    /// Its key.
    pub target: String,
    /// What it says.
    pub statement: String,
    /// How we were to know.
    pub measure: Option<String>,
    /// The row of `targets.review` that says how it went; null while there is none.
    pub row: Option<String>,
    /// How it went.
    pub result: Option<String>,
    /// What shows it.
    pub evidence: Option<String>,
    /// What comes next.
    pub next_step: Option<String>,
    /// There was money for it.
    pub funded: bool,
}

/// Who does what by when.
#[derive(Serialize, JsonSchema)]
pub struct Action {
    /// Its key.
    pub key: String,
    /// What.
    pub action: String,
    /// Who.
    pub person: Option<String>,
    /// By when.
    pub by: Option<NaiveDate>,
    /// `open`, `done` or `not_done`.
    pub status: String,
    /// What came of it.
    pub outcome: Option<String>,
    /// It is open and its day has passed.
    pub overdue: bool,
}

/// Somebody who gets a copy.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recipient {
    /// Their name.
    pub person: String,
    /// `full`, `child_friendly` or `part`.
    pub version: Option<String>,
    /// When it was sent.
    pub sent_on: Option<NaiveDate>,
}

impl Shown {
    /// The meeting of a PEP.
    pub fn of(pep: Uuid, meeting: MeetingView) -> Shown {
        Shown {
            pep,
            kind: meeting.kind.map(Into::into),
            desk_review_allowed: meeting.desk_review_allowed,
            date: meeting.date,
            starts: meeting.starts.map(time),
            minutes: meeting.minutes,
            length_agreed: meeting.length_agreed,
            time: meeting.time,
            place: meeting.place,
            mode: meeting.mode.into(),
            held: meeting.held,
            chair: seat(meeting.chair),
            note_taker: seat(meeting.note_taker),
            agenda: meeting.agenda.into_iter().map(agenda_point).collect(),
            agenda_written: meeting.agenda_written,
            invitees: meeting.invitees.into_iter().map(invitee).collect(),
            missing: meeting.missing.into_iter().map(missing).collect(),
            below_quorum: meeting.below_quorum.into_iter().map(Into::into).collect(),
            small_up_to: meeting.small_up_to,
            child: child_part(meeting.child),
            review: meeting.review.into_iter().map(reviewed).collect(),
            actions: meeting.actions.into_iter().map(action).collect(),
            next_date: meeting.next_date,
            next_date_provisional: meeting.next_date_provisional,
            next_time: meeting.next_time,
            next_date_set_by: meeting.next_date_set_by.into_iter().map(Into::into).collect(),
            copies: meeting.copies.into_iter().map(recipient).collect(),
            disputed: meeting.disputed,
        }
    }
}

fn time(time: NaiveTime) -> Time {
    Time(time.format("%H:%M").to_string())
}

fn seat(seat: plan::Seat) -> Seat {
    Seat { named: seat.named, mode: seat.mode.into(), role: seat.role.map(Into::into), people: seat.people }
}

fn agenda_point(point: plan::AgendaPoint) -> AgendaPoint {
    AgendaPoint {
        id: point.id,
        label: point.label,
        minutes: point.minutes,
        after: point.after,
        at: point.at.map(time),
        lead: point.lead,
        lead_role: point.lead_role.map(Into::into),
        opens: point.opens,
    }
}

fn invitee(invitee: plan::Invitee) -> Invitee {
    Invitee {
        key: invitee.key,
        person: invitee.person,
        called: invitee.called,
        role: invitee.role.map(Into::into),
        wanted: invitee.wanted.map(Into::into),
        invited: invitee.invited,
        attended: invitee.attended,
        apologies: invitee.apologies,
        views_sent: invitee.views_sent,
    }
}

fn missing(missing: plan::Missing) -> Missing {
    Missing { role: missing.role.into(), wanted: missing.wanted.into(), people: missing.people }
}

fn child_part(part: plan::ChildPart) -> ChildPart {
    ChildPart {
        choice: part.choice,
        suggested: part.suggested,
        proxy: part.proxy,
        joins_after: part.joins_after,
        took: part.took,
    }
}

fn reviewed(reviewed: plan::Reviewed) -> Reviewed {
    Reviewed {
        target: reviewed.target,
        statement: reviewed.statement,
        measure: reviewed.measure,
        row: reviewed.row,
        result: reviewed.result,
        evidence: reviewed.evidence,
        next_step: reviewed.next_step,
        funded: reviewed.funded,
    }
}

fn action(action: plan::Action) -> Action {
    Action {
        key: action.key,
        action: action.action,
        person: action.person,
        by: action.by,
        status: action.status,
        outcome: action.outcome,
        overdue: action.overdue,
    }
}

fn recipient(copy: plan::Recipient) -> Recipient {
    Recipient { person: copy.person, version: copy.version, sent_on: copy.sent_on }
}
