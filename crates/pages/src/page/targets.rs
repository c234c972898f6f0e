//! Targets and what they cost: the list with its sums, and the pages that add, change and withdraw one.

use maud::{Markup, html};
use plan::{Cell, Cells, Column, Kind, Question, Target, Value};
use uuid::Uuid;

use super::table;
use crate::{
    back::{self, Back},
    field::{Ask, Fill},
    forms::{Change, Errors, Lots, Met, Sent, refusal, stamp_now},
    keeping::{self, FORM, Saves, stamp, way},
    kit::{self, saved},
    live::merged,
    model::{Plan, cell_value, cells_stand},
    presence,
    region::{self, Regions, VALUES},
    request::{Leaf, Outcome, Request},
    sections, text,
};
use participant::{answers, targets, words};

/// The question that the targets answer.
const TARGETS: &str = "targets.list";
/// The document that targets are in.
const MAIN: plan::DocumentKind = plan::DocumentKind::Main;

/// Shows the targets.
pub fn list(request: &Request, plan: &Plan) -> Option<Outcome> {
    let question = question()?;
    let mine = plan.may_write(question);
    let regions = list_regions(plan);
    let main = html! {
        @if request.query.get("saved").is_some() { (kit::done("Saved on this device")) }
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { "Targets and funding" }
        (regions.show("sums"))
        @if !plan.view.targets.iter().any(|target| target.row.counts()) { p class="govuk-body" { "There is no target yet." @if !mine { " They are for " (plan.writers(question)) " to add." } } }
        @if mine {
            p class="govuk-body" { a class="govuk-button" role="button" draggable="false" href=(plan.href("/targets/new")) { "Add a target" } }
        }
        (regions.show("cards"))
    };
    let title = format!("Targets and funding, {}", plan.name);
    Some(Outcome::page(Leaf::new(title, "Children", main).back(plan.href(""), "Back to the plan")))
}

/// The regions of the page of all targets.
pub fn list_regions(plan: &Plan) -> Regions {
    let Some(question) = question() else { return Regions::default() };
    let short = plan::shortfalls(&plan.view, &plan.pep.process().targets);
    let (live, withdrawn): (Vec<&Target>, Vec<&Target>) =
        plan.view.targets.iter().partition(|target| target.row.counts());
    let sums = html! {
        (sums(plan))
        @if !short.is_empty() { (kit::inset(html! { @for words in &short { p class="govuk-body" { (words) } } })) }
    };
    let cards = html! {
        @for target in &live { (card(plan, question, target)) }
        @if !withdrawn.is_empty() {
            h2 class="govuk-heading-m" { "Withdrawn targets" }
            p class="govuk-body" { "They count for nothing. What they said is kept." }
            @for target in &withdrawn { (card(plan, question, target)) }
        }
    };
    Regions::default().with("sums", sums).with("cards", cards)
}

