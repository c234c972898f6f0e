//! The relay's half of a connection, where its reader is slow.

use gate::{Envelope, Id};
use sync::{
    Frame,
    feature::Features,
    frame::{SNAPSHOT_PART_BYTES, WireTip, code},
    relay::{Lend, Session, Snapshot},
};

const DEVICE: Id = [1; 16];

/// A relay with a snapshot of three parts for every document, and how many it was asked for.
#[derive(Default)]
struct Shelf {
    lent: usize,
}

impl Lend for Shelf {
    fn log(&mut self, _: &Id, _: u64, _: usize) -> Vec<Envelope> {
        Vec::new()
    }

    fn snapshot(&mut self, _: &Id) -> Option<Snapshot> {
        self.lent += 1;
        let bytes = vec![7; 2 * SNAPSHOT_PART_BYTES + 1];
        Some(Snapshot { seq: 9, heads: vec![[3; 32]], bytes, tips: Vec::new() })
    }
}

fn welcomed() -> Session {
    knowing(Features::ours())
}

/// The connection of a program that knows of these features.
fn knowing(features: Features) -> Session {
    let mut session = Session::new(DEVICE, [2; 16]);
    session.receive(Frame::Hello(sync::frame::Hello {
        version: 1,
        program: "story".into(),
        device_id: DEVICE,
        features,
        ..Default::default()
    }));
    session
}

fn parts(session: &mut Session, shelf: &mut Shelf) -> Vec<(Id, u32)> {
    let part = |frame| if let Frame::Snapshot { doc, part, .. } = frame { Some((doc, part)) } else { None };
    std::iter::from_fn(|| session.next(shelf)).filter_map(part).collect()
}

#[test]
fn a_reader_that_opens_much_and_reads_nothing_costs_no_snapshot() {
    let (mut session, mut shelf) = (welcomed(), Shelf::default());
    for n in 0..200 {
        session.opened([n; 16], None);
        session.opened([n; 16], None);
    }
    assert_eq!(shelf.lent, 0);
    assert!(matches!(session.next(&mut shelf), Some(Frame::Snapshot { part: 0, .. })));
    assert_eq!(shelf.lent, 1, "one at a time, when there is room for it");
    assert_eq!(parts(&mut session, &mut shelf).len(), 3 * 200 - 1);
    assert_eq!(shelf.lent, 200);
}

#[test]
fn a_document_that_is_closed_or_lost_half_way_is_sent_no_further() {
    for lost in [false, true] {
        let (mut session, mut shelf) = (welcomed(), Shelf::default());
        session.opened([1; 16], None);
        session.opened([2; 16], None);
        let Some(Frame::Snapshot { doc: first, .. }) = session.next(&mut shelf) else { panic!("a first part") };
        if lost {
            session.gone(first);
        } else {
            session.receive(Frame::Close { doc: first });
        }
        let rest = parts(&mut session, &mut shelf);
        assert_eq!(rest.len(), 3, "{rest:?}");
        assert!(rest.iter().all(|(doc, _)| *doc != first));
    }
}

#[test]
fn a_document_that_is_opened_again_half_way_is_sent_from_the_start() {
    let (mut session, mut shelf) = (welcomed(), Shelf::default());
    session.opened([1; 16], None);
    assert!(matches!(session.next(&mut shelf), Some(Frame::Snapshot { part: 0, .. })));
    session.opened([1; 16], None);
    assert_eq!(parts(&mut session, &mut shelf), [([1; 16], 0), ([1; 16], 1), ([1; 16], 2)]);
}

/// A log of three envelopes, the second of which names its incarnation; and a snapshot of all of them.
struct Mixed;

impl Mixed {
    fn envelope(seq: u64) -> Envelope {
        let incarnation = (seq == 2).then_some([6; 16]);
        Envelope {
            doc: [1; 16],
            actor: [4; 16],
            incarnation,
            seq,
            hash: [5; 32],
            device: DEVICE,
            sig: [7; 64],
            chunks: Vec::new(),
        }
    }
}

impl Lend for Mixed {
    fn log(&mut self, _: &Id, after: u64, _: usize) -> Vec<Envelope> {
        (after + 1..=3).map(Mixed::envelope).collect()
    }

    fn snapshot(&mut self, _: &Id) -> Option<Snapshot> {
        let tips = (1..=3).map(|seq| WireTip::from(&Mixed::envelope(seq))).collect();
        Some(Snapshot { seq: 3, heads: vec![[5; 32]], bytes: vec![7], tips })
    }
}

#[test]
fn a_program_that_knows_no_incarnations_is_sent_what_it_can_read_and_told_to_be_updated() {
    let told = |frame: Option<Frame>| match frame {
        Some(Frame::Error { code, doc, detail, .. }) => {
            assert!(detail.contains("Update pep"), "{detail}");
            assert_eq!((code.as_str(), doc.map(|doc| doc.into_array())), (code::NEWER, Some([1; 16])));
        }
        other => panic!("{other:?}"),
    };
    let mut old = knowing(Features::of(&["something-else"]));
    old.opened([1; 16], Some(0));
    assert!(matches!(old.next(&mut Mixed), Some(Frame::Log { from: 1, envelopes, .. }) if envelopes.len() == 1));
    told(old.next(&mut Mixed));
    assert_eq!((old.next(&mut Mixed), old.is_closing()), (None, false), "once, and the line goes on");
    old.grown(&[1; 16]);
    assert_eq!(old.next(&mut Mixed), None);
    // What it wrote itself is received all the same.
    old.receipt([1; 16], [5; 32], [9; 16], 4);
    assert!(matches!(old.next(&mut Mixed), Some(Frame::Receipt { .. })));

    let mut cold = knowing(Features::default());
    cold.opened([1; 16], None);
    told(cold.next(&mut Mixed));
    assert_eq!(cold.next(&mut Mixed), None);

    let mut new = welcomed();
    new.opened([1; 16], Some(0));
    assert!(matches!(new.next(&mut Mixed), Some(Frame::Log { from: 1, envelopes, .. }) if envelopes.len() == 3));
    new.opened([1; 16], None);
    assert!(matches!(new.next(&mut Mixed), Some(Frame::Snapshot { tips, .. }) if tips[1].incarnation.is_some()));
}
