//! `pep meeting`.

use std::{collections::BTreeMap, path::PathBuf};

use chrono::{NaiveDate, NaiveTime};
use disk::write_private;
use plan::{Answer, Cells, Edit, MeetingView, ReviewKind, Role, Value, View, Who, Writer, parse_value};
use replica::Trouble;
use serde_json::Map;
use uuid::Uuid;

use crate::{
    bring,
    calendar::{self, Appointment},
    clock,
    context::{Context, Mine},
    core::counted,
    error::{CommandError, Kind},
    select, words,
};

/// The meeting: when and where, who is asked, the agenda, actions, the next date
///
/// Without options it shows the meeting. With options it writes; several options in one command are saved together or not at
/// all. Names stand in quotation marks: --invite "Carys Wexcombe=carer".
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The PEP's id, or its beginning (4 characters or more)
    pep: String,
    /// A meeting, or a desk-review where the process allows one
    #[arg(long, value_name = "KIND", value_parser = ["meeting", "desk-review"])]
    kind: Option<String>,
    /// The day, such as 2026-02-26
    #[arg(long, value_name = "D")]
    date: Option<NaiveDate>,
    /// The time, such as 15:15 or 3.15pm
    #[arg(long, value_name = "T", value_parser = time_of_day)]
    time: Option<NaiveTime>,
    /// The length in minutes
    #[arg(long, value_name = "MIN", value_parser = clap::value_parser!(u16).range(1..=480))]
    length: Option<u16>,
    /// The place, or the link
    #[arg(long, value_name = "TEXT")]
    place: Option<String>,
    /// Who chairs
    #[arg(long, value_name = "NAME")]
    chair: Option<String>,
    /// Who takes notes
    #[arg(long, value_name = "NAME")]
    note_taker: Option<String>,
    /// Somebody to invite, and what they are: "Carys Wexcombe=carer"; the role may be left out for people of the team
    #[arg(long, value_name = "NAME=ROLE")]
    invite: Vec<String>,
    /// Who was there, for all of it, a part or not: "Carys Wexcombe=part"
    #[arg(long, value_name = "NAME=all|part|no")]
    attended: Vec<String>,
    /// Who sent apologies
    #[arg(long, value_name = "NAME")]
    apologies: Vec<String>,
    /// Who sent their views
    #[arg(long, value_name = "NAME")]
    views_sent: Vec<String>,
    /// How the child took part: all, part, last_10_minutes, call, proxy, views_read or not_present
    #[arg(long, value_name = "CHOICE")]
    child_part: Option<String>,
    /// Put the process's agenda into the plan
    #[arg(long)]
    agenda: bool,
    /// An action to add; prints its key
    #[arg(long, value_name = "TEXT")]
    action: Option<String>,
    /// Who does it
    #[arg(long, value_name = "NAME", requires = "action")]
    who: Option<String>,
    /// By when it is done
    #[arg(long, value_name = "DATE", requires = "action")]
    by: Option<NaiveDate>,
    /// The action of this key has been done
    #[arg(long, value_name = "KEY")]
    action_done: Option<String>,
    /// What came of it
    #[arg(long, value_name = "T", requires = "action_done")]
    outcome: Option<String>,
    /// The meeting has been held
    #[arg(long)]
    held: bool,
    /// The next PEP's date
    #[arg(long, value_name = "D")]
    next_date: Option<NaiveDate>,
    /// The next PEP's time and place
    #[arg(long, value_name = "T")]
    next_time: Option<String>,
    /// Who gets a copy, and which: "Carys Wexcombe=full", child_friendly or part
    #[arg(long, value_name = "NAME=full|child_friendly|part")]
    copy: Vec<String>,
    /// Write a calendar file, or - for standard output; it names no child
    #[arg(long, value_name = "FILE")]
    ics: Option<PathBuf>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), CommandError> {
    let mine = select::pep(context, &args.pep)?;
    let view = context.view(&mine)?;
    let team = team(context, &mine)?;
    let writer = Writer { person: Uuid::from_bytes(context.me()?.person), role: mine.role };
    let mut sheet = Sheet { mine: &mine, view: &view, team: &team, writer, edits: Vec::new(), action: None };
    sheet.fill(&args)?;
    let (edits, action) = (sheet.edits, sheet.action);
    let mut said = Map::new();
    if !edits.is_empty() {
        // All of it belongs to the plan itself: one document, one change.
        let question = context.question("meeting.kind")?;
        let applied = context.edit(&mine, question, edits)?;
        said.insert("changed".into(), applied.change.is_some().into());
        if let Some(key) = &action {
            said.insert("action".into(), key.as_str().into());
            if !context.global.json {
                context.data(key);
            }
        }
        context.saved(&applied)?;
    } else if args.agenda {
        said.insert("changed".into(), false.into());
        context.talk("The agenda stands in the plan already.");
    }
    if let Some(file) = &args.ics {
        let bytes = write_calendar(context, &mine, file)?;
        said.insert("bytes".into(), bytes.into());
    }
    if said.is_empty() {
        return show(context, &mine, &view, &team);
    }
    let to_standard_output = args.ics.is_some_and(|file| file.as_os_str() == "-");
    if context.global.json && !to_standard_output {
        said.insert("pep".into(), mine.pep.id().to_string().into());
        context.json(&said.into());
    }
    Ok(())
}

