//! `pep child`.

use ::sync::{
    act::ChildFact,
    frame::NewChild,
    roster::{Child, Member, Person, dates_follow},
};
use plan::Role;
use uuid::Uuid;

use crate::given;
use crate::{clock, context::Context, json::directory};
use participant::{
    act,
    error::{Error, Kind},
    words,
};

/// The children of your teams
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Make a child known (social workers and the Virtual School), also without a connection
    Add {
        /// The child's name
        #[arg(long)]
        name: String,
        /// Date of birth, as 2010-11-02
        #[arg(long, value_name = "DATE")]
        dob: chrono::NaiveDate,
        /// Looked after since, as 2019-06-18
        #[arg(long, value_parser = given::day, value_name = "DATE")]
        looked_after_since: Option<chrono::NaiveDate>,
        /// Placed in an emergency
        #[arg(long)]
        emergency: bool,
    },
    /// Put one fact about a child right, with the reason (needs the relay now)
    #[command(group = clap::ArgGroup::new("fact").required(true))]
    Set {
        /// The child's id, its beginning (4 characters or more), or the exact name
        child: String,
        /// The child's name
        #[arg(long, group = "fact")]
        name: Option<String>,
        /// Date of birth, as 2010-11-02
        #[arg(long, value_parser = given::day, value_name = "DATE", group = "fact")]
        dob: Option<chrono::NaiveDate>,
        /// Looked after since, as 2019-06-18
        #[arg(long, value_parser = given::day, value_name = "DATE", group = "fact")]
        looked_after_since: Option<chrono::NaiveDate>,
        /// Placed in an emergency
        #[arg(long, value_name = "yes/no", value_parser = ["yes", "no"], group = "fact")]
        emergency: Option<String>,
        /// First day on which the child is not looked after any more: no PEP is due from then on. Why is for the family's part
        #[arg(long, value_name = "DATE", group = "fact")]
        left_care: Option<chrono::NaiveDate>,
        /// The school or setting
        #[arg(long, value_name = "NAME", group = "fact")]
        school: Option<String>,
        /// First day at that school, as 2026-01-05
        #[arg(long, value_name = "DATE", group = "fact")]
        school_from: Option<chrono::NaiveDate>,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Join a child that was entered twice to the entry as which it is to be known (Virtual School; needs the relay now)
    ///
    /// Both entries keep their plans, and everything written and signed in them; they are one child's from then on.
    Join {
        /// The entry that is one too many: its id, the beginning of it, or the exact name
        from: String,
        /// The entry as which the child is known
        into: String,
        /// Why: what shows that they are one child
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// They are two children after all: take apart what was joined
        #[arg(long)]
        undo: bool,
    },
    /// List the children of your teams
    List,
    /// Show one child and who works with them
    Show {
        /// The child's id, its beginning (4 characters or more), or the exact name
        child: String,
    },
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    match args.verb {
        Verb::Add { name, dob, looked_after_since, emergency } => {
            let child = NewChild {
                child: *clock::fresh_id().as_bytes(),
                name,
                dob: dob.to_string(),
                looked_after_since: looked_after_since.map(|d| d.to_string()),
                emergency,
            };
            add(context, child)
        }
        Verb::Set { child, name, dob, looked_after_since, emergency, left_care, school, school_from, reason } => {
            let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string());
            let of = |fact, is: Option<String>| is.map(|is| (fact, is));
            let said = of(ChildFact::Name, name)
                .or(of(ChildFact::Dob, day(dob)))
                .or(of(ChildFact::LookedAfterSince, day(looked_after_since)))
                .or(of(ChildFact::Emergency, emergency))
                .or(of(ChildFact::LeftCare, day(left_care)))
                .or(of(ChildFact::School, school))
                .or(of(ChildFact::SchoolFrom, day(school_from)));
            let Some((fact, is)) = said else { return Err(Error::new(Kind::Usage, "Say which fact is put right.")) };
            let said =
                context.turn(move |device, now| act::correct_child(device, &child, (fact, &is), &reason, now))?;
            context.has_done(said, "Put right.")
        }
        Verb::Join { from, into, reason, undo } => {
            let said =
                context.turn(move |device, now| act::join_children(device, (&from, &into), undo, &reason, now))?;
            let words = if undo { "Two children again." } else { "One child from now on." };
            context.has_done(said, words)
        }
        Verb::List => list(context),
        Verb::Show { child } => show(context, &child),
    }
}

