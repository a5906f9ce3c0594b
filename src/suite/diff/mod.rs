//! What a change of policies changes: each request that was denied and no longer is, or the other
//! way round, and each that is counted, asked about or redacted otherwise, with a request that
//! shows it.
//!
//! Every rule is a box of conditions that do not depend on each other, so that the values which
//! matter can be listed for each part of a request, and a search over them finds a request on
//! which old and new differ. What it finds is decided by both before it is told: nothing is
//! reported that is not so. Beside these stands what is done otherwise with the same requests,
//! such as a secret that goes to another host.

mod altered;
mod barrier;
mod callers;
mod search;
mod space;
mod values;
mod witness;

use std::collections::BTreeSet;

use super::known::{Known, is_about};
use crate::policy::RuleSet;
use crate::spec::policy::{Effect, Instant, Rule};
use crate::spec::{Capability, CapabilityId, RuleId};
use crate::suite::include;
use barrier::{Barrier, Label};
use space::Space;

pub use altered::Alteration;
pub use witness::{Standing, Witness};

/// Policies, and the capabilities that they narrow.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    pub rules: &'a RuleSet,
    pub known: &'a Known<'a>,
}

/// Whether more or less may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    Widens,
    Narrows,
}

/// What becomes of the request that shows the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// It was denied and is not, or the other way round.
    Permit,
    /// A limit counts it, or no longer as strictly.
    Limit,
    /// A person is asked about it.
    Approval,
    /// Something is taken out of its answer.
    Redaction,
}

/// What makes the difference, on the stricter side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The capability's own grants.
    Grant,
    Rule(RuleId),
    /// The provider keeps a header of that name from callers, or some values of it.
    Header(String),
    /// The provider keeps a parameter of that name from callers.
    Parameter(String),
}

/// One change of what is allowed, with a request on which old and new differ.
#[derive(Debug, Clone)]
pub struct Change {
    pub direction: Direction,
    pub what: What,
    pub capability: CapabilityId,
    pub cause: Cause,
    pub witness: Witness,
    pub old: Standing,
    pub new: Standing,
}

/// All changes, sorted; and the capabilities for which the search was cut short.
#[derive(Debug, Default)]
pub struct Comparison {
    pub changes: Vec<Change>,
    pub altered: Vec<Alteration>,
    pub unfinished: BTreeSet<CapabilityId>,
}

/// Compares two sets of policies over every capability of either side.
#[must_use]
pub fn diff(old: Side<'_>, new: Side<'_>, now: Instant) -> Comparison {
    let mut comparison = Comparison::default();
    let ids = |side: &Side<'_>| -> Vec<CapabilityId> {
        side.known.capabilities().map(|granted| granted.capability.id.clone()).collect()
    };
    let all: BTreeSet<CapabilityId> = ids(&old).into_iter().chain(ids(&new)).collect();
    for id in all {
        let (before, after) = (About::new(old, &id), About::new(new, &id));
        if before.same_as(&after) {
            continue;
        }
        let space = Space::of(&before, &after, now);
        Comparing { space: &space, strict: &before, free: &after, direction: Direction::Widens }
            .changes(&mut comparison);
        Comparing { space: &space, strict: &after, free: &before, direction: Direction::Narrows }
            .changes(&mut comparison);
    }
    callers::changes(old, new, now, &mut comparison);
    comparison.altered = altered::all(old, new);
    let key =
        |change: &Change| (change.direction, change.capability.clone(), change.cause.clone(), change.what);
    comparison.changes.sort_by_key(key);
    comparison
}

/// What one side says about one capability.
struct About<'a> {
    side: Side<'a>,
    id: &'a CapabilityId,
    /// None where this side does not have it, or it is off.
    capability: Option<&'a Capability>,
    /// Rules with an effect that are about it.
    rules: Vec<&'a Rule>,
}

impl<'a> About<'a> {
    fn new(side: Side<'a>, id: &'a CapabilityId) -> Self {
        let found = side.known.capabilities().find(|granted| granted.capability.id == *id);
        let capability = found.map(|granted| granted.capability).filter(|one| !one.is_administrative());
        let about = |rule: &&Rule| capability.is_some_and(|one| is_about(&rule.select, one));
        let rules = side.rules.rules().map(AsRef::as_ref).filter(|rule| !rule.shadow).filter(about);
        Self { side, id, capability, rules: rules.collect() }
    }