/// The page of one target, or of a new one (`new`).
pub fn one(request: &Request, plan: &Plan, key: &str) -> Option<Outcome> {
    let question = question()?;
    let fresh = request.form.get("target").and_then(|id| id.parse::<Uuid>().ok());
    // A new target sent twice is one target.
    let key = if key == "new" && request.post {
        fresh.map_or_else(|| key.to_owned(), |id| id.to_string())
    } else {
        key.to_owned()
    };
    let existing = Plan::target(&plan.view, &key);
    let back = Back::of(request);
    if existing.is_none() && request.path.last().is_none_or(|last| last != "new") {
        return None;
    }
    let process = plan.pep.process();
    let writable = |column: &Column| match existing {
        None => plan.may_write(question),
        Some(_) => {
            let writers = process.writers_within(question, column);
            !plan.is_sealed() && plan.writer().is_among(&writers, process, question)
        }
    };
    let columns = || question.columns.iter().filter(|column| column.kind != Kind::Table && !column.calculated);
    if !columns().any(writable) && existing.is_none() {
        return Some(super::errors::not_yours(plan, question));
    }
    // The form of a new target, and the target stands already.
    let met = existing.filter(|_| request.post && request.path.last().is_some_and(|last| last == "new"));
    let seen = met.or_else(|| Plan::target(plan.seen_view(), &key));
    let mut taken = Taken { is_met: met.is_some(), ..Taken::default() };
    for column in columns() {
        let ask = Ask::column(TARGETS, column);
        let fill = fill(plan, &ask, existing, column);
        let field = Field { column, ask, fill, error: None, told: None, writable: writable(column) };
        taken.take(request, plan, (existing, seen), &key, field);
    }
    let new = New { fresh, met: met.map(|target| Met(&target.row)) };
    if !request.post {
        return Some(Outcome::page(render(request, plan, question, existing, &taken.fields, Vec::new(), new)));
    }
    if let Some(met) = new.met.filter(|met| taken.once_more(request, plan, *met)) {
        taken.tell(met);
        return Some(Outcome::page(render(request, plan, question, None, &taken.fields, taken.errors, new)));
    }
    let key = if existing.is_none() { fresh.unwrap_or(plan.fresh).to_string() } else { key };
    let cells = taken.cells.clone();
    let edit = match existing {
        Some(_) => Ok(targets::changed(&key, cells)),
        None => targets::added(fresh.unwrap_or(plan.fresh), cells),
    };
    if edit.is_err() && taken.errors.is_empty() {
        taken.errors.push(("category".to_owned(), "Enter at least one thing".to_owned()));
    }
    taken.errors.extend(refusal(plan, "main-content"));
    if !taken.errors.is_empty() {
        let existing = existing.filter(|_| met.is_none());
        return Some(taken.partly(request, plan, question, existing, new));
    }
    let again = existing.is_some_and(|target| target.row.withdrawn) && plan.may_write(question);
    if let Some(edit) = edit.ok().filter(|_| !taken.cells.is_empty() || again) {
        taken.lots.add(MAIN, edit);
    }
    let here = || saved(&plan.href(&format!("/targets/{key}")));
    Some(taken.lots.write(back.map_or_else(here, |back| back.saved(plan, TARGETS))))
}

/// The page that asks whether to withdraw a target, and withdraws it.
pub fn withdraw(request: &Request, plan: &Plan, key: &str) -> Option<Outcome> {
    let question = question()?;
    let target = Plan::target(&plan.view, key)?;
    if !plan.may_write(question) {
        return Some(super::errors::not_yours(plan, question));
    }
    let back = Back::of(request);
    let mut errors = refusal(plan, "main-content");
    // Nobody withdraws what they have not seen.
    if request.post && !target.row.withdrawn && Plan::target(plan.seen_view(), key) != Some(target) {
        errors.push(("main-content".to_owned(), table::CHANGED.to_owned()));
    }
    if request.post && errors.is_empty() {
        let mut lots = Lots::default();
        lots.add(MAIN, targets::withdrawn(key));
        let list = || saved(&plan.href("/targets"));
        return Some(lots.write(back.map_or_else(list, |back| back.saved(plan, TARGETS))));
    }
    let cost = target.requested.saturating_add(target.retained);
    let own = plan.href(&format!("/targets/{key}{}", back::query(back)));
    let main = html! {
        (kit::error_summary(&errors))
        h1 class="govuk-heading-l" { "Withdraw " (name(target)) "?" }
        p class="govuk-body" { "It counts for nothing from then on. What it says is kept, and it can be brought back." }
        @if cost > 0 { p class="govuk-body" { "Its funding, " (words::pounds(cost)) ", stays in sight as money without a target." } }
        form method="post" action=(plan.href(&format!("/targets/{key}/withdraw{}", back::query(back)))) {
            (stamp_now(plan))
            div class="govuk-button-group" {
                (kit::warning_button("Withdraw target"))
                (kit::link(&own, "Keep it"))
            }
        }
    };
    let leaf = Leaf::new(format!("Withdraw a target, {}", plan.name), "Children", main);
    Some(Outcome::page(leaf.back(own, "Back").error(!errors.is_empty())))
}

/// One input of a target's form.
struct Field {
    column: &'static Column,
    ask: Ask,
    fill: Fill,
    error: Option<String>,
    told: Option<Markup>,
    writable: bool,
}

/// What the form of a new target goes on from.
#[derive(Default, Clone, Copy)]
struct New<'a> {
    /// The id its page was made with.
    fresh: Option<Uuid>,
    /// What stands there already.
    met: Option<Met<'a>>,
}

