//! The rows: what stands before, a command, a form, and what both come to.

use plan::{Edit, Pep, PepType, Role, Term};

use super::device::{Device, Fields, OWNER, section, word};

/// A use case, and both ways to it.
pub struct Row {
    pub name: &'static str,
    /// The edits, use cases, commands and forms that it goes through.
    pub covers: &'static [&'static str],
    pub role: Role,
    pub process: &'static str,
    /// Which version of it the plan begins under.
    pub version: u32,
    pub kind: PepType,
    pub given: fn(&Device, &Pep),
    pub command: fn(&Pep) -> Vec<String>,
    pub form: fn(&Pep) -> (String, Fields),
    pub then: Then,
}

/// What both come to.
pub enum Then {
    Done,
    SoAlready,
    /// A command ends with this code and says this, a page shows this.
    Refused {
        code: u16,
        command: &'static str,
        page: &'static str,
    },
}

const SW: Role = Role::SocialWorker;
const DT: Role = Role::DesignatedTeacher;
const VS: Role = Role::VirtualSchoolOfficer;
const TARGET: &str = "1d2150aa-0001-4000-8000-00000000a001";
const ROW: &str = "1d2150aa-0001-4000-8000-00000000a002";

const BLANK: Row = Row {
    name: "",
    covers: &[],
    role: SW,
    process: "sections",
    version: 3,
    kind: PepType::Review,
    given: |_, _| {},
    command: |_| Vec::new(),
    form: |_| (String::new(), Vec::new()),
    then: Then::Done,
};

/// The same words by both doors.
const fn refused(code: u16, words: &'static str) -> Then {
    Then::Refused { code, command: words, page: words }
}

const fn refused_each(code: u16, command: &'static str, page: &'static str) -> Then {
    Then::Refused { code, command, page }
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).into()
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

fn target(device: &Device, pep: &Pep) {
    device.target(pep, TARGET, &[("category", "academic"), ("area", "Essays"), ("statement", "Four paragraphs")]);
}

fn graded(device: &Device, pep: &Pep) {
    for area in &pep.process().practice.qa.areas {
        device.put(pep, VS, "qa.areas", &area.id, &[("area", &area.id), ("grade", "green")]);
    }
}

fn met(device: &Device, pep: &Pep) {
    device.set(pep, SW, "meeting.kind", "meeting");
}

fn autumn(device: &Device, pep: &Pep) {
    let before = Pep { term: Term::Autumn, ..pep.clone() };
    device.start(&before);
    let agreed = [("area", "Essays"), ("statement", "Four paragraphs"), ("status", "agreed")];
    device.target(&before, TARGET, &agreed);
    met(device, pep);
}

/// Every row.
pub fn rows() -> Vec<Row> {
    [answers(), disputes(), tables(), targets(), meetings(), quality(), whole()].into_iter().flatten().collect()
}

