//! Files of one crate that import each other have to be understood, changed and moved together. How much of each crate stands in
//! such a circle is counted here, and how many functions do not fit on a screen.
//!
//! `OPENPEP_CIRCLE=all cargo test -p harness circle` prints a line for every crate; with `OPENPEP_CIRCLE=client-cli` (or `crates/plan`)
//! it prints that package's circles: which files, and which names each imports from the others.

mod imports;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use harness::tell;
use imports::{Circle, Crate, packages, roots};

/// Hundredths of a crate's lines that its biggest circle may have. The goal is none.
const CIRCLE_MAX: f64 = 5.0;
/// What crates have today that were there before this was counted; it may fall, and not rise.
const TODAY: &[(&str, f64)] =
    &[("crates/plan/src/lib.rs", 82.0), ("crates/sync/src/lib.rs", 29.0), ("sync-server/src/lib.rs", 37.0)];
/// A function of more lines than this does not fit on a screen.
const FUNCTION_LINES: usize = 70;
/// Crates without such a function.
const ON_A_SCREEN: &[&str] = &["crates/pages/"];

#[test]
fn no_more_of_a_crate_than_today_stands_in_a_circle_of_imports() {
    let crates = crates();
    let asked = std::env::var("OPENPEP_CIRCLE").unwrap_or_default();
    for (root, read) in crates {
        if asked == "all" {
            line(root, read);
        } else if root.starts_with(&format!("{asked}/")) {
            whole(read);
        }
    }
    let may = |root: &str| TODAY.iter().find(|(name, _)| *name == root).map_or(CIRCLE_MAX, |(_, figure)| *figure);
    let wide: Vec<String> = crates
        .iter()
        .filter(|(root, read)| read.share() > may(root))
        .map(|(root, read)| format!("{root}: {:.1} %, and may have {} %", read.share(), may(root)))
        .collect();
    assert!(wide.is_empty(), "{}\nOPENPEP_CIRCLE=PACKAGE prints the circle", wide.join("\n"));
    for (root, _) in TODAY {
        assert!(crates.contains_key(*root), "{root} is gone, and has a line in the table");
    }
}

#[test]
fn every_function_of_a_page_fits_on_a_screen() {
    for (root, read) in crates().iter().filter(|(root, _)| ON_A_SCREEN.iter().any(|room| root.starts_with(room))) {
        let long = read.functions_over(FUNCTION_LINES);
        let said: Vec<String> = long
            .iter()
            .map(|(file, function)| {
                format!("{}:{}: {} has {} lines", file.path, function.line, function.name, function.lines)
            })
            .collect();
        assert!(said.is_empty(), "more than {FUNCTION_LINES} lines in {root}:\n{}", said.join("\n"));
    }
}

/// Every library and program of the house by its root file.
fn crates() -> &'static BTreeMap<String, Crate> {
    static CRATES: LazyLock<BTreeMap<String, Crate>> = LazyLock::new(|| {
        let roots = packages(&house()).into_iter().flat_map(|package| roots(&house(), &package));
        roots.map(|root| (root.clone(), Crate::on_disk(&house(), &root).unwrap())).collect()
    });
    &CRATES
}

fn line(root: &str, read: &Crate) {
    let circles = read.circles();
    let (lines, files) = circles.first().map_or((0, 0), |circle| (circle.lines, circle.files.len()));
    let long = read.functions_over(FUNCTION_LINES).len();
    tell(&format!(
        "{root:<26} {:>6} lines; in the biggest circle {lines:>6} = {:>4.1} %, {files:>3} files; {long:>2} functions over {FUNCTION_LINES}",
        read.lines(),
        read.share()
    ));
}

fn whole(read: &Crate) {
    line(&read.files[0].path, read);
    for Circle { files, lines } in read.circles() {
        tell(&format!("\n{} files that import each other, {lines} lines", files.len()));
        for from in &files {
            tell(&format!("  {} ({})", read.files[*from].path, read.files[*from].lines));
            for (to, names) in read.files[*from].imports.iter().filter(|(to, _)| files.contains(to)) {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                tell(&format!("    {}: {}", read.files[*to].path, names.join(", ")));
            }
        }
    }
    for (file, function) in read.functions_over(FUNCTION_LINES) {
        tell(&format!("{}:{}: {} has {} lines", file.path, function.line, function.name, function.lines));
    }
}

fn house() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}
