//! Texts that two people rewrote apart (PEP.md 4.11). Text merges by character, so both versions of a sentence stand in the
//! merged text, one in the other; nobody meant that, and nobody would see it if it were not said.
//!
//! Told from the history alone. Who has seen a character go cannot take it away again; so a character that two changes took
//! away was taken away apart. Where both then put something in, the text was rewritten twice. It is settled by any later change
//! in that text by somebody who had both. All of this is a function of the set of changes, whatever order they came in.

use std::collections::{BTreeMap, BTreeSet};

use automerge::legacy::{self, ElementId, Key, ObjectId, OpType};
use automerge::{ActorId, Automerge, ChangeHash, ObjId, ObjType};
use uuid::Uuid;

use crate::TARGETS;
use crate::bank::{Kind, Question, bank};
use crate::checks::{Finding, Severity, finding};
use crate::document::Sheet;
use crate::pep::{DocumentKind, Pep, Role};
use crate::value::Value;
use crate::view::{Authors, Claim, Dispute, Documents};

/// Most changes that took the same character away which are compared; a team is about so many people.
const DELETERS_MAX: usize = 8;
/// Pairs of changes that are looked at together: what 64 changes have been seen by fits in one word.
const PAIRS_AT_ONCE: usize = 32;

/// The texts that two people rewrote apart and nobody has looked at since, in the order of the process. The claims are the text
/// as each left it, and last the text as it is now, without an author. Decodes the changes since people were first apart, so it
/// is for who asks for conflicts or checks, not for every view.
pub fn rewritten(documents: Documents<'_>, pep: &Pep, authors: Authors<'_>) -> Vec<Dispute> {
    let order: BTreeMap<&str, usize> =
        pep.process().questions().enumerate().map(|(number, question)| (question.id.as_str(), number)).collect();
    let held = DocumentKind::ALL.iter().filter_map(|kind| documents.get(*kind));
    let mut disputes: Vec<Dispute> = held.flat_map(|document| in_document(document, authors)).collect();
    disputes.sort_by_key(|dispute| (order.get(dispute.question).copied(), dispute.place.clone()));
    disputes
}

/// A doubt for each text that two people rewrote apart: it reads badly, and keeps nobody from completing their pages.
pub fn rewritten_findings(disputes: &[Dispute], pep: &Pep) -> Vec<Finding> {
    let owner = |id: &str| {
        let accountable = bank().question(id).and_then(|question| pep.process().accountable(question));
        accountable.unwrap_or(Role::VirtualSchoolOfficer)
    };
    let says = "Two people rewrote this apart, and the two texts now stand in one another. Somebody has to choose, or tidy it up.";
    let finding = |dispute: &Dispute| Finding {
        field: Some(dispute.place.clone()),
        ..finding(Severity::Doubtful, owner(dispute.question), says)
    };
    disputes.iter().map(finding).collect()
}

/// The versions of these texts between which somebody has to choose, each text's own last; none where nobody has to.
/// Without a roster everybody's device counts as somebody.
pub(crate) fn versions(document: &Automerge, question: &'static Question, texts: &[ObjId]) -> Vec<Value> {
    let question = question.id.as_str();
    let texts = texts.iter().map(|text| Place { text: text.clone(), place: String::new(), question, own: true });
    let disputes = apart(document, &texts.collect::<Vec<_>>(), &|_| None).into_iter();
    disputes.flat_map(|dispute| dispute.claims).map(|claim| claim.value).collect()
}

/// A text, and where it stands.
struct Place {
    text: ObjId,
    place: String,
    question: &'static str,
    /// Somebody's own words: only they write there, so apart is two devices.
    own: bool,
}

fn in_document(document: &Automerge, authors: Authors<'_>) -> Vec<Dispute> {
    let sheet = Sheet::now(document);
    let mut places = Vec::new();
    for question in bank().questions().iter().filter(|question| matches!(question.kind, Kind::Text | Kind::LongText)) {
        let id = question.id.as_str();
        let mut add = |text, own| places.push(Place { text, place: id.to_owned(), question: id, own });
        if question.voice {
            let entries = sheet.answer(id, ObjType::Map);
            let keys = entries.iter().flat_map(|map| sheet.keys(map).into_iter().map(move |key| (map, key)));
            keys.flat_map(|(map, key)| sheet.objects(map, &key, ObjType::Text)).for_each(|text| add(text, true));
        } else if let Some(text) = sheet.answer(id, ObjType::Text) {
            add(text, false);
        }
    }
    if let Some(targets) = bank().question(TARGETS) {
        in_targets(&sheet, targets, &mut places);
    }
    apart(document, &places, authors)
}

