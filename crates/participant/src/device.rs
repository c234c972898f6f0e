//! What this device holds and how it talks to its relay, without a socket and without a clock: frames and moments go in,
//! frames come out. One thread owns it (`disk::DocumentThread`); commands, pages and the line to the relay send it work.

mod held;
mod numbers;
mod presence;
mod readers;
mod revoked;
mod typed;
mod unshared;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use chrono::{DateTime, NaiveDate};
use gate::{Author, Hash, Id, Rules, Team};
use plan::{Answer, Applied, Automerge, DocumentKind, Documents, Edit, Pep, Refused, Role, Signing, View, Who, Writer};
use replica::{Replica, Signer, Trouble};
use ring::signature::Ed25519KeyPair;
use serde::{Deserialize, Serialize};
use sync::{
    Cursor, Frame, Roster, SignedRoster,
    frame::{Listed, NewChild, QUEUE_FRAMES_MAX, Start, code},
    participant::{Act, IN_FLIGHT_MAX, Session},
};
use uuid::Uuid;

use crate::pieces::pieces;

pub use held::{Held, Said, Waiting, Why};
use presence::Here;
use readers::Readers;

pub use presence::{Present, Spot};
pub use readers::{NotChosen, Unshared};
pub use revoked::Revoked;
pub use typed::Typed;
use unshared::Counted;
pub use unshared::Waits;

/// What this program calls itself in `hello`.
pub const PROGRAM: &str = concat!("pep/", env!("CARGO_PKG_VERSION"));

/// How often being in step is written down, in seconds: it is shown in minutes, and each time costs a write to the disk.
const LAST_SYNC_EVERY: i64 = 10;

/// How often one document's log is read again from its start on one connection.
const READ_AGAIN_MAX: u32 = 4;
/// Facts that stand beside the plans begin so: settings, the PIN.
const KEPT: &[u8] = b"kept/";

/// Who uses this device, and which relay it belongs to. Kept as a fact; made by joining.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The person.
    #[serde(with = "serde_bytes")]
    pub person: Id,
    /// Name.
    pub name: String,
    /// School, council or agency.
    pub organisation: Option<String>,
    /// Main role, by its name in the contract.
    pub role: String,
    /// This device.
    #[serde(with = "serde_bytes")]
    pub device: Id,
    /// The relay.
    pub relay: Relay,
}

/// The relay that this device joined, and what it is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay {
    /// `wss://host:port`, or `ws://` on this machine alone.
    pub url: String,
    /// Its id.
    #[serde(with = "serde_bytes")]
    pub id: Id,
    /// The key that signs rosters; pinned by the invitation.
    #[serde(with = "serde_bytes")]
    pub key: gate::PublicKey,
    /// SHA-256 of its certificate's public key; pinned by the invitation. None on a plain loopback line.
    pub tls: Option<serde_bytes::ByteArray<32>>,
    /// What it calls itself.
    pub name: String,
}

/// The state of the line to the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// No connection now.
    Offline,
    /// The relay has welcomed this device.
    Connected,
    /// The relay does not let this device in; why, in its words.
    Refused(String),
}

/// What passed over one connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Envelopes of this device that the relay has said it has.
    pub sent: u64,
    /// Envelopes that came.
    pub received: u64,
}

impl Traffic {
    /// What passed since `before`; all of it where another connection has taken the place of that one.
    pub fn since(self, before: Traffic) -> Traffic {
        let less = |now: u64, then: u64| now.checked_sub(then).unwrap_or(now);
        Traffic { sent: less(self.sent, before.sent), received: less(self.received, before.received) }
    }
}

struct Connection {
    session: Session,
    out: VecDeque<Frame>,
    listed: Option<BTreeMap<Id, Listed>>,
    /// How far each open document's log has been read: asked after every frame, so kept here.
    read: BTreeMap<Id, u64>,
    announced: BTreeSet<Id>,
    gone: BTreeSet<Id>,
    /// Documents whose log was closed until a newer roster comes, and the version of the one that was not enough.
    doubted: BTreeMap<Id, u64>,
    /// Documents whose log this device could not take; they are left alone until the next connection.
    stuck: BTreeSet<Id>,
    /// How often each document's log has been read again from its start on this connection.
    again: BTreeMap<Id, u32>,
    /// How often each document has been set right after a refusal on this connection.
    rebased: BTreeMap<Id, u32>,
    /// What is to be said to have been heard, once it is on the disk.
    heard: Vec<(Id, Vec<Hash>)>,
    /// Children and PEPs that the relay did not take in.
    refused: u32,
    /// Documents of children that the roster held here does not name: without it nobody's changes in them can be believed.
    wants_roster: bool,
    traffic: Traffic,
    close: bool,
    /// The relay says that this device was revoked.
    revoked: bool,
    retry_after_ms: u64,
}

/// Everything of one device.
pub struct Device {
    replica: Replica,
    me: Option<Me>,
    roster: Roster,
    peps: BTreeMap<Id, Pep>,
    documents: BTreeMap<Id, (Id, DocumentKind)>,
    /// Who may write where, by process, version and kind of document; read when first asked for.
    rules: BTreeMap<(String, u32, DocumentKind), Arc<Rules>>,
    connection: Option<Connection>,
    line: Line,
    here: Here,
    readers: Readers,
    counted: Counted,
    /// Whether the line ended while both sides held the same.
    ended_in_step: bool,
    words: Vec<String>,
    /// Changes of this person that were refused, by number.
    refused: BTreeMap<u64, Held>,
    /// That the relay has revoked this device.
    revoked: Option<Revoked>,
    changed: u64,
    /// An evenly spread number, another at each use.
    chance: u64,
    last_sync: Option<i64>,
    /// Today as the last call's `now` says, `YYYY-MM-DD`.
    day: String,
}

