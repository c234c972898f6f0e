//! A new PEP for a child: which term, of what type, by which process; and what was brought from the last one.

use chrono::{Datelike, NaiveDate};
use maud::{Markup, html};
use plan::{AcademicYear, EXTRA_CHARS_MAX, Extra, Filed, Pep, PepType, ProcessRef, Term, parse_term};

use crate::{
    forms::Errors,
    keeping::{FORM, Saves, stamp_of_no_plan},
    kit,
    model::{ChildLine, Plan, Site},
    request::{Leaf, Outcome, Request},
    sections,
};
use participant::words::counted;

/// The PEP that a form asks for, or what is wrong in it.
/// `process`: the process of that id, as far as it is offered for that year, or for this one.
pub fn wanted(
    request: &Request,
    child: &ChildLine,
    process: impl Fn(Option<AcademicYear>, &str) -> Option<ProcessRef>,
    today: NaiveDate,
) -> Result<Pep, Errors> {
    let said = |name: &str| request.form.get(name).unwrap_or_default();
    let mut errors: Errors = Vec::new();
    let mut miss = |name: &str, words: &str| errors.push((name.to_owned(), words.to_owned()));
    let term = parse_term(said("term")).map_err(|_| miss("term", "Choose the term")).ok();
    let kind = said("type").parse::<PepType>().map_err(|_| miss("type", "Choose what kind of PEP it is")).ok();
    let year = term.map(|(year, _)| year);
    let process = process(year, said("process"));
    if process.is_none() {
        miss("process", "Choose the process it follows");
    }
    let extra = match said("extra").trim() {
        "" => None,
        reason => Extra::new(reason, today).map_err(|no| miss("extra", no.to_string().trim_end_matches('.'))).ok(),
    };
    match (term, kind, process) {
        (Some((year, term)), Some(kind), Some(process)) if errors.is_empty() => {
            let filed = Filed { extra, ..Filed::default() };
            Ok(Pep { child: child.child, year, term, kind, process, filed })
        }
        _ => Err(errors),
    }
}

/// Asks for a new PEP, and starts it. `doubts` is what speaks against the one that is wanted; whoever has read that may start it.
pub fn new(
    request: &Request,
    site: &Site,
    child: &ChildLine,
    wanted: Option<Result<Pep, Errors>>,
    doubts: &[String],
    offered: &[ProcessRef],
) -> Outcome {
    let blank = request.form.get("blank").is_some();
    let errors = match wanted {
        Some(Ok(pep)) if doubts.is_empty() || request.form.get("read") == Some(&doubts.join(" ")) => {
            return Outcome::Start { pep, blank };
        }
        Some(Err(errors)) => errors,
        _ => Vec::new(),
    };
    let is_offered = |id: &&str| offered.iter().any(|one| one.id() == *id);
    let last = child.plans.first().map(|plan| plan.pep.process.id()).filter(is_offered);
    let usual = last.or(offered.first().map(ProcessRef::id)).unwrap_or_default();
    let chosen = |name: &str| request.form.get(name).unwrap_or_default().to_owned();
    let process = if !chosen("process").is_empty() { chosen("process") } else { usual.to_owned() };
    let error = |id: &str| errors.iter().find(|(at, _)| at == id).map(|(_, words)| words.as_str());
    let types: Vec<(String, String)> =
        PepType::ALL.iter().map(|kind| (kind.to_string(), kind.label().to_owned())).collect();
    let main = html! {
        (kit::error_summary(&errors))
        span class="govuk-caption-l" { (child.name) }
        h1 class="govuk-heading-l" { "Start a PEP" }
        @if let Some(of) = &child.due {
            p class="govuk-body" { (super::duty::currency(of, site.today)) }
            ul class="govuk-list govuk-body-s" { (super::duty::lines(of, site.today)) }
        }
        p class="govuk-body" { "It works without a connection. If somebody else starts the same one, it is one plan and not two: a PEP is known by the child, the term and the kind." }
        form method="post" id=(FORM) action=(site.href(&format!("/children/{}/new", child.child))) novalidate data-saves=(Saves::Act.word())
            data-kept[!request.form.is_empty()] data-says="Kept on this device. Nothing is started until you select the button." {
            (stamp_of_no_plan(true))
            (doubted(doubts))
            (kit::radios("term", "Which term?", error("term"), &terms(site.today), &chosen("term")))
            (kit::radios("type", "What kind of PEP?", error("type"), &types, &chosen("type")))
            (kit::radios("process", "Which process does it follow?", error("process"), &choices(offered), &process))
            (extra(error("extra"), &chosen("extra")))
            @if !child.plans.is_empty() {
                div class="govuk-form-group" {
                    fieldset class="govuk-fieldset" {
                        legend class="govuk-fieldset__legend govuk-fieldset__legend--m" { "What it begins with" }
                        div class="govuk-hint" { "What you answer for begins as the last PEP left it, as far as the process says. Some of it you are asked to confirm." }
                        div class="govuk-checkboxes" {
                            div class="govuk-checkboxes__item" {
                                input class="govuk-checkboxes__input" id="blank" name="blank" type="checkbox" value="yes" checked[blank];
                                label class="govuk-label govuk-checkboxes__label" for="blank" { "Bring nothing from the last PEP" }
                            }
                        }
                    }
                }
            }
            (kit::button("Start the PEP"))
        }
    };
    let leaf = Leaf::new(format!("Start a PEP, {}", child.name), "Children", main)
        .back(site.href("/children"), "Back to children");
    Outcome::page(Leaf { ways: true, ..leaf }.error(!errors.is_empty()))
}

