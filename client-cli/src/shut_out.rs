//! A device that the Virtual School has revoked. What it holds of children may be in a stranger's hands, so everything of it is
//! erased: the keys first, which makes the rest unreadable at once, then the files. What was never shared goes with it, and how
//! much that was is said. A small file stays, so that the program can say what happened; it names no child.

use std::{io, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    core::counted,
    error::{CommandError, Kind},
    words,
};

/// Keys in a home folder that are not the documents' own, each also with an ending behind a dot.
pub const KEYS: [&str; 4] = ["home.key", "unlock", "device.sealed", "device.key"];

/// That this device was shut out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShutOut {
    /// What the relay calls itself.
    pub relay: String,
    /// When this device heard of it, in Unix seconds.
    pub at: i64,
    /// Changes that had never been shared.
    pub unshared: usize,
}

impl ShutOut {
    /// What happened, and what to do, for people.
    pub fn said(&self) -> String {
        let lost = match self.unshared {
            0 => "Everything on it had been shared, so nothing is lost.".to_string(),
            1 => "1 change had never been shared, and is gone with it.".to_string(),
            n => format!("{} had never been shared, and are gone with it.", counted(n, "change")),
        };
        format!(
            "This device was revoked by {}. On {} all plans were erased from it. {lost} A copy that was made before, such as a backup or an export, cannot be called back: remove it, too.",
            self.relay,
            words::moment(self.at)
        )
    }
}

impl From<&ShutOut> for CommandError {
    fn from(shut_out: &ShutOut) -> CommandError {
        CommandError::new(Kind::NotPermitted, shut_out.said())
            .hint("If the device is yours and you have it, ask the Virtual School for a new invitation link, and run `pep join LINK`. What was shared comes back.")
    }
}

/// Whether the device of this folder was shut out.
pub fn read(home: &Path) -> Option<ShutOut> {
    serde_json::from_slice(&disk::last_words(home)?).ok()
}

/// Ends an erasing that was cut short. Harmless where there is nothing left.
pub fn sweep(home: &Path) -> io::Result<()> {
    disk::sweep(home, &KEYS)
}

/// The folder begins anew: its owner has a new link.
pub fn forget(home: &Path) -> io::Result<()> {
    disk::forget_last_words(home)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn plans_and_keys_go_and_what_else_somebody_keeps_there_stays() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path();
        for folder in ["keys", "journal", "sled", "sled.damaged-1", "journals of my own"] {
            fs::create_dir(home.join(folder)).unwrap();
            fs::write(home.join(folder).join("file"), "words").unwrap();
        }
        for file in ["home.key", "unlock", "unlock.tries", "device.sealed", "ballast", "letter.txt", "keys.kept"] {
            fs::write(home.join(file), "words").unwrap();
        }
        let shut_out = ShutOut { relay: "Harrowmere".into(), at: 1_771_923_600, unshared: 2 };
        disk::write_kept(&home.join("shut-out"), &serde_json::to_vec(&shut_out).unwrap()).unwrap();
        sweep(home).unwrap();
        let mut left: Vec<String> =
            fs::read_dir(home).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["journals of my own", "letter.txt", "shut-out"]);
        assert_eq!(read(home), Some(shut_out.clone()));
        assert!(shut_out.said().contains("2 changes had never been shared, and are gone"));
        sweep(home).unwrap();
        forget(home).unwrap();
        assert_eq!(read(home), None);
    }
}
