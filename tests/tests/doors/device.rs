//! One person's device in this process, with both of its doors: the words of `pep`, and the forms of its pages.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use client_cli::{
    app::App,
    door,
    host::{Ask, Host},
    unlock,
};
use disk::{Claim, Request};
use pages::{address::Base, reply::Reply, request::Request as Asked};
use participant::device::{Me, Relay};
use plan::{AcademicYear, ActorId, Cells, DocumentKind, Edit, Pep, PepType, Processes, Role, Term, Writer};
use ring::signature::{Ed25519KeyPair, KeyPair};
use sync::{
    Cursor, Roster,
    frame::NewChild,
    roster::{Child, Member, Person},
};
use tempfile::TempDir;
use uuid::Uuid;

/// Names and values of a form.
pub type Fields = Vec<(String, String)>;

/// Whose device it is.
pub const OWNER: &str = "Ottoline Greaves-Penn";
const PERSON: u128 = 0x1000;
/// Fields of a form that the page fills in by itself.
const HELD: [&str; 9] = ["made-from", "row", "target", "fresh", "key", "comment", "saw", "answer~kept", "right"];

/// The key of the relay that the devices have joined.
fn relay_key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[2; 32]).unwrap()
}

/// One person's device, without a relay. Children added on it are theirs in their main role.
pub struct Device {
    pub app: Arc<App>,
    host: Arc<Host>,
    pub role: Role,
    written: AtomicI64,
    roster: Mutex<Roster>,
    _folder: TempDir,
}

/// What came of a command or a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    /// It was done.
    Done,
    /// It was not, and this was said. A command's exit code; a page's status.
    Not(u16, String),
}

impl Device {
    pub fn of(role: Role) -> Device {
        let folder = tempfile::tempdir().unwrap();
        let Claim::Ours(owner) = disk::claim(&folder.path().join("home")).unwrap() else { panic!("taken") };
        let key = unlock::open(owner.dir(), None, |_| (), || None).unwrap();
        let app = Arc::new(App::open(owner, key).unwrap().0);
        let key = app.key().unwrap();
        let relay = relay_key();
        let me = Me {
            person: *Uuid::from_u128(PERSON).as_bytes(),
            name: OWNER.into(),
            organisation: None,
            role: role.to_string(),
            device: gate::device_id(&replica::public_key(&key)),
            relay: Relay {
                url: "ws://127.0.0.1:1".into(),
                id: [1; 16],
                key: relay.public_key().as_ref().try_into().unwrap(),
                former: Vec::new(),
                addresses: Vec::new(),
                tls: None,
                name: "Harrowmere".into(),
            },
        };
        app.with(move |device| device.join(me, key, None).unwrap()).unwrap();
        Device {
            app,
            host: Arc::new(Host::new(None)),
            role,
            written: AtomicI64::new(0),
            roster: Mutex::default(),
            _folder: folder,
        }
    }

    /// Another child of the same name and day of birth.
    pub fn child(&self) -> Uuid {
        let child = Uuid::new_v4();
        let new = NewChild {
            child: *child.as_bytes(),
            name: "Idris Fennimoor".into(),
            dob: "2010-11-02".into(),
            looked_after_since: None,
            emergency: false,
        };
        self.app.with(move |device| device.add_child(new).unwrap()).unwrap();
        child
    }

    /// A plan of another child.
    pub fn plan(&self, process: &str, kind: PepType) -> Pep {
        self.plan_of(process, Processes::built_in().latest(process).unwrap().version(), kind)
    }

    /// The same, under this version of its process.
    pub fn plan_of(&self, process: &str, version: u32, kind: PepType) -> Pep {
        let process = Processes::built_in().get(process, version).unwrap();
        let pep = Pep {
            child: self.child(),
            year: AcademicYear(2025),
            term: Term::Spring,
            kind,
            process,
            filed: plan::Filed::default(),
        };
        self.start(&pep);
        pep
    }

    pub fn start(&self, pep: &Pep) {
        let (pep, role) = (pep.clone(), self.role);
        self.app.with(move |device| device.start_pep(&pep, role).unwrap()).unwrap();
    }

