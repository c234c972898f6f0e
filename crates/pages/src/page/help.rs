//! Help, the accessibility statement, and what this program is.

use maud::html;

use crate::{
    assets, kit,
    model::Site,
    request::{Leaf, Outcome},
};

/// How these pages are used.
pub fn help() -> Outcome {
    let main = html! {
        h1 class="govuk-heading-xl" { "Help" }
        h2 class="govuk-heading-m" { "Is my work safe?" }
        p class="govuk-body" { "When a page says “Saved on this device”, it is on this computer’s disk. When it says “shared”, the Virtual School has it too. You can work without a connection for as long as you like." }
        h2 class="govuk-heading-m" { "Two of us wrote in the same place" }
        p class="govuk-body" { "Texts are merged: what each of you wrote stays. If you answered a date, a choice or a number differently, both answers are kept and somebody who may answer the question chooses. Such questions are marked “Needs a choice”." }
        h2 class="govuk-heading-m" { "I cannot write in a question" }
        p class="govuk-body" { "Each question says who writes it. You can leave a comment beside any question that you can read." }
        h2 class="govuk-heading-m" { "A question is not there" }
        p class="govuk-body" { "Some questions are asked only after another has been answered in a certain way. At the end of each section there is a list of those that are not asked at present, and why." }
        h2 class="govuk-heading-m" { "There is no answer" }
        p class="govuk-body" { "Under a question that must be answered, open “Say why there is no answer”." }
        h2 class="govuk-heading-m" { "How do I start a PEP?" }
        p class="govuk-body" { "Under “Children” select “Start a PEP” beside the child. What you answer for begins as the last PEP left it, as far as the process says." }
        h2 class="govuk-heading-m" { "When is the meeting?" }
        p class="govuk-body" { "“Meetings” lists those to come. The meeting’s own page says who is asked and what is spoken of, and has a file for your calendar." }
        h2 class="govuk-heading-m" { "How do I sign?" }
        p class="govuk-body" { "Open the plan, then “Sign-off” at the end of its tasks. It says what your signature waits for and who can put each thing right, and has the button when nothing is left. The Virtual School finds its quality check there, and how to send a plan back." }
        h2 class="govuk-heading-m" { "How does the child say what they think?" }
        p class="govuk-body" { "Open the plan, then “The child’s views”. There you can give this device to the child, who answers in pages of their own. Your PIN takes it back; set it under “Settings”." }
        h2 class="govuk-heading-m" { "I made a mistake" }
        p class="govuk-body" { "Change the answer again. The history of a question shows everything that was there before. Rows and targets that are withdrawn can be brought back." }
        h2 class="govuk-heading-m" { "Leaving my desk" }
        p class="govuk-body" { "If this device has a passphrase, these pages lock when nobody has used them for a while: choose how long under “Settings”, or lock them there at once. What you typed is still there when you unlock them." }
        h2 class="govuk-heading-m" { "Closing these pages" }
        p class="govuk-body" { "Close the browser whenever you like. To end the program, press Ctrl and C in the window in which you ran pep open. To come back, run pep open again." }
        h2 class="govuk-heading-m" { "Somebody to ask" }
        p class="govuk-body" { "Your Virtual School decides who works with which child, and can help with anything else." }
    };
    Outcome::page(Leaf::new("Help", "Help", main))
}

/// What is accessible, what is not, and who to tell.
pub fn accessibility(site: &Site) -> Outcome {
    let main = html! {
        h1 class="govuk-heading-xl" { "Accessibility statement" }
        p class="govuk-body" { "This statement is about the pages that pep shows on this device for " (site.council) "." }
        h2 class="govuk-heading-m" { "How accessible these pages are" }
        p class="govuk-body" { "You should be able to:" }
        ul class="govuk-list govuk-list--bullet" {
            li { "use every page with a keyboard alone, and without scripts" }
            li { "zoom in up to 400% without text running off the screen; wide tables scroll by themselves" }
            li { "change colours, contrast and fonts, also with your system’s own high contrast" }
            li { "use a screen reader or speech recognition" }
            li { "take your time: where pages lock, nothing you typed is lost, and you can choose after how long" }
        }
        h2 class="govuk-heading-m" { "Known limits" }
        ul class="govuk-list govuk-list--bullet" {
            li { "Wide tables have to be scrolled sideways on small screens." }
            li { "These pages have been tested by program against the Web Content Accessibility Guidelines 2.2, level AA. They have not yet been tested by people with screen readers." }
        }
        h2 class="govuk-heading-m" { "Tell us about a problem" }
        p class="govuk-body" { "If something here keeps you from your work, tell your Virtual School. If you need a plan in another form, such as large print, ask them for it." }
        h2 class="govuk-heading-m" { "If you are not happy with the answer" }
        p class="govuk-body" { "The Equality and Human Rights Commission enforces the accessibility regulations for public bodies. The Equality Advisory and Support Service can advise you." }
    };
    Outcome::page(Leaf::new("Accessibility statement", "", main))
}

/// What this program is, and from whom.
pub fn about(site: &Site) -> Outcome {
    let facts = vec![
        ("Version".to_owned(), html! { (env!("CARGO_PKG_VERSION")) }),
        ("You are".to_owned(), html! { (site.name) }),
        (
            "Style".to_owned(),
            html! {
                @if assets::GOVUK { "GOV.UK Frontend, used under the MIT licence, without its typeface, crown and brand colour. This is not a GOV.UK service." }
                @else { "This copy was built without GOV.UK Frontend and comes with a plain style of its own." }
            },
        ),
    ];
    let main = html! {
        h1 class="govuk-heading-xl" { "About this program" }
        p class="govuk-body" { "OpenPEP: a child’s Personal Education Plan, written together, that is never lost or overwritten." }
        (kit::summary(&facts))
        h2 class="govuk-heading-m" { "Where your data is" }
        p class="govuk-body" { "On this device, and at your Virtual School. Nowhere else: these pages come from this device and load nothing from the internet." }
    };
    Outcome::page(Leaf::new("About this program", "", main))
}
