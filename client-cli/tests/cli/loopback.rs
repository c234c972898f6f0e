//! Who gets nothing from the pages, whatever they send: every address, from every place a request may come from.

use std::{
    collections::BTreeSet,
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};

use crate::{
    ODILE, OTTOLINE, World,
    pages::{Browser, Open, path},
};

/// The code that says which addresses there are: what it knows is tried, so that no new one is forgotten.
const ROUTES: &str = include_str!("../../../crates/pages/src/routes.rs");
/// What is answered before an address is looked up.
const APART: [&str; 5] = ["/back", "/live", "/enter", "/lock", "/unlock"];

/// How long an answer may take before it is none.
const PATIENCE: Duration = Duration::from_secs(20);

/// Every address that the pages know, with what stands for an id in it.
fn addresses(pep: &str, child: &str) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = APART.map(str::to_owned).into();
    let mut within = "";
    for line in ROUTES.lines() {
        if let Some(name) = line.strip_prefix("fn ").or_else(|| line.strip_prefix("pub fn ")) {
            within = name.split(['(', '<']).next().unwrap();
        }
        let pattern = line.trim().strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let Some((pieces, rest)) = pattern.filter(|(_, rest)| rest.starts_with(" =>") || rest.starts_with(" if"))
        else {
            continue;
        };
        assert!(rest.contains("=>"), "{line}");
        let piece = |piece: &str| match piece.trim() {
            "" | ".." => None,
            word if word.starts_with('"') => Some(word.trim_matches('"').to_owned()),
            rest if rest.contains("..") => None,
            // Whatever it stands for: who is turned away never gets as far.
            "id" => Some(if pieces.contains("children") { child } else { pep }.to_owned()),
            "page" => Some("C".to_owned()),
            "block" => Some("care".to_owned()),
            "question" => Some("care.story".to_owned()),
            "name" => Some("attendance.terms.csv".to_owned()),
            _ => Some("0123".to_owned()),
        };
        let pieces: Vec<String> = pieces.split(',').filter_map(piece).collect();
        let prefix = match within {
            "within" => format!("/pep/{pep}"),
            _ => String::new(),
        };
        found.insert(format!("{prefix}/{}", pieces.join("/")).trim_end_matches('/').to_owned());
    }
    found.remove("");
    found.insert("/".to_owned());
    found
}

/// One way of coming.
struct Way {
    name: &'static str,
    /// Lines of the head besides the first; `HOST`, `COOKIE` stand for the right ones.
    head: &'static str,
    /// What is answered to a page asked for, and to a form sent; 0: whatever the address answers.
    expect: (u16, u16),
}

const fn way(name: &'static str, head: &'static str, get: u16, post: u16) -> Way {
    Way { name, head, expect: (get, post) }
}

