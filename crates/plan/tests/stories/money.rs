use crate::*;

const TUITION: Uuid = Uuid::from_u128(0xE55A);
const MATHS: Uuid = Uuid::from_u128(0x2A710);

/// Idris's money (PEP.md 8.2) on two devices: a maths group at 15.00, and two targets agreed.
fn agreed() -> [Device; 2] {
    let (mut ottoline, mut lorcan) = (Device::of("Ottoline"), Device::of("Lorcan"));
    ottoline.set("setting.yearGroup", "10");
    for (key, area) in [(TUITION, "English"), (MATHS, "Maths")] {
        ottoline.target(key, &[("category", "academic"), ("area", area), ("status", "agreed")]);
    }
    ottoline.fund(MATHS, Uuid::from_u128(1), &[("item", "Maths group"), ("unitCost", "15.00"), ("quantity", "8")]);
    lorcan.receive(&ottoline);
    [ottoline, lorcan]
}

fn mentor(ottoline: &mut Device) {
    ottoline.fund(MATHS, Uuid::from_u128(2), &[("item", "Mentor"), ("unitCost", "15.00"), ("quantity", "8")]);
}

fn tuition(lorcan: &mut Device) {
    let cells = [("item", "Tuition"), ("unitCost", "38.00"), ("quantity", "8"), ("payTo", "retained_by_vs")];
    lorcan.fund(TUITION, Uuid::from_u128(3), &cells);
}

fn reason_missing(view: &View) -> bool {
    view.gaps.iter().any(|gap| gap.question == "funding.overReason")
}

#[test]
fn r003_20_storyboard_3_two_people_go_over_together_and_a_reason_or_a_reduction_is_asked_for() {
    let [mut ottoline, mut lorcan] = agreed();
    mentor(&mut ottoline);
    tuition(&mut lorcan);
    assert_eq!((ottoline.view().funding.over(), lorcan.view().funding.over()), (0, 0));
    let view = meet(&mut ottoline, &mut lorcan);
    assert_eq!(view.funding.requested + view.funding.retained, 54_400);
    assert_eq!((view.funding.allocation, view.funding.over()), (Some(52_000), 2_400));
    assert_eq!(view.targets.iter().map(|target| target.tables["funds"].len()).sum::<usize>(), 3, "a row was lost");
    assert!(reason_missing(&view), "nobody is asked why more is needed");
    // Either a reason …
    let mut explained = ottoline.clone();
    explained.rewrite("funding.overReason", "He moves school at Easter.");
    assert!(!reason_missing(&explained.view()));
    assert_eq!(explained.view().funding.over(), 2_400);
    // … or a reduction: to 96.00.
    ottoline.fund(MATHS, Uuid::from_u128(1), &[("unitCost", "12.00")]);
    let view = meet(&mut ottoline, &mut lorcan);
    assert_eq!((view.funding.requested, view.funding.retained), (21_600, 30_400));
    assert_eq!((view.funding.remaining, view.funding.over()), (Some(0), 0));
    assert!(!view.asked.contains("funding.overReason"));
}

#[test]
fn the_money_of_a_target_whose_withdrawal_is_disputed_counts_as_the_target_does() {
    let [mut ottoline, mut lorcan] = agreed();
    ottoline.edit(Edit::WithdrawTarget { key: MATHS.to_string() });
    assert_eq!((ottoline.view().funding.requested, ottoline.view().funding.orphaned), (0, 12_000));
    lorcan.fund(MATHS, Uuid::from_u128(1), &[("unitCost", "12.00")]);
    let view = meet(&mut ottoline, &mut lorcan);
    assert_eq!((view.funding.requested, view.funding.orphaned), (9_600, 0));
    assert!(view.targets.iter().any(|target| target.row.withdrawal_disputed && target.row.counts()));
    let place = format!("targets.list/{MATHS}/withdrawn");
    ottoline.edit(Edit::Resolve { question: place, take: Value::YesNo(true) });
    assert_eq!((ottoline.view().funding.requested, ottoline.view().funding.orphaned), (0, 9_600));
}

