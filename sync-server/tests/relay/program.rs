//! The program as its keeper and the participants' programs meet it.

use std::{net::TcpStream, sync::Arc};

use plan::DocumentKind::Main;
use serde_json::json;
use sync::{
    Frame,
    frame::{Cursor, code},
    link::Link,
};
use uuid::Uuid;

use crate::world::*;

/// A person who has joined the serving relay, with the link it was done with.
fn joins(program: &Program, serving: &Serving, seed: u8, name: &str, role: &str, child: &str) -> (Device, Link) {
    let invited = program.says(&["invite", "--name", name, "--role", role, "--child", child]);
    let link: Link = invited["link"].as_str().expect("a link").parse().expect("a whole link");
    let (status, answer) = serving.join(&Device::new(seed, [0; 16]), &link);
    assert_eq!(status, 200, "{answer}");
    (Device::new(seed, id(answer["person"].as_str())), link)
}

fn id(text: Option<&str>) -> gate::Id {
    text.and_then(|t| t.parse::<Uuid>().ok()).expect("an id").into_bytes()
}

fn adds_idris(program: &Program) -> String {
    let added = program.says(&["children", "add", "--name", "Idris Fennimoor", "--dob", "2010-11-02"]);
    added["child"].as_str().expect("an id").to_string()
}

#[test]
fn an_invitation_enrols_one_device_and_every_refusal_says_why() {
    let program = Program::plain();
    let serving = program.serves(&[]);
    adds_idris(&program);
    let invited = program.says(&[
        "invite",
        "--name",
        "Ottoline Greaves-Penn",
        "--role",
        "designated-teacher",
        "--organisation",
        "Thornfield Bridge Academy",
        "--child",
        "Idris Fennimoor",
    ]);
    let link: Link = invited["link"].as_str().expect("a link").parse().expect("a whole link");
    assert_eq!(link.address, serving.address, "the link names the port that the relay got");
    let unknown = Link { secret: [1; 32], ..link.clone() };
    let (status, answer) = serving.join(&Device::new(1, [0; 16]), &unknown);
    assert_eq!((status, answer["code"].as_str()), (403, Some("unknown")));
    let mut body = join_body(&Device::new(1, [0; 16]).joining(&link));
    body["key"] = join_body(&Device::new(2, [0; 16]).joining(&link))["key"].clone();
    assert_eq!(serving.post("/v1/join", &body).1["code"], "altered");
    assert_eq!(serving.post("/v1/join", &json!({ "invitation": "x" })).0, 422);
    body["key"] = json!("short");
    assert_eq!(serving.post("/v1/join", &body).0, 400);
    // Two devices at once: one wins, and the other is told.
    let answers: Vec<_> = std::thread::scope(|s| {
        let (serving, link) = (&serving, &link);
        let tries: Vec<_> = [1, 2].map(|seed| s.spawn(move || serving.join(&Device::new(seed, [0; 16]), link))).into();
        tries.into_iter().map(|t| t.join().expect("an answer")).collect()
    });
    let won: Vec<_> = answers.iter().filter(|(status, _)| *status == 200).collect();
    let lost: Vec<_> = answers.iter().filter(|(status, _)| *status == 403).collect();
    assert_eq!((won.len(), lost.len()), (1, 1), "{answers:?}");
    assert_eq!(lost[0].1["code"], "used");
    let answer = &won[0].1;
    assert_eq!(
        (answer["name"].as_str(), answer["role"].as_str()),
        (Some("Ottoline Greaves-Penn"), Some("designated-teacher"))
    );
    assert_eq!(answer["organisation"], "Thornfield Bridge Academy");
    assert_eq!(answer["relay"]["name"], "Virtual School");
    assert_eq!(program.says(&["devices", "list"]).as_array().map(Vec::len), Some(1));
    assert_eq!(program.says(&["people", "list"])[0]["devices"], 1);
}

