//! The meeting: who is asked, what is spoken of, what is decided and who does it (PEP.md 4.9, 2.3 to 2.7). Worked out from the
//! plan and its process, never stored.
//!
//! What a process asks for is a Virtual School's own practice. Who is missing is said; nothing is forbidden for it.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use uuid::Uuid;

use crate::agenda::AgendaItem;
use crate::bank::bank;
use crate::checks::{
    Around, Finding, Severity, agreed_targets, chosen, dates, finding, reviews, reviews_target, words,
};
use crate::clock::DayKind;
use crate::edit::{Cells, Edit, MEETING_KIND, ON_PAPER, Writer, row_key};
use crate::pep::{Pep, PepType, Role};
use crate::practice::{Attendance, MeetingMode, Post, PostMode, ReviewKind};
use crate::process::{DueSide, Page};
use crate::value::{Number, Value, withhold};
use crate::view::{Answer, Row, View, Who, conflicts};

/// A child who comes for the end joins so long before it, in minutes (R000-16).
const LAST_MINUTES: u16 = 10;
/// A meeting was held by so many people at least (PEP.md 4.7).
const HELD_BY: usize = 2;

/// Whether the meeting was held.
pub(crate) const HELD: &str = "meeting.held";

/// True where people say that the meeting was not held, and it is no review without one (PEP.md 4.7).
pub(crate) fn is_not_held(view: &View) -> bool {
    view.answers.get(HELD) == Some(&Answer::Value(Value::YesNo(false))) && choice(view, MEETING_KIND) != Some(ON_PAPER)
}

/// The day of a meeting that was held, where people agree on both.
pub fn held_on(view: &View) -> Option<NaiveDate> {
    let held = is_yes(view, HELD) && choice(view, MEETING_KIND) != Some(ON_PAPER);
    date(view, "meeting.date").filter(|_| held)
}

/// The meeting as a page or a command shows it.
#[derive(Clone, PartialEq)]
pub struct MeetingView {
    /// A meeting, or a review without one; `None` while nobody has said, or people disagree.
    pub kind: Option<ReviewKind>,
    /// This process reviews this PEP without a meeting (2.12).
    pub desk_review_allowed: bool,
    /// The day.
    pub date: Option<NaiveDate>,
    /// When it begins, where the words of `meeting.time` say it.
    pub starts: Option<NaiveTime>,
    /// How long it takes, in minutes: as agreed, else what the agenda comes to.
    pub minutes: u16,
    /// The length was agreed (R001-21).
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
    /// Whom the process wants there and nobody has invited (R001-08), in the order of roles.
    pub missing: Vec<Missing>,
    /// Roles the process needs that are not coming: not invited, with apologies or, once it has been held, not there. It is
    /// said, with a reason asked for; it stops nothing.
    pub below_quorum: Vec<Role>,
    /// From more invitations than this on, people are asked to keep it small (R000-14).
    pub small_up_to: Option<u8>,
    /// The child's part.
    pub child: ChildPart,
    /// The targets to review.
    pub review: Vec<Reviewed>,
    /// Who does what by when.
    pub actions: Vec<Action>,
    /// The next PEP's date.
    pub next_date: Option<NaiveDate>,
    /// The next date is worked out and nobody has agreed it.
    pub next_date_provisional: bool,
    /// The next PEP's time and place.
    pub next_time: Option<String>,
    /// Who sets the next date here.
    pub next_date_set_by: Vec<Role>,
    /// Who gets a copy.
    pub copies: Vec<Recipient>,
    /// Places of the meeting about which people disagree, as `Edit::Resolve` takes them.
    pub disputed: Vec<String>,
}

/// Who does something in the meeting.
#[derive(Clone, PartialEq)]
pub struct Seat {
    /// The person named in the plan.
    pub named: Option<String>,
    /// How the process decides it.
    pub mode: PostMode,
    /// Whose it is while nobody is named: the first of the process's roles that somebody on the team has.
    pub role: Option<Role>,
    /// Who on the team that is.
    pub people: Vec<String>,
}

/// Something that is spoken of.
#[derive(Clone, PartialEq)]
pub struct AgendaPoint {
    /// The process's id of it; `None` of what people added.
    pub id: Option<String>,
    /// Its name.
    pub label: String,
    /// For how long.
    pub minutes: u16,
    /// So many minutes after the beginning.
    pub after: u16,
    /// When, where the time of the meeting is known.
    pub at: Option<NaiveTime>,
    /// Who begins, as named in the plan.
    pub lead: Option<String>,
    /// Whose it is to begin, by process.
    pub lead_role: Option<Role>,
    /// Blocks and questions it is about.
    pub opens: Vec<String>,
}

