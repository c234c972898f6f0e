//! How many connections a command makes to the relay: a handshake costs more than most of what is asked.

use std::{
    io,
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::*;

/// Stands before a relay, passes on what comes, and counts the connections.
struct Counter {
    address: String,
    count: Arc<AtomicUsize>,
}

impl Counter {
    fn before(relay: &Relay) -> Counter {
        let behind = relay.url.strip_prefix("wss://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, count) = (listener.local_addr().unwrap().to_string(), Arc::new(AtomicUsize::new(0)));
        let counted = count.clone();
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                counted.fetch_add(1, Ordering::Relaxed);
                let Ok(far) = TcpStream::connect(&behind) else { continue };
                for (from, to) in [(near.try_clone(), far.try_clone()), (Ok(far), Ok(near))] {
                    let (Ok(mut from), Ok(mut to)) = (from, to) else { continue };
                    thread::spawn(move || {
                        let _ = io::copy(&mut from, &mut to);
                        let _ = to.shutdown(std::net::Shutdown::Write);
                    });
                }
            }
        });
        Counter { address, count }
    }

    /// How many connections a command makes.
    fn of(&self, home: &Home, words: &[&str]) -> usize {
        let before = self.count.load(Ordering::Relaxed);
        home.pep(words).ok();
        self.count.load(Ordering::Relaxed) - before
    }
}

#[test]
fn one_decision_about_a_refused_change_is_one_connection() {
    let world = World::new();
    let (odile, lorcan) = (world.join("odile", ODILE), world.home("lorcan"));
    let counter = Counter::before(&world.relay);
    let link: Link = world.relay.invite(LORCAN, &world.child).parse().unwrap();
    let link = Link { address: counter.address.clone(), ..link }.to_string();
    // The session's requests, and then the WebSocket on the same connection.
    assert_eq!(counter.of(&lorcan, &["join", &link]), 1);
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    assert_eq!(counter.of(&lorcan, &["sync"]), 1);
    world.relay.run(&["teams", "end", &world.child, ODILE.0, "--on", "2025-12-31"]).ok();
    odile.pep(&["write", &spring, "care.story", "Written after the day."]).ok();
    odile.pep(&["set", &spring, "transfer.needed", "yes"]).ok();
    odile.pep(&["sync"]).ok();
    lorcan.pep(&["sync"]).ok();
    let waiting = world.relay.run(&["held", "list", "--json"]).json();
    let change = |number: usize| waiting[number]["change"].as_str().unwrap();
    assert_eq!(counter.of(&lorcan, &["held"]), 1);
    assert_eq!(counter.of(&lorcan, &["held", "accept", change(0)]), 1);
    assert_eq!(counter.of(&lorcan, &["held", "discard", change(1)]), 1);
    assert!(lorcan.show(&spring)["answers"]["care.story"].is_null(), "it comes with the next sync");
    lorcan.pep(&["sync"]).ok();
    assert_eq!(lorcan.show(&spring)["answers"]["care.story"], "Written after the day.");
}