impl Device {
    /// Begins from what this device's replica holds. `key`: this device's, where it has joined. `chance`: an evenly spread number.
    pub fn open(mut replica: Replica, key: Option<Ed25519KeyPair>, chance: u64) -> Result<Device, Trouble> {
        let me: Option<Me> = read_fact(&replica, b"me")?;
        if let (Some(me), Some(key)) = (&me, key) {
            let incarnation = replica.incarnation(chance)?;
            replica.set_signer(Signer { key, device: me.device, person: me.person, incarnation });
        }
        let roster = match &me {
            Some(me) => read_fact::<SignedRoster>(&replica, b"roster")?.and_then(|r| r.verify(&me.relay.key)),
            None => None,
        }
        .unwrap_or_default();
        let last_sync = read_fact(&replica, b"last-sync")?;
        let readers = Readers::read(&replica.facts(Readers::FACTS)?);
        let mut device = Device {
            replica,
            me,
            roster,
            peps: BTreeMap::new(),
            documents: BTreeMap::new(),
            rules: BTreeMap::new(),
            connection: None,
            line: Line::Offline,
            here: Here::default(),
            readers,
            counted: Counted::default(),
            ended_in_step: false,
            words: Vec::new(),
            refused: BTreeMap::new(),
            revoked: None,
            changed: 0,
            chance,
            last_sync,
            day: String::new(),
        };
        device.refused = held::kept(&device.replica)?;
        for (_, value) in device.replica.facts(b"pep/")? {
            if let Some(pep) = from_cbor::<Start>(&value).as_ref().and_then(pep_of) {
                device.know(pep);
            }
        }
        Ok(device)
    }

    /// Makes this device that person's, for that relay. Joining again with the same key keeps the incarnation: numbers that
    /// this device has used stay used.
    pub fn join(&mut self, me: Me, key: Ed25519KeyPair, roster: Option<SignedRoster>) -> Result<(), Trouble> {
        let same_device = self.me.as_ref().is_some_and(|before| before.device == me.device);
        if !same_device {
            self.replica.begin_incarnations();
        }
        let incarnation = self.replica.kept_incarnation()?;
        self.replica.set_fact(b"me", Some(&cbor(&me)));
        if let Some(verified) = roster.as_ref().and_then(|r| r.verify(&me.relay.key)) {
            self.roster = verified;
            self.replica.set_fact(b"roster", roster.map(|r| cbor(&r)).as_deref());
        }
        self.replica.commit()?;
        self.replica.set_signer(Signer { key, device: me.device, person: me.person, incarnation });
        self.me = Some(me);
        self.touch();
        Ok(())
    }

    /// Who uses this device; `None` before it has joined.
    pub fn me(&self) -> Option<&Me> {
        self.me.as_ref()
    }

    /// Who works with whom, as the relay last said.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The line to the relay.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// When this device was last in step with the relay, in Unix seconds.
    pub fn last_sync(&self) -> Option<i64> {
        self.last_sync
    }

    /// Something small that this device keeps beside the plans, by its name; `None` where there is none, or none that can be read.
    pub fn kept<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Result<Option<T>, Trouble> {
        read_fact(&self.replica, &[KEPT, name.as_bytes()].concat())
    }

    /// Whether there is something of that name, readable or not.
    pub fn is_kept(&self, name: &str) -> Result<bool, Trouble> {
        Ok(self.replica.fact(&[KEPT, name.as_bytes()].concat())?.is_some())
    }

    /// Keeps it; `None` forgets it. On the disk when this returns.
    pub fn keep<T: Serialize>(&mut self, name: &str, value: Option<&T>) -> Result<(), Trouble> {
        self.replica.set_fact(&[KEPT, name.as_bytes()].concat(), value.map(cbor).as_deref());
        self.replica.commit()?;
        self.touch();
        Ok(())
    }

    /// The documents.
    pub fn replica(&mut self) -> &mut Replica {
        &mut self.replica
    }

    /// Erases documents, so that nothing of them can be read here any more, with whatever key. This device moves on first: if it
    /// ever writes in one of them again, what it wrote there before is not known here.
    pub fn erase(&mut self, docs: &[Id]) -> Result<(), Trouble> {
        if self.replica.signer().is_some() {
            self.move_on()?;
        }
        docs.iter().try_for_each(|doc| self.replica.erase(doc))
    }

    /// All PEPs held here, in the order of their ids.
    pub fn peps(&self) -> impl Iterator<Item = &Pep> {
        self.peps.values()
    }

    /// One of them.
    pub fn pep(&self, id: &Uuid) -> Option<&Pep> {
        self.peps.get(id.as_bytes())
    }

    /// Children of this person's teams, and those added here that the relay does not know yet.
    pub fn children(&self) -> Result<Vec<sync::roster::Child>, Trouble> {
        let mut children = self.roster.children.clone();
        for child in self.new_children()? {
            if self.roster.child(&child.child).is_none() {
                children.push(sync::roster::Child {
                    id: child.child,
                    name: child.name,
                    dob: child.dob,
                    looked_after_since: child.looked_after_since,
                    emergency: child.emergency,
                });
            }
        }
        Ok(children)
    }

    /// Adds a child, with or without a connection.
    pub fn add_child(&mut self, child: NewChild) -> Result<(), Trouble> {
        self.replica.set_fact(&key(b"child/", &child.child), Some(&cbor(&child)));
        self.replica.commit()?;
        self.announce()?;
        self.touch();
        Ok(())
    }

    /// This person's role for a child on `day` (`YYYY-MM-DD`). For a child added here and not yet known to the relay: the
    /// main role, which the relay will give.
    pub fn role_for(&self, child: &Uuid, day: &str) -> Option<Role> {
        let me = self.me.as_ref()?;
        if self.roster.child(child.as_bytes()).is_none() {
            let added = matches!(self.replica.fact(&key(b"child/", child.as_bytes())), Ok(Some(_)));
            return added.then(|| me.role.parse().ok()).flatten();
        }
        // A membership that begins tomorrow counts: the relay's day may have begun before this device's.
        let tomorrow = day.parse::<NaiveDate>().ok().and_then(|d| d.succ_opt()).map(|d| d.to_string());
        let on = |day: &str| self.roster.role(child.as_bytes(), &me.person, day);
        on(day).or_else(|| on(tomorrow.as_deref()?))?.parse().ok()
    }