/// Somebody who was asked, came, or sent their views.
#[derive(Clone, PartialEq)]
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
#[derive(Clone, PartialEq)]
pub struct Missing {
    /// The role.
    pub role: Role,
    /// How much the process wants them.
    pub wanted: Attendance,
    /// Who on the team that is.
    pub people: Vec<String>,
}

/// How the child takes part. Their own choice wins over what the process suggests (R001-36).
#[derive(Clone, PartialEq)]
pub struct ChildPart {
    /// The child made the choice themselves; otherwise somebody wrote it down for them.
    pub own: bool,
    /// The child's choice, of `voice.meetingChoice`.
    pub choice: Option<String>,
    /// What the process suggests while they have not chosen.
    pub suggested: Option<String>,
    /// Who speaks for them, if somebody does.
    pub proxy: Option<String>,
    /// They join so many minutes after the beginning: 0 from the beginning; `None` if they do not come, or nobody knows.
    pub joins_after: Option<u16>,
    /// How they took part in the end, of `meeting.childPart`.
    pub took: Option<String>,
}

/// A target of the last PEP.
#[derive(Clone, PartialEq)]
pub struct Reviewed {
    /// Its key.
    pub target: String,
    /// What it says.
    pub statement: String,
    /// How we were to know, of the target.
    pub measure: Option<String>,
    /// The row of `targets.review` that says how it went; `None` while there is none.
    pub row: Option<String>,
    /// How it went, of `targets.review/result`.
    pub result: Option<String>,
    /// What shows it.
    pub evidence: Option<String>,
    /// Then, of `targets.review/nextStep`.
    pub next_step: Option<String>,
    /// There was money for it, so it is asked what that changed.
    pub funded: bool,
}

/// Where a meeting is by the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Running {
    /// It begins in so many minutes.
    Before(i64),
    /// It speaks of this point of the agenda, counted from 0, for so many minutes more.
    At(usize, i64),
    /// Its time was over so many minutes ago.
    Over(i64),
}

/// Who does what by when (R004-31).
#[derive(Clone, PartialEq)]
pub struct Action {
    /// Its key.
    pub key: String,
    /// What.
    pub action: String,
    /// Who.
    pub person: Option<String>,
    /// By when; of several that people entered apart the earliest.
    pub by: Option<NaiveDate>,
    /// `open`, `done` or `not_done`.
    pub status: String,
    /// What came of it.
    pub outcome: Option<String>,
    /// It is open and its day has passed.
    pub overdue: bool,
}

/// Somebody who gets a copy.
#[derive(Clone, PartialEq)]
pub struct Recipient {
    /// Their name.
    pub person: String,
    /// `full`, `child_friendly` or `part`.
    pub version: Option<String>,
    /// When it was sent.
    pub sent_on: Option<NaiveDate>,
}

withhold!(MeetingView, Seat, AgendaPoint, Invitee, Missing, ChildPart, Reviewed, Action, Recipient);

/// The meeting of a PEP. `team` is who works with the child today, as the directory says; without it nobody is named for a role.
pub fn meeting(view: &View, pep: &Pep, team: &[Who], around: Around<'_>) -> MeetingView {
    let process = pep.process();
    let practice = &process.practice.meeting;
    let time = text(view, "meeting.time");
    let starts = time.as_deref().and_then(clock_in);
    let agreed = time.as_deref().and_then(length_in);
    let (agenda, agenda_written) = agenda(view, pep, starts);
    let planned = agenda.iter().map(|point| point.minutes).fold(0, u16::saturating_add);
    let minutes = agreed.unwrap_or(planned);
    let child = child_part(view, pep, minutes);
    let invitees = invitees(view, pep);
    let held = is_yes(view, "meeting.held");
    let disputes = conflicts(view, pep).into_iter();
    MeetingView {
        kind: match choice(view, MEETING_KIND) {
            Some("meeting") => Some(ReviewKind::Meeting),
            Some(ON_PAPER) => Some(ReviewKind::Desk),
            _ => None,
        },
        desk_review_allowed: process.practice.review.on_paper(pep.kind, view.phase, pep.term),
        date: date(view, "meeting.date"),
        starts,
        minutes,
        length_agreed: agreed.is_some(),
        time,
        place: text(view, "meeting.place"),
        mode: practice.mode,
        held,
        chair: seat(view, "meeting.chair", &practice.chair, team),
        note_taker: seat(view, "meeting.noteTaker", &practice.note_taker, team),
        agenda,
        agenda_written,
        missing: missing(pep, &invitees, &child, team),
        below_quorum: below_quorum(pep, &invitees, held),
        invitees,
        small_up_to: practice.small_up_to.map(|limit| limit.get()),
        child,
        review: reviewed(view, around),
        actions: actions(view, around.today),
        next_date: view.next_date.map(|next| next.date),
        next_date_provisional: view.next_date.is_some_and(|next| next.provisional),
        next_time: text(view, "meeting.nextTime"),
        next_date_set_by: process.practice.next_date.set_by.clone(),
        copies: copies(view),
        disputed: disputes.filter(|found| belongs(found.question)).map(|found| found.place).collect(),
    }
}

