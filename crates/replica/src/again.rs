//! Writing again, as new changes, what changes that nobody accepts had said.
//!
//! Each is taken over operation by operation, to the place where it stood: after what its author had seen and beside what
//! they had not. So nothing that others wrote meanwhile is overwritten, and two answers given apart stay two.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroU64;

use automerge::{
    ActorId, Automerge, Change, ChangeHash, ExpandedChange, ReadDoc,
    legacy::{ElementId, Key, ObjectId, Op, OpId, OpType},
};
use gate::{Authority, Hash, Id};
use serde_bytes::ByteBuf;
use sync::Wire;

use crate::{Event, Own, Replica, Result, Trouble, load_document};

/// What came of [`Replica::rebase`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebased {
    /// Envelopes taken out of the document: the refused ones, and those of this device that build on them.
    pub aside: Vec<Hash>,
    /// How many of them were written again.
    pub written: usize,
    /// Envelopes that were to be written again and could not be: they stand in what was left out, or this device's own
    /// gate refuses them.
    pub stranded: Vec<Hash>,
}

impl Replica {
    /// Takes this device's own envelopes that nobody accepts (`refused`, and what builds on them) out of the document, and
    /// writes what they said again under the present incarnation: the words stay, the changes are new ones. Of those in
    /// `without` nothing is written again. All of it at once, on the disk when this returns; the envelopes set aside stay in
    /// the journal.
    ///
    /// `authority` as for [`Replica::write`]. Only what still waits for the relay is touched. `None`, with nothing changed, where somebody else's change builds on
    /// it.
    pub fn rebase(
        &mut self,
        doc: &Id,
        refused: &BTreeSet<Hash>,
        without: &BTreeSet<Hash>,
        authority: &dyn Authority,
    ) -> Result<Option<Rebased>> {
        self.running()?;
        // Staged envelopes are in the ledger only.
        self.commit()?;
        let device = self.signer.as_ref().ok_or(Trouble::Unknown)?.device;
        let waiting: Vec<(u64, Hash)> = self.ledger(doc)?.ledger.waiting().map(|(n, h)| (n, *h)).collect();
        let mut own: BTreeMap<Hash, u64> = BTreeMap::new();
        for (number, hash) in waiting {
            let envelope = self.envelope(doc, number)?;
            // What carries the document's beginning on is nobody's own number, and is not written again: it stays or goes.
            let stays = self.ledger(doc)?.ledger.index().is_beginning(&envelope.actor) && !without.contains(&hash);
            if envelope.device == device && !stays {
                own.insert(hash, number);
            }
        }
        let full = self.read(doc, Clone::clone)?;
        // An envelope of this device holds one change (`Replica::write`), so its hash stands for all of it.
        let mut taken: Vec<(Hash, u64)> = Vec::new();
        let mut marked: BTreeSet<ChangeHash> = BTreeSet::new();
        let mut heads: BTreeSet<ChangeHash> = BTreeSet::new();
        for change in full.get_changes_meta(&[]) {
            let number = own.get(&change.hash.0).copied();
            let is_refused = number.is_some() && refused.contains(&change.hash.0);
            if is_refused || change.deps.iter().any(|dep| marked.contains(dep)) {
                let Some(number) = number else { return Ok(None) };
                marked.insert(change.hash);
                taken.push((change.hash.0, number));
            } else {
                heads.retain(|head| !change.deps.contains(head));
                heads.insert(change.hash);
            }
        }
        if taken.is_empty() {
            return Ok(Some(Rebased::default()));
        }
        let heads: Vec<ChangeHash> = heads.into_iter().collect();
        let rest = full.fork_at(&heads).map_err(|_| Trouble::Damaged)?;
        let (rebased, again) = self.written_again(doc, &full, &rest, &taken, without, authority)?;
        let known = self.tables().document(doc)?.ok_or(Trouble::Unknown)?;
        // A snapshot of before would still hold what is set aside, and may stand for envelopes that are not here.
        let covered = known.snapshot.is_some_and(|covered| taken.iter().any(|(_, number)| *number <= covered));
        let rest = if covered { Some(saved(&rest)?) } else { None };
        let numbers = taken.iter().map(|(_, number)| *number).collect();
        self.stage(Event::Aside { doc: *doc, numbers, rest, from: known.last + 1, again });
        if rebased.written > 0 {
            self.keep_own(doc)?;
        }
        self.commit()?;
        self.open.remove(doc);
        Ok(Some(rebased))
    }

