use crate::*;

const ESSAY: Uuid = Uuid::from_u128(0xE55A);
const RATIO: Uuid = Uuid::from_u128(0x2A710);

fn agreed(device: &mut Device, key: Uuid, area: &str) {
    device.set("setting.yearGroup", "10");
    device.target(key, &[("category", "academic"), ("area", area), ("status", "agreed"), ("measure", "12/20")]);
}

#[test]
fn storyboard_2_one_changes_the_measure_and_another_the_date_and_both_stand() {
    let (mut ottoline, mut lorcan) = (Device::of("Ottoline"), Device::of("Lorcan"));
    agreed(&mut ottoline, ESSAY, "English");
    lorcan.receive(&ottoline);
    ottoline.target(ESSAY, &[("measure", "13/20")]);
    lorcan.target(ESSAY, &[("dueDate", "2026-05-22")]);
    let view = meet(&mut ottoline, &mut lorcan);
    let target = view.targets[0].to_json();
    assert_eq!((&target["measure"], &target["dueDate"]), (&"13/20".into(), &"2026-05-22".into()));
    assert!(conflicts(&view, &idris()).is_empty());
}

#[test]
fn the_long_texts_of_a_target_merge_by_character() {
    let (mut ottoline, mut lorcan) = (Device::of("Ottoline"), Device::of("Lorcan"));
    agreed(&mut ottoline, ESSAY, "English");
    ottoline.target(ESSAY, &[("statement", "I will write three paragraphs")]);
    lorcan.receive(&ottoline);
    let place = format!("targets.list/{ESSAY}/statement");
    let late = splice(&ottoline, &place, 29, 0, " in 30 minutes");
    lorcan.rewrite(&place, "By 22 May I will write three paragraphs");
    ottoline.receive(&lorcan);
    ottoline.edit(late);
    let view = meet(&mut ottoline, &mut lorcan);
    assert_eq!(view.targets[0].to_json()["statement"], "By 22 May I will write three paragraphs in 30 minutes");
}

#[test]
fn a_target_withdrawn_while_another_edits_it_is_kept_and_disputed() {
    let (mut ottoline, mut lorcan) = (Device::of("Ottoline"), Device::of("Lorcan"));
    agreed(&mut ottoline, ESSAY, "English");
    lorcan.receive(&ottoline);
    ottoline.edit(Edit::WithdrawTarget { key: ESSAY.to_string() });
    let place = format!("targets.list/{ESSAY}/purpose");
    lorcan.rewrite(&place, "He wants to catch up before he moves.");
    let view = meet(&mut ottoline, &mut lorcan);
    let target = &view.targets[0];
    assert!(target.row.withdrawn && target.row.withdrawal_disputed);
    assert_eq!(target.to_json()["purpose"], "He wants to catch up before he moves.");
    let dispute = conflicts(&view, &idris()).remove(0);
    lorcan.edit(Edit::Resolve { question: dispute.place, take: Value::YesNo(false) });
    assert!(!lorcan.view().targets[0].row.withdrawn);
}

#[test]
fn money_adds_up_over_agreed_targets_and_an_excess_after_a_merge_is_shown_not_cut() {
    let (mut ottoline, mut lorcan) = (Device::of("Ottoline"), Device::of("Lorcan"));
    agreed(&mut ottoline, ESSAY, "English");
    agreed(&mut ottoline, RATIO, "Ratio");
    let maths = Uuid::from_u128(1);
    ottoline.fund(
        RATIO,
        maths,
        &[("item", "Maths group"), ("unitCost", "15.00"), ("quantity", "8"), ("payTo", "school")],
    );
    lorcan.receive(&ottoline);
    ottoline.fund(RATIO, Uuid::from_u128(2), &[("item", "Mentor"), ("unitCost", "15.00"), ("quantity", "8")]);
    lorcan.fund(
        ESSAY,
        Uuid::from_u128(3),
        &[("item", "Tuition"), ("unitCost", "38.00"), ("quantity", "8"), ("payTo", "retained_by_vs")],
    );
    assert_eq!(ottoline.view().funding.remaining, Some(28_000));
    let view = meet(&mut ottoline, &mut lorcan);
    assert_eq!((view.funding.requested, view.funding.retained), (24_000, 30_400));
    assert_eq!(view.funding.remaining, Some(-2_400));
    // PEP.md 8.2: put right, the sums come to the penny.
    ottoline.fund(RATIO, maths, &[("unitCost", "12.00")]);
    let view = meet(&mut ottoline, &mut lorcan);
    assert_eq!((view.funding.requested, view.funding.remaining), (21_600, Some(0)));
    assert_eq!(shown(&view, "funding.requested"), "216.00");
    assert!(view.asked.contains("funding.decision"));
    // Withdrawing a target orphans its money: it no longer counts, and stays visible.
    ottoline.edit(Edit::WithdrawTarget { key: RATIO.to_string() });
    let view = ottoline.view();
    assert_eq!(view.funding.requested, 0);
    let ratio = view.targets.iter().find(|target| target.row.key == RATIO.to_string()).unwrap();
    assert_eq!(ratio.requested, 21_600);
}

#[test]
fn the_targets_of_last_time_are_reviewed_by_their_keys() {
    let mut ottoline = Device::of("Ottoline");
    let cells = cells_of("targets.review", &[("result", "partly"), ("evidence", "3 paragraphs, 2 of 3 times")]);
    ottoline.edit(Edit::ReviewTarget { key: ESSAY.to_string(), cells });
    let view = ottoline.view();
    let review = row(&view, "targets.review", &ESSAY.to_string()).to_json();
    assert_eq!((&review["result"], &review["target"]), (&"partly".into(), &ESSAY.to_string().into()));
}
