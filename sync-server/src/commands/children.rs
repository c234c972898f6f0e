use std::collections::BTreeMap;

use chrono::NaiveDate;
use clap::{Args, Subcommand};
use plan::ClosingEvent;
use sync::{
    act::{ChildFact, REASON_CHARS_MAX},
    directory::Said,
    frame::NewChild,
    roster::{LEFT_CARE, PLACED_FOR_ADOPTION},
};
use uuid::Uuid;

use super::{Desk, Output, columns, find_child};
use crate::{
    directory::{Refused, text},
    error::Error,
    json::{Child, ChildAdded, ChildFacts, ChildSet, ChildrenMerged},
    now,
};

/// Make children known, or show them
#[derive(Args)]
pub(super) struct Children {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a child known; prints the child's id
    Add {
        /// The child's name
        #[arg(long)]
        name: String,
        /// Date of birth
        #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
        dob: String,
        /// First day of being looked after
        #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
        looked_after_since: Option<String>,
        /// Placed in an emergency, which shortens the first deadline
        #[arg(long)]
        emergency: bool,
    },
    /// Say facts about a child, or put them right: an empty value takes one back
    ///
    /// Why a child left care, and that one is placed for adoption, go to those alone who read the family's part of a plan; everybody
    /// else is told that PEPs are no longer due, and not why.
    Set(Box<Set>),
    /// Say something of a child that only those may know who read the family's part of a plan, such as adoption or orders
    ///
    /// It goes to the devices of those roles alone: social workers, designated teachers and the Virtual School.
    Fact {
        /// The child: id, the first letters of it, or the whole name
        child: String,
        /// Which fact, such as adoption
        name: String,
        /// What it says; left out, the fact is taken back
        value: Option<String>,
    },
    /// Join a child that was entered twice to the entry as which it is to be known
    ///
    /// Both entries keep their plans, and everything written and signed in them; on people's devices they are one child's, by the name
    /// and the dates of the second entry. Who is on the one team joins the other, except whoever's membership there has ended.
    Merge {
        /// The entry that is one too many: id, the first letters of it, or the whole name
        from: String,
        /// The entry as which the child is known
        into: String,
        /// Why: what shows that they are one child
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// They are two children after all: what was joined is taken apart; who came onto a team by it stays there
        #[arg(long)]
        undo: bool,
    },
    /// List them: id, name, date of birth, how many people are on the team today
    List,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("fact").required(true).multiple(true))]
struct Set {
    /// The child: id, the first letters of it, or the whole name
    child: String,
    /// The child's name
    #[arg(long, group = "fact")]
    name: Option<String>,
    /// Date of birth
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, group = "fact")]
    dob: Option<String>,
    /// First day of being looked after
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day_or_none, group = "fact")]
    looked_after_since: Option<String>,
    /// Placed in an emergency
    #[arg(long, value_name = "yes/no", value_parser = ["yes", "no"], group = "fact")]
    emergency: Option<String>,
    /// First day on which the child is not looked after any more: no PEP is due from then on
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day_or_none, group = "fact")]
    left_care: Option<String>,
    /// Why: adoption-order, special-guardianship, child-arrangements, return-home, eighteen, or in your words
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Placed for adoption since
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day_or_none, group = "fact")]
    placed_for_adoption: Option<String>,
    /// The school or setting
    #[arg(long, value_name = "NAME", group = "fact")]
    school: Option<String>,
    /// First day at the school
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day_or_none, group = "fact")]
    from: Option<String>,
}

impl Set {
    /// What everybody on the team reads.
    fn facts(&self) -> Vec<(ChildFact, String)> {
        let said = [
            (ChildFact::Name, &self.name),
            (ChildFact::Dob, &self.dob),
            (ChildFact::LookedAfterSince, &self.looked_after_since),
            (ChildFact::Emergency, &self.emergency),
            (ChildFact::LeftCare, &self.left_care),
            (ChildFact::School, &self.school),
            (ChildFact::SchoolFrom, &self.from),
        ];
        said.into_iter().filter_map(|(fact, is)| Some((fact, is.clone()?))).collect()
    }

    /// What only some may know: the fact, and what it says, or that it is taken back.
    fn restricted(&self) -> Vec<(&'static str, Option<String>)> {
        let said = |text: &String| (!text.is_empty()).then(|| text.clone());
        let why = self.left_care.as_ref().map(|day| said(day).and(self.reason.as_deref().map(because)));
        let placed = self.placed_for_adoption.as_ref().map(said);
        let both = [(LEFT_CARE, why), (PLACED_FOR_ADOPTION, placed)];
        both.into_iter().filter_map(|(fact, is)| Some((fact, is?))).collect()
    }

