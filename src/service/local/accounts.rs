//! Credentials that the operator makes, lists and deletes: further accounts with a provider.

use std::collections::BTreeMap;

use super::labels::called;
use super::session::Session;
use super::{Local, hosts, providers, views};
use crate::audit::{Action, Event, Outcome as Logged};
use crate::platform::clock;
use crate::policy::{Caller, Catalog as _};
use crate::service::catalog::FullCatalog;
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::Outcome;
use crate::spec::{AuthWay, CredentialName, Host, Provider, ProviderId, Scope, SecretClaim, WayName};
use crate::vault::store::Kind;
use crate::vault::{NewCredential, SecretRef, Vault, VaultError};

/// A credential as it was asked for.
pub(super) struct Wanted {
    pub(super) name: CredentialName,
    pub(super) provider: ProviderId,
    pub(super) way: Option<WayName>,
    pub(super) secrets: Vec<(Option<String>, String)>,
    pub(super) hosts: Vec<Host>,
    pub(super) scope: Scope,
}

impl Local {
    pub(super) fn create_credential(&self, caller: &Caller, wanted: Wanted) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let catalog = session.catalog()?;
        let provider = catalog
            .provider(wanted.provider.as_str())
            .ok_or_else(|| providers::unknown(&catalog, &wanted.provider))?;
        hosts::refuse_foreign(provider, &wanted.hosts)?;
        let (way, filled) = chosen_way(provider, &wanted)?;
        let stored = |(placeholder, name): (String, &str)| {
            (placeholder, in_sight(&session, &catalog, name, &wanted.scope))
        };
        let secrets = filled.into_iter().map(stored).collect();
        let way = way.name.cloned();
        let Wanted { name, provider, hosts, scope, .. } = wanted;
        let new = NewCredential { name, provider, scope, way, secrets, hosts };
        let event = event(caller, Action::CredentialCreate, &new.provider, &new.name, &new.scope);
        let made = session.recorded(event, |vault| vault.create_credential(&new, clock::now_ms()))?;
        Ok(Outcome::CredentialCreated(views::credential(&made, &catalog, &session.desk.vault())?))
    }

    pub(super) fn list_credentials(&self, caller: &Caller) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let catalog = session.catalog()?;
        let mut vault = session.desk.vault();
        let mut all = vault.credentials()?;
        all.sort_by(|a, b| (&a.provider, &a.scope, &a.name).cmp(&(&b.provider, &b.scope, &b.name)));
        let damaged = vault.damaged_of(Kind::Credential);
        Ok(Outcome::Credentials {
            damaged: damaged.map(ToString::to_string).collect(),
            credentials: all
                .iter()
                .map(|one| views::credential(one, &catalog, &vault))
                .collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn delete_credential(
        &self,
        caller: &Caller,
        name: &CredentialName,
        provider: Option<&ProviderId>,
        scope: &Scope,
    ) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let provider = match provider {
            Some(provider) => provider.clone(),
            None => owner(&session, name, scope)?,
        };
        let event = event(caller, Action::CredentialDelete, &provider, name, scope);
        session.recorded(event, |vault| vault.delete_credential(&provider, name, scope))?;
        Ok(Outcome::CredentialDeleted { name: name.clone(), provider })
    }
}

/// The provider of the only credential of that name in exactly this scope.
fn owner(session: &Session, name: &CredentialName, scope: &Scope) -> Result<ProviderId, ServiceError> {
    let all = session.desk.vault().credentials()?;
    let mut fitting = all.into_iter().filter(|one| one.name == *name && one.scope == *scope);
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok(only.provider),
        (None, _) => Err(ServiceError::new(
            ErrorKind::CredentialNotFound,
            format!("no credential of {scope} is called `{name}`"),
        )
        .reason("credential.missing")
        .help("see which there are: aivault credential list")),
        (Some(_), Some(_)) => Err(ServiceError::new(
            ErrorKind::Conflict,
            format!("several providers have a credential `{name}`"),
        )
        .help("say whose with --provider")),
    }
}

/// The names of secrets, by the placeholder that each fills.
type Filled<'w> = BTreeMap<String, &'w str>;

