//! The operator's policies, kept as they were written. What they mean is not known here.

use super::change::Vault;
use super::error::VaultError;
use super::model::StoredPolicy;
use super::usage;
use crate::spec::PolicyId;

impl Vault {
    /// Keeps policies, of different ids, in one commit; those that stand already are replaced.
    ///
    /// # Errors
    /// When the stored records cannot be read or written.
    pub fn apply_policies(&mut self, policies: &[StoredPolicy]) -> Result<(), VaultError> {
        self.change(|draft| {
            for policy in policies {
                let before = draft.index().policies().get(&draft.unlocked().policy_id(&policy.id));
                if before.is_none_or(|before| before.text != policy.text) {
                    draft.put_policy(policy.clone())?;
                }
            }
            Ok(())
        })
    }

    /// Removes a policy, damaged or not; with the last one goes the memory of what was used.
    ///
    /// # Errors
    /// [`VaultError::PolicyNotFound`] when there is none of that id.
    pub fn remove_policy(&mut self, id: &PolicyId) -> Result<(), VaultError> {
        self.change(|draft| {
            let name = draft.unlocked().policy_id(id).record_name();
            if !draft.delete(name) {
                return Err(VaultError::PolicyNotFound { policy: id.clone() });
            }
            usage::end_without_policies(draft);
            Ok(())
        })
    }

    /// All policies that can be read, by their id.
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn policies(&mut self) -> Result<Vec<StoredPolicy>, VaultError> {
        self.refresh()?;
        let mut policies: Vec<_> = self.index().policies().values().cloned().collect();
        policies.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(policies)
    }

    /// A number that changes whenever a policy does; comparable within this handle only.
    ///
    /// # Errors
    /// When the stored records cannot be read or are not those last written.
    pub fn policies_version(&mut self) -> Result<u64, VaultError> {
        self.refresh()?;
        Ok(self.index().policies_version())
    }
}