    /// The changes of `taken` but for `without`, written again on `rest`: each as an envelope that this device's own gate
    /// admits.
    fn written_again(
        &self,
        doc: &Id,
        full: &Automerge,
        rest: &Automerge,
        taken: &[(Hash, u64)],
        without: &BTreeSet<Hash>,
        authority: &dyn Authority,
    ) -> Result<(Rebased, Vec<ByteBuf>)> {
        let signer = self.signer.as_ref().ok_or(Trouble::Unknown)?;
        let actor = signer.actor(doc);
        let mut index = gate::reindex(rest, &self.genesis(doc)?).map_err(|_| Trouble::Damaged)?;
        let mut again = Again::new(full, ActorId::from(actor), index.tip(&actor));
        let mut rebased = Rebased::default();
        let mut envelopes = Vec::new();
        for (hash, _) in taken {
            rebased.aside.push(*hash);
            let old = full.get_change_by_hash(&ChangeHash(*hash)).ok_or(Trouble::Damaged)?;
            let old = Old { hash: old.hash(), change: old.decode() };
            if without.contains(hash) {
                again.leave_out(&old);
                continue;
            }
            let Some(mut new) = again.prepare(&old) else {
                rebased.stranded.push(*hash);
                again.leave_out(&old);
                continue;
            };
            let Some(change) = new.change.as_mut() else {
                // All it did was to take away what was left out.
                again.leave_out(&old);
                continue;
            };
            let envelope = signer.seal(doc, change);
            match index.admit(&envelope, &Own { signer: Some(signer), authority }) {
                Ok(_) => {
                    envelopes.push(ByteBuf::from(Wire(envelope).encode()));
                    rebased.written += 1;
                    again.keep(&old, new);
                }
                Err(_) => {
                    rebased.stranded.push(*hash);
                    again.leave_out(&old);
                }
            }
        }
        Ok((rebased, envelopes))
    }
}

/// The document's bytes, which load again as the same.
fn saved(document: &Automerge) -> Result<ByteBuf> {
    let bytes = document.save();
    let again = load_document(&bytes)?;
    if again.get_heads() == document.get_heads() { Ok(ByteBuf::from(bytes)) } else { Err(Trouble::Damaged) }
}

/// A change as it was.
struct Old {
    hash: ChangeHash,
    change: ExpandedChange,
}

/// A change as it would be written again, not yet believed in.
struct New {
    /// `None` where nothing of it is left.
    change: Option<Change>,
    ids: Vec<(OpId, Fate)>,
    /// Places of which it takes what the left-out operations had taken.
    settled: Vec<(ObjectId, String)>,
}

/// What became of an operation of a change that was taken out.
#[derive(Clone)]
enum Fate {
    Moved(OpId),
    /// Left out; where it put in an element, the one it stood behind.
    Gone(ElementId),
}

/// Writes changes again, one after the other in causal order.
struct Again<'a> {
    document: &'a Automerge,
    actor: ActorId,
    seq: u64,
    tip: Option<ChangeHash>,
    fates: HashMap<OpId, Fate>,
    /// For a key, the values that left-out operations had taken away: whoever wrote there after them meant to replace those.
    taken: HashMap<(ObjectId, String), BTreeSet<OpId>>,
    /// What takes the place of a change that was taken out, as something to build on.
    instead: BTreeMap<ChangeHash, Vec<ChangeHash>>,
    ends: BTreeMap<ChangeHash, u64>,
}

