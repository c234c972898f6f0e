//! At rest: what lies on the disks of devices and of the relay, and in their backups, can be read with the key alone.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use harness::world::{CHILD, Person, World, copy_folder, program};
use serde_json::Value;

const NOTES: &str = "meeting.notes";
const PASSPHRASE: &str = "copper kettle Thursday";

/// Bytes in base64, wherever they begin in it: without the letters that share bits with what stands before or behind.
fn base64s(bytes: &[u8]) -> impl Iterator<Item = String> {
    (0..3).map(move |before| {
        let text = STANDARD.encode([&vec![0; before], bytes].concat());
        text[[0, 2, 3][before]..text.trim_end_matches('=').len() - 1].to_owned()
    })
}

/// Words as they may stand on a disk or in a log: as they are, in UTF-16, in base64, in hexadecimal and as a list of bytes.
fn forms(words: &str) -> Vec<Vec<u8>> {
    let little: Vec<u8> = words.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = words.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut forms = Vec::new();
    for bytes in [words.as_bytes().to_vec(), little, big] {
        let hex = hex::encode(&bytes);
        let list: Vec<String> = bytes.iter().map(u8::to_string).collect();
        let texts = [hex.to_uppercase(), hex, list.join(", "), list.join(",")].into_iter();
        let base64s = base64s(&bytes).flat_map(|text| [text.replace('+', "-").replace('/', "_"), text]);
        forms.extend(texts.chain(base64s).map(String::into_bytes));
        forms.push(bytes);
    }
    forms.sort();
    forms.dedup();
    forms
}

/// Whether a chunk of an Automerge document begins somewhere in the bytes. In one, words may be compressed.
fn holds_chunk(bytes: &[u8]) -> bool {
    bytes.windows(9).any(|part| part.starts_with(&[0x85, 0x6f, 0x4a, 0x83]) && part[8] <= 2)
}

/// Files at or below `path` in which, or in whose name, one of the forms stands, or in which there is a document that can be read.
fn holding(path: &Path, forms: &[Vec<u8>]) -> Vec<PathBuf> {
    let holds = |bytes: &[u8]| {
        let mut beginnings = [false; 256];
        forms.iter().for_each(|form| beginnings[usize::from(form[0])] = true);
        let may_begin = bytes.iter().enumerate().filter(|(_, byte)| beginnings[usize::from(**byte)]);
        may_begin.map(|(at, _)| &bytes[at..]).any(|rest| forms.iter().any(|form| rest.starts_with(form)))
    };
    let named = path.file_name().is_some_and(|name| holds(name.as_encoded_bytes()));
    let mut found = if named { vec![path.to_path_buf()] } else { Vec::new() };
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap();
        found.extend(entries.flat_map(|entry| holding(&entry.unwrap().path(), forms)));
    } else {
        let bytes = fs::read(path).unwrap();
        found.extend((holds(&bytes) || holds_chunk(&bytes)).then(|| path.to_path_buf()));
    }
    found
}

/// A folder that a version before encryption wrote.
fn plain(world: &World, fixture: &str, name: &str) -> PathBuf {
    let packed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/stores").join(fixture);
    let packed = flate2::read::GzDecoder::new(fs::File::open(packed).unwrap());
    let to = world.path(&format!("unpacked-{name}"));
    tar::Archive::new(packed).unpack(&to).unwrap();
    fs::read_dir(to).unwrap().next().unwrap().unwrap().path()
}

