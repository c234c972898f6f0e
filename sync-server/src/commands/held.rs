use clap::{Args, Subcommand};
use serde_json::{Value, json};
use sync::Wire;

use super::{Desk, Output, PREFIX_MIN, columns};
use crate::{
    core::{self, Core, hex},
    directory::{from_cbor, text},
    error::Error,
};

/// Show changes that were refused and are kept
///
/// They were sent to nobody. Their author's text is still on the author's device.
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
}

impl Held {
    pub fn run(self, desk: &Desk) -> Result<Output, Error> {
        match self.command {
            Command::List => desk.with(|core| {
                let held = all(core)?;
                let word = |v: &Value, key: &str| {
                    v.get(key).map(|w| w.to_string().trim_matches('"').to_string()).unwrap_or_default()
                };
                let row = |v: &Value| ["change", "doc", "code", "device", "at"].iter().map(|k| word(v, k)).collect();
                let rows: Vec<Vec<String>> = held.iter().map(row).collect();
                Ok(Output::new(columns(&rows), held.into()))
            }),
            Command::Show { change } => desk.with(move |core| {
                let wanted = change.to_lowercase();
                let begins =
                    |v: &Value| v.get("change").and_then(Value::as_str).is_some_and(|c| c.starts_with(&wanted));
                let mut found: Vec<Value> = all(core)?.into_iter().filter(begins).collect();
                match (found.pop(), found.is_empty()) {
                    (Some(one), true) if wanted.len() >= PREFIX_MIN => {
                        let lines = one.as_object().into_iter().flatten().map(|(key, value)| match value.as_str() {
                            Some(words) => vec![key.clone(), words.to_string()],
                            None => vec![key.clone(), value.to_string()],
                        });
                        Ok(Output::new(columns(&lines.collect::<Vec<_>>()), one))
                    }
                    (None, _) => {
                        Err(Error::Find("No held change has that hash. `pep-relay held list` shows them.".into()))
                    }
                    _ => Err(Error::Find(
                        "More than one held change begins so. Give more characters of its hash.".into(),
                    )),
                }
            }),
        }
    }
}

fn all(core: &Core) -> Result<Vec<Value>, Error> {
    let mut found = Vec::new();
    for doc in core.replica().documents()? {
        for (hash, why) in core.replica().held(&doc)? {
            let why: core::Held = from_cbor(&why)?;
            let envelope = Wire::decode(&why.envelope).map(|w| w.0);
            found.push(json!({
                "change": hex(&hash),
                "doc": text(&doc),
                "pep": core.directory().document(&doc).map(|(pep, _)| text(&pep.start.pep)),
                "kind": core.directory().document(&doc).map(|(_, kind)| kind),
                "code": why.code,
                "detail": why.detail,
                "device": text(&why.device),
                "at": why.at,
                "author": envelope.as_ref().map(|e| text(&e.device)),
                "seq": envelope.as_ref().map(|e| e.seq),
                "bytes": envelope.as_ref().map(|e| e.chunks.len()),
            }));
        }
    }
    Ok(found)
}
