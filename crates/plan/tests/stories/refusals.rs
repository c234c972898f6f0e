use crate::*;

/// Refused with exactly this, the document untouched, and nothing of what was written in the words of it.
fn check(device: &mut Device, edit: Edit, expected: Refused) {
    let before = device.document.get_heads();
    let refused = device.try_edit(&[edit]).expect_err("this should be refused");
    assert_eq!(refused, expected);
    assert_eq!(device.document.get_heads(), before);
    let words = refused.to_string();
    assert!(!words.contains("Biscuit"), "{words} repeats what somebody wrote");
    assert!(words.ends_with('.') || words.ends_with('?'), "{words} is no sentence");
}

fn choose(question: &str, value: Value) -> Edit {
    Edit::Choose { question: question.into(), value }
}

fn yes(question: &str) -> Edit {
    choose(question, Value::YesNo(true))
}

fn rewrite(question: &str, text: &str) -> Edit {
    Edit::Rewrite { question: question.into(), text: text.into() }
}

fn put_row(question: &str, key: &str, cells: &[(&str, &str)]) -> Edit {
    Edit::PutRow { question: question.into(), key: key.into(), cells: cells_of(question, cells) }
}

const KEY: &str = "00000000-0000-0000-0000-000000000001";

#[test]
fn what_is_not_asked_or_not_theirs() {
    let (mut odile, mut lorcan) = (Device::of("Odile"), Device::of("Lorcan"));
    let question = |id: &str| id.to_owned();
    check(
        &mut odile,
        yes("transfer.neded"),
        Refused::UnknownQuestion { nearest: bank().nearest("transfer.neded").into_iter().map(str::to_owned).collect() },
    );
    check(
        &mut odile,
        rewrite("progress.goingWell", "Biscuit"),
        Refused::NotYours { question: question("progress.goingWell"), owners: vec![Role::DesignatedTeacher] },
    );
    check(
        &mut odile,
        yes("setting.partTimeAgreedByVS"),
        Refused::Reserved {
            question: question("setting.partTimeAgreedByVS"),
            owners: vec![Role::VirtualSchoolOfficer],
        },
    );
    check(
        &mut lorcan,
        yes("setting.partTimeAgreedByVS"),
        Refused::Hidden { question: question("setting.partTimeAgreedByVS"), because: question("setting.fullTime") },
    );
    check(
        &mut odile,
        rewrite("transfer.reason", "Biscuit"),
        Refused::Hidden { question: question("transfer.reason"), because: question("transfer.needed") },
    );
    check(
        &mut odile,
        choose("meta.term", Value::Choice("spring".into())),
        Refused::Computed { question: question("meta.term") },
    );
    check(
        &mut odile,
        choose("signoff.sw", Value::Text("Odile Marrowfield".into())),
        Refused::SignOff { question: question("signoff.sw") },
    );
    check(
        &mut odile,
        rewrite("carer.parentView", "Biscuit"),
        Refused::OtherDocument { question: question("carer.parentView"), kind: DocumentKind::Family },
    );
    let mut pol = Device::of("Pol");
    let comment = Edit::Comment { key: KEY.into(), question: "care.story".into(), text: "Welcome.".into() };
    assert!(pol.edit(comment).change.is_some(), "a professional may comment");
    assert!(matches!(pol.try_edit(&[yes("meeting.held")]), Err(Refused::NotYours { .. })));
}

#[test]
fn what_is_of_the_wrong_kind() {
    let mut odile = Device::of("Odile");
    let wrong = |question: &str, expected| Refused::WrongType { question: question.into(), expected };
    check(&mut odile, yes("meeting.attendees"), wrong("meeting.attendees", "rows"));
    check(
        &mut odile,
        Edit::Clear { question: "meeting.attendees".into() },
        wrong("meeting.attendees", "rows; withdraw them one by one"),
    );
    check(&mut odile, rewrite("transfer.needed", "Biscuit"), wrong("transfer.needed", "a single value"));
    check(
        &mut odile,
        Edit::PutRow { question: "care.story".into(), key: KEY.into(), cells: Cells::new() },
        wrong("care.story", "text"),
    );
    check(
        &mut odile,
        choose("child.dob", Value::Text("Biscuit".into())),
        Refused::BadValue { question: "child.dob".into(), expected: "a day that exists, written as 2026-06-04".into() },
    );
    check(
        &mut odile,
        choose("care.legalStatus", Value::Choice("Biscuit".into())),
        parse_value("care.legalStatus", "Biscuit").unwrap_err(),
    );
    check(
        &mut odile,
        choose("care.story", Value::YesNo(true)),
        Refused::BadValue { question: "care.story".into(), expected: "text".into() },
    );
    let cells = BTreeMap::from([("Biscuit".to_owned(), None)]);
    check(
        &mut odile,
        Edit::PutRow { question: "transition.plan".into(), key: KEY.into(), cells: cells.clone() },
        Refused::UnknownColumn {
            question: "transition.plan".into(),
            known: ["step", "who", "byWhen", "done"].map(str::to_owned).to_vec(),
        },
    );
    let mut ottoline = Device::of("Ottoline");
    let percent = BTreeMap::from([("percent".to_owned(), None)]);
    check(
        &mut ottoline,
        Edit::PutRow { question: "attendance.terms".into(), key: "autumn".into(), cells: percent },
        Refused::Computed { question: "attendance.terms/percent".into() },
    );
    let funds = BTreeMap::from([("funds".to_owned(), None)]);
    check(&mut ottoline, Edit::PutTarget { key: KEY.into(), fields: funds }, wrong("targets.list/funds", "rows"));
    let target = Edit::PutRow { question: "targets.list".into(), key: KEY.into(), cells: Cells::new() };
    check(&mut ottoline, target, wrong("targets.list", "targets"));
}

