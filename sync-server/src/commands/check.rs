use std::path::Path;

use clap::Args;
use disk::Verified;
use replica::{Damage, Notice};
use uuid::Uuid;

use super::{Desk, Output, columns};
use crate::{
    directory::text,
    error::Error,
    json::{Checked, Document, StoreKey},
    keys, serve,
};

/// Verify that every journal record, signature and document is whole
///
/// Exit code 5 where something is damaged.
#[derive(Args)]
pub(super) struct Check;

impl Check {
    pub fn run(self, desk: &Desk) -> Result<Output, Error> {
        let folder = &desk.folder;
        let docs = desk.with(|relay| Ok(relay.replica().documents()?))?;
        let Verified { records, damage, .. } =
            disk::verify(&folder.join("journal")).map_err(Error::file("The journal"))?;
        let mut damaged = words(&damage);
        let mut rows = Vec::new();
        let mut list = Vec::new();
        for doc in docs {
            let (last, genesis, about) = desk.with(move |relay| {
                let about =
                    relay.directory().document(&doc).map(|(pep, kind)| (text(&pep.start.pep), kind.to_string()));
                Ok((relay.replica().last(&doc)?, relay.replica().genesis(&doc)?, about))
            })?;
            // Read, and the signatures checked, away from the thread that serves.
            let heads = match (serve::log(&desk.room, doc, last), &about) {
                (Some(envelopes), Some(_)) => {
                    let moves = envelopes.iter().filter(|envelope| envelope.actor == plan::BEGINNING);
                    let steps = moves.map(|envelope| envelope.seq - 1).max().unwrap_or(0);
                    let team = desk.with(move |relay| Ok(relay.directory().record(&doc, steps)))?;
                    replica::check_log(&genesis, &envelopes, &team).map_err(|refusal| refusal.code().to_string())
                }
                (None, _) => Err("the log could not be read".into()),
                (_, None) => Err("no PEP is known that it belongs to".into()),
            };
            let (pep, kind) = about.unwrap_or_default();
            match heads {
                Ok(heads) => {
                    let heads: Vec<String> = heads.iter().map(hex::encode).collect();
                    rows.push(vec![text(&doc), kind.clone(), last.to_string(), "whole".into()]);
                    list.push(Document { doc: Uuid::from_bytes(doc), pep, kind, envelopes: last, heads });
                }
                Err(why) => {
                    rows.push(vec![text(&doc), kind.clone(), last.to_string(), "DAMAGED".into()]);
                    damaged.push(format!("Document {}: {why}.", text(&doc)));
                    let heads = Vec::new();
                    list.push(Document { doc: Uuid::from_bytes(doc), pep, kind, envelopes: last, heads });
                }
            }
        }
        let code = if damaged.is_empty() { 0 } else { 5 };
        let head = format!("{records} records in the journal, {} documents.\n", rows.len());
        let end = if damaged.is_empty() { "Everything is whole.\n".into() } else { damaged.join("\n") + "\n" };
        let advice = keys::advice(folder);
        let key = StoreKey { name: disk::key_needed(folder), beside_the_data: advice.is_some() };
        let json = Checked { records, documents: list, damage: damaged, key: Some(key) };
        let note = advice.map(|advice| advice + "\n").unwrap_or_default();
        Ok(Output { code, note, ..Output::new(head + &columns(&rows) + &end, &json) })
    }
}

/// What is damaged in the journal of a relay that does not serve, before opening it puts what it can in order.
pub(super) fn before_opening(folder: &Path) -> Result<Option<Output>, Error> {
    let journal = folder.join("journal");
    if !journal.exists() {
        return Ok(None);
    }
    let Verified { records, damage, .. } = disk::verify(&journal).map_err(Error::file("The journal"))?;
    let damaged = words(&damage);
    if damaged.is_empty() {
        return Ok(None);
    }
    let said = format!("{records} records in the journal can be read.\n{}\n", damaged.join("\n"));
    let json = Checked { records, documents: Vec::new(), damage: damaged, key: None };
    Ok(Some(Output { code: 5, ..Output::new(said, &json) }))
}

/// An unfinished end is not damage: nobody was told of it, and a relay that serves may be writing it just then.
fn words(damage: &[Damage]) -> Vec<String> {
    damage
        .iter()
        .filter(|d| matches!(d, Damage::Inside { .. }))
        .map(|d| Notice::Journal(d.clone()).to_string())
        .collect()
}
