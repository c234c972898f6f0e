//! Conditions: when a question is asked. Text in the bank, a closed tree once loaded.

use crate::value::Number;

/// When a question shows. Parsed from the bank's `visibleIf`; evaluated on the merged plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// `always`
    Always,
    /// `a = x`, `a in [x,y]`: the answer is one of these.
    Is(Reference, Vec<String>),
    /// `a != x`: true of an unanswered question too.
    IsNot(Reference, String),
    /// `a < 95`, `a > b`, `a >= 17`: true only where both sides are known.
    Compare(Reference, Order, Operand),
    /// `a exists`: anything has been entered.
    Exists(Reference),
    /// `a overridden`: a person has set what is otherwise computed.
    Overridden(Reference),
    /// All of these.
    And(Vec<Expr>),
    /// Any of these.
    Or(Vec<Expr>),
}

/// A question, or a column of its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Question id.
    pub question: String,
    /// Column id, for `attendance.terms.percent`.
    pub column: Option<String>,
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// The right-hand side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// A number as written.
    Number(Number),
    /// Another answer.
    Reference(Reference),
}

impl Expr {
    /// Reads a condition; `and` binds more tightly than `or`. The error says what was not understood.
    pub(crate) fn parse(text: &str) -> Result<Expr, String> {
        let any: Vec<Expr> = text.split(" or ").map(conjunction).collect::<Result<_, _>>()?;
        Ok(single(any, Expr::Or))
    }

    /// Every question it refers to.
    pub fn references(&self) -> Vec<&Reference> {
        match self {
            Expr::Always => Vec::new(),
            Expr::Is(reference, _)
            | Expr::IsNot(reference, _)
            | Expr::Exists(reference)
            | Expr::Overridden(reference)
            | Expr::Compare(reference, _, Operand::Number(_)) => vec![reference],
            Expr::Compare(left, _, Operand::Reference(right)) => vec![left, right],
            Expr::And(parts) | Expr::Or(parts) => parts.iter().flat_map(Expr::references).collect(),
        }
    }
}

impl Reference {
    fn parse(text: &str) -> Result<Reference, String> {
        let parts: Vec<&str> = text.split('.').collect();
        let sound = parts.iter().all(|part| !part.is_empty() && part.chars().all(char::is_alphanumeric));
        match (parts.as_slice(), sound) {
            ([block, name], true) => Ok(Reference { question: format!("{block}.{name}"), column: None }),
            ([block, name, column], true) => {
                Ok(Reference { question: format!("{block}.{name}"), column: Some((*column).to_owned()) })
            }
            _ => Err(format!("`{text}` is not a question id")),
        }
    }
}

fn conjunction(text: &str) -> Result<Expr, String> {
    let all: Vec<Expr> = text.split(" and ").map(|part| atom(part.trim())).collect::<Result<_, _>>()?;
    Ok(single(all, Expr::And))
}

fn single(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => only,
        (_, last) => {
            parts.extend(last);
            join(parts)
        }
    }
}

fn atom(text: &str) -> Result<Expr, String> {
    if text == "always" {
        return Ok(Expr::Always);
    }
    let (left, rest) = text.split_once(' ').ok_or_else(|| format!("`{text}` is not a condition"))?;
    let reference = Reference::parse(left)?;
    let (operator, right) = rest.split_once(' ').unwrap_or((rest, ""));
    match (operator, right.trim()) {
        ("exists", "") => Ok(Expr::Exists(reference)),
        ("overridden", "") => Ok(Expr::Overridden(reference)),
        ("=", word) => Ok(Expr::Is(reference, vec![self::word(word)?])),
        ("!=", word) => Ok(Expr::IsNot(reference, self::word(word)?)),
        ("in", list) => {
            let inner = list.strip_prefix('[').and_then(|list| list.strip_suffix(']'));
            let inner = inner.ok_or_else(|| format!("`{list}` is not a list such as [a,b]"))?;
            Ok(Expr::Is(reference, inner.split(',').map(|item| word(item.trim())).collect::<Result<_, _>>()?))
        }
        ("<", right) => Ok(Expr::Compare(reference, Order::Less, operand(right)?)),
        (">", right) => Ok(Expr::Compare(reference, Order::Greater, operand(right)?)),
        (">=", right) => Ok(Expr::Compare(reference, Order::AtLeast, operand(right)?)),
        _ => Err(format!("`{operator}` is not one of =, !=, in, <, >, >=, exists, overridden")),
    }
}

fn word(text: &str) -> Result<String, String> {
    let sound = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if sound { Ok(text.to_owned()) } else { Err(format!("`{text}` is not a value")) }
}

fn operand(text: &str) -> Result<Operand, String> {
    match Number::parse(text) {
        Some(number) => Ok(Operand::Number(number)),
        None => Reference::parse(text).map(Operand::Reference),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_read_with_and_before_or() {
        let parsed = Expr::parse("a.b = yes and c.d in [1,2] or e.f.total >= 17");
        let reference = |question: &str, column: Option<&str>| Reference {
            question: question.into(),
            column: column.map(str::to_owned),
        };
        let expected = Expr::Or(vec![
            Expr::And(vec![
                Expr::Is(reference("a.b", None), vec!["yes".into()]),
                Expr::Is(reference("c.d", None), vec!["1".into(), "2".into()]),
            ]),
            Expr::Compare(
                reference("e.f", Some("total")),
                Order::AtLeast,
                Operand::Number(Number::from_hundredths(1700)),
            ),
        ]);
        assert_eq!(parsed, Ok(expected));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for text in ["", "sometimes", "a.b", "a.b ~ c", "a = b", "a.b in c", "a.b = ", "a.b = c and"] {
            assert!(Expr::parse(text).is_err(), "{text:?} was read as a condition");
        }
    }
}
