//! Pages on a real folder, without a browser: what needs this computer, a passphrase and its clock. What people see and send is
//! tried in the room of the pages, over a disk in memory.

use std::{collections::BTreeMap, sync::Arc};

use plan::{AcademicYear, Answer, Edit, Pep, PepType, Processes, Role, Term, View};
use ring::{rand::SystemRandom, signature::Ed25519KeyPair};
use sync::frame::NewChild;
use tempfile::TempDir;
use uuid::Uuid;

use pages::{
    env::Found,
    reply::Reply as Sent,
    request::Request,
    tab::{Event, Tab},
    turn::Turn,
};
use participant::device::{Me, Relay};

use crate::{
    app::App,
    host::{Ask, Host},
    unlock,
};

mod locked;

/// One person's device, without a relay.
struct Device {
    app: Arc<App>,
    host: Arc<Host>,
    role: Role,
    _dir: TempDir,
}

/// The pages of a device, for what no request asks.
struct Pages {
    app: Arc<App>,
    host: Arc<Host>,
}

impl Pages {
    fn turn<T: Send + 'static>(&self, f: impl FnOnce(&mut Turn<'_>) -> T + Send + 'static) -> T {
        self.host.turn(&self.app, Found::default(), f).unwrap().0
    }

    /// What happens to a tab, in a turn as the socket has it.
    fn on(&self, tab: &mut Tab, event: Event, at: u64) -> Option<Vec<String>> {
        let mut moved = std::mem::replace(tab, Tab::new(0));
        let (back, says) = self.turn(move |turn| {
            let says = moved.on(turn, event, at);
            (moved, says)
        });
        *tab = back;
        if tab.take_came() {
            self.app.idle().came(crate::clock::now().ms);
        }
        says
    }
}

impl Device {
    /// A device of somebody in this role. Children they add are theirs in the same role.
    fn of(role: Role) -> Device {
        let dir = tempfile::tempdir().unwrap();
        let disk::Claim::Ours(owner) = disk::claim(&dir.path().join("home")).unwrap() else { panic!("taken") };
        let key = unlock::open(owner.dir(), None, |_| (), || None).unwrap();
        let app = Arc::new(App::open(owner, key).unwrap().0);
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let me = Me {
            person: *Uuid::new_v4().as_bytes(),
            name: "Ottoline Greaves-Penn".into(),
            organisation: None,
            role: role.to_string(),
            device: gate::device_id(&replica::public_key(&key)),
            relay: Relay {
                url: "ws://127.0.0.1:1".into(),
                id: [1; 16],
                key: [2; 32],
                former: Vec::new(),
                addresses: Vec::new(),
                tls: None,
                name: "Harrowmere".into(),
            },
        };
        app.with(move |device| device.join(me, key, None).unwrap()).unwrap();
        Device { app, host: Arc::new(Host::new(None)), role, _dir: dir }
    }

    fn child(&self, name: &str) -> Uuid {
        let child = Uuid::new_v4();
        let new = NewChild {
            child: *child.as_bytes(),
            name: name.into(),
            dob: "2010-11-02".into(),
            looked_after_since: None,
            emergency: false,
        };
        self.app.with(move |device| device.add_child(new).unwrap()).unwrap();
        child
    }

    fn plan(&self, child: Uuid, process: &str) -> Pep {
        let process = Processes::built_in().latest(process).unwrap();
        let pep = Pep {
            child,
            year: AcademicYear(2025),
            term: Term::Spring,
            kind: PepType::Review,
            process,
            filed: plan::Filed::default(),
        };
        let (started, role) = (pep.clone(), self.role);
        self.app.with(move |device| device.start_pep(&started, role).unwrap()).unwrap();
        pep
    }

    /// Idris and his spring review.
    fn idris(role: Role) -> (Device, Pep) {
        let device = Device::of(role);
        let pep = device.plan(device.child("Idris Fennimoor"), "sections");
        (device, pep)
    }

    fn edit(&self, pep: &Pep, edit: Edit) -> bool {
        let kind = edit.document().unwrap();
        let (pep, role) = (pep.clone(), self.role);
        self.app.with(move |device| matches!(device.edit(&pep, kind, role, &[edit], 1_772_114_700), Ok(Ok(_)))).unwrap()
    }