fn answers() -> Vec<Row> {
    vec![
        Row {
            name: "yes or no",
            covers: &["Edit::Choose", "answers::give", "answers::given", "pep set", "POST /pep/*/page/*/*"],
            command: |_| words(["set", "PEP", "transfer.needed", "yes"]),
            form: |pep| (section(pep, "transfer.needed"), fields([("transfer.needed", "yes")])),
            ..BLANK
        },
        Row {
            name: "a day",
            command: |_| words(["set", "PEP", "child.dob", "2010-11-02"]),
            form: |pep| {
                let day = [("child.dob-day", "2"), ("child.dob-month", "11"), ("child.dob-year", "2010")];
                (section(pep, "child.dob"), fields(day))
            },
            ..BLANK
        },
        Row {
            name: "a day that is none",
            command: |_| words(["set", "PEP", "child.dob", "2010-02-31"]),
            form: |pep| {
                let day = [("child.dob-day", "31"), ("child.dob-month", "2"), ("child.dob-year", "2010")];
                (section(pep, "child.dob"), fields(day))
            },
            then: refused_each(2, "child.dob takes a day that exists", "“Date of birth” must be a real date"),
            ..BLANK
        },
        Row {
            name: "a day before the child was born",
            given: |device, pep| device.set(pep, SW, "child.dob", "2010-11-02"),
            command: |_| words(["set", "PEP", "care.legalStatusSince", "2009-01-01"]),
            form: |pep| {
                let id = "care.legalStatusSince";
                let day = [("day", "1"), ("month", "1"), ("year", "2009")];
                (section(pep, id), day.map(|(part, value)| (format!("{id}-{part}"), value.to_owned())).into())
            },
            then: refused_each(
                2,
                "care.legalStatusSince is a day after the child was born",
                "is a day after the child was born",
            ),
            ..BLANK
        },
        Row {
            name: "a choice",
            command: |_| words(["set", "PEP", "care.legalStatus", "C2"]),
            form: |pep| (section(pep, "care.legalStatus"), fields([("care.legalStatus", "C2")])),
            ..BLANK
        },
        Row {
            name: "a choice that is none",
            command: |_| words(["set", "PEP", "care.legalStatus", "zzz"]),
            form: |pep| (section(pep, "care.legalStatus"), fields([("care.legalStatus", "zzz")])),
            then: refused_each(
                2,
                "care.legalStatus takes one of: C1",
                "Choose an answer from the list for “Legal status”",
            ),
            ..BLANK
        },
        Row {
            name: "several choices",
            command: |_| words(["set", "PEP", "voice.method", "wrote_it, drawing"]),
            form: |pep| {
                (section(pep, "voice.method"), fields([("voice.method", "wrote_it"), ("voice.method", "drawing")]))
            },
            ..BLANK
        },
        Row {
            name: "several choices of which one is none",
            command: |_| words(["set", "PEP", "voice.method", "wrote_it, zzz"]),
            form: |pep| (section(pep, "voice.method"), fields([("voice.method", "wrote_it"), ("voice.method", "zzz")])),
            then: refused_each(2, "voice.method takes any of these", "“How my views were gathered” takes any of these"),
            ..BLANK
        },
        Row {
            name: "a number",
            command: |_| words(["set", "PEP", "care.placementCount", "3"]),
            form: |pep| (section(pep, "care.placementCount"), fields([("care.placementCount", "3")])),
            ..BLANK
        },
        Row {
            name: "a number that is none",
            command: |_| words(["set", "PEP", "care.placementCount", "three"]),
            form: |pep| (section(pep, "care.placementCount"), fields([("care.placementCount", "three")])),
            then: refused_each(2, "takes a number such as", "must be a number"),
            ..BLANK
        },
        Row {
            name: "a name",
            command: |_| words(["set", "PEP", "people.socialWorker", "Odile Marrowfield"]),
            form: |pep| (section(pep, "people.socialWorker"), fields([("people.socialWorker", "Odile Marrowfield")])),
            ..BLANK
        },
        Row {
            name: "a line of text",
            command: |_| words(["set", "PEP", "child.preferredName", "Idris F"]),
            form: |pep| (section(pep, "child.preferredName"), fields([("child.preferredName", "Idris F")])),
            ..BLANK
        },
        Row {
            name: "an answer taken away",
            covers: &["Edit::Clear"],
            given: |device, pep| device.set(pep, SW, "people.socialWorker", "Odile Marrowfield"),
            command: |_| words(["set", "PEP", "people.socialWorker", "--clear"]),
            form: |pep| (section(pep, "people.socialWorker"), fields([("people.socialWorker", "")])),
            ..BLANK
        },
        Row {
            name: "what is so already",
            given: |device, pep| device.set(pep, SW, "transfer.needed", "yes"),
            command: |_| words(["set", "PEP", "transfer.needed", "yes"]),
            form: |pep| (section(pep, "transfer.needed"), fields([("transfer.needed", "yes")])),
            then: Then::SoAlready,
            ..BLANK
        },
        Row {
            name: "an answer that is somebody else's to give",
            role: Role::Carer,
            command: |_| words(["set", "PEP", "transfer.needed", "yes"]),
            form: |pep| (section(pep, "transfer.needed"), fields([("transfer.needed", "yes")])),
            then: refused_each(
                3,
                "transfer.needed is not yours to write; ask the social worker",
                "It is for the social worker",
            ),
            ..BLANK
        },
        Row {
            name: "an answer that is not asked for",
            role: VS,
            command: |_| words(["set", "PEP", "setting.partTimeAgreedByVS", "yes"]),
            form: |pep| {
                let id = "setting.partTimeAgreedByVS";
                (section(pep, id), fields([(id, "yes")]))
            },
            then: refused_each(1, "is not asked at present", "This question is not asked any more"),
            ..BLANK
        },
        Row {
            name: "an answer in a plan that is sealed",
            kind: PepType::Closing,
            given: |device, pep| device.seal(pep),
            command: |_| words(["set", "PEP", "transfer.needed", "yes"]),
            form: |pep| (section(pep, "transfer.needed"), fields([("transfer.needed", "yes")])),
            then: refused(3, "the closing PEP is signed off and sealed"),
            ..BLANK
        },
        Row {
            name: "why there is no answer",
            covers: &["Edit::Excuse"],
            command: |_| {
                words([
                    "set",
                    "PEP",
                    "care.permanencePlan",
                    "--none",
                    "not-known",
                    "--reason",
                    "The file is on its way.",
                ])
            },
            form: |pep| {
                let id = "care.permanencePlan";
                let said = [
                    ("care.permanencePlan~why", "not-known"),
                    ("care.permanencePlan~reason", "The file is on its way."),
                ];
                (section(pep, id), fields(said))
            },
            ..BLANK
        },
        Row {
            name: "why there is no answer, taken back",
            given: |device, pep| {
                let excuse = Some((plan::NoAnswer::NotKnown, "The file is on its way.".to_owned()));
                device.wrote(pep, SW, Edit::Excuse { question: "care.permanencePlan".into(), excuse });
            },
            command: |_| words(["set", "PEP", "care.permanencePlan", "--clear"]),
            form: |pep| (section(pep, "care.permanencePlan"), fields([("care.permanencePlan~why", "~none")])),
            ..BLANK
        },
        Row {
            name: "a text",
            covers: &["Edit::Rewrite", "answers::write", "answers::written", "pep write"],
            given: |device, pep| device.write(pep, SW, "care.story", "He cooks on Sundays."),
            command: |_| words(["write", "PEP", "care.story", "He cooks on Mondays."]),
            form: |pep| (section(pep, "care.story"), fields([("care.story", "He cooks on Mondays.")])),
            ..BLANK
        },
        Row {
            name: "a text of somebody else's",
            role: DT,
            command: |_| words(["write", "PEP", "care.story", "He cooks."]),
            form: |pep| (section(pep, "care.story"), fields([("care.story", "He cooks.")])),
            then: refused_each(
                3,
                "care.story is not yours to write; ask the social worker",
                "It is for the social worker",
            ),
            ..BLANK
        },
        Row {
            name: "a remark",
            covers: &["Edit::Comment", "comments::comment", "comments::leave", "pep comment", "POST /pep/*/comments/*"],
            role: Role::Carer,
            command: |_| words(["comment", "PEP", "care.story", " He sings, too. "]),
            form: |pep| (at(pep, "/comments/care.story"), fields([("text", " He sings, too. ")])),
            ..BLANK
        },
        Row {
            name: "a remark that says nothing",
            command: |_| words(["comment", "PEP", "care.story", "  "]),
            form: |pep| (at(pep, "/comments/care.story"), fields([("text", "  ")])),
            then: refused_each(2, "care.story takes a comment of a few words", "Enter a comment"),
            ..BLANK
        },
        Row {
            name: "confirming what came from the last PEP",
            covers: &["Edit::Confirm", "answers::confirm", "answers::confirmed", "pep confirm"],
            given: |device, pep| {
                device.set(pep, SW, "care.legalStatus", "C2");
                let carry = Edit::Carry { question: "care.legalStatus".into(), text: None, ask: true };
                device.wrote(pep, SW, carry);
            },
            command: |_| words(["confirm", "PEP", "care.legalStatus"]),
            form: |pep| (section(pep, "care.legalStatus"), fields([("care.legalStatus~confirm", "yes")])),
            ..BLANK
        },
        Row {
            name: "saying that an unlikely figure is right",
            covers: &["answers::sure", "POST /pep/*/checks"],
            role: DT,
            given: |device, pep| {
                device.set(pep, DT, "setting.yearGroup", "10");
                device.set(pep, DT, "setting.fullTime", "yes");
                device.set(pep, DT, "setting.hoursOffered", "5");
            },
            command: |_| words(["confirm", "PEP", "setting.hoursOffered"]),
            form: |pep| (at(pep, "/checks"), fields([])),
            ..BLANK
        },
        Row {
            name: "a figure that cannot be",
            role: DT,
            command: |_| {
                words(["row", "add", "PEP", "attendance.terms", "term=Spring 2026", "possible=10", "attended=20"])
            },
            form: |pep| {
                let cells = [("term", "Spring 2026"), ("possible", "10"), ("attended", "20")];
                (at(pep, "/table/attendance.terms/new"), fields(cells))
            },
            then: refused_each(
                2,
                "attendance.terms/attended is more than the possible sessions",
                "is more than the possible sessions",
            ),
            ..BLANK
        },
        Row {
            name: "who sees the private words",
            covers: &["pep private", "POST /pep/*/views/readers"],
            command: |_| words(["private", "PEP", "--readers", "social-worker"]),
            form: |pep| (at(pep, "/views/readers"), fields([("reader", "social-worker")])),
            ..BLANK
        },
        Row {
            name: "who sees the private words: nobody",
            command: |_| words(["private", "PEP", "--readers", "young-person"]),
            form: |pep| (at(pep, "/views/readers"), fields([])),
            then: refused_each(2, "", "Choose at least one adult"),
            ..BLANK
        },
    ]
}

