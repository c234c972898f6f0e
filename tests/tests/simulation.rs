//! The seeded simulation, on disks in memory. `OPENPEP_SEED=N` plays one seed and prints what happened; `OPENPEP_SEEDS=N` plays the
//! first N; `OPENPEP_DISK=files` plays them on real folders, which takes many times as long.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use harness::sim::{self, Ground};

/// Seeds played where nothing else is said.
const SEEDS: u64 = 500;
/// Seeds played on files, too, to be compared.
const SEEDS_ON_FILES: u64 = 8;

fn said(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn whatever_the_network_and_the_disks_do_everyone_ends_with_every_word() {
    let (first, seeds) = match said("OPENPEP_SEED") {
        Some(seed) => (seed, 1),
        None => (0, said("OPENPEP_SEEDS").unwrap_or(SEEDS)),
    };
    let ground = match std::env::var("OPENPEP_DISK").as_deref() {
        Ok("files") => Ground::Files,
        Ok(other) => panic!("OPENPEP_DISK={other}: there is only `files` to choose"),
        Err(_) => Ground::Memory { cut: true },
    };
    let next = AtomicU64::new(first);
    let failed = Mutex::new(Vec::new());
    let counts: Mutex<BTreeMap<&'static str, u64>> = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, |n| n.get()) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds {
                        return;
                    }
                    match std::panic::catch_unwind(|| sim::play(seed, ground)) {
                        Ok(Ok(outcome)) => {
                            let mut all = counts.lock().unwrap();
                            outcome.counts.into_iter().for_each(|(what, n)| *all.entry(what).or_default() += n);
                        }
                        Ok(Err(e)) => failed.lock().unwrap().push(format!("seed {seed}: {e}")),
                        Err(_) => failed.lock().unwrap().push(format!("seed {seed}: a panic")),
                    }
                }
            });
        }
    });
    let counts = counts.into_inner().unwrap();
    harness::tell(&format!("simulation: {seeds} seeds played on {ground:?}; {counts:?}"));
    let mut failed = failed.into_inner().unwrap();
    failed.sort();
    assert!(
        failed.is_empty(),
        "{} of {seeds} seeds failed; replay one with OPENPEP_SEED=N:\n{}",
        failed.len(),
        failed.join("\n")
    );
    if seeds >= SEEDS {
        // Trouble that never happens proves nothing.
        for what in [
            "written",
            "connected",
            "cut",
            "lost",
            "repeated",
            "exchanged",
            "restarted",
            "copied",
            "restored",
            "gave way",
            "rolled back",
            "relay restarted",
            "relay copied",
            "relay restored",
            "relay rolled back",
        ] {
            assert!(counts.get(what).copied().unwrap_or(0) >= 20, "{what} hardly ever happened: {counts:?}");
        }
    }
}

#[test]
fn a_seed_is_replayed_exactly() {
    let ground = Ground::Memory { cut: true };
    for seed in [1, 7, 42] {
        assert_eq!(sim::play(seed, ground), sim::play(seed, ground));
    }
}

#[test]
fn a_seed_plays_the_same_on_files_and_in_memory() {
    for seed in 0..SEEDS_ON_FILES {
        assert_eq!(sim::play(seed, Ground::Files), sim::play(seed, Ground::Memory { cut: false }), "seed {seed}");
    }
}
