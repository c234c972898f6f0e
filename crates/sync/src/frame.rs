//! Every message of `openpep/1` on one screen, and the only place where bytes become one.
//!
//! A frame is one CBOR map with a text key `t`. Unknown keys are ignored, so that a newer peer can say more; an unknown
//! `t` is an error that is answered in words.

use std::fmt;

use gate::{Envelope, Hash, Id, Tip};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};

use crate::{
    act::ACT_BYTES_MAX,
    cbor::{from_cbor, from_whole, to_cbor_in},
    envelope::Wire,
    feature::{Features, WORD_BYTES_MAX},
    mark::Mark,
    roster::SignedRoster,
};

/// The WebSocket subprotocol.
pub const SUBPROTOCOL: &str = "openpep.v1";
/// The version said in `hello`.
pub const VERSION: u32 = 1;
/// Largest frame, in bytes: one envelope at its largest, and its wrapping.
pub const FRAME_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Largest `chunks` of one envelope, in bytes: the gate's own bound.
pub const ENVELOPE_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of envelopes that a `log` or `push` is filled to, so that live frames are not stuck behind a long one.
pub const PAGE_BYTES: usize = 256 * 1024;
/// Envelopes in one `log` or `push` at the most.
pub const PAGE_ENVELOPES: usize = 512;
/// Bytes of one part of a snapshot.
pub const SNAPSHOT_PART_BYTES: usize = 256 * 1024;
/// Parts of one snapshot at the most (64 MiB): a plan is a few hundred kilobytes.
pub const SNAPSHOT_PARTS_MAX: u32 = 256;
/// Frames that wait for one connection at the most; a reader slower than that is served from its cursor when it has read.
pub const QUEUE_FRAMES_MAX: usize = 64;
/// Longest text in a frame (codes, details, names, a question's id), in bytes: twenty lines of it. A frame with a longer one is
/// not read.
pub const TEXT_BYTES_MAX: usize = 4 * 1024;
/// Longest place in `presence`, in bytes: a question, or a field of a row whose key has up to 200.
pub const FIELD_BYTES_MAX: usize = 512;
/// Heads in `presence` at the most: as many people as ever wrote apart in one plan, and some.
pub const HEADS_MAX: usize = 64;
/// Roles in one choice of readers at the most: there are eight.
pub const ROLES_MAX: usize = 16;

/// A place in a relay's log of one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The life of the log: a relay restored from a backup begins another.
    #[serde(with = "serde_bytes")]
    pub epoch: Id,
    /// Number of the last envelope held, from 1; 0 is the start.
    pub seq: u64,
    /// Its hash, where it is known: a relay whose machine was rolled back unnoticed sees by it that its log is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<ByteArray<32>>,
}

impl Cursor {
    /// The place after the envelope of that number.
    pub const fn new(epoch: Id, seq: u64) -> Cursor {
        Cursor { epoch, seq, hash: None }
    }

    /// The same, knowing which envelope that is.
    pub const fn at(epoch: Id, seq: u64, hash: Hash) -> Cursor {
        Cursor { epoch, seq, hash: Some(ByteArray::new(hash)) }
    }
}

/// What a relay asks its participants to keep to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Bytes of one frame.
    pub frame_bytes_max: u64,
    /// Bytes of one envelope's chunks.
    pub envelope_bytes_max: u64,
    /// Frames that wait for one connection.
    pub queue_frames_max: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            frame_bytes_max: FRAME_BYTES_MAX as u64,
            envelope_bytes_max: ENVELOPE_BYTES_MAX as u64,
            queue_frames_max: QUEUE_FRAMES_MAX as u64,
        }
    }
}

/// How a participant introduces itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// Of the protocol.
    pub version: u32,
    /// What the program calls itself.
    pub program: String,
    /// The device.
    #[serde(with = "serde_bytes")]
    pub device_id: Id,
    /// Version of the roster held, 0 for none.
    pub last_roster: u64,
    /// What the program can do.
    #[serde(default, skip_serializing_if = "Features::is_empty")]
    pub features: Features,
    /// The newest mark that it heard of this relay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// How far the entries of the directory that it holds are complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<Complete>,
}

/// How far a participant has the directory's entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complete {
    /// The life of the relay's log.
    #[serde(with = "serde_bytes")]
    pub epoch: Id,
    /// Version of the directory.
    pub version: u64,
}

