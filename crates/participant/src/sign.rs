//! Signing: what a person's signature waits for, and giving it, in one turn and on what they have seen.

use chrono::NaiveDate;
use plan::{Applied, Offer, Refused, SignOff, View};
use uuid::Uuid;

use crate::{Device, Error, Kind, Mine, Now, check, quality};

/// A signature that somebody wants to give.
#[derive(Debug, Clone, Copy)]
pub struct Signing<'a> {
    /// Its own key, nobody's yet.
    pub key: Uuid,
    /// The day, as the person says it.
    pub on: NaiveDate,
    /// What the young person or the carer says with it; may be empty.
    pub comment: &'a str,
}

/// What became of it.
#[derive(Debug)]
pub enum Signed {
    /// It is given, and on the disk.
    Done {
        /// The sign-off question, such as `signoff.dt`.
        question: &'static str,
        /// What was written: nothing where exactly this was signed already.
        applied: Applied,
    },
    /// It waits for something, or stands already; nothing was written.
    NotOffered(Offer),
}

/// The signature that was given with this key by this person; a signature does not change.
pub fn given<'a>(view: &'a View, key: &Uuid, person: &Uuid) -> Option<&'a SignOff> {
    let key = format!("{key}+{person}");
    view.sign_offs.iter().find(|made| made.key == key)
}

/// What this person's signature waits for; `None` for roles that sign nothing.
pub fn offer(device: &mut Device, mine: &Mine, now: &Now) -> Result<Option<Offer>, Error> {
    let view = mine.view(device)?;
    offer_in(device, mine, &view, now)
}

/// The same, of a view that is at hand.
pub fn offer_in(device: &mut Device, mine: &Mine, view: &View, now: &Now) -> Result<Option<Offer>, Error> {
    let mut findings = check::findings_in(device, mine, view, now)?;
    if mine.role.is_virtual_school() {
        findings.extend(quality::of_sample(device, mine, now)?);
    }
    Ok(plan::offer(view, &mine.pep, mine.role, &findings))
}

/// Signs what this person's role signs, where it is offered; on the disk when this returns.
pub fn sign(device: &mut Device, mine: &Mine, signing: Signing<'_>, now: &Now) -> Result<Signed, Error> {
    if signing.on > now.day() {
        return Err(
            Error::new(Kind::Usage, "That day has not come yet.").hint("A signature is of today or a day before.")
        );
    }
    if !mine.pep.counts() {
        return Err(Refused::Withdrawn.into());
    }
    let offer = offer(device, mine, now)?
        .ok_or_else(|| Error::new(Kind::NotPermitted, "Your role signs nothing in a plan."))?;
    if !offer.offered() {
        return Ok(Signed::NotOffered(offer));
    }
    let question = offer.question;
    let Signing { key, on, comment } = signing;
    let signing = plan::Signing { question, key, on, comment };
    let applied = device.sign(&mine.pep, mine.role, signing, now.unix())??;
    Ok(Signed::Done { question, applied })
}