    fn set(&self, pep: &Pep, question: &str, value: &str) {
        let value = plan::parse_value(question, value).unwrap();
        assert!(self.edit(pep, Edit::Choose { question: question.into(), value }), "{question}");
    }

    fn view(&self, pep: &Pep) -> View {
        let (pep, role) = (pep.clone(), self.role);
        let view = self.app.with(move |device| device.view(&pep, role).unwrap()).unwrap();
        (*view).clone()
    }

    fn text(&self, pep: &Pep, question: &str) -> String {
        match &self.view(pep).answers[question] {
            Answer::Text { text } => text.clone(),
            Answer::Voices(voices) => voices[0].text.clone(),
            _ => String::new(),
        }
    }

    fn pages(&self) -> Pages {
        Pages { app: self.app.clone(), host: self.host.clone() }
    }

    fn ask(&self, target: &str, form: Option<&str>) -> Sent {
        let request =
            Request::new(self.host.base(), form.is_some(), target, form.unwrap_or_default().as_bytes()).unwrap();
        self.host.answer(&self.app, &Ask::Request(request)).unwrap()
    }

    fn get(&self, target: &str) -> (u16, String) {
        match self.ask(target, None) {
            Sent::Page { status, html } => (status, html),
            _ => panic!("{target} leads elsewhere"),
        }
    }

    fn page(&self, target: &str) -> String {
        let (status, html) = self.get(target);
        assert_eq!(status, 200, "{target}");
        html
    }

    /// Opens a page and gives what its form was made from.
    fn stamp(&self, target: &str) -> String {
        hidden(&self.page(target), "made-from")
    }

    /// Sends a form; where it leads.
    fn send(&self, target: &str, stamp: &str, fields: &[(&str, &str)]) -> String {
        match self.ask(target, Some(&form(stamp, fields))) {
            Sent::Go(to) => to,
            Sent::Page { status, html } => panic!("{target}: {status}, {}", errors(&html).join("; ")),
            _ => panic!("{target} leads to no page"),
        }
    }

    /// Every page that links lead to from the first, by its address without query.
    fn every_page(&self) -> BTreeMap<String, String> {
        let mut pages = BTreeMap::new();
        let mut wanted = vec!["/".to_owned()];
        while let Some(target) = wanted.pop() {
            if pages.contains_key(&target) {
                continue;
            }
            let html = self.page(&target);
            for link in links(&html) {
                // Each question has two such pages, all alike: these of every tenth are enough.
                let of_question =
                    ["/comments/", "/history/"].iter().find_map(|part| link.split_once(part)).map(|(_, id)| id);
                if of_question.is_some_and(|id| {
                    plan::bank().questions().iter().position(|q| q.id == id).is_none_or(|n| n % 10 != 0)
                }) {
                    continue;
                }
                assert!(link.starts_with('/') || link.starts_with('#'), "{target} leads to {link}");
                if let Some(id) = link.strip_prefix('#') {
                    assert!(html.contains(&format!("id=\"{id}\"")), "{target} has no {link}");
                } else if ![".ics", ".csv"].iter().any(|end| link.ends_with(end)) && !link.starts_with("/assets/") {
                    wanted.push(link.split(['#', '?']).next().unwrap().to_owned());
                }
            }
            pages.insert(target, html);
        }
        pages
    }
}

fn form(stamp: &str, fields: &[(&str, &str)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("made-from", stamp);
    form.extend_pairs(fields);
    form.finish()
}

fn hidden(html: &str, name: &str) -> String {
    let at = html.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("no {name} in the form"));
    at.split('"').next().unwrap().to_owned()
}

fn links(html: &str) -> Vec<String> {
    let links = html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    links.collect()
}

fn errors(html: &str) -> Vec<String> {
    let summary = html.split("govuk-error-summary__list\">").nth(1).and_then(|rest| rest.split("</ul>").next());
    let items = summary.unwrap_or_default().split("<li>").skip(1);
    items.map(|item| item.split('>').nth(1).unwrap_or(item).split('<').next().unwrap().to_owned()).collect()
}

fn section(pep: &Pep, question: &str) -> String {
    let page = pep.process().page(question).unwrap();
    format!("/pep/{}/page/{}/{}", pep.id(), page.id, plan::bank().question(question).unwrap().block)
}

fn at(pep: &Pep, rest: &str) -> String {
    format!("/pep/{}{rest}", pep.id())
}
