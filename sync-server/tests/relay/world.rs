//! People with devices, a relay with a clock that stands still, and the program in a folder of its own.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
};

use automerge::{ROOT, ReadDoc, transaction::Transactable};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use gate::{Author, Envelope, Id, Team, device_id};
use plan::{DocumentKind, Pep};
use replica::{Key, Mode, Replica, Signer, public_key};
use ring::signature::Ed25519KeyPair;
use serde_json::{Value, json};
use sync::{
    Frame, Wire,
    feature::{ENVELOPE_2, Features},
    frame::{Cursor, NewChild, Start},
    identity,
    link::Link,
};
use sync_server::{
    directory::{Invite, Joining},
    relay::{self, queue},
};
use tempfile::TempDir;
use tokio::sync::mpsc::Receiver;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket, client::IntoClientRequest};
use uuid::Uuid;

/// A text that social worker, teacher and Virtual School all write.
pub const NOTES: &str = "meeting.notes";

/// Tuesday, 24 February 2026, at nine.
pub const NOW: i64 = 1_771_923_600;

pub fn key(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("32 bytes are a seed")
}

/// A PEP of Idris's for the spring, under the process of sections.
pub fn pep(child: Id) -> Pep {
    let (year, term) = plan::parse_term("2025/26-spring").expect("a term");
    let process = plan::Processes::built_in().latest("sections").expect("a process");
    Pep {
        child: Uuid::from_bytes(child),
        year,
        term,
        kind: "review".parse().expect("a type"),
        process,
        filed: plan::Filed::default(),
    }
}

pub fn start(pep: &Pep) -> Start {
    Start {
        pep: pep.id().into_bytes(),
        child: pep.child.into_bytes(),
        term: format!("{}-{}", pep.year, pep.term),
        kind: pep.kind.to_string(),
        process: pep.process.id().into(),
        process_version: pep.process.began().version,
        process_hash: pep.process.began().hash.map(serde_bytes::ByteArray::new),
        extra: None,
    }
}

pub fn document(pep: &Pep, kind: DocumentKind) -> Id {
    pep.document(kind).into_bytes()
}

pub fn child(id: Id, name: &str) -> NewChild {
    NewChild { child: id, name: name.into(), dob: "2010-11-02".into(), looked_after_since: None, emergency: false }
}

/// A participant's device: what it writes is signed and real.
pub struct Device {
    pub key: Ed25519KeyPair,
    pub id: Id,
    pub person: Id,
    replica: Replica,
    _home: TempDir,
}

impl Device {
    pub fn new(seed: u8, person: Id) -> Device {
        Device::of(seed, person, [0; 16])
    }

    /// The same device under another incarnation, or a copy of it.
    pub fn of(seed: u8, person: Id, incarnation: Id) -> Device {
        let home = tempfile::tempdir().expect("a folder");
        let (mut replica, _) = disk::open_replica(home.path(), Mode::Participant, &store_key()).expect("a replica");
        let id = device_id(&public_key(&key(seed)));
        replica.set_signer(Signer { key: key(seed), device: id, person, incarnation });
        Device { key: key(seed), id, person, replica, _home: home }
    }

    /// Writes `words`, a change each, and gives the envelopes.
    pub fn writes(&mut self, pep: &Pep, kind: DocumentKind, words: &[&str]) -> Vec<Envelope> {
        let doc = document(pep, kind);
        self.replica.start(&doc, &pep.genesis(kind)).expect("a document");
        let before = self.replica.last(&doc).expect("a number");
        for word in words {
            let written = self.replica.write(&doc, &anything(&self.key, self.person), |document| {
                let (_, answers) = document.get(ROOT, "answers").ok().flatten().expect("the genesis made it");
                let (_, notes) = document.get(&answers, NOTES).ok().flatten().expect("the genesis made it");
                document.transact(|tx| tx.splice_text(&notes, 0, 0, word)).map_err(|f| f.error)
            });
            written.expect("a disk").expect("a change");
        }
        let numbers: Vec<u64> = (before + 1..=before + words.len() as u64).collect();
        self.replica.envelopes(&doc, &numbers).expect("what was written")
    }

