//! Versions of a process: files of form 2, what a newer program wrote, and a plan that is moved from one version to the next.

use plan::{BEGINNING, Signing, Stale, sign, version_of};

use crate::*;

const FORM_1: &str = include_str!("../../processes/sections.json");
const FORM_2: &str = include_str!("../../processes/2/sections.json");
/// The question that joined with version 2 of the bank.
const NEW: &str = "meeting.carerTold";

fn begun(version: u32) -> Pep {
    Pep { process: Processes::built_in().get("sections", version).unwrap(), ..idris() }
}

/// The plan that began under version 1, moved to version 2.
fn moved() -> Pep {
    let process = Processes::built_in().after(&begun(1).process).remove(0);
    Pep { process, ..begun(1) }
}

fn apply_extensions(document: &mut Automerge, pep: &Pep) {
    let changes = pep.extensions(DocumentKind::Main).into_iter().map(|bytes| Change::from_bytes(bytes).unwrap());
    document.apply_changes(changes).unwrap();
}

#[test]
fn a_file_of_form_2_says_its_bank_its_schema_and_its_calendar() {
    let [one, two] = [FORM_1, FORM_2].map(|text| Process::parse(text).unwrap());
    assert_eq!((one.form, one.bank, one.schema, one.hash), (1, 1, 1, None));
    assert_eq!((two.form, two.bank, two.schema), (2, 2, 1));
    assert_eq!(one.calendar.bank_holidays, two.calendar.bank_holidays, "its calendar is the one it names");
    assert!(one.page(NEW).is_none() && two.page(NEW).is_some_and(|page| page.id == "C"));
    for (from, to, reason) in [
        ("\"calendar\": \"england-2025\"", "\"calendar\": \"atlantis-1\"", "no calendar of that id"),
        ("\"form\": 2", "\"form\": 1", "does not say its form"),
        (" \"form\": 2,\n", "", "says its `form` too"),
        (" \"bank\": 2,\n", "", "for which version of the bank"),
        ("\"bank\": 2", "\"bank\": 0", "for which version of the bank"),
        (" \"schema\": 1,\n", "", "which shape"),
        ("\"bank\": 2", "\"bank\": 1", "joined the bank with version 2"),
        (", \"meeting.carerTold\"", "", "is on no page"),
    ] {
        assert!(FORM_2.contains(from), "{from}");
        let error = Process::parse(&FORM_2.replacen(from, to, 1)).expect_err(reason);
        assert!(error.reason.contains(reason), "{error} does not say `{reason}`");
    }
    let placed = FORM_1.replacen("\"meeting.place\"", "\"meeting.place\", \"meeting.carerTold\"", 1);
    assert!(Process::parse(&placed).unwrap_err().reason.contains("joined the bank with version 2"));
}

#[test]
fn the_hash_is_of_what_a_file_says_whatever_its_white_space() {
    let hash = |text: &str| Process::parse(text).unwrap().hash.unwrap();
    let squeezed: String = FORM_2.lines().map(str::trim).collect();
    assert_eq!(hash(FORM_2), hash(&squeezed));
    let other_order = FORM_2.replacen(" \"form\": 2,\n \"bank\": 2,\n", " \"bank\": 2,\n \"form\": 2,\n", 1);
    assert_eq!(hash(FORM_2), hash(&other_order));
    assert_ne!(hash(FORM_2), hash(&FORM_2.replacen("Sections A to E", "Sections A to F", 1)));
}

#[test]
fn from_form_2_on_the_hash_is_in_the_first_change_and_in_the_ids_of_documents() {
    let (one, two) = (begun(1), begun(2));
    assert_eq!(one.id(), two.id(), "one PEP");
    for kind in DocumentKind::ALL {
        assert_ne!(one.document(*kind), two.document(*kind), "two generations of it");
        assert_eq!(one.document(*kind), moved().document(*kind), "a move keeps the generation");
        assert_eq!(one.genesis(*kind), moved().genesis(*kind));
    }
    let hash = hex::encode(two.process().hash.unwrap());
    assert_eq!(two.document(DocumentKind::Main), Uuid::new_v5(&two.id(), format!("main/{hash}").as_bytes()));
    let document = from_genesis(&two, DocumentKind::Main, ActorId::from(&[1][..]));
    let about = document.get(ROOT, "about").unwrap().unwrap().1;
    assert_eq!(document.get(&about, "processHash").unwrap().unwrap().0.as_str(), Some(hash.as_str()));
    assert_eq!(document.get(&about, "schemaVersion").unwrap().unwrap().0.as_i64(), Some(1));
}

