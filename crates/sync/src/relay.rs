//! The relay's half of a connection: frames in, questions for the relay's keeper out; then, whenever the line has room,
//! the next frame that this reader lacks. A slow reader costs a number for each document it has open, not a queue.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::Bound,
};

use gate::{Envelope, Hash, Id, Signature};
use serde_bytes::{ByteArray, ByteBuf};

use crate::{
    directory::Entry,
    envelope::Wire,
    feature::{self, Features},
    frame::{
        Chosen, Cursor, Doing, Frame, Hello, Limits, Listed, NewChild, PAGE_BYTES, Presence, SNAPSHOT_PART_BYTES,
        Start, VERSION, Welcome, WireTip, code,
    },
    packed::pack,
};

/// Answers (receipts, errors, presence) that may wait for one connection; beyond it presence is dropped, and a sender
/// that reads nothing is closed.
pub const ANSWERS_MAX: usize = 4_096;
/// Documents that one connection may have open: the head of a Virtual School has every child, with some plans of five documents each.
pub const OPEN_MAX: usize = 131_072;
/// Documents of one connection whose last presence is remembered: the tabs that a person may have open, four documents each.
pub const PRESENT_MAX: usize = 256;

/// What the relay's keeper must decide or do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are those of the frames they come from
pub enum Ask {
    /// The connection introduced itself: answer with [`Session::welcome`].
    Hello(Hello),
    /// Take this child in, if this person may.
    Child(NewChild),
    /// Take this PEP in, if this person may.
    Start(Start),
    /// These roles are to read the document, chosen by somebody who has seen choice `seen`. May they choose? Then answer with
    /// [`Session::chosen`], else [`Session::gone`].
    Readers { doc: Id, seen: u64, roles: Vec<String> },
    /// May it be opened? Then [`Session::opened`], else [`Session::gone`].
    Open { doc: Id, cursor: Option<Cursor> },
    /// May it be written? Pass through the gate and journal; then [`Session::receipt`] and so on, else
    /// [`Session::gone`].
    Push { doc: Id, envelopes: Vec<Envelope> },
    /// The device has on its disk what it was told of these changes of its own: it need not be told again.
    Heard { doc: Id, hashes: Vec<Hash> },
    /// Have the directory do this, if this person may, once; then answer with [`Frame::Acted`].
    Act { id: Id, act: Vec<u8>, sig: Signature },
    /// Pass on to the others who have the document open.
    Presence(Presence),
    /// End the connection once what waits has been sent.
    Close,
}

/// A snapshot as the relay keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Number of the last envelope in it.
    pub seq: u64,
    /// Heads of the document.
    pub heads: Vec<Hash>,
    /// The document, or its genesis change where nothing has been written.
    pub bytes: Vec<u8>,
    /// Each actor's newest signature.
    pub tips: Vec<WireTip>,
}

struct Reader {
    /// Number of the last envelope this connection has been given.
    sent: u64,
    /// Whether a snapshot goes first.
    cold: bool,
}

/// What the relay's keeper lends to a connection that has room for it.
pub trait Lend {
    /// Envelopes of a document numbered above `after`, in order, up to about `bytes` of them, at least one where there is one.
    fn log(&mut self, doc: &Id, after: u64, bytes: usize) -> Vec<Envelope>;
    /// The newest snapshot of a document; where nothing has been written, its genesis change. `None` where it cannot be read.
    fn snapshot(&mut self, doc: &Id) -> Option<Snapshot>;
}

/// One connection of a participant, as the relay sees it.
pub struct Session {
    device: Id,
    person: Id,
    welcomed: bool,
    /// What the participant can do.
    features: Features,
    open: BTreeMap<Id, Reader>,
    behind: BTreeSet<Id>,
    turn: Id,
    answers: VecDeque<Frame>,
    /// Parts of one snapshot that wait to be sent: a reader has one at a time, however many documents it opens.
    parts: VecDeque<Frame>,
    closing: bool,
    /// What was said last of each document, until it is left. In memory alone.
    said: BTreeMap<Id, Presence>,
}

