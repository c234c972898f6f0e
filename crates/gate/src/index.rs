use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use automerge::legacy::{ElementId, Key, ObjectId, Op, OpId, OpType};
use automerge::{ActorId, Change, ObjType, ScalarValue};

use crate::envelope::{Author, Authority, Envelope, Hex, actor_of, signed_by, statement};
use crate::form::decode;
use crate::judge::Judge;
use crate::limits::*;
use crate::op::OpKey;
use crate::rights::Write;
use crate::scan::{self, Outline, within};
use crate::sought::Sought;
use crate::{Hash, Id, Refusal};

/// Causality index of one document: which changes are known, what each has seen, and what every operation may refer
/// to. It starts with the genesis change, the one root that is accepted, and holds no values.
///
/// About 90 bytes a change, 60 a run of operations, 30 an object and, where the author had just seen others' work, 4 an actor: a run
/// of typing is one run, and its changes share one clock.
#[derive(Clone, PartialEq, Eq)]
pub struct Index {
    genesis: Hash,
    /// In the order of their first change; the first is the genesis's.
    actors: Vec<Actor>,
    actor_numbers: BTreeMap<Id, u32>,
    changes: BTreeMap<Hash, Node>,
    heads: BTreeSet<Hash>,
    objects: BTreeMap<OpKey, Object>,
    runs: BTreeMap<OpKey, Run>,
    keys: Vec<Arc<str>>,
    key_numbers: BTreeMap<Arc<str>, u32>,
    /// Where the genesis, and what carried it on, made objects: nothing is written there again.
    kept: BTreeSet<(OpKey, Slot)>,
    sought: Sought,
}

impl Index {
    /// An index that knows the genesis alone: one change chunk, without dependencies, the first of its actor.
    ///
    /// Refuses a genesis that breaks the rules for changes; it is checked like any other.
    pub fn new(genesis: &[u8]) -> Result<Index, Refusal> {
        let outline = scan::change(genesis)?;
        if !outline.deps.is_empty() || outline.seq != 1 {
            return Err(Refusal::Genesis { what: "the genesis is not a first change" });
        }
        let mut index = Index {
            genesis: outline.hash,
            actors: vec![],
            actor_numbers: BTreeMap::new(),
            changes: BTreeMap::new(),
            heads: BTreeSet::new(),
            objects: BTreeMap::from([(ROOT, Object { kind: ObjType::Map, depth: 0, holder: ROOT, key: ELEMENT })]),
            runs: BTreeMap::new(),
            keys: vec![],
            key_numbers: BTreeMap::new(),
            kept: BTreeSet::new(),
            sought: Sought::default(),
        };
        index.add(&outline, None)?;
        Ok(index)
    }

    /// Admits what another device wrote, if its form, causality and author hold and the author may write where it
    /// writes: whole or not at all. Refused, it leaves the index as it was. The caller picks the index, and an authority,
    /// by the envelope's document.
    ///
    /// The order is outline, roster, signature, actor, and only then Automerge's decoder: the signature costs ten
    /// times as much as the outline, but whoever has no enrolled device never reaches a decoder with their bytes.
    pub fn admit(&mut self, envelope: &Envelope, authority: &dyn Authority) -> Result<Admitted, Refusal> {
        let outlines = read(envelope)?;
        let said = statement(&envelope.doc, &envelope.actor, envelope.seq, &envelope.hash);
        let author = signed_by(&said, &envelope.device, &envelope.sig, authority)?;
        if self.is_beginning(&envelope.actor) {
            let known = |outline: &Outline| self.contains(&outline.hash);
            if !outlines.iter().all(|outline| known(outline) || authority.extends(&envelope.device, &outline.hash)) {
                // Of nobody's device, and not one of those that everybody works out.
                return Err(Refusal::Actor);
            }
            let admitted = self.add_all(envelope, outlines, None)?;
            if !admitted.is_known() {
                self.bind(&envelope.actor, author, None);
            }
            return Ok(admitted);
        }
        self.check_author(&envelope.doc, &envelope.actor, &author, envelope.incarnation)?;
        let mut judge = Judge::new(authority, &envelope.device, &author);
        let admitted = self.add_all(envelope, outlines, Some(&mut judge))?;
        self.bind(&envelope.actor, author, envelope.incarnation);
        Ok(admitted)
    }

