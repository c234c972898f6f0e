//! Who reads the parts of a plan that not everybody does: the child chooses, the relay keeps to it, and curiosity learns nothing.

use gate::{Envelope, Id};
use plan::DocumentKind::{Contact, Family, Main, PrivateVoice, Quality};
use sync::{
    Frame,
    frame::{Chosen, Cursor, Doing, Presence, code},
};

use crate::world::*;

const PAIR: [&str; 2] = ["social-worker", "young-person"];

fn chooses(doc: Id, number: u64, roles: &[&str]) -> Frame {
    Frame::Readers { doc, number, roles: roles.iter().map(|role| (*role).to_string()).collect() }
}

fn kinds(frames: &[Frame]) -> Option<Vec<(String, Option<Chosen>)>> {
    let of = |frame: &Frame| match frame {
        Frame::Documents { list } => Some(list.iter().map(|l| (l.kind.clone(), l.readers.clone())).collect()),
        _ => None,
    };
    frames.iter().rev().find_map(of)
}

fn lists(frames: &[Frame], kind: &str) -> bool {
    kinds(frames).unwrap_or_default().iter().any(|(listed, _)| listed == kind)
}

fn refused(frames: &[Frame]) -> bool {
    frames.iter().any(|frame| matches!(frame, Frame::Error { code, .. } if code == code::REFUSED))
}

/// The team round Idris, each on a line, and his spring plan.
struct Team {
    relay: Relay,
    devices: Vec<Device>,
    lines: Vec<Line>,
    private: Id,
    pep: plan::Pep,
}

const IDRIS: usize = 0;
const ODILE: usize = 1;
const OTTOLINE: usize = 2;
const CARYS: usize = 3;
const QUENTIN: usize = 4;

impl Team {
    fn new() -> Team {
        let mut relay = Relay::new();
        let people = [
            ("Idris Fennimoor", "young-person"),
            ("Odile Marrowfield", "social-worker"),
            ("Ottoline Greaves-Penn", "designated-teacher"),
            ("Carys Wexcombe", "carer"),
            ("Quentin Saltmarsh", "independent-reviewing-officer"),
        ];
        let idris = relay.idris;
        let joins = |(n, (name, role)): (usize, &(&str, &str))| relay.joins(n as u8 + 1, name, role, &[idris]);
        let devices: Vec<Device> = people.iter().enumerate().map(joins).collect();
        let pep = pep(idris);
        let mut lines: Vec<Line> = devices.iter().map(|device| relay.connects(device)).collect();
        relay.asks(&mut lines[ODILE], &Frame::Start { start: start(&pep) });
        let private = document(&pep, PrivateVoice);
        let mut team = Team { relay, devices, lines, private, pep };
        team.heard();
        team
    }

    fn asks(&mut self, who: usize, frame: &Frame) -> Vec<Frame> {
        self.relay.asks(&mut self.lines[who], frame)
    }

    /// What has come to everybody.
    fn heard(&mut self) -> Vec<Vec<Frame>> {
        self.lines.iter_mut().map(Line::heard).collect()
    }
}

