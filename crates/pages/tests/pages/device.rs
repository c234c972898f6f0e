//! One person's device over a disk in memory, and what its pages answer: no socket, no file, one fixed moment, ids that are counted.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use gate::Id;
use pages::{
    address::Base,
    env::{Council, Env, Found, Intent, Memory},
    region::fingerprint,
    reply::Reply as Sent,
    request::Request,
    routes,
    tab::{Event, Tab},
    turn::Turn,
};
use participant::{
    Error, Now, Zone,
    decisions::List,
    device::{Me, Relay, Spot},
    settings::Pin,
};
use plan::{AcademicYear, Answer, Edit, Pep, PepType, Processes, Role, Term, View};
use replica::{Mode, Replica};
use ring::signature::Ed25519KeyPair;
use sync::frame::NewChild;
use uuid::Uuid;

/// The moment of these tests: Thursday, 26 February 2026, at three in the afternoon, in England.
pub const NOW: i64 = 1_772_118_000;
/// When its person wrote what a test begins from: 14:05 that day.
pub const WROTE: i64 = 1_772_114_700;
/// What takes the device back from a child.
pub const PIN: &str = "8305";
/// What unlocks a device that a passphrase guards.
pub const PASSPHRASE: &str = "copper kettle Thursday";
/// Questions of how many an address of a question is followed: the pages of comments and of history are all alike.
const FOLLOWED: usize = 10;

thread_local! {
    static COUNTED: Cell<u128> = const { Cell::new(0) };
    static UNDER: RefCell<Base> = RefCell::default();
}

/// An id that no other of this test is.
pub fn fresh() -> Uuid {
    let next = COUNTED.get() + 1;
    COUNTED.set(next);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &next.to_be_bytes())
}

/// What every address of the pages begins with, in this test from now on.
pub fn under(base: Base) {
    UNDER.set(base);
}

/// An address of the pages, by the one within them.
pub fn to(within: &str) -> String {
    UNDER.with_borrow(|base| base.to(within))
}

/// An address within the pages, by the one that a browser asks for.
pub fn within(asked: &str) -> Option<String> {
    UNDER.with_borrow(|base| base.below(asked).map(str::to_owned))
}

/// A request for an address, or for one within the pages, perhaps with a form.
fn asked(target: &str, form: Option<&str>) -> Request {
    let address = if within(target).is_some() { target.to_owned() } else { to(target) };
    let body = form.unwrap_or_default().as_bytes();
    let request = UNDER.with_borrow(|base| Request::new(base, form.is_some(), &address, body));
    request.unwrap_or_else(|| panic!("{target} is no address of ours"))
}

/// Counts anew, so that what one scene makes does not depend on what was made before it.
pub fn count_anew() {
    COUNTED.set(0);
}

/// The key of the relay that the devices of these tests have joined.
pub fn relay_key() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[2; 32]).unwrap()
}

/// The regions that a page shows: ids, and what tells their contents apart.
pub fn regions(html: &str) -> BTreeMap<String, String> {
    let ids = html.split(" data-region=").map(|before| before.rsplit('"').nth(1).unwrap_or_default().to_owned());
    let shows =
        html.split("data-region=\"").skip(1).map(|after| after.split('"').next().unwrap_or_default().to_owned());
    ids.zip(shows).collect()
}

/// A device, and what a host would know beside it.
pub struct Device {
    held: RefCell<participant::Device>,
    memory: Memory,
    /// The role in which its person asks; children they add are theirs in the role in which they joined.
    pub role: Role,
    /// Its person.
    pub person: Id,
    /// The moment, in Unix seconds.
    pub now: Cell<i64>,
    /// What the council set.
    pub council: RefCell<Council>,
    /// Whether a passphrase guards it, and whether the pages are locked.
    pub lock: Cell<(bool, bool)>,
    /// Whether its person works offline, by their own wish.
    pub offline: Cell<bool>,
    /// Why sharing failed.
    pub failed: RefCell<Option<(String, Option<String>)>>,
    /// Refused changes of others, as the relay would list them; `None`: it cannot be asked.
    pub undecided: RefCell<Option<List>>,
}

