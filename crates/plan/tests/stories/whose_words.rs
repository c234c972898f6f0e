use crate::*;

/// A plan whose form is known, on the devices of these people.
fn secondary<const N: usize>(names: [&str; N]) -> [Device; N] {
    let mut ottoline = Device::of("Ottoline");
    ottoline.set("setting.yearGroup", "10");
    names.map(|name| {
        let mut device = Device::of(name);
        device.receive(&ottoline);
        device
    })
}

fn voices(view: &View, question: &str) -> Vec<(String, String)> {
    match &view.answers[question] {
        Answer::Voices(voices) => voices
            .iter()
            .map(|voice| (voice.by.as_ref().map_or(String::new(), |who| who.name.clone()), voice.text.clone()))
            .collect(),
        _ => panic!("nobody has said anything in {question}"),
    }
}

#[test]
fn the_childs_words_and_the_teachers_note_of_them_stay_apart() {
    let [mut idris, mut ottoline] = secondary(["Idris", "Ottoline"]);
    idris.rewrite("voice.secWell", "maths and food");
    ottoline.receive(&idris);
    ottoline.rewrite("voice.secWell", "He says maths is fine.");
    let view = meet(&mut idris, &mut ottoline);
    let said = voices(&view, "voice.secWell");
    assert!(said.contains(&("Idris Fennimoor".into(), "maths and food".into())));
    assert!(said.contains(&("Ottoline Greaves-Penn".into(), "He says maths is fine.".into())));
}

#[test]
fn the_carers_words_are_the_carers() {
    let [mut carys, mut odile] = secondary(["Carys", "Odile"]);
    carys.rewrite("carer.goingWell", "Settled quickly, cooks Sundays.");
    odile.edit(Edit::Append { question: "carer.goingWell".into(), text: "Told me he is proud.".into() });
    let view = meet(&mut carys, &mut odile);
    assert_eq!(voices(&view, "carer.goingWell").len(), 2);
}

#[test]
fn a_score_the_child_gave_is_not_changed_by_what_somebody_else_reports() {
    // Storyboard 5, with the teacher writing down what the carer says.
    let [mut idris, mut ottoline] = secondary(["Idris", "Ottoline"]);
    let his = idris.row("voice.secScales", &[("about", "listened_to"), ("score", "4")]);
    let hers = ottoline.row("voice.secScales", &[("about", "listened_to"), ("score", "6")]);
    let view = meet(&mut idris, &mut ottoline);
    assert_eq!(row(&view, "voice.secScales", &his).to_json()["score"], 4);
    assert_eq!(row(&view, "voice.secScales", &hers).to_json()["score"], 6);
    let question = "voice.secScales".to_owned();
    let others = Err(Refused::OthersWords { question: question.clone() });
    let cells = cells_of("voice.secScales", &[("score", "6")]);
    assert_eq!(ottoline.try_edit(&[Edit::PutRow { question: question.clone(), key: his.clone(), cells }]), others);
    assert_eq!(ottoline.try_edit(&[Edit::WithdrawRow { question, key: his.clone() }]), others);
    let place = format!("voice.secScales/{his}/score");
    let value = parse_value("voice.secScales/score", "6").unwrap();
    assert_eq!(ottoline.try_edit(&[Edit::Choose { question: place, value }]), others);
}

#[test]
fn one_person_who_began_an_entry_on_two_devices_loses_neither() {
    let [laptop] = secondary(["Idris"]);
    let mut laptop = laptop;
    let mut phone = Device::holding("Idris", DocumentKind::Main, 9);
    phone.receive(&laptop);
    laptop.rewrite("voice.secHard", "English, too much writing");
    phone.rewrite("voice.secHard", "the taxi");
    let view = meet(&mut laptop, &mut phone);
    let said: BTreeSet<String> = voices(&view, "voice.secHard").into_iter().map(|(_, text)| text).collect();
    assert_eq!(said, ["English, too much writing", "the taxi"].map(str::to_owned).into());
    laptop.rewrite("voice.secHard", "English, too much writing, and the taxi");
    let view = meet(&mut laptop, &mut phone);
    assert_eq!(voices(&view, "voice.secHard").len(), 1);
}

