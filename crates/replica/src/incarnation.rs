//! Under which incarnation this device writes. Each is another actor in every document, so a device that cannot prove that it holds the
//! last change it made takes another, and no sequence number of an actor is ever used twice.
//!
//! An incarnation is 16 bytes of chance, and every envelope names its own: none is ever taken twice, not by a copy of this folder
//! either, and nobody has to count them. What stands under `incarnation` and `incarnations-used` is of programs that wrote envelopes of
//! version 1 and counted; it is left as it is, and not read.

use gate::Id;
use serde_bytes::ByteArray;

use crate::{
    Replica, Result,
    cbor::{from_cbor, to_cbor},
};

/// Fact: the incarnation written under.
const NAME: &[u8] = b"incarnation-2";

impl Replica {
    /// The incarnation that this device writes under: the one it had, or `fresh`, where this folder is not provably the one it wrote
    /// last or its program has named none yet. On the disk when this returns.
    pub fn incarnation(&mut self, fresh: Id) -> Result<Id> {
        match self.kept_incarnation()?.filter(|_| self.is_continuous()) {
            Some(kept) => Ok(kept),
            None => self.move_on(fresh).map(|()| fresh),
        }
    }

    /// The incarnation that this device had, staged ones included.
    pub fn kept_incarnation(&self) -> Result<Option<Id>> {
        let kept: Option<ByteArray<16>> = self.fact(NAME)?.map(|kept| from_cbor(&kept)).transpose()?;
        Ok(kept.map(ByteArray::into_array))
    }

    /// Stages that this device writes under `fresh` from here on.
    pub fn begin_incarnation(&mut self, fresh: Id) {
        self.set_fact(NAME, Some(&to_cbor(&ByteArray::new(fresh))));
        if let Some(signer) = &mut self.signer {
            signer.incarnation = fresh;
        }
    }

    /// From now on this device writes with new actors: under `fresh`. On the disk when this returns.
    pub fn move_on(&mut self, fresh: Id) -> Result<()> {
        self.begin_incarnation(fresh);
        self.commit()
    }
}
