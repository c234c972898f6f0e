//! The page from which a meeting is run: its agenda by the clock, and under each point what is said, decided and written there.
//! What others change comes in by regions, each a function of its models; forms stand beside them, so that nothing typed is lost.

use participant::meeting as words_of;
use std::collections::BTreeMap;

use maud::{Markup, html};
use plan::{Answer, Cell, Invitee, Kind, MeetingView, ReviewKind, Reviewed, Role, Row, Running, Target, Value};

use super::{
    review_label_of,
    stops::{Part, Stop, minutes, said, stops, when},
    taken::{
        ACTIONS, ATTENDEES, REVIEW, TARGETS, Tried, action_fields, drafted, idea_fields, question_field, question_of,
        review_fields, review_word, row_of, take,
    },
};
use crate::{
    back::Back,
    field::Ask,
    forms,
    keeping::{self, Saves},
    kit::{self, upper},
    model::{self, Gathering, Plan, cell_value, cells_stand, people, small},
    page::targets,
    presence,
    region::{self, Regions, VALUES},
    request::{Leaf, Outcome, Request},
    sections,
};
use participant::words::{self, counted};

/// Where this page's forms go, within a plan.
const HERE: &str = "/meeting/live";
/// The question whose answer is the notes.
const NOTES: &str = "meeting.notes";
/// Questions of a person's own that are named one by one; of more there is only the number.
const NAMED_MAX: usize = 8;

/// Shows the meeting to run it, and takes in its forms.
pub fn live(request: &Request, plan: &Plan, gathering: &Gathering) -> Outcome {
    let tried = if request.post {
        match take(request, plan, gathering) {
            Ok(outcome) => return outcome,
            Err(tried) => tried,
        }
    } else {
        drafted(request, plan, gathering)
    };
    let meeting = &gathering.meeting;
    let desk = meeting.kind == Some(ReviewKind::Desk);
    let saved = request.query.get("saved").unwrap_or_default();
    let stops = stops(meeting);
    let at = place(request, gathering, &stops, saved);
    let page = Page { plan, gathering, tried: &tried, saved, at, regions: regions(plan, gathering) };
    let shown = |part: &Part| stops.iter().any(|stop| stop.parts.contains(part));
    let beside = !page.saved.is_empty() && part_of_saved(page.saved).is_some_and(|part| shown(&part));
    let main = html! {
        @if request.post { (kit::error_summary(&tried.errors)) }
        @if !page.saved.is_empty() && !beside { (kit::done("Saved on this device")) }
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { @if desk { "Review without a meeting" } @else { "The meeting, now" } }
        ul class="govuk-list pep-ways" {
            li { (kit::link("#notes-title", "Notes")) }
            li { (kit::link(&plan.href("/meeting/wall"), "Show it on the wall")) }
            li { (kit::link(&plan.href(HERE), "Refresh")) }
            li { (kit::link(&plan.href("/meeting"), "Arrange the meeting")) }
        }
        div class="pep-table" {
            div {
                (page.regions.show("clock"))
                (page.regions.show("money"))
                (page.moving_on(&stops))
                (page.regions.show(VALUES))
                @for (number, stop) in stops.iter().enumerate() { (page.stop(number, stop)) }
                @if !desk { (page.end(stops.len())) }
            }
            div class="pep-table__beside" {
                (page.notes())
                (kit::details("Before people can sign", false, page.regions.show("missing")))
                (kit::details("On this plan now", false, page.regions.show("present")))
            }
        }
    };
    let title = format!("The meeting, now, {}", plan.name);
    let leaf = Leaf::new(title, "Meetings", main).back(plan.href(""), "Back to the plan");
    if !request.post {
        return Outcome::page(leaf);
    }
    tried.partly(leaf.error(true))
}

/// What is under discussion: what somebody asked for, else that in which a form was sent or something was saved, else what the clock
/// says.
fn place(request: &Request, gathering: &Gathering, stops: &[Stop<'_>], saved: &str) -> usize {
    let of_part = |question: &str| {
        let part = Part::of(question)?;
        stops.iter().position(|stop| stop.parts.contains(&part))
    };
    let asked =
        || request.query.get("point")?.parse::<usize>().ok().map(|point| point.saturating_sub(1).min(stops.len()));
    let by_clock = || match gathering.meeting.running(gathering.now) {
        Some(Running::At(at, _)) => Some(at),
        _ => None,
    };
    // The notes are of no one point.
    let written = (saved != "meeting").then_some(saved);
    match (request.form.get("do").filter(|_| request.post), written) {
        (Some("held"), _) | (None, Some("meeting.held")) => stops.len(),
        (Some(does), _) => question_of(does).and_then(of_part).or_else(asked).unwrap_or_default(),
        (None, written) => asked().or_else(|| of_part(written?)).or_else(by_clock).unwrap_or_default(),
    }
}

/// The page as one person sees it.
struct Page<'a> {
    plan: &'a Plan,
    gathering: &'a Gathering,
    tried: &'a Tried,
    saved: &'a str,
    /// The number of what is under discussion, from 0; one more than there are points where the meeting is over.
    at: usize,
    regions: Regions,
}

/// Where it is said that something at a question has been saved.
fn part_of_saved(question: &str) -> Option<Part> {
    match question {
        "meeting.held" => None,
        question => Part::of(question),
    }
}

