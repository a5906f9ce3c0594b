//! Commands on secrets. Each is on record before it is done, and provisions or removes
//! credentials in the same transaction.

use std::sync::Arc;

use super::session::Session;
use super::{Local, hosts, labels, views};
use crate::audit::{Action, Event, Outcome as Logged};
use crate::platform::clock;
use crate::policy::Caller;
use crate::policy::Catalog as _;
use crate::service::catalog::FullCatalog;
use crate::service::command::SecretSelector;
use crate::service::error::ServiceError;
use crate::service::outcome::{CredentialView, Outcome, StoredView};
use crate::spec::{Host, ProviderId, Scope, ScopeId, SecretName};
use crate::vault::{
    Alias, CredentialMeta, Group, NewSecret, Provisioned, SecretChange, SecretInput, SecretMeta, SecretRef,
};

impl Local {
    pub(super) fn create_secret(
        &self,
        caller: &Caller,
        name: SecretName,
        value: SecretInput,
        place: Place,
        aliases: Vec<String>,
    ) -> Result<StoredView, ServiceError> {
        let aliases = labels::unclaimed(&*self.session(caller)?.catalog()?, &aliases)?;
        let mut stored = self.store_all(caller, vec![Newcomer { name, value, place, aliases }])?;
        // There is one for each that was given.
        Ok(stored.pop().expect("one secret was given"))
    }

    /// Stores all or none.
    pub(super) fn store_all(
        &self,
        caller: &Caller,
        new: Vec<Newcomer>,
    ) -> Result<Vec<StoredView>, ServiceError> {
        let session = self.session(caller)?;
        let catalog = session.catalog()?;
        let new = new.into_iter().map(|one| one.placed(&catalog)).collect::<Result<Vec<_>, _>>()?;
        let claimed: Vec<_> = new.into_iter().map(|new| (catalog.claim(&new.name), new)).collect();
        let doubts: Vec<_> = claimed.iter().map(|(_, new)| doubts(&catalog, &new.name, &new.value)).collect();
        let events = claimed.iter().map(|(_, new)| Event {
            secret: Some(new.name.clone()),
            scope: Some(new.scope.clone()),
            provider: new.provider.clone(),
            host: named(&new.hosts),
            ..event(caller, Action::SecretCreate)
        });
        let events = events.collect();
        let new = claimed.into_iter().map(|(claim, new)| (new, claim)).collect();
        let created = session.recorded_all(events, |vault| vault.create_secrets(new, clock::now_ms()))?;
        let test_vault = session.desk.vault().is_test();
        let mut stored = Vec::with_capacity(created.len());
        for (created, warnings) in created.into_iter().zip(doubts) {
            let (provisioned, missing) = self.provisioned(caller, &session, created.provisioned)?;
            let (secret, mut ready) = (views::secret(&created.meta), provisioned.into_iter());
            let (provisioned, further) = (ready.next(), ready.collect());
            stored.push(StoredView { secret, provisioned, further, missing, warnings, test_vault });
        }
        Ok(stored)
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
        let secrets: Vec<_> = wanted.map(views::secret).collect();
        let elsewhere = all.len() - secrets.len();
        let damaged = vault.damaged().iter().map(ToString::to_string).collect();
        Ok(Outcome::Secrets { secrets, elsewhere, damaged })
    }

    pub(super) fn update_secret(
        &self,
        caller: &Caller,
        selector: &SecretSelector,
        name: Option<SecretName>,
        aliases: Option<Vec<String>>,
    ) -> Result<Outcome, ServiceError> {
        let (session, reference) = self.selected(caller, selector)?;
        let catalog = session.catalog()?;
        let claim = name.as_ref().and_then(|name| catalog.claim(name));
        let aliases = aliases.as_deref().map(|aliases| labels::unclaimed(&catalog, aliases)).transpose()?;
        let change = SecretChange { name, aliases };
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
        given: &[Host],
    ) -> Result<Outcome, ServiceError> {
        let (session, reference) = self.selected(caller, selector)?;
        let catalog = session.catalog()?;
        let before = session.desk.vault().secret(&reference)?;
        hosts::of_rotated(&catalog, &before, given)?;
        let event = Event { host: named(given), ..selected(event(caller, Action::SecretRotate), selector) };
        // Of a secret that another process has replaced meanwhile, nothing is known: its hosts stay.
        let hosts_of = |meta: &SecretMeta| {
            hosts::of_rotated(&catalog, meta, given).unwrap_or_else(|_| meta.hosts.clone())
        };
        let meta = session.recorded(event, |vault| {
            vault.rotate_secret_for(&reference, &value, hosts_of, clock::now_ms())
        })?;
        Ok(changed(&meta, Vec::new(), Vec::new()))
    }

    pub(super) fn delete_secret(
        &self,
        caller: &Caller,
        selector: &SecretSelector,
    ) -> Result<Outcome, ServiceError> {
        let (session, reference) = self.selected(caller, selector)?;
        let event = selected(event(caller, Action::SecretDelete), selector);
        let optional = is_optional(&session, &reference)?;
        let removed = session.recorded(event, |vault| {
            if optional { vault.delete_optional_secret(&reference) } else { vault.delete_secret(&reference) }
        })?;
        record_credentials(caller, &session, &removed.credentials, Action::CredentialDelete)?;
        Ok(Outcome::SecretDeleted {
            id: removed.id.to_string(),
            secret: removed.meta.as_ref().map(views::secret),
            removed: credential_views(&session, &removed.credentials)?,
        })
    }

