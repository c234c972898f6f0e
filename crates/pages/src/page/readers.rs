//! Who sees the child's private words: the child chooses, in the child's own pages, or somebody who sees them records it.

use maud::{Markup, html};
use plan::{DocumentKind, Role, Who};

use crate::{
    address::{HOME, READERS},
    forms::stamp,
    kit::{self, way_out},
    model::{Given, Plan, small},
    request::{Leaf, Outcome, Pairs, Request},
};

/// The part of a plan whose readers are chosen.
const KIND: DocumentKind = DocumentKind::PrivateVoice;
/// Where a form says who saw the words when its page was made.
const SAW: &str = "saw";
/// What cannot be undone.
const NEVER: &str = "What somebody has read already cannot be called back.";

/// The page of whoever sees the words and records for the child. None where this person does not see them.
pub fn readers(request: &Request, plan: &Plan, team: &[Who]) -> Option<Outcome> {
    let (ticked, wrong) = match chosen(request, plan)? {
        Chosen::Taken(roles) => return Some(Outcome::Readers { roles, then: plan.href("/views") }),
        Chosen::Shown(ticked) => (ticked, None),
        Chosen::Nobody => {
            let words = "Choose at least one adult, so that nobody is left alone with what the child wrote";
            (Vec::new(), Some(words))
        }
        Chosen::Changed(ticked) => {
            let words =
                "Somebody chose otherwise while you had this page open. Look at who is ticked now, then choose again";
            (ticked, Some(words))
        }
    };
    let errors: Vec<(String, String)> = wrong.iter().map(|words| ("reader".to_owned(), (*words).to_owned())).collect();
    let title = format!("Who sees {}’s private words?", plan.name);
    let main = html! {
        (kit::error_summary(&errors))
        span class="govuk-caption-l" { (plan.name) ", " (plan.sitting()) }
        form method="post" action=(plan.href("/views/readers")) novalidate {
            (stamp(plan))
            (saw(plan))
            (group("l", &title, wrong, &html! {
                div class="govuk-hint" id="reader-hint" {
                    @if plan.role == Role::YoungPerson {
                        p { "They are what you would rather keep private, whom you want to invite, and your picture. You choose, and you always see them." }
                    } @else {
                        p { "They are what " (plan.name) " would rather keep private, whom they want to invite, and their picture. " (plan.name) " chooses, and always sees them. Tick those whom " (plan.name) " has named to you." }
                        p { "If you leave yourself out, this device’s copy goes with the next connection." }
                    }
                }
            }, &html! {
                div class="govuk-checkboxes" {
                    @for (i, role) in offered().enumerate() {
                        @let id = field(i);
                        @let names = named(team, role);
                        div class="govuk-checkboxes__item" {
                            input class="govuk-checkboxes__input" type="checkbox" id=(id) name="reader" value=(role.slug()) checked[ticked.contains(&role)] autocomplete="off" aria-describedby=[(!names.is_empty()).then(|| format!("{id}-hint"))];
                            label class="govuk-label govuk-checkboxes__label" for=(id) { (who(role, "The ")) }
                            @if !names.is_empty() { div class="govuk-hint govuk-checkboxes__hint" id={ (id) "-hint" } { (names) } }
                        }
                    }
                }
            }))
            p class="govuk-body" { (NEVER) }
            (kit::button("Save"))
        }
    };
    let leaf = Leaf::new(title.clone(), "Children", main).back(plan.href("/views"), "Back to the child’s views");
    Some(Outcome::page(leaf.error(wrong.is_some())))
}

/// The child's own page for it. None where this device does not hold the words.
pub fn childs(request: &Request, given: &Given) -> Option<Outcome> {
    let from = request.query.get("from").or(request.form.get("from")).and_then(|from| from.parse::<usize>().ok());
    let back = from.map_or_else(|| request.href(HOME), |from| request.href(&format!("{HOME}/{from}")));
    let (ticked, wrong) = match chosen(request, &given.plan)? {
        Chosen::Taken(roles) => return Some(Outcome::Readers { roles, then: back }),
        Chosen::Shown(ticked) => (ticked, None),
        Chosen::Nobody => (Vec::new(), Some("Choose at least one grown-up")),
        Chosen::Changed(ticked) => (ticked, Some("Somebody just changed this. Look again, then choose")),
    };
    let errors: Vec<(String, String)> = wrong.iter().map(|words| ("reader".to_owned(), (*words).to_owned())).collect();
    let title = "Who may see your private words?";
    let main = html! {
        (kit::error_summary(&errors))
        form method="post" action=(request.href(READERS)) novalidate autocomplete="off" {
            @if let Some(from) = from { input type="hidden" name="from" value=(from); }
            (saw(&given.plan))
            (group("xl", title, wrong, &html! {
                div id="reader-hint" data-say {
                    p { "You choose. Choose at least one grown-up you trust." }
                    p { "This is for your picture, for what you want to keep private, and for whom you want to invite." }
                }
            }, &html! {
                div class="pep-list" {
                    @for (i, role) in offered().enumerate() {
                        @let id = field(i);
                        @let names = named(&given.team, role);
                        div class="pep-choice" {
                            input type="checkbox" id=(id) name="reader" value=(role.slug()) checked[ticked.contains(&role)] autocomplete="off";
                            label for=(id) { span data-say { (who(role, "Your ")) @if !names.is_empty() { ": " (names) } } }
                        }
                    }
                }
            }))
            p data-say { "Somebody who has read it already may remember it." }
            div class="pep-child-ways" {
                (kit::button("Save"))
                a class="govuk-button govuk-button--secondary" role="button" draggable="false" href=(back) { "Go back" }
            }
        }
        (way_out(&request.base))
    };
    Some(Outcome::page(Leaf::new(title, "", main).error(wrong.is_some())))
}