impl Page<'_> {
    /// A form of this page that writes something of its own.
    fn form(&self, does: &str, saves: Option<Saves>, inside: Markup) -> Markup {
        let plan = self.plan;
        html! {
            form method="post" action=(plan.href(HERE)) novalidate data-saves=[saves.map(Saves::word)] data-kept[self.tried.is_typed(does)] {
                @if saves.is_some() { (keeping::stamp(plan)) } @else { (forms::stamp(plan)) }
                input type="hidden" name="do" value=(does);
                (inside)
            }
        }
    }

    /// A form of whose buttons each stands in a region: they come and go there, and it does not.
    fn buttons(&self, does: &str) -> Markup {
        html! {
            form method="post" action=(self.plan.href(HERE)) id={ (does) "-form" } {
                (forms::stamp(self.plan))
                input type="hidden" name="do" value=(does);
            }
        }
    }

    /// The way to the next point, and to the one before.
    fn moving_on(&self, stops: &[Stop<'_>]) -> Markup {
        let href = |point: usize| self.plan.href(&format!("{HERE}?point={}#stop-{point}", point + 1));
        let over = (self.gathering.meeting.kind != Some(ReviewKind::Desk)).then_some("When it is over");
        let label = |point: usize| stops.get(point).map(|stop| stop.label.as_str()).or(over);
        html! {
            nav class="pep-moving govuk-body" aria-label="Points of the meeting" {
                @if let Some(next) = label(self.at + 1) {
                    a class="govuk-button" role="button" draggable="false" href=(href(self.at + 1)) data-key="F8" aria-keyshortcuts="F8" { "Next: " (next) }
                    span class="govuk-hint" { "or press F8" }
                }
                @if let Some((before, words)) = self.at.checked_sub(1).and_then(|before| Some((before, label(before)?))) {
                    a class="govuk-link" href=(href(before)) data-key="Shift+F8" aria-keyshortcuts="Shift+F8" { "Back: " (words) }
                }
            }
        }
    }

    fn stop(&self, number: usize, stop: &Stop<'_>) -> Markup {
        let lead = stop.point.and_then(|point| {
            point
                .lead
                .clone()
                .or_else(|| point.lead_role.map(|role| people(&[role])))
                .map(|who| format!("{} begins", upper(&who)))
        });
        let title = format!("{}. {}", number + 1, stop.label);
        let time = stop.point.map(when);
        let inside = html! {
            @if let Some(point) = stop.point {
                p class="govuk-hint" {
                    (when(point)) @if point.at.is_some() { ", " (minutes(point.minutes.into())) }
                    @if let Some(lead) = lead { ". " (lead) "." }
                }
            }
            @for part in &stop.parts {
                @if part_of_saved(self.saved) == Some(*part) { (kit::done("Saved on this device")) }
                (self.part(*part))
            }
            @if !stop.also.is_empty() { (self.also(&stop.also)) }
        };
        let begun = stop.parts.iter().any(|part| self.tried.is_begun(*part));
        self.point(number, &title, time.as_deref(), begun, inside)
    }

    /// What is under discussion is open; anything else is a line, unless something is `begun` in it.
    fn point(&self, number: usize, title: &str, time: Option<&str>, begun: bool, inside: Markup) -> Markup {
        let id = format!("stop-{number}");
        html! {
            @if self.at == number {
                section class="pep-stop pep-stop--now" id=(id) aria-labelledby={ (id) "-title" } tabindex="-1" {
                    h2 class="govuk-heading-m" id={ (id) "-title" } { (title) }
                    (inside)
                }
            } @else {
                details class="pep-fold" open[begun] {
                    summary {
                        h2 class="govuk-heading-s" { (title) }
                        @if let Some(time) = time { " " span class="govuk-hint" { (time) } }
                    }
                    div id=(id) { (inside) }
                }
            }
        }
    }

    fn part(&self, part: Part) -> Markup {
        let plan = self.plan;
        match part {
            Part::People => self.people(),
            Part::Voice => html! {
                h3 class="govuk-heading-s" { (plan.name) "’s part" }
                (self.regions.show("part-now"))
                (self.regions.show("voice-now"))
                p class="govuk-body" { (kit::link(&plan.href("/views"), "All the child’s views")) }
            },
            Part::Carer => html! {
                h3 class="govuk-heading-s" { "The carer’s words" }
                (self.regions.show("carer-now"))
            },
            Part::Review => self.review(),
            Part::Targets => self.targets(),
            Part::Funding => html! {
                (self.regions.show("funding-now"))
                (self.sections(&["funding.tuition", "funding.overReason"]))
            },
            Part::Actions => self.actions(),
            Part::Next => self.next(),
            Part::Copies => html! {
                h3 class="govuk-heading-s" { "Copies" }
                (self.regions.show("copies-now"))
            },
        }
    }

    /// Sections that a point is about and that have pages of their own.
    fn also(&self, names: &[&str]) -> Markup {
        let links: Vec<(String, &str)> = names.iter().filter_map(|name| self.link(name)).collect();
        html! {
            @if !links.is_empty() {
                p class="govuk-body" { "Open: " @for (i, (href, title)) in links.iter().enumerate() { @if i > 0 { ", " } (kit::link(href, title)) } }
            }
        }
    }

    /// Where a question or a block is, where any of it is asked.
    fn link<'b>(&self, name: &'b str) -> Option<(String, &'b str)> {
        let plan = self.plan;
        let asked = |id: &str| !plan.view.hidden.contains_key(id);
        if let Some(question) = plan::bank().question(name) {
            let href = Back::Live.via(&sections::question_href(plan, name));
            return asked(name).then_some((href, question.label.as_str()));
        }
        let mut pages = plan.pep.process().pages.iter();
        let theirs = |question: &&plan::Question| sections::is_of_this_child(plan, question);
        let page = pages.find(|page| sections::group(page, name).iter().any(theirs))?;
        Some((Back::Live.via(&sections::section_href(plan, page, name)), sections::block_title(name)))
    }

    /// Ways to questions of a section.
    fn sections(&self, questions: &[&str]) -> Markup {
        let asked = questions.iter().filter_map(|id| {
            let question = plan::bank().question(id)?;
            let open = !self.plan.view.hidden.contains_key(question.id.as_str());
            (open && self.plan.may_write(question)).then_some(question)
        });
        html! {
            @for question in asked {
                p class="govuk-body" { (kit::link(&Back::Live.via(&sections::question_href(self.plan, &question.id)), &question.label)) }
            }
        }
    }

    fn writes(&self, question: &str) -> bool {
        super::writes(self.plan, question)
    }

    fn people(&self) -> Markup {
        let meeting = &self.gathering.meeting;
        if meeting.kind == Some(ReviewKind::Desk) {
            return html! {
                p class="govuk-body" { "Nobody has to be there. Whoever was asked for their views is listed here." }
                (self.regions.show("here-now"))
                @if self.writes(ATTENDEES) { p class="govuk-body" { (kit::link(&self.row_href(ATTENDEES, "new"), "Add somebody")) } }
            };
        }
        html! {
            h3 class="govuk-heading-s" id="here" { "Who is here" }
            (self.regions.show("here-now"))
            @if self.writes(ATTENDEES) {
                (kit::details("Tick who came", meeting.invitees.iter().all(|one| one.attended.is_none()), self.form("here", Some(Saves::Fields), self.ticks())))
                p class="govuk-body" { (kit::link(&self.row_href(ATTENDEES, "new"), "Add somebody who is not listed")) }
            }
            @if self.writes("meeting.chair") { (self.buttons("chair")) }
            @if self.writes("meeting.noteTaker") { (self.buttons("notes")) }
            (self.regions.show("seats-now"))
        }
    }

    fn ticks(&self) -> Markup {
        let (plan, meeting) = (self.plan, &self.gathering.meeting);
        let listed: Vec<(&Invitee, String)> =
            meeting.invitees.iter().map(|one| (one, plan.word_for(&format!("{ATTENDEES}/{}", one.key)))).collect();
        let others = unlisted(self.gathering);
        html! {
            fieldset class="govuk-fieldset" data-field="here" {
                legend class="govuk-fieldset__legend govuk-fieldset__legend--s" { "Who came, for all or a part of it?" }
                div class="govuk-checkboxes govuk-checkboxes--small" {
                    @for (one, word) in &listed {
                        input type="hidden" name="listed" value=(word);
                        (tick(word, &one.person, &role_of(one), one.came()))
                    }
                    @for who in others {
                        (tick(&who.person.to_string(), &who.name, &format!("{}, not invited yet", upper(&small(who.role))), false))
                    }
                }
            }
            (kit::button("Save who came"))
        }
    }

    fn review(&self) -> Markup {
        let (plan, gathering) = (self.plan, self.gathering);
        let meeting = &gathering.meeting;
        let initial = plan.pep.kind == plan::PepType::Initial;
        html! {
            @if meeting.review.is_empty() {
                p class="govuk-body" {
                    @if initial { "This is the first PEP: there are no targets to review yet." }
                    @else { "No target of the last PEP is on this device." }
                }
            }
            @for target in &meeting.review {
                @let word = review_word(plan, target);
                div class="pep-card" {
                    h3 class="govuk-heading-s" { (kit::typed(&target.statement)) }
                    @if let Some(measure) = &target.measure { p class="govuk-hint" { "How we were to know: " (measure) } }
                    (self.regions.show(&review_id(&word)))
                    @if self.writes(REVIEW) {
                        @let fields = review_fields(plan, target, &word);
                        @let tried = fields.iter().any(|field| self.tried.typed(&field.ask.name).is_some());
                        @let title = if target.result.is_some() { "Change this review" } else { "Review it" };
                        (kit::details_of(title, &target.statement, tried, self.form("review", Some(Saves::Fields), html! {
                            input type="hidden" name="target" value=(word);
                            @for field in &fields { (self.tried.input(field)) }
                            (kit::button("Save review"))
                        })))
                    }
                }
            }
        }
    }

    fn targets(&self) -> Markup {
        let plan = self.plan;
        html! {
            (self.regions.show("targets-now"))
            @if self.writes(TARGETS) {
                (self.buttons("agree"))
                @let fields = idea_fields();
                @let tried = fields.iter().any(|field| self.tried.typed(&field.ask.name).is_some());
                (kit::details("Add an idea", tried, self.form("idea", Some(Saves::Act), html! {
                    p class="govuk-hint" { "An idea counts for nothing until it is agreed. What it needs and costs can be added then." }
                    input type="hidden" name="fresh" value=(plan.fresh);
                    @for field in &fields {
                        @if field.ask.kind == Kind::Choice { (self.choice(&field.ask)) } @else { (self.tried.input(field)) }
                    }
                    (kit::button("Add as an idea"))
                })))
            }
        }
    }

    /// A choice in little room.
    fn choice(&self, ask: &Ask) -> Markup {
        let none = (String::new(), "Not said yet".to_owned());
        let choices = ask.options.iter().map(|choice| (choice.value.clone(), choice.label.clone()));
        let choices: Vec<(String, String)> = std::iter::once(none).chain(choices).collect();
        let on = self.tried.typed(&ask.name).map_or("", |fill| fill.text.as_str());
        kit::select(&ask.name, &ask.label, self.tried.error(&ask.name), &choices, on)
    }

    fn actions(&self) -> Markup {
        let plan = self.plan;
        let typed = |name: &str| self.tried.typed(name).map_or("", |fill| fill.text.as_str());
        let fields = action_fields();
        let tried = fields.iter().any(|field| self.tried.typed(&field.ask.name).is_some());
        html! {
            h3 class="govuk-heading-s" id="actions" { "Who does what by when" }
            (self.regions.show("actions-now"))
            @if self.writes(ACTIONS) {
                (self.buttons("done"))
                (kit::details("Add an action", tried, self.form("action", Some(Saves::Act), html! {
                    input type="hidden" name="fresh" value=(plan.fresh);
                    @for (i, field) in fields.iter().enumerate() {
                        (self.tried.input(field))
                        @if i == 0 {
                            (kit::select("person", "Who does it", None, &self.names(), typed("person")))
                            (somebody_else(typed("person-other"), self.tried.error("person-other")))
                        }
                    }
                    (kit::button("Save action"))
                })))
            }
        }
    }

    /// Everybody who may be given something to do: who was invited or came, and the team.
    fn names(&self) -> Vec<(String, String)> {
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for one in &self.gathering.meeting.invitees {
            names.insert(one.person.clone(), format!("{}, {}", one.person, role_of(one)));
        }
        for who in &self.gathering.team {
            names.entry(who.name.clone()).or_insert_with(|| format!("{}, {}", who.name, small(who.role)));
        }
        std::iter::once((String::new(), "Nobody named yet".to_owned())).chain(names).collect()
    }

    fn next(&self) -> Markup {
        let plan = self.plan;
        let fields: Vec<_> =
            ["meeting.nextDate", "meeting.nextTime"].iter().filter_map(|id| question_field(plan, id)).collect();
        let tried = fields.iter().any(|field| self.tried.typed(&field.ask.name).is_some());
        let provisional = plan.view.next_date.filter(|next| next.provisional);
        html! {
            h3 class="govuk-heading-s" { "The next PEP" }
            (self.regions.show("next-now"))
            @if !fields.is_empty() {
                @if let Some(next) = provisional {
                    (self.form("next-as-worked-out", None, kit::second_button(&format!("Agree {}", words::date(next.date)))))
                }
                (kit::details(if provisional.is_some() { "Set another date" } else { "Set the date" }, tried, self.form("next", Some(Saves::Fields), html! {
                    @for field in &fields { (self.tried.input(field)) }
                    (kit::button("Save date"))
                })))
            }
        }
    }

    /// The notes, which several people may write at once.
    fn notes(&self) -> Markup {
        let plan = self.plan;
        let Some(question) = plan::bank().question(NOTES) else { return html! {} };
        let Some(page) = plan.pep.process().page(&question.id) else { return html! {} };
        let text = match plan.answer(&question.id) {
            Answer::Text { text } => text.as_str(),
            _ => "",
        };
        let ask = Ask { label: "What was said and decided".to_owned(), optional: false, ..Ask::question(question) };
        html! {
            section class="pep-notes" aria-labelledby="notes-title" {
                h2 class="govuk-heading-m" id="notes-title" { "Notes and decisions" }
                @if self.saved == "meeting" { (kit::done("Saved on this device")) }
                @if plan.may_write(question) {
                    form method="post" action=(Back::Live.via(&sections::section_href(plan, page, &question.block))) novalidate data-live-plan=(plan.pep.id()) data-comments=(plan.href("/comments")) {
                        (forms::stamp(plan))
                        div data-live {
                            (ask.input(&ask.fill_text(text), None, &html! {}))
                            (self.regions.show("who-notes"))
                        }
                        button type="submit" class="govuk-button govuk-button--secondary" name="go" value="back" { "Save notes" }
                    }
                } @else {
                    p class="govuk-body" { @if text.trim().is_empty() { "Nothing has been noted yet." } @else { (kit::typed(text)) } }
                }
            }
        }
    }

    fn end(&self, number: usize) -> Markup {
        let (plan, meeting) = (self.plan, &self.gathering.meeting);
        let part = question_field(plan, "meeting.childPart");
        let inside = html! {
                @if self.saved == "meeting.held" { (kit::done("Saved on this device")) }
                @if meeting.held {
                    p class="govuk-body" { "It is said that the meeting has been held." }
                    @if let Some(took) = &meeting.child.took { p class="govuk-body" { (plan.name) " took part: " (super::label_of("meeting.childPart", took)) "." } }
                    p class="govuk-body" { (kit::link(&plan.href("/sign-off"), "What your signature waits for")) }
                } @else if self.writes("meeting.held") {
                    (self.form("held", Some(Saves::Act), html! {
                        @if let Some(field) = &part { (self.tried.input(field)) }
                        (kit::button("Say that it has been held"))
                    }))
                } @else {
                    p class="govuk-body" { (upper(&super::writers(plan, "meeting.held"))) " says that it has been held." }
                }
        };
        self.point(number, "When it is over", None, false, inside)
    }

    fn row_href(&self, table: &str, word: &str) -> String {
        row_href(self.plan, table, word)
    }
}

