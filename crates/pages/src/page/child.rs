//! A child's own pages: one question at a time, in words a child of nine reads, with nothing of anybody else's on them and no way
//! from them to any other page. They are shown while the device is with the child.

use maud::{Markup, html};
use plan::{DocumentKind, PICTURE_BYTES_MAX};

use super::{settings::digits, views};
use crate::{
    address::{Base, HOME, LEAVE, READERS},
    child_questions::{
        By, ChildAnswer, ChildQuestion, FACES, SAW, SCALE, child_questions, decline, may_decline, seen_picture,
    },
    kit::{self, upper, way_out},
    model::Given,
    request::{Leaf, Outcome, Request},
};
use participant::{settings::NotThePin, words};

const CHECK: &str = "/views/check";
const THANKS: &str = "/views/thanks";
const PICTURE: &str = "/views/picture";
/// What a child draws with: a word and a colour.
const COLOURS: [(&str, &str); 7] = [
    ("Black", "#0b0c0c"),
    ("Red", "#c8102e"),
    ("Blue", "#1d4fb8"),
    ("Green", "#0f7a3a"),
    ("Yellow", "#ffd400"),
    ("Brown", "#7a4a1e"),
    ("White", "#ffffff"),
];

/// Says what these pages are, and takes that a child does not want to answer.
pub fn hello(request: &Request, given: &Given) -> Outcome {
    let all = child_questions(&given.plan);
    let said = all.iter().filter(|asked| asked.read_back(&given.plan).is_some()).count();
    if request.post {
        return match request.form.get("go") {
            Some("decline") if given.plan.refused.is_none() => decline(given).write(given.href(THANKS)),
            Some("decline") => Outcome::page(not_kept(&request.base)),
            _ => Outcome::Go(at(&request.base, 1)),
        };
    }
    let next = all.iter().position(|asked| asked.read_back(&given.plan).is_none()).map(|place| place + 1);
    let main = html! {
        h1 class="govuk-heading-xl" { "Hello, " (given.plan.name) }
        div data-say {
            p { "These pages ask what you think and how you feel." }
            p { "There are no wrong answers." }
            p { "You can skip any question." }
            p { "Your words stay just as you write them." }
            @if !given.is_own() { p { "This is the device of " (given.owner) ". " (given.owner) " can read what you write here." } }
        }
        @if all.is_empty() { p { "There are no questions for you here now. Give this back to the grown-up." } }
        @else if said > 0 {
            p { "You have answered " (said) " of " (all.len()) " questions." }
            div class="pep-child-ways" {
                @if let Some(next) = next { a class="govuk-button" role="button" draggable="false" href=(at(&request.base, next)) { "Go on" } }
                a class="govuk-button govuk-button--secondary" role="button" draggable="false" href=(given.href(CHECK)) { "See what you said" }
            }
        } @else {
            form method="post" action=(given.href(HOME)) novalidate {
                div class="pep-child-ways" {
                    button type="submit" class="govuk-button" name="go" value="start" { "Start" }
                    @if may_decline(&given.plan) {
                        button type="submit" class="govuk-button govuk-button--secondary" name="go" value="decline" { "I do not want to answer this time" }
                    }
                }
            }
        }
        (around(given, Some(DocumentKind::Main)))
    };
    Outcome::page(Leaf::new("My views", "", main))
}

/// One question, by its number from 1.
pub fn one(request: &Request, given: &Given, number: usize) -> Option<Outcome> {
    let all = child_questions(&given.plan);
    let here = all.get(number.checked_sub(1)?)?;
    let from_check = request.form.get("from").or(request.query.get("from")) == Some("check");
    if !request.post {
        return Some(Outcome::page(question(
            given,
            here,
            (number, all.len()),
            from_check,
            here.said(&given.plan),
            None,
        )));
    }
    let wrong = match (here.edits(given, &request.form), &given.plan.refused) {
        (Ok(lots), None) => return Some(lots.write(onward(request, number, from_check, &all))),
        (Err(words), _) => words,
        (Ok(_), Some(_)) => "This could not be kept. What you wrote is still here. Tell the grown-up".to_owned(),
    };
    let sent = |name: &str| request.form.get(name).unwrap_or_default().to_owned();
    let typed = ChildAnswer { answer: sent("answer"), why: sent("why") };
    Some(Outcome::page(question(given, here, (number, all.len()), from_check, typed, Some(&wrong))))
}

