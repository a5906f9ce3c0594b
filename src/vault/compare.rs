//! Whether a value that an operator gives is the one that is stored already.

use sha2::{Digest as _, Sha256};

use super::change::Vault;
use super::draft::load_current;
use super::error::VaultError;
use super::lookup::locate;
use super::model::SecretRef;
use super::seal::Unopened;
use super::secret::SecretInput;

impl Vault {
    /// Whether the secret has this very value. Digests are compared, so that the time taken
    /// tells nothing of how much of a guess was right.
    ///
    /// # Errors
    /// When there is no such secret, or its record does not open.
    pub fn holds(&mut self, reference: &SecretRef, value: &SecretInput) -> Result<bool, VaultError> {
        self.look(|vault| {
            let name = locate(vault.index(), reference)?.id.record_name();
            let record = load_current(vault.store(), vault.resident(), &name)?;
            let damaged = |_: Unopened| VaultError::Tampered { record: name.clone() };
            let opened = vault.unlocked().open(&name, record.generation, &record.blob).map_err(damaged)?;
            let stored = opened.value().map_err(damaged)?;
            Ok(Sha256::digest(&*stored) == Sha256::digest(value.as_bytes()))
        })
    }
}
