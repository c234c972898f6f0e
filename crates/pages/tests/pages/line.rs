//! What a device makes of what only a newer relay says, and of one that was put back: the relay's side of the line is played by hand.

use sync::{
    Cursor, Features, Frame, Mark,
    directory::{ChildSheet, Correction, Delegation, Entry, Joined, OfPerson, OnTeam, PersonSheet, Said, Sheet},
    feature::{ENTRIES, ENVELOPE_2, MARKS},
    frame::{Hello, Listed, Welcome},
    packed::pack,
    roster::{Child, Member, Person},
};

use crate::{here::OnLine, prelude::*};
use participant::device::{Made, Newer, start_of};

const EPOCH: Id = [3; 16];

impl OnLine {
    /// The line ends, and stands again: the first frame.
    fn again(&self) -> Hello {
        self.device.with(|device| {
            device.disconnect(None);
            device.connect();
        });
        match self.said().first() {
            Some(Frame::Hello(hello)) => hello.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn welcomed(&self, mark: Option<Mark>) {
        let features = Features::of(&[MARKS, ENVELOPE_2]);
        self.hears(&Frame::Welcome(Welcome { epoch: EPOCH, relay_id: [1; 16], mark, features, ..Welcome::default() }));
    }

    /// Documents of the plan, how far the relay's log of each is.
    fn lists(&self, of: &[(DocumentKind, u64)]) -> Vec<Listed> {
        let one = |(kind, seq): &(DocumentKind, u64)| Listed {
            doc: *self.pep.document(*kind).as_bytes(),
            pep: *self.pep.id().as_bytes(),
            kind: kind.to_string(),
            seq: *seq,
            start: start_of(&self.pep),
            readers: None,
        };
        of.iter().map(one).collect()
    }

    /// The relay has the same PEP under another process.
    pub fn lists_under(&self, process: &str, seq: u64) -> Pep {
        let process = plan::Processes::built_in().latest(process).unwrap();
        let standing = Pep { process, ..self.pep.clone() };
        let one = |kind: DocumentKind| Listed {
            doc: *standing.document(kind).as_bytes(),
            pep: *standing.id().as_bytes(),
            kind: kind.to_string(),
            seq,
            start: start_of(&standing),
            readers: None,
        };
        self.hears(&Frame::Documents { list: teachers(self).map(one).collect() });
        standing
    }

    /// Its directory says that the plan was taken for another type, and is withdrawn; that the child was entered twice, and that there is
    /// another.
    pub fn puts_right(&self) {
        let entries = Entries { line: self, epoch: EPOCH };
        self.again();
        entries.welcomed(false);
        let said =
            |on: &str, why: &str| Said { by: Some(OTTOLINE.into()), on: on.to_owned(), why: Some(why.to_owned()) };
        let correction = Correction {
            kind: Some("initial".to_owned()),
            amended: Some(said("2026-02-20", "Her first PEP.")),
            withdrawn: Some(said("2026-02-23", "Begun by mistake.")),
            ..Correction::of(*self.pep.id().as_bytes())
        };
        let own = entries.sheet(self.device.role, &[(OTTOLINE, Role::SocialWorker)], Vec::new());
        let Sheet::Child(own) = own else { panic!("a child's sheet") };
        let another = |id: u8, name: &str, joined: Option<Joined>| {
            let child = Child { id: [id; 16], name: name.to_owned(), ..own.child.clone() };
            Sheet::Child(ChildSheet { child, joined, ..own.clone() })
        };
        let joined = Joined { into: own.child.id, said: said("2026-02-23", "One UPN.") };
        let sheets = [
            Sheet::Child(ChildSheet { corrections: vec![correction], ..own.clone() }),
            another(0x41, "Idris Fenimoor", Some(joined)),
            another(0x42, "Wren Tapplestone", None),
            entries.person(self.device.person, "Own Name", self.device.role),
            entries.person(OTTOLINE, "Ottoline Greaves-Penn", Role::SocialWorker),
        ];
        let sheets: Vec<Entry> = sheets.iter().map(|sheet| entries.signed(1, 1, sheet)).collect();
        entries.hears(3, &sheets);
    }

    /// And sends all of it.
    pub fn sends(&self, standing: &Pep) {
        for kind in teachers(self) {
            let (doc, bytes) = (*standing.document(kind).as_bytes(), standing.genesis(kind).into());
            self.hears(&Frame::Snapshot { doc, seq: 0, heads: Vec::new(), part: 0, parts: 1, bytes, tips: Vec::new() });
        }
    }

    fn in_step(&self) -> bool {
        self.device.with(|device| device.in_step().unwrap())
    }

    /// Where each document is opened from.
    fn opened(&self) -> Vec<(Id, Option<Cursor>)> {
        let open = |frame| if let Frame::Open { doc, cursor } = frame { Some((doc, cursor)) } else { None };
        self.said().into_iter().filter_map(open).collect()
    }
}

/// Kinds of documents that the device's person reads.
fn teachers(line: &OnLine) -> impl Iterator<Item = DocumentKind> + use<> {
    let role = line.device.role;
    DocumentKind::ALL.iter().copied().filter(move |kind| kind.readers().contains(&role))
}

fn teacher() -> (OnLine, Vec<(DocumentKind, u64)>) {
    let line = OnLine::of(Role::DesignatedTeacher);
    let kinds = DocumentKind::ALL.iter().filter(|kind| kind.readers().contains(&Role::DesignatedTeacher));
    let list = kinds.map(|kind| (*kind, 0)).collect();
    (line, list)
}

#[test]
fn a_document_that_only_a_newer_version_knows_is_kept_and_said_and_nobody_is_in_step_for_it() {
    let (line, kinds) = teacher();
    assert!(line.in_step());
    assert!(!line.device.page("/").contains("newer version"));
    let known = line.lists(&kinds);
    let mut later = known.clone();
    let [main, ..] = known.as_slice() else { panic!("no document") };
    // A kind of document, a process, a type of PEP and a term that are not known here.
    let start = |change: &dyn Fn(&mut sync::frame::Start)| {
        let mut start = main.start.clone();
        change(&mut start);
        start
    };
    let odd = [
        ("attachments", main.start.clone()),
        ("main", start(&|start| start.process = "harrowmere".into())),
        ("main", start(&|start| start.process_version += 70)),
        ("main", start(&|start| start.kind = "transition".into())),
        ("main", start(&|start| start.term = "2031/32-fourth".into())),
    ];
    for (at, (kind, start)) in (0x70..).zip(odd) {
        later.push(Listed { doc: [at; 16], kind: kind.into(), start, ..main.clone() });
    }
    line.hears(&Frame::Documents { list: later.clone() });
    assert!(!line.in_step());
    let newer = line.device.with(|device| device.newer());
    assert_eq!(newer.iter().map(|one| (one.what, one.count)).collect::<Vec<_>>(), [(Made::Documents, 1); 5]);
    let words: Vec<&str> = newer.iter().map(|one| one.word.as_str()).collect();
    assert!(words.contains(&"document attachments") && words.contains(&"process harrowmere 3"), "{words:?}");
    let html = line.device.page("/");
    assert!(html.contains("Made by a newer version of pep, and not shown here: 1 document (PEP transition)"), "{html}");
    assert!(line.opened().is_empty(), "what it does not know it does not open");
    // It stands on the disk, whole: the program that knows it finds it.
    let kept = line.device.with(|device| device.replica().facts(b"newer/document/").unwrap());
    let read: Vec<Listed> = kept.iter().map(|(_, value)| sync::cbor::from_cbor(value).unwrap()).collect();
    assert_eq!(read, later[known.len()..]);
    // Another list takes its place; where there is nothing newer any more, both are in step.
    line.hears(&Frame::Documents { list: later[..=known.len()].to_vec() });
    assert_eq!(line.device.with(|device| device.newer()).len(), 1);
    line.hears(&Frame::Documents { list: known });
    assert!(line.device.with(|device| device.replica().facts(b"newer/").unwrap()).is_empty());
    assert!(line.in_step() && !line.device.page("/").contains("newer version"));
}

#[test]
fn a_message_that_only_a_newer_version_knows_is_counted_by_its_word_and_said() {
    let (line, kinds) = teacher();
    let sends = |word: &str| {
        let bytes = sync::cbor::to_cbor(&BTreeMap::from([("t", word), ("more", "of it")]));
        line.device.with(|device| device.receive(&bytes, 1_771_923_600).unwrap());
    };
    for _ in 0..3 {
        sends("circular");
    }
    sends(&"x".repeat(1_000_000));
    let newer = line.device.with(|device| device.newer());
    let circular = Newer { what: Made::Messages, word: "circular".into(), count: 3 };
    assert!(newer.len() == 2 && newer[0] == circular && newer[1].word.len() == 64, "{newer:?}");
    assert!(!line.in_step() && line.device.page("/").contains("3 messages (circular)"));
    // However many words a relay makes up, so many are remembered.
    (0..1_000).for_each(|n| sends(&format!("word-{n}")));
    assert_eq!(line.device.with(|device| device.newer()).len(), 32);
    // Another connection is judged by what comes on it.
    line.again();
    line.welcomed(None);
    line.hears(&Frame::Documents { list: line.lists(&kinds) });
    line.said();
    assert!(line.in_step());
}

#[test]
fn the_newest_mark_that_the_relay_signed_is_handed_back() {
    let (line, _) = teacher();
    let hello = line.again();
    assert_eq!((hello.features, hello.mark), (Features::ours(), None));
    let mark = |seed: u8, epoch: Id, records: u64| {
        Mark::sign(&Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap(), &[1; 16], epoch, records)
    };
    let (first, second) = (mark(2, EPOCH, 10), mark(2, EPOCH, 12));
    line.welcomed(Some(first.clone()));
    assert_eq!(line.again().mark, Some(first.clone()));
    line.welcomed(Some(first.clone()));
    line.hears(&Frame::Mark(second.clone()));
    // Of another relay, changed on its way, or older.
    for worthless in [mark(9, EPOCH, 99), Mark { records: 99, ..second.clone() }, first] {
        line.hears(&Frame::Mark(worthless));
    }
    assert_eq!(line.again().mark, Some(second));
    // Another life of the log begins to count anew.
    let other = mark(2, [4; 16], 1);
    line.hears(&Frame::Welcome(Welcome {
        epoch: [4; 16],
        relay_id: [1; 16],
        mark: Some(other.clone()),
        ..Welcome::default()
    }));
    assert_eq!(line.again().mark, Some(other.clone()));
    let kept = line.device.with(|device| device.replica().fact(b"mark").unwrap()).unwrap();
    assert_eq!(sync::cbor::from_cbor::<Mark>(&kept), Ok(other));
}

#[test]
fn nobody_is_in_step_with_a_relay_that_lists_less_than_was_read_from_it() {
    let (line, mut kinds) = teacher();
    line.device.write(&line.pep, "meeting.notes", "He reads to the younger ones.");
    line.is_shared();
    assert!(line.in_step());
    let shared = line.device.with(|device| device.waiting().unwrap());
    assert_eq!(shared, 0);
    // Its machine is rolled back: the log is empty again, in the same epoch.
    line.again();
    line.welcomed(None);
    line.hears(&Frame::Documents { list: line.lists(&kinds) });
    assert!(!line.in_step(), "what it had read the relay does not have");
    let said = line.said();
    let doc = *line.pep.document(DocumentKind::Main).as_bytes();
    assert!(said.contains(&Frame::Open { doc, cursor: Some(Cursor::new(EPOCH, 0)) }), "{said:?}");
    assert!(said.iter().any(|frame| matches!(frame, Frame::Push { doc: of, .. } if *of == doc)), "{said:?}");
    // Where it lists what was read, it is read from there on.
    kinds.iter_mut().filter(|(kind, _)| *kind == DocumentKind::Main).for_each(|(_, seq)| *seq = 1);
    let Some(Frame::Push { envelopes, .. }) = said.into_iter().find(|frame| matches!(frame, Frame::Push { .. })) else {
        panic!("nothing was pushed")
    };
    let hash = envelopes.last().map(|one| one.0.hash).unwrap();
    line.hears(&Frame::Receipt { doc, hash, epoch: EPOCH, seq: 1 });
    assert!(line.in_step());
    line.again();
    line.welcomed(None);
    line.hears(&Frame::Documents { list: line.lists(&kinds) });
    let opened = line.opened();
    assert!(opened.contains(&(doc, Some(Cursor::at(EPOCH, 1, hash)))), "{opened:?}");
}

/// The directory as entries, signed by the relay of these tests.
struct Entries<'a> {
    line: &'a OnLine,
    epoch: Id,
}

impl Entries<'_> {
    fn signed(&self, number: u64, at: u64, sheet: &Sheet) -> Entry {
        Entry::sign(&relay_key(), &[1; 16], self.epoch, number, at, sheet)
    }