    fn run(self, desk: &Desk) -> Result<Output, Error> {
        desk.with(move |relay| {
            let id = find_child(relay, &self.child)?;
            let (facts, restricted) = (self.facts(), self.restricted());
            relay.administer(|directory| {
                if !facts.is_empty() {
                    directory.set_child(&id, &facts, now())?;
                }
                restricted.iter().try_for_each(|(fact, is)| directory.restrict(&id, fact, is.as_deref(), now()))
            })?;
            let child = relay.directory().children().find(|child| child.id == id).cloned().unwrap_or_default();
            let school = child.school.as_ref();
            let set = ChildSet {
                child: Uuid::from_bytes(id),
                name: child.name.clone(),
                dob: child.dob.clone(),
                looked_after_since: child.looked_after_since.clone(),
                emergency: child.emergency,
                left_care: child.not_due_from.clone(),
                school: school.map(|school| school.name.clone()),
                school_from: school.and_then(|school| school.from.clone()),
                facts: relay.directory().restricted(&id).map(|(name, is)| (name.clone(), is.clone())).collect(),
            };
            Ok(Output::new(format!("{}  {}\n", text(&id), child.name), &set))
        })
    }
}

/// A reason by the word that the rules know, where it is one of theirs.
fn because(reason: &str) -> String {
    let word: String = reason.trim().to_lowercase().split([' ', '_', '-']).collect::<Vec<_>>().join("-");
    let known = match word.as_str() {
        "adoption" | "adopted" | "an-adoption-order" => "adoption-order",
        "sgo" | "special-guardianship-order" => "special-guardianship",
        "cao" | "child-arrangements-order" => "child-arrangements",
        "returned-home" | "home" => "return-home",
        "18" | "turned-18" => "eighteen",
        word => word,
    };
    known.parse::<ClosingEvent>().map_or_else(|_| reason.trim().to_owned(), |event| event.to_string())
}

impl Children {
    /// Whether it makes a child known.
    pub fn adds(&self) -> bool {
        matches!(self.command, Command::Add { .. })
    }

    pub fn run(self, desk: &Desk) -> Result<Output, Error> {
        match self.command {
            Command::Add { name, dob, looked_after_since, emergency } => desk.with(move |relay| {
                let child = relay.new_id();
                let new = NewChild { child, name, dob, looked_after_since, emergency };
                relay.administer(|directory| directory.add_child(&new, None, now()))?;
                Ok(Output::new(format!("{}\n", text(&child)), &ChildAdded { child: Uuid::from_bytes(child) }))
            }),
            Command::Set(set) => set.run(desk),
            Command::Fact { child, name, value } => desk.with(move |relay| {
                let id = find_child(relay, &child)?;
                relay.administer(|directory| directory.restrict(&id, &name, value.as_deref(), now()))?;
                let facts: BTreeMap<String, String> =
                    relay.directory().restricted(&id).map(|(name, value)| (name.clone(), value.clone())).collect();
                let rows: Vec<Vec<String>> =
                    facts.iter().map(|(name, value)| vec![name.clone(), value.clone()]).collect();
                Ok(Output::new(columns(&rows), &ChildFacts { child: Uuid::from_bytes(id), facts }))
            }),
            Command::Merge { from, into, reason, undo } => desk.with(move |relay| {
                let (from, into) = (find_child(relay, &from)?, find_child(relay, &into)?);
                let why = reason.trim().to_owned();
                if why.is_empty() || why.chars().count() > REASON_CHARS_MAX || why.chars().any(char::is_control) {
                    return Err(Refused::ActReason.into());
                }
                let said = Said { by: None, on: crate::directory::day(now()), why: Some(why) };
                relay.administer(|directory| directory.join_children((&from, &into), undo, said, None, now()))?;
                let words =
                    if undo { "Two children again.\n" } else { "One child from now on, on every device that syncs.\n" };
                let [child, into] = [from, into].map(Uuid::from_bytes);
                Ok(Output::new(words.to_owned(), &ChildrenMerged { child, into, joined: !undo }))
            }),
            Command::List => desk.with(|relay| {
                let today = crate::directory::day(now());
                let mut rows = Vec::new();
                let mut list = Vec::new();
                for child in relay.directory().children() {
                    let team = relay.directory().team(&child.id).iter().filter(|m| m.on(&today)).count();
                    let joined = relay.directory().joined(&child.id).map(|joined| joined.into);
                    let known_as = joined.map_or(String::new(), |into| format!("is {}", text(&into)));
                    rows.push(vec![text(&child.id), child.name.clone(), child.dob.clone(), team.to_string(), known_as]);
                    list.push(Child {
                        child: Uuid::from_bytes(child.id),
                        name: child.name.clone(),
                        dob: child.dob.clone(),
                        looked_after_since: child.looked_after_since.clone(),
                        emergency: child.emergency,
                        team,
                        joined_to: joined.map(Uuid::from_bytes),
                    });
                }
                Ok(Output::new(columns(&rows), &list))
            }),
        }
    }
}

/// The same, or nothing: the fact is taken back.
fn day_or_none(text: &str) -> Result<String, &'static str> {
    if text.is_empty() { Ok(String::new()) } else { day(text) }
}

/// A day as it is written in the directory.
fn day(text: &str) -> Result<String, &'static str> {
    text.parse::<NaiveDate>().map(|day| day.to_string()).map_err(|_| "a day is written as 2016-03-14")
}