/// Everything that was said, to look at once more.
pub fn check(given: &Given) -> Outcome {
    let plan = &given.plan;
    let main = html! {
        h1 class="govuk-heading-xl" { "This is what you said" }
        p { "You can change any of it." }
        dl class="govuk-summary-list" data-say {
            @for (i, asked) in child_questions(plan).iter().enumerate() {
                div class="govuk-summary-list__row" {
                    dt class="govuk-summary-list__key" { (asked.words()) }
                    dd class="govuk-summary-list__value" {
                        @match asked.read_back(plan) {
                            Some(said) => {
                                @if asked.by() == By::Picture && !said.answer.is_empty() {
                                    img class="pep-picture" src=(given.href(PICTURE)) alt=(views::alt(plan));
                                } @else { (kit::typed(&said.answer)) }
                                @if !said.why.is_empty() { p { (kit::typed(&said.why)) } }
                            }
                            None => span class="pep-muted" { "You skipped this" },
                        }
                    }
                    dd class="govuk-summary-list__actions" {
                        a class="govuk-link pep-child-link" href={ (at(&plan.base, i + 1)) "?from=check" } {
                            "Change" span class="govuk-visually-hidden" { ": " (asked.words()) }
                        }
                    }
                }
            }
        }
        div class="pep-child-ways" { a class="govuk-button" role="button" draggable="false" href=(given.href(THANKS)) { "I have finished" } }
        (around(given, None))
    };
    Outcome::page(Leaf::new("This is what you said", "", main))
}

/// The end.
pub fn thanks(given: &Given) -> Outcome {
    let main = html! {
        h1 class="govuk-heading-xl" { "Thank you, " (given.plan.name) }
        div data-say {
            p { "What you said is kept." }
            p { "It helps the people who plan with you." }
            @if !given.is_own() { p { "Now give this back to " (given.owner) "." } }
        }
        p { a class="govuk-link pep-child-link" href=(given.href(CHECK)) { "See what you said" } }
        (around(given, None))
    };
    Outcome::page(Leaf::new("Thank you", "", main))
}

/// The one way out. `is_own`: on the child's own device nobody's PIN is asked for.
pub fn leave(base: &Base, is_own: bool, tried: Option<&NotThePin>) -> Outcome {
    let words = tried.map(ToString::to_string);
    let errors: Vec<(String, String)> = words.iter().map(|words| ("pin".to_owned(), words.clone())).collect();
    let title = if is_own { "Leave these pages" } else { "Ask the grown-up who gave you this" };
    let main = html! {
        (kit::error_summary(&errors))
        h1 class="govuk-heading-xl" { (title) }
        @if !is_own { p data-say { "They have a number that ends these pages." } }
        form method="post" action=(base.to(LEAVE)) novalidate autocomplete="off" {
            @if !is_own { (digits("pin", "PIN", "", words.as_deref())) }
            div class="pep-child-ways" {
                (kit::button("End these pages"))
                a class="govuk-button govuk-button--secondary" role="button" draggable="false" href=(base.to(HOME)) { "Go back to the questions" }
            }
        }
        @if !is_own {
            (kit::details("For the grown-up: I have forgotten the PIN", false, html! {
                "In the command line of this device, run “pep pin set”. It sets a new PIN; then enter that one here."
            }))
        }
    };
    Outcome::page(Leaf::new(title, "", main).error(tried.is_some()))
}

/// Something stands in the way that a child cannot put right.
pub fn trouble(base: &Base) -> Leaf {
    sorry(base, "Something went wrong", "Give this back to the grown-up. What you said before is kept.")
}

/// What was sent is larger than anything these pages ask for.
pub fn too_large(base: &Base) -> Leaf {
    sorry(base, "That is too big", "It was not kept. Go back: what you wrote should still be there. Make it smaller.")
        .status(413)
}

/// A form of these pages came after they had ended.
pub fn ended(base: &Base) -> Leaf {
    sorry(base, "These pages have ended", "What you just wrote was not kept. Go back to see it. Tell the grown-up.")
        .status(403)
}

fn not_kept(base: &Base) -> Leaf {
    sorry(base, "This could not be kept", "Tell the grown-up who gave you this.")
}

