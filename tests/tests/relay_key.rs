//! A relay changes the key that participants know it by, played with real programs over TLS: who follows, and what does not hold any more.

use std::{
    fs,
    net::{Shutdown, TcpListener, TcpStream},
    process::Command,
    sync::{Arc, Mutex},
    thread,
};

use harness::world::{Person, Server, World, copy_folder, program};

const STORY: &str = "care.story";

fn fails(person: &Person, args: &[&str]) -> (i32, String) {
    let said = person.command(args).output().expect("pep runs");
    (said.status.code().expect("it ended"), String::from_utf8_lossy(&said.stderr).into_owned())
}

/// The key that the relay says it signs with.
fn key(world: &World) -> String {
    let shown: serde_json::Value = serde_json::from_str(&world.relay(["keys", "show", "--json"])).expect("JSON");
    shown["key"].as_str().expect("a key").to_owned()
}

fn change(world: &mut World) {
    world.kill_relay();
    world.relay(["keys", "change", "--reason", "The old one was on a laptop that is lost."]);
    world.serve();
}

#[test]
fn devices_follow_a_relay_that_changes_its_key_and_nothing_is_lost() {
    let mut world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let ottoline = world.person("ottoline", "Ottoline Greaves-Penn", "designated-teacher");
    let before_the_change = world.invite("Lorcan Tidewell", "virtual-school-officer");
    let pep = odile.start_pep();
    odile.pep(["write", &pep, STORY, "Loyal, quick and a very good cook."]);
    odile.sync();
    ottoline.sync();
    let first = key(&world);
    change(&mut world);
    let second = key(&world);
    assert_ne!(first, second);
    // Both go on, one of them over two changes at once.
    odile.pep(["write", &pep, STORY, "--append", "Dislikes Mondays."]);
    odile.sync();
    change(&mut world);
    ottoline.sync();
    odile.sync();
    for person in [&odile, &ottoline] {
        let story = person.show(&pep)["answers"][STORY].as_str().expect("a text").to_owned();
        assert!(story.contains("cook.") && story.contains("Mondays."), "{story}");
    }
    // What they know of the directory stays where they are offline, and a link of the first key's day is good still.
    world.kill_relay();
    assert!(ottoline.pep(["child", "list"]).contains("Idris"));
    world.serve();
    let lorcan = Person { home: world.path("lorcan") };
    lorcan.pep(["join", &before_the_change]);
    lorcan.sync();
    assert!(lorcan.pep(["list"]).contains("Idris"));
    // It is in the audit, and a relay that serves does not change its key.
    let audit = world.relay(["audit"]);
    assert_eq!(audit.matches("changed key").count(), 2, "{audit}");
    let shown: serde_json::Value = serde_json::from_str(&world.relay(["keys", "show", "--json"])).expect("JSON");
    assert_eq!(shown["former"], serde_json::json!([first, second]));
}

#[test]
fn a_device_that_was_revoked_follows_to_the_new_key_and_erases_its_plans() {
    let mut world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let pep = odile.start_pep();
    odile.sync();
    let device = odile.json(["whoami"])["device"].as_str().expect("an id").to_owned();
    world.relay(["devices", "revoke", &device]);
    change(&mut world);
    let (code, words) = fails(&odile, &["sync", "--once"]);
    assert!(code != 0 && words.contains("revoked"), "{code}: {words}");
    let (code, words) = fails(&odile, &["show", &pep]);
    assert!(code != 0, "{words}");
}

#[test]
fn a_relay_put_back_from_before_the_change_is_told_apart_and_nothing_is_sent_to_it() {
    let mut world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let pep = odile.start_pep();
    odile.sync();
    world.kill_relay();
    let old = world.path("old");
    copy_folder(&world.data(), &old);
    world.relay(["keys", "change", "--reason", "Tried."]);
    world.serve();
    odile.sync();
    world.kill_relay();
    let newer = world.path("newer");
    copy_folder(&world.data(), &newer);
    fs::remove_dir_all(world.data()).unwrap();
    copy_folder(&old, &world.data());
    world.serve();
    odile.pep(["write", &pep, STORY, "Loyal, quick and a very good cook."]);
    let (code, words) = fails(&odile, &["sync", "--once"]);
    assert!(code != 0 && words.contains("put back from an older backup") && words.contains("safe here"), "{words}");
    world.kill_relay();
    fs::remove_dir_all(world.data()).unwrap();
    copy_folder(&newer, &world.data());
    world.serve();
    odile.sync();
    assert!(odile.show(&pep)["answers"][STORY].as_str().expect("a text").contains("cook"));
    // The newer data with the older key is refused in words.
    world.kill_relay();
    fs::copy(old.join("relay.sealed"), world.data().join("relay.sealed")).unwrap();
    let check = Command::new(program("pep-relay"))
        .args(["keys", "show", "--data"])
        .arg(world.data())
        .output()
        .expect("pep-relay runs");
    let words = String::from_utf8_lossy(&check.stderr);
    assert!(!check.status.success() && words.contains("older than this data"), "{words}");
}

