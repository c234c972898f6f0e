//! What a role may not read never comes to its devices: strings that stand nowhere else are planted in every question of every
//! annex, and looked for in all that each device was sent, keeps, says and shows.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use plan::{DocumentKind, Pep, PepType, Processes, Role, bank, parse_term};
use sync::{Frame, link::Link};

use crate::{
    Home, World,
    pages::{Browser, Open},
    text,
};

const PEOPLE: [(&str, &str, Role); 8] = [
    ("odile", "Odile Marrowfield", Role::SocialWorker),
    ("ottoline", "Ottoline Greaves-Penn", Role::DesignatedTeacher),
    ("lorcan", "Lorcan Tidewell", Role::VirtualSchoolOfficer),
    ("marguerite", "Marguerite Oakhollow", Role::VirtualSchoolHead),
    ("carys", "Carys Wexcombe", Role::Carer),
    ("idris", "Idris Fennimoor", Role::YoungPerson),
    ("quentin", "Quentin Saltmarsh", Role::IndependentReviewingOfficer),
    ("pol", "Pol Esterhaz", Role::Professional),
];

/// Pages of one device that are looked at, at the most: those that links lead to first are the plan's own and its sections.
const PAGES_MAX: usize = 120;

/// Stands between a device and the relay on a plain line, and keeps all that the device is sent.
struct Tap {
    address: String,
    got: Arc<Mutex<Vec<Vec<u8>>>>,
    ends: Arc<AtomicBool>,
}

impl Tap {
    fn before(relay: &str) -> Tap {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (got, ends) = (Arc::<Mutex<Vec<Vec<u8>>>>::default(), Arc::<AtomicBool>::default());
        let (relay, keeps, ended) = (relay.to_owned(), got.clone(), ends.clone());
        thread::spawn(move || {
            for device in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(device), Ok(relay)) = (device, TcpStream::connect(&relay)) else { continue };
                let number = {
                    let mut all = keeps.lock().unwrap();
                    all.push(Vec::new());
                    all.len() - 1
                };
                let (asks, answers) = (device.try_clone().unwrap(), relay.try_clone().unwrap());
                thread::spawn(move || carry(asks, relay, |_| {}));
                let keeps = keeps.clone();
                thread::spawn(move || carry(answers, device, |bytes| keeps.lock().unwrap()[number].extend(bytes)));
            }
        });
        Tap { address, got, ends }
    }

    /// All bytes that came, connection by connection.
    fn bytes(&self) -> Vec<Vec<u8>> {
        self.got.lock().unwrap().clone()
    }

    /// The frames that came.
    fn frames(&self) -> Vec<Frame> {
        self.bytes().iter().flat_map(|came| messages(came)).map(|m| Frame::decode(&m).expect("a frame")).collect()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        // Whoever waits for a connection gets one, and looks.
        let _ = TcpStream::connect(&self.address);
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, mut keep: impl FnMut(&[u8])) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        // Kept before it is passed on: what a device has, is here.
        keep(&bytes[..count]);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

/// The binary messages of a WebSocket, as a server sends them: whole, unmasked. Answers of HTTP may stand before it on the connection.
fn messages(came: &[u8]) -> Vec<Vec<u8>> {
    let upgrade = b"HTTP/1.1 101";
    let Some(begins) = came.windows(upgrade.len()).position(|head| head == upgrade) else { return Vec::new() };
    let came = &came[begins..];
    let end = came.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
    let Some(mut at) = end else { return Vec::new() };
    let mut found = Vec::new();
    while let [first, second, ..] = came[at..] {
        let (short, start) = (usize::from(second & 0x7f), at + 2);
        let wide = |count: usize| came[start..start + count].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        let (length, start) = match short {
            126 => (wide(2), start + 2),
            127 => (wide(8), start + 8),
            short => (short, start),
        };
        if start + length > came.len() {
            break;
        }
        if first == 0x82 {
            found.push(came[start..start + length].to_vec());
        }
        at = start + length;
    }
    found
}

/// What is looked for, and every form in which it could be kept.
#[derive(Clone)]
struct Planted {
    /// In which document.
    kind: DocumentKind,
    /// By whom: nobody is sent what they brought.
    by: String,
    what: String,
    forms: Vec<Vec<u8>>,
}

impl Planted {
    fn new(kind: DocumentKind, by: &str, what: &str) -> Planted {
        let small = what.to_lowercase();
        let mut forms = Vec::new();
        for word in [what, &small] {
            forms.push(word.as_bytes().to_vec());
            forms.push(word.encode_utf16().flat_map(u16::to_le_bytes).collect());
            forms.push(word.encode_utf16().flat_map(u16::to_be_bytes).collect());
            // Within a longer text it may begin at any of three places; its ends then hang on what stands beside it.
            for before in 0..3 {
                let letters = BASE64.encode([&b"xyz"[..before], word.as_bytes(), b"xyz"].concat());
                forms.push(letters.as_bytes()[4..letters.len() - 8].to_vec());
            }
        }
        Planted { kind, by: by.to_owned(), what: what.to_owned(), forms }
    }