#[test]
fn a_file_of_a_newer_program_is_known_by_name_and_one_that_is_there_twice_is_refused() {
    let newer = |from: &str, to: &str| FORM_2.replacen("\"version\": 2", "\"version\": 3", 1).replacen(from, to, 1);
    for newer in [
        newer("\"form\": 2", "\"form\": 3, \"tides\": {\"high\": true}"),
        newer("\"bank\": 2", "\"bank\": 3"),
        newer("\"schema\": 1", "\"schema\": 9"),
    ] {
        let known = Processes::read(&[FORM_1, FORM_2, &newer]).unwrap();
        assert_eq!(known.iter().count(), 2);
        let [kept] = known.newer() else { panic!("it is kept") };
        assert_eq!((kept.id.as_str(), kept.version, kept.name.as_str()), ("sections", 3, "Sections A to E"));
        assert!(known.latest("sections").unwrap().version() == 2 && known.get("sections", 3).is_err());
        let said = Process::parse(&newer).unwrap_err().to_string();
        assert!(said.contains("newer version of this program"), "{said}");
        assert!(Processes::read(&[&newer, &newer]).unwrap_err().reason.contains("another file of sections version 3"));
    }
    // The same version in form 1 and in form 2, either way round.
    let as_one = FORM_2.replacen("\"version\": 2", "\"version\": 1", 1);
    for files in [[FORM_1, &as_one], [&as_one, FORM_1]] {
        let error = Processes::read(&files).unwrap_err();
        assert!(error.reason.contains("another file of sections version 1"), "{error}");
    }
    assert!(Processes::read(&["{\"form\": 3}"]).is_err(), "nobody could call it by a name");
}

#[test]
fn a_pep_begins_under_the_newest_version_in_force() {
    let later = FORM_2.replacen("2022-02-09", "2026-09-01", 1);
    let known = Processes::read(&[FORM_1, &later]).unwrap();
    let on = |day: &str| known.in_force("sections", day.parse().unwrap()).unwrap().version();
    assert_eq!((on("2021-01-01"), on("2026-08-31"), on("2026-09-01")), (1, 1, 2));
    assert!(known.in_force("unheard-of", "2026-09-01".parse().unwrap()).is_err());
    let newest: Vec<(&str, u32)> = Processes::built_in().newest().map(|one| (one.id.as_str(), one.version)).collect();
    assert_eq!(newest, [("sections", 3), ("portal", 3), ("rolling", 3), ("ten-page", 3), ("web", 3)]);
}

