//! Texts that two branches rewrote apart (PEP.md 4.11), of two people or of one person's two devices. Text merges by character, so
//! both versions stand in the merged text, one after or in the other; nobody meant that, and nobody would see it if it were not
//! said.
//!
//! Told from the history alone, by what both took away and put something in place of. Where that is a sentence, or half of the
//! text, it is open until somebody who has both chooses (`Edit::Resolve`): whoever types next has not. A few words are a remark,
//! and settled by whoever goes on in that text. In documents of schema 1 a line of text and several choices were merged as well;
//! there it is open as soon as two branches wrote in one. All of this is a function of the set of changes, whatever order they
//! came in.

use std::collections::{BTreeMap, BTreeSet};

use automerge::iter::ListRangeItem;
use automerge::{Automerge, ChangeHash, ObjId, ObjType, ReadDoc, ScalarValueRef, ValueRef};

use crate::TARGETS;
use crate::bank::{Kind, Question, bank};
use crate::document::Sheet;
use crate::touched::{Id, Object, Place, Touch, Touched};
use crate::value::Value;

/// Of a sentence, this part of its letters at least is taken away where the sentence counts as replaced: of so many one.
const SENTENCE_KEPT: usize = 4;

/// What a branch left, the actor who left it, and when.
pub(crate) type Version = (Value, Vec<u8>, i64);

/// A text, or several choices, that two branches rewrote apart and nobody has settled since.
pub(crate) struct Apart {
    /// The text or the map.
    pub(crate) object: ObjId,
    /// The place, as `Edit` takes it.
    pub(crate) place: String,
    pub(crate) question: &'static Question,
    /// Somebody's own words.
    pub(crate) own: bool,
    /// Somebody has to choose. Otherwise it is a few words.
    pub(crate) open: bool,
    /// As each branch left it, with the actor and the time, in the same order everywhere.
    pub(crate) versions: Vec<Version>,
    /// As it is now, merged.
    pub(crate) now: Value,
}

/// The texts of a document, as it is now or was at some heads, that two branches rewrote apart.
pub(crate) fn in_document(document: &Automerge, known: &mut Touched, at: Option<&[ChangeHash]>) -> Vec<Apart> {
    if known.places.is_empty() {
        return Vec::new();
    }
    let sheet = match at {
        Some(heads) => Sheet::at(document, heads),
        None => Sheet::now(document),
    };
    let mut spots = Vec::new();
    for question in bank().questions() {
        let id = question.id.as_str();
        let mut add = |object, kind, own| {
            spots.push(Spot { object, place: id.to_owned(), question, kind, own, beside: is_beside(question) })
        };
        match question.kind {
            Kind::Text | Kind::LongText if question.voice => {
                let entries = sheet.answer(id, ObjType::Map);
                let keys = entries.iter().flat_map(|map| sheet.keys(map).into_iter().map(move |key| (map, key)));
                let texts = keys.flat_map(|(map, key)| sheet.objects(map, &key, ObjType::Text));
                texts.for_each(|text| add(text, Kept::Prose, true));
            }
            Kind::Text => sheet.answer(id, ObjType::Text).into_iter().for_each(|text| add(text, Kept::Line, false)),
            Kind::LongText => {
                sheet.answer(id, ObjType::Text).into_iter().for_each(|text| add(text, Kept::Prose, false))
            }
            Kind::MultiChoice => sheet.answer(id, ObjType::Map).into_iter().for_each(|map| add(map, Kept::Set, false)),
            _ => {}
        }
    }
    if let Some(targets) = bank().question(TARGETS) {
        in_targets(&sheet, targets, &mut spots);
    }
    let behind = known.behind(at);
    spots.into_iter().filter_map(|spot| Look { document, known, behind: behind.as_deref() }.at(spot, &sheet)).collect()
}

/// The versions of these texts, or of this map of choices, between which somebody has to choose, as it is now last; none where
/// nobody has to.
pub(crate) fn versions(document: &Automerge, question: &'static Question, objects: &[ObjId]) -> Vec<Value> {
    let mut known = Touched::of(document);
    let sheet = Sheet::now(document);
    let kind = match question.kind {
        Kind::MultiChoice => Kept::Set,
        Kind::Text if !question.voice => Kept::Line,
        _ => Kept::Prose,
    };
    let mut all = Vec::new();
    for object in objects {
        let spot = Spot {
            object: object.clone(),
            place: String::new(),
            question,
            kind,
            own: true,
            beside: is_beside(question),
        };
        let found = Look { document, known: &mut known, behind: None }.at(spot, &sheet);
        all.extend(found.into_iter().flat_map(|apart| {
            apart.versions.into_iter().map(|(value, ..)| value).chain([apart.now]).collect::<Vec<_>>()
        }));
    }
    all
}