/// Two social workers said what the legal status is, apart from one another; the number of the answer is 1 for the colleague's.
fn apart(device: &Device, pep: &Pep) {
    device.set(pep, SW, "transfer.needed", "yes");
    device.set(pep, SW, LEGAL, "C2");
    device.heard(pep, 41, SW, &[legal("C1")]);
}

const LEGAL: &str = "care.legalStatus";

fn legal(word: &str) -> Edit {
    Edit::Choose { question: LEGAL.into(), value: plan::parse_value(LEGAL, word).unwrap() }
}

/// Takes one of the answers, by what it says.
fn choosing(pep: &Pep, says: &str) -> (String, Fields) {
    let take = word(pep, &format!("take/{says}"));
    (at(pep, &format!("/choose/{}", word(pep, LEGAL))), fields([("take", take.as_str())]))
}

fn disputes() -> Vec<Row> {
    vec![
        Row {
            name: "a colleague's answer of two",
            covers: &["Edit::Resolve", "conflicts::take", "conflicts::taken", "pep resolve", "POST /pep/*/choose/*"],
            given: apart,
            command: |_| words(["resolve", "PEP", LEGAL, "--take", "1"]),
            form: |pep| choosing(pep, "C1"),
            ..BLANK
        },
        Row {
            name: "one's own answer of two",
            given: apart,
            command: |_| words(["resolve", "PEP", LEGAL, "--take", "2"]),
            form: |pep| choosing(pep, "C2"),
            ..BLANK
        },
        Row {
            name: "an answer that nobody gave",
            given: apart,
            command: |_| words(["resolve", "PEP", LEGAL, "--take", "3"]),
            form: |pep| choosing(pep, "C3"),
            then: refused_each(2, "There is no answer number 3 there", "Choose which answer is right"),
            ..BLANK
        },
        Row {
            name: "a choice that is another's to make",
            role: DT,
            given: |device, pep| {
                device.heard(pep, 41, SW, &[legal("C1")]);
                // Not their first word, so that the order of the two is the same in every plan.
                let before = Edit::Choose { question: "transfer.needed".into(), value: plan::Value::YesNo(true) };
                device.heard(pep, 42, SW, &[before, legal("C2")]);
            },
            command: |_| words(["resolve", "PEP", LEGAL, "--take", "1"]),
            form: |pep| choosing(pep, "C1"),
            then: refused_each(3, "is not yours to write; ask the social worker", "the social worker"),
            ..BLANK
        },
        Row {
            name: "a choice where nothing is disputed",
            given: |device, pep| device.set(pep, SW, LEGAL, "C2"),
            command: |_| words(["resolve", "PEP", LEGAL, "--take", "1"]),
            form: |pep| choosing(pep, "C2"),
            then: refused_each(1, "disagree", "There is nothing to choose here now"),
            ..BLANK
        },
    ]
}