fn sorry(base: &Base, title: &str, words: &str) -> Leaf {
    let main = html! {
        h1 class="govuk-heading-xl" { (title) }
        p { (words) }
        div class="pep-child-ways" { a class="govuk-button" role="button" draggable="false" href=(base.to(HOME)) { "Go to the questions" } }
        (way_out(base))
    };
    Leaf::new(title, "", main)
}

fn question(
    given: &Given,
    here: &ChildQuestion,
    (number, of): (usize, usize),
    from_check: bool,
    said: ChildAnswer,
    wrong: Option<&str>,
) -> Leaf {
    let kept = here.said(&given.plan);
    let errors: Vec<(String, String)> =
        wrong.map(|words| ("answer".to_owned(), words.to_owned())).into_iter().collect();
    let words = here.words();
    let clears = !matches!(here.by(), By::Words | By::Name) && kept != ChildAnswer::default();
    let main = html! {
        (kit::error_summary(&errors))
        p class="govuk-caption-xl" { "Question " (number) " of " (of) }
        @let picture = here.by() == By::Picture;
        form method="post" action=(at(&given.plan.base, number)) novalidate data-child autocomplete="off" enctype=[picture.then_some("multipart/form-data")] {
            @if picture { input type="hidden" name=(SAW) value=(seen_picture(&given.plan)); }
            @else { (kept_fields("answer", &kept.answer)) }
            @if picture || here.by() == By::Scale { (kept_fields("why", &kept.why)) }
            @if from_check { input type="hidden" name="from" value="check"; }
            (Input { given, here, words: &words, said: &said, wrong }.shown())
            p class="govuk-hint" data-say { "There are no wrong answers. You can skip this." }
            p class="govuk-hint" data-saved role="status" {}
            div class="pep-child-ways" {
                button type="submit" class="govuk-button" name="go" value="next" { "Next" }
                button type="submit" class="govuk-button govuk-button--secondary" name="go" value="skip" { "Skip" }
                button type="submit" class="govuk-button govuk-button--secondary" name="go" value="back" { "Back" }
                @if !here.question.document().choices().is_empty() {
                    button type="submit" class="govuk-button govuk-button--secondary" name="go" value="readers" { "Choose who sees this" }
                }
                @if clears { button type="submit" class="govuk-button govuk-button--secondary" name="go" value="clear" { "Take my answer away" } }
            }
        }
        (around(given, Some(here.question.document())))
    };
    Leaf::new(format!("Question {number} of {of}: {words}"), "", main).error(wrong.is_some())
}

/// What a field held when the page was made; the script says in `~tried` what it has sent since.
fn kept_fields(name: &str, kept: &str) -> Markup {
    html! { input type="hidden" name={ (name) "~kept" } value=(kept); }
}

/// The input of one question.
struct Input<'a> {
    given: &'a Given,
    here: &'a ChildQuestion,
    /// The question, as the child reads it.
    words: &'a str,
    /// What stands in it.
    said: &'a ChildAnswer,
    /// What is wrong with what came.
    wrong: Option<&'a str>,
}

