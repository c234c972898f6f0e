//! A branch of which a part is refused: the rest is written again, no word is lost and none doubled, whatever is accepted
//! afterwards.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use automerge::{
    ActorId, Automerge, AutomergeError, ObjId, ObjType, ROOT, ReadDoc, TextEncoding,
    transaction::{CommitOptions, Transactable, Transaction},
};
use gate::{Author, Authority, Envelope, Hash, Id, Rules};
use replica::{Mode, Offered, Replica, Signer};
use ring::signature::Ed25519KeyPair;
use sync::Cursor;

use crate::conformance::memory;

const DOC: Id = [7; 16];
const START: Option<Cursor> = Some(Cursor::new([9; 16], 1));
const NOW: i64 = 1_780_000_000;
/// Branches that are played.
const SEEDS: u64 = 200;
/// Where nothing may be written.
const RESERVED: &str = "reserved";

fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

struct Everyone;
impl Authority for Everyone {
    fn author(&self, device: &Id) -> Option<Author> {
        let of = |seed: u8| Author { key: replica::public_key(&key(seed)), person: [seed; 16] };
        (1..=3).map(of).find(|author| gate::device_id(&author.key) == *device)
    }

    fn groups(&self, _: &Id) -> Vec<&str> {
        vec!["everyone"]
    }

    fn rules(&self) -> &Rules {
        static RULES: LazyLock<Rules> = LazyLock::new(|| "* free everyone".parse().unwrap());
        &RULES
    }

    fn accepted(&self, _: &Hash) -> bool {
        false
    }

    fn extends(&self, _: &Id, _: &Hash) -> bool {
        false
    }
}

fn change(
    doc: &mut Automerge,
    f: impl FnOnce(&mut Transaction<'_>) -> Result<(), AutomergeError>,
) -> Result<(), AutomergeError> {
    doc.transact_with(|_| CommitOptions::default().with_time(NOW), f).map(|_| ()).map_err(|e| e.error)
}

fn genesis() -> Vec<u8> {
    let mut doc = Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit).with_actor(ActorId::from([0; 16]));
    change(&mut doc, |tx| {
        for text in ["story", RESERVED] {
            tx.put_object(ROOT, text, ObjType::Text)?;
        }
        tx.put_object(ROOT, "answers", ObjType::Map)?;
        Ok(())
    })
    .unwrap();
    doc.get_changes(&[])[0].raw_bytes().to_vec()
}

fn object(doc: &Automerge, name: &str) -> ObjId {
    doc.get(ROOT, name).unwrap().unwrap().1
}

fn text(doc: &Automerge, name: &str) -> String {
    doc.text(object(doc, name)).unwrap()
}

fn answer(doc: &Automerge, key: &str) -> BTreeSet<String> {
    let all = doc.get_all(object(doc, "answers"), key).unwrap();
    all.iter().filter_map(|(value, _)| value.as_str().map(str::to_owned)).collect()
}

struct Peer {
    replica: Replica,
}

impl Peer {
    fn new(seed: u8) -> Peer {
        let mode = if seed == 0 { Mode::Relay } else { Mode::Participant };
        let mut replica = Replica::open(Box::new(memory(seed.into()).open().unwrap()), mode).unwrap().0;
        if seed > 0 {
            let device = gate::device_id(&replica::public_key(&key(seed)));
            replica.set_signer(Signer { key: key(seed), device, person: [seed; 16], incarnation: [0; 16] });
        }
        replica.start(&DOC, &genesis()).unwrap();
        Peer { replica }
    }