    fn hears(&self, version: u64, entries: &[Entry]) {
        for (part, bytes) in pack(entries, Entry::weight).into_iter().enumerate() {
            self.line.hears(&Frame::Entries { version, part: part as u32, parts: 1, bytes });
        }
    }

    fn welcomed(&self, unsettled: bool) {
        let (epoch, relay_id, features) = (self.epoch, [1; 16], Features::of(&[ENTRIES, ENVELOPE_2]));
        self.line.hears(&Frame::Welcome(Welcome { epoch, relay_id, features, unsettled, ..Welcome::default() }));
    }

    /// Idris's sheet, on which the device's own person and these stand.
    fn child(&self, others: &[(Id, Role)]) -> Sheet {
        self.sheet(Role::DesignatedTeacher, others, Vec::new())
    }

    /// The same, with its own person in that role, and what is delegated.
    fn sheet(&self, own: Role, others: &[(Id, Role)], delegations: Vec<Delegation>) -> Sheet {
        let id = *self.line.pep.child.as_bytes();
        let child = Child { id, name: "Idris Fennimoor".into(), dob: "2010-11-02".into(), ..Child::default() };
        let own = [(self.line.device.person, own)];
        let team = own.iter().chain(others).map(|(person, role)| OnTeam {
            person: *person,
            role: role.to_string(),
            from: "2020-01-01".into(),
            to: None,
        });
        Sheet::Child(ChildSheet { child, team: team.collect(), delegations, corrections: Vec::new(), joined: None })
    }

