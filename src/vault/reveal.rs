//! The one door through which a value leaves the vault.

use super::change::Vault;
use super::draft::load_current;
use super::error::VaultError;
use super::ids::SecretId;
use super::lookup::by_id;
use super::model::{Destination, SecretMeta};
use super::seal::Unopened;
use super::secret::Secret;
use super::store::RecordName;
use super::unlocked::parse;

impl Vault {
    /// The value of a secret, for the provider that it is pinned to and for no other, and only for the
    /// hosts that it was given for wherever the binary does not fix the host.
    ///
    /// The pin is read from the metadata sealed with the value and checked before the value is opened. Only this
    /// record is read.
    ///
    /// # Errors
    /// [`VaultError::PinMismatch`] for any other provider, [`VaultError::HostMismatch`] for any other
    /// host; [`VaultError::Tampered`] when the
    /// record is not the one last written.
    pub fn reveal(&mut self, id: &SecretId, to: Destination<'_>) -> Result<Secret, VaultError> {
        self.look(|vault| {
            by_id(vault.index(), *id)?;
            let name = id.record_name();
            let record = vault.resident().sealed(vault.store(), &name)?;
            let sealed = &record.sealed;
            let damaged = |_: Unopened| VaultError::Tampered { record: name.clone() };
            if let Some(meta) = record.meta.get() {
                to.refuse(meta)?;
                return vault.unlocked().open_value(&name, sealed).map(Secret::new).map_err(damaged);
            }
            let opened = vault.unlocked().open(&name, sealed.generation, &sealed.blob).map_err(damaged)?;
            let meta: SecretMeta = parse(&opened).map_err(damaged)?;
            to.refuse(record.meta.get_or_init(|| meta))?;
            opened.value().map(Secret::new).map_err(damaged)
        })
    }

    /// Opens every record once, to its last byte, and names those that do not open. Nothing that
    /// is opened is kept.
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn check_values(&mut self) -> Result<Vec<RecordName>, VaultError> {
        self.look(|vault| {
            let mut unreadable = Vec::new();
            for (name, generation) in vault.resident().generations() {
                let record = load_current(vault.store(), vault.resident(), name)?;
                let opened = vault.unlocked().open(name, *generation, &record.blob);
                if opened.and_then(|opened| opened.value()).is_err() {
                    unreadable.push(name.clone());
                }
            }
            Ok(unreadable)
        })
    }
}
