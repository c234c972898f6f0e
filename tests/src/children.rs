//! As many children as a measurement needs, with whole plans: the samples over and over, each time with other ids.

use plan::{
    ActorId, Around, Automerge, DocumentKind, Documents, Edit, Finding, Pep, Played, Processes, Role, SAMPLES, Sample,
    View, Who, Writer, apply, check, load, read,
};
use uuid::Uuid;

/// A plan as a device keeps it while nobody looks at it.
pub struct KeptPlan {
    pep: Pep,
    /// In the order of `DocumentKind::ALL`.
    saved: Vec<Vec<u8>>,
    people: Vec<Who>,
}

/// So many plans, of as many children. A sample's several plans count as plans of different children.
pub fn kept_plans(count: usize) -> impl Iterator<Item = Result<KeptPlan, String>> {
    let samples: Vec<Sample> =
        SAMPLES.iter().filter_map(|(_, text)| Sample::parse(text, Processes::built_in()).ok()).collect();
    let of = |(n, sample): (usize, &Sample)| (0..sample.peps.len()).map(move |pep| (n, pep)).collect::<Vec<_>>();
    let sittings: Vec<(usize, usize)> = samples.iter().enumerate().flat_map(of).collect();
    (0..count).map(move |n| {
        let (sample, pep) = sittings.get(n % sittings.len().max(1)).ok_or("There are no sample children.")?;
        let sample = samples.get(*sample).ok_or("There is no such sample.")?;
        let sitting = sample.peps.get(*pep).ok_or("A sample has no such plan.")?;
        let mut played = Played::begin(sample, sitting, Uuid::from_u128(n as u128 + 1));
        for step in &sitting.steps {
            played.take(step).map_err(|refused| format!("A sample cannot be played: {refused}"))?;
        }
        let people = played.people().cloned().collect();
        let save = |kind: &DocumentKind| played.document(*kind).map(|document| document.save()).unwrap_or_default();
        let saved = DocumentKind::ALL.iter().map(save).collect();
        Ok(KeptPlan { pep: played.pep, saved, people })
    })
}

impl KeptPlan {
    /// Opens its documents.
    pub fn load(&self) -> Result<Vec<Automerge>, String> {
        self.saved.iter().map(|bytes| load(bytes).map_err(|error| error.to_string())).collect()
    }

    /// What it says, to somebody who holds every document.
    pub fn view(&self, documents: &[Automerge]) -> View {
        let of = |kind| DocumentKind::ALL.iter().position(|known| *known == kind).and_then(|at| documents.get(at));
        let empty = Automerge::new();
        let documents = Documents::lent(of).unwrap_or(Documents::main(&empty));
        read(documents, &self.pep, &|actor| self.people.get(usize::from(*actor.first()?)).cloned())
    }

    /// What the checks find, on the day the plan was due.
    pub fn check(&self, view: &View) -> Vec<Finding> {
        let begins = self.pep.process.calendar().term_begins(self.pep.year, self.pep.term);
        check(view, &self.pep, Around { today: begins.unwrap_or_default(), previous: None, others: &[] })
    }

    /// One more sentence by the social worker.
    pub fn edit(&self, documents: &mut [Automerge], n: usize) -> Result<(), String> {
        let found = self.people.iter().find(|who| who.role == Role::SocialWorker);
        let (Some(who), Some(main)) = (found, documents.first_mut()) else { return Err("Nobody may write.".into()) };
        let writer = Writer::new(who.person, who.role);
        main.set_actor(ActorId::from([0xED; 16]));
        let edit = Edit::Append { question: "care.story".into(), text: format!("Sentence {n}.") };
        let done = apply(main, &self.pep, DocumentKind::Main, &writer, &[edit], 1_771_891_200);
        done.map(drop).map_err(|refused| refused.to_string())
    }

    /// Bytes of its documents as they are kept.
    pub fn bytes(&self) -> usize {
        self.saved.iter().map(Vec::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_plan_is_another_childs_and_signed() {
        let plans: Vec<KeptPlan> = kept_plans(9).map(Result::unwrap).collect();
        assert_eq!(plans.iter().map(|plan| plan.pep.id()).collect::<BTreeSet<_>>().len(), 9);
        for plan in &plans {
            let mut documents = plan.load().unwrap();
            assert!(plan.view(&documents).signed_off());
            plan.edit(&mut documents, 1).unwrap();
        }
    }
}
