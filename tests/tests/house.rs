//! Keeps what `crates/README.md` draws: who may depend on whom, what the pure rooms must not know, who names sled.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// For each room, those of the watched packages that it may depend on. A row of `crates/README.md`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("crates/plan", &["automerge"]),
    ("crates/gate", &["automerge"]),
    ("crates/sync", &["gate"]),
    ("crates/replica", &["gate", "sync", "automerge"]),
    ("crates/disk", &["replica", "sled", "tokio"]),
    ("crates/participant", &["plan", "gate", "sync", "replica"]),
    ("crates/pages", &["plan", "participant"]),
    ("sync-server", &["plan", "gate", "sync", "replica", "disk", "tokio", "axum", "rustls", "tokio-rustls"]),
    (
        "client-cli",
        &[
            "plan",
            "gate",
            "sync",
            "replica",
            "disk",
            "participant",
            "pages",
            "sync-server",
            "tokio",
            "axum",
            "rustls",
            "tokio-rustls",
            "tokio-tungstenite",
        ],
    ),
];

const WATCHED: &[&str] = &[
    "plan",
    "gate",
    "sync",
    "replica",
    "disk",
    "participant",
    "pages",
    "sync-server",
    "client-cli",
    "harness",
    "automerge",
    "sled",
    "tokio",
    "axum",
    "rustls",
    "tokio-rustls",
    "tokio-tungstenite",
    "hyper",
];

