//! Refused changes: what of this device's was not accepted, with the words beside it; what waits for this person's decision;
//! and documents that are given up because their person has left.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Hash, Id};
use plan::{Answer, Authors, Automerge, ChangeHash, DocumentKind, Documents, Pep};
use replica::Trouble;
use sync::{Frame, held::List, participant::Session};
use uuid::Uuid;

use super::{
    Device,
    facts::{cbor, from_cbor, key, start_of},
    incarnation::is_own_past,
    state::{Held, Said, Waiting, Why, fact},
};
use crate::words::{self, told};

/// Facts: how many refused changes of a document wait for this person's decision.
const UNDECIDED: &[u8] = b"undecided/";
/// Facts: ids of plans that were given up because their child's team was left. Whoever names one is told so.
const LEFT: &[u8] = b"left/";
/// How often one document is set right after a refusal on one connection. A relay that refuses again what this device wrote
/// in answer to a refusal is left alone until the next.
const REBASED_MAX: u32 = 8;
/// The code of a change that could not be written again, because it stands in what was refused.
const FOLLOWS: &str = "follows";

impl Device {
    /// This person's changes that were refused, oldest first.
    pub fn refused(&self) -> Vec<Held> {
        self.refused.values().cloned().collect()
    }

    /// How many changes of a document were refused.
    pub(super) fn refused_in(&self, doc: &Id) -> usize {
        self.refused.values().filter(|held| held.doc == *doc).count()
    }

    fn refusal_of(&self, doc: &Id, hash: &Hash) -> Option<&Held> {
        self.refused.values().find(|held| held.doc == *doc && held.hash == *hash)
    }

    fn put_refused(&mut self, held: Held) {
        self.replica.set_fact(&fact(held.number), Some(&cbor(&held)));
        self.refused.insert(held.number, held.among(&self.processes));
    }

    /// How many refused changes wait for this person's decision, as the relay last said.
    pub fn undecided(&self) -> Result<u64, Trouble> {
        Ok(self.replica.facts(UNDECIDED)?.iter().filter_map(|(_, value)| from_cbor::<u64>(value)).sum())
    }

    /// The same for each plan in which some do.
    pub fn undecided_by_pep(&self) -> Result<BTreeMap<Uuid, u64>, Trouble> {
        let mut by_pep: BTreeMap<Uuid, u64> = BTreeMap::new();
        for (fact, value) in self.replica.facts(UNDECIDED)? {
            let doc = fact.get(UNDECIDED.len()..).and_then(|doc| Id::try_from(doc).ok());
            let pep = doc.and_then(|doc| self.document(&doc)).map(|(pep, _)| pep.id());
            if let (Some(pep), Some(changes)) = (pep, from_cbor::<u64>(&value)) {
                *by_pep.entry(pep).or_default() += changes;
            }
        }
        Ok(by_pep)
    }

    /// So many refused changes of this document wait for this person's decision.
    pub(super) fn now_undecided(&mut self, doc: &Id, changes: u64) {
        let value = (changes > 0).then(|| cbor(&changes));
        self.replica.set_fact(&key(UNDECIDED, doc), value.as_deref());
        self.touch();
    }

    /// A connection begins: what waits for a decision is told anew on it.
    pub(super) fn forget_undecided(&mut self) -> Result<(), Trouble> {
        for (fact, _) in self.replica.facts(UNDECIDED)? {
            self.replica.set_fact(&fact, None);
        }
        Ok(())
    }

