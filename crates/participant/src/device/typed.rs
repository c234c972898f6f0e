//! What tabs typed, and how much of it is on the disk: told apart after the program was killed between writing and saying so.

use plan::{Automerge, ChangeHash, DocumentKind, Edit, Pep, Refused, Role};
use replica::Trouble;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Device,
    facts::{cbor, from_cbor},
};

/// Facts of this kind.
const TYPED: &[u8] = b"typed/";
/// How many boxes are remembered, the latest: all of a few dozen tabs. A tab that comes back does so within minutes.
const TYPED_MAX: usize = 512;

/// A box of a tab, and how far its typing has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Typed {
    /// The tab, by an id that it chose.
    pub tab: Uuid,
    /// The question or field.
    pub field: String,
    /// The number of its last edit that is written.
    pub n: u64,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    n: u64,
    /// When, in Unix seconds.
    at: i64,
}

impl Device {
    /// Makes the edits, each a change of its own, and keeps with them how far the typing has come: all of it is on the disk, in
    /// this order, when this returns. The last change, where there is one. `now` in Unix seconds.
    pub fn type_in(
        &mut self,
        pep: &Pep,
        kind: DocumentKind,
        role: Role,
        edits: Vec<Edit>,
        typed: &Typed,
        now: i64,
    ) -> Result<Result<Option<ChangeHash>, Refused>, Trouble> {
        let (writer, doc) = (self.writer(pep, role)?, *pep.document(kind).as_bytes());
        let team = self.authority_as(&doc, Some(role));
        let mut last = Ok(Ok(None));
        for edit in edits {
            let write = |document: &mut Automerge| plan::apply(document, pep, kind, &writer, &[edit], now);
            let done = self.replica.stage_write(&doc, &team, write);
            match done {
                Ok(Ok(applied)) => last = Ok(Ok(applied.change.or(last.ok().and_then(Result::ok).flatten()))),
                Ok(Err(refused)) => last = Ok(Err(refused)),
                Err(trouble) => last = Err(trouble),
            }
            if !matches!(last, Ok(Ok(_))) {
                break;
            }
        }
        if matches!(last, Ok(Ok(Some(_)))) {
            // After the changes, so that it never says more than there is.
            self.replica.set_fact(&key(&typed.tab, &typed.field), Some(&cbor(&Kept { n: typed.n, at: now })));
        }
        self.replica.commit_writes(&doc)?;
        self.touch();
        last
    }

    /// How much of what a tab typed in a box is on the disk: the number of an edit, 0 for none.
    pub fn typed(&self, tab: &Uuid, field: &str) -> Result<u64, Trouble> {
        let kept = self.replica.fact(&key(tab, field))?.as_deref().and_then(from_cbor::<Kept>);
        Ok(kept.map_or(0, |kept| kept.n))
    }

    /// Forgets boxes of long ago, where there are more than are remembered.
    pub fn forget_typed(&mut self) -> Result<(), Trouble> {
        let facts = self.replica.facts(TYPED)?;
        let Some(extra) = facts.len().checked_sub(TYPED_MAX).filter(|extra| *extra > 0) else { return Ok(()) };
        let mut by_age: Vec<(i64, Vec<u8>)> =
            facts.into_iter().map(|(key, kept)| (from_cbor::<Kept>(&kept).map_or(0, |kept| kept.at), key)).collect();
        by_age.sort();
        for (_, key) in by_age.into_iter().take(extra) {
            self.replica.set_fact(&key, None);
        }
        self.replica.commit()
    }
}

fn key(tab: &Uuid, field: &str) -> Vec<u8> {
    [TYPED, tab.as_bytes(), field.as_bytes()].concat()
}
