//! The relay without a socket and without a clock: frames, commands and moments go in, frames come out.
//!
//! One thread owns it ([`disk::DocumentThread`]), or a simulation. Each lot of work is any number of [`Relay::connect`],
//! [`Relay::receive`], [`Relay::disconnect`], [`Relay::drained`] …, then one [`Relay::settle`]: it puts everything staged on the
//! disk with one sync, and only then fills the connections' queues. So nobody is told of anything that is not on disk,
//! whichever verb brought it.

use std::collections::{BTreeMap, BTreeSet};

use gate::{Envelope, Id, PublicKey, Refusal};
use plan::Processes;
use replica::{Offered, Replica, Trouble};
use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use sync::{
    SignedRoster,
    directory::{Entry, Subject},
    feature::{ENTRIES, MARKS},
    frame::{
        Cursor, FRAME_BYTES_MAX, Frame, FrameError, Hello, Listed, Presence, QUEUE_FRAMES_MAX, Start, Welcome, code,
    },
    link::Link,
    relay::{Ask, Lend, Session, Snapshot},
    voucher::Voucher,
};
use tokio::sync::mpsc::{Sender, error::TrySendError};

mod acts;
mod entries;
mod held;
mod incarnations;
mod key;
mod put_back;

pub use acts::{ACT_SECONDS_MAX, ACTS_PER_DAY_MAX};
pub use incarnations::INCARNATIONS_PER_DAY_MAX;
pub use key::newest as newest_key;

use crate::{
    directory::{Directory, Joining, Refused, Standing, day, from_cbor, text, to_cbor},
    error::Error,
    pace::Turn,
    pep,
    sessions::Marks,
};

/// Connections at once: ten thousand participants, at about 20 kB each while they are quiet.
pub const CONNECTIONS_MAX: usize = 10_000;
/// Connections of one device: the program, a command beside it, and lines that broke and are not yet known to have.
pub const DEVICE_CONNECTIONS_MAX: usize = 4;
/// Envelopes by which a log outgrows its snapshot before another is made: as many as a cold join may well read.
pub const SNAPSHOT_AFTER: u64 = 64;
/// Seconds without a change after which a document counts as quiet, so that its snapshot lasts a while.
pub const QUIET_SECONDS: i64 = 60;

/// Presence frames taken from one connection within a second: a person with a few plans on screen says a handful. What
/// comes faster is passed over; devices say it again.
pub const PRESENCE_PER_SECOND_MAX: u32 = 32;

/// Documents named to one person at the most, the newest terms first: so many fit into one frame.
pub const LISTED_MAX: usize = 6_000;
/// Bytes of a roster that a frame carries, beside the rest of it. A longer one is had over HTTP.
pub const ROSTER_BYTES_MAX: usize = FRAME_BYTES_MAX - 64 * 1024;

/// For so long after a relay was put back, in seconds, what participants bring of others is judged by every role that its author ever
/// had: three days, so that a weekend passes. Whatever comes later waits for the Virtual School, which can take it in.
pub const RESTORING_SECONDS_MAX: i64 = 3 * 24 * 60 * 60;

/// A fact: until when that holds.
const RESTORING: &[u8] = b"relay/restoring";
/// A fact of relays before: that the same held, for ever.
const LOG_WAS_CUT: &[u8] = b"relay/cut";
/// A fact: what the Virtual School was called when that was looked at last.
const ORGANISATION: &[u8] = b"relay/organisation";
/// Facts: epochs that this relay began.
const EPOCHS: &[u8] = b"relay/epochs/";

/// Fills a slice with randomness.
pub type Random = Box<dyn FnMut(&mut [u8]) + Send>;

/// Where participants reach this relay, as links name it. Kept as a fact, so that invitations can be made while it is down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// `HOST:PORT`.
    pub authority: String,
    /// SHA-256 of the certificate's public key; `None` for a plain line.
    pub pin: Option<ByteArray<32>>,
    /// Whether the next start will listen there too (port 0 chooses anew).
    pub lasting: bool,
}

/// What has passed since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections now.
    pub connections: u64,
    /// Documents kept.
    pub documents: u64,
    /// Envelopes that were new.
    pub accepted: u64,
    /// Envelopes that were here already.
    pub known: u64,
    /// Envelopes refused and kept.
    pub refused: u64,
    /// Envelopes sent.
    pub sent: u64,
    /// Lots written to the disk.
    pub commits: u64,
    /// Bytes of frames received.
    pub bytes_in: u64,
    /// Bytes of frames sent.
    pub bytes_out: u64,
    /// Entries of the directory that were signed.
    pub entries_signed: u64,
    /// Entries of the directory that were sent.
    pub entries_sent: u64,
}

/// Why an envelope is held, and the envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The refusal's code.
    pub code: String,
    /// The refusal in words.
    pub detail: String,
    /// The device that brought it.
    pub device: ByteArray<16>,
    /// When, in Unix seconds.
    pub at: i64,
    /// The envelope as it came.
    #[serde(with = "serde_bytes")]
    pub envelope: Vec<u8>,
}

