//! A section: the questions of one block on one page of the process.

use maud::{Markup, html};
use plan::{Answer, Kind, Page, Question};

use super::{checks, table, views, waits};
use crate::{
    back::{self, Back},
    field::{Ask, Excused, Fill},
    forms::{Change, DRAFT, Errors, Lots, Sent, refusal},
    keeping::{self, FORM, GO, Saves, stamp, way},
    kit::{self, saved, upper},
    live::merged,
    model::{self, Plan, people},
    presence,
    region::{self, Regions, VALUES},
    request::{Leaf, Outcome, Request},
    sections::{self, choose_href},
    text,
};
use participant::{
    answers::{self, Given},
    conflicts, words,
};

/// A question as this page shows it.
struct Shown {
    question: &'static Question,
    fill: Fill,
    excused: Excused,
    error: Option<String>,
    excuse_error: Option<String>,
    /// Whether something came for it that is not so already.
    changed: bool,
    told: Option<Markup>,
    /// What was typed in a form, where this person cannot write it any more.
    not_taken: Option<String>,
    /// Whether a form came without it: it was live, and its words are on the disk.
    left_out: bool,
}

/// The page of this plan's process that an address names.
pub fn page_of<'a>(plan: &'a Plan, id: &str) -> Option<&'a Page> {
    plan.pep.process().pages.iter().find(|known| known.id == id)
}

/// Shows the section, or takes in what was sent.
pub fn section(request: &Request, plan: &Plan, page: &str, block: &str) -> Option<Outcome> {
    let page = page_of(plan, page)?;
    let questions = sections::group(page, block);
    questions.first()?;
    let back = Back::of(request);
    let here = sections::section_href(plan, page, block);
    let mut lots = Lots::default();
    if !request.post {
        let drafted = !request.form.is_empty();
        let shown = questions.iter().map(|question| match drafted {
            true => take(request, plan, question, &mut lots),
            false => as_it_is(plan, question),
        });
        let shown = shown.collect();
        let done = request.query.get("saved").is_some();
        return Some(Outcome::page(render(plan, page, block, shown, Vec::new(), done, back)));
    }
    let shown: Vec<Shown> = questions.iter().map(|question| take(request, plan, question, &mut lots)).collect();
    let mut errors = errors(&shown);
    errors.extend(refusal(plan, "main-content"));
    if !errors.is_empty() {
        // What the plan has refused as a whole stays as it was sent.
        let refused = plan.refused.is_some();
        let wrong = shown.iter().flat_map(|one| one.not_saved(refused)).collect();
        let lots = if refused { Lots::default() } else { lots };
        return Some(lots.partly(wrong, render(plan, page, block, shown, errors, false, back)));
    }
    let then = match (request.form.get(GO), back) {
        (Some("back"), Some(back)) => back.saved(plan, block),
        (Some("plan"), _) => plan.href("?saved=1"),
        (Some("next"), None) => next(plan, page, block).map_or_else(|| plan.href("?saved=1"), |(href, _)| saved(&href)),
        (_, None) => format!("{here}?saved=1"),
        (_, Some(back)) => format!("{here}{}&saved=1", back.query()),
    };
    Some(lots.write(then))
}

impl Shown {
    /// The fields of it that are not saved. `refused`: nothing of the form is.
    fn not_saved(&self, refused: bool) -> Vec<String> {
        let id = &self.question.id;
        let answer = self.error.is_some() || (refused && self.changed);
        let excuse = self.excuse_error.is_some() || (refused && !self.excused.why.is_empty());
        [answer.then(|| id.clone()), excuse.then(|| format!("{id}~why"))].into_iter().flatten().collect()
    }
}

/// The next section in the plan's order in which this person answers something, and what it is called.
fn next(plan: &Plan, page: &Page, block: &str) -> Option<(String, String)> {
    let pages = &plan.pep.process().pages;
    let all = pages.iter().flat_map(|page| sections::blocks(page).into_iter().map(move |block| (page, block)));
    let mut after = all.skip_while(|(known, at)| known.id != page.id || *at != block).skip(1);
    let own = |question: &&Question| plan.may_write(question) && has_input(plan, question);
    let (page, block) = after.find(|(page, block)| sections::group(page, block).iter().any(own))?;
    Some((sections::section_href(plan, page, block), sections::title_on(plan, page, block)))
}

