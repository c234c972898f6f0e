//! `pep whoami`.

use replica::Trouble;
use uuid::Uuid;

use crate::{
    context::Context,
    json::{
        basics::at,
        device::{Relay, Whoami},
    },
};
use participant::{error::Error, words};

/// Show who uses this device, and when it last shared
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Carries it out.
pub fn run(context: &mut Context, _: Args) -> Result<(), Error> {
    let me = context.me()?;
    let last = context.with(|device| Ok::<_, Trouble>(device.last_sync()))?;
    let device = Uuid::from_bytes(me.device);
    if context.global.json {
        context.json(&Whoami {
            person: Uuid::from_bytes(me.person),
            name: me.name,
            role: me.role,
            organisation: me.organisation,
            device,
            relay: Relay { url: me.relay.url, name: me.relay.name },
            last_sync: last.and_then(at),
        });
        return Ok(());
    }
    let role = me.role.parse::<plan::Role>().map_or(me.role.clone(), |role| role.label().to_lowercase());
    let organisation = me.organisation.map(|o| format!(", {o}")).unwrap_or_default();
    context.data(format!("{} ({role}{organisation})", me.name));
    context.data(format!("Person {}", Uuid::from_bytes(me.person)));
    context.data(format!("Device {device}"));
    context.data(format!("Relay  {} ({})", me.relay.url, me.relay.name));
    context.data(format!("Last shared: {}", last.map_or("not yet".into(), |at| words::moment(at, context.zone()))));
    Ok(())
}
