//! Folders and files as the programs of a release wrote them, kept in `fixtures/stores` so that every later build shows that it
//! still opens them: how they are found and unpacked, and how an answer is compared with the one that was written down. [`make`]
//! makes them; [`bytes`] reads a folder without the program that wrote it.

pub mod bytes;
pub mod make;
pub mod pages;
mod tap;
pub mod transcript;

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::world::Person;

/// The file of a fixture that says what must be read in it.
pub const EXPECTED: &str = "expected.json";
/// The folder of a fixture's two homes, by the name of their file: without a passphrase and with one.
pub const HOMES: [&str; 2] = ["home", "home-locked"];

/// Every layout that is kept, oldest first: `fixtures/stores/v2` and what joins it. Layout 1 lies beside them as two files, and has
/// tests of its own.
pub fn kept() -> Vec<PathBuf> {
    let stores = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/stores");
    let entries = fs::read_dir(&stores).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.join(EXPECTED).exists()).collect();
    found.sort();
    found
}

/// What must be read in a fixture.
pub fn expected(fixture: &Path) -> Result<Value, String> {
    let text = fs::read_to_string(fixture.join(EXPECTED)).map_err(|e| e.to_string())?;
    serde_json::from_str(&text).map_err(|e| e.to_string())
}

/// Unpacks a folder of a fixture to `to`, which is not there yet.
pub fn unpack(fixture: &Path, name: &str, to: &Path) -> Result<(), String> {
    let packed = File::open(fixture.join(format!("{name}.tar.gz"))).map_err(|e| format!("{name}: {e}"))?;
    tar::Archive::new(GzDecoder::new(packed)).unpack(to).map_err(|e| format!("{name}: {e}"))
}

/// The frames of a fixture in the order in which they were said, each under a name that says who spoke.
pub fn frames(fixture: &Path) -> Result<Vec<(String, Vec<u8>)>, String> {
    let packed = File::open(fixture.join("frames.tar.gz")).map_err(|e| e.to_string())?;
    let mut archive = tar::Archive::new(GzDecoder::new(packed));
    let mut frames = Vec::new();
    for entry in archive.entries().map_err(|e| e.to_string())? {
        let mut entry = entry.map_err(|e| e.to_string())?;
        let name = entry.path().map_err(|e| e.to_string())?.to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        frames.push((name, bytes));
    }
    Ok(frames)
}

/// A device of a fixture: its folder, and what opens it.
pub struct Device {
    /// Whoever uses it.
    pub person: Person,
    /// Its passphrase, where it has one.
    pub passphrase: Option<String>,
}

impl Device {
    /// The command, not yet run.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.person.command(args);
        if let Some(passphrase) = &self.passphrase {
            command.env("PEP_PASSPHRASE", passphrase);
        }
        command
    }

    /// Runs a command that must succeed; what it printed.
    pub fn pep(&self, args: &[&str]) -> Result<String, String> {
        said(args, &self.command(args).output().map_err(|e| e.to_string())?)
    }

    /// The same as JSON.
    pub fn json(&self, args: &[&str]) -> Result<Value, String> {
        let words = [args, &["--json"]].concat();
        serde_json::from_str(&self.pep(&words)?).map_err(|e| format!("{args:?}: {e}"))
    }
}

/// What a command printed; the error holds all it said.
pub fn said(args: &[&str], output: &Output) -> Result<String, String> {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    match output.status.success() {
        true => Ok(out.into_owned()),
        false => Err(format!("{args:?} ended with {:?}\n{out}{err}", output.status.code())),
    }
}

/// The first thing of what was written down that an answer does not say, as the place and both values; `None` where it says
/// everything. More may be in it than was written down: programs learn to say more, and never less.
pub fn lacks(expected: &Value, found: &Value) -> Option<String> {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => expected.iter().find_map(|(key, value)| {
            let there = found.get(key).unwrap_or(&Value::Null);
            lacks(value, there).map(|what| format!("{key}.{what}"))
        }),
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            let mut pairs = expected.iter().zip(found).enumerate();
            pairs.find_map(|(at, (value, there))| lacks(value, there).map(|what| format!("{at}.{what}")))
        }
        (Value::String(merged), Value::Object(found)) if each_of(merged, found) => None,
        (expected, found) => (expected != found).then(|| format!(" {expected} was written down; it is {found}")),
    }
}

/// True where two people rewrote a text apart, and each one's is shown, of which programs once made one, letter by letter.
fn each_of(merged: &str, found: &serde_json::Map<String, Value>) -> bool {
    let claims = found.get("disputed").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let all: String = claims.iter().filter_map(|claim| claim["value"].as_str()).collect();
    claims.len() > 1 && merged.chars().all(|letter| all.contains(letter))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_may_say_more_than_was_written_down_and_never_less_or_another_thing() {
        let written = json!({ "a": 1, "b": [{ "c": null }, "d"] });
        assert_eq!(lacks(&written, &json!({ "a": 1, "b": [{ "c": null, "e": 2 }, "d"], "f": 3 })), None);
        for less in [
            json!({ "b": [{}, "d"] }),
            json!({ "a": 2, "b": [{}, "d"] }),
            json!({ "a": 1, "b": ["d"] }),
            json!({ "a": 1, "b": [{}, "d", "d"] }),
            json!({ "a": 1, "b": ["d", {}] }),
            json!({ "a": 1, "b": [{ "c": 0 }, "d"] }),
            json!([]),
        ] {
            assert!(lacks(&written, &less).is_some(), "{less}");
        }
    }
}