fn as_it_is(plan: &Plan, question: &'static Question) -> Shown {
    let ask = Ask::question(question);
    Shown {
        question,
        fill: fill(plan, &ask, plan.answer(&question.id)),
        excused: excused(plan, question, false),
        error: None,
        excuse_error: None,
        changed: false,
        told: None,
        not_taken: None,
        left_out: false,
    }
}

/// What stands in the input of a question.
fn fill(plan: &Plan, ask: &Ask, answer: &Answer) -> Fill {
    match answer {
        Answer::Value(value) => ask.fill(Some(value)),
        Answer::Set(words) => Fill { words: words.clone(), ..Fill::default() },
        Answer::Text { .. } | Answer::Voices(_) => ask.fill_text(plan.own_text(answer)),
        // Two answers are chosen between elsewhere; a value that was only worked out is not the person's.
        Answer::Missing
        | Answer::Elsewhere
        | Answer::Computed(_)
        | Answer::Disputed(_)
        | Answer::Table(_)
        | Answer::Targets { .. } => Fill::default(),
    }
}

fn excused(plan: &Plan, question: &Question, seen: bool) -> Excused {
    let view = if seen { plan.seen_view() } else { &plan.view };
    Excused::of(view.excuses.get(question.id.as_str()).and_then(|said| said.last()))
}

fn take(request: &Request, plan: &Plan, question: &'static Question, lots: &mut Lots) -> Shown {
    let mut shown = as_it_is(plan, question);
    if question.id == "targets.list" {
        return shown;
    }
    let ask = Ask::question(question);
    let mut before = fill(plan, &ask, plan.seen_answer(&question.id));
    // A box that was live says what it was last told is saved: the rest alone is to be written.
    let prose = model::is_prose(question);
    let kept = request.form.get(&kept_name(question)).filter(|_| prose);
    if let Some(kept) = kept {
        kept.clone_into(&mut before.text);
    }
    if !plan.may_write(question) {
        let sent = ask.sent(&request.form).filter(|sent| *sent != Fill::default());
        if let Some(sent) = sent.filter(|sent| *sent != before && *sent != shown.fill) {
            shown.error = Some(plan.why_not(question));
            let value = ask.read(&sent).ok().flatten().filter(|_| !prose);
            shown.not_taken = Some(value.map_or(sent.text, |value| ask.shown(&value)));
        }
        return shown;
    }
    let mut own = Lots::default();
    let live = is_live(plan, question);
    let answered = match ask.sent(&request.form) {
        Some(sent) => {
            let now = shown.fill.clone();
            let one = Sent { ask: &ask, text: prose, seen: before, now, sent };
            take_answer(request, plan, one, live && kept.is_some(), &mut shown, &mut own)
        }
        None => {
            shown.left_out = live && request.post;
            false
        }
    };
    if to_confirm(plan, question) && !answered && request.form.get(&confirm_name(question)).is_some() {
        own.add(question.document(), answers::confirmed(question));
    }
    if question.may_be_excused() {
        take_excuse(request, plan, answered, &mut shown, &mut own);
    }
    // Where it is wrong, nothing of it is written: it stands here still.
    if shown.error.is_none() {
        lots.merge(own);
    }
    shown
}