    /// Admits an envelope of one's own journal, which has checksums of its own and holds admitted envelopes only:
    /// everything is checked but device, actor, signature and the author's rights.
    pub fn readmit(&mut self, envelope: &Envelope) -> Result<Admitted, Refusal> {
        let admitted = self.add_all(envelope, read(envelope)?, None)?;
        if let Some(actor) = self.actor_mut(&envelope.actor) {
            actor.incarnation = actor.incarnation.or(envelope.incarnation);
        }
        Ok(admitted)
    }

    /// Whether the change is known.
    pub fn contains(&self, hash: &Hash) -> bool {
        self.changes.contains_key(hash)
    }

    /// The changes nothing known builds on, sorted.
    pub fn heads(&self) -> Vec<Hash> {
        self.heads.iter().copied().collect()
    }

    /// Number and hash of the actor's newest change; nothing for an actor who wrote nothing, and for the genesis's while nobody has
    /// carried it on.
    pub fn tip(&self, actor: &Id) -> Option<(u64, Hash)> {
        let (number, actor) = self.actor(actor)?;
        (number != GENESIS_ACTOR || actor.seq > 1).then_some((actor.seq, actor.newest))
    }

    /// Everyone who wrote after the genesis, sorted by id.
    pub fn actors(&self) -> impl Iterator<Item = &Id> {
        self.actor_numbers.iter().filter(|(_, number)| **number != GENESIS_ACTOR).map(|(id, _)| id)
    }

    /// How many changes have carried the genesis on: each the next of its own actor, depending on the one before it alone.
    pub fn extensions(&self) -> u64 {
        self.actors.first().map_or(0, |beginning| beginning.seq.saturating_sub(1))
    }

    /// Whether this is the actor of the genesis.
    pub fn is_beginning(&self, actor: &Id) -> bool {
        self.actor_numbers.get(actor) == Some(&GENESIS_ACTOR)
    }

    /// Who stands behind an actor: proved by an envelope or a tip of theirs, or given back by [`Index::remember`].
    pub fn author(&self, actor: &Id) -> Option<Author> {
        self.actor(actor)?.1.author
    }

    /// The incarnation that an actor is of, as an envelope or tip of theirs has named it; none for one of version 1.
    pub fn incarnation(&self, actor: &Id) -> Option<Id> {
        self.actor(actor)?.1.incarnation
    }

    /// Gives back who stands behind an actor and the incarnation that it is of, as one's own store kept both from an admission.
    /// Says nothing of an actor that is not known here.
    pub fn remember(&mut self, actor: &Id, author: Author, incarnation: Option<Id>) {
        self.bind(actor, author, incarnation);
    }

    /// How many changes are known, without the genesis.
    pub fn changes(&self) -> usize {
        self.changes.len().saturating_sub(1)
    }

    /// The hash of the genesis.
    pub fn genesis(&self) -> Hash {
        self.genesis
    }

    /// Refuses an author, or an incarnation of theirs, that is not the one this actor was first seen with; at first sight, one it is
    /// not derived from. One hash where the incarnation is named; where it is not, the search that version 1 needs.
    pub(crate) fn check_author(
        &mut self,
        doc: &Id,
        actor: &Id,
        author: &Author,
        incarnation: Option<Id>,
    ) -> Result<(), Refusal> {
        let known = self.actor(actor).and_then(|(_, known)| Some((known.author?, known.incarnation)));
        let fits = match (known, incarnation) {
            (Some(known), incarnation) => known == (*author, incarnation),
            (None, Some(incarnation)) => actor_of(doc, author, &incarnation) == *actor,
            (None, None) => return self.sought.check(doc, actor, author),
        };
        if fits { Ok(()) } else { Err(Refusal::Actor) }
    }

    /// Remembers the author of an actor, and the incarnation that it is of.
    pub(crate) fn bind(&mut self, actor: &Id, author: Author, incarnation: Option<Id>) {
        if let Some(known) = self.actor_mut(actor) {
            known.author = Some(author);
            known.incarnation = incarnation.or(known.incarnation);
        }
    }