    fn write(&mut self, f: impl FnOnce(&Automerge, &mut Transaction<'_>) -> Result<(), AutomergeError>) -> Hash {
        let done = self.replica.write(&DOC, &Everyone, |doc| {
            let before = doc.clone();
            change(doc, |tx| f(&before, tx))
        });
        done.unwrap().unwrap();
        self.replica.ledger_of(&DOC).unwrap().waiting().last().map(|(_, hash)| *hash).unwrap()
    }

    fn waiting(&mut self) -> Vec<Envelope> {
        let numbers: Vec<u64> = self.replica.ledger_of(&DOC).unwrap().waiting().map(|(n, _)| n).collect();
        self.replica.envelopes(&DOC, &numbers).unwrap()
    }

    /// Takes the relay's whole log in.
    fn reads(&mut self, relay: &mut Peer) {
        let log = relay.replica.log(&DOC, 0, usize::MAX).unwrap();
        let (_, refused) = self.replica.offer(&DOC, &log, &Everyone, START).unwrap();
        assert_eq!(refused, None);
        self.replica.commit().unwrap();
    }

    fn takes(&mut self, envelopes: &[Envelope]) {
        let (offered, refused) = self.replica.offer(&DOC, envelopes, &Everyone, None).unwrap();
        assert_eq!((offered.len(), refused), (envelopes.len(), None));
        self.replica.commit().unwrap();
    }

    fn read<T>(&mut self, f: impl FnOnce(&Automerge) -> T) -> T {
        self.replica.read(&DOC, f).unwrap()
    }

    fn heads(&mut self) -> Vec<Hash> {
        self.replica.standing(&DOC).unwrap().heads
    }
}

/// A small generator (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }
}

/// One change of somebody: what it put in and took out of the story, what it answered, whether it is refused.
#[derive(Default)]
struct Did {
    hash: Hash,
    put: Option<String>,
    took: Option<String>,
    answered: Option<(String, Option<String>)>,
    refused: bool,
}

/// A random change: a word somewhere in the story, or a word taken out, an answer given or taken back; now and then it also
/// writes where nobody may.
fn does(peer: &mut Peer, chance: &mut Chance, name: &str, n: usize, may_fail: bool) -> Did {
    let mut did = Did { refused: may_fail && chance.below(3) == 0, ..Did::default() };
    let story = peer.read(|doc| text(doc, "story"));
    let words: Vec<&str> = story.split_whitespace().collect();
    let of_answers = ["a", "b", "c"][chance.below(3)].to_owned();
    match chance.below(6) {
        0 | 1 if !words.is_empty() => did.took = Some(words[chance.below(words.len())].to_owned()),
        2 => did.answered = Some((of_answers, Some(format!("{name}{n}")))),
        3 => did.answered = Some((of_answers, None)),
        _ => did.put = Some(format!("{name}{n:02}")),
    }
    if let Some((key, None)) = &did.answered
        && peer.read(|doc| answer(doc, key)).is_empty()
    {
        // There is nothing to take back.
        (did.answered, did.put) = (None, Some(format!("{name}{n:02}")));
    }
    let mut places: Vec<usize> = story.match_indices(' ').map(|(at, _)| at + 1).collect();
    places.push(0);
    let place = places[chance.below(places.len())];
    did.hash = peer.write(|doc, tx| {
        let (story, answers) = (object(doc, "story"), object(doc, "answers"));
        if let Some(word) = &did.put {
            tx.splice_text(&story, place, 0, &format!("{word} "))?;
        }
        if let Some(word) = &did.took {
            let at = text(doc, "story").find(word.as_str()).unwrap();
            tx.splice_text(&story, at, word.len() as isize + 1, "")?;
        }
        match &did.answered {
            Some((key, Some(value))) => tx.put(&answers, key.as_str(), value.as_str())?,
            Some((key, None)) => tx.delete(&answers, key.as_str())?,
            None => {}
        }
        if did.refused {
            tx.splice_text(object(doc, RESERVED), 0, 0, &format!("x{name}{n:02} "))?;
        }
        Ok(())
    });
    did
}

