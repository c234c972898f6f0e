//! History: who did what and when, the words that changed, and the way to have something back as it was.

use chrono::NaiveDate;
use maud::{Markup, html};
use plan::{Kind, Mark, SignOff, Value};
use uuid::Uuid;

use super::restore;
use crate::{
    changed::changed,
    field::{Ask, Fill},
    forms::Errors,
    kit::{self, upper},
    model::{History, HistoryEntry, HistoryFilter, Landmark, Plan},
    request::{Leaf, Outcome, Pairs, Request},
    sections,
};
use participant::words;

/// Letters of one change that are shown in the history of a whole plan; the question's own history shows all.
const LETTERS_MAX: usize = 600;
/// Things done at a stretch that are shown at once; the rest opens.
const DEEDS_SHOWN: usize = 12;

/// What a request asks to look at, and what is wrong in it.
pub fn looked(request: &Request, plan: &Plan, question: Option<&'static str>) -> (HistoryFilter, Errors) {
    let asked = |name: &str| request.query.get(name).filter(|text| !text.is_empty());
    let mut errors = Errors::new();
    let mut day = |name: &str, label: &str| {
        let ask = day(name, label);
        match ask.sent(&request.query).map(|fill| ask.read(&fill)) {
            Some(Ok(Some(Value::Date(day)))) => Some(day),
            Some(Err(words)) => {
                errors.push((ask.target(), words));
                None
            }
            _ => None,
        }
    };
    let (from, to) = (day("from", "From"), day("to", "To"));
    if let (Some(first), Some(last)) = (from, to)
        && last < first
    {
        errors.push(("to-day".to_owned(), "“To” must be the same day as “From” or a later one".to_owned()));
    }
    let section = asked("section").and_then(|section| section.split_once('/')).filter(|(page, block)| {
        plan.pep.process().pages.iter().any(|known| known.id == *page && !sections::group(known, block).is_empty())
    });
    let looked = HistoryFilter {
        question,
        person: asked("person").and_then(|id| id.parse::<Uuid>().ok()),
        section: section.map(|(page, block)| (page.to_owned(), block.to_owned())),
        from,
        to,
        skip: asked("skip").and_then(|n| n.parse().ok()).unwrap_or(0),
    };
    (looked, errors)
}

/// Shows the history of a plan, or of one question.
pub fn history(request: &Request, plan: &Plan, looked: &HistoryFilter, errors: &Errors, past: &History) -> Outcome {
    let about = looked.question.and_then(|id| plan::bank().question(id));
    let here = about.map_or_else(|| plan.href("/history"), |q| plan.href(&format!("/history/{}", q.id)));
    let title = about.map_or_else(|| "History".to_owned(), |question| format!("History of “{}”", question.label));
    let shown = past.entries.len();
    let page = |skip: usize| format!("{here}?{}skip={skip}", filters(&request.query));
    let main = html! {
        (kit::error_summary(errors))
        @if request.query.get("restored").is_some() { (kit::done("It is as it was, and that is saved on this device")) }
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { (title) }
        @if about.is_none() {
            (landmarks(plan, &past.landmarks))
            (filter(request, plan, looked, errors, past))
        } @else {
            p class="govuk-body" { "Times are those of the device on which it was written. What was written without a connection has the time of writing." }
        }
        h2 class="govuk-heading-m" { "What happened, newest first" }
        @match (shown, past.is_filtered) {
            (0, true) => p class="govuk-body" { "Nothing was written that fits what you chose." },
            (0, false) => p class="govuk-body" { "Nobody has written anything here yet." },
            _ => {
                ol class="pep-timeline" {
                    @for told in &past.entries { (entry(plan, told, about.is_some())) }
                }
                p class="govuk-body" { "Shown: " (looked.skip + 1) " to " (looked.skip + shown) " of " (past.all) }
            }
        }
        nav aria-label="More of the history" {
            @if looked.skip > 0 { p class="govuk-body" { (kit::link(&page(looked.skip.saturating_sub(History::PAGE)), "Newer")) } }
            @if looked.skip + shown < past.all { p class="govuk-body" { (kit::link(&page(looked.skip + History::PAGE), "Older")) } }
        }
    };
    let back = match about {
        Some(question) => (sections::question_href(plan, &question.id), "Back to the question"),
        None => (plan.href(""), "Back to the plan"),
    };
    let leaf = Leaf::new(format!("{title}, {}", plan.name), "Children", main).back(back.0, back.1);
    Outcome::page(leaf.error(!errors.is_empty()))
}