fn tables() -> Vec<Row> {
    vec![
        Row {
            name: "a row that is known by what is in it",
            covers: &["Edit::PutRow", "rows::add", "rows::added", "pep row add", "POST /pep/*/table/*/*"],
            role: DT,
            command: |_| {
                words(["row", "add", "PEP", "attendance.terms", "term=Autumn 2025", "possible=130", "attended=121"])
            },
            form: |pep| {
                let cells = [("term", "Autumn 2025"), ("possible", "130"), ("attended", "121")];
                (at(pep, "/table/attendance.terms/new"), fields(cells))
            },
            ..BLANK
        },
        Row {
            name: "a row that is there already",
            role: DT,
            given: attendance,
            command: |_| {
                words(["row", "add", "PEP", "attendance.terms", "term=Autumn 2025", "possible=20", "attended=10"])
            },
            form: |pep| {
                let cells = [("term", "Autumn 2025"), ("possible", "20"), ("attended", "10")];
                (at(pep, "/table/attendance.terms/new"), fields(cells))
            },
            then: refused_each(1, "There is a row for that already", "There is a row for “Autumn 2025” already"),
            ..BLANK
        },
        Row {
            name: "a row in which nothing is said",
            role: DT,
            command: |_| words(["row", "add", "PEP", "attendance.terms", "possible="]),
            form: |pep| (at(pep, "/table/attendance.terms/new"), fields([("term", ""), ("possible", "")])),
            then: refused_each(2, "Enter at least one thing", "Enter at least one thing"),
            ..BLANK
        },
        Row {
            name: "a row without what it is known by",
            role: DT,
            command: |_| words(["row", "add", "PEP", "attendance.terms", "possible=130"]),
            form: |pep| (at(pep, "/table/attendance.terms/new"), fields([("possible", "130")])),
            then: refused_each(1, "is known by term", "Enter “Term”: the row is known by it"),
            ..BLANK
        },
        Row {
            name: "a cell that is no number",
            role: DT,
            command: |_| words(["row", "add", "PEP", "attendance.terms", "term=Autumn 2025", "possible=lots"]),
            form: |pep| {
                (at(pep, "/table/attendance.terms/new"), fields([("term", "Autumn 2025"), ("possible", "lots")]))
            },
            then: refused_each(2, "takes a number such as", "must be a number"),
            ..BLANK
        },
        Row {
            name: "a row of somebody else's table",
            command: |_| words(["row", "add", "PEP", "attendance.terms", "term=Autumn 2025", "possible=130"]),
            form: |pep| {
                (at(pep, "/table/attendance.terms/new"), fields([("term", "Autumn 2025"), ("possible", "130")]))
            },
            then: refused_each(3, "attendance.terms is not yours to write", "for the designated teacher"),
            ..BLANK
        },
        Row {
            name: "a cell changed and one emptied",
            covers: &["rows::change", "rows::changed", "pep row set"],
            role: DT,
            given: attendance,
            command: |_| words(["row", "set", "PEP", "attendance.terms", "autumn", "attended=96", "possible="]),
            form: |pep| {
                let row = word(pep, "attendance.terms/autumn-2025");
                (at(pep, &format!("/table/attendance.terms/{row}")), fields([("attended", "96"), ("possible", "")]))
            },
            ..BLANK
        },
        Row {
            name: "a row withdrawn",
            covers: &[
                "Edit::WithdrawRow",
                "rows::withdraw",
                "rows::withdrawn",
                "pep row withdraw",
                "POST /pep/*/table/*/*/withdraw",
            ],
            role: DT,
            given: attendance,
            command: |_| words(["row", "withdraw", "PEP", "attendance.terms", "autumn"]),
            form: |pep| {
                let row = word(pep, "attendance.terms/autumn-2025");
                (at(pep, &format!("/table/attendance.terms/{row}/withdraw")), fields([]))
            },
            ..BLANK
        },
        Row {
            name: "a withdrawn row brought back",
            role: DT,
            given: |device, pep| {
                attendance(device, pep);
                let withdrawn = Edit::WithdrawRow { question: "attendance.terms".into(), key: "autumn-2025".into() };
                device.wrote(pep, DT, withdrawn);
            },
            command: |_| words(["row", "set", "PEP", "attendance.terms", "autumn", "attended=96"]),
            form: |pep| {
                let row = word(pep, "attendance.terms/autumn-2025");
                (at(pep, &format!("/table/attendance.terms/{row}")), fields([("attended", "96")]))
            },
            ..BLANK
        },
    ]
}

fn funded(cost: &str) -> (Vec<String>, Fields) {
    let cells = [("item", "Tuition"), ("unitCost", cost), ("quantity", "8")];
    let words = words(["target", "fund", "PEP", TARGET]).into_iter();
    let words = words.chain(cells.iter().map(|(column, value)| format!("{column}={value}"))).collect();
    (words, fields(cells))
}

fn funds(pep: &Pep, cost: &str) -> (String, Fields) {
    (at(pep, &format!("/targets/{TARGET}/funds/new")), funded(cost).1)
}