    /// The relay refused and keeps some changes; `follows` are those that nothing speaks against but that they build on them.
    pub(super) fn was_held(
        &mut self,
        doc: &Id,
        hashes: &[Hash],
        follows: &[Hash],
        (code, detail): (&str, &str),
        now: i64,
    ) -> Result<(), Trouble> {
        self.replica.commit()?;
        let (mut own, mut others) = (BTreeSet::new(), Vec::new());
        if self.replica.has(doc)? {
            let waiting: Vec<(u64, Hash)> = self.replica.ledger_of(doc)?.waiting().map(|(n, h)| (n, *h)).collect();
            for (number, hash) in waiting.into_iter().filter(|(_, hash)| hashes.contains(hash)) {
                let envelopes = self.replica.envelopes(doc, &[number])?;
                let is_own = envelopes.iter().all(|e| self.me.as_ref().is_some_and(|me| me.device == e.device));
                if is_own {
                    own.insert(hash);
                } else {
                    others.push(hash);
                }
            }
        }
        // Somebody else's, brought from here: not this person's to hear of, and not to be offered again.
        for hash in &others {
            self.replica.hold(doc, hash, &cbor(&Why { code: code.into(), detail: detail.into(), at: now }))?;
        }
        if is_own_past(code) {
            // This device is an older copy of itself: its words are written again under a new incarnation.
            self.move_on()?;
            let team = self.authority(doc);
            let rebased = self.replica.rebase(doc, &own, &BTreeSet::new(), &team)?;
            self.follow(doc)?;
            if rebased.is_some_and(|rebased| rebased.written > 0) {
                self.words.push(told::WRITTEN_AGAIN.to_owned());
            }
            self.open_line(doc)?;
        } else {
            let refused: Vec<Hash> =
                hashes.iter().filter(|h| !follows.contains(h) && !others.contains(h)).copied().collect();
            let new = self.keep_refused(doc, &refused, (code, detail), now)?;
            if new > 0 {
                self.words.push(told::not_accepted(new, detail));
            }
            if !own.is_empty() {
                let without = own.iter().filter(|hash| !follows.contains(hash)).copied().collect();
                self.set_right(doc, &own, &without, now)?;
            }
        }
        let heard: Vec<Hash> = hashes.iter().filter(|hash| !others.contains(hash)).copied().collect();
        self.say_heard(*doc, heard);
        self.touch();
        Ok(())
    }

    /// Keeps what was refused, with its words: how many are new here.
    fn keep_refused(
        &mut self,
        doc: &Id,
        refused: &[Hash],
        (code, detail): (&str, &str),
        now: i64,
    ) -> Result<usize, Trouble> {
        let why = Why { code: code.into(), detail: detail.into(), at: now };
        let mut new = 0;
        for hash in refused {
            let known = self.refusal_of(doc, hash).cloned();
            let held = match known {
                Some(held) if held.why.code == why.code => continue,
                // Decided since: it keeps its day.
                Some(held) => Held { why: Why { at: held.why.at, ..why.clone() }, ..held },
                None => {
                    let pep = self.document(doc).map(|(pep, _)| pep.clone());
                    let child = pep.as_ref().and_then(|pep| self.roster.child(pep.child.as_bytes()));
                    Held {
                        doc: *doc,
                        hash: *hash,
                        number: self.refused.last_key_value().map_or(1, |(last, _)| last + 1),
                        child: child.map_or_else(|| "A child".to_string(), |child| child.name.clone()),
                        said: self.said(doc, pep.as_ref(), hash)?,
                        start: pep.as_ref().map(start_of),
                        why: why.clone(),
                        pep,
                    }
                }
            };
            self.put_refused(held);
            new += 1;
        }
        Ok(new)
    }

    /// Takes the refused branch out of the document and writes the rest of it again.
    fn set_right(
        &mut self,
        doc: &Id,
        refused: &BTreeSet<Hash>,
        without: &BTreeSet<Hash>,
        now: i64,
    ) -> Result<(), Trouble> {
        let times = self.connection.as_mut().map(|c| c.rebased.entry(*doc).or_default());
        let tired = times.is_some_and(|times| {
            *times += 1;
            *times > REBASED_MAX
        });
        // What is taken out and cannot be written again is said while it can still be read.
        let waiting: Vec<Hash> = self.replica.ledger_of(doc)?.waiting().map(|(_, h)| *h).collect();
        let pep = self.document(doc).map(|(pep, _)| pep.clone());
        let mut said = BTreeMap::new();
        for hash in waiting.iter().filter(|hash| !without.contains(*hash)) {
            said.insert(*hash, self.said(doc, pep.as_ref(), hash)?);
        }
        if !tired {
            self.move_on()?;
            let team = self.authority(doc);
            if let Some(rebased) = self.replica.rebase(doc, refused, without, &team)? {
                self.follow(doc)?;
                if rebased.written > 0 {
                    self.words.push(told::stay(rebased.written));
                }
                for hash in &rebased.stranded {
                    self.keep_refused(doc, &[*hash], (FOLLOWS, told::STANDS_IN_REFUSED), now)?;
                    if let (Some(held), Some(said)) = (self.refusal_of(doc, hash).cloned(), said.remove(hash)) {
                        self.put_refused(Held { said, ..held });
                    }
                }
                return Ok(());
            }
        }
        // It cannot be taken out: it is left as it is, and not offered again.
        let why = cbor(&Why { code: FOLLOWS.into(), detail: String::new(), at: now });
        for hash in refused {
            self.replica.hold(doc, hash, &why)?;
        }
        self.words.push(told::WAITS_FOR_DECISION.to_owned());
        self.leave_alone(*doc);
        Ok(())
    }

