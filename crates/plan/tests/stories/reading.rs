use crate::*;

#[test]
fn storyboard_1_what_one_answers_makes_new_questions_mandatory_for_another() {
    let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
    odile.set("setting.rollStatus", "single");
    ottoline.receive(&odile);
    let before = odile.view().completeness[&Role::SocialWorker];
    assert_eq!(odile.view().hidden.get("transfer.reason"), Some(&"transfer.needed"));
    odile.set("care.legalStatus", "C2");
    odile.set("transfer.needed", "yes");
    for (term, possible, attended) in [("Autumn 2025", "148", "121"), ("Spring 2026 to 26 Feb", "68", "61")] {
        ottoline.row("attendance.terms", &[("term", term), ("possible", possible), ("attended", attended)]);
    }
    let view = meet(&mut odile, &mut ottoline);
    assert!(conflicts(&view, &idris()).is_empty());
    let after = view.completeness[&Role::SocialWorker];
    assert_eq!(after.answered, before.answered + 2);
    assert!(after.mandatory > before.mandatory + 2, "the school transfer brings questions of its own");
    assert!(view.gaps.iter().any(|gap| gap.question == "transfer.reason" && gap.owner == Role::SocialWorker));
    // Vectors of PEP.md 8.2.
    assert_eq!(row(&view, "attendance.terms", "autumn-2025").to_json()["percent"], 81.8);
    assert_eq!(row(&view, "attendance.terms", "spring-2026-to-26-feb").to_json()["percent"], 89.7);
    assert_eq!(shown(&view, "attendance.band"), "persistent");
    assert!(view.asked.contains("attendance.barriers"));
    // What is not asked says which answer hides it; nothing is both.
    assert!(!view.hidden.contains_key("transfer.reason"));
    assert!(view.hidden.keys().all(|id| !view.asked.contains(id)));
}

#[test]
fn storyboard_8_a_provisional_date_is_the_same_everywhere_and_a_persons_date_wins_in_either_order() {
    let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
    odile.set("meeting.kind", "meeting");
    odile.set("meeting.date", "2026-02-26");
    let view = meet(&mut odile, &mut ottoline);
    assert_eq!(shown(&view, "meeting.nextDate"), "2026-06-04");
    assert_eq!(shown(&view, "meeting.nextDateSource"), "provisional");
    assert!(view.gaps.iter().any(|gap| gap.question == "meeting.nextDate"), "a provisional date answers nothing");
    odile.set("meeting.nextDate", "2026-06-04");
    ottoline.set("meeting.story", "Year 10.");
    let mut late = ottoline.clone();
    let view = meet(&mut odile, &mut ottoline);
    late.receive(&odile);
    assert!(late.view() == view);
    assert_eq!(shown(&view, "meeting.nextDateSource"), "agreed");
    assert!(!view.gaps.iter().any(|gap| gap.question == "meeting.nextDate"));
}

#[test]
fn two_dates_set_by_people_are_both_shown() {
    let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
    odile.set("meeting.nextDate", "2026-06-04");
    ottoline.set("meeting.nextDate", "2026-06-11");
    let view = meet(&mut odile, &mut ottoline);
    assert_eq!(claimed(&view.answers["meeting.nextDate"]).len(), 2);
    assert!(view.next_date.is_none());
    let gap = view.gaps.iter().find(|gap| gap.question == "meeting.nextDate").unwrap();
    assert_eq!(gap.why, Why::Disputed);
}

#[test]
fn a_claim_says_who_and_when() {
    let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
    ottoline.clock += 3_600;
    odile.set("meeting.held", "yes");
    ottoline.set("meeting.held", "no");
    let view = meet(&mut odile, &mut ottoline);
    let json = shown(&view, "meeting.held");
    let claims = json["disputed"].as_array().unwrap();
    assert_eq!(claims.len(), 2);
    let yes = serde_json::json!({ "value": true, "by": "Odile Marrowfield", "at": TUESDAY + 1 });
    let no = serde_json::json!({ "value": false, "by": "Ottoline Greaves-Penn", "at": TUESDAY + 3_601 });
    assert!(claims.contains(&yes) && claims.contains(&no));
    assert_eq!(view.state, State::MeetingHeld, "while people disagree, what would follow is shown");
}

