//! Views of plans, and what lists need of them, kept as long as nothing that they are made from has changed.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use plan::{Delegated, DocumentKind, Role, View};
use uuid::Uuid;

use crate::summary::Summary;

/// Views kept at once: those of the plans that a person goes between. A view of a full plan takes about 200 KB.
const VIEWS_MAX: usize = 32;
/// Summaries kept at once, of a few hundred bytes each: more than a council's Virtual School has children.
const SUMMARIES_MAX: usize = 8_000;

/// Tells one state of a plan from another: for whom it was read, by which list of people, and of each document whether it is held
/// and how often it has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// For whom.
    pub role: Role,
    /// What was delegated to them.
    pub delegated: Delegated,
    /// Which list of people, counted.
    pub people: u64,
    /// Of each document: one more than its version, 0 where it is not held.
    pub documents: [u64; DocumentKind::ALL.len()],
}

/// What was done, for tests and measurements to count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Views made.
    pub views: u64,
    /// Summaries made.
    pub summaries: u64,
    /// Documents read in from the disk.
    pub documents: u64,
    /// Changes, of whomever, that the gate let in one by one.
    pub admitted: u64,
    /// Signatures that the gate checked.
    pub signatures: u64,
    /// Times that something was made durable.
    pub syncs: u64,
    /// Frames that came and went.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Entries of the directory by which what is known of people was changed, each by itself.
    pub entries: u64,
}

impl Work {
    pub(super) fn passed(&mut self, frame: &[u8]) {
        self.frames += 1;
        self.bytes += frame.len() as u64;
    }

    /// What was done since `before`.
    pub fn since(self, before: Work) -> Work {
        Work {
            views: self.views - before.views,
            summaries: self.summaries - before.summaries,
            documents: self.documents - before.documents,
            admitted: self.admitted - before.admitted,
            signatures: self.signatures - before.signatures,
            syncs: self.syncs - before.syncs,
            frames: self.frames - before.frames,
            bytes: self.bytes - before.bytes,
            entries: self.entries - before.entries,
        }
    }
}

/// What is kept.
#[derive(Default)]
pub struct Views {
    views: VecDeque<(Uuid, Version, Arc<View>)>,
    summaries: BTreeMap<Uuid, (Version, Arc<Summary>)>,
    /// By the states of the plan and of the one before it.
    could_bring: BTreeMap<Uuid, ([Version; 2], usize)>,
    pub(super) work: Work,
}

impl Views {
    /// The view of a plan in this state, if it is kept.
    pub fn view(&mut self, pep: &Uuid, version: &Version) -> Option<Arc<View>> {
        let at = self.views.iter().position(|(known, of, _)| known == pep && of == version)?;
        let found = self.views.remove(at)?;
        self.views.push_back(found);
        self.views.back().map(|(_, _, view)| view.clone())
    }

    /// Keeps it, in the place of an older state of the same plan.
    pub fn keep_view(&mut self, pep: Uuid, version: Version, view: Arc<View>) {
        self.work.views += 1;
        self.views.retain(|(known, of, _)| *known != pep || of.role != version.role);
        if self.views.len() >= VIEWS_MAX {
            self.views.pop_front();
        }
        self.views.push_back((pep, version, view));
    }

    /// The summary of a plan in this state, if it is kept.
    pub fn summary(&self, pep: &Uuid, version: &Version) -> Option<Arc<Summary>> {
        self.summaries.get(pep).filter(|(of, _)| of == version).map(|(_, summary)| summary.clone())
    }

    /// How many answers could be brought into a plan in this state from one in that, if it is known.
    pub fn could_bring(&self, pep: &Uuid, versions: &[Version; 2]) -> Option<usize> {
        self.could_bring.get(pep).filter(|(of, _)| of == versions).map(|(_, could)| *could)
    }

    /// Keeps it, in the place of an older state of the same two.
    pub fn keep_could_bring(&mut self, pep: Uuid, versions: [Version; 2], could: usize) {
        if self.could_bring.len() >= SUMMARIES_MAX {
            self.could_bring.clear();
        }
        self.could_bring.insert(pep, (versions, could));
    }

    /// Keeps it, in the place of an older state of the same plan.
    pub fn keep_summary(&mut self, pep: Uuid, version: Version, summary: Arc<Summary>) {
        self.work.summaries += 1;
        if self.summaries.len() >= SUMMARIES_MAX {
            self.summaries.clear();
        }
        self.summaries.insert(pep, (version, summary));
    }
}
