//! Refused changes: kept, told to their author until the author's device has heard, shown to the Virtual School, accepted or
//! discarded by it.
//!
//! The envelope and why it was refused are in the replica; what became of it is a fact, `held/NUMBER`, and in memory. A hash is
//! never a part of a key: keys are not sealed, and a hash shows whether a guess at what it is of is right.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Author, Authority, Envelope, Hash, Id, Index, Refusal, Rules};
use replica::{HELD_MAX, Offered, Trouble};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use sync::{
    Frame, Wire,
    frame::code,
    held::{Change, LIST_BYTES_MAX, LIST_CHANGES_MAX, List},
};

use super::{Held, Relay};
use crate::{
    directory::{Directory, Refused, Standing, from_cbor, text, to_cbor},
    error::Error,
    pep,
};

/// Codes of refusals that somebody may overrule: nothing is wrong with the change but who made it, or when.
const ACCEPTABLE: [&str; 3] = [LEFT, RIGHT, code::LOCKED];
/// Its author may not write there.
const RIGHT: &str = "right";
/// What the author of a change hears: their device is locked.
const LOCKED_WORDS: &str = "This device has signed two different changes under one number, so the relay takes nothing more from it. Ask the Virtual School for a new invitation link and join again: what was shared comes back.";
/// The same: the device was revoked before this came.
const REVOKED_WORDS: &str = "This device was revoked, so what is written on it is not shared any more.";
/// It came when its author was no longer on the child's team.
const LEFT: &str = "left";
const LEFT_WORDS: &str = "You were not on this child’s team any more when it arrived.";
/// Somebody of the Virtual School decided that it stays out.
const DISCARDED: &str = "discarded";
const DISCARDED_WORDS: &str = "The Virtual School has looked at it and did not take it into the plan.";
const FACTS: &[u8] = b"held/";

/// What became of a refused change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum State {
    /// Somebody has yet to decide about it.
    Open,
    /// It is in the log.
    Accepted,
    /// It stays out. Its envelope is in the journal, as evidence.
    Discarded,
}

/// A refused change, without its envelope.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    /// In which order they came.
    number: u64,
    code: String,
    detail: String,
    author: ByteArray<16>,
    at: i64,
    follows: bool,
    /// When the author's device said that it has on its disk what it was told last, in Unix seconds.
    heard: Option<i64>,
    state: State,
}

/// A refused change as its fact keeps it.
#[derive(Serialize, Deserialize)]
struct Kept {
    doc: ByteArray<16>,
    hash: ByteArray<32>,
    entry: Entry,
}

/// All refused changes.
#[derive(Default)]
pub(super) struct Book {
    entries: BTreeMap<(Id, Hash), Entry>,
    last: u64,
    /// Documents whose number of open ones has changed since the Virtual School was told.
    changed: BTreeSet<Id>,
}

/// Why one envelope is not taken in.
struct Verdict {
    envelope: Envelope,
    code: String,
    detail: String,
    follows: bool,
}

/// What is known of a chain that is not taken in.
pub(super) enum Why {
    /// Nothing is wrong with it but when it came.
    Late,
    /// Its first builds on what is held.
    Behind,
    /// The gate has refused its first.
    Refused(Refusal),
}

/// How an envelope fits what is here.
enum Fit {
    /// Behind these held ones, in order.
    Behind(Vec<Hash>),
    /// It builds on this held one, which nobody's gate admits or which is not kept any more.
    Stuck(Hash),
    /// The gate refuses it.
    Refused(Refusal),
    /// Its past is not here at all.
    Lacks,
}

impl Book {
    pub(super) fn read(replica: &replica::Replica) -> Result<Book, Trouble> {
        let mut book = Book::default();
        for (_, value) in replica.facts(FACTS)? {
            let Kept { doc, hash, entry } = from_cbor(&value)?;
            book.last = book.last.max(entry.number);
            book.entries.insert((doc.into_array(), hash.into_array()), entry);
        }
        Ok(book)
    }

