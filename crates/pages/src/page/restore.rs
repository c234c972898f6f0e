//! Having an answer back as it was: shown before and after, and then written as an ordinary edit. The history stays as it is.

use maud::{Markup, html};
use plan::{Answer, Cell, ChangeHash, Deed, DocumentKind, Kind, Question, Row, Value, View, Who};

use crate::{
    changed::changed,
    field::Ask,
    forms::{Errors, Lots, refusal, stamp},
    kit,
    model::{EarlierAnswer, Plan},
    request::{Leaf, Outcome, Request},
};
use participant::{
    answers::{self, Given},
    rows, targets, words,
};

/// What stands at a place.
#[derive(PartialEq)]
enum Stood {
    /// A text that merges letter by letter.
    Text(String),
    /// A value, or none.
    Value(Option<Value>),
    /// Two answers.
    Disputed,
}

/// The address of the page that brings a deed's place back as it was after it.
pub fn href(plan: &Plan, deed: &Deed, change: &ChangeHash) -> String {
    plan.href(&format!("/history/{}/{}/{}", deed.question, hex::encode(change.0), plan.word_for(&deed.place)))
}

/// Whether a deed was at a place that this person may bring back. Of somebody's own words only they may.
pub fn may(plan: &Plan, deed: &Deed, by: &Option<Who>) -> bool {
    let Some(question) = plan::bank().question(deed.question) else { return false };
    let own = || by.as_ref().is_some_and(|who| who.person == plan.person);
    match spot(question, &deed.place) {
        Some(Spot::Answer) => plan.may_write(question) && (!question.voice || own()),
        Some(Spot::Cell { row, .. }) => plan.may_write(question) && is_own_row(plan, question, row),
        Some(Spot::Field { column, .. }) => {
            let process = plan.pep.process();
            let theirs = plan.writer().is_among(&process.writers_within(question, column), process, question);
            let open = plan.view.state != plan::State::Closed && plan.heads.contains_key(&question.document());
            open && theirs && (column.voice_of.is_none() || own())
        }
        Some(Spot::Within { .. }) => plan.may_write(question),
        None => false,
    }
}

/// Shows a place as it is and as it was, and brings it back.
pub fn restore(request: &Request, plan: &Plan, question: &'static Question, was: &EarlierAnswer) -> Option<Outcome> {
    let deed = &was.deed;
    if !may(plan, deed, &was.by) {
        return Some(super::errors::not_yours(plan, question));
    }
    let spot = spot(question, &deed.place)?;
    let stood = |view: &View| stood(plan, question, &spot, view);
    let (then, now, seen) = (stood(&was.view), stood(&plan.view), stood(plan.seen_view()));
    let home = plan.href(&format!("/history/{}", question.id));
    let mut errors: Errors = refusal(plan, "restore");
    if then == Stood::Disputed {
        errors.push((String::new(), "There were two answers then: there is no one version to restore".to_owned()));
    } else if now == Stood::Disputed {
        errors.push((String::new(), "There are two answers now. Choose between them first".to_owned()));
    } else if request.post && !matches!(then, Stood::Text(_)) && now != seen {
        let words = "The answer was changed while you had this page open. Look again, then restore it if that is right";
        errors.push(("restore".to_owned(), words.to_owned()));
    }
    if request.post && errors.is_empty() {
        let mut lots = Lots::default();
        write(plan, question, &deed.place, &spot, &seen, &then, &mut lots);
        return Some(lots.write(format!("{home}?restored=1")));
    }
    let ask = spot.ask(question);
    let words = |stood: &Stood| match stood {
        Stood::Text(text) => text.clone(),
        Stood::Value(value) => value.as_ref().map_or_else(String::new, |value| ask.shown(value)),
        Stood::Disputed => String::new(),
    };
    let (before, after) = (words(&now), words(&then));
    let when = words::moment(was.at, plan.now.zone);
    let main = html! {
        (kit::error_summary(&errors))
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { "Restore an earlier version" }
        p class="govuk-body" { "“" (ask.label) "” as it was on " (when) ", when " (words::name(&was.by)) " had written there." }
        @if now == then { (kit::inset(html! { "It is so already. There is nothing to restore." })) }
        @else if then != Stood::Disputed && now != Stood::Disputed {
            div class="govuk-grid-row" {
                div class="govuk-grid-column-one-half" {
                    h2 class="govuk-heading-m" { "As it is now" }
                    (whole(&before))
                }
                div class="govuk-grid-column-one-half" {
                    h2 class="govuk-heading-m" { "As it was" }
                    (whole(&after))
                }
            }
            h2 class="govuk-heading-m" { "What restoring changes" }
            (changed(&before, &after, usize::MAX))
            p class="govuk-body" { "It becomes a change of yours. Everything that was written stays in the history, so this can be undone the same way." }
        }
        @if now != then && then != Stood::Disputed && now != Stood::Disputed {
            form method="post" action=(href(plan, deed, &was.change)) novalidate {
                (stamp(plan))
                div class="govuk-button-group" {
                    button type="submit" class="govuk-button" id="restore" { "Restore this version" }
                    (kit::link(&home, "Keep it as it is"))
                }
            }
        }
    };
    let leaf = Leaf::new(format!("Restore an earlier version, {}", plan.name), "Children", main);
    Some(Outcome::page(leaf.back(home, "Back to the history").error(!errors.is_empty())))
}

fn whole(text: &str) -> Markup {
    html! {
        @if text.is_empty() { p class="govuk-body pep-muted" { "No answer" } }
        @else { p class="govuk-body" { (kit::typed(text)) } }
    }
}