fn play(seed: u64) {
    let mut chance = Chance(seed);
    let (mut relay, mut author, mut other) = (Peer::new(0), Peer::new(1), Peer::new(2));
    let mut base: Vec<Did> = (0..1 + chance.below(5)).map(|n| does(&mut other, &mut chance, "o", n, false)).collect();
    relay.takes(&other.waiting());
    author.reads(&mut relay);
    // Apart: the author's branch, and somebody else's work beside it.
    let branch: Vec<Did> = (0..2 + chance.below(10)).map(|n| does(&mut author, &mut chance, "w", n, true)).collect();
    let seen = base.len();
    base.extend((seen..seen + chance.below(4)).map(|n| does(&mut other, &mut chance, "o", n, false)));
    let beside: BTreeSet<&String> = base[seen..].iter().filter_map(|did| Some(&did.answered.as_ref()?.0)).collect();
    relay.takes(&other.waiting());

    let envelopes = author.waiting();
    let fit = branch.iter().position(|did| did.refused).unwrap_or(branch.len());
    relay.takes(&envelopes[..fit]);
    for envelope in &envelopes[..fit] {
        author.replica.receipt(&DOC, &envelope.hash, None).unwrap();
    }
    if chance.below(2) == 0 {
        author.reads(&mut relay);
    }
    let refused: BTreeSet<Hash> = branch[fit..].iter().take(1).map(|did| did.hash).collect();
    let without: BTreeSet<Hash> = branch.iter().filter(|did| did.refused).map(|did| did.hash).collect();
    author.replica.begin_incarnation([1; 16]);
    let rebased = author.replica.rebase(&DOC, &refused, &without, &Everyone).unwrap().unwrap();
    assert_eq!((rebased.aside.len(), rebased.stranded), (branch.len() - fit, vec![]), "{seed}");

    // The relay takes all of what was written again, and everybody comes to the same.
    relay.takes(&author.waiting());
    author.reads(&mut relay);
    other.reads(&mut relay);
    assert_eq!(author.heads(), relay.heads(), "{seed}");
    assert_eq!(author.heads(), other.heads(), "{seed}");
    let kept: Vec<&Did> = base.iter().chain(branch.iter().filter(|did| !did.refused)).collect();
    let words = |dids: &[&Did]| -> BTreeSet<String> {
        let taken: BTreeSet<&String> = dids.iter().filter_map(|did| did.took.as_ref()).collect();
        dids.iter().filter_map(|did| did.put.clone()).filter(|word| !taken.contains(word)).collect()
    };
    let stands = |peer: &mut Peer, expected: &BTreeSet<String>| {
        let (story, reserved) = peer.read(|doc| (text(doc, "story"), text(doc, RESERVED)));
        let mut found: BTreeMap<String, usize> = BTreeMap::new();
        story.split_whitespace().for_each(|word| *found.entry(word.to_owned()).or_default() += 1);
        let expected: BTreeMap<String, usize> = expected.iter().map(|word| (word.clone(), 1)).collect();
        assert_eq!(found, expected, "{seed}: {story:?}");
        reserved
    };
    for peer in [&mut author, &mut other] {
        assert_eq!(stands(peer, &words(&kept)), "", "{seed}");
        for key in ["a", "b", "c"] {
            let answers = peer.read(|doc| answer(doc, key));
            let last = kept.iter().filter_map(|did| did.answered.as_ref()).rfind(|(k, _)| k == key);
            if beside.contains(&key.to_owned()) {
                // What somebody else answered meanwhile is beside it, never under it.
                let theirs = base[seen..].iter().filter_map(|did| did.answered.as_ref()).rfind(|(k, _)| k == key);
                let theirs = theirs.and_then(|(_, value)| value.clone());
                assert!(theirs.is_none_or(|theirs| answers.contains(&theirs)), "{seed}: {key} lost {answers:?}");
            } else {
                let expected: BTreeSet<String> = last.and_then(|(_, value)| value.clone()).into_iter().collect();
                assert_eq!(answers, expected, "{seed}: {key}");
            }
        }
    }

    // Somebody accepts what was refused for its own sake from the branch's start on: its words come, and none a second time.
    let run: Vec<&Did> = branch[fit..].iter().take_while(|did| did.refused).collect();
    relay.takes(&envelopes[fit..fit + run.len()]);
    let all: Vec<&Did> = kept.iter().copied().chain(run.iter().copied()).collect();
    // What a later change took away of it was nothing that this change had, so it stays.
    let taken: BTreeSet<&String> = base.iter().chain(&branch[..fit]).filter_map(|did| did.took.as_ref()).collect();
    let of_run = run.iter().filter_map(|did| did.put.clone());
    let of_run: Vec<String> =
        of_run.filter(|word| !taken.contains(word) && !run.iter().any(|did| did.took.as_ref() == Some(word))).collect();
    let mut expected = words(&all);
    expected.extend(of_run);
    for peer in [&mut author, &mut other] {
        peer.reads(&mut relay);
        let reserved = stands(peer, &expected);
        assert_eq!(reserved.split_whitespace().count(), run.len(), "{seed}: {reserved:?}");
    }
    assert_eq!(author.heads(), other.heads(), "{seed}");
    // And the device writes on.
    let more = author.write(|doc, tx| tx.splice_text(object(doc, "story"), 0, 0, "more "));
    assert_eq!(author.waiting().iter().map(|e| e.hash).collect::<Vec<_>>(), [more]);
    relay.takes(&author.waiting());
}