fn in_targets(sheet: &Sheet<'_, Automerge>, question: &'static Question, spots: &mut Vec<Spot>) {
    let root: Vec<ObjId> = sheet.root("targets").into_iter().collect();
    for (key, maps) in sheet.rows(&root) {
        for map in &maps {
            for field in sheet.keys(map) {
                let (id, person) = field.split_once('+').map_or((field.as_str(), None), |(id, who)| (id, Some(who)));
                let Some(column) = question.column(id).filter(|column| column.kind == Kind::LongText) else { continue };
                let place = format!("{TARGETS}/{key}/{}", column.id);
                let (texts, own) = (sheet.objects(map, &field, ObjType::Text).into_iter(), person.is_some());
                spots.extend(texts.map(|object| Spot {
                    object,
                    place: place.clone(),
                    question,
                    kind: Kept::Prose,
                    own,
                    beside: false,
                }));
            }
        }
    }
}

fn is_beside(question: &Question) -> bool {
    question.is_shared_text() && question.id != TARGETS
}

/// How what is merged is kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// Sentences.
    Prose,
    /// A line of text, in documents of schema 1.
    Line,
    /// Several choices, in documents of schema 1.
    Set,
}

/// A text or a map, and where it stands.
struct Spot {
    object: ObjId,
    place: String,
    question: &'static Question,
    kind: Kept,
    own: bool,
    /// What the last PEP said may stand beside it.
    beside: bool,
}

/// What two actors did apart, at a stretch: from when on neither had seen the other.
struct Stretch {
    first: [usize; 2],
    last: [usize; 2],
    /// What both took away.
    gone: BTreeSet<Id>,
    /// Both took away what the last PEP said, and wrote all of it out.
    whole: bool,
    /// It is more than a few words.
    much: bool,
}

struct Look<'a> {
    document: &'a Automerge,
    known: &'a mut Touched,
    behind: Option<&'a [u32]>,
}

