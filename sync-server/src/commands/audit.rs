use clap::Args;
use serde_json::json;

use super::{Desk, Output};
use crate::{
    directory::{Entry, from_cbor, text},
    error::Error,
};

/// Show who did what to the directory, which devices connected, and what was refused
///
/// Ids and roles only. `people list`, `devices list` and `children list` say whose they are.
#[derive(Args)]
pub(super) struct Audit {
    /// Only the newest so many
    #[arg(long, value_name = "N")]
    last: Option<usize>,
}

impl Audit {
    pub fn run(self, desk: &Desk) -> Result<Output, Error> {
        desk.with(move |core| {
            let facts = core.replica().facts(b"audit/")?;
            let skip = self.last.map_or(0, |n| facts.len().saturating_sub(n));
            let mut words = String::new();
            let mut list = Vec::new();
            for (_, value) in facts.iter().skip(skip) {
                let entry: Entry = from_cbor(value)?;
                let at = chrono::DateTime::from_timestamp(entry.at, 0).unwrap_or_default();
                let at = at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
                let by = entry.by.map(|d| text(&d));
                let on: Vec<String> = entry.on.iter().map(|(k, v)| format!("{k} {v}")).collect();
                let who = by.clone().map_or("keeper".to_string(), |d| format!("device {d}"));
                words.push_str(&format!("{at}  {who}  {}  {}\n", entry.did, on.join(", ")));
                list.push(json!({ "at": at, "by": by, "did": entry.did, "on": entry.on }));
            }
            Ok(Output::new(words, list.into()))
        })
    }
}
