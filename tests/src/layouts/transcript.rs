//! Conversations of a release's device with its relay, kept in `fixtures/transcripts`: both folders as they were before it, and every
//! frame that was said. So a later relay can be spoken to by the older device, and a later device by the older relay.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use sync::link::Link;

use super::{
    EXPECTED,
    make::{frame_name, pack, write_frames},
    tap::Tap,
};
use crate::world::{CHILD, Person, World};

/// The relay as it was before the conversation.
pub const RELAY: &str = "relay";
/// The device as it was before the conversation, with what it had not shared yet.
pub const HOME: &str = "home";
const STORY: &str = "care.story";

/// Every transcript that is kept, oldest first.
pub fn kept() -> Vec<PathBuf> {
    let all = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/transcripts");
    let entries = fs::read_dir(&all).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.join(EXPECTED).exists()).collect();
    found.sort();
    found
}

/// Plays the conversation with the built programs and keeps it in `to`, which is not there yet.
pub fn make(to: &Path) -> Result<(), String> {
    if to.exists() {
        return Err(format!("{} is there already: a transcript is never made again, another is added", to.display()));
    }
    let mut world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let tap = Tap::place(&world.data(), world.address())?;
    let ottoline = Person { home: world.path("ottoline") };
    let link: Link =
        world.invite("Ottoline Greaves-Penn", "designated-teacher").parse().map_err(|_| "no link".to_owned())?;
    ottoline.pep(["join", &Link { address: tap.address.clone(), ..link }.to_string()]);
    let pep = odile.start_pep();
    odile.pep(["write", &pep, STORY, "Loyal, quick and a very good cook."]);
    odile.sync();
    ottoline.sync();
    // A day without a line, for both.
    ottoline.pep(["write", &pep, "progress.goingWell", "Reads to the younger ones."]);
    ottoline.pep(["comment", &pep, STORY, "He cooked for the whole class."]);
    ottoline.pep(["row", "add", &pep, "attendance.terms", "term=Autumn 2025", "possible=110", "attended=96"]);
    let initial = ["new", CHILD, "--term", "2024/25-summer", "--type", "initial", "--process", "sections"];
    ottoline.json(initial);
    odile.pep(["write", &pep, STORY, "--append", "Dislikes Mondays."]);
    odile.pep(["set", &pep, "transfer.needed", "yes"]);
    world.stop_relay()?;
    fs::create_dir_all(to).map_err(|e| e.to_string())?;
    pack(&world.data(), &to.join(format!("{RELAY}.tar.gz")), &["ballast"])?;
    pack(&ottoline.home, &to.join(format!("{HOME}.tar.gz")), &["ballast", "sled"])?;
    world.serve();
    let before = tap.sessions()?.len();
    ottoline.sync();
    odile.sync();
    ottoline.sync();
    let sessions = tap.sessions()?;
    let said: Vec<_> = sessions.into_iter().skip(before).flatten().collect();
    write_frames(&said, &to.join("frames.tar.gz"))?;
    let names: Vec<String> = said.iter().map(|(who, bytes)| frame_name(*who, bytes)).collect::<Result<_, _>>()?;
    let shown = ottoline.show(&pep);
    let expected = json!({
        "program": env!("CARGO_PKG_VERSION"),
        "pep": pep,
        "shows": { "heads": shown["heads"], "answers": shown["answers"], "comments": texts(&shown["comments"]) },
        "frames": names,
    });
    fs::write(to.join(EXPECTED), format!("{expected}\n")).map_err(|e| e.to_string())
}

/// What remarks say, without when.
pub fn texts(comments: &Value) -> Value {
    comments.as_array().into_iter().flatten().map(|comment| comment["text"].clone()).collect()
}