    pub(super) fn attach_group(
        &self,
        caller: &Caller,
        selector: &SecretSelector,
        workspace: ScopeId,
        group: ScopeId,
    ) -> Result<Outcome, ServiceError> {
        let (session, reference) = self.selected(caller, selector)?;
        let catalog = session.catalog()?;
        let pin = session.desk.vault().secret(&reference)?.pin;
        let provider = pin.as_ref().and_then(|pin| catalog.provider(pin.as_str()));
        let claim = provider.map(|provider| catalog.claim_of(provider));
        let group = Group { workspace, group };
        let event = of_group(caller, Action::SecretAttachGroup, selector, &group);
        let created = session.recorded(event, |vault| {
            vault.attach_group(&reference, &group, claim.as_ref(), clock::now_ms())
        })?;
        let (provisioned, _) = self.provisioned(caller, &session, created.provisioned)?;
        Ok(changed(&created.meta, provisioned, Vec::new()))
    }

    pub(super) fn detach_group(
        &self,
        caller: &Caller,
        selector: &SecretSelector,
        workspace: ScopeId,
        group: ScopeId,
    ) -> Result<Outcome, ServiceError> {
        let (session, reference) = self.selected(caller, selector)?;
        let group = Group { workspace, group };
        let event = of_group(caller, Action::SecretDetachGroup, selector, &group);
        let removed = session.recorded(event, |vault| vault.detach_group(&reference, &group))?;
        record_credentials(caller, &session, &removed.credentials, Action::CredentialDelete)?;
        let meta = session.desk.vault().secret(&reference)?;
        Ok(changed(&meta, Vec::new(), credential_views(&session, &removed.credentials)?))
    }

    fn provisioned(
        &self,
        caller: &Caller,
        session: &Arc<Session>,
        provisioned: Provisioned,
    ) -> Result<(Vec<CredentialView>, Vec<SecretName>), ServiceError> {
        match provisioned {
            Provisioned::None => Ok((Vec::new(), Vec::new())),
            Provisioned::Waiting { missing, .. } => Ok((Vec::new(), missing)),
            Provisioned::Ready { credentials } => {
                record_credentials(caller, session, &credentials, Action::CredentialProvision)?;
                Ok((credential_views(session, &credentials)?, Vec::new()))
            }
        }
    }
}

/// Where a new secret stands, and what its value is for.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) scope: Scope,
    /// The provider, where the name says none.
    pub(super) provider: Option<ProviderId>,
    pub(super) hosts: Vec<Host>,
}

/// A secret that is to be stored.
pub(super) struct Newcomer {
    pub(super) name: SecretName,
    pub(super) value: SecretInput,
    pub(super) place: Place,
    pub(super) aliases: Vec<Alias>,
}

impl Newcomer {
    /// With its provider and the hosts that its value may go to.
    pub(super) fn placed(self, catalog: &FullCatalog) -> Result<NewSecret, ServiceError> {
        let Self { name, value, place: Place { scope, provider, hosts }, aliases } = self;
        let provider = hosts::provider_of(catalog, &name, provider.as_ref())?;
        let hosts = hosts::of_new(catalog, provider, &name, &hosts)?;
        let provider = provider.map(|provider| provider.id.clone());
        Ok(NewSecret { name, value, scope, aliases, provider, hosts })
    }
}

/// The hosts for the log.
fn named(hosts: &[Host]) -> Option<String> {
    let names: Vec<&str> = hosts.iter().map(Host::as_str).collect();
    (!names.is_empty()).then(|| names.join(" "))
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

fn credential_views(
    session: &Session,
    credentials: &[CredentialMeta],
) -> Result<Vec<CredentialView>, ServiceError> {
    let catalog = session.catalog()?;
    let vault = session.desk.vault();
    Ok(credentials.iter().map(|one| views::credential(one, &catalog, &vault)).collect::<Result<_, _>>()?)
}

fn changed(meta: &SecretMeta, provisioned: Vec<CredentialView>, removed: Vec<CredentialView>) -> Outcome {
    Outcome::SecretChanged { secret: views::secret(meta), provisioned, removed }
}

/// What looks odd about a value; it is stored all the same.
fn doubts(catalog: &FullCatalog, name: &SecretName, value: &SecretInput) -> Vec<String> {
    let Some(provider) = catalog.claimant(name) else { return Vec::new() };
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

/// Whether a secret's provider can do without it. One that cannot be read serves nobody anyway.
fn is_optional(session: &Session, reference: &SecretRef) -> Result<bool, ServiceError> {
    let catalog = session.catalog()?;
    let Ok(meta) = session.desk.vault().secret(reference) else { return Ok(false) };
    let provider = meta.pin.as_ref().and_then(|pin| catalog.provider(pin.as_str()));
    let claims = provider.into_iter().flat_map(|provider| provider.secrets.iter());
    Ok(claims.filter(|claim| claim.optional).any(|claim| claim.name == meta.name))
}
