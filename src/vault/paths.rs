//! Where the parts of a vault lie, and what is left of one when its database is gone.

use std::path::PathBuf;

use super::error::{Existing, VaultError};
use super::keys::KeyPlaces;
use crate::platform::files::{self, FileError};

/// The places of one vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultPaths {
    /// Holds `vault.db`.
    pub folder: PathBuf,
    /// Used by the `file` key provider only, but never overwritten by any.
    pub key_file: PathBuf,
    pub audit_dir: PathBuf,
}

impl VaultPaths {
    pub(super) fn database(&self) -> PathBuf {
        self.folder.join("vault.db")
    }

    /// The database while it is being made.
    pub(super) fn unfinished_database(&self) -> PathBuf {
        self.folder.join("vault.db.new")
    }

    /// Held while a vault is being made.
    pub(super) fn init_lock(&self) -> PathBuf {
        self.folder.join(".init.lock")
    }

    /// Stands from before the key file is made until the database is: proof that a key without a
    /// database never protected anything.
    pub(super) fn init_marker(&self) -> PathBuf {
        self.folder.join(".init.pending")
    }

    /// Held while the vault's key is being changed.
    pub(super) fn rekey_lock(&self) -> PathBuf {
        self.folder.join(".rekey.lock")
    }

    pub(super) fn key_places(&self) -> KeyPlaces {
        KeyPlaces::beside(self.key_file.clone())
    }

    /// What would be lost or shadowed if a vault were made here now.
    pub(super) fn in_the_way(&self) -> Result<Option<Existing>, VaultError> {
        if files::exists(&self.database())? {
            return Ok(Some(Existing::Vault(self.database())));
        }
        let remains = self.remains()?;
        // A vault that another process finished meanwhile has an audit log and a key, rightly.
        if remains.is_some() && files::exists(&self.database())? {
            return Ok(Some(Existing::Vault(self.database())));
        }
        Ok(remains)
    }

    fn remains(&self) -> Result<Option<Existing>, FileError> {
        for name in ["vault.db-wal", "vault.db-shm", "vault.db-journal", "usage.db"] {
            let path = self.folder.join(name);
            if files::exists(&path)? {
                return Ok(Some(Existing::Remains(path)));
            }
        }
        let has_log = files::exists(&self.audit_dir)? && !files::list_folder(&self.audit_dir)?.is_empty();
        if has_log {
            return Ok(Some(Existing::AuditLog(self.audit_dir.clone())));
        }
        let orphaned = files::exists(&self.key_file)? && !files::exists(&self.init_marker())?;
        Ok(orphaned.then(|| Existing::Key(self.key_file.clone())))
    }
}