    fn person(&self, id: Id, name: &str, role: Role) -> Sheet {
        let person = Person { id, name: name.into(), organisation: None, role: role.to_string() };
        let device =
            OfPerson { key: id.repeat(2).try_into().unwrap(), name: "laptop".into(), revoked: None, locked: None };
        Sheet::Person(PersonSheet { person, contact: Default::default(), devices: vec![device] })
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.line.device.with(|device| device.roster().people().map(|person| person.name.clone()).collect());
        names.sort_by_key(|name| name != "Own Name");
        names
    }

    /// Whether a device of that person may stand behind a change.
    fn is_author(&self, person: Id) -> bool {
        let doc = *self.line.pep.document(DocumentKind::Main).as_bytes();
        self.line.device.with(|device| device.authority(&doc).authors.values().any(|author| author.person == person))
    }
}

const OTTOLINE: Id = [0x21; 16];
const CARYS: Id = [0x22; 16];
const PETRA: Id = [0x23; 16];

#[test]
fn entries_take_the_place_of_a_roster_when_all_have_come_and_then_each_of_the_one_before_it() {
    let line = OnLine::of(Role::DesignatedTeacher);
    let entries = Entries { line: &line, epoch: EPOCH };
    assert_eq!(line.again().directory, None);
    entries.welcomed(false);
    let own = line.device.person;
    let first = [
        entries.signed(1, 1, &entries.child(&[(OTTOLINE, Role::SocialWorker)])),
        entries.signed(1, 1, &entries.person(own, "Own Name", Role::DesignatedTeacher)),
        entries.signed(1, 1, &entries.person(OTTOLINE, "Ottoline as she is now", Role::SocialWorker)),
    ];
    let parts = [pack(&first[..1], Entry::weight), pack(&first[1..], Entry::weight)].concat();
    line.hears(&Frame::Entries { version: 7, part: 0, parts: 2, bytes: parts[0].clone() });
    assert!(entries.names().contains(&"Ottoline Greaves-Penn".to_owned()), "the roster holds until all is here");
    line.hears(&Frame::Entries { version: 7, part: 1, parts: 2, bytes: parts[1].clone() });
    assert_eq!(entries.names(), ["Own Name", "Ottoline as she is now"]);
    assert!(line.device.with(|device| device.replica().fact(b"roster").unwrap()).is_none());
    assert_eq!(line.again().directory.map(|complete| (complete.epoch, complete.version)), Some((EPOCH, 7)));
    entries.welcomed(false);
    // One sheet comes: one is looked at.
    let before = line.device.with(|device| device.work());
    entries.hears(9, &[entries.signed(2, 9, &entries.person(OTTOLINE, "Ottoline Again", Role::SocialWorker))]);
    assert_eq!(entries.names(), ["Own Name", "Ottoline Again"]);
    assert_eq!(line.device.with(|device| device.work()).since(before).entries, 1);
    assert_eq!(line.again().directory.map(|complete| complete.version), Some(9));
}

