//! Tables: their rows, and the pages that add, change and withdraw one.

use participant::rows::{self, NotAdded};
use std::collections::BTreeSet;

use maud::{Markup, html};
use plan::{Cell, Cells, Column, Edit, Kind, Question, Row, RowKey, Writer};
use uuid::Uuid;

use crate::{
    back::{self, Back},
    field::{Ask, Fill},
    forms::{Change, Errors, Lots, Met, Sent, refusal, stamp_now},
    keeping::{self, FORM, Saves, stamp, way},
    kit::{self, saved},
    model::{Plan, cell_value, cells_stand},
    region::{self, Regions, VALUES},
    request::{Leaf, Outcome, Request},
    sections, text,
};
use participant::words;

/// What was to be withdrawn is not what the page showed.
pub const CHANGED: &str = "It was changed while you had this page open. Nothing was withdrawn. Look at it again, then withdraw it if that is right";

/// A table: of a question, or within a target.
pub struct Table<'a> {
    /// Its place: `attendance.terms`, `targets.list/KEY/funds`.
    pub place: String,
    /// The question it belongs to.
    pub question: &'static Question,
    /// Its heading.
    pub label: &'a str,
    /// Its columns.
    pub columns: &'static [Column],
    /// The columns that make two rows the same row.
    pub natural: &'static [String],
    /// How `plan::parse_value` knows it: `targets.list/funds`.
    parse: String,
    /// Where its page is.
    pub home: String,
    /// Where the person came from instead.
    back: Option<Back>,
}

impl<'a> Table<'a> {
    /// The table at a place.
    pub fn at(plan: &Plan, place: &str) -> Option<Table<'static>> {
        let pieces: Vec<&str> = place.split('/').collect();
        let question = plan::bank().question(pieces.first()?)?;
        match *pieces.as_slice() {
            [_] if matches!(question.kind, Kind::Table | Kind::TargetList) && question.id != "targets.list" => {
                let natural: &'static [String] = match &question.row_key {
                    RowKey::Natural(columns) => columns,
                    RowKey::Random => &[],
                };
                Some(Table {
                    place: place.to_owned(),
                    question,
                    label: &question.label,
                    columns: &question.columns,
                    natural,
                    parse: question.id.clone(),
                    home: sections::question_href(plan, &question.id),
                    back: None,
                })
            }
            [_, target, table] => {
                Plan::target(&plan.view, target)?;
                let column = question.column(table).filter(|column| column.kind == Kind::Table)?;
                Some(Table {
                    place: place.to_owned(),
                    question,
                    label: &column.label,
                    columns: &column.columns,
                    natural: &[],
                    parse: format!("{}/{table}", question.id),
                    home: plan.href(&format!("/targets/{target}")),
                    back: None,
                })
            }
            _ => None,
        }
    }

    /// The same for somebody who came from elsewhere.
    fn back(self, back: Option<Back>) -> Table<'a> {
        Table { back, ..self }
    }

    /// Where something that was saved leads.
    fn saved(&self, plan: &Plan) -> String {
        let question = if self.place == self.question.id { &self.question.id } else { "funding.requested" };
        self.back.map_or_else(|| saved(&self.home), |back| back.saved(plan, question))
    }

    /// Where the back link leads, and its words.
    fn way_back(&self, plan: &Plan) -> (String, &'static str) {
        self.back.map_or_else(|| (self.home.clone(), "Back"), |back| back.link(plan))
    }

    /// The address of a page of this table.
    fn href(&self, plan: &Plan, rest: &str) -> String {
        let at = match self.place.split('/').collect::<Vec<_>>().as_slice() {
            [_, target, table] => format!("/targets/{target}/{table}"),
            _ => format!("/table/{}", self.place),
        };
        plan.href(&format!("{at}{rest}{}", back::query(self.back)))
    }

    fn asks(&self) -> impl Iterator<Item = (&'static Column, Ask)> {
        let columns = self.columns.iter().filter(|column| column.kind != Kind::Table && !column.calculated);
        columns.map(|column| (column, Ask::column(&self.parse, column)))
    }

    fn row(&self, plan: &'a Plan, view: &'a plan::View, word: &str) -> Option<&'a Row> {
        Plan::rows(view, &self.place).iter().find(|row| self.word(plan, row) == word)
    }

    /// A row's key may hold what somebody wrote; addresses hold this instead.
    fn word(&self, plan: &Plan, row: &Row) -> String {
        plan.word_for(&format!("{}/{}", self.place, row.key))
    }

    /// Rows of somebody's own words are theirs alone.
    fn is_mine(&self, plan: &Plan, row: &Row) -> bool {
        !self.question.voice || row.key.ends_with(&format!("+{}", plan.person))
    }

    fn is_natural(&self, column: &Column) -> bool {
        self.natural.contains(&column.id)
    }

    fn name(&self, plan: &Plan, row: &Row) -> String {
        let first = self.columns.iter().filter_map(|column| {
            let value = cell_value(row.cells.get(column.id.as_str()))?;
            let named = text::by_name(&plan.pep, &plan.view, column, value);
            Some(named.unwrap_or_else(|| Ask::column(&self.parse, column).shown(value)))
        });
        first.take(self.natural.len().max(1)).collect::<Vec<_>>().join(", ")
    }
}

