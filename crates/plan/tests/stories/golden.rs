//! What everybody works out alike: first changes, the gate's tables, the changes that move a plan. Every later build reproduces
//! them; `UPDATE_GOLDEN=1` adds what is missing and alters nothing.

use std::path::{Path, PathBuf};

use crate::*;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/genesis")
}

/// Every golden file by its name, as this build makes it.
fn made() -> BTreeMap<String, Vec<u8>> {
    let mut made = BTreeMap::new();
    for process in Processes::built_in().iter() {
        let began = Processes::built_in().get(&process.id, process.version).unwrap();
        for kind in DocumentKind::ALL {
            let pep = Pep { process: began.clone(), ..idris() };
            let name = format!("{}-{}-{kind}", process.id, process.version);
            made.insert(format!("{name}.bin"), pep.genesis(*kind));
            made.insert(format!("{name}.table"), process.write_table(*kind).into_bytes());
            for to in Processes::built_in().after(&began) {
                let name = format!("{}-{}-to-{}-{kind}.bin", process.id, process.version, to.version());
                made.insert(name, Pep { process: to, ..pep.clone() }.extensions(*kind).pop().unwrap());
            }
        }
    }
    made
}

/// The names of files that are not what this build makes.
fn wrong(golden: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let made = made();
    let names: BTreeSet<&String> = made.keys().chain(golden.keys()).collect();
    names.into_iter().filter(|name| made.get(*name) != golden.get(*name)).cloned().collect()
}

#[allow(clippy::disallowed_methods, reason = "a test reads its fixtures")]
fn golden() -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
    files
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect()
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a test adds the fixtures that are missing")]
fn every_version_of_every_process_begins_moves_and_is_guarded_as_it_was_in_every_release() {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let there = golden();
        for (name, bytes) in made().iter().filter(|(name, _)| !there.contains_key(*name)) {
            std::fs::write(folder().join(name), bytes).unwrap();
        }
    }
    assert_eq!(wrong(&golden()), Vec::<String>::new());
}

#[test]
fn an_altered_golden_file_is_noticed_by_name() {
    for name in ["sections-1-main.bin", "sections-1-main.table", "sections-2-main.bin", "web-1-to-2-quality.bin"] {
        let mut golden = golden();
        let middle = golden[name].len() / 2;
        golden.get_mut(name).unwrap()[middle] ^= 1;
        assert_eq!(wrong(&golden), [name]);
        golden.remove(name);
        assert_eq!(wrong(&golden), [name], "and one that is missing");
    }
}
