//! Acts: what people have the directory do. Those who ask here have changed their programs, and ask nobody what they may.

use gate::Id;
use plan::{Pep, Role};
use replica::public_key;
use sync::{
    Frame, Roster,
    act::{ChildFact, Contact, Does, Sentence, statement},
    directory::Correction,
    feature::Features,
    frame::{Hello, NotDone},
};
use sync_server::{
    directory::Entry,
    relay::{ACT_SECONDS_MAX, ACTS_PER_DAY_MAX},
    rights::{Act, Reach, Rights},
};

use crate::world::*;

const DAY: i64 = 24 * 60 * 60;

/// Idris, with Odile his social worker and Carys his carer; Petra is a social worker who has never had to do with him.
struct Story {
    relay: Relay,
    odile: Device,
    carys: Device,
    petra: Device,
    asked: u8,
}

impl Story {
    fn begin() -> Story {
        let mut relay = Relay::new();
        let idris = relay.idris;
        let odile = relay.joins(1, "Odile Marrowfield", "social-worker", &[idris]);
        let carys = relay.joins(2, "Carys Wexcombe", "carer", &[idris]);
        let petra = relay.joins(3, "Petra Lanternby", "social-worker", &[]);
        // Whoever leaves on the first day was never there.
        relay.now += 3 * DAY;
        relay.settles();
        Story { relay, odile, carys, petra, asked: 0 }
    }

    fn idris(&self) -> Id {
        self.relay.idris
    }

    fn hand_over(&self, to: &Device) -> Does {
        Does::HandOver { child: self.idris(), from: self.odile.person, to: to.person }
    }

    fn correct(&self, was: &str, is: &str) -> Does {
        Does::CorrectChild { child: self.idris(), fact: ChildFact::Dob, was: was.into(), is: is.into() }
    }

    fn sentence(&self, by: &Device, does: Does) -> Sentence {
        Sentence { by: by.id, at: self.relay.now, from: None, why: Some("It was asked for.".into()), does }
    }

    /// A sentence as this device signs it, under a number of its own.
    fn signed(&mut self, by: &Device, sentence: &Sentence) -> Frame {
        self.asked += 1;
        signed(&self.relay, by, [self.asked; 16], &sentence.encode())
    }

    /// Asks, and gives why it was not done.
    fn asks(&mut self, by: &Device, does: Does) -> Option<NotDone> {
        let sentence = self.sentence(by, does);
        let frame = self.signed(by, &sentence);
        self.sends(by, &frame)
    }

    fn sends(&mut self, by: &Device, frame: &Frame) -> Option<NotDone> {
        let mut line = connects(&mut self.relay, by);
        let heard = self.relay.asks(&mut line, frame);
        self.relay.inner.disconnect(line.number);
        let answers: Vec<_> = heard.into_iter().filter_map(answer).collect();
        let [answer] = answers.as_slice() else { panic!("one answer: {}", answers.len()) };
        answer.clone()
    }

    /// Who works with Idris now, in which roles.
    fn team(&self) -> Vec<(Id, String)> {
        let today = sync_server::directory::day(self.relay.now);
        let team = self.relay.inner.directory().team(&self.idris());
        team.iter().filter(|m| m.on(&today)).map(|m| (m.person, m.role.clone())).collect()
    }

    /// What was put right about Idris's PEPs, and which entries were joined to his.
    fn filed(&self) -> (Vec<Correction>, Vec<Id>) {
        let directory = self.relay.inner.directory();
        let joined = directory.children().filter(|child| directory.joined(&child.id).is_some()).map(|child| child.id);
        (directory.corrections(&self.idris()).to_vec(), joined.collect())
    }

    fn roster(&self, of: &Device) -> Roster {
        self.relay.inner.signed_roster(&of.person).verify(&self.relay.inner.key()).expect("it is signed")
    }

    fn audit(&self) -> Vec<Entry> {
        let facts = self.relay.inner.replica().facts(b"audit/").expect("facts");
        facts.iter().map(|(_, value)| ciborium::from_reader(value.as_slice()).expect("an entry")).collect()
    }
}

fn signed(relay: &Relay, by: &Device, id: Id, act: &[u8]) -> Frame {
    let mut sig = [0; 64];
    sig.copy_from_slice(by.key.sign(&statement(&relay.inner.key(), &id, act)).as_ref());
    Frame::Act { id, act: act.to_vec(), sig }
}

fn connects(relay: &mut Relay, by: &Device) -> Line {
    let mut line = relay.dials(by);
    let Frame::Hello(hello) = by.hello() else { panic!("a hello") };
    relay.asks(&mut line, &Frame::Hello(Hello { features: Features::ours(), ..hello }));
    line
}

fn answer(frame: Frame) -> Option<Option<NotDone>> {
    if let Frame::Acted { refused, .. } = frame { Some(refused) } else { None }
}

fn code(refused: Option<NotDone>) -> Option<String> {
    refused.map(|refused| refused.code)
}

fn contact(phone: &str) -> Contact {
    Contact { phone: Some(phone.into()), email: None }
}

