//! What is shown on the wall of the room: one point of the agenda at a time, in large letters. Everybody in the room reads it, and
//! whoever walks in: so it shows the child's and the carer's own words, targets, money, actions and the next date, and of all
//! else only the headings. Nothing of an annex, no comment, no address or number, and nobody's name who is not there.

use maud::{Markup, html};
use plan::{Cell, Role, Running, Target, Value, Who};

use super::{
    live::same_name,
    review_label_of,
    stops::{Part, Stop, said, stops, when},
};
use crate::{
    kit::{self, upper},
    model::{Gathering, Plan, cell_value, people, small},
    region::Regions,
    request::{Leaf, Outcome, Request},
    sections,
};
use participant::words;

/// The table of what there is to celebrate.
const ACHIEVEMENTS: &str = "progress.achievements";

/// Which point of a meeting is on the wall, and which one the clock says.
struct Place<'a> {
    stops: Vec<Stop<'a>>,
    at: usize,
    now: Option<usize>,
}

/// The points as they come on the wall: at the child's own nothing else is shown, and what else the agenda has there comes after it.
fn points<'a>(gathering: &'a Gathering, name: &str) -> (Vec<Stop<'a>>, Option<usize>) {
    let now = match gathering.meeting.running(gathering.now) {
        Some(Running::At(at, _)) => Some(at),
        _ => None,
    };
    let (mut points, mut at) = (Vec::new(), None);
    for (number, mut stop) in stops(&gathering.meeting).into_iter().enumerate() {
        if now == Some(number) {
            at = Some(points.len());
        }
        if stop.parts.contains(&Part::Voice) {
            stop.parts.retain(|part| *part != Part::Voice);
            let own = Stop {
                label: format!("What {name} says"),
                point: stop.point,
                parts: vec![Part::Voice],
                also: Vec::new(),
            };
            points.push(own);
            if stop.parts.is_empty() && stop.also.is_empty() {
                continue;
            }
            if stop.parts == [Part::Carer] && stop.also.is_empty() {
                stop.label = "What the carer says".to_owned();
            }
        }
        points.push(stop);
    }
    (points, at)
}

impl<'a> Place<'a> {
    /// The one that is asked for, else the one that the clock says, else the first.
    fn of(request: &Request, gathering: &'a Gathering, name: &str) -> Place<'a> {
        let (stops, now) = points(gathering, name);
        let last = stops.len().saturating_sub(1);
        let wanted = request.query.get("point").and_then(|point| point.parse::<usize>().ok());
        let at = wanted.map_or(now.unwrap_or(0), |point| point.saturating_sub(1)).min(last);
        Place { stops, at, now }
    }
}

/// Shows one point.
pub fn wall(request: &Request, plan: &Plan, gathering: &Gathering) -> Outcome {
    let regions = regions(request, plan, gathering);
    let Place { stops, at, now } = Place::of(request, gathering, &plan.name);
    let href = |point: usize| plan.href(&format!("/meeting/wall?point={}", point + 1));
    let main = html! {
        nav class="pep-wall__ways" aria-label="Points of the meeting" {
            @if at + 1 < stops.len() {
                a class="govuk-link" href=(href(at + 1)) data-key="F8" aria-keyshortcuts="F8" { "Next" } span { "(F8)" }
            }
            @if at > 0 { a class="govuk-link" href=(href(at - 1)) data-key="Shift+F8" aria-keyshortcuts="Shift+F8" { "Back" } }
            @if let Some(now) = now.filter(|now| *now != at) { (kit::link(&href(now), "Where we are now")) }
            (kit::link(&href(at), "Refresh"))
            (kit::link(&plan.href("/meeting/live"), "Leave the wall"))
        }
        @if let Some(stop) = stops.get(at) {
            (regions.show("place"))
            h1 class="pep-wall__title" { (stop.label) }
            (regions.show("wall"))
        }
    };
    Outcome::page(Leaf::new(format!("The meeting on the wall, {}", plan.name), "Meetings", main).on_the_wall())
}

/// The regions of the wall: the place in the agenda, and what is said at this point.
pub fn regions(request: &Request, plan: &Plan, gathering: &Gathering) -> Regions {
    let Place { stops, at, now } = Place::of(request, gathering, &plan.name);
    let Some(stop) = stops.get(at) else { return Regions::default() };
    let place = html! {
        p class="pep-wall__place" {
            (plan.name) ": " (at + 1) " of " (stops.len())
            @if let Some(point) = stop.point { ", " (when(point)) }
            @if now == Some(at) { " (now)" }
        }
    };
    Regions::default().with("place", place).with("wall", Room { plan, gathering }.stop(stop))
}

/// What may be said in the room.
struct Room<'a> {
    plan: &'a Plan,
    gathering: &'a Gathering,
}

