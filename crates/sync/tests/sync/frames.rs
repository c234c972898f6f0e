//! Frames: one golden file for every message, and nothing that panics.

#![allow(clippy::disallowed_methods, reason = "the golden files are on the disk")]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use gate::Envelope;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_bytes::{ByteArray, ByteBuf};
use sync::{
    Cursor, Features, Frame, Mark, SignedRoster, Wire,
    act::{Does, Sentence},
    feature::{WORD_BYTES_MAX, WORDS_MAX},
    frame::{
        Chosen, Complete, Doing, FRAME_BYTES_MAX, FrameError, Hello, Limits, Listed, NewChild, NotDone, OneMore,
        Presence, Start, Welcome, WireTip,
    },
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/frames/v1")
}

fn envelope() -> Envelope {
    Envelope {
        doc: [1; 16],
        actor: [2; 16],
        incarnation: None,
        seq: 3,
        hash: [4; 32],
        device: [5; 16],
        sig: [6; 64],
        chunks: vec![0x85, 0x6f, 0x4a, 0x83],
    }
}

fn named() -> Envelope {
    Envelope { incarnation: Some([3; 16]), ..envelope() }
}

fn mark() -> Mark {
    Mark { epoch: [11; 16], records: 1_000, sig: [15; 64] }
}

fn sentence() -> Sentence {
    Sentence {
        by: [5; 16],
        at: 1_771_923_600,
        from: Some("2026-03-01".into()),
        why: Some("Why.".into()),
        does: Does::HandOver { child: [8; 16], from: [13; 16], to: [18; 16] },
    }
}

