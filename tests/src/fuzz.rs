//! What strangers' bytes meet first, each door as a function of bytes: the fuzz targets of `tests/fuzz` call them, and the tests
//! replay what is kept in `fixtures/corpus`. A function ends quietly, or panics where a promise is broken.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, LazyLock},
};

use automerge::{
    ActorId, Automerge, Change, ExpandedChange, LoadOptions, ROOT, TextEncoding, legacy::OpId,
    transaction::Transactable,
};
use gate::{Author, Envelope, Id, Index, Team, Tip, actor_of, device_id, statement};
use plan::{AnswersFile, DocumentKind, Documents, Edit, Pep, PepType, Processes, Role, Value, View, Writer};
use ring::{
    digest::{SHA256, digest},
    signature::Ed25519KeyPair,
};
use sync::{
    Frame, People, SignedRoster, Wire,
    directory::{Entry, PersonSheet, Sheet},
    link::Link,
    packed::{pack, unpack},
};
use sync_server::pace::Turn;
use uuid::Uuid;

#[path = "../../crates/gate/tests/gate/alter.rs"]
#[allow(missing_docs)] // the tests' own
mod alter;

use alter::{Material, Picks};

/// A door: it is given bytes.
pub type Target = fn(&[u8]);

/// Every target by its name, which is that of its folder in `fixtures/corpus`.
pub const TARGETS: [(&str, Target); 10] = [
    ("change", change),
    ("history", history),
    ("envelope", envelope),
    ("frame", frame),
    ("journal", journal),
    ("snapshot", snapshot),
    ("import", import),
    ("invitation", invitation),
    ("roster", roster),
    ("entries", entries),
];

/// A genuine input or two of every target: target, name, bytes.
pub fn seeds() -> Vec<(&'static str, String, Vec<u8>)> {
    let scene = &*SCENE;
    let first = &scene.envelopes[0];
    let push = Frame::Push { doc: scene.doc, envelopes: scene.envelopes.iter().take(3).cloned().map(Wire).collect() };
    let hello = Frame::Hello(sync::frame::Hello {
        version: 1,
        program: "pep".into(),
        device_id: [1; 16],
        ..Default::default()
    });
    let open = Frame::Open { doc: scene.doc, cursor: Some(sync::Cursor::at([1; 16], 7, [2; 32])) };
    let link = Link { address: "127.0.0.1:7443".into(), secret: [1; 32], relay_key: [2; 32], tls: Some([3; 32]) };
    let mut document = scene.begun(&scene.people[0]);
    document.apply_changes(scene.material.changes.clone()).expect("genuine changes");
    let answers = plan::answers_file(&scene.view(&document), &scene.pep, None, |_| true);
    let person = sync::roster::Person {
        id: [1; 16],
        name: "Odile Marrowfield".into(),
        organisation: None,
        role: "social-worker".into(),
    };
    let signed = sync::Roster { version: 162, people: vec![person.clone()], ..Default::default() }.sign(&pair(200));
    let roster = (signed, person);
    let sheet = Sheet::Person(PersonSheet { person: roster.1, contact: Default::default(), devices: Vec::new() });
    let genuine = [Entry::sign(&pair(200), &[1; 16], [2; 16], 3, 162, &sheet)];
    let roster = roster.0;
    let home = tempfile::tempdir_in(quick_folder()).expect("a folder");
    let key = folder_key();
    let (mut replica, _) = disk::open_replica(home.path(), replica::Mode::Relay, &key).expect("a replica");
    replica.start(&scene.doc, &scene.genesis).expect("a document");
    replica.offer(&scene.doc, &scene.envelopes[..2], &scene.team, None).expect("a disk");
    replica.commit().expect("a disk");
    drop(replica);
    let segment = fs::read(home.path().join("journal").join(SEGMENT)).expect("a journal");
    let seed = |target, name: &str, bytes: Vec<u8>| (target, name.to_owned(), bytes);
    let mut seeds = vec![
        seed("envelope", "genuine", Wire(first.clone()).encode()),
        seed("frame", "push", push.encode()),
        seed("frame", "hello", hello.encode()),
        seed("frame", "open", open.encode()),
        seed("invitation", "tls", link.to_string().into_bytes()),
        seed("invitation", "plain", Link { tls: None, ..link }.to_string().into_bytes()),
        seed("import", "genuine", answers.into_bytes()),
        seed("roster", "genuine", roster.payload.into_vec()),
        seed("entries", "genuine", sync::cbor::to_cbor(&genuine)),
        seed("entries", "packed", pack(&genuine, Entry::weight).remove(0).into_vec()),
        seed("journal", "genuine", segment),
        seed("snapshot", "whole", vec![1]),
        seed("snapshot", "altered", vec![1, 3, 200, 7, 1, 0, 90, 4, 2]),
        seed("snapshot", "noise", vec![0, 1, 2, 3, 4]),
    ];
    for (n, change) in scene.material.changes.iter().enumerate().step_by(7) {
        let raw = change.raw_bytes();
        let length = raw[9..].iter().position(|byte| byte & 0x80 == 0).map_or(0, |at| at + 1);
        seeds.push(seed("change", &format!("genuine-{n}"), raw[9 + length..].to_vec()));
    }
    for n in 0..8_u8 {
        let bytes: Vec<u8> = (0..24).map(|at: u8| n.wrapping_mul(31).wrapping_add(at.wrapping_mul(17))).collect();
        seeds.push(seed("history", &format!("choices-{n}"), bytes));
    }
    seeds
}

