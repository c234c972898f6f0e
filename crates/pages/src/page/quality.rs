//! The Virtual School's quality check: a grade and a comment by area, the overall grade, feedback; and sending a plan back.

use std::collections::BTreeMap;

use maud::{Markup, html};
use participant::{
    answers::{self, Given},
    give_back::{self, NotReturned, Return},
    quality, rows,
};
use plan::{Answer, CELL_MAX, Cells, Kind, Question, Refused, Role, Value, Writer};

use super::errors as pages;
use crate::{
    field::{Ask, Fill},
    forms::{Change, Errors, Lots, Sent, refusal},
    keeping::{self, FORM, Saves, stamp, way},
    kit::{self, saved},
    model::{self, Plan, cell_value, cells_stand, people},
    region::{self, Regions, VALUES},
    request::{Leaf, Outcome, Request},
    sections::{self, grade_label},
};

const AREAS: &str = "qa.areas";
const OVERALL: &str = "qa.overall";
const REASON: &str = "qa.overrideReason";
const FEEDBACK: &str = "qa.feedback";
const RETURNED: &str = "qa.returnedFor";

/// Shows the quality check and takes it in. `sampled`: the process checks this plan.
pub fn quality(request: &Request, plan: &Plan, sampled: bool) -> Option<Outcome> {
    let question = plan::bank().question(AREAS)?;
    if !plan.role.is_virtual_school() || plan.view.state == plan::State::Closed {
        return Some(pages::not_yours(plan, question));
    }
    let practice = &plan.pep.process().practice.qa;
    let mut taken = Taken::of(request, plan);
    let mut grades: BTreeMap<String, String> = BTreeMap::new();
    for area in &practice.areas {
        let grade = taken.area(question, &area.id, &area.label);
        grades.extend(grade.map(|grade| (area.id.clone(), grade)));
    }
    let worked_out = practice.overall(&grades);
    if !practice.areas.is_empty() {
        taken.overall(worked_out);
    }
    taken.feedback();
    let at = if matches!(plan.refused, Some(Refused::NoReason)) { REASON } else { "main-content" };
    taken.errors.extend(refusal(plan, at));
    if request.post && taken.errors.is_empty() {
        return Some(taken.lots.write(saved(&plan.href("/quality"))));
    }
    let leaf = render(&taken, sampled, worked_out);
    if !request.post {
        return Some(Outcome::page(leaf));
    }
    let wrong: Vec<String> = taken.errors.iter().map(|(at, _)| at.clone()).collect();
    let refused = plan.refused.is_some() || wrong.is_empty();
    Some(if refused { Lots::default().partly(taken.changed, leaf) } else { taken.lots.partly(wrong, leaf) })
}

/// The regions of the page: what its fields stand for.
pub fn regions(plan: &Plan) -> Regions {
    let areas = Plan::rows(&plan.view, AREAS).iter().map(cells_stand);
    let values: Vec<String> = areas.chain([model::stands(plan.answer(OVERALL))]).collect();
    Regions::default().with(VALUES, region::values(&values))
}

/// The form of the quality check, input by input: what comes of each.
struct Taken<'a> {
    request: &'a Request,
    plan: &'a Plan,
    /// What stands in each input.
    fills: BTreeMap<String, Fill>,
    /// What is wrong.
    errors: Errors,
    /// That the person has been told what others changed meanwhile.
    told: Vec<Markup>,
    /// What is to be written.
    lots: Lots,
    /// The inputs that say what is not so already.
    changed: Vec<String>,
}

