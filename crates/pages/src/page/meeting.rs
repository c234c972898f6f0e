//! The meeting of a plan: when and where, who is asked, the agenda by the clock, what is reviewed and agreed; and the list of the
//! meetings to come. [`live`] runs it, [`wall`] shows it to the room.

pub mod live;
mod stops;
mod taken;
pub mod wall;

use maud::{Markup, html};
use participant::meeting as words_of;
use plan::{Invitee, MeetingView, ReviewKind};

use crate::{
    back::Back,
    forms::{Errors, Lots, refusal, stamp},
    kit::{self, Task, saved, upper},
    model::{ChildLine, Digest, Plan, Site, people, small},
    page::{
        duty,
        plan::{MEETING, asked_on},
    },
    region::Regions,
    request::{Leaf, Outcome, Request},
    sections,
};
use participant::{error::Error, words};

/// Shows the meeting; puts the process's agenda into the plan.
pub fn meeting(request: &Request, plan: &Plan, meeting: &MeetingView) -> Outcome {
    let here = plan.href("/meeting");
    let mut errors: Errors = Vec::new();
    if request.post {
        if !writes(plan, "meeting.agenda") {
            errors.push((String::new(), format!("The agenda is for {} to write", writers(plan, "meeting.agenda"))));
        }
        errors.extend(refusal(plan, "agenda"));
        if errors.is_empty() {
            let mut lots = Lots::default();
            for edit in plan::agenda_edits(&plan.view, &plan.pep) {
                lots.add(plan::DocumentKind::Main, edit);
            }
            return lots.write(saved(&here));
        }
    }
    let desk = meeting.kind == Some(ReviewKind::Desk);
    let regions = regions(plan, meeting);
    let main = html! {
        (kit::error_summary(&errors))
        @if request.query.get("saved").is_some() { (kit::done("Saved on this device")) }
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { @if desk { "Review without a meeting" } @else { "The meeting" } }
        p class="govuk-body" {
            a class="govuk-button" role="button" draggable="false" href=(plan.href("/meeting/live")) {
                @if desk { "Go through the review" } @else { "Run the meeting" }
            }
        }
        @if !meeting.disputed.is_empty() {
            (kit::inset(html! { "Two people answered something here differently. " (kit::link(&plan.href("/choose"), "Choose which is right")) }))
        }
        @if !desk {
            h2 class="govuk-heading-m" { "When and where" }
            (regions.show("when"))
            @if meeting.date.is_some() && meeting.starts.is_some() {
                p class="govuk-body" { a class="govuk-link" href=(plan.href("/meeting/meeting.ics")) download { "Put it into your calendar" } " (a file that names no child)" }
            }
        }
        h2 class="govuk-heading-m" { "People" }
        (regions.show("people"))
        @if !desk {
            h2 class="govuk-heading-m" id="agenda" { "Agenda" }
            (agenda(plan, meeting, &here))
        }
        @if !meeting.review.is_empty() {
            h2 class="govuk-heading-m" { "Targets to review" }
            ul class="govuk-list govuk-list--bullet" {
                @for target in &meeting.review {
                    li { (kit::typed(&target.statement)) ": " (target.result.as_deref().map_or("not reviewed yet", words_of::review_label)) }
                }
            }
            p class="govuk-body" { (kit::link(&plan.href("/meeting/live"), "Review the targets")) }
        }
        h2 class="govuk-heading-m" { "Who does what by when" }
        (regions.show("actions"))
        h2 class="govuk-heading-m" { "All that the plan asks about the meeting" }
        (regions.show("asked"))
        h2 class="govuk-heading-m" { "After the meeting" }
        (regions.show("after"))
        h3 class="govuk-heading-s" { "Copies" }
        (regions.show("copies"))
    };
    let leaf =
        Leaf::new(format!("The meeting, {}", plan.name), "Meetings", main).back(plan.href(""), "Back to the plan");
    let status = if errors.is_empty() { 200 } else { 403 };
    Outcome::page(leaf.error(!errors.is_empty()).status(status))
}

/// The regions of the page.
pub fn regions(plan: &Plan, meeting: &MeetingView) -> Regions {
    Regions::default()
        .with("when", kit::summary(&when(plan, meeting)))
        .with("people", invited(plan, meeting))
        .with("actions", actions(plan, meeting))
        .with("asked", kit::tasks("asked", &asked_on(plan, MEETING)))
        .with("after", kit::summary(&after(plan, meeting)))
        .with("copies", copies(plan, meeting, Back::Meeting))
}

