//! An open vault with its log, and how it comes to be open.

use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::Local;
use super::presented::KnownCallers;
use crate::audit::{self, Action, AuditKey, Event, Outcome as Logged};
use crate::broker::{Desk, Journal, Limits, Rulebook, Shelf, kept_ms};
use crate::platform::clock;
use crate::platform::files::NamedFile;
use crate::policy::Caller;
use crate::service::catalog::{FullCatalog, VaultShelf};
use crate::service::command::{InitRequest, NewKey, UnlockWith};
use crate::service::error::{ErrorKind, ServiceError};
use crate::service::outcome::Outcome;
use crate::vault::{
    self, Existing, Kek, KeyMaterial, KeyProvider, Presence, SecretText, Superseded, Vault, VaultError,
    VaultPaths,
};

/// An open vault and what works on it.
pub(super) struct Session {
    pub(super) desk: Desk,
    shelf: Arc<VaultShelf>,
    pub(super) callers: KnownCallers,
    /// Whether this process made the vault, on its first use.
    pub(super) created: bool,
    /// The vault's id and file as they were opened.
    vault_id: String,
    file: Option<NamedFile>,
    superseded: Superseded,
}

impl Session {
    /// The registry, and the providers that the vault keeps now.
    pub(super) fn catalog(&self) -> Result<Arc<FullCatalog>, ServiceError> {
        Ok(self.shelf.full(&mut self.desk.vault())?)
    }

    /// Whether the vault's file is still the one that was opened: not after somebody restored
    /// another in its place, deleted it, or locked it with another key.
    fn is_in_place(&self) -> bool {
        !self.superseded.is_known() && self.file.as_ref().is_none_or(NamedFile::is_in_place)
    }

    /// Keeps the audit log as long as the vault's settings say now, from now on.
    pub(super) fn keep_log_as_set(&self) -> Result<(), ServiceError> {
        let settings = self.desk.vault().settings()?;
        self.desk.journal.keep_for(kept_ms(&settings));
        Ok(self.desk.journal.settle()?)
    }

    /// Writes that `event` is requested, does `act`, and writes how it ended.
    pub(super) fn recorded<T>(
        &self,
        event: Event,
        act: impl FnOnce(&mut Vault) -> Result<T, VaultError>,
    ) -> Result<T, ServiceError> {
        self.recorded_all(vec![event], act)
    }

    /// The same for several events of one act.
    pub(super) fn recorded_all<T>(
        &self,
        events: Vec<Event>,
        act: impl FnOnce(&mut Vault) -> Result<T, VaultError>,
    ) -> Result<T, ServiceError> {
        let journal = &self.desk.journal;
        let mut requests = Vec::with_capacity(events.len());
        for event in events {
            let request = journal.append(&Event { outcome: Logged::Requested, ..event.clone() })?;
            requests.push((request, event));
        }
        let (result, epoch) = {
            let mut vault = self.desk.vault();
            (act(&mut vault), vault.epoch())
        };
        for (request, event) in requests {
            let event = Event { ts_ms: clock::now_ms(), decision: Some(request), ..event };
            let end = match &result {
                Ok(_) => Event { outcome: Logged::Ok, epoch: Some(epoch), ..event },
                Err(error) => Event { outcome: Logged::Failed, detail: Some(error.to_string()), ..event },
            };
            // It is done or not by now, and the request is on record; a log that broke meanwhile
            // refuses the next one.
            let _ = journal.append(&end);
        }
        journal.settle()?;
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
        (&self.places).into()
    }

