use clap::{Args, Subcommand};
use uuid::Uuid;

use super::{Desk, Output, PREFIX_MIN, columns};
use crate::{
    directory::from_cbor,
    error::Error,
    json, now,
    relay::{self, Relay},
};

/// Show changes that were refused and are kept, and decide about them
///
/// They were sent to nobody. Their author's text is still on the author's device. What they say is shown on the devices of the
/// child's Virtual School (`pep held`): this relay knows no plan.
#[derive(Args)]
pub(super) struct Held {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List them: change, document, reason, device that brought it, when
    List,
    /// Show one of them, without its content
    Show {
        /// The change: its hash, or 4 or more characters of its beginning
        change: String,
    },
    /// Take one into the plan, under its author's name, and those it builds on
    Accept {
        /// The change: its hash, or 4 or more characters of its beginning
        change: String,
    },
    /// Decide that one stays out; only once its author has been told
    Discard {
        /// The change: its hash, or 4 or more characters of its beginning
        change: String,
    },
}

impl Held {
    pub fn run(self, desk: &Desk) -> Result<Output, Error> {
        match self.command {
            Command::List => desk.with(|relay| {
                let (held, more) = all(relay)?;
                let row = |one: &json::Held| {
                    let device = one.device.map_or("null".to_owned(), |device| device.to_string());
                    vec![one.change.clone(), one.doc.to_string(), one.code.clone(), device, one.at.to_string()]
                };
                let rows: Vec<Vec<String>> = held.iter().map(row).collect();
                let note = if more { "There are more; they are listed when these are decided.\n" } else { "" };
                Ok(Output { note: note.into(), ..Output::new(columns(&rows), &held) })
            }),
            Command::Show { change } => desk.with(move |relay| {
                let one = find(relay, &change)?;
                let fields = serde_json::to_value(&one).unwrap_or_default();
                let lines = fields.as_object().into_iter().flatten().map(|(key, value)| match value.as_str() {
                    Some(words) => vec![key.clone(), words.to_string()],
                    None => vec![key.clone(), value.to_string()],
                });
                Ok(Output::new(columns(&lines.collect::<Vec<_>>()), &one))
            }),
            Command::Accept { change } => decide(desk, change, true),
            Command::Discard { change } => decide(desk, change, false),
        }
    }
}

fn decide(desk: &Desk, change: String, accept: bool) -> Result<Output, Error> {
    desk.with(move |relay| {
        let one = find(relay, &change)?;
        let found = relay.undecided(None)?.changes.into_iter().find(|c| hex::encode(c.hash) == one.change);
        let found = found.ok_or(crate::directory::Refused::HeldUnknown)?;
        let decided = relay.decide(None, &found.doc, &found.hash, accept, now())?;
        let did = if accept { "Accepted" } else { "Discarded" };
        let changes: Vec<String> = decided.iter().map(hex::encode).collect();
        let said = match decided.len() {
            1 => format!("{did}.\n"),
            n => format!("{did}, with {} that it builds on.\n", n - 1),
        };
        Ok(Output::new(said, &json::Decided { changes }))
    })
}

fn find(relay: &mut Relay, change: &str) -> Result<json::Held, Error> {
    let wanted = change.to_lowercase();
    let mut found: Vec<json::Held> = all(relay)?.0.into_iter().filter(|one| one.change.starts_with(&wanted)).collect();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) if wanted.len() >= PREFIX_MIN => Ok(one),
        (None, _) => Err(Error::Find("No held change has that hash. `pep-relay held list` shows them.".into())),
        _ => Err(Error::Find("More than one held change begins so. Give more characters of its hash.".into())),
    }
}

/// All that wait for a decision, and whether there are more.
fn all(relay: &mut Relay) -> Result<(Vec<json::Held>, bool), Error> {
    let list = relay.undecided(None)?;
    let mut found = Vec::new();
    for change in list.changes {
        let kept = relay.replica().why_held(&change.doc, &change.hash)?;
        let brought_by =
            kept.map(|kept| from_cbor::<relay::Held>(&kept)).transpose()?.map(|held| Uuid::from_bytes(*held.device));
        let document = relay.directory().document(&change.doc);
        found.push(json::Held {
            change: hex::encode(change.hash),
            doc: Uuid::from_bytes(change.doc),
            pep: document.map(|(pep, _)| Uuid::from_bytes(pep.start.pep)),
            kind: document.map(|(_, kind)| kind.to_string()),
            code: change.code,
            detail: change.detail,
            device: brought_by,
            at: change.at,
            author: Uuid::from_bytes(change.envelope.0.device),
            person: Uuid::from_bytes(change.person),
            seq: change.envelope.0.seq,
            bytes: change.envelope.0.chunks.len(),
            follows: change.follows,
            told: change.heard,
            acceptable: change.acceptable,
        });
    }
    Ok((found, list.more))
}
