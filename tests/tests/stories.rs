//! Stories that cross rooms, played with real programs over TLS.

use harness::world::World;
use sync::frame::NewChild;
use sync_server::{config::Settings, keys, relay::Relay};

const NOTES: &str = "meeting.notes";

#[test]
fn a_social_worker_and_a_teacher_write_apart_and_hold_the_same_plan_afterwards() {
    let world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let ottoline = world.person("ottoline", "Ottoline Greaves-Penn", "designated-teacher");
    let pep = odile.start_pep();
    odile.pep(["write", &pep, NOTES, "Idris joins for the second half."]);
    odile.sync();
    ottoline.sync();

    // Neither is connected.
    odile.pep(["set", &pep, "transfer.needed", "yes"]);
    odile.pep(["write", &pep, NOTES, "Online. Idris joins for the second half."]);
    ottoline.pep(["row", "add", &pep, "attendance.terms", "term=Spring 2026", "possible=68", "attended=61"]);
    ottoline.pep(["write", &pep, NOTES, "Idris joins for the second half, and writes himself. 😀"]);
    odile.pep(["set", &pep, "transition.coming", "none"]);
    ottoline.pep(["set", &pep, "transition.coming", "post_16"]);
    assert_eq!(ottoline.json(["status"])["peps"][0]["waitingChanges"], 3);

    ottoline.sync();
    odile.sync();
    ottoline.sync();
    let (hers, theirs) = (odile.show(&pep), ottoline.show(&pep));
    assert_eq!(hers["heads"], theirs["heads"]);
    assert_eq!(hers["answers"], theirs["answers"]);
    let answers = &hers["answers"];
    assert_eq!(answers[NOTES], "Online. Idris joins for the second half, and writes himself. 😀");
    assert_eq!(answers["transfer.needed"], true);
    assert_eq!(answers["attendance.terms"][0]["possible"], 68);
    let disputed = answers["transition.coming"]["disputed"].as_array().unwrap();
    let mut by: Vec<&str> = disputed.iter().map(|claim| claim["by"].as_str().unwrap()).collect();
    by.sort_unstable();
    assert_eq!(by, ["Odile Marrowfield", "Ottoline Greaves-Penn"]);
    // The relay holds the same, and says so.
    let relay = world.relay_documents();
    let heads = relay["documents"].as_array().unwrap().iter().find(|d| d["kind"] == "main").unwrap()["heads"].clone();
    assert_eq!(heads, hers["heads"]);
}

#[test]
fn a_text_longer_than_one_change_may_hold_arrives_whole() {
    let world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let ottoline = world.person("ottoline", "Ottoline Greaves-Penn", "designated-teacher");
    let pep = odile.start_pep();
    let long = "A sentence of a long report, with an emoji 😀.\n".repeat(1_500);
    odile.pipe(["write", &pep, NOTES, "-"], &long);
    odile.sync();
    ottoline.sync();
    // One line end at the end belongs to what was piped in, not to the answer.
    assert_eq!(ottoline.show(&pep)["answers"][NOTES], long.trim_end());
    ottoline.pipe(["write", &pep, NOTES, "--append", "-"], &long);
    ottoline.sync();
    odile.sync();
    assert_eq!(odile.show(&pep)["answers"][NOTES], format!("{}\n{}", long.trim_end(), long.trim_end()));
}

#[test]
fn somebody_who_joins_late_gets_a_long_plan_from_a_snapshot() {
    let world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let pep = odile.start_pep();
    for n in 0..80 {
        odile.pep(["write", &pep, NOTES, "--append", &format!("Note {n}.")]);
    }
    odile.sync();
    // The first cold reader makes the relay think of a snapshot; the second may get it. Both hold the same.
    let lorcan = world.person("lorcan", "Lorcan Tidewell", "virtual-school-officer");
    let ottoline = world.person("ottoline", "Ottoline Greaves-Penn", "designated-teacher");
    lorcan.sync();
    ottoline.sync();
    let shown = odile.show(&pep);
    for person in [&lorcan, &ottoline] {
        assert_eq!(person.show(&pep)["heads"], shown["heads"]);
        assert_eq!(person.show(&pep)["answers"][NOTES], shown["answers"][NOTES]);
    }
    // And can write on.
    ottoline.pep(["write", &pep, NOTES, "--append", "And mine."]);
    ottoline.sync();
    odile.sync();
    assert!(odile.show(&pep)["answers"][NOTES].as_str().unwrap().ends_with("And mine."));
}

