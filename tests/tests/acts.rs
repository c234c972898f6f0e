//! What people have the directory do from their own devices: done while the relay is there, seen by their teams, and not done at all
//! without it.

use std::process::Stdio;

use harness::world::{CHILD, Person, World};
use serde_json::{Value, json};

struct Story {
    world: World,
    odile: Person,
    ottoline: Person,
}

impl Story {
    fn begin() -> Story {
        let world = World::new();
        let odile = world.person("odile", "Odile Marrowfield", "social-worker");
        let ottoline = world.person("ottoline", "Ottoline Greaves-Penn", "designated-teacher");
        let story = Story { world, odile, ottoline };
        story.share();
        story
    }

    fn share(&self) {
        for person in [&self.odile, &self.ottoline, &self.odile] {
            person.pep(["sync", "--once"]);
        }
    }

    fn officer(&self) -> Person {
        let lorcan = self.world.person("lorcan", "Lorcan Tidewell", "virtual-school-officer");
        lorcan.pep(["sync", "--once"]);
        lorcan
    }
}

/// Runs a command that is to fail: its exit code and the words of its JSON.
fn fails(person: &Person, args: &[&str]) -> (Option<i32>, String) {
    let output = person.command(args.iter().copied().chain(["--json"])).output().expect("pep runs");
    let said: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    (output.status.code(), said["error"]["message"].as_str().expect("words").to_owned())
}

fn of<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().expect("a list").iter().find(|one| one["name"] == name).expect("their entry")
}

#[test]
fn a_contact_a_name_and_a_corrected_fact_are_seen_by_the_team() {
    let story = Story::begin();
    let said = story.odile.json(["contacts", "--phone", "01632 960001", "--email", " odile@example.org "]);
    assert_eq!(of(&said, "Odile Marrowfield")["phone"], "01632 960001", "{said}");
    let named = story.odile.json(["device", "name", "the laptop in the car"]);
    assert_eq!(named, json!({ "act": "name-device", "done": true }));
    let own = story.odile.json(["device", "list"]);
    assert_eq!((&own[0]["label"], &own[0]["this"]), (&json!("the laptop in the car"), &json!(true)), "{own}");
    let put_right = ["child", "set", CHILD, "--dob", "2010-11-03", "--reason", "The birth certificate says so."];
    assert_eq!(story.odile.json(put_right), json!({ "act": "correct-child", "done": true }));

    story.share();
    let seen = story.ottoline.json(["contacts", CHILD]);
    let odile = of(&seen, "Odile Marrowfield");
    assert_eq!((&odile["phone"], &odile["email"]), (&json!("01632 960001"), &json!("odile@example.org")));
    assert_eq!((&odile["role"], &of(&seen, "Ottoline Greaves-Penn")["phone"]), (&json!("social-worker"), &Value::Null));
    assert!(story.ottoline.pep(["contacts", CHILD]).contains("01632 960001, odile@example.org"));
    assert_eq!(story.ottoline.json(["child", "show", CHILD])["dob"], "2010-11-03");
    // One way is taken away, and the other stays.
    let said = story.odile.json(["contacts", "--phone", ""]);
    let odile = of(&said, "Odile Marrowfield");
    assert_eq!((&odile["phone"], &odile["email"]), (&Value::Null, &json!("odile@example.org")));
    // What is not hers to put right is refused by the relay.
    let (code, words) = fails(&story.ottoline, &put_right);
    assert!(code == Some(3) && words.contains("not for you to do"), "{code:?} {words}");
    let (code, words) = fails(&story.odile, &["contacts", "--phone", "ring the school"]);
    assert!(code == Some(1) && words.contains("three digits"), "{code:?} {words}");
    let usage = story.odile.command(["child", "set", CHILD, "--reason", "None of them."]).output().expect("pep runs");
    assert_eq!(usage.status.code(), Some(2));
}

#[test]
fn without_the_relay_nothing_is_done_and_that_is_said() {
    let mut story = Story::begin();
    story.world.stop_relay().expect("it ends");
    for args in [
        &["contacts", "--phone", "01632 960002"][..],
        &["device", "name", "another"],
        &["team", "end", CHILD, "Ottoline Greaves-Penn"],
        &["hand-over", CHILD, "--to", "Ottoline Greaves-Penn"],
        &["child", "set", CHILD, "--emergency", "yes", "--reason", "So it was."],
    ] {
        let (code, words) = fails(&story.odile, args);
        assert_eq!(code, Some(4), "{args:?}: {words}");
    }
    story.world.serve();
    story.share();
    let contacts = story.odile.json(["contacts"]);
    assert_eq!(of(&contacts, "Odile Marrowfield")["phone"], Value::Null, "nothing waited for it");
    assert_eq!(story.odile.json(["child", "show", CHILD])["team"].as_array().expect("a team").len(), 2);
}

