//! The journal: what a peer holds, in the order in which it came, on disk before anybody is told.
//!
//! A folder of segments. Each record carries a checksum (a torn or damaged record is found) and a chained hash (a record
//! taken out or exchanged is found). The journal knows nothing of what the records mean.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use ring::digest;
use serde::{Deserialize, Serialize};

use replica::{Damage, disk::Record, event::is_passed};

use crate::files::{create_private_dir, sync_dir};

/// Bytes after which a new segment begins: small enough to read whole, large enough to be few.
const SEGMENT_BYTES: u64 = 8 * 1024 * 1024;
/// Largest record, in bytes: the largest snapshot that the wire carries, and room.
const RECORD_BYTES_MAX: usize = 80 * 1024 * 1024;
/// Bytes read to see of what kind a journal is: its first record is nearly always shorter.
const PEEK_BYTES: u64 = 4 * 1024;
/// Records that are written with one sync while a journal is written anew.
const TOGETHER: usize = 256;
const MAGIC: &[u8; 8] = b"OPENPEP\x01";
/// Magic, segment number, chain at its start.
const HEADER_BYTES: usize = 8 + 8 + 32;
/// Length, checksum, kind in front of the payload; chain behind it.
const OVERHEAD_BYTES: usize = 4 + 4 + 1 + 32;

type Chain = [u8; 32];

/// A place in the journal, and the chained hash up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    segment: u64,
    offset: u64,
    #[serde(with = "serde_bytes")]
    chain: Chain,
    /// Records before this place.
    pub records: u64,
}

/// An open journal.
pub struct Journal {
    dir: PathBuf,
    file: File,
    at: Position,
    proof: Proof,
    stopped: bool,
}

/// What opening found.
pub struct Opened {
    /// The journal, ready to append.
    pub journal: Journal,
    /// Records after the position asked for, in order; all of them where `from_start`.
    pub records: Vec<Record>,
    /// Whether `records` begins at the first record rather than at the position asked for.
    pub from_start: bool,
    /// What a person should hear of.
    pub damage: Vec<Damage>,
    /// Whether this folder is provably the one this program wrote last, and not a copy of an earlier state of it.
    pub continuous: bool,
}

impl Journal {
    /// Opens the journal in `dir`, making it where there is none, and reads what came after `known`. One that is damaged inside
    /// is read from its start, and is to be written anew ([`rewrite`]) before anything is appended.
    pub fn open(dir: &Path, known: Option<Position>) -> io::Result<Opened> {
        finish_exchange(dir)?;
        // Private itself, whatever the folder around it is.
        create_private_dir(dir)?;
        let segments = segments(dir)?;
        if segments.is_empty() {
            let (file, at) = create_segment(dir, 1, [0; 32], 0)?;
            let proof = Proof::open(dir)?;
            let journal = Journal { dir: dir.to_path_buf(), file, at, proof, stopped: false };
            return Ok(Opened {
                journal,
                records: Vec::new(),
                from_start: true,
                damage: Vec::new(),
                continuous: false,
            });
        }
        let mut proof = Proof::open(dir)?;
        let scan = match known.map(|k| scan(dir, &segments, Some(k))).transpose()?.flatten() {
            Some(scan) if !scan.inside_damage() => scan,
            _ => scan(dir, &segments, None)?.ok_or_else(|| io::Error::other("no readable segment"))?,
        };
        let from_start = scan.from_start;
        let continuous = !scan.inside_damage() && proof.holds(dir, &scan)?;
        let mut damage = scan.damage.clone();
        let path = segment_path(dir, scan.at.segment);
        let file = OpenOptions::new().read(true).append(true).open(&path)?;
        let len = file.metadata()?.len();
        if len > scan.at.offset && !scan.inside_damage() {
            keep_tail(dir, &path, scan.at)?;
            file.set_len(scan.at.offset)?;
            file.sync_all()?;
            damage.push(Damage::TornTail { bytes: len - scan.at.offset });
        }
        proof.file = Some(proof.path_file(dir)?);
        // Proven again by the first append, not here: whoever finds the folder unproven must first write down what it
        // does about that.
        let journal = Journal { dir: dir.to_path_buf(), file, at: scan.at, proof, stopped: false };
        Ok(Opened { journal, records: scan.records, from_start, damage, continuous })
    }

    /// Writes the records and waits until they are on the disk. After a failure nothing more is accepted: what the disk
    /// holds is then unknown, and trying again could claim a record that is not there.
    pub fn append(&mut self, records: &[Record]) -> io::Result<Position> {
        if self.stopped {
            return Err(io::Error::other("the journal stopped after a failed write"));
        }
        if records.is_empty() {
            return Ok(self.at);
        }
        let result = self.try_append(records);
        self.stopped = result.is_err();
        result
    }