    /// Writes in the text of any question, whoever's it is, and gives the envelope.
    pub fn forges(&mut self, pep: &Pep, kind: DocumentKind, question: &str, words: &str) -> Envelope {
        let doc = document(pep, kind);
        self.replica.start(&doc, &pep.genesis(kind)).expect("a document");
        let written = self.replica.write(&doc, &anything(&self.key, self.person), |document| {
            let (_, answers) = document.get(ROOT, "answers").ok().flatten().expect("the genesis made it");
            let (_, text) = document.get(&answers, question).ok().flatten().expect("the genesis made it");
            document.transact(|tx| tx.splice_text(&text, 0, 0, words)).map_err(|f| f.error)
        });
        written.expect("a disk").expect("a change");
        let last = self.replica.last(&doc).expect("a number");
        self.replica.envelopes(&doc, &[last]).expect("what was written").remove(0)
    }

    pub fn hello(&self) -> Frame {
        Frame::Hello(sync::frame::Hello {
            version: 1,
            program: "story".into(),
            device_id: self.id,
            features: Features::of(&[ENVELOPE_2]),
            ..Default::default()
        })
    }

    pub fn author(&self) -> Author {
        Author { key: public_key(&self.key), person: self.person }
    }

    pub fn joining(&self, link: &Link) -> Joining {
        let public = public_key(&self.key);
        let statement = identity::join_statement(&link.relay_key, &link.secret, &public);
        let mut sig = [0; 64];
        sig.copy_from_slice(self.key.sign(&statement).as_ref());
        Joining { secret: link.secret, key: public, name: "a laptop".into(), sig }
    }
}

/// What somebody may write whose program asks nobody: everything.
fn anything(key: &Ed25519KeyPair, person: Id) -> Team {
    let key = public_key(key);
    Team {
        authors: [(device_id(&key), Author { key, person })].into(),
        groups: [(person, ["everyone".to_string()].into())].into(),
        rules: Arc::new("* free everyone".parse().expect("rules")),
        accepted: [].into(),
        ..Team::default()
    }
}

pub fn push(doc: Id, envelopes: &[Envelope]) -> Frame {
    Frame::Push { doc, envelopes: envelopes.iter().cloned().map(Wire).collect() }
}

pub fn open(doc: Id, cursor: Option<Cursor>) -> Frame {
    Frame::Open { doc, cursor }
}

/// A relay in a folder, with Idris and his team: Odile his social worker, Ottoline his teacher, Carys his carer.
pub struct Relay {
    pub inner: relay::Relay,
    pub idris: Id,
    pub now: i64,
    pub dir: PathBuf,
    next: u64,
    _home: TempDir,
}

/// One connection to a [`Relay`].
pub struct Line {
    pub number: u64,
    pub queue: Receiver<Vec<u8>>,
}

impl Line {
    /// The frames that have come.
    pub fn heard(&mut self) -> Vec<Frame> {
        std::iter::from_fn(|| self.queue.try_recv().ok()).map(|b| Frame::decode(&b).expect("a frame")).collect()
    }

    pub fn is_closed(&mut self) -> bool {
        self.heard();
        self.queue.is_closed()
    }
}

/// What the folders of these tests are sealed with.
pub fn store_key() -> Arc<Key> {
    Arc::new(disk::key_from_bytes(&[5; 32]).expect("randomness"))
}

pub fn open_relay(dir: &Path, now: i64) -> relay::Relay {
    let mut drawn = now as u64;
    let random = Box::new(move |bytes: &mut [u8]| {
        for byte in bytes {
            drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = (drawn >> 56) as u8;
        }
    });
    let (replica, _) = disk::open_replica(dir, Mode::Relay, &store_key()).expect("a replica");
    let mut inner = relay::Relay::open(
        replica,
        plan::Processes::built_in().clone(),
        key(200),
        "Fernshire Virtual School",
        random,
        now,
    )
    .expect("a relay");
    let address = sync_server::relay::Address { authority: "127.0.0.1:7443".into(), pin: None, lasting: true };
    inner.reached_at(address).expect("a disk");
    inner
}

impl Relay {
    pub fn new() -> Relay {
        let home = tempfile::tempdir().expect("a folder");
        let dir = home.path().join("relay");
        let mut inner = open_relay(&dir, NOW);
        let idris = inner.new_id();
        inner.administer(|d| d.add_child(&child(idris, "Idris Fennimoor"), None, NOW)).expect("a child");
        Relay { inner, idris, now: NOW, dir, next: 1, _home: home }
    }