#[test]
fn what_only_some_may_see_is_in_another_document() {
    let mut main = Device::of("Idris");
    let private = Edit::Rewrite { question: "voice.keepPrivate".into(), text: "A note for Petra only.".into() };
    let elsewhere = Refused::OtherDocument { question: "voice.keepPrivate".into(), kind: DocumentKind::PrivateVoice };
    assert_eq!(main.try_edit(std::slice::from_ref(&private)), Err(elsewhere));
    let mut annex = Device::holding("Idris", DocumentKind::PrivateVoice, 0);
    annex.edit(private);
    // A carer's device holds no such document, and nothing is missing there that the carer could not know.
    let carers = main.view();
    assert!(carers.answers["voice.keepPrivate"] == Answer::Elsewhere);
    assert!(!carers.gaps.iter().any(|gap| gap.question == "people.parentalResponsibility"));
    let documents = Documents { private_voice: Some(&annex.document), ..Documents::main(&main.document) };
    let view = read(documents, &idris(), &authors);
    assert_eq!(voices(&view, "voice.keepPrivate").len(), 1);
    assert_eq!(view.heads.len(), 2);
    assert!(!DocumentKind::PrivateVoice.readers().contains(&Role::Carer));
    assert!(
        DocumentKind::Contact.holds("care.collectAndContact") && !DocumentKind::Main.holds("care.collectAndContact")
    );
}

#[test]
fn a_question_of_an_annex_is_written_without_knowing_the_plan() {
    let mut contact = Device::holding("Odile", DocumentKind::Contact, 0);
    let key = contact.row("care.collectAndContact", &[("person", "Carys Wexcombe"), ("mayCollect", "yes")]);
    let main = Device::of("Odile");
    let documents = Documents { contact: Some(&contact.document), ..Documents::main(&main.document) };
    assert_eq!(row(&read(documents, &idris(), &authors), "care.collectAndContact", &key).to_json()["mayCollect"], true);
}

#[test]
fn the_childs_words_count_when_it_is_said_who_wrote_them_down() {
    // PEP.md 4.3: never satisfied by a professional's text alone.
    let [mut ottoline, mut idris] = secondary(["Ottoline", "Idris"]);
    let gap = |device: &Device| {
        let view = device.view();
        view.gaps.iter().find(|gap| gap.question == "voice.secWell").map(|gap| gap.why)
    };
    assert_eq!(gap(&ottoline), Some(Why::Missing));
    ottoline.rewrite("voice.secWell", "maths and food");
    assert_eq!(gap(&ottoline), Some(Why::NotSaidWhoWrote));
    ottoline.set("voice.recordedBy", "Ottoline Greaves-Penn");
    ottoline.set("voice.recordedOn", "2026-02-23");
    assert_eq!(gap(&ottoline), Some(Why::NotSaidWhoWrote), "a professional's text alone");
    ottoline.set("voice.method", "told_someone");
    assert_eq!(gap(&ottoline), None);
    idris.rewrite("voice.secWell", "maths and food");
    assert_eq!(gap(&idris), None);
}

#[test]
fn a_child_who_does_not_want_to_answer_is_complete_with_a_note() {
    let [mut ottoline] = secondary(["Ottoline"]);
    let missing = |device: &Device| {
        let view = device.view();
        view.gaps.iter().filter(|gap| gap.question.starts_with("voice.sec")).count()
    };
    assert_eq!(missing(&ottoline), 5);
    ottoline.set("voice.declined", "yes");
    assert_eq!(missing(&ottoline), 5);
    ottoline.rewrite("voice.declinedNote", "He would rather show his cooking.");
    assert_eq!(missing(&ottoline), 0);
}