#[test]
fn the_form_follows_from_the_date_of_birth_and_a_year_group_comes_first() {
    // PEP.md 4.1 and 8.
    for (born, group, phase) in [
        ("2016-03-14", "Primary", "primary"),
        ("2010-11-02", "Secondary", "secondary"),
        ("2009-01-23", "Post-16", "post_16"),
        ("2022-05-30", "Early years", "early_years"),
        ("2020-09-01", "Primary", "primary"),
    ] {
        let mut odile = Device::of("Odile");
        odile.set("child.dob", born);
        let view = odile.view();
        assert_eq!(shown(&view, "meta.phase"), phase, "born {born}");
        assert_eq!(view.phase.unwrap().label(), group);
    }
    let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
    odile.set("child.dob", "2010-11-02");
    ottoline.set("setting.yearGroup", "Year 6");
    let view = meet(&mut odile, &mut ottoline);
    assert!(view.asked.contains("pri.subjects") && !view.asked.contains("sec.subjects"));
    assert_eq!(shown(&view, "funding.stream"), "pp_plus");
}

#[test]
fn while_the_form_is_not_known_nothing_of_it_is_refused_or_missed() {
    let mut ottoline = Device::of("Ottoline");
    ottoline.row("sec.subjects", &[("subject", "Maths"), ("qualification", "GCSE"), ("now", "4")]);
    let view = ottoline.view();
    assert!(!view.asked.contains("sec.subjects"));
    assert!(!view.gaps.iter().any(|gap| gap.question.starts_with("pri.") || gap.question.starts_with("sec.")));
    // When it is known, what does not belong to it is kept and not asked.
    ottoline.set("setting.yearGroup", "6");
    let view = ottoline.view();
    assert_eq!(row(&view, "sec.subjects", "maths+gcse").to_json()["now"], "4");
    assert!(!view.asked.contains("sec.subjects"));
}

#[test]
fn where_people_disagree_a_question_that_any_answer_asks_is_asked() {
    let (mut sunniva, mut ottoline) = (Device::of("Sunniva"), Device::of("Ottoline"));
    sunniva.set("send.status", "none");
    ottoline.set("send.status", "ehcp");
    let view = meet(&mut sunniva, &mut ottoline);
    assert!(view.asked.contains("send.ehcpDates"));
}

#[test]
fn a_strengths_and_difficulties_score_adds_up_and_a_high_one_asks_what_is_done() {
    let mut odile = Device::of("Odile");
    odile.set("child.dob", "2010-11-02");
    let scores = |date, emotional| {
        let rest = [("conduct", "5"), ("hyperactivity", "8"), ("peer", "3"), ("prosocial", "5")];
        let mut cells = vec![("date", date), ("completedBy", "carer"), ("emotional", emotional)];
        cells.extend(rest);
        cells
    };
    let key = odile.row("wellbeing.sdq", &scores("2026-01-20", "5"));
    let view = odile.view();
    let sdq = row(&view, "wellbeing.sdq", &key).to_json();
    assert_eq!((&sdq["total"], &sdq["band"]), (&21.into(), &"high".into()));
    assert!(view.asked.contains("wellbeing.sdqActions"));
    odile.row("wellbeing.sdq", &scores("2026-02-20", "0"));
    assert!(!odile.view().asked.contains("wellbeing.sdqActions"), "the latest score counts");
}

#[test]
fn comments_stand_beside_the_answer_with_their_author() {
    let (mut quentin, mut odile) = (Device::of("Quentin"), Device::of("Odile"));
    let comment = |text: &str, key: u128| Edit::Comment {
        key: Uuid::from_u128(key).to_string(),
        question: "care.story".into(),
        text: text.into(),
    };
    quentin.edit(comment("Please say how the move came about.", 2));
    odile.clock += 60;
    odile.edit(comment("I will.", 1));
    let view = meet(&mut quentin, &mut odile);
    let said: Vec<(&str, &str)> = view
        .comments
        .iter()
        .map(|comment| (comment.by.as_ref().map_or("", |who| who.name.as_str()), comment.text.as_str()))
        .collect();
    assert_eq!(said, [("Quentin Saltmarsh", "Please say how the move came about."), ("Odile Marrowfield", "I will.")]);
    assert_eq!(odile.edit(comment("I will!", 1)).change, None, "a remark stays as it is");
}