    /// Another child, or the same one again.
    pub fn enters(&mut self, name: &str) -> Id {
        let (id, now) = (self.inner.new_id(), self.now);
        self.inner.administer(|d| d.add_child(&child(id, name), None, now)).expect("a child");
        id
    }

    /// Ends, and is opened anew.
    pub fn opens_again(&mut self) {
        drop(std::mem::replace(&mut self.inner, open_relay(&self.dir.with_extension("other"), self.now)));
        self.inner = open_relay(&self.dir, self.now);
    }

    /// A link for somebody of that role, who joins the teams of `children`.
    pub fn invite(&mut self, name: &str, role: &str, children: &[Id], expires: i64) -> Link {
        let (secret, fresh) = (self.inner.new_secret(), self.inner.new_id());
        let invite =
            Invite { name: name.into(), role: role.into(), organisation: None, children: children.to_vec(), expires };
        let now = self.now;
        self.inner.administer(|d| d.invite(&invite, &secret, fresh, now)).expect("an invitation");
        self.inner.link(secret).expect("an address")
    }

    /// Somebody who has joined on the device of `seed`.
    pub fn joins(&mut self, seed: u8, name: &str, role: &str, children: &[Id]) -> Device {
        let link = self.invite(name, role, children, self.now + 60);
        let joining = Device::new(seed, [0; 16]).joining(&link);
        let (person, _) = self.inner.join(&joining, self.now).expect("a device");
        Device::new(seed, person.id)
    }

    /// A copy of its folder's journal and keys as they are now, as a backup keeps them.
    pub fn copied(&self) -> PathBuf {
        let copy = self.dir.with_extension("copy");
        for folder in ["journal", "keys"] {
            std::fs::create_dir_all(copy.join(folder)).expect("a folder");
            for file in std::fs::read_dir(self.dir.join(folder)).expect("a folder") {
                let file = file.expect("a file");
                if file.file_name() != "proof" {
                    std::fs::copy(file.path(), copy.join(folder).join(file.file_name())).expect("a copy");
                }
            }
        }
        copy
    }

    /// A connection that has said hello and been welcomed.
    pub fn connects(&mut self, device: &Device) -> Line {
        let mut line = self.dials(device);
        self.says(&line, &device.hello());
        self.settles();
        let heard = line.heard();
        assert!(matches!(heard.first(), Some(Frame::Welcome(_))), "{heard:?}");
        line
    }

    pub fn dials(&mut self, device: &Device) -> Line {
        let (out, queue) = queue();
        let number = self.next;
        self.next += 1;
        self.inner.connect(number, device.id, out).expect("a place");
        Line { number, queue }
    }

    pub fn says(&mut self, line: &Line, frame: &Frame) {
        self.inner.receive(line.number, &frame.encode(), self.now);
    }

    pub fn settles(&mut self) {
        self.inner.settle(self.now);
    }

    /// Says it, settles, and gives all that comes back.
    pub fn asks(&mut self, line: &mut Line, frame: &Frame) -> Vec<Frame> {
        self.says(line, frame);
        let mut all = Vec::new();
        loop {
            self.settles();
            let heard = line.heard();
            if heard.is_empty() {
                return all;
            }
            all.extend(heard);
            self.inner.drained(line.number);
        }
    }
}

/// The program, in a folder of its own.
pub struct Program {
    pub data: PathBuf,
    pub home: TempDir,
}

/// The program serving.
pub struct Serving {
    pub process: Child,
    pub address: String,
    pub ready: String,
}

impl Program {
    /// With a plain line, so that the stories need no TLS of their own.
    pub fn plain() -> Program {
        let program = Program::new();
        std::fs::create_dir(&program.data).expect("a folder");
        std::fs::write(program.data.join("config.toml"), "tls = \"off\"\nlisten = \"127.0.0.1:0\"\n").expect("a file");
        program
    }

    pub fn new() -> Program {
        let home = tempfile::tempdir().expect("a folder");
        Program { data: home.path().join("relay"), home }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pep-relay"));
        command.args(words).env("PEP_RELAY_DATA", &self.data).env_remove("RUST_LOG").current_dir(self.home.path());
        command
    }

    pub fn runs(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program starts")
    }

