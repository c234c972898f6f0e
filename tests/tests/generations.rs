//! One PEP that people began apart, under two processes: both come into step, one stands, and what was entered in the other stands in it.

use harness::world::{CHILD, Person, Two, program};
use serde_json::{Value, json};

const NEW: [&str; 6] = ["new", CHILD, "--term", "2025/26-spring", "--type", "review"];

fn starts(who: &Person, process: &str) -> String {
    let made = who.json(NEW.iter().copied().chain(["--process", process]));
    assert_eq!(made["created"], true);
    made["pep"].as_str().expect("a PEP").to_owned()
}

fn come_into_step(story: &Two) {
    for person in [&story.odile, &story.ottoline, &story.odile, &story.ottoline] {
        let done = person.json(["sync", "--once"]);
        assert_eq!(done["inStep"], true, "{done}");
    }
}

fn answer<'a>(shown: &'a Value, question: &str) -> &'a Value {
    &shown["answers"][question]
}

fn remarks(shown: &Value, question: &str) -> Vec<String> {
    let of = shown["comments"].as_array().expect("a list").iter().filter(|comment| comment["field"] == question);
    of.map(|comment| comment["text"].as_str().expect("words").to_owned()).collect()
}

#[test]
fn two_who_start_one_pep_under_two_processes_come_into_step_and_nobodys_words_are_lost() {
    let story = Two::begin();
    let pep = starts(&story.odile, "ten-page");
    assert_eq!(starts(&story.ottoline, "sections"), pep, "it is one PEP");
    story.odile.pep(["write", &pep, "meeting.notes", "He moved house in January."]);
    story.odile.pep(["set", &pep, "setting.rollStatus", "single"]);
    // The other knows nothing of that, and writes for days.
    story.ottoline.pep(["write", &pep, "progress.goingWell", "He explains his ideas to others."]);
    story.ottoline.pep(["write", &pep, "meeting.notes", "He tells the class about the sea."]);
    story.ottoline.pep(["comment", &pep, "meeting.notes", "Ask him about the boat."]);
    story.ottoline.pep(["set", &pep, "setting.rollStatus", "dual_main"]);
    let row = ["row", "add", &pep, "attendance.terms", "term=Spring 2026", "possible=60", "attended=57"];
    story.ottoline.pep(row);
    let target =
        story.ottoline.json(["target", "add", &pep, "category=academic", "statement=I will read for ten minutes."]);
    come_into_step(&story);

    for person in [&story.odile, &story.ottoline] {
        let shown = person.json(["show", &pep]);
        assert_eq!(shown["process"]["id"], "ten-page", "the one that the relay had first stands");
        assert_eq!(answer(&shown, "progress.goingWell"), "He explains his ideas to others.");
        assert_eq!(answer(&shown, "meeting.notes"), "He moved house in January.", "nobody's words are written over");
        let said = remarks(&shown, "meeting.notes");
        assert!(said.iter().any(|one| one.contains("He tells the class about the sea.")), "{said:?}");
        assert!(said.contains(&"Ask him about the boat.".to_owned()), "{said:?}");
        assert_eq!(answer(&shown, "setting.rollStatus"), "single");
        assert_eq!(remarks(&shown, "setting.rollStatus").len(), 1, "a value that differs stands beside it");
        assert_eq!(answer(&shown, "attendance.terms")[0]["attended"], 57);
        assert_eq!(shown["targets"][0]["key"], target["key"]);
        assert_eq!(person.json(["status"])["peps"][0]["waitingChanges"], 0);
    }
    let heads = |person: &Person| person.json(["show", &pep])["heads"].clone();
    assert_eq!(heads(&story.odile), heads(&story.ottoline));
    // Written by her, under her name; and her own copy is there to be read.
    let history = story.odile.json(["history", &pep]).to_string();
    assert!(history.contains("Ottoline Greaves-Penn"), "{history}");
    let aside = story.ottoline.json(["show", &pep, "--aside"]);
    assert_eq!(
        (&aside["process"]["id"], answer(&aside, "meeting.notes")),
        (&json!("sections"), &json!("He tells the class about the sea."))
    );
    assert_eq!(story.odile.command(["show", &pep, "--aside"]).output().expect("pep runs").status.code(), Some(1));
    // It is done once, however often they sync.
    let before = heads(&story.odile);
    come_into_step(&story);
    assert_eq!(heads(&story.odile), before);
}

