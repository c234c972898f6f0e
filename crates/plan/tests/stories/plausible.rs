//! What cannot be is refused where it is written, and found where a merge made it; what is unlikely is asked about once.

use crate::signing::{LORCAN, ODILE, OTTOLINE, put_name, ready, share, ten_page};
use crate::*;
use plan::{Around, Finding, Severity, check, offer};

fn day(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

fn found(device: &Device, today: &str) -> Vec<Finding> {
    check(&device.view(), &device.pep, Around { today: day(today), previous: None, others: &[] })
}

/// What the checks say at a place, today being in the term.
fn at(device: &Device, field: &str) -> Vec<(Severity, String)> {
    let here = found(device, "2026-03-02").into_iter().filter(|found| found.field.as_deref() == Some(field));
    here.map(|found| (found.severity, found.says)).collect()
}

fn try_set(device: &mut Device, question: &str, text: &str) -> Result<Applied, Refused> {
    let value = parse_value(question, text).unwrap();
    device.try_edit(&[Edit::Choose { question: question.into(), value }])
}

fn try_row(device: &mut Device, table: &str, cells: &[(&str, &str)]) -> Result<Applied, Refused> {
    let cells = cells_of(table, cells);
    let key = row_key(table, &cells, &device.writer, &mut || [7; 16]).unwrap();
    device.try_edit(&[Edit::PutRow { question: table.into(), key, cells }])
}

fn is_impossible(done: Result<Applied, Refused>, place: &str) {
    match done {
        Err(Refused::Impossible { question, says }) => {
            assert_eq!(question, place);
            assert!(!says.is_empty());
        }
        other => panic!("{place}: {other:?}"),
    }
}

/// Idris's devices, with what decides which questions are asked.
fn two() -> (Device, Device) {
    let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
    odile.set("child.dob", "2010-11-02");
    ottoline.set("setting.yearGroup", "10");
    meet(&mut odile, &mut ottoline);
    (odile, ottoline)
}

#[test]
fn figures_that_cannot_be_are_refused_and_leave_the_plan_as_it_was() {
    let (mut odile, mut ottoline) = two();
    let (before, heads) = (ottoline.view(), ottoline.document.get_heads());
    let term = |more: &[(&'static str, &'static str)]| [&[("term", "Spring 2026")], more].concat();
    for (cells, column) in [
        (term(&[("possible", "10"), ("attended", "20")]), "attended"),
        (term(&[("possible", "60"), ("attended", "40"), ("authorised", "61")]), "authorised"),
        (term(&[("possible", "60"), ("attended", "40"), ("authorised", "40"), ("unauthorised", "40")]), "authorised"),
        (term(&[("possible", "60"), ("late", "61")]), "late"),
        (term(&[("possible", "9999")]), "possible"),
    ] {
        is_impossible(try_row(&mut ottoline, "attendance.terms", &cells), &format!("attendance.terms/{column}"));
    }
    is_impossible(try_set(&mut ottoline, "setting.hoursOffered", "9999"), "setting.hoursOffered");
    is_impossible(try_set(&mut ottoline, "setting.yearGroup", "5"), "setting.yearGroup");
    is_impossible(try_set(&mut ottoline, "setting.upn", "12345"), "setting.upn");
    is_impossible(try_set(&mut ottoline, "setting.upn", "A999400110002"), "setting.upn");
    is_impossible(try_set(&mut ottoline, "sec.examAccess", "none_needed, extra_time"), "sec.examAccess");
    let suspended = [("start", "2026-02-10"), ("reintegration", "2026-02-03")];
    is_impossible(try_row(&mut ottoline, "behaviour.suspensions", &suspended), "behaviour.suspensions/reintegration");
    assert!(ottoline.view() == before && ottoline.document.get_heads() == heads);
    let sdq = [("date", "2026-01-20"), ("completedBy", "carer"), ("emotional", "60")];
    is_impossible(try_row(&mut odile, "wellbeing.sdq", &sdq), "wellbeing.sdq/emotional");
    is_impossible(try_set(&mut odile, "child.dob", "2031-01-01"), "child.dob");
    is_impossible(try_set(&mut odile, "child.dob", "1990-01-01"), "child.dob");
}

#[test]
fn figures_at_the_bound_are_taken() {
    let (mut odile, mut ottoline) = two();
    let whole =
        [("term", "Spring 2026"), ("possible", "60"), ("attended", "40"), ("authorised", "15"), ("unauthorised", "5")];
    try_row(&mut ottoline, "attendance.terms", &whole).unwrap();
    try_row(&mut odile, "wellbeing.sdq", &[("date", "2026-01-20"), ("completedBy", "carer"), ("emotional", "10")])
        .unwrap();
    for (question, text) in
        [("setting.hoursOffered", "25"), ("setting.upn", "G999400110002"), ("sec.examAccess", "none_needed")]
    {
        try_set(&mut ottoline, question, text).unwrap();
    }
    assert!(!found(&ottoline, "2026-03-02").iter().any(|found| found.confirm.is_some()));
}

#[test]
fn whoever_writes_beside_an_impossible_figure_is_not_refused_for_it() {
    let (_, mut ottoline) = two();
    let key = ottoline.row("attendance.terms", &[("term", "Spring 2026"), ("possible", "60"), ("attended", "40")]);
    // Written by a program that did not refuse it yet.
    let mut tx = ottoline.document.transaction();
    let (_, answers) = tx.get(ROOT, "answers").unwrap().unwrap();
    let (_, table) = tx.get(&answers, "attendance.terms").unwrap().unwrap();
    let (_, row) = tx.get(&table, key.as_str()).unwrap().unwrap();
    tx.put(&row, "attended", 80_i64).unwrap();
    tx.commit();
    ottoline.row("attendance.terms", &[("term", "Spring 2026"), ("unauthorised", "")]);
    assert_eq!(at(&ottoline, &format!("attendance.terms/{key}/attended")).len(), 1);
    ottoline.row("attendance.terms", &[("term", "Spring 2026"), ("attended", "58")]);
    assert!(at(&ottoline, &format!("attendance.terms/{key}/attended")).is_empty());
}

#[test]
fn two_edits_that_each_could_be_and_together_cannot_block_in_either_order() {
    let (_, mut ottoline) = two();
    let key = ottoline.row("attendance.terms", &[("term", "Spring 2026"), ("possible", "60")]);
    let mut sunniva = Device::of("Sunniva");
    sunniva.receive(&ottoline);
    ottoline.row("attendance.terms", &[("term", "Spring 2026"), ("authorised", "40")]);
    sunniva.row("attendance.terms", &[("term", "Spring 2026"), ("unauthorised", "40")]);
    let field = format!("attendance.terms/{key}/authorised");
    assert!(at(&ottoline, &field).is_empty() && at(&sunniva, &field).is_empty());
    meet(&mut ottoline, &mut sunniva);
    for device in [&ottoline, &sunniva] {
        let severities: Vec<Severity> = at(device, &field).into_iter().map(|(severity, _)| severity).collect();
        assert_eq!(severities, [Severity::Blocks]);
    }
}

#[test]
fn a_date_of_birth_is_put_right_whatever_the_year_group_says() {
    let (mut odile, mut ottoline) = two();
    odile.set("child.dob", "2017-11-02");
    meet(&mut odile, &mut ottoline);
    assert_eq!(at(&ottoline, "setting.yearGroup").first().map(|(severity, _)| *severity), Some(Severity::Blocks));
    odile.set("child.dob", "2010-11-02");
    meet(&mut odile, &mut ottoline);
    assert!(at(&ottoline, "setting.yearGroup").is_empty());
}

#[test]
fn what_is_unlikely_is_asked_about_once_and_again_of_another_value() {
    let (odile, mut ottoline) = two();
    ottoline.set("setting.fullTime", "yes");
    ottoline.set("setting.hoursOffered", "5");
    let doubt = |device: &Device| {
        let all = found(device, "2026-03-02").into_iter();
        all.filter(|found| found.confirm.is_some()).collect::<Vec<Finding>>()
    };
    let asked = doubt(&ottoline);
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].severity, asked[0].field.as_deref()), (Severity::Doubtful, Some("setting.hoursOffered")));
    // Somebody who does not write the answer may leave a remark, and confirms nothing with it.
    let mut carys = Device::of("Carys");
    carys.receive(&ottoline);
    carys.edit(asked[0].confirmed().unwrap());
    assert_eq!(doubt(&carys).len(), 1);
    carys.receive(&odile);
    // Two who confirm it apart make one remark, by an author, beside the answer.
    let mut sunniva = Device::of("Sunniva");
    sunniva.receive(&ottoline);
    ottoline.edit(asked[0].confirmed().unwrap());
    sunniva.edit(asked[0].confirmed().unwrap());
    let view = meet(&mut ottoline, &mut sunniva);
    assert!(doubt(&ottoline).is_empty() && doubt(&sunniva).is_empty());
    assert!(view.comments.iter().all(|comment| comment.question == "setting.hoursOffered" && comment.by.is_some()));
    ottoline.set("setting.hoursOffered", "6");
    assert_eq!(doubt(&ottoline).len(), 1, "another value is asked about");
    ottoline.set("setting.hoursOffered", "5");
    assert!(doubt(&ottoline).is_empty(), "this one was confirmed");
}