#[test]
fn r002_14_whoever_a_page_is_delegated_to_answers_it_until_the_last_day_and_everybody_is_told() {
    let line = OnLine::of(Role::Professional);
    let (pep, process) = (line.pep.clone(), line.pep.process());
    let text = |page: &plan::Page| {
        let fits = |question: &&&plan::Question| {
            let always = matches!(question.visible_if, plan::Expr::Always);
            let hers = process.writers_of(question).contains(&Role::DesignatedTeacher);
            question.kind == plan::Kind::LongText && always && !question.voice && !question.reserved && hers
        };
        page.questions.iter().find(fits).map(|question| question.id.clone())
    };
    let theirs =
        process.delegable().find(|page| page.owner == Role::DesignatedTeacher && text(page).is_some()).unwrap();
    let hers = process.pages.iter().filter(|page| page.id != theirs.id).find_map(text).unwrap();
    let mine = text(theirs).unwrap();
    let entries = Entries { line: &line, epoch: EPOCH };
    let delegated = |person: Id, from: &str, to: &str| Delegation {
        pep: *pep.id().as_bytes(),
        person,
        sections: vec![theirs.id.clone(), "of another version".into()],
        from: from.into(),
        to: to.into(),
        joined: None,
    };
    line.again();
    entries.welcomed(false);
    let own = line.device.person;
    let hears = |at: u64, delegations: Vec<Delegation>| {
        let child = entries.sheet(Role::Professional, &[(OTTOLINE, Role::DesignatedTeacher)], delegations);
        let people = [(own, "Fabian Rookhurst"), (OTTOLINE, "Ottoline Greaves-Penn")];
        let people = people.map(|(id, name)| entries.signed(at, at, &entries.person(id, name, Role::Professional)));
        entries.hears(at, &[&[entries.signed(at, at, &child)], people.as_slice()].concat());
    };
    let writes = |question: &str| line.device.page(&section(&pep, question)).contains("Save and stay here");
    hears(1, Vec::new());
    assert!(!writes(&mine) && !writes(&hers));
    hears(2, vec![delegated(own, "2026-01-05", "2026-12-24"), delegated(OTTOLINE, "2099-01-01", "2099-02-01")]);
    assert!(writes(&mine) && !writes(&hers));
    let page = line.device.page(&at(&pep, ""));
    assert!(page.contains("You help the designated teacher with it until 24 December 2026"), "{page}");
    assert!(page.contains("Ottoline Greaves-Penn helps the designated teacher with it from 1 January 2099 until"));
    assert!(page.contains("for you to answer") || page.contains("of them by you"), "{page}");
    line.device.write(&pep, &mine, "He explains his ideas to others.");
    assert_eq!(line.device.text(&pep, &mine), "He explains his ideas to others.");
    assert!(!line.device.edit(&pep, Edit::Rewrite { question: hers, text: "Not mine.".into() }), "apply refuses it");
    // A day later it is over, and what was written stays.
    hears(3, vec![delegated(own, "2026-01-05", "2026-01-06")]);
    assert!(!writes(&mine));
    assert!(line.device.page(&section(&pep, &mine)).contains("He explains his ideas"));
}

