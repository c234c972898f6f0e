//! The small forms of a running meeting: what each writes, and what was typed where it could not be written.

use std::collections::BTreeMap;

use maud::{Markup, html};
use participant::{
    answers::{self, Given},
    meeting, rows, targets,
};
use plan::{Answer, Cell, Cells, Column, DocumentKind, Edit, Question, Reviewed, Row, Value, Writer};
use uuid::Uuid;

use super::stops::Part;
use crate::{
    back::Back,
    field::{Ask, Fill},
    forms::{Change, Errors, Lots, Sent, refusal},
    model::{Gathering, Plan, cell_value},
    page::errors,
    request::{Leaf, Outcome, Request},
};

/// The targets of the last PEP, reviewed.
pub const REVIEW: &str = "targets.review";
/// The targets.
pub const TARGETS: &str = "targets.list";
/// Who was invited and who came.
pub const ATTENDEES: &str = "meeting.attendees";
/// Who does what by when.
pub const ACTIONS: &str = "meeting.actions";
/// The document that a meeting is in.
const MAIN: DocumentKind = DocumentKind::Main;

/// A form that was not written: what was typed in it, and why not.
#[derive(Default)]
pub struct Tried {
    /// What was typed under a name, and what says that the person has been told what stands there now.
    fills: BTreeMap<String, (Fill, Option<Markup>)>,
    /// What is wrong, by the id of the input.
    pub errors: Errors,
    /// What could be taken all the same.
    lots: Lots,
    /// Whether the form makes one thing, all of it or nothing.
    is_one_thing: bool,
}

/// One input, with what stands at its place now and stood there when the page was made.
pub struct Field {
    /// What it asks.
    pub ask: Ask,
    /// Its column; empty of a question.
    column: &'static str,
    now: Fill,
    seen: Fill,
}

/// Takes a form in: where it leads, or what was tried in vain.
pub fn take(request: &Request, plan: &Plan, gathering: &Gathering) -> Result<Outcome, Tried> {
    let form = &request.form;
    let Some((question, at)) = about(form.get("do").unwrap_or_default()) else {
        return Err(Tried::of("main-content", "This form is not one of this page. Nothing was changed"));
    };
    let Some(asked) = plan::bank().question(question) else { return Err(Tried::default()) };
    if !plan.may_write(asked) {
        return Ok(errors::not_yours(plan, asked));
    }
    let is_one_thing = !matches!(form.get("do"), Some("review" | "next")) || plan.refused.is_some();
    let mut tried = Tried { errors: refusal(plan, at), is_one_thing, ..Tried::default() };
    let mut lots = Lots::default();
    match form.get("do").unwrap_or_default() {
        "here" => here(request, plan, gathering, &mut lots),
        "chair" | "notes" => {
            let me = gathering.team.iter().find(|who| who.person == plan.person);
            match (me, plan.answer(question)) {
                (Some(me), Answer::Missing) => lots.add(MAIN, meeting::said(question, Value::Text(me.name.clone()))),
                (Some(me), Answer::Value(there)) if there.to_string() == me.name => {}
                // The button is there while nobody is named.
                (Some(_), _) => {
                    tried.wrong(at, "Somebody was named here while you had this page open. Nothing was changed")
                }
                (None, _) => tried.wrong(at, "You are not on this child’s team today. Nothing was changed"),
            }
        }
        "review" => review(request, plan, gathering, &mut lots, &mut tried),
        "agree" => {
            let target = plan.view.targets.iter().find(|target| Some(target.row.key.as_str()) == form.get("target"));
            match target {
                Some(target) if !target.is_agreed() => lots.add(MAIN, targets::agreed(&target.row.key)),
                Some(_) => {}
                None => tried.wrong(at, "This target is not here any more. Nothing was changed"),
            }
        }
        "idea" => idea(request, plan, asked, &mut lots, &mut tried),
        "action" => action(request, plan, &mut lots, &mut tried),
        "done" => {
            let row = row_of(plan, ACTIONS, form.get("row").unwrap_or_default());
            match row {
                Some(row) => lots.add(MAIN, meeting::done(&row.key, None)),
                None => tried.wrong(at, "This action is not here any more. Nothing was changed"),
            }
        }
        "next-as-worked-out" => {
            if let Some(next) = plan.view.next_date.filter(|next| next.provisional) {
                lots.add(MAIN, meeting::said(question, Value::Date(next.date)));
            }
        }
        "next" => ["meeting.nextDate", "meeting.nextTime"]
            .into_iter()
            .for_each(|id| one(request, plan, id, &mut lots, &mut tried)),
        _ => {
            lots.add(MAIN, meeting::held());
            one(request, plan, "meeting.childPart", &mut lots, &mut tried);
        }
    }
    match tried.errors.is_empty() {
        true => Ok(lots.write(Back::Live.saved(plan, question))),
        false => {
            // What belongs to no error is saved, where each input stands for itself.
            tried.lots = if is_one_thing { Lots::default() } else { lots };
            Err(tried)
        }
    }
}

