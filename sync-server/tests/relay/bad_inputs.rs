//! Everything bad that we could think of, one row each, through the real relay: who sends it is told why, the relay goes on,
//! its memory stays within a bound, and everybody else's meeting goes on as it was.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use automerge::{
    ActorId, Automerge, Change, ChangeHash, ExpandedChange, ObjType, ScalarValue,
    legacy::{ElementId, Key, MarkData, ObjectId, Op, OpId, OpType},
    transaction::Transactable,
};
use gate::{Envelope, Hash, Id, actor_of, limits::*, numbered_actor, statement};
use plan::{DocumentKind, Pep};
use ring::digest::{SHA256, digest};
use serde_bytes::ByteArray;
use serde_json::{Value, json};
use sync::{
    Frame,
    frame::{Cursor, Doing, FRAME_BYTES_MAX, NewChild, Presence, TEXT_BYTES_MAX, code},
    link::Link,
};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::world::*;

/// Most memory that the relay may come to in all of this, in KiB: 40 MiB of it are its code and its two dozen documents.
const MEMORY_KIB_MAX: u64 = 256 * 1024;
/// Rows that there are at least.
const ROWS_MIN: usize = 120;
/// Changes that the others make beside the flood.
const MEETING: usize = 30;
/// How long an answer may take before the test gives up; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the sender of a row is told.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    /// The relay keeps it and says why.
    Held(&'static str),
    /// The same answer as for a document that does not exist.
    Gone,
    /// An error, and the connection stays.
    Error(&'static str),
    /// An error, and the connection ends.
    Closed(&'static str),
    /// The connection ends without a word: the line itself was broken.
    Cut,
    /// Nothing: it asks for nothing.
    Nothing,
}

/// A line of the table of messages: a name, the bytes, and what follows.
type MessageRow = (&'static str, Vec<u8>, Told);
/// A line of the table of changes.
type ChangeRow = (&'static str, Envelope, Told);
/// A line of the table of requests: a name, what goes on the line, and the status and code that come back; 0 where it is cut.
type RequestRow = (&'static str, Vec<u8>, u16, &'static str);

/// Odile and Lorcan, who work; a changed program on Ottoline's device, which sends the rows.
struct Scene {
    program: Program,
    serving: Serving,
    pep: Pep,
    doc: Id,
    odile: Device,
    hers: Socket,
    his: Socket,
    ottoline: Device,
    link: Link,
    said: usize,
}

impl Scene {
    fn set() -> Scene {
        let program = Program::plain();
        let serving = program.serves(&[]);
        let added = program.says(&["children", "add", "--name", "Idris Fennimoor", "--dob", "2010-11-02"]);
        let idris: Uuid = added["child"].as_str().expect("an id").parse().expect("an id");
        let joins = |seed: u8, name: &str, role: &str| {
            let invited = program.says(&["invite", "--name", name, "--role", role, "--child", "Idris Fennimoor"]);
            let link: Link = invited["link"].as_str().expect("a link").parse().expect("a whole link");
            let (status, answer) = serving.join(&Device::new(seed, [0; 16]), &link);
            assert_eq!(status, 200, "{answer}");
            let person: Uuid = answer["person"].as_str().expect("an id").parse().expect("an id");
            (Device::new(seed, person.into_bytes()), link)
        };
        let (odile, her_link) = joins(1, "Odile Marrowfield", "social-worker");
        let (lorcan, his_link) = joins(2, "Lorcan Tidewell", "virtual-school-officer");
        let (ottoline, link) = joins(3, "Ottoline Greaves-Penn", "designated-teacher");
        let pep = pep(idris.into_bytes());
        let doc = document(&pep, DocumentKind::Main);
        let mut hers = serving.connects(&odile, &her_link);
        hers.says(&Frame::Start { start: start(&pep) });
        while !matches!(hers.hears(), Some(Frame::Documents { list }) if !list.is_empty()) {}
        let mut his = serving.connects(&lorcan, &his_link);
        his.says(&open(doc, Some(Cursor::new([0; 16], 0))));
        Scene { program, serving, pep, doc, odile, hers, his, ottoline, link, said: 0 }
    }

    /// The changed program, connected and with the document open.
    fn connects(&self) -> Socket {
        let socket = self.dials();
        let mut socket = Scene::welcomed(socket, &self.ottoline);
        socket.says(&open(self.doc, Some(Cursor::new([0; 16], 0))));
        socket
    }

    fn dials(&self) -> Socket {
        let token = self.serving.token(&self.ottoline, &self.link);
        let socket = self.serving.upgrades(&[("Authorization", &format!("Bearer {token}"))]).expect("an upgrade");
        socket.0.get_ref().set_read_timeout(Some(PATIENCE)).expect("a socket");
        socket
    }

    fn welcomed(mut socket: Socket, device: &Device) -> Socket {
        socket.says(&device.hello());
        assert!(matches!(socket.hears(), Some(Frame::Welcome(_))));
        assert!(matches!(socket.hears(), Some(Frame::Documents { .. })));
        socket
    }

    /// The others' meeting goes on: Odile writes, has her receipt, and Lorcan reads it.
    fn others_go_on(&mut self, after: &str) {
        self.others_go_on_beside(after, false);
    }

    /// The same; `good`: what comes from the changed program is good, and may reach Lorcan.
    fn others_go_on_beside(&mut self, after: &str, good: bool) {
        self.said += 1;
        let written = self.odile.writes(&self.pep, DocumentKind::Main, &["Settled in. "]);
        let hash = written.last().expect("a change").hash;
        self.hers.says(&push(self.doc, &written));
        loop {
            match self.hers.hears() {
                Some(Frame::Receipt { hash: of, .. }) if of == hash => break,
                Some(_) => {}
                None => panic!("{after}: Odile's connection has ended"),
            }
        }
        loop {
            match self.his.hears() {
                Some(Frame::Log { envelopes, .. }) if envelopes.iter().any(|e| e.0.hash == hash) => break,
                Some(Frame::Log { envelopes, .. }) => {
                    let hers = || envelopes.iter().all(|e| e.0.device == self.odile.id);
                    assert!(good || hers(), "{after}: a bad change was sent on");
                }
                Some(_) => {}
                None => panic!("{after}: Lorcan's connection has ended"),
            }
        }
    }

    fn memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.serving.process.id())).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.and_then(|kib| kib.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
    }
}

/// What comes back after a message, up to the answer to an open of a document that nobody has, sent behind it as a full stop.
fn answer(socket: &mut Socket, bytes: Vec<u8>) -> Told {
    let full_stop: Id = [0xfe; 16];
    // A line that the relay has ended may refuse what is written after it.
    let sent = socket.0.send(Message::binary(bytes));
    let _ = sent.and_then(|()| socket.0.send(Message::binary(open(full_stop, None).encode())));
    let mut told = Told::Nothing;
    loop {
        let code_of = |code: &str| -> &'static str { Box::leak(code.to_owned().into_boxed_str()) };
        match socket.hears() {
            Some(Frame::Gone { doc }) if doc == full_stop => return told,
            Some(Frame::Gone { .. }) => told = Told::Gone,
            Some(Frame::Held { code, detail, .. }) => {
                assert!(detail.len() > 20 && detail.ends_with('.'), "a sentence: {detail}");
                told = Told::Held(code_of(&code));
            }
            Some(Frame::Error { code, detail, .. }) => {
                assert!(detail.len() > 20, "a sentence: {detail}");
                told = if code::closes(&code) { Told::Closed(code_of(&code)) } else { Told::Error(code_of(&code)) };
            }
            Some(_) => {}
            None => return if told == Told::Nothing { Told::Cut } else { told },
        }
    }
}

#[test]
fn every_bad_message_is_answered_and_nobody_else_is_touched() {
    let mut scene = Scene::set();
    let messages = messages(&scene);
    let changes = changes(&scene);
    let requests = requests(&scene);
    let greetings = greetings(&scene);
    let rows = messages.len() + changes.len() + requests.len() + greetings.len();
    assert!(rows >= ROWS_MIN, "{rows} rows");

    // All of the table is tried before it is said which rows were answered otherwise.
    let mut otherwise = Vec::new();
    let mut socket = scene.connects();
    for (name, bytes, expected) in messages {
        let told = answer(&mut socket, bytes);
        if matches!(told, Told::Closed(_) | Told::Cut) {
            socket = scene.connects();
        }
        if told != expected {
            otherwise.push(format!("{name}: {told:?}, not {expected:?}"));
        }
        scene.others_go_on(name);
    }
    for (name, envelope, expected) in changes {
        let told = answer(&mut socket, push(scene.doc, &[envelope]).encode());
        if told != expected {
            otherwise.push(format!("{name}: {told:?}, not {expected:?}"));
        }
        scene.others_go_on(name);
    }
    for (name, bytes, expected) in greetings {
        let told = answer(&mut scene.dials(), bytes);
        if told != expected {
            otherwise.push(format!("{name}: {told:?}, not {expected:?}"));
        }
        scene.others_go_on(name);
    }
    for (name, bytes, status, code) in requests {
        let told = request(&scene.serving, &bytes);
        if told != (status, code.to_owned()) {
            otherwise.push(format!("{name}: {told:?}, not {status} {code}"));
        }
        scene.others_go_on(name);
    }
    assert!(otherwise.is_empty(), "{}", otherwise.join("\n"));
    // The same device, after all that, is as good as any other.
    let honest = scene.ottoline.writes(&scene.pep, DocumentKind::Main, &["And she reads. "]);
    assert_eq!(answer(&mut socket, push(scene.doc, &honest).encode()), Told::Nothing);
    let memory = scene.memory_kib();
    assert!((1..=MEMORY_KIB_MAX).contains(&memory), "the relay came to {memory} KiB");
    drop((socket, scene.hers, scene.his));
    assert_eq!(scene.serving.stops(), Some(0), "it stops as always: nothing in it broke");
    let checked = scene.program.runs(&["check"]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

// ---- messages of a device that is enrolled

#[test]
fn the_poisoned_change_is_held_and_the_plan_is_whole_before_and_after_a_start() {
    let mut scene = Scene::set();
    let mut line = scene.connects();
    let (poisoned, genuine) = (Draft::new(&scene, 1).poisoned(), Draft::new(&scene, 2).sealed());
    assert_eq!(answer(&mut line, push(scene.doc, &[poisoned]).encode()), Told::Held("canonical"));
    scene.others_go_on("the poisoned change");
    // With a program that was put right she goes on from there.
    line.says(&push(scene.doc, std::slice::from_ref(&genuine)));
    loop {
        match line.hears() {
            Some(Frame::Receipt { hash, .. }) if hash == genuine.hash => break,
            Some(_) => {}
            None => panic!("her connection has ended"),
        }
    }
    let Scene { program, serving, .. } = scene;
    serving.dies();
    // Every record, signature and document.
    program.says(&["check"]);
    program.serves(&[]);
}

#[test]
fn the_flood_of_one_device_waits_for_its_turns_and_the_others_meeting_goes_on() {
    let mut scene = Scene::set();
    let mut line = scene.connects();
    let lot: Vec<Envelope> = (0..64).map(|nth| Draft::new(&scene, nth).sealed()).collect();
    let frame = push(scene.doc, &lot).encode();
    // As fast as the line takes it, over and over, and nothing that comes back is read.
    let flood = std::thread::spawn(move || while line.0.send(Message::binary(frame.clone())).is_ok() {});
    for _ in 0..MEETING {
        scene.others_go_on_beside("the flood", true);
    }
    assert!(!flood.is_finished(), "it is made to wait, and is not cut off");
    assert!(scene.memory_kib() < MEMORY_KIB_MAX, "{} KiB", scene.memory_kib());
    scene.serving.dies();
    flood.join().expect("it ends with its line");
}

fn cbor(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    ciborium::into_writer(value, &mut out).expect("a vector");
    out
}

/// A map with the pairs of a frame, after an alteration.
fn altered(frame: &Frame, alter: impl FnOnce(&mut Vec<(ciborium::Value, ciborium::Value)>)) -> Vec<u8> {
    let value: ciborium::Value = ciborium::from_reader(frame.encode().as_slice()).expect("a frame");
    let ciborium::Value::Map(mut pairs) = value else { panic!("a map") };
    alter(&mut pairs);
    let mut out = Vec::new();
    ciborium::into_writer(&ciborium::Value::Map(pairs), &mut out).expect("a vector");
    out
}

fn set(frame: &Frame, key: &str, value: ciborium::Value) -> Vec<u8> {
    altered(frame, |pairs| {
        let slot = pairs.iter_mut().find(|(k, _)| k.as_text() == Some(key)).expect("the key");
        slot.1 = value;
    })
}

fn bytes(bytes: &[u8]) -> ciborium::Value {
    ciborium::Value::Bytes(bytes.to_vec())
}

fn messages(scene: &Scene) -> Vec<MessageRow> {
    use Told::{Closed, Error, Gone, Nothing};
    let doc = scene.doc;
    let opens = open(doc, None);
    let quality = document(&scene.pep, DocumentKind::Quality);
    let genuine = Draft::new(scene, 900).sealed();
    let pushes = push(doc, std::slice::from_ref(&genuine));
    let presence = |field: Option<String>, heads: Option<Vec<ByteArray<32>>>| {
        Frame::Presence(Presence {
            doc,
            person: [9; 16],
            device: [9; 16],
            field,
            caret: None,
            heads,
            state: Doing::Here,
        })
        .encode()
    };
    let child = |name: &str, dob: &str| {
        Frame::Child {
            child: NewChild {
                child: [0x77; 16],
                name: name.into(),
                dob: dob.into(),
                looked_after_since: None,
                emergency: false,
            },
        }
        .encode()
    };
    let started = |alter: fn(&mut sync::frame::Start)| {
        let mut start = start(&scene.pep);
        alter(&mut start);
        Frame::Start { start }.encode()
    };
    let envelope = |alter: fn(&mut Vec<ciborium::Value>)| {
        altered(&pushes, |pairs| {
            let (_, list) = pairs.iter_mut().find(|(k, _)| k.as_text() == Some("envelopes")).expect("the key");
            let one = list.as_array_mut().and_then(|list| list.first_mut()).expect("an envelope");
            alter(one.as_array_mut().expect("an array"));
        })
    };
    let frame = Closed(code::FRAME);
    let order = Closed(code::ORDER);
    vec![
        ("nothing at all", vec![], frame.clone()),
        ("one byte that begins nothing", vec![0xff], frame.clone()),
        ("a number", cbor(&json!(7)), frame.clone()),
        ("null", cbor(&Value::Null), frame.clone()),
        ("a text", cbor(&json!("hello")), frame.clone()),
        ("JSON instead of CBOR", br#"{"t":"hello"}"#.to_vec(), frame.clone()),
        ("an array", cbor(&json!(["open"])), frame.clone()),
        ("a map without a kind", cbor(&json!({ "doc": 1 })), frame.clone()),
        ("a kind that is a number", cbor(&json!({ "t": 1 })), frame.clone()),
        ("a kind that nobody knows", cbor(&json!({ "t": "colour" })), Error(code::UNKNOWN)),
        ("a kind in capitals", cbor(&json!({ "t": "OPEN" })), Error(code::UNKNOWN)),
        ("an empty kind", cbor(&json!({ "t": "" })), Error(code::UNKNOWN)),
        ("a text that is not UTF-8", vec![0xa1, 0x61, b't', 0x62, 0xff, 0xfe], frame.clone()),
        ("a byte string that claims 2^62 bytes", [&[0x5b][..], &(1u64 << 62).to_be_bytes()].concat(), frame.clone()),
        ("an array that claims 2^62 members", [&[0x9b][..], &(1u64 << 62).to_be_bytes()].concat(), frame.clone()),
        ("a map that claims 2^62 pairs", [&[0xbb][..], &(1u64 << 62).to_be_bytes()].concat(), frame.clone()),
        (
            "a push that claims 2^62 envelopes",
            {
                let mut line = pushes.encode();
                let at = line.windows(9).position(|w| w == b"envelopes").expect("the key") + 9;
                line.splice(at..=at, [&[0x9b][..], &(1u64 << 62).to_be_bytes()].concat());
                line
            },
            frame.clone(),
        ),
        ("arrays within arrays, 100,000 deep", vec![0x81; 100_000], frame.clone()),
        ("maps within maps, 100,000 deep", [0xa1, 0x00].repeat(100_000), frame.clone()),
        ("tags within tags, 100,000 deep", vec![0xc1; 100_000], frame.clone()),
        ("bytes behind a frame", [opens.encode(), vec![0]].concat(), frame.clone()),
        ("a frame without its last byte", opens.encode().split_last().expect("bytes").1.to_vec(), frame.clone()),
        ("a frame one byte over the limit", vec![0x40; FRAME_BYTES_MAX + 1], Told::Cut),
        ("an id of 15 bytes", set(&opens, "doc", bytes(&[1; 15])), frame.clone()),
        ("an id of 17 bytes", set(&opens, "doc", bytes(&[1; 17])), frame.clone()),
        (
            "an id that is a text, which is taken for its bytes",
            set(&opens, "doc", ciborium::Value::Text("x".repeat(16))),
            Gone,
        ),
        (
            "a cursor with a negative number",
            cursor(doc, |pairs| put(pairs, "seq", ciborium::Value::Integer((-1).into()))),
            frame.clone(),
        ),
        ("a cursor with a hash of 31 bytes", cursor(doc, |pairs| put(pairs, "hash", bytes(&[1; 31]))), frame.clone()),
        (
            "a cursor with a broken number",
            cursor(doc, |pairs| put(pairs, "seq", ciborium::Value::Float(0.5))),
            frame.clone(),
        ),
        (
            "a cursor far beyond the log",
            open(doc, Some(Cursor::new(epoch(scene), u64::MAX))).encode(),
            Error(code::MISSING),
        ),
        (
            "a cursor whose envelope is another",
            open(doc, Some(Cursor::at(epoch(scene), 1, [9; 32]))).encode(),
            Error(code::MISSING),
        ),
        ("a document that nobody has", open([0x55; 16], None).encode(), Gone),
        ("an annex of the Virtual School's own", open(quality, None).encode(), Gone),
        ("closing what was never open", Frame::Close { doc: [0x55; 16] }.encode(), Nothing),
        ("a second hello", scene.ottoline.hello().encode(), order.clone()),
        (
            "a frame that only relays send: welcome",
            Frame::Welcome(sync::frame::Welcome {
                epoch: [1; 16],
                relay_id: [2; 16],
                limits: Default::default(),
                roster: None,
                ..Default::default()
            })
            .encode(),
            order.clone(),
        ),
        ("a frame that only relays send: documents", Frame::Documents { list: vec![] }.encode(), order.clone()),
        (
            "a frame that only relays send: snapshot",
            Frame::Snapshot { doc, seq: 1, heads: vec![], part: 0, parts: 1, bytes: Default::default(), tips: vec![] }
                .encode(),
            order.clone(),
        ),
        ("a frame that only relays send: log", Frame::Log { doc, from: 1, envelopes: vec![] }.encode(), order.clone()),
        (
            "a frame that only relays send: receipt",
            Frame::Receipt { doc, hash: [1; 32], epoch: [1; 16], seq: 1 }.encode(),
            order.clone(),
        ),
        (
            "a frame that only relays send: held",
            Frame::Held { doc, hashes: vec![], follows: vec![], code: "x".into(), detail: "x".into() }.encode(),
            order.clone(),
        ),
        ("a frame that only relays send: released", Frame::Released { doc, hashes: vec![] }.encode(), order.clone()),
        ("a frame that only relays send: gone", Frame::Gone { doc }.encode(), order.clone()),
        (
            "an error from the participant",
            Frame::Error { code: "x".into(), detail: "x".into(), retry_after_ms: None, doc: None }.encode(),
            Told::Cut,
        ),
        ("a push of nothing", push(doc, &[]).encode(), Nothing),
        (
            "a push into a document that nobody has",
            push([0x55; 16], &[Envelope { doc: [0x55; 16], ..genuine.clone() }]).encode(),
            Gone,
        ),
        (
            "a push into an annex of the Virtual School's own",
            push(quality, &[Envelope { doc: quality, ..genuine.clone() }]).encode(),
            Gone,
        ),
        (
            "a push of another document's envelope",
            push(doc, &[Envelope { doc: quality, ..genuine.clone() }]).encode(),
            order.clone(),
        ),
        ("an envelope of another version", envelope(|parts| parts[0] = 3.into()), frame.clone()),
        ("an envelope of version 1 with an incarnation", envelope(|parts| parts[0] = 1.into()), frame.clone()),
        ("an envelope of version 2 without", envelope(|parts| drop(parts.remove(3))), frame.clone()),
        ("an incarnation of 15 bytes", envelope(|parts| parts[3] = bytes(&[1; 15])), frame.clone()),
        ("an incarnation of 17 bytes", envelope(|parts| parts[3] = bytes(&[1; 17])), frame.clone()),
        ("an envelope without chunks", envelope(|parts| drop(parts.pop())), frame.clone()),
        ("an envelope of ten parts", envelope(|parts| parts.push(1.into())), frame.clone()),
        ("an envelope with a signature of 63 bytes", envelope(|parts| parts[7] = bytes(&[1; 63])), frame.clone()),
        ("an envelope with a hash of 33 bytes", envelope(|parts| parts[5] = bytes(&[1; 33])), frame.clone()),
        ("an envelope with a negative number", envelope(|parts| parts[4] = (-1).into()), frame.clone()),
        (
            "an envelope over its limit",
            envelope(|parts| parts[8] = bytes(&vec![0; ENVELOPE_BYTES_MAX + 1])),
            frame.clone(),
        ),
        ("a presence with a question of 4,097 bytes", presence(Some("x".repeat(TEXT_BYTES_MAX + 1)), None), Nothing),
        ("a presence with 65 heads", presence(None, Some(vec![ByteArray::new([1; 32]); 65])), Nothing),
        (
            "a presence in a document that is not open",
            altered(&Frame::decode(&presence(None, None)).expect("a frame"), |pairs| {
                put(pairs, "doc", bytes(&[0x55; 16]))
            }),
            Nothing,
        ),
        (
            "a presence in a state that nobody knows",
            altered(&Frame::decode(&presence(None, None)).expect("a frame"), |pairs| {
                put(pairs, "state", ciborium::Value::Text("asleep".into()));
            }),
            frame.clone(),
        ),
        ("a child added by a role that may not", child("Wren Tapplestone", "2016-05-01"), Error(code::REFUSED)),
        ("a child with a name of 4,097 bytes", child(&"x".repeat(TEXT_BYTES_MAX + 1), "2016-05-01"), frame.clone()),
        ("a PEP of a child of another team", started(|s| s.child = [0x66; 16]), Error(code::REFUSED)),
        ("a PEP under an id that is not its own", started(|s| s.pep = [0x66; 16]), Error(code::REFUSED)),
        (
            "a PEP of a term that does not exist",
            started(|s| (s.pep, s.term) = ([0x66; 16], "2025/27-winter".into())),
            Error(code::REFUSED),
        ),
        (
            "a PEP of a kind that does not exist",
            started(|s| (s.pep, s.kind) = ([0x66; 16], "birthday".into())),
            Error(code::REFUSED),
        ),
        (
            "a PEP under a process that does not exist",
            started(|s| (s.pep, s.process) = ([0x66; 16], "seance".into())),
            Error(code::REFUSED),
        ),
        (
            "a PEP under a version that does not exist",
            started(|s| (s.pep, s.process_version) = ([0x66; 16], 9_999)),
            Error(code::REFUSED),
        ),
        ("the same PEP under another process", started(|s| s.process = "portal".into()), Error(code::PROCESS)),
        ("a PEP with a term of 4,097 bytes", started(|s| s.term = "x".repeat(TEXT_BYTES_MAX + 1)), frame),
    ]
}

fn put(pairs: &mut Vec<(ciborium::Value, ciborium::Value)>, key: &str, value: ciborium::Value) {
    pairs.retain(|(k, _)| k.as_text() != Some(key));
    pairs.push((ciborium::Value::Text(key.into()), value));
}

fn cursor(doc: Id, alter: impl FnOnce(&mut Vec<(ciborium::Value, ciborium::Value)>)) -> Vec<u8> {
    altered(&open(doc, Some(Cursor::new([1; 16], 1))), |pairs| {
        let (_, cursor) = pairs.iter_mut().find(|(k, _)| k.as_text() == Some("cursor")).expect("the key");
        alter(cursor.as_map_mut().expect("a map"));
    })
}

/// The present life of the relay's logs, as it tells everybody.
fn epoch(scene: &Scene) -> Id {
    let mut socket = scene.dials();
    socket.says(&scene.ottoline.hello());
    let Some(Frame::Welcome(sync::frame::Welcome { epoch, .. })) = socket.hears() else { panic!("a welcome") };
    epoch
}

/// First frames, each on a connection of its own.
fn greetings(scene: &Scene) -> Vec<MessageRow> {
    let hello = |version, device_id| {
        Frame::Hello(sync::frame::Hello {
            version,
            program: "story".into(),
            device_id,
            last_roster: 0,
            ..Default::default()
        })
        .encode()
    };
    let long = Frame::Hello(sync::frame::Hello {
        version: 1,
        program: "x".repeat(TEXT_BYTES_MAX + 1),
        device_id: scene.ottoline.id,
        last_roster: 0,
        ..Default::default()
    });
    vec![
        ("a hello of a version to come", hello(2, scene.ottoline.id), Told::Closed(code::VERSION)),
        ("a hello of another device", hello(1, scene.odile.id), Told::Closed(code::ORDER)),
        ("a hello with a long name of a program", long.encode(), Told::Closed(code::FRAME)),
        ("no hello at all", open(scene.doc, None).encode(), Told::Closed(code::ORDER)),
        (
            "a push before hello",
            push(scene.doc, &[Draft::new(scene, 901).sealed()]).encode(),
            Told::Closed(code::ORDER),
        ),
    ]
}

// ---- changes, rightly signed unless said

/// A change of Ottoline's at her own question, to be altered; each under an actor of its own, so that no row meets another.
struct Draft<'a> {
    scene: &'a Scene,
    actor: Id,
    incarnation: Option<Id>,
    change: ExpandedChange,
}

impl<'a> Draft<'a> {
    fn new(scene: &'a Scene, incarnation: u32) -> Draft<'a> {
        let mut named = [0; 16];
        named[..4].copy_from_slice(&incarnation.to_be_bytes());
        Draft::by(scene, actor_of(&scene.doc, &scene.ottoline.author(), &named), Some(named))
    }

    /// In an envelope of version 1.
    fn numbered(scene: &'a Scene, number: u32) -> Draft<'a> {
        Draft::by(scene, numbered_actor(&scene.doc, &scene.ottoline.author(), number), None)
    }

    fn by(scene: &'a Scene, actor: Id, incarnation: Option<Id>) -> Draft<'a> {
        let mut document = begun(scene).with_actor(ActorId::from(actor));
        let (_, answers) =
            automerge::ReadDoc::get(&document, automerge::ROOT, "answers").expect("a map").expect("a map");
        let written =
            document.transact::<_, _, automerge::AutomergeError>(|tx| tx.put(&answers, "setting.fullTime", true));
        written.map_err(|failure| failure.error).expect("a change");
        let change = document.get_last_local_change().expect("a change").decode();
        Draft { scene, actor, incarnation, change: ExpandedChange { time: NOW, ..change } }
    }

    fn alter(mut self, alter: impl FnOnce(&mut ExpandedChange)) -> Draft<'a> {
        alter(&mut self.change);
        self
    }

    /// One operation in place of the genuine one.
    fn op(self, op: Op) -> Draft<'a> {
        self.alter(|change| change.operations = vec![op])
    }

    fn sealed(self) -> Envelope {
        let mut change = Change::from(self.change.clone());
        let (seq, hash) = (change.seq(), change.hash().0);
        let chunks = change.bytes().to_vec();
        self.sign(seq, hash, chunks)
    }

    /// Any bytes, rightly signed.
    fn sign(&self, seq: u64, hash: Hash, chunks: Vec<u8>) -> Envelope {
        let ottoline = &self.scene.ottoline;
        let mut sig = [0; 64];
        sig.copy_from_slice(ottoline.key.sign(&statement(&self.scene.doc, &self.actor, seq, &hash)).as_ref());
        let (doc, actor, incarnation) = (self.scene.doc, self.actor, self.incarnation);
        Envelope { doc, actor, incarnation, seq, hash, device: ottoline.id, sig, chunks }
    }

    /// The change's own body after an alteration, in a chunk with a right checksum.
    fn body(self, alter: impl FnOnce(&mut Vec<u8>)) -> Envelope {
        let change = Change::from(self.change.clone());
        let raw = change.raw_bytes();
        let length = raw[9..].iter().position(|byte| byte & 0x80 == 0).expect("a length") + 1;
        let mut body = raw[9 + length..].to_vec();
        alter(&mut body);
        let (chunk, hash) = chunk(1, &body);
        self.sign(1, hash, chunk)
    }

    /// The same change in other words: Automerge stores operations and not bytes, so it would come back under another hash, and
    /// whoever had taken it in could neither load what they saved nor share it.
    fn poisoned(self) -> Envelope {
        self.body(|body| {
            let at = actions_in(body);
            assert_eq!(body[at..at + 2], [0x7f, 1], "one action, spelt out");
            body[at] = 1;
        })
    }
}

/// Where the column of actions begins in the body of a change, which is one of several columns behind a head.
fn actions_in(body: &[u8]) -> usize {
    fn number(body: &[u8], at: &mut usize) -> usize {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = body[*at];
            *at += 1;
            value |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return value;
            }
        }
    }
    let mut at = 0;
    let deps = number(body, &mut at);
    at += 32 * deps;
    let actor = number(body, &mut at);
    at += actor;
    // Its number, its first operation, its time.
    for _ in 0..3 {
        number(body, &mut at);
    }
    let message = number(body, &mut at);
    at += message;
    for _ in 0..number(body, &mut at) {
        let other = number(body, &mut at);
        at += other;
    }
    let columns: Vec<(usize, usize)> =
        (0..number(body, &mut at)).map(|_| (number(body, &mut at), number(body, &mut at))).collect();
    at + columns.iter().take_while(|(kind, _)| *kind != 0x42).map(|(_, length)| length).sum::<usize>()
}

fn begun(scene: &Scene) -> Automerge {
    let mut document = Automerge::new_with_encoding(automerge::TextEncoding::Utf16CodeUnit);
    let genesis = Change::try_from(scene.pep.genesis(DocumentKind::Main).as_slice()).expect("a change");
    document.apply_changes([genesis]).expect("the genesis");
    document
}

/// A chunk with a right checksum, and its hash.
fn chunk(kind: u8, body: &[u8]) -> (Vec<u8>, Hash) {
    let mut head = vec![kind];
    let mut length = body.len() as u64;
    while length > 0x7f {
        head.push(length as u8 | 0x80);
        length >>= 7;
    }
    head.push(length as u8);
    let hash: Hash = digest(&SHA256, &[&head, body].concat()).as_ref().try_into().expect("32 bytes");
    ([&[0x85, 0x6f, 0x4a, 0x83], &hash[..4], &head, body].concat(), hash)
}

/// Where things are in the genesis: the map of answers, her own text in it, and the actor that made them.
struct Places {
    root_answers: OpId,
    text: OpId,
    answers: ObjectId,
    story: ObjectId,
    nobody: ActorId,
}

fn places(scene: &Scene) -> Places {
    let genesis = Change::try_from(scene.pep.genesis(DocumentKind::Main).as_slice()).expect("a change").decode();
    let made = |key: &str, kind: ObjType| {
        let at = genesis
            .operations
            .iter()
            .position(|op| op.key == Key::Map(key.into()) && matches!(op.action, OpType::Make(made) if made == kind));
        OpId(genesis.start_op.get() + at.expect("the genesis made it") as u64, genesis.actor_id.clone())
    };
    let (root_answers, text) = (made("answers", ObjType::Map), made("progress.goingWell", ObjType::Text));
    Places {
        answers: ObjectId::Id(root_answers.clone()),
        story: ObjectId::Id(text.clone()),
        root_answers,
        text,
        nobody: genesis.actor_id,
    }
}

fn on_key(object: &ObjectId, key: &str, action: OpType, pred: Vec<OpId>) -> Op {
    Op { action, obj: object.clone(), key: Key::Map(key.into()), pred: pred.into(), insert: false }
}

fn at_head(object: &ObjectId, action: OpType) -> Op {
    Op { action, obj: object.clone(), key: Key::Seq(ElementId::Head), pred: vec![].into(), insert: true }
}

fn value(value: impl Into<ScalarValue>) -> OpType {
    OpType::Put(value.into())
}

#[allow(clippy::too_many_lines)] // a table
fn changes(scene: &Scene) -> Vec<ChangeRow> {
    use Told::Held;
    let at = places(scene);
    let next = std::cell::Cell::new(0);
    let draft = || {
        next.set(next.get() + 1);
        Draft::new(scene, next.get())
    };
    let op = |op: Op| draft().op(op).sealed();
    let full_time = |action: OpType| on_key(&at.answers, "setting.fullTime", action, vec![]);
    let unknown = |counter: u64| ObjectId::Id(OpId(counter, at.nobody.clone()));
    let genuine = |alter: fn(&mut Envelope)| {
        let mut envelope = draft().sealed();
        alter(&mut envelope);
        envelope
    };
    let mut rows = vec![
        ("a device that nobody enrolled", genuine(|e| e.device = [0x44; 16]), Held("device")),
        (
            "another device's name on it",
            {
                let odile = scene.odile.id;
                let mut e = draft().sealed();
                e.device = odile;
                e
            },
            Held("signature"),
        ),
        ("a signature with one bit turned", genuine(|e| e.sig[7] ^= 1), Held("signature")),
        ("a signature of noughts", genuine(|e| e.sig = [0; 64]), Held("signature")),
        (
            "an actor that is not the device's",
            {
                let mut change = draft().change;
                change.actor_id = ActorId::from([0xab; 16]);
                let change = Change::from(change);
                let mut sig = [0; 64];
                let said = statement(&scene.doc, &[0xab; 16], 1, &change.hash().0);
                sig.copy_from_slice(scene.ottoline.key.sign(&said).as_ref());
                Envelope {
                    doc: scene.doc,
                    actor: [0xab; 16],
                    incarnation: Some([0; 16]),
                    seq: 1,
                    hash: change.hash().0,
                    device: scene.ottoline.id,
                    sig,
                    chunks: change.raw_bytes().to_vec(),
                }
            },
            Held("actor"),
        ),
        (
            "another incarnation than the actor's",
            Envelope { incarnation: Some([0xab; 16]), ..draft().sealed() },
            Held("actor"),
        ),
        ("an actor of an incarnation without it", Envelope { incarnation: None, ..draft().sealed() }, Held("actor")),
        (
            "an actor of a number with an incarnation",
            Envelope { incarnation: Some([0; 16]), ..Draft::numbered(scene, 0).sealed() },
            Held("actor"),
        ),
        ("a number beyond the last", Draft::numbered(scene, NUMBERS_MAX).sealed(), Held("actor")),
        ("no changes", draft().sign(1, [0; 32], vec![]), Held("form")),
        ("noise", draft().sign(1, [1; 32], vec![0xa5; 4_096]), Held("form")),
        ("a whole document", draft().sign(1, [1; 32], begun(scene).save()), Held("form")),
        (
            "a chunk of an unknown kind",
            {
                let d = draft();
                let (bytes, hash) = chunk(9, &[1, 2, 3]);
                d.sign(1, hash, bytes)
            },
            Held("form"),
        ),
        (
            "a bundle",
            {
                let d = draft();
                let (bytes, hash) = chunk(3, &[1, 2, 3]);
                d.sign(1, hash, bytes)
            },
            Held("form"),
        ),
        (
            "a chunk over its limit",
            {
                let d = draft();
                let (bytes, hash) = chunk(1, &vec![0; CHUNK_BYTES_MAX + 1]);
                d.sign(1, hash, bytes)
            },
            Held("size"),
        ),
        (
            "a chunk that claims more bytes than there are",
            {
                let d = draft();
                let (mut bytes, hash) = chunk(1, &[7; 40]);
                bytes.truncate(30);
                d.sign(1, hash, bytes)
            },
            Held("form"),
        ),
        (
            "a wrong checksum",
            {
                let d = draft();
                let mut e = d.sealed();
                e.chunks[5] ^= 1;
                e
            },
            Held("checksum"),
        ),
        (
            "a wrong number on the label",
            {
                let d = draft();
                let (hash, chunks) = {
                    let c = Change::from(d.change.clone());
                    (c.hash().0, c.raw_bytes().to_vec())
                };
                d.sign(2, hash, chunks)
            },
            Held("form"),
        ),
        (
            "a wrong hash on the label",
            {
                let d = draft();
                let chunks = Change::from(d.change.clone()).raw_bytes().to_vec();
                d.sign(1, [3; 32], chunks)
            },
            Held("form"),
        ),
        ("a body cut in half", draft().body(|body| body.truncate(body.len() / 2)), Held("form")),
        ("bytes behind the columns", draft().body(|body| body.push(0)), Held("form")),
        (
            "a change twice in one envelope",
            {
                let d = draft();
                let c = Change::from(d.change.clone());
                let raw = c.raw_bytes().to_vec();
                d.sign(1, c.hash().0, [raw.clone(), raw].concat())
            },
            Held("form"),
        ),
        ("a change without operations", draft().alter(|c| c.operations.clear()).sealed(), Held("form")),
        (
            "more operations than a change may have",
            draft()
                .alter(|c| {
                    let one = c.operations[0].clone();
                    c.operations = vec![one; CHANGE_OPS_MAX as usize + 1];
                })
                .sealed(),
            Held("size"),
        ),
        ("an author's footer", draft().alter(|c| c.extra_bytes = b"\x01\x05odile".to_vec()).sealed(), Held("form")),
        ("a message of 257 bytes", draft().alter(|c| c.message = Some("m".repeat(257))).sealed(), Held("size")),
        ("a time before the year 2000", draft().alter(|c| c.time = TIME_MIN - 1).sealed(), Held("form")),
        ("a time after the year 2200", draft().alter(|c| c.time = TIME_MAX + 1).sealed(), Held("form")),
        ("a number of nought", draft().alter(|c| c.seq = 0).sealed(), Held("form")),
        ("a number with a gap before it", draft().alter(|c| c.seq = 5).sealed(), Held("sequence")),
        ("a second beginning", draft().alter(|c| c.deps.clear()).sealed(), Held("genesis")),
        ("the same dependency twice", draft().alter(|c| c.deps.push(c.deps[0])).sealed(), Held("form")),
        (
            "65 dependencies",
            draft().alter(|c| c.deps = (0..65).map(|n| ChangeHash([n; 32])).collect()).sealed(),
            Held("size"),
        ),
        (
            "a dependency that nobody has",
            draft().alter(|c| c.deps = vec![ChangeHash([7; 32])]).sealed(),
            Told::Error(code::MISSING),
        ),
        (
            "operations numbered from 1",
            draft().alter(|c| c.start_op = 1.try_into().expect("one")).sealed(),
            Held("causality"),
        ),
        (
            "operations numbered far ahead",
            draft().alter(|c| c.start_op = (1 << 30).try_into().expect("more")).sealed(),
            Held("causality"),
        ),
        ("an object that nobody made", op(on_key(&unknown(999_999), "x", value(1), vec![])), Held("causality")),
        (
            "an object of an actor that nobody knows",
            op(on_key(&ObjectId::Id(OpId(2, ActorId::from([0xcd; 16]))), "x", value(1), vec![])),
            Held("causality"),
        ),
        ("a key in a text", op(on_key(&at.story, "x", value("a"), vec![])), Held("causality")),
        ("an element in a map", op(at_head(&at.answers, value(1))), Held("causality")),
        (
            "a predecessor that nobody wrote",
            op(on_key(&at.answers, "setting.fullTime", value(true), vec![OpId(999_999, at.nobody.clone())])),
            Held("causality"),
        ),
        (
            "a predecessor of another place",
            op(on_key(&at.answers, "setting.fullTime", value(true), vec![at.text.clone()])),
            Held("causality"),
        ),
        (
            "the whole of the answers replaced",
            op(on_key(&ObjectId::Root, "answers", OpType::Make(ObjType::Map), vec![at.root_answers.clone()])),
            Held("genesis"),
        ),
        (
            "the whole of the answers deleted",
            op(on_key(&ObjectId::Root, "answers", OpType::Delete, vec![at.root_answers.clone()])),
            Held("genesis"),
        ),
        (
            "a text of the plan replaced",
            op(on_key(&at.answers, "progress.goingWell", value("mine alone"), vec![at.text.clone()])),
            Held("genesis"),
        ),
        ("a delete of nothing", op(full_time(OpType::Delete)), Held("causality")),
        ("an increment of what is no counter", op(full_time(OpType::Increment(1))), Held("causality")),
        ("a counter beyond its bound", op(full_time(value(ScalarValue::counter(i64::MAX)))), Held("causality")),
        ("a value of bytes", op(full_time(value(ScalarValue::Bytes(vec![1])))), Held("causality")),
        (
            "a value of an unknown kind",
            op(full_time(value(ScalarValue::Unknown { type_code: 12, bytes: vec![1] }))),
            Held("causality"),
        ),
        ("a string over its limit", op(full_time(value("s".repeat(STRING_BYTES_MAX + 1).as_str()))), Held("causality")),
        (
            "a key over its limit",
            op(on_key(&at.answers, &"k".repeat(KEY_BYTES_MAX as usize + 1), value(1), vec![])),
            Held("size"),
        ),
        ("a number in a text", op(at_head(&at.story, value(1))), Held("causality")),
        ("an object in a text", op(at_head(&at.story, OpType::Make(ObjType::Map))), Held("causality")),
        ("an empty element in a text", op(at_head(&at.story, value(""))), Held("causality")),
        (
            "an element of 65 bytes in a text",
            op(at_head(&at.story, value("a".repeat(TEXT_ELEMENT_BYTES_MAX + 1).as_str()))),
            Held("causality"),
        ),
        (
            "a mark on a text",
            op(at_head(
                &at.story,
                OpType::MarkBegin(MarkData { name: "bold".into(), value: true.into(), expand: false }),
            )),
            Held("form"),
        ),
        ("the end of a mark", op(at_head(&at.story, OpType::MarkEnd(true))), Held("form")),
        ("a table of the old kind", op(on_key(&at.answers, "x", OpType::Make(ObjType::Table), vec![])), Held("form")),
    ];
    rows.push(("a change in another encoding", draft().poisoned(), Held("canonical")));
    // Deeper than anything of ours: map in map in map.
    let deep = draft();
    let (start, actor) = (deep.change.start_op.get(), deep.change.actor_id.clone());
    let nested: Vec<Op> = (0..u64::from(DEPTH_MAX) + 1)
        .map(|n| {
            let inside = if n == 0 { at.answers.clone() } else { ObjectId::Id(OpId(start + n - 1, actor.clone())) };
            on_key(&inside, "deeper", OpType::Make(ObjType::Map), vec![])
        })
        .collect();
    // The first of them is where nobody may make one.
    rows.push(("objects 17 deep", deep.alter(|c| c.operations = nested).sealed(), Held("right")));
    // 60 MiB of noughts in 60 kB.
    let bomb = {
        use std::io::Write as _;
        let mut deflater = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        deflater.write_all(&vec![0; 60 * 1024 * 1024]).expect("a vector");
        deflater.finish().expect("a vector")
    };
    let d = draft();
    let (bytes, hash) = chunk(2, &bomb);
    rows.push(("60 MiB in 60 kB", d.sign(1, hash, bytes), Held("size")));
    let d = draft();
    let (bytes, hash) = chunk(2, &[0xff; 64]);
    rows.push(("deflated bytes that are none", d.sign(1, hash, bytes), Held("form")));
    rows
}

// ---- requests of anybody at all

fn requests(scene: &Scene) -> Vec<RequestRow> {
    let get = |path: &str, more: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: relay\r\n{more}Connection: close\r\n\r\n").into_bytes()
    };
    let post = |path: &str, kind: &str, body: &str| {
        let length = body.len();
        format!("POST {path} HTTP/1.1\r\nHost: relay\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
    };
    let json_post = |path: &str, body: &Value| post(path, "application/json", &body.to_string());
    let upgrade = |more: &str| {
        get(
            "/sync",
            &format!(
                "{more}Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            ),
        )
    };
    let token = scene.serving.token(&scene.ottoline, &scene.link);
    let device = Uuid::from_bytes(scene.ottoline.id).to_string();
    let unknown = Link { secret: [1; 32], ..scene.link.clone() };
    let joining = |alter: fn(&mut Value)| {
        let mut body = join_body(&Device::new(50, [0; 16]).joining(&unknown));
        alter(&mut body);
        body
    };
    vec![
        ("bytes that are no request", vec![0xff; 64], 400, ""),
        ("a request line of 100 kB", get(&"x".repeat(100_000), ""), 414, ""),
        ("headers of 1 MB", get("/healthz", &format!("X: {}\r\n", "y".repeat(1_000_000))), 431, ""),
        ("a thousand headers", get("/healthz", &"X: y\r\n".repeat(1_000)), 431, ""),
        ("a path that is not there", get("/etc/passwd", ""), 404, "path"),
        ("a path that climbs", get("/../../etc/passwd", ""), 404, "path"),
        ("a method that nobody knows", b"BREW /healthz HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n".to_vec(), 405, ""),
        ("the roster without a token", get("/v1/roster", ""), 401, "token"),
        ("the roster with an empty token", get("/v1/roster", "Authorization: Bearer \r\n"), 401, "token"),
        ("the roster with a token that is no base64", get("/v1/roster", "Authorization: Bearer ***\r\n"), 401, "token"),
        ("the roster with a token of noughts", get("/v1/roster", &format!("Authorization: Bearer {}\r\n", "A".repeat(43))), 401, "token"),
        ("the roster with a token of 60 kB", get("/v1/roster", &format!("Authorization: Bearer {}\r\n", "A".repeat(60_000))), 401, "token"),
        ("the roster with a name and a password", get("/v1/roster", "Authorization: Basic b2RpbGU6eA==\r\n"), 401, "token"),
        ("the socket without a token", upgrade(""), 401, "token"),
        ("the socket with the token in the address", get(&format!("/sync?token={token}"), ""), 401, "token"),
        ("the socket without an upgrade", get("/sync", &format!("Authorization: Bearer {token}\r\n")), 400, "upgrade"),
        ("the socket without a protocol", upgrade(&format!("Authorization: Bearer {token}\r\n")), 400, "upgrade"),
        ("the socket with another protocol", upgrade(&format!("Authorization: Bearer {token}\r\nSec-WebSocket-Protocol: chat\r\n")), 400, "upgrade"),
        ("joining with nothing", post("/v1/join", "application/json", ""), 400, "form"),
        ("joining with half a document", post("/v1/join", "application/json", "{\"invitation\":"), 400, "form"),
        ("joining with a list", json_post("/v1/join", &json!([1, 2])), 422, "form"),
        ("joining with a form", post("/v1/join", "application/x-www-form-urlencoded", "invitation=x"), 415, "form"),
        ("joining with 60,000 brackets", post("/v1/join", "application/json", &"[".repeat(60_000)), 422, "form"),
        ("joining with 100 kB", post("/v1/join", "application/json", &format!("\"{}\"", "x".repeat(100_000))), 413, "form"),
        ("joining with an unknown invitation", json_post("/v1/join", &joining(|_| {})), 403, "unknown"),
        ("joining with an invitation of 31 bytes", json_post("/v1/join", &joining(|b| b["invitation"] = json!("A".repeat(42)))), 400, "form"),
        ("joining with a key of noughts", json_post("/v1/join", &joining(|b| b["key"] = json!("A".repeat(43)))), 403, "unknown"),
        ("joining with a used invitation", json_post("/v1/join", &join_body(&Device::new(50, [0; 16]).joining(&scene.link))), 403, "used"),
        ("a session for a device that is no id", json_post("/v1/session", &json!({ "device": "x" })), 422, "form"),
        ("a session with a challenge that was never given", json_post("/v1/session", &session_body(&scene.ottoline, &scene.link, &"A".repeat(43))), 403, "challenge"),
        ("a session with a challenge of 3 bytes", json_post("/v1/session", &json!({ "device": device, "challenge": "AAAA", "sig": "A".repeat(86) })), 400, "form"),
        ("a length that is no number", b"POST /v1/join HTTP/1.1\r\nHost: relay\r\nContent-Length: many\r\n\r\n".to_vec(), 400, ""),
        ("two lengths", b"POST /v1/join HTTP/1.1\r\nHost: relay\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}".to_vec(), 400, ""),
        ("a length of 2^63 that never comes", b"POST /v1/join HTTP/1.1\r\nHost: relay\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 9223372036854775807\r\n\r\n".to_vec(), 413, "form"),
    ]
}

/// Status and code; 0 where the line was cut without an answer.
fn request(serving: &Serving, bytes: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(&serving.address).expect("a listener");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    // Whoever refuses early need not read the rest.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let code = serde_json::from_str::<Value>(body).ok().and_then(|body| body["code"].as_str().map(str::to_owned));
    (status, code.unwrap_or_default())
}