    /// Checks form and causality of one change, and where there is a judge, the author's rights, and adds it; on refusal
    /// parts of it may remain, see [`Index::add_all`].
    pub(crate) fn add(&mut self, outline: &Outline, judge: Option<&mut Judge<'_>>) -> Result<Change, Refusal> {
        let mut judge = judge.filter(|judge| !judge.has_accepted(&outline.hash));
        let step = self.place(outline)?;
        let (change, ops) = decode(outline)?;
        if !self.actor_numbers.contains_key(&outline.actor) {
            within("the number of actors in the document", self.actors.len() as u64 + 1, ACTORS_MAX)?;
            self.actor_numbers.insert(outline.actor, step.me);
            self.actors.push(Actor {
                id: outline.actor,
                author: None,
                incarnation: None,
                seq: 0,
                newest: outline.hash,
            });
        }
        for (counter, (position, op)) in (step.start..).zip(ops.iter().enumerate()) {
            self.add_op(&step, counter, op, judge.as_deref_mut()).map_err(|what| match what {
                Fault::Causality(what) => Refusal::Causality { seq: outline.seq, op: position as u64, what },
                Fault::Genesis => Refusal::Genesis { what: "an operation replaces a part of the genesis" },
                Fault::Right(place) => Refusal::Right { seq: outline.seq, op: position as u64, place },
            })?;
        }
        if let Some(actor) = self.actors.get_mut(step.me as usize) {
            (actor.seq, actor.newest) = (outline.seq, outline.hash);
        }
        for dep in &outline.deps {
            self.heads.remove(dep);
        }
        self.heads.insert(outline.hash);
        self.changes.insert(outline.hash, Node { actor: step.me, max_op: step.end, others: step.others });
        Ok(change)
    }

    fn actor(&self, id: &Id) -> Option<(u32, &Actor)> {
        let number = *self.actor_numbers.get(id)?;
        Some((number, self.actors.get(number as usize)?))
    }

    fn actor_mut(&mut self, id: &Id) -> Option<&mut Actor> {
        self.actors.get_mut(*self.actor_numbers.get(id)? as usize)
    }

    /// Adds the changes of an envelope that are not known yet, all or none.
    fn add_all(
        &mut self,
        envelope: &Envelope,
        outlines: Vec<Outline>,
        mut judge: Option<&mut Judge<'_>>,
    ) -> Result<Admitted, Refusal> {
        let before = self.savepoint(&envelope.actor);
        let new = self.new_ones(&outlines)?;
        let mut changes = Vec::with_capacity(new.len());
        for outline in new {
            match self.add(outline, judge.as_deref_mut()) {
                Ok(change) => changes.push(change),
                Err(refusal) => {
                    self.roll_back(before, new);
                    return Err(refusal);
                }
            }
        }
        Ok(Admitted { envelope: Box::new(envelope.clone()), changes })
    }

