//! The parts that pages are made of: GOV.UK Frontend's components, each a function. Everything that goes in is escaped; only
//! the document type is not.

use maud::{DOCTYPE, Markup, html};

use super::{
    address::{Base, LEAVE, LINE, RETURN, UNLOCK},
    assets,
    model::Site,
    region::Regions,
    request::Leaf,
};
use participant::settings::TextSize;

/// The name of the service, as every title ends.
pub const SERVICE: &str = "Personal Education Plans";
/// Parts of the service navigation: address and words.
const NAV: [(&str, &str); 5] = [
    ("/", "Your tasks"),
    ("/children", "Children"),
    ("/meetings", "Meetings"),
    ("/sync", "Sharing"),
    ("/help", "Help"),
];

/// Links at the end of every page.
const FOOTER: [(&str, &str); 3] =
    [("/settings", "Settings"), ("/accessibility", "Accessibility statement"), ("/about", "About this program")];

/// The id of the form of a page whose ways off are its buttons where no script runs.
pub const FORM: &str = "fields";
/// Which button of a form was pressed, or where its person wants to go.
pub const GO: &str = "go";
/// Before the address of such a button that leads elsewhere in the pages.
pub const ELSEWHERE: char = '~';

/// A whole page.
pub fn whole(site: &Site, leaf: &Leaf) -> Markup {
    frame(&site.base, Some(site), leaf)
}

/// A page for whoever has not been let in: it says nothing of anybody.
pub fn bare(base: &Base, title: &str, words: &str) -> Markup {
    let main = html! {
        h1 class="govuk-heading-l" { (title) }
        p class="govuk-body" { (words) }
    };
    frame(base, None, &Leaf::new(title, "", main))
}

/// A page that says nothing of anybody, and has a form.
pub fn bare_form(base: &Base, leaf: &Leaf) -> Markup {
    frame(base, None, leaf)
}

/// A page of a child's own: nothing around it leads anywhere.
pub fn childs(base: &Base, text: TextSize, leaf: &Leaf) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en-GB" class={ "govuk-template" (text_class(text)) } {
            head {
                meta charset="utf-8";
                title { @if leaf.error { "Error: " } (leaf.title) " - My views" }
                meta name="viewport" content="width=device-width, initial-scale=1";
                link rel="icon" type="image/svg+xml" href=(assets::address(base, "icon.svg"));
                @for style in assets::STYLES { link rel="stylesheet" href=(assets::address(base, style)); }
                link rel="stylesheet" href=(assets::address(base, "child.css"));
                script src=(assets::address(base, "child.js")) defer {}
            }
            body class="govuk-template__body pep-child" {
                a class="govuk-skip-link" href="#main-content" { "Skip to main content" }
                div class="govuk-width-container" {
                    main class="govuk-main-wrapper" id="main-content" { (leaf.main) }
                }
            }
        }
    }
}

/// The way out of the child's own pages, for the grown-up.
pub fn way_out(base: &Base) -> Markup {
    html! { p class="pep-child-out" { a class="govuk-link pep-child-link" href=(base.to(LEAVE)) { "For the grown-up: end these pages" } } }
}

