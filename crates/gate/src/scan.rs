//! Bytes, before Automerge sees them: bounds, outline and hash of a change or a document, read in one pass without
//! expanding any run length.
//!
//! A chunk is `magic ‖ checksum[4] ‖ kind ‖ length ‖ body`; numbers are LEB128. A body lists its columns, then their
//! data. Most columns are run-length coded: a run is a signed count, then one value (count > 0), as many values as it
//! says (< 0), or a number of nulls (= 0). So ten bytes can claim 2^60 rows: rows are counted here, with saturating
//! arithmetic, before anyone makes them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;

use flate2::bufread::DeflateDecoder;
use ring::digest::{Context, SHA256};

use crate::limits::*;
use crate::{Hash, Id, Refusal};

/// What a change says of itself outside its operations.
pub(crate) struct Outline {
    /// The change as one chunk of kind 1, whatever kind it came as.
    pub(crate) chunk: Vec<u8>,
    pub(crate) hash: Hash,
    pub(crate) deps: Vec<Hash>,
    pub(crate) actor: Id,
    pub(crate) seq: u64,
    pub(crate) start_op: u64,
    pub(crate) ops: u64,
}

/// Reads the change chunks of an envelope.
pub(crate) fn changes(bytes: &[u8]) -> Result<Vec<Outline>, Refusal> {
    within("the size of the envelope in bytes", bytes.len() as u64, ENVELOPE_BYTES_MAX as u64)?;
    let mut reader = Reader(bytes);
    let mut outlines: Vec<Outline> = Vec::new();
    let (mut inflated, mut ops) = (0u64, 0u64);
    while !reader.is_empty() {
        within("the number of changes in one envelope", outlines.len() as u64 + 1, ENVELOPE_CHANGES_MAX as u64)?;
        let chunk = Chunk::read(&mut reader)?;
        within("the size of the change in bytes", chunk.body.len() as u64, CHUNK_BYTES_MAX as u64)?;
        let outline = chunk.change()?;
        inflated = inflated.saturating_add(outline.chunk.len() as u64);
        within("the size of the inflated envelope in bytes", inflated, ENVELOPE_INFLATED_BYTES_MAX)?;
        ops = ops.saturating_add(outline.ops);
        within("the number of operations in one envelope", ops, ENVELOPE_OPS_MAX)?;
        outlines.push(outline);
    }
    match outlines.is_empty() {
        true => form("the envelope is empty"),
        false => Ok(outlines),
    }
}

/// Reads one change chunk; inflated already or not, the bound is that of inflated bytes.
pub(crate) fn change(bytes: &[u8]) -> Result<Outline, Refusal> {
    within("the size of the change in bytes", bytes.len() as u64, INFLATED_BYTES_MAX)?;
    let mut reader = Reader(bytes);
    let outline = Chunk::read(&mut reader)?.change()?;
    match reader.is_empty() {
        true => Ok(outline),
        false => form("bytes follow the change"),
    }
}

/// Whether the bytes begin like a change chunk rather than a document.
pub(crate) fn looks_like_change(bytes: &[u8]) -> bool {
    matches!(bytes.get(8), Some(&KIND_CHANGE | &KIND_DEFLATED))
}

/// Bounds a whole document chunk: nothing in it can make a loader work or allocate out of proportion.
pub(crate) fn document(bytes: &[u8]) -> Result<(), Refusal> {
    within("the size of the snapshot in bytes", bytes.len() as u64, SNAPSHOT_BYTES_MAX as u64)?;
    let mut reader = Reader(bytes);
    let chunk = Chunk::read(&mut reader)?;
    if chunk.kind != KIND_DOCUMENT || !reader.is_empty() {
        return form("it is not one document");
    }
    if chunk_hash(KIND_DOCUMENT, chunk.body)[..4] != *chunk.checksum {
        return Err(Refusal::Checksum);
    }

    let mut r = Reader(chunk.body);
    let actors = r.counted("the number of actors", ACTORS_MAX)?;
    for _ in 0..actors {
        r.actor()?;
    }
    let heads = r.counted("the number of heads", ACTORS_MAX)?;
    for _ in 0..heads {
        r.array::<32>()?;
    }
    let change_columns = r.columns()?;
    let op_columns = r.columns()?;
    let mut budget = SNAPSHOT_INFLATED_BYTES_MAX;
    let graph = Graph::read(&mut r, &change_columns, actors, &mut budget)?;
    let (rows, successors) = document_ops(&mut r, &op_columns, actors, &mut budget)?;
    // Positions of the heads; documents of old programs leave them out.
    if !r.is_empty() {
        for _ in 0..heads {
            r.unsigned()?;
        }
    }
    if !r.is_empty() {
        return form("bytes follow the document's columns");
    }
    // A loader allocates for the operations each change claims. Together they cannot be more than the operations
    // stored plus the deletes, each of which stands among the successors.
    match graph.ops_claimed()? <= rows.saturating_add(successors) {
        true => Ok(()),
        false => form("the snapshot's changes claim more operations than it holds"),
    }
}

