use crate::*;

#[test]
fn two_people_in_one_answer_merge_by_character() {
    let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
    odile.rewrite("meeting.notes", "Idris 🍳 cooks.");
    ottoline.receive(&odile);
    odile.rewrite("meeting.notes", "Idris 🍳 cooks on Sundays.");
    ottoline.rewrite("meeting.notes", "Idris 🍳🥕 cooks.");
    let view = meet(&mut odile, &mut ottoline);
    assert_eq!(text(&view, "meeting.notes"), "Idris 🍳🥕 cooks on Sundays.");
}

#[test]
fn a_splice_lands_where_its_page_saw_it() {
    let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
    odile.rewrite("meeting.notes", "🍳 maths and food");
    ottoline.receive(&odile);
    // The page of Odile shows "🍳 maths and food"; "food" is at 13, for the pan counts twice.
    let late = splice(&odile, "meeting.notes", 13, 4, "cooking");
    ottoline.rewrite("meeting.notes", "Likes: 🍳 maths, art and food!");
    odile.receive(&ottoline);
    odile.edit(late);
    assert_eq!(text(&odile.view(), "meeting.notes"), "Likes: 🍳 maths, art and cooking!");
}

#[test]
fn a_splice_takes_away_only_what_its_page_saw() {
    let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
    odile.rewrite("meeting.notes", "abcdef");
    ottoline.receive(&odile);
    let late = splice(&odile, "meeting.notes", 1, 4, "-");
    // Meanwhile: c is gone, and new words stand between b and d.
    ottoline.edit(splice(&ottoline, "meeting.notes", 2, 1, " new words "));
    odile.receive(&ottoline);
    odile.edit(late);
    assert_eq!(text(&odile.view(), "meeting.notes"), "a- new words f");
    // What it took away is taken away for good: the same splice again finds nothing left of it.
    let again =
        Edit::Splice { question: "meeting.notes".into(), at: 0, delete: 1, insert: String::new(), seen: vec![] };
    odile.edit(again);
    assert_eq!(text(&odile.view(), "meeting.notes"), "- new words f");
}

#[test]
fn a_splice_at_the_end_or_of_text_that_is_gone_still_finds_its_place() {
    let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
    odile.rewrite("meeting.notes", "abc");
    ottoline.receive(&odile);
    let end = splice(&odile, "meeting.notes", 3, 0, "!");
    let middle = splice(&odile, "meeting.notes", 1, 2, "?");
    ottoline.rewrite("meeting.notes", "");
    odile.receive(&ottoline);
    odile.edit(end);
    odile.edit(middle);
    let text = text(&odile.view(), "meeting.notes");
    assert!(text == "!?" || text == "?!", "both insertions stand: {text}");
}

#[test]
fn an_offset_within_a_character_never_tears_it() {
    let mut odile = Device::of("Odile");
    odile.rewrite("meeting.notes", "🍳🥕");
    let torn = splice(&odile, "meeting.notes", 1, 2, "x");
    odile.edit(torn);
    assert_eq!(text(&odile.view(), "meeting.notes"), "x");
}

#[test]
fn two_different_choices_are_disputed_in_both_orders_and_the_same_choice_is_not() {
    let (mut ottoline, mut lorcan) = (Device::of("Ottoline"), Device::of("Lorcan"));
    ottoline.set("setting.yearGroup", "Year 10");
    lorcan.receive(&ottoline);
    // Storyboard 4.
    ottoline.set("funding.tuition", "school_claims");
    lorcan.set("funding.tuition", "vs_retains");
    ottoline.set("meeting.kind", "meeting");
    lorcan.set("meeting.kind", "meeting");
    let view = meet(&mut ottoline, &mut lorcan);
    let claims: BTreeSet<(String, String)> = claimed(&view.answers["funding.tuition"]).into_iter().collect();
    let expected = [("school_claims", "Ottoline Greaves-Penn"), ("vs_retains", "Lorcan Tidewell")];
    assert_eq!(claims, expected.map(|(value, by)| (value.to_owned(), by.to_owned())).into());
    assert_eq!(shown(&view, "meeting.kind"), "meeting");
    let disputes = conflicts(&view, &idris());
    assert_eq!(disputes.iter().map(|dispute| dispute.place.as_str()).collect::<Vec<_>>(), ["funding.tuition"]);

    // The designated teacher decides, and the decision travels.
    let take = disputes[0].claims.iter().find(|claim| claim.value.to_string() == "vs_retains").unwrap().value.clone();
    ottoline.edit(Edit::Resolve { question: disputes[0].place.clone(), take: take.clone() });
    let view = meet(&mut ottoline, &mut lorcan);
    assert_eq!(shown(&view, "funding.tuition"), "vs_retains");
    let again = ottoline.try_edit(&[Edit::Resolve { question: "funding.tuition".into(), take }]);
    assert_eq!(again, Err(Refused::NotDisputed { question: "funding.tuition".into() }));
}