    /// Runs a command that is to succeed, and reads its JSON.
    pub fn says(&self, words: &[&str]) -> Value {
        let words: Vec<&str> = words.iter().copied().chain(["--json"]).collect();
        let output = self.runs(&words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("one JSON document")
    }

    pub fn serves(&self, words: &[&str]) -> Serving {
        let words: Vec<&str> = ["serve"].into_iter().chain(words.iter().copied()).collect();
        let mut process =
            self.command(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
        let mut ready = String::new();
        BufReader::new(process.stdout.as_mut().expect("its output")).read_line(&mut ready).expect("its first line");
        let address = ready.trim().split("://").nth(1).expect("ready wss://HOST:PORT").to_string();
        Serving { process, address, ready: ready.trim().to_string() }
    }
}

impl Serving {
    /// One request over a plain line: status and body.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).expect("a listener");
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: relay\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).expect("a line");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let answer = String::from_utf8_lossy(&answer);
        let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (status, serde_json::from_str(body).unwrap_or(Value::String(body.into())))
    }

    pub fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.request("POST", path, &[("Content-Type", "application/json")], &body.to_string())
    }

    pub fn join(&self, device: &Device, link: &Link) -> (u16, Value) {
        self.post("/v1/join", &join_body(&device.joining(link)))
    }

    /// A session's token for a device.
    pub fn token(&self, device: &Device, link: &Link) -> String {
        let id = Uuid::from_bytes(device.id).to_string();
        let (_, asked) = self.post("/v1/session", &json!({ "device": id }));
        let body = session_body(device, link, asked["challenge"].as_str().expect("a challenge"));
        let (status, opened) = self.post("/v1/session", &body);
        assert_eq!(status, 200, "{opened}");
        opened["token"].as_str().expect("a token").to_string()
    }

    /// A WebSocket that has been welcomed.
    pub fn connects(&self, device: &Device, link: &Link) -> Socket {
        let token = self.token(device, link);
        let mut socket = self.upgrades(&[("Authorization", &format!("Bearer {token}"))]).expect("an upgrade");
        socket.says(&device.hello());
        assert!(matches!(socket.hears(), Some(Frame::Welcome(_))));
        assert!(matches!(socket.hears(), Some(Frame::Documents { .. })));
        socket
    }

    /// Asks for the WebSocket. `Err`: the status it was refused with.
    pub fn upgrades(&self, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
        let mut request = format!("ws://{}/sync", self.address).into_client_request().expect("a request");
        request.headers_mut().insert("Sec-WebSocket-Protocol", "openpep.v1".parse().expect("a header"));
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header"));
        }
        let stream = TcpStream::connect(&self.address).expect("a listener");
        match tungstenite::client(request, stream) {
            Ok((socket, _)) => Ok(Socket(socket)),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(response))) => {
                Err(response.status().as_u16())
            }
            Err(e) => panic!("{e}"),
        }
    }

    /// Asks it to end, as a service manager does; gives its exit code.
    pub fn stops(mut self) -> Option<i32> {
        self.asked_to_stop();
        self.process.wait().expect("it ends").code()
    }

    pub fn asked_to_stop(&self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
    }

    /// Ends it as a power cut does.
    pub fn dies(mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it ends");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub struct Socket(pub WebSocket<TcpStream>);

impl Socket {
    pub fn says(&mut self, frame: &Frame) {
        self.0.send(Message::binary(frame.encode())).expect("a line");
    }

    /// The next frame; `None` where the relay ended the connection.
    pub fn hears(&mut self) -> Option<Frame> {
        loop {
            match self.0.read() {
                Ok(Message::Binary(bytes)) => return Some(Frame::decode(&bytes).expect("a frame")),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }
}

pub fn join_body(joining: &Joining) -> Value {
    json!({
        "invitation": BASE64.encode(joining.secret),
        "key": BASE64.encode(joining.key),
        "device": joining.name,
        "sig": BASE64.encode(joining.sig),
    })
}

pub fn session_body(device: &Device, link: &Link, challenge: &str) -> Value {
    let bytes: [u8; 32] = BASE64.decode(challenge).expect("base64").try_into().expect("32 bytes");
    let sig = device.key.sign(&identity::session_statement(&link.relay_key, &bytes, &device.id));
    json!({ "device": Uuid::from_bytes(device.id).to_string(), "challenge": challenge, "sig": BASE64.encode(sig) })
}
