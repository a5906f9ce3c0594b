//! The catalogue that policy decides by: the registry in the binary, and beside it the
//! operator's own providers, which the vault keeps.
//!
//! The registry goes first in everything: nothing of an operator's takes the place of what is
//! built in. A stored provider that does not compile, or that a newer registry leaves no room
//! for, is in no catalogue, so that its capabilities are unknown rather than guessed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::broker::Shelf;
use crate::broker::metrics::Metrics;
use crate::policy::{Catalog, Granted};
use crate::registry;
use crate::spec::{
    AuthWay, Capability, CapabilityId, CredentialName, Diagnostic, Finding, Host, HostPattern, Provider,
    ProviderId, SecretClaim, SecretName, Source, WayName, compile_provider, lint, suggest,
};
use crate::vault::{Claim, ClaimedWay, StoredProvider, Vault, VaultError};

/// The registry, and the operator's own providers.
#[derive(Debug, Default)]
pub struct FullCatalog {
    own: Vec<Provider>,
    /// Where each of their capabilities stands: its provider, and it within that.
    own_by_id: HashMap<String, (usize, usize)>,
    /// What the operator turned on or off by name.
    switches: HashMap<CapabilityId, bool>,
}

/// The catalogue of a vault, made anew only when its providers or switches changed.
pub struct VaultShelf {
    kept: Mutex<Option<(u64, Arc<FullCatalog>)>>,
    /// Is told what there is to count.
    metrics: Arc<Metrics>,
}

impl Catalog for FullCatalog {
    fn capability(&self, id: &str) -> Option<Granted<'_>> {
        let (provider, capability) = self.find(id)?;
        Some(Granted {
            provider,
            capability,
            own: self.is_own(&provider.id),
            enabled: self.is_enabled(capability),
        })
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

    fn of(own: Vec<Provider>, switches: HashMap<CapabilityId, bool>) -> Self {
        let mut own_by_id = HashMap::new();
        for (at, provider) in own.iter().enumerate() {
            let ids = provider.capabilities.iter().enumerate();
            own_by_id.extend(ids.map(|(within, capability)| (capability.id.to_string(), (at, within))));
        }
        Self { own, own_by_id, switches }
    }

    /// Whether calls may use it: what is administrative only once the operator enabled it by name.
    #[must_use]
    pub fn is_enabled(&self, capability: &Capability) -> bool {
        self.switches.get(&capability.id).copied().unwrap_or_else(|| !capability.is_administrative())
    }

    /// All providers, the registry's first.
    pub fn providers(&self) -> impl Iterator<Item = &Provider> {
        registry::providers().chain(&self.own)
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
        let (provider, within) = *self.own_by_id.get(id)?;
        let provider = self.own.get(provider)?;
        Some((provider, provider.capabilities.get(within)?))
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
        let account = |name: Option<&WayName>| {
            let way = provider.alternatives.iter().find(|one| Some(&one.name) == name);
            way.map_or_else(|| CredentialName::from(&provider.id), |way| way.account.clone())
        };
        let way = |way: AuthWay<'_>| {
            let named = |claim: &SecretClaim| (claim.name.clone(), claim.placeholder.to_string());
            let claims = way.claims(provider).into_iter();
            let (optional, needed): (Vec<_>, Vec<_>) = claims.partition(|claim| claim.optional);
            ClaimedWay {
                name: way.name.cloned(),
                account: account(way.name),
                secrets: needed.into_iter().map(named).collect(),
                optional: optional.into_iter().map(named).collect(),
            }
        };
        Claim { provider: provider.id.clone(), ways: provider.ways().map(way).collect() }
    }

    /// The hosts of an operator's own provider that the value of a secret, given now, may go to: those
    /// of its capabilities, and where the ways that take it fetch tokens. Those of the registry are as
    /// fixed as the binary, and need not be kept with a value.
    #[must_use]
    pub fn hosts_to_keep(&self, provider: &Provider, secret: &SecretName) -> Vec<Host> {
        if !self.is_own(&provider.id) {
            return Vec::new();
        }
        // What one of another name is for is said by the accounts that are made of it.
        let is_claimed = provider.secrets.iter().any(|claim| claim.name == *secret);
        let takes =
            |way: &AuthWay<'_>| !is_claimed || way.claims(provider).iter().any(|claim| claim.name == *secret);
        let sources = provider.ways().filter(takes).flat_map(|way| way.auth.hosts()).cloned();
        let own = provider.capabilities.iter().filter_map(|one| one.host.exact());
        let mut hosts: Vec<Host> = own.chain(sources).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }

    /// Whether a provider is the operator's own.
    #[must_use]
    pub fn is_own(&self, id: &ProviderId) -> bool {
        registry::provider(id.as_str()).is_none()
    }
}

/// Such a host as the value of a built-in provider's key is for, where each account has its own.
#[must_use]
pub fn example_host(secret: &SecretName) -> Option<Host> {
    let provider = registry::claimant(secret)?;
    let identifies = |claim: &SecretClaim| claim.name == *secret && claim.identifier;
    let tenants = tenants(provider).filter(|_| !provider.secrets.iter().any(identifies));
    tenants.map(HostPattern::example)
}

/// Where the accounts of a provider stand, when each has a host of its own.
#[must_use]
pub fn tenants(provider: &Provider) -> Option<&HostPattern> {
    provider.capabilities.iter().map(|one| &one.host).find(|host| host.is_of_tenants())
}

impl VaultShelf {
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { kept: Mutex::default(), metrics }
    }

    /// The catalogue of `vault` as it stands now.
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn full(&self, vault: &mut Vault) -> Result<Arc<FullCatalog>, VaultError> {
        let version = vault.catalog_version()?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, catalog)) = kept.as_ref()
            && *of == version
        {
            return Ok(Arc::clone(catalog));
        }
        let switches = vault.switches()?.into_iter().map(|switch| (switch.capability, switch.on));
        let catalog = Arc::new(FullCatalog::of(compiled(&vault.providers()?), switches.collect()));
        self.metrics.admit(catalog.own_by_id.keys().map(String::as_str));
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
    let findings = lint::beside(&provider, registry::providers());
    if findings.is_empty() {
        return Ok(provider);
    }
    let locate = |finding: Finding| finding.locate(&checked.source);
    Err(findings.into_iter().map(locate).collect())
}