#[test]
fn of_a_branch_that_is_refused_in_parts_no_word_is_lost_and_none_doubled() {
    std::thread::scope(|scope| {
        for first in 0..8 {
            scope.spawn(move || (first..SEEDS).step_by(8).for_each(play));
        }
    });
}

#[test]
fn a_branch_set_aside_stays_so_after_a_kill_a_lost_store_and_a_snapshot() {
    for long in [false, true] {
        let disk = memory(1);
        let open = || {
            let mut replica = Replica::open(Box::new(disk.open().unwrap()), Mode::Participant).unwrap().0;
            let device = gate::device_id(&replica::public_key(&key(1)));
            replica.set_signer(Signer { key: key(1), device, person: [1; 16], incarnation: [1; 16] });
            replica
        };
        let mut replica = open();
        replica.start(&DOC, &genesis()).unwrap();
        let say = |replica: &mut Replica, name: &str, words: &str| {
            let done = replica.write(&DOC, &Everyone, |doc| {
                let text = object(doc, name);
                change(doc, |tx| tx.splice_text(&text, 0, 0, words))
            });
            done.unwrap().unwrap();
        };
        // So many that the device saves a snapshot of its own, which holds what is refused later.
        let words = if long { 150 } else { 5 };
        for n in 0..words {
            say(&mut replica, "story", &format!("w{n} "));
        }
        say(&mut replica, RESERVED, "no ");
        say(&mut replica, "story", "last ");
        let hashes: Vec<Hash> = replica.ledger_of(&DOC).unwrap().waiting().map(|(_, hash)| *hash).collect();
        let refused = BTreeSet::from([hashes[words]]);
        replica.begin_incarnation([2; 16]);
        let rebased = replica.rebase(&DOC, &refused, &refused, &Everyone).unwrap().unwrap();
        assert_eq!((rebased.aside.len(), rebased.written), (2, 1));
        let expected = replica.read(&DOC, |doc| (text(doc, "story"), text(doc, RESERVED))).unwrap();
        assert_eq!((expected.0.split_whitespace().count(), expected.1.as_str()), (words + 1, ""));
        let standing = replica.standing(&DOC).unwrap();
        assert_eq!(standing.waiting, words + 1);
        drop(replica);
        let mut again = open();
        let read = |replica: &mut Replica| replica.read(&DOC, |doc| (text(doc, "story"), text(doc, RESERVED))).unwrap();
        assert_eq!((read(&mut again), again.standing(&DOC).unwrap()), (expected.clone(), standing.clone()));
        drop(again);
        disk.lose_rows();
        let mut again = open();
        assert_eq!((read(&mut again), again.standing(&DOC).unwrap()), (expected, standing));
        // Offered from a relay after all, it comes back.
        let before = again.standing(&DOC).unwrap().last;
        say(&mut again, "story", "on ");
        assert_eq!(again.standing(&DOC).unwrap().last, before + 1);
    }
}

#[test]
fn what_somebody_else_has_built_on_is_not_taken_out() {
    let (mut author, mut other) = (Peer::new(1), Peer::new(2));
    let first = author.write(|doc, tx| tx.splice_text(object(doc, "story"), 0, 0, "mine "));
    let envelopes = author.waiting();
    other.takes(&envelopes);
    other.write(|doc, tx| tx.splice_text(object(doc, "story"), 0, 0, "theirs "));
    let theirs = other.waiting().last().cloned().unwrap();
    author.takes(&[theirs]);
    let before = author.heads();
    author.replica.begin_incarnation([1; 16]);
    assert_eq!(author.replica.rebase(&DOC, &BTreeSet::from([first]), &BTreeSet::new(), &Everyone).unwrap(), None);
    assert_eq!(author.heads(), before);
    // Nor what the relay has.
    author.replica.receipt(&DOC, &first, None).unwrap();
    let none = author.replica.rebase(&DOC, &BTreeSet::from([first]), &BTreeSet::new(), &Everyone).unwrap();
    assert_eq!(none, Some(replica::Rebased::default()));
    let (offered, _) = author.replica.offer(&DOC, &envelopes, &Everyone, None).unwrap();
    assert!(matches!(offered.as_slice(), [Offered::Known(_)]));
}
