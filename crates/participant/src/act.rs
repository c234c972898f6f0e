//! What a person has the directory do: each a sentence that their device signs. The host sends it while there is a line and says what
//! the relay answered; without a line nothing is done.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use gate::Id;
use plan::{Pep, PepType, Role};
use sync::act::{ChildFact, Contact, Does, REASON_CHARS_MAX, Sentence};
use uuid::Uuid;

use crate::{
    Device, Error, Kind, Mine, Now,
    device::{Became, Me},
    mine, select, words,
};

/// A device of this person's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnDevice {
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// It is this one.
    pub this: bool,
    /// It was revoked.
    pub revoked: bool,
}

/// Somebody to ring.
#[derive(Clone, PartialEq, Eq)]
pub struct Reachable {
    /// Who.
    pub person: Uuid,
    /// Name.
    pub name: String,
    /// School, council or agency.
    pub organisation: Option<String>,
    /// Role for the child, or the main one.
    pub role: String,
    /// How.
    pub contact: Contact,
}

/// A child's case goes to somebody else: from whoever asks, or for the Virtual School from `from`, in the same role, from a day on.
pub fn hand_over(
    device: &Device,
    child: &str,
    (from, to): (Option<&str>, &str),
    on: Option<NaiveDate>,
    why: Option<String>,
    now: &Now,
) -> Result<Sentence, Error> {
    let me = mine::me(device, now)?;
    let child = select::child(device, child, now)?.id;
    let from = match from {
        Some(from) => person(device, from)?,
        None if main_role(&me).is_some_and(Role::is_virtual_school) => social_worker(device, &child, now)?,
        None => me.person,
    };
    let to = person(device, to)?;
    if from == to {
        return Err(Error::new(Kind::Usage, "A case is handed to somebody else: name two different people."));
    }
    Ok(sentence(&me, Does::HandOver { child, from, to }, on, why, now))
}

/// A person's membership of a child's team ends; `on` is its last day.
pub fn end_membership(
    device: &Device,
    (child, whom): (&str, &str),
    on: Option<NaiveDate>,
    why: Option<String>,
    now: &Now,
) -> Result<Sentence, Error> {
    let me = mine::me(device, now)?;
    let child = select::child(device, child, now)?.id;
    let person = person(device, whom)?;
    Ok(sentence(&me, Does::EndMembership { child, person }, on, why, now))
}

/// Pages of a plan are answered by a colleague, until a last day.
pub fn delegate(
    device: &Device,
    (pep, whom): (&str, &str),
    (sections, until): (&[String], NaiveDate),
    why: Option<String>,
    now: &Now,
) -> Result<Sentence, Error> {
    let mine = select::pep(device, pep, now)?;
    let to = person(device, whom)?;
    let of_process: Vec<&str> = mine.pep.process().delegable().map(|page| page.id.as_str()).collect();
    let named = |said: &String| of_process.iter().find(|page| page.eq_ignore_ascii_case(said.trim()));
    let sections: Option<Vec<String>> =
        sections.iter().map(|said| named(said).map(|page| (*page).to_owned())).collect();
    let sections = sections.filter(|sections| !sections.is_empty()).ok_or_else(|| {
        let message = "Those are not pages of this plan that the designated teacher answers.";
        Error::new(Kind::Usage, message).hint(format!("They are: {}.", of_process.join(", ")))
    })?;
    delegation(device, &mine, to, (sections, until.to_string()), why, now)
}

/// What of a plan was delegated to a colleague ends today.
pub fn end_delegation(
    device: &Device,
    (pep, whom): (&str, &str),
    why: Option<String>,
    now: &Now,
) -> Result<Sentence, Error> {
    let mine = select::pep(device, pep, now)?;
    let to = person(device, whom)?;
    delegation(device, &mine, to, (Vec::new(), now.today()), why, now)
}

fn delegation(
    device: &Device,
    mine: &Mine,
    to: Id,
    (mut sections, until): (Vec<String>, String),
    why: Option<String>,
    now: &Now,
) -> Result<Sentence, Error> {
    sections.sort_unstable();
    sections.dedup();
    let (child, pep) = filed_under(&mine.pep);
    Ok(sentence(&mine::me(device, now)?, Does::Delegate { child, pep, to, sections, until }, None, why, now))
}

