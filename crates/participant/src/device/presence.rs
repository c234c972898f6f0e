//! Who is here: where this device's person is, as its tabs say, and where the others are, as they say themselves. In memory
//! alone, and only while there is a line.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Hash, Id};
use plan::{DocumentKind, Pep};
use replica::Trouble;
use sync::{
    Frame,
    frame::{Doing, QUEUE_FRAMES_MAX},
    presence::{Place, SPACING_MS},
};
use uuid::Uuid;

use super::{
    Device,
    state::{Present, Spot},
};

impl Device {
    /// Says where a tab's person is (`None`: nowhere any more), to the others who have that plan open. After how many
    /// milliseconds to say it again, also if nothing has changed. `now_ms`: Unix time in milliseconds.
    pub fn stand(&mut self, tab: u64, spot: Option<Spot>, now_ms: u64) -> Result<Option<u64>, Trouble> {
        let turn = self.here.turn + 1;
        match spot {
            Some(spot) if self.here.tabs.get(&tab).is_some_and(|(before, _)| *before == spot) => {}
            Some(spot) => drop(self.here.tabs.insert(tab, (spot, turn))),
            None => drop(self.here.tabs.remove(&tab)),
        }
        self.here.turn = turn;
        let peps: BTreeSet<Uuid> = self.here.tabs.values().map(|(spot, _)| spot.pep).collect();
        let open = |doc: &Id| self.connection.as_ref().is_some_and(|c| c.session.is_open(doc));
        let mut documents: BTreeSet<Id> = self.here.telling.documents().copied().collect();
        for pep in peps.iter().filter_map(|pep| self.pep(pep)) {
            documents.extend(DocumentKind::ALL.iter().map(|kind| *pep.document(*kind).as_bytes()).filter(open));
        }
        let mut again = None;
        for doc in documents {
            if self.connection.as_ref().is_some_and(|c| c.out.len() >= QUEUE_FRAMES_MAX) {
                // The line is slow, and this is what can wait.
                return Ok(Some(SPACING_MS));
            }
            let place = self.place_in(&doc)?;
            let (said, wait) = self.here.telling.tell(&doc, place.as_ref(), now_ms);
            if let Some(presence) = said {
                self.send(Frame::Presence(presence));
            }
            again = again.into_iter().chain(wait).min();
        }
        Ok(again)
    }

    /// Who else has a plan on the screen, as far as this device is told, by name. `now_ms` as in [`Device::stand`].
    pub fn present(&self, pep: &Pep, now_ms: u64) -> Vec<Present> {
        let own = self.me.as_ref().map(|me| (me.person, me.device));
        let mut all: BTreeMap<Id, Present> = BTreeMap::new();
        for kind in DocumentKind::ALL {
            let doc = *pep.document(*kind).as_bytes();
            for said in self.here.others.within(&doc, now_ms).filter(|said| own.is_none_or(|own| own.1 != said.device))
            {
                let Some(who) = self.who(&pep.began_for(), &said.person) else { continue };
                let heads = said.heads.iter().flatten().map(|hash| hash.into_array()).collect();
                let writing = said.state == Doing::Editing;
                let person = all.entry(said.person).or_insert_with(|| Present {
                    who,
                    myself: own.is_some_and(|own| own.0 == said.person),
                    field: None,
                    writing: false,
                    heads: BTreeMap::new(),
                });
                // What is said of an annex adds to what is said of the plan; writing tells more than looking.
                if person.field.is_none() || (writing && !person.writing) {
                    person.field.clone_from(&said.field);
                    person.writing = writing;
                }
                person.heads.insert(doc, heads);
            }
        }
        let mut all: Vec<Present> = all.into_values().collect();
        all.sort_by(|a, b| (&a.who.name, a.who.person).cmp(&(&b.who.name, b.who.person)));
        all
    }

    /// Those who are here and are shown a document with this change in it.
    pub fn seen_by(&mut self, pep: &Pep, doc: &Id, change: &Hash, now_ms: u64) -> Result<Vec<Present>, Trouble> {
        let mut seen = Vec::new();
        for present in self.present(pep, now_ms) {
            if self.has_seen(&present, doc, change)? {
                seen.push(present);
            }
        }
        Ok(seen)
    }

    /// Those who are here and are shown everything that this device wrote in a plan, as far as they read it. `None` where it wrote
    /// nothing.
    pub fn seen_whole(&mut self, pep: &Pep, now_ms: u64) -> Result<Option<Vec<Present>>, Trouble> {
        let mut tips = Vec::new();
        for kind in DocumentKind::ALL {
            let doc = *pep.document(*kind).as_bytes();
            if let Some(actor) = self.actor(&doc).filter(|_| self.replica.has(&doc).unwrap_or(false)) {
                let tip = self.replica.ledger_of(&doc)?.index().tip(&actor);
                tips.extend(tip.map(|(_, hash)| (doc, hash)));
            }
        }
        if tips.is_empty() {
            return Ok(None);
        }
        let mut seen = Vec::new();
        for present in self.present(pep, now_ms) {
            let theirs: Vec<&(Id, Hash)> = tips.iter().filter(|(doc, _)| present.heads.contains_key(doc)).collect();
            let mut all = !theirs.is_empty();
            for (doc, hash) in theirs {
                all = all && self.has_seen(&present, doc, hash)?;
            }
            if all {
                seen.push(present);
            }
        }
        Ok(Some(seen))
    }

    /// Whether the relay is known to have a change of this device.
    pub fn is_shared(&mut self, doc: &Id, change: &Hash) -> Result<bool, Trouble> {
        let ledger = self.replica.ledger_of(doc)?;
        Ok(!ledger.waiting().any(|(_, hash)| hash == change) && !ledger.held().contains(change))
    }

    /// Whether what somebody is shown of a document includes a change.
    fn has_seen(&mut self, present: &Present, doc: &Id, change: &Hash) -> Result<bool, Trouble> {
        let Some(heads) = present.heads.get(doc) else { return Ok(false) };
        if heads.contains(change) {
            return Ok(true);
        }
        self.replica.read(doc, |document| {
            // Heads that this device lacks are of what came after: they say nothing of what came before.
            let known = heads.iter().map(|hash| plan::ChangeHash(*hash));
            let known: Vec<_> = known.filter(|hash| document.get_change_meta_by_hash(hash).is_some()).collect();
            !known.is_empty() && !document.get_changes_meta(&known).iter().any(|unseen| unseen.hash.0 == *change)
        })
    }

    /// Where this device's person is in a document: where they write, else where they came last.
    fn place_in(&mut self, doc: &Id) -> Result<Option<Place>, Trouble> {
        let Some((pep, kind)) = self.document(doc).map(|(pep, kind)| (pep.id(), kind)) else { return Ok(None) };
        let here = self.here.tabs.values().filter(|(spot, _)| spot.pep == pep);
        let Some((spot, _)) = here.max_by_key(|(spot, turn)| (spot.writing, *turn)).cloned() else { return Ok(None) };
        let question = spot.field.as_deref().and_then(|field| field.split('/').next());
        let within = question.and_then(|id| plan::bank().question(id)).is_some_and(|known| known.document() == kind);
        let heads = self.replica.standing(doc)?.heads;
        Ok(Some(Place { field: spot.field.filter(|_| within), writing: spot.writing && within, heads }))
    }
}
