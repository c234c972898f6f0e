//! What a person's signature waits for, in a line: for the pages that lead to where it is given.

use maud::{Markup, html};
use participant::words::counted;
use plan::{Offer, is_seen};

use crate::{
    kit,
    model::{Plan, people},
};

/// What this person's signature waits for, in a line.
pub fn waits_for(plan: &Plan, offer: Option<&Offer>) -> String {
    let Some(offer) = offer else { return "Who has signed what".to_owned() };
    if offer.stands {
        return "Who has signed what".to_owned();
    }
    if offer.offered() {
        return match is_seen(offer.question) {
            true => "You can say that you have seen the plan".to_owned(),
            false => "Nothing is in the way: you can sign".to_owned(),
        };
    }
    let own = offer.missing.iter().filter(|gap| plan.role.counts_as(gap.owner)).count();
    let others = offer.missing.len() - own;
    let roles: Vec<String> = offer.waits.iter().map(|wait| people(&[wait.role])).collect();
    let some = |n: usize, words: String| (n > 0).then_some(words);
    let waits = [
        some(own, format!("{} of yours to answer", counted(own, "question"))),
        some(others, format!("{} of others to answer", counted(others, "question"))),
        some(offer.disputes.len(), format!("{} with two answers", counted(offer.disputes.len(), "question"))),
        some(offer.findings.len(), format!("{} to put right", counted(offer.findings.len(), "thing"))),
        some(offer.waits.len(), roles.join(", ")),
        some(usize::from(offer.blocked_by.is_some()), "the overall grade".to_owned()),
    ];
    format!("Waits for: {}", waits.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// How far the signatures are, for this person.
pub fn standing(plan: &Plan, offer: Option<&Offer>) -> Markup {
    let ready = offer.is_some_and(|offer| offer.offered() && !offer.stands && !is_seen(offer.question));
    match (plan.view.signed_off(), offer.is_some_and(|offer| offer.stands)) {
        (true, _) => html! { "Signed off" },
        (false, true) => html! { "You have signed" },
        (false, false) if ready => kit::tag("blue", "Ready to sign"),
        (false, false) => html! { span class="pep-muted" { "Signed at the end" } },
    }
}
