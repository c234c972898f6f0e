//! A relay that was put back: how it finds out, and what is otherwise for a while.
//!
//! Its disk says so where it was restored or copied. Where a whole machine was rolled back nothing on the disk does; then a mark
//! proves it, which it signed itself and a device hands back. Nothing else that a participant says is believed about it.

use std::collections::BTreeSet;

use gate::Id;
use replica::Trouble;
use sync::{Frame, Mark, feature::MARKS, frame::code};

use super::{EPOCHS, RESTORING, RESTORING_SECONDS_MAX, Relay};
use crate::directory::{text, to_cbor};

/// How often a connection that brings changes is told how much there is, in seconds: with every receipt it would be half as much again
/// on the line, and it is needed once in many months.
const MARK_EVERY_SECONDS: i64 = 10;

/// Marks remembered at the most: some hours of a busy relay, in less than a megabyte. Older ones are believed.
const SAID_MAX: usize = 10_000;

/// The marks of one life of the program: a relay that was put back, and has grown again since, knows by them those that it said in the
/// time that it lost.
pub(super) struct Said {
    /// Up to here nothing is known against any.
    after: u64,
    records: BTreeSet<u64>,
}

impl Said {
    /// Of a program that found so many records.
    pub(super) fn after(records: u64) -> Said {
        Said { after: records, records: BTreeSet::new() }
    }

    fn note(&mut self, records: u64) {
        self.records.insert(records);
        if self.records.len() > SAID_MAX {
            self.after = self.after.max(self.records.pop_first().unwrap_or_default());
        }
    }

    /// Whether it was said, or may have been.
    fn has(&self, records: u64) -> bool {
        records <= self.after || self.records.contains(&records)
    }
}

impl Relay {
    /// A device hands a mark back. One of this relay that says more than it has, that it would have said since it was opened and has
    /// not, or that names an epoch that it knows nothing of, proves that it was put back; any other says nothing.
    pub(super) fn take_mark(&mut self, conn: u64, mark: &Mark, now: i64) -> Result<(), Trouble> {
        let beyond = match mark.epoch == self.epoch {
            true => mark.records > self.replica.records() || !self.said.has(mark.records),
            false => self.replica.fact(&epoch_key(&mark.epoch))?.is_none(),
        };
        if !beyond || !self.keys().iter().any(|key| mark.is_of(&self.id, key)) {
            return Ok(());
        }
        if mark.epoch != self.epoch {
            self.replica.set_fact(&epoch_key(&mark.epoch), Some(&to_cbor(&mark.records)));
            if self.restoring.is_some() {
                // Its present epoch began after it was put back: that is why it does not know the other.
                return Ok(());
            }
        }
        let before = self.epoch;
        self.begin_epoch(now);
        self.was_put_back(&before, "mark", now);
        // Everybody's cursors are of another epoch now.
        let others: Vec<u64> = self.lines.keys().copied().filter(|other| *other != conn).collect();
        for other in others {
            self.close(
                other,
                code::STOPPING,
                "This relay was put back, and begins anew. Your changes are kept on your device and go on now.",
            );
        }
        Ok(())
    }

    /// Another life of the logs: what was sent in an earlier one is read, and offered, from its start.
    pub(super) fn begin_epoch(&mut self, now: i64) {
        (self.random)(&mut self.epoch);
        self.replica.set_fact(b"relay/epoch", Some(&self.epoch));
        self.replica.set_fact(&epoch_key(&self.epoch), Some(&to_cbor(&self.replica.records())));
        self.directory.renew_rosters(now);
        self.directory.audit(now, None, "began epoch", &[("epoch", text(&self.epoch))]);
    }

    /// What it lost comes back: for a while it is believed that others' work was let in before. `seen`: by what it shows.
    pub(super) fn was_put_back(&mut self, before: &Id, seen: &str, now: i64) {
        let until = now.saturating_add(RESTORING_SECONDS_MAX);
        self.restoring = Some(until);
        self.replica.set_fact(RESTORING, Some(&to_cbor(&until)));
        self.replica.set_fact(&epoch_key(before), Some(&to_cbor(&self.replica.records())));
        let on = [("epoch before", text(before)), ("shown by", seen.to_string())];
        self.directory.audit(now, None, "was put back", &on);
        tracing::warn!(
            epoch = text(&self.epoch),
            seen,
            until,
            "this relay was put back; what it lost is taken from its participants"
        );
    }

    /// Ends that in its time, and where the clock was set back.
    pub(super) fn end_restoring(&mut self, now: i64) {
        let over = |until: i64| now >= until || until.saturating_sub(now) > RESTORING_SECONDS_MAX;
        if self.failed || !self.restoring.is_some_and(over) {
            return;
        }
        self.restoring = None;
        self.replica.set_fact(RESTORING, None);
        self.directory.audit(now, None, "ended restoring", &[]);
        tracing::info!("what participants bring of others is judged like anything new again");
    }

    /// Until when this relay takes back what it lost, in Unix seconds.
    pub fn restoring(&self) -> Option<i64> {
        self.restoring
    }

    /// How much is on its disk, signed.
    pub(super) fn mark(&mut self) -> Mark {
        let records = self.replica.records();
        self.said.note(records);
        Mark::sign(&self.key, &self.id, self.epoch, records)
    }

    /// Those whose changes are on the disk now hear how much there is, each once in a while: one signature for all of them.
    pub(super) fn tell_mark(&mut self, now: i64) {
        let lines = &self.lines;
        self.unmarked.retain(|conn| lines.get(conn).is_some_and(|line| line.session.has(MARKS)));
        let due = |conn: &u64| self.lines.get(conn).is_some_and(|line| (now - line.marked).abs() >= MARK_EVERY_SECONDS);
        let due: Vec<u64> = self.unmarked.iter().copied().filter(due).collect();
        if due.is_empty() {
            return;
        }
        let mark = self.mark();
        for conn in due {
            self.unmarked.remove(&conn);
            if let Some(line) = self.lines.get_mut(&conn) {
                line.marked = now;
            }
            self.send(conn, Frame::Mark(mark.clone()));
            self.ready.insert(conn);
        }
    }
}

fn epoch_key(epoch: &Id) -> Vec<u8> {
    [EPOCHS, epoch].concat()
}