impl Session {
    /// A connection whose token named this device of this person.
    pub fn new(device: Id, person: Id) -> Session {
        Session {
            device,
            person,
            welcomed: false,
            features: Features::default(),
            open: BTreeMap::new(),
            behind: BTreeSet::new(),
            turn: [0; 16],
            answers: VecDeque::new(),
            parts: VecDeque::new(),
            closing: false,
            said: BTreeMap::new(),
        }
    }

    /// The device.
    pub fn device(&self) -> Id {
        self.device
    }

    /// Whose it is.
    pub fn person(&self) -> Id {
        self.person
    }

    /// Whether the connection should end when [`Session::next`] has nothing left.
    pub fn is_closing(&self) -> bool {
        self.closing
    }

    /// Whether the document is open here.
    pub fn has_open(&self, doc: &Id) -> bool {
        self.open.contains_key(doc)
    }

    /// The documents open here.
    pub fn documents(&self) -> impl Iterator<Item = &Id> {
        self.open.keys()
    }

    /// One frame from the participant.
    pub fn receive(&mut self, frame: Frame) -> Option<Ask> {
        if self.closing {
            return None;
        }
        if !self.welcomed {
            return match frame {
                Frame::Hello(hello) if hello.version == VERSION && hello.device_id == self.device => {
                    self.welcomed = true;
                    self.features = hello.features.clone();
                    Some(Ask::Hello(hello))
                }
                Frame::Hello(hello) if hello.version != VERSION => {
                    self.close(
                        code::VERSION,
                        "This relay speaks openpep/1. Ask whoever keeps your device to update pep.",
                    );
                    None
                }
                _ => self.out_of_order(),
            };
        }
        match frame {
            Frame::Child { child } => Some(Ask::Child(child)),
            Frame::Start { start } => Some(Ask::Start(start)),
            Frame::Readers { doc, number, roles } => Some(Ask::Readers { doc, seen: number, roles }),
            Frame::Open { doc, cursor } => {
                if self.open.len() >= OPEN_MAX && !self.open.contains_key(&doc) {
                    self.error(code::BUSY, "Too many documents are open on this connection.", Some(doc));
                    return None;
                }
                Some(Ask::Open { doc, cursor })
            }
            Frame::Close { doc } => {
                self.shut(&doc);
                None
            }
            Frame::Push { doc, envelopes } => {
                if envelopes.iter().any(|e| e.0.doc != doc) {
                    return self.out_of_order();
                }
                Some(Ask::Push { doc, envelopes: envelopes.into_iter().map(|w| w.0).collect() })
            }
            Frame::Heard { doc, hashes } => {
                Some(Ask::Heard { doc, hashes: hashes.iter().map(|h| h.into_array()).collect() })
            }
            Frame::Act { id, act, sig } => Some(Ask::Act { id, act, sig }),
            Frame::Presence(p) => {
                // What a sender says of itself is not believed: the relay knows whose connection this is.
                let p = Presence { person: self.person, device: self.device, ..p };
                let room = self.said.len() < PRESENT_MAX || self.said.contains_key(&p.doc);
                if !self.open.contains_key(&p.doc) || !p.is_bounded() || !room {
                    return None;
                }
                if p.state == Doing::Left {
                    self.said.remove(&p.doc);
                } else {
                    self.said.insert(p.doc, p.clone());
                }
                Some(Ask::Presence(p))
            }
            Frame::Error { .. } => {
                self.closing = true;
                Some(Ask::Close)
            }
            Frame::Hello(_)
            | Frame::Welcome(_)
            | Frame::Documents { .. }
            | Frame::Snapshot { .. }
            | Frame::Log { .. }
            | Frame::Receipt { .. }
            | Frame::Held { .. }
            | Frame::Released { .. }
            | Frame::Undecided { .. }
            | Frame::Roster(_)
            | Frame::Entries { .. }
            | Frame::Listing { .. }
            | Frame::Mark(_)
            | Frame::Acted { .. }
            | Frame::Gone { .. } => self.out_of_order(),
        }
    }

    /// Answers `hello`; limits and features are this program's.
    pub fn welcome(&mut self, welcome: Welcome) {
        let features = Features::ours();
        self.answer(Frame::Welcome(Welcome { limits: Limits::default(), features, ..welcome }));
    }

