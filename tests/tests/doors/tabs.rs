//! A page is made, another tab writes what its form would write over, and then the form is sent: what the other wrote stands, in the
//! plan or beside what came, or whoever sent the form is told.

use base64::{Engine, engine::general_purpose::STANDARD};
use participant::settings::ChildMode;
use plan::{Edit, Pep, PepType, Role};

use super::device::{Came, Device, Fields, section, word};

/// A form that meets another tab.
pub struct Tab {
    pub name: &'static str,
    /// The form.
    pub covers: &'static str,
    pub role: Role,
    pub process: &'static str,
    /// Which version of it the plan begins under.
    pub version: u32,
    pub given: fn(&Device, &Pep),
    /// Whether the device is with the child.
    pub with_child: bool,
    pub form: fn(&Device, &Pep) -> (String, Fields),
    /// What the other tab writes.
    pub other: fn(&Device, &Pep),
    /// What the plan says because of that, and says afterwards.
    pub stands: &'static str,
    pub then: Then,
}

/// What becomes of the form.
pub enum Then {
    /// It is written, and the plan says this because of it.
    Both(&'static str),
    /// It is not, and the page says this.
    Told(&'static str),
}

const SW: Role = Role::SocialWorker;
const DT: Role = Role::DesignatedTeacher;
const VS: Role = Role::VirtualSchoolOfficer;
const TARGET: &str = "1d2150aa-0001-4000-8000-00000000a001";
const ROW: &str = "1d2150aa-0001-4000-8000-00000000a002";
const CHANGED: Then = Then::Told("while you had this page open");

const BLANK: Tab = Tab {
    name: "",
    covers: "",
    role: SW,
    process: "sections",
    version: 3,
    given: |_, _| {},
    with_child: false,
    form: |_, _| (String::new(), Vec::new()),
    other: |_, _| {},
    stands: "",
    then: CHANGED,
};

/// Tries a row; what was lost, or is otherwise than the row says.
pub fn lost(device: &Device, row: &Tab) -> Option<String> {
    let pep = device.plan_of(row.process, row.version, PepType::Review);
    (row.given)(device, &pep);
    if row.with_child {
        device.give(&pep);
    }
    let (address, fields) = (row.form)(device, &pep);
    let held = device.held(&pep, &address);
    let before = device.show(&pep);
    (row.other)(device, &pep);
    let between = device.show(&pep);
    let sent = device.send(&address, &held, &fields);
    let after = device.show(&pep);
    device.app.with(|device| ChildMode::keep(device, None).unwrap()).unwrap();
    if before == between || !between.contains(row.stands) || before.contains(row.stands) {
        return Some(format!("the other tab did not write {:?}: {between}", row.stands));
    }
    match (&row.then, &sent) {
        _ if !after.contains(row.stands) => Some(format!("{:?} is lost: {sent:?}\n{after}", row.stands)),
        (Then::Both(own), Came::Done) if after.contains(own) => None,
        (Then::Told(says), Came::Not(_, shows)) if shows.contains(says) && after == between => None,
        _ => Some(format!("{sent:?}\n{after}")),
    }
}

fn fields<const N: usize>(fields: [(&str, &str); N]) -> Fields {
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn at(pep: &Pep, rest: &str) -> String {
    format!("/pep/{}{rest}", pep.id())
}

fn attendance(device: &Device, pep: &Pep) {
    let row = [("term", "Autumn 2025"), ("possible", "130"), ("attended", "121")];
    device.put(pep, DT, "attendance.terms", "autumn-2025", &row);
}

fn attended(device: &Device, pep: &Pep) {
    let row = [("term", "Autumn 2025"), ("attended", "77")];
    device.put(pep, DT, "attendance.terms", "autumn-2025", &row);
}

fn target(device: &Device, pep: &Pep) {
    device.target(pep, TARGET, &[("category", "academic"), ("area", "Essays"), ("statement", "Four paragraphs.")]);
    device.put(pep, DT, &format!("targets.list/{TARGET}/funds"), ROW, &[("item", "Tuition")]);
}

fn met(device: &Device, pep: &Pep) {
    device.set(pep, SW, "meeting.kind", "meeting");
}

/// A picture, another for each number.
fn picture(number: u8) -> String {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend([number; 16]);
    STANDARD.encode(bytes)
}

/// The child's page that asks this.
fn asked(device: &Device, words: &str) -> String {
    let mut pages = (1..40).map(|n| format!("/views/{n}"));
    pages.find(|page| device.get(page).1.contains(words)).unwrap_or_else(|| panic!("nothing asks {words}"))
}

/// Every row.
pub fn rows() -> Vec<Tab> {
    [answers(), tables(), whole()].into_iter().flatten().collect()
}

fn answers() -> Vec<Tab> {
    vec![
        Tab {
            name: "that an unlikely figure is right",
            covers: "POST /pep/*/checks",
            role: DT,
            given: |device, pep| {
                device.set(pep, DT, "setting.yearGroup", "10");
                device.set(pep, DT, "setting.fullTime", "yes");
                device.set(pep, DT, "setting.hoursOffered", "5");
            },
            form: |_, pep| (at(pep, "/checks"), fields([])),
            other: |device, pep| device.set(pep, DT, "setting.hoursOffered", "7"),
            stands: "\"setting.hoursOffered\":7",
            ..BLANK
        },
        Tab {
            name: "a choice",
            covers: "POST /pep/*/page/*/*",
            form: |_, pep| (section(pep, "care.placementCount"), fields([("care.placementCount", "3")])),
            other: |device, pep| device.set(pep, SW, "care.placementCount", "77"),
            stands: "\"care.placementCount\":77",
            ..BLANK
        },
        Tab {
            name: "a text",
            covers: "POST /pep/*/page/*/*",
            given: |device, pep| device.write(pep, SW, "care.story", "He cooks on Sundays. He sings."),
            form: |_, pep| (section(pep, "care.story"), fields([("care.story", "He cooks on Mondays. He sings.")])),
            other: |device, pep| device.write(pep, SW, "care.story", "He cooks on Sundays. He sings every day."),
            stands: "He sings every day.",
            then: Then::Both("He cooks on Mondays."),
            ..BLANK
        },
        Tab {
            name: "boxes to tick",
            covers: "POST /pep/*/page/*/*",
            form: |_, pep| (section(pep, "voice.method"), fields([("voice.method", "drawing")])),
            other: |device, pep| device.set(pep, SW, "voice.method", "wrote_it"),
            stands: "wrote_it",
            then: Then::Both("drawing"),
            ..BLANK
        },
        Tab {
            name: "an answer that is not asked for any more",
            covers: "POST /pep/*/page/*/*",
            given: |device, pep| device.set(pep, SW, "care.plannedMove", "yes"),
            form: |_, pep| {
                (
                    section(pep, "care.plannedMoveImpact"),
                    fields([("care.plannedMoveImpact", "He stays at his school.")]),
                )
            },
            other: |device, pep| device.set(pep, SW, "care.plannedMove", "no"),
            stands: "\"care.plannedMove\":false",
            then: Then::Told("This question is not asked any more"),
            ..BLANK
        },
        Tab {
            name: "a remark",
            covers: "POST /pep/*/comments/*",
            form: |_, pep| (at(pep, "/comments/care.story"), fields([("text", "Mine.")])),
            other: |device, pep| {
                let key = ROW.to_owned();
                let said = Edit::Comment { key, question: "care.story".into(), text: "Theirs.".into() };
                device.wrote(pep, SW, said);
            },
            stands: "Theirs.",
            then: Then::Both("Mine."),
            ..BLANK
        },
        Tab {
            name: "a choice between two answers that somebody made",
            covers: "POST /pep/*/choose/*",
            form: |_, pep| {
                let place = word(pep, "care.placementCount");
                (at(pep, &format!("/choose/{place}")), fields([("take", "3")]))
            },
            other: |device, pep| device.set(pep, SW, "care.placementCount", "77"),
            stands: "\"care.placementCount\":77",
            then: Then::Told("There is nothing to choose here now"),
            ..BLANK
        },
        Tab {
            name: "who sees the private words",
            covers: "POST /pep/*/views/readers",
            form: |_, pep| (at(pep, "/views/readers"), fields([("reader", "social-worker"), ("reader", "carer")])),
            other: |device, pep| {
                assert_eq!(device.pep(pep, &["private", "PEP", "--readers", "social-worker"]), Came::Done)
            },
            stands: "[SocialWorker, YoungPerson]",
            then: Then::Told("Somebody chose otherwise while you had this page open"),
            ..BLANK
        },
        Tab {
            name: "an earlier version restored",
            covers: "POST /pep/*/history/*/*/*",
            given: |device, pep| {
                device.set(pep, SW, "care.placementCount", "3");
                device.set(pep, SW, "care.placementCount", "4");
            },
            form: |device, pep| {
                let (_, html) = device.get(&at(pep, "/history/care.placementCount"));
                let mut links = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
                let link = links.find(|link| link.contains("/history/") && link.matches('/').count() == 6);
                (link.unwrap_or_else(|| panic!("{html}")).to_owned(), Vec::new())
            },
            other: |device, pep| device.set(pep, SW, "care.placementCount", "77"),
            stands: "\"care.placementCount\":77",
            ..BLANK
        },
    ]
}

fn tables() -> Vec<Tab> {
    vec![
        Tab {
            name: "a cell",
            covers: "POST /pep/*/table/*/*",
            role: DT,
            given: attendance,
            form: |_, pep| {
                let row = word(pep, "attendance.terms/autumn-2025");
                (at(pep, &format!("/table/attendance.terms/{row}")), fields([("attended", "96")]))
            },
            other: attended,
            stands: "\"attended\":77",
            ..BLANK
        },
        Tab {
            name: "a row that somebody added",
            covers: "POST /pep/*/table/*/*",
            role: DT,
            form: |_, pep| {
                (at(pep, "/table/attendance.terms/new"), fields([("term", "Autumn 2025"), ("attended", "96")]))
            },
            other: attended,
            stands: "\"attended\":77",
            then: Then::Told("There is a row for “Autumn 2025” already"),
            ..BLANK
        },
        Tab {
            name: "a row to be withdrawn",
            covers: "POST /pep/*/table/*/*/withdraw",
            role: DT,
            given: attendance,
            form: |_, pep| {
                let row = word(pep, "attendance.terms/autumn-2025");
                (at(pep, &format!("/table/attendance.terms/{row}/withdraw")), Vec::new())
            },
            other: attended,
            stands: "\"attended\":77",
            ..BLANK
        },
        Tab {
            name: "a field of a target",
            covers: "POST /pep/*/targets/*",
            role: DT,
            given: target,
            form: |_, pep| (at(pep, &format!("/targets/{TARGET}")), fields([("measure", "12/20")])),
            other: |device, pep| device.target(pep, TARGET, &[("measure", "14/20")]),
            stands: "14/20",
            ..BLANK
        },
        Tab {
            name: "a text of a target",
            covers: "POST /pep/*/targets/*",
            role: DT,
            given: target,
            form: |_, pep| (at(pep, &format!("/targets/{TARGET}")), fields([("statement", "Five paragraphs.")])),
            other: |device, pep| device.target(pep, TARGET, &[("statement", "Four paragraphs. In half an hour.")]),
            stands: "In half an hour.",
            then: Then::Both("Five paragraphs."),
            ..BLANK
        },
        Tab {
            name: "a target to be withdrawn",
            covers: "POST /pep/*/targets/*/withdraw",
            role: DT,
            given: target,
            form: |_, pep| (at(pep, &format!("/targets/{TARGET}/withdraw")), Vec::new()),
            other: |device, pep| device.target(pep, TARGET, &[("measure", "14/20")]),
            stands: "14/20",
            ..BLANK
        },
        Tab {
            name: "money",
            covers: "POST /pep/*/targets/*/*/*",
            role: DT,
            given: target,
            form: |_, pep| {
                let row = word(pep, &format!("targets.list/{TARGET}/funds/{ROW}"));
                (at(pep, &format!("/targets/{TARGET}/funds/{row}")), fields([("unitCost", "38.00")]))
            },
            other: |device, pep| {
                device.put(pep, DT, &format!("targets.list/{TARGET}/funds"), ROW, &[("unitCost", "77.00")]);
            },
            stands: "77.00",
            ..BLANK
        },
        Tab {
            name: "money to be withdrawn",
            covers: "POST /pep/*/targets/*/*/*/withdraw",
            role: DT,
            given: target,
            form: |_, pep| {
                let row = word(pep, &format!("targets.list/{TARGET}/funds/{ROW}"));
                (at(pep, &format!("/targets/{TARGET}/funds/{row}/withdraw")), Vec::new())
            },
            other: |device, pep| {
                device.put(pep, DT, &format!("targets.list/{TARGET}/funds"), ROW, &[("unitCost", "77.00")]);
            },
            stands: "77.00",
            ..BLANK
        },
    ]
}

fn whole() -> Vec<Tab> {
    vec![
        Tab {
            name: "the agenda",
            covers: "POST /pep/*/meeting",
            given: met,
            form: |_, pep| (at(pep, "/meeting"), Vec::new()),
            other: |device, pep| {
                device.put(pep, SW, "meeting.agenda", "wren-s-map", &[("item", "Wren's map"), ("minutes", "4")]);
            },
            stands: "Wren's map",
            then: Then::Both("\"minutes\":6"),
            ..BLANK
        },
        Tab {
            name: "I am the chair",
            covers: "POST /pep/*/meeting/live",
            given: met,
            form: |_, pep| (at(pep, "/meeting/live"), fields([("do", "chair")])),
            other: |device, pep| device.set(pep, SW, "meeting.chair", "Odile Marrowfield"),
            stands: "Odile Marrowfield",
            then: Then::Told("Somebody was named here while you had this page open"),
            ..BLANK
        },
        Tab {
            name: "who came",
            covers: "POST /pep/*/meeting/live",
            given: |device, pep| {
                met(device, pep);
                for (key, name) in [("carys-wexcombe", "Carys Wexcombe"), ("imelda-thackway", "Imelda Thackway")] {
                    device.put(pep, SW, "meeting.attendees", key, &[("person", name), ("role", "Carer")]);
                }
            },
            form: |_, pep| {
                let all =
                    ["carys-wexcombe", "imelda-thackway"].map(|key| word(pep, &format!("meeting.attendees/{key}")));
                let said = [("do", "here"), ("listed", &all[0]), ("listed", &all[1]), ("here", &all[0])];
                (at(pep, "/meeting/live"), fields(said))
            },
            other: |device, pep| {
                let came = [("person", "Imelda Thackway"), ("attended", "part")];
                device.put(pep, SW, "meeting.attendees", "imelda-thackway", &came);
            },
            stands: "\"attended\":\"part\"",
            then: Then::Both("\"attended\":\"all\""),
            ..BLANK
        },
        Tab {
            name: "the next day",
            covers: "POST /pep/*/meeting/live",
            role: VS,
            given: met,
            form: |_, pep| {
                let next = |part: &str| format!("meeting.nextDate-{part}");
                let (day, month, year) = (next("day"), next("month"), next("year"));
                (at(pep, "/meeting/live"), fields([("do", "next"), (&day, "4"), (&month, "6"), (&year, "2026")]))
            },
            other: |device, pep| device.set(pep, VS, "meeting.nextDate", "2026-07-07"),
            stands: "2026-07-07",
            ..BLANK
        },
        Tab {
            name: "a grade",
            covers: "POST /pep/*/quality",
            role: VS,
            process: "ten-page",
            form: |_, pep| (at(pep, "/quality"), fields([("grade-voice", "green")])),
            other: |device, pep| {
                device.put(pep, VS, "qa.areas", "voice", &[("area", "voice"), ("grade", "amber")]);
            },
            stands: "\"grade\":\"amber\"",
            ..BLANK
        },
        Tab {
            name: "a plan sent back",
            covers: "POST /pep/*/send-back",
            role: VS,
            process: "ten-page",
            form: |_, pep| (at(pep, "/send-back"), fields([("to", "social-worker"), ("what", "Mine.")])),
            other: |device, pep| {
                device.put(pep, VS, "qa.returnedFor", ROW, &[("owner", "designated-teacher"), ("what", "Theirs.")]);
            },
            stands: "Theirs.",
            then: Then::Both("Mine."),
            ..BLANK
        },
        Tab {
            name: "a plan moved to a newer version of its process",
            covers: "POST /pep/*/move",
            form: |_, pep| (at(pep, "/move"), fields([("version", "3")])),
            other: |device, pep| device.write(pep, SW, "care.story", "He cooks on Sundays."),
            stands: "He cooks on Sundays.",
            then: Then::Both("\"version\":3"),
            ..Tab { version: 1, ..BLANK }
        },
        Tab {
            name: "I have seen this plan",
            covers: "POST /pep/*/sign-off",
            role: Role::Carer,
            form: |_, pep| (at(pep, "/sign-off"), fields([("comment", "He is doing well.")])),
            other: |device, pep| device.write(pep, SW, "care.story", "He cooks on Sundays."),
            stands: "He cooks on Sundays.",
            then: Then::Told("The plan was changed while you had this page open"),
            ..BLANK
        },
        Tab {
            name: "the child does not want to answer",
            covers: "POST /views",
            role: Role::YoungPerson,
            with_child: true,
            form: |_, _| ("/views".to_owned(), fields([("go", "decline")])),
            other: |device, pep| device.set(pep, Role::YoungPerson, "voice.meetingChoice", "send_my_words"),
            stands: "send_my_words",
            then: Then::Both("\"voice.declined\":true"),
            ..BLANK
        },
        Tab {
            name: "the child's choice",
            covers: "POST /views/*",
            role: Role::YoungPerson,
            given: |device, pep| device.set(pep, DT, "setting.yearGroup", "10"),
            with_child: true,
            form: |device, pep| {
                let options = &pep.process().practice.voice.meeting_options;
                let mine = options.iter().find(|option| *option != "send_my_words").unwrap();
                let page = asked(device, "How I want to take part in the meeting");
                (page, fields([("answer", mine), ("go", "next")]))
            },
            other: |device, pep| device.set(pep, Role::YoungPerson, "voice.meetingChoice", "send_my_words"),
            stands: "send_my_words",
            then: Then::Told("Somebody just changed this"),
            ..BLANK
        },
        Tab {
            name: "the child's picture",
            covers: "POST /views/*",
            role: Role::YoungPerson,
            given: |device, pep| device.set(pep, DT, "setting.yearGroup", "10"),
            with_child: true,
            form: |device, _| {
                (asked(device, "My picture or photo"), fields([("picture", &picture(1)), ("go", "next")]))
            },
            other: |device, pep| device.set(pep, Role::YoungPerson, "voice.picture", &picture(2)),
            stands: "\"voice.picture\":{",
            then: Then::Told("Somebody just changed this"),
            ..BLANK
        },
        Tab {
            name: "the child's picture, put in by somebody else",
            covers: "POST /pep/*/picture",
            role: DT,
            given: |device, pep| device.set(pep, DT, "setting.yearGroup", "10"),
            form: |_, pep| (at(pep, "/picture"), fields([("file", &picture(1))])),
            other: |device, pep| device.set(pep, Role::YoungPerson, "voice.picture", &picture(2)),
            stands: "\"voice.picture\":{",
            ..BLANK
        },
        Tab {
            name: "whom the child lets see the private words",
            covers: "POST /views/readers",
            role: Role::YoungPerson,
            with_child: true,
            form: |_, _| ("/views/readers".to_owned(), fields([("reader", "social-worker"), ("reader", "carer")])),
            other: |device, pep| {
                assert_eq!(device.pep(pep, &["private", "PEP", "--readers", "social-worker"]), Came::Done)
            },
            stands: "[SocialWorker, YoungPerson]",
            then: Then::Told("Somebody just changed this"),
            ..BLANK
        },
    ]
}

/// Forms that write over nobody, and why.
pub const NOBODY_ELSE_S: &[(&str, &str)] = &[
    (
        "POST /children/*/new",
        "a plan that somebody has started in between is opened, and nothing of it is written over",
    ),
    ("POST /children/*/join", "the relay decides once, and says where somebody has decided already"),
    ("POST /pep/*/news", "says what was read; in the plan it writes nothing"),
    ("POST /pep/*/filing", "the relay decides once, and says what stands by then; in the plan it writes nothing"),
    ("POST /pep/*/views/give", "gives the device away; in the plan it writes nothing"),
    ("POST /views/leave", "takes the device back; in the plan it writes nothing"),
    ("POST /views/**", "the child's pages have ended: says so, and writes nothing"),
    ("POST /sync", "shares what is written; writes nothing"),
    ("POST /held/*/*", "the relay decides once, and says where somebody has decided already"),
    ("POST /settings", "how this device's own pages look; nobody else's"),
    ("POST /settings/pin", "this device's own PIN, and asks for the present one"),
    ("POST /lock", "locks this device's pages"),
    ("POST /unlock", "unlocks this device's pages; a form that waited goes through its own row"),
];
