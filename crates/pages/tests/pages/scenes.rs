//! The rows of the snapshots: who asks, in which state, for which page.

use std::sync::LazyLock;

use participant::decisions::{Change, List};
use plan::{Act, AnswersFile, Processes, SAMPLES, Sample, Signing};
use sync::Wire;

use crate::{
    here::OnLine,
    outline,
    prelude::*,
    team::{CARYS, LORCAN, ODILE},
    together::{answer_all, put_row, three_targets},
};

/// What was asked for and shown.
pub struct Shot {
    /// Its name: the page and the state.
    pub name: &'static str,
    /// The route table it belongs to.
    pub table: &'static str,
    /// The address.
    pub target: String,
    /// The page, where it is one.
    pub html: String,
    /// What people see.
    pub shown: String,
}

/// All of them, made once for all who look.
pub fn album() -> &'static [Shot] {
    static ALBUM: LazyLock<Vec<Shot>> = LazyLock::new(made);
    &ALBUM
}

/// All of them, made anew.
pub fn made() -> Vec<Shot> {
    let scenes: &[fn(&mut Album)] = &[
        around, lists, moving, filed, sharing, held, settings, lock, problems, starting, plans, sections, read_only,
        rows, targets, disputes, comments, histories, meetings, live, quality, signing, copies, views, childs,
        own_device,
    ];
    let mut album = Album::default();
    for scene in scenes {
        count_anew();
        scene(&mut album);
    }
    album.0
}

#[derive(Default)]
struct Album(Vec<Shot>);

impl Album {
    /// What an address shows.
    fn see(&mut self, device: &Device, name: &'static str, target: &str) {
        let answer = device.ask(target, None);
        self.put(device, name, "GET", target, answer);
    }

    /// What a form that is not taken shows.
    fn send(&mut self, device: &Device, name: &'static str, target: &str, fields: &[(&str, &str)]) {
        let stamp = match device.ask(target, None) {
            Sent::Page { html, .. } if html.contains("name=\"made-from\"") => hidden(&html, "made-from"),
            _ => String::new(),
        };
        self.send_from(device, name, target, &stamp, fields);
    }

    /// The same from an older page.
    fn send_from(&mut self, device: &Device, name: &'static str, target: &str, stamp: &str, fields: &[(&str, &str)]) {
        let answer = device.ask(target, Some(&form(stamp, fields)));
        assert!(matches!(answer, Sent::Page { .. }), "{name}: the form was taken");
        self.put(device, name, "POST", target, answer);
    }

    fn put(&mut self, device: &Device, name: &'static str, verb: &str, target: &str, answer: Sent) {
        let (html, shown) = match answer {
            Sent::Page { status, html } => {
                let shown = outline::outline(status, &html);
                (html, shown)
            }
            Sent::Go(to) => (String::new(), format!("leads to {}\n", outline::short(&to))),
            Sent::Picture(picture) => {
                (String::new(), format!("a picture: {}, {} bytes\n", picture.media_type(), picture.bytes().len()))
            }
            Sent::File { name, kind, bytes } => {
                let text = String::from_utf8(bytes).unwrap();
                let inside = if kind.contains("html") { outline::outline(200, &text) } else { outline::short(&text) };
                (String::new(), format!("a file: {name}, {kind}\n{}", inside.replace(['\r', '\u{feff}'], "")))
            }
            Sent::Given => (String::new(), "the device is the child's\n".to_owned()),
            Sent::Host(_) => panic!("{name}: the host does everything"),
        };
        let with_child = device.turn(|turn| matches!(turn.child_mode(), Ok(Some(_))));
        let target = within(target).unwrap_or_else(|| target.to_owned());
        let table = match target.split(['/', '?']).nth(1) {
            Some("pep") => "plan",
            Some("unlock") => "lock",
            Some("views") if with_child => "child",
            _ => "pages",
        };
        let shown = outline::short(&format!("{verb} {target}\n{shown}"));
        self.0.push(Shot { name, table, target, html, shown });
    }
}

