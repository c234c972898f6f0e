//! Entries that turned out to be one child. Each keeps its PEPs, whose ids contain it; who is on the team of one is on the team of the
//! other.

use gate::Id;
use replica::{Replica, Trouble};
use sync::{
    directory::{Joined, Said, Subject},
    roster::Member,
};

use super::{Directory, Refused, Result, day, from_cbor, key, member, text};

/// Prefix of the facts that say whose entry a child's is another of.
const JOINED: &str = "joined/";

const JOINED_ALREADY: &str = "That entry is joined to another one already.";
const NOT_JOINED: &str = "Those two entries are not joined.";
const OTHERS_JOINED: &str =
    "Another entry is joined to that one. Join each of them to the entry as which the child is to be known.";

impl Directory {
    pub(super) fn read_joined(&mut self, replica: &Replica) -> std::result::Result<(), Trouble> {
        for (key, value) in replica.facts(JOINED.as_bytes())? {
            let child = key.get(JOINED.len()..).and_then(|id| id.try_into().ok()).ok_or(Trouble::Damaged)?;
            // What was undone stands as nothing.
            if let Some(joined) = from_cbor::<Option<Joined>>(&value)? {
                self.joined.insert(child, joined);
            }
        }
        Ok(())
    }

    /// Whose entry a child's turned out to be another of.
    pub fn joined(&self, child: &Id) -> Option<&Joined> {
        self.joined.get(child)
    }

    /// Joins a child's entry to another of the same child; `apart`: they are two children after all. Who is on the one team is then on the
    /// other too, except whoever's membership there has ended.
    pub fn join_children(
        &mut self,
        (child, into): (&Id, &Id),
        apart: bool,
        said: Said,
        by: Option<Id>,
        now: i64,
    ) -> Result<()> {
        if child == into {
            return Err(Refused::SameChild);
        }
        if !self.children.contains_key(child) || !self.children.contains_key(into) {
            return Err(Refused::ChildUnknown);
        }
        let mut on = vec![("child", text(child)), ("into", text(into))];
        // An act says its own reason in the audit.
        on.extend(said.why.clone().filter(|_| by.is_none()).map(|why| ("why", why)));
        let stands = self.joined(child).map(|joined| joined.into);
        if apart {
            if stands != Some(*into) {
                return Err(Refused::Stands(NOT_JOINED));
            }
            self.joined.remove(child);
            self.stage(key(JOINED, child), &None::<Joined>);
            self.audit(now, by, "took children apart", &on);
        } else {
            if stands.is_some() || self.joined(into).is_some() {
                return Err(Refused::Stands(JOINED_ALREADY));
            }
            if self.joined.values().any(|joined| joined.into == *child) {
                return Err(Refused::Stands(OTHERS_JOINED));
            }
            let joined = Joined { into: *into, said };
            self.stage(key(JOINED, child), &Some(&joined));
            self.audit(now, by, "joined children", &on);
            self.share_team(child, into, by, now);
            self.share_team(into, child, by, now);
            self.joined.insert(*child, joined);
        }
        for one in [child, into] {
            self.changes(Subject::Child(*one));
            self.touch_team(one);
        }
        Ok(())
    }

    /// Who is on one team, now or later, comes onto the other, unless they are there or were: nobody gains what ended for them.
    fn share_team(&mut self, from: &Id, to: &Id, by: Option<Id>, now: i64) {
        let today = day(now);
        let open = |member: &&Member| member.to.as_deref().is_none_or(|last| today.as_str() <= last);
        let was_there = |person: &Id| self.team(to).iter().any(|there| there.person == *person);
        let open = self.team(from).iter().filter(open);
        let new: Vec<Member> = open.filter(|member| !was_there(&member.person)).cloned().collect();
        for Member { person, role, from, to: last, .. } in new {
            // Not before today: what was written before was no part of theirs.
            let first = if from > today { from } else { today.clone() };
            self.put_one_member(member(*to, person, &role, &first, last), now, by);
        }
    }

    /// Other entries of the same child.
    fn other_entries(&self, child: &Id) -> Vec<Id> {
        let main = self.joined(child).map_or(*child, |joined| joined.into);
        let others = self.joined.iter().filter(|(_, joined)| joined.into == main).map(|(other, _)| *other);
        others.chain([main]).filter(|other| other != child).collect()
    }

    /// A membership that began, or ended, does so in the teams of the same child's other entries.
    pub(super) fn put_where_joined(&mut self, begins: bool, member: Member, by: Option<Id>, now: i64) {
        let Member { child, person, ref role, ref from, ref to } = member;
        for other in self.other_entries(&child) {
            let first = if begins {
                if self.open_member(&other, &person, from).is_ok() {
                    continue;
                }
                from.clone()
            } else {
                let theirs = self.team(&other).iter().filter(|there| there.person == person && there.role == *role);
                let lasts = |there: &&Member| there.to.is_none() || there.to > *to;
                let found = theirs.clone().find(|there| there.from == *from).or_else(|| theirs.clone().find(lasts));
                let Some(found) = found else { continue };
                found.from.clone()
            };
            self.put_one_member(Member { child: other, from: first, ..member.clone() }, now, by);
        }
    }
}
