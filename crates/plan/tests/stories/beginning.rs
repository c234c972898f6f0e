use crate::*;

macro_rules! golden {
    ($($process:literal $kind:literal $hash:literal)*) => {
        [$((
            $process,
            $kind,
            include_bytes!(concat!("../../../../fixtures/genesis/", $process, "-1-", $kind, ".bin")) as &[u8],
            $hash,
        ),)*]
    };
}

/// Process (version 1), kind of document, its first change and that change's hash.
const GOLDEN: [(&str, &str, &[u8], &str); 25] = golden! {
    "sections" "main" "0ce4169afff03a038943a60936714665dc08ec0019567dc38226c400bd15aaf7"
    "sections" "contact" "e6994912b0fbbea8b42d24f2abf1ca4f0dc1cb8efa52c6f315f94bc399213e58"
    "sections" "family" "705a5b698093159b3c298a4bc5038fdeb3e1699f9ae0ad36e1acebcca7bd55ed"
    "sections" "private-voice" "6fb761320b0ae46c28187ca49cbe7b05ff6e447a7be55dc177552ad6b3d5a2fb"
    "sections" "quality" "05e19733974872918ddac57f75f93b7c2cee8362ba50083bf77381d963d7c4d6"
    "portal" "main" "88dbf41fb2f880fc193e8982c749518c5655cacd4f5803d22aa5c53e5bf36b1a"
    "portal" "contact" "3fbcf28cde175ca51e8767898c8a253386eb404e857aec1bf33a93b44c27db8d"
    "portal" "family" "05818f677a10a9aaaa78f885b18cc1395fcf7d7619f1a9f35a34a08fbe7bfd53"
    "portal" "private-voice" "d92a6618c1944352663bc72d59e091b1884cdb8b44096b05adc6b8605ef63647"
    "portal" "quality" "40224b9c482e14a2e82eb7102aba4c37065b6c28f0f41508a866f82cda118723"
    "rolling" "main" "3c5865898b656a7ea5b6054de505edfb75d9323d2860bbb4b5703b6faf7babf4"
    "rolling" "contact" "f7d5b9d820c0de13d8096b22c0f190cb332e8fc541b4a2cce898fc991ac88acc"
    "rolling" "family" "f2d19d46b694a91bed97d5e593e8344bc6d592db47d36701f3691119d7079524"
    "rolling" "private-voice" "d4adda639998ac043dbd6d3c24ed3bca045802e961c789e4101e0ea1bf58f824"
    "rolling" "quality" "a860525c6f3e1150463ff17431e04f154a1865ad377dffe8859ff697fcfc3e57"
    "ten-page" "main" "dbc8f7bf984f404d871d5937705e44087daaf7373bdc5743946f8a64287f8699"
    "ten-page" "contact" "f0691225136928609c8f4bfd31ae0ea934f1ef15148baa888d7887b4ff4c7a88"
    "ten-page" "family" "39a1160410bfdfbad8a20b806b5da7320e8a51d38c8ce700f194bd0504cf3c4d"
    "ten-page" "private-voice" "a8d6f0a0884aeb24b82bfacb6d094be33ed1c0f0c894db3c87c912def0bef1e0"
    "ten-page" "quality" "d2c23003c4b6bb43cfd814af967cc37b24386000368f8c08a35e700a6c73e019"
    "web" "main" "3665e78e8e0b652cc6b6c3a25649fe00b58a92bf81265aea24b9c12e819d424e"
    "web" "contact" "3e3d066dd1e4cc8a5bff5cacaf16fec6736cf5ed028868d6bf398fc4ed770ff4"
    "web" "family" "ec4b56dbc79a117f9bf7ae2977d3a195304f0bb01ec3114d269a48c0a4eedb3e"
    "web" "private-voice" "5e35fb198f47738dea73f17b48e35a861c73c300308aa8eded89e75d64ea3d7d"
    "web" "quality" "8208bc613559c11aa742e447cefa8e709504374736d5a4ad8debb13eeacda05f"
};

