//! Rules with one thing changed: a condition left out, or turned into its opposite.

use crate::policy::At;
use crate::spec::policy::{Absent, BodyWhen, Fields, Pred, Rule, When};
use crate::spec::{Method, MethodSet};

/// A way to turn a predicate round, in words and in deed.
type Way = (&'static str, fn(&mut Pred));

/// The rule without one condition of an alternative.
pub(super) fn without(rule: &Rule, alternative: usize, at: At<'_>) -> Rule {
    changed(rule, alternative, |when| leave_out(when, at))
}

/// The rule with a condition turned round, each way in words.
pub(super) fn turned(rule: &Rule, alternative: usize, at: At<'_>) -> Vec<(&'static str, Rule)> {
    let Some(when) = rule.any.get(alternative) else { return Vec::new() };
    if matches!(at, At::Methods) {
        let others = when.methods.map(|methods| {
            let others: Vec<Method> = Method::ALL.into_iter().filter(|one| !methods.contains(*one)).collect();
            changed(rule, alternative, |when| when.methods = Some(MethodSet::of(&others)))
        });
        return others.map(|rule| ("for all other methods", rule)).into_iter().collect();
    }
    let ways: [Way; 3] = [
        ("turned round", turn_list),
        ("with its bound turned round", turn_bound),
        ("with `absent` turned round", turn_absent),
    ];
    let mut all = Vec::new();
    for (words, turn) in ways {
        let mutant = changed(rule, alternative, |when| on_pred(when, at, turn));
        if mutant != *rule {
            all.push((words, mutant));
        }
    }
    all
}

fn changed(rule: &Rule, alternative: usize, change: impl FnOnce(&mut When)) -> Rule {
    let mut rule = rule.clone();
    if let Some(when) = rule.any.get_mut(alternative) {
        change(when);
    }
    rule
}

fn leave_out(when: &mut When, at: At<'_>) {
    match at {
        At::Methods => when.methods = None,
        At::Paths => when.paths = None,
        At::Time => when.time = None,
        At::MaxBytes => on_body(when, |body| body.max_bytes = None),
        At::ContentTypes => on_body(when, |body| body.content_types = None),
        At::Json(pointer) => on_body(when, |body| body.json.retain(|(one, _)| one != pointer)),
        At::QueryOnly | At::HeadersOnly | At::FormOnly | At::MultipartOnly => {
            on_fields(when, at, |fields| fields.only = None);
        }
        At::Query(name) | At::Header(name) | At::Form(name) | At::Multipart(name) => {
            on_fields(when, at, |fields| {
                fields.preds.retain(|(one, _)| one != name);
                // A name with a condition may be there, and still may without it.
                fields.only.iter_mut().for_each(|only| only.push(name.to_owned()));
            });
        }
    }
}

fn on_body(when: &mut When, change: impl FnOnce(&mut BodyWhen)) {
    if let Some(body) = &mut when.body {
        change(body);
    }
}

fn on_fields(when: &mut When, at: At<'_>, change: impl FnOnce(&mut Fields)) {
    let body = when.body.as_mut();
    let fields = match at {
        At::QueryOnly | At::Query(_) => when.query.as_mut(),
        At::HeadersOnly | At::Header(_) => when.headers.as_mut(),
        At::FormOnly | At::Form(_) => body.and_then(|body| body.form.as_mut()),
        At::MultipartOnly | At::Multipart(_) => body.and_then(|body| body.multipart.as_mut()),
        At::Methods | At::Paths | At::Time | At::MaxBytes | At::ContentTypes | At::Json(_) => None,
    };
    if let Some(fields) = fields {
        change(fields);
    }
}

fn on_pred(when: &mut When, at: At<'_>, change: fn(&mut Pred)) {
    match at {
        At::Json(pointer) => on_body(when, |body| {
            body.json.iter_mut().filter(|(one, _)| one == pointer).for_each(|(_, pred)| change(pred));
        }),
        At::Query(name) | At::Header(name) | At::Form(name) | At::Multipart(name) => {
            on_fields(when, at, |fields| {
                fields.preds.iter_mut().filter(|(one, _)| one == name).for_each(|(_, pred)| change(pred));
            });
        }
        _ => {}
    }
}

fn turn_list(pred: &mut Pred) {
    let wanted = pred.eq.take().map(|one| vec![one]).or_else(|| pred.one_of.take());
    let unwanted = pred.not_in.take();
    pred.not_in = wanted;
    pred.one_of = unwanted;
}

fn turn_bound(pred: &mut Pred) {
    std::mem::swap(&mut pred.lte, &mut pred.gte);
}

fn turn_absent(pred: &mut Pred) {
    pred.absent = if pred.absent == Absent::Holds { Absent::Fails } else { Absent::Holds };
}