#[test]
fn working_notes_of_the_virtual_school_are_comments_in_a_document_of_its_own() {
    let mut lorcan = Device::holding("Lorcan", DocumentKind::Quality, 0);
    let note = Edit::Comment {
        key: Uuid::from_u128(1).to_string(),
        question: "carer.parentView".into(),
        text: "Ask Odile about this.".into(),
    };
    lorcan.edit(note.clone());
    let mut odile = Device::holding("Odile", DocumentKind::Quality, 0);
    assert!(matches!(odile.try_edit(&[note]), Err(Refused::NotYours { .. })));
}

#[test]
fn history_tells_who_did_what_in_sentences() {
    let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
    odile.set("transfer.needed", "yes");
    for text in ["Fifty-two", "Fifty-two minutes", "Fifty-two minutes by taxi."] {
        odile.rewrite("transfer.reason", text);
    }
    ottoline.clock += 3_600;
    ottoline.receive(&odile);
    let key = ottoline.row("attendance.terms", &[("term", "Autumn 2025"), ("possible", "148")]);
    ottoline.row("attendance.terms", &[("term", "Autumn 2025"), ("attended", "121")]);
    ottoline.edit(Edit::WithdrawRow { question: "attendance.terms".into(), key });
    let target = Uuid::from_u128(8);
    ottoline.target(target, &[("area", "English"), ("measure", "12/20")]);
    ottoline.target(target, &[("measure", "13/20")]);
    let entries = history(&ottoline.document, &authors, None);
    assert_eq!(entries.len(), 2, "what each did at a stretch is one entry");
    let each = |entry: &plan::Entry| {
        let by = entry.by.clone().unwrap().name;
        entry.deeds.iter().map(|deed| (by.clone(), deed.sentence.clone())).collect::<Vec<_>>()
    };
    let told: Vec<(String, String)> = entries.iter().flat_map(each).collect();
    let expected = [
        ("Odile Marrowfield", "answered “Is an in-year school transfer needed?”: yes"),
        ("Odile Marrowfield", "wrote in “Why, and why it is in the child's interest”"),
        ("Ottoline Greaves-Penn", "added “Autumn 2025” to “My attendance”"),
        (
            "Ottoline Greaves-Penn",
            "changed “Attended, with approved off-site” of “Autumn 2025” in “My attendance” to 121",
        ),
        ("Ottoline Greaves-Penn", "withdrew “Autumn 2025” in “My attendance”"),
        ("Ottoline Greaves-Penn", "added the target “English” to “New targets”"),
        ("Ottoline Greaves-Penn", "changed “How we will know” of the target “English” in “New targets” to 13/20"),
    ];
    assert_eq!(told, expected.map(|(by, sentence)| (by.to_owned(), sentence.to_owned())));
    let of_one = history(&ottoline.document, &authors, Some("transfer.reason"));
    assert_eq!((of_one.len(), of_one[0].deeds.len(), of_one[0].deeds[0].place.as_str()), (1, 1, "transfer.reason"));
    assert_eq!((of_one[0].began, of_one[0].at), (TUESDAY + 2, TUESDAY + 4));
    let places: Vec<&str> = entries[1].deeds.iter().map(|deed| deed.place.as_str()).collect();
    let within = format!("targets.list/{target}");
    let expected = ["/autumn-2025", "/autumn-2025/attended", "/autumn-2025/withdrawn"];
    let expected = expected.map(|row| format!("attendance.terms{row}"));
    let expected = [&expected[..], &[within.clone(), format!("{within}/measure")]].concat();
    assert_eq!(places, expected);
}