const MAGIC: [u8; 4] = [0x85, 0x6f, 0x4a, 0x83];
const KIND_DOCUMENT: u8 = 0;
const KIND_CHANGE: u8 = 1;
const KIND_DEFLATED: u8 = 2;
/// Actions from 0: make map, put, make list, delete, make text, increment. Tables (6) and marks (7) are not accepted.
const ACTIONS: u64 = 6;

// Specifications of columns: an id above four bits, of which the lowest three are the kind of coding.
/// The fourth bit says that the column's data are deflated.
const DEFLATED_COLUMN: u64 = 0b1000;
const OBJECT_ACTOR: u64 = 0x01;
const OBJECT_COUNTER: u64 = 0x02;
const ELEMENT_ACTOR: u64 = 0x11;
const ELEMENT_COUNTER: u64 = 0x13;
const KEY: u64 = 0x15;
const ID_ACTOR: u64 = 0x21;
const ID_COUNTER: u64 = 0x23;
const INSERT: u64 = 0x34;
const ACTION: u64 = 0x42;
const VALUE_LENGTH: u64 = 0x56;
const VALUE: u64 = 0x57;
const PREDECESSORS: u64 = 0x70;
const PREDECESSOR_ACTOR: u64 = 0x71;
const PREDECESSOR_COUNTER: u64 = 0x73;
const SUCCESSORS: u64 = 0x80;
const SUCCESSOR_ACTOR: u64 = 0x81;
const SUCCESSOR_COUNTER: u64 = 0x83;
const MARK_EXPAND: u64 = 0x94;
const MARK_NAME: u64 = 0xa5;
const CHANGE_ACTOR: u64 = 0x01;
const CHANGE_SEQ: u64 = 0x03;
const CHANGE_MAX_OP: u64 = 0x13;
const CHANGE_TIME: u64 = 0x23;
const CHANGE_MESSAGE: u64 = 0x35;
const CHANGE_DEPS: u64 = 0x40;
const CHANGE_DEP: u64 = 0x43;
const CHANGE_EXTRA_LENGTH: u64 = 0x56;
const CHANGE_EXTRA: u64 = 0x57;

struct Chunk<'a> {
    kind: u8,
    checksum: &'a [u8; 4],
    body: &'a [u8],
}

impl<'a> Chunk<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, Refusal> {
        if r.array::<4>()? != &MAGIC {
            return form("it does not begin as a change or a document does");
        }
        let checksum = r.array()?;
        let kind = r.byte()?;
        let length = r.unsigned()?;
        Ok(Chunk { kind, checksum, body: r.take(length)? })
    }

    fn change(&self) -> Result<Outline, Refusal> {
        let body = match self.kind {
            KIND_CHANGE => Cow::Borrowed(self.body),
            KIND_DEFLATED => Cow::Owned(inflate(self.body, INFLATED_BYTES_MAX)?),
            _ => return form("it is neither a change nor a deflated change"),
        };
        let hash = chunk_hash(KIND_CHANGE, &body);
        if hash[..4] != *self.checksum {
            return Err(Refusal::Checksum);
        }
        let mut chunk = Vec::with_capacity(body.len() + 16);
        chunk.extend(MAGIC);
        chunk.extend(self.checksum);
        chunk.push(KIND_CHANGE);
        write_unsigned(body.len() as u64, &mut chunk);
        chunk.extend(&*body);
        change_body(&body, chunk, hash)
    }
}

