//! What `pep` and `pep-relay` print with `--json`, held against the schemas that they publish.
//!
//! `jsonschema`, the crate that knows all of JSON Schema, brings some thirty packages; what our schemas use of it is the forty lines of
//! [`Schema::holds`], which know no keyword beside those and say so.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{LazyLock, Mutex},
};

use chrono::{DateTime, NaiveDate};
use serde_json::json;
use uuid::Uuid;

use super::*;

/// A published schema.
struct Schema(Value);

/// The schemas of one program, by the words of the command.
type Schemas = BTreeMap<String, Schema>;

static PEP: LazyLock<Schemas> = LazyLock::new(|| published("schemas"));
static RELAY: LazyLock<Schemas> = LazyLock::new(|| published("../sync-server/schemas"));
/// Which have been held against something, by program and command.
static TRIED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Holds what a command printed against its schema, where it was asked for JSON. `relay`: these are words of `pep-relay`.
pub fn look(relay: bool, words: &[&str], said: &Said) {
    // What is written to standard output is the file that was asked for.
    if !words.contains(&"--json") || words.contains(&"-") {
        return;
    }
    if said.out.is_empty() {
        assert_eq!(said.code, 0, "{words:?} failed without a document: {}", said.err);
        return;
    }
    let (program, schemas) = if relay { ("pep-relay", &*RELAY) } else { ("pep", &*PEP) };
    let plain: Vec<&str> = words.iter().copied().take(2).collect();
    let named = [plain.join(" "), plain.first().copied().unwrap_or_default().to_owned()];
    let printed: Value =
        serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{program} {words:?}: {e}: {}", said.out));
    let error = "error".to_owned();
    let command = match printed.get("error") {
        // Why it was not done is said alike by all.
        Some(why) => {
            let kinds = ["failed", "usage", "not-permitted", "unreachable", "findings", "choose", "store"];
            let code = kinds.iter().zip(1..).find(|(kind, _)| why["kind"] == **kind).map(|(_, code)| code);
            assert_eq!(code, Some(said.code), "{program} {words:?}: {printed}");
            &error
        }
        None => {
            let command = named.iter().find(|command| schemas.contains_key(*command));
            command.unwrap_or_else(|| panic!("no schema for {program} {words:?}"))
        }
    };
    if let Err(wrong) = schemas[command].holds(&printed) {
        panic!("{program} {words:?} does not print what its schema says: {wrong}\n{printed:#}");
    }
    TRIED.lock().unwrap().insert(format!("{program} {command}"));
}

fn published(folder: &str) -> Schemas {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    let read = |path: PathBuf| {
        let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let title = schema["title"].as_str().unwrap().trim_end_matches(" --json").to_owned();
        (title.split_once(' ').unwrap().1.to_owned(), Schema(schema))
    };
    fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap().path())).collect()
}

impl Schema {
    /// Whether a document is as the schema says; `Err` says where it is not.
    fn holds(&self, document: &Value) -> Result<(), String> {
        self.within(&self.0, document, "")
    }

    fn within(&self, schema: &Value, found: &Value, at: &str) -> Result<(), String> {
        let no = |why: &str| Err(format!("{at}: {why}: {found}"));
        for (keyword, says) in schema.as_object().into_iter().flatten() {
            let whole = |says: &Value| says.as_array().cloned().unwrap_or_default();
            let fits = match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" => true,
                "$ref" => {
                    let path = says.as_str().and_then(|name| name.strip_prefix('#')).unwrap_or_default();
                    let named = self.0.pointer(path).ok_or_else(|| format!("{says} is not there"))?;
                    self.within(named, found, at)?;
                    true
                }
                "type" if says.is_array() => whole(says).iter().any(|says| is_a(says, found)),
                "type" => is_a(says, found),
                "enum" => whole(says).contains(found),
                "const" => says == found,
                "anyOf" => whole(says).iter().any(|schema| self.within(schema, found, at).is_ok()),
                "oneOf" => whole(says).iter().filter(|schema| self.within(schema, found, at).is_ok()).count() == 1,
                "required" => {
                    !found.is_object() || whole(says).iter().all(|name| found.get(name.as_str().unwrap()).is_some())
                }
                "properties" => {
                    for (name, schema) in says.as_object().into_iter().flatten() {
                        if let Some(found) = found.get(name) {
                            self.within(schema, found, &format!("{at}/{name}"))?;
                        }
                    }
                    true
                }
                "additionalProperties" => {
                    let others = found.as_object().into_iter().flatten();
                    for (name, found) in others.filter(|(name, _)| schema["properties"].get(name).is_none()) {
                        self.within(says, found, &format!("{at}/{name}"))?;
                    }
                    true
                }
                "items" => {
                    for (number, found) in found.as_array().into_iter().flatten().enumerate() {
                        self.within(says, found, &format!("{at}/{number}"))?;
                    }
                    true
                }
                "minimum" => found.as_f64().is_none_or(|number| Some(number) >= says.as_f64()),
                "maximum" => found.as_f64().is_none_or(|number| Some(number) <= says.as_f64()),
                "format" => found.as_str().is_none_or(|text| has_format(says, text)),
                "pattern" => found.as_str().is_none_or(|text| has_pattern(says, text)),
                other => panic!("a schema says {other}, which this test does not know"),
            };
            if !fits {
                return no(&format!("not {keyword} {says}"));
            }
        }
        Ok(())
    }
}

