//! What every [`Disk`] must do, as tests: run by whoever implements one, over a [`Place`] of theirs.
//!
//! The first half speaks to the disk itself, the second through a [`Replica`]. A failed expectation is a panic.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that is lent to other crates")]

use std::{collections::BTreeMap, sync::LazyLock};

use automerge::{
    ActorId, Automerge, ObjId, ObjType, ROOT, ReadDoc, TextEncoding,
    transaction::{CommitOptions, Transactable},
};
use gate::{Author, Authority, Rules};
use ring::signature::Ed25519KeyPair;

use crate::{
    Mode, Notice, Replica, Signer, Standing, Trouble,
    disk::{Disk, Hash, Id, KeyValue, Record, RowStore, Span, Table, Unread},
    public_key,
};

/// Something that is opened as a disk, again and again.
pub trait Place {
    /// Opens it. Nobody has it open.
    fn open(&mut self) -> Box<dyn Disk>;

    /// The power is cut while somebody has it open, whom `end` ends.
    fn cut(&mut self, end: &mut dyn FnMut());

    /// The rows are lost, as far as a disk can lose them. Nobody has it open.
    fn lose_rows(&mut self);

    /// The next append of whoever has it open fails. `append` appends so many bytes, where that is needed to bring it about.
    fn fail(&mut self, append: &mut dyn FnMut(usize));

    /// What [`Place::fail`] did to it is put right. Nobody has it open.
    fn mend(&mut self);

    /// A copy of it, as a backup is one. Nobody has it open.
    fn copy(&mut self) -> Box<dyn Place>;

    /// What was said when it was wiped.
    fn last_words(&mut self) -> Option<Vec<u8>>;
}

/// Makes an empty place.
pub type Make<'a> = &'a mut dyn FnMut() -> Box<dyn Place>;

/// Runs every expectation.
pub fn all(make: Make<'_>) {
    records_come_back_whole_and_in_order(make);
    what_was_appended_is_there_after_a_cut(make);
    a_failed_append_is_the_last(make);
    rows_are_read_as_they_were_put(make);
    long_values_are_whole_however_they_are_replaced(make);
    rows_that_had_caught_up_need_no_record_again(make);
    lost_rows_are_asked_for_from_the_first_record(make);
    a_key_is_the_same_until_it_is_destroyed(make);
    a_destroyed_key_never_comes_back(make);
    only_the_place_written_last_is_continuous(make);
    records_written_anew_take_the_place_of_the_others(make);
    a_wiped_place_is_empty_and_takes_nothing(make);
    a_replica_is_the_same_after_a_cut(make);
    a_replica_without_its_rows_is_the_same(make);
    an_erased_document_stays_erased(make);
    a_replica_whose_disk_fails_says_so_and_stops(make);
    of_a_wiped_replica_nothing_is_left(make);
}

/// Lengths of values round every bound that a disk may have: sled's, a file system's block, some hundred kilobytes.
const LENGTHS: [usize; 12] = [0, 1, 3_959, 3_998, 3_999, 4_000, 4_001, 4_096, 7_999, 8_000, 65_536, 300_000];

fn record(n: u8, len: usize) -> Record {
    Record { kind: 0x40 | (n & 0x0f), payload: bytes(n, len) }
}

/// Bytes that do not repeat for a while.
fn bytes(n: u8, len: usize) -> Vec<u8> {
    let mut state = u64::from(n) + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..len).map(|_| next()).collect()
}

fn open(place: &mut dyn Place) -> (Box<dyn Disk>, Unread) {
    let mut disk = place.open();
    let unread = disk.unread().unwrap();
    assert_eq!(unread.first + unread.records.len() as u64, disk.records());
    assert_eq!(unread.from_start, unread.first == 0, "from the first record, or from later on");
    (disk, unread)
}

/// The power is cut while this has the place open.
fn cut<T>(place: &mut dyn Place, open: T) {
    let mut open = Some(open);
    place.cut(&mut || drop(open.take()));
}

