//! An open vault with its log, and how it comes to be open.

use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::Local;
use crate::audit::{Action, Event, Outcome as Logged};
use crate::broker::{Desk, Journal};
use crate::platform::clock;
use crate::policy::Caller;
use crate::service::command::{InitRequest, KeyChoice, Outcome, UnlockWith};
use crate::service::error::{ErrorKind, ServiceError};
use crate::vault::{
    self, Existing, Kek, KeyMaterial, KeyProvider, Presence, SecretText, Vault, VaultError, VaultPaths,
};

/// An open vault and what works on it.
pub(super) struct Session {
    pub(super) desk: Desk,
    /// Whether this process made the vault, on its first use.
    pub(super) created: bool,
}

impl Session {
    /// Writes `event`, does `act`, and says so in the log when that failed.
    pub(super) fn recorded<T>(
        &self,
        event: Event,
        act: impl FnOnce(&mut Vault) -> Result<T, vault::VaultError>,
    ) -> Result<T, ServiceError> {
        self.desk.journal.append(&event)?;
        let result = act(&mut self.desk.vault());
        if let Err(error) = &result {
            let detail = Some(error.to_string());
            self.desk.journal.append(&Event {
                outcome: Logged::Failed,
                ts_ms: clock::now_ms(),
                detail,
                ..event
            })?;
        }
        self.desk.journal.settle()?;
        Ok(result?)
    }
}

/// The log of a vault whose key is forgotten.
pub struct OpenLog(Option<Journal>);

impl OpenLog {
    /// Brings everything that was logged to the disk.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn settle(&self) -> Result<(), ServiceError> {
        self.0.as_ref().map_or(Ok(()), |journal| journal.settle().map_err(ServiceError::from))
    }
}

impl Local {
    pub(super) fn vault_paths(&self) -> VaultPaths {
        VaultPaths {
            folder: self.places.vault.clone(),
            key_file: self.places.key_file.clone(),
            audit_dir: self.places.audit.clone(),
        }
    }

    /// The open vault; opened, or on first use made, when its key can be had without asking.
    pub(super) fn session(&self, caller: &Caller) -> Result<Arc<Session>, ServiceError> {
        if let Some(session) = self.session.read().unwrap_or_else(PoisonError::into_inner).as_ref() {
            return Ok(Arc::clone(session));
        }
        let mut slot = self.session.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = slot.as_ref() {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(self.open(caller)?);
        *slot = Some(Arc::clone(&session));
        Ok(session)
    }

    fn open(&self, caller: &Caller) -> Result<Session, ServiceError> {
        let Some(found) = vault::find(&self.vault_paths())? else {
            let material = if cfg!(target_os = "macos") { KeyMaterial::Keychain } else { KeyMaterial::File };
            return match vault::init(&self.vault_paths(), &material, false) {
                // Another process was first.
                Err(VaultError::AlreadyExists { what: Existing::Vault(_) }) => {
                    self.opened(vault::open(&self.vault_paths(), &material)?)
                }
                made => self.made(caller, made?),
            };
        };
        let material = self.material(&found.header().provider)?;
        self.opened(found.unlock(&material)?)
    }

    /// What opens a vault of that key provider without asking anybody.
    fn material(&self, provider: &KeyProvider) -> Result<KeyMaterial, ServiceError> {
        match provider {
            KeyProvider::File => Ok(KeyMaterial::File),
            KeyProvider::Keychain => Ok(KeyMaterial::Keychain),
            KeyProvider::Env => match &self.env_key {
                Some(key) => Ok(KeyMaterial::Env(key.duplicate())),
                None => Err(ServiceError::new(
                    ErrorKind::VaultLocked,
                    "the vault is locked: its key is in AIVAULT_KEY, which is not set",
                )
                .help("set AIVAULT_KEY, then run `aivault unlock`")),
            },
            KeyProvider::Passphrase(_) => Err(locked()),
        }
    }

    fn made(&self, caller: &Caller, vault: Vault) -> Result<Session, ServiceError> {
        let session = Session { created: true, ..self.opened(vault)? };
        let event = Event::new(clock::now_ms(), caller.to_string(), Action::VaultInit, Logged::Ok);
        session.desk.journal.append(&event)?;
        session.desk.journal.settle()?;
        Ok(session)
    }

    /// A vault that was used before has a log, and is not opened without it: a log that
    /// went away must be missed. Only one that holds nothing yet gets a new one.
    fn opened(&self, mut vault: Vault) -> Result<Session, ServiceError> {
        let key = Zeroizing::new(*vault.audit_key().as_bytes());
        let status = vault.status()?;
        let fresh = status.secrets == 0 && status.epoch <= 1;
        let journal = Journal::new(self.places.audit.clone(), key, fresh);
        let desk = Desk { catalog: self.catalog.clone(), vault: Arc::new(Mutex::new(vault)), journal };
        Ok(Session { desk, created: false })
    }

    pub(super) fn init(&self, caller: &Caller, request: &InitRequest) -> Result<Outcome, ServiceError> {
        let missing =
            |what: &str, help: &str| Err(ServiceError::new(ErrorKind::InvalidRequest, what).help(help));
        let material = match request.provider {
            KeyChoice::File => KeyMaterial::File,
            KeyChoice::Keychain => KeyMaterial::Keychain,
            KeyChoice::Env => match &request.env_key {
                Some(key) => KeyMaterial::Env(key.duplicate()),
                None => {
                    return missing(
                        "the `env` key provider needs AIVAULT_KEY",
                        "set it to a base64 key of 32 bytes",
                    );
                }
            },
            KeyChoice::Passphrase => match &request.passphrase {
                Some(passphrase) => KeyMaterial::Passphrase(passphrase.duplicate()),
                None => {
                    return missing(
                        "the `passphrase` key provider needs a passphrase",
                        "give it with --passphrase",
                    );
                }
            },
        };
        let vault = vault::init(&self.vault_paths(), &material, request.test)?;
        let session = Arc::new(self.made(caller, vault)?);
        *self.session.write().unwrap_or_else(PoisonError::into_inner) = Some(session);
        self.status(caller).map(|outcome| match outcome {
            Outcome::Status(view) => Outcome::Initialised(view),
            other => other,
        })
    }

    pub(super) fn unlock(&self, caller: &Caller, with: UnlockWith) -> Result<Outcome, ServiceError> {
        let material = match with {
            UnlockWith::Provider => {
                self.session(caller)?;
                return Ok(Outcome::Unlocked);
            }
            UnlockWith::Passphrase(passphrase) => KeyMaterial::Passphrase(passphrase),
        };
        self.open_with(caller, &material)?;
        Ok(Outcome::Unlocked)
    }

    /// Opens the vault with the key that a client handed over.
    ///
    /// # Errors
    /// When it is not this vault's key.
    pub fn take_key(&self, caller: &Caller, key: &SecretText) -> Result<(), ServiceError> {
        self.open_with(caller, &KeyMaterial::Kek(Kek::from_wire(key).ok_or_else(no_key)?))
    }

    fn open_with(&self, caller: &Caller, material: &KeyMaterial) -> Result<(), ServiceError> {
        let session = self.opened(vault::open(&self.vault_paths(), material)?)?;
        let event = Event::new(clock::now_ms(), caller.to_string(), Action::VaultUnlock, Logged::Ok);
        session.desk.journal.append(&event)?;
        *self.session.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(session));
        Ok(())
    }

