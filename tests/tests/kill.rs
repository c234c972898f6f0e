//! SIGKILL at any moment, client and relay: whatever was acknowledged is there afterwards.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use harness::world::{Person, World};

const NOTES: &str = "meeting.notes";
const ROUNDS: u64 = 24;

/// Lets a command run for `after`, then kills it. Whether it had already ended well.
fn cut_short(person: &Person, args: &[&str], after: Duration) -> bool {
    let started = Instant::now();
    let mut child = person.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while started.elapsed() < after {
        if let Some(status) = child.try_wait().unwrap() {
            return status.success();
        }
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap().success()
}

#[test]
fn killed_at_any_moment_client_and_relay_come_back_with_everything_they_acknowledged() {
    let mut world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let ottoline = world.person("ottoline", "Ottoline Greaves-Penn", "designated-teacher");
    let pep = odile.start_pep();
    // How long a whole command takes here, so that kills fall inside it.
    let started = Instant::now();
    odile.pep(["write", &pep, NOTES, "--append", "w-first."]);
    let whole = started.elapsed();

    let mut acknowledged = vec!["w-first.".to_string()];
    let mut spread = 1u64;
    for round in 0..ROUNDS {
        spread = spread.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let part = |of: u32| whole.mul_f64(f64::from((spread >> 33) as u32 % 1_000) / 1_000.0 * f64::from(of));
        let word = format!("w{round}.");
        if cut_short(&odile, &["write", &pep, NOTES, "--append", &word], part(2)) {
            acknowledged.push(word);
        }
        // Some rounds the relay dies while somebody is talking to it.
        if round % 4 == 1 {
            let mut talking =
                odile.command(["sync", "--once"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let until = Instant::now() + part(2);
            while Instant::now() < until {
                std::thread::yield_now();
            }
            world.kill_relay();
            talking.kill().unwrap();
            talking.wait().unwrap();
            world.serve();
        }
    }
    odile.sync();
    ottoline.sync();
    world.kill_relay();
    world.serve();
    odile.sync();
    ottoline.sync();

    let (hers, theirs) = (odile.show(&pep), ottoline.show(&pep));
    assert_eq!(hers["heads"], theirs["heads"]);
    for shown in [&hers, &theirs] {
        let text = shown["answers"][NOTES].as_str().unwrap();
        for word in &acknowledged {
            assert_eq!(text.matches(word.as_str()).count(), 1, "{word} in {text}");
        }
        // A word that was not acknowledged may be there; no word is there twice.
        for round in 0..ROUNDS {
            assert!(text.matches(&format!("w{round}.")).count() <= 1, "{text}");
        }
    }
    harness::tell(&format!("{ROUNDS} rounds, {} acknowledged changes, 0 lost", acknowledged.len()));
    assert!(acknowledged.len() > 3, "hardly anything was acknowledged: the kills come too early to show anything");
}

#[test]
fn a_relay_restored_from_an_older_backup_is_healed_by_its_clients() {
    let mut world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let ottoline = world.person("ottoline", "Ottoline Greaves-Penn", "designated-teacher");
    let pep = odile.start_pep();
    odile.pep(["write", &pep, NOTES, "--append", "before the backup."]);
    odile.sync();
    ottoline.sync();
    let backup = world.path("backup.tar");
    world.relay(["backup", backup.to_str().unwrap()]);
    odile.pep(["write", &pep, NOTES, "--append", "after the backup."]);
    odile.sync();
    ottoline.sync();
    ottoline.pep(["write", &pep, NOTES, "--append", "and an answer."]);
    ottoline.sync();

    // The relay's disk is lost.
    world.kill_relay();
    std::fs::remove_dir_all(world.data()).unwrap();
    world.relay(["restore", backup.to_str().unwrap()]);
    world.serve();
    odile.sync();
    ottoline.sync();
    odile.sync();
    let (hers, theirs) = (odile.show(&pep), ottoline.show(&pep));
    assert_eq!(hers["heads"], theirs["heads"]);
    let text = hers["answers"][NOTES].as_str().unwrap();
    for words in ["before the backup.", "after the backup.", "and an answer."] {
        assert!(text.contains(words), "{text}");
    }
    // The relay has it all again: somebody new gets it from there.
    let lorcan = world.person("lorcan", "Lorcan Tidewell", "virtual-school-officer");
    lorcan.sync();
    assert_eq!(lorcan.show(&pep)["heads"], hers["heads"]);
}
