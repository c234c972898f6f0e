//! Choosing between answers that people gave apart.

use maud::{Markup, html};
use participant::conflicts;
use plan::{Dispute, Value};

use crate::{
    back::{self, Back},
    field::Ask,
    forms::{Errors, Lots, refusal},
    keeping::{self, FORM, Saves, act_stamp},
    kit::{self, saved},
    model::Plan,
    request::{Leaf, Outcome, Request},
    sections,
};
use participant::words;

/// Lists what there is to choose.
pub fn list(request: &Request, plan: &Plan, disputes: &[Dispute]) -> Outcome {
    let main = html! {
        @if request.query.get("saved").is_some() { (kit::done("Your choice is saved on this device")) }
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { "Questions with two answers" }
        @if disputes.is_empty() { p class="govuk-body" { "There are none." } }
        @else { p class="govuk-body" { "People entered different things while they were apart. Nobody’s answer is lost; one has to be chosen." } }
        @for dispute in disputes {
            h2 class="govuk-heading-s" { (label(plan, dispute)) }
            ul class="govuk-list govuk-list--bullet" { @for claim in &dispute.claims { li { (said(plan, dispute, claim)) } } }
            p class="govuk-body" {
                @if may(plan, dispute) {
                    a class="govuk-link" href=(sections::choose_href(plan, &dispute.place)) { "Choose" span class="govuk-visually-hidden" { ": " (label(plan, dispute)) } }
                } @else { "It is for " (writers(plan, dispute)) " to choose." }
            }
        }
    };
    let title = format!("Questions with two answers, {}", plan.name);
    Outcome::page(Leaf::new(title, "Children", main).back(plan.href(""), "Back to the plan"))
}

/// Shows the answers of one dispute, and takes in the choice.
pub fn choose(request: &Request, plan: &Plan, disputes: &[Dispute], word: &str) -> Option<Outcome> {
    let Some(dispute) = disputes.iter().find(|dispute| plan.word_for(&dispute.place) == word) else {
        // It may have been chosen elsewhere a moment ago; then nothing that was chosen there is written over.
        return (word.len() == 32).then(|| settled(plan));
    };
    let question = plan::bank().question(dispute.question)?;
    if !may(plan, dispute) {
        return Some(super::errors::not_yours(plan, question));
    }
    let back = Back::of(request);
    let mut errors: Errors = Vec::new();
    if request.post {
        let take =
            dispute.claims.iter().find(|claim| Some(token(plan, &claim.value).as_str()) == request.form.get("take"));
        errors.extend(refusal(plan, "take"));
        match take {
            Some(claim) if errors.is_empty() => {
                let mut lots = Lots::default();
                lots.add(question.document(), conflicts::taken(dispute, claim));
                let list = || saved(&plan.href("/choose"));
                return Some(lots.write(back.map_or_else(list, |back| back.saved(plan, &question.id))));
            }
            _ => errors.push(("take".to_owned(), "Choose which answer is right".to_owned())),
        }
    }
    let label = label(plan, dispute);
    let (wrong, text) = (!errors.is_empty(), conflicts::is_text(dispute));
    let main = html! {
        (kit::error_summary(&errors))
        form method="post" id=(FORM) action={ (sections::choose_href(plan, &dispute.place)) (back::query(back)) } novalidate
            data-saves=(Saves::Act.word()) data-kept[!request.form.is_empty()] {
            (act_stamp(plan))
            div class=(kit::either(wrong, "govuk-form-group govuk-form-group--error", "govuk-form-group")) {
                fieldset class="govuk-fieldset" aria-describedby=(if wrong { "take-hint take-error" } else { "take-hint" }) {
                    legend class="govuk-fieldset__legend govuk-fieldset__legend--l" {
                        h1 class="govuk-fieldset__heading" { "Which is right: " (label) "?" }
                    }
                    p class="govuk-hint" id="take-hint" { (hint(dispute)) }
                    @if text { (side_by_side(plan, dispute)) }
                    @if let Some((_, words)) = errors.first() { p class="govuk-error-message" id="take-error" { span class="govuk-visually-hidden" { "Error: " } (words) } }
                    div class="govuk-radios" {
                        @for (i, claim) in dispute.claims.iter().enumerate() {
                            @let id = if i == 0 { "take".to_owned() } else { format!("take-{i}") };
                            div class="govuk-radios__item" {
                                @let whose = whose(plan, dispute, claim);
                                input class="govuk-radios__input" type="radio" id=(id) name="take" value=(token(plan, &claim.value)) checked[request.form.get("take") == Some(token(plan, &claim.value).as_str())] autocomplete="off" aria-describedby=[whose.as_ref().filter(|_| !text).map(|_| format!("{id}-hint"))];
                                label class="govuk-label govuk-radios__label" for=(id) {
                                    @match whose.as_ref().filter(|_| text) {
                                        Some(whose) => (whose),
                                        None => (kit::typed(&shown(dispute, &claim.value))),
                                    }
                                }
                                @if let Some(whose) = whose.filter(|_| !text) { div class="govuk-hint govuk-radios__hint" id={ (id) "-hint" } { (whose) } }
                            }
                        }
                    }
                }
            }
            (kit::button("Use this answer"))
        }
    };
    let leaf = Leaf::new(format!("Which is right: {label}, {}", plan.name), "Children", main);
    let question = || (sections::question_href(plan, &question.id), "Back to the question");
    let (href, words) = back.map_or_else(question, |back| back.link(plan));
    Some(Outcome::page(keeping::back(leaf, plan, href, words).error(wrong)))
}

