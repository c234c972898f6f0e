//! A package has one program of integration tests, and every file is part of a program: one that no `mod` names is never compiled, and
//! its tests pass by not being there.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

#[test]
fn every_package_has_one_program_of_integration_tests() {
    let several: BTreeSet<String> = packages().into_iter().filter(|package| programs(package).len() > 1).collect();
    assert_eq!(several, BTreeSet::new());
}

#[test]
fn no_file_is_forgotten() {
    let mut looked_at = 0;
    for package in packages() {
        let mut named = BTreeSet::new();
        for program in programs(&package).into_iter().chain(sources(&package)) {
            gather(&program, program.parent().unwrap(), &mut named);
        }
        let mut there = BTreeSet::new();
        for folder in ["src", "tests"] {
            files(&root().join(&package).join(folder), &mut there);
        }
        looked_at += there.len();
        let forgotten: Vec<_> = there.difference(&named).map(|path| path.strip_prefix(root()).unwrap()).collect();
        assert!(forgotten.is_empty(), "no `mod` names {forgotten:?}");
    }
    assert!(looked_at > 250, "{looked_at} files");
}

/// Folders of the workspace's members.
fn packages() -> Vec<String> {
    let members = manifest("")["workspace"]["members"].as_array().unwrap().clone();
    members.iter().map(|member| member.as_str().unwrap().to_owned()).collect()
}

/// The root files of a package's integration tests, as Cargo finds them.
fn programs(package: &str) -> Vec<PathBuf> {
    let manifest = manifest(package);
    let folder = root().join(package);
    let named = manifest.get("test").and_then(toml::Value::as_array).into_iter().flatten();
    let mut found: Vec<PathBuf> = named.map(|test| folder.join(test["path"].as_str().unwrap())).collect();
    if manifest["package"].get("autotests").and_then(toml::Value::as_bool) != Some(false) {
        for entry in fs::read_dir(folder.join("tests")).into_iter().flatten() {
            let path = entry.unwrap().path();
            let root = if path.is_dir() { path.join("main.rs") } else { path };
            if root.extension().is_some_and(|ending| ending == "rs") && root.exists() && !found.contains(&root) {
                found.push(root);
            }
        }
    }
    found
}

/// The root files of a package's library and programs.
fn sources(package: &str) -> Vec<PathBuf> {
    let folder = root().join(package).join("src");
    let programs = fs::read_dir(folder.join("bin")).into_iter().flatten().map(|entry| entry.unwrap().path());
    let all = [folder.join("lib.rs"), folder.join("main.rs")].into_iter().chain(programs);
    all.filter(|root| root.exists()).collect()
}

/// `file` and every file that its `mod` lines lead to. The modules of a root file or of a `mod.rs` lie beside it.
fn gather(file: &Path, beside: &Path, named: &mut BTreeSet<PathBuf>) {
    named.insert(file.to_owned());
    for line in fs::read_to_string(file).unwrap().lines() {
        let line = line.trim().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) else { continue };
        let places = [beside.join(format!("{name}.rs")), beside.join(name).join("mod.rs")];
        // In neither where `#[path]` says another.
        if let Some(file) = places.iter().find(|file| file.exists()) {
            gather(file, &beside.join(name), named);
        }
    }
}

fn files(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.insert(path);
        }
    }
}

fn manifest(package: &str) -> toml::Table {
    fs::read_to_string(root().join(package).join("Cargo.toml")).unwrap().parse().unwrap()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}
