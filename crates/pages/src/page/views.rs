//! The child's views, and the carer's: by the person who said or wrote them down, never mixed; and giving the device to the child.

use std::collections::BTreeMap;

use maud::{Markup, html};
use plan::{Answer, Cell, Phase, Picture, Question, Role, Row, Value, Who};

use super::{errors, readers};
use crate::{
    child_questions::{SAW, child_questions, face, picture_of, picture_sent, seen_picture},
    forms::{Lots, refusal, stamp},
    keeping::GO,
    kit::{self, saved, upper},
    model::{Plan, people, small},
    request::{Leaf, Outcome, Request},
    sections,
};
use participant::{
    answers::{self, Given},
    settings::ChildMode,
    words::{self, counted},
};

/// A person's words, with the question each answers.
type Words = Vec<(&'static Question, Markup)>;

/// Shows the views, person by person.
pub fn views(plan: &Plan, team: &[Who]) -> Outcome {
    let (people, facts) = (by_person(plan), facts(plan));
    let empty: Vec<&Question> = voiced(plan)
        .filter(|question| {
            *plan.answer(&question.id) == Answer::Missing && plan.view.asked.contains(question.id.as_str())
        })
        .collect();
    let main = html! {
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { "The child’s views" }
        p class="govuk-body" { "What " (plan.name) " and the people at home say, in their own words. Each person’s words are kept apart, and nobody else can change them." }
        @if !facts.is_empty() { (kit::summary(&facts)) }
        (giving(plan))
        @if picture(plan).is_some() {
            h2 class="govuk-heading-m" { (plan.name) "’s picture" }
            p class="govuk-body" { img class="pep-picture" src=(plan.href("/views/picture")) alt=(alt(plan)); }
        }
        (readers::line(plan, team))
        @if people.is_empty() { p class="govuk-body" { "Nobody’s words are here yet." } }
        @for ((by, _), said) in &people {
            h2 class="govuk-heading-m" { (heading(by)) }
            @if by.as_ref().is_some_and(|who| !matches!(who.role, Role::YoungPerson | Role::Carer)) {
                p class="govuk-hint" { "Written down by this person, or on their device: see “Who wrote it down”." }
            }
            dl class="govuk-summary-list" {
                @for (question, words) in said {
                    div class="govuk-summary-list__row govuk-summary-list__row--no-actions" {
                        dt class="govuk-summary-list__key" { (kit::link(&sections::question_href(plan, &question.id), &question.label)) }
                        dd class="govuk-summary-list__value" { (words) }
                    }
                }
            }
        }
        @if !empty.is_empty() {
            h2 class="govuk-heading-m" { "Not said yet" }
            ul class="govuk-list govuk-list--bullet" {
                @for question in empty { li { (kit::link(&sections::question_href(plan, &question.id), &question.label)) } }
            }
        }
    };
    Outcome::page(
        Leaf::new(format!("The child’s views, {}", plan.name), "Children", main)
            .back(plan.href(""), "Back to the plan"),
    )
}

/// The questions that are answered in somebody's own words.
fn voiced(plan: &Plan) -> impl Iterator<Item = &'static Question> {
    plan.pep.process().questions().filter(|question| question.voice)
}

/// Everybody's words, each person's apart.
fn by_person(plan: &Plan) -> BTreeMap<(Option<Who>, String), Words> {
    let mut people: BTreeMap<(Option<Who>, String), Words> = BTreeMap::new();
    for question in voiced(plan) {
        match plan.answer(&question.id) {
            Answer::Voices(voices) => {
                for voice in voices {
                    let words = html! { (kit::typed(&voice.text)) };
                    people.entry((voice.by.clone(), voice.person.to_string())).or_default().push((question, words));
                }
            }
            Answer::Table(rows) => {
                for row in rows.iter().filter(|row| row.counts()) {
                    let owner = row.key.rsplit_once('+').map_or_else(String::new, |(_, person)| person.to_owned());
                    people.entry((row.by.clone(), owner)).or_default().push((question, line(question, row)));
                }
            }
            _ => {}
        }
    }
    people
}

/// How the words were gathered, by whom and when.
fn facts(plan: &Plan) -> Vec<(String, Markup)> {
    let fact = |id: &str| {
        let question = plan::bank().question(id)?;
        match plan.answer(id) {
            Answer::Value(value) => Some((question.label.clone(), kit::typed(&words::value(question, value)))),
            Answer::Set(chosen) => {
                let value = Value::Set(chosen.clone());
                Some((question.label.clone(), kit::typed(&words::value(question, &value))))
            }
            _ => None,
        }
    };
    ["voice.method", "voice.recordedBy", "voice.recordedOn"].into_iter().filter_map(fact).collect()
}