/// The edits that put the process's agenda into the plan: the items that do not stand there, withdrawn or not. Two people who
/// do it apart write the same rows, and what somebody changed meanwhile stays.
pub fn agenda_edits(view: &View, pep: &Pep) -> Vec<Edit> {
    let there: Vec<&str> = rows(view, "meeting.agenda").map(|row| row.key.as_str()).collect();
    let items = items_for_child(view, pep).into_iter();
    let edits = items.filter_map(|item| {
        let cells = cells_of(item);
        let key = key_of(&cells)?;
        let question = "meeting.agenda".to_owned();
        (!there.contains(&key.as_str())).then_some(Edit::PutRow { question, key, cells })
    });
    edits.collect()
}

/// The time of day in words such as `14:30`, `2.30pm, 40 minutes` or `3 pm`. An early hour without am or pm could be either,
/// and is none.
pub fn clock_in(text: &str) -> Option<NaiveTime> {
    found_clock(text).map(|(_, time)| time)
}

/// The length in minutes in words such as `14:30, 40 minutes`.
pub fn length_in(text: &str) -> Option<u16> {
    found_length(text).map(|(_, minutes)| minutes)
}

/// These words with their time of day as `say` says it: `3:15pm, 40 minutes` of `15:15, 40 minutes`.
pub fn with_time_said(text: &str, say: impl Fn(NaiveTime) -> String) -> String {
    let mut text = text.trim().to_owned();
    if let Some((range, time)) = found_clock(&text) {
        text.replace_range(range, &say(time));
    }
    text
}

/// These words with another time, or another length, or both: `14:30, 40 minutes`. What else is said in them stays.
pub fn with_time(text: &str, time: Option<NaiveTime>, minutes: Option<u16>) -> String {
    let mut text = text.trim().to_owned();
    if let Some(time) = time {
        let said = time.format("%H:%M").to_string();
        match found_clock(&text) {
            Some((range, _)) => text.replace_range(range, &said),
            None if text.is_empty() => text = said,
            None => text = format!("{said}, {text}"),
        }
    }
    if let Some(minutes) = minutes {
        let said = format!("{minutes} minutes");
        match (found_length(&text), found_clock(&text)) {
            (Some((range, _)), _) => text.replace_range(range, &said),
            (None, Some((range, _))) => text.insert_str(range.end, &format!(", {said}")),
            (None, None) if text.is_empty() => text = said,
            (None, None) => text = format!("{said}, {text}"),
        }
    }
    text
}

