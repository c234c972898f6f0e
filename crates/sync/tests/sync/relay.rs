//! The relay's half of a connection, where its reader is slow.

use gate::{Envelope, Id};
use sync::{
    Frame,
    frame::SNAPSHOT_PART_BYTES,
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
    let mut session = Session::new(DEVICE, [2; 16]);
    session.receive(Frame::Hello(sync::frame::Hello {
        version: 1,
        program: "story".into(),
        device_id: DEVICE,
        last_roster: 0,
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