#[test]
fn an_entry_that_is_older_of_another_epoch_or_of_another_hand_is_not_taken() {
    let line = OnLine::of(Role::DesignatedTeacher);
    let entries = Entries { line: &line, epoch: EPOCH };
    line.again();
    entries.welcomed(false);
    let own = line.device.person;
    let told =
        |number: u64, name: &str| entries.signed(number, number, &entries.person(OTTOLINE, name, Role::SocialWorker));
    let child = entries.signed(1, 1, &entries.child(&[(OTTOLINE, Role::SocialWorker)]));
    let mine = entries.signed(1, 1, &entries.person(own, "Own Name", Role::DesignatedTeacher));
    entries.hears(5, &[child, mine, told(5, "Fifth")]);
    let newest = |expected: &str| assert_eq!(entries.names(), ["Own Name", expected]);
    newest("Fifth");
    entries.hears(6, &[told(4, "Fourth"), told(5, "Fifth, otherwise")]);
    newest("Fifth");
    // Of another epoch than the relay's present one, changed on its way, of another relay's hand, of another subject.
    let other = Entries { line: &line, epoch: [4; 16] };
    let sheet = entries.person(OTTOLINE, "Forged", Role::SocialWorker);
    let hand = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let moved = Entry { id: CARYS.to_vec().into(), ..told(9, "Moved") };
    for bad in [
        other.signed(9, 9, &sheet),
        Entry { number: 9, ..told(8, "Renumbered") },
        Entry { at: 1, ..told(9, "Redated") },
        Entry::sign(&hand, &[1; 16], EPOCH, 9, 9, &sheet),
        Entry::sign(&relay_key(), &[2; 16], EPOCH, 9, 9, &sheet),
        moved,
    ] {
        entries.hears(50, &[bad]);
        newest("Fifth");
        assert_eq!(line.device.with(|device| device.roster().version()), 6, "nor is the list complete with it");
    }
    entries.hears(7, &[told(7, "Seventh")]);
    newest("Seventh");
    // Bytes that are no list end the connection.
    line.hears(&Frame::Entries { version: 9, part: 0, parts: 1, bytes: vec![1, 2, 3].into() });
    assert!(line.said().iter().any(|frame| matches!(frame, Frame::Error { .. })));
    newest("Seventh");
}

