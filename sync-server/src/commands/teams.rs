use clap::{Args, Subcommand, builder::PossibleValuesParser};
use uuid::Uuid;

use super::{Desk, Output, columns, find_child, find_person};
use crate::{
    directory::{day, text},
    error::Error,
    json::{HandedOver, Member, MemberAdded, MemberEnded},
    now, pep,
};

/// Say who works with which child, from when to when
///
/// CHILD and PERSON are an id, the beginning of an id (4 characters or more), or an exact name.
#[derive(Args)]
pub(super) struct Teams {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Put a person on a child's team
    Add {
        /// The child
        child: String,
        /// The person
        person: String,
        /// The person's role for this child
        #[arg(long, value_parser = PossibleValuesParser::new(pep::roles()))]
        role: String,
        /// First day [default: today]
        #[arg(long, value_name = "YYYY-MM-DD")]
        from: Option<String>,
    },
    /// End a person's membership; what they wrote stays theirs
    End {
        /// The child
        child: String,
        /// The person
        person: String,
        /// Last day [default: today]
        #[arg(long, value_name = "YYYY-MM-DD")]
        on: Option<String>,
    },
    /// Hand a case over: one person's membership ends on the day before, the other's begins, in the same role
    HandOver {
        /// The child
        child: String,
        /// Who hands over
        #[arg(long, value_name = "PERSON")]
        from: String,
        /// Who takes over
        #[arg(long, value_name = "PERSON")]
        to: String,
        /// First day of the new person [default: today]
        #[arg(long, value_name = "YYYY-MM-DD")]
        on: Option<String>,
    },
    /// List everyone who is, was or will be on a child's team
    List {
        /// The child
        child: String,
    },
}

impl Teams {
    pub fn run(self, desk: &Desk) -> Result<Output, Error> {
        let at = now();
        let today = move |date: Option<String>| date.unwrap_or_else(|| day(at));
        match self.command {
            Command::Add { child, person, role, from } => desk.with(move |relay| {
                let (child, person) = (find_child(relay, &child)?, find_person(relay, &person)?);
                let from = today(from);
                relay.administer(|directory| directory.add_member(&child, &person, &role, &from, at))?;
                let (child, person) = (Uuid::from_bytes(child), Uuid::from_bytes(person));
                let json = MemberAdded { child, person, role: role.clone(), from: from.clone() };
                Ok(Output::new(format!("On the team as {role} from {from}.\n"), &json))
            }),
            Command::End { child, person, on } => desk.with(move |relay| {
                let (child, person) = (find_child(relay, &child)?, find_person(relay, &person)?);
                let on = today(on);
                relay.administer(|directory| directory.end_member(&child, &person, &on, None, at))?;
                let said = format!("The last day on the team is {on}.\n");
                let (child, person) = (Uuid::from_bytes(child), Uuid::from_bytes(person));
                Ok(Output::new(said, &MemberEnded { child, person, to: on }))
            }),
            Command::HandOver { child, from, to, on } => desk.with(move |relay| {
                let child = find_child(relay, &child)?;
                let (from, to) = (find_person(relay, &from)?, find_person(relay, &to)?);
                let on = today(on);
                relay.administer(|directory| directory.hand_over(&child, &from, &to, &on, None, at))?;
                let said = format!("Handed over from {on}.\n");
                let [child, from, to] = [child, from, to].map(Uuid::from_bytes);
                Ok(Output::new(said, &HandedOver { child, from, to, on }))
            }),
            Command::List { child } => desk.with(move |relay| {
                let child = find_child(relay, &child)?;
                let mut rows = Vec::new();
                let mut list = Vec::new();
                for member in relay.directory().team(&child) {
                    let name = relay.directory().person(&member.person).map(|p| p.name.clone()).unwrap_or_default();
                    let to = member.to.clone();
                    rows.push(vec![
                        text(&member.person),
                        name.clone(),
                        member.role.clone(),
                        member.from.clone(),
                        to.clone().unwrap_or_default(),
                    ]);
                    list.push(Member {
                        person: Uuid::from_bytes(member.person),
                        name,
                        role: member.role.clone(),
                        from: member.from.clone(),
                        to,
                    });
                }
                Ok(Output::new(columns(&rows), &list))
            }),
        }
    }
}
