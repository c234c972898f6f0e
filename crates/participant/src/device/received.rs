//! What follows from what the relay says, act by act.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Hash, Id};
use plan::DocumentKind;
use replica::Trouble;
use sync::{
    Cursor, Mark, People, SignedRoster,
    frame::{Listed, code},
    participant::Act,
};

use super::{
    Device, MARK,
    facts::{cbor, key, pep_of},
    incarnation::is_own_past,
    state::Line,
};
use crate::words::told;

/// How often one document's log is read again from its start on one connection.
const READ_AGAIN_MAX: u32 = 4;

impl Device {
    pub(super) fn act(&mut self, act: Act, now: i64) -> Result<(), Trouble> {
        match act {
            Act::Send(frame) => self.send(frame),
            Act::Close => {
                if let Some(c) = self.connection.as_mut() {
                    c.close = true;
                }
            }
            Act::Welcome { relay, epoch, unsettled, .. } => {
                if self.me.as_ref().is_some_and(|me| me.relay.id != relay) {
                    self.words.push(told::ANOTHER_RELAY.to_owned());
                    self.line = Line::Refused(told::ANOTHER_RELAY.to_owned());
                    if let Some(c) = self.connection.as_mut() {
                        c.close = true;
                    }
                } else {
                    self.line = Line::Connected;
                    self.welcomed_in(epoch, unsettled)?;
                    self.send_asked();
                    self.forget_undecided()?;
                }
                self.touch();
            }
            Act::Roster(signed) => self.take_roster(&signed)?,
            Act::Mark(mark) => self.take_mark(mark),
            Act::Entries { entries, complete } => self.take_entries(entries, complete)?,
            Act::Documents(list) => self.take_documents(list, true)?,
            Act::Listing(list) => self.take_documents(list, false)?,
            Act::Take { doc, from, envelopes } => {
                let Some(epoch) = self.connection.as_ref().and_then(|c| c.session.epoch()) else { return Ok(()) };
                let (offered, refused) = self.take(&doc, &envelopes, Cursor::new(epoch, from))?;
                let new = envelopes.iter().zip(&offered).filter(|(_, o)| matches!(o, replica::Offered::New(_)));
                let new: Vec<Id> = new.map(|(e, _)| e.actor).collect();
                if let Some(c) = self.connection.as_mut() {
                    c.traffic.received += new.len() as u64;
                    if !offered.is_empty() {
                        c.read.insert(doc, from + offered.len() as u64 - 1);
                    }
                }
                // A change by the very actor this device writes with, and it does not hold it: this is an older copy of itself.
                if self.actor(&doc).is_some_and(|own| new.contains(&own)) {
                    self.move_on()?;
                }
                if let (Some(refusal), Some(envelope)) = (refused, envelopes.get(offered.len())) {
                    self.could_not_take(&doc, envelope, &refusal)?;
                }
                self.touch();
            }
            Act::Snapshot { doc, seq, bytes, tips, .. } => {
                let Some(epoch) = self.connection.as_ref().and_then(|c| c.session.epoch()) else { return Ok(()) };
                let authority = self.authority_for_snapshot(&doc, &tips);
                let own = self.actor(&doc);
                let taken = self.replica.take_snapshot(&doc, Cursor::new(epoch, seq), bytes, &tips, &authority)?;
                self.follow(&doc)?;
                match taken {
                    // Something was written here while the snapshot was on its way: the log is read from its start.
                    Ok(()) if self.replica.standing(&doc)?.cursor.is_none() => self.open_line(&doc)?,
                    Ok(()) => {
                        if let Some(c) = self.connection.as_mut() {
                            c.traffic.received += seq;
                            c.read.insert(doc, seq);
                        }
                        if tips.iter().any(|t| Some(t.actor) == own) {
                            self.move_on()?;
                        }
                    }
                    Err(refusal) if refusal.rests_on_the_roster() && self.wait_for_roster(doc) => {}
                    Err(refusal) => {
                        self.words.push(told::copy_not_taken(refusal.code()));
                        self.leave_alone(doc);
                    }
                }
                self.touch();
            }
            Act::Receipt { doc, hash, cursor } => {
                self.replica.receipt(&doc, &hash, cursor)?;
                if let Some(c) = self.connection.as_mut() {
                    c.traffic.sent += 1;
                    if let Some(cursor) = cursor {
                        c.read.insert(doc, cursor.seq);
                    }
                }
                self.touch();
            }
            Act::Held { doc, hashes, follows, code, detail } => {
                self.was_held(&doc, &hashes, &follows, (&code, &detail), now)?;
            }
            Act::Released { doc, hashes } => self.was_released(&doc, &hashes)?,
            Act::Undecided { doc, changes } => self.now_undecided(&doc, changes),
            Act::Presence(presence) => {
                if self.here.hear(presence, u64::try_from(now).unwrap_or(0).saturating_mul(1_000)) {
                    self.touch();
                }
            }
            Act::Readers { doc, chosen } => self.readers_taken(&doc, chosen)?,
            Act::Acted { id, refused } => self.acted(&id, refused),
            Act::Gone(doc) => {
                let listing = self.has_entries();
                if let Some(c) = self.connection.as_mut() {
                    c.gone.insert(doc);
                    // No new list follows that lacks it.
                    c.listed.as_mut().filter(|_| listing).and_then(|listed| listed.remove(&doc));
                }
                self.lose_gone()?;
                self.touch();
            }
            Act::Trouble { code, detail, retry_after_ms, doc } => {
                if let (Some(c), Some(ms)) = (self.connection.as_mut(), retry_after_ms) {
                    c.retry_after_ms = ms;
                }
                self.heard_trouble(&code, detail, doc)?;
            }
        }
        Ok(())
    }

