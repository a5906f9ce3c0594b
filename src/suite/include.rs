//! Whether one rule covers another: every request that the one stops, the other stops as well.
//!
//! Sound and not complete: what is said to be covered is; what covers in a way that only a search
//! could find is not seen. That goes for the unknown too, which stops a request as the true does.

use std::collections::BTreeSet;
use std::mem::discriminant;

use super::known::{Known, is_about};
use crate::spec::policy::{
    Absent, BodyWhen, Effect, Fields, Glob, Limit, Pointer, Pred, Redact, Rule, Scalar, Select, When,
};

/// Whether `narrow` adds nothing to `wide`: same effect, and no request that it stops, counts or
/// changes is left alone by the other.
#[must_use]
pub fn rule(wide: &Rule, narrow: &Rule, known: &Known<'_>) -> bool {
    let effect = match (&wide.effect, &narrow.effect) {
        (Effect::Forbid, Effect::Forbid) => whens(&wide.any, &narrow.any),
        (Effect::Require, Effect::Require) => whens(&narrow.any, &wide.any),
        (wide_effect, narrow_effect) => at_least(wide_effect, narrow_effect) && whens(&wide.any, &narrow.any),
    };
    effect && (!wide.shadow || narrow.shadow) && select(&wide.select, &narrow.select, known)
}

/// Whether what `strict` does to a request that it meets leaves nothing to do for `loose`.
#[must_use]
pub fn at_least(strict: &Effect, loose: &Effect) -> bool {
    match (strict, loose) {
        (Effect::Limit(strict), Effect::Limit(loose)) => limit(strict, loose),
        (Effect::Approve(strict), Effect::Approve(loose)) => all_in(loose, strict),
        (Effect::Redact(strict), Effect::Redact(loose)) => redact(strict, loose),
        (Effect::Forbid, Effect::Forbid) | (Effect::Require, Effect::Require) => true,
        _ => false,
    }
}

/// Whether a limit has no room for what the other has no room for, counted alike.
#[must_use]
pub fn limit(strict: &Limit, loose: &Limit) -> bool {
    let alike = strict.per == loose.per && strict.by == loose.by && strict.cost == loose.cost;
    alike && strict.max <= loose.max
}

/// Whether everything that `loose` takes out is taken out by `strict` too.
#[must_use]
pub fn redact(strict: &Redact, loose: &Redact) -> bool {
    let cut = |redact: &Redact| redact.max_bytes.unwrap_or(u64::MAX);
    all_in(&loose.pointers, &strict.pointers)
        && all_in(&loose.fields, &strict.fields)
        && cut(strict) <= cut(loose)
}

fn all_in<T: PartialEq>(few: &[T], many: &[T]) -> bool {
    few.iter().all(|one| many.contains(one))
}

/// Whether each request of one selection is in the other.
#[must_use]
pub fn select(wide: &Select, narrow: &Select, known: &Known<'_>) -> bool {
    let later = wide.not_before.is_none_or(|from| narrow.not_before.is_some_and(|one| from <= one));
    let sooner = wide.not_after.is_none_or(|to| narrow.not_after.is_some_and(|one| one <= to));
    later
        && sooner
        && globs(wide.callers.as_deref(), narrow.callers.as_deref())
        && globs(wide.scopes.as_deref(), narrow.scopes.as_deref())
        && globs(wide.credentials.as_deref(), narrow.credentials.as_deref())
        && known.selected(narrow).iter().all(|granted| is_about(wide, granted.capability))
}

/// Whether all that the narrow globs match is matched by the wide ones; a missing list matches all.
#[must_use]
pub fn globs(wide: Option<&[Glob]>, narrow: Option<&[Glob]>) -> bool {
    let Some(wide) = wide else { return true };
    let covers = |one: &Glob, other: &Glob| {
        one == other
            || one.as_str() == "*"
            || other.is_literal() && one.matches(other.as_str())
            || prefix(one, other)
    };
    match narrow {
        Some(narrow) => narrow.iter().all(|other| wide.iter().any(|one| covers(one, other))),
        None => wide.iter().any(|one| one.as_str() == "*"),
    }
}

/// `a*` covers `ab*`, and whatever else starts with a plain `a`.
fn prefix(one: &Glob, other: &Glob) -> bool {
    let special = ['*', '?', '[', ']', '{', '}', '\\'];
    let start = one.as_str().strip_suffix('*').filter(|start| !start.contains(special));
    let plain = |text: &str| text.split(special).next().unwrap_or_default().to_owned();
    start.is_some_and(|start| plain(other.as_str()).starts_with(start))
}

