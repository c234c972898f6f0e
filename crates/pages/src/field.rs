//! One thing that a form asks: from a question, a column or a field of a target to an input, and from what was sent back to a
//! value. Knows every kind of answer and no question by name.

use std::collections::BTreeSet;

use maud::{Markup, html};
use plan::{CELL_MAX, Choice, Column, Kind, NoAnswer, PICTURE_BYTES_MAX, Question, Refused, Value, parse_value};

use super::{kit::either, request::Pairs};
use participant::words;

/// Behind an open list's choices: something that is not on it.
const OTHER: &str = "~other";
/// The day of birth.
const BORN: &str = "child.dob";
/// What an open list calls what is not on it; where it is a choice by itself, the two are one.
const ELSE: &str = "other";
/// Takes an answer away where a button once chosen cannot be unchosen.
const NONE: &str = "~none";

/// What is asked.
#[derive(Clone)]
pub struct Ask {
    /// The name and the id of the input: the question's id, or the column's.
    pub name: String,
    /// The place as `plan::parse_value` knows it.
    pub place: String,
    /// The words of the question.
    pub label: String,
    /// Help beneath; may be empty.
    pub hint: String,
    /// What kind of answer.
    pub kind: Kind,
    /// The choices.
    pub options: &'static [Choice],
    /// Whether something that is not on the list may be entered.
    pub open: bool,
    /// Whether it says of itself that it need not be answered.
    pub optional: bool,
}

/// What stands in an input.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fill {
    /// The text, the number, or the word chosen.
    pub text: String,
    /// What was entered beside an open list.
    pub other: String,
    /// Day, month and year.
    pub day: [String; 3],
    /// The choices ticked.
    pub words: BTreeSet<String>,
}

impl Ask {
    /// What a question asks.
    pub fn question(question: &'static Question) -> Ask {
        Ask {
            name: question.id.clone(),
            place: question.id.clone(),
            label: question.label.clone(),
            hint: question.help.clone(),
            kind: question.kind,
            options: &question.options,
            open: question.open,
            optional: !question.mandatory && !question.computed,
        }
    }

    /// What a column asks, of the table `table` (`attendance.terms`, `targets.list/funds`) or of a target (`targets.list`).
    pub fn column(table: &str, column: &'static Column) -> Ask {
        Ask {
            name: column.id.clone(),
            place: format!("{table}/{}", column.id),
            label: column.label.clone(),
            hint: String::new(),
            kind: column.kind,
            options: &column.options,
            open: column.open,
            optional: false,
        }
    }

    /// Whether it is text that merges letter by letter, not a value.
    pub fn is_text(&self) -> bool {
        self.kind == Kind::LongText
    }

    /// The input as it stands for a value.
    pub fn fill(&self, value: Option<&Value>) -> Fill {
        let mut fill = Fill::default();
        match value {
            None => {}
            Some(Value::Date(day)) => {
                fill.day = [day.format("%-d").to_string(), day.format("%-m").to_string(), day.format("%Y").to_string()];
            }
            Some(Value::Set(words)) => fill.words = words.clone(),
            Some(Value::Choice(word)) if self.open && word == ELSE && self.is_listed(ELSE) => {
                fill.text = OTHER.to_owned()
            }
            Some(Value::Choice(word)) if self.is_listed(word) || self.options.is_empty() => fill.text = word.clone(),
            Some(Value::Choice(word)) => (fill.text, fill.other) = (OTHER.to_owned(), word.clone()),
            Some(value) => fill.text = value.to_string(),
        }
        fill
    }

    /// The input as it stands for a text.
    pub fn fill_text(&self, text: &str) -> Fill {
        Fill { text: text.to_owned(), ..Fill::default() }
    }