#[test]
fn the_child_chooses_who_reads_the_private_words_and_it_holds_at_once() {
    let mut team = Team::new();
    let doc = team.private;
    for who in [IDRIS, ODILE, OTTOLINE] {
        assert!(!team.asks(who, &open(doc, None)).contains(&Frame::Gone { doc }));
    }
    assert_eq!(team.asks(CARYS, &open(doc, None)), [Frame::Gone { doc }]);
    // Only Odile.
    let answer = team.asks(IDRIS, &chooses(doc, 0, &["social-worker"]));
    assert!(answer.contains(&chooses(doc, 1, &PAIR)), "{answer:?}");
    let heard = team.heard();
    assert!(heard[OTTOLINE].contains(&Frame::Gone { doc }) && !lists(&heard[OTTOLINE], "private-voice"));
    assert!(lists(&heard[ODILE], "private-voice") && !heard[ODILE].contains(&Frame::Gone { doc }));
    assert!(!lists(&heard[CARYS], "private-voice"), "whoever does not read it is told nothing of it");
    for frame in [open(doc, None), push(doc, &[]), chooses(doc, 1, &["designated-teacher"])] {
        assert_eq!(team.asks(OTTOLINE, &frame), [Frame::Gone { doc }]);
    }
    // The choice is told to whoever reads it.
    let told = kinds(&heard[ODILE]).unwrap().into_iter().find(|(kind, _)| kind == "private-voice").unwrap().1.unwrap();
    assert_eq!((told.number, told.roles), (1, PAIR.map(str::to_owned).to_vec()));
    // Odile would have Carys and Quentin see it, too. It was his to choose.
    let wider = ["social-worker", "carer", "independent-reviewing-officer"];
    let answer = team.asks(ODILE, &chooses(doc, 1, &wider));
    assert!(answer.contains(&chooses(doc, 1, &PAIR)), "{answer:?}");
    assert!(!lists(&team.heard()[CARYS], "private-voice"));
    // He wants it himself.
    let answer = team.asks(IDRIS, &chooses(doc, 1, &wider));
    assert!(answer.iter().any(|frame| matches!(frame, Frame::Readers { number: 2, .. })), "{answer:?}");
    let heard = team.heard();
    assert!(lists(&heard[CARYS], "private-voice") && lists(&heard[QUENTIN], "private-voice"));
    assert!(!team.asks(CARYS, &open(doc, None)).contains(&Frame::Gone { doc }));
    // The audit says who it was; a restart changes nothing.
    let facts = team.relay.inner.replica().facts(b"audit/").expect("facts");
    let said = facts.iter().filter(|(_, entry)| entry.windows(13).any(|w| w == b"chose readers")).count();
    assert_eq!(said, 2);
    let dir = team.relay.dir.clone();
    drop(std::mem::replace(&mut team.relay.inner, open_relay(&dir.with_extension("other"), NOW)));
    team.relay.inner = open_relay(&dir, NOW);
    let devices = std::mem::take(&mut team.devices);
    team.lines = devices.iter().map(|device| team.relay.connects(device)).collect();
    assert_eq!(team.asks(OTTOLINE, &open(doc, None)), [Frame::Gone { doc }]);
    assert!(!team.asks(CARYS, &open(doc, None)).contains(&Frame::Gone { doc }));
}

#[test]
fn of_two_who_chose_apart_neither_is_overruled() {
    let mut team = Team::new();
    let doc = team.private;
    team.asks(IDRIS, &chooses(doc, 0, &["social-worker", "designated-teacher"]));
    // Ottoline wrote down on Monday, without a connection, what he told her then.
    let answer = team.asks(OTTOLINE, &chooses(doc, 0, &["designated-teacher", "carer"]));
    assert!(answer.contains(&chooses(doc, 2, &["designated-teacher", "young-person"])), "{answer:?}");
    assert!(!lists(&team.heard()[CARYS], "private-voice"), "she did not know that he had taken it back");
    // What he chose and she narrowed nobody but he opens wider again, also who knows what stands.
    let answer = team.asks(OTTOLINE, &chooses(doc, 2, &["designated-teacher", "social-worker"]));
    assert!(answer.contains(&chooses(doc, 2, &["designated-teacher", "young-person"])), "{answer:?}");
    // Nobody is in both: nothing changes, and the second hears of it.
    let answer = team.asks(IDRIS, &chooses(doc, 0, &["social-worker"]));
    assert!(refused(&answer));
    assert_eq!(team.relay.inner.directory().chosen(&doc).unwrap().number, 2);
    // Said twice it is one choice, as after an answer that was lost.
    let once = team.asks(IDRIS, &chooses(doc, 2, &["social-worker"]));
    let again = team.asks(IDRIS, &chooses(doc, 2, &["social-worker"]));
    assert!(once.contains(&chooses(doc, 3, &PAIR)) && again.contains(&chooses(doc, 3, &PAIR)));
}

#[test]
fn what_somebody_recorded_for_the_child_is_theirs_once_the_child_has_said_so_too() {
    let mut team = Team::new();
    let doc = team.private;
    // Nothing is known of a choice of his: who sits with him records it, and another may change it.
    team.asks(ODILE, &chooses(doc, 0, &["social-worker", "carer"]));
    let answer = team.asks(ODILE, &chooses(doc, 1, &["social-worker", "designated-teacher"]));
    assert!(answer.iter().any(|frame| matches!(frame, Frame::Readers { number: 2, .. })), "{answer:?}");
    // He confirms what stands, and from then on it is his.
    team.asks(IDRIS, &chooses(doc, 2, &["social-worker", "designated-teacher"]));
    assert_eq!(team.relay.inner.directory().chosen(&doc).unwrap().by.as_deref(), Some("young-person"));
    let answer = team.asks(ODILE, &chooses(doc, 3, &["social-worker", "designated-teacher", "carer"]));
    assert!(answer.iter().any(|frame| matches!(frame, Frame::Readers { number: 3, .. })), "{answer:?}");
    assert!(!lists(&team.heard()[CARYS], "private-voice"));
}