/// Who sees the words now, and the way to choose: for the page of the child's views. Nothing where this person does not see them.
pub fn line(plan: &Plan, team: &[Who]) -> Markup {
    if plan.private_readers.is_empty() {
        return html! {};
    }
    let readers: Vec<String> = offered()
        .filter(|role| plan.private_readers.contains(role))
        .map(|role| match named(team, role) {
            names if names.is_empty() => who(role, "the "),
            names => names,
        })
        .collect();
    html! {
        h2 class="govuk-heading-m" { "Private words" }
        p class="govuk-body" {
            "Beside " (plan.name) ", they are seen by: " (readers.join(", ")) ". "
            @if plan.private_wait { "The Virtual School’s relay does not know this choice yet. Until it does, nothing is shared that others could read." }
        }
        p class="govuk-body" { (kit::link(&plan.href("/views/readers"), "Change who sees the private words")) }
    }
}

/// What comes of a form, or of its page.
enum Chosen {
    /// They see the words from now on.
    Taken(Vec<Role>),
    /// The page is shown, with these ticked.
    Shown(Vec<Role>),
    /// Nobody would be left but the child.
    Nobody,
    /// Somebody chose otherwise since the page was made; these see the words now.
    Changed(Vec<Role>),
}

/// Whom a form chose. None where this person does not see the words.
fn chosen(request: &Request, plan: &Plan) -> Option<Chosen> {
    let now = &plan.private_readers;
    if now.is_empty() {
        return None;
    }
    if !request.post {
        return Some(Chosen::Shown(now.clone()));
    }
    let roles = sent(&request.form);
    let changed = request.form.get(SAW).is_some_and(|saw| saw != said(now)) && said(&roles) != said(now);
    Some(match KIND.chosen(&roles) {
        Ok(_) if changed => Chosen::Changed(now.clone()),
        Ok(_) => Chosen::Taken(roles),
        Err(_) => Chosen::Nobody,
    })
}

/// Those whom the child can choose, of these, as a form says them.
fn said(readers: &[Role]) -> String {
    offered().filter(|role| readers.contains(role)).map(Role::slug).collect::<Vec<_>>().join(" ")
}

/// What a form says of who saw the words when its page was made.
fn saw(plan: &Plan) -> Markup {
    html! { input type="hidden" name=(SAW) value=(said(&plan.private_readers)); }
}

/// The boxes that were ticked; what was never offered is not taken.
fn sent(form: &Pairs) -> Vec<Role> {
    offered().filter(|role| form.all("reader").any(|word| word == role.slug())).collect()
}

/// Whom the child can choose. The head of the Virtual School goes with its officers.
fn offered() -> impl Iterator<Item = Role> {
    KIND.choices().iter().copied().filter(|role| *role != Role::VirtualSchoolHead)
}

/// The boxes under their question, which is the page's heading of this size; `hint` carries the id `reader-hint`.
fn group(size: &str, title: &str, wrong: Option<&str>, hint: &Markup, boxes: &Markup) -> Markup {
    html! {
        div class=(kit::either(wrong.is_some(), "govuk-form-group govuk-form-group--error", "govuk-form-group")) {
            fieldset class="govuk-fieldset" aria-describedby=(kit::either(wrong.is_some(), "reader-hint reader-error", "reader-hint")) {
                legend class={ "govuk-fieldset__legend govuk-fieldset__legend--" (size) } { h1 class="govuk-fieldset__heading" { (title) } }
                (hint)
                @if let Some(words) = wrong {
                    p class="govuk-error-message" id="reader-error" { span class="govuk-visually-hidden" { "Error: " } (words) }
                }
                (boxes)
            }
        }
    }
}

fn field(i: usize) -> String {
    if i == 0 { "reader".to_owned() } else { format!("reader-{i}") }
}

/// `The social worker`, `Your carer`, `The Virtual School`.
fn who(role: Role, article: &str) -> String {
    match role {
        Role::VirtualSchoolOfficer if article == "the " => "the Virtual School".to_owned(),
        Role::VirtualSchoolOfficer => "The Virtual School".to_owned(),
        role => format!("{article}{}", small(role)),
    }
}

/// Who that is at present, by name; of the Virtual School nobody, for there may be many.
fn named(team: &[Who], role: Role) -> String {
    let names: Vec<&str> =
        team.iter().filter(|who| who.role == role && !role.is_virtual_school()).map(|who| who.name.as_str()).collect();
    names.join(", ")
}
