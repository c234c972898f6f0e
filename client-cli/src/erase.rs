//! Erasing a home folder whose device the Virtual School has revoked: the keys first, which makes the rest unreadable at once,
//! then the files. A small file stays, so that the program can say what happened; it names no child.

use std::{io, path::Path};

use participant::{Device, Trouble, device::Revoked};

/// Keys in a home folder that are not the documents' own, each also with an ending behind a dot.
pub const KEYS: [&str; 4] = ["home.key", "unlock", "device.sealed", "device.key"];

/// Erases the folder's plans, and keeps what happened; whatever cuts it short, the next start ends it.
pub fn erase(device: &mut Device, revoked: &Revoked) -> io::Result<()> {
    device.replica().wipe(&serde_json::to_vec(revoked)?).map_err(|trouble| match trouble {
        Trouble::Disk(e) => e,
        other => io::Error::other(other),
    })
}

/// Whether the device of this folder was revoked.
pub fn read(home: &Path) -> Option<Revoked> {
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
        let revoked = Revoked { relay: "Harrowmere".into(), at: 1_771_923_600, unshared: 2 };
        disk::write_kept(&home.join("shut-out"), &serde_json::to_vec(&revoked).unwrap()).unwrap();
        sweep(home).unwrap();
        let mut left: Vec<String> =
            fs::read_dir(home).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, ["journals of my own", "letter.txt", "shut-out"]);
        assert_eq!(read(home), Some(revoked.clone()));
        sweep(home).unwrap();
        forget(home).unwrap();
        assert_eq!(read(home), None);
    }
}
