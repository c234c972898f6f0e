//! The JSON schema of what every command prints, as a file each.

use std::{collections::BTreeMap, fs, path::PathBuf};

use clap::CommandFactory;
use schemars::{Schema, generate::SchemaSettings};

use super::{acts, checks, demo, device, directory, due, edits, failed, held, history, meeting, plan, tasks};
use crate::cli::Cli;

/// What every command prints where it fails; there is no command of that name.
const ERROR: &str = "error";

/// A schema for each of these commands.
macro_rules! outputs {
    ($($command:literal: $output:ty,)+) => {
        BTreeMap::from([$(($command.to_owned(), {
            let settings = SchemaSettings::draft2020_12().for_serialize();
            let mut schema = settings.into_generator().into_root_schema_for::<$output>();
            schema.insert("title".into(), concat!("pep ", $command, " --json").into());
            schema
        }),)+])
    };
}

fn schemas() -> BTreeMap<String, Schema> {
    outputs! {
        "amend": acts::Acted,
        "withdraw": acts::Acted,
        "child join": acts::Acted,
        "backup": device::BackedUp,
        "check": checks::Checked,
        "child add": directory::Added,
        "child set": acts::Acted,
        "contacts": Vec<acts::Contact>,
        "device list": Vec<acts::OwnDevice>,
        "device name": acts::Acted,
        "hand-over": acts::Acted,
        "delegate": acts::Acted,
        "team end": acts::Acted,
        "child list": Vec<directory::Child>,
        "child show": directory::ChildAndTeam,
        "comment": edits::Added,
        "complete": checks::Signature,
        "completions": device::Completions,
        "confirm": edits::Confirmed,
        "conflicts": Vec<plan::Conflict>,
        "demo": demo::Demo,
        "diff": history::Difference,
        "doctor": device::Examined,
        "due": Vec<due::OfChild>,
        "error": failed::Failed,
        "export": edits::Exported,
        "held": Vec<held::Held>,
        "held accept": held::Decided,
        "held discard": held::Decided,
        "held show": held::Held,
        "history": Vec<history::Stretch>,
        "import": edits::Imported,
        "join": device::Joined,
        "list": Vec<plan::InList>,
        "meeting": meeting::Meeting,
        "new": plan::New,
        "news": Vec<history::News>,
        "open": device::Opened,
        "passphrase remove": device::Passphrase,
        "passphrase set": device::Passphrase,
        "pin set": device::Pin,
        "private": device::Private,
        "process check": directory::Process,
        "process diff": Vec<edits::Different>,
        "process list": Vec<directory::Process>,
        "process show": directory::WholeProcess,
        "quality": checks::Graded,
        "resolve": edits::Resolved,
        "restore": device::Restored,
        "move": edits::Moved,
        "return": edits::Returned,
        "row add": edits::Added,
        "row set": edits::Written,
        "row withdraw": edits::Written,
        "set": edits::Written,
        "show": plan::Plan,
        "sign-off": checks::Signature,
        "status": device::Status,
        "sync": device::Synced,
        "tasks": Vec<tasks::Task>,
        "target add": edits::Added,
        "target fund": edits::Added,
        "target review": edits::WrittenRow,
        "target set": edits::WrittenRow,
        "target withdraw": edits::WrittenRow,
        "unseal": device::Unsealed,
        "whoami": device::Whoami,
        "write": edits::Written,
    }
}

#[test]
fn every_command_has_a_schema_and_no_other_has() {
    let mut commands = Vec::new();
    leaves(&Cli::command(), "", &mut commands);
    commands.push(ERROR.to_owned());
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
    assert_eq!(names(&published), names(&made), "OPENPEP_GOLDEN=write cargo test -p client-cli schemas");
    for (name, text) in &made {
        assert!(
            published[name] == *text,
            "{name} is out of date: OPENPEP_GOLDEN=write cargo test -p client-cli schemas"
        );
    }
}