    /// Whether both sides can do what that word stands for.
    pub fn has(&self, feature: &str) -> bool {
        self.features.has(feature) && Features::ours().has(feature)
    }

    /// Queues entries of the directory, with which the participant has it up to `version`.
    pub fn entries(&mut self, version: u64, entries: &[Entry]) {
        let parts = pack(entries, Entry::weight);
        let count = parts.len() as u32;
        for (part, bytes) in (0..).zip(parts) {
            self.answer(Frame::Entries { version, part, parts: count, bytes });
        }
    }

    /// Queues documents that may be opened: all of them, or those that are new or otherwise.
    pub fn listing(&mut self, whole: bool, list: &[Listed]) {
        let parts = pack(list, Listed::weight);
        let count = parts.len() as u32;
        for (part, bytes) in (0..).zip(parts) {
            self.answer(Frame::Listing { whole, part, parts: count, bytes });
        }
    }

    /// Queues a frame (documents, roster, presence …).
    pub fn answer(&mut self, frame: Frame) {
        if self.answers.len() >= ANSWERS_MAX {
            if matches!(frame, Frame::Presence(_)) {
                return;
            }
            self.answers.clear();
            self.close(code::STOPPING, "This connection does not read. Come back, and go on from your cursor.");
            return;
        }
        self.answers.push_back(frame);
    }

    /// The document may be read: from `after` on, or, where the reader has nothing of it, from a snapshot on.
    pub fn opened(&mut self, doc: Id, after: Option<u64>) {
        self.parts.retain(|part| !matches!(part, Frame::Snapshot { doc: of, .. } if *of == doc));
        self.open.insert(doc, Reader { sent: after.unwrap_or(0), cold: after.is_none() });
        self.behind.insert(doc);
    }

    /// The log of an open document has grown.
    pub fn grown(&mut self, doc: &Id) {
        if self.open.contains_key(doc) {
            self.behind.insert(*doc);
        }
    }

    /// An envelope that this connection brought is on disk here, as number `seq`.
    pub fn receipt(&mut self, doc: Id, hash: Hash, epoch: Id, seq: u64) {
        if let Some(reader) = self.open.get_mut(&doc)
            && reader.sent + 1 == seq
            && !reader.cold
        {
            // It need not be sent back: the receipt stands for it.
            reader.sent = seq;
        }
        self.answer(Frame::Receipt { doc, hash, epoch, seq });
    }

    /// Who reads a document from here on: the answer to whoever chose.
    pub fn chosen(&mut self, doc: Id, chosen: Chosen) {
        self.answer(Frame::Readers { doc, number: chosen.number, roles: chosen.roles });
    }

    /// The document is not this person's, or never was.
    pub fn gone(&mut self, doc: Id) {
        self.shut(&doc);
        self.answer(Frame::Gone { doc });
    }

    /// Nothing more of the document goes to this connection, what was about to go included.
    fn shut(&mut self, doc: &Id) {
        self.open.remove(doc);
        self.behind.remove(doc);
        self.said.remove(doc);
        self.answers.retain(|answer| !matches!(answer, Frame::Presence(presence) if presence.doc == *doc));
        self.parts.retain(|part| !matches!(part, Frame::Snapshot { doc: of, .. } if of == doc));
    }

    /// Something was wrong; the connection closes where the code says so.
    pub fn error(&mut self, code: &str, detail: &str, doc: Option<Id>) {
        if code::closes(code) {
            return self.close(code, detail);
        }
        let doc = doc.map(ByteArray::new);
        self.answer(Frame::Error { code: code.into(), detail: detail.into(), retry_after_ms: None, doc });
    }

    /// Says why and closes.
    pub fn close(&mut self, code: &str, detail: &str) {
        self.closing = true;
        if code == code::REVOKED {
            // Nothing more goes to it, what was about to be said included.
            self.answers.clear();
        }
        self.answers.push_back(Frame::Error {
            code: code.into(),
            detail: detail.into(),
            retry_after_ms: (code == code::STOPPING).then_some(1_000),
            doc: None,
        });
    }