/// The rows of a table, with what may be done to each; `back`: where that leads afterwards instead; `within`: it stands in a form that
/// saves itself.
pub fn rows(plan: &Plan, place: &str, mine: bool, back: Option<Back>, within: bool) -> Markup {
    let Some(table) = Table::at(plan, place).map(|table| table.back(back)) else { return html! {} };
    let withdrawn: Vec<&Row> = Plan::rows(&plan.view, place).iter().filter(|row| !row.counts()).collect();
    let live = Regions::default().with(rows_id(place), live_rows(plan, place, mine, back, within));
    html! { div class="pep-rows" {
        (live.show(&rows_id(place)))
        @if mine {
            p class="govuk-body" {
                (off(plan, within, &table.href(plan, "/new"), "Add a row", &format!(" to: {}", table.label)))
            }
        }
        @if !withdrawn.is_empty() {
            (kit::details(&format!("Withdrawn rows ({})", withdrawn.len()), false, listed(plan, &table, &withdrawn, mine, within)))
        }
    } }
}

/// The id of the region that holds the rows of a table.
pub fn rows_id(place: &str) -> String {
    format!("rows-{place}")
}

/// The rows that count, as a region has them.
pub fn live_rows(plan: &Plan, place: &str, mine: bool, back: Option<Back>, within: bool) -> Markup {
    let Some(table) = Table::at(plan, place).map(|table| table.back(back)) else { return html! {} };
    let live: Vec<&Row> = Plan::rows(&plan.view, place).iter().filter(|row| row.counts()).collect();
    html! {
        @if live.is_empty() { p class="govuk-body" { "Nothing here yet." } }
        @else { (listed(plan, &table, &live, mine, within)) }
    }
}

/// A link that leaves the page: a way off its form where it stands in one.
fn off(plan: &Plan, within: bool, href: &str, words: &str, about: &str) -> Markup {
    if within {
        return way(plan, href, words, about);
    }
    html! { a class="govuk-link" href=(href) { (words) span class="govuk-visually-hidden" { (about) } } }
}

fn listed(plan: &Plan, table: &Table<'_>, rows: &[&Row], mine: bool, within: bool) -> Markup {
    let used: BTreeSet<&str> = rows.iter().flat_map(|row| row.cells.keys().copied()).collect();
    // A column that nobody has filled in tells nothing and takes room.
    let columns: Vec<&Column> =
        table.columns.iter().filter(|c| c.kind != Kind::Table && used.contains(c.id.as_str())).collect();
    let mut headings: Vec<&str> = columns.iter().map(|column| column.label.as_str()).collect();
    if headings.is_empty() {
        headings.push("Row");
    }
    headings.push(if table.question.voice { "Written by" } else { "Added by" });
    if mine {
        headings.push(kit::CHANGE);
    }
    let lines: Vec<Vec<Markup>> = rows
        .iter()
        .map(|row| {
            let mut cells: Vec<Markup> = columns.iter().map(|column| cell(plan, table, row, column)).collect();
            if cells.is_empty() {
                cells.push(html! { "An empty row" });
            }
            cells.push(html! { (words::name(&row.by)) });
            if mine {
                cells.push(html! {
                    @if row.withdrawal_disputed {
                        (kit::link(&sections::choose_href(plan, &format!("{}/{}/withdrawn", table.place, row.key)), "Choose: keep or withdraw"))
                    } @else if table.is_mine(plan, row) {
                        @let words = if row.withdrawn { "Look again" } else { "Change" };
                        (off(plan, within, &table.href(plan, &format!("/{}", table.word(plan, row))), words, &format!(": {}", table.name(plan, row))))
                    }
                });
            }
            cells
        })
        .collect();
    kit::table(table.label, &headings, &lines)
}

