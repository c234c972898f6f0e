//! A disk that takes no more: said in words, nothing lost, and it goes on when there is room.
//!
//! A limit on the size of files stands in for a full disk: the system answers a write past it in the same way, and needs no
//! disk of its own.
#![cfg(unix)]

use std::process::{Command, Output};

use harness::world::{Person, World, program};

const NOTES: &str = "meeting.notes";

/// Runs `pep` where no file may grow past `kilobytes`.
fn with_little_room(person: &Person, kilobytes: u64, args: &[&str]) -> Output {
    // Without the trap the system would end the process instead of refusing the write.
    let script = format!("trap '' XFSZ; ulimit -f {kilobytes}; exec \"$@\"");
    Command::new("bash")
        .args(["-c", &script, "bash"])
        .arg(program("pep"))
        .args(args)
        .env("PEP_HOME", &person.home)
        .output()
        .unwrap()
}

/// Words that do not compress, and can be told apart.
fn words(n: u64) -> String {
    let mut chance = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut text = format!("piece-{n:04}:");
    while text.len() < 12_000 {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push(char::from(b'a' + (chance >> 59) as u8 % 26));
    }
    text
}

#[test]
fn a_full_disk_is_said_in_words_and_nothing_that_was_acknowledged_is_lost() {
    let world = World::new();
    let odile = world.person("odile", "Odile Marrowfield", "social-worker");
    let pep = odile.start_pep();
    odile.pep(["write", &pep, NOTES, "Before. "]);
    let largest = std::fs::read_dir(odile.home.join("sled"))
        .unwrap()
        .filter_map(|e| e.ok()?.metadata().ok())
        .map(|m| m.len() / 1024)
        .max()
        .unwrap();
    let room = largest.max(4 * 1024) + 128;
    let mut acknowledged = Vec::new();
    let refused = loop {
        let n = acknowledged.len() as u64;
        assert!(n < 1_000, "the limit was never met");
        let output = with_little_room(&odile, room, &["write", &pep, NOTES, "--append", &words(n)]);
        if !output.status.success() {
            break output;
        }
        acknowledged.push(n);
        if acknowledged.len() > 8 {
            // From here on the limit comes down to where the journal is.
            let journal = std::fs::metadata(odile.home.join("journal/00000001.seg")).unwrap().len() / 1024;
            let output = with_little_room(&odile, journal, &["write", &pep, NOTES, "--append", &words(n + 1)]);
            assert!(!output.status.success());
            break output;
        }
    };
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("disk is full") && said.contains("Make room"), "{said}");

    // With room again everything acknowledged is there, and it goes on.
    odile.pep(["write", &pep, NOTES, "--append", "After."]);
    odile.sync();
    let shown = odile.show(&pep);
    let text = shown["answers"][NOTES].as_str().unwrap();
    assert!(text.starts_with("Before. ") && text.ends_with("After."));
    for n in acknowledged {
        assert_eq!(text.matches(&format!("piece-{n:04}:")).count(), 1);
    }
}
