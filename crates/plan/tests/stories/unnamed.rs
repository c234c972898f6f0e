//! What somebody did whom this device cannot name: shown, said, and never taken for done nor left out.

use crate::signing::*;
use crate::*;
use plan::{Around, Severity, Stale, check, history, offer, signed, unnamed};

/// Everybody but one.
fn all_but(name: &str) -> impl Fn(&[u8]) -> Option<Who> {
    move |actor: &[u8]| authors(actor).filter(|who| !who.name.starts_with(name))
}

fn view(device: &Device, authors: plan::Authors<'_>) -> View {
    read(Documents::main(&device.document), &device.pep, authors)
}

fn found(device: &Device, view: &View, place: &str) -> Vec<(Severity, Role, String)> {
    let around = Around { today: "2026-02-27".parse().unwrap(), previous: None, others: &[] };
    let all = check(view, &device.pep, around).into_iter();
    all.filter(|found| found.field.as_deref() == Some(place)).map(|f| (f.severity, f.owner, f.says)).collect()
}

#[test]
fn a_signature_of_somebody_unnamed_is_listed_does_not_stand_and_is_a_finding() {
    let mut devices = ready(&ten_page());
    both_sign(&mut devices);
    let (lorcan, without) = (&devices[LORCAN], all_but("Ottoline"));
    let named = view(lorcan, &authors);
    assert_eq!((named.state, found(lorcan, &named, "signoff.dt")), (State::SwComplete, vec![]));

    let view = view(lorcan, &without);
    let made = signature(&view, "signoff.dt");
    assert_eq!((made.by, made.stands, made.why), (None, false, vec![Stale::Unnamed]));
    assert_eq!((made.role, made.on), (Role::DesignatedTeacher, "2026-02-27".parse().unwrap()));
    assert!(stands(&view, "signoff.sw"), "hers is another's");
    let says = "Signed on 27 February 2026 by somebody this device cannot name, so the signature does not count here. Share now, for the list of people may have changed, and look again. If it stays so, the Virtual School can see who is missing from its list. Or the person who signed signs again.";
    assert_eq!(found(lorcan, &view, "signoff.dt"), [(Severity::Doubtful, Role::VirtualSchoolOfficer, says.to_owned())]);
    // Neither done nor silently waited for.
    let offer = offer(&view, &lorcan.pep, Role::VirtualSchoolOfficer, &[]).unwrap();
    assert!(!offer.offered() && offer.waits.iter().any(|wait| wait.role == Role::DesignatedTeacher));
    assert_eq!(offer.unnamed, ["signoff.dt"]);
}

#[test]
fn a_version_that_somebody_unnamed_signed_is_not_what_the_virtual_school_signed() {
    let mut devices = ready(&ten_page());
    both_sign(&mut devices);
    checked(&mut devices);
    put_name(&mut devices[LORCAN], "signoff.vs", 3, "2026-03-03").unwrap();
    share(&mut devices);
    let odile = &devices[ODILE];
    let (known, not) = (view(odile, &authors), view(odile, &all_but("Lorcan")));
    assert_eq!((known.state, known.signed_off()), (State::SignedOff, true));
    assert!(signed(&odile.document, &known, &odile.pep).is_some());
    assert_eq!((not.state, not.signed_off(), not.sign_offs.len()), (State::InQa, false, 3));
    assert!(signed(&odile.document, &not, &odile.pep).is_none());
    assert_eq!(offer(&not, &odile.pep, Role::VirtualSchoolOfficer, &[]).unwrap().unnamed, ["signoff.vs"]);
}

#[test]
fn a_return_is_not_answered_by_somebody_unnamed() {
    let mut devices = ready(&ten_page());
    both_sign(&mut devices);
    devices[LORCAN].row("qa.returnedFor", &[("owner", "designated-teacher"), ("what", "Please say more.")]);
    share(&mut devices);
    put_name(&mut devices[OTTOLINE], "signoff.dt", 4, "2026-03-04").unwrap();
    share(&mut devices);
    let odile = &devices[ODILE];
    assert!(view(odile, &authors).open_returns.is_empty());
    let open = view(odile, &all_but("Ottoline")).open_returns;
    assert_eq!(open.keys().collect::<Vec<_>>(), [&Role::DesignatedTeacher]);
}

