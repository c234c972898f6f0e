//! Starting a PEP, or finding the one that exists, and bringing what this person answers for from the last.

use plan::{Pep, PepType, State};

use crate::{
    Device, Error, Mine, Now,
    bring::{self, Came},
    mine::role_for,
    words,
};

/// A PEP that was started or found.
#[derive(Debug)]
pub struct Started {
    /// The PEP, with this person's role. It keeps the process that it began under, whatever was asked for.
    pub mine: Mine,
    /// Whether it is new.
    pub created: bool,
    /// What came from the last one; `None` where nothing was to be brought, or there is none.
    pub came: Option<Came>,
}

/// Starts a PEP, or finds the one of this child, term and type that is there already; unless `blank`, brings what this person
/// answers for from the last. On the disk when this returns.
pub fn start(device: &mut Device, pep: Pep, blank: bool, now: &Now) -> Result<Started, Error> {
    let role = role_for(device, &pep.child, now)?;
    let (pep, created) = match known(device, &pep) {
        Some(known) if known.process != pep.process => (known.clone(), false),
        _ => {
            let created = device.start_pep(&pep, role)?;
            (pep, created)
        }
    };
    let mine = Mine { pep, role };
    let came = if blank { None } else { bring::from_last(device, &mine, now)? };
    Ok(Started { mine, created, came })
}

/// The PEP of this child, term and type that is there already.
pub fn known<'a>(device: &'a Device, pep: &Pep) -> Option<&'a Pep> {
    device.pep(&pep.id())
}

/// What speaks against this PEP: said, and never a bar.
pub fn doubts(device: &mut Device, pep: &Pep, now: &Now) -> Result<Vec<String>, Error> {
    let role = role_for(device, &pep.child, now)?;
    let mut doubts = Vec::new();
    let process = pep.process();
    let begins = process.calendar.term_begins(pep.year, pep.term);
    let children = device.children()?;
    let born = children.iter().find(|child| child.id == *pep.child.as_bytes()).map_or("", |child| &child.dob);
    if let (Ok(born), Some(begins)) = (born.parse(), begins)
        && let Some(doubt) = process.practice.eligibility.doubt(born, pep.year, begins)
    {
        doubts.push(doubt);
    }
    let closing = |other: &&Pep| other.child == pep.child && other.kind == PepType::Closing && other.id() != pep.id();
    let closing: Vec<Pep> = device.peps().filter(closing).cloned().collect();
    for closing in closing {
        if device.view_if_here(&closing, role)?.is_some_and(|view| view.state == State::Closed) {
            doubts.push(format!(
                "This child's PEPs came to their end with {}, which is signed off and sealed. Start another only if the child is looked after again.",
                words::sitting(&closing)
            ));
            break;
        }
    }
    Ok(doubts)
}
