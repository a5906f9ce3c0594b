//! For a vault whose records are not those last written: looking at what is left, and accepting
//! it. Nothing can be revealed or used here.

use super::change::Vault;
use super::diagnose;
use super::epoch::EpochNote;
use super::error::{Difference, VaultError};
use super::index::{Index, Item};
use super::keys::{AuditKey, FormerKeys, KeyError, KeyMaterial, KeyPlaces};
use super::manifest::Manifest;
use super::model::{CredentialMeta, SecretMeta};
use super::multiset::SetSum;
use super::open::{LockedVault, find};
use super::paths::VaultPaths;
use super::resident::{Generations, INDEXED, Resident};
use super::sqlite::SqliteStore;
use super::store::{Batch, RecordName, RecordStore as _};
use super::unlocked::Unlocked;

/// A vault opened for looking only.
pub struct Repair {
    store: SqliteStore,
    unlocked: Unlocked,
    /// Of the manifest's record, if there is one.
    manifest_generation: Option<u64>,
    difference: Option<Difference>,
    found: Generations,
    index: Index,
    note: EpochNote,
    places: KeyPlaces,
}

/// Opens a vault without trusting its manifest.
///
/// # Errors
/// [`VaultError::WrongKey`] when neither the manifest nor any record opens.
pub fn repair(paths: &VaultPaths, material: &KeyMaterial) -> Result<Repair, VaultError> {
    let locked = find(paths)?.ok_or_else(|| VaultError::Absent { folder: paths.folder.clone() })?;
    look_into(locked, paths, material)
}

pub(super) fn look_into(
    locked: LockedVault,
    paths: &VaultPaths,
    material: &KeyMaterial,
) -> Result<Repair, VaultError> {
    let (store, unlocked) = locked.with_key(material)?;
    let places = paths.key_places();
    let note = EpochNote::read(places.epoch_note(), &unlocked)?;
    let mut found: Generations = store.entries()?.into_iter().collect();
    let manifest_generation = found.remove(&Manifest::record_name());
    let difference = compare_with_manifest(&store, &unlocked, &found)?;
    let index = read_all(&store, &unlocked)?;
    Ok(Repair { store, unlocked, manifest_generation, difference, found, index, note, places })
}

impl Repair {
    /// What is wrong with the set; `None` when it is as last written.
    #[must_use]
    pub fn difference(&self) -> Option<&Difference> {
        self.difference.as_ref()
    }

    /// The last change that the vault is at, as far as can be told.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.found.values().copied().chain(self.manifest_generation).max().unwrap_or(0)
    }

    /// The last change that is noted beside the key; `None` where the note was edited or is damaged.
    #[must_use]
    pub fn noted(&self) -> Option<u64> {
        self.note.holds().then(|| self.note.noted())
    }

    /// Whether each change can be noted there.
    #[must_use]
    pub fn keeps_note(&self) -> bool {
        self.note.is_kept()
    }

    /// How many records there are, besides the one that vouches for them.
    #[must_use]
    pub fn count(&self) -> usize {
        self.found.len()
    }

    /// What changes of the vault's key left beside it.
    ///
    /// # Errors
    /// When the folder or a key file in it cannot be read.
    pub fn former_keys(&self) -> Result<FormerKeys, KeyError> {
        FormerKeys::find(&self.unlocked.header.provider, &self.unlocked.kek, &self.places)
    }

    pub(super) fn store(&self) -> &SqliteStore {
        &self.store
    }

    pub(super) fn unlocked(&self) -> &Unlocked {
        &self.unlocked
    }

    pub(super) fn found(&self) -> &Generations {
        &self.found
    }

    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    /// The key of this vault's audit log.
    #[must_use]
    pub fn audit_key(&self) -> AuditKey {
        self.unlocked.keys.audit()
    }

    #[must_use]
    pub fn secrets(&self) -> Vec<SecretMeta> {
        self.index.secrets().cloned().collect()
    }

    #[must_use]
    pub fn credentials(&self) -> Vec<CredentialMeta> {
        self.index.credentials().cloned().collect()
    }

    /// Records that do not open.
    #[must_use]
    pub fn damaged(&self) -> Vec<RecordName> {
        self.index.damaged().iter().cloned().collect()
    }

    /// Deletes the named records, and the credentials that stand on them, and vouches for all the
    /// rest as it is, as a change later than `seen`: to be called when a person has looked at it.
    ///
    /// # Errors
    /// When another process changed the vault meanwhile, or the disk refuses.
    pub fn accept(mut self, delete: &[RecordName], seen: u64) -> Result<Vault, VaultError> {
        let mut kept = self.found.clone();
        let mut batch = Batch::default();
        for name in delete.iter().chain(&self.dependents(delete)) {
            if let Some(generation) = kept.remove(name) {
                batch.delete(name.clone(), generation);
            }
        }
        let newest = self.epoch().max(seen).max(self.note.noted());
        let term =
            |(name, generation): (&RecordName, &u64)| SetSum::of(&self.unlocked.keys, name, *generation);
        let sum = kept.iter().map(term).fold(SetSum::default(), SetSum::plus);
        let manifest = Manifest { epoch: newest + 1, count: kept.len() as u64, sum };
        let blob = manifest.seal(&self.unlocked.sealer, &self.unlocked.header)?;
        batch.put(Manifest::record_name(), self.manifest_generation, manifest.epoch, blob);
        self.store.commit(&batch)?;
        let resident = Resident::read(&self.store, &self.unlocked)?;
        self.note.replace(resident.manifest().epoch, &self.unlocked);
        Ok(Vault::new(Box::new(self.store), self.unlocked, resident).noting(self.note))
    }

    fn dependents(&self, delete: &[RecordName]) -> Vec<RecordName> {
        let stands_on = |credential: &&CredentialMeta| {
            credential.secrets.values().any(|secret| delete.contains(&secret.record_name()))
        };
        self.index.credentials().filter(stands_on).map(|credential| credential.id.record_name()).collect()
    }
}

fn compare_with_manifest(
    store: &SqliteStore,
    unlocked: &Unlocked,
    found: &Generations,
) -> Result<Option<Difference>, VaultError> {
    match Resident::read(store, unlocked) {
        Ok(_) => Ok(None),
        Err(VaultError::RecordsDiffer(difference)) => Ok(Some(difference)),
        // The manifest itself is gone or edited, but the key is right.
        Err(VaultError::Tampered { .. }) if diagnose::fits_some_record(store, &unlocked.sealer)? => {
            let found = found.len() as u64;
            Ok(Some(Difference::Counted { expected: found, found }))
        }
        Err(error) => Err(error),
    }
}

fn read_all(store: &SqliteStore, unlocked: &Unlocked) -> Result<Index, VaultError> {
    let mut index = Index::default();
    for kind in INDEXED {
        for record in store.list(kind)? {
            let name = RecordName { kind, id: record.id };
            match unlocked.read_item(&name, record.generation, &record.blob) {
                Ok(item) => item.into_iter().for_each(|item: Item| index.insert(item)),
                Err(_) => index.insert_damaged(name),
            }
        }
    }
    Ok(index)
}