    /// What a form says; `None` where it does not say anything of this.
    pub fn sent(&self, form: &Pairs) -> Option<Fill> {
        let part = |part: &str| form.get(&format!("{}-{part}", self.name)).map(|text| text.trim().to_owned());
        match self.kind {
            Kind::Date => {
                let day = [part("day")?, part("month")?, part("year")?];
                Some(Fill { day, ..Fill::default() })
            }
            Kind::MultiChoice => {
                form.get(&self.name)?;
                let words = form.all(&self.name).filter(|word| !word.is_empty()).map(str::to_owned).collect();
                Some(Fill { words, ..Fill::default() })
            }
            Kind::Choice | Kind::YesNo => {
                let text = form.get(&self.name)?;
                let text = if text == NONE { String::new() } else { text.to_owned() };
                let other = if text == OTHER { part("other").unwrap_or_default() } else { String::new() };
                Some(Fill { text, other, ..Fill::default() })
            }
            Kind::Text | Kind::LongText => Some(self.fill_text(form.get(&self.name)?)),
            Kind::Number | Kind::Money | Kind::Person | Kind::Attachment => {
                Some(self.fill_text(form.get(&self.name)?.trim()))
            }
            // A form without script that is not made for it sends no files.
            Kind::Table | Kind::TargetList | Kind::Picture => None,
        }
    }

    /// The value in an input, or what is wrong with it, in words.
    pub fn read(&self, fill: &Fill) -> Result<Option<Value>, String> {
        let text = match self.kind {
            Kind::Date if fill.day.iter().all(String::is_empty) => return Ok(None),
            Kind::Date => {
                let [day, month, year] = &fill.day;
                let missing: Vec<&str> = [(day, "a day"), (month, "a month"), (year, "a year")]
                    .iter()
                    .filter(|(part, _)| part.is_empty())
                    .map(|(_, name)| *name)
                    .collect();
                if !missing.is_empty() {
                    return Err(format!("“{}” must include {}", self.label, missing.join(" and ")));
                }
                format!("{year:0>4}-{month:0>2}-{day:0>2}")
            }
            Kind::MultiChoice => return Ok(Some(Value::Set(fill.words.clone()))),
            Kind::Choice if fill.text == OTHER => {
                if fill.other.is_empty() && self.is_listed(ELSE) {
                    return self.checked(Value::Choice(ELSE.to_owned()));
                }
                if fill.other.is_empty() {
                    return Err(format!("Enter the answer to “{}”, or choose one from the list", self.label));
                }
                return self.checked(Value::Choice(fill.other.clone()));
            }
            Kind::Choice if !fill.text.is_empty() => return self.checked(Value::Choice(fill.text.clone())),
            _ => fill.text.clone(),
        };
        if text.is_empty() && !matches!(self.kind, Kind::Text | Kind::LongText) {
            return Ok(None);
        }
        parse_value(&self.place, &text).map(Some).map_err(|refused| self.says(&refused))
    }

    /// Why the plan did not take a value, in the words of this field.
    pub fn says(&self, refused: &Refused) -> String {
        let label = &self.label;
        match refused {
            Refused::TooLong { limit, .. } => format!("“{label}” must be {limit} characters or fewer"),
            Refused::BadValue { .. } => match self.kind {
                Kind::Date => format!("“{label}” must be a real date, for example 4 6 2026"),
                Kind::Number => format!("“{label}” must be a number, for example 14 or 23.5"),
                Kind::Money => format!("“{label}” must be an amount of money, for example 520, 38.50 or 1,250"),
                Kind::YesNo => format!("Choose yes or no for “{label}”"),
                Kind::Choice | Kind::MultiChoice => format!("Choose an answer from the list for “{label}”"),
                Kind::Picture => {
                    format!("“{label}” must be a JPEG, PNG or WebP picture of at most {} kB", PICTURE_BYTES_MAX / 1000)
                }
                Kind::Text | Kind::LongText | Kind::Person | Kind::Attachment | Kind::Table | Kind::TargetList => {
                    format!("“{label}” must be on one line")
                }
            },
            other => other.to_string(),
        }
    }

    /// A value as people read it.
    pub fn shown(&self, value: &Value) -> String {
        let label = |word: &str| {
            self.options
                .iter()
                .find(|choice| choice.value == word)
                .map_or(word, |choice| choice.label.as_str())
                .to_owned()
        };
        match value {
            Value::Choice(word) => label(word),
            Value::Date(day) => words::date(*day),
            Value::Money(pence) => words::pounds(*pence),
            Value::Set(words) => words.iter().map(|word| label(word)).collect::<Vec<_>>().join(", "),
            Value::YesNo(yes) => either(*yes, "Yes", "No").to_owned(),
            Value::Text(_) | Value::Number(_) | Value::Picture(_) => value.to_string(),
        }
    }