#[test]
fn what_was_signed_before_a_relay_was_put_back_stands_beside_what_it_signs_now_until_it_is_settled() {
    let line = OnLine::of(Role::DesignatedTeacher);
    let before = Entries { line: &line, epoch: EPOCH };
    line.again();
    before.welcomed(false);
    let own = line.device.person;
    let mine = |entries: &Entries<'_>| entries.signed(1, 1, &entries.person(own, "Own Name", Role::DesignatedTeacher));
    let team = [(OTTOLINE, Role::SocialWorker), (PETRA, Role::Carer)];
    let petra = before.signed(30, 90, &before.person(PETRA, "Petra", Role::Carer));
    let ottoline = before.signed(30, 90, &before.person(OTTOLINE, "Ottoline", Role::SocialWorker));
    before.hears(90, &[before.signed(40, 90, &before.child(&team)), mine(&before), petra, ottoline]);
    assert!(before.is_author(PETRA));
    // The relay is put back to before Petra came: its numbers are lower, and count anew.
    let now = Entries { line: &line, epoch: [4; 16] };
    line.again();
    now.welcomed(true);
    let ottoline = now.signed(2, 3, &now.person(OTTOLINE, "Ottoline, earlier", Role::SocialWorker));
    now.hears(4, &[now.signed(3, 4, &now.child(&team[..1])), mine(&now), ottoline.clone()]);
    let holds = |petra: bool| {
        assert_eq!(now.is_author(PETRA), petra);
        assert_eq!(now.names().contains(&"Petra".to_owned()), petra, "{:?}", now.names());
        assert!(now.names().contains(&"Ottoline, earlier".to_owned()), "{:?}", now.names());
        let child = *line.pep.child.as_bytes();
        let on_team = line.device.with(|device| device.roster().team(&child).len());
        assert_eq!(on_team, 2, "who is on the team is what the relay says now");
    };
    holds(true);
    let hello = line.again();
    assert_eq!(hello.directory.map(|complete| (complete.epoch, complete.version)), Some(([4; 16], 4)));
    now.welcomed(true);
    holds(true);
    // Settled: what it signed before counts no more.
    line.again();
    now.welcomed(false);
    holds(false);
    let kept = line.device.with(|device| device.replica().facts(b"sheet/").unwrap());
    assert!(
        kept.len() == 3 && kept.iter().all(|(name, _)| name.starts_with(&[b"sheet/".as_slice(), &[4; 16]].concat()))
    );
}

#[test]
fn a_sheet_that_only_a_newer_version_knows_is_kept_and_said() {
    let line = OnLine::of(Role::DesignatedTeacher);
    let entries = Entries { line: &line, epoch: EPOCH };
    line.again();
    entries.welcomed(false);
    let own = line.device.person;
    let known = [
        entries.signed(1, 1, &entries.child(&[(OTTOLINE, Role::SocialWorker)])),
        entries.signed(1, 1, &entries.person(own, "Own Name", Role::DesignatedTeacher)),
    ];
    entries.hears(2, &known);
    // As a later relay signs one.
    let mut later =
        Entry { kind: "circular".into(), id: vec![7; 5].into(), body: vec![0xf6].into(), ..known[0].clone() };
    let statement = [
        b"openpep/entry/1".as_slice(),
        &[1; 16],
        &[8],
        b"circular",
        &[5],
        &[7; 5],
        &later.number.to_be_bytes(),
        &later.epoch,
        &later.at.to_be_bytes(),
        &later.body,
    ]
    .concat();
    later.sig.copy_from_slice(relay_key().sign(&statement).as_ref());
    entries.hears(3, &[later]);
    let newer = [Newer { what: Made::Entries, word: "circular".into(), count: 1 }];
    assert_eq!(line.device.with(|device| device.newer()), newer);
    line.said();
    assert!(!line.in_step() && line.device.page("/").contains("1 entry (circular)"));
    assert_eq!(line.device.with(|device| device.roster().version()), 3, "it is not asked for again");
}

