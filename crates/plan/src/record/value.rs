//! Values: what one answer or one cell can be, how people write it and how a document keeps it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use automerge::ScalarValue;
use chrono::{Datelike, NaiveDate};

use crate::bank::{Choice, Column, Kind, Question, bank};
use crate::picture::{PICTURE_BYTES_MAX, Picture};
use crate::refused::Refused;

/// Longest text answer, in UTF-16 units: some sixty printed pages, far beyond any form, small enough to merge at once.
pub const TEXT_MAX: usize = 200_000;
/// Longest cell of a table, in UTF-16 units. Keeps one operation well under what the gate admits (64 KiB).
pub const CELL_MAX: usize = 4_000;
/// Longest name, file name or free choice, in UTF-16 units.
pub const LINE_MAX: usize = 200;
/// Largest amount in pence: ten million pounds, beyond any plan, far from overflow when summed.
pub const PENCE_MAX: i64 = 1_000_000_000;

/// Hides content from `Debug`, so that nothing anybody wrote can reach a log by way of a type that holds it.
macro_rules! withhold {
    ($($name:ty),+ $(,)?) => {
        $(impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        })+
    };
}
pub(crate) use withhold;

/// One value. Text that merges by character, rows and targets are not values: they have edits of their own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Text, a person's name or the name of an attachment.
    Text(String),
    /// One choice: its word, or free text where the list is open.
    Choice(String),
    /// A day.
    Date(NaiveDate),
    /// A number.
    Number(Number),
    /// Pence.
    Money(i64),
    /// Yes or no.
    YesNo(bool),
    /// Any of a list.
    Set(BTreeSet<String>),
    /// A picture.
    Picture(Picture),
}

withhold!(Value);

/// A number with at most two decimals, kept in hundredths so that equal numbers are equal on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(i64);

impl Number {
    /// From hundredths: 2350 is 23.5.
    pub fn from_hundredths(hundredths: i64) -> Number {
        Number(hundredths)
    }

    /// In hundredths.
    pub fn hundredths(self) -> i64 {
        self.0
    }

    /// Reads `23.5` or `14`: not negative, at most two decimals, below a million.
    pub fn parse(text: &str) -> Option<Number> {
        let (whole, part) = text.split_once('.').unwrap_or((text, "00"));
        let digits =
            |text: &str, longest| (1..=longest).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole, 6) || !digits(part, 2) {
            return None;
        }
        let part = if part.len() == 1 { format!("{part}0") } else { part.to_owned() };
        Some(Number(whole.parse::<i64>().ok()? * 100 + part.parse::<i64>().ok()?))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, size) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        match (size / 100, size % 100) {
            (whole, 0) => write!(f, "{sign}{whole}"),
            (whole, part) if part % 10 == 0 => write!(f, "{sign}{whole}.{}", part / 10),
            (whole, part) => write!(f, "{sign}{whole}.{part:02}"),
        }
    }
}

/// As people write it, and as `parse_value` reads it again: `yes`, `2026-06-04`, `520.00`, the word of a choice. A picture alone is
/// only named: `a picture, 31 kB`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Text(text) | Value::Choice(text) => f.write_str(text),
            Value::Date(day) => write!(f, "{day}"),
            Value::Number(number) => write!(f, "{number}"),
            Value::Money(pence) => {
                let sign = if *pence < 0 { "-" } else { "" };
                write!(f, "{sign}{}.{:02}", pence.unsigned_abs() / 100, pence.unsigned_abs() % 100)
            }
            Value::YesNo(yes) => f.write_str(if *yes { "yes" } else { "no" }),
            Value::Set(words) => f.write_str(&words.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
            Value::Picture(picture) => write!(f, "{picture}"),
        }
    }
}