#[test]
fn the_child_writes_in_a_target_in_their_own_words_and_nowhere_else_in_it() {
    let [mut ottoline, mut idris, mut carys] = secondary(["Ottoline", "Idris", "Carys"]);
    let key = Uuid::from_u128(4);
    ottoline.target(key, &[("area", "English"), ("childWords", "He wants to catch up.")]);
    idris.receive(&ottoline);
    carys.receive(&ottoline);
    idris.target(key, &[("childWords", "catch up in English before I move")]);
    idris.rewrite(&format!("targets.list/{key}/childWords"), "catch up in English before I move, please");
    carys
        .edit(Edit::Append { question: format!("targets.list/{key}/homeSupport"), text: "We read on Sundays.".into() });
    ottoline.receive(&carys);
    let view = meet(&mut idris, &mut ottoline);
    let target = view.targets[0].to_json();
    let said: BTreeSet<(&str, &str)> = target["childWords"]
        .as_array()
        .unwrap()
        .iter()
        .map(|voice| (voice["by"].as_str().unwrap(), voice["text"].as_str().unwrap()))
        .collect();
    let expected = [
        ("Idris Fennimoor", "catch up in English before I move, please"),
        ("Ottoline Greaves-Penn", "He wants to catch up."),
    ];
    assert_eq!(said, expected.into());
    assert_eq!(target["homeSupport"][0]["by"], "Carys Wexcombe");
    let refused = |device: &mut Device, fields: &[(&str, &str)]| {
        let fields = cells_of("targets.list", fields);
        let refused = device.try_edit(&[Edit::PutTarget { key: key.to_string(), fields }]);
        assert!(matches!(refused, Err(Refused::NotYours { .. })), "{refused:?}");
    };
    refused(&mut idris, &[("statement", "I will write more")]);
    refused(&mut idris, &[("childWords", "more"), ("measure", "12/20")]);
    refused(&mut idris, &[("homeSupport", "Carys helps")]);
    refused(&mut carys, &[("childWords", "He says so")]);
    refused(&mut carys, &[]);
    let new = Edit::PutTarget {
        key: Uuid::from_u128(5).to_string(),
        fields: cells_of("targets.list", &[("childWords", "x")]),
    };
    assert!(matches!(idris.try_edit(&[new]), Err(Refused::UnknownRow { .. })), "the child made a target");
    assert!(matches!(idris.try_edit(&[Edit::WithdrawTarget { key: key.to_string() }]), Err(Refused::NotYours { .. })));
    let sentences = history(&idris.document, &authors, None);
    let by_idris = sentences.iter().find(|entry| entry.by.as_ref().is_some_and(|who| who.name.starts_with("Idris")));
    assert_eq!(by_idris.unwrap().deeds[0].sentence, "wrote in “In my words” of the target “English” in “New targets”");
}

#[test]
fn own_words_do_not_bring_a_withdrawn_target_back() {
    let [mut ottoline, mut idris] = secondary(["Ottoline", "Idris"]);
    let key = Uuid::from_u128(4);
    ottoline.target(key, &[("area", "English")]);
    ottoline.edit(Edit::WithdrawTarget { key: key.to_string() });
    idris.receive(&ottoline);
    idris.target(key, &[("childWords", "I liked this one")]);
    let view = meet(&mut idris, &mut ottoline);
    assert!(view.targets[0].row.withdrawn);
    assert_eq!(view.targets[0].to_json()["childWords"][0]["text"], "I liked this one");
}

#[test]
fn one_person_on_two_devices_loses_no_words_in_a_target() {
    let [mut ottoline, mut laptop] = secondary(["Ottoline", "Idris"]);
    let key = Uuid::from_u128(4);
    ottoline.target(key, &[("area", "English")]);
    laptop.receive(&ottoline);
    let mut phone = Device::holding("Idris", DocumentKind::Main, 9);
    phone.receive(&laptop);
    laptop.target(key, &[("childWords", "write less")]);
    phone.target(key, &[("childWords", "read more")]);
    let view = meet(&mut laptop, &mut phone);
    assert_eq!(view.targets[0].to_json()["childWords"].as_array().unwrap().len(), 2);
}