/// A text as each left it, beside each other, and as it is now.
fn side_by_side(plan: &Plan, dispute: &Dispute) -> Markup {
    let (now, each): (Vec<&plan::Claim>, Vec<&plan::Claim>) = dispute.claims.iter().partition(|claim| claim.at == 0);
    html! {
        div class="govuk-grid-row" {
            @for claim in &each {
                div class="govuk-grid-column-one-half" {
                    h2 class="govuk-heading-s" { @if let Some(whose) = whose(plan, dispute, claim) { (whose) } }
                    p class="govuk-body" { (kit::typed(&shown(dispute, &claim.value))) }
                }
            }
        }
        @for claim in &now {
            h2 class="govuk-heading-s" { "As it is now, both together" }
            p class="govuk-body" { (kit::typed(&shown(dispute, &claim.value))) }
        }
    }
}

fn hint(dispute: &Dispute) -> &'static str {
    match plan::is_alike(&dispute.place) {
        true => "If they are one, what only the other says is added, the other is withdrawn, and it counts once.",
        false => {
            "Neither had seen the other’s answer. Everybody sees your choice, and the other answer stays in the history."
        }
    }
}

fn settled(plan: &Plan) -> Outcome {
    let main = html! {
        h1 class="govuk-heading-l" { "There is nothing to choose here now" }
        p class="govuk-body" { "Somebody has chosen, or the answers agree." }
        p class="govuk-body" { (kit::link(&plan.href("/choose"), "See what else there is to choose")) }
    };
    Outcome::page(Leaf::new("Nothing to choose", "Children", main).back(plan.href(""), "Back to the plan"))
}

fn may(plan: &Plan, dispute: &Dispute) -> bool {
    plan::bank().question(dispute.question).is_some_and(|question| {
        let row = dispute.place.split('/').nth(1);
        let own = !question.voice || row.is_none_or(|key| key.ends_with(&format!("+{}", plan.person)));
        plan.may_write(question) && own && conflicts::may_settle(plan.role, dispute)
    })
}

fn writers(plan: &Plan, dispute: &Dispute) -> String {
    plan::bank().question(dispute.question).map_or_else(String::new, |question| plan.writers(question))
}

/// A value as a form names it: what it is, and not which in a row of others that may change.
fn token(plan: &Plan, value: &Value) -> String {
    // Of two pictures the same words may be said.
    let whole = match value {
        Value::Picture(picture) => picture.base64().to_owned(),
        value => value.to_string(),
    };
    plan.word_for(&format!("take/{whole}"))
}

/// Whose an answer is, and since when; of a text also that it is how the two stand together now.
fn whose(plan: &Plan, dispute: &Dispute, claim: &plan::Claim) -> Option<String> {
    match claim.at {
        0 if conflicts::is_text(dispute) => Some("As it is now, both together".to_owned()),
        0 => None,
        at => Some(format!("{}, {}", words::name(&claim.by), words::moment(at, plan.now.zone))),
    }
}

fn said(plan: &Plan, dispute: &Dispute, claim: &plan::Claim) -> Markup {
    html! {
        (kit::typed(&shown(dispute, &claim.value)))
        @if let Some(whose) = whose(plan, dispute, claim) { " - " (whose) }
    }
}

/// What it is about: the question, and the place within it.
fn label(plan: &Plan, dispute: &Dispute) -> String {
    let Some(question) = plan::bank().question(dispute.question) else { return dispute.question.to_owned() };
    let pieces: Vec<&str> = dispute.place.split('/').skip(1).collect();
    let area = |target: &str| {
        let cell = Plan::target(&plan.view, target).and_then(|target| target.row.cells.get("area"));
        super::super::model::cell_value(cell)
            .map_or_else(|| "a target".to_owned(), |value| format!("the target “{value}”"))
    };
    match pieces.as_slice() {
        [] => question.label.clone(),
        [target, "withdrawn"] if question.id == "targets.list" => format!("withdraw or keep {}", area(target)),
        [_, "withdrawn"] | [_, _, _, "withdrawn"] => format!("withdraw or keep a row of “{}”", question.label),
        [_, _, _] if plan::is_alike(&dispute.place) => format!("two of “{}” that look like one", question.label),
        [target, column] if question.id == "targets.list" => {
            let column = question.column(column).map_or(*column, |column| column.label.as_str());
            format!("“{column}” of {}", area(target))
        }
        [.., column] => {
            let column = ask_of(dispute).map_or_else(|| (*column).to_owned(), |ask| ask.label);
            format!("“{column}” in “{}”", question.label)
        }
    }
}

fn shown(dispute: &Dispute, value: &Value) -> String {
    match (dispute.place.ends_with("/withdrawn"), value) {
        (true, Value::YesNo(true)) => "Withdraw it".to_owned(),
        (true, _) => "Keep it".to_owned(),
        (false, value) => ask_of(dispute).map_or_else(|| value.to_string(), |ask| ask.shown(value)),
    }
}

/// What is asked at the place of a dispute.
fn ask_of(dispute: &Dispute) -> Option<Ask> {
    let question = plan::bank().question(dispute.question)?;
    match dispute.place.split('/').skip(1).collect::<Vec<_>>().as_slice() {
        [] => Some(Ask::question(question)),
        [_, column] => Some(Ask::column(&question.id, question.column(column)?)),
        [_, table, _, column] => {
            let table = question.column(table)?;
            Some(Ask::column(&format!("{}/{}", question.id, table.id), table.column(column)?))
        }
        _ => None,
    }
}
