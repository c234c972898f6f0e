//! Who is here, as pages and tabs show it: the relay's side of the line is played by hand.

use serde_json::Value as Json;
use sync::{
    Frame, Roster,
    feature::Features,
    frame::{Doing, Limits, Listed, Presence},
    roster::{Child, Member, Person, SignedRoster},
};

use crate::prelude::*;
use participant::{device::start_of, settings::Settings};

const MAIN: DocumentKind = DocumentKind::Main;

/// Odile's device, on a line; Ottoline and Carys work with the same child.
pub struct OnLine {
    /// The device.
    pub device: Device,
    /// The plan.
    pub pep: Pep,
    people: [Id; 2],
}

impl OnLine {
    /// Of a person in this role.
    pub fn of(role: Role) -> OnLine {
        let (device, pep) = Device::idris(role);
        let people = [[0x21; 16], [0x22; 16]];
        let list = DocumentKind::ALL.iter().filter(|kind| kind.readers().contains(&role)).map(|kind| Listed {
            doc: *pep.document(*kind).as_bytes(),
            pep: *pep.id().as_bytes(),
            kind: kind.to_string(),
            seq: 0,
            start: start_of(&pep),
            readers: None,
        });
        let list = list.collect();
        let line = OnLine { device, pep, people };
        line.device.with(|device| device.connect()).unwrap();
        let roster = Some(line.roster(1, role, None));
        line.hears(&Frame::Welcome(sync::frame::Welcome {
            epoch: [3; 16],
            relay_id: [1; 16],
            limits: Limits::default(),
            roster,
            features: Features::ours(),
            ..Default::default()
        }));
        line.hears(&Frame::Documents { list });
        for kind in DocumentKind::ALL.iter().filter(|kind| kind.readers().contains(&role)) {
            let (doc, bytes) = (*line.pep.document(*kind).as_bytes(), line.pep.genesis(*kind).into());
            line.hears(&Frame::Snapshot { doc, seq: 0, heads: Vec::new(), part: 0, parts: 1, bytes, tips: Vec::new() });
        }
        line.said();
        line
    }

    /// Who works with the child, as the relay says it; the device's own person in this role, until that day.
    pub fn roster(&self, version: u64, role: Role, to: Option<&str>) -> SignedRoster {
        let child = *self.pep.child.as_bytes();
        let members = [
            (self.device.person, role, to),
            (self.people[0], Role::DesignatedTeacher, None),
            (self.people[1], Role::Carer, None),
        ];
        let names = ["Odile Marrowfield", "Ottoline Greaves-Penn", "Carys Wexcombe"];
        let person = |((id, role, _), name): (&(Id, Role, Option<&str>), &str)| Person {
            id: *id,
            name: name.into(),
            organisation: None,
            role: role.to_string(),
        };
        let member = |(person, role, to): &(Id, Role, Option<&str>)| Member {
            child,
            person: *person,
            role: role.to_string(),
            from: "2020-01-01".into(),
            to: to.map(str::to_owned),
        };
        let roster = Roster {
            version,
            relay: [1; 16],
            organisation: "Harrowmere".into(),
            children: vec![Child {
                id: child,
                name: "Idris Fennimoor".into(),
                dob: "2010-11-02".into(),
                ..Child::default()
            }],
            people: members.iter().zip(names).map(person).collect(),
            contacts: Vec::new(),
            devices: Vec::new(),
            teams: members.iter().map(member).collect(),
            accepted: Vec::new(),
            left: Vec::new(),
        };
        roster.sign(&relay_key())
    }

    /// What the relay says.
    pub fn hears(&self, frame: &Frame) {
        let bytes = frame.encode();
        self.device.with(move |device| device.receive(&bytes, self.device.now().unix()).unwrap());
    }

    /// What the relay is told.
    pub fn said(&self) -> Vec<Frame> {
        let frames = self.device.with(|device| device.take_frames(1_000).unwrap());
        frames.iter().map(|bytes| Frame::decode(bytes).unwrap()).collect()
    }

    /// Where its person is, as the relay is told: document, field and state.
    fn stands(&self) -> Vec<(DocumentKind, Option<String>, Doing)> {
        let kind = |doc: Id| *DocumentKind::ALL.iter().find(|k| *self.pep.document(**k).as_bytes() == doc).unwrap();
        let said = self.said().into_iter().filter_map(|frame| match frame {
            Frame::Presence(p) => Some((kind(p.doc), p.field, p.state)),
            _ => None,
        });
        said.collect()
    }

