//! A folder does what every disk must.

use std::{
    fs,
    path::{Path, PathBuf},
};

use disk::FileDisk;
use replica::{
    conformance::{self, Place},
    disk::Disk,
};
use tempfile::TempDir;

use crate::world::{copy_dir, home_key};

/// Above what a segment of the journal holds, in bytes.
const SEGMENT: usize = 8 * 1024 * 1024;

struct Folder {
    dir: TempDir,
    /// Where a segment cannot be begun, because a folder is in its place.
    blocked: Option<PathBuf>,
}

impl Folder {
    fn make() -> Box<dyn Place> {
        Box::new(Folder { dir: tempfile::tempdir().unwrap(), blocked: None })
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }
}

impl Place for Folder {
    fn open(&mut self) -> Box<dyn Disk> {
        Box::new(FileDisk::open(self.path(), &home_key()).unwrap())
    }

    fn cut(&mut self, end: &mut dyn FnMut()) {
        // What sled has not written yet is gone: its files are as they are now, and not as closing it leaves them.
        let (sled, now) = (self.path().join("sled"), self.path().join("now"));
        copy_dir(&sled, &now);
        end();
        fs::remove_dir_all(&sled).unwrap();
        fs::rename(now, sled).unwrap();
    }

    fn lose_rows(&mut self) {
        let _ = fs::remove_dir_all(self.path().join("sled"));
    }

    fn fail(&mut self, append: &mut dyn FnMut(usize)) {
        append(SEGMENT);
        let journal = self.path().join("journal");
        let segments = fs::read_dir(&journal)
            .unwrap()
            .filter(|e| e.as_ref().unwrap().path().extension().is_some_and(|e| e == "seg"));
        let next = journal.join(format!("{:08}.seg", segments.count() + 1));
        fs::create_dir(&next).unwrap();
        self.blocked = Some(next);
    }

    fn mend(&mut self) {
        fs::remove_dir(self.blocked.take().unwrap()).unwrap();
    }

    fn copy(&mut self) -> Box<dyn Place> {
        let copy = tempfile::tempdir().unwrap();
        copy_dir(self.path(), copy.path());
        Box::new(Folder { dir: copy, blocked: None })
    }

    fn last_words(&mut self) -> Option<Vec<u8>> {
        disk::last_words(self.path())
    }
}

#[test]
fn a_folder_conforms() {
    conformance::all(&mut Folder::make);
}