impl Input<'_> {
    fn shown(&self) -> Markup {
        match self.here.by() {
            By::Faces => self.faces(),
            By::Scale => self.scale(),
            By::Choice => self.choices(),
            By::Picture => self.picture(),
            By::Name => self.group(html! {
                (self.label("answer"))
                (self.error())
                input class="govuk-input" type="text" id="answer" name="answer" value=(self.said.answer) autocomplete="off" spellcheck="false" aria-describedby=[self.described()];
            }),
            By::Words => self.group(html! {
                (self.label("answer"))
                (self.error())
                (self.area("answer", 8, &self.said.answer))
            }),
        }
    }

    fn faces(&self) -> Markup {
        self.fieldset(html! {
            div class="pep-faces" {
                @for (i, name) in FACES.iter().enumerate() {
                    @let value = (i + 1).to_string();
                    (choice(i, &value, self.said.answer == value, html! { (face(i)) span data-say { (name) } }))
                }
            }
        })
    }

    fn scale(&self) -> Markup {
        html! {
            (self.fieldset(html! {
                @let (low, high) = self.here.ends();
                p data-say { "0 is " (low) ". 10 is " (high) "." }
                div class="pep-scale" {
                    @for (i, number) in SCALE.enumerate() {
                        @let value = number.to_string();
                        @let end = match number { 0 => Some(low), 10 => Some(high), _ => None };
                        (choice(i, &value, self.said.answer == value, html! {
                            (value) @if let Some(end) = end { span class="govuk-visually-hidden" { ", " (end) } }
                        }))
                    }
                }
            }))
            div class="govuk-form-group" {
                label class="govuk-label govuk-label--m" for="why" { "Why? You can leave this empty" }
                (self.area("why", 3, &self.said.why))
            }
        }
    }

    fn choices(&self) -> Markup {
        let plan = &self.given.plan;
        self.fieldset(html! {
            @for claim in plan.view.beside.get(self.here.question.id.as_str()).into_iter().flatten() {
                p class="govuk-body" data-say {
                    (words::name(&claim.by)) " wrote down: " (words::value(self.here.question, &claim.value)) ". Yours counts."
                }
            }
            div class="pep-list" {
                @for (i, option) in self.here.choices(&self.given.plan).iter().enumerate() {
                    (choice(i, &option.value, self.said.answer == option.value, html! { span data-say { (option.label) } }))
                }
            }
        })
    }

    fn picture(&self) -> Markup {
        html! {
            (self.group(html! {
                h1 class="govuk-heading-xl" { (self.words) }
                (self.error())
                @if !self.here.said(&self.given.plan).answer.is_empty() {
                    p { img class="pep-picture" data-picture src=(self.given.href(PICTURE)) alt=(views::alt(&self.given.plan)); }
                }
                (drawing())
                label class="govuk-label govuk-label--m" for="answer" { "Take or choose a photo" }
                input class="pep-child-file" type="file" accept="image/*" id="answer" name="file" data-photo aria-describedby=[self.described()];
                p class="govuk-hint" data-photo-size { "A small one: " (PICTURE_BYTES_MAX / 1000) " kB at most. JPEG, PNG or WebP." }
            }))
            div class="govuk-form-group" {
                label class="govuk-label govuk-label--m" for="why" { "What does it show?" }
                div class="govuk-hint" data-say { "Your words help people who cannot see it. You can also leave out the picture and only write." }
                (self.area("why", 3, &self.said.why))
            }
        }
    }

    fn error(&self) -> Markup {
        html! {
            @if let Some(words) = self.wrong {
                p class="govuk-error-message" id="answer-error" { span class="govuk-visually-hidden" { "Error: " } (words) }
            }
        }
    }

    fn described(&self) -> Option<&'static str> {
        self.wrong.map(|_| "answer-error")
    }

    fn group(&self, inside: Markup) -> Markup {
        html! {
            div class=(kit::either(self.wrong.is_some(), "govuk-form-group govuk-form-group--error", "govuk-form-group")) { (inside) }
        }
    }

    fn fieldset(&self, inside: Markup) -> Markup {
        self.group(html! {
            fieldset class="govuk-fieldset" aria-describedby=[self.described()] {
                legend class="govuk-fieldset__legend govuk-fieldset__legend--xl" { h1 class="govuk-fieldset__heading" { (self.words) } }
                (self.error())
                (inside)
            }
        })
    }

    fn area(&self, name: &str, rows: usize, text: &str) -> Markup {
        html! {
            textarea class="govuk-textarea" id=(name) name=(name) rows=(rows) spellcheck="false" autocomplete="off"
                aria-describedby=[self.described().filter(|_| name == "answer")] { "\n" (text) }
        }
    }

    fn label(&self, name: &str) -> Markup {
        html! { h1 class="govuk-label-wrapper" { label class="govuk-label govuk-label--xl" for=(name) { (self.words) } } }
    }
}

/// Where a child draws, where the script runs; a photo or words do without.
fn drawing() -> Markup {
    html! {
        fieldset class="govuk-fieldset pep-draw" data-draw hidden {
            legend class="govuk-fieldset__legend govuk-fieldset__legend--m" { "Draw here with a finger, a pen or a mouse" }
            div class="pep-colours" {
                @for (i, (word, colour)) in COLOURS.iter().enumerate() {
                    @let id = format!("colour-{word}");
                    div class="pep-choice" {
                        input type="radio" id=(id) name="colour" value=(colour) checked[i == 0] autocomplete="off";
                        label for=(id) { (swatch(colour)) span { (word) } }
                    }
                }
            }
            canvas class="pep-canvas" width="800" height="600" role="img" aria-label="Your drawing" {}
            p class="govuk-hint" { "Without a finger, a pen or a mouse, choose a photo or write." }
            button type="button" class="govuk-button govuk-button--secondary" data-empty { "Start the drawing again" }
        }
        input type="hidden" name="picture" value="";
        input type="hidden" name="made" value="photos";
    }
}

