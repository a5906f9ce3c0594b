//! Listing credentials, and choosing the one that a call uses.

use super::change::Vault;
use super::error::VaultError;
use super::model::CredentialMeta;
use crate::spec::{CredentialName, ProviderId, Scope};

impl Vault {
    /// All readable credentials, by id; [`Vault::damaged`] names the others.
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn credentials(&mut self) -> Result<Vec<CredentialMeta>, VaultError> {
        self.refresh()?;
        Ok(self.index().credentials().cloned().collect())
    }

    /// The credential for a call to `provider` from the scope `from`: of the scopes in sight the
    /// narrowest that has one, there the one that is named, or the only one.
    ///
    /// A damaged credential is an error where it would have been the answer: falling back to a
    /// wider scope would use another account.
    ///
    /// # Errors
    /// [`VaultError::CredentialNotFound`], [`VaultError::CredentialAmbiguous`], or
    /// [`VaultError::Tampered`].
    pub fn resolve_credential(
        &mut self,
        provider: &ProviderId,
        named: Option<&CredentialName>,
        from: &Scope,
    ) -> Result<CredentialMeta, VaultError> {
        self.refresh()?;
        for scope in from.in_sight() {
            self.refuse_damaged_account(provider, named, &scope)?;
            let fits = |account: &&CredentialMeta| named.is_none_or(|name| account.name == *name);
            let fitting: Vec<_> = self.index().accounts(provider, &scope).filter(fits).collect();
            match fitting.as_slice() {
                [] => {}
                [account] => return Ok((*account).clone()),
                several => return Err(ambiguous(provider, scope, several)),
            }
        }
        Err(VaultError::CredentialNotFound {
            provider: provider.clone(),
            name: named.cloned(),
            from: from.clone(),
        })
    }

    /// The id of a credential follows from provider, scope and name, so that a damaged one can be
    /// told to be this one. Unnamed calls mean the provisioned one.
    fn refuse_damaged_account(
        &self,
        provider: &ProviderId,
        named: Option<&CredentialName>,
        scope: &Scope,
    ) -> Result<(), VaultError> {
        if self.damaged().is_empty() {
            return Ok(());
        }
        let name = named.cloned().unwrap_or_else(|| CredentialName::from(provider));
        let record = self.unlocked().credential_id(provider, scope, &name).record_name();
        if self.damaged().contains(&record) { Err(VaultError::Tampered { record }) } else { Ok(()) }
    }
}

fn ambiguous(provider: &ProviderId, scope: Scope, accounts: &[&CredentialMeta]) -> VaultError {
    let candidates = accounts.iter().map(|account| (account.id, account.name.clone())).collect();
    VaultError::CredentialAmbiguous { provider: provider.clone(), scope, candidates }
}
