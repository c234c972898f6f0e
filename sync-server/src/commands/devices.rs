use clap::{Args, Subcommand};
use uuid::Uuid;

use super::{Desk, Output, columns, find};
use crate::{
    directory::text,
    error::Error,
    json::{Device, Revoked},
    now,
};

/// Show devices, or shut one out
#[derive(Args)]
pub(super) struct Devices {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List them: id, what its owner calls it, whose it is, whether it was revoked or locked
    ///
    /// A device is locked when it signs two different changes under one number: nothing more of it is taken in. Revoke it and
    /// give its owner a new invitation.
    List,
    /// Shut a device out, at once and for good: for one that was lost, or is not used any more
    ///
    /// What was written on it keeps its author. Its owner joins again on another device with a new invitation.
    Revoke {
        /// The device: id, beginning of an id, or the exact name its owner gave it
        device: String,
    },
}

impl Devices {
    pub fn run(self, desk: &Desk) -> Result<Output, Error> {
        match self.command {
            Command::List => desk.with(|relay| {
                let directory = relay.directory();
                let mut rows = Vec::new();
                let mut list = Vec::new();
                for device in directory.devices() {
                    let person = directory.person(&device.person).map(|p| p.name.clone()).unwrap_or_default();
                    let state = match (device.revoked, device.locked) {
                        (Some(_), _) => "revoked",
                        (None, Some(_)) => "locked",
                        (None, None) => "",
                    };
                    rows.push(vec![text(&device.id), device.name.clone(), person.clone(), state.into()]);
                    list.push(Device {
                        device: Uuid::from_bytes(device.id),
                        label: device.name.clone(),
                        person: Uuid::from_bytes(device.person),
                        name: person,
                        revoked: device.revoked.is_some(),
                        locked: device.locked.is_some(),
                    });
                }
                Ok(Output::new(columns(&rows), &list))
            }),
            Command::Revoke { device } => desk.with(move |relay| {
                let id = find("device", &device, relay.directory().devices().map(|d| (d.id, d.name.as_str())))?;
                let new = relay.administer(|directory| directory.revoke(&id, now()))?;
                let said = if new { "is revoked and can no longer connect" } else { "was revoked before" };
                Ok(Output::new(
                    format!("Device {} {said}.\n", text(&id)),
                    &Revoked { device: Uuid::from_bytes(id), revoked: new },
                ))
            }),
        }
    }
}
