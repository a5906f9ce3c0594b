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
use crate::spec::{CredentialName, Host, Provider, ProviderId, Scope};
use crate::vault::store::Kind;
use crate::vault::{NewCredential, SecretRef, Vault, VaultError};

/// A credential as it was asked for.
pub(super) struct Wanted {
    pub(super) name: CredentialName,
    pub(super) provider: ProviderId,
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
        let secrets = secrets_of(&session, &catalog, provider, &wanted)?;
        let Wanted { name, provider, hosts, scope, .. } = wanted;
        let new = NewCredential { name, provider, scope, secrets, hosts };
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

/// The secrets as they are named, each for the placeholder that it fills.
fn secrets_of(
    session: &Session,
    catalog: &FullCatalog,
    provider: &Provider,
    wanted: &Wanted,
) -> Result<BTreeMap<String, SecretRef>, ServiceError> {
    let invalid = |message: String| ServiceError::new(ErrorKind::InvalidRequest, message);
    let placeholders: Vec<&str> = provider.secrets.iter().map(|claim| claim.placeholder.as_ref()).collect();
    let all = placeholders.join(", ");
    let mut secrets = BTreeMap::new();
    for (placeholder, secret) in &wanted.secrets {
        let placeholder = match (placeholder.as_deref(), &placeholders[..]) {
            (Some(named), known) if known.contains(&named) => named,
            (None, [only]) => only,
            (Some(other), _) => {
                return Err(invalid(format!("`{}` has no secret `{other}`", provider.id))
                    .help(format!("its secrets are {all}")));
            }
            (None, _) => {
                return Err(invalid(format!("`{}` needs several secrets", provider.id)).help(format!(
                    "say which is which: --secret {}=NAME",
                    placeholders.join("=NAME --secret ")
                )));
            }
        };
        let reference = in_sight(session, catalog, secret, &wanted.scope);
        if secrets.insert(placeholder.to_owned(), reference).is_some() {
            return Err(invalid(format!("two secrets are named for `{placeholder}`")));
        }
    }
    let needed = provider.secrets.iter().filter(|claim| !claim.optional);
    let mut needed = needed.map(|claim| claim.placeholder.as_ref());
    match needed.find(|placeholder| !secrets.contains_key(*placeholder)) {
        None => Ok(secrets),
        Some(missing) => Err(invalid(format!("no secret is named for `{missing}` of `{}`", provider.id))
            .help(format!("add --secret {missing}=NAME"))),
    }
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