fn relay(data: &Path, args: &[&str], key: Option<&Path>) -> Output {
    let mut command = Command::new(program("pep-relay"));
    command.args(args).arg("--data").arg(data).env_remove("PEP_RELAY_KEY").env_remove("PEP_RELAY_KEY_FILE");
    if let Some(key) = key {
        command.env("PEP_RELAY_KEY_FILE", key);
    }
    command.output().unwrap()
}

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Runs a command with the passphrase; what it printed.
fn unlocked(person: &Person, args: &[&str]) -> String {
    let output = person.command(args).env("PEP_PASSPHRASE", PASSPHRASE).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", words(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_device_is_restored_from_its_backup_with_the_passphrase_and_both_lives_keep_their_words() {
    let world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let pep = odile.start_pep();
    odile.pep(["write", &pep, NOTES, "Before the backup."]);
    odile.sync();
    let passphrase = world.path("passphrase");
    fs::write(&passphrase, PASSPHRASE).unwrap();
    odile.pep(["passphrase", "set", "--new-passphrase-file", passphrase.to_str().unwrap()]);
    let backup = world.path("odile.backup");
    unlocked(&odile, &["backup", backup.to_str().unwrap()]);
    assert_eq!(holding(&backup, &forms("Before the backup")), [] as [PathBuf; 0]);
    unlocked(&odile, &["write", &pep, NOTES, "--append", "Written on after it."]);
    unlocked(&odile, &["sync", "--once"]);

    let restored = Person { home: world.path("restored") };
    restored.pep(["restore", backup.to_str().unwrap()]);
    let locked = restored.command(["list"]).output().unwrap();
    assert_eq!(locked.status.code(), Some(7), "{}", words(&locked));
    let field = ["show", &pep, "--field", NOTES];
    assert!(unlocked(&restored, &field).contains("Before the backup."));
    // It has not seen what the device wrote after the backup, and writes as another life of it.
    unlocked(&restored, &["write", &pep, NOTES, "--append", "Written after the restore."]);
    unlocked(&restored, &["sync", "--once"]);
    unlocked(&odile, &["sync", "--once"]);
    for device in [&odile, &restored] {
        let shown = unlocked(device, &field);
        for words in ["Before the backup.", "Written on after it.", "Written after the restore."] {
            assert_eq!(shown.matches(words).count(), 1, "{words}: {shown}");
        }
        let status: Value = serde_json::from_str(&unlocked(device, &["status", "--json"])).unwrap();
        assert_eq!((&status["peps"][0]["waitingChanges"], &status["peps"][0]["held"]), (&0.into(), &0.into()));
    }
    // Never into a folder with something in it; and nothing is left of what is no backup.
    let again = restored.command(["restore", backup.to_str().unwrap()]).output().unwrap();
    assert!(again.status.code() == Some(1) && words(&again).contains("not empty"), "{}", words(&again));
    let whole = fs::read(&backup).unwrap();
    let cut = Person { home: world.path("cut") };
    let broken = world.path("broken.backup");
    for end in [0, 1, 511, whole.len() / 2, whole.len() - 1025, whole.len() - 1024, whole.len() - 512] {
        fs::write(&broken, &whole[..end]).unwrap();
        let refused = cut.command(["restore", broken.to_str().unwrap()]).output().unwrap();
        assert!(words(&refused).contains("not a whole backup"), "{end}: {}", words(&refused));
        assert_eq!((refused.status.code(), fs::read_dir(&cut.home).unwrap().count()), (Some(1), 0), "{end}");
    }
    // A byte of the journal that the disk changed: what can be read comes back, and the person hears at once.
    let mut altered = whole.clone();
    altered[2_000] ^= 1;
    fs::write(&broken, altered).unwrap();
    let damaged = cut.command(["restore", broken.to_str().unwrap()]).output().unwrap();
    assert!(damaged.status.code() == Some(5) && words(&damaged).contains("damaged"), "{}", words(&damaged));
    unlocked(&cut, &["sync", "--once"]);
    assert!(unlocked(&cut, &field).contains("Written after the restore."));

    // A backup is written over an older one, and never over anything else.
    unlocked(&odile, &["backup", backup.to_str().unwrap()]);
    let letter = world.path("letter.txt");
    fs::write(&letter, "To the governors").unwrap();
    for place in [&letter, &odile.home.join("unlock"), &odile.home.join("new"), &world.path("none/there")] {
        let before = fs::read(place).ok();
        let refused = odile.command(["backup", place.to_str().unwrap()]).env("PEP_PASSPHRASE", PASSPHRASE).output();
        assert_eq!(refused.unwrap().status.code(), Some(1), "{}", place.display());
        assert_eq!(fs::read(place).ok(), before, "{}", place.display());
    }
}

