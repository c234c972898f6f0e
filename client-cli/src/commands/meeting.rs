//! `pep meeting`.

use participant::{
    meeting::{self, Action, Arrangement},
    mine,
};
use std::path::PathBuf;

use chrono::{NaiveDate, NaiveTime};
use disk::write_private;
use plan::{MeetingView, ReviewKind};

use crate::given;
use crate::{
    clock,
    context::Context,
    json::meeting::{Done, Meeting, Shown},
};
use participant::{
    Mine,
    error::{Error, Kind},
    words::{self, counted},
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
    #[arg(long, value_parser = given::day, value_name = "D")]
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
    #[arg(long, value_parser = given::day, value_name = "DATE", requires = "action")]
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
    #[arg(long, value_parser = given::day, value_name = "D")]
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
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let mine = context.mine(&args.pep)?;
    let (wanted, asked) = (arrangement(&args)?, mine.clone());
    let arranged =
        context.turn(move |device, now| meeting::arrange(device, &asked, &wanted, &mut clock::fresh_id, now))?;
    let (mut said, mut written) = (Done { pep: mine.pep.id(), ..Done::default() }, false);
    if let Some(applied) = &arranged.applied {
        (said.changed, written) = (Some(applied.change.is_some()), true);
        if let Some(key) = &arranged.action {
            said.action = Some(key.clone());
            if !context.global.json {
                context.data(key);
            }
        }
        context.saved(applied)?;
    } else if args.agenda {
        (said.changed, written) = (Some(false), true);
        context.talk("The agenda stands in the plan already.");
    }
    if let Some(file) = &args.ics {
        (said.bytes, written) = (Some(write_calendar(context, &mine, file)?), true);
    }
    if !written {
        return show(context, &mine);
    }
    let to_standard_output = args.ics.is_some_and(|file| file.as_os_str() == "-");
    if context.global.json && !to_standard_output {
        context.json(&Meeting::Done(said));
    }
    Ok(())
}

/// What the options say.
fn arrangement(args: &Args) -> Result<Arrangement, Error> {
    let pairs = |texts: &[String]| texts.iter().map(|text| name_and_word(text)).collect::<Result<Vec<_>, Error>>();
    let invited = args.invite.iter().map(|invite| invite.split_once('=').unwrap_or((invite, "")));
    Ok(Arrangement {
        kind: args
            .kind
            .as_deref()
            .map(|kind| if kind == "desk-review" { ReviewKind::Desk } else { ReviewKind::Meeting }),
        date: args.date,
        time: args.time,
        length: args.length,
        place: args.place.clone(),
        chair: args.chair.clone(),
        note_taker: args.note_taker.clone(),
        invited: invited.map(|(name, role)| (name.to_owned(), role.to_owned())).collect(),
        attended: pairs(&args.attended)?,
        apologies: args.apologies.clone(),
        views_sent: args.views_sent.clone(),
        child_part: args.child_part.clone(),
        agenda: args.agenda,
        action: args.action.clone().map(|what| Action { what, who: args.who.clone(), by: args.by }),
        action_done: args.action_done.clone().map(|key| (key, args.outcome.clone())),
        held: args.held,
        next_date: args.next_date,
        next_time: args.next_time.clone(),
        copies: pairs(&args.copy)?,
    })
}

fn name_and_word(text: &str) -> Result<(String, String), Error> {
    let pair = text.rsplit_once('=').map(|(name, word)| (name.to_owned(), word.to_owned()));
    pair.ok_or_else(|| {
        Error::new(Kind::Usage, "It is written as NAME=WORD. Nothing was changed.")
            .hint("Put it in quotation marks: --attended \"Carys Wexcombe=all\", --copy \"Carys Wexcombe=full\"")
    })
}

fn time_of_day(text: &str) -> Result<NaiveTime, String> {
    plan::clock_in(text).ok_or_else(|| "write a time such as 15:15 or 3.15pm".to_owned())
}

fn write_calendar(context: &mut Context, mine: &Mine, file: &std::path::Path) -> Result<usize, Error> {
    let asked = mine.clone();
    let text = context.turn(move |device, now| meeting::calendar_file(device, &asked, now))?;
    if file.as_os_str() == "-" {
        context.raw(text.as_bytes());
        return Ok(text.len());
    }
    write_private(&context.path(file), text.as_bytes()).map_err(|e| {
        Error::new(Kind::Failed, format!("The file {} could not be written ({e}).", file.display()))
            .hint("Look whether the folder exists, whether you may write there, and whether the disk is full.")
    })?;
    context.talk(format!("Written: {}. It says when and where, and names no child.", file.display()));
    Ok(text.len())
}

fn show(context: &mut Context, mine: &Mine) -> Result<(), Error> {
    let asked = mine.clone();
    let meeting = context.turn(move |device, now| {
        let (view, team) = (asked.view(device)?, mine::team(device, &asked.pep.child, now));
        meeting::meeting(device, &asked, &view, &team, now)
    })?;
    if context.global.json {
        context.json(&Meeting::Shown(Box::new(Shown::of(mine.pep.id(), meeting))));
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
        lines.push(format!("Chair: {}", meeting::seat(&meeting.chair)));
        lines.push(format!("Notes: {}", meeting::seat(&meeting.note_taker)));
        lines.push(format!("The child: {}", meeting::child(meeting)));
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
        let result = target.result.as_deref().map_or("not reviewed yet", |result| meeting::review_label(result));
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