    fn of(&self, doc: &Id) -> impl Iterator<Item = (&Hash, &Entry)> {
        self.entries.range((*doc, [0; 32])..=(*doc, [255; 32])).map(|((_, hash), entry)| (hash, entry))
    }

    /// Refused changes of a document that somebody has to decide about.
    fn open(&self, doc: &Id) -> u64 {
        self.of(doc).filter(|(_, entry)| entry.is_open()).count() as u64
    }
}

impl Entry {
    fn is_open(&self) -> bool {
        self.state == State::Open && !self.follows
    }

    /// What its author is to be told.
    fn said(&self) -> (&str, &str) {
        match self.state {
            State::Discarded => (DISCARDED, DISCARDED_WORDS),
            State::Open | State::Accepted => (&self.code, &self.detail),
        }
    }
}

impl Relay {
    // What comes in.

    /// Whether an envelope comes after its author has left, so that it is not taken in but kept for the Virtual School. What
    /// a log that was cut off lacks is brought back by colleagues, and was taken in when it came first.
    pub(super) fn is_late(&mut self, doc: &Id, envelope: &Envelope, bringer: &Id) -> Result<bool, Trouble> {
        let Some(author) = self.directory.known_device(&envelope.device).map(|device| device.person) else {
            return Ok(false);
        };
        let left = self.directory.standing(&author, doc, &self.today) == Standing::Former;
        let lost = self.restoring.is_some() && author != *bringer;
        Ok(left && !lost && !self.replica.ledger_of(doc)?.index().contains(&envelope.hash))
    }

    /// Keeps what is refused of a chain: envelopes of one actor, in order. Gives back those whose past is not here at all.
    pub(super) fn hold(
        &mut self,
        conn: u64,
        doc: Id,
        chain: Vec<Envelope>,
        why: Why,
        now: i64,
    ) -> Result<Vec<Envelope>, Trouble> {
        let Some(device) = self.lines.get(&conn).map(|line| line.session.device()) else { return Ok(Vec::new()) };
        let (verdicts, lacking) = match why {
            Why::Refused(refusal) => (self.refused(chain, &refusal), Vec::new()),
            Why::Late | Why::Behind => self.judge(&doc, chain, matches!(why, Why::Late), self.restored_by(conn))?,
        };
        let mut told: BTreeMap<(String, String), (Vec<Hash>, Vec<Hash>)> = BTreeMap::new();
        let mut authors = BTreeSet::from([device]);
        for verdict in verdicts {
            let Verdict { envelope, code, detail, follows } = verdict;
            let hash = envelope.hash;
            authors.insert(envelope.device);
            let known = self.held.entries.get(&(doc, hash)).cloned();
            let (code, detail, follows) = match &known {
                Some(entry) => {
                    let (code, detail) = entry.said();
                    (code.to_string(), detail.to_string(), entry.follows)
                }
                None => {
                    let kept = self.keep_held(doc, &envelope, device, (&code, &detail, follows), now)?;
                    let full = " The relay keeps no more of them: they are on their author's device only.";
                    (code, if kept { detail } else { detail + full }, follows)
                }
            };
            let group = told.entry((code, detail)).or_default();
            group.0.push(hash);
            if follows {
                group.1.push(hash);
            }
        }
        // All that is said for one reason in one frame: the author's device then makes up its mind once.
        for ((code, detail), (hashes, follows)) in told {
            let plain = |hashes: Vec<Hash>| hashes.into_iter().map(ByteArray::new).collect();
            let frame = Frame::Held { doc, hashes: plain(hashes), code, detail, follows: plain(follows) };
            let lines = self.lines.iter().filter(|(_, line)| authors.contains(&line.session.device()));
            let lines: Vec<u64> = lines.filter(|(n, line)| **n == conn || line.welcomed).map(|(n, _)| *n).collect();
            for line in lines {
                self.send(line, frame.clone());
                self.ready.insert(line);
            }
        }
        Ok(lacking)
    }

