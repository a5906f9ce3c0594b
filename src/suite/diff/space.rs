//! The parts of a request that rules look at, and for each the values that they tell apart.

mod atoms;
mod parts;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::About;
use super::barrier::{Atom, Barrier, Label};
use super::values::Kind;
use super::witness::Witness;
use crate::policy::{Json, Truth};
use crate::spec::policy::{Effect, Fields, Instant, Rule, Select, When};
use crate::spec::{CapabilityId, Method, Provider, Scope};
use atoms::{Pieces, Shown};

/// The part that every body depends upon.
pub(super) const KIND: usize = 0;

/// Of the values under one name, at most this many are put beside each other.
const MAX_PAIRED: usize = 12;

/// A part of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Kind,
    Size,
    Method,
    Path,
    Caller,
    Scope,
    Credential,
    Time,
    /// Of the query, the headers or a form, the values under one name.
    Named(In, String),
    /// The body's member of that name; without one, the whole body.
    Json(Option<String>),
}

/// Where named values stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum In {
    Query,
    Headers,
    Form,
    Multipart,
}

/// A value of a part.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Kind(Kind),
    Size(Option<u64>),
    Method(Method),
    Text(String),
    Scope(Scope),
    Time(Instant),
    /// Several under one name; none where the name is not there.
    Texts(Vec<String>),
    Json(Option<Json>),
}

/// All parts with their values, the simplest of each first.
pub(super) struct Space<'a> {
    provider: Option<&'a Provider>,
    capability: CapabilityId,
    parts: Vec<(Part, Vec<Value>)>,
    /// Requests that conditions were held against, by part, value and kind of body.
    shown: RefCell<HashMap<(usize, usize, usize), Rc<Shown>>>,
}

