//! Layouts of disks, backups, files and frames that released programs wrote: this build opens each, finds in it what was written
//! down when it was made, and goes on in it. `fixtures/stores` holds them; a later layout joins by being added there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use harness::{
    layouts::{
        Device, HOMES,
        bytes::{Folder, KINDS_OF_2, OF_THE_REST, shape},
        expected, frames, kept, lacks,
        make::relay,
        pages::Pages,
        unpack,
    },
    world::{Person, Server, copy_folder},
};
use serde_json::{Value, json};
use sync::Frame;

/// What is not in the journal and stands in the store alone, so that it is known again only when the relay has been asked.
const OF_THE_STORE: &str = "status";
const STORY: &str = "care.story";

/// A fixture, and a folder for what is made of it.
struct Fixture {
    at: PathBuf,
    expected: Value,
    folder: tempfile::TempDir,
}

impl Fixture {
    fn all() -> Vec<Fixture> {
        let open = |at: PathBuf| {
            let expected = expected(&at).unwrap();
            Fixture { at, expected, folder: tempfile::tempdir().unwrap() }
        };
        let all: Vec<Fixture> = kept().into_iter().map(open).collect();
        assert!(!all.is_empty());
        all
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn unpack(&self, name: &str, to: &str) -> PathBuf {
        unpack(&self.at, name, &self.path(to)).unwrap();
        self.path(to)
    }

    /// A home as it was packed.
    fn home(&self, name: &str) -> Device {
        self.device(name, self.unpack(name, name))
    }

    fn device(&self, name: &str, home: PathBuf) -> Device {
        let passphrase = self.expected["homes"][name]["passphrase"].as_str().map(str::to_owned);
        Device { person: Person { home }, passphrase }
    }

    fn pep(&self) -> &str {
        self.expected["pep"].as_str().unwrap()
    }

    /// Asks a device what it was asked when the fixture was made.
    fn reads(&self, name: &str, device: &Device, but: Option<&str>) {
        compare(&self.expected["homes"][name]["reads"], but, |args| device.json(args).unwrap());
    }

    /// Asks a relay what it was asked then. What it did with its directory is where it was, and what came since follows.
    fn relay_reads(&self, data: &Path) {
        let ask = |args: &[&str]| serde_json::from_str(&relay(data, &[args, &["--json"]].concat()).unwrap()).unwrap();
        compare(&self.expected["relay"]["reads"], None, ask);
        let (then, now): (&Value, Value) = (&self.expected["relay"]["audit"], ask(&["audit"]));
        let (then, now) = (then.as_array().unwrap(), now.as_array().unwrap());
        assert!(then.len() > 20 && now.len() >= then.len());
        for (then, now) in then.iter().zip(now) {
            assert_eq!(lacks(then, now), None, "audit");
        }
    }
}

fn compare(reads: &Value, but: Option<&str>, ask: impl Fn(&[&str]) -> Value) {
    let reads = reads.as_array().unwrap();
    assert!(reads.len() > 5);
    for read in reads {
        let args: Vec<&str> = read["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        if args.first().copied() == but {
            continue;
        }
        assert_eq!(lacks(&read["says"], &ask(&args)), None, "{args:?}");
    }
}

#[test]
fn the_layout_that_this_build_writes_is_kept() {
    let layouts: Vec<u64> = Fixture::all().iter().map(|f| f.expected["layout"].as_u64().unwrap()).collect();
    assert!(
        layouts.contains(&u64::from(disk::SCHEMA)),
        "layout {} has no fixture: fixtures/stores/make makes one",
        disk::SCHEMA
    );
}

#[test]
fn homes_of_every_layout_say_what_was_written_down_with_their_store_and_without() {
    for fixture in Fixture::all() {
        let mut with_store = 0;
        for name in HOMES {
            let device = fixture.home(name);
            let bare = fixture.path(&format!("{name}-bare"));
            copy_folder(&device.person.home, &bare);
            if device.person.home.join("sled").exists() {
                with_store += 1;
                fixture.reads(name, &device, None);
                // Opened once, it is this build's; and it says the same.
                fixture.reads(name, &device, None);
                fs::remove_dir_all(bare.join("sled")).unwrap();
            }
            fixture.reads(name, &fixture.device(name, bare), Some(OF_THE_STORE));
        }
        assert!(with_store > 0, "{}", fixture.at.display());
    }
}

#[test]
fn settings_and_the_pin_of_every_layout_hold() {
    for fixture in Fixture::all() {
        let device = fixture.home(HOMES[0]);
        let pages = Pages::open(&device).unwrap();
        let page = pages.get("/settings").unwrap();
        let input = |name: &str, value: &str| {
            let of =
                |tag: &&str| tag.contains(&format!("name=\"{name}\"")) && tag.contains(&format!("value=\"{value}\""));
            page.split("<input")
                .map(|rest| rest.split('>').next().unwrap())
                .find(of)
                .map(|tag| tag.contains(" checked"))
        };
        assert_eq!(input("text", "large"), Some(true), "the size of the text");
        assert_eq!((input("announce", "yes"), input("pause", "yes")), (Some(false), Some(true)));
        assert!(page.contains("Harrowmere Council"), "whose colours");
        for (present, taken) in [("90417", false), (fixture.expected["pin"].as_str().unwrap(), true)] {
            let said = pages.post("/settings/pin", &format!("present={present}&pin=61730&again=61730")).unwrap();
            assert_eq!(said.starts_with("HTTP/1.1 303"), taken, "{present}");
        }
    }
}

#[test]
fn a_relay_of_every_layout_serves_its_devices_again_and_all_go_on_from_where_they_were() {
    for fixture in Fixture::all() {
        let data = fixture.unpack("relay", "relay");
        fixture.relay_reads(&data);
        let serving = Server::start(&data, "127.0.0.1:0");
        // It has another port than then; everything else that they know each other by is as it was.
        let devices = HOMES.map(|name| {
            let device = fixture.home(name);
            Folder::of_device(&device).unwrap().relay_is_at(&serving.url).unwrap();
            device
        });
        let [first, second] = &devices;
        let pep = fixture.pep();
        let synced = |device: &Device| {
            let synced = device.json(&["sync", "--once"]).unwrap();
            assert_eq!(synced["inStep"], true, "{synced}");
        };
        // What was not shared then is now, and what is written now joins it.
        first.pep(&["write", pep, STORY, "--append", "Written by a later program."]).unwrap();
        second.pep(&["comment", pep, STORY, "A later program's remark."]).unwrap();
        [first, second, first].iter().copied().for_each(synced);
        // So does what was refused then and is decided now.
        let held: Value = serde_json::from_str(&relay(&data, &["held", "list", "--json"]).unwrap()).unwrap();
        let late = held.as_array().unwrap().iter().find(|one| one["code"] == "left" && one["told"] == true).unwrap();
        relay(&data, &["held", "accept", late["change"].as_str().unwrap()]).unwrap();
        [first, second].iter().copied().for_each(synced);
        let shown = devices.each_ref().map(|device| {
            let status = device.json(&["status"]).unwrap();
            let of = |one: &&Value| one["pep"] == pep;
            assert_eq!(status["peps"].as_array().unwrap().iter().find(of).unwrap()["waitingChanges"], 0, "{status}");
            device.json(&["show", pep]).unwrap()
        });
        assert_eq!(shown[0]["heads"], shown[1]["heads"]);
        for shown in &shown {
            let story = shown["answers"][STORY].as_str().unwrap();
            for words in ["Not shared yet.", "Written by a later program.", "Written after her last day."] {
                assert_eq!(story.matches(words).count(), 1, "{words}: {story}");
            }
            let remarks: BTreeSet<&str> =
                shown["comments"].as_array().unwrap().iter().map(|comment| comment["text"].as_str().unwrap()).collect();
            for words in ["Not shared yet, from the tablet.", "Kept, and written again.", "A later program's remark."] {
                assert!(remarks.contains(words), "{words}: {remarks:?}");
            }
        }
        for device in &devices {
            // It says what was refused, and has nothing else to say.
            let said = device.command(&["doctor", "--json"]).output().unwrap();
            let said: Value = serde_json::from_slice(&said.stdout).unwrap();
            let amiss = said["checks"].as_array().unwrap().iter().filter(|check| check["ok"] != true);
            let amiss: Vec<&Value> = amiss.filter(|check| check["name"] != "held").collect();
            assert_eq!(amiss, [] as [&Value; 0]);
        }
        serving.stop().unwrap();
        let checked: Value = serde_json::from_str(&relay(&data, &["check", "--json"]).unwrap()).unwrap();
        assert_eq!(checked["damage"], json!([]));
        let main = checked["documents"].as_array().unwrap().iter().find(|d| d["pep"] == pep && d["kind"] == "main");
        assert_eq!(main.unwrap()["heads"], shown[0]["heads"]);
    }
}

#[test]
fn a_plan_that_a_released_program_began_is_moved_to_version_2_and_signed() {
    let mut moved_some = false;
    for fixture in Fixture::all() {
        let data = fixture.unpack("relay", "relay");
        let serving = Server::start(&data, "127.0.0.1:0");
        let devices = HOMES.map(|name| {
            let device = fixture.home(name);
            Folder::of_device(&device).unwrap().relay_is_at(&serving.url).unwrap();
            device
        });
        let [first, second] = &devices;
        let pep = fixture.pep();
        let shown = |device: &Device| device.json(&["show", pep]).unwrap();
        let signed = |shown: &Value| {
            let all = shown["signOffs"].as_array().unwrap().iter();
            all.map(|made| (made["hash"].clone(), made["stands"].clone())).collect::<Vec<_>>()
        };
        let synced = |device: &Device| assert_eq!(device.json(&["sync", "--once"]).unwrap()["inStep"], true);
        [first, second, first].into_iter().for_each(synced);
        let before = shown(first);
        // The newest release begins plans under version 2.
        if before["process"]["version"] == 2 {
            continue;
        }
        moved_some = true;
        // What it changes is shown first, and changes nothing.
        let ahead = first.json(&["move", pep, "--to-version", "2"]).unwrap();
        assert_eq!((&ahead["moved"], &ahead["appears"][0]["field"]), (&json!(false), &json!("meeting.carerTold")));
        assert_eq!(shown(first)["heads"], before["heads"]);
        let moved = first.json(&["move", pep, "--to-version", "2", "--yes"]).unwrap();
        assert_eq!((&moved["moved"], &moved["from"], &moved["to"]), (&json!(true), &json!(1), &json!(2)));
        let after = shown(first);
        assert_eq!((&after["process"]["version"], signed(&after)), (&json!(2), signed(&before)), "and stays signed");
        first.pep(&["write", pep, "meeting.carerTold", "Rang on Sunday."]).unwrap();
        [first, second, first].into_iter().for_each(synced);
        let theirs = shown(second);
        assert_eq!(theirs["process"]["version"], 2);
        assert_eq!(theirs["answers"]["meeting.carerTold"], "Rang on Sunday.");
        assert_eq!(theirs["heads"], shown(first)["heads"]);
        serving.stop().unwrap();
        let checked: Value = serde_json::from_str(&relay(&data, &["check", "--json"]).unwrap()).unwrap();
        assert_eq!(checked["damage"], json!([]));
        // Signed again, by a program that has the plan from the store.
        let dispute = first.json(&["conflicts", pep]).unwrap();
        for one in dispute.as_array().unwrap() {
            first.pep(&["resolve", pep, one["place"].as_str().unwrap(), "--take", "1"]).unwrap();
        }
        first.pep(&["complete", pep]).unwrap();
        let signed = shown(first)["signOffs"].clone();
        let newest = signed.as_array().unwrap().iter().rfind(|made| made["question"] == "signoff.sw").unwrap();
        assert_eq!((&newest["process"], &newest["stands"]), (&json!("web 2"), &json!(true)));
    }
    assert!(moved_some, "what 0.1.0 wrote is kept, and its plans began under version 1");
}

#[test]
fn backups_of_every_layout_are_restored_and_hold_the_same() {
    for fixture in Fixture::all() {
        let name = fixture.expected["backup"].as_str().unwrap();
        let device = fixture.device(name, fixture.path("restored"));
        let backup = fixture.at.join("home.backup");
        device.pep(&["restore", backup.to_str().unwrap()]).unwrap();
        fixture.reads(name, &device, Some(OF_THE_STORE));
        let data = fixture.path("restored-relay");
        relay(&data, &["restore", fixture.at.join("relay.backup").to_str().unwrap()]).unwrap();
        fixture.relay_reads(&data);
    }
}

#[test]
fn files_that_were_carried_are_read_in_every_layout() {
    for fixture in Fixture::all() {
        let device = fixture.home(HOMES[0]);
        let (pep, exports) = (fixture.pep(), &fixture.expected["exports"]);
        let word = fixture.path("seal-passphrase");
        fs::write(&word, exports["passphrase"].as_str().unwrap()).unwrap();
        let (word, sealed) = (word.to_str().unwrap(), fixture.at.join("section.sealed"));
        let opened = fixture.path("section.json");
        let nobody = fixture.device(HOMES[0], fixture.path("nobody"));
        let (sealed, opened) = (sealed.to_str().unwrap(), opened.to_str().unwrap());
        nobody.pep(&["unseal", sealed, "-o", opened, "--seal-passphrase-file", word]).unwrap();
        let section: Value = serde_json::from_slice(&fs::read(opened).unwrap()).unwrap();
        assert_eq!(section, exports["section"]);
        // Into the plan of a child who has none yet: what it says is there afterwards.
        let list = device.json(&["list"]).unwrap();
        let empty = list.as_array().unwrap().iter().find(|one| one["state"] == "not-started").unwrap();
        let empty = empty["pep"].as_str().unwrap();
        let import = ["import", sealed, "--pep", empty, "--from-another-child", "--seal-passphrase-file", word];
        device.pep(&import).unwrap();
        let answers = device.json(&["show", empty]).unwrap()["answers"].clone();
        assert_eq!(answers["care.permanencePlan"], section["answers"]["care.permanencePlan"]);
        assert_eq!(answers["care.placementType"], section["answers"]["care.placementType"]);

        // What was signed comes out the same, byte for byte, and is what the signature covers.
        let mut signed = BTreeMap::new();
        for format in ["json", "automerge"] {
            let again = fixture.path("signed");
            device.pep(&["export", pep, "--signed", "--format", format, "-o", again.to_str().unwrap()]).unwrap();
            let bytes = fs::read(fixture.at.join(format!("signed.{format}"))).unwrap();
            assert!(fs::read(again).unwrap() == bytes, "{format}");
            signed.insert(format, bytes);
        }
        let hash = ring::digest::digest(&ring::digest::SHA256, &signed["json"]);
        let hash: String = hex::encode(hash);
        let made = device.json(&["show", pep]).unwrap()["signOffs"].clone();
        let made = made.as_array().unwrap().iter().find(|made| made["question"] == "signoff.vs").unwrap();
        assert_eq!(made["hash"], hash.as_str());
        automerge::Automerge::load(&signed["automerge"]).unwrap();
    }
}

#[test]
fn every_frame_of_a_kept_session_is_read_and_comes_out_as_the_same_bytes() {
    for fixture in Fixture::all() {
        let names: Vec<&str> =
            fixture.expected["frames"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let frames = frames(&fixture.at).unwrap();
        assert_eq!(frames.iter().map(|(name, _)| &name[4..]).collect::<Vec<_>>(), names);
        let said: BTreeSet<&str> = names.iter().copied().collect();
        for word in ["device-hello", "relay-welcome", "relay-snapshot", "relay-log", "device-push", "relay-receipt"] {
            assert!(said.contains(word), "{word}");
        }
        for (name, bytes) in frames {
            let frame = Frame::decode(&bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(frame.encode() == bytes, "{name}");
        }
    }
}

#[test]
fn every_kind_of_record_occurs_in_what_is_kept_and_looks_as_it_is_written_down() {
    for fixture in Fixture::all() {
        let layout = fixture.expected["layout"].as_u64().unwrap();
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let data = fixture.unpack("relay", "relay");
        let relay = Folder::of_relay(&data).unwrap().variants().unwrap();
        assert_eq!(json!(relay.keys().collect::<Vec<_>>()), fixture.expected["relay"]["records"]);
        found.extend(relay);
        for name in HOMES {
            let device = fixture.home(name);
            let home = Folder::of_device(&device).unwrap().variants().unwrap();
            assert_eq!(json!(home.keys().collect::<Vec<_>>()), fixture.expected["homes"][name]["records"]);
            for (variant, fields) in home {
                found.entry(variant).or_default().extend(fields);
            }
        }
        // One file for each: the replica's own tests keep that what it writes and reads are these and no others.
        let records = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../fixtures/records/v{layout}"));
        let written = fs::read_dir(records).unwrap().map(|entry| {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            shape(&ciborium::from_reader(bytes.as_slice()).unwrap()).unwrap()
        });
        assert_eq!(found, written.collect::<BTreeMap<_, _>>(), "layout {layout}");
    }
}

#[test]
fn a_program_of_one_layout_knows_no_record_of_the_next() {
    // So it refuses the folder, in words, and leaves its journal as it is: see the test after this one.
    for fixture in Fixture::all() {
        let layout = fixture.expected["layout"].as_u64().unwrap();
        let data = fixture.unpack("relay", "relay");
        let mut kinds = Folder::of_relay(&data).unwrap().kinds().unwrap();
        for name in HOMES {
            kinds.extend(Folder::of_device(&fixture.home(name)).unwrap().kinds().unwrap());
        }
        assert!(kinds.len() > 1);
        assert!(kinds.iter().all(|kind| KINDS_OF_2.contains(kind) == (layout == 2)), "layout {layout}: {kinds:?}");
    }
}

/// Runs `pep list`: how it ended, and what it said.
fn list(device: &Device) -> (Option<i32>, String) {
    let said = device.command(&["list"]).output().unwrap();
    (said.status.code(), String::from_utf8(said.stderr).unwrap())
}

#[test]
fn a_record_of_a_kind_that_a_program_does_not_know_is_refused_and_a_variant_that_it_does_not_know_is_left_out() {
    // Why a new variant is a new record kind (see `replica::Event`): this is what every program does that was given to people.
    let layout = u64::from(disk::SCHEMA);
    let fixture = Fixture::all().into_iter().find(|fixture| fixture.expected["layout"] == layout).unwrap();
    let device = fixture.home(HOMES[0]);
    let (unknown_kind, unknown_variant) = (fixture.path("kind"), fixture.path("variant"));
    let (code, said) = list(&device);
    assert_eq!((code, said.contains("left out")), (Some(0), false), "{said}");
    for copy in [&unknown_kind, &unknown_variant] {
        copy_folder(&device.person.home, copy);
    }
    let copy = |home: &Path| fixture.device(HOMES[0], home.to_path_buf());
    // {"Later": {}}
    let later = [&[0xa1, 0x65], b"Later".as_slice(), &[0xa0]].concat();

    let device = copy(&unknown_kind);
    Folder::of_device(&device).unwrap().append(0b1111, &later).unwrap();
    let journal = unknown_kind.join("journal/00000001.seg");
    let before = fs::read(&journal).unwrap();
    for with_store in [true, false] {
        if !with_store {
            fs::remove_dir_all(unknown_kind.join("sled")).unwrap();
        }
        let (code, said) = list(&device);
        assert!(code == Some(7) && said.contains("newer version"), "{code:?} {said}");
    }
    assert!(fs::read(&journal).unwrap() == before, "nothing was changed");

    let device = copy(&unknown_variant);
    Folder::of_device(&device).unwrap().append(OF_THE_REST, &later).unwrap();
    let (code, said) = list(&device);
    assert!(
        code == Some(0) && said.contains("1 records of the journal") && said.contains("left out"),
        "{code:?} {said}"
    );
    // From then on the journal is one without it; the one with it stands beside.
    assert!(unknown_variant.join("journal.damaged-1").exists());
    let (code, said) = list(&device);
    assert_eq!((code, said.contains("left out")), (Some(0), false), "{said}");
}
