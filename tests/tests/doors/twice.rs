//! The form of something new is sent, sent again as it was, and sent again with other words, as from a page that somebody went back
//! to: as it was it makes nothing more, and its other words stand, or whoever sent them is told and has them on the page still.

use plan::{Pep, PepType, Role};

use super::device::{Came, Device, Fields};

/// A form of something new.
pub struct Twice {
    pub name: &'static str,
    /// The file of the page, by which the table is complete.
    pub page: &'static str,
    pub role: Role,
    pub process: &'static str,
    pub given: fn(&Device, &Pep),
    pub address: &'static str,
    pub first: &'static [(&'static str, &'static str)],
    /// What another tab does in between; it is given the key of what the form made.
    pub other: fn(&Device, &Pep, &str),
    pub second: &'static [(&'static str, &'static str)],
    /// What the plan says in the end.
    pub stands: &'static [&'static str],
    /// What the page says and shows; nothing where both are written.
    pub told: &'static [&'static str],
}

const DT: Role = Role::DesignatedTeacher;
const VS: Role = Role::VirtualSchoolOfficer;
const TARGET: &str = "1d2150aa-0001-4000-8000-00000000a001";
const MEANWHILE: &str = "while you had this page open";

const BLANK: Twice = Twice {
    name: "",
    page: "",
    role: DT,
    process: "sections",
    given: |_, _| {},
    address: "",
    first: &[],
    other: |_, _, _| {},
    second: &[],
    stands: &[],
    told: &[],
};

const MONEY: Twice = Twice {
    page: "table.rs",
    given: |device, pep| device.target(pep, TARGET, &[("category", "academic"), ("statement", "Four paragraphs.")]),
    address: "/targets/1d2150aa-0001-4000-8000-00000000a001/funds/new",
    first: &[("unitCost", "7"), ("item", "")],
    second: &[("unitCost", "9")],
    ..BLANK
};

const NEW_TARGET: Twice = Twice {
    page: "targets.rs",
    address: "/targets/new",
    first: &[("category", "academic"), ("statement", "first\r\nwords ")],
    second: &[("category", "academic"), ("statement", "first, with a correction")],
    ..BLANK
};

/// Every row.
pub fn rows() -> Vec<Twice> {
    vec![
        Twice {
            name: "a remark",
            page: "comments.rs",
            address: "/comments/attendance.plan",
            first: &[("text", "first")],
            second: &[("text", "SECOND")],
            stands: &["\"first\"", "\"SECOND\""],
            ..BLANK
        },
        Twice { name: "money", stands: &["7.00"], told: &[MEANWHILE, "“Cost of one” is “£7” now"], ..MONEY },
        Twice {
            name: "money that somebody changed",
            other: |device, pep, key| {
                let change = [("unitCost", "500.00"), ("item", "by other")];
                device.put(pep, DT, &format!("targets.list/{TARGET}/funds"), key, &change);
            },
            stands: &["500.00", "by other"],
            told: &[MEANWHILE, "is “£500” now", "is “by other” now"],
            ..MONEY
        },
        Twice {
            name: "money that somebody withdrew",
            other: |device, pep, key| {
                assert_eq!(
                    device.pep(pep, &["row", "withdraw", "PEP", &format!("targets.list/{TARGET}/funds"), key]),
                    Came::Done
                );
            },
            stands: &["\"withdrawn\":true"],
            told: &["was withdrawn while you had this page open", "Save and bring back"],
            ..MONEY
        },
        Twice {
            name: "a row that is known by its words",
            page: "table.rs",
            address: "/table/attendance.terms/new",
            first: &[("term", "Autumn 2025"), ("attended", "96")],
            second: &[("term", "Autumn 2025"), ("attended", "97")],
            stands: &["\"attended\":96"],
            told: &["There is a row for “Autumn 2025” already"],
            ..BLANK
        },
        Twice {
            name: "a row that is known by its words, withdrawn",
            page: "table.rs",
            address: "/table/attendance.terms/new",
            first: &[("term", "Autumn 2025"), ("attended", "96")],
            other: |device, pep, _| {
                let row = ["row", "withdraw", "PEP", "attendance.terms", "autumn-2025"];
                assert_eq!(device.pep(pep, &row), Came::Done);
            },
            second: &[("term", "Autumn 2025"), ("attended", "97")],
            stands: &["\"attended\":96", "\"withdrawn\":true"],
            told: &["was withdrawn while you had this page open", "Save and bring back"],
            ..BLANK
        },
        Twice { name: "a target", stands: &["words"], told: &[MEANWHILE, "with a correction"], ..NEW_TARGET },
        Twice {
            name: "a target that somebody changed",
            other: |device, pep, key| device.target(pep, key, &[("statement", "a colleague wrote this")]),
            stands: &["\"a colleague wrote this\""],
            told: &[MEANWHILE, "is “a colleague wrote this” now", "with a correction"],
            ..NEW_TARGET
        },
        Twice {
            name: "a target that somebody withdrew",
            other: |device, pep, key| assert_eq!(device.pep(pep, &["target", "withdraw", "PEP", key]), Came::Done),
            stands: &["\"withdrawn\":true"],
            told: &["was withdrawn while you had this page open", "with a correction"],
            ..NEW_TARGET
        },
        Twice {
            name: "an idea",
            page: "meeting/live.rs",
            given: |device, pep| device.set(pep, DT, "meeting.kind", "meeting"),
            address: "/meeting/live",
            first: &[("do", "idea"), ("statement", "first"), ("category", "academic"), ("area", "English")],
            second: &[("do", "idea"), ("statement", "second"), ("category", "academic"), ("area", "English")],
            stands: &["\"first\""],
            told: &[MEANWHILE],
            ..BLANK
        },
        Twice {
            name: "an action that is done",
            page: "meeting/live.rs",
            given: |device, pep| device.set(pep, DT, "meeting.kind", "meeting"),
            address: "/meeting/live",
            first: &[("do", "action"), ("action", "first"), ("person-other", "Pol")],
            other: |device, pep, key| device.put(pep, DT, "meeting.actions", key, &[("status", "done")]),
            second: &[("do", "action"), ("action", "second"), ("person-other", "Pol")],
            stands: &["\"status\":\"done\""],
            told: &[MEANWHILE],
            ..BLANK
        },
        Twice {
            name: "I have seen this plan",
            page: "sign_off.rs",
            role: Role::Carer,
            address: "/sign-off",
            first: &[("comment", "one")],
            second: &[("comment", "two")],
            stands: &["\"one\""],
            told: &["You have signed already", "two"],
            ..BLANK
        },
        Twice {
            name: "I have seen this plan, on another day",
            page: "sign_off.rs",
            role: Role::Carer,
            address: "/sign-off",
            first: &[("comment", "one")],
            second: &[("comment", "one"), ("on-day", "2"), ("on-month", "1"), ("on-year", "2025")],
            stands: &["\"one\""],
            told: &["You have signed already"],
            ..BLANK
        },
        Twice {
            name: "a plan sent back",
            page: "quality.rs",
            role: VS,
            process: "ten-page",
            address: "/send-back",
            first: &[("to", "social-worker"), ("what", "first")],
            second: &[("to", "social-worker"), ("what", "second")],
            stands: &["\"first\""],
            told: &["“first”", MEANWHILE, "second"],
            ..BLANK
        },
    ]
}