/// What a person should look at before and after the meeting. `owner` says who answers for a question.
pub(crate) fn findings(view: &View, pep: &Pep, around: Around<'_>, owner: &dyn Fn(&str) -> Role) -> Vec<Finding> {
    let meeting = meeting(view, pep, &[], around);
    let mut found = Vec::new();
    let mut add = |severity, field: &str, says: String| {
        let question = field.split('/').next().unwrap_or_default();
        found.push(Finding { field: Some(field.to_owned()), ..finding(severity, owner(question), &says) });
    };
    for action in &meeting.actions {
        let mut doubt = |column: &str, says: &str| {
            add(Severity::Doubtful, &format!("meeting.actions/{}/{column}", action.key), says.to_owned());
        };
        if action.person.is_none() {
            doubt("person", "Nobody is named to do this.");
        }
        match action.by {
            None => doubt("byWhen", "There is no day by which this is done."),
            Some(_) if action.overdue => doubt("status", "The day for this has passed. Has it been done?"),
            Some(_) => {}
        }
    }
    if meeting.kind == Some(ReviewKind::Desk) {
        if !meeting.desk_review_allowed {
            let says = "This process reviews this PEP in a meeting. Arrange one, or ask the Virtual School.";
            add(Severity::Blocks, "meeting.kind", says.to_owned());
        } else {
            let says = "This is a review without a meeting, as this process allows here.";
            add(Severity::Doubtful, "meeting.kind", says.to_owned());
        }
        return found;
    }
    if let (Some(date), Some(next)) = (meeting.date, view.next_date)
        && next.date <= date
    {
        add(Severity::Blocks, "meeting.nextDate", "The next PEP's date is not after this meeting.".to_owned());
    }
    if meeting.date.is_none() && meeting.invitees.is_empty() {
        return found;
    }
    let role = |role: Role| role.label().to_lowercase();
    if meeting.chair.named.is_none() && !meeting.disputed.iter().any(|place| place == "meeting.chair") {
        let says = match (meeting.chair.mode, meeting.chair.role) {
            (_, Some(first)) => format!("Nobody is named to chair. In this process that is first the {}.", role(first)),
            (_, None) => "Nobody is named to chair. In this process it is agreed at the start.".to_owned(),
        };
        add(Severity::Doubtful, "meeting.chair", says);
    }
    for missing in meeting.missing.iter().filter(|_| !meeting.held) {
        let how = match missing.wanted {
            Attendance::Required => "This process needs this person in the meeting",
            Attendance::WhenInitial => "At a child's first PEP this process expects this person",
            Attendance::ByChoice => "The child wants to take part",
            Attendance::Expected | Attendance::OnRequest | Attendance::Optional => "This process expects this person",
        };
        let says = format!("{how} ({}), and the invitations name nobody.", role(missing.role));
        add(Severity::Doubtful, "meeting.attendees", says);
    }
    if meeting.held {
        for absent in &meeting.below_quorum {
            let says = format!(
                "The meeting was held without somebody this process needs ({}). Say why in the notes of the meeting.",
                role(*absent)
            );
            add(Severity::Doubtful, "meeting.notes", says);
        }
        // A tick is no proof of a meeting, so nobody signs on one alone (PEP.md 4.7).
        if meeting.invitees.iter().filter(|invitee| invitee.came()).count() < HELD_BY {
            let says = "The meeting is said to have been held. Who was there?";
            add(Severity::Blocks, "meeting.attendees", says.to_owned());
        }
    }
    let invited = meeting.invitees.iter().filter(|invitee| invitee.invited).count();
    if let Some(limit) = meeting.small_up_to.filter(|limit| invited > usize::from(*limit)) {
        let says =
            format!("{invited} people are invited; this process keeps a meeting to {limit}, for the child's sake.");
        add(Severity::Doubtful, "meeting.attendees", says);
    }
    if let Some(says) = late_words(view, pep, &meeting, around.today) {
        add(Severity::Doubtful, "voice.recordedOn", says.to_owned());
    }
    found
}

impl MeetingView {
    /// Where the meeting is at `now`, in the time of the place where it is held. Nothing on another day, while its time or its
    /// agenda are not known, or once somebody said that it has been held.
    pub fn running(&self, now: NaiveDateTime) -> Option<Running> {
        let starts = self.date?.and_time(self.starts?);
        if self.held || self.date != Some(now.date()) || self.kind == Some(ReviewKind::Desk) {
            return None;
        }
        let gone = (now - starts).num_seconds().div_euclid(60);
        let planned = self.agenda.last().map(|last| last.after.saturating_add(last.minutes))?;
        let ends = i64::from(planned.max(self.minutes));
        if gone < 0 {
            return Some(Running::Before(-gone));
        }
        if gone >= ends {
            return Some(Running::Over(gone - ends));
        }
        // What is agreed beyond the agenda belongs to its last point.
        let at = self.agenda.iter().rposition(|point| point.minutes > 0 && i64::from(point.after) <= gone)?;
        let next = self.agenda.iter().skip(at + 1).find(|point| point.minutes > 0);
        let until = next.map_or(ends, |point| i64::from(point.after));
        Some(Running::At(at, until - gone))
    }
}

impl ChildPart {
    /// How the child takes part as far as anybody knows: their own choice, else what the process suggests.
    pub fn expected(&self) -> Option<&str> {
        self.choice.as_deref().or(self.suggested.as_deref())
    }
}

impl Invitee {
    /// They were there, for all or a part of it.
    pub fn came(&self) -> bool {
        matches!(self.attended.as_deref(), Some("all" | "part"))
    }
}

