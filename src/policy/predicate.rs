//! Whether a value satisfies a predicate: exact, without a clock, and never by guessing what an
//! upstream would make of a value of another type.

use super::body::Json;
use super::truth::Truth;
use crate::spec::policy::{Decimal, Kind, Pred, Scalar};

/// A value that a predicate looks at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Json(&'a Json),
    /// Of a query, a header or a form, where everything is text.
    Text(&'a str),
}

/// Whether a value of a JSON body satisfies a predicate.
#[must_use]
pub fn json_satisfies(pred: &Pred, value: &Json) -> Truth {
    satisfies(pred, Value::Json(value))
}

/// Whether a value of a query, a header or a form satisfies a predicate.
#[must_use]
pub fn text_satisfies(pred: &Pred, value: &str) -> Truth {
    satisfies(pred, Value::Text(value))
}

/// Every operator that is given must hold.
pub(super) fn satisfies(pred: &Pred, value: Value<'_>) -> Truth {
    let mut truth = Truth::True;
    if let Some(wanted) = &pred.eq {
        truth = truth.and(one_of(std::slice::from_ref(wanted), value));
    }
    if let Some(wanted) = &pred.one_of {
        truth = truth.and(one_of(wanted, value));
    }
    if let Some(unwanted) = &pred.not_in {
        truth = truth.and(one_of(unwanted, value).not());
    }
    if let Some(most) = &pred.lte {
        truth = truth.and(compare(value, |number| number <= *most));
    }
    if let Some(least) = &pred.gte {
        truth = truth.and(compare(value, |number| number >= *least));
    }
    if let Some(most) = pred.max_len {
        truth = truth.and(length(value).map_or(Truth::Unknown, |length| Truth::of(length <= most)));
    }
    if let Some(glob) = &pred.glob {
        truth = truth.and(text(value).map_or(Truth::Unknown, |text| Truth::of(glob.matches(text))));
    }
    if let Some(kind) = pred.kind {
        truth = truth.and(Truth::of(is_of_kind(value, kind)));
    }
    truth
}

/// Unknown where the value is of a type that no operand has: an upstream may convert it.
fn one_of(operands: &[Scalar], value: Value<'_>) -> Truth {
    let mut comparable = false;
    for operand in operands {
        match same(operand, value) {
            Some(true) => return Truth::True,
            Some(false) => comparable = true,
            None => {}
        }
    }
    if comparable { Truth::False } else { Truth::Unknown }
}

fn same(operand: &Scalar, value: Value<'_>) -> Option<bool> {
    match (operand, value) {
        (Scalar::Bool(a), Value::Json(Json::Bool(b))) => Some(a == b),
        (Scalar::Bool(a), Value::Text(b)) => b.parse::<bool>().ok().map(|b| *a == b),
        (Scalar::Text(a), Value::Json(Json::Text(b))) => Some(a == b),
        (Scalar::Text(a), Value::Text(b)) => Some(a == b),
        (Scalar::Number(a), value) => number(value).map(|b| *a == b),
        _ => None,
    }
}

fn compare(value: Value<'_>, holds: impl Fn(Decimal) -> bool) -> Truth {
    number(value).map_or(Truth::Unknown, |number| Truth::of(holds(number)))
}

fn number(value: Value<'_>) -> Option<Decimal> {
    match value {
        Value::Json(json) => json.number(),
        Value::Text(text) => Decimal::parse(text),
    }
}

fn text(value: Value<'_>) -> Option<&str> {
    match value {
        Value::Json(Json::Text(text)) => Some(text),
        Value::Json(_) => None,
        Value::Text(text) => Some(text),
    }
}

fn length(value: Value<'_>) -> Option<u64> {
    match value {
        Value::Json(Json::List(list)) => Some(list.len() as u64),
        value => text(value).map(|text| text.chars().count() as u64),
    }
}

fn is_of_kind(value: Value<'_>, kind: Kind) -> bool {
    match value {
        Value::Json(json) => json.kind() == kind,
        Value::Text(text) => match kind {
            Kind::String => true,
            Kind::Number => Decimal::parse(text).is_some(),
            Kind::Boolean => text.parse::<bool>().is_ok(),
            Kind::Null | Kind::Array | Kind::Object => false,
        },
    }
}