    /// The relay keeps what was written last, and refuses it.
    pub fn is_refused(&self, code: &str, detail: &str) {
        for (doc, hash) in self.pushed() {
            let hashes = vec![hash.into()];
            let (code, detail) = (code.to_owned(), detail.to_owned());
            self.hears(&Frame::Held { doc, hashes, code, detail, follows: Vec::new() });
        }
    }

    /// The relay has what was written last on its disk.
    pub fn is_shared(&self) {
        for (doc, hash) in self.pushed() {
            self.hears(&Frame::Receipt { doc, hash, epoch: [3; 16], seq: 1 });
        }
    }

    fn pushed(&self) -> Vec<(Id, gate::Hash)> {
        let pushed = self.said().into_iter().filter_map(|frame| match frame {
            Frame::Push { doc, envelopes } => Some(envelopes.into_iter().map(move |one| (doc, one.0.hash))),
            _ => None,
        });
        pushed.flatten().collect()
    }

    /// Where somebody else is.
    pub fn presence(&self, who: usize, kind: DocumentKind, field: Option<&str>, state: Doing) {
        self.shown(who, kind, field, state, None);
    }

    /// The same of somebody who is shown a document up to a change.
    fn shown(&self, who: usize, kind: DocumentKind, field: Option<&str>, state: Doing, head: Option<gate::Hash>) {
        let device = [0x31 + u8::try_from(who).unwrap(); 16];
        self.hears(&Frame::Presence(Presence {
            doc: *self.pep.document(kind).as_bytes(),
            person: self.people[who],
            device,
            field: field.map(str::to_owned),
            caret: None,
            heads: head.map(|hash| vec![hash.into()]),
            state,
        }));
    }
}