#[test]
fn somebody_who_has_another_role_now_is_listed_and_does_not_stand() {
    let mut devices = ready(&ten_page());
    both_sign(&mut devices);
    let moved = |actor: &[u8]| {
        let who = authors(actor)?;
        let role = if who.role == Role::DesignatedTeacher { Role::Professional } else { who.role };
        Some(Who { role, ..who })
    };
    let made = signature(&view(&devices[ODILE], &moved), "signoff.dt");
    assert_eq!((made.by.unwrap().name.as_str(), made.stands), ("Ottoline Greaves-Penn", false));
    assert_eq!(made.why, [Stale::OtherRole]);
}

#[test]
fn what_is_no_signature_that_this_version_knows_is_said() {
    let mut devices = team(&ten_page());
    put_name(&mut devices[5], "signoff.carer", 2, "2026-02-27").unwrap();
    let carys = &mut devices[5];
    let root = carys.document.get(ROOT, "signOffs").unwrap().unwrap().1;
    let map = carys.document.get(&root, "signoff.carer").unwrap().unwrap().1;
    let mut tx = carys.document.transaction();
    for number in [8, 9] {
        let key = format!("{}+{}", Uuid::from_u128(number), carys.writer.person);
        let entry = tx.put_object(&map, key, ObjType::Map).unwrap();
        tx.put(&entry, "role", "a role of the next version").unwrap();
    }
    tx.commit();
    let view = view(carys, &authors);
    assert_eq!(view.sign_offs.len(), 1);
    let says = "There are 2 entries here that are no signatures this version of the program knows, so they do not count. A newer version may read them; if not, tell the Virtual School.";
    assert_eq!(
        found(carys, &view, "signoff.carer"),
        [(Severity::Doubtful, Role::VirtualSchoolOfficer, says.to_owned())]
    );
}

#[test]
fn what_somebody_unnamed_wrote_stays_in_sight_everywhere() {
    let mut devices = team(&idris());
    let [odile, ottoline] = [0, 1];
    devices[odile].rewrite("meeting.notes", "Idris likes to cook.");
    devices[ottoline].edit(Edit::Comment {
        key: Uuid::from_u128(1).to_string(),
        question: "meeting.notes".into(),
        text: "Ask him.".into(),
    });
    share(&mut devices);
    devices[odile].set("setting.type", "mainstream");
    devices[ottoline].set("setting.type", "pru_ap");
    devices[odile].rewrite("meeting.notes", "Idris cooks every day.");
    devices[ottoline].rewrite("meeting.notes", "Idris wants to cook.");
    share(&mut devices);
    let without = all_but("Ottoline");
    let (lorcan, documents) = (&devices[LORCAN], Documents::main(&devices[LORCAN].document));
    let view = view(lorcan, &without);

    let comment = &view.comments[0];
    assert_eq!((&comment.by, comment.text.as_str()), (&None, "Ask him."));
    let Some(Answer::Disputed(claims)) = view.answers.get("setting.type") else { panic!("two answers") };
    assert_eq!(claims.iter().filter(|claim| claim.by.is_none()).count(), 1);
    let told = history(documents.main, &without, None);
    assert!(told.iter().any(|entry| entry.by.is_none() && !entry.deeds.is_empty()));
    assert_eq!(view.rewritten.len(), 1, "an unnamed writer is another than a named one");

    let doubts = unnamed(documents, &without);
    let says = "Somebody this device cannot name has made 3 changes in this plan; its history shows what they did. Share now, for the list of people may have changed, and look again. If it stays so, the Virtual School can see who is missing from its list.";
    let one: Vec<_> = doubts.iter().map(|found| (found.severity, found.owner, found.says.as_str())).collect();
    assert_eq!(one, [(Severity::Doubtful, Role::VirtualSchoolOfficer, says)]);
    assert!(unnamed(documents, &authors).is_empty());
}