/// The question that a form of this page is about, and the input at which it is said what is wrong with all of it.
fn about(does: &str) -> Option<(&'static str, &'static str)> {
    Some(match does {
        "here" => (ATTENDEES, "here"),
        "chair" => ("meeting.chair", "chair"),
        "notes" => ("meeting.noteTaker", "notes"),
        "review" => (REVIEW, "review"),
        "agree" => (TARGETS, "agree"),
        "idea" => (TARGETS, "statement"),
        "action" => (ACTIONS, "action"),
        "done" => (ACTIONS, "actions"),
        "next" | "next-as-worked-out" => ("meeting.nextDate", "meeting.nextDate-day"),
        "held" => ("meeting.held", "meeting.held"),
        _ => return None,
    })
}

/// The question that a form of this page is about.
pub fn question_of(does: &str) -> Option<&'static str> {
    about(does).map(|(question, _)| question)
}

/// What was entered on the page and is not saved, as it stands in its forms again.
pub fn drafted(request: &Request, plan: &Plan, gathering: &Gathering) -> Tried {
    let mut tried = Tried::default();
    let next = ["meeting.nextDate", "meeting.nextTime"].iter().filter_map(|id| question_field(plan, id));
    let reviews = gathering.meeting.review.iter().flat_map(|target| {
        let word = review_word(plan, target);
        review_fields(plan, target, &word)
    });
    for field in next.chain(reviews) {
        let Some(sent) = field.ask.sent(&request.form) else { continue };
        let one = field.sent(sent.clone(), false);
        if let Some(words) = one.kept(&request.form) {
            tried.wrong(&field.ask.target(), &words);
            tried.fills.insert(field.ask.name.clone(), (sent, Some(one.told())));
        }
    }
    for field in idea_fields().into_iter().chain(action_fields()).chain(question_field(plan, "meeting.childPart")) {
        if let Some(sent) = field.ask.sent(&request.form).filter(|sent| *sent != Fill::default()) {
            tried.fills.insert(field.ask.name, (sent, None));
        }
    }
    for name in ["person", "person-other"] {
        let said = request.form.get(name).filter(|said| !said.is_empty());
        let fill = said.map(|said| Fill { text: said.to_owned(), ..Fill::default() });
        tried.fills.extend(fill.map(|fill| (name.to_owned(), (fill, None))));
    }
    tried
}

/// The inputs of a review of a target of the last PEP. `word` tells them from those of the others on the page.
pub fn review_fields(plan: &Plan, reviewed: &Reviewed, word: &str) -> Vec<Field> {
    let row = |view| rows_of(view, REVIEW).iter().find(|row| Some(&row.key) == reviewed.row.as_ref());
    let (now, seen) = (row(&plan.view), row(plan.seen_view()));
    let asked = |column: &&Column| match column.id.as_str() {
        "target" => false,
        "fundingImpact" => reviewed.funded || now.is_some_and(|row| row.cells.contains_key("fundingImpact")),
        id => !now.is_some_and(|row| matches!(row.cells.get(id), Some(Cell::Disputed(_)))),
    };
    let columns = plan::bank().question(REVIEW).map_or(&[][..], |question| &question.columns);
    columns.iter().filter(asked).map(|column| Field::of(REVIEW, column, now, seen, &format!("~{word}"))).collect()
}