/// A sample child's plans, as far as this role holds them.
pub fn of_sample(short: &str, role: Role) -> (Device, Pep) {
    let (_, file) = SAMPLES.iter().find(|(known, _)| *known == short).unwrap();
    let sample = Sample::parse(file, plan::Processes::built_in()).unwrap();
    let device = Device::of(role);
    let child = device.child(&sample.child.name);
    let mut last = None;
    for sitting in &sample.peps {
        let pep = sitting.pep(child);
        device.starts(&pep);
        for step in &sitting.steps {
            let by = sample.people[&step.by].role;
            let writer = Writer::new(Uuid::from_bytes(device.person), by);
            let file = step.answers.as_ref().map(|answers| AnswersFile::read(answers).unwrap().bring(&pep, &writer));
            for kind in DocumentKind::ALL {
                let edits = file.as_ref().map(|file| file.of(*kind)).unwrap_or_default();
                if !edits.is_empty() && device.with(|device| device.holds(&pep, *kind, role)) {
                    device.with(|device| device.edit(&pep, *kind, by, &edits, step.at())).unwrap().unwrap();
                }
            }
            for act in &step.acts {
                assert!(matches!(act, Act::Complete | Act::SignOff));
                let Some(question) = plan::sign_off_of(by) else { continue };
                let signing = Signing { question, key: fresh(), on: step.on, comment: "" };
                device.with(|device| device.sign(&pep, by, signing, step.at())).unwrap().unwrap();
            }
            device.now.set(device.now.get().max(step.at() + 86_400));
        }
        last = Some(pep);
    }
    (device, last.unwrap())
}

fn around(album: &mut Album) {
    let (device, _) = Device::idris(Role::DesignatedTeacher);
    let html = device.page("/help");
    let shown = format!("what stands around every page\n{}", outline::around(&html));
    album.0.push(Shot { name: "around", table: "", target: "/help".to_owned(), html, shown });
    for (name, target) in [("help", "/help"), ("accessibility", "/accessibility"), ("about", "/about")] {
        album.see(&device, name, target);
    }
    device.council.borrow_mut().demo = true;
    album.see(&device, "tasks.demonstration", "/");
    album.see(&device, "blank-form.asked", "/blank-form");
}

/// A plan that began under an older version of its process.
fn moving(album: &mut Album) {
    for (role, name) in [(Role::SocialWorker, "move.asked"), (Role::Carer, "move.not-theirs")] {
        let (device, pep) = Device::idris(role);
        let older = Processes::built_in().get("sections", 1).unwrap();
        let older = Pep { term: Term::Summer, process: older, ..pep };
        device.starts(&older);
        album.see(&device, name, &at(&older, "/move"));
    }
}

/// A plan that was withdrawn, one of which the type was put right, and a child who was entered twice.
fn filed(album: &mut Album) {
    let (device, pep) = Device::idris(Role::SocialWorker);
    album.see(&device, "filing.asked", &at(&pep, "/filing"));
    let line = OnLine::of(Role::VirtualSchoolOfficer);
    line.puts_right();
    let pep = line.pep.clone();
    album.see(&line.device, "filing.withdrawn", &at(&pep, "/filing"));
    album.see(&line.device, "plan.withdrawn", &at(&pep, ""));
    album.send(&line.device, "join.refused", &format!("/children/{}/join", pep.child), &[("reason", "One UPN.")]);
}

fn lists(album: &mut Album) {
    let device = Device::of(Role::SocialWorker);
    for (name, target) in [("tasks.none", "/"), ("children.none", "/children"), ("meetings.none", "/meetings")] {
        album.see(&device, name, target);
    }
    let idris = device.plan(device.child("Idris Fennimoor"), "sections");
    let wren = device.plan(device.child("Wren Tapplestone"), "portal");
    device.child("Sorrel Quillhaven");
    device.starts(&Pep { term: Term::Autumn, ..idris.clone() });
    device.set(&idris, "child.dob", "2010-11-02");
    device.set(&idris, "meeting.kind", "meeting");
    device.set(&idris, "meeting.date", "2026-03-04");
    device.write(&idris, "care.story", "He cooks on Sundays.");
    device.set(&wren, "meeting.kind", "meeting");
    device.set(&wren, "meeting.date", "2026-02-12");
    for (name, target) in [("tasks.some", "/"), ("children.some", "/children"), ("meetings.some", "/meetings")] {
        album.see(&device, name, target);
    }
}

