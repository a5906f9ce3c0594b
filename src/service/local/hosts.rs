//! Which hosts a value may go to: said when it is given, and checked against its provider.
//!
//! A key of a provider with tenants is stored for a tenant's host or not at all: nobody who comes
//! later, an attacker's tenant in hand, may say which.

use crate::policy::Catalog as _;
use crate::service::catalog::{FullCatalog, tenants};
use crate::service::error::{ErrorKind, ServiceError};
use crate::spec::{Capability, Host, HostPattern, Provider, ProviderId, SecretName};
use crate::vault::SecretMeta;

/// The reason of a value that came without its host.
const REQUIRED: &str = "host.required";

/// The provider that a new secret is for: the one that claims its name, or the one that is named.
pub(super) fn provider_of<'c>(
    catalog: &'c FullCatalog,
    name: &SecretName,
    given: Option<&ProviderId>,
) -> Result<Option<&'c Provider>, ServiceError> {
    match (catalog.claimant(name), given) {
        (Some(claimant), Some(given)) if claimant.id != *given => {
            let message = format!("`{name}` belongs to `{}`, not to `{given}`", claimant.id);
            Err(invalid(message).help("give the secret another name"))
        }
        (Some(claimant), _) => Ok(Some(claimant)),
        (None, Some(given)) => match catalog.provider(given.as_str()) {
            Some(provider) => Ok(Some(provider)),
            None => Err(invalid(format!("there is no provider `{given}`"))
                .help("see which there are: aivault provider list")),
        },
        (None, None) => Ok(None),
    }
}

/// The hosts to keep with a new value.
pub(super) fn of_new(
    catalog: &FullCatalog,
    provider: Option<&Provider>,
    name: &SecretName,
    given: &[Host],
) -> Result<Vec<Host>, ServiceError> {
    let Some(provider) = provider else {
        return match given {
            [] => Ok(Vec::new()),
            _ => Err(invalid(format!("no provider claims `{name}`, so that it goes to no host"))
                .help("say which provider it is for with --provider")),
        };
    };
    refuse_foreign(provider, given)?;
    if is_key(provider, name) && !given.iter().any(|host| is_of_tenant(provider, host)) {
        refuse_unbound(provider, name)?;
    }
    // An account's name goes along with its key, which says where; one of an operator's own provider
    // is told from a key by that.
    if !is_key(provider, name) && (given.is_empty() || catalog.is_own(&provider.id)) {
        return Ok(Vec::new());
    }
    Ok(joined(provider, catalog.hosts_to_keep(provider, name), given))
}

/// The hosts to keep with the new value of a secret that is stored.
pub(super) fn of_rotated(
    catalog: &FullCatalog,
    meta: &SecretMeta,
    given: &[Host],
) -> Result<Vec<Host>, ServiceError> {
    let provider = meta.pin.as_ref().and_then(|pin| catalog.provider(pin.as_str()));
    let Some(provider) = provider else {
        return if given.is_empty() {
            Ok(meta.hosts.clone())
        } else {
            of_new(catalog, None, &meta.name, given)
        };
    };
    if !given.is_empty() {
        return of_new(catalog, Some(provider), &meta.name, given);
    }
    let chosen = |host: &&Host| bound(provider).any(|capability| capability.reaches(host.as_str()));
    let chosen: Vec<Host> = meta.hosts.iter().filter(chosen).cloned().collect();
    of_new(catalog, Some(provider), &meta.name, &chosen)
}

fn bound(provider: &Provider) -> impl Iterator<Item = &Capability> {
    provider.capabilities.iter().filter(|capability| capability.is_bound())
}

pub(super) fn refuse_foreign(provider: &Provider, given: &[Host]) -> Result<(), ServiceError> {
    let reached = |host: &Host| provider.capabilities.iter().any(|one| one.reaches(host.as_str()));
    match given.iter().find(|host| !reached(host)) {
        None => Ok(()),
        Some(host) => {
            let mut hosts: Vec<&str> =
                provider.capabilities.iter().flat_map(Capability::hosts).map(HostPattern::as_str).collect();
            hosts.sort_unstable();
            hosts.dedup();
            Err(invalid(format!("`{host}` is no host of `{}`", provider.id))
                .reason("host.unknown")
                .help(format!("its hosts are {}", hosts.join(", "))))
        }
    }
}

fn refuse_unbound(provider: &Provider, name: &SecretName) -> Result<(), ServiceError> {
    match tenants(provider) {
        None => Ok(()),
        Some(host) => {
            let message =
                format!("every account of {} has a host of its own, and `{name}` goes to one", provider.name);
            Err(invalid(message)
                .reason(REQUIRED)
                .help(format!("say which, such as --host {}", host.example())))
        }
    }
}

fn is_of_tenant(provider: &Provider, host: &Host) -> bool {
    provider.capabilities.iter().any(|one| one.host.is_of_tenants() && one.host.reaches(host.as_str()))
}

/// Whether a secret is more than an account's name: by the provider's word, or for want of one.
fn is_key(provider: &Provider, name: &SecretName) -> bool {
    !provider.secrets.iter().any(|claim| claim.name == *name && claim.identifier)
}

/// The chosen hosts, and of the others those in whose place none was chosen.
fn joined(provider: &Provider, kept: Vec<Host>, given: &[Host]) -> Vec<Host> {
    let mut all: Vec<Host> = Vec::with_capacity(kept.len() + given.len());
    let is_replaced = |host: &Host| {
        let mut standing = provider.capabilities.iter().filter(|one| one.host.exact().as_ref() == Some(host));
        standing.any(|one| given.iter().any(|chosen| one.reaches(chosen.as_str())))
    };
    for host in given.iter().cloned().chain(kept.into_iter().filter(|host| !is_replaced(host))) {
        if !all.contains(&host) {
            all.push(host);
        }
    }
    all
}

fn invalid(message: String) -> ServiceError {
    ServiceError::new(ErrorKind::InvalidRequest, message)
}