#[test]
fn a_link_of_ones_own_relay_at_another_address_says_where_it_is_and_is_not_used_up() {
    let mut world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let pep = odile.start_pep();
    odile.sync();
    world.kill_relay();
    let moved = Server::start(&world.data(), "127.0.0.1:0");
    odile.pep(["write", &pep, STORY, "Loyal, quick and a very good cook."]);
    assert_eq!(fails(&odile, &["sync", "--once"]).0, 4, "nobody is at the old address");
    let link = world.invite("Ottoline Greaves-Penn", "designated-teacher");
    odile.pep(["join", &link]);
    assert_eq!(odile.json(["whoami"])["relay"]["url"], moved.url.as_str());
    odile.sync();
    let ottoline = Person { home: world.path("ottoline") };
    ottoline.pep(["join", &link]);
    assert!(ottoline.show(&pep)["answers"][STORY].as_str().expect("a text").contains("cook"));
    // Another Virtual School's link moves nothing.
    let elsewhere = World::new();
    let (code, words) = fails(&odile, &["join", &elsewhere.invite("Petra Lanternby", "social-worker")]);
    assert!(code == 1 && words.contains("another Virtual School's relay"), "{words}");
    assert_eq!(odile.json(["whoami"])["relay"]["url"], moved.url.as_str());
    assert!(moved.stop().is_ok());
}

/// Passes everything on to wherever the relay is at present, so that it can be reached at an address that does not change.
struct Passage {
    address: String,
    relay: Arc<Mutex<String>>,
}

impl Passage {
    fn open(relay: &str) -> Passage {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, relay) = (listener.local_addr().unwrap().to_string(), Arc::new(Mutex::new(relay.to_owned())));
        let to = relay.clone();
        thread::spawn(move || {
            for from in listener.incoming().map_while(Result::ok) {
                let Ok(there) = TcpStream::connect(to.lock().unwrap().as_str()) else { continue };
                let both = [(from.try_clone().unwrap(), there.try_clone().unwrap()), (there, from)];
                for (mut from, mut to) in both {
                    thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Write);
                    });
                }
            }
        });
        Passage { address, relay }
    }
}

#[test]
fn devices_are_told_where_the_relay_is_reached_and_find_it_there_when_it_has_moved() {
    let mut world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let pep = odile.start_pep();
    odile.sync();
    let passage = Passage::open(world.address());
    let says =
        |addresses: &str| fs::write(world.data().join("config.toml"), format!("addresses = [{addresses}]\n")).unwrap();
    says(&format!("{:?}, {:?}", passage.address, world.address()));
    world.kill_relay();
    world.serve();
    odile.sync();
    world.kill_relay();
    // It is elsewhere now, and nobody sends a link.
    let moved = Server::start(&world.data(), "127.0.0.1:0");
    *passage.relay.lock().unwrap() = moved.url.trim_start_matches("wss://").to_owned();
    odile.pep(["write", &pep, STORY, "Loyal, quick and a very good cook."]);
    odile.sync();
    assert!(moved.stop().is_ok());
    // What is no address is refused at the start, and nothing is told.
    for wrong in ["\"harrowmere\"", "\"harrowmere:0\"", "\"https://harrowmere:7443\"", "\":7443\""] {
        fs::write(world.data().join("config.toml"), format!("addresses = [{wrong}]\n")).unwrap();
        let said = Command::new(program("pep-relay")).args(["serve", "--data"]).arg(world.data()).output().unwrap();
        let words = String::from_utf8_lossy(&said.stderr);
        assert!(said.status.code() == Some(2) && words.contains("is not HOST:PORT"), "{wrong}: {words}");
    }
}
