use crate::*;
use plan::{Claim, Dispute, Known, Severity, rewritten_findings};

const NOTES: &str = "meeting.notes";
const BEFORE: &str = "He finds reading hard. He likes maths.";
const ODILES: &str = "He finds reading hard in the mornings. He likes maths.";

/// What somebody has to choose between, and then what is a remark.
fn apart(device: &Device) -> Vec<Dispute> {
    let view = device.view();
    let remarks = view.rewritten.iter().filter(|one| !one.open).map(|one| one.dispute.clone());
    let all = conflicts(&view, &device.pep).into_iter().chain(remarks).collect();
    // What an earlier reading found out makes no difference.
    let known = Known::default();
    for _ in 0..2 {
        let again = read(Documents { known: Some(&known), ..Documents::main(&device.document) }, &device.pep, &authors);
        assert!(again == view);
    }
    all
}

fn is_open(device: &Device) -> bool {
    device.view().rewritten.iter().any(|one| one.open)
}

fn said(claims: &[Claim]) -> Vec<(String, String)> {
    let by = |claim: &Claim| claim.by.as_ref().map_or(String::new(), |who| who.name.clone());
    claims.iter().map(|claim| (claim.value.to_string(), by(claim))).collect()
}

/// What one of them left.
fn left_by(dispute: &Dispute, name: &str) -> Value {
    let by = |claim: &&Claim| claim.by.as_ref().is_some_and(|who| who.name.starts_with(name));
    dispute.claims.iter().find(by).unwrap().value.clone()
}

/// Odile and Ottoline hold the same notes.
fn both(text: &str) -> (Device, Device) {
    let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
    odile.rewrite(NOTES, text);
    meet(&mut odile, &mut ottoline);
    (odile, ottoline)
}

/// They both rewrite the first sentence, apart.
fn rewritten_by_both() -> (Device, Device) {
    let (mut odile, mut ottoline) = both(BEFORE);
    odile.rewrite(NOTES, "Reading is still difficult for him. He likes maths.");
    ottoline.rewrite(NOTES, "His reading age is 9 now. He likes maths.");
    (odile, ottoline)
}

#[test]
fn r4_11_a_sentence_that_two_people_rewrote_apart_is_shown_as_each_left_it() {
    let (mut odile, mut ottoline) = rewritten_by_both();
    assert!(apart(&odile).is_empty() && apart(&ottoline).is_empty(), "alone there is nothing to see");
    meet(&mut odile, &mut ottoline);
    let disputes = apart(&odile);
    assert!(disputes == apart(&ottoline));
    let [dispute] = &disputes[..] else { panic!("one text: {}", disputes.len()) };
    assert_eq!((dispute.place.as_str(), dispute.question), (NOTES, NOTES));
    let merged = odile.view().rewritten[0].now.to_string();
    let of = |words: &str, who: &str| (words.to_owned(), who.to_owned());
    assert_eq!(
        said(&dispute.claims),
        [
            of("His reading age is 9 now. He likes maths.", "Ottoline Greaves-Penn"),
            of("Reading is still difficult for him. He likes maths.", "Odile Marrowfield"),
            of(&merged, ""),
        ]
    );
    // Neither version is torn: they stand one after the other.
    assert!(merged.contains("Reading is still difficult for him.") && merged.contains("His reading age is 9 now."));
    // What is shown, printed and exported is what each left, with their name, and never the two in one another.
    let shown = claimed(&odile.view().answers[NOTES]);
    assert_eq!(shown.len(), 2);
    assert!(shown.iter().all(|(_, who)| !who.is_empty()));
    // It keeps the pages from being completed, is said to whoever answers for them, and repeats nothing of the text.
    let around = plan::Around { today: "2026-02-24".parse().unwrap(), previous: None, others: &[] };
    let found = plan::check(&odile.view(), &idris(), around);
    let finding = found.iter().find(|finding| finding.field.as_deref() == Some(NOTES)).unwrap();
    assert!(finding.severity == Severity::Blocks && !finding.says.contains("reading"));
    assert!(rewritten_findings(&odile.view(), &idris()).is_empty());
}

