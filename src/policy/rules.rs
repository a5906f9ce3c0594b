//! The rules in force: which of them a request meets, and what they need to see of its body.

use std::sync::Arc;

use super::authorise::Admitted;
use super::body::{Parts, Wanted};
use super::denial::{Denial, Reason};
use super::facts::Facts;
use crate::spec::policy::{Cost, Effect, Glob, Policy, Rule, Select};
use crate::spec::{Capability, Scope};

/// All rules of all policies in force. Their order means nothing.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Arc<Rule>>,
    broken: Vec<BrokenPolicy>,
}

/// A policy that is in force and cannot be read: what it may apply to is refused.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokenPolicy {
    pub policy: String,
    /// Whom it may apply to; everybody where that cannot be read either.
    pub selects: Vec<Select>,
}

/// The rules that one request meets, sorted by id.
#[derive(Debug, Default)]
pub struct Applicable {
    rules: Vec<Arc<Rule>>,
    wanted: Wanted,
}

impl RuleSet {
    #[must_use]
    pub fn new(policies: impl IntoIterator<Item = Policy>, broken: Vec<BrokenPolicy>) -> Self {
        let mut rules: Vec<Arc<Rule>> =
            policies.into_iter().flat_map(|policy| policy.rules).map(Arc::new).collect();
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        Self { rules, broken }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.broken.is_empty()
    }

    pub fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.rules.iter()
    }

    /// The rules that `admitted` meets under these circumstances.
    ///
    /// # Errors
    /// A denial when a policy that may apply cannot be read.
    pub fn applicable(&self, admitted: &Admitted<'_>, facts: &Facts<'_>) -> Result<Applicable, Denial> {
        let capability = admitted.capability();
        for broken in &self.broken {
            if broken.selects.is_empty() || broken.selects.iter().any(|one| selects(one, capability, facts)) {
                let message = format!("the policy `{}` cannot be read, and may apply here", broken.policy);
                let help = format!(
                    "an operator mends it with `aivault policy apply`, or removes it with `aivault policy remove {}`",
                    broken.policy
                );
                return Err(Denial::new(Reason::PolicyBroken, message).help(help));
            }
        }
        let met = self.rules.iter().filter(|rule| selects(&rule.select, capability, facts));
        let rules: Vec<Arc<Rule>> = met.cloned().collect();
        let mut wanted = Wanted::default();
        for rule in &rules {
            let of_its_kind = if rule.shadow { &mut wanted.shadow } else { &mut wanted.needed };
            *of_its_kind = of_its_kind.and(parts(rule));
        }
        Ok(Applicable { rules, wanted })
    }
}

impl Applicable {
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        self.wanted
    }

    pub fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.rules.iter()
    }
}

/// Whether a rule of that selection is about a call; what it leaves out does not matter.
#[must_use]
pub fn selects(select: &Select, capability: &Capability, facts: &Facts<'_>) -> bool {
    in_time(select, facts)
        && fits(select.capabilities.as_deref(), capability.id.as_str())
        && select.risk.as_ref().is_none_or(|risks| risks.contains(&capability.risk))
        && fits(select.callers.as_deref(), facts.caller)
        && fits(select.credentials.as_deref(), facts.credential)
        && fits_scope(select.scopes.as_deref(), facts.scope)
}

fn in_time(select: &Select, facts: &Facts<'_>) -> bool {
    select.not_before.is_none_or(|from| from <= facts.now) && select.not_after.is_none_or(|to| facts.now < to)
}

fn fits(globs: Option<&[Glob]>, text: &str) -> bool {
    globs.is_none_or(|globs| globs.iter().any(|glob| glob.matches(text)))
}

fn fits_scope(globs: Option<&[Glob]>, scope: &Scope) -> bool {
    globs.is_none_or(|globs| fits(Some(globs), &scope.to_string()))
}

fn parts(rule: &Rule) -> Parts {
    let mut parts = Parts::default();
    for body in rule.any.iter().filter_map(|when| when.body.as_ref()) {
        parts.outline |= body.max_bytes.is_some() || body.content_types.is_some();
        parts.json |= !body.json.is_empty();
        parts.form |= body.form.is_some();
        parts.multipart |= body.multipart.is_some();
    }
    match &rule.effect {
        Effect::Limit(limit) => {
            parts.outline |= limit.cost == Cost::Bytes;
            parts.json |= matches!(limit.cost, Cost::Body(_));
        }
        Effect::Approve(show) => parts.json |= !show.is_empty(),
        Effect::Forbid | Effect::Require | Effect::Redact(_) => {}
    }
    parts
}