/// Everything of one relay.
pub struct Relay {
    replica: Replica,
    directory: Directory,
    key: Ed25519KeyPair,
    vouchers: Vec<Voucher>,
    id: Id,
    organisation: String,
    epoch: Id,
    address: Option<Address>,
    config: Option<String>,
    serving: bool,
    random: Random,
    lines: BTreeMap<u64, Line>,
    /// Connections of each device.
    lines_of: BTreeMap<Id, BTreeSet<u64>>,
    /// Connections that have each document open.
    readers: BTreeMap<Id, BTreeSet<u64>>,
    /// Connections that may have something to send.
    ready: BTreeSet<u64>,
    growth: BTreeMap<Id, Growth>,
    /// Days on which a device's connection stands in the audit.
    seen: BTreeMap<Id, String>,
    begun: incarnations::Begun,
    acts: acts::Acts,
    today: String,
    counts: Counts,
    dirty: bool,
    /// Connections that are to be told again what they may open, of those children at least.
    relist: BTreeMap<u64, BTreeSet<Id>>,
    /// Entries of the directory as they were signed: the same bytes go to everybody.
    signed: BTreeMap<Subject, Entry>,
    /// Refused changes.
    held: held::Book,
    /// Until when this relay takes back what its logs lost: it was put back.
    restoring: Option<i64>,
    /// Connections that are to hear how much it has now.
    unmarked: BTreeSet<u64>,
    /// What it has said of that since it was opened.
    said: put_back::Said,
    failed: bool,
    stopping: bool,
}

struct Line {
    session: Session,
    out: Sender<Vec<u8>>,
    welcomed: bool,
    /// Version of the roster it was sent last.
    roster: u64,
    /// Of documents and actors of this line's device: the first number that came by another line while this one stood.
    crossed: BTreeMap<(Id, Id), u64>,
    /// When it last heard how much there is, in Unix seconds.
    marked: i64,
    /// The second in which it last said where its person is, and how often in it.
    said: (i64, u32),
}

/// How a document stands to its snapshot.
#[derive(Default)]
struct Growth {
    /// Number of the last envelope in the kept snapshot, or in one that could not be made.
    covered: u64,
    /// When its log last grew, in Unix seconds.
    at: i64,
    /// Whether somebody has opened it without a cursor since.
    cold: bool,
}

impl Relay {
    /// Begins from what the relay's replica holds. `key` signs rosters; `organisation` is the Virtual School's name,
    /// `processes` those that a PEP may begin under here. Where what it is kept on is new, copied or restored, a new epoch begins here, before anything else is written.
    pub fn open(
        replica: Replica,
        processes: Processes,
        key: Ed25519KeyPair,
        organisation: &str,
        random: Random,
        now: i64,
    ) -> Result<Relay, Trouble> {
        let directory = Directory::read(&replica, processes)?;
        let epoch =
            replica.fact(b"relay/epoch")?.and_then(|e| Id::try_from(e).ok()).filter(|_| replica.is_continuous());
        let address = replica.fact(b"relay/address")?.map(|a| from_cbor(&a)).transpose()?;
        let fresh = epoch.is_none();
        let before = replica.fact(b"relay/epoch")?.and_then(|e| Id::try_from(e).ok());
        let records = replica.records();
        let restoring = replica.fact(RESTORING)?.map(|until| from_cbor(&until)).transpose()?;
        let was_cut = replica.fact(LOG_WAS_CUT)?.is_some();
        let documents = replica.documents()?.len() as u64;
        let vouchers = key::read(&replica)?;
        let mut relay = Relay {
            replica,
            directory,
            id: key::id(&key, &vouchers),
            key,
            vouchers,
            organisation: organisation.to_string(),
            epoch: epoch.unwrap_or_default(),
            address,
            config: None,
            serving: false,
            random,
            lines: BTreeMap::new(),
            lines_of: BTreeMap::new(),
            readers: BTreeMap::new(),
            ready: BTreeSet::new(),
            growth: BTreeMap::new(),
            seen: BTreeMap::new(),
            begun: incarnations::Begun::default(),
            acts: acts::Acts::default(),
            today: day(now),
            counts: Counts { documents, ..Counts::default() },
            dirty: false,
            relist: BTreeMap::new(),
            signed: BTreeMap::new(),
            held: held::Book::default(),
            restoring,
            unmarked: BTreeSet::new(),
            said: put_back::Said::after(records),
            failed: false,
            stopping: false,
        };
        relay.held = held::Book::read(&relay.replica)?;
        if was_cut {
            relay.replica.set_fact(LOG_WAS_CUT, None);
            relay.directory.audit(now, None, "ended restoring", &[]);
        }
        if fresh {
            relay.begin_epoch(now);
            if let Some(before) = before {
                relay.was_put_back(&before, "disk", now);
            }
        }
        relay.directory.heads_have_every_child(now);
        let named = relay.replica.fact(ORGANISATION)?.and_then(|name| String::from_utf8(name).ok());
        if named.as_deref() != Some(organisation) {
            relay.replica.set_fact(ORGANISATION, Some(organisation.as_bytes()));
            relay.directory.is_called(named.as_deref(), organisation);
        }
        relay.keep()?;
        // A crash in the middle of a start leaves the PEP known and a document missing.
        for start in relay.directory.peps().map(|pep| pep.start.clone()).collect::<Vec<_>>() {
            for part in pep::parts(&start, relay.directory.processes()).unwrap_or_default() {
                relay.counts.documents += u64::from(relay.replica.start(&part.doc, &part.genesis)?);
            }
        }
        Ok(relay)
    }

    /// The relay's id.
    pub fn id(&self) -> Id {
        self.id
    }

    /// What challenges and session tokens of this relay are marked with.
    pub fn marks(&self) -> Marks {
        Marks::of(&self.key)
    }

    /// The relay's public key.
    pub fn key(&self) -> PublicKey {
        replica::public_key(&self.key)
    }

    /// The life of its logs.
    pub fn epoch(&self) -> Id {
        self.epoch
    }

    /// The Virtual School's name.
    pub fn organisation(&self) -> &str {
        &self.organisation
    }

    /// Who is who.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The logs, for reading.
    pub fn replica(&self) -> &Replica {
        &self.replica
    }

    /// Heads of a document and how far its log is.
    pub fn standing(&mut self, doc: &Id) -> Result<replica::Standing, Trouble> {
        self.replica.standing(doc)
    }