    /// Keeps one refused envelope. `false`: there is no more room for this document.
    fn keep_held(
        &mut self,
        doc: Id,
        envelope: &Envelope,
        device: Id,
        (code, detail, follows): (&str, &str, bool),
        now: i64,
    ) -> Result<bool, Trouble> {
        if self.held.of(&doc).count() >= HELD_MAX {
            // What has been decided and told makes room first.
            let done = self.held.of(&doc).filter(|(_, e)| e.state == State::Discarded && e.heard.is_some());
            let Some(oldest) = done.min_by_key(|(_, e)| e.number).map(|(hash, _)| *hash) else { return Ok(false) };
            self.forget(&doc, &oldest);
        }
        let held = Held {
            code: code.to_string(),
            detail: detail.to_string(),
            device: ByteArray::new(device),
            at: now,
            envelope: Wire(envelope.clone()).encode(),
        };
        self.replica.hold(&doc, &envelope.hash, &to_cbor(&held))?;
        self.held.last += 1;
        let entry = Entry {
            number: self.held.last,
            code: held.code,
            detail: held.detail,
            author: ByteArray::new(envelope.device),
            at: now,
            follows,
            heard: None,
            state: State::Open,
        };
        self.put_held(doc, envelope.hash, entry);
        self.counts.refused += 1;
        let on = [("document", text(&doc)), ("change", hex::encode(envelope.hash)), ("code", code.to_string())];
        self.directory.audit(now, Some(device), "held", &on);
        Ok(true)
    }

    /// Why each envelope of a chain is not taken in, judged on a copy of the index that holds what is held before it.
    fn judge(
        &mut self,
        doc: &Id,
        chain: Vec<Envelope>,
        late: bool,
        restored_by: Option<Id>,
    ) -> Result<(Vec<Verdict>, Vec<Envelope>), Trouble> {
        // What is late is judged by what its author could write while they were there.
        let steps = self.steps(doc)?;
        let record = late.then(|| self.directory.record(doc, steps));
        let mut index = self.replica.ledger_of(doc)?.index().clone();
        let now = self.directory.authority(doc, steps, &self.today).map(|authority| authority.restoring(restored_by));
        let Some(authority) = record.as_ref().map(|team| team as &dyn Authority).or(now.as_ref().map(|now| now as _))
        else {
            return Ok((Vec::new(), Vec::new()));
        };
        let mut verdicts: Vec<Verdict> = Vec::new();
        let mut chain = chain.into_iter();
        for envelope in chain.by_ref() {
            let said = |code: &str, detail: &str, follows: bool, envelope: Envelope| Verdict {
                envelope,
                code: code.to_string(),
                detail: detail.to_string(),
                follows,
            };
            match self.fits(&mut index, doc, &envelope, authority)? {
                Fit::Behind(_) if late => verdicts.push(said(LEFT, LEFT_WORDS, false, envelope)),
                Fit::Behind(held) => {
                    let before = held.last().copied();
                    let (code, detail) = self.reason_of(&verdicts, doc, before);
                    verdicts.push(said(&code, &detail, true, envelope));
                }
                Fit::Stuck(before) => {
                    let (code, detail) = self.reason_of(&verdicts, doc, Some(before));
                    verdicts.push(said(&code, &detail, true, envelope));
                }
                Fit::Refused(refusal) => {
                    verdicts.extend(self.refused(std::iter::once(envelope).chain(chain), &refusal));
                    break;
                }
                Fit::Lacks => {
                    let lacking = std::iter::once(envelope).chain(chain).collect();
                    return Ok((verdicts, lacking));
                }
            }
        }
        Ok((verdicts, Vec::new()))
    }

    /// A chain whose first the gate refuses. What stands on that cannot be judged: it was never applied to anything.
    fn refused(&self, chain: impl IntoIterator<Item = Envelope>, refusal: &Refusal) -> Vec<Verdict> {
        let mut chain = chain.into_iter().peekable();
        let Some((code, detail)) = chain.peek().map(|first| self.words(first, refusal)) else { return Vec::new() };
        let said = |(n, envelope)| Verdict { envelope, code: code.clone(), detail: detail.clone(), follows: n > 0 };
        chain.enumerate().map(said).collect()
    }

