//! How these pages behave on this device, and the PIN that takes it back from a child.

use maud::{Markup, html};

use crate::{
    address::Base,
    keeping::{FORM, Saves, stamp_of_no_plan},
    kit,
    model::Site,
    request::{Leaf, Outcome, Request},
};
use participant::{
    idle::IDLE_MINUTES_CHOICES,
    settings::{BadPin, NotThePin, Pin, Settings, TextSize},
};

/// What is wrong with a PIN that somebody wants to set.
pub enum WrongPin {
    /// The new one.
    New(BadPin),
    /// The new one and what was typed to be sure of it are not the same.
    NotTheSame,
    /// The present one.
    Present(NotThePin),
}

/// Shows how the pages behave, or takes in how they are to.
pub fn settings(request: &Request, site: &Site, has_pin: bool) -> Outcome {
    if request.post {
        let settings = wanted(request, site);
        return Outcome::Settings { settings, then: request.href("/settings?done=saved") };
    }
    let shown = if request.form.is_empty() { site.settings } else { wanted(request, site) };
    let Settings { announce, pause, text, idle_minutes } = shown;
    let done = match request.query.get("done") {
        Some("saved") => "Settings saved on this device",
        Some("pin") => "PIN saved on this device",
        _ => "",
    };
    let sizes: Vec<(String, String)> =
        TextSize::ALL.into_iter().map(|size| (size.word().to_owned(), size_words(size).to_owned())).collect();
    let minutes: Vec<(String, String)> =
        IDLE_MINUTES_CHOICES.iter().map(|minutes| (minutes.to_string(), format!("{minutes} minutes"))).collect();
    let main = html! {
        @if !done.is_empty() { (kit::done(done)) }
        h1 class="govuk-heading-xl" { "Settings" }
        p class="govuk-body" { "These are yours, on this device. Nobody else sees or shares them." }
        form method="post" id=(FORM) action=(request.href("/settings")) novalidate data-saves=(Saves::Act.word()) data-kept[!request.form.is_empty()]
            data-says="Kept on this device. It counts once you select the button." {
            (stamp_of_no_plan(false))
            (kit::radios("text", "Size of the text", None, &sizes, text.word()))
            div class="govuk-form-group" {
                fieldset class="govuk-fieldset" {
                    legend class="govuk-fieldset__legend govuk-fieldset__legend--m" { "When others write at the same time" }
                    div class="govuk-checkboxes" {
                        (tick("announce", "Tell my screen reader who comes, goes and writes, and when the connection changes", announce))
                        (tick("pause", "Wait with other people’s changes while I write", pause))
                    }
                }
            }
            @if site.guarded {
                (kit::radios("lock", "Lock these pages when nobody has used them for", None, &minutes, &idle_minutes.to_string()))
            }
            (kit::button("Save settings"))
        }
        h2 class="govuk-heading-m" { "Locking" }
        @if site.guarded {
            p class="govuk-body" { "Locked pages show nothing until you enter your passphrase. What you have saved is shared meanwhile." }
            form method="post" action=(request.href("/lock")) { (kit::second_button("Lock now")) }
        } @else {
            p class="govuk-body" { "These pages do not lock, because this device has no passphrase. To set one, run “pep passphrase set” in the command line." }
        }
        h2 class="govuk-heading-m" { "PIN for giving this device to a child" }
        @if has_pin {
            p class="govuk-body" { "A PIN has been set. It takes the device back from a child who has been answering questions on it." }
            p class="govuk-body" { (kit::link(&request.href("/settings/pin"), "Change the PIN")) }
        } @else {
            p class="govuk-body" { "A child can answer questions on this device in pages of their own. Set a PIN first: it takes the device back." }
            p class="govuk-body" { (kit::link(&request.href("/settings/pin"), "Set a PIN")) }
        }
        h2 class="govuk-heading-m" { "Set by others" }
        (kit::summary(&[
            ("Name of the council".to_owned(), html! { (site.council) }),
            ("Colour of the council".to_owned(), html! { (site.colour) }),
        ]))
        p class="govuk-body" { "The name and the colour come from the file pages.json in the folder of your plans, or from your Virtual School." }
        p class="govuk-body" { "Where a page can be read aloud, only voices that are on this device are used, so that no words leave it." }
    };
    Outcome::page(Leaf { ways: true, ..Leaf::new("Settings", "", main) })
}