/// All records of a place, however many of them its rows lack.
fn all_records(place: &mut dyn Place) -> Vec<Record> {
    place.lose_rows();
    let (disk, unread) = open(place);
    assert!(unread.from_start && !unread.damaged);
    drop(disk);
    unread.records
}

fn records_come_back_whole_and_in_order(make: Make<'_>) {
    let mut place = make();
    let (mut disk, unread) = open(&mut *place);
    assert!(unread.records.is_empty() && unread.notices.is_empty() && disk.records() == 0);
    let mut expected = Vec::new();
    for (n, len) in (0..).zip(LENGTHS) {
        // One by one, and several with one sync.
        let batch: Vec<Record> = (0..=n % 3).map(|more| record(n * 3 + more, len)).collect();
        disk.append(&batch).unwrap();
        expected.extend(batch);
        assert_eq!(disk.records(), expected.len() as u64);
    }
    disk.append(&[]).unwrap();
    drop(disk);
    assert!(all_records(&mut *place) == expected);
    // And behind them.
    let (mut disk, _) = open(&mut *place);
    disk.append(&[record(99, 10)]).unwrap();
    drop(disk);
    expected.push(record(99, 10));
    assert!(all_records(&mut *place) == expected);
}

fn what_was_appended_is_there_after_a_cut(make: Make<'_>) {
    let mut place = make();
    let mut expected = Vec::new();
    for n in 0..5 {
        let (mut disk, unread) = open(&mut *place);
        assert!(expected.ends_with(&unread.records), "cut {n}");
        disk.append(&[record(n, 100), record(n, 5_000)]).unwrap();
        expected.extend([record(n, 100), record(n, 5_000)]);
        if n % 2 == 0 {
            disk.caught_up().unwrap();
        }
        cut(&mut *place, disk);
    }
    assert!(all_records(&mut *place) == expected);
}

fn a_failed_append_is_the_last(make: Make<'_>) {
    let mut place = make();
    let (mut disk, _) = open(&mut *place);
    disk.append(&[record(1, 100)]).unwrap();
    place.fail(&mut |len| disk.append(&[record(9, len)]).unwrap());
    let before = disk.records();
    let lost = [record(2, 100), record(3, 100)];
    let failed = disk.append(&lost).unwrap_err();
    assert!(matches!(failed, Trouble::Full | Trouble::Disk(_)), "{failed}");
    // There is nothing wrong with the disk any more, and it is not tried again.
    for _ in 0..2 {
        assert!(matches!(disk.append(&[record(4, 100)]), Err(Trouble::Stopped)));
        assert!(matches!(disk.append_unproven(&[record(4, 100)]), Err(Trouble::Stopped)));
    }
    assert!(!Trouble::Stopped.to_string().is_empty());
    drop(disk);
    place.mend();
    let found = all_records(&mut *place);
    let (kept, beginning) = found.split_at(usize::try_from(before).unwrap());
    assert!(kept.contains(&record(1, 100)));
    assert!(lost.starts_with(beginning), "of those that failed a beginning at the most");
    let (mut disk, _) = open(&mut *place);
    disk.append(&[record(5, 100)]).unwrap();
}

type Model = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

fn of_model(model: &Model, table: Table, span: &Span) -> Vec<KeyValue> {
    let within = |key: &Vec<u8>| *key >= span.from && span.until.as_ref().is_none_or(|until| key < until);
    let mut found: Vec<KeyValue> = model
        .iter()
        .filter(|((of, key), _)| *of == table && within(key))
        .map(|((_, key), value)| (key.clone(), value.clone()))
        .collect();
    if span.descending {
        found.reverse();
    }
    found.truncate(span.most);
    found
}

