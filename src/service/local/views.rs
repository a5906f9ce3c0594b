//! From what the vault keeps to what surfaces show.

use crate::policy::Catalog as _;
use crate::service::catalog::FullCatalog;
use crate::service::outcome::{CredentialView, SecretView, UpstreamView};
use crate::vault::{CredentialMeta, SecretMeta, Upstream};

pub(super) fn secret(meta: &SecretMeta) -> SecretView {
    SecretView {
        id: meta.id.to_string(),
        name: meta.name.clone(),
        scope: meta.scope.clone(),
        provider: meta.pin.clone(),
        aliases: meta.aliases.clone(),
        groups: meta.groups.iter().map(|group| format!("{}/{}", group.workspace, group.group)).collect(),
        version: meta.version,
        created_ms: meta.created_ms,
        rotated_ms: meta.rotated_ms,
    }
}

pub(super) fn credential(meta: &CredentialMeta, catalog: &FullCatalog) -> CredentialView {
    CredentialView {
        name: meta.name.clone(),
        provider: meta.provider.clone(),
        scope: meta.scope.clone(),
        capabilities: enabled_capabilities(meta.provider.as_str(), catalog),
    }
}

/// How many of a provider's capabilities its credential makes ready.
fn enabled_capabilities(provider: &str, catalog: &FullCatalog) -> usize {
    let capabilities = catalog.provider(provider).map(|provider| provider.capabilities.iter());
    capabilities.map_or(0, |all| all.filter(|capability| !capability.is_administrative()).count())
}

pub(super) fn upstream(upstream: &Upstream) -> UpstreamView {
    UpstreamView { host: upstream.host.clone(), address: upstream.addr.to_string() }
}
