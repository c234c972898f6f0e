//! How a fixture of `fixtures/stores` is made: a story that the built programs play, in which every kind of thing that they write
//! comes to be written. Keys, ids and times are new each time; who does what is not.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use flate2::{Compression, write::GzEncoder};
use plan::{Act, Processes, SAMPLES, Sample, SampleStep};
use serde_json::{Value, json};
use sync::{Frame, link::Link};
use tempfile::TempDir;

use super::{
    Device, EXPECTED, HOMES,
    bytes::Folder,
    pages::Pages,
    said,
    tap::{Said, Speaker, Tap},
};
use crate::world::{Person, Server, day_in, program};

/// Opens the home with a passphrase. Fictional, like everything here.
const PASSPHRASE: &str = "copper kettle Thursday";
/// Opens the sealed export.
const SEAL_PASSPHRASE: &str = "a lantern on the stairs";
/// Takes the device back from a child.
const PIN: &str = "48213";
/// Lines typed into one answer one after the other: a relay gives a document as a snapshot when its log is longer than 64.
const LINES: usize = 50;
/// Devices that join until one has been given a snapshot: the relay makes it when the first has asked.
const TABLETS: usize = 8;
const SOCIAL_WORKER: (&str, &str, &str) = ("Gideon Larkspur-Bell", "social-worker", "Harrowmere Council");
const TEACHER: (&str, &str, &str) = ("Philippa Nightbrook", "designated-teacher", "Saltreed Academy");
const FORMER: (&str, &str, &str) = ("Petra Lanternby", "social-worker", "Harrowmere Council");
/// 4 MiB of zeros, which every start makes again.
const BALLAST: &str = "ballast";
const LINNET: &str = "Linnet Fairbarrow";
const WREN: &str = "Wren Tapplestone";
/// What a plan says that is the same on every day.
const OF_A_PLAN: [&str; 13] = [
    "pep",
    "child",
    "process",
    "term",
    "type",
    "state",
    "heads",
    "answers",
    "noAnswers",
    "targets",
    "comments",
    "signOffs",
    "changedSinceSignOff",
];

