//! Making a secret usable in a group besides its own scope, and undoing that.

use super::change::Vault;
use super::error::VaultError;
use super::lookup::locate;
use super::model::{Claim, Created, CredentialMeta, Group, Provisioned, Removed, SecretMeta, SecretRef};
use super::provision::provision;
use super::secrets::{put_with_same_value, refuse_taken_labels};
use crate::spec::Scope;

impl Vault {
    /// Makes a secret stand in a group too, and provisions its provider's credential there when
    /// nothing else is missing. `claim` is what the registry says about the secret's name.
    /// Attaching it again changes nothing.
    ///
    /// # Errors
    /// When the secret is not found, belongs to another workspace, or its name is taken there.
    pub fn attach_group(
        &mut self,
        reference: &SecretRef,
        group: &Group,
        claim: Option<&Claim>,
        now_ms: u64,
    ) -> Result<Created, VaultError> {
        self.change(|draft| {
            let before = locate(draft.index(), reference)?;
            refuse_other_workspace(before, group)?;
            let mut meta = before.clone();
            if meta.groups.contains(group) {
                return Ok(Created { meta, provisioned: Provisioned::None });
            }
            meta.groups.push(group.clone());
            meta.groups.sort();
            refuse_taken_labels(draft.index(), &meta)?;
            put_with_same_value(draft, meta.clone())?;
            let provisioned = match claim.filter(|claim| meta.pin.as_ref() == Some(&claim.provider)) {
                Some(claim) => provision(draft, claim, std::slice::from_ref(&meta), &group.scope(), now_ms)?,
                None => Provisioned::None,
            };
            Ok(Created { meta, provisioned })
        })
    }

    /// Takes a secret out of a group, and with it the credentials there that stand on it.
    ///
    /// # Errors
    /// When the secret is not found or was never attached to the group.
    pub fn detach_group(&mut self, reference: &SecretRef, group: &Group) -> Result<Removed, VaultError> {
        self.change(|draft| {
            let mut meta = locate(draft.index(), reference)?.clone();
            if !meta.groups.contains(group) {
                return Err(VaultError::Invalid {
                    what: "group",
                    rule: "name one that the secret is attached to",
                });
            }
            meta.groups.retain(|attached| attached != group);
            let in_group = |credential: &&CredentialMeta| credential.scope == group.scope();
            let credentials: Vec<CredentialMeta> =
                draft.index().users(meta.id).filter(in_group).cloned().collect();
            put_with_same_value(draft, meta.clone())?;
            for credential in &credentials {
                draft.delete_credential(credential.id);
            }
            Ok(Removed { id: meta.id, meta: Some(meta), credentials })
        })
    }
}

fn refuse_other_workspace(meta: &SecretMeta, group: &Group) -> Result<(), VaultError> {
    let allowed = match &meta.scope {
        Scope::Global => true,
        Scope::Workspace { workspace } => *workspace == group.workspace,
        Scope::Group { workspace, .. } => *workspace == group.workspace && meta.scope != group.scope(),
    };
    if allowed {
        return Ok(());
    }
    Err(VaultError::Invalid { what: "group", rule: "name another group of the secret's own workspace" })
}
