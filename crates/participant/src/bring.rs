//! Writing many answers at once that come from elsewhere: a file, or the last PEP. What a document refuses is left out and said,
//! and the rest is on the disk when this returns.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate};
use plan::{Answer, Brought, Cell, Cells, DocumentKind, Edit, Pep, PepType, Role, Target, Value, View};
use replica::Trouble;

use crate::{
    Device, Error, Mine, Now,
    words::{self, counted},
};

/// Characters written with one change: well under what one change may hold, for the operations beside the characters.
const PORTION: usize = 12_000;

/// What became of it.
#[derive(Debug, Default)]
pub struct Done {
    /// The questions that were written, each once, in the order they were written.
    pub questions: Vec<String>,
    /// What was left out, and why.
    pub left_out: Vec<(String, String)>,
    /// Whether anything changed.
    pub changed: bool,
}

/// Writes what fits into the documents of a PEP.
pub fn write(device: &mut Device, mine: &Mine, mut brought: Brought, now: &Now) -> Result<Done, Error> {
    let Mine { pep, role } = mine;
    let writer = mine.writer(device, now)?;
    let copies = device.plan_documents(pep, *role)?;
    for (kind, document) in copies.held() {
        brought = brought.fitting(document, pep, kind, &writer);
    }
    let mut done = Done { left_out: std::mem::take(&mut brought.left_out), ..Done::default() };
    for kind in DocumentKind::ALL.iter().filter(|kind| copies.held().all(|(held, _)| held != **kind)) {
        let elsewhere = "It is kept in a part of the plan that is not shared with you.";
        done.left_out.extend(brought.of(*kind).iter().map(|edit| (edit.place(), elsewhere.to_owned())));
    }
    for (kind, _) in copies.held() {
        for portion in portions(brought.of(kind)) {
            done.write(device, mine, kind, &portion, now)?;
        }
    }
    Ok(done)
}

impl Done {
    fn write(
        &mut self,
        device: &mut Device,
        mine: &Mine,
        kind: DocumentKind,
        edits: &[Edit],
        now: &Now,
    ) -> Result<(), Trouble> {
        match device.edit(&mine.pep, kind, mine.role, edits, now.unix())? {
            Ok(applied) => {
                self.changed |= applied.change.is_some();
                for edit in edits {
                    let question = edit.place().split('/').next().unwrap_or_default().to_owned();
                    if !self.questions.contains(&question) {
                        self.questions.push(question);
                    }
                }
            }
            Err(refused) => self.left_out.extend(edits.iter().map(|edit| (edit.place(), refused.to_string()))),
        }
        Ok(())
    }
}

/// Edits as changes that each hold what one change may.
fn portions(edits: Vec<Edit>) -> Vec<Vec<Edit>> {
    let mut portions: Vec<Vec<Edit>> = Vec::new();
    let mut room = 0;
    for edit in edits {
        let weight = weight(&edit);
        match portions.last_mut() {
            Some(portion) if weight <= room => {
                room -= weight;
                portion.push(edit);
            }
            _ => {
                room = PORTION.saturating_sub(weight);
                portions.push(vec![edit]);
            }
        }
    }
    portions
}

/// About how many operations an edit takes.
fn weight(edit: &Edit) -> usize {
    let cells = |cells: &Cells| -> usize {
        let length = |value: &Option<Value>| if let Some(Value::Text(text)) = value { text.len() } else { 0 };
        cells.values().map(|value| 2 + length(value)).sum()
    };
    8 + match edit {
        Edit::Rewrite { text, .. } => text.len(),
        Edit::PutRow { cells: row, .. } | Edit::PutTarget { fields: row, .. } => cells(row),
        _ => 0,
    }
}

/// The last PEP of the same child before this one, if this device holds it. Two of one term are in the order in which they were begun,
/// or held where their days are known: after a change of school the term's review goes on from the PEP about that.
pub fn last_pep(device: &mut Device, mine: &Mine) -> Result<Option<Pep>, Trouble> {
    let Mine { pep, role } = mine;
    let sitting = |pep: &Pep| (pep.year, pep.term);
    let peps: Vec<Pep> = device.peps().filter(|other| other.child == pep.child && other.counts()).cloned().collect();
    let earlier = peps.iter().filter(|other| sitting(other) < sitting(pep)).map(sitting).max();
    let in_reach = |other: &Pep| sitting(other) == sitting(pep) || Some(sitting(other)) == earlier;
    let mut others: Vec<Pep> = peps.into_iter().filter(|other| other.id() != pep.id() && in_reach(other)).collect();
    // No document is opened for what the terms tell.
    if let [only] = others.as_slice()
        && sitting(only) < sitting(pep)
    {
        return Ok(others.pop());
    }
    if others.is_empty() {
        return Ok(None);
    }
    let own = (sitting(pep), when(device, pep, *role)?, rank(pep.kind));
    let mut last = None;
    for other in others {
        let place = (sitting(&other), when(device, &other, *role)?, rank(other.kind));
        if place < own && last.as_ref().is_none_or(|(newest, _)| *newest < place) {
            last = Some((place, other));
        }
    }
    Ok(last.map(|(_, pep)| pep))
}