#[test]
fn a_session_needs_the_devices_key_and_a_revoked_one_gets_none() {
    let program = Program::plain();
    let serving = program.serves(&[]);
    let child = adds_idris(&program);
    let (odile, link) = joins(&program, &serving, 1, "Odile Marrowfield", "social-worker", &child);
    let device = Uuid::from_bytes(odile.id).to_string();
    let ask = || serving.post("/v1/session", &json!({ "device": device })).1["challenge"].as_str().map(String::from);
    let challenge = ask().expect("a challenge");
    let good = session_body(&odile, &link, &challenge);
    let mut forged = session_body(&Device::new(2, odile.person), &link, &challenge);
    forged["device"] = json!(device);
    assert_eq!(serving.post("/v1/session", &forged).1["code"], "signature");
    assert_eq!(serving.post("/v1/session", &good).1["code"], "challenge", "a challenge is good once");
    let token = serving.token(&odile, &link);
    let bearer = format!("Bearer {token}");
    let (status, _) = serving.request("GET", "/v1/roster", &[("Authorization", &bearer)], "");
    assert_eq!(status, 200);
    program.says(&["devices", "revoke", &device[..8]]);
    let (status, answer) = serving.request("GET", "/v1/roster", &[("Authorization", &bearer)], "");
    assert_eq!((status, answer["code"].as_str()), (403, Some("revoked")), "its token died with it");
    let challenge = ask().expect("a challenge");
    let (status, answer) = serving.post("/v1/session", &session_body(&odile, &link, &challenge));
    assert_eq!((status, answer["code"].as_str()), (403, Some("revoked")));
    assert_eq!(serving.upgrades(&[("Authorization", &bearer)]).err(), Some(403));
}

#[test]
fn the_door_is_shut_to_whoever_has_no_token() {
    let program = Program::plain();
    let serving = program.serves(&[]);
    let child = adds_idris(&program);
    let (odile, link) = joins(&program, &serving, 1, "Odile Marrowfield", "social-worker", &child);
    assert_eq!(serving.upgrades(&[]).err(), Some(401));
    assert_eq!(serving.upgrades(&[("Authorization", "Bearer AAAA")]).err(), Some(401));
    assert_eq!(serving.request("GET", "/v1/roster", &[], "").0, 401);
    assert_eq!(serving.request("GET", "/elsewhere", &[], "").0, 404);
    assert_eq!(serving.request("GET", "/v1/join", &[], "").0, 405);
    let body = format!("{{\"device\":\"{}\"}}", "x".repeat(70_000));
    assert_eq!(serving.request("POST", "/v1/session", &[("Content-Type", "application/json")], &body).0, 413);
    for path in ["/healthz", "/readyz", "/version"] {
        assert_eq!(serving.request("GET", path, &[], "").0, 200, "{path}");
    }
    assert_eq!(serving.request("GET", "/version", &[], "").1["protocol"], "openpep.v1");
    let page = serving.request("GET", "/join", &[], "").1;
    assert!(page.as_str().is_some_and(|p| p.contains("pep join LINK")), "{page}");
    let mut socket = serving.connects(&odile, &link);
    let metrics = serving.request("GET", "/metrics", &[], "").1;
    let metrics = metrics.as_str().expect("text");
    assert!(metrics.contains("\npep_relay_connections 1\n") && !metrics.contains("Odile"), "{metrics}");
    // A text is not a frame.
    socket.0.send(tokio_tungstenite::tungstenite::Message::text("hello")).expect("a line");
    let said = socket.hears();
    assert!(matches!(&said, Some(Frame::Error { code, .. }) if code == code::FRAME), "{said:?}");
    assert_eq!(socket.hears(), None);
}