impl Value {
    /// As `--json` shows it: yes/no as true and false, numbers as numbers, sets as lists, a picture as `{"mediaType", "bytes",
    /// "base64"}`, everything else as the text that `parse_value` reads (money as `"520.00"`).
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::YesNo(yes) => (*yes).into(),
            Value::Number(Number(hundredths)) if hundredths % 100 == 0 => (hundredths / 100).into(),
            Value::Number(Number(hundredths)) => (*hundredths as f64 / 100.0).into(),
            Value::Set(words) => words.iter().cloned().collect(),
            Value::Picture(picture) => picture.to_json(),
            Value::Text(_) | Value::Choice(_) | Value::Date(_) | Value::Money(_) => self.to_string().into(),
        }
    }

    /// As a document keeps it: a set as its words, a line each. In documents of schema 1 a set is a map, and no scalar.
    pub(crate) fn scalar(&self) -> ScalarValue {
        match self {
            Value::Text(text) | Value::Choice(text) => ScalarValue::Str(text.as_str().into()),
            Value::Date(_) => ScalarValue::Str(self.to_string().into()),
            Value::Set(words) => {
                ScalarValue::Str(words.iter().map(String::as_str).collect::<Vec<_>>().join("\n").into())
            }
            Value::Number(Number(hundredths)) if hundredths % 100 == 0 => ScalarValue::Int(hundredths / 100),
            Value::Number(Number(hundredths)) => ScalarValue::F64(*hundredths as f64 / 100.0),
            Value::Money(pence) => ScalarValue::Int(*pence),
            Value::YesNo(yes) => ScalarValue::Boolean(*yes),
            Value::Picture(picture) => ScalarValue::Str(picture.base64().into()),
        }
    }

    /// From a document. Words where something else should be are shown as they are, save where a picture should be; anything else
    /// that does not fit is nothing.
    pub(crate) fn read(kind: Kind, scalar: &ScalarValue) -> Option<Value> {
        let whole = |int: i64| int.checked_mul(100).map(|hundredths| Value::Number(Number(hundredths)));
        match (kind, scalar) {
            (Kind::Choice, ScalarValue::Str(text)) => Some(Value::Choice(text.to_string())),
            (Kind::Date, ScalarValue::Str(text)) => {
                Some(parse_date(text).map_or_else(|| Value::Text(text.to_string()), Value::Date))
            }
            (Kind::MultiChoice, ScalarValue::Str(text)) => {
                let words = text.split('\n').filter(|word| !word.is_empty());
                Some(Value::Set(words.map(str::to_owned).collect()))
            }
            (Kind::Picture, ScalarValue::Str(text)) => Picture::from_base64(text).ok().map(Value::Picture),
            (_, ScalarValue::Str(text)) => Some(Value::Text(text.to_string())),
            (Kind::Number, ScalarValue::Int(int)) => whole(*int),
            (Kind::Number, ScalarValue::Uint(int)) => whole(i64::try_from(*int).ok()?),
            // Beyond 2^53 a float no longer tells whole numbers apart, and no answer is as large.
            (Kind::Number, ScalarValue::F64(float)) if float.abs() < 9e13 => {
                Some(Value::Number(Number((float * 100.0).round() as i64)))
            }
            (Kind::Money, ScalarValue::Int(pence)) => Some(Value::Money(*pence)),
            (Kind::Money, ScalarValue::Uint(pence)) => i64::try_from(*pence).ok().map(Value::Money),
            (Kind::YesNo, ScalarValue::Boolean(yes)) => Some(Value::YesNo(*yes)),
            _ => None,
        }
    }

    /// The number in it, in hundredths: of money, the pence.
    pub(crate) fn quantity(&self) -> Option<i64> {
        match self {
            Value::Number(Number(hundredths)) => Some(*hundredths),
            Value::Money(pence) => Some(*pence),
            Value::Text(_)
            | Value::Choice(_)
            | Value::Date(_)
            | Value::YesNo(_)
            | Value::Set(_)
            | Value::Picture(_) => None,
        }
    }
}

/// Reads a value as people write it on the command line or in a form: `yes`, `2026-06-04`, `520.00`, a choice by its word
/// or its label, several choices with commas between, a picture in base64 or as a data URL. Texts come back as `Value::Text`. `question` may also name a cell,
/// `attendance.terms/attended`, or a field of a target, `targets.list/dueDate` or `targets.list/funds/unitCost`.
pub fn parse_value(question: &str, text: &str) -> Result<Value, Refused> {
    let mut path = question.split('/');
    let found = find_question(path.next().unwrap_or_default())?;
    let mut shape = Shape::of(found);
    let mut columns = &found.columns;
    for name in path {
        let column = find_column(question_id(question), columns, name)?;
        shape = Shape::of_column(column);
        columns = &column.columns;
    }
    let value = shape.parse(text).ok_or_else(|| shape.bad(question))?;
    shape.check(question, &value)?;
    Ok(value)
}

