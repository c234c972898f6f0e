//! What waits for this person, over every plan of this device, the most urgent first: `plan::tasks`, and what only a device knows.

use std::sync::Arc;

use chrono::NaiveDate;
use plan::{Pep, Person, Role, Standing, State, Task, TaskKind, Who, Writer};
use uuid::Uuid;

use crate::{
    Device, Error, Mine, Now, directory,
    duties::OfChild,
    lists::{self, Listed},
    mine,
    words::{self, counted},
};

/// Something that somebody is waited for.
#[derive(Debug, Clone)]
pub struct ToDo {
    /// Whose it is, where everybody's were asked for; `None`: this person's.
    pub who: Option<Who>,
    /// The role in which.
    pub role: Role,
    /// The child.
    pub child: Uuid,
    /// Their name, where this device knows it.
    pub name: Option<String>,
    /// The plan, where it is about one.
    pub pep: Option<Pep>,
    /// What.
    pub task: Task,
    /// Its day has passed.
    pub late: bool,
    /// Its day is 15 working days away or fewer.
    pub soon: bool,
}

impl Listed {
    /// What waits for this person in it today.
    pub fn tasks(&self, today: NaiveDate) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(move |task| waits(task, self.state, today))
    }
}

/// What waits for this person, the most urgent first.
pub fn mine(device: &mut Device, now: &Now) -> Result<Vec<ToDo>, Error> {
    let (lines, children) = lists::plans_and_children(device, now)?;
    among(device, lines.iter(), children.iter().map(Arc::as_ref), now)
}

/// The same of these plans and children, which somebody has listed already.
pub fn among<'a>(
    device: &Device,
    lines: impl Iterator<Item = &'a Listed>,
    children: impl Iterator<Item = &'a OfChild>,
    now: &Now,
) -> Result<Vec<ToDo>, Error> {
    let (mut all, today) = (Vec::new(), now.day());
    let undecided = device.undecided_by_pep()?;
    for line in lines {
        let mut add = |task: Task| all.push(ToDo::in_plan(&line.pep, line.role, task, today));
        line.tasks(today).cloned().for_each(&mut add);
        if line.role.is_virtual_school() && line.state != State::Superseded {
            corrections(device, line, now)?.into_iter().for_each(&mut add);
        }
        if let Some(count) = undecided.get(&line.pep.id()) {
            let count = usize::try_from(*count).unwrap_or(usize::MAX);
            add(Task { count, ..Task::of(TaskKind::DecideHeld) });
        }
    }
    for of in children {
        let tasks = of.tasks(of.role, today).into_iter();
        all.extend(tasks.map(|task| ToDo::of_child(of, of.role, task, today)));
    }
    in_order(device, all)
}

/// What the plan says otherwise than the directory, for whoever can correct it there.
fn corrections(device: &Device, line: &Listed, now: &Now) -> Result<Vec<Task>, Error> {
    let facts = directory::facts(device, &line.pep.child, now)?;
    let differs = facts.differs_from(&line.stated).into_iter();
    Ok(differs.map(|one| Task { question: Some(one.question), ..Task::of(TaskKind::Correct) }).collect())
}

/// What waits for anybody on the teams of the plans that this device holds, as far as this person may read them.
pub fn everybodys(device: &mut Device, now: &Now) -> Result<Vec<ToDo>, Error> {
    let mut all = Vec::new();
    let (lines, children) = lists::plans_and_children(device, now)?;
    for of in &children {
        for who in mine::team(device, &of.id(), now) {
            let theirs = |task| ToDo { who: Some(who.clone()), ..ToDo::of_child(of, who.role, task, now.day()) };
            all.extend(of.tasks(who.role, now.day()).into_iter().map(theirs));
        }
    }
    for line in lines {
        let plan = Mine { pep: line.pep.clone(), role: line.role };
        let view = plan.view(device)?;
        for who in mine::team(device, &line.pep.child, now) {
            let writer = Writer::new(who.person, who.role);
            let person = Person { writer: &writer, name: &who.name, today: now.day() };
            let found = plan::tasks(&view, &line.pep, &person).into_iter();
            let open = found.filter(|task| waits(task, line.state, now.day()));
            let theirs = |task| ToDo { who: Some(who.clone()), ..ToDo::in_plan(&line.pep, who.role, task, now.day()) };
            all.extend(open.map(theirs));
        }
    }
    in_order(device, all)
}