/// One of each message, under the name of its `t` (and what is special about it).
fn one_of_each() -> Vec<(&'static str, Frame)> {
    let doc = [1; 16];
    let start = Start {
        pep: [7; 16],
        child: [8; 16],
        term: "2025/26-spring".into(),
        kind: "review".into(),
        process: "sections".into(),
        process_version: 1,
        process_hash: None,
        extra: None,
    };
    let of_form_2 = Start { process_version: 2, process_hash: Some(ByteArray::new([13; 32])), ..start.clone() };
    let roster = SignedRoster { version: 2, payload: ByteBuf::from([9, 9]), sig: [10; 64] };
    vec![
        (
            "hello",
            Frame::Hello(Hello {
                version: 1,
                program: "pep/0.1.0".into(),
                device_id: [5; 16],
                last_roster: 0,
                ..Default::default()
            }),
        ),
        (
            "welcome",
            Frame::Welcome(Welcome {
                epoch: [11; 16],
                relay_id: [12; 16],
                limits: Limits::default(),
                roster: Some(roster.clone()),
                ..Default::default()
            }),
        ),
        (
            "hello-features",
            Frame::Hello(Hello {
                version: 1,
                program: "pep/0.1.0".into(),
                device_id: [5; 16],
                last_roster: 3,
                features: Features::of(&["marks", "later"]),
                mark: Some(mark()),
                directory: None,
            }),
        ),
        (
            "welcome-features",
            Frame::Welcome(Welcome {
                epoch: [11; 16],
                relay_id: [12; 16],
                limits: Limits::default(),
                roster: None,
                features: Features::of(&["marks"]),
                mark: Some(mark()),
                unsettled: false,
            }),
        ),
        ("mark", Frame::Mark(mark())),
        (
            "hello-directory",
            Frame::Hello(Hello {
                version: 1,
                program: "pep/0.1.0".into(),
                device_id: [5; 16],
                features: Features::of(&["entries"]),
                directory: Some(Complete { epoch: [11; 16], version: 162 }),
                ..Hello::default()
            }),
        ),
        (
            "welcome-unsettled",
            Frame::Welcome(Welcome { epoch: [11; 16], relay_id: [12; 16], unsettled: true, ..Welcome::default() }),
        ),
        ("entries", Frame::Entries { version: 162, part: 0, parts: 2, bytes: ByteBuf::from([0x03, 0x00]) }),
        ("listing", Frame::Listing { whole: true, part: 1, parts: 2, bytes: ByteBuf::from([0x03, 0x00]) }),
        (
            "documents",
            Frame::Documents {
                list: vec![Listed {
                    doc,
                    pep: [7; 16],
                    kind: "main".into(),
                    seq: 42,
                    start: start.clone(),
                    readers: None,
                }],
            },
        ),
        (
            "documents-readers",
            Frame::Documents {
                list: vec![Listed {
                    doc,
                    pep: [7; 16],
                    kind: "private-voice".into(),
                    seq: 42,
                    start: start.clone(),
                    readers: Some(Chosen {
                        number: 2,
                        roles: vec!["social-worker".into(), "young-person".into()],
                        by: None,
                    }),
                }],
            },
        ),
        (
            "child",
            Frame::Child {
                child: NewChild {
                    child: [8; 16],
                    name: "Idris Fennimoor (FICTIONAL)".into(),
                    dob: "2010-11-02".into(),
                    looked_after_since: Some("2019-06-18".into()),
                    emergency: false,
                },
            },
        ),
        ("start", Frame::Start { start }),
        ("start-form-2", Frame::Start { start: of_form_2.clone() }),
        (
            "start-extra",
            Frame::Start {
                start: Start {
                    extra: Some(OneMore { reason: "Concern".into(), day: "2026-02-24".into() }),
                    ..of_form_2
                },
            },
        ),
        ("readers", Frame::Readers { doc, number: 1, roles: vec!["social-worker".into(), "young-person".into()] }),
        ("open-cold", Frame::Open { doc, cursor: None }),
        ("open", Frame::Open { doc, cursor: Some(Cursor::new([11; 16], 41)) }),
        ("open-at", Frame::Open { doc, cursor: Some(Cursor::at([11; 16], 41, [4; 32])) }),
        ("close", Frame::Close { doc }),
        (
            "snapshot",
            Frame::Snapshot {
                doc,
                seq: 42,
                heads: vec![ByteArray::new([4; 32])],
                part: 0,
                parts: 1,
                bytes: ByteBuf::from([0x85, 0x6f, 0x4a, 0x83]),
                tips: vec![WireTip::from(&envelope())],
            },
        ),
        (
            "snapshot-incarnation",
            Frame::Snapshot {
                doc,
                seq: 42,
                heads: vec![ByteArray::new([4; 32])],
                part: 0,
                parts: 1,
                bytes: ByteBuf::from([0x85, 0x6f, 0x4a, 0x83]),
                tips: vec![WireTip::from(&named()), WireTip::from(&envelope())],
            },
        ),
        ("log", Frame::Log { doc, from: 42, envelopes: vec![Wire(envelope())] }),
        ("log-incarnation", Frame::Log { doc, from: 42, envelopes: vec![Wire(envelope()), Wire(named())] }),
        ("push", Frame::Push { doc, envelopes: vec![Wire(envelope())] }),
        ("push-incarnation", Frame::Push { doc, envelopes: vec![Wire(named())] }),
        ("receipt", Frame::Receipt { doc, hash: [4; 32], epoch: [11; 16], seq: 42 }),
        (
            "held",
            Frame::Held {
                doc,
                hashes: vec![ByteArray::new([4; 32])],
                code: "signature".into(),
                detail: "Why.".into(),
                follows: Vec::new(),
            },
        ),
        (
            "held-follows",
            Frame::Held {
                doc,
                hashes: vec![ByteArray::new([4; 32]), ByteArray::new([14; 32])],
                code: "left".into(),
                detail: "Why.".into(),
                follows: vec![ByteArray::new([14; 32])],
            },
        ),
        ("heard", Frame::Heard { doc, hashes: vec![ByteArray::new([4; 32])] }),
        ("released", Frame::Released { doc, hashes: vec![ByteArray::new([4; 32])] }),
        ("undecided", Frame::Undecided { doc, changes: 2 }),
        ("roster", Frame::Roster(roster)),
        (
            "presence",
            Frame::Presence(Presence {
                doc,
                person: [13; 16],
                device: [5; 16],
                field: Some("care.story".into()),
                caret: Some(17),
                heads: Some(vec![ByteArray::new([4; 32])]),
                state: Doing::Editing,
            }),
        ),
        ("gone", Frame::Gone { doc }),
        ("act", Frame::Act { id: [16; 16], act: sentence().encode(), sig: [17; 64] }),
        ("acted", Frame::Acted { id: [16; 16], refused: None }),
        (
            "acted-refused",
            Frame::Acted { id: [16; 16], refused: Some(NotDone { code: "right".into(), reason: "Why.".into() }) },
        ),
        (
            "error",
            Frame::Error {
                code: "missing".into(),
                detail: "Why.".into(),
                retry_after_ms: Some(1_000),
                doc: Some(ByteArray::new(doc)),
            },
        ),
    ]
}