/// Tries a row; what was lost, or is otherwise than the row says.
pub fn lost(device: &Device, row: &Twice) -> Option<String> {
    let pep = device.plan(row.process, PepType::Review);
    (row.given)(device, &pep);
    let address = format!("/pep/{}{}", pep.id(), row.address);
    let held = device.held(&pep, &address);
    let key = |name: &&str| held.iter().find(|(held, _)| held == *name).map(|(_, value)| value.clone());
    let key = ["row", "target", "fresh", "key", "comment"].iter().find_map(key).unwrap_or_default();
    let mut first = fields(row.first);
    if row.page == "sign_off.rs" {
        first.splice(0..0, fields(&[("on-day", "14"), ("on-month", "1"), ("on-year", "2025")]));
    }
    let before = device.show(&pep);
    let came = device.send(&address, &held, &first);
    let once = device.show(&pep);
    let again = device.send(&address, &held, &first);
    if once == before || once != device.show(&pep) || (&came, &again) != (&Came::Done, &Came::Done) {
        return Some(format!("sent twice as it was: {came:?}, {again:?}\n{once}\n{}", device.show(&pep)));
    }
    (row.other)(device, &pep, &key);
    let between = device.show(&pep);
    let mut second = first.clone();
    second.retain(|(name, _)| row.second.iter().all(|(other, _)| other != name));
    second.extend(fields(row.second));
    let sent = device.send(&address, &held, &second);
    let after = device.show(&pep);
    let stands = row.stands.iter().all(|words| after.contains(words));
    match &sent {
        Came::Done if stands && row.told.is_empty() && after != between => {}
        Came::Not(200, shows) if stands && after == between && !row.told.is_empty() => {
            if let Some(missing) = row.told.iter().find(|words| !shows.contains(**words)) {
                return Some(format!("{missing:?} is not said: {shows}"));
            }
        }
        _ => return Some(format!("{sent:?}\n{after}")),
    }
    // What came to stand by the other words comes once too.
    let last = device.send(&address, &held, &second);
    (device.show(&pep) != after).then(|| format!("sent a third time: {last:?}\n{}", device.show(&pep)))
}

fn fields(fields: &[(&str, &str)]) -> Fields {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