#[test]
fn three_who_were_apart_for_a_week_and_one_who_had_signed_come_to_one_plan() {
    let story = Two::begin();
    let lorcan = story.world.person("lorcan", "Lorcan Tidewell", "virtual-school-officer");
    lorcan.sync();
    let pep = starts(&story.odile, "sections");
    starts(&story.ottoline, "portal");
    starts(&lorcan, "portal");
    story.odile.pep(["write", &pep, "care.story", "He moved house in January."]);
    story.ottoline.pep(["write", &pep, "progress.goingWell", "He explains his ideas to others."]);
    lorcan.pep(["write", &pep, "meeting.notes", "Ring before the meeting."]);
    // The teacher's copy comes first, and stands: the two others give way.
    story.ottoline.sync();
    let said = |person: &Person| {
        let output = person.command(["sync", "--once"]).output().expect("pep runs");
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stderr).expect("words")
    };
    let words = said(&story.odile);
    assert!(words.contains("begun here under “Sections A to E” and elsewhere under"), "{words}");
    assert!(words.contains("`pep show --aside` shows it"), "{words}");
    lorcan.sync();
    come_into_step(&story);
    lorcan.sync();
    for person in [&story.odile, &story.ottoline, &lorcan] {
        let shown = person.json(["show", &pep]);
        assert_eq!(shown["process"]["id"], "portal");
        assert_eq!(answer(&shown, "care.story"), "He moved house in January.");
        assert_eq!(answer(&shown, "progress.goingWell"), "He explains his ideas to others.");
        assert_eq!(answer(&shown, "meeting.notes"), "Ring before the meeting.");
    }
}

#[test]
fn the_virtual_school_says_under_which_process_new_peps_begin_by_phase() {
    let mut story = Two::begin();
    story.world.stop_relay().expect("it ends");
    let settings = "[processes]\nsecondary = [\"web\", \"portal\"]\nprimary = [\"rolling\"]\n";
    std::fs::write(story.world.data().join("config.toml"), settings).expect("a file");
    story.world.serve();
    story.odile.sync();
    let new = |more: &[&str]| {
        let args = NEW.iter().chain(more).copied().chain(["--json"]);
        let output = story.odile.command(args).output().expect("pep runs");
        let said: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
        (output.status.code(), said)
    };
    let (code, said) = new(&["--process", "sections"]);
    assert_eq!((code, &said["error"]["hint"]), (Some(2), &json!("It is one of: web, portal.")), "{said}");
    let (code, said) = new(&["--process", "banana"]);
    assert_eq!(code, Some(2), "{said}");
    // Idris is in Year 10: the first of the secondary ones is the usual one.
    let (code, said) = new(&[]);
    assert_eq!((code, &said["created"]), (Some(0), &json!(true)), "{said}");
    let pep = said["pep"].as_str().expect("a PEP");
    assert_eq!(story.odile.json(["show", pep])["process"]["id"], "web");
    // The next goes on as the last one went, and whoever else starts it without the list has it settled by the relay.
    let next = ["new", CHILD, "--term", "2025/26-summer", "--type", "review"];
    let chosen = story.odile.json(next.iter().copied().chain(["--process", "portal"]));
    assert_eq!(story.odile.json(["show", chosen["pep"].as_str().expect("a PEP")])["process"]["id"], "portal");
    // A list that cannot be is refused at the start, in words.
    story.world.stop_relay().expect("it ends");
    for wrong in ["secondary = [\"banana\"]", "sixth_form = [\"web\"]", "secondary = []"] {
        std::fs::write(story.world.data().join("config.toml"), format!("[processes]\n{wrong}\n")).expect("a file");
        let mut serve = std::process::Command::new(program("pep-relay"));
        let refused = serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(story.world.data()).output();
        let refused = refused.expect("pep-relay runs");
        assert_eq!(refused.status.code(), Some(2), "{wrong}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("processes: "), "{wrong}: {refused:?}");
    }
}
