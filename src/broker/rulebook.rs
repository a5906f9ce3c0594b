//! The operator's policies, compiled once and kept until one changes.
//!
//! A policy that is stored and cannot be read is never passed over: it refuses what it may
//! apply to, and says that it is the one.

use std::sync::{Arc, Mutex, PoisonError};

use crate::policy::{BrokenPolicy, RuleSet};
use crate::spec::Source;
use crate::spec::policy::{Policy, compile_policy, selections};
use crate::vault::store::Kind;
use crate::vault::{StoredPolicy, Vault, VaultError};

/// The rules in force, and the state of the vault that they were compiled from.
#[derive(Default)]
pub struct Rulebook(Mutex<Option<(u64, Arc<RuleSet>)>>);

impl Rulebook {
    /// The rules of the policies that `vault` holds now.
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn rules(&self, vault: &mut Vault) -> Result<Arc<RuleSet>, VaultError> {
        let version = vault.policies_version()?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, rules)) = kept.as_ref()
            && *of == version
        {
            return Ok(Arc::clone(rules));
        }
        let rules = Arc::new(compiled(vault)?);
        *kept = Some((version, Arc::clone(&rules)));
        Ok(rules)
    }
}

fn compiled(vault: &mut Vault) -> Result<RuleSet, VaultError> {
    let mut policies = Vec::new();
    let mut broken = Vec::new();
    for stored in vault.policies()? {
        match compile(&stored) {
            Ok(policy) => policies.push(policy),
            Err(policy) => broken.push(policy),
        }
    }
    let damaged = vault.damaged_of(Kind::Policy);
    broken.extend(damaged.map(|record| BrokenPolicy { policy: record.to_string(), selects: Vec::new() }));
    Ok(RuleSet::new(policies, broken))
}

fn compile(stored: &StoredPolicy) -> Result<Policy, BrokenPolicy> {
    let name = format!("{}.policy.yaml", stored.id);
    let checked = compile_policy(Source { name, text: stored.text.clone() });
    let selects = checked.document.as_ref().and_then(selections).unwrap_or_default();
    checked.policy.ok_or_else(|| BrokenPolicy { policy: stored.id.to_string(), selects })
}