    /// Code and words of a refusal, for the author.
    fn words(&self, envelope: &Envelope, refusal: &Refusal) -> (String, String) {
        let device = self.directory.known_device(&envelope.device);
        if device.is_some_and(|device| device.locked.is_some()) {
            return (code::LOCKED.into(), LOCKED_WORDS.into());
        }
        let detail = match refusal {
            Refusal::Right { .. } if device.is_some_and(|device| device.revoked.is_some()) => REVOKED_WORDS.into(),
            Refusal::Right { place, .. } => pep::not_yours(place.as_deref()),
            _ => super::sentence(refusal),
        };
        (refusal.code().into(), detail)
    }

    /// Why a change that only follows is held: as what it follows.
    fn reason_of(&self, verdicts: &[Verdict], doc: &Id, before: Option<Hash>) -> (String, String) {
        let last = verdicts.last().map(|v| (v.code.clone(), v.detail.clone()));
        let known = || {
            let entry = before.and_then(|hash| self.held.entries.get(&(*doc, hash)))?;
            Some((entry.code.clone(), entry.detail.clone()))
        };
        last.or_else(known).unwrap_or_else(|| ("missing".into(), "It builds on a change that is held.".into()))
    }

    /// Admits an envelope to a copy of the index, and before it the held ones it builds on, whose rights are not asked again.
    fn fits(
        &self,
        index: &mut Index,
        doc: &Id,
        envelope: &Envelope,
        authority: &dyn Authority,
    ) -> Result<Fit, Trouble> {
        let mut held = Vec::new();
        let mut waiting = vec![envelope.clone()];
        while let Some(next) = waiting.last() {
            let before = Waived(authority);
            let authority = if waiting.len() == 1 { authority } else { &before };
            match index.admit(next, authority) {
                Ok(_) => {
                    held.push(next.hash);
                    waiting.pop();
                }
                Err(refusal) if refusal.is_missing() && waiting.len() <= HELD_MAX => {
                    let Some(before) = refusal.missing().iter().find(|hash| self.is_held(doc, hash)) else {
                        return Ok(Fit::Lacks);
                    };
                    match self.held_envelope(doc, before)? {
                        Some(before) => waiting.push(before),
                        None => return Ok(Fit::Stuck(*before)),
                    }
                }
                Err(refusal) if waiting.len() == 1 => return Ok(Fit::Refused(refusal)),
                Err(_) => return Ok(Fit::Stuck(next.hash)),
            }
        }
        held.pop();
        Ok(Fit::Behind(held))
    }

    pub(super) fn builds_on_held(&self, doc: &Id, refusal: &Refusal) -> bool {
        refusal.missing().iter().any(|hash| self.is_held(doc, hash))
    }

    fn is_held(&self, doc: &Id, hash: &Hash) -> bool {
        self.held.entries.get(&(*doc, *hash)).is_some_and(|entry| entry.state != State::Accepted)
    }

    /// The envelope of a refused change; `None` where it is in the journal only.
    fn held_envelope(&self, doc: &Id, hash: &Hash) -> Result<Option<Envelope>, Trouble> {
        let Some(held) = self.replica.why_held(doc, hash)? else { return Ok(None) };
        Ok(Wire::decode(&from_cbor::<Held>(&held)?.envelope).map(|wire| wire.0))
    }

    // What its author is told.

    /// A device says that it has on its disk what it was told of these.
    pub(super) fn heard(&mut self, device: Id, doc: Id, hashes: &[Hash], now: i64) {
        for hash in hashes {
            let Some(entry) = self.held.entries.get(&(doc, *hash)) else { continue };
            if entry.heard.is_some() || !self.directory.hears_for(&device, &entry.author) {
                continue;
            }
            let entry = Entry { heard: Some(now), ..entry.clone() };
            let on = [("document", text(&doc)), ("change", hex::encode(hash)), ("of", entry.said().0.to_string())];
            self.directory.audit(now, Some(device), "heard", &on);
            match entry.state {
                // Its author's device has written it again, or has it in the log.
                State::Open if entry.follows => self.forget(&doc, hash),
                State::Accepted => self.forget(&doc, hash),
                State::Open | State::Discarded => self.put_held(doc, *hash, entry),
            }
        }
    }

