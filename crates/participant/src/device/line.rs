//! This device's half of the line to its relay: a connection begins and ends, frames come in and go out, and what waits is sent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::DateTime;
use gate::Id;
use plan::DocumentKind;
use replica::Trouble;
use sync::{
    Cursor, Frame, feature,
    frame::{Hello, QUEUE_FRAMES_MAX},
    participant::{Act, IN_FLIGHT_MAX, Session},
};

use super::{
    Device,
    facts::{cbor, start_of},
    state::{Connection, Line, Traffic},
};
use crate::words::told;

/// What this program calls itself in `hello`.
pub const PROGRAM: &str = concat!("pep/", env!("CARGO_PKG_VERSION"));

/// How often being in step is written down, in seconds: it is shown in minutes, and each time costs a write to the disk.
const LAST_SYNC_EVERY: i64 = 10;

impl Device {
    /// A connection stands: the frames to send begin with `hello`. `None` before this device has joined.
    pub fn connect(&mut self) -> Option<()> {
        let me = self.me.as_ref()?;
        self.here.cut();
        self.readers.cut();
        self.unknown.cut();
        let (session, hello) = Session::begin(Hello {
            program: PROGRAM.to_owned(),
            device_id: me.device,
            last_roster: self.roster.version(),
            directory: self.directory.complete(),
            mark: self.mark.clone(),
            ..Hello::default()
        });
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
            told_older: false,
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
        self.unsend_asked();
        self.keep_mark();
        self.connection = None;
        self.here.cut();
        self.line = refused.map_or(Line::Offline, Line::Refused);
        self.touch();
    }

    /// What time it is, in Unix seconds: who is what to a child depends on the day. To be said at the beginning of every turn.
    pub fn it_is(&mut self, now: i64) {
        self.day = day_of(now);
    }

    /// One frame's bytes from the relay.
    pub fn receive(&mut self, bytes: &[u8], now: i64) -> Result<(), Trouble> {
        self.it_is(now);
        self.views.work.passed(bytes);
        let Some(connection) = self.connection.as_mut() else { return Ok(()) };
        let acts = match Frame::decode(bytes) {
            Ok(frame) => connection.session.receive(frame),
            // A newer relay may say more than this version knows.
            Err(sync::frame::FrameError::Unknown(word)) => {
                self.heard_newer(word);
                Vec::new()
            }
            Err(e) => {
                self.words.push(told::unreadable(&e.to_string()));
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
        self.it_is(now);
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
            self.keep_mark();
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
        let frames: Vec<Vec<u8>> = connection.out.drain(..most).map(|f| f.encode()).collect();
        frames.iter().for_each(|frame| self.views.work.passed(frame));
        Ok(frames)
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
            && !self.has_to_take_over()
            && !self.readers.waits()
            && !self.unknown.parts()
            && self.directory.newer().next().is_none()
            && self.new_children()?.iter().all(|c| self.roster.child(&c.child).is_some()))
    }

    /// Whether the line has come to something that waiting does not put right: the relay refused a child or a PEP, or sent
    /// what this device could not take, or does not know.
    pub fn is_stuck(&self) -> bool {
        let stuck = |c: &Connection| {
            c.refused > 0 || !c.stuck.is_empty() || self.unknown.parts() || self.directory.newer().next().is_some()
        };
        self.connection.as_ref().is_some_and(|c| c.out.is_empty() && c.session.in_flight() == 0 && stuck(c))
    }

    /// Whether the relay's list names children that the roster held here does not: one too large for a frame has to be
    /// fetched. True once.
    pub fn wants_roster(&mut self) -> bool {
        self.connection.as_mut().is_some_and(|c| std::mem::take(&mut c.wants_roster))
    }

    /// Tells the relay of children and PEPs that it may not know.
    pub(super) fn announce(&mut self) -> Result<(), Trouble> {
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

    pub(super) fn open_line(&mut self, doc: &Id) -> Result<(), Trouble> {
        let Some(epoch) = self.connection.as_ref().and_then(|c| c.session.epoch()) else { return Ok(()) };
        let standing = self.replica.standing(doc)?;
        let first = self.connection.as_ref().filter(|c| !c.read.contains_key(doc));
        let listed = first.and_then(|c| c.listed.as_ref()?.get(doc)).map(|listed| listed.seq);
        let cursor = match standing.cursor {
            // Beyond what the relay has: it was put back, and does not know.
            Some(cursor) if cursor.epoch == epoch && listed.is_none_or(|seq| cursor.seq <= seq) => Some(cursor),
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
            let mut envelopes = self.replica.envelopes(&doc, &numbers)?;
            let Some(c) = self.connection.as_mut() else { return Ok(()) };
            if !c.session.has(feature::ENVELOPE_2)
                && let Some(unread) = envelopes.iter().position(|envelope| envelope.incarnation.is_some())
            {
                // They are kept for a newer relay, and what others write is read meanwhile.
                envelopes.truncate(unread);
                c.stuck.insert(doc);
                if !std::mem::replace(&mut c.told_older, true) {
                    self.words.push(told::RELAY_IS_OLDER.to_owned());
                }
            }
            if let Some(c) = self.connection.as_mut() {
                c.out.extend(c.session.push(doc, envelopes));
            }
        }
        Ok(())
    }

    pub(super) fn leave_alone(&mut self, doc: Id) {
        if let Some(c) = self.connection.as_mut() {
            c.stuck.insert(doc);
            c.out.extend(c.session.close(doc));
        }
    }

    pub(super) fn send(&mut self, frame: Frame) {
        if let Some(c) = self.connection.as_mut() {
            c.out.push_back(frame);
        }
    }
}

/// The day of a moment, `YYYY-MM-DD`.
fn day_of(now: i64) -> String {
    DateTime::from_timestamp(now, 0).map(|at| at.date_naive().to_string()).unwrap_or_default()
}