/// The meeting for a calendar; where it has no day and time yet, who can say them.
pub fn calendar(plan: &Plan, file: Result<String, Error>) -> Outcome {
    match file {
        Ok(text) => Outcome::File {
            name: "pep-meeting.ics".to_owned(),
            kind: "text/calendar; charset=utf-8",
            bytes: text.into_bytes(),
        },
        Err(error) => {
            let main = html! {
                h1 class="govuk-heading-l" { "There is nothing for a calendar yet" }
                p class="govuk-body" { (error.message) }
                p class="govuk-body" { "The day and the time are for " (writers(plan, "meeting.date")) " to write." }
            };
            let leaf = Leaf::new("There is nothing for a calendar yet", "Meetings", main);
            Outcome::page(leaf.back(plan.href("/meeting"), "Back to the meeting").status(404))
        }
    }
}

/// The meetings of all plans that are not signed off: first those whose day has passed and nobody has said that they were held.
pub fn coming(site: &Site, children: &[ChildLine]) -> Outcome {
    let mut groups: [(&str, &str, Vec<&Digest>); 3] = [
        ("passed", "The day has passed: was it held?", Vec::new()),
        ("coming", "Coming", Vec::new()),
        ("open", "No day yet", Vec::new()),
    ];
    let open = |plan: &&Digest| {
        plan.pep.counts() && !plan.signed_off && !plan.held && !plan.on_paper && plan.state != plan::State::Closed
    };
    for plan in children.iter().flat_map(|child| &child.plans).filter(open) {
        let at = match plan.meeting {
            Some(day) if day < site.today => 0,
            Some(_) => 1,
            None => 2,
        };
        if let Some((_, _, group)) = groups.get_mut(at) {
            group.push(plan);
        }
    }
    for (_, _, group) in &mut groups {
        group.sort_by_cached_key(|plan| (plan.meeting, plan.name.to_lowercase()));
    }
    let mut next: Vec<(&Digest, chrono::NaiveDate, bool)> = children.iter().filter_map(duty::next).collect();
    next.sort_by_cached_key(|(plan, day, _)| (*day, plan.name.to_lowercase()));
    let main = html! {
        h1 class="govuk-heading-xl" { "Meetings" }
        @if next.is_empty() && groups.iter().all(|(_, _, group)| group.is_empty()) {
            p class="govuk-body" { "No meeting is to come in the plans on this device." }
        }
        @for (id, title, group) in &groups {
            @if !group.is_empty() {
                h2 class="govuk-heading-m" { (title) }
                (kit::tasks(id, &group.iter().map(|plan| line(site, id, plan)).collect::<Vec<_>>()))
            }
        }
        @if !next.is_empty() {
            h2 class="govuk-heading-m" { "Up-coming" }
            p class="govuk-body" { "The last PEP is signed off, and the next has not been begun." }
            (kit::tasks("next", &next.iter().map(|(plan, day, provisional)| up_coming(site, plan, *day, *provisional)).collect::<Vec<_>>()))
        }
    };
    Outcome::page(Leaf::new("Meetings", "Meetings", main))
}

fn up_coming(site: &Site, plan: &Digest, day: chrono::NaiveDate, provisional: bool) -> Task {
    let status = html! {
        @if day < site.today { (kit::tag("red", "Overdue")) " " }
        (words::date(day)) @if provisional { " (provisional)" }
    };
    let href = Some(site.href(&format!("/children/{}/new", plan.pep.child)));
    Task { href, title: plan.name.clone(), hint: format!("After {}", words::sitting(&plan.pep)), status }
}

fn line(site: &Site, group: &str, plan: &Digest) -> Task {
    let status = match (group, plan.meeting) {
        ("passed", Some(day)) => html! { (kit::tag("red", "Overdue")) " " (words::date(day)) },
        (_, Some(day)) => html! { (words::date(day)) },
        (_, None) => html! { span class="pep-muted" { "No day yet" } },
    };
    let href = Some(site.plan_href(&plan.pep, "/meeting"));
    Task { href, title: plan.name.clone(), hint: words::sitting(&plan.pep), status }
}

