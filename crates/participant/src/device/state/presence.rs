//! Who is here, as it is known at present. In memory alone, and only while there is a line.

use std::collections::BTreeMap;

use gate::{Hash, Id};
use plan::Who;
use sync::{
    frame::Presence,
    presence::{Others, Telling},
};
use uuid::Uuid;

/// Where a tab's person is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// In this plan.
    pub pep: Uuid,
    /// At this question or field; of somebody who only looks, one question of the section on the screen.
    pub field: Option<String>,
    /// Whether they write there.
    pub writing: bool,
}

/// Somebody who has a plan on the screen of another device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Who, and what they are to the child.
    pub who: Who,
    /// Whether it is this device's own person, elsewhere.
    pub myself: bool,
    /// The question or field they write in, or one of the section that they look at.
    pub field: Option<String>,
    /// Whether they write.
    pub writing: bool,
    /// What they are shown of each document of the plan.
    pub(in crate::device) heads: BTreeMap<Id, Vec<Hash>>,
}

/// What is known of it at present.
#[derive(Default)]
pub(in crate::device) struct Here {
    /// Each tab's spot, and when it was said, counted.
    pub(in crate::device) tabs: BTreeMap<u64, (Spot, u64)>,
    pub(in crate::device) turn: u64,
    pub(in crate::device) telling: Telling,
    pub(in crate::device) others: Others,
}

impl Here {
    /// The line stands anew, or no more.
    pub(in crate::device) fn cut(&mut self) {
        self.telling.cut();
        self.others.cut();
    }

    /// Takes in what another device said; whether it is news.
    pub(in crate::device) fn hear(&mut self, presence: Presence, now_ms: u64) -> bool {
        self.others.hear(presence, now_ms)
    }
}