/// What a form says of a target.
#[derive(Default)]
struct Taken {
    /// It is the form of a new target, and the target stands already.
    is_met: bool,
    /// Of such a form, what it says otherwise than the target: the field, and what stands there now.
    otherwise: Vec<(&'static str, Fill, bool)>,
    /// What stands in each input.
    fields: Vec<Field>,
    /// What is wrong.
    errors: Errors,
    /// What is written with the target itself: all of a new one, and what is no text.
    cells: Cells,
    /// What is written beside it: texts that merge letter by letter.
    lots: Lots,
}

impl Taken {
    /// Whether the target that the form of a new one has met is otherwise than it says, and nobody has been told so yet.
    fn once_more(&self, request: &Request, plan: &Plan, met: Met<'_>) -> bool {
        let otherwise = !self.otherwise.is_empty() || met.0.withdrawn;
        self.errors.is_empty() && otherwise && !met.is_told(plan, &request.form)
    }

    /// Writes what could be taken of a target that stands, and shows what could not.
    fn partly(
        mut self,
        request: &Request,
        plan: &Plan,
        question: &'static Question,
        existing: Option<&Target>,
        new: New<'_>,
    ) -> Outcome {
        let bad = self.fields.iter().filter(|field| field.error.is_some());
        let mut wrong: Vec<String> = bad.map(|field| field.ask.name.clone()).collect();
        let leaf = render(request, plan, question, existing, &self.fields, self.errors, new);
        match existing.filter(|_| plan.refused.is_none() && !wrong.is_empty()) {
            Some(target) if !self.cells.is_empty() => {
                self.lots.add(MAIN, targets::changed(&target.row.key, self.cells));
            }
            Some(_) => {}
            None => (wrong, self.lots) = (vec![String::new()], Lots::default()),
        }
        self.lots.partly(wrong, leaf)
    }

    /// Tells how the target is, beside what was typed.
    fn tell(&mut self, met: Met<'_>) {
        self.errors.push(("main-content".to_owned(), met.words("target")));
        for (column, now, disputed) in &self.otherwise {
            let Some(field) = self.fields.iter_mut().find(|field| field.column.id == *column) else { continue };
            let words = Met::stands(&field.ask, now, *disputed);
            self.errors.push((field.ask.target(), words.clone()));
            field.error = Some(words);
            // Nothing was typed there.
            if field.fill == Fill::default() {
                field.fill = now.clone();
            }
        }
    }

