use crate::*;

const GOLDEN: [(DocumentKind, &[u8], &str); 4] = [
    (
        DocumentKind::Main,
        include_bytes!("../../../../fixtures/genesis/sections-1-main.bin"),
        "0ce4169afff03a038943a60936714665dc08ec0019567dc38226c400bd15aaf7",
    ),
    (
        DocumentKind::Contact,
        include_bytes!("../../../../fixtures/genesis/sections-1-contact.bin"),
        "7f013403030759f66e4446fb20dda7da7e1f9980b791c53f7ca050b3f35ea785",
    ),
    (
        DocumentKind::PrivateVoice,
        include_bytes!("../../../../fixtures/genesis/sections-1-private-voice.bin"),
        "dbe370658aa1b75d55e47e7c0c35a608be45436b9bdb25842a1e154a06b525c9",
    ),
    (
        DocumentKind::Quality,
        include_bytes!("../../../../fixtures/genesis/sections-1-quality.bin"),
        "05e19733974872918ddac57f75f93b7c2cee8362ba50083bf77381d963d7c4d6",
    ),
];

#[test]
fn the_first_change_is_what_it_was_in_every_release() {
    for (kind, bytes, hash) in GOLDEN {
        assert!(idris().genesis(kind) == bytes, "the first change of the {kind} document has changed");
        assert_eq!(Change::from_bytes(bytes.to_vec()).unwrap().hash().to_string(), hash, "{kind}");
    }
}

#[test]
#[allow(clippy::disallowed_macros, reason = "one process answers another through what it prints")]
fn two_devices_that_never_met_make_the_same_first_change() {
    // This test runs itself again as another process, which prints what it makes.
    let make = || DocumentKind::ALL.iter().flat_map(|kind| idris().genesis(*kind)).map(|byte| format!("{byte:02x}"));
    let here: String = make().collect();
    if std::env::var_os("PLAN_TEST_OTHER_DEVICE").is_some() {
        println!("<{here}>");
        return;
    }
    let name = "beginning::two_devices_that_never_met_make_the_same_first_change";
    let other = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env("PLAN_TEST_OTHER_DEVICE", "1")
        .output()
        .unwrap();
    let printed = String::from_utf8(other.stdout).unwrap();
    let there = printed.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(hex, _)| hex);
    assert_eq!(there, Some(here.as_str()));
}

#[test]
fn storyboard_9_two_people_who_start_the_summer_pep_offline_start_one_document() {
    let (year, term) = parse_term("2025/26-summer").unwrap();
    let summer = Pep { year, term, ..idris() };
    assert_ne!(summer.id(), idris().id());
    let mut at_office = from_genesis(&summer, DocumentKind::Main, ActorId::from(&[0, 1][..]));
    let mut at_school = from_genesis(&summer, DocumentKind::Main, ActorId::from(&[1, 1][..]));
    let odile = person("Odile").1;
    let ottoline = person("Ottoline").1;
    let write = |document: &mut Automerge, writer: &Writer, question: &str, text: &str| {
        let edit = Edit::Rewrite { question: question.into(), text: text.into() };
        apply(document, &summer, DocumentKind::Main, writer, &[edit], TUESDAY).unwrap();
    };
    write(&mut at_office, &odile, "care.story", "Idris cooks on Sundays.");
    write(&mut at_school, &ottoline, "meeting.story", "Year 10 at Thornfield Bridge.");
    at_office.merge(&mut at_school).unwrap();
    let view = read(Documents::main(&at_office), &summer, &authors);
    assert_eq!(text(&view, "care.story"), "Idris cooks on Sundays.");
    assert_eq!(text(&view, "meeting.story"), "Year 10 at Thornfield Bridge.");
    assert!(conflicts(&view, &summer).is_empty());
}

#[test]
fn ids_follow_from_the_child_and_the_sitting() {
    let pep = idris();
    assert_eq!(pep.id(), Uuid::new_v5(&pep.child, b"2025/26/spring/review"));
    assert_eq!(pep.document(DocumentKind::PrivateVoice), Uuid::new_v5(&pep.id(), b"private-voice"));
    assert!(parse_term("2025/27-spring").is_err() && parse_term("2025/26-winter").is_err());
    assert!(ProcessRef::new("sections", 99).is_err() && ProcessRef::latest("unheard-of").is_err());
}

#[test]
fn a_new_plan_is_not_started_and_says_what_is_missing_and_whose_it_is() {
    let view = Device::of("Odile").view();
    assert_eq!(view.state, State::NotStarted);
    assert!(view.answers.len() == 228 && view.phase.is_none());
    let gap = view.gaps.iter().find(|gap| gap.question == "care.story").unwrap();
    assert_eq!((gap.owner, gap.why), (Role::SocialWorker, Why::Missing));
    let social_worker = view.completeness[&Role::SocialWorker];
    assert!(social_worker.answered == 0 && social_worker.mandatory > 20);
}

#[test]
fn a_saved_plan_opens_again_and_damaged_bytes_do_not() {
    let mut odile = Device::of("Odile");
    odile.rewrite("care.story", "Loves food tech 🍳 and maps.");
    let opened = load(&odile.document.save()).unwrap();
    assert!(read(Documents::main(&opened), &idris(), &authors) == odile.view());
    let (_, story) = opened.get(opened.get(ROOT, "answers").unwrap().unwrap().1, "care.story").unwrap().unwrap();
    assert_eq!(opened.length(&story), 28, "the pan counts twice, as browsers count");
    assert!(load(b"no plan at all").is_err());
}