    /// Tells a connection what became of its device's refused changes, as far as it has not heard, and how many wait for its
    /// person's decision.
    pub(super) fn tell_held(&mut self, conn: u64) {
        let Some(line) = self.lines.get(&conn) else { return };
        let (device, person) = (line.session.device(), line.session.person());
        let theirs = |((_, _), entry): &(&(Id, Hash), &Entry)| {
            entry.heard.is_none() && self.directory.hears_for(&device, &entry.author)
        };
        let mut frames = Vec::new();
        /// One frame each: a document, what became of it, and why.
        type About<'a> = (Id, State, &'a str, &'a str);
        let mut told: BTreeMap<About<'_>, Vec<(&Hash, &Entry)>> = BTreeMap::new();
        for ((doc, hash), entry) in self.held.entries.iter().filter(theirs) {
            let (code, detail) = entry.said();
            told.entry((*doc, entry.state, code, detail)).or_default().push((hash, entry));
        }
        for ((doc, state, code, detail), mut entries) in told {
            entries.sort_by_key(|(_, entry)| entry.number);
            let plain = |wanted: &dyn Fn(&Entry) -> bool| {
                entries.iter().filter(|(_, e)| wanted(e)).map(|(hash, _)| ByteArray::new(**hash)).collect()
            };
            let hashes = plain(&|_| true);
            frames.push(match state {
                State::Accepted => Frame::Released { doc, hashes },
                State::Open | State::Discarded => Frame::Held {
                    doc,
                    hashes,
                    code: code.to_string(),
                    detail: detail.to_string(),
                    follows: plain(&|entry| entry.follows),
                },
            });
        }
        let docs: BTreeSet<Id> =
            self.held.entries.iter().filter(|(_, e)| e.is_open()).map(|((doc, _), _)| *doc).collect();
        for doc in docs.into_iter().filter(|doc| self.directory.decides(&person, doc, &self.today)) {
            frames.push(Frame::Undecided { doc, changes: self.held.open(&doc) });
        }
        for frame in frames {
            self.send(conn, frame);
        }
    }

    /// Tells those who decide how many wait, where that has changed.
    pub(super) fn tell_undecided(&mut self) {
        for doc in std::mem::take(&mut self.held.changed) {
            let frame = Frame::Undecided { doc, changes: self.held.open(&doc) };
            let decides =
                |line: &super::Line| line.welcomed && self.directory.decides(&line.session.person(), &doc, &self.today);
            let conns: Vec<u64> = self.lines.iter().filter(|(_, line)| decides(line)).map(|(n, _)| *n).collect();
            for conn in conns {
                self.send(conn, frame.clone());
                self.ready.insert(conn);
            }
        }
    }

    // What the Virtual School decides.

    /// What waits for a decision, oldest first: all of it for the relay's keeper, for a device what its person decides.
    pub fn undecided(&mut self, device: Option<&Id>) -> Result<List, Error> {
        let person = device.map(|device| self.directory.device(device)).transpose()?.map(|device| device.person);
        let mine = |doc: &Id| person.is_none_or(|person| self.directory.decides(&person, doc, &self.today));
        let waits = self.held.entries.iter().filter(|((doc, _), e)| e.state == State::Open && mine(doc));
        let mut waits: Vec<((Id, Hash), Entry)> = waits.map(|(key, entry)| (*key, entry.clone())).collect();
        waits.sort_by_key(|(_, entry)| entry.number);
        let mut list = List { more: waits.len() > LIST_CHANGES_MAX, ..List::default() };
        let mut bytes = 0;
        for ((doc, hash), entry) in waits.into_iter().take(LIST_CHANGES_MAX) {
            let Some(envelope) = self.held_envelope(&doc, &hash)? else { continue };
            bytes += envelope.chunks.len();
            if bytes > LIST_BYTES_MAX && !list.changes.is_empty() {
                list.more = true;
                break;
            }
            let run = self.run(&doc, &hash)?;
            let with = run.iter().flatten().filter(|e| e.hash != hash).map(|e| ByteArray::new(e.hash)).collect();
            let author = self.directory.known_device(&entry.author).map(|device| device.person).unwrap_or_default();
            list.changes.push(Change {
                doc,
                hash,
                person: author,
                code: entry.code,
                detail: entry.detail,
                at: entry.at,
                follows: entry.follows,
                heard: entry.heard.is_some(),
                acceptable: run.is_ok(),
                with,
                envelope: Wire(envelope),
            });
        }
        Ok(list)
    }