impl<'a> Taken<'a> {
    fn of(request: &'a Request, plan: &'a Plan) -> Taken<'a> {
        let (fills, errors, told, lots, changed) = Default::default();
        Taken { request, plan, fills, errors, told, lots, changed }
    }

    /// One input: what stands there, what came, and what that changes.
    fn take(&mut self, ask: &Ask, text: bool, seen: Fill, now: Fill) -> Option<Change> {
        let Some(sent) = ask.sent(&self.request.form) else {
            self.fills.insert(ask.name.clone(), now);
            return None;
        };
        self.fills.insert(ask.name.clone(), sent.clone());
        let one = Sent { ask, text, seen, now, sent };
        if !self.request.post {
            if let Some(words) = one.kept(&self.request.form) {
                self.errors.push((ask.target(), words));
                self.told.push(one.told());
            }
            return None;
        }
        let change = one.change(&self.request.form);
        if !matches!(change, Ok(None)) {
            self.changed.push(ask.name.clone());
        }
        change.unwrap_or_else(|words| {
            self.errors.push((ask.target(), words));
            self.told.push(one.told());
            None
        })
    }

    /// An area, and the grade that stands for it then.
    fn area(&mut self, question: &Question, area: &str, label: &str) -> Option<String> {
        let plan = self.plan;
        let (grade, comment) = asks(area, label);
        let stands = |view| (cell(view, area, "grade"), cell(view, area, "comment"));
        let ((grade_seen, comment_seen), (grade_now, comment_now)) = (stands(plan.seen_view()), stands(&plan.view));
        let mut cells = Cells::new();
        let given = self.take(&grade, false, grade.fill(grade_seen), grade.fill(grade_now));
        let mut stands = grade_now.map(ToString::to_string);
        if let Some(Change::Put(value)) = given {
            stands = value.as_ref().map(ToString::to_string);
            cells.insert("grade".to_owned(), value);
        }
        let said = self.take(&comment, false, comment.fill(comment_seen), comment.fill(comment_now));
        if let Some(Change::Put(value)) = said {
            cells.insert("comment".to_owned(), value);
        }
        if !cells.is_empty() {
            let writer = Writer::new(plan.person, plan.role);
            match quality::area(area, cells, &writer) {
                Ok(edit) => self.lots.add(question.document(), edit),
                Err(refused) => self.errors.push((grade.target(), crate::text::refused(&refused))),
            }
        }
        stands
    }

    /// The overall grade, and why it is another than the areas make it, which is `worked_out`.
    fn overall(&mut self, worked_out: Option<&str>) {
        let plan = self.plan;
        let (overall, reason) = (overall_ask(), ask(REASON, REASON));
        let own = |view: &plan::View| match view.answers.get(OVERALL) {
            Some(Answer::Value(value)) => overall.fill(Some(value)),
            _ => Fill::default(),
        };
        let given = self.take(&overall, false, own(plan.seen_view()), own(&plan.view));
        let shown = text(plan, plan.seen_answer(REASON));
        let now = text(plan, plan.answer(REASON));
        let why = self.take(&reason, true, shown.clone(), now.clone());
        let edit = match given {
            Some(Change::Put(Some(value))) => Some(quality::overall(plan.pep.process(), value, worked_out)),
            Some(Change::Put(None)) => {
                plan::bank().question(OVERALL).map(|question| answers::given(question, Given::Nothing, &plan.view))
            }
            _ => None,
        };
        edit.into_iter().for_each(|edit| self.lots.add(document(OVERALL), edit));
        if let Some(Change::Text(said)) = why {
            self.lots.text(plan, document(REASON), REASON, [&shown.text, &now.text], &said);
        }
    }

    fn feedback(&mut self) {
        let plan = self.plan;
        let shown = text(plan, plan.seen_answer(FEEDBACK));
        let now = text(plan, plan.answer(FEEDBACK));
        if let Some(Change::Text(said)) = self.take(&ask(FEEDBACK, FEEDBACK), true, shown.clone(), now.clone()) {
            self.lots.text(plan, document(FEEDBACK), FEEDBACK, [&shown.text, &now.text], &said);
        }
    }

    fn fill(&self, ask: &Ask) -> Fill {
        self.fills.get(&ask.name).cloned().unwrap_or_default()
    }
}

/// Whether the areas make the overall grade.
fn by_rules(plan: &Plan) -> bool {
    !plan.pep.process().practice.qa.aggregate.is_empty()
}

fn text(plan: &Plan, answer: &Answer) -> Fill {
    Fill { text: plan.own_text(answer).to_owned(), ..Fill::default() }
}

