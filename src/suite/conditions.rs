//! The conditions of a rule one by one: what was observed, what is wanted, and what would do.

use serde::Serialize;

use super::explain::Spot;
use super::words;
use crate::policy::{At, Seen, Subject, Truth, conditions};
use crate::spec::policy::{BodyWhen, Effect, Fields, Pred, Rule, When};
use crate::spec::{Place, Source};

/// A condition that fails.
#[derive(Debug, Clone, Serialize)]
pub struct Condition {
    pub condition: String,
    pub truth: &'static str,
    pub observed: String,
    pub wanted: String,
    pub at: Spot,
}

/// A rule's conditions as they came out.
pub(super) struct Judged {
    pub(super) truth: Truth,
    pub(super) failing: Option<Condition>,
    /// In words, the fewest changes after which the rule would let the request pass.
    pub(super) changes: Vec<String>,
}

pub(super) fn place_of(rule: &Rule) -> Place {
    Place::root().key("rules").index(rule.position)
}

/// Judges `rule`, and each of its conditions alone.
pub(super) fn judged(rule: &Rule, subject: &Subject<'_>, source: &Source) -> Judged {
    let seen = conditions(rule, subject);
    Judged {
        truth: seen.truth,
        failing: failing(rule, &seen, subject, source),
        changes: changes(rule, subject),
    }
}

fn failing(rule: &Rule, seen: &Seen<'_>, subject: &Subject<'_>, source: &Source) -> Option<Condition> {
    let (alternative, at) = seen.failing?;
    let when = rule.any.get(alternative)?;
    Some(Condition {
        condition: at.to_string(),
        truth: if seen.truth == Truth::Unknown { "unknown" } else { "false" },
        observed: words::observed(at, when, subject),
        wanted: words::wanted(at, when),
        at: Spot::of(source, place(rule, alternative, at)),
    })
}

/// `rules/2/any/0/body/json/~model`, as a place in the policy's file.
pub(super) fn place(rule: &Rule, alternative: usize, at: At<'_>) -> Place {
    let rule_place = place_of(rule);
    let when = if rule.says_any { rule_place.key("any").index(alternative) } else { rule_place.key("when") };
    match at {
        At::Methods => when.key("methods"),
        At::Paths => when.key("paths"),
        At::Time => when.key("time"),
        At::QueryOnly => when.key("query").key("only"),
        At::Query(name) => when.key("query").name(name),
        At::HeadersOnly => when.key("headers").key("only"),
        At::Header(name) => when.key("headers").name(name),
        At::MaxBytes => when.key("body").key("max_bytes"),
        At::ContentTypes => when.key("body").key("content_types"),
        At::Json(pointer) => when.key("body").key("json").name(pointer.as_str()),
        At::FormOnly => when.key("body").key("form").key("only"),
        At::Form(name) => when.key("body").key("form").name(name),
        At::MultipartOnly => when.key("body").key("multipart").key("only"),
        At::Multipart(name) => when.key("body").key("multipart").name(name),
    }
}

/// Of a `require`, what makes the nearest of its alternatives true; of what stops a request that
/// satisfies it, what makes each alternative that it satisfies false.
fn changes(rule: &Rule, subject: &Subject<'_>) -> Vec<String> {
    let alternatives = rule.any.iter().map(|when| (when, outcomes(rule, when, subject)));
    if matches!(rule.effect, Effect::Require) {
        let failing = alternatives.map(|(when, all)| {
            let failing = all.into_iter().filter(|(_, truth)| *truth != Truth::True);
            failing.map(|(at, _)| words::to_satisfy(at, when)).collect::<Vec<_>>()
        });
        return failing.min_by_key(Vec::len).unwrap_or_default();
    }
    let satisfied = alternatives.filter(|(_, all)| all.iter().all(|(_, truth)| *truth != Truth::False));
    // What stands last is nearest to the data: the body rather than the method or the path.
    let last = satisfied.filter_map(|(when, all)| Some((when, *all.last()?)));
    last.map(|(when, (at, truth))| words::to_escape(at, when, truth)).collect()
}

/// How each condition of an alternative comes out alone.
fn outcomes<'r>(rule: &Rule, when: &'r When, subject: &Subject<'_>) -> Vec<(At<'r>, Truth)> {
    let alone = |(at, when): (At<'r>, When)| {
        let single = Rule { any: vec![when], ..rule.clone() };
        (at, conditions(&single, subject).truth)
    };
    single_conditions(when).into_iter().map(alone).collect()
}

pub(super) fn single_conditions(when: &When) -> Vec<(At<'_>, When)> {
    let mut all = Vec::new();
    let blank = When::default;
    all.extend(when.methods.map(|methods| (At::Methods, When { methods: Some(methods), ..blank() })));
    all.extend(when.paths.clone().map(|paths| (At::Paths, When { paths: Some(paths), ..blank() })));
    all.extend(when.time.map(|time| (At::Time, When { time: Some(time), ..blank() })));
    if let Some(query) = &when.query {
        let of = |fields| When { query: Some(fields), ..blank() };
        all.extend(single_fields(query, At::QueryOnly, At::Query).map(|(at, fields)| (at, of(fields))));
    }
    if let Some(headers) = &when.headers {
        let of = |fields| When { headers: Some(fields), ..blank() };
        all.extend(single_fields(headers, At::HeadersOnly, At::Header).map(|(at, fields)| (at, of(fields))));
    }
    if let Some(body) = &when.body {
        all.extend(
            single_of_body(body).into_iter().map(|(at, body)| (at, When { body: Some(body), ..blank() })),
        );
    }
    all
}

fn single_of_body(body: &BodyWhen) -> Vec<(At<'_>, BodyWhen)> {
    let blank = BodyWhen::default;
    let mut all = Vec::new();
    all.extend(body.max_bytes.map(|most| (At::MaxBytes, BodyWhen { max_bytes: Some(most), ..blank() })));
    let types = body.content_types.clone();
    all.extend(types.map(|types| (At::ContentTypes, BodyWhen { content_types: Some(types), ..blank() })));
    all.extend(body.json.iter().map(|(pointer, pred)| {
        (At::Json(pointer), BodyWhen { json: vec![(pointer.clone(), pred.clone())], ..blank() })
    }));
    if let Some(form) = &body.form {
        let of = |fields| BodyWhen { form: Some(fields), ..blank() };
        all.extend(single_fields(form, At::FormOnly, At::Form).map(|(at, fields)| (at, of(fields))));
    }
    if let Some(parts) = &body.multipart {
        let of = |fields| BodyWhen { multipart: Some(fields), ..blank() };
        all.extend(
            single_fields(parts, At::MultipartOnly, At::Multipart).map(|(at, fields)| (at, of(fields))),
        );
    }
    all
}

/// `only` admits the names that have predicates, which it keeps here without asking anything.
fn single_fields<'r>(
    fields: &'r Fields,
    only: At<'r>,
    one: fn(&'r str) -> At<'r>,
) -> impl Iterator<Item = (At<'r>, Fields)> {
    let names = fields.preds.iter().map(|(name, _)| name.clone());
    let admitted = fields.only.as_ref().map(|only| only.iter().cloned().chain(names).collect());
    let only = admitted.map(|names| (only, Fields { only: Some(names), preds: Vec::new() }));
    let preds = fields.preds.iter().map(move |(name, pred): &(String, Pred)| {
        (one(name), Fields { only: None, preds: vec![(name.clone(), pred.clone())] })
    });
    only.into_iter().chain(preds)
}