fn cell(plan: &Plan, table: &Table<'_>, row: &Row, column: &Column) -> Markup {
    let shown = |value: &plan::Value| {
        text::by_name(&plan.pep, &plan.view, column, value).unwrap_or_else(|| words::cell(column, value))
    };
    html! {
        @match row.cells.get(column.id.as_str()) {
            None => "",
            Some(Cell::Value(value) | Cell::Computed(value)) => (kit::typed(&shown(value))),
            Some(Cell::Text { text }) => (kit::typed(text)),
            Some(Cell::Voices(voices)) => @for voice in voices { p { (kit::typed(&voice.text)) } },
            Some(Cell::Disputed(claims)) => {
                (claims.iter().map(|claim| shown(&claim.value)).collect::<Vec<_>>().join(" or ")) " "
                (kit::link(&sections::choose_href(plan, &format!("{}/{}/{}", table.place, row.key, column.id)), "Choose"))
            }
        }
    }
}

/// The regions of a row's page: what its fields stand for.
pub fn regions(plan: &Plan, place: &str, word: &str) -> Regions {
    let row = Table::at(plan, place).and_then(|table| table.row(plan, &plan.view, word));
    Regions::default().with(VALUES, region::values(&row.map(cells_stand).into_iter().collect::<Vec<_>>()))
}

/// The page that adds a row, or changes the one that `word` stands for.
pub fn row(request: &Request, plan: &Plan, place: &str, word: &str) -> Option<Outcome> {
    let table = Table::at(plan, place)?.back(Back::of(request));
    if !plan.may_write(table.question) {
        return Some(super::errors::not_yours(plan, table.question));
    }
    let existing = table.row(plan, &plan.view, word);
    match existing {
        None if word != "new" => return None,
        Some(row) if !table.is_mine(plan, row) => return Some(super::errors::not_yours(plan, table.question)),
        _ => {}
    }
    let seen = table.row(plan, plan.seen_view(), word);
    let fresh = request.form.get("row").and_then(|id| id.parse::<Uuid>().ok());
    // As the key of a row has it, whatever a page says.
    let fresh = fresh.map(|id| uuid::Builder::from_random_bytes(id.into_bytes()).into_uuid());
    if !request.post && !request.form.is_empty() {
        let taken = drafted(request, &table, existing);
        return Some(Outcome::page(render(plan, &table, existing, word, taken, Vec::new(), New { fresh, met: None })));
    }
    if !request.post {
        let fills = table.asks().map(|(column, ask)| (ask.fill(value_of(existing, column)), None, None)).collect();
        return Some(Outcome::page(render(plan, &table, existing, word, fills, Vec::new(), New::default())));
    }
    let mut taken = take(request, &table, existing, seen);
    let edit = match existing {
        Some(row) => Some(rows::changed(&table.place, &row.key, taken.cells.clone())),
        None => added(plan, &table, &mut taken, fresh),
    };
    taken.errors.extend(refusal(plan, "main-content"));
    let new = New { fresh, met: None };
    let (true, Some(edit)) = (taken.errors.is_empty(), edit) else {
        let mut lots = Lots::default();
        let good = existing.filter(|_| plan.refused.is_none() && !taken.cells.is_empty());
        good.into_iter().for_each(|row| {
            lots.add(
                table.question.document(),
                rows::changed(&table.place, &row.key, std::mem::take(&mut taken.cells)),
            );
        });
        let wrong = if existing.is_some() { taken.wrong(&table) } else { vec![String::new()] };
        return Some(lots.partly(wrong, render(plan, &table, existing, word, taken.fills, taken.errors, new)));
    };
    // The key of such a row is its form's own, unless it follows from what the row says.
    let seen = (!table.natural.is_empty() || table.question.voice).then(|| plan.seen_view());
    match rows::met(seen, &plan.view, &edit).filter(|_| existing.is_none()) {
        Some(met) if met.so => return Some(Outcome::Go(table.saved(plan))),
        Some(met) => return Some(once_more(request, plan, &table, met.row, fresh)),
        None => {}
    }
    let mut lots = Lots::default();
    if !taken.cells.is_empty() || existing.is_none() || existing.is_some_and(|row| row.withdrawn) {
        lots.add(table.question.document(), edit);
    }
    Some(lots.write(table.saved(plan)))
}

