//! Those who leave a team or lose a device, played with real programs over TLS: what they write afterwards, what they still get,
//! and what becomes of it.

use harness::world::{CHILD, Person, World};
use serde_json::Value;

const STORY: &str = "care.story";

/// Petra is Idris's social worker, Odile the one who comes after her.
fn petra_and_odile(world: &World) -> (Person, Person) {
    let joins = |home: &str, name: &str| {
        let link = world.relay(["invite", "--name", name, "--role", "social-worker"]);
        let person = Person { home: world.path(home) };
        if home == "petra" {
            world.relay(["teams", "add", CHILD, name, "--role", "social-worker", "--from", "2025-09-01"]);
        }
        person.pep(["join", link.trim()]);
        person
    };
    (joins("petra", "Petra Lanternby"), joins("odile", "Odile Marrowfield"))
}

fn held(person: &Person) -> Vec<Value> {
    person.json(["held"]).as_array().expect("a list").clone()
}

fn audited(world: &World, did: &str) -> usize {
    let audit: Value = serde_json::from_str(&world.relay(["audit", "--json"])).expect("JSON");
    audit.as_array().expect("a list").iter().filter(|entry| entry["did"] == did).count()
}

#[test]
fn r003_34_storyboard_7_what_a_former_social_worker_writes_later_is_held_explained_accepted_and_stays_hers() {
    let world = World::new();
    let (petra, odile) = petra_and_odile(&world);
    let ottoline = world.person("ottoline", "Ottoline Greaves-Penn", "designated-teacher");
    let lorcan = world.person("lorcan", "Lorcan Tidewell", "virtual-school-officer");
    let pep = petra.start_pep();
    petra.pep(["write", &pep, STORY, "Loyal, quick and a very good cook."]);
    petra.sync();
    world.relay(["teams", "hand-over", CHILD, "--from", "Petra Lanternby", "--to", "Odile Marrowfield"]);
    // Her device has not heard of it, and lets her write: two changes.
    petra.pep(["write", &pep, STORY, "Loyal, quick and a very good cook. Dislikes Mondays."]);
    petra.pep(["set", &pep, "transfer.needed", "yes"]);
    let said = petra.command(["sync", "--once"]).output().expect("pep runs");
    let words = String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success(), "{words}");
    assert!(words.contains("2 changes could not be accepted") && words.contains("not on this child’s team"), "{words}");
    assert!(words.contains("Your text is kept here") && words.contains("cannot be called back"), "{words}");
    // Nobody else has it, and everybody goes on.
    for person in [&odile, &ottoline, &lorcan] {
        person.sync();
        let answers = person.show(&pep)["answers"].clone();
        assert_eq!(
            (&answers[STORY], &answers["transfer.needed"]),
            (&"Loyal, quick and a very good cook.".into(), &Value::Null)
        );
    }
    odile.pep(["write", &pep, "meeting.notes", "Odile goes on."]);
    odile.sync();
    // Her device gave the plan up, and keeps her own words beside the reason.
    assert_eq!(petra.json(["list"]).as_array().map(Vec::len), Some(0));
    let hers = held(&petra);
    assert_eq!(hers.len(), 2);
    assert!(
        hers.iter().all(|one| one["code"] == "left" && one["mine"] == true && one["pep"] == pep.as_str()),
        "{hers:?}"
    );
    assert_eq!(hers[0]["what"][0]["field"], STORY);
    assert_eq!(hers[0]["what"][0]["after"], "Loyal, quick and a very good cook. Dislikes Mondays.");
    assert!(petra.pep(["held"]).contains("Dislikes Mondays."));
    let status = petra.json(["status"]);
    assert_eq!((&status["held"], &status["left"]), (&2.into(), &1.into()));
    // The Virtual School reads what it is, from nothing but the relay and its own copy of the plan.
    lorcan.sync();
    assert_eq!(lorcan.json(["status"])["undecided"], 2);
    let waiting = held(&lorcan);
    assert_eq!(waiting.len(), 2);
    assert!(waiting[0]["by"].as_str().unwrap().starts_with("Petra Lanternby, social worker until"), "{waiting:?}");
    assert_eq!(waiting[0]["what"][0]["before"], "Loyal, quick and a very good cook.");
    assert_eq!(waiting[0]["what"][0]["after"], "Loyal, quick and a very good cook. Dislikes Mondays.");
    assert_eq!((&waiting[0]["told"], &waiting[0]["acceptable"]), (&true.into(), &true.into()));
    let (first, second) = (waiting[0]["change"].as_str().unwrap(), waiting[1]["change"].as_str().unwrap());
    assert!(lorcan.pep(["held", "show", &first[..8]]).contains("Dislikes Mondays."));
    assert_eq!(waiting[1]["what"][0]["field"], "transfer.needed");
    // Nobody else decides.
    for person in [&odile, &petra] {
        let refused = person.command(["held", "accept", first]).output().expect("pep runs");
        assert_eq!(refused.status.code(), Some(3));
    }
    assert_eq!(held(&odile).len(), 0, "nor sees them");
    lorcan.pep(["held", "accept", first]);
    lorcan.pep(["held", "discard", second]);
    assert_eq!(held(&lorcan).len(), 0);
    // It is in the plan under her name, once, beside what others wrote meanwhile.
    for person in [&odile, &ottoline, &lorcan] {
        person.sync();
        let shown = person.show(&pep);
        assert_eq!(shown["answers"][STORY], "Loyal, quick and a very good cook. Dislikes Mondays.");
        assert_eq!(shown["answers"]["transfer.needed"], Value::Null);
        assert_eq!(shown["answers"]["meeting.notes"], "Odile goes on.");
        assert!(person.pep(["history", &pep, "--field", STORY]).contains("Petra Lanternby"));
    }
    // She is told of both, and gets nothing of the child.
    let said = petra.command(["sync", "--once"]).output().expect("pep runs");
    let words = String::from_utf8_lossy(&said.stderr);
    assert!(words.contains("accepted by the Virtual School"), "{words}");
    let hers = held(&petra);
    assert_eq!((hers.len(), &hers[0]["code"]), (1, &"discarded".into()));
    assert_eq!(petra.json(["list"]).as_array().map(Vec::len), Some(0));
    for did in ["held", "heard", "accepted", "discarded", "handed over"] {
        assert!(audited(&world, did) > 0, "the audit does not say {did:?}");
    }
    assert!(!world.relay(["audit"]).contains("Petra"), "ids only");
    world.relay(["check"]);
}

