use clap::Args;
use uuid::Uuid;

use super::{Desk, Output};
use crate::{
    directory::{Entry, from_cbor},
    error::Error,
    json::{Done, Moment},
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
        desk.with(move |relay| {
            let facts = relay.replica().facts(b"audit/")?;
            let skip = self.last.map_or(0, |n| facts.len().saturating_sub(n));
            let mut words = String::new();
            let mut list = Vec::new();
            for (_, value) in facts.iter().skip(skip) {
                let entry: Entry = from_cbor(value)?;
                let (at, by) = (Moment::at(entry.at), entry.by.map(|d| Uuid::from_bytes(*d)));
                let on: Vec<String> = entry.on.iter().map(|(k, v)| format!("{k} {v}")).collect();
                let who = by.map_or("keeper".to_string(), |d| format!("device {d}"));
                words.push_str(&format!("{}  {who}  {}  {}\n", at.as_str(), entry.did, on.join(", ")));
                list.push(Done { at, by, did: entry.did, on: entry.on });
            }
            Ok(Output::new(words, &list))
        })
    }
}
