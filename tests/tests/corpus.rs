//! What searching at the doors for strangers' bytes has found worth keeping is tried again at every run; `tests/fuzz` goes on searching.

use std::{fs, path::Path};

use harness::fuzz::{TARGETS, seeds};

/// Alterations of every kept input at every run: a little searching, the same each time.
const ALTERATIONS: u64 = 40;

#[test]
fn every_kept_input_is_refused_or_harmless() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/corpus");
    for (name, target) in TARGETS {
        let kept = fs::read_dir(corpus.join(name)).unwrap_or_else(|e| panic!("{name} has no corpus: {e}"));
        let mut inputs: Vec<Vec<u8>> =
            kept.map(|entry| fs::read(entry.expect("a folder").path()).expect("a file")).collect();
        inputs.extend(seeds().into_iter().filter(|(of, ..)| *of == name).map(|(_, _, bytes)| bytes));
        assert!(inputs.len() > 1, "{name} begins from something");
        for (n, input) in inputs.iter().enumerate() {
            target(input);
            for turn in 0..ALTERATIONS {
                let mut die = (n as u64) << 32 | turn;
                target(&altered(input, &mut die));
            }
        }
        harness::tell(&format!("{name}: {} inputs", inputs.len()));
    }
}

fn altered(input: &[u8], die: &mut u64) -> Vec<u8> {
    let mut roll = |sides: usize| {
        *die = die.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*die >> 33) as usize % sides.max(1)
    };
    let mut bytes = input.to_vec();
    for _ in 0..=roll(4) {
        let at = roll(bytes.len() + 1);
        match roll(4) {
            0 if at < bytes.len() => bytes[at] = roll(256) as u8,
            1 if at < bytes.len() => bytes[at] ^= 1 << roll(8),
            2 => bytes.insert(at, roll(256) as u8),
            _ => bytes.truncate(at.max(1)),
        }
    }
    bytes
}