fn targets() -> Vec<Row> {
    let money = |name, given: fn(&Device, &Pep), command, form, then| Row {
        name,
        covers: &[],
        role: DT,
        given,
        command,
        form,
        then,
        ..BLANK
    };
    let no_money = || refused_each(2, "takes an amount in pounds and pence", "must be an amount of money");
    vec![
        Row {
            name: "a target",
            covers: &["Edit::PutTarget", "targets::add", "targets::added", "pep target add", "POST /pep/*/targets/*"],
            role: DT,
            command: |_| {
                words(["target", "add", "PEP", "category=academic", "area=Essays", "statement=Four paragraphs"])
            },
            form: |pep| {
                let said = [("category", "academic"), ("area", "Essays"), ("statement", "Four paragraphs")];
                (at(pep, "/targets/new"), fields(said))
            },
            ..BLANK
        },
        Row {
            name: "a target of which nothing is said",
            role: DT,
            command: |_| words(["target", "add", "PEP", "area="]),
            form: |pep| (at(pep, "/targets/new"), fields([("area", "")])),
            then: refused_each(2, "Enter at least one thing", "Enter at least one thing"),
            ..BLANK
        },
        Row {
            name: "a target of somebody who sets none",
            command: |_| words(["target", "add", "PEP", "area=Essays"]),
            form: |pep| (at(pep, "/targets/new"), fields([("area", "Essays")])),
            then: refused_each(3, "targets.list is not yours to write", "for the designated teacher"),
            ..BLANK
        },
        Row {
            name: "a field of a target",
            covers: &["targets::change", "targets::changed", "pep target set"],
            role: DT,
            given: target,
            command: |_| words(["target", "set", "PEP", TARGET, "measure=12/20, twice", "dueDate=2026-05-22"]),
            form: |pep| {
                let due = [("dueDate-day", "22"), ("dueDate-month", "5"), ("dueDate-year", "2026")];
                let all = [&fields(due)[..], &fields([("measure", "12/20, twice")])].concat();
                (at(pep, &format!("/targets/{TARGET}")), all)
            },
            ..BLANK
        },
        Row {
            name: "a choice of a target that is none",
            role: DT,
            given: target,
            command: |_| words(["target", "set", "PEP", TARGET, "category=zzz"]),
            form: |pep| (at(pep, &format!("/targets/{TARGET}")), fields([("category", "zzz")])),
            then: refused_each(2, "takes one of: academic", "Choose an answer from the list"),
            ..BLANK
        },
        Row {
            name: "a text in a target",
            role: DT,
            given: target,
            command: |_| words(["write", "PEP", &format!("targets.list/{TARGET}/statement"), "Five paragraphs"]),
            form: |pep| (at(pep, &format!("/targets/{TARGET}")), fields([("statement", "Five paragraphs")])),
            ..BLANK
        },
        Row {
            name: "a target withdrawn",
            covers: &[
                "Edit::WithdrawTarget",
                "targets::withdraw",
                "targets::withdrawn",
                "pep target withdraw",
                "POST /pep/*/targets/*/withdraw",
            ],
            role: DT,
            given: target,
            command: |_| words(["target", "withdraw", "PEP", TARGET]),
            form: |pep| (at(pep, &format!("/targets/{TARGET}/withdraw")), fields([])),
            ..BLANK
        },
        Row {
            name: "a withdrawn target brought back",
            role: DT,
            given: |device, pep| {
                target(device, pep);
                device.wrote(pep, DT, Edit::WithdrawTarget { key: TARGET.into() });
            },
            command: |_| words(["target", "set", "PEP", TARGET, "area=Stories"]),
            form: |pep| (at(pep, &format!("/targets/{TARGET}")), fields([("area", "Stories")])),
            ..BLANK
        },
        Row {
            covers: &["pep target fund", "POST /pep/*/targets/*/*/*"],
            ..money("money", target, |_| funded("1,250.00").0, |pep| funds(pep, "1,250.00"), Then::Done)
        },
        money("money with a comma for a point", target, |_| funded("12,50").0, |pep| funds(pep, "12,50"), no_money()),
        money("money with half a comma", target, |_| funded("1,5").0, |pep| funds(pep, "1,5"), no_money()),
        Row {
            name: "a row of a target withdrawn",
            covers: &["POST /pep/*/targets/*/*/*/withdraw"],
            role: DT,
            given: |device, pep| {
                target(device, pep);
                device.put(pep, DT, &format!("targets.list/{TARGET}/funds"), ROW, &[("item", "Tuition")]);
            },
            command: |_| words(["row", "withdraw", "PEP", &format!("targets.list/{TARGET}/funds"), ROW]),
            form: |pep| {
                let row = word(pep, &format!("targets.list/{TARGET}/funds/{ROW}"));
                (at(pep, &format!("/targets/{TARGET}/funds/{row}/withdraw")), fields([]))
            },
            ..BLANK
        },
        Row {
            name: "how a target of the last PEP went",
            covers: &["targets::review", "targets::reviewed", "pep target review", "POST /pep/*/meeting/live"],
            role: DT,
            given: autumn,
            command: |_| words(["target", "review", "PEP", TARGET, "result=partly", "evidence=3 paragraphs"]),
            form: |pep| {
                let target = word(pep, &format!("targets.review/{TARGET}"));
                let (result, evidence) = (format!("result~{target}"), format!("evidence~{target}"));
                let said = [("do", "review"), ("target", &target), (&result, "partly"), (&evidence, "3 paragraphs")];
                (at(pep, "/meeting/live"), fields(said))
            },
            ..BLANK
        },
        Row {
            name: "a target agreed",
            covers: &["targets::agreed"],
            role: DT,
            given: |device, pep| {
                met(device, pep);
                target(device, pep);
            },
            command: |_| words(["target", "set", "PEP", TARGET, "status=agreed"]),
            form: |pep| (at(pep, "/meeting/live"), fields([("do", "agree"), ("target", TARGET)])),
            ..BLANK
        },
        Row {
            name: "an idea",
            role: DT,
            given: met,
            command: |_| words(["target", "add", "PEP", "statement=Four paragraphs", "status=idea"]),
            form: |pep| (at(pep, "/meeting/live"), fields([("do", "idea"), ("statement", "Four paragraphs")])),
            ..BLANK
        },
    ]
}

