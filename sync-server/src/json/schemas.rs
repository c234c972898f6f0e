//! The JSON schema of what every command prints, as a file each.

use std::{collections::BTreeMap, fs, path::PathBuf};

use clap::CommandFactory;
use schemars::{Schema, generate::SchemaSettings};

use crate::{commands::Cli, json};

/// A schema for each of these commands.
macro_rules! outputs {
    ($($command:literal: $output:ty,)+) => {
        BTreeMap::from([$(($command.to_owned(), {
            let settings = SchemaSettings::draft2020_12().for_serialize();
            let mut schema = settings.into_generator().into_root_schema_for::<$output>();
            schema.insert("title".into(), concat!("pep-relay ", $command, " --json").into());
            schema
        }),)+])
    };
}

fn schemas() -> BTreeMap<String, Schema> {
    outputs! {
        "audit": Vec<json::Done>,
        "backup": json::BackedUp,
        "calendar check": json::CalendarChecked,
        "calendar import": json::CalendarGiven,
        "calendar show": Vec<json::CalendarGiven>,
        "check": json::Checked,
        "children add": json::ChildAdded,
        "children fact": json::ChildFacts,
        "children set": json::ChildSet,
        "children merge": json::ChildrenMerged,
        "children list": Vec<json::Child>,
        "completions": json::Completions,
        "config": json::Config,
        "devices list": Vec<json::Device>,
        "devices revoke": json::Revoked,
        "error": json::Failed,
        "held accept": json::Decided,
        "held discard": json::Decided,
        "held list": Vec<json::Held>,
        "held show": json::Held,
        "invite": json::Invited,
        "keys change": json::KeyChanged,
        "keys show": json::KeysShown,
        "people list": Vec<json::Person>,
        "restore": json::Restored,
        "rights": Vec<json::Right>,
        "teams add": json::MemberAdded,
        "teams end": json::MemberEnded,
        "teams hand-over": json::HandedOver,
        "teams list": Vec<json::Member>,
    }
}

#[test]
fn every_command_has_a_schema_and_no_other_has() {
    let mut commands = Vec::new();
    leaves(&Cli::command(), "", &mut commands);
    // It prints one line, and stays.
    commands.retain(|command| command != "serve");
    // What every command prints where it fails.
    commands.push("error".to_owned());
    commands.sort_unstable();
    assert_eq!(schemas().into_keys().collect::<Vec<_>>(), commands);
}

/// The commands that can be given as they are: those without further words, and those that may be given without them.
fn leaves(command: &clap::Command, before: &str, found: &mut Vec<String>) {
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        let words = format!("{before} {}", command.get_name()).trim().to_owned();
        if !command.has_subcommands() || !command.is_subcommand_required_set() {
            found.push(words.clone());
        }
        leaves(command, &words, found);
    }
}

#[test]
fn the_published_schemas_are_those_of_the_structs() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let made: BTreeMap<String, String> = schemas()
        .into_iter()
        .map(|(command, schema)| (format!("{}.json", command.replace(' ', "-")), format!("{:#}\n", schema.to_value())))
        .collect();
    if std::env::var_os("OPENPEP_GOLDEN").is_some_and(|value| value == "write") {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        made.iter().for_each(|(name, text)| fs::write(folder.join(name), text).unwrap());
    }
    let published: BTreeMap<String, String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(&path).unwrap()))
        .collect();
    let names = |all: &BTreeMap<String, String>| all.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&published), names(&made), "OPENPEP_GOLDEN=write cargo test -p sync-server schemas");
    for (name, text) in &made {
        assert!(
            published[name] == *text,
            "{name} is out of date: OPENPEP_GOLDEN=write cargo test -p sync-server schemas"
        );
    }
}
