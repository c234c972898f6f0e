//! What the checks find in a plan, in the light of what else this device holds.

use plan::{Around, Finding, View};
use replica::Trouble;

use crate::{Device, Error, Mine, Now, bring, lists};

/// What the checks find in a plan.
pub fn findings(device: &mut Device, mine: &Mine, now: &Now) -> Result<Vec<Finding>, Error> {
    let view = mine.view(device)?;
    findings_in(device, mine, &view, now)
}

/// The same, of a view that is at hand.
pub fn findings_in(device: &mut Device, mine: &Mine, view: &View, now: &Now) -> Result<Vec<Finding>, Error> {
    // What was withdrawn is put right by nobody.
    if !mine.pep.counts() {
        return Ok(Vec::new());
    }
    let others = other_statements(device, mine, now)?;
    let last = bring::last(device, mine)?;
    let around = Around { today: now.day(), previous: last.as_ref().map(|(_, view)| &**view), others: &others };
    let mut findings = plan::check(view, &mine.pep, around);
    let copies = mine.plan_documents(device)?;
    let documents = copies.documents().ok_or(Trouble::Unknown)?;
    let authors = |actor: &[u8]| copies.author(actor);
    let (meter, unnamed) = (plan::contributions(documents, &authors), plan::unnamed(documents, &authors));
    findings.extend(plan::rewritten_findings(view, &mine.pep));
    findings.extend(plan::alike_findings(view, &mine.pep));
    findings.extend(plan::unheard(&meter));
    findings.extend(unnamed);
    Ok(findings)
}

/// What the targets of other children on this device say.
fn other_statements(device: &mut Device, mine: &Mine, now: &Now) -> Result<Vec<String>, Error> {
    let all = lists::summaries(device, now)?;
    let others = all.iter().filter(|other| other.pep.child != mine.pep.child && other.pep.counts());
    Ok(others.flat_map(|other| other.statements.iter().cloned()).collect())
}