    fn is_in(&self, hay: &[u8]) -> bool {
        self.forms.iter().any(|form| holds(hay, form))
    }
}

fn holds(hay: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(hay, needle).is_some()
}

/// A picture whose points are these letters.
fn drawing(points: &str) -> Vec<u8> {
    let chunk = |kind: &[u8], inside: &[u8]| {
        [&u32::try_from(inside.len()).unwrap().to_be_bytes()[..], kind, inside, b"crc!"].concat()
    };
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IDAT", points.as_bytes()), chunk(b"IEND", b"")].concat()
}

/// Every file below a folder.
fn kept(folder: &Path, found: &mut Vec<Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.path() {
            path if path.is_dir() => kept(&path, found),
            path => found.extend(fs::read(path).ok()),
        }
    }
}

/// All that a device's own commands say of a plan, whoever asks.
fn said(home: &Home, pep: &str) -> Vec<Vec<u8>> {
    let file = home.path.with_extension("exported");
    let commands: [&[&str]; 12] = [
        &["show", pep],
        &["show", pep, "--json"],
        &["history", pep],
        &["history", pep, "--json"],
        &["check", pep, "--json"],
        &["conflicts", pep, "--json"],
        &["diff", pep, "2000-01-01", "--json"],
        &["held", "--json"],
        &["status", "--json"],
        &["list", "--json"],
        &["export", pep, "--format", "json", "-o", text(&file)],
        &["private", pep, "--json"],
    ];
    let mut all = Vec::new();
    for words in commands {
        let said = home.pep(words);
        all.push(said.out.into_bytes());
        all.push(said.err.into_bytes());
    }
    all.extend(fs::read(&file).ok());
    let file = home.path.with_extension("automerge");
    home.pep(&["export", pep, "--format", "automerge", "-o", text(&file)]);
    let document = plan::load(&fs::read(&file).unwrap()).unwrap();
    // As it is saved it may be deflated; change by change it is not.
    all.extend(document.get_changes(&[]).into_iter().map(|mut change| change.bytes().to_vec()));
    all
}

/// Every page of a plan that links lead to.
fn pages(home: &Home, pep: &str) -> Vec<Vec<u8>> {
    let open = Open::start(home, &["--no-browser"]);
    let browser = Browser::let_in(&open.1);
    let (mut to_see, mut seen, mut all) = (VecDeque::from([format!("/pep/{pep}")]), BTreeSet::new(), Vec::new());
    while let Some(target) = to_see.pop_front() {
        if seen.len() >= PAGES_MAX || !seen.insert(target.clone()) {
            continue;
        }
        let page = browser.get(&target).body;
        for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split(['"', '#']).next()) {
            if link.starts_with(&format!("/pep/{pep}")) {
                to_see.push_back(link.replace("&amp;", "&"));
            }
        }
        all.push(page.into_bytes());
    }
    assert!(seen.len() > 20, "{} pages", seen.len());
    all
}