    /// The open vault; opened, or on first use made, when its key can be had without asking. One
    /// whose file was replaced since is closed, and what is there now is opened in its stead.
    pub(super) fn session(&self, caller: &Caller) -> Result<Arc<Session>, ServiceError> {
        let open = self.session.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(session) = open.filter(|session| session.is_in_place()) {
            return Ok(session);
        }
        let mut slot = self.session.write().unwrap_or_else(PoisonError::into_inner);
        let session = match slot.take() {
            Some(session) if session.is_in_place() => session,
            Some(displaced) => Arc::new(self.reopen(caller, displaced)?),
            None => Arc::new(self.open(caller)?),
        };
        *slot = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Opens what came in the place of a vault, with its key where that fits: whoever unlocked it
    /// is not asked again for a vault that came back from a backup.
    fn reopen(&self, caller: &Caller, displaced: Arc<Session>) -> Result<Session, ServiceError> {
        let key = Kek::from_wire(&displaced.desk.vault().kek().to_wire()).ok_or_else(no_key)?;
        // Closed before the other is opened, so that the two do not share a lock in this process.
        drop(displaced);
        match vault::open(&self.vault_paths(), &KeyMaterial::Kek(key)) {
            Err(VaultError::WrongKey) => self.open(caller),
            opened => self.opened(opened?),
        }
    }

    /// Closes what is open and opens it again with its key, as far as it opens.
    pub(super) fn renew(&self, caller: &Caller) {
        let mut slot = self.session.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = slot.take() {
            *slot = self.reopen(caller, session).ok().map(Arc::new);
        }
    }

    /// The key of the vault that is open.
    pub(super) fn open_kek(&self) -> Option<Kek> {
        let open = self.session.read().unwrap_or_else(PoisonError::into_inner).clone();
        open.and_then(|session| Kek::from_wire(&session.desk.vault().kek().to_wire()))
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

    fn made(&self, caller: &Caller, vault: Vault) -> Result<Session, ServiceError> {
        let session = Session { created: true, ..self.opened(vault)? };
        let event = Event::new(clock::now_ms(), caller.to_string(), Action::VaultInit, Logged::Ok);
        session.desk.journal.append(&event)?;
        session.desk.journal.settle()?;
        Ok(session)
    }

    /// A vault that was used before has a log, and is not opened without it: a log that
    /// went away must be missed. Only one that holds nothing yet gets a new one.
    pub(super) fn opened(&self, mut vault: Vault) -> Result<Session, ServiceError> {
        let key = Zeroizing::new(*vault.audit_key().as_bytes());
        let usage_key = Zeroizing::new(*vault.usage_key().as_bytes());
        self.refuse_older_than_log(&mut vault)?;
        let status = vault.status()?;
        let fresh = status.secrets == 0 && status.epoch <= 1;
        let journal = Journal::new(self.places.audit.clone(), key, fresh, Arc::clone(&self.metrics));
        // A setting that cannot be read is among the damaged records.
        journal.keep_for(kept_ms(&vault.settings().unwrap_or_default()));
        let (vault_id, file) = (vault.header().vault_id.to_string(), vault.file().cloned());
        let superseded = vault.superseded();
        // The state that it was made from can be compared within one open vault only.
        let shelf = Arc::new(VaultShelf::new(Arc::clone(&self.metrics)));
        let desk = Desk {
            shelf: Arc::clone(&shelf) as Arc<dyn Shelf>,
            vault: Arc::new(Mutex::new(vault)),
            journal,
            rulebook: Rulebook::default(),
            approvals: Arc::clone(&self.approvals),
            limits: Limits::new(self.places.vault.clone(), usage_key),
            locks: self.places.vault.clone(),
        };
        Ok(Session {
            desk,
            shelf,
            callers: KnownCallers::default(),
            created: false,
            vault_id,
            file,
            superseded,
        })
    }

    /// A vault that was set back as a whole fits together; but its log, unless it was set back too,
    /// speaks of later changes.
    fn refuse_older_than_log(&self, vault: &mut Vault) -> Result<(), ServiceError> {
        let key = AuditKey::new(*vault.audit_key().as_bytes());
        let Some(logged) = audit::last_epoch(&self.places.audit, &key) else { return Ok(()) };
        if vault.epoch() < logged {
            // A change is logged after it is made, so this sees all that the log speaks of.
            vault.refresh()?;
        }
        match vault.epoch() {
            epoch if epoch < logged => Err(set_back(epoch, logged)),
            _ => Ok(()),
        }
    }

    pub(super) fn init(&self, caller: &Caller, request: &InitRequest) -> Result<Outcome, ServiceError> {
        let material = self.new_material(&request.key)?;
        let vault =
            vault::init(&self.vault_paths(), &material, request.test).map_err(|error| match error {
                VaultError::AlreadyExists { what: Existing::Vault(_) } => there_is_one(error, &request.key),
                error => error.into(),
            })?;
        let session = Arc::new(self.made(caller, vault)?);
        *self.session.write().unwrap_or_else(PoisonError::into_inner) = Some(session);
        self.status(caller).map(|outcome| match outcome {
            Outcome::Status(view) => Outcome::Initialised(view),
            other => other,
        })
    }

    /// Opens the vault and goes on record with it: this process keeps the key from now on.
    pub(super) fn unlock(&self, caller: &Caller, with: UnlockWith) -> Result<Outcome, ServiceError> {
        if let Some(session) = self.open_with(caller, with)? {
            let event = Event::new(clock::now_ms(), caller.to_string(), Action::VaultUnlock, Logged::Ok);
            session.desk.journal.append(&event)?;
        }
        Ok(Outcome::Unlocked { operator_until_ms: None })
    }

    /// Opens the vault to have its key for a moment, to hand it over: whoever then keeps it logs that.
    pub(in crate::service) fn open_to_hand_over(
        &self,
        caller: &Caller,
        with: UnlockWith,
    ) -> Result<(), ServiceError> {
        self.open_with(caller, with).map(drop)
    }

    /// The vault, opened with what was given; none when that was nothing but its own provider.
    fn open_with(&self, caller: &Caller, with: UnlockWith) -> Result<Option<Arc<Session>>, ServiceError> {
        let material = match with {
            UnlockWith::Passphrase(passphrase) => KeyMaterial::Passphrase(passphrase),
            provider => match vault::presence(&self.vault_paths())? {
                Presence::Present(header) if matches!(header.provider, KeyProvider::Command(_)) => {
                    let trusted = matches!(provider, UnlockWith::TrustedCommand);
                    self.material_at_a_word(&header.provider, trusted)?
                }
                _ => return self.session(caller).map(|_| None),
            },
        };
        self.open_material(&material).map(Some)
    }

    /// Opens the vault with the key that a client handed over, and goes on record with it.
    ///
    /// # Errors
    /// When it is not this vault's key.
    pub fn take_key(&self, caller: &Caller, key: &SecretText) -> Result<(), ServiceError> {
        let session = self.open_material(&KeyMaterial::Kek(Kek::from_wire(key).ok_or_else(no_key)?))?;
        let event = Event::new(clock::now_ms(), caller.to_string(), Action::VaultUnlock, Logged::Ok);
        session.desk.journal.append(&event)?;
        Ok(())
    }

    pub(super) fn open_material(&self, material: &KeyMaterial) -> Result<Arc<Session>, ServiceError> {
        let session = Arc::new(self.opened(vault::open(&self.vault_paths(), material)?)?);
        *self.session.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Forgets the key, as a daemon does at its end. What runs goes on, and is logged.
    pub fn forget(&self) -> OpenLog {
        let session = self.session.write().unwrap_or_else(PoisonError::into_inner).take();
        OpenLog(session.map(|session| session.desk.journal.clone()))
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
        self.operators.end();
        if let Some(session) = open {
            let event = Event::new(clock::now_ms(), caller.to_string(), Action::VaultLock, Logged::Ok);
            session.desk.journal.append(&event)?;
            session.desk.journal.settle()?;
        }
        self.broker.hang_up();
        Ok(Outcome::Locked)
    }

    /// Whether the vault is open now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let open = self.session.read().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().is_some_and(|session| !session.superseded.is_known())
    }

    /// The id of the vault that is open.
    pub(in crate::service) fn open_vault_id(&self) -> Option<String> {
        let open = self.session.read().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().map(|session| session.vault_id.clone())
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

/// A vault that is there stays as it is, whatever key was asked for.
fn there_is_one(error: VaultError, wanted: &NewKey) -> ServiceError {
    let name = wanted.name();
    ServiceError::from(error).help(format!(
        "use it; to have its key come from `{name}` instead: aivault key migrate --to {name}; \
         or choose another folder with AIVAULT_DIR"
    ))
}

pub(super) fn set_back(epoch: u64, logged: u64) -> ServiceError {
    let message = format!(
        "vault.db is older than its audit log: it stands at change {epoch}, and the log knows of change {logged}"
    );
    ServiceError::new(ErrorKind::VaultUnavailable, message).reason("vault.set_back").help(
        "restore vault.db and the audit log from the same backup; if it is meant to be the older one, \
         accept it as it is: aivault repair --accept",
    )
}

/// The reason of a vault that only a person can unlock.
pub(in crate::service) const LOCKED: &str = "vault.locked";

pub(super) fn no_key() -> ServiceError {
    ServiceError::new(ErrorKind::InvalidRequest, "what was handed over is no key")
}

pub(super) fn locked() -> ServiceError {
    ServiceError::new(ErrorKind::VaultLocked, "the vault is locked")
        .reason(LOCKED)
        .help("run `aivault unlock`")
}