/// SHA-256 over kind, length and body: for a change this is its hash, its first 4 bytes the checksum.
fn chunk_hash(kind: u8, body: &[u8]) -> Hash {
    let mut head = vec![kind];
    write_unsigned(body.len() as u64, &mut head);
    let mut context = Context::new(&SHA256);
    context.update(&head);
    context.update(body);
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

fn inflate(deflated: &[u8], limit: u64) -> Result<Vec<u8>, Refusal> {
    let mut decoder = DeflateDecoder::new(deflated);
    let mut out = Vec::new();
    if decoder.by_ref().take(limit.saturating_add(1)).read_to_end(&mut out).is_err() {
        return form("deflated data cannot be inflated");
    }
    within("the number of inflated bytes", out.len() as u64, limit)?;
    match decoder.total_in() == deflated.len() as u64 {
        true => Ok(out),
        false => form("bytes follow deflated data"),
    }
}

fn change_body(body: &[u8], chunk: Vec<u8>, hash: Hash) -> Result<Outline, Refusal> {
    let mut r = Reader(body);
    let count = r.counted("the number of dependencies", DEPENDENCIES_MAX)?;
    let mut deps: Vec<Hash> = Vec::new();
    for _ in 0..count {
        let dep = r.array()?;
        if deps.contains(dep) {
            return form("a dependency is named twice");
        }
        deps.push(*dep);
    }
    let actor = *r.actor()?;
    let seq = r.unsigned()?;
    let start_op = r.unsigned()?;
    if seq == 0 || start_op == 0 {
        return form("numbers of changes and operations start at 1");
    }
    let time = r.signed()?;
    if time != 0 && !(TIME_MIN..=TIME_MAX).contains(&time) {
        return form("the time of the change is outside 2000 to 2200");
    }
    let length = r.counted("the length of the message in bytes", MESSAGE_BYTES_MAX)?;
    r.text(length)?;
    let others = r.counted("the number of actors", ACTORS_MAX)?;
    for _ in 0..others {
        r.actor()?;
    }
    let columns = r.columns()?;
    let ops = change_ops(&mut r, &columns, others + 1)?;
    match r.is_empty() {
        true => Ok(Outline { chunk, hash, deps, actor, seq, start_op, ops }),
        false => form("bytes follow the change's columns"),
    }
}

/// Walks the columns of a change's operations; returns how many operations there are.
fn change_ops(r: &mut Reader<'_>, columns: &[Column], actors: u64) -> Result<u64, Refusal> {
    let mut tallies = BTreeMap::new();
    for column in columns {
        if matches!(column.spec, ID_ACTOR | ID_COUNTER | SUCCESSORS | SUCCESSOR_ACTOR | SUCCESSOR_COUNTER) {
            return form("the change has columns of a document");
        }
        let data = r.take(column.bytes)?;
        tallies.insert(column.spec, op_column(column.spec, data, actors, CHANGE_PREDECESSORS_MAX)?);
    }
    match even(&tallies, CHANGE_OPS_MAX, CHANGE_PREDECESSORS_MAX)? {
        (0, _) => form("the change has no operations"),
        (ops, _) => Ok(ops),
    }
}

/// Walks a document's operation columns; returns how many operations and how many successors it holds.
fn document_ops(r: &mut Reader<'_>, columns: &[Column], actors: u64, budget: &mut u64) -> Result<(u64, u64), Refusal> {
    let mut tallies = BTreeMap::new();
    for column in columns {
        let spec = column.spec & !DEFLATED_COLUMN;
        if matches!(spec, PREDECESSORS | PREDECESSOR_ACTOR | PREDECESSOR_COUNTER) {
            return form("the snapshot has columns of a change");
        }
        let data = column.data(r, budget)?;
        tallies.insert(spec, op_column(spec, &data, actors, SNAPSHOT_OPS_MAX)?);
    }
    even(&tallies, SNAPSHOT_OPS_MAX, SNAPSHOT_OPS_MAX)
}

/// Walks one column of operations.
fn op_column(spec: u64, data: &[u8], actors: u64, rows_max: u64) -> Result<Tally, Refusal> {
    let kind = match spec {
        OBJECT_ACTOR | ELEMENT_ACTOR | ID_ACTOR | PREDECESSOR_ACTOR | SUCCESSOR_ACTOR => Kind::Index(actors),
        OBJECT_COUNTER | PREDECESSORS | SUCCESSORS => Kind::Unsigned,
        ELEMENT_COUNTER | ID_COUNTER | PREDECESSOR_COUNTER | SUCCESSOR_COUNTER => Kind::Delta,
        KEY => Kind::Text(KEY_BYTES_MAX),
        ACTION => Kind::Index(ACTIONS),
        VALUE_LENGTH => Kind::ValueLength,
        VALUE => return Ok(Tally { rows: 0, sum: data.len() as u64 }),
        INSERT => return booleans(data, rows_max),
        MARK_EXPAND | MARK_NAME => return form("marks on text are not accepted"),
        // An unknown column could carry anything past every check; deflated ones are for documents.
        _ => return form("it has an unknown or a deflated column"),
    };
    runs(data, kind, rows_max)
}

/// Checks that the columns have a row for each operation (or for each predecessor or successor), and that the values
/// fill theirs; returns how many operations, and how many predecessors or successors, there are.
fn even(tallies: &BTreeMap<u64, Tally>, ops_max: u64, links_max: u64) -> Result<(u64, u64), Refusal> {
    let rows = |spec| tallies.get(&spec).map_or(0, |tally| tally.rows);
    let sum = |spec| tallies.get(&spec).map_or(0, |tally| tally.sum);
    let ops = rows(ACTION);
    let links = sum(PREDECESSORS).saturating_add(sum(SUCCESSORS));
    within("the number of operations", ops, ops_max)?;
    within("the number of predecessors or successors", links, links_max)?;
    let [pred_actors, pred_counters] = [rows(PREDECESSOR_ACTOR), rows(PREDECESSOR_COUNTER)];
    let [succ_actors, succ_counters] = [rows(SUCCESSOR_ACTOR), rows(SUCCESSOR_COUNTER)];
    let even = sum(VALUE_LENGTH) == sum(VALUE)
        && pred_actors.saturating_add(succ_actors) == links
        && pred_counters.saturating_add(succ_counters) == links
        && tallies.iter().all(|(spec, tally)| match *spec {
            VALUE | PREDECESSOR_ACTOR | PREDECESSOR_COUNTER | SUCCESSOR_ACTOR | SUCCESSOR_COUNTER => true,
            _ => tally.rows == ops,
        });
    match even {
        true => Ok((ops, links)),
        false => form("the columns of operations are of different lengths"),
    }
}

/// The columns of a document's change graph that a loader computes with.
struct Graph {
    max_ops: Vec<i64>,
    dep_counts: Vec<i64>,
    deps: Vec<i64>,
}

impl Graph {
    fn read(r: &mut Reader<'_>, columns: &[Column], actors: u64, budget: &mut u64) -> Result<Self, Refusal> {
        let changes_max = CHANGES_MAX;
        let deps_max = changes_max.saturating_mul(4);
        let mut graph = Graph { max_ops: vec![], dep_counts: vec![], deps: vec![] };
        for column in columns {
            let data = column.data(r, budget)?;
            let spec = column.spec & !DEFLATED_COLUMN;
            let kind = match spec {
                CHANGE_ACTOR => Kind::Index(actors),
                CHANGE_SEQ | CHANGE_MAX_OP | CHANGE_TIME | CHANGE_DEP => Kind::Delta,
                CHANGE_MESSAGE => Kind::Text(MESSAGE_BYTES_MAX),
                CHANGE_DEPS => Kind::Unsigned,
                CHANGE_EXTRA_LENGTH => Kind::ValueLength,
                CHANGE_EXTRA if data.is_empty() => continue,
                _ => return form("the snapshot's changes have an unknown column or extra data"),
            };
            let tally = runs(&data, kind, if spec == CHANGE_DEP { deps_max } else { changes_max })?;
            match spec {
                CHANGE_MAX_OP => graph.max_ops = expand(&data, kind)?,
                CHANGE_DEP => graph.deps = expand(&data, kind)?,
                CHANGE_DEPS => {
                    within("the number of dependencies", tally.sum, deps_max)?;
                    graph.dep_counts = expand(&data, kind)?;
                }
                CHANGE_EXTRA_LENGTH if tally.sum > 0 => return form("the snapshot's changes claim extra data"),
                _ => {}
            }
        }
        Ok(graph)
    }

    /// Sum over all changes of the operations between their newest dependency and their own newest operation.
    fn ops_claimed(&self) -> Result<u64, Refusal> {
        let mut deps = self.deps.iter();
        let mut claimed = 0u64;
        if self.max_ops.len() != self.dep_counts.len() {
            return form("the snapshot's columns of changes are of different lengths");
        }
        for (position, (max_op, count)) in self.max_ops.iter().zip(&self.dep_counts).enumerate() {
            let mut before = 0;
            for _ in 0..*count {
                // Only what stands before it: a document is written in causal order.
                let dep = deps.next().and_then(|dep| usize::try_from(*dep).ok()).filter(|dep| *dep < position);
                let dep = dep.and_then(|dep| self.max_ops.get(dep));
                before = before.max(*dep.ok_or(Refusal::Form { what: "a change depends on a later one" })?);
            }
            let own = max_op.checked_sub(before).and_then(|own| u64::try_from(own).ok());
            claimed = claimed.saturating_add(own.ok_or(Refusal::Form { what: "operation counters run backwards" })?);
        }
        Ok(claimed)
    }
}

struct Column {
    spec: u64,
    bytes: u64,
}

impl Column {
    fn data<'a>(&self, r: &mut Reader<'a>, budget: &mut u64) -> Result<Cow<'a, [u8]>, Refusal> {
        let data = r.take(self.bytes)?;
        let data = match self.spec & DEFLATED_COLUMN {
            0 => Cow::Borrowed(data),
            _ => Cow::Owned(inflate(data, *budget)?),
        };
        within("the number of inflated bytes", data.len() as u64, *budget)?;
        *budget -= data.len() as u64;
        Ok(data)
    }
}