/// Ways of taking part in which the child is there.
const COMES: [&str; 4] = ["come_to_all", "come_for_part", "last_10_minutes", "on_a_call"];

fn child_part(view: &View, pep: &Pep, minutes: u16) -> ChildPart {
    let choice_made = choice(view, "voice.meetingChoice").map(str::to_owned);
    let defaults = &pep.process().practice.voice.default_option;
    let suggested = view.phase.and_then(|phase| defaults.get(&phase)).cloned();
    let joins_after = match choice_made.as_deref().or(suggested.as_deref()) {
        Some("last_10_minutes") => Some(minutes.saturating_sub(LAST_MINUTES)),
        Some("come_to_all") => Some(0),
        _ => None,
    };
    let proxy = text(view, "voice.proxy").filter(|_| choice_made.as_deref() == Some("someone_speaks_for_me"));
    let took = choice(view, "meeting.childPart").map(str::to_owned);
    let own = view.own.contains("voice.meetingChoice");
    ChildPart { own, choice: choice_made, suggested, proxy, joins_after, took }
}

fn seat(view: &View, question: &str, post: &Post, team: &[Who]) -> Seat {
    let roles: Vec<Role> = post.default.iter().chain(&post.fallback).copied().collect();
    let role = roles.iter().copied().find(|role| !people(team, *role).is_empty()).or(roles.first().copied());
    let people = role.map_or_else(Vec::new, |role| people(team, role));
    Seat { named: text(view, question), mode: post.mode, role, people }
}

fn items_for_child<'a>(view: &View, pep: &'a Pep) -> Vec<&'a AgendaItem> {
    pep.process().practice.meeting.agenda.for_child(view.phase, choice(view, "voice.meetingChoice"))
}

/// The plan's agenda in the process's order, what people added at its end; the process's where the plan has none.
fn agenda(view: &View, pep: &Pep, starts: Option<NaiveTime>) -> (Vec<AgendaPoint>, bool) {
    let written = rows(view, "meeting.agenda").next().is_some();
    let mut live: BTreeMap<&str, &Row> =
        rows(view, "meeting.agenda").filter(|row| row.counts()).map(|row| (row.key.as_str(), row)).collect();
    let mut points = Vec::new();
    for item in items_for_child(view, pep) {
        let row = key_of(&cells_of(item)).and_then(|key| live.remove(key.as_str()));
        if written && row.is_none() {
            continue;
        }
        points.push(AgendaPoint {
            id: Some(item.id.clone()),
            label: item.label.clone(),
            minutes: row.and_then(minutes_of).unwrap_or(u16::from(item.minutes.get())),
            after: 0,
            at: None,
            lead: row.and_then(|row| said(row, "lead")),
            lead_role: item.lead,
            opens: item.opens.clone(),
        });
    }
    points.extend(live.into_values().map(|row| AgendaPoint {
        id: None,
        label: words(row, "item"),
        minutes: minutes_of(row).unwrap_or(0),
        after: 0,
        at: None,
        lead: said(row, "lead"),
        lead_role: None,
        opens: Vec::new(),
    }));
    let mut after: u16 = 0;
    for point in &mut points {
        point.after = after;
        point.at = starts.map(|starts| starts.overflowing_add_signed(TimeDelta::minutes(after.into())).0);
        after = after.saturating_add(point.minutes);
    }
    (points, written)
}

fn cells_of(item: &AgendaItem) -> Cells {
    let minutes = Value::Number(Number::from_hundredths(i64::from(item.minutes.get()) * 100));
    let label = Value::Text(item.label.clone());
    BTreeMap::from([("item".to_owned(), Some(label)), ("minutes".to_owned(), Some(minutes))])
}

/// The key of a row of the agenda: from its name alone, whoever writes it.
fn key_of(cells: &Cells) -> Option<String> {
    let anybody = Writer::new(Uuid::nil(), Role::SocialWorker);
    row_key("meeting.agenda", cells, &anybody, &mut || [0; 16]).ok()
}

/// Minutes somebody entered; of several the most.
fn minutes_of(row: &Row) -> Option<u16> {
    let whole = |value: &Value| u16::try_from(value.quantity()? / 100).ok();
    match row.cells.get("minutes")? {
        crate::view::Cell::Value(value) => whole(value),
        crate::view::Cell::Disputed(claims) => claims.iter().filter_map(|claim| whole(&claim.value)).max(),
        _ => None,
    }
}