/// The inputs of a new idea: what it says, and what it is about.
pub fn idea_fields() -> Vec<Field> {
    let question = plan::bank().question(TARGETS);
    let columns = ["statement", "category", "area"].into_iter().filter_map(|id| question?.column(id));
    columns.map(|column| Field::of(TARGETS, column, None, None, "")).collect()
}

/// The inputs of a new action, beside who does it.
pub fn action_fields() -> Vec<Field> {
    let question = plan::bank().question(ACTIONS);
    let columns = ["action", "byWhen"].into_iter().filter_map(|id| question?.column(id));
    columns.map(|column| Field::of(ACTIONS, column, None, None, "")).collect()
}

/// The input of a question; `None` where there is none, or two answers to choose between.
pub fn question_field(plan: &Plan, id: &str) -> Option<Field> {
    let question = plan::bank().question(id).filter(|question| plan.may_write(question))?;
    let ask = Ask::question(question);
    let fill = |answer: &Answer| match answer {
        Answer::Value(value) => ask.fill(Some(value)),
        Answer::Text { text } => ask.fill_text(text),
        _ => Fill::default(),
    };
    let (now, seen) = (plan.answer(id), plan.seen_answer(id));
    let field = Field { now: fill(now), seen: fill(seen), column: "", ask };
    (!matches!(now, Answer::Disputed(_))).then_some(field)
}

/// Rows of a table that is a question.
pub fn rows_of<'a>(view: &'a plan::View, table: &str) -> &'a [Row] {
    Plan::rows(view, table)
}

/// The row of a table that a word of an address or a form stands for.
pub fn row_of<'a>(plan: &'a Plan, table: &str, word: &str) -> Option<&'a Row> {
    rows_of(&plan.view, table).iter().find(|row| plan.word_for(&format!("{table}/{}", row.key)) == word)
}

/// Whether somebody of this row came, for all or a part.
pub fn came(row: &Row) -> bool {
    matches!(cell_value(row.cells.get("attended")), Some(Value::Choice(how)) if how == "all" || how == "part")
}

impl Tried {
    fn of(at: &str, words: &str) -> Tried {
        let mut tried = Tried::default();
        tried.wrong(at, words);
        tried
    }

    /// Writes what could be taken, and shows the page with the rest.
    pub fn partly(self, leaf: Leaf) -> Outcome {
        let wrong = match self.is_one_thing {
            true => vec![String::new()],
            false => self
                .fills
                .keys()
                .filter(|name| self.errors.iter().any(|(at, _)| at.starts_with(*name)))
                .cloned()
                .collect(),
        };
        self.lots.partly(wrong, leaf)
    }

    fn wrong(&mut self, at: &str, words: &str) {
        self.errors.push((at.to_owned(), words.to_owned()));
    }

    /// What is wrong at an input.
    pub fn error(&self, id: &str) -> Option<&str> {
        self.errors.iter().find(|(at, _)| at == id).map(|(_, words)| words.as_str())
    }

    /// What was typed under a name, where it was not written.
    pub fn typed(&self, name: &str) -> Option<&Fill> {
        self.fills.get(name).map(|(fill, _)| fill)
    }

    /// Whether something was typed in a form that makes something and is not written.
    pub fn is_typed(&self, does: &str) -> bool {
        let names: &[&str] = match does {
            "idea" => &["statement", "category", "area"],
            "action" => &["action", "byWhen", "person", "person-other"],
            "held" => &["meeting.childPart"],
            _ => &[],
        };
        names.iter().any(|name| self.typed(name).is_some())
    }

    /// Whether something was typed at a part of the meeting and is not written.
    pub fn is_begun(&self, part: Part) -> bool {
        self.fills.keys().any(|name| match name.as_str() {
            "statement" | "category" | "area" => part == Part::Targets,
            "action" | "byWhen" | "person" | "person-other" => part == Part::Actions,
            name if name.starts_with("meeting.next") => part == Part::Next,
            // Of a review the target is named behind the column.
            name => part == Part::Review && name.contains('~'),
        })
    }

    /// An input, with what was typed in it where it was not written.
    pub fn input(&self, field: &Field) -> Markup {
        let fill = self.typed(&field.ask.name).unwrap_or(&field.now);
        html! {
            (field.ask.input(fill, self.error(&field.ask.target()), &html! {}))
            @if let Some((_, Some(told))) = self.fills.get(&field.ask.name) { (told) }
        }
    }