    fn try_append(&mut self, records: &[Record]) -> io::Result<Position> {
        if self.at.offset >= SEGMENT_BYTES {
            let (file, at) = create_segment(&self.dir, self.at.segment + 1, self.at.chain, self.at.records)?;
            self.file = file;
            self.at = at;
        }
        let mut bytes = Vec::new();
        let mut chain = self.at.chain;
        for record in records {
            chain = encode(record, &chain, &mut bytes)?;
        }
        self.file.write_all(&bytes)?;
        self.file.sync_data()?;
        self.at.offset += bytes.len() as u64;
        self.at.records += records.len() as u64;
        self.at.chain = chain;
        self.prove();
        Ok(self.at)
    }

    /// The same, and afterwards the folder does not pass for the one written last: whoever opened it must still write down what
    /// it does about what it lacks.
    pub fn append_unproven(&mut self, records: &[Record]) -> io::Result<Position> {
        self.proof.file = None;
        let _ = fs::remove_file(self.dir.join("proof"));
        sync_dir(&self.dir)?;
        let position = self.append(records)?;
        self.proof.file = Some(self.proof.path_file(&self.dir)?);
        Ok(position)
    }

    /// Where the next record goes.
    pub fn position(&self) -> Position {
        self.at
    }

    fn prove(&self) {
        // Not worth failing for: without it the next start takes the careful way.
        let _ = self.proof.write(&self.file, &self.at);
    }
}

/// What a journal holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Records that are whole.
    pub records: u64,
    /// Those of them that a newer version wrote, and that this one keeps and passes over.
    pub newer: u64,
    /// What is damaged.
    pub damage: Vec<Damage>,
}

/// Reads the whole journal and checks every record.
pub fn verify(dir: &Path) -> io::Result<Verified> {
    let segments = segments(dir)?;
    let Some(scan) = scan(dir, &segments, None)? else { return Ok(Verified::default()) };
    let newer = scan.records.iter().filter(|record| is_passed(record.kind)).count() as u64;
    let mut damage = scan.damage;
    let len = fs::metadata(segment_path(dir, scan.at.segment))?.len();
    if len > scan.at.offset {
        damage.push(Damage::TornTail { bytes: len - scan.at.offset });
    }
    Ok(Verified { records: scan.at.records, newer, damage })
}

/// The journal's files, in order, and how much of each belongs to it: what a backup copies. It may be written to meanwhile: of the
/// last one only what is whole counts, and it only grows.
pub fn files(dir: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let segments = segments(dir)?;
    let mut files = Vec::new();
    for n in &segments {
        let path = segment_path(dir, *n);
        let len = fs::metadata(&path)?.len();
        files.push((path, len));
    }
    if let (Some(n), Some((path, len))) = (segments.last(), files.last_mut()) {
        let whole = scan(dir, &[*n], None)?.map_or(0, |scan| scan.at.offset);
        // One that was begun just now may be shorter than what every segment begins with.
        *len = whole.min(fs::metadata(path)?.len());
    }
    Ok(files)
}

struct Scan {
    records: Vec<Record>,
    at: Position,
    damage: Vec<Damage>,
    from_start: bool,
}

impl Scan {
    fn inside_damage(&self) -> bool {
        !self.damage.is_empty()
    }
}