/// Takes in what came in the input of a question, and says whether that is an answer. `live`: the box was live, and is still.
fn take_answer(request: &Request, plan: &Plan, one: Sent<'_>, live: bool, shown: &mut Shown, lots: &mut Lots) -> bool {
    let question = shown.question;
    let kind = question.document();
    let mut answered = false;
    let change = one.change(&request.form);
    shown.changed = !matches!(change, Ok(None));
    match change {
        Ok(None) => {}
        _ if !request.post => {
            shown.error = one.kept(&request.form);
            shown.told = Some(one.told());
        }
        Ok(Some(_)) if plan.disputed(&question.id).is_some() => {
            shown.error =
                Some(format!("“{}” has two answers now. Choose between them before you change it", question.label));
        }
        Ok(Some(Change::Text(text))) if live => {
            answered = !text.trim().is_empty();
            let text = merged(&one.seen.text, &text, &one.now.text);
            if text != one.now.text {
                lots.add(kind, answers::written(&question.id, text, false));
            }
        }
        Ok(Some(Change::Text(text))) => {
            answered = !text.trim().is_empty();
            lots.text(plan, kind, &question.id, [&one.seen.text, &one.now.text], &text);
        }
        Ok(Some(Change::Put(Some(plan::Value::Text(text))))) if text.trim().is_empty() => {
            lots.add(kind, answers::given(question, Given::Nothing, &plan.view));
        }
        Ok(Some(Change::Put(Some(value)))) => {
            answered = true;
            lots.add(kind, answers::given(question, Given::Value(value), &plan.view));
        }
        Ok(Some(Change::Put(None))) => lots.add(kind, answers::given(question, Given::Nothing, &plan.view)),
        Err(words) => {
            shown.error = Some(words);
            shown.told = Some(one.told());
        }
    }
    shown.fill = one.sent;
    answered
}

/// Takes in why there is no answer, where the form says so.
fn take_excuse(request: &Request, plan: &Plan, answered: bool, shown: &mut Shown, lots: &mut Lots) {
    let question = shown.question;
    let sent = Excused::sent(&question.id, &request.form);
    let Some(sent) = sent.filter(|sent| *sent != excused(plan, question, true)) else { return };
    match sent.read(&question.label) {
        Ok(Some(_)) if answered => {
            shown.error = Some(format!("Answer “{}”, or say why there is no answer, but not both", question.label));
        }
        Ok(excuse) if sent != excused(plan, question, false) && !answered => {
            let said = excuse.map_or(Given::Nothing, |(why, reason)| Given::NoAnswer(why, reason));
            lots.add(question.document(), answers::given(question, said, &plan.view));
        }
        Ok(_) if !request.post => {
            shown.excuse_error = Some("Why there is no answer is not saved. Save it, or discard it".to_owned());
        }
        Ok(_) => {}
        Err(words) => shown.excuse_error = Some(words),
    }
    shown.excused = sent;
}

fn errors(shown: &[Shown]) -> Errors {
    let each = shown.iter().flat_map(|one| {
        let ask = Ask::question(one.question);
        let answer = one.error.iter().map(move |words| (ask.target(), words.clone()));
        answer.chain(one.excuse_error.iter().map(|words| (format!("{}~reason", one.question.id), words.clone())))
    });
    each.collect()
}