    /// What has passed since the start.
    pub fn counts(&self) -> Counts {
        Counts { connections: self.lines.len() as u64, ..self.counts }
    }

    /// Whether it takes in and gives out: not while stopping, nor after the disk has failed.
    pub fn is_ready(&self) -> bool {
        !self.failed && !self.stopping
    }

    /// Where participants reach it, as it last served.
    pub fn address(&self) -> Option<&Address> {
        self.address.as_ref()
    }

    /// The configuration's text, for a backup.
    pub fn config(&self) -> Option<&str> {
        self.config.as_deref()
    }

    /// Whether participants reach it now at [`Relay::address`].
    pub fn is_serving(&self) -> bool {
        self.serving
    }

    /// It serves from here on, at this address, with this configuration's text.
    pub fn serve_at(&mut self, address: Address, config: Option<String>) -> Result<(), Trouble> {
        self.serving = true;
        self.config = config;
        self.reached_at(address)
    }

    /// Says where participants reach it, or will when it serves.
    pub fn reached_at(&mut self, address: Address) -> Result<(), Trouble> {
        if self.address.as_ref() != Some(&address) {
            self.replica.set_fact(b"relay/address", Some(&to_cbor(&address)));
            self.address = Some(address);
            self.keep()?;
        }
        Ok(())
    }

    /// Changes the directory and puts that on the disk before it returns. A refusal has changed nothing.
    pub fn administer<T>(&mut self, change: impl FnOnce(&mut Directory) -> Result<T, Refused>) -> Result<T, Error> {
        let done = change(&mut self.directory)?;
        self.keep()?;
        Ok(done)
    }

    /// Uses an invitation: the person and the new device's id, enrolled and on the disk.
    pub fn join(&mut self, joining: &Joining, now: i64) -> Result<(sync::roster::Person, Id), Error> {
        let keys = self.keys();
        self.administer(|directory| directory.join(&keys, joining, now))
    }