    /// What a form says of these inputs and is not so already.
    fn cells(&mut self, request: &Request, fields: &[Field]) -> Cells {
        let mut cells = Cells::new();
        for field in fields {
            let Some(sent) = field.ask.sent(&request.form) else { continue };
            let one = field.sent(sent.clone(), false);
            let mut told = None;
            match one.change(&request.form) {
                Ok(None) => {}
                Ok(Some(Change::Put(value))) => drop(cells.insert(field.column.to_owned(), value)),
                Ok(Some(Change::Text(text))) => drop(cells.insert(field.column.to_owned(), Some(Value::Text(text)))),
                Err(words) => {
                    self.wrong(&field.ask.target(), &words);
                    told = Some(one.told());
                }
            }
            self.fills.insert(field.ask.name.clone(), (sent, told));
        }
        cells
    }
}

impl Field {
    fn of(table: &str, column: &'static Column, now: Option<&Row>, seen: Option<&Row>, suffix: &str) -> Field {
        let ask = Ask::column(table, column);
        let fill = |row: Option<&Row>| ask.fill(cell_value(row.and_then(|row| row.cells.get(column.id.as_str()))));
        let (now, seen) = (fill(now), fill(seen));
        let ask = Ask { name: format!("{}{suffix}", ask.name), ..ask };
        Field { column: &column.id, now, seen, ask }
    }

    fn sent(&self, sent: Fill, text: bool) -> Sent<'_> {
        Sent { ask: &self.ask, text, seen: self.seen.clone(), now: self.now.clone(), sent }
    }
}

fn is_blank(cells: &Cells, column: &str) -> bool {
    !matches!(cells.get(column), Some(Some(Value::Text(text))) if !text.trim().is_empty())
}

/// Ticks: each is a choice of its own, so that two people who tick at once are both right.
fn here(request: &Request, plan: &Plan, gathering: &Gathering, lots: &mut Lots) {
    let ticked: Vec<&str> = request.form.all("here").collect();
    let attended = |how: Option<&str>| ("attended".to_owned(), how.map(|how| Value::Choice(how.to_owned())));
    let listed: Vec<&str> = request.form.all("listed").collect();
    for row in rows_of(&plan.view, ATTENDEES).iter().filter(|row| row.counts()) {
        let word = plan.word_for(&format!("{ATTENDEES}/{}", row.key));
        let before = rows_of(plan.seen_view(), ATTENDEES).iter().find(|seen| seen.key == row.key).is_some_and(came);
        let now = ticked.contains(&word.as_str());
        if listed.contains(&word.as_str()) && now != before && now != came(row) {
            lots.add(MAIN, rows::changed(ATTENDEES, &row.key, Cells::from([attended(now.then_some("all"))])));
        }
    }
    for who in gathering.team.iter().filter(|who| ticked.contains(&who.person.to_string().as_str())) {
        let role =
            if who.role == plan::Role::YoungPerson { "The child".to_owned() } else { who.role.label().to_owned() };
        let cells = Cells::from([
            ("person".to_owned(), Some(Value::Text(who.name.clone()))),
            ("role".to_owned(), Some(Value::Text(role))),
            attended(Some("all")),
        ]);
        let writer = Writer::new(plan.person, plan.role);
        meeting::listed(ATTENDEES, cells, &writer).into_iter().for_each(|edit| lots.add(MAIN, edit));
    }
}

fn review(request: &Request, plan: &Plan, gathering: &Gathering, lots: &mut Lots, tried: &mut Tried) {
    let word = request.form.get("target").unwrap_or_default();
    let all = gathering.meeting.review.iter();
    let Some(reviewed) = all.into_iter().find(|reviewed| review_word(plan, reviewed) == word) else {
        return tried.wrong("main-content", "This target is not among the last PEP’s. Nothing was changed");
    };
    let cells = tried.cells(request, &review_fields(plan, reviewed, word));
    if cells.is_empty() {
        return;
    }
    let writer = Writer::new(plan.person, plan.role);
    match (&reviewed.row, targets::reviewed(&reviewed.target, cells.clone(), &writer)) {
        // It may be under a key that does not follow from the target, from before.
        (Some(key), _) => lots.add(MAIN, rows::changed(REVIEW, key, cells)),
        (None, Ok((_, edit))) => lots.add(MAIN, edit),
        (None, Err(refused)) => tried.wrong("main-content", &crate::text::refused(&refused)),
    }
}