/// Tuesday, 24 February 2026, at nine.
const NOW: i64 = 1_771_923_600;
/// The first file of a journal.
const SEGMENT: &str = "00000001.seg";

/// A frame of openpep/1: what is read is written as it was read, and cut into turns without loss.
pub fn frame(bytes: &[u8]) {
    let read = Frame::decode(bytes);
    if let Ok(frame) = &read {
        let line = frame.encode();
        if line.len() <= sync::frame::FRAME_BYTES_MAX {
            assert!(Frame::decode(&line).as_ref() == Ok(frame), "a frame reads back as another");
        }
        let _ = format!("{frame:?}");
    }
    let turns = Turn::all(bytes);
    assert_eq!(turns.iter().map(|turn| turn.bytes).sum::<usize>(), bytes.len());
    turns.iter().for_each(|turn| assert!(turn.units() > 0));
    if let Ok(Frame::Push { envelopes, .. }) = read {
        let cut = turns.iter().flat_map(|turn| match &turn.frame {
            Ok(Frame::Push { envelopes, .. }) => envelopes.as_slice(),
            _ => &[],
        });
        assert!(cut.eq(envelopes.iter()), "a turn lost something");
    }
}

/// An envelope by itself, as journals keep it.
pub fn envelope(bytes: &[u8]) {
    if let Some(wire) = Wire::decode(bytes) {
        assert!(Wire::decode(&wire.encode()).as_ref() == Some(&wire), "an envelope reads back as another");
    }
}

/// An invitation link.
pub fn invitation(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(link) = text.parse::<Link>() {
        assert_eq!(link.to_string().parse(), Ok(link.clone()));
        assert!(!format!("{link:?}").contains(text.trim()), "a link is shown by accident");
    }
}

/// A list of people that the relay has signed: what is inside may be anything.
pub fn roster(bytes: &[u8]) {
    let relay = pair(200);
    let mut sig = [0; 64];
    sig.copy_from_slice(relay.sign(&[b"openpep/roster/1", bytes].concat()).as_ref());
    let version = bytes.first().copied().unwrap_or_default().into();
    let signed = SignedRoster { version, payload: bytes.to_vec().into(), sig };
    if let Some(roster) = signed.verify(&replica::public_key(&relay)) {
        let again = roster.sign(&relay).verify(&replica::public_key(&relay));
        assert_eq!(again, Some(roster));
    }
}

/// A part of a list of entries, deflated or not: whatever stands on the sheets, what is known of people stays whole.
pub fn entries(bytes: &[u8]) {
    let mut people = People::default();
    let packed = unpack::<Entry>(bytes).unwrap_or_default();
    let plain: Vec<Entry> = sync::cbor::from_whole(bytes).unwrap_or_default();
    for entry in packed.iter().chain(&plain) {
        assert!(!entry.is_of(&[9; 16], &replica::public_key(&pair(200))), "nobody signed it for that relay");
        let Some(sheet) = entry.sheet() else { continue };
        let subject = sheet.subject();
        assert_eq!((subject.kind(), subject.id()), (entry.kind.as_str(), entry.id.to_vec()));
        people.take(sheet, &[1; 16]);
    }
    let _ = people.strangers(&[1; 16]);
    for child in people.children() {
        let _ = (people.role(&child.id, &[1; 16], "2026-02-24"), people.team(&child.id).len());
    }
}

