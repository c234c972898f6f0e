//! Every bound of this crate: its name, its unit, its reason.

/// Bytes of one envelope's chunks: what a relay reads into memory before it knows whose it is.
pub const ENVELOPE_BYTES_MAX: usize = 1024 * 1024;
/// Changes in one envelope: an evening's offline work fits; more is sent as a further envelope.
pub const ENVELOPE_CHANGES_MAX: usize = 1_000;
/// Bytes of all changes of one envelope after inflating, so that many small deflated changes are no way round
/// [`ENVELOPE_BYTES_MAX`].
pub const ENVELOPE_INFLATED_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Operations in one envelope: checking takes about a microsecond each, and a hundred bytes can hold 20,000 that are alike.
pub const ENVELOPE_OPS_MAX: u64 = 200_000;
/// Bytes of one change chunk as it is sent.
pub const CHUNK_BYTES_MAX: usize = 256 * 1024;
/// Bytes of one change after inflating: deflate expands up to a thousandfold, people's writing four- to tenfold.
pub const INFLATED_BYTES_MAX: u64 = 1024 * 1024;
/// Operations in one change: a pasted page is 3,000; run lengths could claim 2^60 in ten bytes.
pub const CHANGE_OPS_MAX: u64 = 20_000;
/// Predecessors in one change: deletes of a conflicted text name several each.
pub const CHANGE_PREDECESSORS_MAX: u64 = 4 * CHANGE_OPS_MAX;
/// Dependencies of one change: that many people would have to be offline at the same time.
pub const DEPENDENCIES_MAX: u64 = 64;
/// Actors in one document: a team of 20 with 4 devices and 12 incarnations each. Every change keeps a clock over them.
pub const ACTORS_MAX: u64 = 1_024;
/// Changes in one document: a plan typed letter by letter has 5,000. All are kept in memory, and walking them may recurse
/// one level for 32 of them.
pub const CHANGES_MAX: u64 = 100_000;
/// Actors of version 1 that one author can have in a document. Their envelopes do not name which: the first sight of one costs at
/// most that many hashes (7 ms). An actor of version 2 costs one.
pub const NUMBERS_MAX: u32 = 65_536;
/// How many of them are tried for an author for whom an actor was once sought in vain, which no program of ours does (0.1 ms).
pub const NUMBERS_AFTER_VAIN_MAX: u32 = 1_024;
/// Findings of such searches that one index keeps: as many as there can be actors. What does not fit is sought again, no further than
/// [`NUMBERS_AFTER_VAIN_MAX`].
pub const SOUGHT_MAX: usize = ACTORS_MAX as usize;
/// Bytes of a change's message: a label, never content.
pub const MESSAGE_BYTES_MAX: u64 = 256;
/// Bytes of a map key: question ids and row keys are far shorter. Keys are repeated for each change, so this bounds memory.
pub const KEY_BYTES_MAX: u64 = 256;
/// Bytes of one string value: longer writing belongs in a text, where it merges.
pub const STRING_BYTES_MAX: usize = 64 * 1024;
/// Bytes of one element of a text: one character, or one grapheme of a browser that splices so.
pub const TEXT_ELEMENT_BYTES_MAX: usize = 64;
/// Levels of objects below the root: readers recurse, and a 2 MiB stack ends near 200.
pub const DEPTH_MAX: u8 = 16;
/// Largest operation counter: half of what Automerge can hold, so a document can never be driven to its end.
pub const OP_COUNTER_MAX: u64 = 1 << 31;
/// Largest magnitude of a counter's start and of one increment: sums stay within 64 bits for more increments than
/// [`OP_COUNTER_MAX`] allows.
pub const COUNTER_MAGNITUDE_MAX: u64 = 1 << 31;
/// Earliest time of a change, seconds since 1970: 2000-01-01. Zero ("no time") is accepted too.
pub const TIME_MIN: i64 = 946_684_800;
/// Latest time of a change, seconds since 1970: 2200-01-01. A laptop with a wrong clock is within; only nonsense is not.
pub const TIME_MAX: i64 = 7_258_118_400;
/// Rules of one document: a plan of 230 questions has 1,500. They come from one's own program, so this only ends a mistake.
pub const RULES_MAX: usize = 20_000;
/// Groups that the rules of one document name: they are the bits of one machine word.
pub const GROUPS_MAX: usize = 64;
/// Columns of one change or of one half of a document: the format has 16 at most.
pub const COLUMNS_MAX: u64 = 16;

/// Bytes of a snapshot as it is sent.
pub const SNAPSHOT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of a snapshot's columns after inflating, all together.
pub const SNAPSHOT_INFLATED_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Operations in a snapshot, and successors likewise: loading takes some 300 bytes each. A full plan has 50,000.
pub const SNAPSHOT_OPS_MAX: u64 = 500_000;