/// The quality check as it stands in the form.
fn render(taken: &Taken<'_>, sampled: bool, worked_out: Option<&str>) -> Leaf {
    let Taken { request, plan, errors, .. } = taken;
    let (practice, by_rules) = (&plan.pep.process().practice.qa, by_rules(plan));
    let (overall, reason, feedback) = (overall_ask(), ask(REASON, REASON), ask(FEEDBACK, FEEDBACK));
    let error = |id: &str| errors.iter().find(|(at, _)| at == id).map(|(_, words)| words.as_str());
    let choices: Vec<(String, String)> =
        practice.grades.iter().map(|grade| (grade.id.clone(), grade.label.clone())).collect();
    let with = |first: &str| [&[(String::new(), first.to_owned())][..], &choices].concat();
    let follows = match worked_out {
        Some(grade) => format!("As the areas make it: {}", grade_label(plan, grade)),
        None => "As the areas make it, once all are graded".to_owned(),
    };
    let main = html! {
        @if request.post { (kit::error_summary(errors)) }
        @if request.query.get("saved").is_some() { (kit::done("Saved on this device")) }
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { "Quality check" }
        @if practice.areas.is_empty() { p class="govuk-body" { "This process grades no plans. Feedback may be given all the same." } }
        @else if !sampled { p class="govuk-body" { "This plan is not in the sample that is checked, as far as this device holds the others." } }
        @let unheard = quality::unheard(&plan.view);
        @if !unheard.is_empty() {
            (kit::inset(html! {
                p class="govuk-body" { strong { "The child and the carer are waiting for an answer" } }
                ul class="govuk-list govuk-list--bullet" { @for sentence in &unheard { li { (sentence) } } }
            }))
        }
        @if matches!(plan.answer(OVERALL), Answer::Disputed(_)) {
            (kit::inset(html! { "Two people gave different overall grades. " (kit::link(&plan.href("/choose"), "Choose which is right")) }))
        }
        form method="post" id=(FORM) action=(plan.href("/quality")) novalidate data-saves=(Saves::Fields.word()) {
            (stamp(plan))
            (regions(plan).show(VALUES))
            @for words in &taken.told { (words) }
            @for area in &practice.areas {
                @let (grade, comment) = asks(&area.id, &area.label);
                (kit::radios(&grade.name, &area.label, error(&grade.name), &with("No grade yet"), &taken.fill(&grade).text))
                (comment.input(&taken.fill(&comment), error(&comment.name), &html! {}))
            }
            @if !practice.areas.is_empty() {
                @let first = if by_rules { follows.as_str() } else { "No grade yet" };
                (kit::radios(&overall.name, "Overall grade", error(&overall.name), &with(first), &taken.fill(&overall).text))
                @if by_rules { (reason.input(&taken.fill(&reason), error(&reason.name), &html! {})) }
            }
            (feedback.input(&taken.fill(&feedback), error(&feedback.name), &html! {}))
            (kit::button("Save the quality check"))
        }
        p class="govuk-body" { (way(plan, &plan.href("/send-back"), "Send the plan back to somebody", "")) }
    };
    let leaf = Leaf::new(format!("Quality check, {}", plan.name), "Children", main);
    keeping::back(leaf, plan, plan.href("/sign-off"), "Back to sign-off").error(request.post && !errors.is_empty())
}