    /// The id of what an error about it leads to.
    pub fn target(&self) -> String {
        if self.kind == Kind::Date { format!("{}-day", self.name) } else { self.name.clone() }
    }

    /// The input. `beside` stands between the hint and the input.
    pub fn input(&self, fill: &Fill, error: Option<&str>, beside: &Markup) -> Markup {
        let name = self.name.as_str();
        let (hint_id, error_id) = (format!("{name}-hint"), format!("{name}-error"));
        let hint = self.hint();
        let mut described: Vec<&str> = Vec::new();
        if !hint.is_empty() {
            described.push(&hint_id);
        }
        if error.is_some() {
            described.push(&error_id);
        }
        let described = (!described.is_empty()).then(|| described.join(" "));
        let about = html! {
            @if !hint.is_empty() { div class="govuk-hint" id=(hint_id) { (hint) } }
            (beside)
            @if let Some(words) = error {
                p class="govuk-error-message" id=(error_id) { span class="govuk-visually-hidden" { "Error: " } (words) }
            }
        };
        let grouped = match self.kind {
            Kind::Date | Kind::YesNo | Kind::MultiChoice => true,
            Kind::Choice => !self.options.is_empty(),
            _ => false,
        };
        html! {
            div class=(either(error.is_some(), "govuk-form-group govuk-form-group--error", "govuk-form-group")) data-field=(name) {
                @if grouped {
                    fieldset class="govuk-fieldset" aria-describedby=[&described] role=[(self.kind == Kind::Date).then_some("group")] {
                        legend class="govuk-fieldset__legend govuk-fieldset__legend--s" { (self.title()) }
                        (about)
                        @match self.kind {
                            Kind::Date => (self.date(fill, error.is_some())),
                            Kind::YesNo => (self.radios(fill, &[("yes", "Yes"), ("no", "No")], true)),
                            Kind::MultiChoice => (self.boxes(fill)),
                            _ => (self.radios(fill, &self.choices(), false)),
                        }
                    }
                } @else {
                    label class="govuk-label govuk-label--s" for=(name) { (self.title()) }
                    (about)
                    @if self.kind == Kind::LongText || fill.text.contains('\n') {
                        textarea class=(either(error.is_some(), "govuk-textarea govuk-textarea--error", "govuk-textarea")) id=(name) name=(name)
                            rows=(rows(&fill.text)) spellcheck="true" autocomplete="off" aria-describedby=[&described] { "\n" (fill.text) }
                    } @else if self.kind == Kind::Money {
                        div class="govuk-input__wrapper" {
                            div class="govuk-input__prefix" aria-hidden="true" { "£" }
                            (self.line(fill, error.is_some(), described.as_deref()))
                        }
                    } @else {
                        (self.line(fill, error.is_some(), described.as_deref()))
                    }
                }
            }
        }
    }

    /// What it asks, and that it need not be answered where that is so.
    fn title(&self) -> String {
        if self.optional { format!("{} (optional)", self.label) } else { self.label.clone() }
    }

    fn hint(&self) -> String {
        let example = match self.kind {
            // A day of birth is of another year than any other.
            Kind::Date if self.place == BORN => "For example, 27 3 2010",
            Kind::Date => "For example, 4 6 2026",
            _ => "",
        };
        [self.hint.as_str(), example].iter().filter(|words| !words.is_empty()).copied().collect::<Vec<_>>().join(" ")
    }

    fn choices(&self) -> Vec<(&str, &str)> {
        // Of an open list “Other” has the words beside it, and stands there once.
        let listed = self.options.iter().filter(|choice| !self.open || choice.value != ELSE);
        listed.map(|choice| (choice.value.as_str(), choice.label.as_str())).collect()
    }

    /// What is not on the list, as the list calls it.
    fn else_label(&self) -> &str {
        self.options.iter().find(|choice| choice.value == ELSE).map_or("Something else", |choice| choice.label.as_str())
    }