fn meetings() -> Vec<Row> {
    let on_paper = || refused(3, "This process reviews this PEP in a meeting, not on paper");
    vec![
        Row {
            name: "a review on paper, arranged",
            covers: &["pep meeting", "meeting::arrange"],
            command: |_| words(["meeting", "PEP", "--kind", "desk-review"]),
            form: |pep| (section(pep, "meeting.kind"), fields([("meeting.kind", "desk_review")])),
            then: on_paper(),
            ..BLANK
        },
        Row {
            name: "a review on paper, answered",
            command: |_| words(["set", "PEP", "meeting.kind", "desk_review"]),
            form: |pep| (section(pep, "meeting.kind"), fields([("meeting.kind", "desk_review")])),
            then: on_paper(),
            ..BLANK
        },
        Row {
            name: "a meeting",
            command: |_| words(["meeting", "PEP", "--kind", "meeting"]),
            form: |pep| (section(pep, "meeting.kind"), fields([("meeting.kind", "meeting")])),
            ..BLANK
        },
        Row {
            name: "I am the chair",
            covers: &["meeting::said"],
            given: met,
            command: |_| words(["meeting", "PEP", "--chair", OWNER]),
            form: |pep| (at(pep, "/meeting/live"), fields([("do", "chair")])),
            ..BLANK
        },
        Row {
            name: "somebody came",
            given: |device, pep| {
                met(device, pep);
                let row = [("person", "Carys Wexcombe"), ("role", "Carer"), ("invited", "yes")];
                device.put(pep, SW, "meeting.attendees", "carys-wexcombe", &row);
            },
            command: |_| words(["meeting", "PEP", "--attended", "Carys=all"]),
            form: |pep| {
                let row = word(pep, "meeting.attendees/carys-wexcombe");
                (at(pep, "/meeting/live"), fields([("do", "here"), ("listed", &row), ("here", &row)]))
            },
            ..BLANK
        },
        Row {
            name: "somebody is invited",
            covers: &["meeting::listed"],
            command: |_| words(["meeting", "PEP", "--invite", "Carys Wexcombe=Carer"]),
            form: |pep| {
                let said = [("person", "Carys Wexcombe"), ("role", "Carer"), ("invited", "yes")];
                (at(pep, "/table/meeting.attendees/new"), fields(said))
            },
            ..BLANK
        },
        Row {
            name: "an action",
            covers: &["meeting::acted"],
            given: met,
            command: |_| words(["meeting", "PEP", "--action", "A quiet place at lunch", "--who", "Odile Marrowfield"]),
            form: |pep| {
                let said =
                    [("do", "action"), ("action", "A quiet place at lunch"), ("person-other", "Odile Marrowfield")];
                (at(pep, "/meeting/live"), fields(said))
            },
            ..BLANK
        },
        Row {
            name: "an action that says nothing",
            given: met,
            command: |_| words(["meeting", "PEP", "--action", " "]),
            form: |pep| (at(pep, "/meeting/live"), fields([("do", "action"), ("action", " ")])),
            then: refused_each(2, "there is nothing to add", "Enter what will be done"),
            ..BLANK
        },
        Row {
            name: "an action that has been done",
            covers: &["meeting::done"],
            given: |device, pep| {
                met(device, pep);
                device.put(pep, SW, "meeting.actions", ROW, &[("action", "A quiet place"), ("status", "open")]);
            },
            command: |_| words(["meeting", "PEP", "--action-done", ROW]),
            form: |pep| {
                let row = word(pep, &format!("meeting.actions/{ROW}"));
                (at(pep, "/meeting/live"), fields([("do", "done"), ("row", &row)]))
            },
            ..BLANK
        },
        Row {
            name: "the meeting has been held, and how the child took part",
            covers: &["meeting::held"],
            given: met,
            command: |_| words(["meeting", "PEP", "--held", "--child-part", "part"]),
            form: |pep| (at(pep, "/meeting/live"), fields([("do", "held"), ("meeting.childPart", "part")])),
            ..BLANK
        },
        Row {
            name: "how the child took part in a way that is none",
            given: met,
            command: |_| words(["meeting", "PEP", "--child-part", "zzz"]),
            form: |pep| (at(pep, "/meeting/live"), fields([("do", "held"), ("meeting.childPart", "zzz")])),
            then: refused_each(2, "meeting.childPart takes one of: all", "Choose an answer from the list"),
            ..BLANK
        },
        Row {
            name: "the next day",
            role: VS,
            given: met,
            command: |_| words(["meeting", "PEP", "--next-date", "2026-06-04", "--next-time", "13:30, Larkrise"]),
            form: |pep| {
                let next = |part: &str| format!("meeting.nextDate-{part}");
                let (day, month, year) = (next("day"), next("month"), next("year"));
                let said = [("do", "next"), (&day, "4"), (&month, "6"), (&year, "2026")];
                let all = [&fields(said)[..], &fields([("meeting.nextTime", "13:30, Larkrise")])].concat();
                (at(pep, "/meeting/live"), all)
            },
            ..BLANK
        },
        Row {
            name: "the agenda",
            covers: &["POST /pep/*/meeting"],
            given: met,
            command: |_| words(["meeting", "PEP", "--agenda"]),
            form: |pep| (at(pep, "/meeting"), fields([])),
            ..BLANK
        },
        Row {
            name: "the agenda, by somebody who writes none",
            role: Role::Carer,
            given: met,
            command: |_| words(["meeting", "PEP", "--agenda"]),
            form: |pep| (at(pep, "/meeting"), fields([])),
            then: refused_each(3, "is not yours to write", "The agenda is for the social worker"),
            ..BLANK
        },
    ]
}