fn entry(plan: &Plan, told: &HistoryEntry, closely: bool) -> Markup {
    let entry = &told.entry;
    let when = words::stretch(entry.began, entry.at, plan.now.zone);
    let deeds: Vec<Markup> = (0..entry.deeds.len()).map(|number| deed(plan, told, number, closely, &when)).collect();
    let (first, rest) = deeds.split_at(deeds.len().min(DEEDS_SHOWN));
    html! {
        li class="pep-timeline__item" {
            h3 class="govuk-heading-s" { (upper(words::name(&entry.by))) }
            p class="govuk-hint" {
                @if let Some(who) = &entry.by { (who.role.label()) ", " }
                (when)
            }
            ul class="govuk-list pep-deeds" { @for deed in first { (deed) } }
            @if !rest.is_empty() {
                (kit::details(&format!("{} more", rest.len()), false, html! { ul class="govuk-list pep-deeds" { @for deed in rest { (deed) } } }))
            }
        }
    }
}

fn deed(plan: &Plan, told: &HistoryEntry, number: usize, closely: bool, when: &str) -> Markup {
    let entry = &told.entry;
    let Some(deed) = entry.deeds.get(number) else { return html! {} };
    let newest = told.newest.get(number) == Some(&true);
    // One way to a question is enough where several things were done there one after another.
    let last = entry.deeds.get(number + 1).is_none_or(|next| next.question != deed.question);
    let question = plan::bank().question(deed.question).filter(|question| last && !question.is_sign_off());
    html! {
        li {
            @if let Some(mark) = deed.mark { (tag(mark)) " " }
            (kit::typed(&upper(&deed.sentence)))
            @if let Some(Some((before, after))) = told.wrote.get(number) {
                (changed(before, after, if closely { usize::MAX } else { LETTERS_MAX }))
            }
            @if closely && !newest && restore::may(plan, deed, &entry.by) {
                p class="govuk-body-s" {
                    a class="govuk-link" href=(restore::href(plan, deed, &entry.change)) {
                        "Restore this version" span class="govuk-visually-hidden" { " of " (when) }
                    }
                }
            } @else if let Some(question) = question.filter(|_| !closely) {
                " "
                a class="govuk-link govuk-body-s" href=(plan.href(&format!("/history/{}", question.id))) {
                    "Versions" span class="govuk-visually-hidden" { " of “" (question.label) "”" }
                }
            }
        }
    }
}

/// What stands out: the meeting, who has signed what and whether that stands, and what was sent back.
fn landmarks(plan: &Plan, landmarks: &[Landmark]) -> Markup {
    let signed = plan.view.sign_offs.iter().map(|made| (made.at, signature(plan, made)));
    let others = landmarks.iter().map(|found| {
        let line = html! {
            (tag(found.mark)) " " (upper(words::name(&found.by))) ", " (words::moment(found.at, plan.now.zone))
        };
        (found.at, line)
    });
    let mut all: Vec<(i64, Markup)> = signed.chain(others).collect();
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    html! {
        @if !all.is_empty() {
            h2 class="govuk-heading-m" { "What stands out" }
            ul class="govuk-list govuk-list--spaced pep-landmarks" {
                @for (_, line) in &all { li { (line) } }
            }
        }
    }
}