/// How a relay answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Welcome {
    /// The life of its log.
    #[serde(with = "serde_bytes")]
    pub epoch: Id,
    /// The relay.
    #[serde(with = "serde_bytes")]
    pub relay_id: Id,
    /// What it asks its participants to keep to.
    pub limits: Limits,
    /// People, devices and teams, where they are newer than what the participant holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roster: Option<SignedRoster>,
    /// What the relay can do.
    #[serde(default, skip_serializing_if = "Features::is_empty")]
    pub features: Features,
    /// How much it has, to be handed back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// That it was put back and takes back what it lost: entries of an earlier epoch are kept beside the present ones.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsettled: bool,
}

/// What a PEP was started as: enough for either side to compute its documents' ids and genesis changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    /// The PEP's id.
    #[serde(with = "serde_bytes")]
    pub pep: Id,
    /// The child's id.
    #[serde(with = "serde_bytes")]
    pub child: Id,
    /// Academic year and term, such as `2025/26-spring`.
    pub term: String,
    /// What kind of PEP, such as `review`.
    pub kind: String,
    /// Id of the process it began under.
    pub process: String,
    /// Version of that process.
    pub process_version: u32,
    /// SHA-256 of what its file says, where it is of form 2 or later: the documents' ids and first changes follow from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_hash: Option<ByteArray<32>>,
    /// Why it is one more in its term, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<OneMore>,
}

/// That a PEP is one more in its term. Its ids follow from that, too: who does not know of it does not take the PEP for another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OneMore {
    /// Why.
    pub reason: String,
    /// The day on which it was begun, `YYYY-MM-DD`.
    pub day: String,
}

/// One document that a device may open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// The document.
    #[serde(with = "serde_bytes")]
    pub doc: Id,
    /// The PEP it belongs to.
    #[serde(with = "serde_bytes")]
    pub pep: Id,
    /// Which document of the PEP: `main` or the name of an annex.
    pub kind: String,
    /// How far the relay's log of it is.
    pub seq: u64,
    /// What the PEP was started as.
    pub start: Start,
    /// Who reads it, where that was chosen; otherwise who its kind says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readers: Option<Chosen>,
}

impl Listed {
    /// Bytes, nearly.
    pub fn weight(&self) -> usize {
        let extra = self.start.extra.as_ref().map_or(0, |extra| extra.reason.len() + 40);
        250 + self.kind.len() + self.start.term.len() + self.start.process.len() + extra
    }
}

/// Who reads a document, as was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Which choice this is, from 1.
    pub number: u64,
    /// The roles, by their names in the contract.
    pub roles: Vec<String>,
    /// The role of whoever chose, where the relay has noted it: what the young person chose themselves only they change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// A child, as a participant makes one known to the relay.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewChild {
    /// A random id, made on the device: a child can be added offline.
    #[serde(with = "serde_bytes")]
    pub child: Id,
    /// The child's name.
    pub name: String,
    /// Date of birth, `YYYY-MM-DD`.
    pub dob: String,
    /// Looked after since, `YYYY-MM-DD`.
    pub looked_after_since: Option<String>,
    /// Placed in an emergency (shortens the first clock, R000-19).
    #[serde(default)]
    pub emergency: bool,
}

/// What a person is doing in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Doing {
    /// Has it open.
    Here,
    /// Is writing in `field`.
    Editing,
    /// Has closed it.
    Left,
}

/// Who is where. Passed on, never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The document.
    #[serde(with = "serde_bytes")]
    pub doc: Id,
    /// The person; the relay writes what it knows of the connection over what the sender says.
    #[serde(with = "serde_bytes")]
    pub person: Id,
    /// The device, likewise.
    #[serde(with = "serde_bytes")]
    pub device: Id,
    /// The question; of somebody who is only `here`, one of the section they look at. Of this document: where a person is in
    /// an annex is said in that annex alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The caret, in UTF-16 code units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caret: Option<u32>,
    /// The heads this device shows: what "Seen by" is drawn from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heads: Option<Vec<ByteArray<32>>>,
    /// What the person is doing.
    pub state: Doing,
}

impl Presence {
    /// Whether it keeps to [`FIELD_BYTES_MAX`] and [`HEADS_MAX`]; another is passed over.
    pub fn is_bounded(&self) -> bool {
        self.field.as_ref().is_none_or(|field| field.len() <= FIELD_BYTES_MAX)
            && self.heads.as_ref().is_none_or(|heads| heads.len() <= HEADS_MAX)
    }
}

