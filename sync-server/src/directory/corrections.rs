//! What was put right about PEPs. A PEP stays what it was started as: its documents, ids and signatures follow from that. What it counts
//! as stands on the child's sheet.

use gate::Id;
use replica::{Replica, Trouble};
use sync::{
    directory::{Correction, Said, Subject},
    frame::Start,
};

use super::{Directory, Refused, Result, day, from_cbor, key, text};
use crate::pep;

/// Prefix of the facts that say what was put right about a child's PEPs.
const CORRECTED: &str = "corrected/";

const OTHER_TYPE: &str = "Somebody else has said meanwhile of what type this PEP is.";
const THAT_TYPE: &str = "This PEP is of that type already.";
const IS_WITHDRAWN: &str = "This PEP is withdrawn.";
const COUNTS: &str = "This PEP is not withdrawn.";

impl Directory {
    pub(super) fn read_corrections(&mut self, replica: &Replica) -> std::result::Result<(), Trouble> {
        for (key, value) in replica.facts(CORRECTED.as_bytes())? {
            let child = key.get(CORRECTED.len()..).and_then(|id| id.try_into().ok()).ok_or(Trouble::Damaged)?;
            self.corrections.insert(child, from_cbor(&value)?);
        }
        Ok(())
    }

    /// What was put right about a child's PEPs.
    pub fn corrections(&self, child: &Id) -> &[Correction] {
        self.corrections.get(child).map_or(&[], Vec::as_slice)
    }

    /// Says of what type a PEP is: another than it is taken for, or that one, where that waits for a yes. `was`: what it was taken for as
    /// far as whoever asks knew.
    pub fn amend_pep(
        &mut self,
        (child, id): (&Id, &Id),
        (was, is): (&str, &str),
        said: Said,
        by: Option<Id>,
        now: i64,
    ) -> Result<()> {
        let began_as = self.known_pep(child, id)?.kind.clone();
        if !pep::is_type(is) {
            return Err(Refused::PepType);
        }
        let mut one = self.correction(child, id);
        if one.withdrawn.is_some() {
            return Err(Refused::Stands(IS_WITHDRAWN));
        }
        if one.kind.as_deref().unwrap_or(&began_as) != was {
            return Err(Refused::Stands(OTHER_TYPE));
        }
        if is == was && one.waits_for.is_none() {
            return Err(Refused::Stands(THAT_TYPE));
        }
        one.kind = (is != began_as).then(|| is.to_owned());
        one.amended = Some(said);
        one.waits_for = None;
        let on = [("child", text(child)), ("pep", text(id)), ("from", was.to_owned()), ("to", is.to_owned())];
        self.audit(now, by, "amended PEP", &on);
        self.put_correction(child, one);
        Ok(())
    }

    /// Withdraws a PEP that was begun by mistake, or brings one back.
    pub fn withdraw_pep(
        &mut self,
        (child, id): (&Id, &Id),
        back: bool,
        said: Said,
        by: Option<Id>,
        now: i64,
    ) -> Result<()> {
        self.known_pep(child, id)?;
        let mut one = self.correction(child, id);
        let did = match (back, one.withdrawn.is_some()) {
            (false, true) => return Err(Refused::Stands(IS_WITHDRAWN)),
            (true, false) => return Err(Refused::Stands(COUNTS)),
            (false, false) => "withdrew PEP",
            (true, true) => "brought PEP back",
        };
        one.withdrawn = (!back).then_some(said);
        self.audit(now, by, did, &[("child", text(child)), ("pep", text(id))]);
        self.put_correction(child, one);
        Ok(())
    }

    /// A PEP that somebody began whose role does not choose its type waits for the yes of whoever does.
    pub(super) fn waits_for_its_type(&mut self, start: &Start, person: &Id, now: i64) {
        let role = self.role(&start.child, person, &day(now)).unwrap_or_default();
        if let Some(waits_for) = pep::waits_for(start, &self.processes, role) {
            let one = Correction { waits_for: Some(waits_for), ..self.correction(&start.child, &start.pep) };
            self.put_correction(&start.child, one);
        }
    }

    fn known_pep(&self, child: &Id, id: &Id) -> Result<&Start> {
        let known = self.peps.get(id).map(|known| &known.start);
        known.filter(|start| start.child == *child).ok_or(Refused::PepUnknown)
    }

    fn correction(&self, child: &Id, id: &Id) -> Correction {
        let known = self.corrections(child).iter().find(|one| one.pep == *id);
        known.cloned().unwrap_or_else(|| Correction::of(*id))
    }

    fn put_correction(&mut self, child: &Id, one: Correction) {
        let mut all = self.corrections(child).to_vec();
        all.retain(|before| before.pep != one.pep);
        all.push(one);
        self.stage(key(CORRECTED, child), &all);
        self.corrections.insert(*child, all);
        self.changes(Subject::Child(*child));
        self.touch_team(child);
    }
}
