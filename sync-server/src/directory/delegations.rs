//! Pages of plans that colleagues answer for the designated teacher.

use gate::Id;
use replica::{Replica, Trouble};
use sync::{
    directory::{Delegation, Subject},
    roster::Member,
};

use super::{Directory, Refused, Result, dated, from_cbor, key, text};
use crate::pep;

/// Prefix of the facts that say what of a child's plans is delegated.
const DELEGATED: &str = "delegated/";
/// Delegations of one child's plans, past ones too: those of many years.
pub const DELEGATIONS_MAX: usize = 500;
/// Longest delegation, in days: nobody's plan is a colleague's for longer than a year without being asked again.
pub const DELEGATED_DAYS_MAX: i64 = 366;

const WITH_ANOTHER_ROLE: &str =
    "They are to join this child’s team from a later day on already; end that membership first.";
const NOT_DELEGATED: &str = "Nothing of this plan is delegated to that person any more.";

impl Directory {
    pub(super) fn read_delegations(&mut self, replica: &Replica) -> std::result::Result<(), Trouble> {
        for (key, value) in replica.facts(DELEGATED.as_bytes())? {
            let child = key.get(DELEGATED.len()..).and_then(|id| id.try_into().ok()).ok_or(Trouble::Damaged)?;
            self.delegations.insert(child, from_cbor(&value)?);
        }
        Ok(())
    }

    /// What of a child's plans is, was or will be delegated.
    pub fn delegations(&self, child: &Id) -> &[Delegation] {
        self.delegations.get(child).map_or(&[], Vec::as_slice)
    }

    /// A colleague answers pages of a plan from one day to another. Whoever is not on the child's team joins it for as long, as a
    /// professional. What was delegated to them of this plan before ends with the first day.
    pub fn delegate(&mut self, new: Delegation, child: &Id, by: Option<Id>, now: i64) -> Result<()> {
        let (from, to) = (dated(&new.from)?, dated(&new.to)?);
        self.checked_delegation(&new, child)?;
        let mut joins = None;
        match self.open_member(child, &new.person, &from) {
            Err(_) => joins = Some((from.clone(), to.clone())),
            Ok(member) if member.from > from => return Err(Refused::Stands(WITH_ANOTHER_ROLE)),
            Ok(member) if !pep::deputises(&member.role) => return Err(Refused::NotAColleague),
            Ok(member) if member.to.as_ref().is_some_and(|last| *last < to) && self.came_to_deputise(&member) => {
                joins = Some((member.from, to.clone()));
            }
            Ok(_) => {}
        }
        let mut all = cut(self.delegations(child), &new.pep, &new.person, &from);
        if all.len() >= DELEGATIONS_MAX {
            return Err(Refused::TooMany { what: "delegations of this child’s plans", limit: DELEGATIONS_MAX });
        }
        let said = [
            ("child", text(child)),
            ("pep", text(&new.pep)),
            ("person", text(&new.person)),
            ("sections", new.sections.join(" ")),
            ("first day", from.clone()),
            ("last day", to),
        ];
        let person = new.person;
        all.push(new);
        self.audit(now, by, "delegated", &said);
        self.put_delegations(child, all);
        if let Some((from, to)) = joins {
            self.put_member(*child, person, pep::DEPUTY, &from, Some(to), now, by);
        }
        Ok(())
    }

    /// What was delegated of a plan to a person ends with a day, and their membership too where it was for this alone.
    pub fn end_delegation(
        &mut self,
        child: &Id,
        (pep, person): (&Id, &Id),
        last: &str,
        by: Option<Id>,
        now: i64,
    ) -> Result<()> {
        let last = dated(last)?;
        let stands = |one: &Delegation| one.pep == *pep && one.person == *person && one.to >= last;
        if !self.delegations(child).iter().any(stands) {
            return Err(Refused::Stands(NOT_DELEGATED));
        }
        let member = self.open_member(child, person, &last).ok().filter(|member| self.came_to_deputise(member));
        let all = cut(self.delegations(child), pep, person, &last);
        let goes_on = all.iter().any(|one| one.person == *person && one.to > last);
        let said = [("child", text(child)), ("pep", text(pep)), ("person", text(person)), ("last day", last.clone())];
        self.audit(now, by, "ended delegation", &said);
        self.put_delegations(child, all);
        match member.filter(|member| !goes_on && member.from <= last) {
            Some(_) => self.end_member(child, person, &last, by, now),
            None => Ok(()),
        }
    }

    fn checked_delegation(&self, new: &Delegation, child: &Id) -> Result<()> {
        let known = self.peps.get(&new.pep).filter(|known| known.start.child == *child).ok_or(Refused::PepUnknown)?;
        let pages = pep::delegable(&known.start, &self.processes);
        let mut named = new.sections.iter();
        if new.sections.len() > pages.len() || !named.all(|section| pages.contains(section)) {
            return Err(Refused::Sections(pages.join(", ")));
        }
        let days = |day: &str| day.parse::<chrono::NaiveDate>().map_err(|_| Refused::Date);
        let length = days(&new.to)?.signed_duration_since(days(&new.from)?).num_days();
        if !(0..=DELEGATED_DAYS_MAX).contains(&length) {
            return Err(Refused::Until);
        }
        let role = &self.people.get(&new.person).ok_or(Refused::PersonUnknown)?.role;
        if pep::may_deputise(role) { Ok(()) } else { Err(Refused::NotAColleague) }
    }

    /// Whether somebody is on a team only for what was delegated to them.
    fn came_to_deputise(&self, member: &Member) -> bool {
        let for_it = |one: &Delegation| {
            one.person == member.person && one.from >= member.from && Some(&one.to) == member.to.as_ref()
        };
        member.role == pep::DEPUTY && self.delegations(&member.child).iter().any(for_it)
    }

    fn put_delegations(&mut self, child: &Id, all: Vec<Delegation>) {
        self.stage(key(DELEGATED, child), &all);
        self.delegations.insert(*child, all);
        self.changes(Subject::Child(*child));
        self.touch_team(child);
    }
}

/// Those of a child, of which those of one plan to one person end with a day: what was written on it stays theirs.
fn cut(all: &[Delegation], pep: &Id, person: &Id, last: &str) -> Vec<Delegation> {
    let of = |one: &Delegation| one.pep == *pep && one.person == *person && one.to.as_str() > last;
    let kept = all.iter().filter(|one| !(of(one) && one.from.as_str() > last));
    let ended = |one: &Delegation| Delegation { to: last.to_owned(), ..one.clone() };
    kept.map(|one| if of(one) { ended(one) } else { one.clone() }).collect()
}