fn sharing(album: &mut Album) {
    let (device, pep) = Device::idris(Role::SocialWorker);
    device.write(&pep, "care.story", "He cooks.");
    device.set(&pep, "child.interpreterNeeded", "no");
    album.see(&device, "sync.waiting", "/sync");
    device
        .failed
        .replace(Some(("The relay cannot be reached.".into(), Some("Look whether this computer is online.".into()))));
    album.see(&device, "sync.failed", "/sync?tried=1");
    device.failed.take();
    device.offline.set(true);
    album.see(&device, "sync.offline-by-choice", "/sync");
    // On the line, with a change of one's own that the relay refused.
    let line = OnLine::of(Role::SocialWorker);
    line.device.write(&line.pep, "care.story", "He cooks and sings.");
    line.is_refused("right", "You may not write in the part about care.");
    album.see(&line.device, "sync.refused", "/sync");
    line.device.write(&line.pep, "meeting.notes", "It was short.");
    line.is_shared();
    album.see(&line.device, "sync.shared", "/sync");
    // Somebody else had begun the plan under another process.
    let line = OnLine::of(Role::SocialWorker);
    line.device.write(&line.pep, "meeting.notes", "It was short.");
    let standing = line.lists_under("ten-page", 0);
    line.sends(&standing);
    let now = line.device.now();
    line.device.with(|device| participant::take_over::what_waits(device, &now)).unwrap();
    album.see(&line.device, "plan.copy-aside", &at(&standing, "/aside"));
}

fn held(album: &mut Album) {
    let (device, pep) = Device::idris(Role::VirtualSchoolOfficer);
    device.hears_of_the_team(&pep, &[CARYS, ODILE]);
    album.see(&device, "held.not-reached", "/held");
    device.undecided.replace(Some(List::default()));
    album.see(&device, "held.none", "/held?done=accepted");
    let edit = Edit::Rewrite { question: "care.story".into(), text: "He cooks, and he sings.".into() };
    let envelope = ODILE.edits(&pep, &edit);
    let one = Change {
        doc: envelope.doc,
        hash: envelope.hash,
        person: ODILE.person(),
        code: "left".into(),
        detail: String::new(),
        at: WROTE,
        follows: false,
        heard: true,
        acceptable: true,
        with: Vec::new(),
        envelope: Wire(envelope),
    };
    let untold = Change { hash: [9; 32], code: "right".into(), heard: false, acceptable: false, ..one.clone() };
    device.undecided.replace(Some(List { changes: vec![one, untold], more: false }));
    album.see(&device, "held.some", "/held");
}

fn settings(album: &mut Album) {
    let device = Device::of(Role::DesignatedTeacher);
    album.see(&device, "settings.without-passphrase", "/settings");
    album.see(&device, "settings-pin.new", "/settings/pin");
    album.send(&device, "settings-pin.too-easy", "/settings/pin", &[("pin", "1234"), ("again", "1234")]);
    device.has_pin();
    device.lock.set((true, false));
    album.see(&device, "settings.saved", "/settings?done=saved");
    album.send(
        &device,
        "settings-pin.wrong",
        "/settings/pin",
        &[("present", "0001"), ("pin", "4711"), ("again", "4711")],
    );
}