#[test]
fn the_gates_table_lets_the_child_and_the_carer_write_their_own_entry_in_a_target() {
    let rules = idris().process().write_rules(DocumentKind::Main);
    let whole = may_write(&rules, "targets/*/statement").unwrap();
    for (field, whose) in [("childWords", Role::YoungPerson), ("homeSupport", Role::Carer)] {
        let own = may_write(&rules, &format!("targets/*/{field}@")).unwrap();
        assert!(own.contains(&whose) && !whole.contains(&whose));
        assert!(whole.iter().all(|role| own.contains(role)));
        assert!(may_write(&rules, &format!("targets/*/{field}")).is_none(), "no entry without an author");
    }
}

#[test]
fn a_remark_made_again_under_its_key_by_somebody_else_hides_nothing() {
    let [mut odile, mut carys] = secondary(["Odile", "Carys"]);
    let remark = |text: &str| Edit::Comment {
        key: Uuid::from_u128(9).to_string(),
        question: "care.story".into(),
        text: text.into(),
    };
    odile.edit(remark("Ask his brother, too."));
    carys.edit(remark("I have."));
    let view = meet(&mut odile, &mut carys);
    let said: Vec<(&str, &str)> =
        view.comments.iter().map(|c| (c.by.as_ref().unwrap().name.as_str(), c.text.as_str())).collect();
    assert_eq!(said, [("Odile Marrowfield", "Ask his brother, too."), ("Carys Wexcombe", "I have.")]);
}

#[test]
fn whoever_answers_for_a_question_or_writes_it_holds_the_document_it_is_in() {
    let processes = Processes::built_in().iter().map(|process| (process, process.id.as_str()));
    for (process, id) in processes {
        for question in bank().questions() {
            let readers = question.document().readers();
            let writers = process.writers_of(question);
            assert!(writers.iter().all(|role| readers.contains(role)), "{id}: {}", question.id);
            for not_on_roll in [false, true] {
                let owner = process.accountable_now(question, not_on_roll);
                assert!(owner.is_none_or(|role| readers.contains(&role)), "{id}: {}", question.id);
            }
        }
    }
    let rolling = processes_by_id("rolling");
    let asked = bank().question("carer.parentViewStatus").unwrap();
    assert_eq!(rolling.accountable(asked), Some(Role::SocialWorker), "it is on the young person's page");
}

#[test]
fn parents_and_family_are_known_to_neither_the_carer_nor_the_young_person() {
    let families = bank().questions().iter().filter(|question| question.document() == DocumentKind::Family);
    let families: Vec<&str> = families.map(|question| question.id.as_str()).collect();
    assert_eq!(
        families,
        [
            "care.placedForAdoption",
            "care.adoptionOrderDate",
            "people.parentalResponsibility",
            "carer.parentView",
            "carer.parentViewStatus"
        ]
    );
    let readers = DocumentKind::Family.readers();
    assert!(!readers.contains(&Role::Carer) && !readers.contains(&Role::YoungPerson));
    // What stands there makes no difference to what anybody else sees.
    let mut family = Device::holding("Odile", DocumentKind::Family, 0);
    let main = Device::of("Odile");
    let carers = main.view();
    family.set("carer.parentViewStatus", "given");
    let whole =
        read(Documents { family: Some(&family.document), ..Documents::main(&main.document) }, &idris(), &authors);
    assert!(whole.answers["carer.parentViewStatus"] != Answer::Elsewhere);
    for id in families {
        assert!(carers.answers[id] == Answer::Elsewhere && !carers.gaps.iter().any(|gap| gap.question == id), "{id}");
    }
    assert_eq!(carers.asked, whole.asked);
}

fn processes_by_id(id: &str) -> &'static Process {
    Processes::built_in().iter().find(|process| process.id == id).unwrap()
}

