//! Presence in words: who is here. Who is not connected is not here.

use maud::{Markup, html};
use plan::Pep;

use super::{
    kit,
    model::{Plan, saved_words, small},
    sections::{block_title, section_href},
};
use participant::device::Present;

/// Names said before `and 2 others`.
const NAMED_MAX: usize = 2;

/// Who has this plan on their screen, what they are to the child, and where they are in it.
pub fn in_plan(plan: &Plan) -> Markup {
    html! {
        @if plan.present.is_empty() { p class="govuk-body-s" { "Nobody else has this plan open now." } }
        @else {
            ul class="govuk-list govuk-body-s" {
                @for present in &plan.present {
                    li class="pep-here" { strong { (name(present)) } @if !present.myself { ", " (small(present.who.role)) } (place(plan, present)) }
                }
            }
        }
    }
}

/// How far what this person wrote in this plan has come, and who of those who are here is shown it.
pub fn mine(plan: &Plan) -> Markup {
    html! {
        @if let Some((waiting, seen)) = &plan.mine {
            @let names: Vec<String> = seen.iter().filter(|one| !one.myself).map(|one| one.who.name.clone()).collect();
            p class="govuk-body-s" {
                (saved_words(*waiting))
                @if !names.is_empty() { " Seen by " (named(&names)) "." }
            }
        } @else { p class="govuk-body-s" { "You have not written in this plan on this device yet." } }
    }
}

/// `Ottoline Greaves-Penn is writing here`, or only `is here`, of the people at fields for which `is_here`; `None` where nobody is.
pub fn at(plan: &Plan, is_here: impl Fn(&str) -> bool) -> Option<String> {
    let here = |present: &&Present| present.field.as_deref().is_some_and(&is_here);
    let (writing, looking): (Vec<&Present>, Vec<&Present>) =
        plan.present.iter().filter(here).partition(|present| present.writing);
    said(&writing, "writing here").or_else(|| said(&looking, "here"))
}

/// The same of one question or field: whoever only looks at a section is at no question of it.
pub fn writing_at(plan: &Plan, field: &str) -> Option<String> {
    let here = |present: &&Present| present.writing && present.field.as_deref() == Some(field);
    said(&plan.present.iter().filter(here).collect::<Vec<_>>(), "writing here")
}

fn said(people: &[&Present], doing: &str) -> Option<String> {
    let names: Vec<String> = people.iter().map(|present| name(present)).collect();
    let alone = matches!(people, [one] if !one.myself);
    (!names.is_empty()).then(|| format!("{} {} {doing}", named(&names), if alone { "is" } else { "are" }))
}

/// `Carys`, `Carys and Odile`, `Carys, Odile and 2 others`.
pub fn named(names: &[String]) -> String {
    let (shown, rest) = names.split_at(names.len().min(NAMED_MAX));
    match (shown, rest.len()) {
        ([], _) => "nobody".to_owned(),
        ([one], 0) => one.clone(),
        ([one, two], 0) => format!("{one} and {two}"),
        (shown, 1) => format!("{} and 1 other", shown.join(", ")),
        (shown, others) => format!("{} and {others} others", shown.join(", ")),
    }
}

/// Whether two questions or fields are on one page.
pub fn is_near(pep: &Pep, a: &str, b: &str) -> bool {
    let section = |field: &str| {
        let id = field.split('/').next()?;
        Some((pep.process().page(id)?.id.as_str(), plan::bank().question(id)?.block.as_str()))
    };
    section(a).is_some() && section(a) == section(b)
}

/// A person as a sentence begins with them.
pub fn name(present: &Present) -> String {
    if present.myself { "You, on another device".to_owned() } else { present.who.name.clone() }
}

/// The section that a question or field is in: its words, and where it is.
pub fn section(plan: &Plan, field: &str) -> Option<(String, String)> {
    let id = field.split('/').next()?;
    let question = plan::bank().question(id)?;
    if id == "targets.list" {
        return Some(("Targets and funding".to_owned(), plan.href("/targets")));
    }
    let page = plan.pep.process().page(id)?;
    Some((block_title(&question.block).to_owned(), section_href(plan, page, &question.block)))
}

fn place(plan: &Plan, present: &Present) -> Markup {
    let section = present.field.as_deref().and_then(|field| section(plan, field));
    html! {
        @if let Some((title, href)) = section {
            @match (present.myself, present.writing) {
                (false, true) => " is writing in ",
                (false, false) => " is looking at ",
                (true, true) => " are writing in ",
                (true, false) => " are looking at ",
            }
            "“" (kit::link(&href, &title)) "”"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_are_named_and_the_others_counted() {
        let said = |names: &[&str]| named(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(said(&["Carys"]), "Carys");
        assert_eq!(said(&["Carys", "Odile"]), "Carys and Odile");
        assert_eq!(said(&["Carys", "Odile", "Lorcan"]), "Carys, Odile and 1 other");
        assert_eq!(said(&["Carys", "Odile", "Lorcan", "Petra"]), "Carys, Odile and 2 others");
    }
}