fn lock(album: &mut Album) {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    device.set(&pep, "setting.yearGroup", "5");
    let here = section(&pep, "progress.goingWell");
    let stamp = device.stamp(&here);
    device.lock.set((true, true));
    album.see(&device, "unlock.asked", "/unlock");
    album.send(&device, "unlock.wrong", "/unlock", &[("passphrase", "copper kettle Friday"), ("to", &to("/"))]);
    album.send_from(&device, "unlock.a-form-waits", &here, &stamp, &[("progress.goingWell", "Maths"), ("go", "here")]);
    device.lock.set((true, false));
    device.has_pin().give(&pep);
    device.lock.set((true, true));
    album.see(&device, "unlock.a-child-has-it", "/views/1");
}

fn problems(album: &mut Album) {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    album.see(&device, "problem.no-such-page", "/nothing");
    let other = Pep { term: Term::Summer, ..pep.clone() };
    album.see(&device, "problem.no-such-plan", &at(&other, ""));
    let stranger = Pep { child: fresh(), ..pep.clone() };
    device.starts(&stranger);
    album.see(&device, "problem.not-on-the-team", &at(&stranger, ""));
    let answer = device.turn(pages::routes::too_large);
    album.put(&device, "problem.too-large", "POST", "/", answer);
    album.send_from(
        &device,
        "problem.page-too-old",
        &section(&pep, "progress.goingWell"),
        "00",
        &[("progress.goingWell", "Maths, typed on a page that is too old"), ("go", "here")],
    );
    let (revoked, _) = Device::idris(Role::Carer);
    let now = revoked.now();
    revoked.with(|device| device.revoke(&now));
    album.see(&revoked, "problem.revoked", "/");
}

fn starting(album: &mut Album) {
    let (device, before) = Device::idris(Role::SocialWorker);
    device.set(&before, "child.dob", "2010-11-02");
    device.set(&before, "care.legalStatus", "C2");
    put_row(&device, &before, "meeting.actions", &[("action", "Ask for a quiet room"), ("status", "open")]);
    let here = format!("/children/{}/new", before.child);
    album.see(&device, "new.asked", &here);
    album.send(&device, "new.refused", &here, &[("term", "x"), ("type", "none"), ("process", "gone")]);
    let late = [("term", "2040/41-spring"), ("type", "review"), ("process", "sections")];
    album.send(&device, "new.doubted", &here, &late);
    let next = [("term", "2025/26-summer"), ("type", "review"), ("process", "sections")];
    let to = device.send(&here, "", &next);
    album.see(&device, "plan.started", &to);
}

fn plans(album: &mut Album) {
    // Each process with a sample of its own, by somebody else each time.
    for (name, short, role) in [
        ("plan.signed-by-all.portal", "wren", Role::DesignatedTeacher),
        ("plan.signed-by-all.rolling", "amari", Role::Carer),
        ("plan.signed-by-all.sections", "sorrel", Role::YoungPerson),
        ("plan.signed-by-all.ten-page", "idris", Role::VirtualSchoolOfficer),
        ("plan.signed-by-all.web", "bram", Role::SocialWorker),
    ] {
        let (device, pep) = of_sample(short, role);
        album.see(&device, name, &at(&pep, ""));
        if short == "idris" {
            album.see(&device, "checks.signed", &at(&pep, "/checks"));
            album.see(&device, "sign-off.signed-by-all", &at(&pep, "/sign-off"));
            album.see(&device, "quality.graded", &at(&pep, "/quality"));
            album.see(&device, "targets.agreed", &at(&pep, "/targets"));
        }
    }
    let (reviewing, _) = of_sample("idris", Role::IndependentReviewingOfficer);
    album.see(&reviewing, "tasks.reviewing-officer", "/");
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    album.see(&device, "plan.empty", &at(&pep, ""));
}

