use clap::{Args, Subcommand};
use sync::act::REASON_CHARS_MAX;

use super::{Desk, Output};
use crate::{
    config::Settings,
    error::Error,
    json::{KeyChanged, KeysShown},
    keys, now,
};

/// The relay's keys: which there are, and a new one to sign with
#[derive(Args)]
pub(super) struct Keys {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Show(Show),
    Change(Change),
}

/// Show what participants know this relay by, and which key opens its folder
#[derive(Args)]
struct Show;

/// Make a new key to sign with; the old one vouches for it, and devices follow at their next contact
///
/// The relay must not be serving. Devices whose program is older than 0.2.0 cannot follow, and need a new invitation link. Make a
/// backup afterwards: an older one holds the old key, which devices that have followed do not believe.
#[derive(Args)]
struct Change {
    /// Why, for the audit
    #[arg(long)]
    reason: String,
}

impl Keys {
    pub fn run(self, desk: &Desk) -> Result<Output, Error> {
        match self.what {
            What::Show(_) => show(desk),
            What::Change(change) => change.run(desk),
        }
    }
}

fn show(desk: &Desk) -> Result<Output, Error> {
    let (id, all, pin) = desk.with(|relay| {
        Ok((relay.id(), relay.keys(), relay.address().and_then(|address| address.pin).map(|pin| pin.into_array())))
    })?;
    let (key, former) = all.split_last().map_or(([0; 32], &[][..]), |(last, former)| (*last, former));
    let json = KeysShown {
        relay: uuid::Uuid::from_bytes(id),
        key: hex::encode(key),
        former: former.iter().map(hex::encode).collect(),
        certificate: pin.map(hex::encode),
        store_key: disk::key_needed(&desk.folder),
        store_key_beside_the_data: keys::store_key_is_inside(&desk.folder),
    };
    let mut said = format!("Relay:            {}\nSigns with:       {}\n", json.relay, json.key);
    for former in &json.former {
        said += &format!("Signed before:    {former}\n");
    }
    said += &format!("Certificate:      {}\n", json.certificate.as_deref().unwrap_or("none (a plain line)"));
    let store_key = json.store_key.as_deref().unwrap_or("none yet");
    let place = if json.store_key_beside_the_data { "beside the data" } else { "apart from the data" };
    said += &format!("Opens the folder: {store_key}, kept {place}\n");
    Ok(Output::new(said, &json))
}

impl Change {
    fn run(self, desk: &Desk) -> Result<Output, Error> {
        let reason = self.reason.trim().to_owned();
        if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX || reason.chars().any(char::is_control) {
            return Err(Error::Usage(
                "Say with --reason why the key is changed, in one line of up to 1,000 characters: the audit keeps it."
                    .into(),
            ));
        }
        if desk.with(|relay| Ok(relay.is_serving()))? {
            return Err(Error::Locked);
        }
        let folder = &desk.folder;
        let store_key = keys::store_key(folder, &Settings::read(None, folder)?)?;
        let next = keys::make_next(folder, &store_key.key)?;
        let key = replica::public_key(&next);
        desk.with(move |relay| relay.change_key(next, &reason, now()))?;
        keys::take_next(folder, &store_key.key)?;
        let said = "This relay signs with a new key. Devices follow at their next contact; those with a program older than 0.2.0 need a new link. Make a new backup now (`pep-relay backup F`): an older one holds the old key.\n";
        Ok(Output::new(said.into(), &KeyChanged { key: hex::encode(key) }))
    }
}
