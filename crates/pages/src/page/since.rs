//! What has changed in a plan since somebody signed it, question by question.

use maud::html;
use plan::{Question, SignOff, View};

use crate::{
    changed::changed,
    kit,
    model::Plan,
    request::{Leaf, Outcome},
    sections,
    text::of_answer,
};
use participant::words;

/// The signature that a word in an address stands for.
pub fn signature<'a>(plan: &'a Plan, word: &str) -> Option<&'a SignOff> {
    plan.view.sign_offs.iter().find(|made| plan.word_for(&made.key) == word)
}

/// Shows what differs between the plan as it was signed and as it is. `then`: the plan itself as it was, without annexes.
pub fn since(plan: &Plan, made: &SignOff, then: &View) -> Outcome {
    let label = plan::bank().question(made.question).map_or(made.question, |question| question.label.as_str());
    let in_plan = |question: &&'static Question| {
        question.document() == plan::DocumentKind::Main && !question.is_sign_off() && !question.computed
    };
    let questions = plan.pep.process().questions().filter(in_plan);
    let differs = |question: &'static Question| {
        let (before, after) = (of_answer(&plan.pep, then, question), of_answer(&plan.pep, &plan.view, question));
        (before != after).then_some((question, before, after))
    };
    let found: Vec<(&Question, String, String)> = questions.filter_map(differs).collect();
    let main = html! {
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { "What has changed since it was signed" }
        p class="govuk-body" { "“" (label) "”: " (words::name(&made.by)) ", " (words::moment(made.at, plan.now.zone)) "." }
        @if found.is_empty() { p class="govuk-body" { "Nothing has changed since." } }
        @else { p class="govuk-body" { (participant::words::counted(found.len(), "answer")) " changed. Parts that are shared with only some people are not in what is signed, and are not compared." } }
        @for (question, before, after) in &found {
            h2 class="govuk-heading-s" { (kit::link(&sections::question_href(plan, &question.id), &question.label)) }
            (changed(before, after, usize::MAX))
        }
    };
    let leaf = Leaf::new(format!("Changed since signing, {}", plan.name), "Children", main);
    Outcome::page(leaf.back(plan.href("/history"), "Back to the history"))
}