    fn heard_trouble(&mut self, code: &str, detail: String, doc: Option<Id>) -> Result<(), Trouble> {
        if code == code::MISSING
            && let Some(doc) = doc
        {
            return self.read_again(&doc);
        }
        if matches!(code, code::NEWER | code::INCARNATIONS)
            && let Some(doc) = doc
        {
            self.leave_alone(doc);
        }
        if code == code::REVOKED
            && let Some(c) = self.connection.as_mut()
        {
            c.revoked = true;
        }
        // Of a PEP that was started under another process, the list that says so follows, and this device gives way to it.
        if code == code::REFUSED
            && let Some(c) = self.connection.as_mut()
        {
            c.refused += 1;
        }
        self.words.push(detail);
        self.touch();
        Ok(())
    }

    /// The relay lacks what ours builds on, or we lack what its log builds on: its log is read again from the start, and
    /// everything it turns out to lack is offered. A few times a connection: what was already on its way may be answered
    /// likewise.
    fn read_again(&mut self, doc: &Id) -> Result<(), Trouble> {
        let Some(c) = self.connection.as_mut() else { return Ok(()) };
        let Some(epoch) = c.session.epoch() else { return Ok(()) };
        let times = c.again.entry(*doc).or_default();
        *times += 1;
        if *times > READ_AGAIN_MAX {
            self.leave_alone(*doc);
            return Ok(());
        }
        self.replica.commit()?;
        self.replica.new_epoch(doc, epoch)?;
        self.open_line(doc)
    }

    /// Keeps the newest mark, if the relay's own key signed it.
    fn take_mark(&mut self, mark: Mark) {
        let Some(me) = &self.me else { return };
        let new = self.mark.as_ref().is_none_or(|held| mark.follows(held));
        if new && mark.is_of(&me.relay.id, &me.relay.key) {
            self.mark = Some(mark);
        }
    }

    /// Writes it down: not each, for that would cost a record beside every change.
    pub(super) fn keep_mark(&mut self) {
        let kept = self.replica.fact(MARK).ok().flatten();
        let now = self.mark.as_ref().map(cbor);
        if now.is_some() && now != kept {
            self.replica.set_fact(MARK, now.as_deref());
        }
    }

    /// Takes in a roster that came on the line or was fetched, if the relay's own key signed it.
    pub fn take_roster(&mut self, signed: &SignedRoster) -> Result<(), Trouble> {
        let Some(me) = &self.me else { return Ok(()) };
        let Some(roster) = signed.verify(&me.relay.key) else {
            self.words.push(told::ROSTER_NOT_SIGNED.to_owned());
            return Ok(());
        };
        self.show_roster(signed, People::of(&roster))?;
        self.forget_known_children()?;
        self.touch();
        self.open_listed()
    }

