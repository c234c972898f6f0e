//! `pep open`: the pages over a real socket.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::Stdio,
};

use crate::{Ended, Home, LORCAN, ODILE, OTTOLINE, Watching, World};

/// A running `pep open`, and its first link.
pub(crate) struct Open(pub(crate) Ended, pub(crate) String);

/// Something that speaks to the pages like a browser does.
pub(crate) struct Browser {
    /// `127.0.0.1:4117`.
    pub(crate) host: String,
    pub(crate) cookie: String,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Open {
    pub(crate) fn start(home: &Home, words: &[&str]) -> Open {
        let words = [&["open"], words].concat();
        let mut child = home.command(&words).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Open(Ended(child), line.trim().to_owned())
    }
}

impl Browser {
    pub(crate) fn stranger(link: &str) -> Browser {
        let host = link.strip_prefix("http://").unwrap().split('/').next().unwrap();
        Browser { host: host.to_owned(), cookie: String::new() }
    }

    pub(crate) fn let_in(link: &str) -> Browser {
        let mut browser = Browser::stranger(link);
        let entered = browser.get(&path(link));
        assert_eq!((entered.status, entered.header("location")), (303, Some("/")));
        let cookie = entered.header("set-cookie").unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        browser.cookie = cookie.split(';').next().unwrap().to_owned();
        browser
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.say(&format!("GET {target} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n", self.host, self.cookie), "")
    }

    pub(crate) fn post(&self, target: &str, form: &str) -> Answer {
        let origin = format!("http://{}", self.host);
        self.post_from(target, &format!("Origin: {origin}\r\nSec-Fetch-Site: same-origin\r\n"), form)
    }

    pub(crate) fn post_from(&self, target: &str, from: &str, form: &str) -> Answer {
        let (host, cookie) = (&self.host, &self.cookie);
        self.say(&format!("POST {target} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n{from}"), form)
    }