    /// What accepting a change comes to: the held ones it builds on, and itself, in order; or why it cannot be accepted.
    fn run(&mut self, doc: &Id, hash: &Hash) -> Result<Result<Vec<Envelope>, Refused>, Trouble> {
        let Some(envelope) = self.held_envelope(doc, hash)? else { return Ok(Err(Refused::HeldUnknown)) };
        let mut index = self.replica.ledger_of(doc)?.index().clone();
        let mut run = Vec::new();
        let steps = self.steps(doc)?;
        let record = self.directory.record(doc, steps);
        match self.fits(&mut index, doc, &envelope, &Waived(&record))? {
            Fit::Behind(before) => {
                for hash in before.iter().chain([hash]) {
                    let entry = self.held.entries.get(&(*doc, *hash));
                    let fits = |entry: &Entry| entry.is_open() && ACCEPTABLE.contains(&entry.code.as_str());
                    match entry {
                        Some(entry) if fits(entry) => run.extend(self.held_envelope(doc, hash)?),
                        Some(entry) if entry.follows => return Ok(Err(Refused::HeldFollows)),
                        _ => return Ok(Err(Refused::HeldForGood)),
                    }
                }
                Ok(Ok(run))
            }
            Fit::Stuck(_) | Fit::Refused(_) | Fit::Lacks => {
                let follows = self.held.entries.get(&(*doc, *hash)).is_some_and(|entry| entry.follows);
                Ok(Err(if follows { Refused::HeldFollows } else { Refused::HeldForGood }))
            }
        }
    }

    /// Accepts a refused change, and those it builds on: they enter the log under their author's signature. Or discards one.
    /// `by`: the device whose person decides, who must be one of the Virtual School; `None` for the relay's keeper. On the
    /// disk when this returns; gives the changes it came to, in order.
    pub fn decide(
        &mut self,
        by: Option<Id>,
        doc: &Id,
        hash: &Hash,
        accept: bool,
        now: i64,
    ) -> Result<Vec<Hash>, Error> {
        if let Some(device) = by {
            let person = self.directory.device(&device)?.person;
            if !self.directory.decides(&person, doc, &self.today) {
                return Err(Refused::HeldNotYours.into());
            }
        }
        let entry = self.held.entries.get(&(*doc, *hash)).filter(|entry| entry.state == State::Open);
        let entry = entry.ok_or(Refused::HeldUnknown)?.clone();
        let decided = if accept { self.accept(doc, hash, now)? } else { self.discard(doc, hash, &entry)? };
        let did = if accept { "accepted" } else { "discarded" };
        for hash in &decided {
            self.directory.audit(now, by, did, &[("document", text(doc)), ("change", hex::encode(hash))]);
        }
        self.keep()?;
        if accept {
            self.grown(doc, now);
        }
        // Whose they are is told, and so are those who decide.
        let authors: BTreeSet<Id> = decided
            .iter()
            .filter_map(|hash| self.held.entries.get(&(*doc, *hash)))
            .map(|entry| entry.author.into_array())
            .collect();
        let lines = self.lines.iter().filter(|(_, line)| line.welcomed);
        let lines = lines.filter(|(_, l)| authors.iter().any(|a| self.directory.hears_for(&l.session.device(), a)));
        let lines: Vec<u64> = lines.map(|(conn, _)| *conn).collect();
        for conn in lines {
            self.tell_held(conn);
            self.ready.insert(conn);
        }
        Ok(decided)
    }

