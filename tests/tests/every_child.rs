//! Who has every child, and what not everybody on a team may know, played with real programs over TLS.

use std::fs;

use harness::world::{CHILD, Person, World};
use serde_json::Value;

const STORY: &str = "care.story";

/// Somebody who is on no team.
fn joins(world: &World, home: &str, name: &str, role: &str) -> Person {
    let person = Person { home: world.path(home) };
    person.pep(["join", world.relay(["invite", "--name", name, "--role", role]).trim()]);
    person
}

#[test]
fn the_head_and_the_officers_of_the_settings_have_every_child_and_what_they_write_stands_with_everybody() {
    let mut world = World::new();
    let petra = world.person("petra", "Petra Lanternby", "social-worker");
    let cressida = joins(&world, "cressida", "Cressida Vane", "virtual-school-head");
    let lorcan = joins(&world, "lorcan", "Lorcan Tidewell", "virtual-school-officer");
    let pep = petra.start_pep();
    petra.pep(["write", &pep, STORY, "Loyal, quick and a very good cook."]);
    petra.sync();
    for person in [&cressida, &lorcan] {
        person.sync();
    }
    let children = |person: &Person| person.json(["child", "list"]).as_array().expect("a list").len();
    let plans = |person: &Person| person.json(["list"]).as_array().expect("a list").len();
    assert_eq!((children(&cressida), plans(&cressida)), (1, 1));
    assert_eq!(cressida.show(&pep)["answers"][STORY], "Loyal, quick and a very good cook.");
    assert_eq!((children(&lorcan), plans(&lorcan)), (0, 0));

    // The settings name him: he has every child from the next start on, also one that is added later.
    world.stop_relay().expect("an end");
    fs::write(world.data().join("config.toml"), "every_child = [\"Lorcan Tidewell\"]\n").expect("a file");
    world.serve();
    world.relay(["children", "add", "--name", "Wren Tapplestone", "--dob", "2016-03-14"]);
    for person in [&cressida, &lorcan] {
        person.sync();
        assert_eq!((children(person), plans(person)), (2, 1));
    }
    lorcan.pep(["write", &pep, "meeting.notes", "Seen by the Virtual School."]);
    lorcan.sync();
    petra.sync();
    assert_eq!(petra.show(&pep)["answers"]["meeting.notes"], "Seen by the Virtual School.");
    // On the team they are not.
    let team = petra.json(["child", "show", CHILD])["team"].clone();
    assert_eq!(team.as_array().map(Vec::len), Some(1), "{team}");
    // Nor is anybody who joins later unable to read what he wrote, when he is named no longer.
    world.stop_relay().expect("an end");
    fs::write(world.data().join("config.toml"), "every_child = []\n").expect("a file");
    world.serve();
    lorcan.sync();
    assert_eq!(children(&lorcan), 0);
    let ottoline = world.person("ottoline", "Ottoline Greaves-Penn", "designated-teacher");
    ottoline.sync();
    assert_eq!(ottoline.show(&pep)["answers"]["meeting.notes"], "Seen by the Virtual School.");
    cressida.sync();
    assert_eq!(children(&cressida), 2);
}

#[test]
fn a_fact_that_not_everybody_may_know_is_on_the_devices_of_those_who_may_and_on_no_other() {
    let world = World::new();
    let petra = world.person("petra", "Petra Lanternby", "social-worker");
    let carys = world.person("carys", "Carys Wexcombe", "carer");
    for person in [&petra, &carys] {
        person.sync();
    }
    world.relay(["children", "fact", CHILD, "adoption", "placed for adoption"]);
    let facts = |person: &Person| -> Value {
        person.sync();
        person.json(["child", "show", CHILD])["facts"].clone()
    };
    assert_eq!(facts(&petra)["adoption"], "placed for adoption");
    assert!(petra.pep(["child", "show", CHILD]).contains("adoption: placed for adoption"));
    assert_eq!(facts(&carys), serde_json::json!({}));
    world.relay(["children", "fact", CHILD, "adoption"]);
    assert_eq!(facts(&petra), serde_json::json!({}));
    assert_eq!(audited(&world), 2);
}

fn audited(world: &World) -> usize {
    let audit: Value = serde_json::from_str(&world.relay(["audit", "--json"])).expect("JSON");
    audit.as_array().expect("a list").iter().filter(|entry| entry["did"] == "restricted fact").count()
}