#[test]
fn every_role_may_do_what_the_table_of_rights_says_and_nothing_else() {
    for role in Role::ALL.iter().copied() {
        for act in Act::ALL {
            let mut story = Story::begin();
            let idris = story.idris();
            let asks = story.relay.joins(9, "Lorcan Tidewell", role.slug(), &[idris]);
            let dob = "2010-11-02";
            let (does, own) = match act {
                Act::HandOver => (story.hand_over(&story.petra), false),
                Act::EndMembership => (Does::EndMembership { child: idris, person: story.carys.person }, false),
                Act::Delegate => {
                    let pep = started(&mut story);
                    let helper = story.relay.joins(8, "Fabian Rookhurst", "professional", &[idris]);
                    (delegates(&pep, &helper, &pages(&pep), "2026-03-20"), true)
                }
                Act::AmendPep => {
                    let (child, pep) = filed(&started(&mut story));
                    (Does::AmendPep { child, pep, was: "review".into(), is: "initial".into() }, false)
                }
                Act::WithdrawPep => {
                    let (child, pep) = filed(&started(&mut story));
                    (Does::WithdrawPep { child, pep, back: false }, false)
                }
                Act::JoinChildren => {
                    let again = story.relay.enters("Idris Fenimoor");
                    (Does::JoinChildren { child: again, into: idris, apart: false }, false)
                }
                Act::SetContact => (Does::SetContact { was: Contact::default(), is: contact("01632 960001") }, true),
                Act::CorrectChild => (story.correct(dob, "2010-11-03"), false),
                Act::NameDevice => {
                    (Does::NameDevice { device: asks.id, was: "a laptop".into(), is: "the tablet".into() }, true)
                }
            };
            let may = match Rights::default().reach(act, role) {
                Reach::No => false,
                Reach::Own => own,
                Reach::Team | Reach::All => true,
            };
            let before = (story.team(), story.roster(&story.odile), story.filed());
            let refused = story.asks(&asks, does);
            assert_eq!(code(refused), (!may).then(|| "right".to_owned()), "{role} {act:?}");
            let after = (story.team(), story.roster(&story.odile), story.filed());
            assert_eq!(before != after, may, "{role} {act:?}: what is refused has changed nothing");
        }
    }
}

/// Idris's plan, started by his social worker.
fn started(story: &mut Story) -> Pep {
    let pep = pep(story.idris());
    let mut line = story.relay.connects(&story.odile);
    story.relay.asks(&mut line, &Frame::Start { start: start(&pep) });
    story.relay.inner.disconnect(line.number);
    pep
}

fn filed(pep: &Pep) -> (Id, Id) {
    (pep.child.into_bytes(), pep.id().into_bytes())
}

fn delegates(pep: &Pep, to: &Device, sections: &[String], until: &str) -> Does {
    let (child, pep) = (pep.child.into_bytes(), pep.id().into_bytes());
    Does::Delegate { child, pep, to: to.person, sections: sections.to_vec(), until: until.into() }
}

