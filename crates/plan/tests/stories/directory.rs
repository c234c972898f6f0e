//! What the Virtual School's directory knows of a child: filled in by whoever answers for it, and never over anything; where a plan says
//! something else, both are known.

use chrono::NaiveDate;
use plan::{DirectoryFacts, NoAnswer, Phase, differs, fill_in};

use crate::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// What the directory says of Idris.
fn facts() -> DirectoryFacts {
    let who = |name: &str| authors(&[person(name).0]).unwrap();
    let team = ["Odile", "Ottoline", "Lorcan", "Carys", "Quentin"].map(who);
    let facts = DirectoryFacts {
        name: Some("Idris Fennimoor".into()),
        born: Some(day("2010-11-02")),
        looked_after: Some((day("2019-06-18"), false)),
        ..DirectoryFacts::default()
    };
    facts.with_team(&team)
}

/// Fills in what this person answers for, as one change; the questions.
fn filled(device: &mut Device, facts: &DirectoryFacts) -> Vec<String> {
    let edits = fill_in(facts, &device.view(), &device.pep, &device.writer).edits;
    let questions = edits.iter().map(|edit| edit.place().split('/').next().unwrap().to_owned()).collect();
    device.try_edit(&edits).unwrap();
    questions
}

#[test]
fn each_fills_in_what_is_theirs_once_and_two_of_one_role_who_do_it_apart_do_not_disagree() {
    let (mut odile, mut again) = (Device::of("Odile"), Device::holding("Odile", DocumentKind::Main, 1));
    let theirs = [
        "child.legalName",
        "child.dob",
        "care.lookedAfterSince",
        "people.socialWorker",
        "people.virtualSchool",
        "people.iro",
        "people.carers",
    ];
    for device in [&mut odile, &mut again] {
        assert_eq!(filled(device, &facts()), theirs);
        assert_eq!(device.changes(), 2, "the beginning, and one change");
        assert!(fill_in(&facts(), &device.view(), &device.pep, &device.writer).edits.is_empty());
    }
    let view = meet(&mut odile, &mut again);
    assert!(conflicts(&view, &odile.pep).is_empty() && differs(&facts(), &view).is_empty());
    for question in theirs {
        assert!(facts().is_said(&view, question), "{question}");
    }
    let mut ottoline = Device::of("Ottoline");
    assert_eq!(filled(&mut ottoline, &facts()), ["settingPeople.designatedTeacher"]);
    // Who answers for nothing of it fills in nothing: here the social worker names the officer.
    for name in ["Lorcan", "Carys", "Idris", "Pol", "Quentin"] {
        let device = Device::of(name);
        assert!(fill_in(&facts(), &device.view(), &device.pep, &device.writer).edits.is_empty(), "{name}");
    }
}

#[test]
fn nothing_is_filled_in_over_an_answer_or_a_reason_or_where_there_are_two_or_nobody_knows() {
    let mut odile = Device::of("Odile");
    odile.set("child.legalName", "Idris Jolyon Fennimoor");
    let excuse = Some((NoAnswer::NotKnown, "no papers".to_owned()));
    odile.edit(Edit::Excuse { question: "child.dob".into(), excuse });
    odile.row("people.carers", &[("person", "Somebody else")]);
    // Two social workers: the directory does not say which one.
    let mut facts = facts();
    facts.people.entry(Role::SocialWorker).or_default().push("Petra Lanternby".into());
    facts.looked_after = None;
    assert_eq!(filled(&mut odile, &facts), ["people.virtualSchool", "people.iro"]);
    let mut odile = Device::of("Odile");
    assert!(filled(&mut odile, &DirectoryFacts::default()).is_empty());
}

#[test]
fn where_a_plan_says_something_else_both_are_known_in_both_merge_orders() {
    for first in [true, false] {
        let (mut odile, mut other) = (Device::of("Odile"), Device::holding("Odile", DocumentKind::Main, 1));
        odile.set("child.legalName", "Idris Jolyon Fennimoor");
        filled(&mut other, &facts());
        let view = if first { meet(&mut odile, &mut other) } else { meet(&mut other, &mut odile) };
        // Typed on one device and filled in on the other: somebody chooses, and the directory is asked nothing meanwhile.
        assert_eq!(claimed(&view.answers["child.legalName"]).len(), 2);
        assert!(differs(&facts(), &view).is_empty() && !facts().is_said(&view, "child.legalName"));
        let take = Value::Text("Idris Jolyon Fennimoor".into());
        odile.edit(Edit::Resolve { question: "child.legalName".into(), take });
        let found = differs(&facts(), &odile.view());
        let [only] = &found[..] else { panic!("{}", found.len()) };
        assert_eq!((only.question, only.plan.to_string().as_str()), ("child.legalName", "Idris Jolyon Fennimoor"));
        assert_eq!(only.directory.to_string(), "Idris Fennimoor");
    }
    let mut odile = Device::of("Odile");
    odile.set("child.legalName", "  idris  FENNIMOOR");
    odile.set("people.socialWorker", "Odile Marrow-field");
    assert!(facts().is_said(&odile.view(), "child.legalName"));
    assert_eq!(differs(&facts(), &odile.view()).len(), 1, "a name is compared word by word");
    // A team or a number beside the name says nothing else.
    odile.set("people.socialWorker", "Odile Marrowfield, Children in Care, 01632 960100");
    assert!(differs(&facts(), &odile.view()).is_empty());
}

#[test]
fn the_age_by_the_directory_is_the_one_that_the_plan_would_work_out() {
    let pep = idris();
    for (born, phase) in [
        ("2022-10-02", Phase::EarlyYears),
        ("2016-03-14", Phase::Primary),
        ("2010-11-02", Phase::Secondary),
        ("2008-11-02", Phase::Post16),
    ] {
        let facts = DirectoryFacts { born: Some(day(born)), ..DirectoryFacts::default() };
        let mut odile = Device::of("Odile");
        odile.set("child.dob", born);
        assert_eq!((facts.phase(&pep), odile.view().phase), (Some(phase), Some(phase)), "{born}");
    }
    assert_eq!(DirectoryFacts::default().phase(&pep), None);
}
