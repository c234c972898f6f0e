//! Bringing the answers of a file into a plan, in one turn.

use plan::{AnswersFile, Pep};

use crate::{
    Device, Error, Kind, Mine, Now,
    bring::{self, Done},
    mine, select,
};

/// Which plan a file goes into, and how.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// The PEP by its id or its beginning; else the newest of the file's child that is not signed off.
    pub pep: Option<String>,
    /// Put the file's answers in the place of those that are there.
    pub replace: bool,
    /// Take a file about another child.
    pub from_another_child: bool,
}

/// Brings what this person may write; what was left out is said in what comes back. On the disk when this returns.
pub fn import(device: &mut Device, file: &AnswersFile, how: &How, now: &Now) -> Result<(Mine, Done), Error> {
    let mine = match &how.pep {
        Some(pep) => select::pep(device, pep, now)?,
        None => newest(device, file, now)?,
    };
    let other_child = file
        .from
        .as_ref()
        .is_some_and(|from| device.roster().known_as(from.child.as_bytes()) != *mine.pep.child.as_bytes());
    if other_child && !how.from_another_child {
        return Err(Error::new(Kind::Failed, "This file is about another child. Nothing was brought.").hint(
            "Look whether it is the right file. If you are sure, give --pep PEP and --from-another-child with it.",
        ));
    }
    let writer = mine.writer(device, now)?;
    let mut brought = file.bring(&mine.pep, &writer);
    if !how.replace {
        brought = brought.unanswered(&*mine.view(device)?, &writer);
    }
    let done = bring::write(device, &mine, brought, now)?;
    Ok((mine, done))
}

/// The newest PEP of the file's child that is not signed off.
fn newest(device: &mut Device, file: &AnswersFile, now: &Now) -> Result<Mine, Error> {
    mine::me(device, now)?;
    let Some(from) = &file.from else {
        return Err(Error::new(Kind::Failed, "The file does not say which child it is about. Nothing was brought.")
            .hint("Say which plan it is for: pep import FILE --pep PEP. `pep list` shows them."));
    };
    let child = device.roster().known_as(from.child.as_bytes());
    let of_child = |pep: &&Pep| *pep.child.as_bytes() == child;
    let mut peps: Vec<Pep> = device.peps().filter(|pep| of_child(pep) && pep.counts()).cloned().collect();
    peps.sort_by_key(|pep| std::cmp::Reverse((pep.year, pep.term, pep.id())));
    for pep in peps {
        if let Some(role) = device.role_in(&pep, &now.today())
            && device.view_if_here(&pep, role)?.is_some_and(|view| !view.signed_off())
        {
            return Ok(Mine { pep, role });
        }
    }
    Err(Error::new(Kind::Failed, "There is no open plan of this file's child on this device. Nothing was brought.")
        .hint("`pep sync` fetches the plans of your teams; `pep new` starts one. For another plan: --pep PEP."))
}
