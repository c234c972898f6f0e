//! What people see, page by page and state by state: a row of a scene is an address in a state, its file in `snapshots/` what the
//! page shows. With plain `cargo test` they are compared and never written.
//!
//! `UPDATE_EXPECT=1 cargo test -p pages --test pages snapshots` makes them anew; read what changed before it is kept.

use std::{fs, panic, path::PathBuf};

use expect_test::expect_file;

use crate::{prelude::*, scenes::album, tables};

/// Snapshots that one person reads before a release; more of them are not read.
const READ_MAX: usize = 145;
/// Lines of one snapshot: a page that is longer is shown by a state in which it is short.
const LINES_MAX: usize = 140;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pages/snapshots")
}

#[test]
fn every_page_shows_what_it_showed_when_somebody_last_read_it() {
    let album = album();
    let mut changed = Vec::new();
    for shot in album {
        let path = folder().join(format!("{}.txt", shot.name));
        let seen = panic::catch_unwind(|| expect_file![path].assert_eq(&shot.shown));
        changed.extend(seen.is_err().then_some(shot.name));
    }
    assert!(
        changed.is_empty(),
        "these show something else now: {}. `UPDATE_EXPECT=1 cargo test -p pages --test pages snapshots` makes them anew",
        changed.join(", ")
    );
}

#[test]
fn every_snapshot_has_a_row_a_name_of_its_own_and_can_be_read() {
    let album = album();
    let names: BTreeSet<String> = album.iter().map(|shot| format!("{}.txt", shot.name)).collect();
    assert_eq!(names.len(), album.len(), "two rows have one name");
    assert!(album.len() <= READ_MAX, "{} snapshots", album.len());
    let files = fs::read_dir(folder()).unwrap().map(|file| file.unwrap().file_name().to_string_lossy().into_owned());
    assert_eq!(files.collect::<BTreeSet<_>>(), names, "files without a row, or rows without a file");
    for shot in album {
        let lines = shot.shown.lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines", shot.name);
    }
}

#[test]
fn every_route_that_shows_something_has_a_snapshot() {
    let album = album();
    let mut left = tables::shown();
    assert!(left.len() > 50, "{}", left.len());
    for shot in album {
        left.retain(|route| !route.is_of(shot));
    }
    let left: Vec<String> = left.iter().map(ToString::to_string).collect();
    assert!(left.is_empty(), "no snapshot of {}", left.join(", "));
}
