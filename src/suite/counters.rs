//! Limits judged against what they have counted so far, without counting on.

use std::collections::HashMap;

use crate::policy::{Charge, Facts, FullLimit, counted_by_name};
use crate::spec::RuleId;
use crate::spec::policy::Limit;

/// What limits have counted, by rule and key.
#[derive(Debug, Clone, Default)]
pub struct Counters(HashMap<(String, String), u64>);

/// A limit that a request meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitUse {
    pub rule: RuleId,
    pub limit: Limit,
    /// Whose use is counted together, by name.
    pub key: String,
    /// With this request's own cost, where it has room.
    pub used: u64,
    /// What this request takes; of what only the answer tells, the least.
    pub cost: u64,
    pub has_room: bool,
}

impl LimitUse {
    /// As a denial tells of it.
    pub(super) fn full(&self) -> FullLimit<'_> {
        let Self { rule, limit, key, used, cost, .. } = self;
        FullLimit { rule, limit, key, used: *used, cost: *cost }
    }
}

impl Counters {
    pub fn set(&mut self, rule: &str, key: &str, used: u64) {
        self.0.insert((rule.to_owned(), key.to_owned()), used);
    }

    /// How the limits of a request stand: all are charged, or none.
    #[must_use]
    pub fn uses(&self, charges: &[Charge], facts: &Facts<'_>, capability: &str) -> Vec<LimitUse> {
        let mut uses: Vec<LimitUse> =
            charges.iter().map(|charge| self.charged(charge, facts, capability)).collect();
        if uses.iter().any(|one| !one.has_room) {
            for (one, charge) in uses.iter_mut().zip(charges) {
                one.used -= if one.has_room { charge.cost.unwrap_or(0) } else { 0 };
            }
        }
        uses
    }

    /// A cost that only the answer tells needs any room at all.
    fn charged(&self, charge: &Charge, facts: &Facts<'_>, capability: &str) -> LimitUse {
        let key = counted_by_name(charge, facts, capability).to_owned();
        let before = self.0.get(&(charge.rule.to_string(), key.clone())).copied().unwrap_or(0);
        let max = charge.limit.max;
        let after = before.checked_add(charge.cost.unwrap_or(0)).filter(|after| *after <= max);
        let after = after.filter(|_| charge.cost.is_some() || before < max);
        LimitUse {
            rule: charge.rule.clone(),
            limit: charge.limit.clone(),
            key,
            used: after.unwrap_or(before),
            cost: charge.cost.unwrap_or(1),
            has_room: after.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Scope;
    use crate::spec::policy::{By, Cost, Instant, Per};

    fn charge(rule: &'static str, by: By, cost: Option<u64>) -> Charge {
        let limit = Limit { max: 10, per: Per::Minute, by, cost: Cost::Requests };
        Charge { rule: RuleId::from_static(rule), limit, cost }
    }

    fn used(counters: &Counters, charges: &[Charge]) -> Vec<(u64, bool)> {
        let facts = Facts { caller: "c", scope: &Scope::Global, credential: "k", now: Instant(0) };
        let uses = counters.uses(charges, &facts, "a/b");
        uses.iter().map(|one| (one.used, one.has_room)).collect()
    }

    #[test]
    fn a_limit_has_room_up_to_its_maximum() {
        let mut counters = Counters::default();
        counters.set("p/r", "c", 8);
        assert_eq!(used(&counters, &[charge("p/r", By::Caller, Some(2))]), [(10, true)]);
        assert_eq!(used(&counters, &[charge("p/r", By::Caller, Some(3))]), [(8, false)]);
        assert_eq!(used(&counters, &[charge("p/r", By::Credential, Some(3))]), [(3, true)]);
        assert_eq!(used(&counters, &[charge("p/r", By::Caller, Some(u64::MAX))]), [(8, false)]);
    }

    #[test]
    fn a_cost_of_the_answer_needs_room_for_something() {
        let mut counters = Counters::default();
        counters.set("p/r", "p/r", 9);
        assert_eq!(used(&counters, &[charge("p/r", By::Rule, None)]), [(9, true)]);
        counters.set("p/r", "p/r", 10);
        assert_eq!(used(&counters, &[charge("p/r", By::Rule, None)]), [(10, false)]);
    }

    #[test]
    fn all_are_charged_or_none() {
        let mut counters = Counters::default();
        counters.set("p/full", "a/b", 10);
        let both = [charge("p/r", By::Caller, Some(1)), charge("p/full", By::Capability, Some(1))];
        assert_eq!(used(&counters, &both), [(0, true), (10, false)]);
    }
}