impl Device {
    /// A device of somebody in this role.
    pub fn of(role: Role) -> Device {
        let (mut state, person) = (0u8, *fresh().as_bytes());
        let random = move |bytes: &mut [u8]| {
            bytes.iter_mut().for_each(|byte| {
                state = state.wrapping_mul(31).wrapping_add(7);
                *byte = state;
            });
        };
        let disk = replica::memory::Memory::new(Box::new(random)).open().unwrap();
        let replica = Replica::open(Box::new(disk), Mode::Participant).unwrap().0;
        let mut device = participant::Device::open(replica, Processes::built_in().clone(), None, [2; 16]).unwrap();
        let seed = [fresh().into_bytes(), [1; 16]].concat();
        let key = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let public = replica::public_key(&key);
        let me = Me {
            person,
            name: "Ottoline Greaves-Penn".into(),
            organisation: None,
            role: role.to_string(),
            device: gate::device_id(&public),
            relay: Relay {
                url: "ws://127.0.0.1:1".into(),
                id: [1; 16],
                key: replica::public_key(&relay_key()),
                former: Vec::new(),
                addresses: Vec::new(),
                tls: None,
                name: "Harrowmere".into(),
            },
        };
        device.join(me, key, None).unwrap();
        Device {
            held: RefCell::new(device),
            memory: Memory::default(),
            role,
            person,
            now: Cell::new(NOW),
            council: RefCell::default(),
            lock: Cell::new((false, false)),
            offline: Cell::new(false),
            failed: RefCell::default(),
            undecided: RefCell::default(),
        }
    }

    /// Idris and his spring review.
    pub fn idris(role: Role) -> (Device, Pep) {
        let device = Device::of(role);
        let pep = device.plan(device.child("Idris Fennimoor"), "sections");
        (device, pep)
    }

    /// The device itself; what was done is on its disk when this returns, as behind a host.
    pub fn with<T>(&self, f: impl FnOnce(&mut participant::Device) -> T) -> T {
        let mut device = self.held.borrow_mut();
        let done = f(&mut device);
        device.settle(self.now.get()).unwrap();
        done
    }

    /// The moment at which it is asked.
    pub fn now(&self) -> Now {
        Now::at(self.now.get(), Zone::Europe__London)
    }

    /// Adds a child of this name to its person's teams.
    pub fn child(&self, name: &str) -> Uuid {
        let child = fresh();
        self.knows(child, name);
        child
    }

    /// The same, of a child whom others know too.
    pub fn knows(&self, child: Uuid, name: &str) {
        let new = NewChild {
            child: *child.as_bytes(),
            name: name.into(),
            dob: "2010-11-02".into(),
            looked_after_since: None,
            emergency: false,
        };
        self.with(|device| device.add_child(new)).unwrap();
    }

    /// Starts a child's review of spring 2026.
    pub fn plan(&self, child: Uuid, process: &str) -> Pep {
        let process = Processes::built_in().latest(process).unwrap();
        let pep = Pep {
            child,
            year: AcademicYear(2025),
            term: Term::Spring,
            kind: PepType::Review,
            process,
            filed: plan::Filed::default(),
        };
        self.starts(&pep);
        pep
    }

    /// Starts a plan.
    pub fn starts(&self, pep: &Pep) {
        self.with(|device| device.start_pep(pep, self.role)).unwrap();
    }

    /// Writes in a plan; whether it was taken.
    pub fn edit(&self, pep: &Pep, edit: Edit) -> bool {
        let kind = edit.document().unwrap();
        self.with(|device| matches!(device.edit(pep, kind, self.role, &[edit], WROTE), Ok(Ok(_))))
    }

    /// Chooses a value.
    pub fn set(&self, pep: &Pep, question: &str, value: &str) {
        let value = plan::parse_value(question, value).unwrap();
        assert!(self.edit(pep, Edit::Choose { question: question.into(), value }), "{question}");
    }

    /// Writes a text.
    pub fn write(&self, pep: &Pep, question: &str, text: &str) {
        assert!(self.edit(pep, Edit::Rewrite { question: question.into(), text: text.into() }), "{question}");
    }

    /// The plan, as its person reads it.
    pub fn view(&self, pep: &Pep) -> View {
        (*self.with(|device| device.view(pep, self.role)).unwrap()).clone()
    }

    /// The text at a question.
    pub fn text(&self, pep: &Pep, question: &str) -> String {
        match &self.view(pep).answers[question] {
            Answer::Text { text } => text.clone(),
            Answer::Voices(voices) => voices[0].text.clone(),
            _ => String::new(),
        }
    }

    /// Says how old a child is, as far as this role may.
    pub fn grows(&self, pep: &Pep, year: &str) {
        match self.role {
            Role::SocialWorker => self.set(pep, "child.dob", if year == "5" { "2016-03-14" } else { "2010-11-02" }),
            _ => self.set(pep, "setting.yearGroup", year),
        }
    }

    /// Sets the PIN.
    pub fn has_pin(&self) -> &Device {
        let pin = Pin::new(PIN, [3; 16]).unwrap();
        self.with(|device| pin.keep(device)).unwrap();
        self
    }