#[test]
fn of_a_text_that_several_people_write_in_at_once_each_entry_has_what_its_author_wrote() {
    let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
    odile.rewrite("meeting.notes", "Biscuit is a dog. He cooks.");
    odile.clock += 3_600;
    ottoline.clock = odile.clock;
    ottoline.receive(&odile);
    for (hers, theirs) in [("Biscuit is my dog.", " On Sundays."), ("Biscuit is my old dog.", " He sings.")] {
        let now = |device: &Device| shown(&device.view(), "meeting.notes").as_str().unwrap().to_owned();
        let text = now(&odile).replace("Biscuit is a dog.", hers).replace("Biscuit is my dog.", hers);
        odile.rewrite("meeting.notes", &text);
        let text = now(&ottoline) + theirs;
        ottoline.rewrite("meeting.notes", &text);
        meet(&mut odile, &mut ottoline);
    }
    let text = shown(&odile.view(), "meeting.notes");
    assert_eq!(text, "Biscuit is my old dog. He cooks. On Sundays. He sings.");
    let entries = history(&odile.document, &authors, None);
    let wrote = |n: usize| entries[n].wrote(&odile.document, &entries[n].deeds[0]).unwrap();
    assert_eq!(entries.len(), 3);
    assert_eq!(wrote(0), (String::new(), "Biscuit is a dog. He cooks.".into()));
    let by = |name: &str| (1..3).find(|n| entries[*n].by.as_ref().unwrap().name.starts_with(name)).unwrap();
    let (before, after) = wrote(by("Odile"));
    assert!(before.starts_with("Biscuit is a dog. He cooks.") && after.starts_with("Biscuit is my old dog. He cooks."));
    assert_eq!(
        before.replace("Biscuit is a dog.", ""),
        after.replace("Biscuit is my old dog.", ""),
        "the rest is hers"
    );
    let (before, after) = wrote(by("Ottoline"));
    assert!(after.ends_with("He cooks. On Sundays. He sings.") && !before.contains("Sundays") && before.contains("my"));
    // What a text held before it was edited is its beginning.
    let mut again = Device::of("Odile");
    let carry = Edit::Carry { question: "care.story".into(), text: Some("As before.".into()), ask: false };
    again.edit(carry);
    again.clock += 3_600;
    again.rewrite("care.story", "As before, and cooks.");
    let entries = history(&again.document, &authors, Some("care.story"));
    let last = entries.last().unwrap();
    let deed = last.deeds.iter().find(|deed| deed.sentence.starts_with("wrote")).unwrap();
    assert_eq!(last.wrote(&again.document, deed), Some(("As before.".into(), "As before, and cooks.".into())));
}

#[test]
fn a_question_looked_at_closely_has_a_version_before_each_pause_and_before_much_is_taken_away() {
    let mut odile = Device::of("Odile");
    odile.rewrite("care.story", "He cooks on Sundays, and the whole house comes to eat.");
    odile.clock += 180;
    odile.rewrite("care.story", "He cooks on Sundays, and the whole house comes to eat. He sings.");
    odile.rewrite("care.story", "");
    odile.rewrite("care.story", "He sings.");
    let told = |question| {
        let entries = history(&odile.document, &authors, question);
        let after = |entry: &plan::Entry| entry.wrote(&odile.document, &entry.deeds[0]).unwrap().1;
        entries.iter().map(after).collect::<Vec<_>>()
    };
    assert_eq!(told(None), ["He sings."]);
    let whole = "He cooks on Sundays, and the whole house comes to eat.";
    assert_eq!(told(Some("care.story")), [whole, &format!("{whole} He sings."), "He sings."]);
}

#[test]
fn what_everybody_looks_for_stands_out() {
    use plan::Mark;
    let mut odile = Device::of("Odile");
    odile.set("meeting.held", "no");
    odile.set("meeting.held", "yes");
    let mut lorcan = Device::of("Lorcan");
    lorcan.receive(&odile);
    lorcan.clock = odile.clock;
    let cells = cells_of("qa.returnedFor", &[("what", "The story is missing."), ("owner", "social-worker")]);
    let row = Edit::PutRow { question: "qa.returnedFor".into(), key: Uuid::from_u128(9).to_string(), cells };
    lorcan.edit(row);
    let entries = history(&lorcan.document, &authors, None);
    let marks: Vec<Mark> = entries.iter().flat_map(|entry| &entry.deeds).filter_map(|deed| deed.mark).collect();
    assert_eq!(marks, [Mark::MeetingHeld, Mark::SentBack]);
}