fn row_href(plan: &Plan, table: &str, word: &str) -> String {
    Back::Live.via(&plan.href(&format!("/table/{table}/{word}")))
}

/// Of the team, those whom the list of the meeting does not name.
fn unlisted(gathering: &Gathering) -> impl Iterator<Item = &plan::Who> {
    let named = |who: &&plan::Who| !gathering.meeting.invitees.iter().any(|one| same_name(&one.person, &who.name));
    gathering.team.iter().filter(named)
}

/// Names are compared as people write them.
pub fn same_name(one: &str, other: &str) -> bool {
    let plain = |name: &str| {
        let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_lowercase).collect::<Vec<_>>()
    };
    plain(one) == plain(other)
}

fn role_of(one: &Invitee) -> String {
    one.role.map_or_else(|| one.called.clone(), small)
}

fn tick(value: &str, name: &str, hint: &str, on: bool) -> Markup {
    let id = format!("here-{value}");
    html! {
        div class="govuk-checkboxes__item" {
            input class="govuk-checkboxes__input" type="checkbox" id=(id) name="here" value=(value) checked[on] autocomplete="off" aria-describedby={ (id) "-hint" };
            label class="govuk-label govuk-checkboxes__label" for=(id) { (name) }
            div class="govuk-hint govuk-checkboxes__hint" id={ (id) "-hint" } { (upper(hint)) }
        }
    }
}