#[test]
fn what_is_unlikely_is_said() {
    let (mut odile, mut ottoline) = two();
    let asks = |device: &mut Device, field: &str, set: &[(&str, &str)]| {
        set.iter().for_each(|(question, text)| drop(device.set(question, text)));
        let found = at(device, field);
        assert!(matches!(found.as_slice(), [(Severity::Doubtful, _)]), "{field}: {found:?}");
    };
    asks(&mut ottoline, "setting.yearGroup", &[("setting.yearGroup", "9")]);
    asks(&mut ottoline, "setting.hoursOffered", &[("setting.fullTime", "no"), ("setting.hoursOffered", "25")]);
    asks(&mut ottoline, "setting.hoursOffered", &[("setting.hoursOffered", "45")]);
    asks(
        &mut ottoline,
        "setting.partTimeEnd",
        &[("setting.partTimeStart", "2025-05-01"), ("setting.partTimeEnd", "2026-03-01")],
    );
    let table = "setting.alternativeProvision";
    ottoline.set("setting.rollStatus", "single");
    ottoline.row(table, &[("provider", "Hollins Farm"), ("hours", "46")]);
    asks(&mut ottoline, table, &[]);
    asks(
        &mut odile,
        "meeting.held",
        &[("meeting.kind", "meeting"), ("meeting.date", "2026-03-17"), ("meeting.held", "yes")],
    );
    assert!(!found(&odile, "2026-03-17").iter().any(|found| found.field.as_deref() == Some("meeting.held")));
}

