//! What people have the directory do, beside the verbs of `pep-relay`: each checks everything first, and changes nothing where it is
//! refused.

use gate::Id;
use sync::{
    act::{ChildFact, Contact},
    directory::Subject,
    roster::{Child, School},
};

use super::{CONTACT, Directory, NAME_CHARS_MAX, Refused, Result, dated, day, follows, key, named, text};

/// Longest telephone number, in characters: one with its country, and an extension.
pub const PHONE_CHARS_MAX: usize = 40;

impl Directory {
    /// How a person can be reached, as far as they said it.
    pub fn contact(&self, person: &Id) -> Contact {
        self.contacts.get(person).cloned().unwrap_or_default()
    }

    /// Says how a person can be reached, by themselves. `was`: what stood as far as they knew.
    pub fn set_contact(&mut self, device: &Id, was: &Contact, is: &Contact, now: i64) -> Result<()> {
        let person = self.device(device)?.person;
        if self.contact(&person) != *was {
            return Err(Refused::Stands("Your contact was changed from another of your devices meanwhile."));
        }
        let contact = reachable(is)?;
        self.stage(key(CONTACT, &person), &contact);
        self.contacts.insert(person, contact);
        self.audit(now, Some(*device), "set contact", &[("person", text(&person))]);
        self.changes(Subject::Person(person));
        self.touch_around(&person);
        Ok(())
    }

    /// Puts a fact about a child right. `was`: what stood as far as whoever asks knew.
    pub fn correct_child(
        &mut self,
        (child, fact): (&Id, ChildFact),
        (was, is): (&str, &str),
        device: &Id,
        now: i64,
    ) -> Result<()> {
        let mut known = self.children.get(child).cloned().ok_or(Refused::ChildUnknown)?;
        if fact.of(&known) != was {
            return Err(Refused::Stands("Somebody else has put this right meanwhile, and it says something else now."));
        }
        put(&mut known, fact, is)?;
        self.put_child(known, &[fact], Some(*device), now)
    }

    /// Says facts about a child, by the relay's keeper.
    pub fn set_child(&mut self, child: &Id, facts: &[(ChildFact, String)], now: i64) -> Result<()> {
        let mut known = self.children.get(child).cloned().ok_or(Refused::ChildUnknown)?;
        facts.iter().try_for_each(|(fact, is)| put(&mut known, *fact, is))?;
        let facts: Vec<ChildFact> = facts.iter().map(|(fact, _)| *fact).collect();
        self.put_child(known, &facts, None, now)
    }

    fn put_child(&mut self, known: Child, facts: &[ChildFact], by: Option<Id>, now: i64) -> Result<()> {
        follows(&known, &day(now))?;
        let child = known.id;
        self.stage(key("child/", &child), &known);
        self.children.insert(child, known);
        for fact in facts {
            self.audit(now, by, "corrected child", &[("child", text(&child)), ("fact", fact.word().to_owned())]);
        }
        self.changes(Subject::Child(child));
        self.touch_team(&child);
        Ok(())
    }

    /// Calls a device something else. `was`: what it was called as far as its owner knew.
    pub fn name_device(&mut self, named_one: &Id, (was, is): (&str, &str), by: &Id, now: i64) -> Result<()> {
        let mut device = self.known_device(named_one).cloned().ok_or(Refused::DeviceUnknown)?;
        if device.name != was {
            return Err(Refused::Stands("That device was given another name meanwhile."));
        }
        device.name = named(is)?;
        let person = device.person;
        self.stage(key("device/", named_one), &device);
        self.learn_device(device);
        self.audit(now, Some(*by), "named device", &[("device", text(named_one))]);
        self.changes(Subject::Person(person));
        self.touch_around(&person);
        Ok(())
    }
}

/// A fact in a child's entry; an empty one is taken back, where there can be none.
fn put(child: &mut Child, fact: ChildFact, is: &str) -> Result<()> {
    let day = || (!is.is_empty()).then(|| dated(is)).transpose();
    match fact {
        ChildFact::Name => child.name = named(is)?,
        ChildFact::Dob => child.dob = dated(is)?,
        ChildFact::LookedAfterSince => child.looked_after_since = day()?,
        ChildFact::Emergency => child.emergency = yes(is)?,
        ChildFact::LeftCare => child.not_due_from = day()?,
        ChildFact::School if is.is_empty() => child.school = None,
        // Another school than before: since when the child is there has to be said anew.
        ChildFact::School => child.school = Some(School { name: named(is)?, from: None }),
        ChildFact::SchoolFrom => child.school.as_mut().ok_or(Refused::NoSchool)?.from = day()?,
    }
    Ok(())
}

/// A contact as it is kept: without blanks around, and without what is empty.
fn reachable(said: &Contact) -> Result<Contact> {
    let plain =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let (phone, email) = (plain(&said.phone), plain(&said.email));
    let digits = |phone: &str| phone.chars().filter(char::is_ascii_digit).count();
    let is_phone = |phone: &String| {
        phone.chars().count() <= PHONE_CHARS_MAX && digits(phone) >= 3 && !phone.chars().any(char::is_control)
    };
    let is_email = |email: &String| {
        let sides = email.split_once('@');
        let sides = sides.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
        sides && email.chars().count() <= NAME_CHARS_MAX && !email.chars().any(|c| c.is_control() || c.is_whitespace())
    };
    match phone.as_ref().is_none_or(is_phone) && email.as_ref().is_none_or(is_email) {
        true => Ok(Contact { phone, email }),
        false => Err(Refused::Contact),
    }
}

fn yes(text: &str) -> Result<bool> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(Refused::ActUnclear),
    }
}
