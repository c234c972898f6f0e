//! The participant's half of a connection: frames in, what to do out. It holds no document and sends nothing by itself.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Envelope, Hash, Id, Tip};
use serde_bytes::ByteArray;

use crate::{
    directory::Entry,
    envelope::Wire,
    feature::Features,
    frame::{
        Chosen, Cursor, Frame, Hello, Limits, Listed, NewChild, NotDone, PAGE_BYTES, PAGE_ENVELOPES, Presence,
        SNAPSHOT_PARTS_MAX, Start, VERSION, Welcome, code,
    },
    mark::Mark,
    packed::{PARTS_MAX, unpack},
    roster::SignedRoster,
};

/// Envelopes of one document that may be on their way without a receipt: enough to keep the line full, few enough that a
/// cut connection repeats little.
pub const IN_FLIGHT_MAX: usize = 256;

/// What the host must do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are those of the frames they come from
pub enum Act {
    /// Send this frame.
    Send(Frame),
    /// The relay accepted the connection. A ledger of another epoch starts again ([`crate::Ledger::new_epoch`]).
    Welcome { epoch: Id, relay: Id, limits: Limits, unsettled: bool },
    /// Verify with the pinned key, and keep.
    Roster(SignedRoster),
    /// Verify with the pinned key, and keep the newest to be handed back.
    Mark(Mark),
    /// Verify each with the pinned key, and keep; complete up to that version with the last of them.
    Entries { entries: Vec<Entry>, complete: Option<u64> },
    /// What may be opened, the whole list.
    Documents(Vec<Listed>),
    /// What may be opened as well, or has become otherwise.
    Listing(Vec<Listed>),
    /// Pass through the gate, journal, then move the cursor to `seq` of the last.
    Take { doc: Id, from: u64, envelopes: Vec<Envelope> },
    /// Pass through the gate as a whole, journal, then set the cursor to `seq`.
    Snapshot { doc: Id, seq: u64, heads: Vec<Hash>, bytes: Vec<u8>, tips: Vec<Tip> },
    /// The relay has this envelope on disk; `cursor` where the receipt also moves it.
    Receipt { doc: Id, hash: Hash, cursor: Option<Cursor> },
    /// The relay refused and keeps these; those that `follows` only because they build on the others. To be answered with
    /// [`Session::heard`] once that is on the disk.
    Held { doc: Id, hashes: Vec<Hash>, follows: Vec<Hash>, code: String, detail: String },
    /// They were accepted after all, and follow in the log. To be answered likewise.
    Released { doc: Id, hashes: Vec<Hash> },
    /// So many refused changes of this document wait for this person's decision.
    Undecided { doc: Id, changes: u64 },
    /// Somebody else's presence.
    Presence(Presence),
    /// Who reads a document from here on: the answer to what this device chose.
    Readers { doc: Id, chosen: Chosen },
    /// What this device asked the directory for was done, or why it was not.
    Acted { id: Id, refused: Option<NotDone> },
    /// The document is not ours (any more).
    Gone(Id),
    /// The relay says that something was wrong.
    Trouble { code: String, detail: String, retry_after_ms: Option<u64>, doc: Option<Id> },
    /// End the connection and come back later.
    Close,
}

struct Reading {
    /// Number of the next envelope of the relay's log; `None` until a snapshot has come.
    next: Option<u64>,
    in_flight: BTreeSet<Hash>,
    parts: Vec<Vec<u8>>,
}

/// One connection of a participant. Made anew for each connection.
pub struct Session {
    epoch: Option<Id>,
    /// What the relay can do.
    features: Features,
    /// The part of each list in parts that comes next, and what of the documents has come.
    entries_next: u32,
    listing: (u32, Vec<Listed>),
    open: BTreeMap<Id, Reading>,
}

impl Session {
    /// Begins: returns the session and the first frame. `hello` says who it is and what it holds; version and features are this
    /// program's.
    pub fn begin(hello: Hello) -> (Session, Frame) {
        let hello = Frame::Hello(Hello { version: VERSION, features: Features::ours(), ..hello });
        let (entries_next, listing) = (0, (0, Vec::new()));
        (Session { epoch: None, features: Features::default(), entries_next, listing, open: BTreeMap::new() }, hello)
    }

    /// Whether both sides can do what that word stands for.
    pub fn has(&self, feature: &str) -> bool {
        self.features.has(feature) && Features::ours().has(feature)
    }

    /// Epoch of the relay's log, once welcomed.
    pub fn epoch(&self) -> Option<Id> {
        self.epoch
    }

    /// Whether the document is open on this connection.
    pub fn is_open(&self, doc: &Id) -> bool {
        self.open.contains_key(doc)
    }

    /// Opens a document at the ledger's cursor; one of another epoch asks from the start.
    pub fn open(&mut self, doc: Id, cursor: Option<Cursor>) -> Option<Frame> {
        let epoch = self.epoch?;
        let cursor = cursor.map(|c| if c.epoch == epoch { c } else { Cursor::new(epoch, 0) });
        let reading = Reading { next: cursor.map(|c| c.seq + 1), in_flight: BTreeSet::new(), parts: Vec::new() };
        self.open.insert(doc, reading);
        Some(Frame::Open { doc, cursor })
    }

