//! The policies that tests are run against.

use std::collections::BTreeMap;

use crate::policy::RuleSet;
use crate::spec::policy::{CheckedPolicy, Policy, Rule, compile_policy};
use crate::spec::{Code, Diagnostic, Finding, Place, Source};

/// Policies by their id, all well-formed.
#[derive(Default)]
pub struct Policies(BTreeMap<String, (Policy, Source)>);

impl Policies {
    /// Compiles policy files. The same file twice is one policy; two files of one id are a mistake.
    ///
    /// # Errors
    /// Every mistake in any of them.
    pub fn compile(sources: Vec<Source>) -> Result<Self, Vec<Diagnostic>> {
        let mut all = Self::default();
        let mut mistakes = Vec::new();
        for source in sources {
            let CheckedPolicy { source, policy, diagnostics, .. } = compile_policy(source);
            mistakes.extend(diagnostics);
            if let Some(policy) = policy {
                mistakes.extend(all.add(policy, source));
            }
        }
        if mistakes.is_empty() { Ok(all) } else { Err(mistakes) }
    }

    fn add(&mut self, policy: Policy, source: Source) -> Option<Diagnostic> {
        if let Some((_, other)) = self.0.get(policy.id.as_str()) {
            if other.text == source.text {
                return None;
            }
            let message = format!("the policy `{}` stands in {} too", policy.id, other.name);
            let finding = Finding::new(Code::DuplicateKey, Place::root().key("policy"), message);
            return Some(finding.locate(&source));
        }
        self.0.insert(policy.id.to_string(), (policy, source));
        None
    }

    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// The file that a policy stands in.
    #[must_use]
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.0.get(id).map(|(_, source)| source)
    }

    /// The rules of all policies.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.0.values().flat_map(|(policy, _)| &policy.rules)
    }

    /// The rules of these policies; an id that is not here has none.
    pub fn rules_of<'a>(&'a self, ids: &'a [String]) -> impl Iterator<Item = &'a Rule> {
        ids.iter().filter_map(|id| self.0.get(id)).flat_map(|(policy, _)| &policy.rules)
    }

    /// These policies in force.
    #[must_use]
    pub fn in_force(&self, ids: &[String]) -> RuleSet {
        let mut ids: Vec<&String> = ids.iter().collect();
        ids.sort();
        ids.dedup();
        let named = ids.into_iter().filter_map(|id| self.0.get(id)).map(|(policy, _)| policy.clone());
        RuleSet::new(named, Vec::new())
    }

    /// All policies in force.
    #[must_use]
    pub fn all_in_force(&self) -> RuleSet {
        RuleSet::new(self.0.values().map(|(policy, _)| policy.clone()), Vec::new())
    }
}
