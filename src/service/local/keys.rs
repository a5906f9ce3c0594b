//! The vault's key: where it comes from, and having it come from elsewhere.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use super::Local;
use super::session::{Session, no_key};
use crate::audit::{Action, Event, Outcome as Logged};
use crate::platform::clock;
use crate::policy::Caller;
use crate::service::command::{NewKey, RekeyRequest};
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::{Outcome, RekeyedView};
use crate::settings;
use crate::vault::{self, Kek, KeyMaterial, KeyProvider, Rekeyed, SecretText, VaultError};

/// What this process was given that may hold a key.
#[derive(Default)]
pub struct KeySources {
    /// The key of the `env` provider.
    pub env_key: Option<SecretText>,
    /// The folder of this service's credentials.
    pub credentials: Option<PathBuf>,
}

impl Local {
    /// What opens a vault of that key provider without asking anybody.
    pub(super) fn material(&self, provider: &KeyProvider) -> Result<KeyMaterial, ServiceError> {
        match provider {
            KeyProvider::File => Ok(KeyMaterial::File),
            KeyProvider::Keychain(_) => Ok(KeyMaterial::Keychain),
            KeyProvider::Env => match &self.sources.env_key {
                Some(key) => Ok(KeyMaterial::Env(key.duplicate())),
                None => Err(ServiceError::new(
                    ErrorKind::VaultLocked,
                    "the vault is locked: its key is in AIVAULT_KEY, which is not set",
                )
                .help("set AIVAULT_KEY, then run `aivault unlock`")),
            },
            KeyProvider::Systemd(_) => {
                Ok(KeyMaterial::Systemd { chosen: None, folder: self.sources.credentials.clone() })
            }
            // Either may ask a person.
            KeyProvider::Passphrase(_) | KeyProvider::Command(_) => Err(super::session::locked()),
        }
    }

    /// The same at an operator's word, who waits for a command that may ask for consent.
    pub(super) fn material_at_a_word(
        &self,
        provider: &KeyProvider,
        trusted: bool,
    ) -> Result<KeyMaterial, ServiceError> {
        match provider {
            KeyProvider::Command(_) => {
                Ok(KeyMaterial::Command { chosen: None, session: settings::environment(), trusted })
            }
            provider => self.material(provider),
        }
    }

    /// What a new key is made of.
    pub(super) fn new_material(&self, key: &NewKey) -> Result<KeyMaterial, ServiceError> {
        let missing = |what: &str, help: &str| ServiceError::new(ErrorKind::InvalidRequest, what).help(help);
        match key {
            NewKey::File => Ok(KeyMaterial::File),
            NewKey::Keychain => Ok(KeyMaterial::Keychain),
            NewKey::Env(Some(key)) => Ok(KeyMaterial::Env(key.duplicate())),
            NewKey::Env(None) => Err(missing(
                "the `env` key provider needs AIVAULT_KEY",
                "set it to 32 bytes in base64 or hexadecimal, such as `head -c 32 /dev/urandom | base64` prints",
            )),
            NewKey::Passphrase(Some(passphrase)) => Ok(KeyMaterial::Passphrase(passphrase.duplicate())),
            NewKey::Passphrase(None) => {
                Err(missing("the `passphrase` key provider needs a passphrase", "give it with --passphrase"))
            }
            NewKey::Command(command) => Ok(KeyMaterial::Command {
                chosen: Some(command.clone()),
                session: settings::environment(),
                trusted: true,
            }),
            NewKey::Systemd(name) => Ok(KeyMaterial::Systemd {
                chosen: Some(name.clone()),
                folder: self.sources.credentials.clone(),
            }),
        }
    }

    /// Locks the vault with another key, and goes on record with it.
    pub(super) fn rekey(&self, caller: &Caller, request: RekeyRequest) -> Result<Outcome, ServiceError> {
        let next = self.new_material(&request.to)?;
        let before = self.opened_as_it_is(request.passphrase)?;
        let provider = before.desk.vault().header().provider.name();
        let action = if provider == next.name() { Action::KeyRotate } else { Action::KeyMigrate };
        let event = Event {
            detail: Some(format!("from {provider} to {}", next.name())),
            ..Event::new(clock::now_ms(), caller.to_string(), action, Logged::Requested)
        };
        let request = before.desk.journal.append(&event)?;
        let rekeyed = self.locked_anew(&before, &next);
        let ended = Event { ts_ms: clock::now_ms(), decision: Some(request), ..event };
        let ended = match &rekeyed {
            Ok(done) => Event { outcome: Logged::Ok, epoch: Some(done.vault.epoch()), ..ended },
            Err(error) => Event { outcome: Logged::Failed, detail: Some(error.to_string()), ..ended },
        };
        // It is done or not by now, and the request is on record.
        let _ = before.desk.journal.append(&ended);
        before.desk.journal.settle()?;
        drop(before);
        self.keep(rekeyed?)
    }

    fn locked_anew(&self, before: &Session, next: &KeyMaterial) -> Result<Rekeyed, ServiceError> {
        let wire = before.desk.vault().kek().to_wire();
        let current = KeyMaterial::Kek(Kek::from_wire(&wire).ok_or_else(no_key)?);
        Ok(vault::rekey(&self.vault_paths(), &current, next)?)
    }

    /// From now on the vault is open here with its new key.
    fn keep(&self, rekeyed: Rekeyed) -> Result<Outcome, ServiceError> {
        let Rekeyed { vault, records, set_aside } = rekeyed;
        let provider = vault.header().provider.clone();
        // The log is closed before it is opened again.
        let mut slot = self.session.write().unwrap_or_else(PoisonError::into_inner);
        *slot = None;
        *slot = Some(Arc::new(self.opened(vault)?));
        Ok(Outcome::Rekeyed(RekeyedView {
            key_provider: provider.name().to_owned(),
            key_place: self.key_place(&provider),
            records,
            set_aside: set_aside.map(|path| path.display().to_string()),
            daemon: None,
        }))
    }

    fn opened_as_it_is(&self, passphrase: Option<SecretText>) -> Result<Arc<Session>, ServiceError> {
        let paths = self.vault_paths();
        let found = vault::find(&paths)?;
        let found = found.ok_or_else(|| VaultError::Absent { folder: paths.folder.clone() })?;
        let material = match passphrase {
            Some(passphrase) => KeyMaterial::Passphrase(passphrase),
            None => self.material_at_a_word(&found.header().provider, false)?,
        };
        self.open_material(&material)
    }

    /// Whether what holds the key is this process's alone, so that a daemon must be given it.
    pub(in crate::service) fn has_the_only_key(&self) -> bool {
        let KeySources { env_key, credentials } = &self.sources;
        if env_key.is_none() && credentials.is_none() {
            return false;
        }
        match vault::presence(&self.vault_paths()) {
            Ok(vault::Presence::Present(header)) => match header.provider {
                KeyProvider::Env => env_key.is_some(),
                KeyProvider::Systemd(_) => credentials.is_some(),
                _ => false,
            },
            _ => false,
        }
    }
}