fn when(plan: &Plan, meeting: &MeetingView) -> Vec<(String, Markup)> {
    let length = if meeting.length_agreed { "agreed" } else { "what the agenda comes to" };
    let none = |words: &str| html! { span class="pep-muted" { (words) } };
    let typed = |text: &Option<String>, words: &str| text.as_deref().map_or_else(|| none(words), kit::typed);
    let day = html! {
        @match meeting.date { Some(day) => (words::date(day)), None => (none("No day yet")) }
        @if meeting.held { ", held" }
    };
    let time = meeting.time.as_deref().map(|time| plan::with_time_said(time, words::time));
    let place = typed(&meeting.place, &format!("No place yet ({})", meeting.mode.label()));
    let child = kit::typed(&upper(&words_of::child(meeting)));
    vec![
        ("Day".to_owned(), fact(plan, "meeting.date", &day)),
        ("Time".to_owned(), fact(plan, "meeting.time", &typed(&time, "No time yet"))),
        ("Length".to_owned(), html! { (meeting.minutes) " minutes (" (length) ")" }),
        ("Place".to_owned(), fact(plan, "meeting.place", &place)),
        ("Chair".to_owned(), fact(plan, "meeting.chair", &kit::typed(&upper(&words_of::seat(&meeting.chair))))),
        (
            "Notes".to_owned(),
            fact(plan, "meeting.noteTaker", &kit::typed(&upper(&words_of::seat(&meeting.note_taker)))),
        ),
        (upper(&plan.name), fact(plan, "meeting.childPart", &child)),
    ]
}

fn after(plan: &Plan, meeting: &MeetingView) -> Vec<(String, Markup)> {
    let next = match meeting.next_date {
        None => html! { "No date yet; set by " (people(&meeting.next_date_set_by)) },
        Some(day) => html! {
            (words::date(day))
            @if meeting.next_date_provisional { " (provisional; set by " (people(&meeting.next_date_set_by)) ")" }
            @if let Some(time) = &meeting.next_time { ", " (kit::typed(&plan::with_time_said(time, words::time))) }
        },
    };
    let held = html! { @if meeting.held { "Yes" } @else { "Not said yet" } };
    vec![
        ("Held".to_owned(), fact(plan, "meeting.held", &held)),
        ("Next PEP".to_owned(), fact(plan, "meeting.nextDate", &next)),
    ]
}

/// A fact, with the way to change it for those who may.
fn fact(plan: &Plan, question: &str, value: &Markup) -> Markup {
    let found = plan::bank().question(question);
    let asked = found.is_some_and(|question| !plan.view.hidden.contains_key(question.id.as_str()));
    // The day is asked once it is said that there is a meeting.
    let at = if asked { question } else { "meeting.kind" };
    html! {
        (value)
        @if writes(plan, at) {
            br;
            a class="govuk-link" href=(Back::Meeting.via(&sections::question_href(plan, at))) {
                "Change" span class="govuk-visually-hidden" { ": " (found.map_or("", |question| question.label.as_str())) }
            }
        }
    }
}

fn invited(plan: &Plan, meeting: &MeetingView) -> Markup {
    let rows: Vec<Vec<Markup>> = meeting
        .invitees
        .iter()
        .map(|invitee| {
            let role = invitee.role.map_or(invitee.called.clone(), small);
            vec![
                kit::typed(&invitee.person),
                kit::typed(&upper(&role)),
                html! { (how_far(invitee)) @if invitee.views_sent { ", views sent" } },
                row(plan, "meeting.attendees", &invitee.key, &invitee.person),
            ]
        })
        .collect();
    html! {
        @if rows.is_empty() { p class="govuk-body" { "Nobody has been invited yet." } }
        @else { (kit::table("People", &["Person", "Role", "How far", "Change"], &rows)) }
        @if !meeting.missing.is_empty() {
            p class="govuk-body" { "Not invited yet:" }
            ul class="govuk-list govuk-list--bullet" {
                @for missing in &meeting.missing {
                    li {
                        (people(&[missing.role])) " (" (missing.wanted.label()) ")"
                        @if !missing.people.is_empty() { ": " (missing.people.join(", ")) }
                    }
                }
            }
        }
        @if !meeting.below_quorum.is_empty() && !meeting.invitees.is_empty() {
            p class="govuk-body" { "This process needs: " (meeting.below_quorum.iter().map(|role| small(*role)).collect::<Vec<_>>().join(", ")) ". The meeting can go on without; say why in the notes." }
        }
        (add(plan, "meeting.attendees", "Invite somebody", Back::Meeting))
    }
}

/// How far somebody's coming is.
fn how_far(invitee: &Invitee) -> &'static str {
    match invitee.attended.as_deref() {
        Some("all") => "Was there",
        Some("part") => "Was there for part",
        _ if invitee.apologies => "Sent apologies",
        Some(_) => "Was not there",
        None if invitee.invited => "Invited",
        None => "Not invited yet",
    }
}

