//! Commands on secrets. Each is on record before it is done, and provisions or removes
//! credentials in the same transaction.

use std::sync::Arc;

use super::session::Session;
use super::{Local, views};
use crate::audit::{Action, Event, Outcome as Logged};
use crate::platform::clock;
use crate::policy::Caller;
use crate::registry;
use crate::service::command::{CredentialView, ImportEntry, Outcome, SecretSelector, StoredView};
use crate::service::error::{ErrorKind, ServiceError};
use crate::spec::{ProviderId, Scope, ScopeId, SecretName};
use crate::vault::{
    Alias, Claim, CredentialMeta, Group, NewSecret, Provisioned, SecretChange, SecretId, SecretInput,
    SecretMeta, SecretRef, VaultError,
};

impl Local {
    pub(super) fn create_secret(
        &self,
        caller: &Caller,
        name: SecretName,
        value: SecretInput,
        scope: Scope,
        aliases: Vec<String>,
    ) -> Result<StoredView, ServiceError> {
        let session = self.session(caller)?;
        let claim = claim_of(&name);
        let warnings = doubts(&name, &value);
        let event = Event {
            secret: Some(name.clone()),
            scope: Some(scope.clone()),
            provider: claim.as_ref().map(|claim| claim.provider.clone()),
            ..event(caller, Action::SecretCreate)
        };
        let new = NewSecret { name, value, scope, aliases: unclaimed(&aliases)? };
        let created =
            session.recorded(event, |vault| vault.create_secret(new, claim.as_ref(), clock::now_ms()))?;
        let (provisioned, missing) = self.provisioned(caller, &session, created.provisioned)?;
        let test_vault = session.desk.vault().is_test();
        Ok(StoredView { secret: views::secret(&created.meta), provisioned, missing, warnings, test_vault })
    }

    pub(super) fn import_secrets(
        &self,
        caller: &Caller,
        entries: Vec<ImportEntry>,
        scope: &Scope,
    ) -> Result<Outcome, ServiceError> {
        let (entries, unchanged) = self.without_known(caller, entries, scope)?;
        let mut stored = Vec::new();
        for ImportEntry { name, value } in entries {
            let label = name.clone();
            let one = self.create_secret(caller, name, value, scope.clone(), Vec::new());
            stored.push(one.map_err(|error| {
                let message = format!("{label}: {} ({} stored before it)", error.message, stored.len());
                ServiceError { message, ..error }
            })?);
        }
        Ok(Outcome::Imported { stored, unchanged })
    }

    /// Sets aside what is stored already with the same value, so that an import can be
    /// repeated. Another value stops it before anything is stored: it would be overwritten.
    fn without_known(
        &self,
        caller: &Caller,
        entries: Vec<ImportEntry>,
        scope: &Scope,
    ) -> Result<(Vec<ImportEntry>, Vec<SecretName>), ServiceError> {
        let session = self.session(caller)?;
        let mut vault = session.desk.vault();
        let (mut new, mut unchanged) = (Vec::new(), Vec::new());
        for entry in entries {
            let known = called(entry.name.as_str(), Some(scope.clone()));
            match vault.holds(&known, &entry.value) {
                Err(VaultError::SecretNotFound { .. }) => new.push(entry),
                Err(error) => return Err(error.into()),
                Ok(same) => {
                    // A comparison tells something of a stored value, so it leaves a trace.
                    session.desk.journal.append(&compared(caller, &entry.name, scope, same))?;
                    if !same {
                        session.desk.journal.settle()?;
                        return Err(other_value(&entry.name));
                    }
                    unchanged.push(entry.name);
                }
            }
        }
        session.desk.journal.settle()?;
        Ok((new, unchanged))
    }