fn render(
    plan: &Plan,
    page: &Page,
    block: &str,
    shown: Vec<Shown>,
    errors: Errors,
    done: bool,
    back: Option<Back>,
) -> Leaf {
    let title = sections::title_on(plan, page, block);
    let not_taken: Vec<_> = shown.iter().filter_map(|one| Some((one.question, one.not_taken.clone()?))).collect();
    let (hidden, asked): (Vec<Shown>, Vec<Shown>) =
        shown.into_iter().partition(|one| plan.view.hidden.contains_key(one.question.id.as_str()));
    let writes = asked.iter().any(|one| plan.may_write(one.question) && has_input(plan, one.question));
    let wrong = !errors.is_empty();
    let owner = sections::owner(plan, page);
    let alternate = page.alternate_owner.map(|role| format!(", or {} instead", people(&[role])));
    let regions = regions(plan, page, block);
    let main = html! {
        (kit::error_summary(&errors))
        @if done { (kit::done("Saved on this device")) }
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { (title) }
        @for (question, text) in &not_taken { (unsaved(plan, question, text)) }
        p class="govuk-body" {
            "Part of " (sections::page_within(page)) ", “" (page.title) "”. " (upper(&people(&[owner]))) " answers for it" (alternate.unwrap_or_default()) "."
            @if plan.role.counts_as(owner) { " That is you." }
            @for sentence in plan.delegated_to(page) { " " (sentence) }
        }
        @if asked.iter().any(|one| one.question.is_sign_off()) { (signed_elsewhere(plan)) }
        (regions.show("here"))
        @if asked.is_empty() {
            p class="govuk-body" { "None of these questions is asked at present." }
        }
        @if asked.iter().any(|one| one.question.voice && plan.may_write(one.question)) {
            (kit::inset(html! { "Each person’s words are kept apart. Where you write for somebody, write what they said, as they said it." }))
        }
        @if writes {
            @let live = asked.iter().any(|one| is_live(plan, one.question));
            @let next = next(plan, page, block).filter(|_| back.is_none());
            form method="post" id=(FORM) action={ (sections::section_href(plan, page, block)) (back::query(back)) } novalidate data-saves=(Saves::Fields.word())
                data-live-plan=[live.then(|| plan.pep.id())] data-comments=[live.then(|| plan.href("/comments"))] data-most=[live.then_some(plan::TEXT_MAX)] {
                (stamp(plan))
                (regions.show(VALUES))
                @for one in &asked { (question(plan, one, &regions)) }
                div class="govuk-button-group" {
                    @if back.is_some() {
                        button type="submit" class="govuk-button" name=(GO) value="back" { "Save and go back to the meeting" }
                    }
                    @if let Some((_, title)) = &next {
                        button type="submit" class="govuk-button" name=(GO) value="next" { "Save and go on to “" (title) "”" }
                    }
                    @if back.is_none() {
                        button type="submit" class={ "govuk-button" @if next.is_some() { " govuk-button--secondary" } } name=(GO) value="plan" { "Save and go back to the plan" }
                    }
                    button type="submit" class="govuk-button govuk-button--secondary" name=(GO) value="here" { "Save and stay here" }
                }
            }
        } @else {
            @for one in &asked { (question(plan, one, &regions)) }
        }
        @if !hidden.is_empty() { (why_hidden(plan, &hidden)) }
    };
    let (href, words) = back.map_or_else(|| (plan.href(""), "Back to the plan"), |back| back.link(plan));
    let leaf = Leaf::new(format!("{title}, {}", plan.name), "Children", main).error(wrong);
    if writes { keeping::back(leaf, plan, href, words) } else { leaf.back(href, words) }
}

/// The way to where signatures are given, and what this person's waits for.
fn signed_elsewhere(plan: &Plan) -> Markup {
    let offer = plan::offer(&plan.view, &plan.pep, plan.role, &[]);
    kit::inset(html! {
        p class="govuk-body" { "Signatures are not typed here. " (way(plan, &plan.href("/sign-off"), "Go to Sign-off", "")) }
        p class="govuk-body" { (waits::waits_for(plan, offer.as_ref())) "." }
    })
}

/// What was typed and cannot be saved at its question any more.
fn unsaved(plan: &Plan, question: &Question, text: &str) -> Markup {
    html! {
        div class="govuk-form-group govuk-form-group--error" id=(question.id) {
            h2 class="govuk-heading-s" { "Not saved: " (question.label) }
            p class="govuk-error-message" { span class="govuk-visually-hidden" { "Error: " } (plan.why_not(question)) }
            p class="govuk-body" {
                "Your text is kept here until you leave this page. You can copy it"
                @if !plan.is_sealed() { ", or put it in as a comment" } "."
            }
            p class="govuk-body" { (kit::typed(text)) }
            @if !plan.is_sealed() {
                form method="post" action=(plan.href(&format!("/comments/{}", question.id))) {
                    input type="hidden" name=(DRAFT) value="1";
                    input type="hidden" name="text" value=(text);
                    button type="submit" class="govuk-button govuk-button--secondary" { "Put it in as a comment" }
                }
            }
        }
    }
}

/// The regions of a section: who is here, and who writes at which of its questions.
pub fn regions(plan: &Plan, page: &Page, block: &str) -> Regions {
    let questions = sections::group(page, block);
    let values: Vec<String> = questions
        .iter()
        .filter(|question| !model::is_prose(question))
        .map(|question| model::stands(plan.answer(&question.id)))
        .collect();
    let all = Regions::default().with("here", here(plan, page, block)).with(VALUES, region::values(&values));
    questions.into_iter().fold(all, |all, question| {
        let writing = presence::writing_at(plan, &question.id);
        let all = all.with(
            here_id(&question.id),
            html! { @if let Some(words) = writing { p class="govuk-body-s pep-here" { (words) } } },
        );
        match question.kind {
            Kind::Table | Kind::TargetList if question.id != "targets.list" => {
                let rows = table::live_rows(plan, &question.id, changes_rows(plan, question), None, true);
                all.with(table::rows_id(&question.id), rows)
            }
            _ => all.with(read_id(&question.id), read(plan, question)),
        }
    })
}

