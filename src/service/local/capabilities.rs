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
use crate::service::way::{self, WayView};
use crate::spec::{AuthWay, Capability, CredentialName, Host, Provider, Scope, SecretClaim, SecretName};
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

    /// Of a token that is for one account alone, that one.
    fn within(mut self, caller: &Caller) -> Self {
        if let Some(only) = caller.bounds().and_then(|bounds| bounds.credential()) {
            self.credentials.retain(|(_, one)| one.name == *only);
        }
        self
    }

    /// The provider's credentials, narrowest scope first.
    fn credentials_of(&self, provider: &Provider) -> Vec<&(Option<Vec<Host>>, CredentialView)> {
        let serves =
            |one: &CredentialView| one.provider == provider.id && provider.way(one.way.as_ref()).is_some();
        let mut own: Vec<_> = self.credentials.iter().filter(|(_, one)| serves(one)).collect();
        own.sort_by_key(|(_, one)| self.scopes.iter().position(|scope| *scope == one.scope));
        own
    }

    /// What the way to authenticate lacks that is nearest to being complete.
    fn lack(&self, provider: &Provider) -> Lack {
        let of_way = |way: AuthWay<'_>| {
            let needed = way.needed(provider);
            let names = needed.iter().map(|claim| &claim.name);
            let missing: Vec<_> = names.filter(|name| !self.names.contains(*name)).cloned().collect();
            Lack { is_begun: missing.len() < needed.len(), missing }
        };
        let nearest = provider.ways().map(of_way).min_by_key(|lack| (!lack.is_begun, lack.missing.len()));
        nearest.unwrap_or_default()
    }
}

/// What a way to authenticate lacks, and whether anything of it is stored.
#[derive(Default)]
struct Lack {
    missing: Vec<SecretName>,
    is_begun: bool,
}

impl Local {
    /// What is in sight; nothing when the vault is locked.
    fn in_sight(&self, caller: &Caller, scope: &Scope) -> Result<Option<InSight>, ServiceError> {
        match self.session(caller) {
            Ok(session) => InSight::of(&session, scope).map(|sight| Some(sight.within(caller))),
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
            ways: ways(sight.as_ref(), provider),
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
    lack: Lack,
    credentials: Vec<&'a (Option<Vec<Host>>, CredentialView)>,
}

impl<'a> Standing<'a> {
    fn of(sight: Option<&'a InSight>, provider: &'a Provider) -> Self {
        let lack = sight.map(|sight| sight.lack(provider)).unwrap_or_default();
        let credentials = sight.map(|sight| sight.credentials_of(provider)).unwrap_or_default();
        Self { sight, provider, lack, credentials }
    }

    /// What calls can make of a capability.
    fn readiness(&self, capability: &Capability) -> Readiness {
        let is_placed =
            |(bound, _): &&(Option<Vec<Host>>, CredentialView)| capability.place(bound.as_deref()).is_some();
        match self.sight {
            _ if !self.provider.ways().any(|way| way.auth.is_supported()) => Readiness::NoAuth,
            None if capability.is_administrative() => Readiness::Disabled,
            None => Readiness::Locked,
            Some(sight) if !sight.catalog.is_enabled(capability) => Readiness::Disabled,
            Some(_) if self.credentials.iter().copied().any(|one| is_placed(&one)) => Readiness::Ready,
            Some(_) if !self.credentials.is_empty() => Readiness::NoHost,
            Some(_) if self.lack.is_begun => Readiness::Incomplete,
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
            missing: if readiness == Readiness::Ready { Vec::new() } else { self.lack.missing.clone() },
            needs_auth,
        }
    }
}

fn ways(sight: Option<&InSight>, provider: &Provider) -> Vec<WayView> {
    match sight {
        Some(sight) => way::views(provider, Some(&|name: &SecretName| sight.names.contains(name))),
        None => way::views(provider, None),
    }
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