fn sections(album: &mut Album) {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = section(&pep, "care.story");
    album.see(&device, "section.empty", &here);
    device.write(&pep, "care.story", "He cooks on Sundays.\nHe reads.");
    device.set(&pep, "care.legalStatus", "C2");
    device.set(&pep, "care.placementCount", "2");
    album.see(&device, "section.saved", &format!("{here}?saved=1"));
    let old = device.stamp(&here);
    device.set(&pep, "care.placementCount", "3");
    album.send_from(&device, "section.changed-meanwhile", &here, &old, &[("care.placementCount", "4"), ("go", "here")]);
    let dob = section(&pep, "child.dob");
    let wrong = [("child.dob-day", "31"), ("child.dob-month", "2"), ("child.dob-year", "2010")];
    album.send(&device, "section.refused", &dob, &wrong);

    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    device.edit(&pep, Edit::Carry { question: "progress.barriers".into(), text: Some("As before.".into()), ask: true });
    let excuse = Some((plan::NoAnswer::NotKnown, "New to the school.".to_owned()));
    device.edit(&pep, Edit::Excuse { question: "progress.strategies".into(), excuse });
    device.write(&pep, "progress.goingWell", "Maths.");
    album.see(&device, "section.to-confirm", &section(&pep, "progress.barriers"));
    album.see(&device, "section.of-a-table", &section(&pep, "attendance.terms"));
}

fn read_only(album: &mut Album) {
    let (mut device, pep) = Device::idris(Role::Carer);
    device.role = Role::SocialWorker;
    device.write(&pep, "care.story", "He cooks.");
    device.role = Role::Carer;
    album.see(&device, "section.read-only", &section(&pep, "care.story"));
    album.see(&device, "row.not-theirs", &at(&pep, "/table/attendance.terms/new"));
    let line = OnLine::of(Role::SocialWorker);
    let here = section(&line.pep, "care.story");
    let stamp = line.device.stamp(&here);
    line.hears(&sync::Frame::Roster(line.roster(2, Role::VirtualSchoolOfficer, None)));
    album.send_from(&line.device, "section.no-longer-theirs", &here, &stamp, &[("care.story", "He cooks. He sings.")]);
}

fn rows(album: &mut Album) {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let new = at(&pep, "/table/attendance.terms/new");
    album.see(&device, "row.new", &new);
    album.send(&device, "row.refused", &new, &[("possible", "many")]);
    device.send(&new, &device.stamp(&new), &[("term", "Autumn 2025"), ("possible", "148"), ("attended", "121")]);
    let table = section(&pep, "attendance.terms");
    let row = links(&device.page(&table)).into_iter().find(|l| l.contains("/table/") && !l.ends_with("/new")).unwrap();
    album.see(&device, "row.edited", &row);
    let withdraw = format!("{row}/withdraw");
    album.see(&device, "row.withdraw", &withdraw);
    device.send(&withdraw, &device.stamp(&withdraw), &[]);
    album.see(&device, "section.of-a-table-with-a-withdrawn-row", &table);
}

fn targets(album: &mut Album) {
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    device.set(&pep, "setting.yearGroup", "10");
    album.see(&device, "targets.none", &at(&pep, "/targets"));
    let new = at(&pep, "/targets/new");
    album.see(&device, "target.new", &new);
    album.send(
        &device,
        "target.refused",
        &new,
        &[("area", "Ratio"), ("dueDate-day", "31"), ("dueDate-month", "2"), ("dueDate-year", "2026")],
    );
    let fresh = hidden(&device.page(&new), "target");
    let fields = [
        ("target", fresh.as_str()),
        ("category", "academic"),
        ("area", "Ratio"),
        ("statement", "By May I score 15/20 in a test"),
        ("status", "agreed"),
    ];
    let one = device.send(&new, &device.stamp(&new), &fields).split('?').next().unwrap().to_owned();
    let fund = format!("{one}/funds/new");
    album.see(&device, "target-row.new", &fund);
    let cost = [("item", "Maths group"), ("unitCost", "520.01"), ("quantity", "1"), ("payTo", "school")];
    device.send(&fund, &device.stamp(&fund), &cost);
    album.see(&device, "target.edited", &one);
    album.see(&device, "targets.too-dear", &at(&pep, "/targets"));
    let row = links(&device.page(&one)).into_iter().find(|l| l.contains("/funds/") && !l.ends_with("/new")).unwrap();
    album.see(&device, "target-row.withdraw", &format!("{row}/withdraw"));
    let withdraw = format!("{one}/withdraw");
    album.see(&device, "target.withdraw", &withdraw);
    device.send(&withdraw, &device.stamp(&withdraw), &[]);
    album.see(&device, "targets.withdrawn", &at(&pep, "/targets"));
}