    /// Gives the device to a plan's child.
    pub fn give(&self, pep: &Pep) {
        let stamp = self.stamp(&at(pep, "/views/give"));
        assert!(matches!(self.ask(&at(pep, "/views/give"), Some(&form(&stamp, &[]))), Sent::Given));
    }

    /// One turn with it, as a host has it.
    pub fn turn<T>(&self, f: impl FnOnce(&mut Turn<'_>) -> T) -> T {
        self.turn_with(Found::default(), f).0
    }

    fn turn_with<T>(&self, found: Found, f: impl FnOnce(&mut Turn<'_>) -> T) -> (T, Found) {
        let (guarded, locked) = self.lock.get();
        let env = Env {
            base: UNDER.with_borrow(Base::clone),
            locked,
            guarded,
            offline: self.offline.get(),
            failed: self.failed.borrow().clone(),
            found,
            ..Env::plain(self.now(), fresh, self.council.borrow().clone(), &self.memory)
        };
        let done = self.with(|device| f(&mut Turn::new(device, &env)));
        (done, env.found)
    }

    /// What happens to a tab.
    pub fn on(&self, tab: &mut Tab, event: Event, at: u64) -> Option<Vec<String>> {
        self.turn(|turn| tab.on(turn, event, at))
    }

    /// Says where a tab's person is.
    pub fn stand(&self, tab: u64, spot: Option<Spot>, now_ms: u64) {
        self.turn(|turn| turn.stand(tab, spot, now_ms));
    }

    /// Answers a request for an address, or for one within the pages, and does what it asks of the host as far as that can be done without one.
    pub fn ask(&self, target: &str, form: Option<&str>) -> Sent {
        let request = asked(target, form);
        let answer = self.answers(&request);
        if let Sent::Go(to) = &answer {
            assert!(within(to).is_some(), "{target} leads to {to}, which lies outside");
        }
        answer
    }

    fn answers(&self, request: &Request) -> Sent {
        let mut found = Found::default();
        loop {
            let (answer, back) = self.turn_with(found, |turn| routes::answer(turn, request));
            found = back;
            match answer {
                Sent::Host(intent) => {
                    if let Some(to) = self.carry_out(intent, &mut found) {
                        return Sent::Go(to);
                    }
                }
                answer => return answer,
            }
        }
    }

    fn carry_out(&self, intent: Intent, found: &mut Found) -> Option<String> {
        match intent {
            Intent::Share => return Some(to("/sync?tried=1")),
            Intent::WorkOffline(offline) => {
                self.offline.set(offline);
                return Some(to("/sync"));
            }
            Intent::Lock => {
                self.lock.set((self.lock.get().0, self.lock.get().0));
                return Some(to("/"));
            }
            Intent::LockAfter(_, then) => return Some(then),
            Intent::Unlock(passphrase) if passphrase.bytes() == PASSPHRASE.as_bytes() => {
                self.lock.set((self.lock.get().0, false));
                found.unlocked = Some(Ok(()));
            }
            Intent::Unlock(_) => found.unlocked = Some(Err("That is not your passphrase".to_owned())),
            Intent::FetchHeld => {
                let unasked = || Error::new(participant::Kind::Unreachable, "The relay cannot be reached.");
                found.held = Some(self.undecided.borrow().clone().ok_or_else(unasked));
            }
            Intent::Decide { .. } => found.decided = Some(Ok(())),
            Intent::Act(_) => {
                let unasked = || Error::new(participant::Kind::Unreachable, "The relay cannot be reached.");
                found.acted = Some(Err(unasked()));
            }
            Intent::CheckPin(pin, digits) => found.pin = Some(pin.is(&digits)),
        }
        None
    }

    /// A page, whatever its status. What stays up to date on it is made alike without it.
    pub fn get(&self, target: &str) -> (u16, String) {
        match self.ask(target, None) {
            Sent::Page { status, html } => {
                self.made_alike(target, &html);
                (status, html)
            }
            Sent::Go(to) => panic!("{target} leads to {to}"),
            _ => panic!("{target} is no page"),
        }
    }

    /// Every region that a page shows is one that a tab on it would be sent, with the same content.
    fn made_alike(&self, target: &str, html: &str) {
        let shown = regions(html);
        if shown.is_empty() || self.lock.get().1 {
            return;
        }
        let request = asked(target, None);
        let made: BTreeMap<String, String> = self
            .turn(|turn| routes::regions(turn, &request))
            .into_iter()
            .map(|(id, h)| (id, fingerprint(&h)))
            .collect();
        for (id, shows) in shown {
            assert_eq!(made.get(&id), Some(&shows), "{target}: the region {id}");
        }
    }

    /// A page.
    pub fn page(&self, target: &str) -> String {
        let (status, html) = self.get(target);
        assert_eq!(status, 200, "{target}");
        html
    }

    /// A file: its name, its kind, and its text.
    pub fn file(&self, target: &str) -> (String, &'static str, String) {
        match self.ask(target, None) {
            Sent::File { name, kind, bytes } => (name, kind, String::from_utf8(bytes).unwrap()),
            Sent::Page { status, html } => panic!("{target} is a page: {status}, {}", errors(&html).join("; ")),
            _ => panic!("{target} is no file"),
        }
    }

    /// Every section that can be chosen for a copy, as the form sends it.
    pub fn parts(&self, pep: &Pep) -> String {
        let page = self.page(&at(pep, "/print"));
        let values =
            page.split("name=\"part\" value=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        let mut all = form_urlencoded::Serializer::new(String::new());
        all.extend_pairs(values.map(|value| ("part", value)));
        all.finish()
    }

    /// Opens a page and gives what its form was made from.
    pub fn stamp(&self, target: &str) -> String {
        hidden(&self.page(target), "made-from")
    }

    /// Where an address leads; `None` where it shows a page.
    pub fn led(&self, target: &str, form: Option<&str>) -> Option<String> {
        match self.ask(target, form) {
            Sent::Go(to) => Some(to),
            Sent::Page { .. } => None,
            _ => panic!("{target} does something else"),
        }
    }

    /// Sends a form; where it leads.
    pub fn send(&self, target: &str, stamp: &str, fields: &[(&str, &str)]) -> String {
        match self.ask(target, Some(&form(stamp, fields))) {
            Sent::Go(to) => to,
            Sent::Page { status, html } => panic!("{target}: {status}, {}", errors(&html).join("; ")),
            _ => panic!("{target} leads to no page"),
        }
    }

    /// Sends a form that is not taken; the page.
    pub fn wrong(&self, target: &str, stamp: &str, fields: &[(&str, &str)]) -> String {
        match self.ask(target, Some(&form(stamp, fields))) {
            Sent::Page { html, .. } => html,
            Sent::Go(to) => panic!("{target} was taken and leads to {to}"),
            _ => panic!("{target} leads to no page"),
        }
    }

    /// Every page that links lead to from the first, by its address without query.
    pub fn every_page(&self) -> BTreeMap<String, String> {
        let mut pages = BTreeMap::new();
        let mut wanted = vec![to("/")];
        while let Some(target) = wanted.pop() {
            if pages.contains_key(&target) {
                continue;
            }
            let html = self.page(&target);
            for link in links(&html) {
                let of_question =
                    ["/comments/", "/history/"].iter().find_map(|part| link.split_once(part)).map(|(_, id)| id);
                if of_question.is_some_and(|id| {
                    plan::bank().questions().iter().position(|q| q.id == id).is_none_or(|n| n % FOLLOWED != 0)
                }) {
                    continue;
                }
                assert!(within(&link).is_some() || link.starts_with('#'), "{target} leads to {link}");
                if let Some(id) = link.strip_prefix('#') {
                    assert!(html.contains(&format!("id=\"{id}\"")), "{target} has no {link}");
                } else if ![".ics", ".csv"].iter().any(|end| link.ends_with(end)) && !link.starts_with(&to("/assets/"))
                {
                    wanted.push(link.split(['#', '?']).next().unwrap().to_owned());
                }
            }
            pages.insert(target, html);
        }
        pages
    }
}

/// A form as it is sent.
pub fn form(stamp: &str, fields: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("made-from", stamp);
    form.extend_pairs(fields);
    form.finish()
}

/// What a hidden field of a page holds.
pub fn hidden(html: &str, name: &str) -> String {
    let at = html.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("no {name} in the form"));
    at.split('"').next().unwrap().to_owned()
}

/// Where the links of a page lead.
pub fn links(html: &str) -> Vec<String> {
    let links = html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    links.collect()
}

/// What a page says is wrong.
pub fn errors(html: &str) -> Vec<String> {
    let summary = html.split("govuk-error-summary__list\">").nth(1).and_then(|rest| rest.split("</ul>").next());
    let items = summary.unwrap_or_default().split("<li>").skip(1);
    items.map(|item| item.split('>').nth(1).unwrap_or(item).split('<').next().unwrap().to_owned()).collect()
}

/// The section in which a question is asked.
pub fn section(pep: &Pep, question: &str) -> String {
    let page = pep.process().page(question).unwrap();
    to(&format!("/pep/{}/page/{}/{}", pep.id(), page.id, plan::bank().question(question).unwrap().block))
}

/// A page of a plan.
pub fn at(pep: &Pep, rest: &str) -> String {
    to(&format!("/pep/{}{rest}", pep.id()))
}