impl Look<'_> {
    fn at(mut self, spot: Spot, sheet: &Sheet<'_, Automerge>) -> Option<Apart> {
        let ObjId::Id(counter, actor, _) = &spot.object else { return None };
        // Lent out while it is looked at, so that what is worked out can be kept beside it.
        let object = Object::At((*counter, actor.clone()));
        let place = self.known.places.remove(&object)?;
        let found = self.found(&spot, &place);
        self.known.places.insert(object, place);
        let (open, versions) = found?;
        let now = read(sheet, spot.kind, &spot.object);
        let Spot { object, place, question, own, .. } = spot;
        Some(Apart { object, place, question, own, open, versions, now })
    }

    fn found(&mut self, spot: &Spot, place: &Place) -> Option<(bool, Vec<Version>)> {
        let touches: Vec<Touch> = place.touches.iter().filter(|touch| self.included(touch.change)).copied().collect();
        let beside = spot.beside.then(|| Object::Beside(spot.question.carried_key.clone()));
        let carried = beside.and_then(|beside| self.known.places.get(&beside));
        let twice = place.twice.iter().map(|(a, b, element)| (*a, *b, Some(element)));
        let carried = carried.map_or(&[][..], |carried| &carried.twice).iter().map(|(a, b, _)| (*a, *b, None));
        let gone: Vec<(usize, usize, Option<&Id>)> =
            twice.chain(carried).filter(|(a, b, _)| self.included(*a) && self.included(*b)).collect();
        let mut stretches = self.stretches(gone);
        let settled: Vec<usize> = touches.iter().filter(|touch| touch.settles).map(|touch| touch.change).collect();
        let chosen = self.stretches(self.crossed(&settled));
        let wrote: Vec<usize> = touches.iter().map(|touch| touch.change).collect();
        let lines = if spot.kind == Kept::Prose { Vec::new() } else { self.stretches(self.crossed(&wrote)) };
        let mut open = BTreeMap::new();
        let mut few = BTreeMap::new();
        for stretch in &mut stretches {
            stretch.much |= stretch.whole || self.much(&spot.object, stretch);
        }
        stretches.retain_mut(|stretch| {
            let replaced = self.replaced(&touches, stretch);
            // One changed what the other took away: what is left of it is a piece that nobody wrote.
            let torn = !replaced && spot.kind == Kept::Prose && self.torn(&spot.object, &touches, stretch, place);
            let prose = spot.kind == Kept::Prose && !stretch.much;
            stretch.much |= torn || (replaced && prose && self.rewrote(&spot.object, &touches, stretch, place));
            replaced || torn
        });
        for stretch in chosen.iter().chain(&lines).chain(stretches.iter().filter(|stretch| stretch.much)) {
            // Who left the same has not disagreed, though it may stand twice.
            self.left(spot, &touches, stretch, (&settled, Some(false)), &mut open);
            self.left(spot, &touches, stretch, (&wrote, Some(true)), &mut few);
        }
        for stretch in stretches.iter().filter(|stretch| !stretch.much) {
            self.left(spot, &touches, stretch, (&wrote, None), &mut few);
        }
        let (is_open, left) = if open.is_empty() { (false, few) } else { (true, open) };
        let mut versions: Vec<Version> = Vec::new();
        for (value, actor, at) in left.into_values() {
            if !versions.iter().any(|(known, ..)| *known == value) {
                versions.push((value, actor, at));
            }
        }
        (!versions.is_empty()).then_some((is_open, versions))
    }

    fn included(&self, change: usize) -> bool {
        let node = self.known.nodes.get(change);
        self.behind.is_none_or(|behind| {
            node.is_some_and(|node| behind.get(node.actor).is_some_and(|seen| *seen >= node.ordinal))
        })
    }

    /// Of some changes, those of different actors that were made apart; of each, those that follow one another once.
    fn crossed(&self, changes: &[usize]) -> Vec<(usize, usize, Option<&'static Id>)> {
        let mut by_actor: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for change in changes {
            let Some(node) = self.known.nodes.get(*change) else { continue };
            by_actor.entry(node.actor).or_default().push(*change);
        }
        let all: Vec<&Vec<usize>> = by_actor.values().collect();
        let mut crossed = Vec::new();
        for (number, ones) in all.iter().enumerate() {
            for others in all.iter().skip(number + 1) {
                for one in ones.iter() {
                    // An actor's own changes follow one another: those that were seen come first, those that have seen last.
                    let from = others.partition_point(|other| self.known.sees(*one, *other));
                    let to = others.partition_point(|other| !self.known.sees(*other, *one));
                    let apart = others.get(from..to).unwrap_or_default();
                    crossed.extend(apart.first().map(|other| (*one, *other, None)));
                    crossed.extend(apart.last().map(|other| (*one, *other, None)));
                }
            }
        }
        crossed
    }

    /// Pairs of changes, with what both took away, as stretches of two actors.
    fn stretches(&self, pairs: Vec<(usize, usize, Option<&Id>)>) -> Vec<Stretch> {
        let nodes = &self.known.nodes;
        let actor = |change: usize| nodes.get(change).and_then(|node| self.known.actors.get(node.actor));
        let ordinal = |change: usize| nodes.get(change).map_or(0, |node| node.ordinal);
        let mut sorted: Vec<_> = pairs
            .into_iter()
            .map(|(a, b, gone)| if actor(a) <= actor(b) { (a, b, gone) } else { (b, a, gone) })
            .filter(|(a, b, _)| actor(*a) != actor(*b))
            .collect();
        sorted.sort_by_key(|(a, b, gone)| (actor(*a), actor(*b), ordinal(*a), ordinal(*b), *gone));
        let mut stretches: Vec<Stretch> = Vec::new();
        for (a, b, gone) in sorted {
            let same = stretches.last_mut().filter(|last| {
                let [one, other] = last.first;
                let alike = actor(one) == actor(a) && actor(other) == actor(b);
                alike && !self.known.sees(a, other) && !self.known.sees(b, one)
            });
            let stretch = match same {
                Some(same) => same,
                None => {
                    let new = Stretch { first: [a, b], last: [a, b], gone: BTreeSet::new(), whole: false, much: false };
                    stretches.push(new);
                    let Some(new) = stretches.last_mut() else { continue };
                    new
                }
            };
            for (at, change) in [a, b].into_iter().enumerate() {
                let (first, last) = (stretch.first.get_mut(at), stretch.last.get_mut(at));
                if let Some(first) = first.filter(|first| ordinal(**first) > ordinal(change)) {
                    *first = change;
                }
                if let Some(last) = last.filter(|last| ordinal(**last) < ordinal(change)) {
                    *last = change;
                }
            }
            match gone {
                Some(element) => drop(stretch.gone.insert(element.clone())),
                None => stretch.whole = true,
            }
        }
        stretches
    }

    /// What the device of one side did in a text from the beginning of a stretch on, as long as it had not seen the other.
    fn own<'t>(&self, touches: &'t [Touch], stretch: &Stretch, side: usize) -> Vec<&'t Touch> {
        let [Some(first), Some(other)] = [side, 1 - side].map(|at| stretch.first.get(at).copied()) else {
            return Vec::new();
        };
        let node = |change: usize| self.known.nodes.get(change);
        let Some(begin) = node(first) else { return Vec::new() };
        let same = |touch: &&Touch| {
            node(touch.change).is_some_and(|node| node.actor == begin.actor && node.ordinal >= begin.ordinal)
        };
        touches.iter().filter(same).take_while(|touch| !self.known.sees(touch.change, other)).collect()
    }

    /// True if both put something in with what they took away, or with the next thing they did there.
    fn replaced(&self, touches: &[Touch], stretch: &Stretch) -> bool {
        [0, 1].into_iter().all(|side| {
            let (own, last) = (self.own(touches, stretch, side), stretch.last.get(side).copied());
            let taken = own.iter().position(|touch| Some(touch.change) == last).map_or(0, |at| at + 2);
            own.iter().take(taken).any(|touch| touch.inserted)
        })
    }

    /// True if one side put something in place of what both took away, and the other only took away, much of the text.
    fn torn(&self, text: &ObjId, touches: &[Touch], stretch: &Stretch, place: &Place) -> bool {
        let own = [0, 1].map(|side| self.own(touches, stretch, side));
        let wrote = own.each_ref().map(|own| own.iter().any(|touch| touch.inserted));
        let (Some(side), false) = (wrote.iter().position(|wrote| !wrote), wrote == [false, false]) else {
            return false;
        };
        let Some(own) = own.get(side) else { return false };
        let Some(ends) = self.ends(touches, stretch) else { return false };
        let hashes: Vec<ChangeHash> =
            ends.iter().filter_map(|end| self.known.nodes.get(*end)).map(|node| node.hash).collect();
        let then = |heads: &[ChangeHash]| Sheet::at(self.document, heads).text(text);
        let merged = then(&hashes);
        if hashes.iter().any(|hash| then(std::slice::from_ref(hash)) == merged) {
            return false;
        }
        let changes: BTreeSet<usize> = own.iter().map(|touch| touch.change).collect();
        let gone = place.gone_by(&changes);
        stretch.first.get(side).is_some_and(|first| is_much(&self.letters(text, *first, &gone)))
    }

    /// True if one side put something in the place of a whole sentence in which the other replaced a few words: what these left stands
    /// beside a sentence that it does not belong to.
    fn rewrote(&self, text: &ObjId, touches: &[Touch], stretch: &Stretch, place: &Place) -> bool {
        [0, 1].into_iter().any(|side| {
            let changes: BTreeSet<usize> = self.own(touches, stretch, side).iter().map(|touch| touch.change).collect();
            let Some(first) = stretch.first.get(side) else { return false };
            let own = self.letters(text, *first, &place.gone_by(&changes));
            let both = self.letters(text, *first, &stretch.gone);
            let letters: Vec<(bool, bool, char)> =
                own.iter().zip(&both).map(|((own, letter), (both, _))| (*own, *both, *letter)).collect();
            let sentences = letters.split_inclusive(|(.., letter)| is_end(*letter));
            let met = |sentence: &&[(bool, bool, char)]| sentence.iter().any(|(_, both, _)| *both);
            let own = |sentence: &[(bool, bool, char)]| -> Vec<(bool, char)> {
                sentence.iter().map(|(own, _, letter)| (*own, *letter)).collect()
            };
            sentences.filter(met).any(|sentence| is_whole(&own(sentence)))
        })
    }

    /// The last that each side did in a text before it had seen the other.
    fn ends(&self, touches: &[Touch], stretch: &Stretch) -> Option<[usize; 2]> {
        let [one, other] = [0, 1].map(|side| self.own(touches, stretch, side).last().map(|touch| touch.change));
        Some([one?, other?])
    }

    /// The letters of a text as a change found it, each with whether it is among some.
    fn letters(&self, text: &ObjId, change: usize, gone: &BTreeSet<Id>) -> Vec<(bool, char)> {
        let heads = self.known.deps(change);
        self.document.list_range_at(text, .., &heads).filter_map(|item| letter(&item, gone)).collect()
    }

    /// Adds how each side left a text, unless somebody who has seen both has settled it, or both left the same and it reads so. Where
    /// it says so, only of sides that left the same, or of those that did not.
    fn left(
        &self,
        spot: &Spot,
        touches: &[Touch],
        stretch: &Stretch,
        (settling, alike): (&[usize], Option<bool>),
        all: &mut BTreeMap<(i64, ChangeHash), Version>,
    ) {
        let Some([one, other]) = self.ends(touches, stretch) else { return };
        let settles = |change: &usize| {
            ![one, other].contains(change) && self.known.sees(*change, one) && self.known.sees(*change, other)
        };
        if settling.iter().any(settles) {
            return;
        }
        let [Some(a), Some(b)] = [one, other].map(|change| self.known.nodes.get(change)) else { return };
        let then = |heads: &[ChangeHash]| read(&Sheet::at(self.document, heads), spot.kind, &spot.object);
        let [first, second] = [a, b].map(|node| then(&[node.hash]));
        let same = first == second;
        let merged = then(&[a.hash, b.hash]);
        let blank = |value: &Value| value.to_string().trim().is_empty();
        // Of an answer and none the answer stands, as with any value.
        let one_stands =
            spot.kind != Kept::Prose && (blank(&first) || blank(&second)) && [&first, &second].contains(&&merged);
        if alike.is_some_and(|alike| alike != same) || (same && merged == first) || one_stands {
            return;
        }
        for (node, value) in [(a, first), (b, second)] {
            let actor = self.known.actors.get(node.actor).map_or(Vec::new(), |actor| actor.to_bytes().to_vec());
            all.insert((node.at, node.hash), (value, actor, node.at));
        }
    }

    /// Whether what both took away is half of the text as one of them saw it, or a sentence of it.
    fn much(&mut self, text: &ObjId, stretch: &Stretch) -> bool {
        let [Some(a), Some(b)] = stretch.first.map(|change| self.known.nodes.get(change)) else { return false };
        let key = (a.hash, b.hash, stretch.gone.len());
        if let Some(known) = self.known.much.get(&key) {
            return *known;
        }
        let much = stretch.first.into_iter().any(|change| is_much(&self.letters(text, change, &stretch.gone)));
        self.known.much.insert(key, much);
        much
    }
}