#[test]
fn r4_11_whoever_types_next_has_not_settled_it_and_nobody_signs_meanwhile() {
    let (mut odile, mut ottoline) = rewritten_by_both();
    meet(&mut odile, &mut ottoline);
    odile.edit(Edit::Append { question: NOTES.into(), text: "He cooks.".into() });
    ottoline.edit(splice(&ottoline, NOTES, 0, 0, "Note: "));
    meet(&mut odile, &mut ottoline);
    assert!(is_open(&odile) && is_open(&ottoline));
    odile.rewrite(NOTES, "Something else altogether.");
    assert!(is_open(&odile));
    let last = apart(&odile)[0].claims.last().unwrap().value.clone();
    assert_eq!(last, Value::Text("Something else altogether.".into()));
    let key = Uuid::from_u128(0x51);
    let signing = plan::Signing { question: "signoff.sw", key, on: "2026-02-24".parse().unwrap(), comment: "" };
    let refused = plan::sign(&mut odile.document, &odile.pep, &odile.writer, signing, TUESDAY);
    assert!(matches!(refused, Err(Refused::Undecided { .. })));
    // A text of one's own is settled on like any other.
    odile.edit(Edit::Resolve { question: NOTES.into(), take: last });
    meet(&mut odile, &mut ottoline);
    assert!(!is_open(&ottoline) && apart(&ottoline).is_empty());
    assert_eq!(text(&ottoline.view(), NOTES), "Something else altogether.");
}

#[test]
fn r4_11_two_who_settle_it_otherwise_apart_are_both_shown_and_two_who_settle_it_alike_have() {
    for alike in [true, false] {
        let (mut odile, mut ottoline) = rewritten_by_both();
        let mut third = Device::of("Lorcan");
        meet(&mut odile, &mut ottoline);
        third.receive(&odile);
        let [odiles, ottolines] = ["Odile", "Ottoline"].map(|name| left_by(&apart(&odile)[0], name));
        let take = |value: &Value| Edit::Resolve { question: NOTES.into(), take: value.clone() };
        odile.edit(take(&odiles));
        ottoline.edit(take(if alike { &odiles } else { &ottolines }));
        assert!(!is_open(&odile) && !is_open(&ottoline));
        let mut backwards = third.clone();
        backwards.receive(&ottoline);
        backwards.receive(&odile);
        third.receive(&odile);
        third.receive(&ottoline);
        assert!(third.view() == backwards.view());
        if alike {
            assert!(apart(&third).is_empty());
            assert_eq!(Value::Text(text(&third.view(), NOTES)), odiles);
            continue;
        }
        let said: Vec<(String, String)> = claimed(&third.view().answers[NOTES]);
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(
            [&odiles, &ottolines].into_iter().all(|value| said.iter().any(|(words, _)| *words == value.to_string()))
        );
        third.edit(take(&ottolines));
        meet(&mut odile, &mut third);
        assert!(apart(&odile).is_empty());
        assert_eq!(Value::Text(text(&odile.view(), NOTES)), ottolines);
    }
}

#[test]
fn r4_11_three_versions_are_all_shown_in_every_order() {
    let (mut odile, mut ottoline) = both(BEFORE);
    let mut lorcan = Device::of("Lorcan");
    lorcan.receive(&odile);
    odile.rewrite(NOTES, "Reading is still difficult for him.");
    ottoline.rewrite(NOTES, "His reading age is nine.");
    lorcan.rewrite(NOTES, "Phonics go well.");
    for order in [[&odile, &ottoline, &lorcan], [&lorcan, &ottoline, &odile], [&ottoline, &lorcan, &odile]] {
        let mut all = Device::of("Sunniva");
        order.iter().for_each(|device| all.receive(device));
        let mut said: Vec<String> = claimed(&all.view().answers[NOTES]).into_iter().map(|(words, _)| words).collect();
        said.sort();
        assert_eq!(said, ["His reading age is nine.", "Phonics go well.", "Reading is still difficult for him."]);
    }
}

