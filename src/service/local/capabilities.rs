//! What can be called, and what is missing where it cannot yet.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::session::Session;
use super::{Local, example, views};
use crate::policy::{Caller, Defaults, unknown_capability};
use crate::registry;
use crate::service::catalog::FullCatalog;
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::{
    CapabilityDetail, CapabilityView, CredentialView, GrantView, Outcome, Readiness, SecretNeed,
};
use crate::spec::{Capability, CredentialName, Host, Provider, Scope, SecretClaim, SecretName};
use crate::vault::VaultError;

/// What is stored, as seen from one scope.
struct InSight {
    catalog: Arc<FullCatalog>,
    scopes: Vec<Scope>,
    /// Each with the hosts that it is bound to.
    credentials: Vec<(Option<Vec<Host>>, CredentialView)>,
    names: BTreeSet<SecretName>,
}

impl InSight {
    fn of(session: &Session, scope: &Scope) -> Result<Self, ServiceError> {
        let scopes = scope.in_sight();
        let catalog = session.catalog()?;
        let mut vault = session.desk.vault();
        let mut credentials = vault.credentials()?;
        credentials.retain(|credential| scopes.contains(&credential.scope));
        let credentials = credentials
            .into_iter()
            .map(|one| Ok((vault.bound_hosts(&one)?, views::credential(&one, &catalog, &vault)?)))
            .collect::<Result<_, VaultError>>()?;
        let secrets = vault.secrets()?;
        let seen = secrets.iter().filter(|meta| {
            scopes.contains(&meta.scope) || meta.groups.iter().any(|group| scopes.contains(&group.scope()))
        });
        Ok(Self { catalog, names: seen.map(|meta| meta.name.clone()).collect(), scopes, credentials })
    }

    /// The provider's credentials, narrowest scope first.
    fn credentials_of(&self, provider: &Provider) -> Vec<&(Option<Vec<Host>>, CredentialView)> {
        let mut own: Vec<_> =
            self.credentials.iter().filter(|(_, one)| one.provider == provider.id).collect();
        own.sort_by_key(|(_, one)| self.scopes.iter().position(|scope| *scope == one.scope));
        own
    }

    fn missing(&self, provider: &Provider) -> Vec<SecretName> {
        let names = needed(provider).map(|claim| &claim.name);
        names.filter(|name| !self.names.contains(*name)).cloned().collect()
    }
}