    /// Takes in one input of the target at `key`: as it is now, and as the page showed it.
    fn take(
        &mut self,
        request: &Request,
        plan: &Plan,
        (existing, seen): (Option<&Target>, Option<&Target>),
        key: &str,
        mut field: Field,
    ) {
        let (column, place) = (field.column, format!("{TARGETS}/{key}/{}", field.column.id));
        // A box that was live says what it was last told is saved: the rest alone is to be written.
        let kept = request.form.get(&format!("{}~kept", column.id)).filter(|_| plan.types_in(&place).is_some());
        let sent = field.ask.sent(&request.form).filter(|_| field.writable);
        if let Some(sent) = sent {
            let mut before = fill(plan, &field.ask, seen, column);
            if let Some(kept) = kept {
                kept.clone_into(&mut before.text);
            }
            let now = field.fill.clone();
            let text = field.ask.is_text();
            let cell = existing.filter(|_| self.is_met).and_then(|target| target.row.cells.get(column.id.as_str()));
            let disputed = matches!(cell, Some(Cell::Disputed(_)));
            let one = Sent { ask: &field.ask, text, seen: before, now, sent: sent.clone() };
            let change = one.change(&request.form);
            if !request.post {
                field.error = if existing.is_some() { one.kept(&request.form) } else { change.err() };
                field.told = field.error.as_ref().map(|_| one.told());
                field.fill = sent;
                self.fields.push(field);
                return;
            }
            if self.is_met && matches!(change, Ok(Some(_))) {
                self.otherwise.push((&column.id, one.now.clone(), disputed));
            }
            match change {
                Ok(None) => {}
                // Somebody has to choose between its answers first.
                Ok(Some(_)) if disputed => {}
                Ok(Some(Change::Text(text))) if self.is_met => {
                    self.lots.add(MAIN, answers::written(&place, text, false))
                }
                Ok(Some(Change::Text(text))) if kept.is_some() => {
                    let text = merged(&one.seen.text, &text, &one.now.text);
                    if text != one.now.text {
                        self.lots.add(MAIN, answers::written(&place, text, false));
                    }
                }
                Ok(Some(Change::Text(text))) if existing.is_some() => {
                    self.lots.text(plan, MAIN, &place, [&one.seen.text, &one.now.text], &text);
                }
                Ok(Some(Change::Text(text))) => drop(self.cells.insert(column.id.clone(), Some(Value::Text(text)))),
                Ok(Some(Change::Put(value))) => drop(self.cells.insert(column.id.clone(), value)),
                Err(words) => {
                    field.told = Some(one.told());
                    self.errors.push((field.ask.target(), words.clone()));
                    field.error = Some(words);
                }
            }
            field.fill = sent;
        }
        self.fields.push(field);
    }
}

/// Where a field of a target is; of a new one, nowhere yet.
/// The regions of a target's page: who writes in which of its fields.
pub fn regions(plan: &Plan, existing: Option<&Target>, back: Option<Back>) -> Regions {
    let columns = question().into_iter().flat_map(|question| &question.columns);
    let values = region::values(&existing.map(|target| cells_stand(&target.row)).into_iter().collect::<Vec<_>>());
    let all = Regions::default().with(VALUES, values);
    let all = question().into_iter().flat_map(|question| &question.columns).fold(all, |all, column| {
        let place = place(existing, column);
        match existing {
            Some(_) if column.kind == Kind::Table => {
                let mine = question().is_some_and(|question| plan.may_write(question));
                all.with(table::rows_id(&place), table::live_rows(plan, &place, mine, back, true))
            }
            Some(target) => {
                let shown = value(plan, target.row.cells.get(column.id.as_str()), column);
                all.with(read_id(&place), html! { p class="govuk-body" { (shown) } })
            }
            None => all,
        }
    });
    columns.filter(|column| column.kind == Kind::LongText).fold(all, |all, column| {
        let place = place(existing, column);
        let writing = presence::writing_at(plan, &place);
        all.with(
            here_id(&place),
            html! { @if let Some(words) = writing { p class="govuk-body-s pep-here" { (words) } } },
        )
    })
}

fn read_id(place: &str) -> String {
    format!("read-{place}")
}

fn here_id(place: &str) -> String {
    format!("here-{place}")
}

fn place(existing: Option<&Target>, column: &Column) -> String {
    existing.map_or_else(String::new, |target| format!("{TARGETS}/{}/{}", target.row.key, column.id))
}

fn question() -> Option<&'static Question> {
    plan::bank().question(TARGETS)
}

fn fill(plan: &Plan, ask: &Ask, target: Option<&Target>, column: &Column) -> Fill {
    match target.and_then(|target| target.row.cells.get(column.id.as_str())) {
        Some(Cell::Value(value)) => ask.fill(Some(value)),
        cell @ Some(Cell::Text { .. } | Cell::Voices(_)) => ask.fill_text(plan.own_cell(cell)),
        Some(Cell::Computed(_) | Cell::Disputed(_)) | None => Fill::default(),
    }
}

