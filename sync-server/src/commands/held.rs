use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Desk, Output, PREFIX_MIN, columns};
use crate::{
    core::{self, Core, hex},
    directory::{from_cbor, text},
    error::Error,
    now,
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
            Command::List => desk.with(|core| {
                let (held, more) = all(core)?;
                let word = |v: &Value, key: &str| {
                    v.get(key).map(|w| w.to_string().trim_matches('"').to_string()).unwrap_or_default()
                };
                let row = |v: &Value| ["change", "doc", "code", "device", "at"].iter().map(|k| word(v, k)).collect();
                let rows: Vec<Vec<String>> = held.iter().map(row).collect();
                let note = if more { "There are more; they are listed when these are decided.\n" } else { "" };
                Ok(Output { note: note.into(), ..Output::new(columns(&rows), held.into()) })
            }),
            Command::Show { change } => desk.with(move |core| {
                let one = find(core, &change)?;
                let lines = one.as_object().into_iter().flatten().map(|(key, value)| match value.as_str() {
                    Some(words) => vec![key.clone(), words.to_string()],
                    None => vec![key.clone(), value.to_string()],
                });
                Ok(Output::new(columns(&lines.collect::<Vec<_>>()), one))
            }),
            Command::Accept { change } => decide(desk, change, true),
            Command::Discard { change } => decide(desk, change, false),
        }
    }
}

fn decide(desk: &Desk, change: String, accept: bool) -> Result<Output, Error> {
    desk.with(move |core| {
        let one = find(core, &change)?;
        let whole = one.get("change").and_then(Value::as_str).unwrap_or_default().to_string();
        let found = core.undecided(None)?.changes.into_iter().find(|c| hex(&c.hash) == whole);
        let found = found.ok_or(crate::directory::Refused::HeldUnknown)?;
        let decided = core.decide(None, &found.doc, &found.hash, accept, now())?;
        let did = if accept { "Accepted" } else { "Discarded" };
        let changes: Vec<String> = decided.iter().map(hex).collect();
        let said = match decided.len() {
            1 => format!("{did}.\n"),
            n => format!("{did}, with {} that it builds on.\n", n - 1),
        };
        Ok(Output::new(said, json!({ "changes": changes })))
    })
}

fn find(core: &mut Core, change: &str) -> Result<Value, Error> {
    let wanted = change.to_lowercase();
    let begins = |v: &Value| v.get("change").and_then(Value::as_str).is_some_and(|c| c.starts_with(&wanted));
    let mut found: Vec<Value> = all(core)?.0.into_iter().filter(begins).collect();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) if wanted.len() >= PREFIX_MIN => Ok(one),
        (None, _) => Err(Error::Find("No held change has that hash. `pep-relay held list` shows them.".into())),
        _ => Err(Error::Find("More than one held change begins so. Give more characters of its hash.".into())),
    }
}

/// All that wait for a decision, as JSON, and whether there are more.
fn all(core: &mut Core) -> Result<(Vec<Value>, bool), Error> {
    let list = core.undecided(None)?;
    let mut found = Vec::new();
    for change in list.changes {
        let kept = core.replica().why_held(&change.doc, &change.hash)?;
        let brought_by = kept.map(|kept| from_cbor::<core::Held>(&kept)).transpose()?.map(|held| text(&held.device));
        let document = core.directory().document(&change.doc);
        found.push(json!({
            "change": hex(&change.hash),
            "doc": text(&change.doc),
            "pep": document.map(|(pep, _)| text(&pep.start.pep)),
            "kind": document.map(|(_, kind)| kind),
            "code": change.code,
            "detail": change.detail,
            "device": brought_by,
            "at": change.at,
            "author": text(&change.envelope.0.device),
            "person": text(&change.person),
            "seq": change.envelope.0.seq,
            "bytes": change.envelope.0.chunks.len(),
            "follows": change.follows,
            "told": change.heard,
            "acceptable": change.acceptable,
        }));
    }
    Ok((found, list.more))
}
