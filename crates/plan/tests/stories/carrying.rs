use crate::*;
use plan::{CarriedOver, Processes, carry, target_from};

const ESSAY: Uuid = Uuid::from_u128(0xE55A);
const CORRIDOR: Uuid = Uuid::from_u128(0xC0221);
const IDEA: Uuid = Uuid::from_u128(0x1DEA);
const QUIET_PLACE: Uuid = Uuid::from_u128(0xAC71);

/// One person's copy of one PEP of Idris.
#[derive(Clone)]
struct Copy {
    pep: Pep,
    document: Automerge,
    writer: Writer,
    clock: i64,
}

fn pep_of(process: &str, term: &str) -> Pep {
    let (year, term) = parse_term(term).unwrap();
    Pep {
        child: Uuid::from_u128(0x1D2150),
        year,
        term,
        kind: PepType::Review,
        process: Processes::built_in().latest(process).unwrap(),
        filed: plan::Filed::default(),
    }
}

fn summer() -> Pep {
    pep_of("ten-page", "2025/26-summer")
}

impl Copy {
    fn of(name: &str, pep: &Pep, number: u8) -> Copy {
        let (index, writer) = person(name);
        let mut actor = [number; 16];
        actor[0] = index;
        let document = from_genesis(pep, DocumentKind::Main, ActorId::from(&actor[..]));
        Copy { pep: pep.clone(), document, writer, clock: TUESDAY }
    }

    fn try_edit(&mut self, edits: &[Edit]) -> Result<Applied, Refused> {
        self.clock += 1;
        apply(&mut self.document, &self.pep, DocumentKind::Main, &self.writer, edits, self.clock)
    }

    fn edit(&mut self, edit: Edit) {
        self.try_edit(&[edit]).unwrap();
    }

    fn set(&mut self, question: &str, text: &str) {
        let value = parse_value(question, text).unwrap();
        self.edit(Edit::Choose { question: question.into(), value });
    }

    fn rewrite(&mut self, question: &str, text: &str) {
        self.edit(Edit::Rewrite { question: question.into(), text: text.into() });
    }

    fn put(&mut self, table: &str, key: Uuid, cells: &[(&str, &str)]) {
        self.edit(Edit::PutRow { question: table.into(), key: key.to_string(), cells: cells_of(table, cells) });
    }

    fn target(&mut self, key: Uuid, fields: &[(&str, &str)]) {
        self.edit(Edit::PutTarget { key: key.to_string(), fields: cells_of("targets.list", fields) });
    }

    fn receive(&mut self, other: &Copy) {
        self.document.merge(&mut other.document.clone()).unwrap();
    }

    fn view(&self) -> View {
        read(Documents::main(&self.document), &self.pep, &authors)
    }

    /// As `pep new` does on this person's device, which holds the last PEP.
    fn carry(&mut self, before: &Copy) -> CarriedOver {
        let carried = carry(&before.view(), &before.pep, &self.view(), &self.pep, self.writer.role);
        let fitting = carried.brought.clone().fitting(&self.document, &self.pep, DocumentKind::Main, &self.writer);
        self.try_edit(&fitting.edits).unwrap();
        carried
    }

    fn answer(&self, question: &str) -> serde_json::Value {
        shown(&self.view(), question)
    }

    fn why(&self, question: &str) -> Option<Why> {
        self.view().gaps.iter().find(|gap| gap.question == question).map(|gap| gap.why)
    }
}

fn meet(a: &mut Copy, b: &mut Copy) -> View {
    let before = a.clone();
    a.receive(b);
    b.receive(&before);
    assert!(a.view() == b.view(), "two devices with the same changes show different plans");
    a.view()
}