/// A place that can be brought back.
enum Spot<'a> {
    /// The answer to a question.
    Answer,
    /// A cell of a question's table.
    Cell { row: &'a str, column: &'static plan::Column },
    /// A field of a target.
    Field { target: &'a str, column: &'static plan::Column },
    /// A cell of a table within a target.
    Within { target: &'a str, table: &'static plan::Column, row: &'a str, column: &'static plan::Column },
}

impl Spot<'_> {
    fn ask(&self, question: &'static Question) -> Ask {
        match self {
            Spot::Answer => Ask::question(question),
            Spot::Cell { column, .. } | Spot::Field { column, .. } => Ask::column(&question.id, column),
            Spot::Within { table, column, .. } => Ask::column(&format!("{}/{}", question.id, table.id), column),
        }
    }
}

fn spot<'a>(question: &'static Question, place: &'a str) -> Option<Spot<'a>> {
    let targets = question.id == "targets.list";
    let column = |id: &str| question.column(id).filter(|column| column.kind != Kind::Table && !column.calculated);
    match place.split('/').collect::<Vec<_>>().as_slice() {
        [id] if *id == question.id => {
            let answer = !matches!(question.kind, Kind::Table | Kind::TargetList);
            let typed = !question.computed && !question.is_sign_off();
            (answer && typed).then_some(Spot::Answer)
        }
        [_, target, id] if targets => Some(Spot::Field { target, column: column(id)? }),
        [_, row, id] => Some(Spot::Cell { row, column: column(id)? }),
        [_, target, table, row, id] if targets => {
            let table = question.column(table)?;
            let column = table.column(id).filter(|column| !column.calculated)?;
            Some(Spot::Within { target, table, row, column })
        }
        _ => None,
    }
}

fn is_own_row(plan: &Plan, question: &Question, row: &str) -> bool {
    !question.voice || row.ends_with(&format!("+{}", plan.person))
}

fn stood(plan: &Plan, question: &Question, spot: &Spot<'_>, view: &View) -> Stood {
    let cell = |cell: Option<&Cell>, text: bool| match cell {
        Some(Cell::Value(value)) => Stood::Value(Some(value.clone())),
        Some(Cell::Disputed(_)) => Stood::Disputed,
        cell @ Some(Cell::Text { .. } | Cell::Voices(_)) => Stood::Text(plan.own_cell(cell).to_owned()),
        Some(Cell::Computed(_)) | None if text => Stood::Text(String::new()),
        Some(Cell::Computed(_)) | None => Stood::Value(None),
    };
    let of_row = |rows: &[Row], key: &str, column: &plan::Column| {
        let row = rows.iter().find(|row| row.key == key);
        cell(row.and_then(|row| row.cells.get(column.id.as_str())), column.kind == Kind::LongText)
    };
    match spot {
        Spot::Answer => match view.answers.get(question.id.as_str()) {
            Some(Answer::Value(value)) => Stood::Value(Some(value.clone())),
            Some(Answer::Set(words)) => Stood::Value(Some(Value::Set(words.clone()))),
            Some(Answer::Disputed(_)) => Stood::Disputed,
            Some(answer @ (Answer::Text { .. } | Answer::Voices(_))) => Stood::Text(plan.own_text(answer).to_owned()),
            _ if matches!(question.kind, Kind::Text | Kind::LongText) => Stood::Text(String::new()),
            _ => Stood::Value(None),
        },
        Spot::Cell { row, column } => of_row(Plan::rows(view, &question.id), row, column),
        Spot::Field { target, column } => {
            let target = Plan::target(view, target);
            cell(target.and_then(|target| target.row.cells.get(column.id.as_str())), column.kind == Kind::LongText)
        }
        Spot::Within { target, table, row, column } => {
            of_row(Plan::rows(view, &format!("{}/{target}/{}", question.id, table.id)), row, column)
        }
    }
}

fn write(plan: &Plan, question: &Question, place: &str, spot: &Spot<'_>, seen: &Stood, then: &Stood, lots: &mut Lots) {
    let kind: DocumentKind = question.document();
    let value = match then {
        // A cell of a table is written whole; every other text is changed by what differs from what the page showed.
        Stood::Text(text) => match spot {
            Spot::Answer | Spot::Field { .. } => {
                let said = |stood: &Stood| if let Stood::Text(text) = stood { text.clone() } else { String::new() };
                let (shown, now) = (said(seen), said(&stood(plan, question, spot, &plan.view)));
                return lots.text(plan, kind, place, [&shown, &now], text);
            }
            Spot::Cell { .. } | Spot::Within { .. } => Some(Value::Text(text.clone())),
        },
        Stood::Value(value) => value.clone(),
        Stood::Disputed => return,
    };
    let cells = |column: &plan::Column, value| plan::Cells::from([(column.id.clone(), value)]);
    let edit = match (spot, value) {
        (Spot::Answer, None) if question.kind == Kind::MultiChoice => {
            answers::given(question, Given::Value(Value::Set(Default::default())), &plan.view)
        }
        (Spot::Answer, value) => answers::given(question, value.map_or(Given::Nothing, Given::Value), &plan.view),
        (Spot::Cell { row, column }, value) => rows::changed(&question.id, row, cells(column, value)),
        (Spot::Field { target, column }, value) => targets::changed(target, cells(column, value)),
        (Spot::Within { target, table, row, column }, value) => {
            rows::changed(&format!("{}/{target}/{}", question.id, table.id), row, cells(column, value))
        }
    };
    lots.add(kind, edit);
}