/// Whether each alternative of the one list lies within one of the other; an empty list says
/// nothing, and so holds everything.
#[must_use]
pub fn whens(wide: &[When], narrow: &[When]) -> bool {
    let nothing = When::default();
    if wide.is_empty() {
        return true;
    }
    let covered = |other: &When| wide.iter().any(|one| when(one, other));
    if narrow.is_empty() { covered(&nothing) } else { narrow.iter().all(covered) }
}

/// Whether whatever satisfies `narrow` satisfies `wide`.
#[must_use]
pub fn when(wide: &When, narrow: &When) -> bool {
    let methods = within(wide.methods, narrow.methods, |wide, narrow| wide.includes(narrow));
    let paths = within(wide.paths.as_ref(), narrow.paths.as_ref(), |wide, narrow| {
        narrow.iter().all(|path| wide.iter().any(|one| one.includes(path)))
    });
    methods
        && paths
        && within(wide.query.as_ref(), narrow.query.as_ref(), fields)
        && within(wide.headers.as_ref(), narrow.headers.as_ref(), fields)
        && within(wide.body.as_ref(), narrow.body.as_ref(), body)
        && within(wide.time, narrow.time, |wide, narrow| wide == narrow)
}

fn within<T>(wide: Option<T>, narrow: Option<T>, holds: impl Fn(T, T) -> bool) -> bool {
    match (wide, narrow) {
        (None, _) => true,
        (Some(wide), Some(narrow)) => holds(wide, narrow),
        (Some(_), None) => false,
    }
}

fn fields(wide: &Fields, narrow: &Fields) -> bool {
    let admitted = |fields: &Fields| -> BTreeSet<String> {
        let named = fields.preds.iter().map(|(name, _)| name);
        fields.only.iter().flatten().chain(named).cloned().collect()
    };
    let only = match (&wide.only, &narrow.only) {
        (None, _) => true,
        (Some(_), Some(_)) => admitted(narrow).is_subset(&admitted(wide)),
        (Some(_), None) => false,
    };
    only && preds(&wide.preds, &narrow.preds)
}

fn body(wide: &BodyWhen, narrow: &BodyWhen) -> bool {
    within(wide.max_bytes, narrow.max_bytes, |wide, narrow| narrow <= wide)
        && within(wide.content_types.as_ref(), narrow.content_types.as_ref(), |wide, narrow| {
            all_in(narrow, wide)
        })
        && preds::<Pointer>(&wide.json, &narrow.json)
        && within(wide.form.as_ref(), narrow.form.as_ref(), fields)
        && within(wide.multipart.as_ref(), narrow.multipart.as_ref(), fields)
}

fn preds<K: PartialEq>(wide: &[(K, Pred)], narrow: &[(K, Pred)]) -> bool {
    let covered =
        |(key, one): &(K, Pred)| narrow.iter().any(|(other_key, other)| other_key == key && pred(one, other));
    wide.iter().all(covered)
}

/// Whether each value that satisfies `narrow`, or leaves it unknown, does the same to `wide`.
#[must_use]
pub fn pred(wide: &Pred, narrow: &Pred) -> bool {
    let listed: Option<Vec<&Scalar>> = match (&narrow.eq, &narrow.one_of) {
        (Some(one), _) => Some(vec![one]),
        (None, list) => list.as_ref().map(|list| list.iter().collect()),
    };
    let among = |wanted: &[Scalar]| {
        listed.as_ref().is_some_and(|listed| {
            listed.iter().all(|one| wanted.contains(one))
                && of_one_type(wanted.iter().chain(listed.iter().copied()))
        })
    };
    let unwanted = |unwanted: &[Scalar]| {
        let left = narrow.not_in.as_ref().is_some_and(|theirs| all_in(unwanted, theirs));
        left && of_one_type(narrow.not_in.iter().flatten())
    };
    wide.eq.as_ref().is_none_or(|one| among(std::slice::from_ref(one)))
        && wide.one_of.as_ref().is_none_or(|list| among(list))
        && wide.not_in.as_ref().is_none_or(|list| unwanted(list))
        && within(wide.lte, narrow.lte, |wide, narrow| narrow <= wide)
        && within(wide.gte, narrow.gte, |wide, narrow| narrow >= wide)
        && within(wide.max_len, narrow.max_len, |wide, narrow| narrow <= wide)
        && within(wide.glob.as_ref(), narrow.glob.as_ref(), |wide, narrow| wide == narrow)
        && within(wide.kind, narrow.kind, |wide, narrow| wide == narrow)
        && (wide.absent == Absent::Holds || narrow.absent == Absent::Fails)
}

/// With operands of several types, the same value is unknown to the one list and known to the other.
fn of_one_type<'a>(scalars: impl Iterator<Item = &'a Scalar>) -> bool {
    let mut kinds = scalars.map(discriminant);
    let first = kinds.next();
    kinds.all(|kind| Some(kind) == first)
}