/// What one value of a run-length column is.
#[derive(Clone, Copy)]
enum Kind {
    /// An unsigned number below a bound.
    Index(u64),
    Unsigned,
    /// A signed step from the value before it.
    Delta,
    /// A length, at most this many bytes, and UTF-8.
    Text(u64),
    /// A value's type in the lowest four bits, its bytes in the value column above them.
    ValueLength,
}

/// Rows of a column, and the sum of their numbers or lengths.
#[derive(Default)]
struct Tally {
    rows: u64,
    sum: u64,
}

fn runs(data: &[u8], kind: Kind, rows_max: u64) -> Result<Tally, Refusal> {
    let mut tally = Tally::default();
    each_run(data, kind, rows_max, |count, value| {
        tally.rows = tally.rows.saturating_add(count);
        let value = u64::try_from(value.unwrap_or(0)).unwrap_or(0);
        tally.sum = tally.sum.saturating_add(value.saturating_mul(count));
    })?;
    Ok(tally)
}

/// Every value of a column of numbers, whose rows [`runs`] has found to be few enough.
fn expand(data: &[u8], kind: Kind) -> Result<Vec<i64>, Refusal> {
    let mut values = Vec::new();
    let mut last = 0i64;
    each_run(data, kind, u64::MAX, |count, value| {
        for _ in 0..count {
            last = match kind {
                Kind::Delta => last.saturating_add(value.unwrap_or(0)),
                _ => value.unwrap_or(0),
            };
            values.push(last);
        }
    })?;
    Ok(values)
}