    fn is_listed(&self, word: &str) -> bool {
        self.options.iter().any(|choice| choice.value == word)
    }

    fn checked(&self, value: Value) -> Result<Option<Value>, String> {
        // Through the same door as words from the command line: what is no choice, or too long, is refused there.
        parse_value(&self.place, &value.to_string()).map(Some).map_err(|refused| self.says(&refused))
    }

    fn line(&self, fill: &Fill, wrong: bool, described: Option<&str>) -> Markup {
        let width = match self.kind {
            Kind::Number => " govuk-input--width-5",
            Kind::Money => " govuk-input--width-5",
            _ => "",
        };
        let numeric = matches!(self.kind, Kind::Number | Kind::Money);
        html! {
            input class={ "govuk-input" (width) (either(wrong, " govuk-input--error", "")) } id=(self.name) name=(self.name) type="text"
                value=(fill.text) autocomplete="off" inputmode=[numeric.then_some("decimal")] spellcheck=[numeric.then_some("false")]
                aria-describedby=[described];
        }
    }

    fn date(&self, fill: &Fill, wrong: bool) -> Markup {
        let parts = ["day", "month", "year"];
        html! {
            div class="govuk-date-input" {
                @for ((part, heading), value) in parts.iter().zip(["Day", "Month", "Year"]).zip(&fill.day) {
                    @let id = format!("{}-{part}", self.name);
                    div class="govuk-date-input__item" {
                        div class="govuk-form-group" {
                            label class="govuk-label govuk-date-input__label" for=(id) { (heading) }
                            input class={ "govuk-input govuk-date-input__input govuk-input--width-" (either(*part == "year", "4", "2")) (either(wrong, " govuk-input--error", "")) }
                                id=(id) name=(id) type="text" inputmode="numeric" autocomplete="off" value=(value);
                        }
                    }
                }
            }
        }
    }

    fn radios(&self, fill: &Fill, choices: &[(&str, &str)], inline: bool) -> Markup {
        let short = inline || (choices.len() == 2 && choices.iter().all(|(_, label)| label.len() <= 12));
        let other = !fill.other.is_empty() || fill.text == OTHER;
        // Words that are not on a closed list, from a program that knew another: shown, so that they are not lost unseen.
        let stray = !fill.text.is_empty() && !other && !choices.iter().any(|(value, _)| *value == fill.text);
        html! {
            div class=(either(short, "govuk-radios govuk-radios--inline", "govuk-radios")) {
                @for (i, (value, label)) in choices.iter().enumerate() {
                    (self.radio(i, value, label, fill.text == *value))
                }
                @if stray { (self.radio(choices.len(), &fill.text, &fill.text, true)) }
                @if self.open {
                    (self.radio(choices.len() + 1, OTHER, self.else_label(), other))
                    div class="govuk-radios__conditional" {
                        div class="govuk-form-group" {
                            label class="govuk-label" for={ (self.name) "-other" } { (self.else_label()) ": what it is" span class="govuk-visually-hidden" { ", for: " (self.label) } }
                            input class="govuk-input govuk-!-width-one-half" type="text" autocomplete="off" id={ (self.name) "-other" } name={ (self.name) "-other" } value=(fill.other);
                        }
                    }
                }
                @if !fill.text.is_empty() {
                    @if !short { div class="govuk-radios__divider" { "or" } }
                    (self.radio(choices.len() + 2, NONE, "No answer yet", false))
                }
            }
        }
    }

    fn radio(&self, i: usize, value: &str, label: &str, on: bool) -> Markup {
        let id = if i == 0 { self.name.clone() } else { format!("{}-{i}", self.name) };
        html! {
            div class="govuk-radios__item" {
                input class="govuk-radios__input" type="radio" id=(id) name=(self.name) value=(value) checked[on] autocomplete="off";
                label class="govuk-label govuk-radios__label" for=(id) { (label) }
            }
        }
    }