fn is_a(kind: &Value, found: &Value) -> bool {
    match kind.as_str().unwrap_or_default() {
        "null" => found.is_null(),
        "boolean" => found.is_boolean(),
        "integer" => found.is_i64() || found.is_u64(),
        "number" => found.is_number(),
        "string" => found.is_string(),
        "array" => found.is_array(),
        "object" => found.is_object(),
        other => panic!("a schema says type {other}, which this test does not know"),
    }
}

fn has_format(format: &Value, text: &str) -> bool {
    match format.as_str().unwrap_or_default() {
        "uuid" => text.len() == 36 && Uuid::parse_str(text).is_ok(),
        "date" => text.len() == 10 && text.parse::<NaiveDate>().is_ok(),
        "date-time" => DateTime::parse_from_rfc3339(text).is_ok(),
        other => panic!("a schema says format {other}, which this test does not know"),
    }
}

fn has_pattern(pattern: &Value, text: &str) -> bool {
    let digit = |byte: &u8| byte.is_ascii_digit();
    match (pattern.as_str().unwrap_or_default(), text.as_bytes()) {
        ("^[0-9a-f]{64}$", text) => text.len() == 64 && text.iter().all(|b| digit(b) || (b'a'..=b'f').contains(b)),
        ("^[0-2][0-9]:[0-5][0-9]$", [a @ b'0'..=b'2', b, b':', c @ b'0'..=b'5', d]) => {
            [a, b, c, d].into_iter().all(digit)
        }
        ("^[0-2][0-9]:[0-5][0-9]$", _) => false,
        (other, _) => panic!("a schema says pattern {other}, which this test does not know"),
    }
}

#[test]
fn a_document_that_is_not_as_its_schema_says_is_found() {
    let schema = |schema: Value| Schema(json!({ "$defs": { "Role": { "enum": ["carer"] } }, "anyOf": [schema] }));
    let row = json!({ "type": "object", "properties": { "key": { "type": "string" } }, "required": ["key"], "additionalProperties": { "type": "integer", "minimum": 0 } });
    for (schema, good, bad) in [
        (schema(json!({ "type": ["string", "null"] })), json!(null), json!(7)),
        (schema(json!({ "type": "string", "format": "date" })), json!("2026-02-26"), json!("26 February")),
        (schema(json!({ "type": "string", "format": "uuid" })), json!(Uuid::nil()), json!("idris")),
        (schema(json!({ "$ref": "#/$defs/Role" })), json!("carer"), json!("career")),
        (
            schema(json!({ "type": "array", "items": { "pattern": "^[0-9a-f]{64}$" } })),
            json!(["a".repeat(64)]),
            json!(["A"]),
        ),
        (schema(row.clone()), json!({ "key": "a", "late": 11 }), json!({ "late": 11 })),
        (schema(row), json!({ "key": "a" }), json!({ "key": "a", "late": -1 })),
    ] {
        assert_eq!(schema.holds(&good), Ok(()));
        assert!(schema.holds(&bad).is_err(), "{bad}");
    }
}

#[test]
fn every_command_prints_what_its_schema_says() {
    let mut world = World::new();
    relay(&world);
    device(&world);
    plans(&mut world);
    let tried = TRIED.lock().unwrap();
    let all = |program: &str, schemas: &Schemas| schemas.keys().map(|command| format!("{program} {command}")).collect();
    let all: BTreeSet<String> =
        [all("pep", &PEP), all("pep-relay", &RELAY)].into_iter().flat_map(|all: Vec<_>| all).collect();
    // The demonstration has a story of its own, which may not have come to its end yet.
    let left: Vec<&String> = all.difference(&tried).filter(|command| *command != "pep demo").collect();
    assert!(left.is_empty(), "not tried: {left:?}");
}