fn in_targets(sheet: &Sheet<'_, Automerge>, question: &'static Question, places: &mut Vec<Place>) {
    let root: Vec<ObjId> = sheet.root("targets").into_iter().collect();
    for (key, maps) in sheet.rows(&root) {
        for map in &maps {
            for field in sheet.keys(map) {
                let (id, person) = field.split_once('+').map_or((field.as_str(), None), |(id, who)| (id, Some(who)));
                let Some(column) = question.column(id).filter(|column| column.kind == Kind::LongText) else { continue };
                let place = format!("{TARGETS}/{key}/{}", column.id);
                let texts = sheet.objects(map, &field, ObjType::Text).into_iter();
                let own = person.is_some();
                places.extend(texts.map(|text| Place { text, place: place.clone(), question: TARGETS, own }));
            }
        }
    }
}

/// A change, as far as it matters here.
struct Node {
    hash: ChangeHash,
    actor: ActorId,
    at: i64,
    /// What it rests on, by number.
    deps: Vec<usize>,
}

/// What a change did in one text.
#[derive(Clone, Copy)]
struct Touch {
    change: usize,
    inserted: bool,
}

/// Two changes, the earlier in the list first, that took the same character of a text away.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    text: usize,
    a: usize,
    b: usize,
}

fn apart(document: &Automerge, places: &[Place], authors: Authors<'_>) -> Vec<Dispute> {
    let nodes = nodes(document);
    let concurrent = concurrent(&nodes);
    let Some(first) = concurrent.iter().position(|apart| *apart) else { return Vec::new() };
    // Everything before the first change that was made apart is behind all the others: one head stands for it.
    let behind: Vec<ChangeHash> =
        first.checked_sub(1).and_then(|last| nodes.get(last)).map(|node| node.hash).into_iter().collect();
    let (touches, pairs) = operations(document, &behind, &nodes, &concurrent, places, authors);
    let mut last: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for some in pairs.into_iter().collect::<Vec<_>>().chunks(PAIRS_AT_ONCE) {
        let sight = Sight::of(&nodes, some);
        for Pair { text, a, b } in some.iter().copied() {
            let touches = touches.get(text).map_or(&[][..], Vec::as_slice);
            let later = touches.partition_point(|touch| touch.change <= b);
            let mut later = touches.get(later..).unwrap_or_default().iter();
            let settled = later.any(|touch| sight.sees(touch.change, a) && sight.sees(touch.change, b));
            if !settled && sight.wrote(&nodes, touches, a, b) && sight.wrote(&nodes, touches, b, a) {
                let left = [sight.last(&nodes, touches, a, b), sight.last(&nodes, touches, b, a)];
                last.entry(text).or_default().extend(left);
            }
        }
    }
    let mut disputes = Vec::new();
    for (number, last) in last {
        let Some(place) = places.get(number) else { continue };
        let mut claims: Vec<Claim> = Vec::new();
        let left = last.iter().filter_map(|change| nodes.get(*change)).map(|node| {
            let text = Sheet::at(document, std::slice::from_ref(&node.hash)).text(&place.text);
            (node.at, node.hash, Claim { value: Value::Text(text), by: authors(node.actor.to_bytes()), at: node.at })
        });
        let mut left: Vec<(i64, ChangeHash, Claim)> = left.collect();
        left.sort_by_key(|(at, hash, _)| (*at, *hash));
        let now = Claim { value: Value::Text(Sheet::now(document).text(&place.text)), by: None, at: 0 };
        for claim in left.into_iter().map(|(.., claim)| claim).chain([now]) {
            if !claims.iter().any(|known| known.value == claim.value) {
                claims.push(claim);
            }
        }
        disputes.push(Dispute { place: place.place.clone(), question: place.question, claims });
    }
    disputes
}

