//! How far this person has seen each plan on this device: what came since is news.

use std::collections::BTreeMap;

use plan::{ChangeHash, DocumentKind, Pep, Role};
use replica::Trouble;
use uuid::Uuid;

use super::{
    Device,
    facts::{cbor, from_cbor},
};

/// Facts of this kind, each under a PEP's id: the heads of each document, by its kind.
const SEEN: &[u8] = b"seen/";

impl Device {
    /// The heads up to which this person has seen each document of a PEP; `None`: they have not opened it here.
    pub fn seen(&self, pep: &Uuid) -> Result<Option<BTreeMap<String, Vec<ChangeHash>>>, Trouble> {
        let Some(kept) = self.replica.fact(&key(pep))? else { return Ok(None) };
        let kept: Option<BTreeMap<String, Vec<[u8; 32]>>> = from_cbor(&kept);
        let hashes = |all: Vec<[u8; 32]>| all.into_iter().map(ChangeHash).collect();
        Ok(kept.map(|kept| kept.into_iter().map(|(kind, all)| (kind, hashes(all))).collect()))
    }

    /// This person has seen all of a PEP that is here. On the disk when this returns.
    pub fn mark_seen(&mut self, pep: &Pep, role: Role) -> Result<(), Trouble> {
        let mut seen: BTreeMap<String, Vec<[u8; 32]>> = BTreeMap::new();
        for kind in DocumentKind::ALL {
            if self.holds(pep, *kind, role) {
                let heads = self.heads(pep.document(*kind).as_bytes())?;
                seen.insert(kind.to_string(), heads);
            }
        }
        self.replica.set_fact(&key(&pep.id()), Some(&cbor(&seen)));
        self.replica.commit()?;
        self.touch();
        Ok(())
    }
}

fn key(pep: &Uuid) -> Vec<u8> {
    [SEEN, pep.as_bytes()].concat()
}
