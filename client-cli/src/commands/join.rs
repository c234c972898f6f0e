//! `pep join`.

use std::time::Duration;

use ::sync::link::Link;
use replica::Trouble;
use ring::signature::Ed25519KeyPair;
use uuid::Uuid;

use crate::{
    commands::passphrase::ONLY_THE_COMPUTER,
    context::Context,
    dial::{self, DialError},
    erase,
    json::device::Joined,
    unlock::{self, Guard},
};
use participant::{
    device::Me,
    error::{Error, Kind},
    words::counted,
};

/// How long the first plans may take to move on arriving; the rest comes with the next `pep sync`.
const PATIENCE: Duration = Duration::from_secs(30);
const ANOTHER_RELAY: &str = "This folder belongs to another Virtual School's relay already. The link was not used.";

/// Make this device yours with the invitation link you were sent
///
/// In a folder that is yours already a link of the same relay at another address says where it is now, and is not used up.
///
/// The link works once and for one device. It names the Virtual School's relay and the key it is known by, so that nobody
/// else can answer in its place. Put the link in quotation marks.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The link, from https:// to its last character
    link: String,
    /// What to call this device [default: its own name]
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
}

/// Carries it out.
pub fn run(context: &mut Context, args: Args) -> Result<(), Error> {
    let link: Link = args.link.parse()?;
    let before = context.with(|device| Ok::<_, Trouble>(device.me().cloned()))?;
    let app = context.app()?.clone();
    let key = app.key()?;
    if let Some(before) = &before
        && erase::read(app.home()).is_none()
        && (!before.relay.is_known_by(&link.relay_key)
            || (&before.relay.url, before.relay.tls.map(|tls| tls.into_array())) != (&link.url(), link.tls))
    {
        return moved(context, &link, before, &key);
    }
    let name = args.device.unwrap_or_else(device_name);
    let me = match (app.runtime().block_on(dial::join(app.http(), &link, &key, &name)), &before) {
        (Err(DialError::Refused { code, .. }), Some(before)) if code == "yours" => {
            say(context, before);
            context
                .talk("This folder is yours already, and its relay is where it was. The link is not used up by that.");
            return Ok(());
        }
        (Err(DialError::Refused { detail, .. }), Some(_)) => return Err(another_home(&detail)),
        (joined, _) => joined?,
    };
    if before.is_some_and(|before| before.person != me.person) {
        return Err(another_home("This folder belongs to another person already."));
    }
    // Its owner has it back: what was said of the device that was shut out is past.
    erase::forget(app.home()).map_err(|e| {
        Error::new(Kind::Failed, format!("A file in this program's folder could not be written ({e})."))
    })?;
    let mine = me.clone();
    context.with(move |device| device.join(mine, key, None))?;
    if unlock::guard(app.home())? == Guard::Computer
        && let Some(passphrase) = context.given().new.clone()
    {
        app.set_passphrase(Some(&passphrase), false)?;
    }
    say(context, &me);
    context.talk(format!("Welcome, {}. This device is yours now.", me.name));
    if unlock::guard(app.home())? == Guard::Computer {
        context.talk(ONLY_THE_COMPUTER);
    }
    match app.sync_once(PATIENCE) {
        Ok(synced) => context.talk(format!("{} on this device; see `pep list`.", counted(synced.peps, "plan"))),
        Err(e) => {
            context.talk(format!("Your plans have not come yet. {} Run `pep sync` later.", Error::from(e).message))
        }
    }
    Ok(())
}

/// The link names the relay of this folder at another address, or another relay.
fn moved(context: &mut Context, link: &Link, me: &Me, key: &Ed25519KeyPair) -> Result<(), Error> {
    let app = context.app()?.clone();
    let relay = app.runtime().block_on(dial::moved(app.http(), link, me, key)).map_err(|e| match e {
        // Another relay says that its key is another, or that it does not know this device.
        DialError::WrongKey(_) | DialError::Refused { .. } => another_home(ANOTHER_RELAY),
        e => e.into(),
    })?;
    context.with(move |device| device.know_relay(relay))?;
    say(context, me);
    let address = &link.address;
    context.talk(format!("Your Virtual School’s relay is at {address} now. The link is not used up by that."));
    Ok(())
}

/// Whose this folder is, for programs.
fn say(context: &mut Context, me: &Me) {
    if context.global.json {
        context.json(&Joined {
            person: Uuid::from_bytes(me.person),
            name: me.name.clone(),
            role: me.role.clone(),
            device: Uuid::from_bytes(me.device),
        });
    }
}

fn another_home(message: &str) -> Error {
    Error::new(Kind::Failed, message)
        .hint("This folder has joined already (`pep whoami`). To use another link on this computer, give another folder: pep --home DIR join LINK")
}

fn device_name() -> String {
    let said = std::env::var("HOSTNAME").or_else(|_| std::env::var("COMPUTERNAME")).ok();
    let name = said.or_else(|| std::fs::read_to_string("/etc/hostname").ok()).unwrap_or_default();
    let name: String = name.trim().chars().filter(|c| !c.is_control()).take(60).collect();
    if name.is_empty() { "a device".into() } else { name }
}
