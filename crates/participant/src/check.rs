//! What the checks find in a plan, in the light of what else this device holds.

use plan::{Around, Finding, Pep, View};
use replica::Trouble;

use crate::{Device, Error, Mine, Now, bring, conflicts};

/// What the checks find in a plan.
pub fn findings(device: &mut Device, mine: &Mine, now: &Now) -> Result<Vec<Finding>, Error> {
    let view = mine.view(device)?;
    findings_in(device, mine, &view, now)
}

/// The same, of a view that is at hand.
pub fn findings_in(device: &mut Device, mine: &Mine, view: &View, now: &Now) -> Result<Vec<Finding>, Error> {
    let others = other_statements(device, mine, now)?;
    let last = bring::last(device, mine)?;
    let around = Around { today: now.day(), previous: last.as_ref().map(|(_, view)| view), others: &others };
    let mut findings = plan::check(view, &mine.pep, around);
    let papers = mine.papers(device)?;
    let documents = papers.documents().ok_or(Trouble::Unknown)?;
    let authors = |actor: &[u8]| papers.author(actor);
    let (meter, unnamed) = (plan::contributions(documents, &authors), plan::unnamed(documents, &authors));
    findings.extend(plan::rewritten_findings(&conflicts::rewritten(device, mine)?, &mine.pep));
    findings.extend(plan::unheard(&meter));
    findings.extend(unnamed);
    Ok(findings)
}

/// What the targets of other children on this device say.
fn other_statements(device: &mut Device, mine: &Mine, now: &Now) -> Result<Vec<String>, Error> {
    let today = now.today();
    let others: Vec<Pep> = device.peps().filter(|other| other.child != mine.pep.child).cloned().collect();
    let mut said = Vec::new();
    for other in others {
        let Some(role) = device.role_for(&other.child, &today) else { continue };
        said.extend(device.view_if_here(&other, role)?.iter().flat_map(statements));
    }
    Ok(said)
}

/// What the targets of a plan say, for the checks of other plans.
pub fn statements(view: &View) -> impl Iterator<Item = String> + '_ {
    view.targets.iter().filter(|target| target.row.counts()).filter_map(|target| {
        match target.row.cells.get("statement") {
            Some(plan::Cell::Text { text }) => Some(text.clone()),
            _ => None,
        }
    })
}