fn somebody_else(typed: &str, error: Option<&str>) -> Markup {
    let ask = Ask {
        name: "person-other".to_owned(),
        place: format!("{ACTIONS}/person"),
        label: "Or somebody else".to_owned(),
        hint: "Their name.".to_owned(),
        kind: Kind::Person,
        options: &[],
        open: false,
        optional: false,
    };
    ask.input(&ask.fill_text(typed), error, &html! {})
}

/// The regions of the page; it shows those that its agenda has a place for.
pub fn regions(plan: &Plan, gathering: &Gathering) -> Regions {
    let meeting = &gathering.meeting;
    let writing = presence::writing_at(plan, NOTES);
    let all = Regions::default()
        .with(VALUES, region::values(&values(plan, gathering)))
        .with("clock", clock(plan, gathering))
        .with("money", money(plan))
        .with("missing", missing(plan, gathering))
        .with("present", presence::in_plan(plan))
        .with("here-now", here(plan, gathering))
        .with("seats-now", seats(plan, meeting))
        .with("part-now", childs_part(plan, meeting))
        .with("voice-now", spoken(plan, "voice"))
        .with("carer-now", spoken(plan, "carer"))
        .with("targets-now", ideas(plan))
        .with("funding-now", funding(plan))
        .with("actions-now", actions(plan, gathering))
        .with("next-now", next(plan, gathering))
        .with("copies-now", super::copies(plan, meeting, Back::Live))
        .with("who-notes", html! { @if let Some(words) = writing { p class="govuk-body-s pep-here" { (words) } } });
    meeting.review.iter().fold(all, |all, target| all.with(review_id(&review_word(plan, target)), reviewed(target)))
}