fn same(rows: &dyn RowStore, model: &Model, table: Table, span: &Span) {
    let expected = of_model(model, table, span);
    assert!(rows.rows(table, span).unwrap() == expected, "{table:?} {span:?}");
    let keys: Vec<Vec<u8>> = expected.into_iter().map(|(key, _)| key).collect();
    assert_eq!(rows.keys(table, span).unwrap(), keys, "{table:?} {span:?}");
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

    /// A short key of few different bytes, so that many begin alike and some are met again.
    fn key(&mut self) -> Vec<u8> {
        (0..1 + self.below(4)).map(|_| [0, 1, 7, 0xfe, 0xff][self.below(5)]).collect()
    }
}

fn rows_are_read_as_they_were_put(make: Make<'_>) {
    let mut place = make();
    let (disk, _) = open(&mut *place);
    let rows = disk.rows();
    let mut model = Model::new();
    let mut chance = Chance(1);
    for n in 0..800 {
        let (table, key) = (Table::ALL[chance.below(Table::ALL.len())], chance.key());
        match chance.below(8) {
            0 => {
                rows.remove(table, &key).unwrap();
                model.remove(&(table, key.clone()));
            }
            1 if chance.below(8) == 0 => {
                rows.remove_all(table, &key).unwrap();
                model.retain(|(of, k), _| *of != table || !k.starts_with(&key));
            }
            _ => {
                let long = table.is_long() && chance.below(12) == 0;
                let value = bytes(n as u8, if long { 3_000 + chance.below(9_000) } else { chance.below(60) });
                rows.put(table, &key, &value).unwrap();
                model.insert((table, key.clone()), value);
            }
        }
        assert!(rows.get(table, &key).unwrap() == model.get(&(table, key.clone())).cloned());
        let span = Span::prefix(&key[..chance.below(key.len() + 1)]);
        let until = if chance.below(2) == 0 { Some(chance.key()) } else { None };
        let between = Span { until, ..Span::from(&key) };
        for span in [span, between, Span::all()] {
            let most = chance.below(6);
            for span in [span.clone(), span.clone().first(most), span.last(most)] {
                same(rows, &model, table, &span);
            }
        }
    }
    assert!(model.len() > 100, "hardly anything was put");
}

fn long_values_are_whole_however_they_are_replaced(make: Make<'_>) {
    let mut place = make();
    let (mut disk, _) = open(&mut *place);
    let mut model = Model::new();
    for table in Table::ALL.into_iter().filter(|table| table.is_long()) {
        // Each length before each other: longer, shorter, the same.
        for (n, before) in (0..).zip(LENGTHS) {
            for (m, after) in (0..).zip(LENGTHS) {
                // Keys of which one is the beginning of another.
                let key = [b"k".as_slice(), &vec![0; usize::from(n)]].concat();
                disk.rows().put(table, &key, &bytes(n, before)).unwrap();
                disk.rows().put(table, &key, &bytes(m, after)).unwrap();
                model.insert((table, key), bytes(m, after));
            }
        }
        disk.rows().remove(table, b"k\0").unwrap();
        model.remove(&(table, b"k\0".to_vec()));
        same(disk.rows(), &model, table, &Span::all());
    }
    disk.append(&[record(1, 1)]).unwrap();
    disk.caught_up().unwrap();
    disk.flush().unwrap();
    drop(disk);
    let (disk, unread) = open(&mut *place);
    if unread.records.is_empty() {
        for table in Table::ALL {
            same(disk.rows(), &model, table, &Span::all());
        }
    }
    // Nothing of a long value is in the way of a later one.
    for table in Table::ALL.into_iter().filter(|table| table.is_long()) {
        disk.rows().remove_all(table, b"k").unwrap();
        assert_eq!(disk.rows().keys(table, &Span::all()).unwrap(), [] as [Vec<u8>; 0]);
        disk.rows().put(table, b"k", b"short").unwrap();
        assert_eq!(disk.rows().get(table, b"k").unwrap().as_deref(), Some(b"short".as_slice()));
    }
}