/// The way to authenticate that is asked for, or the first that takes just the secrets that are named.
fn chosen_way<'p, 'w>(
    provider: &'p Provider,
    wanted: &'w Wanted,
) -> Result<(AuthWay<'p>, Filled<'w>), ServiceError> {
    if let Some(label) = &wanted.way {
        let way = provider.way_called(label).ok_or_else(|| no_such_way(provider, label))?;
        return Ok((way, filled(provider, &way, &wanted.secrets)?));
    }
    if provider.alternatives.is_empty() {
        let way = provider.first_way();
        return Ok((way, filled(provider, &way, &wanted.secrets)?));
    }
    let fitting = |way: AuthWay<'p>| filled(provider, &way, &wanted.secrets).ok().map(|filled| (way, filled));
    provider.ways().find_map(fitting).ok_or_else(|| {
        let takes = |way: AuthWay<'_>| {
            let claims = way.claims(provider);
            let names: Vec<&str> = claims.iter().map(|claim| claim.placeholder.as_str()).collect();
            format!("{} takes {}", way.label(), names.join(", "))
        };
        let message = format!("no way to authenticate by `{}` takes just these secrets", provider.id);
        invalid(message).help(provider.ways().map(takes).collect::<Vec<_>>().join("; "))
    })
}

fn no_such_way(provider: &Provider, label: &WayName) -> ServiceError {
    let labels: Vec<&str> = provider.ways().map(|way| way.label()).collect();
    invalid(format!("`{}` offers no way to authenticate that is called `{label}`", provider.id))
        .reason("auth.unknown")
        .help(format!("there is {}", labels.join(", ")))
}

/// The secrets as they are named, each for the placeholder of the way that it fills.
fn filled<'w>(
    provider: &Provider,
    way: &AuthWay<'_>,
    named: &'w [(Option<String>, String)],
) -> Result<Filled<'w>, ServiceError> {
    let claims = way.claims(provider);
    let placeholders: Vec<&str> = claims.iter().map(|claim| claim.placeholder.as_str()).collect();
    let whose = match way.name {
        None => format!("`{}`", provider.id),
        Some(name) => format!("the way `{name}` of `{}`", provider.id),
    };
    let mut secrets = BTreeMap::new();
    for (placeholder, secret) in named {
        let placeholder = match (placeholder.as_deref(), &placeholders[..]) {
            (Some(named), known) if known.contains(&named) => named,
            (None, [only]) => only,
            (Some(other), _) => {
                return Err(invalid(format!("{whose} has no secret `{other}`"))
                    .help(format!("its secrets are {}", placeholders.join(", "))));
            }
            (None, _) => {
                return Err(invalid(format!("{whose} needs several secrets")).help(format!(
                    "say which is which: --secret {}=NAME",
                    placeholders.join("=NAME --secret ")
                )));
            }
        };
        if secrets.insert(placeholder.to_owned(), secret.as_str()).is_some() {
            return Err(invalid(format!("two secrets are named for `{placeholder}`")));
        }
    }
    let is_missing =
        |claim: &&&SecretClaim| !claim.optional && !secrets.contains_key(claim.placeholder.as_str());
    match claims.iter().find(is_missing).map(|claim| &claim.placeholder) {
        None => Ok(secrets),
        Some(missing) => Err(invalid(format!("no secret is named for `{missing}` of {whose}"))
            .help(format!("add --secret {missing}=NAME"))),
    }
}

fn invalid(message: String) -> ServiceError {
    ServiceError::new(ErrorKind::InvalidRequest, message)
}

/// The secret of that name that is nearest to the scope, where several have it.
fn in_sight(session: &Session, catalog: &FullCatalog, name: &str, scope: &Scope) -> SecretRef {
    let mut vault = session.desk.vault();
    let own = scope.in_sight().into_iter().map(|scope| called(catalog, name, Some(scope)));
    // One that cannot be read, or is not the only one, is no reason to take another's.
    let absent = |reference: &SecretRef, vault: &mut Vault| {
        matches!(vault.secret(reference), Err(VaultError::SecretNotFound { .. }))
    };
    let found = own.into_iter().find(|reference| !absent(reference, &mut vault));
    found.unwrap_or_else(|| called(catalog, name, None))
}

fn event(
    caller: &Caller,
    action: Action,
    provider: &ProviderId,
    name: &CredentialName,
    scope: &Scope,
) -> Event {
    Event {
        provider: Some(provider.clone()),
        credential: Some(name.to_string()),
        scope: Some(scope.clone()),
        ..Event::new(clock::now_ms(), caller.to_string(), action, Logged::Ok)
    }
}