    /// Refused changes were accepted after all.
    pub(super) fn was_released(&mut self, doc: &Id, hashes: &[Hash]) -> Result<(), Trouble> {
        let mut known = 0;
        for hash in hashes {
            if let Some(number) = self.refusal_of(doc, hash).map(|held| held.number) {
                known += 1;
                self.refused.remove(&number);
                self.replica.set_fact(&fact(number), None);
            }
            if self.replica.has(doc)? {
                self.replica.release(doc, hash);
            }
        }
        if known > 0 {
            self.words.push(told::accepted(known));
        }
        self.say_heard(*doc, hashes.to_vec());
        self.touch();
        Ok(())
    }

    /// To be said once what it is about is on the disk.
    fn say_heard(&mut self, doc: Id, hashes: Vec<Hash>) {
        if let Some(c) = self.connection.as_mut().filter(|_| !hashes.is_empty()) {
            c.heard.push((doc, hashes));
        }
    }

    /// What is on the disk is said to have been heard.
    pub(super) fn tell_heard(&mut self) {
        if let Some(c) = self.connection.as_mut() {
            let heard: Vec<Frame> = c.heard.drain(..).map(|(doc, hashes)| Session::heard(doc, &hashes)).collect();
            c.out.extend(heard);
        }
    }

    /// What a change of a document held here did.
    fn said(&mut self, doc: &Id, pep: Option<&Pep>, hash: &Hash) -> Result<Vec<Said>, Trouble> {
        let Some(pep) = pep.filter(|_| self.replica.has(doc).unwrap_or(false)) else { return Ok(Vec::new()) };
        let is_main = pep.document(DocumentKind::Main).as_bytes() == doc;
        self.replica.read(doc, |document| said_in(document, pep, is_main, &|_| None, hash))
    }

    // What waits for this person's decision.

    /// What the relay lists, in words: worked out here, for the relay knows no plan.
    pub fn waiting_for_me(&mut self, list: List) -> Result<Vec<Waiting>, Trouble> {
        let mut documents: BTreeMap<Id, Option<Automerge>> = BTreeMap::new();
        let mut waiting = Vec::new();
        for change in &list.changes {
            if let std::collections::btree_map::Entry::Vacant(place) = documents.entry(change.doc) {
                let of_doc = list.changes.iter().filter(|other| other.doc == change.doc);
                let envelopes: Vec<gate::Envelope> = of_doc.map(|other| other.envelope.0.clone()).collect();
                // To look at, as if they had been let in.
                let mut authority = self.authority(&change.doc);
                authority.accepted.extend(envelopes.iter().map(|envelope| envelope.hash));
                place.insert(match self.replica.has(&change.doc)? {
                    true => Some(self.replica.with_held(&change.doc, &envelopes, &authority)?),
                    false => None,
                });
            }
        }
        for change in list.changes {
            let found = self.document(&change.doc).map(|(pep, kind)| (pep.clone(), kind));
            let document = documents.get(&change.doc).and_then(Option::as_ref);
            let said = match (&found, document) {
                (Some((pep, kind)), Some(document)) => {
                    said_in(document, pep, *kind == DocumentKind::Main, &|_| None, &change.hash)
                }
                _ => Vec::new(),
            };
            let pep = found.map(|(pep, _)| pep);
            let who = pep.as_ref().and_then(|pep| self.who(&pep.began_for(), &change.person));
            let author =
                who.map_or_else(|| told::NOBODY_KNOWN.to_owned(), |who| told::author(&who.name, who.role, who.until));
            waiting.push(Waiting { change, pep, author, said });
        }
        Ok(waiting)
    }

    // Leaving.

    /// Plans that were on this device until their child's team was left.
    pub fn left_peps(&self) -> Result<Vec<Uuid>, Trouble> {
        let ids = self.replica.facts(LEFT)?.into_iter();
        let ids = ids.filter_map(|(key, _)| Some(Uuid::from_bytes(key.get(LEFT.len()..)?.try_into().ok()?)));
        Ok(ids.filter(|id| !self.peps.contains_key(id.as_bytes())).collect())
    }

