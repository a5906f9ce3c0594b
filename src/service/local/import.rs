//! Several secrets at once: all of them or none.
//!
//! What is stored already with the same value is left as it is, so that an import can be
//! repeated; with another value it stops the import, which overwrites nothing. That tells whether
//! a value is the stored one, so each comparison is on record, and takes its time.

use super::Local;
use super::labels::{called, unclaimed};
use super::secrets::{Newcomer, Place};
use super::session::Session;
use crate::audit::{Action, Event, Outcome as Logged};
use crate::platform::clock;
use crate::policy::Caller;
use crate::service::catalog::FullCatalog;
use crate::service::command::ImportEntry;
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::{Outcome, PlannedView};
use crate::spec::{Scope, SecretName};
use crate::vault::{NewSecret, VaultError};

/// How long a comparison with a stored value takes at least.
const COMPARISON_MS: u64 = 250;

impl Local {
    pub(super) fn import_secrets(
        &self,
        caller: &Caller,
        entries: Vec<ImportEntry>,
        place: &Place,
    ) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let (mut new, mut unchanged) = (Vec::new(), Vec::new());
        for entry in entries {
            if is_stored(&session, caller, &entry, scope_of(&entry, place))? {
                unchanged.push(entry.name);
            } else {
                new.push(entry);
            }
        }
        let catalog = session.catalog()?;
        let new = new.into_iter().map(|entry| newcomer(&catalog, entry, place)).collect::<Result<_, _>>()?;
        let stored = self.store_all(caller, new).map_err(|error| ServiceError {
            message: format!("{}; nothing was imported", error.message),
            ..error
        })?;
        Ok(Outcome::Imported { stored, unchanged })
    }
}

impl Local {
    /// What an import would store, and for which provider. No value is compared with a stored one, and so nothing is
    /// told of those.
    pub(super) fn plan_import(
        &self,
        caller: &Caller,
        entries: Vec<ImportEntry>,
        place: &Place,
    ) -> Result<Outcome, ServiceError> {
        let session = self.session(caller)?;
        let catalog = session.catalog()?;
        let mut planned = Vec::with_capacity(entries.len());
        for entry in entries {
            let known = called(&catalog, entry.name.as_str(), Some(scope_of(&entry, place).clone()));
            let is_there = match session.desk.vault().secret(&known) {
                Err(VaultError::SecretNotFound { .. }) => false,
                found => found.map(|_| true)?,
            };
            let new = newcomer(&catalog, entry, place)?.placed(&catalog)?;
            let NewSecret { name, scope, provider, hosts, .. } = new;
            planned.push(PlannedView { name, scope, provider, hosts, is_there });
        }
        Ok(Outcome::ImportPlanned { planned })
    }
}

fn scope_of<'a>(entry: &'a ImportEntry, place: &'a Place) -> &'a Scope {
    entry.scope.as_ref().unwrap_or(&place.scope)
}

fn newcomer(catalog: &FullCatalog, entry: ImportEntry, place: &Place) -> Result<Newcomer, ServiceError> {
    let ImportEntry { name, value, scope, aliases, provider } = entry;
    let aliases = unclaimed(catalog, &aliases)?;
    let scope = scope.unwrap_or_else(|| place.scope.clone());
    Ok(Newcomer { name, value, place: Place { scope, provider, hosts: place.hosts.clone() }, aliases })
}

/// Whether the entry stands in the vault with this very value.
fn is_stored(
    session: &Session,
    caller: &Caller,
    entry: &ImportEntry,
    scope: &Scope,
) -> Result<bool, ServiceError> {
    let known = called(&*session.catalog()?, entry.name.as_str(), Some(scope.clone()));
    let found = session.desk.vault().secret(&known);
    match found {
        Err(VaultError::SecretNotFound { .. }) => return Ok(false),
        found => found?,
    };
    clock::pause_ms(COMPARISON_MS);
    let same = session.desk.vault().holds(&known, &entry.value)?;
    session.desk.journal.append(&compared(caller, &entry.name, scope, same))?;
    session.desk.journal.settle()?;
    if same { Ok(true) } else { Err(other_value(&entry.name)) }
}

fn compared(caller: &Caller, name: &SecretName, scope: &Scope, same: bool) -> Event {
    Event {
        secret: Some(name.clone()),
        scope: Some(scope.clone()),
        reason: Some(if same { "unchanged" } else { "exists" }.to_owned()),
        ..Event::new(
            clock::now_ms(),
            caller.to_string(),
            Action::SecretCreate,
            if same { Logged::Ok } else { Logged::Failed },
        )
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