#[test]
fn nothing_is_discarded_before_its_author_has_heard() {
    let world = World::new();
    let (petra, _) = petra_and_odile(&world);
    let lorcan = world.person("lorcan", "Lorcan Tidewell", "virtual-school-officer");
    let pep = petra.start_pep();
    petra.sync();
    lorcan.sync();
    world.relay(["teams", "end", CHILD, "Petra Lanternby", "--on", "2025-12-31"]);
    petra.pep(["write", &pep, STORY, "Written after the day."]);
    // Her device's disk is put back to before it heard: the relay was told nothing.
    let kept = Person { home: world.path("kept") };
    harness::world::copy_folder(&petra.home, &kept.home);
    petra.sync();
    let list: Value = serde_json::from_str(&world.relay(["held", "list", "--json"])).unwrap();
    let change = list[0]["change"].as_str().unwrap().to_owned();
    assert_eq!((&list[0]["told"], &list[0]["acceptable"]), (&true.into(), &true.into()));
    assert!(!world.relay(["held", "show", &change[..6]]).contains("Written after"), "the relay shows no words");
    // The keeper decides, too; decided is decided.
    assert!(world.relay(["held", "discard", &change[..6]]).contains("Discarded"));
    let again: Value = serde_json::from_str(&world.relay(["held", "list", "--json"])).unwrap();
    assert_eq!(again.as_array().map(Vec::len), Some(0));
    petra.sync();
    assert_eq!(held(&petra)[0]["code"], "discarded");
    assert!(petra.pep(["held"]).contains("Written after the day."), "her text stays hers");
}

