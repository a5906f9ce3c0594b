//! Conditions, and what they look at, in words. Values are cut and escaped.

use crate::policy::{At, Body, Content, Json, Subject, Truth, values_at};
use crate::spec::policy::{Absent, Fields, Pointer, Pred, Scalar, When};

/// Longer values are cut.
const MAX_CHARS: usize = 80;
/// More values under one name are left out.
const MAX_VALUES: usize = 5;

/// What the request has where `at` looks.
pub(super) fn observed(at: At<'_>, when: &When, subject: &Subject<'_>) -> String {
    let request = subject.request;
    let query: Vec<(String, String)> = request.target().query_pairs().collect();
    let headers = || request.headers().iter().map(|field| (field.name(), field.value()));
    match at {
        At::Methods => request.method().to_string(),
        At::Paths => shown(request.target().path()),
        At::Time => subject.facts.now.to_string(),
        At::QueryOnly => strangers(when.query.as_ref(), borrowed(&query)),
        At::Query(name) => named(name, borrowed(&query)),
        At::HeadersOnly => strangers(when.headers.as_ref(), headers()),
        At::Header(name) => named(name, headers()),
        At::MaxBytes => format!("{} bytes", subject.body.length),
        At::ContentTypes => {
            subject.body.media.as_ref().map_or_else(|| "none".to_owned(), |media| shown(media.essence()))
        }
        At::Json(pointer) => in_json(pointer, subject.body),
        At::FormOnly | At::MultipartOnly => match pairs(subject.body) {
            Some(pairs) => strangers(fields_of(at, when), borrowed(pairs)),
            None => unread(subject.body),
        },
        At::Form(name) | At::Multipart(name) => match pairs(subject.body) {
            Some(pairs) => named(name, borrowed(pairs)),
            None => unread(subject.body),
        },
    }
}

/// What `at` wants to see there.
pub(super) fn wanted(at: At<'_>, when: &When) -> String {
    let list = |names: &[String]| names.join(", ");
    match at {
        At::Methods => when.methods.map(|methods| methods.to_string()).unwrap_or_default(),
        At::Paths => {
            let paths = when.paths.iter().flatten().map(|path| path.as_str().to_owned());
            list(&paths.collect::<Vec<_>>())
        }
        At::Time => "the days and hours of the rule, in UTC".to_owned(),
        At::MaxBytes => {
            format!("at most {} bytes", body_of(when).and_then(|body| body.max_bytes).unwrap_or(0))
        }
        At::ContentTypes => {
            list(body_of(when).and_then(|body| body.content_types.as_deref()).unwrap_or_default())
        }
        At::QueryOnly | At::HeadersOnly | At::FormOnly | At::MultipartOnly => {
            fields_of(at, when).map_or_else(String::new, admitted)
        }
        At::Query(_) | At::Header(_) | At::Json(_) | At::Form(_) | At::Multipart(_) => {
            pred_of(at, when).map_or_else(String::new, pred)
        }
    }
}

/// What would make the condition true.
pub(super) fn to_satisfy(at: At<'_>, when: &When) -> String {
    let wanted = wanted(at, when);
    match at {
        At::Methods => format!("use one of the methods {wanted}"),
        At::Paths => format!("use a path of {wanted}"),
        At::Time => "wait for the days and hours of the rule".to_owned(),
        At::MaxBytes => format!("send {wanted}"),
        At::ContentTypes => format!("send a body of {wanted}"),
        At::QueryOnly | At::HeadersOnly | At::FormOnly | At::MultipartOnly => {
            format!("of {at}, send {wanted}")
        }
        _ => format!("make {at} {wanted}"),
    }
}

/// What would make the condition false, of a rule that stops what satisfies it.
pub(super) fn to_escape(at: At<'_>, when: &When, truth: Truth) -> String {
    let wanted = wanted(at, when);
    match truth {
        Truth::Unknown => format!("send {at} so that it can be read, and not {wanted}"),
        _ => format!("change {at}: it is what the rule stops ({wanted})"),
    }
}

fn body_of(when: &When) -> Option<&crate::spec::policy::BodyWhen> {
    when.body.as_ref()
}