/// The question of this id, or a refusal with its neighbours.
pub(crate) fn find_question(id: &str) -> Result<&'static Question, Refused> {
    bank().question(id).ok_or_else(|| Refused::UnknownQuestion {
        nearest: bank().nearest(id).into_iter().map(str::to_owned).collect(),
    })
}

/// The column of this id, or a refusal that lists what there is.
pub(crate) fn find_column<'a>(question: &str, columns: &'a [Column], id: &str) -> Result<&'a Column, Refused> {
    columns.iter().find(|column| column.id == id).ok_or_else(|| Refused::UnknownColumn {
        question: question.to_owned(),
        known: columns.iter().map(|column| column.id.clone()).collect(),
    })
}

/// What a value at one place must look like.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'a> {
    kind: Kind,
    options: &'a [Choice],
    open: bool,
    longest: usize,
}

impl<'a> Shape<'a> {
    pub(crate) fn of(question: &'a Question) -> Shape<'a> {
        Shape { kind: question.kind, options: &question.options, open: question.open, longest: TEXT_MAX }
    }

    pub(crate) fn of_column(column: &'a Column) -> Shape<'a> {
        let longest = if column.kind == Kind::LongText { TEXT_MAX } else { CELL_MAX };
        Shape { kind: column.kind, options: &column.options, open: column.open, longest }
    }

    fn parse(self, text: &str) -> Option<Value> {
        let line = text.trim();
        match self.kind {
            Kind::Text | Kind::LongText => Some(Value::Text(text.to_owned())),
            Kind::Person | Kind::Attachment => Some(Value::Text(line.to_owned())),
            Kind::Date => parse_date(line).map(Value::Date),
            Kind::Choice => self.choice(line).map(Value::Choice),
            Kind::MultiChoice => {
                line.split(',').map(|word| self.choice(word.trim())).collect::<Option<_>>().map(Value::Set)
            }
            Kind::Number => Number::parse(line).map(Value::Number),
            Kind::Money => parse_money(line).map(Value::Money),
            Kind::YesNo => match line.to_lowercase().as_str() {
                "yes" | "y" | "true" => Some(Value::YesNo(true)),
                "no" | "n" | "false" => Some(Value::YesNo(false)),
                _ => None,
            },
            Kind::Picture => Picture::from_base64(line).ok().map(Value::Picture),
            Kind::Table | Kind::TargetList => None,
        }
    }

    /// Reads a value as `Value::to_json` writes it, and as a person would write it by hand; texts as they are.
    pub(crate) fn read_json(self, json: &serde_json::Value) -> Option<Value> {
        match (self.kind, json) {
            (Kind::MultiChoice, serde_json::Value::Array(words)) => {
                let word = |word: &serde_json::Value| self.choice(word.as_str()?.trim());
                words.iter().map(word).collect::<Option<_>>().map(Value::Set)
            }
            (_, serde_json::Value::String(text)) => self.parse(text),
            (Kind::Number | Kind::Money | Kind::Choice, serde_json::Value::Number(number)) => {
                self.parse(&number.to_string())
            }
            (Kind::Picture, serde_json::Value::Object(_)) => Picture::read_json(json).map(Value::Picture),
            (Kind::YesNo, serde_json::Value::Bool(yes)) => Some(Value::YesNo(*yes)),
            _ => None,
        }
    }

    /// A choice by its word or its label, however it is spaced and capitalised.
    fn choice(self, text: &str) -> Option<String> {
        let plain =
            |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
        let same = |choice: &&Choice| plain(&choice.value) == plain(text) || plain(&choice.label) == plain(text);
        let exact = self.options.iter().find(|choice| choice.value == text);
        match exact.or_else(|| self.options.iter().find(same)) {
            Some(choice) => Some(choice.value.clone()),
            None => (self.open && !text.is_empty()).then(|| text.to_owned()),
        }
    }

    /// Refuses a value that does not belong here. `question` is how the refusal names the place.
    pub(crate) fn check(self, question: &str, value: &Value) -> Result<(), Refused> {
        let line = |text: &str| !text.trim().is_empty() && !text.chars().any(char::is_control);
        let listed =
            |word: &String| self.options.iter().any(|choice| choice.value == *word) || (self.open && line(word));
        let fits = match (self.kind, value) {
            (Kind::Text | Kind::LongText, Value::Text(_)) => true,
            (Kind::Person | Kind::Attachment, Value::Text(text)) => line(text),
            (Kind::Date, Value::Date(day)) => sensible(*day),
            (Kind::Choice, Value::Choice(word)) => listed(word),
            (Kind::MultiChoice, Value::Set(words)) => words.iter().all(listed),
            (Kind::Number, Value::Number(number)) => (0..100_000_000).contains(&number.0),
            (Kind::Money, Value::Money(pence)) => (0..=PENCE_MAX).contains(pence),
            (Kind::YesNo, Value::YesNo(_)) | (Kind::Picture, Value::Picture(_)) => true,
            _ => return Err(self.bad(question)),
        };
        let longest = match self.kind {
            Kind::Text | Kind::LongText => self.longest,
            _ => LINE_MAX,
        };
        let long = |text: &String| utf16_len(text) > longest;
        let too_long = match value {
            Value::Text(text) | Value::Choice(text) => long(text),
            Value::Set(words) => words.iter().any(long),
            Value::Date(_) | Value::Number(_) | Value::Money(_) | Value::YesNo(_) | Value::Picture(_) => false,
        };
        match (too_long, fits) {
            (true, _) => Err(Refused::TooLong { question: question.to_owned(), limit: longest }),
            (false, false) => Err(self.bad(question)),
            (false, true) => Ok(()),
        }
    }

    /// The refusal that says what belongs here.
    pub(crate) fn bad(self, question: &str) -> Refused {
        let words = || self.options.iter().map(|choice| choice.value.as_str()).collect::<Vec<_>>().join(", ");
        let expected: Cow<'static, str> = match self.kind {
            Kind::Text | Kind::LongText => "text".into(),
            Kind::Date => "a day that exists, written as 2026-06-04".into(),
            Kind::Choice if self.open => "one choice on one line".into(),
            Kind::Choice => format!("one of: {}", words()).into(),
            Kind::MultiChoice => format!("any of these, with commas between: {}", words()).into(),
            Kind::Number => "a number such as 14 or 23.5, with at most two decimals".into(),
            Kind::Money => "an amount in pounds and pence such as 520.00".into(),
            Kind::YesNo => "yes or no".into(),
            Kind::Person => "a name on one line".into(),
            Kind::Attachment => "the name of a file or a plan, on one line".into(),
            Kind::Picture => format!("a JPEG, PNG or WebP picture of at most {} kB", PICTURE_BYTES_MAX / 1000).into(),
            Kind::Table => "rows".into(),
            Kind::TargetList => "targets".into(),
        };
        Refused::BadValue { question: question.to_owned(), expected: expected.into_owned() }
    }
}

/// An amount as people read it: `£1,250.00`. What programs read is [`Value`], without the comma.
pub fn pounds(pence: i64) -> String {
    let sign = if pence < 0 { "-" } else { "" };
    let whole = (pence.unsigned_abs() / 100).to_string();
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}£{grouped}.{:02}", pence.unsigned_abs() % 100)
}