/// Every file of a folder, whole.
fn holds(folder: &std::path::Path, words: &str) -> bool {
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("a file").path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read(&path).is_ok_and(|bytes| bytes.windows(words.len()).any(|w| w == words.as_bytes()))
            {
                return true;
            }
        }
    }
    false
}

#[test]
fn a_stolen_laptop_gets_nothing_more_and_erases_its_plans_at_its_next_contact() {
    let world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let ottoline = world.person("ottoline", "Ottoline Greaves-Penn", "designated-teacher");
    let pep = odile.start_pep();
    odile.pep(["write", &pep, STORY, "Loyal, quick and a very good cook."]);
    odile.sync();
    let device = odile.json(["whoami"])["device"].as_str().expect("an id").to_owned();
    world.relay(["devices", "revoke", &device]);
    // Whoever has it goes on writing, and the others go on, too.
    odile.pep(["write", &pep, "meeting.notes", "Written by nobody knows whom."]);
    ottoline.sync();
    ottoline.pep(["write", &pep, "meeting.notes", "Not for the thief."]);
    ottoline.sync();
    let said = odile.command(["sync", "--once"]).output().expect("pep runs");
    let words = String::from_utf8_lossy(&said.stderr);
    assert_eq!(said.status.code(), Some(3), "{words}");
    for part in [
        "revoked by",
        "all plans were erased",
        "1 change had never been shared",
        "cannot be called back",
        "pep join LINK",
    ] {
        assert!(words.contains(part), "it does not say {part:?}: {words}");
    }
    // Nothing that opens a plan is left, and the program says why, whatever is asked.
    for name in ["journal", "sled", "keys", "home.key", "device.sealed"] {
        assert!(!odile.home.join(name).exists(), "{name} is left");
    }
    for text in ["Idris", "good cook", "thief"] {
        assert!(!holds(&odile.home, text), "{text:?} is left");
    }
    for command in [&["status"][..], &["list"], &["show", "abcd"], &["open", "--no-browser"]] {
        let said = odile.command(command).output().expect("pep runs");
        assert_eq!(said.status.code(), Some(3), "{command:?}");
        assert!(String::from_utf8_lossy(&said.stderr).contains("all plans were erased"), "{command:?}");
    }
    // Nobody has what was written on it, and it is in nobody's name.
    ottoline.sync();
    assert_eq!(ottoline.show(&pep)["answers"]["meeting.notes"], "Not for the thief.");
    assert_eq!(audited(&world, "revoked"), 1);
    // It was found again: a new link, and what was shared comes back.
    odile.pep(["join", &world.invite("Odile Marrowfield", "social-worker")]);
    odile.sync();
    let answers = odile.show(&pep)["answers"].clone();
    assert_eq!(
        (&answers[STORY], &answers["meeting.notes"]),
        (&"Loyal, quick and a very good cook.".into(), &"Not for the thief.".into())
    );
}

#[test]
fn a_laptop_that_is_connected_when_it_is_revoked_is_shut_out_at_once() {
    use std::{io::Read, process::Stdio};
    let world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let pep = odile.start_pep();
    odile.pep(["write", &pep, STORY, "Loyal, quick and a very good cook."]);
    odile.sync();
    let device = odile.json(["whoami"])["device"].as_str().expect("an id").to_owned();
    let mut watching = odile.command(["sync", "--watch"]).stderr(Stdio::piped()).spawn().expect("pep runs");
    let mut words = watching.stderr.take().expect("a pipe");
    let mut said = Vec::new();
    let mut byte = [0; 1];
    while !String::from_utf8_lossy(&said).contains("Connected.") {
        assert_eq!(words.read(&mut byte).expect("words"), 1, "{}", String::from_utf8_lossy(&said));
        said.push(byte[0]);
    }
    world.relay(["devices", "revoke", &device]);
    words.read_to_end(&mut said).expect("words");
    assert_eq!(watching.wait().expect("it ends").code(), Some(3), "{}", String::from_utf8_lossy(&said));
    assert!(String::from_utf8_lossy(&said).contains("all plans were erased"), "{}", String::from_utf8_lossy(&said));
    assert!(!odile.home.join("journal").exists());
}