/// The spring PEP as everybody left it (PEP.md 8.2).
fn spring(process: &str) -> Copy {
    let pep = pep_of(process, "2025/26-spring");
    let (mut odile, mut ottoline) = (Copy::of("Odile", &pep, 0), Copy::of("Ottoline", &pep, 0));
    odile.set("child.dob", "2010-11-02");
    odile.set("care.legalStatus", "C2");
    odile.rewrite("care.story", "He cooks on Sundays.");
    odile.rewrite("child.preferredName", "Idris the cook");
    odile.put("meeting.actions", QUIET_PLACE, &[("action", "Quiet place at lunch"), ("status", "open")]);
    odile.put("meeting.actions", Uuid::from_u128(2), &[("action", "Taxi"), ("status", "done")]);
    odile.set("meeting.kind", "meeting");
    odile.set("meeting.date", "2026-02-26");
    ottoline.receive(&odile);
    ottoline.set("setting.yearGroup", "10");
    ottoline.rewrite("setting.name", "Thornfield Bridge Academy");
    ottoline.set("settingPeople.keyAdult", "Mr Rookhurst");
    let history = cells_of("setting.history", &[("setting", "Larkrise"), ("from", "2015-09-01")]);
    let key = row_key("setting.history", &history, &ottoline.writer, &mut || [9; 16]).unwrap();
    ottoline.edit(Edit::PutRow { question: "setting.history".into(), key, cells: history });
    ottoline.rewrite("voice.secWell", "maths and food");
    let essay =
        [("category", "academic"), ("area", "English"), ("status", "agreed"), ("statement", "A four-paragraph essay")];
    ottoline.target(ESSAY, &essay);
    ottoline.target(CORRIDOR, &[("area", "Corridor"), ("status", "agreed"), ("statement", "Under 2 incidents a week")]);
    ottoline.target(IDEA, &[("area", "History"), ("status", "idea")]);
    ottoline
}

fn both(before: &Copy) -> (Copy, Copy) {
    let (mut odile, mut ottoline) = (Copy::of("Odile", &summer(), 1), Copy::of("Ottoline", &summer(), 1));
    odile.carry(before);
    ottoline.carry(before);
    (odile, ottoline)
}

#[test]
fn r004_09_each_role_brings_what_it_answers_for_and_nothing_else() {
    let before = spring("ten-page");
    let (odile, ottoline) = both(&before);
    assert_eq!(odile.answer("care.legalStatus"), "C2");
    assert_eq!(odile.answer("care.story"), "He cooks on Sundays.");
    assert_eq!(odile.answer("child.preferredName"), "Idris the cook");
    assert_eq!(ottoline.answer("settingPeople.keyAdult"), "Mr Rookhurst");
    assert_eq!(ottoline.answer("setting.history")[0]["setting"], "Larkrise");
    for (copy, not_theirs) in [(&odile, "settingPeople.keyAdult"), (&ottoline, "child.preferredName")] {
        assert!(copy.view().answers[not_theirs] == Answer::Missing, "{not_theirs}");
    }
    // The next meeting and what the child says are asked for anew.
    assert!(odile.view().answers["meeting.date"] == Answer::Missing);
    assert!(ottoline.view().answers["voice.secWell"] == Answer::Missing);
}

#[test]
fn storyboard_9_two_people_begin_the_summer_pep_apart_and_it_is_one() {
    let before = spring("ten-page");
    let (mut odile, mut ottoline) = both(&before);
    let view = meet(&mut odile, &mut ottoline);
    assert!(conflicts(&view, &summer()).is_empty());
    assert_eq!(shown(&view, "care.story"), "He cooks on Sundays.");
    assert_eq!(shown(&view, "settingPeople.keyAdult"), "Mr Rookhurst");
}

#[test]
fn two_devices_of_one_role_bring_the_same_and_nothing_stands_twice() {
    let before = spring("ten-page");
    let (mut one, mut two) = (Copy::of("Odile", &summer(), 1), Copy::of("Odile", &summer(), 2));
    one.carry(&before);
    two.carry(&before);
    let view = meet(&mut one, &mut two);
    assert!(conflicts(&view, &summer()).is_empty());
    assert_eq!(shown(&view, "care.story"), "He cooks on Sundays.");
    assert_eq!(shown(&view, "meeting.actions").as_array().unwrap().len(), 1);
    // A third time there is nothing left to bring.
    let heads = one.document.get_heads();
    one.carry(&before);
    assert_eq!(one.document.get_heads(), heads);
}

