//! One PEP that was begun apart under two processes: what this device's person entered in the generation that does not stand is written
//! into the one that does. What is answered there otherwise already, and what their role may not write there, becomes a remark beside
//! the answer, so that nobody's words take the place of anybody's and none is lost.

use std::collections::BTreeSet;

use plan::{Answer, AnswersFile, Pep, Question, Value, View};
use replica::Trouble;
use uuid::Uuid;

use crate::{
    Device, Error, Mine, Now, bring, comments,
    device::PlanDocuments,
    mine,
    words::{self, told},
};

/// Letters of an answer that a remark quotes, which has room for twice as many; all of it stands in the copy that was put aside.
const QUOTED_MAX: usize = 1_800;

/// Does what waits: to be called when something has come over the line. On the disk when this returns; cut off in between it is done
/// again, and what was written already is not written twice. Whether anything was done.
pub fn what_waits(device: &mut Device, now: &Now) -> Result<bool, Trouble> {
    let mut done = false;
    for (standing, aside) in device.to_take_over() {
        let Some(role) = device.role_in(&standing, &now.today()) else { continue };
        let mine = Mine { pep: standing, role };
        match take_over(device, &mine, &aside, now) {
            Ok(words) => {
                device.took_over(&aside, words)?;
                done = true;
            }
            // It is tried again with the next that comes; nothing was put away.
            Err(_) => continue,
        }
    }
    Ok(done)
}

/// The generation of a plan that was put aside last, as this person reads it.
pub fn aside(device: &mut Device, mine: &Mine) -> Result<Option<(Pep, View)>, Error> {
    let Some(pep) = device.put_aside(&mine.pep.id()) else { return Ok(None) };
    let copies = device.documents_aside(&pep, mine.role)?;
    Ok(view_of(&copies, &pep).map(|view| (pep, view)))
}

fn view_of(copies: &PlanDocuments, pep: &Pep) -> Option<View> {
    copies.documents().map(|documents| plan::read(documents, pep, &|actor| copies.author(actor)))
}

fn take_over(device: &mut Device, mine: &Mine, aside: &Pep, now: &Now) -> Result<String, Error> {
    let person = Uuid::from_bytes(mine::me(device, now)?.person);
    let copies = device.documents_aside(aside, mine.role)?;
    let Some(ours) = view_of(&copies, aside) else { return Ok(told::took_over(aside, &mine.pep, 0, 0, false)) };
    let own = own(&copies, person);
    // What came from the last PEP and nobody has confirmed comes from there once more.
    let wanted = |id: &str| own.as_ref().is_none_or(|own| own.contains(id)) && !ours.to_confirm.contains(id);
    let text = plan::answers_file(&ours, aside, None, wanted);
    let file = AnswersFile::read(&text).map_err(|no| Error::new(crate::Kind::Failed, no.to_string()))?;
    let (before, writer) = (mine.view(device)?, mine.writer(device, now)?);
    let brought = file.bring(&mine.pep, &writer).unanswered(&before, &writer);
    let done = bring::write(device, mine, brought, now)?;
    let left: BTreeSet<&str> = done.left_out.iter().filter_map(|(place, _)| place.split('/').next()).collect();
    let mut remarks = Vec::new();
    for question in left.into_iter().filter_map(|id| plan::bank().question(id)) {
        let said = said(question, &ours);
        let stands = before.answers.get(question.id.as_str());
        if said.is_empty() || stands == ours.answers.get(question.id.as_str()) {
            continue;
        }
        let remark = told::said_aside(&aside.process().name, &quoted(&said));
        remarks.push((question, Uuid::new_v5(&aside.document(question.document()), question.id.as_bytes()), remark));
    }
    let beside = remarks.len();
    let mut refused = 0;
    for comment in ours.comments.iter().filter(|comment| comment.by.as_ref().is_some_and(|by| by.person == person)) {
        if let (Some(question), Ok(key)) = (plan::bank().question(&comment.question), comment.key.parse()) {
            remarks.push((question, key, comment.text.clone()));
        }
    }
    for (question, key, text) in remarks {
        let edit = comments::comment(&*mine.view(device)?, question, key, &text);
        // Where even a remark is refused (the plan is sealed), it stays in the copy that was put aside.
        refused += usize::from(device.edit(&mine.pep, question.document(), mine.role, &[edit], now.unix())?.is_err());
    }
    bring::from_last(device, mine, now)?;
    let signed = ours.sign_offs.iter().any(|made| made.by.as_ref().is_some_and(|by| by.person == person));
    Ok(told::took_over(aside, &mine.pep, done.questions.len(), beside.saturating_sub(refused), signed))
}

/// The questions that a person has written something of; `None` where they alone have written in it.
fn own(copies: &PlanDocuments, person: Uuid) -> Option<BTreeSet<String>> {
    if copies.are_all_of(&person) {
        return None;
    }
    let mut own = BTreeSet::new();
    for (_, document) in copies.held() {
        let entries = plan::history(document, &|actor| copies.author(actor), None);
        for entry in entries.iter().filter(|entry| entry.by.as_ref().is_some_and(|by| by.person == person)) {
            own.extend(entry.deeds.iter().filter_map(|deed| deed.place.split('/').next()).map(str::to_owned));
        }
    }
    Some(own)
}

/// What was answered, as words for a remark; empty where nothing was.
fn said(question: &Question, view: &View) -> String {
    let words = |value: &Value| words::value(question, value);
    match view.answers.get(question.id.as_str()) {
        Some(Answer::Text { text }) => text.clone(),
        Some(Answer::Value(value)) => words(value),
        Some(Answer::Set(chosen)) => chosen.iter().map(|one| question.label_of(one)).collect::<Vec<_>>().join(", "),
        Some(Answer::Voices(voices)) => voices.iter().map(|voice| voice.text.as_str()).collect::<Vec<_>>().join("\n"),
        Some(Answer::Disputed(claims)) => claims.iter().map(|claim| words(&claim.value)).collect::<Vec<_>>().join("; "),
        Some(Answer::Table(rows)) => {
            let row = |row: &plan::Row| {
                let columns = question.columns.iter();
                let cells = columns.filter_map(|column| Some((column, row.cells.get(column.id.as_str())?)));
                let cells = cells.filter_map(|(column, cell)| match cell {
                    plan::Cell::Value(value) => Some(format!("{}: {}", column.label, words::cell(column, value))),
                    plan::Cell::Text { text } => Some(format!("{}: {text}", column.label)),
                    _ => None,
                });
                cells.collect::<Vec<_>>()
            };
            rows.iter().map(|one| row(one).join(", ")).filter(|row| !row.is_empty()).collect::<Vec<_>>().join("\n")
        }
        Some(Answer::Targets { .. } | Answer::Computed(_) | Answer::Missing | Answer::Elsewhere) | None => {
            String::new()
        }
    }
}

fn quoted(said: &str) -> String {
    let mut cut: String = said.chars().take(QUOTED_MAX).collect();
    if cut.len() < said.len() {
        cut.push('…');
    }
    cut
}