/// Sends a plan back: to whom, what to put right, by when.
pub fn send_back(request: &Request, plan: &Plan) -> Option<Outcome> {
    let question = plan::bank().question(RETURNED)?;
    if !plan.may_write(question) {
        return Some(pages::not_yours(plan, question));
    }
    let here = plan.href("/send-back");
    let by = question.column("byWhen").map(|column| Ask::column(RETURNED, column))?;
    let what =
        Ask { label: "What must be put right?".to_owned(), kind: Kind::LongText, ..ask("what", "qa.returnedFor/what") };
    let (to, page) = (request.form.get("to").unwrap_or_default(), request.form.get("page").unwrap_or_default());
    let said = what.sent(&request.form).unwrap_or_default();
    let day = by.sent(&request.form).unwrap_or_default();
    let process = plan.pep.process();
    let errors = match request.post {
        true => match sent_back(request, plan, question, &said, (&by, &day)) {
            Ok(outcome) => return Some(outcome),
            Err(errors) => errors,
        },
        false => Vec::new(),
    };
    let error = |id: &str| errors.iter().find(|(at, _)| at == id).map(|(_, words)| words.as_str());
    let roles: Vec<(String, String)> =
        give_back::PUT_RIGHT.iter().map(|role| (role.slug().to_owned(), role.label().to_owned())).collect();
    let mut pages: Vec<(String, String)> = vec![(String::new(), "No page in particular".to_owned())];
    pages.extend(process.pages.iter().map(|page| (page.id.clone(), format!("{}: {}", page.id, page.title))));
    let main = html! {
        (kit::error_summary(&errors))
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { "Send the plan back" }
        p class="govuk-body" { "Only the person you name is asked to say “complete” again; what the other signed stands." }
        form method="post" id=(FORM) action=(here) novalidate data-saves=(Saves::Act.word()) data-kept[!request.form.is_empty()] {
            (stamp(plan))
            input type="hidden" name="row" value=(request.form.get("row").and_then(|id| id.parse().ok()).unwrap_or(plan.fresh));
            (kit::radios("to", "Who puts it right?", error("to"), &roles, to))
            (what.input(&said, error("what"), &html! {}))
            (kit::radios("page", "Which page is it on?", error("page"), &pages, page))
            (by.input(&day, error(&by.target()), &html! {}))
            (kit::button("Send back"))
        }
    };
    let leaf = Leaf::new(format!("Send the plan back, {}", plan.name), "Children", main);
    Some(Outcome::page(
        keeping::back(leaf, plan, plan.href("/quality"), "Back to the quality check").error(!errors.is_empty()),
    ))
}

/// What comes of a form that sends a plan back, or what is wrong in it. `said`: what to put right; `by`: by when, as `day` came.
fn sent_back(
    request: &Request,
    plan: &Plan,
    question: &Question,
    said: &Fill,
    (by, day): (&Ask, &Fill),
) -> Result<Outcome, Errors> {
    let (to, page) = (request.form.get("to").unwrap_or_default(), request.form.get("page").unwrap_or_default());
    let mut errors: Errors = Vec::new();
    let mut wrong = |id: &str, words: String| errors.push((id.to_owned(), words));
    let role = give_back::PUT_RIGHT.iter().find(|role| role.slug() == to);
    if role.is_none() {
        wrong("to", "Choose who puts it right".to_owned());
    }
    if said.text.trim().is_empty() {
        wrong("what", "Enter what must be put right".to_owned());
    } else if said.text.encode_utf16().count() > CELL_MAX {
        wrong("what", format!("What must be put right must be {CELL_MAX} characters or fewer"));
    }
    if !page.is_empty() && !plan.pep.process().pages.iter().any(|known| known.id == page) {
        wrong("page", "Choose a page of this plan".to_owned());
    }
    let by = by.read(day).unwrap_or_else(|words| {
        wrong(&by.target(), words);
        None
    });
    let back = Return {
        to: role.copied().unwrap_or(plan.role),
        what: said.text.clone(),
        page: Some(page.to_owned()).filter(|page| !page.is_empty()),
        by: by.and_then(|by| if let Value::Date(by) = by { Some(by) } else { None }),
        key: request.form.get("row").and_then(|id| id.parse().ok()).unwrap_or(plan.fresh),
    };
    let edit = give_back::returned(&plan.view, &back);
    match &edit {
        Err(NotReturned::SignedOff) => wrong(
            "main-content",
            "This plan is signed off, so nothing of it is sent back. What is written now goes into the next PEP"
                .to_owned(),
        ),
        // What is wrong in an input is said there already.
        Err(NotReturned::NoWords | NotReturned::ToNobody) | Ok(_) => {}
    }
    errors.extend(refusal(plan, "main-content"));
    let (true, Ok(edit)) = (errors.is_empty(), edit) else { return Err(errors) };
    let mut lots = Lots::default();
    match rows::met(None, &plan.view, &edit) {
        None => lots.add(question.document(), edit),
        // The same form came twice.
        Some(met) if met.so => {}
        Some(met) => return Err(vec![("what".to_owned(), already(met.row))]),
    }
    Ok(lots.write(plan.href("/sign-off?returned=1")))
}