    fn same_as(&self, other: &Self) -> bool {
        let within = |some: &Self, all: &Self| some.rules.iter().all(|rule| all.has(rule));
        self.grants_like(other) && within(self, other) && within(other, self)
    }

    fn grants_like(&self, other: &Self) -> bool {
        match (self.capability, other.capability) {
            (Some(one), Some(other)) => one.grants == other.grants,
            (None, None) => true,
            _ => false,
        }
    }

    /// Whether a rule that does the same stands on this side; what it is called does not matter.
    fn has(&self, rule: &Rule) -> bool {
        let same =
            |one: &&&Rule| one.effect == rule.effect && one.select == rule.select && one.any == rule.any;
        self.rules.iter().any(|one| same(&one))
    }
}

/// The search in one direction: for what the strict side stops and the free side does not.
struct Comparing<'s, 'a> {
    space: &'s Space<'a>,
    strict: &'s About<'a>,
    free: &'s About<'a>,
    direction: Direction,
}

impl Comparing<'_, '_> {
    fn changes(&self, comparison: &mut Comparison) {
        let free = self.space.denying(self.free);
        let mut seen = BTreeSet::new();
        for barrier in self.space.denying(self.strict) {
            let standing = match &barrier.label {
                Label::Grant => self.strict.grants_like(self.free),
                Label::Rule(rule) => self.free.has(rule),
            };
            if !standing && !seen.contains(&barrier.cause()) {
                let blocking: Vec<&Barrier<'_>> = free.iter().collect();
                let found = self.find(&barrier, &blocking, What::Permit, comparison);
                seen.extend(found.then(|| barrier.cause()));
            }
        }
        let strict = self.space.denying(self.strict);
        for rule in self.strict.rules.iter().filter(|rule| !self.free.has(rule)) {
            let Some(what) = what(&rule.effect) else { continue };
            let as_strict = self.free.rules.iter().filter(|one| include::at_least(&one.effect, &rule.effect));
            let as_strict: Vec<Barrier<'_>> = as_strict.map(|one| self.space.acting(one)).collect();
            let blocking: Vec<&Barrier<'_>> = free.iter().chain(&strict).chain(&as_strict).collect();
            self.find(&self.space.acting(rule), &blocking, what, comparison);
        }
    }

    /// Looks for a request that meets `barrier` and none of the others; true where one was told.
    fn find(
        &self,
        barrier: &Barrier<'_>,
        blocking: &[&Barrier<'_>],
        what: What,
        comparison: &mut Comparison,
    ) -> bool {
        let differs = |choice: &[usize]| self.differs(choice, barrier, what);
        let mut search = search::Search::new(self.space, barrier, blocking);
        let found = search.first(&differs);
        if search.is_cut_short() {
            comparison.unfinished.insert(self.strict.id.clone());
        }
        let Some(choice) = found.map(|choice| self.space.simplest(choice, &differs)) else { return false };
        let Some((witness, old, new)) = self.standings(&choice) else { return false };
        let (direction, capability, cause) = (self.direction, self.strict.id.clone(), barrier.cause());
        comparison.changes.push(Change { direction, what, capability, cause, witness, old, new });
        true
    }

    /// The request of a choice, and how it stands with the old and with the new policies.
    fn standings(&self, choice: &[usize]) -> Option<(Witness, Standing, Standing)> {
        let witness = self.space.witness(choice)?;
        let (strict, free) = (witness.held_against(self.strict.side), witness.held_against(self.free.side));
        Some(match self.direction {
            Direction::Widens => (witness, strict, free),
            Direction::Narrows => (witness, free, strict),
        })
    }

    /// Whether both sides, asked for their decision, really differ on the request of a choice.
    fn differs(&self, choice: &[usize], barrier: &Barrier<'_>, what: What) -> bool {
        let Some(witness) = self.space.witness(choice) else { return false };
        let (strict, free) = (witness.held_against(self.strict.side), witness.held_against(self.free.side));
        match (&barrier.label, what) {
            (_, What::Permit) => strict.is_denied() && !free.is_denied(),
            (Label::Rule(rule), _) => strict.has_effect(&rule.effect) && free.lacks_effect(&rule.effect),
            (Label::Grant, _) => false,
        }
    }
}

fn what(effect: &Effect) -> Option<What> {
    match effect {
        Effect::Limit(_) => Some(What::Limit),
        Effect::Approve(_) => Some(What::Approval),
        Effect::Redact(_) => Some(What::Redaction),
        Effect::Forbid | Effect::Require => None,
    }
}

#[cfg(test)]
mod tests;