/// Takes in the form of a new row that stands already: whoever sends it is told how, and what they send then is written.
fn once_more(request: &Request, plan: &Plan, table: &Table<'_>, row: &Row, fresh: Option<Uuid>) -> Outcome {
    let met = Met(row);
    let mut taken = take(request, table, Some(row), Some(row));
    let disputed = |column: &str| matches!(row.cells.get(column), Some(Cell::Disputed(_)));
    if taken.errors.is_empty() && met.is_told(plan, &request.form) {
        taken.cells.retain(|column, _| !disputed(column));
        let mut lots = Lots::default();
        if !taken.cells.is_empty() || row.withdrawn {
            lots.add(table.question.document(), rows::changed(&table.place, &row.key, taken.cells));
        }
        return lots.write(table.saved(plan));
    }
    let mut errors: Errors = vec![(first(table), met.words("row"))];
    for ((column, ask), (fill, wrong, _)) in table.asks().zip(&mut taken.fills) {
        if !taken.cells.contains_key(&column.id) {
            continue;
        }
        let now = ask.fill(value_of(Some(row), column));
        let words = Met::stands(&ask, &now, disputed(&column.id));
        errors.push((ask.target(), words.clone()));
        *wrong = Some(words);
        // Nothing was typed there.
        if *fill == Fill::default() {
            *fill = now;
        }
    }
    errors.extend(taken.errors);
    Outcome::page(render(plan, table, None, "new", taken.fills, errors, New { fresh, met: Some(met) }))
}

/// What a form of a new row goes on from.
#[derive(Default)]
struct New<'a> {
    /// The id its page was made with.
    fresh: Option<Uuid>,
    /// What stands there already.
    met: Option<Met<'a>>,
}

/// What a form says of a row.
struct Taken {
    /// What is to be written.
    cells: Cells,
    /// What stands in each input.
    fills: Vec<Filled>,
    /// What is wrong.
    errors: Errors,
}

impl Taken {
    /// The fields that could not be taken; all of them where it is the plan that took none.
    fn wrong(&self, table: &Table<'_>) -> Vec<String> {
        let each = table.asks().zip(&self.fills);
        let wrong: Vec<String> =
            each.filter(|(_, (_, wrong, _))| wrong.is_some()).map(|((_, ask), _)| ask.name).collect();
        if wrong.is_empty() { vec![String::new()] } else { wrong }
    }
}

/// What stands in the inputs of a row of which drafts are kept.
fn drafted(request: &Request, table: &Table<'_>, existing: Option<&Row>) -> Vec<Filled> {
    let each = table.asks().map(|(column, ask)| {
        let now = ask.fill(value_of(existing, column));
        let sent = ask.sent(&request.form).filter(|_| existing.is_none() || !table.is_natural(column));
        let Some(sent) = sent else { return (now, None, None) };
        let one = Sent { ask: &ask, text: false, seen: now.clone(), now, sent: sent.clone() };
        let kept = match existing {
            Some(_) => one.kept(&request.form),
            // Of a new row all that stands here is a draft; what could not be taken is said.
            None => one.change(&request.form).err(),
        };
        let told = kept.as_ref().map(|_| one.told());
        (sent, kept, told)
    });
    each.collect()
}

/// Takes in the inputs of a row. `existing`: as it is now; `seen`: as the page showed it.
fn take(request: &Request, table: &Table<'_>, existing: Option<&Row>, seen: Option<&Row>) -> Taken {
    let mut taken = Taken { cells: Cells::new(), fills: Vec::new(), errors: Vec::new() };
    for (column, ask) in table.asks() {
        let now = ask.fill(value_of(existing, column));
        let sent = ask.sent(&request.form).filter(|_| existing.is_none() || !table.is_natural(column));
        let Some(sent) = sent else {
            taken.fills.push((now, None, None));
            continue;
        };
        let one = Sent { ask: &ask, text: false, seen: ask.fill(value_of(seen, column)), now, sent: sent.clone() };
        match one.change(&request.form) {
            Ok(None) => taken.fills.push((sent, None, None)),
            Ok(Some(Change::Put(value))) => {
                taken.cells.insert(column.id.clone(), value);
                taken.fills.push((sent, None, None));
            }
            Ok(Some(Change::Text(text))) => {
                taken.cells.insert(column.id.clone(), Some(plan::Value::Text(text)));
                taken.fills.push((sent, None, None));
            }
            Err(words) => {
                taken.errors.push((ask.target(), words.clone()));
                taken.fills.push((sent, Some(words), Some(one.told())));
            }
        }
    }
    taken
}

