//! Predicates that no value satisfies (P005): their operators contradict each other.
//!
//! Where a predicate lists the values that it wants, each is held against the whole of it by the
//! very code that judges requests.

use super::written::{Condition, Written};
use crate::policy::{Json, Truth, json_satisfies, text_satisfies};
use crate::spec::policy::{Kind, Pred, Scalar};
use crate::spec::{Code, Finding};

pub(super) fn check(one: &Written<'_>) -> Vec<Finding> {
    let alternatives = one.alternatives();
    let conditions = alternatives.iter().flat_map(|alternative| alternative.conditions());
    conditions.filter_map(|condition| contradiction(&condition)).collect()
}

fn contradiction(condition: &Condition<'_>) -> Option<Finding> {
    let (key, message) = unwanted_list(condition)
        .or_else(|| empty_range(condition.pred))
        .or_else(|| wrong_kind(condition.pred, condition.on_text))?;
    let message = format!("no value of `{}` satisfies this: {message}", condition.name);
    let help = match condition.document.and_then(|document| document.absent) {
        Some(_) => "to say that it must not be there, use `only`, or another `absent`",
        None => "take one of the two out",
    };
    Some(Finding::new(Code::Contradiction, condition.place.name(key), message).help(help))
}

fn unwanted_list(condition: &Condition<'_>) -> Option<(&'static str, String)> {
    let pred = condition.pred;
    let (key, wanted) = match (&pred.eq, &pred.one_of) {
        (Some(one), _) => ("eq", std::slice::from_ref(one)),
        (None, Some(list)) => ("in", list.as_slice()),
        (None, None) => return None,
    };
    let fits = |scalar: &Scalar| satisfied(pred, scalar, condition.on_text) == Truth::True;
    (!wanted.iter().any(fits)).then(|| (key, format!("`{key}` contradicts what stands beside it")))
}

fn satisfied(pred: &Pred, scalar: &Scalar, on_text: bool) -> Truth {
    match (scalar, on_text) {
        (Scalar::Bool(value), false) => json_satisfies(pred, &Json::Bool(*value)),
        (Scalar::Number(value), false) => json_satisfies(pred, &Json::Number(value.to_string())),
        (Scalar::Text(value), false) => json_satisfies(pred, &Json::Text(value.clone())),
        (Scalar::Bool(value), true) => text_satisfies(pred, &value.to_string()),
        (Scalar::Number(value), true) => text_satisfies(pred, &value.to_string()),
        (Scalar::Text(value), true) => text_satisfies(pred, value),
    }
}

fn empty_range(pred: &Pred) -> Option<(&'static str, String)> {
    let (least, most) = (pred.gte?, pred.lte?);
    (least > most).then(|| ("gte", format!("{least} is more than {most}")))
}

/// An operator of numbers or texts beside a type that has none.
fn wrong_kind(pred: &Pred, on_text: bool) -> Option<(&'static str, String)> {
    let kind = pred.kind?;
    let clash = |key: &str| ("type", format!("`{key}` and the type exclude each other"));
    if on_text {
        // Everything in a query, a header or a form is text, which may spell a number or a truth value.
        return matches!(kind, Kind::Null | Kind::Array | Kind::Object)
            .then(|| ("type", "there is only text here".to_owned()));
    }
    match kind {
        Kind::Number => pred.glob.as_ref().map(|_| clash("glob")).or(pred.max_len.map(|_| clash("max_len"))),
        Kind::String => pred.lte.map(|_| clash("lte")).or(pred.gte.map(|_| clash("gte"))),
        Kind::Array => {
            let number = pred.lte.map(|_| clash("lte")).or(pred.gte.map(|_| clash("gte")));
            number.or(pred.glob.as_ref().map(|_| clash("glob")))
        }
        Kind::Null | Kind::Boolean | Kind::Object => {
            let number = pred.lte.map(|_| clash("lte")).or(pred.gte.map(|_| clash("gte")));
            number.or(pred.glob.as_ref().map(|_| clash("glob"))).or(pred.max_len.map(|_| clash("max_len")))
        }
    }
}