impl<'a> Space<'a> {
    pub(super) fn of(one: &About<'a>, other: &About<'a>, now: Instant) -> Self {
        let provider = |about: &About<'a>| {
            let mut all = about.side.known.capabilities();
            all.find(|granted| granted.capability.id == *about.id).map(|granted| granted.provider)
        };
        let mut space = Self {
            provider: provider(one).or_else(|| provider(other)),
            capability: one.id.clone(),
            parts: parts::of(one, other, now),
            shown: RefCell::default(),
        };
        space.keep_telling_values(&[one, other]);
        space.add_pairs();
        space.keep_telling_values(&[one, other]);
        space
    }

    pub(super) fn parts(&self) -> usize {
        self.parts.len()
    }

    pub(super) fn values(&self, part: usize) -> usize {
        self.parts[part].1.len()
    }

    fn part(&self, wanted: &Part) -> Option<usize> {
        self.parts.iter().position(|(part, _)| part == wanted)
    }

    fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.parts[KIND].1.iter().filter_map(|value| match value {
            Value::Kind(kind) => Some(kind),
            _ => None,
        })
    }

    /// Two values under one name can differ from each alone: not all are as one rule wants them,
    /// and some are as another forbids.
    fn add_pairs(&mut self) {
        let paired = self.parts.iter_mut().filter(|(part, _)| {
            matches!(part, Part::Named(place, name) if *place != In::Headers && name != parts::OTHER)
        });
        for (_, values) in paired {
            let single = |value: &Value| match value {
                Value::Texts(texts) => texts.first().cloned(),
                _ => None,
            };
            let few: Vec<String> = values.iter().filter_map(single).take(MAX_PAIRED).collect();
            let pairs = few.iter().enumerate().flat_map(|(at, one)| {
                few[at + 1..].iter().map(move |other| Value::Texts(vec![one.clone(), other.clone()]))
            });
            values.extend(pairs.collect::<Vec<_>>());
        }
    }

    /// Of the values of a part that no rule tells apart, the first is enough.
    fn keep_telling_values(&mut self, sides: &[&About<'a>]) {
        let barriers: Vec<Barrier<'_>> = sides
            .iter()
            .flat_map(|about| {
                let effects = about.rules.iter().filter(|rule| super::what(&rule.effect).is_some());
                let acting = effects.map(|rule| self.acting(rule));
                self.denying(about).into_iter().chain(acting).collect::<Vec<_>>()
            })
            .collect();
        let atoms: Vec<&Atom> = barriers.iter().flat_map(Barrier::atoms).collect();
        let mut kept: Vec<Vec<Value>> = Vec::with_capacity(self.parts.len());
        for (part, (_, values)) in self.parts.iter().enumerate() {
            let looking: Vec<&&Atom> = atoms.iter().filter(|atom| atom.part == part).collect();
            let mut seen: Vec<Vec<Truth>> = Vec::new();
            let telling = values.iter().enumerate().filter(|(index, _)| {
                let told: Vec<Truth> = looking.iter().map(|atom| atom.table[*index]).collect();
                let new = part == KIND || !seen.contains(&told);
                let usable = new && self.is_sendable(part, *index);
                seen.extend(usable.then_some(told));
                usable
            });
            kept.push(telling.map(|(_, value)| value.clone()).collect());
        }
        drop(barriers);
        for ((_, values), kept) in self.parts.iter_mut().zip(kept) {
            *values = kept;
        }
        self.shown.take();
    }

    /// Whether callers may send that value at all: some headers, parameters and fields are the broker's.
    fn is_sendable(&self, part: usize, value: usize) -> bool {
        let Part::Named(place, _) = &self.parts[part].0 else { return true };
        let mut choice = vec![0; self.parts()];
        // A form's field is there in a form alone.
        let form = self.kinds().position(|kind| match place {
            In::Query | In::Headers => false,
            In::Form => matches!(kind, Kind::Form),
            In::Multipart => matches!(kind, Kind::Multipart),
        });
        choice[KIND] = form.unwrap_or(0);
        choice[part] = value;
        let witness = self.witness(&choice);
        witness.is_none_or(|witness| self.provider.is_some_and(|one| witness.canonical(one).is_some()))
    }

    /// Everything that denies on one side: its grants, its rules, and bodies that a rule must read
    /// and cannot.
    pub(super) fn denying<'r>(&self, about: &About<'r>) -> Vec<Barrier<'r>> {
        let mut barriers = vec![self.grant(about)];
        for rule in &about.rules {
            if matches!(rule.effect, Effect::Forbid | Effect::Require) {
                barriers.push(self.acting(rule));
            }
            barriers.extend(self.pieces(rule).uncounted());
            barriers.extend(self.pieces(rule).unreadable());
        }
        barriers
    }

    /// A rule that acts upon a request: it denies, counts, asks or redacts.
    pub(super) fn acting<'r>(&self, rule: &'r Rule) -> Barrier<'r> {
        let spares = if matches!(rule.effect, Effect::Require) { Truth::True } else { Truth::False };
        let pieces = self.pieces(rule);
        let any = rule.any.iter().map(|when| pieces.when(when)).collect();
        Barrier { label: Label::Rule(rule), select: pieces.select(), any, spares }
    }

    fn pieces<'s, 'r>(&'s self, rule: &'r Rule) -> Pieces<'s, 'r> {
        Pieces { space: self, rule }
    }

    /// What is not granted is denied, as by a require with an alternative for each grant.
    fn grant<'r>(&self, about: &About<'r>) -> Barrier<'r> {
        let (label, select) = (Label::Grant, Vec::new());
        let Some(capability) = about.capability else {
            return Barrier { label, select, any: Vec::new(), spares: Truth::False };
        };
        let whens = capability.grants.iter().map(|grant| When {
            methods: Some(grant.methods),
            paths: Some(grant.paths.to_vec()),
            ..When::default()
        });
        let any = whens.map(|when| atoms::of_grant(self, &when)).collect();
        Barrier { label, select, any, spares: Truth::True }
    }

    /// The same request with as many of its parts at their simplest as `differs` allows.
    pub(super) fn simplest(&self, mut choice: Vec<usize>, differs: &impl Fn(&[usize]) -> bool) -> Vec<usize> {
        for part in 0..choice.len() {
            for simpler in 0..choice[part] {
                let before = std::mem::replace(&mut choice[part], simpler);
                if differs(&choice) {
                    break;
                }
                choice[part] = before;
            }
        }
        choice
    }

    /// The request that a choice of values stands for.
    pub(super) fn witness(&self, choice: &[usize]) -> Option<Witness> {
        parts::witness(self, choice)
    }

    fn chosen<'s>(&'s self, choice: &'s [usize]) -> impl Iterator<Item = (&'s Part, &'s Value)> {
        self.parts.iter().zip(choice).filter_map(|((part, values), index)| Some((part, values.get(*index)?)))
    }
}

/// Rules with nothing but one condition, to be asked of the code that judges.
fn lone(rule: &Rule, when: When) -> Rule {
    Rule { select: Select::default(), any: vec![when], ..rule.clone() }
}

/// `fields` without predicates, and with `only` naming all that it leaves room for.
fn only(fields: &Fields) -> Option<Fields> {
    let named = fields.preds.iter().map(|(name, _)| name);
    let only = fields.only.as_ref()?.iter().chain(named).cloned().collect();
    Some(Fields { only: Some(only), preds: Vec::new() })
}