/// What a form calls a target of the last PEP, whose own key may hold what somebody wrote.
pub fn review_word(plan: &Plan, reviewed: &Reviewed) -> String {
    plan.word_for(&format!("{REVIEW}/{}", reviewed.target))
}

fn idea(request: &Request, plan: &Plan, question: &Question, lots: &mut Lots, tried: &mut Tried) {
    let mut fields = tried.cells(request, &idea_fields());
    if is_blank(&fields, "statement") && tried.errors.is_empty() {
        tried.wrong("statement", "Enter what the child will do, and by when");
    }
    if let Some(stage) = question.column("status") {
        fields.insert(stage.id.clone(), Some(Value::Choice("idea".to_owned())));
    }
    if let Ok(edit) = targets::added(fresh(request, plan), fields) {
        made(plan, edit, "statement", lots, tried);
    }
}

fn action(request: &Request, plan: &Plan, lots: &mut Lots, tried: &mut Tried) {
    let mut cells = tried.cells(request, &action_fields());
    let (listed, other) = (request.form.get("person"), request.form.get("person-other").map(str::trim));
    for (name, words) in [("person", listed), ("person-other", other)] {
        let fill = Fill { text: words.unwrap_or_default().to_owned(), ..Fill::default() };
        tried.fills.insert(name.to_owned(), (fill, None));
    }
    let person = other.filter(|other| !other.is_empty()).or(listed.filter(|listed| !listed.is_empty()));
    if let Some(person) = person {
        match plan::parse_value(&format!("{ACTIONS}/person"), person) {
            Ok(value) => drop(cells.insert("person".to_owned(), Some(value))),
            Err(_) => tried.wrong("person-other", "Enter the name on one line, in 500 characters or fewer"),
        }
    }
    match meeting::acted(fresh(request, plan), cells) {
        Ok((_, edit)) => made(plan, edit, "action", lots, tried),
        Err(_) if tried.errors.is_empty() => tried.wrong("action", "Enter what will be done"),
        Err(_) => {}
    }
}

/// What a form makes; where it stands already and is otherwise by now, nothing is written over. `at`: the input that says so.
fn made(plan: &Plan, edit: Edit, at: &str, lots: &mut Lots, tried: &mut Tried) {
    match rows::met(None, &plan.view, &edit) {
        None => lots.add(MAIN, edit),
        Some(met) if met.so => {}
        Some(_) => tried.wrong(
            at,
            "This was saved already, and it is otherwise now than what you sent: it was saved or changed while you had this page open. Nothing was changed. To add another, check what you typed and save again",
        ),
    }
}

/// The id that the page gave what a form makes: a form that comes twice makes it once.
fn fresh(request: &Request, plan: &Plan) -> Uuid {
    request.form.get("fresh").and_then(|id| id.parse().ok()).unwrap_or(plan.fresh)
}

/// A question that is no table.
fn one(request: &Request, plan: &Plan, id: &str, lots: &mut Lots, tried: &mut Tried) {
    let Some(field) = question_field(plan, id) else { return };
    let Some(sent) = field.ask.sent(&request.form) else { return };
    let one = field.sent(sent.clone(), field.ask.is_text());
    let mut told = None;
    match one.change(&request.form) {
        Ok(None) => {}
        Ok(Some(Change::Text(text))) => lots.text(plan, MAIN, id, [&field.seen.text, &field.now.text], &text),
        Ok(Some(Change::Put(Some(value)))) if !matches!(&value, Value::Text(text) if text.trim().is_empty()) => {
            lots.add(MAIN, meeting::said(id, value));
        }
        Ok(Some(Change::Put(_))) => {
            let question = plan::bank().question(id).into_iter();
            question.for_each(|question| lots.add(MAIN, answers::given(question, Given::Nothing, &plan.view)));
        }
        Err(words) => {
            tried.wrong(&field.ask.target(), &words);
            told = Some(one.told());
        }
    }
    tried.fills.insert(field.ask.name.clone(), (sent, told));
}
