//! Print or share: a copy of a plan for one reader, to print, to keep as a file, or table by table for a spreadsheet.

use participant::Now;
use std::collections::BTreeSet;

use maud::{Markup, html};
use plan::{Answer, ChangeHash, DocumentKind, Question, Row, View};

use super::since;
use crate::{
    copy::{self, Copy, Reader, Version},
    forms::Errors,
    kit,
    model::{Plan, Site},
    request::{Leaf, Outcome, Pairs, Request},
    sections,
};

/// What somebody chose to have in a copy.
struct Chosen {
    reader: Reader,
    parts: BTreeSet<(String, String)>,
    with_gaps: bool,
}

/// The signature whose version is asked for, if one is: `?as=WORD`.
pub fn signed<'a>(request: &Request, plan: &'a Plan) -> Option<Option<&'a plan::SignOff>> {
    request.query.get("as").map(|word| since::signature(plan, word))
}

/// Asks what the copy should hold, and for whom it is.
pub fn choose(request: &Request, plan: &Plan) -> Outcome {
    ask(request, plan, Errors::new())
}

fn ask(request: &Request, plan: &Plan, errors: Errors) -> Outcome {
    let error = |id: &str| errors.iter().find(|(at, _)| at == id).map(|(_, words)| words.as_str());
    let readers: Vec<(String, String)> =
        Reader::ALL.iter().map(|reader| (reader.word().to_owned(), reader.label().to_owned())).collect();
    let on = request.query.get("reader").unwrap_or_default();
    let main = html! {
        (kit::error_summary(&errors))
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { "Print or share" }
        p class="govuk-body" { "Make a copy for somebody who does not use these pages, or to take on paper. Whoever has a copy can read all of it: choose for whom it is, and send it only to them." }
        form method="get" action=(plan.href("/print/copy")) novalidate {
            @if let Some(word) = request.query.get("as") { input type="hidden" name="as" value=(word); }
            (kit::radios("reader", "Who is it for?", error("reader"), &readers, on))
            (kit::details("What each copy leaves out", false, html! {
                ul class="govuk-list govuk-list--bullet" {
                    @for reader in Reader::ALL { li { (reader.label()) ": " (reader.leaves_out()) } }
                }
            }))
            (sections(plan, &request.query, error("part")))
            div class="govuk-form-group" {
                div class="govuk-checkboxes govuk-checkboxes--small" {
                    div class="govuk-checkboxes__item" {
                        input class="govuk-checkboxes__input" type="checkbox" id="gaps" name="gaps" value="1" checked[request.query.get("gaps").is_some()];
                        label class="govuk-label govuk-checkboxes__label" for="gaps" { "Show questions that have no answer yet, too" }
                    }
                }
            }
            (kit::button("Make the copy"))
        }
        (spreadsheets(plan))
        h2 class="govuk-heading-m" { "A blank form" }
        p class="govuk-body" { (kit::link(&plan.base.to(&format!("/blank-form?process={}", plan.pep.process.id())), "Print a blank form to fill in by hand")) }
    };
    let leaf = Leaf::new(format!("Print or share, {}", plan.name), "Children", main);
    Outcome::page(leaf.back(plan.href(""), "Back to the plan").error(!errors.is_empty()))
}

/// The copy on a page, or as a file to keep. `then`: the plan as it was at the signature that is asked for.
pub fn copied(
    request: &Request,
    site: &Site,
    plan: &Plan,
    then: Option<(&plan::SignOff, &View)>,
    now: &Now,
    as_file: bool,
) -> Outcome {
    let chosen = match chosen(&request.query, plan) {
        Ok(chosen) => chosen,
        Err(errors) => return ask(request, plan, errors),
    };
    let heads: Vec<ChangeHash> = plan
        .heads
        .iter()
        .filter(|(kind, _)| chosen.reader.may_have(**kind))
        .flat_map(|(_, heads)| heads.iter().copied())
        .collect();
    let copy = Copy {
        pep: &plan.pep,
        name: &plan.name,
        council: &site.council,
        view: then.map_or(&plan.view, |(_, view)| view),
        version: then.map_or(Version::Now { at: now.unix(), heads: &heads }, |(made, _)| Version::Signed(made)),
        reader: chosen.reader,
        parts: &chosen.parts,
        with_gaps: chosen.with_gaps,
        zone: now.zone,
    };
    if as_file {
        let name = format!(
            "pep-{}-{}-{}.html",
            plan.pep.year.to_string().replace('/', "-"),
            plan.pep.term,
            chosen.reader.word()
        );
        return Outcome::File { name, kind: "text/html; charset=utf-8", bytes: copy::file(&copy).into_bytes() };
    }
    let query = said(&request.query);
    let main = html! {
        div class="pep-screen" {
            p class="govuk-body" { "This is the copy. To print it, or to save it as a PDF, press Ctrl and P (on a Mac: command and P)." }
            p class="govuk-body" { (kit::link(&plan.href(&format!("/print/file?{query}")), "Save it as a file to send")) }
        }
        (copy::article(&copy))
    };
    Outcome::page(
        Leaf::new(copy::title(&copy), "Children", main)
            .back(plan.href(&format!("/print?{query}")), "Back to what it holds"),
    )
}

