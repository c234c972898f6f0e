//! A backup: one file (tar) with a folder's journal and keys as they are on the disk, sealed, and the few files that its owner keeps
//! beside them. The store is not in it; it is built again from the journal.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Component, Path, PathBuf},
};

use crate::{create_private_dir, journal, keys::KEYS, write_private};

const JOURNAL: &str = "journal";
/// What a tar file ends with.
const END: [u8; 1024] = [0; 1024];
/// The folder that a backup is unpacked into, before what is in it is moved to its place.
const UNFINISHED: &str = "restoring";

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packed {
    /// Bytes of the file.
    pub bytes: u64,
    /// Files of the journal in it.
    pub segments: usize,
}

/// Writes a backup of `folder` to `file`, which only this user can read. `beside`: names of files in the folder that go along, where
/// they are there; `said`: files that are not in it, by name. The folder may be written to meanwhile: its journal only grows, and what
/// is whole of it is copied. An older backup is replaced, once the new one is whole; `Err` of kind `InvalidInput` where the file lies
/// in the folder itself, or is something else than a backup.
pub fn pack(file: &Path, folder: &Path, beside: &[PathBuf], said: &[(&str, &[u8])]) -> io::Result<Packed> {
    refuse_what_is_dear(file, folder)?;
    let journal = journal::files(&folder.join(JOURNAL))?;
    let mut unfinished = file.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let written = write(&unfinished, folder, &journal, beside, said);
    let moved = written.and_then(|bytes| fs::rename(&unfinished, file).map(|()| bytes));
    if moved.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    Ok(Packed { bytes: moved?, segments: journal.len() })
}

/// A name that was typed by mistake must cost nobody a file.
fn refuse_what_is_dear(file: &Path, folder: &Path) -> io::Result<()> {
    let refused = |words| Err(io::Error::new(io::ErrorKind::InvalidInput, words));
    let beside = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if beside.canonicalize()?.starts_with(folder.canonicalize()?) {
        return refused("a backup does not lie in the folder that it is made of");
    }
    match File::open(file) {
        Ok(ref found) if !is_one_or_empty(found) => refused("there is a file of that name that is no backup"),
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn is_one_or_empty(file: &File) -> bool {
    let mut archive = tar::Archive::new(file);
    let first = archive.entries().ok().and_then(|mut entries| entries.next()).and_then(Result::ok);
    let begins = first.is_some_and(|entry| entry.path().is_ok_and(|path| path.starts_with(JOURNAL)));
    begins || file.metadata().is_ok_and(|about| about.is_file() && about.len() == 0)
}

fn write(
    file: &Path,
    folder: &Path,
    journal: &[(PathBuf, u64)],
    beside: &[PathBuf],
    said: &[(&str, &[u8])],
) -> io::Result<u64> {
    // Made so that nobody else can read it, before anything is in it.
    write_private(file, &[])?;
    let mut tar = tar::Builder::new(File::options().write(true).open(file)?);
    for (path, len) in journal {
        let name = path.file_name().map(|name| Path::new(JOURNAL).join(name)).unwrap_or_default();
        add(&mut tar, &name, *len, File::open(path)?)?;
    }
    let mut names: Vec<PathBuf> = beside.to_vec();
    for entry in fs::read_dir(folder.join(KEYS))? {
        let name = entry?.file_name();
        if is_key(&name.to_string_lossy()) {
            names.push(Path::new(KEYS).join(name));
        }
    }
    for name in names.iter().filter(|name| !said.iter().any(|(said, _)| Path::new(said) == name.as_path())) {
        match File::open(folder.join(name)) {
            Ok(found) => add(&mut tar, name, found.metadata()?.len(), found)?,
            // A document that was erased just now; or what is not in every folder.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    for (name, bytes) in said {
        add(&mut tar, Path::new(name), bytes.len() as u64, *bytes)?;
    }
    let file = tar.into_inner()?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

/// Brings a backup back into `folder`, which holds nothing yet that is named in one: how many files. `beside`: names of files that
/// may be in it beside the journal and the keys; one of those in `needed` must. `Err` of kind `InvalidData` where it is not a whole
/// backup, and then nothing is left of it.
pub fn unpack(file: File, folder: &Path, beside: &[&str], needed: &[&str]) -> io::Result<usize> {
    // Unpacked into a folder inside (this one may be a mount) and moved up when it is whole, so that a restore that was cut short is
    // not taken for the real thing.
    let unfinished = folder.join(UNFINISHED);
    let done = read(file, &unfinished, beside, needed).and_then(|files| {
        for name in beside.iter().copied().chain([KEYS, JOURNAL]) {
            if unfinished.join(name).exists() {
                fs::rename(unfinished.join(name), folder.join(name))?;
            }
        }
        fs::remove_dir(&unfinished)?;
        Ok(files)
    });
    if done.is_err() {
        let _ = fs::remove_dir_all(&unfinished);
    }
    done
}

fn read(mut file: File, folder: &Path, beside: &[&str], needed: &[&str]) -> io::Result<usize> {
    let foreign = || io::Error::from(io::ErrorKind::InvalidData);
    // One that was cut between two of its files would look whole without its last words.
    let mut last = [1; END.len()];
    if file.metadata()?.len() < END.len() as u64 {
        return Err(foreign());
    }
    file.seek(SeekFrom::End(-(END.len() as i64)))?;
    file.read_exact(&mut last)?;
    if last != END {
        return Err(foreign());
    }
    file.rewind()?;
    let mut files = 0;
    let mut whole = (false, false);
    for entry in tar::Archive::new(file).entries()? {
        let mut entry = entry.map_err(|_| foreign())?;
        let path = entry.path()?.into_owned();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(foreign)?.to_string();
        let ours = match path.components().collect::<Vec<_>>().as_slice() {
            [Component::Normal(folder), Component::Normal(_)] if *folder == JOURNAL => {
                whole.0 = true;
                name.ends_with(".seg")
            }
            [Component::Normal(folder), Component::Normal(_)] => *folder == KEYS && is_key(&name),
            [Component::Normal(_)] => {
                whole.1 |= needed.contains(&name.as_str());
                beside.contains(&name.as_str())
            }
            _ => false,
        };
        if !ours || !entry.header().entry_type().is_file() {
            return Err(foreign());
        }
        let target = folder.join(&path);
        target.parent().map_or(Ok(()), create_private_dir)?;
        write_private(&target, &[])?;
        let mut out = File::options().write(true).open(&target)?;
        let copied = io::copy(&mut entry, &mut out)?;
        if copied != entry.size() {
            return Err(foreign());
        }
        out.sync_all()?;
        files += 1;
    }
    if whole == (true, true) { Ok(files) } else { Err(foreign()) }
}

/// Whether a file in the folder of keys is one, and none that is being written or was put aside.
fn is_key(name: &str) -> bool {
    !name.contains('.')
}

fn add(tar: &mut tar::Builder<File>, name: &Path, len: u64, content: impl Read) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(len);
    header.set_mode(0o600);
    tar.append_data(&mut header, name, content.take(len))
}
