//! Keeps the form of `crates/DECISIONS.md`: numbered in order, and of each what, why and what was rejected, in ten lines.

use std::{fs, path::Path};

#[test]
fn every_decision_says_what_why_and_what_was_rejected_in_ten_lines() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/DECISIONS.md")).unwrap();
    let decisions: Vec<&str> = page.split("\n## ").skip(1).collect();
    assert!(decisions.len() >= 20, "{} decisions", decisions.len());
    for (n, decision) in decisions.iter().enumerate() {
        let (title, text) = decision.split_once('\n').unwrap();
        assert!(title.starts_with(&format!("{}. ", n + 1)), "{title} is not number {}", n + 1);
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        assert!(lines.len() <= 10, "{title} has {} lines", lines.len());
        let begins: Vec<&str> =
            lines.iter().filter_map(|line| line.strip_prefix("**")?.split_once("**")).map(|(word, _)| word).collect();
        assert_eq!(begins, ["What.", "Why.", "Rejected."], "{title}");
    }
}