/// Words that a pure room does not say in its code. The lint file bans the calls; this bans the doors to others.
const IMPURE: &[&str] = &[
    "async fn",
    "tokio::",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::env::var",
    "SystemTime",
    "Instant::now",
    " rand::",
    "SystemRandom",
    "println!",
    "eprintln!",
    "dbg!",
    "unsafe ",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn files(dir: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

fn sources(room: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    files(&root().join(room).join("src"), ".rs", &mut found);
    found.into_iter().map(|p| (p.clone(), fs::read_to_string(p).unwrap())).collect()
}

/// Code without its tests and its comments.
fn code(source: &str) -> String {
    let source = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    source.lines().filter(|l| !l.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Names under `[dependencies]` (not those for tests).
fn dependencies(room: &str) -> BTreeSet<String> {
    let manifest: toml::Table = fs::read_to_string(root().join(room).join("Cargo.toml")).unwrap().parse().unwrap();
    manifest.get("dependencies").and_then(|d| d.as_table()).map(|d| d.keys().cloned().collect()).unwrap_or_default()
}

#[test]
fn every_room_depends_only_on_what_the_map_allows() {
    for (room, allowed) in MAY_USE {
        let used = dependencies(room);
        for name in WATCHED.iter().filter(|n| used.contains(**n)) {
            let hyper_of_the_shells = *name == "hyper" && matches!(*room, "sync-server" | "client-cli");
            assert!(
                allowed.contains(name) || hyper_of_the_shells,
                "{room} must not depend on {name}: see crates/README.md"
            );
        }
    }
}

#[test]
fn the_map_shows_every_room_and_every_room_is_on_it() {
    let map = fs::read_to_string(root().join("crates/README.md")).unwrap();
    for (room, _) in MAY_USE {
        let name = room.trim_start_matches("crates/");
        assert!(map.contains(&format!("`{name}")), "crates/README.md does not say what {name} is");
    }
    let mut rooms: BTreeSet<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .filter_map(|e| {
            e.ok().filter(|e| e.path().is_dir()).map(|e| format!("crates/{}", e.file_name().to_string_lossy()))
        })
        .collect();
    rooms.extend(["sync-server".to_string(), "client-cli".to_string()]);
    assert_eq!(rooms, MAY_USE.iter().map(|(r, _)| r.to_string()).collect());
}

#[test]
fn the_rooms_that_work_things_out_are_pure() {
    let list = fs::read_to_string(root().join("crates/pure.txt")).unwrap();
    let rooms: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(rooms.len() >= 3, "{rooms:?}");
    for room in rooms {
        for (path, source) in sources(&format!("crates/{room}")) {
            let code = code(&source);
            for word in IMPURE {
                assert!(!code.contains(word), "{} says {word:?}", path.display());
            }
        }
    }
}

/// The device core has no sentence of its own: what its person is told stands in `words`, in one file.
#[test]
fn what_a_device_tells_its_person_stands_with_the_words() {
    let mut core: Vec<(PathBuf, String)> = sources("crates/participant");
    core.retain(|(path, _)| path.components().any(|part| part.as_os_str() == "device") || path.ends_with("device.rs"));
    assert!(core.len() > 10, "{} files", core.len());
    for (path, source) in core {
        // An error says itself what it is.
        for line in code(&source).replace("#[error(\n", "#[error(").lines().filter(|line| !line.contains("#[error(")) {
            for text in line.split('"').skip(1).step_by(2) {
                assert!(text.split(' ').count() < 3 || text.starts_with("openpep"), "{}: {text:?}", path.display());
            }
        }
    }
}

#[test]
fn only_the_disk_names_sled_and_only_one_file_of_it() {
    let mut naming = BTreeSet::new();
    for (room, _) in MAY_USE {
        for (path, source) in sources(room) {
            if code(&source).contains("sled::") {
                naming.insert(path.strip_prefix(root()).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    assert_eq!(naming, BTreeSet::from(["crates/disk/src/store.rs".to_string()]));
}

#[test]
fn only_one_file_serves_the_pages_and_none_puts_words_in_as_they_are() {
    for room in ["client-cli", "crates/pages"] {
        for (path, source) in sources(room) {
            let code = code(&source);
            let path = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            assert!(!code.contains("axum::") || path == "client-cli/src/serve.rs", "{path} names axum");
            assert!(!code.contains("PreEscaped"), "{path} puts words into a page as they are");
        }
    }
}

#[test]
fn nothing_but_the_gate_hands_bytes_from_elsewhere_to_automerge() {
    // These read bytes that no gate has judged. The replica's one loader reads its own store; plan's is for such bytes too.
    let doors =
        ["load_incremental", "receive_sync_message", "Automerge::load", "AutoCommit::load", "Change::from_bytes"];
    let allowed: BTreeMap<&str, usize> =
        BTreeMap::from([("crates/replica/src/lib.rs", 1), ("crates/plan/src/record/pep.rs", 1)]);
    for (room, _) in MAY_USE.iter().filter(|(room, _)| *room != "crates/gate") {
        for (path, source) in sources(room) {
            let code = code(&source);
            let uses: usize = doors.iter().map(|d| code.matches(d).count()).sum();
            let path = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            let may = allowed.get(path.as_str()).copied().unwrap_or(0);
            assert!(uses <= may, "{path} loads a document by itself; bytes from elsewhere go through the gate");
        }
    }
}

#[test]
fn a_panic_unwinds_in_release_builds_for_the_gate_turns_it_into_a_refusal() {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    assert_eq!(manifest["profile"]["release"]["panic"].as_str(), Some("unwind"));
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    let words = ["TODO", "FIXME", "XXX", "todo!(", "unimplemented!(", "#[ignore"];
    for (room, _) in MAY_USE {
        let mut found = Vec::new();
        files(&root().join(room), ".rs", &mut found);
        for path in found {
            let source = fs::read_to_string(&path).unwrap();
            for word in words {
                assert!(!source.contains(word), "{} says {word:?}", path.display());
            }
        }
    }
}

#[test]
fn every_file_that_is_said_to_try_a_promise_of_security_is_there() {
    let page = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).filter(|word| word.contains('/')).collect();
    assert!(named.len() > 10, "{named:?}");
    for path in named {
        assert!(root().join(path).exists(), "SECURITY.md names {path}");
    }
}