#[test]
fn a_word_that_two_people_mend_apart_is_a_remark_and_settled_by_whoever_goes_on() {
    let (mut odile, mut ottoline) = both(BEFORE);
    odile.rewrite(NOTES, "He finds reading tiring. He likes maths.");
    ottoline.rewrite(NOTES, "He finds reading easy. He likes maths.");
    let view = meet(&mut odile, &mut ottoline);
    assert!(!is_open(&odile) && matches!(view.answers[NOTES], Answer::Text { .. }));
    assert_eq!(apart(&odile).len(), 1);
    let [finding] = &rewritten_findings(&view, &idris())[..] else { panic!("one finding") };
    assert!(finding.severity == Severity::Doubtful && finding.field.as_deref() == Some(NOTES));
    ottoline.edit(Edit::Append { question: NOTES.into(), text: "He cooks.".into() });
    meet(&mut odile, &mut ottoline);
    assert!(apart(&odile).is_empty());
}

#[test]
fn choosing_a_version_settles_it_in_either_order_of_merging() {
    let (mut odile, mut ottoline) = rewritten_by_both();
    let mut third = Device::of("Lorcan");
    meet(&mut odile, &mut ottoline);
    third.receive(&ottoline);
    let take = left_by(&apart(&odile)[0], "Ottoline");
    odile.edit(Edit::Resolve { question: NOTES.into(), take });
    assert_eq!(text(&odile.view(), NOTES), "His reading age is 9 now. He likes maths.");
    assert!(apart(&odile).is_empty());
    // Somebody who has not heard of the choice writes elsewhere in the text.
    assert_eq!(apart(&third).len(), 1);
    third.edit(Edit::Choose { question: "funding.tuition".into(), value: Value::Choice("vs_retains".into()) });
    let (mut one, mut other) = (odile.clone(), third.clone());
    one.receive(&third);
    other.receive(&odile);
    assert!(apart(&one).is_empty() && apart(&other).is_empty(), "settled stays settled");
    let again = Edit::Resolve { question: NOTES.into(), take: Value::Text(BEFORE.into()) };
    assert!(matches!(one.try_edit(&[again]), Err(Refused::NotDisputed { .. })));
}

#[test]
fn keeping_it_as_it_is_now_settles_it_and_changes_no_letter() {
    let (mut odile, mut ottoline) = rewritten_by_both();
    let now = meet(&mut odile, &mut ottoline).rewritten[0].now.to_string();
    let refused = Edit::Resolve { question: NOTES.into(), take: Value::Text("something else".into()) };
    assert!(matches!(ottoline.try_edit(&[refused]), Err(Refused::NotDisputed { .. })));
    let keep = Edit::Resolve { question: NOTES.into(), take: Value::Text(now.clone()) };
    assert!(ottoline.edit(keep).change.is_some());
    assert_eq!(text(&ottoline.view(), NOTES), now);
    assert!(apart(&ottoline).is_empty());
    // It can be loaded again, and the mark is in the history.
    let loaded = load(&ottoline.document.save()).unwrap();
    assert!(read(Documents::main(&loaded), &idris(), &authors).rewritten.is_empty());
    // Odile chose meanwhile: the two choices are a dispute again.
    let take = apart(&odile)[0].claims[0].value.clone();
    odile.edit(Edit::Resolve { question: NOTES.into(), take });
    meet(&mut odile, &mut ottoline);
    assert!(is_open(&odile) && is_open(&ottoline));
}