#[test]
fn commands_work_while_it_serves_and_while_it_does_not() {
    let program = Program::plain();
    let child = adds_idris(&program);
    let alone = program.runs(&["invite", "--name", "Carys Wexcombe", "--role", "carer"]);
    assert!(alone.status.success(), "{}", String::from_utf8_lossy(&alone.stderr));
    let serving = program.serves(&[]);
    let second = program.runs(&["serve"]);
    assert_eq!(second.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&second.stderr).contains("already serving"));
    assert_eq!(program.says(&["children", "list"])[0]["name"], "Idris Fennimoor");
    let printed =
        program.runs(&["invite", "--name", "Petra Lanternby", "--role", "social-worker", "--child", &child[..8]]);
    let link = String::from_utf8(printed.stdout).expect("text");
    assert!(link.trim().parse::<Link>().is_ok_and(|l| l.address == serving.address), "the link alone: {link}");
    program.says(&["invite", "--name", "Odile Marrowfield", "--role", "social-worker"]);
    assert_eq!(
        program.runs(&["teams", "add", "Idris Fennimoor", "Carys Wexcombe", "--role", "chef"]).status.code(),
        Some(2)
    );
    program.says(&["teams", "add", "Idris Fennimoor", "Carys Wexcombe", "--role", "carer", "--from", "2026-01-12"]);
    let again = program.runs(&["teams", "add", "Idris Fennimoor", "Carys Wexcombe", "--role", "carer"]);
    assert_eq!(again.status.code(), Some(1));
    program.says(&[
        "teams",
        "hand-over",
        "Idris Fennimoor",
        "--from",
        "Petra Lanternby",
        "--to",
        "Odile Marrowfield",
        "--on",
        "2999-02-01",
    ]);
    assert_eq!(serving.stops(), Some(0));
    let team = program.says(&["teams", "list", &child]);
    let days: Vec<_> =
        team.as_array().expect("a list").iter().map(|m| (m["name"].as_str(), m["to"].as_str())).collect();
    assert_eq!(days[0], (Some("Carys Wexcombe"), None));
    assert_eq!(days[1], (Some("Petra Lanternby"), Some("2999-01-31")));
    assert_eq!(days[2], (Some("Odile Marrowfield"), None));
    program.says(&["teams", "end", "Idris Fennimoor", "Carys Wexcombe", "--on", "2026-03-01"]);
    assert_eq!(program.says(&["teams", "list", "Idris Fennimoor"])[0]["to"], "2026-03-01");
    assert_eq!(program.runs(&["teams", "list", "Nobody"]).status.code(), Some(1));
    assert_eq!(program.runs(&["children", "add", "--name", "X", "--dob", "2010-02-30"]).status.code(), Some(2));
    let audit = program.says(&["audit"]);
    let words = audit.to_string();
    assert!(words.contains("began membership") && words.contains("invited"), "{words}");
    assert!(!words.contains("Carys") && !words.contains("Idris"), "ids only: {words}");
}