    /// Starts a PEP, with or without a connection; `false` where it is held already. `role`: this person's for the child.
    pub fn start_pep(&mut self, pep: &Pep, role: Role) -> Result<bool, Trouble> {
        let id = *pep.id().as_bytes();
        let new = !self.peps.contains_key(&id);
        if new {
            self.replica.set_fact(&key(b"pep/", &id), Some(&cbor(&start_of(pep))));
        }
        for kind in DocumentKind::ALL {
            let doc = *pep.document(*kind).as_bytes();
            if !self.reads(pep, *kind, role) {
                continue;
            }
            self.replica.start(&doc, &pep.genesis(*kind))?;
            self.documents.insert(doc, (id, *kind));
        }
        if new {
            self.replica.commit()?;
            self.peps.insert(id, pep.clone());
            self.announce()?;
            self.touch();
        }
        Ok(new)
    }

    /// Makes the edits in one document of a PEP, as one change that is on the disk when this returns. `now` in Unix seconds.
    pub fn edit(
        &mut self,
        pep: &Pep,
        kind: DocumentKind,
        role: Role,
        edits: &[Edit],
        now: i64,
    ) -> Result<Result<Applied, Refused>, Trouble> {
        let person = self.me.as_ref().map(|me| Uuid::from_bytes(me.person)).ok_or(Trouble::Unknown)?;
        let writer = Writer { person, role };
        let doc = *pep.document(kind).as_bytes();
        if self.readers.is_lost(&doc) {
            return Err(Trouble::Unknown);
        }
        let team = self.authority_as(&doc, Some(role));
        let mut done =
            self.replica.write(&doc, &team, |document| plan::apply(document, pep, kind, &writer, edits, now))?;
        if let (Err(Refused::TooMuchAtOnce { .. }), [edit]) = (&done, edits)
            && let Some(pieces) = self.in_pieces(pep, role, &person, edit)?
        {
            for piece in pieces {
                done = self
                    .replica
                    .write(&doc, &team, |document| plan::apply(document, pep, kind, &writer, &[piece], now))?;
                if done.is_err() {
                    break;
                }
            }
        }
        self.touch();
        Ok(done)
    }

    /// Signs the plan, as one change that is on the disk when this returns. `now` in Unix seconds.
    pub fn sign(
        &mut self,
        pep: &Pep,
        role: Role,
        signing: Signing<'_>,
        now: i64,
    ) -> Result<Result<Applied, Refused>, Trouble> {
        let person = self.me.as_ref().map(|me| Uuid::from_bytes(me.person)).ok_or(Trouble::Unknown)?;
        let (writer, main) = (Writer { person, role }, *pep.document(DocumentKind::Main).as_bytes());
        let team = self.authority_as(&main, Some(role));
        let done = self.replica.write(&main, &team, |document| plan::sign(document, pep, &writer, signing, now))?;
        self.touch();
        Ok(done)
    }

    /// A whole text that is too long for one change, as pieces. `None` for anything else.
    fn in_pieces(&mut self, pep: &Pep, role: Role, person: &Uuid, edit: &Edit) -> Result<Option<Vec<Edit>>, Trouble> {
        let (Edit::Rewrite { question, text } | Edit::Append { question, text }) = edit else { return Ok(None) };
        let view = self.view(pep, role)?;
        let before = match view.answers.get(question.as_str()) {
            Some(Answer::Text { text }) => text.as_str(),
            Some(Answer::Missing) => "",
            Some(Answer::Voices(voices)) => {
                voices.iter().find(|v| v.person == *person).map_or("", |voice| voice.text.as_str())
            }
            _ => return Ok(None),
        };
        let after = match edit {
            Edit::Append { .. } if !before.is_empty() && !before.ends_with('\n') => format!("{before}\n{text}"),
            Edit::Append { .. } => format!("{before}{text}"),
            _ => text.clone(),
        };
        Ok(Some(pieces(question, before, &after)))
    }

    /// The documents of a PEP that a role reads and this device holds, and who stands behind them. Copies: the device goes on
    /// writing meanwhile.
    pub fn papers(&mut self, pep: &Pep, role: Role) -> Result<Papers, Trouble> {
        let mut papers = Papers { documents: BTreeMap::new(), who: BTreeMap::new() };
        for kind in DocumentKind::ALL {
            let doc = *pep.document(*kind).as_bytes();
            if self.holds(pep, *kind, role) && self.replica.has(&doc)? {
                papers.documents.insert(*kind, self.replica.read(&doc, Clone::clone)?);
                for (actor, person) in self.authors(&doc)? {
                    papers.who.extend(self.who(&pep.child, &person).map(|who| (actor, who)));
                }
            }
        }
        Ok(papers)
    }

    /// A PEP as it is now, as far as a role reads it.
    pub fn view(&mut self, pep: &Pep, role: Role) -> Result<View, Trouble> {
        let papers = self.papers(pep, role)?;
        Ok(plan::read(papers.documents().ok_or(Trouble::Unknown)?, pep, &|actor| papers.author(actor)))
    }