    /// What somebody in a role wrote in the plan before, or in another tab.
    #[track_caller]
    pub fn wrote(&self, pep: &Pep, role: Role, edit: Edit) {
        self.wrote_together(pep, role, vec![edit]);
    }

    #[track_caller]
    pub fn wrote_together(&self, pep: &Pep, role: Role, edits: Vec<Edit>) {
        let kind = edits[0].document().unwrap();
        let pep = pep.clone();
        // An hour after what was written before, so that the history tells them apart.
        let at = 1_772_114_700 + 3_600 * self.written.fetch_add(1, Ordering::Relaxed);
        let done = self.app.with(move |device| device.edit(&pep, kind, role, &edits, at)).unwrap();
        done.unwrap().unwrap();
    }

    pub fn set(&self, pep: &Pep, role: Role, question: &str, text: &str) {
        let value = plan::parse_value(question, text).unwrap();
        self.wrote(pep, role, Edit::Choose { question: question.into(), value });
    }

    pub fn write(&self, pep: &Pep, role: Role, question: &str, text: &str) {
        self.wrote(pep, role, Edit::Rewrite { question: question.into(), text: text.into() });
    }

    pub fn put(&self, pep: &Pep, role: Role, table: &str, key: &str, row: &[(&str, &str)]) {
        self.wrote(pep, role, Edit::PutRow { question: table.into(), key: key.into(), cells: cells(table, row) });
    }

    pub fn target(&self, pep: &Pep, key: &str, fields: &[(&str, &str)]) {
        let fields = cells("targets.list", fields);
        self.wrote(pep, Role::DesignatedTeacher, Edit::PutTarget { key: key.into(), fields });
    }

    /// What a colleague in a role wrote apart, on a device that held nothing but the empty plan, comes by the relay. `number` tells
    /// colleagues apart.
    #[track_caller]
    pub fn heard(&self, pep: &Pep, number: u8, role: Role, edits: &[Edit]) {
        let key = Ed25519KeyPair::from_seed_unchecked(&[number; 32]).unwrap();
        let (public, person) = (replica::public_key(&key), [number; 16]);
        self.team(pep, (person, role), public);
        let kind = edits[0].document().unwrap();
        let doc = *pep.document(kind).as_bytes();
        let actor = gate::numbered_actor(&doc, &gate::Author { key: public, person }, 0);
        let mut document = plan::from_genesis(pep, kind, ActorId::from(actor));
        let writer = Writer::new(Uuid::from_bytes(person), role);
        plan::apply(&mut document, pep, kind, &writer, edits, 1_772_100_000).unwrap();
        let mut change = document.get_last_local_change().unwrap();
        let (seq, hash, chunks) = (change.seq(), change.hash().0, change.bytes().to_vec());
        let envelope = sync::sign(&key, gate::device_id(&public), doc, actor, seq, hash, chunks);
        let taken = self.app.with(move |device| {
            let team = device.authority(&doc);
            device.replica().offer(&doc, &[envelope], &team, Some(Cursor::new([9; 16], 1))).unwrap().1
        });
        assert_eq!(taken.unwrap(), None);
    }

    /// The relay says that a colleague with a device is on the child's team, beside this device's person.
    fn team(&self, pep: &Pep, (person, role): (gate::Id, Role), key: gate::PublicKey) {
        let (child, me) = (*pep.child.as_bytes(), *Uuid::from_u128(PERSON).as_bytes());
        let signed = {
            let mut roster = self.roster.lock().unwrap();
            roster.version += 1;
            roster.relay = [1; 16];
            if !roster.children.iter().any(|known| known.id == child) {
                let (name, dob) = ("Idris Fennimoor".to_owned(), "2010-11-02".to_owned());
                roster.children.push(Child { id: child, name, dob, ..Child::default() });
                let (role, from) = (self.role.to_string(), "2026-01-01".to_owned());
                roster.teams.push(Member { child, person: me, role, from, to: None });
            }
            let from = "2026-01-01".to_owned();
            roster.teams.push(Member { child, person, role: role.to_string(), from, to: None });
            let name = |id: gate::Id| if id == me { OWNER.to_owned() } else { format!("Colleague {}", id[0]) };
            for (id, role) in [(me, self.role), (person, role)] {
                if !roster.people.iter().any(|known| known.id == id) {
                    roster.people.push(Person { id, name: name(id), organisation: None, role: role.to_string() });
                }
            }
            let id = gate::device_id(&key);
            if !roster.devices.iter().any(|known| known.id == id) {
                let name = "laptop".to_owned();
                roster.devices.push(sync::roster::Device { id, key, person, name, revoked: None, locked: None });
            }
            roster.clone().sign(&relay_key())
        };
        self.app.with(move |device| device.take_roster(&signed)).unwrap().unwrap();
    }

