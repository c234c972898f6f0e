//! Answers: a value, a text, the reason why there is none, and confirming what came from the last PEP or is unlikely. An edit is made
//! here once, whether a command or a form asks for it.

use plan::{
    Applied, DocumentKind, Edit, Finding, Kind as Type, NoAnswer, Pep, Question, Refused, Value, View, Writer,
    parse_value,
};

use crate::{Device, Error, Kind, Mine, Now, check, mine, select};

/// What somebody says to a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// An answer.
    Value(Value),
    /// That the answer, or the reason why there is none, is taken away.
    Nothing,
    /// Why there is no answer, and the reason in a few words.
    NoAnswer(NoAnswer, String),
}

impl Given {
    /// An answer as a person writes it: a word, a day, an amount. A worked-out answer is refused by the plan, in its own words.
    pub fn said(question: &Question, text: &str) -> Result<Given, Refused> {
        match question.computed && !question.is_overridable() {
            true => Ok(Given::Nothing),
            false => parse_value(&question.id, text).map(Given::Value),
        }
    }
}

/// The edit that says it; `view` is the plan as it is now.
pub fn given(question: &Question, given: Given, view: &View) -> Edit {
    let (question, is_excused) = (question.id.clone(), view.excuses.contains_key(question.id.as_str()));
    match given {
        Given::Value(value) => Edit::Choose { question, value },
        Given::NoAnswer(why, reason) => Edit::Excuse { question, excuse: Some((why, reason)) },
        // What is taken away is the reason why there is no answer, where there is one.
        Given::Nothing if is_excused => Edit::Excuse { question, excuse: None },
        Given::Nothing => Edit::Clear { question },
    }
}

/// The edit that makes a text what it should be, or adds to its end; `place` may be within a target.
pub fn written(place: &str, text: String, append: bool) -> Edit {
    let question = place.to_owned();
    if append { Edit::Append { question, text } } else { Edit::Rewrite { question, text } }
}

/// The edit that confirms what came from the last PEP, as it stands.
pub fn confirmed(question: &Question) -> Edit {
    Edit::Confirm { question: question.id.clone() }
}

/// The edit that says of an unlikely figure that it is right, and the document it belongs in; `None` of any other finding, and where
/// it is not this person's to say.
pub fn sure(finding: &Finding, pep: &Pep, writer: &Writer) -> Option<(DocumentKind, Edit)> {
    let edit = finding.confirmed()?;
    let question = question_of(finding.field.as_deref()?).ok()?;
    let confirmers = pep.process().confirmers_of(question);
    writer.is_among(&confirmers, pep.process(), question).then(|| (question.document(), edit))
}

/// The question that a place is in.
fn question_of(place: &str) -> Result<&'static Question, Error> {
    mine::question(place.split('/').next().unwrap_or_default())
}

/// Says something to a question. On the disk when this returns.
pub fn give(device: &mut Device, mine: &Mine, question: &Question, said: Given, now: &Now) -> Result<Applied, Error> {
    let edit = given(question, said, &*mine.view(device)?);
    mine.edit(device, question, &[edit], now)
}

/// Writes a text, or adds to its end. On the disk when this returns.
pub fn write(
    device: &mut Device,
    mine: &Mine,
    place: &str,
    text: String,
    append: bool,
    now: &Now,
) -> Result<Applied, Error> {
    let question = text_at(place)?;
    mine.edit(device, question, &[written(place, text, append)], now)
}

/// The question in which the text at a place is; an error where there is none, or no text.
pub fn text_at(place: &str) -> Result<&'static Question, Error> {
    let (id, inside) = place.split_once('/').map_or((place, false), |(id, _)| (id, true));
    let question = mine::question(id)?;
    if !inside && !question.computed && !matches!(question.kind, Type::Text | Type::LongText) {
        return Err(Error::new(Kind::Usage, format!("{} is not a text.", question.id)).hint(format!(
            "For one answer there is pep set PEP {} VALUE; for tables pep row, for targets pep target.",
            question.id
        )));
    }
    Ok(question)
}