#[test]
fn whatever_was_receipted_is_there_after_the_power_is_cut() {
    let program = Program::plain();
    let serving = program.serves(&[]);
    let child = adds_idris(&program);
    let (mut odile, link) = joins(&program, &serving, 1, "Odile Marrowfield", "social-worker", &child);
    let pep = pep(id(Some(&child)));
    let doc = document(&pep, Main);
    let mut socket = serving.connects(&odile, &link);
    socket.says(&Frame::Start { start: start(&pep) });
    socket.says(&Frame::Open { doc, cursor: None });
    let words: Vec<String> = (0..40).map(|n| format!("Word {n}.")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let written = odile.writes(&pep, Main, &words);
    for envelope in &written {
        socket.says(&push(doc, std::slice::from_ref(envelope)));
    }
    let mut receipts = 0;
    let mut epoch = None;
    while receipts < 10 {
        if let Frame::Receipt { hash, seq, epoch: of, .. } = socket.hears().expect("a frame") {
            assert_eq!(hash, written[receipts].hash);
            receipts += 1;
            assert_eq!(seq, receipts as u64);
            epoch = Some(of);
        }
    }
    serving.dies();
    while let Some(frame) = socket.hears() {
        receipts += usize::from(matches!(frame, Frame::Receipt { .. }));
    }
    let serving = program.serves(&[]);
    let mut socket = serving.connects(&odile, &link);
    socket.says(&Frame::Open { doc, cursor: Some(Cursor::new(epoch.expect("a receipt"), 0)) });
    let mut kept = Vec::new();
    while kept.len() < receipts {
        match socket.hears().expect("a frame") {
            Frame::Log { from, envelopes, .. } => {
                assert_eq!(from, kept.len() as u64 + 1);
                kept.extend(envelopes.into_iter().map(|w| w.0));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(kept[..receipts], written[..receipts]);
    let checked = program.says(&["check"]);
    assert_eq!(checked["damage"], json!([]));
    assert_eq!(serving.stops(), Some(0));
}

#[test]
fn a_long_log_that_was_opened_cold_soon_has_a_snapshot() {
    let program = Program::plain();
    let serving = program.serves(&[]);
    let child = adds_idris(&program);
    let (mut odile, link) = joins(&program, &serving, 1, "Odile Marrowfield", "social-worker", &child);
    let pep = pep(id(Some(&child)));
    let doc = document(&pep, Main);
    let mut socket = serving.connects(&odile, &link);
    socket.says(&Frame::Start { start: start(&pep) });
    socket.says(&push(doc, &odile.writes(&pep, Main, &["Word. "; 64])));
    // Each cold open asks for one; it is made beside the serving, so it is there for one of the next.
    loop {
        socket.says(&Frame::Open { doc, cursor: None });
        let made = loop {
            if let Frame::Snapshot { seq, .. } = socket.hears().expect("a frame") {
                break seq;
            }
        };
        if made > 0 {
            assert_eq!(made, 64);
            break;
        }
    }
}

#[test]
fn a_change_that_was_refused_is_shown_to_the_keeper_without_its_content() {
    let program = Program::plain();
    let serving = program.serves(&[]);
    let child = adds_idris(&program);
    let (mut odile, link) = joins(&program, &serving, 1, "Odile Marrowfield", "social-worker", &child);
    let pep = pep(id(Some(&child)));
    let doc = document(&pep, Main);
    let mut written = odile.writes(&pep, Main, &["Settled in."]);
    written[0].sig[0] ^= 1;
    let mut socket = serving.connects(&odile, &link);
    socket.says(&Frame::Start { start: start(&pep) });
    socket.says(&push(doc, &written));
    while !matches!(socket.hears().expect("a frame"), Frame::Held { .. }) {}
    let held = program.says(&["held", "list"]);
    assert_eq!((held[0]["code"].as_str(), held[0]["kind"].as_str()), (Some("signature"), Some("main")));
    let change = held[0]["change"].as_str().expect("a hash").to_string();
    let shown = program.runs(&["held", "show", &change[..8]]);
    let shown = String::from_utf8(shown.stdout).expect("text");
    assert!(shown.contains(&change) && shown.contains("signature") && !shown.contains("Settled"), "{shown}");
    assert_eq!(program.runs(&["held", "show", "0000"]).status.code(), Some(1));
    assert!(program.says(&["audit", "--last", "3"]).to_string().contains("held"));
}

#[test]
fn a_backup_taken_while_it_serves_comes_back_as_a_new_epoch() {
    let program = Program::plain();
    let serving = program.serves(&[]);
    let child = adds_idris(&program);
    let (mut odile, link) = joins(&program, &serving, 1, "Odile Marrowfield", "social-worker", &child);
    let pep = pep(id(Some(&child)));
    let doc = document(&pep, Main);
    let epoch = |socket: &mut Socket| loop {
        if let Some(Frame::Receipt { epoch, .. }) = socket.hears() {
            return epoch;
        }
    };
    let mut socket = serving.connects(&odile, &link);
    socket.says(&Frame::Start { start: start(&pep) });
    let written = odile.writes(&pep, Main, &["One.", "Two."]);
    socket.says(&push(doc, &written[..1]));
    let before = epoch(&mut socket);
    program.says(&["backup", "monday.tar"]);
    socket.says(&push(doc, &written[1..]));
    epoch(&mut socket);
    assert_eq!(serving.stops(), Some(0));

    let backup = program.home.path().join("monday.tar");
    assert_eq!(program.runs(&["restore", "monday.tar"]).status.code(), Some(1), "never over what is there");
    let other = Program { data: program.home.path().join("restored"), home: tempfile::tempdir().expect("a folder") };
    other.says(&["restore", backup.to_str().expect("a path")]);
    let serving = other.serves(&[]);
    let mut socket = serving.connects(&odile, &link);
    socket.says(&push(doc, &written));
    assert_ne!(epoch(&mut socket), before, "the device of the old relay knows the key, and offers again what was lost");
    let checked = other.says(&["check"]);
    assert_eq!((&checked["damage"], &checked["documents"].as_array().map(Vec::len)), (&json!([]), &Some(5)));
    let main = checked["documents"].as_array().and_then(|d| d.iter().find(|d| d["kind"] == "main"));
    assert_eq!(main.map(|d| d["envelopes"].clone()), Some(json!(2)));
    std::fs::write(&backup, b"not a backup").expect("a file");
    let third = Program { data: other.home.path().join("none"), home: tempfile::tempdir().expect("a folder") };
    assert_eq!(third.runs(&["restore", backup.to_str().expect("a path")]).status.code(), Some(1));
    assert_eq!(std::fs::read_dir(&third.data).map_or(0, |d| d.count()), 0, "nothing half-done is left");
}

#[test]
fn a_damaged_journal_is_found_by_check() {
    let program = Program::plain();
    adds_idris(&program);
    program.says(&["children", "add", "--name", "Wren Tapplestone", "--dob", "2016-03-14"]);
    assert_eq!(program.runs(&["check"]).status.code(), Some(0));
    let segment = program.data.join("journal/00000001.seg");
    let mut bytes = std::fs::read(&segment).expect("a file");
    bytes[200] ^= 1;
    std::fs::write(&segment, bytes).expect("a file");
    let checked = program.runs(&["check", "--json"]);
    assert_eq!(checked.status.code(), Some(5), "{}", String::from_utf8_lossy(&checked.stdout));
}

#[test]
fn asked_to_stop_it_says_farewell_and_ends_well() {
    let program = Program::plain();
    let serving = program.serves(&[]);
    let child = adds_idris(&program);
    let (odile, link) = joins(&program, &serving, 1, "Odile Marrowfield", "social-worker", &child);
    let mut socket = serving.connects(&odile, &link);
    serving.asked_to_stop();
    let said = socket.hears();
    assert!(
        matches!(&said, Some(Frame::Error { code, retry_after_ms: Some(_), .. }) if code == code::STOPPING),
        "{said:?}"
    );
    assert_eq!(socket.hears(), None);
    drop(socket);
    assert_eq!(serving.stops(), Some(0));
}

#[test]
fn tls_shows_the_key_that_the_link_pins() {
    let program = Program::new();
    let serving = program.serves(&["--listen", "127.0.0.1:0"]);
    assert_eq!(serving.ready, format!("ready wss://{}", serving.address));
    let invited = program.says(&["invite", "--name", "Odile Marrowfield", "--role", "social-worker"]);
    let link: Link = invited["link"].as_str().expect("a link").parse().expect("a whole link");
    assert_eq!(link.url(), format!("wss://{}", serving.address));
    let pem = std::fs::read(program.data.join("tls.crt")).expect("a certificate");
    let own =
        <rustls::pki_types::CertificateDer as rustls::pki_types::pem::PemObject>::from_pem_slice(&pem).expect("PEM");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(own).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "127.0.0.1".try_into().expect("an address");
    let mut client = rustls::ClientConnection::new(Arc::new(config), name).expect("a client");
    let mut tcp = TcpStream::connect(&serving.address).expect("a listener");
    while client.is_handshaking() {
        client.complete_io(&mut tcp).expect("a handshake");
    }
    let shown = client.peer_certificates().and_then(|c| c.first()).expect("a certificate");
    let shown = rustls::server::ParsedCertificate::try_from(shown).expect("a certificate");
    let pin = ring::digest::digest(&ring::digest::SHA256, shown.subject_public_key_info().as_ref());
    assert_eq!(link.tls.as_ref().map(|t| t.as_slice()), Some(pin.as_ref()));
    assert_eq!(serving.stops(), Some(0));
}

#[test]
fn what_cannot_be_served_is_refused_in_words() {
    let program = Program::plain();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let refused = program.runs(&["serve", "--listen", &address]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("cannot listen"));
    let open = program.runs(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(open.status.code(), Some(2), "a plain line is for this machine alone");
    let printed = program.runs(&["config"]);
    let file = program.home.path().join("config.toml");
    std::fs::write(&file, String::from_utf8(printed.stdout).expect("text") + "colour = \"green\"\n").expect("a file");
    let wrong = program.runs(&["serve", "--config", "config.toml"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("colour"), "{wrong:?}");
    assert_eq!(program.runs(&["completions", "bash"]).status.code(), Some(0));
    assert_eq!(program.runs(&["dance"]).status.code(), Some(2));
    // A folder in which there is no relay, most likely mistyped, gets none from those who look for what is there.
    for words in [
        &["devices", "revoke", "abcd"][..],
        &["audit"],
        &["keys", "show"],
        &["check"],
        &["held", "list"],
        &["people", "list"],
        &["teams", "list", "x"],
    ] {
        let none = program.runs(words);
        assert_eq!(none.status.code(), Some(2), "{words:?}");
        assert!(String::from_utf8_lossy(&none.stderr).contains("There is no relay in"), "{none:?}");
    }
    assert!(!program.data.join("journal").exists());
    program.says(&["children", "add", "--name", "Wren Tapplestone", "--dob", "2016-03-14"]);
    assert_eq!(program.runs(&["devices", "revoke", "abcd"]).status.code(), Some(1));
}
