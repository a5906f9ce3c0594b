//! Finding a vault and opening it with its key.

use std::path::Path;

use super::change::Vault;
use super::diagnose;
use super::epoch::EpochNote;
use super::error::{Existing, VaultError};
use super::header::{Header, HeaderError};
use super::keys::{self, DerivedKeys, Kek, KeyMaterial, KeyPlaces};
use super::paths::VaultPaths;
use super::resident::Resident;
use super::seal::Sealer;
use super::sqlite::SqliteStore;
use super::store::RecordStore as _;
use super::unlocked::Unlocked;
use crate::platform::files;

/// Whether there is a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// And nothing that would keep one from being made.
    Absent,
    Present(Header),
}

/// # Errors
/// When the vault cannot be read, or only parts of one are left.
pub fn presence(paths: &VaultPaths) -> Result<Presence, VaultError> {
    Ok(find(paths)?.map_or(Presence::Absent, |found| Presence::Present(found.header)))
}

/// Opens the vault at `paths` and verifies its whole set of records.
///
/// # Errors
/// When there is none, the key is not its key, or its records are not those last written.
pub fn open(paths: &VaultPaths, material: &KeyMaterial) -> Result<Vault, VaultError> {
    let found = find(paths)?.ok_or_else(|| VaultError::Absent { folder: paths.folder.clone() })?;
    found.unlock(material)
}

/// A vault whose key is still to be given.
pub struct LockedVault {
    pub(super) store: SqliteStore,
    header: Header,
    key_places: KeyPlaces,
}

/// The vault at `paths`, opened no further than its header.
///
/// # Errors
/// When the vault cannot be read, or only parts of one are left.
pub fn find(paths: &VaultPaths) -> Result<Option<LockedVault>, VaultError> {
    let database = paths.database();
    if !files::exists(&database)? {
        return match paths.in_the_way()? {
            None => Ok(None),
            // Another process made it just now.
            Some(Existing::Vault(_)) => LockedVault::at(paths).map(Some),
            Some(what) => Err(VaultError::AlreadyExists { what }),
        };
    }
    LockedVault::at(paths).map(Some)
}

impl LockedVault {
    pub(super) fn at(paths: &VaultPaths) -> Result<Self, VaultError> {
        Self::of_file(paths, &paths.database())
    }

    /// The same of a database that does not bear its name yet.
    pub(super) fn of_file(paths: &VaultPaths, database: &Path) -> Result<Self, VaultError> {
        files::check_private_dir(&paths.folder)?;
        files::check_private(database)?;
        let store = SqliteStore::open_existing(database)?;
        let bytes = store.header()?.ok_or(HeaderError::Missing)?;
        Ok(Self { store, header: Header::parse(&bytes)?, key_places: paths.key_places() })
    }

    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// # Errors
    /// When the key is not this vault's, or its records are not those last written.
    pub fn unlock(self, material: &KeyMaterial) -> Result<Vault, VaultError> {
        let path = self.key_places.epoch_note();
        let (store, unlocked) = self.with_key(material)?;
        let mut note = EpochNote::read(path, &unlocked)?;
        let resident = Resident::read(&store, &unlocked)?;
        note.refuse_older(resident.manifest().epoch)?;
        note.raise(resident.manifest().epoch, &unlocked);
        Ok(Vault::new(Box::new(store), unlocked, resident).noting(note))
    }

    pub(super) fn with_key(self, material: &KeyMaterial) -> Result<(SqliteStore, Unlocked), VaultError> {
        let Self { store, header, key_places } = self;
        let fits = |kek: &Kek| header.fits(kek);
        let kek = keys::obtain(&header.provider, material, header.vault_id, &key_places, fits)?;
        if !header.fits(&kek) {
            return Err(why_unfit(&store, &header, &kek)?);
        }
        let unlocked = Unlocked::open_with(header, kek).ok_or(VaultError::WrongKey)?;
        Ok((store, unlocked))
    }
}

/// A key that opens records is the right one, and the header is not what it was.
fn why_unfit(store: &SqliteStore, header: &Header, kek: &Kek) -> Result<VaultError, VaultError> {
    // By the derivation of the wrapping key, which is the same in every format.
    let sealer = Sealer::new(DerivedKeys::of(kek, header.vault_id).wrap(), header);
    let is_right = diagnose::fits_some_record(store, &sealer)?;
    Ok(if is_right { HeaderError::Edited.into() } else { VaultError::WrongKey })
}