/// A PEP's type is put right; where it waits for a yes, the same type is the yes.
pub fn amend(device: &Device, pep: &str, kind: PepType, why: Option<String>, now: &Now) -> Result<Sentence, Error> {
    let mine = select::pep(device, pep, now)?;
    let (child, pep) = filed_under(&mine.pep);
    let does = Does::AmendPep { child, pep, was: mine.pep.kind.to_string(), is: kind.to_string() };
    Ok(sentence(&mine::me(device, now)?, does, None, why, now))
}

/// A PEP that was begun by mistake is withdrawn, with the reason.
pub fn withdraw(device: &Device, pep: &str, why: &str, now: &Now) -> Result<Sentence, Error> {
    let (mine, why) = (select::pep(device, pep, now)?, reason(why, "Say why the PEP is withdrawn: --reason TEXT.")?);
    let (child, pep) = filed_under(&mine.pep);
    Ok(sentence(&mine::me(device, now)?, Does::WithdrawPep { child, pep, back: false }, None, Some(why), now))
}

/// A PEP that was withdrawn counts again.
pub fn bring_back(device: &Device, pep: &str, why: Option<String>, now: &Now) -> Result<Sentence, Error> {
    let mine = select::pep(device, pep, now)?;
    let (child, pep) = filed_under(&mine.pep);
    Ok(sentence(&mine::me(device, now)?, Does::WithdrawPep { child, pep, back: true }, None, why, now))
}

/// A child was entered twice: what is filed under the first entry counts as the other's; `apart`: they are two children after all.
pub fn join_children(
    device: &Device,
    (child, into): (&str, &str),
    apart: bool,
    why: &str,
    now: &Now,
) -> Result<Sentence, Error> {
    let me = mine::me(device, now)?;
    let child = select::entry(device, child, now)?.id;
    let into = select::entry(device, into, now)?.id;
    if child == into {
        let message = "A child is joined to another entry of the same child: name two different ones.";
        return Err(Error::new(Kind::Usage, message));
    }
    let why = reason(why, "Say what shows that the two are one child: --reason TEXT.")?;
    Ok(sentence(&me, Does::JoinChildren { child, into, apart }, None, Some(why), now))
}

/// The child whose entry a PEP is filed under, and the PEP.
fn filed_under(pep: &Pep) -> (Id, Id) {
    (pep.began_for().into_bytes(), pep.id().into_bytes())
}

fn reason(said: &str, none: &str) -> Result<String, Error> {
    match said.trim() {
        "" => Err(Error::new(Kind::Usage, none)),
        said => Ok(said.to_owned()),
    }
}

/// What of a plan somebody answers for the designated teacher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deputy {
    /// Who.
    pub person: Uuid,
    /// Their name.
    pub name: String,
    /// The pages, by id.
    pub sections: Vec<String>,
    /// First day, `YYYY-MM-DD`.
    pub from: String,
    /// Last day.
    pub until: String,
}

/// What of a plan is delegated today or will be, as the relay last said.
pub fn deputies(device: &Device, pep: &Pep, now: &Now) -> Vec<Deputy> {
    let (roster, day) = (device.roster(), now.today());
    let of_pep = roster.delegations(pep.began_for().as_bytes()).iter().filter(|one| one.pep == *pep.id().as_bytes());
    let stands = of_pep.filter(|one| one.to >= day);
    let told = |one: &sync::directory::Delegation| Deputy {
        person: Uuid::from_bytes(one.person),
        name: roster.person(&one.person).map_or_else(|| "A colleague".to_owned(), |known| known.name.clone()),
        sections: one.sections.clone(),
        from: one.from.clone(),
        until: one.to.clone(),
    };
    let mut all: Vec<Deputy> = stands.map(told).collect();
    // What was delegated anew today holds until tonight beside what takes its place: the longest is said of each page.
    all.sort_by(|a, b| (&a.name, a.person, &b.until, &a.from).cmp(&(&b.name, b.person, &a.until, &b.from)));
    let mut said: BTreeSet<(Uuid, String)> = BTreeSet::new();
    for one in &mut all {
        one.sections.retain(|section| said.insert((one.person, section.clone())));
    }
    all.retain(|one| !one.sections.is_empty());
    all
}