#[test]
fn a_child_whose_team_was_left_goes_with_its_people_and_comes_back_with_them() {
    let line = OnLine::of(Role::DesignatedTeacher);
    let entries = Entries { line: &line, epoch: EPOCH };
    line.again();
    entries.welcomed(false);
    let (own, child) = (line.device.person, *line.pep.child.as_bytes());
    let sheet = entries.child(&[(OTTOLINE, Role::SocialWorker)]);
    let mine = entries.signed(1, 1, &entries.person(own, "Own Name", Role::DesignatedTeacher));
    let ottoline = entries.signed(1, 1, &entries.person(OTTOLINE, "Ottoline", Role::SocialWorker));
    entries.hears(2, &[entries.signed(1, 1, &sheet), mine, ottoline.clone()]);
    let left = Member {
        child,
        person: own,
        role: Role::DesignatedTeacher.to_string(),
        from: "2020-01-01".into(),
        to: Some("2021-01-01".into()),
    };
    entries.hears(3, &[entries.signed(2, 3, &Sheet::Left(left))]);
    let stands = |names: &[&str], left: bool| {
        assert_eq!(entries.names(), names);
        let (has_left, knows) =
            line.device.with(|device| (device.roster().has_left(&child), device.roster().child(&child).is_some()));
        assert_eq!((has_left, knows), (left, !left));
    };
    stands(&["Own Name"], true);
    // It comes back, and with it the sheets of people that are as old as they were.
    entries.hears(4, &[entries.signed(2, 4, &sheet), ottoline]);
    stands(&["Own Name", "Ottoline"], false);
    let kept = line.device.with(|device| device.replica().facts(b"sheet/").unwrap());
    assert_eq!(kept.len(), 3, "nothing says any more that it was left");
}

#[test]
fn a_copy_under_another_process_gives_way_and_is_kept_to_be_read() {
    let line = OnLine::of(Role::DesignatedTeacher);
    let ours = line.pep.clone();
    line.device.write(&ours, "meeting.notes", "Ring before the meeting.");
    line.device.write(&ours, "progress.goingWell", "He explains his ideas to others.");
    assert!(!line.device.page(&at(&ours, "")).contains("see your copy"));
    assert_eq!(line.device.get(&at(&ours, "/aside")).0, 404);
    let standing = line.lists_under("ten-page", 0);
    assert!(!line.in_step(), "something is to be written again");
    let waits = |device: &mut participant::Device| device.to_take_over().len();
    assert_eq!(line.device.with(waits), 0, "not before the plan that stands is here");
    line.sends(&standing);
    assert_eq!(line.device.with(waits), 1);
    let now = line.device.now();
    // Done twice, as where a power cut came in between, it makes nothing twice.
    for _ in 0..2 {
        line.device.with(|device| participant::take_over::what_waits(device, &now)).unwrap();
    }
    assert_eq!(line.device.with(waits), 0);
    assert_eq!(line.device.text(&standing, "meeting.notes"), "Ring before the meeting.");
    assert_eq!(line.device.text(&standing, "progress.goingWell"), "He explains his ideas to others.");
    let page = line.device.page(&at(&standing, ""));
    assert!(page.contains("see your copy") && page.contains(&standing.process().name), "{page}");
    let copy = line.device.page(&at(&standing, "/aside"));
    assert!(copy.contains("Ring before the meeting.") && copy.contains(&ours.process().name), "{copy}");
    // Documents that only look like it are not believed, and nothing gives way to them.
    let mut forged = line.lists(&teachers(&line).map(|kind| (kind, 0)).collect::<Vec<_>>());
    forged.iter_mut().for_each(|one| one.doc[0] ^= 1);
    line.hears(&Frame::Documents { list: forged });
    assert_eq!(line.device.with(|device| device.put_aside(&ours.id())), Some(ours));
}