fn render(
    request: &Request,
    plan: &Plan,
    question: &'static Question,
    existing: Option<&Target>,
    fields: &[Field],
    errors: Errors,
    new: New<'_>,
) -> Leaf {
    let (done, back) = (!request.post && request.query.get("saved").is_some(), Back::of(request));
    let wrong = !errors.is_empty();
    let title = existing.map_or_else(|| "New target".to_owned(), name);
    let key = existing.map_or("new", |target| target.row.key.as_str());
    let here = plan.href(&format!("/targets/{key}{}", back::query(back)));
    let row = existing.map(|target| &target.row).or(new.met.map(|met| met.0));
    let withdrawn = row.is_some_and(|row| row.withdrawn);
    let mine = plan.may_write(question);
    let regions = regions(plan, existing, back);
    let main = html! {
        (kit::error_summary(&errors))
        @if done { (kit::done("Saved on this device")) }
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { (title) }
        @if withdrawn { (kit::inset(html! { "This target is withdrawn and counts for nothing." @if mine { " To bring it back, save it." } })) }
        @if existing.is_none() && back.is_none() { p class="govuk-body" { "When you have saved it, you can add what will happen and what it costs." } }
        @if fields.iter().any(|field| field.writable) {
            @let live = fields.iter().any(|field| plan.types_in(&place(existing, field.column)).is_some());
            @let saves = Saves::of(existing.is_some(), withdrawn);
            form method="post" id=(FORM) action=(here) novalidate data-saves=(saves.word()) data-kept[!request.form.is_empty()]
                data-live-plan=[live.then(|| plan.pep.id())] data-comments=[live.then(|| plan.href("/comments"))] data-most=[live.then_some(plan::TEXT_MAX)] {
                (stamp(plan))
                (regions.show(VALUES))
                @if existing.is_none() { input type="hidden" name="target" value=(new.fresh.unwrap_or(plan.fresh)); }
                @if let Some(met) = new.met { (met.told(plan)) }
                @for field in fields {
                    (input(plan, question, existing, field, &regions))
                    @let place = place(existing, field.column);
                    @if field.column.kind == Kind::LongText {
                        (regions.show(&here_id(&place)))
                    }
                }
                (kit::button(if withdrawn && mine { "Save and bring back" } else { "Save target" }))
            }
        } @else {
            @for field in fields { (input(plan, question, existing, field, &regions)) }
        }
        @if let Some(target) = existing {
            @for column in question.columns.iter().filter(|column| column.kind == Kind::Table) {
                h2 class="govuk-heading-m" id=(column.id) { (column.label) }
                (table::rows(plan, &format!("{TARGETS}/{}/{}", target.row.key, column.id), mine, back, true))
            }
            p class="govuk-body" { "This target asks for " strong { (words::pounds(target.requested)) } " and the Virtual School keeps " strong { (words::pounds(target.retained)) } " for it." }
            @if mine && !withdrawn {
                p class="govuk-body" { (way(plan, &plan.href(&format!("/targets/{key}/withdraw{}", back::query(back))), "Withdraw this target", "")) }
            }
        }
    };
    let (href, words) = back.map_or_else(|| (plan.href("/targets"), "Back to the targets"), |back| back.link(plan));
    let leaf = Leaf::new(format!("{title}, {}", plan.name), "Children", main).error(wrong);
    keeping::back(leaf, plan, href, words)
}

fn input(plan: &Plan, question: &Question, existing: Option<&Target>, field: &Field, regions: &Regions) -> Markup {
    let column = field.column;
    let cell = existing.and_then(|target| target.row.cells.get(column.id.as_str()));
    let others: Vec<&plan::Voice> = match cell {
        Some(Cell::Voices(voices)) => voices.iter().filter(|voice| voice.person != plan.person).collect(),
        _ => Vec::new(),
    };
    let beside = html! {
        @for voice in &others { (kit::inset(html! { (kit::typed(&voice.text)) p class="govuk-hint" { (words::name(&voice.by)) } })) }
    };
    html! {
        @match cell {
            Some(Cell::Disputed(claims)) => {
                div class="govuk-form-group" id=(column.id) {
                    p class="govuk-label govuk-label--s" { (column.label) }
                    p class="govuk-body" {
                        "There are two answers: " (claims.iter().map(|claim| field.ask.shown(&claim.value)).collect::<Vec<_>>().join(" or ")) ". "
                        @if let Some(target) = existing {
                            (kit::link(&sections::choose_href(plan, &format!("{TARGETS}/{}/{}", target.row.key, column.id)), "Choose which is right"))
                        }
                    }
                }
            }
            _ if field.writable => {
                @let place = place(existing, column);
                div data-live=[plan.types_in(&place).map(|_| &place)] { (field.ask.input(&field.fill, field.error.as_deref(), &beside)) }
                @if let Some(told) = &field.told { (told) }
            }
            _ => {
                div class="govuk-form-group" id=(column.id) {
                    p class="govuk-label govuk-label--s" { (column.label) }
                    @if existing.is_some() { (regions.show(&read_id(&place(existing, column)))) }
                    @else { p class="govuk-body" { (value(plan, cell, column)) } }
                    p class="govuk-hint" { "Only " (super::super::model::people(&plan.pep.process().writers_within(question, column))) " can write this." }
                }
            }
        }
    }
}