/// Whether this person adds and changes rows here; grades have a page of their own.
fn changes_rows(plan: &Plan, question: &Question) -> bool {
    plan.may_write(question) && !sections::is_graded(&question.id)
}

fn read_id(question: &str) -> String {
    format!("read-{question}")
}

fn here_id(question: &str) -> String {
    format!("here-{question}")
}

/// Who else has this section on their screen.
fn here(plan: &Plan, page: &Page, block: &str) -> Markup {
    html! {
        @if let Some(words) = presence::at(plan, |field| sections::is_within(page, block, field)) {
            p class="govuk-body-s pep-here" { (words) }
        }
    }
}

/// Whether a question's box is live where the browser runs the script.
fn is_live(plan: &Plan, question: &Question) -> bool {
    plan.types_in(&question.id).is_some()
}

fn kept_name(question: &Question) -> String {
    format!("{}~kept", question.id)
}

/// Whether the answer was carried over from the last plan and this person is asked whether it is right still.
fn to_confirm(plan: &Plan, question: &Question) -> bool {
    plan.view.to_confirm.contains(question.id.as_str()) && plan.may_write(question)
}

fn confirm_name(question: &Question) -> String {
    format!("{}~confirm", question.id)
}

/// Asks whether what was carried over is right still.
fn confirm(question: &Question) -> Markup {
    let name = confirm_name(question);
    html! {
        div class="govuk-form-group" {
            p class="govuk-hint" { "This comes from the last plan. Change it, or say that it is right." }
            div class="govuk-checkboxes govuk-checkboxes--small" data-field=(name) data-once {
                div class="govuk-checkboxes__item" {
                    input class="govuk-checkboxes__input" type="checkbox" id=(name) name=(name) value="yes" autocomplete="off";
                    label class="govuk-label govuk-checkboxes__label" for=(name) {
                        "This is still right" span class="govuk-visually-hidden" { ": " (question.label) }
                    }
                }
            }
        }
    }
}

/// Whether this page has an input for a question, beside those of a table's own pages.
fn has_input(plan: &Plan, question: &Question) -> bool {
    let excuse = question.may_be_excused() && !has_rows(plan, question);
    let answer = !matches!(question.kind, Kind::Table | Kind::TargetList | Kind::Picture)
        && plan.disputed(&question.id).is_none()
        && !sections::is_graded(&question.id);
    answer || excuse || to_confirm(plan, question)
}

fn has_rows(plan: &Plan, question: &Question) -> bool {
    matches!(plan.answer(&question.id), Answer::Table(rows) if rows.iter().any(plan::Row::counts))
}

fn question(plan: &Plan, one: &Shown, regions: &Regions) -> Markup {
    let question = one.question;
    let ask = Ask::question(question);
    let mine = plan.may_write(question);
    let disputed = plan.disputed(&question.id);
    html! {
        div class="pep-question" id={ "at-" (question.id) } {
            @match (question.kind, &disputed) {
                (Kind::TargetList, _) if question.id == "targets.list" => {
                    h2 class="govuk-heading-s" { (question.label) }
                    p class="govuk-body" { (kit::link(&plan.href("/targets"), "See the targets and what they cost")) }
                }
                (Kind::Table | Kind::TargetList, _) => {
                    h2 class="govuk-heading-s" { (question.label) }
                    @if !question.help.is_empty() { p class="govuk-hint" { (question.help) } }
                    (table::rows(plan, &question.id, changes_rows(plan, question), None, true))
                    @if mine && sections::is_graded(&question.id) { (grades(plan)) }
                    @if mine && question.may_be_excused() && !has_rows(plan, question) { (excuse(one)) }
                    @else { (said(plan, question)) }
                }
                (_, Some(_)) => {
                    h2 class="govuk-heading-s" { (question.label) }
                    (regions.show(&read_id(&question.id)))
                }
                (kind, _) if mine && kind != Kind::Picture && !sections::is_graded(&question.id) => {
                    div data-live=[is_live(plan, question).then_some("")] {
                        (ask.input(&one.fill, one.error.as_deref(), &beside(plan, question)))
                        @if one.left_out { input type="hidden" name=(kept_name(question)) value=(one.fill.text); }
                    }
                    @if let Some(told) = &one.told { (told) }
                    @if question.may_be_excused() { (excuse(one)) }
                }
                _ => (read_only(plan, question, regions)),
            }
            (regions.show(&here_id(&question.id)))
            @if to_confirm(plan, question) { (confirm(question)) }
            (of_directory(plan, question))
            (checks::asked_at(plan, question))
            (remarks(plan, question))
        }
    }
}