#[test]
fn r003_20_one_penny_over_is_over() {
    let [mut ottoline, mut lorcan] = agreed();
    mentor(&mut ottoline);
    tuition(&mut lorcan);
    ottoline.fund(MATHS, Uuid::from_u128(1), &[("unitCost", "96.01"), ("quantity", "1")]);
    let view = meet(&mut ottoline, &mut lorcan);
    assert_eq!((view.funding.remaining, view.funding.over()), (Some(-1), 1));
    assert!(reason_missing(&view));
}

#[test]
fn money_has_two_decimals_and_no_third() {
    for amount in ["38.005", "38.0", "0.001", "38.0050", "-1.00", "38,00"] {
        let refused = parse_value("targets.list/funds/unitCost", amount);
        assert!(matches!(refused, Err(Refused::BadValue { .. })), "{amount} was taken for money");
    }
}

#[test]
fn r002_25_the_money_of_a_withdrawn_target_is_shown_and_counts_for_nothing() {
    let [mut ottoline, mut lorcan] = agreed();
    mentor(&mut ottoline);
    tuition(&mut lorcan);
    lorcan.edit(Edit::WithdrawTarget { key: TUITION.to_string() });
    let view = meet(&mut ottoline, &mut lorcan);
    assert_eq!((view.funding.requested, view.funding.retained, view.funding.orphaned), (24_000, 0, 30_400));
    lorcan.edit(Edit::WithdrawRow {
        question: format!("targets.list/{TUITION}/funds"),
        key: Uuid::from_u128(3).to_string(),
    });
    assert_eq!(lorcan.view().funding.orphaned, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sums_never_depend_on_the_order_of_merging(
        rows in proptest::collection::vec((0..3_usize, 0..2_usize, 0..4_u128, 0..20_000_u32, 0..5_u32, 0..4_u8), 1..16),
    ) {
        let [ottoline, lorcan] = agreed();
        let mut sunniva = Device::of("Sunniva");
        sunniva.receive(&ottoline);
        let mut devices = [ottoline, lorcan, sunniva];
        for (device, target, row, pence, quantity, extra) in rows {
            let key = [TUITION, MATHS][target];
            let device = &mut devices[device];
            match extra {
                3 => drop(device.edit(Edit::WithdrawTarget { key: key.to_string() })),
                extra => {
                    let cost = format!("{}.{:02}", pence / 100, pence % 100);
                    let pay_to = if extra == 0 { "school" } else { "retained_by_vs" };
                    let cells = [("unitCost", cost.as_str()), ("quantity", &quantity.to_string()), ("payTo", pay_to)];
                    device.fund(key, Uuid::from_u128(row), &cells);
                }
            }
        }
        let [a, b, c] = &devices;
        let sums = [[a, b, c], [a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a]].map(|[first, second, third]| {
            let mut merged = first.clone();
            merged.receive(second);
            merged.receive(third);
            let view = merged.view();
            assert_eq!(view.funding.remaining, Some(52_000 - view.funding.requested - view.funding.retained));
            assert_eq!(reason_missing(&view), view.funding.over() > 0);
            view.funding
        });
        prop_assert!(sums.windows(2).all(|pair| pair[0] == pair[1]));
    }
}

#[test]
fn r002_23_a_decision_is_the_heads_and_is_opened_again_when_what_was_decided_changes() {
    let (mut ottoline, mut lorcan, mut marguerite) =
        (Device::of("Ottoline"), Device::of("Lorcan"), Device::of("Marguerite"));
    let (english, maths) = (Uuid::from_u128(1), Uuid::from_u128(2));
    ottoline.set("setting.yearGroup", "10");
    ottoline.set("funding.tuition", "vs_retains");
    for (key, area) in [(english, "English"), (maths, "Maths")] {
        ottoline.target(key, &[("area", area), ("status", "agreed")]);
        ottoline.fund(key, Uuid::from_u128(5), &[("item", "Group"), ("unitCost", "96.00"), ("payTo", "school")]);
    }
    lorcan.receive(&ottoline);
    let decision = |target: &str, day: &str| {
        let cells = cells_of("funding.decision", &[("target", target), ("approved", "96.00"), ("date", day)]);
        let key = row_key("funding.decision", &cells, &person("Lorcan").1, &mut || [7; 16]).unwrap();
        Edit::PutRow { question: "funding.decision".into(), key, cells }
    };
    let refused = lorcan.try_edit(&[decision("Maths", "2026-03-01")]).unwrap_err();
    assert!(matches!(&refused, Refused::Reserved { owners, .. } if owners == &[Role::VirtualSchoolHead]), "{refused}");
    marguerite.receive(&ottoline);
    let open = |device: &Device| -> Vec<String> {
        let around = plan::Around { today: "2026-03-02".parse().unwrap(), previous: None, others: &[] };
        let found = plan::check(&device.view(), &device.pep, around);
        let about = |field: &String| field.starts_with("funding.decision");
        let of_money = found.into_iter().filter(|finding| finding.field.as_ref().is_some_and(about));
        of_money
            .inspect(|finding| assert_eq!(finding.owner, Role::VirtualSchoolHead))
            .map(|finding| finding.says)
            .collect()
    };
    assert_eq!(open(&marguerite), ["This has not been answered."]);
    marguerite.edit(decision(&english.to_string(), "2026-03-01"));
    assert!(open(&marguerite)[0].contains("Nothing is decided"), "of maths");
    let twice = marguerite.try_edit(&[decision("English", "2026-03-01")]).unwrap_err();
    assert!(
        twice.to_string().contains("more than is asked for this target"),
        "the same target by its subject: {twice}"
    );
    marguerite.edit(decision("Maths", "2026-03-01"));
    assert_eq!(open(&marguerite), [""; 0]);
    // Another payee, written apart: only that target's decision is open again.
    ottoline.fund(maths, Uuid::from_u128(5), &[("payTo", "retained_by_vs")]);
    let view = meet(&mut ottoline, &mut marguerite);
    assert_eq!(view.reopened, BTreeSet::from(["maths".to_owned()]));
    marguerite.edit(decision("Maths", "2026-03-02"));
    assert_eq!(open(&marguerite), [""; 0]);
    // Another way to arrange tuition opens them all.
    ottoline.receive(&marguerite);
    ottoline.set("funding.tuition", "school_claims");
    assert_eq!((ottoline.view().reopened.len(), open(&ottoline).len()), (2, 2));
    ottoline.set("funding.tuition", "vs_retains");
    assert_eq!(ottoline.view().reopened.len(), 0);
}

#[test]
fn withdrawing_the_money_of_a_target_that_is_withdrawn_is_no_dispute() {
    let (key, first, second) = (Uuid::from_u128(0xE55A), Uuid::from_u128(0xF1), Uuid::from_u128(0xF2));
    let (mut ottoline, mut sunniva) = (Device::of("Ottoline"), Device::of("Sunniva"));
    ottoline.target(key, &[("statement", "I will read a Year 3 passage aloud."), ("status", "agreed")]);
    for row in [first, second] {
        ottoline.fund(key, row, &[("item", "Books"), ("unitCost", "38.00")]);
    }
    sunniva.receive(&ottoline);
    let funds = format!("targets.list/{key}/funds");
    let withdraw = |row: Uuid| Edit::WithdrawRow { question: funds.clone(), key: row.to_string() };
    ottoline.edit(Edit::WithdrawTarget { key: key.to_string() });
    ottoline.edit(withdraw(first));
    // Apart, by somebody who does not know that the target is withdrawn.
    sunniva.edit(withdraw(second));
    let view = meet(&mut ottoline, &mut sunniva);
    assert!(conflicts(&view, &idris()).is_empty());
    assert!(view.targets[0].row.withdrawn && !view.targets[0].row.withdrawal_disputed);
    assert_eq!(view.funding.orphaned, 0);
    // Bringing money back is a reason to keep the target, and adding some.
    ottoline.fund(key, first, &[("quantity", "2")]);
    assert!(ottoline.view().targets[0].row.withdrawal_disputed);
}