    /// Runs `pep`; `PEP` stands for the plan.
    pub fn pep(&self, pep: &Pep, words: &[&str]) -> Came {
        let reply = self.reply(pep, words);
        match reply.code {
            0 => Came::Done,
            code => Came::Not(code.into(), String::from_utf8(reply.stderr).unwrap()),
        }
    }

    /// What a command prints.
    pub fn printed(&self, pep: &Pep, words: &[&str]) -> String {
        let reply = self.reply(pep, words);
        assert_eq!(reply.code, 0, "{words:?}: {}", String::from_utf8_lossy(&reply.stderr));
        String::from_utf8(reply.stdout).unwrap()
    }

    fn reply(&self, pep: &Pep, words: &[&str]) -> disk::Reply {
        let id = pep.id().to_string();
        let args = words.iter().map(|word| if *word == "PEP" { id.clone() } else { (*word).to_owned() }).collect();
        let request = Request {
            args,
            cwd: self.app.home().to_path_buf(),
            stdin: Vec::new(),
            passphrase: None,
            new_passphrase: None,
            file_passphrase: None,
        };
        door::answer(&self.app, request)
    }

    fn ask(&self, address: &str, form: Option<&str>) -> Reply {
        let request = Asked::new(&Base::default(), form.is_some(), address, form.unwrap_or_default().as_bytes());
        let request = request.unwrap_or_else(|| panic!("{address} is no address"));
        self.host.answer(&self.app, &Ask::Request(request)).unwrap()
    }

    /// A page.
    pub fn get(&self, address: &str) -> (u16, String) {
        match self.ask(address, None) {
            Reply::Page { status, html } => (status, html),
            Reply::Go(to) => panic!("{address} leads to {to}"),
            _ => panic!("{address} is no page"),
        }
    }

    /// What a form of a page holds by itself. Where the page shows none to this person, the form is one from before.
    pub fn held(&self, pep: &Pep, address: &str) -> Fields {
        let (_, mut html) = self.get(address);
        if address.starts_with("/pep/") && !html.contains("name=\"made-from\"") {
            html += &self.get(&format!("/pep/{}/comments/care.story", pep.id())).1;
        }
        let held = |name: &&str| Some(((*name).to_owned(), hidden(&html, name)?));
        HELD.iter().filter_map(held).collect()
    }

    /// Sends a form; what a page fills in by itself stands first, and what is filled in here after it.
    pub fn send(&self, address: &str, held: &[(String, String)], fields: &[(String, String)]) -> Came {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(held.iter().filter(|(name, _)| fields.iter().all(|(other, _)| other != name)));
        form.extend_pairs(fields);
        match self.ask(address, Some(&form.finish())) {
            Reply::Page { status, html } => Came::Not(status, words(&html)),
            _ => Came::Done,
        }
    }

    /// Gives this device to the child of a plan, as its owner would who has a PIN.
    pub fn give(&self, pep: &Pep) {
        let child_mode = Some(participant::settings::ChildMode { pep: pep.id() });
        self.app.with(move |device| participant::settings::ChildMode::keep(device, child_mode).unwrap()).unwrap();
    }

    /// Everything that the plan says, without ids, times and the names of changes.
    pub fn show(&self, pep: &Pep) -> String {
        let (shown, own, role) = (self.printed(pep, &["show", "PEP", "--json"]), pep.clone(), self.role);
        let readers = self.app.with(move |device| device.private_readers(&own)).unwrap();
        let mut value: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let all = value.as_object_mut().unwrap();
        for gone in ["heads", "due", "currency"] {
            all.remove(gone);
        }
        format!("{role} {readers:?} {}", plain(&value.to_string()))
    }