fn letter(item: &ListRangeItem<'_>, gone: &BTreeSet<Id>) -> Option<(bool, char)> {
    match (item.id(), &item.value) {
        (ObjId::Id(counter, actor, _), ValueRef::Scalar(ScalarValueRef::Str(letter))) => {
            Some((gone.contains(&(counter, actor)), letter.chars().next()?))
        }
        _ => None,
    }
}

/// Letters of a text, each with whether both took it away.
fn is_much(letters: &[(bool, char)]) -> bool {
    let gone = |some: &[(bool, char)]| some.iter().filter(|(gone, _)| *gone).count();
    if letters.is_empty() || gone(letters) * 2 >= letters.len() {
        return gone(letters) > 0;
    }
    letters.split_inclusive(|(_, letter)| is_end(*letter)).any(is_whole)
}

fn is_end(letter: char) -> bool {
    matches!(letter, '.' | '!' | '?' | '\n')
}

/// Letters of a sentence, each with whether it was taken away: whether that is all of it, or nearly. A number such as 3.5 has a stop
/// too; a sentence has a blank in it.
fn is_whole(sentence: &[(bool, char)]) -> bool {
    let gone = sentence.iter().filter(|(gone, _)| *gone).count();
    let blank = sentence.iter().skip(1).any(|(_, letter)| *letter == ' ');
    blank && gone * SENTENCE_KEPT >= sentence.len() * (SENTENCE_KEPT - 1)
}

fn read(sheet: &Sheet<'_, Automerge>, kind: Kept, object: &ObjId) -> Value {
    match kind {
        Kept::Set => Value::Set(sheet.ticked(object).into_iter().collect()),
        Kept::Prose | Kept::Line => Value::Text(sheet.text(object)),
    }
}
