//! Making a vault, once, and never beside the remains of another.
//!
//! The order survives a crash at any instant: first a marker, then the key, durable before it
//! protects anything, then a finished database under another name, which is renamed into place.
//! Until that rename there is no vault, and the same call finishes or repeats the work.

use super::change::Vault;
use super::error::{Existing, VaultError};
use super::header::{Said, VaultId};
use super::keys::{self, Kek, KeyMaterial, LastingKeys};
use super::manifest::Manifest;
use super::open::{LockedVault, find};
use super::paths::VaultPaths;
use super::sqlite::SqliteStore;
use super::store::Batch;
use super::unlocked::Unlocked;
use crate::platform::lock::FileLock;
use crate::platform::{clock, entropy, files};

/// Makes a vault locked with `material`; `test` marks it, for ever, as one for tests.
///
/// # Errors
/// [`VaultError::AlreadyExists`] when a vault, its key, its log or another part of it is there;
/// else when the key cannot be had or the disk refuses.
pub fn init(paths: &VaultPaths, material: &KeyMaterial, test: bool) -> Result<Vault, VaultError> {
    files::ensure_private_dir(&paths.folder)?;
    let _one_at_a_time = FileLock::acquire(&paths.init_lock())?;
    if let Some(what) = paths.in_the_way()? {
        return Err(VaultError::AlreadyExists { what });
    }
    let keeps_key_file = matches!(material, KeyMaterial::File);
    if keeps_key_file {
        mark_start(paths)?;
    } else if files::exists(&paths.key_file)? {
        return Err(VaultError::AlreadyExists { what: Existing::Key(paths.key_file.clone()) });
    }

    let vault_id = VaultId::new(entropy::bytes()?);
    let (provider, kek) = keys::provision(material, vault_id, &paths.key_places())?;
    let kek = build_database(paths, Said { vault_id, test, created_ms: clock::now_ms(), provider }, kek)?;
    files::remove(&paths.init_marker())?;
    LockedVault::at(paths)?.unlock(&KeyMaterial::Kek(kek))
}

/// Opens the vault, or makes it when there is none; any number of processes may do so at once, and
/// all get the same one.
///
/// # Errors
/// As [`init`] and [`super::open`].
pub fn open_or_init(paths: &VaultPaths, material: &KeyMaterial, test: bool) -> Result<Vault, VaultError> {
    if let Some(found) = find(paths)? {
        return found.unlock(material);
    }
    match init(paths, material, test) {
        Err(VaultError::AlreadyExists { what: Existing::Vault(_) }) => {
            LockedVault::at(paths)?.unlock(material)
        }
        made => made,
    }
}

fn mark_start(paths: &VaultPaths) -> Result<(), VaultError> {
    if !files::exists(&paths.init_marker())? {
        files::write_private_new(&paths.init_marker(), b"")?;
    }
    Ok(())
}

fn build_database(paths: &VaultPaths, said: Said, kek: Kek) -> Result<Kek, VaultError> {
    let (unlocked, header_bytes) = Unlocked::compose(said, kek, &LastingKeys::generate()?)?;
    let manifest = Manifest::first();
    let mut first = Batch::default();
    let blob = manifest.seal(&unlocked.sealer, &unlocked.header)?;
    first.put(Manifest::record_name(), None, manifest.epoch, blob);

    let unfinished = paths.unfinished_database();
    discard_unfinished(paths)?;
    // SQLite gives its companion files the mode of this one.
    files::write_private_new(&unfinished, b"")?;
    SqliteStore::create(&unfinished, &header_bytes, &first)?;
    files::publish_new(&unfinished, &paths.database())?;
    Ok(unlocked.kek)
}

/// What a crash left; it never became a vault.
pub(super) fn discard_unfinished(paths: &VaultPaths) -> Result<(), VaultError> {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        files::remove(&paths.folder.join(format!("vault.db.new{suffix}")))?;
    }
    Ok(())
}
