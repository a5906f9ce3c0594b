//! A copy of a vault as it is, still sealed, and its way back to where no vault is.
//!
//! Neither needs more of the vault than its records: the copy is made without the key, and holds
//! none. Nothing is put in place before all of it was opened, and never over a vault.

use std::path::Path;

use super::error::{Existing, VaultError};
use super::header::Header;
use super::init::discard_unfinished;
use super::keys::{AuditKey, KeyMaterial};
use super::open::{LockedVault, find};
use super::paths::VaultPaths;
use super::repair::{Repair, look_into};
use super::sqlite::SqliteStore;
use crate::platform::files;
use crate::platform::lock::FileLock;

const BEGINNING: &[u8] = b"SQLite format 3\0";

/// Copies the vault into a new private file, as it was after one of its changes; others may go on.
///
/// # Errors
/// When there is no vault, something stands at `to`, or the disk refuses.
pub fn back_up(paths: &VaultPaths, to: &Path) -> Result<(), VaultError> {
    let found = find(paths)?.ok_or_else(|| VaultError::Absent { folder: paths.folder.clone() })?;
    files::write_private_new(to, b"")?;
    Ok(found.store.copy_into(to)?)
}

/// A backup beside where it is to be: not a vault yet, and gone with this unless it becomes one.
pub struct Staged {
    // Closed before the file goes.
    locked: LockedVault,
    unfinished: Unfinished,
}

/// The same once its key has opened all of it.
pub struct Checked {
    looked: Repair,
    unfinished: Unfinished,
}

struct Unfinished {
    paths: VaultPaths,
    _one_at_a_time: FileLock,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // What became a vault has another name by now.
        let _ = discard_unfinished(&self.paths);
    }
}

/// Lays a backup out where a vault is to be restored.
///
/// # Errors
/// When a vault or what SQLite keeps beside one is there, or these bytes are no vault.
pub fn stage(paths: &VaultPaths, bytes: &[u8]) -> Result<Staged, VaultError> {
    if !bytes.starts_with(BEGINNING) {
        return Err(VaultError::NoBackup);
    }
    files::ensure_private_dir(&paths.folder)?;
    let one_at_a_time = FileLock::acquire(&paths.init_lock())?;
    refuse_what_is_there(paths)?;
    discard_unfinished(paths)?;
    let unfinished = Unfinished { paths: paths.clone(), _one_at_a_time: one_at_a_time };
    let place = paths.unfinished_database();
    files::write_private_new(&place, bytes)?;
    Ok(Staged { locked: LockedVault::of_file(paths, &place)?, unfinished })
}

/// A log, counters or a key may be left of the vault that is restored.
fn refuse_what_is_there(paths: &VaultPaths) -> Result<(), VaultError> {
    if files::exists(&paths.database())? {
        return Err(VaultError::AlreadyExists { what: Existing::Vault(paths.database()) });
    }
    for name in ["vault.db-wal", "vault.db-journal", "vault.db-shm"] {
        let path = paths.folder.join(name);
        if files::exists(&path)? {
            return Err(VaultError::AlreadyExists { what: Existing::Remains(path) });
        }
    }
    Ok(())
}

impl Staged {
    #[must_use]
    pub fn header(&self) -> &Header {
        self.locked.header()
    }

    /// Opens everything in it once.
    ///
    /// # Errors
    /// When the key is another's, or anything in it is not as it was written.
    pub fn check(self, material: &KeyMaterial) -> Result<Checked, VaultError> {
        let Self { locked, unfinished } = self;
        let looked = look_into(locked, &unfinished.paths, material)?;
        if let Some(difference) = looked.difference() {
            return Err(VaultError::RecordsDiffer(difference.clone()));
        }
        match looked.unreadable().into_iter().next() {
            Some(record) => Err(VaultError::Tampered { record }),
            None => Ok(Checked { looked, unfinished }),
        }
    }
}

impl Checked {
    /// The key of this vault's audit log.
    #[must_use]
    pub fn audit_key(&self) -> AuditKey {
        self.looked.audit_key()
    }

    /// Puts it in place, as a change later than `seen` and than all that is noted. Says how many
    /// secrets it holds, and the change it is at.
    ///
    /// # Errors
    /// When a vault came to be there meanwhile, or the disk refuses.
    pub fn put_in_place(self, seen: u64) -> Result<(usize, u64), VaultError> {
        let Self { looked, unfinished } = self;
        let (paths, secrets) = (&unfinished.paths, looked.secrets().len());
        let vault = looked.accept(&[], seen)?;
        let epoch = vault.epoch();
        drop(vault);
        SqliteStore::finish_copy(&paths.unfinished_database())?;
        files::publish_new(&paths.unfinished_database(), &paths.database())?;
        Ok((secrets, epoch))
    }
}