    /// Closes a document: what is still on its way in it is passed over.
    pub fn close(&mut self, doc: Id) -> Option<Frame> {
        self.open.remove(&doc).map(|_| Frame::Close { doc })
    }

    /// Registers a document that may not be opened (any more), so that what waits in it can be pushed all the same: its
    /// author has left, and the relay keeps that for others to decide about.
    pub fn hand_in(&mut self, doc: Id) {
        // No log ever follows number 0, so whatever the relay says of it but a receipt is out of order.
        self.open.entry(doc).or_insert(Reading { next: Some(0), in_flight: BTreeSet::new(), parts: Vec::new() });
    }

    /// Says that what was told of these changes is on the disk.
    pub fn heard(doc: Id, hashes: &[Hash]) -> Frame {
        Frame::Heard { doc, hashes: hashes.iter().map(|h| ByteArray::new(*h)).collect() }
    }

    /// Makes a child or a PEP known. Repeating it is harmless.
    pub fn child(child: NewChild) -> Frame {
        Frame::Child { child }
    }

    /// Makes a PEP known. Repeating it is harmless.
    pub fn start(start: Start) -> Frame {
        Frame::Start { start }
    }

    /// Chooses who reads a document; `seen` is what stood there as far as this device knows. Repeating it is harmless.
    pub fn readers(doc: Id, seen: Option<&Chosen>, roles: Vec<String>) -> Frame {
        Frame::Readers { doc, number: seen.map_or(0, |seen| seen.number), roles }
    }

