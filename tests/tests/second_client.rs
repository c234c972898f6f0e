//! The protocol's description is enough for a stranger: a client in another language, and the public Automerge package.

use std::{
    path::PathBuf,
    process::{Command, Output},
    sync::OnceLock,
};

use harness::world::World;
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("node")
}

/// Whether Node is here, with the packages of `tests/node`. Where it is missing the story says so and ends, except in CI.
fn node_is_here() -> bool {
    static HERE: OnceLock<bool> = OnceLock::new();
    *HERE.get_or_init(look_for_node)
}

fn look_for_node() -> bool {
    let works = |program: &str, args: &[&str]| {
        Command::new(program).args(args).current_dir(folder()).output().is_ok_and(|o| o.status.success())
    };
    if !works("node", &["--version"]) || !works("npm", &["--version"]) {
        assert!(std::env::var_os("CI").is_none(), "CI needs Node");
        harness::tell(
            "Node is not installed: the story of the second client is not played. Everything else needs no Node.",
        );
        return false;
    }
    let here = folder().join("node_modules/.package-lock.json").exists() || works("npm", &["ci"]);
    assert!(here, "the packages of tests/node could not be installed: run 'npm ci' there to see why");
    true
}

fn run(script: &str, args: &[&str]) -> Value {
    let Output { status, stdout, stderr } =
        Command::new("node").arg(script).args(args).current_dir(folder()).output().unwrap();
    assert!(status.success(), "{script}: {}", String::from_utf8_lossy(&stderr));
    serde_json::from_slice(&stdout).unwrap()
}

#[test]
fn a_client_in_another_language_joins_reads_writes_and_is_read() {
    if !node_is_here() {
        return;
    }
    let world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let pep = odile.start_pep();
    odile.pep(["write", &pep, "meeting.notes", "Odile was here 😀. "]);
    odile.sync();

    let link = world.invite("Lorcan Tidewell", "virtual-school-officer");
    let wrote = run("client.mjs", &[&link, "meeting.notes", "So was a second client 🚌."]);
    assert_eq!(wrote["before"], "Odile was here 😀. ");
    assert_eq!(wrote["role"], "virtual-school-officer");
    assert_eq!(wrote["receipt"], 3, "after what the directory filled in and what she wrote");

    odile.sync();
    let shown = odile.show(&pep);
    assert_eq!(shown["answers"]["meeting.notes"], "Odile was here 😀. So was a second client 🚌.");
    assert_eq!(shown["answers"]["meeting.notes"], wrote["after"]);
    assert_eq!(shown["heads"], wrote["heads"]);

    // And what it wrote has its author.
    let history = odile.json(["history", &pep, "--field", "meeting.notes"]);
    let by: Vec<&str> = history.as_array().unwrap().iter().filter_map(|e| e["by"].as_str()).collect();
    assert!(by.contains(&"Lorcan Tidewell") && by.contains(&"Odile Marrowfield"), "{history}");
}

#[test]
fn an_exported_plan_opens_in_the_public_automerge_package() {
    if !node_is_here() {
        return;
    }
    let world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let pep = odile.start_pep();
    odile.pep(["write", &pep, "meeting.notes", "Kept for the file: naïve café 😀"]);
    let file = world.path("plan.automerge");
    odile.pep(["export", &pep, "--format", "automerge", "-o", file.to_str().unwrap()]);
    let read = run("read.mjs", &[file.to_str().unwrap(), "meeting.notes"]);
    assert_eq!(read["text"], "Kept for the file: naïve café 😀");
    assert_eq!(read["heads"], odile.show(&pep)["heads"]);
}