/// Puts for each record what is to follow from it in this suite: a row with its number.
fn follow(disk: &mut dyn Disk, unread: &Unread) {
    for (number, record) in (unread.first..).zip(&unread.records) {
        disk.rows().put(Table::Facts, &number.to_be_bytes(), &record.payload).unwrap();
    }
    disk.caught_up().unwrap();
}

fn rows_that_had_caught_up_need_no_record_again(make: Make<'_>) {
    let mut place = make();
    let mut expected = Model::new();
    for n in 0..6u8 {
        let (mut disk, unread) = open(&mut *place);
        follow(&mut *disk, &unread);
        same(disk.rows(), &expected, Table::Facts, &Span::all());
        let first = disk.records();
        let records: Vec<Record> = (0..3).map(|more| record(n * 3 + more, 50 + usize::from(n) * 1_000)).collect();
        disk.append(&records).unwrap();
        for (number, record) in (first..).zip(&records) {
            expected.insert((Table::Facts, number.to_be_bytes().to_vec()), record.payload.clone());
        }
        match n {
            // Left in peace, having caught up or not; cut, having caught up or not; in between.
            0 => follow(&mut *disk, &Unread { records, first, ..Unread::default() }),
            1 => {}
            2 | 3 => {
                if n == 2 {
                    follow(&mut *disk, &Unread { records, first, ..Unread::default() });
                }
                cut(&mut *place, disk);
                continue;
            }
            _ => {
                disk.rows().put(Table::Facts, &first.to_be_bytes(), &records[0].payload).unwrap();
                cut(&mut *place, disk);
                continue;
            }
        }
        drop(disk);
    }
    let (mut disk, unread) = open(&mut *place);
    follow(&mut *disk, &unread);
    same(disk.rows(), &expected, Table::Facts, &Span::all());
    disk.flush().unwrap();
    drop(disk);
    let (_, unread) = open(&mut *place);
    assert!(unread.records.is_empty(), "what had caught up is not read again");
}

fn lost_rows_are_asked_for_from_the_first_record(make: Make<'_>) {
    let mut place = make();
    let (mut disk, _) = open(&mut *place);
    disk.append(&[record(1, 10), record(2, 10)]).unwrap();
    let unread = Unread { records: vec![record(1, 10), record(2, 10)], ..Unread::default() };
    follow(&mut *disk, &unread);
    drop(disk);
    place.lose_rows();
    let (mut disk, unread) = open(&mut *place);
    assert!(unread.records == [record(1, 10), record(2, 10)] && unread.from_start);
    assert_eq!(unread.notices, [Notice::Rebuilt { aside: None }]);
    assert_eq!(disk.rows().keys(Table::Facts, &Span::all()).unwrap(), [] as [Vec<u8>; 0]);
    follow(&mut *disk, &unread);
    // Asked for everything again, the rows begin anew, too.
    let all = disk.reread().unwrap();
    assert!(all.records == unread.records && all.from_start);
    assert_eq!(disk.rows().keys(Table::Facts, &Span::all()).unwrap(), [] as [Vec<u8>; 0]);
}

const ONE: Id = [1; 16];
const TWO: Id = [2; 16];