fn swatch(colour: &str) -> Markup {
    html! {
        svg class="pep-swatch" viewBox="0 0 24 24" aria-hidden="true" focusable="false" {
            circle cx="12" cy="12" r="10" fill=(colour) stroke="currentColor" stroke-width="2" {}
        }
    }
}

/// One of several answers, large enough for a finger.
fn choice(i: usize, value: &str, on: bool, inside: Markup) -> Markup {
    // The first has the field's own name for its id, so that an error leads to it.
    let id = if i == 0 { "answer".to_owned() } else { format!("answer-{i}") };
    html! {
        div class="pep-choice" {
            input type="radio" id=(id) name="answer" value=(value) checked[on] autocomplete="off";
            label for=(id) { (inside) }
        }
    }
}

/// A face. Its words stand beside it.
fn face(i: usize) -> Markup {
    let mouth =
        ["M14 37 Q24 22 34 37", "M15 35 Q24 28 33 35", "M15 33 L33 33", "M15 31 Q24 39 33 31", "M13 29 Q24 46 35 29 Z"];
    html! {
        svg class="pep-face" viewBox="0 0 48 48" aria-hidden="true" focusable="false" {
            circle class="pep-face__skin" cx="24" cy="24" r="21" fill="none" stroke="currentColor" stroke-width="2.5" {}
            circle cx="17" cy="19" r="2.6" fill="currentColor" {}
            circle cx="31" cy="19" r="2.6" fill="currentColor" {}
            @if i == 0 { path d="M35 23 Q39 29 35 30 Q31 29 35 23 Z" fill="currentColor" {} }
            path d=(mouth.get(i).copied().unwrap_or_default()) fill=(kit::either(i == 4, "currentColor", "none"))
                stroke="currentColor" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round" {}
        }
    }
}

/// What stands at the end of every page: who will see this, whom to tell, and the way out.
fn around(given: &Given, kind: Option<DocumentKind>) -> Markup {
    html! {
        section class="pep-child-around" aria-label="Good to know" {
            button type="button" class="govuk-button govuk-button--secondary" data-read hidden { "Read this to me" }
            @if let Some(kind) = kind {
                h2 class="govuk-heading-m" data-say { "Who will see this" }
                p data-say { (upper(&and(&given.readers(kind)))) ". People who start to help you later can see it, too." }
            }
            h2 class="govuk-heading-m" data-say { "If something is worrying you" }
            p data-say { "Tell " (given.to_tell()) ", or another grown-up you trust. Nobody reads these pages straight away." }
        }
        (way_out(&given.plan.base))
    }
}

/// Where a form leads to.
fn onward(request: &Request, number: usize, from_check: bool, all: &[ChildQuestion]) -> String {
    let base = &request.base;
    match request.form.get("go") {
        Some("stay" | "clear") => at(base, number),
        Some("readers") => base.to(&format!("{READERS}?from={number}")),
        Some("back") if from_check => base.to(CHECK),
        Some("back") if number > 1 => at(base, number - 1),
        Some("back") => base.to(HOME),
        // An answer may lead to a further question, which the next page then finds.
        _ if from_check || (number >= all.len() && !leads_on(request, all, number)) => base.to(CHECK),
        _ => at(base, number + 1),
    }
}

/// Whether an answer makes the plan ask one thing more, right after this one.
fn leads_on(request: &Request, all: &[ChildQuestion], number: usize) -> bool {
    let here = number.checked_sub(1).and_then(|place| all.get(place));
    here.is_some_and(|here| here.by() == By::Choice) && request.form.get("answer") == Some("someone_speaks_for_me")
}

/// `Petra, Callum and the Virtual School`.
fn and(names: &[String]) -> String {
    match names.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

fn at(base: &Base, number: usize) -> String {
    base.to(&format!("{HOME}/{number}"))
}