/// The relay's commands, but those about refused changes.
fn relay(world: &World) {
    let ask = |words: &[&str]| world.relay.run(&[words, &["--json"]].concat()).json();
    let carer = ask(&["invite", "--name", "Carys Wexcombe", "--role", "carer"])["person"].clone();
    let carer = carer.as_str().unwrap();
    ask(&["teams", "add", &world.child, carer, "--role", "carer", "--from", "2020-01-01"]);
    ask(&["invite", "--name", "Petra Lanternby", "--role", "carer", "--organisation", "Harrowmere"]);
    ask(&["teams", "hand-over", &world.child, "--from", carer, "--to", "Petra Lanternby"]);
    ask(&["teams", "list", &world.child]);
    ask(&["teams", "end", &world.child, "Petra Lanternby"]);
    ask(&["children", "list"]);
    ask(&["children", "fact", &world.child, "adoption", "placed"]);
    ask(&["children", "set", &world.child, "--school", "Thornfield Bridge Academy"]);
    let calendar = world.dir.path().join("calendar.json");
    fs::write(&calendar, due::calendar("", 11)).unwrap();
    ask(&["calendar", "check", text(&calendar)]);
    ask(&["calendar", "import", text(&calendar)]);
    ask(&["calendar", "show"]);
    ask(&["people", "list"]);
    world.join("odile-old", ODILE);
    let device = ask(&["devices", "list"])[0]["device"].clone();
    ask(&["devices", "revoke", device.as_str().unwrap()]);
    ask(&["audit", "--last", "3"]);
    ask(&["config"]);
    ask(&["rights"]);
    assert_eq!(world.relay.run(&["teams", "list", "no such child", "--json"]).code, 1);
    assert_eq!(world.relay.run(&["teams", "lost", "--json"]).code, 2);
    ask(&["completions", "bash"]);
    ask(&["check"]);
    let backup = world.dir.path().join("relay.tar");
    ask(&["backup", text(&backup)]);
    let again = Relay { data: world.dir.path().join("again"), url: String::new(), process: None };
    again.run(&["restore", text(&backup), "--json"]).json();
    again.run(&["keys", "show", "--json"]).json();
    again.run(&["keys", "change", "--reason", "Tried here.", "--json"]).json();
}