/// Whether an answer is what the directory says; where it is another, both are shown, with who puts it right.
fn of_directory(plan: &Plan, question: &'static Question) -> Markup {
    let differs = plan::differs(&plan.directory, &plan.view).into_iter().find(|one| one.question == question.id);
    html! {
        @if let Some(differs) = differs {
            @let ask = Ask::question(question);
            (kit::inset(html! {
                p class="govuk-body" {
                    "The Virtual School’s directory says “" (text::of_question(&plan.pep, &ask, &differs.directory)) "”, and this plan says “"
                    (text::of_question(&plan.pep, &ask, &differs.plan)) "”."
                }
                p class="govuk-body" { "If the plan is right, ask the Virtual School to correct the directory." }
            }))
        } @else if plan.directory.is_said(&plan.view, &question.id) {
            p class="govuk-hint" { "From the Virtual School’s directory." }
        }
    }
}

/// What others said of the same question, where each has an entry; and what was worked out.
fn beside(plan: &Plan, question: &'static Question) -> Markup {
    html! {
        (replaced(plan, question))
        @match plan.answer(&question.id) {
            Answer::Voices(voices) => {
                @if plan.typed_by_child(question) {
                    p class="govuk-hint" { (plan.name) " typed these words on this device. Change them only as " (plan.name) " asks you to. The history keeps what stood here before." }
                }
                @for voice in voices.iter().filter(|voice| voice.person != plan.person) {
                    (kit::inset(html! { (kit::typed(&voice.text)) p class="govuk-hint" { (words::name(&voice.by)) } }))
                }
            }
            Answer::Computed(value) => p class="govuk-body-s" {
                "Worked out for now: " (Ask::question(question).shown(value)) ". What you enter takes its place."
            },
            _ => {}
        }
    }
}

fn excuse(one: &Shown) -> Markup {
    html! {
        @if let Some(words) = &one.excuse_error {
            p class="govuk-error-message" { span class="govuk-visually-hidden" { "Error: " } (words) }
        }
        (one.excused.input(one.question, one.excuse_error.is_some()))
    }
}

fn read_only(plan: &Plan, question: &'static Question, regions: &Regions) -> Markup {
    html! {
        h2 class="govuk-heading-s" { (question.label) }
        (regions.show(&read_id(&question.id)))
        @match question.kind {
            _ if sections::is_graded(&question.id) && plan.may_write(question) => (grades(plan)),
            Kind::Picture if plan.may_write(question) => p class="govuk-body" {
                @let words = if views::picture(plan).is_some() { "Change the picture" } else { "Add a picture" };
                (way(plan, &plan.href("/picture"), words, ""))
            },
            _ if *plan.answer(&question.id) != Answer::Elsewhere => p class="govuk-hint" { (why_not_mine(plan, question)) },
            _ => {}
        }
    }
}