#[test]
fn what_is_no_rewriting_is_not_shown() {
    // Different sentences; one adds and one rewrites; one takes away what the other rewrites; both only take away.
    for (first, second) in [
        (ODILES, "He finds reading hard. He loves maths and food."),
        (&format!("{BEFORE} He cooks."), "Reading is still difficult. He likes maths."),
        ("He likes maths.", "He likes maths."),
        (ODILES, BEFORE),
    ] {
        let (mut odile, mut ottoline) = both(BEFORE);
        odile.rewrite(NOTES, first);
        ottoline.rewrite(NOTES, second);
        meet(&mut odile, &mut ottoline);
        assert!(apart(&odile).is_empty(), "{first} / {second}");
    }
    // One after the other.
    let (mut odile, mut ottoline) = both(BEFORE);
    odile.rewrite(NOTES, "Reading is still difficult.");
    meet(&mut odile, &mut ottoline);
    ottoline.rewrite(NOTES, "His reading age is 9 now.");
    meet(&mut odile, &mut ottoline);
    assert!(apart(&odile).is_empty());
}

#[test]
fn two_people_who_type_side_by_side_in_a_meeting_are_left_alone() {
    let (mut odile, mut ottoline) = both("Going well: . Hard: .");
    let letters = "He reads to Carys every evening now".chars();
    for (number, letter) in letters.enumerate() {
        odile.edit(splice(&odile, NOTES, 12 + number, 0, &letter.to_string()));
        let end = text(&ottoline.view(), NOTES).encode_utf16().count();
        ottoline.edit(splice(&ottoline, NOTES, end - 1, 0, &letter.to_string()));
        // Each takes back a letter now and then, and writes another.
        if number % 5 == 4 {
            odile.edit(splice(&odile, NOTES, 12 + number, 1, &letter.to_string()));
        }
        if number % 3 == 2 {
            meet(&mut odile, &mut ottoline);
            assert!(apart(&odile).is_empty(), "after {number} letters");
        }
    }
    meet(&mut odile, &mut ottoline);
    assert!(apart(&odile).is_empty());
    // Even where both put right the same letter at once, going on in that text is having seen it.
    odile.edit(splice(&odile, NOTES, 0, 1, "g"));
    ottoline.edit(splice(&ottoline, NOTES, 0, 1, "G"));
    meet(&mut odile, &mut ottoline);
    assert_eq!(apart(&odile).len(), 1);
    odile.edit(splice(&odile, NOTES, 3, 0, "!"));
    meet(&mut odile, &mut ottoline);
    assert!(apart(&ottoline).is_empty());
}

#[test]
fn taking_away_first_and_typing_then_is_rewriting_and_the_last_of_it_is_shown() {
    let (mut odile, mut ottoline) = both("He finds reading hard.");
    odile.edit(splice(&odile, NOTES, 3, 19, ""));
    odile.edit(splice(&odile, NOTES, 3, 0, "reads"));
    odile.edit(splice(&odile, NOTES, 8, 0, " every day."));
    ottoline.rewrite(NOTES, "He writes well.");
    meet(&mut odile, &mut ottoline);
    let disputes = apart(&odile);
    assert_eq!(left_by(&disputes[0], "Odile"), Value::Text("He reads every day.".into()));
}

