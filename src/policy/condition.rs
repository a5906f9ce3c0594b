//! Whether a request satisfies the conditions of a rule, and which of them it fails first.

use std::fmt;

use super::body::{Body, Content};
use super::facts::Facts;
use super::parameter;
use super::pointing::{Found, follow};
use super::predicate::{Value, satisfies};
use super::request::Request;
use super::truth::Truth;
use crate::spec::PathPattern;
use crate::spec::policy::{Absent, BodyWhen, Effect, Fields, Pointer, Pred, Rule, When};

/// What conditions are held against.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    pub request: &'a Request,
    pub facts: Facts<'a>,
    pub body: &'a Body,
}

/// One condition of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At<'r> {
    Methods,
    Paths,
    QueryOnly,
    Query(&'r str),
    HeadersOnly,
    Header(&'r str),
    MaxBytes,
    ContentTypes,
    Json(&'r Pointer),
    FormOnly,
    Form(&'r str),
    MultipartOnly,
    Multipart(&'r str),
    Time,
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Methods => f.write_str("the method"),
            Self::Paths => f.write_str("the path"),
            Self::QueryOnly => f.write_str("the parameters in the query"),
            Self::Query(name) => write!(f, "the query's `{name}`"),
            Self::HeadersOnly => f.write_str("the headers"),
            Self::Header(name) => write!(f, "the header `{name}`"),
            Self::MaxBytes => f.write_str("the body's size"),
            Self::ContentTypes => f.write_str("the body's content-type"),
            Self::Json(pointer) => write!(f, "the body's `{pointer}`"),
            Self::FormOnly | Self::MultipartOnly => f.write_str("the fields of the form"),
            Self::Form(name) | Self::Multipart(name) => write!(f, "the form's `{name}`"),
            Self::Time => f.write_str("the time"),
        }
    }
}

/// How a rule's conditions came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen<'r> {
    pub truth: Truth,
    /// Where it is not true: which alternative, and the first of its conditions that fails.
    pub failing: Option<(usize, At<'r>)>,
}

/// Of several values under one name, must all satisfy a predicate, or is one enough? A rule that
/// stops what it matches is not to be escaped by one innocent value beside the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    All,
    Some,
}

/// Holds a rule's conditions against a request.
#[must_use]
pub fn conditions<'r>(rule: &'r Rule, subject: &Subject<'_>) -> Seen<'r> {
    if rule.any.is_empty() {
        return Seen { truth: Truth::True, failing: None };
    }
    let quantifier = if matches!(rule.effect, Effect::Require) { Quantifier::All } else { Quantifier::Some };
    let mut seen = Seen { truth: Truth::False, failing: None };
    for (index, when) in rule.any.iter().enumerate() {
        let mut one = One { truth: Truth::True, failing: None };
        one.when(when, subject, quantifier);
        let failing = one.failing.map(|at| (index, at));
        let nearer = seen.failing.is_none() || one.truth == Truth::Unknown && seen.truth == Truth::False;
        seen = Seen { truth: seen.truth.or(one.truth), failing: if nearer { failing } else { seen.failing } };
        if seen.truth == Truth::True {
            return Seen { truth: Truth::True, failing: None };
        }
    }
    seen
}

/// Whether a path is one of those; unknown where some reader takes it for one.
#[must_use]
pub fn of_path(paths: &[PathPattern], path: &str) -> Truth {
    if paths.iter().any(|pattern| pattern.matches(path)) {
        Truth::True
    } else if paths.iter().any(|pattern| pattern.resembles(path)) {
        Truth::Unknown
    } else {
        Truth::False
    }
}

/// One alternative in the making: the truth so far, and the first condition that made it less.
struct One<'r> {
    truth: Truth,
    failing: Option<At<'r>>,
}

impl<'r> One<'r> {
    fn and(&mut self, truth: Truth, at: At<'r>) {
        let worse = self.truth.and(truth);
        if worse != self.truth {
            self.failing = Some(at);
        }
        self.truth = worse;
    }