fn tells(tab: &mut Tab, host: &Device, event: Event, at: u64) -> Vec<Json> {
    host.on(tab, event, at).unwrap().iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

fn message(json: Json) -> Event {
    Event::Message(json.to_string())
}

#[test]
fn who_is_here_stands_in_words_on_the_plan_at_the_section_at_the_question_and_in_the_tasks() {
    let line = OnLine::of(Role::SocialWorker);
    let (plan, story) = (at(&line.pep, ""), section(&line.pep, "care.story"));
    assert!(line.device.page(&plan).contains("Nobody else has this plan open now."));
    line.presence(0, MAIN, Some("care.story"), Doing::Editing);
    line.presence(1, MAIN, None, Doing::Here);
    let html = line.device.page(&plan);
    assert!(html.contains("<strong>Carys Wexcombe</strong>, carer</li>"), "{html}");
    assert!(html.contains("<strong>Ottoline Greaves-Penn</strong>, designated teacher is writing in “"), "{html}");
    assert_eq!(html.matches("Ottoline Greaves-Penn is writing here").count(), 1, "at one section of the plan");
    let html = line.device.page(&story);
    assert_eq!(html.matches("Ottoline Greaves-Penn is writing here").count(), 2, "at the section and at its question");
    assert!(!html.contains("Carys Wexcombe is"), "she looks at no section");
    assert!(line.device.page("/").contains("Carys Wexcombe and Ottoline Greaves-Penn are here"));
    // Who only looks at a section is at no question of it.
    line.presence(0, MAIN, Some("care.story"), Doing::Here);
    let html = line.device.page(&story);
    assert_eq!(html.matches("Ottoline Greaves-Penn is here").count(), 1);
    // Whoever leaves, or is cut off, is not here any more.
    line.presence(0, MAIN, None, Doing::Left);
    let html = line.device.page(&plan);
    assert!(!html.contains("Ottoline Greaves-Penn") && html.contains("Carys Wexcombe"));
    line.device.with(|device| device.disconnect(None));
    assert!(line.device.page(&plan).contains("Nobody else has this plan open now."));
}

#[test]
fn where_somebody_is_in_an_annex_is_said_in_that_annex_alone() {
    let line = OnLine::of(Role::SocialWorker);
    let annex = plan::bank().questions().iter().find(|q| q.document() == DocumentKind::Contact).unwrap();
    let host = &line.device;
    let spot = |field: &str| {
        Some(participant::device::Spot { pep: line.pep.id(), field: Some(field.to_owned()), writing: true })
    };
    host.stand(7, spot(&annex.id), 0);
    let said = line.stands();
    let readable = DocumentKind::ALL.iter().filter(|kind| kind.readers().contains(&Role::SocialWorker)).count();
    assert_eq!(said.len(), readable, "the plan and its annexes: {said:?}");
    for (kind, field, state) in said {
        let within = kind == DocumentKind::Contact;
        assert_eq!((field, state == Doing::Editing), (within.then(|| annex.id.clone()), within), "{kind}");
    }
    // A second tab that only looks does not hide that the first one writes; when both have gone, the person has left.
    host.stand(8, Some(participant::device::Spot { pep: line.pep.id(), field: None, writing: false }), 500);
    assert_eq!(line.stands(), []);
    host.stand(7, None, 501);
    line.stands();
    host.stand(8, None, 502);
    assert!(line.stands().iter().all(|(_, _, state)| *state == Doing::Left));
    host.stand(8, None, 503);
    assert_eq!(line.stands(), []);
    // What is said of an annex shows at its question, to whoever may read it.
    line.presence(0, MAIN, None, Doing::Here);
    line.presence(0, DocumentKind::Contact, Some(&annex.id), Doing::Editing);
    let html = line.device.page(&section(&line.pep, &annex.id));
    assert!(html.contains("Ottoline Greaves-Penn is writing here"), "{html}");
}

#[test]
fn a_tab_says_where_its_person_is_and_its_page_stays_up_to_date() {
    let line = OnLine::of(Role::SocialWorker);
    let host = &line.device;
    let mut tab = Tab::new(1);
    let page = section(&line.pep, "care.story");
    let html = line.device.page(&page);
    let regions = regions(&html);
    assert!(regions.contains_key("sync") && regions.contains_key("here-care.story"), "{regions:?}");
    let hello = serde_json::json!({ "t": "hello", "tab": fresh(), "page": page, "fields": { "care.story": 0 }, "regions": regions, "here": true });
    let told = tells(&mut tab, host, message(hello), 0);
    assert_eq!(told.len(), 1, "the page is as it was loaded: {told:?}");
    let (n, s) = (told[0]["n"].as_u64().unwrap() + 1, told[0]["s"].as_u64().unwrap());
    let looks = plan::bank().questions().iter().find(|q| q.block == plan::bank().question("care.story").unwrap().block);
    assert!(line.stands().contains(&(MAIN, looks.map(|q| q.id.clone()), Doing::Here)));
    // In the box: writing, and not any more after a while without a key.
    let edit = serde_json::json!({ "t": "edit", "f": "care.story", "n": n, "s": s, "d": [[0, 0, "H"]], "g": true });
    tells(&mut tab, host, message(edit), 1_000);
    assert!(line.stands().contains(&(MAIN, Some("care.story".into()), Doing::Editing)));
    assert!(tab.wakes_at(1_000).is_some_and(|at| at <= 1_000 + 10_000), "it is said again while it holds");
    tells(&mut tab, host, Event::Time, 40_000);
    assert!(line.stands().iter().any(|(kind, _, state)| (*kind, *state) == (MAIN, Doing::Here)));
    // Others come and write: the regions that have changed are sent, at most twice a second; it is said at most once in 10 s.
    line.presence(0, MAIN, Some("care.story"), Doing::Editing);
    let told = tells(&mut tab, host, Event::Changed, 50_000);
    let html: Vec<&str> = told.iter().filter(|m| m["t"] == "html").map(|m| m["id"].as_str().unwrap()).collect();
    assert!(
        html.contains(&"here-care.story")
            && told
                .iter()
                .any(|m| m["h"].as_str().is_some_and(|h| h.contains("Ottoline Greaves-Penn is writing here"))),
        "{told:?}"
    );
    let said = |told: &[Json]| told.iter().find(|m| m["t"] == "say").map(|m| m["w"].as_str().unwrap().to_owned());
    assert_eq!(said(&told).as_deref(), Some("Ottoline Greaves-Penn is writing."));
    line.presence(1, MAIN, None, Doing::Here);
    let told = tells(&mut tab, host, Event::Changed, 50_100);
    assert!(told.is_empty(), "too soon: {told:?}");
    let told = tells(&mut tab, host, Event::Time, 50_500);
    assert_eq!(said(&told), None);
    line.presence(0, MAIN, None, Doing::Left);
    tells(&mut tab, host, Event::Changed, 51_000);
    let told = tells(&mut tab, host, Event::Time, 60_000);
    assert_eq!(said(&told).as_deref(), Some("Carys Wexcombe is here. Ottoline Greaves-Penn has left."));
    // Switched off, nothing is said; the page changes all the same.
    host.turn(|turn| turn.keep_settings(Settings { announce: false, ..Settings::default() })).unwrap();
    line.presence(1, MAIN, Some("care.story"), Doing::Editing);
    let told = tells(&mut tab, host, Event::Changed, 80_000);
    assert!(said(&told).is_none() && told.iter().any(|m| m["id"] == "here-care.story"));
    // A page that is on no screen is kept up to date when it is again, and its person is not here.
    tells(&mut tab, host, message(serde_json::json!({ "t": "here", "v": false })), 90_000);
    assert!(line.stands().iter().any(|(kind, _, state)| (*kind, *state) == (MAIN, Doing::Left)));
    line.presence(1, MAIN, None, Doing::Left);
    assert!(tells(&mut tab, host, Event::Changed, 91_000).is_empty());
    let told = tells(&mut tab, host, message(serde_json::json!({ "t": "here", "v": true })), 92_000);
    assert!(told.iter().any(|m| m["id"] == "here-care.story"));
    line.stands();
    tells(&mut tab, host, Event::End, 93_000);
    assert!(line.stands().iter().any(|(kind, _, state)| (*kind, *state) == (MAIN, Doing::Left)));
}

#[test]
fn what_waits_is_counted_in_answers_and_named_with_since_when() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    device.write(&pep, "care.story", "He cooks.");
    device.write(&pep, "care.story", "He cooks on Sundays.");
    device.write(&pep, "meeting.notes", "Typed, and taken away again.");
    device.write(&pep, "meeting.notes", "");
    device.set(&pep, "child.interpreterNeeded", "no");
    let text = "May I quote this?".to_owned();
    let comment = Edit::Comment { key: fresh().to_string(), question: "care.story".into(), text };
    assert!(device.edit(&pep, comment));
    let html = device.page("/children");
    let banner = "You are working offline. Everything is saved on this device. 3 answers will be shared when there is a connection.";
    assert!(html.contains(banner), "{html}");
    let html = device.page("/sync");
    let waits = html.split("What waits").nth(1).unwrap();
    let label = |id: &str| maud::html! { (plan::bank().question(id).unwrap().label) }.into_string();
    for words in
        [label("care.story"), label("child.interpreterNeeded"), format!("Comment on “{}”", label("care.story"))]
    {
        assert_eq!(waits.matches(&format!("<li>{words}</li>")).count(), 1, "{words}: {waits}");
    }
    // Opening the plan fills in what the directory knows: name and birth.
    assert!(device.page(&at(&pep, "")).contains("Everything is saved on this device. 5 answers are not shared yet."));
    // A target is one answer, whatever of it was entered.
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let fields = [("area", "Ratio <b>"), ("purpose", "For the kitchen")];
    let cells = fields.map(|(column, text)| (column.to_owned(), Some(Value::Text(text.into()))));
    assert!(device.edit(&pep, Edit::PutTarget { key: fresh().to_string(), fields: plan::Cells::from(cells) }));
    assert!(device.page("/sync").contains("<li>Target “Ratio &lt;b&gt;”</li>"));
    assert!(device.page("/").contains(" 1 answer will be shared"));
    // What was typed and taken away again waits, too.
    let (device, pep) = Device::idris(Role::SocialWorker);
    device.write(&pep, "care.story", "Typed.");
    device.write(&pep, "care.story", "");
    assert!(device.page("/sync").contains("<li>An answer that is as it was before</li>"));
}