fn a_key_is_the_same_until_it_is_destroyed(make: Make<'_>) {
    let (mut place, mut other) = (make(), make());
    let (disk, _) = open(&mut *place);
    assert!(disk.keys().of(&ONE).unwrap().is_none() && disk.keys().all().unwrap().is_empty());
    let (one, two) = (disk.keys().make(&ONE).unwrap(), disk.keys().make(&TWO).unwrap());
    let sealed = [one.seal(b"here", b"words").unwrap(), disk.keys().rest().seal(b"here", b"words").unwrap()];
    assert_eq!(disk.keys().make(&ONE).unwrap().bytes(), one.bytes());
    assert_eq!(disk.keys().of(&ONE).unwrap().unwrap().bytes(), one.bytes());
    let all = [one.bytes(), two.bytes(), disk.keys().rest().bytes()];
    let (foreign, _) = open(&mut *other);
    let theirs = [*foreign.keys().make(&ONE).unwrap().bytes(), *foreign.keys().rest().bytes()];
    let different: std::collections::BTreeSet<[u8; 32]> = all.into_iter().copied().chain(theirs).collect();
    assert_eq!(different.len(), 5, "each has its own");
    assert_eq!(disk.keys().all().unwrap().into_iter().collect::<Vec<_>>(), [ONE, TWO]);
    // On the disk when `make` has returned; a key is no row and waits for nothing.
    cut(&mut *place, disk);
    let (disk, _) = open(&mut *place);
    let again = disk.keys().of(&ONE).unwrap().unwrap();
    assert_eq!(again.open(b"here", &sealed[0]).as_deref(), Some(b"words".as_slice()));
    assert_eq!(disk.keys().rest().open(b"here", &sealed[1]).as_deref(), Some(b"words".as_slice()));
    // Each value of a key writes with another derived key: see `seal`.
    assert_ne!(again.seal(b"here", b"words").unwrap()[..24], sealed[0][..24]);
    assert_ne!(disk.keys().rest().seal(b"here", b"words").unwrap()[..24], sealed[1][..24]);
}

fn a_destroyed_key_never_comes_back(make: Make<'_>) {
    let mut place = make();
    let (disk, _) = open(&mut *place);
    let sealed = disk.keys().make(&ONE).unwrap().seal(b"here", b"words").unwrap();
    disk.keys().make(&TWO).unwrap();
    disk.keys().destroy(&ONE).unwrap();
    // Twice, and what there never was, is no trouble.
    disk.keys().destroy(&ONE).unwrap();
    disk.keys().destroy(&[9; 16]).unwrap();
    let gone = |disk: &dyn Disk| {
        assert!(disk.keys().of(&ONE).unwrap().is_none());
        assert_eq!(disk.keys().all().unwrap().into_iter().collect::<Vec<_>>(), [TWO]);
    };
    gone(&*disk);
    cut(&mut *place, disk);
    let (disk, _) = open(&mut *place);
    gone(&*disk);
    // Another one is made in its place, and opens nothing of what the first sealed; nor does it after the next opening.
    assert_eq!(disk.keys().make(&ONE).unwrap().open(b"here", &sealed), None);
    drop(disk);
    let (disk, _) = open(&mut *place);
    assert_eq!(disk.keys().of(&ONE).unwrap().unwrap().open(b"here", &sealed), None);
}

fn only_the_place_written_last_is_continuous(make: Make<'_>) {
    let is = |place: &mut dyn Place| open(place).0.is_continuous();
    let write = |place: &mut dyn Place| open(place).0.append(&[record(1, 10)]).unwrap();
    let mut place = make();
    assert!(!is(&mut *place), "new");
    assert!(!is(&mut *place), "new, opened again");
    write(&mut *place);
    assert!(is(&mut *place), "as it was left");
    assert!(is(&mut *place), "and again");
    let (mut disk, _) = open(&mut *place);
    disk.append(&[record(2, 10)]).unwrap();
    cut(&mut *place, disk);
    assert!(is(&mut *place), "cut");
    let mut copy = place.copy();
    assert!(!is(&mut *copy), "copied");
    assert!(!is(&mut *copy), "copied, opened again");
    write(&mut *copy);
    assert!(is(&mut *copy), "copied, and written down");
    assert!(is(&mut *place), "what was copied");
    open(&mut *place).0.append_unproven(&[record(3, 10)]).unwrap();
    assert!(!is(&mut *place), "what it lacks is not written down yet");
    assert!(!is(&mut *place), "nor by opening it");
    write(&mut *place);
    assert!(is(&mut *place), "written down");
}