    fn when(&mut self, when: &'r When, subject: &Subject<'_>, quantifier: Quantifier) {
        let request = subject.request;
        if let Some(methods) = when.methods {
            self.and(Truth::of(methods.contains(request.method())), At::Methods);
        }
        if let Some(paths) = &when.paths {
            let path = request.target().path();
            self.and(of_path(paths, path), At::Paths);
        }
        if let Some(time) = when.time {
            self.and(Truth::of(time.contains(subject.facts.now)), At::Time);
        }
        if let Some(query) = &when.query {
            if request.target().query().is_some_and(|query| query.contains(';')) {
                // Some servers split there and some do not.
                self.and(Truth::Unknown, At::QueryOnly);
            }
            let pairs: Vec<(String, String)> = request.target().query_pairs().collect();
            self.fields(query, &borrowed(&pairs), quantifier, At::QueryOnly, At::Query);
        }
        if let Some(headers) = &when.headers {
            let pairs: Vec<(&str, &str)> =
                request.headers().iter().map(|field| (field.name(), field.value())).collect();
            self.fields(headers, &pairs, quantifier, At::HeadersOnly, At::Header);
        }
        if let Some(body) = &when.body {
            self.body(body, subject.body, quantifier);
        }
    }

    fn fields(
        &mut self,
        fields: &'r Fields,
        pairs: &[(&str, &str)],
        quantifier: Quantifier,
        only: At<'r>,
        one: fn(&'r str) -> At<'r>,
    ) {
        if fields.only.is_some() {
            self.and(Truth::of(pairs.iter().all(|(name, _)| fields.admits(name))), only);
        }
        for (name, pred) in &fields.preds {
            let values = pairs.iter().filter(|(found, _)| found == name);
            let truth = values.map(|(_, value)| satisfies(pred, Value::Text(value)));
            let truth = truth.reduce(|a, b| quantifier.join(a, b)).unwrap_or(absent(pred));
            // Where another field may be read in its place, nobody knows what the upstream sees.
            let has_twin = pairs.iter().any(|(found, _)| parameter::is_twin(name, found));
            self.and(if has_twin { Truth::Unknown } else { truth }, one(name));
        }
    }

    fn body(&mut self, when: &'r BodyWhen, body: &Body, quantifier: Quantifier) {
        if let Some(most) = when.max_bytes {
            self.and(Truth::of(body.length <= most), At::MaxBytes);
        }
        if let Some(types) = &when.content_types {
            let fits = |media: &super::body::MediaType| types.iter().any(|one| media.is(one));
            self.and(Truth::of(body.media.as_ref().is_some_and(fits)), At::ContentTypes);
        }
        for (pointer, pred) in &when.json {
            let truth = match &body.content {
                Content::Json(json) => {
                    let mut joined = None;
                    follow(json, pointer.tokens(), &mut |found| {
                        let truth = found_truth(pred, found);
                        joined = Some(joined.map_or(truth, |before| quantifier.join(before, truth)));
                    });
                    joined.unwrap_or(Truth::Unknown)
                }
                _ => without(pred, body),
            };
            self.and(truth, At::Json(pointer));
        }
        if let Some(form) = &when.form {
            match &body.content {
                Content::Form(pairs) => {
                    self.fields(form, &borrowed(pairs), quantifier, At::FormOnly, At::Form);
                }
                _ => self.fields_without(form, body, At::FormOnly, At::Form),
            }
        }
        if let Some(fields) = &when.multipart {
            match &body.content {
                Content::Multipart(pairs) => {
                    self.fields(fields, &borrowed(pairs), quantifier, At::MultipartOnly, At::Multipart);
                }
                _ => self.fields_without(fields, body, At::MultipartOnly, At::Multipart),
            }
        }
    }

    /// The body is missing, or of another kind than these fields are of.
    fn fields_without(&mut self, fields: &'r Fields, body: &Body, only: At<'r>, one: fn(&'r str) -> At<'r>) {
        if fields.only.is_some() {
            self.and(if body.length == 0 { Truth::True } else { Truth::Unknown }, only);
        }
        for (name, pred) in &fields.preds {
            self.and(without(pred, body), one(name));
        }
    }
}

impl Quantifier {
    fn join(self, a: Truth, b: Truth) -> Truth {
        match self {
            Self::All => a.and(b),
            Self::Some => a.or(b),
        }
    }
}

fn found_truth(pred: &Pred, found: Found<'_>) -> Truth {
    match found {
        Found::Value(value) => satisfies(pred, Value::Json(value)),
        Found::Absent => absent(pred),
        Found::Blocked => Truth::Unknown,
    }
}

fn absent(pred: &Pred) -> Truth {
    Truth::of(pred.absent == Absent::Holds)
}

/// Of a body that is not there, every value is absent; of one that was not read, unknown.
fn without(pred: &Pred, body: &Body) -> Truth {
    if body.length == 0 { absent(pred) } else { Truth::Unknown }
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
