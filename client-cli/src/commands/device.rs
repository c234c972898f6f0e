//! `pep device`.

use crate::{context::Context, json::acts};
use participant::{act, error::Error};

/// Your own devices
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List your devices, as the relay last said
    List,
    /// Give a device of yours another name (needs the relay now)
    Name {
        /// The new name
        name: String,
        /// Which device: its name, its id or the beginning of it [default: this one]
        #[arg(long)]
        device: Option<String>,
    },
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    match args.verb {
        Verb::List => list(context),
        Verb::Name { name, device } => {
            let said = context.turn(move |all, now| act::name_device(all, device.as_deref(), &name, now))?;
            context.has_done(said, "Named.")
        }
    }
}

fn list(context: &mut Context) -> Result<(), Error> {
    let own = context.turn(|device, now| act::own_devices(device, now))?;
    if context.global.json {
        let told = |one: act::OwnDevice| acts::OwnDevice {
            device: one.id,
            label: one.name,
            this: one.this,
            revoked: one.revoked,
        };
        context.json(&own.into_iter().map(told).collect::<Vec<_>>());
        return Ok(());
    }
    for one in &own {
        let notes = match (one.this, one.revoked) {
            (_, true) => ", revoked",
            (true, _) => ", this one",
            _ => "",
        };
        context.data(format!("{}  {}{notes}", one.id, one.name));
    }
    if own.is_empty() {
        context.talk("The list of people has not come yet; `pep sync` fetches it.");
    }
    Ok(())
}