#[test]
fn the_child_chooses_who_holds_their_private_words_among_the_roles_that_can_help() {
    let chosen = |roles: &[Role]| DocumentKind::PrivateVoice.chosen(roles);
    assert_eq!(chosen(&[Role::SocialWorker]), Ok(vec![Role::SocialWorker, Role::YoungPerson]));
    let wide = [Role::IndependentReviewingOfficer, Role::Carer, Role::VirtualSchoolOfficer, Role::Carer];
    let holds = [
        Role::VirtualSchoolOfficer,
        Role::VirtualSchoolHead,
        Role::Carer,
        Role::YoungPerson,
        Role::IndependentReviewingOfficer,
    ];
    assert_eq!(chosen(&wide), Ok(holds.to_vec()), "the head may do what an officer may");
    assert_eq!(chosen(&holds), Ok(holds.to_vec()), "what was chosen can be chosen again");
    for nobody in [&[][..], &[Role::YoungPerson]] {
        assert_eq!(chosen(nobody), Err(plan::NotAChoice::Nobody));
    }
    let no = chosen(&[Role::SocialWorker, Role::Professional]).unwrap_err();
    assert!(no.to_string().contains("shown to the invited professional"), "{no}");
    for kind in DocumentKind::ALL.iter().filter(|kind| **kind != DocumentKind::PrivateVoice) {
        assert_eq!(kind.chosen(&[Role::SocialWorker]), Err(plan::NotAChoice::Nowhere));
        assert!(Role::ALL.iter().all(|role| kind.may_be_held_by(*role) == kind.readers().contains(role)));
    }
    // Whoever may hold it may leave a remark there, and write nothing else.
    let rules = idris().process().write_rules(DocumentKind::PrivateVoice);
    let lets =
        |root: &str, role: Role| rules.iter().any(|rule| rule.place.starts_with(root) && rule.roles.contains(&role));
    assert!(lets("comments", Role::Carer) && !lets("answers", Role::Carer));
}

const CHOICE: &str = "voice.meetingChoice";

#[test]
fn what_the_child_chose_stands_whoever_puts_something_in_its_place_later() {
    let [mut idris, mut ottoline, mut odile] = secondary(["Idris", "Ottoline", "Odile"]);
    idris.set(CHOICE, "come_to_all");
    ottoline.receive(&idris);
    ottoline.set(CHOICE, "someone_speaks_for_me");
    odile.receive(&ottoline);
    odile.set(CHOICE, "not_this_time");
    meet(&mut idris, &mut odile);
    let view = meet(&mut ottoline, &mut odile);
    assert!(view == idris.view(), "the child's device shows another plan");
    assert_eq!(shown(&view, CHOICE), "come_to_all");
    assert!(view.own.contains(CHOICE));
    let beside: Vec<String> = view.beside[CHOICE].iter().map(|claim| claim.value.to_string()).collect();
    assert_eq!(beside, ["not_this_time"], "the newest of the others' stands beside it");
    assert!(conflicts(&view, &idris.pep).is_empty(), "it blocks nothing, and nobody is asked to choose");
    // What follows from the choice follows from the child's.
    assert!(!view.asked.contains("voice.proxy"));
    // The child changes their mind, and the others' goes.
    idris.set(CHOICE, "on_a_call");
    let view = meet(&mut idris, &mut ottoline);
    assert_eq!(shown(&view, CHOICE), "on_a_call");
    assert!(view.beside.is_empty());
}

#[test]
fn what_the_child_chose_stands_beside_what_another_chose_apart_in_either_order() {
    for child_first in [true, false] {
        let [mut idris, mut ottoline, mut odile] = secondary(["Idris", "Ottoline", "Odile"]);
        idris.set(CHOICE, "come_to_all");
        ottoline.set(CHOICE, "not_this_time");
        let (one, other) = if child_first { (&idris, &ottoline) } else { (&ottoline, &idris) };
        odile.receive(one);
        odile.receive(other);
        let view = odile.view();
        assert_eq!(shown(&view, CHOICE), "come_to_all");
        assert_eq!(view.beside[CHOICE].len(), 1);
        // The social worker who resolves it against the child resolves nothing.
        let against = parse_value(CHOICE, "not_this_time").unwrap();
        odile.edit(Edit::Resolve { question: CHOICE.into(), take: against });
        let view = meet(&mut idris, &mut odile);
        assert_eq!(shown(&view, CHOICE), "come_to_all");
        assert_eq!(view.beside[CHOICE].len(), 1);
        // Who takes theirs back leaves the child's alone.
        odile.edit(Edit::Clear { question: CHOICE.into() });
        let view = meet(&mut idris, &mut odile);
        assert_eq!(shown(&view, CHOICE), "come_to_all");
        assert!(view.beside.is_empty());
    }
}