fn quality() -> Vec<Row> {
    let checked = Row { role: VS, process: "ten-page", ..BLANK };
    vec![
        Row {
            name: "a grade of an area",
            covers: &["quality::grade", "quality::area", "pep quality", "POST /pep/*/quality"],
            command: |_| words(["quality", "PEP", "voice", "green", "--comment", "His own words."]),
            form: |pep| (at(pep, "/quality"), fields([("grade-voice", "green"), ("comment-voice", "His own words.")])),
            ..checked
        },
        Row {
            name: "a grade of an area that is none",
            command: |_| words(["quality", "PEP", "voice", "zzz"]),
            form: |pep| (at(pep, "/quality"), fields([("grade-voice", "zzz")])),
            then: refused_each(2, "qa.areas/grade takes one of: gold, green", "“Grade” takes one of: gold, green"),
            ..Row { role: VS, process: "ten-page", ..BLANK }
        },
        Row {
            name: "an overall grade without a reason",
            given: graded,
            command: |_| words(["quality", "PEP", "overall", "amber"]),
            form: |pep| (at(pep, "/quality"), fields([("qa.overall", "amber")])),
            then: refused(2, "The overall grade is another than the areas make it. Say why with it."),
            ..Row { role: VS, process: "ten-page", ..BLANK }
        },
        Row {
            name: "an overall grade without a reason, as an answer",
            given: graded,
            command: |_| words(["set", "PEP", "qa.overall", "amber"]),
            form: |pep| (at(pep, "/quality"), fields([("qa.overall", "amber"), ("qa.overrideReason", "  ")])),
            then: refused(2, "The overall grade is another than the areas make it. Say why with it."),
            ..Row { role: VS, process: "ten-page", ..BLANK }
        },
        Row {
            name: "an overall grade with a reason",
            covers: &["quality::overall"],
            given: graded,
            command: |_| words(["quality", "PEP", "overall", "amber", "--reason", "I have seen him at school."]),
            form: |pep| {
                let said = [("qa.overall", "amber"), ("qa.overrideReason", "I have seen him at school.")];
                (at(pep, "/quality"), fields(said))
            },
            ..Row { role: VS, process: "ten-page", ..BLANK }
        },
        Row {
            name: "the overall grade that the areas make it",
            given: |device, pep| {
                graded(device, pep);
                let grade = plan::Value::Choice("amber".into());
                let choose = Edit::Choose { question: "qa.overall".into(), value: grade };
                let why = Edit::Rewrite { question: "qa.overrideReason".into(), text: "I have seen him.".into() };
                device.wrote_together(pep, VS, vec![choose, why]);
            },
            command: |_| words(["quality", "PEP", "overall", "green"]),
            form: |pep| (at(pep, "/quality"), fields([("qa.overall", "green")])),
            ..Row { role: VS, process: "ten-page", ..BLANK }
        },
        Row {
            name: "an overall grade that is none",
            given: graded,
            command: |_| words(["set", "PEP", "qa.overall", "zzz"]),
            form: |pep| (at(pep, "/quality"), fields([("qa.overall", "zzz"), ("qa.overrideReason", "Because.")])),
            then: refused_each(2, "qa.overall takes one of: gold, green", "“Overall grade” takes one of: gold, green"),
            ..Row { role: VS, process: "ten-page", ..BLANK }
        },
        Row {
            name: "a grade by somebody who gives none",
            command: |_| words(["quality", "PEP", "voice", "green"]),
            form: |pep| (at(pep, "/quality"), fields([("grade-voice", "green")])),
            then: refused_each(3, "never for them", "for the Virtual School"),
            ..Row { process: "ten-page", ..BLANK }
        },
        Row {
            name: "feedback",
            command: |_| words(["quality", "PEP", "--feedback", "More of the carer, please."]),
            form: |pep| (at(pep, "/quality"), fields([("qa.feedback", "More of the carer, please.")])),
            ..Row { role: VS, process: "ten-page", ..BLANK }
        },
        Row {
            name: "a plan sent back",
            covers: &["give_back::give_back", "give_back::returned", "pep return", "POST /pep/*/send-back"],
            command: |_| {
                let what = "The transfer\napproval is missing. ";
                words(["return", "PEP", "--to", "social-worker", "--reason", what, "--page", "10"])
            },
            form: |pep| {
                let said = [("to", "social-worker"), ("what", "The transfer\napproval is missing. "), ("page", "10")];
                (at(pep, "/send-back"), fields(said))
            },
            ..Row { role: VS, process: "ten-page", ..BLANK }
        },
        Row {
            name: "a plan sent back without words",
            command: |_| words(["return", "PEP", "--to", "social-worker", "--reason", "  "]),
            form: |pep| (at(pep, "/send-back"), fields([("to", "social-worker"), ("what", "  ")])),
            then: refused_each(2, "Say what must be put right", "Enter what must be put right"),
            ..Row { role: VS, process: "ten-page", ..BLANK }
        },
        Row {
            name: "a plan sent back to somebody who signs nothing",
            command: |_| words(["return", "PEP", "--to", "carer", "--reason", "Please say more."]),
            form: |pep| (at(pep, "/send-back"), fields([("to", "carer"), ("what", "Please say more.")])),
            then: refused_each(2, "A plan is returned to whoever said", "Choose who puts it right"),
            ..Row { role: VS, process: "ten-page", ..BLANK }
        },
        Row {
            name: "a plan sent back by somebody who may not",
            command: |_| words(["return", "PEP", "--to", "social-worker", "--reason", "Please say more."]),
            form: |pep| (at(pep, "/send-back"), fields([("to", "social-worker"), ("what", "Please say more.")])),
            then: refused_each(3, "never for them", "for the Virtual School"),
            ..Row { process: "ten-page", ..BLANK }
        },
    ]
}

fn whole() -> Vec<Row> {
    vec![
        Row {
            name: "a plan moved to a newer version of its process",
            covers: &["move_version::move_version", "pep move", "POST /pep/*/move"],
            command: |_| words(["move", "PEP", "--to-version", "3", "--yes"]),
            form: |pep| (at(pep, "/move"), fields([("version", "3")])),
            ..Row { version: 1, ..BLANK }
        },
        Row {
            name: "a plan moved by somebody who may not",
            command: |_| words(["move", "PEP", "--to-version", "3", "--yes"]),
            form: |pep| (at(pep, "/move"), fields([("version", "3")])),
            then: refused(3, "Your role does not move a plan"),
            ..Row { role: Role::Carer, version: 1, ..BLANK }
        },
        Row {
            name: "I have seen this plan",
            covers: &["sign::sign", "pep sign-off", "POST /pep/*/sign-off"],
            role: Role::Carer,
            command: |_| words(["sign-off", "PEP", "--comment", "He is doing well."]),
            form: |pep| (at(pep, "/sign-off"), fields([("comment", "He is doing well.")])),
            ..BLANK
        },
        Row {
            name: "a signature of a day to come",
            role: Role::Carer,
            command: |_| words(["sign-off", "PEP", "--on", "2090-01-01"]),
            form: |pep| {
                (
                    at(pep, "/sign-off"),
                    fields([("on-day", "1"), ("on-month", "1"), ("on-year", "2090"), ("comment", "")]),
                )
            },
            then: refused_each(2, "That day has not come yet", "The day must be today or a day before"),
            ..BLANK
        },
        Row {
            name: "a part that is not complete",
            covers: &["pep complete"],
            command: |_| words(["complete", "PEP"]),
            form: |pep| (at(pep, "/sign-off"), fields([("comment", "")])),
            then: refused_each(
                5,
                "Nothing was signed: this comes first",
                "Nothing was signed: what it waits for comes first",
            ),
            ..BLANK
        },
        Row {
            name: "a signature of somebody who signs nothing",
            role: Role::Professional,
            command: |_| words(["sign-off", "PEP"]),
            form: |pep| (at(pep, "/sign-off"), fields([("comment", "")])),
            then: refused_each(3, "The Virtual School signs plans off", "You sign nothing in a plan"),
            ..BLANK
        },
    ]
}

