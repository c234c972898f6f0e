//! What is due of each child of this person's teams, with or without a plan: `plan::duties` over what this device knows.

use std::{collections::BTreeMap, fmt, sync::Arc};

use chrono::NaiveDate;
use plan::{
    AcademicYear, Calendar, ChildFacts, ClosingEvent, Duties, Pep, ProcessRef, Role, Sitting, Standing, Task, TaskKind,
    duties,
};
use sync::roster::{Child, LEFT_CARE};
use uuid::Uuid;

use crate::{Device, Error, Now, mine::role_for, start, summary::Summary, words};

/// A child, and what is due.
#[derive(Debug, Clone)]
pub struct OfChild {
    /// The child.
    pub child: Child,
    /// The process by which it is due: that of the child's last PEP, or the usual one.
    pub process: ProcessRef,
    /// What is due.
    pub duties: Duties,
    /// What this person is to the child.
    pub role: Role,
    /// Whether there is a PEP, and whether one is open: begun, and not signed off.
    pub peps: Peps,
    /// Whom the team lacks; told to the Virtual School alone, which can put it right.
    pub lacks: Vec<Lack>,
}

/// Which PEPs a child has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peps {
    /// None.
    None,
    /// All that there are have been signed off.
    Signed,
    /// One is open.
    Open,
}

/// Whom a child's team lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lack {
    /// Nobody is there in this role.
    Nobody(Role),
    /// Somebody is, and has not joined: no device of theirs is enrolled.
    NotJoined {
        /// In which role.
        role: Role,
        /// Their name.
        name: String,
    },
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lack::Nobody(role) => write!(f, "No {} is on the team", words::small(*role)),
            Lack::NotJoined { role, name } => write!(f, "{name} ({}) has not joined yet", words::small(*role)),
        }
    }
}

impl OfChild {
    /// The child's id.
    pub fn id(&self) -> Uuid {
        Uuid::from_bytes(self.child.id)
    }

    /// The days by which it is counted.
    pub fn calendar(&self) -> &Calendar {
        self.process.calendar()
    }

    /// How pressing the child is; `None` where nothing is due.
    pub fn standing(&self, today: NaiveDate) -> Option<Standing> {
        self.duties.standing(self.calendar(), today)
    }

    /// Whether something is due in 15 working days or fewer, or overdue.
    pub fn is_due(&self, today: NaiveDate) -> bool {
        self.standing(today).is_some_and(|standing| standing != Standing::Ahead)
    }

    /// What waits for somebody in this role and is in no plan: a PEP to begin, and, of the Virtual School, whom the team lacks.
    pub fn tasks(&self, role: Role, today: NaiveDate) -> Vec<Task> {
        let mut tasks = Vec::new();
        // Whoever begins PEPs in this process, and those who wait for it beside them.
        let by = &self.process.process().practice.initiation.by;
        let may = by.iter().any(|other| role.counts_as(*other));
        let begins = may || role.is_virtual_school() || matches!(role, Role::SocialWorker | Role::DesignatedTeacher);
        let first = self.duties.undone().next();
        if let Some(one) = first.filter(|_| begins && self.peps != Peps::Open && self.is_due(today)) {
            let kind = if self.peps == Peps::None { TaskKind::NoPep } else { TaskKind::Review };
            let what = words::what(one.due.duty, (Some(one.year), one.term), self.process.process());
            let roles: Vec<String> = by.iter().map(|role| words::small(*role)).collect();
            let what = if may { what } else { format!("{what}; {} can begin it", roles.join(" or ")) };
            tasks.push(Task { due: self.duties.first(), reason: Some(what), ..Task::of(kind) });
        }
        if role.is_virtual_school() {
            let lack = |lack: &Lack| Task { reason: Some(lack.to_string()), ..Task::of(TaskKind::Account) };
            tasks.extend(self.lacks.iter().map(lack));
        }
        tasks
    }
}

/// What puts one child before another: overdue, due soon, later, nothing due; then the day.
pub fn urgency(one: &OfChild, today: NaiveDate) -> (u8, Option<NaiveDate>, String) {
    let group = match one.standing(today) {
        Some(Standing::Overdue) => 0,
        Some(Standing::Soon) => 1,
        Some(Standing::Ahead) => 2,
        None => 3,
    };
    (group, one.duties.first(), one.child.name.to_lowercase())
}

