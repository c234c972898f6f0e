//! What a device makes of what only a newer relay says, and of one that was put back: the relay's side of the line is played by hand.

use sync::{
    Cursor, Features, Frame, Mark,
    frame::{Hello, Listed, Welcome},
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
        let features = Features::ours();
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

    fn in_step(&self) -> bool {
        self.device.with(|device| device.in_step().unwrap())
    }

    /// Where each document is opened from.
    fn opened(&self) -> Vec<(Id, Option<Cursor>)> {
        let open = |frame| if let Frame::Open { doc, cursor } = frame { Some((doc, cursor)) } else { None };
        self.said().into_iter().filter_map(open).collect()
    }
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
    assert!(words.contains(&"document attachments") && words.contains(&"process harrowmere 1"), "{words:?}");
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