    pub(super) fn list_secrets(
        &self,
        caller: &Caller,
        scope: Option<&Scope>,
    ) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let mut vault = session.desk.vault();
        let all = vault.secrets()?;
        let wanted = all.iter().filter(|meta| scope.is_none_or(|scope| meta.scope == *scope));
        let secrets = wanted.map(views::secret).collect();
        Ok(Outcome::Secrets { secrets, damaged: vault.damaged().iter().map(ToString::to_string).collect() })
    }

    pub(super) fn update_secret(
        &self,
        caller: &Caller,
        selector: &SecretSelector,
        name: Option<SecretName>,
        aliases: Option<Vec<String>>,
    ) -> Result<Outcome, ServiceError> {
        let (session, reference) = (self.session(caller)?, reference(selector)?);
        let claim = name.as_ref().and_then(claim_of);
        let change = SecretChange { name, aliases: aliases.as_deref().map(unclaimed).transpose()? };
        let event = selected(event(caller, Action::SecretUpdate), selector);
        let meta =
            session.recorded(event, |vault| vault.update_secret(&reference, change, claim.as_ref()))?;
        Ok(changed(&meta, Vec::new(), Vec::new()))
    }

    pub(super) fn rotate_secret(
        &self,
        caller: &Caller,
        selector: &SecretSelector,
        value: SecretInput,
    ) -> Result<Outcome, ServiceError> {
        let (session, reference) = (self.session(caller)?, reference(selector)?);
        let event = selected(event(caller, Action::SecretRotate), selector);
        let meta =
            session.recorded(event, |vault| vault.rotate_secret(&reference, &value, clock::now_ms()))?;
        Ok(changed(&meta, Vec::new(), Vec::new()))
    }

    pub(super) fn delete_secret(
        &self,
        caller: &Caller,
        selector: &SecretSelector,
    ) -> Result<Outcome, ServiceError> {
        let (session, reference) = (self.session(caller)?, reference(selector)?);
        let event = selected(event(caller, Action::SecretDelete), selector);
        let removed = session.recorded(event, |vault| vault.delete_secret(&reference))?;
        record_credentials(caller, &session, &removed.credentials, Action::CredentialDelete)?;
        Ok(Outcome::SecretDeleted {
            id: removed.id.to_string(),
            secret: removed.meta.as_ref().map(views::secret),
            removed: credential_views(&removed.credentials),
        })
    }

    pub(super) fn attach_group(
        &self,
        caller: &Caller,
        selector: &SecretSelector,
        workspace: ScopeId,
        group: ScopeId,
    ) -> Result<Outcome, ServiceError> {
        let (session, reference) = (self.session(caller)?, reference(selector)?);
        let claim =
            session.desk.vault().secret(&reference)?.pin.and_then(|pin| claim_by_provider(pin.as_str()));
        let group = Group { workspace, group };
        let event = of_group(caller, Action::SecretAttachGroup, selector, &group);
        let created = session.recorded(event, |vault| {
            vault.attach_group(&reference, &group, claim.as_ref(), clock::now_ms())
        })?;
        let (provisioned, _) = self.provisioned(caller, &session, created.provisioned)?;
        Ok(changed(&created.meta, provisioned.into_iter().collect(), Vec::new()))
    }

    pub(super) fn detach_group(
        &self,
        caller: &Caller,
        selector: &SecretSelector,
        workspace: ScopeId,
        group: ScopeId,
    ) -> Result<Outcome, ServiceError> {
        let (session, reference) = (self.session(caller)?, reference(selector)?);
        let group = Group { workspace, group };
        let event = of_group(caller, Action::SecretDetachGroup, selector, &group);
        let removed = session.recorded(event, |vault| vault.detach_group(&reference, &group))?;
        record_credentials(caller, &session, &removed.credentials, Action::CredentialDelete)?;
        let meta = session.desk.vault().secret(&reference)?;
        Ok(changed(&meta, Vec::new(), credential_views(&removed.credentials)))
    }

    fn provisioned(
        &self,
        caller: &Caller,
        session: &Arc<Session>,
        provisioned: Provisioned,
    ) -> Result<(Option<CredentialView>, Vec<SecretName>), ServiceError> {
        match provisioned {
            Provisioned::None => Ok((None, Vec::new())),
            Provisioned::Waiting { missing, .. } => Ok((None, missing)),
            Provisioned::Ready { credential } => {
                record_credentials(
                    caller,
                    session,
                    std::slice::from_ref(&credential),
                    Action::CredentialProvision,
                )?;
                Ok((Some(views::credential(&credential)), Vec::new()))
            }
        }
    }
}

fn event(caller: &Caller, action: Action) -> Event {
    Event::new(clock::now_ms(), caller.to_string(), action, Logged::Ok)
}

fn selected(event: Event, selector: &SecretSelector) -> Event {
    match selector {
        SecretSelector::Id(id) => Event { secret_id: Some(id.clone()), ..event },
        SecretSelector::Name { name, scope } => match SecretName::parse(name) {
            Ok(name) => Event { secret: Some(name), scope: scope.clone(), ..event },
            Err(_) => Event { detail: Some(format!("alias {name}")), scope: scope.clone(), ..event },
        },
    }
}