/// A table for a spreadsheet. The child's private words are in none.
pub fn spreadsheet(plan: &Plan, name: &str) -> Option<Outcome> {
    let question = plan::bank().question(name.strip_suffix(".csv")?)?;
    let bytes = copy::sheet(question, &plan.pep, &plan.view)?;
    Some(Outcome::File { name: name.to_owned(), kind: "text/csv; charset=utf-8", bytes })
}

fn chosen(query: &Pairs, plan: &Plan) -> Result<Chosen, Errors> {
    let mut errors = Errors::new();
    let reader = query.get("reader").and_then(Reader::of);
    if reader.is_none() {
        errors.push(("reader".to_owned(), "Choose who the copy is for".to_owned()));
    }
    let known: BTreeSet<(String, String)> = all_parts(plan);
    let parts: BTreeSet<(String, String)> = query
        .all("part")
        .filter_map(|part| part.split_once('/'))
        .map(|(page, block)| (page.to_owned(), block.to_owned()))
        .filter(|part| known.contains(part))
        .collect();
    if parts.is_empty() {
        errors.push(("part".to_owned(), "Choose at least one section".to_owned()));
    }
    let parts = if parts == known { BTreeSet::new() } else { parts };
    match reader {
        Some(reader) if errors.is_empty() => Ok(Chosen { reader, parts, with_gaps: query.get("gaps").is_some() }),
        _ => Err(errors),
    }
}

/// Every section that has something to ask.
fn all_parts(plan: &Plan) -> BTreeSet<(String, String)> {
    let pages = plan.pep.process().pages.iter();
    let parts = pages.flat_map(|page| sections::blocks(page).into_iter().map(move |block| (page, block)));
    let parts = parts.filter(|(page, block)| {
        let asked =
            |question: &&Question| !plan.view.hidden.contains_key(question.id.as_str()) && !question.is_sign_off();
        sections::group(page, block)
            .iter()
            .any(|question| asked(question) && *plan.answer(&question.id) != Answer::Elsewhere)
    });
    parts.map(|(page, block)| (page.id.clone(), block.to_owned())).collect()
}

fn sections(plan: &Plan, query: &Pairs, error: Option<&str>) -> Markup {
    let known = all_parts(plan);
    let said: Vec<&str> = query.all("part").collect();
    // At first all are ticked.
    let on = |value: &str| (said.is_empty() && error.is_none()) || said.contains(&value);
    let mut first = true;
    html! {
        div class=(kit::either(error.is_some(), "govuk-form-group govuk-form-group--error", "govuk-form-group")) {
            fieldset class="govuk-fieldset" aria-describedby=[error.map(|_| "part-error")] {
                legend class="govuk-fieldset__legend govuk-fieldset__legend--m" { "Which sections?" }
                @if let Some(words) = error {
                    p class="govuk-error-message" id="part-error" { span class="govuk-visually-hidden" { "Error: " } (words) }
                }
                @for page in &plan.pep.process().pages {
                    @let parts: Vec<&str> = sections::blocks(page).into_iter().filter(|block| known.contains(&(page.id.clone(), (*block).to_owned()))).collect();
                    @if !parts.is_empty() {
                        h2 class="govuk-heading-s" { (page.title) }
                        div class="govuk-checkboxes govuk-checkboxes--small pep-columns" {
                            @for block in parts {
                                @let value = format!("{}/{block}", page.id);
                                @let id = if std::mem::take(&mut first) { "part".to_owned() } else { format!("part-{}-{block}", page.id) };
                                div class="govuk-checkboxes__item" {
                                    input class="govuk-checkboxes__input" type="checkbox" id=(id) name="part" value=(value) checked[on(&value)];
                                    label class="govuk-label govuk-checkboxes__label" for=(id) { (sections::block_title(block)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn spreadsheets(plan: &Plan) -> Markup {
    let tables: Vec<&Question> = plan
        .pep
        .process()
        .questions()
        .filter(|question| question.document() == DocumentKind::Main)
        .filter(|question| matches!(plan.answer(&question.id), Answer::Table(rows) if rows.iter().any(Row::counts)))
        .collect();
    html! {
        @if !tables.is_empty() {
            h2 class="govuk-heading-m" { "Tables for a spreadsheet" }
            ul class="govuk-list" {
                @for question in tables {
                    li { (kit::link(&plan.href(&format!("/print/table/{}.csv", question.id)), &question.label)) }
                }
            }
        }
    }
}

/// What was chosen, for further addresses.
fn said(query: &Pairs) -> String {
    let mut all = form_urlencoded::Serializer::new(String::new());
    for name in ["as", "reader", "gaps"] {
        all.extend_pairs(query.get(name).map(|value| (name, value)));
    }
    all.extend_pairs(query.all("part").map(|part| ("part", part)));
    all.finish()
}
