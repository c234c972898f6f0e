//! The meeting: when and where, who is asked, who came, the agenda, actions, the next date, and its calendar file.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime};
use plan::{
    Answer, Applied, Cells, Edit, MeetingView, Refused, ReviewKind, Role, Value, View, Who, Writer, parse_value,
};
use uuid::Uuid;

use crate::{
    Device, Error, Kind, Mine, Now, bring,
    calendar::{self, Appointment},
    mine,
    now::Fresh,
    rows::NotAdded,
    select,
};

/// Who does what by when.
const ACTIONS: &str = "meeting.actions";

/// The meeting as it stands, in the light of who works with the child and of the last PEP.
pub fn meeting(device: &mut Device, mine: &Mine, view: &View, team: &[Who], now: &Now) -> Result<MeetingView, Error> {
    let last = bring::last(device, mine)?;
    let around = plan::Around { today: now.day(), previous: last.as_ref().map(|(_, view)| &**view), others: &[] };
    Ok(plan::meeting(view, &mine.pep, team, around))
}

/// The meeting for a calendar. It names no child.
pub fn calendar_file(device: &mut Device, mine: &Mine, now: &Now) -> Result<String, Error> {
    let view = mine.view(device)?;
    let meeting = meeting(device, mine, &view, &[], now)?;
    let copies = mine.plan_documents(device)?;
    let changes = copies.documents().map_or(0, |documents| documents.main.get_changes_meta(&[]).len());
    let (Some(date), Some(starts)) = (meeting.date, meeting.starts) else {
        return Err(Error::new(Kind::Failed, "A calendar needs the day and the time of the meeting.").hint(
            "`pep meeting PEP --date 2026-02-26 --time 15:15` says them; the social worker and the Virtual School may.",
        ));
    };
    let appointment = Appointment {
        pep: mine.pep.id(),
        date,
        starts,
        minutes: meeting.minutes,
        place: meeting.place.as_deref(),
        sequence: u32::try_from(changes).unwrap_or(u32::MAX),
        now: now.unix(),
    };
    calendar::file(&appointment)
        .ok_or_else(|| Error::new(Kind::Failed, "The clocks change that night, and there is no such time."))
}

/// What somebody arranges or records, all of it saved together or not at all. A person is named whole, or by a part of one name alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// A meeting, or a review on paper where the process allows one.
    pub kind: Option<ReviewKind>,
    /// The day.
    pub date: Option<NaiveDate>,
    /// The time.
    pub time: Option<NaiveTime>,
    /// The length in minutes.
    pub length: Option<u16>,
    /// The place, or the link.
    pub place: Option<String>,
    /// Who chairs.
    pub chair: Option<String>,
    /// Who takes notes.
    pub note_taker: Option<String>,
    /// Who is invited, and what they are; empty for people of the team.
    pub invited: Vec<(String, String)>,
    /// Who was there, and for how much of it: `all`, `part` or `no`.
    pub attended: Vec<(String, String)>,
    /// Who sent apologies.
    pub apologies: Vec<String>,
    /// Who sent their views.
    pub views_sent: Vec<String>,
    /// How the child took part.
    pub child_part: Option<String>,
    /// Put the process's agenda into the plan.
    pub agenda: bool,
    /// An action to add.
    pub action: Option<Action>,
    /// The key of an action that has been done, or its beginning, and what came of it.
    pub action_done: Option<(String, Option<String>)>,
    /// The meeting has been held.
    pub held: bool,
    /// The next PEP's day.
    pub next_date: Option<NaiveDate>,
    /// The next PEP's time and place.
    pub next_time: Option<String>,
    /// Who gets a copy, and which: `full`, `child_friendly` or `part`.
    pub copies: Vec<(String, String)>,
}

/// An action that somebody takes on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Action {
    /// What is to be done.
    pub what: String,
    /// Who does it.
    pub who: Option<String>,
    /// By when.
    pub by: Option<NaiveDate>,
}