    /// The same; `None` of one that is announced and has not arrived whole.
    pub fn view_if_here(&mut self, pep: &Pep, role: Role) -> Result<Option<View>, Trouble> {
        match self.view(pep, role) {
            Ok(view) => Ok(Some(view)),
            Err(Trouble::Unknown) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Reads one document as it is now.
    pub fn read<T>(&mut self, doc: &Id, f: impl FnOnce(&Automerge) -> T) -> Result<T, Trouble> {
        self.replica.read(doc, f)
    }

    /// The heads of one document.
    pub fn heads(&mut self, doc: &Id) -> Result<Vec<Hash>, Trouble> {
        Ok(self.replica.standing(doc)?.heads)
    }

    /// How far a PEP is shared.
    pub fn shared(&mut self, pep: &Pep) -> Result<Shared, Trouble> {
        let main = *pep.document(DocumentKind::Main).as_bytes();
        let mut shared = Shared { saved_heads: Vec::new(), shared_heads: Vec::new(), waiting: 0, held: 0 };
        for kind in DocumentKind::ALL {
            let doc = *pep.document(*kind).as_bytes();
            if !self.replica.has(&doc)? || self.readers.is_lost(&doc) {
                continue;
            }
            let standing = self.replica.standing(&doc)?;
            shared.waiting += standing.waiting;
            shared.held += self.refused_in(&doc);
            if doc == main {
                let waits = standing.waiting > 0;
                shared.shared_heads = if waits { self.heads_without_waiting(&doc)? } else { standing.heads.clone() };
                shared.saved_heads = standing.heads;
            }
        }
        Ok(shared)
    }

    /// Changes of all documents that the relay has not said it has.
    pub fn waiting(&mut self) -> Result<usize, Trouble> {
        let mut waiting = 0;
        for doc in self.replica.waiting()? {
            waiting += self.replica.standing(&doc)?.waiting;
        }
        Ok(waiting)
    }

    /// Which PEP and which of its documents an id stands for.
    pub fn document(&self, doc: &Id) -> Option<(&Pep, DocumentKind)> {
        let (pep, kind) = self.documents.get(doc)?;
        Some((self.peps.get(pep)?, *kind))
    }

    /// Who stands behind each actor of a document: actor to person. Kept from the moment their changes were let in; of what an
    /// earlier version let in, the team's devices are tried once.
    pub fn authors(&mut self, doc: &Id) -> Result<BTreeMap<Id, Id>, Trouble> {
        if !self.replica.unnamed(doc)?.is_empty() {
            let devices: Vec<Author> = self.authority(doc).authors.into_values().collect();
            self.replica.find_authors(doc, &devices)?;
        }
        Ok(self.replica.authors(doc)?.into_iter().map(|(actor, author)| (actor, author.person)).collect())
    }

    /// Things that happened on the line and that a person should hear of; each is given out once.
    pub fn take_words(&mut self) -> Vec<String> {
        std::mem::take(&mut self.words)
    }

    /// Rises whenever something that a page shows may have changed.
    pub fn changed(&self) -> u64 {
        self.changed
    }

    // The line.

    /// A connection stands: the frames to send begin with `hello`. `None` before this device has joined.
    pub fn connect(&mut self) -> Option<()> {
        let me = self.me.as_ref()?;
        self.here.cut();
        self.readers.cut();
        let (session, hello) = Session::begin(me.device, PROGRAM, self.roster.version);
        self.connection = Some(Connection {
            session,
            out: VecDeque::from([hello]),
            listed: None,
            read: BTreeMap::new(),
            announced: BTreeSet::new(),
            gone: BTreeSet::new(),
            doubted: BTreeMap::new(),
            stuck: BTreeSet::new(),
            again: BTreeMap::new(),
            rebased: BTreeMap::new(),
            heard: Vec::new(),
            refused: 0,
            wants_roster: false,
            traffic: Traffic::default(),
            close: false,
            revoked: false,
            retry_after_ms: 0,
        });
        Some(())
    }

    /// The connection has ended, or never stood.
    pub fn disconnect(&mut self, refused: Option<String>) {
        self.ended_in_step |= self.in_step().unwrap_or(false);
        self.connection = None;
        self.here.cut();
        self.line = refused.map_or(Line::Offline, Line::Refused);
        self.touch();
    }

    /// One frame's bytes from the relay.
    pub fn receive(&mut self, bytes: &[u8], now: i64) -> Result<(), Trouble> {
        self.day = day_of(now);
        let Some(connection) = self.connection.as_mut() else { return Ok(()) };
        let acts = match Frame::decode(bytes) {
            Ok(frame) => connection.session.receive(frame),
            // A newer relay may say more than this version knows.
            Err(sync::frame::FrameError::Unknown) => Vec::new(),
            Err(e) => {
                self.words
                    .push(format!("The relay sent something this program cannot read ({e}). It will connect again."));
                vec![Act::Close]
            }
        };
        for act in acts {
            self.act(act, now)?;
        }
        Ok(())
    }

    /// Puts on disk what came since the last call; then what follows from it may be sent. To be called after every lot of
    /// [`Device::receive`].
    pub fn settle(&mut self, now: i64) -> Result<(), Trouble> {
        self.day = day_of(now);
        self.replica.commit()?;
        self.tell_heard();
        self.announce()?;
        self.pump()?;
        if self.connection.as_ref().is_some_and(|c| c.session.in_flight() == 0) {
            self.give_up_left()?;
        }
        let ended_in_step = std::mem::take(&mut self.ended_in_step);
        let long_ago = self.last_sync.is_none_or(|last| (now - last).abs() >= LAST_SYNC_EVERY);
        if (long_ago && self.in_step()?) || ended_in_step {
            self.replica.set_fact(b"last-sync", Some(&cbor(&now)));
            self.replica.commit()?;
            self.last_sync = Some(now);
        }
        Ok(())
    }

    /// Up to `most` frames to send now, encoded.
    pub fn take_frames(&mut self, most: usize) -> Result<Vec<Vec<u8>>, Trouble> {
        self.pump()?;
        let Some(connection) = self.connection.as_mut() else { return Ok(Vec::new()) };
        let most = most.min(connection.out.len());
        Ok(connection.out.drain(..most).map(|f| f.encode()).collect())
    }

    /// Whether the line has anything to do: frames to send, a roster to fetch, an end to make.
    pub fn wants_line(&self) -> bool {
        self.connection.as_ref().is_some_and(|c| !c.out.is_empty() || c.close || c.wants_roster)
    }

    /// Whether the connection should be ended.
    pub fn wants_to_close(&self) -> bool {
        self.connection.as_ref().is_some_and(|c| c.close && c.out.is_empty())
    }

    /// How long the relay asked to be left alone before the next connection, in milliseconds.
    pub fn retry_after_ms(&self) -> u64 {
        self.connection.as_ref().map_or(0, |c| c.retry_after_ms)
    }

    /// What passed over this connection.
    pub fn traffic(&self) -> Traffic {
        self.connection.as_ref().map(|c| c.traffic).unwrap_or_default()
    }

    /// Whether this device and the relay hold the same, as far as this device may hold it.
    pub fn in_step(&self) -> Result<bool, Trouble> {
        let Some(connection) = &self.connection else { return Ok(false) };
        let Some(listed) = &connection.listed else { return Ok(false) };
        if !connection.out.is_empty() || connection.session.in_flight() > 0 || !connection.stuck.is_empty() {
            return Ok(false);
        }
        if listed.values().any(|l| connection.read.get(&l.doc).is_none_or(|read| *read < l.seq)) {
            return Ok(false);
        }
        // Something this device has and the relay has not.
        let unlisted = |doc: &Id| !listed.contains_key(doc) && !connection.gone.contains(doc);
        Ok(!self.documents.iter().any(|(doc, (pep, kind))| unlisted(doc) && self.is_ours(pep, *kind))
            && !self.replica.waiting()?.iter().any(|doc| listed.contains_key(doc) || self.may_hand_in(doc))
            && connection.heard.is_empty()
            && !self.has_to_give_up()?
            && !self.readers.waits()
            && self.new_children()?.iter().all(|c| self.roster.child(&c.child).is_some()))
    }

    /// Whether the line has come to something that waiting does not put right: the relay refused a child or a PEP, or sent
    /// what this device could not take.
    pub fn is_stuck(&self) -> bool {
        self.connection
            .as_ref()
            .is_some_and(|c| c.out.is_empty() && c.session.in_flight() == 0 && (c.refused > 0 || !c.stuck.is_empty()))
    }

    fn act(&mut self, act: Act, now: i64) -> Result<(), Trouble> {
        match act {
            Act::Send(frame) => self.send(frame),
            Act::Close => {
                if let Some(c) = self.connection.as_mut() {
                    c.close = true;
                }
            }
            Act::Welcome { relay, .. } => {
                if self.me.as_ref().is_some_and(|me| me.relay.id != relay) {
                    let words = "The relay at this address is not the one this device joined. Ask the Virtual School for a new link if it has changed its relay.";
                    self.words.push(words.into());
                    self.line = Line::Refused(words.into());
                    if let Some(c) = self.connection.as_mut() {
                        c.close = true;
                    }
                } else {
                    self.line = Line::Connected;
                    self.forget_undecided()?;
                }
                self.touch();
            }
            Act::Roster(signed) => self.take_roster(&signed)?,
            Act::Documents(list) => self.take_documents(list)?,
            Act::Take { doc, from, envelopes } => {
                let Some(epoch) = self.connection.as_ref().and_then(|c| c.session.epoch()) else { return Ok(()) };
                let authority = self.authority(&doc);
                let (offered, refused) =
                    self.replica.offer(&doc, &envelopes, &authority, Some(Cursor::new(epoch, from)))?;
                let new = envelopes.iter().zip(&offered).filter(|(_, o)| matches!(o, replica::Offered::New(_)));
                let new: Vec<Id> = new.map(|(e, _)| e.actor).collect();
                if let Some(c) = self.connection.as_mut() {
                    c.traffic.received += new.len() as u64;
                    if !offered.is_empty() {
                        c.read.insert(doc, from + offered.len() as u64 - 1);
                    }
                }
                // A change by the very actor this device writes with, and it does not hold it: this is an older copy of itself.
                if self.actor(&doc).is_some_and(|own| new.contains(&own)) {
                    self.move_on()?;
                }
                if let (Some(refusal), Some(envelope)) = (refused, envelopes.get(offered.len())) {
                    self.could_not_take(&doc, envelope, &refusal)?;
                }
                self.touch();
            }
            Act::Snapshot { doc, seq, bytes, tips, .. } => {
                let Some(epoch) = self.connection.as_ref().and_then(|c| c.session.epoch()) else { return Ok(()) };
                let authority = self.authority(&doc);
                let own = self.actor(&doc);
                let taken = self.replica.take_snapshot(&doc, Cursor::new(epoch, seq), bytes, &tips, &authority)?;
                match taken {
                    // Something was written here while the snapshot was on its way: the log is read from its start.
                    Ok(()) if self.replica.standing(&doc)?.cursor.is_none() => self.open_line(&doc)?,
                    Ok(()) => {
                        if let Some(c) = self.connection.as_mut() {
                            c.traffic.received += seq;
                            c.read.insert(doc, seq);
                        }
                        if tips.iter().any(|t| Some(t.actor) == own) {
                            self.move_on()?;
                        }
                    }
                    Err(refusal) if refusal.rests_on_the_roster() && self.wait_for_roster(doc) => {}
                    Err(refusal) => {
                        self.words.push(format!(
                            "The relay's copy of a plan did not pass this device's own checks ({}). It was not taken; whoever keeps the relay should run `pep-relay check`.",
                            refusal.code()
                        ));
                        self.leave_alone(doc);
                    }
                }
                self.touch();
            }
            Act::Receipt { doc, hash, cursor } => {
                self.replica.receipt(&doc, &hash, cursor)?;
                if let Some(c) = self.connection.as_mut() {
                    c.traffic.sent += 1;
                    if let Some(cursor) = cursor {
                        c.read.insert(doc, cursor.seq);
                    }
                }
                self.touch();
            }
            Act::Held { doc, hashes, follows, code, detail } => {
                self.was_held(&doc, &hashes, &follows, (&code, &detail), now)?;
            }
            Act::Released { doc, hashes } => self.was_released(&doc, &hashes)?,
            Act::Undecided { doc, changes } => self.now_undecided(&doc, changes),
            Act::Presence(presence) => {
                if self.here.hear(presence, u64::try_from(now).unwrap_or(0).saturating_mul(1_000)) {
                    self.touch();
                }
            }
            Act::Readers { doc, chosen } => self.readers_taken(&doc, chosen)?,
            Act::Gone(doc) => {
                if let Some(c) = self.connection.as_mut() {
                    c.gone.insert(doc);
                }
                self.lose_gone()?;
                self.touch();
            }
            Act::Trouble { code, detail, retry_after_ms, doc } => {
                if let (Some(c), Some(ms)) = (self.connection.as_mut(), retry_after_ms) {
                    c.retry_after_ms = ms;
                }
                self.heard_trouble(&code, detail, doc)?;
            }
        }
        Ok(())
    }

    fn heard_trouble(&mut self, code: &str, detail: String, doc: Option<Id>) -> Result<(), Trouble> {
        if code == code::MISSING
            && let Some(doc) = doc
        {
            return self.read_again(&doc);
        }
        if code == code::REVOKED
            && let Some(c) = self.connection.as_mut()
        {
            c.revoked = true;
        }
        if matches!(code, code::REFUSED | code::PROCESS)
            && let Some(c) = self.connection.as_mut()
        {
            c.refused += 1;
        }
        self.words.push(detail);
        self.touch();
        Ok(())
    }

    /// The relay lacks what ours builds on, or we lack what its log builds on: its log is read again from the start, and
    /// everything it turns out to lack is offered. A few times a connection: what was already on its way may be answered
    /// likewise.
    fn read_again(&mut self, doc: &Id) -> Result<(), Trouble> {
        let Some(c) = self.connection.as_mut() else { return Ok(()) };
        let Some(epoch) = c.session.epoch() else { return Ok(()) };
        let times = c.again.entry(*doc).or_default();
        *times += 1;
        if *times > READ_AGAIN_MAX {
            self.leave_alone(*doc);
            return Ok(());
        }
        self.replica.commit()?;
        self.replica.new_epoch(doc, epoch)?;
        self.open_line(doc)
    }

    /// Takes in a roster that came on the line or was fetched, if the relay's own key signed it.
    pub fn take_roster(&mut self, signed: &SignedRoster) -> Result<(), Trouble> {
        let Some(me) = &self.me else { return Ok(()) };
        let Some(roster) = signed.verify(&me.relay.key) else {
            self.words.push("The relay sent a list of people that its own key did not sign. It was not taken.".into());
            return Ok(());
        };
        for child in self.new_children()? {
            if roster.child(&child.child).is_some() {
                self.replica.set_fact(&key(b"child/", &child.child), None);
            }
        }
        self.roster = roster;
        self.replica.set_fact(b"roster", Some(&cbor(signed)));
        self.touch();
        self.open_listed()
    }

    /// Opens the documents that may be opened and are not, as far as the roster names their children.
    fn open_listed(&mut self) -> Result<(), Trouble> {
        let Some(c) = self.connection.as_mut() else { return Ok(()) };
        let closed = c.listed.iter().flatten().filter(|(doc, _)| !c.session.is_open(doc) && !c.stuck.contains(*doc));
        let closed: Vec<(Id, Id)> = closed.map(|(doc, listed)| (*doc, listed.start.child)).collect();
        c.wants_roster = false;
        for (doc, child) in closed {
            if self.roster.child(&child).is_some() {
                self.open_line(&doc)?;
            } else if let Some(c) = self.connection.as_mut() {
                c.wants_roster = true;
            }
        }
        Ok(())
    }

    /// Whether the relay's list names children that the roster held here does not: one too large for a frame has to be
    /// fetched. True once.
    pub fn wants_roster(&mut self) -> bool {
        self.connection.as_mut().is_some_and(|c| std::mem::take(&mut c.wants_roster))
    }

    fn take_documents(&mut self, list: Vec<Listed>) -> Result<(), Trouble> {
        let mut listed = BTreeMap::new();
        for item in list {
            // The ids follow from what the PEP was started as: a list that says otherwise is not believed.
            let Some(pep) = pep_of(&item.start).filter(|p| *p.id().as_bytes() == item.pep) else { continue };
            let Ok(kind) = item.kind.parse::<DocumentKind>() else { continue };
            if *pep.document(kind).as_bytes() != item.doc {
                continue;
            }
            if self.peps.get(&item.pep).is_none_or(|known| known.process != pep.process) {
                if self.peps.contains_key(&item.pep) {
                    if let Some(c) = self.connection.as_mut()
                        && c.announced.insert(item.pep)
                    {
                        c.refused += 1;
                        self.words.push(format!(
                            "PEP {} was started under another process elsewhere. What was written here is kept on this device; ask the Virtual School which one stands.",
                            pep.id()
                        ));
                    }
                    continue;
                }
                self.replica.set_fact(&key(b"pep/", &item.pep), Some(&cbor(&item.start)));
                self.peps.insert(item.pep, pep.clone());
            }
            if !self.replica.has(&item.doc)? {
                self.replica.start(&item.doc, &pep.genesis(kind))?;
            }
            self.documents.insert(item.doc, (item.pep, kind));
            self.hear_readers(&item.doc, item.readers.clone())?;
            listed.insert(item.doc, item);
        }
        if let Some(c) = self.connection.as_mut() {
            c.gone.retain(|doc| !listed.contains_key(doc));
            c.listed = Some(listed);
        }
        self.lose_gone()?;
        self.replica.commit()?;
        self.open_listed()?;
        self.ask_for_unlisted()?;
        self.announce()?;
        self.touch();
        Ok(())
    }

    fn open_line(&mut self, doc: &Id) -> Result<(), Trouble> {
        let Some(epoch) = self.connection.as_ref().and_then(|c| c.session.epoch()) else { return Ok(()) };
        let standing = self.replica.standing(doc)?;
        let cursor = match standing.cursor {
            Some(cursor) if cursor.epoch == epoch => Some(cursor),
            // Nothing here yet: a snapshot is the quick way.
            None if standing.last == 0 => None,
            _ => {
                self.replica.new_epoch(doc, epoch)?;
                Some(Cursor::new(epoch, 0))
            }
        };
        if let Some(c) = self.connection.as_mut()
            && let Some(frame) = c.session.open(*doc, cursor)
        {
            match cursor {
                Some(cursor) => c.read.insert(*doc, cursor.seq),
                None => c.read.remove(doc),
            };
            c.out.push_back(frame);
        }
        Ok(())
    }

    /// Tells the relay of children and PEPs that it may not know.
    fn announce(&mut self) -> Result<(), Trouble> {
        let Some(listed) = self.connection.as_ref().and_then(|c| c.listed.as_ref()) else { return Ok(()) };
        let known: BTreeSet<Id> = listed.values().map(|l| l.pep).collect();
        let mut frames = Vec::new();
        for child in self.new_children()? {
            if self.roster.child(&child.child).is_none() {
                frames.push((child.child, Session::child(child)));
            }
        }
        for (id, pep) in &self.peps {
            if !known.contains(id) && self.is_ours(id, DocumentKind::Main) {
                frames.push((*id, Session::start(start_of(pep))));
            }
        }
        if let Some(c) = self.connection.as_mut() {
            for (id, frame) in frames {
                if c.announced.insert(id) {
                    c.out.push_back(frame);
                }
            }
        }
        self.ask_for_readers()?.into_iter().for_each(|frame| self.send(frame));
        Ok(())
    }

    /// Queues what waits and fits.
    fn pump(&mut self) -> Result<(), Trouble> {
        if self.connection.as_ref().is_none_or(|c| c.listed.is_none()) {
            return Ok(());
        }
        for doc in self.replica.waiting()? {
            let Some(c) = self.connection.as_mut() else { return Ok(()) };
            if c.out.len() >= QUEUE_FRAMES_MAX {
                break;
            }
            // In a new epoch the relay's log is read first: what it still has need not be sent.
            let listed = c.listed.as_ref().and_then(|l| l.get(&doc)).map(|l| l.seq);
            let caught_up = listed.is_some_and(|seq| c.read.get(&doc).is_some_and(|read| *read >= seq));
            let hands_in = listed.is_none() && self.may_hand_in(&doc);
            let may_share = self.may_share(&doc);
            let Some(c) = self.connection.as_mut() else { return Ok(()) };
            if hands_in {
                c.session.hand_in(doc);
            } else if !caught_up || c.stuck.contains(&doc) || !may_share {
                continue;
            }
            let waiting = self.replica.waiting_in(&doc, 2 * IN_FLIGHT_MAX)?;
            let numbers = c.session.room(&doc, waiting.iter().map(|(n, hash)| (*n, hash)));
            if numbers.is_empty() {
                continue;
            }
            let envelopes = self.replica.envelopes(&doc, &numbers)?;
            if let Some(c) = self.connection.as_mut() {
                c.out.extend(c.session.push(doc, envelopes));
            }
        }
        Ok(())
    }

    /// The relay's log holds something that this device's gate does not admit.
    fn could_not_take(&mut self, doc: &Id, envelope: &gate::Envelope, refusal: &gate::Refusal) -> Result<(), Trouble> {
        let own = self.me.as_ref().is_some_and(|m| m.device == envelope.device);
        if own && is_own_past(refusal.code()) {
            // The relay has another change of ours under a number that this copy used again, or lacks.
            self.replica.commit()?;
            if !self.move_on()? {
                self.used_up(doc);
                return Ok(());
            }
            let waiting: BTreeSet<Hash> = self.replica.ledger_of(doc)?.waiting().map(|(_, h)| *h).collect();
            let team = self.authority(doc);
            self.replica.rebase(doc, &waiting, &BTreeSet::new(), &team)?;
            return self.open_line(doc);
        }
        if refusal.is_missing() {
            return self.read_again(doc);
        }
        if refusal.rests_on_the_roster() && self.wait_for_roster(*doc) {
            return Ok(());
        }
        self.words.push(format!(
            "A change that the relay sent did not pass this device's own checks ({}). It was not taken; whoever keeps the relay should run `pep-relay check`.",
            refusal.code()
        ));
        self.leave_alone(*doc);
        Ok(())
    }

    fn leave_alone(&mut self, doc: Id) {
        if let Some(c) = self.connection.as_mut() {
            c.stuck.insert(doc);
            c.out.extend(c.session.close(doc));
        }
    }

    /// The roster held here may be older than what came: closes the document until a newer one is here. `false` where this
    /// very roster was too old before, and asking has brought no other.
    fn wait_for_roster(&mut self, doc: Id) -> bool {
        let version = self.roster.version;
        let Some(c) = self.connection.as_mut().filter(|c| c.doubted.get(&doc) != Some(&version)) else { return false };
        c.doubted.insert(doc, version);
        c.out.extend(c.session.close(doc));
        c.wants_roster = true;
        true
    }

    fn send(&mut self, frame: Frame) {
        if let Some(c) = self.connection.as_mut() {
            c.out.push_back(frame);
        }
    }

    /// Whether this person's role for the PEP's child reads documents of that kind.
    fn is_ours(&self, pep: &Id, kind: DocumentKind) -> bool {
        let role = self.peps.get(pep).and_then(|pep| self.role_for(&pep.child, &self.day));
        let pep = self.peps.get(pep);
        role.zip(pep).is_some_and(|(role, pep)| self.readers(pep, kind).contains(&role))
    }

    /// A person of a child's team.
    fn who(&self, child: &Uuid, person: &Id) -> Option<Who> {
        let known = self.roster.person(person).map(|p| (p.name.clone(), p.role.clone()));
        let me = self.me.as_ref().filter(|me| me.person == *person).map(|me| (me.name.clone(), me.role.clone()));
        let (name, main_role) = known.or(me)?;
        // The newest membership: what somebody wrote keeps its author after they left.
        let of_child = self.roster.teams.iter().filter(|m| m.child == *child.as_bytes() && m.person == *person);
        let newest = of_child.max_by(|a, b| a.from.cmp(&b.from));
        let role = newest.map_or(main_role, |m| m.role.clone());
        let until = newest.and_then(|m| m.to.as_ref()?.parse().ok());
        Some(Who { person: Uuid::from_bytes(*person), name, role: role.parse().ok()?, until })
    }

    /// Heads of what is left of a document without the changes that wait. This program writes one change an envelope, so an
    /// envelope's hash stands for all of it.
    fn heads_without_waiting(&mut self, doc: &Id) -> Result<Vec<Hash>, Trouble> {
        let waiting: BTreeSet<Hash> = self.replica.ledger_of(doc)?.waiting().map(|(_, hash)| *hash).collect();
        self.replica.read(doc, |document| {
            let mut heads = BTreeSet::new();
            for change in document.get_changes_meta(&[]) {
                if !waiting.contains(&change.hash.0) {
                    for dep in &change.deps {
                        heads.remove(&dep.0);
                    }
                    heads.insert(change.hash.0);
                }
            }
            heads.into_iter().collect()
        })
    }

    /// What this device writes a document as.
    fn actor(&self, doc: &Id) -> Option<Id> {
        let s = self.replica.signer()?;
        Some(gate::actor_id(doc, &replica::public_key(&s.key), &s.person, s.incarnation))
    }

    fn new_children(&self) -> Result<Vec<NewChild>, Trouble> {
        Ok(self.replica.facts(b"child/")?.iter().filter_map(|(_, v)| from_cbor(v)).collect())
    }

    /// Who may stand behind a change of this document, and what each may write there: this device's person, too.
    pub fn authority(&mut self, doc: &Id) -> Team {
        self.authority_as(doc, None)
    }

    /// The same, with the role in which this device's person is writing now.
    fn authority_as(&mut self, doc: &Id, role: Option<Role>) -> Team {
        let Some((pep, kind)) = self.document(doc).map(|(pep, kind)| (pep.clone(), kind)) else {
            return Team::default();
        };
        let rules = self.rules(&pep, kind);
        let mut team = self.roster.authority(pep.child.as_bytes(), doc, rules);
        let role = role.or_else(|| self.role_for(&pep.child, &self.day));
        if let Some(signer) = self.replica.signer() {
            let author = Author { key: replica::public_key(&signer.key), person: signer.person };
            team.authors.insert(signer.device, author);
            team.groups.entry(signer.person).or_default().extend(role.map(|role| role.to_string()));
        }
        team
    }

    /// Who may write where in a document of a PEP.
    fn rules(&mut self, pep: &Pep, kind: DocumentKind) -> Arc<Rules> {
        let key = (pep.process.id().to_string(), pep.process.version(), kind);
        let read = || Arc::new(pep.process().write_table(kind).parse().unwrap_or_default());
        Arc::clone(self.rules.entry(key).or_insert_with(read))
    }

    fn know(&mut self, pep: Pep) {
        let id = *pep.id().as_bytes();
        for kind in DocumentKind::ALL {
            let doc = *pep.document(*kind).as_bytes();
            if self.replica.has(&doc).unwrap_or(false) && !self.readers.is_lost(&doc) {
                self.documents.insert(doc, (id, *kind));
            }
        }
        self.peps.insert(id, pep);
    }

    fn touch(&mut self) {
        self.changed += 1;
    }
}

/// How far a PEP is shared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// Heads of its main document here.
    pub saved_heads: Vec<Hash>,
    /// Heads of what the relay is known to have of it.
    pub shared_heads: Vec<Hash>,
    /// Changes of all its documents that the relay has not said it has.
    pub waiting: usize,
    /// Changes of all its documents that were refused.
    pub held: usize,
}

/// Copies of a PEP's documents, and who stands behind their actors.
pub struct Papers {
    documents: BTreeMap<DocumentKind, Automerge>,
    who: BTreeMap<Id, Who>,
}

impl Papers {
    /// The documents to read; `None` where the plan itself is not held.
    pub fn documents(&self) -> Option<Documents<'_>> {
        Documents::lent(|kind| self.documents.get(&kind))
    }