    /// The changes after those that are known, if they continue them and everything they build on is known.
    fn new_ones<'a>(&self, outlines: &'a [Outline]) -> Result<&'a [Outline], Refusal> {
        let known = outlines.iter().take_while(|outline| self.contains(&outline.hash)).count();
        let new = outlines.get(known..).unwrap_or_default();
        if let Some(first) = new.first()
            && let Some((_, actor)) = self.actor(&first.actor)
            && first.seq <= actor.seq
        {
            return Err(Refusal::Equivocation { seq: first.seq });
        }
        let mut coming = BTreeSet::new();
        let mut missing = BTreeSet::new();
        for outline in new {
            missing.extend(outline.deps.iter().filter(|dep| !self.contains(dep) && !coming.contains(*dep)));
            coming.insert(outline.hash);
        }
        match missing.is_empty() {
            true => Ok(new),
            false => Err(Refusal::Missing { hashes: missing.into_iter().collect() }),
        }
    }

    /// Where a change stands: in its author's chain, after its dependencies.
    fn place(&self, outline: &Outline) -> Result<Step, Refusal> {
        within("the number of changes in the document", self.changes.len() as u64 + 1, CHANGES_MAX)?;
        let first = self.changes.is_empty();
        if outline.deps.is_empty() && !first {
            return Err(Refusal::Genesis { what: "a change has another beginning" });
        }
        let known = self.actor(&outline.actor);
        let have = known.map_or(0, |(_, actor)| actor.seq);
        if have.checked_add(1) != Some(outline.seq) {
            return Err(Refusal::Sequence { have, got: outline.seq });
        }
        if known.is_some_and(|(_, actor)| !outline.deps.contains(&actor.newest)) {
            return Err(Refusal::Chain { seq: outline.seq });
        }
        let me = known.map_or(self.actors.len() as u32, |(number, _)| number);

        let mut past = 0;
        let mut others = vec![0u32; self.actors.len()];
        for dep in &outline.deps {
            let node = self.changes.get(dep).ok_or(Refusal::Missing { hashes: vec![*dep] })?;
            past = past.max(node.max_op);
            let seen = node.others.iter().copied().enumerate().chain([(node.actor as usize, node.max_op)]);
            for (actor, max_op) in seen.filter(|(actor, _)| *actor != me as usize) {
                if let Some(slot) = others.get_mut(actor) {
                    *slot = max_op.max(*slot);
                }
            }
        }
        let counter = |what| Refusal::Causality { seq: outline.seq, op: 0, what };
        if outline.start_op != u64::from(past) + 1 {
            return Err(counter("operations are not numbered on from what the change builds on"));
        }
        let end = outline.start_op.saturating_add(outline.ops) - 1;
        let end = u32::try_from(end).ok().filter(|end| u64::from(*end) <= OP_COUNTER_MAX);
        let end = end.ok_or_else(|| counter("operation numbers are used up"))?;

        // A run of typing sees nobody else's work: its changes share one clock.
        let newest = known.and_then(|(_, actor)| self.changes.get(&actor.newest));
        let others = match newest {
            Some(node) if same_clock(&node.others, &others) => Arc::clone(&node.others),
            _ => others.into(),
        };
        Ok(Step { me, start: past + 1, end, others, first })
    }

    fn add_op(&mut self, step: &Step, counter: u32, op: &Op, judge: Option<&mut Judge<'_>>) -> Result<(), Fault> {
        let object_key = match &op.obj {
            ObjectId::Root => ROOT,
            ObjectId::Id(id) => self.seen(step, id)?,
        };
        let object = *self.objects.get(&object_key).ok_or(Fault::Causality("the object does not exist"))?;
        let slot = self.slot(step, object_key, object, op)?;
        if !step.first && self.kept.contains(&(object_key, slot)) {
            return Err(Fault::Genesis);
        }
        let on_counter = self.check_predecessors(step, object_key, slot, op)?;
        let is_counter = check_action(object, op, on_counter)?;
        if let Some(judge) = judge {
            self.check_right(step, judge, object_key, object, op)?;
        }

        let id = OpKey { actor: step.me, counter };
        if let OpType::Make(kind) = op.action {
            let depth = object.depth + 1;
            if depth > DEPTH_MAX {
                return Err(Fault::Causality("objects are nested too deeply"));
            }
            let key = if let Slot::Key(key) = slot { key } else { ELEMENT };
            self.objects.insert(id, Object { kind, depth, holder: object_key, key });
            if step.me == GENESIS_ACTOR {
                self.kept.insert((object_key, if slot == Slot::Insert { Slot::Element(id) } else { slot }));
            }
        }
        if !matches!(op.action, OpType::Delete | OpType::Increment(_)) {
            self.add_run(id, Run { len: 1, object: object_key, slot, is_counter });
        }
        Ok(())
    }

    /// The slot an operation writes; its key must be of the object's kind, its element one of the object's.
    fn slot(&mut self, step: &Step, object_key: OpKey, object: Object, op: &Op) -> Result<Slot, Fault> {
        match (&op.key, object.kind.is_sequence()) {
            (Key::Map(key), false) if !op.insert => Ok(Slot::Key(self.key_number(key))),
            (Key::Seq(ElementId::Head), true) if op.insert => Ok(Slot::Insert),
            (Key::Seq(ElementId::Id(id)), true) => {
                let element = self.seen(step, id)?;
                match self.run(element) {
                    Some(run) if run.object == object_key && run.slot == Slot::Insert => {}
                    _ => return Err(Fault::Causality("the element is not one of this object")),
                }
                Ok(if op.insert { Slot::Insert } else { Slot::Element(element) })
            }
            _ => Err(Fault::Causality("the key does not fit the kind of object")),
        }
    }

    /// Refuses predecessors that are not in the past or not in this slot; says whether one of them is a counter.
    fn check_predecessors(&self, step: &Step, object: OpKey, slot: Slot, op: &Op) -> Result<bool, Fault> {
        let mut on_counter = false;
        let mut last: Option<&OpId> = None;
        for id in op.pred.iter() {
            if last.is_some_and(|last| last >= id) {
                return Err(Fault::Causality("predecessors are out of order"));
            }
            last = Some(id);
            let key = self.seen(step, id)?;
            let run = self.run(key).ok_or(Fault::Causality("a predecessor does not exist"))?;
            let of_slot = if run.slot == Slot::Insert { Slot::Element(key) } else { run.slot };
            if run.object != object || of_slot != slot {
                return Err(Fault::Causality("a predecessor stands in another place"));
            }
            on_counter |= run.is_counter;
        }
        Ok(on_counter)
    }

    /// Refuses what the author may not write where this operation writes.
    fn check_right(
        &self,
        step: &Step,
        judge: &mut Judge<'_>,
        object_key: OpKey,
        object: Object,
        op: &Op,
    ) -> Result<(), Fault> {
        let here = match judge.last.take() {
            Some((last, spot)) if last == object_key => spot,
            _ => judge.spot(&self.place_of(object_key)),
        };
        let allowed = match (&op.key, &op.action) {
            (Key::Map(key), action) => {
                let there = judge.below(&here, key);
                // What is made stays: nobody replaces an object or takes one away, nor a value by an object.
                let new = op.pred.is_empty();
                match action {
                    OpType::Make(kind) => judge.allows(&there, if new { write_of(*kind) } else { Write::Free }),
                    OpType::Put(_) if new && object_key.is_of(step) => {
                        judge.allows(&there, Write::Value) || judge.allows(&there, Write::Sealed)
                    }
                    _ => judge.allows(&there, Write::Value),
                }
            }
            (Key::Seq(_), OpType::Make(_)) => judge.allows(&here, Write::Free),
            (Key::Seq(_), _) => judge.allows(&here, write_of(object.kind)),
        };
        judge.last = Some((object_key, here));
        match allowed {
            true => Ok(()),
            false => {
                let mut place = self.place_of(object_key);
                if let Key::Map(key) = &op.key {
                    place.push(key);
                }
                Err(Fault::Right(judge.spelled(&place)))
            }
        }
    }

    /// The map keys that lead from the root to an object.
    fn place_of(&self, object: OpKey) -> Vec<&str> {
        let mut place = Vec::new();
        let mut at = object;
        while at != ROOT
            && let Some(object) = self.objects.get(&at)
        {
            place.extend(self.keys.get(object.key as usize).map(|key| &**key));
            at = object.holder;
        }
        place.reverse();
        place
    }

    /// An operation's key, if the change has seen it: its author's earlier ones, and those its dependencies have seen.
    fn seen(&self, step: &Step, id: &OpId) -> Result<OpKey, Fault> {
        const UNSEEN: Fault = Fault::Causality("it refers to an operation that the change has not seen");
        let actor = id_of(id.actor()).and_then(|id| self.actor_numbers.get(&id)).ok_or(UNSEEN)?;
        let counter = u32::try_from(id.counter()).map_err(|_| UNSEEN)?;
        // Of its own operations only earlier ones are in the index, so a later one is not found there.
        let newest = if *actor == step.me { step.end } else { *step.others.get(*actor as usize).unwrap_or(&0) };
        match (1..=newest).contains(&counter) {
            true => Ok(OpKey { actor: *actor, counter }),
            false => Err(UNSEEN),
        }
    }

    fn run(&self, key: OpKey) -> Option<&Run> {
        let (start, run) = self.runs.range(..=key).next_back()?;
        (start.actor == key.actor && key.counter - start.counter < run.len).then_some(run)
    }

    fn add_run(&mut self, id: OpKey, new: Run) {
        if let Some((start, last)) = self.runs.range_mut(..id).next_back()
            && start.actor == id.actor
            && start.counter.checked_add(last.len) == Some(id.counter)
            && new.slot == Slot::Insert
            && (Run { len: new.len, ..*last }) == new
        {
            last.len += 1;
        } else {
            self.runs.insert(id, new);
        }
    }

    fn key_number(&mut self, key: &str) -> u32 {
        if let Some(number) = self.key_numbers.get(key) {
            return *number;
        }
        let number = self.keys.len() as u32;
        let key: Arc<str> = key.into();
        self.keys.push(Arc::clone(&key));
        self.key_numbers.insert(key, number);
        number
    }

    fn savepoint(&self, actor: &Id) -> Savepoint {
        let known = self.actor(actor);
        Savepoint {
            actor: known.map_or(self.actors.len() as u32, |(number, _)| number),
            tip: known.map(|(_, actor)| (actor.seq, actor.newest)),
            max_op: known.and_then(|(_, actor)| self.changes.get(&actor.newest)).map_or(0, |node| node.max_op),
            keys: self.keys.len(),
            heads: self.heads.clone(),
            kept: self.is_beginning(actor).then(|| self.kept.clone()),
        }
    }

    /// Everything an envelope adds is its one actor's, and above that actor's operations so far.
    fn roll_back(&mut self, before: Savepoint, added: &[Outline]) {
        let Savepoint { actor, tip, max_op, keys, heads, kept } = before;
        self.heads = heads;
        self.kept = kept.unwrap_or_else(|| std::mem::take(&mut self.kept));
        for outline in added {
            self.changes.remove(&outline.hash);
        }
        for key in self.keys.drain(keys..) {
            self.key_numbers.remove(&key);
        }
        let since = OpKey { actor, counter: max_op.saturating_add(1) };
        let later = since..=OpKey { actor, counter: u32::MAX };
        remove_range(&mut self.objects, &later);
        remove_range(&mut self.runs, &later);
        if let Some((start, run)) = self.runs.range_mut(..since).next_back()
            && start.actor == actor
        {
            run.len = run.len.min(since.counter - start.counter);
        }
        match (tip, self.actors.get_mut(actor as usize)) {
            (Some(tip), Some(known)) => (known.seq, known.newest) = tip,
            (None, Some(_)) => {
                for actor in self.actors.drain(actor as usize..) {
                    self.actor_numbers.remove(&actor.id);
                }
            }
            (_, None) => {}
        }
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index")
            .field("genesis", &Hex(&self.genesis))
            .field("changes", &self.changes())
            .field("actors", &self.actors.len())
            .field("heads", &self.heads.len())
            .finish_non_exhaustive()
    }
}