#[test]
fn versions_are_found_by_time_and_compared() {
    let mut odile = Device::of("Odile");
    odile.set("transfer.needed", "yes");
    let noon = odile.clock;
    odile.set("transfer.needed", "no");
    odile.set("voice.method", "drawing");
    let then = heads_at(&odile.document, noon);
    let told = difference(&odile.document, &then, None).unwrap();
    assert_eq!(
        told,
        ["answered “Is an in-year school transfer needed?”: no", "answered “How my views were gathered”: Drawing"]
    );
    assert_eq!(difference(&odile.document, &odile.document.get_heads(), None), Some(Vec::new()));
    let foreign = Device::of("Idris");
    let mut foreign = foreign;
    foreign.rewrite("activities.wouldLike", "climbing");
    assert_eq!(difference(&odile.document, &foreign.document.get_heads(), None), None);
    assert!(heads_at(&odile.document, -1).is_empty());
}

#[test]
fn nothing_anybody_wrote_shows_in_debug() {
    let mut odile = Device::of("Odile");
    odile.rewrite("care.story", "Biscuit the dog");
    let edit = Edit::Rewrite { question: "care.story".into(), text: "Biscuit".into() };
    let view = odile.view();
    let shown = format!("{edit:?} {view:?} {:?} {:?}", view.answers, history(&odile.document, &authors, None));
    assert!(!shown.contains("Biscuit") && !shown.contains("Odile"));
}

#[test]
fn a_document_with_nothing_in_it_reads() {
    let nothing = Automerge::new();
    let view = read(Documents::main(&nothing), &idris(), &authors);
    assert_eq!((view.answers.len(), view.state), (230, State::NotStarted));
    assert!(conflicts(&view, &idris()).is_empty() && history(&nothing, &authors, None).is_empty());
}

#[test]
fn a_document_with_the_wrong_things_in_it_reads() {
    let mut document = Automerge::new().with_actor(ActorId::from(&[0, 5][..]));
    document
        .transact::<_, _, automerge::AutomergeError>(|tx| {
            tx.put(ROOT, "about", 5)?;
            tx.put_object(ROOT, "comments", ObjType::List)?;
            let answers = tx.put_object(ROOT, "answers", ObjType::Map)?;
            tx.put(&answers, "care.story", "a plain word")?;
            tx.put_object(&answers, "meeting.held", ObjType::Text)?;
            tx.put(&answers, "setting.hoursOffered", f64::NAN)?;
            tx.put(&answers, "child.dob", "sometime in spring")?;
            tx.put(&answers, "funding.tuition", i64::MAX)?;
            let table = tx.put_object(&answers, "attendance.terms", ObjType::Map)?;
            tx.put(&table, "a row that is a word", "word")?;
            let row = tx.put_object(&table, "autumn", ObjType::Map)?;
            tx.put(&row, "possible", i64::MIN)?;
            tx.put(&row, "attended", f64::INFINITY)?;
            tx.put(&row, "withdrawn", "yes")?;
            let targets = tx.put_object(ROOT, "targets", ObjType::Map)?;
            let target = tx.put_object(&targets, "first", ObjType::Map)?;
            tx.put(&target, "statement", true)?;
            tx.put(&target, "status", "agreed")?;
            let funds = tx.put_object(&target, "funds", ObjType::Map)?;
            let fund = tx.put_object(&funds, "x", ObjType::Map)?;
            tx.put(&fund, "unitCost", i64::MAX)?;
            tx.put(&fund, "quantity", i64::MAX)?;
            Ok(())
        })
        .unwrap();
    let view = read(Documents::main(&document), &idris(), &authors);
    assert!(view.answers["care.story"] == Answer::Missing);
    assert_eq!(shown(&view, "child.dob"), "sometime in spring", "words are shown wherever they stand");
    assert!(!row(&view, "attendance.terms", "autumn").withdrawn);
    let cells = &row(&view, "attendance.terms", "autumn").cells;
    assert!(!cells.contains_key("possible") && !cells.contains_key("percent"));
    assert_eq!(view.targets.len(), 1);
    history(&document, &authors, None);
}
