//! A backup of a folder that is written to meanwhile.

use std::fs::{self, File};

use disk::archive::{pack, unpack};

use crate::world::*;

#[test]
fn a_backup_holds_what_is_whole_of_a_journal_that_is_being_written() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("home");
    let mut replica = begin(&home, 1);
    say(&mut replica, "one ");
    say(&mut replica, "two");
    fs::write(home.join("settings"), "beside").unwrap();
    let segment = |n: u32| home.join(format!("journal/{n:08}.seg"));
    let whole = fs::read(segment(1)).unwrap();
    // Another thread has come to the beginning of a record; to that of a segment; to nothing of one.
    for (n, written) in [(1, [whole.as_slice(), &[7; 300]].concat()), (2, b"OPENPEP\x01\x02".to_vec()), (2, Vec::new())]
    {
        fs::write(segment(n), written).unwrap();
        let file = dir.path().join("backup.tar");
        let packed = pack(&file, &home, &["settings".into()], &[]).unwrap();
        assert_eq!((packed.bytes, packed.segments), (fs::metadata(&file).unwrap().len(), n as usize));
        fs::write(segment(1), &whole).unwrap();
        let restored = tempfile::tempdir().unwrap();
        unpack(File::open(&file).unwrap(), restored.path(), &["settings"], &["settings"]).unwrap();
        assert_eq!(fs::read(restored.path().join("journal/00000001.seg")).unwrap(), whole);
        let (mut again, notices) = open(restored.path(), 1);
        assert!(notices.iter().all(|notice| matches!(notice, replica::Notice::Rebuilt { .. })), "{notices:?}");
        assert_eq!(said(&mut again), "one two");
    }
}
