//! Comments: remarks beside answers, also by those who may not write the answer.

use maud::{Markup, html};
use plan::{CELL_MAX, Comment, Question};

use crate::{
    field::{Ask, Fill},
    forms::{DRAFT, Errors, Lots, refusal},
    keeping::{self, FORM, Saves, stamp},
    kit::{self, saved},
    model::Plan,
    request::{Leaf, Outcome, Request},
    sections,
};
use participant::{comments, words};

/// Shows all comments, newest first.
pub fn all(plan: &Plan) -> Outcome {
    let main = html! {
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { "Comments" }
        @if plan.view.comments.is_empty() { p class="govuk-body" { "Nobody has left a comment yet." } }
        p class="govuk-body" { "To leave one, open a section and select “Comment” under the question it is about." }
        @for comment in plan.view.comments.iter().rev() {
            div class="pep-comment" {
                @if let Some(question) = plan::bank().question(&comment.question) {
                    h2 class="govuk-heading-s" { (kit::link(&sections::question_href(plan, &question.id), &question.label)) }
                }
                (one(plan, comment))
            }
        }
    };
    Outcome::page(
        Leaf::new(format!("Comments, {}", plan.name), "Children", main).back(plan.href(""), "Back to the plan"),
    )
}

/// Shows the comments on a question, and takes in a new one.
pub fn on(request: &Request, plan: &Plan, question: &str) -> Option<Outcome> {
    let question: &'static Question = plan::bank().question(question)?;
    let here = plan.href(&format!("/comments/{}", question.id));
    let shared = plan.heads.contains_key(&question.document());
    let text = request.form.get("text").unwrap_or_default();
    let mut errors: Errors = Vec::new();
    let draft = request.form.get(DRAFT).is_some();
    if request.post && shared && !draft {
        if text.trim().is_empty() {
            errors.push(("text".to_owned(), "Enter a comment".to_owned()));
        } else if text.encode_utf16().count() > CELL_MAX {
            errors.push(("text".to_owned(), format!("The comment must be {CELL_MAX} characters or fewer")));
        }
        errors.extend(refusal(plan, "text"));
        if errors.is_empty() {
            let key = request.form.get("comment").and_then(|id| id.parse().ok()).unwrap_or(plan.fresh);
            let mut lots = Lots::default();
            lots.add(question.document(), comments::comment(&plan.view, question, key, text));
            return Some(lots.write(saved(&here)));
        }
    }
    let ask = Ask {
        name: "text".to_owned(),
        place: String::new(),
        label: "Your comment".to_owned(),
        hint: format!("{} will see it. A comment cannot be changed afterwards.", readers(question)),
        kind: plan::Kind::LongText,
        options: &[],
        open: false,
        optional: false,
    };
    let error = errors.first().map(|(_, words)| words.as_str());
    let main = html! {
        (kit::error_summary(&errors))
        @if request.query.get("saved").is_some() { (kit::done("Your comment is saved on this device")) }
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { "Comments on “" (question.label) "”" }
        @if plan.comments(&question.id).next().is_none() { p class="govuk-body" { "Nobody has left a comment here yet." } }
        @for comment in plan.comments(&question.id) { div class="pep-comment" { (one(plan, comment)) } }
        @if shared {
            form method="post" id=(FORM) action=(here) novalidate data-saves=(Saves::Act.word()) data-kept[!draft && !request.form.is_empty()] data-new[draft] {
                (stamp(plan))
                input type="hidden" name="comment" value=(request.form.get("comment").and_then(|id| id.parse().ok()).unwrap_or(plan.fresh));
                (ask.input(&Fill { text: text.to_owned(), ..Fill::default() }, error, &html! {}))
                (kit::button("Save comment"))
            }
        } @else {
            p class="govuk-body" { "This part of the plan is not shared with you." }
        }
    };
    let leaf = Leaf::new(format!("Comments on “{}”, {}", question.label, plan.name), "Children", main);
    Some(Outcome::page(
        keeping::back(leaf, plan, sections::question_href(plan, &question.id), "Back to the question")
            .error(!errors.is_empty()),
    ))
}

fn one(plan: &Plan, comment: &Comment) -> Markup {
    html! {
        p class="govuk-body" { (kit::typed(&comment.text)) }
        p class="govuk-hint" { (words::name(&comment.by)) ", " (words::moment(comment.at, plan.now.zone)) }
    }
}

fn readers(question: &Question) -> &'static str {
    match question.document() {
        plan::DocumentKind::Main => "Everybody on the team",
        _ => "Everybody who sees this part of the plan",
    }
}
