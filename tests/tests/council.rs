//! The directory of a whole council: what it costs on the line and in signatures is counted, not timed.

use harness::directory::Council;

#[test]
fn of_1650_children_and_3000_people_a_hand_over_is_a_few_kilobytes_and_the_whole_less_than_a_mebibyte() {
    let mut council = Council::new(1_650, 3_000).expect("a council");
    let (head, _) = council.fresh_head().expect("a head");
    assert!(head.entries < 1024 * 1024, "{head:?}");
    assert!(head.entries > 100 * 1024, "all of it came: {head:?}");
    let handed = council.hand_over().expect("a hand-over");
    let [from, to, hers, teacher, others] = handed.sent[..] else { panic!("{handed:?}") };
    for sent in [from, to, hers, teacher] {
        assert!(sent > 0 && sent < 4 * 1024, "{handed:?}");
    }
    assert_eq!(others, 0, "{handed:?}");
    assert!(handed.signed <= 4, "{handed:?}");
    // A device puts one sheet in place for one change, however many it holds.
    let (_, entries) = council.real_device().expect("a device");
    assert!((1..=2).contains(&entries), "{entries}");
}