#[test]
fn how_long_part_time_may_go_on_is_the_processs_to_say() {
    let good = include_str!("../../processes/ten-page.json");
    let asked = |text: &str| {
        let process = Processes::new(vec![Process::parse(text).unwrap()]).latest("ten-page").unwrap();
        let mut ottoline = Device::with("Ottoline", Pep { process, ..idris() }, DocumentKind::Main, 0);
        ottoline.set("setting.yearGroup", "10");
        ottoline.set("setting.fullTime", "no");
        ottoline.set("setting.partTimeStart", "2026-01-05");
        ottoline.set("setting.partTimeEnd", "2026-03-02");
        !at(&ottoline, "setting.partTimeEnd").is_empty()
    };
    assert!(asked(good), "eight weeks, where a file says nothing");
    assert!(!asked(&good.replacen("\"labels\"", "\"partTimeWeeks\": 8,\n  \"labels\"", 1)));
}

#[test]
fn a_decision_is_compared_with_what_is_asked_and_what_is_left() {
    let (_, mut ottoline) = two();
    let mut head = Device::of("Marguerite");
    let target = Uuid::from_u128(5);
    ottoline.target(target, &[("area", "English"), ("statement", "I will read."), ("status", "agreed")]);
    ottoline.fund(target, Uuid::from_u128(6), &[("item", "Books"), ("unitCost", "50.00")]);
    head.receive(&ottoline);
    let decide = |head: &mut Device, cells: &[(&str, &str)]| try_row(head, "funding.decision", cells);
    is_impossible(decide(&mut head, &[("target", "English"), ("approved", "5000.00")]), "funding.decision/approved");
    is_impossible(
        decide(&mut head, &[("target", "English"), ("approved", "30.00"), ("declined", "20.01")]),
        "funding.decision/approved",
    );
    is_impossible(decide(&mut head, &[("target", "Swimming"), ("approved", "5.00")]), "funding.decision/target");
    let mut second = Device::holding("Marguerite", DocumentKind::Main, 1);
    second.receive(&head);
    decide(&mut head, &[("target", "English"), ("reason", "Yes")]).unwrap();
    let blocks = |device: &Device| {
        let all = found(device, "2026-03-02").into_iter();
        let of = |found: &Finding| found.field.as_deref().is_some_and(|field| field.starts_with("funding.decision"));
        all.filter(of).map(|found| (found.severity, found.says)).collect::<Vec<_>>()
    };
    assert!(blocks(&head)[0].1.contains("says no amount"), "{:?}", blocks(&head));
    decide(&mut head, &[("target", "English"), ("approved", "30.00")]).unwrap();
    assert_eq!(
        blocks(&head),
        [(Severity::Doubtful, "£20.00 of what is asked for this target is neither approved nor declined.".to_owned())]
    );
    decide(&mut head, &[("target", "English"), ("declined", "20.00")]).unwrap();
    assert!(blocks(&head).is_empty());
    // The same target by its key as well: both count, also where they come together later.
    let by_key = [("target", target.to_string()), ("approved", "50.00".to_owned())];
    let by_key: Vec<(&str, &str)> = by_key.iter().map(|(column, text)| (*column, text.as_str())).collect();
    is_impossible(decide(&mut head, &by_key), "funding.decision/approved");
    decide(&mut second, &by_key).unwrap();
    head.receive(&second);
    assert!(blocks(&head)[0].1.contains("£100.00 is decided about, and £50.00 is asked"), "{:?}", blocks(&head));
}