const WAYS: [Way; 46] = [
    // The own browser, from the own page.
    way("own page", "Host: HOST|Cookie: COOKIE|Origin: http://HOST|Sec-Fetch-Site: same-origin", 0, 0),
    way("own page, a browser that does not say where from", "Host: HOST|Cookie: COOKIE|Origin: http://HOST", 0, 0),
    way("among other cookies", "Host: HOST|Cookie: a=b; COOKIE; c=d|Origin: http://HOST", 0, 0),
    way(
        "typed into the address bar",
        "Host: HOST|Cookie: COOKIE|Sec-Fetch-Site: none|Sec-Fetch-Mode: navigate",
        0,
        403,
    ),
    // Another user of this computer, or another program.
    way("no cookie", "Host: HOST|Origin: http://HOST", 403, 403),
    way("an empty cookie", "Host: HOST|Cookie: |Origin: http://HOST", 403, 403),
    way(
        "a guessed cookie",
        "Host: HOST|Cookie: pep-PORT=0000000000000000000000000000000000000000000000000000000000000000|Origin: http://HOST",
        403,
        403,
    ),
    way("the right secret under no name", "Host: HOST|Cookie: SECRET|Origin: http://HOST", 403, 403),
    way("the right secret under another name", "Host: HOST|Cookie: pep-1=SECRET|Origin: http://HOST", 403, 403),
    way("the beginning of the secret", "Host: HOST|Cookie: CUT|Origin: http://HOST", 403, 403),
    way("the secret in capital letters", "Host: HOST|Cookie: CAPITAL|Origin: http://HOST", 403, 403),
    way("the cookie of another pep on this computer", "Host: HOST|Cookie: OTHER|Origin: http://HOST", 403, 403),
    way("the cookie twice", "Host: HOST|Cookie: COOKIE|Cookie: COOKIE|Origin: http://HOST", 403, 403),
    way("the secret as authorization", "Host: HOST|Authorization: Bearer SECRET|Origin: http://HOST", 403, 403),
    way("the used key in the referrer", "Host: HOST|Referer: LINK|Origin: http://HOST", 403, 403),
    // A page of somebody else in the own browser.
    way("a form without an origin", "Host: HOST|Cookie: COOKIE", 0, 403),
    way("a form of nowhere", "Host: HOST|Cookie: COOKIE|Origin: null", 0, 403),
    way("a form of another site", "Host: HOST|Cookie: COOKIE|Origin: https://evil.example", 0, 403),
    way(
        "a form of another port",
        "Host: HOST|Cookie: COOKIE|Origin: http://127.0.0.1:1|Sec-Fetch-Site: same-site",
        403,
        403,
    ),
    way("a form of no port", "Host: HOST|Cookie: COOKIE|Origin: http://127.0.0.1", 0, 403),
    way("a form over https", "Host: HOST|Cookie: COOKIE|Origin: https://HOST", 0, 403),
    way("a form whose origin only begins so", "Host: HOST|Cookie: COOKIE|Origin: http://HOST.evil.example", 0, 403),
    way("a form with two origins", "Host: HOST|Cookie: COOKIE|Origin: http://HOST|Origin: http://HOST", 0, 403),
    way("a form from localhost to 127.0.0.1", "Host: HOST|Cookie: COOKIE|Origin: http://localhost:PORT", 0, 403),
    way("a form from 127.0.0.1 to localhost", "Host: localhost:PORT|Cookie: COOKIE|Origin: http://HOST", 0, 403),
    way(
        "an own origin that the browser contradicts",
        "Host: HOST|Cookie: COOKIE|Origin: http://HOST|Sec-Fetch-Site: cross-site",
        403,
        403,
    ),
    way(
        "a picture or a script on another site",
        "Host: HOST|Cookie: COOKIE|Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: no-cors",
        403,
        403,
    ),
    way(
        "a request by a script of another port",
        "Host: HOST|Cookie: COOKIE|Sec-Fetch-Site: same-site|Sec-Fetch-Mode: cors",
        403,
        403,
    ),
    way(
        "a frame on another site",
        "Host: HOST|Cookie: COOKIE|Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: iframe",
        403,
        403,
    ),
    way(
        "a link on another page",
        "Host: HOST|Cookie: COOKIE|Sec-Fetch-Site: cross-site|Sec-Fetch-Mode: navigate|Sec-Fetch-Dest: document",
        0,
        403,
    ),
    // Another name for the same place: what a page on the internet does that has its own name point here.
    way("no name", "Cookie: COOKIE|Origin: http://HOST", 421, 421),
    way("another name", "Host: evil.example|Cookie: COOKIE|Origin: http://evil.example", 421, 421),
    way("another name, this port", "Host: evil.example:PORT|Cookie: COOKIE|Origin: http://evil.example:PORT", 421, 421),
    way("a name that begins so", "Host: 127.0.0.1.evil.example:PORT|Cookie: COOKIE|Origin: http://HOST", 421, 421),
    way("a name that ends so", "Host: evil.localhost:PORT|Cookie: COOKIE|Origin: http://HOST", 421, 421),
    way("the right name, no port", "Host: 127.0.0.1|Cookie: COOKIE|Origin: http://127.0.0.1", 421, 421),
    way("the right name, a wrong port", "Host: 127.0.0.1:1|Cookie: COOKIE|Origin: http://127.0.0.1:1", 421, 421),
    way("the address of version 6", "Host: [::1]:PORT|Cookie: COOKIE|Origin: http://[::1]:PORT", 421, 421),
    way("the address of all networks", "Host: 0.0.0.0:PORT|Cookie: COOKIE|Origin: http://0.0.0.0:PORT", 421, 421),
    way(
        "another address of this computer",
        "Host: 127.0.0.2:PORT|Cookie: COOKIE|Origin: http://127.0.0.2:PORT",
        421,
        421,
    ),
    way("the address as a number", "Host: 2130706433:PORT|Cookie: COOKIE|Origin: http://2130706433:PORT", 421, 421),
    way(
        "the name with a dot at its end",
        "Host: localhost.:PORT|Cookie: COOKIE|Origin: http://localhost.:PORT",
        421,
        421,
    ),
    way("a user in the name", "Host: me@HOST|Cookie: COOKIE|Origin: http://HOST", 421, 421),
    way("two names, the right one first", "Host: HOST|Host: evil.example|Cookie: COOKIE|Origin: http://HOST", 421, 421),
    way("two names, the right one last", "Host: evil.example|Host: HOST|Cookie: COOKIE|Origin: http://HOST", 421, 421),
    way(
        "the right name in another header",
        "Host: evil.example|X-Forwarded-Host: HOST|Cookie: COOKIE|Origin: http://HOST",
        421,
        421,
    ),
];

