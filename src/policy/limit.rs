//! Limits as people are told of them: whose use is counted is said by name, whatever the counters
//! are kept under.

use super::denial::{Denial, Reason};
use super::facts::Facts;
use super::judge::Charge;
use crate::spec::RuleId;
use crate::spec::policy::{By, Limit, Per};

/// What helps where a request alone takes more than a limit.
pub const NEVER_ROOM: &str = "it never has room for as much: ask for less, or have an operator raise it";

/// A limit that has no room for a request.
#[derive(Debug, Clone, Copy)]
pub struct FullLimit<'a> {
    pub rule: &'a RuleId,
    pub limit: &'a Limit,
    /// Whose use is counted together, by name.
    pub key: &'a str,
    pub used: u64,
    /// What the request would take.
    pub cost: u64,
}

/// Whose use a limit counts together: the caller, credential or capability by its name; of all
/// together, the rule.
#[must_use]
pub fn counted_by_name<'a>(charge: &'a Charge, facts: &Facts<'a>, capability: &'a str) -> &'a str {
    match charge.limit.by {
        By::Caller => facts.caller,
        By::Credential => facts.credential,
        By::Capability => capability,
        By::Rule => charge.rule.as_str(),
    }
}

/// The denial where limits have no room.
#[must_use]
pub fn limit_exceeded(full: &[FullLimit<'_>]) -> Denial {
    let mut rules: Vec<RuleId> = full.iter().map(|one| one.rule.clone()).collect();
    rules.sort();
    let messages: Vec<String> = full.iter().map(message).collect();
    Denial::new(Reason::LimitExceeded, messages.join("; ")).by(rules)
}

fn message(full: &FullLimit<'_>) -> String {
    let FullLimit { rule, key, used, cost, .. } = full;
    let window = match full.limit.per {
        Per::Second => "second",
        Per::Minute => "minute",
        Per::Hour => "hour",
        Per::Day => "day",
    };
    let whose = match full.limit.by {
        By::Caller => format!("to `{key}`"),
        By::Credential => format!("with `{key}`"),
        By::Capability => format!("of `{key}`"),
        By::Rule => "in all".to_owned(),
    };
    let max = full.limit.max;
    format!("the rule `{rule}` allows {max} a {window} {whose}, of which {used} are used; this takes {cost}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::policy::Cost;

    #[test]
    fn a_denial_says_which_whose_and_how_much() {
        let limit = |by| Limit { max: 60, per: Per::Minute, by, cost: Cost::Requests };
        let (first, second) = (RuleId::from_static("p/b"), RuleId::from_static("p/a"));
        let (by_caller, in_all) = (limit(By::Caller), limit(By::Rule));
        let denial = limit_exceeded(&[
            FullLimit { rule: &first, limit: &by_caller, key: "agent:a", used: 59, cost: 2 },
            FullLimit { rule: &second, limit: &in_all, key: "p/a", used: 60, cost: 1 },
        ]);
        assert_eq!(
            (denial.reason, denial.rules),
            (Reason::LimitExceeded, vec![second.clone(), first.clone()])
        );
        assert_eq!(
            denial.message,
            "the rule `p/b` allows 60 a minute to `agent:a`, of which 59 are used; this takes 2; \
             the rule `p/a` allows 60 a minute in all, of which 60 are used; this takes 1"
        );
    }
}