/// Reads from `known`, or from the start. `None` where `known` is not a place in this journal.
fn scan(dir: &Path, segments: &[u64], known: Option<Position>) -> io::Result<Option<Scan>> {
    let mut records = Vec::new();
    let mut damage = Vec::new();
    let first = known.map_or(segments.first().copied().unwrap_or(1), |k| k.segment);
    let mut at = known.unwrap_or(Position { segment: first, offset: HEADER_BYTES as u64, chain: [0; 32], records: 0 });
    let mut seen = known.is_none();
    for (i, n) in segments.iter().copied().enumerate().filter(|(_, n)| *n >= first) {
        let last = i + 1 == segments.len();
        let bytes = fs::read(segment_path(dir, n))?;
        let header_ok = bytes.len() >= HEADER_BYTES
            && &bytes[..8] == MAGIC
            && bytes[8..16] == n.to_le_bytes()
            && (n == first || bytes[16..48] == at.chain);
        let mut offset = HEADER_BYTES;
        if let Some(k) = known.filter(|k| k.segment == n) {
            if (bytes.len() as u64) < k.offset || !header_ok {
                return Ok(None);
            }
            offset = k.offset as usize;
            // The chain just before the place must be the one remembered, else this is another journal.
            if k.offset as usize > HEADER_BYTES && bytes[offset - 32..offset] != k.chain {
                return Ok(None);
            }
            seen = true;
        } else if !header_ok {
            // A segment whose header was never finished holds nothing that anyone was told of.
            if !(last && bytes.len() <= HEADER_BYTES) {
                damage.push(Damage::Inside { segment: n, offset: 0 });
            }
        } else if known.is_none() && n == first {
            at.chain.copy_from_slice(&bytes[16..48]);
        }
        at.segment = n;
        while offset < bytes.len() {
            match decode(&bytes[offset..], Some(&at.chain)) {
                Some((record, chain, len)) => {
                    records.push(record);
                    at.chain = chain;
                    at.records += 1;
                    offset += len;
                }
                None => match resume(&bytes, offset) {
                    Some(next) => {
                        damage.push(Damage::Inside { segment: n, offset: offset as u64 });
                        let Some((record, chain, len)) = decode(&bytes[next..], None) else { break };
                        records.push(record);
                        at.chain = chain;
                        at.records += 1;
                        offset = next + len;
                    }
                    None if last => break,
                    None => {
                        damage.push(Damage::Inside { segment: n, offset: offset as u64 });
                        break;
                    }
                },
            }
        }
        at.offset = offset as u64;
    }
    Ok(seen.then_some(Scan { records, at, damage, from_start: known.is_none() }))
}

/// The next place after `offset` where a whole record stands, looking byte by byte. In the last segment a torn tail has
/// none.
fn resume(bytes: &[u8], offset: usize) -> Option<usize> {
    (offset + 1..bytes.len().saturating_sub(OVERHEAD_BYTES)).find(|at| decode(&bytes[*at..], None).is_some())
}

/// One record at the front of `bytes`, its chain and its length on disk. With `before`, the chain must follow from it.
fn decode(bytes: &[u8], before: Option<&Chain>) -> Option<(Record, Chain, usize)> {
    let len = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    if len == 0 || len > RECORD_BYTES_MAX {
        return None;
    }
    let sum = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    let body = bytes.get(8..8 + len)?;
    let chain: Chain = bytes.get(8 + len..8 + len + 32)?.try_into().ok()?;
    if crc32c::crc32c_append(crc32c::crc32c(body), &chain) != sum {
        return None;
    }
    if before.is_some_and(|before| link(before, body) != chain) {
        return None;
    }
    let record = Record { kind: body[0], payload: body[1..].to_vec() };
    Some((record, chain, 8 + len + 32))
}

fn encode(record: &Record, before: &Chain, out: &mut Vec<u8>) -> io::Result<Chain> {
    let len = record.payload.len() + 1;
    if len > RECORD_BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "a journal record over the limit"));
    }
    let start = out.len();
    out.extend((len as u32).to_le_bytes());
    out.extend([0; 4]);
    out.push(record.kind);
    out.extend(&record.payload);
    let chain = link(before, &out[start + 8..]);
    let sum = crc32c::crc32c_append(crc32c::crc32c(&out[start + 8..]), &chain);
    out[start + 4..start + 8].copy_from_slice(&sum.to_le_bytes());
    out.extend(chain);
    Ok(chain)
}

fn link(before: &Chain, body: &[u8]) -> Chain {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(before);
    context.update(body);
    let mut chain = [0; 32];
    chain.copy_from_slice(context.finish().as_ref());
    chain
}

