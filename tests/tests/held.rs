//! A branch of which one change is refused, between a real participant and a real relay in one process: the refused words are kept
//! beside the reason, the rest goes on, nobody else notices.

use gate::Id;
use harness::joined::{self, IDRIS, idris, in_memory, open_relay};
use participant::device::Device as Participant;
use plan::{Answer, DocumentKind::Main, Edit, Pep, PepType, Processes, Role};
use replica::Mode;
use sync::Frame;
use sync_server::relay::Relay;

const NOON: i64 = 1_771_934_400;
const NOTES: &str = "meeting.notes";

/// Somebody with a device and a line to the relay, or none.
struct Person {
    core: Participant,
    id: Id,
    device: Id,
    role: Role,
    line: Option<(u64, tokio::sync::mpsc::Receiver<Vec<u8>>)>,
}

struct World {
    relay: Relay,
    pep: Pep,
    next: u64,
    /// The change whose signature is spoiled on its way to the relay, as damage or a changed program would: its place in order.
    spoil: Option<usize>,
    pushed: usize,
}

impl World {
    fn new() -> (World, Person, Person) {
        let replica = in_memory(Mode::Relay, 7).expect("a replica");
        let mut relay = open_relay(replica, 7, NOON).expect("a relay");
        relay.administer(|d| d.add_child(&idris(), None, NOON)).expect("a child");
        let odile = joins(&mut relay, 1, "Odile Marrowfield", Role::SocialWorker);
        let ottoline = joins(&mut relay, 2, "Ottoline Greaves-Penn", Role::DesignatedTeacher);
        let (year, term) = plan::parse_term("2025/26-spring").expect("a term");
        let process = Processes::built_in().latest("sections").expect("a process");
        let pep = Pep { child: IDRIS, year, term, kind: PepType::Review, process, filed: plan::Filed::default() };
        (World { relay, pep, next: 1, spoil: None, pushed: 0 }, odile, ottoline)
    }

    fn connects(&mut self, person: &mut Person) {
        let (out, queue) = sync_server::relay::queue();
        self.relay.connect(self.next, person.device, out).expect("a place");
        person.core.connect().expect("it has joined");
        person.line = Some((self.next, queue));
        self.next += 1;
    }

    /// Carries frames to and fro until nothing moves.
    fn settles(&mut self, people: &mut [&mut Person]) {
        loop {
            let mut moved = false;
            for person in people.iter_mut() {
                let Some((conn, queue)) = person.line.as_mut() else { continue };
                person.core.settle(NOON).expect("a disk");
                for frame in person.core.take_frames(64).expect("a disk") {
                    moved = true;
                    let frame = self.on_its_way(frame);
                    self.relay.receive(*conn, &frame, NOON);
                }
                self.relay.settle(NOON);
                while let Ok(frame) = queue.try_recv() {
                    moved = true;
                    person.core.receive(&frame, NOON).expect("a disk");
                }
                self.relay.drained(*conn);
                self.relay.settle(NOON);
            }
            if !moved {
                return;
            }
        }
    }

    fn on_its_way(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let Ok(Frame::Push { doc, mut envelopes }) = Frame::decode(&bytes) else { return bytes };
        for envelope in &mut envelopes {
            if self.spoil == Some(self.pushed) {
                envelope.0.sig[0] ^= 1;
            }
            self.pushed += 1;
        }
        Frame::Push { doc, envelopes }.encode()
    }

    fn writes(&self, person: &mut Person, edit: Edit) {
        let applied = person.core.edit(&self.pep, Main, person.role, &[edit], NOON);
        applied.expect("a disk").expect("allowed");
    }

    fn notes(&self, person: &mut Person) -> String {
        match person.core.view(&self.pep, person.role).expect("the plan").answers.get(NOTES) {
            Some(Answer::Text { text }) => text.clone(),
            _ => String::new(),
        }
    }
}

fn joins(relay: &mut Relay, seed: u8, name: &str, role: Role) -> Person {
    let secret = relay.new_secret();
    let replica = in_memory(Mode::Participant, seed.into()).expect("a replica");
    let joined = joined::joins(relay, &secret, seed, (name, role), &[*IDRIS.as_bytes()], replica, NOON);
    let (core, me) = joined.expect("a device");
    Person { core, id: me.person, device: me.device, role, line: None }
}