#[test]
fn a_relay_s_data_and_backup_need_its_key_which_lies_elsewhere() {
    let world = World::new();
    let (data, key) = (world.path("apart"), world.path("key/store.key"));
    fs::create_dir(world.path("key")).unwrap();
    let added = ["children", "add", "--name", CHILD, "--dob", "2010-11-02"];
    assert!(relay(&data, &added, Some(&key)).status.success());
    assert!(key.exists() && !data.join("store.key").exists());
    let checked = relay(&data, &["check"], Some(&key));
    assert!(checked.status.success() && !words(&checked).contains("beside it"), "{}", words(&checked));
    // A command that was not told where the key is looks where it was.
    assert!(relay(&data, &["children", "list"], None).status.success());

    let backup = world.path("apart.tar");
    let said = relay(&data, &["backup", backup.to_str().unwrap()], Some(&key));
    assert!(words(&said).contains("only with the key"), "{}", words(&said));
    assert_eq!(holding(&backup, &forms(CHILD)), [] as [PathBuf; 0]);
    let text = fs::read_to_string(&key).unwrap();
    assert_eq!(holding(&backup, &forms(text.trim())), [] as [PathBuf; 0]);
    let restored = world.path("restored");
    let said = relay(&restored, &["restore", backup.to_str().unwrap(), "--json"], None);
    let needs: Value = serde_json::from_slice(&said.stdout).unwrap();
    let needs = needs["needsKey"].as_str().unwrap().to_owned();
    let moved = world.path("moved.key");
    fs::rename(&key, &moved).unwrap();
    for wrong in [None, Some(world.path("other.key"))] {
        if let Some(wrong) = &wrong {
            fs::write(wrong, "5".repeat(64)).unwrap();
        }
        let refused = relay(&restored, &["children", "list"], wrong.as_deref());
        assert_eq!(refused.status.code(), Some(7), "{}", words(&refused));
        assert!(words(&refused).contains(&needs) && words(&refused).contains("store.key"), "{}", words(&refused));
    }
    fs::write(world.path("other.key"), "no key").unwrap();
    let refused = relay(&restored, &["children", "list"], Some(&world.path("other.key")));
    assert!(refused.status.code() == Some(1) && words(&refused).contains("64 hexadecimal"), "{}", words(&refused));
    let listed = relay(&restored, &["children", "list"], Some(&moved));
    assert!(words(&listed).contains(CHILD), "{}", words(&listed));
}

#[test]
fn a_relay_that_was_told_of_no_key_makes_one_and_says_where_and_its_backup_holds_it() {
    let world = World::new();
    let checked = relay(&world.data(), &["check"], None);
    assert!(checked.status.success() && words(&checked).contains("Move that file"), "{}", words(&checked));
    let backup = world.path("backup.tar");
    let said = relay(&world.data(), &["backup", backup.to_str().unwrap()], None);
    assert!(words(&said).contains("it is in the backup too"), "{}", words(&said));
    let restored = world.path("restored");
    assert!(relay(&restored, &["restore", backup.to_str().unwrap()], None).status.success());
    assert!(words(&relay(&restored, &["children", "list"], None)).contains(CHILD));
}