/// What the options come to, in the order in which it can be written.
struct Sheet<'a> {
    mine: &'a Mine,
    view: &'a View,
    team: &'a [Who],
    writer: Writer,
    edits: Vec<Edit>,
    action: Option<String>,
}

impl Sheet<'_> {
    fn fill(&mut self, args: &Args) -> Result<(), CommandError> {
        self.kind(args)?;
        if let Some(day) = args.date {
            self.choose("meeting.date", Value::Date(day));
        }
        if args.time.is_some() || args.length.is_some() {
            let before = match self.view.answers.get("meeting.time") {
                Some(Answer::Text { text }) => text.as_str(),
                _ => "",
            };
            let text = plan::with_time(before, args.time, args.length);
            self.edits.push(Edit::Rewrite { question: "meeting.time".into(), text });
        }
        for (question, text) in [("meeting.place", &args.place), ("meeting.nextTime", &args.next_time)] {
            if let Some(text) = text.clone() {
                self.edits.push(Edit::Rewrite { question: question.into(), text });
            }
        }
        for (question, name) in [("meeting.chair", &args.chair), ("meeting.noteTaker", &args.note_taker)] {
            if let Some(name) = name {
                let name = self.known(name)?;
                self.choose(question, parse_value(question, &name)?);
            }
        }
        self.people(args)?;
        if let Some(part) = &args.child_part {
            self.choose("meeting.childPart", parse_value("meeting.childPart", part)?);
        }
        if args.agenda {
            self.edits.extend(plan::agenda_edits(self.view, &self.mine.pep));
        }
        self.actions(args)?;
        if args.held {
            self.choose("meeting.held", Value::YesNo(true));
        }
        if let Some(day) = args.next_date {
            self.choose("meeting.nextDate", Value::Date(day));
        }
        for copy in &args.copy {
            let (name, version) = name_and_word(copy)?;
            let name = self.known(name)?;
            self.row("meeting.copies", &[("person", &name), ("version", version)])?;
        }
        Ok(())
    }

    /// Says that it is a meeting where somebody arranges one and nobody has said so yet.
    fn kind(&mut self, args: &Args) -> Result<(), CommandError> {
        let arranges = args.date.is_some()
            || args.time.is_some()
            || args.length.is_some()
            || args.place.is_some()
            || args.chair.is_some()
            || args.note_taker.is_some()
            || args.child_part.is_some()
            || args.agenda;
        let open = self.view.answers.get("meeting.kind") == Some(&Answer::Missing);
        let kind = match args.kind.as_deref() {
            Some("desk-review") => "desk_review",
            Some(_) => "meeting",
            None if arranges && open => "meeting",
            None => return Ok(()),
        };
        let today = NaiveDate::default();
        let around = plan::Around { today, previous: None, others: &[] };
        let allowed = || plan::meeting(self.view, &self.mine.pep, &[], around).desk_review_allowed;
        if kind == "desk_review" && !allowed() {
            return Err(CommandError::new(
                Kind::NotPermitted,
                "This process reviews this PEP in a meeting, not on paper. Nothing was changed.",
            )
            .hint("The Virtual School decides where a review without a meeting will do."));
        }
        self.choose("meeting.kind", Value::Choice(kind.into()));
        Ok(())
    }

    fn people(&mut self, args: &Args) -> Result<(), CommandError> {
        for invite in &args.invite {
            let (name, role) = invite.split_once('=').unwrap_or((invite, ""));
            let name = self.known(name)?;
            let on_team = self.team.iter().find(|who| who.name == name).map(|who| who.role.label().to_owned());
            let named = role.parse::<Role>().map(|role| role.label().to_owned()).ok();
            let role = named.or_else(|| (!role.trim().is_empty()).then(|| role.trim().to_owned())).or(on_team);
            match role {
                Some(role) => {
                    self.row("meeting.attendees", &[("person", &name), ("role", &role), ("invited", "yes")])?
                }
                None => {
                    return Err(CommandError::new(
                        Kind::Usage,
                        "Say what this person is to the child: --invite \"NAME=ROLE\". Nothing was changed.",
                    )
                    .hint("A role such as carer or professional, or any words: \"Rhoda Quillane=SENCO\"."));
                }
            }
        }
        for attended in &args.attended {
            let (name, how) = name_and_word(attended)?;
            let name = self.known(name)?;
            self.row("meeting.attendees", &[("person", &name), ("attended", how)])?;
        }
        for (names, column) in [(&args.apologies, "apologies"), (&args.views_sent, "viewsSent")] {
            for name in names {
                let name = self.known(name)?;
                self.row("meeting.attendees", &[("person", &name), (column, "yes")])?;
            }
        }
        Ok(())
    }

    fn actions(&mut self, args: &Args) -> Result<(), CommandError> {
        if let Some(action) = &args.action {
            let who = args.who.as_deref().map(|name| self.known(name)).transpose()?;
            let by = args.by.map(|day| day.to_string());
            let mut cells = vec![("action", action.as_str()), ("status", "open")];
            cells.extend(who.as_deref().map(|who| ("person", who)));
            cells.extend(by.as_deref().map(|by| ("byWhen", by)));
            self.row("meeting.actions", &cells)?;
        }
        if let Some(key) = &args.action_done {
            let rows = match self.view.answers.get("meeting.actions") {
                Some(Answer::Table(rows)) => rows.as_slice(),
                _ => &[],
            };
            let key = select::key("action", key, rows.iter().map(|row| row.key.as_str()))?;
            let mut cells = vec![("status", "done")];
            cells.extend(args.outcome.as_deref().map(|outcome| ("outcome", outcome)));
            let cells = cells_of("meeting.actions", &cells)?;
            self.edits.push(Edit::PutRow { question: "meeting.actions".into(), key, cells });
        }
        Ok(())
    }

    fn choose(&mut self, question: &str, value: Value) {
        self.edits.push(Edit::Choose { question: question.into(), value });
    }

    fn row(&mut self, table: &str, cells: &[(&str, &str)]) -> Result<(), CommandError> {
        let cells = cells_of(table, cells)?;
        let key = plan::row_key(table, &cells, &self.writer, &mut || *clock::fresh_id().as_bytes())?;
        if table == "meeting.actions" {
            self.action = Some(key.clone());
        }
        self.edits.push(Edit::PutRow { question: table.into(), key, cells });
        Ok(())
    }

    /// The whole name of somebody on the team or in the list of those who come, where `said` is a part of one name alone;
    /// else the name as it was said.
    fn known(&self, said: &str) -> Result<String, CommandError> {
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
                Err(CommandError::new(
                    Kind::Usage,
                    format!("That could be {}. Nothing was changed.", several.join(" or ")),
                )
                .hint("Give the whole name of the one you mean."))
            }
        }
    }
}