    /// Of the waiting envelopes, those that may be pushed now, as hashes in order. The host fetches the bodies and hands
    /// them to [`Session::push`].
    pub fn room<'a>(&self, doc: &Id, waiting: impl Iterator<Item = (u64, &'a Hash)>) -> Vec<u64> {
        let Some(reading) = self.open.get(doc).filter(|r| r.next.is_some()) else { return Vec::new() };
        if reading.in_flight.len() >= IN_FLIGHT_MAX {
            return Vec::new();
        }
        waiting
            .filter(|(_, h)| !reading.in_flight.contains(*h))
            .take(IN_FLIGHT_MAX.saturating_sub(reading.in_flight.len()))
            .map(|(n, _)| n)
            .collect()
    }

    /// Frames that push `envelopes`, filled to a page each.
    pub fn push(&mut self, doc: Id, envelopes: Vec<Envelope>) -> Vec<Frame> {
        let Some(reading) = self.open.get_mut(&doc) else { return Vec::new() };
        reading.in_flight.extend(envelopes.iter().map(|e| e.hash));
        pages(envelopes.into_iter().map(Wire)).map(|envelopes| Frame::Push { doc, envelopes }).collect()
    }

    /// Whether anything pushed here still lacks its receipt.
    pub fn in_flight(&self) -> usize {
        self.open.values().map(|r| r.in_flight.len()).sum()
    }

    /// One frame from the relay.
    pub fn receive(&mut self, frame: Frame) -> Vec<Act> {
        let Some(epoch) = self.epoch else {
            return match frame {
                Frame::Welcome(Welcome { epoch, relay_id, limits, roster, features, mark, unsettled }) => {
                    self.epoch = Some(epoch);
                    self.features = features;
                    let mut acts = vec![Act::Welcome { epoch, relay: relay_id, limits, unsettled }];
                    acts.extend(mark.map(Act::Mark));
                    acts.extend(roster.map(Act::Roster));
                    acts
                }
                Frame::Error { code, detail, retry_after_ms, doc } => trouble(code, detail, retry_after_ms, doc),
                _ => out_of_order(),
            };
        };
        match frame {
            Frame::Documents { list } => vec![Act::Documents(list)],
            Frame::Roster(roster) => vec![Act::Roster(roster)],
            Frame::Mark(mark) => vec![Act::Mark(mark)],
            Frame::Entries { version, part, parts, bytes } => {
                let in_turn = part == self.entries_next && part < parts && parts <= PARTS_MAX;
                let Some(entries) = unpack(&bytes).ok().filter(|_| in_turn) else { return out_of_order() };
                let last = part + 1 == parts;
                self.entries_next = if last { 0 } else { part + 1 };
                vec![Act::Entries { entries, complete: last.then_some(version) }]
            }
            Frame::Listing { whole, part, parts, bytes } => {
                let in_turn = part == self.listing.0 && part < parts && parts <= PARTS_MAX;
                let Some(list) = unpack(&bytes).ok().filter(|_| in_turn) else { return out_of_order() };
                self.listing.1.extend::<Vec<Listed>>(list);
                self.listing.0 += 1;
                if part + 1 < parts {
                    return Vec::new();
                }
                let (_, list) = std::mem::take(&mut self.listing);
                vec![if whole { Act::Documents(list) } else { Act::Listing(list) }]
            }
            Frame::Log { doc, from, envelopes } => self.log(doc, from, envelopes),
            Frame::Snapshot { doc, seq, heads, part, parts, bytes, tips } => {
                let Some(reading) = self.open.get_mut(&doc) else { return Vec::new() };
                let in_turn = reading.parts.len() == part as usize && parts <= SNAPSHOT_PARTS_MAX && part < parts;
                if reading.next.is_some() || !in_turn {
                    return out_of_order();
                }
                reading.parts.push(bytes.into_vec());
                if part + 1 < parts {
                    return Vec::new();
                }
                let bytes = std::mem::take(&mut reading.parts).concat();
                reading.next = Some(seq + 1);
                vec![Act::Snapshot {
                    doc,
                    seq,
                    heads: heads.iter().map(|h| h.into_array()).collect(),
                    bytes,
                    tips: tips.iter().map(Tip::from).collect(),
                }]
            }
            Frame::Receipt { doc, hash, epoch: of, seq } => {
                let Some(reading) = self.open.get_mut(&doc) else { return Vec::new() };
                reading.in_flight.remove(&hash);
                // A receipt in turn stands for the log's entry: the relay does not send an envelope back to its bringer.
                let in_turn = of == epoch && reading.next == Some(seq);
                if in_turn {
                    reading.next = Some(seq + 1);
                }
                vec![Act::Receipt { doc, hash, cursor: in_turn.then(|| Cursor::at(epoch, seq, hash)) }]
            }
            Frame::Held { doc, hashes, code, detail, follows } => {
                let plain =
                    |hashes: Vec<ByteArray<32>>| -> Vec<Hash> { hashes.iter().map(|h| h.into_array()).collect() };
                let (hashes, follows) = (plain(hashes), plain(follows));
                if let Some(reading) = self.open.get_mut(&doc) {
                    for h in &hashes {
                        reading.in_flight.remove(h);
                    }
                }
                vec![Act::Held { doc, hashes, follows, code, detail }]
            }
            Frame::Released { doc, hashes } => {
                vec![Act::Released { doc, hashes: hashes.iter().map(|h| h.into_array()).collect() }]
            }
            Frame::Undecided { doc, changes } => vec![Act::Undecided { doc, changes }],
            Frame::Presence(presence) => vec![Act::Presence(presence)],
            Frame::Readers { doc, number, roles } => {
                vec![Act::Readers { doc, chosen: Chosen { number, roles, by: None } }]
            }
            Frame::Acted { id, refused } => vec![Act::Acted { id, refused }],
            Frame::Gone { doc } => {
                self.open.remove(&doc);
                vec![Act::Gone(doc)]
            }
            Frame::Error { code, detail, retry_after_ms, doc } => {
                // What was on its way for that document is offered again.
                if let Some(reading) = doc.and_then(|d| self.open.get_mut(&d.into_array())) {
                    reading.in_flight.clear();
                }
                trouble(code, detail, retry_after_ms, doc)
            }
            Frame::Hello(_)
            | Frame::Welcome(_)
            | Frame::Child { .. }
            | Frame::Start { .. }
            | Frame::Open { .. }
            | Frame::Close { .. }
            | Frame::Heard { .. }
            | Frame::Act { .. }
            | Frame::Push { .. } => out_of_order(),
        }
    }

    fn log(&mut self, doc: Id, from: u64, envelopes: Vec<Wire>) -> Vec<Act> {
        let Some(reading) = self.open.get_mut(&doc) else { return Vec::new() };
        if reading.next != Some(from) || envelopes.iter().any(|e| e.0.doc != doc) {
            return out_of_order();
        }
        reading.next = Some(from + envelopes.len() as u64);
        for e in &envelopes {
            reading.in_flight.remove(&e.0.hash);
        }
        vec![Act::Take { doc, from, envelopes: envelopes.into_iter().map(|w| w.0).collect() }]
    }
}

/// Groups envelopes into pages of [`PAGE_BYTES`] and [`PAGE_ENVELOPES`]; an envelope larger than a page goes alone.
pub(crate) fn pages(envelopes: impl Iterator<Item = Wire>) -> impl Iterator<Item = Vec<Wire>> {
    let mut envelopes = envelopes.peekable();
    std::iter::from_fn(move || {
        let mut page = vec![envelopes.next()?];
        let mut bytes = page.iter().map(Wire::weight).sum::<usize>();
        while page.len() < PAGE_ENVELOPES
            && let Some(next) = envelopes.next_if(|e| bytes + e.weight() <= PAGE_BYTES)
        {
            bytes += next.weight();
            page.push(next);
        }
        Some(page)
    })
}

fn trouble(
    code: String,
    detail: String,
    retry_after_ms: Option<u64>,
    doc: Option<serde_bytes::ByteArray<16>>,
) -> Vec<Act> {
    let closes = code::closes(&code);
    let mut acts = vec![Act::Trouble { code, detail, retry_after_ms, doc: doc.map(|d| d.into_array()) }];
    if closes {
        acts.push(Act::Close);
    }
    acts
}

fn out_of_order() -> Vec<Act> {
    let detail = "That message is out of place here. The relay and this program disagree; the connection starts again.";
    vec![
        Act::Send(Frame::Error { code: code::ORDER.into(), detail: detail.into(), retry_after_ms: None, doc: None }),
        Act::Close,
    ]
}