/// An envelope that passed the gate, with its changes decoded. Nothing else can make one: what is given to Automerge
/// or written to a log is one of these.
#[derive(Clone)]
pub struct Admitted {
    envelope: Box<Envelope>,
    changes: Vec<Change>,
}

impl Admitted {
    /// The envelope as it came.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// Those of its changes that were not known before, in order; to be applied to the document.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Whether nothing in it was new.
    pub fn is_known(&self) -> bool {
        self.changes.is_empty()
    }
}

impl fmt::Debug for Admitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admitted").field("envelope", &self.envelope).field("new", &self.changes.len()).finish()
    }
}

const GENESIS_ACTOR: u32 = 0;
/// In place of a key's number: the object stands in a list.
const ELEMENT: u32 = u32::MAX;
/// No operation has counter 0.
const ROOT: OpKey = OpKey { actor: 0, counter: 0 };

#[derive(Clone, PartialEq, Eq)]
struct Actor {
    id: Id,
    /// Known once an envelope of theirs was admitted, or a tip.
    author: Option<Author>,
    /// What it is worked out from; none for one of version 1.
    incarnation: Option<Id>,
    seq: u64,
    newest: Hash,
}

#[derive(Clone, PartialEq, Eq)]
struct Node {
    actor: u32,
    max_op: u32,
    /// For each actor by number the newest operation in this change's past; its own actor's entry is 0.
    others: Arc<[u32]>,
}

