//! Nobody writes what they may not: every role at every question, in every kind of operation and under every process, through a
//! real relay and at a client that a relay feeds with anything; and whoever keeps to the rules is never refused for them.
//!
//! Who may is worked out here anew, from the files of the bank and the processes and from the requirements, and not from the
//! table that the gate is given.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use automerge::{
    ActorId, Automerge, AutomergeError, Change, ObjId, ObjType, ROOT, ReadDoc,
    transaction::{CommitOptions, Transactable, Transaction},
};
use gate::{Envelope, Hash, Id, Index, Team, own_key};
use harness::joined::{Chance, IDRIS, idris, in_memory, joins, key, open_relay};
use participant::device::{Device as Client, Me};
use plan::{DocumentKind, Edit, Pep, PepType, Processes, Role, Writer};
use replica::Mode;
use serde_json::Value;
use sync::{
    Cursor, Frame, Wire,
    feature::{ENVELOPE_2, Features},
    frame::{Limits, Listed},
};
use sync_server::relay::{Relay, queue};
use tokio::sync::mpsc::Receiver;
use uuid::Uuid;

/// Tuesday, 24 February 2026, at nine.
const NOW: i64 = 1_771_923_600;
const PEOPLE: [(&str, Role); 8] = [
    ("Odile Marrowfield", Role::SocialWorker),
    ("Ottoline Greaves-Penn", Role::DesignatedTeacher),
    ("Lorcan Tidewell", Role::VirtualSchoolOfficer),
    ("Marguerite Oakhollow", Role::VirtualSchoolHead),
    ("Carys Wexcombe", Role::Carer),
    ("Idris Fennimoor", Role::YoungPerson),
    ("Quentin Saltmarsh", Role::IndependentReviewingOfficer),
    ("Pol Esterhaz", Role::Professional),
];

const BANK: &str = include_str!("../../crates/plan/bank.json");
const PROCESSES: [(&str, &str); 5] = [
    ("sections", include_str!("../../crates/plan/processes/3/sections.json")),
    ("portal", include_str!("../../crates/plan/processes/3/portal.json")),
    ("rolling", include_str!("../../crates/plan/processes/3/rolling.json")),
    ("ten-page", include_str!("../../crates/plan/processes/3/ten-page.json")),
    ("web", include_str!("../../crates/plan/processes/3/web.json")),
];

// ---- Who may, as the files say

type Roles = BTreeSet<String>;