#[test]
fn what_is_to_be_confirmed_counts_as_missing_until_somebody_does() {
    let mut odile = Copy::of("Odile", &summer(), 1);
    let carried = odile.carry(&spring("ten-page"));
    assert!(carried.to_confirm.contains("care.legalStatus") && carried.copied.contains("child.preferredName"));
    assert_eq!(odile.why("care.legalStatus"), Some(Why::ToConfirm));
    assert_eq!(odile.why("care.story"), Some(Why::ToConfirm));
    assert_eq!(odile.why("child.preferredName"), None);
    odile.edit(Edit::Confirm { question: "care.legalStatus".into() });
    assert_eq!((odile.why("care.legalStatus"), odile.answer("care.legalStatus")), (None, "C2".into()));
    odile.edit(Edit::Confirm { question: "care.story".into() });
    assert!(odile.why("care.story").is_none() && odile.view().carried.contains("care.story"));
    // Any edit confirms as well.
    let mut other = Copy::of("Odile", &summer(), 2);
    other.carry(&spring("ten-page"));
    other.set("care.legalStatus", "C2");
    other.edit(Edit::Append { question: "care.story".into(), text: "He has settled.".into() });
    assert!(other.view().to_confirm.iter().all(|id| !["care.legalStatus", "care.story"].contains(id)));
    let (_, carys) = person("Carys");
    let mut carys = Copy { writer: carys, ..other };
    let refused = carys.try_edit(&[Edit::Confirm { question: "care.plannedMove".into() }]);
    assert!(matches!(refused, Err(Refused::NotYours { .. })));
}

#[test]
fn a_carried_text_is_edited_where_it_stands() {
    let before = spring("ten-page");
    let fresh = || {
        let mut odile = Copy::of("Odile", &summer(), 1);
        odile.carry(&before);
        odile
    };
    let story = |copy: &Copy| copy.answer("care.story");
    let splice = |copy: &Copy, at, delete, insert: &str| Edit::Splice {
        question: "care.story".into(),
        at,
        delete,
        insert: insert.into(),
        seen: copy.document.get_heads(),
    };
    let mut odile = fresh();
    odile.edit(splice(&odile, 3, 5, "bakes"));
    assert_eq!(story(&odile), "He bakes on Sundays.");
    assert!(!odile.view().carried.contains("care.story"));
    odile.edit(splice(&odile, 20, 0, " Often."));
    assert_eq!(story(&odile), "He bakes on Sundays. Often.");

    // The page saw the carried text; somebody else has begun to edit it meanwhile.
    let mut odile = fresh();
    let late = splice(&odile, 19, 1, ", and often.");
    odile.edit(Edit::Append { question: "care.story".into(), text: "Settled.".into() });
    odile.edit(late);
    assert_eq!(story(&odile), "He cooks on Sundays, and often.\nSettled.");
    let mut odile = fresh();
    let late = splice(&odile, 0, 2, "Idris");
    odile.rewrite("care.story", "Another story.");
    assert!(matches!(odile.try_edit(std::slice::from_ref(&late)), Err(Refused::OutOfText { .. })));
    // Somebody has taken it away: what was typed stays, what was there does not come back.
    let mut odile = fresh();
    odile.edit(Edit::Clear { question: "care.story".into() });
    assert!(odile.view().answers["care.story"] == Answer::Missing);
    odile.edit(late);
    assert_eq!(story(&odile), "Idris");

    let mut odile = fresh();
    odile.rewrite("care.story", "He cooks.");
    assert_eq!(story(&odile), "He cooks.");
    let mut odile = fresh();
    let without_seen =
        Edit::Splice { question: "care.story".into(), at: 0, delete: 2, insert: "Ids".into(), seen: vec![] };
    odile.edit(without_seen);
    assert_eq!(story(&odile), "Ids cooks on Sundays.");
    // A line of text is one value, and begins as one.
    assert_eq!(odile.answer("child.preferredName"), "Idris the cook");
    assert!(!odile.view().carried.contains("child.preferredName"));
}