/// Why an act was not done. It has changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotDone {
    /// A short, stable word for programs.
    pub code: String,
    /// In a sentence.
    pub reason: String,
}

/// One message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "lowercase", rename_all_fields = "camelCase")]
#[allow(missing_docs)] // the fields are those of the table in the crate's documentation
pub enum Frame {
    /// Participant: the first frame of a connection.
    Hello(Hello),
    /// Relay: the answer to `hello`.
    Welcome(Welcome),
    /// Relay: what this device may open, and how far each log is; sent again as it changes.
    Documents { list: Vec<Listed> },
    /// Participant: a child that the relay may not know.
    Child { child: NewChild },
    /// Participant: a PEP that the relay may not know.
    Start { start: Start },
    /// Participant: these roles are to read the document; `number` is the choice that it has seen, 0 for none. Relay, in answer:
    /// these do.
    Readers {
        #[serde(with = "serde_bytes")]
        doc: Id,
        number: u64,
        roles: Vec<String>,
    },
    /// Participant: send me everything after the cursor, then keep me current.
    Open {
        #[serde(with = "serde_bytes")]
        doc: Id,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cursor: Option<Cursor>,
    },
    /// Participant: no more of this one.
    Close {
        #[serde(with = "serde_bytes")]
        doc: Id,
    },
    /// Relay: a document as a cache of its log up to `seq`; the answer to an `open` without a cursor.
    Snapshot {
        #[serde(with = "serde_bytes")]
        doc: Id,
        seq: u64,
        heads: Vec<ByteArray<32>>,
        part: u32,
        parts: u32,
        bytes: ByteBuf,
        tips: Vec<WireTip>,
    },
    /// Relay: envelopes in order and without gaps; the first has number `from`.
    Log {
        #[serde(with = "serde_bytes")]
        doc: Id,
        from: u64,
        envelopes: Vec<Wire>,
    },
    /// Participant: envelopes, one's own or a colleague's.
    Push {
        #[serde(with = "serde_bytes")]
        doc: Id,
        envelopes: Vec<Wire>,
    },
    /// Relay: this envelope is on disk here.
    Receipt {
        #[serde(with = "serde_bytes")]
        doc: Id,
        #[serde(with = "serde_bytes")]
        hash: Hash,
        #[serde(with = "serde_bytes")]
        epoch: Id,
        seq: u64,
    },
    /// Relay: refused and kept; never sent on. Said again at every connection of the author's device until it has `heard`.
    Held {
        #[serde(with = "serde_bytes")]
        doc: Id,
        hashes: Vec<ByteArray<32>>,
        code: String,
        detail: String,
        /// Those of `hashes` that are kept only because they build on a refused one.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        follows: Vec<ByteArray<32>>,
    },
    /// Participant: what `held` or `released` said of these is on this device's disk.
    Heard {
        #[serde(with = "serde_bytes")]
        doc: Id,
        hashes: Vec<ByteArray<32>>,
    },
    /// Relay: accepted by a person after all; they follow in the log.
    Released {
        #[serde(with = "serde_bytes")]
        doc: Id,
        hashes: Vec<ByteArray<32>>,
    },
    /// Relay: so many refused changes of this document wait for the Virtual School's decision.
    Undecided {
        #[serde(with = "serde_bytes")]
        doc: Id,
        changes: u64,
    },
    /// Relay: people, devices and teams, signed by the relay's key.
    Roster(SignedRoster),
    /// Relay: entries of the directory, of an answer to `hello` or as they change; with the last part it is complete up to `version`. To
    /// who says the feature `entries` alone, as the next.
    Entries { version: u64, part: u32, parts: u32, bytes: ByteBuf },
    /// Relay: documents that may be opened, in place of `documents`: all of them in parts where it is `whole`, otherwise those that are new
    /// or otherwise.
    Listing { whole: bool, part: u32, parts: u32, bytes: ByteBuf },
    /// Relay: how much it has by now, to be handed back at the next connection. To who says the feature `marks` alone.
    Mark(Mark),
    /// Both: who is where.
    Presence(Presence),
    /// Relay: not yours (any more), or never was: the same answer.
    Gone {
        #[serde(with = "serde_bytes")]
        doc: Id,
    },
    /// Participant: have the directory do this ([`crate::act`]).
    Act {
        #[serde(with = "serde_bytes")]
        id: Id,
        #[serde(with = "serde_bytes")]
        act: Vec<u8>,
        #[serde(with = "serde_bytes")]
        sig: gate::Signature,
    },
    /// Relay: it is done and on disk here, or why it was not.
    Acted {
        #[serde(with = "serde_bytes")]
        id: Id,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<NotDone>,
    },
    /// Both: something was wrong; the code says whether the connection closes ([`code::closes`]).
    Error {
        code: String,
        detail: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
        /// The document it is about, where it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doc: Option<ByteArray<16>>,
    },
}