/// The edit that adds a row, or what is wrong. `fresh`: the id its page was made with.
fn added(plan: &Plan, table: &Table<'_>, taken: &mut Taken, fresh: Option<Uuid>) -> Option<Edit> {
    let writer = Writer::new(plan.person, plan.role);
    let again = fresh.map(|id| id.to_string());
    let new = rows::New { table: &table.place, key: None, cells: taken.cells.clone(), again: again.as_deref() };
    let words = match rows::added(&plan.view, new, &writer, &mut || fresh.unwrap_or(plan.fresh)) {
        Ok((_, edit)) => return Some(edit),
        Err(NotAdded::Taken(key)) => {
            let name =
                rows::taken(&plan.view, &table.place, &key).map_or_else(String::new, |row| table.name(plan, row));
            format!("There is a row for “{name}” already. Go back and change that one")
        }
        // What is wrong in an input is said there.
        Err(_) if !taken.errors.is_empty() => return None,
        Err(NotAdded::Empty) => "Enter at least one thing".to_owned(),
        Err(NotAdded::Refused(_)) => {
            let needed = table.columns.iter().filter(|column| table.is_natural(column));
            let needed: Vec<String> = needed.map(|column| format!("“{}”", column.label)).collect();
            format!("Enter {}: the row is known by it", needed.join(" and "))
        }
    };
    taken.errors.push((first(table), words));
    None
}

/// The page that asks whether to withdraw a row, and withdraws it.
pub fn withdraw(request: &Request, plan: &Plan, place: &str, word: &str) -> Option<Outcome> {
    let table = Table::at(plan, place)?.back(Back::of(request));
    let row = table.row(plan, &plan.view, word)?;
    if !plan.may_write(table.question) || !table.is_mine(plan, row) {
        return Some(super::errors::not_yours(plan, table.question));
    }
    let mut errors = refusal(plan, "main-content");
    // Nobody withdraws what they have not seen.
    if request.post && !row.withdrawn && table.row(plan, plan.seen_view(), word) != Some(row) {
        errors.push(("main-content".to_owned(), CHANGED.to_owned()));
    }
    if request.post && errors.is_empty() {
        let mut lots = Lots::default();
        lots.add(table.question.document(), rows::withdrawn(&table.place, &row.key));
        return Some(lots.write(table.saved(plan)));
    }
    let main = html! {
        (kit::error_summary(&errors))
        span class="govuk-caption-l" { (table.label) }
        h1 class="govuk-heading-l" { "Withdraw this row?" }
        (facts(plan, &table, row))
        p class="govuk-body" { "It stays in the plan’s history, and anybody who may write here can bring it back." }
        form method="post" action=(table.href(plan, &format!("/{word}/withdraw"))) {
            (stamp_now(plan))
            div class="govuk-button-group" {
                (kit::warning_button("Withdraw row"))
                (kit::link(&table.way_back(plan).0, "Keep it"))
            }
        }
    };
    let leaf = Leaf::new(format!("Withdraw a row, {}", plan.name), "Children", main);
    Some(Outcome::page(leaf.back(table.href(plan, &format!("/{word}")), "Back").error(!errors.is_empty())))
}

type Filled = (Fill, Option<String>, Option<Markup>);

