//! What the Virtual School's directory knows of a child, in the child's plans: filled in by whoever answers for it, on their device.

use plan::{DirectoryFacts, Edit};
use uuid::Uuid;

use crate::{Device, Error, Mine, Now, bring, mine};

/// What the directory says of a child today, as far as this device knows it.
pub fn facts(device: &Device, child: &Uuid, now: &Now) -> Result<DirectoryFacts, Error> {
    let Some(known) = device.child(child)? else { return Ok(DirectoryFacts::default()) };
    let name = known.name.trim().to_owned();
    let since = known.looked_after_since.as_deref().and_then(|day| day.parse().ok());
    let facts = DirectoryFacts {
        name: (!name.is_empty()).then_some(name),
        born: known.dob.parse().ok(),
        looked_after: since.map(|since| (since, known.emergency)),
        ..DirectoryFacts::default()
    };
    Ok(facts.with_team(&mine::team(device, child, now)))
}

/// Fills in what this person answers for and nobody has said yet, as one change in each document; each question once on this device.
/// The questions that were filled in. On the disk when this returns.
pub fn fill_in(device: &mut Device, mine: &Mine, now: &Now) -> Result<Vec<String>, Error> {
    let Some(view) = device.view_if_here(&mine.pep, mine.role)?.filter(|view| !view.signed_off() && mine.pep.counts())
    else {
        return Ok(Vec::new());
    };
    let (facts, writer) = (facts(device, &mine.pep.child, now)?, mine.writer(device, now)?);
    let mut brought = plan::fill_in(&facts, &view, &mine.pep, &writer);
    if brought.edits.is_empty() {
        return Ok(Vec::new());
    }
    let mut before = device.filled_in(&mine.pep)?;
    let question = |edit: &Edit| edit.place().split('/').next().unwrap_or_default().to_owned();
    brought.edits.retain(|edit| !before.contains(&question(edit)));
    if brought.edits.is_empty() {
        return Ok(Vec::new());
    }
    let done = bring::write(device, mine, brought, now)?;
    before.extend(done.questions.iter().cloned());
    device.remember_filled_in(&mine.pep, &before)?;
    Ok(done.questions)
}

/// What was filled in, in words for the command line.
pub fn sentence(questions: &[String]) -> Option<String> {
    let labels: Vec<String> = questions
        .iter()
        .filter_map(|id| plan::bank().question(id))
        .map(|question| format!("{} [{}]", question.label, question.id))
        .collect();
    (!labels.is_empty()).then(|| format!("From the directory: {}.", labels.join(", ")))
}