/// A file of answers that somebody was sent: whatever it says, the plan takes what fits and stays a plan.
pub fn import(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(file) = AnswersFile::read(text) else { return };
    let scene = &*SCENE;
    for person in &scene.people {
        let mut document = scene.begun(person);
        let brought = file.bring(&scene.pep, &person.writer()).fitting(
            &document,
            &scene.pep,
            DocumentKind::Main,
            &person.writer(),
        );
        for edit in brought.of(DocumentKind::Main) {
            let _ = plan::apply(&mut document, &scene.pep, DocumentKind::Main, &person.writer(), &[edit], NOW);
        }
        outlives(&document);
        let view = scene.view(&document);
        plan::answers_file(&view, &scene.pep, None, |_| true);
    }
}

/// A change of nobody's making, rightly signed by somebody who may write: refused, or harmless.
pub fn change(bytes: &[u8]) {
    let scene = &*SCENE;
    let (author, at) = (&scene.people[0], scene.envelopes.len());
    let (chunk, hash) = chunk(bytes);
    // What it says of itself is taken for granted where it can be read, so that more than the label is tried.
    let said = Change::try_from(chunk.as_slice()).ok();
    let seq = said.as_ref().map_or(1, Change::seq);
    let actor = said.and_then(|change| change.actor_id().to_bytes().try_into().ok()).unwrap_or(author.actor);
    scene.judge(at, &author.seal_as(scene.doc, actor, seq, hash, chunk));
}

/// A genuine history in which one change was altered: refused, or harmless in every order. The bytes choose.
pub fn history(bytes: &[u8]) {
    let scene = &*SCENE;
    let [at, rest @ ..] = bytes else { return };
    let at = usize::from(*at) % scene.envelopes.len();
    let picks: Vec<u32> = rest
        .chunks(4)
        .take(16)
        .map(|four| four.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
        .collect();
    let mut picks = Picks(picks.into_iter());
    let original = &scene.material.changes[at];
    let mut altered: ExpandedChange = original.decode();
    for _ in 0..1 + picks.below(3) {
        alter::alter(&mut altered, &scene.material, &mut picks);
    }
    // Some alterations cannot be written down as bytes at all.
    let Ok(change) = std::panic::catch_unwind(|| Change::from(altered)) else { return };
    let author = scene.author(original);
    let mut change = change;
    let (seq, hash) = (change.seq(), change.hash().0);
    let chunk = change.bytes().to_vec();
    scene.judge(at, &author.seal_as(scene.doc, author.actor, seq, hash, chunk));
}

/// A saved document that a relay sends for the quick way to join: whole, or altered at places that the bytes choose.
pub fn snapshot(bytes: &[u8]) {
    let scene = &*SCENE;
    let mut saved = match bytes.first() {
        // Without any form of its own: whatever was sent.
        Some(0) => bytes.to_vec(),
        _ => scene.saved.clone(),
    };
    for place in bytes.get(1..).unwrap_or_default().chunks_exact(4) {
        let [high, low, what, how] = place else { continue };
        let at = (usize::from(*high) << 8 | usize::from(*low)) % saved.len().max(1);
        match how % 4 {
            _ if saved.is_empty() => {}
            0 => saved[at] = *what,
            1 => saved[at] ^= 1 << (what % 8),
            2 => saved.insert(at, *what),
            _ => drop(saved.remove(at)),
        }
    }
    mend_checksum(&mut saved);
    if let Ok((index, document)) = gate::admit_snapshot(&scene.doc, &saved, &scene.genesis, &scene.tips, &scene.team) {
        assert_eq!(index.heads(), document.heads());
        let document = document.into_document();
        outlives(&document);
        scene.view(&document);
    }
}

/// A journal's file after the disk has had its way with it: opened, with whatever can be read, and opened again.
pub fn journal(bytes: &[u8]) {
    let home = tempfile::tempdir_in(quick_folder()).expect("a folder");
    let folder = home.path().join("journal");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(SEGMENT), bytes).expect("a file");
    let Ok(found) = disk::verify(&folder) else { return };
    if found.records == 0 && found.damage.is_empty() {
        return;
    }
    let key = folder_key();
    if let Ok((replica, _)) = disk::open_replica(home.path(), replica::Mode::Relay, &key) {
        let _ = replica.documents();
        drop(replica);
        assert!(disk::open_replica(home.path(), replica::Mode::Relay, &key).is_ok(), "what opened once opens again");
    }
}

fn folder_key() -> Arc<replica::Key> {
    Arc::new(disk::key_from_bytes(&[5; 32]).expect("randomness"))
}

fn quick_folder() -> std::path::PathBuf {
    let memory = std::path::PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("32 bytes are a seed")
}