#[test]
fn a_target_s_text_and_one_person_s_two_devices_are_seen_too() {
    let key = Uuid::from_u128(0xE55A);
    let (mut ottoline, mut lorcan) = (Device::of("Ottoline"), Device::of("Lorcan"));
    ottoline.target(key, &[("statement", "I will read more.")]);
    meet(&mut ottoline, &mut lorcan);
    ottoline.target(key, &[("statement", "I will read a Year 3 passage aloud.")]);
    lorcan.target(key, &[("statement", "I will take two books home a week.")]);
    meet(&mut ottoline, &mut lorcan);
    let place = format!("targets.list/{key}/statement");
    assert_eq!(apart(&ottoline)[0].place, place);
    let take = left_by(&apart(&lorcan)[0], "Ottoline");
    lorcan.edit(Edit::Resolve { question: place, take });
    assert!(apart(&lorcan).is_empty());
    assert_eq!(lorcan.view().targets[0].row.to_json()["statement"], "I will read a Year 3 passage aloud.");

    // One person's two devices: of a shared text, and of their own words.
    let (mut laptop, mut tablet) = (Device::of("Ottoline"), Device::holding("Ottoline", DocumentKind::Main, 1));
    laptop.rewrite(NOTES, BEFORE);
    meet(&mut laptop, &mut tablet);
    laptop.rewrite(NOTES, "Reading is hard.");
    tablet.rewrite(NOTES, "Maths is easy.");
    meet(&mut laptop, &mut tablet);
    assert_eq!(claimed(&tablet.view().answers[NOTES]).len(), 2);
    let (mut laptop, mut tablet) = (Device::of("Idris"), Device::holding("Idris", DocumentKind::Main, 1));
    laptop.receive(&year_ten());
    laptop.rewrite("voice.secWell", "maths");
    meet(&mut laptop, &mut tablet);
    laptop.rewrite("voice.secWell", "food tech");
    tablet.rewrite("voice.secWell", "cooking");
    meet(&mut laptop, &mut tablet);
    let disputes = apart(&tablet);
    assert_eq!((disputes.len(), disputes[0].place.as_str()), (1, "voice.secWell"));
    let view = tablet.view();
    let Answer::Voices(voices) = &view.answers["voice.secWell"] else { panic!("words") };
    let mut words: Vec<&str> = voices.iter().map(|voice| voice.text.as_str()).collect();
    words.sort();
    assert_eq!(words, ["cooking", "food tech"], "each version is shown, and not the two in one another");
    // Somebody else's resolving is no writing in the child's words.
    let mut ottoline = Device::of("Ottoline");
    ottoline.receive(&tablet);
    let take = disputes[0].claims[0].value.clone();
    let resolve = Edit::Resolve { question: "voice.secWell".into(), take };
    assert!(ottoline.try_edit(std::slice::from_ref(&resolve)).is_err());
    tablet.edit(resolve);
    assert!(apart(&tablet).is_empty());
}

#[test]
fn a_text_of_the_last_pep_that_two_people_rewrite_apart_is_seen_too() {
    let mut odile = Device::of("Odile");
    odile.edit(Edit::Carry { question: "care.story".into(), text: Some("He lives with Jan.".into()), ask: false });
    // Somebody else who is the social worker too, as in a case transfer.
    let mut other = Device::of("Quentin");
    other.writer.role = Role::SocialWorker;
    other.receive(&odile);
    odile.rewrite("care.story", "He lives with Carys.");
    other.rewrite("care.story", "He moved to Pellworth.");
    meet(&mut odile, &mut other);
    let disputes = apart(&odile);
    assert_eq!((disputes.len(), disputes[0].place.as_str(), disputes[0].claims.len()), (1, "care.story", 3));
    let take = left_by(&disputes[0], "Odile");
    odile.edit(Edit::Resolve { question: "care.story".into(), take });
    assert_eq!(text(&odile.view(), "care.story"), "He lives with Carys.");
    assert!(apart(&odile).is_empty());
}