fn invitees(view: &View, pep: &Pep) -> Vec<Invitee> {
    let attendance = &pep.process().practice.meeting.attendance;
    let child: Vec<String> =
        ["child.legalName", "child.preferredName"].iter().filter_map(|id| text(view, id)).collect();
    let invitee = |row: &Row| {
        let called = words(row, "role");
        let is_child = child.contains(&words(row, "person"));
        let role = if is_child { Some(Role::YoungPerson) } else { role_named(&called) };
        Invitee {
            key: row.key.clone(),
            person: words(row, "person"),
            role,
            wanted: role
                .and_then(|role| attendance.iter().find(|(other, _)| role.counts_as(**other)))
                .map(|(_, how)| *how),
            called,
            invited: ticked(row, "invited"),
            attended: chosen(row, "attended").map(str::to_owned),
            apologies: ticked(row, "apologies"),
            views_sent: ticked(row, "viewsSent"),
        }
    };
    rows(view, "meeting.attendees").filter(|row| row.counts()).map(invitee).collect()
}

/// The role that these words name: those whose words are all among them, as "Foster carer" names a carer. Before school and after
/// it the designated teacher has other names (PEP.md 7.1).
fn role_named(called: &str) -> Option<Role> {
    let plain = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
    };
    let called = plain(called);
    let says = |name: &str| plain(name).iter().all(|word| called.contains(word));
    let designated = ["designated practitioner", "designated person"].into_iter().any(says);
    let named = Role::ALL.iter().copied().find(|role| says(role.label()));
    named.or(designated.then_some(Role::DesignatedTeacher))
}

fn missing(pep: &Pep, invitees: &[Invitee], child: &ChildPart, team: &[Who]) -> Vec<Missing> {
    let wanted = pep.process().practice.meeting.attendance.iter().filter(|(_, how)| match how {
        Attendance::Required | Attendance::Expected => true,
        Attendance::WhenInitial => pep.kind == PepType::Initial,
        Attendance::ByChoice => child.expected().is_some_and(|part| COMES.contains(&part)),
        Attendance::OnRequest | Attendance::Optional => false,
    });
    let asked = |role: Role| {
        let of_role = |invitee: &Invitee| invitee.role.is_some_and(|other| other.counts_as(role));
        invitees.iter().any(|invitee| of_role(invitee) && (invitee.invited || invitee.attended.is_some()))
    };
    let missing = wanted.filter(|(role, _)| !asked(**role));
    missing.map(|(role, how)| Missing { role: *role, wanted: *how, people: people(team, *role) }).collect()
}

fn below_quorum(pep: &Pep, invitees: &[Invitee], held: bool) -> Vec<Role> {
    let needed = pep.process().practice.meeting.attendance.iter().filter(|(_, how)| **how == Attendance::Required);
    let there = |invitee: &Invitee| match held {
        true => invitee.came(),
        false => invitee.invited && !invitee.apologies && invitee.attended.as_deref() != Some("no"),
    };
    let filled = |role: Role| {
        let of_role = |invitee: &&Invitee| invitee.role.is_some_and(|other| other.counts_as(role));
        invitees.iter().filter(of_role).any(there)
    };
    needed.map(|(role, _)| *role).filter(|role| !filled(*role)).collect()
}

fn people(team: &[Who], role: Role) -> Vec<String> {
    team.iter().filter(|who| who.role.counts_as(role)).map(|who| who.name.clone()).collect()
}

fn reviewed(view: &View, around: Around<'_>) -> Vec<Reviewed> {
    let before = around.previous.map_or_else(Vec::new, agreed_targets);
    let review = |target: &str, statement: String, measure: Option<String>, row: Option<&Row>| Reviewed {
        target: target.to_owned(),
        statement,
        measure,
        row: row.map(|row| row.key.clone()),
        result: row.and_then(|row| chosen(row, "result")).map(str::to_owned),
        evidence: row.and_then(|row| said(row, "evidence")),
        next_step: row.and_then(|row| chosen(row, "nextStep")).map(str::to_owned),
        funded: false,
    };
    let mut reviewed: Vec<Reviewed> = before
        .iter()
        .map(|target| {
            let row = reviews(view).find(|row| reviews_target(row, target));
            let funded = target.requested.saturating_add(target.retained) > 0;
            let (statement, measure) = (words(&target.row, "statement"), said(&target.row, "measure"));
            Reviewed { funded, ..review(&target.row.key, statement, measure, row) }
        })
        .collect();
    // What is reviewed without the last PEP on this device is known by its words alone.
    let others = reviews(view).filter(|row| !before.iter().any(|target| reviews_target(row, target)));
    reviewed.extend(others.map(|row| review(&row.key, words(row, "target"), None, Some(row))));
    reviewed
}