/// The changes of a document, each after what it rests on.
fn nodes(document: &Automerge) -> Vec<Node> {
    let mut numbers: BTreeMap<ChangeHash, usize> = BTreeMap::new();
    let mut nodes = Vec::new();
    for change in document.get_changes_meta(&[]) {
        numbers.insert(change.hash, nodes.len());
        let deps = change.deps.iter().filter_map(|dep| numbers.get(dep)).copied().collect();
        let (actor, at) = (change.actor.into_owned(), change.timestamp);
        nodes.push(Node { hash: change.hash, actor, at, deps });
    }
    nodes
}

/// Which changes were made without some other. One that has all before it behind it, and that all after it have seen, was not:
/// whoever writes alone, or in turn, is never looked at further.
fn concurrent(nodes: &[Node]) -> Vec<bool> {
    let mut apart = vec![false; nodes.len()];
    let mut heads: BTreeSet<usize> = BTreeSet::new();
    for (number, node) in nodes.iter().enumerate() {
        for dep in &node.deps {
            heads.remove(dep);
        }
        heads.insert(number);
        if let Some(apart) = apart.get_mut(number) {
            *apart = heads.len() > 1;
        }
    }
    // The same from the end: what nothing rests on yet.
    let mut rested: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (number, node) in nodes.iter().enumerate() {
        node.deps.iter().for_each(|dep| rested.get_mut(*dep).into_iter().for_each(|children| children.push(number)));
    }
    let mut roots: BTreeSet<usize> = BTreeSet::new();
    for (number, children) in rested.iter().enumerate().rev() {
        for child in children {
            roots.remove(child);
        }
        roots.insert(number);
        if let Some(apart) = apart.get_mut(number).filter(|_| roots.len() > 1) {
            *apart = true;
        }
    }
    apart
}

/// What each change after `behind` did in each text, and the changes of different writers that took the same character away.
fn operations(
    document: &Automerge,
    behind: &[ChangeHash],
    nodes: &[Node],
    concurrent: &[bool],
    places: &[Place],
    authors: Authors<'_>,
) -> (Vec<Vec<Touch>>, BTreeSet<Pair>) {
    let numbers: BTreeMap<ChangeHash, usize> =
        nodes.iter().enumerate().map(|(number, node)| (node.hash, number)).collect();
    let texts: BTreeMap<(u64, &ActorId), usize> = places
        .iter()
        .enumerate()
        .filter_map(|(number, place)| match &place.text {
            ObjId::Id(counter, actor, _) => Some(((*counter, actor), number)),
            ObjId::Root => None,
        })
        .collect();
    let root = Sheet::now(document).root("answers");
    let answers = root.as_ref().and_then(|answers| match answers {
        ObjId::Id(counter, actor, _) => Some((*counter, actor)),
        ObjId::Root => None,
    });
    let shared = places.iter().enumerate().filter_map(|(number, place)| {
        let question = bank().question(place.question).filter(|question| question.is_shared_text())?;
        Some((question.carried_key.as_str(), number))
    });
    let carried: BTreeMap<&str, usize> = shared.collect();
    let mut touches: Vec<Vec<Touch>> = places.iter().map(|_| Vec::new()).collect();
    let mut gone: BTreeMap<(usize, u64, ActorId), Vec<usize>> = BTreeMap::new();
    for change in document.get_changes(behind) {
        let Some(number) = numbers.get(&change.hash()).copied() else { continue };
        let alone = !concurrent.get(number).copied().unwrap_or(false);
        for op in change.decode().operations {
            let ObjectId::Id(object) = &op.obj else { continue };
            let id = (object.0, &object.1);
            // A text of the last PEP stands beside the answer until it is edited; who edits it takes it away from there.
            let beside = match (&op.key, &op.action) {
                (Key::Map(key), OpType::Delete) if answers == Some(id) => carried.get(key.as_str()).copied(),
                _ => None,
            };
            let Some(text) = texts.get(&id).copied().or(beside) else { continue };
            let Some(touched) = touches.get_mut(text) else { continue };
            match touched.last_mut() {
                Some(last) if last.change == number => last.inserted |= op.insert,
                _ => touched.push(Touch { change: number, inserted: op.insert }),
            }
            if alone || op.action != OpType::Delete {
                continue;
            }
            // What is taken away: a character, or what stood beside the answer.
            let elements: Vec<&legacy::OpId> = match &op.key {
                Key::Seq(ElementId::Id(element)) => vec![element],
                Key::Seq(ElementId::Head) => Vec::new(),
                Key::Map(_) => op.pred.iter().collect(),
            };
            for element in elements {
                gone.entry((text, element.0, element.1.clone())).or_default().push(number);
            }
        }
    }
    touches.iter_mut().for_each(|touched| touched.sort_by_key(|touch| touch.change));
    let writer = |number: usize, own: bool| -> Option<(Option<Uuid>, &ActorId)> {
        let actor = &nodes.get(number)?.actor;
        let person = if own { None } else { authors(actor.to_bytes()).map(|who| who.person) };
        Some((person, actor))
    };
    let mut pairs = BTreeSet::new();
    for ((text, ..), mut changes) in gone {
        changes.sort_unstable();
        changes.truncate(DELETERS_MAX);
        let own = places.get(text).is_some_and(|place| place.own);
        for (at, a) in changes.iter().enumerate() {
            for b in changes.iter().skip(at + 1) {
                let same = match (writer(*a, own), writer(*b, own)) {
                    (Some((Some(one), _)), Some((Some(other), _))) => one == other,
                    (Some((_, one)), Some((_, other))) => one == other,
                    _ => true,
                };
                if !same {
                    pairs.insert(Pair { text, a: *a, b: *b });
                }
            }
        }
    }
    (touches, pairs)
}

