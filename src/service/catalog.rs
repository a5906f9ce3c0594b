//! The catalogue that policy decides by: the registry in the binary, and beside it the
//! operator's own providers, which the vault keeps.
//!
//! The registry goes first in everything: nothing of an operator's takes the place of what is
//! built in. A stored provider that does not compile, or that a newer registry leaves no room
//! for, is in no catalogue, so that its capabilities are unknown rather than guessed.

use std::sync::{Arc, Mutex, PoisonError};

use crate::broker::Shelf;
use crate::policy::{Catalog, Granted};
use crate::registry;
use crate::spec::{
    Capability, Diagnostic, Finding, Provider, ProviderId, SecretName, Source, compile_provider, lint,
    suggest,
};
use crate::vault::{Claim, StoredProvider, Vault, VaultError};

/// The registry, and the operator's own providers.
#[derive(Debug, Default)]
pub struct FullCatalog {
    own: Vec<Provider>,
}

/// The catalogue of a vault, made anew only when its providers changed.
#[derive(Default)]
pub struct VaultShelf(Mutex<Option<(u64, Arc<FullCatalog>)>>);

impl Catalog for FullCatalog {
    fn capability(&self, id: &str) -> Option<Granted<'_>> {
        let (provider, capability) = self.find(id)?;
        Some(Granted { provider, capability, own: self.is_own(&provider.id) })
    }

    fn provider(&self, id: &str) -> Option<&Provider> {
        registry::provider(id).or_else(|| self.own.iter().find(|provider| provider.id.as_str() == id))
    }

    fn near_miss(&self, id: &str) -> Option<String> {
        let ids = self.capabilities().map(|(_, capability)| capability.id.as_str());
        suggest::nearest(id, ids).map(str::to_owned)
    }
}

impl FullCatalog {
    /// With nothing beside the registry.
    #[must_use]
    pub fn built_in() -> Self {
        Self::default()
    }

    /// All providers, the registry's first.
    pub fn providers(&self) -> impl Iterator<Item = &Provider> {
        registry::providers().iter().copied().chain(&self.own)
    }

    /// All capabilities, by provider.
    pub fn capabilities(&self) -> impl Iterator<Item = (&Provider, &Capability)> {
        self.providers()
            .flat_map(|provider| provider.capabilities.iter().map(move |capability| (provider, capability)))
    }

    /// The capability of that full name, with its provider.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<(&Provider, &Capability)> {
        if let Some(found) = registry::capability(id) {
            return Some(found);
        }
        self.own.iter().find_map(|provider| {
            let capability = provider.capabilities.iter().find(|capability| capability.id.as_str() == id)?;
            Some((provider, capability))
        })
    }

    /// The provider that claims a secret's name.
    #[must_use]
    pub fn claimant(&self, secret: &SecretName) -> Option<&Provider> {
        let claims = |provider: &&Provider| provider.secrets.iter().any(|claim| claim.name == *secret);
        registry::claimant(secret).or_else(|| self.own.iter().find(claims))
    }

    /// What the catalogue says about a secret's name, for the vault.
    #[must_use]
    pub fn claim(&self, secret: &SecretName) -> Option<Claim> {
        self.claimant(secret).map(|provider| self.claim_of(provider))
    }

    /// What a provider needs, for the vault.
    #[must_use]
    pub fn claim_of(&self, provider: &Provider) -> Claim {
        let secrets = provider.secrets.iter();
        let secrets = secrets.map(|claim| (claim.name.clone(), claim.placeholder.to_string())).collect();
        let hosts = if self.is_own(&provider.id) { hosts(provider) } else { Vec::new() };
        Claim { provider: provider.id.clone(), secrets, hosts }
    }

    /// Whether a provider is the operator's own.
    #[must_use]
    pub fn is_own(&self, id: &ProviderId) -> bool {
        registry::provider(id.as_str()).is_none()
    }
}

fn hosts(provider: &Provider) -> Vec<String> {
    let mut hosts: Vec<String> = provider.capabilities.iter().map(|one| one.host.to_string()).collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

impl VaultShelf {
    /// The catalogue of `vault` as it stands now.
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn full(&self, vault: &mut Vault) -> Result<Arc<FullCatalog>, VaultError> {
        let version = vault.providers_version()?;
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, catalog)) = kept.as_ref()
            && *of == version
        {
            return Ok(Arc::clone(catalog));
        }
        let catalog = Arc::new(FullCatalog { own: compiled(&vault.providers()?) });
        *kept = Some((version, Arc::clone(&catalog)));
        Ok(catalog)
    }
}

impl Shelf for VaultShelf {
    fn catalog(&self, vault: &mut Vault) -> Result<Arc<dyn Catalog>, VaultError> {
        Ok(self.full(vault)?)
    }
}

/// Those of the stored providers that can stand beside the registry and each other.
fn compiled(stored: &[StoredProvider]) -> Vec<Provider> {
    let mut own: Vec<Provider> = Vec::new();
    for one in stored {
        let Ok(provider) = compile_own(&format!("{}.yaml", one.id), &one.text) else { continue };
        if lint::beside(&provider, own.iter()).is_empty() {
            own.push(provider);
        }
    }
    own
}

/// A provider of the operator's own, from its file.
///
/// # Errors
/// Everything that is wrong with the file, or that the registry leaves no room for.
pub fn compile_own(name: &str, text: &str) -> Result<Provider, Vec<Diagnostic>> {
    let checked = compile_provider(Source { name: name.to_owned(), text: text.to_owned() });
    let Some(provider) = checked.provider else { return Err(checked.diagnostics) };
    let findings = lint::beside(&provider, registry::providers().iter().copied());
    if findings.is_empty() {
        return Ok(provider);
    }
    let locate = |finding: Finding| finding.locate(&checked.source);
    Err(findings.into_iter().map(locate).collect())
}