/// What stands at a question, for whoever only reads it or has to choose, and why there is nothing.
fn read(plan: &Plan, question: &'static Question) -> Markup {
    let (ask, mine) = (&Ask::question(question), plan.may_write(question));
    let unknown = html! { span class="govuk-hint" { "No answer yet" } };
    html! {
        @if let Some(claims) = plan.disputed(&question.id) {
            (kit::inset(html! {
                p class="govuk-body" { strong { "There are two answers." } " Nobody’s is lost." }
                ul class="govuk-list govuk-list--bullet" {
                    @for claim in claims {
                        li { "“" (text::of_question(&plan.pep, ask, &claim.value)) "” from " (words::name(&claim.by)) ", " (words::moment(claim.at, plan.now.zone)) }
                    }
                }
                @if mine { p class="govuk-body" { (kit::link(&choose_href(plan, &question.id), "Choose which is right")) } }
                @else { p class="govuk-body" { "It is for " (plan.writers(question)) " to choose." } }
            }))
        } @else { @match plan.answer(&question.id) {
            Answer::Value(plan::Value::Picture(_)) => p { img class="pep-picture" src=(plan.href("/views/picture")) alt=(views::alt(plan)); },
            Answer::Value(value) | Answer::Computed(value) => p class="govuk-body" { (kit::typed(&text::of_question(&plan.pep, ask, value))) },
            Answer::Text { text } => p class="govuk-body" { (kit::typed(text)) },
            Answer::Voices(voices) => @for voice in voices {
                (kit::inset(html! { (kit::typed(&voice.text)) p class="govuk-hint" { (words::name(&voice.by)) } }))
            },
            Answer::Set(words) => p class="govuk-body" { (ask.shown(&plan::Value::Set(words.clone()))) },
            Answer::Elsewhere => p class="govuk-body" {
                "This part of the plan is not shared with you. "
                @if question.document().choices().is_empty() { "It is shared with " (people(question.document().readers())) "." }
                @else { "The young person chooses who sees it." }
            },
            Answer::Missing | Answer::Disputed(_) | Answer::Table(_) | Answer::Targets { .. } => p class="govuk-body" { (unknown) },
        } }
        (replaced(plan, question))
        (said(plan, question))
    }
}

/// What others entered in the place of what the young person chose.
fn replaced(plan: &Plan, question: &'static Question) -> Markup {
    html! { @for sentence in conflicts::beside(&plan.view, question, &plan.name) { (kit::inset(html! { p class="govuk-body" { (sentence) } })) } }
}

/// The way to where grades are given, each with the others and its reason.
fn grades(plan: &Plan) -> Markup {
    html! { p class="govuk-body" { (kit::link(&plan.href("/quality"), "Grade this plan in the quality check")) } }
}

/// Why a question has no answer, where that was said.
fn said(plan: &Plan, question: &Question) -> Markup {
    html! {
        @for excuse in plan.view.excuses.get(question.id.as_str()).into_iter().flatten() {
            p class="govuk-body" {
                (excuse.why.label())
                @if !excuse.reason.is_empty() { ": " (kit::typed(&excuse.reason)) }
                " (" (words::name(&excuse.by)) ")"
            }
        }
    }
}

fn why_not_mine(plan: &Plan, question: &Question) -> String {
    match question {
        _ if question.is_sign_off() => "This is signed at the end, not typed.".to_owned(),
        _ if question.computed => "This is worked out from other answers.".to_owned(),
        _ if question.kind == Kind::Picture => format!("{} can add a picture.", upper(&plan.writers(question))),
        _ => format!("Only {} can write this. You can leave a comment.", plan.writers(question)),
    }
}

fn remarks(plan: &Plan, question: &Question) -> Markup {
    let said = match plan.comments(&question.id).count() {
        0 => "Comment".to_owned(),
        n => words::counted(n, "comment"),
    };
    html! {
        p class="pep-remarks" {
            (way(plan, &plan.href(&format!("/comments/{}", question.id)), &said, &format!(" on: {}", question.label)))
            " "
            (way(plan, &plan.href(&format!("/history/{}", question.id)), "History", &format!(" of: {}", question.label)))
        }
    }
}

fn why_hidden(plan: &Plan, hidden: &[Shown]) -> Markup {
    let because = |question: &Question| {
        let id = plan.view.hidden.get(question.id.as_str()).copied().unwrap_or_default();
        plan::bank().question(id)
    };
    let inside = html! {
        p { "Nothing that was entered in them is lost." }
        ul class="govuk-list govuk-list--bullet" {
            @for one in hidden {
                li {
                    (one.question.label) ": "
                    @match because(one.question) {
                        Some(because) if because.id == "meta.phase" => "for children of another age",
                        Some(because) => {
                            "because of the answer to "
                            (kit::link(&sections::question_href(plan, &because.id), &because.label))
                        }
                        None => "not at present",
                    }
                }
            }
        }
    };
    let title = format!("Questions not asked at present ({})", hidden.len());
    kit::details(&title, false, inside)
}