#[test]
fn a_box_says_saved_then_shared_then_who_has_seen_it() {
    let line = OnLine::of(Role::SocialWorker);
    let host = &line.device;
    // What the directory knows is not what this is about.
    let known = plan::bank().questions().iter().map(|question| question.id.clone()).collect();
    host.with(|device| device.remember_filled_in(&line.pep, &known)).unwrap();
    let mut tab = Tab::new(1);
    let page = section(&line.pep, "care.story");
    let hello =
        serde_json::json!({ "t": "hello", "tab": fresh(), "page": page, "fields": { "care.story": 0 }, "here": true });
    let told = tells(&mut tab, host, message(hello), 0);
    let (n, s) = (told[0]["n"].as_u64().unwrap() + 1, told[0]["s"].as_u64().unwrap());
    let edit =
        serde_json::json!({ "t": "edit", "f": "care.story", "n": n, "s": s, "d": [[0, 0, "He cooks."]], "g": true });
    tells(&mut tab, host, message(edit), 0);
    let told = tells(&mut tab, host, message(serde_json::json!({ "t": "leave", "f": "care.story" })), 10);
    assert!(told.iter().any(|m| m["t"] == "saved" && m["n"] == n), "{told:?}");
    let far = |told: &[Json]| told.iter().rfind(|m| m["t"] == "far").map(|m| m["w"].as_str().unwrap().to_owned());
    assert_eq!(far(&told), None);
    let pushed = line.said().into_iter().find_map(|frame| match frame {
        Frame::Push { doc, envelopes } => Some((doc, envelopes[0].0.hash)),
        _ => None,
    });
    let (doc, hash) = pushed.expect("it is sent");
    // Nobody has seen what the relay does not have, whatever they are shown.
    line.shown(1, MAIN, Some("care.story"), Doing::Here, None);
    assert_eq!(far(&tells(&mut tab, host, Event::Changed, 20)), None);
    line.hears(&Frame::Receipt { doc, hash, epoch: [3; 16], seq: 1 });
    assert_eq!(far(&tells(&mut tab, host, Event::Changed, 30)).as_deref(), Some("Shared"));
    // Ottoline is shown it, in this section; Carys is shown it in another.
    line.shown(0, MAIN, Some("care.story"), Doing::Here, Some(hash));
    line.shown(1, MAIN, Some("meeting.notes"), Doing::Here, Some(hash));
    let told = tells(&mut tab, host, Event::Changed, 40);
    assert_eq!(far(&told).as_deref(), Some("Shared. Seen by Ottoline Greaves-Penn"));
    let html = line.device.page(&at(&line.pep, ""));
    assert!(
        html.contains(
            "Everything is saved on this device and shared. Seen by Carys Wexcombe and Ottoline Greaves-Penn."
        ),
        "{html}"
    );
    // What is written next nobody has seen yet.
    line.device.write(&line.pep, "meeting.notes", "And more.");
    let html = line.device.page(&at(&line.pep, ""));
    assert!(html.contains("1 answer is not shared yet.") && !html.contains("Seen by"));
}