#[test]
fn rows_that_do_not_exist_or_have_another_key() {
    let mut odile = Device::of("Odile");
    let unknown = |question: &str| Refused::UnknownRow { question: question.into() };
    let withdraw = |key: &str| Edit::WithdrawRow { question: "meeting.attendees".into(), key: key.into() };
    check(&mut odile, withdraw("Biscuit"), unknown("meeting.attendees"));
    check(
        &mut odile,
        Edit::Choose { question: "meeting.attendees/Biscuit/invited".into(), value: Value::YesNo(true) },
        unknown("meeting.attendees"),
    );
    check(
        &mut odile,
        put_row("meeting.actions", "Biscuit", &[("action", "Call the school")]),
        unknown("meeting.actions"),
    );
    let row_key = Refused::RowKey { question: "meeting.attendees".into(), columns: vec!["person".into()] };
    check(&mut odile, put_row("meeting.attendees", "biscuit", &[("person", "Imelda Thackwray")]), row_key.clone());
    check(&mut odile, put_row("meeting.attendees", "imelda-thackwray", &[("invited", "yes")]), row_key.clone());
    odile.row("meeting.attendees", &[("person", "Imelda Thackwray")]);
    check(&mut odile, put_row("meeting.attendees", "imelda-thackwray", &[("person", "")]), row_key);
    let mut ottoline = Device::of("Ottoline");
    check(&mut ottoline, Edit::WithdrawTarget { key: KEY.into() }, unknown("targets.list"));
    check(&mut ottoline, Edit::PutTarget { key: "Biscuit".into(), fields: Cells::new() }, unknown("targets.list"));
    let fund = Edit::PutRow { question: format!("targets.list/{KEY}/funds"), key: KEY.into(), cells: Cells::new() };
    check(&mut ottoline, fund, unknown("targets.list"));
}

#[test]
fn what_is_too_much() {
    let mut odile = Device::of("Odile");
    let long = "Biscuit ".repeat(plan::TEXT_MAX / 8 + 1);
    let too_long = |question: &str, limit| Refused::TooLong { question: question.into(), limit };
    check(&mut odile, rewrite("care.story", &long), too_long("care.story", plan::TEXT_MAX));
    check(
        &mut odile,
        Edit::Append { question: "care.story".into(), text: long },
        too_long("care.story", plan::TEXT_MAX),
    );
    check(
        &mut odile,
        rewrite("care.story", &"Biscuit ".repeat(2_501)),
        Refused::TooMuchAtOnce { limit: plan::OPERATIONS_MAX },
    );
    let cell = Value::Text("b".repeat(plan::CELL_MAX + 1));
    let cells = BTreeMap::from([("step".to_owned(), Some(cell.clone()))]);
    check(
        &mut odile,
        Edit::PutRow { question: "transition.plan".into(), key: KEY.into(), cells },
        too_long("transition.plan/step", plan::CELL_MAX),
    );
    let Value::Text(text) = cell else { unreachable!() };
    check(
        &mut odile,
        Edit::Comment { key: KEY.into(), question: "care.story".into(), text },
        too_long("care.story", plan::CELL_MAX),
    );
    let rows: Vec<Edit> = (0..=plan::ROWS_MAX as u128)
        .map(|row| put_row("transition.plan", &Uuid::from_u128(row).to_string(), &[]))
        .collect();
    let full = Refused::TooManyRows { question: "transition.plan".into(), limit: plan::ROWS_MAX };
    assert_eq!(odile.try_edit(&rows), Err(full));
    assert!(odile.try_edit(&rows[1..]).is_ok());
    let key = row_key(
        "meeting.copies",
        &cells_of("meeting.copies", &[("person", &"ß".repeat(150))]),
        &odile.writer,
        &mut || [0; 16],
    );
    assert_eq!(key, Err(too_long("meeting.copies", plan::ROW_KEY_MAX)));
}

