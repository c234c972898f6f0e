//! Plans that were moved to a newer version of their process: what says so in their documents, and what follows from it here.

use gate::{Envelope, Id, Refusal, Team, Tip};
use plan::{DocumentKind, Pep, Role};
use replica::{Offered, Trouble};
use sync::Cursor;

use super::{
    Device,
    facts::{cbor, from_cbor, key},
};

/// Facts: the version that a plan follows, under its id, where it is not the one it began under.
const MOVED: &[u8] = b"moved/";

impl Device {
    /// The newer versions that a plan may be moved to, one after the other.
    pub fn versions_after(&self, pep: &Pep) -> Vec<Pep> {
        let later = self.processes.after(&pep.process).into_iter();
        later.map(|process| Pep { process, ..pep.clone() }).collect()
    }

    /// A plan with the version that it follows now: somebody may have moved it since it was asked for.
    pub(super) fn as_it_is(&self, pep: &Pep) -> Pep {
        self.peps.get(pep.id().as_bytes()).unwrap_or(pep).clone()
    }

    /// Moves a plan to a newer version of its process, in the documents that this person holds; each change is one that everybody
    /// works out alike. `role`: this person's for the child. On the disk when this returns.
    pub fn move_to(&mut self, to: &Pep, role: Role) -> Result<Option<Refusal>, Trouble> {
        for kind in DocumentKind::ALL {
            let doc = *to.document(*kind).as_bytes();
            if self.holds(to, *kind, role) && self.replica.has(&doc)? {
                let moves = self.moves(to, *kind)?;
                let team = self.authority_to_move(&doc, Some(role));
                if let Some(refused) = self.replica.offer(&doc, &moves, &team, None)?.1 {
                    return Ok(Some(refused));
                }
                self.follow(&doc)?;
            }
        }
        self.replica.commit()?;
        self.announce()?;
        self.touch();
        Ok(None)
    }

    /// An annex that nobody has moved yet follows the plan, before this device's person writes in it.
    pub(super) fn catch_up(&mut self, pep: &Pep, kind: DocumentKind, role: Role) -> Result<(), Trouble> {
        let doc = *pep.document(kind).as_bytes();
        if kind != DocumentKind::Main && self.steps(&doc) < pep.process.steps() && self.replica.has(&doc)? {
            let moves = self.moves(pep, kind)?;
            let team = self.authority_to_move(&doc, Some(role));
            self.replica.offer(&doc, &moves, &team, None)?;
        }
        Ok(())
    }

    /// What moves one document as far as `to` has come, as far as it has not been, signed by this device.
    fn moves(&mut self, to: &Pep, kind: DocumentKind) -> Result<Vec<Envelope>, Trouble> {
        let doc = *to.document(kind).as_bytes();
        let there = self.steps(&doc);
        if there >= to.process.steps() {
            return Ok(Vec::new());
        }
        let signer = self.replica.signer().ok_or(Trouble::Unknown)?;
        let changes = to.extensions(kind).into_iter().zip(to.extension_hashes(kind));
        let sign =
            |(seq, (change, hash))| sync::sign(&signer.key, signer.device, doc, plan::BEGINNING, seq, hash, change);
        Ok((2..).zip(changes).skip(there).map(sign).collect())
    }

    /// Envelopes of the relay's log, up to the first that is refused. What moves the document on changes who may write where in
    /// what comes after it.
    pub(super) fn take(
        &mut self,
        doc: &Id,
        envelopes: &[Envelope],
        from: Cursor,
    ) -> Result<(Vec<Offered>, Option<Refusal>), Trouble> {
        let mut all: Vec<Offered> = Vec::with_capacity(envelopes.len());
        for run in envelopes.split_inclusive(|envelope| envelope.actor == plan::BEGINNING) {
            let moves = run.last().is_some_and(|last| last.actor == plan::BEGINNING);
            let team = if moves { self.authority_to_move(doc, None) } else { self.authority(doc) };
            let at = Cursor::new(from.epoch, from.seq + all.len() as u64);
            let (offered, refused) = self.replica.offer(doc, run, &team, Some(at))?;
            all.extend(offered);
            if moves {
                self.follow(doc)?;
            }
            if refused.is_some() {
                return Ok((all, refused));
            }
        }
        Ok((all, None))
    }

    /// Who may stand behind a snapshot of a document: as it is after the moves that its tips name.
    pub(super) fn authority_for_snapshot(&mut self, doc: &Id, tips: &[Tip]) -> Team {
        let Some(tip) = tips.iter().find(|tip| tip.actor == plan::BEGINNING) else { return self.authority(doc) };
        let mut team = self.authority_to_move(doc, None);
        if let Some((pep, kind)) = self.document(doc).map(|(pep, kind)| (pep.clone(), kind)) {
            let steps = usize::try_from(tip.seq.saturating_sub(1)).unwrap_or(usize::MAX);
            team.rules = self.rules(&pep, kind, steps);
        }
        team
    }

    /// The plan follows the version that its main document says, once that may have changed.
    pub(super) fn follow(&mut self, doc: &Id) -> Result<(), Trouble> {
        let Some((pep, DocumentKind::Main)) = self.document(doc).map(|(pep, kind)| (pep.clone(), kind)) else {
            return Ok(());
        };
        let steps = self.steps(doc);
        let began = self.processes.get(pep.process.id(), pep.process.began().version).ok();
        let Some(process) = began.and_then(|began| self.processes.reached(&began, steps)) else { return Ok(()) };
        if process == pep.process {
            return Ok(());
        }
        let id = *pep.id().as_bytes();
        let moved = (steps > 0).then(|| cbor(&process.version()));
        self.replica.set_fact(&key(MOVED, &id), moved.as_deref());
        self.put_pep(id, Pep { process, ..pep });
        self.touch();
        Ok(())
    }

    /// A PEP as what it was started as says, with the version that it was moved to since.
    pub(super) fn as_moved(&self, pep: Pep) -> Result<Pep, Trouble> {
        let fact = self.replica.fact(&key(MOVED, pep.id().as_bytes()))?;
        let Some(version) = fact.as_deref().and_then(from_cbor::<u32>) else { return Ok(pep) };
        let reached = self.processes.after(&pep.process).into_iter().find(|process| process.version() == version);
        Ok(match reached {
            Some(process) => Pep { process, ..pep },
            None => pep,
        })
    }
}
