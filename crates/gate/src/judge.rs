//! The judgement of one author by the rules of one document.

use crate::envelope::{Author, Authority};
use crate::op::OpKey;
use crate::rights::{Spot, Write, own_key};
use crate::{Hash, Id};

/// One author before the rules of one document.
pub(crate) struct Judge<'a> {
    authority: &'a dyn Authority,
    groups: u64,
    own: String,
    /// The object judged last: a run of typing stays in one.
    pub(crate) last: Option<(OpKey, Spot)>,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(authority: &'a dyn Authority, device: &Id, author: &Author) -> Judge<'a> {
        let groups = authority.rules().mask(authority.groups(device).into_iter());
        Judge { authority, groups, own: own_key(&author.person), last: None }
    }

    /// Whether a person has let the change in whatever the rules say.
    pub(crate) fn has_accepted(&self, change: &Hash) -> bool {
        self.authority.accepted(change)
    }

    /// The spot of a place.
    pub(crate) fn spot(&self, place: &[&str]) -> Spot {
        place.iter().fold(self.authority.rules().root(self.groups), |spot, key| self.below(&spot, key))
    }

    pub(crate) fn below(&self, spot: &Spot, key: &str) -> Spot {
        self.authority.rules().step(spot, key, &self.own, self.groups)
    }

    pub(crate) fn allows(&self, spot: &Spot, what: Write) -> bool {
        self.authority.rules().fits(spot, what, self.groups)
    }

    pub(crate) fn spelled(&self, place: &[&str]) -> Option<String> {
        self.authority.rules().spelled(place)
    }
}