/// The day on which a PEP is held, or else was begun; nothing of one in which nobody has written comes after everything.
fn when(device: &mut Device, pep: &Pep, role: Role) -> Result<(bool, NaiveDate, i64), Trouble> {
    let meeting = device.view_if_here(pep, role)?.and_then(|view| match view.answers.get("meeting.date") {
        Some(Answer::Value(Value::Date(day))) => Some(*day),
        _ => None,
    });
    let main = *pep.document(DocumentKind::Main).as_bytes();
    let began = match device.replica().has(&main)? {
        true => device.read(&main, plan::begun)?,
        false => None,
    };
    let day = meeting.or(began.and_then(|at| Some(DateTime::from_timestamp(at, 0)?.date_naive())));
    Ok((day.is_none(), day.unwrap_or_default(), began.unwrap_or(i64::MAX)))
}

/// Which of two PEPs of one term comes first, where nothing else tells.
fn rank(kind: PepType) -> u8 {
    match kind {
        PepType::Initial => 0,
        PepType::Interim => 1,
        PepType::SchoolMove => 2,
        PepType::Review => 3,
        PepType::Closing => 4,
    }
}

/// The last PEP and what it says, if it has arrived whole.
pub fn last(device: &mut Device, mine: &Mine) -> Result<Option<(Pep, Arc<View>)>, Error> {
    let Some(before) = last_pep(device, mine)? else { return Ok(None) };
    Ok(device.view_if_here(&before, mine.role)?.map(|view| (before, view)))
}

/// How many answers of this person's could be brought from the last PEP now: those that are asked and not answered.
pub fn could_bring(mine: &Mine, view: &View, pep: &Pep, before: &View) -> usize {
    if view.signed_off() || !mine.pep.counts() {
        return 0;
    }
    let carried = plan::carry(before, pep, view, &mine.pep, mine.role);
    let asked = carried.copied.iter().chain(&carried.to_confirm).filter(|id| view.asked.contains(*id)).count();
    asked + carried.reviews + carried.actions
}

/// What came from the last PEP.
#[derive(Debug)]
pub struct Came {
    /// What was written.
    pub done: Done,
    /// The last PEP.
    pub from: Pep,
    /// Answers that are as they were.
    pub copied: usize,
    /// Answers to confirm.
    pub to_confirm: usize,
    /// Targets to review.
    pub reviews: usize,
    /// Actions that are open still.
    pub actions: usize,
    blank: Vec<&'static str>,
    by_hand: Vec<String>,
}

/// Brings what this person answers for from the last PEP; `None` where there is none.
pub fn from_last(device: &mut Device, mine: &Mine, now: &Now) -> Result<Option<Came>, Error> {
    let Some((from, before)) = last(device, mine)? else { return Ok(None) };
    let carried = plan::carry(&before, &from, &*mine.view(device)?, &mine.pep, mine.role);
    let done = write(device, mine, carried.brought.clone(), now)?;
    let count = |set: &std::collections::BTreeSet<&'static str>| {
        set.iter().filter(|id| done.questions.iter().any(|written| written == *id)).count()
    };
    let (copied, to_confirm) = (count(&carried.copied), count(&carried.to_confirm));
    let blank = if done.changed { carried.blank } else { Vec::new() };
    let (reviews, actions, by_hand) = (carried.reviews, carried.actions, carried.by_hand);
    Ok(Some(Came { done, from, copied, to_confirm, reviews, actions, blank, by_hand }))
}

impl Came {
    /// What was brought, in words for the command line.
    pub fn sentence(&self) -> String {
        let mut brought = Vec::new();
        let mut say = |n: usize, words: String| {
            if n > 0 {
                brought.push(words);
            }
        };
        say(self.copied, format!("{} as they were", counted(self.copied, "answer")));
        let to_confirm = counted(self.to_confirm, "answer");
        say(self.to_confirm, format!("{to_confirm} to confirm (pep confirm PEP FIELD, or --page P)"));
        say(self.reviews, format!("{} to review (pep target review)", counted(self.reviews, "target")));
        say(self.actions, counted(self.actions, "open action"));
        let from = words::sitting(&self.from);
        let mut said = match brought.is_empty() {
            true => format!("Nothing of yours is left to bring from the last PEP ({from})."),
            false => format!("From the last PEP ({from}): {}.", brought.join(", ")),
        };
        if !self.blank.is_empty() {
            said.push_str(&format!(" Begins blank: {}.", self.blank.join(", ")));
        }
        for page in &self.by_hand {
            said.push_str(&format!(" “{page}” is kept by hand: bring your own copy with pep import FILE."));
        }
        said
    }
}

/// The key of the target of the last PEP that `text` names by its key, by the beginning of it, or by its words or subject.
pub fn last_target(last: &Option<(Pep, Arc<View>)>, text: &str) -> Option<String> {
    let plain = |text: &str| text.trim().to_lowercase();
    let targets = || last.iter().flat_map(|(_, before)| &before.targets).filter(|target| target.is_agreed());
    let says = |target: &Target, field: &str| match target.row.cells.get(field) {
        Some(Cell::Value(value)) => plain(&value.to_string()) == plain(text),
        Some(Cell::Text { text: said }) => plain(said) == plain(text),
        _ => false,
    };
    let named: Vec<&Target> = targets()
        .filter(|t| (text.len() >= 4 && t.row.key.starts_with(text)) || says(t, "statement") || says(t, "area"))
        .collect();
    if let [only] = named.as_slice() { Some(only.row.key.clone()) } else { None }
}