/// The newest signature of one actor, as a snapshot carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)] // the fields are `gate::Tip`'s
pub struct WireTip {
    #[serde(with = "serde_bytes")]
    pub actor: Id,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incarnation: Option<ByteArray<16>>,
    pub seq: u64,
    #[serde(with = "serde_bytes")]
    pub hash: Hash,
    #[serde(with = "serde_bytes")]
    pub device_id: Id,
    #[serde(with = "serde_bytes")]
    pub sig: gate::Signature,
}

impl From<&Envelope> for WireTip {
    fn from(e: &Envelope) -> WireTip {
        let incarnation = e.incarnation.map(ByteArray::new);
        WireTip { actor: e.actor, incarnation, seq: e.seq, hash: e.hash, device_id: e.device, sig: e.sig }
    }
}

impl From<&Tip> for WireTip {
    fn from(t: &Tip) -> WireTip {
        let incarnation = t.incarnation.map(ByteArray::new);
        WireTip { actor: t.actor, incarnation, seq: t.seq, hash: t.hash, device_id: t.device, sig: t.sig }
    }
}

impl From<&WireTip> for Tip {
    fn from(t: &WireTip) -> Tip {
        let incarnation = t.incarnation.map(ByteArray::into_array);
        Tip { actor: t.actor, incarnation, seq: t.seq, hash: t.hash, device: t.device_id, sig: t.sig }
    }
}

/// Codes of `error`, and what each means for the connection.
pub mod code {
    /// The frame could not be read. Closes.
    pub const FRAME: &str = "frame";
    /// A kind of frame that this version does not know. Stays open.
    pub const UNKNOWN: &str = "unknown";
    /// A frame that is out of place here (a second `hello`, a `log` from a participant). Closes.
    pub const ORDER: &str = "order";
    /// No version in common. Closes.
    pub const VERSION: &str = "version";
    /// An envelope builds on changes that the relay does not have: offer those first. Stays open.
    pub const MISSING: &str = "missing";
    /// The relay could not take it in now: try again. Stays open unless the relay is stopping.
    pub const BUSY: &str = "busy";
    /// The relay is stopping. Closes; try again after `retryAfterMs`.
    pub const STOPPING: &str = "stopping";
    /// The relay's disk failed: nothing more is accepted until its keeper has looked. Closes.
    pub const STORAGE: &str = "storage";
    /// The device was revoked. Closes; joining again is the only way back.
    pub const REVOKED: &str = "revoked";
    /// A child or PEP could not be taken in; the detail says why. Stays open.
    pub const REFUSED: &str = "refused";
    /// The PEP was already started under another process. Stays open.
    pub const PROCESS: &str = "process";
    /// The document's log holds something that the program of this device is too old to read. Stays open.
    pub const NEWER: &str = "newer";
    /// The device has begun under too many incarnations today: what waits goes on tomorrow. Stays open.
    pub const INCARNATIONS: &str = "incarnations";
    /// Of `held` alone, beside the gate's codes: the device that wrote it is locked, and nothing more of it is taken in.
    pub const LOCKED: &str = "locked";

    /// Whether the connection ends after an error with this code.
    pub fn closes(code: &str) -> bool {
        matches!(code, FRAME | ORDER | VERSION | STOPPING | STORAGE | REVOKED)
    }
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than [`FRAME_BYTES_MAX`]. Usual cause: a program that does not keep to the limits of `welcome`.
    #[error("a frame of {0} bytes is over the limit of {FRAME_BYTES_MAX}")]
    Size(usize),
    /// Not one CBOR map of a known shape. Usual cause: a damaged or foreign program.
    #[error("a frame could not be read as openpep/1")]
    Form,
    /// A kind this version does not know: its word, as far as [`feature::WORD_BYTES_MAX`](crate::feature::WORD_BYTES_MAX). Usual
    /// cause: the other side is newer.
    #[error("this version does not know that kind of frame")]
    Unknown(String),
}

