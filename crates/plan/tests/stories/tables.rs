use crate::*;

#[test]
fn rows_of_one_natural_key_made_apart_are_one_row() {
    let (mut ottoline, mut sunniva) = (Device::of("Ottoline"), Device::of("Sunniva"));
    let key = ottoline.row(
        "attendance.terms",
        &[("term", "Autumn 2025"), ("possible", "148"), ("attended", "121"), ("authorised", "17")],
    );
    let other = sunniva
        .row("attendance.terms", &[("term", "autumn  2025"), ("possible", "148"), ("attended", "120"), ("late", "11")]);
    assert_eq!(key, other);
    let view = meet(&mut ottoline, &mut sunniva);
    let united = row(&view, "attendance.terms", &key).to_json();
    assert_eq!((&united["possible"], &united["authorised"], &united["late"]), (&148.into(), &17.into(), &11.into()));
    assert_eq!(united["attended"]["disputed"].as_array().unwrap().len(), 2);
    assert!(united.get("percent").is_none(), "no percentage of a disputed figure");
    let places: Vec<String> = conflicts(&view, &idris()).into_iter().map(|dispute| dispute.place).collect();
    assert_eq!(places, ["attendance.terms/autumn-2025/attended", "attendance.terms/autumn-2025/term"]);

    // One figure is chosen; nothing of the rest is lost.
    for place in places {
        let take = conflicts(&ottoline.view(), &idris()).remove(0).claims.remove(0).value;
        ottoline.edit(Edit::Resolve { question: place, take });
    }
    let view = meet(&mut ottoline, &mut sunniva);
    assert!(conflicts(&view, &idris()).is_empty());
    let united = row(&view, "attendance.terms", &key).to_json();
    assert_eq!((&united["late"], &united["authorised"]), (&11.into(), &17.into()));
    assert!(united["percent"] == 81.8 || united["percent"] == 81.1);
    // And an emptied cell is empty in both rows that are now one.
    let cells = cells_of("attendance.terms", &[("late", ""), ("authorised", "")]);
    ottoline.edit(Edit::PutRow { question: "attendance.terms".into(), key: key.clone(), cells });
    let united = row(&ottoline.view(), "attendance.terms", &key).to_json();
    assert!(united.get("late").is_none() && united.get("authorised").is_none());
}

#[test]
fn subject_and_qualification_make_a_row_together() {
    let mut ottoline = Device::of("Ottoline");
    ottoline.set("setting.yearGroup", "10");
    let language = ottoline.row("sec.subjects", &[("subject", "English"), ("qualification", "GCSE Language")]);
    let literature = ottoline.row("sec.subjects", &[("subject", "English"), ("qualification", "GCSE Literature")]);
    assert_eq!((language.as_str(), literature.as_str()), ("english+gcse-language", "english+gcse-literature"));
}

#[test]
fn a_withdrawn_row_survives_an_edit_made_meanwhile_and_a_person_decides() {
    let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
    let key = odile.row("meeting.attendees", &[("person", "Imelda Thackwray"), ("invited", "yes")]);
    ottoline.receive(&odile);
    odile.edit(Edit::WithdrawRow { question: "meeting.attendees".into(), key: key.clone() });
    ottoline.row("meeting.attendees", &[("person", "Imelda Thackwray"), ("viewsSent", "yes")]);
    let view = meet(&mut odile, &mut ottoline);
    let imelda = row(&view, "meeting.attendees", &key);
    assert!(imelda.withdrawn && imelda.withdrawal_disputed);
    assert_eq!(imelda.to_json()["viewsSent"], true);
    let dispute = conflicts(&view, &idris()).remove(0);
    assert_eq!(dispute.place, "meeting.attendees/imelda-thackwray/withdrawn");
    for (take, withdrawn) in [(true, true), (false, false)] {
        let mut decided = odile.clone();
        decided.edit(Edit::Resolve { question: dispute.place.clone(), take: Value::YesNo(take) });
        let view = decided.view();
        let imelda = row(&view, "meeting.attendees", &key);
        assert_eq!((imelda.withdrawn, imelda.withdrawal_disputed), (withdrawn, false));
    }
}

#[test]
fn a_withdrawn_row_stays_and_writing_in_it_brings_it_back() {
    let mut odile = Device::of("Odile");
    let key = odile.row("meeting.attendees", &[("person", "Imelda Thackwray"), ("invited", "yes")]);
    odile.edit(Edit::WithdrawRow { question: "meeting.attendees".into(), key: key.clone() });
    let view = odile.view();
    let imelda = row(&view, "meeting.attendees", &key);
    assert!(imelda.withdrawn && !imelda.withdrawal_disputed);
    assert_eq!(imelda.to_json()["invited"], true);
    assert!(view.gaps.iter().any(|gap| gap.question == "meeting.attendees"), "a withdrawn row answers nothing");
    odile.row("meeting.attendees", &[("person", "Imelda Thackwray"), ("apologies", "yes")]);
    assert!(!row(&odile.view(), "meeting.attendees", &key).withdrawn);
}

#[test]
fn a_row_withdrawn_by_one_and_made_anew_by_another_is_not_lost() {
    let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
    let key = odile.row("meeting.attendees", &[("person", "Pol Esterhaz"), ("invited", "yes")]);
    odile.edit(Edit::WithdrawRow { question: "meeting.attendees".into(), key: key.clone() });
    ottoline.row("meeting.attendees", &[("person", "Pol Esterhaz"), ("role", "Mentor")]);
    let view = meet(&mut odile, &mut ottoline);
    let pol = row(&view, "meeting.attendees", &key);
    assert!(pol.withdrawn && pol.withdrawal_disputed);
    assert_eq!(pol.to_json()["role"], "Mentor");
}