#[test]
fn the_first_change_is_what_it_was_in_every_release() {
    for (process, kind, bytes, hash) in GOLDEN {
        let pep = Pep { process: Processes::built_in().get(process, 1).unwrap(), ..idris() };
        assert!(pep.genesis(kind.parse().unwrap()) == bytes, "the first change of {process} {kind} has changed");
        assert_eq!(Change::from_bytes(bytes.to_vec()).unwrap().hash().to_string(), hash, "{process} {kind}");
    }
}

#[test]
#[allow(clippy::disallowed_macros, reason = "one process answers another through what it prints")]
fn two_devices_that_never_met_make_the_same_first_change() {
    // This test runs itself again as another process, which prints what it makes.
    let made: Vec<u8> = DocumentKind::ALL.iter().flat_map(|kind| idris().genesis(*kind)).collect();
    let here = hex::encode(made);
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
    let pep = Pep { process: Processes::built_in().get("sections", 1).unwrap(), ..idris() };
    assert_eq!(pep.id(), Uuid::new_v5(&pep.child, b"2025/26/spring/review"));
    assert_eq!(pep.document(DocumentKind::PrivateVoice), Uuid::new_v5(&pep.id(), b"private-voice"));
    assert!(parse_term("2025/27-spring").is_err() && parse_term("2025/26-winter").is_err());
    assert!(Processes::built_in().get("sections", 99).is_err() && Processes::built_in().latest("unheard-of").is_err());
}

#[test]
fn a_new_plan_is_not_started_and_says_what_is_missing_and_whose_it_is() {
    let view = Device::of("Odile").view();
    assert_eq!(view.state, State::NotStarted);
    assert!(view.answers.len() == 230 && view.phase.is_none());
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

#[test]
fn one_more_in_a_term_has_its_own_ids_and_what_is_put_right_in_the_directory_changes_none() {
    let day = |text: &str| text.parse().unwrap();
    let extra = |reason: &str, on: &str| {
        let extra = Some(plan::Extra::new(reason, day(on)).unwrap());
        Pep { filed: plan::Filed { extra, ..plan::Filed::default() }, ..idris() }
    };
    let concern = extra("Concern about attendance", "2026-02-24");
    assert_eq!(concern.id(), extra("  concern   ABOUT attendance ", "2026-02-24").id());
    // For good: people who begin it with another version meet.
    assert_eq!(concern.id().to_string(), "8a595131-12b1-5d50-8e85-eb5af819c6ff");
    let others = [extra("Suspension", "2026-02-24"), extra("Concern about attendance", "2026-02-25"), idris()];
    assert!(others.iter().all(|other| other.id() != concern.id()));
    assert_ne!(concern.document(DocumentKind::Main), idris().document(DocumentKind::Main));
    for wrong in ["", " \t ", &"x".repeat(101), "a\u{1b}b"] {
        assert!(plan::Extra::new(wrong, day("2026-02-24")).is_err(), "{wrong:?}");
    }
    let filed = plan::Filed {
        began_for: Some(idris().child),
        began_as: Some(idris().kind),
        withdrawn: true,
        ..plan::Filed::default()
    };
    let put_right = Pep { child: Uuid::from_u128(7), kind: PepType::Closing, filed, ..idris() };
    assert_eq!(
        (put_right.id(), put_right.document(DocumentKind::Main)),
        (idris().id(), idris().document(DocumentKind::Main))
    );
    assert_eq!(put_right.genesis(DocumentKind::Main), idris().genesis(DocumentKind::Main));
}

#[test]
fn r001_02_one_process_names_who_chooses_the_type() {
    let chooses = |id: &str| Processes::built_in().latest(id).unwrap().process().type_chosen_by();
    assert_eq!(chooses("sections"), Some(Role::SocialWorker));
    assert!(["portal", "rolling", "ten-page", "web"].into_iter().all(|id| chooses(id).is_none()));
}