fn signature(plan: &Plan, made: &SignOff) -> Markup {
    let word = plan.word_for(&made.key);
    let mark = match made.question {
        "signoff.vs" => Mark::SignedOff,
        question if plan::is_seen(question) => Mark::Seen,
        _ => Mark::Completed,
    };
    let by = format!("{}, {}", upper(words::name(&made.by)), words::moment(made.at, plan.now.zone));
    html! {
        (tag(mark)) " " (by)
        @if made.by.is_none() { ". It does not count here" }
        @else if !made.stands { ". It covers an earlier version" }
        @else if mark == Mark::SignedOff && !plan.view.changed_since_sign_off.is_empty() { ". The plan has changed since" }
        br;
        a class="govuk-link" href=(plan.href(&format!("/print?as={word}"))) {
            "The plan as it was then" span class="govuk-visually-hidden" { ": " (by) }
        }
        " and "
        a class="govuk-link" href=(plan.href(&format!("/since/{word}"))) {
            "what has changed since" span class="govuk-visually-hidden" { ": " (by) }
        }
    }
}

fn tag(mark: Mark) -> Markup {
    match mark {
        Mark::MeetingHeld => kit::tag("turquoise", "Meeting held"),
        Mark::Completed => kit::tag("green", "Part complete"),
        Mark::Seen => kit::tag("grey", "Seen"),
        Mark::SentBack => kit::tag("red", "Sent back"),
        Mark::SignedOff => kit::tag("purple", "Signed off"),
    }
}

fn filter(request: &Request, plan: &Plan, looked: &HistoryFilter, errors: &Errors, past: &History) -> Markup {
    let person = looked.person.map_or_else(String::new, |id| id.to_string());
    let section = looked.section.as_ref().map_or_else(String::new, |(page, block)| format!("{page}/{block}"));
    let error = |ask: &Ask| errors.iter().find(|(at, _)| *at == ask.target()).map(|(_, words)| words.clone());
    let date = |name: &str, label: &str, now: Option<NaiveDate>| {
        let ask = day(name, label);
        let fill = ask.sent(&request.query).unwrap_or_else(|| match now {
            Some(day) => ask.fill(Some(&Value::Date(day))),
            None => Fill::default(),
        });
        ask.input(&fill, error(&ask).as_deref(), &html! {})
    };
    let inside = html! {
        form method="get" action=(plan.href("/history")) novalidate {
            div class="govuk-form-group" {
                label class="govuk-label govuk-label--s" for="person" { "Person" }
                select class="govuk-select" id="person" name="person" {
                    option value="" { "Everybody" }
                    @for (id, name) in &past.people { option value=(id) selected[id.to_string() == person] { (name) } }
                }
            }
            div class="govuk-form-group" {
                label class="govuk-label govuk-label--s" for="section" { "Section" }
                select class="govuk-select" id="section" name="section" {
                    option value="" { "All sections" }
                    @for page in &plan.pep.process().pages {
                        optgroup label=(page.title) {
                            @for block in sections::blocks(page) {
                                @let value = format!("{}/{block}", page.id);
                                option value=(value) selected[value == section] { (sections::block_title(block)) }
                            }
                        }
                    }
                }
            }
            (date("from", "From", looked.from))
            (date("to", "To", looked.to))
            div class="govuk-button-group" {
                (kit::second_button("Show"))
                @if past.is_filtered { (kit::link(&plan.href("/history"), "Show everything")) }
            }
        }
    };
    kit::details("Show only some of it", past.is_filtered || !errors.is_empty(), inside)
}

/// What was chosen, for the addresses of further pages.
fn filters(query: &Pairs) -> String {
    let names = ["person", "section", "from-day", "from-month", "from-year", "to-day", "to-month", "to-year"];
    let mut all = form_urlencoded::Serializer::new(String::new());
    all.extend_pairs(names.iter().filter_map(|name| Some((name, query.get(name).filter(|text| !text.is_empty())?))));
    let all = all.finish();
    if all.is_empty() { all } else { format!("{all}&") }
}

fn day(name: &str, label: &str) -> Ask {
    Ask {
        name: name.to_owned(),
        place: "meeting.date".to_owned(),
        label: label.to_owned(),
        hint: String::new(),
        kind: Kind::Date,
        options: &[],
        open: false,
        optional: false,
    }
}
