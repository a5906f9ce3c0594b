//! What is keyed: the names of counters, and the hash that vouches for all of them.
//!
//! The hash of a set is the exclusive or of a keyed pseudo-random function of each member. That
//! is enough because a counter is in the set at most once, and because neither the terms nor
//! their sum leave this process: the file holds a MAC of the sum alone, so that nobody learns
//! terms to combine into another set.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::ledger::Counter;
use crate::spec::RuleId;
use crate::spec::policy::{By, Cost, Limit};

/// The keyed name of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct CounterId(pub(super) [u8; 32]);

/// The hash of a set of counters.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct SetSum([u8; 32]);

impl SetSum {
    /// Adds a member that is not in the set, or takes out one that is.
    pub(super) fn toggle(&mut self, term: &[u8; 32]) {
        self.0.iter_mut().zip(term).for_each(|(mine, theirs)| *mine ^= theirs);
    }
}

/// What the file says of the set as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Summary {
    /// Changes so far.
    pub(super) epoch: u64,
    /// The latest time that a change was made at.
    pub(super) latest_ms: u64,
    pub(super) count: u64,
}

/// The key of one vault's counters.
pub(super) struct Keyed(Zeroizing<[u8; 32]>);

impl Keyed {
    pub(super) fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    /// The counter of a rule for one caller, credential or capability. What is counted, and over
    /// what time, is part of the name: a rule that is changed to count something else begins anew.
    pub(super) fn counter(&self, rule: &RuleId, limit: &Limit, by: &str) -> CounterId {
        let (kind, by) = match limit.by {
            By::Caller => ("caller", by),
            By::Credential => ("credential", by),
            By::Capability => ("capability", by),
            By::Rule => ("rule", ""),
        };
        let (cost, pointer) = match &limit.cost {
            Cost::Requests => ("requests", ""),
            Cost::Bytes => ("bytes", ""),
            Cost::Body(pointer) => ("body", pointer.as_str()),
            Cost::Response(pointer) => ("response", pointer.as_str()),
        };
        let parts = ["counter", rule.as_str(), kind, by, limit.per.as_str(), cost, pointer];
        CounterId(self.mac(&parts.map(str::as_bytes)).finalize().into_bytes().into())
    }

    /// One counter's term in the set's sum.
    pub(super) fn term(&self, id: &CounterId, counter: &Counter) -> [u8; 32] {
        let Counter { ends_ms, used, largest } = counter;
        let [ends_ms, used, largest] = [ends_ms, used, largest].map(|number| number.to_be_bytes());
        self.mac(&[b"term", &id.0, &ends_ms, &used, &largest]).finalize().into_bytes().into()
    }

    /// What vouches for the set.
    pub(super) fn seal(&self, summary: &Summary, sum: &SetSum) -> [u8; 32] {
        self.summary_mac(summary, sum).finalize().into_bytes().into()
    }

    pub(super) fn vouches(&self, summary: &Summary, sum: &SetSum, seal: &[u8]) -> bool {
        self.summary_mac(summary, sum).verify_slice(seal).is_ok()
    }

    fn summary_mac(&self, summary: &Summary, sum: &SetSum) -> Hmac<Sha256> {
        let Summary { epoch, latest_ms, count } = summary;
        let [epoch, latest_ms, count] = [epoch, latest_ms, count].map(|number| number.to_be_bytes());
        self.mac(&[b"summary", &epoch, &latest_ms, &count, &sum.0])
    }

    /// HMAC-SHA256 over the parts, each with its length before it.
    fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.0.as_slice()).expect("HMAC takes keys of any length");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::policy::{Per, Pointer};

    fn id(rule: &str, limit: &Limit, by: &str) -> CounterId {
        Keyed::new(Zeroizing::new([7; 32])).counter(&RuleId::parse(rule).unwrap(), limit, by)
    }

    #[test]
    fn what_is_counted_apart_has_names_of_its_own() {
        let limit = |by, per, cost| Limit { max: 1, per, by, cost };
        let tokens = |text| Cost::Response(Pointer::parse(text).unwrap());
        let ids = [
            id("p/a", &limit(By::Caller, Per::Minute, Cost::Requests), "x"),
            id("p/a", &limit(By::Caller, Per::Minute, Cost::Requests), "y"),
            id("p/b", &limit(By::Caller, Per::Minute, Cost::Requests), "x"),
            id("p/a", &limit(By::Credential, Per::Minute, Cost::Requests), "x"),
            id("p/a", &limit(By::Caller, Per::Hour, Cost::Requests), "x"),
            id("p/a", &limit(By::Caller, Per::Minute, Cost::Bytes), "x"),
            id("p/a", &limit(By::Caller, Per::Minute, tokens("/a")), "x"),
            id("p/a", &limit(By::Caller, Per::Minute, tokens("/b")), "x"),
        ];
        for (at, one) in ids.iter().enumerate() {
            assert!(!ids[..at].contains(one), "{at}");
        }
        let shared = limit(By::Rule, Per::Minute, Cost::Requests);
        assert_eq!(id("p/a", &shared, "x"), id("p/a", &shared, "y"));
        let raised = Limit { max: 2, ..shared.clone() };
        assert_eq!(id("p/a", &raised, "x"), id("p/a", &shared, "x"), "a changed maximum goes on counting");
    }
}