#[test]
fn every_address_turns_away_whoever_does_not_come_from_the_own_page_in_the_own_browser() {
    let world = World::new();
    let (odile, ottoline) = (world.join("odile", ODILE), world.join("ottoline", OTTOLINE));
    let spring = world.spring(&odile);
    odile.pep(&["sync"]).ok();
    ottoline.pep(&["sync"]).ok();
    let child = ottoline.show(&spring)["child"].as_str().unwrap().to_owned();
    let open = Open::start(&ottoline, &["--no-browser"]);
    let other = Open::start(&odile, &["--no-browser"]);
    let (browser, neighbour) = (Browser::let_in(&open.1), Browser::let_in(&other.1));
    let secret = browser.cookie.split_once('=').unwrap().1.to_owned();
    let port = browser.host.rsplit(':').next().unwrap().to_owned();
    let fill = |head: &str| {
        let filled = head
            .replace("COOKIE", &browser.cookie)
            .replace("CUT", &browser.cookie[..browser.cookie.len() - 1])
            .replace("CAPITAL", &browser.cookie.to_uppercase().replace("PEP", "pep"))
            .replace("OTHER", &neighbour.cookie)
            .replace("SECRET", &secret)
            .replace("LINK", &open.1)
            .replace("HOST", &browser.host)
            .replace("PORT", &port);
        filled.split('|').map(|line| format!("{line}\r\n")).collect::<String>()
    };
    let addresses = addresses(&spring, &child);
    assert!(addresses.len() >= 45, "{addresses:?}");
    // What the directory knows is filled in as the plan is opened.
    browser.get(&format!("/pep/{spring}"));
    let before = ottoline.show(&spring)["heads"].clone();
    for way in &WAYS {
        let head = fill(way.head);
        for address in &addresses {
            for (method, expect) in [("GET", way.expect.0), ("HEAD", way.expect.0), ("POST", way.expect.1)] {
                // A form that is taken would really do something; one page shows that others than the first way lead in, too.
                let taken = expect == 0 && (method == "POST" || address == "/live");
                let alike = expect == 0 && way.name != WAYS[0].name && address != "/help";
                if taken || alike || (method == "HEAD" && address != "/help") {
                    continue;
                }
                // A socket shows where it comes from, as a form does.
                let expect = if address == "/live" { expect.max(way.expect.1) } else { expect };
                let answer = browser.say(&format!("{method} {address} HTTP/1.1\r\n{head}"), "");
                let at = format!("{}: {method} {address}", way.name);
                if expect == 0 {
                    let turned = answer.status == 403 && answer.body.contains("has not been let in");
                    let used = address == "/enter" && answer.status == 303;
                    assert!(
                        matches!(answer.status, 200 | 303 | 403 | 404) && (!turned || used),
                        "{at}: {}",
                        answer.head
                    );
                    continue;
                }
                assert_eq!(answer.status, expect, "{at}: {}", answer.head);
                for word in ["Idris", "Ottoline", "Harrowmere", "made-from"] {
                    assert!(!answer.body.contains(word), "{at} shows {word}");
                }
                assert!(answer.header("set-cookie").is_none() && answer.header("location").is_none(), "{at}");
                assert!(answer.header("access-control-allow-origin").is_none(), "{at}");
            }
        }
    }
    assert_eq!(ottoline.show(&spring)["heads"], before, "nothing was written");
    // The link was used, by whomever it is tried again.
    for key in [path(&open.1), "/enter".into(), "/enter?key=".into(), "/enter?key=00&key=00".into()] {
        assert_eq!(Browser::stranger(&open.1).get(&key).status, 403, "{key}");
    }
}

