//! From what the vault keeps to what surfaces show.

use crate::policy::Catalog as _;
use crate::service::catalog::FullCatalog;
use crate::service::outcome::{CredentialView, SecretView, UpstreamView};
use crate::spec::{Capability, Host, Provider};
use crate::vault::{CredentialMeta, SecretMeta, Upstream, Vault, VaultError};

pub(super) fn secret(meta: &SecretMeta) -> SecretView {
    SecretView {
        id: meta.id.to_string(),
        name: meta.name.clone(),
        scope: meta.scope.clone(),
        provider: meta.pin.clone(),
        hosts: meta.hosts.clone(),
        aliases: meta.aliases.clone(),
        groups: meta.groups.iter().map(|group| format!("{}/{}", group.workspace, group.group)).collect(),
        version: meta.version,
        created_ms: meta.created_ms,
        rotated_ms: meta.rotated_ms,
    }
}

/// `vault` must have been looked at since `meta` was read from it.
pub(super) fn credential(
    meta: &CredentialMeta,
    catalog: &FullCatalog,
    vault: &Vault,
) -> Result<CredentialView, VaultError> {
    let hosts = vault.bound_hosts(meta)?;
    let bound = |host: &Host| {
        let provider = catalog.provider(meta.provider.as_str());
        provider.is_some_and(|one| {
            one.capabilities.iter().any(|one| one.is_bound() && one.reaches(host.as_str()))
        })
    };
    Ok(CredentialView {
        name: meta.name.clone(),
        provider: meta.provider.clone(),
        scope: meta.scope.clone(),
        way: meta.way.clone(),
        capabilities: enabled_capabilities(meta, catalog, hosts.as_deref()),
        secrets: vault.secret_names(meta),
        hosts: hosts.unwrap_or_default().into_iter().filter(bound).collect(),
    })
}

/// How many of a provider's capabilities its credential makes ready.
fn enabled_capabilities(meta: &CredentialMeta, catalog: &FullCatalog, bound: Option<&[Host]>) -> usize {
    let can_authenticate =
        |one: &&Provider| one.way(meta.way.as_ref()).is_some_and(|way| way.auth.is_supported());
    let provider = catalog.provider(meta.provider.as_str()).filter(can_authenticate);
    let capabilities = provider.map(|provider| provider.capabilities.iter());
    let ready =
        |capability: &&Capability| catalog.is_enabled(capability) && capability.place(bound).is_some();
    capabilities.map_or(0, |all| all.filter(ready).count())
}

pub(super) fn upstream(upstream: &Upstream) -> UpstreamView {
    UpstreamView { host: upstream.host.clone(), address: upstream.addr.to_string() }
}