/// Calls `run(rows, number, length or nothing for null)` for each run, and stops before more than `rows_max` rows.
fn each_run(data: &[u8], kind: Kind, rows_max: u64, mut run: impl FnMut(u64, Option<i64>)) -> Result<(), Refusal> {
    let mut r = Reader(data);
    let mut rows = 0u64;
    while !r.is_empty() {
        let count = r.signed()?;
        let claimed = if count == 0 { r.unsigned()? } else { count.unsigned_abs() };
        rows = rows.saturating_add(claimed);
        within("the number of rows in a column", rows, rows_max)?;
        match count {
            0 => run(claimed, None),
            1.. => run(claimed, Some(r.value(kind)?)),
            _ => {
                for _ in 0..claimed {
                    run(1, Some(r.value(kind)?));
                }
            }
        }
    }
    Ok(())
}

/// Rows of a column of booleans: unsigned run lengths, false and true by turns.
fn booleans(data: &[u8], rows_max: u64) -> Result<Tally, Refusal> {
    let mut r = Reader(data);
    let mut rows = 0u64;
    while !r.is_empty() {
        rows = rows.saturating_add(r.unsigned()?);
        within("the number of rows in a column", rows, rows_max)?;
    }
    Ok(Tally { rows, sum: 0 })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], Refusal> {
        let count = usize::try_from(count).ok();
        let (taken, rest) = count.and_then(|count| self.0.split_at_checked(count)).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Refusal> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Refusal> {
        self.array::<1>().map(|[byte]| *byte)
    }

    /// An unsigned LEB128 of 64 bits, in its shortest form.
    fn unsigned(&mut self) -> Result<u64, Refusal> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return match (shift, byte) {
                    (63, 2..) | (7.., 0) => form(NUMBER),
                    _ => Ok(value),
                };
            }
        }
        form(NUMBER)
    }

    /// A signed LEB128 of 64 bits.
    fn signed(&mut self) -> Result<i64, Refusal> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= i64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return match (shift, byte) {
                    (63, 0 | 0x7f) => Ok(value),
                    (63, _) => form(NUMBER),
                    (_, 0x40..) => Ok(value | (-1 << (shift + 7))),
                    _ => Ok(value),
                };
            }
        }
        form(NUMBER)
    }

    /// A count, refused at once when it is over its limit.
    fn counted(&mut self, what: &'static str, limit: u64) -> Result<u64, Refusal> {
        let count = self.unsigned()?;
        within(what, count, limit)?;
        Ok(count)
    }

    fn actor(&mut self) -> Result<&'a Id, Refusal> {
        match self.unsigned()? {
            16 => self.array(),
            _ => form("an actor's id is not of 16 bytes"),
        }
    }

    fn text(&mut self, length: u64) -> Result<(), Refusal> {
        match std::str::from_utf8(self.take(length)?) {
            Ok(_) => Ok(()),
            Err(_) => form("a text is not UTF-8"),
        }
    }

    /// Specifications and lengths of columns, in ascending order, none twice.
    fn columns(&mut self) -> Result<Vec<Column>, Refusal> {
        let count = self.counted("the number of columns", COLUMNS_MAX)?;
        let mut columns: Vec<Column> = Vec::new();
        for _ in 0..count {
            let column = Column { spec: self.unsigned()?, bytes: self.unsigned()? };
            let order = |column: &Column| column.spec & !DEFLATED_COLUMN;
            if columns.last().is_some_and(|last| order(last) >= order(&column)) {
                return form("columns are out of order");
            }
            columns.push(column);
        }
        Ok(columns)
    }

    /// One value of a run: its number, or its length in bytes.
    fn value(&mut self, kind: Kind) -> Result<i64, Refusal> {
        let value = match kind {
            Kind::Delta => return self.signed(),
            Kind::Index(bound) => match self.unsigned()? {
                index if index < bound => index,
                _ => return form("an actor or an action is named that is not accepted"),
            },
            Kind::Unsigned => self.unsigned()?,
            Kind::ValueLength => self.unsigned()? >> 4,
            Kind::Text(limit) => {
                let length = self.counted("the length of a key or message in bytes", limit)?;
                self.text(length)?;
                length
            }
        };
        i64::try_from(value).map_err(|_| Refusal::Form { what: NUMBER })
    }
}

const SHORT: Refusal = Refusal::Form { what: "the bytes end too early" };
const NUMBER: &str = "a number is not in its shortest form or too large";

fn form<T>(what: &'static str) -> Result<T, Refusal> {
    Err(Refusal::Form { what })
}

pub(crate) fn within(what: &'static str, got: u64, limit: u64) -> Result<(), Refusal> {
    match got <= limit {
        true => Ok(()),
        false => Err(Refusal::Size { what, limit }),
    }
}

fn write_unsigned(mut value: u64, out: &mut Vec<u8>) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}
