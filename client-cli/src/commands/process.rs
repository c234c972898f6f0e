//! `pep process`.

use std::path::PathBuf;

use plan::{Milestone, Page, Practice, Process, ProcessRef, Processes, Role};

use crate::{
    context::Context,
    json::{directory as json, edits::Different},
};
use participant::error::{Error, Kind};

/// The processes a PEP can follow: which pages, whose questions, which rules
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List them
    List,
    /// Show how one works, in words: clocks, meeting, completion, quality check, pages and questions
    Show {
        /// Its id, such as sections
        id: String,
    },
    /// Say what is different between two versions or processes, such as sections@1 sections@2; each may also be a file
    Diff {
        /// The one
        a: String,
        /// The other
        b: String,
    },
    /// Check the file of a process; says the line and the reason where it cannot be used
    Check {
        /// The file
        file: PathBuf,
    },
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    match args.verb {
        Verb::List => list(context),
        Verb::Show { id } => show(context, &id),
        Verb::Diff { a, b } => diff(context, &a, &b),
        Verb::Check { file } => check(context, &file),
    }
}

fn list(context: &mut Context) -> Result<(), Error> {
    if context.global.json {
        context.json(&Processes::built_in().newest().map(json::Process::of).collect::<Vec<_>>());
        return Ok(());
    }
    for process in Processes::built_in().newest() {
        context.data(format!("{}  version {}  {} ({})", process.id, process.version, process.name, process.code));
    }
    for newer in Processes::built_in().newer() {
        context.data(format!(
            "{}  version {}  {}: made for a newer version of this program",
            newer.id, newer.version, newer.name
        ));
    }
    Ok(())
}

fn show(context: &mut Context, id: &str) -> Result<(), Error> {
    let Some(process) = Processes::built_in().newest().find(|process| process.id == id) else {
        return Err(
            Error::new(Kind::Failed, "There is no process of that name.").hint("`pep process list` shows them.")
        );
    };
    if context.global.json {
        context.json(&json::WholeProcess::of(process));
        return Ok(());
    }
    context.data(format!("{} ({}), version {}", process.name, process.code, process.version));
    context.data(format!("For PEPs begun from {} on.", participant::words::date(process.effective_from)));
    context.data(&process.practice.note);
    for line in practice(&process.practice) {
        context.data(line);
    }
    context.data("All of this is the Virtual School's own practice, not the law.");
    for page in &process.pages {
        context.data(format!("\n{}. {} - {}", page.id, page.title, owners(page)));
        for question in &page.questions {
            context.data(format!("  {}  {}", question.id, question.label));
        }
    }
    Ok(())
}

fn diff(context: &mut Context, a: &str, b: &str) -> Result<(), Error> {
    let (a, b) = (named(context, a)?, named(context, b)?);
    let differences = plan::differences(a.process(), b.process());
    if context.global.json {
        let each = differences.iter().map(|one| Different { field: one.question, says: one.says.clone() });
        context.json(&each.collect::<Vec<_>>());
        return Ok(());
    }
    for difference in &differences {
        context.data(&difference.says);
    }
    if differences.is_empty() {
        context.talk("The two ask and do the same.");
    }
    Ok(())
}

/// A process by id, by id and version, or by its file.
fn named(context: &Context, name: &str) -> Result<ProcessRef, Error> {
    let built_in = Processes::built_in();
    let found = match name.split_once('@') {
        Some((id, version)) => version.parse().ok().and_then(|version| built_in.get(id, version).ok()),
        None => built_in.latest(name).ok(),
    };
    if let Some(found) = found {
        return Ok(found);
    }
    let process = read(context, std::path::Path::new(name))?;
    let id = process.id.clone();
    Processes::new(vec![process]).latest(&id).map_err(|unknown| Error::new(Kind::Failed, unknown.to_string()))
}

fn read(context: &Context, file: &std::path::Path) -> Result<Process, Error> {
    let text = std::fs::read_to_string(context.path(file))
        .map_err(|e| Error::new(Kind::Failed, format!("The file {} could not be read ({e}).", file.display())))?;
    Process::parse(&text).map_err(|bad| Error::new(Kind::Findings, format!("{}: {bad}", file.display())))
}

fn check(context: &mut Context, file: &std::path::Path) -> Result<(), Error> {
    let process = read(context, file)?;
    if context.global.json {
        context.json(&json::Process::of(&process));
    }
    context.talk(format!("{} version {} can be used.", process.id, process.version));
    Ok(())
}

fn owners(page: &Page) -> String {
    let name = |role: &Role| role.label().to_lowercase();
    let mut said = name(&page.owner);
    page.alternate_owner.iter().for_each(|role| said += &format!(" or {}", name(role)));
    if !page.owner_when_not_on_roll.is_empty() {
        said += &format!("; on no roll: {}", roles(&page.owner_when_not_on_roll));
    }
    if let Some(due) = &page.due {
        let side = if due.side == plan::DueSide::Before { "before" } else { "after" };
        said += &format!("; due {} {} {side} the meeting", due.days, due.day_kind.label());
    }
    said
}

