//! What stands beside the documents in a replica, each under a name: how it is written and read.

use gate::Id;
use plan::{Extra, Filed, Pep, Processes};
use replica::{Replica, Trouble};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use sync::{
    cbor::to_cbor,
    frame::{OneMore, Start},
};
use uuid::Uuid;

/// A PEP from what it was started as; `None` where that makes no sense to this version, or its process is not known here.
pub fn pep_of(start: &Start, processes: &Processes) -> Option<Pep> {
    let (year, term) = plan::parse_term(&start.term).ok()?;
    let process = processes.get(&start.process, start.process_version).ok()?;
    // Another file may call itself by the same name and version: another generation, which is not known here.
    let same = start.process_hash.map(|hash| hash.into_array()) == process.began().hash;
    let (child, kind) = (Uuid::from_bytes(start.child), start.kind.parse().ok()?);
    let extra = match &start.extra {
        Some(extra) => Some(Extra::new(&extra.reason, extra.day.parse().ok()?).ok()?),
        None => None,
    };
    same.then_some(Pep { child, year, term, kind, process, filed: Filed { extra, ..Filed::default() } })
}

/// What a PEP was started as.
pub fn start_of(pep: &Pep) -> Start {
    Start {
        pep: *pep.id().as_bytes(),
        child: pep.began_for().into_bytes(),
        term: format!("{}-{}", pep.year, pep.term),
        kind: pep.began_as().to_string(),
        process: pep.process.id().to_string(),
        process_version: pep.process.began().version,
        process_hash: pep.process.began().hash.map(ByteArray::new),
        extra: pep
            .filed
            .extra
            .as_ref()
            .map(|extra| OneMore { reason: extra.reason().to_owned(), day: extra.day().to_string() }),
    }
}

/// The name of a fact that stands under an id.
pub(in crate::device) fn key(prefix: &[u8], id: &Id) -> Vec<u8> {
    [prefix, id].concat()
}

/// What a fact holds, as bytes.
pub(in crate::device) fn cbor<T: Serialize>(value: &T) -> Vec<u8> {
    to_cbor(value)
}

/// The same read again; `None` where the bytes are no such thing.
pub(in crate::device) fn from_cbor<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Option<T> {
    sync::cbor::from_cbor(bytes).ok()
}

/// A fact of a replica; `None` where there is none, or none that can be read.
pub(in crate::device) fn read_fact<T: for<'de> Deserialize<'de>>(
    replica: &Replica,
    key: &[u8],
) -> Result<Option<T>, Trouble> {
    Ok(replica.fact(key)?.as_deref().and_then(from_cbor))
}