/// Makes the fixture in `to`, which is not there yet.
pub fn make(to: &Path) -> Result<(), String> {
    if to.exists() {
        return Err(format!("{} is there already: a fixture is never made again, another is added", to.display()));
    }
    let mut stage = Stage::begin()?;
    stage.lost_afternoon()?;
    let spring = stage.signed_plan()?;
    stage.goes_on(&spring)?;
    let tablet = stage.tablet(&spring)?;
    let frames = stage.former_colleague(&spring)?;
    stage.chooses_readers(&spring)?;
    stage.mistaken_role(&spring, &tablet)?;
    stage.everyday(&spring, &tablet)?;
    stage.server.take().map_or(Ok(()), Server::stop)?;

    fs::create_dir_all(to).map_err(failed)?;
    let gideon = stage.device("gideon");
    let devices = [&gideon, &tablet];
    for (name, device) in HOMES.iter().zip(devices) {
        // The journal is the truth: one home comes without the store that is made from it.
        let without: &[&str] = if device.passphrase.is_some() { &[BALLAST, "sled"] } else { &[BALLAST] };
        pack(&device.person.home, &to.join(format!("{name}.tar.gz")), without)?;
    }
    pack(&stage.data(), &to.join("relay.tar.gz"), &[BALLAST])?;
    tablet.pep(&["backup", &to.join("home.backup").to_string_lossy()])?;
    stage.relay(&["backup", &to.join("relay.backup").to_string_lossy()])?;
    write_frames(&frames, &to.join("frames.tar.gz"))?;
    let exports = stage.exports(&gideon, &spring, to)?;

    let mut homes = serde_json::Map::new();
    for (name, device) in HOMES.iter().zip(devices) {
        let kinds = Folder::of_device(device)?.variants()?;
        let (reads, kinds) = (reads(device, &spring)?, kinds.keys().collect::<Vec<_>>());
        homes.insert((*name).into(), json!({ "passphrase": device.passphrase, "reads": reads, "records": kinds }));
    }
    let kinds = Folder::of_relay(&stage.data())?.variants()?;
    let named: Vec<String> =
        frames.iter().map(|(speaker, bytes)| frame_name(*speaker, bytes)).collect::<Result<_, _>>()?;
    let expected = json!({
        "layout": disk::SCHEMA,
        "program": env!("CARGO_PKG_VERSION"),
        "pep": spring,
        "homes": homes,
        "pin": PIN,
        "relay": {
            "reads": stage.relay_reads()?,
            "audit": each(&stage.relay_json(&["audit"])?, &["at", "on"]),
            "records": kinds.keys().collect::<Vec<_>>(),
        },
        "backup": HOMES[1],
        "exports": exports,
        "frames": named,
    });
    // A question and its answer on a line. In a text this would stand with a backslash, so no text is cut.
    fs::write(to.join(EXPECTED), format!("{expected}\n").replace(r#"{"args":"#, "\n{\"args\":")).map_err(failed)
}

/// A relay, everybody's folders, and nobody's clock but the machine's.
struct Stage {
    folder: TempDir,
    server: Option<Server>,
    listen: String,
}

impl Stage {
    fn begin() -> Result<Stage, String> {
        let folder = tempfile::tempdir().map_err(failed)?;
        let mut stage = Stage { folder, server: None, listen: "127.0.0.1:0".into() };
        fs::create_dir(stage.data()).map_err(failed)?;
        fs::write(stage.data().join("config.toml"), "organisation = \"Harrowmere Virtual School\"\n")
            .map_err(failed)?;
        stage.serve();
        Ok(stage)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("relay")
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    /// On the port that it had before.
    fn serve(&mut self) {
        let server = Server::start(&self.data(), &self.listen);
        self.listen = server.url.trim_start_matches("wss://").to_owned();
        self.server = Some(server);
    }

    fn relay(&self, args: &[&str]) -> Result<String, String> {
        relay(&self.data(), args)
    }

    fn relay_json(&self, args: &[&str]) -> Result<Value, String> {
        serde_json::from_str(&self.relay(&[args, &["--json"]].concat())?).map_err(failed)
    }

    fn device(&self, home: &str) -> Device {
        Device { person: Person { home: self.folder.path().join(home) }, passphrase: None }
    }

    fn child(&self, name: &str, born: &str, since: &str) -> Result<(), String> {
        self.relay(&["children", "add", "--name", name, "--dob", born, "--looked-after-since", since]).map(drop)
    }

    fn invite(&self, (name, role, organisation): (&str, &str, &str), child: Option<&str>) -> Result<String, String> {
        let mut words = vec!["invite", "--name", name, "--role", role, "--organisation", organisation];
        if let Some(child) = child {
            words.extend(["--child", child]);
        }
        text(&self.relay_json(&words)?, "link")
    }

    fn joins(&self, home: &str, who: (&str, &str, &str), child: Option<&str>, called: &str) -> Result<Device, String> {
        let device = self.device(home);
        device.pep(&["join", &self.invite(who, child)?, "--device", called])?;
        Ok(device)
    }

    /// A relay that was put back to its backup of noon has lost who joined after it; what that person wrote then, a colleague's
    /// device has, and offers. The relay refuses it, and the colleague's device keeps that it did.
    fn lost_afternoon(&mut self) -> Result<(), String> {
        self.child(WREN, "2016-03-14", "2025-09-05")?;
        let gideon = self.joins("gideon", SOCIAL_WORKER, Some(WREN), "Gideon's laptop")?;
        let new = ["new", WREN, "--term", "2025/26-autumn", "--type", "initial", "--process", "portal"];
        let pep = text(&gideon.json(&new)?, "pep")?;
        gideon.pep(&["write", &pep, "care.story", "She draws maps of every place she has lived in."])?;
        gideon.pep(&["sync", "--once"])?;
        let noon = self.path("noon.tar");
        self.relay(&["backup", &noon])?;
        let petra = self.joins("petra-noon", FORMER, Some(WREN), "Petra's laptop")?;
        petra.pep(&["write", &pep, "care.story", "--append", "Written in the afternoon that the relay lost."])?;
        petra.pep(&["sync", "--once"])?;
        gideon.pep(&["sync", "--once"])?;
        self.server.take().map_or(Ok(()), Server::stop)?;
        fs::rename(self.data(), self.path("relay-of-the-afternoon")).map_err(failed)?;
        self.relay(&["restore", &noon])?;
        self.serve();
        gideon.pep(&["sync", "--once"])?;
        let kinds = Folder::of_device(&gideon)?.variants()?;
        if kinds.contains_key("Held") { Ok(()) } else { Err("nothing was held by a colleague's device".into()) }
    }

    /// Linnet's spring PEP as the sample tells it, from the first answer to everybody's signature. The plan.
    fn signed_plan(&self) -> Result<String, String> {
        let (_, file) = SAMPLES.iter().find(|(name, _)| *name == "linnet").ok_or("there is no sample of that name")?;
        let sample = Sample::parse(file, Processes::built_in()).map_err(failed)?;
        let child = &sample.child;
        assert_eq!(child.name, LINNET);
        self.child(LINNET, &child.born.to_string(), &child.looked_after_since.to_string())?;
        for (home, person) in &sample.people {
            if home == "gideon" {
                self.relay(&["teams", "add", LINNET, &person.name, "--role", person.role.slug()])?;
            } else {
                let who = (person.name.as_str(), person.role.slug(), person.organisation.as_str());
                self.joins(home, who, Some(LINNET), &format!("{}'s laptop", person.name))?;
            }
        }
        let sitting = sample.peps.first().ok_or("the sample has no plan")?;
        let first = sitting.steps.first().ok_or("the sample has no steps")?;
        let term = format!("{}-{}", sitting.year, sitting.term);
        let new = ["new", LINNET, "--term", &term, "--type", sitting.kind.slug(), "--process", sitting.process.id()];
        let mut before = self.device(&first.by);
        before.pep(&["sync", "--once"])?;
        let pep = text(&before.json(&new)?, "pep")?;
        for step in &sitting.steps {
            let device = self.device(&step.by);
            if device.person.home != before.person.home {
                before.pep(&["sync", "--once"])?;
                device.pep(&["sync", "--once"])?;
            }
            self.takes(&device, &pep, step)?;
            before = device;
        }
        before.pep(&["sync", "--once"])?;
        self.share(&["gideon", "philippa", "linnet", "ambrose", "lorcan"])?;
        Ok(pep)
    }

    /// What one person does in one step of a sample.
    fn takes(&self, device: &Device, pep: &str, step: &SampleStep) -> Result<(), String> {
        if let Some(answers) = &step.answers {
            let file = self.path("answers.json");
            fs::write(&file, answers).map_err(failed)?;
            let brought = device.json(&["import", &file, "--pep", pep, "--replace"])?;
            if brought["leftOut"].as_array().is_none_or(|left| !left.is_empty()) {
                return Err(format!("{} could not write everything: {brought}", step.by));
            }
        }
        for act in &step.acts {
            let verb = if *act == Act::Complete { "complete" } else { "sign-off" };
            device.pep(&[verb, pep, "--on", &step.on.to_string()])?;
        }
        Ok(())
    }

    fn share(&self, homes: &[&str]) -> Result<(), String> {
        homes.iter().try_for_each(|home| self.device(home).pep(&["sync", "--once"]).map(drop))
    }

    /// After the signatures: typing, remarks, annexes, and two people who are apart.
    fn goes_on(&self, pep: &str) -> Result<(), String> {
        let (gideon, philippa, linnet) = (self.device("gideon"), self.device("philippa"), self.device("linnet"));
        for line in 0..LINES {
            gideon.pep(&["write", pep, "care.story", "--append", &format!("Line {line}. ")])?;
        }
        gideon.pep(&["row", "add", pep, "care.collectAndContact", "person=Merrow House night staff"])?;
        gideon.pep(&["row", "add", pep, "people.parentalResponsibility", "person=Marigold Fairbarrow"])?;
        linnet.pep(&["write", pep, "voice.keepPrivate", "Please not the minibus with the name on it."])?;
        philippa.pep(&["comment", pep, "care.story", "May we use the line about the allotment? 😀"])?;
        self.share(&["gideon", "philippa", "linnet", "gideon", "philippa", "lorcan"])?;
        // What they have the directory do: on its disk, and signed.
        philippa.pep(&["contacts", "--phone", "01632 960177"])?;
        let invite = ["invite", "--name", "Fabian Rookhurst", "--role", "professional", "--organisation", TEACHER.2];
        let fabian = text(&self.relay_json(&[&invite[..], &["--child", LINNET]].concat())?, "person")?;
        philippa.pep(&["sync", "--once"])?;
        let page = plan::Processes::built_in().latest("web").map_err(|e| e.to_string())?;
        let page = page.process().delegable().next().ok_or("no page")?.id.clone();
        philippa.pep(&["delegate", pep, &fabian, "--sections", &page, "--until", &day_in(7)])?;
        // Apart: a choice that is disputed, and a text that both write again from its beginning.
        gideon.pep(&["set", pep, "meeting.childPart", "part"])?;
        philippa.pep(&["set", pep, "meeting.childPart", "call"])?;
        gideon.pep(&["write", pep, "meeting.notes", "Gideon's notes of the meeting."])?;
        philippa.pep(&["write", pep, "meeting.notes", "What Philippa wrote down."])?;
        self.share(&["gideon", "philippa", "lorcan", "gideon", "philippa"])
    }

    /// A device with a passphrase, which joins when the plan is long and is given it as a snapshot; those before it are shut out.
    fn tablet(&self, pep: &str) -> Result<Device, String> {
        for n in 0..TABLETS {
            let passphrase = Some(PASSPHRASE.to_owned());
            let tablet = Device { passphrase, ..self.device(&format!("tablet-{n}")) };
            let called = format!("Philippa's tablet {n}");
            tablet.pep(&["join", &self.invite(TEACHER, Some(LINNET))?, "--device", &called])?;
            let kinds = Folder::of_device(&tablet)?.variants()?;
            if kinds.contains_key("Snapshot") && tablet.json(&["show", pep]).is_ok() {
                return Ok(tablet);
            }
            self.relay(&["devices", "revoke", &called])?;
        }
        Err("no device was given a snapshot".into())
    }

    /// What a former social worker writes late is held at the relay, and nobody decides about it. Her line is listened to.
    fn former_colleague(&self, pep: &str) -> Result<Vec<Said>, String> {
        let tap = Tap::place(&self.data(), &self.listen)?;
        let petra = self.device("petra");
        let link = self.invite(FORMER, None)?;
        self.relay(&["teams", "add", LINNET, FORMER.0, "--role", FORMER.1, "--from", "2025-09-01"])?;
        let link: Link = link.parse().map_err(failed)?;
        let link = Link { address: tap.address.clone(), ..link };
        petra.pep(&["join", &link.to_string(), "--device", "Petra's new laptop"])?;
        petra.pep(&["comment", pep, "care.story", "I can tell you more about the allotment."])?;
        petra.pep(&["sync", "--once"])?;
        self.relay(&["teams", "end", LINNET, FORMER.0, "--on", "2026-01-31"])?;
        petra.pep(&["write", pep, "care.story", "--append", "Written after her last day."])?;
        petra.pep(&["sync", "--once"])?;
        Ok(tap.sessions()?.into_iter().flatten().collect())
    }

    /// The young person chooses who sees her private words: her carer. Her social worker's copy is destroyed, and what he had
    /// written there and not shared is kept apart.
    fn chooses_readers(&self, pep: &str) -> Result<(), String> {
        let (linnet, gideon) = (self.device("linnet"), self.device("gideon"));
        gideon.pep(&["write", pep, "voice.inviteSomeone", "Her grandmother, on the telephone."])?;
        linnet.pep(&["private", pep, "--readers", "carer"])?;
        self.share(&["linnet", "gideon", "ambrose"])
    }

    /// A keeper enters the wrong role for a day: of two changes on a tablet that has not heard of it one is refused, the other is
    /// written again without it. Then the role is put right.
    fn mistaken_role(&self, pep: &str, tablet: &Device) -> Result<(), String> {
        tablet.pep(&["sync", "--once"])?;
        self.relay(&["teams", "end", LINNET, TEACHER.0, "--on", "2026-01-31"])?;
        self.relay(&["teams", "add", LINNET, TEACHER.0, "--role", "professional"])?;
        tablet.pep(&["write", pep, "progress.goingWell", "--append", "Refused for the wrong role."])?;
        tablet.pep(&["comment", pep, "care.story", "Kept, and written again."])?;
        tablet.pep(&["sync", "--once"])?;
        self.relay(&["teams", "end", LINNET, TEACHER.0, "--on", "2026-01-31"])?;
        self.relay(&["teams", "add", LINNET, TEACHER.0, "--role", TEACHER.1])?;
        tablet.pep(&["sync", "--once"]).map(drop)
    }

    /// What lies on a device besides: settings, a PIN, the council's colours, and what has not been shared.
    fn everyday(&self, pep: &str, tablet: &Device) -> Result<(), String> {
        let gideon = self.device("gideon");
        gideon.person.pipe(["pin", "set"], PIN);
        let council = json!({ "name": "Harrowmere Council", "colour": "#00414a", "demo": true });
        fs::write(gideon.person.home.join("pages.json"), council.to_string()).map_err(failed)?;
        let pages = Pages::open(&gideon)?;
        pages.post("/settings", "text=large&pause=yes")?;
        drop(pages);
        self.joins("telephone", SOCIAL_WORKER, None, "Gideon's telephone")?;
        self.relay(&["devices", "revoke", "Gideon's telephone"])?;
        self.share(&["gideon"])?;
        tablet.pep(&["sync", "--once"])?;
        tablet.pep(&["comment", pep, "care.story", "Not shared yet, from the tablet."])?;
        gideon.pep(&["write", pep, "care.story", "--append", "Not shared yet."])?;
        gideon.pep(&["child", "add", "--name", "Bram Cobbleton", "--dob", "2022-05-30"])?;
        let new = ["new", "Bram Cobbleton", "--term", "2025/26-spring", "--type", "initial", "--process", "web"];
        gideon.pep(&new).map(drop)
    }

    /// Files that are carried: a section sealed with a passphrase, and what the Virtual School signed in both forms.
    fn exports(&self, gideon: &Device, pep: &str, to: &Path) -> Result<Value, String> {
        let passphrase = self.path("seal-passphrase");
        fs::write(&passphrase, SEAL_PASSPHRASE).map_err(failed)?;
        let file = |name: &str| to.join(name).to_string_lossy().into_owned();
        let section = ["export", pep, "--section", "2", "--format", "json"];
        gideon.pep(&[&section[..], &["-o", &self.path("section.json")]].concat())?;
        let seal = ["--seal", "--seal-passphrase-file", &passphrase, "-o", &file("section.sealed")];
        gideon.pep(&[&section[..], &seal].concat())?;
        for format in ["json", "automerge"] {
            let name = file(&format!("signed.{format}"));
            gideon.pep(&["export", pep, "--signed", "--format", format, "-o", &name])?;
        }
        let section: Value =
            serde_json::from_slice(&fs::read(self.path("section.json")).map_err(failed)?).map_err(failed)?;
        Ok(json!({ "passphrase": SEAL_PASSPHRASE, "section": section }))
    }

    fn relay_reads(&self) -> Result<Value, String> {
        let mut reads = Vec::new();
        for args in [
            &["check"][..],
            &["people", "list"],
            &["devices", "list"],
            &["children", "list"],
            &["teams", "list", LINNET],
            &["held", "list"],
        ] {
            let said = self.relay_json(args)?;
            let says = match args.first().copied() {
                // A folder that was copied begins an epoch when it is opened, which is a record more.
                Some("check") => only(&said, &["damage", "documents"]),
                Some("held") => each(&said, &["change", "code", "author", "person", "doc", "seq", "told"]),
                _ => said,
            };
            reads.push(json!({ "args": args, "says": says }));
        }
        Ok(reads.into())
    }
}

/// What a device says of everything that it holds, without what depends on the day or on words.
fn reads(device: &Device, spring: &str) -> Result<Value, String> {
    let mut asked: Vec<Vec<&str>> =
        vec![vec!["whoami"], vec!["list"], vec!["status"], vec!["held"], vec!["child", "list"], vec!["contacts"]];
    let list = device.json(&["list"])?;
    let peps = list.as_array().into_iter().flatten().filter_map(|pep| pep["pep"].as_str());
    for pep in peps {
        asked.extend([vec!["show", pep], vec!["history", pep]]);
    }
    asked.extend([vec!["conflicts", spring], vec!["private", spring]]);
    let mut reads = Vec::new();
    for args in asked {
        let said = device.json(&args)?;
        let says = match args.first().copied() {
            Some("show") => {
                let mut says = only(&said, &OF_A_PLAN);
                let made = says.get_mut("signOffs").and_then(Value::as_array_mut).into_iter().flatten();
                made.filter_map(Value::as_object_mut).for_each(|made| drop(made.remove("why")));
                says
            }
            Some("list") => each(&said, &["pep", "child", "childName", "process", "term", "type", "state"]),
            Some("history") => each(&said, &["at", "by", "change"]),
            Some("held") => each(&said, &["change", "code", "mine", "pep", "at"]),
            _ => said,
        };
        reads.push(json!({ "args": args, "says": says }));
    }
    Ok(reads.into())
}

fn only(said: &Value, keys: &[&str]) -> Value {
    let kept = keys.iter().filter_map(|key| Some(((*key).to_owned(), said.get(key)?.clone())));
    Value::Object(kept.collect())
}

fn each(said: &Value, keys: &[&str]) -> Value {
    said.as_array().into_iter().flatten().map(|one| only(one, keys)).collect()
}

/// Runs `pep-relay` over a folder; what it printed.
pub fn relay(data: &Path, args: &[&str]) -> Result<String, String> {
    let mut command = Command::new(program("pep-relay"));
    command.args(args).arg("--data").arg(data).env_remove("PEP_RELAY_KEY").env_remove("PEP_RELAY_KEY_FILE");
    said(args, &command.output().map_err(failed)?)
}

fn text(said: &Value, key: &str) -> Result<String, String> {
    said[key].as_str().map(str::to_owned).ok_or_else(|| format!("{said} does not say {key:?}"))
}

/// Packs what is in a folder, but for some of it.
pub(super) fn pack(folder: &Path, to: &Path, without: &[&str]) -> Result<(), String> {
    let mut tar = tar::Builder::new(GzEncoder::new(File::create(to).map_err(failed)?, Compression::best()));
    tar.mode(tar::HeaderMode::Deterministic);
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    for file in files {
        let name = file.strip_prefix(folder).map_err(failed)?;
        if !without.iter().any(|out| name.starts_with(out)) {
            tar.append_path_with_name(&file, name).map_err(failed)?;
        }
    }
    tar.into_inner().and_then(GzEncoder::finish).map(drop).map_err(failed)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() { collect(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

pub(super) fn write_frames(frames: &[Said], to: &Path) -> Result<(), String> {
    let mut tar = tar::Builder::new(GzEncoder::new(File::create(to).map_err(failed)?, Compression::best()));
    for (n, (speaker, bytes)) in frames.iter().enumerate() {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        let name = format!("{n:03}-{}", frame_name(*speaker, bytes)?);
        tar.append_data(&mut header, name, bytes.as_slice()).map_err(failed)?;
    }
    tar.into_inner().and_then(GzEncoder::finish).map(drop).map_err(failed)
}

/// Who spoke, and what: `device-hello`.
pub(super) fn frame_name(speaker: Speaker, bytes: &[u8]) -> Result<String, String> {
    Frame::decode(bytes).map_err(failed)?;
    let frame: ciborium::Value = ciborium::from_reader(bytes).map_err(failed)?;
    let said = frame.as_map().into_iter().flatten().find(|(key, _)| key.as_text() == Some("t"));
    let said = said.and_then(|(_, value)| value.as_text()).ok_or("a frame does not say what it is")?;
    let who = if speaker == Speaker::Device { "device" } else { "relay" };
    Ok(format!("{who}-{said}"))
}

fn failed(e: impl std::fmt::Display) -> String {
    e.to_string()
}