/// The parameters of PEP.md section 2, a line each.
fn practice(practice: &Practice) -> Vec<String> {
    let meeting = &practice.meeting;
    let post = |post: &plan::Post| {
        let first = post.default.map_or(String::new(), |role| format!(", {}", role.label().to_lowercase()));
        let others = if post.fallback.is_empty() { String::new() } else { format!(", else {}", roles(&post.fallback)) };
        format!("{}{first}{others}", post.mode.label())
    };
    let list = |words: Vec<String>| if words.is_empty() { "nothing".to_string() } else { words.join("; ") };
    let qa = &practice.qa;
    let grades: Vec<&str> = qa.grades.iter().map(|grade| grade.label.as_str()).collect();
    vec![
        format!("Begun by: {}.", roles(&practice.initiation.by)),
        format!(
            "Who tells whom: {}.",
            list(
                practice
                    .initiation
                    .notify
                    .iter()
                    .map(|n| format!("{} tells {}", roles(&[n.from]), roles(&n.to)))
                    .collect()
            )
        ),
        format!("First PEP: {}.", list(practice.first_pep.iter().map(milestone).collect())),
        format!("After a change of school: {}.", list(practice.school_move.iter().map(milestone).collect())),
        format!(
            "Reviews a year: {}; {}. Besides: {}.",
            list(
                practice
                    .review
                    .per_year
                    .iter()
                    .map(|(phase, n)| format!("{} {n}", phase.label().to_lowercase()))
                    .collect()
            ),
            practice.review.kind.label(),
            list(practice.review.triggers.iter().map(|trigger| trigger.label().to_string()).collect())
        ),
        format!("Filled in: {}.", practice.editing.label()),
        format!(
            "Chair: {}. Notes: {}. Held: {}.",
            post(&meeting.chair),
            post(&meeting.note_taker),
            meeting.mode.label()
        ),
        format!(
            "Who comes: {}.",
            list(meeting.attendance.iter().map(|(role, how)| format!("{} {}", roles(&[*role]), how.label())).collect())
        ),
        format!(
            "Agenda, {} minutes: {}.{}",
            meeting.agenda.minutes(),
            list(meeting.agenda.items.iter().map(|item| format!("{} ({})", item.label, item.minutes)).collect()),
            meeting.small_up_to.map_or(String::new(), |most| format!(" Kept small: up to {most} people."))
        ),
        format!("The child's views are written down by: {}.", roles(&practice.voice.recorders)),
        format!(
            "The child takes part: {}. Suggested: {}; the child chooses.",
            list(practice.voice.meeting_options.iter().map(|word| part(word)).collect()),
            list(
                practice
                    .voice
                    .default_option
                    .iter()
                    .map(|(phase, word)| format!("{} {}", phase.label().to_lowercase(), part(word)))
                    .collect()
            )
        ),
        format!(
            "Complete, in this order: {}. Who waits: {}.{}",
            roles(&practice.completion.order),
            list(
                practice
                    .completion
                    .gates
                    .iter()
                    .map(|gate| format!("{} for {}", roles(&[gate.role]), roles(&gate.requires)))
                    .collect()
            ),
            practice.completion.window.map_or(String::new(), |window| format!(
                " Within {} {} of the meeting.",
                window.days,
                window.day_kind.label()
            ))
        ),
        format!(
            "The next PEP begins with: {}.",
            list(
                practice.carry_forward.iter().map(|(block, how)| format!("{} {}", title(block), how.label())).collect()
            )
        ),
        format!(
            "Quality check: {} areas; grades: {}; {}.",
            qa.areas.len(),
            if grades.is_empty() { "none".to_string() } else { grades.join(", ") },
            qa.sampling.label()
        ),
        format!(
            "Next date: set by {}, on page {}{}.",
            roles(&practice.next_date.set_by),
            practice.next_date.recorded_on_page,
            if practice.next_date.auto_generate { "; provisional until then" } else { "" }
        ),
        format!("Ends with: {}.", list(practice.closing.iter().map(|event| event.label().to_string()).collect())),
        format!(
            "A new social worker: {}.",
            practice
                .case_transfer
                .approved_by
                .map_or("nobody has to agree".to_string(), |role| { format!("the {} agrees", role.label()) })
        ),
        format!("Young person: {}. Carer: {}.", practice.access.young_person.label(), practice.access.carer.label()),
        format!("A target is called: {}. The longer aim: {}.", practice.labels.target, practice.labels.outcome),
    ]
}

/// How a child takes part, in the words of the question.
fn part(word: &str) -> String {
    let question = plan::bank().question("voice.meetingChoice");
    question.map_or(word.to_string(), |question| question.label_of(word).to_lowercase())
}

fn title(block: &str) -> &str {
    plan::bank().blocks().iter().find(|(id, _)| id == block).map_or(block, |(_, title)| title.as_str())
}

fn milestone(milestone: &Milestone) -> String {
    let emergency = milestone.when_emergency.map_or(String::new(), |days| format!(" ({days} in an emergency)"));
    let (days, kind, since) = (milestone.days, milestone.day_kind.label(), milestone.from.label());
    format!("{} within {days} {kind} of {since}{emergency}", milestone.event.label())
}

fn roles(roles: &[Role]) -> String {
    roles.iter().map(|role| role.label().to_lowercase()).collect::<Vec<_>>().join(", ")
}
