//! The sections of a plan: which questions each has, what it is called, who answers for it, and where it and its questions are.

use plan::{Page, Pep, Question, Role};

use crate::model::Plan;

/// The blocks that have questions on a page of the process, in the page's order.
pub fn blocks(page: &Page) -> Vec<&'static str> {
    let mut blocks: Vec<&'static str> = Vec::new();
    for question in &page.questions {
        if !blocks.contains(&question.block.as_str()) {
            blocks.push(&question.block);
        }
    }
    blocks
}

/// The questions of one block on one page, in the page's order.
pub fn group(page: &Page, block: &str) -> Vec<&'static Question> {
    page.questions.iter().copied().filter(|question| question.block == block).collect()
}

/// A question of a section: one of the plan itself, where it has one, and not of an annex.
pub fn question_of(block: &str) -> Option<String> {
    let questions = || plan::bank().questions().iter().filter(|question| question.block == block);
    let main = questions().find(|question| question.document() == plan::DocumentKind::Main);
    main.or_else(|| questions().next()).map(|question| question.id.clone())
}

/// Whether a question or field is in this section.
pub fn is_within(page: &Page, block: &str, field: &str) -> bool {
    let id = field.split('/').next().unwrap_or(field);
    page.questions.iter().any(|question| question.block == block && question.id == id)
}

/// What a block is called.
pub fn block_title(block: &str) -> &str {
    plan::bank().blocks().iter().find(|(id, _)| id == block).map_or(block, |(_, title)| title)
}

/// What people call a page of the process: by its number, as the council's form has it (`Page 8`), or by its letter (`Section D`).
pub fn page_name(page: &Page) -> String {
    let kind = if page.id.bytes().all(|b| b.is_ascii_digit()) { "Page" } else { "Section" };
    format!("{kind} {}", page.id)
}

/// The same within a sentence.
pub fn page_within(page: &Page) -> String {
    let name = page_name(page);
    let (kind, id) = name.split_once(' ').unwrap_or((&name, ""));
    format!("{} {id}", kind.to_lowercase())
}

/// What a section is called: its block, and the page where the same block is on another page, too.
pub fn title_on(plan: &Plan, page: &Page, block: &str) -> String {
    let pages = &plan.pep.process().pages;
    let on = |page: &Page| group(page, block).iter().any(|question| is_of_this_child(plan, question));
    match pages.iter().filter(|page| on(page)).count() {
        0 | 1 => block_title(block).to_owned(),
        _ => format!("{}, {}", block_title(block), page_within(page)),
    }
}

/// Whether a question is one of this child's: not of another age, and asked as the answers are now. While the plan does not say how old
/// the child is, the directory does.
pub fn is_of_this_child(plan: &Plan, question: &Question) -> bool {
    let age = plan.view.phase.is_some() || question.phases.is_empty();
    let by_directory = || plan.directory.phase(&plan.pep).is_none_or(|phase| question.phases.contains(&phase));
    !plan.view.hidden.contains_key(question.id.as_str()) && (age || by_directory())
}

/// Whether a question is part of the grading of a plan, which has a page of its own: there the process's grades are offered, and what
/// must be said with one.
pub fn is_graded(id: &str) -> bool {
    matches!(id, "qa.areas" | "qa.overall" | "qa.overrideReason")
}

/// Where a section is.
pub fn section_href(plan: &Plan, page: &Page, block: &str) -> String {
    plan.href(&format!("/page/{}/{block}", page.id))
}

/// Where a question is asked.
pub fn question_href(plan: &Plan, id: &str) -> String {
    plan.href(&question_path(&plan.pep, id))
}

/// The same within its plan; `""`, the plan's own page, where the process does not ask it.
pub fn question_path(pep: &Pep, id: &str) -> String {
    match pep.process().page(id).zip(plan::bank().question(id)) {
        Some((page, question)) => format!("/page/{}/{}#at-{id}", page.id, question.block),
        None => String::new(),
    }
}

/// Where one chooses between two answers.
pub fn choose_href(plan: &Plan, place: &str) -> String {
    plan.href(&format!("/choose/{}", plan.word_for(place)))
}

/// Who answers for a page now: while the child is on no school's roll, whoever takes it over then.
pub fn owner(plan: &Plan, page: &Page) -> Role {
    let takes_over = page.owner_when_not_on_roll.first().filter(|_| plan.view.not_on_roll);
    takes_over.copied().unwrap_or(page.owner)
}

/// What the process calls a grade.
pub fn grade_label<'a>(plan: &'a Plan, grade: &'a str) -> &'a str {
    let grades = &plan.pep.process().practice.qa.grades;
    grades.iter().find(|known| known.id == grade).map_or(grade, |known| known.label.as_str())
}
