use std::collections::{BTreeMap, BTreeSet};

use crate::envelope::{Author, is_numbered};
use crate::limits::{NUMBERS_AFTER_VAIN_MAX, NUMBERS_MAX, SOUGHT_MAX};
use crate::{Id, Refusal};

/// What searches for the author of an actor of version 1 came to, so that nobody makes the gate search twice: neither by sending
/// again what is refused for another reason, nor by actors that are nobody's.
#[derive(Clone, Default)]
pub(crate) struct Sought {
    found: BTreeMap<Id, Author>,
    in_vain: BTreeSet<Author>,
}

impl Sought {
    /// Refuses an actor of a document that is none of this author's.
    pub(crate) fn check(&mut self, doc: &Id, actor: &Id, author: &Author) -> Result<(), Refusal> {
        if let Some(found) = self.found.get(actor) {
            return if found == author { Ok(()) } else { Err(Refusal::Actor) };
        }
        let full = self.found.len() + self.in_vain.len() >= SOUGHT_MAX;
        let most = if full || self.in_vain.contains(author) { NUMBERS_AFTER_VAIN_MAX } else { NUMBERS_MAX };
        let is_theirs = is_numbered(doc, actor, author, most);
        match (is_theirs, full) {
            (_, true) => {}
            (true, false) => drop(self.found.insert(*actor, *author)),
            (false, false) => drop(self.in_vain.insert(*author)),
        }
        if is_theirs { Ok(()) } else { Err(Refusal::Actor) }
    }
}

/// What was sought is no part of what is known: two indexes that hold the same changes are equal.
impl PartialEq for Sought {
    fn eq(&self, _: &Sought) -> bool {
        true
    }
}

impl Eq for Sought {}