#[test]
fn between_what_the_child_chose_on_two_devices_nobody_else_is_heard() {
    let [mut phone, mut ottoline] = secondary(["Idris", "Ottoline"]);
    let mut tablet = Device::holding("Idris", DocumentKind::Main, 1);
    tablet.receive(&phone);
    phone.set(CHOICE, "come_to_all");
    tablet.set(CHOICE, "last_10_minutes");
    ottoline.set(CHOICE, "not_this_time");
    ottoline.receive(&tablet);
    let view = meet(&mut phone, &mut ottoline);
    let both: BTreeSet<String> = claimed(&view.answers[CHOICE]).into_iter().map(|(word, _)| word).collect();
    assert_eq!(both, BTreeSet::from(["come_to_all".to_owned(), "last_10_minutes".to_owned()]));
    // The child chooses again, and that is all there is.
    phone.set(CHOICE, "last_10_minutes");
    assert_eq!(shown(&phone.view(), CHOICE), "last_10_minutes");
}

#[test]
fn what_somebody_wrote_down_for_the_child_stands_until_the_child_chooses_and_again_when_they_take_it_away() {
    let [mut idris, mut ottoline] = secondary(["Idris", "Ottoline"]);
    ottoline.set(CHOICE, "not_this_time");
    assert!(ottoline.view().own.is_empty(), "a teacher's note is not the child's own choice");
    idris.receive(&ottoline);
    idris.set(CHOICE, "come_to_all");
    let view = meet(&mut idris, &mut ottoline);
    assert!(view.beside.is_empty(), "the child knew of it, and chose");
    idris.edit(Edit::Clear { question: CHOICE.into() });
    ottoline.receive(&idris);
    ottoline.set(CHOICE, "on_a_call");
    let view = meet(&mut idris, &mut ottoline);
    assert_eq!(shown(&view, CHOICE), "on_a_call");
    assert!(view.own.is_empty() && view.beside.is_empty());
}

#[test]
fn a_no_of_the_child_to_the_targets_is_not_made_a_yes_and_asks_for_an_answer() {
    let [mut idris, mut ottoline] = secondary(["Idris", "Ottoline"]);
    idris.set(plan::AGREED, "no");
    ottoline.receive(&idris);
    ottoline.set(plan::AGREED, "yes");
    let view = meet(&mut idris, &mut ottoline);
    assert_eq!(shown(&view, plan::AGREED), false);
    assert!(plan::disagreed(&view));
    let found = plan::check(
        &view,
        &idris.pep,
        plan::Around { today: chrono::NaiveDate::from_ymd_opt(2026, 2, 26).unwrap(), previous: None, others: &[] },
    );
    let at: Vec<&plan::Finding> = found.iter().filter(|one| one.field.as_deref() == Some(plan::AGREED)).collect();
    assert_eq!(at.len(), 2, "that they do not agree, and that somebody said they do");
    assert!(at.iter().all(|one| one.owner == Role::DesignatedTeacher && one.severity == plan::Severity::Doubtful));
}

#[test]
fn a_comment_of_the_child_or_the_carer_waits_until_somebody_else_answers_at_the_same_question() {
    let [mut carys, mut odile] = secondary(["Carys", "Odile"]);
    let say = |device: &mut Device, key: u128, question: &str, text: &str| {
        let key = Uuid::from_u128(key).to_string();
        device.edit(Edit::Comment { key, question: question.into(), text: text.into() });
    };
    say(&mut carys, 1, "care.story", "Please take this out.");
    odile.receive(&carys);
    assert_eq!(plan::unanswered(&odile.view()).len(), 1);
    say(&mut odile, 2, "care.placementType", "Elsewhere.");
    assert_eq!(plan::unanswered(&odile.view()).len(), 1, "an answer stands at the same question");
    say(&mut odile, 3, "care.story", "Done.");
    let view = meet(&mut carys, &mut odile);
    assert!(plan::unanswered(&view).is_empty());
    say(&mut carys, 4, "care.story", "Thank you. And the date?");
    assert_eq!(plan::unanswered(&carys.view()).len(), 1);
}