#[test]
fn a_plan_whose_meeting_was_not_held_is_not_complete_and_nobody_signs_it_off() {
    for process in ["portal", "sections", "rolling", "ten-page", "web"] {
        let pep = Pep { process: Processes::built_in().latest(process).unwrap(), ..idris() };
        let mut devices = ready(&pep);
        devices[ODILE].set("meeting.held", "no");
        share(&mut devices);
        let view = devices[ODILE].view();
        assert!(view.gaps.iter().any(|gap| gap.question == "meeting.held" && gap.why == Why::NotHeld), "{process}");
        let waits = offer(&view, &pep, Role::VirtualSchoolOfficer, &[]).unwrap();
        assert!(
            !waits.offered()
                && waits
                    .missing
                    .iter()
                    .chain(waits.waits.iter().flat_map(|wait| &wait.missing))
                    .any(|gap| gap.question == "meeting.held")
        );
        let refused = put_name(&mut devices[LORCAN], "signoff.vs", 3, "2026-03-01").unwrap_err();
        assert!(matches!(refused, Refused::NotHeld { .. }), "{process}: {refused}");
    }
}

#[test]
fn nobody_signs_on_a_day_before_the_meeting() {
    let mut devices = ready(&ten_page());
    let refused = put_name(&mut devices[OTTOLINE], "signoff.dt", 1, "2026-02-25").unwrap_err();
    assert!(matches!(refused, Refused::Impossible { .. }), "{refused}");
    put_name(&mut devices[OTTOLINE], "signoff.dt", 1, "2026-02-26").unwrap();
    // The meeting was on another day than was said: the signature of the teacher stands, and is asked about.
    devices[ODILE].set("meeting.date", "2026-02-27");
    share(&mut devices);
    assert_eq!(at(&devices[OTTOLINE], "signoff.dt").len(), 1);
}