#[test]
fn folders_of_the_version_before_encryption_go_on_sealed_wherever_the_program_is_killed() {
    let world = World::new();
    let (home, data) = (plain(&world, "v1-home.tar.gz", "home"), plain(&world, "v1-relay.tar.gz", "relay"));
    let (note, name) = (forms("agreed round the table"), forms("Marrowfield"));
    assert!(!holding(&home, &note).is_empty() && !holding(&data, &name).is_empty(), "they are in the clear");
    let started = Instant::now();
    let first = world.path("first");
    copy_folder(&home, &first);
    let expected = Person { home: first }.pep(["list"]);
    let whole = started.elapsed();
    for round in 0..12 {
        let copy = Person { home: world.path(&format!("home-{round}")) };
        copy_folder(&home, &copy.home);
        let mut child: Child = copy.command(["list"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let until = Instant::now() + whole.mul_f64(f64::from(round) / 12.0);
        while Instant::now() < until && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap();
        assert_eq!(copy.pep(["list"]), expected, "killed in round {round}");
        let pep = expected.split_whitespace().next().unwrap();
        // A store that was being read when the program was killed is built from the journal: then the relay says again what it has.
        assert!(copy.json(["status"])["peps"][0]["waitingChanges"].as_u64() >= Some(1), "round {round}");
        let shown = copy.pep(["show", pep, "--field", NOTES]);
        assert!(shown.contains("Note 70,") && shown.contains("not shared yet."), "{shown}");
        assert_eq!(holding(&copy.home, &note), [] as [PathBuf; 0], "round {round}");
        assert!(!copy.home.join("device.key").exists());
    }
    let checked = relay(&data, &["check", "--json"], None);
    assert!(checked.status.success(), "{}", words(&checked));
    assert!(words(&relay(&data, &["people", "list"], None)).contains("Odile Marrowfield"));
    for secret in [note, name] {
        assert_eq!(holding(&data, &secret), [] as [PathBuf; 0]);
    }
    assert!(!data.join("relay.key").exists() && !data.join("tls.key").exists());
}

/// What every planted word begins with.
const CANARY: &str = "Quillfeather";
const CANARIES: usize = 200;

/// A process that ends with this value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A device whose folder is kept open, and what it says goes to a file. Returns when it has the folder.
fn watching(person: &Person, said: &Path) -> Running {
    let mut command = person.command(["-v", "sync", "--watch"]);
    command.env("PEP_PASSPHRASE", PASSPHRASE).env("RUST_LOG", "trace").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let mut file = fs::File::options().create(true).append(true).open(said).unwrap();
    let (mut out, mut err) = (running.0.stdout.take().unwrap(), running.0.stderr.take().unwrap());
    let mut begun = [0; 1];
    err.read_exact(&mut begun).unwrap();
    std::thread::spawn(move || std::io::copy(&mut err, &mut file));
    std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
    running
}

/// A relay on a plain line of this machine, whose log goes to a file, and where it is.
fn talkative(data: &Path, key: &Path, log: &Path) -> (Running, String) {
    fs::create_dir_all(data).unwrap();
    fs::write(data.join("config.toml"), "tls = \"off\"\nlisten = \"127.0.0.1:0\"\n").unwrap();
    let mut command = Command::new(program("pep-relay"));
    command.args(["serve", "--data"]).arg(data).env("PEP_RELAY_KEY_FILE", key).env("RUST_LOG", "trace");
    let log = fs::File::options().create(true).append(true).open(log).unwrap();
    let mut running = Running(command.stdout(Stdio::piped()).stderr(log).spawn().unwrap());
    let mut said = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut said).unwrap();
    (running, said.trim().trim_start_matches("ready ws://").to_owned())
}

fn gives(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    said
}

#[test]
fn two_hundred_planted_words_are_nowhere_but_in_what_their_people_are_shown() {
    let world = World::new();
    let said = world.path("said");
    fs::create_dir(&said).unwrap();
    let (data, key, log) = (world.path("talkative"), world.path("canary.key"), said.join("relay.log"));
    let (serving, address) = talkative(&data, &key, &log);
    let mut planted = 0;
    let mut canary = || {
        planted += 1;
        format!("{CANARY}-{:03}", planted - 1)
    };
    let administer = |args: &[&str]| {
        let output = relay(&data, args, Some(&key));
        assert!(output.status.success(), "{}", words(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };

    // Names: of the child, of people, their organisations and devices. One device has a passphrase, the others none.
    let child = canary();
    administer(&["children", "add", "--name", &child, "--dob", "2010-11-02"]);
    let mut people = Vec::new();
    for role in ["social-worker", "designated-teacher", "young-person"] {
        let (name, organisation, device) = (canary(), canary(), canary());
        let invite = ["invite", "--name", &name, "--role", role, "--organisation", &organisation];
        let person = Person { home: world.path(&format!("home-{role}")) };
        let link = administer(&invite);
        administer(&["teams", "add", &child, &name, "--role", role, "--from", "2025-09-01"]);
        let mut join = person.command(["join", &link, "--device", &device]);
        if role == "designated-teacher" {
            join.env("PEP_PASSPHRASE", PASSPHRASE);
        }
        let joined = join.output().unwrap();
        assert!(joined.status.success(), "{}", words(&joined));
        people.push((person, name));
    }
    let [(odile, _), (ottoline, teacher), (idris, _)] = people.as_slice() else { panic!("three people") };
    let new = ["new", &child, "--term", "2025/26-spring", "--type", "review", "--process", "sections", "--json"];
    let made: Value = serde_json::from_str(&unlocked(odile, &new)).unwrap();
    let pep = made["pep"].as_str().unwrap();
    for person in [odile, ottoline, idris] {
        unlocked(person, &["sync", "--once"]);
    }
    let mut watchers: Vec<Running> = [odile, ottoline, idris]
        .iter()
        .enumerate()
        .map(|(n, person)| watching(person, &said.join(format!("watching-{n}"))))
        .collect();

    // What they write, each word in a change of its own: a change that is longer is compressed, and nothing would be found in it.
    unlocked(odile, &["write", pep, NOTES, &canary()]);
    for _ in 0..47 {
        unlocked(odile, &["write", pep, NOTES, "--append", &canary()]);
        unlocked(ottoline, &["write", pep, "progress.goingWell", "--append", &canary()]);
    }
    for _ in 0..20 {
        unlocked(odile, &["comment", pep, NOTES, &canary()]);
        unlocked(ottoline, &["comment", pep, "progress.goingWell", &canary()]);
    }
    for _ in 0..8 {
        let fields = ["statement", "baseline", "measure", "helpers"].map(|field| format!("{field}={}", canary()));
        let mut add = vec!["target", "add", pep, "category=academic", "area=English"];
        add.extend(fields.iter().map(String::as_str));
        unlocked(ottoline, &add);
        unlocked(ottoline, &["row", "add", pep, "progress.achievements", &format!("what={}", canary())]);
    }
    unlocked(odile, &["set", pep, "child.religion", &canary()]);
    unlocked(odile, &["row", "add", pep, "care.collectAndContact", &format!("person={}", canary())]);
    unlocked(odile, &["row", "add", pep, "people.parentalResponsibility", &format!("person={}", canary())]);
    let (place, chair, notes, invited) = (canary(), canary(), canary(), format!("{}=carer", canary()));
    let meeting = ["--place", &place, "--chair", &chair, "--note-taker", &notes, "--invite", &invited];
    unlocked(odile, &[&["meeting", pep, "--date", "2026-02-26"][..], &meeting].concat());
    // A file's content, and its name; the name is shown to nobody.
    let file = world.path(&format!("{CANARY}-file.txt"));
    fs::write(&file, canary()).unwrap();
    unlocked(odile, &["write", pep, "care.story", "--file", file.to_str().unwrap()]);
    for question in ["voice.keepPrivate", "voice.inviteSomeone", "voice.secWell", "voice.secHard", "voice.secFuture"] {
        unlocked(idris, &["write", pep, question, &canary()]);
    }
    for person in [odile, ottoline, idris, odile] {
        unlocked(person, &["sync", "--once"]);
    }
    let plan = |person: &Person| {
        let export = world.path("export.json");
        unlocked(person, &["export", pep, "--format", "json", "-o", export.to_str().unwrap()]);
        fs::read_to_string(&export).unwrap() + &unlocked(person, &["history", pep]) + &unlocked(person, &["show", pep])
    };
    let mut shown: String = [odile, ottoline, idris].into_iter().map(plan).collect();

    // What is refused: what others wrote, names, and what was typed in the wrong place are not in the words about it.
    drop(watchers.remove(1));
    let mut refusals = fs::File::create(said.join("refusals")).unwrap();
    let wrong = format!("{CANARY}-wrong");
    for (person, args) in [
        (odile, &["set", pep, "progress.goingWell", &wrong][..]),
        (odile, &["set", pep, "meeting.date", &wrong]),
        (odile, &["show", pep, "--field", "no.such"]),
        (odile, &["show", "ffff"]),
        (odile, &["sign-off", pep]),
        (odile, &["complete", pep]),
        (idris, &["write", pep, NOTES, "--append", &wrong]),
        (ottoline, &["list"]),
        (ottoline, &["write", pep, NOTES, "--append", &wrong]),
    ] {
        let output = person.command(args).output().unwrap();
        assert!(!output.status.success(), "{args:?}");
        refusals.write_all(&output.stderr).unwrap();
    }
    // What a former teacher wrote late: the relay keeps it and sends it to nobody.
    unlocked(ottoline, &["write", pep, "progress.goingWell", "--append", &canary()]);
    unlocked(ottoline, &["comment", pep, "progress.goingWell", &canary()]);
    administer(&["teams", "end", &child, teacher, "--on", "2026-01-05"]);
    let shared = ottoline.command(["sync", "--once"]).env("PEP_PASSPHRASE", PASSPHRASE).output().unwrap();
    refusals.write_all(&shared.stderr).unwrap();
    let held = administer(&["held", "list"]);
    assert_eq!(held.lines().count(), 2, "{held}");
    fs::write(said.join("held"), held).unwrap();
    shown += &unlocked(ottoline, &["held", "--json"]);
    fs::write(said.join("metrics"), gives(&address, "/metrics") + &gives(&address, "/healthz")).unwrap();
    fs::write(said.join("audit"), administer(&["audit"])).unwrap();

    let backups = [said.join("relay.tar"), world.path("open.backup"), said.join("ottoline.backup")];
    administer(&["backup", backups[0].to_str().unwrap()]);
    odile.pep(["backup", backups[1].to_str().unwrap()]);
    unlocked(ottoline, &["backup", backups[2].to_str().unwrap()]);
    // Killed with their doors open: what they leave lies in the folders.
    drop((watchers, serving));

    // They were all planted, and their people see them.
    for what in ["people", "devices", "children"] {
        shown += &administer(&[what, "list"]);
    }
    assert_eq!(planted, CANARIES);
    let missing: Vec<String> =
        (0..CANARIES).map(|n| format!("{CANARY}-{n:03}")).filter(|word| !shown.contains(word.as_str())).collect();
    assert_eq!(missing, [] as [String; 0], "planted");
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("TRACE") && log.contains("connected"), "the log is at its loudest");

    // And nowhere else.
    let sought = forms(CANARY);
    for place in [&data, &odile.home, &ottoline.home, &idris.home, &said, &backups[1]] {
        assert_eq!(holding(place, &sought), [] as [PathBuf; 0], "{}", place.display());
    }
}

#[test]
fn the_search_for_planted_words_finds_them_in_every_form_and_in_folders_of_before_encryption() {
    let world = World::new();
    let control = world.path("control");
    fs::create_dir(&control).unwrap();
    let text = format!("one {CANARY}-017 more");
    let units: Vec<u16> = text.encode_utf16().collect();
    let little: Vec<u8> = units.iter().copied().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = units.iter().copied().flat_map(u16::to_be_bytes).collect();
    let mut files = 0;
    let mut put = |name: &str, bytes: &[u8]| {
        files += 1;
        fs::write(control.join(name), bytes).unwrap();
    };
    for (name, bytes) in [("plain", text.as_bytes()), ("little", &little), ("big", &big)] {
        put(name, bytes);
        put(&format!("{name}-list"), format!("{bytes:?}").as_bytes());
        put(&format!("{name}-hex"), hex::encode(bytes).as_bytes());
        for before in 0..3 {
            put(&format!("{name}-base64-{before}"), STANDARD.encode([&vec![b'x'; before], bytes].concat()).as_bytes());
        }
    }
    put(&format!("{CANARY}-018"), b"");
    let mut doc = automerge::AutoCommit::new();
    automerge::transaction::Transactable::put(&mut doc, automerge::ROOT, "words", "others").unwrap();
    put("document", &doc.save());
    put("another", b"Quill and feather");
    let found = holding(&control, &forms(CANARY));
    assert_eq!(found.len(), files - 1, "{found:?}");
    assert!(!found.contains(&control.join("another")));
    // What a version before encryption kept is found as words and as documents.
    for (fixture, name) in [("v1-home.tar.gz", "home"), ("v1-relay.tar.gz", "data")] {
        assert!(!holding(&plain(&world, fixture, name), &forms(CANARY)).is_empty(), "{fixture}");
    }
}
