//! Moving a plan to a newer version of its process, after a look at what that changes.

use plan::{Difference, Pep, Refused, State, differences};

use crate::{Device, Error, Kind, Mine, Now, mine};

/// A move that can be made, or was.
#[derive(Debug, Clone)]
pub struct Move {
    /// The plan as it is after it.
    pub to: Pep,
    /// What appears, what disappears, what changes.
    pub changes: Vec<Difference>,
}

/// The move to this version, or to the newest; `None` where the plan follows the newest there is. Changes nothing.
pub fn ahead(device: &Device, pep: &Pep, version: Option<u32>) -> Result<Option<Move>, Error> {
    let later = device.versions_after(pep);
    let Some(wanted) = version else { return Ok(later.into_iter().next_back().map(|to| a_move(pep, to))) };
    if wanted == pep.process().version {
        return Ok(None);
    }
    let known: Vec<String> = later.iter().map(|to| to.process().version.to_string()).collect();
    let hint = match known.is_empty() {
        true => "This program knows no newer version of it.".to_owned(),
        false => format!("It may be moved to version {}.", known.join(" or ")),
    };
    let to = later.into_iter().find(|to| to.process().version == wanted).ok_or_else(|| {
        let follows = pep.process().version;
        let message = format!("This plan follows version {follows} of its process and is moved to a newer one only.");
        Error::new(Kind::Usage, message).hint(hint)
    })?;
    Ok(Some(a_move(pep, to)))
}

/// Moves a plan to this version of its process. What was answered stays, and what was signed stays signed as it was. `None` where it
/// follows that version already. On the disk when this returns.
pub fn move_version(device: &mut Device, mine: &Mine, version: u32, now: &Now) -> Result<Option<Move>, Error> {
    mine::me(device, now)?;
    let Some(moved) = ahead(device, &mine.pep, Some(version))? else { return Ok(None) };
    if !plan::DocumentKind::Main.movers().contains(&mine.role) {
        let message = "Your role does not move a plan to another version of its process.";
        return Err(Error::new(Kind::NotPermitted, message)
            .hint("The social worker, the designated teacher and the Virtual School do."));
    }
    if !mine.pep.counts() {
        return Err(Refused::Withdrawn.into());
    }
    if mine.view(device)?.state == State::Closed {
        return Err(Refused::Sealed.into());
    }
    match device.move_to(&moved.to, mine.role)? {
        None => Ok(Some(moved)),
        Some(refused) => Err(Error::new(Kind::Failed, format!("This plan could not be moved: {refused}."))),
    }
}

fn a_move(pep: &Pep, to: Pep) -> Move {
    let changes = differences(pep.process(), to.process());
    Move { to, changes }
}