/// A chunk around these bytes with a right checksum, and its hash.
fn chunk(body: &[u8]) -> (Vec<u8>, gate::Hash) {
    let mut head = vec![1];
    let mut length = body.len();
    while length > 0x7f {
        head.push(length as u8 | 0x80);
        length >>= 7;
    }
    head.push(length as u8);
    let hash: gate::Hash = digest(&SHA256, &[&head, body].concat()).as_ref().try_into().expect("32 bytes");
    ([&[0x85, 0x6f, 0x4a, 0x83], &hash[..4], &head, body].concat(), hash)
}

/// A saved document's checksum covers all behind it; without a right one nothing else would be tried.
fn mend_checksum(saved: &mut [u8]) {
    if let Some((head, rest)) = saved.split_at_mut_checked(8)
        && head.starts_with(&[0x85, 0x6f, 0x4a, 0x83])
    {
        head[4..].copy_from_slice(&digest(&SHA256, rest).as_ref()[..4]);
    }
}

/// What was admitted is saved, loaded, and goes on being written.
fn outlives(document: &Automerge) {
    let options = || LoadOptions::new().text_encoding(TextEncoding::Utf16CodeUnit);
    let saved = document.save();
    let mut loaded = Automerge::load_with_options(&saved, options()).expect("what was admitted loads again");
    assert_eq!(loaded.get_heads(), document.get_heads());
    loaded.set_actor(ActorId::from([0xee; 16]));
    let written = loaded.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(ROOT, "later", 1));
    written.map_err(|failure| failure.error).expect("and is written in");
    Automerge::load_with_options(&loaded.save(), options()).expect("and loads again");
}

// ---- a plan, the people who wrote it, and everything they sent

struct Person {
    pair: Ed25519KeyPair,
    device: Id,
    person: Id,
    actor: Id,
    role: Role,
}

struct Scene {
    pep: Pep,
    doc: Id,
    genesis: Vec<u8>,
    people: Vec<Person>,
    team: Team,
    envelopes: Vec<Envelope>,
    material: Material,
    saved: Vec<u8>,
    tips: Vec<Tip>,
}

/// What everybody writes under.
const INCARNATION: Id = [6; 16];

static SCENE: LazyLock<Scene> = LazyLock::new(Scene::write);

impl Person {
    fn new(seed: u8, role: Role, doc: &Id) -> Person {
        let (pair, person) = (pair(seed), [seed; 16]);
        let key = replica::public_key(&pair);
        Person {
            device: device_id(&key),
            actor: actor_of(doc, &Author { key, person }, &INCARNATION),
            pair,
            person,
            role,
        }
    }

    fn writer(&self) -> Writer {
        Writer::new(Uuid::from_bytes(self.person), self.role)
    }

    fn seal_as(&self, doc: Id, actor: Id, seq: u64, hash: gate::Hash, chunks: Vec<u8>) -> Envelope {
        let mut sig = [0; 64];
        sig.copy_from_slice(self.pair.sign(&statement(&doc, &actor, seq, &hash)).as_ref());
        Envelope { doc, actor, incarnation: Some(INCARNATION), seq, hash, device: self.device, sig, chunks }
    }
}