fn actions(view: &View, today: NaiveDate) -> Vec<Action> {
    let action = |row: &Row| {
        let by = dates(row, "byWhen").into_iter().min();
        let status = chosen(row, "status").unwrap_or("open").to_owned();
        Action {
            key: row.key.clone(),
            action: words(row, "action"),
            person: said(row, "person"),
            by,
            overdue: status == "open" && by.is_some_and(|by| by < today),
            status,
            outcome: said(row, "outcome"),
        }
    };
    let mut actions: Vec<Action> = rows(view, "meeting.actions").filter(|row| row.counts()).map(action).collect();
    actions.sort_by(|a, b| (a.by.is_none(), a.by, &a.key).cmp(&(b.by.is_none(), b.by, &b.key)));
    actions
}

fn copies(view: &View) -> Vec<Recipient> {
    let recipient = |row: &Row| Recipient {
        person: words(row, "person"),
        version: chosen(row, "version").map(str::to_owned),
        sent_on: dates(row, "sentOn").into_iter().min(),
    };
    rows(view, "meeting.copies").filter(|row| row.counts()).map(recipient).collect()
}

/// What is the matter with the child's words, where the process wants them before the meeting (R001-10).
fn late_words(view: &View, pep: &Pep, meeting: &MeetingView, today: NaiveDate) -> Option<&'static str> {
    let process = pep.process();
    let page: &Page = process.page("voice.recordedOn")?;
    let due = page.due.filter(|due| due.side == DueSide::Before)?;
    let meets = meeting.date?;
    if date(view, "voice.recordedOn").is_some_and(|recorded| recorded > meets) {
        return Some("The child's words were written down after the meeting. This process wants them before it.");
    }
    let words = bank().questions().iter().filter(|question| question.block == "voice" && question.voice);
    let mut answers = words.filter_map(|question| view.answers.get(question.id.as_str()));
    let given = answers.any(|answer| !matches!(answer, Answer::Missing | Answer::Elsewhere));
    let by = pep.process.calendar().before(meets, due.days, due.day_kind);
    let by = by.or_else(|_| pep.process.calendar().before(meets, due.days, DayKind::Calendar)).ok()?;
    let late = meeting.held || today > by;
    (late && !given && !is_yes(view, "voice.declined"))
        .then_some("The child's words are not written down yet. This process wants them before the meeting.")
}

/// The question is shown with the meeting.
fn belongs(question: &str) -> bool {
    question == "voice.meetingChoice" || question.starts_with("meeting.")
}

fn rows<'a>(view: &'a View, table: &str) -> impl Iterator<Item = &'a Row> + use<'a> {
    let rows = match view.answers.get(table) {
        Some(Answer::Table(rows)) => rows.as_slice(),
        _ => &[],
    };
    rows.iter()
}

fn choice<'a>(view: &'a View, question: &str) -> Option<&'a str> {
    match view.answers.get(question) {
        Some(Answer::Value(Value::Choice(word))) => Some(word),
        _ => None,
    }
}

fn date(view: &View, question: &str) -> Option<NaiveDate> {
    match view.answers.get(question) {
        Some(Answer::Value(Value::Date(day))) => Some(*day),
        _ => None,
    }
}

fn text(view: &View, question: &str) -> Option<String> {
    match view.answers.get(question) {
        Some(Answer::Text { text } | Answer::Value(Value::Text(text))) => Some(text.trim().to_owned()),
        _ => None,
    }
}

fn is_yes(view: &View, question: &str) -> bool {
    view.answers.get(question) == Some(&Answer::Value(Value::YesNo(true)))
}

/// What stands in a cell, `None` if nothing does.
fn said(row: &Row, column: &str) -> Option<String> {
    Some(words(row, column)).filter(|words| !words.is_empty())
}

fn ticked(row: &Row, column: &str) -> bool {
    row.cells.get(column) == Some(&crate::view::Cell::Value(Value::YesNo(true)))
}

/// The whole numbers in a text, with where they stand.
fn numbers(text: &str) -> impl Iterator<Item = (Range<usize>, u16)> {
    let digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let starts = (0..text.len()).filter(move |at| digit(*at) && !(*at > 0 && digit(at - 1)));
    starts.filter_map(move |start| {
        let end = (start..).find(|at| !digit(*at))?;
        Some((start..end, text.get(start..end)?.parse().ok()?))
    })
}