    fn boxes(&self, fill: &Fill) -> Markup {
        let strays = fill.words.iter().filter(|word| !self.is_listed(word)).map(|word| (word.as_str(), word.as_str()));
        html! {
            // So that a form with nothing ticked says so.
            input type="hidden" name=(self.name) value="";
            div class="govuk-checkboxes" {
                @for (i, (value, label)) in self.choices().into_iter().chain(strays).enumerate() {
                    @let id = if i == 0 { self.name.clone() } else { format!("{}-{i}", self.name) };
                    div class="govuk-checkboxes__item" {
                        input class="govuk-checkboxes__input" type="checkbox" id=(id) name=(self.name) value=(value) checked[fill.words.contains(value)] autocomplete="off";
                        label class="govuk-label govuk-checkboxes__label" for=(id) { (label) }
                    }
                }
            }
        }
    }
}

/// Why a question has no answer, as a form asks it: the word and the reason.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Excused {
    /// The word; empty where there is an answer, or none yet.
    pub why: String,
    /// The reason.
    pub reason: String,
}

impl Excused {
    /// As people said it.
    pub fn of(excuse: Option<&plan::Excuse>) -> Excused {
        excuse.map_or_else(Excused::default, |said| Excused { why: said.why.to_string(), reason: said.reason.clone() })
    }

    /// As a form says it; `None` where it does not ask.
    pub fn sent(name: &str, form: &Pairs) -> Option<Excused> {
        let why = form.get(&format!("{name}~why"))?;
        let why = if why == NONE { "" } else { why };
        let reason = form.get(&format!("{name}~reason")).unwrap_or_default().trim();
        let reason = if matches!(why, "" | "nothing-to-record") { "" } else { reason };
        Some(Excused { why: why.to_owned(), reason: reason.to_owned() })
    }

    /// As the plan takes it, or what is wrong, in words.
    pub fn read(&self, label: &str) -> Result<Option<(NoAnswer, String)>, String> {
        match self.why.parse::<NoAnswer>() {
            Err(_) => Ok(None),
            Ok(NoAnswer::NotKnown | NoAnswer::NotApplicable) if self.reason.is_empty() => {
                Err(format!("Enter the reason why there is no answer to “{label}”"))
            }
            Ok(_) if self.reason.encode_utf16().count() > CELL_MAX => {
                Err(format!("The reason must be {CELL_MAX} characters or fewer"))
            }
            Ok(why) => Ok(Some((why, self.reason.clone()))),
        }
    }

    /// The input, folded away where nothing is said.
    pub fn input(&self, question: &Question, error: bool) -> Markup {
        let name = question.id.as_str();
        let table = matches!(question.kind, Kind::Table | Kind::TargetList);
        // What every child has, such as a name, applies to this one.
        let applies = question.is_asked_of_every_child() && matches!(question.kind, Kind::Text | Kind::Date);
        let reasons = NoAnswer::ALL.iter().filter(|why| {
            self.why == why.to_string()
                || ((table || **why != NoAnswer::NothingToRecord) && (!applies || **why != NoAnswer::NotApplicable))
        });
        let inside = html! {
            fieldset class="govuk-fieldset" {
                legend class="govuk-fieldset__legend" { "Why there is no answer" span class="govuk-visually-hidden" { " to: " (question.label) } }
                div class="govuk-radios govuk-radios--small" {
                    @for why in reasons {
                        @let id = format!("{name}~{why}");
                        div class="govuk-radios__item" {
                            input class="govuk-radios__input" type="radio" id=(id) name={ (name) "~why" } value=(why) checked[self.why == why.to_string()] autocomplete="off";
                            label class="govuk-label govuk-radios__label" for=(id) { (why.label()) }
                        }
                    }
                    div class="govuk-radios__item" {
                        input class="govuk-radios__input" type="radio" id={ (name) "~none" } name={ (name) "~why" } value=(NONE) checked[self.why.is_empty()] autocomplete="off";
                        label class="govuk-label govuk-radios__label" for={ (name) "~none" } { "There is an answer, or it will come" }
                    }
                }
            }
            div class=(either(error, "govuk-form-group govuk-form-group--error", "govuk-form-group")) {
                label class="govuk-label" for={ (name) "~reason" } { "The reason, in a few words" span class="govuk-visually-hidden" { ", for: " (question.label) } }
                input class="govuk-input" type="text" id={ (name) "~reason" } name={ (name) "~reason" } value=(self.reason) autocomplete="off";
            }
        };
        let inside = html! { div data-field={ (name) "~why" } { (inside) } };
        super::kit::details("Say why there is no answer", !self.why.is_empty(), inside)
    }
}