/// What has one door only, or is tried elsewhere by both, and why.
pub const ONE_DOOR: &[(&str, &str)] = &[
    ("Edit::Splice", "a page writes it where the plan has changed since it was made (tabs), and where a box is live"),
    ("Edit::Append", "pep write --append adds to what is there; a box of a page holds the whole text"),
    ("Edit::ReviewTarget", "how a plan brings a target to be reviewed; people put a row of that key"),
    (
        "Edit::Mark",
        "goes before each change of contact restrictions, by whichever door: crates/participant/src/lists.rs",
    ),
    ("Edit::Carry", "brought from the last PEP, not by hand: started alike by both doors (below)"),
    ("pep process diff", READS),
    ("start::start", BELOW),
    ("bring::from_last", BELOW),
    ("directory::fill_in", BELOW),
    ("bring::write", BELOW),
    ("pep new", BELOW),
    ("POST /children/*/new", BELOW),
    ("mine::Mine::edit", "what the others are made of"),
    ("pieces::pieces", "how a long text of either door is cut"),
    ("pieces::typed", "how what is typed in a live box is cut"),
    ("import::import", "a file of answers is brought by a command alone"),
    ("pep import", "a file of answers is brought by a command alone"),
    ("POST /pep/*/history/*/*/*", "an earlier version is restored from a page alone"),
    ("POST /views", CHILD),
    ("POST /views/*", CHILD),
    ("POST /views/**", CHILD),
    ("POST /views/readers", CHILD),
    ("POST /views/leave", CHILD),
    ("POST /pep/*/views/give", CHILD),
    ("POST /pep/*/picture", "a picture is chosen on a page alone"),
    ("take_over::what_waits", "nobody asks for it, it follows from what the relay lists: tests/tests/generations.rs"),
    ("settings::ChildMode::keep", CHILD),
    ("settings::Pin::keep", THIS_DEVICE),
    ("settings::Pin::count_try", THIS_DEVICE),
    ("settings::Pin::was_right", THIS_DEVICE),
    ("settings::Pin::renew", THIS_DEVICE),
    ("settings::Settings::keep", THIS_DEVICE),
    ("POST /settings", THIS_DEVICE),
    ("POST /settings/pin", THIS_DEVICE),
    ("pep pin set", THIS_DEVICE),
    ("POST /lock", THIS_DEVICE),
    ("POST /unlock", THIS_DEVICE),
    ("pep passphrase set", THIS_DEVICE),
    ("pep passphrase remove", THIS_DEVICE),
    ("pep join", THIS_DEVICE),
    ("pep backup", THIS_DEVICE),
    ("pep restore", THIS_DEVICE),
    ("pep unseal", THIS_DEVICE),
    ("pep doctor", THIS_DEVICE),
    ("pep open", THIS_DEVICE),
    ("pep demo", THIS_DEVICE),
    ("pep completions", THIS_DEVICE),
    ("pep sync", RELAY),
    ("POST /sync", RELAY),
    ("pep held accept", RELAY),
    ("pep held discard", RELAY),
    ("POST /held/*/*", RELAY),
    ("pep amend", FILED),
    ("pep withdraw", FILED),
    ("pep child join", FILED),
    ("POST /pep/*/filing", FILED),
    ("POST /children/*/join", FILED),
    ("pep delegate", ACT),
    ("pep hand-over", ACT),
    ("pep team end", ACT),
    ("pep contacts", ACT),
    ("pep device list", READS),
    ("pep device name", ACT),
    ("pep child set", ACT),
    ("pep child add", "a child is made known by a command alone"),
    ("pep child list", READS),
    ("pep child show", READS),
    ("pep check", READS),
    ("pep conflicts", READS),
    ("pep diff", READS),
    ("pep export", READS),
    ("pep held show", READS),
    ("pep history", READS),
    ("pep list", READS),
    ("pep news", READS),
    ("news::seen", "says what this person has read; in the plan it writes nothing"),
    ("POST /pep/*/news", "says what this person has read; in the plan it writes nothing"),
    ("pep tasks", READS),
    ("pep due", READS),
    ("pep process check", READS),
    ("pep process list", READS),
    ("pep process show", READS),
    ("pep show", READS),
    ("pep status", READS),
    ("pep whoami", READS),
];

const BELOW: &str = "makes a plan: a_plan_is_started_alike_by_both_doors";
const CHILD: &str = "the child's own pages are no command's: crates/pages/tests/pages/child.rs";
const THIS_DEVICE: &str = "of this device and of no plan: client-cli/tests/cli, crates/pages/tests";
const RELAY: &str = "asks the relay: tests/tests/held.rs, client-cli/tests/cli";
/// The pages for these come later.
const ACT: &str = "asks the relay, which judges it: tests/tests/acts.rs, sync-server/tests/relay/acts.rs";
const FILED: &str =
    "asks the relay, which judges it; by both doors: tests/tests/filed.rs, client-cli/src/serve/stories.rs";
const READS: &str = "reads, and writes nothing in a plan";