impl Local {
    /// What is in sight; nothing when the vault is locked.
    fn in_sight(&self, caller: &Caller, scope: &Scope) -> Result<Option<InSight>, ServiceError> {
        match self.session(caller) {
            Ok(session) => InSight::of(&session, scope).map(Some),
            Err(error) if error.kind == ErrorKind::VaultLocked => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn list_capabilities(&self, caller: &Caller, scope: &Scope) -> Result<Outcome, ServiceError> {
        let sight = self.in_sight(caller, scope)?;
        let catalog = catalog_of(sight.as_ref());
        let mut rows = Vec::with_capacity(registry::capability_count());
        for provider in catalog.providers() {
            let standing = Standing::of(sight.as_ref(), provider);
            rows.extend(provider.capabilities.iter().map(|capability| standing.row(capability)));
        }
        Ok(Outcome::Capabilities { capabilities: rows })
    }

    pub(super) fn describe_capability(
        &self,
        caller: &Caller,
        id: &str,
        scope: &Scope,
    ) -> Result<Outcome, ServiceError> {
        let sight = self.in_sight(caller, scope)?;
        let catalog = catalog_of(sight.as_ref());
        let Some((provider, capability)) = catalog.find(id) else {
            return Err(unknown_capability(catalog.as_ref(), id).into());
        };
        let standing = Standing::of(sight.as_ref(), provider);
        Ok(Outcome::Capability(Box::new(CapabilityDetail {
            row: standing.row(capability),
            provider_name: provider.name.to_string(),
            docs: provider.docs.to_string(),
            host: capability.host.to_string(),
            mirrors: capability.mirrors.iter().map(ToString::to_string).collect(),
            auth: provider.scheme().into_owned(),
            secrets: needs(sight.as_ref(), provider),
            allow: capability.grants.iter().map(grant).collect(),
            default_method: Defaults::method(capability, true).ok().map(|method| method.to_string()),
            default_path: capability.default_path().map(str::to_owned),
            example: example::command(capability),
            credentials: standing.credentials.iter().map(|(_, view)| view.clone()).collect(),
        })))
    }
}

/// A capability that can be used now.
pub(super) struct Offered<'a> {
    pub(super) capability: &'a Capability,
    pub(super) row: CapabilityView,
    pub(super) allow: Vec<GrantView>,
    pub(super) credentials: Vec<CredentialName>,
}

impl Local {
    /// Tells of each capability that is ready as seen from `scope`.
    pub(super) fn offered(
        &self,
        caller: &Caller,
        scope: &Scope,
        mut tell: impl FnMut(Offered<'_>),
    ) -> Result<(), ServiceError> {
        let sight = InSight::of(&*self.session(caller)?, scope)?;
        for provider in sight.catalog.providers() {
            let standing = Standing::of(Some(&sight), provider);
            for capability in provider.capabilities.iter() {
                let row = standing.row(capability);
                if row.readiness == Readiness::Ready {
                    let names = standing.credentials.iter().map(|(_, view)| view.name.clone());
                    let allow = capability.grants.iter().map(grant).collect();
                    tell(Offered { capability, row, allow, credentials: names.collect() });
                }
            }
        }
        Ok(())
    }
}

/// The vault's catalogue; while it is locked, the registry alone.
fn catalog_of(sight: Option<&InSight>) -> Arc<FullCatalog> {
    sight.map_or_else(|| Arc::new(FullCatalog::built_in()), |sight| Arc::clone(&sight.catalog))
}

/// Where a provider stands: what its capabilities have in common.
struct Standing<'a> {
    sight: Option<&'a InSight>,
    provider: &'a Provider,
    missing: Vec<SecretName>,
    credentials: Vec<&'a (Option<Vec<Host>>, CredentialView)>,
}

impl<'a> Standing<'a> {
    fn of(sight: Option<&'a InSight>, provider: &'a Provider) -> Self {
        let missing = sight.map(|sight| sight.missing(provider)).unwrap_or_default();
        let credentials = sight.map(|sight| sight.credentials_of(provider)).unwrap_or_default();
        Self { sight, provider, missing, credentials }
    }

    /// What calls can make of a capability.
    fn readiness(&self, capability: &Capability) -> Readiness {
        let is_placed =
            |(bound, _): &&(Option<Vec<Host>>, CredentialView)| capability.place(bound.as_deref()).is_some();
        match self.sight {
            _ if !self.provider.auth.is_supported() => Readiness::NoAuth,
            None if capability.is_administrative() => Readiness::Disabled,
            None => Readiness::Locked,
            Some(sight) if !sight.catalog.is_enabled(capability) => Readiness::Disabled,
            Some(_) if self.credentials.iter().copied().any(|one| is_placed(&one)) => Readiness::Ready,
            Some(_) if !self.credentials.is_empty() => Readiness::NoHost,
            Some(_) if self.missing.len() < needed(self.provider).count() => Readiness::Incomplete,
            Some(_) => Readiness::NoSecret,
        }
    }

    fn row(&self, capability: &Capability) -> CapabilityView {
        let readiness = self.readiness(capability);
        let needs_auth = (readiness == Readiness::NoAuth).then(|| self.provider.scheme().into_owned());
        CapabilityView {
            id: capability.id.clone(),
            provider: self.provider.id.clone(),
            category: self.provider.category.clone(),
            summary: capability.summary.clone(),
            risk: capability.risk,
            readiness,
            missing: if readiness == Readiness::Ready { Vec::new() } else { self.missing.clone() },
            needs_auth,
        }
    }
}

/// What a provider cannot be called without.
fn needed(provider: &Provider) -> impl Iterator<Item = &SecretClaim> {
    provider.secrets.iter().filter(|claim| !claim.optional)
}

fn needs(sight: Option<&InSight>, provider: &Provider) -> Vec<SecretNeed> {
    let need = |claim: &SecretClaim| SecretNeed {
        name: claim.name.clone(),
        optional: claim.optional,
        stored: sight.map(|sight| sight.names.contains(&claim.name)),
        help: claim.help.as_deref().map(str::to_owned),
    };
    provider.secrets.iter().map(need).collect()
}

fn grant(grant: &crate::spec::Grant) -> GrantView {
    GrantView {
        methods: grant.methods.iter().map(|method| method.to_string()).collect(),
        paths: grant.paths.iter().map(ToString::to_string).collect(),
    }
}
