//! Who stands behind the actors of a document: kept when a change of theirs is let in, which proves it, so that nobody has to search
//! for it afterwards.
//!
//! A version of this program that knows nothing of authors takes these facts for what it may leave alone: they stand where the
//! envelopes without a past do, and are none.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Author, Id};
use serde_bytes::ByteArray;

use crate::{
    Replica,
    beside::{Beside, Kept, SOUGHT, author_key, search_of},
    cbor::to_cbor,
    event::PARKED,
    trouble::Result,
};

impl Replica {
    /// Who stands behind the actors of a document, as was proved when their changes were let in. An actor that is missing was let in
    /// by a version that kept no authors, and has not been found since ([`Replica::find_authors`]).
    pub fn authors(&mut self, doc: &Id) -> Result<BTreeMap<Id, Author>> {
        Ok(self.ledger(doc)?.beside.authors.iter().map(|(actor, (author, _))| (*actor, *author)).collect())
    }

    /// Actors of a document of whom that is not kept.
    pub fn unnamed(&mut self, doc: &Id) -> Result<BTreeSet<Id>> {
        let open = self.ledger(doc)?;
        Ok(open.ledger.index().actors().filter(|actor| !open.beside.authors.contains_key(*actor)).copied().collect())
    }

    /// Looks among these people for the authors that are not kept, and stages who was found. The same search is made once: what it
    /// did not find is looked for again when there is somebody else to look among.
    pub fn find_authors(&mut self, doc: &Id, among: &[Author]) -> Result<()> {
        let unnamed = self.unnamed(doc)?;
        if unnamed.is_empty() {
            return Ok(());
        }
        let search = search_of(&unnamed, among);
        if self.ledger(doc)?.beside.sought.as_ref() == Some(&search) {
            return Ok(());
        }
        // Whoever is missing although their envelopes name the incarnation is found with one hash for each of these people.
        let index = self.ledger(doc)?.ledger.index();
        let (named, numbered): (Vec<_>, Vec<_>) =
            unnamed.iter().map(|actor| (*actor, index.incarnation(actor))).partition(|(_, named)| named.is_some());
        let theirs = |(actor, incarnation): (Id, Option<Id>)| {
            let incarnation = incarnation?;
            let author = among.iter().find(|author| gate::actor_of(doc, author, &incarnation) == actor);
            Some((actor, *author?, Some(incarnation)))
        };
        let mut found: Vec<(Id, Author, Option<Id>)> = named.into_iter().filter_map(theirs).collect();
        let numbered = gate::authors_of(doc, numbered.into_iter().map(|(actor, _)| actor), among);
        found.extend(numbered.into_iter().map(|(actor, author)| (actor, author, None)));
        let all = unnamed.len() == found.len();
        for (actor, author, incarnation) in found {
            self.keep_author(doc, &actor, author, incarnation)?;
        }
        if !all {
            let search = search_of(&self.unnamed(doc)?, among);
            self.set_fact(&[PARKED, doc, &[SOUGHT]].concat(), Some(&search));
            self.ledger(doc)?.beside.sought = Some(search);
        }
        Ok(())
    }

    /// Stages who stands behind these actors, as far as the gate has just proved it and it is not kept yet.
    pub(crate) fn keep_proved(&mut self, doc: &Id, actors: impl IntoIterator<Item = Id>) -> Result<()> {
        let Some(open) = self.open.get(doc) else { return Ok(()) };
        let new = |actor: Id| {
            let known = open.beside.authors.contains_key(&actor);
            let index = open.ledger.index();
            Some((actor, (index.author(&actor).filter(|_| !known)?, index.incarnation(&actor))))
        };
        let proved: BTreeMap<Id, (Author, Option<Id>)> = actors.into_iter().filter_map(new).collect();
        proved
            .into_iter()
            .try_for_each(|(actor, (author, incarnation))| self.keep_author(doc, &actor, author, incarnation))
    }

    /// Stages who stands behind an actor, and the incarnation that it is of.
    pub(crate) fn keep_author(&mut self, doc: &Id, actor: &Id, author: Author, incarnation: Option<Id>) -> Result<()> {
        let Author { key, person } = author;
        let kept = to_cbor(&Kept { actor: *actor, key, person, incarnation: incarnation.map(ByteArray::new) });
        self.set_fact(&author_key(self.disk.keys(), doc, actor)?, Some(&kept));
        if let Some(open) = self.open.get_mut(doc) {
            open.ledger.know_author(actor, author, incarnation);
            open.beside.authors.insert(*actor, (author, incarnation));
        }
        Ok(())
    }

    /// Stages that this device stands behind the actor that it writes with now.
    pub(crate) fn keep_own(&mut self, doc: &Id) -> Result<()> {
        let Some(signer) = &self.signer else { return Ok(()) };
        let (actor, author, incarnation) = (signer.actor(doc), signer.author(), signer.incarnation);
        self.keep_author(doc, &actor, author, Some(incarnation))
    }

    /// What the store holds beside a document.
    pub(crate) fn beside(&self, doc: &Id) -> Result<Beside> {
        let prefix = [PARKED, doc].concat();
        Ok(Beside::of(prefix.len(), self.tables().facts(&prefix)?))
    }
}
