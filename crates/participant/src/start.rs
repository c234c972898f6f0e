//! Starting a PEP, or finding the one that exists, and bringing what this person answers for from the last.

use plan::{AcademicYear, Extra, Needs, Pep, PepType, Phase, ProcessRef, State};

use crate::{
    Device, Error, Kind, Mine, Now,
    bring::{self, Came},
    directory, duties,
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
    /// The questions that were filled in from the directory.
    pub filled_in: Vec<String>,
}

/// The processes that the Virtual School offers for a PEP of that child in that year, the usual one first; all that are known where it
/// has said nothing.
pub fn offered(device: &Device, child: &sync::roster::Child, year: AcademicYear, now: &Now) -> Vec<ProcessRef> {
    let in_force = |id: &String| device.processes().in_force(id, now.day()).ok();
    let of =
        |phase: Phase| device.roster().processes(&phase.to_string()).iter().filter_map(in_force).collect::<Vec<_>>();
    let phase = child.dob.parse().ok().map(|born| {
        // What a Reception child gets, the process of the early years says.
        let early = of(Phase::EarlyYears).first().map(|process| process.process().reception_uses);
        year.phase_of(born, early.unwrap_or(Phase::EarlyYears))
    });
    let offered = phase.map(of).unwrap_or_default();
    if !offered.is_empty() {
        return offered;
    }
    let all = device.processes().newest().map(|process| process.id.clone());
    all.filter_map(|id| in_force(&id)).collect()
}

/// The process that a new PEP begins under: the one asked for, where it is offered, or else the usual one: the first that is offered,
/// or, where the Virtual School has said nothing, that of the child's last PEP.
pub fn process(
    device: &Device,
    child: &sync::roster::Child,
    year: AcademicYear,
    asked: Option<&str>,
    now: &Now,
) -> Result<ProcessRef, Error> {
    let offered = offered(device, child, year, now);
    if let Some(asked) = asked {
        return offered.iter().find(|one| one.id() == asked).cloned().ok_or_else(|| {
            let ids: Vec<&str> = offered.iter().map(ProcessRef::id).collect();
            let known = device.processes().in_force(asked, now.day()).map(|_| ());
            let message = match known {
                Ok(()) => "The Virtual School does not use that process for a child of this age.".to_owned(),
                Err(unknown) => unknown.to_string(),
            };
            Error::new(Kind::Usage, message).hint(format!("It is one of: {}.", ids.join(", ")))
        });
    }
    let of_child = device.peps().filter(|pep| pep.child.as_bytes() == &child.id && pep.counts());
    usual(offered, of_child.max_by_key(|pep| (pep.year, pep.term, pep.kind)))
}

/// Of those that are offered that of the child's last PEP, or the first.
pub(crate) fn usual(offered: Vec<ProcessRef>, last: Option<&Pep>) -> Result<ProcessRef, Error> {
    let same = last.and_then(|last| offered.iter().find(|one| one.id() == last.process.id()));
    let first = || Error::new(Kind::Failed, "This program knows no process. Update it.");
    same.or(offered.first()).cloned().ok_or_else(first)
}

/// Starts a PEP, or finds the one of this child, term and type that is there already; unless `blank`, brings what this person
/// answers for from the last, and fills in what the directory knows. On the disk when this returns.
pub fn start(device: &mut Device, pep: Pep, blank: bool, now: &Now) -> Result<Started, Error> {
    let role = role_for(device, &pep.child, now)?;
    let (pep, created) = match known(device, &pep)? {
        Some(known) if known.process != pep.process || known.id() != pep.id() => (known, false),
        _ => {
            let created = device.start_pep(&pep, role)?;
            (pep, created)
        }
    };
    let mine = Mine { pep, role };
    let came = if blank { None } else { bring::from_last(device, &mine, now)? };
    let filled_in = directory::fill_in(device, &mine, now)?;
    Ok(Started { mine, created, came, filled_in })
}

/// Why a PEP that is begun today is one more in its term; `None` where it is not.
pub fn extra(reason: Option<&str>, now: &Now) -> Result<Option<Extra>, Error> {
    let Some(reason) = reason else { return Ok(None) };
    Extra::new(reason, now.day()).map(Some).map_err(|no| Error::new(Kind::Usage, no.to_string()))
}

/// The PEP of this child, term and type that is there already, whatever it was begun as. An error where the one that was begun as this
/// counts as another or not at all: a second could not be told from it.
pub fn known(device: &Device, pep: &Pep) -> Result<Option<Pep>, Error> {
    let sitting = |pep: &Pep| (pep.child, pep.year, pep.term, pep.kind, pep.filed.extra.is_some());
    let same = |one: &&Pep| one.counts() && sitting(one) == sitting(pep);
    let begun = device.pep(&pep.id());
    if let Some(one) = begun.filter(same) {
        return Ok(Some(one.clone()));
    }
    if let Some(one) = device.peps().find(|one| pep.filed.extra.is_none() && same(one)) {
        return Ok(Some(one.clone()));
    }
    let Some(begun) = begun else { return Ok(None) };
    let why = match begun.counts() {
        true => format!(
            "The PEP that was begun as that is one of another type now ({}), and no second one can be begun as it.",
            words::sitting(begun)
        ),
        false => {
            format!("That PEP was begun before, and was withdrawn ({}). It can be brought back.", words::sitting(begun))
        }
    };
    let bring =
        if begun.counts() { String::new() } else { format!("Bring it back: pep withdraw {} --back. ", begun.id()) };
    Err(Error::new(Kind::Failed, why).hint(format!("{bring}For one more in that term: pep new … --extra REASON.")))
}

/// What speaks against this PEP: said, and never a bar.
pub fn doubts(device: &mut Device, pep: &Pep, now: &Now) -> Result<Vec<String>, Error> {
    let role = role_for(device, &pep.child, now)?;
    let mut doubts = Vec::new();
    let process = pep.process();
    let begins = pep.process.calendar().term_begins(pep.year, pep.term);
    let children = device.children()?;
    let born = children.iter().find(|child| child.id == *pep.child.as_bytes()).map_or("", |child| &child.dob);
    if let (Ok(born), Some(begins)) = (born.parse(), begins)
        && let Some(doubt) = process.practice.eligibility.doubt(born, pep.year, begins)
    {
        doubts.push(doubt);
    }
    if pep.kind != PepType::Closing
        && let Some(of_child) = duties::of_child(device, &pep.child, now)?
        && let Needs::NotSince(..) = of_child.duties.needs
    {
        let says = words::currency(&of_child.duties);
        doubts.push(format!("A PEP of this child is {says}. The PEP is started all the same."));
    }
    let closing = |other: &&Pep| {
        other.child == pep.child && other.counts() && other.kind == PepType::Closing && other.id() != pep.id()
    };
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