/// Lines of a box, so that a text is seen whole up to a point.
fn rows(text: &str) -> usize {
    let lines: usize = text.lines().map(|line| 1 + line.chars().count() / 70).sum();
    (lines + 1).clamp(4, 16)
}

#[cfg(test)]
mod tests {
    use plan::bank;

    use super::*;

    fn ask(id: &str) -> Ask {
        Ask::question(bank().question(id).unwrap())
    }

    fn sent(id: &str, form: &str) -> Result<Option<String>, String> {
        let ask = ask(id);
        let fill = ask.sent(&Pairs::read(form.as_bytes())).unwrap_or_default();
        ask.read(&fill).map(|value| value.map(|value| ask.shown(&value)))
    }

    #[test]
    fn a_date_is_read_from_three_inputs_and_what_is_missing_is_named() {
        let date = |d, m, y| sent("child.dob", &format!("child.dob-day={d}&child.dob-month={m}&child.dob-year={y}"));
        assert_eq!(date("2", "11", "2010"), Ok(Some("2 November 2010".into())));
        assert_eq!(date("02", "1", "2010"), Ok(Some("2 January 2010".into())));
        assert_eq!(date("", "", ""), Ok(None));
        assert_eq!(date("2", "", ""), Err("“Date of birth” must include a month and a year".into()));
        assert!(date("31", "2", "2010").is_err_and(|words| words.contains("a real date")));
        assert!(date("2", "11", "10").is_err() && date("x", "y", "z").is_err());
    }

    #[test]
    fn what_stands_in_an_input_is_what_it_is_read_as_for_every_question_of_the_bank() {
        for question in bank().questions() {
            let ask = Ask::question(question);
            let value = match question.kind {
                Kind::Table | Kind::TargetList | Kind::Picture => continue,
                Kind::Text | Kind::LongText | Kind::Person | Kind::Attachment => Value::Text("Mr O’Neil & co".into()),
                Kind::Date => parse_value(&question.id, "2026-06-04").unwrap(),
                Kind::Choice => match question.options.first() {
                    Some(choice) => Value::Choice(choice.value.clone()),
                    None => Value::Choice("Anything".into()),
                },
                Kind::MultiChoice => Value::Set(question.options.iter().map(|c| c.value.clone()).collect()),
                Kind::Number => parse_value(&question.id, "23.5").unwrap(),
                Kind::Money => Value::Money(52_050),
                Kind::YesNo => Value::YesNo(false),
            };
            assert!(ask.read(&ask.fill(Some(&value))) == Ok(Some(value)), "{}", question.id);
            if question.open && question.options.iter().any(|choice| choice.value == ELSE) {
                let html = ask.input(&ask.fill(None), None, &html! {}).into_string();
                assert!(!html.contains("Something else") && html.matches(">Other</label>").count() == 1, "{html}");
                let unsaid = Value::Choice(ELSE.into());
                assert!(ask.read(&ask.fill(Some(&unsaid))) == Ok(Some(unsaid)), "{}", question.id);
            }
            if question.open {
                let other = Value::Choice("Not on the list".into());
                assert!(ask.read(&ask.fill(Some(&other))) == Ok(Some(other)), "{}", question.id);
            }
        }
    }

    #[test]
    fn errors_say_what_to_do_in_the_words_of_the_question() {
        let words = sent("setting.hoursOffered", "setting.hoursOffered=lots").unwrap_err();
        assert!(words.contains("must be a number, for example 14 or 23.5"), "{words}");
        let words = sent("child.sex", "child.sex=~other&child.sex-other=").unwrap_err();
        assert!(words.starts_with("Enter the answer to “Sex”"), "{words}");
        for words in [words, sent("care.legalStatus", "care.legalStatus=nonsense").unwrap_err()] {
            assert!(!words.contains("care.") && !words.to_lowercase().contains("please"), "{words}");
        }
    }
}
