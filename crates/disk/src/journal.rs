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

use replica::{Damage, disk::Record};

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

/// Reads the whole journal and checks every record. Returns how many are whole, and what is damaged.
pub fn verify(dir: &Path) -> io::Result<(u64, Vec<Damage>)> {
    let segments = segments(dir)?;
    let Some(scan) = scan(dir, &segments, None)? else { return Ok((0, Vec::new())) };
    let mut damage = scan.damage;
    let len = fs::metadata(segment_path(dir, scan.at.segment))?.len();
    if len > scan.at.offset {
        damage.push(Damage::TornTail { bytes: len - scan.at.offset });
    }
    Ok((scan.at.records, damage))
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
        let file = File::open(segment_path(dir, scan.at.segment))?;
        let (identity, now) = stamp(&file, &scan.at)?;
        if *said == now {
            return Ok(true);
        }
        // Killed between writing the journal and saying so: the same file, further on, written no later than a moment
        // after what was said. A copy of an earlier state is not further on than its own proof.
        Ok(said.starts_with(&identity) && said.len() == now.len() && {
            let (Some(then), Some(is)) = (place(said), place(&now)) else { return Ok(false) };
            then < is
        })
    }

    fn write(&self, journal: &File, at: &Position) -> io::Result<()> {
        let (Some(mut file), (_, bytes)) = (self.file.as_ref(), stamp(journal, at)?) else { return Ok(()) };
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&bytes)
    }
}

/// What tells this file from a copy of it; then that, segment, offset and when it was written.
fn stamp(file: &File, at: &Position) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let (identity, written) = identity(&file.metadata()?)?;
    let mut all = identity.to_vec();
    all.extend(at.segment.to_le_bytes());
    all.extend(at.offset.to_le_bytes());
    all.extend(written);
    Ok((identity.to_vec(), all))
}

/// Device and inode; ctime.
#[cfg(unix)]
fn identity(m: &fs::Metadata) -> io::Result<([u8; 16], [u8; 16])> {
    use std::os::unix::fs::MetadataExt;
    let pair = |a: [u8; 8], b: [u8; 8]| {
        let mut both = [0; 16];
        both[..8].copy_from_slice(&a);
        both[8..].copy_from_slice(&b);
        both
    };
    let identity = pair(m.dev().to_le_bytes(), m.ino().to_le_bytes());
    Ok((identity, pair(m.ctime().to_le_bytes(), m.ctime_nsec().to_le_bytes())))
}

/// When it was made; when it was written. A copy is made anew.
#[cfg(not(unix))]
fn identity(m: &fs::Metadata) -> io::Result<([u8; 16], [u8; 16])> {
    let since =
        |t: std::time::SystemTime| t.duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_nanos()).to_le_bytes();
    Ok((since(m.created()?), since(m.modified()?)))
}

/// Segment and offset in a stamp.
fn place(stamp: &[u8]) -> Option<(u64, u64)> {
    let number = |at: usize| Some(u64::from_le_bytes(stamp.get(at..at + 8)?.try_into().ok()?));
    Some((number(16)?, number(24)?))
}
