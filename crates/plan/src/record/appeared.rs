//! Which questions a change brought: "2 new questions appeared because …" (PEP.md 4.3).

use crate::bank::{Question, bank};
use crate::view::View;

/// Questions that must be answered now and were not asked before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appeared {
    /// The answer that changed; `None` where none that the conditions name did.
    pub because: Option<&'static str>,
    /// The new questions, in the order of the bank.
    pub questions: Vec<&'static str>,
}

impl Appeared {
    /// In a sentence for people, with the labels of the bank.
    pub fn sentence(&self) -> String {
        let count = self.questions.len();
        let questions = if count == 1 { "question" } else { "questions" };
        match self.because.and_then(|id| bank().question(id)) {
            Some(because) => format!("{count} new {questions} appeared because “{}” changed.", because.label),
            None => format!("{count} new {questions} appeared."),
        }
    }
}

/// What must be answered in `after` and was not asked in `before`, by the answer it follows from.
pub fn appeared(before: &View, after: &View) -> Vec<Appeared> {
    let mut all: Vec<Appeared> = Vec::new();
    let new = |question: &&Question| {
        let id = question.id.as_str();
        question.mandatory && !question.computed && after.asked.contains(id) && !before.asked.contains(id)
    };
    for question in bank().questions().iter().filter(new) {
        let because = because(question, before, after);
        match all.iter_mut().find(|found| found.because == because) {
            Some(found) => found.questions.push(&question.id),
            None => all.push(Appeared { because, questions: vec![&question.id] }),
        }
    }
    all
}

fn because(question: &'static Question, before: &View, after: &View) -> Option<&'static str> {
    let named = question.visible_if.references().into_iter().map(|reference| reference.question.as_str());
    let changed = |id: &&'static str| before.answers.get(id) != after.answers.get(id);
    let form = (!question.phases.is_empty()).then_some("meta.phase");
    named.chain(form).find(changed)
}
