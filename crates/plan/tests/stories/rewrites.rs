use crate::*;
use plan::{Claim, Dispute, Severity, rewritten, rewritten_findings};

const NOTES: &str = "meeting.notes";
const BEFORE: &str = "He finds reading hard. He likes maths.";
const ODILES: &str = "He finds reading hard in the mornings. He likes maths.";

fn apart(device: &Device) -> Vec<Dispute> {
    rewritten(Documents::main(&device.document), &idris(), &authors)
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
    let now = text(&odile.view(), NOTES);
    let of = |words: &str, who: &str| (words.to_owned(), who.to_owned());
    assert_eq!(
        said(&dispute.claims),
        [
            of("His reading age is 9 now. He likes maths.", "Ottoline Greaves-Penn"),
            of("Reading is still difficult for him. He likes maths.", "Odile Marrowfield"),
            of(&now, ""),
        ]
    );
    // It is a doubt, said to whoever answers for the page, and repeats nothing of the text.
    let [finding] = &rewritten_findings(&disputes, &idris())[..] else { panic!("one finding") };
    assert!(finding.severity == Severity::Doubtful && !finding.says.contains("reading"));
    assert_eq!(finding.field.as_deref(), Some(NOTES));
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
    let now = text(&meet(&mut odile, &mut ottoline), NOTES);
    let refused = Edit::Resolve { question: NOTES.into(), take: Value::Text("something else".into()) };
    assert!(matches!(ottoline.try_edit(&[refused]), Err(Refused::NotDisputed { .. })));
    let keep = Edit::Resolve { question: NOTES.into(), take: Value::Text(now.clone()) };
    assert!(ottoline.edit(keep).change.is_some());
    assert_eq!(text(&ottoline.view(), NOTES), now);
    assert!(apart(&ottoline).is_empty());
    // Odile chose meanwhile: both have seen both, and nothing is open.
    let take = apart(&odile)[0].claims[0].value.clone();
    odile.edit(Edit::Resolve { question: NOTES.into(), take });
    meet(&mut odile, &mut ottoline);
    assert!(apart(&odile).is_empty() && apart(&ottoline).is_empty());
    // It can be loaded again, and the mark is in the history.
    let loaded = load(&ottoline.document.save()).unwrap();
    assert!(rewritten(Documents::main(&loaded), &idris(), &authors).is_empty());
}

#[test]
fn tidying_it_up_by_hand_settles_it_too() {
    let (mut odile, mut ottoline) = rewritten_by_both();
    meet(&mut odile, &mut ottoline);
    odile.rewrite(NOTES, "His reading age is 9, and reading is still difficult for him. He likes maths.");
    meet(&mut odile, &mut ottoline);
    assert!(apart(&ottoline).is_empty());
}

#[test]
fn what_is_no_rewriting_is_not_shown() {
    // Different sentences; one adds and one rewrites; one takes away what the other rewrites; both only take away.
    for (first, second) in [
        (ODILES, "He finds reading hard. He loves maths and food."),
        (&format!("{BEFORE} He cooks."), "Reading is still difficult. He likes maths."),
        ("He likes maths.", "He finds reading very difficult. He likes maths."),
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

    // Shared text: one person apart from themselves is one person. Their own words: two versions of them.
    let (mut laptop, mut tablet) = (Device::of("Idris"), Device::holding("Idris", DocumentKind::Main, 1));
    laptop.receive(&year_ten());
    laptop.rewrite("voice.secWell", "maths");
    meet(&mut laptop, &mut tablet);
    laptop.rewrite("voice.secWell", "food tech");
    tablet.rewrite("voice.secWell", "cooking");
    meet(&mut laptop, &mut tablet);
    let disputes = apart(&tablet);
    assert_eq!((disputes.len(), disputes[0].place.as_str()), (1, "voice.secWell"));
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