/// What is confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirm {
    /// These questions, or places in them: what came from the last PEP, and what is unlikely there.
    Fields(Vec<String>),
    /// What is this person's to confirm on a page of the process.
    Page(String),
}

/// What came of it.
#[derive(Debug)]
pub struct Confirmed {
    /// The questions and places that had waited for it.
    pub fields: Vec<String>,
    /// The last change; `None` where nothing was to be confirmed.
    pub applied: Option<Applied>,
}

/// Confirms what came from the last PEP, and what the checks ask about because it is unlikely: all of it or, where one of them may
/// not be, none. On the disk when this returns.
pub fn confirm(device: &mut Device, mine: &Mine, what: Confirm, now: &Now) -> Result<Confirmed, Error> {
    let (view, writer) = (mine.view(device)?, mine.writer(device, now)?);
    let (fields, findings) = match what {
        Confirm::Page(page) => (on_page(mine, &writer, &view, &page)?, Vec::new()),
        Confirm::Fields(fields) => (fields, check::findings_in(device, mine, &view, now)?),
    };
    let mut questions = Vec::new();
    for field in &fields {
        let question = question_of(field)?;
        mine.may_read(device, question)?;
        let owners = mine.pep.process().confirmers_of(question);
        if !writer.is_among(&owners, mine.pep.process(), question) {
            return Err(Refused::NotYours { question: question.id.clone(), owners }.into());
        }
        if !questions.iter().any(|known: &&Question| known.id == question.id) {
            questions.push(question);
        }
    }
    let named = |place: &str| fields.iter().any(|field| place == field || place.starts_with(&format!("{field}/")));
    let doubts: Vec<&Finding> =
        findings.iter().filter(|found| found.field.as_deref().is_some_and(named) && found.confirm.is_some()).collect();
    let mut done = Confirmed { fields: Vec::new(), applied: None };
    for kind in DocumentKind::ALL {
        let here: Vec<&Question> = questions.iter().copied().filter(|question| question.document() == *kind).collect();
        let Some(first) = here.first() else { continue };
        let waited: Vec<&&Question> = here.iter().filter(|q| view.to_confirm.contains(q.id.as_str())).collect();
        let unlikely: Vec<(&Finding, Edit)> = doubts
            .iter()
            .filter_map(|found| Some((*found, sure(found, &mine.pep, &writer).filter(|(of, _)| of == kind)?.1)))
            .collect();
        let confirmed = waited.iter().map(|question| confirmed(question));
        let edits: Vec<Edit> = confirmed.chain(unlikely.iter().map(|(_, edit)| edit.clone())).collect();
        if edits.is_empty() {
            continue;
        }
        let applied = mine.edit(device, first, &edits, now)?;
        done.fields.extend(waited.iter().map(|question| question.id.clone()));
        done.fields.extend(unlikely.iter().filter_map(|(found, _)| found.field.clone()));
        if done.applied.is_none() || applied.change.is_some() {
            done.applied = Some(applied);
        }
    }
    Ok(done)
}

fn on_page(mine: &Mine, writer: &Writer, view: &View, page: &str) -> Result<Vec<String>, Error> {
    let page = select::page(mine, page)?;
    // What is not asked any more is not there to be confirmed.
    let waits = |id: &str| view.to_confirm.contains(id) && view.asked.contains(id);
    let waiting = page.questions.iter().filter(|question| waits(&question.id));
    let process = mine.pep.process();
    let (own, others): (Vec<&&Question>, Vec<&&Question>) =
        waiting.partition(|question| writer.is_among(&process.writers_of(question), process, question));
    if own.is_empty() && !others.is_empty() {
        let message = format!("What waits on page {} is not yours to confirm.", page.id);
        return Err(Error::new(Kind::NotPermitted, message)
            .hint(format!("The {} answers for it.", page.owner.label().to_lowercase())));
    }
    Ok(own.into_iter().map(|question| question.id.clone()).collect())
}
