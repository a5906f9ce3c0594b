//! Capabilities that the operator turned on or off by name. What they mean is not known here.

use super::change::Vault;
use super::error::VaultError;
use super::model::Switch;
use super::store::Kind;

impl Vault {
    /// Keeps a switch; the one of the same capability is replaced.
    ///
    /// # Errors
    /// When the stored records cannot be read or written.
    pub fn set_switch(&mut self, switch: &Switch) -> Result<(), VaultError> {
        self.change(|draft| draft.put_switch(switch.clone()))
    }

    /// All switches, in no order.
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written; and
    /// [`VaultError::Tampered`] when a switch cannot be read, since it might turn something off.
    pub fn switches(&mut self) -> Result<Vec<Switch>, VaultError> {
        self.refresh()?;
        match self.index().damaged_of(Kind::Switch).next() {
            Some(record) => Err(VaultError::Tampered { record: record.clone() }),
            None => Ok(self.index().switches().values().cloned().collect()),
        }
    }
}
