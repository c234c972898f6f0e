//! Sign-off: what this person's signature waits for, always in sight and each thing with the way to it; who has signed what, and
//! whether it stands.

use chrono::NaiveDate;
use maud::{Markup, html};
use plan::{CELL_MAX, Gap, Kind, Offer, Refused, Role, SignOff, Stale, Value, is_seen};

use super::checks;
use crate::{
    field::{Ask, Fill},
    forms::{Errors, refusal},
    keeping::{self, FORM, Saves, act_stamp_now},
    kit::{self, saved, upper},
    model::{Plan, people, small},
    page::plan::{SIGN_OFF, asked_on},
    request::{Leaf, Outcome, Request, Signature},
    sections::{self, grade_label},
};
use participant::{
    sign,
    words::{self, counted},
};

/// Shows what there is to sign and who has signed, and signs. `offer` is what this person is offered, where their role signs.
pub fn sign_off(request: &Request, plan: &Plan, offer: Option<&Offer>) -> Outcome {
    let here = plan.href("/sign-off");
    let day = day();
    let typed = day.sent(&request.form).unwrap_or_else(|| day.fill(Some(&Value::Date(plan.today))));
    let comment = request.form.get("comment").unwrap_or_default().trim().to_owned();
    let errors = match request.post {
        true => match take(request, plan, offer, &typed, &comment) {
            Ok(outcome) => return outcome,
            Err(errors) => errors,
        },
        false => Vec::new(),
    };
    let error = |id: &str| errors.iter().find(|(at, _)| at == id).map(|(_, words)| words.as_str());
    let main = html! {
        (kit::error_summary(&errors))
        @if request.query.get("saved").is_some() { (kit::done("Your signature is saved on this device")) }
        @if request.query.get("returned").is_some() { (kit::done("The plan is sent back, and that is saved on this device")) }
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        h1 class="govuk-heading-l" { "Sign-off" }
        h2 class="govuk-heading-m" id="sign" { "Your signature" }
        @match offer {
            _ if !plan.pep.counts() => p class="govuk-body" { (Refused::Withdrawn.to_string()) },
            None => p class="govuk-body" { "As the " (small(plan.role)) " you sign nothing in a plan. You can leave a comment beside any question that you can read." },
            Some(offer) if offer.stands => p class="govuk-body" { (stands_words(plan.role)) },
            Some(offer) if offer.offered() => {
                p class="govuk-body" { (covers(plan.role)) }
                form method="post" id=(FORM) action=(here) novalidate data-saves=(Saves::Act.word()) data-kept[!request.form.is_empty()] {
                    (act_stamp_now(plan))
                    input type="hidden" name="key" value=(plan.fresh);
                    @if is_seen(offer.question) {
                        (words_with_it().input(&Fill { text: comment.clone(), ..Fill::default() }, error("comment"), &html! {}))
                    }
                    (day.input(&typed, error(&day.target()), &html! {}))
                    (kit::button(button_words(plan.role)))
                }
            }
            Some(offer) => (waits(plan, offer)),
        }
        @if plan.role.is_virtual_school() && !plan.view.signed_off() {
            ul class="govuk-list" {
                li { (kit::link(&plan.href("/checks"), "Look at all that the checks found")) }
                li { (kit::link(&plan.href("/quality"), "Quality check")) }
                li { (kit::link(&plan.href("/send-back"), "Send the plan back to somebody")) }
            }
        }
        (super::quality::returned(plan))
        (super::plan::changed_since(plan))
        h2 class="govuk-heading-m" { "Who has signed" }
        (signed(plan))
        h2 class="govuk-heading-m" { "All that the plan asks about completion" }
        (kit::tasks("asked", &asked_on(plan, SIGN_OFF)))
    };
    let status = if request.post && offer.is_none() { 403 } else { 200 };
    let leaf = Leaf::new(format!("Sign-off, {}", plan.name), "Children", main);
    let leaf = match offer.is_some_and(|offer| offer.offered()) {
        true => keeping::back(leaf, plan, plan.href(""), "Back to the plan"),
        false => leaf.back(plan.href(""), "Back to the plan"),
    };
    Outcome::page(leaf.error(!errors.is_empty()).status(status))
}