    /// A new id for a person or child.
    pub fn new_id(&mut self) -> Id {
        let mut bytes = [0; 16];
        (self.random)(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().into_bytes()
    }

    /// A new one-time secret.
    pub fn new_secret(&mut self) -> [u8; 32] {
        let mut secret = [0; 32];
        (self.random)(&mut secret);
        secret
    }

    /// The link of an invitation. `None` before it is known where participants reach this relay.
    pub fn link(&self, secret: [u8; 32]) -> Option<Link> {
        let address = self.address.as_ref()?;
        let tls = address.pin.map(|pin| pin.into_array());
        Some(Link { address: address.authority.clone(), secret, relay_key: self.key(), tls })
    }

    /// What a device's person may know, signed.
    pub fn signed_roster(&self, person: &Id) -> SignedRoster {
        self.directory.roster(self.id, &self.organisation, person, &self.today).sign(&self.key)
    }

    /// Tells a device, over its own challenge, that it was revoked.
    pub fn sign_revoked(&self, challenge: &sync::identity::Secret, device: &Id) -> gate::Signature {
        let statement = sync::identity::revoked_statement(&self.key(), challenge, device);
        sync::identity::sign(&self.key, &statement)
    }

    // Connections.

    /// A connection stands whose token named `device`; what is to be sent to it goes to `out`, encoded, as it has room, and
    /// the connection ends when `out` is dropped here. `conn` is a number not used before.
    pub fn connect(&mut self, conn: u64, device: Id, out: Sender<Vec<u8>>) -> Result<(), Refused> {
        let person = self.directory.device(&device)?.person;
        if self.lines.len() >= CONNECTIONS_MAX {
            return Err(Refused::TooMany { what: "connections", limit: CONNECTIONS_MAX });
        }
        let others = self.lines_of.get(&device).filter(|others| others.len() >= DEVICE_CONNECTIONS_MAX);
        if let Some(oldest) = others.and_then(|others| others.first().copied()) {
            // Most likely it broke and nobody has noticed yet.
            self.close(oldest, code::STOPPING, "This device has connected again.");
        }
        let session = Session::new(device, person);
        self.lines.insert(
            conn,
            Line { session, out, welcomed: false, roster: 0, crossed: BTreeMap::new(), marked: 0, said: (0, 0) },
        );
        self.lines_of.entry(device).or_default().insert(conn);
        if self.failed || self.stopping {
            self.close(
                conn,
                code::STOPPING,
                "This relay is stopping. Your changes are kept on your device and go on later.",
            );
        }
        Ok(())
    }

    /// One frame's bytes from a connection, all its turns at once.
    pub fn receive(&mut self, conn: u64, bytes: &[u8], now: i64) {
        for turn in Turn::all(bytes) {
            self.take(conn, turn, now);
        }
    }

    /// One turn of what a connection brought.
    pub fn take(&mut self, conn: u64, turn: Turn, now: i64) {
        self.end_restoring(now);
        let Some(line) = self.lines.get_mut(&conn) else { return };
        self.ready.insert(conn);
        self.counts.bytes_in += turn.bytes as u64;
        let frame = match turn.frame {
            Ok(frame) => frame,
            Err(e @ FrameError::Unknown(_)) => return line.session.error(code::UNKNOWN, &e.to_string(), None),
            Err(e) => return line.session.error(code::FRAME, &e.to_string(), None),
        };
        match &frame {
            Frame::Close { doc } => drop(self.readers.entry(*doc).or_default().remove(&conn)),
            Frame::Presence(_) => {
                line.said = if line.said.0 == now { (now, line.said.1.saturating_add(1)) } else { (now, 1) };
                if line.said.1 > PRESENCE_PER_SECOND_MAX {
                    return;
                }
            }
            _ => {}
        }
        let frame = match frame {
            // Where somebody is in an annex is said in that annex, and no device of ours says it elsewhere.
            Frame::Presence(p) if p.is_bounded() => {
                let kind = self.directory.document(&p.doc).map_or("", |(_, kind)| kind);
                let field = p.field.filter(|field| pep::holds(kind, field));
                Frame::Presence(Presence { field, ..p })
            }
            frame => frame,
        };
        let Some(ask) = line.session.receive(frame) else { return };
        if self.failed {
            return;
        }
        let doc = match &ask {
            Ask::Open { doc, .. } | Ask::Push { doc, .. } | Ask::Readers { doc, .. } | Ask::Heard { doc, .. } => {
                Some(*doc)
            }
            Ask::Hello(_) | Ask::Child(_) | Ask::Start(_) | Ask::Act { .. } | Ask::Presence(_) | Ask::Close => None,
        };
        if let Err(trouble) = self.answer(conn, ask, now) {
            tracing::error!(conn, %trouble, "a frame could not be answered");
            self.failed |= self.replica.is_stopped();
            if let Some(session) = self.session(conn) {
                let said = "The relay could not read or write this. Ask whoever keeps it to run `pep-relay check`.";
                session.error(code::BUSY, said, doc);
            }
        }
    }

    /// A connection has ended.
    pub fn disconnect(&mut self, conn: u64) {
        let Some(line) = self.lines.remove(&conn) else { return };
        if let Some(others) = self.lines_of.get_mut(&line.session.device()) {
            others.remove(&conn);
            if others.is_empty() {
                self.lines_of.remove(&line.session.device());
            }
        }
        for doc in line.session.documents() {
            if let Some(readers) = self.readers.get_mut(doc) {
                readers.remove(&conn);
                if readers.is_empty() {
                    self.readers.remove(doc);
                }
            }
        }
        for presence in line.session.leave() {
            let doc = presence.doc;
            // A device that has connected again is still there.
            let again = self
                .readers_of(&doc)
                .any(|(_, other)| other.session.device() == presence.device && other.session.said(&doc).is_some());
            if !again {
                self.tell_others(conn, doc, &Frame::Presence(presence));
            }
        }
    }

    /// A connection's queue has room again.
    pub fn drained(&mut self, conn: u64) {
        self.ready.insert(conn);
    }

    /// Puts everything staged on the disk, then queues for each connection what it is to be told, as far as there is room.
    pub fn settle(&mut self, now: i64) {
        let today = day(now);
        if today != self.today && !self.failed {
            self.directory.new_day(&self.today, &today);
            self.today = today;
            self.begun.clear();
            if let Err(trouble) = self.forget_acts(now) {
                tracing::error!(%trouble, "what was done long ago could not be looked through");
            }
        }
        self.end_restoring(now);
        if !self.failed
            && let Err(trouble) = self.keep()
        {
            tracing::error!(%trouble, "the disk failed; nothing more is accepted");
        }
        if self.failed {
            self.fail();
        } else {
            self.tell_touched();
            self.tell_undecided();
            self.tell_mark(now);
            self.tell_acted();
        }
        while let Some(conn) = self.ready.pop_first() {
            self.fill(conn);
        }
    }

    /// Says farewell to everyone and takes nothing more in. The queues are filled by the next [`Relay::settle`].
    pub fn stop(&mut self) {
        self.stopping = true;
        let conns: Vec<u64> = self.lines.keys().copied().collect();
        for conn in conns {
            self.close(
                conn,
                code::STOPPING,
                "This relay is stopping. Your changes are kept on your device and go on later.",
            );
        }
    }

    /// Writes what the store still holds in memory. After it the process may end.
    pub fn finish(&mut self) -> Result<(), Trouble> {
        self.keep()?;
        self.replica.flush()
    }

    // Snapshots: made elsewhere, from what is lent here, and brought back.

    /// A document whose log has outgrown its snapshot and that was opened cold, or is quiet: its number of envelopes.
    pub fn snapshot_due(&mut self, now: i64) -> Option<(Id, u64)> {
        let due = self.growth.iter().filter(|(_, g)| g.cold || now - g.at >= QUIET_SECONDS).map(|(doc, _)| *doc);
        for doc in due.collect::<Vec<_>>() {
            let last = self.replica.last(&doc).unwrap_or(0);
            match self.growth.get(&doc) {
                Some(growth) if last >= growth.covered + SNAPSHOT_AFTER => return Some((doc, last)),
                // Small since; it is looked at again when it grows.
                _ => drop(self.growth.remove(&doc)),
            }
        }
        None
    }

    /// Takes a snapshot in; `None` where `doc` could not be made into one at `last` envelopes.
    pub fn keep_snapshot(&mut self, doc: &Id, last: u64, snapshot: Option<&Snapshot>) {
        let kept = snapshot.is_some_and(|s| self.replica.keep_relay_snapshot(doc, s).is_ok());
        tracing::info!(doc = text(doc), envelopes = last, kept, "snapshot");
        if let Some(growth) = self.growth.get_mut(doc) {
            *growth = Growth { covered: last, cold: false, ..*growth };
        }
    }

    // What a session asks.

    fn answer(&mut self, conn: u64, ask: Ask, now: i64) -> Result<(), Trouble> {
        let Some(line) = self.lines.get(&conn) else { return Ok(()) };
        let (device, person) = (line.session.device(), line.session.person());
        match ask {
            Ask::Hello(hello) => {
                if let Some(mark) = &hello.mark {
                    self.take_mark(conn, mark, now)?;
                }
                self.welcome(conn, &hello, now)?;
                // Once a day is enough for the record, and bounds it.
                if self.seen.get(&device) != Some(&self.today) {
                    self.seen.insert(device, self.today.clone());
                    self.directory.audit(now, Some(device), "connected", &[]);
                }
            }
            Ask::Child(child) => {
                if let Err(refused) = self.directory.add_child(&child, Some(device), now) {
                    self.refuse(conn, &refused, None);
                }
            }
            Ask::Start(start) => self.start(conn, &start, device, now)?,
            Ask::Readers { doc, seen, roles } => self.choose_readers(conn, doc, &roles, seen, now),
            Ask::Open { doc, cursor } => self.open_document(conn, doc, cursor, person)?,
            Ask::Push { doc, envelopes } => self.push(conn, doc, envelopes, now)?,
            Ask::Heard { doc, hashes } => self.heard(device, doc, &hashes, now),
            Ask::Act { id, act, sig } => self.act(conn, id, &act, &sig, now)?,
            Ask::Presence(presence) => self.tell_others(conn, presence.doc, &Frame::Presence(presence)),
            Ask::Close => {}
        }
        Ok(())
    }

    fn welcome(&mut self, conn: u64, hello: &Hello, now: i64) -> Result<(), Trouble> {
        let Some(line) = self.lines.get(&conn) else { return Ok(()) };
        let (person, has_entries, has_marks) =
            (line.session.person(), line.session.has(ENTRIES), line.session.has(MARKS));
        let version = self.directory.version();
        let older = !has_entries && version != hello.last_roster;
        let roster = if older { self.roster_frame(&person) } else { None };
        let mark = has_marks.then(|| self.mark());
        let unsettled = self.restoring.is_some();
        let welcome = Welcome { epoch: self.epoch, relay_id: self.id, roster, mark, unsettled, ..Welcome::default() };
        let list = if has_entries { self.listing(&person)? } else { self.listed(&person)? };
        let entries = if has_entries { self.entries_after(&person, hello.directory) } else { Vec::new() };
        if let Some(line) = self.lines.get_mut(&conn) {
            (line.welcomed, line.marked) = (true, now);
            line.roster = version;
            line.session.welcome(welcome);
            if has_entries {
                line.session.entries(version, &entries);
            }
        }
        // First: whoever has the list of documents and lacks none of them may take itself for in step, and go.
        self.tell_held(conn);
        if let Some(line) = self.lines.get_mut(&conn) {
            match has_entries {
                true => line.session.listing(true, &list),
                false => line.session.answer(Frame::Documents { list }),
            }
        }
        Ok(())
    }

    fn start(&mut self, conn: u64, start: &Start, device: Id, now: i64) -> Result<(), Trouble> {
        match self.directory.start(start, &device, now) {
            Ok(parts) => {
                // Before its documents in the journal: none is ever there without its PEP.
                self.stage();
                for (doc, genesis) in parts {
                    self.counts.documents += u64::from(self.replica.start(&doc, &genesis)?);
                }
                // Told once for a whole lot: a device that comes with 200 plans is not sent 200 growing lists.
                self.relist.entry(conn).or_default().insert(start.child);
            }
            Err(refused) => self.refuse(conn, &refused, None),
        }
        Ok(())
    }

    fn choose_readers(&mut self, conn: u64, doc: Id, roles: &[String], seen: u64, now: i64) {
        let Some(line) = self.lines.get_mut(&conn) else { return };
        let (device, person) = (line.session.device(), line.session.person());
        if !self.directory.may_open(&person, &doc, &self.today) {
            return line.session.gone(doc);
        }
        match self.directory.choose(&doc, roles, seen, &device, (now, &self.today)) {
            // Before what follows from it: whoever chose others and not themselves hears that it was taken, then that it is gone.
            Ok(chosen) => line.session.chosen(doc, chosen),
            Err(refused) => self.refuse(conn, &refused, Some(doc)),
        }
    }

    fn open_document(&mut self, conn: u64, doc: Id, cursor: Option<Cursor>, person: Id) -> Result<(), Trouble> {
        if !self.directory.may_open(&person, &doc, &self.today) {
            if let Some(session) = self.session(conn) {
                session.gone(doc);
            }
            return Ok(());
        }
        let after = match cursor {
            Some(cursor) if cursor.epoch == self.epoch => {
                let here = if cursor.seq == 0 { None } else { self.replica.hash(&doc, cursor.seq)? };
                let another = cursor.hash.is_some_and(|hash| here != Some(hash.into_array()));
                if cursor.seq > 0 && (here.is_none() || another) {
                    // Somebody's word, and no proof (`take_mark`): the document is read, and given back, from its start.
                    if let Some(session) = self.session(conn) {
                        session.error(code::MISSING, "The relay does not have what you last read from it.", Some(doc));
                    }
                    return Ok(());
                }
                Some(cursor.seq)
            }
            Some(_) => Some(0),
            None => None,
        };
        if after.is_none() {
            self.growth_of(&doc).cold = true;
        }
        let others = self.readers_of(&doc).filter(|(other, _)| *other != conn);
        let here: Vec<Frame> =
            others.filter_map(|(_, line)| line.session.said(&doc).cloned()).map(Frame::Presence).collect();
        self.readers.entry(doc).or_default().insert(conn);
        if let Some(session) = self.session(conn) {
            session.opened(doc, after);
            here.into_iter().for_each(|presence| session.answer(presence));
        }
        Ok(())
    }

    fn push(&mut self, conn: u64, doc: Id, envelopes: Vec<Envelope>, now: i64) -> Result<(), Trouble> {
        let Some(line) = self.lines.get_mut(&conn) else { return Ok(()) };
        let person = line.session.person();
        // Who has left may still hand in what they wrote: it is kept for others to decide about.
        if self.directory.standing(&person, &doc, &self.today) == Standing::Stranger {
            line.session.gone(doc);
            return Ok(());
        }
        let envelopes = self.within_day(conn, doc, envelopes)?;
        let (mut late, mut fit) = (Vec::new(), Vec::new());
        for envelope in envelopes {
            let is_late = self.is_late(&doc, &envelope, &person)?;
            (if is_late { &mut late } else { &mut fit }).push(envelope);
        }
        let before = self.replica.ledger_of(&doc)?.last();
        let mut lacking = self.take_in(conn, doc, fit, now)?;
        while let Some(actor) = late.first().map(|envelope| envelope.actor) {
            let (chain, others) = late.into_iter().partition(|e| e.actor == actor);
            lacking.extend(self.hold(conn, doc, chain, held::Why::Late, now)?);
            late = others;
        }
        // Some may build on what is held now.
        if !lacking.is_empty() && !self.take_in(conn, doc, lacking, now)?.is_empty() {
            let said = "The relay lacks changes that these build on. Your program offers them first.";
            if let Some(session) = self.session(conn) {
                session.error(code::MISSING, said, Some(doc));
            }
        }
        if self.replica.ledger_of(&doc)?.last() > before {
            self.grown(&doc, now);
        }
        Ok(())
    }

    /// How often a document was moved to a newer version of its process.
    fn steps(&mut self, doc: &Id) -> Result<u64, Trouble> {
        Ok(self.replica.ledger_of(doc)?.index().extensions())
    }

    /// Passes envelopes through the gate; holds what it refuses. Gives back those whose past is not here at all.
    fn take_in(&mut self, conn: u64, doc: Id, envelopes: Vec<Envelope>, now: i64) -> Result<Vec<Envelope>, Trouble> {
        let restored_by = self.restored_by(conn);
        let mut queue = envelopes;
        let mut lacking = Vec::new();
        while !queue.is_empty() {
            // What moves the document on changes who may write where in what comes after it.
            let moves = queue.iter().position(|envelope| envelope.actor == plan::BEGINNING);
            let later = moves.map_or_else(Vec::new, |at| queue.split_off(at + 1));
            let steps = self.steps(&doc)?;
            let Some(authority) = self.directory.authority(&doc, steps, &self.today) else { break };
            let authority = authority.restoring(restored_by);
            let (offered, refusal) = self.replica.offer(&doc, &queue, &authority, None)?;
            let mut rest = queue.split_off(offered.len());
            rest.extend(later);
            for (envelope, taken) in queue.iter().zip(&offered) {
                let (Offered::New(number) | Offered::Known(number)) = taken;
                match taken {
                    Offered::New(_) => {
                        self.dirty = true;
                        self.counts.accepted += 1;
                        self.begun.took_in(envelope);
                        let others = self.lines_of.get(&envelope.device).into_iter().flatten();
                        for other in others.filter(|other| **other != conn) {
                            if let Some(line) = self.lines.get_mut(other) {
                                line.crossed.entry((doc, envelope.actor)).or_insert(envelope.seq);
                            }
                        }
                    }
                    Offered::Known(_) => self.counts.known += 1,
                }
                let epoch = self.epoch;
                if let Some(line) = self.lines.get_mut(&conn) {
                    line.session.receipt(doc, envelope.hash, epoch, *number);
                    self.unmarked.insert(conn);
                }
            }
            let (Some(refusal), Some(first)) = (refusal, rest.first()) else {
                queue = rest;
                continue;
            };
            // What follows in the same chain shares the fate of its first; other authors' work goes on.
            let actor = first.actor;
            if self.has_forked(conn, &doc, first, &refusal) && self.directory.lock(&first.device, &doc, now).is_ok() {
                tracing::warn!(device = text(&first.device), doc = text(&doc), "a device has forked, and is locked");
            }
            let (chain, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|e| e.actor == actor);
            lacking.extend(match refusal.is_missing() {
                true if !self.builds_on_held(&doc, &refusal) => chain,
                true => self.hold(conn, doc, chain, held::Why::Behind, now)?,
                false => self.hold(conn, doc, chain, held::Why::Refused(refusal), now)?,
            });
            queue = others;
        }
        Ok(lacking)
    }

    /// Whether a device has signed two different changes under one number, and knew it.
    ///
    /// That it has done so by itself proves little: on a restored backup, or a copied disk, a device does not hold what it
    /// wrote last, and uses that number again. But such a device reads the log before it pushes, finds its own change there,
    /// and goes on under another actor; so what comes here is a fork only if the number came by another of the device's
    /// lines while this line stood, as two copies of one disk do that meet for the first time. Anything else is a program
    /// that signs what it likes.
    fn has_forked(&self, conn: u64, doc: &Id, envelope: &Envelope, refusal: &Refusal) -> bool {
        let (Refusal::Equivocation { seq } | Refusal::Chain { seq }) = refusal else { return false };
        let line = self.lines.get(&conn).filter(|line| line.session.device() == envelope.device);
        line.is_some_and(|line| line.crossed.get(&(*doc, envelope.actor)).is_none_or(|first| first > seq))
    }

    /// Whose colleagues' work a connection brings back, where the log was cut off: it was judged when it came first.
    fn restored_by(&self, conn: u64) -> Option<Id> {
        self.lines.get(&conn).filter(|_| self.restoring.is_some()).map(|line| line.session.person())
    }

    // What follows from it.

    /// A document's log has grown: whoever has it open is to be sent the rest.
    fn grown(&mut self, doc: &Id, now: i64) {
        self.growth_of(doc).at = now;
        for conn in self.readers.get(doc).into_iter().flatten() {
            if let Some(line) = self.lines.get_mut(conn) {
                line.session.grown(doc);
                self.ready.insert(*conn);
            }
        }
    }

    fn growth_of(&mut self, doc: &Id) -> &mut Growth {
        let replica = &self.replica;
        self.growth.entry(*doc).or_insert_with(|| {
            let kept = replica.relay_snapshot(doc).ok().flatten().map_or(0, |s| s.seq);
            // One beyond the log's end is another log's.
            let covered = if replica.last(doc).is_ok_and(|last| kept <= last) { kept } else { 0 };
            Growth { covered, at: 0, cold: false }
        })
    }

    /// Connections that have a document open.
    fn readers_of(&self, doc: &Id) -> impl Iterator<Item = (u64, &Line)> {
        let conns = self.readers.get(doc).into_iter().flatten();
        conns.filter_map(|conn| Some((*conn, self.lines.get(conn)?)))
    }

    fn tell_others(&mut self, conn: u64, doc: Id, frame: &Frame) {
        for other in self.readers.get(&doc).into_iter().flatten().filter(|other| **other != conn) {
            if let Some(line) = self.lines.get_mut(other) {
                line.session.answer(frame.clone());
                self.ready.insert(*other);
            }
        }
    }

    /// Those for whom the directory has changed are told: roster, documents, what is no longer theirs.
    fn tell_touched(&mut self) {
        let touched = self.directory.take_touched();
        let changed = self.directory.take_changed();
        let relist = std::mem::take(&mut self.relist);
        if touched.is_empty() && changed.is_empty() && relist.is_empty() {
            return;
        }
        let conns: Vec<u64> = self.lines.keys().copied().collect();
        for conn in conns {
            let Some(line) = self.lines.get(&conn) else { continue };
            let (device, person) = (line.session.device(), line.session.person());
            let (has_entries, welcomed) = (line.session.has(ENTRIES), line.welcomed);
            let again = relist.get(&conn);
            if touched.contains(&person) {
                if let Err(refused) = self.directory.device(&device) {
                    self.close(conn, code::REVOKED, &refused.to_string());
                    continue;
                }
                self.tell_gone(conn, &person);
            }
            match welcomed {
                true if has_entries => self.tell_entries(conn, &person, &changed, again),
                true if again.is_some() || touched.contains(&person) => self.tell_roster(conn, &person),
                _ => {}
            }
        }
    }

    /// A connection whose person may not read some document any more hears it, of those it has open.
    fn tell_gone(&mut self, conn: u64, person: &Id) {
        let Some(line) = self.lines.get(&conn) else { return };
        let lost = |doc: &&Id| !self.directory.may_open(person, doc, &self.today);
        let lost: Vec<Id> = line.session.documents().filter(lost).copied().collect();
        for doc in &lost {
            self.readers.entry(*doc).or_default().remove(&conn);
        }
        if let Some(line) = self.lines.get_mut(&conn).filter(|_| !lost.is_empty()) {
            lost.into_iter().for_each(|doc| line.session.gone(doc));
            self.ready.insert(conn);
        }
    }

    /// To who knows no entries: a whole roster where it is newer, and the whole list of documents.
    fn tell_roster(&mut self, conn: u64, person: &Id) {
        let version = self.directory.version();
        let newer = self.lines.get(&conn).is_some_and(|line| line.roster < version);
        let roster = if newer { self.roster_frame(person) } else { None };
        let list = self.listed(person).unwrap_or_default();
        if let Some(line) = self.lines.get_mut(&conn) {
            line.roster = version;
            roster.into_iter().for_each(|roster| line.session.answer(Frame::Roster(roster)));
            line.session.answer(Frame::Documents { list });
            self.ready.insert(conn);
        }
    }

    /// The disk has failed: what was to be said may not be true, so everyone hears that instead, and goes.
    fn fail(&mut self) {
        for (conn, line) in &mut self.lines {
            line.session = Session::new(line.session.device(), line.session.person());
            line.session.close(code::STORAGE, "The relay's disk has failed. Your changes are kept on your device and go on when its keeper has put it right.");
            self.ready.insert(*conn);
        }
        self.readers.clear();
    }

    /// Queues frames while the connection has room; ends it where it was closing and has nothing more.
    fn fill(&mut self, conn: u64) {
        let Some(line) = self.lines.get_mut(&conn) else { return };
        let mut shelf = Shelf { replica: &self.replica, trouble: None };
        let ended = loop {
            let permit = match line.out.try_reserve() {
                Ok(permit) => permit,
                Err(full_or_closed) => break full_or_closed == TrySendError::Closed(()),
            };
            let Some(frame) = line.session.next(&mut shelf) else { break line.session.is_closing() };
            if let Frame::Log { envelopes, .. } = &frame {
                self.counts.sent += envelopes.len() as u64;
            }
            let bytes = frame.encode();
            self.counts.bytes_out += bytes.len() as u64;
            permit.send(bytes);
        };
        if let Some(trouble) = shelf.trouble {
            tracing::error!(conn, %trouble, "a log could not be read");
            if let Some(session) = self.session(conn) {
                session.close(
                    code::STOPPING,
                    "The relay could not read this plan. Ask whoever keeps it to run `pep-relay check`.",
                );
            }
            self.ready.insert(conn);
        } else if ended {
            self.disconnect(conn);
        }
    }

    /// Commits what is staged. After a failure nothing more is accepted until the next start has looked at the disk.
    fn keep(&mut self) -> Result<(), Trouble> {
        self.stage();
        let kept = self.replica.commit();
        self.failed |= kept.is_err();
        self.counts.commits += u64::from(std::mem::take(&mut self.dirty) && kept.is_ok());
        kept
    }

    fn stage(&mut self) {
        for (key, value) in self.directory.take_staged() {
            self.replica.set_fact(&key, Some(&value));
            self.dirty = true;
        }
    }

    /// A roster that goes into a frame; a longer one would end the connection.
    fn roster_frame(&self, person: &Id) -> Option<SignedRoster> {
        let roster = self.signed_roster(person);
        let fits = roster.payload.len() <= ROSTER_BYTES_MAX;
        if !fits {
            tracing::warn!(person = text(person), bytes = roster.payload.len(), "a roster is too long for a frame");
        }
        fits.then_some(roster)
    }

    /// One document as it is named to whoever may open it.
    fn one_listed(&self, (doc, kind, start): (Id, &str, &Start)) -> Result<Listed, Trouble> {
        let seq = self.replica.last(&doc)?;
        let readers = self.directory.chosen(&doc).cloned();
        Ok(Listed { doc, pep: start.pep, kind: kind.to_string(), seq, start: start.clone(), readers })
    }

    /// Documents that a person may open, as many as fit into one frame.
    fn listed(&self, person: &Id) -> Result<Vec<Listed>, Trouble> {
        let mut readable = self.directory.readable(person, &self.today);
        if readable.len() > LISTED_MAX {
            tracing::warn!(person = text(person), documents = readable.len(), "not all documents fit into a frame");
            // Terms sort as they follow one another: autumn, spring, summer.
            readable.sort_by(|a, b| b.2.term.cmp(&a.2.term));
            readable.truncate(LISTED_MAX);
        }
        readable.into_iter().map(|one| self.one_listed(one)).collect()
    }

    fn refuse(&mut self, conn: u64, refused: &Refused, doc: Option<Id>) {
        if let Some(session) = self.session(conn) {
            session.error(refused.code(), &refused.to_string(), doc);
        }
    }

    fn send(&mut self, conn: u64, frame: Frame) {
        if let Some(session) = self.session(conn) {
            session.answer(frame);
        }
    }

    fn close(&mut self, conn: u64, code: &str, detail: &str) {
        if let Some(session) = self.session(conn) {
            session.close(code, detail);
        }
        self.ready.insert(conn);
    }

    fn session(&mut self, conn: u64) -> Option<&mut Session> {
        self.lines.get_mut(&conn).map(|line| &mut line.session)
    }
}

/// Lends logs and snapshots to connections that have room for them.
struct Shelf<'a> {
    replica: &'a Replica,
    /// What could not be read.
    trouble: Option<Trouble>,
}