#[test]
fn a_text_written_before_the_last_one_is_brought_is_the_one_that_stands() {
    let before = spring("ten-page");
    let (mut one, mut two) = (Copy::of("Odile", &summer(), 1), Copy::of("Odile", &summer(), 2));
    one.rewrite("care.story", "A new beginning.");
    two.carry(&before);
    assert_eq!(shown(&meet(&mut one, &mut two), "care.story"), "A new beginning.");
    let carried = one.carry(&before);
    assert!(!carried.to_confirm.contains("care.story"));
}

#[test]
fn r003_16_every_agreed_target_of_the_last_pep_is_to_be_reviewed() {
    let before = spring("ten-page");
    let mut ottoline = Copy::of("Ottoline", &summer(), 1);
    let carried = ottoline.carry(&before);
    assert_eq!(carried.reviews, 2);
    let targets: Vec<String> =
        ottoline.answer("targets.review").as_array().unwrap().iter().map(|row| row["target"].to_string()).collect();
    assert_eq!(targets, [format!("\"{ESSAY}\""), format!("\"{CORRIDOR}\"")]);
    let mut odile = Copy::of("Odile", &summer(), 1);
    assert_eq!(odile.carry(&before).reviews, 0);
}

#[test]
fn r003_16_a_target_carried_forward_begins_where_the_last_one_ended_and_knows_where_it_comes_from() {
    let before = spring("ten-page");
    let mut ottoline = Copy::of("Ottoline", &summer(), 1);
    ottoline.carry(&before);
    let key = ESSAY.to_string();
    let from = |copy: &Copy, key: &str| target_from(&before.view(), &copy.view(), key);
    assert!(matches!(from(&ottoline, &key), Err(Refused::BadValue { .. })));
    assert!(matches!(from(&ottoline, &IDEA.to_string()), Err(Refused::UnknownRow { .. })));
    let mut review = |key: Uuid, next: &str| {
        let cells =
            cells_of("targets.review", &[("result", "partly"), ("evidence", "3 paragraphs"), ("nextStep", next)]);
        ottoline.edit(Edit::ReviewTarget { key: key.to_string(), cells });
    };
    review(ESSAY, "carry_forward");
    review(CORRIDOR, "replace");
    let fields = from(&ottoline, &key).unwrap();
    ottoline.edit(Edit::PutTarget { key: Uuid::from_u128(5).to_string(), fields });
    let target = ottoline.view().targets[0].to_json();
    assert_eq!((&target["baseline"], &target["carriedFrom"]), (&"Partly: 3 paragraphs".into(), &key.into()));
    assert_eq!((&target["statement"], &target["area"]), (&"A four-paragraph essay".into(), &"English".into()));
    let replaced = from(&ottoline, &CORRIDOR.to_string()).unwrap();
    assert!(replaced.contains_key("carriedFrom") && !replaced.contains_key("statement"));
}

#[test]
fn open_actions_come_across_and_done_ones_do_not() {
    let mut odile = Copy::of("Odile", &summer(), 1);
    assert_eq!(odile.carry(&spring("ten-page")).actions, 1);
    let actions = odile.answer("meeting.actions");
    assert_eq!(
        (&actions[0]["key"], &actions[0]["action"]),
        (&QUIET_PLACE.to_string().into(), &"Quiet place at lunch".into())
    );
}

#[test]
fn r001_14_nothing_of_a_section_kept_by_hand_is_pulled_through() {
    let before = spring("sections");
    let mut ottoline = Copy::of("Ottoline", &pep_of("sections", "2025/26-summer"), 1);
    let carried = ottoline.carry(&before);
    assert_eq!(ottoline.document.get_heads().len(), 1);
    assert!(carried.brought.edits.is_empty() && carried.by_hand.len() == 1);
    assert!(ottoline.view().answers["targets.review"] == Answer::Missing);
    let mut odile = Copy::of("Odile", &pep_of("sections", "2025/26-summer"), 1);
    odile.carry(&before);
    assert_eq!(odile.answer("setting.name"), "Thornfield Bridge Academy");
}