/// That somebody helps, in a sentence: `Fabian Rookhurst helps the designated teacher with pages 4 and 5 until 20 March 2026.`
pub fn helps(deputy: &Deputy) -> String {
    let day = |text: &str| text.parse().map_or_else(|_| text.to_owned(), words::date);
    let pages = if let [one] = deputy.sections.as_slice() {
        format!("page {one}")
    } else {
        format!("pages {}", deputy.sections.join(", "))
    };
    format!("{} helps the designated teacher with {pages} until {}.", deputy.name, day(&deputy.until))
}

/// How this person can be reached. What is `None` stays as it is; an empty text takes it away.
pub fn set_contact(
    device: &Device,
    (phone, email): (Option<&str>, Option<&str>),
    now: &Now,
) -> Result<Sentence, Error> {
    let me = mine::me(device, now)?;
    let was = device.roster().contact(&me.person);
    let now_said = |said: Option<&str>, was: &Option<String>| match said.map(str::trim) {
        None => was.clone(),
        Some("") => None,
        Some(said) => Some(said.to_owned()),
    };
    let is = Contact { phone: now_said(phone, &was.phone), email: now_said(email, &was.email) };
    Ok(sentence(&me, Does::SetContact { was, is }, None, None, now))
}

/// A fact about a child is put right, with the reason.
pub fn correct_child(
    device: &Device,
    child: &str,
    (fact, is): (ChildFact, &str),
    why: &str,
    now: &Now,
) -> Result<Sentence, Error> {
    let me = mine::me(device, now)?;
    let child = select::child(device, child, now)?;
    let why = reason(why, "Say why the fact is put right: --reason TEXT.")?;
    let does = Does::CorrectChild { child: child.id, fact, was: fact.of(&child), is: is.trim().to_owned() };
    Ok(sentence(&me, does, None, Some(why), now))
}

/// A device of this person's is called something else.
pub fn name_device(device: &Device, which: Option<&str>, name: &str, now: &Now) -> Result<Sentence, Error> {
    let me = mine::me(device, now)?;
    let own = own_devices(device, now)?;
    let found = match which {
        None => own.iter().find(|one| one.this),
        Some(which) => {
            let labels: Vec<(Uuid, String)> = own.iter().map(|one| (one.id, one.name.clone())).collect();
            let named: Vec<&OwnDevice> = own.iter().filter(|one| one.name == which.trim()).collect();
            match named.as_slice() {
                [one] => Some(*one),
                _ => {
                    let id = select::by_prefix("device", which, &labels, "`pep device list` shows your devices.")?;
                    own.iter().find(|one| one.id == id)
                }
            }
        }
    };
    let found = found.ok_or_else(|| {
        Error::new(Kind::Failed, "This device is not on the list of people yet.").hint("`pep sync` fetches it.")
    })?;
    let does = Does::NameDevice { device: found.id.into_bytes(), was: found.name.clone(), is: name.trim().to_owned() };
    Ok(sentence(&me, does, None, None, now))
}

/// This person's devices, as the relay last said.
pub fn own_devices(device: &Device, now: &Now) -> Result<Vec<OwnDevice>, Error> {
    let me = mine::me(device, now)?;
    let own = device.roster().devices().filter(|one| one.person == me.person);
    let told = |one: &sync::roster::Device| OwnDevice {
        id: Uuid::from_bytes(one.id),
        name: one.name.clone(),
        this: one.id == me.device,
        revoked: one.revoked.is_some(),
    };
    Ok(own.map(told).collect())
}