/// Who chairs and who takes the notes, with a button each to say that one does, and the time.
fn seats(plan: &Plan, meeting: &MeetingView) -> Markup {
    let seats = [
        ("chair", "meeting.chair", "Chair", "I am the chair", &meeting.chair),
        ("notes", "meeting.noteTaker", "Notes", "I take the notes", &meeting.note_taker),
    ];
    let length = model::stands(plan.answer("meeting.time"));
    html! {
        @for (does, question, label, button, seat) in seats {
            p class="govuk-body" id=(does) { (label) ": " (kit::typed(&words_of::seat(seat))) }
            @if super::writes(plan, question) {
                div class="govuk-button-group" {
                    @if seat.named.is_none() {
                        button type="submit" class="govuk-button govuk-button--secondary" form={ (does) "-form" } { (button) }
                    }
                    a class="govuk-link" href=(Back::Live.via(&sections::question_href(plan, question))) {
                        @if seat.named.is_some() { "Change" } @else { "Somebody else" }
                        span class="govuk-visually-hidden" { ": " (label) }
                    }
                }
            }
        }
        @if !length.is_empty() { p class="govuk-body" { "Time and length: " (kit::typed(&plan::with_time_said(&length, words::time))) } }
    }
}

fn childs_part(plan: &Plan, meeting: &MeetingView) -> Markup {
    let said = words_of::child(meeting);
    let named = if said.starts_with("has not") { format!("{} {said}", plan.name) } else { upper(&said) };
    html! { @if meeting.kind != Some(ReviewKind::Desk) { p class="govuk-body" { (kit::typed(&named)) "." } } }
}

/// What the fields of the page's forms stand for.
fn values(plan: &Plan, gathering: &Gathering) -> Vec<String> {
    let rows = [ATTENDEES, REVIEW].into_iter().flat_map(|table| Plan::rows(&plan.view, table)).map(cells_stand);
    let asked = ["meeting.nextDate", "meeting.nextTime", "meeting.childPart"];
    let listed = gathering.team.iter().map(|who| who.name.clone());
    rows.chain(asked.map(|id| model::stands(plan.answer(id)))).chain(listed).collect()
}

fn review_id(word: &str) -> String {
    format!("review-{word}")
}