#[test]
fn of_a_branch_with_one_refused_change_no_word_is_lost_and_none_doubled_and_nobody_else_notices() {
    let (mut world, mut odile, mut ottoline) = World::new();
    let pep = world.pep.clone();
    odile.core.start_pep(&pep, odile.role).expect("a disk");
    world.connects(&mut odile);
    world.connects(&mut ottoline);
    world.settles(&mut [&mut odile, &mut ottoline]);
    // Apart. Of Odile's four changes the second is spoiled on its way.
    for word in ["first", "second", "third"] {
        world.writes(&mut odile, Edit::Append { question: NOTES.into(), text: word.into() });
    }
    let yes = plan::parse_value("transfer.needed", "yes").expect("a value");
    world.writes(&mut odile, Edit::Choose { question: "transfer.needed".into(), value: yes.clone() });
    world.writes(&mut ottoline, Edit::Append { question: NOTES.into(), text: "beside".into() });
    let theirs = ottoline.core.take_words();
    (world.pushed, world.spoil) = (0, Some(1));
    world.settles(&mut [&mut odile, &mut ottoline]);
    world.spoil = None;
    world.settles(&mut [&mut odile, &mut ottoline]);

    let said = odile.core.take_words();
    assert!(said.iter().any(|words| words.contains("1 change could not be accepted")), "{said:?}");
    assert!(said.iter().any(|words| words.contains("2 changes after it stay in the plan")), "{said:?}");
    let refused = odile.core.refused();
    let [held] = refused.as_slice() else { panic!("{refused:?}") };
    assert_eq!((held.why.code.as_str(), held.said[0].question.as_str()), ("signature", NOTES));
    let words = held.said[0].words.as_ref().expect("words");
    assert!(!words.0.contains("second") && words.1.contains("second"), "{words:?}");
    // Everybody has the rest, once; and the device goes on in that plan.
    for person in [&mut odile, &mut ottoline] {
        let notes = world.notes(person);
        for (word, times) in [("first", 1), ("second", 0), ("third", 1), ("beside", 1)] {
            assert_eq!(notes.matches(word).count(), times, "{word}: {notes:?}");
        }
        let view = person.core.view(&pep, person.role).expect("the plan");
        assert!(view.answers["transfer.needed"] == Answer::Value(yes.clone()));
        assert!(person.core.in_step().expect("a disk"));
        assert_eq!(person.core.waiting().expect("a disk"), 0);
    }
    assert_eq!(
        (theirs, ottoline.core.take_words(), ottoline.core.refused()),
        (vec![], vec![], vec![]),
        "nobody else notices"
    );
    world.writes(&mut odile, Edit::Append { question: NOTES.into(), text: "and on".into() });
    world.settles(&mut [&mut odile, &mut ottoline]);
    assert_eq!(world.notes(&mut odile), world.notes(&mut ottoline));
    assert!(world.notes(&mut ottoline).contains("and on"));
    // The relay has heard, and what only followed is gone from what waits.
    let waiting = world.relay.undecided(None).expect("a list").changes;
    assert_eq!(waiting.iter().map(|c| (c.hash, c.follows, c.heard)).collect::<Vec<_>>(), [(held.hash, false, true)]);
    assert_eq!(waiting[0].person, odile.id);
    // Discarded, its author is told, and keeps the words.
    let (doc, hash) = (held.doc, held.hash);
    world.relay.decide(None, &doc, &hash, false, NOON).expect("decided");
    world.settles(&mut [&mut odile, &mut ottoline]);
    let kept = odile.core.refused();
    assert_eq!((kept[0].why.code.as_str(), &kept[0].said), ("discarded", &held.said));
}

/// Work, and not time: what one edit costs the device that makes it and the one that hears of it.
#[test]
fn one_edit_is_one_change_and_few_frames() {
    let (mut world, mut odile, mut ottoline) = World::new();
    odile.core.start_pep(&world.pep, odile.role).expect("a disk");
    world.connects(&mut odile);
    world.connects(&mut ottoline);
    world.settles(&mut [&mut odile, &mut ottoline]);
    world.writes(&mut odile, Edit::Append { question: NOTES.into(), text: "first".into() });
    world.settles(&mut [&mut odile, &mut ottoline]);
    let before = [odile.core.work(), ottoline.core.work()];
    world.writes(&mut odile, Edit::Append { question: NOTES.into(), text: "second".into() });
    world.settles(&mut [&mut odile, &mut ottoline]);
    let hers = odile.core.work().since(before[0]);
    let theirs = ottoline.core.work().since(before[1]);
    // Pushed, and its receipt (the mark of how much the relay has follows at its own pace); it comes, and is let in.
    assert_eq!((hers.admitted, hers.signatures, hers.frames), (1, 1, 2), "{hers:?}");
    assert_eq!((theirs.admitted, theirs.signatures, theirs.frames), (1, 1, 1), "{theirs:?}");
    assert!(hers.syncs <= 2 && theirs.syncs == 1, "{hers:?} {theirs:?}");
    assert!(hers.bytes < 1_500 && theirs.bytes < 1_000, "{hers:?} {theirs:?}");
    assert_eq!(hers.documents + theirs.documents, 0, "both have it open");
}
