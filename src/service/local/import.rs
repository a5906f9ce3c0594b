//! Several secrets at once: all of them or none.
//!
//! What is stored already with the same value is left as it is, so that an import can be
//! repeated; with another value it stops the import, which overwrites nothing. That tells whether
//! a value is the stored one, so each comparison is on record, and takes its time.

use super::Local;
use super::labels::called;
use super::secrets::{Newcomer, Place};
use super::session::Session;
use crate::audit::{Action, Event, Outcome as Logged};
use crate::platform::clock;
use crate::policy::Caller;
use crate::service::command::ImportEntry;
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::Outcome;
use crate::spec::{Scope, SecretName};
use crate::vault::VaultError;

/// How long a comparison with a stored value takes at least.
const COMPARISON_MS: u64 = 250;

impl Local {
    pub(super) fn import_secrets(
        &self,
        caller: &Caller,
        entries: Vec<ImportEntry>,
        place: Place,
    ) -> Result<Outcome, ServiceError> {
        let scope = &place.scope;
        let session = self.session(caller)?;
        let (mut new, mut unchanged) = (Vec::new(), Vec::new());
        for entry in entries {
            if is_stored(&session, caller, &entry, scope)? {
                unchanged.push(entry.name);
            } else {
                new.push(entry);
            }
        }
        let new = new.into_iter().map(|ImportEntry { name, value }| Newcomer {
            name,
            value,
            place: place.clone(),
            aliases: Vec::new(),
        });
        let stored = self.store_all(caller, new.collect()).map_err(|error| ServiceError {
            message: format!("{}; nothing was imported", error.message),
            ..error
        })?;
        Ok(Outcome::Imported { stored, unchanged })
    }
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