fn fields_of<'w>(at: At<'_>, when: &'w When) -> Option<&'w Fields> {
    match at {
        At::QueryOnly | At::Query(_) => when.query.as_ref(),
        At::HeadersOnly | At::Header(_) => when.headers.as_ref(),
        At::FormOnly | At::Form(_) => body_of(when)?.form.as_ref(),
        At::MultipartOnly | At::Multipart(_) => body_of(when)?.multipart.as_ref(),
        _ => None,
    }
}

fn pred_of<'w>(at: At<'_>, when: &'w When) -> Option<&'w Pred> {
    match at {
        At::Json(pointer) => body_of(when)?.json.iter().find(|(one, _)| one == pointer).map(|(_, pred)| pred),
        At::Query(name) | At::Header(name) | At::Form(name) | At::Multipart(name) => {
            fields_of(at, when)?.preds.iter().find(|(one, _)| one == name).map(|(_, pred)| pred)
        }
        _ => None,
    }
}

fn admitted(fields: &Fields) -> String {
    let names = fields.only.iter().flatten().chain(fields.preds.iter().map(|(name, _)| name));
    let names: Vec<&str> = names.map(String::as_str).collect();
    if names.is_empty() { "none".to_owned() } else { format!("only {}", names.join(", ")) }
}

fn pred(pred: &Pred) -> String {
    let scalars = |values: &[Scalar]| values.iter().map(scalar).collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    parts.extend(pred.eq.as_ref().map(|value| format!("equal to {}", scalar(value))));
    parts.extend(pred.one_of.as_ref().map(|values| format!("one of {}", scalars(values))));
    parts.extend(pred.not_in.as_ref().map(|values| format!("none of {}", scalars(values))));
    parts.extend(pred.lte.map(|most| format!("at most {most}")));
    parts.extend(pred.gte.map(|least| format!("at least {least}")));
    parts.extend(pred.max_len.map(|most| format!("no longer than {most}")));
    parts.extend(pred.glob.as_ref().map(|glob| format!("like {}", glob.as_str())));
    parts.extend(pred.kind.map(|kind| format!("of type {}", format!("{kind:?}").to_lowercase())));
    if parts.is_empty() {
        return if pred.absent == Absent::Holds { "anything" } else { "there" }.to_owned();
    }
    let absent = if pred.absent == Absent::Holds { ", or absent" } else { "" };
    parts.join(" and ") + absent
}

fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Text(text) => quoted(text),
    }
}

fn in_json(pointer: &Pointer, body: &Body) -> String {
    let Content::Json(json) = &body.content else { return unread(body) };
    let ends = values_at(json, pointer.tokens());
    let words = ends.iter().map(|end| end.map_or_else(|| "absent".to_owned(), self::json));
    several(words.collect())
}

fn json(value: &Json) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(text) => shown(text),
        Json::Text(text) => quoted(text),
        Json::List(list) => format!("a list of {}", list.len()),
        Json::Map(map) => format!("a map of {}", map.len()),
    }
}

fn unread(body: &Body) -> String {
    if body.length == 0 { "no body" } else { "a body of another type" }.to_owned()
}

fn pairs(body: &Body) -> Option<&[(String, String)]> {
    match &body.content {
        Content::Form(pairs) | Content::Multipart(pairs) => Some(pairs),
        Content::Unread | Content::Other | Content::Json(_) => None,
    }
}

fn borrowed(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

fn named<'p>(name: &str, pairs: impl Iterator<Item = (&'p str, &'p str)>) -> String {
    let values: Vec<String> = pairs.filter(|(one, _)| *one == name).map(|(_, value)| quoted(value)).collect();
    if values.is_empty() { "absent".to_owned() } else { several(values) }
}

/// The names that `only` leaves out.
fn strangers<'p>(fields: Option<&Fields>, pairs: impl Iterator<Item = (&'p str, &'p str)>) -> String {
    let strange = pairs.filter(|(name, _)| fields.is_none_or(|fields| !fields.admits(name)));
    several(strange.map(|(name, _)| shown(name)).collect())
}

fn several(mut words: Vec<String>) -> String {
    let more = words.len().saturating_sub(MAX_VALUES);
    words.truncate(MAX_VALUES);
    let text = words.join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", shown(text))
}

fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(MAX_CHARS).collect::<String>().escape_debug().to_string();
    if text.chars().nth(MAX_CHARS).is_some() {
        cut.push('…');
    }
    cut
}