fn plain(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

fn cells_of(table: &str, cells: &[(&str, &str)]) -> Result<Cells, CommandError> {
    let parse = |(column, text): &(&str, &str)| {
        Ok(((*column).to_owned(), Some(parse_value(&format!("{table}/{column}"), text)?)))
    };
    cells.iter().map(parse).collect()
}

fn name_and_word(text: &str) -> Result<(&str, &str), CommandError> {
    text.rsplit_once('=').ok_or_else(|| {
        CommandError::new(Kind::Usage, "It is written as NAME=WORD. Nothing was changed.")
            .hint("Put it in quotation marks: --attended \"Carys Wexcombe=all\", --copy \"Carys Wexcombe=full\"")
    })
}

fn time_of_day(text: &str) -> Result<NaiveTime, String> {
    plan::clock_in(text).ok_or_else(|| "write a time such as 15:15 or 3.15pm".to_owned())
}

/// Who works with the child today.
pub fn team(context: &Context, mine: &Mine) -> Result<Vec<Who>, CommandError> {
    let (child, day) = (*mine.pep.child.as_bytes(), clock::today());
    let roster = context.with(|core| Ok::<_, Trouble>(core.roster().clone()))?;
    let members = roster.teams.iter().filter(|member| member.child == child && member.on(&day));
    let who = members.filter_map(|member| {
        let person = roster.person(&member.person)?;
        let (name, role) = (person.name.clone(), member.role.parse().ok()?);
        Some(Who { person: Uuid::from_bytes(person.id), name, role, until: None })
    });
    let mut team: Vec<Who> = who.collect();
    team.sort();
    Ok(team)
}

/// The meeting as it stands.
pub fn meeting(context: &Context, mine: &Mine, view: &View, team: &[Who]) -> Result<MeetingView, CommandError> {
    let last = bring::last(context, mine)?;
    let around = plan::Around { today: clock::day(), previous: last.as_ref().map(|(_, view)| view), others: &[] };
    Ok(plan::meeting(view, &mine.pep, team, around))
}

/// The meeting for a calendar. It names no child.
pub fn calendar_file(context: &Context, mine: &Mine) -> Result<String, CommandError> {
    let view = context.view(mine)?;
    let meeting = meeting(context, mine, &view, &[])?;
    let Mine { pep, role } = mine.clone();
    let changes = context.with(move |core| {
        let papers = core.papers(&pep, role)?;
        Ok::<_, Trouble>(papers.documents().map_or(0, |documents| documents.main.get_changes_meta(&[]).len()))
    })?;
    let (Some(date), Some(starts)) = (meeting.date, meeting.starts) else {
        return Err(CommandError::new(Kind::Failed, "A calendar needs the day and the time of the meeting.").hint(
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
        now: clock::now(),
    };
    calendar::file(&appointment)
        .ok_or_else(|| CommandError::new(Kind::Failed, "The clocks change that night, and there is no such time."))
}

fn write_calendar(context: &mut Context, mine: &Mine, file: &std::path::Path) -> Result<usize, CommandError> {
    let text = calendar_file(context, mine)?;
    if file.as_os_str() == "-" {
        context.raw(text.as_bytes());
        return Ok(text.len());
    }
    write_private(&context.path(file), text.as_bytes()).map_err(|e| {
        CommandError::new(Kind::Failed, format!("The file {} could not be written ({e}).", file.display()))
            .hint("Look whether the folder exists, whether you may write there, and whether the disk is full.")
    })?;
    context.talk(format!("Written: {}. It says when and where, and names no child.", file.display()));
    Ok(text.len())
}

fn show(context: &mut Context, mine: &Mine, view: &View, team: &[Who]) -> Result<(), CommandError> {
    let meeting = meeting(context, mine, view, team)?;
    if context.global.json {
        let mut json = serde_json::to_value(&meeting)
            .map_err(|_| CommandError::new(Kind::Failed, "The meeting could not be shown as JSON."))?;
        json["pep"] = mine.pep.id().to_string().into();
        context.json(&json);
        return Ok(());
    }
    context.data(context.title(&mine.pep)?);
    for line in when_and_who(&meeting) {
        context.data(line);
    }
    for line in what(&meeting) {
        context.data(line);
    }
    for place in &meeting.disputed {
        context.data(format!("Two answers at {place}; somebody has to choose: pep conflicts PEP"));
    }
    Ok(())
}

fn when_and_who(meeting: &MeetingView) -> Vec<String> {
    let mut lines = Vec::new();
    if meeting.kind == Some(ReviewKind::Desk) {
        lines.push("Review without a meeting".to_owned());
    } else {
        let date = meeting.date.map_or("no day yet".to_owned(), words::date);
        let time = meeting.time.clone().unwrap_or_else(|| "no time yet".to_owned());
        let place = meeting.place.clone().unwrap_or_else(|| format!("no place yet ({})", meeting.mode.label()));
        lines.push(format!("Meeting: {date}, {time}, {place}{}", if meeting.held { " - held" } else { "" }));
        let length = if meeting.length_agreed { "agreed" } else { "what the agenda comes to" };
        lines.push(format!("Length: {} minutes ({length})", meeting.minutes));
        lines.push(format!("Chair: {}", seat(&meeting.chair)));
        lines.push(format!("Notes: {}", seat(&meeting.note_taker)));
        lines.push(format!("The child: {}", child(meeting)));
    }
    if !meeting.invitees.is_empty() {
        lines.push("People".to_owned());
    }
    for invitee in &meeting.invitees {
        let mut said = Vec::new();
        said.extend(invitee.wanted.map(|wanted| wanted.label().to_owned()));
        said.extend(invitee.invited.then(|| "invited".to_owned()));
        said.extend(invitee.apologies.then(|| "apologies".to_owned()));
        said.extend(invitee.views_sent.then(|| "views sent".to_owned()));
        said.extend(invitee.attended.as_deref().map(|how| match how {
            "all" => "there".to_owned(),
            "part" => "there for part".to_owned(),
            _ => "not there".to_owned(),
        }));
        let role = invitee.role.map_or(invitee.called.clone(), |role| role.label().to_owned());
        lines.push(format!("  {}, {role}: {}", invitee.person, said.join(", ")));
    }
    for missing in &meeting.missing {
        let people = if missing.people.is_empty() { String::new() } else { format!(": {}", missing.people.join(", ")) };
        lines.push(format!(
            "  Not invited yet: {}, {}{people}",
            missing.role.label().to_lowercase(),
            missing.wanted.label()
        ));
    }
    if !meeting.below_quorum.is_empty() && !meeting.invitees.is_empty() {
        let roles: Vec<String> = meeting.below_quorum.iter().map(|role| role.label().to_lowercase()).collect();
        lines.push(format!(
            "  This process needs: {}. The meeting can go on without; say why in the notes.",
            roles.join(", ")
        ));
    }
    lines
}

fn what(meeting: &MeetingView) -> Vec<String> {
    let mut lines = Vec::new();
    if meeting.kind != Some(ReviewKind::Desk) {
        let from = if meeting.agenda_written { "" } else { " (the process's; --agenda puts it into the plan)" };
        lines.push(format!("Agenda{from}"));
        for point in &meeting.agenda {
            let at = point.at.map_or(format!("+{:>3}", point.after), |at| at.format("%H:%M").to_string());
            let role = point.lead_role.map(|role| role.label().to_lowercase());
            let lead = point.lead.clone().or(role).map_or(String::new(), |lead| format!(" - {lead}"));
            lines.push(format!("  {at}  {} ({} min){lead}", point.label, point.minutes));
        }
    }
    if !meeting.review.is_empty() {
        lines.push("To review".to_owned());
    }
    for target in &meeting.review {
        let result = target.result.as_deref().map_or("not reviewed yet", |result| review_label(result));
        lines.push(format!("  {} - {result}", target.statement));
    }
    if !meeting.actions.is_empty() {
        lines.push("Actions".to_owned());
    }
    for action in &meeting.actions {
        let who = action.person.as_deref().unwrap_or("nobody named");
        let by = action.by.map_or("no day".to_owned(), |by| format!("by {}", words::date(by)));
        let status = match action.status.as_str() {
            "done" => ", done",
            "not_done" => ", not done",
            _ if action.overdue => ", overdue",
            _ => "",
        };
        let outcome = action.outcome.as_deref().map_or(String::new(), |outcome| format!(": {outcome}"));
        let key: String = action.key.chars().take(8).collect();
        lines.push(format!("  {key}  {} - {who}, {by}{status}{outcome}", action.action));
    }
    let late = meeting.actions.iter().filter(|action| action.overdue).count();
    if late > 0 {
        lines.push(format!("  {} overdue", counted(late, "action")));
    }
    let set_by: Vec<String> = meeting.next_date_set_by.iter().map(|role| role.label().to_lowercase()).collect();
    lines.push(match (meeting.next_date, meeting.next_date_provisional) {
        (None, _) => format!("Next PEP: no date yet; set by the {}", set_by.join(" or ")),
        (Some(day), true) => {
            format!("Next PEP: {} (provisional); set by the {}", words::date(day), set_by.join(" or "))
        }
        (Some(day), false) => {
            let time = meeting.next_time.as_deref().map_or(String::new(), |time| format!(", {time}"));
            format!("Next PEP: {}{time}", words::date(day))
        }
    });
    if !meeting.copies.is_empty() {
        lines.push("Copies".to_owned());
    }
    for copy in &meeting.copies {
        let column = plan::bank().question("meeting.copies").and_then(|question| question.column("version"));
        let version = copy.version.as_deref().map(|word| column.map_or(word, |column| column.label_of(word)));
        let sent = copy.sent_on.map_or("not sent yet".to_owned(), |day| format!("sent on {}", words::date(day)));
        lines.push(format!("  {}: {}, {sent}", copy.person, version.unwrap_or("which, nobody said")));
    }
    lines
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
        (Some(own), _) => format!("{} (their own choice)", label("voice.meetingChoice", own)),
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
