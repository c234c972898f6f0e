//! Sharing: what is shared, what waits, what was refused, and sharing now.

use crate::env::Intent;
use maud::{Markup, html};

use crate::{
    keeping,
    kit::{self, upper},
    model::{Sharing, Site},
    region::Regions,
    request::{Leaf, Outcome, Request},
};
use participant::{
    device::{Draft, Line},
    words::{self, counted},
};

/// Shows how far sharing is, or asks for it now.
pub fn sync(request: &Request, site: &Site, sharing: &Sharing) -> Outcome {
    if request.post {
        return match request.form.get("line") {
            Some("off") => Outcome::Host(Intent::WorkOffline(true)),
            Some("on") => Outcome::Host(Intent::WorkOffline(false)),
            _ => Outcome::Host(Intent::Share),
        };
    }
    let tried = request.query.get("tried").is_some();
    let regions = regions(site, sharing);
    let main = html! {
        @if tried && sharing.failed.is_none() { (kit::done("Everything is shared")) }
        h1 class="govuk-heading-xl" { "Sharing" }
        @if let Some((why, hint)) = sharing.failed.as_ref().filter(|_| tried) {
            (kit::inset(html! {
                p class="govuk-body" { strong { (why) } }
                @if let Some(hint) = hint { p class="govuk-body" { (hint) } }
            }))
        }
        p class="govuk-body" { "Everything you enter is saved on this device at once. It is shared with the others of the child’s team by itself whenever there is a connection." }
        @if !sharing.drafts.is_empty() { (drafts(site, &sharing.drafts)) }
        (regions.show("facts"))
        form method="post" action=(site.href("/sync")) {
            @if sharing.offline {
                p class="govuk-body" { "You chose to work offline. What you enter is saved on this device, and nothing is sent or fetched until you go online again or pep starts anew." }
                button type="submit" class="govuk-button" name="line" value="on" { "Go online" }
            } @else {
                div class="govuk-button-group" {
                    (kit::button("Send now"))
                    button type="submit" class="govuk-button govuk-button--secondary" name="line" value="off" { "Work offline" }
                }
            }
        }
        (regions.show("waiting"))
        @if site.undecided > 0 {
            h2 class="govuk-heading-m" { "For you to decide" }
            p class="govuk-body" { (kit::link(&site.href("/held"), &super::tasks::undecided(site.undecided))) }
        }
        @if sharing.decides && site.undecided == 0 { p class="govuk-body" { (kit::link(&site.href("/held"), "Changes of others that were refused")) } }
        @if !sharing.held.is_empty() {
            h2 class="govuk-heading-m" { "Changes of yours that could not be accepted" }
            p class="govuk-body" { "What you wrote is kept on this device. The Virtual School sees it too, and decides. Everything else of yours stays in the plan." }
            @for one in &sharing.held { (super::held::own(one, site.now.zone)) }
        }
        @if sharing.left > 0 {
            h2 class="govuk-heading-m" { "Children you no longer work with" }
            p class="govuk-body" { "The plans of " (counted(sharing.left, "child")) " whose team you have left are removed from this device. A copy that was made before, such as a backup or an export, cannot be called back: remove it, too." }
        }
    };
    Outcome::page(Leaf::new("Sharing", "Sharing", main))
}

/// What was entered and is saved in no plan, each with its place.
fn drafts(site: &Site, drafts: &[(String, Draft)]) -> Markup {
    html! {
        h2 class="govuk-heading-m" id="drafts" { "Not saved in a plan yet" }
        p class="govuk-body" { "This stands on this device alone. Open its page, and put it right or save it there." }
        @for (plan, draft) in drafts {
            @let called = keeping::called(&draft.place);
            div class="pep-card" {
                p class="govuk-body" {
                    (kit::link(&site.href(&format!("/{}", draft.place.page)), &called)) br;
                    span class="govuk-hint" { (plan) ", " (words::lately(draft.at, &site.now)) }
                }
                form method="post" action=(site.href("/sync")) {
                    button type="submit" class="govuk-button govuk-button--secondary" name="discard" value=(keeping::word(&draft.place)) {
                        "Discard" span class="govuk-visually-hidden" { ": " (called) }
                    }
                }
            }
        }
    }
}

/// The regions of the page: how far sharing is, and what waits.
pub fn regions(site: &Site, sharing: &Sharing) -> Regions {
    Regions::default().with("facts", kit::summary(&facts(site, sharing))).with("waiting", waiting(site, sharing))
}

/// How far sharing is.
fn facts(site: &Site, sharing: &Sharing) -> Vec<(String, Markup)> {
    let line = match &site.line {
        Line::Connected => kit::tag("green", "Connected"),
        Line::Offline => kit::tag("grey", "Not connected"),
        Line::Refused(_) => kit::tag("red", "Refused"),
    };
    let last = site.last_sync.map_or_else(|| "Not yet".to_owned(), |at| upper(&words::lately(at, &site.now)));
    vec![
        ("Connection".to_owned(), html! { (line) @if let Line::Refused(why) = &site.line { p { (why) } } }),
        ("Last time everything was shared".to_owned(), html! { (last) }),
        ("Waiting to be shared".to_owned(), html! { (counted(site.waiting, "answer")) }),
        ("Shared through".to_owned(), html! { (sharing.relay.0) br; (sharing.relay.1) }),
    ]
}

/// What is not shared yet, plan by plan.
fn waiting(site: &Site, sharing: &Sharing) -> Markup {
    html! {
        @if !sharing.waiting.is_empty() {
            h2 class="govuk-heading-m" { "What waits" }
            @for (plan, waits) in &sharing.waiting {
                h3 class="govuk-heading-s" { (plan) }
                @if let Some(since) = waits.since { p class="govuk-body" { "Since " (since_words(since, site)) ":" } }
                ul class="govuk-list govuk-list--bullet" { @for answer in &waits.answers { li { (answer) } } }
            }
        }
    }
}

/// `2:05pm`, or `26 February 2026 at 2:05pm`.
fn since_words(since: i64, site: &Site) -> String {
    let words = words::lately(since, &site.now);
    words.trim_start_matches("at ").trim_start_matches("on ").to_owned()
}