fn render(
    plan: &Plan,
    table: &Table<'_>,
    existing: Option<&Row>,
    word: &str,
    fills: Vec<Filled>,
    errors: Errors,
    new: New<'_>,
) -> Leaf {
    let title = match existing {
        None => "Add a row",
        Some(row) if row.withdrawn => "A withdrawn row",
        Some(_) => "Change a row",
    };
    let withdrawn = existing.or(new.met.map(|met| met.0)).is_some_and(|row| row.withdrawn);
    let main = html! {
        (kit::error_summary(&errors))
        span class="govuk-caption-l" { (table.label) ", " (plan.name) }
        h1 class="govuk-heading-l" { (title) }
        @if withdrawn { (kit::inset(html! { "This row is withdrawn and counts for nothing. To bring it back, save it." })) }
        @let kept = existing.is_none() && fills.iter().any(|(fill, ..)| *fill != Fill::default());
        @let saves = Saves::of(existing.is_some(), withdrawn);
        form method="post" id=(FORM) action=(table.href(plan, &format!("/{word}"))) novalidate data-saves=(saves.word()) data-kept[kept] {
            (stamp(plan))
            (regions(plan, &table.place, word).show(VALUES))
            @if existing.is_none() { input type="hidden" name="row" value=(new.fresh.unwrap_or(plan.fresh)); }
            @if let Some(met) = new.met { (met.told(plan)) }
            @for ((column, ask), (fill, error, told)) in table.asks().zip(&fills) {
                @if existing.is_some() && table.is_natural(column) {
                    div class="govuk-form-group" {
                        p class="govuk-label govuk-label--s" { (column.label) }
                        p class="govuk-body" { (fixed(existing, column)) }
                        p class="govuk-hint" { "The row is known by this. To change it, withdraw the row and add another." }
                    }
                } @else if let Some(Cell::Disputed(_)) = existing.and_then(|row| row.cells.get(column.id.as_str())) {
                    div class="govuk-form-group" {
                        p class="govuk-label govuk-label--s" { (column.label) }
                        p class="govuk-body" { @if let Some(row) = existing { (cell(plan, table, row, column)) } }
                    }
                } @else if table.place == "funding.decision" && column.id == "target" {
                    (targets(plan, &ask, fill, error.as_deref()))
                } @else {
                    (ask.input(fill, error.as_deref(), &html! {}))
                    @if let Some(told) = told { (told) }
                }
            }
            div class="govuk-button-group" {
                (kit::button(if withdrawn { "Save and bring back" } else { "Save row" }))
                @if existing.is_some() && !withdrawn {
                    (way(plan, &table.href(plan, &format!("/{word}/withdraw")), "Withdraw this row", ""))
                }
            }
        }
    };
    let wrong = !errors.is_empty();
    let (href, words) = table.way_back(plan);
    let leaf = Leaf::new(format!("{title}: {}, {}", table.label, plan.name), "Children", main).error(wrong);
    keeping::back(leaf, plan, href, words)
}

/// The targets that ask for money, to choose from, each with what it asks for.
fn targets(plan: &Plan, ask: &Ask, fill: &Fill, error: Option<&str>) -> Markup {
    let asked = |target: &plan::Target| target.requested.saturating_add(target.retained);
    let all = plan.view.targets.iter().enumerate();
    let wanted = all.filter(|(_, target)| asked(target) > 0 || target.row.key == fill.text);
    let name = |number: usize, target: &plan::Target| {
        let area = match target.row.cells.get("area") {
            Some(Cell::Value(area)) => format!(": {area}"),
            _ => String::new(),
        };
        format!("Target {}{area}, {} asked for", number + 1, words::pounds(asked(target)))
    };
    html! {
        div class={ "govuk-form-group" @if error.is_some() { " govuk-form-group--error" } } {
            label class="govuk-label govuk-label--s" for=(ask.target()) { (ask.label) }
            @if let Some(error) = error {
                p class="govuk-error-message" { span class="govuk-visually-hidden" { "Error: " } (error) }
            }
            select class="govuk-select" id=(ask.target()) name=(ask.name) autocomplete="off" {
                option value="" { "Choose a target" }
                @for (number, target) in wanted {
                    option value=(target.row.key) selected[target.row.key == fill.text] { (name(number, target)) }
                }
            }
        }
    }
}

fn facts(plan: &Plan, table: &Table<'_>, row: &Row) -> Markup {
    let rows: Vec<(String, Markup)> = table
        .columns
        .iter()
        .filter(|column| row.cells.contains_key(column.id.as_str()))
        .map(|column| (column.label.clone(), cell(plan, table, row, column)))
        .collect();
    kit::summary(&rows)
}

fn fixed(existing: Option<&Row>, column: &Column) -> Markup {
    let value = value_of(existing, column).map(|value| words::cell(column, value));
    kit::typed(&value.unwrap_or_default())
}

fn value_of<'a>(row: Option<&'a Row>, column: &Column) -> Option<&'a plan::Value> {
    match row?.cells.get(column.id.as_str()) {
        Some(Cell::Value(value)) => Some(value),
        _ => None,
    }
}

/// The id of the first input.
fn first(table: &Table<'_>) -> String {
    table.asks().next().map_or_else(|| "main-content".to_owned(), |(_, ask)| ask.target())
}