#[test]
fn a_case_is_handed_on_and_a_membership_ended_by_those_who_may() {
    let story = Story::begin();
    let invited = ["invite", "--name", "Petra Lanternby", "--role", "social-worker", "--json"];
    let petra: Value = serde_json::from_str(&story.world.relay(invited)).expect("JSON");
    let id = petra["person"].as_str().expect("an id");
    let (code, _) = fails(&story.odile, &["hand-over", CHILD, "--to", "Petra Lanternby"]);
    assert_eq!(code, Some(1), "she does not know her, and is told to ask for her id");
    let (code, words) = fails(&story.ottoline, &["hand-over", CHILD, "--to", id, "--from", "Odile Marrowfield"]);
    assert!(code == Some(3), "{code:?} {words}");
    let handed = story.odile.json(["hand-over", CHILD, "--to", id, "--reason", "A new team."]);
    assert_eq!(handed, json!({ "act": "hand-over", "done": true }));

    let officer = story.officer();
    let team = officer.json(["child", "show", CHILD])["team"].clone();
    let worker = team.as_array().expect("a team").iter().find(|one| one["role"] == "social-worker").expect("one");
    assert_eq!((&worker["name"], team.as_array().map(Vec::len)), (&json!("Petra Lanternby"), Some(3)), "{team}");
    // The Virtual School hands on for others, and ends memberships.
    let (gideon, end) =
        (["invite", "--name", "Gideon Larkspur-Bell", "--role", "social-worker", "--json"], "2031-01-31");
    let gideon: Value = serde_json::from_str(&story.world.relay(gideon)).expect("JSON");
    officer.pep(["hand-over", CHILD, "--to", gideon["person"].as_str().expect("an id"), "--on", "2031-01-01"]);
    officer.pep(["team", "end", CHILD, "Ottoline Greaves-Penn", "--on", end]);
    let team = officer.json(["child", "show", CHILD])["team"].clone();
    assert_eq!(of(&team, "Ottoline Greaves-Penn")["to"], end);
    assert_eq!(of(&team, "Petra Lanternby")["to"], "2030-12-31");
    let (code, words) = fails(
        &officer,
        &["hand-over", CHILD, "--from", "Petra Lanternby", "--to", "Odile Marrowfield", "--on", "2031-02-01"],
    );
    assert!(code == Some(6) && words.contains("handed over already"), "{code:?} {words}");
    // All of it is in the audit, without a word of why.
    let audit = story.world.relay(["audit", "--json"]);
    assert!(audit.contains("handed over") && audit.contains("did act") && !audit.contains("A new team"));
    let rights: Value = serde_json::from_str(&story.world.relay(["rights", "--json"])).expect("JSON");
    let own = json!({ "act": "hand-over", "role": "social-worker", "reach": "own" });
    assert!(rights.as_array().expect("a table").contains(&own));
    assert!(story.world.relay(["rights"]).contains("designated-teacher"));
}

#[test]
fn beside_a_program_that_keeps_the_line_it_goes_over_that_line() {
    let story = Story::begin();
    let mut watching = story
        .odile
        .command(["sync", "--watch"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("pep runs");
    let stderr = watching.stderr.take().expect("a pipe");
    let mut said = std::io::BufRead::lines(std::io::BufReader::new(stderr)).map_while(Result::ok);
    assert!(said.any(|line| line == "Connected."));
    let contacts = story.odile.json(["contacts", "--email", "odile@example.org"]);
    assert_eq!(of(&contacts, "Odile Marrowfield")["email"], "odile@example.org");
    watching.kill().expect("it runs");
    watching.wait().expect("it ends");
}

#[test]
fn no_hand_over_leaves_a_child_with_nobody_in_between() {
    let story = Story::begin();
    let petra = story.world.relay(["invite", "--name", "Petra Lanternby", "--role", "social-worker", "--json"]);
    let petra: Value = serde_json::from_str(&petra).expect("JSON");
    let to = petra["person"].as_str().expect("an id");
    story.odile.pep(["hand-over", CHILD, "--to", to, "--on", "2031-01-01"]);
    // She is to have it from a later day on: handed over today it would be nobody's until then.
    let (code, words) = fails(&story.odile, &["hand-over", CHILD, "--to", to]);
    assert!(code == Some(6) && words.contains("from a later day on"), "{words}");
    story.odile.sync();
    assert!(story.odile.pep(["child", "list"]).contains("Idris"), "she has it still");
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_done() {
    let story = Story::begin();
    for (fact, value) in [
        ("--dob", "2999-01-01"),
        ("--dob", "0001-01-01"),
        ("--looked-after-since", "2999-01-01"),
        ("--looked-after-since", "2009-01-01"),
    ] {
        let (code, words) = fails(&story.odile, &["child", "set", CHILD, fact, value, "--reason", "Typed."]);
        assert!(code == Some(1) && words.contains("both dates"), "{fact} {value}: {words}");
    }
    for name in ["\u{202e}Idris", "\u{200b}", "Idris\u{2066}"] {
        let (code, _) = fails(&story.odile, &["child", "set", CHILD, "--name", name, "--reason", "Typed."]);
        assert_eq!(code, Some(1), "{name:?}");
    }
    let long = "x".repeat(100_000);
    for reason in [long.as_str(), "a\u{1b}[31mb"] {
        let (code, words) = fails(&story.odile, &["child", "set", CHILD, "--dob", "2010-11-03", "--reason", reason]);
        assert!(code == Some(2) && words.contains("at most 1000 characters"), "{words}");
    }
    // A link for one's own device that needs none, at the same address.
    let link = story.world.invite("Odile Marrowfield", "social-worker");
    assert_eq!(story.odile.json(["join", &link])["name"], "Odile Marrowfield", "and says whose it is, as ever");
    // A child whom no relay would take in is not made known here either: their plans could not be shared.
    for since in ["2015-01-01", "2999-01-01"] {
        let add = ["child", "add", "--name", "Wren Tapplestone", "--dob", "2016-03-14", "--looked-after-since", since];
        let (code, words) = fails(&story.odile, &add);
        assert!(code == Some(2) && words.contains("comes into care after that"), "{since}: {words}");
    }
    let second = Person { home: story.world.path("odile-tablet") };
    second.pep(["join", &link]);
    assert!(second.pep(["child", "list"]).contains("Idris"), "the link was not used up");
}