/// What comes of a form that signs: a signature, or what is wrong.
fn take(request: &Request, plan: &Plan, offer: Option<&Offer>, typed: &Fill, comment: &str) -> Result<Outcome, Errors> {
    let here = plan.href("/sign-off");
    let not = |id: &str, words: &str| Err(vec![(id.to_owned(), words.to_owned())]);
    let Some(offer) = offer else { return not("", "You sign nothing in a plan. Nothing was changed") };
    let key = request.form.get("key").and_then(|id| id.parse().ok()).unwrap_or(plan.fresh);
    let comment = if is_seen(offer.question) { comment } else { "" };
    if let Some(made) = sign::given(&plan.view, &key, &plan.person) {
        // The same form came twice, or came again with something else in it.
        return match signed_on(plan, typed).ok() == Some(made.on)
            && made.comment.as_deref().unwrap_or_default() == comment
        {
            true => Ok(Outcome::Go(saved(&here))),
            false => not("sign", &already(plan, offer, made)),
        };
    }
    if offer.stands {
        return Ok(Outcome::Go(here));
    }
    if !offer.offered() {
        return not("waits", "Nothing was signed: what it waits for comes first");
    }
    let mut errors: Errors = Vec::new();
    let on = signed_on(plan, typed).map_err(|words| errors.push((day().target(), words))).ok();
    if comment.encode_utf16().count() > CELL_MAX {
        let words = format!("What you say with it must be {CELL_MAX} characters or fewer");
        errors.push(("comment".to_owned(), words));
    }
    if changed_meanwhile(plan, offer) {
        let words = "The plan was changed while you had this page open. Nothing was signed. Look at what has changed, then sign again if it is right";
        errors.push(("sign".to_owned(), words.to_owned()));
    }
    errors.extend(refusal(plan, "sign"));
    match on {
        Some(on) if errors.is_empty() => {
            let signature = Signature { key, on, comment: comment.to_owned() };
            Ok(Outcome::Sign { signature, then: saved(&here) })
        }
        _ => Err(errors),
    }
}

/// What is said to whoever sends a form again that has signed, with something else in it.
fn already(plan: &Plan, offer: &Offer, made: &SignOff) -> String {
    let again = match offer.offered() && !offer.stands {
        true => format!(". To sign once more, with what you typed, select “{}” again", button_words(plan.role)),
        false => String::new(),
    };
    format!(
        "You have signed already, on {}, and that signature stays as it is. Nothing was changed{again}",
        words::date(made.on)
    )
}

/// The day of a signature, or why it cannot be that.
fn signed_on(plan: &Plan, typed: &Fill) -> Result<NaiveDate, String> {
    match day().read(typed)? {
        Some(Value::Date(on)) if before_meeting(plan, on) => Err("The day must not be before the meeting".to_owned()),
        Some(Value::Date(on)) if on <= plan.today => Ok(on),
        Some(_) => Err("The day must be today or a day before".to_owned()),
        None => Err("Enter the day".to_owned()),
    }
}

/// Whether a signature of this day would be of a meeting still to come then. "Seen" may be said at any time.
fn before_meeting(plan: &Plan, on: NaiveDate) -> bool {
    !plan::sign_off_of(plan.role).is_some_and(is_seen) && plan::held_on(&plan.view).is_some_and(|day| on < day)
}

/// Nobody signs what they have not seen.
fn changed_meanwhile(plan: &Plan, offer: &Offer) -> bool {
    let covered = |view| plan::content(view, &plan.pep, offer.question);
    plan.seen.is_some() && covered(plan.seen_view()) != covered(&plan.view)
}

fn day() -> Ask {
    Ask {
        name: "on".to_owned(),
        place: "meeting.date".to_owned(),
        label: "The day".to_owned(),
        hint: "Today, or a day before.".to_owned(),
        kind: Kind::Date,
        options: &[],
        open: false,
        optional: false,
    }
}

fn words_with_it() -> Ask {
    Ask {
        name: "comment".to_owned(),
        place: String::new(),
        label: "What you want to say with it (optional)".to_owned(),
        hint: "Everybody on the team will see it. It cannot be changed afterwards.".to_owned(),
        kind: Kind::LongText,
        options: &[],
        open: false,
        optional: false,
    }
}

fn button_words(role: Role) -> &'static str {
    match role {
        Role::YoungPerson | Role::Carer => "I have seen this plan",
        role if role.is_virtual_school() => "Sign off",
        _ => "My part is complete",
    }
}

fn covers(role: Role) -> &'static str {
    match role {
        Role::YoungPerson | Role::Carer => {
            "This says that you have seen the plan as it is now. It never holds anything up, and you can say it again later."
        }
        role if role.is_virtual_school() => {
            "Your signature keeps this version as it is. What is written later is the living plan, and is shown as changed since."
        }
        _ => {
            "Your name, the day and what your part says are kept. If your part changes later, the plan says so and asks you again."
        }
    }
}

fn stands_words(role: Role) -> &'static str {
    match role.is_virtual_school() {
        true => "This plan is signed off. What is written later is the living plan, and is shown as changed since.",
        false => "Your part is complete, and nothing in it has changed since.",
    }
}