fn card(plan: &Plan, question: &'static Question, target: &Target) -> Markup {
    let filled = question.columns.iter().filter(|column| target.row.cells.contains_key(column.id.as_str()));
    let name = name(target);
    let mut rows: Vec<(String, Markup)> = filled
        .map(|column| (column.label.clone(), value(plan, target.row.cells.get(column.id.as_str()), column)))
        .collect();
    for column in question.columns.iter().filter(|column| column.kind == Kind::Table) {
        let live =
            target.tables.get(column.id.as_str()).map_or(0, |rows| rows.iter().filter(|row| row.counts()).count());
        if live > 0 {
            rows.push((column.label.clone(), html! { (participant::words::counted(live, "row")) }));
        }
    }
    rows.push(("Asked for".to_owned(), html! { (words::pounds(target.requested)) }));
    if target.retained > 0 {
        rows.push(("Kept by the Virtual School".to_owned(), html! { (words::pounds(target.retained)) }));
    }
    html! {
        div class="govuk-summary-card" {
            div class="govuk-summary-card__title-wrapper" {
                h2 class="govuk-summary-card__title" { (name) @if target.row.withdrawn { " " (kit::tag("grey", "Withdrawn")) } }
                ul class="govuk-summary-card__actions" {
                    @if target.row.withdrawal_disputed {
                        li class="govuk-summary-card__action" { (kit::link(&sections::choose_href(plan, &format!("{TARGETS}/{}/withdrawn", target.row.key)), "Choose: keep or withdraw")) }
                    }
                    li class="govuk-summary-card__action" {
                        a class="govuk-link" href=(plan.href(&format!("/targets/{}", target.row.key))) { "Open" span class="govuk-visually-hidden" { ": " (name) } }
                    }
                }
            }
            div class="govuk-summary-card__content" { (kit::summary(&rows)) }
        }
    }
}

fn value(plan: &Plan, cell: Option<&Cell>, column: &Column) -> Markup {
    let shown = |value: &plan::Value| {
        text::by_name(&plan.pep, &plan.view, column, value).unwrap_or_else(|| words::cell(column, value))
    };
    html! {
        @match cell {
            None => span class="govuk-hint" { "No answer yet" },
            Some(Cell::Value(value) | Cell::Computed(value)) => (kit::typed(&shown(value))),
            Some(Cell::Text { text }) => (kit::typed(text)),
            Some(Cell::Voices(voices)) => @for voice in voices { p { (kit::typed(&voice.text)) " (" (words::name(&voice.by)) ")" } },
            Some(Cell::Disputed(claims)) => {
                "There are two answers: "
                (claims.iter().map(|claim| shown(&claim.value)).collect::<Vec<_>>().join(" or "))
            }
        }
    }
}

/// What the targets cost, against what there is.
pub fn sums(plan: &Plan) -> Markup {
    let funding = &plan.view.funding;
    let Some(allocation) = funding.allocation else {
        return html! {
            (kit::summary(&[
                ("Asked for by agreed targets".to_owned(), html! { (words::pounds(funding.requested)) }),
                ("Kept by the Virtual School".to_owned(), html! { (words::pounds(funding.retained)) }),
            ]))
        };
    };
    let mut rows = vec![
        ("The school can claim this term".to_owned(), html! { (words::pounds(allocation)) }),
        ("Asked for by agreed targets".to_owned(), html! { (words::pounds(funding.requested)) }),
        ("Kept by the Virtual School".to_owned(), html! { (words::pounds(funding.retained)) }),
    ];
    if let Some(left) = funding.remaining {
        let over = funding.over();
        rows.push(match over {
            0 => ("Left to claim".to_owned(), html! { (words::pounds(left)) }),
            over => (
                "Over the allocation by".to_owned(),
                html! { strong { (words::pounds(over)) } " - say why in the section Funding" },
            ),
        });
    }
    if funding.orphaned > 0 {
        rows.push(("In withdrawn targets".to_owned(), html! { (words::pounds(funding.orphaned)) }));
    }
    kit::summary(&rows)
}

fn name(target: &Target) -> String {
    let area = cell_value(target.row.cells.get("area")).map_or_else(String::new, |value| format!(": {value}"));
    format!("Target {}{area}", target.number)
}