/// One child; `None` where this person is not on the team.
pub fn of_child(device: &mut Device, child: &Uuid, now: &Now) -> Result<Option<Arc<OfChild>>, Error> {
    let day = now.today();
    let Some(known) = device.child(child)?.filter(|_| device.role_for(child, &day).is_some()) else { return Ok(None) };
    let peps: Vec<Pep> = device.peps().filter(|pep| pep.child == *child && pep.counts()).cloned().collect();
    let mut sittings = Vec::new();
    for pep in &peps {
        if let Some(role) = device.role_in(pep, &day)
            && let Some(summary) = device.summary(pep, role)?
        {
            sittings.push(summary.sitting.clone());
        }
    }
    let last = peps.iter().max_by_key(|pep| (pep.year, pep.term, pep.kind));
    Ok(Some(Arc::new(of(device, known, last, &sittings, now)?)))
}

/// Every child of this person's teams, in the order of their ids. `summaries`: of all their plans.
pub(crate) fn of_children(device: &Device, summaries: &[Arc<Summary>], now: &Now) -> Result<Vec<Arc<OfChild>>, Error> {
    let mut of_child: BTreeMap<Uuid, Vec<&Summary>> = BTreeMap::new();
    for summary in summaries {
        of_child.entry(summary.pep.child).or_default().push(summary);
    }
    let day = now.today();
    let children = device.children()?.into_iter();
    let mine = children.filter(|child| device.role_for(&Uuid::from_bytes(child.id), &day).is_some());
    mine.map(|child| {
        let plans = of_child.get(&Uuid::from_bytes(child.id)).map_or(&[][..], Vec::as_slice);
        let sittings: Vec<Sitting> = plans.iter().map(|summary| summary.sitting.clone()).collect();
        let last = plans
            .iter()
            .map(|summary| &summary.pep)
            .filter(|pep| pep.counts())
            .max_by_key(|pep| (pep.year, pep.term, pep.kind));
        Ok(Arc::new(of(device, child, last, &sittings, now)?))
    })
    .collect()
}

/// Whom the team of a child lacks today, of those without whom no PEP is made. An officer who has every child is on every team.
pub fn lacks(device: &Device, child: &Uuid, now: &Now) -> Vec<Lack> {
    let (roster, day) = (device.roster(), now.today());
    let team: Vec<_> = roster.team(child.as_bytes()).iter().filter(|member| member.on(&day)).collect();
    let lacking = |role: Role| {
        let in_role = |slug: &str| slug.parse::<Role>().is_ok_and(|theirs| theirs.counts_as(role));
        let mut there = team.iter().filter(|member| in_role(&member.role)).map(|member| member.person).peekable();
        if there.peek().is_none() {
            let every = role == Role::VirtualSchoolOfficer && roster.officers_of_every_child(&day).next().is_some();
            return (!every).then_some(Lack::Nobody(role));
        }
        let people: Vec<_> = there.collect();
        let joined = people.iter().any(|person| roster.has_joined(person));
        let name = people.first().and_then(|person| roster.person(person)).map(|person| person.name.clone());
        (!joined).then(|| Lack::NotJoined { role, name: name.unwrap_or_else(|| "Somebody".to_owned()) })
    };
    [Role::SocialWorker, Role::DesignatedTeacher, Role::VirtualSchoolOfficer].into_iter().filter_map(lacking).collect()
}

fn of(device: &Device, child: Child, last: Option<&Pep>, sittings: &[Sitting], now: &Now) -> Result<OfChild, Error> {
    let today = now.day();
    let id = Uuid::from_bytes(child.id);
    let role = role_for(device, &id, now)?;
    let lacks = if role.is_virtual_school() { lacks(device, &id, now) } else { Vec::new() };
    let counted = || sittings.iter().filter(|one| !one.uncounted);
    let peps = match counted().next() {
        None => Peps::None,
        Some(_) if counted().all(|one| one.signed.is_some()) => Peps::Signed,
        Some(_) => Peps::Open,
    };
    let process = start::usual(start::offered(device, &child, AcademicYear::of(today), now), last)?;
    let process = process.by(device.calendar_of(&id));
    let facts = facts(device, &child);
    let duties = duties(&facts, process.process(), process.calendar(), sittings, today);
    Ok(OfChild { child, process, duties, role, peps, lacks })
}

/// What the directory knows of a child, as far as this person is told.
fn facts(device: &Device, child: &Child) -> ChildFacts {
    let day = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
    let restricted = device.roster().restricted(&child.id);
    let why = restricted.and_then(|facts| facts.get(LEFT_CARE)).and_then(|why| why.parse::<ClosingEvent>().ok());
    ChildFacts {
        born: child.dob.parse().ok(),
        in_care_since: day(&child.looked_after_since),
        emergency: child.emergency,
        left: day(&child.not_due_from).map(|from| (from, why)),
        at_setting: child.school.is_some(),
        school_since: child.school.as_ref().and_then(|school| day(&school.from)),
    }
}