    /// Opens the documents that may be opened and are not, as far as the roster names their children.
    pub(super) fn open_listed(&mut self) -> Result<(), Trouble> {
        let has_entries = self.has_entries();
        let Some(c) = self.connection.as_mut() else { return Ok(()) };
        let closed = c.listed.iter().flatten().filter(|(doc, _)| !c.session.is_open(doc) && !c.stuck.contains(*doc));
        let closed: Vec<(Id, Id)> = closed.map(|(doc, listed)| (*doc, listed.start.child)).collect();
        c.wants_roster = false;
        for (doc, child) in closed {
            if self.roster.child(&child).is_some() {
                self.open_line(&doc)?;
            } else if let Some(c) = self.connection.as_mut().filter(|_| !has_entries) {
                c.wants_roster = true;
            }
        }
        Ok(())
    }

    /// What may be opened: all of it where it is `whole`, otherwise what is new or otherwise.
    fn take_documents(&mut self, list: Vec<Listed>, whole: bool) -> Result<(), Trouble> {
        let mut listed = BTreeMap::new();
        for item in self.keep_newer(list, whole) {
            // The ids follow from what the PEP was started as: a list that says otherwise is not believed.
            let Some(pep) = pep_of(&item.start, &self.processes).filter(|p| *p.id().as_bytes() == item.pep) else {
                continue;
            };
            let Ok(kind) = item.kind.parse::<DocumentKind>() else { continue };
            if *pep.document(kind).as_bytes() != item.doc {
                continue;
            }
            if self.peps.get(&item.pep).is_none_or(|known| !known.process.began_alike(&pep.process)) {
                if self.peps.contains_key(&item.pep) && !self.gives_way(&pep, &item.start)? {
                    if let Some(c) = self.connection.as_mut()
                        && c.announced.insert(item.pep)
                    {
                        c.refused += 1;
                        self.words.push(told::two_processes(&pep));
                    }
                    continue;
                }
                self.replica.set_fact(&key(b"pep/", &item.pep), Some(&cbor(&item.start)));
                self.put_pep(item.pep, pep.clone());
            }
            if !self.replica.has(&item.doc)? {
                self.replica.start(&item.doc, &pep.genesis(kind))?;
            }
            self.documents.insert(item.doc, (item.pep, kind));
            self.hear_readers(&item.doc, item.readers.clone())?;
            listed.insert(item.doc, item);
        }
        if let Some(c) = self.connection.as_mut() {
            c.gone.retain(|doc| !listed.contains_key(doc));
            match c.listed.as_mut().filter(|_| !whole) {
                Some(before) => before.extend(listed),
                None => c.listed = Some(listed),
            }
        }
        self.lose_gone()?;
        self.replica.commit()?;
        self.open_listed()?;
        self.ask_for_unlisted()?;
        self.announce()?;
        self.touch();
        Ok(())
    }

    /// The relay's log holds something that this device's gate does not admit.
    fn could_not_take(&mut self, doc: &Id, envelope: &gate::Envelope, refusal: &gate::Refusal) -> Result<(), Trouble> {
        let own = self.me.as_ref().is_some_and(|m| m.device == envelope.device);
        if own && is_own_past(refusal.code()) {
            // The relay has another change of ours under a number that this copy used again, or lacks.
            self.replica.commit()?;
            self.move_on()?;
            let waiting: BTreeSet<Hash> = self.replica.ledger_of(doc)?.waiting().map(|(_, h)| *h).collect();
            let team = self.authority(doc);
            self.replica.rebase(doc, &waiting, &BTreeSet::new(), &team)?;
            self.follow(doc)?;
            return self.open_line(doc);
        }
        if refusal.is_missing() {
            return self.read_again(doc);
        }
        if refusal.rests_on_the_roster() && self.wait_for_roster(*doc) {
            return Ok(());
        }
        // Somebody with a newer program has moved the plan to a version that is not known here.
        let newer = envelope.actor == plan::BEGINNING && envelope.seq > 1;
        self.words.push(if newer { told::MOVED_BEYOND.to_owned() } else { told::change_not_taken(refusal.code()) });
        self.leave_alone(*doc);
        Ok(())
    }

    /// The roster held here may be older than what came: closes the document until a newer one is here. `false` where this
    /// very roster was too old before, and asking has brought no other.
    fn wait_for_roster(&mut self, doc: Id) -> bool {
        // Entries come before what rests on them: waiting brings no others.
        if self.has_entries() {
            return false;
        }
        let version = self.roster.version();
        let Some(c) = self.connection.as_mut().filter(|c| c.doubted.get(&doc) != Some(&version)) else { return false };
        c.doubted.insert(doc, version);
        c.out.extend(c.session.close(doc));
        c.wants_roster = true;
        true
    }
}