fn segments(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers: Vec<u64> =
        fs::read_dir(dir)?.filter_map(|e| e.ok()?.file_name().to_str()?.strip_suffix(".seg")?.parse().ok()).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

fn segment_path(dir: &Path, n: u64) -> PathBuf {
    dir.join(format!("{n:08}.seg"))
}

fn create_segment(dir: &Path, n: u64, chain: Chain, records: u64) -> io::Result<(File, Position)> {
    let path = segment_path(dir, n);
    // One whose header was never finished may stand there; nobody was told of anything in it.
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(&path)?;
    file.write_all(&[MAGIC.as_slice(), &n.to_le_bytes(), &chain].concat())?;
    file.sync_all()?;
    sync_dir(dir)?;
    let file = OpenOptions::new().read(true).append(true).open(&path)?;
    Ok((file, Position { segment: n, offset: HEADER_BYTES as u64, chain, records }))
}

/// Keeps what is cut off the end, if the disk has room for it.
fn keep_tail(dir: &Path, path: &Path, at: Position) -> io::Result<()> {
    let bytes = fs::read(path)?;
    let tail = bytes.get(at.offset as usize..).unwrap_or_default();
    let _ = fs::write(dir.join(format!("cut-{:08}-{}.bin", at.segment, at.offset)), tail);
    Ok(())
}

/// A journal of these records in place of the one in `dir`, which is put `aside`. `proven`: that one was provably written last, and
/// this one then is too. Whenever the power fails, one of the two is there, whole.
pub fn rewrite(dir: &Path, records: &[Record], aside: &Path, proven: bool) -> io::Result<Journal> {
    let fresh = fresh(dir);
    match fs::remove_dir_all(&fresh) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut journal = Journal::open(&fresh, None)?.journal;
    for part in records.chunks(TOGETHER) {
        journal.append(part)?;
    }
    drop(journal);
    if !proven {
        let _ = fs::remove_file(fresh.join("proof"));
    }
    fs::rename(dir, aside)?;
    finish_exchange(dir)?;
    Ok(Journal::open(dir, None)?.journal)
}

/// A journal that is whole stands beside the place that the old one has left.
fn finish_exchange(dir: &Path) -> io::Result<()> {
    let fresh = fresh(dir);
    if !dir.exists() && fresh.exists() {
        fs::rename(&fresh, dir)?;
        dir.parent().map_or(Ok(()), sync_dir)?;
    }
    Ok(())
}

fn fresh(dir: &Path) -> PathBuf {
    dir.with_extension("new")
}

/// Kind of the first record that is whole.
pub fn first_kind(dir: &Path) -> io::Result<Option<u8>> {
    finish_exchange(dir)?;
    for n in if dir.exists() { segments(dir)? } else { Vec::new() } {
        let path = segment_path(dir, n);
        let mut start = Vec::new();
        File::open(&path)?.take(PEEK_BYTES).read_to_end(&mut start)?;
        if let Some((record, ..)) = start.get(HEADER_BYTES..).and_then(|bytes| decode(bytes, None)) {
            return Ok(Some(record.kind));
        }
        let whole = fs::read(&path)?;
        let at = if decode(whole.get(HEADER_BYTES..).unwrap_or_default(), None).is_some() {
            Some(HEADER_BYTES)
        } else {
            resume(&whole, HEADER_BYTES)
        };
        if let Some((record, ..)) = at.and_then(|at| decode(&whole[at..], None)) {
            return Ok(Some(record.kind));
        }
    }
    Ok(None)
}

/// Whether `known` is a place in the journal in `dir`, and everything after it is whole.
pub fn holds(dir: &Path, known: Position) -> io::Result<bool> {
    Ok(scan(dir, &segments(dir)?, Some(known))?.is_some_and(|scan| !scan.inside_damage()))
}

/// `dir` with `.word-1`, `-2` … behind it: the first that is free.
pub(crate) fn free_name(dir: &Path, word: &str) -> PathBuf {
    (1..).map(|n| dir.with_extension(format!("{word}-{n}"))).find(|p| !p.exists()).unwrap_or_default()
}

/// Shows at the next start that this folder is the one written last, and no copy of an earlier state of it: a copy or a
/// restored backup is another file (inode) or was written at another time (ctime, which no program can set).
struct Proof {
    file: Option<File>,
    said: Option<Vec<u8>>,
}

impl Proof {
    fn open(dir: &Path) -> io::Result<Proof> {
        let path = dir.join("proof");
        let mut said = Vec::new();
        if let Ok(mut f) = File::open(&path) {
            f.read_to_end(&mut said)?;
        }
        let mut proof = Proof { file: None, said: (!said.is_empty()).then_some(said) };
        if proof.said.is_none() {
            proof.file = Some(proof.path_file(dir)?);
        }
        Ok(proof)
    }

    fn path_file(&self, dir: &Path) -> io::Result<File> {
        OpenOptions::new().create(true).write(true).truncate(false).open(dir.join("proof"))
    }

    fn holds(&self, dir: &Path, scan: &Scan) -> io::Result<bool> {
        let Some(said) = &self.said else { return Ok(false) };
        let metadata = File::open(segment_path(dir, scan.at.segment))?.metadata()?;
        let now = Stamp::of(&metadata, &scan.at)?;
        let Some(said) = Stamp::read(said, &now) else { return Ok(false) };
        if said == now {
            return Ok(true);
        }
        // Killed between writing the journal and saying so: the same file, further on, written no later than a moment
        // after what was said. A copy of an earlier state is not further on than its own proof.
        Ok(said.file == now.file && said.place < now.place)
    }

    fn write(&self, journal: &File, at: &Position) -> io::Result<()> {
        let Some(mut file) = self.file.as_ref() else { return Ok(()) };
        let stamp = Stamp::of(&journal.metadata()?, at)?.bytes();
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&stamp)
    }
}

