//! The operator's own providers, kept as they were written. What they mean is not known here.

use super::change::Vault;
use super::error::VaultError;
use super::model::StoredProvider;
use crate::spec::ProviderId;

impl Vault {
    /// Keeps a provider; one of the same id is replaced. Secrets that were stored for other hosts
    /// than it now names do not follow it there.
    ///
    /// # Errors
    /// When the stored records cannot be read or written.
    pub fn add_provider(&mut self, provider: &StoredProvider) -> Result<(), VaultError> {
        self.change(|draft| draft.put_provider(provider.clone()))
    }

    /// Removes a provider, damaged or not; secrets stay pinned to it.
    ///
    /// # Errors
    /// [`VaultError::ProviderNotFound`] when there is none of that id.
    pub fn remove_provider(&mut self, id: &ProviderId) -> Result<(), VaultError> {
        self.change(|draft| {
            let name = draft.unlocked().provider_id(id).record_name();
            if draft.delete(name) {
                Ok(())
            } else {
                Err(VaultError::ProviderNotFound { provider: id.clone() })
            }
        })
    }

    /// All providers that can be read, by their id.
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn providers(&mut self) -> Result<Vec<StoredProvider>, VaultError> {
        self.refresh()?;
        let mut providers: Vec<_> = self.index().providers().values().cloned().collect();
        providers.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(providers)
    }

    /// A number that changes whenever a provider or a switch does; comparable within this handle only.
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn catalog_version(&mut self) -> Result<u64, VaultError> {
        self.refresh()?;
        Ok(self.index().catalog_version())
    }
}