fn of_group(caller: &Caller, action: Action, selector: &SecretSelector, group: &Group) -> Event {
    Event { scope: Some(group.scope()), ..selected(event(caller, action), selector) }
}

fn record_credentials(
    caller: &Caller,
    session: &Session,
    credentials: &[CredentialMeta],
    action: Action,
) -> Result<(), ServiceError> {
    for credential in credentials {
        session.desk.journal.append(&Event {
            provider: Some(credential.provider.clone()),
            credential: Some(credential.name.to_string()),
            scope: Some(credential.scope.clone()),
            ..event(caller, action)
        })?;
    }
    Ok(session.desk.journal.settle()?)
}

fn credential_views(credentials: &[CredentialMeta]) -> Vec<CredentialView> {
    credentials.iter().map(views::credential).collect()
}

fn changed(meta: &SecretMeta, provisioned: Vec<CredentialView>, removed: Vec<CredentialView>) -> Outcome {
    Outcome::SecretChanged { secret: views::secret(meta), provisioned, removed }
}

fn reference(selector: &SecretSelector) -> Result<SecretRef, ServiceError> {
    match selector {
        SecretSelector::Name { name, scope } => Ok(called(name, scope.clone())),
        SecretSelector::Id(id) => SecretId::parse(id).map(SecretRef::Id).map_err(|error| {
            ServiceError::new(ErrorKind::NotFound, error.to_string())
                .help("see the ids with `aivault secrets list`")
        }),
    }
}

/// The secret of that name or alias; no alias ever stands for a name that a provider claims.
fn called(label: &str, scope: Option<Scope>) -> SecretRef {
    match claimant(label) {
        Some(_) => SecretRef::Claimed { name: label.to_owned(), scope },
        None => SecretRef::Name { name_or_alias: label.to_owned(), scope },
    }
}

fn unclaimed(aliases: &[String]) -> Result<Vec<Alias>, ServiceError> {
    let checked = aliases.iter().map(|alias| Alias::parse(alias, claimant(alias)));
    Ok(checked.collect::<Result<_, _>>()?)
}

/// The provider that claims the label. Case is folded: who types a claimed name in the wrong one
/// must not reach another secret either.
fn claimant(label: &str) -> Option<&'static ProviderId> {
    let name = SecretName::parse(&label.to_ascii_uppercase()).ok()?;
    registry::claimant(&name).map(|provider| &provider.id)
}

fn compared(caller: &Caller, name: &SecretName, scope: &Scope, same: bool) -> Event {
    Event {
        outcome: if same { Logged::Ok } else { Logged::Failed },
        secret: Some(name.clone()),
        scope: Some(scope.clone()),
        reason: Some(if same { "unchanged" } else { "exists" }.to_owned()),
        ..event(caller, Action::SecretCreate)
    }
}

fn other_value(name: &SecretName) -> ServiceError {
    ServiceError::new(
        ErrorKind::Conflict,
        format!("{name} is stored already with another value; nothing was imported"),
    )
    .reason("exists")
    .help(format!("give it the new value with `aivault secrets rotate --name {name}`, or leave it out"))
}

fn claim_of(name: &SecretName) -> Option<Claim> {
    registry::claimant(name).and_then(|provider| claim_by_provider(provider.id.as_str()))
}

fn claim_by_provider(id: &str) -> Option<Claim> {
    let provider = registry::provider(id)?;
    let secrets =
        provider.secrets.iter().map(|claim| (claim.name.clone(), claim.placeholder.to_string())).collect();
    Some(Claim { provider: provider.id.clone(), secrets })
}

/// What looks odd about a value; it is stored all the same.
fn doubts(name: &SecretName, value: &SecretInput) -> Vec<String> {
    let Some(provider) = registry::claimant(name) else { return Vec::new() };
    let claim = provider.secrets.iter().find(|claim| claim.name == *name);
    let pattern =
        claim.and_then(|claim| claim.pattern.as_deref()).and_then(|text| regex_lite::Regex::new(text).ok());
    let unlike = pattern.is_some_and(|pattern| !value.matches(|text| pattern.is_match(text)));
    let mut doubts = Vec::new();
    if unlike {
        doubts.push(format!("the value does not look like one of {}; it was stored as it is", provider.name));
    }
    if value.matches(|text| text.trim() != text) {
        doubts.push("the value begins or ends with white space; it was stored as it is".to_owned());
    }
    doubts
}
