//! Pages of plans that colleagues answer for the designated teacher.

use gate::Id;
use replica::{Replica, Trouble};
use sync::{
    directory::{Delegation, Subject},
    roster::Member,
};

use super::{Directory, Refused, Result, dated, from_cbor, key, member, text};
use crate::pep;

/// Prefix of the facts that say what of a child's plans is delegated.
const DELEGATED: &str = "delegated/";
/// Delegations of one child's plans, past ones too: those of many years.
pub const DELEGATIONS_MAX: usize = 500;
/// Longest delegation, in days: nobody's plan is a colleague's for longer than a year without being asked again.
pub const DELEGATED_DAYS_MAX: i64 = 366;

const FROM_LATER: &str = "They are to join this child’s team from a later day on already; end that membership first.";
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
    /// professional. What was delegated to them of this plan before ends with the first day. `new.joined` is worked out here.
    pub fn delegate(&mut self, new: Delegation, child: &Id, by: Option<Id>, now: i64) -> Result<()> {
        let (from, to) = (dated(&new.from)?, dated(&new.to)?);
        self.checked_delegation(&new, child)?;
        let joined = match self.open_member(child, &new.person, &from) {
            Err(_) => Some(from.clone()),
            Ok(member) if member.from > from => return Err(Refused::Stands(FROM_LATER)),
            Ok(member) if !pep::deputises(&member.role) => return Err(Refused::NotAColleague),
            Ok(member) if self.came_to_deputise(&member) => Some(member.from),
            Ok(Member { to: Some(last), .. }) if last < to => return Err(Refused::OnTeamUntil(last)),
            Ok(_) => None,
        };
        let new = Delegation { joined, ..new };
        let same = |one: &Delegation| {
            let of = |one: &Delegation| (one.pep, one.person, one.sections.clone(), one.to.clone());
            one.from <= from && of(one) == of(&new)
        };
        if self.delegations(child).iter().any(same) {
            return Ok(());
        }
        let mut all = cut(self.delegations(child), |one| one.pep == new.pep && one.person == new.person, &from);
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
        let (person, joined) = (new.person, new.joined.clone());
        all.push(new);
        self.audit(now, by, "delegated", &said);
        self.put_delegations(child, all);
        self.stays_as_long(child, &person, joined, by, now);
        Ok(())
    }

    /// What was delegated of a plan to a person ends with a day, and their membership with the last of all, where it was for them alone.
    pub fn end_delegation(
        &mut self,
        child: &Id,
        (pep, person): (&Id, &Id),
        last: &str,
        by: Option<Id>,
        now: i64,
    ) -> Result<()> {
        let last = dated(last)?;
        let of = |one: &Delegation| one.pep == *pep && one.person == *person;
        if !self.delegations(child).iter().any(|one| of(one) && one.to >= last) {
            return Err(Refused::Stands(NOT_DELEGATED));
        }
        let member = self.open_member(child, person, &last).ok().filter(|member| self.came_to_deputise(member));
        let all = cut(self.delegations(child), of, &last);
        let said = [("child", text(child)), ("pep", text(pep)), ("person", text(person)), ("last day", last)];
        self.audit(now, by, "ended delegation", &said);
        self.put_delegations(child, all);
        self.stays_as_long(child, person, member.map(|member| member.from), by, now);
        Ok(())
    }

    /// Whoever leaves a team answers nothing of its child's plans for anybody after their last day.
    pub(super) fn end_delegations(&mut self, child: &Id, person: &Id, last: &str) {
        let of = |one: &Delegation| one.person == *person;
        if self.delegations(child).iter().any(|one| of(one) && one.to.as_str() > last) {
            let all = cut(self.delegations(child), of, last);
            self.put_delegations(child, all);
        }
    }

    /// A membership that began on `joined` for delegations alone lasts as long as the last of them.
    fn stays_as_long(&mut self, child: &Id, person: &Id, joined: Option<String>, by: Option<Id>, now: i64) {
        let Some(joined) = joined else { return };
        let for_it = |one: &&Delegation| one.person == *person && one.joined.as_ref() == Some(&joined);
        let last = self.delegations(child).iter().filter(for_it).map(|one| one.to.clone()).max();
        let stands = self.team(child).iter().find(|m| m.person == *person && m.from == joined && m.role == pep::DEPUTY);
        if last.is_some() && stands.is_none_or(|member| member.to != last) {
            self.put_member(member(*child, *person, pep::DEPUTY, &joined, last), now, by);
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
    pub(super) fn came_to_deputise(&self, member: &Member) -> bool {
        let for_it = |one: &Delegation| one.person == member.person && one.joined.as_ref() == Some(&member.from);
        member.role == pep::DEPUTY && self.delegations(&member.child).iter().any(for_it)
    }

    fn put_delegations(&mut self, child: &Id, all: Vec<Delegation>) {
        self.stage(key(DELEGATED, child), &all);
        self.delegations.insert(*child, all);
        self.changes(Subject::Child(*child));
        self.touch_team(child);
    }
}

/// Those of a child, of which some end with a day: what was written on it stays theirs. Of one plan and one person what began on that
/// day and ends on it is one entry, however often it was delegated anew.
fn cut(all: &[Delegation], of: impl Fn(&Delegation) -> bool, last: &str) -> Vec<Delegation> {
    let mut kept: Vec<Delegation> = Vec::with_capacity(all.len());
    for one in all {
        let ends = of(one) && one.to.as_str() > last;
        if ends && one.from.as_str() > last {
            continue;
        }
        let one = if ends { Delegation { to: last.to_owned(), ..one.clone() } } else { one.clone() };
        let of_that_day = |before: &&mut Delegation| {
            let key = |one: &Delegation| (one.pep, one.person, one.from.clone(), one.to.clone());
            one.from == last && key(before) == key(&one)
        };
        match kept.iter_mut().find(of_that_day) {
            Some(before) => {
                before.sections.extend(one.sections);
                before.sections.sort_unstable();
                before.sections.dedup();
            }
            None => kept.push(one),
        }
    }
    kept
}
