//! Values that rules may tell apart: those that they name, those beside, and those of other types.

pub(super) mod json;
pub(super) mod paths;
pub(super) mod text;

use crate::policy::{Parts, Wanted};
use crate::spec::policy::{Cost, Decimal, Effect, Pred, Rule, Scalar};

/// What a body is, as its content-type says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Empty,
    /// A map, of that media type.
    Json(String),
    /// An empty list in JSON.
    JsonList,
    Form,
    Multipart,
    /// Of a type that rules do not read.
    Opaque(String),
    /// Of a type that rules read, and malformed.
    Broken(Family),
}

/// How a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Json,
    Form,
    Multipart,
}

impl Family {
    /// What a rule must read of a body.
    pub(super) fn read_by(rule: &Rule) -> Vec<Self> {
        let mut families = Vec::new();
        for body in rule.any.iter().filter_map(|when| when.body.as_ref()) {
            families.extend((!body.json.is_empty()).then_some(Self::Json));
            families.extend(body.form.is_some().then_some(Self::Form));
            families.extend(body.multipart.is_some().then_some(Self::Multipart));
        }
        let counts_or_shows = match &rule.effect {
            Effect::Limit(limit) => matches!(limit.cost, Cost::Body(_)),
            Effect::Approve(show) => !show.is_empty(),
            Effect::Forbid | Effect::Require | Effect::Redact(_) => false,
        };
        families.extend(counts_or_shows.then_some(Self::Json));
        families
    }

    /// Every way of reading.
    pub(super) fn all() -> Wanted {
        let needed = Parts { outline: true, json: true, form: true, multipart: true };
        Wanted { needed, shadow: Parts::default() }
    }
}

/// The numbers that predicates name, those beside and between them.
fn numbers(preds: &[&Pred]) -> Vec<Decimal> {
    let named = preds.iter().flat_map(|pred| {
        let scalars = scalars(pred).filter_map(|scalar| match scalar {
            Scalar::Number(number) => Some(*number),
            _ => None,
        });
        scalars.chain(pred.lte).chain(pred.gte).collect::<Vec<_>>()
    });
    let mut named: Vec<Decimal> = named.collect();
    named.sort();
    named.dedup();
    let between = named.windows(2).filter_map(|pair| pair[0].between(pair[1]));
    let beside = named.first().and_then(|least| least.plus(-1)).into_iter();
    let beside = beside.chain(named.last().and_then(|most| most.plus(1)));
    let more: Vec<Decimal> =
        beside.chain(named.iter().filter_map(|one| one.plus(1))).chain(between).collect();
    named.extend(more);
    named
}

fn scalars(pred: &Pred) -> impl Iterator<Item = &Scalar> {
    pred.eq.iter().chain(pred.one_of.iter().flatten()).chain(pred.not_in.iter().flatten())
}