impl<'a> Again<'a> {
    /// `tip`: number and hash of the actor's newest change, where it has one.
    fn new(document: &'a Automerge, actor: ActorId, tip: Option<(u64, Hash)>) -> Again<'a> {
        Again {
            document,
            actor,
            seq: tip.map_or(0, |(seq, _)| seq),
            tip: tip.map(|(_, hash)| ChangeHash(hash)),
            fates: HashMap::new(),
            taken: HashMap::new(),
            instead: BTreeMap::new(),
            ends: BTreeMap::new(),
        }
    }

    fn leave_out(&mut self, old: &Old) {
        let deps = old.change.deps.iter().flat_map(|dep| self.instead_of(dep)).collect();
        self.instead.insert(old.hash, deps);
        for (counter, op) in (old.change.start_op.get()..).zip(&old.change.operations) {
            let behind = match &op.key {
                Key::Seq(element) if op.insert => element.clone(),
                _ => ElementId::Head,
            };
            if let Key::Map(key) = &op.key {
                let there = op.pred.iter().filter(|id| !matches!(self.fates.get(*id), Some(Fate::Gone(_)))).cloned();
                let there: Vec<OpId> = there.collect();
                self.taken.entry((op.obj.clone(), key.to_string())).or_default().extend(there);
            }
            self.fates.insert(OpId::new(counter, &old.change.actor_id), Fate::Gone(behind));
        }
    }

    fn keep(&mut self, old: &Old, new: New) {
        let Some(change) = new.change else { return };
        self.fates.extend(new.ids);
        for place in &new.settled {
            self.taken.remove(place);
        }
        self.seq = change.seq();
        self.tip = Some(change.hash());
        self.ends.insert(change.hash(), change.max_op());
        self.instead.insert(old.hash, vec![change.hash()]);
    }

    /// The change as it is written again. `None` where it stands in an object that was left out.
    fn prepare(&mut self, old: &Old) -> Option<New> {
        let mut deps: BTreeSet<ChangeHash> = old.change.deps.iter().flat_map(|dep| self.instead_of(dep)).collect();
        // Each change of an author names the one before it.
        deps.extend(self.tip);
        let past = deps.iter().filter_map(|dep| self.end_of(dep)).max()?;
        let mut operations: Vec<Op> = Vec::new();
        let mut ids: Vec<(OpId, Fate)> = Vec::new();
        let mut settled = Vec::new();
        let mut stands = true;
        for (counter, op) in (old.change.start_op.get()..).zip(&old.change.operations) {
            let was = OpId::new(counter, &old.change.actor_id);
            let fate = match self.moved(op, &mut settled) {
                Some(Some(op)) => {
                    operations.push(op);
                    Fate::Moved(OpId::new(past + operations.len() as u64, &self.actor))
                }
                Some(None) => Fate::Gone(ElementId::Head),
                None => {
                    stands = false;
                    break;
                }
            };
            // Later operations of the same change may refer to it.
            self.fates.insert(was.clone(), fate.clone());
            ids.push((was, fate));
        }
        // Nothing is believed before the gate has admitted it.
        for (was, _) in &ids {
            self.fates.remove(was);
        }
        if !stands {
            return None;
        }
        let change = (!operations.is_empty()).then(|| {
            Change::from(ExpandedChange {
                operations,
                actor_id: self.actor.clone(),
                hash: None,
                seq: self.seq + 1,
                start_op: NonZeroU64::MIN.saturating_add(past),
                time: old.change.time,
                message: old.change.message.clone(),
                deps: deps.into_iter().collect(),
                extra_bytes: old.change.extra_bytes.clone(),
                author: old.change.author.clone(),
            })
        });
        Some(New { change, ids, settled })
    }

    /// `None`: it stands in what was left out. `Some(None)`: there is nothing left for it to do.
    fn moved(&self, op: &Op, settled: &mut Vec<(ObjectId, String)>) -> Option<Option<Op>> {
        let obj = match &op.obj {
            ObjectId::Root => ObjectId::Root,
            ObjectId::Id(id) => ObjectId::Id(self.there(id)?),
        };
        let mut pred: BTreeSet<OpId> = op.pred.iter().filter_map(|id| self.there(id)).collect();
        let key = match &op.key {
            Key::Map(key) => {
                let place = (op.obj.clone(), key.to_string());
                if let Some(taken) = self.taken.get(&place).filter(|_| !settled.contains(&place)) {
                    pred.extend(taken.iter().filter_map(|id| self.there(id)));
                    settled.push(place);
                }
                op.key.clone()
            }
            Key::Seq(element) if op.insert => Key::Seq(self.behind(element)),
            Key::Seq(ElementId::Head) => return None,
            Key::Seq(ElementId::Id(id)) => match self.there(id) {
                Some(id) => Key::Seq(ElementId::Id(id)),
                None => return Some(None),
            },
        };
        if pred.is_empty() && matches!(op.action, OpType::Delete | OpType::Increment(_)) {
            return Some(None);
        }
        let pred = pred.into_iter().collect();
        Some(Some(Op { action: op.action.clone(), obj, key, pred, insert: op.insert }))
    }

    /// The operation as it is called now; `None` where it was left out.
    fn there(&self, id: &OpId) -> Option<OpId> {
        match self.fates.get(id) {
            None => Some(id.clone()),
            Some(Fate::Moved(now)) => Some(now.clone()),
            Some(Fate::Gone(_)) => None,
        }
    }

    /// The element to stand behind, in place of one that may have been left out.
    fn behind(&self, element: &ElementId) -> ElementId {
        let mut element = element;
        loop {
            let ElementId::Id(id) = element else { return ElementId::Head };
            match self.fates.get(id) {
                None => return element.clone(),
                Some(Fate::Moved(now)) => return ElementId::Id(now.clone()),
                Some(Fate::Gone(behind)) => element = behind,
            }
        }
    }

    fn instead_of(&self, dep: &ChangeHash) -> Vec<ChangeHash> {
        self.instead.get(dep).cloned().unwrap_or_else(|| vec![*dep])
    }

    /// Number of a change's last operation.
    fn end_of(&mut self, change: &ChangeHash) -> Option<u64> {
        if let Some(end) = self.ends.get(change) {
            return Some(*end);
        }
        let end = self.document.get_change_meta_by_hash(change)?.max_op;
        self.ends.insert(*change, end);
        Some(end)
    }
}