#[test]
fn a_head_of_a_virtual_school_with_more_children_than_one_message_holds_still_works() {
    const CHILDREN: u32 = 14_000;
    const NOW: i64 = 1_771_934_400;
    let mut world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let marguerite = world.person("marguerite", "Marguerite Oakhollow", "virtual-school-head");
    let pep = odile.start_pep();
    odile.pep(["write", &pep, NOTES, "For everybody."]);
    odile.sync();
    // A whole region's children, put in the relay's folder while it rests.
    world.kill_relay();
    let data = world.data();
    let store_key = keys::store_key(&data, &Settings::default()).unwrap().key;
    let key = keys::relay_key(&data, &store_key).unwrap();
    let random = Box::new(|bytes: &mut [u8]| bytes.fill(7));
    let (replica, _) = disk::open_replica(&data, replica::Mode::Relay, &store_key).unwrap();
    let mut relay = Relay::open(replica, plan::Processes::built_in().clone(), key, "Harrowmere", random, NOW).unwrap();
    let head = relay.directory().people().find(|p| p.name == "Marguerite Oakhollow").unwrap().id;
    relay
        .administer(|directory| {
            for n in 0..CHILDREN {
                let mut id = [0x40; 16];
                id[..4].copy_from_slice(&n.to_be_bytes());
                let child = NewChild {
                    child: id,
                    name: format!("Wren Tapplestone the {n}th (FICTIONAL)"),
                    dob: "2016-03-14".into(),
                    looked_after_since: Some("2025-09-05".into()),
                    emergency: false,
                };
                directory.add_child(&child, None, NOW)?;
                directory.add_member(&id, &head, "virtual-school-head", "2026-01-01", NOW)?;
            }
            Ok(())
        })
        .unwrap();
    assert!(
        relay.signed_roster(&head).payload.len() > sync::frame::FRAME_BYTES_MAX,
        "not large enough to show anything"
    );
    relay.finish().unwrap();
    drop(relay);
    world.serve();

    marguerite.sync();
    assert_eq!(marguerite.show(&pep)["answers"][NOTES], "For everybody.");
    marguerite.pep(["set", &pep, "people.virtualSchool", "Lorcan Tidewell"]);
    odile.pep(["write", &pep, NOTES, "--append", "And more."]);
    odile.sync();
    marguerite.sync();
    odile.sync();
    assert_eq!(marguerite.show(&pep)["heads"], odile.show(&pep)["heads"]);
    // Somebody who joins with such a roster gets it whole.
    let again = harness::world::Person { home: world.path("marguerite-2") };
    again.pep(["join", &world.invite("Marguerite Oakhollow", "virtual-school-head")]);
    again.sync();
    assert_eq!(again.json(["child", "list"]).as_array().unwrap().len(), CHILDREN as usize + 1);
    assert!(again.show(&pep)["answers"][NOTES].as_str().unwrap().ends_with("And more."));
}

#[test]
fn two_who_resolve_one_dispute_apart_and_two_who_enter_one_fact_apart_are_both_heard() {
    let world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let other = world.person("other", "Quentin Saltmarsh", "social-worker");
    let third = world.person("lorcan", "Lorcan Tidewell", "virtual-school-officer");
    let pep = odile.start_pep();
    odile.sync();
    let meet = |order: [&harness::world::Person; 3]| (0..2).for_each(|_| order.iter().for_each(|who| who.sync()));
    meet([&odile, &other, &third]);
    let values = |field: &str| -> Vec<String> {
        let shown = [&odile, &other, &third].map(|who| who.show(&pep)["answers"][field].clone());
        assert!(shown[0] == shown[1] && shown[1] == shown[2]);
        let claims = shown[0]["disputed"].as_array().cloned().unwrap_or_else(|| vec![shown[0].clone()]);
        let word = |claim: &serde_json::Value| claim.get("value").unwrap_or(claim).to_string();
        let mut values: Vec<String> = claims.iter().map(word).collect();
        values.sort();
        values
    };
    for (field, one, two) in [("transition.coming", "none", "post_16"), ("child.socialCareId", "HM-1313", "HM-2002")] {
        let both = [format!("{one:?}"), format!("{two:?}")];
        odile.pep(["set", &pep, field, one]);
        other.pep(["set", &pep, field, two]);
        meet([&other, &third, &odile]);
        assert_eq!(values(field), both);
        for (who, take) in [(&odile, "1"), (&other, "2")] {
            who.pep(["resolve", &pep, field, "--take", take]);
        }
        meet([&third, &odile, &other]);
        assert_eq!(values(field), both, "one choice alone was left");
        odile.pep(["resolve", &pep, field, "--take", "1"]);
        meet([&odile, &third, &other]);
        assert_eq!(values(field).len(), 1);
        let told = other.json(["history", &pep]).to_string();
        assert!(told.contains("chose ") && !told.contains("cleared"), "{told}");
    }
}