    pub(crate) fn say(&self, head: &str, body: &str) -> Answer {
        let port: u16 = self.host.rsplit(':').next().unwrap().parse().unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let head = format!("{head}Connection: close\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).unwrap();
        // A form that is too large is answered before it is read to its end.
        let _ = stream.write_all(body.as_bytes());
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        let said = String::from_utf8(said).unwrap();
        let (head, body) = said.split_once("\r\n\r\n").unwrap_or((&said, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn hidden(&self, name: &str) -> String {
        let rest = self.body.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}

pub(crate) fn path(link: &str) -> String {
    format!("/{}", link.splitn(4, '/').nth(3).unwrap())
}

#[test]
fn the_pages_let_one_browser_in_with_one_link_and_turn_everybody_else_away() {
    let world = World::new();
    let ottoline = world.join("ottoline", OTTOLINE);
    let odile = world.join("odile", ODILE);
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();
    let open = Open::start(&ottoline, &["--no-browser"]);
    let browser = Browser::let_in(&open.1);
    let plan = format!("/pep/{spring}");
    let page = browser.get(&plan);
    assert!(page.status == 200 && page.body.contains("Idris Fennimoor"));
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(page.header(name), Some(value), "{name}");
    }
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'") && policy.contains("script-src 'self';") && !policy.contains("unsafe")
    );

    let stranger = Browser::stranger(&open.1);
    let host = &browser.host;
    let cookie = &browser.cookie;
    let live = format!("/live?pep={spring}");
    let wrong_host = |head: &str| browser.say(&format!("GET {head}\r\nCookie: {cookie}\r\n"), "");
    let turned = [
        (stranger.get(&plan), 403),
        (stranger.get(&path(&open.1)), 403),
        (stranger.get("/enter?key=0123"), 403),
        (Browser { cookie: cookie.replace('=', "=0"), host: host.clone() }.get(&plan), 403),
        (wrong_host(&format!("{plan} HTTP/1.1\r\nHost: evil.example")), 421),
        (wrong_host(&format!("{plan} HTTP/1.1\r\nHost: {host}\r\nHost: {host}")), 421),
        (wrong_host(&format!("http://evil.example{plan} HTTP/1.1\r\nHost: {host}")), 421),
        (browser.post_from(&plan, "", "a=b"), 403),
        (browser.post_from(&plan, "Origin: null\r\nSec-Fetch-Site: same-origin\r\n", "a=b"), 403),
        (browser.post_from(&plan, "Origin: http://evil.example\r\n", "a=b"), 403),
        (browser.post_from(&plan, &format!("Origin: http://{host}\r\nSec-Fetch-Site: cross-site\r\n"), "a=b"), 403),
        (stranger.post(&plan, "a=b"), 403),
        // Live text: a socket comes from our own page, in a browser that was let in.
        (browser.get(&live), 403),
        (wrong_host(&format!("{live} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://evil.example")), 403),
        (wrong_host(&format!("{live} HTTP/1.1\r\nHost: {host}\r\nOrigin: null")), 403),
        (wrong_host(&format!("{live} HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example")), 421),
        (stranger.say(&format!("GET {live} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"), ""), 403),
    ];
    for (n, (answer, status)) in turned.iter().enumerate() {
        assert_eq!(answer.status, *status, "{n}: {}", answer.head);
        assert!(
            answer.body.contains("<h1") && !answer.body.contains("Idris") && !answer.body.contains("Ottoline"),
            "{n}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{n}");
    }
    // From our own page, but no socket.
    assert_eq!(wrong_host(&format!("{live} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}")).status, 400);
    assert_eq!(browser.say(&format!("PUT {plan} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n"), "").status, 405);

    // Styles are anybody's and for ever; nothing else is.
    let style = page.body.split("href=\"/assets/").nth(2).unwrap().split('"').next().unwrap();
    let style = stranger.get(&format!("/assets/{style}"));
    assert!(style.status == 200 && style.header("cache-control").unwrap().contains("immutable"));
    assert_eq!(style.header("content-type"), Some("text/css; charset=utf-8"));
    assert_eq!(stranger.get("/assets/0000/govuk.css").status, 404);
}

#[test]
fn a_form_over_the_socket_is_saved_and_shared_and_one_that_is_too_large_is_not() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();
    let open = Open::start(&ottoline, &["--no-browser"]);
    let browser = Browser::let_in(&open.1);
    let section = format!("/pep/{spring}/page/D/progress");
    let stamp = browser.get(&section).hidden("made-from");
    let form = format!("made-from={}&progress.goingWell=Maths%2C%0D%0Aand+cooking.&go=here", stamp.replace(' ', "+"));
    let saved = browser.post(&section, &form);
    assert_eq!((saved.status, saved.header("location")), (303, Some(format!("{section}?saved=1").as_str())));
    let large = browser.post(&section, &format!("{form}&more={}", "x".repeat(5 * 1024 * 1024)));
    assert_eq!(large.status, 413);
    assert!(large.body.contains("Nothing was saved"));
    let shared = browser.post("/sync", "");
    assert_eq!((shared.status, shared.header("location")), (303, Some("/sync?tried=1")));
    assert!(browser.get("/sync?tried=1").body.contains("Everything is shared"));
    odile.pep(&["sync"]).ok();
    assert_eq!(odile.show(&spring)["answers"]["progress.goingWell"], "Maths,\nand cooking.");
}

#[test]
fn two_answers_given_apart_are_chosen_between_on_a_page() {
    let world = World::new();
    let (odile, lorcan) = (world.join("odile", ODILE), world.join("lorcan", LORCAN));
    let ottoline = world.join("ottoline", OTTOLINE);
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    for home in [&lorcan, &ottoline] {
        home.pep(&["sync"]).ok();
        home.pep(&["set", &spring, "setting.yearGroup", "10"]);
    }
    ottoline.pep(&["sync"]).ok();
    lorcan.pep(&["sync"]).ok();
    ottoline.pep(&["set", &spring, "funding.tuition", "school_claims"]).ok();
    lorcan.pep(&["set", &spring, "funding.tuition", "vs_retains"]).ok();
    lorcan.pep(&["sync"]).ok();
    let open = Open::start(&ottoline, &["--no-browser"]);
    let browser = Browser::let_in(&open.1);
    browser.post("/sync", "");
    assert!(browser.get("/").body.contains("Choose between two answers at"));
    let list = browser.get(&format!("/pep/{spring}/choose"));
    assert!(list.body.contains("Lorcan Tidewell") && list.body.contains("Ottoline Greaves-Penn"));
    let choose = list.body.split(&format!("href=\"/pep/{spring}/choose/")).nth(1).unwrap().split('"').next().unwrap();
    let choose = format!("/pep/{spring}/choose/{choose}");
    let page = browser.get(&choose);
    let stamp = page.hidden("made-from").replace(' ', "+");
    let none = browser.post(&choose, &format!("made-from={stamp}"));
    assert!(none.status == 200 && none.body.contains("Choose which answer is right"));
    let second = page.body.split("id=\"take-1\" name=\"take\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(browser.post(&choose, &format!("made-from={stamp}&take={second}")).status, 303);
    assert!(browser.get(&choose).body.contains("There is nothing to choose here now"));
    assert!(ottoline.show(&spring)["answers"]["funding.tuition"].is_string());
}

#[test]
fn a_text_that_two_people_rewrote_apart_is_chosen_on_a_page() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let spring = world.spring(&odile);
    odile.pep(&["write", &spring, "meeting.notes", "The meeting was held at school and everybody came in time."]).ok();
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();
    odile.pep(&["write", &spring, "meeting.notes", "Idris chaired. It was short."]).ok();
    ottoline.pep(&["write", &spring, "meeting.notes", "We met online; two could not join us."]).ok();
    odile.pep(&["sync"]).ok();
    let open = Open::start(&ottoline, &["--no-browser"]);
    let browser = Browser::let_in(&open.1);
    browser.post("/sync", "");
    let list = browser.get(&format!("/pep/{spring}/choose"));
    assert!(list.body.contains("Idris chaired. It was short.") && list.body.contains("As it is now, both together"));
    let choose = list.body.split(&format!("href=\"/pep/{spring}/choose/")).nth(1).unwrap().split('"').next().unwrap();
    let choose = format!("/pep/{spring}/choose/{choose}");
    let page = browser.get(&choose);
    let stamp = page.hidden("made-from").replace(' ', "+");
    let first = page.body.split("id=\"take\" name=\"take\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(browser.post(&choose, &format!("made-from={stamp}&take={first}")).status, 303);
    let notes = ottoline.show(&spring)["answers"]["meeting.notes"].as_str().unwrap().to_owned();
    assert!(
        ["Idris chaired. It was short.", "We met online; two could not join us."].contains(&notes.as_str()),
        "{notes}"
    );
}

#[test]
fn the_pages_run_beside_other_commands_and_end_in_good_order() {
    let world = World::new();
    let ottoline = world.join("ottoline", OTTOLINE);
    let mut open = Open::start(&ottoline, &["--json"]);
    let said: serde_json::Value = serde_json::from_str(&open.1).unwrap();
    let first = said["url"].as_str().unwrap();
    // Another command, and another link to the same pages.
    assert!(ottoline.pep(&["whoami"]).ok().contains("Ottoline"));
    let again = ottoline.pep(&["open", "--no-browser"]).ok();
    let second = Browser::let_in(again.trim());
    assert_eq!(second.host, Browser::let_in(first).host);
    assert_eq!(second.get("/").status, 200);
    assert!(open.0.end_politely());

    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let taken = port.local_addr().unwrap().port().to_string();
    let refused = ottoline.pep(&["open", "--no-browser", "--port", &taken]);
    assert!(refused.code == 1 && refused.err.contains("Another program uses port"), "{}", refused.err);
    drop(port);
    let open = Open::start(&ottoline, &["--no-browser", "--port", &taken]);
    assert!(open.1.contains(&format!(":{taken}/")), "{}", open.1);
    drop(open);

    // Where `pep sync --watch` has the folder, it serves the pages too.
    let watching = Watching::start(&ottoline);
    let link = ottoline.pep(&["open", "--no-browser"]).ok();
    assert_eq!(Browser::let_in(link.trim()).get("/children").status, 200);
    assert!(watching.asked_to_end());
    let nobody = Home { path: world.dir.path().join("nobody") };
    let not_joined = nobody.pep(&["open", "--no-browser"]);
    assert!(not_joined.code == 1 && not_joined.err.contains("has not joined yet"), "{}", not_joined.err);
}

#[test]
fn whoever_works_offline_goes_on_alone_until_they_go_online_again() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();
    let open = Open::start(&ottoline, &["--no-browser"]);
    let browser = Browser::let_in(&open.1);
    let notes = |who: &Home| who.show(&spring)["answers"]["meeting.notes"].to_string();
    crate::eventually(|| browser.get("/sync").body.contains("Connected"));
    // What the directory knows is filled in as the plan is opened, and shared.
    browser.get(&format!("/pep/{spring}"));
    crate::eventually(|| browser.get("/sync").body.contains("0 answers"));
    assert_eq!(browser.post("/sync", "line=off").header("location"), Some("/sync"));
    let page = browser.get("/sync").body;
    assert!(
        page.contains("You chose to work offline.") && page.contains("Go online") && page.contains("Not connected")
    );
    assert!(browser.get(&format!("/pep/{spring}")).body.contains("You are working offline."));
    ottoline.pep(&["write", &spring, "meeting.notes", "Written on the train."]).ok();
    odile.pep(&["sync"]).ok();
    assert!(!notes(&odile).contains("on the train"), "what is written offline stays on the device");
    assert!(browser.get("/sync").body.contains("1 answer"));
    browser.post("/sync", "line=on");
    crate::eventually(|| browser.get("/sync").body.contains("0 answers"));
    odile.pep(&["sync"]).ok();
    assert!(notes(&odile).contains("on the train"));
    assert!(!browser.get("/sync").body.contains("You chose to work offline."));
}

#[test]
fn a_link_leads_on_to_a_page_of_a_plan_and_nowhere_else() {
    let world = World::new();
    let ottoline = world.join("ottoline", OTTOLINE);
    let open = Open::start(&ottoline, &["--no-browser"]);
    let (id, mut link) = ("0".repeat(8), open.1.clone());
    for (to, leads) in [
        (format!("/pep/{id}/meeting/live"), format!("/pep/{id}/meeting/live")),
        ("//evil.example/pep/".into(), "/".into()),
        ("https://evil.example/pep/".into(), "/".into()),
        ("/pep/..%2f..%5cevil%0d%0aset-cookie:x".into(), "/".into()),
        ("/sync".into(), "/".into()),
    ] {
        let entered = Browser::stranger(&link).get(&format!("{}&to={to}", path(&link)));
        assert_eq!((entered.status, entered.header("location")), (303, Some(leads.as_str())), "{to}");
        link = ottoline.pep(&["open", "--no-browser"]).ok().trim().to_owned();
    }
}

#[test]
fn a_device_that_was_given_to_a_child_stays_so_after_a_restart_and_a_forgotten_pin_is_set_anew() {
    let world = World::new();
    let ottoline = world.join("ottoline", OTTOLINE);
    let odile = world.join("odile", ODILE);
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();
    ottoline.pep(&["set", &spring, "setting.yearGroup", "10"]).ok();
    let set = |pin: &str| ottoline.pep_with(&["pin", "set"], pin);
    let refused = set("1234\n");
    assert!(refused.code == 2 && refused.err.contains("harder to guess") && !refused.err.contains("1234\n"));
    set("8305\n").ok();
    {
        let open = Open::start(&ottoline, &["--no-browser"]);
        let browser = Browser::let_in(&open.1);
        let give = format!("/pep/{spring}/views/give");
        let stamp = browser.get(&give).hidden("made-from");
        let given = browser.post(&give, &format!("made-from={}", stamp.replace(' ', "+")));
        assert_eq!((given.status, given.header("location")), (303, Some("/views")));
        assert_eq!(given.header("clear-site-data"), Some("\"cache\""));
        assert!(browser.get("/views").body.contains("Hello"));
    }
    // Started again, opened by a new link: the child's pages still. Whoever has the command line sets a new PIN.
    let open = Open::start(&ottoline, &["--no-browser"]);
    let browser = Browser::let_in(&open.1);
    for target in ["/", "/children", &format!("/pep/{spring}"), "/a%20b", "/settings"] {
        let led = browser.get(target);
        assert_eq!((led.status, led.header("location")), (303, Some("/views")), "{target}");
    }
    set("4711\n").ok();
    assert_eq!(browser.post("/views/leave", "pin=8305").status, 200);
    let left = browser.post("/views/leave", "pin=4711");
    assert_eq!((left.status, left.header("location")), (303, Some(format!("/pep/{spring}/views").as_str())));
    assert!(browser.get("/").body.contains("Your tasks"));
}

#[test]
fn a_type_a_mistake_and_a_child_entered_twice_are_put_right_on_pages_too() {
    let world = World::new();
    let (odile, lorcan) = (world.join("odile", ODILE), world.join("lorcan", LORCAN));
    let spring = world.spring(&odile);
    for home in [&odile, &lorcan] {
        home.pep(&["sync"]).ok();
    }
    let open = Open::start(&lorcan, &["--no-browser"]);
    let browser = Browser::let_in(&open.1);
    let (plan, filing) = (format!("/pep/{spring}"), format!("/pep/{spring}/filing"));
    assert!(browser.get(&plan).body.contains("Wrong type, or begun by mistake?"));
    let send = |fields: &str| {
        let stamp = browser.get(&filing).hidden("made-from").replace(' ', "+");
        browser.post(&filing, &format!("made-from={stamp}&{fields}"))
    };
    for (fields, words) in [
        ("do=amend&type=weekly", "Choose what kind of PEP it is"),
        ("do=withdraw&reason=+", "Say why the PEP is withdrawn"),
        ("do=nothing", "Choose what kind of PEP it is"),
        ("do=amend&type=review", "of that type already"),
        ("do=back", "not withdrawn"),
    ] {
        let answer = send(fields);
        assert!(answer.status == 200 && answer.body.contains(words), "{fields}: {} {}", answer.status, answer.head);
        assert!(answer.body.contains("There is a problem"), "{fields}");
    }
    assert_eq!(send("do=amend&type=initial&why=The+first+one.").header("location"), Some(&*format!("{plan}?filed=1")));
    let shown = browser.get(&plan).body;
    assert!(shown.contains("begun as termly review, it is now initial") && shown.contains("The first one"), "{shown}");
    send("do=withdraw&reason=Begun+by+mistake.");
    let shown = browser.get(&plan).body;
    assert!(shown.contains("This PEP was withdrawn by") && shown.contains("(Begun by mistake)"));
    assert!(browser.get(&filing).body.contains("Bring this PEP back"));
    assert!(!browser.get("/").body.contains(&spring), "it waits for nobody");
    assert!(browser.get("/children").body.contains("Withdrawn"));
    send("do=back");
    assert!(!browser.get(&plan).body.contains("was withdrawn"));
    odile.pep(&["sync"]).ok();
    assert_eq!(odile.show(&spring)["amended"]["was"], "review");

    // The Virtual School joins what was entered twice, and nobody else is asked.
    let again = world.relay.run(&["children", "add", "--name", "Idris Fenimoor", "--dob", "2010-11-02"]).ok();
    let again = again.trim().to_owned();
    world.relay.run(&["teams", "add", &again, LORCAN.0, "--role", "virtual-school-officer"]).ok();
    browser.post("/sync", "");
    let join = format!("/children/{again}/join");
    assert!(browser.get("/children").body.contains(&join));
    let child = &world.child;
    let send = |fields: &str| browser.post(&join, fields);
    for (fields, words) in [
        (String::new(), "Choose as which entry"),
        (format!("into={child}&reason=+"), "Say what shows"),
        (format!("into={again}&reason=One+UPN."), "two different ones"),
        (format!("apart={child}&reason=One+UPN."), "not joined"),
    ] {
        let answer = send(&fields);
        assert!(answer.status == 200 && answer.body.contains(words), "{fields}: {}", answer.head);
    }
    let sent = send(&format!("into={child}&reason=One+UPN."));
    assert_eq!(sent.header("location"), Some("/children?joined=1"), "{}", sent.body);
    let children = browser.get("/children").body;
    assert!(!children.contains("Fenimoor") && children.contains("Idris Fennimoor"));
    let apart = format!("/children/{child}/join");
    assert!(browser.get(&apart).body.contains("Joined: Idris Fenimoor"));
    browser.post(&apart, &format!("apart={again}&reason=Another+UPN."));
    assert!(browser.get("/children").body.contains("Fenimoor"));
    drop(open);
    let open = Open::start(&odile, &["--no-browser"]);
    assert_eq!(Browser::let_in(&open.1).get(&apart).status, 404, "she is not asked");
}