impl Lend for Shelf<'_> {
    fn log(&mut self, doc: &Id, after: u64, bytes: usize) -> Vec<Envelope> {
        self.replica.log(doc, after, bytes).unwrap_or_else(|trouble| {
            self.trouble = Some(trouble);
            Vec::new()
        })
    }

    fn snapshot(&mut self, doc: &Id) -> Option<Snapshot> {
        newest_snapshot(self.replica, doc).map_err(|trouble| self.trouble = Some(trouble)).ok()
    }
}

/// The newest kept snapshot, or the genesis alone.
fn newest_snapshot(replica: &Replica, doc: &Id) -> Result<Snapshot, Trouble> {
    // One that cannot be read is a lost cache, no more.
    if let Ok(Some(snapshot)) = replica.relay_snapshot(doc)
        && snapshot.seq <= replica.last(doc)?
    {
        return Ok(snapshot);
    }
    let bytes = replica.genesis(doc)?;
    let heads = gate::Index::new(&bytes).map_err(|_| Trouble::Damaged)?.heads();
    Ok(Snapshot { seq: 0, heads, bytes, tips: Vec::new() })
}

/// A queue for one connection.
pub fn queue() -> (Sender<Vec<u8>>, tokio::sync::mpsc::Receiver<Vec<u8>>) {
    tokio::sync::mpsc::channel(QUEUE_FRAMES_MAX)
}