impl Scene {
    /// Three people write at once in one plan, meeting now and then: always the same.
    fn write() -> Scene {
        let (year, term) = plan::parse_term("2025/26-spring").expect("a term");
        let process = Processes::built_in().latest("sections").expect("a process");
        let pep = Pep {
            child: Uuid::from_bytes([5; 16]),
            year,
            term,
            kind: PepType::Review,
            process,
            filed: plan::Filed::default(),
        };
        let doc = pep.document(DocumentKind::Main).into_bytes();
        let genesis = pep.genesis(DocumentKind::Main);
        let people: Vec<Person> =
            [(1, Role::SocialWorker), (2, Role::DesignatedTeacher), (3, Role::VirtualSchoolOfficer)]
                .map(|(seed, role)| Person::new(seed, role, &doc))
                .into();
        let authors =
            people.iter().map(|one| (one.device, Author { key: replica::public_key(&one.pair), person: one.person }));
        // What is admitted must be harmless wherever it is written, so the rules keep nothing away from the search.
        let team = Team {
            authors: authors.collect(),
            groups: people.iter().map(|one| (one.person, ["everyone".to_owned()].into())).collect(),
            rules: Arc::new("* free everyone".parse().expect("rules")),
            accepted: [].into(),
            ..Team::default()
        };
        let mut copies: Vec<Automerge> =
            people.iter().map(|one| plan::from_genesis(&pep, DocumentKind::Main, ActorId::from(one.actor))).collect();
        let texts = ["care.story", "progress.goingWell", "meeting.notes"];
        let (mut changes, mut envelopes): (Vec<Change>, Vec<Envelope>) = (Vec::new(), Vec::new());
        for round in 0..36_usize {
            let who = round % people.len();
            let (person, copy) = (&people[who], &mut copies[who]);
            let key = Uuid::from_u128(round as u128 % 5 + 1).to_string();
            let edit = match round % 9 {
                0..=3 => Edit::Append { question: texts[who].into(), text: format!("Said in round {round}: 🙂 é.") },
                4 => Edit::Rewrite { question: "meeting.notes".into(), text: format!("All anew in {round}") },
                5 | 6 => Edit::PutTarget {
                    key,
                    fields: [("statement".to_owned(), Some(Value::Text(format!("By May, {round}"))))].into(),
                },
                7 => Edit::WithdrawTarget { key },
                _ => Edit::Comment { key, question: texts[who].into(), text: "May I quote this?".into() },
            };
            let before = copy.get_heads();
            // What somebody may not write, or what is not there to be withdrawn, is no change.
            let _ = plan::apply(copy, &pep, DocumentKind::Main, &person.writer(), &[edit], NOW + round as i64);
            for mut change in copy.get_changes(&before) {
                let (seq, hash) = (change.seq(), change.hash().0);
                let chunk = change.bytes().to_vec();
                envelopes.push(person.seal_as(doc, person.actor, seq, hash, chunk));
                changes.push(change);
            }
            if round % 5 == 4 {
                let known = changes.clone();
                copies.iter_mut().for_each(|copy| copy.apply_changes(known.clone()).expect("genuine changes"));
            }
        }
        let whole = &mut copies[0];
        whole.apply_changes(changes.clone()).expect("genuine changes");
        let saved = whole.save();
        let newest: BTreeMap<Id, &Envelope> = envelopes.iter().map(|one| (one.actor, one)).collect();
        let tips = newest.into_values().map(|one| Tip {
            actor: one.actor,
            incarnation: one.incarnation,
            seq: one.seq,
            hash: one.hash,
            device: one.device,
            sig: one.sig,
        });
        let tips = tips.collect();
        let begun = Change::try_from(genesis.as_slice()).expect("a change").decode();
        let ids = (begun.start_op.get()..)
            .zip(&begun.operations)
            .map(|(counter, _)| OpId(counter, begun.actor_id.clone()))
            .collect();
        let material = Material::of(changes, ids);
        assert!(envelopes.len() > 20, "{} changes", envelopes.len());
        Scene { pep, doc, genesis, people, team, envelopes, material, saved, tips }
    }

    fn begun(&self, person: &Person) -> Automerge {
        plan::from_genesis(&self.pep, DocumentKind::Main, ActorId::from(person.actor))
    }

    fn author(&self, change: &Change) -> &Person {
        let of = |person: &&Person| ActorId::from(person.actor) == *change.actor_id();
        self.people.iter().find(of).expect("one of them wrote it")
    }

    fn view(&self, document: &Automerge) -> View {
        let documents = Documents::main(document);
        plan::read(documents, &self.pep, &|_| None)
    }

    /// Gives an envelope to the gate in place of the one at `at`. Refused, it leaves no trace; admitted, it does no harm: it is
    /// applied in every order, saved, loaded, and read as a plan.
    fn judge(&self, at: usize, bad: &Envelope) {
        let mut index = Index::new(&self.genesis).expect("the genesis");
        let mut known = vec![Change::try_from(self.genesis.as_slice()).expect("the genesis")];
        for envelope in &self.envelopes[..at] {
            known.extend_from_slice(index.readmit(envelope).expect("a genuine change").changes());
        }
        let before = index.clone();
        let taken = match index.admit(bad, &self.team) {
            Ok(admitted) => admitted.changes().to_vec(),
            Err(refusal) => {
                assert!(index == before, "a refusal changed the index");
                assert!(!refusal.to_string().is_empty());
                return;
            }
        };
        let mut later = Vec::new();
        for envelope in &self.envelopes[at..] {
            if let Ok(admitted) = index.readmit(envelope) {
                later.extend_from_slice(admitted.changes());
            }
        }
        let orders: [Vec<Change>; 2] =
            [[known.clone(), taken.clone(), later.clone()].concat(), [later, taken, known].concat()];
        let heads = index.heads();
        for changes in orders {
            let mut document = Automerge::new_with_encoding(TextEncoding::Utf16CodeUnit);
            document.apply_changes(changes).expect("what was admitted is applied");
            assert!(document.get_heads().iter().map(|head| head.0).eq(heads.iter().copied()), "all of it is there");
            outlives(&document);
            self.view(&document);
        }
    }
}
