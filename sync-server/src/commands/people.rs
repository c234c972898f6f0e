use clap::{Args, Subcommand};
use uuid::Uuid;

use super::{Desk, Output, columns};
use crate::{directory::text, error::Error, json};

/// Show the people this relay knows
#[derive(Args)]
pub(super) struct People {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List them: id, name, organisation, role, devices in use
    List,
}

impl People {
    pub fn run(self, desk: &Desk) -> Result<Output, Error> {
        let Command::List = self.command;
        desk.with(|relay| {
            let directory = relay.directory();
            let mut rows = Vec::new();
            let mut list = Vec::new();
            for person in directory.people() {
                let devices = directory.devices().filter(|d| d.person == person.id && d.revoked.is_none()).count();
                rows.push(vec![
                    text(&person.id),
                    person.name.clone(),
                    person.organisation.clone().unwrap_or_default(),
                    person.role.clone(),
                    devices.to_string(),
                ]);
                list.push(json::Person {
                    person: Uuid::from_bytes(person.id),
                    name: person.name.clone(),
                    organisation: person.organisation.clone(),
                    role: person.role.clone(),
                    devices,
                });
            }
            Ok(Output::new(columns(&rows), &list))
        })
    }
}
