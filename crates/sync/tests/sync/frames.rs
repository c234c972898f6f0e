//! Frames: one golden file for every message, and nothing that panics.

#![allow(clippy::disallowed_methods, reason = "the golden files are on the disk")]

use std::{collections::BTreeSet, path::PathBuf};

use gate::Envelope;
use serde_bytes::{ByteArray, ByteBuf};
use sync::{
    Cursor, Frame, SignedRoster, Wire,
    frame::{Chosen, Doing, FRAME_BYTES_MAX, FrameError, Limits, Listed, NewChild, Presence, Start, WireTip},
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/frames/v1")
}

fn envelope() -> Envelope {
    Envelope {
        doc: [1; 16],
        actor: [2; 16],
        seq: 3,
        hash: [4; 32],
        device: [5; 16],
        sig: [6; 64],
        chunks: vec![0x85, 0x6f, 0x4a, 0x83],
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
    };
    let of_form_2 = Start { process_version: 2, process_hash: Some(ByteArray::new([13; 32])), ..start.clone() };
    let roster = SignedRoster { version: 2, payload: ByteBuf::from([9, 9]), sig: [10; 64] };
    vec![
        ("hello", Frame::Hello { version: 1, program: "pep/0.1.0".into(), device_id: [5; 16], last_roster: 0 }),
        (
            "welcome",
            Frame::Welcome {
                epoch: [11; 16],
                relay_id: [12; 16],
                limits: Limits::default(),
                roster: Some(roster.clone()),
            },
        ),
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
                    readers: Some(Chosen { number: 2, roles: vec!["social-worker".into(), "young-person".into()] }),
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
        ("start-form-2", Frame::Start { start: of_form_2 }),
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
        ("log", Frame::Log { doc, from: 42, envelopes: vec![Wire(envelope())] }),
        ("push", Frame::Push { doc, envelopes: vec![Wire(envelope())] }),
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
    assert_eq!(Frame::decode(&later), Err(FrameError::Unknown));
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