    /// The next frame to send, if there is one: answers first, then the logs of documents that have grown, in turn.
    pub fn next(&mut self, shelf: &mut dyn Lend) -> Option<Frame> {
        if let Some(answer) = self.answers.pop_front() {
            return Some(answer);
        }
        if self.closing {
            return None;
        }
        if let Some(part) = self.parts.pop_front() {
            return Some(part);
        }
        while let Some(doc) = self.after_turn() {
            self.turn = doc;
            if self.open.get(&doc).is_some_and(|reader| reader.cold) {
                match shelf.snapshot(&doc) {
                    Some(snapshot) if snapshot.tips.iter().all(|tip| self.can_read(tip.incarnation.is_some())) => {
                        return self.begin(doc, snapshot);
                    }
                    Some(_) => return Some(self.too_new(doc)),
                    None => self.behind.remove(&doc),
                };
                continue;
            }
            let mut envelopes = self.open.get(&doc).map(|r| shelf.log(&doc, r.sent, PAGE_BYTES)).unwrap_or_default();
            if let Some(unread) = envelopes.iter().position(|envelope| !self.can_read(envelope.incarnation.is_some())) {
                if unread == 0 {
                    return Some(self.too_new(doc));
                }
                envelopes.truncate(unread);
            }
            let Some(reader) = self.open.get_mut(&doc).filter(|_| !envelopes.is_empty()) else {
                self.behind.remove(&doc);
                continue;
            };
            let from = reader.sent + 1;
            reader.sent += envelopes.len() as u64;
            return Some(Frame::Log { doc, from, envelopes: envelopes.into_iter().map(Wire).collect() });
        }
        None
    }

    /// Whether the device's program can read an envelope or tip, which names its incarnation or does not.
    fn can_read(&self, names_incarnation: bool) -> bool {
        !names_incarnation || self.has(feature::ENVELOPE_2)
    }

    /// Goes on with no more of a document whose log this device's program cannot read on, and says so.
    fn too_new(&mut self, doc: Id) -> Frame {
        self.shut(&doc);
        Frame::Error {
            code: code::NEWER.into(),
            detail: "A plan holds changes by a newer program than this device has. Update pep on this device: what you write meanwhile is kept here, and shared after that.".into(),
            retry_after_ms: None,
            doc: Some(ByteArray::new(doc)),
        }
    }

    /// Cuts a snapshot into parts, and gives the first.
    fn begin(&mut self, doc: Id, snapshot: Snapshot) -> Option<Frame> {
        let parts = snapshot.bytes.chunks(SNAPSHOT_PART_BYTES);
        let count = parts.len() as u32;
        for (part, bytes) in parts.enumerate() {
            // Heads and tips stand in the last part: they are needed when all is there.
            let last = part as u32 + 1 == count;
            self.parts.push_back(Frame::Snapshot {
                doc,
                seq: snapshot.seq,
                heads: if last { snapshot.heads.iter().map(|h| ByteArray::new(*h)).collect() } else { Vec::new() },
                part: part as u32,
                parts: count,
                bytes: ByteBuf::from(bytes),
                tips: if last { snapshot.tips.clone() } else { Vec::new() },
            });
        }
        if let Some(reader) = self.open.get_mut(&doc) {
            *reader = Reader { sent: snapshot.seq, cold: false };
        }
        self.parts.pop_front()
    }

    /// The document after the one served last, so that a busy one does not starve the rest.
    fn after_turn(&self) -> Option<Id> {
        let after = (Bound::Excluded(self.turn), Bound::Unbounded);
        self.behind.range(after).next().or_else(|| self.behind.first()).copied()
    }

    /// Where this connection's person is in a document, as it said last: whoever opens the document is told at once.
    pub fn said(&self, doc: &Id) -> Option<&Presence> {
        self.said.get(doc)
    }

    /// What the others are told when this connection ends.
    pub fn leave(&self) -> Vec<Presence> {
        let left =
            |said: &Presence| Presence { field: None, caret: None, heads: None, state: Doing::Left, ..said.clone() };
        self.said.values().map(left).collect()
    }

    fn out_of_order(&mut self) -> Option<Ask> {
        self.close(
            code::ORDER,
            "That message is out of place here. The first one is hello, with this device's own id.",
        );
        None
    }
}