#[test]
fn a_device_never_receives_a_byte_of_what_its_role_may_not_read() {
    let world = World::plain();
    let relay = world.relay.url.strip_prefix("ws://").unwrap();
    let joins = |(name, full, role): &(&'static str, &str, Role)| {
        let tap = Tap::before(relay);
        let link: Link = world.relay.invite((full, role.slug()), &world.child).parse().unwrap();
        let link = Link { address: tap.address.clone(), ..link };
        let home = world.home(name);
        home.pep(&["join", &link.to_string()]).ok();
        (*name, (home, tap, *role))
    };
    let people: BTreeMap<&str, (Home, Tap, Role)> = PEOPLE.iter().map(joins).collect();
    let home = |name: &str| &people[name].0;
    let sync_all = || people.values().for_each(|(home, ..)| drop(home.pep(&["sync"]).ok()));
    let spring = world.spring(home("odile"));
    home("odile").pep(&["sync"]).ok();
    sync_all();

    // Planted by whoever writes it, each in a change of its own, in every question of every annex.
    let mut planted: Vec<Planted> = Vec::new();
    let mut count = 0_u64;
    let mut does = |who: &str, question: &str, words: &dyn Fn(&str) -> Vec<String>| {
        count += 1;
        // No two have a piece in common, in whatever form.
        let canary = format!("{:016x}", 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(count));
        let words = words(&canary);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        home(who).pep(&words).ok();
        Planted::new(bank().question(question).unwrap().document(), who, &canary)
    };
    let line = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let picture = world.dir.path().join("drawing.png");
    for question in bank().questions().iter().filter(|question| question.annex.is_some()) {
        let id = question.id.as_str();
        let who = if question.document() == DocumentKind::PrivateVoice { "idris" } else { "odile" };
        let none = ["set", &spring, id, "--none", "not-known", "--reason"];
        planted.push(match question.kind {
            plan::Kind::Picture => does(who, id, &|canary| {
                fs::write(&picture, drawing(canary)).unwrap();
                line(&["set", &spring, id, text(&picture)])
            }),
            plan::Kind::Table => {
                does(who, id, &|canary| line(&["row", "add", &spring, id, &format!("person={canary}")]))
            }
            plan::Kind::Text | plan::Kind::LongText => does(who, id, &|canary| line(&["write", &spring, id, canary])),
            _ if question.may_be_excused() => does(who, id, &|canary| line(&[&none[..], &[canary]].concat())),
            _ => {
                home(who).pep(&["set", &spring, id, "2093-05-17"]).ok();
                Planted::new(question.document(), who, "2093-05-17")
            }
        });
        planted.push(does(who, id, &|canary| line(&["comment", &spring, id, canary])));
    }
    assert!(planted.len() >= 18, "{} planted", planted.len());
    sync_all();
    sync_all();
    holds_only_what_it_may(&world, &people, &spring, &planted, |kind, role| kind.readers().contains(&role));

    // The child lets the carer see the private words, and neither the teacher nor the Virtual School any more.
    home("idris").pep(&["private", &spring, "--readers", "social-worker,carer"]).ok();
    home("idris").pep(&["comment", &spring, "voice.keepPrivate", "Vj77PlRsKwXvNodT"]).ok();
    sync_all();
    sync_all();
    let later = [Planted::new(DocumentKind::PrivateVoice, "idris", "Vj77PlRsKwXvNodT")];
    let chosen = [Role::SocialWorker, Role::Carer, Role::YoungPerson];
    holds_only_what_it_may(&world, &people, &spring, &later, |kind, role| match kind {
        DocumentKind::PrivateVoice => chosen.contains(&role),
        kind => kind.readers().contains(&role),
    });
    // What was there before is shown nowhere any more where it went, and comes to where it was let.
    for (name, (home, ..)) in &people {
        let private = planted.iter().filter(|planted| planted.kind == DocumentKind::PrivateVoice);
        let shown = said(home, &spring);
        for planted in private {
            let there = shown.iter().any(|hay| planted.is_in(hay));
            let may = ["odile", "carys", "idris"].contains(name);
            assert_eq!(there, may, "{name}: {}", planted.what);
        }
    }
}

/// Looks for everything in everything.
fn holds_only_what_it_may(
    world: &World,
    people: &BTreeMap<&str, (Home, Tap, Role)>,
    spring: &str,
    planted: &[Planted],
    may: impl Fn(DocumentKind, Role) -> bool,
) {
    let (year, term) = parse_term("2025/26-spring").unwrap();
    let process = Processes::built_in().latest("sections").unwrap();
    let pep = Pep {
        child: world.child.parse().unwrap(),
        year,
        term,
        kind: PepType::Review,
        process,
        filed: plan::Filed::default(),
    };
    assert_eq!(pep.id().to_string(), spring);
    for (name, (home, tap, role)) in people {
        let mut sent = tap.bytes();
        let frames = tap.frames();
        assert!(frames.len() > 5, "{name} was sent {} frames", frames.len());
        // Changes of what a device may read travel deflated where they are long; these are short, and the controls below see it.
        sent.extend(frames.iter().map(Frame::encode));
        let mut here = said(home, spring);
        if [Role::Carer, Role::YoungPerson, Role::Professional].contains(role) {
            here.extend(pages(home, spring));
        }
        let mut files = Vec::new();
        kept(&home.path, &mut files);
        for planted in planted {
            let Planted { kind, by, what, .. } = planted;
            if may(*kind, *role) {
                let came = by == name || sent.iter().any(|hay| planted.is_in(hay));
                assert!(came, "{name} was not sent {what} of {kind}: a blind test");
                assert!(
                    here.iter().any(|hay| planted.is_in(hay)),
                    "{name} does not show {what} of {kind}: a blind test"
                );
                continue;
            }
            for (where_to, hays) in [("was sent", &sent), ("shows", &here), ("keeps", &files)] {
                assert!(!hays.iter().any(|hay| planted.is_in(hay)), "{name} {where_to} {what} of {kind}");
            }
        }
        // Nor is a device told that such a document is there: neither its id nor how far it has come.
        for kind in DocumentKind::ALL.iter().filter(|kind| !may(**kind, *role) && !kind.readers().contains(role)) {
            let doc = pep.document(*kind);
            for form in [doc.as_bytes().to_vec(), doc.to_string().into_bytes(), doc.simple().to_string().into_bytes()] {
                for hays in [&sent, &here, &files] {
                    assert!(!hays.iter().any(|hay| holds(hay, &form)), "{name} knows of {kind}");
                }
            }
        }
    }
}