    fn accept(&mut self, doc: &Id, hash: &Hash, now: i64) -> Result<Vec<Hash>, Error> {
        let run = self.run(doc, hash)??;
        // What no role of its author may write is named to everybody, or their devices would refuse it.
        let steps = self.steps(doc)?;
        let record = self.directory.record(doc, steps);
        let mut index = self.replica.ledger_of(doc)?.index().clone();
        let mut named = Vec::new();
        for envelope in &run {
            if index.admit(envelope, &record).is_err() {
                let admitted = index.admit(envelope, &Waived(&record)).map_err(|_| Refused::HeldForGood)?;
                named.extend(admitted.changes().iter().map(|change| change.hash().0));
            }
        }
        self.directory.accept(doc, &named, now)?;
        let (offered, refused) = self.replica.offer(doc, &run, &self.directory.record(doc, steps), None)?;
        if refused.is_some() {
            // Judged on a copy a moment ago: it cannot come to this.
            return Err(Refused::HeldForGood.into());
        }
        self.counts.accepted += offered.iter().filter(|o| matches!(o, Offered::New(_))).count() as u64;
        self.dirty = true;
        let decided: Vec<Hash> = run.iter().map(|envelope| envelope.hash).collect();
        for hash in &decided {
            self.settle_held(doc, hash, State::Accepted);
        }
        Ok(decided)
    }

    fn discard(&mut self, doc: &Id, hash: &Hash, entry: &Entry) -> Result<Vec<Hash>, Error> {
        if entry.follows {
            return Err(Refused::HeldGoesByItself.into());
        }
        if entry.heard.is_none() {
            return Err(Refused::HeldUntold.into());
        }
        self.settle_held(doc, hash, State::Discarded);
        Ok(vec![*hash])
    }

    fn settle_held(&mut self, doc: &Id, hash: &Hash, state: State) {
        let Some(entry) = self.held.entries.get(&(*doc, *hash)) else { return };
        let entry = Entry { state, heard: None, ..entry.clone() };
        self.replica.release(doc, hash);
        self.put_held(*doc, *hash, entry);
    }

    fn put_held(&mut self, doc: Id, hash: Hash, entry: Entry) {
        let kept = Kept { doc: ByteArray::new(doc), hash: ByteArray::new(hash), entry: entry.clone() };
        self.replica.set_fact(&fact(entry.number), Some(&to_cbor(&kept)));
        self.held.entries.insert((doc, hash), entry);
        self.held.changed.insert(doc);
        self.dirty = true;
    }

    fn forget(&mut self, doc: &Id, hash: &Hash) {
        if let Some(entry) = self.held.entries.remove(&(*doc, *hash)) {
            self.replica.set_fact(&fact(entry.number), None);
        }
        self.replica.release(doc, hash);
        self.held.changed.insert(*doc);
        self.dirty = true;
    }
}

impl Directory {
    /// Whether a device is told of changes that `author` signed: its own, and those of another device of the same person
    /// that can no longer be told.
    fn hears_for(&self, device: &Id, author: &Id) -> bool {
        let person = |id: &Id| self.known_device(id).map(|device| device.person);
        device == author
            || (self.device(author).is_err() && person(device).is_some() && person(device) == person(author))
    }
}

/// An authority to whom all that is known is accepted: the rules are waived, and nothing else.
struct Waived<'a>(&'a dyn Authority);

impl Authority for Waived<'_> {
    fn author(&self, device: &Id) -> Option<Author> {
        self.0.author(device)
    }

    fn groups(&self, device: &Id) -> Vec<&str> {
        self.0.groups(device)
    }

    fn rules(&self) -> &Rules {
        self.0.rules()
    }

    fn accepted(&self, _: &Hash) -> bool {
        true
    }

    fn extends(&self, device: &Id, change: &Hash) -> bool {
        self.0.extends(device, change)
    }
}

fn fact(number: u64) -> Vec<u8> {
    [FACTS, &number.to_be_bytes()].concat()
}