impl OpKey {
    /// Whether it is an operation of the change that stands there.
    fn is_of(self, step: &Step) -> bool {
        self.actor == step.me && self.counter >= step.start
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Object {
    kind: ObjType,
    depth: u8,
    /// The object it stands in, and under which key. Objects never move, so this is its place for ever.
    holder: OpKey,
    key: u32,
}

/// Operations of one actor with consecutive counters, alike in everything that later ones are checked against.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Run {
    len: u32,
    object: OpKey,
    slot: Slot,
    is_counter: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    /// A new element of a list or text.
    Insert,
    /// A key of a map, by number.
    Key(u32),
    /// An element that was inserted before.
    Element(OpKey),
}

/// Where the change being checked stands.
struct Step {
    me: u32,
    start: u32,
    end: u32,
    others: Arc<[u32]>,
    /// It is the genesis.
    first: bool,
}

enum Fault {
    Causality(&'static str),
    Genesis,
    Right(Option<String>),
}

struct Savepoint {
    actor: u32,
    tip: Option<(u64, Hash)>,
    max_op: u32,
    keys: usize,
    heads: BTreeSet<Hash>,
    /// Where it is the genesis's own actor.
    kept: Option<BTreeSet<(OpKey, Slot)>>,
}

/// The outlines of an envelope's changes, which must be what the envelope says they are.
fn read(envelope: &Envelope) -> Result<Vec<Outline>, Refusal> {
    let outlines = scan::changes(&envelope.chunks)?;
    let mut seqs = outlines.iter().rev().map(|outline| outline.seq);
    let consecutive = (1..=envelope.seq).rev().zip(&mut seqs).all(|(want, seq)| want == seq);
    let as_said = consecutive
        && seqs.next().is_none()
        && outlines.iter().all(|outline| outline.actor == envelope.actor)
        && outlines.last().is_some_and(|last| last.hash == envelope.hash);
    match as_said {
        true => Ok(outlines),
        false => Err(Refusal::Form { what: "the envelope's label does not describe its changes" }),
    }
}

/// Refuses an action that does not fit its object or its predecessors; says whether it leaves a counter.
fn check_action(object: Object, op: &Op, on_counter: bool) -> Result<bool, Fault> {
    let fault = |what| Err(Fault::Causality(what));
    let in_text = object.kind == ObjType::Text;
    if op.insert && !(op.pred.is_empty() && matches!(op.action, OpType::Put(_) | OpType::Make(_))) {
        return fault("an insertion does something else too");
    }
    match &op.action {
        OpType::Make(ObjType::Table) => fault("tables are not accepted"),
        OpType::Make(_) if in_text => fault("objects inside texts are not accepted"),
        OpType::Make(_) => Ok(false),
        OpType::Delete if op.pred.is_empty() => fault("a delete of nothing"),
        OpType::Delete => Ok(false),
        OpType::Increment(by) if by.unsigned_abs() > COUNTER_MAGNITUDE_MAX => fault("an increment is too large"),
        OpType::Increment(_) if !on_counter => fault("an increment where no counter is"),
        OpType::Increment(_) => Ok(false),
        OpType::MarkBegin(_) | OpType::MarkEnd(_) => fault("marks on text are not accepted"),
        OpType::Put(ScalarValue::Str(text)) if in_text && op.insert => match text.len() {
            1..=TEXT_ELEMENT_BYTES_MAX => Ok(false),
            _ => fault("an element of a text is empty or too long"),
        },
        OpType::Put(_) if in_text => fault("a text holds characters only, and they are not overwritten"),
        OpType::Put(value) => match value {
            ScalarValue::Str(text) if text.len() > STRING_BYTES_MAX => fault("a string is too long"),
            ScalarValue::Bytes(_) | ScalarValue::Unknown { .. } => fault("the kind of value is not accepted"),
            ScalarValue::Counter(counter) if i64::from(counter).unsigned_abs() > COUNTER_MAGNITUDE_MAX => {
                fault("a counter is too large")
            }
            ScalarValue::Counter(_) => Ok(true),
            ScalarValue::Str(_)
            | ScalarValue::Int(_)
            | ScalarValue::Uint(_)
            | ScalarValue::F64(_)
            | ScalarValue::Timestamp(_)
            | ScalarValue::Boolean(_)
            | ScalarValue::Null => Ok(false),
        },
    }
}

/// What it takes to make an object, or to write in the text or list that it is.
fn write_of(kind: ObjType) -> Write {
    match kind {
        ObjType::Map | ObjType::Table => Write::Map,
        ObjType::List => Write::List,
        ObjType::Text => Write::Text,
    }
}

fn remove_range<V>(map: &mut BTreeMap<OpKey, V>, range: &RangeInclusive<OpKey>) {
    while let Some(key) = map.range(range.clone()).next().map(|(key, _)| *key) {
        map.remove(&key);
    }
}

fn id_of(actor: &ActorId) -> Option<Id> {
    actor.to_bytes().try_into().ok()
}

/// Equal but for actors neither has seen.
fn same_clock(a: &[u32], b: &[u32]) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    long.starts_with(short) && long.iter().skip(short.len()).all(|max_op| *max_op == 0)
}