/// What the checks doubt of one agreed target.
fn doubted(fields: &[(&str, &str)]) -> Vec<String> {
    let (_, mut ottoline) = two();
    let key = Uuid::from_u128(9);
    ottoline.target(key, &[("status", "agreed")]);
    ottoline.target(key, fields);
    let theirs = found(&ottoline, "2026-03-02").into_iter().filter(|found| found.severity == Severity::Doubtful);
    theirs.filter(|found| found.target == Some(key.to_string())).map(|found| found.says).collect()
}

#[test]
fn an_outcome_is_told_from_a_provision_and_a_measure_from_a_wish() {
    let says = |fields: &[(&str, &str)], words: &str| doubted(fields).iter().any(|says| says.contains(words));
    let score =
        [("statement", "My spelling score will be 18 of 20"), ("baseline", "12 of 20"), ("measure", "18 of 20")];
    for words in ["Whose target", "How will you know", "general", "provided"] {
        assert!(!says(&score, words), "{words}: {:?}", doubted(&score));
    }
    assert!(says(&[("statement", "I will receive 6 sessions of ELSA this term")], "what will be provided"));
    assert!(says(&[("statement", "I will have an hour of maths tuition each week")], "what will be provided"));
    assert!(!says(&[("statement", "I will read a page of my book aloud after six sessions")], "what will be provided"));
    let more = [("statement", "I will understand more and be at ease in maths"), ("measure", "The teacher says so")];
    assert!(says(&more, "no end without a number"), "{:?}", doubted(&more));
    let seven = [("statement", "I will understand more, 7 of 10 word problems"), ("measure", "The weekly quiz")];
    assert!(!says(&seven, "no end without a number"));
    assert!(says(&[("linksTo", "banana")], "nothing that this PEP asks"));
    assert!(says(&[("linksTo", "progress.barriers")], "nobody has answered"));
}

#[test]
fn targets_of_the_same_words_are_one() {
    let (_, mut ottoline) = two();
    let policy = &ten_page().process().targets.clone();
    for key in 1..=3_u128 {
        let fields = [("category", "academic"), ("statement", "I will read ten pages."), ("status", "agreed")];
        ottoline.target(Uuid::from_u128(key), &fields);
    }
    let short = plan::shortfalls(&ottoline.view(), policy);
    assert!(short.iter().any(|says| says.contains("1 is agreed")), "{short:?}");
    let twice = |found: &Finding| found.says.contains("another target of this PEP");
    assert_eq!(found(&ottoline, "2026-03-02").iter().filter(|found| twice(found)).count(), 3);
    ottoline.target(Uuid::from_u128(2), &[("statement", "I will write ten pages.")]);
    assert!(plan::shortfalls(&ottoline.view(), policy).iter().any(|says| says.contains("2 are agreed")));
}

#[test]
fn money_is_read_the_same_everywhere_and_never_ten_times_as_much() {
    for wrong in ["12,50", "1,5", "12,5,0", "12.345", "1e3", "1.5", "-5", "£", "1 250"] {
        assert!(parse_value("funding.decision/approved", wrong).is_err(), "{wrong}");
    }
    for (text, pence) in [("£ 12", 1_200), ("1,250", 125_000), ("£1,250.50", 125_050), ("12.50", 1_250)] {
        assert!(parse_value("funding.decision/approved", text).unwrap() == Value::Money(pence), "{text}");
    }
    for (pence, said) in [(0, "£0.00"), (123_456_789, "£1,234,567.89"), (100_000, "£1,000.00"), (-1, "-£0.01")] {
        assert_eq!(plan::pounds(pence), said);
    }
    // What programs read has no comma.
    assert_eq!(Value::Money(125_000).to_json(), serde_json::json!("1250.00"));
}

#[test]
fn care_that_began_on_a_day_to_come_is_asked_about_and_can_be_confirmed() {
    let (mut odile, _) = two();
    odile.set("care.lookedAfterSince", "2026-09-01");
    let asked = |today: &str| {
        let all = found(&odile, today).into_iter();
        all.filter(|one| one.field.as_deref() == Some("care.lookedAfterSince") && one.confirm.is_some()).count()
    };
    assert_eq!((asked("2026-03-02"), asked("2026-09-01")), (1, 0));
}