/// What is said to whoever sends a form again that has sent a plan back, with something else in it. `row`: what stands of it.
fn already(row: &plan::Row) -> String {
    let what = cell_value(row.cells.get("what")).map_or_else(String::new, ToString::to_string);
    let stands = if row.withdrawn { "has been withdrawn since" } else { "stands" };
    format!(
        "The plan was sent back with “{what}” while you had this page open, and that {stands}. Nothing was changed. To send it back for this too, select “Send back” again"
    )
}

/// What has been sent back and stands, with the way to its page.
pub fn returned(plan: &Plan) -> Markup {
    let rows: Vec<&plan::Row> = Plan::rows(&plan.view, RETURNED).iter().filter(|row| row.counts()).collect();
    let said = |row: &plan::Row, column: &str| match row.cells.get(column) {
        Some(plan::Cell::Value(Value::Date(day))) => Some(participant::words::date(*day)),
        Some(plan::Cell::Value(value)) => Some(value.to_string()),
        _ => None,
    };
    html! {
        @if !rows.is_empty() {
            h2 class="govuk-heading-m" { "Sent back by the Virtual School" }
            ul class="govuk-list govuk-list--bullet" {
                @for row in rows {
                    @let owner = said(row, "owner").and_then(|owner| owner.parse::<Role>().ok());
                    li {
                        (kit::typed(&said(row, "what").unwrap_or_default()))
                        @if let Some(owner) = owner { ". For " (people(&[owner])) }
                        @if let Some(page) = said(row, "section") { ", page " (kit::typed(&page)) }
                        @if let Some(day) = said(row, "byWhen") { ", by " (day) }
                    }
                }
            }
            @if plan::bank().question(RETURNED).is_some_and(|question| plan.may_write(question)) {
                p class="govuk-body" { (kit::link(&sections::question_href(plan, RETURNED), "Change what was sent back")) }
            }
        }
    }
}

fn asks(area: &str, label: &str) -> (Ask, Ask) {
    let grade = Ask { label: label.to_owned(), kind: Kind::Choice, ..ask(&format!("grade-{area}"), "qa.areas/grade") };
    let comment = Ask {
        label: format!("What you want to say about “{label}”"),
        kind: Kind::Text,
        ..ask(&format!("comment-{area}"), "qa.areas/comment")
    };
    (grade, comment)
}

fn overall_ask() -> Ask {
    Ask { kind: Kind::Choice, ..ask(OVERALL, OVERALL) }
}

/// An input for a place: a question's has its words.
fn ask(name: &str, place: &str) -> Ask {
    let question = plan::bank().question(place);
    Ask {
        name: name.to_owned(),
        place: place.to_owned(),
        label: question.map_or_else(String::new, |question| question.label.clone()),
        hint: question.map_or_else(String::new, |question| question.help.clone()),
        kind: question.map_or(Kind::Text, |question| question.kind),
        options: &[],
        open: false,
        optional: false,
    }
}

fn document(question: &str) -> plan::DocumentKind {
    plan::bank().question(question).map_or(plan::DocumentKind::Main, plan::Question::document)
}

fn cell<'a>(view: &'a plan::View, area: &str, column: &str) -> Option<&'a Value> {
    let rows = Plan::rows(view, AREAS).iter().filter(|row| row.counts());
    let mut of_area =
        rows.filter(|row| cell_value(row.cells.get("area")).is_some_and(|value| value.to_string() == area));
    of_area.next().and_then(|row| cell_value(row.cells.get(column)))
}