#[test]
fn a_tab_that_comes_back_after_a_kill_is_told_which_of_its_edits_are_in_whatever_others_wrote() {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let host = &device;
    let (name, page) = (fresh(), section(&pep, "care.story"));
    let hello =
        |n: u64| message(serde_json::json!({ "t": "hello", "tab": name, "page": page, "fields": { "care.story": n } }));
    let mut tab = Tab::new(1);
    let told = tells(&mut tab, host, hello(0), 0);
    let (n, s) = (told[0]["n"].as_u64().unwrap(), told[0]["s"].as_u64().unwrap());
    let edit = |n: u64, at: usize, words: &str| {
        message(serde_json::json!({ "t": "edit", "f": "care.story", "n": n, "s": s, "d": [[at, 0, words]], "g": true }))
    };
    tells(&mut tab, host, edit(n + 1, 0, "He cooks."), 0);
    // Written, and the tab never hears of it; then others write, and what was typed last is on no disk.
    tells(&mut tab, host, message(serde_json::json!({ "t": "leave", "f": "care.story" })), 10);
    tells(&mut tab, host, edit(n + 2, 9, " He sings."), 20);
    drop(tab);
    device.write(&pep, "care.story", "On Sundays: He cooks.");
    let mut tab = Tab::new(2);
    let told = tells(&mut tab, host, hello(n + 2), 0);
    assert_eq!((told[0]["w"].as_u64(), told[0]["text"].as_str()), (Some(n + 1), Some("On Sundays: He cooks.")));
    let (next, s) = (told[0]["n"].as_u64().unwrap() + 1, told[0]["s"].as_u64().unwrap());
    let mine = serde_json::json!({ "t": "mine", "f": "care.story", "n": next, "s": s, "base": "He cooks.", "text": "He cooks. He sings." });
    let told = tells(&mut tab, host, message(mine), 10);
    assert_eq!(device.text(&pep, "care.story"), "On Sundays: He cooks. He sings.");
    assert!(
        told.iter().any(|m| m["t"] == "saved" && m["n"] == next)
            && told.iter().any(|m| m["d"] == serde_json::json!([[0, 0, "On Sundays: "]])),
        "{told:?}"
    );
    // Another tab, or the same box of another page, is none of it.
    let told = tells(
        &mut Tab::new(3),
        host,
        message(serde_json::json!({ "t": "hello", "tab": fresh(), "page": page, "fields": { "care.story": 0 } })),
        0,
    );
    assert_eq!(told[0]["w"], 0);
}