/// Whom to ring: the team of a child, or everybody whom this person works with, in the order of names.
pub fn contacts(device: &Device, child: Option<&str>, now: &Now) -> Result<Vec<Reachable>, Error> {
    mine::me(device, now)?;
    let (roster, day) = (device.roster(), now.today());
    let child = child.map(|child| select::child(device, child, now)).transpose()?.map(|child| child.id);
    let role = |person: &Id| match child {
        Some(child) => roster.role(&child, person, &day).map(str::to_owned),
        None => roster.person(person).map(|known| known.role.clone()),
    };
    let reachable = |known: &sync::roster::Person| {
        Some(Reachable {
            person: Uuid::from_bytes(known.id),
            name: known.name.clone(),
            organisation: known.organisation.clone(),
            role: role(&known.id)?,
            contact: roster.contact(&known.id),
        })
    };
    let mut all: Vec<Reachable> = roster.people().filter_map(reachable).collect();
    all.sort_by(|a, b| (&a.name, a.person).cmp(&(&b.name, b.person)));
    Ok(all)
}

/// What to do where the relay cannot be reached.
pub const NOTHING_WAITS: &str =
    "Nothing was done: this needs the relay now, and does not wait for it. Try again with a connection.";

/// Refuses a reason that no relay takes.
pub fn is_short(said: &Sentence) -> Result<(), Error> {
    let why = said.why.as_deref().unwrap_or_default();
    match why.chars().count() > REASON_CHARS_MAX || why.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        true => Err(Error::new(
            Kind::Usage,
            format!("A reason has at most {REASON_CHARS_MAX} characters, and no control characters. Write it again."),
        )),
        false => Ok(()),
    }
}

/// What the relay's answer comes to for whoever asked. `None`: there is none.
pub fn answered(became: Option<Became>, was_sent: bool) -> Result<(), Error> {
    match became {
        Some(Became::Done) => Ok(()),
        Some(Became::Refused(why)) => {
            let kind = match why.code.as_str() {
                "right" => Kind::NotPermitted,
                "value" => Kind::Usage,
                "stands" => Kind::Choose,
                _ => Kind::Failed,
            };
            Err(Error::new(kind, why.reason))
        }
        Some(Became::Unknown) => Err(Error::new(Kind::Failed, words::told::RELAY_KNOWS_NO_ACTS)),
        None if was_sent => Err(Error::new(Kind::Unreachable, words::told::ACT_UNANSWERED)
            .hint("`pep sync` fetches what stands; ask again if it was not done. It is never done twice by that.")),
        None => Err(Error::new(Kind::Unreachable, words::told::ACT_OFFLINE).hint(NOTHING_WAITS)),
    }
}

fn sentence(me: &Me, does: Does, on: Option<NaiveDate>, why: Option<String>, now: &Now) -> Sentence {
    let from = on.map(|day| day.to_string());
    Sentence { by: me.device, at: now.unix(), from, why, does }
}

fn main_role(me: &Me) -> Option<Role> {
    me.role.parse().ok()
}

/// The person that `text` names: by name or the beginning of their id among those known here, or by a whole id.
fn person(device: &Device, text: &str) -> Result<Id, Error> {
    let people = device.roster();
    let named: Vec<&sync::roster::Person> = people.people().filter(|known| known.name == text.trim()).collect();
    if let [one] = named.as_slice() {
        return Ok(one.id);
    }
    if let Ok(id) = text.trim().parse::<Uuid>() {
        return Ok(id.into_bytes());
    }
    let labels: Vec<(Uuid, String)> =
        people.people().map(|known| (Uuid::from_bytes(known.id), known.name.clone())).collect();
    let hint = "`pep contacts` shows the people you work with. For somebody else, ask the Virtual School for their id.";
    select::by_prefix("person", text, &labels, hint).map(Uuid::into_bytes)
}

/// Whose case a child is today.
fn social_worker(device: &Device, child: &Id, now: &Now) -> Result<Id, Error> {
    let (roster, day) = (device.roster(), now.today());
    let of_child = roster.team(child).iter().filter(|m| m.on(&day));
    let holders: Vec<Id> = of_child.filter(|m| m.role == Role::SocialWorker.slug()).map(|m| m.person).collect();
    match holders.as_slice() {
        [one] => Ok(*one),
        _ => Err(Error::new(Kind::Usage, "Say from whom the case goes: --from PERSON.")),
    }
}