/// What became of an arrangement.
#[derive(Debug)]
pub struct Arranged {
    /// What was written; `None` where nothing was to be written.
    pub applied: Option<Applied>,
    /// The key of the action that was added.
    pub action: Option<String>,
}

/// Writes an arrangement as one change; on the disk when this returns.
pub fn arrange(
    device: &mut Device,
    mine: &Mine,
    wanted: &Arrangement,
    fresh: Fresh<'_>,
    now: &Now,
) -> Result<Arranged, Error> {
    let (view, team) = (mine.view(device)?, mine::team(device, &mine.pep.child, now));
    let writer = mine.writer(device, now)?;
    let mut sheet = Sheet { mine, view: &view, team: &team, writer, fresh, edits: Vec::new(), action: None };
    sheet.fill(wanted)?;
    let (edits, action) = (sheet.edits, sheet.action);
    if edits.is_empty() {
        return Ok(Arranged { applied: None, action });
    }
    // All of it belongs to the plan itself: one document, one change.
    let applied = mine.edit(device, mine::question("meeting.kind")?, &edits, now)?;
    Ok(Arranged { applied: Some(applied), action })
}

/// The edit that answers one of the meeting's questions.
pub fn said(question: &str, value: Value) -> Edit {
    Edit::Choose { question: question.to_owned(), value }
}

/// The edit that says that the meeting has been held.
pub fn held() -> Edit {
    said("meeting.held", Value::YesNo(true))
}

/// The edit that puts somebody into a list that is known by their name: who is invited and came, who gets a copy.
pub fn listed(table: &str, cells: Cells, writer: &Writer) -> Result<Edit, Refused> {
    // The key follows from the name: no chance is drawn.
    let key = plan::row_key(table, &cells, writer, &mut || [0; 16])?;
    Ok(Edit::PutRow { question: table.to_owned(), key, cells })
}

/// The edit that adds an action, which is open then, and its key. One that does not say what will be done is none.
pub fn acted(key: Uuid, mut cells: Cells) -> Result<(String, Edit), NotAdded> {
    if !matches!(cells.get("action"), Some(Some(Value::Text(what))) if !what.trim().is_empty()) {
        return Err(NotAdded::Empty);
    }
    cells.insert("status".to_owned(), Some(Value::Choice("open".to_owned())));
    let key = key.to_string();
    Ok((key.clone(), Edit::PutRow { question: ACTIONS.to_owned(), key, cells }))
}

/// The edit that says that an action has been done, and what came of it.
pub fn done(key: &str, outcome: Option<Value>) -> Edit {
    let mut cells = Cells::from([("status".to_owned(), Some(Value::Choice("done".to_owned())))]);
    cells.extend(outcome.map(|outcome| ("outcome".to_owned(), Some(outcome))));
    Edit::PutRow { question: ACTIONS.to_owned(), key: key.to_owned(), cells }
}

/// What an arrangement comes to, in the order in which it can be written.
struct Sheet<'a> {
    mine: &'a Mine,
    view: &'a View,
    team: &'a [Who],
    writer: Writer,
    fresh: Fresh<'a>,
    edits: Vec<Edit>,
    action: Option<String>,
}