/// What tells this file from a copy of it, how far it goes, and when it was written.
#[derive(PartialEq, Eq)]
struct Stamp {
    file: FileIdentity,
    /// Segment and offset.
    place: (u64, u64),
    /// ctime, which no program can set; elsewhere than on Unix when it was written.
    written: [u8; 16],
}

/// Inode, and when it was made where the file system says so. Not the device's number: that is another when disks are found in another
/// order, and on file systems that are spread over several disks or come over the network.
#[derive(Clone, Copy, PartialEq, Eq)]
struct FileIdentity {
    inode: u64,
    born: u128,
}

/// What a stamp begins with. One without it has the device's number in its place, and no birth: as it was written at first.
const STAMP: &[u8; 8] = b"proof/2\n";

impl Stamp {
    fn of(metadata: &fs::Metadata, at: &Position) -> io::Result<Stamp> {
        let born = metadata.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        let file = FileIdentity { inode: inode(metadata), born: born.map_or(0, |since| since.as_nanos()) };
        Ok(Stamp { file, place: (at.segment, at.offset), written: written(metadata)? })
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = STAMP.to_vec();
        bytes.extend(self.file.inode.to_le_bytes());
        bytes.extend(self.file.born.to_le_bytes());
        bytes.extend(self.place.0.to_le_bytes());
        bytes.extend(self.place.1.to_le_bytes());
        bytes.extend(self.written);
        bytes
    }

    /// What was said, of a file that is `now` so: of one of the first kind its birth is not known, and taken to be this.
    fn read(said: &[u8], now: &Stamp) -> Option<Stamp> {
        let number = |at: usize| Some(u64::from_le_bytes(said.get(at..at + 8)?.try_into().ok()?));
        let rest = |from: usize| Some(((number(from)?, number(from + 8)?), said.get(from + 16..)?.try_into().ok()?));
        let (file, (place, written)) = if said.starts_with(STAMP) {
            let born = u128::from_le_bytes(said.get(16..32)?.try_into().ok()?);
            (FileIdentity { inode: number(8)?, born }, rest(32)?)
        } else {
            (FileIdentity { inode: number(8)?, ..now.file }, rest(16)?)
        };
        Some(Stamp { file, place, written })
    }
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

/// Nothing tells a file but when it was made.
#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> u64 {
    0
}

#[cfg(unix)]
fn written(metadata: &fs::Metadata) -> io::Result<[u8; 16]> {
    use std::os::unix::fs::MetadataExt;
    let mut both = [0; 16];
    both[..8].copy_from_slice(&metadata.ctime().to_le_bytes());
    both[8..].copy_from_slice(&metadata.ctime_nsec().to_le_bytes());
    Ok(both)
}

#[cfg(not(unix))]
fn written(metadata: &fs::Metadata) -> io::Result<[u8; 16]> {
    let since = metadata.modified()?.duration_since(std::time::UNIX_EPOCH);
    Ok(since.map_or(0, |since| since.as_nanos()).to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(word: &str) -> Record {
        Record { kind: 1, payload: word.as_bytes().to_vec() }
    }

    #[test]
    fn a_folder_is_told_from_a_copy_by_its_file_and_not_by_the_number_of_its_disk() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home");
        let mut journal = Journal::open(&home, None).unwrap().journal;
        journal.append(&[record("one")]).unwrap();
        drop(journal);
        let proof = home.join("proof");
        let said = fs::read(&proof).unwrap();
        assert!(Journal::open(&home, None).unwrap().continuous);
        // As the first programs wrote it, on a disk that had another number then.
        let mut first = 77_u64.to_le_bytes().to_vec();
        first.extend(&said[8..16]);
        first.extend(&said[32..]);
        fs::write(&proof, &first).unwrap();
        assert!(Journal::open(&home, None).unwrap().continuous, "another disk's number");
        // Another file has another number, or was born at another time.
        for at in [8, 16] {
            let mut other = said.clone();
            other[at] ^= 1;
            fs::write(&proof, &other).unwrap();
            assert!(!Journal::open(&home, None).unwrap().continuous, "{at}");
        }
        for cut in 0..said.len() {
            fs::write(&proof, &said[..cut]).unwrap();
            assert!(!Journal::open(&home, None).unwrap().continuous, "cut at {cut}");
        }
        fs::write(&proof, &said).unwrap();
        assert!(Journal::open(&home, None).unwrap().continuous);
    }
}