#[test]
fn a_sentence_that_one_takes_away_and_another_changes_leaves_no_piece_that_nobody_wrote() {
    for (first, second) in [
        ("He likes maths.", "He finds reading very difficult. He likes maths."),
        ("", "He finds reading very difficult. He likes maths."),
    ] {
        let (mut odile, mut ottoline) = both(BEFORE);
        odile.rewrite(NOTES, first);
        ottoline.rewrite(NOTES, second);
        meet(&mut odile, &mut ottoline);
        let shown = claimed(&odile.view().answers[NOTES]);
        assert!(shown.iter().any(|(words, who)| words == second && who.starts_with("Ottoline")), "{shown:?}");
        assert!(shown.iter().any(|(words, who)| words == first && who.starts_with("Odile")), "{shown:?}");
        let take = left_by(&apart(&odile)[0], "Odile");
        odile.edit(Edit::Resolve { question: NOTES.into(), take });
        assert!(apart(&odile).is_empty());
        assert_eq!(plan::text_at(&odile.document, NOTES, &odile.writer).unwrap(), first);
    }
    // Another text altogether is whole, whoever takes the old one away meanwhile.
    let (mut odile, mut ottoline) = both("A quiet room. Ten minutes before break.");
    odile.rewrite(NOTES, "");
    ottoline.rewrite(NOTES, "A walk with Mr Rookhurst.");
    meet(&mut odile, &mut ottoline);
    assert_eq!(plan::text_at(&odile.document, NOTES, &odile.writer).unwrap(), "A walk with Mr Rookhurst.");
}

const SENTENCES: [&str; 5] = [BEFORE, ODILES, "Reading is hard.", "He likes maths and food.", ""];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_shown_depends_on_the_changes_and_not_on_the_order_they_came_in(
        steps in proptest::collection::vec((0..3_usize, 0..8_usize, 0..3_usize), 1..24),
    ) {
        let mut devices = ["Odile", "Ottoline", "Sunniva"].map(Device::of);
        for (device, action, other) in steps {
            match action {
                0..=4 => drop(devices[device].rewrite(NOTES, SENTENCES[action])),
                5 => {
                    let end = text_or_nothing(&devices[device]).encode_utf16().count();
                    let edit = splice(&devices[device], NOTES, end / 2, end / 4, "x");
                    devices[device].edit(edit);
                }
                6 => if let Some(dispute) = apart(&devices[device]).pop() {
                    let take = dispute.claims[other % dispute.claims.len()].value.clone();
                    devices[device].edit(Edit::Resolve { question: dispute.place, take });
                },
                _ => {
                    let from = devices[other].clone();
                    devices[device].receive(&from);
                }
            }
        }
        let [a, b, c] = &devices;
        let orders = [[a, b, c], [c, b, a], [b, c, a]].map(|order| {
            let mut all = Device::of("Lorcan");
            order.iter().for_each(|device| all.receive(device));
            apart(&all)
        });
        prop_assert!(orders[0] == orders[1] && orders[1] == orders[2]);
        // Whatever is open can be settled, and then nothing is.
        let mut all = devices[0].clone();
        all.receive(&devices[1].clone());
        all.receive(&devices[2].clone());
        for dispute in apart(&all) {
            let take = dispute.claims.last().unwrap().value.clone();
            all.edit(Edit::Resolve { question: dispute.place, take });
        }
        prop_assert!(apart(&all).is_empty());
    }
}

fn text_or_nothing(device: &Device) -> String {
    shown(&device.view(), NOTES).as_str().unwrap_or_default().to_owned()
}

fn year_ten() -> Device {
    let mut ottoline = Device::of("Ottoline");
    ottoline.set("setting.yearGroup", "10");
    ottoline
}