fn add(context: &mut Context, child: NewChild) -> Result<(), Error> {
    let me = context.me()?;
    let role = me.role.parse::<Role>().ok();
    if !role.is_some_and(|role| role == Role::SocialWorker || role.is_virtual_school()) {
        return Err(Error::new(Kind::NotPermitted, "Only a social worker or the Virtual School makes a child known.")
            .hint("Ask the child's social worker to add the child, and the Virtual School to put you on the team."));
    }
    let name = child.name.trim().to_string();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(Error::new(Kind::Usage, "A child's name is one line of text.")
            .hint("pep child add --name \"Idris Fennimoor\" --dob 2010-11-02"));
    }
    // The relay takes no other child in, and their plans could not be shared.
    if !dates_follow(&child.dob, child.looked_after_since.as_deref(), &clock::now().today()) {
        return Err(Error::new(
            Kind::Usage,
            "A child is born before today, and comes into care after that and before today.",
        )
        .hint("Look at both dates and write them again."));
    }
    let id = Uuid::from_bytes(child.child);
    context.with(move |device| device.add_child(NewChild { name, ..child }))?;
    if context.global.json {
        context.json(&directory::Added { child: id });
    } else {
        context.data(id);
    }
    context.talk("Saved on this device. The relay hears of the child at the next `pep sync`.");
    Ok(())
}

fn list(context: &mut Context) -> Result<(), Error> {
    context.me()?;
    let children = context.with(|device| device.children())?;
    if context.global.json {
        context.json(&children.iter().map(about).collect::<Vec<_>>());
        return Ok(());
    }
    for child in &children {
        context.data(format!("{}  {}, born {}", Uuid::from_bytes(child.id), child.name, born(child)));
    }
    if children.is_empty() {
        context.talk("No child yet. The Virtual School puts you on a child's team; `pep sync` then brings it here.");
    }
    Ok(())
}

fn show(context: &mut Context, text: &str) -> Result<(), Error> {
    let child = context.child(text)?;
    let (id, day) = (child.id, clock::now().today());
    let (team, facts) = context.with(move |device| {
        let roster = device.roster();
        let on_team = roster.team(&id).iter().filter(|m| m.on(&day));
        let team: Vec<(Member, Person)> =
            on_team.filter_map(|m| Some((m.clone(), roster.person(&m.person)?.clone()))).collect();
        Ok::<_, replica::Trouble>((team, roster.restricted(&id).cloned().unwrap_or_default()))
    })?;
    if context.global.json {
        let team = team.iter().map(|(member, person)| directory::Member {
            person: Uuid::from_bytes(person.id),
            name: person.name.clone(),
            organisation: person.organisation.clone(),
            role: member.role.clone(),
            from: member.from.clone(),
            to: member.to.clone(),
        });
        context.json(&directory::ChildAndTeam { child: about(&child), team: team.collect(), facts });
        return Ok(());
    }
    context.data(format!("{}, born {}", child.name, born(&child)));
    context.data(format!("Child {}", Uuid::from_bytes(child.id)));
    if let Some(since) = &child.looked_after_since {
        context.data(format!("Looked after since {}", day_in_words(since)));
    }
    if let Some(school) = &child.school {
        let from = school.from.as_deref().map(|from| format!(", since {}", day_in_words(from))).unwrap_or_default();
        context.data(format!("School: {}{from}", school.name));
    }
    if let Some(from) = &child.not_due_from {
        context.data(format!("No PEP is due any more from {} on", day_in_words(from)));
    }
    for (member, person) in team {
        let role = member.role.parse::<Role>().map_or(member.role.clone(), |role| role.label().to_string());
        let organisation = person.organisation.as_ref().map(|o| format!(", {o}")).unwrap_or_default();
        context.data(format!("  {role}: {}{organisation}", person.name));
    }
    if !facts.is_empty() {
        context.data("Not for everybody on the team:");
        facts.iter().for_each(|(name, value)| context.data(format!("  {name}: {value}")));
    }
    Ok(())
}

fn about(child: &Child) -> directory::Child {
    directory::Child {
        child: Uuid::from_bytes(child.id),
        name: child.name.clone(),
        dob: child.dob.clone(),
        looked_after_since: child.looked_after_since.clone(),
        emergency: child.emergency,
        left_care: child.not_due_from.clone(),
        school: child.school.as_ref().map(|school| school.name.clone()),
        school_from: child.school.as_ref().and_then(|school| school.from.clone()),
    }
}

fn born(child: &Child) -> String {
    day_in_words(&child.dob)
}

fn day_in_words(day: &str) -> String {
    day.parse().map_or_else(|_| day.to_string(), words::date)
}
