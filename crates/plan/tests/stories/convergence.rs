use crate::*;

/// Something one of three people does, or the arrival of another's work.
#[derive(Debug, Clone)]
struct Step {
    device: usize,
    action: u8,
    a: usize,
    b: usize,
}

fn step() -> impl Strategy<Value = Step> {
    (0..3_usize, 0..16_u8, 0..64_usize, 0..64_usize).prop_map(|(device, action, a, b)| Step { device, action, a, b })
}

const WORDS: [&str; 6] = ["", "Maths and food", "🍳 cooks on Sundays", "e\u{301}te\u{301}", "Maths, food and 🥕", "x"];

fn pick<T: Clone>(list: &[T], index: usize) -> T {
    list[index % list.len()].clone()
}

/// What a step would write; the heads a page had seen are those of the device some steps ago.
fn edit_of(step: &Step, device: &Device, seen: &[plan::ChangeHash], shown: &str) -> Edit {
    let (a, b) = (step.a, step.b);
    let term = pick(&["Autumn 2025", "Spring 2026"], a);
    let target = Uuid::from_u128(pick(&[1, 2], a));
    let length = shown.encode_utf16().count();
    match step.action {
        0 => Edit::Choose {
            question: "meeting.nextDate".into(),
            value: parse_value("meeting.nextDate", pick(&["2026-06-04", "2026-06-11"], a)).unwrap(),
        },
        1 => Edit::Rewrite { question: "meeting.notes".into(), text: pick(&WORDS, a).into() },
        2..=4 => {
            let at = a % (length + 1);
            let delete = b % (length - at + 1).min(5);
            let insert = pick(&WORDS, a + b).into();
            Edit::Splice { question: "meeting.notes".into(), at, delete, insert, seen: seen.to_vec() }
        }
        5 => {
            let cells =
                cells_of("attendance.terms", &[("term", term), ("possible", "148"), ("attended", &b.to_string())]);
            let key = row_key("attendance.terms", &cells, &device.writer, &mut || [0; 16]).unwrap();
            Edit::PutRow { question: "attendance.terms".into(), key, cells }
        }
        6 => Edit::WithdrawRow { question: "attendance.terms".into(), key: term.to_lowercase().replace(' ', "-") },
        7 => {
            let fields: &[(&str, &str)] = if b % 2 == 0 {
                &[("measure", "12/20"), ("status", "agreed")]
            } else {
                &[("dueDate", "2026-05-22"), ("statement", "I will write")]
            };
            Edit::PutTarget { key: target.to_string(), fields: cells_of("targets.list", fields) }
        }
        8 => Edit::WithdrawTarget { key: target.to_string() },
        9 => Edit::PutRow {
            question: format!("targets.list/{target}/funds"),
            key: Uuid::from_u128(b as u128 % 3).to_string(),
            cells: cells_of("targets.list/funds", &[("unitCost", &format!("{a}.00")), ("payTo", "school")]),
        },
        10 => Edit::Rewrite { question: "voice.secWell".into(), text: pick(&WORDS, b).into() },
        11 => Edit::Choose {
            question: "voice.method".into(),
            value: parse_value("voice.method", pick(&["drawing", "drawing, photos", "recording"], a)).unwrap(),
        },
        12 => Edit::Clear { question: "meeting.nextDate".into() },
        _ => match conflicts(&device.view(), &idris()).into_iter().nth(a % 3) {
            Some(dispute) => Edit::Resolve { question: dispute.place, take: pick(&dispute.claims, b).value },
            None => Edit::Append { question: "meeting.notes".into(), text: pick(&WORDS, b).into() },
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_three_people_do_apart_they_see_the_same_together(steps in proptest::collection::vec(step(), 1..48)) {
        let mut devices = ["Odile", "Ottoline", "Sunniva"].map(Device::of);
        devices[1].set("setting.yearGroup", "10");
        let mut pages: Vec<(Vec<plan::ChangeHash>, String)> = devices.iter().map(|device| (device.document.get_heads(), String::new())).collect();
        for step in &steps {
            let mut device = devices[step.device].clone();
            match step.action {
                14 => device.receive(&devices[step.a % 3]),
                15 => {
                    let shown = match &device.view().answers["meeting.notes"] {
                        Answer::Text { text } => text.clone(),
                        _ => String::new(),
                    };
                    // A page reloads; from now on it has seen this. A text of blanks alone shows as none.
                    if !shown.is_empty() {
                        pages[step.device] = (device.document.get_heads(), shown);
                    }
                }
                _ => {
                    let (seen, shown) = &pages[step.device];
                    let edit = edit_of(step, &device, seen, shown);
                    let (before, heads) = (device.changes(), device.document.get_heads());
                    match device.try_edit(&[edit]) {
                        Ok(applied) => {
                            prop_assert_eq!(device.changes(), before + usize::from(applied.change.is_some()));
                        }
                        Err(refused) => {
                            prop_assert!(!matches!(refused, Refused::Damaged { .. } | Refused::OtherPlan | Refused::OutOfText { .. } | Refused::UnknownHeads { .. }), "{}", refused);
                            prop_assert_eq!(device.document.get_heads(), heads);
                        }
                    }
                }
            }
            devices[step.device] = device;
        }
        let [a, b, c] = &devices;
        let mut views = Vec::new();
        for order in [[a, b, c], [a, c, b], [b, a, c], [b, c, a], [c, a, b], [c, b, a]] {
            let mut merged = order[0].clone();
            merged.receive(order[1]);
            merged.receive(order[2]);
            let opened = load(&merged.document.save()).unwrap();
            prop_assert!(read(Documents::main(&opened), &idris(), &authors) == merged.view());
            history(&opened, &authors, None);
            views.push(merged.view());
        }
        prop_assert!(views.windows(2).all(|pair| pair[0] == pair[1]));
    }

    #[test]
    fn a_late_splice_takes_exactly_what_its_page_saw_and_stands_where_that_was(
        edits in proptest::collection::vec((0..16_usize, 0..4_usize, "[A-Z🥕]{0,3}"), 0..6), at in 0..15_usize, delete in 0..6_usize,
    ) {
        const SHOWN: &str = "abcdefgh🍳ijklmn";
        let shown: Vec<char> = SHOWN.chars().collect();
        let units = |count: usize| shown[..count.min(shown.len())].iter().map(|c| c.len_utf16()).sum::<usize>();
        let (mut odile, mut ottoline) = (Device::of("Odile"), Device::of("Ottoline"));
        odile.rewrite("meeting.notes", SHOWN);
        ottoline.receive(&odile);
        let (from, to) = (units(at), units(at + delete));
        let late = splice(&odile, "meeting.notes", from, to - from, "#");
        for (place, gone, new) in &edits {
            let other: Vec<char> = text(&ottoline.view(), "meeting.notes").chars().collect();
            let place = (*place).min(other.len());
            let end = (place + gone).min(other.len());
            // An emptied text is none to read back.
            if end - place == other.len() && new.is_empty() {
                break;
            }
            let width = |some: &[char]| some.iter().map(|c| c.len_utf16()).sum::<usize>();
            ottoline.edit(splice(&ottoline, "meeting.notes", width(&other[..place]), width(&other[place..end]), new));
        }
        odile.receive(&ottoline);
        let before = text(&odile.view(), "meeting.notes");
        odile.edit(late);
        let after = text(&odile.view(), "meeting.notes");
        let gone: Vec<char> = shown[at.min(shown.len())..(at + delete).min(shown.len())].to_vec();
        let expected: String = before.chars().filter(|c| !gone.contains(c)).collect();
        prop_assert_eq!(after.replacen('#', "", 1), expected);
        let (left, right) = after.split_once('#').unwrap();
        prop_assert!(!right.contains('#'));
        prop_assert!(!shown[..at.min(shown.len())].iter().any(|c| right.contains(*c)), "{} before the splice", after);
        prop_assert!(!shown[(at + delete).min(shown.len())..].iter().any(|c| left.contains(*c)), "{} after it", after);
    }

    #[test]
    fn no_document_is_too_strange_to_read(puts in proptest::collection::vec((0..12_usize, 0..12_usize, 0..8_usize, 0..9_u8), 0..40)) {
        let keys = ["about", "answers", "targets", "comments", "signOffs", "care.story", "attendance.terms", "voice.secWell",
            "funding.tuition", "withdrawn", "00000000-0000-0000-0000-000000000001", "funds"];
        let columns = ["term", "possible", "status", "unitCost", "statement", "funds", "question", "withdrawn"];
        let mut document = Device::of("Odile").document;
        let mut other = document.clone().with_actor(ActorId::from(&[1, 2, 3][..]));
        for (index, (outer, inner, column, kind)) in puts.into_iter().enumerate() {
            let target = if index % 2 == 0 { &mut document } else { &mut other };
            target.transact::<_, _, automerge::AutomergeError>(|tx| {
                let mut object = ROOT;
                for key in [keys[outer], keys[inner]] {
                    object = match tx.get(&object, key)? {
                        Some((automerge::Value::Object(ObjType::Map), id)) if kind != 8 => id,
                        _ => tx.put_object(&object, key, ObjType::Map)?,
                    };
                }
                let key = columns[column];
                match kind {
                    0 => tx.put(&object, key, "words")?,
                    1 => tx.put(&object, key, i64::MAX)?,
                    2 => tx.put(&object, key, f64::NAN)?,
                    3 => tx.put(&object, key, true)?,
                    4 => tx.put(&object, key, automerge::ScalarValue::counter(3))?,
                    5 => drop(tx.put_object(&object, key, ObjType::List)?),
                    6 => drop(tx.put_object(&object, key, ObjType::Text)?),
                    _ => tx.put(&object, key, vec![0_u8, 1])?,
                }
                Ok(())
            }).unwrap();
        }
        document.merge(&mut other).unwrap();
        let view = read(Documents::main(&document), &idris(), &authors);
        prop_assert_eq!(view.answers.len(), 230);
        conflicts(&view, &idris());
        history(&document, &authors, None);
        let mut odile = Device { document, ..Device::of("Odile") };
        // Writing may be refused, and must not break.
        let _ = odile.try_edit(&[Edit::Rewrite { question: "care.story".into(), text: "Idris cooks.".into() }]);
        let _ = odile.try_edit(&[Edit::Clear { question: "meeting.nextDate".into() }]);
    }
}