fn clock(plan: &Plan, gathering: &Gathering) -> Markup {
    let meeting = &gathering.meeting;
    if meeting.kind == Some(ReviewKind::Desk) {
        return html! { p class="govuk-body" { "This plan is reviewed without a meeting." } };
    }
    let running = meeting.running(gathering.now);
    let at = match running {
        Some(Running::At(at, _)) => Some(at),
        _ => None,
    };
    let time = words::time(gathering.now.time());
    html! {
        p class="govuk-body" {
            @match running {
                Some(Running::Before(left)) => { "It is " (time) ". The meeting begins in " (minutes(left)) "." },
                Some(Running::At(_, left)) => { "It is " (time) ". " (minutes(left)) " left for this point." },
                Some(Running::Over(0)) => { "It is " (time) ". The time is over." },
                Some(Running::Over(over)) => { "It is " (time) ". The time was over " (minutes(over)) " ago." },
                None => @match (meeting.held, meeting.date, meeting.starts) {
                    (true, ..) => "The meeting has been held.",
                    (_, Some(day), Some(at)) => { "The meeting is on " (words::date(day)) " at " (words::time(at)) "." },
                    (_, Some(day), None) => { "The meeting is on " (words::date(day)) ". Nobody has said at what time." },
                    (_, None, _) => "The meeting has no day yet.",
                },
            }
        }
        @if let Some((at, point)) = at.and_then(|at| Some((at, meeting.agenda.get(at)?))) {
            p class="govuk-body" aria-current="step" {
                "By the agenda, now: "
                (kit::link(&plan.href(&format!("{HERE}?point={}#stop-{at}", at + 1)), &format!("{}. {}", at + 1, point.label)))
            }
        }
    }
}

fn money(plan: &Plan) -> Markup {
    let funding = &plan.view.funding;
    html! {
        p class="govuk-body" {
            @match (funding.allocation, funding.remaining) {
                (Some(all), Some(_)) if funding.over() > 0 => {
                    strong { (words::pounds(funding.over())) " over" } " the " (words::pounds(all)) " that there is this term."
                },
                (Some(all), Some(left)) => { (words::pounds(left)) " left of the " (words::pounds(all)) " that there is this term." },
                _ => { (words::pounds(funding.requested.saturating_add(funding.retained))) " asked for. No amount is set." },
            }
        }
    }
}

fn funding(plan: &Plan) -> Markup {
    let reason = match plan.answer("funding.overReason") {
        Answer::Text { text } if !text.trim().is_empty() => Some(text.as_str()),
        _ => None,
    };
    let over = plan.view.funding.over();
    let tuition = plan::bank()
        .question("funding.tuition")
        .filter(|question| !plan.view.hidden.contains_key(question.id.as_str()));
    let spent: Vec<&Target> =
        plan.view.targets.iter().filter(|target| target.is_agreed() && cost(target) > 0).collect();
    html! {
        (targets::sums(plan))
        @if over > 0 {
            (kit::inset(html! {
                p class="govuk-body" { strong { (words::pounds(over)) " more than there is." } " Nobody’s row is lost. Take something away, or say why more is needed." }
                @match reason {
                    Some(reason) => p class="govuk-body" { "Why: " (kit::typed(reason)) },
                    None => p class="govuk-body" { "Nobody has said why yet. It is for " (super::writers(plan, "funding.overReason")) " to say." },
                }
            }))
        }
        @if !spent.is_empty() {
            ul class="govuk-list govuk-list--bullet" {
                @for target in spent { li { (words::pounds(cost(target))) " for " (kit::typed(&name_of(target))) } }
            }
        }
        @if let Some(question) = tuition {
            @match plan.answer(&question.id) {
                Answer::Value(value) => p class="govuk-body" { (question.label) ": " (words::value(question, value)) },
                Answer::Disputed(claims) => p class="govuk-body" {
                    (question.label) ": there are two answers, "
                    (claims.iter().map(|claim| format!("“{}”", words::value(question, &claim.value))).collect::<Vec<_>>().join(" and ")) ". "
                    @if plan.may_write(question) { (kit::link(&Back::Live.via(&sections::choose_href(plan, &question.id)), "Choose which is right")) }
                    @else { "It is for " (plan.writers(question)) " to choose." }
                },
                _ => {}
            }
        }
    }
}

fn missing(plan: &Plan, gathering: &Gathering) -> Markup {
    let mut by: BTreeMap<Role, usize> = BTreeMap::new();
    for gap in &plan.view.gaps {
        *by.entry(gap.owner).or_default() += 1;
    }
    let (writer, process) = (plan.writer(), plan.pep.process());
    let mine: Vec<&plan::Gap> = plan.view.gaps.iter().filter(|gap| gap.is_for(&writer, process)).collect();
    let choices = plan::conflicts(&plan.view, &plan.pep).len();
    let short = plan::shortfalls(&plan.view, &plan.pep.process().targets);
    let findings = gathering.offer.as_ref().map_or(0, |offer| offer.findings.len());
    html! {
        @if by.is_empty() && choices == 0 && short.is_empty() && findings == 0 { p class="govuk-body" { "Nothing is missing." } }
        @else {
            ul class="govuk-list govuk-list--bullet" {
                @for (role, n) in &by { li { (upper(&people(&[*role]))) ": " (counted(*n, "question")) " to answer" } }
                @if choices > 0 { li { (kit::link(&plan.href("/choose"), &format!("{} with two answers", counted(choices, "question")))) } }
                @for words in &short { li { (words) } }
                @if findings > 0 { li { (counted(findings, "thing")) " to put right in your part" } }
            }
        }
        @if !mine.is_empty() {
            h3 class="govuk-heading-s" { "Yours" }
            ul class="govuk-list govuk-list--bullet" {
                @for gap in mine.iter().take(NAMED_MAX) { li { (kit::link(&Back::Live.via(&sections::question_href(plan, gap.question)), label(gap.question))) } }
                @if mine.len() > NAMED_MAX { li { (mine.len() - NAMED_MAX) " more" } }
            }
        }
        p class="govuk-body" { (kit::link(&plan.href("/sign-off"), "All of it, and the sign-off")) }
    }
}