#[test]
fn two_people_move_a_plan_alike_and_it_asks_what_is_new() {
    let (before, after) = (begun(1), moved());
    assert!(after.process.steps() == 1 && after.process.began().version == 1 && after.process().version == 2);
    assert_eq!(before.extensions(DocumentKind::Main), Vec::<Vec<u8>>::new());
    let [bytes] = &after.extensions(DocumentKind::Main)[..] else { panic!("one step") };
    let change = Change::from_bytes(bytes.clone()).unwrap();
    let first = Change::from_bytes(before.genesis(DocumentKind::Main)).unwrap();
    assert_eq!((change.actor_id(), change.seq(), change.deps()), (first.actor_id(), 2, &[first.hash()][..]));
    assert_eq!((change.actor_id().to_bytes(), change.timestamp()), (&BEGINNING[..], 0));

    let (_, odile) = person("Odile");
    let meets = Edit::Choose { question: "meeting.kind".into(), value: Value::Choice("meeting".into()) };
    let told = Edit::Rewrite { question: NEW.into(), text: "Rang on Sunday.".into() };
    let mut office = from_genesis(&before, DocumentKind::Main, ActorId::from(&[0, 1][..]));
    let mut school = from_genesis(&before, DocumentKind::Main, ActorId::from(&[1, 1][..]));
    let refused = apply(&mut office, &before, DocumentKind::Main, &odile, std::slice::from_ref(&told), TUESDAY);
    assert_eq!(refused.unwrap_err(), Refused::NotInThisVersion { question: NEW.into(), version: 1 });
    assert!(!read(Documents::main(&office), &before, &authors).answers.contains_key(NEW));
    apply(&mut office, &before, DocumentKind::Main, &odile, std::slice::from_ref(&meets), TUESDAY).unwrap();
    apply(&mut school, &before, DocumentKind::Main, &odile, &[meets], TUESDAY).unwrap();
    for document in [&mut office, &mut school] {
        apply_extensions(document, &after);
    }
    apply(&mut office, &after, DocumentKind::Main, &odile, &[told], TUESDAY).unwrap();
    let more = Edit::Append { question: NEW.into(), text: "She comes by bus.".into() };
    apply(&mut school, &after, DocumentKind::Main, &odile, &[more], TUESDAY).unwrap();
    office.merge(&mut school).unwrap();
    let view = read(Documents::main(&office), &after, &authors);
    let both = text(&view, NEW);
    assert!(both.contains("Rang on Sunday.") && both.contains("She comes by bus."), "{both}");
    assert_eq!(version_of(&office), Some(2));
}

#[test]
fn later_moves_follow_one_another_in_one_chain() {
    let third = FORM_2.replacen("\"version\": 2", "\"version\": 3", 1);
    let known = Processes::read(&[FORM_1, FORM_2, &third]).unwrap();
    let began = known.get("sections", 1).unwrap();
    let [two, three] = &known.after(&began)[..] else { panic!("two newer versions") };
    let [to_two, to_three] = [two, three].map(|process| {
        let pep = Pep { process: process.clone(), ..idris() };
        pep.extensions(DocumentKind::Main)
    });
    assert_eq!((to_two.len(), to_three.len()), (1, 2));
    assert_eq!(to_two[0], to_three[0], "whoever goes further has gone the same way");
    let [second, third] = [0, 1].map(|at| Change::from_bytes(to_three[at].clone()).unwrap());
    assert_eq!((third.seq(), third.deps()), (3, &[second.hash()][..]));
    assert_eq!(known.after(two), std::slice::from_ref(three));
    assert_eq!((known.reached(&began, 2), known.reached(&began, 3)), (Some(three.clone()), None));
    assert_eq!((three.when(2), three.when(1), two.when(3)), (Some(two.clone()), Some(began), None));
}

#[test]
fn what_was_signed_before_a_move_stays_signed_by_its_own_version() {
    let (before, after) = (begun(1), moved());
    let (_, ottoline) = person("Ottoline");
    let mut document = from_genesis(&before, DocumentKind::Main, ActorId::from(&[4, 1][..]));
    let seen =
        Signing { question: "signoff.carer", key: Uuid::from_u128(7), on: "2026-02-24".parse().unwrap(), comment: "" };
    let (_, carer) = person("Carys");
    sign(&mut document, &before, &carer, seen, TUESDAY).unwrap();
    apply_extensions(&mut document, &after);
    let stands = |document: &Automerge| {
        let view = read(Documents::main(document), &after, &authors);
        let [made] = &view.sign_offs[..] else { panic!("one signature") };
        assert_eq!(made.process, "sections 1");
        (made.stands, made.why.clone())
    };
    assert_eq!(stands(&document), (true, Vec::new()), "nothing of what was signed has changed");
    let edit = Edit::Rewrite { question: "progress.goingWell".into(), text: "Cooking.".into() };
    document.set_actor(ActorId::from(&[1, 1][..]));
    apply(&mut document, &after, DocumentKind::Main, &ottoline, &[edit], TUESDAY).unwrap();
    let (still, why) = stands(&document);
    assert_eq!((still, why), (false, vec![Stale::Changed("progress.goingWell")]), "and what has is said, by its name");
}
