//! What the directory has put right about a PEP, and what is to be put right, in words: for the head of its page and the commands.

use gate::Id;
use plan::{Pep, PepType, Role};
use sync::directory::Said;
use uuid::Uuid;

use crate::{Device, words};

/// That somebody has put something right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidBy {
    /// Their name.
    pub name: String,
    /// On which day, `YYYY-MM-DD`.
    pub on: String,
    /// Why.
    pub why: Option<String>,
}

/// How a PEP is filed, where that is not as it was begun.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PutRight {
    /// The type it was begun as, and who put that right.
    pub amended: Option<(PepType, SaidBy)>,
    /// Who withdrew it.
    pub withdrawn: Option<SaidBy>,
    /// Whose yes its type waits for.
    pub waits_for: Option<Role>,
    /// Other PEPs of the same child, term and type.
    pub twins: Vec<Uuid>,
    /// It was begun for another entry of the child.
    pub other_entry: bool,
}

/// What stands about a PEP, as the relay last said.
pub fn put_right(device: &Device, pep: &Pep) -> PutRight {
    among(device, pep, device.peps())
}

/// The same, beside these of the child's.
pub fn among<'a>(device: &Device, pep: &Pep, all: impl Iterator<Item = &'a Pep>) -> PutRight {
    let child = pep.began_for();
    let correction = device.roster().correction(child.as_bytes(), pep.id().as_bytes());
    let amended = correction.and_then(|one| one.amended.as_ref()).map(|said| said_by(device, said));
    PutRight {
        amended: pep.filed.began_as.zip(amended),
        withdrawn: correction.and_then(|one| one.withdrawn.as_ref()).map(|said| said_by(device, said)),
        waits_for: device.waits_for(pep),
        twins: all.filter(|other| other.is_twin_of(pep)).map(Pep::id).collect(),
        other_entry: pep.filed.began_for.is_some(),
    }
}

fn said_by(device: &Device, said: &Said) -> SaidBy {
    let person = |id: Id| device.roster().person(&id).map(|known| known.name.clone());
    let name = match said.by {
        Some(by) => person(by.into_array()).unwrap_or_else(|| "a colleague".to_owned()),
        None => "whoever keeps the relay".to_owned(),
    };
    SaidBy { name, on: said.on.clone(), why: said.why.clone() }
}

impl PutRight {
    /// Each in a sentence.
    pub fn sentences(&self, pep: &Pep) -> Vec<String> {
        let mut all = Vec::new();
        if let Some(by) = &self.withdrawn {
            all.push(format!(
                "This PEP was withdrawn {}. It is kept and can be read; it counts nowhere, and nothing is written in it.",
                told(by)
            ));
        }
        if let Some((was, by)) = &self.amended {
            let (was, is) = (was.label().to_lowercase(), pep.kind.label().to_lowercase());
            all.push(format!(
                "Its type was put right {}: begun as {was}, it is now {is}. What that type asks and is not answered makes an earlier signature stale.",
                told(by)
            ));
        }
        if let Some(role) = self.waits_for {
            all.push(format!(
                "Its type ({}) waits for the {}’s yes: it was begun by somebody who does not choose it.",
                pep.kind.label().to_lowercase(),
                role.label().to_lowercase()
            ));
        }
        if let Some(extra) = &pep.filed.extra {
            let day = words::date(extra.day());
            all.push(format!("It is one more in its term, begun on {day}: {}.", extra.reason()));
        }
        if self.other_entry {
            all.push("It was begun for another entry of this child, who had been entered twice.".to_owned());
        }
        if !self.twins.is_empty() {
            all.push(format!(
                "There is more than one PEP of this child for {}: withdraw the one too many, or keep both.",
                words::sitting(pep)
            ));
        }
        all
    }
}

/// `by Odile Marrowfield on 3 March 2026 (begun by mistake)`.
fn told(by: &SaidBy) -> String {
    let day = by.on.parse().map_or_else(|_| by.on.clone(), words::date);
    let why = by.why.as_ref().map_or(String::new(), |why| format!(" ({})", why.trim_end_matches('.')));
    format!("by {} on {day}{why}", by.name)
}

/// An entry of a child in the directory, to be chosen.
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    /// Name and date of birth.
    pub words: String,
}

/// The other children that this device knows, by name, and the entries that were joined to this one.
pub fn entries(device: &Device, child: &Uuid) -> (Vec<Entry>, Vec<Entry>) {
    let entry = |one: &sync::roster::Child| {
        let day = one.dob.parse().map_or_else(|_| one.dob.clone(), words::date);
        Entry { id: Uuid::from_bytes(one.id), words: format!("{}, born {day}", one.name) }
    };
    let (roster, child) = (device.roster(), child.as_bytes());
    let others = roster.children().filter(|one| roster.joined(&one.id).is_none() && one.id != *child);
    let joined = roster.children().filter(|one| roster.joined(&one.id).is_some_and(|joined| joined.into == *child));
    let mut others: Vec<Entry> = others.map(entry).collect();
    others.sort_by_cached_key(|one| one.words.to_lowercase());
    (others, joined.map(entry).collect())
}
