//! The page that asks for the passphrase.

use maud::html;

use crate::{kit, request::Leaf};

/// What is asked for with the passphrase.
pub struct Asked<'a> {
    /// Where the passphrase goes.
    pub unlock: &'a str,
    /// The address that was asked for.
    pub to: &'a str,
    /// Fields of a form that was sent there, under names of their own.
    pub kept: Option<Vec<(String, String)>>,
    /// What was wrong with the passphrase that came.
    pub wrong: Option<&'a str>,
    /// Whether a child has the device.
    pub with_a_child: bool,
}

/// It says nothing of anybody.
pub fn locked(asked: &Asked) -> Leaf {
    let errors: Vec<(String, String)> =
        asked.wrong.iter().map(|words| ("passphrase".to_owned(), (*words).to_owned())).collect();
    let wrong = asked.wrong.is_some();
    let described = if wrong { "passphrase-hint passphrase-error" } else { "passphrase-hint" };
    let main = html! {
        (kit::error_summary(&errors))
        h1 class="govuk-heading-l" { "These pages are locked" }
        p class="govuk-body" { "They lock when nobody has used them for a while. What was saved is safe, and goes on being shared." }
        @if asked.with_a_child { p class="govuk-body" { "Ask the adult you are with to unlock them." } }
        @if asked.kept.is_some() {
            (kit::inset(html! { "What you sent has not been saved yet. It waits on this page, and is saved when you unlock these pages." }))
        }
        form method="post" action=(asked.unlock) novalidate {
            div class=(kit::either(wrong, "govuk-form-group govuk-form-group--error", "govuk-form-group")) {
                label class="govuk-label govuk-label--s" for="passphrase" { "Passphrase" }
                div class="govuk-hint" id="passphrase-hint" { "The one you chose for the plans on this device" }
                @if let Some(words) = asked.wrong {
                    p class="govuk-error-message" id="passphrase-error" { span class="govuk-visually-hidden" { "Error: " } (words) }
                }
                input class=(kit::either(wrong, "govuk-input govuk-!-width-two-thirds govuk-input--error", "govuk-input govuk-!-width-two-thirds"))
                    type="password" id="passphrase" name="passphrase" autocomplete="current-password" spellcheck="false"
                    autocapitalize="none" aria-describedby=(described);
            }
            input type="hidden" name="to" value=(asked.to);
            @if let Some(kept) = &asked.kept {
                input type="hidden" name="form" value="kept";
                @for (name, value) in kept { input type="hidden" name=(name) value=(value); }
            }
            (kit::button("Unlock"))
        }
        (kit::details("I have forgotten the passphrase", false, html! {
            "Nobody can read it back to you. Ask the Virtual School for a new link, and join again. What was shared comes back; what was not shared yet cannot be read by anybody."
        }))
    };
    Leaf::new("These pages are locked", "", main).status(403).error(wrong)
}