fn roles(names: &Value) -> Roles {
    let names: Vec<&str> = match names {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    let mut roles: Roles = names.into_iter().map(str::to_owned).collect();
    // The head may do what an officer may (R002-23).
    if roles.contains("virtual-school-officer") {
        roles.insert("virtual-school-head".into());
    }
    roles
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn flag(value: &Value, key: &str) -> bool {
    value[key].as_bool().unwrap_or_default()
}

/// Who may come to hold an annex (PEP.md 4.12): of the private words those among whom the child chooses, too.
fn holders(kind: DocumentKind) -> Roles {
    let virtual_school = ["virtual-school-officer", "virtual-school-head"];
    let others: &[&str] = match kind {
        DocumentKind::Main => return PEOPLE.iter().map(|(_, role)| role.to_string()).collect(),
        DocumentKind::Contact => &["social-worker", "designated-teacher", "carer"],
        DocumentKind::Family => &["social-worker", "designated-teacher"],
        DocumentKind::PrivateVoice => {
            &["social-worker", "designated-teacher", "young-person", "carer", "independent-reviewing-officer"]
        }
        DocumentKind::Quality => &[],
    };
    virtual_school.iter().chain(others).map(|role| (*role).to_owned()).collect()
}

/// Who may ever write an answer under a process.
fn writers(process: &Value, question: &Value) -> Roles {
    let id = text(question, "id");
    if id.starts_with("signoff.") {
        return Roles::new();
    }
    if flag(question, "computed") {
        // Worked out, save the overall grade, which the Virtual School may give otherwise.
        let graded = Value::from("virtual-school-officer");
        return if id == "qa.overall" { roles(&graded) } else { Roles::new() };
    }
    let mut may = roles(&question["owners"]);
    if !flag(question, "reserved") {
        let on = |page: &&Value| page["questions"].as_array().is_some_and(|all| all.iter().any(|on| on == id));
        let page = process["pages"].as_array().and_then(|pages| pages.iter().find(on)).expect("a page");
        for key in ["owner", "alternateOwner", "ownerWhenNotOnRoll"] {
            may.extend(roles(&page[key]));
        }
        may.extend(roles(&process["writers"][id]));
    }
    // Nobody writes what they cannot read, nor, in the child's private words, who reads them by the child's choice alone.
    let kind = kind_of(question);
    let chosen = |role: &String| {
        kind == DocumentKind::PrivateVoice && ["carer", "independent-reviewing-officer"].contains(&role.as_str())
    };
    may.into_iter().filter(|role| holders(kind).contains(role) && !chosen(role)).collect()
}

fn kind_of(question: &Value) -> DocumentKind {
    match question["annex"].as_str() {
        Some(annex) => annex.parse().expect("a document"),
        None => DocumentKind::Main,
    }
}

// ---- What is tried

type Write = Box<dyn Fn(&mut Transaction<'_>, &Keys) -> Result<(), AutomergeError>>;

/// One thing somebody could do to a document, and who may.
struct Try {
    what: String,
    may: Roles,
    /// The same at every question, and nobody's.
    alike: bool,
    write: Write,
}

/// Keys of the person who tries.
struct Keys {
    own: String,
    other: String,
}

fn at(tx: &Transaction<'_>, place: &[&str]) -> Option<ObjId> {
    place.iter().try_fold(ROOT, |object, key| Some(tx.get(&object, *key).ok()??.1))
}

/// A map at a key, made where none is.
fn map(tx: &mut Transaction<'_>, object: &ObjId, key: &str) -> Result<ObjId, AutomergeError> {
    match tx.get(object, key)? {
        Some((automerge::Value::Object(ObjType::Map), there)) => Ok(there),
        _ => tx.put_object(object, key, ObjType::Map),
    }
}

/// Everything that is tried in one kind of document under a process.
fn tries(process: &Value, kind: DocumentKind) -> Vec<Try> {
    let bank: Value = serde_json::from_str(BANK).expect("the bank");
    let mut all: Vec<Try> = Vec::new();
    for question in bank["questions"].as_array().expect("questions") {
        if kind_of(question) == kind {
            of_question(question, &writers(process, question), &mut all);
            continue;
        }
        // What belongs into another document is nobody's in this one.
        let id: &'static str = text(question, "id").to_owned().leak();
        add(&mut all, format!("{id}: put, in another document"), &Roles::new(), move |tx, _| {
            tx.put(at(tx, &["answers"]).expect("the genesis made it"), id, "x")
        });
    }
    for root in ["about", "answers", "targets", "comments", "signOffs"] {
        add(&mut all, format!("{root}: put a value in its place"), &Roles::new(), move |tx, _| tx.put(ROOT, root, 1));
        add(&mut all, format!("{root}: a key that nobody knows"), &Roles::new(), move |tx, _| {
            let object = at(tx, &[root]).expect("the genesis made it");
            tx.put(&object, "unheard of", 1)
        });
    }
    add(&mut all, "about: another process".into(), &Roles::new(), |tx, _| {
        let about = at(tx, &["about"]).expect("the genesis made it");
        tx.put(&about, "process", "another")
    });
    add(&mut all, "a root of one's own".into(), &Roles::new(), |tx, _| {
        tx.put_object(ROOT, "mine", ObjType::Map).map(drop)
    });
    of_comments(kind, &mut all);
    all
}

fn add(
    all: &mut Vec<Try>,
    what: String,
    may: &Roles,
    write: impl Fn(&mut Transaction<'_>, &Keys) -> Result<(), AutomergeError> + 'static,
) {
    let alike = what.ends_with("in another document") || what.contains('~') && may.is_empty();
    all.push(Try { what, may: may.clone(), alike, write: Box::new(write) });
}

fn of_question(question: &Value, may: &Roles, all: &mut Vec<Try>) {
    let id: &'static str = text(question, "id").to_owned().leak();
    let kind = text(question, "type");
    let nobody = Roles::new();
    let answers = |tx: &Transaction<'_>| at(tx, &["answers"]).expect("the genesis made it");
    let voice = flag(question, "voice");
    let signed = id.starts_with("signoff.");

    // What is said of an answer.
    let given = flag(question, "mandatory") && !flag(question, "computed") && !signed;
    let excusable = given && !(voice && text(question, "block") == "voice") && id != "targets.list" && id != "qa.areas";
    let lists = ["targets.list", "targets.review"];
    let carried = !flag(question, "computed")
        && !signed
        && !flag(question, "reserved")
        && !voice
        && kind != "picture"
        && !lists.contains(&id);
    for (beside, fits) in
        [("none", excusable), ("ask", carried), ("carried", carried && kind == "long_text"), ("unheard-of", false)]
    {
        let may = if fits { may } else { &nobody };
        let key: &'static str = format!("{id}~{beside}").leak();
        add(all, format!("{key}: put"), may, move |tx, _| tx.put(answers(tx), key, "x"));
        add(all, format!("{key}: make a map"), &nobody, move |tx, _| {
            tx.put_object(answers(tx), key, ObjType::Map).map(drop)
        });
    }
    if signed {
        return of_sign_off(question, id, all);
    }
    if id == "targets.list" {
        return of_targets(question, may, all);
    }
    match kind {
        "text" | "long_text" if voice => {
            add(all, format!("{id}: begin one's own entry"), may, move |tx, keys| {
                let entries = at(tx, &["answers", id]).expect("the genesis made it");
                let text = tx.put_object(&entries, keys.own.as_str(), ObjType::Text)?;
                tx.splice_text(&text, 0, 0, "mine")
            });
            add(all, format!("{id}: begin somebody else's entry"), &nobody, move |tx, keys| {
                let entries = at(tx, &["answers", id]).expect("the genesis made it");
                let text = tx.put_object(&entries, keys.other.as_str(), ObjType::Text)?;
                tx.splice_text(&text, 0, 0, "theirs")
            });
            add(all, format!("{id}: a value for one's entry"), &nobody, move |tx, keys| {
                let entries = at(tx, &["answers", id]).expect("the genesis made it");
                tx.put(&entries, keys.own.as_str(), "mine")
            });
        }
        "long_text" => {
            add(all, format!("{id}: type"), may, move |tx, _| {
                tx.splice_text(at(tx, &["answers", id]).expect("the genesis made it"), 0, 0, "typed")
            });
            add(all, format!("{id}: type and take away"), may, move |tx, _| {
                let text = at(tx, &["answers", id]).expect("the genesis made it");
                tx.splice_text(&text, 0, 0, "x")?;
                tx.splice_text(&text, 0, 1, "")
            });
            add(all, format!("{id}: a map among the letters"), &nobody, move |tx, _| {
                let text = at(tx, &["answers", id]).expect("the genesis made it");
                tx.insert_object(&text, 0, ObjType::Map).map(drop)
            });
        }
        "table" | "target_list" => of_table(question, id, may, voice, all),
        _ => {
            add(all, format!("{id}: put"), may, move |tx, _| tx.put(answers(tx), id, "x"));
            add(all, format!("{id}: put and take away"), may, move |tx, _| {
                tx.put(answers(tx), id, "y")?;
                tx.delete(answers(tx), id)
            });
            add(all, format!("{id}: count up"), may, move |tx, _| {
                tx.put(answers(tx), id, automerge::ScalarValue::counter(1))?;
                tx.increment(answers(tx), id, 1)
            });
        }
    }
    // A line of text and several choices are values.
    if voice || ["long_text", "table", "target_list"].contains(&kind) {
        add(all, format!("{id}: take it away"), &nobody, move |tx, _| tx.delete(answers(tx), id));
    }
    add(all, format!("{id}: make a map in its place"), &nobody, move |tx, _| {
        tx.put_object(answers(tx), id, ObjType::Map).map(drop)
    });
    add(all, format!("{id}: make a list in its place"), &nobody, move |tx, _| {
        tx.put_object(answers(tx), id, ObjType::List).map(drop)
    });
}

fn of_table(question: &Value, id: &'static str, may: &Roles, voice: bool, all: &mut Vec<Try>) {
    let nobody = Roles::new();
    let columns = question["columns"].as_array().expect("columns");
    let cell = columns.iter().find(|column| !flag(column, "calculated")).map(|column| text(column, "id").to_owned());
    let cell: &'static str = cell.expect("a cell").leak();
    let row = move |keys: &Keys| if voice { format!("one+{}", keys.own) } else { "one".to_owned() };
    let table = move |tx: &Transaction<'_>| at(tx, &["answers", id]).expect("the genesis made it");
    add(all, format!("{id}: a row with a cell"), may, move |tx, keys| {
        let row = map(tx, &table(tx), &row(keys))?;
        tx.put(&row, cell, "x")
    });
    add(all, format!("{id}: withdraw a row"), may, move |tx, keys| {
        let row = map(tx, &table(tx), &row(keys))?;
        tx.put(&row, "withdrawn", true)
    });
    add(all, format!("{id}: a cell that nobody knows"), &nobody, move |tx, keys| {
        let row = map(tx, &table(tx), &row(keys))?;
        tx.put(&row, "unheard of", 1)
    });
    add(all, format!("{id}: take a row away"), &nobody, move |tx, keys| {
        map(tx, &table(tx), &row(keys))?;
        tx.delete(table(tx), row(keys))
    });
    add(all, format!("{id}: replace a row"), &nobody, move |tx, keys| {
        map(tx, &table(tx), &row(keys))?;
        tx.put_object(table(tx), row(keys), ObjType::Map).map(drop)
    });
    add(all, format!("{id}: a value for a row"), &nobody, move |tx, keys| {
        tx.put(table(tx), format!("two+{}", keys.own), 1)
    });
    if voice {
        add(all, format!("{id}: somebody else's row"), &nobody, move |tx, keys| {
            let row = map(tx, &table(tx), &format!("one+{}", keys.other))?;
            tx.put(&row, cell, "x")
        });
    }
    for column in columns.iter().filter(|column| flag(column, "calculated")) {
        let column: &'static str = text(column, "id").to_owned().leak();
        add(all, format!("{id}: {column}, which is worked out"), &nobody, move |tx, keys| {
            let row = map(tx, &table(tx), &row(keys))?;
            tx.put(&row, column, 1)
        });
    }
}

/// A target that his teacher made before anybody tries anything.
const KEY: &str = "0b3f1a52-7f0e-4b52-9f0e-4b529f0e4b52";

fn of_targets(question: &Value, may: &Roles, all: &mut Vec<Try>) {
    let nobody = Roles::new();
    let target = |tx: &mut Transaction<'_>| {
        let targets = at(tx, &["targets"]).expect("the genesis made it");
        map(tx, &targets, KEY)
    };
    add(all, "targets: make one".into(), may, move |tx, keys| {
        tx.put_object(at(tx, &["targets"]).expect("the genesis made it"), keys.own.as_str(), ObjType::Map).map(drop)
    });
    add(all, "targets: take one away".into(), &nobody, move |tx, _| {
        target(tx)?;
        tx.delete(at(tx, &["targets"]).expect("the genesis made it"), KEY)
    });
    add(all, "targets: withdraw one".into(), may, move |tx, _| {
        let target = target(tx)?;
        tx.put(&target, "withdrawn", true)
    });
    for column in question["columns"].as_array().expect("columns") {
        let id: &'static str = text(column, "id").to_owned().leak();
        let what = |does: &str| format!("targets, {id}: {does}");
        match (text(column, "type"), column["voiceOf"].as_str()) {
            ("long_text", Some(_)) => {
                let mut whose = may.clone();
                whose.extend(roles(&column["voiceOf"]));
                add(all, what("one's own words"), &whose, move |tx, keys| {
                    let target = target(tx)?;
                    let text = tx.put_object(&target, format!("{id}+{}", keys.own), ObjType::Text)?;
                    tx.splice_text(&text, 0, 0, "mine")
                });
                add(all, what("somebody else's words"), &nobody, move |tx, keys| {
                    let target = target(tx)?;
                    tx.put_object(&target, format!("{id}+{}", keys.other), ObjType::Text).map(drop)
                });
                add(all, what("nobody's words"), &nobody, move |tx, _| {
                    let target = target(tx)?;
                    tx.put_object(&target, id, ObjType::Text).map(drop)
                });
            }
            ("long_text", None) => add(all, what("type"), may, move |tx, _| {
                let target = target(tx)?;
                let text = match tx.get(&target, id)? {
                    Some((_, text)) => text,
                    None => tx.put_object(&target, id, ObjType::Text)?,
                };
                tx.splice_text(&text, 0, 0, "x")
            }),
            ("table", _) => {
                let cells = column["columns"].as_array().expect("columns");
                for cell in cells {
                    let worked_out = flag(cell, "calculated");
                    let cell: &'static str = text(cell, "id").to_owned().leak();
                    let may = if worked_out { &nobody } else { may };
                    add(all, format!("targets, {id}: {cell}"), may, move |tx, _| {
                        let target = target(tx)?;
                        let table = map(tx, &target, id)?;
                        let row = map(tx, &table, "row")?;
                        tx.put(&row, cell, 1)
                    });
                }
            }
            _ => {
                let may = if flag(column, "calculated") { &nobody } else { may };
                add(all, what("put"), may, move |tx, _| {
                    let target = target(tx)?;
                    tx.put(&target, id, "x")
                });
                add(all, what("make a map in its place"), &nobody, move |tx, _| {
                    let target = target(tx)?;
                    tx.put_object(&target, id, ObjType::Map).map(drop)
                });
            }
        }
    }
}

fn of_sign_off(question: &Value, id: &'static str, all: &mut Vec<Try>) {
    let nobody = Roles::new();
    let signs = roles(&question["owners"]);
    let entry = move |tx: &mut Transaction<'_>, key: String| {
        let root = at(tx, &["signOffs"]).expect("the genesis made it");
        let signatures = map(tx, &root, id)?;
        tx.put_object(&signatures, key, ObjType::Map)
    };
    add(all, format!("{id}: sign"), &signs, move |tx, keys| {
        let entry = entry(tx, format!("{}+{}", keys.other, keys.own))?;
        ["hash", "process", "on", "role", "comment"].iter().try_for_each(|field| tx.put(&entry, *field, "x"))
    });
    add(all, format!("{id}: sign for somebody else"), &nobody, move |tx, keys| {
        let entry = entry(tx, format!("{}+{}", keys.own, keys.other))?;
        tx.put(&entry, "hash", "x")
    });
    add(all, format!("{id}: a field that nobody knows"), &nobody, move |tx, keys| {
        let entry = entry(tx, format!("second+{}", keys.own))?;
        tx.put(&entry, "unheard of", 1)
    });
    add(all, format!("{id}: alter a signature"), &nobody, move |tx, keys| {
        let key = format!("{}+{}", keys.other, keys.own);
        match at(tx, &["signOffs", id, &key]) {
            Some(entry) => tx.put(&entry, "hash", "y"),
            // Nobody of this role has signed: an answer where none belongs is refused as well.
            None => tx.put(at(tx, &["answers"]).expect("the genesis made it"), id, "y"),
        }
    });
    add(all, format!("{id}: answer it"), &nobody, move |tx, _| {
        tx.put(at(tx, &["answers"]).expect("the genesis made it"), id, "y")
    });
}

fn of_comments(kind: DocumentKind, all: &mut Vec<Try>) {
    let may = holders(kind);
    let nobody = Roles::new();
    let comments = |tx: &Transaction<'_>| at(tx, &["comments"]).expect("the genesis made it");
    add(all, "a comment".into(), &may, move |tx, keys| {
        let comment = tx.put_object(comments(tx), keys.own.as_str(), ObjType::Map)?;
        tx.put(&comment, "question", "care.story")?;
        tx.put(&comment, "text", "x")
    });
    add(all, "a comment, altered".into(), &nobody, move |tx, keys| match at(tx, &["comments", &keys.own]) {
        Some(comment) => tx.put(&comment, "text", "y"),
        None => tx.put(comments(tx), "none", "y"),
    });
    add(all, "a comment, taken away".into(), &nobody, move |tx, keys| match at(tx, &["comments", &keys.own]) {
        Some(_) => tx.delete(comments(tx), keys.own.as_str()),
        None => tx.put(comments(tx), "none", "y"),
    });
    add(all, "a comment with more in it".into(), &nobody, move |tx, _| {
        let comment = tx.put_object(comments(tx), "third", ObjType::Map)?;
        tx.put(&comment, "more", 1)
    });
}

// ---- Where it is tried

struct Person {
    role: Role,
    me: Me,
    seed: u8,
    client: Client,
    conn: u64,
    queue: Receiver<Vec<u8>>,
}

/// A relay with Idris's plan, and a client of everybody round him; frames go from one to the other by hand.
struct House {
    relay: Relay,
    people: Vec<Person>,
    pep: Pep,
    lines: u64,
}

impl House {
    fn of(process: &str) -> House {
        let replica = in_memory(Mode::Relay, 7).expect("a replica");
        let mut relay = open_relay(replica, 7, NOW).expect("a relay");
        relay.administer(|d| d.add_child(&idris(), None, NOW)).expect("a child");
        let (year, term) = plan::parse_term("2025/26-spring").expect("a term");
        let process = Processes::built_in().latest(process).expect("a process");
        let pep = Pep { child: IDRIS, year, term, kind: PepType::Review, process, filed: plan::Filed::default() };
        let mut house = House { relay, people: Vec::new(), pep, lines: 0 };
        for (seed, (name, role)) in (1..).zip(PEOPLE) {
            let person = house.joins(seed, name, role);
            house.people.push(person);
        }
        house
    }

    /// Somebody's device, joined and connected.
    fn joins(&mut self, seed: u8, name: &str, role: Role) -> Person {
        self.joins_teams(seed, name, role, &[*IDRIS.as_bytes()])
    }

    fn joins_teams(&mut self, seed: u8, name: &str, role: Role, children: &[Id]) -> Person {
        let secret = self.relay.new_secret();
        let replica = in_memory(Mode::Participant, seed.into()).expect("a replica");
        let joined = joins(&mut self.relay, &secret, seed, (name, role), children, replica, NOW);
        let (mut client, me) = joined.expect("a device");
        let (out, queue) = queue();
        self.lines += 1;
        self.relay.connect(self.lines, me.device, out).expect("a place");
        client.connect().expect("it has joined");
        Person { role, me, seed, client, conn: self.lines, queue }
    }

    /// Everything that anybody has to say goes where it belongs, until nobody has.
    fn carry(&mut self) {
        loop {
            let mut quiet = true;
            for person in &mut self.people {
                person.client.settle(NOW).expect("a disk");
                for frame in person.client.take_frames(64).expect("a disk") {
                    quiet = false;
                    self.relay.receive(person.conn, &frame, NOW);
                }
            }
            self.relay.settle(NOW);
            for person in &mut self.people {
                while let Ok(frame) = person.queue.try_recv() {
                    quiet = false;
                    person.client.receive(&frame, NOW).expect("a disk");
                }
                self.relay.drained(person.conn);
            }
            if quiet {
                return;
            }
        }
    }

    fn start(&mut self) {
        let pep = self.pep.clone();
        self.people[0].client.start_pep(&pep, Role::SocialWorker).expect("a disk");
        self.carry();
    }

    fn doc(&self, kind: DocumentKind) -> Id {
        self.pep.document(kind).into_bytes()
    }

    /// What stands in a document before anybody tries anything: his teacher's target, shared with everybody.
    fn first(&mut self, kind: DocumentKind) -> Option<Change> {
        if kind != DocumentKind::Main {
            return None;
        }
        let (pep, doc) = (self.pep.clone(), self.doc(kind));
        let fields = [("statement".to_owned(), Some(plan::Value::Text("By May I will".into())))].into();
        let edit = Edit::PutTarget { key: KEY.into(), fields };
        let teacher = &mut self.person(Role::DesignatedTeacher).client;
        teacher.edit(&pep, kind, Role::DesignatedTeacher, &[edit], NOW).expect("a disk").expect("it is hers to write");
        self.carry();
        let teacher = &mut self.person(Role::DesignatedTeacher).client;
        let newest = teacher.replica().read(&doc, |document| document.get_changes(&[]).pop());
        Some(newest.expect("a document").expect("her change"))
    }

    fn person(&mut self, role: Role) -> &mut Person {
        self.people.iter_mut().find(|person| person.role == role).expect("one of them")
    }
}

/// What a changed program writes under.
const INCARNATION: Id = [3; 16];

/// What it writes a document as.
fn begun(seed: u8, person: &Id, doc: &Id) -> Id {
    let author = gate::Author { key: replica::public_key(&key(seed)), person: *person };
    gate::actor_of(doc, &author, &INCARNATION)
}

/// Signs what a changed program has written.
fn seal(seed: u8, person: &Id, doc: Id, mut change: Change) -> Envelope {
    let public = replica::public_key(&key(seed));
    let actor = begun(seed, person, &doc);
    let (seq, hash, chunks) = (change.seq(), change.hash().0, change.bytes().to_vec());
    let envelope = sync::sign(&key(seed), gate::device_id(&public), doc, actor, seq, hash, chunks);
    Envelope { incarnation: Some(INCARNATION), ..envelope }
}

#[test]
fn every_role_at_every_question_in_every_kind_of_operation_under_every_process() {
    let next = AtomicUsize::new(0);
    let counts = Mutex::new((0, 0));
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(nth) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|nth| *nth < PROCESSES.len()) {
                    let (let_in, refused, amiss) = under(nth);
                    let mut counts = counts.lock().unwrap();
                    *counts = (counts.0 + let_in, counts.1 + refused);
                    wrong.lock().unwrap().extend(amiss);
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
    let (let_in, refused) = counts.into_inner().unwrap();
    harness::tell(&format!("rights: {let_in} let in and {refused} refused, by the relay and by a client alike"));
    assert!(let_in > 6_000 && refused > 15_000, "{let_in} let in, {refused} refused");
}

/// Whether somebody tries something under a process: half a million operations would take many minutes. Under the first process
/// everybody tries everything. Under the others everybody tries what their files give to other roles than the first does; what
/// they give to the same, one who may and one who may not; what is nobody's, one person under one of them; all in turn.
/// What is alike at every question (a place beside it that is none, its place in another document) one person tries.
fn tries_it(role: Role, n: usize, one: &Try, first: &Try, nth: usize) -> bool {
    let in_turn = |may: bool| {
        let alike: Vec<Role> =
            PEOPLE.iter().map(|(_, role)| *role).filter(|role| one.may.contains(role.slug()) == may).collect();
        alike.get((n + nth) % alike.len().max(1)) == Some(&role)
    };
    match nth {
        _ if one.alike => n % PROCESSES.len() == nth && in_turn(false),
        0 => true,
        _ if one.may != first.may => true,
        _ if one.may.is_empty() => 1 + n % (PROCESSES.len() - 1) == nth && in_turn(false),
        _ => in_turn(one.may.contains(role.slug())),
    }
}

/// One process: how many were let in and refused, and what came out otherwise than the files say.
fn under(nth: usize) -> (usize, usize, Vec<String>) {
    let (id, file) = PROCESSES[nth];
    let process: Value = serde_json::from_str(file).expect("a process");
    let first_process: Value = serde_json::from_str(PROCESSES[0].1).expect("a process");
    let mut house = House::of(id);
    house.start();
    let (mut let_in, mut refused, mut wrong) = (0, 0, Vec::new());
    let epoch = house.relay.epoch();
    for kind in DocumentKind::ALL.iter().copied() {
        let (doc, tries, by_first) = (house.doc(kind), tries(&process, kind), tries(&first_process, kind));
        let first = house.first(kind);
        for at in 0..house.people.len() {
            let (seed, person, role) = (house.people[at].seed, house.people[at].me.person, house.people[at].role);
            let keys = Keys { own: own_key(&person), other: own_key(&[0xee; 16]) };
            let actor = begun(seed, &person, &doc);
            // Everybody begins anew, so that each finds only their own work.
            let mut document = plan::from_genesis(&house.pep, kind, ActorId::from(actor));
            document.apply_changes(first.clone()).expect("a genuine change");
            let mut all: Vec<(usize, bool, Envelope)> = Vec::new();
            for (n, (one, by_first)) in tries.iter().zip(&by_first).enumerate() {
                if !tries_it(role, n, one, by_first, nth) {
                    continue;
                }
                let may = one.may.contains(role.slug());
                let mut copy = document.clone();
                let options = |_: &()| CommitOptions::default().with_time(NOW);
                let written = copy.transact_with(options, |tx| (one.write)(tx, &keys));
                written.map_err(|failed| failed.error).expect("Automerge itself refuses nothing of this");
                let Some(change) =
                    copy.get_last_local_change().filter(|c| document.get_change_by_hash(&c.hash()).is_none())
                else {
                    continue;
                };
                all.push((n, may, seal(seed, &person, doc, change)));
                if may {
                    document = copy;
                }
            }
            // At the relay, whoever brings them: the head of the Virtual School holds all kinds of documents.
            let bringer = house.people[3].conn;
            let mut verdicts: BTreeMap<Hash, String> = BTreeMap::new();
            for lot in all.chunks(32) {
                for (_, _, envelope) in lot {
                    let push = Frame::Push { doc, envelopes: vec![Wire(envelope.clone())] };
                    house.relay.receive(bringer, &push.encode(), NOW);
                }
                for _ in 0..4 {
                    house.relay.settle(NOW);
                    while let Ok(frame) = house.people[3].queue.try_recv() {
                        match Frame::decode(&frame) {
                            Ok(Frame::Receipt { hash, .. }) => drop(verdicts.insert(hash, "taken".into())),
                            Ok(Frame::Held { hashes, code, .. }) => {
                                for hash in hashes {
                                    verdicts.insert(hash.into_array(), code.clone());
                                }
                            }
                            _ => {}
                        }
                    }
                    house.relay.drained(bringer);
                }
            }
            // And at a client to whom a relay forwards all of it.
            let client = &mut house.people[3].client;
            let team = client.authority(&doc);
            let mut number = client.replica().standing(&doc).expect("a document").last;
            for (n, may, envelope) in &all {
                let cursor = Some(Cursor::new(epoch, number + 1));
                let (taken, refusal) =
                    client.replica().offer(&doc, std::slice::from_ref(envelope), &team, cursor).expect("a disk");
                let at_client = refusal.map_or("taken", |refusal| refusal.code());
                number += taken.len() as u64;
                let at_relay = verdicts.get(&envelope.hash).map_or("unanswered", String::as_str);
                // What is not even well formed does not come so far as to be judged by rights.
                let code = if tries[*n].what.ends_with("among the letters") { "causality" } else { "right" };
                let as_meant = |said: &str| if *may { said == "taken" } else { said == code || said == "genesis" };
                if !as_meant(at_relay) || !as_meant(at_client) {
                    let by_files = if *may { "theirs to write" } else { "not theirs" };
                    let said = format!("relay: {at_relay}, client: {at_client}, and {by_files}");
                    wrong.push(format!("{id}, {kind}, {role}, {}: {said}", tries[*n].what));
                    if *may {
                        // What comes after it builds on it.
                        break;
                    }
                }
                *(if *may { &mut let_in } else { &mut refused }) += 1;
            }
            client.replica().commit().expect("a disk");
        }
    }
    (let_in, refused, wrong)
}

// ---- Stories

const FEEDBACK: &str = "qa.feedback";
const NOTES: &str = "meeting.notes";

/// What somebody may write whose program asks nobody: everything.
fn anything(me: &Me, seed: u8) -> Team {
    let author = gate::Author { key: replica::public_key(&key(seed)), person: me.person };
    Team {
        authors: [(me.device, author)].into(),
        groups: [(me.person, ["everyone".to_owned()].into())].into(),
        rules: Arc::new("* free everyone".parse().expect("rules")),
        accepted: [].into(),
        ..Team::default()
    }
}

impl House {
    fn words(&mut self, role: Role, question: &str) -> String {
        let doc = self.doc(DocumentKind::Main);
        let read = |document: &Automerge| {
            let answers = document.get(ROOT, "answers").ok().flatten().expect("the genesis made it").1;
            let text = document.get(&answers, question).ok().flatten().expect("the genesis made it").1;
            document.text(&text).expect("a text")
        };
        self.person(role).client.replica().read(&doc, read).expect("a document")
    }

    fn writes(&mut self, role: Role, question: &str, text: &str) {
        let pep = self.pep.clone();
        let edit = Edit::Append { question: question.into(), text: text.into() };
        let done = self.person(role).client.edit(&pep, DocumentKind::Main, role, &[edit], NOW);
        done.expect("a disk").expect("it is theirs to write");
    }

    /// Writes as a program does that ignores its own rules, and signs as it should.
    fn forges(&mut self, role: Role, question: &str, words: &str) {
        let doc = self.doc(DocumentKind::Main);
        let person = self.person(role);
        let team = anything(&person.me, person.seed);
        let written = person.client.replica().write(&doc, &team, |document| {
            let answers = document.get(ROOT, "answers").ok().flatten().expect("the genesis made it").1;
            let text = document.get(&answers, question).ok().flatten().expect("the genesis made it").1;
            let options = |_: &()| CommitOptions::default().with_time(NOW);
            document.transact_with(options, |tx| tx.splice_text(&text, 0, 0, words)).map_err(|failed| failed.error)
        });
        written.expect("a disk").expect("a change");
    }
}

#[test]
fn the_forged_section_is_held_its_author_sees_why_and_the_others_write_on() {
    let mut house = House::of("sections");
    house.start();
    house.forges(Role::SocialWorker, FEEDBACK, "Nothing to improve.");
    house.writes(Role::DesignatedTeacher, NOTES, "He has begun to cook.");
    house.carry();
    let pep = house.pep.clone();
    let held = house.person(Role::SocialWorker).client.refused();
    assert!(held.iter().all(|held| held.pep.as_ref() == Some(&pep)), "of this plan");
    let why: Vec<(&str, &str)> = held.iter().map(|h| (h.why.code.as_str(), h.why.detail.as_str())).collect();
    assert_eq!(why, [("right", "Your role does not write qa.feedback in this plan.")]);
    let kept: Vec<&str> =
        held.iter().flat_map(|h| &h.said).filter_map(|said| Some(said.words.as_ref()?.1.as_str())).collect();
    assert_eq!(kept, ["Nothing to improve."], "her words stay with her");
    house.writes(Role::VirtualSchoolOfficer, FEEDBACK, "Clear targets.");
    house.carry();
    for (_, role) in PEOPLE {
        assert_eq!(house.words(role, FEEDBACK), "Clear targets.", "{role}");
        assert_eq!(house.words(role, NOTES), "He has begun to cook.", "{role}");
    }
}

/// A relay's frames to a client that has just said hello, up to the document.
fn welcome(house: &House, client: &mut Client, doc: Id, seq: u64) -> Vec<Frame> {
    let roster = house.relay.signed_roster(&client.me().expect("it has joined").person);
    client.connect().expect("it has joined");
    let start = participant::device::start_of(&house.pep);
    let listed = Listed { doc, pep: house.pep.id().into_bytes(), kind: "main".into(), seq, start, readers: None };
    vec![
        Frame::Welcome(sync::frame::Welcome {
            epoch: house.relay.epoch(),
            relay_id: house.relay.id(),
            limits: Limits::default(),
            roster: Some(roster),
            // One that sends rosters, and whatever it likes.
            features: Features::of(&[ENVELOPE_2]),
            ..Default::default()
        }),
        Frame::Documents { list: vec![listed] },
    ]
}

#[test]
fn a_relay_that_forwards_anything_brings_the_forged_section_into_no_client() {
    let mut house = House::of("sections");
    house.start();
    let (doc, genesis) = (house.doc(DocumentKind::Main), house.pep.genesis(DocumentKind::Main));
    house.forges(Role::SocialWorker, FEEDBACK, "Nothing to improve.");
    let odile = house.person(Role::SocialWorker);
    let forged = odile.client.replica().log(&doc, 0, usize::MAX).expect("a log");
    assert_eq!(forged.len(), 1);
    let snapshot = replica::snapshot_of(&genesis, &forged).expect("a document");
    for in_a_snapshot in [false, true] {
        // A new device of his teacher's, so that a snapshot is what it asks for.
        let seed = 20 + u8::from(in_a_snapshot);
        let mut tablet = house.joins(seed, "Ottoline Greaves-Penn", Role::DesignatedTeacher);
        let client = &mut tablet.client;
        let hear = |client: &mut Client, frames: Vec<Frame>| {
            for frame in frames {
                client.receive(&frame.encode(), NOW).expect("a disk");
            }
            client.settle(NOW).expect("a disk");
            client.take_frames(64).expect("a disk").iter().map(|bytes| Frame::decode(bytes).expect("a frame")).collect()
        };
        // However often it is offered.
        for attempt in 0..3 {
            let frames = welcome(&house, client, doc, 1);
            let asked: Vec<Frame> = hear(client, frames);
            assert!(
                asked.iter().any(|frame| matches!(frame, Frame::Open { doc: asked, .. } if *asked == doc)),
                "{asked:?}"
            );
            let whole = |seq: u64, bytes: &[u8], heads: &[Hash], tips| Frame::Snapshot {
                doc,
                seq,
                heads: heads.iter().map(|head| serde_bytes::ByteArray::new(*head)).collect(),
                part: 0,
                parts: 1,
                bytes: bytes.to_vec().into(),
                tips,
            };
            let first = match in_a_snapshot {
                true => vec![whole(1, &snapshot.bytes, &snapshot.heads, snapshot.tips.clone())],
                false => {
                    let index = Index::new(&genesis).expect("the genesis");
                    let log = Frame::Log { doc, from: 1, envelopes: forged.iter().cloned().map(Wire).collect() };
                    match asked.iter().any(|frame| matches!(frame, Frame::Open { cursor: None, .. })) {
                        true => vec![whole(0, &genesis, &index.heads(), Vec::new()), log],
                        false => vec![log],
                    }
                }
            };
            let _: Vec<Frame> = hear(client, first);
            assert!(client.wants_roster(), "it might be that its roster is old: it asks for another");
            let heads = client.replica().standing(&doc).expect("a document").heads;
            assert_eq!(heads, [Index::new(&genesis).expect("the genesis").genesis()], "attempt {attempt}");
            client.disconnect(None);
        }
        // The roster that it gets says the same: it does not take it, and says so.
        let frames = welcome(&house, client, doc, 1);
        let _: Vec<Frame> = hear(client, frames);
        let offer = |client: &mut Client| {
            let frame = match in_a_snapshot {
                true => Frame::Snapshot {
                    doc,
                    seq: 1,
                    heads: snapshot.heads.iter().map(|head| serde_bytes::ByteArray::new(*head)).collect(),
                    part: 0,
                    parts: 1,
                    bytes: snapshot.bytes.clone().into(),
                    tips: snapshot.tips.clone(),
                },
                false => Frame::Log { doc, from: 1, envelopes: forged.iter().cloned().map(Wire).collect() },
            };
            let _: Vec<Frame> = hear(client, vec![frame]);
        };
        offer(client);
        let roster = house.relay.signed_roster(&client.me().expect("it has joined").person);
        client.take_roster(&roster).expect("a disk");
        client.take_words();
        let _: Vec<Frame> = hear(client, vec![]);
        offer(client);
        let words = client.take_words().join(" ");
        assert!(words.contains("did not pass this device's own checks (right)"), "{words}");
        assert!(client.is_stuck() && !client.wants_roster(), "it asks no further");
    }
}

#[test]
fn a_client_whose_roster_is_older_than_a_changes_author_asks_for_another_and_takes_it_then() {
    let mut house = House::of("sections");
    house.start();
    let (doc, person) = (house.doc(DocumentKind::Main), house.person(Role::Carer).me.person);
    house.carry();
    let old = house.relay.signed_roster(&person);
    // Sunniva joins the team and writes, and the relay's word of it is lost on the way to Carys.
    let sunniva = house.joins(30, "Sunniva Dray", Role::DesignatedTeacher);
    house.people.push(sunniva);
    house.carry();
    house.writes(Role::DesignatedTeacher, NOTES, "Nothing yet.");
    house.carry();
    let pep = house.pep.clone();
    let sunniva = house.people.last_mut().expect("she joined");
    let edit = Edit::Append { question: NOTES.into(), text: "From his new school: welcome.".into() };
    let done = sunniva.client.edit(&pep, DocumentKind::Main, Role::DesignatedTeacher, &[edit], NOW);
    done.expect("a disk").expect("it is hers to write");
    house.carry();
    let log = house.relay.replica().log(&doc, 0, usize::MAX).expect("a log");
    let mut tablet = house.joins(31, "Carys Wexcombe", Role::Carer);
    let new = house.relay.signed_roster(&person);
    assert!(new.version > old.version);
    let frames = welcome(&house, &mut tablet.client, doc, log.len() as u64);
    let client = &mut tablet.client;
    for mut frame in frames {
        if let Frame::Welcome(welcome) = &mut frame {
            welcome.roster = Some(old.clone());
        }
        client.receive(&frame.encode(), NOW).expect("a disk");
    }
    client.settle(NOW).expect("a disk");
    client.take_frames(64).expect("a disk");
    let genesis = house.pep.genesis(DocumentKind::Main);
    let heads = Index::new(&genesis).expect("the genesis").heads();
    let snapshot = Frame::Snapshot {
        doc,
        seq: 0,
        heads: heads.iter().map(|head| serde_bytes::ByteArray::new(*head)).collect(),
        part: 0,
        parts: 1,
        bytes: genesis.into(),
        tips: Vec::new(),
    };
    let whole = Frame::Log { doc, from: 1, envelopes: log.iter().cloned().map(Wire).collect() };
    for frame in [&snapshot, &whole] {
        client.receive(&frame.encode(), NOW).expect("a disk");
    }
    assert!(client.wants_roster(), "it does not know her device");
    let taken = client.replica().standing(&doc).expect("a document").last;
    assert_eq!(taken, log.len() as u64 - 1, "what it can judge it has taken");
    client.take_roster(&new).expect("a disk");
    client.settle(NOW).expect("a disk");
    let asked: Vec<Frame> =
        client.take_frames(64).expect("a disk").iter().map(|bytes| Frame::decode(bytes).expect("a frame")).collect();
    let from = |frame: &Frame| match frame {
        Frame::Open { cursor, .. } => cursor.map(|cursor| cursor.seq),
        _ => None,
    };
    assert_eq!(asked.iter().find_map(from), Some(taken), "from where it stopped: {asked:?}");
    let rest = Frame::Log { doc, from: taken + 1, envelopes: vec![Wire(log[taken as usize].clone())] };
    client.receive(&rest.encode(), NOW).expect("a disk");
    assert_eq!(client.replica().standing(&doc).expect("a document").last, log.len() as u64);
    assert!(!client.is_stuck());
}

// ---- Whoever keeps to the rules

/// An answer that fits a question or a column, if this knows one.
fn answer(place: &str, chance: &mut Chance) -> Option<plan::Value> {
    let words = ["yes", "2026-03-01", "1", "12.50", "x", "main", "agreed", "academic", "not_on_roll", "initial"];
    let from = chance.index(words.len());
    (0..words.len()).find_map(|n| plan::parse_value(place, words[(from + n) % words.len()]).ok())
}

fn cells(columns: &[plan::Column], table: &str, chance: &mut Chance) -> plan::Cells {
    let free = columns.iter().filter(|column| !column.calculated && column.voice_of.is_none());
    let values = free
        .filter_map(|column| Some((column.id.clone(), Some(answer(&format!("{table}/row/{}", column.id), chance)?))));
    values.collect()
}

/// Where it is said that a child is on no school's roll, and how.
const ROLL: (&str, &str) = ("setting.rollStatus", "not_on_roll");

/// Something that somebody might do.
fn deed(writer: &Writer, chance: &mut Chance) -> Edit {
    let question = chance.of(plan::bank().questions());
    let id = question.id.clone();
    let target = Uuid::from_u128(chance.index(3) as u128 + 1).to_string();
    let row = |cells: &plan::Cells, chance: &mut Chance| {
        let random = chance.index(3) as u8;
        plan::row_key(&id, cells, writer, &mut || [random; 16]).unwrap_or_default()
    };
    match chance.index(14) {
        0 => Edit::Excuse { question: id, excuse: Some((plan::NoAnswer::NotKnown, "Not told.".into())) },
        1 => Edit::Carry { question: id, text: Some("As last term.".into()), ask: true },
        2 => Edit::Confirm { question: id },
        3 => Edit::Comment {
            key: Uuid::from_u128(chance.index(1 << 30) as u128).to_string(),
            question: id,
            text: "Why?".into(),
        },
        4 => Edit::Clear { question: id },
        5 => {
            let columns = &plan::bank().question("targets.list").expect("targets").columns;
            Edit::PutTarget { key: target, fields: cells(columns, "targets.list", chance) }
        }
        6 => {
            let own = *chance.of(&["childWords", "homeSupport"]);
            Edit::PutTarget { key: target, fields: [(own.to_owned(), Some(plan::Value::Text("Mine.".into())))].into() }
        }
        7 => Edit::WithdrawTarget { key: target },
        8 => {
            let columns = &plan::bank().question("targets.list").expect("targets").columns;
            let tables: Vec<&plan::Column> = columns.iter().filter(|column| column.kind == plan::Kind::Table).collect();
            let table = *chance.of(&tables);
            let cells = cells(&table.columns, &format!("targets.list/{target}/{}", table.id), chance);
            let key = Uuid::from_u128(chance.index(3) as u128 + 9).to_string();
            Edit::PutRow { question: format!("targets.list/{target}/{}", table.id), key, cells }
        }
        9 => Edit::Append { question: id, text: "And more.".into() },
        10 => Edit::ReviewTarget {
            key: target,
            cells: [("result".to_owned(), Some(plan::Value::Choice("partly".into())))].into(),
        },
        _ => match question.kind {
            plan::Kind::Table | plan::Kind::TargetList => {
                let cells = cells(&question.columns, &id, chance);
                let key = row(&cells, chance);
                match chance.index(5) {
                    0 => Edit::WithdrawRow { question: id, key },
                    _ => Edit::PutRow { question: id, key, cells },
                }
            }
            plan::Kind::MultiChoice => {
                let option = chance.of(&question.options).value.clone();
                Edit::Choose { question: id, value: plan::Value::Set([option].into()) }
            }
            plan::Kind::Text | plan::Kind::LongText => {
                let text = format!("{} words.", chance.index(1_000));
                match chance.index(3) {
                    0 => Edit::Append { question: id, text },
                    1 => Edit::Splice { question: id, at: 0, delete: 0, insert: text, seen: Vec::new() },
                    _ => Edit::Rewrite { question: id, text },
                }
            }
            _ => match answer(&id, chance) {
                Some(value) => Edit::Choose { question: id, value },
                None => Edit::Clear { question: id },
            },
        },
    }
}

/// The question that an edit answers in words, a choice or a row, if it does.
fn answered(edit: &Edit) -> Option<&str> {
    match edit {
        Edit::Choose { question, .. }
        | Edit::Append { question, .. }
        | Edit::Splice { question, .. }
        | Edit::Rewrite { question, .. }
        | Edit::PutRow { question, .. } => plan::bank().question(question).map(|question| question.id.as_str()),
        _ => None,
    }
}

/// Everybody round Idris, and two more: a colleague to whom his teacher delegates, and the social worker before Odile.
impl House {
    fn with_colleagues(process: &str) -> House {
        let mut house = House::of(process);
        let sunniva = house.joins(9, "Sunniva Dray", Role::DesignatedTeacher);
        let petra = house.joins_teams(10, "Petra Lanternby", Role::SocialWorker, &[]);
        let (idris, hers) = (IDRIS.into_bytes(), petra.me.person);
        house.people.extend([sunniva, petra]);
        let relay = &mut house.relay;
        let begins = relay.administer(|d| d.add_member(&idris, &hers, "social-worker", "2025-09-01", NOW));
        begins.expect("her first day");
        relay.administer(|d| d.end_member(&idris, &hers, "2026-02-01", None, NOW)).expect("her last day");
        house.start();
        house
    }
}

#[test]
fn genuine_work_of_all_roles_at_once_is_never_refused_for_want_of_a_right() {
    const SEEDS: u64 = 40;
    const DEEDS: usize = 300;
    let mut houses: Vec<House> = PROCESSES.iter().map(|(id, _)| House::with_colleagues(id)).collect();
    let (mut written, mut by_person, mut taken_over) = (0, BTreeMap::<String, usize>::new(), 0);
    for seed in 0..SEEDS {
        let mut chance = Chance(seed);
        let nth = seed as usize % houses.len();
        let house = &mut houses[nth];
        let pep = house.pep.clone();
        // In every other round he is on no school's roll, and others answer for the school's pages.
        let on_roll = (seed / PROCESSES.len() as u64).is_multiple_of(2);
        let kind = if on_roll && chance.index(3) == 0 { *chance.of(DocumentKind::ALL) } else { DocumentKind::Main };
        let doc = pep.document(kind).into_bytes();
        // At the door of whoever reads the log: by the relay's record, and by the roster it signed.
        let teams =
            [house.relay.directory().record(&doc, 0), house.person(Role::VirtualSchoolHead).client.authority(&doc)];
        let mut people: Vec<(&Person, Writer, Automerge)> = Vec::new();
        for person in &house.people {
            let actor = begun(person.seed, &person.me.person, &doc);
            let document = plan::from_genesis(&pep, kind, ActorId::from(actor));
            people.push((person, Writer::new(Uuid::from_bytes(person.me.person), person.role), document));
        }
        let mut indexes = teams.each_ref().map(|_| Index::new(&pep.genesis(kind)).expect("the genesis"));
        for n in 0..DEEDS {
            let begins = n == 0 && !on_roll;
            let who = match begins {
                // His social worker, or where the process leaves it to the school, his teacher.
                true => usize::from(
                    !pep.process()
                        .writers_on_roll(plan::bank().question(ROLL.0).expect("a question"))
                        .contains(&Role::SocialWorker),
                ),
                false => chance.index(people.len()),
            };
            if chance.index(12) == 0 {
                // Somebody hears of everything.
                let all: Vec<Change> = people.iter_mut().flat_map(|(_, _, d)| d.get_changes(&[])).collect();
                people[who].2.apply_changes(all).expect("genuine changes");
            }
            let (person, writer, document) = &mut people[who];
            let edit = match begins {
                true => Edit::Choose { question: ROLL.0.into(), value: plan::Value::Choice(ROLL.1.into()) },
                false => deed(writer, &mut chance),
            };
            let said = plan::apply(document, &pep, kind, writer, std::slice::from_ref(&edit), NOW + n as i64);
            let Ok(plan::Applied { change: Some(_), .. }) = said else {
                assert!(!begins, "{said:?}");
                continue;
            };
            let change = document.get_last_local_change().expect("what was just written");
            let envelope = seal(person.seed, writer.person.as_bytes(), doc, change.clone());
            *by_person.entry(person.me.name.clone()).or_default() += 1;
            written += 1;
            let process = pep.process();
            let others = answered(&edit).and_then(|id| plan::bank().question(id));
            taken_over += usize::from(others.is_some_and(|q| !process.writers_on_roll(q).contains(&writer.role)));
            for (index, team) in indexes.iter_mut().zip(&teams) {
                let admitted = index.admit(&envelope, team);
                let name = &person.me.name;
                assert!(admitted.is_ok(), "seed {seed}, deed {n}, {name}: {}", admitted.expect_err("refused"));
            }
            if begins {
                people.iter_mut().for_each(|(_, _, d)| d.apply_changes([change.clone()]).expect("a genuine change"));
            }
        }
    }
    harness::tell(&format!("rights: {written} genuine changes admitted, {taken_over} for a school, {by_person:?}"));
    assert!(written > 1_000 && by_person.len() == PEOPLE.len() + 2 && by_person.values().all(|count| *count > 20));
    assert!(taken_over > 20, "{taken_over}");
}
