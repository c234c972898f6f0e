//! One document's log among its peers, as one peer knows it: which envelopes it holds, how far it has read the relay's
//! log, and which of its own the relay has not said it has. There is no outbox: what is missing follows from these.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Admitted, Author, Authority, Envelope, Hash, Id, Index, Refusal};

use crate::frame::Cursor;

/// What became of an offered envelope.
pub enum Taken {
    /// Nothing new in it; its number here, if it is held as an envelope (and not only inside a snapshot).
    Known(Option<u64>),
    /// New: to be journalled and stored under this number before anyone is told.
    New(u64, Admitted),
}

/// One document's log at one peer. Numbers are this peer's own, from 1, in the order of arrival, which is a causal order;
/// at a relay they are the sequence numbers of its log.
pub struct Ledger {
    index: Index,
    numbers: BTreeMap<Hash, u64>,
    last: u64,
    cursor: Option<Cursor>,
    waiting: BTreeMap<u64, Hash>,
    held: BTreeSet<Hash>,
}

impl Ledger {
    /// A ledger that holds what `index` holds and no envelope.
    pub fn new(index: Index) -> Ledger {
        Ledger {
            index,
            numbers: BTreeMap::new(),
            last: 0,
            cursor: None,
            waiting: BTreeMap::new(),
            held: BTreeSet::new(),
        }
    }

    /// Passes an envelope from elsewhere (or one's own new one) through the gate.
    pub fn offer(&mut self, envelope: &Envelope, authority: &dyn Authority) -> Result<Taken, Refusal> {
        let admitted = self.index.admit(envelope, authority)?;
        Ok(self.number(envelope.hash, admitted))
    }

    /// The same for one that this peer once admitted and lost the past of: everything but its author is judged again.
    pub fn offer_parked(&mut self, envelope: &Envelope) -> Result<Taken, Refusal> {
        let admitted = self.index.readmit(envelope)?;
        Ok(self.number(envelope.hash, admitted))
    }

    /// The same for one that this peer's own journal holds under `number`.
    pub fn restore(&mut self, number: u64, envelope: &Envelope) -> Result<Option<Admitted>, Refusal> {
        let admitted = self.index.readmit(envelope)?;
        self.numbers.insert(envelope.hash, number);
        self.last = self.last.max(number);
        Ok((!admitted.is_known()).then_some(admitted))
    }

    /// An envelope that the index already covers (it is inside a stored snapshot).
    pub fn remember(&mut self, number: u64, hash: Hash) {
        self.numbers.insert(hash, number);
        self.last = self.last.max(number);
    }

    /// A number whose envelope was set aside.
    pub fn skip(&mut self, number: u64) {
        self.last = self.last.max(number);
    }

    /// Who stands behind an actor, and the incarnation that it is of, as this peer's own store kept both from an admission.
    pub fn know_author(&mut self, actor: &Id, author: Author, incarnation: Option<Id>) {
        self.index.remember(actor, author, incarnation);
    }

    fn number(&mut self, hash: Hash, admitted: Admitted) -> Taken {
        if admitted.is_known() {
            return Taken::Known(self.numbers.get(&hash).copied());
        }
        self.last += 1;
        self.numbers.insert(hash, self.last);
        Taken::New(self.last, admitted)
    }

    /// The gate's index.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Number of the newest envelope.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// How far the relay's log has been read.
    pub fn cursor(&self) -> Option<Cursor> {
        self.cursor
    }

    /// Envelopes that the relay has not said it has, oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = (u64, &Hash)> {
        self.waiting.iter().map(|(n, h)| (*n, h))
    }

    /// Hashes of refused envelopes of this document.
    pub fn held(&self) -> &BTreeSet<Hash> {
        &self.held
    }

    /// An envelope that the relay is not known to have.
    pub fn wait_for(&mut self, number: u64, hash: Hash) {
        self.waiting.insert(number, hash);
    }

    /// The relay has this envelope: it stood in its log or was receipted.
    pub fn shared(&mut self, hash: &Hash) -> Option<u64> {
        let number = self.numbers.get(hash).copied()?;
        self.waiting.remove(&number).map(|_| number)
    }

    /// Moves the cursor.
    pub fn read_to(&mut self, cursor: Cursor) {
        self.cursor = Some(cursor);
    }

    /// The relay's log began another life: all that this peer holds is offered again, by hash, after the new log has been
    /// read from its start.
    pub fn new_epoch(&mut self, epoch: Id) {
        self.cursor = Some(Cursor::new(epoch, 0));
        self.waiting = self.numbers.iter().filter(|(h, _)| !self.held.contains(*h)).map(|(h, n)| (*n, *h)).collect();
    }

    /// The relay refused and keeps this envelope: it is not offered again, and nor is what follows it in the author's
    /// chain (`also`).
    pub fn hold(&mut self, hash: Hash, also: impl IntoIterator<Item = Hash>) {
        for h in std::iter::once(hash).chain(also) {
            self.shared(&h);
            self.held.insert(h);
        }
    }

    /// A refused envelope was accepted after all, or is not to be remembered any more.
    pub fn release(&mut self, hash: &Hash) {
        self.held.remove(hash);
    }
}
