//! What is kept beside a document as facts, and erased with it: who stands behind its actors, and envelopes without a past.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Author, Envelope, Id};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use sync::Wire;

use crate::{
    cbor::from_cbor,
    disk::{KeyStore, KeyValue},
    event::PARKED,
    trouble::Result,
};

/// In a fact's key, behind the document's id: an author. The actor's mark follows.
const AUTHOR: u8 = b'a';
/// Likewise: for which actors, among whom, authors were looked for and not all found.
pub(crate) const SOUGHT: u8 = b's';
/// Bytes behind the document's id in the key of an envelope without a past: its hash's mark.
const PARKED_BYTES: usize = 16;

/// What is kept beside a document.
#[derive(Default)]
pub(crate) struct Beside {
    /// Who stands behind its actors, and the incarnation that each is of.
    pub authors: BTreeMap<Id, (Author, Option<Id>)>,
    /// The search that did not find them all.
    pub sought: Option<Vec<u8>>,
    /// Envelopes whose past a damaged journal lost; it comes back from the relay.
    pub parked: Vec<Envelope>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    #[serde(with = "serde_bytes")]
    pub actor: Id,
    #[serde(with = "serde_bytes")]
    pub key: gate::PublicKey,
    #[serde(with = "serde_bytes")]
    pub person: Id,
    /// None where the actor is of version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<ByteArray<16>>,
}

impl Beside {
    /// From the facts of a document, whose keys begin with so many bytes that are the same.
    pub fn of(prefix: usize, facts: Vec<KeyValue>) -> Beside {
        let mut beside = Beside::default();
        for (key, value) in facts {
            match key.get(prefix..).unwrap_or_default() {
                parked if parked.len() == PARKED_BYTES => {
                    beside.parked.extend(Wire::decode(&value).map(|wire| wire.0));
                }
                [AUTHOR, ..] => {
                    // One that cannot be read is looked for again.
                    if let Ok(Kept { actor, key, person, incarnation }) = from_cbor(&value) {
                        let incarnation = incarnation.map(ByteArray::into_array);
                        beside.authors.insert(actor, (Author { key, person }, incarnation));
                    }
                }
                [SOUGHT] => beside.sought = Some(value),
                _ => {}
            }
        }
        beside
    }
}

/// No actor stands in the clear: it shows whether a guess at whose it is is right.
pub(crate) fn author_key(keys: &dyn KeyStore, doc: &Id, actor: &Id) -> Result<Vec<u8>> {
    Ok([PARKED, doc, &[AUTHOR], &keys.make(doc)?.mark(actor)].concat())
}

/// Stands for a search: for whom, among whom.
pub(crate) fn search_of(actors: &BTreeSet<Id>, among: &[Author]) -> Vec<u8> {
    let among: BTreeSet<[u8; 48]> = among
        .iter()
        .map(|author| {
            let mut both = [0; 48];
            both[..32].copy_from_slice(&author.key);
            both[32..].copy_from_slice(&author.person);
            both
        })
        .collect();
    let count = (actors.len() as u64).to_be_bytes();
    let whole: Vec<u8> =
        count.into_iter().chain(actors.iter().flatten().copied()).chain(among.into_iter().flatten()).collect();
    digest(&SHA256, &whole).as_ref().to_vec()
}