/// A page of the plan whose first long text the teacher writes, and that text; and a text of hers on another page.
fn two_texts(pep: &Pep) -> [(String, &'static str); 2] {
    let process = pep.process();
    let mut texts = process.delegable().filter_map(|page| {
        let text = page.questions.iter().find(|question| {
            question.kind == plan::Kind::LongText && !question.voice && process.may_be_delegated(question)
        });
        text.map(|question| (page.id.clone(), question.id.as_str()))
    });
    let mut next = || texts.next().expect("a page with a text of the teacher's");
    [next(), next()]
}

fn pages(pep: &Pep) -> Vec<String> {
    let [(page, _), _] = two_texts(pep);
    vec![page]
}

/// Hands in what a device wrote in a text, and gives the code of what was held.
fn hands_in(story: &mut Story, by: &mut Device, pep: &Pep, question: &str) -> Option<String> {
    let envelope = by.forges(pep, plan::DocumentKind::Main, question, "word ");
    let mut line = connects(&mut story.relay, by);
    let heard = story.relay.asks(&mut line, &push(document(pep, plan::DocumentKind::Main), &[envelope]));
    story.relay.inner.disconnect(line.number);
    assert!(heard.iter().any(|frame| matches!(frame, Frame::Receipt { .. } | Frame::Held { .. })), "{heard:?}");
    heard.into_iter().find_map(|frame| if let Frame::Held { code, .. } = frame { Some(code) } else { None })
}

#[test]
fn r002_14_a_colleague_writes_what_was_delegated_to_them_until_the_last_day_and_nothing_else() {
    let mut story = Story::begin();
    let idris = story.idris();
    let pep = started(&mut story);
    let [(page, theirs), (_, hers)] = two_texts(&pep);
    let ottoline = story.relay.joins(7, "Ottoline Greaves-Penn", "designated-teacher", &[idris]);
    let lorcan = story.relay.joins(6, "Lorcan Tidewell", "virtual-school-officer", &[idris]);
    let mut fabian = story.relay.joins(8, "Fabian Rookhurst", "professional", &[]);
    let last = sync_server::directory::day(story.relay.now + 7 * DAY);
    // The relay knows nothing of a school that they share, so it is for the Virtual School.
    let does = || delegates(&pep, &fabian, std::slice::from_ref(&page), &last);
    assert_eq!(code(story.asks(&ottoline, does())).as_deref(), Some("refused"));
    assert_eq!(code(story.asks(&lorcan, does())), None);
    let person = fabian.person;
    let member = |story: &Story| {
        let team = story.relay.inner.directory().team(&idris).to_vec();
        team.into_iter().find(|member| member.person == person)
    };
    let joined = member(&story).expect("a membership");
    assert_eq!((joined.role.as_str(), joined.to.as_deref()), ("professional", Some(last.as_str())));
    // A program that reads rosters takes him for another teacher, so that it knows who stands behind what he writes.
    let roles: Vec<String> =
        story.roster(&story.odile).teams.into_iter().filter(|m| m.person == fabian.person).map(|m| m.role).collect();
    assert_eq!(roles, ["professional", "designated-teacher"]);
    assert_eq!(hands_in(&mut story, &mut fabian, &pep, theirs), None);
    let mut beyond = Device::of(8, person, [1; 16]);
    assert_eq!(hands_in(&mut story, &mut beyond, &pep, hers).as_deref(), Some("right"));
    // Delegated again, with other pages and until another day: what he wrote this morning stays his, and a later day is no hole.
    let other = two_texts(&pep)[1].0.clone();
    let longer = sync_server::directory::day(story.relay.now + 10 * DAY);
    assert_eq!(code(story.asks(&ottoline, delegates(&pep, &fabian, &[other], &longer))), None, "he is on the team now");
    assert_eq!(member(&story).and_then(|member| member.to).as_deref(), Some(longer.as_str()));
    story.relay.now += 2 * DAY;
    story.relay.settles();
    let mut now_hers = Device::of(8, person, [2; 16]);
    assert_eq!(hands_in(&mut story, &mut now_hers, &pep, hers), None);
    let mut no_more = Device::of(8, person, [3; 16]);
    assert_eq!(hands_in(&mut story, &mut no_more, &pep, theirs).as_deref(), Some("right"));
    // Ended: the day on which that is said is the last, of the membership too, which was for this alone.
    assert_eq!(code(story.asks(&ottoline, delegates(&pep, &fabian, &[], ""))), None);
    let today = sync_server::directory::day(story.relay.now);
    assert_eq!(member(&story).and_then(|member| member.to), Some(today));
    story.relay.now += 2 * DAY;
    story.relay.settles();
    assert_eq!(code(story.asks(&ottoline, delegates(&pep, &fabian, &[], ""))).as_deref(), Some("stands"));
    let audit = story.audit();
    for did in ["delegated", "ended delegation"] {
        assert!(audit.iter().any(|entry| entry.did == did && entry.on.contains_key("pep")), "{did}");
    }
}

#[test]
fn what_cannot_be_delegated_is_refused_and_nothing_is_changed() {
    let mut story = Story::begin();
    let idris = story.idris();
    let pep = started(&mut story);
    let page = pages(&pep);
    let lorcan = story.relay.joins(6, "Lorcan Tidewell", "virtual-school-officer", &[idris]);
    let fabian = story.relay.joins(8, "Fabian Rookhurst", "professional", &[idris]);
    let before = story.audit().len();
    let day = |days: i64| sync_server::directory::day(story.relay.now + days * DAY);
    let (later, past, far) = (day(7), day(-1), day(900));
    let carys = Device::new(2, story.carys.person);
    let other = Pep { child: uuid::Uuid::from_u128(7), ..pep.clone() };
    let many: Vec<String> = (0..500).map(|at| at.to_string()).collect();
    for (does, wanted) in [
        (delegates(&pep, &fabian, &["nowhere".into()], &later), "value"),
        (delegates(&pep, &fabian, &[page.clone(), vec![String::new()]].concat(), &later), "value"),
        (delegates(&pep, &fabian, &page, &past), "value"),
        (delegates(&pep, &fabian, &page, &far), "value"),
        (delegates(&pep, &fabian, &page, "soon"), "value"),
        (delegates(&pep, &carys, &page, &later), "refused"),
        (delegates(&pep, &Device::new(9, [9; 16]), &page, &later), "value"),
        (
            delegates(&Pep { child: pep.child, kind: plan::PepType::Closing, ..pep.clone() }, &fabian, &page, &later),
            "refused",
        ),
        (delegates(&other, &fabian, &page, &later), "refused"),
        (delegates(&pep, &fabian, &many, &later), "value"),
    ] {
        let refused = story.asks(&lorcan, does);
        assert_eq!(code(refused.clone()).as_deref(), Some(wanted), "{refused:?}");
    }
    let did = story.audit().into_iter().skip(before).map(|entry| entry.did).collect::<std::collections::BTreeSet<_>>();
    assert!(did.iter().all(|did| did == "refused act" || did == "connected"), "{did:?}");
}

#[test]
fn a_case_is_its_own_workers_to_hand_over_and_nobody_outside_is_told_of_a_child() {
    let mut story = Story::begin();
    let idris = story.idris();
    let second = story.relay.joins(5, "Gideon Larkspur-Bell", "social-worker", &[idris]);
    assert_eq!(code(story.asks(&second, story.hand_over(&story.petra))).as_deref(), Some("right"));
    // Somebody who never had to do with him hears the same as of a child who is not known.
    let does =
        [idris, [0x77; 16]].map(|child| Does::HandOver { child, from: story.odile.person, to: story.petra.person });
    let heard = does.map(|does| {
        let petra = Device::new(3, story.petra.person);
        story.asks(&petra, does)
    });
    assert_eq!(heard[0], heard[1]);
    assert_eq!(code(heard[0].clone()).as_deref(), Some("right"));
    // A case goes to somebody of the same profession.
    let carer = Does::HandOver { child: idris, from: story.odile.person, to: story.carys.person };
    let odile = Device::new(1, story.odile.person);
    assert_eq!(code(story.asks(&odile, carer)).as_deref(), Some("refused"));
    assert_eq!(code(story.asks(&odile, story.hand_over(&story.petra))), None);
    let roles: Vec<_> = story.team().into_iter().filter(|(_, role)| role == "social-worker").collect();
    assert!(roles.iter().any(|(person, _)| *person == story.petra.person));
    assert!(roles.iter().all(|(person, _)| *person != story.odile.person));
    // Nobody is made not to have been there.
    let petra = Device::new(3, story.petra.person);
    let past = Does::EndMembership { child: idris, person: story.carys.person };
    let past = Sentence { from: Some("2026-02-26".into()), ..story.sentence(&petra, past) };
    let past = story.signed(&petra, &past);
    assert_eq!(code(story.sends(&petra, &past)).as_deref(), Some("value"));
    assert!(story.team().iter().any(|(person, _)| *person == story.carys.person));
    let end = Does::EndMembership { child: idris, person: story.petra.person };
    assert_eq!(code(story.asks(&petra, end)), None, "she may end her own");
}

#[test]
fn the_virtual_school_is_not_taken_off_a_team_by_those_whom_it_looks_over() {
    let mut story = Story::begin();
    let idris = story.idris();
    for (seed, role) in [(6, "virtual-school-officer"), (7, "independent-reviewing-officer")] {
        let guard = story.relay.joins(seed, &format!("Somebody {seed}"), role, &[idris]);
        let odile = Device::new(1, story.odile.person);
        let end = Does::EndMembership { child: idris, person: guard.person };
        assert_eq!(code(story.asks(&odile, end)).as_deref(), Some("right"), "{role}");
    }
}

#[test]
fn an_act_is_done_once_however_often_it_is_sent_and_is_answered_the_same_after_a_restart() {
    let mut story = Story::begin();
    let odile = Device::new(1, story.odile.person);
    let sentence = story.sentence(&odile, story.hand_over(&story.petra));
    let frame = story.signed(&odile, &sentence);
    for _ in 0..3 {
        assert_eq!(story.sends(&odile, &frame), None);
    }
    let no = story.sentence(&odile, story.hand_over(&story.petra));
    let no = story.signed(&odile, &no);
    let refused = story.sends(&odile, &no);
    assert_eq!(code(refused.clone()).as_deref(), Some("stands"));
    let handed = |story: &Story| story.audit().iter().filter(|entry| entry.did == "handed over").count();
    assert_eq!(handed(&story), 1);
    let (dir, now) = (story.relay.dir.clone(), story.relay.now);
    story.relay.inner = {
        drop(std::mem::replace(&mut story.relay.inner, open_relay(&dir.with_extension("other"), now)));
        open_relay(&dir, now)
    };
    assert_eq!(story.sends(&odile, &frame), None);
    assert_eq!(story.sends(&odile, &no), refused);
    assert_eq!(handed(&story), 1);
    // Another sentence under the same number is another act.
    let Frame::Act { id, .. } = frame else { panic!("an act") };
    let other = story.sentence(&odile, Does::SetContact { was: Contact::default(), is: contact("999") });
    let other = signed(&story.relay, &odile, id, &other.encode());
    assert_eq!(code(story.sends(&odile, &other)).as_deref(), Some("used"));
    assert_eq!(story.roster(&odile).contacts, []);
}

#[test]
fn what_was_said_too_long_ago_is_not_done_and_its_answer_is_forgotten_no_earlier() {
    let mut story = Story::begin();
    let odile = Device::new(1, story.odile.person);
    let sentence = story.sentence(&odile, Does::SetContact { was: Contact::default(), is: contact("01632 960002") });
    let frame = story.signed(&odile, &sentence);
    assert_eq!(story.sends(&odile, &frame), None);
    let kept = |story: &Story| story.relay.inner.replica().facts(b"acted/").expect("facts").len();
    for (after, kept_then) in [(ACT_SECONDS_MAX, 1), (2 * DAY, 0)] {
        story.relay.now += after;
        story.relay.settles();
        story.relay.settles();
        assert_eq!(kept(&story), kept_then);
    }
    assert_eq!(code(story.sends(&odile, &frame)).as_deref(), Some("old"));
    let ahead = Sentence { at: story.relay.now + 2 * DAY, ..sentence };
    let ahead = story.signed(&odile, &ahead);
    assert_eq!(code(story.sends(&odile, &ahead)).as_deref(), Some("old"));
}

#[test]
fn of_two_acts_that_contradict_the_first_stands_and_the_second_is_told_so() {
    let mut story = Story::begin();
    let idris = story.idris();
    let (odile, tablet) =
        (Device::new(1, story.odile.person), story.relay.joins(8, "Odile Marrowfield", "social-worker", &[]));
    let gideon = story.relay.joins(5, "Gideon Larkspur-Bell", "social-worker", &[]);
    // Both were said a minute apart, without a line.
    let (first, second) = (story.hand_over(&story.petra), story.hand_over(&gideon));
    let first = story.sentence(&odile, first);
    let second = Sentence { at: first.at + 60, by: tablet.id, ..story.sentence(&tablet, second) };
    let (first, second) = (story.signed(&odile, &first), story.signed(&tablet, &second));
    assert_eq!(story.sends(&odile, &first), None);
    let refused = story.sends(&tablet, &second).expect("it stands");
    assert_eq!(refused.code, "stands");
    assert!(refused.reason.contains("Nothing was changed") && refused.reason.contains("pep child show"), "{refused:?}");
    assert!(story.team().iter().any(|(person, _)| *person == story.petra.person));
    assert!(story.team().iter().all(|(person, _)| *person != gideon.person));
    // A later day does not help, and neither does it for facts, contacts and names.
    let officer = story.relay.joins(6, "Lorcan Tidewell", "virtual-school-officer", &[idris]);
    let petra = Device::new(3, story.petra.person);
    for (is, stands) in [("2010-11-03", None), ("2010-11-04", Some("stands"))] {
        let by = if stands.is_none() { &petra } else { &officer };
        assert_eq!(code(story.asks(by, story.correct("2010-11-02", is))).as_deref(), stands);
    }
    assert_eq!(story.roster(&petra).child(&idris).map(|child| child.dob.clone()).as_deref(), Some("2010-11-03"));
    for (phone, stands) in [("01632 960003", None), ("01632 960004", Some("stands"))] {
        let does = Does::SetContact { was: Contact::default(), is: contact(phone) };
        assert_eq!(code(story.asks(&petra, does)).as_deref(), stands);
    }
    for (name, stands) in [("the tablet", None), ("the phone", Some("stands"))] {
        let does = Does::NameDevice { device: petra.id, was: "a laptop".into(), is: name.into() };
        assert_eq!(code(story.asks(&petra, does)).as_deref(), stands);
    }
}

#[test]
fn a_device_that_was_revoked_meanwhile_has_nothing_done() {
    let mut story = Story::begin();
    let odile = Device::new(1, story.odile.person);
    let mut line = connects(&mut story.relay, &odile);
    let sentence = story.sentence(&odile, story.hand_over(&story.petra));
    let frame = story.signed(&odile, &sentence);
    let (id, now) = (odile.id, story.relay.now);
    story.relay.inner.administer(|d| d.revoke(&id, now)).expect("a revocation");
    // It is on its way when the relay hears of that.
    let heard = story.relay.asks(&mut line, &frame);
    assert!(!heard.iter().any(|frame| matches!(frame, Frame::Acted { refused: None, .. })), "{heard:?}");
    assert!(story.team().iter().any(|(person, _)| *person == odile.person));
    // Brought by another device of hers it is not that device's either.
    let tablet = story.relay.joins(8, "Odile Marrowfield", "social-worker", &[]);
    assert_eq!(code(story.sends(&tablet, &frame)).as_deref(), Some("signature"));
}

#[test]
fn ids_of_an_act_and_why_it_was_done_stand_in_the_audit_and_nothing_else() {
    let mut story = Story::begin();
    let odile = Device::new(1, story.odile.person);
    let is = Contact { phone: Some("01632 960005".into()), email: Some("odile@example.org".into()) };
    assert_eq!(story.asks(&odile, Does::SetContact { was: Contact::default(), is: is.clone() }), None);
    assert_eq!(story.asks(&odile, story.correct("2010-11-02", "2010-11-05")), None);
    assert_eq!(code(story.asks(&odile, story.correct("2010-11-02", "2010-11-06"))).as_deref(), Some("stands"));
    let audit = story.audit();
    let did: Vec<&str> = audit.iter().rev().take(6).map(|entry| entry.did.as_str()).collect();
    for one in ["did act", "refused act", "set contact", "corrected child"] {
        assert!(audit.iter().any(|entry| entry.did == one && entry.by.is_some()), "{one}: {did:?}");
    }
    let all = format!("{audit:?}");
    for words in ["01632", "example.org", "2010-11-05"] {
        assert!(!all.contains(words), "{words}");
    }
    // Why stands in it: whoever keeps the relay has to answer for what was done, and no device is told.
    assert!(all.contains("It was asked for"));
    // Those on her teams see how to reach her, and nobody else does.
    assert_eq!(story.roster(&story.carys).contact(&odile.person), is);
    assert_eq!(story.roster(&story.petra).contacts, []);
}

#[test]
fn rubbish_and_what_somebody_else_signed_is_refused_in_words_and_kept_nowhere() {
    let mut story = Story::begin();
    let (odile, petra) = (Device::new(1, story.odile.person), Device::new(3, story.petra.person));
    let good = story.sentence(&odile, story.hand_over(&story.petra)).encode();
    let kept = |story: &Story| story.relay.inner.replica().facts(b"acted/").expect("facts").len();
    let before = (story.team(), kept(&story));
    let mut tries: Vec<(&str, Frame)> = Vec::new();
    for (n, rubbish) in [&b""[..], b"\xff", b"hello", &[0x81; 4_000], &good[..good.len() - 1]].iter().enumerate() {
        tries.push(("form", signed(&story.relay, &odile, [100 + n as u8; 16], rubbish)));
    }
    let behind = [good.as_slice(), &[0]].concat();
    tries.push(("form", signed(&story.relay, &odile, [110; 16], &behind)));
    // In the name of another device, with another device's signature, over another number, for another relay.
    let by_petra = story.sentence(&petra, story.hand_over(&story.petra)).encode();
    tries.push(("form", signed(&story.relay, &odile, [111; 16], &by_petra)));
    tries.push(("signature", signed(&story.relay, &petra, [112; 16], &good)));
    let Frame::Act { act, sig, .. } = signed(&story.relay, &odile, [113; 16], &good) else { panic!("an act") };
    tries.push(("signature", Frame::Act { id: [114; 16], act: act.clone(), sig }));
    let mut sig = [0; 64];
    sig.copy_from_slice(odile.key.sign(&statement(&public_key(&petra.key), &[115; 16], &good)).as_ref());
    tries.push(("signature", Frame::Act { id: [115; 16], act, sig }));
    for (code, frame) in tries {
        let refused = story.sends(&odile, &frame).expect("it is refused");
        assert_eq!(refused.code, code, "{refused:?}");
    }
    // Values that are none.
    let mut values: Vec<(&str, Does)> = Vec::new();
    for phone in ["12", "no digits", &"1".repeat(41), "0163\u{7}2 960001"] {
        values.push(("value", Does::SetContact { was: Contact::default(), is: contact(phone) }));
    }
    for email in ["nobody", "@example.org", "a b@example.org", "a@b@c"] {
        let is = Contact { phone: None, email: Some(email.into()) };
        values.push(("value", Does::SetContact { was: Contact::default(), is }));
    }
    for day in ["2010-02-30", "yesterday", "2010-1-2", ""] {
        values.push(("value", story.correct("2010-11-02", day)));
    }
    let emergency =
        Does::CorrectChild { child: story.idris(), fact: ChildFact::Emergency, was: "no".into(), is: "perhaps".into() };
    values.push(("form", emergency));
    let device = odile.id;
    values.push(("value", Does::NameDevice { device, was: "a laptop".into(), is: " ".into() }));
    values.push(("right", Does::NameDevice { device: petra.id, was: "a laptop".into(), is: "mine".into() }));
    for (code, does) in values {
        let said = format!("{:?}", does.word());
        let refused = story.asks(&odile, does).expect("it is refused");
        assert_eq!(refused.code, code, "{said}: {refused:?}");
    }
    let mut reasonless = story.sentence(&odile, story.correct("2010-11-02", "2010-11-03"));
    for why in [None, Some(" ".into()), Some("x".repeat(1_001))] {
        reasonless.why = why;
        let frame = story.signed(&odile, &reasonless);
        assert_eq!(code(story.sends(&odile, &frame)).as_deref(), Some("value"));
    }
    assert_eq!(before.0, story.team());
    assert_eq!(story.roster(&odile).contacts, []);
    // Only what was rightly signed and understood is remembered.
    assert!(kept(&story) > before.1);
    for (key, _) in story.relay.inner.replica().facts(b"acted/").expect("facts") {
        assert!(!(100..=115).contains(&key[6]), "{key:?}");
    }
}

#[test]
fn a_device_that_asks_without_end_is_told_to_stop_until_tomorrow() {
    let mut story = Story::begin();
    let odile = Device::new(1, story.odile.person);
    let mut line = connects(&mut story.relay, &odile);
    let does = Does::NameDevice { device: story.petra.id, was: String::new(), is: String::new() };
    let act = story.sentence(&odile, does).encode();
    let mut last = None;
    for n in 0..=ACTS_PER_DAY_MAX {
        let id = u128::from(n).to_be_bytes();
        let frame = signed(&story.relay, &odile, id, &act);
        last = story.relay.asks(&mut line, &frame).into_iter().find_map(answer);
    }
    let refused = last.flatten().expect("it is refused");
    assert!(refused.reason.contains("too many requests of one device today"), "{refused:?}");
    let carys = Device::new(2, story.carys.person);
    let mine = Does::SetContact { was: Contact::default(), is: contact("01632 960006") };
    assert_eq!(story.asks(&carys, mine), None, "nobody else is kept from it");
}

/// The last day of somebody's membership, and whether they have one.
fn last_day(story: &Story, person: Id) -> Option<Option<String>> {
    let team = story.relay.inner.directory().team(&story.idris()).to_vec();
    team.into_iter().rfind(|member| member.person == person).map(|member| member.to)
}

#[test]
fn who_came_for_a_delegation_leaves_with_the_last_of_them_and_nobody_else_is_taken_off_by_it() {
    let mut story = Story::begin();
    let idris = story.idris();
    let pep = started(&mut story);
    let page = pages(&pep);
    let lorcan = story.relay.joins(6, "Lorcan Tidewell", "virtual-school-officer", &[idris]);
    let fabian = story.relay.joins(8, "Fabian Rookhurst", "professional", &[]);
    let day = |story: &Story, days: i64| sync_server::directory::day(story.relay.now + days * DAY);
    let (soon, later, today) = (day(&story, 3), day(&story, 20), day(&story, 0));
    // Longer first, then shorter, then ended: today is the last day.
    for (sections, until, last) in [(&page, &later, &later), (&page, &soon, &soon), (&Vec::new(), &later, &today)] {
        assert_eq!(code(story.asks(&lorcan, delegates(&pep, &fabian, sections, until))), None);
        assert_eq!(last_day(&story, fabian.person), Some(Some(last.clone())), "until {until}");
    }
    // Whom the Virtual School has put on the team stays as long as it says, and nothing is promised beyond.
    let sunniva = story.relay.joins(9, "Sunniva Dray", "professional", &[idris]);
    let (idris_, person, now) = (idris, sunniva.person, story.relay.now);
    story.relay.inner.administer(|d| d.end_member(&idris_, &person, &soon, None, now)).expect("an end");
    assert_eq!(code(story.asks(&lorcan, delegates(&pep, &sunniva, &page, &later))).as_deref(), Some("value"));
    assert_eq!(code(story.asks(&lorcan, delegates(&pep, &sunniva, &page, &soon))), None);
    assert_eq!(code(story.asks(&lorcan, delegates(&pep, &sunniva, &[], ""))), None);
    assert_eq!(last_day(&story, sunniva.person), Some(Some(soon.clone())));
    // Said again and again it is one entry, and what ends with a membership is not shown on.
    for _ in 0..3 {
        for until in [&soon, &later, &soon] {
            assert_eq!(code(story.asks(&lorcan, delegates(&pep, &fabian, &page, until))), None);
        }
    }
    let delegations = story.relay.inner.directory().delegations(&idris).len();
    assert!(delegations <= 4, "{delegations}");
    let person = fabian.person;
    story.relay.inner.administer(|d| d.end_member(&idris_, &person, &today, None, now)).expect("an end");
    let stands = |story: &Story| {
        let all = story.relay.inner.directory().delegations(&story.idris()).to_vec();
        all.into_iter().filter(|one| one.person == person && one.to > today).count()
    };
    assert_eq!(stands(&story), 0);
}

#[test]
fn two_memberships_that_begin_on_one_day_are_both_kept_and_what_was_written_in_the_first_stays_whole() {
    let mut story = Story::begin();
    let idris = story.idris();
    let mut pep = None;
    // A teacher who comes today, writes, and hands over today.
    let mut ottoline = story.relay.joins(7, "Ottoline Greaves-Penn", "designated-teacher", &[idris]);
    pep.get_or_insert(started(&mut story));
    let pep = pep.expect("it was started");
    let [(page, text), _] = two_texts(&pep);
    assert_eq!(hands_in(&mut story, &mut ottoline, &pep, text), None);
    let sunniva = story.relay.joins(9, "Sunniva Dray", "designated-teacher", &[]);
    let (person, to, now) = (ottoline.person, sunniva.person, story.relay.now);
    let today = sync_server::directory::day(now);
    story.relay.inner.administer(|d| d.hand_over(&idris, &person, &to, &today, None, now)).expect("a hand-over");
    let lorcan = story.relay.joins(6, "Lorcan Tidewell", "virtual-school-officer", &[idris]);
    let later = sync_server::directory::day(now + 5 * DAY);
    assert_eq!(code(story.asks(&lorcan, delegates(&pep, &ottoline, &[page], &later))), None);
    let roles = |relay: &Relay| {
        let team = relay.inner.directory().team(&idris).to_vec();
        team.into_iter().filter(|m| m.person == person).map(|m| m.role).collect::<Vec<_>>()
    };
    assert_eq!(roles(&story.relay), ["designated-teacher", "professional"]);
    // So every device that fetches the plan finds in which role the first words were written.
    let record = story.relay.inner.directory().record(&document(&pep, plan::DocumentKind::Main), 0);
    assert!(record.groups[&person].contains("designated-teacher"), "{:?}", record.groups);
    // After a restart too.
    let now = story.relay.now;
    story.relay.opens_again();
    assert_eq!(roles(&story.relay), ["designated-teacher", "professional"]);
    // And whoever answered pages of it for somebody can take the case on.
    let (person, to) = (sunniva.person, ottoline.person);
    story.relay.inner.administer(|d| d.hand_over(&idris, &person, &to, &later, None, now)).expect("a hand-over");
    assert_eq!(last_day(&story, ottoline.person), Some(None));
}

#[test]
fn what_cannot_be_put_right_is_refused_and_a_late_change_of_what_is_withdrawn_is_kept() {
    let mut story = Story::begin();
    let lorcan = story.relay.joins(9, "Lorcan Tidewell", "virtual-school-officer", &[]);
    let mut ottoline = story.relay.joins(4, "Ottoline Greaves-Penn", "designated-teacher", &[story.relay.idris]);
    let pep = started(&mut story);
    let (child, id) = filed(&pep);
    let idris = story.idris();
    let amend = |was: &str, is: &str| Does::AmendPep { child, pep: id, was: was.into(), is: is.into() };
    let withdraw = |back: bool| Does::WithdrawPep { child, pep: id, back };
    let again = story.relay.enters("Idris Fenimoor");
    let third = story.relay.enters("Idris F");
    let join = |child: Id, into: Id, apart: bool| Does::JoinChildren { child, into, apart };
    let before = story.filed();
    for (does, wanted) in [
        (amend("review", "weekly"), "value"),
        (amend("review", ""), "value"),
        (amend("initial", "closing"), "stands"),
        (amend("review", "review"), "stands"),
        (withdraw(true), "stands"),
        (Does::AmendPep { child, pep: [7; 16], was: "review".into(), is: "initial".into() }, "refused"),
        (Does::AmendPep { child: again, pep: id, was: "review".into(), is: "initial".into() }, "refused"),
        (Does::WithdrawPep { child, pep: [7; 16], back: false }, "refused"),
        (join(idris, idris, false), "value"),
        (join(idris, [7; 16], false), "refused"),
        (join([7; 16], idris, false), "refused"),
        (join(again, idris, true), "stands"),
    ] {
        assert_eq!(code(story.asks(&lorcan, does)).as_deref(), Some(wanted));
        assert_eq!(story.filed(), before);
    }
    // Without a reason nothing is withdrawn or joined.
    for does in [withdraw(false), join(again, idris, false)] {
        for why in [None, Some(" \n".to_owned()), Some("x".repeat(1_001))] {
            let sentence = Sentence { why, ..story.sentence(&lorcan, does.clone()) };
            let frame = story.signed(&lorcan, &sentence);
            assert_eq!(code(story.sends(&lorcan, &frame)).as_deref(), Some("value"));
        }
    }
    assert_eq!(story.filed(), before);
    // The gate knows nothing of it: what a device writes before it hears is let in, and kept with the plan.
    assert_eq!(code(story.asks(&lorcan, withdraw(false))), None);
    let [(_, text), _] = two_texts(&pep);
    assert_eq!(hands_in(&mut story, &mut ottoline, &pep, text), None);
    for does in [withdraw(false), amend("review", "initial")] {
        assert_eq!(code(story.asks(&lorcan, does)).as_deref(), Some("stands"));
    }
    assert_eq!(code(story.asks(&lorcan, join(again, idris, false))), None);
    for does in
        [join(again, idris, false), join(third, again, false), join(idris, third, false), join(third, idris, true)]
    {
        assert_eq!(code(story.asks(&lorcan, does)).as_deref(), Some("stands"));
    }
    // It is on the disk: a relay that is opened anew knows it.
    let kept = story.filed();
    story.relay.opens_again();
    assert_eq!(story.filed(), kept);
}

#[test]
fn who_is_on_the_team_of_one_entry_is_on_the_others_and_nobody_comes_back_by_it() {
    let mut story = Story::begin();
    let lorcan = story.relay.joins(9, "Lorcan Tidewell", "virtual-school-officer", &[]);
    let idris = story.idris();
    let again = story.relay.enters("Idris Fenimoor");
    let ottoline = story.relay.joins(4, "Ottoline Greaves-Penn", "designated-teacher", &[again]);
    // Carys's part in his life has ended; at the other entry somebody has not heard of it.
    let carys = story.carys.person;
    let today = sync_server::directory::day(story.relay.now);
    let now = story.relay.now;
    let long_ago = sync_server::directory::day(now - 2 * DAY);
    story.relay.inner.administer(|to| to.end_member(&idris, &carys, &long_ago, None, now)).expect("it ends");
    story.relay.inner.administer(|to| to.add_member(&again, &carys, "carer", &today, now)).expect("it begins");
    let join = Does::JoinChildren { child: again, into: idris, apart: false };
    assert_eq!(code(story.asks(&lorcan, join)), None);
    let on = |story: &Story, child: &Id, person: &Id| {
        story.relay.inner.directory().role(child, person, &today).map(str::to_owned)
    };
    for (person, role) in [(story.odile.person, "social-worker"), (ottoline.person, "designated-teacher")] {
        for child in [idris, again] {
            assert_eq!(on(&story, &child, &person).as_deref(), Some(role));
        }
    }
    assert_eq!(on(&story, &idris, &carys), None, "nobody gains what ended for them");
    // From now on either is both: handed over, ended and begun.
    let (odile, petra) = (story.odile.person, story.petra.person);
    let over = Does::HandOver { child: again, from: odile, to: petra };
    assert_eq!(code(story.asks(&lorcan, over)), None);
    for child in [idris, again] {
        assert_eq!(on(&story, &child, &odile), None);
        assert_eq!(on(&story, &child, &petra).as_deref(), Some("social-worker"));
    }
    let end = Does::EndMembership { child: idris, person: ottoline.person };
    assert_eq!(code(story.asks(&lorcan, end)), None);
    let ends = |story: &Story, child: &Id| {
        let team = story.relay.inner.directory().team(child);
        team.iter().find(|member| member.person == ottoline.person).and_then(|member| member.to.clone())
    };
    assert_eq!((ends(&story, &idris), ends(&story, &again)), (Some(today.clone()), Some(today.clone())));
    // Apart again, each goes its own way.
    let apart = Does::JoinChildren { child: again, into: idris, apart: true };
    assert_eq!(code(story.asks(&lorcan, apart)), None);
    let end = Does::EndMembership { child: idris, person: petra };
    assert_eq!(code(story.asks(&lorcan, end)), None);
    let team = story.relay.inner.directory().team(&again);
    assert!(team.iter().any(|member| member.person == petra && member.to.is_none()));
}