    /// Whether this person was on a child's team, and is not any more.
    pub(super) fn has_left(&self, child: &Uuid) -> bool {
        self.roster.child(child.as_bytes()).is_none() && self.roster.has_left(child.as_bytes())
    }

    /// Documents in which something waits and that are not this person's to open any more: it is handed in all the same.
    pub(super) fn may_hand_in(&self, doc: &Id) -> bool {
        let Some((pep, kind)) = self.document(doc) else { return false };
        let known = self.roster.child(pep.began_for().as_bytes()).is_some() || self.has_left(&pep.began_for());
        let gone = self.connection.as_ref().is_some_and(|c| c.gone.contains(doc) || c.stuck.contains(doc));
        known && !gone && !self.is_ours(pep.id().as_bytes(), kind)
    }

    /// PEPs of children whose teams this person has left, in which nothing waits to be handed in.
    fn left_behind(&self) -> Result<Vec<Pep>, Trouble> {
        if self.roster.left().len() == 0 {
            return Ok(Vec::new());
        }
        let waiting = self.replica.waiting()?;
        let waits = |pep: &Pep| DocumentKind::ALL.iter().any(|kind| waiting.contains(pep.document(*kind).as_bytes()));
        Ok(self.peps.values().filter(|pep| self.has_left(&pep.began_for()) && !waits(pep)).cloned().collect())
    }

    /// Whether there is anything to give up.
    pub(super) fn has_to_give_up(&self) -> Result<bool, Trouble> {
        Ok(!self.left_behind()?.is_empty())
    }

    /// Gives up the documents of children whose teams this person has left, once nothing in them waits to be handed in.
    pub(super) fn give_up_left(&mut self) -> Result<(), Trouble> {
        if self.connection.as_ref().is_none_or(|c| c.listed.is_none()) {
            return Ok(());
        }
        let mut given_up = 0;
        for pep in self.left_behind()? {
            for kind in DocumentKind::ALL {
                let doc = *pep.document(*kind).as_bytes();
                self.replica.erase(&doc)?;
                self.replica.set_fact(&key(UNDECIDED, &doc), None);
                self.documents.remove(&doc);
            }
            self.give_up_drafts(&pep.id())?;
            self.give_up_filled_in(&pep);
            self.forget_aside(pep.id().as_bytes())?;
            self.replica.set_fact(&key(b"pep/", pep.id().as_bytes()), None);
            self.replica.set_fact(&key(LEFT, pep.id().as_bytes()), Some(b""));
            self.peps.remove(pep.id().as_bytes());
            given_up += 1;
        }
        if given_up > 0 {
            // What this device wrote there is not known here any more, should its person come back.
            self.move_on()?;
            self.words.push(told::removed(given_up));
            self.touch();
        }
        Ok(())
    }
}

/// What a change of a document did, with the words before and after.
fn said_in(document: &Automerge, pep: &Pep, is_main: bool, authors: Authors<'_>, hash: &Hash) -> Vec<Said> {
    let hash = ChangeHash(*hash);
    let Some(entry) = plan::told_of(document, authors, &hash) else { return Vec::new() };
    let then = |heads: &[ChangeHash]| {
        let version = if is_main { plan::version(document, heads) } else { None };
        version.map(|version| plan::read(Documents::main(&version), pep, authors))
    };
    let mut said = Vec::new();
    let views = std::cell::LazyCell::new(|| {
        let deps = document.get_change_meta_by_hash(&hash).map(|change| change.deps).unwrap_or_default();
        (then(&deps), then(&[hash]))
    });
    for deed in &entry.deeds {
        let words = match entry.wrote(document, deed) {
            Some(words) => Some(words),
            None if deed.place.starts_with("comments/") => {
                let made = |comment: &&plan::Comment| deed.place.split('/').nth(1) == Some(comment.key.as_str());
                let comment = views.1.as_ref().and_then(|view| view.comments.iter().find(made));
                comment.map(|comment| (String::new(), comment.text.clone()))
            }
            None if deed.place == deed.question => {
                let (before, after) = &*views;
                let value = |view: &Option<plan::View>| {
                    let question = plan::bank().question(deed.question)?;
                    match view.as_ref()?.answers.get(deed.question)? {
                        Answer::Value(value) => Some(words::value(question, value)),
                        Answer::Missing => Some(String::new()),
                        _ => None,
                    }
                };
                value(before).zip(value(after))
            }
            None => None,
        };
        said.push(Said { question: deed.question.to_string(), sentence: deed.sentence.clone(), words });
    }
    said
}