#[test]
fn what_somebody_types_as_their_right_ends_is_kept_on_the_page_with_why_and_what_to_do() {
    let line = OnLine::of(Role::SocialWorker);
    let (device, pep) = (&line.device, &line.pep);
    let host = &device;
    let page = section(pep, "care.story");
    let stamp = device.stamp(&page);
    let hello = || {
        let fields = serde_json::json!({ "care.story": 0, "care.legalStatus": 0 });
        message(serde_json::json!({ "t": "hello", "tab": fresh(), "page": page, "fields": fields }))
    };
    let locked = |told: &[Json], f: &str| {
        let one = told.iter().find(|m| m["t"] == "locked" && m["f"] == f)?;
        Some((one["instead"].as_str()?.to_owned(), one["why"].as_str()?.to_owned()))
    };
    let mut tab = Tab::new(1);
    let told = tells(&mut tab, host, hello(), 0);
    assert_eq!(locked(&told, "care.story"), None);
    assert_eq!(locked(&told, "care.legalStatus").unwrap().0, "form", "{told:?}");
    let init = told.iter().find(|m| m["t"] == "init").unwrap();
    let (n, s) = (init["n"].as_u64().unwrap(), init["s"].as_u64().unwrap());
    let edit = |n: u64, at: usize, words: &str| {
        message(serde_json::json!({ "t": "edit", "f": "care.story", "n": n, "s": s, "d": [[at, 0, words]], "g": true }))
    };
    tells(&mut tab, host, edit(n + 1, 0, "He cooks."), 0);
    tells(&mut tab, host, message(serde_json::json!({ "t": "leave", "f": "care.story" })), 10);
    assert_eq!(device.text(pep, "care.story"), "He cooks.");

    // Another role in the same team: the answer is for the social worker, and a comment is open.
    line.hears(&Frame::Roster(line.roster(2, Role::VirtualSchoolOfficer, None)));
    tells(&mut tab, host, edit(n + 2, 9, " He sings."), 20);
    let told = [tells(&mut tab, host, Event::Changed, 30), tells(&mut tab, host, Event::Time, 2_000)].concat();
    let (instead, why) = locked(&told, "care.story").unwrap();
    assert_eq!((instead.as_str(), why.contains("It is for the social worker to write")), ("comment", true), "{why}");
    assert_eq!(locked(&tells(&mut Tab::new(2), host, hello(), 0), "care.story").unwrap().0, "comment");
    // The same by the form: what was typed comes back, and the comment's form takes it.
    let words = "He cooks. He sings.";
    let html = device.wrong(&page, &stamp, &[("care.story", words), ("care.story~kept", "He cooks.")]);
    assert_eq!(errors(&html), ["You cannot change this answer any more. It is for the social worker to write."]);
    assert!(html.contains("id=\"care.story\"") && html.contains(words) && html.contains("Put it in as a comment"));
    let comments = at(pep, "/comments/care.story");
    let html = device.wrong(&comments, "", &[("draft", "1"), ("text", words)]);
    assert!(html.contains(&format!("{words}</textarea>")) && errors(&html).is_empty(), "{html}");
    assert_eq!((device.text(pep, "care.story").as_str(), device.view(pep).comments.len()), ("He cooks.", 0));
    // What had come to the disk already is not complained of.
    device.send(&page, &stamp, &[("care.story", "He cooks."), ("care.story~kept", "He cooks.")]);

    // No part in the team any more.
    line.hears(&Frame::Roster(line.roster(3, Role::SocialWorker, Some("2020-02-01"))));
    let told = tells(&mut Tab::new(3), host, hello(), 0);
    assert_eq!(locked(&told, "care.story").unwrap().0, "copy", "{told:?}");
    let html = device.wrong(&page, &stamp, &[("care.story", words), ("care.legalStatus", "C2")]);
    assert!(html.contains("What you typed") && html.contains(words) && !html.contains("He cooks.</"), "{html}");
}