#[test]
fn splices_that_fit_no_text() {
    let mut odile = Device::of("Odile");
    odile.rewrite("meeting.notes", "Biscuit");
    let mut elsewhere = Device::of("Ottoline");
    elsewhere.rewrite("meeting.notes", "Other words");
    let outside =
        |at, delete, seen| Edit::Splice { question: "meeting.notes".into(), at, delete, insert: "x".into(), seen };
    let out_of_text = Refused::OutOfText { question: "meeting.notes".into() };
    check(&mut odile, outside(8, 0, vec![]), out_of_text.clone());
    check(&mut odile, outside(3, 5, vec![]), out_of_text.clone());
    check(&mut odile, outside(usize::MAX, 1, vec![]), out_of_text.clone());
    let present = odile.document.get_heads();
    check(&mut odile, outside(usize::MAX, usize::MAX, present), out_of_text);
    let unknown = Refused::UnknownHeads { question: "meeting.notes".into() };
    check(&mut odile, outside(0, 0, elsewhere.document.get_heads()), unknown);
}

#[test]
fn documents_that_are_not_the_one_meant() {
    let mut odile = Device::of("Odile");
    odile.kind = DocumentKind::Contact;
    check(&mut odile, yes("transfer.needed"), Refused::OtherPlan);
    let mut blank = Device { document: Automerge::new(), ..Device::of("Odile") };
    check(&mut blank, yes("transfer.needed"), Refused::OtherPlan);
    let mut damaged = Device::of("Odile");
    damaged
        .document
        .transact::<_, _, automerge::AutomergeError>(|tx| {
            let (_, answers) = tx.get(ROOT, "answers")?.unwrap();
            tx.delete(&answers, "care.story")?;
            tx.delete(&answers, "transition.plan")
        })
        .unwrap();
    check(&mut damaged, rewrite("care.story", "Biscuit"), Refused::Damaged { question: "care.story".into() });
    check(&mut damaged, put_row("transition.plan", KEY, &[]), Refused::Damaged { question: "transition.plan".into() });
    assert!(damaged.view().answers["care.story"] == Answer::Missing);
}

#[test]
fn nothing_to_choose_between() {
    let mut odile = Device::of("Odile");
    odile.set("meeting.held", "yes");
    odile.row("meeting.attendees", &[("person", "Imelda Thackwray")]);
    let resolve = |place: &str| Edit::Resolve { question: place.into(), take: Value::YesNo(false) };
    check(&mut odile, resolve("meeting.held"), Refused::NotDisputed { question: "meeting.held".into() });
    let undisputed = Refused::NotDisputed { question: "meeting.attendees".into() };
    check(&mut odile, resolve("meeting.attendees/imelda-thackwray/withdrawn"), undisputed);
}

#[test]
fn one_refused_edit_leaves_none_of_its_company_behind() {
    let mut odile = Device::of("Odile");
    let before = odile.changes();
    let edits = [yes("transfer.needed"), rewrite("transfer.reason", "Far."), yes("transfer.records")];
    assert!(odile.try_edit(&edits[..2]).is_ok());
    assert_eq!(odile.changes(), before + 1);
    let bad = [rewrite("transfer.reason", "Very far."), yes("progress.goingWell")];
    assert!(odile.try_edit(&bad).is_err());
    assert_eq!(text(&odile.view(), "transfer.reason"), "Far.");
    assert_eq!(odile.changes(), before + 1);
}

#[test]
fn the_gates_table_and_the_refusals_agree() {
    // Whoever the table lets write at a place is not refused there for their role, and nobody else is let in.
    for (name, role) in TEAM {
        for kind in DocumentKind::ALL {
            let rules = idris().process().write_rules(*kind);
            let mut device = Device::holding(name, *kind, 0);
            for question in bank().questions().iter().filter(|question| question.document() == *kind) {
                let place = match question.id.as_str() {
                    "targets.list" => "targets/*/statement".to_owned(),
                    id => format!("answers/{id}"),
                };
                let allowed = may_write(&rules, &place).is_some_and(|roles| roles.contains(&role));
                let refused = device.try_edit(&[Edit::Clear { question: question.id.clone() }]);
                // The gate sees no answers: it lets whoever takes a page over while the child is on no roll, `apply` only then.
                let on_roll = idris().process().writers_on_roll(question).contains(&role);
                if allowed && !on_roll && *kind == DocumentKind::Main {
                    let began = idris();
                    let page = began.process().page(&question.id).unwrap();
                    assert!(page.owner_when_not_on_roll.iter().any(|owner| role.counts_as(*owner)), "{}", question.id);
                    assert!(matches!(refused, Err(Refused::NotYours { .. })), "{role} at {}", question.id);
                    continue;
                }
                let for_role = matches!(
                    refused,
                    Err(Refused::NotYours { .. }
                        | Refused::Reserved { .. }
                        | Refused::Computed { .. }
                        | Refused::SignOff { .. })
                );
                assert_eq!(allowed, !for_role, "{role} at {}", question.id);
            }
        }
    }
}
