//! Backing a vault up to a file, and restoring it where there is none.

use std::path::Path;

use super::Local;
use super::repair::event;
use crate::audit::{self, Action, AuditError, AuditKey, AuditLog, Event};
use crate::platform::files;
use crate::platform::temporary::TemporaryFolder;
use crate::policy::Caller;
use crate::service::backup::{self, BackupKey, BackupLock};
use crate::service::error::ServiceError;
use crate::service::outcome::Outcome;
use crate::vault::{self, KeyMaterial, SecretText, VaultError};

/// Far more than a vault of many thousand secrets.
const LARGEST: usize = 1 << 30;

impl Local {
    /// Needs no key. Where the vault is open anyway, its log has it.
    pub(super) fn back_up(
        &self,
        caller: &Caller,
        to: &Path,
        locks: &[BackupLock],
    ) -> Result<Outcome, ServiceError> {
        let folder = TemporaryFolder::create("aivault-backup-")?;
        let copy = folder.path().join("vault.db");
        vault::back_up(&self.vault_paths(), &copy)?;
        let bytes = backup::lock(files::read_private(&copy, LARGEST)?, locks)?;
        files::write_private_new(to, &bytes)?;
        if let Ok(session) = self.session(caller) {
            let detail = Some(format!("to {}", to.display()));
            session.desk.journal.append(&Event { detail, ..event(caller, Action::VaultBackup) })?;
            session.desk.journal.settle()?;
        }
        let bytes = bytes.len() as u64;
        Ok(Outcome::BackedUp { path: to.display().to_string(), bytes, encrypted: !locks.is_empty() })
    }

    pub(super) fn restore(
        &self,
        caller: &Caller,
        from: &Path,
        key: Option<&BackupKey>,
        passphrase: Option<SecretText>,
    ) -> Result<Outcome, ServiceError> {
        let bytes = backup::open(files::read_bounded(from, LARGEST)?, key)?;
        let staged = vault::stage(&self.vault_paths(), &bytes)?;
        let material = match passphrase {
            Some(passphrase) => KeyMaterial::Passphrase(passphrase),
            None => self.material(&staged.header().provider)?,
        };
        let checked = staged.check(&material).map_err(not_opened)?;
        let key = || AuditKey::new(*checked.audit_key().as_bytes());
        // A log of another vault, or one that is broken, is for a person to look at first.
        let log_goes_on = match audit::verify(&self.places.audit, key(), None) {
            Ok(_) => true,
            Err(AuditError::Absent { .. }) => false,
            Err(error) => return Err(error.into()),
        };
        let seen = audit::last_epoch(&self.places.audit, &key()).unwrap_or(0);
        let log = AuditLog::open(&self.places.audit, key())?;
        let (secrets, epoch) = checked.put_in_place(seen)?;
        let detail = Some(format!("from {}", from.display()));
        log.append(&Event { detail, epoch: Some(epoch), ..event(caller, Action::VaultRestore) })?;
        log.sync()?;
        Ok(Outcome::Restored { secrets, log_goes_on })
    }
}

/// A backup opens with the key that its vault had then.
fn not_opened(error: VaultError) -> ServiceError {
    let is_other_key = matches!(error, VaultError::WrongKey);
    let error = ServiceError::from(error);
    if !is_other_key {
        return error;
    }
    error.help(
        "a backup needs the key that the vault had when it was made: the passphrase or AIVAULT_KEY of then, or the key \
         file of then, which is kept beside the present one as kek.key-set-aside-… and has to be named kek.key again",
    )
}