fn here(plan: &Plan, gathering: &Gathering) -> Markup {
    let meeting = &gathering.meeting;
    let change = |one: &Invitee| {
        let word = plan.word_for(&format!("{ATTENDEES}/{}", one.key));
        html! {
            @if super::writes(plan, ATTENDEES) {
                " " a class="govuk-link" href=(row_href(plan, ATTENDEES, &word)) { "Change" span class="govuk-visually-hidden" { ": " (one.person) } }
            }
        }
    };
    html! {
        @if meeting.invitees.is_empty() { p class="govuk-body" { "Nobody is listed yet." } }
        @else {
            ul class="govuk-list" {
                @for one in &meeting.invitees {
                    li {
                        (kit::typed(&one.person)) ", " (role_of(one)) ": "
                        @if one.came() { strong { (here_words(meeting.held, one)) } } @else { (super::how_far(one).to_lowercase()) }
                        (change(one))
                    }
                }
            }
        }
        @if meeting.invitees.iter().any(Invitee::came) && !not_here(gathering).is_empty() {
            p class="govuk-body" { "This process needs: " (not_here(gathering).join(", ")) ". The meeting can go on without; say why in the notes." }
        }
    }
}

fn here_words(held: bool, one: &Invitee) -> &'static str {
    match one.attended.as_deref() {
        Some("part") if !held => "Here for part",
        Some("all") if !held => "Here",
        _ => super::how_far(one),
    }
}

/// Roles the process needs of which nobody is ticked.
fn not_here(gathering: &Gathering) -> Vec<String> {
    let meeting = &gathering.meeting;
    let came = |role: Role| {
        meeting.invitees.iter().any(|one| one.came() && one.role.is_some_and(|known| known.counts_as(role)))
    };
    let needed =
        meeting.invitees.iter().filter(|one| one.wanted == Some(plan::Attendance::Required)).filter_map(|one| one.role);
    let mut roles: Vec<Role> = needed.chain(meeting.below_quorum.iter().copied()).filter(|role| !came(*role)).collect();
    roles.sort_unstable();
    roles.dedup();
    roles.into_iter().map(small).collect()
}

fn spoken(plan: &Plan, block: &str) -> Markup {
    let said = said(plan, block, &|by| words::name(by).to_owned());
    html! {
        @if said.is_empty() { p class="govuk-body" { "Nothing is written down yet." } }
        @for (question, words) in &said {
            div class="pep-said" {
                p class="govuk-body pep-said__question" { (question.label) }
                (words)
            }
        }
    }
}

fn reviewed(target: &Reviewed) -> Markup {
    html! {
        p class="govuk-body" {
            @match &target.result {
                None => (kit::tag("yellow", "Not reviewed yet")),
                Some(result) => {
                    strong { (review_label_of("result", result)) }
                    @if let Some(evidence) = &target.evidence { ": " (kit::typed(evidence)) }
                    @if let Some(then) = &target.next_step { ". Then: " (review_label_of("nextStep", then).to_lowercase()) }
                }
            }
        }
    }
}

fn cost(target: &Target) -> i64 {
    target.requested.saturating_add(target.retained)
}

fn name_of(target: &Target) -> String {
    let area = cell_value(target.row.cells.get("area")).map(Value::to_string);
    area.filter(|area| !area.trim().is_empty()).unwrap_or_else(|| "a target".to_owned())
}

fn text_of(target: &Target, column: &str) -> String {
    match target.row.cells.get(column) {
        Some(Cell::Text { text }) => text.trim().to_owned(),
        Some(Cell::Value(value) | Cell::Computed(value)) => value.to_string(),
        _ => String::new(),
    }
}

fn ideas(plan: &Plan) -> Markup {
    let live = || plan.view.targets.iter().filter(|target| target.row.counts());
    let (agreed, open): (Vec<&Target>, Vec<&Target>) = live().partition(|target| target.is_agreed());
    let short = plan::shortfalls(&plan.view, &plan.pep.process().targets);
    let mine = super::writes(plan, TARGETS);
    html! {
        h3 class="govuk-heading-s" id="agree" { "Ideas" }
        @if open.is_empty() { p class="govuk-body" { "There is no idea to agree." } }
        @else if !mine { p class="govuk-body" { "It is for " (super::writers(plan, TARGETS)) " to agree one when everybody has spoken." } }
        @for target in &open { (idea(plan, target, mine)) }
        h3 class="govuk-heading-s" { "Agreed" }
        @if agreed.is_empty() { p class="govuk-body" { "No target is agreed yet." } }
        @for target in &agreed { (card(plan, target)) }
        @for words in &short { p class="govuk-body" { (words) } }
    }
}