/// Length as browsers and documents count it.
pub(crate) fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

fn question_id(place: &str) -> &str {
    place.split('/').next().unwrap_or(place)
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    // Ten characters, so that there is one spelling of a day.
    (text.len() == 10).then(|| text.parse::<NaiveDate>().ok()).flatten().filter(|day| sensible(*day))
}

fn sensible(day: NaiveDate) -> bool {
    (1900..=2200).contains(&day.year())
}

/// Pence from pounds as people write them: `520`, `38.50`, `£1,250.00`. A comma stands between thousands and nowhere else: `12,50`
/// could be twelve pounds fifty, and is asked for again.
fn parse_money(text: &str) -> Option<i64> {
    let text = text.strip_prefix('£').unwrap_or(text).trim_start();
    let (pounds, pence) = text.split_once('.').unwrap_or((text, "00"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = pounds.split(',');
    let first = groups.next().filter(|first| digits(first))?;
    let grouped = pounds.contains(',');
    if (grouped && first.len() > 3) || !groups.all(|group| group.len() == 3 && digits(group)) {
        return None;
    }
    let pounds = pounds.replace(',', "");
    if pounds.len() > 8 || !digits(pence) || pence.len() != 2 {
        return None;
    }
    Some(pounds.parse::<i64>().ok()? * 100 + pence.parse::<i64>().ok()?).filter(|pence| *pence <= PENCE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(question: &str, text: &str, shown: &str) {
        match parse_value(question, text) {
            Ok(value) => assert_eq!(value.to_string(), shown, "{question} from {text:?}"),
            Err(refused) => panic!("{question} from {text:?}: {refused}"),
        }
    }

    fn refuse(question: &str, text: &str) {
        let refused = parse_value(question, text).expect_err(text);
        assert!(matches!(refused, Refused::BadValue { .. }), "{question} from {text:?}: {refused}");
        assert!(text.is_empty() || !refused.to_string().contains(text), "{refused} repeats what was written");
    }

    #[test]
    fn values_are_read_as_people_write_them() {
        check("transfer.needed", "Yes", "yes");
        check("child.dob", "2010-11-02", "2010-11-02");
        check("funding.tuition", "vs_retains", "vs_retains");
        check("funding.tuition", "school arranges and claims", "school_claims");
        check("care.legalStatus", "c2", "C2");
        check("setting.yearGroup", "Year 10", "10");
        check("setting.hoursOffered", "23.50", "23.5");
        check("sec.examAccess", "Extra time, reader", "extra_time, reader");
        check("child.ethnicity", "White British", "White British");
        check("targets.list/dueDate", "2026-05-22", "2026-05-22");
        check("targets.list/funds/unitCost", "£38.00", "38.00");
        check("targets.list/funds/unitCost", "520", "520.00");
        check("targets.list/funds/unitCost", "1,250", "1250.00");
        check("targets.list/funds/unitCost", "£ 1,250.50", "1250.50");
        check("targets.list/funds/unitCost", "1,000,000.00", "1000000.00");
        check("attendance.terms/attended", "121", "121");
    }

    #[test]
    fn values_that_cannot_be_are_refused_with_what_would_do() {
        refuse("transfer.needed", "perhaps");
        refuse("child.dob", "2010-02-30");
        refuse("child.dob", "2/11/2010");
        refuse("child.dob", "2010-11-2");
        refuse("funding.tuition", "somebody");
        refuse("setting.hoursOffered", "-5");
        refuse("setting.hoursOffered", "1.234");
        refuse("sec.examAccess", "extra_time, a dictionary");
        refuse("child.ethnicity", "");
        refuse("people.iro", "");
        refuse("targets.list/funds/unitCost", "38.005");
        refuse("targets.list/funds/unitCost", "38.5");
        refuse("targets.list/funds/unitCost", "10000000.01");
        for money in ["12,50", "1,5", "1,2500", "1250,000", ",500", "1,", "1,,000", "5.0,0"] {
            refuse("targets.list/funds/unitCost", money);
        }
        refuse("attendance.terms", "121");
    }

    #[test]
    fn what_does_not_exist_is_refused_with_what_does() {
        let unknown = parse_value("child.bod", "2010-11-02").unwrap_err();
        let nearest = match &unknown {
            Refused::UnknownQuestion { nearest } => nearest.first().map(String::as_str),
            _ => None,
        };
        assert_eq!(nearest, Some("child.dob"));
        let column = parse_value("attendance.codes/days", "3").unwrap_err();
        let known = vec!["code".into(), "sessions".into()];
        assert_eq!(column, Refused::UnknownColumn { question: "attendance.codes".into(), known });
    }

    #[test]
    fn a_name_that_is_too_long_is_refused() {
        let refused = parse_value("people.iro", &"Q".repeat(LINE_MAX + 1)).unwrap_err();
        assert_eq!(refused, Refused::TooLong { question: "people.iro".into(), limit: LINE_MAX });
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", Value::Text("Biscuit".into())), "Value(..)");
    }
}