fn disputes(album: &mut Album) {
    let (device, pep) = Device::idris(Role::SocialWorker);
    album.see(&device, "choose.none", &at(&pep, "/choose"));
    device.hears_of_the_team(&pep, &[ODILE]);
    device.set(&pep, "care.placementCount", "2");
    let three = plan::parse_value("care.placementCount", "3").unwrap();
    device.hears(ODILE.edits(&pep, &Edit::Choose { question: "care.placementCount".into(), value: three }));
    album.see(&device, "plan.disputed", &at(&pep, ""));
    album.see(&device, "choose.some", &at(&pep, "/choose"));
    let one = links(&device.page(&at(&pep, "/choose"))).into_iter().find(|link| link.contains("/choose/")).unwrap();
    album.see(&device, "choose.one", &one);
    album.send(&device, "choose.refused", &one, &[]);
}

fn comments(album: &mut Album) {
    let (device, pep) = Device::idris(Role::Carer);
    album.see(&device, "comments.none", &at(&pep, "/comments"));
    let here = at(&pep, "/comments/care.legalStatus");
    album.send(&device, "comments.refused", &here, &[("text", " ")]);
    device.send(&here, &device.stamp(&here), &[("text", "Is this still so?")]);
    album.see(&device, "comments.some", &at(&pep, "/comments"));
    album.see(&device, "comments.on-a-question", &here);
}

fn histories(album: &mut Album) {
    let (device, pep) = Device::idris(Role::YoungPerson);
    album.see(&device, "news.nothing", &at(&pep, "/news"));
    device.wrote(&pep, WROTE - 7_200, "voice.secWell", "Cooking.");
    let here = at(&pep, "/sign-off");
    let html = device.page(&here);
    let day = [("on-day", "26"), ("on-month", "2"), ("on-year", "2026"), ("comment", "Good.")];
    let key = hidden(&html, "key");
    let fields = [&day[..], &[("key", key.as_str())]].concat();
    device.send(&here, &hidden(&html, "made-from"), &fields);
    let since = links(&device.page(&at(&pep, "/history"))).into_iter().find(|link| link.contains("/since/")).unwrap();
    device.wrote(&pep, NOW + 3_600, "voice.secWell", "Cooking and singing.");
    device.now.set(NOW + 7_200);
    album.see(&device, "since.changed", &since);
    album.see(&device, "history.some", &at(&pep, "/history"));
    let question = at(&pep, "/history/voice.secWell");
    album.see(&device, "history.of-a-question", &question);
    let back = links(&device.page(&question))
        .into_iter()
        .find(|link| within(link).is_some_and(|link| link.matches('/').count() == 6))
        .unwrap();
    album.see(&device, "restore.asked", &back);
    device.send(&back, &device.stamp(&back), &[]);
    album.see(&device, "restore.so-already", &back);
}

fn meetings(album: &mut Album) {
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = at(&pep, "/meeting");
    album.see(&device, "meeting.not-arranged", &here);
    album.see(&device, "calendar.nothing", &at(&pep, "/meeting/meeting.ics"));
    device.set(&pep, "meeting.kind", "meeting");
    device.set(&pep, "meeting.date", "2026-03-04");
    device.write(&pep, "meeting.time", "15:15, 40 minutes");
    device.write(&pep, "meeting.place", "Larkrise, room 2");
    let carys = [("person", "Carys Wexcombe"), ("role", "Carer"), ("invited", "yes")];
    put_row(&device, &pep, "meeting.attendees", &carys);
    let late =
        [("action", "Ask for a quiet room"), ("person", "Ottoline"), ("byWhen", "2026-02-05"), ("status", "open")];
    put_row(&device, &pep, "meeting.actions", &late);
    put_row(&device, &pep, "meeting.copies", &[("person", "Carys Wexcombe"), ("version", "full")]);
    album.see(&device, "meeting.arranged", &here);
    album.see(&device, "calendar.file", &at(&pep, "/meeting/meeting.ics"));
}

