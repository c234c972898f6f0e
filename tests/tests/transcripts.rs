//! What released programs said to one another (`fixtures/transcripts`), played to this build: an older device's words to its relay, an
//! older relay's to its device.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use client_cli::unlock;
use gate::{Hash, Id};
use harness::{
    layouts::{
        expected, frames, lacks,
        transcript::{HOME, RELAY, kept, texts},
        unpack,
    },
    world::Person,
};
use participant::Device;
use plan::Processes;
use replica::Mode;
use serde_json::{Value, json};
use sync::Frame;
use sync_server::{config::Settings, keys, relay::Relay};

const ROOM: usize = 1_000;

fn now() -> i64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64
}

/// The connections of a transcript, each as who spoke and what.
fn connections(at: &Path) -> Vec<Vec<(bool, Vec<u8>)>> {
    let mut all: Vec<Vec<(bool, Vec<u8>)>> = Vec::new();
    for (name, bytes) in frames(at).unwrap() {
        if name.ends_with("device-hello") {
            all.push(Vec::new());
        }
        all.last_mut().unwrap().push((name.contains("-device-"), bytes));
    }
    all
}

fn open_relay(data: &Path) -> Relay {
    let store_key = keys::store_key(data, &Settings::default()).unwrap().key;
    let key = keys::relay_key(data, &store_key).unwrap();
    let (replica, _) = disk::open_replica(data, Mode::Relay, &store_key).unwrap();
    let random = Box::new(|bytes: &mut [u8]| keys::random(bytes).unwrap());
    Relay::open(replica, Processes::built_in().clone(), key, "Harrowmere Virtual School", random, now()).unwrap()
}

#[test]
fn this_relay_takes_what_an_older_device_says_and_answers_as_it_understands() {
    assert!(!kept().is_empty());
    for at in kept() {
        let folder = tempfile::tempdir().unwrap();
        unpack(&at, RELAY, &folder.path().join(RELAY)).unwrap();
        let mut relay = open_relay(&folder.path().join(RELAY));
        let (mut pushed, mut receipts): (BTreeSet<Hash>, BTreeSet<Hash>) = Default::default();
        let mut last = None;
        for (conn, said) in connections(&at).into_iter().enumerate() {
            let (out, mut heard) = tokio::sync::mpsc::channel(ROOM);
            let Frame::Hello(hello) = Frame::decode(&said[0].1).unwrap() else { panic!("it begins with hello") };
            relay.connect(conn as u64, hello.device_id, out).unwrap();
            let (mut old, mut new): (BTreeSet<String>, BTreeSet<String>) = Default::default();
            for (by_device, bytes) in said {
                let frame = Frame::decode(&bytes).unwrap();
                if !by_device {
                    old.insert(kind(&bytes));
                    continue;
                }
                if let Frame::Push { envelopes, .. } = &frame {
                    pushed.extend(envelopes.iter().map(|wire| wire.0.hash));
                }
                relay.receive(conn as u64, &bytes, now());
                relay.settle(now());
            }
            while let Ok(bytes) = heard.try_recv() {
                new.insert(kind(&bytes));
                match Frame::decode(&bytes).unwrap() {
                    Frame::Receipt { hash, .. } => drop(receipts.insert(hash)),
                    Frame::Error { code, detail, .. } => panic!("{code}: {detail}"),
                    _ => {}
                }
            }
            // A snapshot is made beside; a log says the same.
            let missing: Vec<&String> =
                old.difference(&new).filter(|kind| !["snapshot", "log"].contains(&kind.as_str())).collect();
            assert_eq!(missing, [] as [&String; 0], "{}: {new:?}", at.display());
            last = Some(heard);
        }
        drop(last);
        assert!(pushed.len() > 1);
        assert_eq!(pushed.difference(&receipts).count(), 0, "each change that was pushed is on the disk here");
        let docs: Vec<Id> = relay.replica().documents().unwrap();
        assert!(docs.len() > 5, "what was started is there too");
    }
}

#[test]
fn this_device_takes_what_an_older_relay_says() {
    for at in kept() {
        let expected = expected(&at).unwrap();
        let pep = expected["pep"].as_str().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join(HOME);
        unpack(&at, HOME, &home).unwrap();
        let key = Arc::new(unlock::open(&home, None, |_| (), || None).unwrap());
        let (replica, _) = disk::open_replica(&home, Mode::Participant, &key).unwrap();
        let mut device = Device::open(replica, Processes::built_in().clone(), None, [7; 16]).unwrap();
        for said in connections(&at) {
            device.connect();
            for (_, bytes) in said.iter().filter(|(by_device, _)| !by_device) {
                device.settle(now()).unwrap();
                device.take_frames(ROOM).unwrap();
                device.receive(bytes, now()).unwrap();
            }
            device.settle(now()).unwrap();
            assert_eq!(device.take_words(), [] as [String; 0]);
            device.disconnect(None);
        }
        drop(device);
        let person = Person { home };
        let shown = person.show(pep);
        let says =
            json!({ "heads": shown["heads"], "answers": shown["answers"], "comments": texts(&shown["comments"]) });
        assert_eq!(lacks(&expected["shows"], &says), None, "{}", at.display());
        let status = person.json(["status"]);
        let of: Vec<&Value> =
            status["peps"].as_array().unwrap().iter().filter(|one| one["waitingChanges"] != 0).collect();
        assert_eq!(of, [] as [&Value; 0], "everything that had its receipt is shared");
    }
}

fn kind(bytes: &[u8]) -> String {
    let frame: ciborium::Value = ciborium::from_reader(bytes).unwrap();
    let said = frame.as_map().unwrap().iter().find(|(key, _)| key.as_text() == Some("t")).unwrap();
    said.1.as_text().unwrap().to_owned()
}