/// Run with `OPENPEP_GOLDEN=write` to write them anew: a changed file is a changed protocol, explained in its commit.
#[test]
fn every_message_has_the_bytes_of_its_golden_file() {
    let write = std::env::var_os("OPENPEP_GOLDEN").is_some_and(|v| v == "write");
    let mut names = BTreeSet::new();
    for (name, frame) in one_of_each() {
        let path = folder().join(format!("{name}.cbor"));
        if write {
            std::fs::write(&path, frame.encode()).unwrap();
        }
        let golden = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        assert_eq!(frame.encode(), golden, "{name}");
        assert_eq!(Frame::decode(&golden).as_ref(), Ok(&frame), "{name}");
        names.insert(format!("{name}.cbor"));
    }
    let found: BTreeSet<String> =
        std::fs::read_dir(folder()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(found, names, "a golden file without a message, or the other way round");
}

#[test]
fn unknown_keys_are_ignored_and_an_unknown_kind_is_said_to_be_one() {
    // {"t": "close", "doc": h'01…', "later": [1, 2]}
    let mut bytes = vec![0xa3, 0x61, b't', 0x65];
    bytes.extend(b"close");
    bytes.extend([0x63]);
    bytes.extend(b"doc");
    bytes.push(0x50);
    bytes.extend([1; 16]);
    bytes.push(0x65);
    bytes.extend(b"later");
    bytes.extend([0x82, 1, 2]);
    assert_eq!(Frame::decode(&bytes), Ok(Frame::Close { doc: [1; 16] }));

    let mut later = vec![0xa1, 0x61, b't', 0x66];
    later.extend(b"sooner");
    assert_eq!(Frame::decode(&later), Err(FrameError::Unknown("sooner".into())));
    // A long word is cut where a letter ends.
    let long = sync::cbor::to_cbor(&BTreeMap::from([("t", "ü".repeat(1_000))]));
    assert_eq!(Frame::decode(&long), Err(FrameError::Unknown("ü".repeat(WORD_BYTES_MAX / 2))));
}

#[test]
fn of_what_a_side_says_it_can_do_so_much_is_read_as_has_a_limit() {
    let hello = |words: &[String]| {
        let mut hello = BTreeMap::from([("features", sync::cbor::to_cbor(&words))]);
        hello.insert("t", sync::cbor::to_cbor(&"hello"));
        hello.insert("version", sync::cbor::to_cbor(&1));
        hello.insert("program", sync::cbor::to_cbor(&"story"));
        hello.insert("deviceId", sync::cbor::to_cbor(&ByteArray::new([5; 16])));
        hello.insert("lastRoster", sync::cbor::to_cbor(&0));
        let mut bytes = vec![0xa0 + hello.len() as u8];
        for (key, value) in hello {
            bytes.extend(sync::cbor::to_cbor(&key));
            bytes.extend(value);
        }
        bytes
    };
    let read = |words: &[String]| match Frame::decode(&hello(words)) {
        Ok(Frame::Hello(hello)) => hello.features,
        other => panic!("{other:?}"),
    };
    let many: Vec<String> = (0..100_000).map(|n| format!("word-{n}")).collect();
    let some = read(&many);
    assert!(some.has("word-0") && some.has("word-63") && !some.has("word-64"));
    assert_eq!(some, Features::of(&many[..WORDS_MAX].iter().map(String::as_str).collect::<Vec<_>>()));
    // A long one and one said twice take a place and no more.
    let odd = [vec!["x".repeat(WORD_BYTES_MAX + 1), "marks".into()], vec!["marks".to_string(); 3]].concat();
    assert_eq!(read(&odd), Features::of(&["marks"]));
    assert_eq!(read(&[]), Features::default());
    // Something else than a list of words is no frame of ours.
    let wrong = hello(&[]).iter().map(|byte| if *byte == 0x80 { 7 } else { *byte }).collect::<Vec<u8>>();
    assert_eq!(Frame::decode(&wrong), Err(FrameError::Form));
}

#[test]
fn a_mark_is_of_the_relay_that_signed_it_and_of_no_other() {
    let key = |seed| Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let public = |key: &Ed25519KeyPair| <[u8; 32]>::try_from(key.public_key().as_ref()).unwrap();
    let (own, other) = (key(1), key(2));
    let mark = Mark::sign(&own, &[12; 16], [11; 16], 7);
    assert!(mark.is_of(&[12; 16], &public(&own)));
    assert!(!mark.is_of(&[12; 16], &public(&other)) && !mark.is_of(&[13; 16], &public(&own)));
    assert!(!Mark { records: 8, ..mark.clone() }.is_of(&[12; 16], &public(&own)));
    assert!(!Mark { epoch: [10; 16], ..mark.clone() }.is_of(&[12; 16], &public(&own)));
    assert!(Mark { records: 8, ..mark.clone() }.follows(&mark) && !mark.follows(&mark));
    assert!(Mark { epoch: [10; 16], records: 1, ..mark.clone() }.follows(&mark));
}

#[test]
fn bytes_that_are_no_frame_are_refused_in_words() {
    for bytes in [&b""[..], b"\xa0", b"\xff", b"hello", &[0x9f; 4_000], &[0x81; 100_000]] {
        assert_eq!(Frame::decode(bytes), Err(FrameError::Form));
    }
    assert_eq!(Frame::decode(&vec![0; FRAME_BYTES_MAX + 1]), Err(FrameError::Size(FRAME_BYTES_MAX + 1)));
    // A byte string that claims to be longer than all memory.
    let mut bomb = vec![0xa2, 0x61, b't', 0x65];
    bomb.extend(b"close");
    bomb.push(0x63);
    bomb.extend(b"doc");
    bomb.extend([0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(Frame::decode(&bomb), Err(FrameError::Form));
}

#[test]
fn every_frame_cut_short_or_changed_in_one_byte_is_read_or_refused_without_panic() {
    for (name, frame) in one_of_each() {
        let bytes = frame.encode();
        for cut in 0..bytes.len() {
            assert!(Frame::decode(&bytes[..cut]).is_err(), "{name} cut at {cut}");
        }
        for at in 0..bytes.len() {
            for change in [0x01, 0x20, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                // Whatever it is read as reads back as itself.
                if let Ok(frame) = Frame::decode(&changed) {
                    assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
                }
            }
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(Frame::decode(&longer).is_err(), "{name} with a byte behind it");
    }
}

/// An envelope by itself: `[version, doc, actor, …]` with this incarnation, or none, and something behind it.
fn array(version: u8, incarnation: Option<&[u8]>, behind: bool) -> Vec<u8> {
    let plain = Wire(envelope()).encode();
    // Behind the array's head and the version stand two ids of 16 bytes with a byte of their own each.
    let (ids, rest) = plain[2..].split_at(2 * 17);
    let length = 8 + u8::from(incarnation.is_some()) + u8::from(behind);
    let mut bytes = [&[0x80 | length, version], ids].concat();
    if let Some(incarnation) = incarnation {
        bytes.push(0x40 | incarnation.len() as u8);
        bytes.extend(incarnation);
    }
    bytes.extend(rest);
    bytes.extend(behind.then_some(0));
    bytes
}

#[test]
fn an_envelope_names_a_whole_incarnation_or_none_as_its_version_says() {
    assert_eq!(array(1, None, false), Wire(envelope()).encode());
    assert_eq!(array(2, Some(&[3; 16]), false), Wire(named()).encode());
    assert_eq!(Wire::decode(&array(2, Some(&[3; 16]), false)), Some(Wire(named())));
    for incarnation in [&[3; 15][..], &[3; 17], &[]] {
        assert_eq!(Wire::decode(&array(2, Some(incarnation), false)), None);
    }
    for (version, incarnation) in [(1, Some(&[3; 16][..])), (2, None), (0, None), (3, Some(&[3; 16]))] {
        assert_eq!(Wire::decode(&array(version, incarnation, false)), None, "{version}");
    }
    for (version, incarnation) in [(1, None), (2, Some(&[3; 16][..]))] {
        assert_eq!(Wire::decode(&array(version, incarnation, true)), None, "{version}, with something behind it");
    }
}