/// The child's picture, where this person reads it and there is one and only one.
pub fn picture(plan: &Plan) -> Option<Picture> {
    match plan.answer("voice.picture") {
        Answer::Value(Value::Picture(picture)) => Some(picture.clone()),
        _ => None,
    }
}

/// Adds the child's picture, puts another in its place, or takes it away.
pub fn add_picture(request: &Request, plan: &Plan) -> Option<Outcome> {
    let question = plan::bank().question("voice.picture")?;
    if !plan.may_write(question) {
        return Some(errors::not_yours(plan, question));
    }
    let home = sections::question_href(plan, &question.id);
    let away = request.form.get(GO) == Some("clear");
    let mut wrong = refusal(plan, "file");
    if request.post && wrong.is_empty() {
        let other = request.form.get(SAW).is_some_and(|saw| saw != seen_picture(plan));
        let said = match picture_sent(&request.form) {
            _ if other => Err("Somebody changed the picture while you had this page open. Look at it, then save again if yours is the right one".to_owned()),
            _ if away => Ok(Given::Nothing),
            Some(sent) => picture_of(sent).map(Given::Value),
            None => Err("Choose a picture".to_owned()),
        };
        match said {
            Ok(said) => {
                let mut lots = Lots::default();
                lots.add(question.document(), answers::given(question, said, &plan.view));
                return Some(lots.write(saved(&home)));
            }
            Err(words) => wrong.push(("file".to_owned(), words)),
        }
    }
    let error = wrong.first().map(|(_, words)| words.as_str());
    let main = html! {
        (kit::error_summary(&wrong))
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { (question.label) }
        p class="govuk-body" { "A drawing or a photo that " (plan.name) " made and wants to be in the plan. Who sees it is " (plan.name) "’s choice." }
        @if picture(plan).is_some() { p { img class="pep-picture" src=(plan.href("/views/picture")) alt=(alt(plan)); } }
        form method="post" action=(plan.href("/picture")) enctype="multipart/form-data" novalidate {
            (stamp(plan))
            input type="hidden" name=(SAW) value=(seen_picture(plan));
            div class=(kit::either(error.is_some(), "govuk-form-group govuk-form-group--error", "govuk-form-group")) {
                label class="govuk-label govuk-label--s" for="file" { "The picture" }
                div class="govuk-hint" id="file-hint" { "JPEG, PNG or WebP, " (plan::PICTURE_BYTES_MAX / 1000) " kB at most." }
                @if let Some(words) = error { p class="govuk-error-message" id="file-error" { span class="govuk-visually-hidden" { "Error: " } (words) } }
                input class="govuk-file-upload" type="file" accept="image/*" id="file" name="file" aria-describedby={ "file-hint" @if error.is_some() { " file-error" } };
            }
            div class="govuk-button-group" {
                (kit::button("Save the picture"))
                @if picture(plan).is_some() {
                    button type="submit" class="govuk-button govuk-button--warning" name=(GO) value="clear" { "Take the picture away" }
                }
            }
        }
    };
    let leaf =
        Leaf::new(format!("{}, {}", question.label, plan.name), "Children", main).back(home, "Back to the question");
    Some(Outcome::page(leaf.error(!wrong.is_empty())))
}

/// What the picture shows, in the child's words.
pub fn alt(plan: &Plan) -> String {
    let words = match plan.answer("voice.pictureWords") {
        Answer::Voices(voices) => voices.iter().map(|voice| voice.text.as_str()).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    };
    if words.trim().is_empty() { format!("{}’s picture, without words for it", plan.name) } else { words }
}

