//! What a suite leaves untested: `--require-tests`.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::Outcome;
use super::policies::Policies;
use crate::policy::Catalog;
use crate::spec::Provider;
use crate::spec::policy_test::DecisionName;

/// In words, each capability without an allowed or a denied case, of every provider that a case
/// involves, and each rule that has no say in any case.
///
/// A capability that is off by default cannot be allowed, so a denial is enough for it.
pub fn missing<'a>(
    outcomes: impl Iterator<Item = &'a Outcome>,
    catalog: &dyn Catalog,
    policies: &Policies,
) -> Vec<String> {
    let mut heard: BTreeSet<&str> = BTreeSet::new();
    let mut seen: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
    for outcome in outcomes {
        heard.extend(outcome.heard.iter().map(|id| id.as_str()));
        let Some(capability) = &outcome.capability else { continue };
        let (allowed, denied) = seen.entry(capability.as_str()).or_default();
        *allowed |= outcome.decision == DecisionName::Allow;
        *denied |= outcome.decision == DecisionName::Deny;
    }
    let providers: BTreeSet<&str> = seen.keys().filter_map(|id| id.split('/').next()).collect();
    let mut missing = Vec::new();
    for provider in providers.into_iter().filter_map(|id| catalog.provider(id)) {
        missing.extend(of_provider(provider, &seen));
    }
    let silent = policies.rules().filter(|rule| !heard.contains(rule.id.as_str()));
    missing.extend(silent.map(|rule| format!("{} has a say in no case", rule.id)));
    missing
}

fn of_provider(provider: &Provider, seen: &BTreeMap<&str, (bool, bool)>) -> Vec<String> {
    let mut missing = Vec::new();
    for capability in provider.capabilities.iter() {
        let (allowed, denied) = seen.get(capability.id.as_str()).copied().unwrap_or_default();
        if !allowed && !capability.is_administrative() {
            missing.push(format!("{} has no case that is allowed", capability.id));
        }
        if !denied {
            missing.push(format!("{} has no case that is denied", capability.id));
        }
    }
    missing
}