    /// Writes the Virtual School's signature as it stands in a document, without asking whether it is time for it.
    pub fn seal(&self, pep: &Pep) {
        use automerge::{ObjType, ROOT, ReadDoc, transaction::Transactable};
        let doc = *pep.document(DocumentKind::Main).as_bytes();
        let done = self.app.with(move |device| {
            let mut team = device.authority(&doc);
            team.groups.values_mut().for_each(|groups| _ = groups.insert(Role::VirtualSchoolOfficer.to_string()));
            device.replica().write(&doc, &team, |document| {
                let mut tx = document.transaction();
                let (_, all) = tx.get(ROOT, "signOffs").unwrap().unwrap();
                let of_vs = tx.put_object(&all, "signoff.vs", ObjType::Map).unwrap();
                let key = format!("{}+{}", Uuid::from_u128(9), Uuid::from_u128(PERSON));
                let made = tx.put_object(&of_vs, key, ObjType::Map).unwrap();
                tx.put(&made, "role", Role::VirtualSchoolOfficer.slug()).unwrap();
                tx.commit();
                Ok::<_, plan::Refused>(())
            })
        });
        done.unwrap().unwrap().unwrap();
    }
}

/// The word that stands in an address or a form for a row.
pub fn word(pep: &Pep, place: &str) -> String {
    Uuid::new_v5(&pep.id(), place.as_bytes()).simple().to_string()
}

/// The section in which a question is asked.
pub fn section(pep: &Pep, question: &str) -> String {
    let page = pep.process().page(question).unwrap();
    format!("/pep/{}/page/{}/{}", pep.id(), page.id, plan::bank().question(question).unwrap().block)
}

/// Cells of a table, by its place.
pub fn cells(table: &str, cells: &[(&str, &str)]) -> Cells {
    let table = match table.split('/').collect::<Vec<_>>().as_slice() {
        [question, _, within] => format!("{question}/{within}"),
        _ => table.to_owned(),
    };
    let cell = |(column, text): &(&str, &str)| {
        ((*column).to_owned(), Some(plan::parse_value(&format!("{table}/{column}"), text).unwrap()))
    };
    cells.iter().map(cell).collect()
}

/// What a page says, without its markup.
fn words(html: &str) -> String {
    let main = html.split("<main").nth(1).unwrap_or(html);
    let (mut text, mut tag) = (String::new(), false);
    for c in main.chars() {
        match c {
            '<' => tag = true,
            '>' => (tag, text) = (false, text + " "),
            c if !tag => text.push(c),
            _ => {}
        }
    }
    let text = text.replace("&amp;", "&").replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a hidden field of a page holds.
fn hidden(html: &str, name: &str) -> Option<String> {
    let after = html.split(&format!("name=\"{name}\" value=\"")).nth(1)?;
    Some(after.split('"').next()?.to_owned())
}

/// Without ids, hashes and moments, each of which is another in another plan.
fn plain(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (String::new(), 0);
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    while at < bytes.len() {
        let run = bytes[at..].iter().take_while(|b| b.is_ascii_hexdigit() || **b == b'-').count();
        let word = text.get(at..at + run).unwrap_or_default();
        if run >= 32 && word.bytes().filter(u8::is_ascii_hexdigit).count() >= 32 {
            // The same id is the same again.
            let next = known.len();
            out.push_str(&format!("#{}", known.entry(word).or_insert(next)));
            at += run;
        } else if run >= 10 && bytes.get(at + run) == Some(&b'T') {
            out.push_str("MOMENT");
            at += run + 1 + bytes[at + run + 1..].iter().take_while(|b| !b"\",".contains(b)).count();
        } else {
            let next = text[at..].chars().next().unwrap();
            // A word is left whole, or its end could look like an id.
            let len = run.max(next.len_utf8());
            out.push_str(&text[at..at + len]);
            at += len;
        }
    }
    out
}