#[test]
fn what_is_no_proper_request_is_refused_and_the_pages_go_on() {
    let world = World::new();
    let ottoline = world.join("ottoline", OTTOLINE);
    let open = Open::start(&ottoline, &["--no-browser"]);
    let browser = Browser::let_in(&open.1);
    let (host, cookie) = (&browser.host, &browser.cookie);
    // `cut`: nothing more comes, as when a program ends.
    let say = |bytes: &[u8], cut: bool| {
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let _ = stream.write_all(bytes);
        if cut {
            let _ = stream.shutdown(std::net::Shutdown::Write);
        }
        let mut said = Vec::new();
        let ended = stream.read_to_end(&mut said).map_err(|e| e.kind());
        let begins = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        assert!(ended != Err(ErrorKind::WouldBlock), "no answer to {begins:?}");
        let said = String::from_utf8_lossy(&said).into_owned();
        let status: u16 = said.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        (status, said)
    };
    let raw = |bytes: &[u8]| say(bytes, false);
    let own = format!("Host: {host}\r\nCookie: {cookie}\r\nOrigin: http://{host}\r\nConnection: close\r\n");
    let get = |target: &str, version: &str| raw(format!("GET {target} {version}\r\n{own}\r\n").as_bytes()).0;
    // Old and odd ways to say the same.
    assert_eq!(get("/help", "HTTP/1.0"), 200);
    assert_eq!(raw(b"GET /help HTTP/1.0\r\n\r\n").0, 421, "an old browser that does not say to whom");
    assert_eq!(get(&format!("http://{host}/help"), "HTTP/1.1"), 200, "the address whole");
    for target in ["http://evil.example/help", "http://127.0.0.1:1/help", "https://evil.example:443/help"] {
        assert_eq!(get(target, "HTTP/1.1"), 421, "{target}");
    }
    for (target, status) in [
        ("/../../etc/passwd", 404),
        ("//evil.example/help", 404),
        ("/help/..", 404),
        ("/%2e%2e/help", 404),
        ("/pep/%00", 404),
        ("/help%0d%0aSet-Cookie:a=b", 404),
        ("/assets/../../Cargo.toml", 404),
        ("/assets/%2e%2e/x", 404),
        ("*", 404),
        ("/help?a=%ff%fe", 200),
    ] {
        assert_eq!(get(target, "HTTP/1.1"), status, "{target}");
    }
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"] {
        let status = raw(format!("{method} / HTTP/1.1\r\n{own}\r\n").as_bytes()).0;
        assert!(matches!(status, 400 | 405), "{method}: {status}");
    }
    // What is no HTTP, or too much of it.
    let many = "X-Many: x\r\n".repeat(300);
    let long = "x".repeat(1024 * 1024);
    for (name, bytes) in [
        ("rubbish", b"\x16\x03\x01\x02\x00\x01\x00 hello \xff\xfe\r\n\r\n".to_vec()),
        ("the beginning of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec()),
        ("many headers", format!("GET / HTTP/1.1\r\n{own}{many}\r\n").into_bytes()),
        ("a header of a megabyte", format!("GET / HTTP/1.1\r\n{own}X-Long: {long}\r\n\r\n").into_bytes()),
        ("an address of a megabyte", format!("GET /{long} HTTP/1.1\r\n{own}\r\n").into_bytes()),
        ("a header in two lines", format!("GET / HTTP/1.1\r\n{own}X-Two: a\r\n b\r\n\r\n").into_bytes()),
        ("a nul in a header", format!("GET / HTTP/1.1\r\n{own}X-Nul: a\0b\r\n\r\n").into_bytes()),
        (
            "two lengths",
            format!("POST /sync HTTP/1.1\r\n{own}Content-Length: 4\r\nContent-Length: 40\r\n\r\na=b&").into_bytes(),
        ),
        ("a length below nothing", format!("POST /sync HTTP/1.1\r\n{own}Content-Length: -1\r\n\r\n").into_bytes()),
    ] {
        let (status, said) = raw(&bytes);
        assert!(matches!(status, 0 | 400 | 414 | 431 | 505), "{name}: {said}");
        assert!(!said.contains("Ottoline"), "{name}");
    }
    // Forms: one that never ends is cut; ten megabytes are too much; what calls itself something else is read as what it is.
    let form = |kind: &str, body: &str| {
        let head = format!(
            "POST /settings HTTP/1.1\r\n{own}Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        raw(head.as_bytes())
    };
    assert_eq!(form("application/x-www-form-urlencoded", &"x".repeat(10 * 1024 * 1024)).0, 413);
    for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x", "text/html"] {
        let (status, said) = form(kind, "{\"text\":\"larger\"}");
        assert!(status == 415 && said.contains("Nothing was saved"), "{kind}: {said}");
    }
    for cut in ["", "GET / HTTP/1.1", "GET / HTTP/1.1\r\nHost: "] {
        assert_eq!(say(cut.as_bytes(), true).0, 0, "{cut}");
    }
    let unfinished = say(format!("POST /settings HTTP/1.1\r\n{own}Content-Length: 100\r\n\r\ntext=").as_bytes(), true);
    assert_ne!(unfinished.0, 303, "{}", unfinished.1);
    let endless = raw(format!("POST /settings HTTP/1.1\r\n{own}Transfer-Encoding: chunked\r\n\r\nzz\r\n").as_bytes());
    assert!(matches!(endless.0, 0 | 400 | 413), "{}", endless.1);
    assert_eq!(browser.get("/help").status, 200);
    assert!(!browser.get("/settings").body.contains("pep-text-larger"));
}