impl Frame {
    /// The bytes to send.
    pub fn encode(&self) -> Vec<u8> {
        to_cbor_in(Vec::with_capacity(256), self)
    }

    /// Reads one frame. Never allocates more than the frame's own size times a small factor, never recurses deeper than
    /// the deepest frame of ours.
    pub fn decode(bytes: &[u8]) -> Result<Frame, FrameError> {
        if bytes.len() > FRAME_BYTES_MAX {
            return Err(FrameError::Size(bytes.len()));
        }
        match from_whole::<Frame>(bytes) {
            Ok(frame) if frame.is_brief() => Ok(frame),
            Ok(_) => Err(FrameError::Form),
            Err(_) => Err(unknown_kind(bytes).map_or(FrameError::Form, FrameError::Unknown)),
        }
    }
}

impl Frame {
    /// Whether the texts of a frame keep to their limits: some are passed on to others, or kept.
    fn is_brief(&self) -> bool {
        let short = |text: &str| text.len() <= TEXT_BYTES_MAX;
        match self {
            Frame::Hello(hello) => short(&hello.program),
            Frame::Child { child } => {
                short(&child.name) && short(&child.dob) && child.looked_after_since.as_deref().is_none_or(short)
            }
            Frame::Readers { roles, .. } => roles.len() <= ROLES_MAX && roles.iter().all(|role| short(role)),
            Frame::Start { start } => {
                short(&start.term)
                    && short(&start.kind)
                    && short(&start.process)
                    && start.extra.as_ref().is_none_or(|extra| short(&extra.reason) && short(&extra.day))
            }
            Frame::Act { act, .. } => act.len() <= ACT_BYTES_MAX,
            Frame::Acted { refused, .. } => refused.as_ref().is_none_or(|no| short(&no.code) && short(&no.reason)),
            Frame::Held { code, detail, .. } | Frame::Error { code, detail, .. } => short(code) && short(detail),
            _ => true,
        }
    }
}

/// Only what it is and how long: a frame may carry a plan or a name, and a `Debug` ends up in logs.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Frame::Hello(_) => "hello",
            Frame::Welcome(_) => "welcome",
            Frame::Documents { .. } => "documents",
            Frame::Child { .. } => "child",
            Frame::Start { .. } => "start",
            Frame::Readers { .. } => "readers",
            Frame::Open { .. } => "open",
            Frame::Close { .. } => "close",
            Frame::Snapshot { .. } => "snapshot",
            Frame::Log { .. } => "log",
            Frame::Push { .. } => "push",
            Frame::Receipt { .. } => "receipt",
            Frame::Held { .. } => "held",
            Frame::Heard { .. } => "heard",
            Frame::Released { .. } => "released",
            Frame::Undecided { .. } => "undecided",
            Frame::Roster(_) => "roster",
            Frame::Entries { .. } => "entries",
            Frame::Listing { .. } => "listing",
            Frame::Mark(_) => "mark",
            Frame::Presence(_) => "presence",
            Frame::Gone { .. } => "gone",
            Frame::Act { .. } => "act",
            Frame::Acted { .. } => "acted",
            Frame::Error { .. } => "error",
        };
        write!(f, "Frame({kind}, {} bytes)", self.encode().len())
    }
}

/// The child's id alone.
impl fmt::Debug for NewChild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewChild").field("child", &self.child).finish_non_exhaustive()
    }
}

/// Whether this version knows a frame of that `t`.
pub fn is_known(word: &str) -> bool {
    [
        "hello",
        "welcome",
        "documents",
        "child",
        "start",
        "readers",
        "open",
        "close",
        "snapshot",
        "log",
        "push",
        "receipt",
        "held",
        "heard",
        "released",
        "undecided",
        "roster",
        "entries",
        "listing",
        "mark",
        "presence",
        "gone",
        "act",
        "acted",
        "error",
    ]
    .contains(&word)
}

/// The `t` of a well-formed map, where it is text that no frame of ours has.
fn unknown_kind(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Kind {
        t: String,
    }
    let mut word = from_cbor::<Kind>(bytes).ok()?.t;
    if is_known(&word) {
        return None;
    }
    let end = (0..=WORD_BYTES_MAX.min(word.len())).rev().find(|end| word.is_char_boundary(*end))?;
    word.truncate(end);
    Some(word)
}