fn agenda(plan: &Plan, meeting: &MeetingView, here: &str) -> Markup {
    let rows: Vec<Vec<Markup>> = meeting
        .agenda
        .iter()
        .map(|point| {
            let at = point.at.map_or_else(|| format!("After {}", stops::minutes(point.after.into())), words::time);
            let lead = point.lead.clone().or_else(|| point.lead_role.map(|role| upper(&small(role))));
            vec![
                html! { (at) },
                kit::typed(&point.label),
                html! { (stops::minutes(point.minutes.into())) },
                kit::typed(&lead.unwrap_or_default()),
            ]
        })
        .collect();
    html! {
        @if rows.is_empty() { p class="govuk-body" { "Nothing is on the agenda yet." } }
        @else { (kit::table("Agenda", &["When", "What", "For", "Who begins"], &rows)) }
        @if meeting.agenda_written {
            @if writes(plan, "meeting.agenda") {
                p class="govuk-body" { (kit::link(&Back::Meeting.via(&sections::question_href(plan, "meeting.agenda")), "Change the agenda")) }
            }
        } @else {
            p class="govuk-body" { "This is the process’s agenda." }
            @if writes(plan, "meeting.agenda") {
                form method="post" action=(here) {
                    (stamp(plan))
                    (kit::second_button("Put it into the plan"))
                }
            }
        }
    }
}

fn actions(plan: &Plan, meeting: &MeetingView) -> Markup {
    let rows: Vec<Vec<Markup>> = meeting
        .actions
        .iter()
        .map(|action| {
            vec![
                kit::typed(&action.action),
                kit::typed(action.person.as_deref().unwrap_or("Nobody named")),
                html! { (action.by.map_or_else(|| "No day".to_owned(), words::date)) },
                html! {
                    @match action.status.as_str() {
                        "done" => "Done",
                        "not_done" => "Not done",
                        _ if action.overdue => (kit::tag("red", "Overdue")),
                        _ => "Open",
                    }
                    @if let Some(outcome) = &action.outcome { p { (kit::typed(outcome)) } }
                },
                row(plan, "meeting.actions", &action.key, &action.action),
            ]
        })
        .collect();
    html! {
        @if rows.is_empty() { p class="govuk-body" { "No action has been agreed yet." } }
        @else { (kit::table("Actions", &["Action", "Who", "By", "How far", "Change"], &rows)) }
        (add(plan, "meeting.actions", "Add an action", Back::Meeting))
    }
}

fn copies(plan: &Plan, meeting: &MeetingView, back: Back) -> Markup {
    let column = plan::bank().question("meeting.copies").and_then(|question| question.column("version"));
    html! {
        @if meeting.copies.is_empty() { p class="govuk-body" { "It is not said yet who gets a copy." } }
        @else {
            ul class="govuk-list govuk-list--bullet" {
                @for copy in &meeting.copies {
                    @let version = copy.version.as_deref().map(|word| column.map_or(word, |column| column.label_of(word)));
                    li {
                        (kit::typed(&copy.person)) ": " (version.unwrap_or("which, nobody said")) ", "
                        @match copy.sent_on { Some(day) => { "sent on " (words::date(day)) }, None => "not sent yet" }
                    }
                }
            }
        }
        (add(plan, "meeting.copies", "Say who gets a copy", back))
    }
}

/// The way to change a row, for those who may.
fn row(plan: &Plan, table: &str, key: &str, name: &str) -> Markup {
    let word = plan.word_for(&format!("{table}/{key}"));
    html! {
        @if writes(plan, table) {
            a class="govuk-link" href=(Back::Meeting.via(&plan.href(&format!("/table/{table}/{word}")))) {
                "Change" span class="govuk-visually-hidden" { ": " (name) }
            }
        }
    }
}

fn add(plan: &Plan, table: &str, words: &str, back: Back) -> Markup {
    html! {
        @if writes(plan, table) {
            p class="govuk-body" { (kit::link(&back.via(&plan.href(&format!("/table/{table}/new"))), words)) }
        }
    }
}

/// What a choice of a question is called.
fn label_of<'a>(question: &str, word: &'a str) -> &'a str {
    plan::bank().question(question).map_or(word, |question| question.label_of(word))
}

/// What a choice in the review of a target is called.
fn review_label_of<'a>(column: &str, word: &'a str) -> &'a str {
    let column = plan::bank().question(taken::REVIEW).and_then(|question| question.column(column));
    column.map_or(word, |column| column.label_of(word))
}

fn writes(plan: &Plan, question: &str) -> bool {
    plan::bank().question(question).is_some_and(|question| plan.may_write(question))
}

fn writers(plan: &Plan, question: &str) -> String {
    plan::bank().question(question).map_or_else(String::new, |question| plan.writers(question))
}