/// A refusal as a sentence of its own.
fn sentence(refusal: &Refusal) -> String {
    let words = refusal.to_string();
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), letters.as_str()),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use replica::Mode;

    use super::*;
    use crate::directory::Invite;

    const NOW: i64 = 1_771_923_600;

    fn key(seed: u8) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
    }

    #[test]
    fn a_disk_that_fails_is_said_and_nothing_more_is_promised() {
        let home = tempfile::tempdir().unwrap();
        let store_key = Arc::new(disk::generate_key().unwrap());
        let (replica, _) = disk::open_replica(home.path(), Mode::Relay, &store_key).unwrap();
        let mut relay =
            Relay::open(replica, Processes::built_in().clone(), key(1), "Fernshire", Box::new(|b| b.fill(7)), NOW)
                .unwrap();
        let odile = Invite {
            name: "Odile Marrowfield".into(),
            role: "social-worker".into(),
            organisation: None,
            children: Vec::new(),
            expires: NOW + 60,
        };
        relay.administer(|d| d.invite(&odile, &[2; 32], [3; 16], NOW)).unwrap();
        let (device, public) = (key(4), replica::public_key(&key(4)));
        let mut sig = [0; 64];
        sig.copy_from_slice(device.sign(&sync::identity::join_statement(&relay.key(), &[2; 32], &public)).as_ref());
        let joining = Joining { secret: [2; 32], key: public, name: "a laptop".into(), sig };
        let (_, device) = relay.join(&joining, NOW).unwrap();
        let (out, mut heard) = queue();
        relay.connect(1, device, out).unwrap();
        // No record may be this long, so the journal refuses it as it would a disk's error.
        relay.replica.set_fact(b"too long", Some(&vec![0; 81 * 1024 * 1024]));
        let hello = Frame::Hello(sync::frame::Hello {
            version: 1,
            program: "story".into(),
            device_id: device,
            ..Default::default()
        });
        relay.receive(1, &hello.encode(), NOW);
        relay.settle(NOW);
        let said = Frame::decode(&heard.try_recv().unwrap());
        assert!(matches!(&said, Ok(Frame::Error { code, .. }) if code == code::STORAGE), "no welcome: {said:?}");
        assert!(heard.try_recv().is_err() && heard.is_closed());
        assert!(!relay.is_ready());
        assert!(relay.join(&joining, NOW).is_err() && relay.administer(|d| d.revoke(&device, NOW)).is_err());
    }
}