fn found_clock(text: &str) -> Option<(Range<usize>, NaiveTime)> {
    numbers(text).find_map(|(hours, hour)| {
        let rest = text.get(hours.end..)?;
        let two_digits = |rest: &str| {
            let digits = rest.get(..2).filter(|two| two.bytes().all(|byte| byte.is_ascii_digit()))?;
            let ends = !rest.as_bytes().get(2).is_some_and(u8::is_ascii_digit);
            digits.parse::<u16>().ok().filter(|minute| ends && *minute < 60)
        };
        let minute = rest.strip_prefix([':', '.']).and_then(two_digits);
        let after = hours.end + if minute.is_some() { 3 } else { 0 };
        let rest = text.get(after..)?;
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        let half = rest.get(spaces..spaces + 2).map(str::to_lowercase);
        let (hour, end) = match (half.as_deref(), minute) {
            (Some("am"), _) if (1..=12).contains(&hour) => (hour % 12, after + spaces + 2),
            (Some("pm"), _) if (1..=12).contains(&hour) => (hour % 12 + 12, after + spaces + 2),
            (_, Some(_)) if hour >= 7 => (hour, after),
            _ => return None,
        };
        let time = NaiveTime::from_hms_opt(hour.into(), minute.unwrap_or(0).into(), 0)?;
        Some((hours.start..end, time))
    })
}

fn found_length(text: &str) -> Option<(Range<usize>, u16)> {
    numbers(text).find_map(|(number, minutes)| {
        let rest = text.get(number.end..)?;
        let unit = rest.trim_start_matches(' ');
        let word: String = unit.chars().take_while(|c| c.is_ascii_alphabetic()).collect();
        let known = ["min", "mins", "minute", "minutes"].contains(&word.to_lowercase().as_str());
        let end = number.end + (rest.len() - unit.len()) + word.len();
        (known && minutes > 0).then_some((number.start..end, minutes))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u32, minute: u32) -> Option<NaiveTime> {
        NaiveTime::from_hms_opt(hour, minute, 0)
    }

    #[test]
    fn a_role_is_known_by_the_words_people_use_for_it() {
        for (called, role) in [
            ("Foster carer", Some(Role::Carer)),
            ("social-worker", Some(Role::SocialWorker)),
            ("Virtual School officer (secondary)", Some(Role::VirtualSchoolOfficer)),
            ("Designated practitioner", Some(Role::DesignatedTeacher)),
            ("SENCO", None),
            ("", None),
        ] {
            assert_eq!(role_named(called), role, "{called}");
        }
    }

    #[test]
    fn a_time_is_read_as_people_write_it_and_a_doubtful_one_is_none() {
        for (text, time, length) in [
            ("14:30", at(14, 30), None),
            ("14.30, 40 minutes", at(14, 30), Some(40)),
            ("2.30pm for 45 mins", at(14, 30), Some(45)),
            ("3 pm", at(15, 0), None),
            ("12:05 am", at(0, 5), None),
            ("40 min from 9:15", at(9, 15), Some(40)),
            ("2:30", None, None),
            ("14:61", None, None),
            ("25:00", None, None),
            ("after art", None, None),
            ("room 101, 15.15", at(15, 15), None),
            ("ünï 9:1é", None, None),
            ("99999999999:00 70000 minutes", None, None),
            ("", None, None),
        ] {
            assert_eq!((clock_in(text), length_in(text)), (time, length), "{text}");
        }
    }

    #[test]
    fn a_time_is_said_otherwise_and_all_else_stays() {
        let say = |time: NaiveTime| format!("<{}>", time.format("%H.%M"));
        assert_eq!(with_time_said(" 15:15, 40 minutes; after art ", say), "<15.15>, 40 minutes; after art");
        assert_eq!(with_time_said("after art", say), "after art");
    }

    #[test]
    fn another_time_leaves_what_else_was_said() {
        assert_eq!(with_time("", at(14, 30), Some(40)), "14:30, 40 minutes");
        assert_eq!(with_time("14:30, 40 minutes", at(15, 15), None), "15:15, 40 minutes");
        assert_eq!(with_time("14:30", None, Some(40)), "14:30, 40 minutes");
        assert_eq!(with_time("2.30pm, not during art", at(15, 15), Some(30)), "15:15, 30 minutes, not during art");
        assert_eq!(with_time("not during art", at(15, 15), None), "15:15, not during art");
        assert_eq!(with_time("not during art", None, Some(30)), "30 minutes, not during art");
    }
}
