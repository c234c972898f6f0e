//! Who asks, and for which plan: a PEP with this person's role for its child, and what every use case asks first.

use std::sync::Arc;

use plan::{Applied, DocumentKind, Edit, Pep, Question, Refused, Role, View, Who, Writer, bank};
use uuid::Uuid;

use crate::{
    Device, Error, Kind, Now,
    device::{Me, PlanDocuments},
    words,
};

/// A PEP, and what this person is to its child today.
#[derive(Debug, Clone)]
pub struct Mine {
    /// The PEP.
    pub pep: Pep,
    /// This person's role for its child.
    pub role: Role,
}

/// Who uses this device; an error before it has joined and once it is revoked.
pub fn me(device: &Device, now: &Now) -> Result<Me, Error> {
    if let Some(revoked) = device.is_revoked() {
        return Err(revoked.error(now.zone));
    }
    device.me().cloned().ok_or_else(|| {
        Error::new(Kind::Failed, "This device has not joined yet.")
            .hint("Ask the Virtual School for an invitation link, then run `pep join LINK`. To try the program without one: `pep demo`.")
    })
}

/// This person's role for a child today; an error where there is none.
pub fn role_for(device: &Device, child: &Uuid, now: &Now) -> Result<Role, Error> {
    me(device, now)?;
    device.role_for(child, &now.today()).ok_or_else(|| {
        Error::new(Kind::NotPermitted, "You are not on this child's team at present.")
            .hint("The Virtual School decides who works with whom, and can add you. What you wrote before is kept.")
    })
}

/// The question of this id, or the nearest ids.
pub fn question(id: &str) -> Result<&'static Question, Error> {
    let nearest = || bank().nearest(id).into_iter().map(str::to_owned).collect();
    bank().question(id).ok_or_else(|| Refused::UnknownQuestion { nearest: nearest() }.into())
}

/// `Idris Fennimoor, Spring 2025/26, termly review`.
pub fn title(device: &Device, pep: &Pep) -> Result<String, Error> {
    let name = device.child(&pep.child)?.map_or_else(|| "A child".to_owned(), |child| child.name);
    Ok(format!("{name}, {}", words::sitting(pep)))
}

/// Who works with the child today, in the order of roles.
pub fn team(device: &Device, child: &Uuid, now: &Now) -> Vec<Who> {
    let (roster, day) = (device.roster(), now.today());
    let members = roster.team(child.as_bytes()).iter().filter(|member| member.on(&day));
    let who = members.filter_map(|member| {
        let person = roster.person(&member.person)?;
        let (name, role) = (person.name.clone(), member.role.parse().ok()?);
        Some(Who { person: Uuid::from_bytes(person.id), name, role, until: None })
    });
    let mut team: Vec<Who> = who.collect();
    team.sort();
    team
}

impl Mine {
    /// What this person is as a writer.
    pub fn writer(&self, device: &Device, now: &Now) -> Result<Writer, Error> {
        me(device, now)?;
        Ok(device.writer(&self.pep, self.role)?)
    }

    /// The PEP as it is now, as far as this person's role reads it.
    pub fn view(&self, device: &mut Device) -> Result<Arc<View>, Error> {
        Ok(device.view(&self.pep, self.role)?)
    }

    /// Its documents, and who stands behind their actors.
    pub fn plan_documents(&self, device: &mut Device) -> Result<PlanDocuments, Error> {
        Ok(device.plan_documents(&self.pep, self.role)?)
    }

    /// The document that a question is kept in; an error where this person's role does not hold it.
    pub fn may_read(&self, device: &mut Device, question: &Question) -> Result<DocumentKind, Error> {
        let kind = question.document();
        if device.reads(&self.pep, kind, self.role) {
            return Ok(kind);
        }
        let readers: Vec<String> = kind.readers().iter().map(|role| role.label().to_lowercase()).collect();
        let message = format!(
            "{} is kept in a part of the plan that is not shared with you ({}).",
            question.id,
            kind.label().to_lowercase()
        );
        Err(Error::new(Kind::NotPermitted, message).hint(match kind.choices() {
            [] => format!("It is shared with: {}.", readers.join(", ")),
            _ => "The young person chooses who sees it.".to_owned(),
        }))
    }

    /// Makes edits that belong to one question, in the document that holds it, as one change. On the disk when this returns.
    pub fn edit(&self, device: &mut Device, question: &Question, edits: &[Edit], now: &Now) -> Result<Applied, Error> {
        let kind = self.may_read(device, question)?;
        Ok(device.edit(&self.pep, kind, self.role, edits, now.unix())??)
    }
}
