//! Locking a vault with another key: from the same provider or from another, in one step.
//!
//! The new key is durable, beside the old one, before anything is locked with it. Then one transaction replaces the
//! header, wraps the key of every record anew and writes the manifest: before it the old key opens the vault, after it
//! the new one does, and there is nothing between. What is left of the old key is set aside and not deleted, since
//! backups that were made before open with it alone.

use std::path::PathBuf;

use super::change::{PATIENCE_MS, Vault, pause};
use super::epoch::EpochNote;
use super::error::VaultError;
use super::header::{HeaderError, Said};
use super::keys::{self, Kek, KeyMaterial, KeyProvider};
use super::manifest::Manifest;
use super::multiset::SetSum;
use super::open::find;
use super::paths::VaultPaths;
use super::resident::Resident;
use super::seal::{Address, RewrapError};
use super::sqlite::SqliteStore;
use super::store::{Batch, Kind, RecordName, RecordStore as _, StoreError};
use super::unlocked::Unlocked;
use crate::platform::clock::{self, Stopwatch};
use crate::platform::lock::FileLock;

/// A vault that was locked with another key.
pub struct Rekeyed {
    /// Open, with the new key.
    pub vault: Vault,
    /// How many records' keys were wrapped anew.
    pub records: usize,
    /// Where the key file before is now, if there was one.
    pub set_aside: Option<PathBuf>,
}

/// Locks the vault with a new key from `next`; `current` opens it as it is.
///
/// # Errors
/// When `current` does not open it, a record is damaged, `next` gives no key, or the disk refuses: then `current` opens
/// it as before.
pub fn rekey(paths: &VaultPaths, current: &KeyMaterial, next: &KeyMaterial) -> Result<Rekeyed, VaultError> {
    let found = find(paths)?.ok_or_else(|| VaultError::Absent { folder: paths.folder.clone() })?;
    let _one_at_a_time = FileLock::acquire(&paths.rekey_lock())?;
    let (mut store, before) = found.with_key(current)?;
    let places = paths.key_places();
    let mut note = EpochNote::read(places.epoch_note(), &before)?;
    // Of what is not whole or not the latest, nothing is to be made that looks as if it were.
    let resident = Resident::read(&store, &before)?;
    note.refuse_older(resident.manifest().epoch)?;
    undamaged(&resident)?;
    keys::finish_settling(&before.header.provider, &before.kek, &places, &mark())?;
    let (provider, kek) = keys::provision_next(next, before.header.vault_id, &places)?;
    let unlocked = exchange(&mut store, &before, resident, &provider, &kek)?;
    // It is done. What fails from here on is tidied up by the next change.
    let set_aside = keys::settle(&provider, &places, &mark()).ok().flatten();
    let _ = store.forget_replaced();
    let resident = Resident::read(&store, &unlocked)?;
    let records = resident.generations().len();
    note.raise(resident.manifest().epoch, &unlocked);
    let vault = Vault::new(Box::new(store), unlocked, resident).noting(note);
    Ok(Rekeyed { vault, records, set_aside })
}

/// Commits the exchange upon the newest state; when another process was first, plans it again.
fn exchange(
    store: &mut SqliteStore,
    before: &Unlocked,
    mut resident: Resident,
    provider: &KeyProvider,
    kek: &Kek,
) -> Result<Unlocked, VaultError> {
    let watch = Stopwatch::start();
    loop {
        resident.catch_up(store, before)?;
        undamaged(&resident)?;
        let said = Said { provider: provider.clone(), ..before.header.said() };
        let (after, header) = Unlocked::compose(said, kek.duplicate(), before.keys.lasting())?;
        let committed = planned(store, before, &after, &resident).and_then(|mut batch| {
            batch.replace_header(store.header()?.ok_or(HeaderError::Missing)?, header);
            Ok(store.commit(&batch)?)
        });
        match committed {
            Ok(()) => return Ok(after),
            Err(VaultError::Store(StoreError::Conflict)) if watch.elapsed_ms() < PATIENCE_MS => pause()?,
            Err(error) => return Err(error),
        }
    }
}

/// Every record with its key wrapped for `after`, and the manifest that vouches for them.
fn planned(
    store: &SqliteStore,
    before: &Unlocked,
    after: &Unlocked,
    resident: &Resident,
) -> Result<Batch, VaultError> {
    let mut batch = Batch::default();
    let mut sum = SetSum::default();
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Manifest) {
        for record in store.list(kind)? {
            let name = RecordName { kind, id: record.id };
            let generation = record.generation;
            if resident.generation(&name) != Some(generation) {
                return Err(StoreError::Conflict.into());
            }
            let address = Address { name: &name, generation, extra: &[] };
            let blob = match before.sealer.rewrap(address, &record.blob, &after.sealer) {
                Ok(blob) => blob,
                Err(RewrapError::Unopened(_)) => return Err(VaultError::Tampered { record: name }),
                Err(RewrapError::Entropy(error)) => return Err(error.into()),
            };
            sum = sum.plus(SetSum::of(&after.keys, &name, generation));
            batch.put(name, Some(generation), generation, blob);
        }
    }
    let Manifest { epoch, count, .. } = *resident.manifest();
    let manifest = Manifest { epoch: epoch + 1, count, sum };
    let blob = manifest.seal(&after.sealer, &after.header)?;
    batch.put(Manifest::record_name(), Some(epoch), manifest.epoch, blob);
    Ok(batch)
}

fn undamaged(resident: &Resident) -> Result<(), VaultError> {
    match resident.index().damaged().first() {
        Some(record) => Err(VaultError::Tampered { record: record.clone() }),
        None => Ok(()),
    }
}

/// What distinguishes one file that was set aside from another.
fn mark() -> String {
    clock::now_ms().to_string()
}