#[test]
fn the_year_group_is_asked_for_anew_in_a_new_year() {
    let before = spring("ten-page");
    let mut ottoline = Copy::of("Ottoline", &summer(), 1);
    ottoline.carry(&before);
    assert_eq!(ottoline.answer("setting.yearGroup"), "10");
    let mut autumn = Copy::of("Ottoline", &pep_of("ten-page", "2026/27-autumn"), 1);
    autumn.carry(&before);
    assert!(autumn.view().answers["setting.yearGroup"] == Answer::Missing);
    assert_eq!(autumn.answer("setting.name"), "Thornfield Bridge Academy");
}

#[test]
fn the_gates_table_has_a_place_for_everything_that_may_be_carried_and_for_nothing_else() {
    for kind in DocumentKind::ALL {
        let rules = summer().process().write_rules(*kind);
        for question in bank().questions().iter().filter(|question| question.document() == *kind) {
            let at = |key: &str| may_write(&rules, &format!("answers/{key}"));
            let carried = at(&question.id).filter(|_| question.may_be_carried());
            assert_eq!(at(&question.ask_key), carried, "{}", question.id);
            let text = carried.filter(|_| question.kind == plan::Kind::LongText);
            assert_eq!(at(&question.carried_key), text, "{}", question.id);
        }
    }
}

#[test]
fn history_says_what_was_brought_and_what_was_confirmed() {
    let mut odile = Copy::of("Odile", &summer(), 1);
    odile.carry(&spring("ten-page"));
    odile.edit(Edit::Confirm { question: "care.story".into() });
    let entries = history(&odile.document, &authors, Some("care.story"));
    let said: Vec<String> = entries.iter().flat_map(|entry| &entry.deeds).map(|deed| deed.sentence.clone()).collect();
    assert!(said.iter().any(|said| said.starts_with("brought “")), "{said:?}");
    assert!(said.iter().any(|said| said.starts_with("confirmed “")), "{said:?}");
}

#[test]
fn what_is_asked_afresh_in_every_pep_and_what_is_over_do_not_come_along() {
    let mut before = Device::of("Ottoline");
    before.set("settingPeople.formConfirmed", "yes");
    let mut odile = Device::of("Odile");
    odile.set("care.nextCareReview", "2026-01-20");
    let summer = Pep { term: Term::Summer, ..idris() };
    let came = |device: &Device, role| {
        let now = Device::with("Odile", summer.clone(), DocumentKind::Main, 0).view();
        let brought = plan::carry(&device.view(), &idris(), &now, &summer, role).brought;
        brought.edits.iter().map(Edit::place).collect::<Vec<String>>()
    };
    assert!(!came(&before, Role::DesignatedTeacher).iter().any(|place| place == "settingPeople.formConfirmed"));
    assert!(!came(&odile, Role::SocialWorker).iter().any(|place| place == "care.nextCareReview"));
    odile.set("care.nextCareReview", "2026-07-20");
    assert!(came(&odile, Role::SocialWorker).iter().any(|place| place == "care.nextCareReview"));
    let around = |today: &str| plan::Around { today: today.parse().unwrap(), previous: None, others: &[] };
    let asks = |today: &str| {
        let found = plan::check(&odile.view(), &idris(), around(today)).into_iter();
        found.filter(|found| found.field.as_deref() == Some("care.nextCareReview")).any(|f| f.says.contains("passed"))
    };
    assert!(!asks("2026-07-20") && asks("2026-07-21"));
}