#[test]
fn r4_11_prose_that_two_branches_replaced_is_shown_whole_wherever_it_stands() {
    let before = "A quiet room. Ten minutes before break.";
    let (one, other) = ("Taking a walk with Mr Rookhurst.", "Music in the corridor helps him to settle.");
    let key = Uuid::from_u128(0xE55A);
    let statement = format!("targets.list/{key}/statement");
    let annex = "carer.parentView";
    for (first, second, kind, place) in [
        (("Ottoline", 1), ("Sunniva", 1), DocumentKind::Main, "wellbeing.whatHelps"),
        (("Ottoline", 1), ("Ottoline", 2), DocumentKind::Main, "wellbeing.whatHelps"),
        (("Ottoline", 1), ("Lorcan", 1), DocumentKind::Main, statement.as_str()),
        (("Odile", 1), ("Odile", 2), DocumentKind::Family, annex),
    ] {
        let (mut a, mut b) = (Device::holding(first.0, kind, first.1), Device::holding(second.0, kind, second.1));
        if place.contains('/') {
            a.target(key, &[("statement", before)]);
        } else {
            a.rewrite(place, before);
        }
        b.receive(&a);
        a.rewrite(place, one);
        b.rewrite(place, other);
        let mut third = Device::holding(first.0, kind, 7);
        third.receive(&b);
        third.receive(&a);
        let stated = a.clone();
        a.receive(&b);
        b.receive(&stated);
        let view = |device: &Device| {
            let main = from_genesis(&device.pep, DocumentKind::Main, ActorId::from(&[1_u8; 16][..]));
            match kind {
                DocumentKind::Family => {
                    read(Documents { family: Some(&device.document), ..Documents::main(&main) }, &device.pep, &authors)
                }
                _ => device.view(),
            }
        };
        assert!(view(&a) == view(&b) && view(&a) == view(&third));
        let shown = match view(&a).targets.first() {
            Some(target) => target.row.to_json()["statement"].clone(),
            None => view(&a).answers[place].to_json(),
        };
        let mut said: Vec<&str> =
            shown["disputed"].as_array().unwrap().iter().map(|claim| claim["value"].as_str().unwrap()).collect();
        said.sort();
        assert_eq!(said, [other, one], "{place}");
        let now = view(&a).rewritten[0].now.to_string();
        assert!(now == format!("{one}{other}") || now == format!("{other}{one}"), "{now}");
        b.edit(Edit::Resolve { question: place.into(), take: Value::Text(other.into()) });
        assert!(conflicts(&view(&b), &b.pep).is_empty());
        assert_eq!(plan::text_at(&b.document, place, &b.writer).unwrap(), other);
    }
}

#[test]
fn r4_11_a_sentence_that_one_wrote_anew_and_another_changed_within_is_shown_whole() {
    let base = "He finds maths hard. He is tired. He has a pass.";
    for (one, other) in [
        (
            "He finds maths much easier now. He is tired. He has a pass.",
            "Maths lessons frighten him badly. He is tired. He has a pass.",
        ),
        (
            "He finds maths much easier now. He is tired. He has a pass.",
            "Maths lessons frighten him badly. He sleeps well. He has a pass.",
        ),
    ] {
        for swapped in [false, true] {
            let (mut odile, mut ottoline) = both(base);
            let (first, second) = if swapped { (other, one) } else { (one, other) };
            odile.rewrite(NOTES, first);
            ottoline.rewrite(NOTES, second);
            meet(&mut odile, &mut ottoline);
            assert!(is_open(&odile), "{}", text_or_nothing(&odile));
            let [dispute] = &apart(&ottoline)[..] else { panic!("one text") };
            assert_eq!(left_by(dispute, "Odile").to_string(), first);
            assert_eq!(left_by(dispute, "Ottoline").to_string(), second);
        }
    }
}

#[test]
fn r4_11_what_people_write_anew_while_a_text_is_open_can_be_chosen_whole() {
    let (mut odile, mut ottoline) = rewritten_by_both();
    meet(&mut odile, &mut ottoline);
    let mut second = Device::holding("Ottoline", DocumentKind::Main, 1);
    second.receive(&odile);
    odile.rewrite(NOTES, "Third version now, all new.");
    ottoline.rewrite(NOTES, "Second version, with all new words.");
    second.rewrite(NOTES, "Fourth version on the other laptop.");
    second.receive(&ottoline);
    meet(&mut odile, &mut second);
    let [dispute] = &apart(&odile)[..] else { panic!("one text") };
    let claims: Vec<String> = dispute.claims.iter().map(|claim| claim.value.to_string()).collect();
    for version in
        ["Third version now, all new.", "Second version, with all new words.", "Fourth version on the other laptop."]
    {
        assert!(claims.iter().any(|claim| claim == version), "{claims:?}");
    }
}