    /// Forgets the key, as a daemon does at its end. What runs goes on, and is logged.
    pub fn forget(&self) -> OpenLog {
        let session = self.session.write().unwrap_or_else(PoisonError::into_inner).take();
        OpenLog(session.map(|session| session.desk.journal.clone()))
    }

    /// Whether only this process's environment has the key, so that a daemon must be given it.
    pub(in crate::service) fn has_the_only_key(&self) -> bool {
        let presence = || vault::presence(&self.vault_paths());
        self.env_key.is_some()
            && matches!(presence(), Ok(Presence::Present(header)) if header.provider == KeyProvider::Env)
    }

    /// Drops the vault and with it its key; a vault whose key is at hand would just open again.
    pub(super) fn lock(&self, caller: &Caller) -> Result<Outcome, ServiceError> {
        if let Presence::Present(header) = vault::presence(&self.vault_paths())?
            && header.provider == KeyProvider::File
        {
            let message = "a vault with a key file cannot be locked: whoever reads the file opens it";
            let help = "a vault made with `aivault init --provider passphrase` can be";
            return Err(ServiceError::new(ErrorKind::Conflict, message).help(help));
        }
        let open = self.session.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(session) = open {
            let event = Event::new(clock::now_ms(), caller.to_string(), Action::VaultLock, Logged::Ok);
            session.desk.journal.append(&event)?;
            session.desk.journal.settle()?;
        }
        Ok(Outcome::Locked)
    }

    /// Whether the vault is open now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.session.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Opens the vault, if that can be done without asking anybody.
    ///
    /// # Errors
    /// `VaultLocked` when it cannot; else what is wrong with the vault.
    pub fn ready(&self, caller: &Caller) -> Result<(), ServiceError> {
        self.session(caller).map(|_| ())
    }

    /// The key of the open vault, for the daemon to keep.
    pub(in crate::service) fn key_to_hand_over(&self, caller: &Caller) -> Result<SecretText, ServiceError> {
        Ok(self.session(caller)?.desk.vault().kek().to_wire())
    }
}

fn no_key() -> ServiceError {
    ServiceError::new(ErrorKind::InvalidRequest, "what was handed over is no key")
}

fn locked() -> ServiceError {
    ServiceError::new(ErrorKind::VaultLocked, "the vault is locked").help("run `aivault unlock`")
}