    /// The documents held, in the order of their kinds.
    pub fn held(&self) -> impl Iterator<Item = (DocumentKind, &Automerge)> {
        self.documents.iter().map(|(kind, document)| (*kind, document))
    }

    /// Who stands behind an actor.
    pub fn author(&self, actor: &[u8]) -> Option<Who> {
        self.who.get(actor).cloned()
    }
}

/// A PEP from what it was started as; `None` where that makes no sense to this version.
pub fn pep_of(start: &Start) -> Option<Pep> {
    let (year, term) = plan::parse_term(&start.term).ok()?;
    Some(Pep {
        child: Uuid::from_bytes(start.child),
        year,
        term,
        kind: start.kind.parse().ok()?,
        process: plan::ProcessRef::new(&start.process, start.process_version).ok()?,
    })
}

/// What a PEP was started as.
pub fn start_of(pep: &Pep) -> Start {
    Start {
        pep: *pep.id().as_bytes(),
        child: *pep.child.as_bytes(),
        term: format!("{}-{}", pep.year, pep.term),
        kind: pep.kind.to_string(),
        process: pep.process.id().to_string(),
        process_version: pep.process.version(),
    }
}

/// Refusals that mean: this device once wrote something that this copy of its files does not have.
fn is_own_past(code: &str) -> bool {
    matches!(code, "equivocation" | "sequence" | "chain")
}

/// The day of a moment, `YYYY-MM-DD`.
fn day_of(now: i64) -> String {
    DateTime::from_timestamp(now, 0).map(|at| at.date_naive().to_string()).unwrap_or_default()
}

fn key(prefix: &[u8], id: &Id) -> Vec<u8> {
    [prefix, id].concat()
}

fn cbor<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing to a Vec cannot fail, and the types kept here all serialise.
    let _ = ciborium::into_writer(value, &mut out);
    out
}

fn from_cbor<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Option<T> {
    ciborium::from_reader(bytes).ok()
}

fn read_fact<T: for<'de> Deserialize<'de>>(replica: &Replica, key: &[u8]) -> Result<Option<T>, Trouble> {
    Ok(replica.fact(key)?.as_deref().and_then(from_cbor))
}