/// What it waits for: this person's own first, then others', each with the way to it.
fn waits(plan: &Plan, offer: &Offer) -> Markup {
    html! {
        p class="govuk-body" id="waits" { "“" (button_words(plan.role)) "” waits for this:" }
        @if !offer.missing.is_empty() {
            h3 class="govuk-heading-s" { "To answer" }
            (gaps(plan, &offer.missing))
        }
        @if !offer.disputes.is_empty() {
            h3 class="govuk-heading-s" { "To choose" }
            ul class="govuk-list govuk-list--bullet" {
                @for place in &offer.disputes {
                    li { (kit::link(&sections::choose_href(plan, place), &label(place))) ": two answers; somebody has to choose" }
                }
            }
        }
        @if !offer.findings.is_empty() {
            h3 class="govuk-heading-s" { "To put right" }
            ul class="govuk-list govuk-list--bullet" {
                @for finding in &offer.findings { li { (checks::one(plan, finding)) " For " (people(&[finding.owner])) "." } }
            }
        }
        @for wait in &offer.waits {
            h3 class="govuk-heading-s" { (upper(&people(&[wait.role]))) }
            @if plan::sign_off_of(wait.role).is_some_and(|signed| offer.unnamed.contains(&signed)) {
                p class="govuk-body" { "Somebody this device cannot name has signed here, so it does not count. " (kit::link(&plan.href("/checks"), "What to do")) }
            }
            @if wait.missing.is_empty() {
                p class="govuk-body" { "Has not said “complete”, or something of theirs has changed since." }
            } @else {
                p class="govuk-body" { "Has " (counted(wait.missing.len(), "question")) " to answer." }
                (gaps(plan, &wait.missing))
            }
        }
        @if let Some(grade) = &offer.blocked_by {
            h3 class="govuk-heading-s" { "The quality check" }
            p class="govuk-body" { "The overall grade is “" (grade_label(plan, grade)) "”, and here a plan is not signed off with it." }
        }
    }
}

fn gaps(plan: &Plan, gaps: &[Gap]) -> Markup {
    html! {
        ul class="govuk-list govuk-list--bullet" {
            @for gap in gaps {
                li {
                    (kit::link(&sections::question_href(plan, gap.question), &label(gap.question)))
                    ": " (gap.why.to_string()) ". For " (people(&[gap.owner])) "."
                }
            }
        }
    }
}

/// Every signature, and what nobody has signed yet.
fn signed(plan: &Plan) -> Markup {
    let made = &plan.view.sign_offs;
    let all = plan.pep.process().questions().filter(|question| question.is_sign_off());
    let open: Vec<&plan::Question> = all.filter(|q| !made.iter().any(|made| made.question == q.id)).collect();
    html! {
        @if made.is_empty() { p class="govuk-body" { "Nobody has signed yet." } }
        @else {
            (kit::table("Signatures", &["What", "Who", "Day", "Now"], &made.iter().map(|made| line(plan, made)).collect::<Vec<_>>()))
        }
        @if !open.is_empty() {
            h3 class="govuk-heading-s" { "Not signed yet" }
            ul class="govuk-list govuk-list--bullet" {
                @for question in open { li { (question.label) " (" (people(&question.owners)) ")" } }
            }
        }
    }
}

fn line(plan: &Plan, made: &SignOff) -> Vec<Markup> {
    vec![
        html! {
            (label(made.question))
            @if let Some(comment) = &made.comment { p class="govuk-body pep-typed" { (comment) } }
        },
        html! { (upper(words::name(&made.by))) ", " (small(made.role)) },
        html! { (words::date(made.on)) },
        html! {
            @if made.stands { "Stands" }
            @else if is_seen(made.question) && made.by.is_some() { "The plan has changed since" }
            @else { @for why in &made.why { p { (stale(plan, why)) } } }
        },
    ]
}

fn stale(plan: &Plan, why: &Stale) -> Markup {
    html! {
        @match why {
            Stale::Changed(id) => { "Changed since: " (kit::link(&sections::question_href(plan, id), &label(id))) }
            Stale::Appeared(id) => { "A new question appeared: " (kit::link(&sections::question_href(plan, id), &label(id))) }
            Stale::Returned => "Sent back by the Virtual School",
            Stale::RoleEnded => "The person’s role had ended by that day",
            Stale::NeverMatched => "Not made for what the plan said at that time",
            Stale::Unnamed => { "It does not count here. " (kit::link(&plan.href("/checks"), "What to do")) }
            Stale::OtherRole => "The person has another role now",
        }
    }
}

fn label(place: &str) -> String {
    let id = place.split('/').next().unwrap_or_default();
    plan::bank().question(id).map_or_else(String::new, |question| question.label.clone())
}