impl Room<'_> {
    fn stop(&self, stop: &Stop<'_>) -> Markup {
        html! {
            @for part in &stop.parts { (self.part(*part, stop.parts.len() > 1)) }
            @if !stop.also.is_empty() {
                @let titles: Vec<&str> = stop.also.iter().filter_map(|name| self.title(name)).collect();
                @if !titles.is_empty() { ul { @for title in titles { li { (title) } } } }
            }
        }
    }

    /// What a block or a question is called, where it is asked of this child.
    fn title<'b>(&self, name: &'b str) -> Option<&'b str> {
        let asked = |question: &&plan::Question| self.plan.view.asked.contains(question.id.as_str());
        if let Some(question) = plan::bank().question(name) {
            return asked(&question).then_some(question.label.as_str());
        }
        let mut pages = self.plan.pep.process().pages.iter();
        pages.any(|page| sections::group(page, name).iter().any(asked)).then(|| sections::block_title(name))
    }

    fn part(&self, part: Part, several: bool) -> Markup {
        let meeting = &self.gathering.meeting;
        let heading = |words: &str| html! { @if several { h2 { (words) } } };
        match part {
            Part::People => html! {
                @let here: Vec<&plan::Invitee> = meeting.invitees.iter().filter(|one| one.came()).collect();
                @if !here.is_empty() {
                    ul { @for one in here { li { (kit::typed(&one.person)) ", " (one.role.map_or_else(|| one.called.clone(), small)) } } }
                }
                @if let Some(chair) = &meeting.chair.named { p { "Chair: " (self.name(chair)) } }
                @if let Some(notes) = &meeting.note_taker.named { p { "Notes: " (self.name(notes)) } }
            },
            Part::Voice => html! { (self.went_well()) (self.words("voice")) },
            Part::Carer => html! { (heading("What the carer says")) (self.words("carer")) },
            Part::Review => html! {
                @if meeting.review.is_empty() { p { "There is no target of a last PEP." } }
                @for target in &meeting.review {
                    div class="pep-wall__card" {
                        p { (kit::typed(&target.statement)) }
                        p {
                            strong { (target.result.as_deref().map_or("Not reviewed yet", |result| review_label_of("result", result))) }
                            @if let Some(evidence) = &target.evidence { ": " (kit::typed(evidence)) }
                        }
                    }
                }
            },
            Part::Targets => self.targets(),
            Part::Funding => self.funding(),
            Part::Actions => html! {
                (heading("Who does what by when"))
                @if meeting.actions.is_empty() { p { "No action has been agreed yet." } }
                ul {
                    @for action in meeting.actions.iter().filter(|action| action.status == "open") {
                        li {
                            (kit::typed(&action.action)) ": "
                            (action.person.as_deref().map_or_else(|| "nobody named yet".to_owned(), |name| self.name(name)))
                            @if let Some(by) = action.by { ", by " (words::date(by)) }
                        }
                    }
                }
            },
            Part::Next => html! {
                p {
                    "The next PEP: "
                    @match meeting.next_date {
                        None => "no date yet",
                        Some(day) => { strong { (words::date(day)) } @if meeting.next_date_provisional { ", not agreed yet" } }
                    }
                }
            },
            Part::Copies => html! {
                @if !meeting.copies.is_empty() {
                    (heading("Who gets a copy"))
                    ul { @for copy in &meeting.copies { li { (self.name(&copy.person)) } } }
                }
            },
        }
    }

    /// What the child's own point begins with: what there is to celebrate, and the targets that were reached.
    fn went_well(&self) -> Markup {
        let rows = Plan::rows(&self.plan.view, ACHIEVEMENTS).iter().filter(|row| row.counts());
        let celebrated = rows.filter_map(|row| match row.cells.get("what")? {
            Cell::Text { text } => Some(text.trim().to_owned()),
            cell => cell_value(Some(cell)).map(ToString::to_string),
        });
        let reached =
            self.gathering.meeting.review.iter().filter(|target| target.result.as_deref() == Some("achieved"));
        let well: Vec<String> =
            celebrated.chain(reached.map(|target| format!("Target reached: {}", target.statement))).collect();
        html! {
            @if !well.is_empty() {
                h2 { "What went well" }
                ul { @for one in &well { li { (kit::typed(one)) } } }
                h2 { "In " (self.plan.name) "’s words" }
            }
        }
    }

    fn words(&self, block: &str) -> Markup {
        let said = said(self.plan, block, &|by| self.whose(by.as_ref()));
        html! {
            @if said.is_empty() { p { "Nothing is written down yet." } }
            @for (question, words) in &said { div class="pep-wall__card" { p class="pep-wall__small" { (question.label) } (words) } }
        }
    }

    fn whose(&self, by: Option<&Who>) -> String {
        match by {
            Some(who) if matches!(who.role, Role::YoungPerson | Role::Carer) => upper(&self.name(&who.name)),
            Some(who) => format!("Written down by {}", self.name(&who.name)),
            None => String::new(),
        }
    }

    /// The name of somebody who is there; of others only what they are to the child.
    fn name(&self, name: &str) -> String {
        let meeting = &self.gathering.meeting;
        let listed = meeting.invitees.iter().find(|one| same_name(&one.person, name));
        if let Some(here) = listed.filter(|one| one.came()) {
            return here.person.clone();
        }
        if same_name(name, &self.plan.name) {
            return self.plan.name.clone();
        }
        let role = listed.and_then(|one| one.role);
        let role =
            role.or_else(|| self.gathering.team.iter().find(|who| same_name(&who.name, name)).map(|who| who.role));
        role.map_or_else(|| "somebody who is not here".to_owned(), |role| people(&[role]))
    }

    fn targets(&self) -> Markup {
        let live = || self.plan.view.targets.iter().filter(|target| target.row.counts());
        let (agreed, open): (Vec<&Target>, Vec<&Target>) = live().partition(|target| target.is_agreed());
        html! {
            @if agreed.is_empty() && open.is_empty() { p { "There is no target yet." } }
            @for (title, targets) in [("Agreed", agreed), ("Ideas", open)] {
                @if !targets.is_empty() {
                    h2 { (title) }
                    @for target in targets {
                        div class="pep-wall__card" {
                            p { (kit::typed(&text(target, "statement"))) }
                            @if let Some(Value::Date(day)) = cell_value(target.row.cells.get("dueDate")) { p class="pep-wall__small" { "By " (words::date(*day)) } }
                        }
                    }
                }
            }
        }
    }

    fn funding(&self) -> Markup {
        let funding = &self.plan.view.funding;
        html! {
            @if let Some(all) = funding.allocation { p { "There is this term: " strong { (words::pounds(all)) } } }
            p { "Asked for by the agreed targets: " strong { (words::pounds(funding.requested)) } }
            @if funding.retained > 0 { p { "Kept by the Virtual School to pay for them: " strong { (words::pounds(funding.retained)) } } }
            @match funding.remaining {
                Some(_) if funding.over() > 0 => p { strong { (words::pounds(funding.over())) " over" } },
                Some(left) => p { "Left: " strong { (words::pounds(left)) } },
                None => {}
            }
        }
    }
}

fn text(target: &Target, column: &str) -> String {
    match target.row.cells.get(column) {
        Some(Cell::Text { text }) => text.trim().to_owned(),
        Some(Cell::Value(value)) => value.to_string(),
        _ => String::new(),
    }
}
