//! A relay that is older than a device's program: nothing is pushed that it could not read, which is said once, and nothing is lost.

use harness::joined::{IDRIS, idris, in_memory, joins, open_relay};
use participant::Device;
use plan::{DocumentKind, Edit, Pep, PepType, Processes, Role};
use replica::Mode;
use sync::{Frame, feature::Features};
use sync_server::relay::{Relay, queue};

/// Tuesday, 24 February 2026, at nine.
const NOW: i64 = 1_771_923_600;

struct House {
    relay: Relay,
    odile: Device,
    pep: Pep,
    lines: u64,
}

impl House {
    fn new() -> House {
        let mut relay = open_relay(in_memory(Mode::Relay, 6).expect("a disk"), 7, NOW).expect("a relay");
        relay.administer(|d| d.add_child(&idris(), None, NOW)).expect("a child");
        let (year, term) = plan::parse_term("2025/26-spring").expect("a term");
        let process = Processes::built_in().latest("sections").expect("a process");
        let pep = Pep { child: IDRIS, year, term, kind: PepType::Review, process, filed: plan::Filed::default() };
        let secret = relay.new_secret();
        let who = ("Odile Marrowfield", Role::SocialWorker);
        let disk = in_memory(Mode::Participant, 8).expect("a disk");
        let (odile, _) = joins(&mut relay, &secret, 1, who, &[*IDRIS.as_bytes()], disk, NOW).expect("a device");
        House { relay, odile, pep, lines: 0 }
    }

    /// A connection on which everything is said that there is to say; the relay says it has these features.
    fn meets(&mut self, features: Features) {
        self.lines += 1;
        let (out, mut queue) = queue();
        let device = self.odile.me().expect("she has joined").device;
        self.relay.connect(self.lines, device, out).expect("a place");
        self.odile.connect().expect("she has joined");
        loop {
            self.odile.settle(NOW).expect("a disk");
            let said = self.odile.take_frames(64).expect("a disk");
            let mut quiet = said.is_empty();
            for frame in said {
                // A relay that knows less reads no more of it.
                let mut frame = Frame::decode(&frame).expect("a frame");
                if let Frame::Hello(hello) = &mut frame {
                    hello.features = features.clone();
                }
                self.relay.receive(self.lines, &frame.encode(), NOW);
            }
            self.relay.settle(NOW);
            while let Ok(frame) = queue.try_recv() {
                quiet = false;
                let mut frame = Frame::decode(&frame).expect("a frame");
                if let Frame::Welcome(welcome) = &mut frame {
                    welcome.features = features.clone();
                }
                self.odile.receive(&frame.encode(), NOW).expect("a disk");
            }
            self.relay.drained(self.lines);
            if quiet {
                break;
            }
        }
    }

    fn ends(&mut self) {
        self.relay.disconnect(self.lines);
        self.odile.disconnect(None);
    }

    fn says(&mut self, text: &str) {
        let edit = Edit::Append { question: "care.story".into(), text: text.into() };
        let pep = self.pep.clone();
        let done = self.odile.edit(&pep, DocumentKind::Main, Role::SocialWorker, &[edit], NOW);
        done.expect("a disk").expect("it is hers to write");
    }

    fn shared(&self) -> u64 {
        self.relay.replica().last(self.pep.document(DocumentKind::Main).as_bytes()).expect("the plan")
    }
}

#[test]
fn words_for_a_relay_that_cannot_read_them_are_kept_and_shared_when_it_can() {
    let mut house = House::new();
    let pep = house.pep.clone();
    house.odile.start_pep(&pep, Role::SocialWorker).expect("a disk");
    house.says("He cooks on Sundays.");
    for known in [Features::default(), Features::of(&["something-else"])] {
        house.meets(known);
        assert!(!house.odile.in_step().expect("a disk"));
        assert!(house.odile.is_stuck(), "waiting does not put it right");
        let words = house.odile.take_words();
        assert_eq!(words.iter().filter(|words| words.contains("older than this program")).count(), 1, "{words:?}");
        house.says("And on Mondays.");
        house.odile.settle(NOW).expect("a disk");
        assert!(house.odile.take_words().is_empty(), "said once");
        house.ends();
        assert_eq!(house.shared(), 0);
    }
    house.meets(Features::ours());
    assert!(house.odile.in_step().expect("a disk"));
    assert_eq!((house.shared(), house.odile.take_words()), (3, vec![]));
}