fn live(album: &mut Album) {
    let (mut device, pep) = Device::idris(Role::DesignatedTeacher);
    device.set(&pep, "setting.yearGroup", "10");
    device.set(&pep, "meeting.kind", "meeting");
    device.role = Role::SocialWorker;
    device.set(&pep, "meeting.date", "2026-02-26");
    let carys = [("person", "Carys Wexcombe"), ("role", "Foster carer"), ("attended", "all")];
    put_row(&device, &pep, "meeting.attendees", &carys);
    let act = [("action", "Find a desk"), ("person", "Carys Wexcombe"), ("byWhen", "2026-03-05"), ("status", "open")];
    put_row(&device, &pep, "meeting.actions", &act);
    device.role = Role::DesignatedTeacher;
    let here = at(&pep, "/meeting/live");
    album.see(&device, "live.writes", &here);
    device.role = Role::Carer;
    for (name, point) in [("wall.first", "1"), ("wall.last", "99")] {
        album.see(&device, name, &at(&pep, &format!("/meeting/wall?point={point}")));
    }
    let (carer, pep) = Device::idris(Role::Carer);
    album.see(&carer, "live.read-only", &at(&pep, "/meeting/live"));
}

fn quality(album: &mut Album) {
    let device = Device::of(Role::VirtualSchoolOfficer);
    let pep = device.plan(device.child("Idris Fennimoor"), "ten-page");
    let back = at(&pep, "/send-back");
    album.see(&device, "send-back.asked", &back);
    album.send(&device, "send-back.refused", &back, &[("what", " "), ("byWhen-day", "31"), ("byWhen-month", "2")]);
    let (teacher, pep) = Device::idris(Role::DesignatedTeacher);
    album.see(&teacher, "quality.not-theirs", &at(&pep, "/quality"));
}

fn signing(album: &mut Album) {
    let (device, pep) = Device::idris(Role::Carer);
    let here = at(&pep, "/sign-off");
    album.see(&device, "sign-off.offered", &here);
    let day = [("on-day", "31"), ("on-month", "2"), ("on-year", "2026"), ("comment", "Kept words")];
    album.send(&device, "sign-off.refused", &here, &day);
    device.hears_of_the_team(&pep, &[LORCAN, CARYS]);
    device.hears(CARYS.signs(&pep, "I have read it."));
    device.hears_of_the_team(&pep, &[LORCAN]);
    album.see(&device, "sign-off.by-somebody-unnamed", &here);
    let (device, pep) = Device::idris(Role::IndependentReviewingOfficer);
    album.see(&device, "sign-off.signs-nothing", &at(&pep, "/sign-off"));
    let (device, pep) = Device::idris(Role::SocialWorker);
    let here = at(&pep, "/sign-off");
    answer_all(&device, &pep);
    let html = device.page(&here);
    album.see(&device, "sign-off.part-complete.offered", &here);
    let fields = [("on-day", "26"), ("on-month", "2"), ("on-year", "2026"), ("key", &hidden(&html, "key"))];
    device.send(&here, &hidden(&html, "made-from"), &fields);
    album.see(&device, "sign-off.part-complete.signed", &format!("{here}?saved=1"));
    device.write(&pep, "care.story", "He cooks for everybody.");
    album.see(&device, "sign-off.part-complete.changed-since", &here);
    let device = Device::of(Role::DesignatedTeacher);
    let pep = device.plan(device.child("Idris Fennimoor"), "ten-page");
    three_targets(&device, &pep);
}