impl Sheet<'_> {
    fn fill(&mut self, wanted: &Arrangement) -> Result<(), Error> {
        self.kind(wanted);
        if let Some(day) = wanted.date {
            self.choose("meeting.date", Value::Date(day));
        }
        if wanted.time.is_some() || wanted.length.is_some() {
            let before = match self.view.answers.get("meeting.time") {
                Some(Answer::Text { text }) => text.as_str(),
                _ => "",
            };
            let text = plan::with_time(before, wanted.time, wanted.length);
            self.edits.push(Edit::Rewrite { question: "meeting.time".into(), text });
        }
        for (question, text) in [("meeting.place", &wanted.place), ("meeting.nextTime", &wanted.next_time)] {
            if let Some(text) = text.clone() {
                self.edits.push(Edit::Rewrite { question: question.into(), text });
            }
        }
        for (question, name) in [("meeting.chair", &wanted.chair), ("meeting.noteTaker", &wanted.note_taker)] {
            if let Some(name) = name {
                let name = self.known(name)?;
                self.choose(question, parse_value(question, &name)?);
            }
        }
        self.people(wanted)?;
        if let Some(part) = &wanted.child_part {
            self.choose("meeting.childPart", parse_value("meeting.childPart", part)?);
        }
        if wanted.agenda {
            self.edits.extend(plan::agenda_edits(self.view, &self.mine.pep));
        }
        self.actions(wanted)?;
        if wanted.held {
            self.edits.push(held());
        }
        if let Some(day) = wanted.next_date {
            self.choose("meeting.nextDate", Value::Date(day));
        }
        for (name, version) in &wanted.copies {
            let name = self.known(name)?;
            self.row("meeting.copies", &[("person", &name), ("version", version)])?;
        }
        Ok(())
    }

    /// Says that it is a meeting where somebody arranges one and nobody has said so yet.
    fn kind(&mut self, wanted: &Arrangement) {
        let arranges = wanted.date.is_some()
            || wanted.time.is_some()
            || wanted.length.is_some()
            || wanted.place.is_some()
            || wanted.chair.is_some()
            || wanted.note_taker.is_some()
            || wanted.child_part.is_some()
            || wanted.agenda;
        let open = self.view.answers.get("meeting.kind") == Some(&Answer::Missing);
        let kind = match wanted.kind {
            Some(ReviewKind::Desk) => "desk_review",
            Some(ReviewKind::Meeting) => "meeting",
            None if arranges && open => "meeting",
            None => return,
        };
        self.choose("meeting.kind", Value::Choice(kind.into()));
    }

    fn people(&mut self, wanted: &Arrangement) -> Result<(), Error> {
        for (name, role) in &wanted.invited {
            let name = self.known(name)?;
            let on_team = self.team.iter().find(|who| who.name == name).map(|who| who.role.label().to_owned());
            let named = role.parse::<Role>().map(|role| role.label().to_owned()).ok();
            let role = named.or_else(|| (!role.trim().is_empty()).then(|| role.trim().to_owned())).or(on_team);
            match role {
                Some(role) => {
                    self.row("meeting.attendees", &[("person", &name), ("role", &role), ("invited", "yes")])?
                }
                None => {
                    return Err(Error::new(
                        Kind::Usage,
                        "Say what this person is to the child: --invite \"NAME=ROLE\". Nothing was changed.",
                    )
                    .hint("A role such as carer or professional, or any words: \"Rhoda Quillane=SENCO\"."));
                }
            }
        }
        for (name, how) in &wanted.attended {
            let name = self.known(name)?;
            self.row("meeting.attendees", &[("person", &name), ("attended", how)])?;
        }
        for (names, column) in [(&wanted.apologies, "apologies"), (&wanted.views_sent, "viewsSent")] {
            for name in names {
                let name = self.known(name)?;
                self.row("meeting.attendees", &[("person", &name), (column, "yes")])?;
            }
        }
        Ok(())
    }

    fn actions(&mut self, wanted: &Arrangement) -> Result<(), Error> {
        if let Some(Action { what, who, by }) = &wanted.action {
            let who = who.as_deref().map(|name| self.known(name)).transpose()?;
            let by = by.map(|day| day.to_string());
            let mut cells = vec![("action", what.as_str())];
            cells.extend(who.as_deref().map(|who| ("person", who)));
            cells.extend(by.as_deref().map(|by| ("byWhen", by)));
            let added = acted((self.fresh)(), cells_of(ACTIONS, &cells)?);
            let (key, edit) = added.map_err(|no| no.error(ACTIONS))?;
            self.edits.push(edit);
            self.action = Some(key);
        }
        if let Some((key, outcome)) = &wanted.action_done {
            let rows = match self.view.answers.get(ACTIONS) {
                Some(Answer::Table(rows)) => rows.as_slice(),
                _ => &[],
            };
            let key = select::key("action", key, rows.iter().map(|row| row.key.as_str()))?;
            let outcome = outcome.as_deref().map(|said| parse_value("meeting.actions/outcome", said)).transpose()?;
            self.edits.push(done(&key, outcome));
        }
        Ok(())
    }

    fn choose(&mut self, question: &str, value: Value) {
        self.edits.push(said(question, value));
    }

    fn row(&mut self, table: &str, cells: &[(&str, &str)]) -> Result<(), Error> {
        self.edits.push(listed(table, cells_of(table, cells)?, &self.writer)?);
        Ok(())
    }

    /// The whole name of somebody on the team or in the list of those who come, where `said` is a part of one name alone;
    /// else the name as it was said.
    fn known(&self, said: &str) -> Result<String, Error> {
        let rows = match self.view.answers.get("meeting.attendees") {
            Some(Answer::Table(rows)) => rows.as_slice(),
            _ => &[],
        };
        let listed = rows.iter().filter_map(|row| match row.cells.get("person") {
            Some(plan::Cell::Value(value)) => Some(value.to_string()),
            _ => None,
        });
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for name in self.team.iter().map(|who| who.name.clone()).chain(listed) {
            names.entry(plain(&name)).or_insert(name);
        }
        let wanted = plain(said);
        if let Some(name) = names.get(&wanted) {
            return Ok(name.clone());
        }
        let part = |name: &&String| !wanted.is_empty() && format!(" {} ", plain(name)).contains(&format!(" {wanted} "));
        let found: Vec<&String> = names.values().filter(part).collect();
        match found.as_slice() {
            [] => Ok(said.trim().to_owned()),
            [only] => Ok((*only).clone()),
            several => {
                let several: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
                Err(Error::new(Kind::Usage, format!("That could be {}. Nothing was changed.", several.join(" or ")))
                    .hint("Give the whole name of the one you mean."))
            }
        }
    }
}

