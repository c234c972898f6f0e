//! A blank form to print and fill in by hand, by process and phase (R000-25): for a meeting without a computer, or to be sent
//! to somebody beforehand.

use maud::{Markup, html};
use plan::{Column, Expr, Kind, Phase, Process, Question};

use crate::{
    forms::Errors,
    kit,
    model::Site,
    request::{Leaf, Outcome, Request},
    sections::{block_title, blocks, group},
};

/// Empty rows of a table to fill in.
const ROWS: usize = 4;

/// Asks which form, and shows it.
pub fn blank(request: &Request, site: &Site) -> Outcome {
    let asked = |name: &str| request.query.get(name).unwrap_or_default();
    let process = site.processes.newest().find(|process| process.id == asked("process"));
    let phase = asked("phase").parse::<Phase>().ok();
    let mut errors = Errors::new();
    if request.query.get("show").is_some() {
        if process.is_none() {
            errors.push(("process".to_owned(), "Choose the process".to_owned()));
        }
        if phase.is_none() {
            errors.push(("phase".to_owned(), "Choose the age".to_owned()));
        }
        if let (Some(process), Some(phase)) = (process, phase) {
            return form(site, process, phase, asked("page"));
        }
    }
    let error = |id: &str| errors.iter().find(|(at, _)| at == id).map(|(_, words)| words.as_str());
    let processes: Vec<(String, String)> =
        site.processes.newest().map(|one| (one.id.clone(), one.name.clone())).collect();
    let phases: Vec<(String, String)> =
        Phase::ALL.iter().map(|phase| (phase.to_string(), phase.label().to_owned())).collect();
    let main = html! {
        (kit::error_summary(&errors))
        h1 class="govuk-heading-l" { "A blank form" }
        p class="govuk-body" { "A form to print and fill in by hand. It names no child." }
        form method="get" action=(site.href("/blank-form")) novalidate {
            input type="hidden" name="show" value="1";
            (kit::radios("process", "Which process?", error("process"), &processes, asked("process")))
            (kit::radios("phase", "Which age?", error("phase"), &phases, asked("phase")))
            (kit::button("Show the form"))
        }
    };
    Outcome::page(Leaf::new("A blank form", "", main).error(!errors.is_empty()))
}

/// The form; `only` is one page of the process, or something else for all of them.
fn form(site: &Site, process: &Process, phase: Phase, only: &str) -> Outcome {
    let one = process.pages.iter().find(|page| page.id == only);
    let pages = || process.pages.iter().filter(|page| one.is_none_or(|one| one.id == page.id));
    let href = |page: &str| site.href(&format!("/blank-form?show=1&process={}&phase={phase}&page={page}", process.id));
    let asked = |question: &&Question| {
        let of_phase = question.phases.is_empty() || question.phases.contains(&phase);
        of_phase && !question.computed && question.document() != plan::DocumentKind::Quality
    };
    let title = format!("Personal Education Plan, {}", phase.label().to_lowercase());
    let main = html! {
        div class="pep-screen" {
            p class="govuk-body" { "To print the form, or to save it as a PDF, press Ctrl and P (on a Mac: command and P)." }
            @if one.is_some() { p class="govuk-body" { (kit::link(&href(""), "Show the whole form")) } }
            @else {
                (kit::details("Print only a part of it", false, html! {
                    ul class="govuk-list" { @for page in &process.pages { li { (kit::link(&href(&page.id), &page.title)) } } }
                }))
            }
        }
        article class="pep-copy pep-blank" {
            p class="pep-copy__from" { (site.council) }
            h1 { (title) }
            p { (process.name) ". Whoever fills it in by hand gives it to somebody who enters it in the plan." }
            @for page in pages() {
                section class="pep-copy__page" {
                    h2 { (page.title) }
                    p class="pep-copy__note" { "For " (super::super::model::people(&[page.owner])) }
                    @for block in blocks(page) {
                        @let questions: Vec<&Question> = group(page, block).into_iter().filter(asked).collect();
                        @if !questions.is_empty() {
                            h3 { (block_title(block)) }
                            @for question in questions { (space(process, question)) }
                        }
                    }
                }
            }
        }
    };
    Outcome::page(Leaf::new(title, "", main).back(site.href(&format!("/blank-form?process={}", process.id)), "Back"))
}

fn space(process: &Process, question: &Question) -> Markup {
    let further = process.visible_if.get(&question.id);
    let sometimes = question.visible_if != Expr::Always || further.is_some();
    html! {
        div class="pep-copy__answer" {
            h4 { (question.label) }
            @if !question.help.is_empty() { p class="pep-copy__note" { (question.help) } }
            @if sometimes { p class="pep-copy__note" { "If it applies" } }
            @match question.kind {
                Kind::YesNo => (boxes(&["Yes", "No"], false)),
                Kind::Choice | Kind::MultiChoice if !question.options.is_empty() => {
                    (boxes(&question.options.iter().map(|choice| choice.label.as_str()).collect::<Vec<_>>(), question.open))
                }
                Kind::Table | Kind::TargetList => (table(&question.columns)),
                Kind::LongText => div class="pep-blank__lines pep-blank__lines--long" {},
                _ => div class="pep-blank__lines" {},
            }
        }
    }
}

fn boxes(labels: &[&str], open: bool) -> Markup {
    html! {
        ul {
            @for label in labels { li { span class="pep-blank__box" {} (label) } }
            @if open { li { span class="pep-blank__box" {} "Something else:" } }
        }
    }
}

fn table(columns: &[Column]) -> Markup {
    let columns: Vec<&Column> = columns.iter().filter(|c| c.kind != Kind::Table && !c.calculated).collect();
    html! {
        // Wider ones do not fit on a sheet.
        @for some in columns.chunks(6) {
            table {
                thead { tr { @for column in some { th scope="col" { (column.label) } } } }
                tbody { @for _ in 0..ROWS { tr { @for _ in some { td {} } } } }
            }
        }
    }
}
