//! Files that only this user can read, written so that a power cut leaves them whole, and destroyed so that nothing is left.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
};

/// Makes a folder that only this user can read.
pub fn create_private_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Writes a file that only this user can read, and waits until it is on the disk.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // One that was there before, and others could read, is ours alone from here on.
    #[cfg(unix)]
    if file.metadata()?.is_file() {
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

/// Writes a small file that only this user can read, and that nobody can do without: it is whole or as it was before, whenever
/// the power fails, and holds its content twice, so that a few damaged bytes lose nothing. On the disk when this returns.
pub fn write_kept(path: &Path, content: &[u8]) -> io::Result<()> {
    let sum = crc32c::crc32c(content).to_be_bytes();
    let once = [sum.as_slice(), content].concat();
    let new = path.with_extension("new");
    write_private(&new, &[once.as_slice(), &once].concat())?;
    fs::rename(&new, path)?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// What [`write_kept`] wrote. `Err` of kind `InvalidData` where neither copy is whole.
pub fn read_kept(path: &Path) -> io::Result<Vec<u8>> {
    let both = fs::read(path)?;
    let whole = |once: &[u8]| {
        let (sum, content) = once.split_first_chunk::<4>()?;
        (crc32c::crc32c(content).to_be_bytes() == *sum).then(|| content.to_vec())
    };
    let (first, second) = both.split_at(both.len() / 2);
    whole(first).or_else(|| whole(second)).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Overwrites a file and takes it away, where there is one. What a disk keeps of overwritten bytes is out of a program's reach.
/// On the disk when this returns.
pub fn destroy(path: &Path) -> io::Result<()> {
    let mut file = match OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    let len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    file.write_all(&vec![0; len])?;
    file.sync_all()?;
    drop(file);
    fs::remove_file(path)?;
    path.parent().map_or(Ok(()), sync_dir)
}

/// Waits until the names in a folder are on the disk.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}