fn records_written_anew_take_the_place_of_the_others(make: Make<'_>) {
    let mut place = make();
    let (mut disk, _) = open(&mut *place);
    disk.append(&[record(1, 10), record(2, 20_000), record(3, 10)]).unwrap();
    follow(&mut *disk, &Unread { records: vec![record(1, 10)], ..Unread::default() });
    drop(disk);
    let (mut disk, _) = open(&mut *place);
    disk.reread().unwrap();
    disk.rewrite(&[record(1, 10), record(3, 10)]).unwrap();
    assert_eq!(disk.records(), 2);
    disk.caught_up().unwrap();
    assert!(!disk.is_continuous());
    drop(disk);
    let (mut disk, unread) = open(&mut *place);
    assert!(!disk.is_continuous() && unread.records.is_empty());
    disk.append(&[record(4, 10)]).unwrap();
    drop(disk);
    assert!(all_records(&mut *place) == [record(1, 10), record(3, 10), record(4, 10)]);
}

fn a_wiped_place_is_empty_and_takes_nothing(make: Make<'_>) {
    let mut place = make();
    let (mut disk, _) = open(&mut *place);
    disk.append(&[record(1, 10)]).unwrap();
    disk.rows().put(Table::Facts, b"who", b"sealed").unwrap();
    let sealed = disk.keys().make(&ONE).unwrap().seal(b"here", b"words").unwrap();
    let rest = *disk.keys().rest().bytes();
    disk.wipe(b"revoked").unwrap();
    for _ in 0..2 {
        assert!(disk.keys().of(&ONE).unwrap().is_none() && disk.keys().all().unwrap().is_empty());
        assert_eq!(disk.rows().get(Table::Facts, b"who").unwrap(), None);
        assert_eq!(disk.rows().keys(Table::Facts, &Span::all()).unwrap(), [] as [Vec<u8>; 0]);
        assert!(matches!(disk.append(&[record(2, 10)]), Err(Trouble::Stopped)));
    }
    drop(disk);
    assert_eq!(place.last_words().as_deref(), Some(b"revoked".as_slice()));
    let (mut disk, unread) = open(&mut *place);
    assert!(unread.records.is_empty() && !disk.is_continuous());
    assert_ne!(*disk.keys().rest().bytes(), rest);
    assert_eq!(disk.keys().make(&ONE).unwrap().open(b"here", &sealed), None);
    // It begins anew.
    disk.append(&[record(3, 10)]).unwrap();
    drop(disk);
    assert!(all_records(&mut *place) == [record(3, 10)]);
}

// Through a replica.

/// The one device of these tests may write anywhere.
struct Anywhere;