fn copies(album: &mut Album) {
    let (device, pep) = Device::idris(Role::SocialWorker);
    device.write(&pep, "care.story", "He cooks for everybody.");
    album.see(&device, "print.asked", &at(&pep, "/print"));
    let here = section(&pep, "care.story");
    let query = format!("reader=carer&gaps=1&part={}", here.rsplit("/page/").next().unwrap().replace('/', "%2F"));
    album.see(&device, "print.copy", &at(&pep, &format!("/print/copy?{query}")));
    album.see(&device, "print.file", &at(&pep, &format!("/print/file?{query}")));
    let (device, pep) = Device::idris(Role::DesignatedTeacher);
    let row = [("term", "=HYPERLINK(\"http://evil.example\",\"a\")"), ("possible", "148"), ("attended", "121")];
    put_row(&device, &pep, "attendance.terms", &row);
    album.see(&device, "print.table", &at(&pep, "/print/table/attendance.terms.csv"));
}

fn views(album: &mut Album) {
    let device = Device::of(Role::SocialWorker);
    let pep = device.plan(device.child("Wren Tapplestone"), "sections");
    album.see(&device, "views.no-age", &at(&pep, "/views"));
    device.grows(&pep, "5");
    album.see(&device, "views.empty", &at(&pep, "/views"));
    album.see(&device, "give.without-pin", &at(&pep, "/views/give"));
    device.has_pin();
    album.see(&device, "give.asked", &at(&pep, "/views/give"));
    album.see(&device, "picture.asked", &at(&pep, "/picture"));
    album.send(&device, "picture.refused", &at(&pep, "/picture"), &[]);
    album.see(&device, "readers.asked", &at(&pep, "/views/readers"));
    album.send(&device, "readers.refused", &at(&pep, "/views/readers"), &[]);
    let (device, pep) = Device::idris(Role::Professional);
    album.see(&device, "readers.not-theirs", &at(&pep, "/views/readers"));
}

fn childs(album: &mut Album) {
    let device = Device::of(Role::DesignatedTeacher);
    let pep = device.plan(device.child("Wren Tapplestone"), "sections");
    device.grows(&pep, "5");
    device.has_pin().give(&pep);
    album.see(&device, "child.hello", "/views");
    album.see(&device, "child.faces", "/views/1");
    let of = |words: &str| device.number(words);
    let best = of("The best thing at school is");
    album.see(&device, "child.words", &best);
    album.see(&device, "child.choice", &of("How I want to take part"));
    let picture = of("My picture or photo");
    album.see(&device, "child.picture", &picture);
    album.send_from(
        &device,
        "child.picture-refused",
        &picture,
        "",
        &[("file", "PHN2Zz4="), ("why", "me"), ("go", "next")],
    );
    device.answer("The best thing at school is", "next", &[("answer", "art 🎨 an volcaino!!")]);
    let drawn = crate::child::photo(900);
    device.ask(&picture, Some(&form("", &[("file", &drawn), ("why", "me and Biscuit"), ("go", "next")])));
    album.see(&device, "child.check", "/views/check");
    album.see(&device, "child.picture-kept", "/views/picture");
    album.see(&device, "child.thanks", "/views/thanks");
    album.see(&device, "child.leave", "/views/leave");
    album.send_from(&device, "child.leave-wrong", "/views/leave", "", &[("pin", "0001")]);
    device.led("/views/leave", Some(&format!("pin={PIN}")));
    album.see(&device, "views.some", &at(&pep, "/views"));
    album.see(&device, "views.picture", &at(&pep, "/views/picture"));
    album.send_from(&device, "child.ended", "/views/3", "", &[("answer", "late")]);
}

fn own_device(album: &mut Album) {
    let (mut device, pep) = Device::idris(Role::YoungPerson);
    device.role = Role::SocialWorker;
    device.set(&pep, "child.dob", "2010-11-02");
    device.role = Role::YoungPerson;
    device.give(&pep);
    let private = &plan::bank().question("voice.keepPrivate").unwrap().label;
    album.see(&device, "child.private", &device.number(private));
    album.see(&device, "child.scale", &device.number("How safe do you feel?"));
    album.see(&device, "child.readers", "/views/readers");
    album.send_from(&device, "child.readers-refused", "/views/readers", "", &[]);
}
