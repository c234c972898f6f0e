//! What somebody entered and no plan has taken: half a date, a row that has no term yet, a comment that is not sent. It is kept by
//! this device alone, on its disk, until it is saved or emptied.

use replica::Trouble;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Device,
    facts::{cbor, from_cbor},
};

/// Facts of this kind.
const DRAFTS: &[u8] = b"draft/";
/// How many are kept, the latest: far more than anybody leaves unfinished.
const DRAFTS_MAX: usize = 256;
/// The longest one, in bytes: a target with all its texts. What is longer is not kept, and whoever asks is told so.
pub const DRAFT_BYTES_MAX: usize = 256 * 1024;

/// Where something was entered: the plan, the address of the page within it, which of its forms, and the field; empty names stand for
/// the only form, and for all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftPlace {
    /// The plan.
    pub pep: Uuid,
    /// The page.
    pub page: String,
    /// The form.
    pub form: String,
    /// The field.
    pub field: String,
}

/// What was entered there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Where.
    pub place: DraftPlace,
    /// What, as forms are written.
    pub said: String,
    /// When, in Unix seconds.
    pub at: i64,
}

impl Device {
    /// All of them, the oldest first.
    pub fn drafts(&self) -> Result<Vec<Draft>, Trouble> {
        self.drafts_within(DRAFTS)
    }

    /// Those of one page of a plan.
    pub fn drafts_of_page(&self, pep: &Uuid, page: &str) -> Result<Vec<Draft>, Trouble> {
        self.drafts_within(&of_page(pep, page))
    }

    /// How many there are.
    pub fn count_drafts(&self) -> Result<usize, Trouble> {
        Ok(self.replica.facts(DRAFTS)?.len())
    }

    /// Keeps one in place of what stood there; false where it is too long. On the disk when this returns.
    pub fn keep_draft(&mut self, draft: &Draft) -> Result<bool, Trouble> {
        if draft.said.len() > DRAFT_BYTES_MAX {
            return Ok(false);
        }
        self.replica.set_fact(&key(&draft.place), Some(&cbor(draft)));
        self.replica.commit()?;
        let over = self.count_drafts()?.saturating_sub(DRAFTS_MAX);
        if over > 0 {
            for old in self.drafts()?.into_iter().take(over) {
                self.replica.set_fact(&key(&old.place), None);
            }
            self.replica.commit()?;
        }
        self.touch();
        Ok(true)
    }

    /// Forgets what stands at a place; with an empty field, at every field of its form. On the disk when this returns.
    pub fn forget_draft(&mut self, place: &DraftPlace) -> Result<(), Trouble> {
        let within = if place.field.is_empty() { of_form(place) } else { key(place) };
        let there: Vec<Vec<u8>> = self.replica.facts(&within)?.into_iter().map(|(key, _)| key).collect();
        if there.is_empty() {
            return Ok(());
        }
        there.iter().for_each(|key| self.replica.set_fact(key, None));
        self.replica.commit()?;
        self.touch();
        Ok(())
    }

    /// Forgets all of a plan that this device gives up; the caller commits.
    pub(super) fn give_up_drafts(&mut self, pep: &Uuid) -> Result<(), Trouble> {
        for (key, _) in self.replica.facts(&of_plan(pep))? {
            self.replica.set_fact(&key, None);
        }
        Ok(())
    }

    fn drafts_within(&self, prefix: &[u8]) -> Result<Vec<Draft>, Trouble> {
        let facts = self.replica.facts(prefix)?;
        let mut drafts: Vec<Draft> = facts.iter().filter_map(|(_, kept)| from_cbor(kept)).collect();
        drafts.sort_by_key(|draft| draft.at);
        Ok(drafts)
    }
}

/// Names are told apart by what follows from them, so that none stands in a key and none is the beginning of another.
fn part(pep: &Uuid, name: &str) -> [u8; 16] {
    Uuid::new_v5(pep, name.as_bytes()).into_bytes()
}

fn of_plan(pep: &Uuid) -> Vec<u8> {
    [DRAFTS, pep.as_bytes()].concat()
}

fn of_page(pep: &Uuid, page: &str) -> Vec<u8> {
    [of_plan(pep).as_slice(), &part(pep, page)].concat()
}

fn of_form(place: &DraftPlace) -> Vec<u8> {
    [of_page(&place.pep, &place.page).as_slice(), &part(&place.pep, &place.form)].concat()
}

fn key(place: &DraftPlace) -> Vec<u8> {
    [of_form(place).as_slice(), &part(&place.pep, &place.field)].concat()
}