#[test]
fn what_is_no_choice_is_refused_in_words_and_changes_nothing() {
    let mut team = Team::new();
    let doc = team.private;
    for roles in [&[][..], &["young-person"], &["professional", "social-worker"], &["headteacher"]] {
        assert!(refused(&team.asks(IDRIS, &chooses(doc, 0, roles))), "{roles:?}");
    }
    // Of other documents nobody chooses; of those one does not read there is nothing to be said.
    assert!(refused(&team.asks(IDRIS, &chooses(document(&team.pep, Main), 0, &["social-worker"]))));
    let many = vec!["carer"; 17];
    let answer = team.asks(IDRIS, &chooses(doc, 0, &many));
    assert!(answer.iter().any(|frame| matches!(frame, Frame::Error { code, .. } if code == code::FRAME)), "{answer:?}");
    assert!(team.relay.inner.directory().chosen(&doc).is_none());
}

#[test]
fn the_curious_carer_gets_the_same_answer_for_an_annex_as_for_what_does_not_exist() {
    let mut team = Team::new();
    team.asks(CARYS, &open(document(&team.pep, Main), None));
    let (family, private, quality) =
        (document(&team.pep, Family), document(&team.pep, PrivateVoice), document(&team.pep, Quality));
    // Ids follow from the plan's own, which she knows: a changed program guesses them at once. The last is of nothing.
    let chain: Vec<Envelope> = team.devices[CARYS].writes(&team.pep, Main, &["Hers."]);
    for doc in [family, private, quality, [7; 16]] {
        let moved = |envelope: &Envelope| Envelope { doc, ..envelope.clone() };
        let moved: Vec<Envelope> = chain.iter().map(moved).collect();
        let epoch = team.relay.inner.epoch();
        let cursors = [None, Some(Cursor::new(epoch, 0)), Some(Cursor::new(epoch, 1)), Some(Cursor::new([1; 16], 9))];
        for frame in cursors.map(|cursor| open(doc, cursor)) {
            assert_eq!(team.asks(CARYS, &frame), [Frame::Gone { doc }]);
        }
        for frame in [push(doc, &moved), push(doc, &[]), chooses(doc, 0, &["carer"]), chooses(doc, 9, &["nobody"])] {
            assert_eq!(team.asks(CARYS, &frame), [Frame::Gone { doc }]);
        }
        let here = Presence {
            doc,
            person: team.devices[CARYS].person,
            device: team.devices[CARYS].id,
            field: Some("voice.keepPrivate".into()),
            caret: None,
            heads: None,
            state: Doing::Here,
        };
        for frame in [Frame::Presence(here), Frame::Close { doc }] {
            assert_eq!(team.asks(CARYS, &frame), []);
        }
    }
    // Nothing was kept of what she pushed, and nobody else heard of it.
    assert!(team.relay.inner.replica().held(&family).expect("a document").is_empty());
    assert!(team.heard().iter().all(Vec::is_empty));
    // Starting the plan herself gives her nothing that she may not have.
    let answer = team.asks(CARYS, &Frame::Start { start: start(&team.pep) });
    let listed: Vec<String> = kinds(&answer).unwrap().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(listed, [Main.slug(), Contact.slug()]);
}

#[test]
fn where_somebody_is_in_an_annex_is_told_to_nobody_who_has_only_the_plan() {
    let mut team = Team::new();
    let main = document(&team.pep, Main);
    for who in [IDRIS, CARYS] {
        team.asks(who, &open(main, None));
    }
    team.heard();
    // A changed program says it in the plan itself.
    for (field, told) in [
        ("care.story", Some("care.story")),
        ("voice.keepPrivate", None),
        ("people.parentalResponsibility/meredith/person", None),
        ("of.a.newer.bank", None),
    ] {
        let field = Some(field.to_string());
        let (person, device) = ([0; 16], [0; 16]);
        let here = Presence { doc: main, person, device, field, caret: None, heads: None, state: Doing::Editing };
        team.asks(IDRIS, &Frame::Presence(here));
        let heard = team.heard();
        let fields: Vec<Option<&str>> = heard[CARYS]
            .iter()
            .map(|frame| if let Frame::Presence(p) = frame { p.field.as_deref() } else { panic!("{frame:?}") })
            .collect();
        assert_eq!(fields, [told]);
    }
}