#[test]
fn a_disputed_choice_is_settled_by_choosing_what_wins_already() {
    let (mut ottoline, mut lorcan) = (Device::of("Ottoline"), Device::of("Lorcan"));
    ottoline.set("meeting.nextDate", "2026-06-04");
    lorcan.set("meeting.nextDate", "2026-06-11");
    meet(&mut ottoline, &mut lorcan);
    for day in ["2026-06-04", "2026-06-11"] {
        let mut decided = ottoline.clone();
        decided.set("meeting.nextDate", day);
        assert_eq!(shown(&decided.view(), "meeting.nextDate"), day);
    }
}

#[test]
fn ticks_of_two_people_are_each_persons_own_until_somebody_chooses() {
    let (mut odile, mut idris) = (Device::of("Odile"), Device::of("Idris"));
    odile.set("voice.method", "told_someone");
    idris.receive(&odile);
    odile.set("voice.method", "told_someone, drawing");
    idris.set("voice.method", "wrote_it");
    let view = meet(&mut odile, &mut idris);
    let mut said = claimed(&view.answers["voice.method"]);
    said.sort();
    let of = |words: &str, who: &str| (words.to_owned(), who.to_owned());
    assert_eq!(said, [of("drawing, told_someone", "Odile Marrowfield"), of("wrote_it", "Idris Fennimoor")]);
    let take = Value::Set(["wrote_it".to_owned()].into());
    idris.edit(Edit::Resolve { question: "voice.method".into(), take });
    let view = meet(&mut odile, &mut idris);
    assert_eq!(shown(&view, "voice.method"), serde_json::json!(["wrote_it"]));
    assert!(conflicts(&view, &idris.pep).is_empty());
    // Nothing ticked is no answer.
    idris.set("voice.method", "wrote_it");
    idris.edit(Edit::Choose { question: "voice.method".into(), value: Value::Set(BTreeSet::new()) });
    assert!(idris.view().answers["voice.method"] == Answer::Missing);
}

#[test]
fn what_is_so_already_makes_no_change() {
    let mut ottoline = Device::of("Ottoline");
    ottoline.rewrite("meeting.story", "Year 10.");
    ottoline.set("setting.hoursOffered", "25");
    ottoline.set("setting.hoursOffered", "23.5");
    let attendance = [("term", "Autumn 2025"), ("possible", "148")];
    let key = ottoline.row("attendance.terms", &attendance);
    let before = ottoline.document.get_heads();
    assert_eq!(ottoline.rewrite("meeting.story", "Year 10.").change, None);
    assert_eq!(ottoline.set("setting.hoursOffered", "23.50").change, None);
    assert_eq!(ottoline.row("attendance.terms", &attendance), key);
    assert_eq!(ottoline.edit(Edit::Clear { question: "meeting.notes".into() }).change, None);
    assert_eq!(ottoline.document.get_heads(), before);
}

#[test]
fn an_apply_is_one_change_by_the_device_at_the_present_heads() {
    let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
    odile.rewrite("care.story", "A");
    ottoline.rewrite("meeting.story", "B");
    odile.receive(&ottoline);
    let (before, heads) = (odile.changes(), odile.document.get_heads());
    let late = splice(&odile, "care.story", 1, 0, "!");
    let applied = odile.try_edit(&[
        late,
        Edit::Choose { question: "transfer.needed".into(), value: Value::YesNo(true) },
        Edit::Rewrite { question: "transfer.reason".into(), text: "Fifty-two minutes by taxi.".into() },
    ]);
    let change = odile.document.get_change_by_hash(&applied.unwrap().change.unwrap()).unwrap();
    assert_eq!(odile.changes(), before + 1);
    assert_eq!(change.actor_id(), odile.document.get_actor());
    assert_eq!(change.deps().iter().collect::<BTreeSet<_>>(), heads.iter().collect());
    assert_eq!(change.timestamp(), odile.clock);
    assert!(change.extra_bytes().is_empty() && change.message().is_none());
}