fn frame(base: &Base, site: Option<&Site>, leaf: &Leaf) -> Markup {
    let council = site.map_or("", |site| site.council.as_str());
    html! {
        (DOCTYPE)
        html lang="en-GB" class={ "govuk-template" (site.map_or("", |site| text_class(site.settings.text))) }
            data-back=[site.and_then(|site| site.pass.as_ref())]
            data-line=[site.map(|_| base.to(LINE))] data-unlock=[site.map(|_| base.to(UNLOCK))] data-return=[site.map(|_| base.to(RETURN))] {
            head {
                meta charset="utf-8";
                title {
                    @if leaf.error { "Error: " }
                    (leaf.title) " - " (SERVICE)
                    @if !council.is_empty() { " - " (council) }
                }
                meta name="viewport" content="width=device-width, initial-scale=1";
                link rel="icon" type="image/svg+xml" href=(assets::address(base, "icon.svg"));
                @for style in assets::STYLES { link rel="stylesheet" href=(assets::address(base, style)); }
                noscript { link rel="stylesheet" href=(assets::address(base, "noscript.css")); }
                @if let Some(site) = site {
                    link rel="stylesheet" href=(assets::colour_address(base, &site.colour));
                    script src=(assets::address(base, "app.js")) defer {}
                }
            }
            @if leaf.wall { body class="govuk-template__body pep-wall" { main class="pep-wall__main" id="main-content" { (leaf.main) } } }
            @else { body class="govuk-template__body"
                data-pause=[site.filter(|site| site.settings.pause).map(|_| "on")] {
                a class="govuk-skip-link" href="#main-content" { "Skip to main content" }
                header class="pep-header" {
                    div class="govuk-width-container" { span class="pep-header__name" {
                        @if council.is_empty() { (SERVICE) } @else { (council) }
                    } }
                }
                @if let Some(site) = site {
                    (navigation(base, leaf.nav, leaf.ways))
                    (sync_state(site, leaf.ways))
                }
                div class="govuk-width-container" {
                    @if let Some(way) = &leaf.way_back {
                        nav class="pep-back" aria-label="Back" { (way) }
                    } @else if let Some((href, words)) = leaf.back.as_ref().filter(|_| leaf.ways) {
                        nav class="pep-back" aria-label="Back" {
                            (around_way("govuk-back-link", base, base.below(href).unwrap_or("/"), false, true, &html! { (words) }))
                        }
                    } @else if let Some((href, words)) = &leaf.back {
                        nav aria-label="Back" { a class="govuk-back-link" href=(href) { (words) } }
                    }
                    @if site.is_some_and(|site| site.demo) { (hint(leaf.hint)) }
                    main class="govuk-main-wrapper" id="main-content" { (leaf.main) }
                }
                @if site.is_some() { (footer(base, leaf.ways)) }
            } }
        }
    }
}

/// The class, after others, that makes all text of a page larger.
fn text_class(text: TextSize) -> &'static str {
    match text {
        TextSize::Usual => "",
        TextSize::Large => " pep-text-large",
        TextSize::Larger => " pep-text-larger",
    }
}

/// What to try on a page of the demonstration.
fn hint(words: &str) -> Markup {
    html! {
        aside class="pep-tip" aria-label="Demonstration" {
            p class="govuk-body-s" { strong { "Demonstration: everybody here is invented." } @if !words.is_empty() { " Try: " (words) } }
        }
    }
}

/// A link of every page. `off`: a form stands on the page, and where no script runs it is a button of that form, so that nothing that
/// was entered is lost.
fn around_way(class: &str, base: &Base, href: &str, here: bool, off: bool, inside: &Markup) -> Markup {
    html! {
        a class=(class) href=(base.to(href)) aria-current=[here.then_some("true")] data-way[off] { (inside) }
        @if off { noscript { (around_button(href, inside)) } }
    }
}

fn around_button(href: &str, inside: &Markup) -> Markup {
    html! { button type="submit" class="pep-way-button" form=(FORM) name=(GO) value={ (ELSEWHERE) (href) } { (inside) } }
}

