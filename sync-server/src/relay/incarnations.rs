//! Under how many incarnations a device begins: each is another actor in every document that it writes, and every change keeps a clock
//! over a document's actors.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Envelope, Id};
use replica::Trouble;
use sync::frame::code;

use super::Relay;

/// Incarnations of one device under which a day's changes are taken in: a folder that is a fresh copy at every start of a working day
/// stays below. What comes under one more waits on the device until tomorrow.
pub const INCARNATIONS_PER_DAY_MAX: usize = 64;
/// What a device is told then.
const WORDS: &str = "This device has begun anew too often today, as a folder does that is a fresh copy at every start. What it wrote waits on it and is shared tomorrow. Ask whoever looks after the device to keep its folder.";

/// Of each device the incarnations under which changes came today. In memory alone: a restart forgets, and lets in as many again.
#[derive(Default)]
pub(super) struct Begun(BTreeMap<Id, BTreeSet<Id>>);

impl Begun {
    /// A change of an envelope was taken in.
    pub(super) fn took_in(&mut self, envelope: &Envelope) {
        if let Some(incarnation) = envelope.incarnation {
            self.0.entry(envelope.device).or_default().insert(incarnation);
        }
    }

    /// Another day.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn has_room(&self, device: &Id, incarnation: &Id) -> bool {
        let begun = self.0.get(device);
        begun.is_none_or(|begun| begun.len() < INCARNATIONS_PER_DAY_MAX || begun.contains(incarnation))
    }
}

impl Relay {
    /// Leaves out what would begin another incarnation of a device that has begun too many today, and says so. Where this relay was put
    /// back, what it lacks is the past, of however many days.
    pub(super) fn within_day(
        &mut self,
        conn: u64,
        doc: Id,
        envelopes: Vec<Envelope>,
    ) -> Result<Vec<Envelope>, Trouble> {
        if self.restoring.is_some() {
            return Ok(envelopes);
        }
        let index = self.replica.ledger_of(&doc)?.index();
        let fits = |envelope: &Envelope| {
            let known = index.tip(&envelope.actor).is_some();
            known || envelope.incarnation.is_none_or(|incarnation| self.begun.has_room(&envelope.device, &incarnation))
        };
        let (fit, over): (Vec<_>, Vec<_>) = envelopes.into_iter().partition(fits);
        if !over.is_empty()
            && let Some(session) = self.session(conn)
        {
            session.error(code::INCARNATIONS, WORDS, Some(doc));
        }
        Ok(fit)
    }
}
