//! Which questions of a plan were filled in from the directory on this device: each once, so that what its person takes away again
//! does not come back.

use std::collections::BTreeSet;

use plan::Pep;
use replica::Trouble;

use super::{
    Device,
    facts::{cbor, key, read_fact},
};

/// Facts of this kind, by plan.
const FILLED_IN: &[u8] = b"filled-in/";

impl Device {
    /// Questions that were filled in here.
    pub fn filled_in(&self, pep: &Pep) -> Result<BTreeSet<String>, Trouble> {
        Ok(read_fact(&self.replica, &key(FILLED_IN, pep.id().as_bytes()))?.unwrap_or_default())
    }

    /// Remembers which were. On the disk when this returns.
    pub fn remember_filled_in(&mut self, pep: &Pep, questions: &BTreeSet<String>) -> Result<(), Trouble> {
        self.replica.set_fact(&key(FILLED_IN, pep.id().as_bytes()), Some(&cbor(questions)));
        self.replica.commit()
    }

    /// Forgets those of a plan that this device gives up; the caller commits.
    pub(super) fn give_up_filled_in(&mut self, pep: &Pep) {
        self.replica.set_fact(&key(FILLED_IN, pep.id().as_bytes()), None);
    }
}