fn navigation(base: &Base, on: &str, off: bool) -> Markup {
    html! {
        section class="govuk-service-navigation" aria-label="Service information" {
            div class="govuk-width-container" {
                div class="govuk-service-navigation__container" {
                    span class="govuk-service-navigation__service-name" {
                        (around_way("govuk-service-navigation__link", base, "/", false, off, &html! { (SERVICE) }))
                    }
                    nav class="govuk-service-navigation__wrapper" aria-label="Menu" {
                        ul class="govuk-service-navigation__list" {
                            @for (href, words) in NAV {
                                @let here = on == words;
                                li class=(either(here, "govuk-service-navigation__item govuk-service-navigation__item--active", "govuk-service-navigation__item")) {
                                    @let inside = html! {
                                        @if here { strong class="govuk-service-navigation__active-fallback" { (words) } } @else { (words) }
                                    };
                                    (around_way("govuk-service-navigation__link", base, href, here, off, &inside))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn sync_state(site: &Site, off: bool) -> Markup {
    html! {
        section class={ "pep-sync" @if off { " pep-sync--off" } } aria-label="Saved and shared" {
            div class="govuk-width-container" {
                (around(site).show(AROUND))
                @if off { noscript { (around_button("/sync", &html! { "About sharing" })) } }
            }
        }
        // The one place that speaks up by itself, a short sentence now and then.
        p class="govuk-visually-hidden" id="said" role="status" {}
    }
}

/// Under which id it stands.
const AROUND: &str = "sync";

/// What stays up to date around every page.
pub fn around(site: &Site) -> Regions {
    let about = if site.drafts > 0 { "Look at it" } else { "About sharing" };
    let words = html! {
        p class="govuk-body-s pep-sync__words" {
            (site.sync_words()) " "
            (link(&site.href("/sync"), about))
        }
    };
    Regions::default().with(AROUND, words)
}

fn footer(base: &Base, off: bool) -> Markup {
    html! {
        footer class="govuk-footer" {
            div class="govuk-width-container" {
                h2 class="govuk-visually-hidden" { "Support links" }
                ul class="govuk-footer__inline-list" {
                    @for (href, words) in FOOTER {
                        li class="govuk-footer__inline-list-item" { (around_way("govuk-footer__link", base, href, false, off, &html! { (words) })) }
                    }
                }
            }
        }
    }
}

/// A status, coloured. `colour` is one of GOV.UK's tag colours.
pub fn tag(colour: &str, words: &str) -> Markup {
    html! { strong class={ "govuk-tag govuk-tag--" (colour) } { (words) } }
}

/// One line of a task list.
pub struct Task {
    /// Where it leads; `None`: it cannot be opened yet.
    pub href: Option<String>,
    /// What it is.
    pub title: String,
    /// What is said beneath.
    pub hint: String,
    /// How far it is.
    pub status: Markup,
}

/// Tasks. `name` tells this list's ids from another's on the same page.
pub fn tasks(name: &str, list: &[Task]) -> Markup {
    html! {
        ul class="govuk-task-list" {
            @for (i, task) in list.iter().enumerate() {
                @let id = format!("{name}-{i}");
                li class=(either(task.href.is_some(), "govuk-task-list__item govuk-task-list__item--with-link", "govuk-task-list__item")) {
                    div class="govuk-task-list__name-and-hint" {
                        @match &task.href {
                            Some(href) => a class="govuk-link govuk-task-list__link" href=(href) aria-describedby={ (id) "-status" } { (task.title) },
                            None => div { (task.title) },
                        }
                        @if !task.hint.is_empty() { div class="govuk-task-list__hint" { (task.hint) } }
                    }
                    div class="govuk-task-list__status" id={ (id) "-status" } { (task.status) }
                }
            }
        }
    }
}

/// A list of facts: key and value.
pub fn summary(facts: &[(String, Markup)]) -> Markup {
    html! {
        dl class="govuk-summary-list" {
            @for (key, value) in facts {
                div class="govuk-summary-list__row" {
                    dt class="govuk-summary-list__key" { (key) }
                    dd class="govuk-summary-list__value" { (value) }
                }
            }
        }
    }
}

/// What went wrong in a form: each with the id of the field it is about. It takes the focus, so that it is read first.
pub fn error_summary(errors: &[(String, String)]) -> Markup {
    html! {
        @if !errors.is_empty() {
            div class="govuk-error-summary" tabindex="-1" autofocus {
                div role="alert" {
                    h2 class="govuk-error-summary__title" { "There is a problem" }
                    div class="govuk-error-summary__body" {
                        ul class="govuk-list govuk-error-summary__list" {
                            @for (id, words) in errors {
                                li { @if id.is_empty() { (words) } @else { a href={ "#" (id) } { (words) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Something that happened, above the page's heading. It takes the focus, so that it is read first.
pub fn done(words: &str) -> Markup {
    html! {
        div class="govuk-notification-banner govuk-notification-banner--success" role="alert" aria-labelledby="done-title" tabindex="-1" autofocus {
            div class="govuk-notification-banner__header" { h2 class="govuk-notification-banner__title" id="done-title" { "Success" } }
            div class="govuk-notification-banner__content" { p class="govuk-notification-banner__heading" { (words) } }
        }
    }
}

/// Words set apart.
pub fn inset(words: Markup) -> Markup {
    html! { div class="govuk-inset-text" { (words) } }
}

/// Something that opens.
pub fn details(title: &str, open: bool, inside: Markup) -> Markup {
    details_of(title, "", open, inside)
}

/// Something that opens, one of several with the same title: `of` is what it is about, for screen readers.
pub fn details_of(title: &str, of: &str, open: bool, inside: Markup) -> Markup {
    html! {
        details class="govuk-details" open[open] {
            summary class="govuk-details__summary" {
                span class="govuk-details__summary-text" { (title) @if !of.is_empty() { span class="govuk-visually-hidden" { ": " (of) } } }
            }
            div class="govuk-details__text" { (inside) }
        }
    }
}

/// A button that sends its form.
pub fn button(words: &str) -> Markup {
    html! { button type="submit" class="govuk-button" { (words) } }
}

/// A quieter button that sends its form.
pub fn second_button(words: &str) -> Markup {
    html! { button type="submit" class="govuk-button govuk-button--secondary" { (words) } }
}

/// A button that takes something away.
pub fn warning_button(words: &str) -> Markup {
    html! { button type="submit" class="govuk-button govuk-button--warning" { (words) } }
}

/// A link.
pub fn link(href: &str, words: &str) -> Markup {
    html! { a class="govuk-link" href=(href) { (words) } }
}

/// The heading of the column in which a row is changed: it stays in sight however wide the table is.
pub const CHANGE: &str = "Change";

/// A table that scrolls by itself where it is too wide, and that a narrow screen shows row by row. `rows` hold one cell a heading; the first names the row. The caption is for
/// screen readers: a heading stands above every table.
pub fn table(caption: &str, headings: &[&str], rows: &[Vec<Markup>]) -> Markup {
    html! {
        div class="pep-scroll" tabindex="0" role="region" aria-label=(caption) {
            table class={ "govuk-table" @if headings.last() == Some(&CHANGE) { " pep-changes" } } {
                caption class="govuk-visually-hidden" { (caption) }
                thead class="govuk-table__head" { tr class="govuk-table__row" {
                    @for heading in headings { th class="govuk-table__header" scope="col" { (heading) } }
                } }
                tbody class="govuk-table__body" {
                    @for row in rows {
                        tr class="govuk-table__row" {
                            @for (i, cell) in row.iter().enumerate() {
                                @if i == 0 { th class="govuk-table__header" scope="row" { (cell) } }
                                @else { td class="govuk-table__cell" data-of=[headings.get(i)] { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Choices of which one is taken: value and words. `on` is the one that is chosen.
pub fn radios(name: &str, legend: &str, error: Option<&str>, choices: &[(String, String)], on: &str) -> Markup {
    let error_id = format!("{name}-error");
    html! {
        div class=(either(error.is_some(), "govuk-form-group govuk-form-group--error", "govuk-form-group")) data-field=(name) {
            fieldset class="govuk-fieldset" aria-describedby=[error.map(|_| &error_id)] {
                legend class="govuk-fieldset__legend govuk-fieldset__legend--m" { (legend) }
                @if let Some(words) = error {
                    p class="govuk-error-message" id=(error_id) { span class="govuk-visually-hidden" { "Error: " } (words) }
                }
                div class="govuk-radios" {
                    @for (i, (value, words)) in choices.iter().enumerate() {
                        // The first has the name for its id, so that an error leads to it.
                        @let id = if i == 0 { name.to_owned() } else { format!("{name}-{i}") };
                        div class="govuk-radios__item" {
                            input class="govuk-radios__input" id=(id) name=(name) type="radio" value=(value) checked[value == on];
                            label class="govuk-label govuk-radios__label" for=(id) { (words) }
                        }
                    }
                }
            }
        }
    }
}

/// One of a list, in little room: value and words. An empty first value stands for no choice yet.
pub fn select(name: &str, label: &str, error: Option<&str>, choices: &[(String, String)], on: &str) -> Markup {
    let error_id = format!("{name}-error");
    html! {
        div class=(either(error.is_some(), "govuk-form-group govuk-form-group--error", "govuk-form-group")) data-field=(name) {
            label class="govuk-label govuk-label--s" for=(name) { (label) }
            @if let Some(words) = error {
                p class="govuk-error-message" id=(error_id) { span class="govuk-visually-hidden" { "Error: " } (words) }
            }
            select class=(either(error.is_some(), "govuk-select govuk-select--error", "govuk-select")) id=(name) name=(name)
                autocomplete="off" aria-describedby=[error.map(|_| &error_id)] {
                @for (value, words) in choices { option value=(value) selected[value == on] { (words) } }
            }
        }
    }
}

/// Text as it was typed, its lines kept.
pub fn typed(text: &str) -> Markup {
    html! { span class="pep-typed" { (text) } }
}

/// One of two words.
pub fn either<'a>(first: bool, yes: &'a str, no: &'a str) -> &'a str {
    if first { yes } else { no }
}

/// With a capital letter.
pub fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A page's address, with the word that it says what was saved.
pub fn saved(home: &str) -> String {
    match home.split_once('#') {
        Some((page, place)) => format!("{page}?saved=1#{place}"),
        None => format!("{home}?saved=1"),
    }
}