/// Whether it waits today: of a plan that a later one has replaced only what was agreed to be done.
fn waits(task: &Task, state: State, today: NaiveDate) -> bool {
    let open = state != State::Superseded || task.kind == TaskKind::Action;
    open && task.from.is_none_or(|from| from <= today)
}

impl ToDo {
    fn of(child: Uuid, pep: Option<Pep>, role: Role, task: Task, standing: Option<Standing>) -> ToDo {
        let (late, soon) = (standing == Some(Standing::Overdue), standing == Some(Standing::Soon));
        ToDo { who: None, role, child, name: None, pep, task, late, soon }
    }

    /// In a plan.
    fn in_plan(pep: &Pep, role: Role, task: Task, today: NaiveDate) -> ToDo {
        let standing = task.due.map(|due| pep.process.calendar().standing(today, due));
        ToDo::of(pep.child, Some(pep.clone()), role, task, standing)
    }

    /// Of a child, and in no plan. What nobody can date is looked at soon.
    fn of_child(of: &OfChild, role: Role, task: Task, today: NaiveDate) -> ToDo {
        let begins = matches!(task.kind, TaskKind::NoPep | TaskKind::Review);
        let standing = task.due.map(|due| of.calendar().standing(today, due)).or(begins.then_some(Standing::Soon));
        ToDo::of(of.id(), None, role, task, standing)
    }
}

/// With the children's names; what is late first, then by day, then in the order of kinds.
fn in_order(device: &Device, mut all: Vec<ToDo>) -> Result<Vec<ToDo>, Error> {
    for one in &mut all {
        one.name = device.child(&one.child)?.map(|child| child.name);
    }
    let urgent = |one: &ToDo| (!one.late, one.task.due.unwrap_or(NaiveDate::MAX), one.task.kind);
    all.sort_by(|a, b| urgent(a).cmp(&urgent(b)).then_with(|| a.name.cmp(&b.name)));
    Ok(all)
}

/// What is to be done, in a few words, for somebody in this role.
pub fn said(task: &Task, role: Role) -> String {
    if let (TaskKind::Account, Some(lack)) = (task.kind, &task.reason) {
        return lack.clone();
    }
    let counted = |what: &str| counted(task.count, what);
    let what = match task.kind {
        TaskKind::Answer if task.from.is_some() => "Say whether the meeting was held".to_owned(),
        TaskKind::Answer => format!("Answer {}", counted("question")),
        TaskKind::Confirm => format!("Confirm {} from the last PEP", counted("answer")),
        TaskKind::DecideMoney if task.count > 1 => format!("Decide about the money of {}", counted("target")),
        TaskKind::Copies if task.count > 1 => format!("Send {} copies", task.count),
        TaskKind::Sign if task.reason.is_some() => "Sign again".to_owned(),
        TaskKind::Sign if role.is_virtual_school() => "Sign the plan off".to_owned(),
        TaskKind::Reply => match &task.by {
            Some(by) => format!("Answer the comment of {by}"),
            None => task.kind.label().to_owned(),
        },
        kind => kind.label().to_owned(),
    };
    let at = match (task.kind, task.question.and_then(|id| plan::bank().question(id))) {
        (TaskKind::Choose | TaskKind::Reply | TaskKind::Correct, Some(question)) => format!(" at “{}”", question.label),
        _ => String::new(),
    };
    if let (TaskKind::NoPep | TaskKind::Review, Some(due)) = (task.kind, &task.reason) {
        return format!("{what} ({due})");
    }
    let why = task.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
    format!("{what}{at}{why}")
}

/// By when, and whether that has passed.
pub fn when(one: &ToDo) -> Option<String> {
    let due = one.task.due?;
    Some(if one.late { format!("overdue since {}", words::date(due)) } else { format!("by {}", words::date(due)) })
}