/// What is about this device alone.
fn device(world: &World) {
    let home = world.home("callum");
    let callum = ("Callum Brightwater-Finch", "social-worker");
    let ask = |words: &[&str]| home.pep(&[words, &["--json"]].concat()).json();
    ask(&["join", &world.relay.invite(callum, &world.child)]);
    assert_eq!(home.pep(&["show", "abcd", "--json"]).code, 1);
    assert_eq!(home.pep(&["show", "--json"]).code, 2);
    assert_eq!(world.home("nobody").pep(&["whoami", "--json"]).code, 1);
    ask(&["whoami"]);
    ask(&["doctor"]);
    ask(&["sync"]);
    ask(&["completions", "bash"]);
    ask(&["process", "list"]);
    ask(&["process", "show", "web"]);
    ask(&["process", "check", concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/processes/harrowmere.json")]);
    ask(&["child", "add", "--name", "Wren Tapplestone", "--dob", "2016-03-14", "--emergency"]);
    ask(&["child", "list"]);
    ask(&["child", "show", "Idris Fennimoor"]);
    ask(&["contacts", "--phone", "01632 960001"]);
    ask(&["device", "list"]);
    ask(&["device", "name", "the laptop"]);
    ask(&["child", "set", "Idris Fennimoor", "--emergency", "no", "--reason", "He was not."]);
    let left = world.join("carys-then", ("Carys Wexcombe", "carer"));
    drop(left);
    ask(&["sync"]);
    ask(&["team", "end", "Idris Fennimoor", "Carys Wexcombe", "--on", "2031-01-31"]);
    let gideon =
        world.relay.run(&["invite", "--name", "Gideon Larkspur-Bell", "--role", "social-worker", "--json"]).json();
    ask(&["hand-over", "Idris Fennimoor", "--to", gideon["person"].as_str().unwrap(), "--on", "2031-01-31"]);
    home.pep_with(&["pin", "set", "--json"], "2468\n").json();
    let (backup, words) = (world.dir.path().join("callum.tar"), world.dir.path().join("words"));
    ask(&["backup", text(&backup)]);
    world.home("callum-again").pep(&["restore", text(&backup), "--json"]).json();
    fs::write(&words, "a passphrase of many words\n").unwrap();
    ask(&["passphrase", "set", "--new-passphrase-file", text(&words)]);
    ask(&["passphrase", "remove", "--passphrase-file", text(&words)]);
    let mut open = home.command(&["open", "--no-browser", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = String::new();
    BufReader::new(open.stdout.take().unwrap()).read_line(&mut out).unwrap();
    drop(Ended(open));
    look(false, &["open", "--json"], &Said { code: 0, out, err: String::new() });
}

/// What is about plans, with everything in them that has a shape of its own; and a change that is refused.
fn plans(world: &mut World) {
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let lorcan = world.join("lorcan", LORCAN);
    let asked = |home: &Home, words: &[&str]| home.pep(&[words, &["--json"]].concat());
    let ask = |home: &Home, words: &[&str]| asked(home, words).json();
    let key = |made: Value| made["key"].as_str().unwrap().to_owned();
    let new = ["new", "Idris Fennimoor", "--type", "review", "--process", "ten-page", "--term"];
    let spring = ask(&odile, &[&new[..], &["2025/26-spring"]].concat())["pep"].as_str().unwrap().to_owned();
    let spring = spring.as_str();
    for (home, field, value) in [
        (&odile, "child.dob", "2010-11-02"),
        (&odile, "care.lookedAfterSince", "2019-06-18"),
        (&odile, "transfer.needed", "yes"),
        (&odile, "care.legalStatus", "C2"),
    ] {
        ask(home, &["set", spring, field, value]);
    }
    ask(&odile, &["set", spring, "care.legalStatusSince", "--none", "not-known", "--reason", "Asked in March."]);
    ask(&odile, &["write", spring, "care.story", "He cooks on Sundays."]);
    ask(&odile, &["comment", spring, "care.story", "More of this."]);
    let share = || [&odile, &ottoline, &lorcan, &odile].map(|home| home.pep(&["sync"]).ok());
    share();
    let row = ["row", "add", spring, "attendance.terms", "term=Autumn 2025", "possible=148", "attended=121"];
    let row = key(ask(&ottoline, &row));
    ask(&ottoline, &["row", "set", spring, "attendance.terms", &row, "late=11"]);
    let target =
        ["target", "add", spring, "category=academic", "area=English", "statement=Three paragraphs", "status=agreed"];
    let target = key(ask(&ottoline, &target));
    ask(&ottoline, &["target", "set", spring, &target, "dueDate=2026-05-22"]);
    ask(&ottoline, &["target", "fund", spring, &target, "item=tuition", "unitCost=38.00", "quantity=8"]);
    let withdrawn = key(ask(&ottoline, &["target", "add", spring, "area=Maths", "status=idea"]));
    ask(&ottoline, &["target", "withdraw", spring, &withdrawn]);
    ask(&ottoline, &["row", "withdraw", spring, "attendance.terms", &row]);
    ask(&odile, &["meeting", spring, "--date", "2026-02-26", "--time", "15:15", "--invite", "Carys Wexcombe=carer"]);
    ask(&ottoline, &["meeting", spring, "--agenda", "--action", "Ring the tutor", "--who", "Ottoline Greaves-Penn"]);
    ask(&odile, &["meeting", spring, "--ics", text(&world.dir.path().join("meeting.ics"))]);
    ask(&odile, &["meeting", spring]);
    // Two answers, apart.
    ottoline.pep(&["set", spring, "meeting.noteTaker", "Ottoline Greaves-Penn"]).ok();
    odile.pep(&["set", spring, "meeting.noteTaker", "Odile Marrowfield"]).ok();
    share();
    share();
    ask(&odile, &["show", spring]);
    assert_eq!(ask(&odile, &["conflicts", spring])[0]["place"], "meeting.noteTaker");
    ask(&odile, &["resolve", spring, "meeting.noteTaker", "--take", "1"]);
    for home in [&odile, &ottoline, &lorcan] {
        ask(home, &["show", spring]);
        ask(home, &["status"]);
        ask(home, &["list", "--due"]);
        ask(home, &["news", "--since", "2026-01-01"]);
        ask(home, &["tasks"]);
        ask(home, &["tasks", "--all"]);
        ask(home, &["due"]);
        asked(home, &["check", spring]);
    }
    ask(&odile, &["show", spring, "--field", "care.story"]);
    ask(&odile, &["history", spring]);
    ask(&odile, &["diff", spring, "2020-01-01"]);
    ask(&odile, &["private", spring]);
    ask(&odile, &["move", spring, "--to-version", "3"]);
    ask(&odile, &["process", "diff", "sections@1", "sections@2"]);
    asked(&ottoline, &["complete", spring]);
    asked(&lorcan, &["sign-off", spring]);
    ask(&lorcan, &["quality", spring]);
    ask(&lorcan, &["quality", spring, "--feedback", "Thank you."]);
    ask(&lorcan, &["return", spring, "--to", "social-worker", "--reason", "Say where he lives."]);
    let (page, sealed) = (world.dir.path().join("page.json"), world.dir.path().join("page.sealed"));
    let words = world.dir.path().join("words");
    let passphrase = ["--seal-passphrase-file", text(&words)];
    ask(&ottoline, &["export", spring, "--format", "json", "--section", "4", "-o", text(&page)]);
    let export = ["export", spring, "--format", "html", "--seal", "-o", text(&sealed)];
    ask(&ottoline, &[&export[..], &passphrase].concat());
    ask(
        &ottoline,
        &[&["unseal", text(&sealed), "-o", text(&world.dir.path().join("page.html"))][..], &passphrase].concat(),
    );
    // The next term's.
    let summer = ask(&odile, &[&new[..], &["2025/26-summer"]].concat())["pep"].as_str().unwrap().to_owned();
    let waits = ask(&odile, &["show", &summer])["toConfirm"][0].as_str().unwrap_or("care.legalStatus").to_owned();
    ask(&odile, &["confirm", &summer, &waits]);
    share();
    ask(&ottoline, &["target", "review", &summer, &target, "result=achieved"]);
    ask(&ottoline, &["import", text(&page), "--pep", &summer]);
    ask(&ottoline, &["show", &summer, "--field", "voice.secWell"]);
    refused(world, &odile, &lorcan, spring);
}

/// Changes that are refused, seen and decided about: on the author's device, by the Virtual School, at the relay.
fn refused(world: &World, odile: &Home, lorcan: &Home, pep: &str) {
    let ask = |home: &Home, words: &[&str]| home.pep(&[words, &["--json"]].concat()).json();
    let relay = |words: &[&str]| world.relay.run(&[words, &["--json"]].concat()).json();
    let fabian = relay(&["invite", "--name", "Fabian Rookhurst", "--role", "professional"]);
    let week = (chrono::Utc::now().date_naive() + chrono::Days::new(7)).to_string();
    ask(lorcan, &["delegate", pep, fabian["person"].as_str().unwrap(), "--sections", "4", "--until", &week]);
    assert_eq!(ask(lorcan, &["show", pep])["delegations"][0]["until"], week.as_str());
    ask(lorcan, &["amend", pep, "--type", "initial"]);
    ask(lorcan, &["withdraw", pep, "--reason", "Begun by mistake."]);
    assert_eq!(ask(lorcan, &["show", pep])["withdrawn"]["reason"], "Begun by mistake.");
    ask(lorcan, &["withdraw", pep, "--back"]);
    let again = relay(&["children", "add", "--name", "Idris Fenimoor", "--dob", "2010-11-02"]);
    let again = again["child"].as_str().unwrap();
    relay(&["children", "merge", again, &world.child, "--reason", "One UPN."]);
    relay(&["children", "merge", again, &world.child, "--reason", "Another UPN.", "--undo"]);
    // He came onto the other entry's team when they were joined, and stays there.
    lorcan.pep(&["sync"]).ok();
    ask(lorcan, &["child", "join", again, &world.child, "--reason", "One UPN after all."]);
    relay(&["teams", "end", &world.child, ODILE.0, "--on", "2025-12-31"]);
    odile.pep(&["write", pep, "care.story", "Written after the day."]).ok();
    odile.pep(&["set", pep, "care.placedOutOfArea", "no"]).ok();
    odile.pep(&["set", pep, "care.plannedMove", "no"]).ok();
    odile.pep(&["set", pep, "care.permanencePlan", "kinship"]).ok();
    odile.pep(&["sync"]).ok();
    assert!(ask(odile, &["held"])[0]["mine"] == true);
    lorcan.pep(&["sync"]).ok();
    let waiting = ask(lorcan, &["held"]);
    let changes: Vec<&str> = waiting.as_array().unwrap().iter().map(|one| one["change"].as_str().unwrap()).collect();
    assert!(changes.len() >= 4, "{waiting:#}");
    ask(lorcan, &["held", "show", changes[0]]);
    relay(&["held", "list"]);
    relay(&["held", "show", changes[0]]);
    // In their order: what builds on one that was discarded is not accepted any more.
    relay(&["held", "accept", changes[0]]);
    ask(lorcan, &["held", "accept", changes[1]]);
    ask(lorcan, &["held", "discard", changes[2]]);
    relay(&["held", "discard", changes[3]]);
}
