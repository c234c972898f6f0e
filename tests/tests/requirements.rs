//! Keeps `crates/plan/REQUIREMENTS.md`: what the five councils' processes and the law ask for, and what shows that it is so.
//!
//! The table is made from `crates/plan/requirements.json`, the tests of the tree, the bank and the processes; it is compared
//! with what stands in the tree. `OPENPEP_TABLE=write` writes it anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use plan::{ProcessRef, Processes, Role, bank};
use serde_json::Value;

/// How many requirements each seed document has, and the process that carries it out.
const SEEDS: [(&str, usize, &str); 5] = [
    ("R000", 32, "portal"),
    ("R001", 38, "sections"),
    ("R002", 26, "rolling"),
    ("R003", 34, "ten-page"),
    ("R004", 33, "web"),
];
/// The items of Schedule 1 paragraph 2, which every process has to cover.
const LAW: [&str; 5] = ["2(1)", "2(2)", "2(3)", "2(4)", "2(5)"];
/// What a row may say beside its id.
const WORDS: [&str; 8] = ["id", "says", "asks", "by", "data", "shown", "left", "not"];

#[test]
fn every_requirement_is_shown_by_a_test_or_says_why_not() {
    let (table, wrong) = table();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let path = root().join("crates/plan/REQUIREMENTS.md");
    if std::env::var("OPENPEP_TABLE").is_ok_and(|word| word == "write") {
        fs::write(&path, &table).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap();
    let differs = table.lines().zip(kept.lines()).find(|(new, old)| new != old);
    assert_eq!(
        differs, None,
        "crates/plan/REQUIREMENTS.md is not what the tree shows: run this with OPENPEP_TABLE=write"
    );
    assert_eq!(table.lines().count(), kept.lines().count(), "run this with OPENPEP_TABLE=write");
}

#[test]
fn a_test_names_the_requirements_it_shows() {
    assert_eq!(cited("r003_18_and_19_a_minimum_is_data"), ["R003-18", "R003-19"]);
    assert_eq!(cited("r000_18_r002_06_twenty_working_days"), ["R000-18", "R002-06"]);
    assert_eq!(cited("r003_23_and_4_4_each_letter"), ["R003-23"]);
    assert!(cited("a_reader_of_r003_18").is_empty());
}

/// The table, and what is wrong with its rows.
fn table() -> (String, Vec<String>) {
    let rows: Vec<Value> =
        serde_json::from_str(&fs::read_to_string(root().join("crates/plan/requirements.json")).unwrap()).unwrap();
    let ids: Vec<&str> = rows.iter().map(|row| text(row, "id")).collect();
    assert_eq!(ids, wanted(), "the rows of requirements.json");
    let tests = tests();
    let mut wrong = Vec::new();
    let mut naming: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for name in tests.keys() {
        for id in cited(name) {
            if !ids.contains(&id.as_str()) {
                wrong.push(format!("{name} names {id}, which is no requirement"));
            }
            naming.entry(id).or_default().insert(name);
        }
    }
    let mut table = String::from(
        "# What is asked for, and what shows it\n\n\
         Every requirement of the five seed documents (R000 to R004) and every item of Schedule 1 paragraph 2 of the 2010\n\
         Regulations. Made by `tests/tests/requirements.rs` from `requirements.json`, the bank, the processes and the tests of the\n\
         tree, and compared with them at every run: a test that is gone, a question that moved to somebody else or a parameter\n\
         that changed breaks it. *Asked* is a question of that council's process, with who answers for it; *set* is a parameter\n\
         of its file. Another test than those named may show more.\n\n\
         | | what is asked for | what shows it |\n|---|---|---|\n",
    );
    for row in &rows {
        let id = text(row, "id");
        if let Some(unknown) = row.as_object().unwrap().keys().find(|word| !WORDS.contains(&word.as_str())) {
            wrong.push(format!("{id}: nobody reads {unknown}"));
        }
        let mut shows = Vec::new();
        let named: BTreeSet<&str> =
            list(row, "shown").into_iter().chain(naming.remove(id).unwrap_or_default()).collect();
        for name in named {
            match tests.get(name) {
                Some(file) => shows.push(format!("`{name}` ({file})")),
                None => wrong.push(format!("{id}: there is no test {name}")),
            }
        }
        shows.extend(asked(id, row, &mut wrong));
        shows.extend(set(id, row, &mut wrong));
        match row.get("not").and_then(Value::as_str) {
            Some(_) if !shows.is_empty() => wrong.push(format!("{id} is shown, and says why it is not")),
            Some(reason) => shows.push(format!("*Not shown:* {reason}")),
            None if shows.is_empty() => wrong.push(format!("nothing shows {id}: {}", text(row, "says"))),
            None => {}
        }
        shows.extend(row.get("left").map(|_| format!("*Not yet:* {}", text(row, "left"))));
        writeln!(table, "| {id} | {} | {} |", text(row, "says"), shows.join("<br>")).unwrap();
    }
    (table, wrong)
}

fn wanted() -> Vec<String> {
    let seeds = SEEDS.iter().flat_map(|(seed, count, _)| (1..=*count).map(move |n| format!("{seed}-{n:02}")));
    seeds.chain(LAW.iter().map(|id| (*id).to_owned())).collect()
}

/// The questions a row names: each is on a page of the process, and its role answers for it there.
fn asked(id: &str, row: &Value, wrong: &mut Vec<String>) -> Option<String> {
    let questions = list(row, "asks");
    let by: Option<Role> = row.get("by").map(|_| text(row, "by").parse().unwrap());
    for question in &questions {
        for known in processes(id) {
            let process = known.process();
            let (Some(found), Some(page)) = (bank().question(question), process.page(question)) else {
                wrong.push(format!("{id}: {} does not ask {question}", process.id));
                continue;
            };
            let owner = process.accountable(found);
            if by.is_some() && by != owner && by != page.alternate_owner {
                wrong.push(format!("{id}: in {} {owner:?} answers for {question}, not {by:?}", process.id));
            }
        }
    }
    let who = by.map_or(String::new(), |role| format!(" ({})", role.label().to_lowercase()));
    (!questions.is_empty()).then(|| format!("asked: `{}`{who}", questions.join("`, `")))
}

/// The parameters a row names: each has that value in the process's file.
fn set(id: &str, row: &Value, wrong: &mut Vec<String>) -> Option<String> {
    let data = row.get("data")?.as_object().unwrap();
    let mut said = Vec::new();
    for (place, value) in data {
        for process in processes(id) {
            let id_of = process.id();
            let file = root().join(format!("crates/plan/processes/2/{id_of}.json"));
            let file: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
            if file.pointer(place) != Some(value) {
                wrong.push(format!("{id}: {id_of} has not {value} at {place}"));
            }
        }
        said.push(format!("`{}` = {value}", place.trim_start_matches("/practice").trim_start_matches('/')));
    }
    Some(format!("set: {}", said.join(", ")))
}

fn processes(id: &str) -> Vec<ProcessRef> {
    let of = |name: &str| Processes::built_in().latest(name).unwrap();
    match SEEDS.iter().find(|(seed, ..)| id.starts_with(seed)) {
        Some((_, _, name)) => vec![of(name)],
        None => SEEDS.iter().map(|(_, _, name)| of(name)).collect(),
    }
}

/// The requirements at the beginning of a test's name: `r003_18_and_19_…`, `r000_18_r002_06_…`.
fn cited(name: &str) -> Vec<String> {
    let (mut seed, mut found) = (String::new(), Vec::new());
    for word in name.split('_') {
        let digits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
        match word.strip_prefix('r') {
            Some(number) if number.len() == 3 && number.bytes().all(|byte| byte.is_ascii_digit()) => {
                seed = format!("R{number}");
            }
            _ if digits && word.len() == 2 && !seed.is_empty() => found.push(format!("{seed}-{word}")),
            _ if matches!(word, "and" | "to") && !found.is_empty() => {}
            _ => break,
        }
    }
    found
}

/// Every test of the tree by name, with the file it is in.
fn tests() -> BTreeMap<String, String> {
    let mut sources = Vec::new();
    for room in ["crates", "client-cli", "sync-server", "tests"] {
        files(&root().join(room), &mut sources);
    }
    let mut tests = BTreeMap::new();
    for path in sources {
        let source = fs::read_to_string(&path).unwrap();
        let file = path.strip_prefix(root()).unwrap().display().to_string();
        let mut marked = false;
        for line in source.lines().map(str::trim) {
            let signature = line.strip_prefix("async ").unwrap_or(line);
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                marked = true;
            } else if let Some(rest) = signature.strip_prefix("fn ") {
                if marked {
                    let name = rest.split('(').next().unwrap_or_default();
                    tests.insert(name.to_owned(), file.clone());
                }
                marked = false;
            }
        }
    }
    tests
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != "node_modules" {
            files(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

fn text<'a>(row: &'a Value, word: &str) -> &'a str {
    row.get(word).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(row: &'a Value, word: &str) -> Vec<&'a str> {
    let words = row.get(word).and_then(Value::as_array).into_iter().flatten();
    words.map(|word| word.as_str().unwrap()).collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}