fn idea(plan: &Plan, target: &Target, mine: bool) -> Markup {
    let counts = plan.pep.process().funding.retained_counts_against_cap;
    let then = plan.view.funding.with(target.requested, target.retained, counts);
    let disputed = matches!(target.row.cells.get("status"), Some(Cell::Disputed(_)));
    html! {
        (card(plan, target))
        @if cost(target) > 0 {
            p class="govuk-hint" {
                "Agreed, it would add " (words::pounds(cost(target)))
                @match (then.over(), then.remaining) {
                    (over, _) if over > 0 => { ": " (words::pounds(over)) " over" },
                    (_, Some(left)) => { ": " (words::pounds(left)) " would be left" },
                    _ => {}
                }
                "."
            }
        }
        @if disputed {
            p class="govuk-body" { "Two people say different things about its stage. " (kit::link(&Back::Live.via(&sections::choose_href(plan, &format!("{TARGETS}/{}/status", target.row.key))), "Choose which is right")) }
        } @else if mine {
            button type="submit" class="govuk-button" form="agree-form" name="target" value=(target.row.key) {
                "Agree this target" span class="govuk-visually-hidden" { ": " (name_of(target)) }
            }
        }
    }
}

fn card(plan: &Plan, target: &Target) -> Markup {
    let column = plan::bank().question(TARGETS).and_then(|question| question.column("category"));
    let category =
        cell_value(target.row.cells.get("category")).zip(column).map(|(value, column)| words::cell(column, value));
    let (statement, measure) = (text_of(target, "statement"), text_of(target, "measure"));
    let by = match cell_value(target.row.cells.get("dueDate")) {
        Some(Value::Date(day)) => Some(words::date(*day)),
        _ => None,
    };
    let who = text_of(target, "responsible");
    html! {
        div class="pep-card" {
            p class="govuk-body pep-card__title" {
                strong { (kit::typed(&name_of(target))) }
                @if let Some(category) = category { " (" (category.to_lowercase()) ")" }
            }
            p class="govuk-body" { (kit::typed(&statement)) }
            p class="govuk-hint" {
                @if !measure.is_empty() { "How we will know: " (kit::typed(&measure)) ". " }
                @match by { Some(by) => { "By " (by) ". " }, None => "No day yet. " }
                @if who.is_empty() { "Nobody is responsible yet." } @else { (kit::typed(&who)) " is responsible." }
                @if cost(target) > 0 { " " (words::pounds(cost(target))) "." }
            }
            p class="govuk-body" {
                a class="govuk-link" href=(Back::Live.via(&plan.href(&format!("/targets/{}", target.row.key)))) { "Open" span class="govuk-visually-hidden" { ": " (name_of(target)) } }
                @if super::writes(plan, TARGETS) {
                    " "
                    a class="govuk-link" href=(Back::Live.via(&plan.href(&format!("/targets/{}/funds/new", target.row.key)))) { "Add what it costs" span class="govuk-visually-hidden" { ": " (name_of(target)) } }
                }
            }
        }
    }
}

fn actions(plan: &Plan, gathering: &Gathering) -> Markup {
    let mine = super::writes(plan, ACTIONS);
    html! {
        @if gathering.meeting.actions.is_empty() { p class="govuk-body" { "No action has been agreed yet." } }
        @for action in &gathering.meeting.actions {
            @let word = plan.word_for(&format!("{ACTIONS}/{}", action.key));
            div class="pep-card" {
                p class="govuk-body" {
                    (kit::typed(&action.action)) ": "
                    (kit::typed(action.person.as_deref().unwrap_or("nobody named"))) ", "
                    (action.by.map_or_else(|| "no day".to_owned(), |by| format!("by {}", words::date(by)))) ". "
                    @match action.status.as_str() {
                        "done" => "Done.",
                        "not_done" => "Not done.",
                        _ if action.overdue => (kit::tag("red", "Overdue")),
                        _ => "Open.",
                    }
                }
                @if mine && row_of(plan, ACTIONS, &word).is_some_and(Row::counts) {
                    div class="govuk-button-group" {
                        @if action.status == "open" {
                            button type="submit" class="govuk-button govuk-button--secondary" form="done-form" name="row" value=(word) {
                                "Done" span class="govuk-visually-hidden" { ": " (action.action) }
                            }
                        }
                        a class="govuk-link" href=(row_href(plan, ACTIONS, &word)) { "Change" span class="govuk-visually-hidden" { ": " (action.action) } }
                    }
                }
            }
        }
    }
}

fn next(plan: &Plan, gathering: &Gathering) -> Markup {
    let meeting = &gathering.meeting;
    let disputed = matches!(plan.answer("meeting.nextDate"), Answer::Disputed(_));
    html! {
        p class="govuk-body" {
            @match meeting.next_date {
                _ if disputed => { "Two people set different dates. " (kit::link(&Back::Live.via(&sections::choose_href(plan, "meeting.nextDate")), "Choose which is right")) },
                None => { "There is no date yet. It is for " (people(&meeting.next_date_set_by)) " to set." },
                Some(day) if meeting.next_date_provisional => { (words::date(day)) ", worked out and not agreed yet." },
                Some(day) => { strong { (words::date(day)) } @if let Some(time) = &meeting.next_time { ", " (kit::typed(&plan::with_time_said(time, words::time))) } },
            }
        }
    }
}

fn label(id: &str) -> &'static str {
    plan::bank().question(id).map_or("", |question| question.label.as_str())
}