/// Which changes have seen some that may have crossed.
struct Sight {
    /// The bit of each that may have crossed.
    bits: BTreeMap<usize, u32>,
    /// Of each change, those it rests on, itself included.
    seen: Vec<u64>,
}

impl Sight {
    /// At most `PAIRS_AT_ONCE`: they share a word of bits.
    fn of(nodes: &[Node], pairs: &[Pair]) -> Sight {
        let crossed: BTreeSet<usize> = pairs.iter().flat_map(|pair| [pair.a, pair.b]).collect();
        let bits: BTreeMap<usize, u32> = crossed.into_iter().zip(0..u64::BITS).collect();
        let mut seen: Vec<u64> = Vec::with_capacity(nodes.len());
        for (number, node) in nodes.iter().enumerate() {
            let own = bits.get(&number).map_or(0, |bit| 1 << bit);
            seen.push(node.deps.iter().filter_map(|dep| seen.get(*dep)).fold(own, |mask, dep| mask | dep));
        }
        Sight { bits, seen }
    }

    /// True if a change rests on one that crossed, or is it.
    fn sees(&self, change: usize, crossed: usize) -> bool {
        let mask = self.seen.get(change).zip(self.bits.get(&crossed));
        mask.is_some_and(|(mask, bit)| mask & (1 << bit) != 0)
    }

    /// True if whoever made `change` put something in with it, or with the next thing they did in that text before they had seen
    /// the other.
    fn wrote(&self, nodes: &[Node], touches: &[Touch], change: usize, other: usize) -> bool {
        self.own(nodes, touches, change, other).take(2).any(|touch| touch.inserted)
    }

    /// The last that this device did in that text before it had seen the other.
    fn last(&self, nodes: &[Node], touches: &[Touch], change: usize, other: usize) -> usize {
        self.own(nodes, touches, change, other).last().map_or(change, |touch| touch.change)
    }

    /// What the device of `change` did in a text from that change on, as long as it had not seen the other.
    fn own<'a>(
        &'a self,
        nodes: &'a [Node],
        touches: &'a [Touch],
        change: usize,
        other: usize,
    ) -> impl Iterator<Item = &'a Touch> {
        let actor = nodes.get(change).map(|node| &node.actor);
        let begin = touches.partition_point(|touch| touch.change < change);
        let later = touches.get(begin..).unwrap_or_default().iter();
        later
            .filter(move |touch| nodes.get(touch.change).map(|node| &node.actor) == actor)
            .take_while(move |touch| !self.sees(touch.change, other))
    }
}