#[test]
fn a_section_of_an_earlier_pep_brings_its_targets_to_be_reviewed_and_no_money() {
    let mut ottoline = Device::of("Ottoline");
    let (agreed, idea) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let fields = [("statement", "I will write four paragraphs."), ("area", "English"), ("status", "agreed")];
    ottoline.target(agreed, &fields);
    ottoline.fund(agreed, Uuid::from_u128(3), &[("item", "Books"), ("unitCost", "50.00")]);
    ottoline.target(idea, &[("statement", "I will swim."), ("status", "idea")]);
    ottoline.set("settingPeople.formConfirmed", "yes");
    let file = plan::answers_file(&ottoline.view(), &idris(), None, |_| true);
    let file = plan::AnswersFile::read(&file).unwrap();
    let brought = |pep: &Pep| {
        let mut device = Device::with("Ottoline", pep.clone(), DocumentKind::Main, 1);
        for edit in
            file.bring(pep, &device.writer).fitting(&device.document, pep, DocumentKind::Main, &device.writer).edits
        {
            device.edit(edit);
        }
        device.view()
    };
    let view = brought(&Pep { term: Term::Summer, ..idris() });
    let ideas: Vec<&str> = view.targets.iter().map(|target| target.row.key.as_str()).collect();
    assert_eq!((ideas, view.funding.requested), (vec![idea.to_string().as_str()], 0));
    assert_eq!(view.answers["settingPeople.formConfirmed"].to_json(), serde_json::Value::Null);
    let Answer::Table(rows) = &view.answers["targets.review"] else { panic!("nothing to review") };
    let names: Vec<String> = rows.iter().map(|row| plan_words(row, "target")).collect();
    assert_eq!(names, ["I will write four paragraphs."], "by hand in this process, so by its words");
    // In the process that brings them itself they meet with those, by their keys.
    let portal = Pep { process: Processes::built_in().latest("portal").unwrap(), term: Term::Summer, ..idris() };
    let Answer::Table(rows) = &brought(&portal).answers["targets.review"] else { panic!("nothing to review") };
    assert_eq!(rows.iter().map(|row| plan_words(row, "target")).collect::<Vec<_>>(), [agreed.to_string()]);
    // The same PEP's own copy is the plan itself.
    assert_eq!(brought(&idris()).targets.len(), 2);
}

fn plan_words(row: &plan::Row, column: &str) -> String {
    match &row.cells[column] {
        plan::Cell::Value(value) => value.to_string(),
        _ => panic!("no value"),
    }
}

#[test]
fn what_one_confirms_and_another_changes_apart_is_shown_as_both() {
    let before = spring("ten-page");
    let fresh = |number| {
        let mut odile = Copy::of("Odile", &summer(), number);
        odile.carry(&before);
        odile
    };
    let (mut one, mut other) = (fresh(1), fresh(2));
    assert!(one.view().to_confirm.contains("care.legalStatus"));
    one.edit(Edit::Confirm { question: "care.legalStatus".into() });
    other.set("care.legalStatus", "C1");
    let view = meet(&mut one, &mut other);
    let mut said: Vec<String> = claimed(&view.answers["care.legalStatus"]).into_iter().map(|(word, _)| word).collect();
    said.sort();
    assert_eq!(said, ["C1", "C2"]);
    let told = history(&one.document, &authors, Some("care.legalStatus"));
    let told: Vec<&str> = told.iter().flat_map(|entry| &entry.deeds).map(|deed| deed.sentence.as_str()).collect();
    assert!(told.iter().any(|said| said.starts_with("confirmed “") && said.contains(": ")), "{told:?}");
    assert!(!told.iter().any(|said| said.starts_with("cleared")), "{told:?}");
    // Two who confirm the same have said the same, and a second time is nothing.
    let (mut one, mut other) = (fresh(1), fresh(2));
    one.edit(Edit::Confirm { question: "care.legalStatus".into() });
    other.edit(Edit::Confirm { question: "care.legalStatus".into() });
    let view = meet(&mut one, &mut other);
    assert!(view.answers["care.legalStatus"] == Answer::Value(Value::Choice("C2".into())));
    assert!(!view.to_confirm.contains("care.legalStatus"));
    let heads = one.document.get_heads();
    one.edit(Edit::Confirm { question: "care.legalStatus".into() });
    assert_eq!(one.document.get_heads(), heads);
}