impl Authority for Anywhere {
    fn author(&self, device: &Id) -> Option<Author> {
        let signer = signer();
        (signer.device == *device).then(|| Author { key: public_key(&signer.key), person: signer.person })
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

fn signer() -> Signer {
    let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let device = gate::device_id(&public_key(&key));
    Signer { key, device, person: [7; 16], incarnation: [0; 16] }
}

fn genesis() -> Vec<u8> {
    let mut doc = Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit).with_actor(ActorId::from([0; 16]));
    let at_the_beginning = CommitOptions::default().with_time(0);
    doc.transact_with::<_, _, automerge::AutomergeError, _>(
        |_| at_the_beginning,
        |tx| {
            tx.put_object(ROOT, "story", ObjType::Text)?;
            Ok(())
        },
    )
    .unwrap();
    doc.get_changes(&[])[0].raw_bytes().to_vec()
}

fn story(doc: &Automerge) -> ObjId {
    doc.get(ROOT, "story").unwrap().unwrap().1
}

fn replica(place: &mut dyn Place) -> (Replica, Vec<Notice>) {
    let (mut replica, notices) = Replica::open(place.open(), Mode::Participant).unwrap();
    replica.set_signer(signer());
    (replica, notices)
}

fn say(replica: &mut Replica, doc: &Id, words: &str) -> Result<(), Trouble> {
    let done = replica.write(doc, &Anywhere, |document| {
        let text = story(document);
        let then = CommitOptions::default().with_time(1_780_000_000);
        let said = document.transact_with::<_, _, automerge::AutomergeError, _>(
            |_| then,
            |tx| {
                let end = tx.length(&text);
                tx.splice_text(&text, end, 0, words)
            },
        );
        said.map(drop).map_err(|e| e.error)
    });
    done.map(|written| written.unwrap())
}

/// Hashes, and why each was refused.
type Refused = Vec<(Hash, Vec<u8>)>;

/// What a replica holds, to compare: of each document how far it is, why it was refused and what it says; and all facts.
struct Held {
    documents: Vec<(Id, Standing, Refused, String)>,
    saved: Vec<Vec<u8>>,
    facts: Vec<KeyValue>,
    waiting: Vec<Id>,
}

impl Held {
    fn same(&self, before: &Held) {
        assert_eq!((&self.documents, &self.waiting), (&before.documents, &before.waiting));
        assert!(self.saved == before.saved && self.facts == before.facts, "saved documents or facts differ");
    }
}

fn held(replica: &mut Replica) -> Held {
    let (mut documents, mut saved) = (Vec::new(), Vec::new());
    for doc in replica.documents().unwrap() {
        let (text, bytes) = replica.read(&doc, |d| (d.text(story(d)).unwrap(), d.save())).unwrap();
        documents.push((doc, replica.standing(&doc).unwrap(), replica.held(&doc).unwrap(), text));
        saved.push(bytes);
    }
    Held { documents, saved, facts: replica.facts(b"").unwrap(), waiting: replica.waiting().unwrap() }
}

/// Of everything that is kept something: two documents, one of them so long that it is saved as a snapshot; a refusal; facts.
fn live(replica: &mut Replica) {
    for doc in [ONE, TWO] {
        assert!(replica.start(&doc, &genesis()).unwrap());
    }
    for n in 0..80 {
        say(replica, &ONE, &format!("{n} ")).unwrap();
    }
    say(replica, &TWO, "of another child").unwrap();
    replica.hold(&TWO, &[9; 32], b"may not").unwrap();
    replica.set_fact(b"who", Some(b"Odile Marrowfield"));
    replica.set_fact(b"long", Some(&bytes(1, 50_000)));
    replica.commit().unwrap();
    replica.set_fact(b"long", Some(&bytes(2, 9_000)));
    replica.set_fact(b"forgotten", Some(b"soon"));
    replica.set_fact(b"forgotten", None);
    replica.commit().unwrap();
}

fn a_replica_is_the_same_after_a_cut(make: Make<'_>) {
    let mut place = make();
    let (mut first, _) = replica(&mut *place);
    live(&mut first);
    let before = held(&mut first);
    // What is only staged nobody was told of.
    first.set_fact(b"who", Some(b"somebody else"));
    cut(&mut *place, first);
    let (mut again, notices) = replica(&mut *place);
    assert!(notices.iter().all(|notice| matches!(notice, Notice::Rebuilt { .. })), "{notices:?}");
    assert!(again.is_continuous());
    held(&mut again).same(&before);
    // And it goes on.
    say(&mut again, &ONE, "after").unwrap();
    assert_eq!(again.last(&ONE).unwrap(), 81);
}

fn a_replica_without_its_rows_is_the_same(make: Make<'_>) {
    let mut place = make();
    let (mut first, _) = replica(&mut *place);
    live(&mut first);
    let before = held(&mut first);
    drop(first);
    for _ in 0..2 {
        place.lose_rows();
        let (mut again, notices) = replica(&mut *place);
        assert_eq!(notices, [Notice::Rebuilt { aside: None }]);
        assert!(again.is_continuous());
        held(&mut again).same(&before);
    }
}

fn an_erased_document_stays_erased(make: Make<'_>) {
    let mut place = make();
    let (mut first, _) = replica(&mut *place);
    live(&mut first);
    first.erase(&ONE).unwrap();
    drop(first);
    for lost in [false, true] {
        if lost {
            place.lose_rows();
        }
        let (mut again, _) = replica(&mut *place);
        assert_eq!(again.documents().unwrap(), [TWO]);
        assert!(matches!(again.read(&ONE, |_| ()), Err(Trouble::Unknown)));
        assert_eq!(again.held(&TWO).unwrap().len(), 1);
    }
    let (disk, _) = open(&mut *place);
    assert!(disk.keys().of(&ONE).unwrap().is_none());
    for (table, at) in
        [(Table::Log, 0), (Table::Numbers, 0), (Table::Waiting, 0), (Table::Documents, 0), (Table::Blobs, 1)]
    {
        let keys = disk.rows().keys(table, &Span::all()).unwrap();
        assert!(keys.iter().all(|key| key[at..].starts_with(&TWO)), "{table:?}");
    }
    drop(disk);
    // Held again it is another one, under another key.
    let (mut again, _) = replica(&mut *place);
    again.begin_incarnation([1; 16]);
    assert!(again.start(&ONE, &genesis()).unwrap());
    say(&mut again, &ONE, "anew").unwrap();
    drop(again);
    place.lose_rows();
    let (mut again, _) = replica(&mut *place);
    assert_eq!(again.read(&ONE, |d| d.text(story(d)).unwrap()).unwrap(), "anew");
}

fn a_replica_whose_disk_fails_says_so_and_stops(make: Make<'_>) {
    let mut place = make();
    let (mut first, _) = replica(&mut *place);
    live(&mut first);
    let before = held(&mut first);
    drop(first);
    let (mut failing, _) = replica(&mut *place);
    place.fail(&mut |len| {
        failing.set_fact(b"filler", Some(&bytes(9, len)));
        failing.commit().unwrap();
    });
    let failed = say(&mut failing, &ONE, "lost").unwrap_err();
    assert!(matches!(failed, Trouble::Full | Trouble::Disk(_)), "{failed}");
    assert!(failing.is_stopped());
    assert!(matches!(say(&mut failing, &ONE, "lost, too"), Err(Trouble::Stopped)));
    failing.set_fact(b"who", Some(b"lost"));
    assert!(matches!(failing.commit(), Err(Trouble::Stopped)));
    assert!(matches!(failing.erase(&TWO), Err(Trouble::Stopped)));
    // What was saved before can still be read.
    assert_eq!(failing.fact(b"long").unwrap(), Some(bytes(2, 9_000)));
    drop(failing);
    place.mend();
    let (mut again, _) = replica(&mut *place);
    again.set_fact(b"filler", None);
    again.commit().unwrap();
    let after = held(&mut again);
    assert!(after.facts == before.facts && after.documents.last() == before.documents.last());
    assert!(after.documents[0].3.starts_with(&before.documents[0].3));
    say(&mut again, &TWO, " more").unwrap();
}

fn of_a_wiped_replica_nothing_is_left(make: Make<'_>) {
    let mut place = make();
    let (mut first, _) = replica(&mut *place);
    live(&mut first);
    first.set_fact(b"who", Some(b"staged"));
    first.wipe(b"revoked").unwrap();
    assert_eq!((first.documents().unwrap().len(), first.facts(b"").unwrap().len()), (0, 0));
    assert!(matches!(first.read(&ONE, |_| ()), Err(Trouble::Unknown)));
    first.commit().unwrap();
    first.set_fact(b"who", Some(b"again"));
    assert!(matches!(first.commit(), Err(Trouble::Stopped)));
    drop(first);
    assert_eq!(place.last_words().as_deref(), Some(b"revoked".as_slice()));
    let (mut again, notices) = replica(&mut *place);
    assert_eq!(notices, []);
    assert!(!again.is_continuous() && again.documents().unwrap().is_empty());
    live(&mut again);
}