/// What speaks against it, to be read before it is started all the same.
fn doubted(doubts: &[String]) -> Markup {
    html! {
        @if !doubts.is_empty() {
            div class="govuk-warning-text" {
                span class="govuk-warning-text__icon" aria-hidden="true" { "!" }
                strong class="govuk-warning-text__text" {
                    span class="govuk-visually-hidden" { "Warning: " }
                    (doubts.join(" "))
                }
            }
            p class="govuk-body" { "Nothing has been started yet. If it is right all the same, start it." }
            input type="hidden" name="read" value=(doubts.join(" "));
        }
    }
}

/// Asks why it is one more in its term, where it is.
fn extra(error: Option<&str>, said: &str) -> Markup {
    let group = if error.is_some() { "govuk-form-group govuk-form-group--error" } else { "govuk-form-group" };
    html! {
        div class=(group) {
            label class="govuk-label govuk-label--m" for="extra" { "Is it one more in that term? (optional)" }
            div class="govuk-hint" id="extra-hint" { "Say why in a few words, such as: concern. Leave this empty for the term’s PEP." }
            @if let Some(error) = error {
                p class="govuk-error-message" id="extra-error" { span class="govuk-visually-hidden" { "Error: " } (error) }
            }
            input class="govuk-input" id="extra" name="extra" type="text" maxlength=(EXTRA_CHARS_MAX) value=(said) aria-describedby="extra-hint";
        }
    }
}

/// What is said of a PEP that was just started: what came from the last one, and what is to be confirmed.
pub fn started(request: &Request, plan: &Plan) -> Markup {
    let Some(how) = request.query.get("started") else { return html! {} };
    let number = |name: &str| request.query.get(name).and_then(|n| n.parse::<usize>().ok()).unwrap_or_default();
    let came = [
        (number("copied"), "answer", " as they were"),
        (number("confirm"), "answer", " to confirm"),
        (number("reviews"), "target", " to review"),
        (number("actions"), "open action", ""),
    ];
    let came: Vec<String> =
        came.iter().filter(|(n, _, _)| *n > 0).map(|(n, what, how)| format!("{}{how}", counted(*n, what))).collect();
    let confirm: Vec<&plan::Question> =
        plan.view.to_confirm.iter().filter_map(|id| plan::bank().question(id)).collect();
    let confirm: Vec<&plan::Question> = confirm.into_iter().filter(|question| plan.may_write(question)).collect();
    html! {
        (kit::done(if how == "new" { "This PEP is started, and saved on this device" } else { "This PEP exists already: here it is" }))
        @if number("filled") > 0 {
            (kit::inset(html! { p class="govuk-body" { "From the Virtual School’s directory: " (counted(number("filled"), "answer")) ". Change what is not right." } }))
        }
        @if request.query.get("copied").is_some() {
            (kit::inset(html! {
                p class="govuk-body" {
                    @if came.is_empty() { "Nothing of yours was left to bring from the last PEP." }
                    @else { "From the last PEP: " (came.join(", ")) "." }
                }
                @if !confirm.is_empty() {
                    p class="govuk-body" { "To confirm:" }
                    ul class="govuk-list govuk-list--bullet" {
                        @for question in confirm { li { (kit::link(&sections::question_href(plan, &question.id), &question.label)) } }
                    }
                }
            }))
        }
    }
}

/// The terms of this school year and of the next.
fn terms(today: NaiveDate) -> Vec<(String, String)> {
    let this = if today.month() >= 9 { today.year() } else { today.year() - 1 };
    let years = [this, this + 1].into_iter().filter_map(|year| u16::try_from(year).ok().map(AcademicYear));
    let terms = years.flat_map(|year| Term::ALL.iter().map(move |term| (year, *term)));
    terms.map(|(year, term)| (format!("{year}-{term}"), format!("{} {year}", term.label()))).collect()
}

/// The processes that are offered.
fn choices(offered: &[ProcessRef]) -> Vec<(String, String)> {
    offered.iter().map(|one| (one.id().to_owned(), one.process().name.clone())).collect()
}