fn plain(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

fn cells_of(table: &str, cells: &[(&str, &str)]) -> Result<Cells, Error> {
    let parse = |(column, text): &(&str, &str)| {
        Ok(((*column).to_owned(), Some(parse_value(&format!("{table}/{column}"), text)?)))
    };
    cells.iter().map(parse).collect()
}

/// Who has a post, or who is to have it.
pub fn seat(seat: &plan::Seat) -> String {
    match (&seat.named, seat.role) {
        (Some(name), _) => name.clone(),
        (None, Some(role)) => {
            let people = if seat.people.is_empty() { String::new() } else { format!(": {}", seat.people.join(" or ")) };
            format!("nobody named yet; in this process first the {}{people}", role.label().to_lowercase())
        }
        (None, None) => "nobody named yet; agreed at the start".to_owned(),
    }
}

/// How the child takes part.
pub fn child(meeting: &MeetingView) -> String {
    let label = |question: &str, word: &str| {
        plan::bank().question(question).map_or(word.to_owned(), |question| question.label_of(word).to_lowercase())
    };
    let part = &meeting.child;
    let mut said = match (&part.choice, &part.suggested) {
        (Some(choice), _) if part.own => format!("{} (their own choice)", label("voice.meetingChoice", choice)),
        (Some(choice), _) => format!("{} (as somebody wrote it down for them)", label("voice.meetingChoice", choice)),
        (None, Some(word)) => format!("{} (suggested; the child chooses)", label("voice.meetingChoice", word)),
        (None, None) => "has not been asked yet".to_owned(),
    };
    if let Some(proxy) = &part.proxy {
        said += &format!(", {proxy}");
    }
    let joins = part.joins_after.filter(|after| *after > 0).and_then(|after| {
        let starts = meeting.starts?;
        Some(starts.overflowing_add_signed(chrono::TimeDelta::minutes(after.into())).0)
    });
    if let Some(joins) = joins {
        said += &format!(", from {}", joins.format("%H:%M"));
    }
    if let Some(took) = &part.took {
        said += &format!("; took part: {}", label("meeting.childPart", took));
    }
    said
}

/// What a review of a target came to, in words.
pub fn review_label(result: &str) -> &str {
    let column = plan::bank().question("targets.review").and_then(|question| question.column("result"));
    column.map_or(result, |column| column.label_of(result))
}