/// Asks whether the device is to be given to the child, and gives it. `team` works with the child; `has_pin`: the device can be
/// taken back.
pub fn give(request: &Request, plan: &Plan, team: &[Who], has_pin: bool) -> Outcome {
    let questions = child_questions(plan);
    let own = plan.role == Role::YoungPerson;
    if request.post && !questions.is_empty() && (own || has_pin) {
        return Outcome::Give(ChildMode { pep: plan.pep.id() });
    }
    let said = questions.iter().filter(|asked| asked.read_back(plan).is_some()).count();
    let title =
        if own { "Answer one question at a time".to_owned() } else { format!("Give this device to {}", plan.name) };
    let main = html! {
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { (title) }
        @if questions.is_empty() {
            p class="govuk-body" { (nothing_to_ask(plan)) }
        } @else if own {
            p class="govuk-body" { "There are " (questions.len()) " questions. You can skip any of them, stop, and come back." }
        } @else {
            p class="govuk-body" { (plan.name) " is asked " (counted(questions.len(), "question")) ", one at a time, in pages of their own. They can skip any of them." }
            ul class="govuk-list govuk-list--bullet" {
                li { "These pages show nothing else until you enter your PIN, on every browser of this device and after a restart." }
                li { "They cannot close other programs. Close what " (plan.name) " should not see." }
                li { "The words are kept under your name, because this is your device, with a note that " (plan.name) " wrote them on it. You can read all of them." }
                li { "Each page says who else will see the answer: for most of them, " (others(team, plan)) "." }
            }
            @if said > 0 {
                (kit::inset(html! {
                    p class="govuk-body" { (counted(said, "question")) " already " (kit::either(said == 1, "has", "have")) " words under your name. " (plan.name) " will see them as their own, and can change them." }
                }))
            }
        }
        @if !questions.is_empty() && !own && !has_pin {
            p class="govuk-body" { "Set a PIN first: it takes the device back." }
            a class="govuk-button" role="button" draggable="false" href=(plan.base.to("/settings/pin")) { "Set a PIN" }
        } @else if !questions.is_empty() {
            form method="post" action=(plan.href("/views/give")) novalidate { (stamp(plan)) (kit::button(&title)) }
        }
    };
    Outcome::page(Leaf::new(title.clone(), "Children", main).back(plan.href("/views"), "Back to the child’s views"))
}

/// The way to the child's own pages, or who has it.
fn giving(plan: &Plan) -> Markup {
    html! {
        @let small = plan.view.phase == Some(Phase::EarlyYears);
        @if small || child_questions(plan).is_empty() { p class="govuk-body" { (nothing_to_ask(plan)) } }
        @if !child_questions(plan).is_empty() {
            a class="govuk-button" role="button" draggable="false" href=(plan.href("/views/give")) {
                @if plan.role == Role::YoungPerson { "Answer one question at a time" } @else { "Give the device to " (plan.name) }
            }
        }
    }
}

/// Why there are no pages for the child here.
fn nothing_to_ask(plan: &Plan) -> Markup {
    let year = || kit::link(&sections::question_href(plan, "setting.yearGroup"), "the year group");
    match plan.view.phase {
        None => html! { "The child’s own pages depend on their age. Enter " (year()) " first." },
        Some(Phase::EarlyYears) => {
            html! { "For a child of this age, adults who know them well write down what they see. The child can add a picture." }
        }
        Some(_) => {
            let recorders = people(&plan.pep.process().practice.voice.recorders);
            html! { (upper(&recorders)) " can give their device to the child, to answer in pages of their own." }
        }
    }
}

/// Who else reads the plan, by name where that is known.
fn others(team: &[Who], plan: &Plan) -> String {
    let others = team.iter().filter(|who| who.person != plan.person && !who.role.is_virtual_school());
    let mut named: Vec<String> = others.map(|who| format!("{} ({})", who.name, small(who.role))).collect();
    named.push("the Virtual School".to_owned());
    named.join(", ")
}

fn heading(by: &Option<Who>) -> String {
    match by {
        Some(who) => format!("{} ({})", who.name, small(who.role)),
        None => upper(words::name(by)),
    }
}

/// A row in a few words: a face or a number of the child's by what it is about, or each cell with its heading.
fn line(question: &Question, row: &Row) -> Markup {
    let said = |id: &str| match (question.column(id), row.cells.get(id)) {
        (Some(column), Some(Cell::Value(value) | Cell::Computed(value))) => Some(words::cell(column, value)),
        (_, Some(Cell::Text { text })) => Some(text.clone()),
        _ => None,
    };
    let number = match (said("face"), said("score")) {
        (Some(number), _) => Some(number.parse().ok().and_then(face).map_or(number, str::to_owned)),
        (None, Some(number)) => Some(format!("{number} out of 10")),
        (None, None) => None,
    };
    if let (Some(about), Some(number)) = (said("about"), number) {
        return html! {
            (about) ": " (number)
            @if let Some(why) = said("why") { p { (kit::typed(&why)) } }
        };
    }
    html! {
        @for column in &question.columns {
            @match row.cells.get(column.id.as_str()) {
                Some(Cell::Value(value) | Cell::Computed(value)) => p { (column.label) ": " (kit::typed(&words::cell(column, value))) },
                Some(Cell::Text { text }) => p { (column.label) ": " (kit::typed(text)) },
                _ => {}
            }
        }
    }
}