/// The settings that a form says.
fn wanted(request: &Request, site: &Site) -> Settings {
    let chosen = request.form.get("text");
    let text = TextSize::ALL.into_iter().find(|size| chosen == Some(size.word())).unwrap_or_default();
    let ticked = |name: &str| request.form.get(name).is_some();
    let minutes = request.form.get("lock").and_then(|minutes| minutes.parse().ok());
    let idle_minutes = minutes.filter(|m| IDLE_MINUTES_CHOICES.contains(m)).unwrap_or(site.settings.idle_minutes);
    Settings { announce: ticked("announce"), pause: ticked("pause"), text, idle_minutes }
}

/// Where a PIN is set, or changed where there is one.
pub fn pin(base: &Base, is_set: bool, tried: &Result<(), WrongPin>) -> Outcome {
    let title = if is_set { "Change the PIN" } else { "Set a PIN" };
    let wrong = tried.as_ref().err().map(|wrong| (wrong.field(), wrong.words()));
    let of = |field: &str| wrong.as_ref().filter(|(at, _)| *at == field).map(|(_, words)| words.as_str());
    let errors: Vec<(String, String)> =
        wrong.iter().map(|(field, words)| ((*field).to_owned(), words.clone())).collect();
    let main = html! {
        (kit::error_summary(&errors))
        h1 class="govuk-heading-l" { (title) }
        p class="govuk-body" { "You will need it to take this device back from a child. Do not tell the child. Do not use the PIN of your bank card." }
        form method="post" action=(base.to("/settings/pin")) novalidate autocomplete="off" {
            @if is_set { (digits("present", "Present PIN", "", of("present"))) }
            (digits("pin", "New PIN", "4 to 8 digits", of("pin")))
            (digits("again", "New PIN once more", "", of("again")))
            (kit::button("Save PIN"))
        }
        @if is_set {
            (kit::details("I have forgotten the PIN", false, html! {
                "In the command line of this device, run “pep pin set”: it sets a new one without the old."
            }))
        }
    };
    Outcome::page(Leaf::new(title, "", main).back(base.to("/settings"), "Back to settings").error(tried.is_err()))
}

/// The PIN that somebody wants, or what is wrong with it. `salt`: random.
pub fn new_pin(request: &Request, salt: [u8; 16]) -> Result<Pin, WrongPin> {
    let sent = |name: &str| request.form.get(name).unwrap_or_default().trim();
    if sent("pin") != sent("again") {
        return Err(WrongPin::NotTheSame);
    }
    Pin::new(sent("pin"), salt).map_err(WrongPin::New)
}

/// The PIN that somebody says there is.
pub fn present_pin(request: &Request) -> &str {
    request.form.get("present").unwrap_or_default().trim()
}

/// An input for a PIN: nothing that was typed in it is ever sent back.
pub fn digits(name: &str, label: &str, hint: &str, error: Option<&str>) -> Markup {
    let (hint_id, error_id) = (format!("{name}-hint"), format!("{name}-error"));
    let described = [(!hint.is_empty()).then_some(hint_id.as_str()), error.map(|_| error_id.as_str())];
    let described: Vec<&str> = described.into_iter().flatten().collect();
    let described = (!described.is_empty()).then(|| described.join(" "));
    let wrong = error.is_some();
    html! {
        div class=(kit::either(wrong, "govuk-form-group govuk-form-group--error", "govuk-form-group")) {
            label class="govuk-label govuk-label--s" for=(name) { (label) }
            @if !hint.is_empty() { div class="govuk-hint" id=(hint_id) { (hint) } }
            @if let Some(words) = error {
                p class="govuk-error-message" id=(error_id) { span class="govuk-visually-hidden" { "Error: " } (words) }
            }
            input class=(kit::either(wrong, "govuk-input govuk-input--width-5 govuk-input--error", "govuk-input govuk-input--width-5"))
                type="password" inputmode="numeric" autocomplete="off" id=(name) name=(name) aria-describedby=[described];
        }
    }
}

impl WrongPin {
    fn field(&self) -> &'static str {
        match self {
            WrongPin::New(_) => "pin",
            WrongPin::NotTheSame => "again",
            WrongPin::Present(_) => "present",
        }
    }

    fn words(&self) -> String {
        match self {
            WrongPin::New(why) => why.to_string(),
            WrongPin::NotTheSame => "Type the same new PIN twice".to_owned(),
            WrongPin::Present(why) => why.to_string(),
        }
    }
}

fn size_words(size: TextSize) -> &'static str {
    match size {
        TextSize::Usual => "Usual",
        TextSize::Large => "Large",
        TextSize::Larger => "Very large",
    }
}

fn tick(name: &str, words: &str, on: bool) -> Markup {
    html! {
        div class="govuk-checkboxes__item" {
            input class="govuk-checkboxes__input" type="checkbox" id=(name) name=(name) value="yes" checked[on] autocomplete="off";
            label class="govuk-label govuk-checkboxes__label" for=(name) { (words) }
        }
    }
}
